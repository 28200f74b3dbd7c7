//! The interrupt flag: set by Ctrl-C, checked wherever the program waits.
//!
//! A Ctrl-C is *pending* until [`take`] turns it into an error; it does not disturb the teardowns that run after that.
//!
//! A request to end (SIGTERM, SIGHUP) is a press of Ctrl-C with a deadline: [`GRACE`] after it the program is over, whatever
//! hangs.
//!
//! Uses the standard library only. Invariant: one Ctrl-C causes at most one error.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

static PENDING: AtomicBool = AtomicBool::new(false);

/// When the program was first asked to end.
static ASKED: OnceLock<Instant> = OnceLock::new();

/// A teardown that names its own limit may run until then.
static EXTENDED: Mutex<Option<Instant>> = Mutex::new(None);

/// Longest time from a request to end to the end of the program.
pub const GRACE: Duration = Duration::from_millis(1900);

/// How long after a request to end boards are waited for: what is left of [`GRACE`] is for reports.
const WAITS: Duration = Duration::from_millis(1400);

/// How long after a request to end teardowns may run, and how long each may in any case.
const TEARDOWNS: Duration = Duration::from_millis(900);
const TEARDOWN: Duration = Duration::from_millis(200);

/// Records a Ctrl-C. Safe to call from a signal handler's thread.
pub fn raise() {
    PENDING.store(true, Ordering::SeqCst);
}

/// Whether a Ctrl-C is pending.
pub fn pending() -> bool {
    PENDING.load(Ordering::Relaxed)
}

/// Clears the pending Ctrl-C, if there is one: later waits work as usual.
pub fn take() -> bool {
    PENDING.swap(false, Ordering::SeqCst)
}

/// Notes that the program was asked to end, besides a press of Ctrl-C. The first request counts.
pub fn end() {
    ASKED.get_or_init(Instant::now);
}

/// When the program has to be over; `None`: nobody has asked it to end. A teardown with its own limit is waited for.
pub fn end_by() -> Option<Instant> {
    ASKED.get().map(|&asked| later_of(asked + GRACE, extended()))
}

/// Whether boards are not waited for any more, because the program has to end.
pub fn is_overdue() -> bool {
    ASKED.get().is_some_and(|&asked| Instant::now() >= later_of(asked + WAITS, extended()))
}

/// How long a teardown that begins now may take. `own`: its own limit, which holds in any case; else it is `usual`, or less
/// once the program was asked to end.
pub fn teardown_limit(own: Option<Duration>, usual: Duration) -> Duration {
    match (own, ASKED.get()) {
        (None, None) => usual,
        (None, Some(&asked)) => (asked + TEARDOWNS).saturating_duration_since(Instant::now()).max(TEARDOWN),
        (Some(own), asked) => {
            if asked.is_some() {
                let end = Instant::now().checked_add(own);
                let mut extended = EXTENDED.lock().unwrap_or_else(PoisonError::into_inner);
                *extended = (*extended).max(end);
            }
            own
        }
    }
}

fn extended() -> Option<Instant> {
    *EXTENDED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// `usual`, or half a second after `extended`: the board is interrupted then.
fn later_of(usual: Instant, extended: Option<Instant>) -> Instant {
    extended.map_or(usual, |extended| usual.max(extended + Duration::from_millis(500)))
}
