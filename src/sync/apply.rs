//! Performs a sync: inspect the board, plan, send, remove.
//!
//! Uses [`crate::device`] and the plan. Invariant: nothing on the board changes before the plan is complete, a file is
//! either the old or the new one, and removals come after all uploads, unless there is no space.

use super::compile::{Compiler, stays_source};
use super::local::{Content, Local, LocalFile, Remark, unreadable};
use super::options::{SyncOptions, join, one_line};
use super::parallel;
use super::plan::{Plan, Present, Rules, Wanted};
use crate::board::content::Upload;
use crate::board::files::Change;
use crate::bound;
use crate::device::{Device, FileChanges, Files, Stage, Transfer};
use crate::disk;
use crate::error::{Error, Kind, Result};
use std::fmt;

/// How often a sync continues after the connection was restored.
const RESTORATIONS: usize = 10;

/// A step of a sync, or of its plan. Paths are absolute paths on the board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Removes a file early, to make space for uploads.
    MakeRoom(String),
    /// Creates a directory.
    MakeDirectory(String),
    /// Sends a new file with this number of bytes.
    Add(String, u64),
    /// Replaces a file.
    Replace(String, u64),
    /// Removes a file.
    Remove(String),
    /// Removes an empty directory.
    RemoveDirectory(String),
}

impl Step {
    /// The absolute path on the board.
    pub fn path(&self) -> &str {
        match self {
            Step::MakeRoom(path)
            | Step::MakeDirectory(path)
            | Step::Add(path, _)
            | Step::Replace(path, _)
            | Step::Remove(path)
            | Step::RemoveDirectory(path) => path,
        }
    }
}

/// One line, with control characters as escapes.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = one_line(self.path());
        match self {
            Step::MakeRoom(_) => write!(f, "- {path} (first, to make space)"),
            Step::MakeDirectory(_) => write!(f, "+ {path}/"),
            Step::Add(_, size) => write!(f, "+ {path} ({size} bytes)"),
            Step::Replace(_, size) => write!(f, "~ {path} ({size} bytes)"),
            Step::Remove(_) => write!(f, "- {path}"),
            Step::RemoveDirectory(_) => write!(f, "- {path}/"),
        }
    }
}

/// The outcome of a sync; with `dry_run`, its plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The steps in order.
    pub steps: Vec<Step>,
    /// How many files were already there.
    pub unchanged: usize,
    /// Bytes of the files that were sent.
    pub bytes: u64,
    /// Remarks about the folder.
    pub remarks: Vec<Remark>,
}

impl Outcome {
    /// How many files were sent, and how many were removed.
    pub fn counts(&self) -> (usize, usize) {
        let sent = self.steps.iter().filter(|step| matches!(step, Step::Add(..) | Step::Replace(..))).count();
        let removed = self.steps.iter().filter(|step| matches!(step, Step::Remove(_) | Step::MakeRoom(_))).count();
        (sent, removed)
    }
}

/// Makes the destination on the board equal to `local`.
///
/// Calls `report` with the progress, and with `None` at the end. If the connection is lost and the device was opened with
/// `attempts`, restores it and continues.
///
/// # Errors
/// ArgumentError for an invalid destination or folder; DeviceException if the board fails, with the file; errors of the
/// connection. Completed steps stay; the next sync completes the rest.
pub fn sync(
    device: &Device,
    mut local: Local,
    options: &SyncOptions,
    report: &mut dyn FnMut(Option<&Transfer<'_>>),
) -> Result<Outcome> {
    let destination = options.destination()?;
    options.kept(local.single_file)?;
    if destination == "/" && device.files()?.are_this_computers()? {
        return Err(Error::new(Kind::ArgumentError, "`/` of this board is the root of this computer")
            .with_help(
                "choose a folder as destination, such as `dst: \"/tmp/board\"`, or use a simulated board: `--port sim`",
            )
            .with_device(device.name()));
    }
    let twins = compile(device, &mut local, options, &destination)?;
    let mut outcome = Outcome { remarks: std::mem::take(&mut local.remarks), ..Outcome::default() };
    let mut sync = Sync { device, local: &local, options, destination, twins, outcome: &mut outcome, report };
    let mut restorations = 0;
    let result = loop {
        match sync.once() {
            Err(error)
                if error.kind() == Kind::ConnectionLost && device.attempts() != 0 && restorations < RESTORATIONS =>
            {
                restorations += 1;
                if let Err(error) = device.reconnect(None) {
                    break Err(error);
                }
            }
            result => break result,
        }
    };
    report(None);
    result.map_err(|error| error.with_device(device.name()))?;
    if !options.dry_run {
        device.note_file_changes(FileChanges::Synced);
        if outcome.counts() != (0, 0) {
            device.forget_modules()?;
        }
    }
    Ok(outcome)
}

/// Compiles the sources; returns the names of the sources, which would hide the compiled files.
fn compile(device: &Device, local: &mut Local, options: &SyncOptions, destination: &str) -> Result<Vec<String>> {
    let Some(program) = &options.mpy_cross else { return Ok(Vec::new()) };
    let identity = device
        .identity()
        .ok_or_else(|| Error::new(Kind::ConnectionLost, "the connection is lost").with_device(device.name()))?;
    let compiler = Compiler::new(program, &identity)?;
    let compiled = parallel::map(&local.files, "compiling files", |file| {
        let on_board = join(destination, &file.path);
        if !file.path.ends_with(".py") || stays_source(&on_board) {
            return Ok(None);
        }
        let text = disk::read(&file.source, bound::FILE).map_err(|error| unreadable(&file.source, &error))?;
        compiler.compile(&file.source.display().to_string(), &text, &on_board).map(Some)
    })?;
    let mut twins = Vec::new();
    for (file, bytes) in local.files.iter_mut().zip(compiled) {
        let (Some(bytes), Some(stem)) = (bytes, file.path.strip_suffix(".py")) else { continue };
        let compiled = format!("{stem}.mpy");
        twins.push(std::mem::replace(&mut file.path, compiled));
        file.content = Content::Bytes(bytes);
    }
    Ok(twins)
}

/// A running sync.
struct Sync<'a> {
    device: &'a Device,
    local: &'a Local,
    options: &'a SyncOptions,
    destination: String,
    twins: Vec<String>,
    outcome: &'a mut Outcome,
    report: &'a mut dyn FnMut(Option<&Transfer<'_>>),
}

impl Sync<'_> {
    /// The whole sync, from inspection to removal.
    fn once(&mut self) -> Result<()> {
        let mut files = self.device.files()?;
        let kind = files.facts().hash;
        let digests = self.local.digests(kind)?;
        let wanted =
            |(file, digest): (&LocalFile, Vec<u8>)| Wanted { path: file.path.clone(), size: file.size(), digest };
        let wanted: Vec<Wanted> = self.local.files.iter().zip(digests).map(wanted).collect();
        let mut present = self.look(&mut files)?;
        self.hash(&mut files, &wanted, &mut present)?;
        let kept = self.options.kept(self.local.single_file)?;
        let rules = Rules {
            delete: self.options.delete && !self.local.single_file,
            is_kept: &|path| kept.protects(path),
            is_ignored: &|path, is_folder| self.local.ignore.is_ignored(path, is_folder),
            twins: &self.twins,
        };
        let plan = Plan::new(&self.local.folders, &wanted, &present, &rules)?;
        self.outcome.unchanged = plan.unchanged;
        if self.options.dry_run {
            let steps = self.steps(&plan, &wanted, &present);
            self.outcome.steps = steps;
            self.outcome.bytes = plan.bytes;
            return Ok(());
        }
        self.carry_out(&plan, &wanted, &present, &mut files)
    }

    /// The files on the board.
    fn look(&self, files: &mut Files<'_>) -> Result<Present> {
        let root = &self.destination;
        let mut missing: Vec<String> = Vec::new();
        let parts = root.match_indices('/').skip(1).map(|(at, _)| &root[..at]).chain([root.as_str()]);
        let ancestors: Vec<&str> = parts.filter(|path| *path != "/").collect();
        for path in ancestors.into_iter().rev() {
            match files.stat(path)? {
                Some(None) => break,
                None => missing.insert(0, path.to_owned()),
                Some(Some(_)) => {
                    return Err(Error::new(Kind::ArgumentError, format!("`{path}` is a file on the board"))
                        .with_help("choose another destination, or remove the file first: `belay-script rm`"));
                }
            }
        }
        let (entries, space) = match missing.first() {
            Some(first) => (Vec::new(), files.space(&format!("{}/", &first[..first.rfind('/').unwrap_or(0)]))?),
            None => files.survey(root)?,
        };
        if root == "/" && space.is_some_and(|space| space.total == 0) {
            let drives: Vec<String> =
                files.directory("/")?.into_iter().map(|entry| format!("`{}`", entry.path)).collect();
            return Err(Error::new(Kind::ArgumentError, "`/` of this board contains only drives")
                .with_help(format!("choose one of them as destination: {}", drives.join(", "))));
        }
        Ok(Present { missing, space, ..Present::of(root, entries) })
    }

    /// Hashes those files of the board that may already be up to date.
    fn hash(&mut self, files: &mut Files<'_>, wanted: &[Wanted], present: &mut Present) -> Result<()> {
        let candidates = present.candidates(wanted);
        let paths: Vec<(String, u64)> =
            candidates.iter().map(|file| (join(&self.destination, &file.path), file.size)).collect();
        let borrowed: Vec<(&str, u64)> = paths.iter().map(|(path, size)| (path.as_str(), *size)).collect();
        let total = paths.iter().map(|(_, size)| size).sum();
        let mut done = 0;
        if total > 0 {
            (self.report)(Some(&Transfer { stage: Stage::Hashing, done, total, file: "" }));
        }
        let digests = files.hash(&borrowed, &mut |bytes| {
            done += bytes;
            (self.report)(Some(&Transfer { stage: Stage::Hashing, done, total, file: "" }));
        })?;
        let names = candidates.into_iter().map(|file| file.path.clone());
        present.digests = names.zip(digests).collect();
        Ok(())
    }

    fn whole(&self, path: &str) -> String {
        join(&self.destination, path)
    }

    fn upload_step(&self, file: &Wanted, present: &Present) -> Step {
        let path = self.whole(&file.path);
        if present.entries.contains_key(&file.path) {
            Step::Replace(path, file.size)
        } else {
            Step::Add(path, file.size)
        }
    }

    fn steps(&self, plan: &Plan, wanted: &[Wanted], present: &Present) -> Vec<Step> {
        let whole = |path: &String| self.whole(path);
        let mut steps: Vec<Step> = plan.leftovers.iter().map(whole).map(Step::Remove).collect();
        steps.extend(plan.early.iter().map(whole).map(Step::MakeRoom));
        steps.extend(plan.missing.iter().cloned().map(Step::MakeDirectory));
        steps.extend(plan.directories.iter().map(whole).map(Step::MakeDirectory));
        steps.extend(plan.uploads.iter().map(|&index| self.upload_step(&wanted[index], present)));
        steps.extend(plan.removals.iter().map(whole).map(Step::Remove));
        steps.extend(plan.emptied.iter().map(whole).map(Step::RemoveDirectory));
        steps
    }

    fn carry_out(&mut self, plan: &Plan, wanted: &[Wanted], present: &Present, files: &mut Files<'_>) -> Result<()> {
        self.change(files, Change::Remove, &plan.leftovers, Step::Remove)?;
        self.change(files, Change::Remove, &plan.early, Step::MakeRoom)?;
        let directories: Vec<String> =
            plan.missing.iter().cloned().chain(plan.directories.iter().map(|path| self.whole(path))).collect();
        let borrowed: Vec<&str> = directories.iter().map(String::as_str).collect();
        files.change(Change::MakeDirectory, &borrowed)?;
        self.outcome.steps.extend(directories.into_iter().map(Step::MakeDirectory));
        self.send(plan, wanted, present, files)?;
        self.change(files, Change::Remove, &plan.removals, Step::Remove)?;
        self.change(files, Change::RemoveDirectory, &plan.emptied, Step::RemoveDirectory)
    }

    fn change(
        &mut self,
        files: &mut Files<'_>,
        change: Change,
        paths: &[String],
        step: fn(String) -> Step,
    ) -> Result<()> {
        let paths: Vec<String> = paths.iter().map(|path| self.whole(path)).collect();
        let borrowed: Vec<&str> = paths.iter().map(String::as_str).collect();
        files.change(change, &borrowed)?;
        self.outcome.steps.extend(paths.into_iter().map(step));
        Ok(())
    }

    /// Sends the planned files, all in one exchange if the board can receive a stream.
    fn send(&mut self, plan: &Plan, wanted: &[Wanted], present: &Present, files: &mut Files<'_>) -> Result<()> {
        let paths: Vec<String> = plan.uploads.iter().map(|&index| self.whole(&wanted[index].path)).collect();
        let mut ends = Vec::with_capacity(paths.len());
        let mut total = 0;
        for &index in &plan.uploads {
            total += wanted[index].size;
            ends.push(total);
        }
        let uploads: Vec<Upload<'_>> = plan
            .uploads
            .iter()
            .zip(&paths)
            .map(|(&index, path)| Upload {
                path,
                content: &self.local.files[index],
                digest: Some(&wanted[index].digest),
            })
            .collect();
        let report = &mut self.report;
        let written = files.write(&uploads, &mut |done| {
            let file = ends.partition_point(|&end| end < done).min(paths.len().saturating_sub(1));
            let file = paths.get(file).map_or("", String::as_str);
            report(Some(&Transfer { stage: Stage::Sending, done, total, file }));
        });
        written?;
        self.outcome.bytes += total;
        let steps: Vec<Step> = plan.uploads.iter().map(|&index| self.upload_step(&wanted[index], present)).collect();
        self.outcome.steps.extend(steps);
        Ok(())
    }
}
