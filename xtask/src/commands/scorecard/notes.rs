//! docs/RELIABILITY.md: the figures between its two marks, and the list of complaints, each with the tests that answer it.

use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};

const PAGE: &str = "docs/RELIABILITY.md";
const BEGIN: &str = "<!-- figures: written by `cargo xtask scorecard --write` -->";
const END: &str = "<!-- end of figures -->";

/// Puts the figures into the page.
pub(super) fn write(workspace: &Workspace, figures: &str) -> Result<()> {
    let path = workspace.path(PAGE);
    let page = std::fs::read_to_string(&path).with_context(|| format!("cannot read {PAGE}"))?;
    let replaced = replace(&page, figures).with_context(|| format!("{PAGE} lost its marks"))?;
    std::fs::write(&path, replaced).with_context(|| format!("cannot write {PAGE}"))
}

fn replace(page: &str, figures: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n\n{figures}\n{END}{after}"))
}

/// Whether every test that the page names exists: lines of the form `` - `file`: name of the test ``.
pub(super) fn check(workspace: &Workspace) -> Result<()> {
    let path = workspace.path(PAGE);
    let page = std::fs::read_to_string(&path).with_context(|| format!("cannot read {PAGE}"))?;
    let mut missing = Vec::new();
    for (file, test) in tests(&page) {
        let source = std::fs::read_to_string(workspace.path(file)).unwrap_or_default();
        if !source.contains(test) {
            missing.push(format!("{file}: {test}"));
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    bail!("{PAGE} names tests that do not exist:\n  {}", missing.join("\n  "))
}

fn tests(page: &str) -> impl Iterator<Item = (&str, &str)> {
    page.lines().filter_map(|line| line.trim_start().strip_prefix("- `")?.split_once("`: "))
}

#[cfg(test)]
mod unit {
    use super::{BEGIN, END, replace, tests};

    #[test]
    fn the_figures_are_replaced_and_nothing_else() {
        let page = format!("before\n{BEGIN}\nold\n{END}\nafter\n");
        let expected = format!("before\n{BEGIN}\n\nnew\n\n{END}\nafter\n");
        assert_eq!(replace(&page, "new\n"), Some(expected));
        assert_eq!(replace("no marks", "new"), None);
    }

    #[test]
    fn the_tests_are_named_after_their_files() {
        let page = "1. A complaint\n   - `tests/a.rs`: a_test\n   - no test\n";
        assert_eq!(tests(page).collect::<Vec<_>>(), [("tests/a.rs", "a_test")]);
    }
}
