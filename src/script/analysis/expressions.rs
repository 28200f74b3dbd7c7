//! The walk through expressions: variables, operators, chains, closures. Gives the types of their values, as far as they are known.
//!
//! Invariant: every expression within an expression is walked once.

use crate::script::analysis::asking::STATION;
use crate::script::analysis::tree::{closure, number};
use crate::script::analysis::types::Type;
use crate::script::analysis::walker::Walker;
use crate::script::diagnostics::habits;
use crate::script::names::{CONSOLE_CLASS, INSTRUMENT_CLASS};
use rhai::{ASTFlags, Expr, FnCallExpr, Position};

impl<'w> Walker<'w, '_> {
    pub fn visit(&mut self, expression: &'w Expr) -> Type {
        self.argument(expression, &[])
    }

    /// As [`Walker::visit`]; `given`: what a closure is called with.
    pub fn argument(&mut self, expression: &'w Expr, given: &[Type]) -> Type {
        if let Some((name, captured)) = closure(expression) {
            return self.closure(&name, captured.len(), given, None);
        }
        match expression {
            Expr::BoolConstant(..) => Type::Bool,
            Expr::IntegerConstant(..) => Type::Int,
            Expr::FloatConstant(..) => Type::Float,
            Expr::CharConstant(..) => Type::Char,
            Expr::StringConstant(..) => Type::Text,
            Expr::Unit(_) => Type::Unit,
            Expr::InterpolatedString(parts, _) => {
                parts.iter().for_each(|part| drop(self.visit(part)));
                Type::Text
            }
            Expr::Array(items, _) => {
                let mut of: Option<Type> = None;
                for item in items.iter() {
                    let item = self.visit(item);
                    of = Some(match of {
                        None => item,
                        Some(of) => of.or(item),
                    });
                }
                Type::array_of(of.unwrap_or(Type::Any))
            }
            Expr::Map(map, _) => {
                map.0.iter().for_each(|(_, value)| drop(self.visit(value)));
                Type::Map
            }
            Expr::Variable(variable, _, position) => match variable.2.path.as_slice() {
                [] => self.named(&variable.1, *position),
                [alias] => self.of_module(&alias.name, &variable.1, (alias.pos, *position)),
                _ => Type::Any,
            },
            Expr::ThisPtr(_) => self.this.clone(),
            Expr::Stmt(block) => self.block(block),
            Expr::FnCall(call, position) => self.call(call, *position),
            Expr::Dot(parts, ..) => {
                let receiver = self.visit(&parts.lhs);
                self.chain(receiver, &parts.rhs)
            }
            Expr::Index(parts, flags, _) => {
                let receiver = self.visit(&parts.lhs);
                self.index(&receiver, &parts.rhs, *flags)
            }
            Expr::And(parts, _) | Expr::Or(parts, _) => {
                parts.iter().for_each(|part| drop(self.visit(part)));
                Type::Bool
            }
            Expr::Coalesce(parts, _) => {
                parts.iter().for_each(|part| drop(self.visit(part)));
                Type::Any
            }
            Expr::Custom(custom, _) => self.custom(custom),
            _ => Type::Any,
        }
    }

    /// What follows a dot.
    fn chain(&mut self, receiver: Type, rest: &'w Expr) -> Type {
        match rest {
            Expr::Property(property, position) => self.property(&receiver, &property.2, *position),
            Expr::MethodCall(call, position) => self.method(receiver, call, *position),
            Expr::Dot(parts, ..) => {
                let next = self.chain(receiver, &parts.lhs);
                self.chain(next, &parts.rhs)
            }
            Expr::Index(parts, flags, _) => {
                let next = self.chain(receiver, &parts.lhs);
                self.index(&next, &parts.rhs, *flags)
            }
            _ => Type::Any,
        }
    }

    /// The index in brackets, and what follows it unless the chain ends there.
    fn index(&mut self, receiver: &Type, rest: &'w Expr, flags: ASTFlags) -> Type {
        let of = match receiver {
            Type::Array(of) => (**of).clone(),
            _ => Type::Any,
        };
        let (index, next) = match rest {
            Expr::Dot(parts, ..) if !flags.contains(ASTFlags::BREAK) => (&parts.lhs, Some((&parts.rhs, None))),
            Expr::Index(parts, inner, _) if !flags.contains(ASTFlags::BREAK) => {
                (&parts.lhs, Some((&parts.rhs, Some(*inner))))
            }
            index => (index, None),
        };
        if let Type::StationTable { are_limits } = receiver {
            self.index_of_station(*are_limits, index);
        }
        self.counting += 1;
        let by = self.visit(index);
        self.counting -= 1;
        // A range gives a part of an array.
        let of = if by == Type::Int { of } else { Type::Any };
        match next {
            None => of,
            Some((rest, None)) => self.chain(of, rest),
            Some((rest, Some(inner))) => self.index(&of, rest, inner),
        }
    }

    /// A closure, walked where it is written; gives its type. `captured`: how many variables it takes from there.
    pub fn closure(&mut self, name: &str, captured: usize, given: &[Type], this: Option<Type>) -> Type {
        let Some(function) = self.script().closures.get(name) else { return Type::Any };
        let (length, aliases) = (self.variables.len(), self.aliases.len());
        for (index, param) in function.params.iter().skip(captured).enumerate() {
            self.declare(param, given.get(index).cloned().unwrap_or(Type::Any), false, None);
        }
        let outer = self.this.clone();
        if let Some(this) = this {
            self.this = this;
        }
        let (returned, counting) = (std::mem::take(&mut self.returned), std::mem::take(&mut self.counting));
        let mut gives = self.statements(&function.body);
        for other in std::mem::replace(&mut self.returned, returned) {
            gives = gives.or(other);
        }
        self.counting = counting;
        self.this = outer;
        self.leave(length, aliases);
        Type::Function(Box::new(gives))
    }

    /// A variable, class or function by its name.
    pub fn named(&mut self, name: &str, position: Position) -> Type {
        if let Some(index) = self.variable(name) {
            self.variables[index].is_used = true;
            return self.variables[index].of.clone();
        }
        if name == "args" {
            return Type::array_of(Type::Text);
        }
        let program = self.program;
        // A function of a module may reach those of the script that calls it.
        let reach = if self.number == 0 { &program.scripts[..1] } else { &program.scripts[..] };
        if name == STATION {
            return self.program.station.map_or(Type::Any, |_| Type::Station);
        }
        if reach.iter().any(|script| script.has_function(name)) {
            return Type::Any;
        }
        let is_class = program.classes.iter().any(|class| class.name == name);
        if is_class && name.starts_with(char::is_uppercase) {
            let own = program.class_in(self.number, name).or_else(|| program.class_of_name(name));
            return own.map_or(Type::Any, |class| program.type_of_class(class));
        }
        if name == CONSOLE_CLASS {
            return Type::Consoles(None);
        }
        if name == INSTRUMENT_CLASS {
            return Type::Instruments(None);
        }
        self.unknown_variable(name, position);
        let near = crate::name::nearest(name, self.variables[self.first..].iter().map(|known| known.name.as_str()));
        match near.map(str::to_owned).and_then(|near| self.variable(&near)) {
            Some(index) => {
                self.variables[index].is_used = true;
                self.variables[index].of.clone()
            }
            None => Type::Wrong,
        }
    }

    fn unknown_variable(&mut self, name: &str, position: Position) {
        let message = format!("unknown variable `{name}`");
        if let Some(help) = habits::variable(name) {
            return self.error(position, message, help);
        }
        let is_of_script = self.variables.iter().any(|known| known.name == name);
        let otherwise = if is_of_script {
            format!(
                "functions do not see the variables of the script: pass it as an argument, or write `global::{name}` for a constant"
            )
        } else if self.aliases.iter().any(|(alias, _)| alias == name) {
            format!("`{name}` is a module: write `{name}::…`")
        } else if name.starts_with(char::is_uppercase) {
            format!("declare a device class with `device {name} {{ … }}`, or import it: `alias::{name}`")
        } else {
            format!("declare it with `let {name} = …;`")
        };
        if is_of_script {
            return self.error(position, message, otherwise);
        }
        let program = self.program;
        let variables: Vec<String> = self.variables[self.first..].iter().map(|known| known.name.clone()).collect();
        let classes = program.classes.iter().map(|class| class.name.as_str());
        let functions = self.script().functions.iter().map(|function| function.name.as_str());
        let known = variables.iter().map(String::as_str).chain(classes).chain(functions).chain([
            "args",
            STATION,
            INSTRUMENT_CLASS,
        ]);
        self.misspelt(position, message, (name, known), &otherwise);
    }

    /// An operator.
    pub fn operator(&mut self, call: &'w FnCallExpr, position: Position) -> Type {
        let sign = call.name.as_str();
        let is_range = matches!(sign, ".." | "..=");
        self.counting += usize::from(is_range);
        let types: Vec<Type> = call.args.iter().map(|part| self.visit(part)).collect();
        self.counting -= usize::from(is_range);
        match (sign, types.as_slice()) {
            ("/", [Type::Int, Type::Int]) => {
                self.division(&call.args[0], &call.args[1], position);
                Type::Int
            }
            ("+" | "-" | "*" | "%" | "&" | "|" | "^" | "<<" | ">>", [Type::Int, Type::Int]) => Type::Int,
            ("+" | "-" | "*" | "/" | "%", [Type::Float, Type::Int | Type::Float] | [Type::Int, Type::Float]) => {
                Type::Float
            }
            ("+", [Type::Text, _]) => Type::Text,
            ("+" | "-", [one]) => one.clone(),
            (".." | "..=", _) => Type::Range,
            ("==" | "!=" | "<" | "<=" | ">" | ">=" | "!" | "in", _) => Type::Bool,
            _ => Type::Any,
        }
    }

    /// Two integers are divided: a remainder may be lost.
    fn division(&mut self, dividend: &Expr, divisor: &Expr, position: Position) {
        let Expr::IntegerConstant(by, _) = divisor else { return };
        let is_exact = number(dividend).is_some_and(|dividend| {
            #[expect(clippy::cast_precision_loss, reason = "literals that people write")]
            let rest = dividend % (*by as f64);
            rest == 0.0
        });
        // Half of a length is the middle.
        let is_length = matches!(dividend, Expr::Dot(parts, ..) if is_length(&parts.rhs));
        let is_std = self.script().source.name.starts_with("std/");
        if matches!(by, -1..=1) || is_exact || is_length || self.counting > 0 || is_std {
            return;
        }
        let help = format!("for a fraction, write `{by}.0`; for the whole part, write `floor_div(a, {by})`");
        let before = self.findings.len();
        self.warning(position, "dividing two integers may drop a remainder", help);
        self.findings[before..].iter_mut().for_each(|finding| finding.is_seen_by_run = true);
    }
}

/// Whether what follows a dot ends with `len`.
fn is_length(rest: &Expr) -> bool {
    match rest {
        Expr::Property(property, _) => property.2 == "len",
        Expr::MethodCall(call, _) => call.name == "len",
        Expr::Dot(parts, ..) | Expr::Index(parts, ..) => is_length(&parts.rhs),
        _ => false,
    }
}
