//! Simulated units, asked by this crate's own client over both transports.

use super::port::SimPort;
use super::*;
use crate::console::Console;
use crate::console::failure::Failure;
use crate::modbus::{Line, Patience, Transport};
use std::time::Duration;

const CHAMBER: &str = r#"
unit = 3
word_order = "little"

[[coils]]
address = 0
count = 4
value = [true, false, true, false]

[[discrete_inputs]]
address = 5
value = true

[[holding_registers]]
name = "set point"
address = 0
type = "f32"
value = 20.0
min = -40
max = 180

[[holding_registers]]
address = 10
value = [7, 8]

[[holding_registers]]
address = 20
fails = 6

[[input_registers]]
address = 0
type = "f32"
follows = "set point"
"#;

fn never() -> bool {
    false
}

fn asked(unit: &SimUnit, id: u8, is_tcp: bool, request: &Request) -> std::result::Result<Answer, String> {
    let port = SimPort::new(unit.clone(), "sim-modbus:chamber", is_tcp);
    let console = Console::over("chamber", Box::new(port)).unwrap();
    let line = Line::new(console, if is_tcp { Transport::Tcp } else { Transport::rtu(115_200) });
    let patience = Patience { timeout: Duration::from_millis(if id == 3 || is_tcp { 5000 } else { 40 }), retries: 0 };
    let answer = line.ask(id, request, patience, &never).map_err(|failure| match failure {
        Failure::Error(error) => error.message().to_owned(),
        Failure::Stopped => "stopped".to_owned(),
    });
    line.console().close();
    answer
}

fn read(table: Table, address: u16, count: u16) -> Request {
    Request::Read { table, address, count }
}

#[test]
fn what_is_written_is_read_back_by_both_transports() {
    for is_tcp in [false, true] {
        let unit = SimUnit::parse("chamber.toml", CHAMBER).unwrap();
        let ask = |request: Request| asked(&unit, 3, is_tcp, &request);
        assert_eq!(ask(read(Table::Coils, 0, 4)), Ok(Answer::Bits(vec![true, false, true, false])));
        assert_eq!(ask(read(Table::DiscreteInputs, 5, 1)), Ok(Answer::Bits(vec![true])));
        assert_eq!(ask(read(Table::HoldingRegisters, 10, 2)), Ok(Answer::Registers(vec![7, 8])));
        assert_eq!(ask(Request::WriteCoils(1, vec![true, false])), Ok(Answer::Written));
        assert_eq!(ask(Request::WriteCoil(3, true)), Ok(Answer::Written));
        assert_eq!(ask(read(Table::Coils, 0, 4)), Ok(Answer::Bits(vec![true, true, false, true])));
        assert_eq!(ask(Request::WriteRegister(11, 9)), Ok(Answer::Written));
        // 85.0 as a float, the lowest 16 bits first; the input follows.
        assert_eq!(ask(Request::WriteRegisters(0, vec![0, 0x42aa])), Ok(Answer::Written));
        assert_eq!(ask(read(Table::InputRegisters, 0, 2)), Ok(Answer::Registers(vec![0, 0x42aa])));
        assert_eq!(ask(read(Table::HoldingRegisters, 11, 1)), Ok(Answer::Registers(vec![9])));
    }
}

#[test]
fn what_cannot_be_done_is_refused_with_an_exception_and_changes_nothing() {
    let unit = SimUnit::parse("chamber.toml", CHAMBER).unwrap();
    let refused = |request: Request, code: u8| {
        let error = asked(&unit, 3, true, &request).unwrap_err();
        assert!(error.contains(&format!("(exception {code})")), "{}: {error}", request.words());
    };
    refused(read(Table::Coils, 4, 1), ILLEGAL_ADDRESS);
    refused(read(Table::HoldingRegisters, 1, 3), ILLEGAL_ADDRESS);
    refused(read(Table::HoldingRegisters, 20, 1), 6);
    // 200.0 is above the range.
    refused(Request::WriteRegisters(0, vec![0, 0x4348]), ILLEGAL_VALUE);
    assert_eq!(
        asked(&unit, 3, true, &read(Table::HoldingRegisters, 0, 2)),
        Ok(Answer::Registers(vec![0, 0x41a0])),
        "it still is 20.0"
    );
    assert_eq!(unit.answer_tcp(3, &[0x2b, 14, 1, 0]), [0xab, ILLEGAL_FUNCTION]);
    assert_eq!(unit.answer_tcp(3, &[3, 0, 0, 0, 0]), [0x83, ILLEGAL_VALUE]);
    assert_eq!(unit.answer_tcp(3, &[3, 0xff, 0xff, 0, 2]), [0x83, ILLEGAL_ADDRESS]);
    assert_eq!(unit.answer_tcp(3, &[5, 0, 0, 1, 0]), [0x85, ILLEGAL_VALUE]);
    assert_eq!(unit.answer_tcp(4, &[3, 0, 10, 0, 1]), [0x83, NO_SUCH_UNIT]);
    assert_eq!(unit.answer_tcp(255, &[3, 0, 10, 0, 1]), [3, 2, 0, 7]);
    // On a serial line other units are silent, and nobody answers a broadcast.
    assert!(asked(&unit, 4, false, &read(Table::Coils, 0, 1)).unwrap_err().contains("did not answer"));
    assert_eq!(unit.answer_rtu(0, &[6, 0, 10, 0, 1]), None);
    assert_eq!(unit.answer_rtu(3, &[3, 0, 10, 0, 1]), Some(vec![3, 2, 0, 1]), "but all carry it out");
}

#[test]
fn descriptions_that_cannot_be_meant_are_refused() {
    let case = |text: &str, wanted: &str| {
        let error = SimUnit::parse("u.toml", text).err().unwrap_or_else(|| panic!("{text}"));
        assert!(error.message().contains(wanted), "{text}: {}", error.message());
        let says_what_to_do = error.help().is_some() || error.message().contains("it takes");
        assert!(says_what_to_do || error.kind() == crate::Kind::ParseError, "{text}");
    };
    case("unit = 0", "`unit` is wrong");
    case("coil = 1", "unknown key `coil` in a simulated unit");
    case("[coils]", "`coils` is not a list");
    case("[[coils]]", "an entry of coils has no address");
    case("[[coils]]\naddress = 0\nvalue = 1", "`value` of coils is wrong");
    case("[[coils]]\naddress = 0\nmin = 1", "unknown key `min` in coils");
    case("[[input_registers]]\naddress = 0\nvalue = 70000", "70000 does not fit into 16 bits");
    case("[[input_registers]]\naddress = 65535\ntype = \"u32\"", "an entry at 65535 ends after 65535");
    case(
        "[[input_registers]]\naddress = 0\ntype = \"u32\"\n[[input_registers]]\naddress = 1",
        "the entries at 0 and 1 overlap",
    );
    case("[[input_registers]]\naddress = 0\nfollows = \"x\"", "`follows` names the unknown entry `x`");
    case("[[coils]]\naddress = 0\ncount = 2\nvalue = [true]", "`value` of coils has another length than `count`");
    case("unit = ", "invalid TOML in line 1 of `u.toml`");
}
