//! Calls of functions: the script's own, those of modules, natives.
//!
//! Invariant: a call is reported only if no known function, and none that may be declared at run time, takes it.

use crate::script::analysis::counts::{arguments_given, takes};
use crate::script::analysis::tree::literal;
use crate::script::analysis::types::Type;
use crate::script::analysis::walker::Walker;
use crate::script::diagnostics::habits;
use crate::script::library::{library, library_text};
use rhai::{FnCallExpr, Position};
use std::any::TypeId;
use std::collections::BTreeSet;

/// Functions that Rhai's evaluator knows by itself.
const BY_RHAI: &[&str] = &["Fn", "call", "curry", "is_def_fn", "is_def_var", "is_shared", "type_of"];

/// Functions that print their only argument.
const PRINTING: &[&str] = &["print", "debug"];

impl<'w> Walker<'w, '_> {
    /// A call of a function by its name.
    pub fn call(&mut self, call: &'w FnCallExpr, position: Position) -> Type {
        let name = call.name.as_str();
        if let [alias, ..] = call.namespace.path.as_slice() {
            let is_plain = call.namespace.path.len() == 1;
            return self.call_of_module(call, is_plain.then_some((alias.name.as_str(), alias.pos)), position);
        }
        if !rhai::is_valid_identifier(name) {
            return self.operator(call, position);
        }
        let types = self.arguments(call);
        if name == "is_def_var"
            && let Some(index) = call.args.first().and_then(literal).and_then(|name| self.variable(name))
        {
            self.variables[index].is_used = true;
        }
        if BY_RHAI.contains(&name) || self.is_own(name, types.len()) {
            return Type::Any;
        }
        self.native(name, &types, call, position)
    }

    /// The types of the arguments. A closure gets what the function is known to call it with.
    fn arguments(&mut self, call: &'w FnCallExpr) -> Vec<Type> {
        let mut types: Vec<Type> = Vec::new();
        for argument in &call.args {
            let given = match (call.name.as_str(), types.first()) {
                ("for_each_board", Some(Type::Array(of))) => vec![(**of).clone()],
                ("every", Some(_)) => vec![Type::Int],
                _ => Vec::new(),
            };
            types.push(self.argument(argument, &given));
        }
        types
    }

    /// Whether a function of the script takes this number of arguments. A function of a module may also reach those of the script
    /// that calls it.
    fn is_own(&self, name: &str, count: usize) -> bool {
        let takes = |number: usize| self.program.scripts[number].takes(name, count);
        if self.number == 0 { takes(0) } else { (0..self.program.scripts.len()).any(takes) }
    }

    fn native(&mut self, name: &str, types: &[Type], call: &'w FnCallExpr, position: Position) -> Type {
        let program = self.program;
        let overloads = program.natives.named(name);
        let of_script = self.script().counts(name);
        if overloads.is_empty() && of_script.is_empty() {
            self.unknown_function(name, types, position);
            return Type::Wrong;
        }
        let may_be_a_task = program.is_member(name) || program.declares_anything;
        if may_be_a_task
            && matches!(
                types.first(),
                Some(Type::Any | Type::Wrong | Type::Device(_) | Type::Instrument(_) | Type::Console(_))
            )
        {
            return Type::Any;
        }
        let counts = overloads.iter().map(Vec::len).chain(of_script).collect();
        if !self.check_count(name, types.len(), counts, position) || !self.check_types(name, types, call, position) {
            return Type::Any;
        }
        self.check_options_of(name, call);
        match (name, types) {
            ("kw", _) => Type::Named,
            ("len", _) => Type::Int,
            ("regex", _) => Type::Regex,
            ("time", _) => Type::Float,
            ("timeout", [_, Type::Function(gives)]) => (**gives).clone(),
            ("for_each_board", [.., Type::Function(gives)]) => Type::array_of((**gives).clone()),
            _ => Type::Any,
        }
    }

    /// Whether a native function takes this number of arguments; reports the call if not. `counts`: those that functions of this name take.
    fn check_count(&mut self, name: &str, count: usize, counts: BTreeSet<usize>, position: Position) -> bool {
        let is_printing = PRINTING.contains(&name);
        // Without an argument they print an empty line.
        if counts.contains(&count) || is_printing && count < 2 {
            return true;
        }
        let counts = if is_printing { BTreeSet::from([1]) } else { counts };
        let help = habits::arguments(name, count).unwrap_or_default();
        let given = arguments_given(count);
        self.error(position, format!("`{name}` takes {}, not {given}", takes(&counts)), help);
        false
    }

    /// Whether a native function takes arguments of these types; reports the call if not.
    fn check_types(&mut self, name: &str, types: &[Type], call: &FnCallExpr, position: Position) -> bool {
        let overloads = self.program.natives.named(name);
        let fits = |types: &[Type]| {
            let each = |params: &[TypeId]| types.iter().zip(params).all(|(of, param)| of.fits(*param));
            overloads.iter().any(|params| params.len() == types.len() && each(params))
        };
        if PRINTING.contains(&name) || fits(types) {
            return true;
        }
        let as_float = |of: &Type| if *of == Type::Int { Type::Float } else { of.clone() };
        let floats: Vec<Type> = types.iter().map(as_float).collect();
        let help = if fits(&floats) { habits::float(name, self.written(call)) } else { String::new() };
        let words: Vec<&str> = types.iter().map(Type::word).collect();
        self.error(position, format!("`{name}` does not take ({})", words.join(", ")), help);
        false
    }

    /// An integer literal that is the only argument of a call, as it is written.
    fn written(&self, call: &FnCallExpr) -> Option<String> {
        match call.args.as_slice() {
            [rhai::Expr::IntegerConstant(number, _)] => Some(number.to_string()),
            _ => None,
        }
    }

    fn unknown_function(&mut self, name: &str, types: &[Type], position: Position) {
        let program = self.program;
        let first = types.first();
        let is_of_device = program.is_member(name) || program.natives.of_devices().contains(name);
        // Function style reaches items of devices, and anything on objects of boards.
        let may_be_method = is_of_device || program.has_proxies || program.declares_anything;
        if matches!(first, Some(Type::Any | Type::Wrong | Type::Device(_) | Type::Instrument(_) | Type::Console(_)))
            && may_be_method
        {
            return;
        }
        let message = format!("unknown function `{name}`");
        if let Some(index) = self.variable(name) {
            self.variables[index].is_used = true;
            return self.error(position, message, format!("`{name}` is a variable; call it with `{name}.call(…)`"));
        }
        if let Some(help) = habits::function(name) {
            return self.error(position, message, help);
        }
        if is_of_device {
            return self.error(position, message, format!("`{name}` is called on a device"));
        }
        let own = self.script().functions.iter().map(|function| function.name.as_str());
        let known: BTreeSet<&str> = own.chain(program.natives.names()).collect();
        let has_near = crate::name::nearest(name, known.iter().copied()).is_some();
        let imported = self.script().imports.iter().find_map(|(alias, module)| {
            program.scripts[(*module)?].has_public(name).then(|| format!("write `{alias}::{name}`"))
        });
        match imported {
            Some(help) if !has_near => self.error(position, message, help),
            _ => self.misspelt(position, message, (name, known), ""),
        }
    }

    /// The module that an alias means here: `None` if there is no such import.
    fn alias(&self, alias: &str) -> Option<Option<usize>> {
        let visible = self.aliases.iter().rev().find(|(known, _)| known == alias).map(|(_, module)| *module);
        let of_script = || self.program.import(self.number, alias);
        // A module may be called with the imports of its caller.
        let of_callers =
            || (self.number > 0).then(|| (0..self.program.scripts.len()).find_map(|n| self.program.import(n, alias)));
        visible.or_else(of_script).or_else(|| of_callers().flatten())
    }

    fn call_of_module(&mut self, call: &'w FnCallExpr, alias: Option<(&str, Position)>, position: Position) -> Type {
        let name = call.name.as_str();
        let fails = usize::from(name == "throws");
        self.failing += fails;
        let types = self.arguments(call);
        self.failing -= fails;
        let Some((alias, at)) = alias.filter(|(alias, _)| *alias != "global") else { return Type::Any };
        let Some(module) = self.alias(alias) else {
            self.unknown_module(alias, at);
            return Type::Wrong;
        };
        let Some(module) = module.map(|number| &self.program.scripts[number]) else { return Type::Any };
        let counts = module.public_counts(name);
        if counts.is_empty() {
            if module.has_function(name) {
                self.error(position, format!("`{name}` of `{alias}` is private"), "");
                return Type::Wrong;
            }
            let message = format!("`{alias}` has no function `{name}`");
            let known: Vec<&str> = module.public().collect();
            let all: BTreeSet<&str> = known.iter().copied().collect();
            let all: Vec<&str> = all.into_iter().collect();
            let otherwise = if all.is_empty() { String::new() } else { format!("it has {}", all.join(", ")) };
            self.misspelt(position, message, (name, known), &otherwise);
        } else if !counts.contains(&types.len()) {
            let given = arguments_given(types.len());
            self.error(position, format!("`{alias}::{name}` takes {}, not {given}", takes(&counts)), "");
        }
        Type::Any
    }

    /// What follows the alias of a module and is not a call.
    pub fn of_module(&mut self, alias: &str, name: &str, (at, position): (Position, Position)) -> Type {
        if alias == "global" {
            let top = self.variables.iter_mut().find(|variable| variable.name == name);
            let of = top.map(|variable| {
                variable.is_used = true;
                variable.of.clone()
            });
            let program = self.program;
            if !program.scripts.iter().any(|script| script.constants.contains(name)) {
                let known: Vec<&str> = self.script().constants.iter().map(String::as_str).collect();
                let message = format!("unknown constant `global::{name}`");
                self.misspelt(position, message, (name, known), "`global::` reaches the constants of the script");
            }
            return of.unwrap_or(Type::Any);
        }
        let Some(module) = self.alias(alias) else {
            self.unknown_module(alias, at);
            return Type::Wrong;
        };
        let Some(number) = module else { return Type::Any };
        let script = &self.program.scripts[number];
        if let Some(class) = self.program.class_in(number, name) {
            return self.program.type_of_class(class);
        }
        if script.is_known && !script.exports.contains(name) {
            let help =
                if script.has_function(name) { format!("call it: `{alias}::{name}(…)`") } else { String::new() };
            let known: Vec<&str> = script.exports.iter().map(String::as_str).collect();
            self.misspelt(position, format!("`{alias}` has no `{name}`"), (name, known), &help);
        }
        Type::Any
    }

    fn unknown_module(&mut self, alias: &str, at: Position) {
        let message = format!("module `{alias}` is not imported");
        let path = format!("std/{alias}");
        if library_text(&path).is_some() {
            self.error(at, message, habits::add_import(alias));
            return self.fix_import(alias);
        }
        let script = self.script();
        let own: Vec<&str> = script.imports.iter().map(|(alias, _)| alias.as_str()).collect();
        let library = library();
        let standard: Vec<&str> = library.iter().filter_map(|name| name.strip_prefix("std/")).collect();
        match crate::name::nearest(alias, standard.iter().copied()) {
            Some(near) if crate::name::nearest(alias, own.iter().copied()).is_none() => {
                self.error(at, message, format!("{}, and write `{near}::`", habits::add_import(near)));
            }
            _ => self.misspelt(at, message, (alias, own), "add `import \"…\" as …;`"),
        }
    }
}
