//! The functions and properties that the language has by itself, read from the engine.
//!
//! Invariant: nothing is listed here; what a script registers for its own names is left out.

use crate::script::handles::{ClassHandle, DeviceHandle};
use crate::script::members::{answers_on_class, answers_on_device};
use crate::script::objects::instrument::members;
use crate::script::objects::proxy;
use crate::script::run::receivers::receivers;
use rhai::{Dynamic, Engine, FuncInfo};
use std::any::TypeId;
use std::collections::{BTreeSet, HashMap};

/// The parameters of one overload.
pub(crate) type Parameters = Vec<TypeId>;

/// How the names of getters begin.
const GETTER: &str = "get$";

/// The native functions by their names.
pub(crate) struct Natives {
    functions: HashMap<String, Vec<Parameters>>,
}

impl Natives {
    /// The natives of an engine, in which names and numbers of arguments may have been registered for scripts.
    pub fn of(engine: &Engine, is_registered: &dyn Fn(&str, usize) -> bool) -> Natives {
        let found = |info: FuncInfo<'_>| {
            let known = info.metadata;
            let params: Parameters = known.param_types.iter().copied().collect();
            (info.script.is_none() && !is_of_script(&known.name, &params, is_registered))
                .then(|| (known.name.to_string(), params))
        };
        let mut functions: HashMap<String, Vec<Parameters>> = HashMap::new();
        for (name, params) in engine.collect_fn_metadata(None, found, true) {
            functions.entry(name).or_default().push(params);
        }
        Natives { functions }
    }

    /// The overloads of a function.
    pub fn named(&self, name: &str) -> &[Parameters] {
        self.functions.get(name).map_or(&[], Vec::as_slice)
    }

    /// The names of all functions that people can write.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.functions.keys().map(String::as_str).filter(|name| rhai::is_valid_identifier(name))
    }

    /// The types for which there is a property of this name.
    pub fn property(&self, name: &str) -> impl Iterator<Item = TypeId> {
        self.named(&format!("{GETTER}{name}")).iter().filter_map(|params| params.first().copied())
    }

    /// The functions and properties of devices.
    pub fn of_devices(&self) -> BTreeSet<&str> {
        self.members(TypeId::of::<DeviceHandle>())
    }

    /// The functions and properties of classes.
    pub fn of_classes(&self) -> BTreeSet<&str> {
        self.members(TypeId::of::<ClassHandle>())
    }

    fn members(&self, of: TypeId) -> BTreeSet<&str> {
        let has = |overloads: &[Parameters]| overloads.iter().any(|params| params.first() == Some(&of));
        let names = self.functions.iter().filter(|(_, overloads)| has(overloads)).map(|(name, _)| name.as_str());
        names
            .map(|name| name.strip_prefix(GETTER).unwrap_or(name))
            .filter(|name| rhai::is_valid_identifier(name))
            .collect()
    }
}

/// Whether a function is one of those that are registered for every name that a script calls.
fn is_of_script(name: &str, params: &[TypeId], is_registered: &dyn Fn(&str, usize) -> bool) -> bool {
    let Some((first, rest)) = params.split_first() else { return false };
    let [of_device, of_class, _, of_object, _, of_instrument, of_console] = receivers();
    let is_built_in = (*first == of_device && answers_on_device(name, rest.len()))
        || (*first == of_class && answers_on_class(name, rest.len()))
        || (*first == of_object && proxy::is_built_in(name, rest.len()))
        || (*first == of_instrument && members::answers(name, rest.len()))
        || (*first == of_console && crate::script::objects::console::members::answers(name, rest.len()));
    receivers().contains(first)
        && rest.iter().all(|other| *other == TypeId::of::<Dynamic>())
        && !is_built_in
        && is_registered(name, rest.len())
}
