//! Output of the script and of boards.
//!
//! Invariant: text has `\n` line ends; bytes are for display only and never in logs.

use serde::{Deserialize, Serialize};

/// A piece of output.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OutputChunk {
    /// The board's name; `None` for the script. In a closure that runs for one board, the script prints for that board.
    pub board: Option<String>,
    /// The text, with `\n` line ends. Empty if `bytes` hold no complete character; such a chunk is not logged.
    pub text: String,
    /// What kind of output it is.
    #[serde(default, skip_serializing_if = "OutputKind::is_result")]
    pub kind: OutputKind,
    /// Where the script called `debug`: `a.rhai:3:5`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// What a board printed, byte for byte; `None` if the script printed. Not in logs.
    #[serde(skip)]
    pub bytes: Option<Vec<u8>>,
}

/// A kind of output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutputKind {
    /// What tasks and the script print: results, for standard output.
    #[default]
    Result,
    /// What `boot.py` and `main.py` print when the board starts: for standard error.
    Boot,
    /// What the script passes to `debug`: for standard error.
    Debug,
}

impl OutputKind {
    fn is_result(&self) -> bool {
        *self == OutputKind::Result
    }
}
