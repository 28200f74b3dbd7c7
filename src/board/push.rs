//! Messages of a generator that pushes its items: `snippets/stream.py`.
//!
//! A message is a question ([`crate::repl::FrameKind::Question`]): its number, `;`, and items; the last one is `e` and its
//! number. The board keeps messages until the host has accepted them, sends at most two that are not accepted, and repeats
//! them when a byte asks for that. Pure. Invariant: each byte of the host acts once, however often a message comes.

use super::command::{Command, Payload};
use base64::Engine as _;

/// Tells the board to stop after the item that it computes.
pub const STOP: &[u8] = b"s";

/// What a message says.
#[derive(Debug, PartialEq)]
pub enum Pushed {
    /// The next items.
    Items(Vec<Payload>),
    /// A message that was here before: this is its number.
    Again(u64),
    /// The message before it is missing.
    Gap,
    /// All items are here.
    End,
}

/// Reads a message. `next`: the number that it should have.
pub fn read(message: &str, next: u64) -> Pushed {
    if let Some(number) = message.strip_prefix('e') {
        return if number.parse() == Ok(next) { Pushed::End } else { Pushed::Gap };
    }
    let Some((number, items)) = message.split_once(';') else { return Pushed::Gap };
    match number.parse::<u64>() {
        Ok(number) if number == next => split(items).map_or(Pushed::Gap, Pushed::Items),
        Ok(number) if number < next => Pushed::Again(number),
        _ => Pushed::Gap,
    }
}

/// Splits items: the letter of the form, the length in characters, `:`, and the text.
fn split(mut rest: &str) -> Option<Vec<Payload>> {
    let mut items = Vec::new();
    while let Some(form) = rest.chars().next() {
        let (length, text) = rest.get(1..)?.split_once(':')?;
        let length: usize = length.parse().ok()?;
        let end = text.char_indices().nth(length).map_or(text.len(), |(at, _)| at);
        let (text, after) = text.split_at(end);
        items.push(match form {
            'R' => Payload::Repr(text.to_owned()),
            'B' => Payload::Bytes(base64::engine::general_purpose::STANDARD.decode(text.trim_end()).ok()?),
            _ => return None,
        });
        rest = after;
    }
    Some(items)
}

/// Accepts the message of this number; `stop`: and tells the board to stop.
pub fn accept(number: u64, stop: bool) -> Vec<u8> {
    let base = if stop { b'@' } else { b'0' };
    vec![base + (number % 8) as u8]
}

/// Asks for the messages again that were not accepted.
pub fn repeat() -> Vec<u8> {
    b"r".to_vec()
}

/// Accepts the end.
pub fn end() -> Vec<u8> {
    b"x".to_vec()
}

/// The command that pushes items of the generator `number`, at most `most` in a message, from the message `next` on. `start`: a
/// statement before that.
pub fn command(number: u64, start: &str, next: u64, most: u32) -> Command {
    Command::new(format!("{start}__belay_gs({number},{next},{most})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_messages() {
        let items =
            vec![Payload::Repr("12".to_owned()), Payload::Bytes(b"AB".to_vec()), Payload::Repr("'\u{e9}'".to_owned())];
        assert_eq!(read("3;R2:12B4:QUI=R3:'\u{e9}'", 3), Pushed::Items(items));
        assert_eq!(read("2;R1:1", 3), Pushed::Again(2));
        assert_eq!(read("4;R1:1", 3), Pushed::Gap);
        assert_eq!(read("e3", 3), Pushed::End);
        assert_eq!(read("e4", 3), Pushed::Gap);
        for nonsense in ["", "x", "3;R", "3;X1:1", "3;B1:?", "e", "3;R1", "3;\u{e9}1:1"] {
            assert_eq!(read(nonsense, 3), Pushed::Gap, "{nonsense}");
        }
    }

    /// The board tells them apart by their bits.
    #[test]
    fn answers_name_their_message() {
        for number in 0..20 {
            for (stop, is_stop) in [(false, 0), (true, 1)] {
                let [byte] = accept(number, stop)[..] else { panic!("one byte") };
                assert_eq!((u64::from(byte & 7), byte >> 6 & 1), (number % 8, is_stop));
                assert!(byte < b'r');
            }
        }
    }
}
