//! `doc`: the reference of a script, a standard module, or the language.
//!
//! Uses [`crate::script::reference`]. Invariant: nothing of a script is run but its declarations, and no board
//! is used.

mod html;
mod markdown;
mod text;

use super::arguments::{Allowed, Doc};
use super::console::Console;
use super::generated::{self, Existing};
use super::{is_python, misuse, readable, report_failures};
use crate::device::{Host, HostOptions};
use crate::diagnostic::Diagnostic;
use crate::phrase::did_you_mean;
use crate::script::reference::{Page, language, module_names};
use crate::script::{RunOptions, Runner, Sources};
use std::path::Path;
use std::sync::Arc;

/// A failure, with the sources that its locations refer to.
type Failed = (Vec<Diagnostic>, Sources);

/// Prints a reference, or writes it as pages; returns the exit status.
///
/// # Errors
/// If the script or module is unknown, or the pages cannot be written.
pub fn doc(options: &Doc, console: &Arc<Console>) -> Result<u8, Diagnostic> {
    let described = match &options.subject {
        Some(subject) => describe(subject, &options.allowed, console)?,
        None => Ok(Vec::new()),
    };
    let mut pages = match described {
        Ok(pages) => pages,
        Err((failures, sources)) => {
            let worst = failures.iter().map(|failure| failure.kind.exit_status()).max().unwrap_or(2);
            report_failures(console, &failures, &sources);
            return Ok(worst);
        }
    };
    let Some(folder) = &options.html else {
        let shown = match pages.first() {
            Some(page) => text::page(page, console.is_coloured()),
            None => text::overview(&language(), &modules(console)?, console.is_coloured()),
        };
        console.text(&shown);
        return Ok(0);
    };
    pages.retain(|page| !page.name.starts_with("std/"));
    pages.push(language());
    pages.extend(modules(console)?);
    let made = generated::write(folder, &html::site(&pages), Existing::ReplaceMarked(html::MARK))?;
    console.text(&made.summary(folder));
    Ok(0)
}

fn runner(console: &Arc<Console>, options: RunOptions) -> Runner {
    Runner::new(Host::new(HostOptions::new(console.clone())), console.clone(), options)
}

/// The pages of a script and what it imports, or those of a standard module.
fn describe(
    subject: &Path,
    allowed: &Allowed,
    console: &Arc<Console>,
) -> Result<Result<Vec<Page>, Failed>, Diagnostic> {
    let name = subject.to_string_lossy();
    // Defaults of parameters may be constants of the station.
    let host = HostOptions::new(console.clone());
    let (_, station) = crate::cli::station::prepare(host, &Default::default(), Some(subject))?;
    let permissions = crate::cli::station::permissions(allowed, station.as_deref())?;
    let memory = crate::cli::memory::limit(allowed);
    let mut runner = runner(console, RunOptions { permissions, memory, station, ..RunOptions::default() });
    let described = if name.starts_with("std/") && !subject.exists() {
        match runner.reference_module(&name) {
            Some(described) => described,
            None => return Err(no_module(&name)),
        }
    } else {
        readable(subject)?;
        if is_python(subject) {
            let help = "name a script that ends in `.rhai`, or a standard module";
            return Err(misuse(format!("`{name}` is a Python file, which has no reference"), help));
        }
        runner.reference_file(subject)
    };
    Ok(described.map_err(|failures| (failures, runner.sources())))
}

fn no_module(name: &str) -> Diagnostic {
    let names = module_names();
    let help = match crate::name::nearest(name, names.iter().map(String::as_str)) {
        Some(near) => did_you_mean(near),
        None => format!("available: {}", names.join(", ")),
    };
    misuse(format!("unknown standard module `{name}`"), help)
}

/// The pages of all standard modules.
fn modules(console: &Arc<Console>) -> Result<Vec<Page>, Diagnostic> {
    let mut runner = runner(console, RunOptions::default());
    let mut pages = Vec::new();
    for name in module_names() {
        // Imports of a module have their own pages.
        match runner.reference_module(&name) {
            Some(Ok(described)) => pages.extend(described.into_iter().next()),
            Some(Err(mut failures)) if !failures.is_empty() => return Err(failures.remove(0)),
            _ => {}
        }
    }
    Ok(pages)
}
