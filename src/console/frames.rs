//! Frames on a console: how messages of bytes are delimited.
//!
//! Pure. COBS is that of Cheshire and Baker ("Consistent Overhead Byte Stuffing", 1999), with a zero after each frame; SLIP is RFC 1055.
//! Invariants: a frame that was encoded is decoded unchanged, however its bytes are split; a broken one is skipped as a whole.

use crate::error::{Error, Kind, Result};
use crate::phrase::count;

/// How frames are delimited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Framing {
    /// These bytes end each frame; they cannot be in one.
    End(Vec<u8>),
    /// The length of the frame comes first.
    Length(Prefix),
    /// Consistent Overhead Byte Stuffing.
    Cobs,
    /// The Serial Line Internet Protocol.
    Slip,
}

/// A length before a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefix {
    /// Its bytes: 1, 2 or 4.
    pub size: usize,
    /// Whether the lowest byte comes first.
    pub is_little: bool,
    /// Whether it counts itself, too.
    pub counts_itself: bool,
}

/// The next frame in some bytes.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// Not whole yet.
    Incomplete,
    /// These bytes are no frame.
    Skip(usize),
    /// A frame, and how many bytes it took.
    Frame(usize, Vec<u8>),
    /// A broken frame: how many bytes it took, and what is wrong with it.
    Broken(usize, &'static str),
}

const END: u8 = 0xc0;
const ESC: u8 = 0xdb;
const ESC_END: u8 = 0xdc;
const ESC_ESC: u8 = 0xdd;

/// Longest frame with a length before it: more would not fit into what is kept.
const LONGEST: usize = 1 << 20;

impl Framing {
    /// The bytes to send for a frame.
    ///
    /// # Errors
    /// [`Kind::ArgumentError`] if the frame cannot be sent so.
    pub fn encode(&self, frame: &[u8]) -> Result<Vec<u8>> {
        let refused = |message: String| Err(Error::new(Kind::ArgumentError, message));
        match self {
            Framing::End(end) => {
                let whole = [frame, end].concat();
                let at = whole.windows(end.len()).position(|part| part == end);
                match at == Some(frame.len()) {
                    true => Ok(whole),
                    false => refused("the frame contains the bytes that end a frame".to_owned()),
                }
            }
            Framing::Length(prefix) => {
                let length = frame.len() + if prefix.counts_itself { prefix.size } else { 0 };
                let most = if prefix.size < 4 { (1 << (8 * prefix.size)) - 1 } else { LONGEST };
                if length > most {
                    return refused(format!(
                        "the frame is too long for its length field: {} of at most {most}",
                        count(length as u64, "byte")
                    ));
                }
                let bytes = (length as u64).to_le_bytes();
                let mut field = bytes[..prefix.size].to_vec();
                if !prefix.is_little {
                    field.reverse();
                }
                Ok([&field, frame].concat())
            }
            Framing::Cobs => Ok(stuffed(frame)),
            Framing::Slip => {
                let mut bytes = vec![END];
                for &byte in frame {
                    match byte {
                        END => bytes.extend([ESC, ESC_END]),
                        ESC => bytes.extend([ESC, ESC_ESC]),
                        plain => bytes.push(plain),
                    }
                }
                bytes.push(END);
                Ok(bytes)
            }
        }
    }

    /// The next frame in `bytes`.
    pub fn next(&self, bytes: &[u8]) -> Next {
        match self {
            Framing::End(end) => match bytes.windows(end.len()).position(|part| part == end) {
                Some(at) => Next::Frame(at + end.len(), bytes[..at].to_vec()),
                None => Next::Incomplete,
            },
            Framing::Length(prefix) => prefix.next(bytes),
            Framing::Cobs => delimited(bytes, 0, unstuffed),
            Framing::Slip => delimited(bytes, END, unescaped),
        }
    }
}

impl Prefix {
    fn next(&self, bytes: &[u8]) -> Next {
        let Some(field) = bytes.get(..self.size) else { return Next::Incomplete };
        let fold = |length: usize, byte: &u8| length << 8 | usize::from(*byte);
        let length = if self.is_little { field.iter().rev().fold(0, fold) } else { field.iter().fold(0, fold) };
        let own = if self.counts_itself { self.size } else { 0 };
        let Some(length) = length.checked_sub(own) else {
            return Next::Broken(self.size, "its length does not count the length field");
        };
        if length > LONGEST {
            return Next::Broken(bytes.len(), "its length is more than 1 MiB");
        }
        match bytes.get(self.size..self.size + length) {
            Some(frame) => Next::Frame(self.size + length, frame.to_vec()),
            None => Next::Incomplete,
        }
    }
}

/// The next frame before a delimiter. Empty frames are skipped.
fn delimited(bytes: &[u8], delimiter: u8, decode: fn(&[u8]) -> Option<Vec<u8>>) -> Next {
    match bytes.iter().position(|&byte| byte == delimiter) {
        None => Next::Incomplete,
        Some(0) => Next::Skip(bytes.iter().take_while(|&&byte| byte == delimiter).count()),
        Some(at) => match decode(&bytes[..at]) {
            Some(frame) => Next::Frame(at + 1, frame),
            None => Next::Broken(at + 1, "its bytes are not stuffed correctly"),
        },
    }
}

fn stuffed(frame: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0];
    let mut code = 0;
    for (index, &byte) in frame.iter().enumerate() {
        if byte != 0 {
            bytes.push(byte);
        }
        let run = bytes.len() - code;
        // A run of 254 bytes needs no zero after it, unless the frame ends there.
        if byte == 0 || run == 255 && index + 1 < frame.len() {
            bytes[code] = u8::try_from(run).unwrap_or(u8::MAX);
            code = bytes.len();
            bytes.push(0);
        }
    }
    bytes[code] = u8::try_from(bytes.len() - code).unwrap_or(u8::MAX);
    bytes.push(0);
    bytes
}

fn unstuffed(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut frame = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&code, tail)) = rest.split_first() {
        let run = tail.get(..usize::from(code).checked_sub(1)?)?;
        frame.extend_from_slice(run);
        rest = &tail[run.len()..];
        if code < 255 && !rest.is_empty() {
            frame.push(0);
        }
    }
    Some(frame)
}

fn unescaped(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut frame = Vec::with_capacity(bytes.len());
    let mut rest = bytes.iter();
    while let Some(&byte) = rest.next() {
        match byte {
            ESC => frame.push(match *rest.next()? {
                ESC_END => END,
                ESC_ESC => ESC,
                _ => return None,
            }),
            plain => frame.push(plain),
        }
    }
    Some(frame)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LITTLE: Prefix = Prefix { size: 2, is_little: true, counts_itself: false };

    #[test]
    fn frames_are_those_of_the_publications() {
        let encoded = |framing: Framing, frame: &[u8]| framing.encode(frame).unwrap();
        // Examples of COBS's description on Wikipedia.
        assert_eq!(encoded(Framing::Cobs, &[0]), [1, 1, 0]);
        assert_eq!(encoded(Framing::Cobs, &[0x11, 0x22, 0, 0x33]), [3, 0x11, 0x22, 2, 0x33, 0]);
        let long: Vec<u8> = (1..=254).collect();
        assert_eq!(encoded(Framing::Cobs, &long), [&[0xff][..], &long, &[0]].concat());
        let longer: Vec<u8> = (1..=255).collect();
        assert_eq!(encoded(Framing::Cobs, &longer), [&[0xff][..], &longer[..254], &[2, 255, 0]].concat());
        assert_eq!(encoded(Framing::Slip, &[1, END, ESC]), [END, 1, ESC, ESC_END, ESC, ESC_ESC, END]);
        assert_eq!(encoded(Framing::Length(LITTLE), b"abc"), b"\x03\0abc");
        let own = Prefix { size: 1, is_little: false, counts_itself: true };
        assert_eq!(encoded(Framing::Length(own), b"abc"), b"\x04abc");
        assert_eq!(encoded(Framing::End(b"\r\n".to_vec()), b"abc"), b"abc\r\n");
    }

    #[test]
    fn frames_that_cannot_be_sent_are_refused() {
        assert!(Framing::End(b"\r\n".to_vec()).encode(b"a\r\nb").is_err());
        let byte = Prefix { size: 1, is_little: false, counts_itself: false };
        assert!(Framing::Length(byte).encode(&[0; 255]).is_ok());
        let error = Framing::Length(byte).encode(&[0; 256]).unwrap_err();
        assert_eq!(error.message(), "the frame is too long for its length field: 256 bytes of at most 255");
    }

    #[test]
    fn broken_frames_are_skipped_as_a_whole() {
        assert_eq!(Framing::Cobs.next(&[0, 0, 2, 7, 0]), Next::Skip(2));
        assert!(matches!(Framing::Cobs.next(&[9, 7, 0, 2]), Next::Broken(3, _)));
        assert!(matches!(Framing::Slip.next(&[7, ESC, 7, END, 8]), Next::Broken(4, _)));
        let own = Framing::Length(Prefix { size: 1, is_little: false, counts_itself: true });
        assert!(matches!(own.next(&[0, 1]), Next::Broken(1, _)));
        let four = Framing::Length(Prefix { size: 4, is_little: false, counts_itself: false });
        assert!(matches!(four.next(&[255, 255, 255, 255, 1]), Next::Broken(5, _)));
        assert_eq!(four.next(&[0, 0, 0]), Next::Incomplete);
    }

    proptest! {
        #[test]
        fn frames_round_trip_in_any_pieces(frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..600), 1..4), size in 1_usize..50) {
            for framing in [Framing::Cobs, Framing::Slip, Framing::Length(LITTLE)] {
                let sent: Vec<u8> = frames.iter().flat_map(|frame| framing.encode(frame).unwrap()).collect();
                let (mut held, mut found) = (Vec::new(), Vec::new());
                for piece in sent.chunks(size) {
                    held.extend_from_slice(piece);
                    loop {
                        match framing.next(&held) {
                            Next::Incomplete => break,
                            Next::Skip(count) => drop(held.drain(..count)),
                            Next::Frame(count, frame) => {
                                held.drain(..count);
                                found.push(frame);
                            }
                            Next::Broken(_, why) => panic!("{framing:?}: {why}"),
                        }
                    }
                }
                prop_assert_eq!(&found, &frames);
            }
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            for framing in [Framing::Cobs, Framing::Slip, Framing::Length(LITTLE), Framing::End(vec![0])] {
                framing.next(&bytes);
            }
        }
    }
}
