//! Stations: names of boards, constants and limits in scripts, `select`.

use crate::support::command::Program;
use std::fs;

const STATION: &str = r#"# The bench by the window.
name = "bench 3"

[boards.dut]
port = "/dev/ttyGONE"  # blue

[boards.load]
simulate = true

[constants]
shunt = 0.1

[limits]
supply = { unit = "V", min = 3.2, max = 3.4 }
"#;

fn program() -> Program {
    Program::new().file("lab/station.toml", STATION.as_bytes())
}

#[test]
fn scripts_open_boards_by_name_and_use_constants_and_limits() {
    let script = r#"
device Bench { task hello() `print("hello")` }
let boards = station.boards.map(|name| Bench.open(name));
for board in boards { board.hello(); }
fn shunt() { station.constants.shunt }
print(shunt() * 2);
measure("supply", 3.3, station.limits.supply);
print(`${station} ${station.limits.keys()} ${station.limits.contains("x")}`);
try { station.limits.suply } catch (e) { print(e.message + ": " + e.help) }
"#;
    let expected = "[dut] hello\n[load] hello\n0.2\nsupply  3.3 V  [3.2 … 3.4]  pass\nbench 3 [\"supply\"] false\n\
                    `lab/station.toml` has no limit `suply`: did you mean `supply`?\n\
                    simulated: dut, load – not a verdict on hardware\n";
    program().script("lab/a.rhai", script).args(["run", "lab/a.rhai", "--simulate"]).stdout(expected).status(0);
}

#[test]
fn a_check_sees_the_constants_of_the_station() {
    let script = "device D { task t(x = station.constants.shunt) `return x` }\nprint(D.open().t());\n";
    let checked = program().script("lab/a.rhai", script).args(["check", "lab/a.rhai"]);
    checked.stdout("lab/a.rhai: ok (1 class, 1 item)\n").status(0);
    program().script("lab/a.rhai", script).args(["run", "lab/a.rhai", "-p", "load"]).stdout("0.1\n").status(0);
}

#[test]
fn a_check_finds_names_that_the_file_lacks() {
    let script = "Device.open(\"dtu\");\nprint(station.limits.supplly);\n";
    let shown = "
        error: `lab/station.toml` has no board `dtu`
          --> a.rhai:1:13
           |
         1 | Device.open(\"dtu\");
           |             ^
          help: did you mean `dut`?
        error: `lab/station.toml` has no limit `supplly`
          --> a.rhai:2:22
           |
         2 | print(station.limits.supplly);
           |                      ^^^^^^^
          help: did you mean `supply`?
        ";
    for command in ["check", "run"] {
        let args = [command, "a.rhai", "--station", "lab/station.toml"];
        program().script("a.rhai", script).args(args).stderr(shown).status(2);
    }
    // Without a file nothing is known of it.
    program().script("a.rhai", script).args(["check", "a.rhai"]).stdout("a.rhai: ok (0 classes, 0 items)\n").status(0);
}

#[test]
fn every_command_knows_the_names() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("station.toml"), STATION).unwrap();
    let outcome = |args: &[&str]| Program::new().args(args.iter().copied()).outcome_in(folder.path());
    let load = outcome(&["eval", "-p", "load", "1 + 1"]);
    assert_eq!((load.status, &*load.stdout), (Some(0), "2\n"), "{}", load.stderr);
    let gone = outcome(&["eval", "-p", "dut", "1 + 1"]);
    assert_eq!(gone.status, Some(3));
    assert!(gone.stderr.starts_with("error: `dut`: unknown serial port `/dev/ttyGONE`\n"), "{}", gone.stderr);
    // `--port` is not for a board that a script names.
    fs::write(folder.path().join("a.rhai"), "Device.open(\"dut\");").unwrap();
    let named = outcome(&["run", "a.rhai", "-p", "sim"]);
    let help = "help: plug it in, or use `--simulate` to replace the station's boards with simulated ones; `--port` does not\n";
    assert!(named.stderr.ends_with(help) && named.status == Some(3), "{named:?}");
    let simulated = outcome(&["run", "a.rhai", "--simulate"]);
    assert_eq!((simulated.status, simulated.stderr.as_str()), (Some(0), ""));
    let slip = outcome(&["eval", "-p", "duut", "1 + 1"]);
    let expected = "error: unknown port `duut`\n  help: did you mean `dut` of the station?\n";
    assert_eq!(slip.stderr, expected);
    let missing = outcome(&["eval", "--station", "gone.toml", "1"]);
    assert_eq!((missing.status, missing.stderr.contains("file not found: `gone.toml`")), (Some(2), true));
}

#[test]
fn a_mistake_in_the_file_is_shown() {
    Program::new()
        .file("station.toml", STATION.replace("simulate", "simulated").as_bytes())
        .args(["eval", "-p", "sim", "1"])
        .stderr(
            "
            error: unknown key `simulated` in a board
              --> station.toml:8:1
               |
             8 | simulated = true
               | ^^^^^^^^^
              help: did you mean `simulate`?
            ",
        )
        .status(2);
    Program::new()
        .script("a.rhai", "print(station.name);")
        .args(["run", "a.rhai"])
        .stderr(
            "
            error: no station file found
              --> a.rhai:1:7
               |
             1 | print(station.name);
               |       ^^^^^^^
              help: write a `station.toml` beside the script, or name one with `--station FILE`
            ",
        )
        .status(1);
}

/// One of those in `at_limits.rs`.
pub fn select_writes_an_entry_and_keeps_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("station.toml");
    fs::write(&file, STATION).unwrap();
    let select = |args: &[&str]| {
        let all = ["select", "-p", "sim"].iter().chain(args).copied();
        Program::new().args(all).outcome_in(folder.path())
    };
    let dut = select(&["dut"]);
    assert_eq!((dut.status, &*dut.stderr), (Some(0), ""));
    let lines: Vec<&str> = dut.stdout.lines().collect();
    assert!(
        lines[0].starts_with("sim: micropython 1.") && lines[0].ends_with("on linux; its LED has blinked"),
        "{lines:?}"
    );
    assert_eq!(lines[1], "`dut` has a new port in station.toml: use it as `--port dut`, or `Bench.open(\"dut\")`");
    assert_eq!(fs::read_to_string(&file).unwrap(), STATION.replace("/dev/ttyGONE", "sim"));
    let names: Vec<String> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(names, ["station.toml"]);

    let nameless = select(&[]);
    assert_eq!(nameless.status, Some(4));
    assert!(nameless.stderr.ends_with("help: run `belay-script select NAME`\n"), "{}", nameless.stderr);
    let given = select(&["--answer", "name=meter"]);
    assert_eq!(given.status, Some(0), "{}", given.stderr);
    assert!(fs::read_to_string(&file).unwrap().contains("\n[boards.meter]\nport = \"sim\"\n"));
    let refused = select(&["sim"]);
    assert_eq!((refused.status, refused.stderr.starts_with("error: invalid board name `sim`")), (Some(2), true));
    fs::write(&file, "[boards]\nx = 1\n").unwrap();
    assert_eq!(select(&["dut"]).status, Some(2));
    assert_eq!(fs::read_to_string(&file).unwrap(), "[boards]\nx = 1\n");
}

/// No board is plugged in: waiting must still end.
#[test]
fn select_waits_only_until_its_timeout() {
    let outcome = Program::new().args(["select", "dut", "--timeout", "0.1"]).outcome();
    assert_eq!(outcome.status, Some(1));
    let expected = "plug in the board; if it is already plugged in, unplug it first\n\
                    error: no board was plugged in within `--timeout`\n";
    assert!(outcome.stderr.starts_with(expected), "{}", outcome.stderr);
}

/// The names in a folder in order, with every digit as `0`.
fn kept(folder: &std::path::Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder of reports").map(|entry| entry.expect("an entry").file_name());
    let digits = |letter: char| if letter.is_ascii_digit() { '0' } else { letter };
    let mut names: Vec<String> = entries.map(|name| name.to_string_lossy().chars().map(digits).collect()).collect();
    names.sort();
    names
}

#[test]
fn runs_leave_reports_in_the_folder_of_the_station() {
    let folder = tempfile::tempdir().unwrap();
    let station = format!("reports = \"out/of runs\"\n{}", STATION.split_once('\n').unwrap().1);
    let lab = folder.path().join("lab");
    fs::create_dir(&lab).unwrap();
    fs::write(lab.join("station.toml"), station).unwrap();
    fs::write(
        lab.join("a.rhai"),
        r#"
let board = Device.open("dut");
import "std/file" as file;
file::write(station.reports + "/notes.txt", "mine");
every(0.001, 3, || 1);
unit("SN/1");
test "t" { measure("supply", 3.3, station.limits.supply) }
"#,
    )
    .unwrap();
    let outcome = |args: &[&str]| Program::new().args(args.iter().copied()).outcome_in(folder.path());
    let none = outcome(&["run", "lab/a.rhai", "--simulate", "--no-reports"]);
    assert_eq!((none.status, &*none.stderr), (Some(0), ""), "{}", none.stdout);
    let reports = lab.join("out/of runs");
    assert_eq!(kept(&reports), ["notes.txt"]);
    let asked = outcome(&["run", "lab/a.rhai", "--simulate", "--json", "here.json"]);
    assert_eq!((asked.status, &*asked.stderr), (Some(0), ""));
    assert_eq!(kept(&reports), ["notes.txt"]);
    let json: serde_json::Value = serde_json::from_slice(&fs::read(folder.path().join("here.json")).unwrap()).unwrap();
    let schedule = &json["schedules"][0];
    assert_eq!((schedule["file"].as_str(), schedule["line"].as_u64()), (Some("lab/a.rhai"), Some(5)));
    assert_eq!(schedule["calls"].as_u64().unwrap() + schedule["skipped"].as_u64().unwrap(), 3);
    // The simulated board's name, as its bytes.
    assert!(json["boards"][0]["unique_id"].as_str().is_some_and(|id| !id.is_empty()), "{}", json["boards"][0]);

    let run = outcome(&["run", "lab/a.rhai", "--simulate"]);
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    assert!(
        run.stderr.starts_with("report: lab/out/of runs/a-") && run.stderr.ends_with("Z-SN_1-simulated.html\n"),
        "{}",
        run.stderr
    );
    // `--unit` is the former name of `--serial`.
    let tested = outcome(&["test", "lab/a.rhai", "lab/a.rhai", "--simulate", "--unit", "7"]);
    assert_eq!(tested.status, Some(0), "{}", tested.stderr);
    let names = ["a-00000000T000000Z-SN_0-simulated", "a-00000000T000000Z-SN_0-simulated"];
    let mut expected: Vec<String> =
        names.iter().zip([".html", ".jsonl"]).map(|(name, end)| format!("{name}{end}")).collect();
    let all = kept(&reports);
    expected.push("notes.txt".to_owned());
    assert!(all.len() == 5 && expected.iter().all(|name| all.contains(name)), "{all:?}");
    let record = fs::read_dir(&reports).unwrap().map(|entry| entry.unwrap().path());
    let record = record.into_iter().find(|path| path.extension().is_some_and(|end| end == "jsonl")).unwrap();
    let report = outcome(&["report", record.to_str().unwrap()]);
    assert!(report.status == Some(0) && report.stdout.contains("1 test: 1 passed\n"), "{}", report.stdout);
    assert!(report.stdout.contains("every 0.001 s (lab/a.rhai:5): "), "{}", report.stdout);

    fs::remove_dir_all(&reports).unwrap();
    fs::write(&reports, "a file").unwrap();
    let refused = outcome(&["run", "lab/a.rhai", "--simulate"]);
    assert_eq!(refused.status, Some(2));
    assert!(
        refused.stderr.starts_with("error: the report `lab/out/of runs` cannot be written: "),
        "{}",
        refused.stderr
    );
}
