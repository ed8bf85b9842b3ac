//! References that lead nowhere: to rules, files and headings that do not exist, and to documents that this repository lacks.

use super::document::{Document, Rule};
use crate::workspace::File;
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

/// One line for each reference that leads nowhere: file, line number, reference.
pub(super) fn dangling(files: &[File], document: &Document) -> Vec<String> {
    let places = Places::of(files);
    let elsewhere = Regex::new(ELSEWHERE).expect("a constant that the tests compile");
    let rules = Regex::new(RULES).expect("a constant that the tests compile");
    let mut found = Vec::new();
    for file in files.iter().filter(|file| !is_exempt(&file.path)) {
        for (number, line) in file.text.lines().enumerate() {
            let foreign = elsewhere.find_iter(line).map(|found| found.as_str().to_owned());
            let unknown = rules.find_iter(line).map(|found| found.as_str());
            let unknown = unknown.filter(|text| !all_exist(text, document)).map(str::to_owned);
            let lost = places.lost(&file.path, line);
            let untested = missing_test(files, line).filter(|_| file.path.ends_with(".md"));
            let texts = foreign.chain(unknown).chain(lost).chain(untested);
            found.extend(texts.map(|text| format!("{}:{}: {text}", file.path, number + 1)));
        }
    }
    found
}

/// These files hold examples of references, or texts that we did not write.
fn is_exempt(path: &str) -> bool {
    path.starts_with("xtask/src/commands/spec/")
        || path.ends_with("lock.json")
        || path.ends_with(".lock")
}

/// Documents that the repository does not have.
const ELSEWHERE: &str = r"(?i)\bspec [A-K]\.?[0-9]+|\bspec [A-K]\b|\b(of|in) (?-i:[A-K])\.[0-9]+\b|\bscenarios? [0-9]+|\bdecisions?,? items? [0-9]+|\b(as )?in the seed\b( document)?|\bthe seed('s table| document)|the user's reference";

/// `rule 67`, `rules d06 and d15`, `rules 3 to 9`.
const RULES: &str = r"\b[Rr]ules? [a-z]?[0-9]+\b((, | and | or | to |–)[a-z]?[0-9]+\b)*";

fn all_exist(reference: &str, document: &Document) -> bool {
    let words = reference
        .split([' ', ',', '–'])
        .filter(|word| word.ends_with(|c: char| c.is_ascii_digit()));
    words
        .into_iter()
        .all(|word| Rule::parse(word).is_some_and(|rule| document.rules.contains_key(&rule)))
}

/// Pages name tests as ``- `file`: name of the test``.
fn missing_test(files: &[File], line: &str) -> Option<String> {
    let (path, test) = line.trim_start().strip_prefix("- `")?.split_once("`: ")?;
    let file = files.iter().find(|file| file.path == path)?;
    (!file.text.contains(test)).then(|| format!("{path}: {test}"))
}

/// What links and paths can lead to.
struct Places<'a> {
    /// Files and the directories that hold them.
    paths: BTreeSet<&'a Path>,
    /// The headings of pages, as links name them.
    headings: BTreeMap<&'a str, BTreeSet<String>>,
    /// The numbers in the list of docs/DECISIONS.md.
    decisions: BTreeSet<&'a str>,
    link: Regex,
    path: Regex,
    decision: Regex,
}

impl<'a> Places<'a> {
    fn of(files: &'a [File]) -> Self {
        let pages = files.iter().filter(|file| file.path.ends_with(".md"));
        let decisions = files.iter().find(|file| file.path == "docs/DECISIONS.md");
        let decisions = decisions.into_iter().flat_map(|file| file.text.lines());
        Self {
            decisions: decisions.filter_map(|line| Some(line.split_once(". **")?.0)).collect(),
            decision: Regex::new(r"DECISIONS\.md\)?,? item ([0-9]+)")
                .expect("a constant that the tests compile"),
            paths: files.iter().flat_map(|file| Path::new(&file.path).ancestors()).collect(),
            headings: pages.map(|page| (page.path.as_str(), headings(&page.text))).collect(),
            link: Regex::new(r"\]\(([^)\s]+)\)").expect("a constant that the tests compile"),
            path: Regex::new(PATH).expect("a constant that the tests compile"),
        }
    }

    /// Links and paths in a line that lead nowhere.
    fn lost(&self, page: &str, line: &str) -> Vec<String> {
        let is_page = page.ends_with(".md");
        let links = self.link.captures_iter(line).map(|found| found.extract::<1>().1[0]);
        let links =
            links.filter(|link| is_page && !link.contains(':') && !self.link_leads(page, link));
        let paths = self.path.captures_iter(line).map(|found| found.extract::<1>().1[0]);
        let paths = paths.filter(|path| !self.path_leads(page, path));
        let decisions = self.decision.captures_iter(line).map(|found| found.extract::<1>());
        let decisions = decisions.filter(|(_, [item])| !self.decisions.contains(item));
        links.chain(paths).chain(decisions.map(|(text, _)| text)).map(str::to_owned).collect()
    }

    /// Paths count from the top of the repository or of a package around the file.
    fn path_leads(&self, file: &str, path: &str) -> bool {
        Path::new(file)
            .ancestors()
            .skip(1)
            .any(|above| self.paths.contains(above.join(path).as_path()))
    }

    fn link_leads(&self, page: &str, link: &str) -> bool {
        let (path, heading) = link.split_once('#').unwrap_or((link, ""));
        let target = match path {
            "" => PathBuf::from(page),
            path => resolve(Path::new(page).parent().unwrap_or(Path::new("")), path),
        };
        let known = self.paths.contains(target.as_path());
        let headings = target.to_str().and_then(|target| self.headings.get(target));
        known && (heading.is_empty() || headings.is_some_and(|all| all.contains(heading)))
    }
}

/// A path of this repository between backticks or in a comment, with a directory and an extension.
const PATH: &str = r"(?:^|[`(\s])((?:src|crates|xtask|tests|docs|verify|dev-server|benches|fuzz|examples|examples-js|www-example|pkg-template)/[\w./-]+\.(?:rs|mjs|js|md|toml|json|ts|py|html))\b";

/// `../a.md` seen from a directory.
fn resolve(directory: &Path, link: &str) -> PathBuf {
    let mut path = PathBuf::new();
    for part in directory.join(link).components() {
        match part {
            Component::ParentDir => {
                path.pop();
            }
            Component::Normal(name) => path.push(name),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    path
}

/// Headings as links name them: lower case, without punctuation, hyphens for spaces.
fn headings(page: &str) -> BTreeSet<String> {
    let titles = page.lines().filter(|line| line.starts_with('#'));
    titles.map(|line| slug(line.trim_start_matches('#').trim())).collect()
}

fn slug(title: &str) -> String {
    let kept = title
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
        .collect::<String>();
    kept.replace(' ', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        let spec = Document::parse("| rule | |\n| 1 | |\n| 2 | |\n| d07 | |\n");
        let file = |path: &str, text: &str| File { path: path.to_owned(), text: text.to_owned() };
        let page = file("docs/guide/a.md", "# A page, & more\n");
        dangling(&[file(path, text), page], &spec)
    }

    #[test]
    fn documents_that_are_not_here_are_found() {
        let text = "// (spec B.6; decisions, item 7), the codes of A.6, RFC 1, appendix A.1\n// as in the seed document\n// the seed of a run\n";
        assert_eq!(
            found("src/x.rs", text),
            [
                "src/x.rs:1: spec B.6",
                "src/x.rs:1: decisions, item 7",
                "src/x.rs:1: of A.6",
                "src/x.rs:2: as in the seed document"
            ]
        );
    }

    #[test]
    fn rules_that_do_not_exist_are_found() {
        let text = "rule 1, rules 1 and d07, rule 3\nrules 1 to 4, and rule p001\n";
        assert_eq!(
            found("src/x.rs", text),
            ["src/x.rs:1: rule 3", "src/x.rs:2: rules 1 to 4", "src/x.rs:2: rule p001"]
        );
    }

    #[test]
    fn decisions_that_do_not_exist_are_found() {
        let text =
            "1. **One.** Why.\n\n2. **Two.** See DECISIONS.md, item 1 and DECISIONS.md, item 3\n";
        assert_eq!(found("docs/DECISIONS.md", text), ["docs/DECISIONS.md:3: DECISIONS.md, item 3"]);
    }

    #[test]
    fn tests_that_do_not_exist_are_found() {
        let text = "   - `docs/guide/a.md`: A page\n   - `docs/guide/a.md`: a test\n";
        assert_eq!(found("docs/b.md", text), ["docs/b.md:2: docs/guide/a.md: a test"]);
    }

    #[test]
    fn paths_inside_of_a_package_lead_somewhere() {
        assert_eq!(found("a/src/x.rs", "// as in src/x.rs\n"), [""; 0]);
    }

    #[test]
    fn links_and_paths_that_lead_nowhere_are_found() {
        let text = "[a](guide/a.md#a-page--more) [b](guide/a.md#b) [c](#c) [d](https://x.y/z)\n`src/x.rs`, `docs/guide/a.md`\n";
        assert_eq!(
            found("docs/b.md", text),
            ["docs/b.md:1: guide/a.md#b", "docs/b.md:1: #c", "docs/b.md:2: src/x.rs"]
        );
    }
}
