//! Follows packages to their files: manifests, dependencies, what is of which index.
//!
//! Invariant: each package is looked up once, and each target has one file.

#[cfg(feature = "packages")]
use super::bundle::Bundle;
use super::fetch::Fetcher;
use super::manifest::Manifest;
#[cfg(feature = "packages")]
use super::source::CIRCUP;
use super::source::{Package, Source, is_name};
use crate::bound;
use crate::error::{Error, Kind, Result};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;

/// Most packages of one installation, dependencies included.
const MOST: usize = 200;

/// A file to be installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageFile {
    /// Where it is.
    pub source: Source,
    /// The beginning of its SHA-256 in hexadecimal, if its package announces it.
    pub hash: Option<String>,
    /// Its package: an index of [`Resolved::packages`].
    pub package: usize,
}

/// A package that was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Its name, as the user or another package wrote it.
    pub name: String,
    /// Its version; may be empty.
    pub version: String,
    /// Where its manifest is, or its only file.
    pub source: String,
    /// The names of packages that it needs.
    pub needs: Vec<String>,
}

/// The files of an installation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resolved {
    /// Packages in the order in which they were found: those that the user named first.
    pub packages: Vec<Found>,
    /// Files by their targets, which are below the target folder.
    pub files: BTreeMap<String, PackageFile>,
}

/// What is wanted of an index.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    /// The address of the index, without a slash at its end.
    pub index: &'a str,
    /// The version of `.mpy` files that the board loads; `None`: source.
    pub mpy: Option<u8>,
    /// The address of CircuitPython's bundle.
    pub bundle: &'a str,
    /// The major version of CircuitPython, for compiled files of a bundle; `None`: source.
    pub circuitpython: Option<u8>,
    /// The folder from which local paths start.
    pub base: &'a Path,
    /// Packages that are not looked up, because their files are known.
    pub known: &'a BTreeSet<String>,
}

/// Finds the files of `packages`, which are names as the user wrote them with their versions.
///
/// # Errors
/// If one of them does not exist, or is no package; of the network.
pub fn resolve(fetcher: &Fetcher, packages: &[(String, String)], wanted: &Wanted<'_>) -> Result<Resolved> {
    let mut resolved = Resolved::default();
    let mut seen = wanted.known.clone();
    // Packages of the user first: their versions count, and not those that other packages ask for.
    let mut rest: VecDeque<(String, String, bool)> =
        packages.iter().map(|(name, version)| (name.clone(), version.clone(), true)).collect();
    #[cfg(feature = "packages")]
    let mut bundles = Vec::new();
    while let Some((name, version, by_user)) = rest.pop_front() {
        // `latest` is what nobody has asked for otherwise.
        let version = if version == "latest" { String::new() } else { version };
        if !seen.insert(name.clone()) {
            continue;
        }
        let package = resolved.packages.len();
        if package == MOST {
            let message = format!("`{name}` leads to more than {MOST} packages");
            return Err(Error::new(Kind::ArgumentError, message).with_help("do not install this package"));
        }
        let (manifest, base) = match Package::parse(&name, &version, by_user)?.from(wanted.base) {
            Package::Module(source) => {
                let place = source.text();
                let target = place.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
                resolved.packages.push(Found { name, version, source: place, needs: Vec::new() });
                add(&mut resolved, &target, PackageFile { source, hash: None, package })?;
                continue;
            }
            Package::Manifest(source) => {
                let bytes = fetcher.get(&source, bound::SETTINGS)?;
                let bytes = bytes.ok_or_else(|| not_found(&name, &version, &source.text()))?;
                (Manifest::parse(&bytes, &source.text())?, source)
            }
            Package::Named(named) => of_index(fetcher, &named, &version, wanted)?,
            #[cfg(feature = "packages")]
            Package::Bundled(library) => {
                let bundle = release(&mut bundles, fetcher, wanted, &version)?;
                let found = bundle.library(&library, package)?;
                let needs: Vec<String> = found.needs.iter().map(|name| format!("{CIRCUP}{name}")).collect();
                rest.extend(needs.iter().map(|name| (name.clone(), bundle.tag().to_owned(), false)));
                let source = bundle.place().to_owned();
                resolved.packages.push(Found { name, version: found.version, source, needs });
                for (target, file) in found.files {
                    add(&mut resolved, &target, file)?;
                }
                continue;
            }
            #[cfg(not(feature = "packages"))]
            Package::Bundled(_) => {
                let message =
                    format!("`{name}` cannot be fetched: this belay-script was built without the feature `packages`");
                return Err(Error::new(Kind::FeatureUnavailableError, message).with_help("install from a local folder"));
            }
        };
        let shown = if manifest.version.is_empty() { version.clone() } else { manifest.version.clone() };
        let needs = manifest.dependencies.iter().map(|(name, _)| name.clone()).collect();
        resolved.packages.push(Found { name, version: shown, source: base.text(), needs });
        for (target, hash) in manifest.hashes {
            let hash = hash.to_lowercase();
            let url = format!("{}/file/{}/{hash}", wanted.index, &hash[..2]);
            add(&mut resolved, &target, PackageFile { source: Source::Url(url), hash: Some(hash), package })?;
        }
        for (target, url) in manifest.urls {
            let source = base.beside(&url, &version)?;
            add(&mut resolved, &target, PackageFile { source, hash: None, package })?;
        }
        rest.extend(manifest.dependencies.into_iter().map(|(name, version)| (name, version, false)));
    }
    Ok(resolved)
}

/// The release of the bundle with this tag; each is opened once.
#[cfg(feature = "packages")]
fn release<'a>(
    bundles: &'a mut Vec<(String, Bundle)>,
    fetcher: &Fetcher,
    wanted: &Wanted<'_>,
    tag: &str,
) -> Result<&'a Bundle> {
    let index = match bundles.iter().position(|(asked, bundle)| asked == tag || bundle.tag() == tag) {
        Some(index) => index,
        None => {
            let bundle = Bundle::open(fetcher, wanted.bundle, tag, wanted.circuitpython)?;
            bundles.push((tag.to_owned(), bundle));
            bundles.len() - 1
        }
    };
    Ok(&bundles[index].1)
}

fn add(resolved: &mut Resolved, target: &str, file: PackageFile) -> Result<()> {
    if !super::source::is_safe(target) {
        let message = format!("`{target}` is not a valid name of a file");
        return Err(Error::new(Kind::ArgumentError, message).with_help("rename it"));
    }
    match resolved.files.get(target) {
        Some(known) if known.hash.is_some() && known.hash == file.hash => {}
        Some(known) if (&known.source, &known.hash) != (&file.source, &file.hash) => {
            let message = format!("`{}` and `{}` are both `{target}`", known.source.text(), file.source.text());
            return Err(Error::new(Kind::ArgumentError, message).with_help("install them into different folders"));
        }
        Some(_) => {}
        None => drop(resolved.files.insert(target.to_owned(), file)),
    }
    Ok(())
}

/// The manifest of a package of the index: compiled for the board, else its source.
fn of_index(fetcher: &Fetcher, name: &str, version: &str, wanted: &Wanted<'_>) -> Result<(Manifest, Source)> {
    let version = if version.is_empty() { "latest" } else { version };
    if !is_name(version) {
        let message = format!("`{version}` is not a version");
        return Err(Error::new(Kind::ArgumentError, message).with_help("for example `NAME@1.2.0`"));
    }
    let kinds = wanted.mpy.map(|mpy| mpy.to_string()).into_iter().chain(["py".to_owned()]);
    for kind in kinds {
        let url = format!("{}/package/{kind}/{name}/{version}.json", wanted.index);
        let source = Source::Url(url.clone());
        if let Some(bytes) = fetcher.get(&source, bound::SETTINGS)? {
            return Ok((Manifest::parse(&bytes, &url)?, source));
        }
    }
    Err(not_found(name, version, wanted.index))
}

fn not_found(name: &str, version: &str, place: &str) -> Error {
    let of = if version.is_empty() || version == "latest" { String::new() } else { format!(" {version}") };
    Error::new(Kind::ArgumentError, format!("package not found: `{name}`{of}, at `{place}`"))
        .with_help("check the name and the version; `--index` names another index")
}
