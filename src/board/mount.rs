//! The protocol of a folder of this computer that a board sees at `/remote`. Pure.
//!
//! The other end is `snippets/mount.py`. A request is a tuple: its number, the files closed since the last one, a letter
//! for the operation, and its arguments. A response has a header of twelve bytes: `m` if more of it can be requested, else
//! `e`; in hexadecimal digits the number (3), the error number or 0 (3) and the length of the rest (5).
//! Invariant: each request is performed once, however often it arrives, so that responses cannot be mixed up; a response
//! fits into the board's input buffer, and contains no byte with a meaning to a prompt.

use super::command::Command;
use super::escape::escape;
use crate::bound;
use crate::port::Abilities;
use crate::value::Value;
use crate::value::parse::parse;
use base64::Engine as _;

/// Where the board sees the folder.
pub const PLACE: &str = "/remote";
/// Length of a response's header.
const HEAD: usize = 12;
/// Bytes of the board's input buffer reserved for a request for the prompt.
const SPARE: usize = 8;
/// Most bytes of a response on a connection that holds back unread data.
const MOST: usize = 4096;

/// Least free memory, in bytes, of a board for the helper. Compiling it takes twice as much on 32-bit boards; the rest may
/// be held by an earlier program until a garbage collection.
const LEAST_FREE: u64 = 12 * 1024;

/// The command that asks for the helper's requirements; leaves nothing on the board.
pub fn probe() -> Command {
    Command::new(
        "def __belay_mq(n,a):\n try:return hasattr(__import__(n),a)\n except ImportError:return False\n\
         __belay([__belay_mq(n,a)for n,a in(('os','mount'),('vfs','mount'),('io','IOBase'),('io','BytesIO'),\
         ('sys','stdin'),('binascii','a2b_base64'))]+[hasattr(getattr(__import__('sys'),'stdin',0),'buffer')])\n\
         del __belay_mq",
    )
}

/// What a board lacks to mount a folder of this computer, from the reply to [`probe`] and its free memory at connection;
/// `None`: nothing.
pub fn missing(answer: &Value, free: Option<u64>) -> Option<String> {
    let Value::List(fields) = answer else { return None };
    let has: Vec<bool> = fields.iter().map(|field| *field == Value::Bool(true)).collect();
    let [mount, mount_in_vfs, base, bytes, stdin, base64, buffer] = has.as_slice() else { return None };
    Some(match free {
        _ if !mount && !mount_in_vfs => "its firmware has no `os.mount`".to_owned(),
        _ if !base || !bytes => "its firmware has no `io.IOBase`".to_owned(),
        _ if !stdin => "its firmware has no `sys.stdin`".to_owned(),
        _ if !buffer && !base64 => "its firmware has neither `sys.stdin.buffer` nor `binascii`".to_owned(),
        Some(free) if free < LEAST_FREE => {
            format!("it has {free} bytes of free memory, but needs at least {LEAST_FREE}")
        }
        _ => return None,
    })
}

/// The number of an error, which is the same on every MicroPython board.
pub type Number = u16;

/// EINVAL.
const INVALID: Number = 22;

/// An operation that a board requests in the folder. Paths are relative to the folder.
#[derive(Clone, Debug, PartialEq)]
pub enum Wish {
    /// Opens a file, in a mode of Python's `open`.
    Open(String, String),
    /// Reads this number of bytes of an open file, from this offset.
    Read(u64, u64, usize),
    /// Writes into an open file: its number, the number of the write, the offset, the bytes. A write that was interrupted
    /// before its response arrived is repeated with the same number, possibly with more bytes.
    Write(u64, u64, u64, Vec<u8>),
    /// Only reports closed files.
    Close,
    /// The size of an open file.
    Size(u64),
    /// The kind of a path.
    Status(String),
    /// The properties of the folder's file system.
    Space,
    /// Makes a directory the current one.
    Enter(String),
    /// The entries of a directory after this name, of about this number of bytes.
    List(String, String, usize),
    /// Creates a directory.
    MakeDirectory(String),
    /// Removes an empty directory.
    RemoveDirectory(String),
    /// Removes a file.
    Remove(String),
    /// Renames a file or directory.
    Rename(String, String),
}

/// Performs an operation, and returns bytes or Python source. The first argument is the closed files.
pub type Perform<'a> = &'a mut dyn FnMut(&[u64], Wish) -> Result<Vec<u8>, Number>;

/// Keeps requests and responses in step.
#[derive(Debug)]
pub struct RemoteFs {
    /// Whether bytes are sent unchanged, else in base64.
    binary: bool,
    /// Bytes of a response, without its header.
    part: usize,
    /// The number of the last request.
    last: Option<i64>,
    /// The rest of the last response.
    rest: Vec<u8>,
}

/// A parsed request.
struct Question {
    number: i64,
    closed: Vec<u64>,
    asked: Asked,
}

enum Asked {
    /// A new operation.
    Wish(Wish),
    /// The rest of the last response.
    Rest,
    /// An invalid operation, for example with an offset that is not a number.
    Nonsense,
}

impl RemoteFs {
    /// For a board with an input buffer of `room` bytes. `binary`: it reads bytes unchanged.
    pub fn new(binary: bool, abilities: Abilities, room: usize) -> RemoteFs {
        let room = if abilities.holds_back { MOST } else { room.min(MOST) };
        RemoteFs { binary, part: room.saturating_sub(HEAD + SPARE).max(16) / 4 * 4, last: None, rest: Vec::new() }
    }

    /// Whether a program's question is such a request.
    pub fn is_asked(question: &str) -> bool {
        question.starts_with('(')
    }

    /// The bytes to send for a request.
    pub fn answer(&mut self, question: &str, perform: Perform<'_>) -> Vec<u8> {
        // A torn request is sent again.
        let Some(question) = read(question) else { return Vec::new() };
        if self.last == Some(question.number) {
            return Vec::new();
        }
        self.last = Some(question.number);
        let outcome = match question.asked {
            Asked::Rest => Ok(std::mem::take(&mut self.rest)),
            Asked::Wish(wish) => perform(&question.closed, wish),
            Asked::Nonsense => Err(INVALID),
        };
        let (error, content) = match outcome {
            Ok(content) => (0, content),
            Err(number) => (number, Vec::new()),
        };
        let mut body = Vec::new();
        let count = if self.binary {
            escape(&content, self.part, &mut body)
        } else {
            let count = content.len().min(self.part / 4 * 3);
            body = base64::engine::general_purpose::STANDARD.encode(&content[..count]).into_bytes();
            count
        };
        self.rest = content[count..].to_vec();
        let more = if self.rest.is_empty() { 'e' } else { 'm' };
        let mut answer = format!("{more}{:03x}{error:03x}{:05x}", question.number, body.len()).into_bytes();
        answer.append(&mut body);
        answer
    }
}

/// Parses a request; `None` if it is not one.
fn read(text: &str) -> Option<Question> {
    let Ok(Value::Tuple(fields)) = parse(text) else { return None };
    let mut fields = fields.into_iter();
    let (Value::Int(number @ 0..=0xfff), Value::Tuple(closed)) = (fields.next()?, fields.next()?) else { return None };
    let closed = closed.iter().filter_map(|value| handle(value.clone())).collect();
    let Value::Str(letter) = fields.next()? else { return None };
    let asked = match letter.as_str() {
        "+" => Asked::Rest,
        letter => wish(letter, &mut fields).map_or(Asked::Nonsense, Asked::Wish),
    };
    Some(Question { number, closed, asked })
}

fn wish(letter: &str, fields: &mut dyn Iterator<Item = Value>) -> Option<Wish> {
    let mut next = || fields.next();
    let size =
        |value| handle(value).map(|size| usize::try_from(size).unwrap_or(bound::MOUNT_READ).min(bound::MOUNT_READ));
    Some(match letter {
        "o" => Wish::Open(text_of(next()?)?, text_of(next()?)?),
        "r" => Wish::Read(handle(next()?)?, handle(next()?)?, size(next()?)?),
        "w" => {
            let (file, write, at) = (handle(next()?)?, handle(next()?)?, handle(next()?)?);
            let bytes = match next()? {
                Value::Bytes(bytes) => bytes,
                Value::Str(text) => base64::engine::general_purpose::STANDARD.decode(text.trim_end()).ok()?,
                _ => return None,
            };
            Wish::Write(file, write, at, bytes)
        }
        "c" => Wish::Close,
        "z" => Wish::Size(handle(next()?)?),
        "s" => Wish::Status(text_of(next()?)?),
        "f" => Wish::Space,
        "d" => Wish::Enter(text_of(next()?)?),
        "l" => Wish::List(text_of(next()?)?, text_of(next()?)?, size(next()?)?),
        "k" => Wish::MakeDirectory(text_of(next()?)?),
        "x" => Wish::RemoveDirectory(text_of(next()?)?),
        "u" => Wish::Remove(text_of(next()?)?),
        "n" => Wish::Rename(text_of(next()?)?, text_of(next()?)?),
        _ => return None,
    })
}

fn handle(value: Value) -> Option<u64> {
    match value {
        Value::Int(number) => u64::try_from(number).ok(),
        _ => None,
    }
}

fn text_of(value: Value) -> Option<String> {
    match value {
        Value::Str(text) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remote_fs(binary: bool, room: usize) -> RemoteFs {
        RemoteFs::new(binary, Abilities::default(), room)
    }

    #[test]
    fn a_response_is_split_into_parts_that_fit() {
        let content: Vec<u8> = (0..=255).collect();
        for binary in [true, false] {
            let mut remote_fs = remote_fs(binary, 64);
            let (mut got, mut question, mut number) = (Vec::new(), "(0, (), 'r', 1, 0, 999)".to_owned(), 0);
            loop {
                let answer = remote_fs.answer(&question, &mut |closed, wish| {
                    assert_eq!((closed, wish), (&[][..], Wish::Read(1, 0, 999)));
                    Ok(content.clone())
                });
                assert!(answer.len() <= 64 - SPARE, "{}", answer.escape_ascii());
                let forbidden = b"\x01\x02\x03\x04\x05\r\x11\x13\x1a\x1c";
                assert!(!answer.iter().any(|byte| forbidden.contains(byte)), "{}", answer.escape_ascii());
                assert_eq!(answer[1..7], *format!("{number:03x}000").as_bytes());
                let body = &answer[HEAD..];
                assert_eq!(answer[7..HEAD], *format!("{:05x}", body.len()).as_bytes());
                if binary {
                    let mut flip = 0;
                    for &byte in body {
                        match byte {
                            b'}' => flip = 0x20,
                            byte => got.push(byte ^ std::mem::take(&mut flip)),
                        }
                    }
                } else {
                    got.extend(base64::engine::general_purpose::STANDARD.decode(body).expect("base64"));
                }
                if answer[0] == b'e' {
                    break;
                }
                number += 1;
                question = format!("({number}, (), '+')");
            }
            assert!(got == content);
        }
    }

    #[test]
    fn performs_a_request_once() {
        let mut remote_fs = remote_fs(true, 256);
        let mut done = 0;
        let mut perform = |_: &[u64], _: Wish| {
            done += 1;
            Err(30)
        };
        assert_eq!(remote_fs.answer("(4095, (), 'k', '/a')", &mut perform), b"efff01e00000");
        assert_eq!(remote_fs.answer("(4095, (), 'k', '/a')", &mut perform), b"");
        assert_eq!(remote_fs.answer("(0, (1, 2), 'k', '/a')", &mut perform), b"e00001e00000");
        for nonsense in ["", "7", "(1)", "(1, ())", "(-1, (), 'f')", "(9999, (), 'f')", "((((("] {
            assert_eq!(remote_fs.answer(nonsense, &mut perform), b"", "{nonsense}");
        }
        // A program that sends nonsense must not wait indefinitely.
        assert_eq!(remote_fs.answer("(1, (), 'r', 1, -1, 5)", &mut perform), b"e00101600000");
        assert_eq!(remote_fs.answer("(2, (), 'o', 5)", &mut perform), b"e00201600000");
        assert_eq!(done, 2);
    }

    #[test]
    fn names_what_a_board_lacks() {
        let case = |answer: [bool; 7], free, wanted: Option<&str>| {
            let missing = missing(&Value::List(answer.map(Value::Bool).to_vec()), free);
            match wanted {
                Some(wanted) => assert!(missing.as_ref().is_some_and(|text| text.contains(wanted)), "{missing:?}"),
                None => assert_eq!(missing, None),
            }
        };
        let all = [true; 7];
        case(all, None, None);
        case(all, Some(12 * 1024), None);
        case(all, Some(9000), Some("9000 bytes of free memory"));
        case([false, true, true, true, true, true, true], None, None);
        case([false, false, true, true, true, true, true], Some(9000), Some("`os.mount`"));
        case([true, true, false, true, true, true, true], None, Some("`io.IOBase`"));
        case([true, true, true, true, false, true, false], None, Some("`sys.stdin`"));
        case([true, true, true, true, true, true, false], None, None);
        case([true, true, true, true, true, false, true], None, None);
        case([true, true, true, true, true, false, false], None, Some("`binascii`"));
        assert_eq!(super::missing(&Value::None, None), None);
    }

    #[test]
    fn wishes_are_read() {
        let wish = |text: &str| match read(text).map(|question| question.asked) {
            Some(Asked::Wish(wish)) => Some(wish),
            _ => None,
        };
        assert_eq!(wish("(1, (), 'w', 2, 0, 3, 'AP8=\\n')"), Some(Wish::Write(2, 0, 3, vec![0, 255])));
        assert_eq!(wish("(1, (), 'w', 2, 1, 3, b'\\x00a')"), Some(Wish::Write(2, 1, 3, b"\0a".to_vec())));
        assert_eq!(wish("(1, (2,), 'c')"), Some(Wish::Close));
        assert_eq!(
            wish("(1, (), 'l', '/a\\n', '\u{e9}', 999999)"),
            Some(Wish::List("/a\n".into(), "\u{e9}".into(), 65536))
        );
        assert_eq!(wish("(1, (), 'w', 2, 0, 3, '!')"), None);
        assert_eq!(read("(1, (3, 4), 'f')").map(|question| question.closed), Some(vec![3, 4]));
    }
}
