//! Changes the packages of a project: its file, its lock and its folders together.
//!
//! Invariant: nothing has changed unless everything was fetched and checked, and no file of the user is in the way.

use super::cache::Cache;
use super::fetch::Fetcher;
use super::install::Progress;
use super::lock::{self, Lock};
use super::project::{Project, read};
use super::renew::{Contents, Supply, content, renewed};
use super::written;
use crate::error::{Error, Kind, Result};
use std::path::PathBuf;

/// How packages of a project are changed.
#[derive(Clone, Debug, Default)]
pub struct ChangeOptions {
    /// Groups that are optional, and wanted.
    pub groups: Vec<String>,
    /// Whether files are replaced that the program has not written.
    pub force: bool,
    /// Whether a lock that is not up to date is an error.
    pub locked: bool,
}

/// The outcome.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// Packages that were added, as group, name and version.
    pub added: Vec<(String, String, String)>,
    /// Packages that are gone, as group, name and version.
    pub gone: Vec<(String, String, String)>,
    /// Files that were written, below the project's folder.
    pub written: Vec<String>,
    /// Files that were removed.
    pub removed: Vec<String>,
    /// Files that no package has any more, and that were changed.
    pub kept: Vec<String>,
    /// Files that were there already.
    pub unchanged: usize,
    /// Bytes that were written.
    pub bytes: u64,
}

/// The lock of a project; `None`: it has none.
///
/// # Errors
/// ParseError if it is damaged.
pub fn lock_of(project: &Project) -> Result<Option<Lock>> {
    let file = file_of(project);
    read(&file)?.map(|text| Lock::parse(&file, &text)).transpose()
}

fn file_of(project: &Project) -> PathBuf {
    project.file.with_file_name(lock::FILE)
}

/// Refuses a lock that is not up to date.
///
/// # Errors
/// ArgumentError.
pub fn check_locked(project: &Project, lock: Option<&Lock>) -> Result<()> {
    let differences = match lock {
        Some(lock) => lock.differences(project),
        None if project.groups.iter().all(|group| group.packages.is_empty()) => Vec::new(),
        None => vec!["it is missing".to_owned()],
    };
    match differences.first() {
        None => Ok(()),
        Some(first) => {
            let (lock, file) = (lock::FILE, project.file.display());
            let message = format!("`{lock}` is not up to date with `{file}`: {first}");
            Err(Error::new(Kind::ArgumentError, message)
                .with_help("run `belay-script install`, and commit the lock file"))
        }
    }
}

/// Brings lock and folders of a project up to date. `text`: the new text of its file; `again`: which packages, by group and
/// name, are looked up although they are locked.
///
/// # Errors
/// Of the network, of packages, of files in the way.
pub fn change(
    project: &Project,
    text: Option<&str>,
    again: &dyn Fn(&str, &str) -> bool,
    options: &ChangeOptions,
    progress: Progress<'_>,
) -> Result<Changed> {
    let new = match text {
        Some(text) => Project::parse(&project.file, text)?,
        None => project.clone(),
    };
    let old = lock_of(project)?;
    if options.locked {
        check_locked(&new, old.as_ref())?;
    }
    let (fetcher, cache) = (Fetcher::default(), Cache::of_user());
    let supply = Supply { fetcher: &fetcher, cache: &cache };
    let before = old.clone().unwrap_or_default();
    let (lock, mut contents) = renewed(&supply, &new, &before, again, progress)?;
    let mut wanted = options.groups.clone();
    wanted.extend(written::groups(&new)?);
    let plan = written::plan(&new, &lock, &new.chosen(&wanted)?, options.force)?;
    let mut bytes = 0;
    for (path, file) in &plan.write {
        if !contents.contains_key(&file.sha256) {
            progress(path, bytes);
            contents.insert(file.sha256.clone(), content(&supply, &new, file)?);
        }
        bytes += contents[&file.sha256].len() as u64;
    }
    let mut texts = Vec::new();
    texts.extend(text.filter(|text| *text != project.text).map(|text| (new.file.clone(), text.to_owned())));
    if old.as_ref() != Some(&lock) && !(old.is_none() && lock.packages.is_empty()) {
        texts.push((file_of(&new), lock.text()));
    }
    plan.carry_out(new.root(), &contents, &texts)?;
    // `clean` reports those of earlier changes.
    let mut kept = plan.kept;
    kept.retain(|path| before.files().any(|(group, file)| *path == format!("{}/{}", new.folder_of(group), file.path)));
    Ok(Changed {
        added: missing(&lock, &before),
        gone: missing(&before, &lock),
        written: plan.write.into_iter().map(|(path, _)| path).collect(),
        removed: plan.remove,
        kept,
        unchanged: plan.unchanged,
        bytes,
    })
}

/// Removes what no package of the project has; fetches nothing.
///
/// # Errors
/// Of files that cannot be read or removed; ArgumentError if there are packages, and no lock.
pub fn clean(project: &Project) -> Result<Changed> {
    let Some(before) = lock_of(project)? else {
        check_locked(project, None)?;
        return Ok(Changed::default());
    };
    // What is locked and still in the file; what is new there, `install` brings.
    let mut locked = Project { settings: before.settings.clone(), ..project.clone() };
    for group in &mut locked.groups {
        group.packages.retain_mut(|(name, wanted)| {
            match before.package(&group.name, name).map(|known| &known.wanted) {
                Some(Some(known)) => {
                    known.clone_into(wanted);
                    true
                }
                _ => false,
            }
        });
    }
    let (fetcher, cache) = (Fetcher::default(), Cache::of_user());
    let supply = Supply { fetcher: &fetcher, cache: &cache };
    let (lock, _) = renewed(&supply, &locked, &before, &|_, _| false, &mut |_, _| {})?;
    let plan = written::plan(project, &lock, &[], false)?;
    let texts: Vec<_> = (lock != before).then(|| (file_of(project), lock.text())).into_iter().collect();
    plan.carry_out(project.root(), &Contents::new(), &texts)?;
    Ok(Changed { gone: missing(&before, &lock), removed: plan.remove, kept: plan.kept, ..Changed::default() })
}

/// The packages of `lock` that `other` does not have in the same version.
fn missing(lock: &Lock, other: &Lock) -> Vec<(String, String, String)> {
    let packages = lock.packages.iter().filter(|package| {
        let same = other.package(&package.group, &package.name);
        same.is_none_or(|same| (&same.version, &same.files) != (&package.version, &package.files))
    });
    packages.map(|package| (package.group.clone(), package.name.clone(), package.version.clone())).collect()
}
