//! Installs packages on a board.
//!
//! Invariant: everything is here and checked before the first change on the board; a file replaces the old one as a whole.

use super::fetch::{Fetcher, MOST};
use super::lock::Lock;
use super::project::Project;
use super::resolve::{PackageFile, Resolved, Wanted, resolve};
use super::source::{CIRCUP, is_name};
use super::{hexadecimal, written};
use crate::board::content::Upload;
use crate::board::digest::digest;
use crate::board::files::{Change, Hash};
use crate::board::identity::{ARCHITECTURES, Identity};
use crate::device::Device;
use crate::disk;
use crate::error::{Error, Kind, Result};
use crate::value::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// `sys.implementation.name` of CircuitPython.
const CIRCUITPYTHON: &str = "circuitpython";

/// How packages are installed.
#[derive(Clone, Debug, Default)]
pub struct InstallOptions {
    /// Directory of the board; `None`: the first `lib` of its `sys.path`.
    pub target: Option<String>,
    /// Source in place of compiled files.
    pub no_mpy: bool,
    /// Address of the index; `None`: MicroPython's, or CircuitPython's bundle on its boards.
    pub index: Option<String>,
    /// Address of a bundle; `None`: that of CircuitPython's makers.
    pub bundle: Option<String>,
}

/// The outcome.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Installed {
    /// Packages with their versions.
    pub packages: Vec<(String, String)>,
    /// The directory of the board.
    pub target: String,
    /// Files that were written.
    pub written: Vec<String>,
    /// Files that were there already.
    pub unchanged: usize,
    /// Bytes that were written.
    pub bytes: u64,
}

/// Called with what is being done, such as the target of a file, and how many bytes have passed.
pub type Progress<'a> = &'a mut dyn FnMut(&str, u64);

/// Installs `packages`, each a name and a version, which may be empty.
///
/// # Errors
/// Of the network, of a package, of the board. Nothing has changed unless the error is one of writing to the board.
pub fn install(
    device: &Device,
    packages: &[(String, String)],
    options: &InstallOptions,
    fetcher: &Fetcher,
    progress: Progress<'_>,
) -> Result<Installed> {
    let identity = device.identity().unwrap_or_default();
    let target = match &options.target {
        Some(target) => normal(target)?,
        None => library(device)?,
    };
    let index = options.index.as_deref().unwrap_or(super::INDEX).trim_end_matches('/');
    let mpy = identity.mpy.map(|(version, _)| version).filter(|_| !options.no_mpy);
    let is_circuitpython = identity.name == CIRCUITPYTHON;
    let wanted = Wanted {
        index,
        mpy,
        bundle: options.bundle.as_deref().unwrap_or(super::BUNDLE).trim_end_matches('/'),
        circuitpython: u8::try_from(identity.version.0).ok().filter(|_| is_circuitpython && !options.no_mpy),
        base: Path::new(""),
        known: &BTreeSet::new(),
    };
    let packages = if is_circuitpython && options.index.is_none() { of_bundle(packages) } else { packages.to_vec() };
    let resolved = resolve(fetcher, &packages, &wanted)?;
    let (missing, unchanged) = missing(device, &resolved, &target)?;
    let mut contents = Vec::new();
    let mut come = 0;
    for (name, file) in &missing {
        progress(name, come);
        let bytes = fetcher.get(&file.source, MOST)?.ok_or_else(|| {
            let message = format!("`{}` of the package not found: `{}`", name, file.source.text());
            Error::new(Kind::ArgumentError, message).with_help("the package is incomplete: ask its author")
        })?;
        check(name, file, &bytes)?;
        check_compiled(name, &bytes, &identity)?;
        come += bytes.len() as u64;
        if come > 4 * MOST {
            let message = format!("the packages are larger than {}", crate::bound::shown(4 * MOST));
            return Err(Error::new(Kind::ArgumentError, message).with_help("install fewer of them at once"));
        }
        contents.push((format!("{}/{name}", target.trim_end_matches('/')), bytes));
    }
    let (contents, alike) = differing(device, contents)?;
    write(device, &contents, progress)?;
    Ok(Installed {
        packages: resolved.packages.into_iter().map(|found| (found.name, found.version)).collect(),
        target,
        written: contents.iter().map(|(path, _)| path.clone()).collect(),
        unchanged: unchanged + alike,
        bytes: contents.iter().map(|(_, bytes)| bytes.len() as u64).sum(),
    })
}

/// Names, for a CircuitPython board: they are those of libraries in the bundle, because it cannot load what MicroPython's index has.
fn of_bundle(packages: &[(String, String)]) -> Vec<(String, String)> {
    let bundled = |name: &str| if is_name(name) { format!("{CIRCUP}{name}") } else { name.to_owned() };
    packages.iter().map(|(name, version)| (bundled(name), version.clone())).collect()
}

/// Writes the files of a project's packages to a board: those of `groups`, of which the later ones win. They are in the project.
///
/// # Errors
/// ArgumentError if a file in the project is not as the lock says; of the board.
pub fn deploy(
    device: &Device,
    project: &Project,
    lock: &Lock,
    groups: &[String],
    target: Option<&str>,
    progress: Progress<'_>,
) -> Result<Installed> {
    if let Some(path) = written::first_difference(project, lock, groups)? {
        let message = format!("`{path}` is not as `{}` says", super::lock::FILE);
        return Err(Error::new(Kind::ArgumentError, message).with_help("run `belay-script install`"));
    }
    let identity = device.identity().unwrap_or_default();
    let target = match target {
        Some(target) => normal(target)?,
        None => library(device)?,
    };
    let mut contents = BTreeMap::new();
    for group in groups {
        for (_, file) in lock.files().filter(|(name, _)| name == group) {
            let place = written::place(project.root(), &format!("{}/{}", project.folder_of(group), file.path));
            let bytes = disk::read(&place, MOST).map_err(|error| {
                let message = format!("`{}` cannot be read: {}", place.display(), disk::reason(&error));
                Error::new(Kind::ArgumentError, message).with_help("run `belay-script install`")
            })?;
            check_compiled(&file.path, &bytes, &identity)?;
            contents.insert(format!("{}/{}", target.trim_end_matches('/'), file.path), bytes);
        }
    }
    let (contents, unchanged) = differing(device, contents.into_iter().collect())?;
    write(device, &contents, progress)?;
    let packages = lock.packages.iter().filter(|package| groups.contains(&package.group));
    Ok(Installed {
        packages: packages.map(|package| (package.name.clone(), package.version.clone())).collect(),
        target,
        written: contents.iter().map(|(path, _)| path.clone()).collect(),
        unchanged,
        bytes: contents.iter().map(|(_, bytes)| bytes.len() as u64).sum(),
    })
}

/// The first directory `lib` in which the board looks for modules.
fn library(device: &Device) -> Result<String> {
    let code = "[p for p in __import__('sys').path if p[-4:]=='/lib' and p[:4]!='/rom']";
    match device.exec(code, None)? {
        Value::List(paths) => match paths.first() {
            Some(Value::Str(path)) => normal(path),
            _ => Err(Error::new(Kind::FeatureUnavailableError, "the board has no `lib` in its `sys.path`")
                .with_help("name the directory with `--target`")),
        },
        _ => Err(Error::new(Kind::ArgumentError, "the board's `sys.path` is not a list").with_help("use `--target`")),
    }
}

/// A directory of the board, from `/` on.
fn normal(path: &str) -> Result<String> {
    let parts: Vec<&str> =
        path.trim_start_matches(':').split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    if parts.contains(&"..") {
        return Err(Error::new(Kind::ArgumentError, format!("`{path}` contains `..`")).with_help("write it in full"));
    }
    Ok(format!("/{}", parts.join("/")))
}

type Files = Vec<(String, PackageFile)>;

/// The files that the board does not have, and how many it has.
fn missing(device: &Device, resolved: &Resolved, target: &str) -> Result<(Files, usize)> {
    let mut files = device.files()?;
    let mut known = Vec::new();
    for (name, file) in &resolved.files {
        let path = format!("{}/{name}", target.trim_end_matches('/'));
        if let (Some(hash), Some(Some(size))) = (&file.hash, files.stat(&path)?) {
            known.push((name.clone(), path, size, hash.clone()));
        }
    }
    let mut same = BTreeSet::new();
    if files.facts().hash == Hash::Sha256 && !known.is_empty() {
        let paths: Vec<(&str, u64)> = known.iter().map(|(_, path, size, _)| (path.as_str(), *size)).collect();
        for ((name, _, _, hash), digest) in known.iter().zip(files.hash(&paths, &mut |_| {})?) {
            if hexadecimal(&digest).starts_with(hash.as_str()) {
                same.insert(name.clone());
            }
        }
    }
    let missing = resolved.files.iter().filter(|(name, _)| !same.contains(*name));
    Ok((missing.map(|(name, file)| (name.clone(), file.clone())).collect(), same.len()))
}

/// Paths on the board, and what is to be in the files there.
type Contents = Vec<(String, Vec<u8>)>;

/// The contents without those that the board has already, and how many these are: most packages announce no hashes.
fn differing(device: &Device, contents: Contents) -> Result<(Contents, usize)> {
    let mut files = device.files()?;
    let kind = files.facts().hash;
    let mut alike = BTreeSet::new();
    for (path, bytes) in &contents {
        let size = bytes.len() as u64;
        if files.stat(path)? == Some(Some(size))
            && files.hash(&[(path.as_str(), size)], &mut |_| {})?.first() == Some(&digest(kind, bytes))
        {
            alike.insert(path.clone());
        }
    }
    Ok((contents.into_iter().filter(|(path, _)| !alike.contains(path)).collect(), alike.len()))
}

/// Refuses a file that is not what its package announces.
pub(super) fn check(name: &str, file: &PackageFile, bytes: &[u8]) -> Result<()> {
    let Some(hash) = &file.hash else { return Ok(()) };
    let real = hexadecimal(&digest(Hash::Sha256, bytes));
    if real.starts_with(hash.as_str()) {
        return Ok(());
    }
    let message = format!("`{name}` from `{}` has another hash than its package announces", file.source.text());
    Err(Error::new(Kind::ArgumentError, message).with_help("nothing was installed; try again, or use another index"))
}

/// Refuses an `.mpy` file that the board cannot load.
fn check_compiled(name: &str, bytes: &[u8], board: &Identity) -> Result<()> {
    let (true, [kind @ (b'M' | b'C'), version, flags, ..]) = (name.ends_with(".mpy"), bytes) else { return Ok(()) };
    let refused = |why: String| {
        let message = format!("the board cannot load `{name}`: {why}");
        Err(Error::new(Kind::FeatureUnavailableError, message).with_help("install the source with `--no-mpy`"))
    };
    let of_circuitpython = *kind == b'C';
    if of_circuitpython != (board.name == CIRCUITPYTHON) {
        let firmware = if of_circuitpython { "CircuitPython" } else { "MicroPython" };
        return refused(format!("it is compiled for {firmware}"));
    }
    match board.mpy {
        None => return refused("its firmware loads no `.mpy` files".to_owned()),
        Some((loads, _)) if loads != *version => {
            return refused(format!("it is of version {version}, and the board loads version {loads}"));
        }
        Some(_) => {}
    }
    let native = ARCHITECTURES.get(usize::from(flags >> 2 & 0xf)).copied().unwrap_or("an unknown processor");
    if *version >= 6 && !native.is_empty() && native != board.arch {
        return refused(format!("its native code is for {native}"));
    }
    Ok(())
}

fn write(device: &Device, contents: &[(String, Vec<u8>)], progress: Progress<'_>) -> Result<()> {
    let mut folders = BTreeSet::new();
    for (path, _) in contents {
        folders.extend(path.match_indices('/').map(|(at, _)| &path[..at]).filter(|folder| !folder.is_empty()));
    }
    let folders: Vec<&str> = folders.into_iter().collect();
    let mut files = device.files()?;
    files.change(Change::MakeDirectory, &folders)?;
    let uploads: Vec<Upload<'_>> =
        contents.iter().map(|(path, content)| Upload { path, content, digest: None }).collect();
    let name = |sent: u64| {
        let mut end = 0;
        let found = contents.iter().find(|(_, content)| {
            end += content.len() as u64;
            sent < end
        });
        found.map_or("", |(path, _)| path.as_str())
    };
    files.write(&uploads, &mut |sent| progress(name(sent), sent))
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
