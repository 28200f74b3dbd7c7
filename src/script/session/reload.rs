//! What a run or a session has read from disk, whether that has changed, and how a session takes it in again.
//!
//! Uses [`crate::script::modules`] and [`crate::device`]. Invariant: what cannot be compiled changes nothing: no device is closed for it.

use crate::device::Device;
use crate::diagnostic::Diagnostic;
use crate::gate::Gate;
use crate::script::diagnostics::explain;
use crate::script::modules;
use crate::script::run::{Run, lock};
use crate::script::session::Session;
use crate::script::sources::{self, Sources};
use crate::script::stack::on_big_stack;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

/// Files of a folder that are looked at; more are no firmware.
const MOST_FILES: usize = 10_000;

/// A script file that a session has evaluated.
pub(crate) struct Loaded {
    path: PathBuf,
    /// The devices that it opened.
    devices: Vec<Device>,
}

/// A folder as it was when it was looked at.
#[derive(Clone, PartialEq)]
pub(crate) struct Folder {
    pub path: PathBuf,
    /// Path, length and time of each file, sorted.
    files: Vec<(PathBuf, u64, Option<SystemTime>)>,
}

impl Folder {
    /// Looks at a folder, or at one file.
    pub fn look(path: &Path) -> Folder {
        let entries = walkdir::WalkDir::new(path).follow_links(true).into_iter().filter_map(Result::ok);
        let files = entries.filter(|entry| entry.file_type().is_file()).take(MOST_FILES).filter_map(|entry| {
            let about = entry.metadata().ok()?;
            Some((entry.into_path(), about.len(), about.modified().ok()))
        });
        let mut files: Vec<_> = files.collect();
        files.sort();
        Folder { path: path.to_owned(), files }
    }

    /// The first file that is not as it was.
    fn changed(&self) -> Option<PathBuf> {
        let now = Folder::look(&self.path);
        let differs = now.files.iter().find(|file| !self.files.contains(file));
        let gone = || self.files.iter().find(|file| !now.files.iter().any(|other| other.0 == file.0));
        differs.or_else(gone).map(|file| file.0.clone())
    }
}

/// The files that a run reads. Cheap to clone; can be asked while the run goes on.
#[derive(Clone)]
pub struct Inputs(Arc<Run>);

impl Inputs {
    pub(crate) fn of(run: &Arc<Run>) -> Inputs {
        Inputs(run.clone())
    }

    /// The folders in which a change may matter, and whether all that is in them does.
    pub fn folders(&self) -> Vec<(PathBuf, bool)> {
        let names = files_of(&self.0.sources).into_iter().chain(self.0.loader.missing());
        let mut folders: Vec<(PathBuf, bool)> = names.map(|name| (folder_of(Path::new(&name)), false)).collect();
        for synced in lock(&self.0.synced).iter() {
            let is_file = synced.path.is_file();
            folders.push(if is_file { (folder_of(&synced.path), false) } else { (synced.path.clone(), true) });
        }
        folders.sort();
        folders.dedup();
        folders
    }

    /// How many script files were read.
    pub fn count(&self) -> usize {
        files_of(&self.0.sources).len()
    }

    /// The files that are no longer as they were read: the scripts, and of each folder that was sent to a board the first.
    /// `script` matters even if it could not be read.
    pub fn changed(&self, script: &Path) -> Vec<String> {
        let mut changed = changed(&self.0.host.gate(), &self.0.sources);
        let main = script.to_string_lossy();
        if self.0.sources.get(&main).is_none() && sources::read(script).is_ok() {
            changed.push(main.into_owned());
        }
        changed.extend(self.0.loader.missing().into_iter().filter(|name| Path::new(name).is_file()));
        let folders = lock(&self.0.synced).clone();
        changed.extend(folders.iter().filter_map(Folder::changed).map(|path| path.to_string_lossy().into_owned()));
        changed.sort();
        changed.dedup();
        changed
    }
}

/// The folder in which a file lies.
fn folder_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// The names that are those of files, and neither of standard modules nor of what a person types.
fn files_of(sources: &Sources) -> Vec<String> {
    let names = sources.names().into_iter();
    names.filter(|name| !name.starts_with("std/") && !name.starts_with('<')).map(|name| name.to_string()).collect()
}

/// The files whose text is another one now. One that has gone, or is empty, is about to be written: editors do that.
fn changed(gate: &Gate, sources: &Sources) -> Vec<String> {
    let differs = |name: &String| match modules::read(gate, name) {
        Ok(Some(text)) => !text.is_empty() && sources.get(name).is_none_or(|known| *known != *text),
        Ok(None) => false,
        Err(_) => true,
    };
    files_of(sources).into_iter().filter(differs).collect()
}

/// What of a session is behind what is on disk.
#[derive(Clone, Default)]
pub struct Stale {
    /// The files that have changed.
    pub files: Vec<String>,
    /// The scripts that are to be evaluated again, in their order.
    pub scripts: Vec<PathBuf>,
    /// Modules that are imported by inputs: under which name, and what.
    imports: Vec<(String, String)>,
    /// Modules that are to be forgotten.
    modules: Vec<String>,
}

impl Stale {
    /// Whether nothing has changed.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }
}

impl Session {
    /// Evaluates a script file in the scope of the session. Modules that have changed are read again.
    ///
    /// # Errors
    /// As [`Session::eval`], and if it cannot be read.
    pub fn eval_file(&mut self, path: &Path) -> Result<(), Box<Diagnostic>> {
        let text = sources::read(path)?;
        self.forget_changed();
        self.run.enter(path);
        let before = self.run.host.devices();
        let result = self.eval(&path.to_string_lossy(), &text).map(drop);
        let after = self.run.host.devices().into_iter();
        let opened = after.filter(|device| !before.iter().any(|other| other.is(device)));
        let known = self.scripts.iter().position(|loaded| loaded.path == path).map(|index| self.scripts.remove(index));
        let mut devices = known.map(|loaded| loaded.devices).unwrap_or_default();
        devices.retain(Device::is_open);
        devices.extend(opened);
        self.scripts.push(Loaded { path: path.to_owned(), devices });
        result
    }

    fn forget_changed(&self) {
        let changed = changed(&self.run.host.gate(), &self.run.sources);
        self.run.loader.forget(&self.modules_above(&changed));
    }

    /// The compiled modules that have changed, or import one that has.
    fn modules_above(&self, changed: &[String]) -> Vec<String> {
        let loader = &self.run.loader;
        let reaches = |name: &String| loader.reach(name).iter().any(|other| changed.contains(other));
        loader.compiled().into_iter().filter(reaches).collect()
    }

    /// The scripts that this session has evaluated, in their order.
    pub fn scripts(&self) -> Vec<PathBuf> {
        self.scripts.iter().map(|loaded| loaded.path.clone()).collect()
    }

    /// What has changed on disk since it was read.
    pub fn stale(&self) -> Stale {
        let changed = changed(&self.run.host.gate(), &self.run.sources);
        let loader = &self.run.loader;
        let of = |name: &str| loader.reach(name).into_iter().filter(|name| changed.contains(name)).collect::<Vec<_>>();
        let mut stale = Stale {
            files: Vec::new(),
            scripts: Vec::new(),
            imports: Vec::new(),
            modules: self.modules_above(&changed),
        };
        for loaded in &self.scripts {
            let name = loaded.path.to_string_lossy();
            let mut found = of(&name);
            if found.is_empty() && self.owed.scripts.contains(&loaded.path) {
                found.push(name.into_owned());
            }
            if !found.is_empty() {
                stale.scripts.push(loaded.path.clone());
                stale.files.extend(found);
            }
        }
        for (alias, module) in self.state.iter_imports() {
            let Some(name) = module.id() else { continue };
            let mut found = of(name);
            if found.is_empty() && self.owed.imports.iter().any(|(owed, _)| owed == alias) {
                found.push(name.to_owned());
            }
            if !found.is_empty() && !stale.imports.iter().any(|(known, _)| known == alias) {
                stale.imports.push((alias.to_owned(), name.to_owned()));
                stale.files.extend(found);
            }
        }
        stale.files.sort();
        stale.files.dedup();
        stale
    }

    /// Reads again what has changed: imports of inputs are renewed, scripts are evaluated again. The devices that such a
    /// script had opened are closed, and their connections go on if it opens them again; other devices stay open. Gives what
    /// went wrong.
    pub fn reload(&mut self, stale: &Stale) -> Vec<Diagnostic> {
        self.run.loader.forget(&stale.modules);
        // Until all of it is done: what was compiled meanwhile is no longer new.
        self.owed = stale.clone();
        for (alias, name) in &stale.imports {
            let literal = name.replace('\\', "\\\\").replace('"', "\\\"");
            if let Err(failure) = self.eval("<reload>", &format!("import \"{literal}\" as {alias};")) {
                return vec![*failure];
            }
        }
        if let Some(failure) = stale.scripts.iter().find_map(|path| self.compiles(path).err()) {
            return vec![*failure];
        }
        self.owed = Stale::default();
        let host = self.run.host.clone();
        host.keep_links(true);
        let mut failures = Vec::new();
        for path in &stale.scripts {
            let loaded = self.scripts.iter_mut().find(|loaded| loaded.path == *path);
            let devices = loaded.map(|loaded| std::mem::take(&mut loaded.devices)).unwrap_or_default();
            failures.extend(
                devices.iter().rev().filter_map(|device| device.close().err()).map(|error| explain::of_error(&error)),
            );
        }
        host.begin_run();
        for path in &stale.scripts {
            failures.extend(self.eval_file(path).err().map(|failure| *failure));
        }
        host.keep_links(false);
        host.release_links();
        failures
    }

    /// Whether a script can be compiled as it is now.
    fn compiles(&mut self, path: &Path) -> Result<(), Box<Diagnostic>> {
        let text = sources::read(path)?;
        let name = path.to_string_lossy().into_owned();
        on_big_stack(|| {
            let compiled = modules::prepare(&self.run, &mut self.engine, &name, &text);
            compiled.map(drop).map_err(|error| Box::new(explain::of_failure(&self.run, &self.engine, &error, &name)))
        })?
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn only_another_text_is_a_change() {
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
    fn a_folder_is_known_by_its_files() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a"), "1").unwrap();
        let known = Folder::look(folder.path());
        assert_eq!(known.changed(), None);
        fs::create_dir(folder.path().join("d")).unwrap();
        assert_eq!(known.changed(), None);
        fs::write(folder.path().join("d/b"), "").unwrap();
        assert_eq!(known.changed(), Some(folder.path().join("d/b")));
        let known = Folder::look(folder.path());
        fs::remove_file(folder.path().join("a")).unwrap();
        assert_eq!(known.changed(), Some(folder.path().join("a")));
    }
}
