//! The person at this terminal, asked by a script; and answers that were given on the command line.
//!
//! Uses [`crate::bench::operator`] for what counts as an answer, and the console, which keeps what boards print meanwhile
//! away from the line that is typed. Invariant: one question stands at a time, and the terminal has its modes back on
//! every way out.

use super::console::Console;
use super::render::Look;
use crate::bench::operator::{Answer, Form, Given, NoAnswer, Operator, Question, Source};
use crate::port::Wait;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Who answers the questions of a run.
pub struct Desk {
    console: Arc<Console>,
    given: Mutex<Given>,
    /// Whether a question stands.
    busy: Mutex<bool>,
    free: Condvar,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Desk {
    /// The person at this terminal, unless the answer is among those `given`.
    pub fn new(console: &Arc<Console>, given: &[(String, String)]) -> Arc<Desk> {
        let given = Mutex::new(Given::new(given.to_vec()));
        Arc::new(Desk { console: console.clone(), given, busy: Mutex::new(false), free: Condvar::new() })
    }

    /// Waits until no other question stands.
    fn turn(&self, wait: Wait) -> Result<Turn<'_>, NoAnswer> {
        let mut busy = lock(&self.busy);
        while *busy {
            let slice = wait.slice().map_err(|_| NoAnswer::Over)?;
            busy = self.free.wait_timeout(busy, slice).unwrap_or_else(PoisonError::into_inner).0;
        }
        *busy = true;
        Ok(Turn(self))
    }

    /// The lines above the one that is typed.
    fn heading(&self, question: &Question) -> String {
        let look = |look: Look, text: &str| self.console.colour_of_remarks().paint(look, text);
        let board = question.board.as_ref().map(|board| format!("[{board}] ")).unwrap_or_default();
        let mut text =
            format!("{} {}\n", look(Look::Help, "?"), look(Look::Strong, &format!("{board}{}", question.text)));
        if let Some(image) = &question.image {
            text.push_str(&format!("  picture: {image}\n"));
        }
        if let Form::Choice(choices) = &question.form {
            let numbered = !choices.iter().any(|choice| choice.parse::<f64>().is_ok());
            for (number, choice) in (1..).zip(choices) {
                match numbered {
                    true => text.push_str(&format!("  {} {choice}\n", look(Look::Frame, &format!("{number})")))),
                    false => text.push_str(&format!("  {choice}\n")),
                }
            }
        }
        text
    }
}

/// What stands before the typed text.
fn invitation(question: &Question) -> String {
    let default = question.default.as_ref().map(|default| question.shown(default));
    match (&question.form, &question.default) {
        (Form::Done, _) => "press Enter when it is done ".to_owned(),
        (Form::YesNo, Some(Answer::Yes(true))) => "[Y/n] ".to_owned(),
        (Form::YesNo, Some(_)) => "[y/N] ".to_owned(),
        (Form::YesNo, None) => "[y/n] ".to_owned(),
        _ => default.map_or_else(|| "> ".to_owned(), |default| format!("[{default}] > ")),
    }
}

impl Operator for Desk {
    fn answer(&self, question: &Question, wait: Wait) -> Result<(Answer, Source), NoAnswer> {
        let mut given = lock(&self.given);
        if let Some(line) = given.take(question.key()) {
            return question.accept_given(&line).map(|answer| (answer, Source::Given));
        }
        let near = given.near(question.key()).map(str::to_owned);
        drop(given);
        let _turn = self.turn(wait)?;
        let Some(mut lines) = keyboard::Lines::open(&self.console) else {
            let error = question.unattended();
            let help = error.help().unwrap_or_default().to_owned();
            return Err(NoAnswer::Error(match near {
                Some(near) => error.with_help(format!("{help}; `--answer {near}=…` is for another question")),
                None => error,
            }));
        };
        self.console.start_line();
        self.console.remark(&self.heading(question));
        let invitation = invitation(question);
        loop {
            let line = lines.read(&invitation, wait, question)?;
            match question.accept(&line) {
                Ok(answer) => return Ok((answer, Source::Person)),
                Err(reason) => self.console.remark(&format!("  {reason}\n")),
            }
        }
    }
}

/// The right to ask.
struct Turn<'a>(&'a Desk);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *lock(&self.0.busy) = false;
        self.0.free.notify_one();
    }
}

#[cfg(unix)]
mod keyboard {
    use super::super::console::Console;
    use super::super::terminal::Raw;
    use super::{NoAnswer, Question, Wait};
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::io::Errno;
    use rustix::stdio::{stderr, stdin};
    use rustix::termios::{QueueSelector, isatty, tcflush, tcgetwinsize};
    use std::sync::Arc;

    /// Lines that are typed, key by key, so that what is typed can be drawn anew below what boards print.
    pub struct Lines {
        console: Arc<Console>,
        _keys: Raw,
    }

    /// What a key made of the line.
    #[derive(Debug, PartialEq, Eq)]
    enum Typing {
        Goes(bool),
        Ended,
    }

    /// The line so far, and the bytes of a character or an escape sequence that has only begun.
    #[derive(Default)]
    struct Line {
        text: String,
        begun: Vec<u8>,
    }

    impl Lines {
        /// Nothing if nobody is there.
        pub fn open(console: &Arc<Console>) -> Option<Lines> {
            if !isatty(stdin()) || !isatty(stderr()) {
                return None;
            }
            let keys = Raw::keys().ok()?;
            // A key that was pressed before the question stood is no answer.
            let _ = tcflush(stdin(), QueueSelector::IFlush);
            Some(Lines { console: console.clone(), _keys: keys })
        }

        /// A line behind `invitation`.
        pub fn read(&mut self, invitation: &str, wait: Wait, question: &Question) -> Result<String, NoAnswer> {
            let mut line = Line::default();
            let outcome = self.type_line(&mut line, invitation, wait, question);
            self.console.question(None);
            outcome.map(|()| line.text)
        }

        fn type_line(
            &self,
            line: &mut Line,
            invitation: &str,
            wait: Wait,
            question: &Question,
        ) -> Result<(), NoAnswer> {
            self.console.question(Some(drawn(invitation, &line.text)));
            loop {
                let slice = wait.slice().map_err(|_| NoAnswer::Over)?;
                let standard_input = stdin();
                let mut watched = [PollFd::new(&standard_input, PollFlags::IN)];
                let timeout = Timespec { tv_sec: 0, tv_nsec: i64::from(slice.subsec_nanos()) as _ };
                match poll(&mut watched, Some(&timeout)) {
                    Ok(0) | Err(Errno::INTR) => continue,
                    _ => {}
                }
                let mut piece = [0; 256];
                let count = match rustix::io::read(stdin(), &mut piece) {
                    Ok(count) if count > 0 => count,
                    Err(Errno::INTR | Errno::AGAIN) => continue,
                    // The terminal has gone, and the person with it.
                    _ => return Err(NoAnswer::Error(question.unattended())),
                };
                match line.type_keys(&piece[..count]) {
                    Typing::Ended => {
                        self.console.question(Some(drawn(invitation, &line.text)));
                        return Ok(());
                    }
                    Typing::Goes(true) => self.console.question(Some(drawn(invitation, &line.text))),
                    Typing::Goes(false) => {}
                }
            }
        }
    }

    /// The line as it is shown: of a long one the end, so that it needs no second line.
    fn drawn(invitation: &str, text: &str) -> String {
        let width = tcgetwinsize(stderr()).map_or(80, |size| usize::from(size.ws_col)).max(20);
        fitted(invitation, text, width)
    }

    fn fitted(invitation: &str, text: &str, width: usize) -> String {
        let room = (width - 1).saturating_sub(invitation.chars().count()).max(8);
        let long = text.chars().count();
        match long > room {
            false => format!("{invitation}{text}"),
            true => format!("{invitation}…{}", text.chars().skip(long - room + 1).collect::<String>()),
        }
    }

    impl Line {
        /// Takes the bytes of keys.
        fn type_keys(&mut self, bytes: &[u8]) -> Typing {
            let mut changed = false;
            for &byte in bytes {
                match byte {
                    _ if self.begun.first() == Some(&0x1b) => self.escape(byte),
                    b'\r' | b'\n' => return Typing::Ended,
                    0x1b => self.begun = vec![byte],
                    0x08 | 0x7f => changed |= self.text.pop().is_some(),
                    // Ctrl-U, Ctrl-W.
                    0x15 => {
                        changed |= !self.text.is_empty();
                        self.text.clear();
                    }
                    0x17 => {
                        let word = self.text.trim_end().rfind(' ').map_or(0, |space| space + 1);
                        changed |= word < self.text.len();
                        self.text.truncate(word);
                    }
                    0..0x20 => {}
                    _ => changed |= self.character(byte),
                }
            }
            Typing::Goes(changed)
        }

        /// Drops the sequences of arrows and function keys: the line is edited at its end only.
        fn escape(&mut self, byte: u8) {
            self.begun.push(byte);
            let goes_on = match self.begun.len() {
                2 => matches!(byte, b'[' | b'O'),
                length => length < 16 && !(0x40..0x7f).contains(&byte),
            };
            if !goes_on {
                self.begun.clear();
            }
        }

        fn character(&mut self, byte: u8) -> bool {
            const LONGEST: usize = 4096;
            self.begun.push(byte);
            match std::str::from_utf8(&self.begun) {
                Ok(text) if self.text.len() < LONGEST => self.text.push_str(text),
                Ok(_) => {}
                Err(error) if error.error_len().is_none() => return false,
                Err(_) => {}
            }
            self.begun.clear();
            true
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_line_is_edited_at_its_end() {
            fn case(keys: &[u8], wanted: &str) {
                let mut line = Line::default();
                for byte in keys {
                    line.type_keys(&[*byte]);
                }
                assert_eq!(line.text, wanted, "{keys:?}");
                let mut whole = Line::default();
                whole.type_keys(keys);
                assert_eq!(whole.text, wanted, "{keys:?}");
            }
            case(b"abc\x7f\x08d", "ad");
            case("grün\u{7f}\u{7f}ün €".as_bytes(), "grün €");
            case(b"a b\x17c", "a c");
            case(b"abc\x15x", "x");
            case(b"a\x1b[D\x1b[1;5C\x1bOHb", "ab");
            case(b"a\xffb\x01\x04", "ab");
            assert_eq!(Line::default().type_keys(b"ab\rc"), Typing::Ended);
            assert_eq!(Line::default().type_keys(b"\x7f"), Typing::Goes(false));
        }

        #[test]
        fn of_a_long_line_the_end_is_seen() {
            assert_eq!(fitted("> ", "abc", 20), "> abc");
            assert_eq!(fitted("> ", "0123456789abcdefghij", 20), "> …456789abcdefghij");
        }
    }
}

/// Where keys cannot be read one by one, the system edits the line.
#[cfg(not(unix))]
mod keyboard {
    use super::super::console::Console;
    use super::{NoAnswer, Question, Wait};
    use std::io::IsTerminal as _;
    use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
    use std::sync::{Arc, Mutex, OnceLock, PoisonError};

    pub struct Lines {
        console: Arc<Console>,
    }

    /// Lines from the one thread that reads them: a read cannot be ended, so it outlives the question.
    fn typed() -> &'static Mutex<Receiver<String>> {
        static TYPED: OnceLock<Mutex<Receiver<String>>> = OnceLock::new();
        TYPED.get_or_init(|| {
            let (sender, receiver) = channel();
            std::thread::spawn(move || {
                for line in std::io::stdin().lines() {
                    if line.is_err() || line.is_ok_and(|line| sender.send(line).is_err()) {
                        return;
                    }
                }
            });
            Mutex::new(receiver)
        })
    }

    impl Lines {
        pub fn open(console: &Arc<Console>) -> Option<Lines> {
            let there = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
            there.then(|| Lines { console: console.clone() })
        }

        pub fn read(&mut self, invitation: &str, wait: Wait, question: &Question) -> Result<String, NoAnswer> {
            self.console.remark(invitation);
            let lines = typed().lock().unwrap_or_else(PoisonError::into_inner);
            loop {
                let slice = wait.slice().map_err(|_| NoAnswer::Over)?;
                match lines.recv_timeout(slice) {
                    Ok(line) => return Ok(line),
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => return Err(NoAnswer::Error(question.unattended())),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::console::Stream;
    use crate::cli::render::Colour;
    use std::time::Duration;

    #[test]
    fn one_question_stands_at_a_time() {
        let stream = || Stream { to: Box::new(std::io::sink()), colour: Colour::Never, terminal: false };
        let desk = Desk::new(&Arc::new(Console::new(stream(), stream())), &[]);
        let first = desk.turn(Wait::for_at_most(Duration::from_secs(30)));
        let second = desk.turn(Wait::for_at_most(Duration::from_millis(1)));
        assert!(first.is_ok() && matches!(second, Err(NoAnswer::Over)));
        drop(first);
        assert!(desk.turn(Wait::for_at_most(Duration::from_secs(30))).is_ok());
    }
}
