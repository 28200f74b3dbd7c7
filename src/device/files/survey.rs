//! What is on a board, and how much room there is.
//!
//! Uses [`crate::board::files`]. Invariant: nothing on the board changes.

use super::errors::nonsense;
use super::{Files, Space};
use crate::board::files::{self, Entry};
use crate::bound;
use crate::error::{Error, Kind, Result};
use crate::value::Value;

impl Files<'_> {
    /// The whole tree below `root`, which is a directory; a directory stands before what is in it.
    ///
    /// # Errors
    /// Of the link, or DeviceException if there is no such directory.
    pub fn tree(&mut self, root: &str) -> Result<Vec<Entry>> {
        loop {
            match self.walk(root) {
                Err(error) if self.makes_do(&error) => {}
                other => return other,
            }
        }
    }

    fn walk(&mut self, root: &str) -> Result<Vec<Entry>> {
        let begun = self.ask_for(&unlisted(root), &files::walk(Some(root), &self.facts))?;
        self.go_on(root, &begun)
    }

    /// What a walk has found, of which `begun` is the first answer.
    fn go_on(&mut self, root: &str, begun: &Value) -> Result<Vec<Entry>> {
        let mut walked = files::walked(begun).ok_or_else(nonsense)?;
        let mut entries = walked.entries;
        let mut answers = 0;
        while walked.more {
            answers += 1;
            if entries.len().max(answers) > bound::ENTRIES {
                let message = format!("`{root}` has more than {} entries", bound::ENTRIES);
                return Err(Error::new(Kind::FeatureUnavailableError, message).with_help("name a directory in it"));
            }
            let answer = self.ask_for(&unlisted(root), &files::walk(None, &self.facts))?;
            walked = files::walked(&answer).ok_or_else(nonsense)?;
            entries.append(&mut walked.entries);
        }
        Ok(entries)
    }

    /// [`Files::tree`] and [`Files::space`] of `root`, in one exchange where the board can tell both.
    ///
    /// # Errors
    /// As [`Files::tree`].
    pub fn survey(&mut self, root: &str) -> Result<(Vec<Entry>, Option<Space>)> {
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
            // One of them fails: which shows by itself.
            Err(error) if error.kind() == Kind::DeviceException => {
                self.makes_do(&error);
                Ok((self.tree(root)?, self.space(root)?))
            }
            Err(error) => Err(error),
        }
    }

    /// Room on the file system that holds `path`; `None` if the board cannot tell.
    ///
    /// # Errors
    /// Of the link.
    pub fn space(&mut self, path: &str) -> Result<Option<Space>> {
        let answer = match self.ask(&files::space(path)) {
            Ok(answer) => answer,
            Err(error) if error.kind() == Kind::DeviceException => return Ok(None),
            Err(error) => return Err(error),
        };
        room(&answer).map(Some)
    }
}

/// Reads what `statvfs` says.
fn room(answer: &Value) -> Result<Space> {
    let Value::Tuple(fields) = answer else { return Err(nonsense()) };
    let field = |index: usize| match fields.get(index) {
        Some(Value::Int(number)) => u64::try_from(*number).unwrap_or(0),
        _ => 0,
    };
    // A full littlefs counts some of its blocks twice, and what is left goes below nothing.
    let free = if field(3) > field(2) { 0 } else { field(3) };
    Ok(Space { block: field(0), total: field(0).saturating_mul(field(2)), free: field(0).saturating_mul(free) })
}

fn unlisted(root: &str) -> String {
    format!("`{root}` cannot be listed")
}
