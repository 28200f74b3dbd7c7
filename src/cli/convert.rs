//! `convert`: Python for Belay as a script.
//!
//! Uses [`crate::convert`]. Invariant: an existing file is overwritten only with `--force`.

use super::arguments::{Check, Convert};
use super::console::Console;
use super::{check, misuse, python_file, reason};
use crate::bound;
use crate::convert::{Converted, convert};
use crate::diagnostic::{Diagnostic, Place};
use crate::disk;
use crate::error::Kind;
use crate::origin::Origin;
use crate::python::SourceError;
use crate::script::Sources;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The name of standard input and output.
const STREAM: &str = "-";

/// Converts a file and checks the result; returns the exit status.
///
/// # Errors
/// If the file cannot be read or is invalid Python, or the script cannot be written.
pub fn convert_file(options: &Convert, console: &Arc<Console>) -> Result<u8, Diagnostic> {
    let is_stream = options.file.as_os_str() == STREAM;
    let name = if is_stream { "<stdin>".to_owned() } else { options.file.display().to_string() };
    let output = match &options.output {
        Some(output) => output.clone(),
        None if is_stream => PathBuf::from(STREAM),
        None => options.file.with_extension("rhai"),
    };
    refuse_existing(&output, options)?;
    let text = match is_stream {
        true => {
            disk::input(bound::SCRIPT).map_err(|error| super::unread("standard input", &error, "check the pipe"))?
        }
        false => python_file::read(&options.file)?,
    };
    let sources = Sources::default();
    sources.insert(&name, &text);
    let folder = options.file.parent().unwrap_or(Path::new("")).to_owned();
    let beside = |module: &str| disk::read_text(&folder.join(module).with_extension("py"), bound::SCRIPT).ok();
    let converted = match convert(&name, &text, &beside) {
        Ok(converted) => converted,
        Err(error) => return Ok(super::report_failures(console, &[invalid(&name, &error)], &sources)),
    };
    for report in &converted.reports {
        let warning = Diagnostic { is_warning: true, ..invalid(&name, report) };
        console.diagnostic(&warning, &sources);
    }
    write(&output, &converted, options, console)
}

/// Invalid Python, or what was left out, at its line.
fn invalid(name: &str, error: &SourceError) -> Diagnostic {
    let place = Place { origin: Origin::new(name, error.line + 1, 0), label: String::new() };
    let help = Some(error.help.clone()).filter(|help| !help.is_empty());
    Diagnostic { places: vec![place], help, ..Diagnostic::new(Kind::ParseError, error.message.clone()) }
}

/// Refuses early, before anything is read.
fn refuse_existing(output: &Path, options: &Convert) -> Result<(), Diagnostic> {
    let is_there = output.as_os_str() != STREAM && output.symlink_metadata().is_ok();
    if !is_there || options.force {
        return Ok(());
    }
    let message = format!("`{}` already exists", output.display());
    Err(misuse(message, "use `--force` to overwrite it, or name another file with `-o`"))
}

/// Writes the script and checks it; returns the status of `check`.
fn write(output: &Path, converted: &Converted, options: &Convert, console: &Arc<Console>) -> Result<u8, Diagnostic> {
    if output.as_os_str() == STREAM {
        console.text(&converted.script);
        return check::check_text("<stdout>", &converted.script, console);
    }
    // `create` also refuses a file that has appeared since.
    let write = if options.force { disk::replace } else { disk::create };
    write(output, converted.script.as_bytes()).map_err(|error| {
        let help = if error.kind() == ErrorKind::AlreadyExists { "use `--force`" } else { "check the path" };
        misuse(format!("`{}` cannot be written: {}", output.display(), reason(&error)), help)
    })?;
    let shown = output.display();
    console.text(&format!("wrote `{shown}`: {}\n", summary(converted)));
    let folder = output.parent().unwrap_or(Path::new(""));
    for module in &converted.modules {
        if !folder.join(module).with_extension("rhai").exists() {
            console.text(&format!("it imports `{module}.rhai`: convert `{module}.py`, too\n"));
        }
    }
    check::check(&Check::of(output), console)
}

/// `1 class, 3 items; 4 lines of host code are comments`.
fn summary(converted: &Converted) -> String {
    let plural = |count: usize, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
    let made = [plural(converted.classes, "class", "classes"), plural(converted.items, "item", "items")].join(", ");
    match converted.host_lines {
        0 => made,
        1 => format!("{made}; 1 line of host code is a comment"),
        lines => format!("{made}; {lines} lines of host code are comments"),
    }
}
