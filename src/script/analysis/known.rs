//! What an input of a session finds there: the variables, functions, modules and classes of earlier inputs.
//!
//! Invariant: plain data, taken before the input is typed.

use crate::bench::station::Station;
use crate::device::class::{self, Default as Value, Emitter};
use crate::script::analysis::classes::{Class, Item, Method};
use crate::script::analysis::source::Source;
use crate::script::analysis::types::Type;
use crate::script::handles::ClassHandle;
use rhai::AST;
use std::sync::Arc;

/// A module that an earlier input imported.
pub(crate) struct KnownModule {
    pub alias: String,
    /// Its functions, with their numbers of parameters.
    pub functions: Vec<(String, usize)>,
    pub source: Source,
}

/// What there is before an input.
#[derive(Default)]
pub(crate) struct Known {
    pub variables: Vec<(String, Type)>,
    /// Functions, with their numbers of parameters.
    pub functions: Vec<(String, usize)>,
    pub modules: Vec<KnownModule>,
    pub classes: Vec<Class>,
    pub station: Option<Arc<Station>>,
}

impl KnownModule {
    pub fn new(alias: &str, functions: Vec<(String, usize)>) -> KnownModule {
        // Like a standard module, it is not analysed itself.
        let source = Source { name: format!("std/{alias}"), text: "".into(), tree: AST::empty() };
        KnownModule { alias: alias.to_owned(), functions, source }
    }
}

impl Known {
    /// Adds a class that exists; gives its type. `name`: under which it is known.
    pub fn class(&mut self, name: &str, handle: &ClassHandle) -> usize {
        let items = handle.0.class.items().map(|item| item_of(item)).collect();
        let method = |name: &String| Method { name: name.clone(), closure: String::new(), captured: 0 };
        let methods = handle.0.methods.iter().map(|known| method(&known.name)).collect();
        self.classes.push(Class { items, methods, ..Class::device(name) });
        // The first class of a program is the built-in one.
        self.classes.len()
    }
}

fn item_of(item: &class::Item) -> Item {
    let default = |default: &Value| match default {
        // Shown only in help, which nobody reads while typing.
        Value::Value(_) => String::new(),
        Value::Source(text) | Value::Later(text) => text.clone(),
    };
    Item {
        name: item.name.to_string(),
        kind: item.kind.word().to_owned(),
        params: item.params.iter().map(|param| (param.name.to_string(), param.default.as_ref().map(default))).collect(),
        is_hidden: !item.options.register,
        implementation: item.options.implementation.clone(),
        is_autoinit: item.options.autoinit,
        ignores_errors: item.options.ignore_errors,
        is_viper: item.options.emitter == Some(Emitter::Viper),
        body: item.body.text.clone(),
        ..Item::default()
    }
}
