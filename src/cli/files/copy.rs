//! `cp`: copies files to, from and on a board.
//!
//! Invariant: a file appears under its name only when it is complete; the old one stays until then.

use super::local::{self, Partial};
use super::path::{LocalPath, Place, join};
use super::plan::{self, Choice, Copy, From, Plan, Target};
use super::source::{self, Source, local_digest};
use super::{Work, check_interrupt, extra, misused, places, run};
use crate::board::content::{Content as _, Upload};
use crate::board::files::{Change, Hash};
use crate::bound;
use crate::cli::arguments::files::Cp;
use crate::cli::console::Console;
use crate::cli::progress::Bar;
use crate::cli::{misuse, unread};
use crate::device::{Files, Space};
use crate::diagnostic::Diagnostic;
use crate::disk;
use crate::error::{Error, Kind, Result};
use crate::sync::Ignore;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;

/// Bytes, and files, that go to the board in one exchange: a longer file goes alone.
const BATCH: (u64, usize) = (1 << 20, 64);

/// Copies; returns the exit status.
///
/// # Errors
/// Of wrong arguments, or if Ctrl-C cannot be watched.
pub fn cp(options: &Cp, console: &Arc<Console>) -> std::result::Result<u8, Diagnostic> {
    let mut places = places(&options.paths)?;
    if !places.iter().any(Place::is_board) {
        let written = options.paths.last().map_or("", String::as_str);
        let help = format!("a path on the board begins with a colon: `:{}`", written.trim_start_matches("./"));
        return Err(Diagnostic::from_error(&misused("none of the paths is on the board", help)));
    }
    let exclude = (!options.exclude.is_empty()).then(|| Ignore::new(Some(&options.exclude))).transpose();
    let exclude = exclude.map_err(|error| misuse(error.message(), error.help().unwrap_or_default()))?;
    let choice = Choice { recursive: options.recursive, exclude };
    let input = from_input(&mut places)?;
    let Some((destination, sources)) = places.split_last() else { return Ok(0) };
    if !destination.is_board() && sources.iter().any(|source| !source.is_board()) {
        let error =
            misused("both source and destination are on this computer", "copy those with the system's own `cp`");
        return Err(Diagnostic::from_error(&error));
    }
    let copied = run(console, &options.session, &places, |work| {
        let target = Target::look(work, destination)?;
        if input.is_some() && target.is_folder() {
            let help = format!("name the file: `:{}/data.txt`", target.text.trim_end_matches('/'));
            return Err(misused("standard input has no name", help));
        }
        let items = plan::sources(work, sources, &choice, &target)?;
        let bar = |total: u64| if options.quiet { Bar::none(console) } else { Bar::new(console, "copying", total) };
        match destination {
            Place::Board(path) => {
                let extras =
                    if options.delete { extra::on_board(work, &items, &path.path, &choice)? } else { Vec::new() };
                let plan = plan::to_board(work, items, &path.path)?;
                let bar = bar(total(&plan));
                upload(work.files()?, &plan, options.force, &bar)?;
                let list = |folders: bool| -> Vec<String> {
                    extras.iter().filter(|extra| extra.1 == folders).map(|extra| join(&path.path, &extra.0)).collect()
                };
                for (change, list) in [(Change::Remove, list(false)), (Change::RemoveDirectory, list(true))] {
                    work.files()?.change(change, &list.iter().map(String::as_str).collect::<Vec<_>>())?;
                }
                Ok(())
            }
            Place::Local(path) => {
                let extras =
                    if options.delete { extra::on_this_computer(&items, &path.path, &choice)? } else { Vec::new() };
                let plan = plan::to_local(items, &path.path)?;
                let bar = bar(total(&plan));
                download(work, &plan, options.force, &bar)?;
                extras.iter().try_for_each(|(relative, folder)| local::remove(&path.path.join(relative), *folder))
            }
        }
    });
    drop(input);
    copied
}

/// Reads standard input, if it is the only source, into a file in whose place it stands from then on; gives the file's folder.
fn from_input(places: &mut [Place]) -> std::result::Result<Option<TempDir>, Diagnostic> {
    let is_input = |place: &Place| matches!(place, Place::Local(path) if path.written == "-");
    match places {
        [source, destination] if is_input(source) && destination.is_board() => {
            let bytes = disk::input_bytes(bound::FILE)
                .map_err(|error| unread("standard input", &error, "copy a file in its place"))?;
            let unwritten = |error: std::io::Error| {
                misuse(
                    format!("standard input cannot be kept: {}", disk::reason(&error)),
                    "free space in the temporary folder",
                )
            };
            let folder = disk::scratch_folder().map_err(unwritten)?;
            let path = folder.path().join("input");
            disk::create(&path, &bytes).map_err(unwritten)?;
            *source =
                Place::Local(LocalPath { written: "standard input".to_owned(), path, folder: false, contents: false });
            Ok(Some(folder))
        }
        [sources @ .., _] if sources.iter().any(is_input) => Err(misuse(
            "`-` is standard input, which is copied alone and to the board",
            "for example `cp - :/notes.txt`",
        )),
        _ => Ok(None),
    }
}

fn total<To>(plan: &Plan<To>) -> u64 {
    plan.files.iter().map(|file| file.size).sum()
}

/// Digests by the board of its own files among the candidates for being there already: the targets, and the sources.
fn board_digests<To>(
    files: &mut Files<'_>,
    copies: &[Copy<To>],
    target: impl Fn(&Copy<To>) -> Option<&str>,
) -> Result<HashMap<String, Vec<u8>>> {
    let mut paths: Vec<(&str, u64)> = Vec::new();
    for copy in copies.iter().filter(|copy| copy.same_size) {
        paths.extend(target(copy).map(|path| (path, copy.size)));
        if let From::Board(path) = &copy.from {
            paths.push((path, copy.size));
        }
    }
    let digests = files.hash(&paths, &mut |_| {})?;
    Ok(paths.iter().map(|(path, _)| (*path).to_owned()).zip(digests).collect())
}

fn upload(files: &mut Files<'_>, plan: &Plan<String>, force: bool, bar: &Bar) -> Result<()> {
    let there = if force { HashMap::new() } else { board_digests(files, &plan.files, |copy| Some(&copy.to))? };
    let folders: Vec<&str> = plan.folders.iter().map(String::as_str).collect();
    check_space(files, plan, &there)?;
    files.change(Change::MakeDirectory, &folders)?;
    let mut done = 0;
    let mut batch: Vec<(&Copy<String>, Source)> = Vec::new();
    for copy in &plan.files {
        check_interrupt()?;
        if is_there(files.facts().hash, copy, &there)? {
            done += copy.size;
            bar.set(done);
            continue;
        }
        batch.push((copy, Source::of(files, copy)?));
        let bytes: u64 = batch.iter().map(|(_, source)| source.size()).sum();
        if bytes >= BATCH.0 || batch.len() >= BATCH.1 {
            done += send(files, &batch, done, bar)?;
            batch.clear();
        }
    }
    send(files, &batch, done, bar)?;
    Ok(())
}

/// Whether the board already has an identical file, according to `there`.
fn is_there(hash: Hash, copy: &Copy<String>, there: &HashMap<String, Vec<u8>>) -> Result<bool> {
    let Some(target) = there.get(&copy.to) else { return Ok(false) };
    Ok(match &copy.from {
        From::Board(path) => there.get(path) == Some(target),
        From::Local(path) => local_digest(path, hash)? == *target,
    })
}

/// Copies smaller than this, in bytes, are sent without checking the free space: they fail soon.
const SMALL: u64 = 16 * 1024;

/// Refuses files that do not fit before anything is sent. An old file stays until the new one is complete.
fn check_space(files: &mut Files<'_>, plan: &Plan<String>, there: &HashMap<String, Vec<u8>>) -> Result<()> {
    let copies: Vec<&Copy<String>> = plan.files.iter().filter(|copy| !there.contains_key(&copy.to)).collect();
    if copies.iter().map(|copy| copy.size).sum::<u64>() < SMALL {
        return Ok(());
    }
    let mut drives: HashMap<&str, Vec<&Copy<String>>> = HashMap::new();
    for copy in copies {
        // Drives are mounted in the root; a new directory is on the root's own drive.
        let top = copy.to.get(1..).and_then(|path| path.find('/')).map_or("/", |end| &copy.to[..=end]);
        let top = if plan.folders.iter().any(|folder| folder == top) { "/" } else { top };
        drives.entry(top).or_default().push(copy);
    }
    let root = files.space("/")?;
    // A directory that is not a drive is on the root's drive.
    for top in drives.keys().copied().filter(|top| *top != "/").collect::<Vec<_>>() {
        let own = files.space(&format!("{top}/"))?;
        let moved = drives.remove(top).unwrap_or_default();
        if own == root {
            drives.entry("/").or_default().extend(moved);
        } else {
            check_drive(files, own, &moved)?;
        }
    }
    check_drive(files, root, &drives.remove("/").unwrap_or_default())
}

/// Refuses files that do not fit on one drive with this free space.
fn check_drive(files: &mut Files<'_>, space: Option<Space>, copies: &[&Copy<String>]) -> Result<()> {
    let Some(space) = space.filter(|space| space.total > 0 && space.block > 0) else { return Ok(()) };
    let blocks = |bytes: u64| bytes.div_ceil(space.block).saturating_mul(space.block);
    if copies.iter().fold(0u64, |sum, copy| sum.saturating_add(blocks(copy.size))) <= space.free {
        return Ok(());
    }
    let mut free = space.free;
    for copy in copies {
        let new = blocks(copy.size);
        if new > free {
            let message = format!(
                "OSError: the board's flash is too small: `{}` needs {} bytes, {free} are free",
                copy.to, copy.size
            );
            return Err(Error::raised(&message)
                .with_help("remove files from the board, or copy less; `df` shows the free space"));
        }
        let old = files.stat(&copy.to)?.flatten().map_or(0, blocks);
        free = free + old - new;
    }
    Ok(())
}

/// Sends files; returns their total bytes.
fn send(files: &mut Files<'_>, batch: &[(&Copy<String>, Source)], done: u64, bar: &Bar) -> Result<u64> {
    let uploads: Vec<Upload<'_>> =
        batch.iter().map(|(copy, source)| Upload { path: &copy.to, content: source, digest: None }).collect();
    let mut under_way = None;
    files.write(&uploads, &mut |sent| {
        let mut end = 0;
        let file = uploads.iter().position(|upload| {
            end += upload.content.size();
            sent < end
        });
        if file.is_some() && file != under_way {
            under_way = file;
            bar.message(file.map_or("", |index| uploads[index].path));
        }
        bar.set(done + sent);
    })?;
    Ok(uploads.iter().map(|upload| upload.content.size()).sum())
}

fn download(work: &mut Work<'_>, plan: &Plan<PathBuf>, force: bool, bar: &Bar) -> Result<()> {
    let files = work.files()?;
    let there = if force { HashMap::new() } else { board_digests(files, &plan.files, |_| None)? };
    local::check_space(plan.files.iter().map(|copy| (copy.to.as_path(), copy.size, copy.same_size)))?;
    for folder in &plan.folders {
        local::make_folder(folder)?;
    }
    let mut done = 0;
    for copy in &plan.files {
        check_interrupt()?;
        let From::Board(path) = &copy.from else {
            return Err(Error::new(Kind::InternalError, "a file of this computer was to be read from the board"));
        };
        if let Some(expected) = there.get(path)
            && local_digest(&copy.to, files.facts().hash)? == *expected
        {
            done += copy.size;
            bar.set(done);
            continue;
        }
        bar.message(path);
        let mut partial = Partial::create(&copy.to)?;
        let mut come = done;
        source::read(files, path, copy.size, &mut |piece| {
            come += piece.len() as u64;
            partial.write(piece)?;
            bar.set(come);
            Ok(())
        })?;
        partial.keep()?;
        done += copy.size;
        bar.set(done);
    }
    Ok(())
}
