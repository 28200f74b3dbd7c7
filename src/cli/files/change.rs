//! `rm`, `mkdir` and `mv`: changes on the board.
//!
//! Invariant: all arguments are checked before the first change.

use super::find::{self, Found};
use super::path::{BoardPath, Place, is_inside, join, name, parent};
use super::plan::no_folder;
use super::{Work, misused, on_board, refused, run};
use crate::board::content::Upload;
use crate::board::files::Change;
use crate::cli::arguments::files::{Mkdir, Mv, OnlyPaths, Rm};
use crate::cli::console::Console;
use crate::device::Files;
use crate::diagnostic::Diagnostic;
use crate::error::{Error, Kind, Result};
use std::collections::BTreeSet;
use std::sync::Arc;

fn as_places(paths: &[BoardPath]) -> Vec<Place> {
    paths.iter().cloned().map(Place::Board).collect()
}

/// Removes; returns the exit status.
///
/// # Errors
/// For wrong arguments, or if Ctrl-C cannot be watched.
pub fn rm(options: &Rm, console: &Arc<Console>) -> std::result::Result<u8, Diagnostic> {
    let paths = on_board("rm", &options.paths)?;
    run(console, &options.session, &as_places(&paths), |work| {
        let mut all = Vec::new();
        for path in &paths {
            let found = find::find(work.files()?, path)?;
            if found.is_empty() && !options.force {
                return Err(find::none(&path.path));
            }
            all.extend(found);
        }
        let (mut files, mut folders) = (BTreeSet::new(), BTreeSet::new());
        for found in all {
            removed(work, found, options.recursive, &mut files, &mut folders)?;
        }
        let list: Vec<&str> = files.iter().map(String::as_str).collect();
        work.files()?.change(Change::Remove, &list)?;
        // The contents of a directory are sorted after it.
        let list: Vec<&str> = folders.iter().rev().map(String::as_str).collect();
        work.files()?.change(Change::RemoveDirectory, &list)
    })
}

/// Adds `found` and its contents.
fn removed(
    work: &mut Work<'_>,
    found: Found,
    recursive: bool,
    files: &mut BTreeSet<String>,
    folders: &mut BTreeSet<String>,
) -> Result<()> {
    if found.size.is_some() {
        work.guard(&found.path)?;
        files.insert(found.path);
        return Ok(());
    }
    if !recursive {
        let help = "use `-r` to remove it with its contents";
        return Err(refused(format!("`{}` is a directory", found.path), help));
    }
    work.guard(&found.path)?;
    if work.is_shared()? {
        let message = format!("`{}` is not removed: the files of this board are this computer's own", found.path);
        return Err(Error::new(Kind::FeatureUnavailableError, message)
            .with_help("remove it with the system's own `rm`, which knows links"));
    }
    if found.path != "/" {
        let tree = work.files()?.tree(&found.path)?;
        folders.insert(found.path);
        for entry in tree {
            if entry.size.is_some() {
                files.insert(entry.path)
            } else {
                folders.insert(entry.path)
            };
        }
        return Ok(());
    }
    // In the root, remove only files on its own drive: a mounted SD card stays unchanged.
    let root = work.files()?.space("/")?;
    for entry in work.files()?.directory("/")? {
        match entry.size {
            Some(_) => drop(files.insert(entry.path)),
            None if work.files()?.space(&entry.path)? == root => {
                let found = Found { path: entry.path, size: None, contents: false };
                removed(work, found, true, files, folders)?;
            }
            None => work.console.remark(&format!(
                "`{}` is another drive and stays: clear it with `rm -r ':{}/*'`\n",
                entry.path, entry.path
            )),
        }
    }
    Ok(())
}

/// Makes directories; returns the exit status.
///
/// # Errors
/// As [`rm`].
pub fn mkdir(options: &Mkdir, console: &Arc<Console>) -> std::result::Result<u8, Diagnostic> {
    let paths = on_board("mkdir", &options.paths)?;
    run(console, &options.session, &as_places(&paths), |work| {
        let mut folders = Vec::new();
        for BoardPath { path, .. } in &paths {
            match work.files()?.stat(path)? {
                Some(None) if options.parents => continue,
                Some(_) => return Err(refused(format!("`{path}` already exists"), "choose another name")),
                None if options.parents => above(work.files()?, path, &mut folders)?,
                None if work.files()?.stat(parent(path))? == Some(None)
                    || folders.iter().any(|made| made == parent(path)) => {}
                None => return Err(no_folder(parent(path))),
            }
            folders.push(path.clone());
        }
        for folder in &folders {
            work.guard(folder)?;
        }
        let list: Vec<&str> = folders.iter().map(String::as_str).collect();
        work.files()?.change(Change::MakeDirectory, &list)
    })
}

/// Removes empty directories; returns the exit status.
///
/// # Errors
/// As [`rm`].
pub fn rmdir(options: &OnlyPaths, console: &Arc<Console>) -> std::result::Result<u8, Diagnostic> {
    let paths = on_board("rmdir", &options.paths)?;
    run(console, &options.session, &as_places(&paths), |work| {
        let found = find::find_all(work.files()?, &paths)?;
        let list: Vec<&str> = found.iter().map(|found| found.path.as_str()).collect();
        for (index, found) in found.iter().enumerate() {
            work.guard(&found.path)?;
            if found.size.is_some() {
                return Err(refused(format!("`{}` is a file", found.path), "remove it with `belay-script rm`"));
            }
            let goes = |entry: &str| list[..index].contains(&entry);
            if !work.files()?.directory(&found.path)?.iter().all(|entry| goes(&entry.path)) {
                let help = format!("remove it with its contents by `belay-script rm -r :{}`", found.path);
                return Err(refused(format!("`{}` is not empty", found.path), help));
            }
        }
        work.files()?.change(Change::RemoveDirectory, &list)
    })
}

/// Creates empty files; returns the exit status.
///
/// # Errors
/// As [`rm`].
pub fn touch(options: &OnlyPaths, console: &Arc<Console>) -> std::result::Result<u8, Diagnostic> {
    let paths = on_board("touch", &options.paths)?;
    run(console, &options.session, &as_places(&paths), |work| {
        let mut new = Vec::new();
        for BoardPath { path, .. } in &paths {
            work.guard(path)?;
            match work.files()?.stat(path)? {
                Some(Some(_)) => {}
                Some(None) => return Err(refused(format!("`{path}` is a directory"), "name a file in it")),
                None if work.files()?.stat(parent(path))? != Some(None) => return Err(no_folder(parent(path))),
                None => new.push(Upload { path, content: &[0_u8; 0], digest: None }),
            }
        }
        work.files()?.write(&new, &mut |_| {})
    })
}

/// The missing directories above `path`, outermost first.
fn above(files: &mut Files<'_>, path: &str, folders: &mut Vec<String>) -> Result<()> {
    let mut missing = Vec::new();
    let mut folder = parent(path);
    loop {
        match files.stat(folder) {
            Ok(Some(None)) => break,
            Ok(None) if folder != "/" => missing.push(folder.to_owned()),
            Ok(_) => return Err(refused(format!("`{folder}` is a file"), "choose another path")),
            Err(error) => return Err(error),
        }
        folder = parent(folder);
    }
    folders.extend(missing.into_iter().rev());
    Ok(())
}

/// Renames and moves; returns the exit status.
///
/// # Errors
/// As [`rm`].
pub fn mv(options: &Mv, console: &Arc<Console>) -> std::result::Result<u8, Diagnostic> {
    let paths = on_board("mv", &options.paths)?;
    run(console, &options.session, &as_places(&paths), |work| {
        let Some((to, from)) = paths.split_last() else { return Ok(()) };
        let found = find::find_all(work.files()?, from)?;
        let state = work.files()?.stat(&to.path)?;
        let into = state == Some(None);
        match (&state, found.len()) {
            (Some(None), _) => {}
            (Some(Some(_)), 1) if !to.folder => {}
            (None, 1) if !to.folder || found[0].size.is_none() => {
                if work.files()?.stat(parent(&to.path))? != Some(None) {
                    return Err(no_folder(parent(&to.path)));
                }
            }
            (None, _) => return Err(no_folder(&to.path)),
            (Some(Some(_)), _) => {
                return Err(misused(
                    format!("the destination `{}` is a file", to.path),
                    "several sources need a directory",
                ));
            }
        }
        let mut moves: Vec<(Found, String, bool)> = Vec::new();
        for found in found {
            let target = if into { join(&to.path, name(&found.path)) } else { to.path.clone() };
            let replaces = movable(work, &found, &target)?;
            if moves.iter().any(|(_, other, _)| *other == target) {
                return Err(misused(format!("two of the sources would become `{target}`"), "move them one by one"));
            }
            moves.push((found, target, replaces));
        }
        for (found, target, replaces) in &moves {
            rename(work.files()?, &found.path, target, *replaces)?;
        }
        Ok(())
    })
}

/// Whether `found` replaces an existing file.
fn movable(work: &mut Work<'_>, found: &Found, target: &str) -> Result<bool> {
    work.guard(&found.path)?;
    work.guard(target)?;
    let help = "name another destination";
    if found.path == target {
        return Err(misused(format!("`{target}` cannot be moved to itself"), help));
    }
    if found.path == "/" || is_inside(target, &found.path) {
        return Err(misused(format!("`{}` cannot be moved into itself", found.path), help));
    }
    match (found.size, work.files()?.stat(target)?) {
        (_, None) => Ok(false),
        (Some(_), Some(Some(_))) => Ok(true),
        (Some(_), Some(None)) => Err(refused(format!("`{target}` is a directory, and `{}` a file", found.path), help)),
        (None, Some(_)) => Err(refused(format!("`{target}` already exists"), help)),
    }
}

/// Numbers of MicroPython's `errno`, which are Linux's.
const EPERM: i64 = 1;
/// See [`EPERM`].
const EACCES: i64 = 13;
/// See [`EPERM`].
const EEXIST: i64 = 17;

fn rename(files: &mut Files<'_>, from: &str, to: &str, replaces: bool) -> Result<()> {
    match files.rename(from, to) {
        // FAT cannot rename onto an existing file.
        Err(error) if replaces && error.errno() == Some(EEXIST) => {
            files.change(Change::Remove, &[to])?;
            files.rename(from, to)
        }
        Err(error) if matches!(error.errno(), Some(EPERM | EACCES)) => {
            Err(error.with_help("from one drive of a board to another, use `cp -r` and then `rm -r`"))
        }
        other => other,
    }
}
