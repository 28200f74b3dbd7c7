//! Tests against a server that behaves like a board's.

use super::*;
use crate::port::loss::Loss;
use crate::port::socket::tests::{Server, soon};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

/// Replies to the handshake like MicroPython.
fn shake_hands(stream: &mut TcpStream) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let key = head.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
    let accept = websocket::accept_key(key);
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    stream.write_all(answer.as_bytes()).unwrap();
}

/// Reads one masked frame of the client: its first byte and its payload.
fn frame(stream: &mut TcpStream) -> (u8, Vec<u8>) {
    let mut head = [0; 2];
    stream.read_exact(&mut head).unwrap();
    assert!(head[1] & 0x80 != 0, "a client must mask");
    let mut length = usize::from(head[1] & 0x7f);
    if length == 126 {
        let mut wide = [0; 2];
        stream.read_exact(&mut wide).unwrap();
        length = usize::from(u16::from_be_bytes(wide));
    }
    let mut mask = [0; 4];
    stream.read_exact(&mut mask).unwrap();
    let mut payload = vec![0; length];
    stream.read_exact(&mut payload).unwrap();
    for (byte, mask) in payload.iter_mut().zip(mask.into_iter().cycle()) {
        *byte ^= mask;
    }
    (head[0], payload)
}

fn say(stream: &mut TcpStream, first: u8, payload: &[u8]) {
    stream.write_all(&[first, u8::try_from(payload.len()).unwrap()]).unwrap();
    stream.write_all(payload).unwrap();
}

/// A board that asks for the password `secret`, then does `work`.
fn board(work: impl FnOnce(TcpStream) + Send + 'static) -> Server {
    Server::start(move |mut stream| {
        shake_hands(&mut stream);
        say(&mut stream, 0x81, b"Password: ");
        let (first, payload) = frame(&mut stream);
        assert_eq!(first, 0x81);
        if payload == b"secret\r" {
            say(&mut stream, 0x81, b"\r\nWebREPL connected\r\n>>> ");
            work(stream);
        } else {
            say(&mut stream, 0x81, b"\r\nAccess denied\r\n");
        }
    })
}

#[test]
fn drops_a_flood() {
    let flood = |mut stream: TcpStream| {
        // Frames of 8 KiB, and the header of one that announces 4 EiB.
        let mut piece = [0x81, 126, 0x20, 0].to_vec();
        piece.extend(vec![b'x'; 0x2000]);
        for _ in 0..1024 {
            if stream.write_all(&piece).is_err() {
                return;
            }
        }
        let _ = stream.write_all(&[0x81, 127, 0x40, 0, 0, 0, 0, 0, 0, 0]);
        while stream.write_all(&piece).is_ok() {}
    };
    let server = board(flood);
    let mut port = WebReplPort::open(&server.endpoint, Some("secret")).unwrap();
    // While the host writes, it reads the board only for signs of progress.
    let error = port.write(&vec![b'a'; 1 << 20], soon()).unwrap_err();
    assert!(
        matches!(&error, PortError::Gone(how) if how.to_string().ends_with("sent more than 1 MiB and accepted nothing")),
        "{error:?}"
    );
    assert!(port.early.capacity() + port.raw.capacity() < 4 * bound::UNREAD);
    drop(port);
    let server = Server::start(move |mut stream| {
        shake_hands(&mut stream);
        flood(stream);
    });
    let error = WebReplPort::open(&server.endpoint, Some("secret")).err().unwrap();
    assert!(error.message().ends_with("did not send the prompt `Password:`"), "{error}");
}

#[test]
fn text_passes_both_ways_and_pings_are_answered() {
    let server = board(|mut stream| {
        assert_eq!(frame(&mut stream), (0x81, b"1+1\r".to_vec()));
        say(&mut stream, 0x89, b"still there?");
        assert_eq!(frame(&mut stream), (0x8a, b"still there?".to_vec()));
        say(&mut stream, 0x81, b"2\r\n");
        assert_eq!(frame(&mut stream).0, 0x88);
    });
    let mut port = WebReplPort::open(&server.endpoint, Some("secret")).unwrap();
    assert!(!port.abilities().soft_reset);
    port.write(b"1+1\r", soon()).unwrap();
    let mut seen = Vec::new();
    while !seen.ends_with(b"2\r\n") {
        port.read(&mut seen, soon()).unwrap();
    }
    drop(port);
    server.join();
}

#[test]
fn blocks_wait_for_the_board() {
    let text: String = "naïve €".chars().cycle().take(900).collect();
    let expected = text.clone();
    let server = board(move |mut stream| {
        let mut heard = Vec::new();
        while heard.len() < expected.len() {
            let (first, payload) = frame(&mut stream);
            assert!(payload.len() <= BLOCK && std::str::from_utf8(&payload).is_ok(), "{}", payload.len());
            assert_eq!(first, 0x81);
            heard.extend(payload);
            // Nothing more comes before the board sends something or a pause is over.
            stream.set_read_timeout(Some(PAUSE / 5)).unwrap();
            if heard.len() < expected.len() {
                assert!(stream.peek(&mut [0]).is_err(), "more than a block came at once");
            }
            stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            say(&mut stream, 0x81, b".");
        }
        assert_eq!(heard, expected.as_bytes());
        // Silence does not hold up the next ones indefinitely.
        while heard.len() < 2 * expected.len() {
            heard.extend(frame(&mut stream).1);
        }
        say(&mut stream, 0x81, b"done");
    });
    let mut port = WebReplPort::open(&server.endpoint, Some("secret")).unwrap();
    port.write(text.as_bytes(), soon()).unwrap();
    port.write(text.as_bytes(), soon()).unwrap();
    let mut seen = Vec::new();
    while !seen.ends_with(b"done") {
        port.read(&mut seen, soon()).unwrap();
    }
    server.join();
}

#[test]
fn asks_for_passwords_and_never_repeats_them() {
    let case = |password: Option<&str>, expected: &str| {
        let server = Server::start(|mut stream| {
            shake_hands(&mut stream);
            say(&mut stream, 0x81, b"Password: ");
            if frame(&mut stream).0 == 0x81 {
                say(&mut stream, 0x81, b"\r\nAccess denied\r\n");
            }
        });
        let error = WebReplPort::open(&server.endpoint, password).err().unwrap();
        let message = format!("`ws://{}` {expected}", server.endpoint);
        assert_eq!((error.kind(), error.message()), (Kind::AuthenticationError, message.as_str()));
        assert!(!format!("{error} {error:?}").contains("hush"));
        server.join();
    };
    case(Some("hush hush"), "rejected the password");
    case(None, "asks for a password");
}

#[test]
fn reports_the_end_after_the_last_output() {
    let server = board(|mut stream| {
        stream.write_all(b"\x81\x03bye\x88\x07\x03\xe8reset").unwrap();
        let _ = frame(&mut stream);
    });
    let mut port = WebReplPort::open(&server.endpoint, Some("secret")).unwrap();
    let mut seen = Vec::new();
    let ended = loop {
        if let Err(error) = port.read(&mut seen, soon()) {
            break error;
        }
    };
    assert!(seen.ends_with(b"bye"));
    let gone = PortError::Gone(Loss::Protocol(format!("`{}` closed the connection: reset", port.name())));
    assert_eq!(ended, gone);
    assert_eq!(port.write(b"x", soon()), Err(gone.clone()));
    assert_eq!(port.read_available(&mut seen), Err(gone));
    server.join();
}

#[test]
fn rejects_servers_that_are_not_webrepl() {
    let case = |answer: &'static [u8], expected: &str| {
        let server = Server::start(move |mut stream| {
            stream.write_all(answer).unwrap();
            let _ = stream.read(&mut [0; 1024]);
        });
        let error = WebReplPort::open(&server.endpoint, Some("x")).err().unwrap();
        let message = format!("`ws://{}` {expected}", server.endpoint);
        assert_eq!((error.kind(), error.message()), (Kind::ConnectionFailedError, message.as_str()));
        server.join();
    };
    case(b"MicroPython v1.27\r\n>>> ", "is not a web server");
    case(b"HTTP/1.0 404 Not Found\r\n\r\n", "responded `404 Not Found` instead of opening a WebSocket");
    case(b"HTTP/1.1 101 OK\r\nSec-WebSocket-Accept: x\r\n\r\n", "sent a wrong `Sec-WebSocket-Accept`");
}

#[test]
fn blocks_hold_whole_characters() {
    let case =
        |text: &str, limit: usize, expected: usize| assert_eq!(block(text.as_bytes(), limit), expected, "{text}");
    case("abc", 10, 3);
    case("abcdef", 4, 4);
    case("ab€def", 4, 2);
    case("abc€", 6, 6);
    case("€", 1, 1);
    case(&"x".repeat(600), 999, BLOCK);
    assert_eq!(block(&[0x80; 20], 10), 10);
}
