//! Tests and measurements as they happen.
//!
//! Invariant: whatever was begun is recorded, whether it passes, fails, or is cut short.

use crate::diagnostic::Diagnostic;
use std::time::{Duration, Instant};

/// The verdict of a test or a measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As expected.
    Pass,
    /// Not as expected.
    Fail,
    /// Something else went wrong: a board, the link, the script.
    Error,
    /// A deadline passed.
    Timeout,
}

impl Outcome {
    /// The word in reports.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Pass => "pass",
            Outcome::Fail => "fail",
            Outcome::Error => "error",
            Outcome::Timeout => "timeout",
        }
    }
}

/// A measured value with its limits.
#[derive(Clone, Debug, PartialEq)]
pub struct Measurement {
    /// What was measured.
    pub name: String,
    /// The value as the script prints it.
    pub value: String,
    /// The value as a number, if it is one.
    pub number: Option<f64>,
    /// Unit, for example `V`; may be empty.
    pub unit: String,
    /// Lower limit, inclusive.
    pub min: Option<f64>,
    /// Upper limit, inclusive.
    pub max: Option<f64>,
    /// Within the limits or not. A value that is no number, or nan, fails if there is a limit.
    pub outcome: Outcome,
}

impl Measurement {
    /// Judges `number` against the limits.
    pub fn new(name: &str, value: String, number: Option<f64>, unit: &str, min: Option<f64>, max: Option<f64>) -> Self {
        let above = |limit: f64| number.is_some_and(|number| number >= limit);
        let below = |limit: f64| number.is_some_and(|number| number <= limit);
        let within = min.is_none_or(above) && max.is_none_or(below);
        let outcome = if within { Outcome::Pass } else { Outcome::Fail };
        Measurement { name: name.to_owned(), value, number, unit: unit.to_owned(), min, max, outcome }
    }
}

/// One test that has run.
#[derive(Clone, Debug)]
pub struct Test {
    /// Its name.
    pub name: String,
    /// How it ended.
    pub outcome: Outcome,
    /// How long it took.
    pub duration: Duration,
    /// Why it did not pass, if it did not.
    pub failure: Option<Diagnostic>,
    /// What it measured, in order.
    pub measurements: Vec<Measurement>,
}

/// The record of one run.
#[derive(Default)]
pub struct Record {
    tests: Vec<Test>,
    running: Option<(String, Instant, Vec<Measurement>)>,
    loose: Vec<Measurement>,
}

impl Record {
    /// An empty record.
    pub fn new() -> Record {
        Record::default()
    }

    /// A test begins. Gives false if one is running: tests do not nest.
    pub fn begin(&mut self, name: &str) -> bool {
        if self.running.is_some() {
            return false;
        }
        self.running = Some((name.to_owned(), Instant::now(), Vec::new()));
        true
    }

    /// Whether a test is running.
    pub fn in_test(&self) -> bool {
        self.running.is_some()
    }

    /// A value was measured, in the running test or outside of one.
    pub fn measure(&mut self, measurement: Measurement) {
        match &mut self.running {
            Some((_, _, measurements)) => measurements.push(measurement),
            None => self.loose.push(measurement),
        }
    }

    /// The running test ends. `outcome` is what its body came to; a failed measurement makes a passing test fail.
    pub fn end(&mut self, outcome: Outcome, failure: Option<Diagnostic>) -> Option<&Test> {
        let (name, begun, measurements) = self.running.take()?;
        let failed = measurements.iter().any(|measurement| measurement.outcome != Outcome::Pass);
        let outcome = if outcome == Outcome::Pass && failed { Outcome::Fail } else { outcome };
        self.tests.push(Test { name, outcome, duration: begun.elapsed(), failure, measurements });
        self.tests.last()
    }

    /// The tests that have run, in order.
    pub fn tests(&self) -> &[Test] {
        &self.tests
    }

    /// What was measured outside of tests.
    pub fn loose(&self) -> &[Measurement] {
        &self.loose
    }

    /// Whether every test and every measurement passed.
    pub fn passed(&self) -> bool {
        self.tests.iter().all(|test| test.outcome == Outcome::Pass)
            && self.loose.iter().all(|measurement| measurement.outcome == Outcome::Pass)
    }
}
