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
    /// Whether output of the board tore the frame: the value can be asked for again.
    pub torn: bool,
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
    /// Something was printed into the middle of the frame, so that it is of no use.
    torn: bool,
    /// An end without the frame that must come before it: printed by the program, or the frame was lost.
    doubtful: bool,
    probing: bool,
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
        Decoder {
            mark,
            expects_frame,
            awaits_ok,
            frame: None,
            torn: false,
            doubtful: false,
            probing: false,
            pending: Vec::new(),
            searched: 0,
            tail: Vec::new(),
        }
    }

    /// Notes that a Ctrl-A was sent: if the board answers it, the command is over.
    pub fn probe(&mut self) {
        self.probing = true;
    }

    /// Whether the bytes so far end like a command whose frame was torn beyond recognition. A program that printed this
    /// end itself goes on; one whose frame was lost is over, and the board answers a Ctrl-A.
    pub fn is_doubtful(&self) -> bool {
        self.doubtful && self.frame.is_none() && !self.torn
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
        if self.probing {
            if let Some(at) = find(&self.pending, RAW_BANNER) {
                self.discard(at + RAW_BANNER.len());
                return Progress::Done(Reply { frame: None, error: Vec::new(), torn: true });
            }
            if find(&self.pending, &self.mark).is_none() {
                return Progress::More;
            }
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
        if head.first() == Some(&b';') {
            // The end of a frame whose beginning was torn.
            self.torn = true;
            self.discard(self.mark.len() + 1);
            return Step::Again;
        }
        let Some(colon) = head.iter().take(24).position(|&byte| byte == b':') else {
            return if head.len() >= 24 { self.tear() } else { Step::Stop(Progress::More) };
        };
        let kind = match head[0] {
            b'R' => FrameKind::Repr,
            b'B' => FrameKind::Base64,
            b'S' => FrameKind::Stop,
            _ => return self.tear(),
        };
        let Some(length) = std::str::from_utf8(&head[1..colon]).ok().and_then(|digits| digits.parse::<usize>().ok())
        else {
            return self.tear();
        };
        self.payload(kind, length, self.mark.len() + colon + 1)
    }

    /// `pending` starts with a mark that begins no frame. What follows may be anything; it is shown rather than lost.
    fn tear(&mut self) -> Step {
        self.torn = true;
        self.discard(self.mark.len());
        Step::Again
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
            // The noise in it cannot be told from the value: neither is passed on.
            self.torn = true;
            self.discard(end + self.mark.len());
            return Step::Again;
        }
        self.torn = false;
        self.frame = Some(Frame { kind, text: String::from_utf8_lossy(bytes).into_owned() });
        self.discard(end + self.mark.len() + 1);
        Step::Again
    }

    /// `pending` starts with `\x04`: the end of the program's output, or a `\x04` that it printed.
    fn end(&mut self, output: &mut dyn FnMut(&[u8])) -> Step {
        let over = self.frame.is_some() || self.torn || !self.expects_frame;
        if !over && find(&self.pending, &self.mark).is_some() {
            // The frame is still to come: this was printed.
            self.emit(1, output);
            return Step::Again;
        }
        let from = self.searched.max(1);
        let Some(second) = self.second_end(from) else {
            if self.pending.len() > LONGEST_ERROR {
                self.emit(1, output);
                return Step::Again;
            }
            let restarted = contains(&self.pending, RAW_BANNER) || contains(&self.pending, FRIENDLY_BANNER);
            self.searched = self.pending.len().max(1);
            return Step::Stop(if restarted { Progress::Restarted } else { Progress::More });
        };
        // What threads print goes anywhere: in front of the exception, and before the prompt.
        let (noise, error) = split_error(&self.pending[1..second]);
        let genuine = !error.is_empty() || over;
        if self.pending.len() == second + 1 {
            self.searched = second;
            return Step::Stop(Progress::More);
        }
        if !genuine {
            self.doubtful |= second == 1 && self.pending[second + 1] == b'>';
            self.searched = 0;
            self.emit(1, output);
            return Step::Again;
        }
        let Some(prompt) = self.pending[second + 1..].iter().position(|&byte| byte == b'>') else {
            self.searched = second;
            return Step::Stop(Progress::More);
        };
        if !noise.is_empty() {
            output(noise);
        }
        let error = error.to_vec();
        if prompt > 0 {
            output(&self.pending[second + 1..second + 1 + prompt]);
        }
        let reply = Reply { frame: self.frame.take(), error, torn: self.torn };
        self.discard(second + 1 + prompt + 1);
        Step::Stop(Progress::Done(reply))
    }

    /// The `\x04` that ends the part behind the first one: directly behind it, or at the start of a line, for an exception
    /// ends its line, whatever its message holds.
    fn second_end(&self, from: usize) -> Option<usize> {
        let from = from.min(self.pending.len());
        let ends = |at: &usize| {
            self.pending[*at] == END && (*at == 1 || self.pending[at - 1] == b'\n' || self.frame.is_some())
        };
        (from..self.pending.len()).find(ends)
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

/// Splits what stands between the two ends of a reply into output of threads and the text of an exception.
fn split_error(bytes: &[u8]) -> (&[u8], &[u8]) {
    if let Some(at) = find(bytes, b"Traceback (most recent call last):") {
        return bytes.split_at(at);
    }
    // Some exceptions have no traceback, KeyboardInterrupt during a paste for one.
    let line = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let start = line.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
    let name: &[u8] = line[start..].split(|&byte| byte == b':').next().unwrap_or_default().trim_ascii();
    let known = [b"Error".as_slice(), b"Exception", b"Interrupt", b"Exit", b"Iteration"];
    let is_exception = bytes.ends_with(b"\n")
        && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        && known.iter().any(|end| name.ends_with(end));
    if is_exception { bytes.split_at(start) } else { (bytes, &[]) }
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
        let reply = Reply {
            frame: frame.map(|(kind, text)| Frame { kind, text: text.to_owned() }),
            error: error.to_vec(),
            torn: false,
        };
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
        for torn in [
            format!("OK\x1e{TOKEN}R4:No>noise<ne\x1e{TOKEN};\x04\x04>"),
            format!("OK\x1e{TOKEN}Rno4:None\x1e{TOKEN};\x04\x04>"),
            format!("OK\x1e{TOKEN}R4:None\x1e{TOKEN}noise;\x04\x04>"),
        ] {
            for size in 1..=torn.len() {
                let (_, end, _) = decode(torn.as_bytes(), size, true, true);
                let Progress::Done(reply) = end else { panic!("{torn:?} by {size}: {end:?}") };
                assert!(reply.torn && reply.frame.is_none(), "{torn:?} by {size}: {reply:?}");
            }
        }
    }

    #[test]
    fn a_frame_torn_beyond_recognition_leaves_a_doubt() {
        let mut decoder = Decoder::new(TOKEN, true, true);
        assert!(!decoder.is_doubtful());
        assert_eq!(decoder.feed(b"OK\x1eq7Znoisek02XaR4:None\x1eq7;\x04\x04>", &mut |_| {}), Progress::More);
        assert!(decoder.is_doubtful());
        decoder.probe();
        assert_eq!(decoder.feed(b"raw REPL; CTRL-B", &mut |_| {}), Progress::More);
        let over = Progress::Done(Reply { frame: None, error: Vec::new(), torn: true });
        assert_eq!(decoder.feed(b" to exit\r\n>", &mut |_| {}), over);
    }

    #[test]
    fn threads_may_print_between_the_ends() {
        let value = frame('R', "1");
        let found = Some((FrameKind::Repr, "1"));
        case(format!("OK{value}\x04T27\r\n\x04>"), b"T27\r\n", found, b"", b"");
        case(format!("OK{value}\x04\x04T27\r\n>"), b"T27\r\n", found, b"", b"");
        let error = "Traceback (most recent call last):\r\n  File \"<stdin>\", line 1, in f\r\nValueError: x\r\n";
        case(format!("OK\x04T27\r\n{error}\x04>"), b"T27\r\n", None, error.as_bytes(), b"");
        case("OK\x04KeyboardInterrupt: \r\n\x04>", b"", None, b"KeyboardInterrupt: \r\n", b"");
    }

    #[test]
    fn the_message_of_an_exception_may_hold_anything() {
        for message in ["\x04>", "a\x04b", "\x04\x04>", "OK", "\x1e"] {
            let error = format!(
                "Traceback (most recent call last):\r\n  File \"<stdin>\", line 1, in f\r\nValueError: {message}\r\n"
            );
            case(format!("OK\x04{error}\x04>"), b"", None, error.as_bytes(), b"");
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
            (Vec::new(), Progress::Done(Reply { frame: None, error: Vec::new(), torn: false }), Vec::new())
        );
        assert_eq!(decode(b"OK\x04\x04>", 2, true, true).1, Progress::More);
    }
}
