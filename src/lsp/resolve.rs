//! What a name means: its declarations, across imports and between bodies.
//!
//! Pure. Invariant: where a value is not known, everything that it may be counts.

use super::syntax::python::{PythonName, Use};
use super::syntax::{Body, ClassPath, Form, Hint, Receiver, What};
use super::world::{File, Place, World};
use std::sync::Arc;

/// What a value is.
#[derive(Clone, Debug)]
pub enum Value {
    /// A device of a class; `None`: of the built-in one.
    Device(Option<Place>),
    /// A class.
    Class,
    /// Devices of a class in an array.
    Devices(Option<Place>),
    /// An instrument class.
    Instruments,
    /// An instrument of a class; `None`: of the built-in one.
    Instrument(Option<Place>),
    /// What opens consoles.
    Consoles,
    /// A console of a class; `None`: of the built-in one.
    Console(Option<Place>),
    /// The bench side of a simulated board.
    Sim,
    /// The variable `station`, or its `constants` or `limits`.
    Station(Option<String>),
}

/// How many variables a value may be handed through.
const DEPTH: usize = 8;

fn place(file: &Arc<File>, symbol: usize) -> Option<Place> {
    let at = file.syntax.symbols.get(symbol)?.at.clone();
    Some(Place { file: file.clone(), at, symbol: Some(symbol) })
}

/// The declaration of a class as a script writes it.
pub fn class(world: &World, file: &Arc<File>, path: &ClassPath) -> Option<Place> {
    let home = match &path.alias {
        None => file.clone(),
        Some(alias) => world.imported(file, &file.syntax.import(alias)?.path)?,
    };
    let number = home.syntax.classes(&path.name).last()?;
    place(&home, number)
}

/// A class and those that it inherits from, nearest first.
pub fn lineage(world: &World, of: &Place) -> Vec<Place> {
    let mut found = vec![of.clone()];
    let mut next = 0;
    while let Some(current) = found.get(next).cloned() {
        let symbol = current.symbol.and_then(|number| current.file.syntax.symbols.get(number));
        for path in symbol.map(|symbol| symbol.bases.as_slice()).unwrap_or_default() {
            if let Some(base) = class(world, &current.file, path)
                && !found.contains(&base)
            {
                found.push(base);
            }
        }
        next += 1;
    }
    found
}

/// The items and methods of a class, its own first.
pub fn members(world: &World, of: &Place) -> Vec<Place> {
    let own = |class: Place| {
        let Some(number) = class.symbol else { return Vec::new() };
        let numbers: Vec<usize> = class.file.syntax.members(number).map(|(index, _)| index).collect();
        numbers.into_iter().filter_map(|index| place(&class.file, index)).collect()
    };
    lineage(world, of).into_iter().flat_map(own).collect()
}

/// What `open` of a class gives.
fn opened(class: Option<Place>) -> Value {
    match class.as_ref().and_then(symbol) {
        Some(symbol) if symbol.written == "console" => Value::Console(class),
        Some(symbol) if symbol.is_instrument => Value::Instrument(class),
        _ => Value::Device(class),
    }
}

/// What a hint says, read at a byte of a script.
fn value_of(world: &World, file: &Arc<File>, hint: &Hint, at: (usize, usize), depth: usize) -> Option<Value> {
    let of = |path: &ClassPath| match class(world, file, path) {
        Some(class) => Some(Some(class)),
        None => (path.alias.is_none() && path.name == "Device").then_some(None),
    };
    match hint {
        Hint::Unknown => None,
        Hint::Device(path) if path.alias.is_none() && path.name == "Console" => Some(Value::Console(None)),
        Hint::Device(path) if path.alias.is_none() && path.name == "Instrument" => Some(Value::Instrument(None)),
        Hint::Device(path) => of(path).map(opened),
        Hint::Devices(path) => of(path).map(Value::Devices),
        Hint::Same(name) => variable(world, file, name, at, depth.checked_sub(1)?),
        Hint::Element(name) => match variable(world, file, name, at, depth.checked_sub(1)?)? {
            Value::Devices(class) => Some(Value::Device(class)),
            _ => None,
        },
    }
}

/// What a name holds, seen from a scope and a byte.
fn variable(world: &World, file: &Arc<File>, name: &str, at: (usize, usize), depth: usize) -> Option<Value> {
    let Some(number) = file.syntax.lookup(name, at.0, at.1) else {
        return match name {
            "Device" => Some(Value::Class),
            "Console" => Some(Value::Consoles),
            "Instrument" => Some(Value::Instruments),
            "station" => Some(Value::Station(None)),
            _ => None,
        };
    };
    let symbol = &file.syntax.symbols[number];
    if symbol.what == What::Class {
        return Some(match symbol.written {
            "console" => Value::Consoles,
            _ if symbol.is_instrument => Value::Instruments,
            _ => Value::Class,
        });
    }
    value_of(world, file, &symbol.hint, (symbol.scope, symbol.at.start), depth)
}

/// What is before a dot.
pub fn receiver(world: &World, file: &Arc<File>, receiver: &Receiver, at: (usize, usize)) -> Option<Value> {
    match receiver {
        Receiver::Name(name) if name == "this" => {
            let is_around = |symbol: &super::syntax::Symbol| {
                matches!(symbol.what, What::Method | What::Setup)
                    && symbol.whole.start <= at.1
                    && at.1 <= symbol.whole.end
            };
            let method = file.syntax.symbols.iter().rfind(|symbol| is_around(symbol))?;
            place(file, method.parent?).map(|class| opened(Some(class)))
        }
        Receiver::Name(name) => variable(world, file, name, at, DEPTH),
        Receiver::Class(path) => class(world, file, path).map(|class| match opened(Some(class)) {
            Value::Instrument(_) => Value::Instruments,
            Value::Console(_) => Value::Consoles,
            _ => Value::Class,
        }),
        Receiver::Opened(path) => value_of(world, file, &Hint::Device(path.clone()), at, DEPTH),
        Receiver::Element(name) => value_of(world, file, &Hint::Element(name.clone()), at, DEPTH),
        Receiver::Property(property) if property == "sim" => Some(Value::Sim),
        Receiver::Property(property) if matches!(property.as_str(), "constants" | "limits") => {
            Some(Value::Station(Some(property.clone())))
        }
        Receiver::Property(_) | Receiver::Unknown => None,
    }
}

/// The items and methods of this name that a value of a script may have.
fn members_named(world: &World, file: &Arc<File>, value: Option<&Value>, name: &str) -> Vec<Place> {
    let is_meant = |member: &Place| symbol(member).is_some_and(|symbol| symbol.name == name);
    match value {
        Some(Value::Device(Some(class)) | Value::Instrument(Some(class)) | Value::Console(Some(class))) => {
            members(world, class).into_iter().filter(is_meant).collect()
        }
        Some(_) => Vec::new(),
        None => {
            let mut found = Vec::new();
            for other in world.reach(file) {
                for (index, symbol) in other.syntax.symbols.iter().enumerate() {
                    let is_function = symbol.what == What::Function && other.name == file.name;
                    if symbol.name == name && (symbol.what.is_member() || is_function) {
                        found.extend(place(&other, index));
                    }
                }
            }
            found
        }
    }
}

/// The symbol of a place.
pub fn symbol(place: &Place) -> Option<&super::syntax::Symbol> {
    place.file.syntax.symbols.get(place.symbol?)
}

/// The declarations of what is at a byte.
pub fn declarations(world: &World, file: &Arc<File>, byte: usize) -> Vec<Place> {
    if let Some(body) = file.syntax.body_at(byte) {
        return python(world, file, body, byte);
    }
    let Some(name) = file.syntax.name_at(byte) else { return Vec::new() };
    let text = file.at(&name.at);
    match &name.form {
        Form::Declared(number) => place(file, *number).into_iter().collect(),
        Form::Plain => {
            let Some(number) = file.syntax.lookup(text, name.scope, name.at.start) else { return Vec::new() };
            // A function may have overloads.
            match file.syntax.symbols[number].what {
                What::Function => of_name(file, text, |what| what == What::Function),
                _ => place(file, number).into_iter().collect(),
            }
        }
        Form::Of(alias) => {
            let home = file.syntax.import(alias).and_then(|import| world.imported(file, &import.path));
            home.map(|home| exported(&home, text)).unwrap_or_default()
        }
        Form::Member(before) => {
            let value = receiver(world, file, before, (name.scope, name.at.start));
            members_named(world, file, value.as_ref(), text)
        }
        Form::Key => Vec::new(),
    }
}

fn of_name(file: &Arc<File>, name: &str, fits: impl Fn(What) -> bool) -> Vec<Place> {
    let meant = file.syntax.symbols.iter().enumerate().filter(|(_, symbol)| symbol.name == name && fits(symbol.what));
    meant.filter_map(|(index, _)| place(file, index)).collect()
}

/// What other scripts see of a script under a name.
pub fn exported(home: &Arc<File>, name: &str) -> Vec<Place> {
    let mut found =
        of_name(home, name, |what| matches!(what, What::Function | What::Class | What::Constant | What::Variable));
    found.retain(|place| symbol(place).is_some_and(|symbol| !symbol.is_hidden && symbol.scope == 0));
    found
}

/// The declarations of a name in a body.
fn python(world: &World, file: &Arc<File>, body: &Body, byte: usize) -> Vec<Place> {
    let touches = |name: &&PythonName| name.at.start <= byte && byte <= name.at.end;
    match body.names.iter().find(touches) {
        Some(name) if matches!(name.how, Use::Attribute(_) | Use::Argument) => Vec::new(),
        Some(name) => python_name(world, file, body, file.at(&name.at)),
        None => Vec::new(),
    }
}

/// The declarations of a name that is used in a body: in the body, among its parameters, in the setups of the class, among its
/// tasks and threads.
pub fn python_name(world: &World, file: &Arc<File>, body: &Body, name: &str) -> Vec<Place> {
    let is_global = body.names.iter().any(|other| other.how == Use::Global && file.at(&other.at) == name);
    let kind = body.item.and_then(|item| file.syntax.symbols.get(item)).map(|item| item.what);
    let is_setup = matches!(kind, Some(What::Setup | What::Teardown) | None);
    let params = |file: &Arc<File>, item: usize| -> Vec<Place> {
        let is_meant = |symbol: &super::syntax::Symbol| {
            symbol.what == What::Parameter && symbol.parent == Some(item) && symbol.name == name
        };
        let symbols = file.syntax.symbols.iter().enumerate();
        symbols.filter(|(_, symbol)| is_meant(symbol)).filter_map(|(index, _)| place(file, index)).collect()
    };
    let bound = |file: &Arc<File>, body: &Body, is_top: bool| -> Option<Place> {
        let is_meant =
            |other: &&PythonName| other.is_bound() && (!is_top || other.is_top) && file.at(&other.at) == name;
        let at = body.names.iter().find(is_meant)?.at.clone();
        Some(Place { file: file.clone(), at, symbol: None })
    };
    if let Some(own) = body.item.map(|item| params(file, item)).filter(|own| !own.is_empty()) {
        return own;
    }
    if !is_global
        && !is_setup
        && let Some(own) = bound(file, body, false)
    {
        return vec![own];
    }
    let mut found = Vec::new();
    let class = body.class.and_then(|class| place(file, class));
    for home in class.iter().flat_map(|class| lineage(world, class)) {
        for other in home.file.syntax.bodies.iter().filter(|other| other.class == home.symbol) {
            let Some(item) = other.item else { continue };
            if matches!(home.file.syntax.symbols[item].what, What::Setup) {
                found.extend(params(&home.file, item));
                found.extend(bound(&home.file, other, true));
            }
        }
    }
    for member in class.iter().flat_map(|class| members(world, class)) {
        if symbol(&member).is_some_and(|member| matches!(member.what, What::Task | What::Thread) && member.name == name)
        {
            found.push(member);
        }
    }
    // What no setup binds may be a global of another item.
    let homes =
        if found.is_empty() { class.iter().flat_map(|class| lineage(world, class)).collect() } else { Vec::new() };
    for home in &homes {
        for other in home.file.syntax.bodies.iter().filter(|other| other.class == home.symbol) {
            let is_declared = |one: &PythonName| one.how == Use::Global && home.file.at(&one.at) == name;
            if other.names.iter().any(is_declared) {
                found.extend(bound(&home.file, other, false));
            }
        }
    }
    if found.is_empty() {
        found.extend(bound(file, body, false));
    }
    found
}

/// Every place in some scripts that means one of `targets`. Of places that may mean something else too, `true` keeps them.
pub fn references(world: &World, files: &[Arc<File>], targets: &[Place], doubtful: bool) -> Vec<Place> {
    let mut names: Vec<&str> = targets.iter().map(|target| target.file.at(&target.at)).collect();
    names.sort_unstable();
    names.dedup();
    let mut found: Vec<Place> = Vec::new();
    for file in files {
        let of_script = file.syntax.names.iter().map(|name| &name.at);
        let of_python = file.syntax.bodies.iter().flat_map(|body| body.names.iter().map(|name| &name.at));
        for at in of_script.chain(of_python).filter(|at| names.contains(&file.at(at))) {
            let meant = declarations(world, file, at.start);
            let is_one = meant.iter().any(|place| targets.contains(place));
            if is_one && (doubtful || meant.iter().all(|place| targets.contains(place))) {
                found.push(Place { file: file.clone(), at: at.clone(), symbol: None });
            }
        }
    }
    found
}

/// All declarations that belong to those at a place: overloads, and members of the same name in classes that inherit.
pub fn family(world: &World, files: &[Arc<File>], targets: &[Place]) -> Vec<Place> {
    let mut found = targets.to_vec();
    let Some(first) = targets.first().and_then(symbol).filter(|first| first.what.is_member()) else { return found };
    let mut homes: Vec<Place> = Vec::new();
    for target in targets {
        homes.extend(symbol(target).and_then(|symbol| symbol.parent).and_then(|class| place(&target.file, class)));
    }
    let classes: Vec<Vec<Place>> =
        files.iter().flat_map(|file| of_kind(file, What::Class)).map(|class| lineage(world, &class)).collect();
    let mut count = 0;
    while count != homes.len() {
        count = homes.len();
        for line in &classes {
            if line.iter().any(|class| homes.contains(class)) {
                // Classes that have a member of this name belong together.
                let has = |class: &&Place| {
                    class.symbol.is_some_and(|number| {
                        class.file.syntax.members(number).any(|(_, member)| member.name == first.name)
                    })
                };
                let fresh: Vec<Place> =
                    line.iter().filter(has).filter(|class| !homes.contains(class)).cloned().collect();
                homes.extend(fresh);
            }
        }
    }
    for home in &homes {
        let Some(number) = home.symbol else { continue };
        for (index, member) in home.file.syntax.members(number) {
            if member.name == first.name
                && let Some(member) = place(&home.file, index)
                && !found.contains(&member)
            {
                found.push(member);
            }
        }
    }
    found
}

/// The symbols of a kind in a script.
pub fn of_kind(file: &Arc<File>, what: What) -> Vec<Place> {
    let meant = file.syntax.symbols.iter().enumerate().filter(|(_, symbol)| symbol.what == what);
    meant.filter_map(|(index, _)| place(file, index)).collect()
}
