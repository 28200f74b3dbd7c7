//! Stores the history of the prompt: each project has its own.
//!
//! The format is rustyline's. rustyline rewrites the file in place, so a kill could lose all of it: here each input is one
//! appended write. Invariants: only the user can read the file, which may contain passwords of boards; old inputs stay.

use crate::disk;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

/// Entries that mark a project folder.
const MARKS: &[&str] = &[".git", "station.toml"];

/// The file of the history, in `belay-script/histories` in `XDG_STATE_HOME`, or in the system's own place for such files: that of
/// the project in whose folder the program was started, and if that is not known one for all. `None` if no folder is available.
pub fn file() -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = variable("XDG_STATE_HOME").filter(|path| path.is_absolute()).or_else(|| {
        if cfg!(windows) { variable("LOCALAPPDATA") } else { variable("HOME").map(|home| home.join(".local/state")) }
    })?;
    let started_in = std::env::current_dir().ok();
    let name = started_in.map_or_else(|| "common".to_owned(), |folder| name(project(&folder)));
    Some(folder.join("belay-script").join("histories").join(name))
}

/// The nearest folder from `folder` upwards that is one of a project; else `folder` itself.
fn project(folder: &Path) -> &Path {
    let is_project = |folder: &&Path| MARKS.iter().any(|mark| folder.join(mark).exists());
    folder.ancestors().find(is_project).unwrap_or(folder)
}

/// A readable file name that identifies `folder`.
fn name(folder: &Path) -> String {
    let digest = Sha256::digest(folder.as_os_str().as_encoded_bytes());
    let mut name: String = folder.file_name().unwrap_or_default().to_string_lossy().chars().take(40).collect();
    name.push('-');
    for byte in digest.iter().take(8) {
        let _ = write!(name, "{byte:02x}");
    }
    name
}

/// The first line of a file in this format.
const HEAD: &str = "#V2\n";
/// A longer file, in bytes, is not changed.
const MOST: u64 = 64 << 20;

/// Appends an input to the file, creating it if needed, in one write: a kill keeps the old inputs, and so do other
/// prompts.
///
/// # Errors
/// If it cannot be written.
pub fn append(input: &str, path: &Path) -> io::Result<()> {
    disk::make_folder(path)?;
    let mut line = input.replace('\\', "\\\\").replace('\n', "\\n");
    line.push('\n');
    if !path.exists() {
        match disk::create(path, HEAD.as_bytes()) {
            // Another prompt was first.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            outcome => outcome?,
        }
    }
    private(path)?;
    disk::append(path, line.as_bytes())
}

/// Leaves the last `most` inputs of a file that holds more than twice as many.
///
/// # Errors
/// If it cannot be read or replaced; then it is as it was.
pub fn shorten(path: &Path, most: usize) -> io::Result<()> {
    let bytes = disk::read(path, MOST)?;
    let lines: Vec<&[u8]> = bytes.split_inclusive(|&byte| byte == b'\n').collect();
    match lines.split_first() {
        Some((head, lines)) if *head == HEAD.as_bytes() && lines.len() > 2 * most => {
            disk::replace(path, &[HEAD.as_bytes(), &lines[lines.len() - most..].concat()].concat())
        }
        _ => Ok(()),
    }
}

#[cfg(unix)]
fn private(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
}

#[cfg(not(unix))]
fn private(_path: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_as_rustyline_reads_it_and_keeps_the_last_inputs() {
        use rustyline::history::{FileHistory, History as _, SearchDirection};
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("histories/x");
        for number in 0..7 {
            append(&format!("let a = `\\n\n{number}`"), &path).unwrap();
        }
        let read = || {
            let mut history = FileHistory::new();
            history.load(&path).unwrap();
            let texts = (0..history.len()).map(|at| history.get(at, SearchDirection::Forward).unwrap().unwrap());
            texts.map(|found| found.entry.into_owned()).collect::<Vec<String>>()
        };
        let expected: Vec<String> = (0..7).map(|number| format!("let a = `\\n\n{number}`")).collect();
        assert_eq!(read(), expected);
        shorten(&path, 4).unwrap();
        assert_eq!(read(), expected);
        shorten(&path, 3).unwrap();
        assert_eq!(read(), expected[4..]);
    }

    #[test]
    fn each_project_has_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("bench/scripts");
        std::fs::create_dir_all(&inner).unwrap();
        assert_eq!(project(&inner), inner);
        std::fs::write(folder.path().join("bench/station.toml"), "").unwrap();
        assert_eq!(project(&inner), folder.path().join("bench"));
        let named = name(project(&inner));
        assert!(named.starts_with("bench-") && named.len() == "bench-".len() + 16, "{named}");
        assert_ne!(named, name(&folder.path().join("other/bench")));
    }
}
