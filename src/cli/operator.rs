//! The person at this terminal, asked by a script; and answers that were given on the command line.
//!
//! Uses [`crate::bench::operator`] for what counts as an answer, and the console, which keeps what boards print meanwhile
//! away from the line that is typed. Invariant: only one question is asked at a time, and the terminal's modes are restored on
//! every exit path.

use super::console::Console;
use super::picture::{self, Known, Protocol};
use super::render::Look;
use super::terminal::line::Lines;
use crate::bench;
use crate::bench::operator::{Answer, Form, Given, NoAnswer, Operator, Question, Source};
use crate::error::{Error, Kind};
use crate::port::Wait;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

/// Who answers the questions of a run.
pub struct OperatorConsole {
    console: Arc<Console>,
    given: Mutex<Given>,
    /// Whether a question is being asked.
    busy: Mutex<bool>,
    free: Condvar,
    /// How the terminal shows pictures, once asked.
    pictures: OnceLock<Option<Protocol>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl OperatorConsole {
    /// The person at this terminal, unless the answer is among those `given`.
    pub fn new(console: &Arc<Console>, given: &[(String, String)]) -> Arc<OperatorConsole> {
        let given = Mutex::new(Given::new(given.to_vec()));
        Arc::new(OperatorConsole {
            console: console.clone(),
            given,
            busy: Mutex::new(false),
            free: Condvar::new(),
            pictures: OnceLock::new(),
        })
    }

    /// Waits until no other question is being asked.
    fn turn(&self, wait: Wait) -> Result<Turn<'_>, NoAnswer> {
        let mut busy = lock(&self.busy);
        while *busy {
            let slice = wait.slice().map_err(|_| NoAnswer::Over)?;
            busy = self.free.wait_timeout(busy, slice).unwrap_or_else(PoisonError::into_inner).0;
        }
        *busy = true;
        Ok(Turn(self))
    }

    /// The picture of the question for this terminal, if there is one that it can show.
    fn picture(&self, question: &Question, lines: &mut Lines) -> Result<Option<String>, NoAnswer> {
        let Some(file) = &question.image else { return Ok(None) };
        let picture = bench::picture::read(Path::new(file)).map_err(NoAnswer::Error)?;
        let protocol = *self.pictures.get_or_init(|| match picture::known(|name| std::env::var(name).ok()) {
            Known::Settled(protocol) => protocol,
            Known::Ask => {
                let (request, end) = picture::REQUEST;
                let answer = lines.ask(request, end);
                picture::has_sixel(&answer).then_some(Protocol::Sixel)
            }
        });
        let Some(protocol) = protocol else { return Ok(None) };
        picture::shown(&picture, protocol, Lines::room()).map_err(|reason| {
            let message = format!("the picture `{file}` cannot be shown: {reason}");
            NoAnswer::Error(Error::new(Kind::ArgumentError, message).with_help("use a valid PNG"))
        })
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

/// The prompt before the typed text.
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

impl Operator for OperatorConsole {
    fn answer(&self, question: &Question, wait: Wait) -> Result<(Answer, Source), NoAnswer> {
        let mut given = lock(&self.given);
        if let Some(line) = given.take(question.key()) {
            return question.accept_given(&line).map(|answer| (answer, Source::Given));
        }
        let near = given.near(question.key()).map(str::to_owned);
        drop(given);
        let _turn = self.turn(wait)?;
        let Some(mut lines) = Lines::open(&self.console) else {
            let error = question.unattended();
            let help = error.help().unwrap_or_default().to_owned();
            return Err(NoAnswer::Error(match near {
                Some(near) => error.with_help(format!("{help}; `--answer {near}=…` is for another question")),
                None => error,
            }));
        };
        let _asking = self.console.ask();
        self.console.start_line();
        let picture = self.picture(question, &mut lines)?;
        self.console.remark(&format!("{}{}", self.heading(question), picture.unwrap_or_default()));
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
struct Turn<'a>(&'a OperatorConsole);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *lock(&self.0.busy) = false;
        self.0.free.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::console::Stream;
    use crate::cli::render::Colour;
    use std::time::Duration;

    #[test]
    fn only_one_question_is_asked_at_a_time() {
        let stream = || Stream { to: Box::new(std::io::sink()), colour: Colour::Never, terminal: false };
        let desk = OperatorConsole::new(&Arc::new(Console::new(stream(), stream())), &[]);
        let first = desk.turn(Wait::for_at_most(Duration::from_secs(30)));
        let second = desk.turn(Wait::for_at_most(Duration::from_millis(1)));
        assert!(first.is_ok() && matches!(second, Err(NoAnswer::Over)));
        drop(first);
        assert!(desk.turn(Wait::for_at_most(Duration::from_secs(30))).is_ok());
    }
}
