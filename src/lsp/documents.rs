//! The documents that are open in the editor.
//!
//! Invariant: a document holds the text that the editor has sent last.

use super::lines::{Encoding, Lines};
use super::uri;
use super::world::File;
use lsp_types::{TextDocumentContentChangeEvent, Uri};
use std::collections::BTreeMap;
use std::sync::Arc;

/// An open document.
#[derive(Clone, Debug)]
pub struct Document {
    /// As the editor calls it.
    pub uri: Uri,
    /// As the editor counts.
    pub version: i32,
    /// The script.
    pub file: Arc<File>,
}

impl Document {
    /// A document with this text.
    pub fn new(uri: Uri, version: i32, text: &str, encoding: Encoding) -> Document {
        let file = Arc::new(File::new(&uri::name(&uri), text.into(), encoding));
        Document { uri, version, file }
    }

    /// The document after some changes, each of which counts in the text that the one before it left.
    pub fn changed(&self, version: i32, changes: &[TextDocumentContentChangeEvent]) -> Document {
        let mut text = self.file.text.to_string();
        let mut lines = self.file.lines.clone();
        for change in changes {
            match change.range {
                Some(range) => {
                    let (start, end) = (lines.byte(&text, range.start), lines.byte(&text, range.end));
                    text.replace_range(start.min(end)..end.max(start), &change.text);
                }
                None => text = change.text.clone(),
            }
            lines = Lines::new(&text, lines.encoding());
        }
        let file = Arc::new(File::new(&self.file.name, text.into(), lines.encoding()));
        Document { uri: self.uri.clone(), version, file }
    }
}

/// The open documents, by their names.
#[derive(Clone, Debug, Default)]
pub struct Documents {
    open: BTreeMap<String, Document>,
}

impl Documents {
    /// Opens a document, or replaces it.
    pub fn insert(&mut self, document: Document) {
        self.open.insert(document.file.name.clone(), document);
    }

    /// Closes a document.
    pub fn remove(&mut self, uri: &Uri) {
        self.open.remove(&uri::name(uri));
    }

    /// The document with this URI.
    pub fn get(&self, uri: &Uri) -> Option<&Document> {
        self.open.get(&uri::name(uri))
    }

    /// The document of a script.
    pub fn named(&self, name: &str) -> Option<&Document> {
        self.open.get(name)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Document> {
        self.open.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lsp_types::{Position, Range};
    use std::str::FromStr as _;

    #[test]
    fn changes_count_in_the_text_before_them() {
        let document = Document::new(Uri::from_str("file:///a.rhai").unwrap(), 1, "aé🐍b\nc", Encoding::Utf16);
        let change = |start: (u32, u32), end: (u32, u32), text: &str| TextDocumentContentChangeEvent {
            range: Some(Range::new(Position::new(start.0, start.1), Position::new(end.0, end.1))),
            range_length: None,
            text: text.to_owned(),
        };
        let changed = document.changed(2, &[change((0, 2), (0, 4), "\n"), change((1, 1), (2, 9), "x")]);
        assert_eq!((&*changed.file.text, changed.version), ("aé\nbx", 2));
        // A range the wrong way round, and one beyond the text.
        assert_eq!(
            &*changed.changed(3, &[change((1, 1), (1, 0), ""), change((9, 0), (9, 9), "!")]).file.text,
            "aé\nx!"
        );
    }
}
