//! Addresses of ports and USB specifiers: an address or an error, and an address is the same after being written.
#![no_main]

use belay_script::port::address::Address;
use belay_script::port::usb::UsbSpecifier;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(address) = text.parse::<Address>() {
        let written = address.to_string();
        let again = written.parse::<Address>().unwrap_or_else(|error| panic!("{text:?} became {written:?}: {error:?}"));
        assert_eq!(again.to_string(), written);
    }
    let _ = text.parse::<UsbSpecifier>();
});
