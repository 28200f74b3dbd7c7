//! The fake board's REPL, one byte of input at a time. Uses its siblings. Invariant: each branch says what
//! `shared/runtime/pyexec.c` says there, in the same order.

use super::checked::{Checked, within_exec};
use super::{Firmware, Place, RawPaste, Run, State, Then, traceback};

const CTRL_A: u8 = 1;
const CTRL_B: u8 = 2;
const CTRL_C: u8 = 3;
const CTRL_D: u8 = 4;
const CTRL_E: u8 = 5;

const RAW_PROMPT: &[u8] = b"raw REPL; CTRL-B to exit\r\n>";
const BANNER: &[u8] = b"MicroPython v1.29.0 on 2026-08-01; Fake board with RP2040\r\n\
                        Type \"help()\" for more information.\r\n>>> ";

const CIRCUITPYTHON_BANNER: &[u8] = b"\r\nAdafruit CircuitPython 10.3.0 on 2026-08-01; Fake board with RP2040\r\n>>> ";
/// CircuitPython shows its state in the terminal's title.
const TITLE: &[u8] = "\x1b]0;\u{1f40d}Done | 10.3.0\x1b\\".as_bytes();

/// What the compiler says of no Python.
const UNCOMPILED: &[u8] =
    b"Traceback (most recent call last):\r\n  File \"<stdin>\", line 1\r\nSyntaxError: invalid syntax\r\n";

/// What the board does with the next byte.
pub(super) enum Mode {
    /// Edits a line at `>>> `.
    Friendly { line: Vec<u8> },
    /// Collects a text at `=== `.
    Paste { text: Vec<u8> },
    /// Collects a program at `>`.
    Raw { line: Vec<u8> },
    /// Compiles a program as it comes.
    RawPaste(Pasting),
    /// Has found an error and waits for the end of the program.
    Discarding,
    /// Runs a program that only Ctrl-C ends.
    Running { raw: bool },
    /// Runs a program that catches this many more presses of Ctrl-C.
    Keeping { raw: bool, left: usize },
    /// Runs CircuitPython's code.py, which only Ctrl-C ends.
    CodePy { raw: bool },
    /// Waits for a key to show a prompt.
    AnyKey { raw: bool },
}

/// A raw paste under way.
#[derive(Default)]
pub(super) struct Pasting {
    code: Vec<u8>,
    /// For each window handed out: how much the host must have read to know of it.
    handed_out: Vec<usize>,
    /// The host sent more than it may.
    greedy: bool,
}

impl Mode {
    pub(super) fn friendly() -> Mode {
        Mode::Friendly { line: Vec::new() }
    }

    fn raw() -> Mode {
        Mode::Raw { line: Vec::new() }
    }
}

impl State {
    /// A byte comes in. Ctrl-C ends a running program whether or not there is room for it.
    pub(super) fn receive(&mut self, byte: u8) {
        if let (Mode::Running { raw }, CTRL_C) = (&self.mode, byte) {
            let raw = *raw;
            return self.end(raw, Some(&traceback("KeyboardInterrupt: ")));
        }
        if let (Mode::Keeping { raw, left }, CTRL_C) = (&self.mode, byte) {
            let (raw, left) = (*raw, *left);
            if left == 0 {
                return self.end(raw, Some(&traceback("KeyboardInterrupt: ")));
            }
            let printed = self.settings.busy_with.clone();
            self.output.emit(&printed);
            self.mode = Mode::Keeping { raw, left: left - 1 };
            return;
        }
        if let (Mode::CodePy { raw }, CTRL_C) = (&self.mode, byte) {
            let raw = *raw;
            self.output.emit(&traceback("KeyboardInterrupt: "));
            return self.code_py_ended(raw);
        }
        match self.settings.ring {
            Some(size) if self.ring.len() >= size => self.log.lost += 1,
            _ => self.ring.push_back(byte),
        }
    }

    /// Works through the input until there is none, or a program runs.
    pub(super) fn consume(&mut self) {
        loop {
            if self.output.rebooting {
                self.output.rebooting = false;
                self.ring.clear();
                self.start();
            }
            if matches!(self.mode, Mode::Running { .. } | Mode::Keeping { .. } | Mode::CodePy { .. }) {
                return;
            }
            let Some(byte) = self.ring.pop_front() else { return };
            match std::mem::replace(&mut self.mode, Mode::Discarding) {
                Mode::Friendly { line } => self.friendly(line, byte),
                Mode::Paste { text } => self.paste(text, byte),
                Mode::Raw { line } => self.raw(line, byte),
                Mode::RawPaste(pasting) => self.raw_paste(pasting, byte),
                Mode::Discarding if matches!(byte, CTRL_C | CTRL_D) => {
                    self.end(true, Some(&traceback("SyntaxError: invalid syntax")));
                }
                Mode::AnyKey { raw } if byte == CTRL_D => self.soft_reset(raw),
                Mode::AnyKey { raw: true } => {
                    self.output.emit(RAW_PROMPT);
                    self.mode = Mode::raw();
                }
                Mode::AnyKey { raw: false } => self.show_banner(),
                Mode::Discarding | Mode::Running { .. } | Mode::Keeping { .. } | Mode::CodePy { .. } => {}
            }
        }
    }

    fn friendly(&mut self, mut line: Vec<u8>, byte: u8) {
        match byte {
            CTRL_C => {
                self.output.emit(b"\r\n>>> ");
                line.clear();
            }
            CTRL_A if line.is_empty() => {
                self.output.emit(b"\r\n");
                self.output.emit(RAW_PROMPT);
                self.mode = Mode::raw();
                return;
            }
            CTRL_B if line.is_empty() => {
                return self.show_banner();
            }
            CTRL_D if line.is_empty() => {
                self.output.emit(b"\r\n");
                return self.soft_reset(false);
            }
            CTRL_E if line.is_empty() => {
                self.output.emit(b"\r\npaste mode; Ctrl-C to cancel, Ctrl-D to finish\r\n=== ");
                self.mode = Mode::Paste { text: Vec::new() };
                return;
            }
            b'\r' => {
                self.output.emit(b"\r\n");
                return self.run(&line, false);
            }
            // With text on the line these move the cursor.
            CTRL_A | CTRL_B | CTRL_D | CTRL_E | b'\n' => {}
            _ => {
                self.output.emit(&[byte]);
                line.push(byte);
            }
        }
        self.mode = Mode::Friendly { line };
    }

    fn paste(&mut self, mut text: Vec<u8>, byte: u8) {
        match byte {
            CTRL_C => return self.end(false, Some(b"\r\n")),
            CTRL_D => {
                self.output.emit(b"\r\n");
                return self.run(&text, false);
            }
            b'\r' => {
                self.output.emit(b"\r\n=== ");
                text.push(b'\n');
            }
            _ => {
                self.output.emit(&[byte]);
                text.push(byte);
            }
        }
        self.mode = Mode::Paste { text };
    }

    fn raw(&mut self, mut line: Vec<u8>, byte: u8) {
        match (byte, &line[..]) {
            (CTRL_A, [CTRL_E, letter]) if self.settings.raw_paste != RawPaste::Unknown => {
                self.output.noise(Place::Before);
                if *letter == b'A' && self.settings.raw_paste == RawPaste::Supported {
                    self.output.emit(b"R\x01");
                    self.output.emit(&self.settings.window.to_le_bytes());
                    self.output.emit(b"\x01");
                    self.mode = Mode::RawPaste(Pasting::default());
                    return;
                }
                self.output.emit(b"R\x00>");
                line.clear();
            }
            (CTRL_A, _) => {
                self.output.emit(RAW_PROMPT);
                line.clear();
            }
            (CTRL_B, _) => {
                return self.show_banner();
            }
            (CTRL_C, _) => line.clear(),
            (CTRL_D, []) => {
                self.output.emit(b"OK\r\n");
                return self.soft_reset(true);
            }
            (CTRL_D, _) => {
                self.output.noise(Place::Before);
                self.output.emit(b"OK");
                return self.run(&line, true);
            }
            _ => line.push(byte),
        }
        self.mode = Mode::Raw { line };
    }

    fn raw_paste(&mut self, mut pasting: Pasting, byte: u8) {
        match byte {
            CTRL_C => {
                self.output.emit(b"\x04");
                return self.end(true, Some(b"KeyboardInterrupt: \r\n"));
            }
            CTRL_D => {
                self.output.emit(b"\x04");
                return self.run(&pasting.code, true);
            }
            _ => pasting.code.push(byte),
        }
        let window = usize::from(self.settings.window.max(1));
        let read = self.output.delivered();
        let known = pasting.handed_out.iter().filter(|&&needed| needed <= read).count();
        if pasting.code.len() > window * (2 + known) && !pasting.greedy {
            pasting.greedy = true;
            self.log.violations.push(format!("byte {} came before its window was free", pasting.code.len()));
        }
        if pasting.code.len().is_multiple_of(window) {
            self.output.emit(b"\x01");
            pasting.handed_out.push(self.output.queued());
        }
        if byte == b'\n' && self.refuses(&pasting.code) {
            self.output.emit(b"\x04");
            self.mode = Mode::Discarding;
            return;
        }
        self.mode = Mode::RawPaste(pasting);
    }

    fn refuses(&self, code: &[u8]) -> bool {
        let code = String::from_utf8_lossy(code);
        self.settings.refused.iter().any(|text| code.contains(text))
    }

    /// Sends what a program prints.
    fn print(&mut self, bytes: &[u8]) {
        for (at, &byte) in bytes.iter().enumerate() {
            match byte {
                b'\r' if bytes.get(at + 1) == Some(&b'\n') => {}
                b'\n' if self.settings.crlf => self.output.emit(b"\r\n"),
                _ => self.output.emit(&[byte]),
            }
        }
    }

    /// Runs a program after its reception was acknowledged.
    fn run(&mut self, code: &[u8], raw: bool) {
        if raw {
            self.output.noise(Place::Inside);
        }
        if code.is_empty() {
            return self.end(raw, None);
        }
        let (code, is_checked) = match self.check(code) {
            Checked::Other => (String::from_utf8_lossy(code).into_owned(), false),
            Checked::Runs(program) => (program, true),
            Checked::Done => return self.end(raw, None),
            Checked::Raises(last) => return self.end(raw, Some(&traceback(&last))),
            Checked::Uncompiled => return self.end(raw, Some(UNCOMPILED)),
        };
        let seen = |error: Vec<u8>| if is_checked { within_exec(&error) } else { error };
        if self.refuses(code.as_bytes()) {
            return self.end(raw, Some(&seen(traceback("SyntaxError: invalid syntax"))));
        }
        // The host asks whether this is a prompt: every board can print a text.
        if let Some(text) = code.strip_prefix("print('").and_then(|rest| rest.strip_suffix("',end='')")) {
            self.output.emit(text.replace("\\x1e", "\x1e").as_bytes());
            return self.end(raw, None);
        }
        let Run { stdout, error, then } = (self.script)(&code);
        let error = error.map(seen);
        self.log.programs.push(code);
        self.print(&stdout);
        match then {
            Then::Finish => self.end(raw, error.as_deref()),
            Then::Hang => self.mode = Mode::Running { raw },
            Then::Keep => self.mode = Mode::Keeping { raw, left: self.settings.keeps },
            Then::Vanish => self.output.vanish(),
            Then::Reboot => {
                self.output.emit(if raw { b"\x04\x04" } else { b"" });
                self.soft_reset(raw);
            }
        }
    }

    /// A program has ended.
    fn end(&mut self, raw: bool, error: Option<&[u8]>) {
        let error = error.unwrap_or_default();
        if !raw {
            self.print(error);
            self.output.emit(b">>> ");
            self.mode = Mode::friendly();
            return;
        }
        self.output.emit(b"\x04");
        self.print(error);
        self.output.emit(b"\x04");
        self.output.noise(Place::BeforePrompt);
        self.output.emit(b">");
        self.output.noise(Place::After);
        self.mode = Mode::raw();
    }

    fn show_banner(&mut self) {
        if self.settings.firmware == Firmware::MicroPython {
            self.output.emit(b"\r\n");
            self.output.emit(BANNER);
        } else {
            self.output.emit(TITLE);
            self.output.emit(CIRCUITPYTHON_BANNER);
        }
        self.mode = Mode::friendly();
    }

    fn soft_reset(&mut self, raw: bool) {
        if let Firmware::CircuitPython { endless, .. } = self.settings.firmware {
            self.log.resets += 1;
            self.output.emit(b"soft reboot\r\n");
            self.output.emit(TITLE);
            self.output
                .emit(b"Auto-reload is on. Simply save files over USB to run them or enter REPL to disable.\r\n");
            self.output.emit(b"code.py output:\r\n");
            let main = self.settings.main.clone();
            self.print(&main);
            if endless {
                self.mode = Mode::CodePy { raw };
                return;
            }
            return self.code_py_ended(raw);
        }
        self.output.emit(b"MPY: soft reboot\r\n");
        if !raw {
            return self.start();
        }
        self.log.resets += 1;
        let boot = self.settings.boot.clone();
        self.print(&boot);
        self.output.emit(RAW_PROMPT);
        self.mode = Mode::raw();
    }

    fn code_py_ended(&mut self, raw: bool) {
        if let Firmware::CircuitPython { press_any_key, .. } = self.settings.firmware {
            self.output.emit(b"\r\nCode done running.\r\n");
            self.output.emit(TITLE);
            self.output.emit(press_any_key.as_bytes());
        }
        self.mode = Mode::AnyKey { raw };
    }

    /// Starts into the friendly REPL.
    pub(super) fn start(&mut self) {
        if let Firmware::CircuitPython { .. } = self.settings.firmware {
            return self.soft_reset(false);
        }
        self.log.resets += 1;
        let (boot, main) = (self.settings.boot.clone(), self.settings.main.clone());
        self.print(&boot);
        self.print(&main);
        self.output.emit(BANNER);
        self.mode = Mode::friendly();
    }
}
