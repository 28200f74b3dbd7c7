//! The permissions of scripts, as data, and their syntax for `--allow`.

use crate::port::endpoint::Endpoint;
use std::path::{Path, PathBuf};

/// Nothing, some things, or everything of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grant<T> {
    /// These; an empty list allows nothing.
    Only(Vec<T>),
    /// All.
    All,
}

impl<T> Default for Grant<T> {
    fn default() -> Grant<T> {
        Grant::Only(Vec::new())
    }
}

impl<T> Grant<T> {
    /// Allows one more thing, or all of them.
    pub fn add(&mut self, one: Option<T>) {
        match (&mut *self, one) {
            (Grant::All, _) => {}
            (Grant::Only(known), Some(one)) => known.push(one),
            (_, None) => *self = Grant::All,
        }
    }

    /// Also allows what `other` allows.
    fn merge(&mut self, other: Grant<T>) {
        match (&mut *self, other) {
            (Grant::Only(known), Grant::Only(more)) => known.extend(more),
            _ => *self = Grant::All,
        }
    }
}

/// What scripts may do in addition to using the files of their folders, serial and USB boards, and simulated boards.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Permissions {
    /// Read and write files below these folders.
    pub files: Grant<PathBuf>,
    /// Start these programs: names on PATH, or paths.
    pub process: Grant<String>,
    /// Read these environment variables.
    pub env: Grant<String>,
    /// Connect to these hosts: `HOST`, or `HOST:PORT`.
    pub net: Grant<String>,
    /// Further folders in which files may be used, such as that of reports. They need not exist.
    pub folders: Vec<PathBuf>,
    /// Folders that no script may write, unless all files are allowed: belay-script's own configuration.
    pub protected: Vec<PathBuf>,
}

/// The syntax of the kinds of access.
const KINDS: &str = "`files[=DIR]`, `process[=PROGRAM]`, `env[=NAME]` or `net[=HOST:PORT]`";

impl Permissions {
    /// Adds one word after `--allow`: a kind, or a kind with one value.
    ///
    /// # Errors
    /// The problem with the word, as a phrase.
    pub fn allow(&mut self, word: &str) -> Result<(), String> {
        let (kind, one) = match word.split_once('=') {
            Some((kind, "")) => return Err(format!("`{kind}=` is empty; without `=` it allows all")),
            Some((kind, one)) => (kind, Some(one)),
            None => (word, None),
        };
        match kind {
            "files" => self.files.add(one.map(PathBuf::from)),
            "process" => self.process.add(one.map(str::to_owned)),
            "env" => self.env.add(one.map(str::to_owned)),
            "net" => self.net.add(one.map(str::to_owned)),
            _ => return Err(format!("unknown permission `{kind}`; use {KINDS}")),
        }
        Ok(())
    }

    /// Adds what `other` allows.
    pub fn merge(&mut self, other: Permissions) {
        self.files.merge(other.files);
        self.process.merge(other.process);
        self.env.merge(other.env);
        self.net.merge(other.net);
        self.folders.extend(other.folders);
        self.protected.extend(other.protected);
    }

    /// Makes relative paths absolute, below `folder`.
    pub fn below(mut self, folder: &Path) -> Permissions {
        if let Grant::Only(folders) = &mut self.files {
            folders.iter_mut().for_each(|path| *path = folder.join(&*path));
        }
        self
    }
}

/// Whether an allowed host, `HOST` or `HOST:PORT`, is this one.
pub(super) fn is_host(allowed: &str, endpoint: &Endpoint) -> bool {
    let host = endpoint.host.as_str();
    let same = |text: &str| text.trim_matches(['[', ']']).eq_ignore_ascii_case(host);
    match allowed.rsplit_once(':') {
        // `::1` is an address without a port.
        Some((name, port)) if name.starts_with('[') || !name.contains(':') => {
            same(name) && port.parse() == Ok(endpoint.port)
        }
        _ => same(allowed),
    }
}
