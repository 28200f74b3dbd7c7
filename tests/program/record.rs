//! What decided a result is in its record: files with their digests, questions, attempts, tests that were not reached.

use crate::support::command::Program;
use crate::support::interpreter;
use serde_json::{Value, json};
use std::fs;
use std::io::Write as _;
use std::path::Path;

/// The SHA-256 of the bytes, as the record should hold it.
fn sha256(text: &str) -> String {
    belay_script::bench::digests::of_bytes(text.as_bytes())
}

/// A bench in a folder: a script with a module, a data file, firmware, a mounted folder and a station.
const SCRIPT: &str = r#"
import "std/file" as file;
import "lib/board" as lib;
let b = lib::bench();
b.sync("firmware", #{ dst: "/fw", ignore: ["*.txt"] });
b.mount("shared");
let offset = file::read_text("offset.txt");
file::write("count.txt", "1");
file::read_text("count.txt");
let on = confirm("Is the LED on?", #{ name: "led" });
let tries = 0;
test "retried" retry = 1 {
    ask("Try?", #{ default: "nothing" });
    tries += 1;
    measure("try", tries, #{ min: 2 });
}
test "skipped" skip_if = "not today" { }
if tries > 100 { test "in a branch" { } }
test "reached" { measure("supply", 3.3, station.limits.supply); }
if tries < 100 { throw "no power"; }
group "later" { test "lost" { } }
test "lost too" { }
"#;

const MODULE: &str = "device Bench { task one() `return 1` }\nfn bench() { Bench.open() }\n";

const STATION: &str = "name = \"bench 3\"\n\n[limits]\nsupply = { unit = \"V\", min = 3.2, max = 3.4 }\n";

fn bench(folder: &Path) {
    for (name, text) in [
        ("bench.rhai", SCRIPT),
        ("lib/board.rhai", MODULE),
        ("offset.txt", "0.5\n"),
        ("firmware/main.py", "A = 1\n"),
        ("firmware/lib/b.py", "B = 2\n"),
        ("firmware/notes.txt", "not sent"),
        ("shared/c.py", "C = 3\n"),
        ("station.toml", STATION),
    ] {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

#[test]
fn the_record_holds_what_decided() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    bench(folder);
    let args = "run bench.rhai -p sim --answer led=yes --answer Try?=again --jsonl a.jsonl --json a.json --html a.html --junit a.xml";
    let ran = Program::new().args(args.split(' ')).outcome_in(folder);
    assert_eq!(ran.status, Some(1), "{}", ran.stderr);
    assert!(ran.stdout.contains("3 tests: 2 passed, 1 skipped\n2 tests not reached\n"), "{}{}", ran.stdout, ran.stderr);
    let text = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    let report: Value = serde_json::from_str(&text("a.json")).unwrap();

    let here = folder.canonicalize().unwrap();
    assert_eq!(report["folder"], json!(here.to_str().unwrap()));
    let program = env!("CARGO_BIN_EXE_belay-script");
    assert_eq!(report["program"]["path"], json!(program));
    let of_program = belay_script::bench::digests::of_file(Path::new(program)).unwrap();
    assert_eq!(
        (&report["program"]["sha256"], &report["program"]["size"]),
        (&json!(of_program.0), &json!(of_program.1))
    );
    assert_eq!(report["station"], json!({ "path": "station.toml", "name": "bench 3", "sha256": sha256(STATION) }));
    assert_eq!(report["sha256"], json!(sha256(SCRIPT)));

    let inputs = report["inputs"].as_array().unwrap();
    let input = |kind: &str, path: &str, text: &str| json!({ "kind": kind, "path": path, "sha256": sha256(text) });
    // A file that the script wrote is not an input.
    assert_eq!(inputs.len(), 3, "{inputs:?}");
    assert!(inputs.contains(&input("module", "lib/board.rhai", MODULE)), "{inputs:?}");
    assert!(inputs.contains(&input("data", "offset.txt", "0.5\n")), "{inputs:?}");
    assert!(inputs.contains(&input("library", "std/file", include_str!("../../stdlib/file.rhai"))), "{inputs:?}");

    let file = |path: &str, text: &str| json!({ "path": path, "size": text.len(), "sha256": sha256(text) });
    let (main, lib, shared) = (file("main.py", "A = 1\n"), file("lib/b.py", "B = 2\n"), file("c.py", "C = 3\n"));
    let lines = |files: &[&Value]| {
        let line =
            |file: &&Value| format!("{}  {}\n", file["sha256"].as_str().unwrap(), file["path"].as_str().unwrap());
        sha256(&files.iter().map(line).collect::<String>())
    };
    assert_eq!(
        report["folders"],
        json!([
            { "board": "Bench", "by": "sync", "folder": "firmware", "target": "/fw", "ignore": ["*.txt"], "count": 2,
              "size": 12, "sha256": lines(&[&lib, &main]), "files": [lib, main] },
            { "board": "Bench", "by": "mount", "folder": "shared", "target": "/remote", "count": 1, "size": 6,
              "sha256": lines(&[&shared]), "files": [shared] },
        ])
    );

    let mut questions = report["questions"].clone();
    for question in questions.as_array_mut().unwrap() {
        let question = question.as_object_mut().unwrap();
        assert!(question.remove("time").is_some_and(|time| time.as_str().unwrap().ends_with('Z')));
        assert!(question.remove("duration_s").unwrap().as_f64().unwrap() >= 0.0);
    }
    let again = json!({ "test": "retried", "text": "Try?", "answer": "again", "by": "option" });
    let led = json!({ "test": null, "text": "Is the LED on?", "name": "led", "answer": "yes", "by": "option" });
    assert_eq!(questions, json!([led, again, again]));

    let attempts = &report["tests"][0]["attempts"];
    assert_eq!((&attempts[0]["outcome"], &attempts[0]["measurements"][0]["value"]), (&json!("fail"), &json!(1)));

    let missed = |name: &str, group: Value, line: u32| json!({ "name": name, "group": group, "file": "bench.rhai", "line": line, "reason": "the run ended early: no power" });
    let mut branch = missed("in a branch", json!([]), 18);
    branch["conditional"] = json!(true);
    let lost = [branch, missed("lost", json!(["later"]), 21), missed("lost too", json!([]), 22)];
    assert_eq!(report["not_reached"], json!(lost));

    let page = text("a.html");
    for part in
        ["Not reached", "later / lost", "the run ended early: no power", "Is the LED on?", "--answer", "attempt 1: "]
    {
        assert!(page.contains(part), "{part}");
    }
    let junit = text("a.xml");
    for part in [
        "skipped=\"3\"",
        "message=\"not reached: the run ended early: no power\"",
        "<property name=\"question\" value=\"Is the LED on? yes (--answer)\"/>",
        &format!("<property name=\"input\" value=\"lib/board.rhai sha256:{}\"/>", sha256(MODULE)),
        "<flakyFailure type=\"fail\"",
    ] {
        assert!(junit.contains(part), "{part}\n{junit}");
    }
}

/// Replaces a part of a file.
#[track_caller]
fn change(file: &Path, old: &str, new: &str) {
    let text = fs::read_to_string(file).unwrap();
    assert!(text.contains(old), "{old}");
    fs::write(file, text.replacen(old, new, 1)).unwrap();
}

#[test]
fn verify_finds_every_change() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    bench(folder);
    // A copy, because the program is among what changes.
    let copy = folder.join("program");
    fs::copy(env!("CARGO_BIN_EXE_belay-script"), &copy).unwrap();
    let args = "run bench.rhai -p sim --answer led=yes --answer Try?=again --jsonl shared/a.jsonl --json a.json";
    let ran = Program::new().executable(&copy).args(args.split(' ')).outcome_in(folder);
    assert_eq!(ran.status, Some(1), "{}", ran.stderr);
    let verify = |args: &str| Program::new().args(format!("verify {args}").split(' ')).outcome_in(folder);

    let same = verify("shared/a.jsonl");
    assert_eq!((same.status, same.stderr.as_str()), (Some(0), ""), "{}", same.stdout);
    let expected = "\
        same       report   shared/a.jsonl\n\
        same       script   bench.rhai\n\
        same       library  std/file\n\
        same       module   lib/board.rhai\n\
        same       data     offset.txt\n\
        same       station  station.toml\n\
        same       folder   firmware of Bench\n\
        same       folder   shared of Bench\n\
        same       program  [DIR]/program: version 0.1.0\n\
        9 items checked: nothing differs\n";
    assert_eq!(same.stdout, expected);

    let file = |name: &str| folder.join(name);
    change(&file("bench.rhai"), "no power", "power");
    change(&file("lib/board.rhai"), "return 1", "return 2");
    fs::remove_file(file("offset.txt")).unwrap();
    change(&file("station.toml"), "max = 3.4", "max = 3.5");
    change(&file("firmware/main.py"), "A = 1", "A = 2");
    fs::remove_file(file("firmware/lib/b.py")).unwrap();
    fs::write(file("firmware/lib/c.py"), "").unwrap();
    // A file that was ignored then is ignored now.
    fs::write(file("firmware/notes.txt"), "changed").unwrap();
    fs::OpenOptions::new().append(true).open(&copy).and_then(|mut file| file.write_all(b"!")).unwrap();
    change(&file("shared/a.jsonl"), "\"outcome\":\"error\"", "\"outcome\":\"pass\" ");
    let differs = verify("shared/a.jsonl");
    assert_eq!((differs.status, differs.stderr.as_str()), (Some(1), ""), "{}", differs.stdout);
    let lines: Vec<String> = differs.stdout.lines().map(without_digests).collect();
    let expected = [
        "changed    report   shared/a.jsonl: was #, is #",
        "changed    script   bench.rhai: was #, is #",
        "same       library  std/file",
        "changed    module   lib/board.rhai: was #, is #",
        "missing    data     offset.txt: was #: not found",
        "changed    station  station.toml: was #, is #",
        "changed    limit    limits.supply.max: was 3.4, is 3.5",
        "changed    folder   firmware of Bench: was #, is #: `lib/b.py` removed, `main.py` changed, `lib/c.py` added",
        "same       folder   shared of Bench",
        "changed    program  [DIR]/program: was #, is #: version 0.1.0",
        "10 items checked: 8 differ",
    ];
    assert_eq!(lines, expected);

    // The same in JSON, of the report in JSON, which has no seal.
    let json = verify("a.json --json");
    let json: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!((&json["agrees"], &json["items"][0]["state"]), (&json!(false), &json!("unchecked")));
    let module = [("state", "changed"), ("kind", "module"), ("then", &sha256(MODULE))];
    assert!(module.iter().all(|(key, value)| json["items"][3][key] == *value), "{json}");

    // A log that was cut has no seal; a recorded folder that is gone is replaced by another one.
    let text = fs::read_to_string(file("shared/a.jsonl")).unwrap();
    fs::write(file("cut.jsonl"), text.lines().take(3).map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    let cut = verify("cut.jsonl --folder nowhere");
    assert!(
        cut.stdout.starts_with("unsealed   report   cut.jsonl: the run was killed or still runs"),
        "{}",
        cut.stdout
    );
    assert!(cut.stdout.contains("missing    script   bench.rhai: was "), "{}", cut.stdout);
    let neither = verify("bench.rhai");
    assert_eq!(neither.status, Some(2));
    assert!(neither.stderr.starts_with("error: `bench.rhai` is neither a log nor a report\n"), "{}", neither.stderr);
}

/// A line in which each shortened digest is `#`.
fn without_digests(line: &str) -> String {
    let is_digest =
        |word: &str| word.trim_end_matches([',', ':']).strip_suffix('…').is_some_and(|word| word.len() == 16);
    let shown =
        |word: &str| if is_digest(word) { format!("#{}", word.split_once('…').unwrap().1) } else { word.to_owned() };
    line.split(' ').map(shown).collect::<Vec<_>>().join(" ")
}

#[test]
fn two_devices_of_one_board_are_an_error() {
    // Another MicroPython with an id: `machine` of boards has one.
    let board = |id: &str| {
        let code =
            format!("class Machine:\n    def unique_id(): return {id}\nimport sys; sys.modules['machine'] = Machine");
        format!("#{{ startup: {code:?}, name: {id:?} }}")
    };
    let (port, one, other, blank) = (
        format!("exec:{} -i", interpreter::command()),
        board("b'\\x12\\x34'"),
        board("b'\\x12\\x35'"),
        board("b'\\x00'"),
    );
    let script = format!(
        "let port = {port:?};
let a = Device.open(port, {one});
// Other boards, without an id, with one that means nothing, and simulated, may be open beside it.
let others = [Device.open(port, {other}), Device.open(port), Device.open(port, {blank}), Device.open(\"sim\")];
others.push(Device.open(port, {blank}));
try {{ Device.open(port, {one}); }} catch (error) {{ print(error.kind); print(error.message); }}
a.close();
Device.open(port, {one});
print(\"opened\");
"
    );
    let ran = Program::new().file("a.rhai", script.as_bytes()).args(["run", "a.rhai", "--allow", "process"]).outcome();
    let said =
        "ConnectionFailedError\nthe board is already open as `b'\\x12\\x34'`: both report the unique id 1234\nopened\n";
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str(), ran.status), (said, "", Some(0)));
}

#[test]
fn files_that_fail_fast_leaves_out_are_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("test_a.rhai"), "test \"fails\" { measure(\"x\", 2, #{ max: 1 }); }\n").unwrap();
    fs::write(folder.join("test_b.rhai"), "print(\"started\");\ntest \"one\" { }\ngroup \"g\" { test \"two\" { } }\n")
        .unwrap();
    let args = ["test", "test_a.rhai", "test_b.rhai", "--fail-fast", "--json", "a.json"];
    let ran = Program::new().args(args).outcome_in(folder);
    assert_eq!(ran.status, Some(1), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.ends_with("1 test: 1 failed\n2 tests not reached\n"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("started"), "{}", ran.stdout);
    let report: Value = serde_json::from_str(&fs::read_to_string(folder.join("a.json")).unwrap()).unwrap();
    let left = &report["runs"][1];
    assert_eq!((&report["outcome"], &left["outcome"]), (&json!("fail"), &json!("skip")));
    let missed = |name: &str, group: Value, line: u32| {
        let reason = "another file did not pass, with --fail-fast";
        json!({ "name": name, "group": group, "file": "test_b.rhai", "line": line, "reason": reason })
    };
    assert_eq!(left["not_reached"], json!([missed("one", json!([]), 2), missed("two", json!(["g"]), 3)]));
}
