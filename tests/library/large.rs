//! Large texts, bytes and lists on their way to a board and back.

use crate::board::Board;
use crate::line_ends;
use belay_script::Kind;
use belay_script::device::class::ItemKind;
use belay_script::value::Value;
use belay_script::value::parse::parse;
use belay_script::value::same::same;

const TASKS: &[&str] = &[
    "def same(value):\n    return value\n",
    "def made(code):\n    return eval(code)\n",
    "def size(value):\n    return (type(value).__name__, len(value))\n",
    "def free():\n    import gc\n    gc.collect()\n    return gc.mem_free()\n",
    "def block():\n    import gc\n    gc.collect()\n    low, high = 0, gc.mem_free()\n    while high - low > 100:\n        \
     size = (low + high) // 2\n        try:\n            bytes(size)\n            low = size\n        except MemoryError:\n            \
     high = size\n    gc.collect()\n    return low\n",
    "def fail(value):\n    raise ValueError(len(value))\n",
];

fn board(port: &str) -> Board {
    let board = Board::open_on(port);
    for task in TASKS {
        board.device.declare(ItemKind::Task, task, &[], None).unwrap();
    }
    board
}

/// Bytes without order, of every value.
fn noise(count: usize) -> Vec<u8> {
    let mut state = 7u64;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    })
    .take(count)
    .collect()
}

#[track_caller]
fn round_trip(board: &Board, value: Value) {
    let back = board.call("same", std::slice::from_ref(&value)).unwrap();
    assert!(same(&value, &back), "{:.200} in place of {:.200}", format!("{back:?}"), format!("{value:?}"));
}

#[test]
fn every_large_argument_arrives_unchanged() {
    line_ends::on_both(|port| {
        let board = board(port);
        let every: Vec<u8> = (0..=255).cycle().take(3000).collect();
        let control = "\u{1}\u{2}\u{3}\u{4}\r\n\0\u{11}\u{13}}".repeat(300);
        let unicode = "\u{e9}\u{6f22}\u{1f600} \u{fffd}".repeat(400);
        for text in [control, unicode, "a plain text ".repeat(400), "x".repeat(1025)] {
            round_trip(&board, Value::Str(text));
        }
        for bytes in [every, noise(20_000), vec![0; 5000], b"\r\n\x04>".repeat(700)] {
            round_trip(&board, Value::Bytes(bytes));
        }
        let ints = |items: [i64; 2]| items.repeat(600).into_iter().map(Value::Int).collect::<Vec<_>>();
        for most in [255, 65_535, 4_294_967_295, i64::MAX] {
            round_trip(&board, Value::List(ints([0, most])));
            round_trip(&board, Value::Tuple(ints([-1 - most / 2, most / 2])));
        }
        let floats = [f64::NAN, f64::INFINITY, -0.0, 5e-324, 0.1, 1.0 / 3.0];
        round_trip(&board, Value::List(floats.repeat(200).into_iter().map(Value::Float).collect()));
        round_trip(&board, Value::List(vec![Value::Bool(true); 600]));
        let text = || Value::Str("key ".repeat(500));
        let bytes = || Value::Bytes(noise(1500));
        round_trip(&board, Value::List(vec![text(), Value::Int(1), Value::Tuple(vec![bytes(), text(), bytes()])]));
        round_trip(&board, Value::Dict(vec![(text(), bytes()), (Value::Int(1), text())]));
        assert_eq!(
            board.call("size", &[text()]).unwrap(),
            Value::Tuple(vec![Value::Str("str".to_owned()), Value::Int(2000)])
        );
    });
}

/// On a heap that has room for the value, and for no second one.
#[test]
fn an_argument_that_fits_arrives_and_another_is_refused() {
    let board = board("sim:?heap=400k");
    // The receiver takes some of it.
    board.call("size", &[Value::Bytes(noise(2000))]).unwrap();
    let (Value::Int(free), Value::Int(block)) = (board.call("free", &[]).unwrap(), board.call("block", &[]).unwrap())
    else {
        panic!("no numbers")
    };
    let most = block * 8 / 10;
    assert!(most > free / 2, "{most} of {free}");
    let count = usize::try_from(most).unwrap();
    let about = |kind: &str, size: i64| Value::Tuple(vec![Value::Str(kind.to_owned()), Value::Int(size)]);
    assert_eq!(board.call("size", &[Value::Bytes(noise(count))]).unwrap(), about("bytes", most));
    let text = Value::Str("\u{e9}x".repeat(count / 3));
    assert_eq!(board.call("size", &[text]).unwrap(), about("str", most / 3 * 2));
    let error = board.call("size", &[Value::Bytes(noise(400_000))]).unwrap_err();
    assert_eq!(error.kind(), Kind::DeviceException);
    let begin = "MemoryError: the large arguments take 400000 bytes on the board, but it has ";
    assert!(error.message().starts_with(begin), "{}", error.message());
    round_trip(&board, Value::Bytes(noise(3000)));
}

#[test]
fn an_argument_does_not_stay_on_the_board() {
    let board = board("sim");
    board.call("size", &[Value::Bytes(noise(2000))]).unwrap();
    let free = || match board.call("free", &[]) {
        Ok(Value::Int(free)) => free,
        other => panic!("{other:?}"),
    };
    let before = free();
    board.call("size", &[Value::Bytes(noise(500_000))]).unwrap();
    let error = board.call("fail", &[Value::Bytes(noise(500_000))]).unwrap_err();
    assert_eq!(error.message(), "ValueError: 500000");
    assert!(free() > before - 100_000, "{before} before, {} after", free());
}

/// The first large result makes the host load a helper: what is sent before and after must be the same.
#[test]
fn every_large_result_arrives_unchanged() {
    line_ends::on_both(|port| {
        let board = board(port);
        let made = |code: &str| board.call("made", &[Value::Str(code.to_owned())]);
        let codes = [
            "'x'*5000",
            "'\\x04\\x04>OK\\r\\n\\0\\x1e\\x03'*1000",
            "'raw REPL; CTRL-B to exit\\r\\n>\\n>>> '*300",
            "'\\n'*5000",
            "'\\r\\n\\r\\r\\n\\n'*900",
            "'\\xe9\\u6f22\\U0001f600 \\n'*900",
            "'\\ufffd'*3000",
            "[i%256 for i in range(3000)]",
            "[i-128 for i in range(256)]*8",
            "[i*i-5 for i in range(3000)]",
            "[-(1<<31),(1<<31)-1]*500",
            "[0,(1<<32)-1]*500",
            "[-(1<<63),(1<<63)-1]*500",
            "[0,1<<63]*500",
            "[-5]*2000",
            "tuple(range(3000))",
            "[i/7 for i in range(2000)]",
            "[float('inf'),-float('inf'),0.0,-0.0,5e-324]*300",
            "[True,False]*1000",
            "[1,2.0]*1000",
            "[1,True]*1000",
            "[[1,2]]*1000",
            "['a']*2000",
            "__import__('array').array('H',range(3000))",
            "__import__('array').array('d',[0.1]*1000)",
        ];
        made("'x'*5000").unwrap();
        for code in codes {
            let shown = made(&format!("repr({code})"));
            let Ok(Value::Str(shown)) = shown else { panic!("{code}: {shown:?}") };
            let again = made(code).unwrap_or_else(|error| panic!("{code}: {error:?}"));
            // Packed floats are exact; how a board prints them is up to it.
            let is_exact = code.contains('.') || same(&parse(&shown).unwrap(), &again);
            assert!(is_exact, "{code}: {:.300}", format!("{again:?}"));
            // Each part comes as its `repr`, because it is small.
            let (Value::List(items) | Value::Tuple(items)) = &again else { continue };
            for index in [0, 1, items.len() / 2, items.len() - 1] {
                let part = made(&format!("({code})[{index}]")).unwrap();
                assert!(same(&part, &items[index]), "{code}[{index}]: {part:?}, {:?}", items[index]);
            }
        }
        for nan in [made("[float('nan')]*2000").unwrap(), made("[float('nan')]*1000").unwrap()] {
            assert!(
                matches!(nan, Value::List(items) if items.iter().all(|item| matches!(item, Value::Float(n) if n.is_nan())))
            );
        }
        let error = made("'\\ud800'*2000").unwrap_err();
        assert_eq!(error.kind(), Kind::NotLiteralError);
        assert!(error.help().is_some_and(|help| help.starts_with("half a surrogate pair")), "{:?}", error.help());
        round_trip(&board, Value::Str("still right".to_owned()));
    });
}
