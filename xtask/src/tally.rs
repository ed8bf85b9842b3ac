//! How many tests a runner says that it ran, so that a suite in which none ran cannot pass.

use crate::process::Cmd;
use anyhow::{Context as _, Result, bail};

/// Runs a test runner and returns how many tests passed. No test at all is a failure.
pub(crate) fn counted(runner: Cmd) -> Result<u64> {
    let (output, result) = runner.run_and_keep();
    let (passed, failed) = read(&output);
    result.with_context(|| format!("{passed} passed, {failed} failed"))?;
    if passed == 0 {
        bail!("no test ran");
    }
    Ok(passed)
}

/// The tests that passed and failed, from the closing lines of libtest, wasm-bindgen-test and node:test.
fn read(output: &str) -> (u64, u64) {
    let (mut passed, mut failed) = (0, 0);
    for line in output.lines().map(str::trim) {
        let words: Vec<_> = line.split([' ', ';']).collect();
        match words[..] {
            ["test", "result:", _, p, "passed", _, f, "failed", ..] => {
                passed += p.parse().unwrap_or(0);
                failed += f.parse().unwrap_or(0);
            }
            ["ℹ" | "#", "pass", p] => passed += p.parse().unwrap_or(0),
            ["ℹ" | "#", "fail", f] => failed += f.parse().unwrap_or(0),
            _ => {}
        }
    }
    (passed, failed)
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn the_binaries_of_one_cargo_run_are_added_up() {
        let output = "running 3 tests\n\
            test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s\n\
            test result: FAILED. 4 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s\n";
        assert_eq!(read(output), (7, 1));
    }

    #[test]
    fn the_runner_of_node_is_read_in_both_of_its_styles() {
        for mark in ["ℹ", "#"] {
            assert_eq!(read(&format!("{mark} tests 5\n{mark} pass 4\n{mark} fail 1\n")), (4, 1));
        }
    }

    #[test]
    fn other_output_counts_nothing() {
        assert_eq!(read("# pass the salt\n5 passed by\n"), (0, 0));
    }
}
