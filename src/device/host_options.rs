//! The options of a host.
//!
//! Invariant: plain data, which does not change while the host exists.

use crate::device::instrument_registry::NamedInstrument;
use crate::device::mount::Mount;
use crate::device::named::NamedBoard;
use crate::device::output::{Output, Silent};
use crate::device::person::Terminal;
use crate::device::profile::Profile;
use crate::error::Result;
use crate::gate::Gate;
use crate::instrument::wiring::Wire;
use crate::port::options::LineOptions;
use crate::port::trace::Recorder;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The options of a [`Host`](crate::device::Host).
#[derive(Clone)]
pub struct HostOptions {
    /// Receives the boards' output.
    pub output: Arc<dyn Output>,
    /// The port of devices whose `open` names none, in any form (`--port`). `None`: `BELAY_DEVICE`, else the only board.
    pub port: Option<String>,
    /// The line and the login of devices whose `open` does not set them (`--baudrate`, `--user`, `--password-file`).
    pub line: LineOptions,
    /// Boards that can be opened by name in place of a port.
    pub boards: Vec<(String, NamedBoard)>,
    /// Instruments that can be opened by name in place of an address.
    pub instruments: Vec<(String, NamedInstrument)>,
    /// What simulated instruments and boards with these names are wired to.
    pub wires: Vec<Wire>,
    /// Simulates every board, whatever its port, except recordings and processes (`--simulate`).
    pub simulated: bool,
    /// Records the traffic of all ports (`--record`).
    pub recorder: Option<Recorder>,
    /// Measures where the time goes (`--profile`).
    pub profile: Option<Profile>,
    /// Whether calls that come one after another go without compiling, where the board can ([`crate::board::resident`]).
    pub resident: bool,
    /// The folder in which the host remembers between runs which boards have everything loaded. `None`: it does not.
    pub cache: Option<PathBuf>,
    /// The interactive terminal for [`Device::terminal`](crate::device::Device::terminal). `None`: not available.
    pub terminal: Option<Arc<dyn Terminal>>,
    /// The folder that every device mounts on opening (`--mount`).
    pub mount: Option<HostMount>,
    /// What may be opened.
    pub gate: Gate,
    /// The script's arguments on the command line: the user has named the ports among them.
    pub args: Vec<String>,
}

impl Default for HostOptions {
    /// The only board, on which everything is allowed; its output is ignored, and nothing is recorded or mounted.
    fn default() -> HostOptions {
        HostOptions::new(Arc::new(Silent))
    }
}

impl HostOptions {
    /// The defaults, with a receiver of the boards' output.
    pub fn new(output: Arc<dyn Output>) -> HostOptions {
        HostOptions {
            output,
            port: None,
            line: LineOptions::default(),
            boards: Vec::new(),
            instruments: Vec::new(),
            wires: Vec::new(),
            simulated: false,
            recorder: None,
            profile: None,
            resident: true,
            cache: None,
            terminal: None,
            mount: None,
            gate: Gate::of_person(),
            args: Vec::new(),
        }
    }

    /// Whether the command line names this port.
    pub(super) fn is_named(&self, port: &str) -> bool {
        self.port.as_deref() == Some(port) || self.args.iter().any(|arg| arg == port)
    }

    /// Whether this is the name of a board.
    pub(super) fn is_of_station(&self, port: &str) -> bool {
        self.boards.iter().any(|(name, _)| name == port.trim())
    }
}

/// A folder of this computer that exists, to be mounted at `/remote`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostMount {
    folder: PathBuf,
    is_writable: bool,
}

impl HostMount {
    /// The folder at this path. `is_writable`: boards may change it.
    ///
    /// # Errors
    /// ArgumentError if the folder does not exist.
    pub fn new(folder: &Path, is_writable: bool) -> Result<HostMount> {
        let mount = HostMount { folder: folder.to_owned(), is_writable };
        mount.mount().map(|_| mount)
    }

    /// The folder, as the user named it, and whether boards may change it.
    pub fn folder(&self) -> (&Path, bool) {
        (&self.folder, self.is_writable)
    }

    /// The mount of one device.
    ///
    /// # Errors
    /// ArgumentError if the folder is gone.
    pub(super) fn mount(&self) -> Result<Mount> {
        Mount::new(&self.folder, self.is_writable, None)
    }
}
