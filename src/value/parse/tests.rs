//! Tests of boards' output and its parsed values.

use super::*;
use num_bigint::BigInt;

#[track_caller]
fn case(text: &str, value: Value) {
    assert_eq!(parse(text), Ok(value), "{text}");
}

#[track_caller]
fn refused(text: &str, at: usize) {
    assert_eq!(parse(text), Err(ParseError::NotLiteral { at }), "{text}");
}

fn text(text: &str) -> Value {
    Value::Str(text.to_owned())
}

fn ints(numbers: impl IntoIterator<Item = i64>) -> Vec<Value> {
    numbers.into_iter().map(Value::Int).collect()
}

fn float(text: &str) -> f64 {
    match parse(text) {
        Ok(Value::Float(number)) => number,
        other => panic!("{text}: {other:?}"),
    }
}

/// The parts as bits, which distinguish -0.0 from 0.0.
fn complex(text: &str) -> (u64, u64) {
    match parse(text) {
        Ok(Value::Complex(real, imaginary)) => (real.to_bits(), imaginary.to_bits()),
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn constants_and_integers() {
    case("None", Value::None);
    case(" True\r\n", Value::Bool(true));
    case("False", Value::Bool(false));
    case("Ellipsis", Value::Ellipsis);
    case("0", Value::Int(0));
    case("-9223372036854775808", Value::Int(i64::MIN));
    case("9223372036854775807", Value::Int(i64::MAX));
    case("9223372036854775808", Value::BigInt(BigInt::from(1u64 << 63)));
    case("-9223372036854775809", Value::BigInt(BigInt::from(i64::MIN) - 1));
    case("1180591620717411303424", Value::BigInt(BigInt::from(1) << 70));
}

#[test]
fn floats() {
    for (text, number) in [
        ("0.5", 0.5),
        ("1e+20", 1e20),
        ("1e20", 1e20),
        ("1e-05", 1e-5),
        ("4.940656458412465e-324", 5e-324),
        ("0.33333334", 0.33333334),
        ("-inf", f64::NEG_INFINITY),
        ("inf", f64::INFINITY),
        ("float('inf')", f64::INFINITY),
        ("-float('inf')", f64::NEG_INFINITY),
    ] {
        assert_eq!(float(text), number, "{text}");
    }
    assert!(float("-0.0").is_sign_negative());
    assert!(float("nan").is_nan() && float("float('nan')").is_nan());
}

#[test]
fn complex_numbers() {
    let nan = f64::NAN.to_bits();
    let bits = |real: f64, imaginary: f64| (real.to_bits(), imaginary.to_bits());
    assert_eq!(complex("1j"), bits(0.0, 1.0));
    assert_eq!(complex("-0j"), bits(0.0, -0.0));
    assert_eq!(complex("(1+2j)"), bits(1.0, 2.0));
    assert_eq!(complex("(-0-1j)"), bits(-0.0, -1.0));
    assert_eq!(complex("(1e+20+1e-20j)"), bits(1e20, 1e-20));
    assert_eq!(complex("(nan+infj)"), (nan, f64::INFINITY.to_bits()));
    assert_eq!(complex("(-inf-infj)"), bits(f64::NEG_INFINITY, f64::NEG_INFINITY));
    assert_eq!(complex("-infj"), bits(0.0, f64::NEG_INFINITY));
    assert_eq!(complex("infj"), bits(0.0, f64::INFINITY));
    assert_eq!(complex("nanj"), (0, nan));
    assert_eq!(complex("complex(1,-float('inf'))"), bits(1.0, f64::NEG_INFINITY));
    assert_eq!(complex("-complex(0.0,0.0)"), bits(-0.0, -0.0));
    case("(1j,)", Value::Tuple(vec![Value::Complex(0.0, 1.0)]));
}

#[test]
fn strings_and_bytes() {
    case(r"''", text(""));
    case(r#""it's""#, text("it's"));
    case(r"'\n\r\t\\\'\x22\a\b\f\v'", text("\n\r\t\\'\"\x07\x08\x0c\x0b"));
    case(r"'\0\18\1234\377\777'", text("\0\u{1}8S4\u{ff}\u{1ff}"));
    case(r"'\xe9\u20ac\U0001f600é😀'", text("é€😀é😀"));
    case(r"b'\x00\xff\n\0a'", Value::Bytes(vec![0, 255, 10, 0, b'a']));
    case(r#"b"'""#, Value::Bytes(vec![b'\'']));
    case(r"bytearray(b'a')", Value::Bytes(vec![b'a']));
    assert_eq!(parse(r"'a\ud83d\ude00'"), Err(ParseError::Surrogate { at: 2 }));
    for (text, at) in [
        ("'", 1),
        ("'a\n'", 2),
        ("'\u{7f}'", 1),
        (r"'\'", 3),
        (r"'\q'", 1),
        (r"'\x4'", 1),
        (r"'\x+4'", 1),
        (r"'\U00110000'", 1),
        (r"'\N{DASH}'", 1),
        (r"b'\u0041'", 2),
        (r"b'\400'", 2),
        ("b'aé'", 3),
        ("u'a'", 0),
        ("b", 0),
        ("'a' 'b'", 4),
    ] {
        refused(text, at);
    }
}

#[test]
fn containers() {
    case("[]", Value::List(vec![]));
    case("[1, 2]", Value::List(ints([1, 2])));
    case("[ 1 ,2, ]", Value::List(ints([1, 2])));
    case("()", Value::Tuple(vec![]));
    case("(1,)", Value::Tuple(ints([1])));
    case("(',' , )", Value::Tuple(vec![text(",")]));
    case("(1, -2)", Value::Tuple(ints([1, -2])));
    case("((), [])", Value::Tuple(vec![Value::Tuple(vec![]), Value::List(vec![])]));
    case("{}", Value::Dict(vec![]));
    case("{1: 2, 'a': {}}", Value::Dict(vec![(Value::Int(1), Value::Int(2)), (text("a"), Value::Dict(vec![]))]));
    case("{1, 2}", Value::Set(ints([1, 2])));
    case("set()", Value::Set(vec![]));
    case("frozenset()", Value::FrozenSet(vec![]));
    case("frozenset({1, 2})", Value::FrozenSet(ints([1, 2])));
    case("frozenset([1])", Value::FrozenSet(ints([1])));
}

#[test]
fn classes_that_print_as_calls() {
    case("range(0, 3)", Value::List(ints(0..3)));
    case("range(0, 10, 4)", Value::List(ints([0, 4, 8])));
    case("range(3, 0, -2)", Value::List(ints([3, 1])));
    case("range(3, 0)", Value::List(vec![]));
    let far = "range(-9223372036854775808, 9223372036854775807, 9223372036854775807)";
    case(far, Value::List(ints([i64::MIN, -1, i64::MAX - 1])));
    case("dict_keys([1])", Value::List(ints([1])));
    case("dict_values([])", Value::List(vec![]));
    case("dict_items([(1, 2)])", Value::List(vec![Value::Tuple(ints([1, 2]))]));
    case("array('H', [1, 2])", Value::List(ints([1, 2])));
    case("array('b')", Value::List(vec![]));
    let pairs = || vec![(text("a"), Value::Int(1)), (text("b"), Value::Int(2))];
    case("OrderedDict({'a': 1, 'b': 2})", Value::OrderedDict(pairs()));
    case("OrderedDict([('a', 1), ('b', 2)])", Value::OrderedDict(pairs()));
    for empty in ["OrderedDict()", "OrderedDict({})", "OrderedDict([])"] {
        case(empty, Value::OrderedDict(vec![]));
    }
    let fields = || vec![("x".to_owned(), Value::Int(1)), ("nan".to_owned(), text("é"))];
    case("P(x=1, nan='é')", Value::NamedTuple("P".into(), fields()));
    case("(x=1, nan='é')", Value::NamedTuple(String::new(), fields()));
    case("(nan=1)", Value::NamedTuple(String::new(), vec![("nan".into(), Value::Int(1))]));
}

#[test]
fn rejects_everything_else_with_its_place() {
    for (text, at) in [
        ("", 0),
        ("  ", 2),
        ("none", 0),
        ("<Pin 3>", 0),
        ("[1, <Pin 3>]", 4),
        ("(1)", 0),
        ("1 2", 2),
        ("1 + 2", 2),
        ("(1+2)", 2),
        ("(1+-2j)", 2),
        ("[,]", 1),
        ("[1,,2]", 3),
        ("[1", 2),
        ("{1: 2, 3}", 8),
        ("{1, 2: 3}", 5),
        ("007", 0),
        ("--1", 0),
        ("+1", 0),
        ("1_000", 1),
        ("0x10", 1),
        ("1e", 0),
        ("-", 0),
        ("ValueError()", 0),
        ("ValueError('x',)", 0),
        ("P(x=1, 2)", 7),
        ("P(x==1)", 4),
        ("range(0, 1, 0)", 6),
        ("range(0)", 7),
        ("set([1])", 4),
        ("frozenset({1: 2})", 10),
        ("float('1')", 6),
        ("__import__('os').system('x')", 11),
        ("__import__('collections').namedtuple('P',('x',))()", 37),
        ("-None", 0),
        ("é", 0),
        ("\u{0}", 0),
    ] {
        refused(text, at);
    }
}

#[test]
fn bounds_hold() {
    assert!(parse(&"9".repeat(MAX_DIGITS)).is_ok());
    let digits = MAX_DIGITS + 1;
    assert_eq!(parse(&"9".repeat(digits)), Err(ParseError::TooManyDigits { digits }));
    assert!(parse("range(0, 1000000)").is_ok());
    for text in [
        "range(0, 1000001)",
        "[range(0, 500000), range(0, 500001)]",
        "range(-9223372036854775808, 9223372036854775807)",
    ] {
        assert_eq!(parse(text), Err(ParseError::RangeTooLong), "{text}");
    }
    let size = MAX_SIZE + 1;
    assert_eq!(parse(&" ".repeat(size)), Err(ParseError::TooLarge { size }));
}

#[test]
fn the_deepest_text_fits_a_small_stack() {
    let brackets = [
        ("[", "]"),
        ("(", ",)"),
        ("{1:", "}"),
        ("{", "}"),
        ("P(x=", ")"),
        ("(x=", ")"),
        ("OrderedDict([(1,", ")])"),
        ("OrderedDict({1:", "})"),
        ("frozenset([", "])"),
        ("frozenset({", "})"),
        ("dict_items([", "])"),
        ("__import__('collections').namedtuple('P',('x',))(", ")"),
    ];
    let deep =
        move |open: &str, close: &str, levels| parse(&format!("{}1{}", open.repeat(levels), close.repeat(levels)));
    let check = move || {
        for (open, close) in brackets {
            assert!(deep(open, close, MAX_DEPTH).is_ok(), "{open}");
            assert_eq!(deep(open, close, MAX_DEPTH + 1), Err(ParseError::TooDeep), "{open}");
            assert_eq!(parse(&open.repeat(100_000)), Err(ParseError::TooDeep), "{open}");
        }
        for open in ["complex(", "-complex("] {
            assert_eq!(parse(&open.repeat(100_000)), Err(ParseError::TooDeep), "{open}");
        }
    };
    let thread = std::thread::Builder::new().stack_size(512 * 1024).spawn(check);
    assert!(thread.is_ok_and(|thread| thread.join().is_ok()));
}
