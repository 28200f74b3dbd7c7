//! What a reply consists of. Uses nothing; plain data.

/// What a frame carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameKind {
    /// The `repr` of a value.
    Repr,
    /// The bytes of a value, in base64.
    Base64,
    /// The end of a generator; the `repr` of what it returned.
    Stop,
    /// How many replies the board has sent, and the letter of the last one's kind.
    Number,
    /// No reply: a program that goes on asks the host for something.
    Question,
}

impl FrameKind {
    /// The kind that a frame of this letter has.
    pub fn from_letter(letter: u8) -> Option<FrameKind> {
        match letter {
            b'R' => Some(FrameKind::Repr),
            b'B' => Some(FrameKind::Base64),
            b'S' => Some(FrameKind::Stop),
            b'N' => Some(FrameKind::Number),
            b'Q' => Some(FrameKind::Question),
            _ => None,
        }
    }
}

/// A value on its way from the board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// What it carries.
    pub kind: FrameKind,
    /// The text.
    pub text: String,
}

/// The end of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The value, if the program sent one.
    pub frame: Option<Frame>,
    /// What the board says of an exception; empty if there was none. May hold any bytes.
    pub error: Vec<u8>,
}

impl Reply {
    /// The line that the last place of its traceback names.
    pub fn error_line(&self) -> Option<usize> {
        let text = String::from_utf8_lossy(&self.error);
        let (_, after) = text.rsplit_once("\", line ")?;
        let digits = after.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(after.len());
        after[..digits].parse().ok()
    }

    /// Whether the program was not even compiled: the place in its traceback is a line, and none in a function or module.
    pub fn is_uncompiled(&self) -> bool {
        let has = |text: &[u8]| super::find(&self.error, text).is_some();
        (has(b"\nSyntaxError") || has(b"\nIndentationError")) && !has(b", in ")
    }

    /// What threads printed into the traceback of a program that the host cut off. `None`: it is no traceback of that kind, and
    /// nothing in it can be told apart.
    pub fn strangers(&self) -> Option<Vec<u8>> {
        // As the board prints them, each in one go, and whether the end of a line stands before.
        const PIECES: [(&[u8], bool); 8] = [
            (b"Traceback (most recent call last):", false),
            (b"  File \"", true),
            (b"<stdin>", false),
            (b"\", line ", false),
            (b"SyntaxError", true),
            (b": ", false),
            (b"invalid syntax", false),
            (b"", true),
        ];
        let (mut strangers, mut rest) = (Vec::new(), self.error.as_slice());
        for (piece, on_new_line) in PIECES {
            let at = if piece.is_empty() { rest.len() } else { super::find(rest, piece)? };
            let mut between = &rest[..at];
            rest = &rest[at + piece.len()..];
            if on_new_line {
                let end = super::find(between, b"\n")?;
                strangers.extend_from_slice(between[..end].strip_suffix(b"\r").unwrap_or(&between[..end]));
                between = &between[end + 1..];
            }
            strangers.extend_from_slice(between);
            if piece.ends_with(b"line ") {
                let digits = rest.iter().position(|letter| !letter.is_ascii_digit())?;
                rest = &rest[digits..];
            }
        }
        Some(strangers)
    }
}
