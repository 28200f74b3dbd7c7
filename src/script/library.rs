//! The standard modules embedded in the program.
//!
//! Invariant: their names start with `std/`.

use include_dir::{Dir, include_dir};

pub(crate) static LIBRARY: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/stdlib");

/// The names of the standard modules.
pub fn library() -> Vec<String> {
    let mut names: Vec<String> = LIBRARY
        .files()
        .filter_map(|file| file.path().file_stem())
        .map(|stem| format!("std/{}", stem.to_string_lossy()))
        .collect();
    names.sort();
    names
}

/// The text of the standard module `name`, which begins with `std/`.
pub(crate) fn library_text(name: &str) -> Option<&'static str> {
    LIBRARY.get_file(format!("{}.rhai", name.strip_prefix("std/")?))?.contents_utf8()
}
