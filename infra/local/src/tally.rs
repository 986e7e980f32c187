//! How many tests passed and failed, read from what the test runners print.

use std::fmt::Display;
use std::ops::AddAssign;

/// Tests that passed and tests that failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

impl Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

impl Tally {
    /// What one line of a runner's output adds: nextest's summary, or the result of one of
    /// `cargo test`'s binaries. Nextest shows a binary's own result too, indented: that test is
    /// in the summary.
    pub(crate) fn of_line(line: &str) -> Self {
        if let Some((head, counts)) = line.split_once(" run: ")
            && head.trim_start().starts_with("Summary [")
        {
            return Self::count(&without_parentheses(counts), ',');
        }
        match line
            .strip_prefix("test result: ")
            .and_then(|rest| rest.split_once(". "))
        {
            Some((_, counts)) => Self::count(counts, ';'),
            None => Self::default(),
        }
    }

    fn count(text: &str, separator: char) -> Self {
        let mut tally = Self::default();
        for part in text.split(separator) {
            let Some((number, what)) = part.trim().split_once(' ') else {
                continue;
            };
            let Ok(number) = number.parse::<u64>() else {
                continue;
            };
            match what.trim() {
                "passed" => tally.passed += number,
                "failed" | "timed out" | "exec failed" => tally.failed += number,
                _ => {}
            }
        }
        tally
    }
}

fn without_parentheses(text: &str) -> String {
    let mut depth = 0_u32;
    text.chars()
        .filter(|&c| {
            match c {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                _ => return depth == 0,
            }
            false
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(passed: u64, failed: u64) -> Tally {
        Tally { passed, failed }
    }

    #[test]
    fn the_summary_of_nextest() {
        for (line, expected) in [
            (
                "     Summary [   0.003s] 1 test run: 1 passed, 0 skipped",
                tally(1, 0),
            ),
            (
                "     Summary [  12.345s] 120 tests run: 117 passed (2 slow, 1 flaky), 2 failed, 1 timed out, 3 skipped",
                tally(117, 3),
            ),
            (
                "     Summary [   1.000s] 5/9 tests run: 3 passed (1 leaky), 1 failed, 1 exec failed, 0 skipped",
                tally(3, 2),
            ),
        ] {
            assert_eq!(Tally::of_line(line), expected, "{line}");
        }
    }

    #[test]
    fn the_results_of_cargo_test_add_up() {
        let mut sum = Tally::default();
        for line in [
            "running 3 tests",
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            "test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
        ] {
            sum += Tally::of_line(line);
        }
        assert_eq!(sum, tally(4, 2));
        assert_eq!(sum.to_string(), "4 passed, 2 failed");
    }

    #[test]
    fn what_a_test_prints_is_no_result() {
        for line in [
            "3 passed, 2 failed",
            "Summary of 3 tests run: 3 passed",
            "test result: none",
            "    test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 9 filtered out; finished in 0.10s",
        ] {
            assert_eq!(Tally::of_line(line), Tally::default(), "{line}");
        }
    }
}
