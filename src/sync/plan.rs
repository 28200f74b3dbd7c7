//! The plan of a sync, as data: made before anything changes on the board.
//!
//! Pure. Invariant: nothing that is kept, ignored or wanted is removed, and an impossible plan is rejected as a whole.

use crate::board::files::{FileEntry, TEMPORARY};
use crate::device::Space;
use crate::error::{Error, Kind, Result};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A wanted file on the board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The path below the destination, names separated by `/`.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// Its digest, as the board computes it.
    pub digest: Vec<u8>,
}

/// The known state of the board.
#[derive(Clone, Debug, Default)]
pub struct Present {
    /// Everything below the destination, by relative path: bytes of a file, `None` for a directory.
    pub entries: BTreeMap<String, Option<u64>>,
    /// Digests of its files.
    pub digests: HashMap<String, Vec<u8>>,
    /// Missing directories above the destination, and the destination itself if missing.
    pub missing: Vec<String>,
    /// Space, if the board can tell.
    pub space: Option<Space>,
}

impl Present {
    /// Adds a listing of the tree below `root`.
    pub fn of(root: &str, entries: Vec<FileEntry>) -> Present {
        let prefix = root.trim_end_matches('/').len() + 1;
        let below = |entry: FileEntry| Some((entry.path.get(prefix..)?.to_owned(), entry.size));
        Present { entries: entries.into_iter().filter_map(below).collect(), ..Present::default() }
    }

    /// The wanted files that may already be there: those of the same size. Only their digests are needed.
    pub fn candidates<'a>(&self, wanted: &'a [Wanted]) -> Vec<&'a Wanted> {
        wanted.iter().filter(|file| self.entries.get(&file.path) == Some(&Some(file.size))).collect()
    }
}

/// The rules of removal.
pub struct Rules<'a> {
    /// Whether to remove unwanted files.
    pub delete: bool,
    /// Whether a path below the destination is kept, itself or as part of a folder.
    pub is_kept: &'a dyn Fn(&str) -> bool,
    /// Whether a path is ignored; the second: whether it is a directory.
    pub is_ignored: &'a dyn Fn(&str, bool) -> bool,
    /// Files to remove in any case, because they would hide wanted ones.
    pub twins: &'a [String],
}

/// The steps of a sync, in this order. Paths are relative to the destination, except `missing`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Remains of an interrupted upload: removed first, and in any case.
    pub leftovers: Vec<String>,
    /// Files removed before any upload, because there is no space otherwise.
    pub early: Vec<String>,
    /// The destination's directories to create, as absolute paths.
    pub missing: Vec<String>,
    /// Directories to create.
    pub directories: Vec<String>,
    /// Files to send: their indices in the list of wanted ones.
    pub uploads: Vec<usize>,
    /// Files to remove at the end.
    pub removals: Vec<String>,
    /// Directories to remove at the end, deepest first.
    pub emptied: Vec<String>,
    /// How many files are already there.
    pub unchanged: usize,
    /// Bytes to send.
    pub bytes: u64,
}

impl Plan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        let Plan { leftovers, early, missing, directories, uploads, removals, emptied, .. } = self;
        [leftovers, early, missing, directories, removals, emptied].iter().all(|list| list.is_empty())
            && uploads.is_empty()
    }

    /// Makes the plan. `folders`: wanted directories, including empty ones.
    ///
    /// # Errors
    /// ArgumentError for a file where the board has a directory, or vice versa; DeviceException if the board has not enough
    /// space.
    pub fn new(folders: &[String], wanted: &[Wanted], present: &Present, rules: &Rules<'_>) -> Result<Plan> {
        let directories = directories(folders, wanted);
        check_kinds(&directories, wanted, present)?;
        let mut plan = Plan { missing: present.missing.clone(), ..Plan::default() };
        plan.directories = directories
            .iter()
            .filter(|path| !present.entries.contains_key(**path))
            .map(|path| (*path).into())
            .collect();
        for (index, file) in wanted.iter().enumerate() {
            let same = present.entries.get(&file.path) == Some(&Some(file.size))
                && present.digests.get(&file.path) == Some(&file.digest);
            if same {
                plan.unchanged += 1;
            } else {
                plan.uploads.push(index);
                plan.bytes += file.size;
            }
        }
        let files = present.entries.iter().filter(|(_, size)| size.is_some()).map(|(path, _)| path);
        plan.leftovers = files.filter(|path| is_leftover(path)).cloned().collect();
        plan.removals = removals(wanted, present, rules);
        plan.emptied = emptied(&directories, plan.leftovers.iter().chain(&plan.removals), present, rules);
        plan.find_room(wanted, present)?;
        Ok(plan)
    }

    /// Orders the uploads, and moves the fewest removals to the front that make space for them.
    fn find_room(&mut self, wanted: &[Wanted], present: &Present) -> Result<()> {
        let Some(space) = present.space.filter(|space| space.block > 0) else { return Ok(()) };
        let blocks = |size: u64| size.div_ceil(space.block).max(1);
        let old = |file: &Wanted| present.entries.get(&file.path).copied().flatten();
        // Uploads that free space come first: the old file is removed when the new one is complete.
        self.uploads.sort_by_key(|&index| {
            let file = &wanted[index];
            blocks(file.size).cast_signed() - old(file).map_or(0, blocks).cast_signed()
        });
        // How much space is missing at the worst moment, with `start` free at first.
        let lacking = |start: u64, measure: &dyn Fn(u64) -> u64| {
            let mut free = start.cast_signed();
            let mut least = free.min(0);
            for &index in &self.uploads {
                let file = &wanted[index];
                least = least.min(free - measure(file.size).cast_signed());
                free += old(file).map_or(0, measure).cast_signed() - measure(file.size).cast_signed();
            }
            least.unsigned_abs()
        };
        // A directory takes at most two blocks.
        let for_directories = 2 * (self.directories.len() + self.missing.len()) as u64;
        let start = (space.free / space.block).saturating_sub(for_directories);
        let mut short = lacking(start, &blocks);
        if short == 0 {
            return Ok(());
        }
        let size = |path: &String| present.entries.get(path).copied().flatten().unwrap_or(0);
        let mut by_size: Vec<String> = self.removals.clone();
        by_size.sort_by_key(|path| std::cmp::Reverse(size(path)));
        for path in by_size {
            if short == 0 {
                break;
            }
            short = short.saturating_sub(blocks(size(&path)));
            self.removals.retain(|other| *other != path);
            self.early.push(path);
        }
        // Small files share blocks on some file systems: reject only the impossible.
        let freed: u64 = self.early.iter().map(size).sum();
        let bytes_short = lacking(space.free, &|size| size).saturating_sub(freed);
        if short > 0 && bytes_short > 0 {
            return Err(Error::raised(&format!(
                "OSError: the board's flash is too small: {bytes_short} more bytes are needed than can be freed"
            ))
            .with_help("remove files from the board or from the folder; each file must fit next to its old version"));
        }
        Ok(())
    }
}

/// Every required directory, parents first.
fn directories<'a>(folders: &'a [String], wanted: &'a [Wanted]) -> BTreeSet<&'a str> {
    let mut directories = BTreeSet::new();
    let parents = |path: &'a str| path.match_indices('/').map(move |(at, _)| &path[..at]);
    for folder in folders {
        directories.extend(parents(folder));
        directories.insert(folder.as_str());
    }
    for file in wanted {
        directories.extend(parents(&file.path));
    }
    directories
}

fn check_kinds(directories: &BTreeSet<&str>, wanted: &[Wanted], present: &Present) -> Result<()> {
    let clash = |path: &str, there: &str, here: &str| {
        Error::new(Kind::ArgumentError, format!("`{path}` is a {there} on the board, but a {here} in the folder"))
            .with_help(format!(
                "remove it from the board first: `belay-script rm -r` and its path, or rename the {here}"
            ))
    };
    for path in directories {
        if matches!(present.entries.get(*path), Some(Some(_))) {
            return Err(clash(path, "file", "folder"));
        }
    }
    for file in wanted {
        if matches!(present.entries.get(&file.path), Some(None)) {
            return Err(clash(&file.path, "directory", "file"));
        }
    }
    Ok(())
}

fn is_leftover(path: &str) -> bool {
    path.rsplit('/').next() == Some(TEMPORARY)
}

/// Files to remove.
fn removals(wanted: &[Wanted], present: &Present, rules: &Rules<'_>) -> Vec<String> {
    let wanted: BTreeSet<&str> = wanted.iter().map(|file| file.path.as_str()).collect();
    let goes = |path: &str| {
        rules.twins.iter().any(|twin| twin == path)
            || (rules.delete
                && !wanted.contains(path)
                && !(rules.is_kept)(path)
                && !(rules.is_ignored)(path, false)
                && !parents(path).any(|parent| (rules.is_ignored)(parent, true)))
    };
    let files = present.entries.iter().filter(|(_, size)| size.is_some()).map(|(path, _)| path);
    files.filter(|path| goes(path) && !is_leftover(path)).cloned().collect()
}

/// Directories to remove: those that are unwanted and become empty.
fn emptied<'a>(
    wanted: &BTreeSet<&str>,
    removals: impl Iterator<Item = &'a String>,
    present: &Present,
    rules: &Rules<'_>,
) -> Vec<String> {
    if !rules.delete {
        return Vec::new();
    }
    let gone: BTreeSet<&str> = removals.map(String::as_str).collect();
    let mut full: BTreeSet<&str> = BTreeSet::new();
    let mut emptied = Vec::new();
    // In reverse order, the contents of a directory precede it.
    for (path, size) in present.entries.iter().rev() {
        let stays = match size {
            Some(_) => !gone.contains(path.as_str()),
            None => {
                full.contains(path.as_str())
                    || wanted.contains(path.as_str())
                    || (rules.is_kept)(path)
                    || (rules.is_ignored)(path, true)
                    || parents(path).any(|parent| (rules.is_ignored)(parent, true))
            }
        };
        if stays {
            full.extend(parents(path));
        } else if size.is_none() {
            emptied.push(path.clone());
        }
    }
    emptied.sort_by_key(|path| std::cmp::Reverse(path.matches('/').count()));
    emptied
}

/// The directories above `path`.
fn parents(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(move |(at, _)| &path[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(files: &[(&str, u64, &str)]) -> Vec<Wanted> {
        let file = |(path, size, digest): &(&str, u64, &str)| Wanted {
            path: (*path).to_owned(),
            size: *size,
            digest: digest.as_bytes().to_vec(),
        };
        files.iter().map(file).collect()
    }

    fn present(entries: &[(&str, Option<u64>, &str)]) -> Present {
        Present {
            entries: entries.iter().map(|(path, size, _)| ((*path).to_owned(), *size)).collect(),
            digests: entries.iter().map(|(path, _, digest)| ((*path).to_owned(), digest.as_bytes().to_vec())).collect(),
            ..Present::default()
        }
    }

    const MIRROR: Rules<'_> = Rules {
        delete: true,
        is_kept: &|path| path == "boot.py" || path.starts_with("lib"),
        is_ignored: &|_, _| false,
        twins: &[],
    };

    fn plan(folders: &[&str], files: &[Wanted], present: &Present, rules: &Rules<'_>) -> Result<Plan> {
        let folders: Vec<String> = folders.iter().map(|folder| (*folder).to_owned()).collect();
        Plan::new(&folders, files, present, rules)
    }

    #[test]
    fn sends_missing_files_and_removes_unwanted_ones() {
        let board = present(&[
            ("boot.py", Some(5), ""),
            ("lib", None, ""),
            ("lib/x.py", Some(1), ""),
            ("same.py", Some(3), "s"),
            ("other.py", Some(3), "o"),
            ("shorter.py", Some(2), "s"),
            ("old", None, ""),
            ("old/deep", None, ""),
            ("old/deep/a.py", Some(9), ""),
            ("old-b.py", Some(9), ""),
            ("half", None, ""),
            ("half/gone.py", Some(1), ""),
            ("half/there.py", Some(1), "t"),
        ]);
        let files = wanted(&[
            ("half/there.py", 1, "t"),
            ("new/sub/n.py", 7, "n"),
            ("other.py", 3, "x"),
            ("same.py", 3, "s"),
            ("shorter.py", 3, "s"),
        ]);
        let made = plan(&["empty", "new", "new/sub", "half"], &files, &board, &MIRROR).unwrap();
        assert_eq!(
            made,
            Plan {
                directories: ["empty", "new", "new/sub"].map(str::to_owned).to_vec(),
                uploads: vec![1, 2, 4],
                removals: ["half/gone.py", "old-b.py", "old/deep/a.py"].map(str::to_owned).to_vec(),
                emptied: ["old/deep", "old"].map(str::to_owned).to_vec(),
                unchanged: 2,
                bytes: 13,
                ..Plan::default()
            }
        );
        let kept = plan(&[], &files, &board, &Rules { delete: false, ..MIRROR }).unwrap();
        assert_eq!((kept.removals.len(), kept.emptied.len(), kept.uploads.len()), (0, 0, 3));
    }

    #[test]
    fn ignored_paths_stay_with_their_contents() {
        let board = present(&[
            ("data", None, ""),
            ("data/deep", None, ""),
            ("data/deep/log.csv", Some(1), ""),
            ("a.tmp", Some(1), ""),
            ("d", None, ""),
            ("d/__belay.tmp", Some(1), ""),
        ]);
        let is_ignored = |path: &str, directory: bool| path.ends_with(".tmp") || (directory && path == "data");
        let rules = Rules { is_ignored: &is_ignored, ..MIRROR };
        let made = plan(&[], &[], &board, &rules).unwrap();
        assert_eq!((made.leftovers, made.emptied), (vec!["d/__belay.tmp".to_owned()], vec!["d".to_owned()]));
        assert_eq!(made.removals, [""; 0]);
    }

    #[test]
    fn removes_twins_even_if_nothing_else() {
        let board = present(&[("a.py", Some(1), ""), ("b.py", Some(1), "")]);
        let twins = ["a.py".to_owned(), "c.py".to_owned()];
        let rules = Rules { delete: false, twins: &twins, ..MIRROR };
        assert_eq!(plan(&[], &wanted(&[("a.mpy", 1, "")]), &board, &rules).unwrap().removals, ["a.py"]);
    }

    #[test]
    fn rejects_a_file_over_a_directory() {
        let case = |folders: &[&str], files: &[Wanted], entry, message: &str| {
            let error = plan(folders, files, &present(&[entry]), &MIRROR).unwrap_err();
            assert_eq!(error.message(), message);
        };
        case(
            &[],
            &wanted(&[("a", 1, "")]),
            ("a", None, ""),
            "`a` is a directory on the board, but a file in the folder",
        );
        case(&["a"], &[], ("a", Some(1), ""), "`a` is a file on the board, but a folder in the folder");
        let deep = wanted(&[("a/b", 1, "")]);
        case(&[], &deep, ("a", Some(1), ""), "`a` is a file on the board, but a folder in the folder");
    }

    #[test]
    fn frees_a_full_flash_with_the_fewest_removals() {
        let space = |free| Some(Space { block: 10, total: 100, free });
        let mut board = present(&[
            ("big", Some(40), ""),
            ("small", Some(10), ""),
            ("middle", Some(20), ""),
            ("grows", Some(10), "g"),
            ("shrinks", Some(30), "s"),
        ]);
        let files = wanted(&[("grows", 35, "G"), ("shrinks", 5, "S")]);
        let case = |board: &Present| plan(&[], &files, board, &MIRROR).map(|plan| (plan.early, plan.uploads));
        board.space = space(60);
        assert_eq!(case(&board).unwrap(), (vec![], vec![1, 0]));
        // The one that shrinks frees two blocks, the other needs four.
        board.space = space(20);
        assert_eq!(case(&board).unwrap(), (vec![], vec![1, 0]));
        board.space = space(10);
        assert_eq!(case(&board).unwrap(), (vec!["big".to_owned()], vec![1, 0]));
        let huge = wanted(&[("new", 160, "n")]);
        let error = plan(&[], &huge, &board, &MIRROR).unwrap_err();
        assert_eq!(
            error.message(),
            "OSError: the board's flash is too small: 40 more bytes are needed than can be freed"
        );
        let tight = wanted(&[("new", 49, "n")]);
        assert_eq!(plan(&[], &tight, &board, &MIRROR).unwrap().early, ["big"]);
    }
}
