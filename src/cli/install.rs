//! `install`: packages for a board.
//!
//! Uses [`crate::packages`]. Invariant: standard output has a line for each package and one that sums up, or the JSON.

use super::arguments::Install;
use super::console::Console;
use super::evaluate::quiet_options;
use super::progress::Bar;
use super::session;
use crate::diagnostic::Diagnostic;
use crate::packages::source::versioned;
use crate::packages::{InstallOptions, Installed, install};
use crate::phrase::count;
use crate::script::Sources;
use serde_json::json;
use std::sync::Arc;

/// Installs packages; returns the exit status.
///
/// # Errors
/// If Ctrl-C cannot be watched.
pub fn command(options: &Install, console: &Arc<Console>) -> Result<u8, Diagnostic> {
    let packages: Vec<(String, String)> = options
        .packages
        .iter()
        .map(|text| versioned(text))
        .map(|(name, version)| (name.to_owned(), version.to_owned()))
        .collect();
    let choice =
        InstallOptions { target: options.target.clone(), no_mpy: options.no_mpy, index: options.index.clone() };
    let session = &options.session;
    let (connection, limit) = (&session.connection, &session.limit);
    session::with_board(console, connection, limit, quiet_options(session), &Sources::default(), |device| {
        let bar = if options.quiet { Bar::none(console) } else { Bar::new(console, "installing", 0) };
        let installed = install(device, &packages, &choice, &mut |name, bytes| {
            bar.message(name);
            bar.set(bytes);
        });
        drop(bar);
        let installed = installed?;
        if options.json {
            console.text(&as_json(&installed));
        } else if !options.quiet {
            console.text(&as_text(&installed));
        }
        Ok(())
    })
}

fn as_text(installed: &Installed) -> String {
    let line = |(name, version): &(String, String)| format!("{name} {version}").trim_end().to_owned() + "\n";
    let text: String = installed.packages.iter().map(line).collect();
    let files = count(installed.written.len(), "file");
    let Installed { target, unchanged, bytes, .. } = installed;
    format!("{text}installed {files} ({bytes} bytes) in :{target}; {unchanged} unchanged\n")
}

fn as_json(installed: &Installed) -> String {
    let package = |(name, version): &(String, String)| json!({ "name": name, "version": version });
    let value = json!({
        "packages": installed.packages.iter().map(package).collect::<Vec<_>>(),
        "target": installed.target,
        "written": installed.written,
        "unchanged": installed.unchanged,
        "bytes": installed.bytes,
    });
    format!("{value:#}\n")
}
