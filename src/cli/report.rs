//! Tests and measurements as lines of text.
//!
//! Uses [`crate::bench`]. Invariant: pure; times are told only if asked for, so that output can be compared.

use super::render::{Colour, Look};
use crate::bench::event::Outcome;
use crate::bench::measurement::Measurement;
use crate::bench::report::{Report, Test};
use std::fmt::Write as _;

/// The verdict's word in its look.
fn verdict(outcome: Outcome, colour: Colour) -> String {
    let look = if outcome.is_good() { Look::Good } else { Look::Bad };
    colour.paint(look, outcome.word())
}

/// A test that has ended: its line, then one for each measurement.
pub fn test(test: &Test, colour: Colour, timed: bool) -> String {
    let time = if timed { format!(" ({:.2} s)", test.duration_s) } else { String::new() };
    let mut text = format!("test {} ... {}{time}\n", test.name, verdict(test.outcome, colour));
    text.push_str(&measurements(&test.measurements, "    ", colour));
    text
}

/// One line a measurement, in columns: name, value with unit, limits, verdict. Without limits there is nothing to judge.
pub fn measurements(measurements: &[Measurement], indent: &str, colour: Colour) -> String {
    let values: Vec<String> =
        measurements.iter().map(|item| format!("{} {}", shown(&item.value), item.unit).trim_end().to_owned()).collect();
    let limits: Vec<String> = measurements.iter().map(limits).collect();
    let width = |texts: &mut dyn Iterator<Item = &str>| texts.map(|text| text.chars().count()).max().unwrap_or(0);
    let names_wide = width(&mut measurements.iter().map(|item| item.name.as_str()));
    let values_wide = width(&mut values.iter().map(String::as_str));
    let limits_wide = width(&mut limits.iter().map(String::as_str));
    let mut text = String::new();
    for ((item, value), limits) in measurements.iter().zip(&values).zip(&limits) {
        let mut line = format!("{indent}{:names_wide$}  {value:values_wide$}  {limits:limits_wide$}", item.name);
        if !limits.is_empty() || item.outcome != Outcome::Pass {
            let _ = write!(line, "  {}", verdict(item.outcome, colour));
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

/// A value as a script prints it.
fn shown(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// `[1.6 … 1.7]`, `[≥ 1.6]`, `[≤ 1.7]`, or nothing.
fn limits(item: &Measurement) -> String {
    match (item.min, item.max) {
        (Some(min), Some(max)) => format!("[{min} … {max}]"),
        (Some(min), None) => format!("[≥ {min}]"),
        (None, Some(max)) => format!("[≤ {max}]"),
        (None, None) => String::new(),
    }
}

/// What a run came to: nothing if it had no tests and no measurement failed.
pub fn summary(report: &Report, colour: Colour) -> String {
    let mut text = String::new();
    if !report.tests.is_empty() {
        let outcomes: Vec<Outcome> = report.tests.iter().map(|test| test.outcome).collect();
        line(&mut text, "test", &outcomes, colour);
    }
    let loose: Vec<Outcome> = report.measurements.iter().map(|item| item.outcome).collect();
    if loose.iter().any(|outcome| !outcome.is_good()) {
        line(&mut text, "measurement", &loose, colour);
    }
    text
}

fn line(text: &mut String, noun: &str, outcomes: &[Outcome], colour: Colour) {
    let count = |outcome: Outcome| outcomes.iter().filter(|other| **other == outcome).count();
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    let (errors, timeouts) = (count(Outcome::Error), count(Outcome::Timeout));
    let parts = [
        (count(Outcome::Pass), "passed".to_owned(), Look::Good),
        (count(Outcome::Marginal), "marginal".to_owned(), Look::Good),
        (count(Outcome::Skip), "skipped".to_owned(), Look::Good),
        (count(Outcome::Fail), "failed".to_owned(), Look::Bad),
        (errors, format!("error{}", plural(errors)), Look::Bad),
        (timeouts, format!("timeout{}", plural(timeouts)), Look::Bad),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(count, _, _)| *count > 0)
        .map(|(count, word, look)| colour.paint(look, &format!("{count} {word}")))
        .collect();
    let _ = writeln!(text, "{} {noun}{}: {}", outcomes.len(), plural(outcomes.len()), parts.join(", "));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries() {
        let case = |outcomes: &[Outcome], loose: Option<f64>, expected: &str| {
            let tests = outcomes.iter().map(|outcome| Test { outcome: *outcome, ..Test::default() }).collect();
            let loose = loose.map(|value| {
                let mut measurement = Measurement { value: value.into(), min: Some(1.0), ..Measurement::default() };
                measurement.judge(|_, _| false);
                measurement
            });
            let report = Report { tests, measurements: loose.into_iter().collect(), ..Report::default() };
            assert_eq!(summary(&report, Colour::Never), expected);
        };
        use Outcome::{Error, Fail, Marginal, Pass, Skip, Timeout};
        case(&[Skip, Marginal, Pass], None, "3 tests: 1 passed, 1 marginal, 1 skipped\n");
        case(&[], None, "");
        case(&[], Some(2.0), "");
        case(&[], Some(0.0), "1 measurement: 1 failed\n");
        case(&[Pass], None, "1 test: 1 passed\n");
        case(&[Pass, Pass, Fail], None, "3 tests: 2 passed, 1 failed\n");
        case(&[Error, Error, Timeout, Pass], None, "4 tests: 1 passed, 2 errors, 1 timeout\n");
    }

    #[test]
    fn times_are_told_only_if_asked_for() {
        let ended = Test { name: "t".to_owned(), duration_s: 1.234, ..Test::default() };
        assert_eq!(test(&ended, Colour::Never, true), "test t ... pass (1.23 s)\n");
        assert_eq!(test(&ended, Colour::Never, false), "test t ... pass\n");
    }
}
