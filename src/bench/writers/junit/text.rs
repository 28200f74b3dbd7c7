//! Text of XML: escaping, and bounds that readers expect.
//!
//! Pure. Invariant: whatever the text is, the result is well-formed in the place that it is made for.

use std::fmt::Write as _;

/// Longest text in an attribute, in bytes: readers reject or show badly what is longer. Elsewhere it is shown in full.
const LONGEST_ATTRIBUTE: usize = 4000;

/// Longest text of an element, in bytes: libxml2 rejects 10 MB, GitLab files above 30 MB.
const LONGEST_CONTENT: usize = 2 << 20;

/// The beginning of a text, if it is too long for an attribute.
pub fn cut(text: &str) -> &str {
    beginning(text, LONGEST_ATTRIBUTE)
}

fn beginning(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    &text[..end]
}

/// Seconds to the millisecond: readers accept no more digits.
pub fn seconds(time: f64) -> String {
    let time = if time.is_finite() { time.max(0.0) } else { 0.0 };
    format!("{time:.3}")
}

/// Escapes text for an attribute value.
pub fn attribute(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    escape(text, &mut escaped);
    escaped.replace('"', "&quot;").replace('\n', "&#10;").replace('\t', "&#9;")
}

/// Escapes text for the content of an element. Of a text that is too long, the beginning and the end.
pub fn content(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    if text.len() <= LONGEST_CONTENT {
        escape(text, &mut escaped);
        return escaped;
    }
    let head = beginning(text, LONGEST_CONTENT / 2);
    let start = text.len() - LONGEST_CONTENT / 2;
    let start = (start..text.len()).find(|start| text.is_char_boundary(*start)).unwrap_or(text.len());
    escape(head, &mut escaped);
    let _ = write!(escaped, "\n… ({} bytes are left out) …\n", start - head.len());
    escape(&text[start..], &mut escaped);
    escaped
}

/// Characters that XML 1.0 forbids, and control characters that a terminal obeys, become replacement characters.
fn escape(text: &str, escaped: &mut String) {
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\r' => escaped.push_str("&#13;"),
            '\n' | '\t' => escaped.push(letter),
            '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            _ => escaped.push(letter),
        }
    }
}

/// An element with properties, or nothing.
pub fn properties(indent: &str, properties: &[(String, String)]) -> String {
    if properties.is_empty() {
        return String::new();
    }
    let mut text = format!("{indent}<properties>\n");
    for (name, value) in properties {
        let (name, value) = (attribute(cut(name)), attribute(cut(value)));
        let _ = writeln!(text, "{indent}  <property name=\"{name}\" value=\"{value}\"/>");
    }
    let _ = writeln!(text, "{indent}</properties>");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped() {
        assert_eq!(attribute("a<b>&\"c\"\n\u{1b}[0m"), "a&lt;b&gt;&amp;&quot;c&quot;&#10;\u{fffd}[0m");
        assert_eq!(content("a\n\u{0}\"']]>\u{9b}😀"), "a\n\u{fffd}\"']]&gt;\u{fffd}😀");
        assert_eq!([f64::NAN, -1.0, 1.5].map(seconds), ["0.000", "0.000", "1.500"]);
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        let long = "é".repeat(3 << 20);
        assert_eq!(cut(&long).len(), LONGEST_ATTRIBUTE);
        let shown = content(&format!("x{long}"));
        assert!(shown.len() < LONGEST_CONTENT + 100 && shown.starts_with("xé") && shown.ends_with('é'));
        assert!(shown.contains("é\n… (4194306 bytes are left out) …\né"));
    }
}
