//! Writes elements and text; the only place that makes markup.
//!
//! Pure. Invariants: names of elements and attributes are constants of this program, everything else is escaped; every
//! element that is opened is closed; what is written is well-formed XML, and the same document to a parser of HTML, whatever
//! the text is.

use std::fmt::{Display, Write as _};

/// A document that is being written.
#[derive(Debug, Default)]
pub struct Markup(String);

/// Attributes: names, and the values as text.
pub type Attributes<'a> = &'a [(&'static str, &'a dyn Display)];

impl Markup {
    /// A document that begins with what stands before its root.
    pub fn document() -> Markup {
        Markup("<!DOCTYPE html>\n".to_owned())
    }

    /// What was written.
    pub fn finish(self) -> String {
        self.0
    }

    /// An element with its content.
    pub fn element(&mut self, name: &'static str, attributes: Attributes<'_>, content: impl FnOnce(&mut Markup)) {
        self.begin(name, attributes);
        self.0.push('>');
        content(self);
        self.0.push_str("</");
        self.0.push_str(name);
        self.0.push('>');
        if matches!(name, "tr" | "li" | "p" | "div" | "section" | "article" | "h2" | "h3" | "header" | "table") {
            self.0.push('\n');
        }
    }

    /// An element that never has content: `br`, `img`, `meta`, or a shape.
    pub fn empty(&mut self, name: &'static str, attributes: Attributes<'_>) {
        self.begin(name, attributes);
        self.0.push_str("/>");
    }

    /// An element with nothing but text.
    pub fn leaf(&mut self, name: &'static str, attributes: Attributes<'_>, text: impl Display) {
        self.element(name, attributes, |markup| markup.text(text));
    }

    /// Text.
    pub fn text(&mut self, text: impl Display) {
        let _ = write!(Escaped(&mut self.0), "{text}");
    }

    /// The style sheet, which is a constant of this program without characters of markup.
    pub fn style(&mut self, sheet: &'static str) {
        self.0.push_str("<style>\n");
        self.0.push_str(sheet);
        self.0.push_str("</style>\n");
    }

    fn begin(&mut self, name: &'static str, attributes: Attributes<'_>) {
        self.0.push('<');
        self.0.push_str(name);
        for (name, value) in attributes {
            let _ = write!(self.0, " {name}=\"");
            let _ = write!(Escaped(&mut self.0), "{value}");
            self.0.push('"');
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
                // The pictures of control characters, which XML forbids and nobody would see.
                '\0'..='\x1f' => self.0.push(char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}')),
                '\x7f' => self.0.push('\u{2421}'),
                '\u{80}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => self.0.push('\u{fffd}'),
                // Turning the direction of what follows could make one name look like another.
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
    fn whatever_comes_is_text() {
        let mut markup = Markup::default();
        markup.element("b", &[("title", &"\" onload='x")], |inner| {
            inner.text("</b><script>&amp;\0\x1b\r\u{202e}\u{ffff}")
        });
        markup.empty("br", &[]);
        assert_eq!(
            markup.finish(),
            "<b title=\"&quot; onload=&#39;x\">&lt;/b&gt;&lt;script&gt;&amp;amp;\u{2400}\u{241b}\u{240d}\u{fffd}\u{fffd}</b><br/>"
        );
    }
}
