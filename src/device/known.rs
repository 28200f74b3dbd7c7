//! Remembers between runs which boards have everything loaded, so that only those are asked: to ask a board that has nothing would cost
//! an exchange.
//!
//! A hint, nothing more: whether a board has what it needs, it says itself ([`crate::board::First`]). Invariant: a file that cannot be
//! read or written, or holds anything else, is as good as none, and it never grows beyond [`MOST`] lines.

use crate::disk;
use base64::Engine as _;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// How many boards are remembered, the latest last.
const MOST: usize = 64;
/// Letters of a board and of what is loaded.
const BOARD: usize = 16;
const LOADED: usize = 12;

/// A board that is remembered in a file, on a line with what is loaded on it.
#[derive(Clone, Debug)]
pub(super) struct Known {
    file: PathBuf,
    board: String,
}

impl Known {
    /// The board at this port. `folder`: the program's cache.
    pub fn new(folder: &Path, port: &str) -> Known {
        let digest = Sha256::digest(port);
        let board = base64::engine::general_purpose::URL_SAFE.encode(&digest[..BOARD / 4 * 3]);
        Known { file: folder.join("boards"), board }
    }

    /// Whether exactly this is loaded on it, as far as known. `digest`: [`First::digest`](crate::board::First::digest).
    pub fn has(&self, digest: &str) -> bool {
        self.lines().contains(&self.line(digest))
    }

    /// Remembers what is loaded on it. `None`: nothing that outlasts the connection.
    pub fn set(&self, digest: Option<&str>) {
        let mut lines = self.lines();
        let line = digest.map(|digest| self.line(digest));
        if lines.iter().find(|line| line.starts_with(&self.board)) == line.as_ref() {
            return;
        }
        lines.retain(|line| !line.starts_with(&self.board));
        lines.extend(line);
        let text: String =
            lines.iter().skip(lines.len().saturating_sub(MOST)).map(|line| format!("{line}\n")).collect();
        // Without it, the next run loads again.
        if disk::make_folder(&self.file).is_ok() {
            let _ = disk::replace(&self.file, text.as_bytes());
        }
    }

    fn line(&self, digest: &str) -> String {
        format!("{}{digest}", self.board)
    }

    fn lines(&self) -> Vec<String> {
        let length = BOARD + LOADED;
        let text = disk::read_text(&self.file, (MOST * (length + 1)) as u64).unwrap_or_default();
        text.lines().filter(|line| line.len() == length).map(str::to_owned).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "aB3+/xyz0123";

    #[test]
    fn the_last_boards_are_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let cache = folder.path().join("new");
        let board = |number: usize| Known::new(&cache, &format!("/dev/ttyACM{number}"));
        assert!(!board(0).has(DIGEST));
        board(0).set(None);
        assert!(!cache.exists());
        for number in 0..MOST + 3 {
            board(number).set(Some(DIGEST));
        }
        let loaded: Vec<usize> = (0..MOST + 3).filter(|number| board(*number).has(DIGEST)).collect();
        assert_eq!(loaded, (3..MOST + 3).collect::<Vec<_>>());
        assert!(!board(9).has("other-------"));
        board(9).set(Some("other-------"));
        assert!(board(9).has("other-------") && !board(9).has(DIGEST));
        board(9).set(None);
        assert!(!board(9).has("other-------") && board(10).has(DIGEST));
    }

    #[test]
    fn anything_else_in_the_file_is_ignored() {
        let folder = tempfile::tempdir().unwrap();
        let board = Known::new(folder.path(), "a");
        for content in [&b"\xff\xfe\0"[..], b"x\ny", &[b'a'; 100_000], b""] {
            disk::replace(&folder.path().join("boards"), content).unwrap();
            assert!(!board.has(DIGEST));
            board.set(Some(DIGEST));
            assert!(board.has(DIGEST), "{content:.20?}");
        }
        let nowhere = Known::new(&folder.path().join("boards"), "a");
        nowhere.set(Some(DIGEST));
        assert!(!nowhere.has(DIGEST));
    }
}
