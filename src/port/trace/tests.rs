//! Tests of recordings, without a board.

use super::*;
use crate::port::loss::Loss;
use crate::port::{Port, Wait};
use proptest::prelude::*;
use std::collections::VecDeque;
use std::time::Duration;

/// Replies with the given results.
struct Scripted(VecDeque<Result<Vec<u8>, PortError>>);

impl Port for Scripted {
    fn name(&self) -> &str {
        "a \"board\""
    }
    fn abilities(&self) -> Abilities {
        Abilities { raw_paste: true, simulated: true, ..Abilities::default() }
    }
    fn write(&mut self, bytes: &[u8], _wait: Wait) -> Result<(), PortError> {
        if bytes == b"refuse" { Err(PortError::Timeout) } else { Ok(()) }
    }
    fn read(&mut self, buffer: &mut Vec<u8>, _wait: Wait) -> Result<usize, PortError> {
        let bytes = self.0.pop_front().unwrap_or(Err(PortError::Timeout))?;
        buffer.extend_from_slice(&bytes);
        Ok(bytes.len())
    }
}

fn soon() -> Wait {
    Wait::for_at_most(Duration::from_secs(10)).undisturbed()
}

/// How each operation ended, and its result.
type Said = Vec<(Result<usize, PortError>, Vec<u8>)>;

/// The operations of the tests, and the results of their ports.
fn session(port: &mut dyn Port) -> Said {
    let mut said = Vec::new();
    let mut note = |outcome, bytes| said.push((outcome, bytes));
    note(port.write(b"\x03\x01", soon()).map(|()| 0), vec![]);
    let mut bytes = Vec::new();
    note(port.read(&mut bytes, soon()), bytes);
    note(port.write(b"refuse", soon()).map(|()| 0), vec![]);
    for _ in 0..2 {
        let mut bytes = Vec::new();
        note(port.read(&mut bytes, soon()), bytes);
    }
    let mut bytes = Vec::new();
    note(port.read_available(&mut bytes), bytes);
    note(port.write(b"end", soon()).map(|()| 0), vec![]);
    let mut bytes = Vec::new();
    note(port.read(&mut bytes, soon()), bytes);
    said
}

fn recorded() -> (String, Said) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.log");
    let recorder = Recorder::create(&path).unwrap();
    let script = VecDeque::from([
        Ok(b"raw REPL\r\n>".to_vec()),
        Err(PortError::Timeout),
        Err(PortError::Interrupted),
        Ok(b"\xff beep".to_vec()),
        Err(PortError::Gone(Loss::Other("it is \"gone\"".to_owned()))),
    ]);
    let mut port = recorder.record(Box::new(Scripted(script)));
    assert_eq!(port.agree_on_token("abc".to_owned()), "abc");
    let said = session(port.as_mut());
    assert!(recorder.failure().is_none());
    // Nothing was closed or dropped, but the file is complete.
    let text = std::fs::read_to_string(&path).unwrap();
    drop(port);
    (text, said)
}

#[test]
fn a_recording_can_be_read() {
    let (text, _) = recorded();
    let mut lines = text.lines().map(|line| {
        // The time is the second word of lines that have one.
        let words: Vec<&str> = line.splitn(3, ' ').collect();
        if words[1].parse::<u64>().is_ok() { format!("{} T {}", words[0], words[2]) } else { line.to_owned() }
    });
    assert_eq!(lines.next().unwrap(), HEADER);
    assert!(lines.next().unwrap().starts_with("# by belay-script "));
    let rest: Vec<String> = lines.collect();
    assert_eq!(
        rest,
        [
            r#"1 port "a \"board\"" raw_paste simulated"#,
            r#"1 token "abc""#,
            r#"1 T > "\x03\x01""#,
            r#"1 T < "raw REPL\r\n>""#,
            r#"1 T > "refuse""#,
            r#"1 T !> timeout"#,
            r#"1 T ! timeout"#,
            r#"1 T ! interrupted"#,
            r#"1 T = "\xff beep""#,
            r#"1 T > "end""#,
            r#"1 T ! gone "it is \"gone\"""#,
        ]
    );
}

#[test]
fn a_replay_gives_the_same_results() {
    let (text, said) = recorded();
    let mut port = ReplayPort::parse(&text, 0).unwrap();
    assert_eq!(port.abilities(), Abilities { replayed: true, ..Scripted(VecDeque::new()).abilities() });
    assert_eq!(port.agree_on_token("other".to_owned()), "abc");
    assert_eq!(session(&mut port), said);
}

#[test]
fn splits_and_polls_do_not_matter() {
    let text = format!("{HEADER}\n1 1 > \"ab\"\n1 1 > \"cd\"\n1 1 = \"x\"\n1 1 ! timeout\n1 1 > \"e\"\n1 1 < \"y\"\n");
    let mut port = ReplayPort::parse(&text, 0).unwrap();
    let mut seen = Vec::new();
    for piece in [b"abc".as_slice(), b"d", b"e"] {
        port.write(piece, soon()).unwrap();
    }
    assert_eq!(port.read(&mut seen, soon()), Ok(1));
    assert_eq!(port.read(&mut seen, soon()), Ok(1));
    assert_eq!(seen, b"xy");
    assert_eq!(port.read_available(&mut seen), Ok(0));
}

#[test]
fn differences_name_the_line() {
    let text = format!("{HEADER}\n# a remark\n1 1 > \"print(1)\"\n1 1 < \"OK\"\n");
    let case = |work: fn(&mut ReplayPort) -> Result<(), PortError>, expected: &str| {
        let mut port = ReplayPort::parse(&text, 0).unwrap();
        let Err(PortError::Gone(how)) = work(&mut port) else { panic!("no difference: {expected}") };
        assert_eq!(how.to_string(), format!("the session differs from `` {expected}"));
        assert_eq!(port.write(b"x", soon()), Err(PortError::Gone(how)), "it stays gone");
    };
    let read = |port: &mut ReplayPort| port.read(&mut Vec::new(), soon()).map(drop);
    case(
        |port| port.write(b"print(2)", soon()),
        r#"at line 3: the recorded host writes "print(1)", this one writes "print(2)""#,
    );
    case(read, r#"at line 3: the recorded host writes "print(1)", this one waits"#);
    case(
        |port| port.write(b"print(1)x", soon()),
        r#"at line 4: the recorded host waits for a reply, this one writes "x""#,
    );
    case(
        |port| {
            port.write(b"print(1)", soon())?;
            port.read(&mut Vec::new(), soon())?;
            port.write(b"y", soon())
        },
        r#"after line 4: the recording ends, but the host writes "y""#,
    );
}

#[test]
fn replays_sessions_in_turn_and_ignores_a_cut_line() {
    let text = format!("{HEADER}\n1 port \"a\"\n2 port \"b\" fresh\n1 5 < \"one\"\n2 6 < \"two\"\n2 7 < \"th");
    for (turn, expected) in [(0, "one"), (1, "two")] {
        let mut port = ReplayPort::parse(&text, turn).unwrap();
        assert_eq!(port.abilities().fresh, turn == 1);
        let mut seen = Vec::new();
        port.read(&mut seen, soon()).unwrap();
        assert_eq!(seen, expected.as_bytes());
        assert!(matches!(port.read(&mut seen, soon()), Err(PortError::Gone(_))));
    }
    let case = |text: &str, turn, expected: &str| {
        let wrong = ReplayPort::parse(text, turn).err();
        assert_eq!(wrong.as_deref(), Some(expected));
    };
    case(&text, 2, "contains 2 sessions, all of which this run has already opened");
    case(&format!("{HEADER}\n"), 0, "contains no session");
    case("", 0, "is not a recording");
    case("hello\n", 0, "is not a recording");
    case("belay-script recording 2\n", 0, "was made by a later version of belay-script");
    for wrong in ["x 1 < \"\"", "1 x", "1 1 ? \"\"", "1 1 < \"", "1 1 < \"\\q\"", "1 1 < \"\\x+1\"", "1 1 < \"\" x"] {
        case(&format!("{HEADER}\n{wrong}\n"), 0, "is invalid at line 2");
    }
}

#[test]
fn rejects_files_that_are_not_recordings() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing").display().to_string();
    let error = ReplayPort::open(&missing, 0).unwrap_err();
    assert_eq!(error.message(), format!("recording `{missing}` not found"));
    assert!(Recorder::create(folder.path()).is_err());
}

proptest! {
    #[test]
    fn every_event_reads_back(bytes: Vec<u8>, how in ".*", which in 0..6_usize) {
        let event = match which {
            0 => Event::Written(bytes),
            1 => Event::Read(bytes),
            2 => Event::Found(bytes),
            3 => Event::Failed(PortError::Gone(Loss::Other(how))),
            4 => Event::Refused(PortError::Gone(Loss::Other(how))),
            _ => Event::Failed(PortError::Timeout),
        };
        let text = event.to_text();
        prop_assert!(text.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
        prop_assert_eq!(Event::from_text(&text), Some(event));
    }

    #[test]
    fn no_text_makes_it_panic(text in "([12] )?([0-9é]+ )?([<>=!]+ )?[\"\\\\xngo e0é]{0,20}") {
        let _ = ReplayPort::parse(&format!("{HEADER}\n{text}\n"), 0);
        let _ = Event::from_text(&text);
    }
}

#[test]
fn a_wait_for_optional_data_may_end_without_it() {
    let text = format!("{HEADER}\n1 1 > \"print(1)\"\n1 1 < \"OK\"\n");
    let mut port = ReplayPort::parse(&text, 0).unwrap();
    let short = Wait::for_at_most(Duration::from_millis(5));
    assert_eq!(port.read(&mut Vec::new(), short), Err(PortError::Timeout));
    port.write(b"print(1)", soon()).unwrap();
    assert_eq!(port.read(&mut Vec::new(), soon()), Ok(2));
}
