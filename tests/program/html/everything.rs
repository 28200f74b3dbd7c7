//! A report that holds everything a report can hold, with the worst of it.

use belay_script::bench::event::{
    AnsweredBy, Asked, Attachment, Board, Checked, Diagnosis, Failure, GroupKind, Input, InputKind, Manifest, Outcome,
    Program, SCHEMA, SentBy, Spot, StationFile, Unreached,
};
use belay_script::bench::measurement::Measurement;
use belay_script::bench::report::{Attempt, Group, Notice, Printed, Question, Report, Sample, Series, Test};
use serde_json::{Value, json};

/// A name that would do harm as markup, in an attribute, in a style, and to the order of the letters.
pub const HOSTILE: &str =
    "</title></style><script>document.title='taken'</script>\"'><img src=x onerror=alert(1)>&lt;\u{202e}\0\x1b[31m]]>";

/// Long, without a place to break, and from many scripts.
pub fn long() -> String {
    "überlange_Prüfungsbezeichnung_電圧測定_הספק_".repeat(8)
}

fn measurement(name: &str, value: impl Into<Value>, unit: &str, limits: Value) -> Measurement {
    let mut object = json!({ "name": name, "value": value.into(), "unit": unit, "outcome": "pass" });
    object.as_object_mut().expect("an object").extend(limits.as_object().expect("an object").clone());
    let mut measurement: Measurement = serde_json::from_value(object).expect("a measurement");
    measurement.judge();
    measurement
}

/// One of every kind.
pub fn measurements() -> Vec<Measurement> {
    vec![
        measurement("supply", 3.28, "V", json!({ "min": 3.2, "max": 3.4 })),
        measurement("near", 3.39, "V", json!({ "min": 3.2, "max": 3.4, "marginal_min": 3.23, "marginal_max": 3.37 })),
        measurement("at the limit", 3.4, "V", json!({ "min": 3.2, "max": 3.4 })),
        measurement("just above", 3.400_000_000_1, "V", json!({ "min": 3.2, "max": 3.4 })),
        measurement("far above", 12.0, "V", json!({ "min": 3.2, "max": 3.4, "doc": "the rail behind the regulator" })),
        measurement("far below", -12.0, "V", json!({ "min": 3.2, "max": 3.4 })),
        measurement("leakage", 0.000_004_2, "A", json!({ "max": 0.000_01 })),
        measurement("idle", 0.0042, "A", json!({ "min": 0.001 })),
        measurement("drop", 0.25, "V", json!({ "max": 0.0 })),
        measurement("reference", 2.51, "V", json!({ "equals": 2.5, "within_percent": 1.0 })),
        measurement("count", 32768, "", json!({ "equals": 32768 })),
        measurement("serial", "SN-0042", "", json!({ "matches": "SN-", "doc": HOSTILE })),
        measurement("not a number", "nan", "Ω", json!({ "min": 1.0 })),
        measurement("infinite", "inf", "Ω", json!({ "min": 1.0, "max": 2.0 })),
        measurement("limits at the ends of floats", 0.0, "V", json!({ "min": -1.7e308, "max": 1.7e308 })),
        measurement("no room", 1.0, "V", json!({ "min": 1.0, "max": 1.0 })),
        measurement("turned round", 1.0, "V", json!({ "min": 2.0, "max": 0.0 })),
        measurement("margin only", 1.0, "V", json!({ "marginal_max": 0.5 })),
        measurement("temperature", 21.5, "°C", json!({})),
        measurement("list", json!([1, 2.5, HOSTILE]), "", json!({})),
        measurement("flag", true, "", json!({ "equals": true })),
        measurement(&long(), long(), "V", json!({})),
        measurement(HOSTILE, HOSTILE, HOSTILE, json!({ "matches": HOSTILE, "equals": HOSTILE })),
    ]
}

fn failure() -> Failure {
    let spot = |line: u32, column: u32, label: &str, text: &str| Spot {
        file: "bench.rhai".to_owned(),
        line,
        column,
        label: label.to_owned(),
        text: text.to_owned(),
    };
    Failure {
        kind: "DeviceException".to_owned(),
        message: format!("`Bench` raised ValueError in task `read_adc`: {HOSTILE}"),
        file: Some("bench.rhai".to_owned()),
        line: Some(15),
        help: Some(format!("look at the wiring {HOSTILE}")),
        notes: vec![format!("a note\nof two lines {HOSTILE}")],
        places: vec![
            spot(15, 9, "", "        return total // 0"),
            spot(48, 15, "called from", "\tlet v = bench.read_adc(26); // <b>"),
            spot(50, 4_000_000_000, HOSTILE, "short"),
        ],
        others: Vec::new(),
    }
}

/// Samples of a slow ramp with noise, one spike, and a hole.
pub fn series(name: &str, samples: u32, columns: &[&str]) -> Series {
    let row = |index: u32| {
        let time = f64::from(index) * 0.001;
        let values = (0..columns.len()).map(|column| {
            let noise = f64::from(index.wrapping_mul(2_654_435_761) >> 20) / 4096.0;
            let spike = if index == samples / 3 { 0.03 } else { 0.0 };
            let hole = if column == 0 && index == samples / 2 { f64::NAN } else { 0.0 };
            0.01 * (1.0 + f64::from(u8::try_from(column).unwrap_or(0)))
                + 0.004 * (time * 3.0).sin()
                + 0.002 * noise
                + spike
                + hole
        });
        Sample { host: 1_700_000_000.0 + time, board: Some(5.0 + time), values: values.collect() }
    };
    Series {
        name: name.to_owned(),
        unit: "A".to_owned(),
        columns: columns.iter().map(|column| (*column).to_owned()).collect(),
        samples: (0..samples).map(row).collect(),
        number: 0,
    }
}

/// A picture of 2 × 2 pixels.
const PNG: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAEklEQVR4nGP4z8DAAMIM/4EAAB/uBfsL7d1wAAAAAElFTkSuQmCC";

fn attachments() -> Vec<Attachment> {
    let attachment = |name: &str, media: &str, size: u64, content: &str| Attachment {
        name: name.to_owned(),
        media: media.to_owned(),
        size,
        content: content.to_owned(),
    };
    vec![
        attachment("photo.png", "image/png", 75, PNG),
        attachment("notes.txt", "text/plain; charset=utf-8", 12, "PGI+aGVsbG88L2I+"),
        attachment("firmware.bin", "application/octet-stream", 3, "AAEC"),
        attachment(&format!("../../{HOSTILE}"), "text/html", 12, "PGI+aGVsbG88L2I+"),
        attachment("page.html", HOSTILE, 3, "AAEC"),
        attachment("damaged.bin", "image/png", 3, HOSTILE),
    ]
}

fn samples_at_odds() -> Series {
    let sample = |host: f64, values: Vec<f64>| Sample { host, board: None, values };
    let samples = vec![
        sample(2.0, vec![1.0]),
        sample(1.0, vec![f64::INFINITY, 1.0]),
        sample(f64::NAN, vec![1e308, -1e308, 5.0]),
        sample(3.0, vec![]),
    ];
    Series {
        name: HOSTILE.to_owned(),
        unit: HOSTILE.to_owned(),
        columns: vec![HOSTILE.to_owned(), "b".to_owned()],
        samples,
        number: 0,
    }
}

fn tests() -> Vec<Test> {
    let mut tests: Vec<Test> = Outcome::ALL
        .iter()
        .map(|outcome| Test {
            name: format!("a test that came to {}", outcome.word()),
            group: vec!["every outcome".to_owned()],
            tags: vec!["quick".to_owned(), "power".to_owned()],
            file: "bench.rhai".to_owned(),
            line: 7,
            duration_s: 0.0123,
            outcome: *outcome,
            error: (*outcome > Outcome::Fail).then(failure),
            reason: (*outcome == Outcome::Skip).then(|| format!("`power` did not pass {HOSTILE}")),
            ..Test::default()
        })
        .collect();
    tests.push(Test {
        name: "measurements".to_owned(),
        parameters: serde_json::json!({ "volts": 1.5, "lot": HOSTILE }).as_object().cloned().unwrap_or_default(),
        diagnoses: vec![diagnosis()],
        group: vec!["records".to_owned(), "deep".to_owned()],
        outcome: Outcome::Fail,
        duration_s: 3725.4,
        measurements: measurements(),
        attempts: vec![Attempt {
            outcome: Outcome::Fail,
            error: Some(failure()),
            measurements: measurements(),
            ..Attempt::default()
        }],
        ..Test::default()
    });
    tests.push(Test {
        name: "series".to_owned(),
        group: vec!["records".to_owned(), "deep".to_owned()],
        series: vec![
            series("inrush", 100_000, &["vcc", "io"]),
            series("few", 25, &["a", "b", "c", "d", "e", "f", "g"]),
            series("one", 1, &["a"]),
            series("none", 0, &["a"]),
            samples_at_odds(),
        ],
        attachments: attachments(),
        output: vec![
            Printed { board: None, text: "hello\r\n".to_owned() },
            Printed { board: Some(HOSTILE.to_owned()), text: format!("{HOSTILE}\n") },
        ],
        duration_s: 61.0,
        ..Test::default()
    });
    let name = long();
    tests.push(Test {
        name: name.clone(),
        group: vec![name.clone()],
        tags: vec![name.clone()],
        file: name,
        ..Test::default()
    });
    tests.push(Test {
        name: HOSTILE.to_owned(),
        group: vec![HOSTILE.to_owned()],
        tags: vec![HOSTILE.to_owned()],
        file: HOSTILE.to_owned(),
        error: Some(Failure { file: Some(HOSTILE.to_owned()), line: None, ..failure() }),
        duration_s: f64::NAN,
        ..Test::default()
    });
    tests
}

const SHA256: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

fn folder(sha256: Option<&str>) -> Manifest {
    Manifest {
        board: HOSTILE.to_owned(),
        by: SentBy::Mount,
        folder: long(),
        target: HOSTILE.to_owned(),
        sha256: sha256.map(str::to_owned),
        ..Manifest::default()
    }
}

fn question(by: Option<AnsweredBy>) -> Question {
    let text = || HOSTILE.to_owned();
    let asked = Asked {
        text: text(),
        name: Some(text()),
        board: Some(text()),
        answer: by.map(|_| text()),
        by,
        duration_s: 2.5,
    };
    Question { time: "2026-11-23T09:30:02.000Z".to_owned(), test: Some(long()), asked }
}

fn unreached(conditional: bool) -> Unreached {
    let text = || HOSTILE.to_owned();
    Unreached { name: text(), group: vec![long()], file: text(), line: 7, reason: text(), conditional }
}

fn diagnosis() -> Diagnosis {
    Diagnosis {
        name: "weak supply".to_owned(),
        text: format!("the rail sags {HOSTILE}"),
        component: Some(HOSTILE.to_owned()),
        board: None,
        failure: true,
        file: "bench.rhai".to_owned(),
        line: 8,
    }
}

fn groups() -> Vec<Group> {
    let group = |kind, name: &str, error| Group {
        group: vec!["records".to_owned(), name.to_owned()],
        kind,
        file: "bench.rhai".to_owned(),
        line: 9,
        outcome: Outcome::Fail,
        reason: Some(format!("`power` did not pass {HOSTILE}")),
        error,
        ..Group::default()
    };
    vec![
        group(GroupKind::Group, "deep", None),
        group(GroupKind::Subtest, HOSTILE, None),
        group(GroupKind::Subtest, "channel 1", Some(failure())),
    ]
}

fn checkpoints() -> Vec<Checked> {
    let checked = |reason: Option<&str>| Checked {
        name: format!("powered {HOSTILE}"),
        group: vec![HOSTILE.to_owned()],
        reason: reason.map(str::to_owned),
        file: "bench.rhai".to_owned(),
        line: 10,
        ..Checked::default()
    };
    vec![checked(None), checked(Some(HOSTILE))]
}

/// The report.
pub fn report() -> Report {
    let board = |name: &str, id: Option<&str>| Board {
        name: name.to_owned(),
        class: "Bench".to_owned(),
        port: "/dev/serial/by-id/usb-MicroPython_Board_in_FS_mode_e6614c311b7e6f35-if00".to_owned(),
        implementation: "micropython".to_owned(),
        firmware: "1.27.0".to_owned(),
        platform: "rp2".to_owned(),
        id: id.map(str::to_owned),
        machine: id.map(|_| HOSTILE.to_owned()),
        unique_id: Some("e6610c".to_owned()),
        ..Board::default()
    };
    Report {
        schema: SCHEMA,
        script: "benches/production.rhai".to_owned(),
        sha256: SHA256.to_owned(),
        revision: Some("30a5edddc878552f80ca6bc5a6183bc5b5098ec0+".to_owned()),
        version: "0.1.0".to_owned(),
        host: "bench-3, linux x86_64".to_owned(),
        folder: HOSTILE.to_owned(),
        program: Some(Program { path: HOSTILE.to_owned(), sha256: SHA256.to_owned(), size: 1 }),
        station: Some(StationFile { path: HOSTILE.to_owned(), name: Some(long()), sha256: SHA256.to_owned() }),
        args: vec!["fast".to_owned(), HOSTILE.to_owned()],
        operator: Some("operator 7".to_owned()),
        serial: Some("SN-0042".to_owned()),
        variant: Some(HOSTILE.to_owned()),
        started: "2026-11-23T09:30:00.000Z".to_owned(),
        started_local: Some("2026-11-23T10:30:00.000+01:00".to_owned()),
        duration_s: 12.345,
        outcome: Outcome::Error,
        error: Some(failure()),
        closing: vec![failure()],
        boards: [board("dut", Some("e6614c311b7e6f35")), board(HOSTILE, None)].map(Board::with_source).to_vec(),
        inputs: vec![Input { kind: InputKind::Data, path: HOSTILE.to_owned(), sha256: SHA256.to_owned() }],
        folders: vec![folder(Some(SHA256)), folder(None)],
        questions: vec![question(Some(AnsweredBy::Person)), question(None)],
        not_reached: vec![unreached(true), unreached(false)],
        tests: tests(),
        groups: groups(),
        checkpoints: checkpoints(),
        diagnoses: vec![diagnosis()],
        measurements: measurements(),
        series: vec![series("loose", 2001, &["a"])],
        attachments: attachments(),
        output: vec![Printed { board: None, text: format!("{HOSTILE}\n") }],
        notices: vec![Notice { time: "2026-11-23T09:30:01.000Z".to_owned(), text: HOSTILE.to_owned() }],
        ..Report::default()
    }
}
