//! Code on its way to a board without raw paste: it runs only if all of it has come.
//!
//! The plain raw REPL neither acknowledges nor checks what it receives, and code that has lost bytes in a full buffer may
//! compile all the same. Longer code therefore travels as `bytes` literals in a list, and `exec` runs them if the sum of
//! their bytes is right. No loss of up to 500 bytes goes unseen by a sum, and no flipped bit, though two may balance each
//! other; every board can make it, without a function of ours that would take its memory. A board of a few kilobytes has no
//! memory for the text as well ([`Session::check_uploads`]). Invariant: code whose sum is wrong does not run.

use super::{Doubted, Failure, Manner, Session, Sink, Stage};
use crate::port::Wait;
use crate::repl::reply::{self, Reply};
use crate::value::write;

/// Bytes of a piece for boards that bear small blocks, and for others: what is in the board's memory twice.
const SMALL_PIECE: usize = 160;
const LARGE_PIECE: usize = 1000;
/// Frees the pieces.
const FREE: &str = "__belay_j=0";

impl Session {
    /// Whether the board has memory for the text of a program besides its compiler's: then longer programs that go to it
    /// without flow control are checked.
    pub fn check_uploads(&mut self, has_room: bool) {
        self.has_room = has_room;
    }

    /// Whether programs are checked that go to the board now.
    pub fn checks_uploads(&self) -> bool {
        self.has_room && self.is_without_flow_control()
    }

    /// As [`Session::attempt`], for code that the board is to check. No reply: the board has not run it.
    pub(super) fn attempt_checked(
        &mut self,
        code: &str,
        manner: Manner<'_>,
        answers: Option<&mut super::Responder<'_>>,
        wait: Wait,
        sink: Sink<'_>,
        stage: &mut Stage,
    ) -> Result<(Option<Reply>, Doubted), Failure> {
        self.checked = true;
        let size = if self.bears_large_blocks() { LARGE_PIECE } else { SMALL_PIECE };
        let pieces: Vec<&[u8]> = code.as_bytes().chunks(size).collect();
        let begin = if let [piece] = pieces[..] {
            format!("__belay_j=[{}]", literal(piece))
        } else {
            for (index, piece) in pieces.iter().enumerate() {
                let piece = literal(piece);
                let statement =
                    if index == 0 { format!("__belay_j=[{piece}]") } else { format!("__belay_j.append({piece})") };
                match self.put(&statement, wait, sink, stage)? {
                    Some(reply) if reply.error.is_empty() => {}
                    Some(reply) if reply::find(&reply.error, b"MemoryError").is_some() => {
                        self.put(FREE, wait, sink, stage)?;
                        return Ok((Some(reply), Doubted::No));
                    }
                    _ => return Ok(self.damaged()),
                }
            }
            "__belay_j=[b''.join(__belay_j)]".to_owned()
        };
        let statement = format!(
            "{begin};exec(__belay_j.pop()if sum(__belay_j[0])=={} else'_{}')",
            sum(code.as_bytes()),
            self.token
        );
        let (reply, _) = self.attempt(&statement, Manner { checks: false, ..manner }, answers, wait, sink, stage)?;
        match reply {
            Some(reply) if !self.is_damage(&reply) => {
                Ok((Some(Reply { error: without_caller(reply.error), ..reply }), Doubted::No))
            }
            _ => Ok(self.damaged()),
        }
    }

    /// Runs a statement that stores a piece. `None`: the board has not said how it ended.
    fn put(
        &mut self,
        statement: &str,
        wait: Wait,
        sink: Sink<'_>,
        stage: &mut Stage,
    ) -> Result<Option<Reply>, Failure> {
        let manner = Manner { expects_frame: false, by_paste: false, checks: false, ..Manner::FRAMED };
        match self.attempt(statement, manner, None, wait, sink, stage) {
            Ok((reply, _)) => Ok(reply),
            Err(Failure::Torn(_)) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Bytes were lost or changed: the next ones go more slowly.
    fn damaged(&mut self) -> (Option<Reply>, Doubted) {
        self.slow_down();
        (None, Doubted::No)
    }

    /// Whether the board has not run the code: its sum was wrong, the statement around it was damaged, or the board has
    /// restarted and lost the pieces.
    fn is_damage(&self, reply: &Reply) -> bool {
        let has = |text: &[u8]| reply::find(&reply.error, text).is_some();
        let names = has(b"NameError") && (has(b"'__belay_j'") || has(self.token.as_bytes()));
        names || reply.is_uncompiled() && !has(b"<string>")
    }

    /// The error of a program as if all code had been sent plainly: what `exec` runs is `<string>` to a board.
    pub(super) fn as_sent(&self, error: Vec<u8>) -> Vec<u8> {
        if self.checked { replaced(&error, b"  File \"<string>\"", b"  File \"<stdin>\"") } else { error }
    }
}

fn literal(piece: &[u8]) -> String {
    let mut text = String::new();
    write::bytes_to(&mut text, piece);
    text
}

fn sum(bytes: &[u8]) -> u64 {
    bytes.iter().map(|&byte| u64::from(byte)).sum()
}

/// The traceback without the frame of the statement that called `exec`.
fn without_caller(mut error: Vec<u8>) -> Vec<u8> {
    let Some(at) = reply::find(&error, b"  File \"<stdin>\"") else { return error };
    let Some(end) = reply::find(&error[at..], b"\n") else { return error };
    if error[at + end + 1..].starts_with(b"  File \"<string>\"") {
        error.drain(at..=at + end);
    }
    error
}

fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = reply::find(rest, from) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(to);
        rest = &rest[at + from.len()..];
    }
    out.extend_from_slice(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frame_of_exec_is_left_out() {
        let head = "Traceback (most recent call last):\r\n";
        let caller = "  File \"<stdin>\", line 1, in <module>\r\n";
        let inner = "  File \"<string>\", line 3, in f\r\nValueError: x\r\n";
        assert_eq!(without_caller(format!("{head}{caller}{inner}").into()), format!("{head}{inner}").as_bytes());
        for other in [format!("{head}{inner}"), format!("{head}{caller}MemoryError: \r\n"), String::new()] {
            assert_eq!(without_caller(other.clone().into()), other.as_bytes());
        }
    }

    #[test]
    fn every_loss_and_every_flipped_bit_shows() {
        let code: Vec<u8> = (0..160).map(|at| b"def f(x):\n return x*21\n"[at % 23]).collect();
        for begin in 0..code.len() {
            for end in begin + 1..=code.len() {
                let lost = [&code[..begin], &code[end..]].concat();
                assert_ne!(sum(&lost), sum(&code), "{begin} to {end}");
            }
            for bit in 0..8 {
                let mut flipped = code.clone();
                flipped[begin] ^= 1 << bit;
                assert_ne!(sum(&flipped), sum(&code), "{begin}, {bit}");
            }
        }
    }
}
