//! The files of packages in a project's folders: which of them this program has written, and which are the user's.
//!
//! `.belay/written` lists them with their hashes, as sha256sum does. Invariants: a file that the program has not written, or that
//! was changed since, is neither replaced nor removed; no file is written through a symlink.

use super::lock::{Lock, LockedFile};
use super::project::{Project, read};
use super::sha256;
use super::source::is_safe;
use crate::bound;
use crate::disk;
use crate::error::{Error, Kind, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The list, below the project's folder.
const LIST: &str = ".belay/written";

/// Keeps the folder of the list out of git.
const IGNORE: &str = ".belay/.gitignore";

/// Paths below the project's folder, and the hashes that the program has written there.
type List = BTreeMap<String, BTreeSet<String>>;

/// What is to be done in the project's folders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Files to be written: the path below the project's folder, and the file of the lock.
    pub write: Vec<(String, LockedFile)>,
    /// Files that no package has any more.
    pub remove: Vec<String>,
    /// Files that no package has any more, and that were changed: they stay.
    pub kept: Vec<String>,
    /// How many files are as the lock says.
    pub unchanged: usize,
    /// The list as it will be.
    list: List,
    /// The list as it was.
    old: List,
}

/// Plans what has to be done so that the folders of `groups` have the files of the lock, and nothing is left of packages that no
/// group has. `force`: whether files that the program has not written are replaced.
///
/// # Errors
/// ArgumentError if a file of another origin has the place of a package's file, or a folder is a symlink.
pub fn plan(project: &Project, lock: &Lock, groups: &[String], force: bool) -> Result<Plan> {
    let root = project.root();
    let old = list(project)?;
    let mut plan = Plan::default();
    let mut foreign = Vec::new();
    for (group, file) in lock.files() {
        let path = format!("{}/{}", project.folder_of(group), file.path);
        let owned = old.get(&path);
        if !groups.iter().any(|name| name == group) {
            plan.list.extend(owned.map(|hashes| (path, hashes.clone())));
            continue;
        }
        plan.list.insert(path.clone(), BTreeSet::from([file.sha256.clone()]));
        match hash_of(root, &path)? {
            Some(hash) if hash == file.sha256 => plan.unchanged += 1,
            Some(hash) if !force && owned.is_none_or(|hashes| !hashes.contains(&hash)) => foreign.push(path),
            _ => plan.write.push((path, file.clone())),
        }
    }
    if let Some(first) = foreign.first() {
        let message = match foreign.len() {
            1 => format!("`{first}` was not written by belay-script, or has been changed"),
            count => format!(
                "`{first}` and {} were not written by belay-script, or have been changed",
                crate::phrase::count(count - 1, "other file")
            ),
        };
        let help = "move your changes to another file, or overwrite them with `belay-script install --force`";
        return Err(Error::new(Kind::ArgumentError, message).with_help(help));
    }
    for (path, hashes) in old.iter().filter(|(path, _)| !plan.list.contains_key(*path)) {
        match hash_of(root, path)? {
            Some(hash) if hashes.contains(&hash) => plan.remove.push(path.clone()),
            Some(_) => plan.kept.push(path.clone()),
            None => {}
        }
    }
    plan.list.extend(plan.kept.iter().map(|path| (path.clone(), old[path].clone())));
    plan.old = old;
    Ok(plan)
}

/// The groups of which the project has files.
///
/// # Errors
/// ArgumentError if the list cannot be read.
pub fn groups(project: &Project) -> Result<Vec<String>> {
    let list = list(project)?;
    let has = |group: &str| {
        let folder = project.folder_of(group) + "/";
        list.keys().any(|path| path.starts_with(&folder))
    };
    let names = project.groups.iter().map(|group| group.name.clone());
    Ok(names.filter(|name| has(name)).collect())
}

impl Plan {
    /// Carries it out. `contents`: of the files to be written, by their hashes; `texts`: files to be replaced between writing and
    /// removing.
    ///
    /// # Errors
    /// ArgumentError if a file cannot be written.
    pub fn carry_out(
        &self,
        root: &Path,
        contents: &BTreeMap<String, Vec<u8>>,
        texts: &[(PathBuf, String)],
    ) -> Result<()> {
        // What was begun is known, whatever happens.
        let mut both = self.old.clone();
        for (path, hashes) in &self.list {
            both.entry(path.clone()).or_default().extend(hashes.iter().cloned());
        }
        if both != self.old {
            write_list(root, &both)?;
        }
        for (path, file) in &self.write {
            let bytes = contents.get(&file.sha256).map(Vec::as_slice).unwrap_or_default();
            write(&place(root, path), bytes)?;
        }
        for (path, text) in texts {
            write(path, text.as_bytes())?;
        }
        for path in &self.remove {
            remove(root, path)?;
        }
        if self.list != both {
            write_list(root, &self.list)?;
        }
        Ok(())
    }
}

/// Whether the folders of `groups` have the files of the lock; the path of the first one that is missing or another.
///
/// # Errors
/// As [`plan`].
pub fn first_difference(project: &Project, lock: &Lock, groups: &[String]) -> Result<Option<String>> {
    for (group, file) in lock.files().filter(|(group, _)| groups.iter().any(|name| name == group)) {
        let path = format!("{}/{}", project.folder_of(group), file.path);
        if hash_of(project.root(), &path)?.as_ref() != Some(&file.sha256) {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

/// The path of a file in the project.
pub fn place(root: &Path, path: &str) -> PathBuf {
    path.split('/').fold(root.to_owned(), |folder, part| folder.join(part))
}

/// The hash of a file; `None`: it is not there.
fn hash_of(root: &Path, path: &str) -> Result<Option<String>> {
    let parts: Vec<&str> = path.split('/').collect();
    let mut folder = root.to_owned();
    for part in &parts[..parts.len() - 1] {
        folder.push(part);
        if folder.is_symlink() {
            let message = format!("`{}` is a symlink: packages are not written through it", folder.display());
            return Err(Error::new(Kind::ArgumentError, message).with_help("replace it by a folder"));
        }
    }
    match disk::read(&place(root, path), bound::FILE) {
        Ok(bytes) => Ok(Some(sha256(&bytes))),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => {
            let message = format!("`{path}` cannot be read: {}", disk::reason(&error));
            Err(Error::new(Kind::ArgumentError, message).with_help("move it away"))
        }
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let written = disk::make_folder(path).and_then(|()| disk::replace(path, bytes));
    written.map_err(|error| {
        let message = format!("`{}` cannot be written: {}", path.display(), disk::reason(&error));
        Error::new(Kind::ArgumentError, message).with_help("then run `belay-script install` to complete the packages")
    })
}

/// Removes a file, and folders that are empty then.
fn remove(root: &Path, path: &str) -> Result<()> {
    let file = place(root, path);
    match fs::remove_file(&file) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            let message = format!("`{}` cannot be removed: {}", file.display(), disk::reason(&error));
            return Err(Error::new(Kind::ArgumentError, message).with_help("remove it yourself"));
        }
        _ => {}
    }
    let mut folder = file.parent();
    while let Some(empty) = folder.filter(|folder| *folder != root) {
        // Only an empty folder can be removed in this way.
        if fs::remove_dir(empty).is_err() {
            break;
        }
        folder = empty.parent();
    }
    Ok(())
}

fn list(project: &Project) -> Result<List> {
    let text = read(&place(project.root(), LIST))?.unwrap_or_default();
    let mut list = List::new();
    for line in text.lines() {
        let Some((hash, path)) = line.split_once("  ").filter(|(hash, path)| hash.len() == 64 && is_safe(path)) else {
            let message = format!("`{LIST}` is damaged: `{line}`");
            return Err(Error::new(Kind::ArgumentError, message).with_help("remove the file"));
        };
        list.entry(path.to_owned()).or_default().insert(hash.to_owned());
    }
    Ok(list)
}

fn write_list(root: &Path, list: &List) -> Result<()> {
    let mut text = String::new();
    for (path, hash) in list.iter().flat_map(|(path, hashes)| hashes.iter().map(move |hash| (path, hash))) {
        let _ = writeln!(text, "{hash}  {path}");
    }
    let ignore = place(root, IGNORE);
    if !ignore.exists() {
        write(&ignore, b"*\n")?;
    }
    write(&place(root, LIST), text.as_bytes())
}
