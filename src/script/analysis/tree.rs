//! Small questions to Rhai's tree.
//!
//! Invariant: pure.

use crate::instrument::class::Limits;
use crate::script::names::CALL;
use crate::script::objects::convert::to_value;
use crate::script::run::loader::CLOSURE;
use crate::value::Value;
use rhai::{AST, ASTNode, Dynamic, Expr, FnCallExpr, FnPtr, Position, Stmt};

/// The statements of the only function of a tree: Rhai does not say what a body is made of, but it walks through it.
pub(crate) fn body_of(alone: &AST) -> Vec<Stmt> {
    let mut body = Vec::new();
    alone.walk(&mut |nodes: &[ASTNode<'_>]| {
        if let [ASTNode::Stmt(statement)] = nodes {
            body.push((*statement).clone());
        }
        true
    });
    body
}

/// The variable that a chain begins with.
pub(crate) fn root_of(chain: &Expr) -> Option<&str> {
    match chain {
        Expr::Variable(variable, ..) if variable.2.is_empty() => Some(&variable.1),
        Expr::Dot(parts, ..) | Expr::Index(parts, ..) => root_of(&parts.lhs),
        _ => None,
    }
}

/// Whether a chain calls a function that may change the elements of an array.
pub(crate) fn calls_something(chain: &Expr) -> bool {
    let (Expr::Dot(parts, ..) | Expr::Index(parts, ..)) = chain else { return false };
    let mut calls = false;
    parts.rhs.walk(&mut Vec::new(), &mut |nodes| {
        if let Some(ASTNode::Expr(Expr::MethodCall(call, _))) = nodes.last() {
            calls |= ["push", "insert", "append", "splice", "pad", "set", CALL].contains(&call.name.as_str());
        }
        !calls
    });
    calls
}

/// The name of a closure in the tree.
fn closure_name(expression: &Expr) -> Option<String> {
    let Expr::DynamicConstant(value, _) = expression else { return None };
    let function = value.read_lock::<FnPtr>()?;
    function.fn_name().starts_with(CLOSURE).then(|| function.fn_name().to_owned())
}

/// A closure in the tree: its name, and the variables of its surroundings that it uses.
pub(crate) fn closure(expression: &Expr) -> Option<(String, Vec<(String, Position)>)> {
    if let Some(name) = closure_name(expression) {
        return Some((name, Vec::new()));
    }
    let Expr::Stmt(block) = expression else { return None };
    let [Stmt::Share(captured), Stmt::Expr(curry)] = block.statements() else { return None };
    let Expr::FnCall(call, _) = &**curry else { return None };
    let name = closure_name(call.args.first()?)?;
    Some((name, captured.iter().map(|(variable, _)| (variable.name.to_string(), variable.pos)).collect()))
}

/// The text of a literal string.
pub(crate) fn literal(expression: &Expr) -> Option<&str> {
    match expression {
        Expr::StringConstant(text, _) => Some(text),
        _ => None,
    }
}

/// A literal number.
pub(crate) fn number(expression: &Expr) -> Option<f64> {
    let value: Dynamic = expression.get_literal_value(None)?;
    #[expect(clippy::cast_precision_loss, reason = "it is compared as a limit")]
    let whole = value.as_int().ok().map(|whole| whole as f64);
    value.as_float().ok().or(whole)
}

/// The word of a segment of a block.
pub(crate) fn word(input: &Expr) -> &str {
    match input {
        Expr::StringConstant(word, _) => word,
        Expr::Variable(variable, ..) => &variable.1,
        _ => "",
    }
}

/// The pairs of a map that is written out.
pub(crate) fn map_of(expression: &Expr) -> Option<&[(rhai::Ident, Expr)]> {
    match expression {
        Expr::Map(map, _) => Some(&map.0),
        _ => None,
    }
}

/// The call that a node is.
pub(crate) fn call_of<'n>(node: &ASTNode<'n>) -> Option<&'n FnCallExpr> {
    match node {
        ASTNode::Expr(Expr::FnCall(call, _) | Expr::MethodCall(call, _)) | ASTNode::Stmt(Stmt::FnCall(call, _)) => {
            Some(call)
        }
        _ => None,
    }
}

/// Whether a call is `kw(…)`.
pub(crate) fn is_named(call: &FnCallExpr) -> bool {
    call.name == "kw" && !call.is_qualified()
}

/// Whether an expression is `kw(…)`.
pub(crate) fn holds_named(expression: &Expr) -> bool {
    matches!(expression, Expr::FnCall(call, _) if is_named(call))
}

/// The limits of a parameter of an instrument, if they are written out.
pub(crate) fn limits(written: &Expr) -> Option<Limits> {
    match written {
        Expr::FnCall(call, _) if matches!(call.name.as_str(), ".." | "..=") && call.args.len() == 2 => {
            let (low, high) = (number(&call.args[0])?, number(&call.args[1])?);
            Some(Limits::Range { low, high, inclusive: call.name == "..=" })
        }
        written => match to_value(&written.get_literal_value(None)?).ok()? {
            Value::List(all) => Some(Limits::Choice(all)),
            _ => None,
        },
    }
}

/// The default of a parameter as it is written, if it is short.
pub(crate) fn default_of(written: &Expr) -> String {
    match literal(written) {
        Some(text) => format!("\"{}\"", text.escape_debug()),
        None => written.get_literal_value(None).map_or("…".to_owned(), |value| value.to_string()),
    }
}
