//! The file of a station: its boards, constants and limits, or an error; an entry that is written into it is read again,
//! and what else it says stays.
#![no_main]

use belay_script::bench::station::{BoardEntry, Station, is_board_name, with_board};
use libfuzzer_sys::fuzz_target;
use std::path::Path;

fuzz_target!(|input: (&str, &str)| {
    let (name, text) = input;
    let file = Path::new("station.toml");
    let Ok(station) = Station::parse(file, text) else { return };
    for (name, board) in &station.boards {
        let _ = board.address(name, true);
    }
    if !is_board_name(name) {
        return;
    }
    let entry = BoardEntry::Port("/dev/ttyACM7".to_owned());
    let written = with_board(file, text, name, &entry).unwrap_or_else(|error| panic!("{text:?}: {error:?}"));
    let again = Station::parse(file, &written).unwrap_or_else(|error| panic!("{text:?} became {written:?}: {error:?}"));
    assert_eq!(again.board(name).and_then(|board| board.port.as_deref()), Some("/dev/ttyACM7"), "{written:?}");
    for (other, board) in station.boards.iter().filter(|(other, _)| other != name) {
        assert_eq!(again.board(other), Some(board), "{written:?}");
    }
    // NaN is not itself.
    assert_eq!(format!("{:?}", (&again.constants, &again.limits)), format!("{:?}", (&station.constants, &station.limits)));
});
