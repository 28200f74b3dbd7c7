//! The standard modules: those of the host in one script, those of devices on one simulated board, once with their bodies
//! for MicroPython and once with those for CircuitPython, whose modules `tests/data/stdlib/circuitpython.py` simulates.
//!
//! About half a second of processor time in all.

use crate::support::command::Program;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn data(name: &str) -> String {
    fs::read_to_string(folder("tests/data/stdlib").join(name)).expect("a file of tests/data/stdlib")
}

/// The texts of the standard modules by their names.
fn modules() -> BTreeMap<String, String> {
    let entries = fs::read_dir(folder("stdlib")).expect("the modules").map(|entry| entry.expect("an entry").path());
    let name = |path: &Path| path.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
    entries.map(|path| (name(&path), fs::read_to_string(&path).expect("text"))).collect()
}

/// What a script with these tests prints when all pass.
fn all_pass(script: &str) -> String {
    let names: Vec<&str> = script.lines().filter_map(|line| line.strip_prefix("test \"")?.split('"').next()).collect();
    let lines: String = names.iter().map(|name| format!("test {name} ... pass\n")).collect();
    format!("{lines}{} tests: {} passed\n", names.len(), names.len())
}

#[test]
fn modules_of_the_host() {
    let script = data("host.rhai");
    Program::new()
        .file("scripts/host.rhai", script.as_bytes())
        .file("scripts/beside.txt", b"beside the script\n")
        .args(["run", "--allow", "process", "scripts/host.rhai"])
        .stdout(&all_pass(&script))
        .status(0);
}

/// Ends the summary of a run on a simulated board.
const SIMULATED: &str = "simulated: Bench – not a verdict on hardware\n";

#[test]
fn modules_of_devices_on_micropython() {
    let script = data("devices.rhai");
    Program::new()
        .file("devices.rhai", script.as_bytes())
        .args(["run", "devices.rhai", "--port", "sim"])
        .stdout(&(all_pass(&script) + SIMULATED))
        .status(0);
}

#[test]
fn modules_of_devices_on_circuitpython() {
    // The simulated board says that it is MicroPython: the bodies change places.
    let script = data("devices.rhai").replace("import \"std/", "import \"circuit/");
    let mut program = Program::new()
        .file("devices.rhai", script.as_bytes())
        .file("circuitpython.py", data("circuitpython.py").as_bytes())
        .args(["run", "devices.rhai", "--port", "sim", "--", "circuitpython"])
        .stdout(&(all_pass(&script) + SIMULATED));
    for (name, text) in modules() {
        let text = text.replace("import \"std/", "import \"").replace("for \"micropython\"", "for \"none\"");
        let text = text.replace("for \"circuitpython\"", "for \"micropython\"");
        program = program.file(&format!("circuit/{name}"), text.as_bytes());
    }
    program.status(0);
}

#[test]
fn every_body_compiles_and_everything_is_documented() {
    let modules = modules();
    let names: Vec<&str> = modules.keys().map(String::as_str).collect();
    let checked = Program::new().args(std::iter::once("check").chain(names.iter().copied()));
    let outcome = checked.outcome_in(&folder("stdlib"));
    assert_eq!((outcome.stderr.as_str(), outcome.status), ("", Some(0)));
    for (name, text) in &modules {
        assert!(text.starts_with("//! "), "{name} has no comment at its head");
        let lines: Vec<&str> = text.lines().collect();
        for (index, line) in lines.iter().enumerate().filter(|(_, line)| line.starts_with("fn ")) {
            assert!(lines[index - 1].starts_with("/// "), "{name}: {line}");
        }
    }
}

#[test]
fn programs_start_only_where_that_is_allowed() {
    Program::new()
        .script("a.rhai", "import \"std/process\" as process;\nprocess::run([\"echo\", \"hello\"]);")
        .args(["run", "a.rhai"])
        .stderr(
            "
            error: scripts may not start `echo`
              --> a.rhai:2:10
               |
             2 | process::run([\"echo\", \"hello\"]);
               |          ^^^
              help: allow it with `--allow process=echo`, or all programs with `--allow process`
            ",
        )
        .status(1);
}

#[test]
fn files_elsewhere_are_used_only_where_that_is_allowed() {
    let elsewhere = tempfile::tempdir().expect("a folder");
    let path = elsewhere.path().join("a.txt");
    let script = format!("write_file({path:?}, \"x\"); print(read_file({path:?}));");
    let outcome = Program::new().script("a.rhai", &script).args(["run", "a.rhai"]).outcome();
    assert_eq!((outcome.status, path.exists()), (Some(1), false));
    let help = format!("help: allow it with `--allow files={}`", elsewhere.path().display());
    assert!(outcome.stderr.contains(&help), "{}", outcome.stderr);
    let allowed = Program::new().script("a.rhai", &script).args(["run", "--allow", "process,files", "a.rhai"]);
    allowed.stdout("x\n").status(0);
    Program::new().args(["repl", "--allow", "files"]).stdin(&script).stdout("x\n").status(0);
}

#[test]
fn ctrl_c_ends_a_program_of_the_script() {
    let running = Program::new()
        .script(
            "a.rhai",
            r#"
            import "std/file" as file;
            import "std/process" as process;
            parallel([
                || process::run(["sh", "-c", "echo $$ > new; mv new pid; sleep 1000"]),
                || {
                    while !file::exists("pid") { sleep(0.01); }
                    print("begun");
                },
            ]);
            "#,
        )
        .args(["run", "--allow", "process", "a.rhai"])
        .start();
    running.said("begun");
    let pid = fs::read_to_string(running.folder().join("pid")).expect("a number");
    running.interrupt();
    assert_eq!(running.finish().1.status, Some(130));
    assert!(!Path::new("/proc").join(pid.trim()).exists(), "the program still runs");
}
