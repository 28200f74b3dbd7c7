//! Which boards of a run are not hardware.
//!
//! Uses [`crate::port`]. Invariant: in doubt, a board counts as simulated, so that no verdict is taken for one on hardware.

use super::event::Board;
use crate::phrase::count;
use crate::port::address::Address;
use crate::port::kind::Source;

/// Values of `sys.platform` of a MicroPython that runs on a computer. Firmware of boards never has them.
const COMPUTERS: &[&str] = &["linux", "darwin", "win32", "windows", "webassembly", "unix"];

/// Most boards that are named one by one.
const MOST: usize = 8;

/// Follows the report whose verdict it limits.
pub const REMARK: &str = "not a verdict on hardware";

/// What answers at a port, as far as its address and the board's `sys.platform` say.
pub fn source(port: &str, platform: &str) -> Source {
    let named = port.parse::<Address>().map_or(Source::Board, |address| address.kind().source);
    let is_computer = COMPUTERS.contains(&platform) || platform.starts_with("qemu");
    if named == Source::Board && is_computer { Source::Program } else { named }
}

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
    fn whatever_is_not_known_to_be_hardware_is_simulated() {
        let case =
            |port: &str, platform: &str, expected| assert_eq!(source(port, platform), expected, "{port} {platform}");
        case("/dev/ttyACM0", "rp2", Source::Board);
        case("COM3", "esp32", Source::Board);
        case("usb:2e8a:0005", "rp2", Source::Board);
        case("ws://board.local", "esp32", Source::Board);
        case("sim", "linux", Source::Simulator);
        case("SIM:a?profile=esp32", "esp32", Source::Simulator);
        case("replay:run.log", "rp2", Source::Recording);
        case("exec:micropython", "linux", Source::Program);
        case("exec:ssh bench picocom", "rp2", Source::Program);
        case("tcp://localhost:4000", "linux", Source::Program);
        case("/dev/pts/3", "qemu-arm", Source::Program);
    }

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
