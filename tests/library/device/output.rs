//! What boards print unasked, from threads of their own, while calls go on.

use super::{Bench, item};

use belay_script::device::OpenOptions;
use belay_script::device::class::ItemKind::{Task, Thread};
use belay_script::value::Value;

/// Numbers, and between them all that a reply could be taken for.
const CHATTER: &str = r#"
import time
odd = ('\x04', '>', '\x04\x04>', 'OK', '\x1e', '\x1eR1:7\x1e;', 'R\x01', '\x1b]0;title\x07', 'half', '\x01', '>>> ')
global words, finished
while not enough:
    number = words
    print(odd[number % len(odd)], end='')
    print('(%d)' % number, end='' if number % 3 else '\n')
    words += 1
    time.sleep_ms(1)
finished = True
"#;

#[test]
fn a_thread_that_prints_anything_changes_no_value_and_loses_no_word() {
    const CALLS: i64 = 12;
    let items = vec![
        item(Thread, "chatter", &[], CHATTER),
        item(Task, "add a b", &[], "return a + b"),
        item(Task, "stream", &[], "for i in range(20):\n    yield i"),
    ];
    let bench = Bench::open(items, OpenOptions::default());
    // Names that are there before the thread is: two threads that make new ones at once lose some.
    bench.exec("finished = enough = False\nwords = 0").unwrap();
    bench.call("chatter", &[]).unwrap();
    for calls in 1..=CALLS {
        assert_eq!(bench.call("add", &[Value::Int(calls), Value::Int(1)]).unwrap(), Value::Int(calls + 1));
        let mut stream = bench.generator("stream");
        for number in 0..3 {
            assert_eq!(stream.resume(&Value::None, None).unwrap(), Some(Value::Int(number)));
        }
        drop(stream);
        assert_eq!(bench.exec("'x' * 300").unwrap(), Value::Str("x".repeat(300)));
        // Long enough to be pasted.
        let sum = format!("sum([\n{}])", "1,\n".repeat(200));
        assert_eq!(bench.exec(&sum).unwrap(), Value::Int(200));
    }
    bench.exec("enough = True").unwrap();
    while bench.exec("finished").unwrap() == Value::Bool(false) {}
    let Value::Int(count) = bench.exec("words").unwrap() else { panic!("a number") };
    assert!(count > CALLS, "only {count} words");
    bench.device.close().unwrap();
    let printed = bench.printed.take();
    // A `\x04` or `>` of the thread within the end of a reply cannot be distinguished from that end.
    let words: String = printed.chars().filter(|letter| !matches!(letter, '\x04' | '>')).collect();
    let mut rest = words.as_str();
    for number in 0..count {
        let word = format!("({number})");
        let at = rest.find(&word).unwrap_or_else(|| {
            let near = words.len().saturating_sub(rest.len() + 100);
            panic!(
                "{word} is not in its place: {:?}",
                words.get(near..).map(|text| text.chars().take(250).collect::<String>())
            )
        });
        rest = &rest[at + word.len()..];
    }
    // Titles are none of the script's business.
    assert!(!printed.contains("title"), "{printed:.300}");
}
