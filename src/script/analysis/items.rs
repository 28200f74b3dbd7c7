//! Calls of items and methods of a class: numbers and names of arguments.
//!
//! Invariant: a call that one overload takes is right.

use crate::phrase::{did_you_mean, plural};
use crate::script::analysis::classes::Item;
use crate::script::analysis::counts::{arguments_given, takes};
use crate::script::analysis::tree::map_of;
use crate::script::analysis::types::Type;
use crate::script::analysis::walker::Walker;
use rhai::{Expr, FnCallExpr, Position};
use std::collections::BTreeSet;

impl<'w> Walker<'w, '_> {
    /// A call of an item or a method that the class has.
    pub fn check_item(&mut self, class: usize, call: &'w FnCallExpr, types: &[Type], position: Position) {
        let (program, name) = (self.program, call.name.as_str());
        let classes: Vec<_> = program.lineage(class).into_iter().map(|class| &program.classes[class]).collect();
        let named = named_arguments(call);
        // What is kept somewhere may be named arguments.
        let may_be_named = match types.last() {
            Some(Type::Named) => named.is_none(),
            Some(Type::Any) => program.keeps_named,
            _ => false,
        };
        if may_be_named {
            return;
        }
        let count = call.args.len() - usize::from(named.is_some());
        let script = |class: &crate::script::analysis::classes::Class| program.scripts.get(class.script);
        let mut counts = BTreeSet::new();
        for (home, method) in classes.iter().flat_map(|class| class.methods.iter().map(move |method| (*class, method)))
        {
            if method.name == name {
                let params = script(home).and_then(|script| script.closures.get(&method.closure));
                match params {
                    Some(function) => counts.insert(function.params.len().saturating_sub(method.captured)),
                    None => return,
                };
            }
        }
        if !counts.is_empty() {
            if named.is_some() {
                self.error(position, format!("method `{name}` takes no named arguments"), "pass them in order");
            } else if !counts.contains(&count) {
                let given = arguments_given(count);
                self.error(position, format!("method `{name}` takes {}, not {given}", takes(&counts)), "");
            }
            return;
        }
        let items: Vec<&Item> =
            classes.iter().flat_map(|class| &class.items).filter(|item| item.name == name && !item.is_hidden).collect();
        let Some(Some(named)) = named.map_or(Some(Some(Vec::new())), |map| map.map(Some)) else { return };
        let problems: Vec<(String, String)> = items.iter().filter_map(|item| problem(item, count, &named)).collect();
        if problems.len() == items.len()
            && let Some((message, help)) = problems.into_iter().next()
        {
            return self.error(position, message, help);
        }
        self.check_values(&items, call, count);
    }
}

/// The names in `kw(#{ … })` at the end of a call: `None` if there is no `kw`, `Some(None)` if they are computed.
fn named_arguments(call: &FnCallExpr) -> Option<Option<Vec<String>>> {
    let Some(Expr::FnCall(last, _)) = call.args.last() else { return None };
    if last.name != "kw" || last.is_qualified() {
        return None;
    }
    let Some(map) = last.args.first().and_then(map_of) else { return Some(None) };
    Some(Some(map.iter().map(|(key, _)| key.name.to_string()).collect()))
}

/// What is wrong with a call of an item, and what to do.
fn problem(item: &Item, count: usize, named: &[String]) -> Option<(String, String)> {
    let (kind, name) = (&item.kind, &item.name);
    let params: Vec<&str> = item.params.iter().map(|(param, _)| param.as_str()).collect();
    let signature = || item.signature();
    if count > params.len() {
        let needed = item.params.iter().filter(|(_, default)| default.is_none()).count();
        let given = arguments_given(count);
        return Some((
            format!("{kind} `{name}` takes {}, not {given}", takes(&(needed..=params.len()).collect())),
            signature(),
        ));
    }
    for argument in named {
        match params.iter().position(|param| param == argument) {
            None => {
                let near = crate::name::nearest(argument, params.iter().copied());
                let help = near.map_or_else(signature, did_you_mean);
                return Some((format!("{kind} `{name}` has no parameter `{argument}`"), help));
            }
            Some(index) if index < count => {
                return Some((format!("argument `{argument}` of {kind} `{name}` is given twice"), signature()));
            }
            Some(_) => {}
        }
    }
    let is_given = |index: usize, param: &str| index < count || named.iter().any(|argument| argument == param);
    let missing: Vec<String> = item
        .params
        .iter()
        .enumerate()
        .filter(|(index, (param, default))| default.is_none() && !is_given(*index, param))
        .map(|(_, (param, _))| format!("`{param}`"))
        .collect();
    if missing.is_empty() {
        return None;
    }
    let noun = plural(missing.len(), "argument");
    Some((format!("{kind} `{name}` is called without the {noun} {}", missing.join(", ")), signature()))
}
