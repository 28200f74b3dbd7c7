//! `report`: generates reports from a `--jsonl` log.
//!
//! Invariant: a truncated log still gives a report.

use super::{signable, write};
use crate::bench::archive::Archiver;
use crate::cli::arguments::{ReportOf, Reporting};
use crate::cli::console::Console;
use crate::cli::signing::Signer;
use crate::cli::{misuse, readable, report, report_failures, signals, unread};
use crate::diagnostic::Diagnostic;
use crate::disk;
use crate::script::Sources;
use std::io::{self, BufReader};
use std::sync::Arc;

/// Writes the requested reports; without any, prints a summary. Returns the exit status: 1 after failures.
///
/// # Errors
/// If the file cannot be read, or contains no events.
pub fn report_of(options: &ReportOf, console: &Arc<Console>) -> Result<u8, Diagnostic> {
    readable(&options.file)?;
    let signer = match &options.sign {
        Some(key) => {
            signals::watch()?;
            signable(None, &options.reporting)?;
            Some(Signer::load(key, console)?)
        }
        None => None,
    };
    let shown = options.file.display();
    let unreadable = |error: io::Error| unread(&format!("`{shown}`"), &error, "check the path");
    let read = disk::open_named(&options.file).and_then(|log| Archiver::read(BufReader::new(log)));
    let archiver = read.map_err(unreadable)?;
    if archiver.is_empty() {
        return Err(misuse(format!("`{shown}` contains no events"), "name a file that `--jsonl` wrote"));
    }
    let archive = archiver.finish().map_err(unreadable)?;
    let good = archive.runs().all(|run| run.head().outcome.is_good());
    let several = archive.runs().count() > 1;
    let mut print = |text: &str| {
        if !text.is_empty() {
            console.text(text);
        }
    };
    if options.reporting == Reporting::default() {
        for run in archive.runs() {
            report::whole(run, console.colour(), several, &mut print).map_err(unreadable)?;
        }
    }
    let failures = write(&options.reporting, &archive, several, signer.as_ref(), console);
    let failed = report_failures(console, &failures, &Sources::default());
    Ok(if failed == 0 { u8::from(!good) } else { failed })
}
