//! Instruments that misbehave: no call hangs, each error says what happened, and the instrument is usable after it.

use super::*;
use std::sync::Mutex;

/// Opens an instrument that does `fault` when it is asked `BAD?`, and answers `V?` with 5.
fn faulty(fault: impl Fn(&mut TcpStream) + Send + Sync + 'static) -> Instrument {
    let port = serve(move |line, stream| match line {
        "BAD?" => fault(stream),
        "V?" => drop(stream.write_all(b"5\n")),
        line => drop(known(line, stream)),
    });
    open(port)
}

/// The message of a failure of `BAD?`. After it the instrument answers.
fn failure(psu: &Instrument, block: bool) -> (Kind, String) {
    let begun = Instant::now();
    let error = match block {
        true => psu.query_block("BAD?", short(80)).map(drop).unwrap_err(),
        false => psu.query("BAD?", short(80)).map(drop).unwrap_err(),
    };
    assert!(begun.elapsed() < Duration::from_secs(5), "{error:?}");
    for _ in 0..2 {
        assert_eq!(psu.query("V?", CallOptions::default()).unwrap(), "5", "after {error:?}");
    }
    // The port number differs.
    let digits = |c: char| c.is_ascii_digit() || c == '`';
    let message = error.message().replace("tcp://127.0.0.1:", "").trim_start_matches(digits).trim().to_owned();
    (error.kind(), message)
}

fn close(stream: &TcpStream) {
    let _ = stream.shutdown(std::net::Shutdown::Both);
}

#[test]
fn connections_that_end_in_a_reply_are_opened_again() {
    for (part, block) in
        [(&b""[..], false), (b"1.2", false), (b"#", true), (b"#41", true), (b"#41000abc", true), (b"#13abc", true)]
    {
        let psu = faulty(move |stream| {
            stream.write_all(part).unwrap();
            close(stream);
        });
        let lost = (Kind::ConnectionLost, "closed the connection".to_owned());
        assert_eq!(failure(&psu, block), lost, "{}", part.escape_ascii());
    }
}

#[test]
fn replies_that_stop_time_out_and_are_dropped() {
    let timed_out = (Kind::TimeoutError, "timed out after 80ms waiting for the reply to `BAD?`".to_owned());
    for (part, block) in
        [(&b""[..], false), (b"1.2", false), (b"#41", true), (b"#41000abc", true), (b"#13abc", true), (b"#0abc", true)]
    {
        let psu = faulty(move |stream| stream.write_all(part).unwrap());
        assert_eq!(failure(&psu, block), timed_out, "{}", part.escape_ascii());
    }
}

#[test]
fn late_replies_go_to_nobody() {
    // It answers in order, but slowly: the reply comes after the timeout, while the next queries wait.
    let psu = faulty(|stream| {
        std::thread::park_timeout(Duration::from_millis(40));
        stream.write_all(b"666\n").unwrap();
    });
    for wait in [1, 10, 20, 30, 38, 39] {
        // On a busy machine it may come in time.
        match psu.query("BAD?", short(wait)) {
            Ok(reply) => assert_eq!(reply, "666"),
            Err(error) => assert_eq!(error.kind(), Kind::TimeoutError, "{error:?}"),
        }
        for _ in 0..3 {
            assert_eq!(psu.query("V?", CallOptions::default()).unwrap(), "5", "after {wait} ms");
        }
    }
}

#[test]
fn blocks_with_a_wrong_length_are_errors() {
    // Shorter than it says: the rest is waited for. Longer: what follows the block is not an end of a message.
    let psu = faulty(|stream| stream.write_all(b"#15abc\n").unwrap());
    assert_eq!(failure(&psu, true).0, Kind::TimeoutError);
    let psu = faulty(|stream| {
        stream.write_all(b"#12ab").unwrap();
        stream.write_all(&[b'x'; 200]).unwrap();
        stream.write_all(b"\n").unwrap();
    });
    let (kind, message) = failure(&psu, true);
    assert_eq!(kind, Kind::ProtocolError, "{message}");
    assert_eq!(message, "the reply to `BAD?` goes on after its block of 2 bytes");
    let psu = faulty(|stream| stream.write_all(b"#12abc\n").unwrap());
    assert_eq!(failure(&psu, true).0, Kind::ProtocolError);
    let psu = faulty(|stream| stream.write_all(b"#9999999999").unwrap());
    let (kind, message) = failure(&psu, true);
    assert_eq!(
        (kind, message.as_str()),
        (Kind::ProtocolError, "the block has 999999999 bytes, more than the limit of 536870912")
    );
}

#[test]
fn garbage_is_shown_and_endless_lines_end() {
    let psu = faulty(|stream| stream.write_all(b"\xff\xfe\x00\x1b[2J\n").unwrap());
    assert_eq!(psu.query("BAD?", CallOptions::default()).unwrap(), "\u{ff}\u{fe}\0\u{1b}[2J");
    let error = psu.query_numbers("BAD?", NumberOptions::default(), CallOptions::default()).unwrap_err();
    assert_eq!(error.message(), "the reply to `BAD?` holds `ÿþ\\0\\u{1b}[2J`, which is not a number");
    let error = psu.query_block("BAD?", CallOptions::default()).unwrap_err();
    assert_eq!(error.message(), "the reply is not a binary block: `ÿþ\\0\\u{1b}[2J`");
    // As long as somebody reads, it writes.
    let psu = faulty(|stream| while stream.write_all(&[b'9'; 64 << 10]).is_ok() {});
    let error = psu.query("BAD?", CallOptions::default()).unwrap_err();
    assert_eq!(error.kind(), Kind::ConnectionLost);
    assert!(error.message().ends_with("bytes without a terminator"), "{error:?}");
    assert_eq!(psu.query("V?", CallOptions::default()).unwrap(), "5");
}

#[test]
fn an_error_queue_without_an_end_ends() {
    let count = Arc::new(Mutex::new(0));
    let seen = count.clone();
    let port = serve(move |line, stream| match line {
        "SYST:ERR?" => {
            *seen.lock().unwrap() += 1;
            stream.write_all(b"-100,\"Command error\"\n").unwrap();
        }
        line => drop(known(line, stream)),
    });
    let psu = open(port);
    assert_eq!(psu.errors().unwrap().len(), 100);
    assert_eq!(*count.lock().unwrap(), 100);
    let checked = CallOptions { check_errors: Some(true), ..CallOptions::default() };
    let error = psu.write("VOLT 1", checked).unwrap_err();
    assert_eq!(error.kind(), Kind::InstrumentError);
    assert!(error.help().unwrap().len() < 500, "{}", error.help().unwrap());
    let port = serve(|line, stream| match line {
        "SYST:ERR?" => stream.write_all(b"what?\n").unwrap(),
        line => drop(known(line, stream)),
    });
    assert_eq!(open(port).errors().unwrap_err().kind(), Kind::ProtocolError);
}
