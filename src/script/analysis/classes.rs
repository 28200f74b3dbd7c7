//! Device classes as their blocks declare them.
//!
//! Reads Rhai's tree. Invariant: nothing is evaluated; an option whose value is computed counts as not known.

use crate::script::analysis::tree::{closure, word};
use crate::script::language::syntax::{self, op};
use crate::script::names::DEVICE;
use crate::script::reading::attempt;
use rhai::{CustomExpr, Expr, Position};

/// A setup, task, thread or teardown.
pub(crate) struct Item {
    pub name: String,
    pub kind: String,
    /// The parameters, and how the default of each is written.
    pub params: Vec<(String, Option<String>)>,
    /// `register = false`: scripts cannot call it.
    pub is_hidden: bool,
}

/// A host-side method.
pub(crate) struct Method {
    pub name: String,
    /// The name of its closure.
    pub closure: String,
    /// How many variables it captures, which come before its parameters.
    pub captured: usize,
}

/// A device class.
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
        }
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
                    let (kind, name) = (word(input).to_owned(), String::new());
                    item = Some(Item { name, kind, params: Vec::new(), is_hidden: false });
                }
                op::NAME => item.iter_mut().for_each(|item| item.name = word(input).to_owned()),
                op::PARAM => {
                    param_at = input.position();
                    item.iter_mut().for_each(|item| item.params.push((word(input).to_owned(), None)));
                }
                op::DEFAULT => {
                    if let Some(param) = item.as_mut().and_then(|item| item.params.last_mut()) {
                        let (line, column) = (param_at.line().unwrap_or(1), param_at.position().unwrap_or(1));
                        param.1 = Some(attempt::default_source(text, line, column));
                    }
                }
                op::OPTION => option = word(input),
                op::VALUE if option == "register" => match input {
                    Expr::BoolConstant(is_registered, _) => {
                        item.iter_mut().for_each(|item| item.is_hidden = !is_registered);
                    }
                    _ => class.is_open = true,
                },
                op::BODY => class.items.extend(item.take()),
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
