//! The decoder of replies: the same end, output and rest under every division into chunks.
#![no_main]

use belay_script::repl::reply::{Conclusion, Decoder, Prelude, Progress, RAW_BANNER};
use libfuzzer_sys::fuzz_target;

const TOKEN: &str = "q7Zk02Xa";

/// A stream of few letters, so that marks and ends are met.
fn stream(bytes: &[u8]) -> Vec<u8> {
    let mut stream = Vec::new();
    for &byte in bytes {
        match byte {
            0 => stream.extend_from_slice(format!("\x1e{TOKEN}").as_bytes()),
            1 => stream.extend_from_slice(format!("\x1e{TOKEN}R1:7\x1e{TOKEN};").as_bytes()),
            2 => stream.extend_from_slice(b"\x04\x04>"),
            3 => stream.extend_from_slice(b"\x04Traceback (most recent call last):\r\nx\r\n\x04>"),
            5 => stream.extend_from_slice(RAW_BANNER),
            6 => stream.extend_from_slice(b"OK"),
            7 => stream.extend_from_slice(b"R\x01\x80\0\x01"),
            8 => stream.extend_from_slice(b"\r\n>>> "),
            9 => stream.extend_from_slice(format!("\x1e{TOKEN}Q1:5\x1e{TOKEN};").as_bytes()),
            byte => stream.push(byte),
        }
    }
    stream
}

/// Output, reply, rest.
type End = (Vec<u8>, Option<Conclusion>, Vec<u8>);

/// Feeds the decoder; questions stand in the output.
fn feed(decoder: &mut Decoder, chunk: &[u8], output: &mut Vec<u8>) -> Progress {
    let mut progress = decoder.feed(chunk, &mut |bytes| output.extend_from_slice(bytes));
    while let Progress::Question(text) = progress {
        output.extend_from_slice(text.as_bytes());
        progress = decoder.feed(b"", &mut |bytes| output.extend_from_slice(bytes));
    }
    progress
}

fn decode<'a>(prelude: Prelude, chunks: impl Iterator<Item = &'a [u8]>) -> End {
    let mut decoder = Decoder::new(TOKEN, prelude, true);
    let mut output = Vec::new();
    let mut chunks = chunks;
    for chunk in chunks.by_ref() {
        if let Progress::Done(reply) = feed(&mut decoder, chunk, &mut output) {
            let mut rest = decoder.rest();
            chunks.for_each(|chunk| rest.extend_from_slice(chunk));
            return (output, Some(Conclusion::Reply(reply)), rest);
        }
    }
    decoder.doubt();
    decoder.asked_for_prompt();
    let end = match feed(&mut decoder, RAW_BANNER, &mut output) {
        Progress::Prompt => Some(decoder.conclude(&mut |bytes| output.extend_from_slice(bytes))),
        Progress::Done(reply) => Some(Conclusion::Reply(reply)),
        Progress::More | Progress::Question(_) => None,
    };
    (output, end, decoder.rest())
}

fuzz_target!(|input: (bool, Vec<u8>, Vec<u8>)| {
    let (paste, bytes, sizes) = input;
    let prelude = if paste { Prelude::Paste { header: Some([b'R', 1, 0x80, 0, 1]), credits: 9 } } else { Prelude::Plain };
    let stream = stream(&bytes);
    let whole = decode(prelude, std::iter::once(stream.as_slice()));
    let mut left = stream.as_slice();
    let mut sizes = sizes.iter().cycle();
    let pieces = std::iter::from_fn(|| {
        let size = usize::from(sizes.next().copied().unwrap_or(1) % 16).max(1).min(left.len());
        let (piece, rest) = left.split_at(size);
        left = rest;
        (!piece.is_empty()).then_some(piece)
    });
    assert_eq!(decode(prelude, pieces), whole);
});
