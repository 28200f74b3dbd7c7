//! Instruments: their commands, queries and methods, what every instrument has, and arguments that are written out.
//!
//! Uses the parameters as the block declares them. Invariant: an argument that is computed is not judged.

use crate::message::{Param, ParamKind};
use crate::name::nearest;
use crate::phrase::did_you_mean;
use crate::script::analysis::classes::Item;
use crate::script::analysis::counts::{arguments_given, takes};
use crate::script::analysis::tree::map_of;
use crate::script::analysis::types::Type;
use crate::script::analysis::walker::Walker;
use crate::script::objects::convert::to_value;
use crate::script::objects::instrument::calls::in_unit;
use crate::script::objects::instrument::{members, options};
use crate::value::Value;
use rhai::{Expr, FnCallExpr, Position};
use std::collections::BTreeSet;

/// What instrument classes have.
const OF_CLASSES: &[&str] = &["open", "session"];
const CLASS_PROPERTIES: &[&str] = &["name", "doc", "items"];

impl<'w> Walker<'w, '_> {
    /// A call on an instrument. `class`: `None` is the built-in one.
    pub fn on_instrument(&mut self, class: Option<usize>, call: &'w FnCallExpr, types: &[Type], position: Position) {
        let (program, name) = (self.program, call.name.as_str());
        let own = class.map(|class| program.members(class)).unwrap_or_default();
        if let Some(class) = class.filter(|_| own.contains(&name)) {
            return self.check_item(class, call, types, position);
        }
        if let Some((_, counts)) = members::FUNCTIONS.iter().find(|(known, _)| *known == name) {
            return self.check_function(name, counts, call, position);
        }
        if class.is_some_and(|class| program.is_open(class)) {
            return;
        }
        if members::PROPERTIES.contains(&name) {
            let message = format!("`{name}` of an instrument is a property");
            return self.error(position, message, format!("leave the parentheses out: `.{name}`"));
        }
        let title = class.map_or("Instrument", |class| program.classes[class].name.as_str());
        let names: BTreeSet<&str> = own.iter().copied().collect();
        let otherwise = match names.is_empty() {
            true => "`write` and `query` send commands".to_owned(),
            false => format!("it has {}", names.iter().copied().collect::<Vec<_>>().join(", ")),
        };
        let built_in = members::FUNCTIONS.iter().map(|(name, _)| *name);
        let message = format!("`{title}` has no command or query `{name}`");
        match nearest(name, own.iter().copied()) {
            Some(_) => self.misspelt(position, message, (name, own), &otherwise),
            None => self.misspelt(position, message, (name, built_in), &otherwise),
        }
    }

    /// A call of a function that every instrument has.
    fn check_function(&mut self, name: &str, counts: &[usize], call: &'w FnCallExpr, position: Position) {
        let count = call.args.len();
        if !counts.contains(&count) {
            let (counts, given) = (counts.iter().copied().collect(), arguments_given(count));
            let message = format!("`{name}` of an instrument takes {}, not {given}", takes(&counts));
            return self.error(position, message, "");
        }
        let known = match name {
            "write" | "query" | "query_text" | "query_block" | "write_block" => options::WRITE,
            "query_numbers" => options::NUMBERS,
            "read_reply" | "read_block" => options::READ,
            _ => return,
        };
        if let Some(last) = call.args.last() {
            self.check_names(name, last, known);
        }
    }

    /// A call on an instrument class.
    pub fn on_instruments(&mut self, class: Option<usize>, call: &'w FnCallExpr, position: Position) {
        let (program, name) = (self.program, call.name.as_str());
        let title = class.map_or("Instrument", |class| program.classes[class].name.as_str());
        let counts = match name {
            "open" => BTreeSet::from([1, 2]),
            "session" => BTreeSet::from([2, 3]),
            _ => {
                let of_instrument =
                    class.is_some_and(|class| program.members(class).contains(&name)) || members::is_reserved(name);
                if of_instrument {
                    let message = format!("`{name}` is called on an instrument, and `{title}` is a class");
                    let help = format!("open one first: `let i = {title}.open(…);`, then `i.{name}(…)`");
                    return self.error(position, message, help);
                }
                let message = format!("the class `{title}` has no function `{name}`");
                let otherwise = format!("open an instrument first: `let i = {title}.open(\"tcp://…\");`");
                return self.misspelt(position, message, (name, OF_CLASSES.iter().copied()), &otherwise);
            }
        };
        if !counts.contains(&call.args.len()) {
            let given = arguments_given(call.args.len());
            return self.error(position, format!("`{title}.{name}` takes {}, not {given}", takes(&counts)), "");
        }
        self.check_port_of_instrument(call.args.first());
        if let Some(given) = call.args.get(1).filter(|given| map_of(given).is_some()) {
            self.check_names("open", given, options::OPEN);
        }
    }

    /// A property of an instrument.
    pub fn property_of_instrument(&mut self, class: Option<usize>, name: &str, position: Position) {
        if members::PROPERTIES.contains(&name) {
            return;
        }
        let program = self.program;
        let own = class.map(|class| program.members(class)).unwrap_or_default();
        if own.contains(&name) || members::FUNCTIONS.iter().any(|(known, _)| *known == name) {
            let message = format!("`{name}` of an instrument is called with parentheses");
            return self.error(position, message, format!("write `.{name}(…)`"));
        }
        if !class.is_some_and(|class| program.is_open(class)) {
            let message = format!("an instrument has no property `{name}`");
            self.misspelt(position, message, (name, members::PROPERTIES.iter().copied()), "");
        }
    }

    /// A property of an instrument class.
    pub fn property_of_instruments(&mut self, name: &str, position: Position) {
        if !CLASS_PROPERTIES.contains(&name) {
            let message = format!("an instrument class has no property `{name}`");
            let otherwise = format!("it has {}", CLASS_PROPERTIES.join(", "));
            self.misspelt(position, message, (name, CLASS_PROPERTIES.iter().copied()), &otherwise);
        }
    }

    /// The arguments that are written out, by the types, units and limits of the parameters. `items`: the overloads.
    pub fn check_values(&mut self, items: &[&Item], call: &'w FnCallExpr, count: usize) {
        let named = call.args.get(count).and_then(|last| match last {
            Expr::FnCall(kw, _) => kw.args.first().and_then(map_of),
            _ => None,
        });
        let refusal = |item: &&Item| {
            let in_order = item.declared.iter().zip(call.args.iter().take(count));
            let by_name = named.into_iter().flatten().filter_map(|(key, value)| {
                Some((item.declared.iter().find(|param| param.name == key.name.as_str())?, value))
            });
            in_order.chain(by_name).find_map(|(param, argument)| {
                let reason = refused(param, argument)?;
                let message = format!("{} `{}`: `{}` is {reason}", item.kind, item.name, param.name);
                Some((argument.position(), message, item.signature()))
            })
        };
        let refusals: Vec<_> = items.iter().filter_map(refusal).collect();
        if refusals.len() == items.len()
            && let Some((at, message, help)) = refusals.into_iter().next()
        {
            self.error(at, message, help);
        }
    }
}

/// Why a parameter does not take a literal argument.
fn refused(param: &Param, argument: &Expr) -> Option<String> {
    let value = to_value(&argument.get_literal_value(None)?).ok()?;
    let value = match &value {
        Value::Str(text) if !param.unit.is_empty() && matches!(param.kind, ParamKind::Float | ParamKind::Any) => {
            in_unit(text, &param.unit).map_or(value, Value::Float)
        }
        _ => value,
    };
    param.accept(&value).err()
}

impl Item {
    /// `it is declared as …`.
    pub fn signature(&self) -> String {
        let params = self.params.iter().enumerate().map(|(index, (name, default))| {
            let shown = self.declared.get(index).map_or(name.clone(), Param::to_string);
            match default {
                Some(default) => format!("{shown} = {default}"),
                None => shown,
            }
        });
        format!("it is declared as `{}({})`", self.name, params.collect::<Vec<_>>().join(", "))
    }
}

/// A near name of an instrument of the station, for help.
pub(crate) fn near_or(name: &str, names: &[&str], otherwise: String) -> String {
    nearest(name, names.iter().copied()).map_or(otherwise, did_you_mean)
}
