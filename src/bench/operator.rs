//! Questions to the operator, and which answers are valid.
//!
//! Uses [`crate::port::Wait`] for deadlines. Invariant: only this file decides which answer is valid, whether it was typed,
//! given on the command line, or is the default.

use crate::error::{Error, Kind};
use crate::port::Wait;
use regex_automata::meta::Regex;

/// The kind of answer.
#[derive(Clone, Debug)]
pub enum Form {
    /// A text; the pattern, if any, must match all of it.
    Text(Option<Pattern>),
    /// One of several choices, by its text or its number from 1.
    Choice(Vec<String>),
    /// Yes or no.
    YesNo,
    /// A key press when something is done.
    Done,
}

/// A regular expression that matches whole answers.
#[derive(Clone, Debug)]
pub struct Pattern {
    written: String,
    regex: Regex,
}

impl Pattern {
    /// Parses a pattern.
    ///
    /// # Errors
    /// Why the pattern is invalid.
    pub fn new(written: &str) -> Result<Pattern, String> {
        let regex = Regex::new(&format!("^(?:{written})$")).map_err(|error| {
            let reason = error.syntax_error().map_or_else(|| error.to_string(), ToString::to_string);
            reason.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
        })?;
        Ok(Pattern { written: written.to_owned(), regex })
    }
}

/// A question.
#[derive(Clone, Debug)]
pub struct Question {
    /// The text of the question.
    pub text: String,
    /// Its name for `--answer`; defaults to the text.
    pub name: Option<String>,
    /// The kind of answer.
    pub form: Form,
    /// The answer for an empty line.
    pub default: Option<Answer>,
    /// Path of a picture that illustrates the question ([`crate::bench::picture`]).
    pub image: Option<String>,
    /// The board in question, if several are in use at once.
    pub board: Option<String>,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A text.
    Text(String),
    /// The index of a choice, from 0.
    Choice(usize),
    /// Yes, or no.
    Yes(bool),
    /// Done.
    Done,
}

/// Where an answer came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A person, at a terminal.
    Person,
    /// The `--answer` option.
    Given,
    /// The default, after the timeout.
    Default,
    /// The program that embeds the library.
    Program,
}

/// Why there is no answer.
#[derive(Debug)]
pub enum NoAnswer {
    /// The wait ended: its deadline passed, or Ctrl-C was pressed.
    Over,
    /// The terminal is not interactive, or the given answer is invalid.
    Error(Error),
}

/// Answers questions.
pub trait Operator: Send + Sync {
    /// Answers a question.
    ///
    /// # Errors
    /// See [`NoAnswer`].
    fn answer(&self, question: &Question, wait: Wait) -> Result<(Answer, Source), NoAnswer>;
}

impl Question {
    /// The key for `--answer`.
    pub fn key(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.text)
    }

    /// Parses a typed line.
    ///
    /// # Errors
    /// Why the answer is invalid, as a phrase.
    pub fn accept(&self, line: &str) -> Result<Answer, String> {
        let line = line.trim();
        if line.is_empty()
            && let Some(default) = &self.default
        {
            return Ok(default.clone());
        }
        match &self.form {
            Form::Done => Ok(Answer::Done),
            Form::YesNo => match line.to_lowercase().as_str() {
                "y" | "yes" | "true" => Ok(Answer::Yes(true)),
                "n" | "no" | "false" => Ok(Answer::Yes(false)),
                _ => Err("the answer must be `yes` or `no`".to_owned()),
            },
            Form::Choice(choices) => choice(choices, line).map(Answer::Choice).ok_or_else(|| {
                let named: Vec<String> = choices.iter().map(|choice| format!("`{choice}`")).collect();
                format!("the answer must be one of {}", named.join(", "))
            }),
            Form::Text(None) if line.is_empty() => Err("the answer must not be empty".to_owned()),
            Form::Text(Some(pattern)) if !pattern.regex.is_match(line) => {
                Err(format!("`{line}` does not match the pattern `{}`", pattern.written))
            }
            Form::Text(_) => Ok(Answer::Text(line.to_owned())),
        }
    }

    /// Formats an answer as a person would type it.
    pub fn shown(&self, answer: &Answer) -> String {
        match (answer, &self.form) {
            (Answer::Text(text), _) => text.clone(),
            (Answer::Choice(index), Form::Choice(choices)) => choices.get(*index).cloned().unwrap_or_default(),
            (Answer::Choice(index), _) => (index + 1).to_string(),
            (Answer::Yes(yes), _) => (if *yes { "yes" } else { "no" }).to_owned(),
            (Answer::Done, _) => "done".to_owned(),
        }
    }

    /// The error without an interactive terminal.
    pub fn unattended(&self) -> Error {
        let example = match &self.form {
            Form::Choice(choices) => choices.first().cloned().unwrap_or_default(),
            Form::YesNo => "yes".to_owned(),
            Form::Done => "done".to_owned(),
            Form::Text(_) => "…".to_owned(),
        };
        let quoted = format!("{}={example}", self.key()).replace('\'', "'\\''");
        Error::new(Kind::FeatureUnavailableError, format!("cannot ask \"{}\": stdin is not a terminal", self.text))
            .with_help(format!("add `--answer '{quoted}'`"))
    }

    /// Parses the answer from `--answer`.
    ///
    /// # Errors
    /// ArgumentError if the answer is invalid.
    pub fn accept_given(&self, given: &str) -> Result<Answer, NoAnswer> {
        self.accept(given).map_err(|reason| {
            let message = format!("`--answer` gives \"{given}\" for \"{}\": {reason}", self.key());
            NoAnswer::Error(Error::new(Kind::ArgumentError, message).with_help("correct the `--answer` option"))
        })
    }
}

/// The index of the chosen item: by text, else by number from 1 unless a choice is itself a number.
fn choice(choices: &[String], line: &str) -> Option<usize> {
    let exact = choices.iter().position(|choice| choice == line);
    let similar = || choices.iter().position(|choice| choice.to_lowercase() == line.to_lowercase());
    let numbers = choices.iter().any(|choice| choice.parse::<f64>().is_ok());
    let numbered =
        || line.parse::<usize>().ok().filter(|number| !numbers && (1..=choices.len()).contains(number)).map(|n| n - 1);
    exact.or_else(similar).or_else(numbered)
}

/// Answers given on the command line: `KEY=VALUE`. Several for one key answer successive questions; the last one
/// is reused.
#[derive(Clone, Debug, Default)]
pub struct Given(Vec<(String, String)>);

impl Given {
    /// Parses `KEY=VALUE`.
    ///
    /// # Errors
    /// If `=` is missing or nothing precedes it.
    pub fn read(text: &str) -> Result<(String, String), String> {
        match text.split_once('=') {
            Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().to_owned(), value.to_owned())),
            _ => Err("write `KEY=VALUE`, where KEY is the question's name, or its text".to_owned()),
        }
    }

    /// Uses these answers, in order.
    pub fn new(answers: Vec<(String, String)>) -> Given {
        Given(answers)
    }

    /// The next answer for a key.
    pub fn take(&mut self, key: &str) -> Option<String> {
        let first = self.0.iter().position(|(known, _)| known == key)?;
        let more = self.0[first + 1..].iter().any(|(known, _)| known == key);
        Some(if more { self.0.remove(first).1 } else { self.0[first].1.clone() })
    }

    /// A given key that is similar to this one, probably misspelt.
    pub fn near(&self, key: &str) -> Option<&str> {
        crate::name::nearest(key, self.0.iter().map(|(known, _)| known.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(form: Form) -> Question {
        Question { text: "Is it on?".into(), name: None, form, default: None, image: None, board: None }
    }

    #[test]
    fn accepts_valid_answers() {
        fn case(question: &Question, line: &str, wanted: Result<Answer, &str>) {
            assert_eq!(question.accept(line), wanted.map_err(str::to_owned), "{line}");
        }
        let text = question(Form::Text(None));
        case(&text, " a b ", Ok(Answer::Text("a b".into())));
        case(&text, "", Err("the answer must not be empty"));
        let pattern = question(Form::Text(Some(Pattern::new("[A-Z]{2}[0-9]+|none").unwrap())));
        case(&pattern, "AB12", Ok(Answer::Text("AB12".into())));
        case(&pattern, "xAB12", Err("`xAB12` does not match the pattern `[A-Z]{2}[0-9]+|none`"));
        case(&pattern, "nonesuch", Err("`nonesuch` does not match the pattern `[A-Z]{2}[0-9]+|none`"));
        let choice = question(Form::Choice(vec!["left".into(), "right".into(), "Left".into()]));
        case(&choice, "Left", Ok(Answer::Choice(2)));
        case(&choice, "RIGHT", Ok(Answer::Choice(1)));
        case(&choice, "1", Ok(Answer::Choice(0)));
        case(&choice, "4", Err("the answer must be one of `left`, `right`, `Left`"));
        let volts = question(Form::Choice(vec!["5".into(), "1".into()]));
        case(&volts, "1", Ok(Answer::Choice(1)));
        case(&volts, "2", Err("the answer must be one of `5`, `1`"));
        let mut yes = question(Form::YesNo);
        case(&yes, "Y", Ok(Answer::Yes(true)));
        case(&yes, "no", Ok(Answer::Yes(false)));
        case(&yes, "", Err("the answer must be `yes` or `no`"));
        yes.default = Some(Answer::Yes(false));
        case(&yes, "", Ok(Answer::Yes(false)));
        case(&question(Form::Done), "", Ok(Answer::Done));
    }

    #[test]
    fn an_invalid_pattern_says_why() {
        assert_eq!(Pattern::new("[a").unwrap_err(), "unclosed character class");
    }

    #[test]
    fn answers_for_one_key_come_in_order_and_the_last_repeats() {
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let mut given = Given::new(vec![pair("led", "no"), pair("x", "1"), pair("led", "yes")]);
        let answers: Vec<Option<String>> = (0..3).map(|_| given.take("led")).collect();
        assert_eq!(answers, [Some("no".to_owned()), Some("yes".to_owned()), Some("yes".to_owned())]);
        assert_eq!(given.take("nothing"), None);
        assert_eq!(given.near("ledd"), Some("led"));
        assert_eq!(Given::read("a=b=c"), Ok(pair("a", "b=c")));
        assert!(Given::read("=b").is_err() && Given::read("ab").is_err());
    }

    #[test]
    fn the_error_says_what_to_write() {
        let mut asked = question(Form::YesNo);
        let help = |question: &Question| question.unattended().help().unwrap_or_default().to_owned();
        assert_eq!(help(&asked), "add `--answer 'Is it on?=yes'`");
        asked.name = Some("led".into());
        assert_eq!(help(&asked), "add `--answer 'led=yes'`");
    }
}
