//! `test --list`: the tests that would run, for people, and as lines of JSON for editors.
//!
//! Uses [`crate::script`]. Invariant: no script is run.

use super::arguments::Test;
use super::console::Console;
use super::launch::selection;
use super::{misuse, reason, report_failures, station};
use crate::bench::select::{Declared, needed};
use crate::device::{Host, HostOptions};
use crate::diagnostic::Diagnostic;
use crate::disk;
use crate::error::Kind;
use crate::script::{RunOptions, Runner};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Lists the selected tests of `files`, with `--jsonl` as lines of JSON; returns the exit status.
///
/// # Errors
/// If there is none, or the lines cannot be written.
pub fn list(options: &Test, files: &[PathBuf], console: &Arc<Console>) -> Result<u8, Diagnostic> {
    let selection = selection(&options.choice, None);
    let form = if options.noting.jsonl.is_some() { as_json } else { as_text };
    let mut worst = 0;
    let mut lines = String::new();
    for file in files {
        let permissions = station::permissions(&options.allowed, None)?;
        let run = RunOptions { permissions, ..RunOptions::default() };
        let mut runner = Runner::new(Host::new(HostOptions::new(console.clone())), console.clone(), run);
        let tests = match runner.tests_of(file) {
            Ok(tests) => tests,
            Err(failure) => {
                worst = worst.max(report_failures(console, &[*failure], &runner.sources()));
                continue;
            }
        };
        let needed = needed(&selection, &tests);
        let is_wanted = |test: &&Declared| {
            !selection.is_partial() || test.may_be_chosen(&selection) || needed.iter().any(|name| test.is_called(name))
        };
        lines.extend(tests.iter().filter(is_wanted).map(|test| form(file, test)));
    }
    if worst == 0 && lines.is_empty() && !options.allow_empty {
        return Err(Diagnostic {
            help: Some("use `test --list` without -k and --tag to list all tests".to_owned()),
            ..Diagnostic::new(Kind::NothingTestedError, "no matching tests")
        });
    }
    match options.noting.jsonl.as_deref() {
        Some(path) if path != Path::new("-") => disk::replace(path, lines.as_bytes()).map_err(|error| {
            misuse(
                format!("the list `{}` cannot be written: {}", path.display(), reason(&error)),
                "name a file in a writable folder",
            )
        })?,
        _ => console.text(&lines),
    }
    Ok(worst.max(if console.broken() { Kind::OutputError.exit_status() } else { 0 }))
}

fn as_text(file: &Path, test: &Declared) -> String {
    let tags = if test.tags.is_empty() { String::new() } else { format!("  [{}]", test.tags.join(", ")) };
    let remark = match (test.has_rows, test.is_computed(), test.depends) {
        (true, ..) => "  (one per row, computed at run time)",
        (_, true, _) => "  (name computed at run time)",
        (_, _, true) => "  (depends on the run)",
        _ => "",
    };
    format!("{}:{}  {}{tags}{remark}\n", file.display(), test.line, test.path().join(" / "))
}

/// The fields of the event `test_begun`, and `depends`: the script decides how often the test runs; `computed`: its name holds `…`, or
/// it has rows.
fn as_json(file: &Path, test: &Declared) -> String {
    let Declared { name, group, tags, line, depends, .. } = test;
    let (file, computed) = (file.to_string_lossy(), test.is_computed());
    let event = serde_json::json!({
        "event": "test_listed", "name": name, "group": group, "tags": tags, "file": file, "line": line, "depends": depends,
        "computed": computed,
    });
    format!("{event}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn computed_names_say_so() {
        let line = |name: &str, depends, has_rows| {
            let test = Declared { name: name.to_owned(), depends, has_rows, line: 3, ..Declared::default() };
            (as_text(Path::new("a.rhai"), &test), as_json(Path::new("a.rhai"), &test).contains("\"computed\":true"))
        };
        let case =
            |line: (String, bool), text: &str, computed| assert_eq!(line, (format!("a.rhai:3  {text}\n"), computed));
        case(line("plain", false, false), "plain", false);
        case(line("looped", true, false), "looped  (depends on the run)", false);
        case(line("channel …", true, false), "channel …  (name computed at run time)", true);
        case(line("adc", false, true), "adc  (one per row, computed at run time)", true);
    }
}
