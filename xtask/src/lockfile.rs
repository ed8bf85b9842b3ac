//! Reading the committed Cargo.lock: the wasm-bindgen CLI must have the version of the crate.

use anyhow::{Context, Result, bail};
use std::path::Path;

/// The version of `package` in the lock file at `path`.
pub(crate) fn locked_version(path: &Path, package: &str) -> Result<String> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read {}; restore it from git", path.display()))?;
    version_in(&text, package)
}

fn version_in(lock: &str, package: &str) -> Result<String> {
    let table: toml::Table = lock.parse().context("Cargo.lock is not valid TOML")?;
    let packages = table.get("package").and_then(toml::Value::as_array);
    let versions: Vec<&str> = packages
        .into_iter()
        .flatten()
        .filter(|entry| entry.get("name").and_then(toml::Value::as_str) == Some(package))
        .filter_map(|entry| entry.get("version").and_then(toml::Value::as_str))
        .collect();
    match versions.as_slice() {
        [version] => Ok((*version).to_owned()),
        [] => bail!("Cargo.lock has no package `{package}`"),
        several => bail!("Cargo.lock has several versions of `{package}`: {}", several.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::version_in;

    const LOCK: &str = r#"
version = 4

[[package]]
name = "wasm-bindgen"
version = "0.2.130"

[[package]]
name = "wasm-bindgen-test"
version = "0.3.80"

[[package]]
name = "rand"
version = "0.8.5"

[[package]]
name = "rand"
version = "0.9.1"
"#;

    #[test]
    fn the_version_is_that_of_the_package_with_exactly_this_name() {
        assert_eq!(version_in(LOCK, "wasm-bindgen").unwrap(), "0.2.130");
    }

    #[test]
    fn a_package_that_is_not_locked_is_named_in_the_error() {
        let error = version_in(LOCK, "serde").unwrap_err();
        assert_eq!(error.to_string(), "Cargo.lock has no package `serde`");
    }

    #[test]
    fn two_versions_of_one_package_are_an_error() {
        let error = version_in(LOCK, "rand").unwrap_err();
        assert!(error.to_string().ends_with("0.8.5, 0.9.1"), "{error}");
    }

    #[test]
    fn a_file_that_is_not_toml_is_an_error() {
        assert!(version_in("<<<<<<< HEAD", "serde").is_err());
    }
}
