//! `check`: what is wrong with scripts, without a board.
//!
//! Uses [`crate::script`]. Invariant: nothing of a script is run but its declarations.

use super::arguments::{Allowed, Check};
use super::console::Console;
use super::{is_python, memory, python_file, readable, report_failures, station};
use crate::device::Host;
use crate::device::class::{Body, Class, Item, ItemKind, ItemOptions};
use crate::diagnostic::Diagnostic;
use crate::error::{Error, Kind};
use crate::name::Name;
use crate::origin::Origin;
use crate::script::{RunOptions, Runner, Sources};
use std::path::Path;
use std::sync::Arc;

/// Checks every script; gives the exit status.
///
/// # Errors
/// If the bodies cannot be compiled because there is no interpreter.
pub fn check(check: &Check, console: &Arc<Console>) -> Result<u8, Diagnostic> {
    let mut worst = 0;
    for script in &check.scripts {
        let (checked, sources) = check_one(script, &check.allowed, console)?;
        match checked {
            Ok(_) if is_python(script) => console.text(&format!("{}: ok (Python)\n", script.display())),
            Ok(classes) => console.text(&format!("{}: ok ({})\n", script.display(), counts(&classes))),
            Err(failures) => {
                report_failures(console, &failures, &sources);
                let status = |failure: &Diagnostic| failure.kind.exit_status();
                worst = failures.iter().map(status).fold(worst.max(Kind::ParseError.exit_status()), u8::max);
            }
        }
    }
    Ok(worst)
}

type Checked = Result<Vec<Arc<Class>>, Vec<Diagnostic>>;

fn check_one(script: &Path, allowed: &Allowed, console: &Arc<Console>) -> Result<(Checked, Sources), Diagnostic> {
    if let Err(failure) = readable(script) {
        return Ok((Err(vec![failure]), Sources::default()));
    }
    if is_python(script) {
        return check_python(script, console);
    }
    let host = Host::new(console.clone(), None);
    // Defaults of parameters may be constants of the station.
    let station = match station::prepare(&host, &Default::default(), Some(script)) {
        Ok(station) => station,
        Err(failure) => {
            let sources = Sources::default();
            sources.insert_files(&failure);
            return Ok((Err(vec![failure]), sources));
        }
    };
    let permissions = station::permissions(allowed, station.as_deref())?;
    let options = RunOptions { permissions, memory: memory::limit(allowed), station, ..RunOptions::default() };
    let mut runner = Runner::new(host, console.clone(), options);
    let checked = match runner.check_file(script) {
        Ok(classes) => match compile_bodies(console, &classes).map_err(|error| Diagnostic::from_error(&error))? {
            failures if failures.is_empty() => Ok(classes),
            failures => Err(failures),
        },
        Err(failures) => Err(failures),
    };
    Ok((checked, runner.sources()))
}

/// Compiles a Python file, which `run` runs on the board.
fn check_python(script: &Path, console: &Arc<Console>) -> Result<(Checked, Sources), Diagnostic> {
    let (name, sources) = (script.display().to_string(), Sources::default());
    let text = match python_file::read(script) {
        Ok(text) => text,
        Err(failure) => return Ok((Err(vec![failure]), sources)),
    };
    sources.insert(&name, &text);
    let refused = python_program(&name, &text)
        .and_then(|item| crate::device::check::compile(&Host::new(console.clone(), None), &[&Arc::new(item)]))
        .map_err(|error| Diagnostic::from_error(&error))?;
    // The program is no item, although it is compiled as one.
    let plain = |error: &Error| Diagnostic { title: error.message().to_owned(), ..Diagnostic::from_error(error) };
    let failures: Vec<Diagnostic> = refused.iter().map(plain).collect();
    Ok((if failures.is_empty() { Ok(Vec::new()) } else { Err(failures) }, sources))
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
/// [`Kind::DeclarationError`] whose first place is the line of the body.
///
/// # Errors
/// If no interpreter can be found or started.
fn compile_bodies(console: &Arc<Console>, classes: &[Arc<Class>]) -> Result<Vec<Diagnostic>, Error> {
    let items = distinct(classes);
    if items.is_empty() {
        return Ok(Vec::new());
    }
    let host = Host::new(console.clone(), None);
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

/// `1 class, 6 items`.
fn counts(classes: &[Arc<Class>]) -> String {
    let items = distinct(classes).len();
    let plural = |count: usize, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
    format!("{}, {}", plural(classes.len(), "class", "classes"), plural(items, "item", "items"))
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
        assert_eq!(counts(&[]), "0 classes, 0 items");
        let mixin = Arc::new(Class::build("Mixin", "", None, vec![item("a")], &[]).unwrap());
        assert_eq!(counts(std::slice::from_ref(&mixin)), "1 class, 1 item");
        let bench = Arc::new(Class::build("Bench", "", None, vec![item("b")], std::slice::from_ref(&mixin)).unwrap());
        assert_eq!(counts(&[mixin, bench]), "2 classes, 2 items");
    }
}
