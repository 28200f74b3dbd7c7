//! Decides when to ask a board whether a command has ended.
//!
//! Uses [`crate::repl::reply`]. Invariant: a program that keeps running is asked less and less often.

use crate::repl::reply::Doubt;
use std::time::{Duration, Instant};

/// How long a command may look ended before the board is asked for its prompt, at first and at most.
const DOUBT_MS: (u64, u64) = (250, 8000);
/// How long the board may take to show that prompt before a program is assumed to run.
const PROMPT_LIMIT: Duration = Duration::from_secs(1);

/// The schedule of questions whether a command has ended.
pub(super) struct Doubts {
    /// When to act.
    pub next: Option<Instant>,
    delay: Duration,
    /// The board was asked and has not replied.
    asked: bool,
    /// How often it may be asked at once.
    hasty: u8,
    /// How often it may be asked again at once.
    again: u8,
}

impl Doubts {
    pub fn new() -> Doubts {
        Doubts { next: None, delay: Duration::from_millis(DOUBT_MS.0), asked: false, hasty: 3, again: 3 }
    }

    /// Records the decoder's doubt; `came`: bytes have arrived.
    pub fn note(&mut self, doubt: Doubt, came: bool) {
        if self.asked {
            return;
        }
        let after = |delay| Some(Instant::now() + delay);
        match doubt {
            Doubt::None => self.next = None,
            Doubt::Likely if self.hasty > 0 => {
                self.hasty -= 1;
                self.next = after(Duration::ZERO);
            }
            Doubt::Silence if came => self.next = after(self.delay),
            Doubt::Unheard if self.next.is_none() => self.next = after(4 * self.delay),
            _ if self.next.is_none() => self.next = after(self.delay),
            _ => {}
        }
    }

    pub fn is_due(&self) -> bool {
        self.next.is_some_and(|next| Instant::now() >= next)
    }

    /// The board was asked, and shows a prompt other than the raw REPL's: returns whether to ask again.
    pub fn ask_again(&mut self) -> bool {
        let again = self.asked && self.again > 0;
        if again {
            self.again -= 1;
            self.next = Some(Instant::now() + PROMPT_LIMIT);
        }
        again
    }

    /// Whether to ask; else stop waiting for the reply.
    pub fn act(&mut self) -> bool {
        self.asked = !self.asked;
        if self.asked {
            self.next = Some(Instant::now() + PROMPT_LIMIT);
        } else {
            self.next = None;
            self.delay = (2 * self.delay).min(Duration::from_millis(DOUBT_MS.1));
        }
        self.asked
    }
}
