//! Observers of a run.
//!
//! Uses [`crate::bench`]. Invariant: everything that a run shows goes through its observer; everything that a report may
//! contain is an event.

use crate::bench::event::TimedEvent;
use crate::device::Transfer;
use crate::script::sources::Sources;
use std::sync::Arc;

/// Observes a run.
///
/// Its functions are called on the thread on which something happens, at once, and in that thread's order. Closures of
/// `parallel` call them concurrently. No lock of the run is held, so an observer may print and wait; but the board that has
/// just printed is in use, and [`Observer::activity`] must not use the host.
pub trait Observer: Send + Sync {
    /// Something happened: output, a notice, a test, a measurement. `sources`: the texts for excerpts of failures.
    fn event(&self, event: &TimedEvent, sources: &Sources);

    /// What a display may show meanwhile. It changes all the time and says nothing about the result, so it is no event.
    fn activity(&self, activity: &Activity<'_>) {
        let _ = activity;
    }
}

/// The current activity of a run.
#[derive(Clone, Copy, Debug)]
pub enum Activity<'a> {
    /// The number of open devices, after every opening and closing. With several, output needs their names.
    OpenDevices(usize),
    /// Parallel closures start, or have ended: only in between can boards print at the same time.
    Parallel(bool),
    /// The progress of a sync.
    Transfer {
        /// The device's name.
        device: &'a str,
        /// `None`: it has ended.
        progress: Option<&'a Transfer<'a>>,
    },
}

/// Several observers, one after the other.
impl Observer for Vec<Arc<dyn Observer>> {
    fn event(&self, event: &TimedEvent, sources: &Sources) {
        self.iter().for_each(|observer| observer.event(event, sources));
    }

    fn activity(&self, activity: &Activity<'_>) {
        self.iter().for_each(|observer| observer.activity(activity));
    }
}
