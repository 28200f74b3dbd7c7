//! Blocks of the language: `device`, `test`, `group`, and what runs before and after tests.
//!
//! Invariant: a block that runs later is walked in the scope that it then sees.

use crate::phrase::suggestion;
use crate::script::analysis::tree::{closure, word};
use crate::script::analysis::types::Type;
use crate::script::analysis::walker::Walker;
use crate::script::language::syntax::{self, op};
use crate::script::names::{DEVICE, GROUP, HOOKS, TEST};
use crate::script::testing;
use crate::script::testing::collect;
use rhai::CustomExpr;
use std::collections::HashSet;

impl<'w> Walker<'w, '_> {
    /// A block of ours.
    pub fn custom(&mut self, custom: &'w CustomExpr) -> Type {
        let key = custom.tokens.first().map_or("", |key| key.as_str());
        match key {
            DEVICE => return self.device(custom),
            TEST => self.test(custom, "test", testing::OPTIONS, false),
            GROUP => self.test(custom, "group", testing::GROUP_OPTIONS, false),
            key => match HOOKS.iter().find(|(known, _)| *known == key) {
                Some((_, what)) => self.test(custom, what, testing::HOOK_OPTIONS, true),
                None => custom.inputs.iter().for_each(|input| drop(self.visit(input))),
            },
        }
        Type::Any
    }

    /// A test, a group or a hook.
    fn test(&mut self, custom: &'w CustomExpr, what: &str, known: &[&str], is_later: bool) {
        for (letter, input) in testing::letters(&custom.state).chars().zip(&custom.inputs) {
            match letter {
                'O' if !known.contains(&word(input)) => {
                    let message = format!("`{what}` has no option `{}`", word(input));
                    let otherwise = format!("options: {}", known.join(", "));
                    self.misspelt(input.position(), message, (word(input), known.iter().copied()), &otherwise);
                }
                'V' => drop(self.visit(input)),
                'B' if is_later => self.later.push(input),
                'B' => drop(self.visit(input)),
                _ => {}
            }
        }
    }

    /// A device class: the defaults and options of its items, and its methods.
    fn device(&mut self, custom: &'w CustomExpr) -> Type {
        let name = custom.inputs.first().map_or("", word);
        let number = self.program.class_in(self.number, name);
        let of = number.map_or(Type::Any, Type::Class);
        for (letter, input) in syntax::ops(&custom.state).chars().zip(&custom.inputs) {
            match letter {
                op::DEFAULT | op::VALUE => drop(self.visit(input)),
                op::FUNCTION => {
                    if let Some((closure, captured)) = closure(input) {
                        let this = number.map_or(Type::Any, Type::Device);
                        self.closure(&closure, captured.len(), &[], Some(this));
                    }
                }
                _ => {}
            }
        }
        self.declare(name, of.clone(), true, None);
        of
    }

    /// The names of tests, and of those that they need.
    pub fn check_tests(&mut self) {
        let tree = &self.script().source.tree;
        let tests = collect::tests(tree);
        let mut seen: HashSet<Vec<String>> = HashSet::new();
        for (test, position) in tests.iter().zip(collect::positions(tree)) {
            if !test.depends && !seen.insert(test.path()) {
                let message = format!("a second test is named \"{}\"", test.name);
                self.warning(
                    position,
                    message,
                    "rename one of them: reports and `needs` tell tests apart by their names",
                );
            }
        }
        // A test of a module may be needed as well.
        let foreign = self.program.scripts.iter().enumerate().filter(|(number, _)| *number != self.number);
        let mut names: Vec<String> = Vec::new();
        for (_, script) in foreign {
            names.extend(
                collect::tests(&script.source.tree).into_iter().flat_map(|test| [test.path().join("/"), test.name]),
            );
        }
        names.extend(tests.iter().flat_map(|test| [test.path().join("/"), test.name.clone()]));
        for (test, position) in tests.iter().zip(collect::positions(tree)) {
            for need in test.needs.iter().filter(|need| !names.contains(need)) {
                let message = format!("the test \"{}\" needs an unknown test \"{need}\"", test.name);
                let known: Vec<&str> = names.iter().map(String::as_str).collect();
                let near = crate::name::nearest(need, known).map(|near| suggestion(format_args!("\"{near}\"")));
                self.error(position, message, near.unwrap_or_else(|| "name a test of this script".to_owned()));
            }
        }
    }
}
