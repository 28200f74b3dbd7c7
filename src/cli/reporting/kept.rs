//! The reports that a station keeps of each run: a record and a page in its folder.
//!
//! Files are named by the script, the time at which the run began, in UTC, and the unit under test:
//! `bench-20250131T094500Z-SN0042.html`. Invariant: no file that is there is replaced.

use super::unwritable;
use crate::bench::date;
use crate::cli::arguments::{Noting, Reporting};
use crate::diagnostic::Diagnostic;
use crate::disk;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// How many runs of one script may begin within a second, with a name each.
const MOST: u32 = 10_000;

/// The two files of what runs now.
#[derive(Clone, Debug)]
pub struct Kept {
    folder: PathBuf,
    /// The files' name, without its end.
    stem: String,
}

impl Kept {
    /// Takes a name that is free, and begins the record there.
    ///
    /// # Errors
    /// If the folder, or a file in it, cannot be made.
    pub fn begin(folder: &Path, script: &str) -> Result<(Kept, File), Diagnostic> {
        let moment: String = date::utc_of(date::now().floor()).replace(".000", "").replace(['-', ':'], "");
        let made = fs::create_dir_all(folder).and_then(|()| free(folder, &format!("{}-{moment}", plain(script))));
        let (stem, file) = made.map_err(|error| unwritable(folder, &error))?;
        Ok((Kept { folder: folder.to_owned(), stem }, file))
    }

    fn path(&self, end: &str) -> PathBuf {
        self.folder.join(format!("{}.{end}", self.stem))
    }

    /// What is to be noted for them, besides what `noting` says.
    pub fn noting(&self, noting: &Noting) -> Noting {
        let reporting = Reporting { html: Some(self.path("html")), ..noting.reporting.clone() };
        Noting { jsonl: Some(self.path("jsonl")), reporting, ..noting.clone() }
    }

    /// Gives the record a name with the unit, now that it is known. If that fails it keeps its name.
    pub fn name_unit<'a>(&mut self, mut units: impl Iterator<Item = &'a str>) {
        let Some(unit) = units.next().map(plain).filter(|unit| !unit.is_empty()) else { return };
        if units.any(|other| plain(other) != unit) {
            return;
        }
        let Ok((stem, _)) = free(&self.folder, &format!("{}-{unit}", self.stem)) else { return };
        let named = Kept { folder: self.folder.clone(), stem };
        if fs::rename(self.path("jsonl"), named.path("jsonl")).is_ok() {
            *self = named;
        } else {
            let _ = fs::remove_file(named.path("jsonl"));
        }
    }

    /// The page, for people.
    pub fn page(&self) -> PathBuf {
        self.path("html")
    }
}

/// The first free name that begins so, taken by its record.
fn free(folder: &Path, stem: &str) -> io::Result<(String, File)> {
    let names = std::iter::once(stem.to_owned()).chain((2..MOST).map(|number| format!("{stem}-{number}")));
    for name in names {
        if folder.join(format!("{name}.html")).symlink_metadata().is_ok() {
            continue;
        }
        match disk::begin_new_log(&folder.join(format!("{name}.jsonl"))) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            result => return result.map(|file| (name, file)),
        }
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, "there are too many reports of this second"))
}

/// A text as part of a file's name, on any system.
fn plain(text: &str) -> String {
    let plain = |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_');
    let letters = text.chars().map(|letter| if plain(letter) { letter } else { '_' });
    letters.take(60).collect::<String>().trim_matches('_').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_script_and_unit_and_nothing_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("new/reports");
        let (mut kept, _) = Kept::begin(&inner, "../be nch").unwrap();
        assert!(kept.stem.starts_with("be_nch-2") && kept.stem.ends_with('Z'), "{}", kept.stem);
        fs::write(kept.page(), "mine").unwrap();
        let again = free(&inner, &kept.stem).unwrap().0;
        assert_eq!(again, format!("{}-2", kept.stem));
        let before = kept.stem.clone();
        for others in [vec![], vec!["a", "b"], vec!["/"]] {
            kept.name_unit(others.into_iter());
            assert_eq!(kept.stem, before);
        }
        fs::write(kept.path("jsonl"), "record").unwrap();
        fs::write(inner.join(format!("{before}-SN_1.jsonl")), "another").unwrap();
        kept.name_unit(["SN/1", "SN/1"].into_iter());
        assert_eq!(kept.stem, format!("{before}-SN_1-2"));
        assert_eq!(fs::read_to_string(kept.path("jsonl")).unwrap(), "record");
        assert_eq!(fs::read_to_string(inner.join(format!("{before}-SN_1.jsonl"))).unwrap(), "another");
        assert!(Kept::begin(&inner.join(format!("{before}.html")), "x").is_err());
    }
}
