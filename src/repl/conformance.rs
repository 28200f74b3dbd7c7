//! The raw REPL as a list of exchanges: the bytes to send, and MicroPython's reply.
//!
//! One list for simulated boards, for the fake board of the tests, and for the user's board (`belay-script selftest`).
//! Facts: MicroPython's `shared/runtime/pyexec.c` and `docs/reference/repl.rst`.
//!
//! Uses [`crate::port`]. Invariant: every scene starts by entering raw mode from any state of the REPL, so scenes run
//! independently and in any order.

use crate::port::{Abilities, Port, PortError, Wait};
use std::fmt;
use std::time::Duration;

/// Longest time of one exchange.
pub const EXCHANGE_LIMIT: Duration = Duration::from_secs(10);
/// Longest part of a reply that an error quotes, in bytes.
const MOST_SHOWN: usize = 400;

/// What a scene requires of the board and its port. The first unmet need is the reason to skip the scene.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Ctrl-D restarts the board, and the connection survives.
    SoftReset,
    /// Ctrl-C interrupts a running program.
    Interrupt,
    /// Ctrl-C interrupts a program that was sent by raw paste.
    PasteInterrupt,
    /// Ctrl-C cancels a raw paste without harm.
    PasteCancel,
}

/// The end of a printed line on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineEnd {
    /// As on boards: replies are compared byte for byte.
    CrLf,
    /// As in processes: replies are compared without carriage returns.
    Lf,
}

impl LineEnd {
    /// Its name: `CR LF`, `LF`.
    pub fn name(self) -> &'static str {
        match self {
            LineEnd::CrLf => "CR LF",
            LineEnd::Lf => "LF",
        }
    }
}

/// What the board and its port can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conditions {
    /// The end of its printed lines.
    pub line_end: LineEnd,
    /// See [`Need::SoftReset`].
    pub soft_reset: bool,
    /// See [`Need::Interrupt`].
    pub interrupt: bool,
    /// See [`Need::PasteInterrupt`].
    pub paste_interrupt: bool,
    /// See [`Need::PasteCancel`].
    pub paste_cancel: bool,
}

impl Conditions {
    /// For a MicroPython on a port with these abilities.
    pub fn of(abilities: Abilities, line_end: LineEnd) -> Conditions {
        Conditions {
            line_end,
            soft_reset: abilities.soft_reset,
            interrupt: true,
            paste_interrupt: abilities.raw_paste,
            paste_cancel: true,
        }
    }

    fn lack(&self, need: Need) -> Option<&'static str> {
        let (met, reason) = match need {
            Need::SoftReset => (self.soft_reset, "a soft reset ends the program on this port"),
            Need::Interrupt => (self.interrupt, "Ctrl-C does not interrupt a running program"),
            Need::PasteInterrupt => {
                (self.paste_interrupt, "Ctrl-C does not interrupt a program that was sent by raw paste on this port")
            }
            Need::PasteCancel => (self.paste_cancel, "Ctrl-C during a raw paste can crash this firmware"),
        };
        (!met).then_some(reason)
    }
}

/// One exchange.
#[derive(Clone, Copy, Debug)]
pub struct Exchange {
    /// What it tests.
    pub what: &'static str,
    /// The bytes to send.
    pub send: &'static [u8],
    /// The reply: its parts in this order, the first at the start, the last at the end, anything between them. A single part
    /// is the whole reply; no part: no reply is awaited.
    pub answer: &'static [&'static [u8]],
    /// Replies of firmware without the tested feature, and what it lacks.
    pub absent: &'static [(&'static [u8], &'static str)],
}

/// Exchanges that belong together.
#[derive(Clone, Copy, Debug)]
pub struct Scene {
    /// Its name: `raw-paste`.
    pub name: &'static str,
    /// What it tests, in a few words.
    pub about: &'static str,
    /// Its needs.
    pub needs: &'static [Need],
    /// Its exchanges, after entering raw mode.
    pub exchanges: &'static [Exchange],
    /// Whether to fill the windows of a raw paste at the end.
    pub windows: bool,
}

impl Scene {
    /// Whether it tests raw paste.
    pub fn is_of_paste(&self) -> bool {
        self.exchanges.iter().any(|step| step.send.starts_with(OFFER.send))
    }
}

const fn ex(what: &'static str, send: &'static [u8], answer: &'static [&'static [u8]]) -> Exchange {
    Exchange { what, send, answer, absent: &[] }
}

const fn scene(
    name: &'static str,
    about: &'static str,
    needs: &'static [Need],
    exchanges: &'static [Exchange],
) -> Scene {
    Scene { name, about, needs, exchanges, windows: false }
}

const ENTER: Exchange = ex("entering raw mode", b"\x03\x03\x01", &[b"", BANNER]);
const BANNER: &[u8] = b"raw REPL; CTRL-B to exit\r\n>";
const NO_PASTE: &[(&[u8], &str)] = &[
    (b"R\x00>", "its firmware refuses raw paste"),
    (BANNER, "its firmware has no raw paste (MicroPython before 1.14)"),
];

/// The request for raw paste, with which its scenes start: it detects firmware without raw paste.
const OFFER: Exchange =
    Exchange { what: "raw paste is offered", send: b"\x05A\x01", answer: &[b"R\x01", b"\x01"], absent: NO_PASTE };
const EMPTY_PASTE: Exchange = ex("an empty program does nothing", b"\x04", &[b"\x04\x04\x04>"]);

/// Every scene.
pub const SCENES: &[Scene] = &[
    scene(
        "raw-repl",
        "programs, errors and line editing of plain raw mode",
        &[],
        &[
            ex("Ctrl-A in raw mode always gets a reply", b"\x01", &[BANNER]),
            ex("Ctrl-C in raw mode does not", b"\x03\x01", &[BANNER]),
            ex("a program", b"print(1)\x04", &[b"OK1\r\n\x04\x04>"]),
            ex("a program that prints nothing", b"pass\x04", &[b"OK\x04\x04>"]),
            ex("a syntax error", b"x=)\x04", &[b"OK\x04Traceback ", b"SyntaxError", b"\r\n\x04>"]),
            ex("an exception", b"1/0\x04", &[b"OK\x04Traceback ", b"ZeroDivisionError", b"\r\n\x04>"]),
            ex("output is not escaped", br"print('a\x04>OK')".as_slice(), &[]),
            ex("its end", b"\x04", &[b"OKa\x04>OK\r\n\x04\x04>"]),
            ex("Ctrl-A clears half a line", b"print(2\x01", &[BANNER]),
            ex("as the next program shows", b"print(1)\x04", &[b"OK1\r\n\x04\x04>"]),
            ex("so does Ctrl-C", b"print(2\x03print(1)\x04", &[b"OK1\r\n\x04\x04>"]),
        ],
    ),
    scene(
        "raw-interrupt",
        "Ctrl-C ends a program of plain raw mode",
        &[Need::Interrupt],
        &[
            ex("a program that does not end", b"print(1)\nwhile True: pass\n\x04", &[b"OK1\r\n"]),
            ex("is interrupted", b"\x03", &[b"\x04Traceback ", b"KeyboardInterrupt", b"\r\n\x04>"]),
        ],
    ),
    scene(
        "raw-paste",
        "programs and errors of raw paste mode",
        &[],
        &[
            OFFER,
            ex("and runs", b"print(1)\x04", &[b"\x041\r\n\x04\x04>"]),
            ex("in one write", b"\x05A\x01print(1)\x04", &[b"R\x01", b"\x01\x041\r\n\x04\x04>"]),
            ex("an empty program does nothing", b"\x05A\x01\x04", &[b"R\x01", b"\x01\x04\x04\x04>"]),
            ex("an error is reported before the end", b"\x05A\x01x=)\nyyyy", &[b"R\x01", b"\x01\x04"]),
            ex("which must still be sent", b"\x04", &[b"\x04Traceback ", b"SyntaxError", b"\r\n\x04>"]),
            ex("an error on the last line", b"\x05A\x01x=)\x04", &[b"R\x01", b"\x04\x04Traceback ", b"\r\n\x04>"]),
            ex(
                "a broken line cancels a paste",
                b"\x05A\x01print(1)\n?\x04",
                &[b"R\x01", b"\x04\x04Traceback ", b"\r\n\x04>"],
            ),
            ex("Ctrl-A is data in a paste", b"\x05A\x01print(1) #\x01\n\x04", &[b"R\x01", b"\x01\x041\r\n\x04\x04>"]),
            ex("other letters are refused", b"\x05B\x01", &[b"R\x00>"]),
        ],
    ),
    scene(
        "paste-cancel",
        "Ctrl-C cancels a raw paste",
        &[Need::PasteCancel],
        &[
            OFFER,
            ex("half a program", b"print(1", &[]),
            ex("Ctrl-C cancels it", b"\x03", &[b"\x04\x04KeyboardInterrupt", b"\r\n\x04>"]),
            ex("as the next program shows", b"print(1)\x04", &[b"OK1\r\n\x04\x04>"]),
        ],
    ),
    scene(
        "paste-interrupt",
        "Ctrl-C ends a program that was sent by raw paste",
        &[Need::Interrupt, Need::PasteInterrupt],
        &[
            OFFER,
            EMPTY_PASTE,
            ex(
                "a paste that does not end",
                b"\x05A\x01print(1)\nwhile True: pass\n\x04",
                &[b"R\x01", b"\x01\x041\r\n"],
            ),
            ex("is interrupted too", b"\x03", &[b"\x04Traceback ", b"KeyboardInterrupt", b"\r\n\x04>"]),
        ],
    ),
    Scene { windows: true, ..scene("paste-windows", "flow control of raw paste mode", &[], &[OFFER, EMPTY_PASTE]) },
    scene(
        "raw-reset",
        "an empty line restarts the board and stays in raw mode",
        &[Need::SoftReset],
        &[ex("an empty line is a soft reset", b"\x04", &[b"OK\r\n", b"soft reboot\r\n", BANNER])],
    ),
    scene(
        "exit-reset",
        "SystemExit restarts the board",
        &[Need::SoftReset],
        &[Exchange {
            what: "SystemExit is a soft reset",
            send: b"raise SystemExit\x04",
            answer: &[b"OK\x04\x04", b"soft reboot\r\n", BANNER],
            absent: &[(b"OK\x04\x04>", "SystemExit does not restart this firmware")],
        }],
    ),
    scene(
        "friendly",
        "lines, errors and paste mode of the friendly REPL",
        &[],
        &[
            ex("leaving raw mode", b"\x02", &[b"\r\n", b"Python ", b"\r\n>>> "]),
            ex("Ctrl-C at the prompt", b"\x03", &[b"\r\n>>> "]),
            ex("a line is echoed and run", b"print(1)\r", &[b"print(1)\r\n1\r\n>>> "]),
            ex("a line that raises", b"1/0\r", &[b"1/0\r\nTraceback ", b"ZeroDivisionError", b"\r\n>>> "]),
            ex("paste mode", b"\x05", &[b"\r\npaste mode; Ctrl-C to cancel, Ctrl-D to finish\r\n=== "]),
            ex("in which Ctrl-A is text", b"A\x01", &[b"A\x01"]),
            ex("is left by Ctrl-C", b"\x03", &[b"\r\n>>> "]),
            ex("half a line", b"prin", &[b"prin"]),
            ex("does not prevent raw mode", b"\x03\x03\x01", &[b"\r\n>>> \r\n>>> \r\nraw REPL; CTRL-B to exit\r\n>"]),
        ],
    ),
    scene(
        "friendly-reset",
        "Ctrl-D at the friendly prompt restarts the board",
        &[Need::SoftReset],
        &[
            ex("leaving raw mode", b"\x02", &[b"\r\n", b"Python ", b"\r\n>>> "]),
            ex("a soft reset", b"\x04", &[b"\r\n", b"soft reboot\r\n", b"Python ", b"\r\n>>> "]),
        ],
    ),
];

/// The result of a scene.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Every reply was correct.
    Conforms,
    /// The board or its port lacks a needed feature. Holds the feature.
    Absent(&'static str),
    /// A reply was wrong.
    Differs(Box<Deviation>),
}

/// An exchange with a wrong reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deviation {
    /// [`Exchange::what`].
    pub what: String,
    /// What was sent, escaped.
    pub sent: String,
    /// What was expected, escaped; `…` between its parts.
    pub expected: String,
    /// What was received, escaped.
    pub got: String,
    /// Why the wait ended.
    pub why: PortError,
}

impl fmt::Display for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: the reply to `{}` was `{}`, then: {}", self.what, self.sent, self.got, self.why)
    }
}

/// Runs one scene on the board at `port`. Leaves it in raw mode, or at the friendly prompt.
///
/// # Errors
/// [`PortError::Gone`] and [`PortError::Interrupted`]; a timeout is a [`Deviation`].
pub fn hold(port: &mut dyn Port, scene: &Scene, conditions: &Conditions, wait: Wait) -> Result<Finding, PortError> {
    if let Some(reason) = scene.needs.iter().find_map(|need| conditions.lack(*need)) {
        return Ok(Finding::Absent(reason));
    }
    let outcome = std::iter::once(&ENTER).chain(scene.exchanges).try_for_each(|step| {
        let end = conditions.line_end;
        let got = exchange(port, end, step.what, step.send, step.answer, step.absent, wait)?;
        match step.absent.iter().find(|(answer, _)| answers(&got, end, &[answer])) {
            Some((_, reason)) => Err(Stop::Absent(reason)),
            None => Ok(()),
        }
    });
    let outcome = if scene.windows { outcome.and_then(|()| windows(port, conditions.line_end, wait)) } else { outcome };
    match outcome {
        Ok(()) => Ok(Finding::Conforms),
        Err(Stop::Absent(reason)) => Ok(Finding::Absent(reason)),
        Err(Stop::Deviates(deviation)) => match deviation.why {
            PortError::Gone(_) | PortError::Interrupted => Err(deviation.why),
            PortError::Timeout => Ok(Finding::Differs(deviation)),
        },
    }
}

/// Why a scene ends early.
enum Stop {
    Absent(&'static str),
    Deviates(Box<Deviation>),
}

impl From<Box<Deviation>> for Stop {
    fn from(deviation: Box<Deviation>) -> Stop {
        Stop::Deviates(deviation)
    }
}

/// Two windows of a paste may be sent at once; each consumed one grants another.
fn windows(port: &mut dyn Port, end: LineEnd, wait: Wait) -> Result<(), Stop> {
    let header = exchange(port, end, OFFER.what, OFFER.send, OFFER.answer, &[], wait)?;
    let window = match header.get(2..4) {
        Some(&[low, high]) => usize::from(u16::from_le_bytes([low, high])),
        _ => 0,
    };
    let mut comment = vec![b'#'; (2 * window).max(1)];
    if let Some(last) = comment.last_mut() {
        *last = b'\n';
    }
    exchange(port, end, "two windows", &comment, &[b"\x01\x01"], &[], wait)?;
    comment.drain(..window);
    exchange(port, end, "the next one", &comment, &[b"\x01"], &[], wait)?;
    exchange(port, end, "the end", b"print(1)\x04", &[b"\x041\r\n\x04\x04>"], &[], wait)?;
    Ok(())
}

/// Sends `send`, reads until the reply is complete (see [`Exchange`]) and returns it. Excess output breaks the next reply.
/// `what` names the exchange in an error.
///
/// # Errors
/// If the reply is wrong.
pub fn exchange(
    port: &mut dyn Port,
    end: LineEnd,
    what: &str,
    send: &[u8],
    answer: &[&[u8]],
    absent: &[(&[u8], &str)],
    wait: Wait,
) -> Result<Vec<u8>, Box<Deviation>> {
    let wait = wait.until(Some(std::time::Instant::now() + EXCHANGE_LIMIT));
    let mut got = Vec::new();
    let deviation = |got: &[u8], why: PortError| {
        Box::new(Deviation {
            what: what.to_owned(),
            sent: shown(send),
            expected: answer.iter().map(|part| shown(part)).collect::<Vec<_>>().join("…"),
            got: shown(got),
            why,
        })
    };
    port.write(send, wait).map_err(|why| deviation(&got, why))?;
    while !answers(&got, end, answer) && !absent.iter().any(|(other, _)| answers(&got, end, &[other])) {
        // A read that fails may still have returned bytes.
        if let Err(why) = port.read(&mut got, wait)
            && !answers(&got, end, answer)
        {
            return Err(deviation(&got, why));
        }
    }
    Ok(got)
}

fn shown(bytes: &[u8]) -> String {
    let text = bytes[..bytes.len().min(MOST_SHOWN)].escape_ascii().to_string();
    if bytes.len() > MOST_SHOWN { text + "…" } else { text }
}

/// Whether `got` is the reply with these parts.
fn answers(got: &[u8], end: LineEnd, answer: &[&[u8]]) -> bool {
    let kept = |byte: &u8| end == LineEnd::CrLf || *byte != b'\r';
    let plain = |bytes: &[u8]| bytes.iter().copied().filter(kept).collect::<Vec<u8>>();
    let got = plain(got);
    let (Some((first, rest)), Some(last)) = (answer.split_first(), answer.last()) else { return got.is_empty() };
    let (first, last) = (plain(first), plain(last));
    if rest.is_empty() {
        return got == first;
    }
    let Some(mut middle) = got.strip_prefix(&first[..]).and_then(|got| got.strip_suffix(&last[..])) else {
        return false;
    };
    for part in &rest[..rest.len() - 1] {
        let part = plain(part);
        match middle.windows(part.len()).position(|window| window == part) {
            Some(at) => middle = &middle[at + part.len()..],
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_has_its_parts_in_order() {
        let lf = |got: &[u8], answer: &[&[u8]]| answers(got, LineEnd::Lf, answer);
        assert!(lf(b"OK\x04Traceback (most\r\nZeroDivisionError: x\r\n\x04>", &[b"OK\x04", b"Zero", b"\n\x04>"]));
        assert!(lf(b"a\nb", &[b"a\r\nb"]) && !answers(b"a\nb", LineEnd::CrLf, &[b"a\r\nb"]));
        assert!(lf(b"", &[]));
        for (got, answer) in [
            (b"OKx".as_slice(), [b"OK".as_slice()].as_slice()),
            (b"OK", &[b"OK", b"K"]),
            (b"ab", &[b"a", b"c", b"b"]),
            (b"a21b", &[b"a", b"1", b"2", b"b"]),
        ] {
            assert!(!lf(got, answer), "{got:?}");
        }
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<&str> = SCENES.iter().map(|scene| scene.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), SCENES.len());
    }
}
