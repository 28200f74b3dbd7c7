//! What becomes of keys that are pressed while an input is carried out.
//!
//! Uses rustix. A terminal in its usual modes keeps what is typed ahead for the next line, but for Ctrl-D, which it takes for
//! the end of a line that it then forgets; and it mixes the keys into what is printed. Invariant: the terminal has its modes
//! back on every way out ([`restore`]).

use rustix::stdio::stdin;
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The modes before the prompt.
static SAVED: Mutex<Option<Termios>> = Mutex::new(None);

fn saved() -> MutexGuard<'static, Option<Termios>> {
    SAVED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From now on every key but Ctrl-C waits for the next line, unseen, until this is dropped. That is so while an input is
/// carried out, and between two lines.
pub struct TypedAhead;

impl TypedAhead {
    /// Begins.
    pub fn keep() -> TypedAhead {
        if let Ok(before) = tcgetattr(stdin()) {
            let mut modes = before.clone();
            // The key for Ctrl-D stays what it is: the editor looks there for it.
            modes.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
            modes.special_codes[SpecialCodeIndex::VMIN] = 1;
            modes.special_codes[SpecialCodeIndex::VTIME] = 0;
            *saved() = Some(before);
            // Without this, keys are as they are elsewhere.
            let _ = tcsetattr(stdin(), OptionalActions::Now, &modes);
        }
        TypedAhead
    }
}

impl Drop for TypedAhead {
    fn drop(&mut self) {
        restore();
    }
}

/// Gives the terminal the modes that it had before the prompt.
pub fn restore() {
    if let Some(before) = saved().take() {
        let _ = tcsetattr(stdin(), OptionalActions::Now, &before);
    }
}
