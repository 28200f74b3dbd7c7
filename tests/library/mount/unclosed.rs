//! What a program writes to a file that it does not close is in the folder after the call, however that ends.

use super::Bench;
use crate::faulty_port::Link;
use belay_script::Kind;
use belay_script::device::class::ItemKind;
use belay_script::value::Value;
use std::fs;

impl Bench {
    fn content(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).expect("a file")
    }
}

fn bench() -> Bench {
    Bench::over(&Link::default(), &[], true)
}

#[test]
fn after_a_call_and_between_calls() {
    let bench = bench();
    assert_eq!(bench.eval("f = open('log', 'w')\nn = f.write('one')"), Value::None);
    assert_eq!(bench.content("log"), "one");
    assert_eq!(bench.eval("f.write('two')"), Value::Int(3));
    assert_eq!(bench.content("log"), "onetwo");
    assert_eq!(bench.eval("f.seek(1), f.write('!'), f.tell()"), bench.eval("1, 1, 2"));
    assert_eq!(bench.content("log"), "o!etwo");
    // What is dropped without being closed, and more files at once than the board keeps bytes of.
    bench.eval("for i in range(30): open('d%d' % i, 'w').write('dropped %d' % i)");
    bench.eval("many = [open('m%d' % i, 'a') for i in range(9)]\nfor n in range(300):\n    for f in many: f.write('%d\\n' % n)");
    let lines: String = (0..300).map(|number| format!("{number}\n")).collect();
    for number in 0..30 {
        assert_eq!(bench.content(&format!("d{number}")), format!("dropped {number}"));
        assert!(bench.content(&format!("m{}", number % 9)) == lines);
    }
    let generator = "def numbers():\n    f = open('numbers', 'w')\n    for i in range(3):\n        f.write(str(i))\n        yield i";
    bench.device.declare(ItemKind::Task, generator, &[], None).expect("a task");
    let called = bench.device.call("numbers", &[], &[], None).expect("a generator");
    drop(called);
}

#[test]
fn after_an_exception() {
    let bench = bench();
    let error = bench.device.exec("f = open('log', 'w')\nf.write('before')\n1 / 0", None).expect_err("it fails");
    assert_eq!(error.message(), "ZeroDivisionError: divide by zero");
    assert_eq!(bench.content("log"), "before");
    let error = bench.device.exec("f.write('exit')\nraise SystemExit", None);
    assert!(error.is_err() || bench.content("log") == "beforeexit");
}

#[test]
fn after_a_timeout() {
    let bench = bench();
    let options = [("timeout".to_owned(), Value::Float(0.2))];
    for (name, mode, body) in [
        ("idle", "w", "n = f.write('x' * 100)\n    while True: pass"),
        ("busy", "w", "while True: n += f.write('y' * 50)"),
        ("append", "a", "while True: n += f.write('%d\\n' % n)"),
    ] {
        let task = format!("def {name}():\n    global n\n    n = 0\n    f = open('{name}', '{mode}')\n    {body}");
        bench.device.declare(ItemKind::Task, &task, &options, None).expect("a task");
        let error = bench.device.call(name, &[], &[], None).err().expect("it never ends");
        assert_eq!(error.kind(), Kind::TimeoutError, "{error:?}");
        let Value::Int(counted) = bench.eval("n") else { panic!("a number") };
        let content = bench.content(name);
        // The write that was interrupted may be there without having been counted; nothing is there twice.
        let more = content.len() as i64 - counted;
        assert!((0..=50).contains(&more), "{name}: {counted} and {more}");
        if name == "append" {
            let mut expected = 0;
            for line in content.lines() {
                assert_eq!(line, expected.to_string());
                expected += line.len() + 1;
            }
        }
    }
}

#[test]
fn before_the_folder_goes_away() {
    let bench = bench();
    bench.eval(
        "import _thread, time\ndef late(name):\n    while name not in go: time.sleep_ms(1)\n    f.write(name)\n    done.append(name)\n\
         go, done = [], []\nf = open('log', 'w')",
    );
    // A thread writes between two calls.
    let late = |name: &str| {
        bench.eval(&format!("_thread.start_new_thread(late, ('{name}',))\nf.flush()\ngo.append('{name}')"));
        bench.eval(&format!("while '{name}' not in done: time.sleep_ms(1)"));
    };
    late("one");
    bench.device.unmount().expect("unmounted");
    assert_eq!(bench.content("log"), "one");
    bench.device.mount(bench.folder.path(), true).expect("mounted");
    // A file of the folder that was mounted before is not taken for another.
    assert_eq!(bench.number("f.write('x'), f.flush()"), 9);
    bench.eval("f = open('log', 'w')");
    late("two");
    bench.device.soft_reset().expect("a reset");
    assert_eq!(bench.content("log"), "two");
    bench.eval("f = open('log', 'w')\nn = f.write('three')");
    bench.device.close().expect("closed");
    assert_eq!(bench.content("log"), "three");
}

/// A full disk is said, and said once.
#[test]
fn what_cannot_be_written_is_an_error() {
    let bench = bench();
    // A file that takes nothing: the board's bytes do not arrive, whenever they are sent.
    let before = "f = open('full', 'w')\nn = f.write('x')";
    let full = bench.folder.path().join("full");
    bench.eval("open('full', 'w').close()\nkept = [open('k%d' % i, 'w') for i in range(1)]");
    bench.eval(before);
    fs::remove_file(&full).expect("a file");
    fs::create_dir(&full).expect("a folder");
    // Sixteen other files later the computer has closed it, and cannot open it again.
    bench.eval("l = [open('o%d' % i, 'w') for i in range(20)]");
    let error = bench.device.exec("f.write('y')", None).expect_err("it is lost");
    assert_eq!(error.kind(), Kind::DeviceException);
    assert_eq!(error.message(), "what was written to `/remote` at the end is lost: OSError: [Errno 21] EISDIR");
    assert_eq!(bench.eval("1 + 1"), Value::Int(2));
    let error = bench.device.exec("f.write('y')\n1 / 0", None).expect_err("it fails");
    assert_eq!(error.message(), "ZeroDivisionError: divide by zero");
    let others: Vec<&str> = error.others().iter().map(|other| other.message()).collect();
    assert_eq!(others, ["what was written to `/remote` at the end is lost: OSError: [Errno 21] EISDIR"]);
    assert_eq!(bench.number("f.write('y'), f.close()"), 21);
    assert_eq!(bench.number("f.close()"), 0);
}
