//! Helpers that are loaded on a board when they are first needed.
//!
//! Invariant: a helper counts as loaded only when it is on the board completely.

use super::command::{Command, Outcome, Payload};
use super::shield::shielded;
use super::{Board, first, packed};
use crate::port::Wait;
use crate::repl::session::Sink;
use crate::repl::{Failure, Responder};

pub(super) const GENERATOR: &str = include_str!("snippets/generator.py");
pub(super) const TIMED_GENERATOR: &str = include_str!("snippets/timed_generator.py");
pub(super) const BYTES: &str = include_str!("snippets/bytes.py");
pub(super) const PREFETCH: &str = include_str!("snippets/prefetch.py");
pub(super) const RESIDENT: &str = include_str!("snippets/resident.py");
pub(super) const SMALL_LOOP: &str = include_str!("snippets/resident_small.py");
pub(super) const PUSH: &str = include_str!("snippets/stream.py");
pub(super) const PROXY: &str = include_str!("snippets/proxy.py");
pub(super) const FILES: &str = include_str!("snippets/files.py");
pub(super) const HASH: &str = include_str!("snippets/hash.py");
#[cfg(test)]
pub(super) const CHUNKS: &str = include_str!("snippets/chunks.py");
pub(super) const RECEIVE: &str = concat!(include_str!("snippets/chunks.py"), include_str!("snippets/receive.py"));
pub(super) const ARGUMENTS: &str = concat!(include_str!("snippets/chunks.py"), include_str!("snippets/arguments.py"));
pub(super) const RESULTS: &str = include_str!("snippets/results.py");
pub(super) const FORGET: &str = include_str!("snippets/forget.py");
pub(super) const TYPED: &str = include_str!("snippets/typed.py");
pub(super) const MOUNT: &str = include_str!("snippets/mount.py");
/// What those need that mention [`BASE64_NAME`], once.
const BASE64: &str = include_str!("snippets/base64.py");
const BASE64_NAME: &str = "__belay_b";

/// Shortest piece, in bytes, that is worth a round trip.
const WORTH_A_PIECE: usize = 1000;
/// The same on a small board, which has more time than memory. Every piece also leaves a little memory in use: 50 was too short.
const WORTH_A_SMALL_PIECE: usize = 150;

/// What some commands need on the board in addition to the reply function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Helper {
    /// For generator tasks.
    Generators,
    /// For generator tasks whose items have a timestamp. Needs [`super::CLOCK`] and [`Helper::Generators`].
    TimedGenerators,
    /// For results of more than 64 bytes, which travel in base64 with it.
    Bytes,
    /// For generator tasks that run ahead. Needs [`Helper::Generators`].
    Prefetch,
    /// For calls without compiling ([`super::resident`]).
    Resident,
    /// For generator tasks whose items the board pushes ([`super::push`]). Needs [`Helper::Generators`].
    Push,
    /// For objects that stay on the board.
    Proxies,
    /// For the board's files ([`super::files`]).
    Files,
    /// For hashes of files without `hashlib.sha256`; needs [`Helper::Files`].
    Hash,
    /// For a stream of files to the board ([`super::transfer`]); needs [`Helper::Files`].
    Receiver,
    /// For large arguments ([`super::large`]).
    Arguments,
    /// For large results.
    Results,
    /// For forgetting modules that were imported from files.
    Forget,
    /// For a mounted folder of this computer ([`super::mount`]).
    Mount,
    /// For programs that read typed input ([`crate::repl::Typist`]).
    Typed,
}

impl Helper {
    fn code(self) -> &'static str {
        match self {
            Helper::Generators => GENERATOR,
            Helper::TimedGenerators => TIMED_GENERATOR,
            Helper::Bytes => BYTES,
            Helper::Prefetch => PREFETCH,
            Helper::Resident => RESIDENT,
            Helper::Push => PUSH,
            Helper::Proxies => PROXY,
            Helper::Files => FILES,
            Helper::Hash => HASH,
            Helper::Receiver => RECEIVE,
            Helper::Arguments => ARGUMENTS,
            Helper::Results => RESULTS,
            Helper::Forget => FORGET,
            Helper::Mount => MOUNT,
            Helper::Typed => TYPED,
        }
    }

    /// All helpers, with the letter by which a board remembers each.
    const LETTERS: [(Helper, char); 15] = [
        (Helper::Generators, 'g'),
        (Helper::TimedGenerators, 't'),
        (Helper::Bytes, 'b'),
        (Helper::Prefetch, 'p'),
        (Helper::Resident, 'r'),
        (Helper::Push, 's'),
        (Helper::Proxies, 'o'),
        (Helper::Files, 'f'),
        (Helper::Hash, 'h'),
        (Helper::Receiver, 'c'),
        (Helper::Arguments, 'a'),
        (Helper::Results, 'u'),
        (Helper::Forget, 'n'),
        (Helper::Typed, 'y'),
        (Helper::Mount, 'm'),
    ];

    /// The statement by which the board remembers that it has this helper. A mounted folder is of one connection: the board forgets all.
    fn remembered(self) -> String {
        match Helper::LETTERS.iter().find(|(helper, _)| *helper == self) {
            Some((helper, letter)) if *helper != Helper::Mount => format!("\n__belay_l[4][0]+='{letter}'"),
            _ => format!("\n{}", first::UNMARK),
        }
    }

    /// The helpers of these letters.
    pub(super) fn of(letters: &str) -> Vec<Helper> {
        let known = |letter| Helper::LETTERS.iter().find(|(_, of)| *of == letter).map(|(helper, _)| *helper);
        letters.chars().filter_map(known).collect()
    }

    fn wants_base64(self) -> bool {
        self.code().split(|letter: char| !letter.is_alphanumeric() && letter != '_').any(|word| word == BASE64_NAME)
    }

    /// The function that it defines last.
    fn last(self) -> Option<&'static str> {
        let last = self.code().lines().rev().find_map(|line| line.strip_prefix("def "))?;
        last.split('(').next()
    }
}

/// The source of every helper.
pub(super) fn sources() -> impl Iterator<Item = &'static str> {
    [BASE64, SMALL_LOOP].into_iter().chain(Helper::LETTERS.iter().map(|(helper, _)| helper.code()))
}

/// Splits a long source into pieces that a board can compile one by one: compiling takes several times the memory of the
/// source. `least`: bytes of a piece but the last.
fn pieces(source: &str, least: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut start, mut at) = (0, 0);
    for line in source.split_inclusive('\n') {
        let begins = line.starts_with("class ") || line.starts_with("def ");
        if begins && at - start >= least {
            pieces.push(&source[start..at]);
            start = at;
        }
        at += line.len();
    }
    pieces.push(&source[start..]);
    pieces
}

impl Board {
    /// Loads a helper, once; its imports may ask the host. An exception, for example for lack of memory, is the outcome.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn need(
        &mut self,
        helper: Helper,
        mut answers: Option<&mut Responder<'_>>,
        wait: Wait,
        sink: Sink<'_>,
    ) -> Result<Outcome, Failure> {
        if self.has(helper) {
            return Ok(Outcome::Value(Payload::Repr("None".to_owned())));
        }
        if let Some(packed) = self.packed(helper) {
            match self.run_answering(&Command::statements(&packed), answers.as_deref_mut(), wait, sink)? {
                // It lacks the decompressor, or the memory for it.
                Outcome::Raised(_) => self.unpacks = false,
                done @ Outcome::Value(_) => {
                    self.loaded.push(helper);
                    return Ok(done);
                }
            }
        }
        let mut outcome = Outcome::Value(Payload::Repr("None".to_owned()));
        let least = if self.is_small() { WORTH_A_SMALL_PIECE } else { WORTH_A_PIECE };
        for piece in pieces(&self.code(helper), least) {
            outcome = self.run_answering(&Command::statements(piece), answers.as_deref_mut(), wait, sink)?;
            if matches!(outcome, Outcome::Raised(_)) {
                return Ok(outcome);
            }
        }
        self.loaded.push(helper);
        Ok(outcome)
    }

    /// Runs a command that needs a helper. A compressed helper is sent in the same exchange: a slow line is idle between two.
    /// The helper is loaded afterwards ([`Board::has`]), unless the outcome is the reason why not.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn run_with(
        &mut self,
        helper: Helper,
        command: &Command,
        mut answers: Option<&mut Responder<'_>>,
        wait: Wait,
        sink: Sink<'_>,
    ) -> Result<Outcome, Failure> {
        let packed = if self.has(helper) { None } else { self.packed(helper).zip(helper.last()) };
        if let Some((packed, last)) = packed {
            let both = Command::new(format!("{packed}\n{}", command.code()));
            let outcome = self.run_answering(&both, answers.as_deref_mut(), wait, sink)?;
            // A command that has started must not run again.
            if matches!(outcome, Outcome::Value(_)) || self.defines(last, answers.as_deref_mut(), wait, sink)? {
                self.loaded.push(helper);
                return Ok(outcome);
            }
            self.unpacks = false;
        }
        match self.need(helper, answers.as_deref_mut(), wait, sink)? {
            Outcome::Value(_) => self.run_answering(command, answers, wait, sink),
            raised @ Outcome::Raised(_) => Ok(raised),
        }
    }

    /// The source of the helper for large results, if it should be loaded now: it is wanted, and was not tried before.
    pub(super) fn results_wanted(&mut self) -> Option<String> {
        let wanted = std::mem::take(&mut self.wants_results) && !self.has(Helper::Results);
        if !wanted {
            return None;
        }
        // Whether or not there is memory for it: it is not needed.
        self.loaded.push(Helper::Results);
        Some(self.packed(Helper::Results).unwrap_or_else(|| self.code(Helper::Results)))
    }

    fn packed(&self, helper: Helper) -> Option<String> {
        // The names of its frames in tracebacks are those of code that was sent.
        if self.unpacks && helper != Helper::Resident { packed::pack(&self.code(helper)) } else { None }
    }

    fn code(&self, helper: Helper) -> String {
        let has_base64 = self.loaded.iter().any(|other| *other != helper && other.wants_base64());
        let needed = if helper.wants_base64() && !has_base64 { BASE64 } else { "" };
        let own = [needed, helper.code()].concat();
        // Memory counts more on a small board.
        let own = if self.is_small() { own } else { shielded(&own) };
        if self.marks { format!("{}{}\n", own.trim_end(), helper.remembered()) } else { own }
    }

    /// The source of the loop for a small board, which replies with the free memory that it leaves.
    pub(super) fn small_loop(&self) -> String {
        shielded(SMALL_LOOP)
    }

    /// Whether `name` is defined on the board.
    fn defines(
        &mut self,
        name: &str,
        answers: Option<&mut Responder<'_>>,
        wait: Wait,
        sink: Sink<'_>,
    ) -> Result<bool, Failure> {
        let known = Command::expression(&format!("'{name}'in globals()"));
        let outcome = self.run_answering(&known, answers, wait, sink)?;
        Ok(outcome == Outcome::Value(Payload::Repr("True".to_owned())))
    }

    /// Whether a helper is loaded.
    pub fn has(&self, helper: Helper) -> bool {
        self.loaded.contains(&helper)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_helpers_are_sent_in_pieces() {
        let all = [GENERATOR, TIMED_GENERATOR, PROXY, FILES, HASH, RECEIVE, ARGUMENTS, RESULTS, FORGET, MOUNT];
        for source in all {
            let pieces = pieces(source, WORTH_A_PIECE);
            assert_eq!(pieces.concat(), source);
            assert!(pieces.iter().all(|piece| !piece.starts_with(' ') && piece.len() < 3000), "{}", pieces[0]);
        }
        assert!(pieces(MOUNT, WORTH_A_PIECE).len() > 2);
        assert!(pieces(PROXY, WORTH_A_SMALL_PIECE).len() > 1);
    }

    #[test]
    fn knows_the_last_definition_of_each_helper() {
        assert_eq!(Helper::Files.last(), Some("__belay_ff"));
        assert_eq!(Helper::Receiver.last(), Some("__belay_fr"));
        assert_eq!(Helper::Arguments.last(), Some("__belay_yr"));
    }
}
