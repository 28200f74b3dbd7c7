//! A HiSLIP server whose every byte the test chooses.

use super::*;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::Duration;

/// What a server does once both connections are there: for messages, for control.
type Work = Box<dyn FnOnce(TcpStream, TcpStream) + Send>;

fn read(stream: &mut TcpStream) -> (Header, Vec<u8>) {
    let mut bytes = [0; HEADER];
    stream.read_exact(&mut bytes).unwrap();
    let header = Header::read(&bytes).unwrap();
    let mut payload = vec![0; usize::try_from(header.length).unwrap()];
    stream.read_exact(&mut payload).unwrap();
    (header, payload)
}

fn say(stream: &mut TcpStream, kind: u8, control: u8, parameter: u32, payload: &[u8]) {
    stream.write_all(&Header::new(kind, control, parameter).with(payload)).unwrap();
}

/// Starts a server that greets with this control code, and names this size.
fn serve(control_code: u8, size: u64, work: Work) -> HislipAddress {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = format!("127.0.0.1:{}/hislip7", listener.local_addr().unwrap().port()).parse().unwrap();
    std::thread::spawn(move || {
        let (mut messages, _) = listener.accept().unwrap();
        let (hello, sub_address) = read(&mut messages);
        assert_eq!((hello.kind, hello.parameter >> 16, &sub_address[..]), (kind::INITIALIZE, 0x0100, &b"hislip7"[..]));
        say(&mut messages, kind::INITIALIZE_RESPONSE, control_code, 0x0100_0009, b"");
        let (mut control, _) = listener.accept().unwrap();
        assert_eq!(read(&mut control).0, Header::new(kind::ASYNC_INITIALIZE, 0, 9));
        say(&mut control, kind::ASYNC_INITIALIZE_RESPONSE, 0, 0, b"");
        let (largest, bytes) = read(&mut control);
        assert_eq!((largest.kind, bytes), (kind::ASYNC_MAXIMUM_MESSAGE_SIZE, LARGEST.to_be_bytes().to_vec()));
        say(&mut control, kind::ASYNC_MAXIMUM_MESSAGE_SIZE_RESPONSE, 0, 0, &size.to_be_bytes());
        work(messages, control);
    });
    address
}

fn soon() -> Wait {
    Wait::for_at_most(Duration::from_secs(10))
}

/// What a read brings after one message was sent.
fn after_a_message(work: impl FnOnce(&mut TcpStream) + Send + 'static) -> std::result::Result<Vec<u8>, PortError> {
    let address = serve(
        0,
        LARGEST,
        Box::new(|mut messages, _control| {
            read(&mut messages);
            work(&mut messages);
        }),
    );
    let mut port = HislipPort::open(&address).unwrap();
    port.write(b"Q?\n", soon()).unwrap();
    let mut bytes = Vec::new();
    while !port.ended_message() {
        port.read(&mut bytes, soon())?;
    }
    Ok(bytes)
}

#[test]
fn messages_are_split_numbered_and_marked() {
    let address = serve(
        0,
        26,
        Box::new(|mut messages, mut control| {
            // At most 10 bytes each, as the header counts.
            assert_eq!(
                read(&mut messages),
                (Header { length: 10, ..Header::new(kind::DATA, 0, FIRST_ID) }, b"0123456789".to_vec())
            );
            assert_eq!(
                read(&mut messages),
                (Header { length: 2, ..Header::new(kind::DATA_END, 0, FIRST_ID + 2) }, b"ab".to_vec())
            );
            // Replies to other messages are ignored, with their ends.
            say(&mut messages, kind::DATA_END, 0, FIRST_ID, b"stale");
            say(&mut messages, kind::DATA, 0, FIRST_ID + 2, b"on");
            say(&mut messages, 13, 0, FIRST_ID, b"");
            say(&mut messages, kind::DATA, 0, ANY_ID, b"e");
            say(&mut messages, kind::DATA_END, 0, FIRST_ID + 2, b"");
            let (next, _) = read(&mut messages);
            assert_eq!((next.control, next.parameter), (1, FIRST_ID + 4), "the end was taken");
            let (status, _) = read(&mut control);
            assert_eq!((status.kind, status.control), (kind::ASYNC_STATUS_QUERY, 0));
            // A service request that nobody asked for.
            say(&mut control, 20, 64, 0, b"");
            say(&mut control, kind::ASYNC_STATUS_RESPONSE, 0x44, 0, b"");
            // Half a reply, then a device clear.
            messages
                .write_all(&Header::new(kind::DATA_END, 0, FIRST_ID + 4).with(b"half of it")[..HEADER + 4])
                .unwrap();
            assert_eq!(read(&mut control).0.kind, kind::ASYNC_DEVICE_CLEAR);
            say(&mut control, kind::ASYNC_DEVICE_CLEAR_ACKNOWLEDGE, 0, 0, b"");
            assert_eq!(read(&mut messages).0.kind, kind::DEVICE_CLEAR_COMPLETE);
            messages.write_all(b" of it").unwrap();
            say(&mut messages, kind::DATA_END, 0, FIRST_ID + 4, b"and another one");
            say(&mut messages, kind::DEVICE_CLEAR_ACKNOWLEDGE, 0, 0, b"");
            let (first, _) = read(&mut messages);
            assert_eq!((first.control, first.parameter), (0, FIRST_ID));
            say(&mut messages, kind::DATA_END, 0, FIRST_ID, b"new");
            assert_eq!(messages.read(&mut [0]).unwrap(), 0);
        }),
    );
    let mut port = HislipPort::open(&address).unwrap();
    let mut bytes = Vec::new();
    port.write(b"0123456789ab", soon()).unwrap();
    while !port.ended_message() {
        port.read(&mut bytes, soon()).unwrap();
    }
    assert_eq!(bytes, b"one");
    port.write(b"next", soon()).unwrap();
    assert_eq!(port.status_byte(soon()), Ok(Some(0x44)));
    bytes.clear();
    while bytes != b"half" {
        port.read(&mut bytes, soon()).unwrap();
    }
    let short = Wait::for_at_most(Duration::from_millis(10));
    assert_eq!(port.read(&mut bytes, short), Err(PortError::Timeout));
    assert_eq!(port.clear_device(soon()), Ok(true));
    port.write(b"new?", soon()).unwrap();
    bytes.clear();
    port.read(&mut bytes, soon()).unwrap();
    assert_eq!(bytes, b"new");
    assert_eq!(port.read_available(&mut bytes), Ok(0));
}

#[test]
fn servers_that_break_the_protocol_lose_the_connection() {
    let why = |outcome: std::result::Result<Vec<u8>, PortError>| match outcome {
        Err(PortError::Gone(loss)) => {
            let text = loss.to_string();
            text[text.rfind('`').unwrap() + 2..].to_owned()
        }
        other => panic!("{other:?}"),
    };
    let case = |bytes: Vec<u8>| why(after_a_message(move |stream| stream.write_all(&bytes).unwrap()));
    let reply = Header::new(kind::DATA_END, 0, FIRST_ID).with(b"five5");
    assert_eq!(case(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()), "sent something that is not a HiSLIP message");
    assert_eq!(case(reply[..7].to_vec()), "closed the connection");
    assert_eq!(case(reply[..18].to_vec()), "closed the connection");
    let mut endless = Header::new(kind::DATA_END, 0, FIRST_ID).with(b"abc");
    endless[8..16].fill(0xff);
    assert_eq!(case(endless.clone()), "closed the connection");
    endless[2] = kind::ERROR;
    assert_eq!(case(endless), "sent a message that is too long");
    let error = Header::new(kind::FATAL_ERROR, 4, 0).with(b"too many \x1b[31mclients");
    assert_eq!(case(error), "reported the HiSLIP error 4: too many \\u{1b}[31mclients");
    assert_eq!(case(Header::new(kind::ERROR, 1, 0).with(b"")), "reported the HiSLIP error 1");
    assert_eq!(
        after_a_message(|stream| stream.write_all(&Header::new(kind::DATA_END, 0, FIRST_ID).with(b"5")).unwrap()),
        Ok(b"5".to_vec())
    );
}

#[test]
fn overlap_mode_is_settled_or_refused() {
    for insists in [0, 1] {
        let address = serve(
            1,
            LARGEST,
            Box::new(move |mut messages, mut control| {
                assert_eq!(read(&mut control).0.kind, kind::ASYNC_DEVICE_CLEAR);
                say(&mut control, kind::ASYNC_DEVICE_CLEAR_ACKNOWLEDGE, 1, 0, b"");
                assert_eq!(read(&mut messages).0, Header::new(kind::DEVICE_CLEAR_COMPLETE, 0, 0));
                say(&mut messages, kind::DEVICE_CLEAR_ACKNOWLEDGE, insists, 0, b"");
            }),
        );
        match HislipPort::open(&address) {
            Ok(_) => assert_eq!(insists, 0),
            Err(error) => {
                assert_eq!((insists, error.kind()), (1, Kind::FeatureUnavailableError));
                assert!(error.message().contains("offers the overlap mode of HiSLIP only"), "{error:?}");
            }
        }
    }
}

#[test]
fn a_server_of_another_kind_is_recognized() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address: HislipAddress = listener.local_addr().unwrap().to_string().parse().unwrap();
    std::thread::spawn(move || listener.accept().unwrap().0.write_all(b"-113,\"Undefined header\"\n"));
    let error = HislipPort::open(&address).err().unwrap();
    assert_eq!(error.message(), format!("`{address}` sent something that is not a HiSLIP message"));
    assert!(error.help().is_some());
}
