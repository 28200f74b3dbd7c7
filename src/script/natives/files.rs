//! File access: the native functions of `std/file`.
//!
//! Uses [`crate::gate`]. Invariant: every opened path was allowed by the gate.

use crate::bound;
use crate::error::Kind;
use crate::script::errors::{Fallible, argument, placed, refuse};
use crate::script::run::Run;
use rhai::{Array, Blob, Dynamic, Engine, ImmutableString, NativeCallContext as Context};
use std::path::Path;
use std::sync::Arc;

/// Registers the functions.
pub(crate) fn register(engine: &mut Engine, run: &Arc<Run>) {
    let (text, bytes) = (run.clone(), run.clone());
    engine
        .register_fn("read_file", move |context: Context<'_>, path: ImmutableString| {
            let text = read(&text, &path).and_then(|bytes| decoded(&path, bytes));
            placed(&context, text)
        })
        .register_fn("read_file_bytes", move |context: Context<'_>, path: ImmutableString| -> Fallible<Blob> {
            placed(&context, read(&bytes, &path))
        });
    for (name, append) in [("write_file", false), ("append_file", true)] {
        let (text, bytes) = (run.clone(), run.clone());
        engine
            .register_fn(name, move |context: Context<'_>, path: ImmutableString, content: ImmutableString| {
                placed(&context, write(&text, &path, content.as_bytes(), append))
            })
            .register_fn(name, move |context: Context<'_>, path: ImmutableString, content: Blob| {
                placed(&context, write(&bytes, &path, &content, append))
            });
    }
    let (exists, list, here) = (run.clone(), run.clone(), run.clone());
    engine
        .register_fn("file_exists", move |context: Context<'_>, path: ImmutableString| {
            placed(&context, exists.readable(&path).map(|file| file.is_there()))
        })
        .register_fn("list_files", move |context: Context<'_>, path: ImmutableString| {
            placed(&context, names(&list, &path))
        })
        .register_fn("script_folder", move || shown(&here.gate().here()));
}

/// An absolute folder, in the notation of scripts.
fn shown(folder: &Path) -> String {
    // The prefix of verbatim paths on Windows, which allow no slashes.
    folder.to_string_lossy().trim_start_matches(r"\\?\").replace('\\', "/")
}

pub(crate) fn failed<T>(what: &str, path: &str, error: &std::io::Error) -> Fallible<T> {
    refuse(Kind::ScriptError, format!("\"{path}\" cannot be {what}: {}", crate::disk::reason(error)), "")
}

fn read(run: &Run, path: &str) -> Fallible<Vec<u8>> {
    let content = run.readable(path)?.bytes(bound::FILE).or_else(|error| failed("read", path, &error))?;
    run.note_read(path, &content);
    Ok(content)
}

fn decoded(path: &str, bytes: Vec<u8>) -> Fallible<String> {
    String::from_utf8(bytes).or_else(|error| {
        let place = error.utf8_error().valid_up_to();
        argument(format!("\"{path}\" is not valid UTF-8 at byte {place}"), "read it as bytes: `read_file_bytes(path)`")
    })
}

fn write(run: &Run, path: &str, content: &[u8], append: bool) -> Fallible<()> {
    run.note_written(path);
    run.writable(path)?.write(content, append).or_else(|error| failed("written", path, &error))
}

/// The names in a folder in alphabetical order; folders end with a slash.
fn names(run: &Run, path: &str) -> Fallible<Array> {
    let names = run.readable(path)?.names().or_else(|error| failed("listed", path, &error))?;
    Ok(names.into_iter().map(Dynamic::from).collect())
}
