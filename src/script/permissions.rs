//! What a script may do on this computer: which files it may touch, and whether it may start programs.
//!
//! Invariant: without `--allow files` no path, link or not, leads out of the folders that a script has: the one in which
//! belay-script was started, the script's own, and the further ones that the host names, as that of reports.

use super::errors::{Fallible, argument, refuse};
use super::run::{Run, lock};
use crate::error::Kind;
use std::path::{Component, Path, PathBuf};

/// What scripts may do besides talking to boards. By default: use files of their own folders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Permissions {
    /// Read and write files anywhere.
    pub files: bool,
    /// Start programs.
    pub process: bool,
    /// Folders with files besides the current one and the script's, as that of reports. They need not exist.
    pub folders: Vec<PathBuf>,
}

/// What a run may do, and where its script lies.
#[derive(Default)]
pub(super) struct Reach {
    pub permissions: Permissions,
    /// The folder of the script, in full; none for what a person types.
    script: Option<PathBuf>,
}

impl Reach {
    /// Notes which script is run.
    pub fn set_script(&mut self, script: &Path) {
        let folder = script.parent().map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
        self.script = folder.and_then(|folder| folder.canonicalize().ok());
    }

    /// The folder of the script in full, else the current one.
    pub fn here(&self) -> PathBuf {
        self.script.clone().or_else(|| std::env::current_dir().ok()).unwrap_or_else(|| PathBuf::from("."))
    }

    /// The path, if it stays inside.
    fn inside(&self, path: &str) -> Fallible<PathBuf> {
        let help = "files lie below the folder in which belay-script was started, or the script's; \
                    `--allow files` allows all others";
        let wanted = Path::new(path);
        if path.is_empty() || path.contains('\0') {
            return argument("the path is empty, or holds a zero", "");
        }
        if self.permissions.files {
            return Ok(wanted.to_owned());
        }
        let upwards = wanted.components().any(|part| matches!(part, Component::ParentDir));
        match real(wanted).filter(|_| !upwards) {
            Some(real) if self.folders().iter().any(|folder| real.starts_with(folder)) => Ok(wanted.to_owned()),
            _ => argument(format!("the path \"{path}\" leads out of the folder"), help),
        }
    }

    /// The folders that files may lie in.
    fn folders(&self) -> Vec<PathBuf> {
        let named = self.permissions.folders.iter().filter_map(|folder| real(folder));
        named.chain(Path::new(".").canonicalize().ok()).chain(self.script.clone()).collect()
    }
}

/// Where a path leads, with all links followed, whether or not anything is there yet. `None`: nowhere, as by a link whose target is missing, which whoever writes would create.
fn real(path: &Path) -> Option<PathBuf> {
    let there = |ancestor: &&Path| ancestor.as_os_str().is_empty() || ancestor.symlink_metadata().is_ok();
    let existing = path.ancestors().find(there)?;
    let rest = path.strip_prefix(existing).ok()?;
    let existing = if existing.as_os_str().is_empty() { Path::new(".") } else { existing };
    Some(existing.canonicalize().ok()?.join(rest))
}

impl Run {
    /// The path, if the script may touch what is there.
    ///
    /// # Errors
    /// ArgumentError.
    pub fn file(&self, path: &str) -> Fallible<PathBuf> {
        lock(&self.reach).inside(path)
    }

    /// Refuses programs that the person has not allowed.
    ///
    /// # Errors
    /// FeatureUnavailableError.
    pub fn may_start_programs(&self) -> Fallible<()> {
        if lock(&self.reach).permissions.process {
            return Ok(());
        }
        refuse(Kind::FeatureUnavailableError, "scripts may not start programs", "allow it with `--allow process`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_inside() {
        let reach = Reach::default();
        for path in ["/etc/passwd", "../x", "a/../../x", "a/../x", "", "/", "a\0b"] {
            assert!(reach.inside(path).is_err(), "{path}");
        }
        for path in ["x.csv", "./x", "new/folder/x.csv", "."] {
            assert!(reach.inside(path).is_ok(), "{path}");
        }
    }

    #[test]
    fn the_folders_of_the_script_and_of_reports_are_inside() {
        let folder = tempfile::tempdir().unwrap();
        let (script, report) = (folder.path().join("script"), folder.path().join("report"));
        std::fs::create_dir(&script).unwrap();
        let mut reach = Reach::default();
        reach.set_script(&script.join("bench.rhai"));
        let shown = |path: &Path| path.to_str().unwrap().to_owned();
        assert!(reach.inside(&shown(&script.join("new/x"))).is_ok());
        assert!(reach.inside(&shown(&report.join("x"))).is_err());
        reach.permissions.folders.push(report.clone());
        for new in [true, false] {
            assert!(reach.inside(&shown(&report.join("new/x"))).is_ok());
            assert!(reach.inside(&shown(&folder.path().join("x"))).is_err());
            if new {
                std::fs::create_dir(&report).unwrap();
            }
        }
        assert!(reach.inside(&shown(&folder.path().join("x"))).is_err());
        reach.permissions.files = true;
        assert!(reach.inside(&shown(&folder.path().join("x"))).is_ok() && reach.inside("../x").is_ok());
    }

    #[cfg(unix)]
    #[test]
    fn links_that_lead_out_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("inner");
        std::fs::create_dir(&inner).unwrap();
        let mut reach = Reach::default();
        reach.set_script(&inner.join("bench.rhai"));
        // The target of the second one does not exist: writing to it would create it outside.
        for (name, target, wanted) in [("out", "..", false), ("new", "../new.txt", false), ("in", "x.txt", false)] {
            std::os::unix::fs::symlink(target, inner.join(name)).unwrap();
            let path = inner.join(name);
            assert_eq!(reach.inside(path.to_str().unwrap()).is_ok(), wanted, "{name}");
        }
        assert!(reach.inside(inner.join("out/x").to_str().unwrap()).is_err());
        std::fs::write(inner.join("x.txt"), "").unwrap();
        assert!(reach.inside(inner.join("in").to_str().unwrap()).is_ok());
    }
}
