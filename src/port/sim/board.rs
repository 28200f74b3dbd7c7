//! [`SimPort`]: the simulated board as a port. Adds what its process does not do itself: resets and interrupts.
//!
//! Uses [`super::life`], [`super::interrupt`]. Invariant: the flash and unread input survive a restart.

use super::SimOptions;
use super::flash::Flash;
use super::interpreter;
use super::interrupt::{Interrupter, Press};
use super::life::{Body, Cause, Event, Life};
use super::receive::Receiver;
use crate::error::{Error, Kind, Result};
use crate::port::loss::Loss;
use crate::port::pty::Ending;
use crate::port::{Abilities, Port, PortError, Wait};
use std::collections::VecDeque;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

/// Most bytes of output buffered for the host before the board has to wait.
const OUTPUT_LIMIT: usize = 1 << 20;

/// How many processes in a row may end within [`SHORT_LIFE`] without a prompt.
const SHORT_LIVES: u32 = 10;

/// See [`SHORT_LIVES`].
const SHORT_LIFE: Duration = Duration::from_secs(1);

/// Ctrl-C.
const INTERRUPT: u8 = 3;

/// A simulated board (see the module's documentation for its limits).
///
/// Soft reset, `sys.exit()` and `machine.soft_reset()` restart it with the same flash, in the same REPL mode;
/// `machine.reset()`, a watchdog and the end of a deep sleep restart it in the friendly mode. If another program kills
/// it, it is gone like an unplugged board. It ends with the port, or with this process.
#[derive(Debug)]
pub struct SimPort {
    name: String,
    body: Body,
    life: Life,
    interrupter: Interrupter,
    receiver: Receiver,
    /// Input from the host, not yet passed on.
    input: VecDeque<u8>,
    /// Output for the host, not yet read.
    output: Vec<u8>,
    /// When the process was last written to.
    written: Option<Instant>,
    short_lives: u32,
    gone: Option<Loss>,
    /// Whether no user code has run: the flash was empty.
    fresh: bool,
}

impl SimPort {
    /// Starts a simulated board and waits until its flash is mounted. Announces the installation of an interpreter through
    /// `notify`.
    ///
    /// # Errors
    /// [`Kind::FeatureUnavailableError`] if no interpreter is found or can be installed,
    /// [`Kind::ConnectionFailedError`] if the flash cannot be used or the board fails to start.
    pub fn open(options: &SimOptions, notify: &dyn Fn(&str)) -> Result<SimPort> {
        let flash = Flash::open(options)?;
        let interpreter = interpreter::find(notify)?;
        let failed = |reason: String| Error::new(Kind::ConnectionFailedError, reason);
        let started = Body::new(interpreter, flash, options)
            .and_then(|body| Life::start(&body, false, Cause::PowerOn).map(|life| (body, life)));
        let (body, life) = started.map_err(|error| failed(format!("the simulated board failed to start: {error}")))?;
        let mut port = SimPort {
            name: options.address(),
            receiver: Receiver::new(body.profile.buffer, Instant::now()),
            body,
            life,
            interrupter: Interrupter::default(),
            input: VecDeque::new(),
            output: Vec::new(),
            written: None,
            short_lives: 0,
            gone: None,
            fresh: options.flash.is_none(),
        };
        let wait = Wait { deadline: None, interruptible: true };
        while !port.life.listens() {
            // The start has its own limit.
            match wait.slice().and_then(|slice| port.listen(false, slice)) {
                Ok(()) => {}
                Err(PortError::Gone(reason)) => {
                    let help = "use a flash file that is empty or holds a littlefs of this size; set `BELAY_SCRIPT_MICROPYTHON` \
                        for another interpreter";
                    return Err(failed(reason.to_string()).with_help(help));
                }
                Err(_) => return Err(Error::new(Kind::Interrupted, "interrupted while the simulated board started")),
            }
        }
        // From now on the flash holds the board's data.
        port.body.flash.blank = false;
        Ok(port)
    }

    /// The current process.
    #[cfg(all(test, target_os = "linux"))]
    pub(super) fn process(&self) -> rustix::process::Pid {
        self.life.child.pid()
    }

    /// Waits up to `limit` for output of the board, and restarts the board if it reset itself. `pressing`: an interrupt is
    /// pending.
    fn listen(&mut self, pressing: bool, limit: Duration) -> Result<(), PortError> {
        if let Some(reason) = &self.gone {
            return Err(PortError::Gone(reason.clone()));
        }
        let limit = if pressing { limit.min(Interrupter::AGAIN) } else { limit };
        let is_full = !self.input.is_empty() && self.receiver.is_full();
        let limit = if is_full { limit.min(Receiver::AGAIN) } else { limit };
        let to_write = self.life.listens() && !is_full && self.input.front().is_some_and(|&byte| byte != INTERRUPT);
        match self.life.look(to_write, self.output.len() < OUTPUT_LIMIT, limit, &mut self.output) {
            Event::None => Ok(()),
            Event::Failed(reason) => self.leave(reason),
            Event::Ended(ending) => self.ended(ending),
            Event::Reset(cause) => self.reset(cause),
        }
    }

    /// Passes on as much of the host's input as possible. Returns whether an interrupt is pending.
    fn pass_input(&mut self) -> bool {
        if !self.life.listens() {
            // Input waits for the prompt; an interrupt goes to boot.py.
            let Some(place) = self.input.iter().position(|&byte| byte == INTERRUPT) else { return false };
            return self.life.interruptible()
                && match self.interrupter.press(&self.life.child, self.written) {
                    Press::Signalled => {
                        self.take_presses(place);
                        false
                    }
                    Press::Byte => false,
                    Press::Later => true,
                };
        }
        loop {
            let bytes = self.input.make_contiguous();
            let count = match bytes.first() {
                None => return false,
                Some(&INTERRUPT) => match self.interrupter.press(&self.life.child, self.written) {
                    Press::Later => return true,
                    Press::Signalled => {
                        self.take_presses(0);
                        continue;
                    }
                    Press::Byte => bytes.iter().take_while(|&&byte| byte == INTERRUPT).count(),
                },
                Some(_) => bytes.iter().take_while(|&&byte| byte != INTERRUPT).count(),
            };
            let Some(count) = self.taken(count) else {
                // An interrupt bypasses the buffer.
                if let Some(place) = self.input.iter().position(|&byte| byte == INTERRUPT) {
                    match self.interrupter.press(&self.life.child, self.written) {
                        Press::Signalled => self.take_presses(place),
                        Press::Byte | Press::Later => return true,
                    }
                }
                return false;
            };
            if count == 0 {
                continue;
            }
            let bytes = self.input.make_contiguous();
            self.life.screen.sent(&bytes[..count]);
            match self.life.child.write(&bytes[..count]) {
                Some(written) if written > 0 => {
                    self.written = Some(Instant::now());
                    self.receiver.took(written, Instant::now());
                    if self.input.front() != Some(&INTERRUPT) {
                        self.interrupter.pass_on();
                    }
                    self.input.drain(..written);
                }
                _ => return false,
            }
        }
    }

    /// How many of the next `count` bytes the board accepts now; `None`: none, and none is lost yet. Drops input that came
    /// while its buffer was full, and then returns 0.
    #[cfg(target_os = "linux")]
    fn taken(&mut self, count: usize) -> Option<usize> {
        if !self.body.profile.loses_input || self.input.front() == Some(&INTERRUPT) {
            return Some(count);
        }
        let now = Instant::now();
        let Some(waiting) = self.life.child.waiting() else { return Some(count) };
        let room = self.receiver.room(waiting, now);
        if room >= count {
            return Some(count);
        }
        if super::safety::doing(self.life.child.pid()) != super::safety::Doing::Catching {
            self.receiver.is_read();
            return Some(count);
        }
        if room > 0 {
            return Some(room);
        }
        let lost = self.receiver.lost(self.input.len(), now).min(count);
        self.input.drain(..lost);
        (lost > 0).then_some(0)
    }

    /// Other systems cannot see whether code runs: the host waits.
    #[cfg(not(target_os = "linux"))]
    fn taken(&mut self, count: usize) -> Option<usize> {
        Some(count)
    }

    /// Handles the Ctrl-C at `place`.
    fn take_presses(&mut self, place: usize) {
        self.input.remove(place);
    }

    /// Acts like a board after its process has ended: Ctrl-D and SystemExit end the process, which is a soft reset.
    fn ended(&mut self, ending: Ending) -> Result<(), PortError> {
        match ending {
            Ending::Exited(_) => self.reset(Cause::Soft),
            Ending::Signalled(_) => self.leave(Loss::SimulatorEnded(ending.to_string())),
            Ending::ClosedTerminal => self.leave(Loss::SimulatorEnded("closed its terminal".to_owned())),
        }
    }

    /// Starts the next process.
    fn reset(&mut self, cause: Cause) -> Result<(), PortError> {
        let short = !self.life.screen.prompted() && self.life.born.elapsed() < SHORT_LIFE;
        self.short_lives = if short { self.short_lives + 1 } else { 0 };
        if self.short_lives >= SHORT_LIVES {
            return self.leave(Loss::SimulatorEnded("keeps resetting: check its boot.py and main.py".to_owned()));
        }
        let raw = cause == Cause::Soft && self.life.is_raw();
        if cause == Cause::Soft {
            // Input from before the reset stays for the next process, as in a board's receive buffer.
            for &byte in self.life.child.unread().iter().rev() {
                self.input.push_front(byte);
            }
            self.output.extend_from_slice(b"MPY: soft reboot\r\n");
        }
        if let Some(name) = cause.of_rom() {
            let line = format!("rst:{:#x} ({name}),boot:0x0 (SIMULATED)\r\n", cause as u8);
            self.output.extend_from_slice(line.as_bytes());
        }
        self.begin(raw, cause)
    }

    /// Starts the next process.
    fn begin(&mut self, raw: bool, cause: Cause) -> Result<(), PortError> {
        match Life::start(&self.body, raw, cause) {
            Ok(life) => {
                self.life = life;
                self.written = None;
                self.interrupter = Interrupter::default();
                self.receiver = Receiver::new(self.body.profile.buffer, Instant::now());
                Ok(())
            }
            Err(error) => self.leave(Loss::SimulatorEnded(format!("failed to restart: {error}"))),
        }
    }

    fn leave(&mut self, reason: Loss) -> Result<(), PortError> {
        self.gone = Some(reason.clone());
        Err(PortError::Gone(reason))
    }
}

impl Port for SimPort {
    fn name(&self) -> &str {
        &self.name
    }

    fn abilities(&self) -> Abilities {
        // On other systems the terminal makes the signals, which MicroPython turns off for raw paste.
        Abilities {
            soft_reset: true,
            raw_paste: cfg!(target_os = "linux"),
            own_flash: true,
            simulated: true,
            // A flash file may contain a main.py.
            fresh: self.fresh,
            hard_reset: true,
            starts_on_open: false,
            holds_back: !self.body.profile.loses_input,
            ..Abilities::default()
        }
    }

    fn takes_now(&self) -> bool {
        self.input.is_empty() && self.life.child.poll(false, true, Duration::ZERO).1
    }

    /// Restarts the board with boot.py only: a main.py that catches Ctrl-C would start before Ctrl-C arrives.
    fn hard_reset(&mut self, _wait: Wait) -> Result<(), PortError> {
        if let Some(reason) = &self.gone {
            return Err(PortError::Gone(reason.clone()));
        }
        self.life.child.kill();
        self.input.clear();
        (self.fresh, self.short_lives) = (false, 0);
        self.begin(true, Cause::Hard)
    }

    fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        // Reads pass on pending input and interrupts.
        if self.input.is_empty() && self.output.is_empty() { self.life.child.descriptors() } else { Vec::new() }
    }

    fn write(&mut self, bytes: &[u8], wait: Wait) -> Result<(), PortError> {
        self.input.extend(bytes);
        self.receiver.sent(bytes.len(), Instant::now());
        loop {
            let pressing = self.pass_input();
            // A board that is not at its prompt yet keeps input for later.
            let room = if self.life.listens() { 0 } else { self.body.profile.buffer };
            if self.gone.is_none() && !pressing && self.input.len() <= room {
                return Ok(());
            }
            if let Err(error) = wait.slice().and_then(|slice| self.listen(pressing, slice)) {
                self.input.clear();
                return Err(error);
            }
        }
    }

    fn read_available(&mut self, buffer: &mut Vec<u8>) -> Result<usize, PortError> {
        if self.output.is_empty() {
            let pressing = self.pass_input();
            self.listen(pressing, Duration::ZERO)?;
        }
        let count = self.output.len();
        buffer.append(&mut self.output);
        Ok(count)
    }

    fn read(&mut self, buffer: &mut Vec<u8>, wait: Wait) -> Result<usize, PortError> {
        loop {
            if !self.output.is_empty() {
                let count = self.output.len();
                buffer.append(&mut self.output);
                return Ok(count);
            }
            let pressing = self.pass_input();
            self.listen(pressing, wait.slice()?)?;
        }
    }
}
