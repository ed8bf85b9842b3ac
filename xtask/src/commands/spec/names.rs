//! The rules in the names of tests.

use super::document::{Document, Rule};
use crate::workspace::File;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The tests that show a rule, with their files.
pub(super) type Shown = BTreeMap<Rule, BTreeSet<String>>;

/// Reads the names of all tests.
pub(super) fn shown(files: &[File], document: &Document) -> Shown {
    let mut shown = Shown::new();
    for File { path, text } in files.iter().filter(|file| !file.path.starts_with("xtask/")) {
        let read = match Path::new(path).extension().and_then(|extension| extension.to_str()) {
            Some("rs") => rust_names,
            Some("mjs" | "cjs" | "js" | "ts" | "mts") => script_names,
            Some(_) | None => continue,
        };
        for name in read(text) {
            for rule in rules_in(name).filter(|rule| document.has_family(rule.family)) {
                shown.entry(rule).or_default().insert(format!("{path}  {name}"));
            }
        }
    }
    shown
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

/// The rules that a name begins with: `e067`, `d07`, `p012`, one or more.
fn rules_in(name: &str) -> impl Iterator<Item = Rule> {
    name.split(['_', ' ']).map_while(|word| Rule::parse_name(word).filter(|_| word.len() <= 4))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(names: &[&str]) -> Vec<String> {
        names.iter().flat_map(|name| rules_in(name)).map(|rule| rule.to_string()).collect()
    }

    #[test]
    fn names_of_rust_tests_are_read() {
        let text =
            "#[test]\nfn e067_e068_all_fail() {\n    async fn d06_p012_x<T>() {}\nfn no() {}\n";
        let names = rust_names(text);
        assert_eq!(names, ["e067_e068_all_fail", "d06_p012_x", "no"]);
        assert_eq!(rules(&names), ["67", "68", "d06", "p012"]);
    }

    #[test]
    fn names_of_script_tests_are_read() {
        let text =
            "test(\"e001 e002 nothing\", f);\nit(\n  'p003 it', f); submit(`e004`); test(name);";
        let names = script_names(text);
        assert_eq!(rules(&names), ["1", "2", "p003", "4"]);
    }

    #[test]
    fn only_words_at_the_beginning_count() {
        assert_eq!(rules(&["e001_and_e002", "the_e003", "event_e004", "e1234_x"]), ["1"]);
    }
}
