//! Compares archives with reports in memory.

use super::*;
use crate::bench::event::{
    Checked, Diagnosis, GroupBegun, GroupEnded, GroupKind, Outcome, OutputChunk, RunBegun, SCHEMA, TestBegun,
};
use crate::bench::report::{Runs, from_lines};
use crate::bench::writers::{html, json};
use crate::extent;

/// Random numbers, equal in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }
}

fn measurement(name: u64, outcome: Outcome) -> Measurement {
    let min = name.is_multiple_of(2).then_some(0.1);
    Measurement { name: format!("m{name}"), value: (name as f64 / 7.0).into(), min, outcome, ..Measurement::default() }
}

/// An event without regard to any rule: tests nest, series belong to finished tests, numbers repeat.
fn event(dice: &mut Dice) -> Event {
    let test = dice.below(6);
    let some = Some(test).filter(|test| *test > 0);
    let outcome = Outcome::ALL[dice.below(6) as usize];
    let failure = || Failure { kind: "ScriptError".to_owned(), message: format!("no {test}"), ..Failure::default() };
    let error = (outcome == Outcome::Error).then(failure);
    match dice.below(17) {
        0 | 1 => {
            let group = if test.is_multiple_of(2) { Vec::new() } else { vec!["g".to_owned()] };
            Event::TestBegun(TestBegun { test, name: format!("t{test}"), group, ..TestBegun::default() })
        }
        2 => Event::TestEnded { test, outcome, duration_s: 0.1, reason: None, error, ends_run: false },
        3 => Event::TestAttempt { test, attempt: 1, outcome, error },
        4 | 5 => Event::Measured { test: some, measurement: Box::new(measurement(dice.below(9), outcome)) },
        6 => Event::SeriesBegun {
            series: dice.below(4),
            test: some,
            name: format!("s{test}"),
            unit: "V".to_owned(),
            columns: vec!["a".to_owned(), "b".to_owned()],
        },
        7 | 8 => {
            let (host, board) = (dice.below(1000) as f64 / 3.0, (test > 1).then_some(test as f64));
            let values = vec![f64::NAN, host, f64::INFINITY][..dice.below(4) as usize].to_vec();
            Event::Sample { series: dice.below(5), host, board, values }
        }
        9 => {
            let (name, media) = (format!("a{test}"), "text/plain".to_owned());
            Event::Attached { test: some, attachment: Attachment { name, media, size: 2, content: "aGk=".to_owned() } }
        }
        10 => {
            let (board, text) = (some.map(|test| format!("B{}", test % 2)), format!("line {test}\n"));
            Event::Output(OutputChunk { board, text, ..OutputChunk::default() })
        }
        11 => Event::Notice { text: format!("notice {test}"), seen: false },
        12 => Event::GroupBegun(GroupBegun { group: vec![format!("g{test}")], ..GroupBegun::default() }),
        13 => {
            let (group, kind) =
                (vec![format!("g{test}")], if test > 2 { GroupKind::Subtest } else { GroupKind::Group });
            let outcome = Some(outcome).filter(|_| test > 0);
            Event::GroupEnded(GroupEnded { group, kind, outcome, error, ..GroupEnded::default() })
        }
        14 => Event::Checked(Checked { name: format!("c{test}"), ..Checked::default() }),
        15 => {
            let diagnosis = Diagnosis { name: format!("d{test}"), failure: test > 2, ..Diagnosis::default() };
            Event::Diagnosed { test: some, diagnosis }
        }
        _ => Event::UnitNamed { serial: format!("SN{test}"), variant: None },
    }
}

/// The log lines of several runs.
fn log(seed: u64) -> String {
    let mut dice = Dice(seed);
    let runs = 1 + dice.below(3) as u32;
    let mut text = String::new();
    let mut at = 1_700_000_000.0;
    let mut line = |run, event| {
        at += 0.125;
        text.push_str(&serde_json::to_string(&TimedEvent { at, run, event }).unwrap());
        text.push('\n');
    };
    for run in 1..=runs {
        let begun = RunBegun { schema: SCHEMA, script: format!("{run}.rhai"), ..RunBegun::default() };
        line(run, Event::RunBegun(begun));
    }
    for _ in 0..dice.below(150) {
        line(1 + dice.below(u64::from(runs)) as u32, event(&mut dice));
    }
    for run in 1..=runs {
        if dice.below(3) > 0 {
            let error = (dice.below(2) == 0).then(|| Failure { message: "no 2".to_owned(), ..Failure::default() });
            let (closing, empty) = (Vec::new(), None);
            line(run, Event::RunEnded { outcome: Outcome::Fail, duration_s: 2.5, error, closing, empty });
        }
    }
    text
}

fn written(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> String {
    let mut written = Vec::new();
    write(&mut written).unwrap();
    String::from_utf8(written).unwrap()
}

/// The only property that matters: an archive and reports in memory give the same documents.
#[test]
fn an_archive_equals_the_reports_of_its_events() {
    for seed in (0..300).step_by(extent::one_of("logs")) {
        let log = log(seed);
        let reports = from_lines(log.as_bytes()).unwrap();
        let archive = Archiver::read(log.as_bytes()).unwrap().finish().unwrap();
        let expected = match reports.as_slice() {
            [report] => serde_json::to_string_pretty(report),
            _ => serde_json::to_string_pretty(&Runs::new(reports.clone())),
        };
        let expected = expected.unwrap() + "\n";
        assert!(written(|to| json::write(&archive, false, to)) == expected, "{seed}\n{log}");
        let of = Archive::of(&reports);
        assert!(written(|to| json::write(&of, false, to)) == expected, "{seed}\n{log}");
        for ((run, other), report) in archive.runs().zip(of.runs()).zip(&reports) {
            assert_eq!(run.sums(), other.sums(), "{seed}\n{log}");
            assert_eq!(run.failures(), report.failures().cloned().collect::<Vec<_>>(), "{seed}");
            for outcome in Outcome::ALL {
                assert_eq!(run.sums().tests.of(outcome), report.count(outcome), "{seed}\n{log}");
            }
        }
        assert!(written(|to| html::write(&archive, to)) == html::page(&reports), "{seed}\n{log}");
    }
}

#[test]
fn memory_does_not_grow_with_tests_samples_and_attachments() {
    let mut archiver = Archiver::begin().unwrap();
    let mut add = |event| archiver.add(&TimedEvent { at: 1.0, run: 1, event }).unwrap();
    let columns = vec!["a".to_owned()];
    add(Event::SeriesBegun { series: 1, test: None, name: "s".to_owned(), unit: String::new(), columns });
    for number in 1..=5000 {
        add(Event::TestBegun(TestBegun { test: number, name: "x".repeat(100), ..TestBegun::default() }));
        add(Event::Measured { test: Some(number), measurement: Box::new(measurement(number, Outcome::Pass)) });
        let attachment = Attachment { content: "YQ==".repeat(1000), ..Attachment::default() };
        add(Event::Attached { test: Some(number), attachment });
        add(Event::Sample { series: 1, host: 1.0, board: None, values: vec![0.5] });
        let (outcome, duration_s) = (Outcome::Pass, 0.0);
        add(Event::TestEnded { test: number, outcome, duration_s, reason: None, error: None, ends_run: false });
        add(Event::Measured { test: None, measurement: Box::new(measurement(number, Outcome::Pass)) });
    }
    let recording = &archiver.runs[0].1;
    let head = recording.fold.clone().into_report();
    assert_eq!((head.tests.len(), head.measurements.len(), recording.attached.len()), (0, 0, 0));
    assert_eq!((recording.series[0].count(), recording.loose.count(), recording.tests.len()), (5000, 5000, 5000));
    let archive = archiver.finish().unwrap();
    let run = archive.runs().next().unwrap();
    assert_eq!((run.sums().tests.total(), run.sums().measured), (5000, 10_000));
    assert_eq!(run.tests().map(Result::unwrap).map(|saved| saved.test.measurements.len()).sum::<usize>(), 5000);
}
