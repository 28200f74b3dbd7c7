//! Looking for what has a meaning in a board's bytes. Uses nothing. Invariant: linear in the bytes.

use super::END;

/// Where the last text stands that looks as the board's word of an exception does: behind `\x04`, whole lines, which may
/// hold anything, then `\x04`. What threads print may stand in front of it.
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

/// What is printed around the end of a program that was stopped: all but `\x04`, the traceback, and the prompt.
pub fn without_end(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    const TRACEBACK: &[u8] = b"Traceback (most recent call last):";
    let first = bytes.iter().position(|&byte| byte == END).unwrap_or(bytes.len());
    let (before, end) = bytes.split_at(first);
    let begin = find(end, TRACEBACK).unwrap_or(end.len());
    // Places are indented, the exception is not and ends the traceback.
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

/// Without the answers to the host's own requests for the prompt, into which others have printed, too.
pub fn without_prompt(mut left: Vec<u8>) -> Vec<u8> {
    const ANSWER: &[u8] = b"raw REPL; CTRL-B to exit\r\n";
    while let Some(at) = find(&left, ANSWER) {
        left.drain(at..at + ANSWER.len());
        if let Some(prompt) = left[at..].iter().position(|&byte| byte == b'>') {
            left.remove(at + prompt);
        }
    }
    left
}

/// How many bytes at the end of `bytes` may become `needle`.
pub(super) fn partial(bytes: &[u8], needle: &[u8]) -> usize {
    (1..needle.len().min(bytes.len() + 1)).rev().find(|&count| bytes.ends_with(&needle[..count])).unwrap_or(0)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_stopped_program_is_told_from_what_is_printed_around_it() {
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
    fn a_torn_answer_is_no_output() {
        let case = |bytes: &str, printed: &str| {
            let got = without_prompt(bytes.as_bytes().to_vec());
            assert_eq!(String::from_utf8_lossy(&got), printed);
        };
        case("0x7f>raw REPL; CTRL-B to exit\r\n\nTraceback\n>  File", "0x7f>\nTraceback\n  File");
        case("raw REPL; CTRL-B to exit\r\nraw REPL; CTRL-B to exit\r\n>a>", "a");
        case("raw REPL; CTRL-B to", "raw REPL; CTRL-B to");
    }
}
