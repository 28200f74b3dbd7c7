//! A position in a script: file, line, column.
//!
//! Uses the standard library only. Plain data.

use std::fmt;
use std::sync::Arc;

/// A position in a script. Lines and columns count from 1; column 0 means that only the line is known.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin {
    /// The script's name as the user wrote it, for example `test_bench.rhai`.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1; 0 if unknown.
    pub column: u32,
}

impl Origin {
    /// A position with a known column.
    pub fn new(file: impl Into<Arc<str>>, line: u32, column: u32) -> Origin {
        Origin { file: file.into(), line, column }
    }

    /// The start of the line `lines` further down.
    pub fn down(&self, lines: u32) -> Origin {
        Origin { file: self.file.clone(), line: self.line.saturating_add(lines), column: 0 }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)?;
        if self.column > 0 {
            write!(f, ":{}", self.column)?;
        }
        Ok(())
    }
}
