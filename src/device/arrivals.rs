//! What a stream has brought: `stream = true`.
//!
//! Invariant: items come out in the order in which they came, and an error after the items before it.

use crate::board::command::Payload;
use crate::device::class::Item;
use crate::device::limits::Limit;
use crate::error::{Error, Result};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

/// What a stream has brought and the script has not taken, shared by the generator and the device.
#[derive(Default)]
pub struct Arrivals {
    /// Items that are here.
    pub items: VecDeque<Payload>,
    error: Option<Error>,
    /// Whether the generator has ended on the board.
    pub ended: bool,
    /// Number of the next message of the board.
    pub next: u64,
    /// Whether the script wants nothing more.
    pub closed: bool,
    /// Whether the board may have been sent more answers than it reads.
    pub surplus: bool,
}

impl Arrivals {
    /// The next item or error that is here.
    pub fn take(&mut self) -> Option<Result<Payload>> {
        if self.closed {
            return None;
        }
        self.items.pop_front().map(Ok).or_else(|| self.error.take().map(Err))
    }

    /// Whether the next item or error is here.
    pub fn has_news(&self) -> bool {
        !self.closed && (!self.items.is_empty() || self.error.is_some())
    }

    /// What comes after the items that are here.
    pub fn fail(&mut self, error: Error) {
        (self.ended, self.error) = (true, Some(error));
    }

    /// Nothing more is wanted.
    pub fn close(&mut self) {
        self.closed = true;
        self.items.clear();
    }
}

/// A stream whose exchange is open.
pub struct OpenStream {
    /// Number of its generator.
    pub number: u64,
    /// Its task.
    pub item: Arc<Item>,
    /// The limit of an item.
    pub limit: Limit,
    /// What it brings.
    pub arrivals: Arc<Mutex<Arrivals>>,
}
