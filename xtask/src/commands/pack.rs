//! `cargo xtask pack`: the tarball that `npm publish` would upload.

use super::{build, setup};
use crate::process::Shell;
use crate::progress::{note, step};
use crate::stamp;
use crate::tools::Need;
use crate::workspace::Workspace;
use anyhow::{Context, Result};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Prints the path of the tarball and its size.
#[derive(clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_: &Args, workspace: &Workspace) -> Result<()> {
    let shell = setup::ensure(workspace, &Need::FOR_BUILD)?;
    build::build(workspace, &shell, false)?;
    let tarball = pack(workspace, &shell)?;
    let bytes = std::fs::metadata(&tarball)?.len();
    println!("{} ({bytes} bytes)", tarball.display());
    Ok(())
}

/// Packs `pkg/`, which must be built, and returns the tarball's path.
pub(crate) fn pack(workspace: &Workspace, shell: &Shell) -> Result<PathBuf> {
    step("pack", || {
        let destination = workspace.npm_work();
        std::fs::create_dir_all(&destination)?;
        let report = shell
            .cmd("npm")
            .args(["pack", "./pkg", "--json", "--ignore-scripts", "--pack-destination"])
            .arg(&destination)
            .read()?;
        let name = file_name(&report).with_context(|| {
            format!("`npm pack` did not name its file; it printed: {}", report.trim())
        })?;
        Ok(destination.join(name))
    })
}

/// A folder below the work directory in which the tarball is installed like any dependency; left
/// alone when exactly this one is.
pub(crate) fn install(
    workspace: &Workspace,
    shell: &Shell,
    tarball: &Path,
    name: &str,
) -> Result<PathBuf> {
    let home = workspace.npm_work().join(name);
    let stamp_file = home.join("node_modules").join(".installed-tarball");
    let value = stamp::hash(&workspace.root, &[tarball.to_owned()])?;
    if stamp::matches(&stamp_file, &value) {
        note("    already there");
        return Ok(home);
    }
    std::fs::create_dir_all(&home)?;
    // Without the old lock npm takes the new tarball of the same version for the old one.
    std::fs::remove_file(home.join("package-lock.json")).ok();
    std::fs::remove_dir_all(home.join("node_modules")).ok();
    std::fs::write(home.join("package.json"), "{ \"private\": true, \"type\": \"module\" }\n")?;
    shell
        .cmd("npm")
        .dir(&home)
        .args(["install", "--prefer-offline", "--no-audit", "--no-fund"])
        .arg(tarball)
        .remedy("Is the npm registry reachable?")
        .run()?;
    stamp::write(&stamp_file, &value)?;
    Ok(home)
}

/// npm up to 11 reports an array of packages; newer ones may key them by name.
fn file_name(report: &str) -> Option<String> {
    let report: Value = serde_json::from_str(report).ok()?;
    let package = match &report {
        Value::Array(packages) => packages.first()?,
        Value::Object(packages) => packages.values().next()?,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return None,
    };
    Some(package.get("filename")?.as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::file_name;

    #[test]
    fn the_file_name_is_read_from_both_shapes_of_the_report() {
        let expected = Some("a-1.0.0.tgz".to_owned());
        assert_eq!(file_name(r#"[{"filename":"a-1.0.0.tgz"}]"#), expected);
        assert_eq!(file_name(r#"{"a":{"filename":"a-1.0.0.tgz"}}"#), expected);
        assert_eq!(file_name("npm notice"), None);
    }
}
