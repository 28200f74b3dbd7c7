//! Values there and back on a real board: what comes back equals what was sent.

use crate::board::Board;
use crate::line_ends;
use belay_script::device::class::ItemKind;
use belay_script::value::Value;
use belay_script::value::same::ordered;
use belay_script::value::write::literal;

/// Runs `test` with boards of both line ends, which have the tasks of these tests.
fn on_both(test: impl Fn(&Board) + Sync) {
    line_ends::on_both(|port| test(&board(port)));
}

fn board(port: &str) -> Board {
    let board = Board::open_on(port);
    let tasks = [
        "def same(value):\n    return value\n",
        "def written(value):\n    return repr(value)\n",
        "def size(value):\n    return len(value)\n",
        "def nested(depth, kind):\n    value = 7\n    for _ in range(depth):\n        value = [value] if kind == 'list' \
         else (value,) if kind == 'tuple' else {'a': value}\n    return value\n",
        "def code_points(first, last):\n    return [ord(c) for c in ''.join(chr(n) for n in range(first, last))]\n",
    ];
    for task in tasks {
        board.device.declare(ItemKind::Task, task, &[], None).unwrap();
    }
    board
}

#[track_caller]
fn round_trip(board: &Board, value: &Value) {
    let sent = literal(value).unwrap();
    let back = match board.call("same", std::slice::from_ref(value)) {
        Ok(back) => back,
        Err(error) => panic!("{sent}: {error}"),
    };
    // Their literals are compared because nan does not equal itself, and 0.0 does equal -0.0.
    let text = |value: &Value| literal(&ordered(value)).unwrap();
    assert_eq!(text(&back), text(value), "sent as {sent}");
    assert_eq!(std::mem::discriminant(&back), std::mem::discriminant(value), "{sent}");
}

fn string(text: &str) -> Value {
    Value::Str(text.to_owned())
}

#[test]
fn every_kind_comes_back() {
    on_both(|board| {
        let int = Value::Int;
        let items = || vec![int(1), string("two"), Value::Bytes(vec![3]), Value::None];
        let pairs =
            || vec![(string("b"), int(1)), (int(2), Value::List(items())), (Value::Tuple(vec![int(3)]), Value::None)];
        let values = [
            Value::None,
            Value::Bool(true),
            Value::Bool(false),
            Value::Ellipsis,
            string(""),
            Value::Bytes(Vec::new()),
            Value::List(Vec::new()),
            Value::List(items()),
            Value::Tuple(Vec::new()),
            Value::Tuple(vec![int(1)]),
            Value::Tuple(items()),
            Value::Dict(Vec::new()),
            Value::Dict(pairs()),
            Value::OrderedDict(Vec::new()),
            Value::OrderedDict(pairs()),
            Value::Set(Vec::new()),
            Value::Set(items()),
            Value::FrozenSet(Vec::new()),
            Value::FrozenSet(items()),
            Value::Complex(1.5, -2.25),
            Value::Complex(0.0, 1.0),
            Value::NamedTuple(
                "Point".to_owned(),
                vec![("x".to_owned(), int(1)), ("y".to_owned(), Value::List(items()))],
            ),
        ];
        for value in &values {
            round_trip(board, value);
        }
        round_trip(board, &Value::List(values.to_vec()));
        round_trip(board, &Value::Dict(values.iter().enumerate().map(|(n, v)| (int(n as i64), v.clone())).collect()));
    });
}

#[test]
fn integers_of_any_size() {
    on_both(|board| {
        for number in [0, 1, -1, 255, -256, i64::from(i32::MAX), i64::from(i32::MIN), i64::MAX, i64::MIN, i64::MAX - 1]
        {
            round_trip(board, &Value::Int(number));
        }
        // Around the sizes of a board's small integers and of 64 bits, and far beyond.
        for power in [29, 30, 31, 32, 61, 62, 63, 64, 65, 100, 128, 1000, 3000] {
            let number = num_bigint::BigInt::from(1) << power;
            for near in [-1, 0, 1] {
                let number: num_bigint::BigInt = &number + near;
                round_trip(board, &Value::integer(-number.clone()));
                round_trip(board, &Value::integer(number));
            }
        }
    });
}

#[test]
fn floats_to_the_last_bit() {
    on_both(|board| {
        let mut numbers = vec![
            0.0,
            -0.0,
            0.1,
            1.0 / 3.0,
            1e15,
            1e16,
            1e22,
            1e23,
            1e-5,
            123_456_789.123_456_79,
            f64::MAX,
            f64::MIN_POSITIVE,
            5e-324,
            f64::EPSILON,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NAN,
        ];
        let mut random = Random(0x5eed);
        numbers.extend((0..300).map(|_| f64::from_bits(random.next())).filter(|number| !number.is_nan()));
        let mut wrong = Vec::new();
        for number in numbers {
            let back = board.call("same", &[Value::Float(number)]).unwrap();
            let Value::Float(back) = back else { panic!("{number:?} came back as {back:?}") };
            if back.to_bits() != number.to_bits() && !(back.is_nan() && number.is_nan()) {
                wrong.push(format!("{number:?} {back:?}"));
            }
        }
        assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
    });
}

#[test]
fn every_code_point_of_the_first_blocks() {
    on_both(|board| {
        let points: Vec<u32> = (0..0x300).collect();
        let text: String = points.iter().filter_map(|point| char::from_u32(*point)).collect();
        round_trip(board, &string(&text));
        // Each by itself, and what the board says it has got.
        for point in points {
            let one = char::from_u32(point).unwrap().to_string();
            round_trip(board, &string(&one));
        }
        assert_eq!(board.call("size", &[string(&text)]).unwrap(), Value::Int(0x300));
        let expected = Value::List((0..0x300).map(Value::Int).collect());
        assert_eq!(board.call("code_points", &[Value::Int(0), Value::Int(0x300)]).unwrap(), expected);
        round_trip(board, &string("€ \u{fffd} \u{ffff} \u{10000} \u{1f600} \u{10ffff}"));
        for text in
            ["'", "\"", "'\"", "\\", "\\n", "\\x04", "\r\n", "{}", "${x}", "\u{4}\u{4}>", "\u{1e}", "it's \"both\""]
        {
            round_trip(board, &string(text));
        }
    });
}

#[test]
fn every_byte() {
    on_both(|board| {
        let all: Vec<u8> = (0..=255).collect();
        round_trip(board, &Value::Bytes(all.clone()));
        for byte in 0..=255 {
            round_trip(board, &Value::Bytes(vec![byte]));
        }
        round_trip(board, &Value::Bytes(all.iter().copied().cycle().take(20_000).collect()));
        round_trip(board, &string(&"long é ".repeat(5_000)));
    });
}

#[test]
fn deep_values() {
    on_both(|board| {
        type Wrap = fn(Value) -> Value;
        let wrap: [(&str, Wrap); 3] = [
            ("list", |inner| Value::List(vec![inner])),
            ("tuple", |inner| Value::Tuple(vec![inner])),
            ("dict", |inner| Value::Dict(vec![(Value::Str("a".to_owned()), inner)])),
        ];
        for (kind, wrap) in wrap {
            let deep = |depth: usize| (0..depth).fold(Value::Int(7), |inner, _| wrap(inner));
            round_trip(board, &deep(60));
            let from = board.call("nested", &[Value::Int(100), string(kind)]).unwrap();
            assert!(from == deep(100), "{kind}");
        }
    });
}

#[test]
fn hundreds_of_random_values() {
    on_both(|board| {
        let mut random = Random(0xbe1a7);
        for _ in 0..400 {
            let value = random.value(4);
            round_trip(board, &value);
        }
        // MicroPython remarks on mixed keys whose hashes collide.
        let printed = board.printed();
        let remarks = |line: &str| line == "Warning: Comparison between bytes and str";
        assert!(printed.lines().all(remarks), "{printed}");
    });
}

/// Numbers that look random and are the same in every run (xorshift64*).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, limit: u64) -> u64 {
        (self.next() >> 11) % limit
    }

    fn text(&mut self) -> String {
        const ALPHABET: [char; 12] = ['a', 'Z', '0', ' ', '\'', '"', '\\', '\n', '\u{4}', 'é', '€', '\u{1f600}'];
        (0..self.below(12)).map(|_| ALPHABET[self.below(12) as usize]).collect()
    }

    /// A value that can be a key: those that Python holds for equal are not among them.
    fn key(&mut self, number: u64) -> Value {
        match self.below(4) {
            0 => Value::Str(format!("{number}{}", self.text())),
            1 => Value::Int(number as i64 * 1000 + 7),
            2 => Value::Bytes(number.to_le_bytes().to_vec()),
            _ => Value::Tuple(vec![Value::Int(number as i64), Value::Str(self.text())]),
        }
    }

    fn values(&mut self, depth: u32) -> Vec<Value> {
        (0..self.below(5)).map(|_| self.value(depth)).collect()
    }

    fn pairs(&mut self, depth: u32) -> Vec<(Value, Value)> {
        (0..self.below(5)).map(|number| (self.key(number), self.value(depth))).collect()
    }

    fn value(&mut self, depth: u32) -> Value {
        let kinds = if depth == 0 { 8 } else { 15 };
        match self.below(kinds) {
            0 => Value::None,
            1 => Value::Bool(self.below(2) == 1),
            2 => Value::Int(self.next() as i64 >> self.below(60)),
            3 => Value::integer(num_bigint::BigInt::from(self.next() as i64) * self.next()),
            4 => Value::Float(self.below(2_000_000) as f64 / 64.0 - 10_000.0),
            5 => Value::Str(self.text()),
            6 => Value::Bytes((0..self.below(9)).map(|_| self.next() as u8).collect()),
            7 => Value::Ellipsis,
            8 => Value::List(self.values(depth - 1)),
            9 => Value::Tuple(self.values(depth - 1)),
            10 => Value::Dict(self.pairs(depth - 1)),
            11 => Value::OrderedDict(self.pairs(depth - 1)),
            12 => Value::Set((0..self.below(5)).map(|number| self.key(number)).collect()),
            13 => Value::FrozenSet((0..self.below(5)).map(|number| self.key(number)).collect()),
            _ => {
                let fields = (0..1 + self.below(3)).map(|number| (format!("field{number}"), self.value(depth - 1)));
                Value::NamedTuple("Row".to_owned(), fields.collect())
            }
        }
    }
}
