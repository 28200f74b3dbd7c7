//! Lists of numbers as a board packs them: `snippets/results.py`.
//!
//! The text is the type code of the array, `l` for a list or `t` for a tuple, the number of items, `:`, and the items in base64,
//! little-endian. Uses [`crate::value`]; pure. Invariant: the values are those of the board, to the last bit.

use crate::value::Value;
use base64::Engine as _;

/// The numbers of `text`; `None` if it is invalid.
pub(super) fn unpack(text: &str) -> Option<Value> {
    let (head, items) = text.split_once(':')?;
    let mut head = head.chars();
    let (code, container) = (head.next()?, head.next()?);
    let count: usize = head.as_str().parse().ok()?;
    let bytes = base64::engine::general_purpose::STANDARD.decode(items.trim_end()).ok()?;
    // The size of a C `long` depends on the board.
    let size = bytes.len().checked_div(count).filter(|size| size * count == bytes.len())?;
    let number: fn(&[u8]) -> Option<Value> = match (code, size) {
        ('b' | 'h' | 'i' | 'l' | 'q', 1 | 2 | 4 | 8) => |item| Some(Value::Int(signed(item))),
        ('B' | 'H' | 'I' | 'L' | 'Q', 1 | 2 | 4 | 8) => |item| Some(Value::integer(unsigned(item).into())),
        ('f', 4) => |item| Some(Value::Float(f32::from_le_bytes(item.try_into().ok()?).into())),
        ('d', 8) => |item| Some(Value::Float(f64::from_le_bytes(item.try_into().ok()?))),
        _ => return None,
    };
    let items = bytes.chunks_exact(size).map(number).collect::<Option<Vec<Value>>>()?;
    match container {
        'l' => Some(Value::List(items)),
        't' => Some(Value::Tuple(items)),
        _ => None,
    }
}

fn unsigned(item: &[u8]) -> u64 {
    item.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte))
}

fn signed(item: &[u8]) -> i64 {
    let unused = 64 - 8 * item.len() as u32;
    (unsigned(item) << unused).cast_signed() >> unused
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unpacks_what_python_packs() {
        // CPython: `base64.b64encode(array.array(code, items))`.
        let ints = |items: &[i64]| items.iter().map(|&item| Value::Int(item)).collect::<Vec<_>>();
        assert_eq!(unpack("bl3:gP9/"), Some(Value::List(ints(&[-128, -1, 127]))));
        assert_eq!(unpack("Bt2:AP8="), Some(Value::Tuple(ints(&[0, 255]))));
        assert_eq!(unpack("hl2:AID/fw=="), Some(Value::List(ints(&[-32768, 32767]))));
        assert_eq!(unpack("Il1://///w=="), Some(Value::List(ints(&[4_294_967_295]))));
        assert_eq!(unpack("ql1:AAAAAAAAAIA="), Some(Value::List(ints(&[i64::MIN]))));
        let most = Value::integer(u64::MAX.into());
        assert_eq!(unpack("Ql1://////////8="), Some(Value::List(vec![most])));
        assert_eq!(unpack("dl1:mpmZmZmZuT8="), Some(Value::List(vec![Value::Float(0.1)])));
        assert_eq!(unpack("fl1:zczMPQ=="), Some(Value::List(vec![Value::Float(0.1f32.into())])));
    }

    #[test]
    fn invalid_texts_are_rejected() {
        for text in ["", "b", "bl", "bl3", "bl3:gP8=", "bl0:", "xl1:gA==", "bx1:gA==", "dl1:gA==", "bl1:?", "hl2:AAAA"]
        {
            assert_eq!(unpack(text), None, "{text}");
        }
    }
}
