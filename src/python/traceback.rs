//! Parses tracebacks as printed by boards, and formats them with the script's own lines.
//!
//! Uses the standard library only; [`super::rewriter`] rewrites streaming output. Invariant: text that is not a frame line
//! is never changed.
//!
//! Line ends are `\n`, `\r\n` or `\r\r\n` (a terminal driver may add a `\r`), mixed within one traceback on
//! CircuitPython.

use std::fmt::Write as _;

/// The line that starts a traceback.
pub(crate) const HEADER: &str = "Traceback (most recent call last):";

/// A line `File "…", line N, in NAME` of a traceback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TracebackFrame {
    /// The board's name of the file, `<stdin>` for code that the host sent.
    pub file: String,
    /// Line within that file or piece of code, from 1.
    pub line: u32,
    /// The function, `<module>` outside functions; absent in a SyntaxError's own line.
    pub name: Option<String>,
}

/// The real position of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file's name for the user.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// The text of that line, if it is known.
    pub source: Option<String>,
}

/// An exception as printed by a board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traceback {
    lines: Vec<TracebackLine>,
    /// The frames of the last block, outermost first; empty if there was no traceback.
    pub frames: Vec<TracebackFrame>,
    /// The exception, `ValueError: boom`; its message may span lines.
    pub exception: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum TracebackLine {
    Text(String),
    Frame(TracebackFrame),
}

impl TracebackFrame {
    /// Parses `  File "FILE", line N, in NAME` or `  File "FILE", line N`, without its line end.
    pub fn parse(line: &str) -> Option<TracebackFrame> {
        let rest = line.strip_prefix("  File \"")?;
        let (file, rest) = rest.split_once("\", line ")?;
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number = rest.get(..digits)?.parse().ok()?;
        let name = match rest.get(digits..)? {
            "" => None,
            tail => Some(tail.strip_prefix(", in ")?.to_owned()),
        };
        Some(TracebackFrame { file: file.to_owned(), line: number, name })
    }

    /// Writes the traceback line of this frame, followed by the line of source if known, each ended by `end`.
    pub(crate) fn write(&self, place: Option<&Place>, end: &str, out: &mut String) {
        let (file, line) = place.map_or((self.file.as_str(), self.line), |place| (place.file.as_str(), place.line));
        // Writing to a string cannot fail.
        let _ = write!(out, "  File \"{file}\", line {line}");
        if let Some(name) = &self.name {
            let _ = write!(out, ", in {name}");
        }
        out.push_str(end);
        let source = place.and_then(|place| place.source.as_deref()).map(str::trim);
        if let Some(source) = source.filter(|source| !source.is_empty()) {
            let _ = write!(out, "    {source}{end}");
        }
    }
}

impl Traceback {
    /// Parses a board's report of an exception. Text before the traceback is kept for [`Traceback::format`]; text after the
    /// exception's first line belongs to its message. Of exceptions chained by CircuitPython, the last one counts.
    pub fn parse(text: &str) -> Traceback {
        let texts: Vec<&str> =
            text.trim_end_matches(['\r', '\n']).split('\n').map(|line| line.trim_end_matches('\r')).collect();
        let mut lines: Vec<TracebackLine> = Vec::with_capacity(texts.len());
        // The start of the last block's frames, which continue while `in_frames`.
        let mut block = None;
        let mut in_frames = false;
        let mut message = None;
        for (index, &text) in texts.iter().enumerate() {
            let chained = index > 0 && texts[index - 1].is_empty();
            if text.ends_with(HEADER) && (block.is_none() || (chained && text == HEADER)) {
                (block, in_frames, message) = (Some(index), true, None);
                lines.push(TracebackLine::Text(text.to_owned()));
                continue;
            }
            match TracebackFrame::parse(text).filter(|_| in_frames) {
                Some(frame) => lines.push(TracebackLine::Frame(frame)),
                // Firmware without source lines gives no line numbers.
                None if in_frames && text.starts_with("  File \"") => lines.push(TracebackLine::Text(text.to_owned())),
                None => {
                    if in_frames && !text.is_empty() {
                        (in_frames, message) = (false, Some(index));
                    }
                    lines.push(TracebackLine::Text(text.to_owned()));
                }
            }
        }
        let frames = lines[block.unwrap_or(lines.len())..]
            .iter()
            .filter_map(|line| if let TracebackLine::Frame(frame) = line { Some(frame.clone()) } else { None })
            .collect();
        let start = match (block, message) {
            (Some(_), Some(message)) => message,
            (Some(_), None) => texts.len(),
            // Without a traceback: from the first line that looks like an exception.
            (None, _) => texts.iter().position(|line| class_of(line).is_some()).unwrap_or(0),
        };
        let exception = texts[start..].join("\n");
        Traceback { lines, frames, exception: tidy(&exception) }
    }

    /// The exception's class, for example `ValueError`.
    pub fn class(&self) -> &str {
        class_of(self.exception.lines().next().unwrap_or_default()).unwrap_or("Exception")
    }

    /// The exception's message, without its class; may be empty.
    pub fn detail(&self) -> &str {
        let Some(class) = class_of(self.exception.lines().next().unwrap_or_default()) else { return &self.exception };
        let rest = self.exception.get(class.len()..).unwrap_or_default();
        rest.strip_prefix(": ").or_else(|| rest.strip_prefix(':')).unwrap_or(rest)
    }

    /// Drops the frames for which `keep` is false, for example the host's own call.
    pub fn retain_frames(&mut self, mut keep: impl FnMut(&TracebackFrame) -> bool) {
        self.lines.retain(|line| if let TracebackLine::Frame(frame) = line { keep(frame) } else { true });
        self.frames.retain(keep);
    }

    /// The whole text with LF as line end and none at the end; frames that `map` knows are printed with their position and,
    /// below it, their line of source.
    pub fn format(&self, map: impl Fn(&TracebackFrame) -> Option<Place>) -> String {
        let mut out = String::new();
        for line in &self.lines {
            match line {
                TracebackLine::Text(text) => {
                    out.push_str(text);
                    out.push('\n');
                }
                TracebackLine::Frame(frame) => frame.write(map(frame).as_ref(), "\n", &mut out),
            }
        }
        out.truncate(out.trim_end_matches('\n').len());
        out
    }
}

/// The class name at the start of a line like `ValueError: boom` or `KeyboardInterrupt`.
fn class_of(line: &str) -> Option<&str> {
    let end = line.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.'))).unwrap_or(line.len());
    let (class, rest) = line.split_at(end);
    let named = class.starts_with(|c: char| c.is_alphabetic() || c == '_');
    (named && (rest.trim().is_empty() || rest.starts_with(": ") || rest.trim_end() == ":")).then_some(class)
}

/// An exception without a message is printed as `KeyboardInterrupt: `: keeps only the class.
fn tidy(exception: &str) -> String {
    match class_of(exception) {
        Some(class) if exception.get(class.len()..).is_some_and(|rest| matches!(rest.trim(), "" | ":")) => {
            class.to_owned()
        }
        _ => exception.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PLAIN: &str = "Traceback (most recent call last):\n  File \"<stdin>\", line 1, in <module>\n  \
                         File \"<stdin>\", line 3, in f\nValueError: boom\n";

    fn frame(line: u32, name: Option<&str>) -> TracebackFrame {
        TracebackFrame { file: "<stdin>".to_owned(), line, name: name.map(str::to_owned) }
    }

    #[track_caller]
    fn case(text: &str, frames: usize, class: &str, detail: &str) {
        for end in ["\n", "\r\n", "\r\r\n"] {
            let traceback = Traceback::parse(&text.replace('\n', end));
            assert_eq!(traceback.frames.len(), frames, "{text:?}");
            assert_eq!((traceback.class(), traceback.detail()), (class, detail), "{text:?}");
        }
    }

    #[test]
    fn splits_tracebacks_into_frames_and_exception() {
        let traceback = Traceback::parse(PLAIN);
        assert_eq!(traceback.frames, [frame(1, Some("<module>")), frame(3, Some("f"))]);
        assert_eq!(traceback.exception, "ValueError: boom");
        case(PLAIN, 2, "ValueError", "boom");
        // Firmware without source lines.
        let bare = "Traceback (most recent call last):\n  File \"<stdin>\", in <module>\n  File \"<stdin>\", in f\nOSError: 5\n";
        case(bare, 0, "OSError", "5");
        case(
            "Traceback (most recent call last):\n  File \"<stdin>\", line 2\nSyntaxError: invalid syntax\n",
            1,
            "SyntaxError",
            "invalid syntax",
        );
        case("KeyboardInterrupt: \n", 0, "KeyboardInterrupt", "");
        case("noise\nMemoryError: \n", 0, "noise", "\nMemoryError: ");
        case(
            "MemoryError: memory allocation failed, allocating 8 bytes",
            0,
            "MemoryError",
            "memory allocation failed, allocating 8 bytes",
        );
        case(
            "boot text >\nTraceback (most recent call last):\n  File \"main.py\", line 5, in x\nsensors.Bad: a: b\nc\n",
            1,
            "sensors.Bad",
            "a: b\nc",
        );
        case("", 0, "Exception", "");
        case("Traceback (most recent call last):\n", 0, "Exception", "");
        case("some words, no exception", 0, "Exception", "some words, no exception");
    }

    #[test]
    fn the_last_of_chained_exceptions_counts() {
        let text = format!(
            "{PLAIN}\nDuring handling of the above exception, another exception occurred:\n\n\
             Traceback (most recent call last):\n  File \"code.py\", line 9, in g\nKeyError: k\n"
        );
        case(&text, 1, "KeyError", "k");
        assert_eq!(Traceback::parse(&text).format(|_| None), text.trim_end());
    }

    #[test]
    fn a_traceback_in_a_message_belongs_to_the_message() {
        let inner = PLAIN.trim_end();
        let text = format!("{HEADER}\n  File \"<stdin>\", line 7, in f\nRuntimeError: remote said\n{inner}\n");
        case(&text, 1, "RuntimeError", &format!("remote said\n{inner}"));
    }

    #[test]
    fn prints_frames_with_their_real_position() {
        let mut traceback = Traceback::parse(PLAIN);
        let map = |frame: &TracebackFrame| {
            let source = Some("        return 1 // 0  ".to_owned());
            (frame.name.as_deref() == Some("f")).then(|| Place { file: "bench.rhai".to_owned(), line: 15, source })
        };
        let expected = "  File \"bench.rhai\", line 15, in f\n    return 1 // 0\nValueError: boom";
        assert_eq!(traceback.format(map), format!("{HEADER}\n  File \"<stdin>\", line 1, in <module>\n{expected}"));
        traceback.retain_frames(|frame| frame.name.as_deref() != Some("<module>"));
        assert_eq!(traceback.format(map), format!("{HEADER}\n{expected}"));
        assert_eq!(traceback.frames.len(), 1);
    }

    #[test]
    fn recognises_frame_lines_exactly() {
        assert_eq!(TracebackFrame::parse("  File \"<stdin>\", line 12"), Some(frame(12, None)));
        for line in [
            "File \"a\", line 1",
            "  File \"a\", line x",
            "  File \"a\", line 1x",
            "  File \"a\", line 99999999999",
            "",
        ] {
            assert_eq!(TracebackFrame::parse(line), None, "{line:?}");
        }
    }

    proptest! {
        #[test]
        fn accepts_any_text(text: String, lines in prop::collection::vec(prop::sample::select(vec![
            HEADER, "", "  File \"<stdin>\", line 3, in f", "  File \"<stdin>\", line 3", "ValueError: x", "é: ",
            "\r", "    x",
        ]), 0..12)) {
            for text in [text, lines.join("\n")] {
                let traceback = Traceback::parse(&text);
                let _ = (traceback.class(), traceback.detail(), traceback.format(|_| None));
            }
        }
    }
}
