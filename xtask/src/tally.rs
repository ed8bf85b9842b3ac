//! Reading the closing lines of the test runners: how many tests ran, so that a suite in which
//! none ran cannot pass.

use crate::process::Cmd;
use anyhow::{Context as _, Result, bail};

/// What a runner said at its end.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Tests that passed.
    pub(crate) passed: u64,
    /// Tests that failed.
    pub(crate) failed: u64,
    /// The lines themselves, those without a test left out.
    pub(crate) closing_lines: Vec<String>,
}

/// Runs a test runner and counts; no test is a failure, so that nothing is skipped in silence.
pub(crate) fn counted(runner: Cmd) -> Result<Tally> {
    let (output, result) = runner.run_and_keep();
    let tally = read(&output);
    result.with_context(|| format!("{} passed, {} failed", tally.passed, tally.failed))?;
    if tally.passed == 0 {
        bail!("no test ran");
    }
    Ok(tally)
}

/// Reads the output of libtest, wasm-bindgen-test and node:test.
pub(crate) fn read(output: &str) -> Tally {
    let mut tally = Tally::default();
    for line in output.lines().map(str::trim) {
        if line.starts_with("test result:") {
            let (passed, failed) = (before(line, " passed"), before(line, " failed"));
            tally.passed += passed;
            tally.failed += failed;
            if passed + failed > 0 {
                tally.closing_lines.push(line.to_owned());
            }
        } else if let Some(rest) = line.strip_prefix("ℹ ").or_else(|| line.strip_prefix("# ")) {
            let number = |word: &str| rest.strip_prefix(word)?.trim().parse::<u64>().ok();
            tally.passed += number("pass ").unwrap_or(0);
            tally.failed += number("fail ").unwrap_or(0);
            if ["tests ", "pass ", "fail ", "skipped "].iter().any(|word| number(word).is_some()) {
                tally.closing_lines.push(line.to_owned());
            }
        }
    }
    tally
}

/// The number in front of `word`.
fn before(line: &str, word: &str) -> u64 {
    let number = line.split(word).next().and_then(|text| text.split_whitespace().last());
    number.and_then(|text| text.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn the_binaries_of_one_cargo_run_are_added_up_and_empty_ones_left_out() {
        let tally = read(
            "running 3 tests\n\
             test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s\n\
             test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
             test result: FAILED. 4 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s\n",
        );
        assert_eq!((tally.passed, tally.failed), (7, 1));
        assert_eq!(tally.closing_lines.len(), 2);
    }

    #[test]
    fn the_runner_of_node_is_read_in_both_of_its_styles() {
        for mark in ["ℹ", "#"] {
            let tally = read(&format!("{mark} tests 5\n{mark} pass 4\n{mark} fail 1\n"));
            assert_eq!((tally.passed, tally.failed), (4, 1));
            assert_eq!(tally.closing_lines.len(), 3);
        }
    }

    #[test]
    fn other_output_counts_nothing() {
        assert_eq!(read("# pass the salt\n5 passed by\n"), super::Tally::default());
    }
}
