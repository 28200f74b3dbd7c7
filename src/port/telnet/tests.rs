//! Tests of the protocol, byte by byte.

use super::*;
use proptest::prelude::*;

/// Data, replies and subnegotiations.
fn decode(decoder: &mut Decoder, bytes: &[u8]) -> (Vec<u8>, Vec<u8>, Vec<Vec<u8>>) {
    let mut data = Vec::new();
    decoder.feed(bytes, &mut data);
    (data, std::mem::take(&mut decoder.replies), std::mem::take(&mut decoder.subnegotiations))
}

#[test]
fn separates_data_from_commands() {
    let case = |bytes: &[u8], expected: &[u8]| {
        let (data, replies, subnegotiations) = decode(&mut Decoder::new(false), bytes);
        assert_eq!((data.as_slice(), replies.as_slice()), (expected, b"".as_slice()), "{bytes:?}");
        assert_eq!(subnegotiations.len(), 0);
    };
    case(b"abc", b"abc");
    case(b"a\xff\xffb", b"a\xffb");
    case(b"a\r\0b\r\nc\rd\0", b"a\rb\r\nc\rd\0");
    case(b"a\xff\xf9b\xff\xf1\xff\xf4c", b"abc");
    case(b"a\xff\xfc\x01\xff\xfe\x01b", b"ab");
}

#[test]
fn accepts_supported_options_once_and_refuses_others() {
    let mut decoder = Decoder::new(false);
    let mut case = |bytes: &[u8], expected: &[u8]| {
        let (data, replies, _) = decode(&mut decoder, bytes);
        assert_eq!((data.as_slice(), replies.as_slice()), (b"".as_slice(), expected), "{bytes:?}");
    };
    case(&[IAC, WILL, 1], &[IAC, DONT, 1]);
    case(&[IAC, DO, 24], &[IAC, WONT, 24]);
    case(&[IAC, DO, COM_PORT], &[IAC, WONT, COM_PORT]);
    case(&[IAC, WILL, BINARY, IAC, WILL, BINARY], &[IAC, DO, BINARY]);
    case(&[IAC, DO, BINARY], &[IAC, WILL, BINARY]);
    case(&[IAC, DONT, BINARY, IAC, DONT, BINARY], &[IAC, WONT, BINARY]);
    assert_eq!(decoder.agreed(End::Remote, BINARY), Some(true));
    assert_eq!(decoder.agreed(End::Local, BINARY), Some(false));
    assert_eq!(decoder.agreed(End::Local, SUPPRESS_GO_AHEAD), None);
    // In binary, a zero after a carriage return is data.
    assert_eq!(decode(&mut decoder, b"\r\0").0, b"\r\0");
}

#[test]
fn does_not_reply_to_a_reply() {
    let mut decoder = Decoder::new(true);
    decoder.ask(End::Local, COM_PORT);
    decoder.ask(End::Local, COM_PORT);
    assert_eq!(decode(&mut decoder, b"").1, [IAC, WILL, COM_PORT]);
    assert_eq!(decode(&mut decoder, &[IAC, DO, COM_PORT]).1, b"");
    assert_eq!(decoder.agreed(End::Local, COM_PORT), Some(true));
    decoder.ask(End::Remote, BINARY);
    decoder.replies.clear();
    assert_eq!(decode(&mut decoder, &[IAC, WONT, BINARY]).1, b"");
    assert_eq!(decoder.agreed(End::Remote, BINARY), Some(false));
}

#[test]
fn subnegotiations_are_complete_and_bounded() {
    let mut decoder = Decoder::new(true);
    let bytes = [IAC, SB, COM_PORT, 101, 0, IAC, IAC, 0, 1, IAC, SE, b'x'];
    assert_eq!(decode(&mut decoder, &bytes), (b"x".to_vec(), vec![], vec![vec![COM_PORT, 101, 0, 255, 0, 1]]));
    let mut long = vec![IAC, SB];
    long.extend([7; 5000]);
    long.extend([IAC, SE, b'y']);
    assert_eq!(decode(&mut decoder, &long), (b"y".to_vec(), vec![], vec![]));
    // The next command ends an unterminated one.
    let cut = [IAC, SB, COM_PORT, 1, IAC, WILL, 1, b'z'];
    assert_eq!(decode(&mut decoder, &cut), (b"z".to_vec(), vec![IAC, DONT, 1], vec![]));
}

#[test]
fn answers_are_bounded() {
    let mut decoder = Decoder::new(false);
    decoder.feed(&[IAC, WILL, 99].repeat(10_000), &mut Vec::new());
    assert!(decoder.replies.len() <= REPLY_LIMIT);
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        4 => Just(IAC),
        4 => prop::sample::select(vec![DO, DONT, WILL, WONT, SB, SE, BINARY, COM_PORT, b'\r', 0]),
        4 => any::<u8>(),
    ];
    prop::collection::vec(byte, 0..200)
}

proptest! {
    #[test]
    fn any_chunking_gives_the_same(bytes in bytes(), cuts in prop::collection::vec(0..200_usize, 0..8)) {
        let whole = decode(&mut Decoder::new(true), &bytes);
        let mut decoder = Decoder::new(true);
        let mut data = Vec::new();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
        cuts.sort_unstable();
        let mut from = 0;
        for cut in cuts.into_iter().chain([bytes.len()]) {
            decoder.feed(&bytes[from..cut], &mut data);
            from = cut;
        }
        prop_assert_eq!(whole, (data, decoder.replies, decoder.subnegotiations));
    }

    #[test]
    fn encoding_and_decoding_round_trip(bytes in bytes(), binary: bool) {
        let mut encoded = Vec::new();
        encode(&bytes, binary, &mut encoded);
        let mut decoder = Decoder::new(false);
        if binary {
            decoder.feed(&[IAC, WILL, BINARY], &mut Vec::new());
            decoder.replies.clear();
        }
        prop_assert_eq!(decode(&mut decoder, &encoded), (bytes, vec![], vec![]));
    }
}
