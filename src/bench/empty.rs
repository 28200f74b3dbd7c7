//! Runs in which nothing was judged: no test ran, and nothing was measured outside of tests.
//!
//! Invariant: pure.

/// What such a run means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EmptyRun {
    /// It is ordinary: a script needs no tests.
    #[default]
    Ordinary,
    /// It is recorded, and accepted.
    Allowed,
    /// It fails, unless the selection left out every test: other runs may have the selected ones.
    MayBeDeselected,
    /// It fails.
    Refused,
}

/// The tests of a script of which none ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NotRun {
    /// Whether the script has tests.
    pub has_tests: bool,
    /// Number of skipped tests.
    pub skipped: usize,
    /// Number of tests that the selection left out.
    pub deselected: usize,
}

impl NotRun {
    /// Whether nothing but the selection is the reason.
    pub fn is_deselected(&self) -> bool {
        self.deselected > 0 && self.skipped == 0
    }

    /// Why no test ran, as a phrase.
    pub fn reason(&self) -> String {
        let tests = |count: usize| if count == 1 { "its test".to_owned() } else { format!("all {count} tests") };
        match (self.skipped, self.deselected) {
            (0, 0) if self.has_tests => "the script ended before its first test".to_owned(),
            (0, 0) => "the script has no tests, and measures nothing".to_owned(),
            (0, count) => format!("-k and --tag leave out {}", tests(count)),
            (1, 0) => "its test was skipped".to_owned(),
            (count, 0) => format!("all {count} tests were skipped"),
            (skipped, deselected) => format!("{skipped} skipped, {deselected} left out by -k and --tag"),
        }
    }

    /// What to do next.
    pub fn help(&self) -> &'static str {
        match (self.skipped, self.deselected) {
            (0, 0) if self.has_tests => "let the script reach its tests, or accept the run with `--allow-empty`",
            (0, 0) => "add a `test` block or call `measure`; start other scripts with `run`, or use `--allow-empty`",
            (_, 0) => "see why they were skipped, or accept the run with `--allow-empty`",
            _ => "list the tests with `test --list`, or accept the run with `--allow-empty`",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_names_what_kept_tests_from_running() {
        let case = |has_tests: bool, skipped: usize, deselected: usize, reason: &str| {
            let not_run = NotRun { has_tests, skipped, deselected };
            assert_eq!(not_run.reason(), reason);
            assert_eq!(not_run.is_deselected(), reason.starts_with("-k"), "{reason}");
            assert!(not_run.help().contains("`--allow-empty`"));
        };
        case(false, 0, 0, "the script has no tests, and measures nothing");
        case(true, 0, 0, "the script ended before its first test");
        case(true, 1, 0, "its test was skipped");
        case(true, 3, 0, "all 3 tests were skipped");
        case(true, 0, 1, "-k and --tag leave out its test");
        case(true, 0, 2, "-k and --tag leave out all 2 tests");
        case(true, 2, 1, "2 skipped, 1 left out by -k and --tag");
    }
}
