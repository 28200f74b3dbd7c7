//! The part of the WebSocket protocol (RFC 6455) that a board's client needs: handshake, frames. No TLS, no extensions.
//!
//! No input or output; uses base64 and sha1 only. [`super::webrepl`] uses it. Invariant: how the same bytes are cut into pieces
//! changes nothing, and no bytes make anything here panic or keep more than a control frame.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest as _, Sha1};

/// What a server appends to the client's key.
const MAGIC: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The kind of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opcode {
    /// More of the previous message.
    Continuation = 0,
    /// Text.
    Text = 1,
    /// Bytes.
    Binary = 2,
    /// The last frame.
    Close = 8,
    /// Expects [`Opcode::Pong`] as the reply.
    Ping = 9,
    /// The reply to [`Opcode::Ping`].
    Pong = 10,
}

impl Opcode {
    fn from_bits(bits: u8) -> Option<Opcode> {
        use Opcode::{Binary, Close, Continuation, Ping, Pong, Text};
        [Continuation, Text, Binary, Close, Ping, Pong].into_iter().find(|opcode| *opcode as u8 == bits)
    }

    fn is_control(self) -> bool {
        self as u8 >= 8
    }
}

/// The key of a client's request, of 16 random bytes.
pub fn key(random: [u8; 16]) -> String {
    STANDARD.encode(random)
}

/// The value with which a WebSocket server confirms `key`.
pub fn accept_key(key: &str) -> String {
    STANDARD.encode(Sha1::digest(format!("{key}{MAGIC}")))
}

/// The client's request. MicroPython's server compares header names with case.
pub fn request(host: &str, key: &str) -> String {
    format!(
        "GET / HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n\
         Sec-WebSocket-Version: 13\r\n\r\n"
    )
}

/// Most bytes of a server's response.
pub const RESPONSE_LIMIT: usize = 8 * 1024;

/// Checks the server's response to `key` at the start of `bytes`; returns its length, `None` if it is incomplete.
///
/// # Errors
/// The problem, as the end of a sentence.
pub fn response(bytes: &[u8], key: &str) -> Result<Option<usize>, String> {
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
        let http = b"HTTP/";
        if !bytes.starts_with(&http[..bytes.len().min(http.len())]) {
            return Err("is not a web server".to_owned());
        }
        return if bytes.len() > RESPONSE_LIMIT { Err("sent an endless HTTP response".to_owned()) } else { Ok(None) };
    };
    let head = String::from_utf8_lossy(&bytes[..end]);
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap_or_default();
    let (version, status) = status.split_once(' ').unwrap_or((status, ""));
    if !version.starts_with("HTTP/") {
        return Err("is not a web server".to_owned());
    }
    if status.split(' ').next() != Some("101") {
        let status: String = status.chars().filter(|c| !c.is_control()).take(60).collect();
        return Err(format!("responded `{status}` instead of opening a WebSocket"));
    }
    let wanted = accept_key(key);
    let accept = lines
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("Sec-WebSocket-Accept"))
        .map(|(_, value)| value.trim());
    match accept {
        Some(accept) if accept == wanted => Ok(Some(end + 4)),
        Some(_) => Err("sent a wrong `Sec-WebSocket-Accept`".to_owned()),
        None => Err("sent no `Sec-WebSocket-Accept`".to_owned()),
    }
}

/// Appends a message as one frame, masked as required of a client.
pub fn encode(opcode: Opcode, payload: &[u8], mask: [u8; 4], to: &mut Vec<u8>) {
    to.push(0x80 | opcode as u8);
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(length), _) if length < 126 => to.push(0x80 | length),
        (_, Ok(length)) => {
            to.push(0x80 | 126);
            to.extend(length.to_be_bytes());
        }
        _ => {
            to.push(0x80 | 127);
            to.extend(u64::try_from(payload.len()).unwrap_or(u64::MAX).to_be_bytes());
        }
    }
    to.extend(mask);
    to.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
}

/// A control frame, or the end of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Control {
    /// Expects a pong with the same payload.
    Ping(Vec<u8>),
    /// The peer closes; its reason, which may be empty.
    Close(String),
    /// The bytes are not WebSocket frames; the problem. Nothing after them is read.
    Broken(&'static str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FrameHeader {
    opcode: Opcode,
    left: u64,
    mask: Option<[u8; 4]>,
    /// The mask index of the next byte.
    phase: usize,
}

/// Decodes a server's frames. Passes on message data without message boundaries, which a terminal does not have.
#[derive(Debug, Default)]
pub struct Decoder {
    /// The header of a frame, until it is complete.
    head: Vec<u8>,
    frame: Option<FrameHeader>,
    control: Vec<u8>,
    ended: bool,
}

impl Decoder {
    /// Decodes bytes of the server; appends the data of messages to `data` and returns the control frames.
    pub fn feed(&mut self, mut bytes: &[u8], data: &mut Vec<u8>) -> Vec<Control> {
        let mut controls = Vec::new();
        while !bytes.is_empty() && !self.ended {
            let Some(frame) = &mut self.frame else {
                self.head.push(bytes[0]);
                bytes = &bytes[1..];
                match head(&self.head) {
                    Ok(None) => continue,
                    Ok(Some(frame)) => {
                        self.head.clear();
                        self.frame = Some(frame);
                        if frame.left == 0 {
                            self.finish(&mut controls);
                        }
                    }
                    Err(wrong) => {
                        self.ended = true;
                        controls.push(Control::Broken(wrong));
                    }
                }
                continue;
            };
            let count = usize::try_from(frame.left).unwrap_or(usize::MAX).min(bytes.len());
            let to = if frame.opcode.is_control() { &mut self.control } else { &mut *data };
            let payload = &bytes[..count];
            match frame.mask {
                Some(mask) => {
                    to.extend(
                        payload.iter().zip(mask.iter().cycle().skip(frame.phase)).map(|(byte, mask)| byte ^ mask),
                    );
                }
                None => to.extend_from_slice(payload),
            }
            frame.phase = (frame.phase + count) % 4;
            frame.left -= count as u64;
            bytes = &bytes[count..];
            if frame.left == 0 {
                self.finish(&mut controls);
            }
        }
        controls
    }

    fn finish(&mut self, controls: &mut Vec<Control>) {
        let Some(frame) = self.frame.take() else { return };
        let payload = std::mem::take(&mut self.control);
        match frame.opcode {
            Opcode::Ping => controls.push(Control::Ping(payload)),
            Opcode::Close => {
                self.ended = true;
                let words = String::from_utf8_lossy(payload.get(2..).unwrap_or_default());
                controls.push(Control::Close(words.chars().filter(|c| !c.is_control()).collect()));
            }
            _ => {}
        }
    }
}

/// Parses the header of a frame; `None` if it is incomplete.
fn head(bytes: &[u8]) -> Result<Option<FrameHeader>, &'static str> {
    let [first, second, rest @ ..] = bytes else { return Ok(None) };
    if first & 0x70 != 0 {
        return Err("a frame uses an unknown extension");
    }
    let opcode = Opcode::from_bits(first & 0x0f).ok_or("a frame has an unknown opcode")?;
    let short = second & 0x7f;
    if opcode.is_control() && (short > 125 || first & 0x80 == 0) {
        return Err("a control frame is too long or fragmented");
    }
    let wide = match short {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    let masked = second & 0x80 != 0;
    // A server does not mask, but masked frames can be read.
    let Some(fields) = rest.get(..wide + if masked { 4 } else { 0 }) else { return Ok(None) };
    let (length, mask) = fields.split_at(wide);
    let left =
        if wide == 0 { u64::from(short) } else { length.iter().fold(0, |length, byte| length << 8 | u64::from(*byte)) };
    if left > i64::MAX as u64 {
        return Err("a frame is too long");
    }
    Ok(Some(FrameHeader { opcode, left, mask: mask.try_into().ok(), phase: 0 }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode(bytes: &[u8]) -> (Vec<u8>, Vec<Control>) {
        let mut data = Vec::new();
        let controls = Decoder::default().feed(bytes, &mut data);
        (data, controls)
    }

    #[test]
    fn computes_the_standards_accept_key() {
        assert_eq!(accept_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn checks_the_servers_response() {
        let key = "dGhlIHNhbXBsZSBub25jZQ==";
        let good = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                    sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
        assert_eq!(response(format!("{good}more").as_bytes(), key), Ok(Some(good.len())));
        for end in 0..good.len() {
            assert_eq!(response(&good.as_bytes()[..end], key), Ok(None));
        }
        let case = |text: &str, part: &str| {
            let wrong = response(text.as_bytes(), key).unwrap_err();
            assert!(wrong.contains(part), "{wrong}");
        };
        case("SSH-2.0", "is not a web server");
        case("HTTP/1.1 404 Not Found\r\n\r\n", "responded `404 Not Found` instead");
        case("HTTP/1.1 101 x\r\n\r\n", "sent no `Sec-WebSocket-Accept`");
        case("HTTP/1.1 101 x\r\nSec-WebSocket-Accept: abc\r\n\r\n", "wrong `Sec-WebSocket-Accept`");
        case(&format!("HTTP/1.1 101 {}", "x".repeat(RESPONSE_LIMIT)), "endless");
    }

    #[test]
    fn decodes_frames() {
        let case = |bytes: &[u8], data: &[u8], controls: &[Control]| {
            assert_eq!(decode(bytes), (data.to_vec(), controls.to_vec()), "{bytes:?}");
        };
        // The examples of RFC 6455, section 5.7.
        case(b"\x81\x05Hello", b"Hello", &[]);
        case(b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", b"Hello", &[]);
        case(b"\x01\x03Hel\x80\x02lo", b"Hello", &[]);
        case(b"\x01\x03Hel\x89\x05Hello\x80\x02lo", b"Hello", &[Control::Ping(b"Hello".to_vec())]);
        case(b"\x81\x00\x82\x01x\x8a\x00", b"x", &[]);
        case(b"\x88\x05\x03\xe8bye\x81\x01x", b"", &[Control::Close("bye".to_owned())]);
        case(b"\x88\x00", b"", &[Control::Close(String::new())]);
        case(b"\xc1\x01xx", b"", &[Control::Broken("a frame uses an unknown extension")]);
        case(b"\x83\x01xx", b"", &[Control::Broken("a frame has an unknown opcode")]);
        case(b"\x89\x7e\x00", b"", &[Control::Broken("a control frame is too long or fragmented")]);
        case(b"\x81\x7f\xff\0\0\0\0\0\0\0x", b"", &[Control::Broken("a frame is too long")]);
    }

    proptest! {
        #[test]
        fn any_chunking_gives_the_same(
            bytes in prop::collection::vec(prop_oneof![prop::sample::select(vec![0x81_u8, 0x89, 0x88, 0x01, 126, 127, 0, 2]), any::<u8>()], 0..120),
            cuts in prop::collection::vec(0..120_usize, 0..8),
        ) {
            let whole = decode(&bytes);
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.sort_unstable();
            let (mut decoder, mut data, mut controls, mut from) = (Decoder::default(), Vec::new(), Vec::new(), 0);
            for cut in cuts.into_iter().chain([bytes.len()]) {
                controls.extend(decoder.feed(&bytes[from..cut], &mut data));
                from = cut;
            }
            prop_assert_eq!(whole, (data, controls));
        }

        #[test]
        fn encoding_and_decoding_round_trip(length in prop_oneof![0..300_usize, 65_000..66_000_usize], mask: [u8; 4]) {
            let payload: Vec<u8> = (0..=255).cycle().take(length).collect();
            let mut bytes = Vec::new();
            encode(Opcode::Text, &payload, mask, &mut bytes);
            prop_assert_eq!(decode(&bytes), (payload, vec![]));
        }

        #[test]
        fn no_reply_makes_it_panic(bytes: Vec<u8>, text in "HTTP/1.1 101[ -~\r\n]{0,60}\r\n\r\n") {
            let _ = response(&bytes, "key");
            let _ = response(text.as_bytes(), "key");
        }
    }
}
