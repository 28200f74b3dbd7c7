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
    /// Whether the program was not even compiled: the place in its traceback is a line, and none in a function or module.
    pub fn is_uncompiled(&self) -> bool {
        let has = |text: &[u8]| super::find(&self.error, text).is_some();
        (has(b"\nSyntaxError") || has(b"\nIndentationError")) && !has(b", in ")
    }
}
