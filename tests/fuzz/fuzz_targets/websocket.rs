//! What a WebSocket server sends: the same data and control frames under every division into chunks, and what a client
//! encodes is decoded.
#![no_main]

use belay_script::port::websocket::{Control, Decoder, Opcode, encode, response};
use libfuzzer_sys::fuzz_target;

fn decode<'a>(chunks: impl Iterator<Item = &'a [u8]>) -> (Vec<u8>, Vec<Control>) {
    let mut decoder = Decoder::default();
    let (mut data, mut said) = (Vec::new(), Vec::new());
    chunks.for_each(|chunk| said.extend(decoder.feed(chunk, &mut data)));
    (data, said)
}

fuzz_target!(|input: (usize, [u8; 4], Vec<u8>)| {
    let (size, mask, bytes) = input;
    let whole = decode(std::iter::once(bytes.as_slice()));
    assert_eq!(decode(bytes.chunks(size % 16 + 1)), whole);
    let mut sent = Vec::new();
    encode(Opcode::Binary, &bytes, mask, &mut sent);
    assert_eq!(decode(sent.chunks(size % 16 + 1)), (bytes.clone(), Vec::new()));
    let _ = response(&bytes, "dGhlIHNhbXBsZSBub25jZQ==");
});
