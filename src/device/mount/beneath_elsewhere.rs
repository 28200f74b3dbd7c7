//! Files below one folder, by their paths: where the system has no calls that begin at an open directory, another program can
//! swap a directory for a link while it is looked at.

use super::folder::Mode;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// A folder. Paths are relative to it.
#[derive(Debug)]
pub struct Root(PathBuf);

impl Root {
    pub fn new(path: &Path) -> io::Result<Root> {
        Ok(Root(path.to_owned()))
    }

    pub fn open(&self, inner: &Path, mode: Mode) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(mode.read).write(mode.write).create(mode.create && !mode.new).create_new(mode.new);
        options.open(self.0.join(inner))
    }

    pub fn status(&self, inner: &Path) -> io::Result<Metadata> {
        fs::metadata(self.0.join(inner))
    }

    pub fn names(&self, inner: &Path) -> io::Result<Vec<String>> {
        let entries = fs::read_dir(self.0.join(inner))?;
        Ok(entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect())
    }

    pub fn make_directory(&self, inner: &Path) -> io::Result<()> {
        fs::create_dir(self.0.join(inner))
    }

    pub fn remove_directory(&self, inner: &Path) -> io::Result<()> {
        fs::remove_dir(self.0.join(inner))
    }

    pub fn remove(&self, inner: &Path) -> io::Result<()> {
        fs::remove_file(self.0.join(inner))
    }

    pub fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(self.0.join(from), self.0.join(to))
    }
}
