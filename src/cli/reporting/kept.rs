//! The reports that a station keeps of each run: an event log and an HTML report in its folder.
//!
//! Files are named after the script, the start time in UTC, and the serial number of the unit under test:
//! `bench-20250131T094500Z-SN0042.html`, with `-simulated` at the end if a board was. Invariant: an existing file is never overwritten.

use super::unwritable;
use crate::bench::date;
use crate::cli::arguments::{Noting, Reporting};
use crate::diagnostic::Diagnostic;
use crate::disk;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Most runs of one script that may start within one second: each needs its own name.
const MOST: u32 = 10_000;

/// The two files of the current run.
#[derive(Clone, Debug)]
pub struct Kept {
    folder: PathBuf,
    /// File name without its extension.
    stem: String,
}

impl Kept {
    /// Claims a free name, and creates the record under it.
    ///
    /// # Errors
    /// If the folder, or a file in it, cannot be created.
    pub fn begin(folder: &Path, script: &str) -> Result<(Kept, File), Diagnostic> {
        let moment: String = date::utc_of(date::now().floor()).replace(".000", "").replace(['-', ':'], "");
        let made = fs::create_dir_all(folder).and_then(|()| free(folder, &format!("{}-{moment}", plain(script))));
        let (stem, file) = made.map_err(|error| unwritable(folder, &error))?;
        Ok((Kept { folder: folder.to_owned(), stem }, file))
    }

    fn path(&self, end: &str) -> PathBuf {
        self.folder.join(format!("{}.{end}", self.stem))
    }

    /// The options of `noting`, with the files of this report added.
    pub fn noting(&self, noting: &Noting) -> Noting {
        let reporting = Reporting { html: Some(self.path("html")), ..noting.reporting.clone() };
        Noting { jsonl: Some(self.path("jsonl")), reporting, ..noting.clone() }
    }

    /// Adds the serial number of the unit under test to the name of the record, and whether a board was simulated. If renaming
    /// fails, the record keeps its name.
    pub fn complete_name<'a>(&mut self, mut serials: impl Iterator<Item = &'a str>, simulated: bool) {
        let serial = serials.next().map(plain).filter(|serial| !serial.is_empty());
        let serial = serial.filter(|serial| serials.all(|other| plain(other) == *serial));
        let serial = serial.map(|serial| format!("-{serial}")).unwrap_or_default();
        let more = format!("{serial}{}", if simulated { "-simulated" } else { "" });
        if more.is_empty() {
            return;
        }
        let Ok((stem, _)) = free(&self.folder, &format!("{}{more}", self.stem)) else { return };
        let named = Kept { folder: self.folder.clone(), stem };
        if fs::rename(self.path("jsonl"), named.path("jsonl")).is_ok() {
            *self = named;
        } else {
            let _ = fs::remove_file(named.path("jsonl"));
        }
    }

    /// Path of the HTML report.
    pub fn page(&self) -> PathBuf {
        self.path("html")
    }
}

/// Claims the first free name with this stem by creating its record.
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
    Err(io::Error::new(io::ErrorKind::AlreadyExists, "too many reports within this second"))
}

/// Turns a text into a part of a file name that every system accepts.
fn plain(text: &str) -> String {
    let plain = |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_');
    let letters = text.chars().map(|letter| if plain(letter) { letter } else { '_' });
    letters.take(60).collect::<String>().trim_matches('_').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_hold_script_and_serial_and_files_are_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("new/reports");
        let (mut kept, _) = Kept::begin(&inner, "../be nch").unwrap();
        assert!(kept.stem.starts_with("be_nch-2") && kept.stem.ends_with('Z'), "{}", kept.stem);
        fs::write(kept.page(), "mine").unwrap();
        let again = free(&inner, &kept.stem).unwrap().0;
        assert_eq!(again, format!("{}-2", kept.stem));
        let before = kept.stem.clone();
        for others in [vec![], vec!["a", "b"], vec!["/"]] {
            kept.complete_name(others.into_iter(), false);
            assert_eq!(kept.stem, before);
        }
        fs::write(kept.path("jsonl"), "record").unwrap();
        fs::write(inner.join(format!("{before}-SN_1.jsonl")), "another").unwrap();
        kept.complete_name(["SN/1", "SN/1"].into_iter(), false);
        assert_eq!(kept.stem, format!("{before}-SN_1-2"));
        assert_eq!(fs::read_to_string(kept.path("jsonl")).unwrap(), "record");
        assert_eq!(fs::read_to_string(inner.join(format!("{before}-SN_1.jsonl"))).unwrap(), "another");
        kept.complete_name([].into_iter(), true);
        assert_eq!(kept.stem, format!("{before}-SN_1-2-simulated"));
        assert!(Kept::begin(&inner.join(format!("{before}.html")), "x").is_err());
    }
}
