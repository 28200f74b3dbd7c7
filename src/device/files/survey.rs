//! Lists the files on a board and its free space.
//!
//! Uses [`crate::board::files`]. Invariant: changes nothing on the board.

use super::errors::nonsense;
use super::{Files, Space};
use crate::board::files::{self, FileEntry};
use crate::bound;
use crate::error::{Error, Kind, Result};
use crate::value::Value;

impl Files<'_> {
    /// The whole tree below the directory `root`; a directory precedes its contents.
    ///
    /// # Errors
    /// Errors of the connection, or DeviceException if there is no such directory.
    pub fn tree(&mut self, root: &str) -> Result<Vec<FileEntry>> {
        loop {
            match self.walk(root) {
                Err(error) if self.makes_do(&error) => {}
                other => return other,
            }
        }
    }

    fn walk(&mut self, root: &str) -> Result<Vec<FileEntry>> {
        let begun = self.ask_for(&unlisted(root), &files::walk(Some(root), &self.facts))?;
        self.go_on(root, &begun)
    }

    /// The result of a walk, of which `begun` is the first reply.
    fn go_on(&mut self, root: &str, begun: &Value) -> Result<Vec<FileEntry>> {
        let mut walked = files::walked(begun).ok_or_else(nonsense)?;
        let mut entries = walked.entries;
        let mut answers = 0;
        while walked.more {
            answers += 1;
            if entries.len().max(answers) > bound::ENTRIES {
                let message = format!("`{root}` has more than {} entries", bound::ENTRIES);
                return Err(Error::new(Kind::FeatureUnavailableError, message).with_help("choose a directory in it"));
            }
            let answer = self.ask_for(&unlisted(root), &files::walk(None, &self.facts))?;
            walked = files::walked(&answer).ok_or_else(nonsense)?;
            entries.append(&mut walked.entries);
        }
        Ok(entries)
    }

    /// [`Files::tree`] and [`Files::space`] of `root`, in one exchange if the board supports both.
    ///
    /// # Errors
    /// As [`Files::tree`].
    pub fn survey(&mut self, root: &str) -> Result<(Vec<FileEntry>, Option<Space>)> {
        match self.ask(&files::survey(root, &self.facts)) {
            Ok(Value::Tuple(both)) => {
                let [begun, space] = both.as_slice() else { return Err(nonsense()) };
                let space = room(space)?;
                match self.go_on(root, begun) {
                    Err(error) if self.makes_do(&error) => Ok((self.tree(root)?, Some(space))),
                    entries => Ok((entries?, Some(space))),
                }
            }
            Ok(_) => Err(nonsense()),
            // One of them fails: repeat them one by one.
            Err(error) if error.kind() == Kind::DeviceException => {
                self.makes_do(&error);
                Ok((self.tree(root)?, self.space(root)?))
            }
            Err(error) => Err(error),
        }
    }

    /// Space on the file system of `path`; `None` if the board cannot tell.
    ///
    /// # Errors
    /// Errors of the connection.
    pub fn space(&mut self, path: &str) -> Result<Option<Space>> {
        let answer = match self.ask(&files::space(path)) {
            Ok(answer) => answer,
            Err(error) if error.kind() == Kind::DeviceException => return Ok(None),
            Err(error) => return Err(error),
        };
        room(&answer).map(Some)
    }
}

/// Parses the result of `statvfs`.
fn room(answer: &Value) -> Result<Space> {
    let Value::Tuple(fields) = answer else { return Err(nonsense()) };
    let field = |index: usize| match fields.get(index) {
        Some(Value::Int(number)) => u64::try_from(*number).unwrap_or(0),
        _ => 0,
    };
    // A full littlefs counts some of its blocks twice, so the rest would be negative.
    let free = if field(3) > field(2) { 0 } else { field(3) };
    Ok(Space { block: field(0), total: field(0).saturating_mul(field(2)), free: field(0).saturating_mul(free) })
}

fn unlisted(root: &str) -> String {
    format!("`{root}` cannot be listed")
}
