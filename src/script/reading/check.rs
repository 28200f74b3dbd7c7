//! Reduces a script to its declarations, for `check`.
//!
//! Invariant: the rest is evaluated in [`crate::script::sandbox`] only: it opens no device and touches no file.

use crate::script::names;
use crate::script::reading::attempt;
use crate::script::run::Run;
use rhai::{AST, ASTFlags, ASTNode, CustomExpr, Dynamic, Expr, Stmt};

/// The tree with only imports, exports, `device` blocks, and the variables that their defaults may need.
pub(crate) fn declarations(run: &Run, tree: &AST) -> AST {
    let kept = tree.statements().iter().filter_map(declaration);
    let mut reduced = AST::new(kept.collect::<Vec<_>>(), attempt::functions(run, tree));
    if let Some(source) = tree.source() {
        reduced.set_source(source);
    }
    reduced
}

fn declaration(statement: &Stmt) -> Option<Stmt> {
    match statement {
        Stmt::Import(import, _) if matches!(import.0, Expr::StringConstant(..)) => Some(statement.clone()),
        Stmt::Export(..) => Some(statement.clone()),
        Stmt::Expr(expression) if is_device(expression) => Some(statement.clone()),
        Stmt::Var(variable, ..) if is_device(&variable.1) => Some(statement.clone()),
        Stmt::Var(variable, flags, position) => {
            let (name, value, index) = &**variable;
            let maybe = CustomExpr {
                inputs: [value.clone()].into_iter().collect(),
                tokens: [attempt::MAYBE.into()].into_iter().collect(),
                state: Dynamic::from_bool(is_plain(statement)),
                scope_may_be_changed: false,
                self_terminated: false,
            };
            let value = Expr::Custom(maybe.into(), value.position());
            Some(Stmt::Var((name.clone(), value, *index).into(), *flags, *position))
        }
        _ => None,
    }
}

/// Whether a statement declares and exports a variable.
pub(crate) fn is_exported(statement: &Stmt) -> bool {
    matches!(statement, Stmt::Var(_, options, _) if options.contains(ASTFlags::EXPORTED))
}

fn is_device(expression: &Expr) -> bool {
    matches!(expression, Expr::Custom(custom, _) if custom.tokens.first().is_some_and(|key| [names::DEVICE, names::INSTRUMENT, names::CONSOLE].contains(&key.as_str())))
}

/// Whether a statement calls nothing but operators.
fn is_plain(statement: &Stmt) -> bool {
    let mut plain = true;
    statement.walk(&mut Vec::new(), &mut |nodes: &[ASTNode<'_>]| {
        match nodes.last() {
            Some(ASTNode::Expr(Expr::FnCall(call, _))) if !call.is_operator_call() => plain = false,
            Some(ASTNode::Stmt(Stmt::FnCall(..)) | ASTNode::Expr(Expr::MethodCall(..) | Expr::Custom(..))) => {
                plain = false
            }
            _ => {}
        }
        plain
    });
    plain
}
