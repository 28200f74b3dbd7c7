//! Tests of reply streams, complete and torn, under every division into chunks.

use super::*;
use crate::bound;

const TOKEN: &str = "q7Zk02Xa";

fn plain(expects: bool) -> Decoder {
    Decoder::new(TOKEN, Prelude::Plain, expects)
}

/// Feeds `stream` in chunks of `size`, then asks for the prompt if the end is in doubt; returns the output, the
/// conclusion, and the rest.
fn decode(mut decoder: Decoder, stream: &[u8], size: usize) -> (Vec<u8>, Option<Conclusion>, Vec<u8>) {
    let mut output = Vec::new();
    let mut sink = |bytes: &[u8]| output.extend_from_slice(bytes);
    let mut chunks = stream.chunks(size);
    let mut end = None;
    for chunk in chunks.by_ref() {
        let mut progress = decoder.feed(chunk, &mut sink);
        while let Progress::Question(text) = progress {
            sink(format!("[{text}?]").as_bytes());
            progress = decoder.feed(b"", &mut sink);
        }
        if let Progress::Done(reply) = progress {
            end = Some(Conclusion::Reply(reply));
            break;
        }
    }
    if end.is_none() && decoder.doubt() != Doubt::None {
        decoder.asked_for_prompt();
        for chunk in RAW_BANNER.chunks(size) {
            if decoder.feed(chunk, &mut sink) == Progress::Prompt {
                end = Some(decoder.conclude(&mut sink));
            }
        }
    }
    let mut rest = decoder.rest();
    chunks.for_each(|chunk| rest.extend_from_slice(chunk));
    (output, end, rest)
}

fn frame(kind: char, text: &str) -> String {
    format!("\x1e{TOKEN}{kind}{}:{text}\x1e{TOKEN};", text.chars().count())
}

#[track_caller]
fn case(stream: impl AsRef<[u8]>, output: &[u8], frame: Option<(FrameKind, &str)>, error: &[u8], rest: &[u8]) {
    let stream = stream.as_ref();
    let frame = frame.map(|(kind, text)| ReplyFrame { kind, text: text.to_owned() });
    let reply = Reply { frame, error: error.to_vec() };
    for size in 1..=stream.len() {
        let (got, end, left) = decode(plain(true), stream, size);
        assert_eq!(String::from_utf8_lossy(&got), String::from_utf8_lossy(output), "output, chunks of {size}");
        assert_eq!(end, Some(Conclusion::Reply(reply.clone())), "chunks of {size}");
        assert_eq!(left, rest, "rest, chunks of {size}");
    }
}

#[track_caller]
fn torn(stream: impl AsRef<[u8]>) {
    let stream = stream.as_ref();
    for size in 1..=stream.len() {
        let (_, end, _) = decode(plain(true), stream, size);
        assert!(matches!(end, Some(Conclusion::Torn(_))), "{} by {size}: {end:?}", stream.escape_ascii());
    }
}

const ERROR: &str = "Traceback (most recent call last):\r\n  File \"<stdin>\", line 1, in f\r\nValueError: x\r\n";
const SEVEN: Option<(FrameKind, &str)> = Some((FrameKind::Repr, "7"));

#[test]
fn a_flipped_bit_never_yields_another_value() {
    for (kind, letter, text) in
        [(FrameKind::Repr, 'R', "{'key': 16, 'é': [1, 2]}"), (FrameKind::Base64, 'B', "aGFsbG8=")]
    {
        let whole = Some(ReplyFrame { kind, text: text.to_owned() });
        let [form, _] = forms(TOKEN, kind, text);
        assert!(form.starts_with(&format!("\x1e{TOKEN}{letter}")), "{form}");
        let stream = format!("OK{form}\x04\x04>");
        for bit in 0..stream.len() * 8 {
            let mut flipped = stream.clone().into_bytes();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let (_, end, _) = decode(plain(true), &flipped, flipped.len());
            if let Some(Conclusion::Reply(Reply { frame: Some(frame), .. })) = end {
                assert_eq!(Some(frame), whole, "bit {bit} of {}", flipped.escape_ascii());
            }
        }
    }
}

#[test]
fn finds_a_value_anywhere_in_the_output() {
    let value = frame('R', "7");
    case(format!("OK{value}\x04\x04>"), b"", SEVEN, b"", b"");
    case(format!("OKno newline{value}after\x04\x04>"), b"no newlineafter", SEVEN, b"", b"");
    case(format!("idle O\r\nOK{value}\x04\x04>later"), b"idle O\r\n", SEVEN, b"", b"later");
    // Whether the board replaces line ends or not.
    let lines = Some((FrameKind::Repr, "<a\nb>\n"));
    let value = frame('R', "<a\nb>\n");
    case(format!("OKx\n{value}\x04\x04>"), b"x\n", lines, b"", b"");
    case(format!("OKx\n{value}\x04\x04>").replace('\n', "\r\n"), b"x\r\n", lines, b"", b"");
    case(format!("OK{}\x04\x04>", frame('B', "AAEC")), b"", Some((FrameKind::Base64, "AAEC")), b"", b"");
    case(format!("OK{}\x04\x04>", frame('S', "'é'")), b"", Some((FrameKind::Stop, "'é'")), b"", b"");
}

#[test]
fn look_alikes_are_output() {
    let value = frame('R', "7");
    let error = format!("\x04{ERROR}\x04>");
    for printed in [
        "\x04",
        "\x04\x04>",
        ">",
        "\x04>OK",
        "\x1e",
        "\x1eq7Zk02X",
        "\x1eq7Zk02XbR1:7",
        "OK",
        "R\x01",
        "\x04x\x04>",
        "raw REPL; CTRL-B to exit\r\n>",
        "\r\n>>> ",
        &error,
    ] {
        case(format!("OK{printed}{value}\x04\x04>"), printed.as_bytes(), SEVEN, b"", b"");
        if !printed.contains("OK") {
            case(format!("{printed}OK{value}\x04\x04>"), printed.as_bytes(), SEVEN, b"", b"");
        }
        case(format!("OK{value}\x04\x04>{printed}"), b"", SEVEN, b"", printed.as_bytes());
    }
}

#[test]
fn an_exception_ends_a_reply() {
    case(format!("OKout\x04{ERROR}\x04>"), b"out", None, ERROR.as_bytes(), b"");
    case(format!("OKout\x04a\n\x04>more\x04{ERROR}\x04>"), b"out\x04a\n\x04>more", None, ERROR.as_bytes(), b"");
    // CircuitPython's are translated.
    let translated = "Zurückverfolgung (jüngste Aufforderung zuletzt):\r\nValueError: x\r\n";
    case(format!("OK\x04{translated}\x04>"), b"", None, translated.as_bytes(), b"");
}

#[test]
fn recognises_the_acknowledgement_of_raw_paste() {
    let header = [b'R', 1, 128, 0, 1];
    for (stream, output) in
        [(format!("R\x01{}\0\x01\x01\x04out", '\u{80}'), "out"), ("noise\x01\x04out".to_owned(), "noiseout")]
    {
        let stream = stream.replace('\u{80}', "\u{1}");
        let stream: Vec<u8> = [stream.as_bytes(), frame('R', "7").as_bytes(), b"\x04\x04>"].concat();
        let header = Some(if stream[2] == 1 { [b'R', 1, 1, 0, 1] } else { header });
        for size in 1..=stream.len() {
            let (got, end, _) = decode(Decoder::new(TOKEN, Prelude::Paste { header, credits: 9 }, true), &stream, size);
            assert!(matches!(end, Some(Conclusion::Reply(Reply { frame: Some(_), .. }))), "{end:?} by {size}");
            assert_eq!(String::from_utf8_lossy(&got), output, "by {size}");
        }
    }
}

#[test]
fn a_thread_may_print_within_the_grant_of_a_window() {
    let case = |bytes: &[u8], wanted: Option<(usize, &[u8])>| {
        let mut rest = bytes.to_vec();
        let at = super::take_header(&mut rest, &[b'R', 1, 128, 0, 1]);
        assert_eq!(at, wanted.map(|(at, _)| at), "{}", bytes.escape_ascii());
        assert_eq!(rest, wanted.map_or(bytes, |(_, rest)| rest), "{}", bytes.escape_ascii());
    };
    case(b"R\x01\x80\0\x01\x01", Some((0, b"\x01")));
    case(b"a\x80\0\x01R\x01(17)\x80\0\x01\x01b", Some((8, b"a\x80\0\x01(17)\x01b")));
    case(b"R\x01R\x01(17)\x80\0\x01", Some((6, b"R\x01(17)")));
    case(b"R\x01(17)\x80\0", None);
    case(b"\x80\0\x01R\x01", None);
    let stream: Vec<u8> = [b"R\x01tick\x80\0\x01\x01\x04out", frame('R', "7").as_bytes(), b"\x04\x04>"].concat();
    for size in 1..=stream.len() {
        let prelude = Prelude::Paste { header: Some([b'R', 1, 128, 0, 1]), credits: 9 };
        let (got, end, _) = decode(Decoder::new(TOKEN, prelude, true), &stream, size);
        assert!(matches!(end, Some(Conclusion::Reply(Reply { frame: Some(_), .. }))), "{end:?} by {size}");
        assert_eq!(String::from_utf8_lossy(&got), "tickout", "by {size}");
    }
}

#[test]
fn a_torn_frame_yields_no_value() {
    torn(format!("OK\x1e{TOKEN}R4:No>noise<ne\x1e{TOKEN};\x04\x04>"));
    torn(format!("OK\x1e{TOKEN}Rno4:None\x1e{TOKEN};\x04\x04>"));
    torn(format!("OK\x1e{TOKEN}R4:None\x1e{TOKEN}noise;\x04\x04>"));
    torn(format!("OK\x1e{TOKEN}R4:None\x1eq7noise{}\x04\x04>", &TOKEN[2..]));
    torn(format!("OK\x1eq7Znoisek02XaR4:None\x1e{TOKEN};\x04\x04>"));
    torn("OK\x1eq7Znoisek02XaR4:None\x1eq7;\x04\x04>");
    torn(format!("OK\x1e{TOKEN}R99999999999:"));
}

#[test]
fn a_reply_with_a_lost_end_counts_after_the_prompt() {
    let value = frame('R', "7");
    for end in ["", "\x04", "\x04\x04", "\x04>", "\x04noise\x04"] {
        let stream = format!("OK{value}{end}");
        for size in 1..=stream.len() {
            let (_, end, _) = decode(plain(true), stream.as_bytes(), size);
            assert!(matches!(end, Some(Conclusion::Reply(Reply { frame: Some(_), .. }))), "{stream:?}: {end:?}");
        }
    }
}

#[test]
fn threads_may_print_between_the_ends() {
    let value = frame('R', "7");
    case(format!("OK{value}\x04T27\r\n\x04>"), b"T27\r\n", SEVEN, b"", b"");
    case(format!("OK{value}\x04\x04T27\r\n>"), b"T27\r\n", SEVEN, b"", b"");
    case(format!("OK\x04T27\r\n{ERROR}\x04>"), b"T27\r\n", None, ERROR.as_bytes(), b"");
    case(format!("OK\x04{ERROR}\x04T27\r\n>"), b"T27\r\n", None, ERROR.as_bytes(), b"");
    case("OK\x04KeyboardInterrupt: \r\n\x04>", b"", None, b"KeyboardInterrupt: \r\n", b"");
}

#[test]
fn an_exception_message_may_contain_anything() {
    for message in ["\x04>", "a\x04b", "\x04\x04>", "OK", "\x1e", "raw REPL; CTRL-B to exit\r\n>"] {
        let error = ERROR.replace('x', message);
        case(format!("OK\x04{error}\x04>"), b"", None, error.as_bytes(), b"");
    }
}

#[test]
fn a_restart_raises_a_doubt() {
    for stream in [
        "OK\x04\x04MPY: soft reboot\r\nraw REPL; CTRL-B to exit\r\n>",
        "OKets Jun  8 2016\r\nMicroPython v1.24 on 2024; X\r\nType \"help()\" for more information.\r\n>>> ",
        "OK\r\nAdafruit CircuitPython 10.3.0 on 2026-01-01; BOARD with CHIP\r\n>>> ",
        "rst:0x8\r\nraw REPL; CTRL-B to exit\r\n>",
    ] {
        torn(stream);
    }
    let mut decoder = plain(true);
    decoder.feed(b"OKprinting on", &mut |_| {});
    assert_eq!(decoder.doubt(), Doubt::None);
}

#[test]
fn held_bytes_are_output_once_the_program_continues() {
    let mut decoder = plain(true);
    let mut output = Vec::new();
    decoder.feed(b"OKa\x04b", &mut |bytes| output.extend_from_slice(bytes));
    assert_eq!((output.as_slice(), decoder.doubt()), (b"a".as_slice(), Doubt::Age));
    decoder.asked_for_prompt();
    decoder.dismiss(&mut |bytes| output.extend_from_slice(bytes));
    assert_eq!((output.as_slice(), decoder.doubt()), (b"a\x04b".as_slice(), Doubt::None));
    let end = [b"c".as_slice(), frame('R', "7").as_bytes(), b"\x04\x04>", RAW_BANNER].concat();
    let progress = decoder.feed(&end, &mut |bytes| output.extend_from_slice(bytes));
    assert!(matches!(progress, Progress::Done(Reply { frame: Some(_), .. })), "{progress:?}");
    assert_eq!((output.as_slice(), decoder.prompts_to_come()), (b"a\x04bc".as_slice(), 1));
    assert_eq!(decoder.rest(), RAW_BANNER);
}

#[test]
fn drops_a_flood() {
    let mut decoder = plain(true);
    let mut count = 0;
    decoder.feed(b"OK\x04", &mut |_| {});
    for _ in 0..1000 {
        decoder.feed(&[b'x'; 1000], &mut |bytes| count += bytes.len());
    }
    assert!(count > 900_000, "{count}");
}

#[test]
fn the_first_end_counts_if_no_frame_is_expected() {
    let reply = Conclusion::Reply(Reply { frame: None, error: Vec::new() });
    assert_eq!(decode(plain(false), b"OK\x04\x04>", 2), (Vec::new(), Some(reply), Vec::new()));
}

#[test]
fn questions_arrive_in_order() {
    let (first, second) = (frame('Q', "0"), frame('Q', "1"));
    let end = frame('R', "7");
    let stream = format!("OKa{first}b{second}\x04{end}\x04\x04>");
    case(&stream, b"a[0?]b[1?]\x04", Some((FrameKind::Repr, "7")), b"", b"");
    case(format!("OK{first}\x04\r\nx\n\x04>"), b"[0?]", None, b"\r\nx\n", b"");
}

#[test]
fn a_torn_question_is_asked_again() {
    let question = frame('Q', "12");
    let end = format!("{}\x04\x04>", frame('R', "7"));
    for place in 0..=question.len() {
        let stream = format!("OK{}tick\r\n{}{question}{end}", &question[..place], &question[place..]);
        for size in 1..=stream.len() {
            let (output, conclusion, _) = decode(plain(true), stream.as_bytes(), size);
            let output = String::from_utf8_lossy(&output).into_owned();
            assert!(output.contains("[12?]") && output.contains("tick"), "{place}, {size}: {output:?}");
            assert!(matches!(conclusion, Some(Conclusion::Reply(Reply { frame: Some(_), .. }))), "{place}, {size}");
        }
    }
}

#[test]
fn a_greeting_after_a_question_means_a_restart() {
    let mut decoder = plain(true);
    decoder.answers();
    let mut sink = |_: &[u8]| {};
    let question = frame('Q', "0");
    assert_eq!(decoder.feed(format!("OK{question}\x1eq7Zk").as_bytes(), &mut sink), Progress::Question("0".to_owned()));
    assert_eq!(decoder.feed(b"", &mut sink), Progress::More);
    decoder.feed(b"MicroPython\r\nType \"help()\" for more information.\r\n>>> s181", &mut sink);
    assert_eq!(decoder.doubt(), Doubt::Age);
    assert!(decoder.was_typed());
}

#[test]
fn a_torn_frame_before_questions_decodes_the_same_in_every_division() {
    let question = frame('Q', "5");
    let stream = format!("OK\x1e{TOKEN}S7:\u{ff}{question}\x1e\u{fd}{question}x");
    let (whole, _, _) = decode(plain(true), stream.as_bytes(), stream.len());
    assert!(String::from_utf8_lossy(&whole).matches("[5?]").count() == 2, "{}", String::from_utf8_lossy(&whole));
    for size in 1..stream.len() {
        let (output, _, _) = decode(plain(true), stream.as_bytes(), size);
        assert_eq!(String::from_utf8_lossy(&output), String::from_utf8_lossy(&whole), "chunks of {size}");
    }
}

#[test]
fn separates_thread_output_from_a_traceback() {
    let strangers = |text: &str| {
        let reply = Reply { frame: None, error: text.as_bytes().to_vec() };
        reply.strangers().map(|bytes| String::from_utf8(bytes).expect("text"))
    };
    let whole = "Traceback (most recent call last):\r\n  File \"<stdin>\", line 12\r\nSyntaxError: invalid syntax\r\n";
    assert_eq!(strangers(whole).as_deref(), Some(""));
    let mixed =
        whole.replace("  File", "OK  File").replace("12\r\n", "12(1)\r\n\r\n").replace(": invalid", "a: binvalid");
    assert_eq!(strangers(&mixed).as_deref(), Some("OK(1)\r\nab"));
    assert_eq!(strangers("Traceback (most recent call last):\r\nNameError: x\r\n"), None);
    assert_eq!(strangers(&whole[..whole.len() - 9]), None);
}

#[test]
fn rejects_a_frame_above_its_limit_before_keeping_a_byte() {
    for (head, most) in
        [("R999999999", 0), ("B999999999", 0), ("R16777217", 0), ("R16777216", bound::REPLY), ("Q262145", 0)]
    {
        let mut decoder = plain(true);
        let mut sink = |_: &[u8]| {};
        decoder.feed(format!("OK\x1e{TOKEN}{head}:").as_bytes(), &mut sink);
        let flood = vec![b'x'; 64 * 1024];
        for _ in 0..512 {
            assert_eq!(decoder.feed(&flood, &mut sink), Progress::More);
        }
        let allowed = 2 * most + 8 * MOST_HELD;
        assert!(decoder.pending.capacity() < allowed, "{head}: {} bytes", decoder.pending.capacity());
        assert_eq!(decoder.doubt(), Doubt::Likely);
        assert_eq!(decoder.excess().is_some(), most == 0, "{head}");
        decoder.asked_for_prompt();
        assert_eq!(decoder.feed(RAW_BANNER, &mut sink), Progress::Prompt);
        assert!(matches!(decoder.conclude(&mut sink), Conclusion::Torn(left) if left.len() < allowed));
    }
}

#[test]
fn a_flood_instead_of_the_acknowledgement_is_output() {
    for prelude in [Prelude::Plain, Prelude::Paste { header: None, credits: 9 }] {
        let mut decoder = Decoder::new(TOKEN, prelude, true);
        let mut count = 0;
        let mut sink = |bytes: &[u8]| count += bytes.len();
        for _ in 0..64 {
            decoder.feed(&[b'x'; 64 * 1024], &mut sink);
        }
        assert!(decoder.pending.capacity() < 8 * MOST_HELD, "{}", decoder.pending.capacity());
        assert!(count > 60 * 64 * 1024, "{count}");
    }
}
