//! The program itself: how soon it starts, how soon a long script makes its first call, and how much memory it takes.
//!
//! The floor of a run is the start of its board, to which a client says nothing but one call.

use super::floor::Floor;
use super::measure::{Extent, Figure, Side};
use super::places::{Link, Place};
use super::results::Row;
use belay_script::port::meter::Traffic;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Lines of the long script.
const LINES: usize = 1000;

fn program() -> Option<Command> {
    let mut command = Command::new(option_env!("CARGO_BIN_EXE_belay-script")?);
    for name in ["BELAY_DEVICE", "BELAY_SCRIPT_MICROPYTHON"] {
        command.env_remove(name);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    Some(command)
}

/// A script that declares a device and functions, and makes its first call on the first line after them.
fn script(lines: usize) -> String {
    let mut text = "device Bench {\n    task same(x) `return x`\n}\n".to_owned();
    let mut count = 3;
    while count + 8 < lines {
        text.push_str(&format!(
            "/// Whether the reading `v` of channel {count} is near its nominal value.\nfn near_{count}(v) {{\n    let nominal = {count}.5;\n    \
             if v > nominal * 1.05 || v < nominal * 0.95 {{\n        return false;\n    }}\n    true\n}}\n"
        ));
        count += 8;
    }
    text.push_str("let b = Bench.open(\"sim\");\nprint(b.same(5));\nsleep(60);\n");
    text
}

fn run(folder: &Path, script: &str) -> Child {
    let mut command = program().expect("the program");
    let file = folder.join("bench.rhai");
    std::fs::write(&file, script).expect("a script");
    command.arg("run").arg(file).spawn().expect("the program starts")
}

/// Waits for the first line.
fn first_line(child: &mut Child) {
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().expect("a pipe")).read_line(&mut line).expect("a line");
    assert_eq!(line, "5\n");
}

/// Starts the program and prints the most memory that it had, in kilobytes: resident, its libraries included.
const PEAK: &str = "import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)";

/// The most memory of a run with all reports, in bytes; `None` without Python.
fn peak(folder: &Path, script: &str) -> Option<u64> {
    let file = folder.join("bench.rhai");
    std::fs::write(&file, script).expect("a script");
    let program = program().expect("the program");
    let mut command = Command::new("python3");
    command.args(["-c", PEAK]).arg(program.get_program()).arg("run").arg(&file).current_dir(folder);
    command.args(["--jsonl", "o.jsonl", "--json", "o.json", "--html", "o.html", "--junit", "o.xml"]);
    let output = command.output().ok().filter(|output| output.status.success())?;
    String::from_utf8_lossy(&output.stdout).trim().parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

/// The figures.
///
/// # Errors
/// If the program is not built: without the feature `cli`.
pub fn rows(extent: Extent) -> Result<Vec<Row>, String> {
    program().ok_or("the program is not built")?;
    let folder = tempfile::tempdir().expect("a scratch folder");
    let none = || None;
    let nothing = Traffic::default;
    let place = Place::new(Link::Sim)?;
    let figure = |what: &str, work: &mut dyn FnMut(), floor: Option<&mut dyn FnMut()>| {
        let side = |work| Side { work, traffic: &nothing, instructions: &none };
        Figure {
            what: what.to_owned(),
            ours: side(Box::new(|times| (0..times).for_each(|_| work()))),
            raw: floor.map(|floor| side(Box::new(|times| (0..times).for_each(|_| floor())))),
            resident: None,
            most: 2,
            each: 1,
        }
        .measure(extent)
    };
    let mut version = || {
        let mut command = program().expect("the program");
        assert!(command.arg("--version").output().expect("the program starts").status.success());
    };
    let mut nothing_done = || assert!(Command::new("true").status().expect("a process").success());
    let mut floor = || {
        let mut floor = Floor::open(&place);
        floor.run("def same(x):\n return x\nprint(repr(same(5)))");
    };
    let mut rows = vec![figure("`--version`, beside `true`", &mut version, Some(&mut nothing_done))];
    for lines in [10, LINES] {
        let text = script(lines);
        // They sleep after the call: their ends are not measured.
        let mut running = Vec::new();
        let mut work = || {
            let mut child = run(folder.path(), &text);
            first_line(&mut child);
            running.push(child);
        };
        rows.push(figure(&format!("`run` of {lines} lines, to its first call"), &mut work, Some(&mut floor)));
        for mut child in running {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
    let count = if extent == Extent::Full { 10_000 } else { 10 };
    for (what, script) in [
        (format!("memory of a run of {LINES} lines"), script(LINES).replace("sleep(60);\n", "")),
        (
            format!("memory of {count} tests with a measurement each"),
            format!("for i in 0..{count} {{ test `t${{i}}` {{ measure(\"v\", i, #{{ min: 0, unit: \"V\" }}); }} }}\n"),
        ),
        (
            format!("memory of {} samples", 10 * count),
            format!("let s = record(\"s\", \"V\");\nfor i in 0..{} {{ s.add(i); }}\n", 10 * count),
        ),
    ] {
        if let Some(memory) = peak(folder.path(), &script) {
            rows.push(Row { what, memory: Some(memory), ..Row::default() });
        }
    }
    Ok(rows)
}
