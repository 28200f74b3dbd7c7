//! File checks: use and remove a scratch folder on the board, and compare all other files before and after.
//!
//! Uses [`crate::device`] and [`crate::sync`]. Invariant: nothing outside of the scratch folder is written or removed.

use super::bench::Bench;
use super::outcome::{Checked, Outcome, shown};
use super::random::Random;
use crate::board::content::Upload;
use crate::board::files::Change;
use crate::device::Files;
use crate::error::{Error, Kind, Result};
use crate::sync::{Content, Ignore, Keep, Local, LocalFile, SyncOptions, digest, sync};
use crate::value::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Name of the scratch folder, before random digits.
pub const PREFIX: &str = "belay-selftest-";
/// Bytes that must be free on the board's flash: the checks use half of it, the rest is for blocks and temporary files.
const ROOM: u64 = 160 * 1024;
const ROOM_OF_QUICK: u64 = 48 * 1024;
/// Blocks that must be free: a directory takes two, a file one or more, and old and new files are there together.
const BLOCKS: u64 = 18;
/// Folders of an operating system that are made up as they are read.
const SYSTEM: &[&str] = &["/dev", "/proc", "/sys", "/remote"];

/// The scratch folder.
pub struct Scratch {
    path: Option<String>,
}

impl Scratch {
    /// A folder that is not made yet.
    pub const fn new() -> Scratch {
        Scratch { path: None }
    }
}

/// 16 random hexadecimal digits.
pub fn random_digits() -> Result<String> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes)
        .map_err(|error| Error::new(Kind::InternalError, format!("the system has no random numbers: {error}")))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The scratch folder on the board, which exists; or why there can be none.
fn scratch(bench: &mut Bench) -> Result<std::result::Result<String, String>> {
    if let Some(path) = &bench.scratch.path {
        bench.device.files()?.change(Change::MakeDirectory, &[path])?;
        return Ok(Ok(path.clone()));
    }
    // The files hold the device: drop them before it is used.
    let is_shared = bench.device.files()?.are_this_computers()?;
    let base = match is_shared {
        // Its files are those of this computer.
        true => "/tmp".to_owned(),
        false => match bench.ask("__import__('os').getcwd()")? {
            Some(Value::Str(path)) if path.starts_with('/') => path.trim_end_matches('/').to_owned(),
            _ => String::new(),
        },
    };
    let path = format!("{base}/{PREFIX}{}", random_digits()?);
    let root = if base.is_empty() { "/" } else { &base };
    let room = if bench.quick { ROOM_OF_QUICK } else { ROOM };
    let mut files = bench.device.files()?;
    if files.stat(&path)?.is_some() {
        return Ok(Err("its scratch folder exists already".to_owned()));
    }
    let room = |space: &crate::device::Space| room.max(space.block.min(64 * 1024) * BLOCKS);
    if let Some(space) = files.space(root)?.filter(|space| space.free < room(space)) {
        let room = room(&space);
        let reason = format!("its flash has {} KB free, the check wants {} KB", space.free / 1024, room / 1024);
        return Ok(Err(reason));
    }
    files.change(Change::MakeDirectory, &[&path])?;
    drop(files);
    bench.scratch.path = Some(path.clone());
    Ok(Ok(path))
}

/// Removes the scratch folder.
///
/// # Errors
/// Of the link, or DeviceException.
pub fn tidy(bench: &mut Bench) -> Result<()> {
    let Some(path) = bench.scratch.path.clone() else { return Ok(()) };
    let mut files = bench.device.files()?;
    if files.stat(&path)?.is_some() {
        empty(&mut files, &path)?;
        files.change(Change::RemoveDirectory, &[&path])?;
    }
    drop(files);
    bench.scratch.path = None;
    Ok(())
}

fn empty(files: &mut Files<'_>, path: &str) -> Result<()> {
    let entries = files.tree(path)?;
    let of = |wanted: bool| {
        let entries = entries.iter().rev().filter(move |entry| entry.size.is_some() == wanted);
        entries.map(|entry| entry.path.as_str()).collect::<Vec<_>>()
    };
    files.change(Change::Remove, &of(true))?;
    files.change(Change::RemoveDirectory, &of(false))
}

/// The board's files: size and digest of each; directories have no size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing(BTreeMap<String, (Option<u64>, Vec<u8>)>);

impl Listing {
    /// Looks at the board. `hashes`: reads every file.
    ///
    /// # Errors
    /// Of the link; FeatureUnavailableError if it has no files, or they are this computer's.
    pub fn take(bench: &mut Bench, hashes: bool) -> Result<Listing> {
        let mut files = bench.device.files()?;
        if files.are_this_computers()? {
            let why = "its files are those of this computer, which are not listed";
            return Err(Error::new(Kind::FeatureUnavailableError, why));
        }
        let mut entries = files.directory("/")?;
        entries.retain(|entry| !SYSTEM.contains(&entry.path.as_str()));
        let folders = entries.iter().filter(|entry| entry.size.is_none()).map(|entry| entry.path.clone());
        for folder in folders.collect::<Vec<_>>() {
            entries.append(&mut files.tree(&folder)?);
        }
        let sized: Vec<(&str, u64)> =
            entries.iter().filter_map(|entry| entry.size.map(|size| (entry.path.as_str(), size))).collect();
        let mut digests = if hashes { files.hash(&sized, &mut |_| {})?.into_iter() } else { Vec::new().into_iter() };
        let line = |entry: &crate::board::files::FileEntry| {
            let digest = if entry.size.is_some() { digests.next().unwrap_or_default() } else { Vec::new() };
            (entry.path.clone(), (entry.size, digest))
        };
        Ok(Listing(entries.iter().map(line).collect()))
    }

    /// Differences by path: added, removed, or changed.
    pub fn differences(&self, after: &Listing) -> Vec<String> {
        let gone = self.0.keys().filter(|path| !after.0.contains_key(*path)).map(|path| format!("removed: {path}"));
        let other = after.0.iter().filter_map(|(path, entry)| match self.0.get(path) {
            None => Some(format!("added: {path}")),
            Some(before) if before != entry => Some(format!("changed: {path}")),
            Some(_) => None,
        });
        gone.chain(other).collect()
    }

    /// How many files and directories it has.
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

/// Returns the folder, or ends the check.
macro_rules! folder {
    ($bench:expr) => {
        match scratch($bench)? {
            Ok(path) => path,
            Err(reason) => return Ok(Outcome::Absent(reason)),
        }
    };
}

fn write(files: &mut Files<'_>, path: &str, content: &[u8]) -> Result<()> {
    files.write(&[Upload { path, content: &content, digest: None }], &mut |_| {})
}

fn read(files: &mut Files<'_>, path: &str) -> Result<Vec<u8>> {
    let mut content = Vec::new();
    files.read(path, &mut |piece| {
        content.extend_from_slice(piece);
        Ok(())
    })?;
    Ok(content)
}

/// Files of several sizes, with every byte, are written, read, hashed, renamed, replaced and removed.
pub fn round(bench: &mut Bench) -> Checked {
    let folder = folder!(bench);
    let mut random = Random(7);
    let sizes: &[usize] = if bench.quick { &[0, 1, 256, 3000] } else { &[0, 1, 255, 256, 257, 4096, 20_000] };
    let mut files = bench.device.files()?;
    for size in sizes {
        let path = format!("{folder}/a file of {size}.bin");
        let mut content: Vec<u8> = (0..=255).collect();
        content.truncate(*size);
        content.extend(random.bytes(size - content.len()));
        write(&mut files, &path, &content)?;
        if files.stat(&path)? != Some(Some(*size as u64)) {
            return Ok(Outcome::wrong(format!("a file of {size} bytes"), shown(&files.stat(&path)?)));
        }
        let back = read(&mut files, &path)?;
        if back != content {
            return Ok(Outcome::wrong(format!("{size} bytes"), format!("others: {}", shown(&back))));
        }
        let hashed = files.hash(&[(&path, *size as u64)], &mut |_| {})?;
        if hashed != [digest(files.facts().hash, &content)] {
            return Ok(Outcome::wrong("the digest of the file", "another one"));
        }
        let renamed = format!("{folder}/renamed");
        files.rename(&path, &renamed)?;
        write(&mut files, &renamed, b"replaced\r\n")?;
        if read(&mut files, &renamed)? != b"replaced\r\n" {
            return Ok(Outcome::wrong("the content that replaced another one", "something else"));
        }
        files.change(Change::Remove, &[&renamed])?;
    }
    let left = files.directory(&folder)?.len();
    Ok(Outcome::equal(&0, &left))
}

/// The synced files: paths relative to the destination, and contents.
type Tree = BTreeMap<String, Vec<u8>>;

fn local(tree: &Tree) -> Result<Local> {
    let folders = tree.keys().filter_map(|path| path.rsplit_once('/')).map(|(folder, _)| folder.to_owned());
    let folders: std::collections::BTreeSet<String> = folders.collect();
    let file = |(path, content): (&String, &Vec<u8>)| LocalFile {
        path: path.clone(),
        source: PathBuf::from(path),
        content: Content::Bytes(content.clone()),
    };
    Ok(Local {
        folders: folders.into_iter().collect(),
        files: tree.iter().map(file).collect(),
        ignore: Ignore::new(Some(&[]))?,
        single_file: false,
        remarks: Vec::new(),
    })
}

fn sync_tree(bench: &Bench, folder: &str, tree: &Tree) -> Result<usize> {
    let dst = format!("{folder}/sync");
    let options = SyncOptions { dst, keep: Keep::Only(Vec::new()), minify: false, ..SyncOptions::default() };
    Ok(sync(&bench.device, local(tree)?, &options, &mut |_| {})?.steps.len())
}

/// The synced files on the board.
fn synced(bench: &Bench, folder: &str) -> Result<Tree> {
    let top = format!("{folder}/sync/");
    let mut files = bench.device.files()?;
    let mut tree = Tree::new();
    for entry in files.tree(&top[..top.len() - 1])? {
        // A cut upload leaves only a temporary file.
        let is_temporary = entry.path.ends_with(crate::board::files::TEMPORARY);
        if entry.size.is_some() && !is_temporary {
            let content = read(&mut files, &entry.path)?;
            tree.insert(entry.path[top.len()..].to_owned(), content);
        }
    }
    Ok(tree)
}

fn tree(seed: u64, quick: bool) -> Tree {
    let mut random = Random(seed);
    let scale = if quick { 1 } else { 3 };
    let mut tree = Tree::new();
    tree.insert("main.py".to_owned(), format!("print('selftest {seed}')\r\n").into_bytes());
    tree.insert("data/every byte.bin".to_owned(), (0..=255).rev().collect());
    tree.insert("data/large.bin".to_owned(), random.bytes(3000 * scale));
    tree.insert("text.txt".to_owned(), b"a line of text\n".repeat(60 * scale));
    tree
}

/// A folder is synced, again with nothing to do, and after changes.
pub fn sync_twice(bench: &mut Bench) -> Checked {
    let folder = folder!(bench);
    let mut wanted = tree(1, bench.quick);
    sync_tree(bench, &folder, &wanted)?;
    if synced(bench, &folder)? != wanted {
        return Ok(Outcome::wrong("the board has the files of the folder", "it has others"));
    }
    let steps = sync_tree(bench, &folder, &wanted)?;
    if steps > 0 {
        return Ok(Outcome::wrong("nothing to do the second time", format!("{steps} steps")));
    }
    wanted.remove("text.txt");
    wanted.insert("main.py".to_owned(), b"print('changed')\n".to_vec());
    wanted.insert("new.txt".to_owned(), b"new".to_vec());
    let steps = sync_tree(bench, &folder, &wanted)?;
    if synced(bench, &folder)? != wanted || steps != 3 {
        return Ok(Outcome::wrong("3 steps after three changes", format!("{steps} steps")));
    }
    Ok(Outcome::ok())
}

/// After a sync that changes a module, `import` gives the new one, also to a module that has imported it.
pub fn imports(bench: &mut Bench) -> Checked {
    let folder = folder!(bench);
    if bench.ask("hasattr(__import__('sys'),'modules')")? != Some(Value::Bool(true)) {
        return Ok(Outcome::Absent("it has no `sys.modules`".to_owned()));
    }
    for value in [1_i64, 22] {
        let mut modules = Tree::new();
        modules.insert("selftest_value.py".to_owned(), format!("VALUE = {value}\n").into_bytes());
        modules.insert("selftest_user.py".to_owned(), b"from selftest_value import VALUE\n".to_vec());
        sync_tree(bench, &folder, &modules)?;
        bench.exec(&format!("__import__('sys').path.insert(0,'{folder}/sync')"))?;
        let got = bench.exec("__import__('selftest_user').VALUE");
        bench.exec("__import__('sys').path.pop(0)")?;
        let got = got?;
        if got != Value::Int(value) {
            return Ok(Outcome::wrong(value.to_string(), super::outcome::shown(&got)));
        }
    }
    Ok(Outcome::ok())
}

/// The connection is cut in the middle of a sync: each file is the old or the new one, whole.
pub fn sync_cut(bench: &mut Bench) -> Checked {
    let folder = folder!(bench);
    let (old, new) = (tree(2, bench.quick), tree(3, bench.quick));
    let deadline = bench.deadline();
    sync_tree(bench, &folder, &old)?;
    bench.reopen()?;
    bench.set_deadline(deadline);
    if bench.device.files()?.stat(&format!("{folder}/sync"))?.is_none() {
        return Ok(Outcome::Absent("its files do not outlast the connection".to_owned()));
    }
    let before = bench.plug.written();
    sync_tree(bench, &folder, &new)?;
    let whole = bench.plug.written() - before;
    let cuts = if bench.quick { 3 } else { 8 };
    let (mut from, mut to) = (&new, &old);
    let mut happened = 0;
    for cut in 1..=cuts {
        bench.plug.cut_after(whole * cut / (cuts + 1));
        let outcome = sync_tree(bench, &folder, to);
        bench.plug.spare();
        match outcome {
            Err(error) if error.kind() == Kind::ConnectionLost => happened += 1,
            Err(error) => return Err(error),
            // Fewer bytes were sent than the first time.
            Ok(_) => {}
        }
        bench.reopen()?;
        bench.set_deadline(deadline);
        for (path, content) in synced(bench, &folder)? {
            if from.get(&path) != Some(&content) && to.get(&path) != Some(&content) {
                return Ok(Outcome::wrong(
                    format!("`{path}` is the old or the new file"),
                    format!("{} bytes", content.len()),
                ));
            }
        }
        sync_tree(bench, &folder, to)?;
        if synced(bench, &folder)? != *to {
            return Ok(Outcome::wrong("the next sync completes the files", "it does not"));
        }
        (from, to) = (to, from);
    }
    if happened == 0 {
        return Ok(Outcome::wrong("the connection is cut", "every sync was complete"));
    }
    Ok(Outcome::Ok(format!("{happened} cuts in the middle")))
}

/// How fast a file is written and read.
pub fn speed(bench: &mut Bench) -> Checked {
    let folder = folder!(bench);
    let size = if bench.quick { 8 * 1024 } else { 50 * 1024 };
    let content = Random(11).bytes(size);
    let path = format!("{folder}/speed.bin");
    let mut files = bench.device.files()?;
    let begin = std::time::Instant::now();
    write(&mut files, &path, &content)?;
    let written = begin.elapsed();
    let begin = std::time::Instant::now();
    let back = read(&mut files, &path)?;
    let was_read = begin.elapsed();
    files.change(Change::Remove, &[&path])?;
    drop(files);
    if back != content {
        return Ok(Outcome::wrong(format!("{size} bytes"), "others"));
    }
    bench.measured.rate("file_write_bytes_per_second", size, written);
    bench.measured.rate("file_read_bytes_per_second", size, was_read);
    Ok(Outcome::ok())
}
