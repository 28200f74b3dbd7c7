//! One life of a simulated board: its process, from start to reset.
//!
//! Uses [`super::screen`] and the port layer's terminals. Invariant: until the flash is mounted, no input
//! reaches the process, and no output of its start reaches the host.

use super::SimOptions;
#[cfg(target_os = "linux")]
use super::confine::Confinement;
use super::flash::{Flash, file_of, random_text};
use super::interpreter::Interpreter;
use super::profile::Profile;
use super::screen::{Mode, RAW_BANNER, Screen};
use crate::port::loss::Loss;
use crate::port::pty::{Child, Ending, Incoming};
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::Command;
use std::time::{Duration, Instant};

/// The simulator's modules on a board; the first mounts the flash and runs boot.py, the others are imported on demand.
const BOOT: &str = include_str!("board/boot.py");
const MODULES: &[(&str, &str)] = &[
    ("_sim.py", include_str!("board/_sim.py")),
    ("machine.py", include_str!("board/machine.py")),
    ("_sim_adc.py", include_str!("board/_sim_adc.py")),
    ("_sim_i2c.py", include_str!("board/_sim_i2c.py")),
    ("_sim_network.py", include_str!("board/_sim_network.py")),
    ("_sim_onewire.py", include_str!("board/_sim_onewire.py")),
    ("_sim_pin.py", include_str!("board/_sim_pin.py")),
    ("_sim_pin_id.py", include_str!("board/_sim_pin_id.py")),
    ("_sim_pwm.py", include_str!("board/_sim_pwm.py")),
    ("_sim_signal.py", include_str!("board/_sim_signal.py")),
    ("_sim_spi.py", include_str!("board/_sim_spi.py")),
    ("_sim_time.py", include_str!("board/_sim_time.py")),
    ("_sim_sys.py", include_str!("board/_sim_sys.py")),
    ("_sim_uart.py", include_str!("board/_sim_uart.py")),
    ("dht.py", include_str!("board/dht.py")),
    ("ds18x20.py", include_str!("board/ds18x20.py")),
    ("neopixel.py", include_str!("board/neopixel.py")),
    ("onewire.py", include_str!("board/onewire.py")),
];

/// Extra heap bytes for the simulator's modules, which a real board does not have in memory.
const OVERHEAD: u64 = 48 * 1024;

/// How long a board may take to mount its flash.
const MOUNT_LIMIT: Duration = Duration::from_secs(15);

/// How long a board may take to close its files at a soft reset.
const CLOSE_LIMIT: Duration = Duration::from_secs(2);

/// Most bytes that it may print before that.
const START_LIMIT: usize = 64 * 1024;

/// Why a board was reset, as `machine.reset_cause()` returns it (the numbers are the ESP32's).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    PowerOn = 1,
    Hard = 2,
    Watchdog = 3,
    DeepSleep = 4,
    Soft = 5,
}

impl Cause {
    /// The cause for the letter with which a board announces its reset.
    fn of_letter(letter: u8) -> Option<Cause> {
        match letter {
            b'H' => Some(Cause::Hard),
            b'W' => Some(Cause::Watchdog),
            b'D' => Some(Cause::DeepSleep),
            b'S' => Some(Cause::Soft),
            _ => None,
        }
    }
}

impl Cause {
    /// The cause as an ESP32's boot ROM prints it before boot.py runs; `None` for causes that no ROM sees. Boards with native
    /// USB vanish from the bus instead, which a simulated board does not do: it prints this line.
    pub(super) fn of_rom(self) -> Option<&'static str> {
        match self {
            Cause::PowerOn | Cause::Soft => None,
            Cause::Hard => Some("SW_RESET"),
            Cause::Watchdog => Some("WDT_RESET"),
            Cause::DeepSleep => Some("DEEPSLEEP_RESET"),
        }
    }
}

/// Everything needed to start a board's process, for each of its lives.
#[derive(Debug)]
pub(super) struct Body {
    pub(super) interpreter: std::sync::Arc<Interpreter>,
    pub(super) flash: Flash,
    /// The first code, with native functions and without.
    boot: [File; 2],
    /// The simulator's modules, one after the other.
    rom: File,
    pub(super) heap: Option<u64>,
    pub(super) name: String,
    pub(super) profile: &'static Profile,
    crlf: bool,
}

impl Body {
    pub(super) fn new(
        interpreter: std::sync::Arc<Interpreter>,
        flash: Flash,
        options: &SimOptions,
    ) -> io::Result<Body> {
        let text: String =
            MODULES.iter().map(|(_, source)| *source).collect::<String>() + options.board.module().as_str();
        let name = if options.name.is_empty() { "sim" } else { &options.name };
        let rom = file_of(text.as_bytes())?;
        // If the interpreter cannot emit native code for this machine, it rejects the decorator.
        let boot = [file_of(BOOT.as_bytes())?, file_of(BOOT.replace("@micropython.native", "").as_bytes())?];
        let (profile, name) = (options.board, name.to_owned());
        let heap = options.heap.or(profile.heap.map(|heap| heap + OVERHEAD));
        Ok(Body { interpreter, flash, boot, rom, heap, name, profile, crlf: options.crlf })
    }

    /// The code that MicroPython starts with: it runs `boot.py` and leaves no globals.
    fn code(&self, [flash, rom, native, plain]: [i32; 4], raw: bool, cause: Cause, token: &str, mark: &str) -> String {
        let mut files = String::new();
        let mut place = 0;
        for (name, source) in MODULES {
            files.push_str(&format!(";{name}:{place}+{}", source.len()));
            place += source.len();
        }
        files.push_str(&format!(";_sim_board.py:{place}+{}", self.profile.module().len()));
        let truth = |value: bool| if value { "True" } else { "False" };
        let name: String = self.name.bytes().map(|byte| format!("\\x{byte:02x}")).collect();
        // Read from a file, so that the source is never held in memory as a whole.
        let descriptors = if cfg!(target_os = "linux") { "/proc/self/fd" } else { "/dev/fd" };
        format!(
            "f=open({rom},'rb')\n\
             g={{'MAIN':globals(),'ROM':f,'FLASH':{flash},'SIZE':{size},'FORMAT':{blank},'FILES':'{files}',\
             'BOARD':{board},'RAW':{raw},'CAUSE':{cause},'NAME':b'{name}','TOKEN':'{token}','MARK':b'\\xff{mark}'}}\n\
             try:execfile('{descriptors}/{native}',g)\nexcept SyntaxError:execfile('{descriptors}/{plain}',g)\ndel f,g",
            board = self.profile.facts(),
            size = self.flash.size,
            blank = truth(self.flash.blank),
            raw = truth(raw),
            cause = cause as u8,
        )
    }
}

/// The progress of a start.
#[derive(Debug, PartialEq, Eq)]
enum Stage {
    /// The flash is not mounted yet.
    Mounting,
    /// boot.py runs, before the raw REPL.
    Booting,
    /// The raw REPL was requested.
    Entering,
    /// It is connected to the host.
    Running,
}

/// What a check of the process found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// Nothing, or output.
    None,
    /// The process ended.
    Ended(Ending),
    /// The board announced its reset; the process has been killed.
    Reset(Cause),
    /// The start failed; the reason.
    Failed(Loss),
}

/// A running process.
#[derive(Debug)]
pub(super) struct Life {
    pub(super) child: Child,
    pub(super) screen: Screen,
    stage: Stage,
    /// Output of the process before the mount, hidden from the host.
    token: Vec<u8>,
    /// Output that is not processed yet.
    held: Vec<u8>,
    raw: bool,
    pub(super) born: Instant,
    /// Since when files are being closed.
    closing: Option<Instant>,
}

impl Life {
    /// Starts a process. With `raw`, skips main.py and enters the raw REPL.
    pub(super) fn start(body: &Body, raw: bool, cause: Cause) -> io::Result<Life> {
        let (token, mark) = (random_text()?, random_text()?);
        let files = [&body.flash.file, &body.rom, &body.boot[0], &body.boot[1]];
        let keep: Vec<OwnedFd> = files.iter().map(|file| Ok(file.try_clone()?.into())).collect::<io::Result<_>>()?;
        let numbers = std::array::from_fn(|index| keep[index].as_raw_fd());
        let code = body.code(numbers, raw, cause, &token, &mark);
        let mut command = body.interpreter.command();
        command.arg("-i");
        if let Some(heap) = body.heap {
            command.arg("-X").arg(format!("heapsize={heap}"));
        }
        command.arg("-c").arg(code).current_dir("/");
        // Hide the host's settings for MicroPython, and HOME, where it keeps the prompt's history.
        command.env_remove("MICROPYPATH").env_remove("MICROPYINSPECT").env_remove("HOME");
        let mut child = spawn(body, command, keep)?;
        child.hold_unread()?;
        let token = format!("{token}\n").into_bytes();
        let (screen, born) = (Screen::new(body.crlf, &mark), Instant::now());
        Ok(Life { child, screen, stage: Stage::Mounting, token, held: Vec::new(), raw, born, closing: None })
    }

    /// Whether the host's bytes may be passed on.
    pub(super) fn listens(&self) -> bool {
        self.stage == Stage::Running
    }

    /// Whether Ctrl-C may be passed on: it may interrupt boot.py.
    pub(super) fn interruptible(&self) -> bool {
        matches!(self.stage, Stage::Running | Stage::Booting)
    }

    /// Whether a soft reset returns to the raw REPL.
    pub(super) fn is_raw(&self) -> bool {
        self.raw && self.stage != Stage::Running || self.screen.mode() == Mode::Raw
    }

    /// Waits up to `limit` for an event; with `to_read`, appends the host's output to `output`.
    pub(super) fn look(&mut self, to_write: bool, to_read: bool, limit: Duration, output: &mut Vec<u8>) -> Event {
        let (readable, _) = self.child.poll(to_read, to_write, limit);
        if readable {
            let before = self.held.len();
            let incoming = self.child.read(&mut self.held);
            if self.held.len() > before {
                self.sort(output);
            }
            if incoming == Incoming::Closed {
                let ending = self.child.finish();
                return self.ended(ending, output);
            }
            if let Some(cause) = self.screen.reset().and_then(Cause::of_letter) {
                self.child.kill();
                return Event::Reset(cause);
            }
        } else if let Some(ending) = self.child.ending() {
            // Its last output; a process that it started may still hold the terminal open.
            while let Incoming::Bytes(_) = self.child.read(&mut self.held) {
                self.sort(output);
            }
            return self.ended(ending, output);
        }
        if self.screen.closes() && self.closing.get_or_insert_with(Instant::now).elapsed() > CLOSE_LIMIT {
            self.child.kill();
            return Event::Reset(Cause::Soft);
        }
        match self.stage {
            Stage::Mounting if self.held.ends_with(b">>> ") => self.failed("it has no flash"),
            Stage::Mounting if self.held.len() > START_LIMIT => self.failed("its output does not stop"),
            Stage::Mounting if self.born.elapsed() > MOUNT_LIMIT => self.failed("mounting its flash timed out"),
            _ => Event::None,
        }
    }

    fn ended(&mut self, ending: Ending, output: &mut Vec<u8>) -> Event {
        if self.stage == Stage::Mounting {
            return self.failed(&format!("its interpreter {ending}"));
        }
        if self.stage != Stage::Entering {
            self.screen.came(&std::mem::take(&mut self.held), output);
        }
        // Threads that keep running while files are closed may crash the process.
        if self.screen.closes() { Event::Reset(Cause::Soft) } else { Event::Ended(ending) }
    }

    fn failed(&mut self, reason: &str) -> Event {
        self.child.kill();
        let text = String::from_utf8_lossy(&self.held);
        let text = text.split("\nMicroPython ").next().unwrap_or_default();
        let line = text.lines().map(str::trim).rfind(|line| !line.is_empty() && !line.starts_with(">>>"));
        let line = line.map(|line| format!(": {line}")).unwrap_or_default();
        Event::Failed(Loss::SimulatorEnded(format!("failed to start, {reason}{line}")))
    }

    /// Passes on the output that is for the host.
    fn sort(&mut self, output: &mut Vec<u8>) {
        if self.stage == Stage::Mounting {
            let Some(place) = find(&self.held, &self.token) else { return };
            self.held.drain(..place + self.token.len());
            self.stage = if self.raw { Stage::Booting } else { Stage::Running };
        }
        if self.stage == Stage::Booting {
            match find(&self.held, &self.token) {
                Some(place) => {
                    let rest = self.held.split_off(place);
                    self.screen.came(&self.held, output);
                    self.held = rest;
                    self.stage = Stage::Entering;
                    self.screen.sent(b"\x01");
                    // One byte: the terminal of a process that has read nothing yet has room for it.
                    self.child.write(b"\x01");
                }
                None => {
                    let rest = self.held.split_off(self.held.len() - overlap(&self.held, &self.token));
                    self.screen.came(&self.held, output);
                    self.held = rest;
                }
            }
        }
        if self.stage == Stage::Entering {
            // The banner of the friendly REPL is hidden.
            let Some(place) = find(&self.held, RAW_BANNER) else { return };
            self.held.drain(..place);
            self.stage = Stage::Running;
        }
        if self.stage == Stage::Running {
            self.screen.came(&std::mem::take(&mut self.held), output);
        }
    }
}

/// Starts the process, confined if the system supports it.
#[cfg(target_os = "linux")]
fn spawn(body: &Body, mut command: Command, keep: Vec<OwnedFd>) -> io::Result<Child> {
    let mut confinement = Confinement::new(&body.interpreter, body.heap.unwrap_or_default(), body.flash.size)?;
    command.env_clear().envs(confinement.variables());
    Child::spawn_confined(command, false, keep, Some(Box::new(move || confinement.apply())))
}

/// As on Linux, but the terminal makes the signals, because the interpreter is not stopped for an interrupt, and it is
/// not confined.
#[cfg(not(target_os = "linux"))]
fn spawn(_: &Body, command: Command, keep: Vec<OwnedFd>) -> io::Result<Child> {
    Child::spawn(command, true, keep)
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

/// How many of the last bytes of `text` may be the start of `wanted`.
fn overlap(text: &[u8], wanted: &[u8]) -> usize {
    (1..wanted.len().min(text.len() + 1)).rev().find(|&count| text.ends_with(&wanted[..count])).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_back_the_start_of_a_token() {
        assert_eq!(overlap(b"xxab", b"abc"), 2);
        assert_eq!(overlap(b"ab", b"abc"), 2);
        assert_eq!(overlap(b"xxabx", b"abc"), 0);
        assert_eq!(overlap(b"", b"abc"), 0);
        assert_eq!(overlap(b"a", b"abc"), 1);
    }

    #[test]
    fn the_simulators_code_is_ascii() {
        for (name, source) in MODULES.iter().chain(&[("boot.py", BOOT)]) {
            assert!(source.is_ascii(), "{name}: offsets in ROM are counted both in bytes and in characters");
        }
    }
}
