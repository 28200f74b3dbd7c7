//! The git revision of the repository that contains a script, read without running any program that the repository configures.
//!
//! A repository can name programs for git to run: monitors, filters, hooks, pagers, fetchers of missing objects. So git is
//! asked for two things only. `rev-parse` finds the repository, with all that could start a program switched off, and by
//! git's own rules of whose repositories are safe. Whether tracked files have changed is then asked with a git folder of our
//! own in place of the repository's: git reads the repository's objects and index there, and of all configurations only the few
//! values that say how files are compared.
//!
//! Invariants: no program is started but git itself; nothing in the repository is changed; git ends within [`LIMIT`].

use crate::disk;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Time limit of each git command.
const LIMIT: Duration = Duration::from_secs(5);

/// Longest time between two checks for Ctrl-C.
const SLICE: Duration = Duration::from_millis(50);

/// Variables that redirect git to another repository; git sets them while it runs a hook.
const ELSEWHERE: &[&str] = &[
    "GIT_DIR",
    "GIT_COMMON_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
    "GIT_CONFIG",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_PARAMETERS",
    "GIT_EXTERNAL_DIFF",
];

/// Configuration values that control how files are compared, and start no program.
const COMPARING: &str =
    r"^(core\.(autocrlf|eol|filemode|symlinks|ignorecase|precomposeunicode)|extensions\.objectformat)$";

/// The revision of the repository in which a script lies, with `+` if files that it tracks have changed. `None`: there is
/// none, or no git.
pub fn of(script: &Path) -> Option<String> {
    let folder = script.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let repository = Repository::find(folder)?;
    let changed = repository.is_changed().unwrap_or(true);
    let short = repository.head.get(..12)?;
    Some(if changed { format!("{short}+") } else { short.to_owned() })
}

/// A repository with a folder of files.
struct Repository {
    /// Full hash of the checked-out commit.
    head: String,
    /// Folder of its files.
    root: PathBuf,
    /// Path of its index; each worktree has its own.
    index: PathBuf,
    objects: PathBuf,
}

impl Repository {
    fn find(folder: &Path) -> Option<Repository> {
        let mut command = git(folder);
        command.args(["rev-parse", "--path-format=absolute", "--show-toplevel"]);
        command.args(["--git-path", "index", "--git-path", "objects", "--verify", "HEAD"]);
        let answer = answer(command)?;
        let mut lines = answer.lines();
        let mut next = || lines.next().map(PathBuf::from);
        let (root, index, objects) = (next()?, next()?, next()?);
        let head = lines.next().filter(|head| head.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        Some(Repository { head: head.to_owned(), root, index, objects })
    }

    /// Whether tracked files differ from the commit. `None`: unknown.
    fn is_changed(&self) -> Option<bool> {
        let own = own_folder()?;
        disk::create(&own.path().join("HEAD"), format!("{}\n", self.head).as_bytes()).ok()?;
        let values = self.comparing();
        disk::replace(&own.path().join("config"), b"[core]\n\trepositoryformatversion = 0\n").ok()?;
        let mut command = git(&self.root);
        for (name, value) in &values {
            match name.strip_prefix("extensions.") {
                // Git looks for it in the file alone.
                Some(name) if value.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
                    let text = format!("[core]\n\trepositoryformatversion = 1\n[extensions]\n\t{name} = {value}\n");
                    disk::replace(&own.path().join("config"), text.as_bytes()).ok()?;
                }
                Some(_) => return None,
                None => {
                    command.arg("-c").arg(format!("{name}={value}"));
                }
            }
        }
        command.env("GIT_DIR", own.path()).env("GIT_WORK_TREE", &self.root).env("GIT_INDEX_FILE", &self.index);
        command.env("GIT_OBJECT_DIRECTORY", &self.objects).env("GIT_CONFIG_GLOBAL", "/dev/null");
        // A submodule is another repository with its own configuration.
        command.args(["status", "--porcelain", "--untracked-files=no", "--ignore-submodules=dirty"]);
        answer(command).map(|text| !text.trim().is_empty())
    }

    /// The values of all configurations that say how files are compared, the strongest last.
    fn comparing(&self) -> Vec<(String, String)> {
        let mut command = git(&self.root);
        // Git for Windows sets some of them in the system configuration.
        command.env_remove("GIT_CONFIG_NOSYSTEM").args(["config", "--get-regexp", COMPARING]);
        let text = answer(command).unwrap_or_default();
        let pairs = text.lines().map(|line| line.split_once(' ').unwrap_or((line, "true")));
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }
}

/// A git that starts no other program.
fn git(folder: &Path) -> Command {
    let mut command = Command::new("git");
    for name in ELSEWHERE {
        command.env_remove(name);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    // Do not lock the repository, fetch, ask for input, or read files of other users.
    command.env("GIT_OPTIONAL_LOCKS", "0").env("GIT_NO_LAZY_FETCH", "1").env("GIT_TERMINAL_PROMPT", "0");
    command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_ATTR_NOSYSTEM", "1").env("GIT_ALLOW_PROTOCOL", "none");
    command.arg("--no-pager").arg("-C").arg(folder);
    for setting in ["core.fsmonitor=false", "core.hooksPath=/dev/null", "safe.bareRepository=explicit"] {
        command.args(["-c", setting]);
    }
    command
}

/// The output of a command, if it succeeds in time.
fn answer(mut command: Command) -> Option<String> {
    let mut child = Guard(command.spawn().ok()?);
    let mut output = child.0.stdout.take()?;
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut text = Vec::new();
        // The limit also ends a command that never stops printing.
        let read = std::io::copy(&mut std::io::Read::take(&mut output, 1 << 20), &mut text);
        let _ = sender.send(read.ok().and_then(|_| String::from_utf8(text).ok()));
    });
    let end = Instant::now() + LIMIT;
    let may_go_on = || Instant::now() < end && !crate::interrupt::pending();
    let text = loop {
        match receiver.recv_timeout(SLICE) {
            Err(RecvTimeoutError::Timeout) if may_go_on() => {}
            answer => break answer.ok()??,
        }
    };
    loop {
        match child.0.try_wait().ok()? {
            Some(status) => return status.success().then_some(text),
            // It has closed its output and exits soon, but no event announces the exit.
            None if may_go_on() => std::thread::park_timeout(SLICE / 10),
            None => return None,
        }
    }
}

/// Kills a process on drop.
struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(None)) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }
}

/// A private git folder.
fn own_folder() -> Option<TempDir> {
    let own = disk::scratch_folder().ok()?;
    for inner in ["refs", "objects"] {
        std::fs::create_dir(own.path().join(inner)).ok()?;
    }
    Some(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Git without user configuration.
    fn person(folder: &Path, words: &[&str]) {
        let mut command = Command::new("git");
        command.arg("-C").arg(folder).args(["-c", "user.name=a", "-c", "user.email=a@example.com"]).args(words);
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1").stdout(Stdio::null());
        assert!(command.stderr(Stdio::null()).status().unwrap().success(), "git {words:?}");
    }

    fn repository() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        person(folder.path(), &["init", "-q"]);
        std::fs::write(folder.path().join("a.rhai"), "1").unwrap();
        std::fs::write(folder.path().join("b.bin"), "1\n").unwrap();
        person(folder.path(), &["add", "."]);
        person(folder.path(), &["commit", "-q", "-m", "a"]);
        folder
    }

    #[test]
    fn a_revision_says_whether_files_have_changed() {
        let folder = repository();
        let script = folder.path().join("a.rhai");
        let clean = of(&script).unwrap();
        assert!(clean.len() == 12 && !clean.contains('+'), "{clean}");
        let changed = Some(format!("{clean}+"));
        std::fs::write(folder.path().join("new"), "").unwrap();
        assert_eq!(of(&script).as_ref(), Some(&clean), "files that are not tracked do not count");
        person(folder.path(), &["add", "new"]);
        assert_eq!(of(&script), changed, "added");
        person(folder.path(), &["rm", "-q", "--cached", "new"]);
        // The same length: only its content and its time differ.
        std::fs::write(&script, "2").unwrap();
        assert_eq!(of(&script), changed, "changed");
        std::fs::write(&script, "1").unwrap();
        assert_eq!(of(&script).as_ref(), Some(&clean), "written again");
        std::fs::remove_file(folder.path().join("b.bin")).unwrap();
        assert_eq!(of(&script), changed, "removed");
        assert_eq!(of(&tempfile::tempdir().unwrap().path().join("a.rhai")), None);
    }

    #[test]
    fn a_worktree_and_line_ends_are_those_of_the_repository() {
        let folder = repository();
        let tree = folder.path().join("tree");
        person(folder.path(), &["config", "core.autocrlf", "true"]);
        person(folder.path(), &["worktree", "add", "-q", tree.to_str().unwrap()]);
        assert_eq!(std::fs::read(tree.join("b.bin")).unwrap(), b"1\r\n");
        let clean = of(&tree.join("a.rhai")).unwrap();
        assert!(!clean.contains('+'), "{clean}");
        std::fs::write(tree.join("a.rhai"), "22").unwrap();
        assert_eq!(of(&tree.join("a.rhai")), Some(format!("{clean}+")));
    }

    #[cfg(unix)]
    #[test]
    fn nothing_that_a_repository_names_is_run() {
        let folder = repository();
        let clean = of(&folder.path().join("a.rhai")).unwrap();
        let program = folder.path().join("program");
        let marker = folder.path().join("marker");
        let text = folder.path().join("text");
        std::fs::write(&text, format!("#!/bin/sh\ntouch '{}'\ncat\n", marker.display())).unwrap();
        // Written by another process: what this one has open for writing, a child that another test starts has open too, and
        // then nobody can run it ("Text file busy").
        let install = std::process::Command::new("install").args(["-m", "755"]).args([&text, &program]).status();
        assert!(install.unwrap().success());
        std::fs::remove_file(&text).unwrap();
        let named = program.to_str().unwrap();
        for key in [
            "core.fsmonitor",
            "core.pager",
            "core.sshCommand",
            "core.gitProxy",
            "core.alternateRefsCommand",
            "core.editor",
            "pager.status",
            "pager.rev-parse",
            "pager.config",
            "diff.external",
            "filter.x.clean",
            "filter.x.process",
            "filter.x.smudge",
            "diff.x.command",
            "diff.x.textconv",
            "alias.status",
            "remote.origin.uploadpack",
        ] {
            let value = if key.starts_with("alias") { format!("!{named}") } else { named.to_owned() };
            person(folder.path(), &["config", key, &value]);
        }
        person(folder.path(), &["config", "core.hooksPath", folder.path().join("hooks").to_str().unwrap()]);
        for hooks in ["hooks", ".git/hooks"] {
            std::fs::create_dir_all(folder.path().join(hooks)).unwrap();
            for hook in ["post-index-change", "fsmonitor-watchman", "post-checkout", "reference-transaction"] {
                std::fs::copy(&program, folder.path().join(hooks).join(hook)).unwrap();
            }
        }
        std::fs::write(folder.path().join(".gitattributes"), "* filter=x diff=x\n").unwrap();
        // Its time alone differs: git has to look into it, by way of the filter if it is let.
        std::fs::write(folder.path().join("a.rhai"), "1").unwrap();
        assert_eq!(of(&folder.path().join("a.rhai")), Some(clean));
        assert!(!marker.exists(), "a program of the repository was run");
        // The trap works: git itself falls into it.
        let _ = Command::new("git")
            .arg("-C")
            .arg(folder.path())
            .arg("status")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        assert!(marker.exists(), "nothing was tested");
    }

    #[test]
    fn a_bare_repository_among_the_files_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        person(folder.path(), &["init", "-q", "--bare", "."]);
        assert_eq!(of(&folder.path().join("a.rhai")), None);
    }
}
