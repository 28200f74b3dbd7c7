//! `ask`, `confirm` and `instruct`: questions to the operator.
//!
//! Uses [`crate::bench::operator`]. Invariant: a question ends with the run, the innermost time limit, or Ctrl-C.

use crate::bench::event::{AnsweredBy, Asked as Recorded, Event};
use crate::bench::operator::{Answer, Form, NoAnswer, Pattern, Question, Source};
use crate::bench::picture;
use crate::device::class::seconds;
use crate::error::{Error, Kind};
use crate::phrase::did_you_mean;
use crate::port::Wait;
use crate::script::errors::{Fallible, argument, placed, raise, stop};
use crate::script::lock::lock;
use crate::script::natives::measure::shown;
use crate::script::objects::convert::{describe, to_value};
use crate::script::run::{Run, board};
use rhai::{Array, Dynamic, Engine, ImmutableString, Map, NativeCallContext};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

type Context<'a> = NativeCallContext<'a>;

/// The options of each function.
pub(crate) const ASK: &[&str] = &["choices", "default", "pattern", "timeout", "name", "image"];
pub(crate) const CONFIRM: &[&str] = &["default", "timeout", "name", "image"];
pub(crate) const INSTRUCT: &[&str] = &["timeout", "name", "image"];

/// The three functions.
#[derive(Clone, Copy)]
enum Function {
    Ask,
    Confirm,
    Instruct,
}

impl Function {
    fn name(self) -> &'static str {
        match self {
            Function::Ask => "ask",
            Function::Confirm => "confirm",
            Function::Instruct => "instruct",
        }
    }

    fn options(self) -> &'static [&'static str] {
        match self {
            Function::Ask => ASK,
            Function::Confirm => CONFIRM,
            Function::Instruct => INSTRUCT,
        }
    }
}

/// Registers the functions.
pub(crate) fn register(engine: &mut Engine, run: &Arc<Run>) {
    for function in [Function::Ask, Function::Confirm, Function::Instruct] {
        let shared = run.clone();
        engine.register_fn(function.name(), move |context: Context<'_>, text: ImmutableString| {
            placed(&context, put(&shared, &context, function, &text, &Map::new()))
        });
        let shared = run.clone();
        engine.register_fn(function.name(), move |context: Context<'_>, text: ImmutableString, options: Map| {
            placed(&context, put(&shared, &context, function, &text, &options))
        });
    }
    let shared = run.clone();
    engine.register_fn("instruct", move |context: Context<'_>, text: ImmutableString, image: ImmutableString| {
        let options = Map::from([("image".into(), Dynamic::from(image))]);
        placed(&context, put(&shared, &context, Function::Instruct, &text, &options))
    });
}

/// A question with its options.
struct Asked {
    question: Question,
    /// The values of the choices.
    choices: Array,
    timeout: Option<Duration>,
}

/// Asks the question and returns the answer as a script value.
fn put(run: &Run, context: &Context<'_>, function: Function, text: &str, options: &Map) -> Fallible<Dynamic> {
    let mut asked = read(context, function, text, options)?;
    if let Some(image) = asked.question.image.take() {
        let file = picture::file_of(context.call_source().unwrap_or_default(), &image).to_string_lossy().into_owned();
        run.readable(&file)?;
        let picture = picture::read(Path::new(&file)).map_err(raise)?;
        run.note_read(&file, &picture.bytes);
        asked.question.image = Some(file);
    }
    let begun = Instant::now();
    let own = asked.timeout.and_then(|timeout| begun.checked_add(timeout));
    let wait = Wait { deadline: own, interruptible: true }.until(run.host.deadline());
    let Some(operator) = run.options.operator.clone() else { return Err(raise(asked.question.unattended())) };
    let (answer, source) = match operator.answer(&asked.question, wait) {
        Ok(answered) => answered,
        Err(NoAnswer::Error(error)) => return Err(raise(error)),
        Err(NoAnswer::Over) => {
            if let Some(why) = run.clock.progress() {
                record(run, &asked.question, None, begun.elapsed());
                return Err(stop(why));
            }
            match asked.question.default.clone() {
                Some(default) => (default, Source::Default),
                None => {
                    record(run, &asked.question, None, begun.elapsed());
                    return Err(raise(unanswered(&asked, begun.elapsed())));
                }
            }
        }
    };
    let text = format!("? {} {}", asked.question.text, asked.question.shown(&answer));
    run.emit(Event::Notice { text, seen: source == Source::Person });
    record(run, &asked.question, Some((&answer, source)), begun.elapsed());
    Ok(match answer {
        Answer::Text(text) => text.into(),
        Answer::Choice(index) => asked.choices.get(index).cloned().unwrap_or_default(),
        Answer::Yes(yes) => yes.into(),
        Answer::Done => Dynamic::UNIT,
    })
}

/// Records a question, and its answer unless nobody answered.
fn record(run: &Run, question: &Question, answer: Option<(&Answer, Source)>, waited: Duration) {
    let by = answer.map(|(_, source)| match source {
        Source::Person => AnsweredBy::Person,
        Source::Given => AnsweredBy::Option,
        Source::Default => AnsweredBy::Default,
        Source::Program => AnsweredBy::Program,
    });
    let asked = Recorded {
        text: question.text.clone(),
        name: question.name.clone(),
        board: question.board.clone(),
        answer: answer.map(|(answer, _)| question.shown(answer)),
        by,
        duration_s: waited.as_secs_f64(),
    };
    let test = lock(&run.recorder.record).test();
    run.emit(Event::QuestionAnswered { test, asked });
}

fn unanswered(asked: &Asked, waited: Duration) -> Error {
    let limit = asked.timeout.unwrap_or(waited).as_secs_f64();
    let message = format!("nobody answered \"{}\" within {limit} s", asked.question.text);
    Error::new(Kind::TimeoutError, message).with_help("increase the option `timeout`, or add a `default`")
}

fn read(context: &Context<'_>, function: Function, text: &str, options: &Map) -> Fallible<Asked> {
    let form = match function {
        Function::Ask => Form::Text(None),
        Function::Confirm => Form::YesNo,
        Function::Instruct => Form::Done,
    };
    let question =
        Question { text: text.to_owned(), name: None, form, default: None, image: None, board: board::board() };
    let mut asked = Asked { question, choices: Array::new(), timeout: None };
    for (option, value) in options {
        set(context, function, &mut asked, option, value)?;
    }
    if let Some(default) = options.get("default").filter(|default| !default.is_unit()) {
        let typed = match default.as_bool() {
            Ok(yes) if matches!(asked.question.form, Form::YesNo) => (if yes { "yes" } else { "no" }).to_owned(),
            _ => shown(context, default),
        };
        match asked.question.accept(&typed) {
            Ok(answer) => asked.question.default = Some(answer),
            Err(reason) => return argument(format!("the default of `{}`: {reason}", function.name()), ""),
        }
    }
    Ok(asked)
}

fn set(context: &Context<'_>, function: Function, asked: &mut Asked, option: &str, value: &Dynamic) -> Fallible<()> {
    let name = function.name();
    if !function.options().contains(&option) {
        let near = crate::name::nearest(option, function.options().iter().copied());
        let help = near.map_or_else(|| format!("options of `{name}`: {}", function.options().join(", ")), did_you_mean);
        return argument(format!("`{name}` has no option `{option}`"), help);
    }
    if value.is_unit() || option == "default" {
        return Ok(());
    }
    let wrong = |wanted: &str| argument(format!("the option `{option}` of `{name}` is {}", describe(value)), wanted);
    let text = || value.read_lock::<ImmutableString>().map(|text| text.to_string());
    match option {
        "name" => match text() {
            Some(text) if !text.is_empty() => asked.question.name = Some(text),
            _ => return wrong("use a string, the NAME in `--answer NAME=VALUE`"),
        },
        "image" => match text() {
            Some(text) => asked.question.image = Some(text),
            None => return wrong("use a path"),
        },
        "timeout" => match seconds(&to_value(value).unwrap_or(crate::value::Value::None)) {
            Some(limit) => asked.timeout = Some(limit),
            None => return wrong("use a positive number of seconds"),
        },
        "pattern" => match text().map(|text| Pattern::new(&text)) {
            Some(Ok(pattern)) if asked.choices.is_empty() => asked.question.form = Form::Text(Some(pattern)),
            Some(Ok(_)) => return argument(format!("`{name}` takes `choices` or a `pattern`"), "remove one"),
            Some(Err(reason)) => {
                return argument(format!("the pattern of `{name}` is not a valid regular expression: {reason}"), "");
            }
            None => return wrong("use a regular expression that matches the whole answer"),
        },
        _ => match value.read_lock::<Array>().filter(|choices| !choices.is_empty()) {
            Some(choices) => {
                asked.question.form = Form::Choice(choices.iter().map(|choice| shown(context, choice)).collect());
                asked.choices = choices.clone();
            }
            None => return wrong("use a non-empty array"),
        },
    }
    Ok(())
}
