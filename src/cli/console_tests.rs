//! Tests where output goes, and when lines end.

use super::*;
use crate::bench::event::{Event, Failure, Outcome, TestBegun, TimedEvent};
use crate::bench::measurement::Measurement;
use crate::bench::tally::Tally;
use crate::error::Kind;
use crate::script::Observer as _;
use std::sync::Arc;

/// Both streams as one text, standard error in `<…>`.
#[derive(Clone, Default)]
struct Paper(Arc<Mutex<String>>);

struct Pen {
    paper: Paper,
    error: bool,
}

impl Write for Pen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let mut paper = self.paper.0.lock().unwrap();
        if self.error {
            paper.push_str(&format!("<{text}>"))
        } else {
            paper.push_str(&text)
        }
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn console() -> (Console, Paper) {
    let paper = Paper::default();
    let stream = |error: bool| Stream {
        to: Box::new(Pen { paper: paper.clone(), error }),
        colour: Colour::Never,
        terminal: false,
    };
    (Console::new(stream(false), stream(true)), paper)
}

impl Paper {
    #[track_caller]
    fn expect(&self, expected: &str) {
        assert_eq!(std::mem::take(&mut *self.0.lock().unwrap()), expected);
    }
}

#[test]
fn output_of_a_single_board_passes_unbuffered() {
    let (console, paper) = console();
    console.open_devices(1);
    console.board("Bench", "a");
    paper.expect("a");
    console.board("Bench", "b\nc");
    console.print("d");
    paper.expect("b\ncd\n");
}

#[test]
fn lines_of_several_boards_carry_their_names_and_do_not_mix() {
    let (console, paper) = console();
    console.open_devices(2);
    console.parallel(true);
    console.board("A", "on");
    console.board("B", "two\nthr");
    console.print("script");
    paper.expect("[B] two\nscript\n");
    console.board("A", "e\n\n");
    console.board("B", "ee");
    paper.expect("[A] one\n[A] \n");
    console.open_devices(1);
    console.board("B", "x");
    paper.expect("[B] three\nx");
}

#[test]
fn an_unfinished_line_ends_when_something_else_is_printed() {
    let (console, paper) = console();
    console.open_devices(2);
    console.board("A", "on");
    console.board("A", "e");
    paper.expect("");
    console.print("script");
    paper.expect("[A] one\nscript\n");
    console.board("A", "two");
    console.board("B", "thr");
    console.board("B", "ee\n");
    paper.expect("[A] two\n[B] three\n");
    console.board("B", "four");
    console.notice("installing");
    paper.expect("[B] four\n<installing\n>");
}

#[test]
fn errors_start_a_new_line_if_both_streams_share_a_destination() {
    let (console, paper) = console();
    console.open_devices(1);
    console.board("A", "half");
    console.notice("one");
    paper.expect("half<one\n>");
    console.lock().together = true;
    console.notice("two");
    paper.expect("\n<two\n>");
}

#[test]
fn an_endless_line_is_bounded() {
    let (console, paper) = console();
    console.open_devices(2);
    for _ in 0..70 {
        console.board("A", &"x".repeat(1024));
    }
    assert!(paper.0.lock().unwrap().len() > 64 * 1024);
}

#[test]
fn tests_are_reported_with_measurements_and_excerpts() {
    let (console, paper) = console();
    let sources = Sources::default();
    let measured = |name: &str, value: serde_json::Value, unit: &str, min, max| {
        let (name, unit) = (name.to_owned(), unit.to_owned());
        let mut measurement = Measurement { name, value, unit, min, max, ..Measurement::default() };
        measurement.judge();
        measurement
    };
    let tell = |event| console.event(&TimedEvent { at: 1.0, run: 1, event }, &sources);
    let begin =
        |test, name: &str| tell(Event::TestBegun(TestBegun { test, name: name.to_owned(), ..TestBegun::default() }));
    let end = |test, outcome, error| {
        tell(Event::TestEnded { test, outcome, duration_s: 0.5, reason: None, error, ends_run: false });
    };
    begin(1, "the divider");
    let divider = measured("divider", 1.65.into(), "V", Some(1.6), Some(1.7));
    tell(Event::Measured { test: Some(1), measurement: Box::new(divider) });
    tell(Event::Measured { test: Some(1), measurement: Box::new(measured("gain", "x".into(), "", None, Some(2.0))) });
    console.board("Bench", "half");
    end(1, Outcome::Fail, None);
    paper.expect(
        "half\ntest the divider ... fail\n    divider  1.65 V  [1.6 … 1.7]  pass\n    gain     x       [≤ 2]        fail\n      `max` needs a number, the value is a string\n",
    );
    begin(2, "no board");
    let failure = Diagnostic::new(Kind::ScriptError, "boom");
    end(2, Outcome::Error, Some(Failure::of(&failure, |_| None)));
    paper.expect("test no board ... error\n<error: boom\n>");
    tell(Event::Measured { test: None, measurement: Box::new(measured("loose", 3.into(), "", None, None)) });
    paper.expect("loose  3\n");
    let tests = [Outcome::Fail, Outcome::Error].into_iter().collect();
    assert!(console.finish(&Tally { tests, ..Tally::default() }));
    paper.expect("2 tests: 1 failed, 1 error\n");
    // What is shown does not stay in memory.
    let inner = console.lock();
    assert_eq!((inner.fold.so_far().tests.len(), inner.fold.so_far().measurements.len()), (0, 0));
}

#[test]
fn notices_go_to_standard_error() {
    let (console, paper) = console();
    console.notice("installing\n");
    console.debug("x", Some("a.rhai:1:2"));
    paper.expect("<installing\n><a.rhai:1:2: x\n>");
}

#[test]
fn each_of_several_boards_has_a_colour() {
    let (console, paper) = console();
    console.lock().out.colour = Colour::Always;
    console.open_devices(3);
    for device in ["a", "b", "a"] {
        console.board(device, "x\n");
    }
    console.print_for("b", "y");
    paper.expect("\x1b[36m[a]\x1b[0m x\n\x1b[33m[b]\x1b[0m x\n\x1b[36m[a]\x1b[0m x\n\x1b[33m[b]\x1b[0m y\n");
}

#[test]
fn script_output_ends_the_unfinished_line_of_a_board() {
    let (console, paper) = console();
    console.open_devices(1);
    console.print_for("a", "alone");
    paper.expect("alone\n");
    console.open_devices(2);
    console.parallel(true);
    console.board("a", "begun");
    console.board("b", "other");
    console.print_for("a", "said");
    paper.expect("[a] begun\n[a] said\n");
    console.end_lines();
    paper.expect("[b] other\n");
}

#[test]
fn output_appears_above_a_line_that_is_being_typed() {
    let (console, paper) = console();
    console.lock().together = true;
    console.open_devices(1);
    console.question(Some("> ab".to_owned()));
    paper.expect("<\r\x1b[K> ab>");
    console.board("Bench", "one\ntw");
    paper.expect("<\r\x1b[K>one\n<\r\x1b[K> ab>");
    console.board("Bench", "o\nth");
    paper.expect("<\r\x1b[K>two\n<\r\x1b[K> ab>");
    // Text of belay-script itself starts on a new line.
    console.text("own\n");
    paper.expect("<\r\x1b[K>th\n<\r\x1b[K> ab><\r\x1b[K>own\n<\r\x1b[K> ab>");
    console.notice("noticed");
    paper.expect("<\r\x1b[K><noticed\n><\r\x1b[K> ab>");
    console.board("Bench", "end");
    console.question(None);
    paper.expect("<\n>end");
}
