//! Mistakes by which a wrong unit could pass: the table in `docs/src/safe-verdicts.md`, each made with the program.

use crate::support::command::Program;
use crate::support::interpreter;
use crate::support::terminal::Person;
use serde_json::Value;
use std::collections::HashMap;
use std::fs;

const PAGE: &str = include_str!("../../docs/src/safe-verdicts.md");

/// What would be measured of a wrong unit: 9.9 V, where 3.2 V to 3.4 V is right.
const STATION: &str = "[limits]\nsupply = { unit = \"V\", min = 3.2, max = 3.4 }\n";

/// Mistakes that are made in a script: the mistake, the script, the outcome in the report.
const SCRIPTS: &[(&str, &str, &str)] = &[
    (
        "the name of a station's limit is misspelt",
        r#"test "supply" { measure("supply", 9.9, station.limits.suply); }"#,
        "error",
    ),
    ("the name of an option is misspelt", r#"test "supply" { measure("supply", 9.9, #{ mx: 3.4 }); }"#, "error"),
    (
        "the limit has another type than the value",
        r#"test "supply" { measure("supply", "9.9", #{ max: 3.4 }); }"#,
        "fail",
    ),
    ("the value is nan", r#"test "supply" { measure("supply", 0.0 / 0.0, #{ max: 3.4 }); }"#, "fail"),
    ("the value is missing", r#"test "supply" { measure("supply", (), #{ max: 3.4 }); }"#, "fail"),
    (
        "the value is infinite, with a limit on the other side",
        r#"test "supply" { measure("supply", 1.0 / 0.0, #{ min: 3.2 }); }"#,
        "fail",
    ),
    ("the array is empty", r#"test "ripple" { measure("ripple", [], #{ all: #{ max: 1 } }); }"#, "fail"),
    (
        "minimum and maximum are swapped",
        r#"let low = 3.4; let high = 3.2; test "supply" { measure("supply", 9.9, #{ min: low, max: high }); }"#,
        "error",
    ),
    (
        "the value is in another unit than its limits",
        r#"test "supply" { measure("supply", 3.3, station.limits.supply, #{ unit: "A" }); }"#,
        "error",
    ),
    ("the unit is misspelt", r#"test "supply" { measure("supply", 3.3, #{ unit: "volts", max: 3.4 }); }"#, "error"),
    (
        "the limits are those of another variant of the unit",
        r#"unit("SN-1", #{ variant: "C" });
           test "supply" { measure("supply", 9.9, #{ variants: #{ A: #{ max: 3.4 } } }); }"#,
        "error",
    ),
    (
        "a check returns something other than a bool",
        r#"test "supply" { measure("supply", 9.9, #{ check: #{ "is even": |volts| 1 } }); }"#,
        "error",
    ),
    (
        "a limit is computed by an integer division",
        r#"test "gain" { let limit = 10 / 4; measure("gain", 2.2, #{ min: limit }); }"#,
        "pass",
    ),
    (
        "a later measurement of the same name hides a failed one",
        r#"test "supply" { measure("supply", 9.9, #{ max: 3.4 }); measure("supply", 3.3, #{ max: 3.4 }); }"#,
        "error",
    ),
    (
        "a failed measurement is inside a `try`",
        r#"test "supply" { try { measure("supply", 9.9, #{ max: 3.4, must: true }); } catch { } }"#,
        "fail",
    ),
    (
        "a test skips itself after a failed measurement",
        r#"test "supply" { measure("supply", 9.9, #{ max: 3.4 }); skip("later"); }"#,
        "fail",
    ),
    (
        "a name in `needs` is misspelt, which would always skip the test",
        r#"test "supply" { } test "load" needs "suply" { measure("load", 9.9, #{ max: 3.4 }); }"#,
        "error",
    ),
    (
        "two tests have one name",
        r#"test "supply" { measure("supply", 9.9, #{ max: 3.4 }); } test "supply" { measure("supply", 3.3); }"#,
        "error",
    ),
    ("`exit` is called within a test", r#"test "supply" { exit(0); measure("supply", 9.9, #{ max: 3.4 }); }"#, "error"),
    (
        "`exit` is called before the last test",
        "test \"link\" { }\nexit(0);\ntest \"supply\" { measure(\"supply\", 9.9, #{ max: 3.4 }); }",
        "error",
    ),
    (
        "a table of parameters has no rows",
        r#"let rows = []; test "supply" for row in rows { measure("supply", 9.9, #{ max: 3.4 }); }"#,
        "error",
    ),
    (
        "a test before a checkpoint failed",
        r#"test "power" { throw "no power"; } checkpoint("powered"); test "supply" { measure("supply", 3.3); }"#,
        "fail",
    ),
    (
        "a retry hides a failure",
        r#"let n = 0;
           test "supply" retry = 2 { n += 1; measure("supply", if n == 1 { 9.9 } else { 3.3 }, #{ max: 3.4 }); }"#,
        "pass",
    ),
    (
        "a teardown fails after the test has passed",
        r#"teardown_each { throw "the load is still on"; } test "supply" { measure("supply", 3.3); }"#,
        "fail",
    ),
    (
        "a branch leaves out the measurement of a test that declares it",
        r#"test "supply" measures = "supply" { if 1 > 2 { measure("supply", 9.9, #{ max: 3.4 }); } }"#,
        "fail",
    ),
    ("all tests of a script are skipped", r#"test "supply" skip_if = true { throw "9.9 V"; }"#, "error"),
    ("a script tests and measures nothing", r#"print("9.9 V");"#, "error"),
    (
        "a simulated board is taken for a real one",
        r#"let b = Device.open("sim"); test "supply" { measure("supply", b.exec("3.3"), #{ max: 3.4 }); }"#,
        "pass",
    ),
    (
        "`--answer` answers in place of the operator",
        r#"test "light" { measure("light", confirm("Is the LED on?"), #{ equals: true }); }"#,
        "pass",
    ),
    (
        "the picture of an instruction is missing",
        r#"test "light" { instruct("Look at the LED", "led.png"); }"#,
        "error",
    ),
    ("an attachment is missing", r#"test "log" { attach("log", "gone.txt"); }"#, "fail"),
];

/// The rows of the page: the mistake and the message.
fn rows() -> Vec<(String, String)> {
    let rows = PAGE.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    let cells = rows.map(|row| row.split(" | ").map(str::trim).collect::<Vec<_>>());
    let rows = cells.filter(|cells| cells[0] != "mistake");
    let plain = |quoted: &str| {
        quoted
            .trim_matches('`')
            .strip_suffix("` ")
            .map_or_else(|| quoted.trim_matches('`').trim().to_owned(), |inner| format!("{inner}`"))
    };
    rows.map(|cells| (cells[0].to_owned(), plain(cells[2]))).collect()
}

/// Whether the program says what the page says it does.
#[derive(Default)]
struct Shown(HashMap<String, String>);

impl Shown {
    fn by(&mut self, mistake: &str, said: impl Into<String>) {
        assert!(self.0.insert(mistake.to_owned(), said.into()).is_none(), "{mistake}: made twice");
    }

    /// Each row was tried, and nothing else.
    fn agrees(mut self) {
        for (mistake, message) in rows() {
            let said = self.0.remove(&mistake).unwrap_or_else(|| panic!("`{mistake}` was not tried"));
            assert!(said.contains(&message), "{mistake}: {message:?} is not in:\n{said}");
        }
        assert!(self.0.is_empty(), "not on the page: {:?}", self.0.keys());
    }
}

/// What a run of `test` says about one of its scripts: its report, on one line, and what was printed for it.
fn in_scripts(shown: &mut Shown) {
    let mut program = Program::new()
        .file("w/station.toml", STATION.as_bytes())
        .file("x/station.toml", b"[boards.dut]\nport = \"exec:micropython\"\n")
        .file("x/station_test.rhai", b"let b = Device.open(\"dut\"); test \"supply\" { measure(\"supply\", 3.3); }");
    for (number, (_, script, _)) in SCRIPTS.iter().enumerate() {
        program = program.file(&format!("w/{number:02}_test.rhai"), script.as_bytes());
    }
    let folder = tempfile::tempdir().unwrap();
    let args = ["test", "w", "x", "--json", "report.json", "--answer", "Is the LED on?=yes"];
    let outcome = program.args(args).start_in(folder.path()).finish().1;
    // The worst of all is that a script is wrong.
    assert_eq!(outcome.status, Some(2), "{}", outcome.stderr);
    let report = fs::read_to_string(folder.path().join("report.json")).unwrap();
    let report: Value = serde_json::from_str(&report).unwrap();
    let runs = report["runs"].as_array().unwrap();
    assert_eq!(runs.len(), SCRIPTS.len() + 1);
    for ((mistake, _, wanted), run) in SCRIPTS.iter().zip(runs) {
        assert_eq!(run["outcome"], *wanted, "{mistake}: {run:#}");
        // The reports say it, except for what is about all runs.
        let text = run.to_string().replace("\\\"", "\"");
        let of_all = match *mistake {
            "a simulated board is taken for a real one" => {
                assert_eq!(run["simulated"], true);
                outcome.stdout.clone()
            }
            "`exit` is called before the last test" => {
                assert_eq!(run["not_reached"][0]["name"], "supply");
                format!("{}{}", outcome.stdout, outcome.stderr)
            }
            "a retry hides a failure" => {
                assert_eq!(run["tests"][0]["attempts"][0]["outcome"], "fail");
                String::new()
            }
            _ => String::new(),
        };
        shown.by(mistake, format!("{text}\n{of_all}"));
    }
    shown.by("the station file comes from someone else", runs[SCRIPTS.len()].to_string());
}

fn by_options(shown: &mut Shown) {
    let folder = tempfile::tempdir().unwrap();
    let script = br#"test "supply" { measure("supply", 9.9, #{ max: 3.4 }); }"#;
    let program = || Program::new().file("a_test.rhai", script);
    let run = |program: Program| program.start_in(folder.path()).finish().1;
    let none = run(program().args(["test", "-k", "suply"]));
    assert_eq!(none.status, Some(5));
    shown.by("-k leaves out all tests", none.stderr);

    assert_eq!(run(program().args(["keygen", "bench", "--no-password"])).status, Some(0));
    let reports = ["--jsonl", "log.jsonl", "--html", "page.html", "--sign", "bench.key"];
    let failed = run(program().args(["test"]).args(reports));
    assert_eq!(failed.status, Some(1), "{}", failed.stderr);
    let log = folder.path().join("log.jsonl");
    let edited = fs::read_to_string(&log).unwrap().replace("9.9", "3.3").replace("fail", "pass");
    fs::write(&log, edited).unwrap();
    let verified = run(program().args(["verify", "log.jsonl"]));
    assert_eq!(verified.status, Some(1));
    shown.by("a record is edited", verified.stdout);
    let page = folder.path().join("page.html");
    fs::write(&page, fs::read_to_string(&page).unwrap().replace("9.9", "3.3")).unwrap();
    let verified = run(program().args(["verify", "page.html", "--key", "bench.pub"]));
    assert_eq!(verified.status, Some(1));
    shown.by("a signed report is edited", verified.stdout);

    // MicroPython as a process, with the id of a board.
    let port = format!("exec:{} -i", interpreter::command());
    let station = format!("[boards.left]\nport = {port:?}\n[boards.right]\nport = {port:?}\n");
    let startup = "class Machine:\n    def unique_id(): return b'12'\nimport sys; sys.modules['machine'] = Machine";
    let script = format!(
        "let options = #{{ startup: {startup:?} }};\nlet left = Device.open(\"left\", options);\n\
         let right = Device.open(\"right\", options);\ntest \"both\" {{ measure(\"sum\", 6.6); }}"
    );
    let both = Program::new().file("b/b_test.rhai", script.as_bytes()).file("b/station.toml", station.as_bytes());
    let both = run(both.args(["test", "b", "--station", "b/station.toml"]));
    assert_eq!(both.status, Some(3), "{}", both.stderr);
    shown.by("two names of the station lead to one board", both.stderr);
}

fn in_watch_mode(shown: &mut Shown) {
    let folder = tempfile::tempdir().unwrap();
    // As editors write.
    let write = |name: &str, text: &str| {
        let beside = folder.path().join("beside");
        fs::write(&beside, text).unwrap();
        fs::rename(beside, folder.path().join(name)).unwrap();
    };
    fs::create_dir(folder.path().join("firmware")).unwrap();
    write("firmware/values.py", "VALUE = 1\n");
    write("station.toml", "[limits]\nsupply = { max = 5 }\n");
    let script = r#"
        let b = Device.open();
        b.sync("firmware", #{ progress: false });
        print(`value ${b.exec("__import__('values').VALUE")}`);
        measure("supply", 4, station.limits.supply);
    "#;
    write("a.rhai", script);
    let mut person = Person::start_session(folder.path(), &["run", "a.rhai", "-p", "sim", "--watch"], &[]);
    person.sees("value 1\r\nsupply  4  [≤ 5]  pass\r\n");
    person.sees("-- waiting");
    let mut after = |name: &str, text: &str| {
        write(name, text);
        person.sees(&format!("-- changed: {name}\r\n"));
        String::from_utf8_lossy(&person.until("-- waiting")).into_owned()
    };
    let module = after("firmware/values.py", "VALUE = 22\n");
    let limit = after("station.toml", "[limits]\nsupply = { max = 3 }\n");
    shown.by("a module on the board has changed and is not loaded again", module);
    shown.by("a limit of the station has changed in watch mode", limit);
    person.types(b"\x03");
    assert_eq!(person.ends(), Some(130));
}

#[test]
fn mistakes_do_not_pass_unseen() {
    let mut shown = Shown::default();
    in_scripts(&mut shown);
    by_options(&mut shown);
    in_watch_mode(&mut shown);
    assert!(shown.0.len() > 20);
    shown.agrees();
}
