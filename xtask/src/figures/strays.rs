//! Measured numbers outside of docs/FIGURES.md: they go stale there.

use crate::workspace::File;
use regex::Regex;

/// One line for each size or ratio in prose: file, line number, text.
pub(crate) fn strays(files: &[File]) -> Vec<String> {
    let figure = Regex::new(FIGURE).expect("a constant that the tests compile");
    let mut found = Vec::new();
    for file in files.iter().filter(|file| is_ours(&file.path)) {
        let is_page = file.path.ends_with(".md");
        let lines = file.text.lines().enumerate().filter(|(_, line)| is_page || is_comment(line));
        for (number, line) in lines {
            let strays = figure
                .find_iter(line)
                .filter(|_| !ALLOWED.iter().any(|allowed| line.contains(allowed)));
            found.extend(
                strays.map(|stray| format!("{}:{}: {}", file.path, number + 1, stray.as_str())),
            );
        }
    }
    found
}

/// `23 KB`, `12 %`, `3x`, `20 times as many`, `two thirds of`.
const FIGURE: &str = r"\b[0-9][0-9.,]* ?(KB|kB|MB|GB|µs|%)|\b[0-9][0-9.,]*(x|×)\b|\b[0-9.]+ times (as|more|less|faster|larger|smaller)\b|\b(half|third|quarter|fifth|sixth)s? of (what|that)\b|\bhalves the\b|\btwice as (much|many|fast|large)\b";

/// Rules, settings, and sizes that somebody else measured. They are part of the line that may have them.
const ALLOWED: [&str; 6] = [
    "Jitter moves each by 20 %",
    "each give or take 20 %",
    "at most 8 KB",
    "at most 4 KB",
    "2.2 GB (nats-io/nats.js#433)",
    "max_payload: 2MB",
];

/// Tests and benches name the sizes that they use, and lock files are not ours.
fn is_ours(path: &str) -> bool {
    const OTHERS: [&str; 5] =
        ["docs/FIGURES.md", "tests/", "benches/", "fuzz/", "xtask/src/figures"];
    let is_text =
        [".md", ".rs", ".mjs", ".cjs", ".js", ".ts", ".toml"].iter().any(|end| path.ends_with(end));
    is_text && !path.contains("/tests/") && !OTHERS.iter().any(|other| path.starts_with(other))
}

fn is_comment(line: &str) -> bool {
    ["//", "*", "/*", "#"].iter().any(|mark| line.trim_start().starts_with(mark))
        || line.contains(" // ")
}

#[cfg(test)]
mod tests {
    use super::strays;
    use crate::workspace::File;

    fn found(path: &str, text: &str) -> Vec<String> {
        strays(&[File { path: path.to_owned(), text: text.to_owned() }])
    }

    #[test]
    fn sizes_and_ratios_in_pages_and_comments_are_found() {
        let page = "Is 23 KB of gzip.\nTakes 1 MiB, 65,536 bytes, 30 s.\n3 times every 2 s, 20 times as many\nJitter moves each by 20 %\n";
        assert_eq!(found("README.md", page), ["README.md:1: 23 KB", "README.md:3: 20 times as"]);
        let code = "/// Costs two thirds of that.\nlet a = \"4 KB\";\nlet b = 1; // 2.5x\n";
        assert_eq!(found("src/a.rs", code), ["src/a.rs:1: thirds of that", "src/a.rs:3: 2.5x"]);
    }

    #[test]
    fn the_page_of_figures_and_the_inputs_of_tests_are_left_alone() {
        assert_eq!(found("docs/FIGURES.md", "23 KB"), [""; 0]);
        assert_eq!(found("tests/a.rs", "// 23 KB"), [""; 0]);
    }
}
