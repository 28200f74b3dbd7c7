//! What becomes of keys that are pressed while an input is carried out.
//!
//! Uses rustix. A terminal in its usual modes keeps what is typed ahead for the next line, but for Ctrl-D, which it takes for
//! the end of a line that it then forgets; and it mixes the keys into what is printed. Invariant: the terminal has its modes
//! back on every way out ([`restore`]).

use rustix::stdio::stdin;
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, tcgetattr, tcsetattr};
use std::sync::{Mutex, PoisonError};

/// The key that ends input, and whether keys are shown, while an input is carried out.
static SAVED: Mutex<Option<(u8, bool)>> = Mutex::new(None);

/// No key.
const NONE: u8 = if cfg!(any(target_os = "linux", target_os = "android")) { 0 } else { 0xff };

/// From now on every key but Ctrl-C waits for the next line, unseen, until this is dropped.
pub struct TypedAhead;

impl TypedAhead {
    /// Begins.
    pub fn keep() -> TypedAhead {
        let mut saved = SAVED.lock().unwrap_or_else(PoisonError::into_inner);
        if saved.is_none() {
            *saved = exchange(NONE, false);
        }
        TypedAhead
    }
}

impl Drop for TypedAhead {
    fn drop(&mut self) {
        restore();
    }
}

/// Ctrl-D ends input again, and keys are shown.
pub fn restore() {
    if let Some((end, shown)) = SAVED.lock().unwrap_or_else(PoisonError::into_inner).take() {
        exchange(end, shown);
    }
}

/// Sets the key that ends input, and whether keys are shown. Gives what was before, if there is a terminal.
fn exchange(end: u8, shown: bool) -> Option<(u8, bool)> {
    let mut modes = tcgetattr(stdin()).ok()?;
    let end = std::mem::replace(&mut modes.special_codes[SpecialCodeIndex::VEOF], end);
    let before = (end, modes.local_modes.contains(LocalModes::ECHO));
    modes.local_modes.set(LocalModes::ECHO, shown);
    tcsetattr(stdin(), OptionalActions::Now, &modes).ok().map(|()| before)
}
