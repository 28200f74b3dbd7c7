//! The station's file: found, read, made known to the host.
//!
//! Uses [`crate::bench::station`]. Invariant: a file that is there is read, and one with a mistake is never passed over.

use super::arguments::Allowed;
use super::arguments::station::Station as Options;
use super::{misuse, reason};
use crate::bench::station::{FILE, Station};
use crate::bound;
use crate::device::{Host, NamedBoard};
use crate::diagnostic::Diagnostic;
use crate::disk;
use crate::gate::Permissions;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Reads the station's file, if there is one, and makes its boards known to `host`.
///
/// # Errors
/// If the file that was named is not there, or anything in it is wrong.
pub fn prepare(host: &Host, options: &Options, script: Option<&Path>) -> Result<Option<Arc<Station>>, Diagnostic> {
    host.set_simulated(options.simulate);
    let Some(station) = load(options, script)? else { return Ok(None) };
    let boards = station.boards.iter().map(|(name, board)| {
        let known = NamedBoard {
            port: board.address(name, options.simulate),
            baudrate: board.baudrate,
            dtr: board.dtr,
            rts: board.rts,
            attempts: board.attempts,
            timeout: board.timeout,
            user: board.user.clone(),
            untrusted: None,
        };
        (name.clone(), known)
    });
    host.set_boards(boards.collect());
    Ok(Some(Arc::new(station)))
}

fn load(options: &Options, script: Option<&Path>) -> Result<Option<Station>, Diagnostic> {
    let found = match &options.file {
        Some(file) => {
            super::readable(file)?;
            Some(file.clone())
        }
        None => find(script),
    };
    let Some(file) = found else { return Ok(None) };
    Station::parse(&file, &read(&file)?).map(Some).map_err(|problem| *problem)
}

/// The folder for reports of the station, if it has one.
///
/// # Errors
/// As [`prepare`].
pub fn reports(options: &Options, script: Option<&Path>) -> Result<Option<PathBuf>, Diagnostic> {
    Ok(load(options, script)?.and_then(|station| station.reports))
}

/// What scripts may do: what the command line allows, and to use the station's folder for reports.
pub fn permissions(allowed: &Allowed, station: Option<&Station>) -> Permissions {
    let mut permissions = allowed.permissions();
    permissions.folders.extend(station.and_then(|station| station.reports.clone()));
    permissions
}

/// The file beside the script, else the one in the current folder.
fn find(script: Option<&Path>) -> Option<PathBuf> {
    let beside = script.and_then(Path::parent).map(|folder| folder.join(FILE));
    beside.into_iter().chain([PathBuf::from(FILE)]).find(|file| file.is_file())
}

/// The text of a station's file.
///
/// # Errors
/// If it cannot be read, or is no text.
pub fn read(file: &Path) -> Result<String, Diagnostic> {
    disk::read_text_named(file, bound::SETTINGS).map_err(|error| {
        misuse(
            format!("`{}` cannot be read: {}", file.display(), reason(&error)),
            "it takes UTF-8 text in the form of TOML",
        )
    })
}
