//! Completions and help for a session.
//!
//! Uses the session's scope and declarations. Invariant: nothing here accesses a board or changes the session.

use crate::device::Device;
use crate::device::arguments::signature;
use crate::device::class::{Item, ItemKind};
use crate::script::diagnostics::wording;
use crate::script::handles::{ClassHandle, ConsolesHandle, DeviceHandle, InstrumentClassHandle, InstrumentHandle};
use crate::script::language::text;
use crate::script::library;
use crate::script::members;
use crate::script::names::KEYWORDS;
use crate::script::natives::modbus::ModbusHandle;
use crate::script::objects::instrument;
use crate::script::reference::{self, built_in};
use crate::script::run::console::ConsoleHandle;
use crate::script::session::Session;
use rhai::Dynamic;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

/// The current completions.
#[derive(Clone, Debug, Default)]
pub struct Words {
    /// Words without a prefix: keywords, variables, functions (with an opening parenthesis), classes.
    pub names: Vec<String>,
    /// Words after the dot of a variable or class: the inserted and the displayed text.
    pub members: BTreeMap<String, Vec<(String, String)>>,
    /// Names of open devices, both variables and device names.
    pub devices: Vec<String>,
    /// Words after the `::` of an imported module: the inserted and the displayed text.
    pub modules: BTreeMap<String, Vec<(String, String)>>,
}

impl Session {
    /// The current completions.
    pub fn words(&self) -> Words {
        let mut words = Words::default();
        words.names.extend(KEYWORDS.iter().map(|word| (*word).to_owned()));
        let own = self.functions().into_iter().map(|(name, ..)| name);
        words.names.extend(own.chain(wording::native_names(&self.engine)).map(|name| format!("{name}(")));
        words.names.extend(library::library().into_iter().map(|name| format!("\"{name}\"")));
        words.names.extend(["Console".to_owned(), "Device".to_owned(), "Instrument".to_owned()]);
        words.members.insert("Instrument".to_owned(), instrument_class_members());
        words.members.insert("Device".to_owned(), class_members());
        words.members.insert("Console".to_owned(), language_members("Console."));
        for (name, value) in self.variables() {
            words.names.push(name.to_owned());
            if let Some(device) = value.read_lock::<DeviceHandle>() {
                words.members.insert(name.to_owned(), device_members(&device));
                if device.device.is_open() {
                    words.devices.push(name.to_owned());
                }
            } else if let Some(handle) = value.read_lock::<ConsoleHandle>() {
                words.members.insert(name.to_owned(), console_members(&handle));
            } else if value.is::<ConsolesHandle>() {
                words.members.insert(name.to_owned(), instrument_class_members());
            } else if value.is::<ModbusHandle>() {
                words.members.insert(name.to_owned(), language_members("line."));
            } else if value.is::<ClassHandle>() {
                words.members.insert(name.to_owned(), class_members());
            } else if let Some(handle) = value.read_lock::<InstrumentHandle>() {
                words.members.insert(name.to_owned(), instrument_members(&handle));
            } else if value.is::<InstrumentClassHandle>() {
                words.members.insert(name.to_owned(), instrument_class_members());
            }
        }
        words.devices.extend(self.run.host.devices().iter().map(|device| device.name().to_owned()));
        words.devices.sort();
        words.devices.dedup();
        for (alias, members) in self.imports() {
            words.names.push(format!("{alias}::"));
            words.modules.insert(alias, members);
        }
        words.names.sort();
        words.names.dedup();
        words
    }

    /// The open devices in variables, by variable name.
    pub fn devices(&self) -> BTreeMap<String, Device> {
        let open = |(name, value): (&str, Dynamic)| {
            let device = value.read_lock::<DeviceHandle>()?.device.clone();
            Some((name.to_owned(), device)).filter(|(_, device)| device.is_open())
        };
        self.variables().into_iter().filter_map(open).collect()
    }

    /// Help for `name`: a class, a device variable, `variable.task`, a task of any class, a function of an
    /// input, a module, `alias::name`, a device member, a built-in function. `None` if it is
    /// unknown.
    pub fn help(&self, name: &str) -> Option<String> {
        let name = name.trim_end_matches(['(', ')']);
        let text = match name.split_once('.') {
            Some((variable, member)) => self.help_member(variable, member),
            None => self.help_name(name),
        }?;
        Some(text.trim_end().to_owned() + "\n")
    }

    fn help_name(&self, name: &str) -> Option<String> {
        if let Some(class) = self.class(name) {
            return Some(about_class(&class));
        }
        if let Some(device) = self.device(name) {
            let open = if device.device.is_open() { "" } else { ", which is closed" };
            let head = format!("{name}: {} on {}{open}\n", device.device.name(), device.device.port());
            return Some(head + about_class(&device.class).as_str());
        }
        let variable = self.variables().into_iter().find(|(known, _)| *known == name).map(|(_, value)| value);
        if let Some(class) = variable.as_ref().and_then(|value| value.clone().try_cast::<InstrumentClassHandle>()) {
            return Some(about_instrument_class(&class));
        }
        if let Some(class) = variable.as_ref().and_then(|value| value.clone().try_cast::<ConsolesHandle>()) {
            return Some(about_console_class(&class));
        }
        if let Some(handle) = variable.as_ref().and_then(|value| value.clone().try_cast::<ConsoleHandle>()) {
            let (of, open) = (&handle.0.console, if handle.0.console.is_open() { "" } else { ", which is closed" });
            let head = format!("{name}: {} on {}{open}\n", of.name(), of.port());
            return Some(head + about_console_class(&handle.0.class).as_str());
        }
        if let Some(handle) = variable.and_then(|value| value.try_cast::<InstrumentHandle>()) {
            let (of, open) = (&handle.instrument, if handle.instrument.is_open() { "" } else { ", which is closed" });
            let head = format!("{name}: {} on {}{open}\n", of.name(), of.address());
            return Some(head + about_instrument_class(&handle.class).as_str());
        }
        let functions: Vec<String> =
            self.functions().into_iter().filter(|(known, ..)| known == name).map(about_function).collect();
        if !functions.is_empty() {
            return Some(functions.join("\n"));
        }
        if let Some((alias, member)) = name.split_once("::") {
            let (_, text) = self.module_text(alias)?;
            return about_function_of(&text, member).map(|about| format!("of {alias}:\n{about}"));
        }
        if let Some(text) = library::library_text(name.trim_matches('"')) {
            return Some(about_module(name, text));
        }
        if let Some((module, text)) = self.module_text(name) {
            return Some(about_module(&module, &text));
        }
        let found: Vec<String> = self.classes().iter().filter_map(|class| about_member(class, name)).collect();
        match found.is_empty() {
            false => Some(found.join("\n")),
            true => built_in::of_language(name, false).or_else(|| built_in::of_rhai(&self.engine, name)),
        }
    }

    /// Name and text of the module imported as `alias`.
    fn module_text(&self, alias: &str) -> Option<(String, Arc<str>)> {
        let module = self.import(alias)?;
        let name = module.id()?;
        let text = library::library_text(name).map(Arc::from).or_else(|| self.run.sources.get(name))?;
        Some((name.to_owned(), text))
    }

    /// Declared and imported classes, and classes of open devices that have been redeclared since.
    fn classes(&self) -> Vec<ClassHandle> {
        let mut classes: Vec<ClassHandle> =
            self.run.declarations.classes().into_iter().map(|(_, class)| class).collect();
        for (_, value) in self.variables() {
            if let Some(device) = value.read_lock::<DeviceHandle>()
                && !classes.iter().any(|known| Arc::ptr_eq(&known.0, &device.class.0))
            {
                classes.push(device.class.clone());
            }
        }
        classes
    }

    fn help_member(&self, variable: &str, member: &str) -> Option<String> {
        let value = self.variables().into_iter().find(|(name, _)| *name == variable).map(|(_, value)| value);
        let class =
            value.as_ref().and_then(|value| value.read_lock::<ConsoleHandle>().map(|open| open.0.class.clone()));
        if let Some(found) = class.and_then(|class| about_console_member(&class, member)) {
            return Some(found);
        }
        if variable == "Console" || value.is_some_and(|value| value.is::<ConsoleHandle>() || value.is::<ModbusHandle>())
        {
            return built_in::of_language(member, false);
        }
        let class = self.device(variable).map(|device| device.class).or_else(|| self.class(variable))?;
        about_member(&class, member).or_else(|| built_in::of_language(member, true))
    }
}

/// The members that the reference writes after this receiver: `dut.`.
fn language_members(receiver: &str) -> Vec<(String, String)> {
    let page = reference::language();
    let entries = page.sections.iter().flat_map(|section| &section.entries);
    let heads = entries
        .flat_map(|entry| entry.heads.iter().filter_map(move |head| Some((entry, head.strip_prefix(receiver)?))));
    let mut members: Vec<(String, String)> = heads
        .map(|(entry, head)| {
            let word = if head.contains('(') { format!("{}(", entry.name) } else { entry.name.clone() };
            (word, head.to_owned())
        })
        .collect();
    members.sort();
    members.dedup_by(|a, b| a.0 == b.0);
    members
}

fn class_members() -> Vec<(String, String)> {
    members::of_classes().map(|member| (member.word(), member.word())).collect()
}

fn instrument_class_members() -> Vec<(String, String)> {
    ["doc", "items", "name", "open(", "session("].map(|word| (word.to_owned(), word.to_owned())).to_vec()
}

fn instrument_members(handle: &InstrumentHandle) -> Vec<(String, String)> {
    let items = handle.instrument.items().iter().map(|item| (format!("{}(", item.name), item.signature()));
    let methods = handle.class.0.methods.iter().map(|method| format!("{}(", method.name));
    let built_in = methods.chain(instrument::members::words()).map(|word| (word.clone(), word));
    let mut members: Vec<(String, String)> = items.chain(built_in).collect();
    members.sort();
    members.dedup_by(|a, b| a.0 == b.0);
    members
}

fn about_instrument_class(class: &InstrumentClassHandle) -> String {
    let mut text = with_doc(&format!("instrument {}", class.0.class.name), &class.0.class.doc);
    for item in class.0.class.items() {
        text.push_str(&with_doc(&format!("{} {}", item.kind, item.signature()), &item.doc));
    }
    for method in &class.0.methods {
        text.push_str(&with_doc(&about_method(&method.name, method.arity), &method.doc));
    }
    text
}

fn console_members(handle: &ConsoleHandle) -> Vec<(String, String)> {
    let class = &handle.0.class.0;
    let items = class.class.items().iter().map(|item| (format!("{}(", item.name), item.signature()));
    let methods = class.methods.iter().map(|method| format!("{}(", method.name)).map(|word| (word.clone(), word));
    let mut members: Vec<(String, String)> = items.chain(methods).chain(language_members("dut.")).collect();
    members.sort();
    members.dedup_by(|a, b| a.0 == b.0);
    members
}

fn about_console_class(class: &ConsolesHandle) -> String {
    let title =
        if class.0.class.origin.is_some() { format!("console {}", class.0.class.name) } else { "Console".to_owned() };
    let mut text = with_doc(&title, &class.0.class.doc);
    for item in class.0.class.items() {
        text.push_str(&with_doc(&format!("{} {}", item.kind, item.signature()), &item.doc));
    }
    for method in &class.0.methods {
        text.push_str(&with_doc(&about_method(&method.name, method.arity), &method.doc));
    }
    text
}

fn about_console_member(class: &ConsolesHandle, name: &str) -> Option<String> {
    let items = class.0.class.items().iter().filter(|item| item.name == name);
    let items = items.map(|item| with_doc(&format!("{} {}", item.kind, item.signature()), &item.doc));
    let methods = class.0.methods.iter().filter(|method| method.name == name);
    let methods = methods.map(|method| with_doc(&about_method(name, method.arity), &method.doc));
    let found: Vec<String> = items.chain(methods).collect();
    (!found.is_empty()).then(|| format!("of {}:\n{}", class.0.class.name, found.concat()))
}

fn device_members(device: &DeviceHandle) -> Vec<(String, String)> {
    let tasks = device.device.tasks().into_iter().map(|(_, name, head)| (format!("{name}("), head));
    let methods =
        device.class.0.methods.iter().map(|method| (format!("{}(", method.name), format!("{}(", method.name)));
    let built_in = members::of_devices().map(|member| (member.word(), member.word()));
    let mut members: Vec<(String, String)> = tasks.chain(methods).chain(built_in).collect();
    members.sort();
    members.dedup_by(|a, b| a.0 == b.0);
    members
}

/// A signature with the documentation below it.
fn with_doc(head: &str, doc: &str) -> String {
    let mut text = format!("{head}\n");
    for line in doc.lines() {
        let _ = writeln!(text, "    {line}");
    }
    text
}

fn about_item(item: &Item) -> String {
    let kind = if item.kind == ItemKind::Task { "task".to_owned() } else { item.kind.to_string() };
    with_doc(&format!("{kind} {}", signature(item)), &item.doc)
}

fn about_class(class: &ClassHandle) -> String {
    let mut text = with_doc(&format!("device {}", class.0.class.name), &class.0.class.doc);
    for item in class.0.class.items() {
        text.push_str(&about_item(item));
    }
    for method in &class.0.methods {
        text.push_str(&with_doc(&about_method(&method.name, method.arity), &method.doc));
    }
    text
}

fn about_method(name: &str, arity: usize) -> String {
    format!("method {name}, {}", crate::phrase::arguments(arity))
}

fn about_member(class: &ClassHandle, name: &str) -> Option<String> {
    let items = class.0.class.items().filter(|item| *item.name == *name).map(|item| about_item(item));
    let methods = class.0.methods.iter().filter(|method| method.name == name);
    let methods = methods.map(|method| with_doc(&about_method(name, method.arity), &method.doc));
    let found: Vec<String> = items.chain(methods).collect();
    (!found.is_empty()).then(|| format!("of {}:\n{}", class.0.class.name, found.concat()))
}

fn about_function((name, params, doc): (String, Vec<String>, String)) -> String {
    with_doc(&format!("fn {name}({})", params.join(", ")), &doc)
}

/// A module's function with this name, with its comment.
fn about_function_of(source: &str, name: &str) -> Option<String> {
    let found: String = functions_of(source).filter(|(known, ..)| *known == name).map(|(_, about)| about).collect();
    (!found.is_empty()).then_some(found)
}

/// The public functions of a module: names, and signatures with comments.
fn functions_of(source: &str) -> impl Iterator<Item = (&str, String)> {
    source.lines().zip(1..).filter_map(move |(line, number)| {
        let rest = line.strip_prefix("fn ")?;
        let name = rest.split(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap_or_default();
        let head = rest.split_once('{').map_or(rest, |(head, _)| head).trim_end();
        Some((name, with_doc(&format!("fn {head}"), &text::comment_above(source, number))))
    })
}

/// The head comment of a standard module, and its public declarations with comments: functions,
/// classes, and their callable items.
fn about_module(name: &str, source: &str) -> String {
    let head: Vec<&str> = source.lines().take_while(|line| line.starts_with("//!")).collect();
    let mut out = with_doc(name, &text::strip_comment(&head.join("\n")));
    for (line, number) in source.lines().zip(1..) {
        let comment = || text::comment_above(source, number);
        if let Some(rest) = line.strip_prefix("fn ") {
            let head = rest.split_once('{').map_or(rest, |(head, _)| head).trim_end();
            out.push_str(&with_doc(&format!("fn {head}"), &comment()));
        } else if line.starts_with("device ") {
            out.push_str(&with_doc(line.trim_end().trim_end_matches('{').trim_end(), &comment()));
        } else if let Some(head) = line.strip_prefix("    ").and_then(item_head)
            && !comment().is_empty()
        {
            out.push_str(&with_doc(head, &comment()));
        }
    }
    out
}

/// The signature of an item or method in a module's text: `task read(pin, samples = 8)`, `method volts |pin|`. `None` if the
/// line starts neither, or an item that scripts cannot call.
fn item_head(line: &str) -> Option<&str> {
    if line.starts_with("method ") {
        let bars: Vec<usize> = line.match_indices('|').map(|(index, _)| index).collect();
        return line.get(..=*bars.get(1)?);
    }
    let kinds = ["setup ", "task ", "thread ", "teardown "];
    if !kinds.iter().any(|kind| line.starts_with(kind)) || line.contains(" register = false ") {
        return None;
    }
    let mut depth = 0;
    let end = line.find(|c: char| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        c == ')' && depth == 0
    });
    let head = line.get(..=end?)?;
    // The return type, up to the options and the body.
    let rest = &line[head.len()..];
    let Some(returns) = rest.trim_start().strip_prefix("->").map(str::trim_start) else { return Some(head) };
    let mut depth = 0;
    let length = returns.find(|c: char| {
        depth += i32::from(c == '[') - i32::from(c == ']');
        depth == 0 && c.is_whitespace()
    });
    let from = line.len() - returns.len();
    line.get(..length.map_or(line.len(), |length| from + length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_tell_what_others_can_use() {
        let source = "//! Pins.\n\n/// A device.\ndevice Pins : a::B {\n    task hidden(x) register = false `1`\n\n    \
                      /// Reads.\n    task read(pin, pull = ()) for \"micropython\" `\n        return 1\n    `\n    \
                      task read(pin, pull = ()) for \"circuitpython\" `2`\n\n    /// Typed.\n    task v(n: int) -> dict[str, int] emitter = \"viper\" `2`\n\n    /// In volts.\n    \
                      method volts |pin, scale| { 1 }\n}\n\n/// Adds.\nfn add(a, b) {\n    a + b\n}\n\nprivate fn own() {}\n";
        let wanted = "std/pins\n    Pins.\ndevice Pins : a::B\n    A device.\ntask read(pin, pull = ())\n    Reads.\ntask v(n: int) -> dict[str, int]\n    Typed.\n\
                      method volts |pin, scale|\n    In volts.\nfn add(a, b)\n    Adds.\n";
        assert_eq!(about_module("std/pins", source), wanted);
    }
}
