//! Diagnostics as text: a headline, an excerpt of the script for every place, notes and help.
//!
//! Uses [`crate::diagnostic`] and annotate-snippets, which draws the excerpts. Invariant: plain data in, one string out;
//! the caller decides on colour, not a global.

use crate::diagnostic::{Diagnostic, Place};
use crate::error::Kind;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Arc;

/// Whether text carries the escape sequences of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// Plain text.
    Never,
    /// For a terminal.
    Always,
}

/// The styles of belay-script's own lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// `error:`, `fail`.
    Bad,
    /// `pass`.
    Good,
    /// `simulated`.
    Caution,
    /// `help:`.
    Help,
    /// `note:`.
    Note,
    /// The text of a headline.
    Strong,
    /// `-->`.
    Frame,
}

impl Colour {
    /// `text` in this style.
    pub fn paint(self, look: Look, text: &str) -> String {
        let code = match look {
            Look::Bad => "1;31",
            Look::Good => "32",
            Look::Caution => "1;33",
            Look::Help => "1;36",
            Look::Note => "1;32",
            Look::Strong => "1",
            Look::Frame => "1;34",
        };
        match self {
            Colour::Never => text.to_owned(),
            Colour::Always => format!("\x1b[{code}m{text}\x1b[0m"),
        }
    }
}

/// The label of the board with this number, from 0, in its colour.
pub fn board(number: usize, label: &str) -> String {
    // Colours that are easy to distinguish on light and dark terminals; red is for errors.
    const COLOURS: [u8; 10] = [36, 33, 35, 32, 34, 96, 93, 95, 92, 94];
    format!("\x1b[{}m{label}\x1b[0m", COLOURS[number % COLOURS.len()])
}

/// The narrowest gutter, so that all excerpts of short scripts line up.
const NARROWEST_GUTTER: usize = 2;

/// Columns of an excerpt beyond which a line is cut around what is underlined.
const WIDEST_EXCERPT: usize = 120;

/// Draws `diagnostic`; `source` gives the text of a script by its name in origins. Ends with a newline.
pub fn render(diagnostic: &Diagnostic, source: &dyn Fn(&str) -> Option<Arc<str>>, colour: Colour) -> String {
    let digits = diagnostic.places.iter().map(|place| place.origin.line.to_string().len()).max().unwrap_or_default();
    let gutter = digits.max(NARROWEST_GUTTER);
    let indent = " ".repeat(gutter);
    let (word, look) = if diagnostic.is_warning { ("warning:", Look::Note) } else { ("error:", Look::Bad) };
    let hang = " ".repeat(word.len() + 1);
    let mut out =
        format!("{} {}\n", colour.paint(look, word), colour.paint(Look::Strong, &hanging(&diagnostic.title, &hang)));
    for (index, place) in diagnostic.places.iter().enumerate() {
        let text = source(&place.origin.file);
        let excerpt = text.as_deref().and_then(|text| Excerpt::find(place, text, diagnostic.kind));
        let column = excerpt.as_ref().map_or(place.origin.column, |excerpt| excerpt.column);
        let arrow = match place.label.as_str() {
            "" if index == 0 => colour.paint(Look::Frame, "-->"),
            "" => colour.paint(Look::Frame, ":::"),
            label => label.to_owned(),
        };
        let at = crate::origin::Origin { column, ..place.origin.clone() };
        let _ = writeln!(out, "{indent}{arrow} {at}");
        if let Some(excerpt) = excerpt {
            excerpt.draw(place.origin.line, gutter, colour, &mut out);
        }
    }
    for note in &diagnostic.notes {
        tail(&mut out, &indent, colour.paint(Look::Note, "note:"), "note: ", note);
    }
    if let Some(help) = &diagnostic.help {
        tail(&mut out, &indent, colour.paint(Look::Help, "help:"), "help: ", help);
    }
    out.extend(diagnostic.others.iter().map(|other| render(other, source, colour)));
    out
}

/// One note or help below the excerpts; its further lines are indented like its first.
fn tail(out: &mut String, indent: &str, word: String, plain: &str, text: &str) {
    let hang = " ".repeat(indent.len() + plain.len());
    let _ = writeln!(out, "{indent}{word} {}", hanging(text.trim_end(), &hang));
}

/// `text` with its further lines indented by `hang`, and without control characters.
fn hanging(text: &str, hang: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (index, line) in text.lines().enumerate() {
        if index > 0 {
            out.push('\n');
            out.push_str(hang);
        }
        out.extend(line.chars().map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c }));
    }
    out
}

/// One line of a script and what is underlined in it.
struct Excerpt<'a> {
    line: &'a str,
    /// Bytes of the line.
    span: Range<usize>,
    /// In characters, from 1.
    column: u32,
}

impl<'a> Excerpt<'a> {
    /// The excerpt of a place, if the text has this line.
    fn find(place: &Place, text: &'a str, kind: Kind) -> Option<Excerpt<'a>> {
        let number = usize::try_from(place.origin.line).ok()?.checked_sub(1)?;
        let line = text.split('\n').nth(number)?;
        let line = line.strip_suffix('\r').unwrap_or(line);
        let body = kind == Kind::DeviceException && place.label.is_empty();
        let span = underlined(line, place.origin.column, body);
        let column = u32::try_from(line[..span.start].chars().count() + 1).unwrap_or(u32::MAX);
        Some(Excerpt { line, span, column })
    }

    fn draw(&self, number: u32, gutter: usize, colour: Colour, out: &mut String) {
        let number_width = number.to_string().len();
        let renderer = match colour {
            Colour::Never => Renderer::plain(),
            Colour::Always => Renderer::styled(),
        };
        let snippet = Snippet::source(self.line)
            .line_start(number as usize)
            .annotation(AnnotationKind::Primary.span(self.span.clone()));
        let report = &[Group::with_level(Level::ERROR).element(snippet)];
        let drawn = renderer.term_width(WIDEST_EXCERPT).render(report);
        for line in drawn.lines() {
            let _ = writeln!(out, "{:pad$}{}", "", line.trim_end(), pad = gutter.saturating_sub(number_width));
        }
    }
}

/// What to underline in `line` for a place at `column` (0: the whole line). `body`: the place is one of a board's frames.
fn underlined(line: &str, column: u32, body: bool) -> Range<usize> {
    let start_of_text = line.len() - line.trim_start().len();
    let end_of_text = line.trim_end().len().max(start_of_text);
    let Some(before) = column.checked_sub(1) else {
        // The last line of a body is followed by text outside it.
        let end = if body { line.find('`').unwrap_or(end_of_text) } else { end_of_text };
        let end = line[..end].trim_end().len();
        return if end > start_of_text { start_of_text..end } else { start_of_text..end_of_text };
    };
    let start = line.char_indices().nth(before as usize).map_or(line.len(), |(index, _)| index);
    if start >= end_of_text {
        return start..start;
    }
    let quote = line[..start].chars().next_back().filter(|c| matches!(c, '`' | '"'));
    if body || quote == Some('`') {
        let rest = &line[start..end_of_text];
        let rest = rest[..literal_length(&line[..start], rest)].trim_end();
        return start..start + rest.len().max(1);
    }
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let word: usize = line[start..].chars().take_while(|c| is_word(*c)).map(char::len_utf8).sum();
    let one = line[start..].chars().next().map_or(0, char::len_utf8);
    start..start + word.max(one)
}

/// The number of bytes of `rest` up to the quote that closes the literal that `before` ends in opening; all of them if
/// it is not closed there, or if `before` opens none.
fn literal_length(before: &str, rest: &str) -> usize {
    if before.ends_with('`') {
        let mut from = 0;
        while let Some(at) = rest[from..].find('`').map(|at| from + at) {
            // A double back-tick is an escaped one.
            if !rest[at + 1..].starts_with('`') {
                return at;
            }
            from = at + 2;
        }
        return rest.len();
    }
    let Some(marks) = before.strip_suffix('"') else { return rest.len() };
    let marks = marks.len() - marks.trim_end_matches('#').len();
    if marks > 0 {
        return rest.find(&format!("\"{}", "#".repeat(marks))).unwrap_or(rest.len());
    }
    let mut escaped = false;
    for (at, letter) in rest.char_indices() {
        if letter == '"' && !escaped {
            return at;
        }
        escaped = letter == '\\' && !escaped;
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::Origin;

    fn place(line: u32, column: u32, label: &str) -> Place {
        Place { origin: Origin::new("a.rhai", line, column), label: label.to_owned() }
    }

    #[track_caller]
    fn case(kind: Kind, places: &[Place], text: &str, expected: &str) {
        let mut diagnostic = Diagnostic::new(kind, "it broke");
        diagnostic.places = places.to_vec();
        let text: Arc<str> = text.into();
        let drawn = render(&diagnostic, &|name| (name == "a.rhai").then(|| text.clone()), Colour::Never);
        assert_eq!(drawn, format!("error: it broke\n{expected}"), "\n{drawn}");
    }

    #[test]
    fn a_board_exception_shows_the_body_and_the_call() {
        let mut text = "\n".repeat(14);
        text.push_str("        return total // 0\n");
        text.push_str(&"\n".repeat(32));
        text.push_str("let v = bench.read_adc(26);\n");
        let text: Arc<str> = text.into();
        let diagnostic = Diagnostic {
            kind: Kind::DeviceException,
            title: "`Bench` raised ZeroDivisionError in task `read_adc`: divide by zero".to_owned(),
            places: vec![place(15, 0, ""), place(48, 15, "called from")],
            notes: vec!["first\nsecond".to_owned()],
            help: Some("divide by something else".to_owned()),
            is_warning: false,
            others: Box::default(),
        };
        let expected = "\
error: `Bench` raised ZeroDivisionError in task `read_adc`: divide by zero
  --> a.rhai:15:9
   |
15 |         return total // 0
   |         ^^^^^^^^^^^^^^^^^
  called from a.rhai:48:15
   |
48 | let v = bench.read_adc(26);
   |               ^^^^^^^^
  note: first
        second
  help: divide by something else
";
        assert_eq!(render(&diagnostic, &|_| Some(text.clone()), Colour::Never), expected);
    }

    #[test]
    fn gutters_are_as_wide_as_the_widest_line_number() {
        let text = format!("one\n{}two\n", "\n".repeat(100));
        case(
            Kind::ScriptError,
            &[place(1, 1, ""), place(102, 1, "called from")],
            &text,
            "   --> a.rhai:1:1\n    |\n  1 | one\n    | ^^^\n   called from a.rhai:102:1\n    |\n102 | two\n    | ^^^\n",
        );
    }

    #[test]
    fn underlines() {
        let line = |text: &str, column: u32, expected: &str| {
            case(Kind::ScriptError, &[place(1, column, "")], text, expected);
        };
        line("  let x = ;", 11, "  --> a.rhai:1:11\n   |\n 1 |   let x = ;\n   |           ^\n");
        line("  let x =", 0, "  --> a.rhai:1:3\n   |\n 1 |   let x =\n   |   ^^^^^^^\n");
        line("let x", 6, "  --> a.rhai:1:6\n   |\n 1 | let x\n   |      ^\n");
        line("let x\r\nnext", 99, "  --> a.rhai:1:6\n   |\n 1 | let x\n   |      ^\n");
        line("", 0, "  --> a.rhai:1:1\n   |\n 1 |\n   | ^\n");
        line(
            "teardown off() `led.off()`",
            17,
            "  --> a.rhai:1:17\n   |\n 1 | teardown off() `led.off()`\n   |                 ^^^^^^^^^\n",
        );
    }

    #[test]
    fn underlines_end_with_the_body() {
        fn case(text: &str, column: u32, wanted: &str) {
            assert_eq!(&text[underlined(text, column, true)], wanted, "{text}");
        }
        case("task f() `return 1//0` }", 11, "return 1//0");
        case("task f() `x = 1; return ``1` task g() `y`", 11, "x = 1; return ``1");
        case("task f() `x = 1", 11, "x = 1");
        case("task f() \"x = \\\"1\\\" \" }", 11, "x = \\\"1\\\"");
        case("task f() #\"x = \"1\"\"# }", 12, "x = \"1\"");
        case("    return y // x` }", 0, "return y // x");
        case("    return y // x", 0, "return y // x");
        case("` }", 0, "` }");
    }

    #[test]
    fn tabs_and_wide_characters_keep_carets_below_their_text() {
        case(
            Kind::ScriptError,
            &[place(1, 2, "")],
            "\tfoo(1)",
            "  --> a.rhai:1:2\n   |\n 1 |     foo(1)\n   |     ^^^\n",
        );
        case(
            Kind::ScriptError,
            &[place(1, 8, "")],
            "\"日本語\", bad(1)",
            "  --> a.rhai:1:8\n   |\n 1 | \"日本語\", bad(1)\n   |           ^^^\n",
        );
    }

    #[test]
    fn without_the_text_only_the_location_is_shown() {
        let mut elsewhere = place(3, 4, "");
        elsewhere.origin.file = "gone.rhai".into();
        case(Kind::ScriptError, &[elsewhere], "x", "  --> gone.rhai:3:4\n");
        case(Kind::ScriptError, &[place(9, 4, "")], "x", "  --> a.rhai:9:4\n");
        case(Kind::ScriptError, &[place(0, 0, "")], "x", "  --> a.rhai:0\n");
        case(Kind::ScriptError, &[], "x", "");
    }

    #[test]
    fn long_lines_are_cut_around_what_is_underlined() {
        let text = format!("{}bad(1){}", "x + ".repeat(200), " + y".repeat(200));
        let mut diagnostic = Diagnostic::new(Kind::ScriptError, "it broke");
        diagnostic.places = vec![place(1, 801, "")];
        let text: Arc<str> = text.into();
        let drawn = render(&diagnostic, &|_| Some(text.clone()), Colour::Never);
        let lines: Vec<&str> = drawn.lines().collect();
        assert_eq!(lines[1], "  --> a.rhai:1:801");
        assert!(lines.iter().all(|line| line.chars().count() <= WIDEST_EXCERPT + 20), "{drawn}");
        let caret = lines[4].find('^').unwrap();
        let shown: String = lines[3].chars().skip(caret).take(3).collect();
        assert_eq!((shown.as_str(), lines[4].trim_end().len()), ("bad", caret + 3), "{drawn}");
    }

    #[test]
    fn control_characters_of_a_board_do_not_reach_the_terminal() {
        let diagnostic = Diagnostic::new(Kind::DeviceException, "a\x1b[2Jb\nc");
        assert_eq!(render(&diagnostic, &|_| None, Colour::Never), "error: a\u{fffd}[2Jb\n       c\n");
    }

    #[test]
    fn colour_is_only_there_when_asked_for() {
        let text: Arc<str> = "bad".into();
        let mut diagnostic = Diagnostic::new(Kind::ScriptError, "it broke");
        diagnostic.places = vec![place(1, 1, "")];
        let drawn = render(&diagnostic, &|_| Some(text.clone()), Colour::Always);
        assert!(drawn.starts_with("\x1b[1;31merror:\x1b[0m"), "{drawn:?}");
        assert!(!render(&diagnostic, &|_| Some(text.clone()), Colour::Never).contains('\x1b'));
    }
}
