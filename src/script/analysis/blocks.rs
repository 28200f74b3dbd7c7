//! Blocks of the language: `device`, `test`, `group`, and what runs before and after tests.
//!
//! Invariant: a block that runs later is walked in the scope that it then sees.

use crate::bench::select::{Declared, Names};
use crate::phrase::suggestion;
use crate::script::analysis::tree::{closure, word};
use crate::script::analysis::types::Type;
use crate::script::analysis::walker::Walker;
use crate::script::language::instrument;
use crate::script::language::syntax::{self, op};
use crate::script::names::{
    CONSOLE, DEVICE, GROUP, GROUP_CALL, HOOKS, INSTRUMENT, ROWS, SUBTEST, SUBTEST_CALL, TEST, TEST_CALL,
};
use crate::script::testing;
use crate::script::testing::collect;
use crate::script::testing::form::{self, op as form_op};
use rhai::{CustomExpr, Expr};

impl<'w> Walker<'w, '_> {
    /// A block of ours.
    pub fn custom(&mut self, custom: &'w CustomExpr) -> Type {
        let key = custom.tokens.first().map_or("", |key| key.as_str());
        match key {
            DEVICE => return self.device(custom),
            INSTRUMENT | CONSOLE => return self.instrument(custom),
            TEST | ROWS => self.test(custom, "test", testing::OPTIONS, false),
            GROUP => self.test(custom, "group", testing::GROUP_OPTIONS, false),
            SUBTEST => self.test(custom, "subtest", testing::GROUP_OPTIONS, false),
            TEST_CALL => self.call_of_tests(custom, "test", testing::OPTIONS),
            GROUP_CALL => self.call_of_tests(custom, "group", testing::GROUP_OPTIONS),
            SUBTEST_CALL => self.call_of_tests(custom, "subtest", testing::GROUP_OPTIONS),
            key => match HOOKS.iter().find(|(known, _)| *known == key) {
                Some((_, what)) => self.test(custom, what, testing::HOOK_OPTIONS, true),
                None => custom.inputs.iter().for_each(|input| drop(self.visit(input))),
            },
        }
        Type::Any
    }

    /// A test, a group or a hook.
    fn test(&mut self, custom: &'w CustomExpr, what: &str, known: &[&str], is_later: bool) {
        let segments = form::segments(custom);
        let (length, aliases) = (self.variables.len(), self.aliases.len());
        // The rows are evaluated before their variable exists, the options after.
        if let Some((_, table)) = segments.iter().find(|(letter, _)| *letter == form_op::TABLE) {
            self.visit(table);
        }
        if let Some((_, Expr::Variable(variable, ..))) = segments.iter().find(|(letter, _)| *letter == form_op::ROW) {
            self.declare(&variable.1, Type::Any, false, None);
        }
        for (letter, input) in segments {
            match letter {
                form_op::NAME => drop(self.visit(input)),
                form_op::OPTION if !known.contains(&word(input)) => {
                    let message = format!("`{what}` has no option `{}`", word(input));
                    let otherwise = format!("options: {}", known.join(", "));
                    self.misspelt(input.position(), message, (word(input), known.iter().copied()), &otherwise);
                }
                form_op::VALUE => drop(self.visit(input)),
                form_op::BLOCK if is_later => self.later.push(input),
                form_op::BLOCK => drop(self.visit(input)),
                _ => {}
            }
        }
        self.leave(length, aliases);
    }

    /// A call `test(name, options, || …)`.
    fn call_of_tests(&mut self, custom: &'w CustomExpr, what: &str, known: &[&str]) {
        for input in &custom.inputs {
            self.visit(input);
        }
        if let [_, options, _] = custom.inputs.as_slice() {
            self.check_names(what, options, known);
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

    /// A class of instruments or consoles: limits, defaults and options of its items, settings, and its methods.
    fn instrument(&mut self, custom: &'w CustomExpr) -> Type {
        let name = custom.inputs.first().map_or("", word);
        let number = self.program.class_in(self.number, name);
        let of = number.map_or(Type::Any, |number| self.program.type_of_class(number));
        for (letter, input) in instrument::ops(&custom.state).chars().zip(&custom.inputs) {
            match letter {
                instrument::op::LIMITS | instrument::op::SET | op::DEFAULT | op::VALUE => drop(self.visit(input)),
                op::FUNCTION => {
                    if let Some((closure, captured)) = closure(input) {
                        let this = if let Type::Consoles(class) = of {
                            Type::Console(class)
                        } else {
                            Type::Instrument(number)
                        };
                        let this = if number.is_some() { this } else { Type::Any };
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
        let tests = collect::tests_with_positions(tree);
        for twice in collect::twice(tree) {
            let message = format!("a second {} is named \"{}\"", twice.what, twice.name);
            let first = twice.first.line().unwrap_or(0);
            self.error(twice.second, message, format!("rename one of them: the first is in line {first}"));
        }
        for (name, position) in collect::repeated(tree) {
            let help = format!("use a computed name: test `{name} ${{n}}` {{ … }}");
            self.warning(
                position,
                format!("the test \"{name}\" runs once per round, and its name must be unique"),
                help,
            );
        }
        // A test of a module may be needed as well.
        let foreign = self.program.scripts.iter().enumerate().filter(|(number, _)| *number != self.number);
        let mut known: Vec<Declared> = foreign.flat_map(|(_, script)| collect::tests(&script.source.tree)).collect();
        known.extend(tests.iter().map(|(test, _)| test.clone()));
        let names = Names::new(&known);
        for (test, position) in &tests {
            for need in test.needs.iter().filter(|need| names.called(need, &known).next().is_none()) {
                let message = format!("the test \"{}\" needs an unknown test \"{need}\"", test.name);
                let names: Vec<String> =
                    known.iter().flat_map(|test| [test.path().join("/"), test.name.clone()]).collect();
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                let near = crate::name::nearest(need, names).map(|near| suggestion(format_args!("\"{near}\"")));
                self.error(*position, message, near.unwrap_or_else(|| "name a test of this script".to_owned()));
            }
        }
    }
}
