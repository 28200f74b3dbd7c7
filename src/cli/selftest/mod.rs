//! `selftest`: does belay-script work with this board?
//!
//! `table` lists the checks; each is a function that takes a `Bench` and returns an `Outcome`. `report` writes the results.
//!
//! Uses [`crate::device`] and [`crate::repl::conformance`]. Invariant: the board's files are afterwards as they were, whatever
//! happened; if they are not, or that could not be seen, the report says so.

mod bench;
mod facts;
mod files;
mod items;
mod mounting;
mod outcome;
mod output;
mod plug;
mod random;
mod report;
mod scenes;
mod speed;
mod stops;
mod table;
mod values;

use super::arguments::Selftest;
use super::console::Console;
use super::{misuse, progress, session, signals};
use crate::device::Host;
use crate::diagnostic::Diagnostic;
use crate::error::{Error, Kind};
use crate::phrase::did_you_mean;
use crate::script::Sources;
use bench::{Bench, Printed};
use facts::Facts;
use files::Listing;
use outcome::Outcome;
use report::{CheckResult, Discreet, Totals};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use table::{Group, Row};

/// Default time limit of one check.
const CHECK_LIMIT: Duration = Duration::from_secs(120);
/// Time limit of the work before and after the checks.
const TIDY_LIMIT: Duration = Duration::from_secs(120);
/// The exit status if something is wrong.
const WRONG: u8 = 1;

/// Runs the checks and prints their report. Returns the exit status.
///
/// # Errors
/// Unknown check names, or if Ctrl-C cannot be watched; all other errors are printed here.
pub fn selftest(options: &Selftest, console: &Arc<Console>) -> Result<u8, Diagnostic> {
    let rows = table::chosen(&options.only, &options.skip).map_err(|name| unknown(&name))?;
    if options.list {
        console.text(&list(&rows));
        return Ok(0);
    }
    let pressed = Arc::new(AtomicBool::new(false));
    let flag = pressed.clone();
    signals::watch_telling(move || flag.store(true, Ordering::SeqCst))?;
    let printed = Arc::new(Printed::new(console.clone()));
    let host = session::host(&printed, &options.connection)?;
    let sources = Sources::default();
    let outcome = session::guarded(&host, || {
        let bench = Bench::open(host.clone(), printed, pressed, options.quick)?;
        Ok(Test::new(bench, options, console).run(&rows))
    });
    session::finish_recording(&host, console, &sources);
    outcome.or_else(|error: Error| Ok(not_begun(console, &error, &host)))
}

/// No check ran: exit status 3 without a connection.
fn not_begun(console: &Console, error: &Error, host: &Host) -> u8 {
    let others = host.close_all();
    let failures: Vec<Diagnostic> = std::iter::once(error).chain(&others).map(Diagnostic::from_error).collect();
    super::report_failures(console, &failures, &Sources::default())
}

fn unknown(name: &str) -> Diagnostic {
    let rows = table::rows();
    let names = rows.iter().flat_map(|row| [row.name, row.group.name()]);
    let help = match crate::name::nearest(name, names) {
        Some(near) => did_you_mean(near),
        None => "`--list` shows every check".to_owned(),
    };
    misuse(format!("unknown check `{name}`"), help)
}

fn list(rows: &[Row]) -> String {
    let mut text = String::new();
    let mut group = None;
    for row in rows {
        if group != Some(row.group) {
            group = Some(row.group);
            text += &format!("{}\n", row.group.name());
        }
        text += &format!("  {:16} {}\n", row.name, row.about);
    }
    text
}

/// One run.
struct Test<'a> {
    bench: Bench,
    discreet: Discreet,
    console: &'a Arc<Console>,
    options: &'a Selftest,
    lines: Vec<CheckResult>,
    /// Why no check can run any more.
    lost: Option<String>,
}

impl<'a> Test<'a> {
    fn new(bench: Bench, options: &'a Selftest, console: &'a Arc<Console>) -> Test<'a> {
        let discreet = Discreet::new(bench.port());
        Test { bench, discreet, console, options, lines: Vec::new(), lost: None }
    }

    /// Returns the exit status.
    fn run(mut self, rows: &[Row]) -> u8 {
        let begin = Instant::now();
        self.bench.bound(TIDY_LIMIT);
        match Facts::ask(&mut self.bench) {
            Ok(facts) => self.bench.facts = facts,
            Err(error) => {
                let status = not_begun(self.console, &error, &self.bench.host().clone());
                return status;
            }
        }
        let port = self.bench.port().to_owned();
        if !self.options.json {
            self.console.text(&report::head(&self.bench.facts, &port, self.options.quick));
        }
        let before = self.look_at_files(rows);
        let mut group = None;
        for (number, row) in rows.iter().enumerate() {
            if self.bench.is_stopped() {
                break;
            }
            if group != Some(row.group) {
                self.begin(row.group);
                group = Some(row.group);
            }
            let bar = self.watched(&format!("{}/{} {}", number + 1, rows.len(), row.name));
            let line = self.check(row);
            self.unwatched(bar);
            self.note(line);
        }
        self.leave(before);
        self.finish(&port, begin.elapsed())
    }

    /// A group begins on a fresh board.
    fn begin(&mut self, group: Group) {
        if !self.options.json {
            self.console.text(&format!("\n{}\n", group.name()));
        }
        if self.lost.is_none() && !self.lines.is_empty() {
            self.reopen();
        }
    }

    fn reopen(&mut self) {
        if let Err(error) = self.bench.reopen() {
            self.lose(&error);
        }
    }

    fn lose(&mut self, error: &Error) {
        let after = self.lines.last().map_or("the start", |line| line.name);
        self.lost = Some(format!("no connection since `{after}`: {}", error.message()));
    }

    fn check(&mut self, row: &Row) -> CheckResult {
        let begin = Instant::now();
        let outcome = self.outcome(row);
        CheckResult { name: row.name, group: row.group, outcome: self.discreet.outcome(outcome), time: begin.elapsed() }
    }

    fn outcome(&mut self, row: &Row) -> Outcome {
        if let Some(why) = &self.lost {
            return Outcome::wrong("a connection", why.as_str());
        }
        if let Some(reason) = row.lack(&self.bench) {
            return Outcome::Absent(reason.to_owned());
        }
        let limit = self.options.timeout.unwrap_or(CHECK_LIMIT);
        self.bench.bound(limit);
        let checked = row.run(&mut self.bench);
        let late = self.bench.deadline().is_some_and(|deadline| Instant::now() >= deadline);
        self.bench.set_deadline(None);
        let outcome = match checked {
            Ok(outcome) => outcome,
            Err(error) if error.kind() == Kind::TimeoutError && late => {
                Outcome::wrong(format!("the check ends within {} s", limit.as_secs_f64()), "it does not")
            }
            Err(error) => Outcome::of_error(&error),
        };
        let is_well = matches!(outcome, Outcome::Ok(_)) && self.bench.device.is_open();
        if !is_well
            && !self.bench.is_stopped()
            && let Err(error) = self.bench.recover()
        {
            self.lose(&error);
        }
        outcome
    }

    fn note(&mut self, line: CheckResult) {
        // A check that the user stopped has no result.
        if self.bench.is_stopped() {
            return;
        }
        if !self.options.json {
            self.console.text(&report::line(&line));
        }
        self.lines.push(line);
    }

    /// The files before the first check; `None` if no check touches files.
    fn look_at_files(&mut self, rows: &[Row]) -> Option<Result<Listing, Error>> {
        if !rows.iter().any(|row| row.group == Group::Files) {
            return None;
        }
        let bar = self.watched("the board's files");
        self.bench.bound(TIDY_LIMIT);
        let listing = Listing::take(&mut self.bench, !self.options.quick);
        self.unwatched(bar);
        Some(listing)
    }

    /// Removes what the checks have made, and compares the files with those before.
    fn leave(&mut self, before: Option<Result<Listing, Error>>) {
        // The Ctrl-C that ended the checks does not end this.
        crate::interrupt::take();
        let Some(before) = before else { return };
        let begin = Instant::now();
        let bar = self.watched("removing the scratch folder");
        let outcome = self.removed(before).unwrap_or_else(|error| Outcome::of_error(&error));
        self.unwatched(bar);
        let outcome = self.discreet.outcome(outcome);
        let line = CheckResult { name: "left-as-found", group: Group::Files, outcome, time: begin.elapsed() };
        if !self.options.json {
            self.console.text(&format!("\nthe board's files\n{}", report::line(&line)));
        }
        self.lines.push(line);
    }

    fn removed(&mut self, before: Result<Listing, Error>) -> outcome::Checked {
        self.bench.recover()?;
        self.bench.bound(TIDY_LIMIT);
        files::tidy(&mut self.bench)?;
        let before = before?;
        let after = Listing::take(&mut self.bench, !self.options.quick)?;
        let differences = before.differences(&after);
        if differences.is_empty() {
            return Ok(Outcome::Ok(format!("{} files and directories", after.count())));
        }
        // File names are private.
        for difference in &differences {
            self.console.remark(&format!("{difference}\n"));
        }
        Ok(Outcome::wrong("the files that were there before", format!("{} differ", differences.len())))
    }

    fn finish(self, port: &str, time: Duration) -> u8 {
        let stopped = self.bench.is_stopped();
        let Test { bench, console, lines, options, .. } = &self;
        let text = if options.json {
            let json = report::json(&bench.facts, port, options.quick, lines, &bench.measured, time, stopped);
            format!("{json:#}\n")
        } else {
            report::tail(lines, &bench.measured, time)
        };
        console.text(&text);
        bench.close();
        match Totals::of(lines).wrong {
            _ if stopped => {
                console.remark("stopped by Ctrl-C\n");
                Kind::Interrupted.exit_status()
            }
            0 => 0,
            _ => WRONG,
        }
    }

    /// Shows progress on an interactive terminal.
    fn watched(&self, what: &str) -> Option<indicatif::ProgressBar> {
        let bar = self.console.is_watched().then(|| progress::waiting(what));
        self.console.show(bar.clone());
        bar
    }

    fn unwatched(&self, bar: Option<indicatif::ProgressBar>) {
        self.console.show(None);
        if let Some(bar) = bar {
            bar.finish_and_clear();
        }
    }
}
