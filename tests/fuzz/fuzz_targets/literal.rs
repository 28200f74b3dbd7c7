//! Python literals of a board: whatever it sends is a value or an error, and a value is the same after its way back.
#![no_main]

use belay_script::value::{parse, write};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(value) = parse::parse(text) else { return };
    // What can be sent comes back as it was. (NaN is not itself.)
    if let Ok(written) = write::literal(&value) {
        let again = parse::parse(&written).unwrap_or_else(|error| panic!("{written}: {error}"));
        assert_eq!(write::literal(&again).ok(), Some(written));
    }
});
