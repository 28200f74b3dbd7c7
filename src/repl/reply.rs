//! Framing of replies: finds the end of a command and its value in a stream in which a program, its threads and its
//! interrupts may print anything.
//!
//! The raw REPL ends a program with `\x04`, its traceback if any, `\x04>`; nothing is escaped, so a program's output can
//! look like an end. A value therefore travels in a frame that starts and ends with an unguessable mark (a random token)
//! and contains its length and a checksum; a program that must send a frame has ended once it has sent it. Every other
//! possible end is a [`Doubt`]: its bytes are held, and the session asks the board for its prompt, which appears
//! ([`Progress::Prompt`]) only when no program runs. A program that asks the host for something, such as the receiver of
//! a file, sends frames of kind [`FrameKind::Question`] meanwhile; it asks again when the host asks for the prompt.
//! Invariant: the events do not depend on how the bytes are split into chunks.

pub mod brief;
mod checksum;
mod frame;
mod search;
mod steps;
#[cfg(test)]
mod tests;

use brief::Brief;
pub use frame::{FrameKind, Reply, ReplyFrame, forms, with_returns};
use search::{error, partial};
pub use search::{
    find, find_line, last_line, take_error, without_end, without_frames, without_own, without_prompts,
    without_torn_prompts,
};
pub(in crate::repl) use steps::{take_credits, take_header};

/// The result of feeding bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The command has not ended, as far as is known.
    More,
    /// The command has ended.
    Done(Reply),
    /// The requested prompt has arrived: see [`Decoder::conclude`].
    Prompt,
    /// The program asks the host for something and continues; there may be more to decode.
    Question(String),
}

/// Whether the command may have ended without a clear sign, which determines how long to wait before asking the board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// No sign of an end.
    None,
    /// A frame is in transit: only silence suggests an end.
    Silence,
    /// The code was not acknowledged yet.
    Unheard,
    /// Some sign of an end: a `\x04`, or a greeting.
    Age,
    /// It has most likely ended: with an exception, or with a torn frame.
    Likely,
}

/// How a command with a doubtful end ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conclusion {
    /// With this reply.
    Reply(Reply),
    /// The reply is lost: holds the rest of it, including output.
    Torn(Vec<u8>),
}

/// How the board acknowledges the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prelude {
    /// Plain raw REPL: `OK`.
    Plain,
    /// Raw paste: windows (`\x01`) and `\x04`.
    Paste {
        /// The text before them, unless it was read already.
        header: Option<[u8; 5]>,
        /// Most windows that are still expected. Any other `\x01` is output.
        credits: usize,
    },
}

/// What ends a program, and the text of its exception.
pub(in crate::repl) const END: u8 = 0x04;
/// First byte of the mark. Python source never contains it raw, and terminals ignore it.
const MARK: u8 = 0x1e;
/// Greeting of the raw REPL.
pub const RAW_BANNER: &[u8] = b"raw REPL; CTRL-B to exit\r\n>";
/// End of every friendly prompt at the start of a line.
pub const FRIENDLY_PROMPT: &[u8] = b"\n>>> ";
/// End of MicroPython's startup message.
const GREETING: &[u8] = b"more information.\r\n>>> ";
/// Most bytes of the text of a short frame.
const MOST_BRIEF: usize = 16 * 1024;
/// Most bytes held because they may be the end of a command.
const MOST_HELD: usize = 64 * 1024;

/// Decodes one reply. Bytes go in by [`Decoder::feed`]; output is passed on at once, unless it may be the command's end.
pub struct Decoder {
    mark: Vec<u8>,
    /// Whether the program ends with a frame unless it raises.
    expects_frame: bool,
    /// The missing part of the acknowledgement.
    prelude: Option<Prelude>,
    /// The line whose repetition is the acknowledgement of plain code, in place of `OK`.
    repeated: Option<Vec<u8>>,
    frame: Option<ReplyFrame>,
    /// A frame was torn: later bytes are held until the prompt.
    torn: bool,
    /// A frame announced this number of characters, which exceeds the limit: it is torn.
    excess: Option<usize>,
    /// Undecoded bytes. Start with [`END`] or [`MARK`], or are the end of a chunk.
    pending: Vec<u8>,
    /// How much of `pending` was searched without result.
    searched: usize,
    /// The last bytes of output, to detect a restart.
    tail: Vec<u8>,
    /// How many requested prompts have not arrived.
    asked: usize,
    /// Where in `pending` the prompt can be: after the bytes from before the first request.
    asked_at: usize,
    /// The friendly prompt arrived before the acknowledgement.
    greeted: bool,
    /// The bytes after the prompt.
    after: Vec<u8>,
    /// Whether a greeting within output is a doubt: the program asks the host, and if the board has restarted, the rest of
    /// the host's answer is typed at its prompt.
    watchful: bool,
    /// Whether there was one, and whether the prompt was requested since.
    prompted: bool,
    prompt_asked: bool,
    /// The host has cut off the code so that it cannot be compiled: text that threads print into the traceback is output.
    cut_off: bool,
    /// There was text between the last `\x04` and the prompt: it may be the prompt of a restarted board.
    strange_prompt: bool,
    /// Only a frame of kind [`FrameKind::Number`] whose text ends with this is the reply.
    awaited: Option<String>,
    /// An earlier frame: the reply of a program that was still running.
    stray: Option<ReplyFrame>,
    /// The reply to an earlier request for the prompt is still pending.
    owed: bool,
    /// See [`Decoder::keeps_acknowledgement`].
    keeps_acknowledgement: bool,
    /// How many frames preceded the awaited one.
    strays: usize,
    /// Windows of a raw paste that may follow its apparent end.
    late_credits: usize,
    /// The program continues after its frame, which may have the short form.
    stays: Option<Brief>,
}

impl Decoder {
    /// A decoder for the reply to one command. `token`: the connection's secret. `expects_frame`: the program sends a
    /// frame last.
    pub fn new(token: &str, prelude: Prelude, expects_frame: bool) -> Decoder {
        let mut mark = vec![MARK];
        mark.extend_from_slice(token.as_bytes());
        Decoder {
            mark,
            expects_frame,
            prelude: Some(prelude),
            repeated: None,
            frame: None,
            torn: false,
            excess: None,
            pending: Vec::new(),
            searched: 0,
            tail: Vec::new(),
            asked: 0,
            asked_at: 0,
            greeted: false,
            after: Vec::new(),
            cut_off: false,
            strange_prompt: false,
            awaited: None,
            stray: None,
            owed: false,
            late_credits: 0,
            keeps_acknowledgement: false,
            strays: 0,
            watchful: false,
            prompted: false,
            prompt_asked: false,
            stays: None,
        }
    }

    /// The program waits for the next call after its frame, which ends the command. It may have the short form.
    pub fn stays(&mut self, brief: Brief) {
        self.stays = Some(brief);
    }

    /// The board acknowledges by repeating this line, not with `OK`.
    pub fn repeats(&mut self, line: &[u8]) {
        self.repeated = Some(line.to_vec());
    }

    /// Whether the program waits for the next call after its frame.
    pub fn has_stayed(&self) -> bool {
        self.stays.is_some()
    }

    /// Only a frame of kind [`FrameKind::Number`] whose text ends with `text` ends the command: no other program can send it.
    /// An earlier frame is the reply of a program that was assumed to have ended ([`Decoder::stray`]).
    pub fn awaits(&mut self, text: &str) {
        self.awaited = Some(text.to_owned());
    }

    /// Leaves the acknowledgement in the output: the bytes before the frame may contain another one.
    pub fn keeps_acknowledgement(&mut self) {
        self.prelude = None;
        self.keeps_acknowledgement = true;
    }

    /// The reply of an earlier program, if it preceded the awaited one.
    pub fn stray(&mut self) -> Option<ReplyFrame> {
        self.stray.take()
    }

    /// How many acknowledgements are in the output, if they are kept.
    pub fn kept_acknowledgements(&self) -> usize {
        self.strays + 1
    }

    /// The host answers the program's questions.
    pub fn answers(&mut self) {
        self.watchful = true;
    }

    /// Decodes bytes from the board; passes output on.
    pub fn feed(&mut self, bytes: &[u8], output: &mut dyn FnMut(&[u8])) -> Progress {
        self.pending.extend_from_slice(bytes);
        if self.asked == 0 {
            return self.steps(output);
        }
        // Keep a possible prompt separate from the bytes before it.
        let answer = &self.pending[self.asked_at.min(self.pending.len())..];
        let banner = find(answer, RAW_BANNER).map(|at| self.pending.len() - answer.len() + at);
        let apart = banner.unwrap_or_else(|| self.pending.len() - partial(answer, RAW_BANNER));
        let mut rest = self.pending.split_off(apart);
        self.searched = self.searched.min(self.pending.len());
        let progress = self.steps(output);
        if banner.is_some() && progress == Progress::More {
            self.asked -= 1;
            self.after = rest.split_off(RAW_BANNER.len());
            return Progress::Prompt;
        }
        self.pending.append(&mut rest);
        progress
    }

    /// Records that the board was asked for its prompt.
    pub fn asked_for_prompt(&mut self) {
        if self.asked == 0 {
            self.asked_at = self.pending.len();
        }
        self.asked += 1;
        self.prompt_asked = self.prompted;
    }

    /// How many prompts are still expected.
    pub fn prompts_to_come(&self) -> usize {
        self.asked
    }

    /// Whether the command may have ended.
    pub fn doubt(&self) -> Doubt {
        match self.pending.first() {
            _ if self.torn => Doubt::Likely,
            _ if self.frame.is_some() => Doubt::Age,
            Some(&MARK) => Doubt::Silence,
            Some(&END) if self.looks_raised() || self.pending == b"\x04\x04>" => Doubt::Likely,
            Some(&END) => Doubt::Age,
            _ if self.prelude.is_some() => Doubt::Unheard,
            _ if self.prompted => Doubt::Age,
            _ if self.tail.ends_with(RAW_BANNER) || self.tail.ends_with(FRIENDLY_PROMPT) => Doubt::Age,
            _ => Doubt::None,
        }
    }

    /// Whether the code seems to have been typed at the friendly prompt of a restarted board: the raw prompt then appears only
    /// after a Ctrl-C.
    pub fn was_typed(&self) -> bool {
        let held = |text: &[u8]| find(&self.pending, text).is_some();
        self.prompted
            || self.watchful && held(GREETING)
            || self.prelude.is_some() && (self.greeted || held(FRIENDLY_PROMPT))
    }

    /// Whether a board that has not acknowledged the code shows the friendly prompt, and nothing after it.
    pub fn shows_prompt(&self) -> bool {
        self.prelude.is_some() && (self.pending.ends_with(FRIENDLY_PROMPT) || self.tail.ends_with(FRIENDLY_PROMPT))
    }

    /// The number of characters that a frame announced, if more than [`crate::bound`] allows. None of them was kept.
    pub fn excess(&self) -> Option<usize> {
        self.excess
    }

    /// Whether the board has acknowledged the code.
    pub fn is_acknowledged(&self) -> bool {
        self.prelude.is_none()
    }

    /// Whether the prompt at the end may be that of a restarted board.
    pub fn has_strange_prompt(&self) -> bool {
        self.strange_prompt
    }

    /// The board was asked for its prompt and sent none: a program runs. The held bytes are output.
    pub fn dismiss(&mut self, output: &mut dyn FnMut(&[u8])) {
        self.tail.clear();
        self.prompted &= !self.prompt_asked;
        let is_held = |first: &u8| *first == END || *first == MARK && self.stays.is_some();
        if !self.torn && self.frame.is_none() && self.pending.first().is_some_and(is_held) {
            self.emit(self.pending.len(), output);
        }
    }

    /// The host has broken the code with a syntax error and ended it: its reply is discarded.
    pub fn was_cut_off(&mut self) {
        self.cut_off = true;
    }

    /// After [`Progress::Prompt`]: how the command ended.
    pub fn conclude(&mut self, output: &mut dyn FnMut(&[u8])) -> Conclusion {
        let pending = std::mem::take(&mut self.pending);
        self.searched = 0;
        if let Some(frame) = self.frame.take() {
            return Conclusion::Reply(Reply { frame: Some(frame), error: Vec::new() });
        }
        // A loop that was left in doubt was alive: what looks like an exception is output.
        let is_alive = self.stays.is_some() && pending.ends_with(b"\x04\x04>");
        let may_raise = pending.first() == Some(&END) || pending.first() == Some(&MARK) && self.stays.is_some();
        let begun = if self.torn || is_alive || !may_raise { None } else { error(&pending) };
        let Some((start, end)) = begun else {
            return Conclusion::Torn(pending);
        };
        // The byte before the text is the end of the output, or of a thread's output after it.
        let before = match pending[start] {
            END => &pending[..start],
            _ => pending[..=start].strip_prefix(&[END]).unwrap_or(&pending[..=start]),
        };
        let acknowledgement = if self.prelude.take().is_some() { self.acknowledged(before) } else { None };
        let (early, late) = acknowledgement.unwrap_or((before.len(), before.len()));
        output(&before[..early]);
        output(&before[late..]);
        let reply = Reply { frame: None, error: pending[start + 1..end].to_vec() };
        if self.cut_off {
            output(&reply.strangers().unwrap_or_default());
        }
        let after = &pending[end + 1..];
        output(after.strip_prefix(b">").or(after.strip_suffix(b">")).unwrap_or(after));
        Conclusion::Reply(reply)
    }

    /// The bytes after the end of the reply: output of threads.
    pub fn rest(mut self) -> Vec<u8> {
        self.pending.append(&mut self.after);
        self.pending
    }
}
