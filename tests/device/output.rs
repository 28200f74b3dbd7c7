//! What boards print unasked, from threads of their own, while calls go on.

use crate::{Bench, item};
use belay_script::device::OpenOptions;
use belay_script::device::class::ItemKind::{Task, Thread};
use belay_script::value::Value;

/// Numbers, and between them all that a reply could be taken for.
const CHATTER: &str = r#"
import time
odd = ('\x04', '>', '\x04\x04>', 'OK', '\x1e', '\x1eR1:7\x1e;', 'R\x01', '\x1b]0;title\x07', 'half', '\x01', '>>> ')
for number in range(count):
    print(odd[number % len(odd)], end='')
    print('(%d)' % number, end='' if number % 3 else '\n')
    time.sleep_ms(1)
global finished
finished = True
"#;

#[test]
fn a_thread_that_prints_anything_changes_no_value_and_loses_no_word() {
    const COUNT: i64 = 400;
    let items = vec![
        item(Thread, "chatter count", &[], CHATTER),
        item(Task, "add a b", &[], "return a + b"),
        item(Task, "stream", &[], "for i in range(20):\n    yield i"),
    ];
    let bench = Bench::open(items, OpenOptions::default());
    // Its helper is pasted now: a look-alike of the answer to a paste is not told from it at every moment.
    drop(bench.generator("stream").resume(&Value::None, None).unwrap());
    bench.exec("finished = False").unwrap();
    bench.call("chatter", &[Value::Int(COUNT)]).unwrap();
    let mut calls = 0;
    while bench.exec("finished").unwrap() == Value::Bool(false) {
        calls += 1;
        assert_eq!(bench.call("add", &[Value::Int(calls), Value::Int(1)]).unwrap(), Value::Int(calls + 1));
        let mut stream = bench.generator("stream");
        for number in 0..3 {
            assert_eq!(stream.resume(&Value::None, None).unwrap(), Some(Value::Int(number)));
        }
        drop(stream);
        assert_eq!(bench.exec("'x' * 300").unwrap(), Value::Str("x".repeat(300)));
    }
    assert!(calls > 5, "only {calls} calls");
    bench.device.close().unwrap();
    let printed = bench.printed.take();
    // A `\x04` or `>` of the thread in the midst of the end of a reply cannot be told from that end's own.
    let words: String = printed.chars().filter(|letter| !matches!(letter, '\x04' | '>')).collect();
    let mut rest = words.as_str();
    for number in 0..COUNT {
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
