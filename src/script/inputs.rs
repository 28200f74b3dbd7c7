//! Tracks the files that a run or session has read, and whether they have changed.
//!
//! Invariant: queries change nothing.

use crate::device::Device;
use crate::gate::Gate;
use crate::script::modules;
use crate::script::run::Run;
use crate::script::run::folder::Folder;
use crate::script::sources::{self, Sources};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A script file that a session has evaluated.
pub(crate) struct Loaded {
    pub path: PathBuf,
    /// The devices it opened.
    pub devices: Vec<Device>,
}

/// The files that a run reads. Cheap to clone; can be queried during the run.
#[derive(Clone)]
pub struct Inputs(Arc<Run>);

impl Inputs {
    pub(crate) fn of(run: &Arc<Run>) -> Inputs {
        Inputs(run.clone())
    }

    /// The folders to watch, and whether everything in them matters.
    pub fn folders(&self) -> Vec<(PathBuf, bool)> {
        let names = files_of(&self.0.sources).into_iter().chain(self.0.declarations.loader.missing());
        let mut folders: Vec<(PathBuf, bool)> = names.map(|name| (folder_of(Path::new(&name)), false)).collect();
        for synced in self.0.declarations.loader.folders() {
            let is_file = synced.path.is_file();
            folders.push(if is_file { (folder_of(&synced.path), false) } else { (synced.path.clone(), true) });
        }
        folders.sort();
        folders.dedup();
        folders
    }

    /// Number of script files read.
    pub fn count(&self) -> usize {
        files_of(&self.0.sources).len()
    }

    /// The files that have changed: scripts, and the first changed file of each folder that was sent to a board.
    /// `script` counts even if it could not be read.
    pub fn changed(&self, script: &Path) -> Vec<String> {
        let mut changed = changed(&self.0.gate(), &self.0.sources);
        let main = script.to_string_lossy();
        if self.0.sources.get(&main).is_none() && sources::read(script).is_ok() {
            changed.push(main.into_owned());
        }
        changed.extend(self.0.declarations.loader.missing().into_iter().filter(|name| Path::new(name).is_file()));
        changed.extend(self.0.declarations.loader.folders().iter().filter_map(Folder::changed));
        changed.sort();
        changed.dedup();
        changed
    }
}

/// The folder of a file.
pub(crate) fn folder_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Names of files, without standard modules and typed inputs.
pub(crate) fn files_of(sources: &Sources) -> Vec<String> {
    let names = sources.names().into_iter();
    names.filter(|name| !name.starts_with("std/") && !name.starts_with('<')).map(|name| name.to_string()).collect()
}

/// The files with changed text. A missing or empty file is ignored: editors are about to write it.
pub(crate) fn changed(gate: &Gate, sources: &Sources) -> Vec<String> {
    let differs = |name: &String| match modules::read(gate, name) {
        Ok(Some(text)) => !text.is_empty() && sources.get(name).is_none_or(|known| *known != *text),
        Ok(None) => false,
        Err(_) => true,
    };
    files_of(sources).into_iter().filter(differs).collect()
}

/// What a session must reload to match the files on disk.
#[derive(Clone, Default)]
pub struct Stale {
    /// The changed files.
    pub files: Vec<String>,
    /// The scripts to evaluate again, in order.
    pub scripts: Vec<PathBuf>,
    /// Modules that inputs import: alias and module.
    pub(crate) imports: Vec<(String, String)>,
    /// Modules to drop.
    pub(crate) modules: Vec<String>,
    /// Folders that inputs have mounted.
    pub(crate) mounted: Vec<Folder>,
    /// Files of folders that inputs have sent: only the same inputs can send them again.
    pub unsent: Vec<String>,
}

impl Stale {
    /// Whether nothing has changed.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::run::folder::Access;
    use std::fs;

    #[test]
    fn only_changed_text_counts_as_a_change() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.rhai");
        let name = file.to_string_lossy().into_owned();
        let sources = Sources::default();
        for (name, text) in [(name.as_str(), "1"), ("std/stats", "2"), ("<1>", "3")] {
            sources.insert(name, text);
        }
        let case =
            |wanted: &[&String]| assert_eq!(changed(&Gate::of_person(), &sources).iter().collect::<Vec<_>>(), wanted);
        case(&[]);
        fs::write(&file, "1").unwrap();
        case(&[]);
        fs::write(&file, "").unwrap();
        case(&[]);
        fs::write(&file, "2").unwrap();
        case(&[&name]);
        fs::write(&file, [0xff]).unwrap();
        case(&[&name]);
    }

    #[test]
    fn a_folder_changes_with_its_files() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a"), "1").unwrap();
        let known = Folder::look(folder.path(), Access::Synced, "");
        let name = |path: &str| Some(folder.path().join(path).to_string_lossy().into_owned());
        assert_eq!(known.changed(), None);
        fs::create_dir(folder.path().join("d")).unwrap();
        assert_eq!(known.changed(), None);
        fs::write(folder.path().join("d/b"), "").unwrap();
        assert_eq!(known.changed(), name("d/b"));
        let known = known.again();
        fs::remove_file(folder.path().join("a")).unwrap();
        assert_eq!(known.changed(), name("a"));
        // The board itself writes there.
        let known = Folder::look(folder.path(), Access::MountedWritable, "");
        fs::write(folder.path().join("log.txt"), "1").unwrap();
        assert_eq!(known.changed(), None);
        fs::write(folder.path().join("d/m.py"), "1").unwrap();
        assert_eq!(known.changed(), name("d/m.py"));
    }
}
