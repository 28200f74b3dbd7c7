//! `cat` and `hash`: print files and their hashes.
//!
//! Invariant: `cat` passes bytes as they are.

use super::digest;
use super::find::{Found, find_all};
use super::path::Place;
use super::{Work, local, misused, places_beside_board, places_on_board, refused, run};
use crate::board::digest::Digester;
use crate::board::files::Hash;
use crate::cli::arguments::files::{Cat, HashFiles};
use crate::cli::console::Console;
use crate::diagnostic::Diagnostic;
use crate::error::Result;
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// Prints files; returns the exit status.
///
/// # Errors
/// Of wrong arguments, or if Ctrl-C cannot be watched.
pub fn cat(options: &Cat, console: &Arc<Console>) -> std::result::Result<u8, Diagnostic> {
    let places = places_on_board("cat", &options.paths)?;
    run(console, &options.session, &places, |work| {
        let mut partial = options.output.as_deref().map(local::Partial::create).transpose()?;
        let mut print = |piece: &[u8]| match &mut partial {
            Some(partial) => partial.write(piece),
            None => {
                console.bytes(piece);
                Ok(())
            }
        };
        for file in files(work, &places)? {
            match file {
                File::Board(found) => work.files()?.read(&found.path, &mut print)?,
                File::Local(path) => local::read(path.as_ref(), &mut print)?,
            }
        }
        partial.map_or(Ok(()), local::Partial::keep)
    })
}

/// Prints the hash of files; returns the exit status.
///
/// # Errors
/// As [`cat`].
pub fn hash(options: &HashFiles, console: &Arc<Console>) -> std::result::Result<u8, Diagnostic> {
    let places = places_beside_board("hash", &options.paths)?;
    run(console, &options.session, &places, |work| {
        let files = files(work, &places)?;
        let rows = hashes(work, &files)?;
        let text: String = if options.json {
            let row = |(path, hash, digest): &(String, Hash, String)| {
                let on_board = path.starts_with(':');
                json!({
                    "path": path.strip_prefix(':').unwrap_or(path),
                    "place": if on_board { "board" } else { "local" },
                    "algorithm": digest::name(*hash),
                    "hash": digest,
                })
            };
            format!("{:#}\n", Json::Array(rows.iter().map(row).collect()))
        } else {
            rows.iter().map(|(path, hash, digest)| line(path, *hash, digest)).collect()
        };
        console.text(&text);
        Ok(())
    })
}

/// As sha256sum writes it: a line with a name that would not be one line begins with a backslash.
fn line(path: &str, hash: Hash, digest: &str) -> String {
    let escaped = path.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r");
    let mark = if escaped == path { "" } else { "\\" };
    match hash {
        Hash::Sha256 => format!("{mark}{digest}  {escaped}\n"),
        other => format!("{mark}{}:{digest}  {escaped}\n", digest::name(other)),
    }
}

enum File {
    Board(Found),
    /// As it was written; never with a colon before it.
    Local(String),
}

/// The files that are meant; a directory is none.
fn files(work: &mut Work<'_>, places: &[Place]) -> Result<Vec<File>> {
    let mut files = Vec::new();
    for place in places {
        match place {
            Place::Board(path) => {
                let found = find_all(work.files()?, std::slice::from_ref(path))?;
                if let Some(folder) = found.iter().find(|found| found.size.is_none()) {
                    let help = format!("name a file in it, or list it with `belay-script ls :{}`", folder.path);
                    return Err(refused(format!("`{}` is a directory", folder.path), help));
                }
                files.extend(found.into_iter().map(File::Board));
            }
            Place::Local(path) => match local::there(path)? {
                Some(_) => files.push(File::Local(path.written.clone())),
                None => return Err(misused(format!("`{}` is a folder", path.written), "name a file in it")),
            },
        }
    }
    Ok(files)
}

fn hashes(work: &mut Work<'_>, files: &[File]) -> Result<Vec<(String, Hash, String)>> {
    let on_board: Vec<(&str, u64)> = files
        .iter()
        .filter_map(|file| match file {
            File::Board(found) => Some((found.path.as_str(), found.size.unwrap_or(0))),
            File::Local(_) => None,
        })
        .collect();
    let (kind, digests) = if on_board.is_empty() {
        (Hash::Sha256, Vec::new())
    } else {
        let files = work.files()?;
        (files.facts().hash, files.hash(&on_board, &mut |_| {})?)
    };
    let mut digests = digests.into_iter();
    let mut rows = Vec::new();
    for file in files {
        rows.push(match file {
            File::Board(found) => {
                let digest = digests.next().unwrap_or_default();
                (format!(":{}", found.path), kind, digest::text(kind, &digest))
            }
            File::Local(path) => {
                let mut digester = Digester::new(Hash::Sha256);
                local::read(path.as_ref(), &mut |piece| {
                    digester.update(piece);
                    Ok(())
                })?;
                (path.clone(), Hash::Sha256, digest::text(Hash::Sha256, &digester.finish()))
            }
        });
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_those_of_sha256sum() {
        assert_eq!(line(":/a b", Hash::Sha256, "00ff"), "00ff  :/a b\n");
        assert_eq!(line("a\\b\nc", Hash::Sha256, "00ff"), "\\00ff  a\\\\b\\nc\n");
        assert_eq!(line(":/a", Hash::Crc32, "cbf43926"), "crc32:cbf43926  :/a\n");
    }
}
