//! How much of the longest tests runs.
//!
//! With `CI` set everything runs. Otherwise the tests of this table take a share of their cases, spread evenly, so that `cargo test`
//! ends within 90 s on two cores. The last test target says which.

/// Name of a test, its cases, and how many of them there are for each that runs without `CI`.
pub const TABLE: &[(&str, &str, usize)] = &[
    ("faults", "faults of the link at each moment", 96),
    ("torn", "torn replies of boards with other line ends", 2),
    ("unplugged", "boards that are unplugged during a sync", 12),
    ("others", "boards, processes and firmware that take the self test", 7),
    ("killed", "moments at which a program that writes is killed", 3),
    ("jobs", "tools that do the jobs of docs/src/jobs.md", 5),
    ("natives", "calls of the functions for scripts", 12),
    ("outputs", "commands whose output cannot be written", 2),
    ("reports", "tests in the reports whose memory is measured", 4),
    ("mutants", "mistakes that a check must find", 12),
    ("interrupts", "moments at which Ctrl-C is pressed, and noise comes in a reset", 3),
    ("modules", "generated Python modules that are minified and compiled", 3),
    ("logs", "generated logs whose reports are compared", 3),
    ("edits", "random edits of a script for the language server", 4),
    ("templates", "templates of projects that are run", 2),
    ("pastes", "lengths of code that is cut off", 3),
    ("soak", "calls over links that fail now and then", 5),
    ("served", "commands of mpremote on a served board", 2),
    ("full", "disks that are full or read-only", 2),
    ("chains", "deep structures that are released", 2),
];

/// Cases of a test for each that runs.
///
/// # Panics
/// If the test is not in the table.
pub fn one_of(test: &str) -> usize {
    let (_, _, share) = TABLE.iter().find(|(name, ..)| *name == test).expect("a test of the table");
    if is_ci() { 1 } else { *share }
}

/// Whether everything must be checked.
pub fn is_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| !value.is_empty())
}
