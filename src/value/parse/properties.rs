//! Property tests with random values and random texts.

use super::parse;
use crate::value::{Value, write};
use num_bigint::BigInt;
use proptest::collection::vec;
use proptest::prelude::*;

/// Values that `write` accepts; with `hashable`, as a key.
fn values(hashable: bool) -> BoxedStrategy<Value> {
    let keys = leaves().prop_recursive(3, 12, 3, hashable_containers).boxed();
    if hashable {
        return keys;
    }
    leaves()
        .prop_recursive(5, 40, 5, move |inner| {
            let pairs = vec((keys.clone(), inner.clone()), 0..4);
            prop_oneof![
                hashable_containers(inner.clone()),
                vec(inner, 0..5).prop_map(Value::List),
                pairs.clone().prop_map(Value::Dict),
                pairs.prop_map(Value::OrderedDict),
                vec(keys.clone(), 0..4).prop_map(Value::Set),
            ]
            // A frozenset is one of the hashable containers, and its elements must be hashable as well.
            .prop_filter("sent", |value| write::literal(value).is_ok())
        })
        .boxed()
}

fn leaves() -> BoxedStrategy<Value> {
    let text = prop_oneof![any::<String>(), "[\0-\u{2ff}]{0,20}", "['\"\\\\0-9\\x00-\\x1f]{0,9}"];
    prop_oneof![
        Just(Value::None),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        vec(any::<u8>(), 0..30).prop_map(|bytes| Value::integer(BigInt::from_signed_bytes_le(&bytes))),
        floats().prop_map(Value::Float),
        (floats(), floats()).prop_map(|(real, imaginary)| Value::Complex(real, imaginary)),
        text.prop_map(Value::Str),
        vec(any::<u8>(), 0..40).prop_map(Value::Bytes),
        Just(Value::Ellipsis),
    ]
    .boxed()
}

fn floats() -> impl Strategy<Value = f64> {
    let edges = [0.0, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN_POSITIVE, 1e16, 1e-5];
    prop_oneof![proptest::num::f64::ANY, proptest::sample::select(edges.to_vec()), any::<i32>().prop_map(f64::from)]
}

fn hashable_containers(inner: BoxedStrategy<Value>) -> BoxedStrategy<Value> {
    let fields = vec(("[a-z_é][a-z0-9_]{0,5}", inner.clone()), 0..4);
    prop_oneof![
        vec(inner.clone(), 0..4).prop_map(Value::Tuple),
        vec(inner, 0..4).prop_map(Value::FrozenSet),
        ("([A-Z][a-z]{0,5})?", fields).prop_map(|(class, fields)| Value::NamedTuple(class, fields)),
    ]
    .boxed()
}

/// Values as text in which every float is shown as bits; all nans are equal.
fn exact(value: &Value) -> String {
    fn bits(number: f64) -> u64 {
        if number.is_nan() { f64::NAN.to_bits() } else { number.to_bits() }
    }
    fn all<'v>(values: impl IntoIterator<Item = &'v Value>) -> String {
        values.into_iter().map(|value| exact(value) + " ").collect()
    }
    match value {
        Value::Float(number) => format!("float {:x}", bits(*number)),
        Value::Complex(real, imaginary) => format!("complex {:x} {:x}", bits(*real), bits(*imaginary)),
        Value::List(items) => format!("list[{}]", all(items)),
        Value::Tuple(items) => format!("tuple[{}]", all(items)),
        Value::Set(items) => format!("set[{}]", all(items)),
        Value::FrozenSet(items) => format!("frozenset[{}]", all(items)),
        Value::Dict(pairs) => format!("dict[{}]", all(pairs.iter().flat_map(|(key, value)| [key, value]))),
        Value::OrderedDict(pairs) => format!("ordered[{}]", all(pairs.iter().flat_map(|(key, value)| [key, value]))),
        Value::NamedTuple(class, fields) => {
            let names: Vec<_> = fields.iter().map(|(name, _)| name).collect();
            format!("named {class} {names:?}[{}]", all(fields.iter().map(|(_, value)| value)))
        }
        plain => format!("{plain:?}"),
    }
}

proptest! {
    #[test]
    fn writing_and_parsing_round_trip(value in values(false)) {
        let source = write::literal(&value).unwrap();
        prop_assert!(!source.chars().any(char::is_control), "{source:?}");
        prop_assert_eq!(parse(&source).map(|back| exact(&back)), Ok(exact(&value)), "{}", source);
    }

    #[test]
    fn keys_are_written(key in values(true)) {
        let written = write::literal(&Value::Dict(vec![(key.clone(), Value::None)]));
        prop_assert!(written.is_ok(), "{key:?}: {written:?}");
    }

    #[test]
    fn any_text_gives_a_result(text in any::<String>()) {
        let _ = parse(&text);
    }

    #[test]
    fn text_of_literal_pieces_gives_a_result(pieces in vec(proptest::sample::select(PIECES.to_vec()), 0..30)) {
        let text: String = pieces.concat();
        if let Ok(value) = parse(&text) {
            // A parsed value can be written and parsed again, unless it has a key that no board can print.
            if let Ok(source) = write::literal(&value) {
                prop_assert_eq!(parse(&source).map(|back| exact(&back)), Ok(exact(&value)), "{}", text);
            }
        }
    }

    #[test]
    fn a_damaged_literal_gives_a_result(
        value in values(false),
        damage in vec((any::<proptest::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<proptest::sample::Index>(),
    ) {
        let mut bytes = write::literal(&value).unwrap().into_bytes();
        for (place, byte) in damage {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        let whole = String::from_utf8_lossy(&bytes).into_owned();
        let _ = parse(&whole);
        bytes.truncate(cut.index(bytes.len()));
        let _ = parse(&String::from_utf8_lossy(&bytes));
    }
}

const PIECES: &[&str] = &[
    "[",
    "]",
    "(",
    ")",
    "{",
    "}",
    ",",
    ":",
    "=",
    "'",
    "\"",
    "b'",
    "\\",
    "\\x",
    "u",
    "0",
    "1",
    "9",
    "-",
    "+",
    ".",
    "e",
    "j",
    "inf",
    "nan",
    "None",
    " ",
    "x=",
    "P(",
    "set()",
    "frozenset(",
    "bytearray(b'",
    "range(0,",
    "dict_keys([",
    "array('H'",
    "OrderedDict(",
    "float('inf')",
    "complex(",
    "__import__('collections').",
    "namedtuple('P',('x',))(",
    "é",
    "\n",
    "\u{7f}",
];
