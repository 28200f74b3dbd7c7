//! What comes over telnet and RFC 2217: the same data, answers and subnegotiations under every division into chunks, and
//! data that is sent comes back.
#![no_main]

use belay_script::port::telnet::{Decoder, encode};
use libfuzzer_sys::fuzz_target;

fn decode<'a>(com_port: bool, chunks: impl Iterator<Item = &'a [u8]>) -> (Vec<u8>, Vec<u8>, Vec<Vec<u8>>) {
    let mut decoder = Decoder::new(com_port);
    let mut data = Vec::new();
    chunks.for_each(|chunk| decoder.feed(chunk, &mut data));
    (data, decoder.replies, decoder.subnegotiations)
}

fuzz_target!(|input: (bool, usize, Vec<u8>)| {
    let (com_port, size, mut bytes) = input;
    // Commands are met more often.
    for byte in &mut bytes {
        *byte = if *byte < 64 { 255 - *byte % 16 } else { *byte };
    }
    let whole = decode(com_port, std::iter::once(bytes.as_slice()));
    assert_eq!(decode(com_port, bytes.chunks(size % 8 + 1)), whole);
    let mut sent = Vec::new();
    encode(&bytes, true, &mut sent);
    let (data, replies, _) = decode(com_port, std::iter::once(sent.as_slice()));
    assert!(replies.is_empty());
    // Without binary mode a carriage return takes a companion along.
    if !bytes.contains(&b'\r') {
        assert_eq!(data, bytes);
    }
});
