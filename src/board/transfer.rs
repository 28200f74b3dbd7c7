//! Sends files to a board that runs the receiver `snippets/receive.py`: a stream of records in chunks. Reads only the files.
//!
//! Invariant: only a few records of a file are in memory, whatever its length; a file whose content could not be read is
//! discarded by the board.

use super::chunks::{Chunks, RECORD, content_record, record};
use super::content::{Reading, Upload};
use super::files::Hash;
use crate::error::{Error, Result};

pub use super::chunks::Pace;

/// The call of the receiver.
pub fn call(pace: &Pace) -> String {
    format!("__belay_fr({})", pace.arguments())
}

/// The stream of some files.
pub struct Stream<'a> {
    chunks: Chunks,
    records: Records<'a>,
}

/// The records of some files.
struct Records<'a> {
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
    /// Bytes of files that are already in records.
    taken: u64,
}

impl<'a> Stream<'a> {
    /// The stream of `files`, in order, for a board with this hash.
    pub fn new(pace: Pace, hash: Hash, files: &'a [Upload<'a>]) -> Stream<'a> {
        let records = Records {
            pace,
            hash,
            files: files.iter(),
            file: None,
            read: Vec::new(),
            begun: 0,
            named: false,
            ended: false,
            failure: None,
            taken: 0,
        };
        Stream { chunks: Chunks::new(pace), records }
    }

    /// Why the stream ended early, if it did: a file could not be read. The board does not have that file then.
    pub fn failure(self) -> Option<Error> {
        self.records.failure
    }

    /// Bytes of the files that have been sent, compressed or not.
    pub fn taken(&self) -> u64 {
        self.records.taken
    }

    /// The chunks for a request: the one with its number, and earlier ones whose requests were lost.
    pub fn answer(&mut self, question: &str) -> Vec<u8> {
        let Stream { chunks, records } = self;
        chunks.answer(question, &mut |out| records.next(out))
    }
}

impl Records<'_> {
    /// Appends the next record. False if there is none.
    fn next(&mut self, out: &mut Vec<u8>) -> bool {
        if self.ended {
            return false;
        }
        if let Err(error) = self.go_on(out) {
            self.give_up(error, out);
        }
        true
    }

    fn go_on(&mut self, out: &mut Vec<u8>) -> Result<()> {
        self.look_ahead()?;
        if self.begun < self.read.len() {
            let length = content_record(out, &self.pace, &self.read[self.begun..], RECORD);
            self.begun += length;
            self.taken += length as u64;
        } else if let Some(file) = self.file.take() {
            record(out, b'e', &file.finish()?);
            self.named = false;
        } else if let Some(upload) = self.files.next() {
            let file = Reading::begin(upload, self.hash)?;
            record(out, b'n', upload.path.as_bytes());
            (self.file, self.named) = (Some(file), true);
        } else {
            self.ended = true;
            record(out, b'x', b"");
        }
        Ok(())
    }

    /// Ends the stream so that the board discards the current file: no file has an empty digest.
    fn give_up(&mut self, error: Error, out: &mut Vec<u8>) {
        self.ended = true;
        self.failure = Some(error);
        // After either, the board reads no more.
        record(out, if self.named { b'e' } else { b'x' }, b"");
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
}

#[cfg(test)]
mod tests {
    use super::super::chunks::HEAD;
    use super::super::content::Content;
    use super::super::digest::digest;
    use super::super::escape::FORBIDDEN;
    use super::super::files::Channel;
    use super::*;
    use base64::Engine as _;
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
                b'c' => (pace.chunk, after),
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
}
