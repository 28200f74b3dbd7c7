//! Consoles of a class: their commands, queries and methods, and what every console has.
//!
//! Invariant: an argument that is computed is not judged.

use crate::name::nearest;
use crate::script::analysis::types::Type;
use crate::script::analysis::walker::Walker;
use crate::script::objects::console::members;
use rhai::{FnCallExpr, Position};
use std::collections::BTreeSet;

impl<'w> Walker<'w, '_> {
    /// A call on a console of a class.
    pub fn on_console(&mut self, class: usize, call: &'w FnCallExpr, types: &[Type], position: Position) {
        let (program, name) = (self.program, call.name.as_str());
        let own = program.members(class);
        if own.contains(&name) {
            return self.check_item(class, call, types, position);
        }
        let is_of_script = program.scripts.iter().any(|script| script.has_function(name));
        if members::FUNCTIONS.iter().any(|(known, _)| *known == name) {
            return self.on_value(&Type::Console(None), name, types, position);
        }
        if program.is_open(class) || is_of_script {
            return;
        }
        let title = &program.classes[class].name;
        if members::PROPERTIES.contains(&name) {
            let message = format!("`{name}` of a console is a property");
            return self.error(position, message, format!("leave the parentheses out: `.{name}`"));
        }
        let names: BTreeSet<&str> = own.iter().copied().collect();
        let otherwise = match names.is_empty() {
            true => "`command` sends a line and returns the answer".to_owned(),
            false => format!("it has {}", names.iter().copied().collect::<Vec<_>>().join(", ")),
        };
        let built_in = members::FUNCTIONS.iter().map(|(name, _)| *name);
        let message = format!("`{title}` has no command or query `{name}`");
        match nearest(name, own.iter().copied()) {
            Some(_) => self.misspelt(position, message, (name, own), &otherwise),
            None => self.misspelt(position, message, (name, built_in), &otherwise),
        }
    }

    /// A property of a console of a class.
    pub fn property_of_console(&mut self, class: usize, name: &str, position: Position) {
        if members::PROPERTIES.contains(&name) {
            return;
        }
        let program = self.program;
        let own = program.members(class);
        if own.contains(&name) || members::FUNCTIONS.iter().any(|(known, _)| *known == name) {
            let message = format!("`{name}` of a console is called with parentheses");
            return self.error(position, message, format!("write `.{name}(…)`"));
        }
        if !program.is_open(class) {
            let message = format!("a console has no property `{name}`");
            self.misspelt(position, message, (name, members::PROPERTIES.iter().copied()), "");
        }
    }
}
