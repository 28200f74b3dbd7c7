//! Reading a command's reply: what arrives goes to the decoder, what is asked is answered, and a command that may have ended
//! is asked for its prompt.
//!
//! Uses [`crate::repl::reply`]. Invariant: nothing waits longer than the caller's [`Wait`] allows.

use super::doubts::Doubts;
use super::typing::Typing;
use super::{Failure, INTERRUPT, Responder, Session, Sink};
use crate::port::{PortError, Wait};
use crate::repl::reply::{Conclusion, Decoder, Doubt, Progress, Reply};
use std::cell::Cell;
use std::time::{Duration, Instant};

/// How long a program that must ask may be silent before it is reminded.
const NUDGE: Duration = Duration::from_secs(1);

/// After so long a silence the sink learns that what has come is all for now.
const PAUSE: Duration = Duration::from_millis(50);

impl Session {
    /// Reads until the command has ended; answers what it asks on its way, and types for it.
    ///
    /// # Errors
    /// See [`Failure`].
    pub(super) fn read_reply(
        &mut self,
        decoder: &mut Decoder,
        mut answers: Option<&mut Responder<'_>>,
        typing: &mut Typing,
        wait: Wait,
        sink: Sink<'_>,
    ) -> Result<Reply, Failure> {
        let mut doubts = Doubts::new();
        let (mut nudge, mut pause) = (None, None);
        let mut heard = Instant::now();
        let whole = wait;
        let mut wait = patient(whole, answers.as_deref());
        loop {
            let came = !self.incoming.is_empty();
            if let Some(end) = self.decode(decoder, answers.as_deref_mut(), typing, wait, sink) {
                return end;
            }
            let typist = answers.as_deref_mut().and_then(|answers| answers.typist.as_mut());
            self.type_on(typing, typist, decoder, wait)?;
            let tick = typing.tick(answers.as_deref().and_then(|answers| answers.typist.as_ref()));
            if came {
                wait = patient(whole, answers.as_deref());
                heard = Instant::now();
                pause = Some(heard + PAUSE);
            }
            if !decoder.is_acknowledged() && heard.elapsed() > self.unheard {
                return Err(Failure::Unheard);
            }
            if came || nudge.is_some_and(|at| Instant::now() >= at) {
                // A question may have been lost: a program that must ask repeats it when it reads this byte.
                if !came && decoder.doubt() == Doubt::None {
                    self.port.write(b"\x01", wait)?;
                }
                let asks = answers.as_ref().is_some_and(|answers| answers.patience.is_some());
                nudge = asks.then(|| Instant::now() + NUDGE);
            }
            doubts.note(decoder.doubt(), came);
            // The board waited for a key; this one brought the friendly prompt.
            if came && decoder.shows_prompt() && doubts.ask_again() {
                self.port.write(INTERRUPT, wait)?;
                decoder.asked_for_prompt();
            }
            if doubts.is_due() {
                self.doubt(&mut doubts, decoder, wait, sink)?;
            }
            let step = wait.until(doubts.next).until(nudge).until(tick).until(pause);
            let is_pause = pause.is_some() && step.deadline == pause;
            let is_glance = is_pause || tick.is_some() && step.deadline == tick;
            let read = match is_glance {
                true => self.port.glance(&mut self.incoming, step),
                false => self.port.read(&mut self.incoming, step),
            };
            if is_pause && self.incoming.is_empty() {
                pause = None;
                sink(&[]);
            }
            match read {
                // A board that never pauses must not postpone the deadline.
                Ok(_) => drop(wait.slice()?),
                Err(PortError::Timeout) if doubts.next.is_some() && step.deadline == doubts.next => {
                    if self.incoming.is_empty() {
                        self.doubt(&mut doubts, decoder, wait, sink)?;
                    }
                }
                Err(PortError::Timeout) if nudge.is_some() && step.deadline == nudge => {}
                // The bytes before the error may be the end.
                Err(error) => return self.decode(decoder, None, typing, wait, sink).unwrap_or(Err(error.into())),
            }
        }
    }

    /// Feeds the decoder and answers questions. Returns how the command ended, if it has.
    pub(super) fn decode(
        &mut self,
        decoder: &mut Decoder,
        mut answers: Option<&mut Responder<'_>>,
        typing: &mut Typing,
        wait: Wait,
        sink: Sink<'_>,
    ) -> Option<Result<Reply, Failure>> {
        let mut bytes = std::mem::take(&mut self.incoming);
        let reads_on = answers.as_ref().is_some_and(|answers| answers.pauses.is_some());
        if bytes.is_empty() && !reads_on {
            return None;
        }
        loop {
            let mut heard = |bytes: &[u8]| {
                typing.hear(bytes);
                sink(bytes);
            };
            match decoder.feed(&bytes, &mut heard) {
                Progress::More => return None,
                Progress::Done(reply) => return Some(Ok(reply)),
                Progress::Prompt => {
                    return Some(match decoder.conclude(sink) {
                        Conclusion::Reply(reply) => Ok(reply),
                        Conclusion::Torn(_) if decoder.excess().is_some() => {
                            Err(Failure::TooLong(decoder.excess().unwrap_or_default()))
                        }
                        Conclusion::Torn(left) => Err(Failure::Torn(decoder.is_acknowledged().then_some(left))),
                    });
                }
                Progress::Question(text) => {
                    if let Some(answered) = self.end_typing(typing, &text, wait) {
                        if let Err(failure) = answered {
                            return Some(Err(failure));
                        }
                        bytes.clear();
                        continue;
                    }
                    let answer = answers.as_mut().map(|answers| (answers.answer)(&text)).unwrap_or_default();
                    if !answer.is_empty()
                        && let Err(error) = self.port.write(&answer, wait)
                    {
                        return Some(Err(error.into()));
                    }
                    if answers.as_ref().and_then(|answers| answers.pauses).is_some_and(Cell::get) {
                        return Some(Err(Failure::Paused));
                    }
                    bytes.clear();
                }
            }
        }
    }

    /// The command may have ended: requests the prompt, or gives up waiting for it.
    fn doubt(&mut self, doubts: &mut Doubts, decoder: &mut Decoder, wait: Wait, sink: Sink<'_>) -> Result<(), Failure> {
        if doubts.act() {
            // A running program never sees this byte, unless it reads its input.
            let request = match (decoder.was_typed(), decoder.has_stayed()) {
                (true, _) => INTERRUPT,
                (false, true) => self.end_loop(),
                (false, false) => b"\x01",
            };
            self.port.write(request, wait)?;
            decoder.asked_for_prompt();
        } else {
            decoder.dismiss(sink);
        }
        Ok(())
    }
}

/// The wait for a program that must ask before the host's patience ends.
fn patient(wait: Wait, answers: Option<&Responder<'_>>) -> Wait {
    wait.until(answers.and_then(|answers| answers.patience).map(|patience| Instant::now() + patience))
}
