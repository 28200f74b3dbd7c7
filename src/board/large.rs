//! Large texts, bytes and lists of numbers in the arguments of a call: they travel before it, as a stream of records in chunks, instead of as
//! literals that the board compiles.
//!
//! The board keeps them in a dict, from which the call takes each. Pure. Invariant: only values that arrived with their
//! checksum are in that dict.

use super::chunks::{Chunks, Pace, content_record, record};
use super::command::Command;
use super::files::{Channel, Facts, Hash};
use crate::value::Value;
use crate::value::write::{bytes_to, literal};
use std::sync::Arc;

/// Longest literal, in bytes, of a text, of bytes or of numbers that is in the code of a call.
pub const LONGEST_LITERAL: usize = 1024;
/// Most bytes of a record that is not compressed.
const RECORD: usize = 0x8000;
/// The dict on the board.
const DICT: &str = "__belay_y";
/// Bytes of a literal with a part of a value, for a board that cannot receive a stream; and for one with much memory.
const PIECE: usize = 128;
const LARGE_PIECE: usize = 4096;

/// A value that the code of a command uses and does not contain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Large {
    /// Its key in the dict on the board.
    key: u64,
    content: Arc<[u8]>,
    form: Form,
}

/// What the bytes of a value become on the board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Bytes,
    Text,
    /// Numbers, packed little-endian as this type code of `struct` says.
    List(u8),
    Tuple(u8),
}

impl Form {
    /// The number of the form, and the type code.
    fn numbers(self) -> (u8, u8) {
        match self {
            Form::Bytes => (0, 0),
            Form::Text => (1, 0),
            Form::List(code) => (2, code),
            Form::Tuple(code) => (3, code),
        }
    }
}

/// Bytes of a number with this type code.
fn width(code: u8) -> usize {
    match code.to_ascii_lowercase() {
        b'b' => 1,
        b'h' => 2,
        b'i' => 4,
        _ => 8,
    }
}

/// Numbers as `struct` packs them, with the type code; `None` if they are not all integers of 64 bits, or all floats.
fn pack(items: &[Value]) -> Option<(u8, Vec<u8>)> {
    if items.iter().all(|item| matches!(item, Value::Float(_))) {
        let bits = items.iter().filter_map(|item| if let Value::Float(number) = item { Some(number) } else { None });
        return Some((b'd', bits.flat_map(|number| number.to_le_bytes()).collect()));
    }
    let whole = |item: &Value| if let Value::Int(number) = item { Some(*number) } else { None };
    let numbers = items.iter().map(whole).collect::<Option<Vec<i64>>>()?;
    let (least, most) = (numbers.iter().min()?, numbers.iter().max()?);
    let fits = |from: i64, to: i64| (from..=to).contains(least) && (from..=to).contains(most);
    let code = match () {
        () if fits(0, 255) => b'B',
        () if fits(-128, 127) => b'b',
        () if fits(0, 0xffff) => b'H',
        () if fits(-0x8000, 0x7fff) => b'h',
        () if fits(0, 0xffff_ffff) => b'I',
        () if fits(i32::MIN.into(), i32::MAX.into()) => b'i',
        () => b'q',
    };
    let width = width(code);
    Some((code, numbers.iter().flat_map(|number| number.to_le_bytes().into_iter().take(width)).collect()))
}

impl Large {
    /// `value` under this key; `None` if its literal is not longer than [`LONGEST_LITERAL`], or it is something else than a text,
    /// bytes, or numbers of one kind.
    pub fn new(key: u64, value: &Value) -> Option<Large> {
        // A literal has at most ten bytes for each of a text, and at least two for a number.
        let (least, shortest) = match value {
            Value::Str(text) => (text.len(), LONGEST_LITERAL / 10),
            Value::Bytes(bytes) => (bytes.len(), LONGEST_LITERAL / 10),
            Value::List(items) | Value::Tuple(items) => (items.len(), LONGEST_LITERAL / 26),
            _ => return None,
        };
        if least < shortest || literal(value).ok()?.len() <= LONGEST_LITERAL {
            return None;
        }
        let (content, form) = match value {
            Value::Str(text) => (text.as_bytes().into(), Form::Text),
            Value::Bytes(bytes) => (bytes.as_slice().into(), Form::Bytes),
            Value::List(items) => pack(items).map(|(code, bytes)| (bytes.into(), Form::List(code)))?,
            Value::Tuple(items) => pack(items).map(|(code, bytes)| (bytes.into(), Form::Tuple(code)))?,
            _ => return None,
        };
        Some(Large { key, content, form })
    }

    /// Whether the board must unpack it.
    pub fn is_packed(&self) -> bool {
        matches!(self.form, Form::List(_) | Form::Tuple(_))
    }

    /// The expression for it in code, which takes it out of the dict.
    pub fn expression(&self) -> String {
        format!("{DICT}.pop({})", self.key)
    }

    /// Its length in bytes.
    pub fn size(&self) -> usize {
        self.content.len()
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
    /// As a stream; `unpacks`: packed numbers too. The facts are not about a file system.
    Stream {
        /// How it receives.
        facts: Facts,
        /// Whether it has `struct`.
        unpacks: bool,
    },
    /// As literals, piece by piece: it has no memory for the receiver, or cannot read input.
    Literals,
}

impl Receiving {
    /// Reads the reply to [`facts`].
    pub fn from_value(reply: &Value) -> Receiving {
        let Value::Tuple(fields) = reply else { return Receiving::Literals };
        let Some((Value::Int(unpacks), facts)) = fields.split_last() else { return Receiving::Literals };
        match Facts::from_value(&Value::Tuple(facts.to_vec())) {
            Some(facts) if facts.channel != Channel::Literals => Receiving::Stream { facts, unpacks: *unpacks != 0 },
            _ => Receiving::Literals,
        }
    }
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

/// Asks what the board can receive; [`Receiving::from_value`] reads the reply.
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
            Some(Large { key, content, form }) => {
                let (form, code) = form.numbers();
                let count = content.len() / width(code);
                let head = format!("{key} {} {form} {} {code} {count}", content.len(), self.check.of(content));
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

/// Creates the dict on the board again.
pub fn empty() -> Command {
    Command::statements(&format!("{DICT}={{}}"))
}

/// Commands that put `values` into the dict without a stream: as literals, piece by piece. `is_small`: the board has little
/// memory to compile them.
pub fn literals(values: &[Large], is_small: bool) -> impl Iterator<Item = Command> {
    let size = if is_small { PIECE } else { LARGE_PIECE };
    let pieces = values.iter().flat_map(move |Large { key, content, form }| {
        let form = *form;
        let (begin, end) = match form {
            Form::Bytes => ("b''", None),
            Form::Text => ("b''", Some(format!("{DICT}[{key}]=str({DICT}[{key}],'utf-8')"))),
            Form::List(_) => ("[]", None),
            Form::Tuple(_) => ("[]", Some(format!("{DICT}[{key}]=tuple({DICT}[{key}])"))),
        };
        let piece = move |piece: &[u8]| {
            let mut code = format!("{DICT}[{key}]+=");
            match form {
                Form::Bytes | Form::Text => bytes_to(&mut code, piece),
                Form::List(width) | Form::Tuple(width) => code.push_str(&numbers(width, piece)),
            }
            code
        };
        let size = if form.numbers().0 > 1 { size / 32 * 8 } else { size };
        std::iter::once(format!("{DICT}[{key}]={begin}")).chain(content.chunks(size).map(piece)).chain(end)
    });
    pieces.map(|code| Command::statements(&code))
}

/// The literal of a list of packed numbers.
fn numbers(code: u8, packed: &[u8]) -> String {
    let number = |item: &[u8]| {
        let mut wide = [if code.is_ascii_lowercase() && item[item.len() - 1] > 0x7f { 0xff } else { 0 }; 8];
        wide[..item.len()].copy_from_slice(item);
        match code {
            b'd' => Value::Float(f64::from_le_bytes(wide)),
            _ => Value::Int(i64::from_le_bytes(wide)),
        }
    };
    literal(&Value::List(packed.chunks(width(code)).map(number).collect())).unwrap_or_default()
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
        assert!(Large::new(1, &Value::Bytes(vec![b'x'; 1020])).is_none());
        assert!(Large::new(1, &Value::Str("\u{e9}".repeat(511))).is_none());
        assert!(Large::new(1, &Value::List(vec![Value::Int(1); 500])).is_none());
        assert!(Large::new(1, &Value::List(vec![Value::Bool(true); 500])).is_none());
        let text = large(7, Value::Str("\u{e9}".repeat(600)));
        assert_eq!((text.size(), text.expression().as_str()), (1200, "__belay_y.pop(7)"));
        assert_eq!(large(1, Value::Bytes(vec![255; 256])).size(), 256);
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
        let head = |text: &str| format!("k{:04x}{text}", text.len()).into_bytes();
        let expected = [
            head(&format!("3 2000 0 {} 0 250", crc32fast::hash(&[1; 2000]))),
            b"d07d0".to_vec(),
            vec![1; 2000],
            head(&format!("4 2000 1 {} 0 250", crc32fast::hash("text ".repeat(400).as_bytes()))),
            b"d07d0".to_vec(),
            "text ".repeat(400).into_bytes(),
            b"x0000".to_vec(),
        ];
        assert_eq!(plain.escape_ascii().to_string(), expected.concat().escape_ascii().to_string());
    }

    #[test]
    fn numbers_are_packed_as_small_as_they_fit() {
        let ints = |first: i64, last: i64| {
            let mut items = vec![Value::Int(last); 2000];
            items[0] = Value::Int(first);
            Value::List(items)
        };
        for (first, last, code) in [
            (0, 255, b'B'),
            (-128, 127, b'b'),
            (0, 65535, b'H'),
            (-129, 7, b'h'),
            (0, 4_294_967_295, b'I'),
            (-1, 70_000, b'i'),
            (i64::MIN, 1, b'q'),
            (-1, 4_294_967_295, b'q'),
        ] {
            let value = ints(first, last);
            let packed = large(1, value.clone());
            assert_eq!(packed.form, Form::List(code));
            assert_eq!(packed.size(), 2000 * width(code));
            assert_eq!(numbers(code, &packed.content), literal(&value).unwrap());
        }
        let floats = Value::Tuple(vec![Value::Float(0.1); 500]);
        let packed = large(1, floats.clone());
        assert_eq!((packed.form, packed.size()), (Form::Tuple(b'd'), 4000));
        let Value::Tuple(items) = floats else { unreachable!() };
        assert_eq!(numbers(b'd', &packed.content), literal(&Value::List(items)).unwrap());
        let mixed =
            Value::List((0..1000).map(|n| if n % 2 == 0 { Value::Int(n) } else { Value::Float(1.0) }).collect());
        assert!(Large::new(1, &mixed).is_none());
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
