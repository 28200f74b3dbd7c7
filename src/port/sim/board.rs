//! [`SimPort`]: the simulated board as a port. What its process does not do by itself, resets and interrupts, is done
//! here.
//!
//! Uses [`super::life`], [`super::interrupt`]. Invariant: between two lives the flash and what the host wrote stay.

use super::SimOptions;
use super::flash::Flash;
use super::interpreter;
use super::interrupt::{Interrupter, Press};
use super::life::{Body, Cause, Event, Life};
use super::receive::Receiver;
use crate::error::{Error, Kind, Result};
use crate::port::pty::Ending;
use crate::port::{Abilities, Port, PortError, Wait};
use std::collections::VecDeque;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

/// Most bytes of output that wait for the host before the board has to.
const OUTPUT_LIMIT: usize = 1 << 20;

/// How many lives in a row may end within [`SHORT_LIFE`] without a prompt.
const SHORT_LIVES: u32 = 10;

/// See [`SHORT_LIVES`].
const SHORT_LIFE: Duration = Duration::from_secs(1);

/// Ctrl-C.
const INTERRUPT: u8 = 3;

/// A simulated board (see the module's description for what it is and is not).
///
/// Soft reset, `sys.exit()` and `machine.soft_reset()` restart it with the same flash, in the mode its REPL was in;
/// `machine.reset()`, a watchdog and the end of a deep sleep restart it in the friendly mode. Killed from outside, it is
/// gone like a board that was unplugged. It ends with the port, or with this process.
#[derive(Debug)]
pub struct SimPort {
    name: String,
    body: Body,
    life: Life,
    interrupter: Interrupter,
    receiver: Receiver,
    /// From the host, not yet passed on.
    input: VecDeque<u8>,
    /// For the host, not yet read.
    output: Vec<u8>,
    /// When the process was last written to.
    written: Option<Instant>,
    short_lives: u32,
    gone: Option<String>,
    /// Whether nothing but the interpreter has run: the flash was empty.
    fresh: bool,
}

impl SimPort {
    /// Starts a simulated board and waits until its flash is mounted. An interpreter that has to be installed first
    /// is announced through `notify`.
    ///
    /// # Errors
    /// [`Kind::FeatureUnavailableError`] if there is no interpreter and none can be installed,
    /// [`Kind::ConnectionFailedError`] if the flash cannot be used or the board does not start.
    pub fn open(options: &SimOptions, notify: &dyn Fn(&str)) -> Result<SimPort> {
        let flash = Flash::open(options)?;
        let interpreter = interpreter::find(notify)?;
        let failed = |reason: String| Error::new(Kind::ConnectionFailedError, reason);
        let started = Body::new(interpreter, flash, options)
            .and_then(|body| Life::start(&body, false, Cause::PowerOn).map(|life| (body, life)));
        let (body, life) = started.map_err(|error| failed(format!("the simulated board does not start: {error}")))?;
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
            // The start has a limit of its own.
            match wait.slice().and_then(|slice| port.listen(false, slice)) {
                Ok(()) => {}
                Err(PortError::Gone(reason)) => {
                    let help = "a flash file must hold a littlefs of this size or be empty; see `BELAY_SCRIPT_MICROPYTHON` \
                        for another interpreter";
                    return Err(failed(reason).with_help(help));
                }
                Err(_) => return Err(Error::new(Kind::Interrupted, "interrupted while the simulated board started")),
            }
        }
        // From now on the flash holds what the board wrote.
        port.body.flash.blank = false;
        Ok(port)
    }

    /// The process of this life.
    #[cfg(all(test, target_os = "linux"))]
    pub(super) fn process(&self) -> rustix::process::Pid {
        self.life.child.pid()
    }

    /// Waits up to `limit` for the board to say something, and restarts it if it reset itself. `pressing`: an
    /// interrupt waits for its moment.
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

    /// Passes on what the host wrote, as far as it goes. Whether an interrupt waits for its moment.
    fn pass_input(&mut self) -> bool {
        if !self.life.listens() {
            // What was typed ahead waits for the prompt; an interrupt is for boot.py.
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
                // An interrupt does not go through the buffer.
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

    /// How many of the next `count` bytes the board takes now; `None`: none, and none is lost yet. Loses what came while its
    /// buffer was full; then it is 0.
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

    /// Elsewhere it is not seen whether code runs: the host waits.
    #[cfg(not(target_os = "linux"))]
    fn taken(&mut self, count: usize) -> Option<usize> {
        Some(count)
    }

    /// Takes the press at `place`.
    fn take_presses(&mut self, place: usize) {
        self.input.remove(place);
    }

    /// Acts as a board does when its process has ended: Ctrl-D and SystemExit end it, and are a soft reset.
    fn ended(&mut self, ending: Ending) -> Result<(), PortError> {
        match ending {
            Ending::Exited(_) => self.reset(Cause::Soft),
            Ending::Signalled(_) => self.leave(format!("the simulated board {ending}")),
            Ending::ClosedTerminal => self.leave("the simulated board closed its terminal".to_owned()),
        }
    }

    /// Starts the next life.
    fn reset(&mut self, cause: Cause) -> Result<(), PortError> {
        let short = !self.life.screen.prompted() && self.life.born.elapsed() < SHORT_LIFE;
        self.short_lives = if short { self.short_lives + 1 } else { 0 };
        if self.short_lives >= SHORT_LIVES {
            return self
                .leave("the simulated board resets again and again: look at its boot.py and main.py".to_owned());
        }
        let raw = cause == Cause::Soft && self.life.is_raw();
        if cause == Cause::Soft {
            // What was typed ahead of the reset waits for what comes after it, as in a board's receive buffer.
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

    /// Starts the next life.
    fn begin(&mut self, raw: bool, cause: Cause) -> Result<(), PortError> {
        match Life::start(&self.body, raw, cause) {
            Ok(life) => {
                self.life = life;
                self.written = None;
                self.interrupter = Interrupter::default();
                self.receiver = Receiver::new(self.body.profile.buffer, Instant::now());
                Ok(())
            }
            Err(error) => self.leave(format!("the simulated board does not start again: {error}")),
        }
    }

    fn leave(&mut self, reason: String) -> Result<(), PortError> {
        self.gone = Some(reason.clone());
        Err(PortError::Gone(reason))
    }
}

impl Port for SimPort {
    fn name(&self) -> &str {
        &self.name
    }

    fn abilities(&self) -> Abilities {
        // Elsewhere the terminal makes the signals, which MicroPython switches off for raw paste.
        Abilities {
            soft_reset: true,
            raw_paste: cfg!(target_os = "linux"),
            own_flash: true,
            simulated: true,
            // A flash file may hold a main.py.
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

    /// Starts the board anew with its boot.py alone: a main.py that keeps Ctrl-C would be reached before Ctrl-C is.
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
        // What was typed ahead, and interrupts, are passed on by reads.
        if self.input.is_empty() && self.output.is_empty() { self.life.child.descriptors() } else { Vec::new() }
    }

    fn write(&mut self, bytes: &[u8], wait: Wait) -> Result<(), PortError> {
        self.input.extend(bytes);
        self.receiver.sent(bytes.len(), Instant::now());
        loop {
            let pressing = self.pass_input();
            // A board that is not at its prompt yet keeps what comes for later.
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
