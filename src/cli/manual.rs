//! `man`: manual pages, which packages install.
//!
//! Uses clap_mangen. Invariant: a page for each command that `--help` lists.

use super::arguments::{Arguments, Man};
use super::console::Console;
use super::generated::{self, Existing};
use crate::diagnostic::Diagnostic;
use clap::{Command, CommandFactory};

/// Writes the pages; returns the exit status.
///
/// # Errors
/// If they cannot be written.
pub fn manual(options: &Man, console: &Console) -> Result<u8, Diagnostic> {
    let made = generated::write(&options.folder, &pages(), Existing::Replace)?;
    console.text(&made.summary(&options.folder));
    Ok(0)
}

/// The pages: name of the file, and text.
fn pages() -> Vec<(String, String)> {
    let mut command = Arguments::command();
    command.build();
    let mut pages = Vec::new();
    collect(&command, &mut pages);
    pages
}

fn collect(command: &Command, pages: &mut Vec<(String, String)>) {
    let page = clap_mangen::Man::new(command.clone());
    let mut text = Vec::new();
    // A Vec takes everything.
    let _ = page.render(&mut text);
    pages.push((page.get_filename(), String::from_utf8_lossy(&text).into_owned()));
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        collect(below, pages);
    }
}
