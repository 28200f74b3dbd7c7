//! Source texts of a run.
//!
//! Uses [`crate::disk`] for files that only an error mentions. Invariant: a stored text is found by its name in origins.

use crate::bound;
use crate::diagnostic::Diagnostic;
use crate::disk;
use crate::error::{Error, Kind};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

/// Source texts of a run by their name in origins.
#[derive(Clone, Default)]
pub struct Sources {
    texts: Arc<std::sync::RwLock<HashMap<Arc<str>, Arc<str>>>>,
}

impl Sources {
    /// Stores the text of a script.
    pub fn insert(&self, name: &str, text: &str) {
        self.texts.write().unwrap_or_else(|lock| lock.into_inner()).insert(name.into(), text.into());
    }
    /// Stores the Python files that an error points into, for excerpts.
    pub fn insert_python(&self, error: &Error) {
        for origin in error.origins() {
            let file = &*origin.file;
            let is_python = Path::new(file).extension().is_some_and(|extension| extension == "py");
            // A file that no longer exists has no excerpt.
            if is_python && let Ok(text) = disk::read_text(Path::new(file), bound::SCRIPT) {
                self.insert(file, &text);
            }
        }
    }

    /// Whether a text contains a word.
    pub(crate) fn mention(&self, word: &str) -> bool {
        self.texts.read().unwrap_or_else(|lock| lock.into_inner()).values().any(|text| text.contains(word))
    }

    /// The names of all texts, sorted.
    pub fn names(&self) -> Vec<Arc<str>> {
        let mut names: Vec<_> = self.texts.read().unwrap_or_else(|lock| lock.into_inner()).keys().cloned().collect();
        names.sort();
        names
    }

    /// Stores the files that a diagnostic points into, for excerpts.
    pub fn insert_files(&self, diagnostic: &Diagnostic) {
        for place in &diagnostic.places {
            let file = &*place.origin.file;
            if self.get(file).is_none()
                && let Ok(text) = disk::read_text(Path::new(file), bound::SCRIPT)
            {
                self.insert(file, &text);
            }
        }
    }

    /// The text of a script.
    pub fn get(&self, name: &str) -> Option<Arc<str>> {
        self.texts.read().unwrap_or_else(|lock| lock.into_inner()).get(name).cloned()
    }
}

/// Removes the byte order mark that some editors write.
pub(crate) fn without_mark(text: String) -> String {
    text.strip_prefix('\u{feff}').map_or_else(|| text.clone(), str::to_owned)
}

/// Reads a script named by the user.
///
/// # Errors
/// ParseError if it cannot be read, or is not text.
pub(crate) fn read(path: &Path) -> Result<String, Box<Diagnostic>> {
    let shown = path.display();
    let (message, help) = match disk::read_named(path, bound::SCRIPT) {
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(text) => return Ok(without_mark(text)),
            Err(_) => (format!("`{shown}` is not valid UTF-8"), "save the script as UTF-8"),
        },
        Err(error) if disk::was_interrupted(&error) => {
            return Err(Box::new(Diagnostic::new(Kind::Interrupted, "interrupted")));
        }
        Err(error) => (format!("`{shown}` cannot be read: {}", disk::reason(&error)), "give the path of a script"),
    };
    Err(Box::new(Diagnostic { help: Some(help.to_owned()), ..Diagnostic::new(Kind::ParseError, message) }))
}
