//! Records a run: tracks running tests, and makes the events of its beginning, its boards and its end.
//!
//! Uses [`crate::bench`]. Invariant: a run has one first and one last event.

use crate::bench::date;
use crate::bench::digests;
use crate::bench::empty::{EmptyRun, NotRun};
use crate::bench::event::{Board, Event, Failure, Instrument, Outcome, RunBegun, SCHEMA};
use crate::bench::record::Record;
use crate::bench::select::{Declared, Names, Selection};
use crate::device::{About, Device};
use crate::diagnostic::Diagnostic;
use crate::error::Kind;
use crate::instrument;
use crate::port::address::Address;
use crate::port::kind::Source;
use crate::script::lock::lock;
use crate::script::run::Run;
use crate::script::run::console::OpenConsole;
use crate::script::run::groups::Frames;
use crate::script::run::lossy::Lossy;
use crate::script::run::monitors::Desks;
use crate::script::run::noted::Evidence;
use crate::script::run::options::RunOptions;
use crate::script::run::results::Results;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// The record of a run.
pub(crate) struct Recorder {
    /// The running tests, and the outcomes of finished ones.
    pub record: Mutex<Record>,
    /// The running groups, and the script around them.
    pub groups: Mutex<Frames>,
    /// The monitors of the running tests.
    pub desks: Desks,
    chosen: Mutex<Chosen>,
    /// Unique ids of boards, by the names of devices. See [`super::identity`].
    pub identities: Mutex<HashMap<String, String>>,
    /// See [`super::evidence`].
    pub evidence: Mutex<Evidence>,
    pub ending: Mutex<Ending>,
    /// What was measured and attached.
    pub results: Mutex<Results>,
    /// Places where integer divisions lost a remainder.
    pub lossy: Mutex<Lossy>,
    /// Running closures of `parallel`.
    parallel: AtomicU64,
}

/// Which tests run.
#[derive(Default)]
struct Chosen {
    selection: Selection,
    /// The script's tests; empty for inputs of a session.
    written: Arc<[Declared]>,
    names: Arc<Names>,
    /// Number of tests that were not selected.
    deselected: usize,
}

/// The end of a run.
#[derive(Default)]
pub(crate) struct Ending {
    /// Errors while closing devices.
    pub closing: Vec<Diagnostic>,
    /// The status passed to `exit(status)`, if called.
    pub exit: Option<u8>,
}

impl Recorder {
    pub fn new(options: &RunOptions) -> Recorder {
        Recorder {
            record: Mutex::default(),
            groups: Mutex::default(),
            desks: Desks::default(),
            chosen: Mutex::new(Chosen { selection: options.selection.clone(), ..Chosen::default() }),
            identities: Mutex::default(),
            evidence: Mutex::default(),
            ending: Mutex::default(),
            results: Mutex::default(),
            lossy: Mutex::default(),
            parallel: AtomicU64::new(0),
        }
    }

    /// Which tests run.
    pub fn selection(&self) -> Selection {
        lock(&self.chosen).selection.clone()
    }

    /// Whether the script may have a test with this name. Inputs of a session may have any.
    pub fn may_be_written(&self, name: &str) -> bool {
        let (written, names) = {
            let chosen = lock(&self.chosen);
            (chosen.written.clone(), chosen.names.clone())
        };
        written.is_empty() || names.called(name, &written).next().is_some()
    }

    /// The name of a test of the script that is nearest to `name`.
    pub fn nearest_written(&self, name: &str) -> Option<String> {
        let written = lock(&self.chosen).written.clone();
        let names: Vec<String> = written.iter().flat_map(|test| [test.name.clone(), test.path().join("/")]).collect();
        crate::name::nearest(name, names.iter().map(String::as_str)).map(str::to_owned)
    }

    /// Sets the selection and the script's tests.
    pub fn choose(&self, selection: Selection, written: Vec<Declared>) {
        let names = Names::new(&written).into();
        *lock(&self.chosen) = Chosen { selection, written: written.into(), names, deselected: 0 };
    }

    /// Counts a test that is not selected.
    pub fn deselect(&self) {
        lock(&self.chosen).deselected += 1;
    }

    /// A call of `parallel` begins. Returns whether it is the only one.
    pub fn begin_parallel(&self) -> bool {
        let depth = self.parallel.fetch_add(1, Ordering::Relaxed) + 1;
        self.note_depth();
        depth == 1
    }

    /// A call of `parallel` has ended. Returns whether it was the last one.
    pub fn end_parallel(&self) -> bool {
        let depth = self.parallel.fetch_sub(1, Ordering::Relaxed) - 1;
        self.note_depth();
        depth == 0
    }

    fn note_depth(&self) {
        let mut record = lock(&self.record);
        record.set_depth(self.parallel.load(Ordering::Relaxed));
    }

    /// Number of running `parallel` closures.
    pub fn depth(&self) -> u64 {
        self.parallel.load(Ordering::Relaxed)
    }
}

/// Host name and operating system: `bench-3, linux x86_64`.
fn computer() -> String {
    #[cfg(unix)]
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    #[cfg(not(unix))]
    let name = std::env::var("COMPUTERNAME").unwrap_or_default();
    let system = format!("{} {}", std::env::consts::OS, std::env::consts::ARCH);
    if name.is_empty() { system } else { format!("{name}, {system}") }
}

impl Run {
    /// Sends an event.
    pub fn emit(&self, event: Event) {
        if let Event::TestBegun(begun) = &event {
            self.note_begun(begun);
        }
        lock(&self.recorder.results).add(&event);
        self.events.emit(event);
    }

    /// The variant of the unit under test.
    pub fn variant(&self) -> Option<String> {
        lock(&self.recorder.results).variant()
    }

    /// Sends a notice for the person at the terminal.
    pub fn notice(&self, text: &str) {
        self.events.emit_notice(text);
    }

    /// Begins the run of a script; returns the time.
    pub fn emit_begin(&self, script: &str, text: Option<&str>) -> Instant {
        let subject = self.options.subject.clone();
        let program = if subject.is_recorded { digests::program().cloned() } else { None };
        let begun = Instant::now();
        self.begin_evidence();
        let folder = std::env::current_dir().map(|folder| folder.to_string_lossy().into_owned()).unwrap_or_default();
        self.emit(Event::RunBegun(RunBegun {
            schema: SCHEMA,
            script: script.to_owned(),
            sha256: text.map(|text| digests::of_bytes(text.as_bytes())).unwrap_or_default(),
            revision: subject.revision,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            utc_offset_s: date::offset_of(date::now()),
            host: computer(),
            folder,
            program,
            station: self.station_file(),
            args: self.options.args.clone(),
            operator: subject.operator,
            serial: subject.serial,
        }));
        begun
    }

    /// The tests of the script, if none of them ran, nothing was measured, and that matters.
    pub fn not_run(&self) -> Option<NotRun> {
        let tally = self.events.tally();
        if self.options.empty == EmptyRun::Ordinary || tally.has_judged() {
            return None;
        }
        let chosen = lock(&self.recorder.chosen);
        let (has_tests, deselected) = (!chosen.written.is_empty(), chosen.deselected);
        Some(NotRun { has_tests, skipped: tally.tests.of(Outcome::Skip), deselected })
    }

    /// Ends the run that began at that time, with these failures; `exit` is the script's status, and `empty` says why no test ran.
    pub fn emit_end(
        &self,
        begun: Instant,
        failure: Option<&Diagnostic>,
        closing: &[Diagnostic],
        exit: Option<u8>,
        empty: Option<String>,
    ) {
        let of_failure = match failure.map(|failure| failure.kind) {
            None => Outcome::Skip,
            Some(Kind::TimeoutError) => Outcome::Timeout,
            Some(_) => Outcome::Error,
        };
        let of_closing = if closing.is_empty() { Outcome::Skip } else { Outcome::Error };
        let said = if exit.unwrap_or(0) == 0 { Outcome::Skip } else { Outcome::Fail };
        // Nothing was judged, so nothing passed.
        let worst = if empty.is_some() { Outcome::Skip } else { self.events.worst() };
        self.emit(Event::RunEnded {
            outcome: worst.max(of_failure).max(of_closing).max(said),
            duration_s: begun.elapsed().as_secs_f64(),
            error: failure.map(|failure| self.failure(failure)),
            closing: closing.iter().map(|failure| self.failure(failure)).collect(),
            empty,
        });
    }

    /// Converts a diagnostic to data, with its excerpts.
    pub fn failure(&self, diagnostic: &Diagnostic) -> Failure {
        Failure::of(diagnostic, |name| self.sources.get(name))
    }

    /// Records an opened device.
    pub fn emit_open(&self, device: &Device, about: About) {
        let board = device.firmware();
        let (major, minor, patch) = board.version;
        let is_program = device.port().parse::<Address>().is_ok_and(|address| address.is_pseudo_terminal());
        let board = Board {
            name: device.name().to_owned(),
            class: device.class().name.clone(),
            port: device.port().to_owned(),
            source: is_program.then_some(Source::Program),
            simulated: false,
            place: self.place_of(device),
            implementation: board.name.clone(),
            firmware: format!("{major}.{minor}.{patch}"),
            platform: board.platform.clone(),
            id: usb_serial_number(device.port()),
            machine: about.machine,
            unique_id: about.unique_id,
        };
        self.emit(Event::BoardOpened(board.with_source()));
    }

    /// Records an opened instrument.
    pub fn emit_instrument(&self, instrument: &instrument::Instrument) {
        let identity = instrument.identity().cloned().unwrap_or_default();
        self.emit(Event::InstrumentOpened(Instrument {
            name: instrument.name().to_owned(),
            class: instrument.class().name.clone(),
            port: instrument.address().to_owned(),
            simulated: instrument.is_simulated(),
            console: false,
            manufacturer: identity.manufacturer,
            model: identity.model,
            serial: identity.serial,
            firmware: identity.firmware,
            calibrated: instrument.calibrated().map(str::to_owned),
        }));
    }

    /// Records an opened console. `class`: its class, or what it is used for.
    pub fn emit_console(&self, open: &OpenConsole, class: &str, simulated: bool) {
        self.emit(Event::InstrumentOpened(Instrument {
            name: open.console.name().to_owned(),
            class: class.to_owned(),
            port: open.console.port().to_owned(),
            simulated,
            console: true,
            ..Instrument::default()
        }));
    }

    /// The place in the station file of a device: that of its name, or of its port.
    fn place_of(&self, device: &Device) -> Option<u32> {
        let boards = &self.host.options().boards;
        let named = boards.iter().position(|(name, _)| name == device.name());
        let place = named.or_else(|| boards.iter().position(|(_, board)| board.port == device.port()));
        place.and_then(|place| u32::try_from(place).ok())
    }
}

/// The serial number of the USB board at a port, as the system knows it.
fn usb_serial_number(port: &str) -> Option<String> {
    port.parse::<Address>().ok()?.usb_board()?.serial_number
}
