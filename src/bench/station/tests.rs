//! Station files: contents, problems, writing.

use super::*;

const WHOLE: &str = r#"
name = "bench 3"
reports = "reports"

[boards.dut]
usb = { vid = 0x2e8a, pid = 5, serial_number = "E661" }
baudrate = 9600
dtr = true
rts = false
attempts = -1
timeout = 2.5

[boards.load]
port = "/dev/ttyUSB0"
sim = "sim:load?heap=64k"

[boards.meter]
simulate = true

[constants]
shunt = 0.1
steps = [1, 2]
when = 2024-05-01

[limits]
supply = { unit = "V", min = 3.2, max = 4 }
"#;

fn parse(text: &str) -> Result<Station, String> {
    Station::parse(Path::new("lab/station.toml"), text).map_err(|problem| {
        let place = &problem.places[0].origin;
        format!("{place}: {} | {}", problem.title, problem.help.unwrap_or_default())
    })
}

#[test]
fn a_whole_file() {
    let station = parse(WHOLE).unwrap();
    assert_eq!(station.name.as_deref(), Some("bench 3"));
    assert_eq!(station.reports.as_deref(), Some(Path::new("lab/reports")));
    let dut = station.board("dut").unwrap();
    assert_eq!(dut.port.as_deref(), Some("usb:2e8a:0005:E661"));
    assert_eq!(
        (dut.line.baud_rate, dut.line.dtr, dut.line.rts, dut.attempts),
        (Some(9600), Some(true), Some(false), -1)
    );
    assert_eq!(dut.timeout, Some(Duration::from_millis(2500)));
    let address = |name: &str, simulated| station.board(name).unwrap().address(name, simulated);
    assert_eq!(address("dut", true), "sim:dut");
    assert_eq!(address("load", false), "/dev/ttyUSB0");
    assert_eq!(address("load", true), "sim:load?heap=64k");
    assert_eq!(address("meter", false), "sim:meter");
    assert_eq!(station.constants[0], ("shunt".to_owned(), Value::Float(0.1)));
    assert_eq!(station.constants[2].1, Value::Str("2024-05-01".to_owned()));
    let Value::Dict(supply) = &station.limits[0].1 else { panic!("no dict") };
    assert_eq!(supply[2], (Value::Str("max".to_owned()), Value::Int(4)));
    assert_eq!(parse("").unwrap().boards, []);
}

#[test]
fn reads_wires_and_says_what_is_wrong_with_them() {
    let bench = "[boards.dut]\nport = \"sim\"\n[instruments.psu]\nsim = \"sim-instrument:std/psu\"\n";
    let wires = |wire: &str| parse(&format!("{bench}[[wiring]]\n{wire}")).map(|station| station.wiring);
    let read = wires("from = \"psu.out\"\nto = \"dut.adc26\"\ngain = 0.5\nmax = 5").unwrap();
    assert_eq!((read[0].from.to_string(), read[0].to.to_string()), ("psu.out".to_owned(), "dut.adc26".to_owned()));
    assert_eq!((read[0].gain, read[0].offset, read[0].max, read[0].line), (0.5, 0.0, Some(5.0), 6));
    let case = |wire: &str, wanted: &str| {
        let wanted = format!("lab/station.toml:{wanted}");
        assert_eq!(wires(wire).unwrap_err(), wanted, "{wire}");
    };
    let form = "write for example `from = \"psu.voltage\"` and `to = \"dut.adc26\"`";
    case("from = \"psu.out\"", &format!("5:1: a wire has no `to` | {form}"));
    case("to = \"psu.out\"", &format!("5:1: a wire has no `from` | {form}"));
    case("form = \"psu.out\"", "6:1: unknown key `form` in a wire | did you mean `from`?");
    case(
        "from = \"psu\"\nto = \"dut.adc26\"",
        "6:8: `psu` has no dot | write a property of an instrument, `psu.voltage`, or an ADC or a pin of a board: `dut.adc26`, `dut.pin15`",
    );
    case("from = \"pus.out\"\nto = \"dut.adc26\"", "6:8: unknown board or instrument `pus` | did you mean `psu`?");
    case(
        "from = \"psu.out\"\nto = \"dut.led\"",
        "7:6: the board `dut` has no `led` | write an ADC or a pin by its number: `dut.adc26`, `dut.pin15`",
    );
    case(
        "from = \"dut.adc26\"\nto = \"psu.load\"",
        "6:8: `dut.adc26` is an input | an ADC measures: write it after `to`; a wire begins at a property or at a pin",
    );
    case(
        "from = \"dut.pin1\"\nto = \"dut.pin2\"",
        "7:6: a wire joins no instrument | a script connects pins of one board with `board.sim.wire(2, 3)`",
    );
    case("from = \"psu.out\"\nto = \"dut.adc26\"\ngain = \"2\"", "8:8: `gain` is a string, not a number | ");
    case(
        "from = \"psu.out\"\nto = \"dut.adc26\"\nreference = 0",
        "8:13: `reference` is a whole number, not a voltage above 0 | ",
    );
}

#[test]
fn reads_the_file_of_a_new_project() {
    let station = parse(include_str!("../../cli/project/templates/bench/station.toml")).unwrap();
    assert_eq!((station.boards.len(), station.constants.len(), station.limits.len()), (1, 1, 1));
}

#[test]
fn reports_problems_with_their_position() {
    fn case(text: &str, wanted: &str) {
        assert_eq!(parse(text).unwrap_err(), format!("lab/station.toml:{wanted}"), "{text}");
    }
    case(
        "a = 1\n[board.dut]\n",
        "1:1: unknown key `a` in a station file | use one of name, reports, boards, consoles, instruments, wiring, constants, limits, recipes, packages",
    );
    case("\n[bords.dut]\nport = \"sim\"\n", "2:2: unknown key `bords` in a station file | did you mean `boards`?");
    case(
        "[boards.dut]\nport = \"sim\"\n  bautrate = 5",
        "3:3: unknown key `bautrate` in a board | did you mean `baudrate`?",
    );
    case("[boards.dut]\nport = \"sim\"\nbaudrate = 1.5", "3:12: `baudrate` is a number, not a whole number | ");
    case(
        "[boards.dut]\nport = \"sim\"\nbaudrate = -1",
        "3:12: `baudrate` is a whole number, not a positive number of bits per second | ",
    );
    case("[boards.dut]\nport = 5", "2:8: `port` is a whole number, not a string | ");
    case("[boards.dut]\nport = \"smi\"", "2:8: unknown port `smi` | did you mean `sim`?");
    case("[boards.dut]\nusb = {vid = 70000}", "2:14: `vid` is a whole number, not a number up to 0xffff | ");
    case(
        "[boards.dut]\nusb = {serial = \"x\"}",
        "2:8: unknown key `serial` in `usb` | use one of vid, pid, serial_number, manufacturer, product, location",
    );
    case("[boards.dut]\nusb = {}", "2:7: `usb` matches every board | add its `serial_number`");
    case(
        "[boards.dut]\nport = \"sim\"\nusb = { vid = 1 }",
        "2:1: `dut` has both `port` and `usb` | remove one of them",
    );
    case(
        "[boards.dut]\ndtr = true",
        "1:9: missing port of the board `dut` | add `port = \"…\"`, `usb = { vid = …, serial_number = \"…\" }`, or `simulate = true`",
    );
    case(
        "[boards.sim]\nport = \"sim\"",
        "1:9: invalid board name `sim` | use letters, digits, `_` and `-`, but no port such as `sim` or `COM3`",
    );
    case("[boards]\ndut = 5", "2:7: `dut` is a whole number, not a table of a board | ");
    case("boards = 5", "1:10: `boards` is a whole number, not a table | ");
    case("[limits]\nx = { mim = 1 }", "2:7: unknown key `mim` in a limit | did you mean `min`?");
    case("[limits]\nx = { min = \"1\" }", "2:7: `min` is a string | use a number");
    case("[limits]\nx = { min = 2, max = 1 }", "2:7: `min` is above `max`: 2 > 1 | swap them");
    case("[limits]\nx = { min = nan }", "2:7: `min` is nan | use a number");
    case(
        "[limits]\nx = { mean = { lo = 1 } }",
        "2:16: `mean` has no option `lo` | options of `mean`: min, max, marginal_min, marginal_max, marginal_percent, equals, within_percent, matches",
    );
    case("[limits]\nx = { check = 1 }", "2:7: `check` is a closure | write it into the script");
    case("[limits.x]\nmax = 5\n[limits.x.variants.B]\nmin = 9", "4:1: `min` is above `max`: 9 > 5 | swap them");
    case(
        "[limits.x]\nmax = 5\n[limits.x.variants.B]\nmax = 9",
        "2:1: `max` is in `variants.B` and beside `variants` | remove one of them: a limit is never replaced silently",
    );
    case(
        "[limits.x]\nvariants = 9",
        "2:12: `variants` is a whole number, not a table with a table of limits for each variant | ",
    );
    assert!(parse("[limits.x]\nunit = \"V\"\n[limits.x.variants]\nA = { max = 3 }\nB = { max = 5 }").is_ok());
    case(
        "[limits]\nx = 5",
        "2:5: `x` is a whole number, not a table such as `{ unit = \"V\", min = 3.2, max = 3.4 }` | ",
    );
    let broken = parse("name = \n").unwrap_err();
    assert!(broken.starts_with("lab/station.toml:1:"), "{broken}");
}

#[test]
fn writes_an_entry_and_keeps_the_rest() {
    let file = Path::new("station.toml");
    let usb = BoardEntry::Usb(UsbSpecifier {
        vid: Some(0x2e8a),
        pid: Some(5),
        serial_number: Some("E6".to_owned()),
        ..UsbSpecifier::default()
    });
    let new = with_board(file, "", "dut", &usb).unwrap();
    assert_eq!(new, "[boards.dut]\nusb = { vid = 0x2e8a, pid = 0x0005, serial_number = \"E6\" }\n");
    // A second board, and a new port for the first.
    let two = with_board(file, &new, "load", &BoardEntry::Port("/dev/ttyUSB0".to_owned())).unwrap();
    assert_eq!(two, format!("{new}\n[boards.load]\nport = \"/dev/ttyUSB0\"\n"));
    let text = "# The bench by the window.\nname = \"w\"  # short\n\n[boards.dut] # blue\nbaudrate = 9600\nport = \"/dev/ttyACM0\" # left\n\n[limits]\n";
    let changed = with_board(file, text, "dut", &usb).unwrap();
    assert_eq!(
        changed,
        "# The bench by the window.\nname = \"w\"  # short\n\n[boards.dut] # blue\nbaudrate = 9600\nusb = { vid = 0x2e8a, pid = 0x0005, serial_number = \"E6\" }\n\n[limits]\n"
    );
    let again = with_board(file, text, "dut", &BoardEntry::Port("/dev/ttyACM7".to_owned())).unwrap();
    assert_eq!(again, text.replace("ACM0", "ACM7"));
    assert!(with_board(file, "x = 1", "dut", &usb).is_err());
}

#[test]
fn rejects_board_names_that_are_ports() {
    for name in ["dut", "left-1", "prüfling", "COMbo", "simulated", "COM"] {
        assert!(is_board_name(name), "{name}");
    }
    for name in ["", "sim", "Sim", "COM3", "com12", "a b", "a/b", "usb:1"] {
        assert!(!is_board_name(name), "{name}");
    }
}

#[test]
fn a_serial_number_outlasts_its_usb_socket() {
    let found = UsbSpecifier {
        vid: Some(1),
        pid: Some(2),
        serial_number: Some("A".into()),
        location: Some("1-1".into()),
        device: Some("/dev/ttyACM0".into()),
        product: Some("p".into()),
        ..UsbSpecifier::default()
    };
    let lasts = lasting(&found);
    assert_eq!((lasts.serial_number.as_deref(), lasts.location, lasts.device), (Some("A"), None, None));
    let without = lasting(&UsbSpecifier { serial_number: Some(String::new()), ..found });
    assert_eq!((without.serial_number, without.location.as_deref()), (None, Some("1-1")));
}

#[test]
fn recipes_are_texts_with_names() {
    let station =
        Station::parse(Path::new("station.toml"), "[recipes]\nflash-all = \"sync firmware + reset\"\n").unwrap();
    assert_eq!(station.recipes, [("flash-all".to_owned(), "sync firmware + reset".to_owned())]);
    for wrong in ["[recipes]\n\"a b\" = \"ls\"", "[recipes]\na = 1", "[recipes]\n-x = \"ls\""] {
        assert!(Station::parse(Path::new("station.toml"), wrong).is_err(), "{wrong}");
    }
}

#[test]
fn instruments_have_addresses_and_options() {
    let text = "[instruments.psu]\nport = \"TCPIP0::lab::5025::SOCKET\"\nsim = \"sim-instrument:psu.toml\"\n\
                calibrated = 2026-05-01\ntimeout = 2\nparity = \"even\"\n\
                [instruments.dmm]\nsim = \"sim-instrument:std/dmm\"\nsimulate = true\n";
    let station = parse(text).unwrap();
    let (name, psu) = &station.instruments[0];
    assert_eq!((name.as_str(), psu.options.calibrated.as_deref()), ("psu", Some("2026-05-01")));
    assert_eq!(psu.options.timeout, Some(Duration::from_secs(2)));
    assert_eq!(psu.address(false), "TCPIP0::lab::5025::SOCKET");
    assert_eq!(psu.address(true), "sim-instrument:lab/psu.toml");
    assert_eq!(station.instruments[1].1.address(false), "sim-instrument:std/dmm");
    let case = |text: &str, message: &str| {
        let problem = parse(text).unwrap_err();
        assert!(problem.contains(message), "{problem}");
    };
    case("[instruments.psu]\ncalibrated = \"x\"\n", "1:14: missing port of the instrument `psu`");
    case("[instruments.psu]\nport = \"tcp://lab\"\n", "2:8: `tcp://lab` is missing a port number");
    case("[instruments.psu]\nport = \"tcp://lab:1\"\nsimulate = true\n", "`psu` has nothing to simulate it");
    case("[instruments.psu]\nport = \"tcp://lab:1\"\nstop_bits = 3\n", "`stop_bits` takes 1 or 2");
    case("[instruments.psu]\nprot = \"tcp://lab:1\"\n", "did you mean `port`?");
    case(
        "[boards.a]\nport = \"sim\"\n[instruments.a]\nsim = \"sim-instrument:std/psu\"\n",
        "invalid instrument name `a`",
    );
}
