//! `cp`: copies files to, from and on a board.
//!
//! Invariant: a file appears under its name only when it is complete; the old one stays until then.

use super::local::{self, Partial};
use super::path::Place;
use super::plan::{self, Copy, From, Plan, Target};
use super::source::{self, Source, local_digest};
use super::{Work, check_interrupt, misused, places, run};
use crate::board::content::{Content as _, Upload};
use crate::board::files::{Change, Hash};
use crate::cli::arguments::files::Cp;
use crate::cli::console::Console;
use crate::cli::progress::Bar;
use crate::device::{Files, Space};
use crate::diagnostic::Diagnostic;
use crate::error::{Error, Kind, Result};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

/// Bytes, and files, that go to the board in one exchange: a longer file goes alone.
const BATCH: (u64, usize) = (1 << 20, 64);

/// Copies; returns the exit status.
///
/// # Errors
/// Of wrong arguments, or if Ctrl-C cannot be watched.
pub fn cp(options: &Cp, console: &Arc<Console>) -> std::result::Result<u8, Diagnostic> {
    let places = places(&options.paths)?;
    if !places.iter().any(Place::is_board) {
        let error =
            misused("none of the paths is on the board", "a path on the board begins with a colon: `:/main.py`");
        return Err(Diagnostic::from_error(&error));
    }
    let Some((destination, sources)) = places.split_last() else { return Ok(0) };
    if !destination.is_board() && sources.iter().any(|source| !source.is_board()) {
        let error =
            misused("both source and destination are on this computer", "copy those with the system's own `cp`");
        return Err(Diagnostic::from_error(&error));
    }
    run(console, &options.session, &places, |work| {
        let target = Target::look(work, destination)?;
        let items = plan::sources(work, sources, options.recursive, &target)?;
        let bar = |total: u64| if options.quiet { Bar::none(console) } else { Bar::new(console, "copying", total) };
        match destination {
            Place::Board(path) => {
                let plan = plan::to_board(work, items, &path.path)?;
                let bar = bar(total(&plan));
                upload(work.files()?, &plan, options.force, &bar)
            }
            Place::Local(path) => {
                let plan = plan::to_local(items, &path.path)?;
                let bar = bar(total(&plan));
                download(work, &plan, options.force, &bar)
            }
        }
    })
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
