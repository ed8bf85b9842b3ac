//! The result of mutation testing, which takes hours and so is not measured here but taken from docs/MUTANTS.md.

use super::{Measurement, Measuring};
use anyhow::{Context, Result};
use serde_json::{Value, json};

const PAGE: &str = "docs/MUTANTS.md";
const MARK: &str = "**Result:** ";

pub(super) fn figures(context: &Measuring<'_>, _: &Measurement) -> Result<Value> {
    let path = context.workspace.path(PAGE);
    let page = std::fs::read_to_string(&path).with_context(|| format!("cannot read {PAGE}"))?;
    let summary = result(&page).with_context(|| format!("{PAGE} has no line `{MARK}`"))?;
    Ok(json!({ "summary": summary }))
}

fn result(page: &str) -> Option<&str> {
    page.lines().find_map(|line| line.strip_prefix(MARK))
}

#[cfg(test)]
mod unit {
    use super::result;

    #[test]
    fn the_result_is_the_line_that_says_so() {
        assert_eq!(result("# Mutants\n\n**Result:** none lives.\n\nWhy\n"), Some("none lives."));
        assert_eq!(result("# Mutants\n"), None);
    }
}
