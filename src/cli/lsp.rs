//! `lsp`: the language server for editors.
//!
//! Uses [`crate::lsp`]. Invariant: only the protocol is written to standard output.

use super::arguments::{Allowed, Lsp};
use super::{memory, station};
use crate::device::{Host, HostOptions};
use crate::diagnostic::Diagnostic;
use crate::lsp::{Settled, Silent, serve};
use crate::script::{OpenTexts, RunOptions, Runner};
use std::path::Path;
use std::sync::Arc;

/// Serves one editor; returns the exit status.
pub fn lsp(options: &Lsp) -> u8 {
    let allowed = options.allowed.clone();
    serve(Arc::new(move |script: &Path, open| settle(script, open, &allowed)))
}

/// What surrounds a script, as for `check`.
///
/// # Errors
/// If the station's file or the configuration is wrong.
fn settle(script: &Path, open: OpenTexts, allowed: &Allowed) -> Result<Settled, Diagnostic> {
    let (host, station) = station::prepare(HostOptions::new(Arc::new(Silent)), &Default::default(), Some(script))?;
    let permissions = station::permissions(allowed, station.as_deref())?;
    let options = RunOptions {
        permissions,
        memory: memory::limit(allowed),
        station: station.clone(),
        open,
        ..RunOptions::default()
    };
    Ok(Settled { runner: Runner::new(Host::new(host), Arc::new(Silent), options), station })
}
