//! Requests a torn reply again, piece by piece, and tells its remains from other output.
//!
//! Uses [`crate::repl`]. Invariant: a reply is never that of another command: the board counts them.

use super::{Board, LETTER_OF_A_CALL, MOST_MEANWHILE, REPEATS};
use crate::port::Wait;
use crate::repl::reply as repl;
use crate::repl::reply::brief::Brief;
use crate::repl::session::Sink;
use crate::repl::{Failure, FrameKind, Reply, ReplyFrame};

/// Length of the pieces, in characters, in which a torn reply is requested again: short ones get through between the prints
/// of a busy thread.
const PIECE: usize = 256;

impl Board {
    /// Like [`Board::ask`], for a frame that can be sent again without harm.
    pub(super) fn ask_again(
        &mut self,
        code: &str,
        kind: FrameKind,
        wait: Wait,
        sink: Sink<'_>,
    ) -> Result<String, Failure> {
        for _ in 0..REPEATS {
            match self.ask(code, None, wait, sink) {
                Ok(Reply { frame: Some(frame), .. }) if frame.kind == kind => return Ok(frame.text),
                Ok(_) | Err(Failure::Torn(_)) => {}
                Err(failure) => return Err(failure),
            }
        }
        Err(Failure::Torn(None))
    }

    /// How many replies the board has sent, and the letter of the last; [`LETTER_OF_A_CALL`] from the start of a call in the loop
    /// until its reply is sent.
    pub(super) fn count(&mut self, wait: Wait, sink: Sink<'_>) -> Result<(u64, Option<u8>), Failure> {
        let mut text = None;
        for _ in 0..REPEATS {
            let code = "__belay_a('N','%d%s'%(__belay_l[0],__belay_l[1]))";
            let reply = self.session.execute_awaiting(code, "", wait, sink);
            match reply.and_then(|reply| self.unless_restarted(reply)) {
                // A late reply to a question of the session starts differently.
                Ok(Reply { frame: Some(frame), .. })
                    if frame.text.starts_with(|letter: char| letter.is_ascii_digit()) =>
                {
                    text = Some(frame.text);
                    break;
                }
                Ok(_) | Err(Failure::Torn(_)) => {}
                Err(failure) => return Err(failure),
            }
        }
        let text = text.ok_or(Failure::Torn(None))?;
        let digits = text.trim_end_matches(|letter: char| !letter.is_ascii_digit());
        let letter = text.bytes().last().filter(|letter| !letter.is_ascii_digit());
        Ok((digits.parse().map_err(|_| Failure::Torn(None))?, letter))
    }

    /// Requests a torn reply again. `left`: its remains; `before`: the number of replies before it. Output printed into the
    /// reply is passed on before output printed meanwhile. `is_line`: a line to the loop asked for it; then
    /// [`Board::missed`] says whether it has not run.
    pub(super) fn recover(
        &mut self,
        left: Option<Vec<u8>>,
        before: u64,
        is_line: bool,
        wait: Wait,
        sink: Sink<'_>,
    ) -> Result<Reply, Failure> {
        self.missed = false;
        let (mut first, mut then) = (Vec::new(), Vec::new());
        let mut meanwhile = |bytes: &[u8]| {
            if then.len() < MOST_MEANWHILE {
                then.extend_from_slice(bytes);
            }
        };
        let reply = self.have_again(left.clone(), before, is_line, wait, &mut first, &mut meanwhile);
        let stray = self.session.take_stray();
        match (reply, stray) {
            (reply @ Err(_), None) if self.missed => {
                repl::without_end(&left.unwrap_or_default()).for_each(&mut *sink);
                sink(&then);
                reply
            }
            // The program was still running: a thread printed its apparent end.
            (Err(Failure::Torn(_)), Some(frame)) => {
                sink(&left.unwrap_or_default());
                sink(repl::RAW_BANNER);
                sink(&then);
                Ok(Reply { frame: Some(frame), error: Vec::new() })
            }
            (Err(Failure::Torn(lost)), None) => match repl::take_error(&mut then) {
                Some(error) => {
                    sink(&left.unwrap_or_default());
                    sink(&then);
                    Ok(Reply { frame: None, error })
                }
                None => {
                    sink(&first);
                    sink(&then);
                    Err(Failure::Torn(lost))
                }
            },
            (reply, _) => {
                sink(&first);
                sink(&then);
                reply
            }
        }
    }

    /// `first`: receives the output printed into the reply.
    fn have_again(
        &mut self,
        left: Option<Vec<u8>>,
        before: u64,
        is_line: bool,
        wait: Wait,
        first: &mut Vec<u8>,
        sink: Sink<'_>,
    ) -> Result<Reply, Failure> {
        let (count, letter) = match self.count(wait, sink) {
            Ok(counted) => counted,
            Err(failure) => {
                // The output of a restart.
                first.extend(left.unwrap_or_default().into_iter().filter(|&byte| byte != 0x04));
                return Err(failure);
            }
        };
        self.replies = Some(count);
        if self.session.has_stray() {
            return Err(Failure::Torn(left));
        }
        if is_line && count == before && letter != Some(LETTER_OF_A_CALL) {
            self.missed = true;
            return Err(Failure::Torn(left));
        }
        if count == before && left.as_deref() == Some(b"\x04\x04>") {
            // It ended silently: by SystemExit, which does not restart MicroPython before about 1.20.
            return Ok(Reply { frame: None, error: b"SystemExit".to_vec() });
        }
        if count == before {
            // The command never arrived, or raised an exception.
            let error: Vec<u8> = left.iter().flatten().copied().filter(|&byte| byte != 0x04).collect();
            let error = error.strip_suffix(b">").unwrap_or(&error).to_vec();
            let heard = !error.trim_ascii().is_empty();
            return if heard { Ok(Reply { frame: None, error }) } else { Err(Failure::Torn(left)) };
        }
        // In the loop it is the letter of a result until the next command.
        let kind = letter.and_then(|letter| match letter {
            LETTER_OF_A_CALL => Some(FrameKind::Repr),
            letter => FrameKind::from_letter(letter),
        });
        let Some(kind) = kind.filter(|_| count == before + 1) else { return Err(Failure::Torn(left)) };
        let mut text = String::new();
        let mut length = 0;
        // The loop of a small board keeps the value.
        let kept = if is_line && self.is_small() { "('%s'%(__belay_l[2],))" } else { "__belay_l[2]" };
        loop {
            let code = format!("__belay_a('R',{kept}[{length}:{}])", length + PIECE);
            let piece = self.ask_again(&code, FrameKind::Repr, wait, sink)?;
            text.push_str(&piece);
            length += PIECE;
            if piece.chars().count() < PIECE {
                break;
            }
        }
        let frame = ReplyFrame { kind, text };
        let token = self.session.token();
        let brief = Brief { is_small: self.is_small(), ..Brief::new(token, before as u32) };
        let brief = is_line.then(|| brief.form(&frame.text));
        let left = self.session.without_repeated(repl::without_torn_prompts(left.unwrap_or_default()));
        first.extend(noise(&left, &frame, token, brief));
        Ok(Reply { frame: Some(frame), error: Vec::new() })
    }
}

/// The output printed into a torn frame: all of `left` except the frame itself.
fn noise(left: &[u8], frame: &ReplyFrame, token: &str, brief: Option<String>) -> Vec<u8> {
    // The board may have sent CR LF for each LF. The best guess leaves one piece, then a whole line, then less.
    let texts = [frame.text.clone(), repl::with_returns(&frame.text)];
    let plain = repl::forms(token, frame.kind, &frame.text);
    let sent = plain.iter().flat_map(|form| {
        texts.iter().map(|text| form.replace(&format!(":{}\x1e", frame.text), &format!(":{text}\x1e")))
    });
    let guesses = sent.chain(brief).map(|sent| noise_in(left, format!("{sent}\x04\x04>").as_bytes()));
    let rank = |(one_piece, noise): &(bool, Vec<u8>)| (!one_piece, *one_piece && !noise.ends_with(b"\n"), noise.len());
    guesses.min_by_key(rank).map(|(_, noise)| noise).unwrap_or_default()
}

/// All of `left` except what was `sent`, and whether it is one piece.
fn noise_in(left: &[u8], sent: &[u8]) -> (bool, Vec<u8>) {
    // One print in one place is the usual case, and prints are whole lines.
    let same = left.iter().zip(sent).take_while(|(a, b)| a == b).count();
    if let Some(more) = left.len().checked_sub(sent.len()) {
        let mut starts = (0..=same).rev().filter(|&start| left[start + more..] == sent[start..]);
        if let Some(last) = starts.next() {
            let line = std::iter::once(last).chain(starts).find(|start| left[*start..start + more].ends_with(b"\n"));
            let start = line.unwrap_or(last);
            return (true, left[start..start + more].to_vec());
        }
    }
    let mut sent = sent.iter().peekable();
    (false, left.iter().copied().filter(|byte| sent.next_if_eq(&byte).is_none()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separates_output_from_a_frame() {
        printed_into("7", "\x1eabcR1:7\x1eabc;\x04\x04>");
        printed_into("a\nb", "\x1eabcR3:a\nb\x1eabc;\x04\x04>");
        printed_into("a\nb", "\x1eabcR3:a\r\nb\x1eabc;\x04\x04>");
    }

    fn printed_into(text: &str, sent: &str) {
        let frame = ReplyFrame { kind: FrameKind::Repr, text: text.to_owned() };
        for place in 0..=sent.len() {
            for text in ["tick\r\n", "abc\r\n", "\x04", ";;", ""] {
                let left = [&sent[..place], text, &sent[place..]].concat();
                let noise = noise(left.as_bytes(), &frame, "abc", None);
                assert_eq!(String::from_utf8_lossy(&noise), text, "{left:?}");
            }
            // Bytes may be missing.
            assert_eq!(noise(&sent.as_bytes()[..place], &frame, "abc", None), b"");
            noise(&sent.as_bytes()[place..], &frame, "abc", None);
        }
    }
}
