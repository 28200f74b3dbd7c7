//! The one stream of a run's events.
//!
//! Output and notices of boards arrive as [`Output`] of the run's host, everything else by [`Events::emit`]. Uses [`crate::bench`].
//! Invariants: every event is sent once, in the order of its thread; no lock is held while the observer runs.

use crate::bench::date;
use crate::bench::event::{Event, Outcome, OutputChunk, OutputKind, TimedEvent};
use crate::bench::report::{Report, ReportBuilder};
use crate::bench::tally::Tally;
use crate::device::{Output, Transfer};
use crate::script::lock::lock;
use crate::script::observer::{Activity, Observer};
use crate::script::run::options::RunOptions;
use crate::script::sources::Sources;
use std::sync::{Arc, Mutex};

/// The stream of a run's events.
pub(crate) struct Events {
    observer: Arc<dyn Observer>,
    sources: Sources,
    /// Number of the run.
    run: u32,
    keeps_report: bool,
    recorded: Mutex<Recorded>,
}

/// Events since the run began.
#[derive(Default)]
struct Recorded {
    /// Builds the report, if one is wanted.
    fold: ReportBuilder,
    tally: Tally,
}

impl Events {
    pub fn new(observer: Arc<dyn Observer>, options: &RunOptions, sources: Sources) -> Events {
        let (run, keeps_report) = (options.subject.run.max(1), !options.drops_report);
        Events { observer, sources, run, keeps_report, recorded: Mutex::default() }
    }

    /// Sends an event to the report and the observer, with the current time.
    pub fn emit(&self, event: Event) {
        let line = TimedEvent { at: date::now(), run: self.run, event };
        if line.event.is_recorded() {
            let mut recorded = lock(&self.recorded);
            recorded.tally.add(&line.event);
            if self.keeps_report {
                recorded.fold.add(&line);
            }
        }
        self.observer.event(&line, &self.sources);
    }

    /// Sends output.
    pub fn emit_output(&self, chunk: OutputChunk) {
        let is_empty = chunk.text.is_empty() && chunk.bytes.as_ref().is_none_or(Vec::is_empty);
        if !is_empty {
            self.emit(Event::Output(chunk));
        }
    }

    /// Sends a notice.
    pub fn emit_notice(&self, text: &str) {
        self.emit(Event::Notice { text: text.trim_end().to_owned(), seen: false });
    }

    /// Tells the observer what a display may show.
    pub fn show(&self, activity: &Activity<'_>) {
        self.observer.activity(activity);
    }

    /// The worst verdict so far.
    pub fn worst(&self) -> Outcome {
        lock(&self.recorded).tally.worst()
    }

    /// The verdicts so far, counted.
    pub fn tally(&self) -> Tally {
        lock(&self.recorded).tally.clone()
    }

    /// Takes the report and the verdicts; the next run starts empty.
    pub fn take_report(&self) -> (Report, Tally) {
        let Recorded { mut fold, tally } = std::mem::take(&mut *lock(&self.recorded));
        if fold.is_complete() {
            fold.cut_off();
        }
        (fold.into_report(), tally)
    }
}

impl Output for Events {
    fn board(&self, device: &str, text: &str) {
        self.printed(device, text.as_bytes(), text);
    }

    fn printed(&self, device: &str, bytes: &[u8], text: &str) {
        self.emit_output(OutputChunk {
            board: Some(device.to_owned()),
            text: text.to_owned(),
            bytes: Some(bytes.to_owned()),
            ..OutputChunk::default()
        });
    }

    fn boot(&self, device: &str, text: &str) {
        let (board, text) = (Some(device.to_owned()), text.to_owned());
        self.emit_output(OutputChunk { board, text, kind: OutputKind::Boot, ..OutputChunk::default() });
    }

    fn notice(&self, text: &str) {
        self.emit_notice(text);
    }

    fn open_devices(&self, count: usize) {
        self.show(&Activity::OpenDevices(count));
    }

    fn transfer(&self, device: &str, progress: Option<&Transfer<'_>>) {
        self.show(&Activity::Transfer { device, progress });
    }
}
