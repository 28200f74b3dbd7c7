//! `terminal`: a person at a board's prompt; and the same in the middle of a script.
//!
//! Uses [`crate::device`] to open the port, [`pump`], and rustix. Invariant: the terminal has its modes back on every
//! way out, a second signal included ([`restore`]).

use super::arguments::Terminal;
use super::console::Console;
use super::pump::{self, Client, Look};
use super::transcript::Transcript;
use super::{misuse, session, signals};
use crate::device::{self, Connector, Conversation, OpenOptions};
use crate::diagnostic::Diagnostic;
use crate::error::{Error, Kind};
use crate::port::{Port, PortError, Wait};
use crate::script::Sources;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::stdio::stdin;
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, isatty, tcgetattr, tcsetattr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Ctrl-].
const LEAVE: u8 = 0x1d;
/// Time between two attempts to reach the board again.
const PAUSE: Duration = Duration::from_secs(1);

/// The modes that the terminal had, while it is raw.
static SAVED: Mutex<Option<Termios>> = Mutex::new(None);

/// Opens the board's port and passes bytes both ways; gives the exit status.
///
/// # Errors
/// Of the port, the transcript, and ConnectionLost if the board goes after the input has ended.
pub fn terminal(options: &Terminal, console: &Arc<Console>) -> Result<u8, Diagnostic> {
    signals::watch()?;
    let host = session::host(console, &options.connection)?;
    let transcript = options.log.as_deref().map(|path| {
        Transcript::open(path, options.timestamps).map_err(|error| {
            let message = format!("the transcript `{}` cannot be written: {}", path.display(), super::reason(&error));
            misuse(message, "name a file in a folder that exists and that you may write")
        })
    });
    let transcript = transcript.transpose()?;
    let told = |error: Error| Diagnostic::from_error(&error);
    let (written, connector) = host.connector(None, &OpenOptions::default()).map_err(told)?;
    let board = connector(false).map_err(told)?;
    let person = isatty(stdin());
    let mut screen = Screen { transcript, person, ..Screen::new(console, LEAVE) };
    let raw = person.then(Raw::enter).transpose().map_err(told)?;
    if person {
        screen.note(&format!("this is `{written}`; Ctrl-] leaves"));
    }
    let outcome = stay(&mut screen, board, &*connector, &written);
    drop(raw);
    if person {
        console.remark("-- left\n");
    }
    outcome?;
    session::finish_recording(&host, console, &Sources::default());
    Ok(0)
}

/// Pumps, and waits for the board whenever it is gone.
fn stay(screen: &mut Screen, mut board: Box<dyn Port>, connector: &Connector, written: &str) -> Result<(), Diagnostic> {
    loop {
        let forever = Wait { deadline: None, interruptible: true };
        let why = match pump::carry(screen, board.as_mut(), forever) {
            Ok(()) | Err(PortError::Timeout) => return screen.failure(),
            Err(PortError::Interrupted) => return Err(interrupted()),
            Err(PortError::Gone(why)) => why,
        };
        if screen.input != Input::Open {
            let error = Error::new(Kind::ConnectionLost, format!("the connection was lost: {why}"));
            return Err(Diagnostic::from_error(&error.with_help("check the cable and the supply of the board")));
        }
        // The port is freed before it is opened again.
        drop(board);
        screen.note(&format!("{why}; waiting for it to come back"));
        board = match wait_for_board(screen, connector)? {
            Some(board) => board,
            None => return screen.failure(),
        };
        screen.note(&format!("`{written}` is back"));
    }
}

/// Tries each second to open the port. `None` if the person leaves meanwhile; other keys are dropped.
fn wait_for_board(screen: &mut Screen, connector: &Connector) -> Result<Option<Box<dyn Port>>, Diagnostic> {
    loop {
        let wait = Wait::for_at_most(PAUSE);
        loop {
            let slice = match wait.slice() {
                Ok(slice) => slice,
                Err(PortError::Interrupted) => return Err(interrupted()),
                Err(_) => break,
            };
            match screen.look(slice) {
                Ok(Look::Readable) => {
                    screen.take(&mut [0; 256]);
                }
                Ok(Look::Idle) => {}
                _ => return Ok(None),
            }
        }
        match connector(true) {
            Ok(board) => return Ok(Some(board)),
            Err(error) if error.kind().is_a(Kind::ConnectionFailedError) => {}
            Err(error) if error.kind() == Kind::DeviceNotFoundError => {}
            Err(error) => return Err(Diagnostic::from_error(&error)),
        }
    }
}

fn interrupted() -> Diagnostic {
    crate::interrupt::take();
    Diagnostic::new(Kind::Interrupted, "interrupted")
}

/// What has become of the input.
#[derive(Debug, PartialEq, Eq)]
enum Input {
    Open,
    /// No more will come.
    Ended,
    /// The person has left.
    Left,
    /// The transcript cannot be written, for this reason.
    Failed(String),
}

/// Standard input and output as the client of the pump.
struct Screen {
    console: Arc<Console>,
    transcript: Option<Transcript>,
    /// Whether standard input is a terminal.
    person: bool,
    input: Input,
    /// Whether the last byte of an input that is no terminal was a carriage return.
    after_return: bool,
    /// The key that leaves.
    leave: u8,
}

impl Screen {
    /// A person at this terminal, without a transcript.
    fn new(console: &Arc<Console>, leave: u8) -> Screen {
        let console = console.clone();
        Screen { console, transcript: None, person: true, input: Input::Open, after_return: false, leave }
    }

    /// A remark on a line of its own on standard error.
    fn note(&self, text: &str) {
        if self.person {
            self.console.remark(&format!("\r-- {text}\r\n"));
        } else {
            self.console.remark(&format!("-- {text}\n"));
        }
    }

    fn failure(&mut self) -> Result<(), Diagnostic> {
        match &self.input {
            Input::Failed(reason) => Err(misuse(
                format!("the transcript cannot be written any more: {reason}"),
                "make room for it, or name another file",
            )),
            _ => Ok(()),
        }
    }

    /// Makes every line end the carriage return that Enter is, in place. Gives the count.
    fn type_lines(&mut self, piece: &mut [u8], count: usize) -> usize {
        let mut kept = 0;
        for index in 0..count {
            let byte = piece[index];
            let doubled = byte == b'\n' && self.after_return;
            self.after_return = byte == b'\r';
            if !doubled {
                piece[kept] = if byte == b'\n' { b'\r' } else { byte };
                kept += 1;
            }
        }
        kept
    }
}

impl Client for Screen {
    fn look(&mut self, wait: Duration) -> Result<Look, PortError> {
        match self.input {
            Input::Open => {}
            Input::Ended => return Ok(Look::Ending),
            Input::Left | Input::Failed(_) => return Ok(Look::Done),
        }
        let standard_input = stdin();
        let mut watched = [PollFd::new(&standard_input, PollFlags::IN)];
        let timeout = Timespec { tv_sec: 0, tv_nsec: i64::from(wait.subsec_nanos()) as _ };
        match poll(&mut watched, Some(&timeout)) {
            // A hang-up is an end, which reading shows.
            Ok(count) => Ok(if count > 0 { Look::Readable } else { Look::Idle }),
            Err(rustix::io::Errno::INTR) => Ok(Look::Idle),
            Err(error) => Err(PortError::Gone(format!("standard input cannot be watched: {error}"))),
        }
    }

    fn take(&mut self, piece: &mut [u8]) -> usize {
        match rustix::io::read(stdin(), &mut *piece) {
            Ok(0) => {
                self.input = Input::Ended;
                0
            }
            Ok(count) if self.person => {
                let leave = piece[..count].iter().position(|&byte| byte == self.leave);
                if leave.is_some() {
                    self.input = Input::Left;
                }
                leave.unwrap_or(count)
            }
            // Enter is a carriage return; a board takes no other.
            Ok(count) => self.type_lines(piece, count),
            Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => 0,
            Err(_) => {
                self.input = Input::Ended;
                0
            }
        }
    }

    fn give(&mut self, backlog: &mut Vec<u8>) -> Result<(), PortError> {
        if backlog.is_empty() {
            return Ok(());
        }
        // A reader that has gone raises the interrupt, which ends the pump.
        self.console.bytes(backlog);
        if let Some(Err(error)) = self.transcript.as_mut().map(|transcript| transcript.add(backlog)) {
            self.input = Input::Failed(super::reason(&error));
        }
        backlog.clear();
        Ok(())
    }

    fn look_for_room(&mut self, _wait: Duration) -> Result<(), PortError> {
        // Giving waits: there is never a backlog.
        Ok(())
    }
}

/// This terminal, for scripts that hand a board's prompt to the person at it.
pub struct Keyboard {
    /// The program's streams.
    pub console: Arc<Console>,
}

struct Talk {
    screen: Screen,
    raw: Raw,
}

impl device::Terminal for Keyboard {
    fn open(&self, device: &str, port: &str, leave: u8) -> Result<Box<dyn Conversation>, Error> {
        if !isatty(stdin()) {
            return Err(device::unattended());
        }
        let talk = Talk { raw: Raw::enter()?, screen: Screen::new(&self.console, leave) };
        talk.screen.note(&format!("this is `{device}` on `{port}`; {} leaves", key(leave)));
        Ok(Box::new(talk))
    }
}

impl Conversation for Talk {
    fn hold(self: Box<Talk>, board: &mut dyn Port, wait: Wait) -> Result<(), PortError> {
        let Talk { mut screen, raw } = *self;
        let outcome = pump::carry(&mut screen, board, wait);
        drop(raw);
        screen.console.remark("-- left\n");
        outcome
    }
}

/// What a person calls the key of this character.
fn key(character: u8) -> String {
    match character {
        0..=0x1f => format!("Ctrl-{}", char::from(character + 0x40)),
        0x20 => "the space bar".to_owned(),
        0x7f => "Backspace".to_owned(),
        _ => format!("the key `{}`", char::from(character)),
    }
}

/// The terminal of standard input in other modes, until this is dropped. There is one at a time.
pub struct Raw {
    _turn: MutexGuard<'static, ()>,
}

impl Raw {
    /// Raw mode: every key passes as it is.
    fn enter() -> Result<Raw, Error> {
        Raw::with(Termios::make_raw)
    }

    /// Keys come one by one and unseen; Ctrl-C stays a signal, Enter a line end.
    ///
    /// # Errors
    /// If the terminal cannot be changed.
    pub fn keys() -> Result<Raw, Error> {
        Raw::with(|modes| {
            modes.local_modes -= LocalModes::ICANON | LocalModes::ECHO;
            modes.special_codes[SpecialCodeIndex::VMIN] = 1;
            modes.special_codes[SpecialCodeIndex::VTIME] = 0;
        })
    }

    fn with(change: impl FnOnce(&mut Termios)) -> Result<Raw, Error> {
        static TURN: Mutex<()> = Mutex::new(());
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let failed = |error: rustix::io::Errno| {
            let text = format!("the terminal cannot be made raw: {}", super::reason(&error.into()));
            Error::new(Kind::InternalError, text)
        };
        let mut saved = SAVED.lock().unwrap_or_else(PoisonError::into_inner);
        let modes = tcgetattr(stdin()).map_err(failed)?;
        *saved = Some(modes);
        drop(saved);
        let mut changed = tcgetattr(stdin()).map_err(failed)?;
        change(&mut changed);
        tcsetattr(stdin(), OptionalActions::Now, &changed).map_err(failed)?;
        Ok(Raw { _turn: turn })
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        restore();
    }
}

/// Gives the terminal its modes back, if it is raw.
pub fn restore() {
    if let Some(modes) = SAVED.lock().unwrap_or_else(PoisonError::into_inner).take() {
        let _ = tcsetattr(stdin(), OptionalActions::Now, &modes);
    }
}
