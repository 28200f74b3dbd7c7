//! An instrument class as data: what an `instrument` block declares, without an instrument.
//!
//! Uses [`crate::value`] and [`crate::error`]. Invariant: a built [`Class`] obeys the rules of overloads, and each text of an item
//! names only its parameters. So a class can be checked, printed and documented without an instrument.

pub mod returns;

use crate::error::{Error, Kind, Result};
use crate::item::ItemLabel;
pub use crate::message::{Dialect, ItemKind, Limits, Param, ParamKind, Template};
use crate::origin::Origin;
use crate::value::Value;
pub use returns::Returns;
use std::sync::Arc;
use std::time::Duration;

/// The options of an item of this kind.
pub fn options_of(kind: ItemKind) -> &'static [&'static str] {
    match kind {
        ItemKind::Command => &["model", "timeout", "check_errors"],
        ItemKind::Query => &["model", "timeout", "check_errors", "format", "byte_order"],
        ItemKind::Setup => &["model", "timeout", "check_errors", "autoinit", "ignore_errors"],
        ItemKind::Teardown => &["model", "timeout", "check_errors", "ignore_errors"],
    }
}

/// The options of an item.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ItemOptions {
    /// Only for instruments of this model; a `*` at its end stands for any rest.
    pub model: Option<String>,
    /// How long a reply may take.
    pub timeout: Option<Duration>,
    /// Whether the error queue is read after it.
    pub check_errors: Option<bool>,
    /// It runs on open.
    pub autoinit: bool,
    /// Its errors are ignored.
    pub ignore_errors: bool,
    /// The format of the numbers in a block.
    pub numbers: super::NumberOptions,
}

impl ItemOptions {
    /// Sets the option `name` of an item of `kind`.
    ///
    /// # Errors
    /// [`Kind::DeclarationError`] for an unknown option or an invalid value.
    pub fn set(&mut self, kind: ItemKind, name: &str, value: &Value) -> Result<()> {
        let names = options_of(kind);
        if !names.contains(&name) {
            return Err(kind.unknown_option("", name, names));
        }
        let refuse =
            |wanted: &str| Err(Error::new(Kind::DeclarationError, format!("the option `{name}` takes {wanted}")));
        match (name, value) {
            ("model", Value::Str(model)) => self.model = Some(model.clone()).filter(|model| !model.is_empty()),
            ("model", _) => return refuse("a string such as \"34461A\""),
            ("timeout", value) => match crate::message::seconds(value) {
                Some(timeout) => self.timeout = Some(timeout),
                None => return refuse("a positive number of seconds"),
            },
            ("check_errors", Value::Bool(on)) => self.check_errors = Some(*on),
            ("autoinit", Value::Bool(on)) => self.autoinit = *on,
            ("ignore_errors", Value::Bool(on)) => self.ignore_errors = *on,
            ("format", Value::Str(format)) => match super::block::Format::named(format) {
                Some(format) => self.numbers.format = Some(format),
                None => return refuse("a format such as \"i16\" or \"f32\""),
            },
            ("format", _) => return refuse("a format such as \"i16\" or \"f32\""),
            ("byte_order", Value::Str(order)) if matches!(order.as_str(), "big" | "little") => {
                self.numbers.little = order == "little";
            }
            ("byte_order", _) => return refuse("\"big\" or \"little\""),
            _ => return refuse("`true` or `false`"),
        }
        Ok(())
    }
}

/// One declared item: one overload of a name.
#[derive(Clone, Debug, PartialEq)]
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
    /// The messages that it sends, in order.
    pub messages: Vec<Template>,
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

    /// An error at its declaration.
    pub(crate) fn at(&self, message: String) -> Error {
        Error::new(Kind::DeclarationError, message).with_origin(self.origin.clone())
    }

    /// As it is written: `set_voltage(v: float "V" in 0..=30)`.
    pub fn signature(&self) -> String {
        crate::message::signature(&self.name, &self.params, self.returns.word())
    }

    /// Whether it is for an instrument of this model.
    pub fn is_for(&self, model: &str) -> bool {
        match &self.options.model {
            None => true,
            Some(wanted) => match wanted.strip_suffix('*') {
                Some(start) => model.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start)),
                None => model.eq_ignore_ascii_case(wanted),
            },
        }
    }

    /// The messages for these arguments: one for each parameter.
    ///
    /// # Errors
    /// [`Kind::ArgumentError`] for an argument that a parameter does not take.
    pub fn render(&self, values: &[Value]) -> Result<Vec<String>> {
        self.messages.iter().map(|message| message.render(&self.params, values)).collect()
    }

    fn check(&self) -> Result<()> {
        let words = format!("{} `{}`", self.kind, self.name);
        if self.messages.is_empty() {
            return Err(self.at(format!("{words} sends nothing")).with_help("write its message: `\"OUTP ON\"`"));
        }
        crate::message::check_params(&words, &self.params)
            .map_err(|(message, help)| self.at(message).with_help(help))?;
        for (index, param) in self.params.iter().enumerate() {
            if !self.messages.iter().any(|message| message.uses(index)) {
                return Err(self
                    .at(format!("parameter `{}` of {words} is not in its message", param.name))
                    .with_help(format!("write `{{{}}}` where it goes", param.name)));
            }
        }
        let runs_alone = self.options.autoinit || self.kind == ItemKind::Teardown;
        if let Some(param) = self.params.iter().find(|param| param.default.is_none() && runs_alone) {
            return Err(self
                .at(format!("{words} runs automatically, but `{}` has no default", param.name))
                .with_help("`autoinit` setups and teardowns are called without arguments"));
        }
        let asks = self.messages.last().is_some_and(Template::asks);
        let early = self.messages.iter().rev().skip(1).any(Template::asks);
        match self.kind {
            ItemKind::Query if !asks => Err(self
                .at(format!("the last message of {words} is not a query"))
                .with_help("a query has a question mark: `\"MEAS:VOLT?\"`")),
            ItemKind::Query if early => Err(self.at(format!("only the last message of {words} may be a query"))),
            ItemKind::Query => Ok(()),
            _ if asks || early => Err(self
                .at(format!("{words} sends a query, whose reply nobody would read"))
                .with_help(format!("declare it as a query: `query {}() \"…?\"`", self.name))),
            _ => Ok(()),
        }
    }
}

/// An instrument class: its own items, and those that it inherits.
#[derive(Clone, Debug, Default)]
pub struct Class {
    /// The class's name.
    pub name: String,
    /// Its documentation.
    pub doc: String,
    /// Where it is declared; `None` for the built-in `Instrument`.
    pub origin: Option<Origin>,
    /// Its own items in declaration order, then those of each inherited class: one group per class.
    groups: Vec<Vec<Arc<Item>>>,
}

impl Class {
    /// The built-in class without items.
    pub fn instrument() -> Class {
        Class { name: "Instrument".to_owned(), ..Class::default() }
    }

    /// Builds a class from its own items and the classes that it inherits from.
    ///
    /// # Errors
    /// [`Kind::DeclarationError`], with the origin of the wrong item.
    pub fn build(name: &str, doc: &str, origin: Option<Origin>, own: Vec<Item>, bases: &[Arc<Class>]) -> Result<Class> {
        let mut class = Class { name: name.to_owned(), doc: doc.to_owned(), origin, groups: vec![Vec::new()] };
        for item in own {
            item.check()?;
            class.check_overloads(&item)?;
            class.groups[0].push(Arc::new(item));
        }
        for base in bases {
            for group in &base.groups {
                let is_new = |item: &&Arc<Item>| !class.items().any(|other| Arc::ptr_eq(other, item));
                let fresh: Vec<Arc<Item>> = group.iter().filter(is_new).cloned().collect();
                for item in &fresh {
                    if let Some(own) = class.items().find(|own| own.name == item.name && own.kind != item.kind) {
                        let message = format!("`{}` is a {}, but an inherited {}", own.name, own.kind, item.kind);
                        return Err(own.at(message).with_help(format!(
                            "the {} is declared at {}; use one kind per name",
                            item.kind, item.origin
                        )));
                    }
                }
                class.groups.push(fresh);
            }
        }
        Ok(class)
    }

    fn check_overloads(&self, item: &Item) -> Result<()> {
        for other in self.groups[0].iter().filter(|other| other.name == item.name) {
            let message = if other.kind != item.kind {
                format!("`{}` is both a {} and a {}", item.name, other.kind, item.kind)
            } else if other.options.model.is_none() {
                format!("{} `{}` follows an overload for every model", item.kind, item.name)
            } else if other.options.model == item.options.model {
                let model = item.options.model.as_deref().unwrap_or_default();
                format!("{} `{}` is declared twice for \"{model}\"", item.kind, item.name)
            } else {
                continue;
            };
            return Err(item.at(message).with_help(format!("the first one is at {}", other.origin)));
        }
        Ok(())
    }

    /// All items: own ones first, in declaration order, then the inherited ones.
    pub fn items(&self) -> impl Iterator<Item = &Arc<Item>> {
        self.groups.iter().flatten()
    }

    /// The item of this name for a model: in the first class that has one, the first overload that fits.
    pub fn item(&self, name: &str, model: &str) -> Option<&Arc<Item>> {
        self.groups.iter().find_map(|group| group.iter().find(|item| item.name == name && item.is_for(model)))
    }

    /// For each name its item for a model, those of inherited classes first: what they set up comes before what builds on it.
    ///
    /// # Errors
    /// [`Kind::NoMatchingExecuterError`] if a name has none.
    pub fn select(&self, model: &str) -> Result<Vec<Arc<Item>>> {
        let own = self.groups.first().map_or(&[][..], Vec::as_slice);
        let mut chosen: Vec<Arc<Item>> = Vec::new();
        for item in self.groups.iter().skip(1).flatten().chain(own) {
            if chosen.iter().any(|known| known.name == item.name) {
                continue;
            }
            match self.item(&item.name, model) {
                Some(item) => chosen.push(item.clone()),
                None => {
                    let models = self.items().filter(|other| other.name == item.name);
                    let models: Vec<String> = models
                        .filter_map(|item| item.options.model.as_ref().map(|model| format!("\"{model}\"")))
                        .collect();
                    let message =
                        format!("{} `{}` of `{}` has no overload for \"{model}\"", item.kind, item.name, self.name);
                    let help = format!("it has overloads for {}: add one without `for`, last", models.join(", "));
                    return Err(Error::new(Kind::NoMatchingExecuterError, message)
                        .with_help(help)
                        .with_origin(item.origin.clone()));
                }
            }
        }
        Ok(chosen)
    }
}

#[cfg(test)]
pub(super) mod tests;
