//! Tests of specifiers and of finding ports, over fixed lists.

use super::*;
use proptest::prelude::*;

fn pico(device: &str, serial: &str) -> FoundPort {
    FoundPort {
        device: device.to_owned(),
        vid: Some(0x2e8a),
        pid: Some(0x0005),
        serial_number: Some(serial.to_owned()),
        manufacturer: Some("MicroPython".to_owned()),
        product: Some("Board in FS mode".to_owned()),
        location: Some("1-1.4".to_owned()),
        accessible: true,
    }
}

#[test]
fn both_forms_are_read() {
    let specifier: UsbSpecifier = r#"{"vid": 11914, "serial_number": "E66", "pid": null, "x": 1}"#.parse().unwrap();
    assert_eq!((specifier.vid, specifier.pid, specifier.serial_number.as_deref()), (Some(0x2e8a), None, Some("E66")));
    let specifier: UsbSpecifier = "usb:2e8a:5".parse().unwrap();
    assert_eq!((specifier.vid, specifier.pid, specifier.serial_number), (Some(0x2e8a), Some(5), None));
    let specifier: UsbSpecifier = "usb:303A:1001:34:85:18:AA".parse().unwrap();
    assert_eq!(specifier.serial_number.as_deref(), Some("34:85:18:AA"));
    assert_eq!("{}".parse::<UsbSpecifier>().unwrap(), UsbSpecifier::default());
}

#[test]
fn rejects_invalid_specifiers_with_the_reason() {
    fn case(text: &str, reason: &str) {
        let error = text.parse::<UsbSpecifier>().unwrap_err();
        assert_eq!(error.kind(), Kind::ArgumentError, "{text}");
        let text = format!("{} {}", error.message(), error.help().unwrap_or_default());
        assert!(text.contains(reason), "{text}: {text}");
    }
    case(r#"{"vid": "2e8a"}"#, "`vid` of a USB specifier is \"2e8a\", not a number");
    case(r#"{"pid": 65536}"#, "65536, not a number from 0 to 65535");
    case(r#"{"pid": -1}"#, "-1, not a number");
    case(r#"{"product": 5}"#, "`product` of a USB specifier is 5, not a string");
    case(r#"{"serial": "E66"}"#, "did you mean `serial_number`?");
    case(r#"{"VID": 11914}"#, "did you mean `vid`?");
    case("[1]", "not a JSON object");
    case("{", "not valid JSON");
    for text in ["usb:", "usb:2e8a", "usb:0x2e8a:5", "usb:2e8a:00005", "usb:2e8a:+5", "usb:2e8a:5:", "usb:é:é"] {
        case(text, "usb:VID:PID");
    }
}

#[test]
fn finds_the_one_matching_port() {
    let ports = [pico("/dev/ttyACM0", "E66A"), pico("/dev/ttyACM1", "E66B")];
    let found = find(&"usb:2e8a:0005:e66b".parse().unwrap(), &ports).unwrap();
    assert_eq!(found.device, "/dev/ttyACM1");
    for port in &ports {
        assert_eq!(find(&port.specifier(), &ports).unwrap(), port);
    }
    // Equality, not a substring.
    assert!(find(&"usb:2e8a:0005:E66".parse().unwrap(), &ports).is_err());
}

#[test]
fn no_match_and_several_matches_list_the_ports() {
    let ports = [pico("/dev/ttyACM0", "E66A"), pico("/dev/ttyACM1", "E66B\u{1b}[2J")];
    let error = find(&"usb:2e8a:0005".parse().unwrap(), &ports).unwrap_err();
    assert_eq!(error.kind(), Kind::InsufficientSpecifierError);
    assert_eq!(
        error.message(),
        "`usb:2e8a:0005` matches 2 boards:\n  \
         /dev/ttyACM0  2e8a:0005  E66A  Board in FS mode  MicroPython\n  \
         /dev/ttyACM1  2e8a:0005  E66B[2J  Board in FS mode  MicroPython"
    );
    let error = find(&"usb:303a:1001".parse().unwrap(), &ports[..1]).unwrap_err();
    assert_eq!(error.kind(), Kind::DeviceNotFoundError);
    assert!(error.message().starts_with("no board matches `usb:303a:1001`; found:\n  /dev/ttyACM0  "), "{error}");
    let error = find(&UsbSpecifier::default(), &[]).unwrap_err();
    assert_eq!((error.kind(), error.message()), (Kind::DeviceNotFoundError, "no board was found on USB"));
    assert!(error.help().is_some_and(|help| help.contains("--port sim")));
    // A port without known properties matches no given field.
    let bare = FoundPort { device: "COM3".to_owned(), ..FoundPort::default() };
    assert!(find(&r#"{"product": ""}"#.parse().unwrap(), &[bare]).is_err());
}

#[test]
fn listing_works_on_every_machine() {
    for port in list().unwrap() {
        assert!(!port.device.is_empty());
    }
}

fn field() -> impl Strategy<Value = Option<String>> {
    proptest::option::of(".{0,12}")
}

fn rest() -> impl Strategy<Value = (Option<String>, Option<String>, Option<String>, Option<String>)> {
    (field(), field(), field(), field())
}

proptest! {
    #[test]
    fn reading_never_panics(text in ".{0,60}") {
        let _ = text.parse::<UsbSpecifier>();
        let _ = format!("usb:{text}").parse::<UsbSpecifier>();
        let _ = format!("{{{text}}}").parse::<UsbSpecifier>();
    }

    #[test]
    fn display_and_parse_round_trip(vid: Option<u16>, pid: Option<u16>, serial in field(), rest in rest()) {
        let (manufacturer, product, location, device) = rest;
        let specifier = UsbSpecifier { vid, pid, serial_number: serial, manufacturer, product, location, device };
        prop_assert_eq!(specifier.to_string().parse::<UsbSpecifier>().unwrap(), specifier);
    }
}
