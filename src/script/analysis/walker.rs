//! The state of a walk through a program: what is in scope, and what was found.
//!
//! Invariant: a mistake is reported once per place.

use crate::name::{is_only, nearest};
use crate::origin::Origin;
use crate::phrase::did_you_mean;
use crate::script::analysis::finding::{Finding, Fix, Severity};
use crate::script::analysis::program::{Program, Script};
use crate::script::analysis::types::Type;
use crate::script::errors::place;
use rhai::{Expr, Position};
use std::collections::HashSet;

/// A variable in scope.
pub(crate) struct Variable {
    pub name: String,
    pub of: Type,
    pub is_constant: bool,
    /// Where it is declared, if it is to be used.
    pub at: Option<Position>,
    pub is_used: bool,
}

/// A walk through one script.
pub(crate) struct Walker<'w, 's> {
    pub program: &'w Program<'s>,
    /// The number of the script.
    pub number: usize,
    pub variables: Vec<Variable>,
    /// The first variable that is seen: a function does not see those of the script.
    pub first: usize,
    /// The aliases of imports in scope, and the scripts that they are, if known.
    pub aliases: Vec<(String, Option<usize>)>,
    /// The type of `this`.
    pub this: Type,
    /// How many `try` blocks are around: what fails there may be meant to.
    pub tries: usize,
    /// How many calls are around whose closure is to fail.
    pub failing: usize,
    /// How many indices, ranges and the like are around, in which a division of integers is meant to be one.
    pub counting: usize,
    /// The types of the values that the `return` statements of a closure give.
    pub returned: Vec<Type>,
    /// The blocks that run later, in the scope around them.
    pub later: Vec<&'w Expr>,
    pub findings: Vec<Finding>,
    reported: HashSet<(Position, String)>,
}

impl<'w, 's> Walker<'w, 's> {
    pub fn new(program: &'w Program<'s>, number: usize) -> Walker<'w, 's> {
        Walker {
            program,
            number,
            variables: Vec::new(),
            first: 0,
            aliases: Vec::new(),
            this: Type::Any,
            tries: 0,
            failing: 0,
            counting: 0,
            returned: Vec::new(),
            later: Vec::new(),
            findings: Vec::new(),
            reported: HashSet::new(),
        }
    }

    pub fn script(&self) -> &'w Script<'s> {
        &self.program.scripts[self.number]
    }

    /// Notes what fails when the script reaches it. In a `try` block it may be meant to fail.
    pub fn error(&mut self, at: Position, message: impl Into<String>, help: impl Into<String>) {
        if self.failing > 0 {
            return;
        }
        let severity = if self.tries > 0 { Severity::Warning } else { Severity::Error };
        self.tell(severity, at, message.into(), help.into());
    }

    /// Notes what is probably not meant.
    pub fn warning(&mut self, at: Position, message: impl Into<String>, help: impl Into<String>) {
        self.tell(Severity::Warning, at, message.into(), help.into());
    }

    fn tell(&mut self, severity: Severity, at: Position, message: String, help: String) {
        let Some(origin) = place(Some(&self.script().source.name), at) else { return };
        if self.reported.insert((at, message.clone())) {
            let help = Some(help).filter(|help| !help.is_empty());
            let is_caught = self.tries > 0;
            let is_seen_by_run = false;
            self.findings.push(Finding { origin, severity, is_caught, is_seen_by_run, message, help, fix: None });
        }
    }

    /// Notes an error whose help is the name that was probably meant, or else `otherwise`.
    pub fn misspelt<'c>(
        &mut self,
        at: Position,
        message: String,
        (name, candidates): (&str, impl IntoIterator<Item = &'c str>),
        otherwise: &str,
    ) {
        let candidates: Vec<&str> = candidates.into_iter().collect();
        match nearest(name, candidates.iter().copied()).map(str::to_owned) {
            Some(near) => {
                self.error(at, message, did_you_mean(&near));
                if is_only(name, &near, candidates) {
                    self.fix(at, name, &near);
                }
            }
            None => self.error(at, message, otherwise),
        }
    }

    /// Adds to the latest finding that `old` at this place is to be `new`.
    pub fn fix(&mut self, at: Position, old: &str, new: &str) {
        let Some(origin) = place(Some(&self.script().source.name), at) else { return };
        let length = u32::try_from(old.chars().count()).unwrap_or(0);
        if let Some(last) = self.findings.last_mut()
            && last.origin == origin
            && self.program.scripts[self.number].source.text_at(at).starts_with(old)
        {
            last.fix = Some(Fix { at: origin, length, text: new.to_owned() });
        }
    }

    /// Adds to the latest finding that a standard module is to be imported: below the other imports, or above all code.
    pub fn fix_import(&mut self, module: &str) {
        let source = self.script().source;
        let lines = || source.text.split('\n').zip(1..);
        let is_import = |line: &str| line.starts_with("import ") && line.trim_end().ends_with(';');
        let below = lines().filter(|(line, _)| is_import(line)).last().map(|(_, number): (&str, u32)| number + 1);
        let above = || lines().find(|(line, _)| !line.trim_start().starts_with("//") && !line.starts_with("#!"));
        let Some(line) = below.or_else(|| above().map(|(_, number)| number)) else { return };
        if let Some(last) = self.findings.last_mut() {
            let text = format!("import \"std/{module}\" as {module};\n");
            last.fix = Some(Fix { at: Origin::new(source.name.as_str(), line, 1), length: 0, text });
        }
    }

    /// Adds a variable to the scope. `at`: where it is declared, if it is to be used.
    pub fn declare(&mut self, name: &str, of: Type, is_constant: bool, at: Option<Position>) {
        let script = self.script();
        let of = match of {
            _ if script.assigned.contains(name) || self.program.assigns_this => Type::Any,
            Type::Array(_) if script.changed.contains(name) => Type::array_of(Type::Any),
            of => of,
        };
        self.variables.push(Variable { name: name.to_owned(), of, is_constant, at, is_used: false });
    }

    /// The index of the variable of this name.
    pub fn variable(&self, name: &str) -> Option<usize> {
        let found = self.variables.iter().rposition(|variable| variable.name == name)?;
        (found >= self.first).then_some(found)
    }

    /// Leaves a scope: the variables from `length` on are gone, and those that were never used are reported.
    pub fn leave(&mut self, length: usize, aliases: usize) {
        for variable in self.variables.split_off(length) {
            if let Some(at) = variable.at.filter(|_| !variable.is_used && !variable.name.starts_with('_')) {
                let message = format!("unused variable `{}`", variable.name);
                self.warning(at, message, format!("use it, or name it `_{}`", variable.name));
            }
        }
        self.aliases.truncate(aliases);
    }
}
