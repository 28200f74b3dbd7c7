//! The state of an open device: its board, the items on it, and how a command runs.
//!
//! Uses [`crate::board`]. Invariant: it is used only under the device's lock, one command at a time.

use crate::board::command::{Command, Outcome, Payload};
use crate::board::large::Receiving;
use crate::board::mount::{PLACE, RemoteFs};
use crate::board::{Board, Helper};
use crate::device::arrivals::OpenStream;
use crate::device::changes::FileChanges;
use crate::device::class::Item;
use crate::device::clock::{Clock, Ticks};
use crate::device::host::Host;
use crate::device::journal::Journal;
use crate::device::limits::{Limit, TEARDOWN_LIMIT};
use crate::device::lines::{LineMap, Mapped, Piece};
use crate::device::lock::lock;
use crate::device::mount::{self, Mount};
use crate::device::output::{Filter, Printed};
use crate::device::pool::Sent;
use crate::device::release::{self, Released};
use crate::device::startup::{self, Imports};
use crate::error::{Error, Kind, Result};
use crate::item::ItemLabel;
use crate::name::Name;
use crate::origin::Origin;
use crate::port::meter::Traffic;
use crate::port::{Abilities, Wait};
use crate::python::scan;
use crate::python::traceback::{Place, Traceback, TracebackFrame};
use crate::repl::restart::RestartText;
use crate::repl::session::Sink;
use crate::repl::{Failure, Responder, Typist};
use std::cell::Cell;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// An item on the board.
pub struct Bound {
    /// The declaration.
    pub item: Arc<Item>,
    /// Whether its body contains its own `yield`.
    pub is_generator: bool,
}

/// The state of a device, under its lock.
pub struct State {
    /// The board; `None` once the device is closed, or its connection could not be restored.
    pub board: Option<Board>,
    /// The items on it, in declaration order.
    pub bound: Vec<Bound>,
    /// The mapping of its functions to script lines.
    pub lines: LineMap,
    /// The filter of its output.
    pub filter: Filter,
    /// Its journal.
    pub journal: Journal,
    /// Its clock, once measured.
    pub clock: Option<Clock>,
    /// Its ticks, and whether the helpers to read them are loaded.
    pub ticks: Option<Ticks>,
    /// See [`State::ticks`].
    pub has_clock: bool,
    /// How many times the board has restarted: everything on it from before is gone.
    pub epoch: u64,
    /// Numbers of generators to free.
    pub garbage: Arc<Mutex<Vec<u64>>>,
    /// Number of the next generator.
    pub next_generator: u64,
    /// Objects to free.
    pub released: Released,
    /// Whether bytes were lost that were sent faster than the board's known pace.
    pub cautious: bool,
    /// The mounted folder of this computer.
    pub mount: Option<Mount>,
    /// The functions on it, as sent.
    pub sent: Vec<Sent>,
    /// The functions that an earlier device left on it; `None` if this device connected it.
    pub kept: Option<Vec<Sent>>,
    /// Functions that are already on it, and are declared next.
    pub unchanged: Vec<Name>,
    /// How the files that it can import have changed.
    pub file_changes: FileChanges,
    /// Whether a thread was started.
    pub has_threads: bool,
    /// The stream whose exchange with the board is open.
    pub stream: Option<OpenStream>,
    /// How the board receives large arguments, once asked.
    pub receiving: Option<Receiving>,
    /// The convenience imports that have not run.
    pub(super) imports: Imports,
    /// Number of the next object that the board keeps.
    next_object: u64,
}

/// A piece of code that runs.
pub struct Run<'a> {
    /// The device's name.
    pub device: &'a str,
    /// The item; `None` for `exec`.
    pub item: Option<&'a ItemLabel>,
    /// The mapping of its module-level lines to script lines.
    pub piece: Option<&'a Piece>,
    /// Its limit.
    pub limit: Limit,
}

/// The patience with a command that may be silent for as long as it likes.
const AGES: Duration = Duration::from_secs(1 << 28);

/// What answers questions.
type Answer<'a> = &'a mut dyn FnMut(&str) -> Vec<u8>;

/// The special options of a piece of code that runs.
#[derive(Default)]
struct Way<'a> {
    /// Receives output byte for byte; else it goes to the host's output as text.
    raw: Option<Sink<'a>>,
    /// Answers questions that are not about the mounted folder.
    answer: Option<Answer<'a>>,
    /// The typist for it.
    typist: Option<Typist<'a>>,
    /// How long it may take, however often it asks.
    longest: Option<Duration>,
    /// Set by an answer after which it runs on.
    pauses: Option<&'a Cell<bool>>,
}

impl State {
    /// The state of a board that was just connected.
    pub fn new(board: Board) -> State {
        State {
            board: Some(board),
            bound: Vec::new(),
            lines: LineMap::default(),
            filter: Filter::default(),
            journal: Journal::default(),
            clock: None,
            ticks: None,
            has_clock: false,
            epoch: 0,
            garbage: Arc::default(),
            next_generator: 1,
            released: Released::default(),
            cautious: false,
            mount: None,
            sent: Vec::new(),
            kept: None,
            unchanged: Vec::new(),
            file_changes: FileChanges::None,
            has_threads: false,
            stream: None,
            receiving: None,
            imports: Imports::default(),
            next_object: 1,
        }
    }

    /// Replaces the board with a restarted one; nothing is on it yet.
    pub fn reset(&mut self, board: Board) {
        self.board = Some(board);
        self.started_anew();
    }

    /// Everything on the board is gone.
    pub fn started_anew(&mut self) {
        self.bound.clear();
        self.epoch += 1;
        self.clock = None;
        self.has_clock = false;
        self.has_threads = false;
        self.imports = Imports::default();
        self.sent.clear();
        self.unchanged.clear();
        self.receiving = None;
        self.stream = None;
        lock(&self.garbage).clear();
        self.released.clear();
        if let Some(mount) = &mut self.mount {
            mount.forget();
        }
    }

    /// Reserves `count` numbers for objects that the board keeps; returns the first.
    pub fn reserve(&mut self, count: u64) -> u64 {
        let first = self.next_object;
        self.next_object += count;
        first
    }

    /// Whether the connection is lost, so no command can run.
    pub fn is_lost(&self) -> bool {
        self.board.as_ref().is_none_or(Board::is_lost)
    }

    fn traffic(&self) -> Traffic {
        self.board.as_ref().map(Board::traffic).unwrap_or_default()
    }

    /// Whether the board is lost, or a program may still run on it.
    pub fn is_unsettled(&self) -> bool {
        self.board.as_ref().is_none_or(|board| board.is_lost() || board.unsettled().is_some())
    }

    /// The item of this name.
    pub fn find(&self, name: &str) -> Option<&Bound> {
        self.bound.iter().find(|bound| *bound.item.name == *name)
    }

    /// Runs a command and returns its payload, or an error in the script's terms.
    pub fn run(&mut self, host: &Host, run: &Run<'_>, command: &Command) -> Result<Payload> {
        self.prepare(host, run, command)?;
        if !command.large().is_empty() {
            return self.run_with_large(host, run, command);
        }
        self.free_garbage(host, run);
        while let Some(freed) = self.take_released() {
            let statement = release::statement(&freed);
            let with_command = command.after(&statement).filter(|_| self.released.is_empty());
            if let Some(with_command) = with_command {
                let outcome = self.run_now(host, run, &with_command);
                if outcome.is_err() {
                    // A command that does not compile has not freed anything either.
                    self.released.put_back(freed);
                }
                return outcome;
            }
            self.free_objects(host, run, freed)?;
        }
        self.run_now(host, run, command)
    }

    /// Runs the convenience imports whose names a command mentions, and loads the helper for bytes if it mentions those.
    fn prepare(&mut self, host: &Host, run: &Run<'_>, command: &Command) -> Result<()> {
        if command.call().is_some() && self.imports.is_empty() {
            return Ok(());
        }
        let imports = self.imports.mentioned(command.code());
        self.import(host, run, imports)?;
        let wants_bytes = self.board.as_ref().is_some_and(Board::may_shorten_bytes) && command.call().is_none();
        if wants_bytes && startup::mentions_bytes(command.code()) {
            self.need(host, &Run { item: None, piece: None, ..*run }, Helper::Bytes)?;
        }
        Ok(())
    }

    /// Runs all convenience imports that have not run.
    pub(super) fn import_all(&mut self, host: &Host, run: &Run<'_>) -> Result<()> {
        let imports = std::mem::take(&mut self.imports);
        self.import(host, run, imports)
    }

    fn import(&mut self, host: &Host, run: &Run<'_>, imports: Imports) -> Result<()> {
        if imports.is_empty() {
            return Ok(());
        }
        let quiet = Run { item: Some(&ItemLabel::Startup), piece: None, ..*run };
        let mut outcome = self.run_now(host, &quiet, &Command::statements(&imports.code()));
        // The board has not all of them.
        if outcome.as_ref().is_err_and(|error| error.kind() == Kind::DeviceException) {
            outcome = self.run_now(host, &quiet, &Command::statements(&imports.careful_code()));
        }
        if outcome.is_err() {
            self.imports.put_back(imports);
        }
        outcome.map(drop)
    }

    /// Frees everything that is pending, so that the next command is sent at once. Failures show there.
    pub fn free(&mut self, host: &Host, run: &Run<'_>) {
        self.free_garbage(host, run);
        while let Some(freed) = self.take_released() {
            if self.free_objects(host, run, freed).is_err() {
                return;
            }
        }
    }

    fn take_released(&mut self) -> Option<Vec<(u64, release::Place)>> {
        let mut freed = self.released.take(self.epoch);
        // Without the helper there are no kept objects: loading it has failed.
        let has_kept = self.has(Helper::Proxies);
        freed.retain(|(_, place)| has_kept || matches!(place, release::Place::Global(_)));
        Some(freed).filter(|freed| !freed.is_empty())
    }

    /// Frees objects in a separate command. Ignores exceptions of the board.
    fn free_objects(&mut self, host: &Host, run: &Run<'_>, freed: Vec<(u64, release::Place)>) -> Result<()> {
        let quiet = Run { device: run.device, item: None, piece: None, limit: run.limit };
        let command = Command::simple(format!("{};__belay(None)", release::statement(&freed)));
        match self.run_now(host, &quiet, &command) {
            Err(error) if error.kind() != Kind::DeviceException => {
                self.released.put_back(freed);
                Err(error)
            }
            _ => Ok(()),
        }
    }

    fn run_now(&mut self, host: &Host, run: &Run<'_>, command: &Command) -> Result<Payload> {
        self.work(host, run, Way::default(), |board, answers, wait, sink| {
            board.run_answering(command, Some(answers), wait, sink)
        })
    }

    /// Runs file-like code whose output goes to `raw`, byte for byte, with input from `typist`.
    pub fn run_raw(
        &mut self,
        host: &Host,
        run: &Run<'_>,
        command: &Command,
        typist: Option<Typist<'_>>,
        raw: &mut dyn FnMut(&[u8]),
    ) -> Result<Payload> {
        self.prepare(host, run, command)?;
        let mut typist = typist;
        let typist = typist.as_mut().map(Typist::again);
        let way = Way { raw: Some(raw), typist, ..Way::default() };
        self.work(host, run, way, |board, answers, wait, sink| board.run_answering(command, Some(answers), wait, sink))
    }

    /// Like [`State::run`], for a command that needs a helper, which is loaded if missing.
    pub fn run_with(&mut self, host: &Host, run: &Run<'_>, helper: Helper, command: &Command) -> Result<Payload> {
        if self.has(helper) {
            return self.run(host, run, command);
        }
        self.prepare(host, run, command)?;
        self.free(host, run);
        self.work(host, run, Way::default(), |board, answers, wait, sink| {
            board.run_with(helper, command, Some(answers), wait, sink)
        })
    }

    /// Runs a command that needs a helper and asks the host meanwhile; each question restarts the timeout. `longest`: how long it
    /// may take in any case.
    pub fn run_answering_with(
        &mut self,
        host: &Host,
        run: &Run<'_>,
        (helper, command): (Helper, &Command),
        longest: Option<Duration>,
        answer: &mut dyn FnMut(&str) -> Vec<u8>,
    ) -> Result<Payload> {
        let way = Way { answer: Some(answer), longest, ..Way::default() };
        self.work(host, run, way, |board, answers, wait, sink| {
            board.run_with(helper, command, Some(answers), wait, sink)
        })
    }

    /// Clears the line at the board's prompt.
    pub fn clear_line(&mut self, host: &Host, run: &Run<'_>) -> Result<()> {
        let done = self.work(host, run, Way::default(), |board, _, _, sink| {
            board.clear_line(sink)?;
            Ok(Outcome::Value(Payload::Repr("None".to_owned())))
        });
        done.map(drop)
    }

    /// Runs a command that asks the host meanwhile, or without one goes on with the command that runs on, until it has ended, or
    /// an answer has set `pauses` while it runs on. `input`: bytes for a command that runs on.
    pub fn run_pausing(
        &mut self,
        host: &Host,
        run: &Run<'_>,
        command: Option<&Command>,
        (pauses, input): (&Cell<bool>, &[u8]),
        answer: &mut dyn FnMut(&str) -> Vec<u8>,
    ) -> Result<Payload> {
        let way = Way { answer: Some(answer), longest: run.limit.timeout, pauses: Some(pauses), ..Way::default() };
        self.work(host, run, way, |board, answers, wait, sink| match command {
            Some(command) => board.run_answering(command, Some(answers), wait, sink),
            None => board.go_on(input, answers, wait, sink),
        })
    }

    /// Whether the board has a helper.
    pub fn has(&self, helper: Helper) -> bool {
        self.board.as_ref().is_some_and(|board| board.has(helper))
    }

    /// Loads a helper if it is missing.
    pub fn need(&mut self, host: &Host, run: &Run<'_>, helper: Helper) -> Result<()> {
        self.work(host, run, Way::default(), |board, answers, wait, sink| board.need(helper, Some(answers), wait, sink))
            .map(|_| ())
    }

    /// Runs something on the board. Everything runs through here, so that requests for the mounted folder are answered, and
    /// its writes are flushed afterwards.
    fn work(
        &mut self,
        host: &Host,
        run: &Run<'_>,
        way: Way<'_>,
        work: impl FnOnce(&mut Board, &mut Responder<'_>, Wait, Sink<'_>) -> Result<Outcome, Failure>,
    ) -> Result<Payload> {
        let before = host.options().profile.as_ref().map(|_| (Instant::now(), self.traffic()));
        let outcome = self.work_once(host, run, way, work);
        if let (Some(profile), Some((begun, before))) = (&host.options().profile, before) {
            let item = run.item.map_or_else(|| "exec, files and the like".to_owned(), ToString::to_string);
            profile.add(run.device, &item, self.traffic().since(before), begun.elapsed());
        }
        match self.flush_mount(host, run) {
            Ok(()) => outcome,
            Err(unwritten) => match outcome {
                Ok(_) => Err(unwritten),
                Err(error) => Err(error.with_other(unwritten)),
            },
        }
    }

    /// Makes the board flush its open files in the mounted folder.
    pub(super) fn flush_mount(&mut self, host: &Host, run: &Run<'_>) -> Result<()> {
        if self.is_lost() || !self.mount.as_ref().is_some_and(Mount::may_be_written) {
            return Ok(());
        }
        // The next command stops a program that has not ended first.
        if self.board.as_ref().is_some_and(|board| board.unsettled().is_some() || board.is_open()) {
            return Ok(());
        }
        // An interrupt or a timeout ends the call, but its earlier writes are still flushed.
        let limit = Limit { timeout: Some(TEARDOWN_LIMIT), interruptible: false };
        let quiet = Run { device: run.device, item: None, piece: None, limit };
        let flush = Command::statements(mount::FLUSH);
        self.work_once(host, &quiet, Way::default(), |board, answers, wait, sink| {
            board.run_answering(&flush, Some(answers), wait, sink)
        })
        .map(|_| ())
        .map_err(|error| unwritten(&error, run))
    }

    fn work_once(
        &mut self,
        host: &Host,
        run: &Run<'_>,
        way: Way<'_>,
        work: impl FnOnce(&mut Board, &mut Responder<'_>, Wait, Sink<'_>) -> Result<Outcome, Failure>,
    ) -> Result<Payload> {
        self.get_back(host, run.device, crate::device::limits::PATIENT)?
            .map_or(Ok(()), |how| Err(self.was_restarted(run.device, how)))?;
        if self.is_lost() {
            return Err(lost(run.device));
        }
        let patience = run.limit.timeout.or(way.pauses.map(|_| AGES)).filter(|_| way.answer.is_some());
        let timeout = way.longest.or(run.limit.timeout.filter(|_| patience.is_none()));
        let whole = Limit { timeout, ..run.limit };
        let (wait, ends_run) = wait(host, whole);
        let State { board, lines, filter, mount, .. } = self;
        let board = board.as_mut().ok_or_else(|| lost(run.device))?;
        let mut shown = |bytes: &[u8]| filter.feed(bytes, lines).show(host.output(), run.device);
        let Way { raw, answer: mut other, mut typist, pauses, .. } = way;
        let typist = typist.as_mut().map(Typist::again);
        let mut answer = |question: &str| match (mount.as_mut(), other.as_mut()) {
            (Some(mount), _) if RemoteFs::is_asked(question) => mount.answer(question),
            (_, Some(other)) => (*other)(question),
            _ => Vec::new(),
        };
        let mut answers = Responder { answer: &mut answer, patience, typist, pauses };
        let sink: Sink<'_> = match raw {
            Some(raw) => &mut *raw,
            None => &mut shown,
        };
        let mut restart = RestartText::default();
        let outcome = work(board, &mut answers, wait, &mut |bytes| restart.feed(bytes, sink));
        match (&outcome, restart.take()) {
            (_, held) if held.is_empty() => {}
            (Err(Failure::Restarted | Failure::Lost(_) | Failure::Stuck(_)), held) => {
                let text = Filter::default().whole(&held, lines).text;
                // The error that follows starts on a new line.
                host.output().boot(run.device, &format!("{}\n", text.trim_end()));
            }
            (_, held) => sink(&held),
        }
        match outcome {
            Ok(Outcome::Value(payload)) => Ok(payload),
            Ok(Outcome::Raised(text)) => Err(self.raised(run, &text)),
            Err(Failure::Paused) => Ok(Payload::Repr(String::new())),
            Err(failure) => {
                let running = board.unsettled().map(<[u8]>::to_vec);
                let passed = || wait.deadline.is_some_and(|deadline| Instant::now() >= deadline);
                let abilities = board.abilities();
                Err(failed(failure, abilities, run, ends_run && (patience.is_none() || passed()), running.as_deref()))
            }
        }
    }

    /// Frees unused generators. Ignores exceptions in their `finally` blocks.
    pub fn free_garbage(&mut self, host: &Host, run: &Run<'_>) {
        let numbers = std::mem::take(&mut *lock(&self.garbage));
        // Without the helper there are no generators: loading it has failed.
        if !self.board.as_ref().is_some_and(|board| board.has(Helper::Generators)) {
            return;
        }
        for number in numbers {
            let command = Command::statements(&format!("__belay_c({number})"));
            let quiet = Run { device: run.device, item: None, piece: None, limit: run.limit };
            if self.run_now(host, &quiet, &command).is_err() {
                break;
            }
        }
    }

    /// Passes on the board's unsolicited output.
    pub fn drain(&mut self, host: &Host, device: &str) {
        let State { board, lines, filter, .. } = self;
        let Some(board) = board.as_mut() else { return };
        let mut printed = Printed::default();
        // A lost connection shows at the next command, or as teardowns that cannot run.
        let _ = board.drain(&mut |bytes| printed.extend(&filter.feed(bytes, lines)));
        printed.extend(&filter.flush());
        printed.show(host.output(), device);
    }

    /// Puts an item on the board and records it.
    pub fn bind(&mut self, host: &Host, device: &str, item: &Arc<Item>, limit: Limit) -> Result<()> {
        self.place(host, device, item, limit)?;
        self.journal.declared(item);
        Ok(())
    }

    /// Puts an item on the board: the source of a task or thread is sent now, that of a setup or teardown when it runs.
    pub fn place(&mut self, host: &Host, device: &str, item: &Arc<Item>, limit: Limit) -> Result<()> {
        let label = item.label();
        let lives = self.unchanged.iter().position(|name| *name == item.name);
        if lives.is_none() {
            self.lines.forget(&label.to_string());
        }
        if let Some(index) = lives {
            self.unchanged.remove(index);
        } else if item.kind.is_function() {
            let prepared = crate::device::source::function(item, &self.lines)?;
            let run = Run { device, item: Some(&label), piece: Some(&prepared.piece), limit };
            let command = Command::statements(&prepared.source);
            self.run(host, &run, &command)
                .map_err(|error| crate::device::source::not_compiled(error, item, self.arch()))?;
            self.lines.insert(&prepared.defined, &prepared.piece);
            self.sent.retain(|sent| sent.name != item.name);
            let (text, blank) = (prepared.text().to_owned(), prepared.blank);
            self.sent.push(Sent { name: item.name.clone(), text, blank });
        } else {
            // Reject it now instead of when it runs.
            crate::device::source::globals(item, &[], &self.lines)?;
        }
        let is_generator = item.kind.is_function() && scan::has_yield(&item.body.text);
        let bound = Bound { item: item.clone(), is_generator };
        match self.bound.iter().position(|other| other.item.name == item.name) {
            Some(index) => self.bound[index] = bound,
            None => self.bound.push(bound),
        }
        Ok(())
    }

    /// The board's architecture as it names it, for example `armv6m`; empty if unknown.
    pub fn arch(&self) -> &str {
        self.board.as_ref().map_or("", |board| board.identity().arch.as_str())
    }

    /// The names of everything that can be called.
    pub fn callable(&self) -> impl Iterator<Item = &Name> {
        self.bound.iter().filter(|bound| bound.item.options.register).map(|bound| &bound.item.name)
    }

    fn raised(&self, run: &Run<'_>, text: &str) -> Error {
        let traceback = Traceback::parse(text);
        let place = |frame: &TracebackFrame| self.script_place(run, frame);
        let mapped = |frame: &TracebackFrame| {
            let Mapped { origin, line, .. } = place(frame)?;
            Some(match origin {
                Some(origin) => Place { file: origin.file.to_string(), line: origin.line, source: None },
                None => Place { file: frame.file.clone(), line, source: None },
            })
        };
        let exception = traceback.exception.trim_end();
        let mut error = Error::raised(exception).with_device(run.device).with_item_if(run.item);
        for frame in traceback.frames.iter().rev() {
            if let Some(origin) = place(frame).and_then(|mapped| mapped.origin) {
                error = error.with_origin(origin);
            }
        }
        let mounted = self.mount.as_ref().and_then(|mount| mount.help(&traceback));
        if let Some(help) = mounted.or(crate::device::link_errors::help(&traceback)) {
            error = error.with_help(help);
        }
        let mut shown = traceback.clone();
        let host_side = |name: &str| name.starts_with("__belay") || (name == "<module>" && run.piece.is_none());
        shown.retain_frames(|frame| !(frame.file == "<stdin>" && frame.name.as_deref().is_some_and(host_side)));
        error.with_traceback(shown.format(mapped))
    }

    fn script_place(&self, run: &Run<'_>, frame: &TracebackFrame) -> Option<Mapped> {
        if frame.file != "<stdin>" {
            let file = self.mount.as_ref()?.file_of(&frame.file)?;
            let (origin, line) = (Some(Origin::new(file, frame.line, 1)), frame.line);
            return Some(Mapped { origin, line, item: String::new() });
        }
        match frame.name.as_deref() {
            // A SyntaxError's frame has no name: it is in the code just sent.
            None | Some("<module>") => run.piece?.map(frame.line),
            Some(name) => self.lines.find(name, frame.line),
        }
    }
}

/// The wait for a limit, and whether the run's deadline comes first.
pub fn wait(host: &Host, limit: Limit) -> (Wait, bool) {
    let own = limit.timeout.map(|timeout| Instant::now() + timeout);
    let run = host.deadline().filter(|_| limit.interruptible);
    let wait = Wait { deadline: own, interruptible: limit.interruptible }.until(run);
    (wait, run.is_some() && wait.deadline == run)
}

fn failed(failure: Failure, abilities: Abilities, run: &Run<'_>, ends_run: bool, running: Option<&[u8]>) -> Error {
    crate::device::link_errors::error(failure, abilities, run.limit.timeout.filter(|_| !ends_run), running)
        .with_device(run.device)
        .with_item_if(run.item)
}

/// The error of any use of a closed device.
pub fn closed(device: &str) -> Error {
    Error::new(Kind::ClosedError, "the device is closed")
        .with_device(device)
        .with_help("open it again, or close it later")
}

/// The error of a device whose lost connection was not restored.
pub fn lost(device: &str) -> Error {
    Error::new(Kind::ConnectionLost, "the connection is lost")
        .with_device(device)
        .with_help("restore it with `reconnect()`, or open the device with `#{ attempts: 3 }`")
}

/// Adds the position of the call to an error.
pub fn called_at(error: Error, at: Option<&Origin>) -> Error {
    match at {
        Some(at) => error.with_origin(at.clone()),
        None => error,
    }
}

/// The error of a board whose last writes to the mounted folder were lost.
pub(super) fn unwritten(error: &Error, run: &Run<'_>) -> Error {
    let message = format!("what was written to `{PLACE}` at the end is lost: {}", error.message());
    let help = error.help().unwrap_or("close files, or call `flush()`, to get such errors where they happen");
    Error::new(error.kind(), message).with_device(run.device).with_item_if(run.item).with_help(help)
}
