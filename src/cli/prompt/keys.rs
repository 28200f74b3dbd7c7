//! What becomes of keys that are pressed while an input is carried out.
//!
//! Uses rustix. A terminal in its usual modes keeps what is typed ahead for the next line, but for Ctrl-D, which it takes for
//! the end of a line that it then forgets. Invariant: the terminal has its modes back on every way out ([`restore`]).

use rustix::stdio::stdin;
use rustix::termios::{OptionalActions, SpecialCodeIndex, tcgetattr, tcsetattr};
use std::sync::{Mutex, PoisonError};

/// The key that ends input, while it is an ordinary one.
static END: Mutex<Option<u8>> = Mutex::new(None);

/// No key.
const NONE: u8 = if cfg!(any(target_os = "linux", target_os = "android")) { 0 } else { 0xff };

/// From now on Ctrl-D waits for the next line as other keys do, until this is dropped.
pub struct TypedAhead;

impl TypedAhead {
    /// Begins.
    pub fn keep() -> TypedAhead {
        if let Some(end) = exchange(NONE).filter(|end| *end != NONE) {
            *END.lock().unwrap_or_else(PoisonError::into_inner) = Some(end);
        }
        TypedAhead
    }
}

impl Drop for TypedAhead {
    fn drop(&mut self) {
        restore();
    }
}

/// Ctrl-D ends input again.
pub fn restore() {
    if let Some(end) = END.lock().unwrap_or_else(PoisonError::into_inner).take() {
        exchange(end);
    }
}

/// Sets the key that ends input. Gives the one before, if there is a terminal.
fn exchange(end: u8) -> Option<u8> {
    let mut modes = tcgetattr(stdin()).ok()?;
    let before = std::mem::replace(&mut modes.special_codes[SpecialCodeIndex::VEOF], end);
    tcsetattr(stdin(), OptionalActions::Now, &modes).ok().map(|()| before)
}
