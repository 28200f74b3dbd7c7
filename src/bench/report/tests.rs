//! Reports, made of events.

use super::builder::{MORE, MORE_NOTICES, MOST_OUTPUT};
use super::*;
use crate::bench::event::{Event, OutputChunk, RunBegun, TestBegun};

fn events() -> Vec<Event> {
    let begun = RunBegun { schema: SCHEMA, script: "a.rhai".to_owned(), ..RunBegun::default() };
    let measurement = |name: &str, outcome| Measurement { name: name.to_owned(), outcome, ..Measurement::default() };
    let test = |test, name: &str| Event::TestBegun(TestBegun { test, name: name.to_owned(), ..TestBegun::default() });
    let ended =
        |test, outcome| Event::TestEnded { test, outcome, duration_s: 0.5, reason: None, error: None, ends_run: false };
    let printed = |text: &str| Event::Output(OutputChunk { text: text.to_owned(), ..OutputChunk::default() });
    vec![
        Event::RunBegun(begun),
        printed("hello\n"),
        Event::BoardOpened(Board { name: "Bench".to_owned(), ..Board::default() }),
        test(1, "one"),
        Event::Measured { test: Some(1), measurement: Box::new(measurement("early", Outcome::Fail)) },
        Event::TestAttempt { test: 1, attempt: 1, outcome: Outcome::Fail, error: None },
        printed("in "),
        printed("one\n"),
        Event::Measured { test: Some(1), measurement: Box::new(measurement("late", Outcome::Pass)) },
        Event::SeriesBegun {
            series: 1,
            test: Some(1),
            name: "current".to_owned(),
            unit: "A".to_owned(),
            columns: vec!["current".to_owned()],
        },
        Event::Sample { series: 1, host: 2.0, board: Some(1.0), values: vec![0.25] },
        ended(1, Outcome::Pass),
        Event::Measured { test: None, measurement: Box::new(measurement("loose", Outcome::Marginal)) },
        test(2, "two"),
        ended(2, Outcome::Skip),
        Event::RunEnded { outcome: Outcome::Marginal, duration_s: 1.0, error: None, closing: Vec::new(), empty: None },
    ]
}

fn lines() -> Vec<TimedEvent> {
    events()
        .into_iter()
        .zip(1_000_000_000..)
        .map(|(event, at)| TimedEvent { at: f64::from(at), run: 1, event })
        .collect()
}

fn fold(lines: &[TimedEvent]) -> ReportBuilder {
    let mut fold = ReportBuilder::new();
    lines.iter().for_each(|line| fold.add(line));
    fold
}

#[test]
fn a_report_reflects_its_events() {
    let report = fold(&lines()).report();
    assert_eq!((report.outcome, report.worst(), report.passed()), (Outcome::Marginal, Outcome::Marginal, true));
    assert_eq!((report.script.as_str(), report.started.as_str()), ("a.rhai", "2001-09-09T01:46:40.000Z"));
    let [one, two] = report.tests.as_slice() else { panic!("two tests") };
    assert_eq!((one.attempts.len(), one.measurements.len(), one.series[0].samples.len()), (1, 1, 1));
    assert_eq!((one.output[0].text.as_str(), one.output.len()), ("in one\n", 1));
    assert_eq!((two.outcome, report.measurements.len(), report.output.len()), (Outcome::Skip, 1, 1));
}

#[test]
fn a_report_can_be_rebuilt_from_its_lines() {
    let lines = lines();
    let text: String = lines.iter().map(|line| serde_json::to_string(line).unwrap() + "\n").collect();
    let again = from_jsonl(&text);
    assert_eq!(again, [fold(&lines).report()]);
    let json = serde_json::to_value(&again[0]).unwrap();
    for field in ["schema", "script", "started", "outcome", "boards", "tests"] {
        assert!(json.get(field).is_some(), "{field}");
    }
}

#[test]
fn a_stream_truncated_anywhere_gives_a_report() {
    let lines = lines();
    let text: String = lines.iter().map(|line| serde_json::to_string(line).unwrap() + "\n").collect();
    for end in 1..text.len() - 1 {
        let Some(part) = text.get(..end) else { continue };
        for report in from_jsonl(part) {
            assert_eq!(report.outcome, Outcome::Error);
            assert!(report.error.is_some());
        }
    }
    let report = fold(&lines[..5]).report();
    assert_eq!((report.tests[0].outcome, report.duration_s), (Outcome::Error, 4.0));
    assert!(report.tests[0].error.as_ref().unwrap().message.contains("ends here"));
}

#[test]
fn a_flood_of_output_is_truncated() {
    let mut fold = fold(&lines()[..4]);
    let text = "x".repeat(1000);
    for _ in 0..2000 {
        let chunk = OutputChunk { text: text.clone(), ..OutputChunk::default() };
        fold.add(&TimedEvent { at: 1.0, run: 1, event: Event::Output(chunk) });
        let notice = Event::Notice { text: text.clone(), seen: false };
        fold.add(&TimedEvent { at: 1.0, run: 1, event: notice });
    }
    let report = fold.report();
    let kept: usize = report.notices.iter().map(|notice| notice.text.len()).sum();
    assert!((900_000..MOST_OUTPUT).contains(&kept), "{kept}");
    assert_eq!(report.notices.iter().filter(|notice| notice.text == MORE_NOTICES).count(), 1);
    let output = &report.tests[0].output;
    assert_eq!((output.len(), output[1].text.as_str()), (2, MORE));
    assert!(output[0].text.len() <= MOST_OUTPUT);
}

#[test]
fn logs_of_schema_1_are_read() {
    let text = r#"{"at":1,"run":1,"event":"run_begun","schema":1,"script":"a.rhai","sha256":"","revision":null,"version":"0.1.0","args":[],"operator":null,"unit":"SN1"}"#;
    let line: TimedEvent = serde_json::from_str(text).unwrap();
    let Event::RunBegun(begun) = line.event else { panic!("another event") };
    assert_eq!((begun.schema, begun.serial.as_deref()), (1, Some("SN1")));
}

#[test]
fn boards_follow_the_station_and_say_what_is_simulated() {
    let board = |name: &str, port: &str, place| Board {
        name: name.to_owned(),
        port: port.to_owned(),
        place,
        ..Board::default()
    };
    let opened = [
        board("other", "/dev/ttyACM3", None),
        board("load", "replay:a.log", Some(1)),
        board("dut", "/dev/ttyACM0", Some(0)),
        board("last", "/dev/ttyACM4", None),
        board("dut", "/dev/ttyACM0", Some(0)),
    ];
    let mut report = Report::default();
    opened.iter().for_each(|board| report.add_board(board.clone()));
    let names: Vec<&str> = report.boards.iter().map(|board| board.name.as_str()).collect();
    assert_eq!(names, ["dut", "dut", "load", "other", "last"]);
    let simulated: Vec<bool> = report.boards.iter().map(|board| board.simulated).collect();
    assert_eq!((report.simulated, simulated), (true, vec![false, false, true, false, false]));
    assert!(Runs::new(vec![Report::default(), report]).simulated);
}

/// Before the source was recorded.
#[test]
fn a_simulated_board_in_an_older_log_is_known_by_its_port() {
    let log = |port: &str| {
        let begun = r#"{"at":1.0,"run":1,"event":"run_begun","schema":2,"script":"a.rhai","sha256":"","revision":null,"version":"0.1.0","args":[],"operator":null,"serial":null}"#;
        let board = format!(
            r#"{{"at":1.0,"run":1,"event":"board_opened","name":"dut","class":"Bench","port":"{port}","implementation":"micropython","firmware":"1.27.0","platform":"rp2","id":null}}"#
        );
        let reports = from_jsonl(&format!("{begun}\n{board}\n"));
        (reports[0].simulated, reports[0].boards[0].simulated)
    };
    assert_eq!(log("sim:dut?profile=pico"), (true, true));
    assert_eq!(log("/dev/ttyACM0"), (false, false));
}
