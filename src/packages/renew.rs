//! Brings a lock up to date with its project: looks up what is new, and keeps the rest as it is locked.
//!
//! Invariants: a package that is kept has the same files as before; every new file has been fetched and has the hash that its
//! package announces.

use super::cache::Cache;
use super::fetch::{Fetcher, MOST};
use super::install::{Progress, check};
use super::lock::{Lock, Locked, LockedFile};
use super::project::{Group, Project, asked};
use super::resolve::{PackageFile, Wanted, resolve};
use super::sha256;
use super::source::Source;
use crate::error::{Error, Kind, Result};
use std::collections::{BTreeMap, BTreeSet};

/// Contents of files by their SHA-256.
pub type Contents = BTreeMap<String, Vec<u8>>;

/// Where files come from.
pub struct Supply<'a> {
    /// The network and this computer.
    pub fetcher: &'a Fetcher,
    /// What was fetched before.
    pub cache: &'a Cache,
}

/// The lock of a project as it is now, and the contents that were fetched for it. `old`: the lock as it was; `again`: which
/// packages, by group and name, are looked up although they are locked.
///
/// # Errors
/// Of the network and of packages.
pub fn renewed(
    supply: &Supply<'_>,
    project: &Project,
    old: &Lock,
    again: &dyn Fn(&str, &str) -> bool,
    progress: Progress<'_>,
) -> Result<(Lock, Contents)> {
    let mut lock = Lock { settings: project.settings.clone(), packages: Vec::new() };
    let mut contents = Contents::new();
    let mut come = 0;
    for group in &project.groups {
        let known = if old.settings == project.settings { unlabelled(old, &group.name) } else { Vec::new() };
        let (mut packages, fresh) = kept(&known, group, again);
        let names: BTreeSet<String> = packages.iter().map(|package| package.name.clone()).collect();
        let wanted = Wanted {
            index: project.settings.index.as_deref().unwrap_or(super::INDEX),
            mpy: project.settings.mpy,
            bundle: project.settings.bundle.as_deref().unwrap_or(super::BUNDLE),
            circuitpython: project.settings.circuitpython,
            base: project.root(),
            known: &names,
        };
        let resolved = resolve(supply.fetcher, &fresh, &wanted)?;
        let mut added: Vec<Locked> = resolved
            .packages
            .into_iter()
            .map(|found| Locked {
                group: group.name.clone(),
                name: found.name,
                wanted: None,
                version: found.version,
                source: Source::read(&found.source, project.root()).written(project.root()),
                needs: found.needs,
                files: Vec::new(),
            })
            .collect();
        for (path, file) in resolved.files {
            let source = file.source.written(project.root());
            if let Some(other) = packages.iter().flat_map(|package| &package.files).find(|other| other.path == path) {
                let is_same =
                    other.source == source || file.hash.as_ref().is_some_and(|hash| other.sha256.starts_with(hash));
                if is_same {
                    continue;
                }
                let message = format!("`{}` and `{source}` are both `{path}`", other.source);
                return Err(
                    Error::new(Kind::ArgumentError, message).with_help("put the packages into different groups")
                );
            }
            let sha256 = match as_before(&known, &path, &source, &file) {
                Some(sha256) => sha256,
                None => fetch(supply, &path, &file, &mut contents, &mut come, progress)?,
            };
            added[file.package].files.push(LockedFile { path, sha256, source });
        }
        packages.extend(added);
        label(&mut packages, group)?;
        lock.packages.extend(packages);
    }
    lock.sort();
    Ok((lock, contents))
}

/// The content of a locked file.
///
/// # Errors
/// Of the network; ArgumentError if the file is gone, or has changed since it was locked.
pub fn content(supply: &Supply<'_>, project: &Project, file: &LockedFile) -> Result<Vec<u8>> {
    if let Some(bytes) = supply.cache.get(&file.sha256, MOST) {
        return Ok(bytes);
    }
    let source = Source::read(&file.source, project.root());
    let help = "run `belay-script update` to lock what is there now, and look at the changes";
    let bytes = supply.fetcher.get(&source, MOST)?.ok_or_else(|| {
        Error::new(Kind::ArgumentError, format!("`{}` is gone: `{}`", file.path, file.source)).with_help(help)
    })?;
    if sha256(&bytes) != file.sha256 {
        let message = format!("`{}` has changed since it was locked: `{}`", file.path, file.source);
        return Err(Error::new(Kind::ArgumentError, message).with_help(help));
    }
    keep(supply, &source, &file.path, &file.sha256, &bytes);
    Ok(bytes)
}

/// Files of this computer are not copied to the cache.
fn keep(supply: &Supply<'_>, source: &Source, path: &str, sha256: &str, bytes: &[u8]) {
    if matches!(source, Source::Url(_)) {
        supply.cache.keep(path, sha256, bytes);
    }
}

/// The locked packages of a group, with the names by which other packages know them.
fn unlabelled(lock: &Lock, group: &str) -> Vec<Locked> {
    let of_group = || lock.packages.iter().filter(|package| package.group == group);
    let name = |package: &Locked| match &package.wanted {
        Some(wanted) => asked(&package.name, wanted).0,
        None => package.name.clone(),
    };
    let names: BTreeMap<&str, String> = of_group().map(|package| (package.name.as_str(), name(package))).collect();
    let rename = |label: &String| names.get(label.as_str()).unwrap_or(label).clone();
    let packages = of_group().map(|package| Locked {
        name: rename(&package.name),
        needs: package.needs.iter().map(rename).collect(),
        ..package.clone()
    });
    packages.collect()
}

/// The locked packages of a group that stay as they are, and the names and versions of those to be looked up.
fn kept(known: &[Locked], group: &Group, again: &dyn Fn(&str, &str) -> bool) -> (Vec<Locked>, Vec<(String, String)>) {
    let find = |name: &str| known.iter().find(|package| package.name == name);
    let mut fresh: Vec<(String, String)> = Vec::new();
    let mut roots = Vec::new();
    for (label, wanted) in &group.packages {
        let (name, version) = asked(label, wanted);
        match find(&name) {
            Some(locked) if locked.wanted.as_ref() == Some(wanted) && !again(&group.name, label) => roots.push(name),
            _ => fresh.push((name, version)),
        }
    }
    loop {
        let mut names: BTreeSet<&str> = BTreeSet::new();
        let mut broken = None;
        for root in &roots {
            let mut rest = vec![root.as_str()];
            while let Some(name) = rest.pop() {
                if fresh.iter().any(|(fresh, _)| fresh == name) || !names.insert(name) {
                    continue;
                }
                match find(name) {
                    Some(package) => rest.extend(package.needs.iter().map(String::as_str)),
                    // The lock is incomplete: the package is looked up.
                    None => broken = Some(root.clone()),
                }
            }
        }
        let Some(broken) = broken else {
            let packages = known.iter().filter(|package| names.contains(package.name.as_str()));
            return (packages.map(|package| Locked { wanted: None, ..package.clone() }).collect(), fresh);
        };
        roots.retain(|root| *root != broken);
        let entry = group.packages.iter().map(|(label, wanted)| asked(label, wanted)).find(|(name, _)| *name == broken);
        fresh.extend(entry);
    }
}

/// Gives the packages of the project's file their names there.
fn label(packages: &mut [Locked], group: &Group) -> Result<()> {
    let mut labels: BTreeMap<String, String> = BTreeMap::new();
    for (label, wanted) in &group.packages {
        let (name, _) = asked(label, wanted);
        if let Some(package) = packages.iter_mut().find(|package| package.name == name) {
            package.wanted = Some(wanted.clone());
        }
        if let Some(other) = labels.insert(name, label.clone()) {
            let message = format!("`{other}` and `{label}` are the same package");
            return Err(Error::new(Kind::ArgumentError, message).with_help("remove one of them"));
        }
    }
    let rename = |name: &mut String| {
        if let Some(label) = labels.get(name) {
            label.clone_into(name);
        }
    };
    for package in packages {
        rename(&mut package.name);
        package.needs.iter_mut().for_each(rename);
    }
    Ok(())
}

/// The hash of a file that is as it was: what an index names by its hash cannot change.
fn as_before(known: &[Locked], path: &str, source: &str, file: &PackageFile) -> Option<String> {
    let hash = file.hash.as_ref()?;
    let mut files = known.iter().flat_map(|package| &package.files);
    let same = files.find(|known| known.path == path && known.source == source && known.sha256.starts_with(hash))?;
    Some(same.sha256.clone())
}

fn fetch(
    supply: &Supply<'_>,
    path: &str,
    file: &PackageFile,
    contents: &mut Contents,
    come: &mut u64,
    progress: Progress<'_>,
) -> Result<String> {
    progress(path, *come);
    let bytes = supply.fetcher.get(&file.source, MOST)?.ok_or_else(|| {
        let message = format!("`{path}` of the package not found: `{}`", file.source.text());
        Error::new(Kind::ArgumentError, message).with_help("the package is incomplete: ask its author")
    })?;
    check(path, file, &bytes)?;
    *come += bytes.len() as u64;
    if *come > 4 * MOST {
        let message = format!("the packages are larger than {}", crate::bound::shown(4 * MOST));
        return Err(Error::new(Kind::ArgumentError, message).with_help("add fewer of them at once"));
    }
    let sha256 = sha256(&bytes);
    keep(supply, &file.source, path, &sha256, &bytes);
    contents.insert(sha256.clone(), bytes);
    Ok(sha256)
}
