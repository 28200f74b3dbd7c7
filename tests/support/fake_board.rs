//! A board in memory: the REPL of MicroPython byte for byte, with faults on demand.
//!
//! For integration tests; include it with `#[path = "support/fake_board.rs"] mod fake_board;`. Uses the public port
//! seam only. Invariant: no threads and no real time. A wait with a deadline on a silent board times out at once.
//!
//! It follows `shared/runtime/pyexec.c` of MicroPython. It cannot run Python: a closure says what each program does.
//! Its friendly REPL has no continuation lines, cursor movements or history.

#[path = "fake_board/checked.rs"]
mod checked;
#[path = "fake_board/log.rs"]
mod log;
#[path = "fake_board/output.rs"]
mod output;
#[path = "fake_board/repl.rs"]
mod repl;
#[cfg(test)]
#[path = "fake_board/tests.rs"]
mod tests;

use belay_script::interrupt;
use belay_script::port::loss::Loss;
use belay_script::port::{Abilities, Port, PortError, Wait};
pub use log::Log;
use output::Output;
pub use output::{Fault, Place};
use repl::Mode;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

/// What a program does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Run {
    /// What it prints. Line ends may be LF or CR LF: they go over the wire as the board's settings say.
    pub stdout: Vec<u8>,
    /// The traceback, if it raises.
    pub error: Option<Vec<u8>>,
    /// What comes after the output.
    pub then: Then,
}

/// How a program ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Then {
    /// It returns or raises.
    #[default]
    Finish,
    /// It runs until Ctrl-C.
    Hang,
    /// It catches Ctrl-C as often as [`Settings::keeps`] says, and prints [`Settings::busy_with`] each time.
    Keep,
    /// The board disappears.
    Vanish,
    /// A soft reset, as by `raise SystemExit`.
    Reboot,
}

impl Run {
    /// Prints `text` and returns.
    pub fn prints(text: impl Into<Vec<u8>>) -> Run {
        Run { stdout: text.into(), ..Run::default() }
    }

    /// Raises; `last` is the last line of the traceback.
    pub fn raises(last: &str) -> Run {
        Run { error: Some(traceback(last)), ..Run::default() }
    }

    /// The same, ending otherwise.
    pub fn then(self, then: Then) -> Run {
        Run { then, ..self }
    }
}

/// A traceback as a board prints it.
fn traceback(last: &str) -> Vec<u8> {
    format!("Traceback (most recent call last):\r\n  File \"<stdin>\", line 1, in <module>\r\n{last}\r\n").into_bytes()
}

/// Support for raw paste.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RawPaste {
    /// It has it.
    Supported,
    /// It replies `R\x00` and its prompt.
    Refused,
    /// Before version 1.14: Ctrl-A clears the line and prints the prompt.
    Unknown,
}

/// Whose firmware a board has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Firmware {
    /// MicroPython.
    #[default]
    MicroPython,
    /// CircuitPython: a reload, also one from raw mode, runs code.py (which prints `main`) and then waits for a key.
    CircuitPython {
        /// Whether code.py only ends with Ctrl-C.
        endless: bool,
        /// What it says when it waits for a key, in whatever language.
        press_any_key: &'static str,
    },
}

/// What kind of board it is.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Its firmware.
    pub firmware: Firmware,
    /// Raw paste.
    pub raw_paste: RawPaste,
    /// Its window, in bytes.
    pub window: u16,
    /// Size of the input ring. Bytes beyond it are lost until the host reads, which gives the board time to consume
    /// what it has. `None`: flow control, nothing is lost.
    pub ring: Option<usize>,
    /// What boot.py prints, at every start.
    pub boot: Vec<u8>,
    /// What main.py prints, at every start into the friendly REPL.
    pub main: Vec<u8>,
    /// Whether what programs print ends lines with CR LF, as on boards; with LF alone otherwise.
    pub crlf: bool,
    /// Whether a program runs at first, until Ctrl-C.
    pub busy: bool,
    /// Number of Ctrl-C presses that a program catches. After a reset it starts again, but does not start if
    /// Ctrl-C is pressed while the board boots.
    pub keeps: usize,
    /// What it prints then. The program that runs at first keeps Ctrl-C, too, if `keeps` is not 0.
    pub busy_with: Vec<u8>,
    /// A line with one of these texts is a syntax error that the compiler finds at once.
    pub refused: Vec<&'static str>,
    /// What the port declares.
    pub abilities: Abilities,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            firmware: Firmware::MicroPython,
            raw_paste: RawPaste::Supported,
            window: 128,
            ring: None,
            boot: Vec::new(),
            main: Vec::new(),
            crlf: true,
            busy: false,
            keeps: 0,
            busy_with: b"nope\r\n".to_vec(),
            refused: Vec::new(),
            abilities: Abilities { soft_reset: true, raw_paste: true, own_flash: true, ..Abilities::default() },
        }
    }
}

type Script = Box<dyn FnMut(&str) -> Run + Send>;

/// State shared by the board and its handle.
struct State {
    settings: Settings,
    script: Script,
    mode: Mode,
    /// Input that the board has not consumed.
    ring: VecDeque<u8>,
    /// The pieces of a program that is to be checked.
    pieces: Vec<Vec<u8>>,
    output: Output,
    log: Log,
}

/// The port that the code under test gets.
pub struct FakeBoard {
    state: Arc<Mutex<State>>,
}

/// The test's handle to a board whose port it gave away.
#[derive(Clone)]
pub struct Handle {
    state: Arc<Mutex<State>>,
}

fn lock(state: &Arc<Mutex<State>>) -> MutexGuard<'_, State> {
    // A test that panicked in its script has failed already.
    state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

impl FakeBoard {
    /// An ordinary board at its friendly prompt, whose start the host has missed. `script` says what a program does.
    pub fn new(script: impl FnMut(&str) -> Run + Send + 'static) -> (FakeBoard, Handle) {
        FakeBoard::with(Settings::default(), script)
    }

    /// A board of another kind.
    pub fn with(settings: Settings, script: impl FnMut(&str) -> Run + Send + 'static) -> (FakeBoard, Handle) {
        let mode = match settings.busy {
            true if settings.keeps > 0 => Mode::Keeping { raw: false, left: settings.keeps },
            true => Mode::Running { raw: false },
            false => Mode::friendly(),
        };
        let state = State {
            settings,
            script: Box::new(script),
            mode,
            ring: VecDeque::new(),
            pieces: Vec::new(),
            output: Output::default(),
            log: Log::default(),
        };
        let state = Arc::new(Mutex::new(state));
        (FakeBoard { state: Arc::clone(&state) }, Handle { state })
    }
}

impl Handle {
    /// Puts in a fault. Positions count the bytes of the board's output from now on.
    pub fn inject(&self, fault: Fault) {
        lock(&self.state).output.inject(fault);
    }

    /// The board prints unrequested output, as a thread does.
    pub fn prints(&self, bytes: &[u8]) {
        lock(&self.state).output.emit(bytes);
    }

    /// Unplugs the board. Earlier output can still be read.
    pub fn unplug(&self) {
        lock(&self.state).output.inject(Fault::GoneAfter(0));
    }

    /// Everything that has happened, including input that the board has not consumed yet.
    pub fn log(&self) -> Log {
        let mut state = lock(&self.state);
        state.consume();
        state.log.clone()
    }
}

impl Port for FakeBoard {
    fn name(&self) -> &str {
        "fake"
    }

    fn abilities(&self) -> Abilities {
        lock(&self.state).settings.abilities
    }

    fn write(&mut self, bytes: &[u8], wait: Wait) -> Result<(), PortError> {
        if wait.interruptible && interrupt::pending() {
            return Err(PortError::Interrupted);
        }
        let mut state = lock(&self.state);
        if state.output.is_gone() {
            return Err(gone());
        }
        state.log.writes.push(bytes.to_vec());
        for &byte in bytes {
            state.receive(byte);
        }
        if state.settings.ring.is_none() {
            state.consume();
        }
        Ok(())
    }

    fn hard_reset(&mut self, _wait: Wait) -> Result<(), PortError> {
        let mut state = lock(&self.state);
        if !state.settings.abilities.hard_reset {
            return Ok(());
        }
        state.ring.clear();
        state.start();
        Ok(())
    }

    fn read(&mut self, buffer: &mut Vec<u8>, wait: Wait) -> Result<usize, PortError> {
        if wait.interruptible && interrupt::pending() {
            return Err(PortError::Interrupted);
        }
        let mut state = lock(&self.state);
        state.consume();
        let bytes = state.output.deliver();
        if !bytes.is_empty() {
            buffer.extend_from_slice(&bytes);
            state.log.delivered.extend_from_slice(&bytes);
            return Ok(bytes.len());
        }
        if state.output.is_gone() {
            return Err(gone());
        }
        if wait.deadline.is_none() {
            return Err(PortError::Gone(Loss::Other(
                "the fake board is silent, and the wait has no deadline".to_owned(),
            )));
        }
        state.log.timeouts += 1;
        state.output.let_late_bytes_come();
        Err(PortError::Timeout)
    }
}

fn gone() -> PortError {
    PortError::Gone(Loss::Other("the fake board was unplugged".to_owned()))
}
