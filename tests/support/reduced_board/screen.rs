//! Replaces texts of the interpreter by those of other firmware. Uses nothing. Invariant: output of programs passes
//! unchanged, at once but for what may be the beginning of the REPL's own words.

const RAW_PROMPT: &[u8] = b"raw REPL; CTRL-B to exit\r\n>";
const PROMPT: &[u8] = b">>> ";
const REBOOT: &[u8] = b"MPY: soft reboot\r\n";
const GREETING: &[u8] = b"MicroPython v";
const TRACEBACK: &[u8] = b"\x04Traceback (most";
/// CircuitPython shows its state in the terminal's title.
const TITLE: &[u8] = "\x1b]0;\u{1f40d}code.py | 10.3.0\x1b\\".as_bytes();

/// How a firmware speaks.
#[derive(Clone, Debug, Default)]
pub enum Shown {
    /// As MicroPython does today.
    #[default]
    MicroPython,
    /// As MicroPython did until 1.13: a syntax error at the end of a line is one of the next line.
    Old,
    /// As CircuitPython does, in one of its languages.
    CircuitPython(Words),
}

/// What CircuitPython says.
#[derive(Clone, Debug)]
pub struct Words {
    pub soft_reboot: &'static str,
    pub auto_reload: &'static str,
    pub code_output: &'static str,
    /// What code.py prints.
    pub code: &'static str,
    /// Whether it runs until Ctrl-C.
    pub endless: bool,
    pub code_done: &'static str,
    pub press_any_key: &'static str,
    pub read_only: &'static str,
}

/// What a board shows, and whether it waits for a key.
pub struct Screen {
    shown: Shown,
    held: Vec<u8>,
    /// The last plain program, for the lines of its errors.
    program: Vec<u8>,
    /// code.py runs.
    running: bool,
    reloading: bool,
    /// The prompt that a key brings.
    waiting: Option<Vec<u8>>,
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}

impl Screen {
    pub fn new(shown: Shown) -> Screen {
        Screen { shown, held: Vec::new(), program: Vec::new(), running: false, reloading: false, waiting: None }
    }

    /// The board restarts by itself: its output until then is dropped.
    pub fn reload(&mut self) {
        self.held.clear();
        (self.running, self.waiting, self.reloading) = (false, None, true);
    }

    /// Takes what the host types; gives what of it the interpreter gets. What the board says to it goes to `said`.
    pub fn typed(&mut self, bytes: &[u8], said: &mut Vec<u8>) -> Vec<u8> {
        let mut passed = Vec::new();
        let Shown::CircuitPython(words) = self.shown.clone() else {
            self.program.extend_from_slice(bytes);
            return bytes.to_vec();
        };
        for &byte in bytes {
            if self.running {
                if byte == 3 {
                    self.running = false;
                    said.extend_from_slice(
                        b"Traceback (most recent call last):\r\n  File \"code.py\", line 3, in <module>\n",
                    );
                    said.extend_from_slice(b"KeyboardInterrupt: \n");
                    said.extend(done(&words));
                }
            } else if let Some(prompt) = self.waiting.take() {
                if byte == 4 {
                    passed.push(byte);
                } else {
                    said.extend(prompt);
                }
            } else {
                passed.push(byte);
            }
        }
        passed
    }

    /// Takes what the interpreter says; gives what the board says.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.held.extend_from_slice(bytes);
        let mut said = Vec::new();
        if matches!(self.shown, Shown::MicroPython) {
            return std::mem::take(&mut self.held);
        }
        if self.reloading {
            let Some(at) = find(&self.held, REBOOT) else { return said };
            self.held.drain(..at);
            self.reloading = false;
        }
        loop {
            let marks = [REBOOT, GREETING, TRACEBACK];
            let first = marks.iter().filter_map(|mark| Some((find(&self.held, mark)?, *mark))).min();
            let Some((at, mark)) = first else {
                let kept = (1..GREETING.len().max(REBOOT.len()).min(self.held.len() + 1))
                    .rev()
                    .find(|&count| marks.iter().any(|mark| mark.starts_with(&self.held[self.held.len() - count..])))
                    .unwrap_or(0);
                let whole = self.held.len() - kept;
                said.extend(self.held.drain(..whole));
                return said;
            };
            said.extend(self.held.drain(..at));
            let ends: &[&[u8]] = match mark {
                REBOOT => &[RAW_PROMPT, PROMPT],
                GREETING => &[PROMPT],
                _ => &[b"\x04"],
            };
            let from = mark.len();
            let end = ends.iter().filter_map(|end| Some(from + find(&self.held[from..], end)? + end.len())).min();
            let Some(end) = end else { return said };
            let piece: Vec<u8> = self.held.drain(..end).collect();
            match mark {
                REBOOT => self.reboot(&piece, &mut said),
                GREETING => said.extend(self.greeting(&piece)),
                _ => said.extend(self.traceback(&piece)),
            }
        }
    }

    fn reboot(&mut self, piece: &[u8], said: &mut Vec<u8>) {
        let Shown::CircuitPython(words) = self.shown.clone() else {
            said.extend_from_slice(piece);
            return;
        };
        let prompt = if piece.ends_with(PROMPT) { self.greeting(piece) } else { RAW_PROMPT.to_vec() };
        for text in [words.soft_reboot, "\r\n"] {
            said.extend_from_slice(text.as_bytes());
        }
        said.extend_from_slice(TITLE);
        for text in [words.auto_reload, "\r\n", words.code_output, "\r\n", words.code] {
            said.extend_from_slice(text.as_bytes());
        }
        (self.running, self.waiting) = (words.endless, Some(prompt));
        if !words.endless {
            said.extend(done(&words));
        }
    }

    fn greeting(&self, piece: &[u8]) -> Vec<u8> {
        match self.shown {
            Shown::CircuitPython(_) => {
                let greeting = b"\r\nAdafruit CircuitPython 10.3.0 on 2026-08-01; Test with RP2040\r\n>>> ";
                [TITLE, greeting].concat()
            }
            _ => piece.to_vec(),
        }
    }

    fn traceback(&mut self, piece: &[u8]) -> Vec<u8> {
        let text = String::from_utf8_lossy(piece).replace("\r\n", "\n");
        match &self.shown {
            Shown::CircuitPython(words) => {
                // Only the lines before the message have both characters.
                let lines: Vec<&str> = text.trim_end_matches("\n\x04").split('\n').collect();
                let (message, head) = lines.split_last().unwrap_or((&"", &[]));
                let message = if *message == "OSError: 30" { words.read_only } else { message };
                let end = if message.contains("SyntaxError") { "\n" } else { "\r\n" };
                format!("{}{end}{message}\n\x04", head.join("\r\n")).into_bytes()
            }
            _ if text.contains("SyntaxError: ") => self.one_line_later(&text).replace('\n', "\r\n").into_bytes(),
            _ => piece.to_vec(),
        }
    }

    /// The line of a syntax error at the end of a line is that of the next one.
    fn one_line_later(&mut self, text: &str) -> String {
        let program = String::from_utf8_lossy(&std::mem::take(&mut self.program)).into_owned();
        let line = text.split("line ").nth(1).and_then(|rest| rest.split(['\n', ',']).next()?.parse::<usize>().ok());
        let program = program.trim_end_matches('\x04').rsplit(['\x04', '\x01']).next().unwrap_or_default();
        match line {
            Some(line) if program.lines().nth(line - 1).is_some_and(|text| text.trim_end().ends_with('=')) => {
                text.replacen(&format!("line {line}"), &format!("line {}", line + 1), 1)
            }
            _ => text.to_owned(),
        }
    }
}

fn done(words: &Words) -> Vec<u8> {
    [b"\r\n".as_slice(), words.code_done.as_bytes(), b"\r\n", TITLE, b"\r\n", words.press_any_key.as_bytes(), b"\r\n"]
        .concat()
}
