//! Framing of replies: finds the end of a command and the value in it, in a stream in which a program, its threads and
//! its interrupts may print anything.
//!
//! The raw REPL ends a program with `\x04`, its traceback if any, `\x04>`; none of it is escaped, so what a program
//! prints can look like an end. A value therefore travels in a frame that begins and ends with a mark nobody can guess
//! (a random token), and states its length. A program that must send a frame has ended without exception only after it
//! has done so. Invariant: the events are the same under every division of the bytes into chunks.

/// What a frame carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameKind {
    /// The `repr` of a value.
    Repr,
    /// The bytes of a value, in base64.
    Base64,
    /// The end of a generator; the `repr` of what it returned.
    Stop,
}

/// A value on its way from the board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// What it carries.
    pub kind: FrameKind,
    /// The text.
    pub text: String,
}

/// The end of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The value, if the program sent one.
    pub frame: Option<Frame>,
    /// What the board says of an exception; empty if there was none. May hold any bytes.
    pub error: Vec<u8>,
}

/// What came of some bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The command has not ended.
    More,
    /// It has.
    Done(Reply),
    /// The board restarted in the middle: it greets with the prompt of its raw or friendly REPL.
    Restarted,
    /// A frame whose length does not fit: something was printed into its middle.
    Torn,
}

const END: u8 = 0x04;
/// First byte of the mark. Python source never holds it raw, and terminals ignore it.
const MARK: u8 = 0x1e;
/// Greeting of the raw REPL.
pub const RAW_BANNER: &[u8] = b"raw REPL; CTRL-B to exit\r\n>";
/// End of the greeting of the friendly REPL after a restart.
const FRIENDLY_BANNER: &[u8] = b"Type \"help()\" for more information.\r\n>>> ";
/// Longest traceback that is waited for before `\x04` is taken for output.
const LONGEST_ERROR: usize = 64 * 1024;

/// Reads one reply. Bytes go in by [`Decoder::feed`]; output comes out at once.
pub struct Decoder {
    mark: Vec<u8>,
    /// Whether the program ends with a frame unless it raises.
    expects_frame: bool,
    awaits_ok: bool,
    frame: Option<Frame>,
    pending: Vec<u8>,
    /// How much of `pending` was searched in vain.
    searched: usize,
    /// The last bytes of output, to notice a restart.
    tail: Vec<u8>,
}

impl Decoder {
    /// A decoder for the reply to one command. `token`: the connection's secret. `awaits_ok`: plain raw REPL, whose reply
    /// starts with `OK`. `expects_frame`: the program sends a frame as its last act.
    pub fn new(token: &str, awaits_ok: bool, expects_frame: bool) -> Decoder {
        let mut mark = vec![MARK];
        mark.extend_from_slice(token.as_bytes());
        Decoder { mark, expects_frame, awaits_ok, frame: None, pending: Vec::new(), searched: 0, tail: Vec::new() }
    }

    /// Takes bytes from the board; passes output on.
    pub fn feed(&mut self, bytes: &[u8], output: &mut dyn FnMut(&[u8])) -> Progress {
        self.pending.extend_from_slice(bytes);
        if self.awaits_ok {
            let Some(at) = find(&self.pending, b"OK") else {
                let keep = usize::from(self.pending.last() == Some(&b'O'));
                return self.emit(self.pending.len() - keep, output);
            };
            if self.emit(at, output) == Progress::Restarted {
                return Progress::Restarted;
            }
            self.discard(2);
            self.awaits_ok = false;
            self.tail.clear();
        }
        loop {
            match self.step(output) {
                Step::Again => {}
                Step::Stop(progress) => return progress,
            }
        }
    }

    /// What was read beyond the end of the reply: output of threads.
    pub fn rest(self) -> Vec<u8> {
        self.pending
    }

    fn step(&mut self, output: &mut dyn FnMut(&[u8])) -> Step {
        let Some(at) = self.pending.iter().position(|&byte| byte == END || byte == MARK) else {
            return Step::Stop(self.emit(self.pending.len(), output));
        };
        if at > 0 {
            let progress = self.emit(at, output);
            if progress == Progress::Restarted {
                return Step::Stop(progress);
            }
        }
        if self.pending[0] == MARK { self.mark(output) } else { self.end(output) }
    }

    /// `pending` starts with the first byte of a mark.
    fn mark(&mut self, output: &mut dyn FnMut(&[u8])) -> Step {
        let common = self.pending.len().min(self.mark.len());
        if self.pending[..common] != self.mark[..common] {
            self.emit(1, output);
            return Step::Again;
        }
        if common < self.mark.len() {
            return Step::Stop(Progress::More);
        }
        let head = &self.pending[self.mark.len()..];
        let Some(colon) = head.iter().take(24).position(|&byte| byte == b':') else {
            return Step::Stop(if head.len() >= 24 { Progress::Torn } else { Progress::More });
        };
        let kind = match head[0] {
            b'R' => FrameKind::Repr,
            b'B' => FrameKind::Base64,
            b'S' => FrameKind::Stop,
            _ => return Step::Stop(Progress::Torn),
        };
        let Some(length) = std::str::from_utf8(&head[1..colon]).ok().and_then(|digits| digits.parse::<usize>().ok())
        else {
            return Step::Stop(Progress::Torn);
        };
        self.payload(kind, length, self.mark.len() + colon + 1)
    }

    /// `pending` starts with a frame whose text begins at `start` and has `length` characters.
    fn payload(&mut self, kind: FrameKind, length: usize, start: usize) -> Step {
        // A character has at least one byte: nothing ends before that.
        let from = self.searched.max(start.saturating_add(length)).min(self.pending.len());
        let Some(end) = find(&self.pending[from..], &self.mark).map(|at| at + from) else {
            self.searched = self.pending.len().saturating_sub(self.mark.len() - 1).max(start);
            return Step::Stop(Progress::More);
        };
        if self.pending.len() <= end + self.mark.len() {
            self.searched = end;
            return Step::Stop(Progress::More);
        }
        let bytes = &self.pending[start..end];
        let characters = bytes.iter().filter(|&&byte| byte & 0xc0 != 0x80).count();
        if (characters != length && bytes.len() != length) || self.pending[end + self.mark.len()] != b';' {
            return Step::Stop(Progress::Torn);
        }
        self.frame = Some(Frame { kind, text: String::from_utf8_lossy(bytes).into_owned() });
        self.discard(end + self.mark.len() + 1);
        Step::Again
    }

    /// `pending` starts with `\x04`: the end of the program's output, or a `\x04` that it printed.
    fn end(&mut self, output: &mut dyn FnMut(&[u8])) -> Step {
        // Every exception's text starts with `Traceback` or the name of its class.
        if self.pending.get(1).is_some_and(|&byte| byte != END && !byte.is_ascii_alphabetic()) {
            self.emit(1, output);
            return Step::Again;
        }
        let from = self.searched.max(1);
        let Some(second) = self.pending[from.min(self.pending.len())..].iter().position(|&byte| byte == END) else {
            if self.pending.len() > LONGEST_ERROR {
                self.emit(1, output);
                return Step::Again;
            }
            let restarted = contains(&self.pending, RAW_BANNER) || contains(&self.pending, FRIENDLY_BANNER);
            self.searched = self.pending.len().max(1);
            return Step::Stop(if restarted { Progress::Restarted } else { Progress::More });
        };
        let second = second + from;
        if self.pending.len() == second + 1 {
            self.searched = second;
            return Step::Stop(Progress::More);
        }
        let error = &self.pending[1..second];
        // An exception's text ends its line. `\x04\x04` without the frame that must come was printed by the program;
        // or it is SystemExit, after which the board restarts.
        let genuine =
            if error.is_empty() { self.frame.is_some() || !self.expects_frame } else { error.ends_with(b"\n") };
        if !genuine {
            self.searched = 0;
            self.emit(1, output);
            return Step::Again;
        }
        // A thread may print even here.
        let Some(prompt) = self.pending[second + 1..].iter().position(|&byte| byte == b'>') else {
            self.searched = second;
            return Step::Stop(Progress::More);
        };
        let error = error.to_vec();
        if prompt > 0 {
            output(&self.pending[second + 1..second + 1 + prompt]);
        }
        let reply = Reply { frame: self.frame.take(), error };
        self.discard(second + 1 + prompt + 1);
        Step::Stop(Progress::Done(reply))
    }

    /// Passes the first `count` bytes on as output.
    fn emit(&mut self, count: usize, output: &mut dyn FnMut(&[u8])) -> Progress {
        if count == 0 {
            return Progress::More;
        }
        output(&self.pending[..count]);
        let keep = RAW_BANNER.len().max(FRIENDLY_BANNER.len()) - 1;
        let mut window = std::mem::take(&mut self.tail);
        window.extend_from_slice(&self.pending[..count]);
        let restarted = contains(&window, RAW_BANNER) || contains(&window, FRIENDLY_BANNER);
        let from = window.len().saturating_sub(keep);
        self.tail = window.split_off(from);
        self.discard(count);
        if restarted { Progress::Restarted } else { Progress::More }
    }

    fn discard(&mut self, count: usize) {
        self.pending.drain(..count);
        self.searched = 0;
    }
}

enum Step {
    Again,
    Stop(Progress),
}

/// Where `needle` first stands in `bytes`.
pub fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    let (&first, _) = needle.split_first()?;
    let mut from = 0;
    while let Some(at) = bytes[from..].iter().position(|&byte| byte == first) {
        let at = from + at;
        if bytes[at..].starts_with(needle) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.len() >= needle.len() && find(bytes, needle).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "q7Zk02Xa";

    /// Feeds `stream` in chunks of `size`; gives the output, how it ended and the rest.
    fn decode(stream: &[u8], size: usize, awaits_ok: bool, expects: bool) -> (Vec<u8>, Progress, Vec<u8>) {
        let mut decoder = Decoder::new(TOKEN, awaits_ok, expects);
        let mut output = Vec::new();
        let mut last = Progress::More;
        let mut rest = Vec::new();
        let mut chunks = stream.chunks(size);
        for chunk in chunks.by_ref() {
            last = decoder.feed(chunk, &mut |bytes| output.extend_from_slice(bytes));
            if last != Progress::More {
                break;
            }
        }
        if last != Progress::More {
            rest = decoder.rest();
            chunks.for_each(|chunk| rest.extend_from_slice(chunk));
        }
        (output, last, rest)
    }

    fn frame(kind: char, text: &str) -> String {
        format!("\x1e{TOKEN}{kind}{}:{text}\x1e{TOKEN};", text.chars().count())
    }

    #[track_caller]
    fn case(stream: impl AsRef<[u8]>, output: &[u8], frame: Option<(FrameKind, &str)>, error: &[u8], rest: &[u8]) {
        let stream = stream.as_ref();
        let reply =
            Reply { frame: frame.map(|(kind, text)| Frame { kind, text: text.to_owned() }), error: error.to_vec() };
        for size in 1..=stream.len() {
            let (got, end, left) = decode(stream, size, true, true);
            assert_eq!(String::from_utf8_lossy(&got), String::from_utf8_lossy(output), "output, chunks of {size}");
            assert_eq!(end, Progress::Done(reply.clone()), "chunks of {size}");
            assert_eq!(left, rest, "rest, chunks of {size}");
        }
    }

    #[test]
    fn a_value_is_found_anywhere_in_the_output() {
        let value = frame('R', "41231");
        case(format!("OK{value}\x04\x04>"), b"", Some((FrameKind::Repr, "41231")), b"", b"");
        case(
            format!("OKno newline{value}after\x04\x04>"),
            b"no newlineafter",
            Some((FrameKind::Repr, "41231")),
            b"",
            b"",
        );
        case(
            format!("idle O\r\nOK{value}\x04\x04>later"),
            b"idle O\r\n",
            Some((FrameKind::Repr, "41231")),
            b"",
            b"later",
        );
        case(format!("OK{}\x04\x04>", frame('B', "AAEC")), b"", Some((FrameKind::Base64, "AAEC")), b"", b"");
        case(format!("OK{}\x04\x04>", frame('S', "'é'")), b"", Some((FrameKind::Stop, "'é'")), b"", b"");
    }

    #[test]
    fn look_alikes_are_output() {
        let value = frame('R', "None");
        for printed in [
            "\x04",
            "\x04\x04>",
            ">",
            "\x04>OK",
            "\x1e",
            "\x1eq7Zk02X",
            "\x1eq7Zk02XbR4:None",
            "OK",
            "R\x01",
            "\x04x\x04>",
        ] {
            case(format!("OK{printed}{value}\x04\x04>"), printed.as_bytes(), Some((FrameKind::Repr, "None")), b"", b"");
        }
    }

    #[test]
    fn an_exception_ends_a_reply() {
        let error =
            b"Traceback (most recent call last):\r\n  File \"<stdin>\", line 1, in <module>\r\nValueError: x\r\n";
        let stream = [b"OKout\x04".as_slice(), error, b"\x04>"].concat();
        case(stream, b"out", None, error, b"");
    }

    #[test]
    fn a_frame_with_noise_in_it_is_torn() {
        let torn = format!("OK\x1e{TOKEN}R4:No>noise<ne\x1e{TOKEN};\x04\x04>");
        for size in 1..torn.len() {
            assert_eq!(decode(torn.as_bytes(), size, true, true).1, Progress::Torn, "chunks of {size}");
        }
    }

    #[test]
    fn a_restart_is_noticed() {
        for stream in [
            "OK\x04\x04MPY: soft reboot\r\nraw REPL; CTRL-B to exit\r\n>",
            "OKets Jun  8 2016\r\nMicroPython v1.24 on 2024; X\r\nType \"help()\" for more information.\r\n>>> ",
            "rst:0x8\r\nraw REPL; CTRL-B to exit\r\n>",
        ] {
            for size in 1..=stream.len() {
                assert_eq!(decode(stream.as_bytes(), size, true, true).1, Progress::Restarted, "{stream:?} by {size}");
            }
        }
    }

    #[test]
    fn without_a_frame_to_come_the_first_end_counts() {
        assert_eq!(
            decode(b"OK\x04\x04>", 2, true, false),
            (Vec::new(), Progress::Done(Reply { frame: None, error: Vec::new() }), Vec::new())
        );
        assert_eq!(decode(b"OK\x04\x04>", 2, true, true).1, Progress::More);
    }
}
