//! What follows a dot: tasks, methods and properties of devices and classes, functions called as methods.
//!
//! Invariant: a name is reported only if nothing that is known has it and the value cannot have it in another way.

use crate::name::nearest;
use crate::script::analysis::counts::{arguments_given, takes};
use crate::script::analysis::types::Type;
use crate::script::analysis::walker::Walker;
use crate::script::handles::{ClassHandle, DeviceHandle};
use crate::script::members::{self, Use};
use crate::script::names::CALL;
use crate::script::objects::sim;
use rhai::{Dynamic, FnCallExpr, Position};
use std::any::TypeId;
use std::collections::BTreeSet;

/// Functions of arrays that call a closure with each element.
const WITH_ELEMENTS: &[&str] =
    &["map", "filter", "find", "find_map", "index_of", "some", "all", "drain", "retain", "dedup", "zip"];

impl<'w> Walker<'w, '_> {
    /// A call after a dot.
    pub fn method(&mut self, receiver: Type, call: &'w FnCallExpr, position: Position) -> Type {
        let name = call.name.as_str();
        let mut types: Vec<Type> = Vec::new();
        for argument in &call.args {
            let given = match &receiver {
                Type::Class(class) if name == "session" => vec![Type::Device(*class)],
                Type::Instruments(class) if name == "session" => vec![Type::Instrument(*class)],
                Type::Consoles(class) if name == "session" => vec![Type::Console(*class)],
                Type::Array(of) if WITH_ELEMENTS.contains(&name) => vec![(**of).clone()],
                _ => Vec::new(),
            };
            types.push(self.argument(argument, &given));
        }
        if self.is_called_on_anything(name, types.len()) {
            return Type::Any;
        }
        match &receiver {
            Type::Device(class) => self.on_device(*class, call, &types, position),
            Type::Class(class) => self.on_class(*class, call, &types, position),
            Type::Instrument(class) => self.on_instrument(*class, call, &types, position),
            Type::Instruments(class) => self.on_instruments(*class, call, position),
            Type::Console(Some(class)) => self.on_console(*class, call, &types, position),
            Type::Any => self.on_anything(name, types.len(), position),
            Type::Sim => self.on_sim(name, types.len(), position),
            Type::Station | Type::StationTable { .. } => {}
            Type::Wrong | Type::Range | Type::Named | Type::Map | Type::Function(_) => {}
            _ => {
                if let Type::Consoles(class) = &receiver {
                    self.check_port_of_console(call.args.first());
                    self.check_options_of_console(*class, call);
                }
                self.on_value(&receiver, name, &types, position);
            }
        }
        gives(&receiver, name, &types)
    }

    /// Whether a function of the script, or one that Rhai has for every value, takes such a call.
    fn is_called_on_anything(&self, name: &str, count: usize) -> bool {
        if name == CALL
            || matches!(name, "curry" | "type_of" | "is_shared" | "to_string" | "to_debug" | "print" | "debug")
        {
            return true;
        }
        let dynamic = TypeId::of::<Dynamic>();
        let for_all = |params: &Vec<TypeId>| params.len() == count + 1 && params[0] == dynamic;
        self.program.scripts.iter().any(|script| script.takes(name, count))
            || self.program.natives.named(name).iter().any(for_all)
    }

    /// A call on a device of a class.
    fn on_device(&mut self, class: usize, call: &'w FnCallExpr, types: &[Type], position: Position) {
        let (program, name) = (self.program, call.name.as_str());
        let title = &program.classes[class].name;
        let own = program.members(class);
        let of_device = |params: &&Vec<TypeId>| params.first() == Some(&TypeId::of::<DeviceHandle>());
        let natives: Vec<&Vec<TypeId>> = program.natives.named(name).iter().filter(of_device).collect();
        if own.contains(&name) {
            if is_declaring(name) {
                return;
            }
            return self.check_item(class, call, types, position);
        }
        if program.declared.contains(name) || program.is_open(class) {
            return;
        }
        if !natives.is_empty() {
            self.check_options_on_device(name, call);
            let counts: BTreeSet<usize> = natives.iter().map(|params| params.len() - 1).collect();
            if !counts.contains(&types.len()) {
                let given = arguments_given(types.len());
                return self.error(position, format!("`{name}` of a device takes {}, not {given}", takes(&counts)), "");
            }
            let fits = |params: &&&Vec<TypeId>| {
                params.len() == types.len() + 1 && types.iter().zip(&params[1..]).all(|(of, param)| of.fits(*param))
            };
            if !natives.iter().any(|params| fits(&params)) {
                let words: Vec<&str> = types.iter().map(Type::word).collect();
                self.error(position, format!("`{name}` of a device does not take ({})", words.join(", ")), "");
            }
            return;
        }
        if program.natives.property(name).any(|of| of == TypeId::of::<DeviceHandle>())
            || members::of_device(name).is_some()
        {
            let message = format!("`{name}` of a device is a property");
            return self.error(position, message, format!("leave the parentheses out: `.{name}`"));
        }
        let is_hidden = program
            .lineage(class)
            .iter()
            .any(|class| program.classes[*class].items.iter().any(|item| item.name == name));
        let message = format!("`{title}` has no task or method `{name}`");
        if is_hidden {
            let help = format!("`{name}` is declared with `register = false`: only code on the board can call it");
            return self.error(position, message, help);
        }
        let otherwise = listed(title, &own);
        let built_in = program.natives.of_devices();
        match nearest(name, own.iter().copied()) {
            Some(_) => self.misspelt(position, message, (name, own), &otherwise),
            None => self.misspelt(position, message, (name, built_in), &otherwise),
        }
    }

    /// A call on a class.
    fn on_class(&mut self, class: usize, call: &'w FnCallExpr, types: &[Type], position: Position) {
        let (program, name) = (self.program, call.name.as_str());
        let title = &program.classes[class].name;
        let of_class = |params: &&Vec<TypeId>| params.first() == Some(&TypeId::of::<ClassHandle>());
        let natives: Vec<&Vec<TypeId>> = program.natives.named(name).iter().filter(of_class).collect();
        if !natives.is_empty() {
            let counts: BTreeSet<usize> = natives.iter().map(|params| params.len() - 1).collect();
            if !counts.contains(&types.len()) {
                let given = arguments_given(types.len());
                self.error(position, format!("`{title}.{name}` takes {}, not {given}", takes(&counts)), "");
            } else if name == "open" || name == "session" {
                self.check_port(call.args.first());
                self.check_options_of_open(call);
            }
            return;
        }
        let is_of_device = program.members(class).contains(&name)
            || program.natives.of_devices().contains(name)
            || members::of_device(name).is_some();
        if is_of_device {
            let message = format!("`{name}` is called on a device, and `{title}` is a class");
            let help = format!("open a device first: `let bench = {title}.open();`, then `bench.{name}(…)`");
            return self.error(position, message, help);
        }
        let message = format!("the class `{title}` has no function `{name}`");
        let otherwise = format!("open a device first: `let bench = {title}.open();`");
        self.misspelt(position, message, (name, program.natives.of_classes()), &otherwise);
    }

    /// A call on a value of which nothing is known.
    fn on_anything(&mut self, name: &str, count: usize, position: Position) {
        let program = self.program;
        let natives = program.natives.named(name);
        let is_known = program.is_member(name)
            || program.keys.contains(name)
            || members::of_device(name).is_some()
            || program.scripts.iter().any(|script| script.has_function(name))
            || sim::FUNCTIONS.iter().any(|(known, _)| *known == name);
        if is_known || program.declares_anything || program.has_proxies {
            return;
        }
        if !natives.is_empty() {
            let counts: BTreeSet<usize> = natives.iter().filter_map(|params| params.len().checked_sub(1)).collect();
            if !counts.contains(&count) {
                let given = arguments_given(count);
                self.error(position, format!("`{name}` after a dot takes {}, not {given}", takes(&counts)), "");
            }
            return;
        }
        let items = program.classes.iter().flat_map(|class| class.members());
        let own = self.script().functions.iter().map(|function| function.name.as_str());
        let known: BTreeSet<&str> = items.chain(own).chain(program.natives.names()).collect();
        let message = format!("nothing has a task, method or function `{name}`");
        self.misspelt(position, message, (name, known), "");
    }

    /// A call on the bench side of a simulated board.
    fn on_sim(&mut self, name: &str, count: usize, position: Position) {
        let Some((_, counts)) = sim::FUNCTIONS.iter().find(|(known, _)| *known == name) else {
            let known = sim::FUNCTIONS.iter().map(|(name, _)| *name);
            return self.misspelt(position, format!("a simulated board has no function `{name}`"), (name, known), "");
        };
        if !counts.contains(&count) {
            let counts: BTreeSet<usize> = counts.iter().copied().collect();
            let given = arguments_given(count);
            self.error(position, format!("`{name}` of a simulated board takes {}, not {given}", takes(&counts)), "");
        }
    }

    /// A call on a value of Rhai's own.
    pub fn on_value(&mut self, receiver: &Type, name: &str, types: &[Type], position: Position) {
        let program = self.program;
        let own: Vec<&Vec<TypeId>> = program
            .natives
            .named(name)
            .iter()
            .filter(|params| params.first().is_some_and(|of| receiver.fits(*of)))
            .collect();
        let of = receiver.word();
        if own.is_empty() {
            if program.scripts.iter().any(|script| script.has_function(name)) {
                return;
            }
            let message = format!("{} {of} has no function `{name}`", article(of));
            if program.is_member(name) {
                return self.error(position, message, format!("`{name}` is called on a device"));
            }
            let known: BTreeSet<&str> = program
                .natives
                .names()
                .filter(|name| {
                    let first = |params: &Vec<TypeId>| params.first().is_some_and(|of| receiver.fits(*of));
                    program.natives.named(name).iter().any(first)
                })
                .collect();
            return self.misspelt(position, message, (name, known), "");
        }
        let counts: BTreeSet<usize> = own.iter().map(|params| params.len() - 1).collect();
        if !counts.contains(&types.len()) {
            let given = arguments_given(types.len());
            self.error(position, format!("`{name}` of {} {of} takes {}, not {given}", article(of), takes(&counts)), "");
        }
    }

    /// A property after a dot.
    pub fn property(&mut self, receiver: &Type, name: &str, position: Position) -> Type {
        match receiver {
            Type::Device(class) => self.property_of_device(*class, name, position),
            Type::Class(class) => self.property_of_class(*class, name, position),
            Type::Instrument(class) => self.property_of_instrument(*class, name, position),
            Type::Instruments(_) => self.property_of_instruments(name, position),
            Type::Console(Some(class)) => self.property_of_console(*class, name, position),
            Type::Station => return self.property_of_station(name, position),
            Type::StationTable { are_limits } => self.entry_of_station(*are_limits, name, position),
            Type::Int
            | Type::Float
            | Type::Bool
            | Type::Text
            | Type::Array(_)
            | Type::Console(None)
            | Type::Consoles(_) => {
                let program = self.program;
                if !program.natives.property(name).any(|of| receiver.fits(of)) {
                    let of = receiver.word();
                    let is_function = program
                        .natives
                        .named(name)
                        .iter()
                        .any(|params| params.first().is_some_and(|of| receiver.fits(*of)));
                    let help = if is_function { format!("call it: `.{name}(…)`") } else { String::new() };
                    self.error(position, format!("{} {of} has no property `{name}`", article(of)), help);
                }
            }
            _ => {}
        }
        match (receiver, name) {
            (Type::Wrong, _) => Type::Wrong,
            (Type::Device(_), "sim") => Type::Sim,
            (Type::Device(class), "class") => Type::Class(*class),
            (Type::Instrument(class), "class") => Type::Instruments(*class),
            (Type::Instrument(_), "name" | "port") => Type::Text,
            (Type::Console(class), "class") => Type::Consoles(*class),
            (Type::Console(_), "name" | "port") => Type::Text,
            (Type::Device(_), "name" | "port") | (Type::Class(_), "name" | "doc") => Type::Text,
            (Type::Text | Type::Array(_), "len") => Type::Int,
            _ => Type::Any,
        }
    }

    fn property_of_device(&mut self, class: usize, name: &str, position: Position) {
        let program = self.program;
        let of_device = TypeId::of::<DeviceHandle>();
        // The offset of its clock is found by an indexer.
        if name == "time_offset" || program.natives.property(name).any(|of| of == of_device) {
            return;
        }
        let members = program.members(class);
        let is_function = members.contains(&name)
            || program.declared.contains(name)
            || program.natives.named(name).iter().any(|params| params.first() == Some(&of_device));
        let title = &program.classes[class].name;
        if is_function {
            return self.error(
                position,
                format!("`{name}` of `{title}` is called with parentheses"),
                format!("write `.{name}(…)`"),
            );
        }
        if !program.is_open(class) {
            let known: BTreeSet<&str> = program.natives.of_devices().into_iter().chain(members).collect();
            self.misspelt(position, format!("`{title}` has no property `{name}`"), (name, known), "");
        }
    }

    fn property_of_class(&mut self, class: usize, name: &str, position: Position) {
        let program = self.program;
        if program.natives.property(name).any(|of| of == TypeId::of::<ClassHandle>()) {
            return;
        }
        let title = &program.classes[class].name;
        let message = format!("the class `{title}` has no property `{name}`");
        if program.natives.of_devices().contains(name) || program.members(class).contains(&name) {
            let help = format!("open a device first: `let bench = {title}.open();`, then `bench.{name}`");
            return self.error(position, message, help);
        }
        self.misspelt(position, message, (name, program.natives.of_classes()), "");
    }
}

/// Whether every device has a function of this name that declares an item.
fn is_declaring(name: &str) -> bool {
    members::of_device(name).is_some_and(|member| member.how == Use::Declaring)
}

/// What a call gives.
fn gives(receiver: &Type, name: &str, types: &[Type]) -> Type {
    match (receiver, name, types) {
        (Type::Wrong, ..) => Type::Wrong,
        (Type::Class(class), "open", _) => Type::Device(*class),
        (Type::Instruments(class), "open", _) => Type::Instrument(*class),
        (Type::Instruments(_), "session", [.., Type::Function(gives)]) => (**gives).clone(),
        (Type::Consoles(class), "open", _) => Type::Console(*class),
        (Type::Consoles(_), "session", [.., Type::Function(gives)]) => (**gives).clone(),
        (Type::Class(_), "session", [.., Type::Function(gives)]) => (**gives).clone(),
        (Type::Array(_), "map", [Type::Function(gives)]) => Type::array_of((**gives).clone()),
        (Type::Array(of), "filter", _) => Type::array_of((**of).clone()),
        (Type::Text | Type::Array(_), "len", []) => Type::Int,
        (Type::Int | Type::Float, "to_float", []) => Type::Float,
        (_, "to_string", []) => Type::Text,
        _ => Type::Any,
    }
}

/// What a class has, for help.
fn listed(title: &str, members: &[&str]) -> String {
    let names: BTreeSet<&str> = members.iter().copied().collect();
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    if names.is_empty() {
        return format!("`{title}` declares no tasks; `exec(code)` runs code on the board");
    }
    format!("`{title}` has {}", names.join(", "))
}

/// The article before a word.
fn article(word: &str) -> &'static str {
    if word.starts_with(['a', 'i']) { "an" } else { "a" }
}
