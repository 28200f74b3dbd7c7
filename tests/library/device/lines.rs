//! Line ends: values, items, errors, resets and output are the same on a board that ends lines with CR LF and on one that
//! ends them with LF.

use super::{Bench, item};
use crate::line_ends;

use belay_script::Kind;
use belay_script::device::OpenOptions;
use belay_script::device::class::Item;
use belay_script::device::class::ItemKind::{Setup, Task, Thread};
use belay_script::port::sim::SimOptions;
use belay_script::value::Value;

const SHAPE: &str = "
class Shape:
    def __init__(self, text):
        self.text = text
    def __repr__(self):
        return self.text
";

fn on_both(items: impl Fn() -> Vec<Item> + Sync, test: impl Fn(&Bench) + Sync) {
    line_ends::on_both(|port| {
        let board = SimOptions::parse(port.trim_start_matches("sim").trim_start_matches(':')).expect("an address");
        test(&Bench::with(board, items(), OpenOptions::default()));
    });
}

fn text(value: &str) -> Value {
    Value::Str(value.to_owned())
}

fn opaque(value: &str) -> Value {
    Value::Opaque(value.to_owned())
}

/// What was printed, with the line ends that both boards have in common.
fn printed(bench: &Bench) -> String {
    bench.printed.take().replace("\r\n", "\n")
}

#[test]
fn bytes_and_texts_of_every_size_come_back() {
    let items = || {
        vec![
            item(Task, "data n", &[], "return bytes([i % 256 for i in range(n)])"),
            item(Task, "pieces n", &[], "for i in range(3):\n    yield bytes([10, i, 13]) * n\nreturn b'\\n' * n"),
            item(Task, "shown value", &["trusted"], "return Shape(value)"),
            item(Task, "shapes", &["trusted"], "for i in range(3):\n    yield Shape('<%d\\n>' % i)"),
            item(Setup, "prepare", &[], SHAPE),
        ]
    };
    on_both(items, |bench| {
        bench.call("prepare", &[]).unwrap();
        for n in [0, 1, 63, 64, 65, 66, 255, 1000, 30_000] {
            let every: Vec<u8> = (0..n).map(|n| (n % 256) as u8).collect();
            assert_eq!(bench.call("data", &[Value::Int(n)]).unwrap(), Value::Bytes(every), "{n}");
        }
        for n in [1, 30, 300] {
            let mut pieces = bench.generator_of("pieces", &[Value::Int(n)]);
            for number in 0..3 {
                let expected = [10, number, 13].repeat(n as usize);
                assert_eq!(pieces.resume(&Value::None, None).unwrap(), Some(Value::Bytes(expected)));
            }
            assert_eq!(pieces.resume(&Value::None, None).unwrap(), None);
        }
        for shape in ["<a\nb>", "\n", "a\r\nb", "\r", "\n\n\r\n\n", "\u{e9}\n\u{1f600}\n", &"line\n".repeat(2000)] {
            assert_eq!(bench.call("shown", &[text(shape)]).unwrap(), opaque(shape), "{shape:?}");
        }
        let mut shapes = bench.generator("shapes");
        for number in 0..3 {
            assert_eq!(shapes.resume(&Value::None, None).unwrap(), Some(opaque(&format!("<{number}\n>"))));
        }
    });
}

#[test]
fn output_arrives_and_errors_have_plain_line_ends() {
    let items = || {
        vec![
            item(Task, "lines", &[], "print('a\\n\\nb')\nprint('c', end='')\nraise ValueError('first\\nsecond')"),
            item(Task, "raw", &[], "import sys\nsys.stdout.buffer.write(b'x\\ny\\r\\n')\nreturn 1"),
        ]
    };
    on_both(items, |bench| {
        let error = bench.call("lines", &[]).unwrap_err();
        assert_eq!((error.kind(), error.message()), (Kind::DeviceException, "ValueError: first\nsecond"));
        assert!(!error.traceback().unwrap_or_default().contains('\r'), "{error:?}");
        assert_eq!(printed(bench), "a\n\nb\nc");
        bench.call("raw", &[]).unwrap();
        assert_eq!(printed(bench), "x\ny\n");
    });
}

#[test]
fn restarts_leave_the_board_usable() {
    let items = || vec![item(Task, "add a b", &[], "return a + b"), item(Task, "data", &[], "return b'x' * 100")];
    on_both(items, |bench| {
        bench.exec("with open('boot.py', 'w') as f: f.write(\"print('booted\\\\n')\")").unwrap();
        for _ in 0..2 {
            bench.device.soft_reset().unwrap();
            assert!(printed(bench).contains("booted\n\n"));
            assert_eq!(bench.call("add", &[Value::Int(1), Value::Int(2)]).unwrap(), Value::Int(3));
        }
        assert_eq!(bench.crash().kind(), Kind::ConnectionLost);
        bench.device.reconnect(Some(3)).unwrap();
        assert_eq!(bench.call("data", &[]).unwrap(), Value::Bytes(vec![b'x'; 100]));
    });
}

#[test]
fn a_thread_that_prints_lines_changes_no_value() {
    let items = || {
        vec![
            item(
                Thread,
                "chatter",
                &[],
                "import time\nwhile not enough:\n    print('tick\\ntock')\n    time.sleep_ms(1)",
            ),
            item(Task, "shown value", &["trusted"], "return Shape(value)"),
            item(Task, "data n", &[], "return b'\\n' * n"),
        ]
    };
    on_both(items, |bench| {
        bench.exec(SHAPE).unwrap();
        bench.exec("enough = False").unwrap();
        bench.call("chatter", &[]).unwrap();
        for n in 0..60 {
            assert_eq!(bench.call("shown", &[text("<a\nb\r\nc>")]).unwrap(), opaque("<a\nb\r\nc>"));
            assert_eq!(bench.call("data", &[Value::Int(10 * n)]).unwrap(), Value::Bytes(vec![b'\n'; 10 * n as usize]));
        }
        bench.exec("enough = True").unwrap();
        bench.device.close().unwrap();
        let printed = printed(bench);
        assert!(printed.matches("tick\ntock\n").count() > 1, "{printed:?}");
        assert_eq!(printed.replace("tick\ntock\n", ""), "");
    });
}
