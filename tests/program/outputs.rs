//! Output errors: status 74 if standard output cannot be written, and old files stay until the new ones
//! are complete.

use crate::support::extent;
use std::path::Path;
use std::process::{Command, Output};

/// Runs a line of bash in which `$BS` is the program.
fn shell(folder: &Path, line: &str) -> Output {
    let mut command = Command::new("bash");
    command.args(["-c", line]).current_dir(folder).env("BS", env!("CARGO_BIN_EXE_belay-script"));
    command.env_remove("BELAY_DEVICE").output().expect("bash runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn bench() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("a.rhai", "//! A bench.\n\ntest \"a\" { measure(\"v\", 1.0, #{ unit: \"V\" }); print(\"x\"); }\n");
    write("long.rhai", "for i in 0..100000 { print(i); }\n");
    std::fs::create_dir(folder.path().join("src")).unwrap();
    write("src/x.py", "x = 1\n");
    write("a.py", "for i in range(20000): print(i)\n");
    let made = shell(folder.path(), "$BS run a.rhai --jsonl log > /dev/null");
    assert!(made.status.success(), "{}", text(&made.stderr));
    folder
}

/// Commands that print something, in every form.
const COMMANDS: &[&str] = &[
    "--help",
    "--version",
    "run --help",
    "run a.rhai",
    "run a.rhai --html -",
    "run a.rhai --jsonl -",
    "run a.py -p sim",
    "run long.rhai",
    "test a.rhai",
    "test a.rhai --list",
    "report log",
    "report log --junit -",
    "doc a.rhai",
    "eval -p sim 1+1",
    "exec -p sim 'print(1)'",
    "info -p sim",
    "ls --json -p 'sim:?flash_size=1m' :/",
    "df --json -p 'sim:?flash_size=1m'",
    "tree -p 'sim:?flash_size=1m' :/",
    "completions bash",
    "check a.rhai",
    "definitions",
    "devices",
    "select --help",
    "sync src -p sim --dry-run",
    "repl <<< 'print(1)'",
];

/// The commands that a test takes, from the one at `first` on.
fn commands(first: usize) -> impl Iterator<Item = &'static str> {
    let step = extent::one_of("outputs");
    COMMANDS.iter().copied().skip(first % step).step_by(step)
}

#[test]
fn a_full_output_is_status_74() {
    let folder = bench();
    for command in commands(0) {
        let output = shell(folder.path(), &format!("$BS {command} > /dev/full"));
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(74), "{command}: {said}");
        let count = said.matches("standard output cannot be written: no space left on device").count();
        assert_eq!(count, 1, "{command}: {said}");
    }
}

#[test]
fn a_closed_output_is_status_74() {
    let folder = bench();
    for command in commands(1) {
        let output = shell(folder.path(), &format!("$BS {command} >&-"));
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(74), "{command}: {said}");
        assert_eq!(said.matches("standard output cannot be written: it is closed").count(), 1, "{command}: {said}");
    }
    // Open, but not for writing.
    let output = shell(folder.path(), "$BS eval -p sim 1+1 1< a.rhai");
    assert_eq!(output.status.code(), Some(74), "{}", text(&output.stderr));
    // Commands without output, or with output elsewhere, succeed; so does the null device.
    for line in
        ["exec -p sim x=1 >&-", "run a.rhai --jsonl log2 --html page > /dev/null", "eval -p sim 1+1 1<> /dev/null"]
    {
        let output = shell(folder.path(), &format!("$BS {line}"));
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()), "{line}");
    }
}

#[test]
fn a_closed_pipe_is_status_74_without_a_word() {
    let folder = bench();
    for command in commands(0) {
        // The reader is gone before the program starts.
        let line = format!("exec 3> >(exec 3>&-; true); wait $!; $BS {command} >&3");
        let output = shell(folder.path(), &line);
        // With a report on standard output, the rest is on standard error.
        let said =
            text(&output.stderr).replace("x\ntest a ... pass\n    v  1 V\n", "").replace("1 test: 1 passed\n", "");
        assert_eq!((output.status.code(), said.as_str()), (Some(74), ""), "{command}");
    }
    let output = shell(folder.path(), "$BS run long.rhai | head -n 1; echo ${PIPESTATUS[0]}");
    assert_eq!((text(&output.stdout), text(&output.stderr)), ("0\n74\n".to_owned(), String::new()));
}

#[test]
fn a_full_disk_keeps_the_old_files() {
    let folder = bench();
    let root = folder.path();
    // A limit on the file size simulates the full disk.
    let limited = |line: &str| shell(root, &format!("trap '' XFSZ; ulimit -f 8; {line}"));
    let old = |name: &str| std::fs::write(root.join(name), "old").unwrap();
    let kept = |name: &str| assert_eq!(std::fs::read_to_string(root.join(name)).unwrap(), "old", "{name}");
    let no_debris = || {
        let names = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let debris: Vec<String> = names.filter(|name| name.starts_with('.')).collect();
        assert!(debris.is_empty(), "{debris:?}");
    };
    for (name, call) in [
        ("a.txt", "import \"std/file\" as f; f::write(\"a.txt\", text)"),
        ("a.csv", "import \"std/csv\" as c; c::write(\"a.csv\", [[text]])"),
        ("a.json", "import \"std/json\" as j; j::write(\"a.json\", [text])"),
    ] {
        old(name);
        std::fs::write(root.join("w.rhai"), format!("let text = \"\"; text.pad(20000, 'x'); {call};")).unwrap();
        let output = limited("$BS run w.rhai");
        let said = text(&output.stderr);
        assert!(
            output.status.code() == Some(1) && said.contains("cannot be written: file too large"),
            "{name}: {said}"
        );
        kept(name);
        no_debris();
    }
    for (name, option) in [("r.html", "--html r.html"), ("r.json", "--json r.json"), ("r.xml", "--junit r.xml")] {
        old(name);
        let many: String = (0..200).map(|number| format!("test \"the test of number {number}\" {{ }}\n")).collect();
        std::fs::write(root.join("w.rhai"), many).unwrap();
        let output = limited(&format!("$BS run w.rhai {option}"));
        let said = text(&output.stderr);
        assert!(output.status.code() == Some(74), "{name}: {:?} {said}", output.status);
        assert!(said.contains(&format!("the report `{name}` cannot be written: file too large")), "{said}");
        kept(name);
        no_debris();
    }
    // Events are stored in a temporary file until the end, which does not fit either.
    old("r.html");
    std::fs::write(root.join("w.rhai"), "for i in 0..2000 { test `the test ${i}` { measure(\"x\", i); } }").unwrap();
    let output = limited("$BS run w.rhai --html r.html");
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(74), "{said}");
    assert!(
        said.contains("no report can be written: the events of the run cannot be stored: file too large"),
        "{said}"
    );
    kept("r.html");
    no_debris();
    // A page that is not there is not announced.
    std::fs::write(root.join("station.toml"), "reports = \"kept\"\n").unwrap();
    std::fs::write(root.join("w.rhai"), "print(1);").unwrap();
    let output = limited("$BS run w.rhai");
    let said = text(&output.stderr);
    assert!(said.contains("cannot be written: file too large") && !said.contains("report: "), "{said}");
}
