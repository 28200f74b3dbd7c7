//! Finds and reads the station file, whose boards become options of the host.
//!
//! Uses [`crate::bench::station`]. Invariant: an existing file is always read, and a mistake in it is always an error.

use super::arguments::station::Station as Options;
use super::arguments::{Allowed, Noting};
use super::{configuration, trust, unread};
use crate::bench::station::{FILE, Station, Trust};
use crate::bound;
use crate::device::wiring::known_property;
use crate::device::{HostOptions, NamedBoard, NamedInstrument};
use crate::diagnostic::{Diagnostic, Place};
use crate::disk;
use crate::error::Kind;
use crate::gate::{Gate, Permissions};
use crate::instrument::InstrumentAddress;
use crate::instrument::simulated::{SimInstrument, built_in};
use crate::instrument::wiring::End;
use crate::origin::Origin;
use crate::packages::project::Project;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Reads the station's file, if there is one; returns it, and `host` with its boards.
///
/// # Errors
/// If the file that was named is not there, or anything in it is wrong.
pub fn prepare(
    host: HostOptions,
    options: &Options,
    script: Option<&Path>,
) -> Result<(HostOptions, Option<Arc<Station>>), Diagnostic> {
    let simulated = options.simulate;
    let Some(station) = load(options, script)? else { return Ok((HostOptions { simulated, ..host }, None)) };
    let file = PathBuf::from(&station.file);
    if station.trust == Trust::Changed {
        let text = "`FILE` has changed since you trusted it: read it, then run `belay-script trust DIR`";
        let folder = folder_of(&file).display().to_string();
        host.output.notice(&text.replace("FILE", &station.file).replace("DIR", &folder));
    }
    let untrusted = (station.trust != Trust::Trusted).then_some(file);
    let gate = match untrusted {
        Some(_) => Gate::of_person_with(configuration::permissions()?),
        None => host.gate,
    };
    let boards = station.boards.iter().map(|(name, board)| {
        let known = NamedBoard {
            port: board.address(name, options.simulate),
            line: board.line.clone(),
            attempts: board.attempts,
            timeout: board.timeout,
            untrusted: untrusted.clone(),
        };
        (name.clone(), known)
    });
    let boards = boards.collect();
    let instruments = station.instruments.iter().map(|(name, instrument)| {
        let address = instrument.address(options.simulate);
        let known = NamedInstrument { address, options: instrument.options.clone(), untrusted: untrusted.clone() };
        (name.clone(), known)
    });
    let instruments = instruments.collect();
    let wires = station.wiring.clone();
    Ok((HostOptions { simulated, gate, boards, instruments, wires, ..host }, Some(Arc::new(station))))
}

/// The station file of a script, to notice when it changes.
pub struct StationFile {
    options: Options,
    script: Option<PathBuf>,
    /// The file and its text, as last read; `None`: there was none.
    known: Option<(PathBuf, String)>,
}

impl StationFile {
    /// Reads the file as it is now.
    pub fn new(options: &Options, script: Option<&Path>) -> StationFile {
        let mut file = StationFile { options: options.clone(), script: script.map(Path::to_owned), known: None };
        file.known = file.now();
        file
    }

    fn now(&self) -> Option<(PathBuf, String)> {
        let file = self.options.file.clone().or_else(|| find(self.script.as_deref()))?;
        let text = read(&file).ok()?;
        Some((file, text))
    }

    /// The file, if it is another one than when it was last read, or new. A missing or empty file is ignored: editors are about to
    /// write it.
    pub fn changed(&self) -> Option<PathBuf> {
        let now = self.now().filter(|(_, text)| !text.is_empty())?;
        (self.known.as_ref() != Some(&now)).then_some(now.0)
    }

    /// Reads it again; returns it, and `host` with its boards.
    ///
    /// # Errors
    /// As [`prepare`].
    pub fn again(&mut self, host: HostOptions) -> Result<(HostOptions, Option<Arc<Station>>), Diagnostic> {
        let now = self.now();
        let prepared = prepare(host, &self.options, self.script.as_deref())?;
        self.known = now;
        Ok(prepared)
    }

    /// The folders in which it is, or may appear.
    pub fn folders(&self) -> Vec<PathBuf> {
        let own = |file: &Path| folder_of(file).to_owned();
        match &self.options.file {
            Some(file) => vec![own(file)],
            None => self.script.iter().map(|script| own(script)).chain([PathBuf::from(".")]).collect(),
        }
    }
}

fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The station of the current folder.
///
/// # Errors
/// If anything in its file is wrong.
pub fn here() -> Result<Option<Station>, Diagnostic> {
    load(&Options::default(), None)
}

fn load(options: &Options, script: Option<&Path>) -> Result<Option<Station>, Diagnostic> {
    let (file, is_named) = match &options.file {
        Some(file) => {
            super::readable(file)?;
            (file.clone(), true)
        }
        None => match find(script) {
            Some(file) => (file, false),
            None => return Ok(None),
        },
    };
    let text = read(&file)?;
    let mut station = Station::parse(&file, &text).map_err(|problem| *problem)?;
    Project::check_station(&file, &text).map_err(|error| Diagnostic::from_error(&error))?;
    check_wiring(&station)?;
    if !is_named {
        station.trust = trust::of(&file, &text);
    }
    Ok(Some(station))
}

/// Checks that simulated instruments have the properties that wires name, as far as their files can be read.
fn check_wiring(station: &Station) -> Result<(), Diagnostic> {
    for wire in &station.wiring {
        for end in [&wire.from, &wire.to] {
            let End::Property { of, name } = end else { continue };
            let sim = station.instruments.iter().find(|(known, _)| known == of).map(|(_, of)| of.address(true));
            let Some(Ok(InstrumentAddress::Simulated(path))) = sim.map(|address| address.parse()) else { continue };
            let text = match built_in(&path) {
                Some(text) => Some(text.to_owned()),
                None => disk::read_text_named(Path::new(&path), bound::SETTINGS).ok(),
            };
            // What is wrong with the file itself is said when it is opened.
            let Some(simulated) = text.and_then(|text| SimInstrument::parse(&path, &text).ok()) else { continue };
            known_property(of, name, &simulated).map_err(|error| {
                let place = Place { origin: Origin::new(station.file.as_str(), wire.line, 0), label: String::new() };
                Diagnostic { places: vec![place], ..Diagnostic::from_error(&error) }
            })?;
        }
    }
    Ok(())
}

/// The folder for reports of the station, if it has one and no other reports are asked for.
///
/// # Errors
/// As [`prepare`]; PermissionError if a file that nobody trusts names a folder that scripts may not use.
pub fn reports(
    options: &Options,
    script: Option<&Path>,
    allowed: &Allowed,
    noting: &Noting,
) -> Result<Option<PathBuf>, Diagnostic> {
    let Some(station) = load(options, script)? else { return Ok(None) };
    let Some(folder) = station.reports.clone().filter(|_| noting.keeps()) else { return Ok(None) };
    if station.trust == Trust::Trusted {
        return Ok(Some(folder));
    }
    let gate = Gate::of_scripts(permissions(allowed, None)?).for_script(Path::new(&station.file));
    match gate.write(&folder.to_string_lossy()) {
        Ok(_) => Ok(Some(folder)),
        Err(_) => {
            let (file, of) = (&station.file, folder_of(Path::new(&station.file)).display());
            let message = format!("`{file}`, which you have not trusted, keeps reports in `{}`", folder.display());
            Err(Diagnostic {
                help: Some(format!(
                    "read the file; then trust it with `belay-script trust {of}`, or do without with `--no-reports`"
                )),
                ..Diagnostic::new(Kind::PermissionError, message)
            })
        }
    }
}

/// Permissions of scripts: those of the configuration and the command line, and the report folder of a station that
/// the user trusts.
///
/// # Errors
/// If the configuration is wrong.
pub fn permissions(allowed: &Allowed, station: Option<&Station>) -> Result<Permissions, Diagnostic> {
    let mut permissions = configuration::permissions()?;
    permissions.merge(allowed.permissions());
    let trusted = station.filter(|station| station.trust == Trust::Trusted);
    permissions.folders.extend(trusted.and_then(|station| station.reports.clone()));
    Ok(permissions)
}

/// The file next to the script, else the one in the current folder.
fn find(script: Option<&Path>) -> Option<PathBuf> {
    let beside = script.and_then(Path::parent).map(|folder| folder.join(FILE));
    beside.into_iter().chain([PathBuf::from(FILE)]).find(|file| file.is_file())
}

/// The names of the boards of the script's station, without a word if there is none.
pub fn board_names(script: Option<&Path>) -> Vec<String> {
    let station = find(script).and_then(|file| Station::parse(&file, &read(&file).ok()?).ok());
    station.into_iter().flat_map(|station| station.boards).map(|(name, _)| name).collect()
}

/// The text of a station's file.
///
/// # Errors
/// If it cannot be read, or is not UTF-8.
pub fn read(file: &Path) -> Result<String, Diagnostic> {
    disk::read_text_named(file, bound::SETTINGS)
        .map_err(|error| unread(&format!("`{}`", file.display()), &error, "use TOML in UTF-8"))
}
