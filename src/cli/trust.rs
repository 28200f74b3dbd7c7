//! `trust`: records which station files the user has read and trusts.
//!
//! A station's file that is found beside a script may come from anyone, as the script does. The ones that the person trusts
//! are kept with a hash of their text, so that a change ends the trust. Invariant: what is compared with the hash is the text
//! that is used.

use super::arguments::Trust as Options;
use super::configuration::data_folder;
use super::console::Console;
use super::{misuse, station};
use crate::bench::station::{FILE, Station, Trust};
use crate::bound;
use crate::diagnostic::Diagnostic;
use crate::disk;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};

/// A file that was trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
struct TrustedFile {
    /// In full.
    file: String,
    /// SHA-256 of its text, in hexadecimal.
    sha256: String,
}

/// Runs the command; returns the exit status.
///
/// # Errors
/// If the file does not exist or is invalid, or the decision cannot be kept.
pub fn command(options: &Options, console: &Arc<Console>) -> Result<u8, Diagnostic> {
    let store = store()?;
    let mut entries = read(&store)?;
    if options.list {
        for entry in &entries {
            console.text(&format!("{}  {}\n", state(entry), plain(&entry.file)));
        }
        return Ok(0);
    }
    let folder = options.folder.as_deref().unwrap_or(Path::new("."));
    let file = if folder.ends_with(FILE) { folder.to_owned() } else { folder.join(FILE) };
    if options.remove {
        let name = name(&file).unwrap_or_else(|_| file.to_string_lossy().into_owned());
        let before = entries.len();
        entries.retain(|entry| entry.file != name);
        if entries.len() == before {
            let message = format!("`{}` is not trusted", file.display());
            return Err(misuse(message, "`belay-script trust --list` lists the trusted files by their full paths"));
        }
        write(&store, &entries)?;
        console.text(&format!("no longer trusted: {}\n", plain(&name)));
        return Ok(0);
    }
    super::readable(&file)?;
    let text = station::read(&file)?;
    let station = Station::parse(&file, &text).map_err(|problem| *problem)?;
    let name = name(&file)?;
    keep(&mut entries, &name, &text);
    write(&store, &entries)?;
    console.text(&format!("trusted: {}\n{}", plain(&name), summary(&station)));
    Ok(0)
}

/// Whether the file with this text is trusted.
pub fn of(file: &Path, text: &str) -> Trust {
    let entries = store().and_then(|store| read(&store)).unwrap_or_default();
    let Ok(name) = name(file) else { return Trust::Unknown };
    match entries.iter().find(|entry| entry.file == name) {
        Some(entry) if entry.sha256 == hash(text) => Trust::Trusted,
        Some(_) => Trust::Changed,
        None => Trust::Unknown,
    }
}

/// Keeps a file trusted after belay-script itself has changed its text.
pub fn renew(file: &Path, before: &str, after: &str) {
    if of(file, before) != Trust::Trusted {
        return;
    }
    // If this fails, the user must trust the file again.
    let _ = store().and_then(|store| {
        let mut entries = read(&store)?;
        keep(&mut entries, &name(file)?, after);
        write(&store, &entries)
    });
}

fn keep(entries: &mut Vec<TrustedFile>, name: &str, text: &str) {
    entries.retain(|entry| entry.file != name);
    entries.push(TrustedFile { file: name.to_owned(), sha256: hash(text) });
    entries.sort_by(|a, b| a.file.cmp(&b.file));
}

/// The trusted content: the ports of the boards and consoles, and the folder for reports.
fn summary(station: &Station) -> String {
    let mut text = String::new();
    for (name, board) in &station.boards {
        let _ = writeln!(text, "  board {name}: {}", plain(&board.address(name, false)));
    }
    for (name, console) in &station.consoles {
        let _ = writeln!(text, "  console {name}: {}", plain(&console.address(false)));
    }
    if let Some(folder) = &station.reports {
        let _ = writeln!(text, "  reports: {}", plain(&folder.to_string_lossy()));
    }
    text
}

fn state(entry: &TrustedFile) -> &'static str {
    match station::read(Path::new(&entry.file)) {
        Ok(text) if hash(&text) == entry.sha256 => "trusted",
        Ok(_) => "changed",
        Err(_) => "missing",
    }
}

/// A text of a file on one line, without control characters.
fn plain(text: &str) -> String {
    text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect()
}

fn hash(text: &str) -> String {
    crate::bench::digests::of_bytes(text.as_bytes())
}

/// The full path, which identifies the file.
fn name(file: &Path) -> Result<String, Diagnostic> {
    let real = file.canonicalize().map_err(|error| {
        misuse(
            format!("`{}` cannot be read: {}", file.display(), disk::reason(&error)),
            "name a folder with a station.toml",
        )
    })?;
    match real.to_str() {
        Some(name) => Ok(name.to_owned()),
        None => Err(misuse(format!("the path of `{}` is not UTF-8", file.display()), "rename the folder")),
    }
}

fn store() -> Result<PathBuf, Diagnostic> {
    let folder = data_folder().ok_or_else(|| misuse("HOME is not set", "set HOME or XDG_DATA_HOME"))?;
    Ok(folder.join("trusted.toml"))
}

fn read(store: &Path) -> Result<Vec<TrustedFile>, Diagnostic> {
    if !store.exists() {
        return Ok(Vec::new());
    }
    let unusable = |reason: String| {
        misuse(format!("`{}` cannot be read: {reason}", store.display()), "remove it, and trust the folders again")
    };
    let text = disk::read_text(store, bound::SCRIPT).map_err(|error| unusable(disk::reason(&error)))?;
    let document: DocumentMut = text.parse().map_err(|_| unusable("invalid TOML".to_owned()))?;
    let Some(tables) = document.get("station").and_then(Item::as_array_of_tables) else { return Ok(Vec::new()) };
    let text = |table: &Table, key: &str| table.get(key).and_then(Item::as_str).map(str::to_owned);
    let entries = tables
        .iter()
        .filter_map(|table| Some(TrustedFile { file: text(table, "file")?, sha256: text(table, "sha256")? }));
    Ok(entries.collect())
}

fn write(store: &Path, entries: &[TrustedFile]) -> Result<(), Diagnostic> {
    let mut tables = ArrayOfTables::new();
    for entry in entries {
        let mut table = Table::new();
        table.insert("file", value(&entry.file));
        table.insert("sha256", value(&entry.sha256));
        tables.push(table);
    }
    let mut document = DocumentMut::new();
    document.insert("station", Item::ArrayOfTables(tables));
    let written = disk::make_folder(store).and_then(|()| disk::replace(store, document.to_string().as_bytes()));
    written.map_err(|error| {
        misuse(format!("`{}` cannot be written: {}", store.display(), disk::reason(&error)), "check its folder")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_written_and_read() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("new/trusted.toml");
        assert_eq!(read(&store).unwrap(), Vec::new());
        let mut entries = Vec::new();
        for (name, text) in [("/b/\"x\"/station.toml", "1"), ("/a/station.toml", "2"), ("/b/\"x\"/station.toml", "3")] {
            keep(&mut entries, name, text);
        }
        write(&store, &entries).unwrap();
        assert_eq!(read(&store).unwrap(), entries);
        assert_eq!((entries.len(), entries[1].sha256.as_str()), (2, hash("3").as_str()));
        std::fs::write(&store, "[").unwrap();
        assert!(read(&store).unwrap_err().title.ends_with("cannot be read: invalid TOML"));
    }

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(plain("exec:a\u{1b}]0;x\u{7}"), "exec:a\\u{1b}]0;x\\u{7}");
    }
}
