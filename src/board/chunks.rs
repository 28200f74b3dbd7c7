//! Cuts records into chunks for a board that runs the receiver `snippets/chunks.py`, which requests them one after the other.
//!
//! A chunk fits the board's input buffer, or is held back on the way, and the board requests some ahead, so that the line
//! is never idle. No byte of a chunk acts as a command: if the board restarts or is interrupted halfway, the bytes in
//! transit are an unfinished line at a prompt. Pure. Invariant: even if requests are lost or repeated, each chunk is sent
//! once and in order.

use super::escape::{mask, mask_length};
use super::files::{Channel, Facts};
use crate::port::Abilities;
use base64::Engine as _;

/// Most bytes of a record of content that is not compressed.
pub(super) const RECORD: usize = 4096;
/// Length of the header of a short chunk.
pub(super) const HEAD: usize = 4;
/// Least compression that is worth decompressing: to nine tenths of the bytes.
const WORTH: (usize, usize) = (9, 10);

/// How a stream is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// How the bytes are sent: [`Channel::Text`] or [`Channel::Binary`].
    pub channel: Channel,
    /// Bytes of a full chunk.
    pub chunk: usize,
    /// How many chunks the board requests ahead.
    pub ahead: usize,
    /// Bits of the window of compressed records; 0: none are compressed.
    pub window: u32,
    /// Whether chunks are longer than the board's known input buffer, because something on the way probably holds them back: if
    /// bytes are lost, the stream must be resent at a cautious pace.
    pub bold: bool,
}

impl Pace {
    /// The pace for a board with an input buffer of `room` bytes. `cautious`: a bold pace has failed. `None` if it cannot
    /// receive a stream.
    pub fn new(facts: &Facts, abilities: Abilities, room: usize, cautious: bool) -> Option<Pace> {
        let channel = match facts.channel {
            Channel::Binary if abilities.text_only => Channel::Text,
            channel => channel,
        };
        if channel == Channel::Literals {
            return None;
        }
        let ahead = if room < 100 { 1 } else { 2 };
        let held = abilities.holds_back || abilities.queues && !cautious;
        let size = if held { (facts.memory / 64).min(2048) } else { room / ahead };
        let chunk = size.saturating_sub(HEAD).max(16) / 4 * 4;
        // The window, the compressed record and its content are in memory together.
        let window = (facts.memory / 10).checked_ilog2().unwrap_or(0).min(15);
        let window = if facts.deflate && window >= 10 { window } else { 0 };
        Some(Pace { channel, chunk, ahead, window, bold: held && !abilities.holds_back })
    }

    /// Bytes of the mask at the start of a binary chunk.
    pub(super) fn mask(&self) -> usize {
        if self.channel == Channel::Binary { mask_length(self.chunk) } else { 0 }
    }

    /// The arguments of a receiver.
    pub fn arguments(&self) -> String {
        format!("{},{},{},{}", self.chunk, self.ahead, self.mask(), self.window)
    }
}

/// The bytes of records that are not sent yet.
pub(super) struct Chunks {
    pace: Pace,
    /// Records to be cut into chunks, from `at` on.
    records: Vec<u8>,
    at: usize,
    /// Number of the next chunk.
    next: u64,
}

impl Chunks {
    /// Nothing yet, for this pace.
    pub fn new(pace: Pace) -> Chunks {
        Chunks { pace, records: Vec::new(), at: 0, next: 0 }
    }

    /// The chunks for a request: the one with its number, and earlier ones whose requests were lost. `more` appends a record;
    /// false: that was the last one.
    pub fn answer(&mut self, question: &str, more: &mut dyn FnMut(&mut Vec<u8>) -> bool) -> Vec<u8> {
        let mut answer = Vec::new();
        let Ok(number) = question.parse::<u64>() else { return answer };
        // A request torn into a larger number must not flood the board.
        let number = number.min(self.next + self.pace.ahead as u64 - 1);
        while self.next <= number && self.chunk(&mut answer, more) {
            self.next += 1;
        }
        answer
    }

    /// Appends the next chunk with its header. False if there is none.
    fn chunk(&mut self, answer: &mut Vec<u8>, more: &mut dyn FnMut(&mut Vec<u8>) -> bool) -> bool {
        self.fill(more);
        let plain = &self.records[self.at..];
        if plain.is_empty() {
            return false;
        }
        let mut body = Vec::with_capacity(self.pace.chunk);
        let count;
        match self.pace.channel {
            Channel::Text => {
                count = plain.len().min(self.pace.chunk / 4 * 3);
                body = base64::engine::general_purpose::STANDARD.encode(&plain[..count]).into_bytes();
            }
            Channel::Binary | Channel::Literals => {
                count = mask(plain, self.pace.mask(), self.pace.chunk, &mut body);
            }
        }
        self.at += count;
        if body.len() == self.pace.chunk {
            answer.push(b'c');
        } else {
            answer.extend_from_slice(format!("s{:03x}", body.len()).as_bytes());
        }
        answer.append(&mut body);
        true
    }

    /// Prepares records for a chunk, or all that are left.
    fn fill(&mut self, more: &mut dyn FnMut(&mut Vec<u8>) -> bool) {
        if self.records.len() - self.at >= self.pace.chunk {
            return;
        }
        self.records.drain(..self.at);
        self.at = 0;
        while self.records.len() < self.pace.chunk && more(&mut self.records) {}
    }
}

/// Appends a record.
pub(super) fn record(records: &mut Vec<u8>, kind: u8, payload: &[u8]) {
    records.push(kind);
    records.extend_from_slice(format!("{:04x}", payload.len()).as_bytes());
    records.extend_from_slice(payload);
}

/// Appends a record with the next part of `content`, compressed if that pays; `plain`: most bytes of one that is not. Returns
/// the number of bytes in it.
pub(super) fn content_record(records: &mut Vec<u8>, pace: &Pace, content: &[u8], plain: usize) -> usize {
    if pace.window > 0 && may_shrink(content) {
        // No longer than the window, so that no distance exceeds it.
        let block = &content[..content.len().min(1 << pace.window)];
        let packed = miniz_oxide::deflate::compress_to_vec(block, 9);
        if packed.len() * WORTH.1 <= block.len() * WORTH.0 {
            record(records, b'z', &packed);
            return block.len();
        }
    }
    let length = content.len().min(plain);
    record(records, b'd', &content[..length]);
    length
}

/// Whether it is worth trying to compress: noise and compressed data contain nearly every byte value early on.
fn may_shrink(content: &[u8]) -> bool {
    let mut seen = [false; 256];
    for &byte in &content[..content.len().min(1024)] {
        seen[usize::from(byte)] = true;
    }
    seen.iter().filter(|&&seen| seen).count() < 230
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_fits_the_board() {
        let facts =
            |memory| Facts { hash: super::super::files::Hash::Sha256, channel: Channel::Binary, deflate: true, memory };
        let serial = Abilities { raw_paste: true, ..Abilities::default() };
        let pico = Pace::new(&facts(150_000), serial, 256, false).unwrap();
        assert_eq!(pico, Pace { channel: Channel::Binary, chunk: 124, ahead: 2, window: 13, bold: false });
        let tiny = Pace::new(&facts(6_000), serial, 32, false).unwrap();
        assert_eq!(tiny, Pace { channel: Channel::Binary, chunk: 28, ahead: 1, window: 0, bold: false });
        let held = Pace::new(&facts(2_000_000), Abilities { holds_back: true, ..serial }, 256, false).unwrap();
        assert_eq!((held.chunk, held.window, held.bold), (2044, 15, false));
        let queue = |cautious| Pace::new(&facts(150_000), Abilities { queues: true, ..serial }, 256, cautious).unwrap();
        assert_eq!((queue(false).chunk, queue(false).bold), (2044, true));
        assert_eq!(queue(true), pico);
        let network = Pace::new(&facts(150_000), Abilities { text_only: true, ..serial }, 256, false).unwrap();
        assert_eq!(network.channel, Channel::Text);
        assert_eq!(Pace::new(&Facts { channel: Channel::Literals, ..facts(9_000) }, serial, 256, false), None);
    }
}
