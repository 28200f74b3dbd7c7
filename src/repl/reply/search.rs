//! Searches a board's bytes for the raw REPL's texts. Uses nothing. Invariant: linear in the bytes.

use super::{END, RAW_BANNER};

/// The place of the last text that looks like the board's report of an exception: after `\x04`, complete lines with any
/// content, then `\x04`. Output of threads may precede it.
pub(super) fn error(bytes: &[u8]) -> Option<(usize, usize)> {
    const TRACEBACK: &[u8] = b"Traceback (most recent call last):";
    let end = (2..bytes.len()).rev().find(|&at| bytes[at] == END && bytes[at - 1] == b'\n')?;
    let text = &bytes[..end];
    let last = |needle: &[u8]| (0..text.len()).rev().find(|&at| text[at..].starts_with(needle));
    let start = last(&[&[END], TRACEBACK].concat())
        .or_else(|| Some(find(text, TRACEBACK)?.saturating_sub(1)))
        .or_else(|| text.iter().rposition(|&byte| byte == END))?;
    (start + 1 < end).then_some((start, end))
}

/// Takes the board's report of an exception out of the bytes before the end of a later command; `None` if there is none.
pub fn take_error(bytes: &mut Vec<u8>) -> Option<Vec<u8>> {
    let (start, end) = error(bytes).filter(|&(start, _)| bytes[start] == END)?;
    let word = bytes[start + 1..end].to_vec();
    let mut stop = end + 1 + usize::from(bytes[end + 1..].first() == Some(&b'>'));
    stop += if bytes[stop..].starts_with(RAW_BANNER) { RAW_BANNER.len() } else { 0 };
    bytes.drain(start..stop);
    Some(word)
}

/// The output around the end of a stopped program: everything except `\x04`, the traceback and the prompt.
pub fn without_end(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    const TRACEBACK: &[u8] = b"Traceback (most recent call last):";
    let first = bytes.iter().position(|&byte| byte == END).unwrap_or(bytes.len());
    let (before, end) = bytes.split_at(first);
    let begin = find(end, TRACEBACK).unwrap_or(end.len());
    // Entries are indented; the exception is not, and ends the traceback.
    let mut rest = &end[begin..];
    let mut is_over = rest.is_empty();
    while !is_over {
        let line = rest.iter().position(|&byte| byte == b'\n').map_or(rest.len(), |at| at + 1);
        is_over = !rest.starts_with(b" ") && !rest.starts_with(TRACEBACK);
        rest = &rest[line..];
        is_over |= rest.is_empty();
    }
    let after = rest.strip_prefix(&[END, b'>']).unwrap_or(rest);
    let pieces = [before, &end[..begin], after].into_iter();
    pieces.flat_map(|piece| piece.split(|&byte| byte == END)).filter(|piece| !piece.is_empty())
}

/// Removes the replies to the host's requests for the prompt into which others have printed. A complete reply was noticed,
/// or is output of others.
pub fn without_torn_prompts(mut left: Vec<u8>) -> Vec<u8> {
    const GREETING: &[u8] = b"raw REPL; CTRL-B to exit\r\n";
    let mut from = 0;
    while let Some(at) = find(&left[from..], GREETING).map(|at| from + at) {
        if left[at..].starts_with(RAW_BANNER) {
            from = at + RAW_BANNER.len();
            continue;
        }
        left.drain(at..at + GREETING.len());
        if let Some(prompt) = left[at..].iter().position(|&byte| byte == b'>') {
            left.remove(at + prompt);
        }
    }
    left
}

/// Removes `count` replies to the host's requests for the prompt. Which of several equal texts is removed does not matter.
pub fn without_prompts(mut text: Vec<u8>, count: usize) -> Vec<u8> {
    let mut found = 0;
    while found < count
        && let Some(at) = find(&text, RAW_BANNER)
    {
        text.drain(at..at + RAW_BANNER.len());
        found += 1;
    }
    if found < count { without_torn_prompts(text) } else { text }
}

/// Removes the board's replies to entering its raw REPL: `asked` greetings of it, prompts and greetings of the friendly
/// REPL, and the traceback of the interrupted program.
pub fn without_own(mut text: Vec<u8>, asked: usize) -> Vec<u8> {
    for _ in 0..asked {
        let Some(at) = find(&text, RAW_BANNER) else { break };
        // The friendly REPL ends its line first.
        let start = if text[..at].ends_with(b">>> \r\n") || at == 2 && text.starts_with(b"\r\n") { at - 2 } else { at };
        text.drain(start..at + RAW_BANNER.len());
    }
    for (begin, end) in [
        (b"MicroPython ".as_slice(), b"more information.\r\n>>> ".as_slice()),
        (b"Adafruit CircuitPython ", b"\r\n>>> "),
    ] {
        while let Some((start, stop)) = greeting(&text, begin, end) {
            text.drain(start..stop);
        }
    }
    if let Some(stop) = torn_greeting(&text) {
        text.drain(..stop);
    }
    for own in [b"\r\nWebREPL connected".as_slice(), b"\r\n>>> "] {
        while let Some(at) = find(&text, own) {
            text.drain(at..at + own.len());
        }
    }
    let text = without_interrupt(text);
    let rest = text.strip_prefix(b">>> ").or_else(|| text.strip_prefix(b"\n>>> "));
    rest.map(<[u8]>::to_vec).unwrap_or(text)
}

/// Removes late replies to the host's own questions: an acknowledgement, a frame with this token, and the end.
pub fn without_frames(mut text: Vec<u8>, token: &str) -> Vec<u8> {
    let mark = [b"\x1e", token.as_bytes()].concat();
    while let Some(start) = find(&text, &mark) {
        let Some(length) = find(&text[start + mark.len()..], &mark) else { break };
        let mut stop = start + 2 * mark.len() + length;
        for end in [b";".as_slice(), b"\x04\x04>"] {
            stop += if text[stop..].starts_with(end) { end.len() } else { 0 };
        }
        let start = if text[..start].ends_with(b"OK") { start - 2 } else { start };
        text.drain(start..stop);
    }
    text
}

/// The end of a greeting of MicroPython's friendly REPL whose start came before the port was open: what is left of its two lines.
fn torn_greeting(text: &[u8]) -> Option<usize> {
    const LAST: &[u8] = b"Type \"help()\" for more information.";
    const PROMPT: &[u8] = b"\r\n>>> ";
    let at = find(text, PROMPT)?;
    let mut lines = text[..at].rsplit(|&byte| byte == b'\n');
    let last = lines.next()?;
    let is_own = last.len() >= 4 && LAST.ends_with(last) && (last.len() == LAST.len() || last.len() == at);
    (is_own && lines.count() <= 1).then_some(at + PROMPT.len())
}

/// The range of a greeting of the friendly REPL: from the start of its line to the end of its prompt.
fn greeting(text: &[u8], begin: &[u8], end: &[u8]) -> Option<(usize, usize)> {
    let mut from = 0;
    loop {
        let at = from + find(&text[from..], begin)?;
        let stop = at + find(&text[at..], end)? + end.len();
        let lines = text[at..stop].iter().filter(|&&byte| byte == b'\n').count();
        if lines <= 2 && (text[..at].last().is_none_or(|&byte| byte == b'\n') || text[..at].ends_with(b">>> ")) {
            let before = match &text[..at] {
                // Its first byte came before the port was open.
                b"\n" => 0,
                before => before.strip_suffix(b"\r\n").map_or(at, <[u8]>::len),
            };
            // A line of the program ends before it; an empty one belongs to the greeting.
            let own = before == 0 || text[..before].ends_with(b"\n");
            return Some((if own { before } else { at }, stop));
        }
        from = at + begin.len();
    }
}

/// Removes the last traceback that ends with a KeyboardInterrupt, and the raw REPL's end marks around it.
fn without_interrupt(mut text: Vec<u8>) -> Vec<u8> {
    const TRACEBACK: &[u8] = b"Traceback (most recent call last):";
    const INTERRUPT: &[u8] = b"\nKeyboardInterrupt";
    let last = |needle: &[u8], text: &[u8]| (0..text.len()).rev().find(|&at| text[at..].starts_with(needle));
    let Some(exception) = last(INTERRUPT, &text) else { return text };
    let Some(start) = last(TRACEBACK, &text[..exception]) else { return text };
    let line = text[exception + 1..].iter().position(|&byte| byte == b'\n');
    let mut stop = line.map_or(text.len(), |at| exception + 2 + at);
    stop += if text[stop..].starts_with(&[END, b'>']) { 2 } else { 0 };
    let start = start - usize::from(text[..start].ends_with(&[END]));
    text.drain(start..stop);
    text
}

/// Most characters of a quoted line.
const LONGEST_LINE: usize = 60;

/// The last non-empty line, as text; invalid UTF-8 is replaced.
pub fn last_line(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let readable = |letter: char| !letter.is_control();
    let last = text.lines().rev().map(|line| line.chars().filter(|&letter| readable(letter)).collect::<String>());
    let line = last.map(|line| line.trim().to_owned()).find(|line| !line.is_empty()).unwrap_or_default();
    let mut shown: String = line.chars().take(LONGEST_LINE).collect();
    if shown.len() < line.len() {
        shown.push('…');
    }
    shown
}

/// How many bytes at the end of `bytes` may become `needle`.
pub(super) fn partial(bytes: &[u8], needle: &[u8]) -> usize {
    (1..needle.len().min(bytes.len() + 1)).rev().find(|&count| bytes.ends_with(&needle[..count])).unwrap_or(0)
}

/// The range of the first line `text` in `bytes`, with its end; a simulated board adds a CR to it.
pub fn find_line(bytes: &[u8], text: &[u8]) -> Option<(usize, usize)> {
    let at = find(bytes, text)?;
    let after = &bytes[at + text.len()..];
    let returns = after.iter().take_while(|&&byte| byte == b'\r').count();
    (after.get(returns) == Some(&b'\n')).then_some((at, at + text.len() + returns + 1))
}

/// The index of the first `needle` in `bytes`.
pub fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    if needle.is_empty() { None } else { memchr::memmem::find(bytes, needle) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separates_the_end_of_a_stopped_program_from_output() {
        let case = |bytes: &[u8], printed: &[u8]| {
            let got: Vec<u8> = without_end(bytes).flatten().copied().collect();
            assert_eq!(got.escape_ascii().to_string(), printed.escape_ascii().to_string());
        };
        let end =
            "\x04Traceback (most recent call last):\r\n  File \"<stdin>\", line 3\r\nKeyboardInterrupt: \r\n\x04>";
        case(b"", b"");
        case(b"tick", b"tick");
        case(format!("tick{end}").as_bytes(), b"tick");
        case(format!("\x04tick{end}tock\r\n").as_bytes(), b"ticktock\r\n");
        case(b"\x04\x04>", b">");
        case(b"\x04Traceback (most recent call last):\r\n  Fi", b"");
    }

    #[test]
    fn a_torn_greeting_is_not_output() {
        let case = |bytes: &str, printed: &str| {
            let got = without_torn_prompts(bytes.as_bytes().to_vec());
            assert_eq!(String::from_utf8_lossy(&got), printed);
        };
        case("0x7f>raw REPL; CTRL-B to exit\r\n\nTraceback\n>  File", "0x7f>\nTraceback\n  File");
        case("raw REPL; CTRL-B to exit\r\nraw REPL; CTRL-B to exit\r\n>a>", "a");
        case("<1|raw REPL; CTRL-B to exit\r\n>", "<1|raw REPL; CTRL-B to exit\r\n>");
        case("raw REPL; CTRL-B to", "raw REPL; CTRL-B to");
    }

    #[test]
    fn separates_output_from_the_boards_replies_to_its_host() {
        let case = |text: &str, asked: usize, printed: &str| {
            let got = without_own(text.as_bytes().to_vec(), asked);
            assert_eq!(String::from_utf8_lossy(&got).escape_debug().to_string(), printed.escape_debug().to_string());
        };
        let raw = "raw REPL; CTRL-B to exit\r\n>";
        let banner = "MicroPython v1.29.0 on 2026-08-01; Fake\r\nType \"help()\" for more information.\r\n>>> ";
        let interrupt =
            "Traceback (most recent call last):\r\n  File \"main.py\", line 3, in <module>\r\nKeyboardInterrupt: \r\n";
        case(&format!("\r\n>>> \r\n{raw}"), 1, "");
        case(&format!("\r\n{raw}"), 1, "");
        case(&format!("tick 1\r\n{interrupt}{banner}\r\n>>> \r\n{raw}{raw}"), 2, "tick 1\r\n");
        case(&format!("tick 1\r\n{interrupt}\r\n{banner}\r\n{raw}"), 1, "tick 1\r\n");
        // Which of two equal texts is removed does not matter if nothing is between them.
        case(&format!("{raw}{raw}\x04{interrupt}\x04>"), 1, raw);
        case(
            "MicroPython is printed\r\nby a program\r\nagain\r\n",
            0,
            "MicroPython is printed\r\nby a program\r\nagain\r\n",
        );
        case("\r\nAdafruit CircuitPython 10.3.0 on 2026; Fake\r\n>>> ", 0, "");
        // The port was opened while the board greeted.
        let whole = format!("\r\n{banner}");
        for from in 0..whole.len() - 3 {
            // Of less than four letters it is not known what they are.
            let rest = &whole[from..];
            if !(1..4).contains(&rest.find("\r\n").unwrap_or_default()) {
                case(&format!("{rest}\r\n{raw}"), 1, "");
            }
        }
        case(
            "1\r\n2\r\nType \"help()\" for more information.\r\n",
            0,
            "1\r\n2\r\nType \"help()\" for more information.\r\n",
        );
        case(
            "no end\r\nTraceback (most recent call last):\r\nValueError: x\r\n",
            3,
            "no end\r\nTraceback (most recent call last):\r\nValueError: x\r\n",
        );
    }

    #[test]
    fn returns_the_last_line_as_text() {
        for (bytes, line) in [
            (b"a\r\nnope\r\n\r\n".as_slice(), "nope"),
            (b"\x04\x01\r\n", ""),
            (b"caf\xc3\xa9\x1b\r\n", "caf\u{e9}"),
            (b"", ""),
        ] {
            assert_eq!(last_line(bytes), line);
        }
    }
}
