//! `check`: what is wrong with scripts, without a board.
//!
//! Uses [`crate::script`]. Invariant: nothing of a script is run but its declarations.

use super::arguments::Check;
use super::console::Console;
use super::{readable, report_failures};
use crate::device::Host;
use crate::device::class::{Class, Item};
use crate::diagnostic::Diagnostic;
use crate::error::{Error, Kind};
use crate::script::{Runner, Sources};
use std::path::Path;
use std::sync::Arc;

/// Checks every script; gives the exit status.
///
/// # Errors
/// If the bodies cannot be compiled because there is no interpreter.
pub fn check(check: &Check, console: &Arc<Console>) -> Result<u8, Diagnostic> {
    let mut worst = 0;
    for script in &check.scripts {
        let (checked, sources) = check_one(script, console)?;
        match checked {
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

fn check_one(script: &Path, console: &Arc<Console>) -> Result<(Checked, Sources), Diagnostic> {
    if let Err(failure) = readable(script) {
        return Ok((Err(vec![failure]), Sources::default()));
    }
    let mut runner = Runner::new(Host::new(console.clone(), None), console.clone(), Vec::new(), None);
    let checked = match runner.check_file(script) {
        Ok(classes) => match compile_bodies(&classes).map_err(|error| Diagnostic::from_error(&error))? {
            failures if failures.is_empty() => Ok(classes),
            failures => Err(failures),
        },
        Err(failures) => Err(failures),
    };
    Ok((checked, runner.sources()))
}

/// Compiles the body of every item of `classes` with a real interpreter; gives what it refuses, as diagnostics of
/// [`Kind::DeclarationError`] whose first place is the line of the body.
///
/// To be filled: for each item (those of mixins once, see `distinct`) the source that a board would get is made by
/// [`crate::python`], which also gives the mapping of its lines to the script's; all sources go to one process of the
/// interpreter that `sim` finds, which compiles and does not run them.
///
/// # Errors
/// If no interpreter can be found or started.
pub fn compile_bodies(classes: &[Arc<Class>]) -> Result<Vec<Diagnostic>, Error> {
    let _ = distinct(classes);
    Ok(Vec::new())
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
    use crate::device::class::{Body, ItemKind, ItemOptions};
    use crate::name::Name;
    use crate::origin::Origin;

    #[test]
    fn shared_items_count_once() {
        let item = |name: &str| Item {
            kind: ItemKind::Task,
            name: Name::function(name).unwrap(),
            params: Vec::new(),
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
