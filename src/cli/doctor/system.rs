//! Facts of the operating system that decide who may open a port: groups, processes, udev rules.
//!
//! Read from files below a root, so that tests can make their own. Invariant: reads only.

use crate::bound;
use crate::disk;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The files of a system.
#[derive(Clone, Debug)]
pub struct System {
    root: PathBuf,
}

/// A process that has a port open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its number.
    pub process: u32,
    /// Its name.
    pub name: String,
}

/// Folders of udev rules, the administrator's first.
const RULES: [&str; 4] = ["etc/udev/rules.d", "run/udev/rules.d", "usr/lib/udev/rules.d", "lib/udev/rules.d"];

impl System {
    /// The system whose files are below `root`.
    pub fn at(root: impl Into<PathBuf>) -> System {
        System { root: root.into() }
    }

    fn text(&self, path: &str) -> Option<String> {
        disk::read_text(&self.root.join(path), bound::FILE).ok()
    }

    /// The name of a group of `/etc/group`.
    pub fn group(&self, id: u32) -> Option<String> {
        self.groups().into_iter().find(|group| group.1 == id).map(|group| group.0)
    }

    /// Whether `/etc/group` lists the user as a member: groups of a login change only with the next one.
    pub fn is_member(&self, group: &str, user: &str) -> bool {
        self.groups().iter().any(|(name, _, members)| name == group && members.iter().any(|member| member == user))
    }

    fn groups(&self) -> Vec<(String, u32, Vec<String>)> {
        let parse = |line: &str| {
            let mut parts = line.split(':');
            let (name, _, id) = (parts.next()?, parts.next()?, parts.next()?.parse().ok()?);
            let members = parts.next().unwrap_or_default().split(',').filter(|name| !name.is_empty());
            Some((name.to_owned(), id, members.map(str::to_owned).collect()))
        };
        self.text("etc/group").unwrap_or_default().lines().filter_map(parse).collect()
    }

    /// The processes of this user that have `port` open; the administrator sees those of all users.
    pub fn holders(&self, port: &Path) -> Vec<Holder> {
        let has_open = |folder: &Path| {
            let files = fs::read_dir(folder.join("fd")).into_iter().flatten().flatten();
            files.into_iter().any(|file| fs::read_link(file.path()).is_ok_and(|target| target == port))
        };
        let found = self.processes().into_iter().filter(|(_, folder)| has_open(folder));
        found.map(|(process, folder)| Holder { process, name: name_of(&folder) }).collect()
    }

    /// Names of all running processes.
    pub fn programs(&self) -> BTreeSet<String> {
        self.processes().iter().map(|(_, folder)| name_of(folder)).collect()
    }

    fn processes(&self) -> Vec<(u32, PathBuf)> {
        let entries = fs::read_dir(self.root.join("proc")).into_iter().flatten().flatten();
        entries.filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path()))).collect()
    }

    /// Whether a udev rule names this vendor of USB, and gives access to it.
    pub fn has_rule(&self, vendor: u16) -> bool {
        let wanted = format!("\"{vendor:04x}\"");
        let rules = RULES.iter().filter_map(|folder| fs::read_dir(self.root.join(folder)).ok()).flatten().flatten();
        let mut texts = rules.filter_map(|entry| disk::read_text(&entry.path(), bound::FILE).ok());
        texts.any(|text| {
            let mut lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
            lines.any(|line| line.contains(&wanted) && (line.contains("uaccess") || line.contains("MODE")))
        })
    }
}

fn name_of(folder: &Path) -> String {
    disk::read_text(&folder.join("comm"), bound::SETTINGS).unwrap_or_default().trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn system(files: &[(&str, &str)]) -> (tempfile::TempDir, System) {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let system = System::at(folder.path());
        (folder, system)
    }

    #[test]
    fn groups_are_those_of_the_file() {
        let (_folder, system) = system(&[("etc/group", "root:x:0:\ndialout:x:20:ada,grace\nbroken\n")]);
        assert_eq!(system.group(20).as_deref(), Some("dialout"));
        assert_eq!(system.group(7), None);
        assert!(system.is_member("dialout", "grace") && !system.is_member("dialout", "root"));
    }

    #[cfg(unix)]
    #[test]
    fn a_process_that_holds_a_port_is_named() {
        let (folder, system) =
            system(&[("proc/12/comm", "screen\n"), ("proc/12/fd/.keep", ""), ("proc/13/comm", "sh\n")]);
        std::os::unix::fs::symlink("/dev/ttyX", folder.path().join("proc/12/fd/3")).unwrap();
        assert_eq!(system.holders(Path::new("/dev/ttyX")), [Holder { process: 12, name: "screen".to_owned() }]);
        assert!(system.holders(Path::new("/dev/ttyY")).is_empty());
        assert!(system.programs().contains("sh"));
    }

    #[test]
    fn our_own_rules_count() {
        let rules = include_str!("../../../packaging/60-belay-script.rules");
        let (_folder, system) = system(&[("etc/udev/rules.d/60-x.rules", rules)]);
        assert!(system.has_rule(0x2e8a) && system.has_rule(0x1a86));
        assert!(!system.has_rule(0x1234));
        let (_folder, other) = self::system(&[("etc/udev/rules.d/60-x.rules", "# \"2e8a\" uaccess\n")]);
        assert!(!other.has_rule(0x2e8a));
    }
}
