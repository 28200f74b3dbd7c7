//! Finds files and directories on the board by path or pattern.
//!
//! Uses globset. Invariant: an existing path is used literally, even if it is also a pattern.

use super::missing;
use super::path::{BoardPath, is_inside};
use crate::device::Files;
use crate::error::{Error, Result};
use globset::{GlobBuilder, GlobMatcher};

/// Something on the board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// From `/` on.
    pub path: String,
    /// Bytes of a file; `None`: a directory.
    pub size: Option<u64>,
    /// As a source: the contents of the directory, not the directory itself.
    pub contents: bool,
}

/// All entries that `path` names or matches, sorted; may be empty.
///
/// # Errors
/// Of the link, of the board; ParseError for an invalid pattern.
pub fn find(files: &mut Files<'_>, path: &BoardPath) -> Result<Vec<Found>> {
    match files.stat(&path.path) {
        Ok(Some(size)) => return Ok(vec![Found { path: path.path.clone(), size, contents: path.contents }]),
        // The board may reject a pattern as a name.
        Err(error) if !is_pattern(&path.path) => return Err(error),
        Err(error) if error.kind() != crate::error::Kind::DeviceException => return Err(error),
        _ => {}
    }
    if !is_pattern(&path.path) {
        return Ok(Vec::new());
    }
    let pattern = Pattern::new(&path.path)?;
    if files.stat(&pattern.base)? != Some(None) {
        return Ok(Vec::new());
    }
    let entries = if pattern.deep { files.tree(&pattern.base)? } else { files.directory(&pattern.base)? };
    let mut found: Vec<Found> = entries
        .into_iter()
        .filter(|entry| pattern.matches(&entry.path))
        .map(|entry| Found { path: entry.path, size: entry.size, contents: path.contents })
        .collect();
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

/// As [`find`], for several paths; each of them must name something.
///
/// # Errors
/// As [`find`]; DeviceException naming the path.
pub fn find_all(files: &mut Files<'_>, paths: &[BoardPath]) -> Result<Vec<Found>> {
    let mut all = Vec::new();
    for path in paths {
        let found = find(files, path)?;
        if found.is_empty() {
            return Err(none(&path.path));
        }
        all.extend(found);
    }
    Ok(all)
}

/// Nothing is at the path, or matches the pattern.
pub fn none(path: &str) -> Error {
    if !is_pattern(path) {
        return missing(path);
    }
    super::refused(
        format!("nothing on the board matches `{path}`"),
        "list the files with `belay-script ls -r`; `*` stops at a slash, `**` does not",
    )
}

/// Whether a path has a character of patterns.
pub fn is_pattern(path: &str) -> bool {
    path.contains(['*', '?', '[', '{'])
}

/// What a pattern matches.
///
/// # Errors
/// ParseError for an invalid pattern.
pub fn matcher(text: &str) -> Result<GlobMatcher> {
    let mut glob = GlobBuilder::new(text);
    let glob = glob.literal_separator(true).backslash_escape(true).build().map_err(|error| {
        super::misused(format!("invalid pattern `{text}`: {}", error.kind()), "write `\\[` for a literal bracket")
    })?;
    Ok(glob.compile_matcher())
}

/// A pattern of paths, as a shell has it: names that begin with a dot must be meant.
struct Pattern {
    /// The directory that contains all possible matches.
    base: String,
    /// It can match below that directory's own entries.
    deep: bool,
    hidden: bool,
    matcher: GlobMatcher,
}

impl Pattern {
    fn new(text: &str) -> Result<Pattern> {
        let literal: Vec<&str> = text.split('/').take_while(|part| !is_pattern(part) && !part.contains('\\')).collect();
        let rest: Vec<&str> = text.split('/').skip(literal.len()).collect();
        let base = literal.join("/");
        Ok(Pattern {
            base: if base.is_empty() { "/".to_owned() } else { base },
            // Braces may hold slashes.
            deep: rest.len() > 1 || text.contains("**"),
            hidden: rest.iter().any(|part| part.starts_with('.')),
            matcher: matcher(text)?,
        })
    }

    fn matches(&self, path: &str) -> bool {
        let below = if is_inside(path, &self.base) { &path[self.base.trim_end_matches('/').len()..] } else { path };
        (self.hidden || !below.contains("/.")) && self.matcher.is_match(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_in_a_shell() {
        let case = |pattern: &str, base: &str, deep: bool, yes: &[&str], no: &[&str]| {
            let pattern = Pattern::new(pattern).unwrap();
            assert_eq!((pattern.base.as_str(), pattern.deep), (base, deep));
            assert!(yes.iter().all(|path| pattern.matches(path)), "{yes:?}");
            assert!(!no.iter().any(|path| pattern.matches(path)), "{no:?}");
        };
        case("/*.py", "/", false, &["/a.py", "/a b.py"], &["/lib/a.py", "/.a.py", "/a.pyc"]);
        case("/**/*.py", "/", true, &["/a.py", "/lib/x/a.py"], &["/a.txt", "/.git/a.py"]);
        case("/lib/*/x[12].?", "/lib", true, &["/lib/a/x1.y"], &["/lib/a/x3.y", "/lib/x1.y"]);
        case("/.*", "/", false, &["/.a"], &["/a"]);
        case("/{a,b}/c", "/", true, &["/a/c", "/b/c"], &["/c/c"]);
        case("/\u{e9}*\n?", "/", false, &["/\u{e9}x\ny"], &[]);
        assert!(Pattern::new("/[a").is_err());
    }
}
