//! The options of a sync, and the paths on the board that follow from them.
//!
//! Uses [`crate::error`]. Invariant: every path made here starts with `/`, has no empty, `.` or `..` part, and ends with `/`
//! only if it is `/`.

use crate::error::{Error, Kind, Result};
use crate::gate::Confines;
use std::path::PathBuf;

/// The files that [`Keep::Default`] protects if the destination is `/`.
pub const KEPT: &[&str] = &["boot.py", "webrepl_cfg.py", "lib"];

/// The options of a sync.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncOptions {
    /// The folder on the board, absolute.
    pub dst: String,
    /// What stays on the board although the local folder does not contain it.
    pub keep: Keep,
    /// Patterns of files that are neither sent nor deleted; `None` means [`crate::sync::ignore::DEFAULTS`].
    pub ignore: Option<Vec<String>>,
    /// Whether `.py` files are minified, with the same names and line numbers.
    pub minify: bool,
    /// The compiler for `.py` files, to send them as `.mpy`.
    pub mpy_cross: Option<PathBuf>,
    /// Whether anything is deleted at all.
    pub delete: bool,
    /// Whether to make only the plan.
    pub dry_run: bool,
    /// The limits for symlinks in the folder, for a sync by a script; `None`: no limits.
    pub confines: Option<Confines>,
}

impl Default for SyncOptions {
    fn default() -> SyncOptions {
        SyncOptions {
            dst: "/".to_owned(),
            keep: Keep::Default,
            ignore: None,
            minify: true,
            mpy_cross: None,
            delete: true,
            dry_run: false,
            confines: None,
        }
    }
}

/// What stays on the board although the local folder does not contain it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Keep {
    /// [`KEPT`] if the destination is `/`, else nothing.
    #[default]
    Default,
    /// Everything.
    All,
    /// These files and folders, relative to the destination. An empty list keeps nothing.
    Only(Vec<String>),
}

/// The protected paths, relative to the destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Everything is protected.
    All,
    /// These, and everything below them.
    Paths(Vec<String>),
}

impl Kept {
    /// Whether `path`, relative to the destination, may not be deleted.
    pub fn protects(&self, path: &str) -> bool {
        match self {
            Kept::All => true,
            Kept::Paths(paths) => paths.iter().any(|kept| is_or_is_below(path, kept)),
        }
    }
}

impl SyncOptions {
    /// The destination in its normal form: see [`destination`].
    ///
    /// # Errors
    /// Those of [`destination`].
    pub fn destination(&self) -> Result<String> {
        destination(&self.dst)
    }

    /// The protected paths. `single_file`: a single file is sent, not a folder; then nothing is deleted.
    ///
    /// # Errors
    /// [`Kind::ArgumentError`] if the destination or an entry of `keep` is invalid: empty, with a `.` or `..` part, or absolute
    /// and not below the destination.
    pub fn kept(&self, single_file: bool) -> Result<Kept> {
        let dst = self.destination()?;
        let paths = match &self.keep {
            Keep::Only(names) => names.iter().map(|name| kept_path(&dst, name)).collect::<Result<Vec<_>>>()?,
            Keep::All => return Ok(Kept::All),
            Keep::Default if dst == "/" => KEPT.iter().map(|&name| name.to_owned()).collect(),
            Keep::Default => Vec::new(),
        };
        Ok(if single_file || !self.delete { Kept::All } else { Kept::Paths(paths) })
    }
}

/// The normal form of a path on the board, without doubled and trailing slashes.
///
/// # Errors
/// [`Kind::ArgumentError`] if it does not start with `/`, or has a `.` or `..` part or a NUL.
pub fn destination(dst: &str) -> Result<String> {
    let wrong = |message: String| Error::new(Kind::ArgumentError, message);
    if !dst.starts_with('/') {
        return Err(wrong(format!("the destination `{dst}` does not start with `/`"))
            .with_help(format!("use an absolute path: `/{dst}`")));
    }
    match parts(dst) {
        Ok(parts) => Ok(format!("/{}", parts.join("/"))),
        Err(problem) => Err(wrong(format!("the destination `{dst}` {problem}"))
            .with_help("use the folder's absolute path on the board, for example `/lib`")),
    }
}

/// A path for display: control characters are escaped, so that it is one line and safe for a terminal.
pub(super) fn one_line(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    for letter in path.chars() {
        if crate::visible::is_hidden(letter) { text.extend(letter.escape_default()) } else { text.push(letter) }
    }
    text
}

/// The path on the board of `path`, which is relative to the folder `dst`; both in their normal form.
pub fn join(dst: &str, path: &str) -> String {
    match dst {
        "/" => format!("/{path}"),
        _ => format!("{dst}/{path}"),
    }
}

const KEEP_ALL: &str = "use `keep: true`, or `--no-delete` on the command line, to keep everything";

/// An entry of `keep`, relative to the destination.
fn kept_path(dst: &str, name: &str) -> Result<String> {
    let wrong = |problem: String, help: &str| {
        Err(Error::new(Kind::ArgumentError, format!("`{name}` in `keep` {problem}")).with_help(help))
    };
    let parts = match parts(name) {
        Ok(parts) if parts.is_empty() => return wrong("names no file".to_owned(), KEEP_ALL),
        Ok(parts) => parts.join("/"),
        Err(problem) => return wrong(problem.to_owned(), "use paths relative to the destination"),
    };
    if !name.starts_with('/') || dst == "/" {
        return Ok(parts);
    }
    match format!("/{parts}").strip_prefix(dst).and_then(|rest| rest.strip_prefix('/')) {
        Some(rest) => Ok(rest.to_owned()),
        None => {
            wrong(format!("is not below `{dst}`"), "remove this entry: a sync deletes nothing outside its destination")
        }
    }
}

/// The names in a path; doubled and trailing slashes are ignored.
fn parts(path: &str) -> std::result::Result<Vec<&str>, &'static str> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    match parts.iter().find(|part| matches!(**part, "." | "..")) {
        Some(&".") => Err("contains `.`"),
        Some(_) => Err("contains `..`"),
        None if path.contains('\0') => Err("contains a NUL"),
        None => Ok(parts),
    }
}

/// Whether `path` is `other` or below it; both without a trailing slash.
pub(crate) fn is_or_is_below(path: &str, other: &str) -> bool {
    path.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(dst: &str, keep: Keep) -> SyncOptions {
        SyncOptions { dst: dst.to_owned(), keep, ..SyncOptions::default() }
    }

    fn only(names: &[&str]) -> Keep {
        Keep::Only(names.iter().map(|&name| name.to_owned()).collect())
    }

    fn paths(names: &[&str]) -> Kept {
        Kept::Paths(names.iter().map(|&name| name.to_owned()).collect())
    }

    #[test]
    fn normalises_destinations() {
        for (dst, normal) in [
            ("/", "/"),
            ("//", "/"),
            ("/lib", "/lib"),
            ("/lib/", "/lib"),
            ("//a///b//", "/a/b"),
            ("/a b/é\n", "/a b/é\n"),
            ("/...", "/..."),
            ("/.x/y.", "/.x/y."),
        ] {
            assert_eq!(destination(dst).unwrap(), normal, "{dst}");
        }
    }

    #[test]
    fn rejects_invalid_destinations() {
        for (dst, part) in [
            ("", "does not start with `/`"),
            ("lib", "does not start with `/`"),
            (" /lib", "does not start with `/`"),
            ("/..", "contains `..`"),
            ("/a/../b", "contains `..`"),
            ("/./a", "contains `.`"),
            ("/a\0", "contains a NUL"),
        ] {
            let error = destination(dst).unwrap_err();
            assert_eq!(error.kind(), Kind::ArgumentError);
            assert!(error.message().contains(part), "{dst}: {}", error.message());
            assert!(error.help().is_some());
        }
    }

    #[test]
    fn keep_by_default_depends_on_the_destination() {
        let kept = |dst: &str| options(dst, Keep::Default).kept(false).unwrap();
        assert_eq!(kept("/"), paths(KEPT));
        assert_eq!(kept("//"), paths(KEPT));
        assert_eq!(kept("/lib"), paths(&[]));
        assert_eq!(options("/lib", Keep::All).kept(false).unwrap(), Kept::All);
        assert_eq!(options("/", only(&[])).kept(false).unwrap(), paths(&[]));
        assert_eq!(options("/", only(&[])).kept(true).unwrap(), Kept::All);
        let no_delete = SyncOptions { delete: false, ..options("/", only(&[])) };
        assert_eq!(no_delete.kept(false).unwrap(), Kept::All);
    }

    #[test]
    fn kept_names_must_be_below_the_destination() {
        let kept = |dst: &str, name: &str| options(dst, only(&[name])).kept(false);
        assert_eq!(kept("/", "/lib/").unwrap(), paths(&["lib"]));
        assert_eq!(kept("/", "a//b").unwrap(), paths(&["a/b"]));
        assert_eq!(kept("/app", "data").unwrap(), paths(&["data"]));
        assert_eq!(kept("/app", "/app/data").unwrap(), paths(&["data"]));
        for (dst, name, part) in [
            ("/", "", "names no file"),
            ("/", "/", "names no file"),
            ("/", "../x", "contains `..`"),
            ("/", "./x", "contains `.`"),
            ("/app", "/data", "is not below `/app`"),
            ("/app", "/application", "is not below `/app`"),
            ("/app", "/app", "is not below `/app`"),
            ("lib", "x", "does not start with `/`"),
        ] {
            let error = kept(dst, name).unwrap_err();
            assert!(error.message().contains(part), "{dst} {name}: {}", error.message());
        }
    }

    #[test]
    fn a_kept_folder_protects_its_contents() {
        let kept = paths(&["lib", "a/b.py"]);
        for (path, expected) in [
            ("lib", true),
            ("lib/x/y.py", true),
            ("library", false),
            ("x/lib", false),
            ("a", false),
            ("a/b.py", true),
            ("a/b.pyc", false),
        ] {
            assert_eq!(kept.protects(path), expected, "{path}");
        }
        assert!(Kept::All.protects("anything"));
    }

    #[test]
    fn joins_paths_on_the_board() {
        assert_eq!(join("/", "a/b"), "/a/b");
        assert_eq!(join("/lib", "a/b"), "/lib/a/b");
    }
}
