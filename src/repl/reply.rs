//! Framing of replies: finds the end of a command and the value in it, in a stream in which a program, its threads and
//! its interrupts may print anything.
//!
//! The raw REPL ends a program with `\x04`, its traceback if any, `\x04>`; none of it is escaped, so what a program
//! prints can look like an end. A value therefore travels in a frame that begins and ends with a mark nobody can guess
//! (a random token), and states its length and a checksum; a program that must send a frame and has done so has ended. Every other end
//! is a [`Doubt`]: bytes that may be one are held, and the session asks the board for its prompt, which only comes
//! ([`Progress::Prompt`]) when no program runs. A program that asks the host for something, as the receiver of a file
//! does, sends frames of kind [`FrameKind::Question`] on the way; it asks again when the host asks for the prompt.
//! Invariant: the events are the same under every division of the bytes
//! into chunks.

mod checksum;
mod frame;
mod search;
mod steps;
#[cfg(test)]
mod tests;

pub use frame::{Frame, FrameKind, Reply, forms, with_returns};
use search::{error, partial};
pub use search::{
    find, last_line, take_error, without_end, without_frames, without_own, without_prompts, without_torn_prompts,
};
pub(in crate::repl) use steps::take_credits;

/// What came of some bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The command has not ended, as far as can be seen.
    More,
    /// It has, beyond doubt.
    Done(Reply),
    /// The prompt that was asked for has come: see [`Decoder::conclude`].
    Prompt,
    /// The program asks the host for something and goes on; there may be more to decode.
    Question(String),
}

/// Whether the command may have ended without a clear sign, and how long that may be before the board is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// Nothing speaks for it.
    None,
    /// A frame is under way: only silence speaks for it.
    Silence,
    /// The code was not acknowledged yet.
    Unheard,
    /// Something speaks for it: some `\x04`, or a greeting.
    Age,
    /// It most likely has: with an exception, or with a torn frame.
    Likely,
}

/// How a command ended whose end was in doubt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conclusion {
    /// With this reply.
    Reply(Reply),
    /// The reply is lost: what is left of it, output among it.
    Torn(Vec<u8>),
}

/// How the board acknowledges the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prelude {
    /// Plain raw REPL: `OK`.
    Plain,
    /// Raw paste: windows (`\x01`) and `\x04`.
    Paste {
        /// What comes before them, unless it was read already.
        header: Option<[u8; 5]>,
        /// Most windows that are still to come. Any other `\x01` is output.
        credits: usize,
    },
}

const END: u8 = 0x04;
/// First byte of the mark. Python source never holds it raw, and terminals ignore it.
const MARK: u8 = 0x1e;
/// Greeting of the raw REPL.
pub const RAW_BANNER: &[u8] = b"raw REPL; CTRL-B to exit\r\n>";
/// End of every friendly prompt at the start of a line.
pub const FRIENDLY_PROMPT: &[u8] = b"\n>>> ";
/// End of what MicroPython says when it has started.
const GREETING: &[u8] = b"more information.\r\n>>> ";
/// Most bytes that are held because they may be the end of a command.
const MOST_HELD: usize = 64 * 1024;

/// Reads one reply. Bytes go in by [`Decoder::feed`]; output comes out at once, unless it may be the command's end.
pub struct Decoder {
    mark: Vec<u8>,
    /// Whether the program ends with a frame unless it raises.
    expects_frame: bool,
    /// What of the acknowledgement has not come.
    prelude: Option<Prelude>,
    frame: Option<Frame>,
    /// A frame was torn: what comes is held until the prompt.
    torn: bool,
    /// A frame announced so many characters, which are more than are taken: it is torn.
    excess: Option<usize>,
    /// What has no meaning yet. Starts with [`END`] or [`MARK`], or is the end of a chunk.
    pending: Vec<u8>,
    /// How much of `pending` was searched in vain.
    searched: usize,
    /// The last bytes of output, to notice a restart.
    tail: Vec<u8>,
    /// How many prompts were asked for and have not come.
    asked: usize,
    /// Where in `pending` the prompt can be: behind what was there when it was first asked for.
    asked_at: usize,
    /// The friendly prompt came before the acknowledgement.
    greeted: bool,
    /// What came after the prompt.
    after: Vec<u8>,
    /// Whether a greeting in the midst of output is a doubt: the program asks the host, and where the board has
    /// restarted, the rest of an answer is typed behind its prompt.
    watchful: bool,
    /// There was one, and whether the prompt was asked for since.
    prompted: bool,
    prompt_asked: bool,
    /// The host has cut the code off, so that it cannot be compiled: what threads print into the traceback is output.
    cut_off: bool,
    /// Something stood between the last `\x04` and the prompt: it may be the prompt of a board that has restarted.
    strange_prompt: bool,
    /// Only a frame of kind [`FrameKind::Number`] whose text ends so is the reply.
    awaited: Option<String>,
    /// Another frame that came before it: the reply of a program that still ran.
    stray: Option<Frame>,
    /// The answer to an earlier request for the prompt is still to come.
    owed: bool,
    /// See [`Decoder::keeps_acknowledgement`].
    keeps_acknowledgement: bool,
    /// How many frames came before the awaited one.
    strays: usize,
    /// Windows of a raw paste that may come after its end, as it seemed.
    late_credits: usize,
}

impl Decoder {
    /// A decoder for the reply to one command. `token`: the connection's secret. `expects_frame`: the program sends a
    /// frame as its last act.
    pub fn new(token: &str, prelude: Prelude, expects_frame: bool) -> Decoder {
        let mut mark = vec![MARK];
        mark.extend_from_slice(token.as_bytes());
        Decoder {
            mark,
            expects_frame,
            prelude: Some(prelude),
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
        }
    }

    /// Only a frame of kind [`FrameKind::Number`] whose text ends with `text` ends the command: nobody else can send it. An
    /// earlier frame is the reply of a program that was taken for ended ([`Decoder::stray`]).
    pub fn awaits(&mut self, text: &str) {
        self.awaited = Some(text.to_owned());
    }

    /// Leaves the acknowledgement in the output: what comes before the frame may hold another one.
    pub fn keeps_acknowledgement(&mut self) {
        self.prelude = None;
        self.keeps_acknowledgement = true;
    }

    /// The reply of an earlier program, if it came before the awaited one.
    pub fn stray(&mut self) -> Option<Frame> {
        self.stray.take()
    }

    /// How many acknowledgements are in the output, where they are kept.
    pub fn kept_acknowledgements(&self) -> usize {
        self.strays + 1
    }

    /// The host answers the program's questions.
    pub fn answers(&mut self) {
        self.watchful = true;
    }

    /// Takes bytes from the board; passes output on.
    pub fn feed(&mut self, bytes: &[u8], output: &mut dyn FnMut(&[u8])) -> Progress {
        self.pending.extend_from_slice(bytes);
        if self.asked == 0 {
            return self.steps(output);
        }
        // What may be the prompt is kept apart from what comes before it.
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

    /// Notes that the board was asked for its prompt.
    pub fn asked_for_prompt(&mut self) {
        if self.asked == 0 {
            self.asked_at = self.pending.len();
        }
        self.asked += 1;
        self.prompt_asked = self.prompted;
    }

    /// How many prompts are still to come.
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

    /// Whether the code seems to have been typed at the friendly prompt of a board that has restarted: the raw prompt then
    /// only comes after a Ctrl-C.
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

    /// The characters that a frame announced, if they are more than [`crate::bound`] allows. None of them was kept.
    pub fn excess(&self) -> Option<usize> {
        self.excess
    }

    /// Whether the board has acknowledged the code.
    pub fn is_acknowledged(&self) -> bool {
        self.prelude.is_none()
    }

    /// Whether the prompt at the end may be that of a board that has restarted.
    pub fn has_strange_prompt(&self) -> bool {
        self.strange_prompt
    }

    /// The board was asked for its prompt and gave none: a program runs. What was held is output.
    pub fn dismiss(&mut self, output: &mut dyn FnMut(&[u8])) {
        self.tail.clear();
        self.prompted &= !self.prompt_asked;
        if !self.torn && self.frame.is_none() && self.pending.first() == Some(&END) {
            self.emit(self.pending.len(), output);
        }
    }

    /// The host has made a syntax error of the code and ended it: the reply is for nobody.
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
        let begun = if self.torn || pending.first() != Some(&END) { None } else { error(&pending) };
        let Some((start, end)) = begun else {
            return Conclusion::Torn(pending);
        };
        // The byte before the text is the end of the output, or of what a thread printed after it.
        let before = match pending[start] {
            END => &pending[..start],
            _ => pending[..=start].strip_prefix(&[END]).unwrap_or(&pending[..=start]),
        };
        let acknowledgement = if self.prelude.take().is_some() { find(before, b"OK") } else { None };
        let (early, late) = before.split_at(acknowledgement.unwrap_or(before.len()));
        output(early);
        output(late.strip_prefix(b"OK").filter(|_| acknowledgement.is_some()).unwrap_or(late));
        let reply = Reply { frame: None, error: pending[start + 1..end].to_vec() };
        if self.cut_off {
            output(&reply.strangers().unwrap_or_default());
        }
        let after = &pending[end + 1..];
        output(after.strip_prefix(b">").or(after.strip_suffix(b">")).unwrap_or(after));
        Conclusion::Reply(reply)
    }

    /// What was read beyond the end of the reply: output of threads.
    pub fn rest(mut self) -> Vec<u8> {
        self.pending.append(&mut self.after);
        self.pending
    }
}
