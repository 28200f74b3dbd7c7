//! Reports as JUnit XML: for Jenkins, GitLab, and whatever reads the files of pytest and Maven Surefire.
//!
//! A run is a `testsuite`, a test a `testcase`; a failure outside of tests is a `testcase` of its own. The form is that of
//! Jenkins' xunit plugin (its schema "junit-10"), with what its JUnit plugin and GitLab read besides: `file`, `line` and
//! `properties` of test cases. Earlier attempts are the elements of Maven Surefire: `flakyFailure` in a test that passed at last,
//! `rerunFailure` in one that did not. Written by hand: quick-junit holds the whole report in memory, and drops characters that
//! XML forbids, which this shows as replacement characters.
//! Invariants: the document is well-formed XML 1.0, whatever names and output contain; no two cases have the same class and name.

mod case;
mod text;

use crate::bench::archive::{Archive, Run};
use crate::bench::event::{Diagnosis, GroupKind, Outcome, Unreached};
use crate::bench::report::{Group, Report};
use crate::bench::simulated;
use crate::bench::tally::Counts;
use crate::phrase::count;
use case::{Case, Names, output};
use std::io::{self, Write};
use text::{attribute, content, cut, properties, seconds};

/// Writes the document of these runs.
///
/// # Errors
/// Of writing, and of reading the archive.
pub fn write(archive: &Archive, to: &mut dyn Write) -> io::Result<()> {
    let suites: Vec<Suite<'_>> = archive.runs().map(Suite::new).collect();
    let mut cases = Counts::default();
    suites.iter().for_each(|suite| cases.add_all(&suite.cases));
    let time: f64 = archive.runs().map(|run| run.head().duration_s).sum();
    let simulated = archive.runs().any(|run| run.head().simulated);
    let name = if simulated { "belay-script (simulated)" } else { "belay-script" };
    writeln!(to, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(to, "<testsuites name=\"{name}\" {} time=\"{}\">", numbers(&cases), seconds(time))?;
    let mut names = Names::default();
    for suite in &suites {
        suite.write(&mut names, to)?;
    }
    writeln!(to, "</testsuites>")
}

/// The attributes with the numbers of cases.
fn numbers(cases: &Counts) -> String {
    let (failures, skipped) = (cases.of(Outcome::Fail), cases.of(Outcome::Skip));
    let errors = cases.of(Outcome::Error) + cases.of(Outcome::Timeout);
    format!("tests=\"{}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\"", cases.total())
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
        failed_groups(run.head()).for_each(|group| cases.add(group.outcome));
        failed_diagnoses(run.head()).for_each(|_| cases.add(Outcome::Fail));
        missed(run.head()).for_each(|_| cases.add(Outcome::Skip));
        Suite { run, cases }
    }

    fn write(&self, names: &mut Names, to: &mut dyn Write) -> io::Result<()> {
        let report = self.run.head();
        let mark = if report.simulated { " (simulated)" } else { "" };
        write!(to, "  <testsuite name=\"{}{mark}\" {}", attribute(cut(&report.script)), numbers(&self.cases))?;
        write!(to, " time=\"{}\"", seconds(report.duration_s))?;
        // Without the fraction and the zone, which readers do not expect: it is UTC.
        let moment = report.started.split('.').next().unwrap_or_default();
        if !moment.is_empty() {
            write!(to, " timestamp=\"{}\"", attribute(moment))?;
        }
        if let Some((host, _)) = report.host.split_once(", ") {
            write!(to, " hostname=\"{}\"", attribute(cut(host)))?;
        }
        writeln!(to, " file=\"{}\">", attribute(cut(&report.script)))?;
        to.write_all(properties("    ", &about(report)).as_bytes())?;
        self.write_cases(names, to)?;
        let out = output(&report.output);
        if !out.is_empty() {
            writeln!(to, "    <system-out>{}</system-out>", content(&out))?;
        }
        let err: String = report.notices.iter().map(|notice| format!("{} {}\n", notice.time, notice.text)).collect();
        if !err.is_empty() {
            writeln!(to, "    <system-err>{}</system-err>", content(&err))?;
        }
        writeln!(to, "  </testsuite>")
    }

    fn write_cases(&self, names: &mut Names, to: &mut dyn Write) -> io::Result<()> {
        let report = self.run.head();
        for saved in self.run.tests() {
            Case::of_test(&saved?.test, report).write(names, to)?;
        }
        for item in self.run.measurements() {
            let item = item?;
            if !item.outcome.is_good() {
                Case::of_measurement(&item, report).write(names, to)?;
            }
        }
        for group in failed_groups(report) {
            Case::of_group(group, report).write(names, to)?;
        }
        for diagnosis in failed_diagnoses(report) {
            Case::of_diagnosis(diagnosis, report).write(names, to)?;
        }
        for failure in self.run.failures() {
            Case::of_failure(failure, report).write(names, to)?;
        }
        for test in missed(report) {
            Case::of_missed(test, report).write(names, to)?;
        }
        Ok(())
    }
}

/// The tests that would have run if the run had not ended before them.
fn missed(report: &Report) -> impl Iterator<Item = &Unreached> {
    report.not_reached.iter().filter(|test| !test.conditional)
}

/// The groups that failed as a whole, outside of their tests.
fn failed_groups(report: &Report) -> impl Iterator<Item = &Group> {
    report.groups.iter().filter(|group| group.error.is_some())
}

/// The failing diagnoses outside of tests.
fn failed_diagnoses(report: &Report) -> impl Iterator<Item = &Diagnosis> {
    report.diagnoses.iter().filter(|diagnosis| diagnosis.failure)
}

/// The properties of a run.
fn about(report: &Report) -> Vec<(String, String)> {
    let mut properties = vec![("version", report.version.clone()), ("sha256", report.sha256.clone())];
    properties.extend(simulated::shown(&report.not_hardware()).map(|boards| ("simulated", boards)));
    let named = [
        ("revision", &report.revision),
        ("operator", &report.operator),
        ("serial", &report.serial),
        ("variant", &report.variant),
    ];
    properties.extend(named.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))));
    if !report.host.is_empty() {
        properties.push(("host", report.host.clone()));
    }
    let boards = report.boards.iter().map(|board| {
        let id = board.id.as_ref().map(|id| format!(", {id}")).unwrap_or_default();
        let said = format!("{} {} on {}, {}{id}", board.implementation, board.firmware, board.platform, board.port);
        ("board", format!("{}: {said}", board.name))
    });
    properties.extend(boards);
    let instruments = report.instruments.iter().map(|one| match one.console {
        true => ("console", format!("{}: {}, {}", one.name, one.class, one.port)),
        false => ("instrument", format!("{}: {}, {}", one.name, one.identity(), one.port)),
    });
    properties.extend(instruments);
    let hashed = |name, path: &str, sha256: &str| (name, format!("{path} sha256:{sha256}"));
    properties.extend(report.program.iter().map(|program| hashed("program", &program.path, &program.sha256)));
    properties.extend(report.station.iter().map(|station| hashed("station", &station.path, &station.sha256)));
    properties.extend(report.inputs.iter().map(|input| hashed("input", &input.path, &input.sha256)));
    properties.extend(report.folders.iter().map(|folder| {
        let files = format!("{} on {}: {}", folder.folder, folder.board, count(folder.count, "file"));
        hashed("folder", &files, folder.sha256.as_deref().unwrap_or("unknown"))
    }));
    properties.extend(report.questions.iter().map(|question| ("question", question.said())));
    let subtests = report.groups.iter().filter(|group| group.kind == GroupKind::Subtest);
    properties.extend(subtests.map(|group| ("subtest", format!("{}: {}", group.path(), group.outcome.word()))));
    properties.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

#[cfg(test)]
mod tests;
