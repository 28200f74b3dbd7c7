//! A client and a served simulated instrument, both by HiSLIP. PyVISA-py judges the server in `tests/program/instruments.rs`.

use super::*;
use crate::instrument::simulated::server::{Protocol, Server};
use crate::instrument::simulated::{Definition, SimInstrument};
use std::io::Read as _;
use std::sync::atomic::{AtomicBool, Ordering};

/// A server that ends with its test.
struct Served {
    instrument: SimInstrument,
    port: u16,
    ends: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Served {
    fn start(definition: Definition) -> Served {
        let instrument = SimInstrument::new(definition);
        let server = Server::listen(instrument.clone(), Protocol::Hislip, "127.0.0.1:0").unwrap();
        let (port, ends) = (server.address().unwrap().port(), Arc::new(AtomicBool::new(false)));
        let end = ends.clone();
        let thread = std::thread::spawn(move || server.serve(&|| end.load(Ordering::SeqCst)).unwrap());
        Served { instrument, port, ends, thread: Some(thread) }
    }

    fn open(&self) -> Instrument {
        let address: InstrumentAddress = format!("hislip://127.0.0.1:{}", self.port).parse().unwrap();
        let InstrumentAddress::Stream(stream) = address.clone() else { panic!() };
        let opener = move || Stream::open(&stream, &PortOptions::default());
        let class = Arc::new(Class::instrument());
        Instrument::open(&class, &address, InstrumentOptions::default(), Box::new(opener), Box::new(|| None)).unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::SeqCst);
        let _ = self.thread.take().unwrap().join();
    }
}

/// A text for `SLOW?`, a number for `V?`, a block of 3 MB for `CURV?`, data for `ARB`.
fn definition() -> Definition {
    let map = |pairs: Vec<(&str, Value)>| {
        Value::Dict(pairs.into_iter().map(|(key, value)| (Value::Str(key.to_owned()), value)).collect())
    };
    let text = |text: &str| Value::Str(text.to_owned());
    let properties = vec![
        ("volts", map(vec![("command", text("V")), ("value", Value::Int(5))])),
        ("slow", map(vec![("query", text("SLOW?")), ("value", text("late")), ("delay", Value::Float(0.2))])),
        ("data", map(vec![("command", text("ARB")), ("value", text(""))])),
    ];
    let block = map(vec![("query", text("CURV?")), ("reply", Value::Bytes(vec![b'\n'; 3 << 20]))]);
    let whole = vec![
        ("identity", text("ACME,PSU-1,SN7,1.0")),
        ("properties", map(properties)),
        ("replies", Value::List(vec![block])),
    ];
    Definition::read(&map(whole)).unwrap()
}

#[test]
fn messages_blocks_and_status_pass_both_ways() {
    let served = Served::start(definition());
    let psu = served.open();
    let plain = CallOptions::default();
    assert_eq!(psu.name(), "PSU-1");
    assert_eq!(psu.query("V?", plain).unwrap(), "5");
    assert!(psu.query_block("CURV?", plain).unwrap() == vec![b'\n'; 3 << 20]);
    psu.write_block("ARB", &vec![b'x'; 2 << 20], plain).unwrap();
    let length = psu.query("ARB?", plain).unwrap().len();
    assert_eq!(length, "#72097152".len() + (2 << 20));
    assert_eq!(psu.status_byte().unwrap(), 0);
    psu.write("WHAT", plain).unwrap();
    psu.wait_done(None).unwrap();
    assert_eq!(psu.status_byte().unwrap(), 4);
    // A reply that nobody read is not that of the next query.
    psu.write("CURV?", plain).unwrap();
    assert_eq!(psu.query("V?", plain).unwrap(), "5");
    psu.clear().unwrap();
    psu.wait_done(None).unwrap();
    assert_eq!(psu.status_byte().unwrap(), 0);
    // Sessions are apart, and see one instrument.
    let other = served.open();
    other.write("V 6", plain).unwrap();
    other.wait_done(None).unwrap();
    assert_eq!(
        (psu.query("V?", plain).unwrap().as_str(), served.instrument.get("volts").unwrap()),
        ("6", Value::Int(6))
    );
}

#[test]
fn a_timeout_is_followed_by_a_device_clear() {
    let served = Served::start(definition());
    let psu = served.open();
    let begun = Instant::now();
    assert_eq!(psu.query("SLOW?", short(20)).unwrap_err().kind(), Kind::TimeoutError);
    assert_eq!(psu.query("V?", CallOptions::default()).unwrap(), "5");
    // The late reply was dropped with the rest, and not waited for.
    assert!(begun.elapsed() < Duration::from_millis(190), "{:?}", begun.elapsed());
    assert_eq!(psu.query("SLOW?", CallOptions::default()).unwrap(), "late");
}

#[test]
fn the_server_refuses_what_is_not_its_protocol() {
    let served = Served::start(definition());
    let said = |bytes: &[u8]| {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, served.port)).unwrap();
        stream.write_all(bytes).unwrap();
        let mut reply = Vec::new();
        // It closes the connection, before it has read everything in some cases.
        let _ = stream.read_to_end(&mut reply);
        String::from_utf8_lossy(&reply).into_owned()
    };
    assert!(said(b"GET / HTTP/1.1\r\n\r\n").ends_with("not a HiSLIP message"));
    // A message for data before the session, an unknown session, and a sub-address of 4 GB.
    assert!(said(b"HS\x07\0\0\0\0\0\0\0\0\0\0\0\0\0").ends_with("a session begins with Initialize"));
    assert!(said(b"HS\0\0\x01\0\0\0\0\0\0\0\0\0\0\x07hislip1").ends_with("the instrument is hislip0"));
    assert!(said(b"HS\x11\0\0\0\x12\x34\0\0\0\0\0\0\0\0").ends_with("unknown session"));
    assert!(said(b"HS\0\0\0\0\0\0\0\0\0\x01\0\0\0\0").ends_with("message too large"));
    assert_eq!(served.open().query("V?", CallOptions::default()).unwrap(), "5");
}
