//! Blocks of binary data (IEEE 488.2, 7.7.6 and 8.7.9), and the numbers in them.
//!
//! Invariant: pure functions; a header is believed only up to [`LIMIT`].

use crate::value::Value;

/// Bytes of the longest block that is read. A header can name nearly 1 GB.
pub const LIMIT: usize = 512 << 20;

/// What the head of a reply is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Head {
    /// A block of this many bytes, which begins at this offset.
    Definite {
        /// Where its bytes begin.
        at: usize,
        /// How many there are.
        length: usize,
    },
    /// `#0`: a block up to the end of the message. It begins at offset 2.
    Indefinite,
    /// More bytes are needed to tell.
    Incomplete,
    /// It is not a block.
    Other,
}

/// What the bytes of a reply begin with.
pub fn head(bytes: &[u8]) -> Head {
    let (digits, rest) = match bytes {
        [] | [b'#'] => return Head::Incomplete,
        [b'#', b'0', ..] => return Head::Indefinite,
        [b'#', digit @ b'1'..=b'9', rest @ ..] => (usize::from(digit - b'0'), rest),
        _ => return Head::Other,
    };
    let known = &rest[..digits.min(rest.len())];
    if !known.iter().all(u8::is_ascii_digit) {
        return Head::Other;
    }
    if known.len() < digits {
        return Head::Incomplete;
    }
    let length = known.iter().fold(0, |length: usize, digit| length * 10 + usize::from(digit - b'0'));
    Head::Definite { at: 2 + digits, length }
}

/// `bytes` as a block of definite length.
pub fn definite(bytes: &[u8]) -> Vec<u8> {
    let length = bytes.len().to_string();
    let mut block = format!("#{}{length}", length.len()).into_bytes();
    block.extend_from_slice(bytes);
    block
}

/// How numbers are encoded in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// 8 bits with a sign.
    I8,
    /// 8 bits.
    U8,
    /// 16 bits with a sign.
    I16,
    /// 16 bits.
    U16,
    /// 32 bits with a sign.
    I32,
    /// 32 bits.
    U32,
    /// A single (IEEE 754).
    F32,
    /// A double (IEEE 754).
    F64,
}

impl Format {
    /// Each format with its name.
    pub const NAMES: [(&'static str, Format); 8] = [
        ("i8", Format::I8),
        ("u8", Format::U8),
        ("i16", Format::I16),
        ("u16", Format::U16),
        ("i32", Format::I32),
        ("u32", Format::U32),
        ("f32", Format::F32),
        ("f64", Format::F64),
    ];

    /// The format with this name.
    pub fn named(name: &str) -> Option<Format> {
        Format::NAMES.iter().find(|(known, _)| *known == name).map(|(_, format)| *format)
    }

    /// Bytes of one number.
    pub fn size(self) -> usize {
        match self {
            Format::I8 | Format::U8 => 1,
            Format::I16 | Format::U16 => 2,
            Format::I32 | Format::U32 | Format::F32 => 4,
            Format::F64 => 8,
        }
    }

    /// The numbers in `bytes`. `little`: the least byte comes first. `None` if the last number is not whole.
    pub fn numbers(self, bytes: &[u8], little: bool) -> Option<Vec<Value>> {
        if !bytes.len().is_multiple_of(self.size()) {
            return None;
        }
        let one = |part: &[u8]| {
            let mut whole = [0; 8];
            for (index, byte) in part.iter().enumerate() {
                whole[if little { index } else { part.len() - 1 - index }] = *byte;
            }
            let bits = u64::from_le_bytes(whole);
            let short = u16::try_from(bits & 0xffff).unwrap_or_default();
            let word = u32::try_from(bits & 0xffff_ffff).unwrap_or_default();
            match self {
                Format::I8 => Value::Int(i64::from(part[0].cast_signed())),
                Format::U8 => Value::Int(i64::from(part[0])),
                Format::I16 => Value::Int(i64::from(short.cast_signed())),
                Format::U16 => Value::Int(i64::from(short)),
                Format::I32 => Value::Int(i64::from(word.cast_signed())),
                Format::U32 => Value::Int(i64::from(word)),
                Format::F32 => Value::Float(super::reply::special(f64::from(f32::from_bits(word)))),
                Format::F64 => Value::Float(super::reply::special(f64::from_bits(bits))),
            }
        };
        Some(bytes.chunks_exact(self.size()).map(one).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn heads_are_told_apart_at_every_length() {
        assert_eq!(head(b"#41024xx"), Head::Definite { at: 6, length: 1024 });
        for part in [&b""[..], b"#", b"#4", b"#410", b"#4102"] {
            assert_eq!(head(part), Head::Incomplete);
        }
        assert_eq!(head(b"#0abc"), Head::Indefinite);
        for other in [&b"1"[..], b"#H1F", b"#4a", b"ON"] {
            assert_eq!(head(other), Head::Other);
        }
        assert_eq!(definite(b"abc"), b"#13abc");
        assert_eq!(definite(b""), b"#10");
    }

    #[test]
    fn numbers_have_either_byte_order() {
        let int = |numbers: &[i64]| Some(numbers.iter().map(|number| Value::Int(*number)).collect::<Vec<_>>());
        assert_eq!(Format::I16.numbers(&[0xff, 0xfe, 0, 1], false), int(&[-2, 1]));
        assert_eq!(Format::I16.numbers(&[0xfe, 0xff, 1, 0], true), int(&[-2, 1]));
        assert_eq!(Format::U8.numbers(&[255, 0], false), int(&[255, 0]));
        assert_eq!(Format::I8.numbers(&[255], true), int(&[-1]));
        assert_eq!(Format::U32.numbers(&[0xff, 0xff, 0xff, 0xff], false), int(&[4_294_967_295]));
        assert_eq!(Format::I32.numbers(&[0xff, 0xff, 0xff, 0xff], false), int(&[-1]));
        assert_eq!(Format::F32.numbers(&1.5f32.to_be_bytes(), false), Some(vec![Value::Float(1.5)]));
        assert_eq!(Format::F64.numbers(&(-2.25f64).to_le_bytes(), true), Some(vec![Value::Float(-2.25)]));
        assert_eq!(Format::F32.numbers(&9.9e37f32.to_be_bytes(), false), Some(vec![Value::Float(f64::INFINITY)]));
        assert_eq!(Format::U16.numbers(&[1, 2, 3], false), None);
    }

    proptest! {
        #[test]
        fn blocks_round_trip_and_no_head_panics(bytes: Vec<u8>) {
            let block = definite(&bytes);
            prop_assert_eq!(head(&block), Head::Definite { at: block.len() - bytes.len(), length: bytes.len() });
            let _ = head(&bytes);
        }
    }
}
