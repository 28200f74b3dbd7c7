//! Device classes as their blocks declare them.
//!
//! Reads Rhai's tree. Invariant: nothing is evaluated; an option whose value is computed counts as not known.

use crate::message::{Param, ParamKind};
use crate::script::analysis::tree::{closure, default_of, limits, literal, word};
use crate::script::language::instrument;
use crate::script::language::syntax::{self, op};
use crate::script::names::{CONSOLE, DEVICE, INSTRUMENT};
use crate::script::reading::attempt;
use rhai::{CustomExpr, Expr, Position};

/// A setup, task, thread or teardown.
#[derive(Clone, Default)]
pub(crate) struct Item {
    pub name: String,
    pub kind: String,
    /// The parameters, and how the default of each is written.
    pub params: Vec<(String, Option<String>)>,
    /// The parameters of an item of an instrument, with what is written out of their types, units and limits.
    pub declared: Vec<Param>,
    /// Where the parameters are.
    pub places: Vec<Position>,
    /// `register = false`: scripts cannot call it.
    pub is_hidden: bool,
    /// The implementation that it is for; `None`: every one.
    pub implementation: Option<String>,
    pub is_autoinit: bool,
    pub ignores_errors: bool,
    /// It is compiled with the viper emitter.
    pub is_viper: bool,
    /// Its Python.
    pub body: String,
    /// Where the quote before its Python is.
    pub quote: Position,
}

impl Item {
    /// Whether it is a function on the board; otherwise its code runs in the board's globals.
    pub fn is_function(&self) -> bool {
        matches!(self.kind.as_str(), "task" | "thread")
    }

    /// Sets an option to a value; `None`: it is written without one. Gives whether the value is known.
    fn set(&mut self, option: &str, value: Option<&Expr>) -> bool {
        let flag = match option {
            "register" => Some(&mut self.is_hidden),
            "autoinit" => Some(&mut self.is_autoinit),
            "ignore_errors" => Some(&mut self.ignores_errors),
            _ => None,
        };
        match (flag, value) {
            (Some(flag), None) => *flag = option != "register",
            (Some(flag), Some(Expr::BoolConstant(value, _))) => *flag = (option == "register") != *value,
            (Some(_), Some(_)) => return false,
            (None, Some(value)) if option == "implementation" => match literal(value) {
                Some(name) => self.implementation = Some(name.to_owned()).filter(|name| !name.is_empty()),
                None => return false,
            },
            (None, Some(value)) if option == "emitter" => self.is_viper = literal(value) != Some("native"),
            _ => {}
        }
        true
    }
}

/// A host-side method.
#[derive(Clone)]
pub(crate) struct Method {
    pub name: String,
    /// The name of its closure.
    pub closure: String,
    /// How many variables it captures, which come before its parameters.
    pub captured: usize,
}

/// A device class.
#[derive(Clone)]
pub(crate) struct Class {
    pub name: String,
    /// The number of the script that declares it.
    pub script: usize,
    pub items: Vec<Item>,
    pub methods: Vec<Method>,
    /// The classes that it inherits from, as they are written: alias and name.
    pub mixins: Vec<(Option<String>, String)>,
    /// Their numbers, as far as they are known.
    pub bases: Vec<usize>,
    /// It may have more than is known.
    pub is_open: bool,
    /// When its items run, and on which boards, is not known.
    pub is_unsure: bool,
    /// It is a class of instruments or consoles.
    pub is_instrument: bool,
    /// It is a class of consoles.
    pub is_console: bool,
}

/// Notes what is written of a parameter of an instrument's item.
fn declare(param: &mut Param, letter: char, input: &Expr) {
    match letter {
        instrument::op::TYPE => {
            let known = ParamKind::NAMES.iter().find(|(name, _)| *name == word(input));
            param.kind = known.map_or(param.kind, |(_, kind)| *kind);
        }
        instrument::op::UNIT => {
            literal(input).unwrap_or_default().clone_into(&mut param.unit);
            if param.kind == ParamKind::Any {
                param.kind = ParamKind::Float;
            }
        }
        instrument::op::LIMITS => param.limits = limits(input),
        _ => {}
    }
}

impl Class {
    /// The built-in class without items.
    pub fn device(name: &str) -> Class {
        Class {
            name: name.to_owned(),
            script: usize::MAX,
            items: Vec::new(),
            methods: Vec::new(),
            mixins: Vec::new(),
            bases: Vec::new(),
            is_open: false,
            is_unsure: false,
            is_instrument: false,
            is_console: false,
        }
    }

    /// The class that an `instrument` or `console` block declares.
    pub fn read_instrument(custom: &CustomExpr, script: usize) -> Option<Class> {
        if ![INSTRUMENT, CONSOLE].contains(&custom.tokens.first()?.as_str()) {
            return None;
        }
        let name = word(custom.inputs.first()?);
        let is_console = custom.tokens.first()? == CONSOLE;
        let mut class = Class { script, is_instrument: true, is_console, ..Class::device(name) };
        let mut alias = None;
        let mut item = Item::default();
        for (letter, input) in instrument::ops(&custom.state).chars().zip(&custom.inputs) {
            match letter {
                op::MIXIN_ALIAS => alias = Some(word(input).to_owned()),
                op::MIXIN => class.mixins.push((alias.take(), word(input).to_owned())),
                op::KIND => item = Item { kind: word(input).to_owned(), ..Item::default() },
                op::NAME => word(input).clone_into(&mut item.name),
                op::PARAM => {
                    item.params.push((word(input).to_owned(), None));
                    item.places.push(input.position());
                    item.declared.push(Param { name: word(input).to_owned(), ..Param::default() });
                }
                op::DEFAULT => item.params.iter_mut().last().into_iter().for_each(|param| {
                    param.1 = Some(default_of(input));
                }),
                op::BODY => class.items.push(std::mem::take(&mut item)),
                // A setup that is a closure.
                op::FUNCTION if item.kind == "setup" => class.items.push(std::mem::take(&mut item)),
                op::FUNCTION => {
                    if let Some((closure, captured)) = closure(input) {
                        let name = std::mem::take(&mut item).name;
                        class.methods.push(Method { name, closure, captured: captured.len() });
                    }
                }
                letter => item.declared.iter_mut().last().into_iter().for_each(|param| declare(param, letter, input)),
            }
        }
        Some(class)
    }

    /// The class that a block declares; `None` if it is a block of another kind.
    pub fn read(custom: &CustomExpr, script: usize, text: &str) -> Option<Class> {
        if custom.tokens.first()? != DEVICE {
            return None;
        }
        let mut class = Class { script, ..Class::device(word(custom.inputs.first()?)) };
        let mut alias = None;
        let mut item: Option<Item> = None;
        let mut option = "";
        let mut param_at = Position::NONE;
        for (letter, input) in syntax::ops(&custom.state).chars().zip(&custom.inputs) {
            match letter {
                op::MIXIN_ALIAS => alias = Some(word(input).to_owned()),
                op::MIXIN => class.mixins.push((alias.take(), word(input).to_owned())),
                op::KIND => {
                    item = Some(Item { kind: word(input).to_owned(), ..Item::default() });
                }
                op::NAME => item.iter_mut().for_each(|item| item.name = word(input).to_owned()),
                op::PARAM => {
                    param_at = input.position();
                    if let Some(item) = &mut item {
                        item.params.push((word(input).to_owned(), None));
                        item.places.push(param_at);
                    }
                }
                op::DEFAULT => {
                    if let Some(param) = item.as_mut().and_then(|item| item.params.last_mut()) {
                        let (line, column) = (param_at.line().unwrap_or(1), param_at.position().unwrap_or(1));
                        param.1 = Some(attempt::default_source(text, line, column));
                    }
                }
                op::OPTION => {
                    option = word(input);
                    if let Some(item) = &mut item {
                        item.set(option, None);
                    }
                }
                op::VALUE => {
                    let is_unknown = item.as_mut().is_some_and(|item| !item.set(option, Some(input)));
                    class.is_open |= is_unknown && option == "register";
                    class.is_unsure |= is_unknown;
                }
                op::IMPLEMENTATION => {
                    if let Some(item) = &mut item {
                        item.set("implementation", Some(input));
                    }
                }
                op::BODY => {
                    if let Some(item) = item.take() {
                        let body = literal(input).unwrap_or_default().to_owned();
                        class.items.push(Item { body, quote: input.position(), ..item });
                    }
                }
                op::FUNCTION => {
                    if let (Some(item), Some((closure, captured))) = (item.take(), closure(input)) {
                        class.methods.push(Method { name: item.name, closure, captured: captured.len() });
                    }
                }
                _ => {}
            }
        }
        Some(class)
    }

    /// The names of its items and methods.
    pub fn members(&self) -> impl Iterator<Item = &str> {
        let items = self.items.iter().filter(|item| !item.is_hidden).map(|item| item.name.as_str());
        items.chain(self.methods.iter().map(|method| method.name.as_str()))
    }
}
