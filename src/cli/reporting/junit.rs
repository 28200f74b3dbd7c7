//! Reports as JUnit XML, in the form that Jenkins' xunit plugin defines (its schema "junit-10"), which others read, too.
//!
//! A run is a `testsuite`, a test a `testcase`; what a script failed at outside of tests is a `testcase` of its own.
//! Measurements are in `system-out`. Pure. Invariant: what is written is well-formed XML 1.0, whatever names and output hold.

use crate::bench::event::{Failure, Outcome};
use crate::bench::measurement::Measurement;
use crate::bench::report::{Printed, Report, Test};
use crate::bench::units;
use std::fmt::Write as _;

/// The document of these runs.
pub fn xml(reports: &[Report]) -> String {
    let suites: Vec<Suite<'_>> = reports.iter().map(Suite::new).collect();
    let tests: usize = suites.iter().map(|suite| suite.cases.len()).sum();
    let (failures, errors) = suites.iter().fold((0, 0), |(a, b), suite| (a + suite.failures(), b + suite.errors()));
    let time: f64 = reports.iter().map(|report| report.duration_s).sum();
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        text,
        "<testsuites name=\"belay-script\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" time=\"{}\">",
        seconds(time)
    );
    for suite in &suites {
        suite.write(&mut text);
    }
    text.push_str("</testsuites>\n");
    text
}

/// One test, or what stands for a failure outside of tests.
struct Case<'a> {
    name: String,
    class: String,
    time: f64,
    outcome: Outcome,
    message: String,
    failure: Option<&'a Failure>,
    out: String,
}

struct Suite<'a> {
    report: &'a Report,
    cases: Vec<Case<'a>>,
}

impl<'a> Suite<'a> {
    fn new(report: &'a Report) -> Suite<'a> {
        let script = report.script.strip_suffix(".rhai").unwrap_or(&report.script);
        let mut cases: Vec<Case<'a>> = report.tests.iter().map(|test| of_test(test, script)).collect();
        let loose = report.measurements.iter().filter(|item| !item.outcome.is_good());
        cases.extend(loose.map(|item| Case {
            name: item.name.clone(),
            class: class(script),
            time: 0.0,
            outcome: item.outcome,
            message: said(item),
            failure: None,
            out: String::new(),
        }));
        cases.extend(report.failures().map(|failure| Case {
            name: "script".to_owned(),
            class: class(script),
            time: 0.0,
            outcome: Outcome::Error,
            message: failure.message.clone(),
            failure: Some(failure),
            out: String::new(),
        }));
        Suite { report, cases }
    }

    fn count(&self, outcomes: &[Outcome]) -> usize {
        self.cases.iter().filter(|case| outcomes.contains(&case.outcome)).count()
    }

    fn failures(&self) -> usize {
        self.count(&[Outcome::Fail])
    }

    fn errors(&self) -> usize {
        self.count(&[Outcome::Error, Outcome::Timeout])
    }

    fn write(&self, text: &mut String) {
        let report = self.report;
        let (tests, skipped) = (self.cases.len(), self.count(&[Outcome::Skip]));
        let _ = writeln!(
            text,
            "  <testsuite name=\"{}\" tests=\"{tests}\" failures=\"{}\" errors=\"{}\" skipped=\"{skipped}\" time=\"{}\" timestamp=\"{}\" file=\"{}\">",
            attribute(&report.script),
            self.failures(),
            self.errors(),
            seconds(report.duration_s),
            // Without the fraction and the zone, which readers do not expect.
            attribute(report.started.split('.').next().unwrap_or_default()),
            attribute(&report.script),
        );
        self.properties(text);
        for case in &self.cases {
            case.write(text);
        }
        let out = output(&report.output);
        if !out.is_empty() {
            let _ = writeln!(text, "    <system-out>{}</system-out>", content(&out));
        }
        text.push_str("  </testsuite>\n");
    }

    fn properties(&self, text: &mut String) {
        let report = self.report;
        let mut properties = vec![("version", report.version.clone()), ("sha256", report.sha256.clone())];
        let named = [("revision", &report.revision), ("operator", &report.operator), ("unit", &report.unit)];
        properties.extend(named.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))));
        let boards = report.boards.iter().map(|board| {
            let id = board.id.as_ref().map(|id| format!(", {id}")).unwrap_or_default();
            let said = format!("{} {} on {}, {}{id}", board.implementation, board.firmware, board.platform, board.port);
            ("board", format!("{}: {said}", board.name))
        });
        properties.extend(boards);
        text.push_str("    <properties>\n");
        for (name, value) in properties {
            let _ = writeln!(text, "      <property name=\"{name}\" value=\"{}\"/>", attribute(&value));
        }
        text.push_str("    </properties>\n");
    }
}

impl Case<'_> {
    fn write(&self, text: &mut String) {
        let (name, class) = (attribute(&self.name), attribute(&self.class));
        let _ = write!(text, "    <testcase name=\"{name}\" classname=\"{class}\" time=\"{}\"", seconds(self.time));
        let element = match self.outcome {
            Outcome::Pass | Outcome::Marginal => None,
            Outcome::Skip => Some("skipped"),
            Outcome::Fail => Some("failure"),
            Outcome::Timeout | Outcome::Error => Some("error"),
        };
        if element.is_none() && self.out.is_empty() {
            text.push_str("/>\n");
            return;
        }
        text.push_str(">\n");
        if let Some(element) = element {
            let kind = self.failure.map_or_else(|| self.outcome.word().to_owned(), |failure| failure.kind.clone());
            let (kind, message) = (attribute(&kind), attribute(&self.message));
            let _ = write!(text, "      <{element} type=\"{kind}\" message=\"{message}\"");
            match self.failure.map(trace).filter(|trace| !trace.is_empty()) {
                Some(trace) => _ = writeln!(text, ">{}</{element}>", content(&trace)),
                None => text.push_str("/>\n"),
            }
        }
        if !self.out.is_empty() {
            let _ = writeln!(text, "      <system-out>{}</system-out>", content(&self.out));
        }
        text.push_str("    </testcase>\n");
    }
}

/// What readers show as the package: the script and the groups, divided by points.
fn class(script: &str) -> String {
    script.replace(['/', '\\'], ".")
}

fn of_test<'a>(test: &'a Test, script: &str) -> Case<'a> {
    let failed: Vec<String> = test.measurements.iter().filter(|item| !item.outcome.is_good()).map(said).collect();
    let message = match (&test.error, &test.reason) {
        (Some(error), _) => error.message.clone(),
        (None, Some(reason)) => reason.clone(),
        (None, None) => failed.join("; "),
    };
    let groups = test.group.iter().map(|group| format!(".{group}")).collect::<String>();
    let mut out = output(&test.output);
    for measurement in &test.measurements {
        let _ = writeln!(out, "{} {}", said(measurement), measurement.outcome.word());
    }
    Case {
        name: test.name.clone(),
        class: format!("{}{groups}", class(script)),
        time: test.duration_s,
        outcome: test.outcome,
        message,
        failure: test.error.as_ref(),
        out,
    }
}

/// `supply 3.28 V [3.2 … 3.4]`.
fn said(measurement: &Measurement) -> String {
    let shown = units::show(measurement);
    format!("{} {} {}", measurement.name, shown.value, shown.limits).trim_end().to_owned()
}

fn output(printed: &[Printed]) -> String {
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

/// The places of a failure, its notes and its help.
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
        let _ = writeln!(text, "{}: {}", other.kind, other.message);
        text.push_str(&trace(other));
    }
    text
}

/// Seconds to the millisecond: readers take no more digits.
fn seconds(time: f64) -> String {
    format!("{time:.3}")
}

/// Text as the value of an attribute.
fn attribute(text: &str) -> String {
    content(text).replace('"', "&quot;").replace('\n', "&#10;").replace('\t', "&#9;")
}

/// Text as the content of an element. Characters that XML 1.0 does not have become replacement characters.
fn content(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\r' => escaped.push_str("&#13;"),
            '\n' | '\t' => escaped.push(letter),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            _ => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped() {
        assert_eq!(attribute("a<b>&\"c\"\n\u{1b}[0m"), "a&lt;b&gt;&amp;&quot;c&quot;&#10;\u{fffd}[0m");
        assert_eq!(content("a\n\u{0}\"'"), "a\n\u{fffd}\"'");
    }

    #[test]
    fn outcomes_become_elements() {
        let test = |outcome| Test { name: "t".to_owned(), outcome, ..Test::default() };
        let tests = Outcome::ALL.map(test).to_vec();
        let report = Report { script: "a/b.rhai".to_owned(), tests, ..Report::default() };
        let text = xml(&[report]);
        assert!(text.contains("tests=\"6\" failures=\"1\" errors=\"2\" skipped=\"1\""), "{text}");
        assert!(text.contains("<testcase name=\"t\" classname=\"a.b\" time=\"0.000\"/>"), "{text}");
        assert_eq!(text.matches("<error type=").count(), 2);
    }
}
