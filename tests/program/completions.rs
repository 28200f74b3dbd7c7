//! Completions: what the program answers, and what real shells insert at Tab.

use crate::support::command::Program;
#[cfg(unix)]
use crate::support::programs;
#[cfg(unix)]
use crate::support::terminal::Person;
use std::path::Path;
use std::time::{Duration, Instant};

const STATION: &str = "[recipes]\ndeploy-all = \"ls\"\n[boards.dut]\nsimulate = true\n[boards.load]\nsimulate = true\n";
const PACKAGES: &str = "[packages.main]\naioble = \"latest\"\n[packages.dev]\n\"umqtt.simple\" = \"1.4.0\"\n";
const TESTS: &str = "group \"g\" { test \"the divider sits\" { } test \"power\" { } }\nprint(1 / 0);\n";

/// A folder with a station, scripts and other files.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("deeper")).expect("a folder");
    for (name, text) in [
        ("belay.toml", PACKAGES),
        ("station.toml", STATION),
        ("bench.rhai", TESTS),
        ("other.rhai", ""),
        ("main.py", ""),
        ("notes.txt", ""),
    ] {
        std::fs::write(folder.path().join(name), text).expect("a file");
    }
    folder
}

/// The words that a shell without quoting of its own is told.
fn words(folder: &Path, line: &[&str]) -> Vec<String> {
    let index = (line.len() - 1).to_string();
    let program = Program::new().args(["--"]).args(line.iter().copied());
    let program = program.env("BELAY_SCRIPT_COMPLETE", "zsh").env("_CLAP_COMPLETE_INDEX", &index);
    let outcome = program.outcome_in(folder);
    assert_eq!((outcome.status, outcome.stderr.as_str()), (Some(0), ""), "{line:?}");
    let word = |line: &str| line.replace("\\:", "\u{0}").split(':').next().unwrap_or_default().replace('\u{0}', ":");
    outcome.stdout.lines().map(word).collect()
}

#[test]
fn values_are_those_that_fit() {
    let folder = folder();
    let case = |line: &[&str], wanted: &[&str]| {
        let line = [&["belay-script"], line].concat();
        assert_eq!(words(folder.path(), &line), wanted, "{line:?}");
    };
    case(&["dev"], &["devices"]);
    case(&["run", "--time"], &["--timeout"]);
    case(&["run", "b"], &["bench.rhai"]);
    case(&["run", "m"], &["main.py"]);
    case(&["run", "n"], &[]);
    case(&["run", "d"], &["deeper/"]);
    case(&["test", "m"], &[]);
    case(&["check", "bench.rhai", "o"], &["other.rhai"]);
    case(&["repl", "--load", "b"], &["bench.rhai"]);
    case(&["doc", "std/js"], &["std/json"]);
    case(&["doc", "b"], &["bench.rhai"]);
    case(&["info", "-p", "d"], &["dut"]);
    case(&["run", "bench.rhai", "--port", "lo"], &["load"]);
    case(&["exec", "-p", "tc"], &["tcp://"]);
    case(&["-p", "lo"], &["load"]);
    case(&["remove", "ai"], &["aioble"]);
    case(&["update", "aioble", "u"], &["umqtt.simple"]);
    case(&["install", "--group", ""], &["main", "dev"]);
    case(&["-p", "sim", "dep"], &["deploy-all"]);
    case(&["-p", "sim", "cp", "a", ":", "+", "exec", "x", "+", "soft"], &["soft-reset"]);
    case(&["exec", "x", "+", "run", "b"], &["bench.rhai"]);
    let boards = || words(folder.path(), &["belay-script", "select", ""]);
    assert!(boards().starts_with(&["dut".to_owned(), "load".to_owned()]), "{:?}", boards());
    case(&["test", "bench.rhai", "-k", ""], &["the divider sits", "power"]);
    case(&["test", "bench.rhai", "--filter", "!p"], &["!power"]);
    case(&["test", "missing.rhai", "-k", ""], &[]);
    let ports = words(folder.path(), &["belay-script", "info", "-p", ""]);
    assert!(["sim", "usb:", "tcp://", "dut"].iter().all(|port| ports.iter().any(|known| known == port)), "{ports:?}");
    std::fs::write(folder.path().join("station.toml"), "[boards").expect("a file");
    assert!(!boards().contains(&"dut".to_owned()), "{:?}", boards());
}

#[test]
fn an_answer_is_quick() {
    let folder = folder();
    let quickest = (0..5).map(|_| {
        let begun = Instant::now();
        words(folder.path(), &["belay-script", "test", "bench.rhai", "-k", "p"]);
        begun.elapsed()
    });
    let quickest = quickest.min().expect("a time");
    assert!(quickest < Duration::from_millis(300), "{quickest:?}");
}

#[test]
fn every_shell_has_a_script() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let outcome = Program::new().args(["completions", shell]).outcome();
        assert_eq!((outcome.status, outcome.stderr.as_str()), (Some(0), ""), "{shell}");
        assert!(outcome.stdout.contains("BELAY_SCRIPT_COMPLETE"), "{}", outcome.stdout);
    }
    let outcome = Program::new().args(["completions", "tcsh"]).outcome();
    assert_eq!(outcome.status, Some(2));
    assert!(outcome.stderr.contains("possible values: bash"), "{}", outcome.stderr);
}

/// What a shell inserts at Tab: each line is typed up to the Tab, and its words come out in brackets.
#[cfg(unix)]
fn completes(shell: &str, args: &[&str], register: &str) {
    let folder = folder();
    let own = Path::new(env!("CARGO_BIN_EXE_belay-script")).parent().expect("a folder").display().to_string();
    let path = format!("{own}:{}", std::env::var("PATH").unwrap_or_default());
    let home = folder.path().to_string_lossy().into_owned();
    let variables = [("PATH", path.as_str()), ("HOME", &home), ("XDG_DATA_HOME", &home), ("TERM", "xterm")];
    let args = [&["-c", shell], args].concat();
    let mut person = Person::start_other(folder.path(), "setsid", &args, &variables);
    person.types(format!("{register}; echo REA''DY\r").as_bytes());
    person.sees("READY\r\n");
    for (typed, wanted) in [
        ("info -p du", "[info][-p][dut]"),
        ("run be", "[run][bench.rhai]"),
        ("test bench.rhai -k th", "[test][bench.rhai][-k][the divider sits]"),
        ("doc std/js", "[doc][std/json]"),
        ("sel", "[sel"),
        ("run bench.rhai --no-rep", "[run][bench.rhai][--no-reports]"),
    ] {
        // The beginning of the line is put in once the word is complete.
        person.types(format!("belay-script {typed}\t\x01printf '[%s]' \r").as_bytes());
        person.sees(&format!("[belay-script]{wanted}"));
    }
    person.types(b"exit\r");
}

#[cfg(unix)]
#[test]
fn bash_completes_words() {
    completes("bash", &["--norc", "--noprofile", "-i"], "source <(belay-script completions bash)");
}

#[cfg(unix)]
#[test]
fn zsh_completes_words() {
    let Some([zsh]) = programs::find(["zsh"]) else { return };
    let register = "autoload -U compinit; compinit -u -D; bindkey -e; source <(belay-script completions zsh)";
    completes(&zsh.to_string_lossy(), &["-f", "-i"], register);
}

#[cfg(unix)]
#[test]
fn fish_completes_words() {
    let Some([fish]) = programs::find(["fish"]) else { return };
    completes(&fish.to_string_lossy(), &["--no-config", "-i"], "belay-script completions fish | source");
}
