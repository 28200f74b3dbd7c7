//! Makes text of boards, scripts and file names safe for a terminal: displays what a terminal would otherwise obey.
//!
//! Pure. Invariant: the output contains no control character except tab and, if lines are allowed, LF (and colours, if
//! requested), no character that changes the direction of text, and no separator that starts a line invisibly.
//! Sequences are those of ECMA-48; the characters of directions are those of Unicode's UAX #9 and UTS #39.

use std::borrow::Cow;

/// Whether a terminal obeys a character, or it misleads a reader: controls, directions, line separators, invisible tags.
pub fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{061c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// How a hidden character is displayed: as a control picture (`␛`), else as its code (`<U+202E>`).
fn push_shown(letter: char, out: &mut String) {
    match letter {
        '\0'..='\u{1f}' => out.extend(char::from_u32(0x2400 + u32::from(letter))),
        '\u{7f}' => out.push('\u{2421}'),
        _ => {
            use std::fmt::Write as _;
            let _ = write!(out, "<U+{:04X}>", u32::from(letter));
        }
    }
}

fn shown_but(text: &str, kept: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(|letter| is_hidden(letter) && !kept(letter)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        match is_hidden(letter) && !kept(letter) {
            true => push_shown(letter, &mut out),
            false => out.push(letter),
        }
    }
    Cow::Owned(out)
}

/// Makes a name or another one-line text visible: line ends in it are displayed too.
pub fn name(text: &str) -> Cow<'_, str> {
    shown_but(text, |_| false)
}

/// Makes a text of several lines visible.
pub fn text(text: &str) -> Cow<'_, str> {
    shown_but(text, |letter| matches!(letter, '\n' | '\t'))
}

/// Longest sequence that is removed, in bytes; a longer one is displayed.
const LONGEST: usize = 256;

/// Makes a stream of bytes safe, however it is split: removes sequences that a terminal would obey, except colours if
/// allowed; displays other controls; replaces bytes that are not UTF-8 with U+FFFD.
#[derive(Debug, Default)]
pub struct Stream {
    /// Whether colours pass (SGR, `ESC [ … m`).
    colours: bool,
    /// An unfinished sequence or character, or a CR that may be half a line end.
    held: Vec<u8>,
}

impl Stream {
    /// A stream that keeps or removes colours.
    pub fn new(colours: bool) -> Stream {
        Stream { colours, held: Vec::new() }
    }

    /// Processes bytes and returns the displayable text.
    pub fn feed(&mut self, bytes: &[u8]) -> String {
        let mut all = std::mem::take(&mut self.held);
        all.extend_from_slice(bytes);
        let mut out = String::with_capacity(all.len());
        let mut rest = all.as_slice();
        while !rest.is_empty() {
            match self.step(rest, &mut out) {
                Some(count) => rest = &rest[count..],
                None => break,
            }
        }
        self.held = rest.to_vec();
        out
    }

    /// Returns the rest at the end.
    pub fn flush(&mut self) -> String {
        let held = std::mem::take(&mut self.held);
        text(&String::from_utf8_lossy(&held)).into_owned()
    }

    /// Displays the front of `rest`; returns how many bytes that was. `None`: more bytes are needed.
    fn step(&self, rest: &[u8], out: &mut String) -> Option<usize> {
        match rest {
            [b'\n' | b'\t', ..] => {
                out.push(char::from(rest[0]));
                Some(1)
            }
            [b'\r', ..] => carriage_return(rest, out),
            [0x1b, ..] => self.sequence(rest, out),
            [0..0x20 | 0x7f, ..] => {
                push_shown(char::from(rest[0]), out);
                Some(1)
            }
            _ => plain(rest, out),
        }
    }

    /// `rest` starts with ESC.
    fn sequence(&self, rest: &[u8], out: &mut String) -> Option<usize> {
        let length = match rest.get(1)? {
            b'[' => control_sequence(&rest[2..]).map(|length| length.map(|length| length + 2)),
            b']' | b'P' | b'X' | b'^' | b'_' => {
                string_sequence(&rest[2..]).map(|length| length.map(|length| length + 2))
            }
            0x20..=0x2f => Some(rest[1..].iter().position(|byte| !(0x20..=0x2f).contains(byte)).map(|at| at + 2)),
            0x30..=0x7e => Some(Some(2)),
            _ => None,
        };
        match length {
            Some(Some(length)) if length <= LONGEST => {
                let sequence = &rest[..length];
                if self.colours && is_colour(sequence) {
                    out.push_str(std::str::from_utf8(sequence).unwrap_or_default());
                }
                Some(length)
            }
            Some(None) if rest.len() < LONGEST => None,
            // Not a sequence, or an endless one: ESC is displayed, and the rest is text.
            _ => {
                push_shown('\u{1b}', out);
                Some(1)
            }
        }
    }
}

/// A line end loses its CR; a lone CR, which would overwrite a line, becomes a line end.
fn carriage_return(rest: &[u8], out: &mut String) -> Option<usize> {
    let returns = rest.iter().take_while(|&&byte| byte == b'\r').count();
    if returns == rest.len() && returns < LONGEST {
        return None;
    }
    if rest.get(returns) != Some(&b'\n') {
        out.push('\n');
    }
    Some(returns)
}

/// Text up to the next byte that may be a control.
fn plain(rest: &[u8], out: &mut String) -> Option<usize> {
    let end = rest.iter().position(|byte| *byte < 0x20 || *byte == 0x7f).unwrap_or(rest.len());
    let mut length = end;
    let stretch = &rest[..end];
    for chunk in stretch.utf8_chunks() {
        out.push_str(&text(chunk.valid()));
        let invalid = chunk.invalid();
        if !invalid.is_empty() {
            // An incomplete character waits for its rest.
            let at_end = invalid.as_ptr_range().end == rest.as_ptr_range().end;
            if at_end && is_begun(invalid) {
                length -= invalid.len();
            } else {
                out.push('\u{fffd}');
            }
        }
    }
    (length > 0).then_some(length)
}

/// Whether these bytes may become a character.
fn is_begun(bytes: &[u8]) -> bool {
    let length = match bytes[0] {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return false,
    };
    bytes.len() < length
}

/// Length of the part after `ESC [`. `Some(None)`: it is incomplete; `None`: it is not such a sequence.
fn control_sequence(rest: &[u8]) -> Option<Option<usize>> {
    match rest.iter().position(|byte| !(0x20..=0x3f).contains(byte)) {
        None => Some(None),
        Some(at) => (0x40..=0x7e).contains(&rest[at]).then_some(Some(at + 1)),
    }
}

/// Length of the part after `ESC ]` and the like, up to BEL or `ESC \`, on one line.
fn string_sequence(rest: &[u8]) -> Option<Option<usize>> {
    match rest.iter().position(|byte| matches!(byte, 0x07 | 0x1b | b'\n')) {
        None => Some(None),
        Some(at) => match rest[at..] {
            [0x07, ..] => Some(Some(at + 1)),
            [0x1b, b'\\', ..] => Some(Some(at + 2)),
            [0x1b] => Some(None),
            _ => None,
        },
    }
}

/// Whether a sequence is `ESC [ … m` with only numbers.
fn is_colour(sequence: &[u8]) -> bool {
    matches!(sequence, [0x1b, b'[', numbers @ .., b'm'] if numbers.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b';' | b':')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn case(bytes: &[u8], plain: &str, coloured: &str) {
        for (colours, expected) in [(false, plain), (true, coloured)] {
            for size in 1..=bytes.len() {
                let mut stream = Stream::new(colours);
                let mut shown: String = bytes.chunks(size).map(|chunk| stream.feed(chunk)).collect();
                shown.push_str(&stream.flush());
                assert_eq!(shown, expected, "chunks of {size}");
            }
        }
    }

    fn same(bytes: &[u8], expected: &str) {
        case(bytes, expected, expected);
    }

    #[test]
    fn text_passes_however_it_is_split() {
        same("a\tb\r\nc é 🐍\r\r\nd\n".as_bytes(), "a\tb\nc é 🐍\nd\n");
        same(b"\xff\xfe\x80x\xc3", "\u{fffd}\u{fffd}\u{fffd}x\u{fffd}");
    }

    #[test]
    fn colours_pass_only_if_allowed() {
        case(b"a\x1b[31mred\x1b[0m", "ared", "a\x1b[31mred\x1b[0m");
        case(b"\x1b[38;2;1;2;3mx\x1b[m", "x", "\x1b[38;2;1;2;3mx\x1b[m");
        same(b"\x1b[>4;2mx", "x");
    }

    #[test]
    fn removes_cursor_movement_titles_and_terminal_queries() {
        same(b"a\x1b[2J\x1b[1;1H\x1b[?1049hb", "ab");
        same(b"a\x1b]0;title\x07b\x1b]52;c;aGk=\x1b\\c\x1bP$q\"p\x1b\\d", "abcd");
        same(b"a\x1b7\x1b8\x1bc\x1b(0b", "ab");
        same(b"a\x1b[6nb\x1b[cd", "abd");
    }

    #[test]
    fn displays_other_controls() {
        same(b"a\x07b\x08c\x00d\x7fe\x0b\x0c", "a␇b␈c␀d␡e␋␌");
        same("a\u{9b}2Jb\u{85}".as_bytes(), "a<U+009B>2Jb<U+0085>");
        same(b"a\x1b", "a␛");
        same(b"a\x1b\n[31m", "a␛\n[31m");
        same("\u{202e}drow\u{2066}\u{200f}".as_bytes(), "<U+202E>drow<U+2066><U+200F>");
    }

    #[test]
    fn a_line_cannot_be_overwritten() {
        same(b"12%\r34%\r\nend\r", "12%\n34%\nend␍");
        same(b"real\r\rforged", "real\nforged");
    }

    #[test]
    fn an_endless_sequence_is_text() {
        let endless = [b"\x1b]0;".as_slice(), &[b'x'; 600]].concat();
        same(&endless, &format!("␛]0;{}", "x".repeat(600)));
        same(b"\x1b]0;a\nb", "␛]0;a\nb");
    }

    #[test]
    fn names_stay_on_one_line() {
        assert_eq!(name("plain é"), "plain é");
        assert_eq!(name("x\nforged … pass\t"), "x␊forged … pass␉");
        assert_eq!(text("a\n\tb\x1b[0m"), "a\n\tb␛[0m");
    }
}
