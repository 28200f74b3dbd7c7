//! Files of this computer: the one reader and the one writer.
//!
//! Uses [`crate::bound`] and [`crate::interrupt`]. Invariants: no read exceeds its limit, and none waits for a
//! pipe or a device named by a script, a folder or a repository; a written file has either its old content or all of the
//! new content. `tests/library/layers.rs` checks that nothing else opens files.

mod name;
mod read;
mod replace;
mod scratch;
mod steady;
mod stream;

pub use name::is_name;
pub use read::{input, input_bytes, open, open_named, read, read_named, read_text, read_text_named, was_interrupted};
pub use replace::{Replacement, append, available, create, create_private, make_folder, replace};
pub use scratch::{scratch, scratch_folder};
pub use steady::{Steady, changed, has_changed};
pub use stream::{begin_log, begin_new_log, continue_log};

/// The message of the operating system, as a lower-case phrase without its number.
pub fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut chars = text.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}
