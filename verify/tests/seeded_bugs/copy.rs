//! A copy of the machine and of what tests it, in a workspace of its own, which may be edited and run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The crates that are copied.
const MEMBERS: [&str; 3] = ["crates/proto", "crates/proto-testing", "verify"];

/// Copies the crates into a workspace of their own.
pub(crate) fn prepare(root: &Path, copy: &Path) {
    for directory in MEMBERS {
        let target = copy.join(directory);
        // What an earlier run has left; the first run finds nothing.
        drop(fs::remove_dir_all(&target));
        copy_directory(&root.join(directory), &target);
    }
    let manifest = fs::read_to_string(root.join("Cargo.toml")).expect("the workspace has one");
    let tables = ["[workspace.package]", "[workspace.lints"].map(|head| table(&manifest, head));
    let members = format!("[workspace]\nmembers = {MEMBERS:?}\nresolver = \"2\"\n");
    let text =
        format!("{members}\n{}\n[profile.dev]\nopt-level = 1\ndebug = false\n", tables.concat());
    fs::write(copy.join("Cargo.toml"), text).expect("the copy can be written");
    fs::copy(root.join("Cargo.lock"), copy.join("Cargo.lock")).expect("the lock file is there");
}

/// All tables of a manifest whose heads begin like this.
fn table(manifest: &str, head: &str) -> String {
    let mut wanted = false;
    let lines = manifest.lines().filter(|line| {
        if line.starts_with('[') {
            wanted = line.starts_with(head);
        }
        wanted
    });
    lines.fold(String::new(), |text, line| text + line + "\n")
}

fn copy_directory(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("the target directory can be written");
    for entry in fs::read_dir(from).expect("the crate is there") {
        let path: PathBuf = entry.expect("the directory can be read").path();
        let target = to.join(path.file_name().expect("an entry has a name"));
        if path.is_dir() {
            copy_directory(&path, &target);
        } else {
            fs::copy(&path, &target).expect("the file can be copied");
        }
    }
}

/// What the simulation of rooms says of the copy.
pub(crate) fn simulate(copy: &Path) -> String {
    let text = cargo(
        copy,
        &[
            "run",
            "--quiet",
            "--package",
            "metered-realtime-verify",
            "--",
            "--rooms",
            "--sessions",
            "10000",
            "--repeat",
            "1000000",
            "--shrink",
            "0",
        ],
    );
    assert!(text.contains("room sessions"), "it did not run: {text}");
    text.lines().skip_while(|line| !line.contains("BROKEN")).collect::<Vec<_>>().join("\n")
}

/// Whether a test of the machine fails in the copy.
pub(crate) fn fails(copy: &Path, test: &str) -> bool {
    let text = cargo(
        copy,
        &["test", "--package", "metered-realtime-proto", "--test", "peer", "--", "--exact", test],
    );
    assert!(text.contains("running 1 test"), "it did not run: {text}");
    text.contains("test result: FAILED")
}

fn cargo(copy: &Path, args: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .current_dir(copy)
        .env("CARGO_TARGET_DIR", copy.join("target"))
        .arg(args[0])
        .arg("--offline")
        .args(&args[1..])
        .output()
        .expect("cargo runs");
    [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat()
}
