//! What is said of a name: its declarations with their comments, or the reference's entry.
//!
//! Pure. Invariant: nothing is made up; every text comes from a comment or a table.

use super::catalog::{self, OnBoard};
use super::resolve::{self, Value};
use super::syntax::python::Use;
use super::syntax::{Body, Form, What};
use super::world::{File, Place, World};
use crate::script::reference::Entry;
use std::sync::Arc;

/// What is known of something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// How it is declared, or called; several for overloads.
    pub heads: Vec<String>,
    /// What it does, in Markdown.
    pub doc: String,
    /// Where it comes from.
    pub of: String,
    /// The heads are Python.
    pub is_python: bool,
}

impl About {
    /// What the reference says.
    pub fn of_entry(entry: &Entry) -> About {
        About { heads: entry.heads.clone(), doc: entry.doc.clone(), ..About::default() }
    }

    /// What is said of MicroPython.
    pub fn on_board(entry: &OnBoard) -> About {
        let of = entry.path.rsplit_once('.').map_or("", |(module, _)| module);
        let (heads, doc) = (vec![entry.head.clone()], entry.doc.clone());
        About { heads, doc, of: of.to_owned(), is_python: true }
    }

    /// Everything in Markdown.
    pub fn markdown(&self) -> String {
        let language = if self.is_python { "python" } else { "rhai" };
        let mut text = format!("```{language}\n{}\n```\n", self.heads.join("\n"));
        if !self.doc.is_empty() {
            text.push_str(&format!("\n{}\n", self.doc));
        }
        if !self.of.is_empty() {
            text.push_str(&format!("\nof `{}`\n", self.of));
        }
        text
    }
}

/// What a declaration and the comment above it say.
pub fn about(world: &World, place: &Place) -> About {
    let file = &place.file;
    let Some(symbol) = resolve::symbol(place) else {
        // A name in a body: its line.
        let line = file.lines.line(&file.text, file.lines.line_of(place.at.start));
        let line = file.at(&line).trim().trim_matches('`').to_owned();
        return About { heads: vec![line], is_python: true, ..About::default() };
    };
    let mut about = About { heads: vec![symbol.head()], doc: file.doc(symbol.whole.start), ..About::default() };
    let parent = symbol.parent.and_then(|parent| file.syntax.symbols.get(parent));
    if let Some(parent) = parent {
        about.of.clone_from(&parent.name);
    }
    match symbol.what {
        What::Alias => {
            about.heads = vec![format!("import \"{}\" as {}", symbol.rest, symbol.name)];
            about.doc = world.imported(file, &symbol.rest).map(|module| module.head()).unwrap_or_default();
        }
        What::Parameter => {
            let shown = parent.and_then(|parent| parent.params.iter().find(|param| param.name == symbol.name));
            about.heads = vec![shown.map_or_else(|| symbol.name.clone(), |param| param.shown.clone())];
            about.doc = String::new();
        }
        What::Variable | What::Constant => {
            let line = file.at(&symbol.whole);
            let line = line.lines().next().unwrap_or_default();
            about.heads = vec![line.trim_end_matches(['{', ' ']).to_owned()];
        }
        _ if symbol.parent.is_none() && symbol.scope == 0 && file.name.starts_with("std/") => {
            about.of.clone_from(&file.name);
        }
        _ => {}
    }
    about
}

/// What is known of the name at a byte.
pub fn at(world: &World, file: &Arc<File>, byte: usize) -> Option<(std::ops::Range<usize>, Vec<About>)> {
    if let Some(body) = file.syntax.body_at(byte) {
        return in_body(world, file, body, byte);
    }
    if let Some(import) = file.syntax.imports.iter().find(|import| import.at.start <= byte && byte <= import.at.end) {
        let module = world.imported(file, &import.path)?;
        let about =
            About { heads: vec![format!("import \"{}\"", import.path)], doc: module.head(), ..About::default() };
        return Some((import.at.clone(), vec![about]));
    }
    let name = file.syntax.name_at(byte)?;
    let found = resolve::declarations(world, file, byte);
    if !found.is_empty() {
        return Some((name.at.clone(), found.iter().map(|place| about(world, place)).collect()));
    }
    let text = file.at(&name.at);
    let entries: Vec<About> = match &name.form {
        Form::Plain => {
            let own: Vec<&Entry> = catalog::functions().filter(|entry| entry.name == text).collect();
            let others = catalog::of_rhai().iter().filter(|entry| own.is_empty() && entry.name == text);
            own.iter().copied().chain(others).map(About::of_entry).collect()
        }
        Form::Member(before) => {
            let value = resolve::receiver(world, file, before, (name.scope, name.at.start));
            built_in(value.as_ref()).filter(|entry| entry.name == text).map(About::of_entry).collect()
        }
        _ => Vec::new(),
    };
    (!entries.is_empty()).then(|| (name.at.clone(), entries))
}

/// What a value has by itself.
pub fn built_in(value: Option<&Value>) -> Box<dyn Iterator<Item = &'static Entry>> {
    match value {
        Some(Value::Device(_)) => Box::new(catalog::group("Devices").iter()),
        Some(Value::Class) => {
            Box::new(catalog::group("Device classes").iter().filter(|entry| catalog::is_member(entry)))
        }
        Some(Value::Instruments) => Box::new(catalog::of_receiver("Instruments", "Psu.")),
        Some(Value::Instrument(_)) => Box::new(catalog::of_receiver("Instruments", "i.")),
        Some(Value::Consoles) => Box::new(catalog::of_receiver("Consoles", "Console.")),
        Some(Value::Console(_)) => Box::new(catalog::of_receiver("Consoles", "dut.")),
        Some(Value::Sim) => Box::new(catalog::group("Simulated boards").iter()),
        Some(Value::Station(None)) => Box::new(
            catalog::group("Stations").iter().filter(|entry| !catalog::is_called(entry) && !catalog::is_value(entry)),
        ),
        Some(Value::Station(Some(_))) => Box::new(std::iter::empty()),
        Some(Value::Devices(_)) => Box::new(catalog::of_rhai().iter()),
        None => {
            let own = catalog::group("Devices").iter().chain(catalog::members_of_values());
            Box::new(own.chain(catalog::of_rhai()))
        }
    }
}

fn in_body(world: &World, file: &Arc<File>, body: &Body, byte: usize) -> Option<(std::ops::Range<usize>, Vec<About>)> {
    let name = body.names.iter().find(|name| name.at.start <= byte && byte <= name.at.end)?;
    let text = file.at(&name.at);
    let path = match &name.how {
        Use::Attribute(Some(before)) => path_of(world, file, body, before)
            .or_else(|| catalog::at(before).map(|module| module.path.clone()))
            .map(|path| format!("{path}.{text}")),
        Use::Attribute(None) => Some(text.to_owned()),
        Use::Imported { module, name } => Some(match name {
            Some(name) => format!("{module}.{name}"),
            None => module.clone(),
        }),
        // What a variable holds is not what it is.
        Use::Read => path_within(world, file, body, text, 4, false),
        _ => None,
    };
    if let Some(entry) = path.and_then(|path| catalog::at(&path)) {
        return Some((name.at.clone(), vec![About::on_board(entry)]));
    }
    let found = resolve::declarations(world, file, byte);
    if !found.is_empty() {
        return Some((name.at.clone(), found.iter().map(|place| about(world, place)).collect()));
    }
    let known = catalog::IMPORTED.iter().find(|(bound, _)| *bound == text).map(|(_, path)| (*path).to_owned());
    let entry = catalog::at(&known.unwrap_or_else(|| format!(".{text}")))?;
    Some((name.at.clone(), vec![About::on_board(entry)]))
}

/// The module or class of MicroPython that a name in a body is, or of which its value is.
pub fn path_of(world: &World, file: &Arc<File>, body: &Body, name: &str) -> Option<String> {
    path_within(world, file, body, name, 4, true)
}

fn path_within(world: &World, file: &Arc<File>, body: &Body, name: &str, depth: usize, held: bool) -> Option<String> {
    let depth = depth.checked_sub(1)?;
    let in_body = |file: &Arc<File>, body: &Body| -> Option<String> {
        let bound = body.names.iter().rfind(|bound| {
            file.at(&bound.at) == name && (held && bound.made_by.is_some() || matches!(bound.how, Use::Imported { .. }))
        })?;
        match (&bound.how, &bound.made_by) {
            (Use::Imported { module, name: None }, _) => Some(module.clone()),
            (Use::Imported { module, name: Some(name) }, _) => Some(format!("{module}.{name}")),
            (_, Some(function)) => match function.split_once('.') {
                Some((first, rest)) => {
                    path_within(world, file, body, first, depth, held).map(|first| format!("{first}.{rest}"))
                }
                None => path_within(world, file, body, function, depth, held),
            },
            _ => None,
        }
    };
    if let Some(path) = in_body(file, body) {
        return Some(path);
    }
    let class = body.class.map(|class| Place {
        file: file.clone(),
        at: file.syntax.symbols[class].at.clone(),
        symbol: Some(class),
    });
    for home in class.iter().flat_map(|class| resolve::lineage(world, class)) {
        let setups = home.file.syntax.bodies.iter().filter(|other| {
            let kind = other.item.and_then(|item| home.file.syntax.symbols.get(item)).map(|item| item.what);
            other.class == home.symbol && kind == Some(What::Setup)
        });
        for setup in setups {
            if let Some(path) = in_body(&home.file, setup) {
                return Some(path);
            }
        }
    }
    catalog::IMPORTED.iter().find(|(bound, _)| held && *bound == name).map(|(_, path)| (*path).to_owned())
}
