//! Rewrites frame lines in a board's streaming output: tracebacks of threads are output, not replies.
//!
//! Uses [`super::traceback`] only. Invariant: the output does not depend on how the input is split, and only a possible
//! start of a frame line within a traceback is ever held back.

use super::traceback::{HEADER, Place, TracebackFrame};

/// The start of a frame line of code that the host sent.
const PREFIX: &[u8] = b"  File \"<stdin>\", line ";

/// The longest frame line that is rewritten, in bytes; a longer one passes unchanged.
const LONGEST: usize = 200;

/// A filter for a stream of output; see the module. The bytes need not be UTF-8.
#[derive(Clone, Debug, Default)]
pub struct LineRewriter {
    /// The end of the current line, as far as it is needed to recognise the header.
    tail: Vec<u8>,
    /// The current line so far, while it may be a frame line.
    held: Vec<u8>,
    /// Whether the current line is passed on without further checks.
    passing: bool,
    /// Whether the previous lines are a traceback's header and frames.
    in_block: bool,
    /// Whether the current line started like a frame line.
    frame_like: bool,
    /// Bytes of the current line so far.
    length: usize,
}

/// The start of every frame line, for any file.
const FRAME: &[u8] = b"  File \"";

impl LineRewriter {
    /// A filter at the start of a line.
    pub fn new() -> LineRewriter {
        LineRewriter::default()
    }

    /// Processes `bytes`, and appends to `out` everything that is decided: all except the start of a frame line.
    pub fn feed(&mut self, bytes: &[u8], map: &mut dyn FnMut(&TracebackFrame) -> Option<Place>, out: &mut Vec<u8>) {
        for &byte in bytes {
            if byte == b'\n' {
                self.end_line(map, out);
            } else {
                self.push(byte, out);
            }
        }
    }

    /// Appends the held back bytes. The rest of that line will pass unchanged.
    pub fn flush(&mut self, out: &mut Vec<u8>) {
        if !self.held.is_empty() {
            self.release(out);
        }
    }

    fn push(&mut self, byte: u8, out: &mut Vec<u8>) {
        if self.length < FRAME.len() {
            self.frame_like = (self.length == 0 || self.frame_like) && FRAME[self.length] == byte;
        }
        self.length = self.length.saturating_add(1);
        if !self.passing && self.in_block {
            self.held.push(byte);
            let at = self.held.len() - 1;
            if PREFIX.get(at).is_some_and(|&expected| expected != byte) || at >= LONGEST {
                self.release(out);
            }
            return;
        }
        out.push(byte);
        if self.tail.len() == HEADER.len() + 2 {
            self.tail.rotate_left(1);
            self.tail.pop();
        }
        self.tail.push(byte);
    }

    fn release(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.held);
        // A header may be at the end of a line that started like a frame.
        let keep = self.held.len().saturating_sub(HEADER.len() + 2);
        self.tail.clear();
        self.tail.extend_from_slice(&self.held[keep..]);
        self.held.clear();
        self.passing = true;
    }

    fn end_line(&mut self, map: &mut dyn FnMut(&TracebackFrame) -> Option<Place>, out: &mut Vec<u8>) {
        if self.held.is_empty() {
            let mut line = self.tail.as_slice();
            while let [rest @ .., b'\r'] = line {
                line = rest;
            }
            let is_header = line.ends_with(HEADER.as_bytes());
            let is_frame = self.in_block && self.frame_like && self.length >= FRAME.len();
            out.push(b'\n');
            self.begin_line(is_header || is_frame);
            return;
        }
        let ends = self.held.iter().rev().take_while(|&&byte| byte == b'\r').count();
        let (line, carriage) = self.held.split_at(self.held.len() - ends);
        let frame = std::str::from_utf8(line).ok().and_then(TracebackFrame::parse);
        let place = frame.as_ref().and_then(map);
        match (&frame, place) {
            (Some(frame), Some(place)) => {
                let end = format!("{}\n", "\r".repeat(carriage.len()));
                let mut text = String::new();
                frame.write(Some(&place), &end, &mut text);
                out.extend_from_slice(text.as_bytes());
            }
            _ => {
                out.extend_from_slice(&self.held);
                out.push(b'\n');
            }
        }
        let is_frame = self.frame_like && self.length >= FRAME.len();
        self.begin_line(is_frame);
    }

    fn begin_line(&mut self, in_block: bool) {
        *self = LineRewriter {
            tail: std::mem::take(&mut self.tail),
            held: std::mem::take(&mut self.held),
            in_block,
            ..LineRewriter::default()
        };
        self.tail.clear();
        self.held.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn place(frame: &TracebackFrame) -> Option<Place> {
        (frame.line > 1).then(|| Place {
            file: "bench.rhai".to_owned(),
            line: frame.line + 10,
            source: (frame.line > 2).then(|| "  led.toggle()".to_owned()),
        })
    }

    fn run<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
        let mut rewriter = LineRewriter::new();
        let mut out = Vec::new();
        for piece in pieces {
            rewriter.feed(piece, &mut place, &mut out);
        }
        rewriter.flush(&mut out);
        out
    }

    #[track_caller]
    fn case(input: &str, expected: &str) {
        assert_eq!(String::from_utf8_lossy(&run([input.as_bytes()])), expected, "{input:?}");
        assert_eq!(String::from_utf8_lossy(&run(input.as_bytes().chunks(1))), expected, "{input:?}");
    }

    const BLOCK: &str = "a\r\nTraceback (most recent call last):\r\n  File \"<stdin>\", line 3, in blink\r\n  \
                         File \"lib.py\", line 3, in x\r\n  File \"<stdin>\", line 2\r\nValueError: x\r\n";

    #[test]
    fn rewrites_frames_within_a_traceback() {
        case(
            BLOCK,
            "a\r\nTraceback (most recent call last):\r\n  File \"bench.rhai\", line 13, in blink\r\n    \
             led.toggle()\r\n  \
             File \"lib.py\", line 3, in x\r\n  File \"bench.rhai\", line 12\r\nValueError: x\r\n",
        );
        let text = format!("tick {HEADER}\n  File \"<stdin>\", line 2, in f\r\r\nE: \n");
        case(&text, &format!("tick {HEADER}\n  File \"bench.rhai\", line 12, in f\r\r\nE: \n"));
    }

    #[test]
    fn everything_else_passes() {
        for text in [
            "  File \"<stdin>\", line 3, in f\n",
            "Traceback (most recent call last):\nx\n  File \"<stdin>\", line 3, in f\n",
            "Traceback (most recent call last):\n  File \"<stdin>\", line 1, in f\n",
            "Traceback (most recent call last):\n  File \"<stdin>\", line 3",
            "Traceback (most recent call last): no\n  File \"<stdin>\", line 3\n",
            "Traceback (most recent call last):\n  File \"<stdin>\", line 3 + 4\n",
        ] {
            case(text, text);
        }
        let long = format!("{HEADER}\n  File \"<stdin>\", line 3, in {}\n", "f".repeat(300));
        case(&long, &long);
    }

    #[test]
    fn holds_back_nothing_outside_a_frame_line() {
        let mut rewriter = LineRewriter::new();
        let mut out = Vec::new();
        for (piece, expected) in [
            ("tick", "tick"),
            ("\n  Fi", "\n  Fi"),
            ("\n", "\n"),
            (HEADER, HEADER),
            ("\n  File \"<std", "\n"),
            ("x", "  File \"<stdx"),
        ] {
            out.clear();
            rewriter.feed(piece.as_bytes(), &mut place, &mut out);
            assert_eq!(String::from_utf8_lossy(&out), expected);
        }
    }

    proptest! {
        #[test]
        fn chunks_do_not_matter(
            parts in prop::collection::vec(prop::sample::select(vec![
                HEADER.as_bytes(), b"\n", b"\r\n", b"\r", b"  File \"<stdin>\", line ", b"3", b", in f",
                b"  File \"a.py\", line 3",
                b"x", b"\xff\xfe", b"  ", BLOCK.as_bytes(), b"  File \"<std",
            ]), 0..20),
            size in 1usize..9,
        ) {
            let input = parts.concat();
            let whole = run([input.as_slice()]);
            prop_assert_eq!(run(input.chunks(size)), whole.clone());
            prop_assert_eq!(run(input.chunks(1)), whole);
        }
    }
}
