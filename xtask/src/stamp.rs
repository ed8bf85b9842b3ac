//! Hashes of files, to skip work whose inputs have not changed.

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// A hash over the names and contents of `paths`, which may be files or directories. A path that
/// does not exist counts as absent, so that its arrival changes the hash.
pub(crate) fn hash(root: &Path, paths: &[PathBuf]) -> Result<String> {
    let mut files = Vec::new();
    for path in paths {
        collect(path, &mut files)?;
    }
    files.sort();
    let mut hasher = Sha256::new();
    for file in files {
        let name = file.strip_prefix(root).unwrap_or(&file).to_string_lossy().into_owned();
        let content =
            std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        hasher.update(format!("{name} {}\n", content.len()));
        hasher.update(content);
    }
    Ok(hex(&hasher.finalize()))
}

/// A hash over a text.
pub(crate) fn hash_text(text: &str) -> String {
    hex(&Sha256::digest(text))
}

/// Whether the stamp file says `value`.
pub(crate) fn matches(stamp: &Path, value: &str) -> bool {
    std::fs::read_to_string(stamp).is_ok_and(|text| text.trim() == value)
}

/// Writes the stamp file.
pub(crate) fn write(stamp: &Path, value: &str) -> Result<()> {
    let directory = stamp.parent().context("a stamp is in a directory")?;
    std::fs::create_dir_all(directory)?;
    std::fs::write(stamp, value).with_context(|| format!("cannot write {}", stamp.display()))
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if path.is_file() {
        files.push(path.to_owned());
    } else if path.is_dir() && !path.ends_with("node_modules") {
        for entry in std::fs::read_dir(path)? {
            collect(&entry?.path(), files)?;
        }
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::hash;
    use std::fs;

    #[test]
    fn the_hash_changes_with_content_name_and_arrival_but_not_with_node_modules() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        let now = || hash(root, &[root.join("src"), root.join("LICENSE")]).unwrap();
        fs::create_dir_all(root.join("src/node_modules")).unwrap();
        fs::write(root.join("src/a.rs"), "one").unwrap();
        let first = now();
        fs::write(root.join("src/node_modules/x.js"), "x").unwrap();
        assert_eq!(first, now());
        fs::write(root.join("src/a.rs"), "two").unwrap();
        let second = now();
        assert_ne!(first, second);
        fs::rename(root.join("src/a.rs"), root.join("src/b.rs")).unwrap();
        let third = now();
        assert_ne!(second, third);
        fs::write(root.join("LICENSE"), "MIT").unwrap();
        assert_ne!(third, now());
    }
}
