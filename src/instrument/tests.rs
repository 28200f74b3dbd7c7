//! An instrument on the loopback, whose replies a closure makes.

mod faults;
mod hislip;

use super::block::Format;
use super::class::{Class, Item, ItemKind, Param, ParamKind, Returns};
use super::simulated::SimInstrument;
use super::*;
use crate::error::{Error, Kind};
use crate::port::options::PortOptions;
use crate::port::stream::{Stream, StreamAddress};
use crate::value::Value;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Serves every client that connects: each line to `reply`, which writes.
pub(crate) fn serve(reply: impl Fn(&str, &mut TcpStream) + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let reply = Arc::new(reply);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (reply, mut stream) = (reply.clone(), stream.unwrap());
            std::thread::spawn(move || {
                for line in BufReader::new(stream.try_clone().unwrap()).lines() {
                    let Ok(line) = line else { return };
                    if line == "close" {
                        let _ = stream.shutdown(std::net::Shutdown::Both);
                        return;
                    }
                    reply(&line, &mut stream);
                }
            });
        }
    });
    port
}

fn try_open(port: u16, options: InstrumentOptions) -> crate::Result<Instrument> {
    let address: InstrumentAddress = format!("tcp://127.0.0.1:{port}").parse().unwrap();
    let InstrumentAddress::Stream(stream) = address.clone() else { panic!() };
    let opener = move || Stream::open(&stream, &PortOptions::default());
    Instrument::open(&Arc::new(Class::instrument()), &address, options, Box::new(opener), Box::new(|| None))
}

fn open(port: u16) -> Instrument {
    try_open(port, InstrumentOptions::default()).unwrap()
}

const MODEL: &str = "ACME,PSU-1,SN7,1.0\n";

/// What most servers answer, too.
pub(crate) fn known(line: &str, stream: &mut TcpStream) -> bool {
    let reply = match line {
        "*IDN?" => MODEL,
        "*OPC?" => "1\n",
        "SYST:ERR?" => "0,\"No error\"\n",
        _ => return false,
    };
    stream.write_all(reply.as_bytes()).unwrap();
    true
}

fn short(milliseconds: u64) -> CallOptions {
    CallOptions { timeout: Some(Duration::from_millis(milliseconds)), ..CallOptions::default() }
}

#[test]
fn queries_return_lines_numbers_and_blocks() {
    let port = serve(|line, stream| {
        let reply: &[u8] = match line {
            line if known(line, stream) => return,
            "V?" => b"+1.5E+0\r\n",
            "LIST?" => b"1,2.5\n",
            "BLOCK?" => b"#14\x00\x01\x00\n\n",
            "FOREVER?" => b"#0ab\ncd\n",
            "TEXT?" => b"\xb5V\n",
            _ => return,
        };
        // In two parts, of which the second comes later.
        let (first, second) = reply.split_at(reply.len() / 2);
        stream.write_all(first).unwrap();
        stream.write_all(second).unwrap();
    });
    let psu = open(port);
    assert_eq!(psu.name(), "PSU-1");
    assert_eq!(psu.identity().unwrap().firmware, "1.0");
    let plain = CallOptions::default();
    assert_eq!(psu.query("V?", plain).unwrap(), "+1.5E+0");
    assert_eq!(psu.query("TEXT?", plain).unwrap(), "µV");
    let numbers = |command: &str, format| psu.query_numbers(command, NumberOptions { format, little: false }, plain);
    assert_eq!(numbers("LIST?", None).unwrap(), [Value::Int(1), Value::Float(2.5)]);
    assert_eq!(numbers("BLOCK?", Some(Format::I16)).unwrap(), [Value::Int(1), Value::Int(10)]);
    let error = numbers("BLOCK?", None).unwrap_err();
    assert!(error.help().unwrap().contains("format"), "{error:?}");
    assert_eq!(numbers("BLOCK?", Some(Format::F64)).unwrap_err().kind(), Kind::ProtocolError);
    assert_eq!(numbers("TEXT?", None).unwrap_err().kind(), Kind::ProtocolError);
    assert_eq!(psu.query_block("FOREVER?", plain).unwrap(), b"ab\ncd");
    assert_eq!(psu.query_block("V?", plain).unwrap_err().kind(), Kind::ProtocolError);
    psu.write("BLOCK?", plain).unwrap();
    assert_eq!(psu.read_block(plain).unwrap(), b"\0\x01\0\n");
    psu.wait_done(None).unwrap();
    psu.close().unwrap();
    assert_eq!(psu.query("V?", plain).unwrap_err().kind(), Kind::ClosedError);
}

#[test]
fn late_replies_are_never_taken_for_those_of_another_query() {
    // A reply to `SLOW?` comes with the next message, whatever that is.
    let late = std::sync::Mutex::new(Vec::new());
    let port = serve(move |line, stream| {
        let owed = std::mem::take(&mut *late.lock().unwrap());
        stream.write_all(&owed).unwrap();
        match line {
            "SLOW?" => late.lock().unwrap().extend(b"13\n"),
            "HALF?" => {
                stream.write_all(b"#17ab").unwrap();
                late.lock().unwrap().extend(b"\ncdef\n");
            }
            "V?" => stream.write_all(b"5\n").unwrap(),
            "NEVER?" => {}
            _ => assert!(known(line, stream), "{line}"),
        }
    });
    let psu = open(port);
    for command in ["SLOW?", "NEVER?", "HALF?"] {
        let error = match command {
            "HALF?" => psu.query_block(command, short(30)).unwrap_err(),
            _ => psu.query(command, short(30)).unwrap_err(),
        };
        assert_eq!(error.kind(), Kind::TimeoutError, "{error:?}");
        assert_eq!(error.message(), format!("timed out after 30ms waiting for the reply to `{command}`"));
        assert_eq!(psu.query("V?", CallOptions::default()).unwrap(), "5", "after {command}");
    }
    // An identity that is late looks like one that is not: another question tells them apart.
    let quiet = std::sync::Mutex::new(2);
    let port = serve(move |line, stream| {
        let mut quiet = quiet.lock().unwrap();
        match (line, *quiet) {
            ("*IDN?", 1) => *quiet = 0,
            ("*OPC?", 0) => {
                stream.write_all(MODEL.as_bytes()).unwrap();
                stream.write_all(b"1\n").unwrap();
            }
            ("*IDN?", _) => {
                *quiet -= 1;
                stream.write_all(MODEL.as_bytes()).unwrap();
            }
            _ => stream.write_all(b"6\n").unwrap(),
        }
    });
    let psu = open(port);
    psu.set_timeout(Duration::from_millis(100));
    assert_eq!(psu.identify().unwrap_err().kind(), Kind::TimeoutError);
    psu.set_timeout(Duration::from_secs(10));
    assert_eq!(psu.query("V?", CallOptions::default()).unwrap(), "6");
}

#[test]
fn an_instrument_that_is_silent_says_so_and_recovers() {
    let dead = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let seen = dead.clone();
    let port = serve(move |line, stream| {
        if !seen.load(std::sync::atomic::Ordering::SeqCst) && !known(line, stream) {
            stream.write_all(b"5\n").unwrap();
        }
    });
    let psu = open(port);
    dead.store(true, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(psu.query("V?", short(20)).unwrap_err().kind(), Kind::TimeoutError);
    let error = psu.query("V?", short(20)).unwrap_err();
    assert_eq!(error.message(), "no response since `V?` timed out");
    dead.store(false, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(psu.query("V?", CallOptions::default()).unwrap(), "5");
}

#[test]
fn queries_are_retried_and_lost_connections_opened_again() {
    let count = std::sync::Mutex::new(0);
    let port = serve(move |line, stream| {
        let mut count = count.lock().unwrap();
        match line {
            "V?" => {
                *count += 1;
                if *count == 2 {
                    stream.write_all(b"7\n").unwrap();
                }
            }
            _ => assert!(known(line, stream)),
        }
    });
    let options = InstrumentOptions { retries: Some(1), ..InstrumentOptions::default() };
    let psu = try_open(port, options).unwrap();
    assert_eq!(psu.query("V?", short(50)).unwrap(), "7");
    psu.write("close", CallOptions::default()).unwrap();
    // With a retry the loss is not noticed.
    assert_eq!(psu.identify().unwrap().model, "PSU-1");
    let plain = open(port);
    plain.write("close", CallOptions::default()).unwrap();
    assert_eq!(plain.query("*OPC?", CallOptions::default()).unwrap_err().kind(), Kind::ConnectionLost);
    assert_eq!(plain.query("*OPC?", CallOptions::default()).unwrap(), "1");
}

#[test]
fn the_error_queue_is_raised_as_data() {
    let queue = std::sync::Mutex::new(Vec::<&str>::new());
    let port = serve(move |line, stream| {
        let mut queue = queue.lock().unwrap();
        match line {
            "SYST:ERR?" => {
                let entry = queue.pop().unwrap_or("+0,\"No error\"");
                writeln!(stream, "{entry}").unwrap();
            }
            "VOLT 99" => queue.extend(["-102,\"Syntax error\"", "-222,\"Data out of range\""]),
            _ => {
                known(line, stream);
            }
        }
    });
    let options = InstrumentOptions { check_errors: Some(true), ..InstrumentOptions::default() };
    let psu = try_open(port, options).unwrap();
    psu.write("VOLT 1", CallOptions::default()).unwrap();
    let error = psu.write("VOLT 99", CallOptions::default()).unwrap_err();
    assert_eq!(error.kind(), Kind::InstrumentError);
    assert_eq!(error.headline(), "`PSU-1`: `VOLT 99` was refused: Data out of range (-222)");
    assert_eq!(error.fault(), Some((-222, "Data out of range")));
    assert!(error.help().unwrap().ends_with("Syntax error (-102)"), "{error:?}");
    let unchecked = CallOptions { check_errors: Some(false), ..CallOptions::default() };
    psu.write("VOLT 99", unchecked).unwrap();
    assert_eq!(psu.errors().unwrap().len(), 2);
    assert_eq!(psu.errors().unwrap(), []);
    psu.clear().unwrap();
}

#[test]
fn threads_take_turns_and_groups_stay_together() {
    let port = serve(|line, stream| match line {
        line if known(line, stream) => {}
        line => writeln!(stream, "{line}").unwrap(),
    });
    let psu = open(port);
    let plain = CallOptions::default();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let psu = &psu;
            scope.spawn(move || {
                for number in 0..50 {
                    let command = format!("{thread}-{number}?");
                    assert_eq!(psu.query(&command, plain).unwrap(), command);
                }
            });
        }
    });
    let order = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        let held = psu.lock().unwrap();
        // Its own thread may go on.
        psu.query("a?", plain).unwrap();
        let other = scope.spawn(|| {
            psu.query("b?", plain).unwrap();
            order.lock().unwrap().push("other");
        });
        psu.query("c?", plain).unwrap();
        order.lock().unwrap().push("group");
        drop(held);
        other.join().unwrap();
    });
    assert_eq!(*order.lock().unwrap(), ["group", "other"]);
}

#[test]
fn what_is_not_an_instrument_is_refused_on_open() {
    let port = serve(|_, _| {});
    let options = InstrumentOptions { timeout: Some(Duration::from_millis(30)), ..InstrumentOptions::default() };
    let error = try_open(port, options.clone()).err().unwrap();
    assert_eq!(error.message(), format!("`tcp://127.0.0.1:{port}` did not respond to `*IDN?`"));
    let options = InstrumentOptions { identify: Some(false), ..options };
    let other = try_open(port, options).unwrap();
    assert_eq!((other.name(), other.identity()), ("Instrument", None));
    // Without a known question, only what came already is dropped.
    assert_eq!(other.query("V?", short(10)).unwrap_err().kind(), Kind::TimeoutError);
    assert_eq!(other.query("V?", short(10)).unwrap_err().kind(), Kind::TimeoutError);
}

#[test]
fn a_run_that_ends_ends_a_wait() {
    let port = serve(|line, stream| {
        known(line, stream);
    });
    let address: InstrumentAddress = format!("tcp://127.0.0.1:{port}").parse().unwrap();
    let stream: StreamAddress = format!("tcp://127.0.0.1:{port}").parse().unwrap();
    let end = Instant::now() + Duration::from_millis(200);
    let opener = move || Stream::open(&stream, &PortOptions::default());
    let class = Arc::new(Class::instrument());
    let options = InstrumentOptions::default();
    let psu = Instrument::open(&class, &address, options, Box::new(opener), Box::new(move || Some(end)));
    let psu = psu.unwrap();
    let error: Error = psu.query("V?", CallOptions::default()).unwrap_err();
    assert_eq!(error.message(), "timed out waiting for the reply to `V?`");
    assert!(Instant::now() < end + Duration::from_secs(2));
}

/// A simulated supply of a class with these items.
fn simulated(items: Vec<Item>) -> (crate::Result<Instrument>, SimInstrument) {
    let psu = SimInstrument::parse("psu.toml", super::simulated::tests::SUPPLY).unwrap();
    let class = Arc::new(Class::build("Psu", "", Some(crate::origin::Origin::new("t", 1, 1)), items, &[]).unwrap());
    let address = InstrumentAddress::Simulated("psu.toml".to_owned());
    let opened =
        Instrument::open_simulated(&class, &address, &psu, InstrumentOptions::default(), Box::new(|| None), None);
    (opened, psu)
}

#[test]
fn items_are_called_and_teardowns_run_whatever_fails() {
    use super::class::tests::item;
    let volts = || Param { name: "v".to_owned(), kind: ParamKind::Float, unit: "V".to_owned(), ..Param::default() };
    let measure = Item { returns: Returns::Float, ..item(ItemKind::Query, "measure", vec![], "MEAS:VOLT?") };
    let mode = Item { returns: Returns::Float, ..item(ItemKind::Query, "mode", vec![], "MODE?") };
    let mut on = item(ItemKind::Setup, "on", vec![], "OUTP ON");
    on.options.autoinit = true;
    let mut broken = item(ItemKind::Teardown, "broken", vec![], "FAN 0");
    broken.options.check_errors = Some(true);
    let off = item(ItemKind::Teardown, "off", vec![], "OUTP OFF");
    let set = item(ItemKind::Command, "set", vec![volts()], "VOLT {v}");
    let (psu, sim) = simulated(vec![set, measure, mode, on, broken, off]);
    let psu = psu.unwrap();
    assert_eq!((psu.name(), psu.is_simulated(), sim.get("output").unwrap()), ("Psu", true, Value::Bool(true)));
    let call = |name: &str, values: &[Value]| {
        psu.call(psu.item(name).unwrap(), values, &[], |text, unit| (text == "500 mV" && unit == "V").then_some(0.5))
    };
    assert_eq!(call("set", &[Value::Str("500 mV".to_owned())]).unwrap(), Value::None);
    assert_eq!(call("measure", &[]).unwrap(), Value::Float(0.5));
    let message = |name: &str, values: &[Value]| call(name, values).unwrap_err().headline();
    assert_eq!(message("set", &[]), "`Psu`: `set` needs a value for `v`");
    assert_eq!(message("set", &[Value::Int(1), Value::Int(2)]), "`Psu`: `set` takes 1 argument, not 2");
    assert_eq!(message("set", &[Value::Str("1 A".to_owned())]), "`Psu`: command `set`: `v` is a string, not a number");
    assert_eq!(message("mode", &[]), "`Psu`: query `mode`: the reply to `MODE?` is `CV`, not a value of type `float`");
    let error = psu.close().unwrap_err();
    assert_eq!((error.kind(), error.fault()), (Kind::InstrumentError, Some((-240, "Hardware error"))));
    assert_eq!(sim.get("output").unwrap(), Value::Bool(false));
    assert!(psu.close().is_ok() && !psu.is_open());
}

#[test]
fn a_setup_that_fails_closes_the_instrument_again() {
    use super::class::tests::item;
    let mut on = item(ItemKind::Setup, "on", vec![], "OUTP ON\nFAN 1");
    (on.options.autoinit, on.options.check_errors) = (true, Some(true));
    let (psu, sim) = simulated(vec![on, item(ItemKind::Teardown, "off", vec![], "OUTP OFF")]);
    assert_eq!(psu.err().unwrap().kind(), Kind::InstrumentError);
    assert_eq!(sim.get("output").unwrap(), Value::Bool(false));
}
