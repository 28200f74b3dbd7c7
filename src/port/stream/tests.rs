use super::*;
use crate::port::socket::tests::{Server, soon};
use std::io::{Read as _, Write as _};

fn open(server: &Server) -> Stream {
    let address: StreamAddress = format!("tcp://{}", server.endpoint).parse().unwrap();
    Stream::open(&address, &PortOptions::default()).unwrap()
}

#[test]
fn addresses_are_parsed_and_displayed() {
    for text in
        ["tcp://lab:5025", "/dev/ttyUSB1", "usb:0403:6001:A1", "rfc2217://lab:1", "exec:cat", "usbtmc:/dev/usbtmc0"]
    {
        assert_eq!(text.parse::<StreamAddress>().unwrap().to_string(), text);
    }
    for text in ["sim", "ws://lab", "replay:x", "usbtmc:", "lab", ""] {
        let error = text.parse::<StreamAddress>().unwrap_err();
        assert!(error.help().is_some(), "{text}: {error:?}");
    }
    assert_eq!("usbtmc:/dev/usbtmc3".parse::<StreamAddress>().unwrap().reach().unwrap(), Reach::Nothing);
    for path in ["/etc/passwd", "/dev/usbtmc", "/dev/usbtmc0/../sda"] {
        let error = StreamAddress::UsbTmc(path.to_owned()).reach().unwrap_err();
        assert_eq!(error.kind(), Kind::ConnectionFailedError);
    }
}

#[test]
fn reads_lines_and_counts_however_they_are_split() {
    let server = Server::start(|mut stream| {
        for part in ["on", "e\r", "\ntwo\r\r\n", "\r\nabc", "defg"] {
            stream.write_all(part.as_bytes()).unwrap();
            let mut go = [0];
            stream.read_exact(&mut go).unwrap();
        }
    });
    let mut stream = open(&server);
    let line = |stream: &mut Stream, pokes: usize| {
        for _ in 0..pokes {
            stream.write(b".", soon()).unwrap();
        }
        stream.read_until(b"\r\n", 100, soon()).unwrap()
    };
    assert_eq!(line(&mut stream, 2), b"one");
    assert_eq!(line(&mut stream, 0), b"two\r");
    assert_eq!(line(&mut stream, 1), b"");
    stream.write(b".", soon()).unwrap();
    assert_eq!(stream.read_exact(5, soon()).unwrap(), b"abcde");
    stream.write(b".", soon()).unwrap();
    assert_eq!(stream.read_exact(2, soon()).unwrap(), b"fg");
    server.join();
}

#[test]
fn a_timeout_takes_nothing_and_a_flood_ends() {
    let server = Server::start(|mut stream| {
        stream.write_all(b"half").unwrap();
        let mut go = [0];
        stream.read_exact(&mut go).unwrap();
        stream.write_all(&[b'x'; 300]).unwrap();
        stream.read_exact(&mut go).unwrap();
    });
    let mut stream = open(&server);
    while stream.held().len() < 4 {
        stream.fill(soon()).unwrap();
    }
    let short = Wait::for_at_most(Duration::from_millis(20));
    assert_eq!(stream.read_until(b"\n", 100, short), Err(PortError::Timeout));
    assert_eq!(stream.held(), b"half");
    stream.write(b".", soon()).unwrap();
    let error = stream.read_until(b"\n", 100, soon()).unwrap_err();
    assert!(matches!(error, PortError::Gone(Loss::Protocol(_))), "{error:?}");
    assert!(stream.drop_input().unwrap() > 100);
    assert_eq!(stream.held(), b"");
    stream.write(b".", soon()).unwrap();
    let gone = stream.read_until(b"\n", 1000, soon()).unwrap_err();
    let error = explain(gone, "waiting", None);
    assert_eq!(error.kind(), Kind::ConnectionLost);
    server.join();
}

#[test]
fn errors_say_what_was_waited_for() {
    let error = explain(PortError::Timeout, "waiting for the reply to `*IDN?`", Some(Duration::from_secs(2)));
    assert_eq!(error.message(), "timed out after 2s waiting for the reply to `*IDN?`");
    let error = explain(PortError::Gone(Loss::Unplugged("/dev/ttyUSB0".to_owned())), "", None);
    assert_eq!(error.message(), "`/dev/ttyUSB0` is gone: it was unplugged or switched off");
}
