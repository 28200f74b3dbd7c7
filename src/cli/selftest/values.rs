//! Round trips: each returned value equals the sent one.
//!
//! Uses [`crate::value`]. Invariant: values of types that the board lacks are skipped, and named.

use super::bench::Bench;
use super::outcome::{Checked, Outcome, is_memory_error, shown};
use super::random::Random;
use crate::error::Result;
use crate::value::Value;
use crate::value::same::same;
use crate::value::write::literal;

const SAME: &str = "def same(value):\n    return value\n";
/// The seed of every random check: a run can be repeated.
const SEED: u64 = 0xbe1a7;

/// The result of one value.
enum Trip {
    Same,
    /// The board has too little memory for it.
    TooLarge,
    Other(Value),
}

fn trip(bench: &Bench, value: &Value) -> Result<Trip> {
    match bench.call("same", std::slice::from_ref(value)) {
        Ok(back) if same(value, &back) => Ok(Trip::Same),
        Ok(back) => Ok(Trip::Other(back)),
        Err(error) if is_memory_error(&error) => Ok(Trip::TooLarge),
        Err(error) => Err(error),
    }
}

/// Sends each value and compares.
fn all(bench: &Bench, values: &[Value]) -> Checked {
    let mut too_large = 0;
    for value in values {
        let sent = || literal(value).unwrap_or_default();
        match trip(bench, value) {
            Ok(Trip::Same) => {}
            Ok(Trip::TooLarge) => too_large += 1,
            Ok(Trip::Other(back)) => {
                let back = literal(&back).unwrap_or_else(|_| shown(&back));
                return Ok(Outcome::wrong(short(&sent()), short(&back)));
            }
            Err(error) => return Err(error.with_help(format!("sent: {}", short(&sent())))),
        }
    }
    Ok(match too_large {
        0 => Outcome::Ok(format!("{} values", values.len())),
        count if count == values.len() => Outcome::Absent("its memory is too small".to_owned()),
        count => Outcome::Ok(format!("{} values; {count} more are too large for its memory", values.len() - count)),
    })
}

fn short(text: &str) -> String {
    text.chars().take(300).collect()
}

/// Every kind of value that the board has.
pub fn kinds(bench: &mut Bench) -> Checked {
    bench.task(SAME)?;
    let int = Value::Int;
    let string = |text: &str| Value::Str(text.to_owned());
    let items = || vec![int(1), string("two"), Value::Bytes(vec![3]), Value::None];
    let pairs = || vec![(string("b"), int(1)), (int(2), Value::List(items()))];
    let mut values = vec![
        Value::None,
        Value::Bool(true),
        Value::Bool(false),
        string(""),
        Value::Bytes(Vec::new()),
        Value::List(Vec::new()),
        Value::List(items()),
        Value::Tuple(Vec::new()),
        Value::Tuple(vec![int(1)]),
        Value::Tuple(items()),
        Value::Dict(Vec::new()),
        Value::Dict(pairs()),
    ];
    // Types that a board may lack: an expression that fails without them, and the values.
    let optional: [(&str, &str, Vec<Value>); 6] = [
        ("set", "set()", vec![Value::Set(Vec::new()), Value::Set(vec![int(1), string("two")])]),
        ("frozenset", "frozenset()", vec![Value::FrozenSet(vec![int(1), string("two")])]),
        ("complex", "complex(1,2)", vec![Value::Complex(1.5, -2.25), Value::Complex(0.0, 1.0)]),
        ("Ellipsis", "Ellipsis", vec![Value::Ellipsis]),
        ("OrderedDict", "len(__import__('collections').OrderedDict())", vec![Value::OrderedDict(pairs())]),
        (
            "namedtuple",
            "len(__import__('collections').namedtuple('P',('x',))(1))",
            vec![Value::NamedTuple("Point".to_owned(), vec![("x".to_owned(), int(1))])],
        ),
    ];
    let mut missing = Vec::new();
    for (name, probe, more) in optional {
        if bench.ask(probe)?.is_some() { values.extend(more) } else { missing.push(name) }
    }
    let outcome = all(bench, &values)?;
    Ok(match outcome {
        Outcome::Ok(detail) if !missing.is_empty() => {
            Outcome::Ok(format!("{detail}; it has no {}", missing.join(", ")))
        }
        other => other,
    })
}

/// Integers of every size.
pub fn integers(bench: &mut Bench) -> Checked {
    bench.task(SAME)?;
    let mut values: Vec<Value> =
        [0, 1, -1, 255, -256, (1 << 29) - 1, -(1 << 29), (1 << 30) - 1, -(1 << 30)].map(Value::Int).to_vec();
    let powers: &[u32] = if bench.facts.big_integers { &[30, 31, 32, 62, 63, 64, 100, 300] } else { &[] };
    for power in powers {
        let number = num_bigint::BigInt::from(1) << *power;
        for near in [-1, 0, 1] {
            let number: num_bigint::BigInt = &number + near;
            values.push(Value::integer(-number.clone()));
            values.push(Value::integer(number));
        }
    }
    let outcome = all(bench, &values)?;
    Ok(match outcome {
        Outcome::Ok(detail) if powers.is_empty() => Outcome::Ok(format!("{detail}; it has no integers beyond 30 bits")),
        other => other,
    })
}

/// Floats: those of few digits exactly, all within the width of the board's floats.
pub fn floats(bench: &mut Bench) -> Checked {
    let bits = bench.facts.float_bits;
    if bits == 0 {
        return Ok(Outcome::Absent("it has no floats".to_owned()));
    }
    bench.task(SAME)?;
    let float = Value::Float;
    let mut exact = vec![0.0, 0.5, -0.5, 1.0, 1.5, 100.0, -0.125, 65536.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN];
    if bits == 64 {
        exact.push(-0.0);
    }
    if let wrong @ Outcome::Wrong { .. } = all(bench, &exact.iter().copied().map(float).collect::<Vec<_>>())? {
        return Ok(wrong);
    }
    let mut numbers = vec![0.1, 1.0 / 3.0, 1e-5, 123_456.78, -9.87654321e20];
    if bits == 64 {
        numbers.extend([1e22, 1e23, 123_456_789.123_456_79, f64::MAX, f64::MIN_POSITIVE]);
    }
    let mut random = Random(SEED);
    let scale = if bits == 64 { 280 } else { 30 };
    for _ in 0..if bench.quick { 20 } else { 200 } {
        let exponent = i32::try_from(random.below(2 * scale)).unwrap_or(0) - i32::try_from(scale).unwrap_or(0);
        numbers.push((1.0 + f64::from(random.below(1 << 30) as u32) / f64::from(1 << 30)) * 10f64.powi(exponent));
    }
    // Half a unit of the last place of the board's floats, and what older firmware loses when it writes decimals.
    let allowed = match bits {
        64 => 1e-15,
        32 => 1e-6,
        _ => 1e-5,
    };
    let (mut identical, mut worst) = (0, 0f64);
    for number in &numbers {
        let back = match bench.call("same", &[float(*number)])? {
            Value::Float(back) => back,
            Value::Int(back) => back as f64,
            other => return Ok(Outcome::wrong(shown(number), shown(&other))),
        };
        let error = ((back - number) / number).abs();
        if back.is_nan() || error > allowed {
            return Ok(Outcome::wrong(format!("{number:?} within {allowed:e}"), shown(&back)));
        }
        identical += usize::from(back.to_bits() == number.to_bits());
        worst = worst.max(error);
    }
    let exactness = if identical == numbers.len() {
        "all exact".to_owned()
    } else {
        format!("{identical} of {} exact, the others within {worst:.0e}", numbers.len())
    };
    Ok(Outcome::Ok(format!("{bits}-bit floats: {exactness}")))
}

/// Strings: quotes, backslashes, control characters, line ends, code points.
pub fn text(bench: &mut Bench) -> Checked {
    bench.task(SAME)?;
    let last = if bench.facts.unicode { 0x250 } else { 0x80 };
    let every: String = (0..last).filter_map(char::from_u32).collect();
    let mut texts: Vec<String> = [
        "'",
        "\"",
        "'\"",
        "\\",
        "\\n",
        "\\x04",
        "\r\n",
        "\r",
        "\n",
        "{}",
        "\u{4}\u{4}>",
        "\u{1}",
        "\u{3}",
        "it's \"both\"",
        "OK",
        ">>> ",
        "raw REPL; CTRL-B to exit\r\n>",
    ]
    .map(str::to_owned)
    .to_vec();
    // In pieces: a board has little memory.
    let letters: Vec<char> = every.chars().collect();
    texts.extend(letters.chunks(64).map(|piece| piece.iter().collect::<String>()));
    if bench.facts.unicode {
        texts.push("\u{20ac} \u{fffd} \u{ffff} \u{10000} \u{1f600} \u{10ffff}".to_owned());
    }
    let outcome = all(bench, &texts.into_iter().map(Value::Str).collect::<Vec<_>>())?;
    Ok(match outcome {
        Outcome::Ok(detail) if !bench.facts.unicode => Outcome::Ok(format!("{detail}; its strings are ASCII")),
        other => other,
    })
}

/// Bytes: each by itself, and all together, in lengths around those at which they travel in another form.
pub fn bytes(bench: &mut Bench) -> Checked {
    bench.task(SAME)?;
    let every: Vec<u8> = (0..=255).collect();
    let mut values = vec![Value::Bytes(every.clone())];
    let step = if bench.quick { 15 } else { 1 };
    values.extend(every.iter().step_by(step).map(|byte| Value::Bytes(vec![*byte])));
    values.extend(
        [63, 64, 65, 66, 127, 128, 129]
            .map(|length| Value::Bytes(b"\r\n\n\r".iter().copied().cycle().take(length).collect())),
    );
    all(bench, &values)
}

/// Lists, tuples and dicts in one another.
pub fn nesting(bench: &mut Bench) -> Checked {
    bench.task(SAME)?;
    let depth = match bench.facts.memory {
        Some(memory) if memory < 64 * 1024 => 8,
        _ => 30,
    };
    type Wrap = fn(Value) -> Value;
    let wraps: [Wrap; 3] = [
        |inner| Value::List(vec![inner]),
        |inner| Value::Tuple(vec![inner]),
        |inner| Value::Dict(vec![(Value::Str("a".to_owned()), inner)]),
    ];
    let deep = wraps.map(|wrap| (0..depth).fold(Value::Int(7), |inner, _| wrap(inner)));
    Ok(match all(bench, &deep)? {
        Outcome::Ok(_) => Outcome::Ok(format!("{depth} levels")),
        other => other,
    })
}

/// Random values of all kinds.
pub fn random(bench: &mut Bench) -> Checked {
    bench.task(SAME)?;
    let mut random = Random(SEED);
    let count = if bench.quick { 40 } else { 300 };
    let values: Vec<Value> = (0..count).map(|_| random.value(&bench.facts, 3)).collect();
    all(bench, &values)
}

/// Round trips of values of one size: bytes, and text with line ends and quotes.
pub fn size(bench: &mut Bench, size: usize) -> Checked {
    // Memory for the value, its source text, and the transferred pieces of both.
    let needed = 6 * size as u64;
    if let Some(memory) = bench.facts.memory.filter(|memory| *memory < needed) {
        let reason =
            format!("{size} bytes take about {} KB on their way, {} KB are free", needed / 1024, memory / 1024);
        return Ok(Outcome::Absent(reason));
    }
    bench.task(MADE)?;
    bench.task(SUMMED)?;
    bench.task(TEXT)?;
    let expected: Vec<u8> = (0..size).map(|index| ((index * 7 + (index >> 8)) & 255) as u8).collect();
    let number = Value::Int(i64::try_from(size).unwrap_or(i64::MAX));
    let made = bench.call("made", std::slice::from_ref(&number))?;
    if made != Value::Bytes(expected.clone()) {
        return Ok(Outcome::wrong(format!("{size} bytes made on the board"), shown(&made)));
    }
    let line: &str =
        if bench.facts.unicode { "it's \"a\" \\ line\r\n\t\u{e9}\u{20ac}\n" } else { "it's \"a\" \\ line\r\n\t\n" };
    let text: String = line.chars().cycle().take(size).collect();
    let came = bench.call("text", &[Value::Str(line.to_owned()), number])?;
    if came != Value::Str(text.clone()) {
        return Ok(Outcome::wrong(format!("{size} characters made on the board"), shown(&came)));
    }
    for value in [Value::Bytes(expected.clone()), Value::Str(text.clone())] {
        let codes: Vec<u32> = match &value {
            Value::Str(text) => text.chars().map(u32::from).collect(),
            _ => expected.iter().map(|byte| u32::from(*byte)).collect(),
        };
        let sum = codes.iter().fold(0u64, |sum, code| (sum * 31 + u64::from(*code)) % 65521);
        let length = i64::try_from(codes.len()).unwrap_or(i64::MAX);
        let expected = Value::Tuple(vec![Value::Int(length), Value::Int(i64::try_from(sum).unwrap_or(0))]);
        let summed = bench.call("summed", &[value])?;
        if summed != expected {
            return Ok(Outcome::wrong(format!("the board gets {}", shown(&expected)), shown(&summed)));
        }
    }
    Ok(Outcome::ok())
}

const MADE: &str = "def made(n):
    b = bytearray(n)
    for i in range(n):
        b[i] = (i * 7 + (i >> 8)) & 255
    return b
";
const TEXT: &str = "def text(line, n):\n    return (line * (n // len(line) + 1))[:n]\n";
const SUMMED: &str = "def summed(x):
    s = 0
    for c in x:
        if not isinstance(c, int):
            c = ord(c)
        s = (s * 31 + c) % 65521
    return (len(x), s)
";
