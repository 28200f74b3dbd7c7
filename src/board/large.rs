//! Large texts and bytes in the arguments of a call: they travel before it, as a stream of records in chunks, instead of as
//! literals that the board compiles.
//!
//! The board keeps them in a dict, from which the call takes each. Pure. Invariant: only values that arrived with their
//! checksum are in that dict.

use super::chunks::{Chunks, Pace, content_record, record};
use super::command::Command;
use super::files::{Facts, Hash};
use crate::value::Value;
use crate::value::write::{bytes_to, string_to};
use std::sync::Arc;

/// Longest text or bytes, in bytes, that are a literal in the code of a call.
pub const LONGEST_LITERAL: usize = 1024;
/// Most bytes of a record that is not compressed.
const RECORD: usize = 0x8000;
/// The dict on the board.
const DICT: &str = "__belay_y";
/// Bytes of a literal with a part of a value, for a board that cannot receive a stream; and for one with much memory.
const PIECE: usize = 128;
const LARGE_PIECE: usize = 4096;

/// A text or bytes that the code of a command uses and does not contain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Large {
    /// Its key in the dict on the board.
    key: u64,
    content: Arc<[u8]>,
    is_text: bool,
}

impl Large {
    /// `value` under this key; `None` if it is not a text or bytes of more than [`LONGEST_LITERAL`].
    pub fn new(key: u64, value: &Value) -> Option<Large> {
        let (content, is_text) = match value {
            Value::Str(text) => (text.as_bytes(), true),
            Value::Bytes(bytes) => (bytes.as_slice(), false),
            _ => return None,
        };
        (content.len() > LONGEST_LITERAL).then(|| Large { key, content: content.into(), is_text })
    }

    /// The expression for it in code, which takes it out of the dict.
    pub fn expression(&self) -> String {
        format!("{DICT}.pop({})", self.key)
    }

    /// Its length in bytes.
    pub fn size(&self) -> usize {
        self.content.len()
    }

    /// As a literal.
    pub fn literal(&self) -> String {
        let mut text = String::new();
        match std::str::from_utf8(&self.content) {
            Ok(content) if self.is_text => string_to(&mut text, content),
            _ => bytes_to(&mut text, &self.content),
        }
        text
    }
}

/// How a board checks what has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Check {
    Crc32,
    /// The sum of the bytes: no lost byte but a zero stays unseen, and no flipped bit.
    Sum,
}

impl Check {
    fn of(self, content: &[u8]) -> u64 {
        match self {
            Check::Crc32 => crc32fast::hash(content).into(),
            Check::Sum => content.iter().map(|&byte| u64::from(byte)).sum(),
        }
    }
}

/// The command that receives `values`; [`received`] reads its reply. `frugal`: needs no memory for a second copy of a value,
/// but more time.
pub fn receive(pace: &Pace, values: &[Large], frugal: bool) -> Command {
    let total: usize = values.iter().map(Large::size).sum();
    Command::expression(&format!("__belay_yr({},{total},{})", pace.arguments(), u8::from(frugal)))
}

/// How a board receives large values.
#[derive(Clone, Copy, Debug)]
pub enum Receiving {
    /// As a stream.
    Stream(Facts),
    /// As literals, piece by piece: it has no memory for the receiver, or cannot read input.
    Literals,
}

/// How values have arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// All of them.
    Whole,
    /// At least one differs.
    Damaged,
    /// None: the board has only this number of bytes of free memory.
    NoRoom(u64),
}

/// Reads the reply to [`receive`].
pub fn received(reply: &Value) -> Option<Received> {
    let Value::Tuple(fields) = reply else { return None };
    match fields.as_slice() {
        [Value::Int(0), _] => Some(Received::Whole),
        [Value::Int(-1), _] => Some(Received::Damaged),
        [Value::Int(-2), Value::Int(free)] => u64::try_from(*free).ok().map(Received::NoRoom),
        _ => None,
    }
}

/// Asks what the board can receive; [`super::files::Facts`] reads the reply. It has no file system to report.
pub fn facts() -> Command {
    Command::expression("__belay_yf()")
}

/// Empties the dict.
pub fn clear() -> Command {
    Command::statements(&format!("{DICT}.clear()"))
}

/// The stream of some values.
pub struct Stream<'a> {
    chunks: Chunks,
    records: Records<'a>,
}

/// The records of some values.
struct Records<'a> {
    pace: Pace,
    check: Check,
    values: std::slice::Iter<'a, Large>,
    /// The rest of the current value.
    content: &'a [u8],
    ended: bool,
}

impl<'a> Stream<'a> {
    /// The stream of `values`, in order, for a board with this hash.
    pub fn new(pace: Pace, hash: Hash, values: &'a [Large]) -> Stream<'a> {
        let check = if hash == Hash::Fnv1a { Check::Sum } else { Check::Crc32 };
        let records = Records { pace, check, values: values.iter(), content: &[], ended: false };
        Stream { chunks: Chunks::new(pace), records }
    }

    /// The chunks for a request.
    pub fn answer(&mut self, question: &str) -> Vec<u8> {
        let Stream { chunks, records } = self;
        chunks.answer(question, &mut |out| records.next(out))
    }
}

impl Records<'_> {
    /// Appends the next record. False if there is none.
    fn next(&mut self, out: &mut Vec<u8>) -> bool {
        if !self.content.is_empty() {
            let length = content_record(out, &self.pace, self.content, RECORD);
            self.content = &self.content[length..];
            return true;
        }
        match self.values.next() {
            Some(Large { key, content, is_text }) => {
                let head = format!("{key} {} {} {}", content.len(), u8::from(*is_text), self.check.of(content));
                record(out, b'k', head.as_bytes());
                self.content = content;
                true
            }
            None if self.ended => false,
            None => {
                self.ended = true;
                record(out, b'x', b"");
                true
            }
        }
    }
}

/// Commands that put `values` into the dict without a stream: as literals, piece by piece. `is_small`: the board has little
/// memory to compile them.
pub fn literals(values: &[Large], is_small: bool) -> impl Iterator<Item = Command> {
    let size = if is_small { PIECE } else { LARGE_PIECE };
    let pieces = values.iter().flat_map(move |Large { key, content, is_text }| {
        let piece = move |piece: &[u8]| {
            let mut code = format!("{DICT}[{key}]+=");
            bytes_to(&mut code, piece);
            code
        };
        let text = is_text.then(|| format!("{DICT}[{key}]=str({DICT}[{key}],'utf-8')"));
        std::iter::once(format!("{DICT}[{key}]=b''")).chain(content.chunks(size).map(piece)).chain(text)
    });
    std::iter::once(format!("{DICT}={{}}")).chain(pieces).map(|code| Command::statements(&code))
}

#[cfg(test)]
mod tests {
    use super::super::files::Channel;
    use super::*;

    fn large(key: u64, value: Value) -> Large {
        Large::new(key, &value).unwrap()
    }

    #[test]
    fn only_long_texts_and_bytes_travel_apart() {
        assert!(Large::new(1, &Value::Bytes(vec![0; 1024])).is_none());
        assert!(Large::new(1, &Value::Str("\u{e9}".repeat(512))).is_none());
        assert!(Large::new(1, &Value::List(vec![Value::Int(1); 5000])).is_none());
        let text = large(7, Value::Str("\u{e9}".repeat(600)));
        assert_eq!((text.size(), text.expression().as_str()), (1200, "__belay_y.pop(7)"));
        assert_eq!(text.literal(), format!("'{}'", "\u{e9}".repeat(600)));
    }

    #[test]
    fn a_stream_contains_its_values() {
        let values = [large(3, Value::Bytes(vec![1; 2000])), large(4, Value::Str("text ".repeat(400)))];
        let pace = Pace { channel: Channel::Text, chunk: 4000, ahead: 1, window: 0, bold: false };
        let mut stream = Stream::new(pace, Hash::Crc32, &values);
        let mut plain = Vec::new();
        for question in 0..4 {
            let answer = stream.answer(&question.to_string());
            let body = answer.strip_prefix(b"c").or_else(|| answer.get(4..)).unwrap_or_default();
            plain.extend(base64::Engine::decode(&base64::engine::general_purpose::STANDARD, body).unwrap());
        }
        let crc = |bytes: &[u8]| crc32fast::hash(bytes);
        let expected = [
            format!("k{:04x}3 2000 0 {}", 9 + crc(&[1; 2000]).to_string().len(), crc(&[1; 2000])).into_bytes(),
            b"d07d0".to_vec(),
            vec![1; 2000],
            format!(
                "k{:04x}4 2000 1 {}",
                9 + crc("text ".repeat(400).as_bytes()).to_string().len(),
                crc("text ".repeat(400).as_bytes())
            )
            .into_bytes(),
            b"d07d0".to_vec(),
            "text ".repeat(400).into_bytes(),
            b"x0000".to_vec(),
        ];
        assert_eq!(plain.escape_ascii().to_string(), expected.concat().escape_ascii().to_string());
    }

    #[test]
    fn reads_how_values_have_arrived() {
        let reply = |status, free| Value::Tuple(vec![Value::Int(status), free]);
        assert_eq!(received(&reply(0, Value::None)), Some(Received::Whole));
        assert_eq!(received(&reply(-1, Value::Int(9))), Some(Received::Damaged));
        assert_eq!(received(&reply(-2, Value::Int(9))), Some(Received::NoRoom(9)));
        assert_eq!(received(&reply(-2, Value::None)), None);
        assert_eq!(received(&Value::None), None);
    }
}
