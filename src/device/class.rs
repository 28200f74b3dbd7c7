//! A device class as data: what a `device` block declares, without a board.
//!
//! Invariant: a built [`Class`] obeys the rules of overloads: nothing follows a catch-all, and a name has one kind. So a
//! class can be checked, printed, documented and completed without a board.

use crate::error::{Error, Kind, Result};
pub use crate::item::ItemKind;
use crate::item::ItemLabel;
use crate::name::Name;
use crate::origin::Origin;
use crate::phrase::did_you_mean;
use crate::python::scan;
use crate::value::Value;
use std::sync::Arc;
use std::time::Duration;

/// A parameter's default.
#[derive(Clone, Debug, PartialEq)]
pub enum Default {
    /// A value of the script, evaluated at the declaration.
    Value(Value),
    /// Python source, evaluated on the board (only in items declared from a whole Python `def`).
    Source(String),
    /// Source of the script, whose value is unknown before the script runs: only in items that are checked or displayed.
    Later(String),
}

/// One parameter of an item.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// Its name.
    pub name: Name,
    /// Its annotation as Python source; viper needs it.
    pub annotation: Option<String>,
    /// Its default, if it has one.
    pub default: Option<Default>,
}

/// A code emitter of MicroPython, requested with `emitter = "native"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Emitter {
    /// `@micropython.native`.
    Native,
    /// `@micropython.viper`.
    Viper,
}

impl Emitter {
    /// The name as in `emitter = "native"` and in `implementation.emitters`.
    pub fn name(self) -> &'static str {
        match self {
            Emitter::Native => "native",
            Emitter::Viper => "viper",
        }
    }
}

/// Most items of a generator that travel at once: a board has them in memory together.
const MOST_AHEAD: i64 = 1000;

/// The options of an item; their names and defaults are Belay's (language reference, "Items and options").
#[derive(Clone, Debug, PartialEq)]
pub struct ItemOptions {
    /// Send minified code.
    pub minify: bool,
    /// Callable from the script. Otherwise a task is still on the board for other tasks.
    pub register: bool,
    /// Each call is recorded for playback upon reconnect.
    pub record: bool,
    /// Called at open (setup only, no parameters without default).
    pub autoinit: bool,
    /// An exception on the board is discarded (setup and teardown only).
    pub ignore_errors: bool,
    /// A result without a literal is returned as its `repr` (task only).
    pub trusted: bool,
    /// The result has a timestamp (task only).
    pub return_time: bool,
    /// Only for boards whose implementation has this name. `None`: for all.
    pub implementation: Option<String>,
    /// Timeout of one call; for a generator, of one item.
    pub timeout: Option<Duration>,
    /// How many items of a generator travel at once, if the board computes them in time (task only).
    pub prefetch: u32,
    /// The board pushes the items of a generator (task only).
    pub stream: bool,
    /// A task that may run again after a lost connection.
    pub retry: bool,
    /// Compile with this emitter.
    pub emitter: Option<Emitter>,
}

impl ItemOptions {
    /// The defaults for an item of this kind: `record` is false for tasks and true for the others.
    pub fn defaults(kind: ItemKind) -> ItemOptions {
        ItemOptions {
            minify: true,
            register: true,
            record: kind != ItemKind::Task,
            autoinit: false,
            ignore_errors: false,
            trusted: false,
            return_time: false,
            implementation: None,
            timeout: None,
            prefetch: 1,
            stream: false,
            retry: false,
            emitter: None,
        }
    }

    /// The options of an item of this kind, for messages and completion.
    pub fn names(kind: ItemKind) -> &'static [&'static str] {
        match kind {
            ItemKind::Setup => {
                &["minify", "register", "record", "autoinit", "ignore_errors", "implementation", "timeout"]
            }
            ItemKind::Task => &[
                "minify",
                "register",
                "record",
                "trusted",
                "return_time",
                "implementation",
                "timeout",
                "retry",
                "prefetch",
                "stream",
                "emitter",
            ],
            ItemKind::Thread => &["minify", "register", "record", "implementation", "timeout", "emitter"],
            ItemKind::Teardown => &["minify", "register", "record", "ignore_errors", "implementation", "timeout"],
        }
    }

    /// Sets the option `name` of an item of `kind` to `value`.
    ///
    /// # Errors
    /// [`Kind::DeclarationError`] if items of this kind have no such option, or the value is invalid.
    pub fn set(&mut self, kind: ItemKind, name: &str, value: &Value) -> Result<()> {
        if !ItemOptions::names(kind).contains(&name) {
            let names = ItemOptions::names(kind);
            let error = Error::new(Kind::DeclarationError, format!("a {kind} has no option `{name}`"));
            return Err(match crate::name::nearest(name, names.iter().copied()) {
                Some(near) => error.with_help(did_you_mean(near)),
                None => error.with_help(format!("options of a {kind}: {}", names.join(", "))),
            });
        }
        let refuse =
            |wanted: &str| Err(Error::new(Kind::DeclarationError, format!("the option `{name}` takes {wanted}")));
        let flag = match name {
            "minify" => Some(&mut self.minify),
            "register" => Some(&mut self.register),
            "record" => Some(&mut self.record),
            "autoinit" => Some(&mut self.autoinit),
            "ignore_errors" => Some(&mut self.ignore_errors),
            "trusted" => Some(&mut self.trusted),
            "return_time" => Some(&mut self.return_time),
            "retry" => Some(&mut self.retry),
            "stream" => Some(&mut self.stream),
            _ => None,
        };
        match (flag, name, value) {
            (Some(flag), _, Value::Bool(on)) => *flag = *on,
            (Some(_), _, _) => return refuse("`true` or `false`"),
            (None, "implementation", Value::Str(text)) => {
                self.implementation = Some(text.clone()).filter(|text| !text.is_empty());
            }
            (None, "prefetch", Value::Int(items)) if (1..=MOST_AHEAD).contains(items) => {
                self.prefetch = u32::try_from(*items).unwrap_or(1);
            }
            (None, "prefetch", _) => return refuse(&format!("a number from 1 to {MOST_AHEAD}")),
            (None, "implementation", _) => return refuse("a string such as \"micropython\""),
            (None, "timeout", Value::None) => self.timeout = None,
            (None, "timeout", value) => match seconds(value) {
                Some(timeout) => self.timeout = Some(timeout),
                None => return refuse("a positive number of seconds"),
            },
            (None, _, Value::Str(text)) if text == "native" => self.emitter = Some(Emitter::Native),
            (None, _, Value::Str(text)) if text == "viper" => self.emitter = Some(Emitter::Viper),
            (None, _, _) => return refuse("\"native\" or \"viper\""),
        }
        Ok(())
    }
}

/// A positive, finite number of seconds as a duration; at most ten years, which no clock arithmetic overflows.
pub fn seconds(value: &Value) -> Option<Duration> {
    let number = match value {
        Value::Int(whole) => *whole as f64,
        Value::Float(number) => *number,
        _ => return None,
    };
    let fits = number.is_finite() && number > 0.0 && number < 3.2e8;
    fits.then(|| Duration::from_secs_f64(number))
}

/// The MicroPython body of an item, exactly as in the script.
#[derive(Clone, Debug, PartialEq)]
pub struct Body {
    /// The text between the quotes; not de-indented.
    pub text: String,
    /// The position of its first character.
    pub origin: Origin,
}

/// One declared item: one overload of a name.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Its kind.
    pub kind: ItemKind,
    /// Its name on the board and in the script.
    pub name: Name,
    /// Its parameters, in order.
    pub params: Vec<Param>,
    /// The return annotation as Python source; viper needs it.
    pub returns: Option<String>,
    /// Its options.
    pub options: ItemOptions,
    /// Its Python.
    pub body: Body,
    /// Its documentation, without comment marks.
    pub doc: String,
    /// The position of its name in the script.
    pub origin: Origin,
}

impl Item {
    /// Names it in errors.
    pub fn label(&self) -> ItemLabel {
        ItemLabel::Declared { kind: self.kind, name: self.name.to_string() }
    }

    /// `` task `read_adc` ``.
    pub fn words(&self) -> String {
        self.label().to_string()
    }
}

/// A device class: its own items, and those of its mixins.
#[derive(Clone, Debug, std::default::Default)]
pub struct Class {
    /// The class's name.
    pub name: String,
    /// Its documentation.
    pub doc: String,
    /// Where it is declared; `None` for the built-in `Device`.
    pub origin: Option<Origin>,
    /// Its own items in declaration order, then those of each mixin: one group per class.
    groups: Vec<Vec<Arc<Item>>>,
}

impl Class {
    /// The built-in class without items.
    pub fn device() -> Class {
        Class { name: "Device".to_owned(), ..Class::default() }
    }

    /// Builds a class from its own items and its mixins, checking the rules of overloads.
    ///
    /// # Errors
    /// [`Kind::DeclarationError`], with the origin of the wrong item.
    pub fn build(
        name: &str,
        doc: &str,
        origin: Option<Origin>,
        own: Vec<Item>,
        mixins: &[Arc<Class>],
    ) -> Result<Class> {
        let mut class = Class { name: name.to_owned(), doc: doc.to_owned(), origin, groups: vec![Vec::new()] };
        for item in own {
            class.declare(item)?;
        }
        for mixin in mixins {
            for group in &mixin.groups {
                let known = |item: &Arc<Item>| class.items().any(|other| Arc::ptr_eq(other, item));
                let fresh: Vec<Arc<Item>> = group.iter().filter(|item| !known(item)).cloned().collect();
                for item in &fresh {
                    class.check_inherited(item)?;
                }
                class.groups.push(fresh);
            }
        }
        Ok(class)
    }

    /// Adds an own item.
    ///
    /// # Errors
    /// See [`Class::build`].
    pub fn declare(&mut self, item: Item) -> Result<()> {
        check_item(&item)?;
        self.check_kind(&item)?;
        if self.groups.is_empty() {
            self.groups.push(Vec::new());
        }
        let own = &mut self.groups[0];
        let same = own.iter().filter(|other| other.name == item.name);
        for other in same {
            if other.options.implementation.is_none() {
                return Err(at(&item, format!("{} follows an overload for every implementation", item.words()))
                    .with_help(format!(
                        "the first one, at {}, always wins: give it a `for \"…\"`, or put it last",
                        other.origin
                    )));
            }
            if other.options.implementation == item.options.implementation {
                let implementation = item.options.implementation.as_deref().unwrap_or_default();
                return Err(at(&item, format!("{} is declared twice for \"{implementation}\"", item.words()))
                    .with_help(format!("the first one, at {}, always wins: remove one", other.origin)));
            }
        }
        own.push(Arc::new(item));
        Ok(())
    }

    /// An inherited item must have the same kind as the own item of its name: the error is at the own one.
    fn check_inherited(&self, item: &Item) -> Result<()> {
        match self.items().find(|own| own.name == item.name && own.kind != item.kind) {
            Some(own) => Err(at(own, format!("`{}` is a {}, but an inherited {}", own.name, own.kind, item.kind))
                .with_help(format!("the {} is declared at {}; use one kind per name", item.kind, item.origin))),
            None => Ok(()),
        }
    }

    fn check_kind(&self, item: &Item) -> Result<()> {
        match self.items().find(|other| other.name == item.name && other.kind != item.kind) {
            Some(other) => Err(at(item, format!("`{}` is both a {} and a {}", item.name, other.kind, item.kind))
                .with_help(format!("the {} is declared at {}; use one kind per name", other.kind, other.origin))),
            None => Ok(()),
        }
    }

    /// All items: own ones first, in declaration order, then those of the mixins.
    pub fn items(&self) -> impl Iterator<Item = &Arc<Item>> {
        self.groups.iter().flatten()
    }

    /// The names of all items, each once, in declaration order.
    pub fn names(&self) -> Vec<&Name> {
        let mut names: Vec<&Name> = Vec::new();
        for item in self.items() {
            if !names.contains(&&item.name) {
                names.push(&item.name);
            }
        }
        names
    }

    /// For each name the overload for a board of this implementation: in the first class that has one, the one `for` it, else
    /// the one for all. Mixins precede own items, because a body may use what they set up.
    ///
    /// # Errors
    /// [`Kind::NoMatchingExecuterError`] with every name that has none, and the implementations of its overloads.
    pub fn select(&self, implementation: &str) -> Result<Vec<Arc<Item>>> {
        let mut chosen = Vec::new();
        let mut missing = Vec::new();
        let own = self.groups.first().map_or(&[][..], Vec::as_slice);
        let inherited = self.groups.iter().skip(1).flatten();
        let mut seen: Vec<&Name> = Vec::new();
        for item in inherited.chain(own) {
            if seen.contains(&&item.name) {
                continue;
            }
            seen.push(&item.name);
            match self.choose(&item.name, implementation) {
                Some(item) => chosen.push(item),
                None => missing.push(item),
            }
        }
        let Some(first) = missing.first() else { return Ok(chosen) };
        let list: Vec<String> = missing.iter().map(|item| item.words()).collect();
        let have: Vec<String> = self
            .items()
            .filter(|item| item.name == first.name)
            .filter_map(|item| item.options.implementation.clone().map(|name| format!("\"{name}\"")))
            .collect();
        Err(Error::new(
            Kind::NoMatchingExecuterError,
            format!("{} of `{}` has no overload for \"{implementation}\"", list.join(", "), self.name),
        )
        .with_help(format!(
            "`{}` has overloads for {}: add one `for \"{implementation}\"`, or one without `for`",
            first.name,
            have.join(", ")
        ))
        .with_origin(first.origin.clone()))
    }

    fn choose(&self, name: &Name, implementation: &str) -> Option<Arc<Item>> {
        self.groups.iter().find_map(|group| {
            let overloads = || group.iter().filter(|item| item.name == *name);
            overloads()
                .find(|item| item.options.implementation.as_deref() == Some(implementation))
                .or_else(|| overloads().find(|item| item.options.implementation.is_none()))
                .cloned()
        })
    }
}

fn at(item: &Item, message: String) -> Error {
    Error::new(Kind::DeclarationError, message).with_origin(item.origin.clone())
}

/// The rules for a single item.
///
/// # Errors
/// [`Kind::DeclarationError`] with the item's origin.
pub fn check_item(item: &Item) -> Result<()> {
    let mut optional = false;
    for (index, param) in item.params.iter().enumerate() {
        if item.params[..index].iter().any(|other| other.name == param.name) {
            return Err(at(item, format!("{} has two parameters `{}`", item.words(), param.name)));
        }
        if param.default.is_some() {
            optional = true;
        } else if optional {
            return Err(at(item, format!("parameter `{}` without default follows one with a default", param.name))
                .with_help("give it a default, or move it to the front"));
        }
    }
    if item.options.prefetch > 1 || item.options.stream {
        let option = if item.options.stream { "stream" } else { "prefetch" };
        let needs = |what: &str, help: &str| Err(at(item, format!("`{option}` {what}")).with_help(help));
        if !scan::has_yield(&item.body.text) {
            return needs("needs a generator", &format!("use `yield` in the body, or leave `{option}` out"));
        }
        if item.options.prefetch > 1 && item.options.stream {
            return needs(
                "and `prefetch` exclude each other",
                "use `stream` for items that the board sends on its own, `prefetch` for items that it computes when asked",
            );
        }
        if item.options.return_time {
            return needs(
                "and `return_time` exclude each other",
                "use one of them: items that travel together have no time each",
            );
        }
    }
    let needed = item.params.iter().find(|param| param.default.is_none());
    if let Some(param) = needed {
        if item.options.autoinit {
            return Err(at(item, format!("{} runs automatically, but `{}` has no default", item.words(), param.name))
                .with_help("`autoinit` setups are called without arguments"));
        }
        if item.kind == ItemKind::Teardown {
            return Err(at(
                item,
                format!("{} runs automatically at close, but `{}` has no default", item.words(), param.name),
            )
            .with_help("teardowns are called without arguments"));
        }
    }
    Ok(())
}
