//! The walk through statements: scopes, declarations, what is never reached.
//!
//! Invariant: statements are walked in the order in which they run.

use crate::phrase::did_you_mean;
use crate::script::analysis::finding::Finding;
use crate::script::analysis::program::{Function, Program};
use crate::script::analysis::types::Type;
use crate::script::analysis::walker::Walker;
use crate::script::diagnostics::habits;
use rhai::{ASTFlags, Expr, FlowControl, Stmt, StmtBlock};

/// What is found in one script of a program.
pub(crate) fn walk(program: &Program<'_>, number: usize) -> Vec<Finding> {
    let mut walker = Walker::new(program, number);
    let script = walker.script();
    walker.statements(script.source.tree.statements());
    walker.first = walker.variables.len();
    if program.lends_scope {
        // Functions may see any variable.
        walker.variables.iter_mut().for_each(|variable| variable.is_used = true);
    } else {
        script.functions.iter().for_each(|function| walker.function(function));
    }
    walker.first = 0;
    walker.leave(0, 0);
    walker.check_tests();
    walker.findings
}

impl<'w> Walker<'w, '_> {
    /// The statements and functions of an input, after the variables of the session.
    pub fn script_of_input(&mut self) {
        let script = self.script();
        self.statements(script.source.tree.statements());
        self.first = self.variables.len();
        if !self.program.lends_scope {
            script.functions.iter().for_each(|function| self.function(function));
        }
    }

    /// A function of the script. Its variables are its parameters.
    fn function(&mut self, function: &'w Function) {
        let (length, aliases) = (self.variables.len(), self.aliases.len());
        for param in &function.params {
            self.declare(param, Type::Any, false, None);
        }
        self.this = Type::Any;
        self.statements(&function.body);
        self.leave(length, aliases);
    }

    /// A block with a scope of its own; gives the type of its value.
    pub fn block(&mut self, block: &'w StmtBlock) -> Type {
        self.scoped(block.statements())
    }

    fn scoped(&mut self, statements: &'w [Stmt]) -> Type {
        let (length, aliases) = (self.variables.len(), self.aliases.len());
        let of = self.statements(statements);
        self.leave(length, aliases);
        of
    }

    /// Statements in the scope that is there; gives the type of the last one.
    pub fn statements(&mut self, statements: &'w [Stmt]) -> Type {
        let mark = self.later.len();
        let mut of = Type::Unit;
        let mut ends = None;
        for statement in statements {
            if let Some(word) = ends.take() {
                self.warning(statement.position(), "unreachable code", format!("`{word}` leaves the block before it"));
            }
            of = self.statement(statement);
            ends = leaves(statement);
        }
        // What runs before and after tests sees what the group declares later.
        for block in self.later.split_off(mark) {
            self.visit(block);
        }
        of
    }

    fn statement(&mut self, statement: &'w Stmt) -> Type {
        match statement {
            Stmt::If(flow, _) => {
                self.visit(&flow.expr);
                let one = self.block(&flow.body);
                return one.or(self.block(&flow.branch));
            }
            Stmt::Switch(parts, _) => {
                self.visit(&parts.0);
                for case in &parts.1.expressions {
                    self.visit(&case.lhs);
                    self.visit(&case.rhs);
                }
                return Type::Any;
            }
            Stmt::While(flow, _) => {
                self.visit(&flow.expr);
                self.block(&flow.body);
            }
            Stmt::Do(flow, ..) => {
                self.block(&flow.body);
                self.visit(&flow.expr);
            }
            Stmt::For(parts, _) => self.for_loop(parts),
            Stmt::Var(variable, flags, _) => {
                let (name, value, _) = &**variable;
                let of = self.visit(value);
                let is_exported = flags.contains(ASTFlags::EXPORTED) || self.script().exports.contains(&*name.name);
                // A device that is opened is of use, even if nothing is said to it.
                let is_used = is_exported || matches!(of, Type::Device(_));
                self.declare(&name.name, of, flags.contains(ASTFlags::CONSTANT), (!is_used).then_some(name.pos));
            }
            Stmt::Assignment(parts) => self.assignment(&parts.1.lhs, &parts.1.rhs, parts.0.is_op_assignment()),
            Stmt::FnCall(call, position) => return self.call(call, *position),
            Stmt::Block(block) => return self.block(block),
            Stmt::TryCatch(flow, _) => self.try_catch(flow),
            Stmt::Expr(expression) => return self.visit(expression),
            Stmt::BreakLoop(Some(value), ..) => drop(self.visit(value)),
            Stmt::Return(value, flags, _) => {
                let of = value.as_ref().map_or(Type::Unit, |value| self.visit(value));
                if !flags.contains(ASTFlags::BREAK) {
                    self.returned.push(of);
                }
            }
            Stmt::Import(import, _) => self.import(&import.0, &import.1.name),
            Stmt::Export(export, _) => {
                if let Some(index) = self.variable(&export.0.name) {
                    self.variables[index].is_used = true;
                } else {
                    self.named(&export.0.name, export.0.pos);
                }
            }
            _ => {}
        }
        Type::Unit
    }

    fn for_loop(&mut self, parts: &'w (rhai::Ident, Option<rhai::Ident>, FlowControl)) {
        let (name, counter, flow) = parts;
        self.counting += 1;
        let over = self.visit(&flow.expr);
        self.counting -= 1;
        let (length, aliases) = (self.variables.len(), self.aliases.len());
        if let Some(counter) = counter {
            self.declare(&counter.name, Type::Int, false, None);
        }
        let of = match over {
            Type::Array(of) => *of,
            Type::Range => Type::Int,
            _ => Type::Any,
        };
        self.declare(&name.name, of, false, None);
        self.statements(flow.body.statements());
        self.leave(length, aliases);
    }

    fn try_catch(&mut self, flow: &'w FlowControl) {
        self.tries += 1;
        self.block(&flow.body);
        self.tries -= 1;
        let (length, aliases) = (self.variables.len(), self.aliases.len());
        if let Expr::Variable(variable, ..) = &flow.expr {
            self.declare(&variable.1, Type::Any, false, None);
        }
        self.statements(flow.branch.statements());
        self.leave(length, aliases);
    }

    fn assignment(&mut self, target: &'w Expr, value: &'w Expr, is_operation: bool) {
        self.visit(value);
        let Expr::Variable(variable, _, position) = target else {
            self.visit(target);
            return;
        };
        let name = variable.1.as_str();
        if !variable.2.is_empty() {
            return;
        }
        match self.variable(name) {
            Some(index) => {
                self.variables[index].is_used = true;
                if self.variables[index].is_constant {
                    self.error(*position, format!("cannot assign to the constant `{name}`"), "declare it with `let`");
                }
            }
            None if is_operation => drop(self.named(name, *position)),
            None => {
                let known: Vec<&str> = self.variables[self.first..].iter().map(|known| known.name.as_str()).collect();
                let near = crate::name::nearest(name, known).map(str::to_owned);
                let declare = format!("declare it with `let {name} = …;`");
                let is_of_script = self.variables.iter().any(|known| known.name == name);
                let help = match near {
                    Some(near) => format!("{declare}; or {}", did_you_mean(&near)),
                    None if is_of_script => {
                        "a function does not see the variables of the script: return the value".to_owned()
                    }
                    None => declare,
                };
                self.error(*position, format!("`{name}` is assigned, but not declared"), help);
                self.fix(*position, name, &format!("let {name}"));
                // Reported once.
                self.declare(name, Type::Any, false, None);
            }
        }
    }

    fn import(&mut self, path: &'w Expr, alias: &str) {
        match path {
            Expr::Variable(variable, _, position) if variable.2.is_empty() && self.variable(&variable.1).is_none() => {
                let name = variable.1.as_str();
                self.error(*position, format!("unknown variable `{name}`"), habits::import(name));
            }
            path => drop(self.visit(path)),
        }
        if !alias.is_empty() {
            let known = self.program.import(self.number, alias).flatten();
            self.aliases.push((alias.to_owned(), known));
        }
    }
}

/// The word by which a statement leaves its block in any case.
fn leaves(statement: &Stmt) -> Option<&'static str> {
    match statement {
        Stmt::Return(_, flags, _) => Some(if flags.contains(ASTFlags::BREAK) { "throw" } else { "return" }),
        Stmt::BreakLoop(_, flags, _) => Some(if flags.contains(ASTFlags::BREAK) { "break" } else { "continue" }),
        _ => None,
    }
}
