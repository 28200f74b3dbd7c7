//! The example of a program that embeds the library: the part up to the line below is what `docs/src/embedding.md` shows
//! (`tests/program/documents.rs` compares them).

use belay_script::bench::event::{Event, OutputChunk, TimedEvent};
use belay_script::device::{Host, HostOptions};
use belay_script::script::{Observer, RunOptions, Runner, Sources};
use std::sync::Arc;

/// Prints what happens.
struct Console;

impl Observer for Console {
    fn event(&self, line: &TimedEvent, _sources: &Sources) {
        match &line.event {
            Event::Output(OutputChunk { board: Some(board), text, .. }) => print!("{board}: {text}"),
            Event::Output(chunk) => print!("{}", chunk.text),
            Event::Notice { text, .. } => eprintln!("{text}"),
            Event::TestEnded { outcome, duration_s, .. } => println!("{} after {duration_s} s", outcome.word()),
            _ => {}
        }
    }
}

fn main() {
    let host = Host::new(HostOptions { port: Some("sim".to_owned()), ..HostOptions::default() });
    let mut runner = Runner::new(host, Arc::new(Console), RunOptions::default());
    let finished = runner.run_text("sum.rhai", r#"print("go"); test "sum" { if 1 + 1 != 2 { throw "no"; } }"#);
    assert!(finished.failure.is_none() && finished.report.passed());
    assert_eq!(finished.report.output[0].text, "go\n");
}

// The book shows what is above.

use belay_script::bench::event::OutputKind;
use belay_script::bench::report::{Printed, Report, from_jsonl};
use std::sync::{Mutex, PoisonError};

#[test]
fn the_example_of_the_book_runs() {
    main();
}

/// Keeps events.
#[derive(Default)]
struct Log(Mutex<Vec<TimedEvent>>);

impl Log {
    fn events(&self) -> Vec<TimedEvent> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Observer for Log {
    fn event(&self, line: &TimedEvent, sources: &Sources) {
        // An observer may use the texts and print itself.
        assert!(sources.names().iter().all(|name| sources.get(name).is_some()));
        eprintln!("{}", serde_json::to_string(line).expect("plain data"));
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line.clone());
    }
}

const SCRIPT: &str = r#"
device Bench {
    task hello() `print("hello")`
    task bytes() `
        import sys
        sys.stdout.buffer.write(b"\xffa\n")
    `
}
let bench = Bench.open();
print("before");
bench.hello();
debug("aside");
7 / 2;
test "one" { bench.bytes(); }
let other = Bench.open();
for_each_board([bench, other], |board| { print("mine"); board.hello(); });
"#;

#[test]
fn output_and_notices_are_events_and_in_the_report() {
    let log = Arc::new(Log::default());
    let host = Host::new(HostOptions { port: Some("sim".to_owned()), ..HostOptions::default() });
    let finished = Runner::new(host, log.clone(), RunOptions::default()).run_text("out.rhai", SCRIPT);
    assert!(finished.failure.is_none(), "{:?}", finished.failure);
    let report = &finished.report;
    let printed = |pieces: &[Printed]| pieces.iter().map(|piece| piece.text.as_str()).collect::<String>();
    let outside = printed(&report.output);
    assert!(outside.starts_with("before\nhello\n\"aside\"\n"), "{outside}");
    assert_eq!((outside.matches("mine\n").count(), outside.matches("hello\n").count()), (2, 3));
    assert_eq!(printed(&report.tests[0].output), "\u{fffd}a\n");
    let [notice] = report.notices.as_slice() else { panic!("{:?}", report.notices) };
    assert!(notice.text.contains("7 / 2 is 3"), "{}", notice.text);

    let events = log.events();
    assert!(matches!(events.first().map(|line| &line.event), Some(Event::RunBegun(_))));
    assert!(matches!(events.last().map(|line| &line.event), Some(Event::RunEnded { .. })));
    let chunks = events.iter().filter_map(|line| match &line.event {
        Event::Output(chunk) => Some(chunk),
        _ => None,
    });
    let bytes = |board: &str| -> Vec<u8> {
        let own = chunks.clone().filter(|chunk| chunk.board.as_deref() == Some(board));
        own.flat_map(|chunk| chunk.bytes.clone().unwrap_or_default()).collect()
    };
    assert!(bytes("Bench").contains(&0xff));
    assert_eq!(String::from_utf8_lossy(&bytes("Bench")), "hello\r\n\u{fffd}a\nhello\r\n");
    assert_eq!(bytes("Bench#2"), b"hello\r\n");
    let debug = chunks.clone().find(|chunk| chunk.kind == OutputKind::Debug).expect("a debug");
    assert_eq!((debug.text.as_str(), debug.place.as_deref()), ("\"aside\"\n", Some("out.rhai:12:1")));
    // The same report is made of the log's lines; closures of `parallel` may print in another order.
    let lines: String = events.iter().map(|line| serde_json::to_string(line).expect("plain data") + "\n").collect();
    let of_log = from_jsonl(&lines);
    let document = |report: &Report| serde_json::to_value(Report { output: Vec::new(), ..report.clone() }).ok();
    assert_eq!(document(&of_log[0]), document(report));
}

/// Prints through the host while an event is handled.
#[derive(Default)]
struct Echo(Mutex<Option<Host>>);

impl Observer for Echo {
    fn event(&self, line: &TimedEvent, _: &Sources) {
        let host = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let (Event::Output(chunk), Some(host)) = (&line.event, host) {
            host.output().notice(&format!("{} of {} devices", chunk.text.trim(), host.devices().len()));
        }
    }
}

#[test]
fn an_observer_may_print_while_boards_print() {
    let echo = Arc::new(Echo::default());
    let host = Host::new(HostOptions { port: Some("sim".to_owned()), ..HostOptions::default() });
    *echo.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(host.clone());
    let finished = Runner::new(host, echo.clone(), RunOptions::default()).run_text("echo.rhai", SCRIPT);
    echo.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    assert!(finished.failure.is_none(), "{:?}", finished.failure);
    let notices: Vec<&str> = finished.report.notices.iter().map(|notice| notice.text.as_str()).collect();
    assert_eq!(notices[0], "before of 1 devices");
    assert_eq!(notices.iter().filter(|text| **text == "hello of 2 devices").count(), 2, "{notices:?}");
}
