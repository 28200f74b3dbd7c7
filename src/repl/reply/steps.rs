//! The steps of decoding: what the pending bytes mean in the current state.
//!
//! Uses the parent's state. Invariant: a step consumes bytes or stops; it leaves what it cannot decide yet.

use super::checksum;
use super::frame;
use super::search::{find, find_line, partial};
use super::{
    Decoder, END, FRIENDLY_PROMPT, FrameKind, GREETING, MARK, MOST_BRIEF, MOST_HELD, Prelude, Progress, RAW_BANNER,
    Reply, ReplyFrame,
};
use crate::bound;
use std::borrow::Cow;

impl Decoder {
    /// Decodes as much as the bytes allow.
    pub(super) fn steps(&mut self, output: &mut dyn FnMut(&[u8])) -> Progress {
        loop {
            if self.torn && self.mend(output) {
                continue;
            }
            let step = match self.pending.first() {
                None => return Progress::More,
                _ if self.torn => return self.hold(output),
                Some(&MARK) => self.mark(output),
                // Anything may precede a frame, even what looks like an end.
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
        matches!(self.prelude, Some(Prelude::Paste { .. }))
    }

    /// Output up to the next byte with a possible meaning, without the acknowledgement.
    fn output(&mut self, output: &mut dyn FnMut(&[u8])) -> Step {
        let until = self.pending.iter().position(|&byte| byte == END || byte == MARK);
        match self.prelude {
            Some(Prelude::Plain) => {
                let stretch = &self.pending[..until.unwrap_or(self.pending.len())];
                if let Some((mut at, end)) = self.acknowledged(stretch) {
                    let length = end - at;
                    if std::mem::take(&mut self.owed)
                        && let Some(banner) = find(&stretch[..at], RAW_BANNER)
                    {
                        self.pending.drain(banner..banner + RAW_BANNER.len());
                        at -= RAW_BANNER.len();
                    }
                    self.emit(at, output);
                    self.discard(length);
                    self.prelude = None;
                    self.tail.clear();
                    return Step::Again;
                }
                if self.owed && until.is_none() && stretch.len() < MOST_HELD {
                    return Step::Stop(Progress::More);
                }
                let held = if until.is_none() { self.held(stretch) } else { 0 };
                self.emit(stretch.len() - held, output);
                if until.is_some() { Step::Again } else { Step::Stop(Progress::More) }
            }
            Some(Prelude::Paste { header, mut credits }) => {
                if until.is_none() && self.pending.len() <= MOST_HELD {
                    return Step::Stop(Progress::More);
                }
                // Do not wait for a board that prints endlessly: the bytes at the front acknowledge nothing.
                let until = until.unwrap_or(MOST_HELD / 2);
                let mut stretch: Vec<u8> = self.pending[..until].to_vec();
                self.discard(until);
                let granted = header.and_then(|header| take_header(&mut stretch, &header));
                take_credits(&mut stretch, &mut credits);
                output(&stretch);
                if self.pending.first() == Some(&END) {
                    self.discard(1);
                    self.prelude = None;
                    self.late_credits = credits;
                } else {
                    self.prelude = Some(Prelude::Paste { header: header.filter(|_| granted.is_none()), credits });
                }
                Step::Again
            }
            None => {
                let until = if self.cut_off { self.drop_late_credits(until) } else { until };
                self.emit(until.unwrap_or(self.pending.len()), output);
                if until.is_some() { Step::Again } else { Step::Stop(Progress::More) }
            }
        }
    }

    /// A thread printed the apparent acknowledgement, and the board still reads: removes the windows that it grants up to
    /// `until`. Returns the new place of `until`.
    fn drop_late_credits(&mut self, until: Option<usize>) -> Option<usize> {
        let rest = self.pending.split_off(until.unwrap_or(self.pending.len()));
        take_credits(&mut self.pending, &mut self.late_credits);
        let place = self.pending.len();
        self.pending.extend(rest);
        until.map(|_| place)
    }

    /// `pending` starts with the first byte of a mark.
    fn mark(&mut self, output: &mut dyn FnMut(&[u8])) -> Step {
        if let Some(step) = self.brief_frame() {
            return step;
        }
        let common = self.pending.len().min(self.mark.len());
        if self.pending[..common] != self.mark[..common] {
            // What a torn mark has left is the only sign that a program has ended which stays.
            if self.stays.is_some() {
                return self.without_frame(output);
            }
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
            self.tear();
            return Step::Again;
        };
        if colon.is_none() {
            return Step::Stop(Progress::More);
        }
        let length = std::str::from_utf8(&head[1..=digits]).ok().and_then(|digits| digits.parse::<usize>().ok());
        match length {
            Some(length) if length > most(kind) => {
                self.excess = Some(length);
                self.tear();
                Step::Again
            }
            Some(length) => self.payload(kind, length, self.mark.len() + digits + 2),
            None => {
                self.tear();
                Step::Again
            }
        }
    }

    /// `pending` may start with a frame of the short form. `None`: it does not.
    fn brief_frame(&mut self) -> Option<Step> {
        let brief = self.stays.as_ref()?;
        let rest = match self.pending.strip_prefix(brief.mark.as_slice()) {
            Some(rest) => rest,
            None if brief.mark.starts_with(&self.pending) => return Some(Step::Stop(Progress::More)),
            None => return None,
        };
        self.prelude = None;
        if brief.is_small {
            let Some(end) = rest.iter().position(|&byte| byte == b';') else {
                if rest.len() <= MOST_BRIEF {
                    return Some(Step::Stop(Progress::More));
                }
                self.tear();
                return Some(Step::Again);
            };
            let Some(text) = brief.value(&rest[..end]).map(str::to_owned) else {
                self.tear();
                return Some(Step::Again);
            };
            self.discard(brief.mark.len() + end + 1);
            self.frame = Some(ReplyFrame { kind: FrameKind::Repr, text });
            return Some(self.whole_frame());
        }
        let Some(end) = rest.iter().position(|&byte| byte == MARK) else {
            if rest.len() <= MOST_BRIEF {
                return Some(Step::Stop(Progress::More));
            }
            self.tear();
            return Some(Step::Again);
        };
        let (digits, after) = rest[end + 1..].split_at(checksum::extent(&rest[end + 1..]));
        if after.is_empty() && digits.len() <= checksum::LONGEST {
            return Some(Step::Stop(Progress::More));
        }
        if after.first() != Some(&b';') || !brief.fits(&rest[..end], digits) {
            self.tear();
            return Some(Step::Again);
        }
        let text = String::from_utf8_lossy(&rest[..end]).into_owned();
        self.discard(brief.mark.len() + end + 1 + digits.len() + 1);
        self.frame = Some(ReplyFrame { kind: FrameKind::Repr, text });
        Some(self.whole_frame())
    }

    /// A frame has come. If the program stays, it is the end of the command.
    fn whole_frame(&mut self) -> Step {
        match self.stays {
            Some(_) => Step::Stop(Progress::Done(Reply { frame: self.frame.take(), error: Vec::new() })),
            None => Step::Again,
        }
    }

    /// The place of the first mark from `from` on.
    fn find_mark(&self, from: usize) -> Option<usize> {
        let bytes = &self.pending[from..];
        let brief = self.stays.as_ref().and_then(|brief| find(bytes, &brief.mark));
        let at = find(bytes, &self.mark).into_iter().chain(brief).min()?;
        Some(from + at)
    }

    /// `pending` starts with a frame whose text starts at `start` and has `length` characters.
    fn payload(&mut self, kind: FrameKind, length: usize, start: usize) -> Step {
        // A character has at least one byte: the frame cannot end before that.
        let from = self.searched.max(start.saturating_add(length)).min(self.pending.len());
        let Some(end) = find(&self.pending[from..], &self.mark).map(|at| at + from) else {
            // Its end was torn, and something keeps printing.
            let bytes = length.saturating_mul(4).min(most(kind));
            if self.pending.len() > start.saturating_add(bytes).saturating_add(MOST_HELD) {
                self.tear();
                return Step::Again;
            }
            self.searched = self.pending.len().saturating_sub(self.mark.len() - 1).max(start);
            return Step::Stop(Progress::More);
        };
        let tail = &self.pending[end + self.mark.len()..];
        let (sum, rest) = tail.split_at(checksum::extent(tail));
        if rest.is_empty() && sum.len() <= checksum::LONGEST {
            self.searched = end;
            return Step::Stop(Progress::More);
        }
        let whole =
            |bytes: &Cow<'_, [u8]>| rest.first() == Some(&b';') && checksum::fits(kind.letter(), bytes, length, sum);
        let used = end + self.mark.len() + sum.len() + 1;
        let Some(bytes) = frame::sent(&self.pending[start..end], length).filter(whole) else {
            self.tear();
            return Step::Again;
        };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        self.discard(used);
        if kind == FrameKind::Question {
            return Step::Stop(Progress::Question(text));
        }
        self.frame = Some(ReplyFrame { kind, text });
        self.whole_frame()
    }

    /// Holds all bytes from now on.
    fn tear(&mut self) {
        self.torn = true;
        self.searched = 0;
    }

    /// A torn frame was a question if another one follows: the program runs and has asked again.
    fn mend(&mut self, output: &mut dyn FnMut(&[u8])) -> bool {
        let question = [self.mark.as_slice(), b"Q"].concat();
        let from = self.searched.max(1).min(self.pending.len());
        let Some(at) = find(&self.pending[from..], &question).map(|at| from + at) else {
            self.searched = self.pending.len().saturating_sub(question.len() - 1);
            return false;
        };
        // The remains of the torn one are not output, as far as they can be recognised.
        let mut held = &self.pending[..at];
        while let Some(mark) = find(held, &self.mark) {
            output(&held[..mark]);
            held = &held[mark + self.mark.len()..];
        }
        output(held);
        self.discard(at);
        (self.torn, self.excess) = (false, None);
        true
    }

    /// `pending` starts with `\x04` after the frame: the rest of the end follows, possibly with a thread's output in between.
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
        self.discard(prompt + 1);
        if let Some(stray) = self.frame.take_if(|frame| !is_awaited(frame, self.awaited.as_deref())) {
            self.stray = Some(stray);
            self.strays += 1;
            if !self.keeps_acknowledgement {
                self.owed = true;
                self.prelude = Some(Prelude::Plain);
            }
            return Step::Again;
        }
        let reply = Reply { frame: self.frame.take(), error: Vec::new() };
        Step::Stop(Progress::Done(reply))
    }

    /// `pending` starts with `\x04` before any frame: the end after an exception, or output.
    fn end_without_frame(&mut self, output: &mut dyn FnMut(&[u8])) -> Step {
        if !self.expects_frame && self.pending.starts_with(b"\x04\x04>") {
            self.discard(3);
            return Step::Stop(Progress::Done(Reply { frame: None, error: Vec::new() }));
        }
        self.without_frame(output)
    }

    /// `pending` starts with what is not a frame, but may be a sign of the end: holds it until a frame comes.
    fn without_frame(&mut self, output: &mut dyn FnMut(&[u8])) -> Step {
        self.searched = self.searched.max(1).min(self.pending.len());
        if let Some(at) = self.find_mark(self.searched) {
            self.emit(at, output);
            return Step::Again;
        }
        self.searched = self.pending.len().saturating_sub(self.mark.len() - 1).max(1).min(self.pending.len());
        Step::Stop(self.hold(output))
    }

    /// Keeps the pending bytes for the prompt, within limits.
    fn hold(&mut self, output: &mut dyn FnMut(&[u8])) -> Progress {
        match self.pending.len().checked_sub(MOST_HELD) {
            Some(excess) if self.torn => {
                // Do not search the same bytes again.
                let searched = self.searched.saturating_sub(excess);
                self.discard(excess);
                self.searched = searched;
            }
            Some(excess) => self.emit(excess + MOST_HELD / 2, output),
            None => {}
        }
        Progress::More
    }

    /// Whether the latest held bytes look like the end of an exception.
    pub(super) fn looks_raised(&self) -> bool {
        let recent = self.pending.len().saturating_sub(4096).max(1);
        (recent..self.pending.len() - 1).any(|at| self.pending[at] == b'\n' && self.pending[at + 1] == END)
    }

    /// The range of the acknowledgement in `bytes`.
    pub(super) fn acknowledged(&self, bytes: &[u8]) -> Option<(usize, usize)> {
        match &self.repeated {
            Some(line) => find_line(bytes, line),
            None => find(bytes, b"OK").map(|at| (at, at + 2)),
        }
    }

    /// How many bytes at the end of `bytes` may belong to the acknowledgement.
    fn held(&self, bytes: &[u8]) -> usize {
        match &self.repeated {
            Some(line) => find(bytes, line).map_or_else(|| partial(bytes, line), |at| bytes.len() - at),
            None => usize::from(bytes.ends_with(b"O")),
        }
    }

    /// Passes the first `count` bytes on as output.
    pub(super) fn emit(&mut self, count: usize, output: &mut dyn FnMut(&[u8])) {
        if count == 0 {
            return;
        }
        // Held output may contain the acknowledgement.
        let acknowledgement = self.prelude.and_then(|_| self.acknowledged(&self.pending[..count]));
        if let Some((at, end)) = acknowledgement {
            self.prelude = None;
            output(&self.pending[..at]);
            output(&self.pending[end..count]);
        } else {
            output(&self.pending[..count]);
        }
        let keep = RAW_BANNER.len();
        self.tail.extend_from_slice(&self.pending[count.saturating_sub(keep)..count]);
        let has = |text: &[u8]| find(&self.pending[..count], text).is_some() || find(&self.tail, text).is_some();
        let (greeted, prompted) = (self.prelude.is_some() && has(FRIENDLY_PROMPT), self.watchful && has(GREETING));
        self.greeted |= greeted;
        self.prompted |= prompted;
        let from = self.tail.len().saturating_sub(keep);
        self.tail.drain(..from);
        self.discard(count);
    }

    pub(super) fn discard(&mut self, count: usize) {
        self.pending.drain(..count);
        self.searched = 0;
        self.asked_at = self.asked_at.saturating_sub(count);
    }
}

/// Most bytes of the text of a frame.
fn most(kind: FrameKind) -> usize {
    if kind == FrameKind::Question { bound::QUESTION } else { bound::REPLY }
}

/// Removes the bytes that grant the first window of a raw paste. Returns where the rest of them was.
///
/// A board writes them in two pieces, between which a thread may print (shared/runtime/pyexec.c: `R\x01`, then the size and
/// `\x01`).
pub(in crate::repl) fn take_header(bytes: &mut Vec<u8>, header: &[u8; 5]) -> Option<usize> {
    let (begin, size) = header.split_at(2);
    for rest in bytes.windows(size.len()).enumerate().filter_map(|(at, piece)| (piece == size).then_some(at)) {
        if let Some(at) = bytes[..rest].windows(begin.len()).rposition(|piece| piece == begin) {
            bytes.drain(rest..rest + size.len());
            bytes.drain(at..at + begin.len());
            return Some(rest - begin.len());
        }
    }
    None
}

/// Removes the windows that a board grants during a raw paste, at most the expected number.
pub(in crate::repl) fn take_credits(bytes: &mut Vec<u8>, credits: &mut usize) -> usize {
    let before = bytes.len();
    bytes.retain(|&byte| {
        let is_credit = byte == 0x01 && *credits > 0;
        *credits -= usize::from(is_credit);
        !is_credit
    });
    before - bytes.len()
}

fn is_awaited(frame: &ReplyFrame, awaited: Option<&str>) -> bool {
    awaited.is_none_or(|text| frame.kind == FrameKind::Number && frame.text.ends_with(text))
}

/// The result of a step.
enum Step {
    Again,
    Stop(Progress),
}
