//! Filters a board's output for the script's output: as bytes, with frames of threads' tracebacks mapped to the script's
//! lines, and as text, with `\n` line ends and without terminal titles (which CircuitPython sets all the time).
//!
//! Invariant: only an unfinished line of a traceback is held back of the bytes; and of the text also an unfinished
//! character, a `\r` that may be half a line end, and an unfinished title.

use crate::device::lines::{LineMap, Mapped};
use crate::device::lock::lock;
use crate::python::rewriter::LineRewriter;
use crate::python::traceback::{Place, TracebackFrame};
use std::sync::{Arc, Mutex};

/// Output of a board.
#[derive(Debug, Default)]
pub struct Printed {
    /// Byte for byte, except mapped traceback frames.
    pub bytes: Vec<u8>,
    /// The same as text, as far as it is complete.
    pub text: String,
}

impl Printed {
    /// Passes it on as output of a device.
    pub fn show(&self, output: &dyn Output, device: &str) {
        if !self.bytes.is_empty() || !self.text.is_empty() {
            output.printed(device, &self.bytes, &self.text);
        }
    }

    /// Appends later output.
    pub fn extend(&mut self, more: &Printed) {
        self.bytes.extend_from_slice(&more.bytes);
        self.text.push_str(&more.text);
    }
}

/// The filter of one device.
#[derive(Default)]
pub struct Filter {
    rewriter: LineRewriter,
    /// Bytes that are not text yet: part of a character, or a `\r`.
    held: Vec<u8>,
    titles: Titles,
}

/// Removes terminal titles: `ESC ] … BEL` or `ESC ] … ESC \` (ECMA-48, "OSC"), on one line and of limited length.
#[derive(Default)]
struct Titles {
    /// An incomplete title.
    begun: Vec<u8>,
}

/// Longest title, in bytes.
const LONGEST_TITLE: usize = 512;

impl Titles {
    fn feed(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut text = Vec::with_capacity(bytes.len());
        for &byte in bytes {
            if self.begun.is_empty() && byte != 0x1b {
                text.push(byte);
                continue;
            }
            self.begun.push(byte);
            match self.begun.as_slice() {
                [0x1b] | [0x1b, b']'] => {}
                [0x1b, b']', .., 0x07] | [0x1b, b']', .., 0x1b, b'\\'] => self.begun.clear(),
                [0x1b, b']', title @ ..] if title.len() < LONGEST_TITLE && byte != b'\n' => {}
                // It is not a title; its last byte may start one.
                _ => {
                    let again = if byte == 0x1b { self.begun.pop() } else { None };
                    text.append(&mut self.begun);
                    self.begun.extend(again);
                }
            }
        }
        text
    }
}

impl Filter {
    /// Processes bytes of the board; returns what is ready.
    pub fn feed(&mut self, bytes: &[u8], lines: &LineMap) -> Printed {
        let mut rewritten = Vec::new();
        self.rewriter.feed(bytes, &mut |frame| map_frame(lines, frame), &mut rewritten);
        self.printed(rewritten, false)
    }

    /// Processes everything.
    pub fn whole(mut self, bytes: &[u8], lines: &LineMap) -> Printed {
        let mut printed = self.feed(bytes, lines);
        printed.extend(&self.flush());
        printed
    }

    /// Returns the rest at the end.
    pub fn flush(&mut self) -> Printed {
        let mut rewritten = Vec::new();
        self.rewriter.flush(&mut rewritten);
        self.printed(rewritten, true)
    }

    fn printed(&mut self, bytes: Vec<u8>, all: bool) -> Printed {
        let mut plain = std::mem::take(&mut self.held);
        plain.append(&mut self.titles.feed(&bytes));
        if all {
            plain.append(&mut self.titles.begun);
        }
        Printed { text: self.text(plain, all), bytes }
    }

    fn text(&mut self, mut bytes: Vec<u8>, all: bool) -> String {
        if !all {
            let whole = bytes.len() - unfinished(&bytes);
            self.held = bytes.split_off(whole);
        }
        let text = String::from_utf8_lossy(&bytes);
        // A terminal driver may have added a second `\r`.
        text.replace("\r\r\n", "\n").replace("\r\n", "\n")
    }
}

fn map_frame(lines: &LineMap, frame: &TracebackFrame) -> Option<Place> {
    let Mapped { origin, line, .. } = lines.find(frame.name.as_deref()?, frame.line)?;
    Some(match origin {
        Some(origin) => Place { file: origin.file.to_string(), line: origin.line, source: None },
        None => Place { file: frame.file.clone(), line, source: None },
    })
}

/// How many bytes at the end may still become something else.
fn unfinished(bytes: &[u8]) -> usize {
    let carriage = bytes.iter().rev().take_while(|&&byte| byte == b'\r').count();
    if carriage > 0 {
        return carriage.min(2);
    }
    for back in 1..=bytes.len().min(3) {
        let byte = bytes[bytes.len() - back];
        let length = match byte {
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            0x80..=0xbf => continue,
            _ => return 0,
        };
        return if length > back { back } else { 0 };
    }
    0
}

/// The receiver of the boards' output.
pub trait Output: Send + Sync {
    /// Whole or partial lines printed by the board `device`, as text with `\n` ends and mapped traceback frames.
    fn board(&self, device: &str, text: &str);
    /// The same byte for byte, except mapped traceback frames, together with its complete text. By default, passes the text
    /// on.
    fn printed(&self, device: &str, bytes: &[u8], text: &str) {
        let _ = bytes;
        if !text.is_empty() {
            self.board(device, text);
        }
    }
    /// The same, printed by boot.py while the board started: not a result, so it belongs on standard error.
    fn boot(&self, device: &str, text: &str) {
        self.board(device, text);
    }
    /// A notice for the user (standard error), for example that an interpreter is being installed.
    fn notice(&self, text: &str);
    /// The number of open devices, reported after every opening and closing. With several, output is prefixed by their names.
    fn open_devices(&self, count: usize) {
        let _ = count;
    }
    /// The progress of a sync of `device`; `None`: it has ended.
    fn transfer(&self, device: &str, transfer: Option<&Transfer<'_>>) {
        let _ = (device, transfer);
    }
}

/// Ignores everything: for a host whose output a run takes over.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Output for Silent {
    fn board(&self, _device: &str, _text: &str) {}
    fn notice(&self, _text: &str) {}
}

/// Passes everything on to another output, which can be exchanged: boards keep it for longer than a run.
pub struct Outlet(Mutex<Arc<dyn Output>>);

impl Outlet {
    /// Passes on to `output`.
    pub fn new(output: Arc<dyn Output>) -> Outlet {
        Outlet(Mutex::new(output))
    }

    /// Passes on to `output` from now on.
    pub fn redirect(&self, output: Arc<dyn Output>) {
        *lock(&self.0) = output;
    }

    /// Where to pass on now. The lock is not held while that prints.
    fn target(&self) -> Arc<dyn Output> {
        lock(&self.0).clone()
    }
}

impl Output for Outlet {
    fn board(&self, device: &str, text: &str) {
        self.target().board(device, text);
    }

    fn printed(&self, device: &str, bytes: &[u8], text: &str) {
        self.target().printed(device, bytes, text);
    }

    fn boot(&self, device: &str, text: &str) {
        self.target().boot(device, text);
    }

    fn notice(&self, text: &str) {
        self.target().notice(text);
    }

    fn open_devices(&self, count: usize) {
        self.target().open_devices(count);
    }

    fn transfer(&self, device: &str, transfer: Option<&Transfer<'_>>) {
        self.target().transfer(device, transfer);
    }
}

/// An operation on files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The board hashes its files.
    Hashing,
    /// Files are sent.
    Sending,
}

/// The progress of a file operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transfer<'a> {
    /// The operation.
    pub stage: Stage,
    /// Bytes done.
    pub done: u64,
    /// Bytes of all files.
    pub total: u64,
    /// The path of the current file; empty if unknown.
    pub file: &'a str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn case(bytes: &[u8], expected: &str) {
        let lines = LineMap::default();
        for size in 1..=bytes.len() {
            let mut filter = Filter::default();
            let mut printed = Printed::default();
            bytes.chunks(size).for_each(|chunk| printed.extend(&filter.feed(chunk, &lines)));
            printed.extend(&filter.flush());
            assert_eq!(printed.bytes, bytes);
            assert_eq!(printed.text, expected, "chunks of {size}");
        }
    }

    #[test]
    fn removes_titles() {
        case("a\x1b]0;🐍Wi-Fi: off | Done | 10.3.0\x1b\\b".as_bytes(), "ab");
        case(b"a\x1b]0;title\x07b\x1b]2;\x07c", "abc");
        case(b"colours \x1b[31mred\x1b[0m stay", "colours \x1b[31mred\x1b[0m stay");
        case(b"\x1b]0;not closed\nnext", "\x1b]0;not closed\nnext");
        case(b"\x1b\x1b]0;t\x07x\x1b", "\x1bx\x1b");
        let endless = format!("\x1b]{}", "x".repeat(2000));
        case(endless.as_bytes(), &endless);
    }

    #[test]
    fn text_is_the_same_under_every_chunking() {
        let bytes = "a\r\nb\rc é 🐍\r\r\nend".as_bytes().iter().copied().chain([0xff, b'x', 0xc3]).collect::<Vec<u8>>();
        let lines = LineMap::default();
        for size in 1..=bytes.len() {
            let mut filter = Filter::default();
            let mut printed = Printed::default();
            bytes.chunks(size).for_each(|chunk| printed.extend(&filter.feed(chunk, &lines)));
            printed.extend(&filter.flush());
            assert_eq!(printed.bytes, bytes);
            assert_eq!(printed.text, "a\nb\rc é 🐍\nend\u{fffd}x\u{fffd}", "chunks of {size}");
        }
    }
}
