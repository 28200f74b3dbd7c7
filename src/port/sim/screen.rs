//! Follows a board's REPL output: tracks its mode, and sends line ends like boards.
//!
//! Uses [`super::raw`]; pure. Invariant: the result does not depend on how the bytes are split.

use super::raw::{Marks, Sort};

/// Which REPL is active.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// For people: banner, `>>> `, echo.
    Friendly,
    /// For programs.
    Raw,
}

/// The raw REPL's banner (MicroPython, `shared/runtime/pyexec.c`).
pub(super) const RAW_BANNER: &[u8] = b"raw REPL; CTRL-B to exit\r\n";

/// The friendly REPL's prompt, at the start of a line.
const PROMPT: &[u8] = b"\r\n>>> ";

/// The raw REPL's reply to Ctrl-D on an empty line, after its prompt.
const RESET: &[u8] = b">OK\r\n";

/// How many previous bytes the follower needs.
const MEMORY: usize = RAW_BANNER.len();

/// Follows the bytes between the host and a freshly started interpreter.
#[derive(Debug)]
pub(super) struct Screen {
    mode: Mode,
    crlf: bool,
    marks: Marks,
    /// The last bytes.
    tail: Vec<u8>,
    /// Ctrl-A was sent: the raw REPL may follow. A program's output alone cannot change the mode.
    raw_asked: bool,
    /// Ctrl-B was sent.
    friendly_asked: bool,
    /// A REPL has shown its prompt since the start.
    prompted: bool,
}

impl Screen {
    /// With `crlf`, line ends are CR LF in both modes. `secret`: identifies the marks of raw output.
    pub(super) fn new(crlf: bool, secret: &str) -> Screen {
        let marks = Marks::new(secret);
        Screen {
            mode: Mode::Friendly,
            crlf,
            marks,
            tail: Vec::new(),
            raw_asked: false,
            friendly_asked: false,
            prompted: false,
        }
    }

    /// Records what the host sends.
    pub(super) fn sent(&mut self, bytes: &[u8]) {
        self.raw_asked |= bytes.contains(&1);
        self.friendly_asked |= bytes.contains(&2);
    }

    /// Processes output of the interpreter, and appends to `output` what a board would have sent.
    pub(super) fn came(&mut self, bytes: &[u8], output: &mut Vec<u8>) {
        output.reserve(bytes.len());
        let mut marks = std::mem::replace(&mut self.marks, Marks::new(""));
        for &byte in bytes {
            marks.take(byte, &mut |byte, sort| self.pass(byte, sort, output));
        }
        self.marks = marks;
    }

    fn pass(&mut self, byte: u8, sort: Sort, output: &mut Vec<u8>) {
        if self.tail.len() >= 8 * MEMORY {
            self.tail.drain(..7 * MEMORY);
        }
        self.tail.push(byte);
        if byte == b'\n' && sort == Sort::Text && self.lacks_return() {
            output.push(b'\r');
        }
        output.push(byte);
        match byte {
            b'\n' if self.raw_asked && self.tail.ends_with(RAW_BANNER) => {
                self.mode = Mode::Raw;
                self.prompted = true;
                self.raw_asked = false;
                self.friendly_asked = false;
            }
            b' ' if self.tail.ends_with(PROMPT) && (self.mode == Mode::Friendly || self.friendly_asked) => {
                // The prompt may be a reply to input from before a Ctrl-A in transit.
                self.mode = Mode::Friendly;
                self.prompted = true;
                self.friendly_asked = false;
            }
            _ => {}
        }
    }

    /// Whether a board would have sent CR before the LF just received. The interpreter's REPL sends them in its own texts; in
    /// raw mode these are few, and every other LF is a program's, even after its own CR.
    fn lacks_return(&self) -> bool {
        if !self.tail.ends_with(b"\r\n") {
            return self.crlf || self.mode == Mode::Friendly;
        }
        let own = self.friendly_asked || self.tail.ends_with(RAW_BANNER) || self.tail.ends_with(RESET);
        self.crlf && self.mode == Mode::Raw && !own
    }

    /// The letter of the announced reset.
    pub(super) fn reset(&self) -> Option<u8> {
        self.marks.reset()
    }

    pub(super) fn mode(&self) -> Mode {
        self.mode
    }

    /// Whether a soft reset has begun.
    pub(super) fn closes(&self) -> bool {
        self.marks.closes()
    }

    /// Whether a prompt of either kind has been seen.
    pub(super) fn prompted(&self) -> bool {
        self.prompted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds `script` (sent, received) in pieces of `size`; returns the mode and the output.
    fn follow(crlf: bool, script: &[(&[u8], &[u8])], size: usize) -> (Mode, Vec<u8>) {
        let (mut screen, mut output) = (Screen::new(crlf, "ab"), Vec::new());
        for (sent, came) in script {
            screen.sent(sent);
            for piece in came.chunks(size) {
                screen.came(piece, &mut output);
            }
        }
        (screen.mode(), output)
    }

    #[test]
    fn mode_and_line_ends_do_not_depend_on_the_pieces() {
        fn case(crlf: bool, script: &[(&[u8], &[u8])], mode: Mode, output: &[u8]) {
            for size in [1, 2, 3, 7, 1000] {
                let (found, text) = follow(crlf, script, size);
                assert_eq!(found, mode, "{size}");
                assert_eq!(String::from_utf8_lossy(&text), String::from_utf8_lossy(output), "{size}");
            }
        }
        let banner: &[u8] = b"MicroPython v1\r\n>>> ";
        let raw: &[u8] = b"\r\nraw REPL; CTRL-B to exit\r\n>";
        let both = [banner, raw].concat();
        for crlf in [true, false] {
            let cooked: &[u8] = if crlf { b"a\r\nb" } else { b"a\nb" };
            case(crlf, &[(b"", banner)], Mode::Friendly, banner);
            case(crlf, &[(b"", b"a\nb\r\n\n")], Mode::Friendly, b"a\r\nb\r\n\r\n");
            let program = [(b"\x03\x01".as_slice(), banner), (b"", raw), (b"", b"a\nb")];
            case(crlf, &program, Mode::Raw, &[banner, raw, cooked].concat());
            case(crlf, &[(b"", banner), (b"\x03\x01", raw)], Mode::Raw, &both);
            case(crlf, &[(b"\x01", raw), (b"x", b"a\nb")], Mode::Raw, &[raw, cooked].concat());
            let back = [raw, cooked, b"\r\n>>> ", b"b\r\n"].concat();
            let left = [(b"\x01".as_slice(), raw), (b"x", b"a\nb"), (b"\x02", b"\r\n>>> "), (b"", b"b\n")];
            case(crlf, &left, Mode::Friendly, &back);
            case(crlf, &[(b"\x01", raw), (b"", b"\xffab4:\n\r\n\n")], Mode::Raw, &[raw, b"\n\r\n\n"].concat());
        }
    }

    #[test]
    fn replaces_every_line_end_of_a_program_in_raw_mode() {
        let raw: &[u8] = b"raw REPL; CTRL-B to exit\r\n>";
        let came = |text: &[u8]| follow(true, &[(b"\x01", raw), (b"x", text)], 1000).1[raw.len()..].to_vec();
        assert_eq!(came(b"OKa\r\n\n\x04\x04>OK\r\n"), b"OKa\r\r\n\r\n\x04\x04>OK\r\n");
        assert_eq!(came(raw), raw);
    }

    #[test]
    fn a_printed_prompt_does_not_change_the_mode() {
        let raw: &[u8] = b"raw REPL; CTRL-B to exit\r\n>";
        assert_eq!(follow(true, &[(b"code", raw)], 1000).0, Mode::Friendly);
        assert_eq!(follow(true, &[(b"\x01", raw), (b"code", b"\r\n>>> ")], 1000).0, Mode::Raw);
    }

    #[test]
    fn a_prompt_is_noticed() {
        let mut screen = Screen::new(true, "ab");
        screen.came(b"boot.py says hello\n", &mut Vec::new());
        assert!(!screen.prompted());
        screen.came(b"MicroPython\r\n>>> ", &mut Vec::new());
        assert!(screen.prompted());
    }
}
