//! Lines to devices in this process.

use super::pdu::Table;
use super::*;
use crate::port::endpoint::Endpoint;
use crate::port::socket::SocketPort;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread::JoinHandle;

const QUICK: Patience = Patience { timeout: Duration::from_millis(60), retries: 1 };
const PATIENT: Patience = Patience { timeout: Duration::from_secs(10), retries: 0 };
const READ: Request = Request::Read { table: Table::HoldingRegisters, address: 0, count: 1 };

fn never() -> bool {
    false
}

fn line(transport: Transport, work: impl FnOnce(TcpStream) + Send + 'static) -> (Line, JoinHandle<()>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let endpoint = Endpoint { host: "127.0.0.1".to_owned(), port: listener.local_addr().unwrap().port() };
    let thread = std::thread::spawn(move || work(listener.accept().unwrap().0));
    let console = Console::over("chamber", Box::new(SocketPort::open(&endpoint).unwrap())).unwrap();
    (Line::new(console, transport), thread)
}

fn hear(stream: &mut TcpStream, expected: &[u8]) {
    let mut heard = vec![0; expected.len()];
    stream.read_exact(&mut heard).unwrap();
    assert_eq!(heard, expected);
}

fn error(failure: Failure) -> Error {
    match failure {
        Failure::Error(error) => error,
        Failure::Stopped => panic!("stopped"),
    }
}

#[test]
fn a_serial_device_answers_in_pieces_and_after_a_retry() {
    let (line, thread) = line(Transport::rtu(115_200), |mut stream| {
        hear(&mut stream, &[1, 3, 0, 0, 0, 1, 0x84, 0x0a]);
        // The first answer is garbled.
        stream.write_all(&[1, 3, 2, 0, 8, 0xf9, 0x86]).unwrap();
        hear(&mut stream, &[1, 3, 0, 0, 0, 1, 0x84, 0x0a]);
        for byte in [1, 3, 2, 0, 7, 0xf9, 0x86] {
            stream.write_all(&[byte]).unwrap();
        }
        hear(&mut stream, &[0, 6, 0, 1, 0, 3, 0x99, 0xda]);
    });
    assert_eq!(line.ask(1, &READ, QUICK, &never).unwrap(), Answer::Registers(vec![7]));
    assert_eq!(line.ask(0, &Request::WriteRegister(1, 3), QUICK, &never).unwrap(), Answer::Written);
    assert!(error(line.ask(0, &READ, QUICK, &never).unwrap_err()).message().starts_with("unit 0 is a broadcast"));
    thread.join().unwrap();
    line.console().close();
}

#[test]
fn a_device_that_does_not_answer_is_named() {
    let (line, thread) = line(Transport::rtu(9600), |mut stream| {
        hear(&mut stream, &[7, 3, 0, 0, 0, 1, 0x84, 0x6c]);
        stream.write_all(b"\x00\xff?").unwrap();
        hear(&mut stream, &[7, 3, 0, 0, 0, 1, 0x84, 0x6c]);
        stream.write_all(b"\x00").unwrap();
        let _ = stream.read(&mut [0; 1]);
    });
    let missing = error(line.ask(7, &READ, QUICK, &never).unwrap_err());
    assert_eq!(missing.kind(), Kind::TimeoutError);
    assert_eq!(
        missing.headline(),
        "`chamber`: unit 7 did not answer reading holding register 0 within 0.06 s, 2 times"
    );
    assert_eq!(missing.help(), Some("1 byte came, but no valid answer: check the baud rate and the parity"));
    line.console().close();
    thread.join().unwrap();
}

#[test]
fn exceptions_and_late_answers_on_tcp() {
    let (line, thread) = line(Transport::Tcp, |mut stream| {
        hear(&mut stream, &[0, 1, 0, 0, 0, 6, 5, 3, 0, 0, 0, 1]);
        stream.write_all(&[0, 1, 0, 0, 0, 3, 5, 0x83, 2]).unwrap();
        hear(&mut stream, &[0, 2, 0, 0, 0, 6, 5, 3, 0, 0, 0, 1]);
        // The answer to an earlier request comes late, before that to this one.
        stream.write_all(&[0, 1, 0, 0, 0, 5, 5, 3, 2, 0, 1, 0, 2, 0, 0, 0, 5, 5, 3, 2, 0, 9]).unwrap();
        hear(&mut stream, &[0, 3, 0, 0, 0, 6, 5, 3, 0, 0, 0, 1]);
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n").unwrap();
        let _ = stream.read(&mut [0; 1]);
    });
    let refused = error(line.ask(5, &READ, PATIENT, &never).unwrap_err());
    assert_eq!(refused.kind(), Kind::InstrumentError);
    assert_eq!(refused.message(), "unit 5 answered `illegal data address` (exception 2) to reading holding register 0");
    assert_eq!(line.ask(5, &READ, PATIENT, &never).unwrap(), Answer::Registers(vec![9]));
    assert_eq!(error(line.ask(5, &READ, PATIENT, &never).unwrap_err()).kind(), Kind::ProtocolError);
    line.console().close();
    thread.join().unwrap();
}

#[test]
fn closures_take_turns() {
    let (line, thread) = line(Transport::Tcp, |mut stream| {
        for _ in 0..8 {
            let mut request = [0; 12];
            stream.read_exact(&mut request).unwrap();
            let [t0, t1, ..] = request;
            stream.write_all(&[t0, t1, 0, 0, 0, 5, 1, 3, 2, 0, request[9]]).unwrap();
        }
    });
    std::thread::scope(|scope| {
        for address in 0..8 {
            let line = &line;
            scope.spawn(move || {
                let request = Request::Read { table: Table::HoldingRegisters, address, count: 1 };
                assert_eq!(line.ask(1, &request, PATIENT, &never).unwrap(), Answer::Registers(vec![address]));
            });
        }
    });
    thread.join().unwrap();
    line.console().close();
}
