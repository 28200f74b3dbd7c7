//! Every script of `scripts/` and `scripts/belay/` on a simulated board, compared with `tests/golden/scripts`.
//!
//! `NAME.stdout` is what it says; `NAME.files/` holds the files that it leaves, if it leaves any. `NAME.args` has further
//! arguments, one a line, and `NAME.stderr` what it says on standard error; without it nothing. Status 0.
//! `BELAY_SCRIPT_BLESS=1` accepts what they say.

use crate::support::command::{Outcome, Program, difference};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The folders below `scripts` whose scripts run, with a slash at the end.
const FOLDERS: [&str; 2] = ["", "belay/"];

/// The names of the scripts, below `scripts` and without `.rhai`.
fn scripts() -> Vec<String> {
    let mut names: Vec<String> = FOLDERS.iter().flat_map(|below| names_in("scripts", below, "rhai")).collect();
    names.sort();
    names.dedup();
    assert!(names.len() > 20, "there are only {names:?}");
    names
}

/// The names of the files in a folder below `root`, without their extension; `wanted`: this one, or any if it is empty.
fn names_in(root: &str, below: &str, wanted: &str) -> Vec<String> {
    let entries =
        fs::read_dir(folder(root).join(below)).expect("a folder").map(|entry| entry.expect("an entry").path());
    let is_wanted = |path: &PathBuf| path.extension().is_some_and(|extension| wanted.is_empty() || extension == wanted);
    let name = |path: PathBuf| path.file_stem().and_then(|name| name.to_str()).expect("a name").to_owned();
    entries.filter(is_wanted).map(|path| format!("{below}{}", name(path))).collect()
}

/// The files in `folder`; none if it does not exist.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let Ok(entries) = fs::read_dir(folder) else { return BTreeMap::new() };
    let text = |path: PathBuf| fs::read_to_string(path).expect("text");
    entries
        .map(|entry| entry.expect("an entry"))
        .map(|entry| (entry.file_name().into_string().expect("UTF-8"), text(entry.path())))
        .collect()
}

/// Runs a script in a separate folder, as users do; returns the differences.
fn run(name: &str) -> Option<String> {
    let script = folder("scripts").join(format!("{name}.rhai"));
    let work = tempfile::tempdir().expect("a folder");
    let golden = folder("tests/golden/scripts");
    let more = fs::read_to_string(golden.join(format!("{name}.args"))).unwrap_or_default();
    let program = Program::new().args(["run", script.to_str().expect("UTF-8"), "--port", "sim"]).args(more.lines());
    let actual = program.outcome_in(work.path());
    let left = files(work.path());

    let (said, kept) = (golden.join(format!("{name}.stdout")), golden.join(format!("{name}.files")));
    if std::env::var_os("BELAY_SCRIPT_BLESS").is_some_and(|value| value == "1") {
        bless(&said, &kept, &actual, &left);
    }
    let Ok(stdout) = fs::read_to_string(&said) else {
        return Some(format!("`{name}.rhai` has no golden: BELAY_SCRIPT_BLESS=1 makes one\n"));
    };
    let stderr = fs::read_to_string(golden.join(format!("{name}.stderr"))).unwrap_or_default();
    let expected = Outcome { stdout, stderr, status: Some(0) };
    if let Some(difference) = difference(&expected, &actual) {
        return Some(format!("`{name}.rhai`:\n{difference}"));
    }
    let wanted = files(&kept);
    (left != wanted).then(|| format!("`{name}.rhai` leaves\n{left:#?}\nand not\n{wanted:#?}\n"))
}

fn bless(said: &Path, kept: &Path, actual: &Outcome, left: &BTreeMap<String, String>) {
    fs::create_dir_all(said.parent().expect("a folder")).expect("the folder of goldens");
    fs::write(said, &actual.stdout).expect("a golden that can be written");
    if !actual.stderr.is_empty() {
        fs::write(said.with_extension("stderr"), &actual.stderr).expect("a golden that can be written");
    }
    let _ = fs::remove_dir_all(kept);
    for (name, text) in left {
        fs::create_dir_all(kept).expect("a folder");
        fs::write(kept.join(name), text).expect("a golden that can be written");
    }
}

#[test]
fn every_script_matches_its_golden() {
    let failures: Vec<String> = scripts().iter().filter_map(|name| run(name)).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_golden_has_its_script() {
    let scripts = scripts();
    for name in FOLDERS.iter().flat_map(|below| names_in("tests/golden/scripts", below, "")) {
        assert!(scripts.contains(&name), "the golden {name} has no script");
    }
}

#[test]
fn every_script_passes_the_check() {
    let paths: Vec<String> = scripts().iter().map(|name| format!("scripts/{name}.rhai")).collect();
    let outcome = Program::new()
        .args(std::iter::once("check").chain(paths.iter().map(String::as_str)))
        .outcome_in(Path::new(env!("CARGO_MANIFEST_DIR")));
    assert_eq!((outcome.stderr.as_str(), outcome.status), ("", Some(0)));
    assert!(paths.iter().all(|path| outcome.stdout.contains(&format!("{path}: ok ("))), "{}", outcome.stdout);
}
