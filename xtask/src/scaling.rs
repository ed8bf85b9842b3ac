//! `cargo xtask bench machine`: runs `benches/machine.rs` and compares what each item costs at a size and at ten times
//! that size.

use crate::commands::setup;
use crate::tools::Need;
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::SystemTime;

/// Measures and prints the table; fails where the cost of an item grows with their number.
pub(crate) fn measure(workspace: &Workspace) -> Result<()> {
    let shell = setup::ensure(workspace, &[Need::CompilerForC])?;
    let began = SystemTime::now();
    shell.cmd("cargo").args(["bench", "--locked", "--bench", "machine"]).run()?;
    let results = read(&workspace.target_dir.join("criterion"), began)?;
    println!(
        "\n{:<24}{:>8}{:>14}{:>14}{:>9}",
        "", "number", "ns for each", "each/second", "growth"
    );
    let mut grows = Vec::new();
    for (name, sizes) in &results {
        let mut smallest = None;
        for (size, nanoseconds) in sizes {
            let each = nanoseconds / *size as f64;
            let growth = each / *smallest.get_or_insert(each);
            println!("{name:<24}{size:>8}{each:>14.0}{:>14.0}{growth:>8.2}x", 1e9 / each);
            if growth > GROWTH_MAX {
                grows.push(name.as_str());
            }
        }
    }
    if results.is_empty() {
        bail!("criterion left no results in {}", workspace.target_dir.display());
    }
    if !grows.is_empty() {
        bail!("the cost of each grows with their number: {}", grows.join(", "));
    }
    Ok(())
}

/// The median of each benchmark of this run, in nanoseconds, by name and size.
fn read(home: &Path, began: SystemTime) -> Result<BTreeMap<String, BTreeMap<u64, f64>>> {
    let mut results: BTreeMap<String, BTreeMap<u64, f64>> = BTreeMap::new();
    for group in directories(home)? {
        for size in directories(&home.join(&group))? {
            let file = home.join(&group).join(&size).join("new/estimates.json");
            let (Ok(size), Ok(metadata)) = (size.parse(), file.metadata()) else { continue };
            // Criterion keeps what earlier runs have measured.
            if metadata.modified()? < began {
                continue;
            }
            let estimates: Value = serde_json::from_slice(&std::fs::read(&file)?)?;
            let median = estimates["median"]["point_estimate"].as_f64();
            let median = median.with_context(|| format!("{} has no median", file.display()))?;
            results.entry(group.clone()).or_default().insert(size, median);
        }
    }
    Ok(results)
}

fn directories(home: &Path) -> Result<Vec<String>> {
    let entries = std::fs::read_dir(home).with_context(|| format!("no {}", home.display()))?;
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            names.extend(entry.file_name().into_string());
        }
    }
    Ok(names)
}

/// Ten times as many do not fit into the processor's caches as well; anything quadratic would be at ten.
const GROWTH_MAX: f64 = 2.5;

#[cfg(test)]
mod tests {
    use super::read;
    use std::fs;
    use std::time::{Duration, SystemTime};

    #[test]
    fn results_are_read_by_name_and_size_and_old_ones_left_out() {
        let directory = tempfile::tempdir().unwrap();
        let result = directory.path().join("inbound/100/new");
        fs::create_dir_all(&result).unwrap();
        fs::create_dir_all(directory.path().join("report")).unwrap();
        fs::create_dir_all(directory.path().join("inbound/report")).unwrap();
        fs::write(result.join("estimates.json"), r#"{"median":{"point_estimate":12.5}}"#).unwrap();

        let now = SystemTime::now();
        let results = read(directory.path(), now - Duration::from_secs(60)).unwrap();
        assert_eq!(results["inbound"][&100], 12.5);
        assert_eq!(results.len(), 1);
        assert!(read(directory.path(), now + Duration::from_secs(60)).unwrap().is_empty());
    }
}
