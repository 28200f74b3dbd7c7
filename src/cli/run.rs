//! `run`: runs a script on this computer, or a Python file on the board.
//!
//! Uses [`crate::script`]. Invariant: every device that the script opened is closed, even after a panic.

use super::arguments::{Choice, Noting, Run};
use super::console::Console;
use super::launch::Launch;
use super::reporting::{self, Journal};
use super::{is_python, misuse, profile, python_file, readable, report_failures, session, signals, station, watch};
use crate::diagnostic::Diagnostic;
use crate::error::Kind;
use crate::script::Finished;
use std::sync::Arc;
use std::time::Instant;

/// Runs what the command line names; returns the exit status.
///
/// # Errors
/// If the file does not exist.
pub fn run(run: Run, console: &Arc<Console>) -> Result<u8, Diagnostic> {
    readable(&run.script)?;
    if is_python(&run.script) {
        if run.watch {
            return Err(misuse(
                "`--watch` works only with scripts",
                "run a .py file without it: `belay-script run FILE.py`",
            ));
        }
        refuse_reports(&run)?;
        return python_file::run(&run, console);
    }
    if run.watch {
        if run.profile.is_some() {
            return Err(misuse("`--watch` cannot be combined with `--profile`", "leave one of them out"));
        }
        if run.noting != Noting::default() {
            return Err(misuse("`--watch` cannot be combined with reports", "run the script without it for a report"));
        }
        return watch::watch(&run, console);
    }
    let folder = station::reports(&run.connection.station, Some(&run.script), &run.allowed, &run.noting)?;
    let name = run.script.file_stem().unwrap_or_default().to_string_lossy();
    signals::watch()?;
    let journal = Journal::open(&run.noting, folder.as_deref(), &name, console)?;
    let launch = Launch::of_run(&run, console);
    let begun = Instant::now();
    let bench = launch.bench(None, session::recorder(&run.connection)?.as_ref())?;
    let mut runner = launch.runner(&bench, reporting::observer(console, &journal), journal.subject(&run.script));
    let finished = bench.run(&mut runner, &run.script);
    bench.report(&finished, &runner.sources(), console);
    let unwritten = report_failures(console, &journal.finish(false, console), &runner.sources());
    console.finish(&finished.tally);
    if let (Some(profile), Some(file)) = (&launch.profile, &run.profile) {
        profile::report(profile, begun.elapsed(), file.as_deref(), console)?;
    }
    let status = status(&finished, console.broken());
    Ok(if status == 0 { unwritten } else { status })
}

/// A Python file has no tests, and its run emits no events.
fn refuse_reports(run: &Run) -> Result<(), Diagnostic> {
    if run.profile.is_some() {
        return Err(misuse("`--profile` works only with scripts", "leave it out, or run a .rhai script"));
    }
    let asked = run.noting != Noting::default() || run.choice != Choice::default();
    if asked {
        let help = "omit the options for tests and reports, or run a .rhai script";
        return Err(misuse(format!("`{}` is a Python file, which has no tests", run.script.display()), help));
    }
    Ok(())
}

/// The exit status of a run. A failure decides; a failed test, measurement or closing is never a success, whatever
/// `exit` said. `cut_short`: standard output was closed, which stops a script like Ctrl-C.
pub(super) fn status(finished: &Finished, cut_short: bool) -> u8 {
    let failure = finished.failure.as_ref().map(|failure| failure.kind);
    if let Some(kind) = failure.filter(|kind| *kind != Kind::NothingTestedError) {
        return kind.exit_status();
    }
    let closing = finished.closing.first().map(|failure| failure.kind.exit_status());
    let tests = (!finished.tally.passed()).then_some(1);
    let cut_short = cut_short.then_some(Kind::OutputError.exit_status());
    let said = finished.exit.filter(|status| *status != 0);
    said.or(tests).or(closing).or(cut_short).or(failure.map(Kind::exit_status)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::event::Outcome;
    use crate::bench::report::Report;
    use crate::bench::tally::Tally;

    #[test]
    fn exit_statuses() {
        let case = |failure: Option<Kind>, closing: Option<Kind>, test: Outcome, exit: Option<u8>, expected: u8| {
            let tally = Tally { tests: [test].into_iter().collect(), ..Tally::default() };
            let closing = closing.map(|kind| Diagnostic::new(kind, "")).into_iter().collect();
            let failure = failure.map(|kind| Diagnostic::new(kind, ""));
            let finished = Finished { failure, closing, report: Report::default(), tally, exit };
            assert_eq!(status(&finished, false), expected);
        };
        use Outcome::{Fail, Pass, Timeout};
        case(None, None, Pass, None, 0);
        case(None, None, Pass, Some(0), 0);
        case(None, None, Pass, Some(9), 9);
        case(None, None, Fail, None, 1);
        case(None, None, Timeout, Some(0), 1);
        case(None, Some(Kind::DeviceException), Pass, None, 1);
        case(None, Some(Kind::ConnectionLost), Pass, Some(0), 3);
        case(Some(Kind::ParseError), None, Pass, None, 2);
        case(Some(Kind::ConnectionLost), Some(Kind::DeviceException), Fail, None, 3);
        case(Some(Kind::NoMatchingExecuterError), None, Pass, None, 4);
        case(Some(Kind::NothingTestedError), None, Pass, None, 5);
        case(Some(Kind::NothingTestedError), Some(Kind::ConnectionLost), Pass, None, 3);
        case(Some(Kind::InternalError), None, Pass, None, 70);
        case(Some(Kind::Interrupted), None, Fail, None, 130);
    }
}
