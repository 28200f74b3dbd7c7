//! Code on its way to a board without flow control, over a line that loses or changes bytes: it runs as it was sent, or not at
//! all.

use crate::fake_board::{FakeBoard, Handle, RawPaste, Run, Settings};
use belay_script::port::{Abilities, Port, PortError, Wait};
use belay_script::repl::{Failure, Session};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const TOKEN: &str = "T0ken4test";
const RIGHT: &str = "right";
const WRONG: &str = "wrong";

/// What a line does to what the host sends, once: after so many bytes.
#[derive(Clone, Copy, Debug)]
enum Harm {
    Lose { after: usize, count: usize },
    Flip { after: usize, mask: u8 },
}

struct Lossy {
    board: FakeBoard,
    harm: Arc<Mutex<Option<Harm>>>,
}

impl Lossy {
    /// What comes of a byte.
    fn carry(&self, byte: u8) -> Option<u8> {
        let mut harm = self.harm.lock().unwrap();
        match &mut *harm {
            Some(Harm::Lose { after: 0, count }) => {
                *count -= 1;
                if *count == 0 {
                    *harm = None;
                }
                None
            }
            Some(Harm::Flip { after: 0, mask }) => {
                let changed = byte ^ *mask;
                *harm = None;
                Some(changed)
            }
            Some(Harm::Lose { after, .. } | Harm::Flip { after, .. }) => {
                *after -= 1;
                Some(byte)
            }
            None => Some(byte),
        }
    }
}

impl Port for Lossy {
    fn name(&self) -> &str {
        self.board.name()
    }

    fn abilities(&self) -> Abilities {
        self.board.abilities()
    }

    fn write(&mut self, bytes: &[u8], wait: Wait) -> Result<(), PortError> {
        let came: Vec<u8> = bytes.iter().filter_map(|&byte| self.carry(byte)).collect();
        self.board.write(&came, wait)
    }

    fn read(&mut self, buffer: &mut Vec<u8>, wait: Wait) -> Result<usize, PortError> {
        self.board.read(buffer, wait)
    }
}

/// Code of about so many bytes, which compiles whatever is missing between its ends.
fn code(length: usize) -> String {
    format!("begin\n{}\u{e9}'\\\nend", "value = 5\n".repeat(length.saturating_sub(10) / 10))
}

fn frame(text: &str) -> String {
    format!("\x1e{TOKEN}R{}:{text}\x1e{TOKEN};", text.chars().count())
}

/// A session on a board without raw paste, which says whether what it runs is `expected`.
fn session(expected: String) -> (Session, Arc<Mutex<Option<Harm>>>, Handle) {
    let settings = Settings { raw_paste: RawPaste::Unknown, ..Settings::default() };
    let (board, handle) = FakeBoard::with(settings, move |code| match code {
        _ if code == expected => Run::prints(frame(RIGHT)),
        // Something is missing in the middle.
        _ if code.starts_with("begin") && code.ends_with("end") => Run::prints(frame(WRONG)),
        _ => Run {
            error: Some(
                b"Traceback (most recent call last):\r\n  File \"<stdin>\", line 1\r\nSyntaxError: invalid syntax\r\n"
                    .to_vec(),
            ),
            ..Run::default()
        },
    });
    let harm = Arc::new(Mutex::new(None));
    let port = Lossy { board, harm: harm.clone() };
    let mut session = Session::new(Box::new(port) as Box<dyn Port>, TOKEN.to_owned());
    session.enter(true, wait(), &mut |_| {}).unwrap();
    // The board is asked for raw paste once, for code that is long enough.
    run(&mut session, &"x".repeat(300)).unwrap();
    session.check_uploads(true);
    (session, harm, handle)
}

fn wait() -> Wait {
    Wait::for_at_most(Duration::from_secs(20))
}

fn run(session: &mut Session, code: &str) -> Result<String, Failure> {
    let reply = session.execute(code, true, wait(), &mut |_| {})?;
    Ok(reply.frame.map_or_else(|| String::from_utf8_lossy(&reply.error).into_owned(), |frame| frame.text))
}

#[test]
fn code_with_lost_or_changed_bytes_does_not_run() {
    let (mut mended, mut cases) = (0, 0);
    for length in [70, 170, 700] {
        let code = code(length);
        let (mut session, harm, handle) = session(code.clone());
        let written = |handle: &Handle| handle.log().writes.iter().map(Vec::len).sum::<usize>();
        let before = written(&handle);
        assert_eq!(run(&mut session, &code).as_deref(), Ok(RIGHT));
        let total = written(&handle) - before;
        let harms = |after: usize| {
            let lost = [1, 2, 10, 31, 64].map(|count| Harm::Lose { after, count });
            let flipped = [1, 2, 4, 8, 16, 32, 64, 128].map(|mask| Harm::Flip { after, mask });
            lost.into_iter().chain(flipped)
        };
        for kind in (0..total).step_by(total / 60 + 1).flat_map(harms) {
            *harm.lock().unwrap() = Some(kind);
            let outcome = run(&mut session, &code);
            *harm.lock().unwrap() = None;
            assert_ne!(outcome.as_deref(), Ok(WRONG), "{length}: {kind:?}");
            cases += 1;
            mended += usize::from(outcome.as_deref() == Ok(RIGHT));
            if session.is_closed() {
                break;
            }
            assert_eq!(run(&mut session, &code).as_deref(), Ok(RIGHT), "after {kind:?}");
        }
        assert!(!session.is_closed(), "{length}");
    }
    assert!(mended * 100 >= cases * 95, "{mended} of {cases}");
}

#[test]
fn what_cannot_compile_is_sent_once_and_keeps_its_places() {
    let (mut session, _, handle) = session(String::new());
    let code = format!("nonsense {}", "x".repeat(300));
    let error = run(&mut session, &code).unwrap();
    assert_eq!(
        error,
        "Traceback (most recent call last):\r\n  File \"<stdin>\", line 1\r\nSyntaxError: invalid syntax\r\n"
    );
    assert_eq!(handle.log().programs.iter().filter(|program| **program == code).count(), 1);
}
