//! What a board prints, on its way to the script's output: bytes become text, line ends become `\n`, and the frames of
//! tracebacks that threads print name the script's lines.
//!
//! Invariant: nothing is held back but an unfinished character, a `\r` that may be half a line end, and an unfinished line
//! of a traceback.

use super::lines::LineMap;
use crate::python::rewriter::LineRewriter;
use crate::python::traceback::{Frame, Place};

/// The filter of one device.
#[derive(Default)]
pub struct Filter {
    rewriter: LineRewriter,
    /// Bytes that are not text yet: half a character, or a `\r`.
    held: Vec<u8>,
}

impl Filter {
    /// Takes bytes of the board; gives the text that is ready.
    pub fn feed(&mut self, bytes: &[u8], lines: &LineMap) -> String {
        let mut rewritten = std::mem::take(&mut self.held);
        self.rewriter.feed(bytes, &mut |frame| map_frame(lines, frame), &mut rewritten);
        self.text(rewritten, false)
    }

    /// Gives what is left at the end.
    pub fn flush(&mut self) -> String {
        let mut rewritten = std::mem::take(&mut self.held);
        self.rewriter.flush(&mut rewritten);
        self.text(rewritten, true)
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

fn map_frame(lines: &LineMap, frame: &Frame) -> Option<Place> {
    let place = lines.find(frame.name.as_deref()?, frame.line)?;
    let origin = place.origin?;
    Some(Place { file: origin.file.to_string(), line: origin.line, source: None })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_the_same_under_every_chunking() {
        let bytes = "a\r\nb\rc é 🐍\r\r\nend".as_bytes().iter().copied().chain([0xff, b'x', 0xc3]).collect::<Vec<u8>>();
        let lines = LineMap::default();
        for size in 1..=bytes.len() {
            let mut filter = Filter::default();
            let mut text = String::new();
            for chunk in bytes.chunks(size) {
                text.push_str(&filter.feed(chunk, &lines));
            }
            text.push_str(&filter.flush());
            assert_eq!(text, "a\nb\rc é 🐍\nend\u{fffd}x\u{fffd}", "chunks of {size}");
        }
    }
}
