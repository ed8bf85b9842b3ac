//! The simulation of rooms is tested itself: the machine is built with a bug, and the simulation has to find it.
//!
//! Each bug is an edit of the machine's text in a copy of the crates, so that the machine has no switches for tests. It is
//! slow, and so `cargo xtask verify --rooms --seeded-bugs` runs it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A bug: its name, edits of files of the machine, and the rules one of which it breaks.
struct Bug {
    name: &'static str,
    edits: &'static [(&'static str, &'static str, &'static str)],
    breaks: &'static [&'static str],
}

const CONNECTED: &str = "every pair with something to say is connected in the end";
const RESTARTED: &str = "where nothing goes wrong nothing is restarted";
const TWICE: &str = "where nothing goes wrong no offer is sent twice";

const BUGS: [Bug; 7] = [
    Bug {
        name: "an offer without a watchdog",
        edits: &[
            ("watch.rs", "const AGAIN_MS: u64 = 4_000;", "const AGAIN_MS: u64 = 1 << 60;"),
            ("watch.rs", "const ANSWER_MS: u64 = 15_000;", "const ANSWER_MS: u64 = 1 << 60;"),
            ("watch.rs", "LONGEST_ANSWER_MS: u64 = 60_000;", "LONGEST_ANSWER_MS: u64 = 1 << 60;"),
        ],
        breaks: &[CONNECTED],
    },
    Bug {
        name: "an offer counts as being made long after it is made",
        edits: &[(
            "offers.rs",
            "if connection.signalling == Signalling::HaveLocalOffer && !self.polite {",
            "let late = self.applied.back().is_some_and(|at| now.since(*at) < 300);\n        \
             if (late || connection.signalling == Signalling::HaveLocalOffer) && !self.polite {",
        )],
        breaks: &[TWICE, CONNECTED],
    },
    Bug {
        name: "candidates before their description are lost",
        edits: &[(
            "candidates.rs",
            "        self.waiting.push_back(candidate);",
            "        let current = self.current.as_ref();\n        \
             if !candidate.ufrag.as_ref().is_some_and(|it| current.is_some_and(|all| all.contains(it))) {\n            \
             return;\n        }\n        self.waiting.push_back(candidate);",
        )],
        breaks: &[RESTARTED, CONNECTED],
    },
    Bug {
        name: "sessions are not told apart",
        edits: &[(
            "sdp.rs",
            "same_id || self.ufrags.iter().any(|ufrag| other.ufrags.contains(ufrag))",
            "true || same_id",
        )],
        breaks: &[CONNECTED, "a negotiation fails only if the platform does"],
    },
    Bug {
        name: "one's own ghost is a member",
        edits: &[(
            "client.rs",
            "self.peer_id.as_deref() == Some(peer) || self.former_ids.iter().any(|id| id == peer)",
            "self.peer_id.as_deref() == Some(peer)",
        )],
        breaks: &["nobody meets himself"],
    },
    Bug {
        name: "metadata is looked up by the receiver's id of the track",
        edits: &[("metadata.rs", ".by_id(inbound.msid)", ".by_id(None)")],
        breaks: &["where nothing goes wrong metadata arrives"],
    },
    Bug {
        name: "an answer is taken for that of any offer",
        edits: &[("negotiation.rs", "return *answers == origin.to_text();", "return true;")],
        breaks: &[
            "an answer is applied to its own offer",
            "a negotiation fails only if the platform does",
        ],
    },
];

#[test]
#[ignore = "builds the machine once for each bug: cargo xtask verify --rooms --seeded-bugs"]
fn every_seeded_bug_is_found_by_the_simulation_of_rooms() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let copy = root.join("target/seeded-bugs");
    let mut missed = Vec::new();
    for bug in &BUGS {
        prepare(&root, &copy);
        for (file, from, to) in bug.edits {
            edit(&copy.join("crates/proto/src/peer").join(file), from, to);
        }
        let found = simulate(&copy);
        let broken = bug.breaks.iter().find(|rule| found.contains(*rule));
        match broken {
            Some(rule) => println!("{}: found, by the rule \"{rule}\"", bug.name),
            None => missed.push(format!("{}:\n{found}", bug.name)),
        }
    }
    assert!(missed.is_empty(), "not found:\n{}", missed.join("\n"));
}

/// The crates that are copied.
const MEMBERS: [&str; 3] = ["crates/proto", "crates/proto-testing", "verify"];

/// Copies the crates into a workspace of their own.
fn prepare(root: &Path, copy: &Path) {
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

fn edit(file: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(file).expect("the file is there");
    assert_eq!(text.matches(from).count(), 1, "{}: {from}", file.display());
    fs::write(file, text.replace(from, to)).expect("the copy can be written");
}

/// What the simulation says of the copy.
fn simulate(copy: &Path) -> String {
    let output = Command::new(env!("CARGO"))
        .current_dir(copy)
        .env("CARGO_TARGET_DIR", copy.join("target"))
        .args(["run", "--offline", "--quiet", "--package", "metered-realtime-verify", "--"])
        .args(["--rooms", "--sessions", "1500", "--repeat", "1000000", "--shrink", "0"])
        .output()
        .expect("cargo runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("room sessions"), "{}", String::from_utf8_lossy(&output.stderr));
    text.lines().skip_while(|line| !line.contains("BROKEN")).collect::<Vec<_>>().join("\n")
}
