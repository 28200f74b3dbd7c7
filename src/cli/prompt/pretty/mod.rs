//! Formats values for reading: long ones over several lines, numbers with a curve, blobs as a dump.
//!
//! Pure: a value and a page in, text out. Invariant: the text is bounded for every value, and says what it omits.

use crate::cli::render::Colour;
use crate::value::Value;
use curve::curve;
use text::{block_of, dump, opaque};

mod curve;
mod text;

#[cfg(test)]
mod tests;

/// Entries of a map, or of an array of arrays, that are shown.
const MOST_ENTRIES: usize = 24;
/// Rows of a long array of plain values that are shown: of the value itself, and of one inside of another.
const MOST_ROWS: (usize, usize) = (10, 3);
/// Lines that are shown of anything.
const MOST_LINES: usize = 120;
/// Bytes of a blob inside of another value.
const FEW_BYTES: usize = 8;
/// Characters of a string or of anything else that is one word.
const LONGEST_WORD: usize = 2000;

/// The page that a value is shown on.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// Columns.
    pub width: usize,
    /// Whether it is coloured.
    pub colour: Colour,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    Plain,
    Number,
    Text,
    Key,
    /// Text that is neither a value nor syntax.
    Remark,
    /// An object without a literal: a device, a function.
    Object,
}

/// A line on its way.
#[derive(Clone, Debug, Default)]
struct StyledLine {
    parts: Vec<(Style, String)>,
    width: usize,
}

impl StyledLine {
    fn indented(columns: usize) -> StyledLine {
        let mut line = StyledLine::default();
        line.push(Style::Plain, " ".repeat(columns));
        line
    }

    fn push(&mut self, style: Style, text: impl Into<String>) {
        let text = text.into();
        self.width += text.chars().count();
        self.parts.push((style, text));
    }

    fn append(&mut self, other: StyledLine) {
        self.width += other.width;
        self.parts.extend(other.parts);
    }

    fn text(&self, colour: Colour) -> String {
        let mut out = String::new();
        for (style, text) in &self.parts {
            let code = match style {
                Style::Plain => "",
                Style::Number => "33",
                Style::Text => "32",
                Style::Key => "34",
                Style::Remark => "90",
                Style::Object => "36",
            };
            if colour == Colour::Never || code.is_empty() {
                out.push_str(text);
            } else {
                out.push_str(&format!("\x1b[{code}m{text}\x1b[0m"));
            }
        }
        out
    }
}

/// The entries of a value.
#[derive(Clone, Copy)]
enum Entries<'v> {
    Items(&'v [Value]),
    /// After a key; whether keys are names in a map of the language.
    Pairs(&'v [(Value, Value)], bool),
    Fields(&'v [(String, Value)]),
}

impl<'v> Entries<'v> {
    fn len(self) -> usize {
        match self {
            Entries::Items(items) => items.len(),
            Entries::Pairs(pairs, _) => pairs.len(),
            Entries::Fields(fields) => fields.len(),
        }
    }

    /// The key before entry `index`, and its value.
    fn at(self, index: usize) -> (StyledLine, &'v Value) {
        let mut key = StyledLine::default();
        match self {
            Entries::Items(items) => (key, &items[index]),
            Entries::Pairs(pairs, named) => {
                match &pairs[index].0 {
                    Value::Str(name) if named && is_word(name) => key.push(Style::Key, name.as_str()),
                    other => {
                        flat(other, usize::MAX, &mut key);
                    }
                }
                key.push(Style::Plain, ": ");
                (key, &pairs[index].1)
            }
            Entries::Fields(fields) => {
                key.push(Style::Key, fields[index].0.as_str());
                key.push(Style::Plain, "=");
                (key, &fields[index].1)
            }
        }
    }
}

fn is_word(name: &str) -> bool {
    name.starts_with(|first: char| first.is_alphabetic() || first == '_')
        && name.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// The brackets of a value that has parts, and these.
fn entries(value: &Value) -> Option<(String, &'static str, Entries<'_>)> {
    let named = |pairs: &[(Value, Value)]| pairs.iter().all(|(key, _)| matches!(key, Value::Str(_)));
    Some(match value {
        Value::List(items) => ("[".to_owned(), "]", Entries::Items(items)),
        Value::Tuple(items) => ("(".to_owned(), ")", Entries::Items(items)),
        Value::Set(items) => ("set {".to_owned(), "}", Entries::Items(items)),
        Value::FrozenSet(items) => ("frozenset {".to_owned(), "}", Entries::Items(items)),
        Value::Dict(pairs) if named(pairs) => ("#{".to_owned(), "}", Entries::Pairs(pairs, true)),
        Value::Dict(pairs) => ("dict {".to_owned(), "}", Entries::Pairs(pairs, false)),
        Value::OrderedDict(pairs) => ("ordered dict {".to_owned(), "}", Entries::Pairs(pairs, false)),
        Value::NamedTuple(name, fields) => (format!("{name}("), ")", Entries::Fields(fields)),
        _ => return None,
    })
}

/// Formats `value` as whole lines.
pub fn show(value: &Value, page: Page) -> String {
    let lines = match value {
        Value::Bytes(bytes) => dump(bytes),
        Value::Str(text) if text.contains('\n') || quoted(text).chars().count() > page.width => block_of(text, page),
        Value::Opaque(text) => opaque(text),
        _ => {
            let mut lines = Vec::new();
            lay_out(value, page.width, (StyledLine::default(), 0), &mut lines);
            if let (Value::List(items), 1) = (value, lines.len()) {
                lines.extend(curve(items, page.width, 0));
            }
            lines
        }
    };
    let mut out: String = lines.iter().take(MOST_LINES).map(|line| line.text(page.colour) + "\n").collect();
    if lines.len() > MOST_LINES {
        out.push_str(&(remark(0, "… output truncated".to_owned()).text(page.colour) + "\n"));
    }
    out
}

fn remark(indent: usize, text: String) -> StyledLine {
    let mut line = StyledLine::indented(indent);
    line.push(Style::Remark, text);
    line
}

/// Appends `value` to the line if it fits. If it does not fit, the line is unusable.
fn flat(value: &Value, room: usize, line: &mut StyledLine) -> bool {
    let Some((open, close, parts)) = entries(value) else {
        let (style, word) = word(value);
        line.push(style, word);
        return line.width <= room;
    };
    let padded = !open.starts_with(['[', '(']) && !matches!(parts, Entries::Fields(_)) && parts.len() > 0;
    line.push(Style::Plain, open);
    for index in 0..parts.len() {
        let (key, part) = parts.at(index);
        line.push(
            Style::Plain,
            if index > 0 {
                ", "
            } else if padded {
                " "
            } else {
                ""
            },
        );
        line.append(key);
        if line.width > room || !flat(part, room, line) {
            return false;
        }
    }
    line.push(Style::Plain, if padded { " " } else { "" });
    line.push(Style::Plain, close);
    line.width <= room
}

/// Writes `value` after `before` and on the following lines; `indent` is that of the line.
fn lay_out(value: &Value, width: usize, (before, indent): (StyledLine, usize), lines: &mut Vec<StyledLine>) {
    if lines.len() > MOST_LINES {
        // They are not shown.
        return;
    }
    let mut line = before.clone();
    if flat(value, width.saturating_sub(1), &mut line) {
        return lines.push(line);
    }
    let Some((open, close, parts)) = entries(value) else { return lines.push(line) };
    let mut line = before;
    line.push(Style::Plain, open);
    lines.push(line);
    let deeper = indent + 2;
    match value {
        Value::List(items) if items.iter().all(is_plain) => {
            let rows = if indent == 0 { MOST_ROWS.0 } else { MOST_ROWS.1 };
            fill(items, width, (deeper, rows), lines);
        }
        _ => {
            for index in 0..parts.len().min(MOST_ENTRIES) {
                let (key, part) = parts.at(index);
                let mut start = StyledLine::indented(deeper);
                start.append(key);
                lay_out(part, width, (start, deeper), lines);
                if let Some(last) = lines.last_mut() {
                    last.push(Style::Plain, ",");
                }
            }
            if parts.len() > MOST_ENTRIES {
                lines.push(remark(deeper, format!("… {} more", parts.len() - MOST_ENTRIES)));
            }
        }
    }
    if let Value::List(items) = value {
        lines.extend(curve(items, width, deeper));
    }
    let mut last = StyledLine::indented(indent);
    last.push(Style::Plain, close);
    lines.push(last);
}

/// Whether several such values may share a line.
fn is_plain(value: &Value) -> bool {
    match value {
        Value::Str(text) => text.len() <= 20,
        other => entries(other).is_none() && !matches!(other, Value::Bytes(_) | Value::Opaque(_)),
    }
}

/// Rows of values, as many as fit on each.
fn fill(items: &[Value], width: usize, (indent, rows): (usize, usize), lines: &mut Vec<StyledLine>) {
    let mut line = StyledLine::indented(indent);
    let mut done = 0;
    for (index, item) in items.iter().enumerate() {
        let (style, word) = word(item);
        let wide = word.chars().count();
        if line.width > indent && line.width + wide + 2 > width {
            done += 1;
            lines.push(std::mem::replace(&mut line, StyledLine::indented(indent)));
            if done == rows {
                lines.push(remark(indent, format!("… {} more", items.len() - index)));
                return;
            }
        }
        line.push(Style::Plain, if line.width > indent { " " } else { "" });
        line.push(style, word);
        line.push(Style::Plain, ",");
    }
    lines.push(line);
}

/// A value without parts.
fn word(value: &Value) -> (Style, String) {
    match value {
        Value::None => (Style::Plain, "()".to_owned()),
        Value::Bool(on) => (Style::Number, on.to_string()),
        Value::Int(number) => (Style::Number, number.to_string()),
        Value::BigInt(number) => (Style::Number, cut(&number.to_string())),
        Value::Float(number) => (Style::Number, float(*number)),
        Value::Complex(real, imaginary) => {
            let sign = if imaginary.is_sign_negative() { "" } else { "+" };
            (Style::Number, format!("({}{sign}{}j)", float(*real), float(*imaginary)))
        }
        Value::Str(text) => (Style::Text, cut(&quoted(text))),
        Value::Bytes(bytes) => (Style::Number, few(bytes)),
        Value::Remote(remote) => (Style::Object, format!("<proxy {}>", cut(remote.expression()))),
        Value::Opaque(text) => (Style::Object, cut(text.lines().next().unwrap_or_default())),
        other => (Style::Number, crate::value::write::literal(other).unwrap_or_default()),
    }
}

/// Digits of a float that always hold what was written: of more, the last ones are of how floats compute.
const DIGITS: usize = 15;

/// A float in as many digits as it takes, and at most [`DIGITS`]: `0.1 + 0.2` is `0.3`.
fn float(number: f64) -> String {
    let rounded = format!("{number:.*e}", DIGITS - 1).parse::<f64>();
    // Rounding up may leave the range of floats.
    format!("{:?}", rounded.ok().filter(|rounded| rounded.is_finite()).unwrap_or(number))
}

fn quoted(text: &str) -> String {
    // One that is too long is cut anyway.
    format!("{:?}", text.chars().take(LONGEST_WORD + 1).collect::<String>())
}

fn cut(text: &str) -> String {
    let count = text.chars().count();
    if count <= LONGEST_WORD {
        return text.to_owned();
    }
    text.chars().take(LONGEST_WORD).collect::<String>() + "…"
}

/// A blob on one line: the first of its bytes.
fn few(bytes: &[u8]) -> String {
    let shown: Vec<String> = bytes.iter().take(FEW_BYTES).map(|byte| format!("{byte:02x}")).collect();
    match bytes.len() {
        count if count > FEW_BYTES => format!("blob [{} … {count} bytes]", shown.join(" ")),
        _ => format!("blob [{}]", shown.join(" ")),
    }
}
