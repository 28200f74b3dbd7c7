//! `sync`: makes a board's files equal to a folder.
//!
//! Uses [`crate::sync`]. Invariant: standard output has one line a step and a line that sums up, or the JSON.

use super::arguments::{Sync, SyncChoice};
use super::console::Console;
use super::{misuse, session};
use crate::device::{Device, OpenOptions, Output as _};
use crate::diagnostic::Diagnostic;
use crate::error::Error;
use crate::phrase::count;
use crate::script::Sources;
use crate::sync::{Keep, Local, Outcome, Step, SyncOptions, sync};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;

/// Makes the board's files equal to a folder. Returns the exit status.
///
/// # Errors
/// If the folder cannot be read.
pub fn command(command: &Sync, console: &Arc<Console>) -> Result<u8, Diagnostic> {
    // Before the board is used.
    let local = local(&command.folder, &command.choice, console)?;
    let opening = OpenOptions { auto_sync_time: false, startup: Some(String::new()), ..OpenOptions::default() };
    let sources = Sources::default();
    session::with_board(console, &command.connection, &command.limit, opening, &sources, |device| {
        carry_out(device, local, &command.choice, console, &sources)
    })
}

/// The files to send. Prints remarks about them.
///
/// # Errors
/// If the folder cannot be read, or the options contradict it.
pub fn local(folder: &Path, choice: &SyncChoice, console: &Console) -> Result<Local, Diagnostic> {
    let options = options(choice);
    let wrong = |error: Error| misuse(error.message(), error.help().unwrap_or_default());
    options.kept(false).map_err(wrong)?;
    let local = Local::read(folder, &options).map_err(wrong)?;
    if !choice.quiet {
        for remark in &local.remarks {
            console.notice(&remark.to_string());
        }
    }
    Ok(local)
}

/// Sends the files, and prints the steps. The texts of invalid Python files go into `sources`.
///
/// # Errors
/// Of the board, or of a file.
pub fn carry_out(
    device: &Device,
    local: Local,
    choice: &SyncChoice,
    console: &Console,
    sources: &Sources,
) -> Result<(), Error> {
    let outcome = sync(device, local, &options(choice), &mut |transfer| {
        if !choice.quiet {
            console.transfer(device.name(), transfer);
        }
    });
    let outcome = outcome.inspect_err(|error| sources.insert_python(error))?;
    if choice.json {
        console.text(&format!("{:#}\n", as_json(&outcome, choice.dry_run)));
    } else if !choice.quiet {
        console.text(&as_text(&outcome, choice.dry_run));
    }
    Ok(())
}

fn options(command: &SyncChoice) -> SyncOptions {
    let list = |given: &Vec<String>, none: bool| match (given.as_slice(), none) {
        ([], false) => None,
        (given, _) => Some(given.to_vec()),
    };
    SyncOptions {
        dst: command.dst.clone(),
        keep: list(&command.keep, command.empty_keep).map_or(Keep::Default, Keep::Only),
        ignore: list(&command.ignore, command.empty_ignore),
        minify: !command.no_minify,
        mpy_cross: command.mpy_cross_binary.clone(),
        delete: !command.no_delete,
        dry_run: command.dry_run,
        confines: None,
    }
}

fn as_text(outcome: &Outcome, dry_run: bool) -> String {
    let mut text: String = outcome.steps.iter().map(|step| format!("{step}\n")).collect();
    let (sent, removed) = outcome.counts();
    let files = |number: usize| count(number, "file");
    text += &match (outcome.steps.is_empty(), dry_run) {
        (true, _) => format!("nothing to do: {} up to date\n", files(outcome.unchanged)),
        (false, true) => format!(
            "would send {} ({} bytes) and remove {}; {} unchanged\n",
            files(sent),
            outcome.bytes,
            files(removed),
            outcome.unchanged
        ),
        (false, false) => format!(
            "sent {} ({} bytes), removed {}; {} unchanged\n",
            files(sent),
            outcome.bytes,
            files(removed),
            outcome.unchanged
        ),
    };
    text
}

fn as_json(outcome: &Outcome, dry_run: bool) -> serde_json::Value {
    let step = |step: &Step| match step {
        Step::MakeRoom(path) => json!({ "do": "make room", "path": path }),
        Step::MakeDirectory(path) => json!({ "do": "make directory", "path": path }),
        Step::Add(path, size) => json!({ "do": "add", "path": path, "size": size }),
        Step::Replace(path, size) => json!({ "do": "replace", "path": path, "size": size }),
        Step::Remove(path) => json!({ "do": "remove", "path": path }),
        Step::RemoveDirectory(path) => json!({ "do": "remove directory", "path": path }),
    };
    json!({
        "dry_run": dry_run,
        "steps": outcome.steps.iter().map(step).collect::<Vec<_>>(),
        "unchanged": outcome.unchanged,
        "bytes": outcome.bytes,
        "remarks": outcome.remarks.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}
