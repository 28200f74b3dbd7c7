//! The gate: what a script may access on this computer and its network.
//!
//! Every access on behalf of a script (to a file, a program, an environment variable, a port, a network host) is checked by
//! a [`Gate`] first, in the layer that performs it: `script/` asks before it touches a path, `device/` before it opens a
//! port, `sync/` and the mounted folder have a [`Confines`] and check each symlink.
//!
//! Uses [`crate::port`], [`crate::disk`] and [`crate::error`]. Invariants: a gate is immutable; a refusal is a
//! [`Kind::PermissionError`] that names the option to allow the access; a check does not open, create or start anything.
//! `tests/library/layers.rs` checks that `script/` does not use `fs`, `env`, `net` or `Command` outside of tests.

mod confines;
mod files;
mod permissions;
mod program;

pub use confines::Confines;
pub use files::{Readable, Writable};
pub use permissions::{Grant, Permissions};
pub use program::Program;

use crate::error::{Error, Kind, Result};
use crate::port::address::Address;
use crate::port::endpoint::Endpoint;
use crate::port::reach::Reach;
use crate::port::stream::StreamAddress;
use std::path::{Path, PathBuf};

/// Who names a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asker<'a> {
    /// The user: `--port`, `BELAY_DEVICE`, a station's file that they named or trusted.
    Person,
    /// A script.
    Script,
    /// An untrusted station's file that was found next to a script.
    Station(&'a Path),
}

/// The permissions of one script.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gate {
    /// `None`: everything, for actions of the user without a script.
    permissions: Option<Permissions>,
    /// The permissions of an untrusted station, for actions of the user without a script.
    strict: Permissions,
    /// The absolute folder of the script; `None` for typed code.
    script: Option<PathBuf>,
}

/// An access to a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    Read,
    Write,
}

/// What a script opens a port for.
#[derive(Clone, Copy)]
enum Opened {
    Board,
    /// An instrument or a console.
    Stream,
}

impl Opened {
    /// What a person can do in place of a permission.
    fn otherwise(self, address: &str) -> String {
        match self {
            Opened::Board => format!("name the port with `--port {}`", shown(address)),
            Opened::Stream => "name it in the station".to_owned(),
        }
    }
}

impl Gate {
    /// A gate for actions of the user, which allows everything.
    pub fn of_person() -> Gate {
        Gate::default()
    }

    /// Like [`Gate::of_person`], but untrusted stations have these permissions.
    pub fn of_person_with(strict: Permissions) -> Gate {
        Gate { strict, ..Gate::default() }
    }

    /// A gate for scripts with these permissions.
    pub fn of_scripts(permissions: Permissions) -> Gate {
        Gate { permissions: Some(permissions), ..Gate::default() }
    }

    /// The same gate with other permissions.
    pub fn with_permissions(&self, permissions: Permissions) -> Gate {
        Gate { permissions: Some(permissions), ..self.clone() }
    }

    /// The same gate for the script at `path`, which may use its folder.
    pub fn for_script(&self, path: &Path) -> Gate {
        let folder = path.parent().map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
        Gate { script: folder.and_then(|folder| folder.canonicalize().ok()), ..self.clone() }
    }

    /// The absolute folder of the script, else the current one.
    pub fn here(&self) -> PathBuf {
        self.script.clone().or_else(|| std::env::current_dir().ok()).unwrap_or_else(|| PathBuf::from("."))
    }

    /// The folders in which a script may use files; `None`: everywhere.
    pub fn confines(&self) -> Option<Confines> {
        let permissions = self.permissions.as_ref()?;
        let Grant::Only(allowed) = &permissions.files else { return None };
        let own = std::env::current_dir().ok().into_iter().chain(self.script.clone());
        let folders = allowed.iter().chain(&permissions.folders).cloned().chain(own);
        Some(Confines::new(folders.collect(), permissions.protected.clone()))
    }

    /// Checks that a path may be read.
    ///
    /// # Errors
    /// [`Kind::PermissionError`]; [`Kind::ArgumentError`] if it is empty or contains a NUL.
    pub fn read(&self, path: &str) -> Result<Readable> {
        self.path(path, Access::Read).map(Readable::new)
    }

    /// Checks that a path may be written or created.
    ///
    /// # Errors
    /// As [`Gate::read`].
    pub fn write(&self, path: &str) -> Result<Writable> {
        self.path(path, Access::Write).map(Writable::new)
    }

    fn path(&self, path: &str, access: Access) -> Result<PathBuf> {
        if path.is_empty() || path.contains('\0') {
            let what = if path.is_empty() { "the path is empty" } else { "the path contains a NUL character" };
            return Err(Error::new(Kind::ArgumentError, what).with_help("use the path of a file"));
        }
        let wanted = Path::new(path);
        match self.confines() {
            None => Ok(wanted.to_owned()),
            Some(confines) => confines.admit(wanted, access == Access::Write),
        }
    }

    /// Checks that a program may be started. `name`: as written, a name on PATH or a path.
    ///
    /// # Errors
    /// [`Kind::PermissionError`].
    pub fn program(&self, name: &str) -> Result<Program> {
        let allowed = match self.permissions.as_ref().map(|permissions| &permissions.process) {
            None | Some(Grant::All) => true,
            Some(Grant::Only(programs)) => programs.iter().any(|program| program::is_same(program, name)),
        };
        match allowed {
            true => Ok(Program::new(name)),
            false => Err(refused(format!("scripts may not start `{name}`")).with_help(format!(
                "allow it with `--allow process={}`, or all programs with `--allow process`",
                shown(name)
            ))),
        }
    }

    /// The value of an environment variable; `None` if it is not set, or not UTF-8.
    ///
    /// # Errors
    /// [`Kind::PermissionError`].
    pub fn variable(&self, name: &str) -> Result<Option<String>> {
        let allowed = match self.permissions.as_ref().map(|permissions| &permissions.env) {
            None | Some(Grant::All) => true,
            Some(Grant::Only(names)) => names.iter().any(|known| known == name),
        };
        if !allowed {
            return Err(refused(format!("scripts may not read the environment variable `{name}`"))
                .with_help(format!("allow it with `--allow env={}`", shown(name))));
        }
        // A name that the system cannot look up, such as one with `=`, is not set.
        Ok(std::env::var(name).ok())
    }

    /// Checks that a port named by `asker` may be opened.
    ///
    /// # Errors
    /// [`Kind::PermissionError`]; [`Kind::ConnectionFailedError`] for a path that is not a serial port.
    pub fn port(&self, address: &Address, asker: Asker<'_>) -> Result<()> {
        self.asked(&address.to_string(), asker, |gate| gate.reach(address, Opened::Board))
    }

    /// Checks what opening `address` reaches, if the asker needs a permission for it.
    fn asked(&self, address: &str, asker: Asker<'_>, check: impl Fn(&Gate) -> Result<()>) -> Result<()> {
        if asker == Asker::Person || self.permissions.is_none() && asker == Asker::Script {
            return Ok(());
        }
        // An untrusted station needs a check even without a script.
        let strict = match &self.permissions {
            None => Gate::of_scripts(self.strict.clone()),
            Some(_) => self.clone(),
        };
        check(&strict).map_err(|error| at_station(error, address, asker))
    }

    /// Checks that a stream to an instrument or a console, named by `asker`, may be opened.
    ///
    /// # Errors
    /// As [`Gate::port`].
    pub fn stream(&self, address: &StreamAddress, asker: Asker<'_>) -> Result<()> {
        match address {
            StreamAddress::Port(address) => {
                self.asked(&address.to_string(), asker, |gate| gate.reach(address, Opened::Stream))
            }
            StreamAddress::Hislip(address) => {
                let shown = address.to_string();
                self.asked(&shown, asker, |gate| gate.host(&address.endpoint, &shown, Opened::Stream))
            }
            StreamAddress::UsbTmc(_) if asker == Asker::Person || self.permissions.is_none() => Ok(()),
            StreamAddress::UsbTmc(_) => address.reach().map(drop),
        }
    }

    fn reach(&self, address: &Address, opened: Opened) -> Result<()> {
        match address.reach()? {
            Reach::Nothing => Ok(()),
            // A program on this computer is at the other end, such as another terminal of the user.
            Reach::Terminal(path) => self.write(path).map(drop).map_err(|error| {
                let message = format!("`{path}` is a pseudo-terminal, not a board's serial port");
                Error::new(error.kind(), message).with_help(format!(
                    "allow it with `--allow files={}`, or {}",
                    shown(&real(path)),
                    opened.otherwise(path)
                ))
            }),
            Reach::Command(command) => self.command(command, &address.to_string(), opened),
            Reach::Writes(files) => {
                files.into_iter().try_for_each(|file| self.write(&file.to_string_lossy()).map(drop))
            }
            Reach::Reads(file) => self.read(file).map(drop),
            Reach::Host(endpoint) => self.host(endpoint, &address.to_string(), opened),
        }
    }

    /// Checks that a network host may be connected to.
    fn host(&self, endpoint: &Endpoint, address: &str, opened: Opened) -> Result<()> {
        let allowed = match self.permissions.as_ref().map(|permissions| &permissions.net) {
            None | Some(Grant::All) => true,
            Some(Grant::Only(hosts)) => hosts.iter().any(|host| permissions::is_host(host, endpoint)),
        };
        match allowed {
            true => Ok(()),
            false => Err(refused(format!("scripts may not connect to `{address}`"))
                .with_help(format!("allow it with `--allow net={endpoint}`, or {}", opened.otherwise(address)))),
        }
    }

    /// Checks that an `http://` or `https://` address may be fetched.
    ///
    /// # Errors
    /// [`Kind::PermissionError`]; [`Kind::ArgumentError`] if it has no host.
    pub fn web(&self, url: &str) -> Result<()> {
        if self.permissions.is_none() {
            return Ok(());
        }
        let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let endpoint = Endpoint::parse("https://", authority, Some(if scheme == "https" { 443 } else { 80 }))?;
        self.host(&endpoint, url, Opened::Stream).map_err(|error| match error.kind() {
            Kind::PermissionError => refused(format!("scripts may not fetch `{url}`"))
                .with_help(format!("allow it with `--allow net={}`", endpoint.host)),
            _ => error,
        })
    }

    /// Lets a port be opened that starts a line for the shell, which can do more than start one program.
    fn command(&self, command: &str, address: &str, opened: Opened) -> Result<()> {
        let help = format!("allow it with `--allow process`, or {}", opened.otherwise(address));
        let may = match self.permissions.as_ref().map(|permissions| &permissions.process) {
            None | Some(Grant::All) => true,
            Some(Grant::Only(_)) => program::plain_words(command).is_some_and(|program| self.program(program).is_ok()),
        };
        match may {
            true => Ok(()),
            false => Err(refused(format!("scripts may not start the program of `{address}`")).with_help(help)),
        }
    }
}

fn refused(message: String) -> Error {
    Error::new(Kind::PermissionError, message)
}

/// A resolved path, for display.
fn real(path: &str) -> String {
    Path::new(path).canonicalize().map_or_else(|_| path.to_owned(), |real| real.to_string_lossy().into_owned())
}

/// A word in command line syntax.
fn shown(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_./:=+-@,%\\".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.to_owned() } else { format!("'{word}'") }
}

/// The error for an untrusted station's file.
fn at_station(error: Error, address: &str, asker: Asker<'_>) -> Error {
    let Asker::Station(file) = asker else { return error };
    if error.kind() != Kind::PermissionError {
        return error;
    }
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let file = file.display();
    refused(format!("`{file}`, which you have not trusted, opens the port `{address}`")).with_help(format!(
        "read the file; then trust it with `belay-script trust {}`, or name it with `--station {file}`",
        shown(&folder.to_string_lossy())
    ))
}

#[cfg(test)]
mod tests;
