//! Golden tests as files: a folder with `script.rhai`, and the expected output.
//!
//! | file | contains |
//! |---|---|
//! | `args` | one argument per line; default: `run script.rhai` |
//! | `stdin` | the program's input |
//! | `stdout`, `stderr` | expected output; empty if the file is missing |
//! | `status` | expected exit status; 0 if the file is missing |
//!
//! Addresses of objects (`0x7f…`) in the output become `0x…`. All other files, and folders, are for the script. `BELAY_SCRIPT_BLESS=1` accepts the actual output.

use super::command::{Outcome, Program, difference};
use std::fs;
use std::path::{Path, PathBuf};

const SPECIAL: &[&str] = &["args", "stdin", "stdout", "stderr", "status"];

/// Runs the goldens in `folder`; returns a text for each difference. `bless`: accepts the actual output instead.
pub fn run_all(folder: &Path, bless: bool) -> Vec<String> {
    let mut cases: Vec<PathBuf> =
        fs::read_dir(folder).expect("the folder of goldens").map(|entry| entry.expect("an entry").path()).collect();
    // `scripts` holds goldens of another form.
    cases.retain(|path| path.is_dir() && path.file_name().is_some_and(|name| name != "scripts"));
    cases.sort();
    assert!(!cases.is_empty(), "no goldens in {}", folder.display());
    cases.iter().filter_map(|case| run_one(case, bless)).collect()
}

fn run_one(case: &Path, bless: bool) -> Option<String> {
    let read = |name: &str| fs::read_to_string(case.join(name)).ok();
    let mut program = Program::new();
    for (name, bytes) in files(case) {
        program = program.file(&name, &bytes);
    }
    let args = read("args").unwrap_or_else(|| "run\nscript.rhai\n".to_owned());
    let mut actual = program.args(args.lines()).stdin(&read("stdin").unwrap_or_default()).outcome();
    actual.stdout = without_addresses(&actual.stdout);
    if bless {
        accept(case, &actual);
        return None;
    }
    let expected = Outcome {
        stdout: read("stdout").unwrap_or_default(),
        stderr: read("stderr").unwrap_or_default(),
        status: Some(read("status").map_or(0, |text| text.trim().parse().expect("a number in `status`"))),
    };
    difference(&expected, &actual).map(|text| format!("golden {}:\n{text}", case.display()))
}

/// Addresses of objects on the board differ from run to run: they become `0x…`.
fn without_addresses(text: &str) -> String {
    let mut parts = text.split("0x");
    let mut result = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.bytes().take_while(u8::is_ascii_hexdigit).count();
        result.push_str(if digits > 8 { "0x…" } else { "0x" });
        result.push_str(&part[if digits > 8 { digits } else { 0 }..]);
    }
    result
}

/// The files that are there for the script, by their path in the folder.
fn files(case: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![case.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder of a golden") {
            let path = entry.expect("an entry").path();
            let name = path.strip_prefix(case).expect("inside").to_str().expect("a name in UTF-8").to_owned();
            if path.is_dir() {
                folders.push(path);
            } else if !SPECIAL.contains(&name.as_str()) {
                found.push((name, fs::read(path).expect("a file of a golden")));
            }
        }
    }
    found
}

fn accept(case: &Path, actual: &Outcome) {
    let keep = |name: &str, text: &str, usual: &str| {
        let path = case.join(name);
        if text != usual {
            fs::write(path, text).expect("a golden that can be written");
        } else if path.exists() {
            fs::remove_file(path).expect("a golden that can be removed");
        }
    };
    keep("stdout", &actual.stdout, "");
    keep("stderr", &actual.stderr, "");
    keep("status", &format!("{}\n", actual.status.expect("the program ends by itself")), "0\n");
}
