//! `cargo xtask spec`: which rule of `docs/SPEC.md` is shown by which tests.
//!
//! A test says which rules it shows by its name: `e067_e068_…` in Rust, `"e067 e068 …"` in JavaScript.

use crate::progress::note;
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Fails when a rule has neither a test nor a reason why there is none.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Print only what is missing, and the sum.
    #[arg(long)]
    pub(super) brief: bool,
}

pub(crate) fn run(args: &Args, workspace: &Workspace) -> Result<()> {
    let path = workspace.path("docs/SPEC.md");
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let spec = Spec::parse(&text);
    let tests = shown_by_tests(&workspace.root)?;
    if !args.brief {
        for (rule, title) in &spec.rules {
            println!("{rule:>3}  {title}");
            for place in tests.get(rule).into_iter().flatten() {
                println!("       {place}");
            }
            if let Some(reason) = spec.exceptions.get(rule) {
                println!("       no test: {reason}");
            }
        }
    }
    let shown = spec.rules.keys().filter(|rule| tests.contains_key(rule)).count();
    note(&format!("{shown} of {RULES} rules are shown by tests"));
    let problems = problems(&spec, &tests);
    if !problems.is_empty() {
        bail!("docs/SPEC.md and the tests do not fit:\n  {}", problems.join("\n  "));
    }
    Ok(())
}

/// How many rules the contract has.
const RULES: u16 = 240;

/// Places of tests by rule.
type Shown = BTreeMap<u16, BTreeSet<String>>;

/// What `docs/SPEC.md` says.
#[derive(Default)]
struct Spec {
    rules: BTreeMap<u16, String>,
    /// Rules that stand there twice.
    repeated: Vec<u16>,
    /// Rules without a test, and why.
    exceptions: BTreeMap<u16, String>,
}

impl Spec {
    /// Reads the tables whose head is `| rule | |` (the rules) and that under [`NO_TEST`] (the exceptions).
    fn parse(text: &str) -> Spec {
        let mut spec = Spec::default();
        let (mut exceptions, mut rules) = (false, false);
        for line in text.lines() {
            if line.starts_with('#') {
                exceptions = line == NO_TEST;
                rules = false;
            }
            let cells: Vec<_> = line.split('|').map(str::trim).collect();
            let [_, number, title, _] = cells[..] else { continue };
            match number.parse() {
                Ok(rule) if exceptions => {
                    spec.exceptions.insert(rule, title.to_owned());
                }
                Ok(rule) if rules => {
                    if spec.rules.insert(rule, title.to_owned()).is_some() {
                        spec.repeated.push(rule);
                    }
                }
                Ok(_) => {}
                Err(_) if number == "rule" => rules = title.is_empty(),
                Err(_) => {}
            }
        }
        spec
    }
}

const NO_TEST: &str = "## Rules without a test";

fn problems(spec: &Spec, tests: &Shown) -> Vec<String> {
    let mut problems = Vec::new();
    for rule in 1..=RULES {
        let (shown, excused) = (tests.contains_key(&rule), spec.exceptions.contains_key(&rule));
        if !spec.rules.contains_key(&rule) {
            problems.push(format!("rule {rule} is not written down"));
        }
        match (shown, excused) {
            (false, false) => problems.push(format!("rule {rule} has no test, and no reason why")),
            (true, true) => problems.push(format!("rule {rule} has a test; drop its exception")),
            (true, false) | (false, true) => {}
        }
    }
    problems.extend(spec.repeated.iter().map(|rule| format!("rule {rule} stands there twice")));
    let unknown = tests.iter().filter(|(rule, _)| !spec.rules.contains_key(rule));
    problems.extend(unknown.map(|(rule, places)| format!("there is no rule {rule}: {places:?}")));
    problems
}

/// Reads the names of all tests.
fn shown_by_tests(root: &Path) -> Result<Shown> {
    let mut shown = Shown::new();
    for directory in ["src", "crates", "tests", "dev-server/src", "dev-server/tests"] {
        for path in files(&root.join(directory))? {
            let read = match path.extension().and_then(|extension| extension.to_str()) {
                Some("rs") => rust_names,
                Some("mjs" | "js" | "ts" | "mts") => script_names,
                Some(_) | None => continue,
            };
            let text = fs::read_to_string(&path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            let place = path.strip_prefix(root).unwrap_or(&path).display().to_string();
            for name in read(&text) {
                for rule in rules_in(name) {
                    shown.entry(rule).or_default().insert(format!("{place}  {name}"));
                }
            }
        }
    }
    Ok(shown)
}

/// All files below a directory, except for installed and built ones; none if it does not exist.
fn files(directory: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![directory.to_owned()];
    while let Some(directory) = open.pop().filter(|directory| directory.is_dir()) {
        for entry in fs::read_dir(&directory)? {
            let path = entry?.path();
            let skipped = path.file_name().is_some_and(|name| {
                name == "node_modules" || name.to_string_lossy().starts_with('.')
            });
            match path.is_dir() {
                _ if skipped => {}
                true => open.push(path),
                false => found.push(path),
            }
        }
    }
    Ok(found)
}

/// Names of functions.
fn rust_names(text: &str) -> Vec<&str> {
    text.lines().filter_map(function_name).collect()
}

fn function_name(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let line = line.strip_prefix("async ").unwrap_or(line);
    line.strip_prefix("fn ")?.split(['(', '<']).next()
}

/// First arguments of `test("…")` and `it("…")`.
fn script_names(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    for call in ["test(", "it("] {
        for (at, _) in text.match_indices(call) {
            let argument = text[at + call.len()..].trim_start();
            let Some(quote) = argument.chars().next().filter(|c| "\"'`".contains(*c)) else {
                continue;
            };
            names.extend(argument[1..].split(quote).next());
        }
    }
    names
}

/// The rules that a name begins with: `e067`, one or more.
fn rules_in(name: &str) -> impl Iterator<Item = u16> {
    name.split(['_', ' ']).map_while(|word| {
        let digits = word.strip_prefix('e').filter(|digits| digits.len() == 3)?;
        digits.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(names: &[&str]) -> Vec<u16> {
        names.iter().flat_map(|name| rules_in(name)).collect()
    }

    #[test]
    fn names_of_rust_tests_are_read() {
        let text =
            "#[test]\nfn e067_e068_all_fail() {\n    async fn e069_x<T>() {}\nfn e70_no() {}\n";
        let names = rust_names(text);
        assert_eq!(names, ["e067_e068_all_fail", "e069_x", "e70_no"]);
        assert_eq!(rules(&names), [67, 68, 69]);
    }

    #[test]
    fn names_of_script_tests_are_read() {
        let text =
            "test(\"e001 e002 nothing\", f);\nit(\n  'e003 it', f); submit(`e004`); test(name);";
        let names = script_names(text);
        assert_eq!(rules(&names), [1, 2, 3, 4]);
    }

    #[test]
    fn only_words_at_the_beginning_count() {
        assert_eq!(rules(&["e001_and_e002", "the_e003", "event_e004", "e1234_x"]), [1]);
    }

    #[test]
    fn tables_of_the_document_are_read() {
        let spec = Spec::parse(
            "| rule | what |\n|---|---|\n| 9 | not a rule |\n\
             ## Rules without a test\n| rule | why |\n|---|---|\n| 2 | nobody can |\n\
             ## A\n| rule | |\n|---|---|\n| 1 | One. |\n| 2 | Two. |\n| 2 | Two. |\n",
        );
        assert_eq!(spec.rules.keys().copied().collect::<Vec<_>>(), [1, 2]);
        assert_eq!(spec.exceptions[&2], "nobody can");
        assert_eq!(spec.repeated, [2]);
    }

    #[test]
    fn what_is_missing_or_stale_is_named() {
        let row = |rule: u16| format!("| {rule} | Rule. |\n");
        let rows: String = (1..=RULES).map(row).collect();
        let spec =
            Spec::parse(&format!("{NO_TEST}\n| 1 | why |\n| 2 | why |\n## A\n| rule | |\n{rows}"));
        let place = || BTreeSet::from(["a test".to_owned()]);
        let mut tests: Shown = (2..RULES).map(|rule| (rule, place())).collect();
        tests.insert(241, place());
        assert_eq!(
            problems(&spec, &tests),
            [
                "rule 2 has a test; drop its exception",
                "rule 240 has no test, and no reason why",
                "there is no rule 241: {\"a test\"}"
            ]
        );
    }
}
