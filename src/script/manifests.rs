//! Manifests of folders that boards get: when they get them, and again when a report is verified.
//!
//! Uses [`crate::sync`]. Invariant: a number of files and bytes that is bounded by [`Manifest`] is read.

use crate::bench::digests;
use crate::bench::event::{Manifest, ManifestFile, SentBy};
use crate::error::Result;
use crate::sync::{Local, SyncOptions, merge};
use std::path::{Path, PathBuf};

/// The manifest of a synced folder, whose files are `local`. `about`: what is known without them.
pub(crate) fn of_sync(about: Manifest, folder: &Path, local: &Local) -> Manifest {
    let files = local.files.iter().map(|file| (file.path.clone(), file.source.clone()));
    hashed(about, folder, files.collect(), local.size())
}

/// The manifest of a mounted folder: all its files, without hidden ones such as `.git`.
pub(crate) fn of_mount(about: Manifest, folder: &Path) -> Manifest {
    let mut size = 0;
    let mut files = Vec::new();
    let is_shown =
        |entry: &walkdir::DirEntry| entry.depth() == 0 || !entry.file_name().to_string_lossy().starts_with('.');
    let walk = walkdir::WalkDir::new(folder).follow_links(true).into_iter().filter_entry(is_shown);
    for entry in walk.filter_map(std::result::Result::ok) {
        if !entry.file_type().is_file() {
            continue;
        }
        size += entry.metadata().map_or(0, |about| about.len());
        let path = entry.path().strip_prefix(folder).unwrap_or(entry.path()).to_string_lossy().replace('\\', "/");
        files.push((path, entry.into_path()));
        if files.len() > Manifest::MOST_COUNTED || size > Manifest::MOST_BYTES {
            break;
        }
    }
    hashed(about, folder, files, size)
}

/// The manifest that the folder has now. Paths start at `base`.
///
/// # Errors
/// If the folder is gone, or something in it cannot be sent to a board.
#[cfg_attr(not(any(test, feature = "cli")), expect(dead_code, reason = "used by `verify`"))]
pub(crate) fn again(then: &Manifest, base: &Path) -> Result<Manifest> {
    let folder = base.join(&then.folder);
    let Manifest { board, by, folder: written, target, subfolders, ignore, writable, .. } = then.clone();
    let options = SyncOptions { ignore: ignore.clone(), minify: false, ..SyncOptions::default() };
    let about = Manifest {
        board,
        by,
        folder: written,
        target,
        subfolders: subfolders.clone(),
        ignore,
        writable,
        ..Manifest::default()
    };
    Ok(match by {
        SentBy::Mount => of_mount(about, &folder),
        SentBy::Sync if subfolders.is_empty() => of_sync(about, &folder, &Local::read(&folder, &options)?),
        SentBy::Sync => of_sync(about, &folder, &merge(&folder, &subfolders, &options)?),
    })
}

/// Hashes the files, unless they are too many or too large.
fn hashed(about: Manifest, folder: &Path, files: Vec<(String, PathBuf)>, size: u64) -> Manifest {
    if files.len() > Manifest::MOST_COUNTED || size > Manifest::MOST_BYTES {
        return Manifest { count: files.len(), size, ..about };
    }
    let files = files.into_iter().map(|(path, source)| {
        // A file that cannot be read has no digest; sending it is an error elsewhere.
        let (sha256, size) = digests::of_file(&source).unwrap_or_default();
        let elsewhere = source != folder.join(&path) && source != folder;
        let source = elsewhere.then(|| source.to_string_lossy().into_owned());
        ManifestFile { path, source, size, sha256 }
    });
    about.of(files.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_manifest_changes_with_its_files() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("firmware");
        fs::create_dir_all(inner.join("lib")).unwrap();
        fs::write(inner.join("lib/a.py"), "A = 1\n").unwrap();
        fs::write(inner.join("main.py"), "import a\n").unwrap();
        fs::write(inner.join("notes.txt"), "x").unwrap();
        fs::create_dir(inner.join(".git")).unwrap();
        fs::write(inner.join(".git/index.txt"), "x").unwrap();
        for by in [SentBy::Sync, SentBy::Mount] {
            let ignore = Some(vec!["*.txt".to_owned()]);
            let about = Manifest { by, folder: "firmware".to_owned(), ignore, ..Manifest::default() };
            let then = again(&about, folder.path()).unwrap();
            let paths: Vec<&str> = then.files.iter().map(|file| file.path.as_str()).collect();
            let wanted = ["lib/a.py", "main.py", "notes.txt"];
            assert_eq!(paths, if by == SentBy::Sync { &wanted[..2] } else { &wanted[..] });
            assert_eq!(then.files[0].sha256, digests::of_bytes(b"A = 1\n"));
            assert_eq!(then.files[0].source, None);
            assert_eq!(again(&then, folder.path()).unwrap(), then);
            fs::write(inner.join("new.py"), "").unwrap();
            assert_ne!(again(&then, folder.path()).unwrap().sha256, then.sha256);
            fs::remove_file(inner.join("new.py")).unwrap();
        }
    }

    #[test]
    fn merged_folders_name_their_sources() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [("one/a.py", "1\n"), ("two/b.py", "2\n")] {
            fs::create_dir_all(folder.path().join(name).parent().unwrap()).unwrap();
            fs::write(folder.path().join(name), text).unwrap();
        }
        let subfolders = vec!["one".to_owned(), "two".to_owned()];
        let then = again(&Manifest { subfolders, ..Manifest::default() }, folder.path()).unwrap();
        let sources: Vec<bool> = then.files.iter().map(|file| file.source.is_some()).collect();
        assert_eq!((then.count, sources), (2, vec![true, true]));
    }
}
