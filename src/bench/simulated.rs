//! Which boards of a run are not hardware.
//!
//! Uses [`crate::port`]. Invariant: in doubt, a board counts as simulated, so that no verdict is taken for one on hardware.

use super::event::Board;
use crate::phrase::count;
use crate::port::kind::Source;

/// Most boards that are named one by one.
const MOST: usize = 8;

/// Follows the report whose verdict it limits.
pub const REMARK: &str = "not a verdict on hardware";

/// The names of the simulated boards, each once, with what answered in their place if it is not the simulator:
/// `dut, load (recording)`. `None`: there are none.
pub fn shown(boards: &[Board]) -> Option<String> {
    let mut names: Vec<String> = Vec::new();
    for board in boards.iter().filter(|board| board.simulated) {
        let name = match board.source {
            Some(Source::Recording) => format!("{} (recording)", board.name),
            Some(Source::Program) => format!("{} (program)", board.name),
            _ => board.name.clone(),
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let more = names.len().saturating_sub(MOST);
    names.truncate(MOST);
    let text = names.join(", ");
    match more {
        _ if text.is_empty() && names.is_empty() => None,
        0 => Some(text),
        more => Some(format!("{text} and {}", count(more, "other"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_board_is_named_once() {
        let board = |name: &str, port: &str| {
            Board { name: name.to_owned(), port: port.to_owned(), ..Board::default() }.with_source()
        };
        assert_eq!(shown(&[board("dut", "/dev/ttyACM0")]), None);
        let boards = [board("dut", "sim"), board("load", "replay:a"), board("dut", "sim"), board("psu", "COM1")];
        assert_eq!(shown(&boards).as_deref(), Some("dut, load (recording)"));
        let many: Vec<Board> = (0..10).map(|number| board(&number.to_string(), "sim")).collect();
        assert_eq!(shown(&many).as_deref(), Some("0, 1, 2, 3, 4, 5, 6, 7 and 2 others"));
    }
}
