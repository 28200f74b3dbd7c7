//! The table of MicroPython's modules, against a real interpreter.

use crate::support::command::Program;
use std::collections::BTreeMap;
use std::fmt::Write as _;

const TABLE: &str = include_str!("../../../src/lsp/micropython.txt");

/// Names that only some boards have, as the interpreter of simulated boards lacks them.
const ELSEWHERE: &[&str] =
    &["os.sync", "micropython.alloc_emergency_exception_buf", "micropython.native", "micropython.viper"];

/// Modules that only some boards have.
const ABSENT: &[&str] =
    &["analogio", "board", "busio", "digitalio", "esp32", "microcontroller", "pwmio", "rp2", "supervisor"];

#[test]
fn names_of_the_table_exist() {
    let mut modules: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
        let path = line.split(['(', ' ']).next().unwrap();
        let (module, rest) = path.split_once('.').unwrap_or((path, ""));
        modules.entry(module).or_default().push(rest);
    }
    let mut program = String::from("import builtins\n");
    for (module, names) in modules {
        let object = if module.is_empty() { "builtins" } else { module };
        let _ = write!(
            program,
            "try:\n import {object}\n for path in {names:?}:\n  at = {object}\n  try:\n   for name in path.split('.'):\n    \
             at = getattr(at, name) if name else at\n  except AttributeError:\n   print('{module}.' + path)\n\
             except ImportError:\n print('{module}')\n"
        );
    }
    let outcome = Program::new().file("a.py", program.as_bytes()).args(["run", "a.py", "-p", "sim"]).outcome();
    assert_eq!((outcome.status, outcome.stderr.as_str()), (Some(0), ""));
    let mut missing: Vec<&str> = outcome.stdout.lines().collect();
    missing.sort_unstable();
    let mut known: Vec<&str> = ELSEWHERE.iter().chain(ABSENT).copied().collect();
    known.sort_unstable();
    assert_eq!(missing, known);
}
