//! Files on their way to a board that runs the receiver `snippets/receive.py`: a stream of records, cut into chunks of
//! which the board asks for one after the other. Pure.
//!
//! A chunk has a size that the board's input buffer bears, or that something on the way holds back, and the board asks for
//! some ahead, so that the line is never idle. No byte of a stream can be taken for a command: should the board restart or
//! be interrupted in the middle, what is still under way is text without end at a prompt. Invariant: however questions are
//! lost or repeated, each chunk is sent once and in order.

use super::escape::{mask, mask_length};
use super::files::{Channel, Facts};
use crate::port::Abilities;
use base64::Engine as _;

/// Most bytes of a record.
const RECORD: usize = 4096;
/// Length of the head of a short chunk.
const HEAD: usize = 4;
/// Smallest compression that is worth its unpacking: of its bytes, nine tenths.
const WORTH: (usize, usize) = (9, 10);

/// How a stream is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// How the bytes travel: [`Channel::Text`] or [`Channel::Binary`].
    pub channel: Channel,
    /// Bytes of a full chunk.
    pub chunk: usize,
    /// How many chunks the board asks for ahead.
    pub ahead: usize,
    /// Bits of the window of compressed records; 0: none are compressed.
    pub window: u32,
    /// Whether chunks are longer than the board's input buffer is known to bear, because something on the way holds them
    /// back, most likely: if bytes are lost after all, the stream is to be sent again at a cautious pace.
    pub bold: bool,
}

impl Pace {
    /// What suits a board with an input buffer of `room` bytes. `cautious`: a bold one has failed. `None` if it can receive no
    /// stream.
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
        // The window, the compressed record and what comes of it are in memory together.
        let window = (facts.memory / 10).checked_ilog2().unwrap_or(0).min(15);
        let window = if facts.deflate && window >= 10 { window } else { 0 };
        Some(Pace { channel, chunk, ahead, window, bold: held && !abilities.holds_back })
    }

    /// Bytes of the mask at the start of a binary chunk.
    fn mask(&self) -> usize {
        if self.channel == Channel::Binary { mask_length(self.chunk) } else { 0 }
    }

    /// The call of the receiver.
    pub fn call(&self) -> String {
        format!("__belay_fr({},{},{},{})", self.chunk, self.ahead, self.mask(), self.window)
    }
}

/// A file to be written.
#[derive(Clone, Copy, Debug)]
pub struct Upload<'a> {
    /// Where to, from `/` on.
    pub path: &'a str,
    /// What it holds.
    pub content: &'a [u8],
    /// Its digest, as the board computes it.
    pub digest: &'a [u8],
}

/// The stream of some files.
pub struct Stream<'a> {
    pace: Pace,
    files: std::slice::Iter<'a, Upload<'a>>,
    /// What is left of the file under way, and its end.
    content: &'a [u8],
    digest: Option<&'a [u8]>,
    ended: bool,
    /// Records that are cut into chunks, from `at` on.
    records: Vec<u8>,
    at: usize,
    /// Number of the next chunk.
    next: u64,
    /// Bytes of files that are in chunks already.
    taken: u64,
}

impl<'a> Stream<'a> {
    /// The stream of `files`, in their order.
    pub fn new(pace: Pace, files: &'a [Upload<'a>]) -> Stream<'a> {
        Stream {
            pace,
            files: files.iter(),
            content: &[],
            digest: None,
            ended: false,
            records: Vec::new(),
            at: 0,
            next: 0,
            taken: 0,
        }
    }

    /// Bytes of the files that have been given away, compressed or not.
    pub fn taken(&self) -> u64 {
        self.taken
    }

    /// The chunks that a question asks for: the one of its number, and those before it whose questions were lost.
    pub fn answer(&mut self, question: &str) -> Vec<u8> {
        let mut answer = Vec::new();
        let Ok(number) = question.parse::<u64>() else { return answer };
        // A question that was torn into a larger number must not flood the board.
        let number = number.min(self.next + self.pace.ahead as u64 - 1);
        while self.next <= number && self.chunk(&mut answer) {
            self.next += 1;
        }
        answer
    }

    /// Appends the next chunk with its head. False if there is none.
    fn chunk(&mut self, answer: &mut Vec<u8>) -> bool {
        self.fill();
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
            answer.push(b'f');
        } else {
            answer.extend_from_slice(format!("s{:03x}", body.len()).as_bytes());
        }
        answer.append(&mut body);
        true
    }

    /// Sees to it that there are records for a chunk, or none at all are left.
    fn fill(&mut self) {
        if self.records.len() - self.at >= self.pace.chunk {
            return;
        }
        self.records.drain(..self.at);
        self.at = 0;
        while self.records.len() < self.pace.chunk {
            if !self.content.is_empty() {
                self.content_record();
            } else if let Some(digest) = self.digest.take() {
                self.record(b'e', digest);
            } else if let Some(file) = self.files.next() {
                self.record(b'n', file.path.as_bytes());
                (self.content, self.digest) = (file.content, Some(file.digest));
            } else if !self.ended {
                self.ended = true;
                self.record(b'x', b"");
            } else {
                return;
            }
        }
    }

    fn content_record(&mut self) {
        let (window, content) = (self.pace.window, self.content);
        if window > 0 && may_shrink(content) {
            // No longer than the window, so that no distance exceeds it.
            let (block, rest) = content.split_at(content.len().min(1 << window));
            let packed = miniz_oxide::deflate::compress_to_vec(block, 9);
            if packed.len() * WORTH.1 <= block.len() * WORTH.0 {
                self.record(b'z', &packed);
                self.content = rest;
                self.taken += block.len() as u64;
                return;
            }
        }
        let (block, rest) = content.split_at(content.len().min(RECORD));
        self.record(b'd', block);
        self.content = rest;
        self.taken += block.len() as u64;
    }

    fn record(&mut self, kind: u8, payload: &[u8]) {
        self.records.push(kind);
        self.records.extend_from_slice(format!("{:04x}", payload.len()).as_bytes());
        self.records.extend_from_slice(payload);
    }
}

/// Whether it is worth trying to compress: noise, and what is compressed already, has nearly every byte early on.
fn may_shrink(content: &[u8]) -> bool {
    let mut seen = [false; 256];
    for &byte in &content[..content.len().min(1024)] {
        seen[usize::from(byte)] = true;
    }
    seen.iter().filter(|&&seen| seen).count() < 230
}

#[cfg(test)]
mod tests {
    use super::super::escape::FORBIDDEN;
    use super::*;

    /// The receiver, up to its records: kind and payload.
    fn receive(pace: Pace, stream: &mut Stream<'_>, questions: impl Iterator<Item = u64>) -> Vec<(u8, Vec<u8>)> {
        let mut line = Vec::new();
        for question in questions {
            let answer = stream.answer(&question.to_string());
            if pace.channel == Channel::Binary {
                assert!(!answer.iter().any(|byte| FORBIDDEN.contains(byte)), "{}", answer.escape_ascii());
            } else {
                assert!(answer.is_ascii());
            }
            line.extend(answer);
        }
        let (mut bytes, mut rest) = (Vec::new(), line.as_slice());
        while let Some((&head, after)) = rest.split_first() {
            let (size, after) = match head {
                b'f' => (pace.chunk, after),
                b's' => (usize::from_str_radix(std::str::from_utf8(&after[..3]).unwrap(), 16).unwrap(), &after[3..]),
                other => panic!("head {other}"),
            };
            assert!(size <= pace.chunk);
            let (body, after) = after.split_at(size);
            if pace.channel == Channel::Text {
                bytes.extend(base64::engine::general_purpose::STANDARD.decode(body).unwrap());
            } else {
                let (mask, body) = body.split_at(pace.mask());
                assert!(!body.is_empty());
                bytes.extend(body.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
            }
            rest = after;
        }
        let (mut records, mut rest) = (Vec::new(), bytes.as_slice());
        while let Some((head, after)) = rest.split_at_checked(5) {
            let size = usize::from_str_radix(std::str::from_utf8(&head[1..]).unwrap(), 16).unwrap();
            records.push((head[0], after[..size].to_vec()));
            rest = &after[size..];
        }
        records
    }

    #[test]
    fn a_stream_carries_its_files() {
        let every: Vec<u8> = (0..=255).cycle().take(5000).collect();
        let text = b"for i in range(10):\n    print('the same line again')\n".repeat(200);
        let files = [
            Upload { path: "/a", content: &every, digest: b"1" },
            Upload { path: "/empty", content: b"", digest: b"2" },
            Upload { path: "/it's\n\u{e9}", content: &text, digest: b"3" },
        ];
        for (channel, window) in [(Channel::Binary, 0), (Channel::Text, 0), (Channel::Binary, 12)] {
            for chunk in [16, 124, 2044] {
                let pace = Pace { channel, chunk, ahead: 2, window, bold: false };
                let mut stream = Stream::new(pace, &files);
                let records = receive(pace, &mut stream, 0..20_000);
                assert_eq!(stream.taken(), (every.len() + text.len()) as u64);
                let mut got: Vec<(Vec<u8>, Vec<u8>, Vec<u8>)> = Vec::new();
                for (kind, payload) in &records {
                    match kind {
                        b'n' => got.push((payload.clone(), Vec::new(), Vec::new())),
                        b'd' => got.last_mut().unwrap().1.extend(payload),
                        b'z' => {
                            let block = miniz_oxide::inflate::decompress_to_vec(payload).unwrap();
                            got.last_mut().unwrap().1.extend(block);
                        }
                        b'e' => got.last_mut().unwrap().2.clone_from(payload),
                        _ => assert_eq!((*kind, payload.len()), (b'x', 0)),
                    }
                }
                assert_eq!(records.last().unwrap().0, b'x');
                assert_eq!(records.iter().any(|(kind, _)| *kind == b'z'), window > 0);
                let sent: Vec<_> =
                    files.iter().map(|f| (f.path.as_bytes().to_vec(), f.content.to_vec(), f.digest.to_vec())).collect();
                assert!(got == sent, "{channel:?} {chunk} {window}");
            }
        }
    }

    #[test]
    fn lost_and_repeated_questions_change_nothing() {
        let content: Vec<u8> = (0..=255).cycle().take(3000).collect();
        let files = [Upload { path: "/a", content: &content, digest: b"1" }];
        let pace = Pace { channel: Channel::Binary, chunk: 60, ahead: 2, window: 0, bold: false };
        let plain = receive(pace, &mut Stream::new(pace, &files), 0..1000);
        // Question 3 is lost, 5 comes twice, and 9 after 10.
        let odd = [0, 1, 2, 4, 5, 5, 6, 7, 8, 10, 9].into_iter().chain(11..1000);
        assert!(receive(pace, &mut Stream::new(pace, &files), odd) == plain);
        let mut stream = Stream::new(pace, &files);
        let flood = stream.answer("9999").len();
        assert!(flood <= 2 * (60 + HEAD), "{flood}");
        assert_eq!(stream.answer("nonsense"), b"");
    }

    #[test]
    fn the_pace_suits_the_board() {
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
