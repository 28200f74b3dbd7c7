//! Sends files to a board that runs the receiver `snippets/receive.py`: a stream of records, cut into chunks that the board
//! requests one after the other. Reads only the files.
//!
//! A chunk fits the board's input buffer, or is held back on the way, and the board requests some ahead, so that the line
//! is never idle. No byte of a stream acts as a command: if the board restarts or is interrupted halfway, the bytes in
//! transit are an unfinished line at a prompt. Invariant: even if requests are lost or repeated, each chunk is sent once
//! and in order; only a few records of a file are in memory, whatever its length.

use super::content::{Reading, Upload};
use super::escape::{mask, mask_length};
use super::files::{Channel, Facts, Hash};
use crate::error::{Error, Result};
use crate::port::Abilities;
use base64::Engine as _;

/// Most bytes of a record.
const RECORD: usize = 4096;
/// Length of the header of a short chunk.
const HEAD: usize = 4;
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
    fn mask(&self) -> usize {
        if self.channel == Channel::Binary { mask_length(self.chunk) } else { 0 }
    }

    /// The call of the receiver.
    pub fn call(&self) -> String {
        format!("__belay_fr({},{},{},{})", self.chunk, self.ahead, self.mask(), self.window)
    }
}

/// The stream of some files.
pub struct Stream<'a> {
    pace: Pace,
    hash: Hash,
    files: std::slice::Iter<'a, Upload<'a>>,
    /// The current file.
    file: Option<Reading<'a>>,
    /// Data of it that is read but in no record yet, from `begun` on.
    read: Vec<u8>,
    begun: usize,
    /// Whether the board has a file open.
    named: bool,
    ended: bool,
    failure: Option<Error>,
    /// Records to be cut into chunks, from `at` on.
    records: Vec<u8>,
    at: usize,
    /// Number of the next chunk.
    next: u64,
    /// Bytes of files that are already in chunks.
    taken: u64,
}

impl<'a> Stream<'a> {
    /// The stream of `files`, in order, for a board with this hash.
    pub fn new(pace: Pace, hash: Hash, files: &'a [Upload<'a>]) -> Stream<'a> {
        Stream {
            pace,
            hash,
            files: files.iter(),
            file: None,
            read: Vec::new(),
            begun: 0,
            named: false,
            ended: false,
            failure: None,
            records: Vec::new(),
            at: 0,
            next: 0,
            taken: 0,
        }
    }

    /// Why the stream ended early, if it did: a file could not be read. The board does not have that file then.
    pub fn failure(self) -> Option<Error> {
        self.failure
    }

    /// Bytes of the files that have been sent, compressed or not.
    pub fn taken(&self) -> u64 {
        self.taken
    }

    /// The chunks for a request: the one with its number, and earlier ones whose requests were lost.
    pub fn answer(&mut self, question: &str) -> Vec<u8> {
        let mut answer = Vec::new();
        let Ok(number) = question.parse::<u64>() else { return answer };
        // A request torn into a larger number must not flood the board.
        let number = number.min(self.next + self.pace.ahead as u64 - 1);
        while self.next <= number && self.chunk(&mut answer) {
            self.next += 1;
        }
        answer
    }

    /// Appends the next chunk with its header. False if there is none.
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

    /// Prepares records for a chunk, or all that are left.
    fn fill(&mut self) {
        if self.records.len() - self.at >= self.pace.chunk {
            return;
        }
        self.records.drain(..self.at);
        self.at = 0;
        while self.records.len() < self.pace.chunk && !self.ended {
            if let Err(error) = self.go_on() {
                self.give_up(error);
            }
        }
    }

    /// The next record.
    fn go_on(&mut self) -> Result<()> {
        self.look_ahead()?;
        if self.begun < self.read.len() {
            self.content_record();
        } else if let Some(file) = self.file.take() {
            let digest = file.finish()?;
            self.record(b'e', &digest);
            self.named = false;
        } else if let Some(upload) = self.files.next() {
            let file = Reading::begin(upload, self.hash)?;
            self.record(b'n', upload.path.as_bytes());
            (self.file, self.named) = (Some(file), true);
        } else {
            self.ended = true;
            self.record(b'x', b"");
        }
        Ok(())
    }

    /// Ends the stream so that the board discards the current file: no file has an empty digest.
    fn give_up(&mut self, error: Error) {
        self.ended = true;
        self.failure = Some(error);
        // After either, the board reads no more.
        self.record(if self.named { b'e' } else { b'x' }, b"");
    }

    /// Reads the data of the next record.
    fn look_ahead(&mut self) -> Result<()> {
        let wanted = (1 << self.pace.window).max(RECORD);
        let Some(file) = &mut self.file else { return Ok(()) };
        let held = self.read.len() - self.begun;
        if held < wanted && file.left() > 0 {
            self.read.drain(..self.begun);
            self.begun = 0;
            file.read(&mut self.read, wanted - held)?;
        }
        Ok(())
    }

    fn content_record(&mut self) {
        let content = &self.read[self.begun..];
        let window = self.pace.window;
        let mut packed = Vec::new();
        let mut length = content.len().min(RECORD);
        if window > 0 && may_shrink(content) {
            // No longer than the window, so that no distance exceeds it.
            let block = &content[..content.len().min(1 << window)];
            packed = miniz_oxide::deflate::compress_to_vec(block, 9);
            if packed.len() * WORTH.1 <= block.len() * WORTH.0 {
                length = block.len();
            } else {
                packed.clear();
            }
        }
        let (kind, payload) = if packed.is_empty() { (b'd', &content[..length]) } else { (b'z', packed.as_slice()) };
        record(&mut self.records, kind, payload);
        self.begun += length;
        self.taken += length as u64;
    }

    fn record(&mut self, kind: u8, payload: &[u8]) {
        record(&mut self.records, kind, payload);
    }
}

fn record(records: &mut Vec<u8>, kind: u8, payload: &[u8]) {
    records.push(kind);
    records.extend_from_slice(format!("{:04x}", payload.len()).as_bytes());
    records.extend_from_slice(payload);
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
    use super::super::content::Content;
    use super::super::digest::digest;
    use super::super::escape::FORBIDDEN;
    use super::*;
    use std::io::{self, Read};

    const HASH: Hash = Hash::Crc32;

    /// A receiver that returns the records: kind and payload.
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
    fn a_stream_contains_its_files() {
        let every: Vec<u8> = (0..=255).cycle().take(5000).collect();
        let text = b"for i in range(10):\n    print('the same line again')\n".repeat(200);
        let files = [
            Upload { path: "/a", content: &every, digest: None },
            Upload { path: "/empty", content: b"", digest: Some(b"00000000") },
            Upload { path: "/it's\n\u{e9}", content: &text, digest: None },
        ];
        let sent: Vec<_> = [("/a", every.clone()), ("/empty", Vec::new()), ("/it's\n\u{e9}", text.clone())]
            .into_iter()
            .map(|(path, content)| (path.as_bytes().to_vec(), content.clone(), digest(HASH, &content)))
            .collect();
        for (channel, window) in [(Channel::Binary, 0), (Channel::Text, 0), (Channel::Binary, 12)] {
            for chunk in [16, 124, 2044] {
                let pace = Pace { channel, chunk, ahead: 2, window, bold: false };
                let mut stream = Stream::new(pace, HASH, &files);
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
                assert!(got == sent, "{channel:?} {chunk} {window}");
            }
        }
    }

    #[test]
    fn lost_and_repeated_requests_change_nothing() {
        let content: Vec<u8> = (0..=255).cycle().take(3000).collect();
        let files = [Upload { path: "/a", content: &content, digest: None }];
        let pace = Pace { channel: Channel::Binary, chunk: 60, ahead: 2, window: 0, bold: false };
        let plain = receive(pace, &mut Stream::new(pace, HASH, &files), 0..1000);
        // Request 3 is lost, 5 arrives twice, and 9 after 10.
        let odd = [0, 1, 2, 4, 5, 5, 6, 7, 8, 10, 9].into_iter().chain(11..1000);
        assert!(receive(pace, &mut Stream::new(pace, HASH, &files), odd) == plain);
        let mut stream = Stream::new(pace, HASH, &files);
        let flood = stream.answer("9999").len();
        assert!(flood <= 2 * (60 + HEAD), "{flood}");
        assert_eq!(stream.answer("nonsense"), b"");
    }

    /// Has one byte fewer than it announces, or cannot be opened.
    struct Short(Vec<u8>, bool);

    impl Content for Short {
        fn size(&self) -> u64 {
            self.0.len() as u64 + 1
        }

        fn open(&self) -> io::Result<Box<dyn Read + '_>> {
            if self.1 { Err(io::ErrorKind::NotFound.into()) } else { self.0.open() }
        }
    }

    #[test]
    fn an_unreadable_file_ends_the_stream_without_it() {
        let pace = Pace { channel: Channel::Binary, chunk: 60, ahead: 2, window: 0, bold: false };
        for gone in [false, true] {
            let short = Short(vec![7; 9000], gone);
            let files = [
                Upload { path: "/whole", content: b"1", digest: None },
                Upload { path: "/short", content: &short, digest: None },
                Upload { path: "/after", content: b"2", digest: None },
            ];
            let mut stream = Stream::new(pace, HASH, &files);
            let records = receive(pace, &mut stream, 0..1000);
            let kinds: Vec<u8> = records.iter().map(|(kind, _)| *kind).filter(|kind| *kind != b'd').collect();
            assert_eq!(kinds, if gone { b"nex".as_slice() } else { b"nene" });
            assert_eq!(records.last().unwrap().1, b"", "no board accepts an empty digest");
            assert!(
                stream.failure().is_some_and(|error| error.message().starts_with("cannot read the content to send: "))
            );
        }
    }

    /// Counts the bytes read.
    struct Zeros(u64, std::cell::Cell<u64>);

    impl Content for Zeros {
        fn size(&self) -> u64 {
            self.0
        }

        fn open(&self) -> io::Result<Box<dyn Read + '_>> {
            Ok(Box::new(Counted(self, io::repeat(0).take(self.0))))
        }
    }

    struct Counted<'a>(&'a Zeros, io::Take<io::Repeat>);

    impl Read for Counted<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.1.read(buffer)?;
            self.0.1.set(self.0.1.get() + count as u64);
            Ok(count)
        }
    }

    #[test]
    fn a_file_is_read_as_it_is_sent() {
        let zeros = Zeros(3 << 30, std::cell::Cell::new(0));
        let files = [Upload { path: "/a", content: &zeros, digest: None }];
        let pace = Pace { channel: Channel::Binary, chunk: 2044, ahead: 2, window: 0, bold: false };
        let mut stream = Stream::new(pace, HASH, &files);
        for question in 0..100u64 {
            stream.answer(&question.to_string());
            let (read, taken) = (zeros.1.get(), stream.taken());
            assert!(taken <= read && read <= taken + RECORD as u64, "{read} {taken}");
        }
        assert!(stream.taken() >= 100 * 2000);
    }

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
