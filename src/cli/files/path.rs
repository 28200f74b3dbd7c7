//! Parses paths of the command line: on the board, or on this computer.
//!
//! Invariant: a [`BoardPath`] is absolute and without `.` and `..`.

use super::misused;
use crate::error::Result;
use std::path::PathBuf;

/// Where a path is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// On the board.
    Board(BoardPath),
    /// On this computer.
    Local(LocalPath),
}

/// A path on the board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoardPath {
    /// From `/` on, without a slash at its end unless it is `/`.
    pub path: String,
    /// It was written with a slash at its end.
    pub folder: bool,
    /// It was written with `.` or a slash at its end, or is `/`: as a source, what is in it and not itself.
    pub contents: bool,
}

/// A path on this computer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalPath {
    /// As the user wrote it.
    pub written: String,
    /// The path.
    pub path: PathBuf,
    /// It was written with a slash at its end.
    pub folder: bool,
    /// It was written with `.`, `..` or a slash at its end: as a source, what is in it and not itself.
    pub contents: bool,
}

impl Place {
    /// Reads `:/path`, `board:/path`, or a path of this computer.
    ///
    /// # Errors
    /// ParseError of an empty text.
    pub fn parse(text: &str) -> Result<Place> {
        if text.is_empty() {
            return Err(misused("path must not be empty", "the root of the board is `:/`, the current folder `.`"));
        }
        let last = |path: &str| path.rsplit(['/', std::path::MAIN_SEPARATOR]).next().unwrap_or_default().to_owned();
        match text.strip_prefix("board:").or_else(|| text.strip_prefix(':')) {
            Some(path) => {
                let absolute = absolute(path);
                let contents = absolute == "/" || matches!(last(path).as_str(), "" | ".");
                Ok(Place::Board(BoardPath { contents, folder: path.ends_with('/'), path: absolute }))
            }
            None => Ok(Place::Local(LocalPath {
                written: text.to_owned(),
                path: PathBuf::from(text),
                folder: text.ends_with(['/', std::path::MAIN_SEPARATOR]),
                contents: matches!(last(text).as_str(), "" | "." | "..") || PathBuf::from(text).file_name().is_none(),
            })),
        }
    }

    /// Whether it is on the board.
    pub fn is_board(&self) -> bool {
        matches!(self, Place::Board(_))
    }
}

/// From `/` on; `.` and `..` are worked out, as boards know neither.
fn absolute(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// `name` in the directory `folder` of the board; an empty name is the directory itself.
pub fn join(folder: &str, name: &str) -> String {
    match name {
        "" => folder.to_owned(),
        name => format!("{}/{name}", folder.trim_end_matches('/')),
    }
}

/// The directory that holds `path`; of `/` itself.
pub fn parent(path: &str) -> &str {
    match path.rfind('/') {
        None | Some(0) => "/",
        Some(at) => &path[..at],
    }
}

/// The last part of a path; of `/` nothing.
pub fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

/// Whether `path` lies in the directory `folder`, at any depth.
pub fn is_inside(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder.trim_end_matches('/')).is_some_and(|rest| rest.len() > 1 && rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_on_the_board_are_absolute() {
        let case = |text: &str, path: &str, folder: bool, contents: bool| {
            let expected = BoardPath { path: path.to_owned(), folder, contents };
            assert_eq!(Place::parse(text).unwrap(), Place::Board(expected), "{text}");
        };
        case(":", "/", false, true);
        case(":/", "/", true, true);
        case("board:", "/", false, true);
        case(":main.py", "/main.py", false, false);
        case("board:/lib//a.py", "/lib/a.py", false, false);
        case(":/lib/", "/lib", true, true);
        case(":/lib/.", "/lib", false, true);
        case(":/../a/../b/./c", "/b/c", false, false);
        case("::", "/:", false, false);
    }

    #[test]
    fn everything_else_is_of_this_computer() {
        let case = |text: &str, folder: bool, contents: bool| match Place::parse(text).unwrap() {
            Place::Local(path) => assert_eq!((path.folder, path.contents), (folder, contents), "{text}"),
            Place::Board(_) => panic!("{text}"),
        };
        case("a.py", false, false);
        case("./:a.py", false, false);
        case("a/", true, true);
        case("a/.", false, true);
        case(".", false, true);
        case("a/..", false, true);
        case("/", true, true);
        assert!(Place::parse("").is_err());
    }

    #[test]
    fn parts_of_paths() {
        assert_eq!((join("/", "a"), join("/b", "c/d"), join("/b", "")), ("/a".into(), "/b/c/d".into(), "/b".into()));
        assert_eq!((parent("/"), parent("/a"), parent("/a/b")), ("/", "/", "/a"));
        assert_eq!((name("/"), name("/a"), name("/a/b c")), ("", "a", "b c"));
        assert!(is_inside("/a/b", "/a") && is_inside("/a", "/"));
        assert!(!is_inside("/ab", "/a") && !is_inside("/a", "/a") && !is_inside("/", "/"));
    }
}
