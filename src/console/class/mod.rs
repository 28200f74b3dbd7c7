//! A class of consoles as data: what a `console` block declares, without a unit.
//!
//! [`returns`] reads answers, `calls` runs items. Uses [`crate::message`]. Invariant: in a built [`Class`] each name has one item, and
//! each text of an item names only its parameters. So a class can be checked, printed and documented without a unit.

pub mod calls;
pub mod returns;

use super::pattern::{Expression, Pattern};
use crate::error::{Error, Kind, Result};
use crate::item::ItemLabel;
pub use crate::message::{Dialect, ItemKind, Param, Template};
use crate::origin::Origin;
use crate::value::Value;
pub use returns::Returns;
use std::sync::Arc;
use std::time::Duration;

/// The options of an item of this kind.
pub fn options_of(kind: ItemKind) -> &'static [&'static str] {
    match kind {
        ItemKind::Command => &["timeout", "expect", "wait"],
        ItemKind::Query => &["timeout", "expect", "pattern"],
        ItemKind::Setup => &["timeout", "expect", "wait", "autoinit", "ignore_errors"],
        ItemKind::Teardown => &["timeout", "expect", "wait", "ignore_errors"],
    }
}

/// The options of an item.
#[derive(Clone, Debug)]
pub struct ItemOptions {
    /// How long each answer may take.
    pub timeout: Option<Duration>,
    /// What the unit sends after the last line, in place of its prompt.
    pub expect: Option<Pattern>,
    /// Whether it waits for what the unit sends after the last line.
    pub wait: bool,
    /// Finds the value in the answer.
    pub pattern: Option<Expression>,
    /// It runs on open.
    pub autoinit: bool,
    /// A refusal of the unit is ignored.
    pub ignore_errors: bool,
}

impl Default for ItemOptions {
    fn default() -> ItemOptions {
        ItemOptions { timeout: None, expect: None, wait: true, pattern: None, autoinit: false, ignore_errors: false }
    }
}

/// The value of an option as a script gives it.
#[derive(Clone, Debug)]
pub enum Given {
    /// A plain value.
    Value(Value),
    /// A regular expression.
    Regex(Expression),
}

impl ItemOptions {
    /// Sets the option `name` of an item of `kind`.
    ///
    /// # Errors
    /// [`Kind::DeclarationError`] for an unknown option or an invalid value.
    pub fn set(&mut self, kind: ItemKind, name: &str, value: &Given) -> Result<()> {
        let names = options_of(kind);
        if !names.contains(&name) {
            return Err(kind.unknown_option(" of a console", name, names));
        }
        let refuse =
            |wanted: &str| Err(Error::new(Kind::DeclarationError, format!("the option `{name}` takes {wanted}")));
        match (name, value) {
            ("timeout", Given::Value(value)) => match crate::message::seconds(value) {
                Some(timeout) => self.timeout = Some(timeout),
                None => return refuse("a positive number of seconds"),
            },
            ("timeout", _) => return refuse("a positive number of seconds"),
            ("expect", Given::Value(Value::Str(text))) if !text.is_empty() => self.expect = Some(Pattern::text(text)),
            ("expect", Given::Regex(regex)) => self.expect = Some(Pattern::Regex(regex.clone())),
            ("expect", _) => return refuse("the text that the unit sends, or `regex(\"…\")`"),
            ("pattern", Given::Regex(regex)) => self.pattern = Some(regex.clone()),
            ("pattern", Given::Value(Value::Str(source))) => {
                let wrong = |error: Error| Error::new(Kind::DeclarationError, error.message());
                self.pattern = Some(Expression::new(source).map_err(wrong)?);
            }
            ("pattern", _) => return refuse("a regular expression, such as \"Version (\\\\S+)\""),
            ("wait", Given::Value(Value::Bool(on))) => self.wait = *on,
            ("autoinit", Given::Value(Value::Bool(on))) => self.autoinit = *on,
            ("ignore_errors", Given::Value(Value::Bool(on))) => self.ignore_errors = *on,
            _ => return refuse("`true` or `false`"),
        }
        Ok(())
    }
}

/// One declared item.
#[derive(Clone, Debug)]
pub struct Item {
    /// Its kind.
    pub kind: ItemKind,
    /// Its name in scripts.
    pub name: String,
    /// Its parameters, in order.
    pub params: Vec<Param>,
    /// What a query returns.
    pub returns: Returns,
    /// Its options.
    pub options: ItemOptions,
    /// The lines that it sends, in order; none if it is a closure of the script.
    pub lines: Vec<Template>,
    /// A setup that is a closure of the script.
    pub is_closure: bool,
    /// Its documentation, without comment marks.
    pub doc: String,
    /// The position of its name in the script.
    pub origin: Origin,
}

impl Item {
    /// Names it in errors.
    pub fn label(&self) -> ItemLabel {
        ItemLabel::OfInstrument { kind: self.kind.word(), name: self.name.clone() }
    }

    /// As it is written: `set_voltage(v: float "V" in 0..=30)`.
    pub fn signature(&self) -> String {
        crate::message::signature(&self.name, &self.params, self.returns.word())
    }

    fn at(&self, message: String) -> Error {
        Error::new(Kind::DeclarationError, message).with_origin(self.origin.clone())
    }

    fn check(&self) -> Result<()> {
        let words = format!("{} `{}`", self.kind, self.name);
        crate::message::check_params(&words, &self.params)
            .map_err(|(message, help)| self.at(message).with_help(help))?;
        let runs_alone = self.options.autoinit || self.kind == ItemKind::Teardown;
        if let Some(param) = self.params.iter().find(|param| param.default.is_none() && runs_alone) {
            return Err(self
                .at(format!("{words} runs automatically, but `{}` has no default", param.name))
                .with_help("`autoinit` setups and teardowns are called without arguments"));
        }
        if !self.options.wait && self.options.expect.is_some() {
            return Err(self.at(format!("{words} waits for `expect`, and has `wait = false`")).with_help("remove one"));
        }
        if self.is_closure {
            let ItemOptions { timeout, expect, wait, ignore_errors, .. } = &self.options;
            let unused = [
                ("timeout", timeout.is_some()),
                ("expect", expect.is_some()),
                ("wait", !*wait),
                ("ignore_errors", *ignore_errors),
            ];
            return match unused.into_iter().find(|(_, is_given)| *is_given) {
                Some((name, _)) => Err(self
                    .at(format!("{words} is a closure, which has no option `{name}`"))
                    .with_help("use the arguments of the calls inside: `this.expect(\"…\", 5)`, or `try`")),
                None => Ok(()),
            };
        }
        if self.lines.is_empty() {
            return Err(self.at(format!("{words} sends nothing")).with_help("write its line: `\"version\"`"));
        }
        let unused = |index: &usize| !self.lines.iter().any(|line| line.uses(*index));
        if let Some(index) = (0..self.params.len()).find(unused) {
            let name = &self.params[index].name;
            return Err(self
                .at(format!("parameter `{name}` of {words} is not in its text"))
                .with_help(format!("write `{{{name}}}` where it goes")));
        }
        Ok(())
    }
}

/// A class of consoles: its own items, and those that it inherits.
#[derive(Clone, Debug, Default)]
pub struct Class {
    /// The class's name.
    pub name: String,
    /// Its documentation.
    pub doc: String,
    /// Where it is declared; `None` for the built-in `Console`.
    pub origin: Option<Origin>,
    /// Inherited items first, then its own, in the order in which setups and teardowns run.
    items: Vec<Arc<Item>>,
}

impl Class {
    /// The built-in class without items.
    pub fn console() -> Class {
        Class { name: "Console".to_owned(), ..Class::default() }
    }

    /// Builds a class from its own items and the classes that it inherits from: of two items with one name, its own counts, otherwise
    /// that of the class that is named first.
    ///
    /// # Errors
    /// [`Kind::DeclarationError`], with the origin of the wrong item.
    pub fn build(name: &str, doc: &str, origin: Option<Origin>, own: Vec<Item>, bases: &[Arc<Class>]) -> Result<Class> {
        for (index, item) in own.iter().enumerate() {
            item.check()?;
            if let Some(first) = own[..index].iter().find(|first| first.name == item.name) {
                let message = format!("`{}` is declared twice", item.name);
                return Err(item.at(message).with_help(format!("the first one is at {}", first.origin)));
            }
        }
        let own: Vec<Arc<Item>> = own.into_iter().map(Arc::new).collect();
        let mut items: Vec<Arc<Item>> = Vec::new();
        for item in bases.iter().flat_map(|base| &base.items) {
            if items.iter().any(|known| known.name == item.name) {
                continue;
            }
            match own.iter().find(|own| own.name == item.name) {
                Some(own) if own.kind != item.kind => {
                    let message = format!("`{}` is a {}, but an inherited {}", own.name, own.kind, item.kind);
                    return Err(own.at(message).with_help(format!(
                        "the {} is declared at {}; use one kind per name",
                        item.kind, item.origin
                    )));
                }
                // It takes the place of what it replaces: a login still comes first.
                Some(own) => items.push(own.clone()),
                None => items.push(item.clone()),
            }
        }
        let fresh: Vec<Arc<Item>> =
            own.into_iter().filter(|own| !items.iter().any(|item| item.name == own.name)).collect();
        items.extend(fresh);
        Ok(Class { name: name.to_owned(), doc: doc.to_owned(), origin, items })
    }

    /// Its items: those of inherited classes first, which its own build on.
    pub fn items(&self) -> &[Arc<Item>] {
        &self.items
    }

    /// The item of this name.
    pub fn item(&self, name: &str) -> Option<&Arc<Item>> {
        self.items.iter().find(|item| item.name == name)
    }
}

#[cfg(test)]
mod tests;
