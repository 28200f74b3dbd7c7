//! Test cases: their verdict, their measurements as properties, and earlier attempts.
//!
//! Uses [`super::text`]. Invariant: no two cases of a document have the same class and name.

use super::text::{attribute, content, cut, properties, seconds};
use crate::bench::event::{Diagnosis, Failure, Outcome, Unreached};
use crate::bench::measurement::Measurement;
use crate::bench::report::{Attempt, Group, Printed, Report, Test};
use crate::bench::units;
use serde_json::Value;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write};

/// Most measurements of a test that become properties: a test may measure in a loop. All of them are in the report as JSON.
const MOST_MEASUREMENTS: usize = 1000;

/// A test, or a failure outside of tests.
pub(super) struct Case<'a> {
    name: String,
    class: String,
    /// The script that contains it, and the line.
    file: Option<(&'a str, u32)>,
    time: f64,
    outcome: Outcome,
    message: String,
    failure: Option<&'a Failure>,
    properties: Vec<(String, String)>,
    attempts: &'a [Attempt],
    out: String,
}

/// Names of cases that are taken, as hashes of class and name: a document may have a million cases.
#[derive(Default)]
pub(super) struct Names(HashMap<u64, u32>);

impl Names {
    /// The name, followed by ` (2)` and so on if a case of this class has it: readers ignore the second one of a name. The
    /// same script runs several times with `--repeat`, or on several boards.
    fn take(&mut self, class: &str, name: &str) -> String {
        let key = |name: &str| {
            let mut hasher = DefaultHasher::new();
            (class, name).hash(&mut hasher);
            hasher.finish()
        };
        let first = key(name);
        let mut number = *self.0.entry(first).and_modify(|number| *number += 1).or_insert(1);
        if number == 1 {
            return name.to_owned();
        }
        loop {
            let numbered = format!("{name} ({number})");
            if let std::collections::hash_map::Entry::Vacant(free) = self.0.entry(key(&numbered)) {
                free.insert(1);
                self.0.insert(first, number);
                return numbered;
            }
            number += 1;
        }
    }
}

impl<'a> Case<'a> {
    /// The case of a test.
    pub(super) fn of_test(test: &'a Test, report: &Report) -> Case<'a> {
        let message = match (&test.error, &test.reason) {
            (Some(error), _) => error.message.clone(),
            (None, Some(reason)) => reason.clone(),
            (None, None) => {
                let diagnosed = test.diagnoses.iter().filter(|made| made.failure).map(concluded);
                let measured = Some(failed(&test.measurements)).filter(|text| !text.is_empty());
                measured.into_iter().chain(diagnosed).collect::<Vec<_>>().join("; ")
            }
        };
        let mut properties = measured(&test.measurements);
        properties.extend(test.diagnoses.iter().map(|made| ("diagnosis".to_owned(), concluded(made))));
        let parameters = test.parameters.iter().map(|(name, value)| {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            (format!("parameter {name}"), value)
        });
        properties.splice(0..0, parameters);
        if !test.attempts.is_empty() {
            properties.insert(0, ("attempts".to_owned(), (test.attempts.len() + 1).to_string()));
        }
        if !test.tags.is_empty() {
            properties.insert(0, ("tags".to_owned(), test.tags.join(" ")));
        }
        Case {
            name: test.name.clone(),
            class: class(report, &test.group),
            file: (!test.file.is_empty()).then_some((test.file.as_str(), test.line)),
            time: test.duration_s,
            outcome: test.outcome,
            message,
            failure: test.error.as_ref(),
            properties,
            attempts: &test.attempts,
            out: [output(&test.output), tried(&test.attempts), lines(&test.measurements)].concat(),
        }
    }

    /// The case of a measurement outside of tests, which failed.
    pub(super) fn of_measurement(item: &Measurement, report: &'a Report) -> Case<'a> {
        Case {
            name: item.name.clone(),
            message: said(item),
            outcome: item.outcome,
            properties: measured(std::slice::from_ref(item)),
            ..Case::outside(report)
        }
    }

    /// The case of a group that failed as a whole.
    pub(super) fn of_group(group: &'a Group, report: &'a Report) -> Case<'a> {
        let (name, around) = group.group.split_last().map_or(("", &[][..]), |(name, around)| (name.as_str(), around));
        Case {
            name: name.to_owned(),
            class: class(report, around),
            file: (!group.file.is_empty()).then_some((group.file.as_str(), group.line)),
            outcome: group.outcome,
            message: group.error.as_ref().map(|failure| failure.message.clone()).unwrap_or_default(),
            failure: group.error.as_ref(),
            ..Case::outside(report)
        }
    }

    /// The case of a failing diagnosis outside of tests.
    pub(super) fn of_diagnosis(made: &'a Diagnosis, report: &'a Report) -> Case<'a> {
        Case {
            name: made.name.clone(),
            file: Some((made.file.as_str(), made.line)),
            outcome: Outcome::Fail,
            message: made.text.clone(),
            ..Case::outside(report)
        }
    }

    /// The case of an error outside of tests.
    pub(super) fn of_failure(failure: &'a Failure, report: &'a Report) -> Case<'a> {
        let file = failure.file.as_deref().zip(failure.line);
        let message = failure.message.clone();
        Case { file, message, failure: Some(failure), ..Case::outside(report) }
    }

    /// The case of a test before which the run ended.
    pub(super) fn of_missed(test: &'a Unreached, report: &'a Report) -> Case<'a> {
        Case {
            name: test.name.clone(),
            class: class(report, &test.group),
            file: Some((test.file.as_str(), test.line)),
            outcome: Outcome::Skip,
            message: format!("not reached: {}", test.reason),
            ..Case::outside(report)
        }
    }

    fn outside(report: &'a Report) -> Case<'a> {
        Case {
            name: "script".to_owned(),
            class: class(report, &[]),
            file: Some((report.script.as_str(), 1)),
            time: 0.0,
            outcome: Outcome::Error,
            message: String::new(),
            failure: None,
            properties: Vec::new(),
            attempts: &[],
            out: String::new(),
        }
    }

    /// Writes the element.
    pub(super) fn write(&self, names: &mut Names, to: &mut dyn Write) -> io::Result<()> {
        let class = cut(&self.class);
        let name = names.take(class, cut(&self.name));
        write!(to, "    <testcase name=\"{}\" classname=\"{}\"", attribute(&name), attribute(class))?;
        if let Some((file, line)) = self.file {
            write!(to, " file=\"{}\" line=\"{}\"", attribute(cut(file)), line.max(1))?;
        }
        write!(to, " time=\"{}\"", seconds(self.time))?;
        let element = match self.outcome {
            Outcome::Pass | Outcome::Marginal => None,
            Outcome::Skip => Some("skipped"),
            Outcome::Fail => Some("failure"),
            Outcome::Timeout | Outcome::Error => Some("error"),
        };
        let is_empty = self.out.is_empty() && self.properties.is_empty() && self.attempts.is_empty();
        if element.is_none() && is_empty {
            return writeln!(to, "/>");
        }
        writeln!(to, ">")?;
        to.write_all(properties("      ", &self.properties).as_bytes())?;
        if let Some(element) = element {
            write_verdict(element, (self.outcome, self.failure, &self.message), to)?;
        }
        for attempt in self.attempts {
            write_attempt(attempt, self.outcome.has_passed(), to)?;
        }
        if !self.out.is_empty() {
            writeln!(to, "      <system-out>{}</system-out>", content(&self.out))?;
        }
        writeln!(to, "    </testcase>")
    }
}

/// `weak supply: the rail sags`.
fn concluded(made: &Diagnosis) -> String {
    format!("{}: {}", made.name, made.text)
}

/// The attributes that say why.
fn cause(outcome: Outcome, failure: Option<&Failure>, message: &str) -> String {
    let kind = failure.map_or_else(|| outcome.word().to_owned(), |failure| failure.kind.clone());
    format!("type=\"{}\" message=\"{}\"", attribute(cut(&kind)), attribute(cut(message)))
}

fn write_verdict(
    element: &str,
    (outcome, failure, message): (Outcome, Option<&Failure>, &str),
    to: &mut dyn Write,
) -> io::Result<()> {
    write!(to, "      <{element} {}", cause(outcome, failure, message))?;
    let mut text = failure.map(trace).unwrap_or_default();
    if text.is_empty() && outcome != Outcome::Skip {
        // GitLab shows this text alone.
        text = message.to_owned();
    }
    match text.is_empty() {
        true => writeln!(to, "/>"),
        false => writeln!(to, ">{}</{element}>", content(&text)),
    }
}

/// An earlier attempt, as Maven Surefire writes it.
fn write_attempt(attempt: &Attempt, passed_later: bool, to: &mut dyn Write) -> io::Result<()> {
    let element = match (passed_later, attempt.outcome) {
        (true, Outcome::Fail) => "flakyFailure",
        (true, _) => "flakyError",
        (false, Outcome::Fail) => "rerunFailure",
        (false, _) => "rerunError",
    };
    let message = attempt.error.as_ref().map_or_else(|| failed(&attempt.measurements), |error| error.message.clone());
    let cause = cause(attempt.outcome, attempt.error.as_ref(), &message);
    let stack = attempt.error.as_ref().map(trace).unwrap_or_default();
    let stack = if stack.is_empty() { message } else { stack };
    write!(to, "      <{element} {cause}><stackTrace>{}</stackTrace>", content(&stack))?;
    let out = lines(&attempt.measurements);
    if !out.is_empty() {
        write!(to, "<system-out>{}</system-out>", content(&out))?;
    }
    writeln!(to, "</{element}>")
}

/// The script and the groups, joined by dots; readers show it as the package, GitLab as the suite. Cases with simulated boards
/// are in a package of their own: of all that a reader may show, this is what it always shows.
fn class(report: &Report, group: &[String]) -> String {
    let script = report.script.strip_suffix(".rhai").unwrap_or(&report.script);
    let mut class = if report.simulated { "simulated." } else { "" }.to_owned();
    class.push_str(&script.replace(['/', '\\'], "."));
    for name in group {
        class.push('.');
        class.push_str(name);
    }
    class
}

/// `supply 3.28 V [3.2 … 3.4]`, and why it failed if that does not show it.
fn said(measurement: &Measurement) -> String {
    let shown = units::format(measurement);
    let board = measurement.board.as_ref().map(|board| format!("{board}: ")).unwrap_or_default();
    let text = format!("{board}{} {} {}", measurement.name, shown.value, shown.limits);
    let reasons = if measurement.is_obvious() { Vec::new() } else { measurement.all_reasons() };
    let why = if reasons.is_empty() { String::new() } else { format!(": {}", reasons.join("; ")) };
    format!("{}{why}", text.trim_end())
}

/// The measurements that did not pass.
fn failed(measurements: &[Measurement]) -> String {
    let failed = measurements.iter().filter(|item| !item.outcome.is_good());
    failed.map(said).collect::<Vec<_>>().join("; ")
}

/// A line for each measurement.
fn lines(measurements: &[Measurement]) -> String {
    measurements.iter().fold(String::new(), |mut text, item| {
        let _ = writeln!(text, "{} {}", said(item), item.outcome.word());
        text
    })
}

/// Earlier attempts, for readers that do not know the elements of Maven Surefire.
fn tried(attempts: &[Attempt]) -> String {
    (1..).zip(attempts).fold(String::new(), |mut text, (number, attempt)| {
        let error = attempt.error.as_ref().map(|error| format!(": {}", error.message)).unwrap_or_default();
        let _ = writeln!(text, "attempt {number}: {}{error}", attempt.outcome.word());
        lines(&attempt.measurements).lines().for_each(|line| {
            let _ = writeln!(text, "  {line}");
        });
        text
    })
}

/// The properties of measurements: the value under the measurement's name, then `NAME.unit`, its limits, its outcome and the
/// reasons. Parts follow in the same way: `NAME.mean`, `NAME.mean.max`.
fn measured(measurements: &[Measurement]) -> Vec<(String, String)> {
    let mut properties = Vec::new();
    let mut names = Names::default();
    for item in measurements.iter().take(MOST_MEASUREMENTS) {
        let board = item.board.as_ref().map(|board| format!("{board}: ")).unwrap_or_default();
        let name = names.take("", &format!("{board}{}", item.name));
        measured_part(&name, item, &mut properties);
    }
    if let Some(more) = measurements.len().checked_sub(MOST_MEASUREMENTS).filter(|more| *more > 0) {
        properties.push(("measurements left out".to_owned(), more.to_string()));
    }
    properties
}

fn measured_part(name: &str, item: &Measurement, properties: &mut Vec<(String, String)>) {
    let mut add = |part: &str, value: Option<String>| {
        properties.extend(value.map(|value| (format!("{name}{part}"), value)));
    };
    let number = |number: Option<f64>| number.map(shortest);
    let value = match &item.value {
        Value::Array(_) | Value::Object(_) | Value::Null => units::format(item).value,
        value => plain(value),
    };
    add("", Some(value));
    add(".unit", Some(item.unit.clone()).filter(|unit| !unit.is_empty()));
    add(".min", number(item.min));
    add(".max", number(item.max));
    add(".marginal_min", number(item.marginal_min));
    add(".marginal_max", number(item.marginal_max));
    add(".equals", item.equals.as_ref().map(plain));
    add(".within_percent", number(item.within_percent));
    add(".matches", item.matches.clone());
    add(".monotonic", item.monotonic.map(|direction| direction.word().to_owned()));
    add(".raw", item.raw.as_ref().map(plain));
    add(".raw_unit", item.raw_unit.clone());
    add(".variant", item.variant.clone());
    add(".by", item.by.clone());
    add(".outcome", Some(item.outcome.word().to_owned()));
    add(".reasons", Some(item.reasons.join("; ")).filter(|reasons| !reasons.is_empty()));
    for part in &item.parts {
        measured_part(&format!("{name}.{}", part.name), part, properties);
    }
}

/// A number with the fewest digits that read back as it: `2`, `3.25`, `1e-9`.
fn shortest(number: f64) -> String {
    let text = format!("{number:?}");
    text.strip_suffix(".0").map_or_else(|| text.clone(), str::to_owned)
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What was printed; lines of a board begin with its name.
pub(super) fn output(printed: &[Printed]) -> String {
    let mut text = String::new();
    for piece in printed {
        match &piece.board {
            None => text.push_str(&piece.text),
            Some(board) => {
                for line in piece.text.split_inclusive('\n') {
                    let _ = write!(text, "[{board}] {line}");
                }
            }
        }
    }
    text
}

/// A failure with its places, notes and help; nothing if it has none of them.
fn trace(failure: &Failure) -> String {
    let mut text = String::new();
    for place in &failure.places {
        let label = if place.label.is_empty() { "at" } else { place.label.as_str() };
        let _ = writeln!(text, "{label} {}:{}:{}: {}", place.file, place.line, place.column, place.text.trim());
    }
    for note in &failure.notes {
        let _ = writeln!(text, "note: {note}");
    }
    if let Some(help) = &failure.help {
        let _ = writeln!(text, "help: {help}");
    }
    for other in &failure.others {
        let inner = trace(other);
        text.push_str(if inner.is_empty() { &other.message } else { &inner });
    }
    if text.is_empty() { text } else { format!("{}: {}\n{text}", failure.kind, failure.message) }
}
