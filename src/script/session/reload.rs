//! Detects changed files in a session, and reloads them.
//!
//! Uses [`crate::script::modules`] and [`crate::device`]. Invariant: a script that does not compile changes nothing and closes no device.

use crate::bench::station::Station;
use crate::device::{Device, HostOptions};
use crate::diagnostic::Diagnostic;
use crate::script::diagnostics::explain;
use crate::script::inputs::{Loaded, Stale, changed};
use crate::script::modules;
use crate::script::run::declarations::is_input;
use crate::script::run::folder::Access;
use crate::script::session::Session;
use crate::script::sources::{self};
use crate::script::stack::on_big_stack;
use std::path::{Path, PathBuf};
use std::sync::Arc;

impl Session {
    /// Evaluates a script file in the session's scope. Rereads changed modules.
    ///
    /// # Errors
    /// As [`Session::eval`], and if it cannot be read.
    pub fn eval_file(&mut self, path: &Path) -> Result<(), Box<Diagnostic>> {
        let text = sources::read(path)?;
        self.forget_changed();
        let loader = &self.run.declarations.loader;
        loader.forget_folders(&loader.reach(&path.to_string_lossy()));
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
        let changed = changed(&self.run.gate(), &self.run.sources);
        self.run.declarations.loader.forget(&self.modules_above(&changed));
    }

    /// The compiled modules that changed or import a changed one.
    fn modules_above(&self, changed: &[String]) -> Vec<String> {
        let loader = &self.run.declarations.loader;
        let reaches = |name: &String| loader.reach(name).iter().any(|other| changed.contains(other));
        loader.compiled().into_iter().filter(reaches).collect()
    }

    /// The scripts evaluated by this session, in order.
    pub fn scripts(&self) -> Vec<PathBuf> {
        self.scripts.iter().map(|loaded| loaded.path.clone()).collect()
    }

    /// The changes on disk. `others`: changed files on which every script may depend.
    pub fn stale(&self, others: Vec<String>) -> Stale {
        let changed = changed(&self.run.gate(), &self.run.sources);
        let loader = &self.run.declarations.loader;
        let of = |name: &str| loader.reach(name).into_iter().filter(|name| changed.contains(name)).collect::<Vec<_>>();
        let mut stale = Stale {
            files: Vec::new(),
            scripts: Vec::new(),
            imports: Vec::new(),
            modules: self.modules_above(&changed),
            ..Stale::default()
        };
        let (mut folders, mut sent_by_inputs) = (Vec::new(), Vec::new());
        for folder in loader.folders() {
            let Some(file) = folder.changed() else { continue };
            match (is_input(&folder.by), folder.access) {
                (false, _) => folders.push((folder.by, file)),
                (true, Access::Synced) => sent_by_inputs.push(file),
                (true, Access::Mounted | Access::MountedWritable) => {
                    stale.files.push(file);
                    stale.mounted.push(folder);
                }
            }
        }
        stale.unsent = sent_by_inputs;
        for loaded in &self.scripts {
            let name = loaded.path.to_string_lossy();
            let mut found = of(&name);
            let reach = loader.reach(&name);
            found.extend(folders.iter().filter(|(by, _)| reach.contains(by)).map(|(_, file)| file.clone()));
            found.extend(others.iter().cloned());
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
        stale.files.extend(others);
        stale.files.sort();
        stale.files.dedup();
        stale
    }

    /// Uses another station from now on, and the boards in `options`; open devices stay. Scripts see it when they run again.
    pub fn change_station(&mut self, station: Option<Arc<Station>>, options: HostOptions) {
        self.run.change_station(station, options);
    }

    /// Reloads changes: renews imports of inputs, and evaluates changed scripts again. Closes the devices of such a
    /// script, keeping connections that it opens again; other devices stay open. Returns the
    /// errors.
    pub fn reload(&mut self, stale: &Stale) -> Vec<Diagnostic> {
        self.run.declarations.loader.forget(&stale.modules);
        for folder in &stale.mounted {
            self.run.declarations.loader.note_folder(folder.again());
        }
        // After all of it: modules compiled meanwhile are no longer new.
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
        if !stale.mounted.is_empty() {
            // Those of scripts are new.
            let mounting = host.devices().into_iter().filter_map(|device| device.forget_modules().err());
            failures.extend(mounting.map(|error| explain::of_error(&error)));
        }
        failures
    }

    /// Whether the current text of a script compiles.
    fn compiles(&mut self, path: &Path) -> Result<(), Box<Diagnostic>> {
        let text = sources::read(path)?;
        let name = path.to_string_lossy().into_owned();
        on_big_stack(|| {
            let compiled = modules::prepare(&self.run, &mut self.engine, &name, &text);
            compiled.map(drop).map_err(|error| Box::new(explain::of_failure(&self.run, &self.engine, &error, &name)))
        })?
    }
}
