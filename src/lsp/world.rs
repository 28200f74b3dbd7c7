//! The scripts that a question is about: open documents, standard modules, and files on the disk.
//!
//! Invariant: an open document counts in place of its file; a file is read again once it has changed.

use super::lines::{Encoding, Lines};
use super::syntax::Syntax;
use super::uri;
use crate::script::{library_text, resolve, strip_comment};
use crate::{bound, disk};
use lsp_types::{Location, Uri};
use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

/// A script, read.
#[derive(Debug)]
pub struct File {
    /// As origins call it.
    pub name: String,
    /// Its text.
    pub text: Arc<str>,
    /// Its lines.
    pub lines: Lines,
    /// What it declares.
    pub syntax: Syntax,
}

impl File {
    /// A script with this text.
    pub fn new(name: &str, text: Arc<str>, encoding: Encoding) -> File {
        let (lines, syntax) = (Lines::new(&text, encoding), Syntax::new(&text));
        File { name: name.to_owned(), text, lines, syntax }
    }

    /// Some of the text.
    pub fn at(&self, range: &Range<usize>) -> &str {
        self.text.get(range.clone()).unwrap_or_default()
    }

    /// A range of the protocol.
    pub fn range(&self, bytes: &Range<usize>) -> lsp_types::Range {
        self.lines.range(&self.text, bytes)
    }

    /// The comment directly above a byte's line, without its marks.
    pub fn doc(&self, byte: usize) -> String {
        let mut line = self.lines.line_of(byte);
        let mut above: Vec<&str> = Vec::new();
        let mut in_block = false;
        while line > 0 {
            line -= 1;
            let text = self.at(&self.lines.line(&self.text, line)).trim();
            if in_block || text.ends_with("*/") {
                in_block = !text.starts_with("/*");
            } else if !text.starts_with("//") || text.starts_with("//!") {
                break;
            }
            above.push(text);
        }
        above.reverse();
        strip_comment(&above.join("\n"))
    }

    /// The comment at the head of the script.
    pub fn head(&self) -> String {
        let head: Vec<&str> = self.text.lines().take_while(|line| line.starts_with("//")).collect();
        strip_comment(&head.join("\n"))
    }
}

/// A place in a script.
#[derive(Clone, Debug)]
pub struct Place {
    /// The script.
    pub file: Arc<File>,
    /// The bytes.
    pub at: Range<usize>,
    /// The declaration there, if it is one.
    pub symbol: Option<usize>,
}

impl PartialEq for Place {
    fn eq(&self, other: &Place) -> bool {
        self.file.name == other.file.name && self.at == other.at
    }
}

/// When a file was changed, and what was in it.
type Kept = (Option<SystemTime>, Arc<File>);

/// All scripts.
#[derive(Debug)]
pub struct World {
    open: HashMap<String, Arc<File>>,
    kept: RefCell<HashMap<String, Kept>>,
    /// What columns count.
    pub encoding: Encoding,
    /// The folders that the editor has open.
    pub folders: Vec<PathBuf>,
}

/// Most files that are looked through in the folders of the editor.
const MOST_FILES: usize = 2000;

impl World {
    /// No scripts yet.
    pub fn new(encoding: Encoding, folders: Vec<PathBuf>) -> World {
        World { open: HashMap::new(), kept: RefCell::default(), encoding, folders }
    }

    /// Opens a script, or replaces its text.
    pub fn open(&mut self, file: Arc<File>) {
        self.open.insert(file.name.clone(), file);
    }

    /// Forgets an open script.
    pub fn close(&mut self, name: &str) {
        self.open.remove(name);
    }

    /// The script of this name.
    pub fn file(&self, name: &str) -> Option<Arc<File>> {
        if let Some(file) = self.open.get(name) {
            return Some(file.clone());
        }
        let of_standard = library_text(name);
        let path = Path::new(name);
        let changed = match of_standard {
            Some(_) => None,
            None => Some(std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?.modified().ok()?),
        };
        if let Some((known, file)) = self.kept.borrow().get(name)
            && *known == changed
        {
            return Some(file.clone());
        }
        let text = match of_standard {
            Some(text) => Arc::from(text),
            None => Arc::from(disk::read_text(path, bound::SCRIPT).ok()?),
        };
        let file = Arc::new(File::new(name, text, self.encoding));
        self.kept.borrow_mut().insert(name.to_owned(), (changed, file.clone()));
        Some(file)
    }

    /// The script that an import of another one names.
    pub fn imported(&self, file: &File, path: &str) -> Option<Arc<File>> {
        self.file(&resolve(Some(&file.name), path))
    }

    /// A script and those that it imports, directly or not.
    pub fn reach(&self, file: &Arc<File>) -> Vec<Arc<File>> {
        let mut found = vec![file.clone()];
        let mut next = 0;
        while let Some(file) = found.get(next).cloned() {
            for import in &file.syntax.imports {
                if let Some(other) = self.imported(&file, &import.path)
                    && !found.iter().any(|known| known.name == other.name)
                {
                    found.push(other);
                }
            }
            next += 1;
        }
        found
    }

    /// The scripts that may use what `file` declares: those that reach it, and those that it reaches.
    pub fn around(&self, file: &Arc<File>) -> Vec<Arc<File>> {
        let mut found = self.reach(file);
        found.retain(|known| !known.name.starts_with("std/") || known.name == file.name);
        let names = self.open.keys().cloned().chain(self.on_disk());
        for name in names.collect::<Vec<_>>() {
            if found.iter().any(|known| known.name == name) {
                continue;
            }
            let Some(other) = self.file(&name).filter(|other| !other.syntax.imports.is_empty()) else { continue };
            if self.reach(&other).iter().any(|reached| reached.name == file.name) {
                found.push(other);
            }
        }
        found
    }

    /// The scripts in the folders of the editor.
    fn on_disk(&self) -> Vec<String> {
        let is_wanted = |entry: &walkdir::DirEntry| {
            let name = entry.file_name().to_string_lossy();
            entry.depth() == 0 || !(name.starts_with('.') || name == "target" || name == "node_modules")
        };
        let entries = self.folders.iter().flat_map(|folder| {
            walkdir::WalkDir::new(folder).max_depth(12).into_iter().filter_entry(is_wanted).take(20 * MOST_FILES)
        });
        let paths = entries.flatten().filter(|entry| entry.file_type().is_file()).map(walkdir::DirEntry::into_path);
        let scripts = paths.filter(|path| path.extension().is_some_and(|extension| extension == "rhai"));
        scripts.take(MOST_FILES).map(|path| path.to_string_lossy().replace('\\', "/")).collect()
    }

    /// Where an editor finds a place. A standard module is written to this program's cache for it.
    pub fn location(&self, place: &Place) -> Option<Location> {
        Some(Location { uri: self.uri(&place.file)?, range: place.file.range(&place.at) })
    }

    /// The URI of a script.
    pub fn uri(&self, file: &File) -> Option<Uri> {
        let Some(module) = file.name.strip_prefix("std/") else {
            return match Path::new(&file.name).is_absolute() {
                true => uri::of_path(Path::new(&file.name)),
                false => file.name.parse().ok(),
            };
        };
        let folder = cache()?.join(format!("std-{}", env!("CARGO_PKG_VERSION")));
        let path = folder.join(format!("{module}.rhai"));
        let is_there = disk::read_text(&path, bound::SCRIPT).is_ok_and(|text| *text == *file.text);
        if !is_there {
            disk::make_folder(&path).ok()?;
            disk::replace(&path, file.text.as_bytes()).ok()?;
        }
        uri::of_path(&path)
    }
}

/// The folder for copies of standard modules.
fn cache() -> Option<PathBuf> {
    #[cfg(unix)]
    return crate::port::sim::interpreter::cache_folder().ok();
    #[cfg(not(unix))]
    Some(std::env::temp_dir().join("belay-script"))
}
