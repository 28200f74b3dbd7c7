//! Writes elements and text; the only place that produces markup.
//!
//! Uses a writer, and no more memory than a buffer. Invariants: element and attribute names are constants of this program;
//! everything else is escaped;
//! every opened element is closed; the output is well-formed XML, and parses to the same document as HTML, whatever the
//! text is.

use std::fmt::{Display, Write as _};
use std::io;

/// Bytes per write.
const BUFFER: usize = 64 << 10;

/// A document that is being written.
pub struct Markup<'a> {
    to: &'a mut dyn io::Write,
    /// Text not yet written.
    text: String,
    failure: Option<io::Error>,
}

/// Attributes: names, and the values as text.
pub type Attributes<'a> = &'a [(&'static str, &'a dyn Display)];

impl<'a> Markup<'a> {
    /// Starts a document with the doctype.
    pub fn document(to: &'a mut dyn io::Write) -> Markup<'a> {
        Markup { to, text: "<!DOCTYPE html>\n".to_owned(), failure: None }
    }

    /// Writes the rest, and a line end.
    ///
    /// # Errors
    /// The first error of writing or of [`Markup::read`].
    pub fn finish(mut self) -> io::Result<()> {
        self.text.push('\n');
        self.pass_on();
        self.failure.map_or(Ok(()), Err)
    }

    /// Unwraps data to show; `None` if it could not be read, which fails the document.
    pub fn read<T>(&mut self, read: io::Result<T>) -> Option<T> {
        read.map_err(|error| self.failure.get_or_insert(error).kind()).ok()
    }

    fn pass_on(&mut self) {
        if self.failure.is_none() {
            self.failure = self.to.write_all(self.text.as_bytes()).err();
        }
        self.text.clear();
    }

    /// An element with its content.
    pub fn element(&mut self, name: &'static str, attributes: Attributes<'_>, content: impl FnOnce(&mut Markup<'a>)) {
        self.begin(name, attributes);
        self.text.push('>');
        content(self);
        self.text.push_str("</");
        self.text.push_str(name);
        self.text.push('>');
        if matches!(name, "tr" | "li" | "p" | "div" | "section" | "article" | "h2" | "h3" | "header" | "table") {
            self.text.push('\n');
        }
        if self.text.len() >= BUFFER {
            self.pass_on();
        }
    }

    /// An element that never has content: `br`, `img`, `meta`, or a shape.
    pub fn empty(&mut self, name: &'static str, attributes: Attributes<'_>) {
        self.begin(name, attributes);
        self.text.push_str("/>");
    }

    /// An element that contains only text.
    pub fn leaf(&mut self, name: &'static str, attributes: Attributes<'_>, text: impl Display) {
        self.element(name, attributes, |markup| markup.text(text));
    }

    /// Text.
    pub fn text(&mut self, text: impl Display) {
        let _ = write!(Escaped(&mut self.text), "{text}");
    }

    /// The style sheet, a constant of this program without markup characters.
    pub fn style(&mut self, sheet: &'static str) {
        self.text.push_str("<style>\n");
        self.text.push_str(sheet);
        self.text.push_str("</style>\n");
    }

    fn begin(&mut self, name: &'static str, attributes: Attributes<'_>) {
        self.text.push('<');
        self.text.push_str(name);
        for (name, value) in attributes {
            let _ = write!(self.text, " {name}=\"");
            let _ = write!(Escaped(&mut self.text), "{value}");
            self.text.push('"');
        }
    }
}

/// Escapes what is written to it.
struct Escaped<'a>(&'a mut String);

impl std::fmt::Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        for c in text.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                '\n' | '\t' => self.0.push(c),
                // Visible symbols for control characters, which XML forbids and nobody would see.
                '\0'..='\x1f' => self.0.push(char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}')),
                '\x7f' => self.0.push('\u{2421}'),
                '\u{80}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => self.0.push('\u{fffd}'),
                // Bidirectional controls could make one name look like another.
                '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => self.0.push('\u{fffd}'),
                _ => self.0.push(c),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_everything() {
        let mut written = Vec::new();
        let mut markup = Markup::document(&mut written);
        markup.element("b", &[("title", &"\" onload='x")], |inner| {
            inner.text("</b><script>&amp;\0\x1b\r\u{202e}\u{ffff}")
        });
        markup.empty("br", &[]);
        markup.finish().unwrap();
        assert_eq!(
            String::from_utf8(written).unwrap(),
            "<!DOCTYPE html>\n<b title=\"&quot; onload=&#39;x\">&lt;/b&gt;&lt;script&gt;&amp;amp;\u{2400}\u{241b}\u{240d}\u{fffd}\u{fffd}</b><br/>\n"
        );
    }

    /// Accepts some bytes, then fails.
    struct Full(usize);

    impl io::Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            assert!(bytes.len() < 2 * BUFFER, "{} bytes at once", bytes.len());
            let left = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
            self.0 = left;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_document_that_cannot_be_written_or_read_is_an_error() {
        let fill = |room| {
            let mut to = Full(room);
            let mut markup = Markup::document(&mut to);
            markup.element("div", &[], |markup| {
                for _ in 0..100 {
                    markup.leaf("p", &[], "x".repeat(9000));
                }
            });
            markup.finish().map_err(|error| error.kind())
        };
        assert_eq!((fill(2_000_000), fill(100_000)), (Ok(()), Err(io::ErrorKind::StorageFull)));
        let mut written = Vec::new();
        let mut markup = Markup::document(&mut written);
        assert_eq!(markup.read(Ok(1)), Some(1));
        assert_eq!(markup.read::<()>(Err(io::ErrorKind::NotFound.into())), None);
        assert_eq!(markup.finish().unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
