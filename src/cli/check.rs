//! `check`: finds mistakes in scripts without a board.
//!
//! Uses [`crate::script`]. Invariant: only the declarations of a script are run.

use super::arguments::{self, Check};
use super::console::Console;
use super::{is_python, memory, misuse, python_file, readable, reason, report_failures, station};
use crate::bound;
use crate::device::class::{Body, Class, Item, ItemKind, ItemOptions};
use crate::device::{Host, HostOptions};
use crate::diagnostic::Diagnostic;
use crate::disk;
use crate::error::Error;
use crate::name::Name;
use crate::origin::Origin;
use crate::phrase::count;
use crate::script::{Finding, Fix, RunOptions, Runner, Sources, fixed};
use serde_json::{Value as Json, json};
use std::path::Path;
use std::sync::Arc;

/// The exit status for scripts that are wrong.
const REFUSED: u8 = 2;

/// Checks every script; returns the exit status.
///
/// # Errors
/// If the bodies cannot be compiled because no interpreter was found.
pub fn check(check: &Check, console: &Arc<Console>) -> Result<u8, Diagnostic> {
    let mut worst = 0;
    let mut found: Vec<Json> = Vec::new();
    for script in &check.scripts {
        let (mut checked, mut sources) = check_one(script, None, check, console)?;
        if check.fix && !checked.fixes.is_empty() {
            for (file, count) in correct(&checked.fixes)? {
                console.remark(&format!("{file}: {count} corrected\n"));
            }
            (checked, sources) = check_one(script, None, check, console)?;
        }
        let status = checked.status();
        worst = worst.max(status);
        if check.json {
            found.extend(checked.diagnostics.iter().map(as_json));
            continue;
        }
        report_failures(console, &checked.diagnostics, &sources);
        if status == 0 {
            let what = if is_python(script) { "Python".to_owned() } else { counts(&checked.classes, checked.others) };
            console.text(&format!("{}: ok ({what}{})\n", script.display(), warnings(checked.diagnostics.len())));
        }
    }
    if check.json {
        console.text(&format!("{:#}\n", Json::Array(found)));
    }
    Ok(worst)
}

/// The result of a check.
#[derive(Default)]
struct Checked {
    classes: Vec<Arc<Class>>,
    /// How many classes of instruments and of consoles there are.
    others: [usize; 2],
    /// Errors and warnings, in the order of the text.
    diagnostics: Vec<Diagnostic>,
    /// The changes that remove findings.
    fixes: Vec<Fix>,
}

impl Checked {
    fn refused(failures: Vec<Diagnostic>) -> Checked {
        Checked { diagnostics: failures, ..Checked::default() }
    }

    /// The exit status: a script that would fail when it runs fails the check too.
    fn status(&self) -> u8 {
        let failed = self.diagnostics.iter().filter(|diagnostic| !diagnostic.is_warning);
        failed.map(|failure| failure.kind.exit_status().max(REFUSED)).fold(0, u8::max)
    }
}

/// Checks the text of a script that is in no file; prints what was found, and returns the exit status.
///
/// # Errors
/// As [`check`].
pub fn check_text(name: &str, text: &str, console: &Arc<Console>) -> Result<u8, Diagnostic> {
    let script = Path::new(name);
    let (checked, sources) = check_one(script, Some(text), &Check::of(script), console)?;
    sources.insert(name, text);
    report_failures(console, &checked.diagnostics, &sources);
    Ok(checked.status())
}

/// A finding as an object of JSON.
fn as_json(diagnostic: &Diagnostic) -> Json {
    let origin = diagnostic.places.first().map(|place| &place.origin);
    json!({
        "file": origin.map(|origin| origin.file.to_string()),
        "line": origin.map(|origin| origin.line),
        "column": origin.map(|origin| origin.column).filter(|column| *column > 0),
        "severity": if diagnostic.is_warning { "warning" } else { "error" },
        "kind": diagnostic.kind.name(),
        "message": diagnostic.title,
        "help": diagnostic.help,
    })
}

/// Checks the script, or its `text` if it is in no file.
fn check_one(
    script: &Path,
    text: Option<&str>,
    check: &Check,
    console: &Arc<Console>,
) -> Result<(Checked, Sources), Diagnostic> {
    if text.is_none()
        && let Err(failure) = readable(script)
    {
        return Ok((Checked::refused(vec![failure]), Sources::default()));
    }
    if text.is_none() && is_python(script) {
        return check_python(script, console);
    }
    // Defaults of parameters may be constants of the station.
    let named = arguments::station::Station { file: check.station.clone(), simulate: false };
    let prepared = station::prepare(HostOptions::new(console.clone()), &named, Some(script));
    let (host, station) = match prepared {
        Ok(prepared) => prepared,
        Err(failure) => {
            let sources = Sources::default();
            sources.insert_files(&failure);
            return Ok((Checked::refused(vec![failure]), sources));
        }
    };
    let permissions = station::permissions(&check.allowed, station.as_deref())?;
    let options = RunOptions { permissions, memory: memory::limit(&check.allowed), station, ..RunOptions::default() };
    let mut runner = Runner::new(Host::new(host), console.clone(), options);
    let declared = match text {
        Some(text) => runner.check_open(script, text),
        None => runner.check_file(script),
    };
    let (classes, failures) = match declared {
        Ok(classes) => {
            let refused = compile_bodies(console, &classes).map_err(|error| Diagnostic::from_error(&error))?;
            (classes, refused)
        }
        Err(failures) => (Vec::new(), failures),
    };
    let diagnostics = together(failures, runner.findings());
    let fixes = runner.findings().iter().filter_map(|finding| finding.fix.clone()).collect();
    let others = runner.other_classes();
    Ok((Checked { classes, others, diagnostics, fixes }, runner.sources()))
}

/// Applies the fixes; returns the files with the number of changes in each.
///
/// # Errors
/// If a file cannot be read or written.
fn correct(fixes: &[Fix]) -> Result<Vec<(String, usize)>, Diagnostic> {
    let mut files: Vec<&str> = fixes.iter().map(|fix| &*fix.at.file).collect();
    files.sort_unstable();
    files.dedup();
    let mut corrected = Vec::new();
    for file in files {
        let mut own: Vec<Fix> = fixes.iter().filter(|fix| &*fix.at.file == file).cloned().collect();
        own.sort_by_key(|fix| (fix.at.line, fix.at.column));
        own.dedup();
        let path = Path::new(file);
        let failed = |error: std::io::Error| {
            misuse(format!("`{file}` cannot be corrected: {}", reason(&error)), "check its permissions")
        };
        let text = disk::read_text(path, bound::SCRIPT).map_err(failed)?;
        // Places do not count the byte order mark.
        let (mark, rest) = text.split_at(text.len() - text.trim_start_matches('\u{feff}').len());
        disk::replace(path, format!("{mark}{}", fixed(rest, &own)).as_bytes()).map_err(failed)?;
        corrected.push((file.to_owned(), own.len()));
    }
    Ok(corrected)
}

/// Failures and findings in the order of their places. A finding on the line of a failure says the same in other words.
fn together(failures: Vec<Diagnostic>, findings: &[Finding]) -> Vec<Diagnostic> {
    let line =
        |diagnostic: &Diagnostic| diagnostic.places.first().map(|place| (place.origin.file.clone(), place.origin.line));
    let mut diagnostics: Vec<Diagnostic> = findings.iter().map(Finding::diagnostic).collect();
    for failure in failures {
        let is_known = diagnostics.iter().any(|known| !known.is_warning && line(known) == line(&failure));
        if !(is_known && failure.kind.exit_status() <= 2 && line(&failure).is_some()) {
            diagnostics.push(failure);
        }
    }
    diagnostics.sort_by_key(line);
    diagnostics
}

/// `, 2 warnings`, if there are any.
fn warnings(number: usize) -> String {
    match number {
        0 => String::new(),
        number => format!(", {}", count(number, "warning")),
    }
}

/// Compiles a Python file, which `run` runs on the board.
fn check_python(script: &Path, console: &Arc<Console>) -> Result<(Checked, Sources), Diagnostic> {
    let (name, sources) = (script.display().to_string(), Sources::default());
    let text = match python_file::read(script) {
        Ok(text) => text,
        Err(failure) => return Ok((Checked::refused(vec![failure]), sources)),
    };
    sources.insert(&name, &text);
    let refused = python_program(&name, &text)
        .and_then(|item| {
            crate::device::check::compile(&Host::new(HostOptions::new(console.clone())), &[&Arc::new(item)])
        })
        .map_err(|error| Diagnostic::from_error(&error))?;
    // The program is not an item, although it is compiled as one.
    let plain = |error: &Error| Diagnostic { title: error.message().to_owned(), ..Diagnostic::from_error(error) };
    let failures: Vec<Diagnostic> = refused.iter().map(plain).collect();
    Ok((Checked::refused(failures), sources))
}

/// A whole program as code for the board's globals.
fn python_program(name: &str, text: &str) -> Result<Item, Error> {
    let origin = Origin::new(name, 1, 1);
    Ok(Item {
        kind: ItemKind::Setup,
        name: Name::function("program")?,
        params: Vec::new(),
        returns: None,
        options: ItemOptions { minify: false, ..ItemOptions::defaults(ItemKind::Setup) },
        body: Body { text: text.trim_start_matches('\u{feff}').to_owned(), origin: origin.clone() },
        doc: String::new(),
        origin,
    })
}

/// Compiles the body of every item of `classes` with a real interpreter; gives what it refuses, as diagnostics of
/// [`DeclarationError`](crate::error::Kind::DeclarationError) whose first place is the line of the body.
///
/// # Errors
/// If no interpreter can be found or started.
fn compile_bodies(console: &Arc<Console>, classes: &[Arc<Class>]) -> Result<Vec<Diagnostic>, Error> {
    let items = distinct(classes);
    if items.is_empty() {
        return Ok(Vec::new());
    }
    let host = Host::new(HostOptions::new(console.clone()));
    let refused = crate::device::check::compile(&host, &items)?;
    Ok(refused.iter().map(Diagnostic::from_error).collect())
}

/// The items of all classes, each once, although mixins share theirs.
fn distinct(classes: &[Arc<Class>]) -> Vec<&Arc<Item>> {
    let mut items: Vec<&Arc<Item>> = Vec::new();
    for item in classes.iter().flat_map(|class| class.items()) {
        if !items.iter().any(|known| Arc::ptr_eq(known, item)) {
            items.push(item);
        }
    }
    items
}

/// `1 class, 6 items, 1 console class`.
fn counts(classes: &[Arc<Class>], others: [usize; 2]) -> String {
    let items = distinct(classes).len();
    let mut counts = vec![count(classes.len(), "class"), count(items, "item")];
    let kinds = ["instrument class", "console class"];
    counts.extend(
        others.into_iter().zip(kinds).filter(|(number, _)| *number > 0).map(|(number, kind)| count(number, kind)),
    );
    counts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_items_count_once() {
        let item = |name: &str| Item {
            kind: ItemKind::Task,
            name: Name::function(name).unwrap(),
            params: Vec::new(),
            returns: None,
            options: ItemOptions::defaults(ItemKind::Task),
            body: Body { text: String::new(), origin: Origin::new("a.rhai", 1, 1) },
            doc: String::new(),
            origin: Origin::new("a.rhai", 1, 1),
        };
        assert_eq!(counts(&[], [0, 0]), "0 classes, 0 items");
        assert_eq!(counts(&[], [2, 1]), "0 classes, 0 items, 2 instrument classes, 1 console class");
        let mixin = Arc::new(Class::build("Mixin", "", None, vec![item("a")], &[]).unwrap());
        assert_eq!(counts(std::slice::from_ref(&mixin), [0, 0]), "1 class, 1 item");
        let bench = Arc::new(Class::build("Bench", "", None, vec![item("b")], std::slice::from_ref(&mixin)).unwrap());
        assert_eq!(counts(&[mixin, bench], [0, 0]), "2 classes, 2 items");
    }
}
