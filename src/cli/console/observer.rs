//! Prints the events of a run.
//!
//! Invariant: an event is printed whole, at once; of the tests, only those that run are in memory.

use super::{Console, render, report};
use crate::bench::event::{Event, GroupEnded, GroupKind, OutputChunk, OutputKind, TimedEvent};
use crate::device::Output as _;
use crate::script::{Activity, Observer, Sources};
use crate::visible;

impl Console {
    /// Prints a line of the script.
    pub(super) fn print(&self, text: &str) {
        let mut inner = self.lock();
        inner.end_lines_of_others("");
        let text = inner.safe(text);
        inner.write(format!("{text}\n").as_bytes());
    }

    /// Prints a line of a closure that runs for one of several boards.
    pub(super) fn print_for(&self, board: &str, text: &str) {
        let mut inner = self.lock();
        let text = &inner.safe(text);
        if !inner.prefixing {
            inner.end_lines_of_others("");
            return inner.write(format!("{text}\n").as_bytes());
        }
        if let Some(index) = inner.begun.iter().position(|(name, _)| name == board) {
            let (_, begun) = inner.begun.remove(index);
            inner.line_of(board, &begun);
        }
        inner.board(board, &format!("{text}\n"));
    }

    /// Prints a line of the script's `debug` on standard error, with its place.
    pub(super) fn debug(&self, text: &str, place: Option<&str>) {
        let text = visible::text(text);
        let line = match place {
            Some(place) => format!("{place}: {text}\n"),
            None => format!("{text}\n"),
        };
        self.lock().complain(&line);
    }

    /// Parallel closures start, or have ended.
    pub(super) fn parallel(&self, running: bool) {
        self.lock().parallel = running;
    }

    fn chunk(&self, chunk: &OutputChunk) {
        let OutputChunk { board, text, kind, place, bytes } = chunk;
        let line = text.strip_suffix('\n').unwrap_or(text);
        match (kind, board, bytes) {
            (OutputKind::Debug, ..) => self.debug(line, place.as_deref()),
            (OutputKind::Boot, board, _) => self.boot(board.as_deref().unwrap_or_default(), text),
            (OutputKind::Result, Some(board), Some(bytes)) => self.printed(board, bytes, text),
            (OutputKind::Result, Some(board), None) => self.print_for(board, line),
            (OutputKind::Result, None, _) => self.print(line),
        }
    }
}

impl Observer for Console {
    fn activity(&self, activity: &Activity<'_>) {
        match *activity {
            Activity::OpenDevices(count) => self.open_devices(count),
            Activity::Parallel(running) => self.parallel(running),
            Activity::Transfer { device, progress } => self.transfer(device, progress),
        }
    }

    fn event(&self, line: &TimedEvent, sources: &Sources) {
        match &line.event {
            Event::Output(chunk) => return self.chunk(chunk),
            Event::Notice { seen: true, .. } => return,
            Event::Notice { text, .. } => return self.notice(text),
            _ => {}
        }
        let mut inner = self.lock();
        match &line.event {
            Event::Measured { test: None, measurement } => {
                inner.end_lines_of_others("");
                let lines =
                    report::measurements(std::slice::from_ref(measurement), "", inner.out.colour, inner.out.terminal);
                inner.own_lines(&lines);
            }
            Event::TestEnded { test, error, ends_run, .. } => {
                inner.fold.add(line);
                inner.testing = None;
                inner.remove_bar();
                let Some(ended) = inner.fold.take_test(*test) else { return };
                inner.end_lines_of_others("");
                let lines = report::test(&ended, inner.out.colour, inner.out.terminal);
                inner.own_lines(&lines);
                // The run itself reports what ends it, so it is printed only once.
                if let Some(failure) = error.as_ref().filter(|_| !ends_run) {
                    let text = render::render(&failure.diagnostic(), &|name| sources.get(name), inner.err.colour);
                    inner.complain(&text);
                }
            }
            Event::GroupEnded(GroupEnded {
                group,
                kind: GroupKind::Subtest,
                outcome: Some(outcome),
                reason,
                error,
                ..
            }) => {
                inner.end_lines_of_others("");
                let line = report::subtest(group, *outcome, reason.as_deref(), inner.out.colour);
                inner.own_lines(&line);
                if let Some(failure) = error {
                    let text = render::render(&failure.diagnostic(), &|name| sources.get(name), inner.err.colour);
                    inner.complain(&text);
                }
            }
            Event::Diagnosed { test: None, diagnosis } => {
                inner.end_lines_of_others("");
                let line = report::diagnosis(diagnosis, "", inner.out.colour);
                inner.own_lines(&line);
            }
            Event::TestBegun(begun) => {
                inner.fold.add(line);
                inner.testing = Some(begun.name.clone());
                inner.show_test();
            }
            Event::TestAttempt { .. } | Event::Measured { .. } | Event::Diagnosed { .. } => inner.fold.add(line),
            _ => {}
        }
    }
}
