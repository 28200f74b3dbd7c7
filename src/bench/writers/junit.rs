//! Reports as JUnit XML, in the form that Jenkins' xunit plugin defines (its schema "junit-10"), which others read, too.
//!
//! A run is a `testsuite`, a test a `testcase`; a failure outside of tests is a `testcase` of its own.
//! Measurements are in `system-out`. Written by hand: quick-junit holds the whole report in memory, and drops characters that XML
//! forbids, which this shows as replacement characters. Invariant: the document is well-formed XML 1.0, whatever names and output contain.

use crate::bench::archive::{Archive, Run};
use crate::bench::event::{Failure, Outcome};
use crate::bench::measurement::Measurement;
use crate::bench::report::{Printed, Report, Test};
use crate::bench::simulated;
use crate::bench::tally::Counts;
use crate::bench::units;
use crate::phrase::count;
use std::fmt::Write as _;
use std::io::{self, Write};

/// Writes the document of these runs.
///
/// # Errors
/// Of writing, and of reading the archive.
pub fn write(archive: &Archive, to: &mut dyn Write) -> io::Result<()> {
    let suites: Vec<Suite<'_>> = archive.runs().map(Suite::new).collect();
    let tests: usize = suites.iter().map(|suite| suite.cases.total()).sum();
    let (failures, errors) = suites.iter().fold((0, 0), |(a, b), suite| (a + suite.failures(), b + suite.errors()));
    let time: f64 = archive.runs().map(|run| run.head().duration_s).sum();
    writeln!(to, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(
        to,
        "<testsuites name=\"belay-script\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" time=\"{}\">",
        seconds(time)
    )?;
    for suite in &suites {
        suite.write(to)?;
    }
    writeln!(to, "</testsuites>")
}

/// A test, or a failure outside of tests.
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
    run: Run<'a>,
    /// The verdicts of its cases.
    cases: Counts,
}

impl<'a> Suite<'a> {
    fn new(run: Run<'a>) -> Suite<'a> {
        let sums = run.sums();
        let mut cases = sums.tests;
        for outcome in Outcome::ALL.into_iter().filter(|outcome| !outcome.is_good()) {
            (0..sums.loose.of(outcome)).for_each(|_| cases.add(outcome));
        }
        run.failures().iter().for_each(|_| cases.add(Outcome::Error));
        run.head().not_reached.iter().filter(|test| !test.conditional).for_each(|_| cases.add(Outcome::Skip));
        Suite { run, cases }
    }

    fn failures(&self) -> usize {
        self.cases.of(Outcome::Fail)
    }

    fn errors(&self) -> usize {
        self.cases.of(Outcome::Error) + self.cases.of(Outcome::Timeout)
    }

    fn write(&self, to: &mut dyn Write) -> io::Result<()> {
        let report = self.run.head();
        let (tests, skipped) = (self.cases.total(), self.cases.of(Outcome::Skip));
        writeln!(
            to,
            "  <testsuite name=\"{}\" tests=\"{tests}\" failures=\"{}\" errors=\"{}\" skipped=\"{skipped}\" time=\"{}\" timestamp=\"{}\" file=\"{}\">",
            attribute(&if report.simulated { format!("{} (simulated)", report.script) } else { report.script.clone() }),
            self.failures(),
            self.errors(),
            seconds(report.duration_s),
            // Omits the fraction and the zone, which readers do not expect.
            attribute(report.started.split('.').next().unwrap_or_default()),
            attribute(&report.script),
        )?;
        to.write_all(properties(report).as_bytes())?;
        self.write_cases(to)?;
        let out = output(&report.output);
        if !out.is_empty() {
            writeln!(to, "    <system-out>{}</system-out>", content(&out))?;
        }
        writeln!(to, "  </testsuite>")
    }

    fn write_cases(&self, to: &mut dyn Write) -> io::Result<()> {
        let report = self.run.head();
        let script = report.script.strip_suffix(".rhai").unwrap_or(&report.script);
        for saved in self.run.tests() {
            of_test(&saved?.test, script).write(to)?;
        }
        for item in self.run.measurements() {
            let item = item?;
            if item.outcome.is_good() {
                continue;
            }
            let (name, class, message) = (item.name.clone(), class(script), said(&item));
            let (outcome, out) = (item.outcome, String::new());
            Case { name, class, time: 0.0, outcome, message, failure: None, out }.write(to)?;
        }
        for failure in self.run.failures() {
            let case = Case {
                name: "script".to_owned(),
                class: class(script),
                time: 0.0,
                outcome: Outcome::Error,
                message: failure.message.clone(),
                failure: Some(failure),
                out: String::new(),
            };
            case.write(to)?;
        }
        for test in report.not_reached.iter().filter(|test| !test.conditional) {
            let groups = test.group.iter().map(|group| format!(".{group}")).collect::<String>();
            let case = Case {
                name: test.name.clone(),
                class: format!("{}{groups}", class(script)),
                time: 0.0,
                outcome: Outcome::Skip,
                message: format!("not reached: {}", test.reason),
                failure: None,
                out: String::new(),
            };
            case.write(to)?;
        }
        Ok(())
    }
}

fn properties(report: &Report) -> String {
    let mut properties = vec![("version", report.version.clone()), ("sha256", report.sha256.clone())];
    properties.extend(simulated::shown(&report.boards).map(|boards| ("simulated", boards)));
    let named = [("revision", &report.revision), ("operator", &report.operator), ("serial", &report.serial)];
    properties.extend(named.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))));
    let boards = report.boards.iter().map(|board| {
        let id = board.id.as_ref().map(|id| format!(", {id}")).unwrap_or_default();
        let said = format!("{} {} on {}, {}{id}", board.implementation, board.firmware, board.platform, board.port);
        ("board", format!("{}: {said}", board.name))
    });
    properties.extend(boards);
    let inputs = report.inputs.iter().map(|input| ("input", format!("{} sha256:{}", input.path, input.sha256)));
    let program =
        report.program.iter().map(|program| ("program", format!("{} sha256:{}", program.path, program.sha256)));
    let station =
        report.station.iter().map(|station| ("station", format!("{} sha256:{}", station.path, station.sha256)));
    let folders = report.folders.iter().map(|folder| {
        let sha256 = folder.sha256.as_deref().unwrap_or("unknown");
        ("folder", format!("{} on {}: {} sha256:{sha256}", folder.folder, folder.board, count(folder.count, "file")))
    });
    properties.extend(program.chain(station).chain(inputs).chain(folders));
    properties.extend(report.questions.iter().map(|question| ("question", question.said())));
    let mut text = String::from("    <properties>\n");
    for (name, value) in properties {
        let _ = writeln!(text, "      <property name=\"{name}\" value=\"{}\"/>", attribute(&value));
    }
    text.push_str("    </properties>\n");
    text
}

impl Case<'_> {
    fn write(&self, to: &mut dyn Write) -> io::Result<()> {
        let (name, class) = (attribute(&self.name), attribute(&self.class));
        write!(to, "    <testcase name=\"{name}\" classname=\"{class}\" time=\"{}\"", seconds(self.time))?;
        let element = match self.outcome {
            Outcome::Pass | Outcome::Marginal => None,
            Outcome::Skip => Some("skipped"),
            Outcome::Fail => Some("failure"),
            Outcome::Timeout | Outcome::Error => Some("error"),
        };
        if element.is_none() && self.out.is_empty() {
            return writeln!(to, "/>");
        }
        writeln!(to, ">")?;
        if let Some(element) = element {
            let kind = self.failure.map_or_else(|| self.outcome.word().to_owned(), |failure| failure.kind.clone());
            let (kind, message) = (attribute(&kind), attribute(&self.message));
            write!(to, "      <{element} type=\"{kind}\" message=\"{message}\"")?;
            match self.failure.map(trace).filter(|trace| !trace.is_empty()) {
                Some(trace) => writeln!(to, ">{}</{element}>", content(&trace))?,
                None => writeln!(to, "/>")?,
            }
        }
        if !self.out.is_empty() {
            writeln!(to, "      <system-out>{}</system-out>", content(&self.out))?;
        }
        writeln!(to, "    </testcase>")
    }
}

/// The script and the groups, joined by dots; readers show it as the package.
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
    for (number, attempt) in (1..).zip(&test.attempts) {
        let error = attempt.error.as_ref().map(|error| format!(": {}", error.message)).unwrap_or_default();
        let _ = writeln!(out, "attempt {number}: {}{error}", attempt.outcome.word());
        for measurement in &attempt.measurements {
            let _ = writeln!(out, "  {} {}", said(measurement), measurement.outcome.word());
        }
    }
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
    let shown = units::format(measurement);
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

/// Locations, notes and help of a failure.
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

/// Seconds to the millisecond: readers accept no more digits.
fn seconds(time: f64) -> String {
    format!("{time:.3}")
}

/// Escapes text for an attribute value.
fn attribute(text: &str) -> String {
    content(text).replace('"', "&quot;").replace('\n', "&#10;").replace('\t', "&#9;")
}

/// Escapes text for the content of an element. Characters that XML 1.0 forbids become replacement characters.
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
        let mut written = Vec::new();
        write(&Archive::of(&[report]), &mut written).unwrap();
        let text = String::from_utf8(written).unwrap();
        assert!(text.contains("tests=\"6\" failures=\"1\" errors=\"2\" skipped=\"1\""), "{text}");
        assert!(text.contains("<testcase name=\"t\" classname=\"a.b\" time=\"0.000\"/>"), "{text}");
        assert_eq!(text.matches("<error type=").count(), 2);
    }
}
