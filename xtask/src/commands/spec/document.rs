//! The rules as `docs/SPEC.md` lists them.

use super::names::Shown;
use std::collections::BTreeMap;
use std::fmt;

/// The name of a rule: a letter for its family, and a number. `e067` is written `67` outside of test names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rule {
    pub(super) family: char,
    pub(super) number: u16,
    digits: usize,
}

impl Rule {
    /// Reads `67`, `d07` or `p012`, as documents and comments have it.
    pub(super) fn parse(text: &str) -> Option<Rule> {
        match text.chars().next()? {
            '0'..='9' => Some(Rule { family: 'e', number: text.parse().ok()?, digits: 3 }),
            _ => Rule::parse_name(text).filter(|rule| rule.family != 'e'),
        }
    }

    /// Reads `e067`, `d07` or `p012`, as names of tests have it.
    pub(super) fn parse_name(text: &str) -> Option<Rule> {
        let family = text.chars().next().filter(char::is_ascii_lowercase)?;
        let number = text.get(1..).filter(|number| number.bytes().all(|b| b.is_ascii_digit()))?;
        Some(Rule { family, number: number.parse().ok()?, digits: number.len() })
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.family {
            'e' => f.pad(&self.number.to_string()),
            family => f.pad(&format!("{family}{:0digits$}", self.number, digits = self.digits)),
        }
    }
}

/// What `docs/SPEC.md` says.
#[derive(Default)]
pub(super) struct Document {
    pub(super) rules: BTreeMap<Rule, String>,
    /// Rules without a test, and why.
    pub(super) exceptions: BTreeMap<Rule, String>,
    /// Rules that are listed twice.
    repeated: Vec<Rule>,
}

impl Document {
    /// Reads the tables whose head is `| rule | |` (the rules) and the table under [`NO_TEST`] (the exceptions).
    pub(super) fn parse(text: &str) -> Document {
        let mut document = Document::default();
        let (mut exceptions, mut rules) = (false, false);
        for line in text.lines() {
            if line.starts_with('#') {
                exceptions = line == NO_TEST;
                rules = false;
            }
            let cells: Vec<_> = line.split('|').map(str::trim).collect();
            let [_, name, ref titles @ .., _] = cells[..] else { continue };
            let title = titles.join("|");
            if matches!(name, "rule" | "rules") {
                rules = title.is_empty();
            } else if exceptions {
                let why = |rule| (rule, title.clone());
                document.exceptions.extend(expand(name).into_iter().map(why));
            } else if let Some(rule) = Rule::parse(name).filter(|_| rules)
                && document.rules.insert(rule.clone(), title).is_some()
            {
                document.repeated.push(rule);
            }
        }
        document
    }

    /// Whether there are rules that begin with this letter.
    pub(super) fn has_family(&self, family: char) -> bool {
        self.rules.keys().any(|rule| rule.family == family)
    }

    /// How many rules of each family are shown, and how many there are.
    pub(super) fn sums(&self, shown: &Shown) -> BTreeMap<char, (usize, usize)> {
        let mut sums: BTreeMap<char, (usize, usize)> = BTreeMap::new();
        for rule in self.rules.keys() {
            let sum = sums.entry(rule.family).or_default();
            sum.0 += usize::from(shown.contains_key(rule));
            sum.1 += 1;
        }
        sums
    }

    /// Rules that are excused though a test shows them.
    fn stale(&self, shown: &Shown) -> Vec<String> {
        let excused = self.exceptions.keys().filter(|rule| shown.contains_key(rule));
        excused.map(|rule| format!("rule {rule} has a test; drop its exception")).collect()
    }

    /// What does not fit together in the document and the tests.
    pub(super) fn problems(&self, shown: &Shown) -> Vec<String> {
        let mut problems = self.stale(shown);
        let mut expected: BTreeMap<char, u16> = BTreeMap::new();
        for rule in self.rules.keys() {
            let next = expected.entry(rule.family).or_insert(1);
            if rule.number != *next {
                problems.push(format!("the rule before {rule} is missing"));
            }
            *next = rule.number + 1;
            if !shown.contains_key(rule) && !self.exceptions.contains_key(rule) {
                problems.push(format!("rule {rule} has no test, and no reason why"));
            }
        }
        problems.extend(self.repeated.iter().map(|rule| format!("rule {rule} is listed twice")));
        let unknown = |rule: &&Rule| !self.rules.contains_key(rule);
        let exceptions = self.exceptions.keys().filter(unknown);
        problems.extend(exceptions.map(|rule| format!("there is no rule {rule} to excuse")));
        let tests = shown.iter().filter(|(rule, _)| unknown(rule));
        problems.extend(tests.map(|(rule, places)| format!("there is no rule {rule}: {places:?}")));
        problems
    }
}

/// `12, d03–d05` is four rules.
fn expand(list: &str) -> Vec<Rule> {
    let ranges = list.split(',').map(|part| part.split_once('–').unwrap_or((part, part)));
    ranges
        .filter_map(|(first, last)| Some((Rule::parse(first.trim())?, Rule::parse(last.trim())?)))
        .flat_map(|(first, last)| {
            (first.number..=last.number).map(move |number| Rule { number, ..first.clone() })
        })
        .collect()
}

const NO_TEST: &str = "## Rules without a test";

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn document(exceptions: &str, rules: &str) -> Document {
        Document::parse(&format!(
            "| rule | what |\n|---|---|\n| 9 | not a rule |\n{NO_TEST}\n| rules | why |\n|---|---|\n{exceptions}\
             ## A\n| rule | |\n|---|---|\n{rules}"
        ))
    }

    fn shown(rules: &[&str]) -> Shown {
        let place = || BTreeSet::from(["a test".to_owned()]);
        rules.iter().map(|rule| (Rule::parse(rule).unwrap(), place())).collect()
    }

    #[test]
    fn tables_of_the_document_are_read_family_by_family() {
        let read = document("", "| d01 | One. |\n| 1 | A `|` b. |\n| p001 | Three. |\n");
        let names: Vec<_> = read.rules.keys().map(Rule::to_string).collect();
        assert_eq!(names, ["d01", "1", "p001"]);
        assert_eq!(read.rules[&Rule::parse("1").unwrap()], "A `|` b.");
        assert!(read.has_family('p') && !read.has_family('q'));
    }

    #[test]
    fn what_is_shown_or_excused_is_in_order() {
        let read = document(
            "| d02–d03, 2 | why |\n",
            "| 1 | |\n| 2 | |\n| d01 | |\n| d02 | |\n| d03 | |\n",
        );
        assert_eq!(read.problems(&shown(&["1", "d01"])), [""; 0]);
    }

    #[test]
    fn what_is_missing_stale_or_doubled_is_named() {
        let read = document("| 1 | why |\n| 9 | why |\n", "| 1 | |\n| 2 | |\n| 2 | |\n| 4 | |\n");
        assert_eq!(
            read.problems(&shown(&["1", "4", "5"])),
            [
                "rule 1 has a test; drop its exception",
                "rule 2 has no test, and no reason why",
                "the rule before 4 is missing",
                "rule 2 is listed twice",
                "there is no rule 9 to excuse",
                "there is no rule 5: {\"a test\"}"
            ]
        );
    }
}
