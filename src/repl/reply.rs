//! Framing of replies: finds the end of a command and the value in it, in a stream in which a program, its threads and
//! its interrupts may print anything.
//!
//! The raw REPL ends a program with `\x04`, its traceback if any, `\x04>`; none of it is escaped, so what a program
//! prints can look like an end. A value therefore travels in a frame that begins and ends with a mark nobody can guess
//! (a random token), and states its length; a program that must send a frame and has done so has ended. Every other end
//! is a [`Doubt`]: bytes that may be one are held, and the session asks the board for its prompt, which only comes
//! ([`Progress::Prompt`]) when no program runs. Invariant: the events are the same under every division of the bytes
//! into chunks.

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
}

impl FrameKind {
    /// The kind that a frame of this letter has.
    pub fn from_letter(letter: u8) -> Option<FrameKind> {
        match letter {
            b'R' => Some(FrameKind::Repr),
            b'B' => Some(FrameKind::Base64),
            b'S' => Some(FrameKind::Stop),
            b'N' => Some(FrameKind::Number),
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

/// What came of some bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The command has not ended, as far as can be seen.
    More,
    /// It has, beyond doubt.
    Done(Reply),
    /// The prompt that was asked for has come: see [`Decoder::conclude`].
    Prompt,
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
    /// Raw paste: windows (`\x01`) and `\x04`; before them this header, if it was not read yet.
    Paste(Option<[u8; 5]>),
}

const END: u8 = 0x04;
/// First byte of the mark. Python source never holds it raw, and terminals ignore it.
const MARK: u8 = 0x1e;
/// Greeting of the raw REPL.
pub const RAW_BANNER: &[u8] = b"raw REPL; CTRL-B to exit\r\n>";
/// End of every friendly prompt at the start of a line.
pub const FRIENDLY_PROMPT: &[u8] = b"\n>>> ";
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
    /// Something stood between the last `\x04` and the prompt: it may be the prompt of a board that has restarted.
    strange_prompt: bool,
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
            pending: Vec::new(),
            searched: 0,
            tail: Vec::new(),
            asked: 0,
            asked_at: 0,
            greeted: false,
            after: Vec::new(),
            strange_prompt: false,
        }
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
            Some(&END) if self.looks_raised() => Doubt::Likely,
            Some(&END) => Doubt::Age,
            _ if self.prelude.is_some() => Doubt::Unheard,
            _ if self.tail.ends_with(RAW_BANNER) || self.tail.ends_with(FRIENDLY_PROMPT) => Doubt::Age,
            _ => Doubt::None,
        }
    }

    /// Whether the code seems to have been typed at the friendly prompt of a board that has restarted: the raw prompt then
    /// only comes after a Ctrl-C.
    pub fn was_typed(&self) -> bool {
        self.prelude.is_some() && (self.greeted || find(&self.pending, FRIENDLY_PROMPT).is_some())
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
        if !self.torn && self.frame.is_none() && self.pending.first() == Some(&END) {
            self.emit(self.pending.len(), output);
        }
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
        let after = &pending[end + 1..];
        output(after.strip_prefix(b">").or(after.strip_suffix(b">")).unwrap_or(after));
        Conclusion::Reply(Reply { frame: None, error: pending[start + 1..end].to_vec() })
    }

    /// What was read beyond the end of the reply: output of threads.
    pub fn rest(mut self) -> Vec<u8> {
        self.pending.append(&mut self.after);
        self.pending
    }

    fn steps(&mut self, output: &mut dyn FnMut(&[u8])) -> Progress {
        loop {
            let step = match self.pending.first() {
                None => return Progress::More,
                _ if self.torn => return self.hold(output),
                Some(&MARK) => self.mark(output),
                // Before a frame may stand anything, also what looks like an end.
                Some(&END) if self.frame.is_none() && !self.is_acknowledgement() => self.end_without_frame(output),
                Some(&END) if self.frame.is_some() => self.end(output),
                _ => self.output(output),
            };
            if let Step::Stop(progress) = step {
                return progress;
            }
        }
    }

    fn is_acknowledgement(&self) -> bool {
        matches!(self.prelude, Some(Prelude::Paste(_)))
    }

    /// Output up to the next byte that may mean something, with the acknowledgement taken out.
    fn output(&mut self, output: &mut dyn FnMut(&[u8])) -> Step {
        let until = self.pending.iter().position(|&byte| byte == END || byte == MARK);
        match self.prelude {
            Some(Prelude::Plain) => {
                let stretch = &self.pending[..until.unwrap_or(self.pending.len())];
                if let Some(at) = find(stretch, b"OK") {
                    self.emit(at, output);
                    self.discard(2);
                    self.prelude = None;
                    self.tail.clear();
                    return Step::Again;
                }
                let held = usize::from(until.is_none() && stretch.ends_with(b"O"));
                self.emit(stretch.len() - held, output);
                if until.is_some() { Step::Again } else { Step::Stop(Progress::More) }
            }
            Some(Prelude::Paste(header)) => {
                let Some(until) = until else { return Step::Stop(Progress::More) };
                let mut stretch: Vec<u8> = self.pending[..until].to_vec();
                self.discard(until);
                if let Some(at) = header.and_then(|header| find(&stretch, &header)) {
                    stretch.drain(at..at + 5);
                }
                stretch.retain(|&byte| byte != 0x01);
                output(&stretch);
                if self.pending[0] == END {
                    self.discard(1);
                    self.prelude = None;
                }
                Step::Again
            }
            None => {
                self.emit(until.unwrap_or(self.pending.len()), output);
                if until.is_some() { Step::Again } else { Step::Stop(Progress::More) }
            }
        }
    }

    /// `pending` starts with the first byte of a mark.
    fn mark(&mut self, output: &mut dyn FnMut(&[u8])) -> Step {
        let common = self.pending.len().min(self.mark.len());
        if self.pending[..common] != self.mark[..common] {
            self.emit(1, output);
            return Step::Again;
        }
        if common < self.mark.len() {
            return Step::Stop(Progress::More);
        }
        self.prelude = None;
        let head = &self.pending[self.mark.len()..];
        let Some(&letter) = head.first() else { return Step::Stop(Progress::More) };
        let digits = head[1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let colon = head.get(1 + digits);
        let (Some(kind), true) =
            (FrameKind::from_letter(letter), digits < 10 && colon.is_none_or(|&byte| byte == b':'))
        else {
            self.torn = true;
            return Step::Again;
        };
        if colon.is_none() {
            return Step::Stop(Progress::More);
        }
        let length = std::str::from_utf8(&head[1..=digits]).ok().and_then(|digits| digits.parse::<usize>().ok());
        match length {
            Some(length) => self.payload(kind, length, self.mark.len() + digits + 2),
            None => {
                self.torn = true;
                Step::Again
            }
        }
    }

    /// `pending` starts with a frame whose text begins at `start` and has `length` characters.
    fn payload(&mut self, kind: FrameKind, length: usize, start: usize) -> Step {
        // A character has at least one byte: nothing ends before that.
        let from = self.searched.max(start.saturating_add(length)).min(self.pending.len());
        let Some(end) = find(&self.pending[from..], &self.mark).map(|at| at + from) else {
            // Its end was torn, and something goes on printing.
            if self.pending.len() > start.saturating_add(length.saturating_mul(4)).saturating_add(MOST_HELD) {
                self.torn = true;
                return Step::Again;
            }
            self.searched = self.pending.len().saturating_sub(self.mark.len() - 1).max(start);
            return Step::Stop(Progress::More);
        };
        if self.pending.len() <= end + self.mark.len() {
            self.searched = end;
            return Step::Stop(Progress::More);
        }
        let bytes = &self.pending[start..end];
        let characters = bytes.iter().filter(|&&byte| byte & 0xc0 != 0x80).count();
        if (characters != length && bytes.len() != length) || self.pending[end + self.mark.len()] != b';' {
            self.torn = true;
            return Step::Again;
        }
        self.frame = Some(Frame { kind, text: String::from_utf8_lossy(bytes).into_owned() });
        self.discard(end + self.mark.len() + 1);
        Step::Again
    }

    /// `pending` starts with `\x04` after the frame: a thread may print between what follows, but it follows.
    fn end(&mut self, output: &mut dyn FnMut(&[u8])) -> Step {
        let second = self.pending[1..].iter().position(|&byte| byte == END).map(|at| at + 1);
        let prompt =
            second.and_then(|second| Some(second + self.pending[second..].iter().position(|&byte| byte == b'>')?));
        let (Some(second), Some(prompt)) = (second, prompt) else {
            if self.pending.len() > MOST_HELD {
                self.emit(1, output);
                return Step::Again;
            }
            return Step::Stop(Progress::More);
        };
        output(&self.pending[1..second]);
        output(&self.pending[second + 1..prompt]);
        self.strange_prompt = prompt > second + 1;
        let reply = Reply { frame: self.frame.take(), error: Vec::new() };
        self.discard(prompt + 1);
        Step::Stop(Progress::Done(reply))
    }

    /// `pending` starts with `\x04` before any frame: the end after an exception, or output.
    fn end_without_frame(&mut self, output: &mut dyn FnMut(&[u8])) -> Step {
        if !self.expects_frame && self.pending.starts_with(b"\x04\x04>") {
            self.discard(3);
            return Step::Stop(Progress::Done(Reply { frame: None, error: Vec::new() }));
        }
        if let Some(at) = find(&self.pending[self.searched..], &self.mark) {
            self.emit(self.searched + at, output);
            return Step::Again;
        }
        self.searched = self.pending.len().saturating_sub(self.mark.len() - 1).max(1).min(self.pending.len());
        Step::Stop(self.hold(output))
    }

    /// Keeps what is pending for the prompt, within bounds.
    fn hold(&mut self, output: &mut dyn FnMut(&[u8])) -> Progress {
        match self.pending.len().checked_sub(MOST_HELD) {
            Some(excess) if self.torn => self.discard(excess),
            Some(excess) => self.emit(excess + MOST_HELD / 2, output),
            None => {}
        }
        Progress::More
    }

    /// Whether the newest of what is held looks like the end of an exception.
    fn looks_raised(&self) -> bool {
        let recent = self.pending.len().saturating_sub(4096).max(1);
        (recent..self.pending.len() - 1).any(|at| self.pending[at] == b'\n' && self.pending[at + 1] == END)
    }

    /// Passes the first `count` bytes on as output.
    fn emit(&mut self, count: usize, output: &mut dyn FnMut(&[u8])) {
        if count == 0 {
            return;
        }
        // Held output may hold the acknowledgement.
        let acknowledgement = self.prelude.and_then(|_| find(&self.pending[..count], b"OK"));
        if let Some(at) = acknowledgement {
            self.prelude = None;
            output(&self.pending[..at]);
            output(&self.pending[at + 2..count]);
        } else {
            output(&self.pending[..count]);
        }
        let keep = RAW_BANNER.len();
        self.tail.extend_from_slice(&self.pending[count.saturating_sub(keep)..count]);
        self.greeted |= self.prelude.is_some()
            && (find(&self.pending[..count], FRIENDLY_PROMPT).is_some() || find(&self.tail, FRIENDLY_PROMPT).is_some());
        let from = self.tail.len().saturating_sub(keep);
        self.tail.drain(..from);
        self.discard(count);
    }

    fn discard(&mut self, count: usize) {
        self.pending.drain(..count);
        self.searched = 0;
        self.asked_at = self.asked_at.saturating_sub(count);
    }
}

enum Step {
    Again,
    Stop(Progress),
}

/// Where the last text stands that looks as the board's word of an exception does: behind `\x04`, whole lines, which may
/// hold anything, then `\x04`. What threads print may stand in front of it.
fn error(bytes: &[u8]) -> Option<(usize, usize)> {
    const TRACEBACK: &[u8] = b"Traceback (most recent call last):";
    let end = (2..bytes.len()).rev().find(|&at| bytes[at] == END && bytes[at - 1] == b'\n')?;
    let text = &bytes[..end];
    let last = |needle: &[u8]| (0..text.len()).rev().find(|&at| text[at..].starts_with(needle));
    let start = last(&[&[END], TRACEBACK].concat())
        .or_else(|| Some(find(text, TRACEBACK)?.saturating_sub(1)))
        .or_else(|| text.iter().rposition(|&byte| byte == END))?;
    (start + 1 < end).then_some((start, end))
}

/// How many bytes at the end of `bytes` may become `needle`.
fn partial(bytes: &[u8], needle: &[u8]) -> usize {
    (1..needle.len().min(bytes.len() + 1)).rev().find(|&count| bytes.ends_with(&needle[..count])).unwrap_or(0)
}

/// Where `needle` first stands in `bytes`.
pub fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    let (&first, _) = needle.split_first()?;
    let mut from = 0;
    while let Some(at) = bytes[from..].iter().position(|&byte| byte == first) {
        let at = from + at;
        if bytes[at..].starts_with(needle) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "q7Zk02Xa";

    fn plain(expects: bool) -> Decoder {
        Decoder::new(TOKEN, Prelude::Plain, expects)
    }

    /// Feeds `stream` in chunks of `size`, then asks for the prompt if the end is in doubt; gives the output, how it
    /// ended, and the rest.
    fn decode(mut decoder: Decoder, stream: &[u8], size: usize) -> (Vec<u8>, Option<Conclusion>, Vec<u8>) {
        let mut output = Vec::new();
        let mut sink = |bytes: &[u8]| output.extend_from_slice(bytes);
        let mut chunks = stream.chunks(size);
        let mut end = None;
        for chunk in chunks.by_ref() {
            if let Progress::Done(reply) = decoder.feed(chunk, &mut sink) {
                end = Some(Conclusion::Reply(reply));
                break;
            }
        }
        if end.is_none() && decoder.doubt() != Doubt::None {
            decoder.asked_for_prompt();
            for chunk in RAW_BANNER.chunks(size) {
                if decoder.feed(chunk, &mut sink) == Progress::Prompt {
                    end = Some(decoder.conclude(&mut sink));
                }
            }
        }
        let mut rest = decoder.rest();
        chunks.for_each(|chunk| rest.extend_from_slice(chunk));
        (output, end, rest)
    }

    fn frame(kind: char, text: &str) -> String {
        format!("\x1e{TOKEN}{kind}{}:{text}\x1e{TOKEN};", text.chars().count())
    }

    #[track_caller]
    fn case(stream: impl AsRef<[u8]>, output: &[u8], frame: Option<(FrameKind, &str)>, error: &[u8], rest: &[u8]) {
        let stream = stream.as_ref();
        let frame = frame.map(|(kind, text)| Frame { kind, text: text.to_owned() });
        let reply = Reply { frame, error: error.to_vec() };
        for size in 1..=stream.len() {
            let (got, end, left) = decode(plain(true), stream, size);
            assert_eq!(String::from_utf8_lossy(&got), String::from_utf8_lossy(output), "output, chunks of {size}");
            assert_eq!(end, Some(Conclusion::Reply(reply.clone())), "chunks of {size}");
            assert_eq!(left, rest, "rest, chunks of {size}");
        }
    }

    #[track_caller]
    fn torn(stream: impl AsRef<[u8]>) {
        let stream = stream.as_ref();
        for size in 1..=stream.len() {
            let (_, end, _) = decode(plain(true), stream, size);
            assert!(matches!(end, Some(Conclusion::Torn(_))), "{} by {size}: {end:?}", stream.escape_ascii());
        }
    }

    const ERROR: &str = "Traceback (most recent call last):\r\n  File \"<stdin>\", line 1, in f\r\nValueError: x\r\n";
    const SEVEN: Option<(FrameKind, &str)> = Some((FrameKind::Repr, "7"));

    #[test]
    fn a_value_is_found_anywhere_in_the_output() {
        let value = frame('R', "7");
        case(format!("OK{value}\x04\x04>"), b"", SEVEN, b"", b"");
        case(format!("OKno newline{value}after\x04\x04>"), b"no newlineafter", SEVEN, b"", b"");
        case(format!("idle O\r\nOK{value}\x04\x04>later"), b"idle O\r\n", SEVEN, b"", b"later");
        case(format!("OK{}\x04\x04>", frame('B', "AAEC")), b"", Some((FrameKind::Base64, "AAEC")), b"", b"");
        case(format!("OK{}\x04\x04>", frame('S', "'é'")), b"", Some((FrameKind::Stop, "'é'")), b"", b"");
    }

    #[test]
    fn look_alikes_are_output() {
        let value = frame('R', "7");
        let error = format!("\x04{ERROR}\x04>");
        for printed in [
            "\x04",
            "\x04\x04>",
            ">",
            "\x04>OK",
            "\x1e",
            "\x1eq7Zk02X",
            "\x1eq7Zk02XbR1:7",
            "OK",
            "R\x01",
            "\x04x\x04>",
            "raw REPL; CTRL-B to exit\r\n>",
            "\r\n>>> ",
            &error,
        ] {
            case(format!("OK{printed}{value}\x04\x04>"), printed.as_bytes(), SEVEN, b"", b"");
            if !printed.contains("OK") {
                case(format!("{printed}OK{value}\x04\x04>"), printed.as_bytes(), SEVEN, b"", b"");
            }
            case(format!("OK{value}\x04\x04>{printed}"), b"", SEVEN, b"", printed.as_bytes());
        }
    }

    #[test]
    fn an_exception_ends_a_reply() {
        case(format!("OKout\x04{ERROR}\x04>"), b"out", None, ERROR.as_bytes(), b"");
        case(format!("OKout\x04a\n\x04>more\x04{ERROR}\x04>"), b"out\x04a\n\x04>more", None, ERROR.as_bytes(), b"");
        // CircuitPython's are translated.
        let translated = "Zurückverfolgung (jüngste Aufforderung zuletzt):\r\nValueError: x\r\n";
        case(format!("OK\x04{translated}\x04>"), b"", None, translated.as_bytes(), b"");
    }

    #[test]
    fn raw_paste_is_acknowledged_in_its_way() {
        let header = [b'R', 1, 128, 0, 1];
        for (stream, output) in
            [(format!("R\x01{}\0\x01\x01\x04out", '\u{80}'), "out"), ("noise\x01\x04out".to_owned(), "noiseout")]
        {
            let stream = stream.replace('\u{80}', "\u{1}");
            let stream: Vec<u8> = [stream.as_bytes(), frame('R', "7").as_bytes(), b"\x04\x04>"].concat();
            let header = Some(if stream[2] == 1 { [b'R', 1, 1, 0, 1] } else { header });
            for size in 1..=stream.len() {
                let (got, end, _) = decode(Decoder::new(TOKEN, Prelude::Paste(header), true), &stream, size);
                assert!(matches!(end, Some(Conclusion::Reply(Reply { frame: Some(_), .. }))), "{end:?} by {size}");
                assert_eq!(String::from_utf8_lossy(&got), output, "by {size}");
            }
        }
    }

    #[test]
    fn a_torn_frame_is_no_value() {
        torn(format!("OK\x1e{TOKEN}R4:No>noise<ne\x1e{TOKEN};\x04\x04>"));
        torn(format!("OK\x1e{TOKEN}Rno4:None\x1e{TOKEN};\x04\x04>"));
        torn(format!("OK\x1e{TOKEN}R4:None\x1e{TOKEN}noise;\x04\x04>"));
        torn(format!("OK\x1e{TOKEN}R4:None\x1eq7noise{}\x04\x04>", &TOKEN[2..]));
        torn(format!("OK\x1eq7Znoisek02XaR4:None\x1e{TOKEN};\x04\x04>"));
        torn("OK\x1eq7Znoisek02XaR4:None\x1eq7;\x04\x04>");
        torn(format!("OK\x1e{TOKEN}R99999999999:"));
    }

    #[test]
    fn a_reply_whose_end_is_lost_counts_once_the_prompt_is_there() {
        let value = frame('R', "7");
        for end in ["", "\x04", "\x04\x04", "\x04>", "\x04noise\x04"] {
            let stream = format!("OK{value}{end}");
            for size in 1..=stream.len() {
                let (_, end, _) = decode(plain(true), stream.as_bytes(), size);
                assert!(matches!(end, Some(Conclusion::Reply(Reply { frame: Some(_), .. }))), "{stream:?}: {end:?}");
            }
        }
    }

    #[test]
    fn threads_may_print_between_the_ends() {
        let value = frame('R', "7");
        case(format!("OK{value}\x04T27\r\n\x04>"), b"T27\r\n", SEVEN, b"", b"");
        case(format!("OK{value}\x04\x04T27\r\n>"), b"T27\r\n", SEVEN, b"", b"");
        case(format!("OK\x04T27\r\n{ERROR}\x04>"), b"T27\r\n", None, ERROR.as_bytes(), b"");
        case(format!("OK\x04{ERROR}\x04T27\r\n>"), b"T27\r\n", None, ERROR.as_bytes(), b"");
        case("OK\x04KeyboardInterrupt: \r\n\x04>", b"", None, b"KeyboardInterrupt: \r\n", b"");
    }

    #[test]
    fn the_message_of_an_exception_may_hold_anything() {
        for message in ["\x04>", "a\x04b", "\x04\x04>", "OK", "\x1e", "raw REPL; CTRL-B to exit\r\n>"] {
            let error = ERROR.replace('x', message);
            case(format!("OK\x04{error}\x04>"), b"", None, error.as_bytes(), b"");
        }
    }

    #[test]
    fn a_restart_is_doubted() {
        for stream in [
            "OK\x04\x04MPY: soft reboot\r\nraw REPL; CTRL-B to exit\r\n>",
            "OKets Jun  8 2016\r\nMicroPython v1.24 on 2024; X\r\nType \"help()\" for more information.\r\n>>> ",
            "OK\r\nAdafruit CircuitPython 10.3.0 on 2026-01-01; BOARD with CHIP\r\n>>> ",
            "rst:0x8\r\nraw REPL; CTRL-B to exit\r\n>",
        ] {
            torn(stream);
        }
        let mut decoder = plain(true);
        decoder.feed(b"OKprinting on", &mut |_| {});
        assert_eq!(decoder.doubt(), Doubt::None);
    }

    #[test]
    fn what_a_program_printed_is_output_once_it_shows_that_it_goes_on() {
        let mut decoder = plain(true);
        let mut output = Vec::new();
        decoder.feed(b"OKa\x04b", &mut |bytes| output.extend_from_slice(bytes));
        assert_eq!((output.as_slice(), decoder.doubt()), (b"a".as_slice(), Doubt::Age));
        decoder.asked_for_prompt();
        decoder.dismiss(&mut |bytes| output.extend_from_slice(bytes));
        assert_eq!((output.as_slice(), decoder.doubt()), (b"a\x04b".as_slice(), Doubt::None));
        let end = [b"c".as_slice(), frame('R', "7").as_bytes(), b"\x04\x04>", RAW_BANNER].concat();
        let progress = decoder.feed(&end, &mut |bytes| output.extend_from_slice(bytes));
        assert!(matches!(progress, Progress::Done(Reply { frame: Some(_), .. })), "{progress:?}");
        assert_eq!((output.as_slice(), decoder.prompts_to_come()), (b"a\x04bc".as_slice(), 1));
        assert_eq!(decoder.rest(), RAW_BANNER);
    }

    #[test]
    fn a_flood_is_not_kept() {
        let mut decoder = plain(true);
        let mut count = 0;
        decoder.feed(b"OK\x04", &mut |_| {});
        for _ in 0..1000 {
            decoder.feed(&[b'x'; 1000], &mut |bytes| count += bytes.len());
        }
        assert!(count > 900_000, "{count}");
    }

    #[test]
    fn without_a_frame_to_come_the_first_end_counts() {
        let reply = Conclusion::Reply(Reply { frame: None, error: Vec::new() });
        assert_eq!(decode(plain(false), b"OK\x04\x04>", 2), (Vec::new(), Some(reply), Vec::new()));
    }
}
