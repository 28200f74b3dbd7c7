//! Work on a lasting flash, cut off at a random byte: what was there and what was acknowledged is there.

use super::support::{Random, Tree, open_over, sync_tree};
use crate::extent;
use crate::faulty_port::{Fault, Link};
use belay_script::Result;
use belay_script::board::content::Upload;
use belay_script::board::files::{Change, FileEntry};
use belay_script::device::Device;
use belay_script::port::sim::SimOptions;
use belay_script::sync::{Keep, SyncOptions, digest};

/// How often a board is unplugged.
const CASES: usize = 500;
/// How many boards take part, each with a flash and a processor of its own.
const BOARDS: usize = 2;

/// What may be found under a path: one of these contents, or nothing.
type Possible = std::collections::BTreeMap<String, Vec<Option<Vec<u8>>>>;

/// Something that changes files.
enum Work {
    Sync(Tree),
    Write(String, Vec<u8>),
    Rename(String, String),
    Remove(Vec<String>),
}

impl Work {
    fn choose(random: &mut Random, present: &Tree) -> Work {
        let paths: Vec<&String> = present.keys().filter(|path| !path.ends_with('/')).collect();
        let some = |random: &mut Random| paths[random.below(paths.len())].clone();
        match random.below(8) {
            0 if paths.len() > 2 => Work::Remove(vec![some(random)]),
            1 if paths.len() > 1 => Work::Rename(some(random), "renamed".to_owned()),
            2 => {
                let size = random.below(6000);
                Work::Write(format!("written {}", random.below(3)), random.bytes(size))
            }
            _ => Work::Sync(folder(random, present)),
        }
    }

    fn carry_out(&self, device: &Device) -> Result<()> {
        match self {
            Work::Sync(tree) => sync_tree(device, tree, &options()).map(drop),
            Work::Write(path, content) => {
                let mut files = device.files()?;
                let path = format!("/{path}");
                files.write(&[Upload { path: &path, content, digest: None }], &mut |_| {})
            }
            Work::Rename(from, to) => device.files()?.rename(&format!("/{from}"), &format!("/{to}")),
            Work::Remove(paths) => {
                let paths: Vec<String> = paths.iter().map(|path| format!("/{path}")).collect();
                let borrowed: Vec<&str> = paths.iter().map(String::as_str).collect();
                device.files()?.change(Change::Remove, &borrowed)
            }
        }
    }

    /// The files after it.
    fn after(&self, before: &Tree) -> Tree {
        let mut after = before.clone();
        match self {
            Work::Sync(tree) => {
                after.retain(|path, _| path == "kept");
                after.extend(tree.clone());
            }
            Work::Write(path, content) => drop(after.insert(path.clone(), content.clone())),
            Work::Rename(from, to) => {
                if let Some(content) = after.remove(from) {
                    after.insert(to.clone(), content);
                }
            }
            Work::Remove(paths) => after.retain(|path, _| !paths.contains(path)),
        }
        after
    }
}

fn options() -> SyncOptions {
    SyncOptions { keep: Keep::Only(vec!["kept".to_owned()]), minify: false, ..SyncOptions::default() }
}

/// A folder in which some files are as they were, some are others, and some are gone.
fn folder(random: &mut Random, present: &Tree) -> Tree {
    let mut tree = Tree::new();
    for number in 0..5 {
        let path = format!("folder{}/file {number}", number % 2);
        let content = match random.below(4) {
            0 => continue,
            1 => present.get(&path).cloned().unwrap_or_default(),
            2 => b"a line of text, again and again\n".repeat(random.below(150)),
            _ => {
                let size = random.below(3000);
                random.bytes(size)
            }
        };
        tree.insert(path, content);
    }
    tree.insert("always".to_owned(), random.bytes(100));
    tree
}

/// What is on the board, but for what a cut upload has left; panics if that is not what may be. The board hashes it.
fn look(device: &Device, possible: &Possible, case: &str) -> Tree {
    let failed = |error: belay_script::Error| -> Vec<Vec<u8>> { panic!("{case}: {error:?}") };
    let mut files = device.files().unwrap_or_else(|error| panic!("{case}: {error:?}"));
    let entries = files.tree("/").unwrap_or_else(|error| panic!("{case}: {error:?}"));
    let is_file = |entry: &FileEntry| Some((entry.path.clone(), entry.size?));
    let mut paths: Vec<(String, u64)> = entries.iter().filter_map(is_file).collect();
    paths.retain(|(path, _)| !path.ends_with("/__belay.tmp"));
    let borrowed: Vec<(&str, u64)> = paths.iter().map(|(path, size)| (path.as_str(), *size)).collect();
    let digests = files.hash(&borrowed, &mut |_| {}).unwrap_or_else(failed);
    let kind = files.facts().hash;
    let mut found = Tree::new();
    for ((path, size), digest) in paths.iter().zip(digests) {
        let path = &path[1..];
        let contents = possible.get(path).unwrap_or_else(|| panic!("{case}: {path} was never written"));
        let is_it = |content: &&Vec<u8>| self::digest(kind, content) == digest;
        let content = contents.iter().flatten().find(is_it);
        let content = content.unwrap_or_else(|| panic!("{case}: {path} has {size} bytes of something else"));
        found.insert(path.to_owned(), content.clone());
    }
    for (path, contents) in possible {
        assert!(found.contains_key(path) || contents.contains(&None), "{case}: {path} is gone");
    }
    found
}

fn possible(before: &Tree, after: &Tree) -> Possible {
    let mut possible = Possible::new();
    for path in before.keys().chain(after.keys()) {
        possible.insert(path.clone(), vec![before.get(path).cloned(), after.get(path).cloned()]);
    }
    possible
}

/// Unplugs one board so often; gives how often the work was cut off, and how often it was done before.
fn board(seed: u64, cases: usize) -> (usize, usize) {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let flash = Some(scratch.path().join("flash"));
    let link = Link::to(SimOptions { flash, flash_size: 256 * 1024, ..SimOptions::default() });
    let mut random = Random(seed);
    let mut before = Tree::new();
    before.insert("kept".to_owned(), b"kept text".to_vec());
    let device = open_over(link.connector(), 0).expect("a board");
    device.exec("f = open('/kept', 'w')\nf.write('kept text')\nf.close()", None).expect("a file");
    device.close().expect("a closed board");
    let mut possible = possible(&before, &before);
    let (mut cut, mut done) = (0, 0);
    for number in 0..cases {
        let case = format!("seed {seed}, case {number}");
        let device = open_over(link.connector(), 0).unwrap_or_else(|error| panic!("{case}: {error:?}"));
        before = look(&device, &possible, &case);
        let work = Work::choose(&mut random, &before);
        let after = work.after(&before);
        let fault = match random.below(2) {
            0 => Fault::Unplug(random.below(700)),
            _ => Fault::UnplugInWrite(random.below(5000)),
        };
        let case = format!("{case}, {fault:?}");
        link.arm(fault);
        match work.carry_out(&device) {
            Ok(()) => {
                done += 1;
                possible = self::possible(&after, &after);
            }
            Err(error) => {
                assert_eq!(error.kind(), belay_script::Kind::ConnectionLost, "{case}: {error:?}");
                cut += 1;
                possible = self::possible(&before, &after);
            }
        }
        let _ = device.close();
        link.mend();
    }
    // The next sync completes.
    let device = open_over(link.connector(), 0).expect("a board");
    before = look(&device, &possible, "at the end");
    let wanted = folder(&mut random, &before);
    sync_tree(&device, &wanted, &options()).expect("a sync");
    let after = Work::Sync(wanted).after(&before);
    look(&device, &self::possible(&after, &after), "after the last sync");
    (cut, done)
}

#[test]
fn nothing_is_lost_by_an_unplugged_board() {
    let cases = CASES / extent::one_of("unplugged");
    let boards = (0..BOARDS).map(|seed| std::thread::spawn(move || board(seed as u64, cases / BOARDS)));
    let boards: Vec<_> = boards.collect();
    let counts = boards.into_iter().map(|board| board.join().expect("a board that kept everything"));
    let (cut, done) = counts.fold((0, 0), |sum, count| (sum.0 + count.0, sum.1 + count.1));
    println!("unplugged {cases} times: {cut} in the middle, {done} when all was done; nothing was lost");
    assert!(cut > cases / 4 && done > cases / 20, "{cut} and {done} are no fair mixture");
}
