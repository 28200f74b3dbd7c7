//! `report`: reports of runs that `--jsonl` has written down.
//!
//! Invariant: a file that was cut off gives a report, too.

use super::write;
use crate::bench::report::from_lines;
use crate::cli::arguments::{ReportOf, Reporting};
use crate::cli::console::Console;
use crate::cli::{misuse, readable, reason, report, report_failures};
use crate::diagnostic::Diagnostic;
use crate::disk;
use crate::script::Sources;
use std::io::BufReader;
use std::sync::Arc;

/// Makes the reports; without one, says what the runs came to. Gives the exit status: 1 if something is not as expected.
///
/// # Errors
/// If the file cannot be read, or holds no events.
pub fn report_of(options: &ReportOf, console: &Arc<Console>) -> Result<u8, Diagnostic> {
    readable(&options.file)?;
    let shown = options.file.display();
    let read = disk::open_named(&options.file).and_then(|log| from_lines(BufReader::new(log)));
    let reports =
        read.map_err(|error| misuse(format!("`{shown}` cannot be read: {}", reason(&error)), "check the path"))?;
    if reports.is_empty() {
        return Err(misuse(format!("`{shown}` holds no events"), "name a file that `--jsonl` wrote"));
    }
    let good = reports.iter().all(|report| report.outcome.is_good());
    let Reporting { json, junit, html, csv } = &options.reporting;
    if json.is_none() && junit.is_none() && html.is_none() && csv.is_none() {
        let text: String = reports.iter().map(|run| report::whole(run, console.colour(), reports.len() > 1)).collect();
        console.text(&text);
    }
    let several = reports.len() > 1;
    let failures = write(&options.reporting, reports, several, console);
    let failed = report_failures(console, &failures, &Sources::default());
    Ok(if failed == 0 { u8::from(!good) } else { failed })
}
