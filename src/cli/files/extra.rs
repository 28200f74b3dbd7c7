//! What a destination has and the copied directories do not: `cp --delete` removes it.
//!
//! Invariant: what is excluded from the copy stays, and so do the directories in which it is; the root of a board is never cleared.

use super::local;
use super::path::join;
use super::plan::{Choice, Item};
use super::{Work, misused};
use crate::error::Result;
use std::collections::HashSet;
use std::path::Path;

/// Something to remove: below the root of the targets, and whether it is a directory.
pub type Extra = (String, bool);

/// The directories among the targets whose contents are to be those of their sources.
fn roots(items: &[Item]) -> Vec<&str> {
    let folders = items.iter().filter(|item| item.size.is_none()).map(|item| item.relative.as_str());
    let mut roots: Vec<&str> = Vec::new();
    for folder in folders {
        if !roots.iter().any(|root| root.is_empty() || *root == folder || folder.starts_with(&format!("{root}/"))) {
            roots.push(folder);
        }
    }
    roots
}

/// What is to be removed below `root` on the board: files first, then directories with what is in them before.
///
/// # Errors
/// ParseError for the root of the board; of the link.
pub fn on_board(work: &mut Work<'_>, items: &[Item], root: &str, choice: &Choice) -> Result<Vec<Extra>> {
    let mut extras = Vec::new();
    for folder in roots(items) {
        let path = join(root, folder);
        if path == "/" {
            return Err(misused(
                "`--delete` does not clear the board's `/`",
                "use `belay-script sync FOLDER`, which keeps boot.py and lib, or name a directory of the board",
            ));
        }
        if work.files()?.stat(&path)? == Some(None) {
            let cut = path.len() + 1;
            let there = work.files()?.tree(&path)?;
            let there = there.iter().map(|entry| (entry.path.get(cut..).unwrap_or_default(), entry.size.is_none()));
            extras.extend(without(items, folder, there, choice));
        }
    }
    for (relative, _) in &extras {
        work.guard(&join(root, relative))?;
    }
    Ok(extras)
}

/// As [`on_board`], below a folder of this computer.
///
/// # Errors
/// Of a folder that cannot be read.
pub fn on_this_computer(items: &[Item], root: &Path, choice: &Choice) -> Result<Vec<Extra>> {
    let mut extras = Vec::new();
    for folder in roots(items) {
        let path = if folder.is_empty() { root.to_owned() } else { root.join(folder) };
        if local::stat(&path)? == Some(None) {
            let there = local::walk(&path, usize::MAX)?;
            let there = there.iter().map(|entry| (entry.relative.as_str(), entry.size.is_none()));
            extras.extend(without(items, folder, there, choice));
        }
    }
    Ok(extras)
}

fn without<'a>(
    items: &[Item],
    folder: &str,
    there: impl Iterator<Item = (&'a str, bool)>,
    choice: &Choice,
) -> Vec<Extra> {
    let kept: HashSet<&str> = items.iter().map(|item| item.relative.as_str()).collect();
    let full = |path: &str| if folder.is_empty() { path.to_owned() } else { format!("{folder}/{path}") };
    let mut stays: HashSet<String> = HashSet::new();
    let mut extras = Vec::new();
    for (path, is_folder) in there {
        let name = full(path);
        if !kept.contains(name.as_str()) && !choice.leaves_out(path, is_folder) {
            extras.push((name, is_folder));
            continue;
        }
        // So do the directories above it.
        let above = name.match_indices('/').map(|(at, _)| name[..at].to_owned());
        stays.extend(above);
    }
    extras.retain(|(name, is_folder)| !is_folder || !stays.contains(name));
    extras.sort_by(|(a, a_folder), (b, b_folder)| {
        a_folder.cmp(b_folder).then_with(|| if *a_folder { b.cmp(a) } else { a.cmp(b) })
    });
    extras
}

#[cfg(test)]
mod tests {
    use super::super::plan::From;
    use super::*;
    use crate::sync::Ignore;

    #[test]
    fn files_come_before_directories_and_excluded_ones_stay() {
        let item =
            |relative: &str, size| Item { from: From::Board(String::new()), relative: relative.to_owned(), size };
        let items = [item("u", None), item("u/a", None), item("u/a/x", Some(1))];
        let there = [
            ("a", true),
            ("a/x", false),
            ("a/y", false),
            ("b", true),
            ("b/c", true),
            ("b/c/z", false),
            ("d", true),
            ("d/keep.log", false),
        ];
        let patterns = ["*.log".to_owned()];
        let choice = Choice { recursive: true, exclude: Some(Ignore::new(Some(&patterns)).unwrap()) };
        assert_eq!(roots(&items), ["u"]);
        let extras = without(&items, "u", there.into_iter(), &choice);
        let names: Vec<&str> = extras.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["u/a/y", "u/b/c/z", "u/b/c", "u/b"]);
    }
}
