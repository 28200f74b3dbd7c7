//! A script reduced to its declarations, for `check`.
//!
//! Invariant: nothing that is left calls a function: no device is opened, no file touched.

use super::text;
use rhai::{AST, ASTFlags, ASTNode, Expr, Stmt};

/// The tree with nothing but imports, exports, `device` blocks, and the variables that their defaults may need.
pub(super) fn declarations(tree: &AST) -> AST {
    let kept = tree.statements().iter().filter(|statement| is_declaration(statement)).cloned();
    let mut reduced = AST::new(kept.collect::<Vec<_>>(), tree.shared_lib().clone());
    if let Some(source) = tree.source() {
        reduced.set_source(source);
    }
    reduced
}

fn is_declaration(statement: &Stmt) -> bool {
    match statement {
        Stmt::Import(import, _) => matches!(import.0, Expr::StringConstant(..)),
        Stmt::Export(..) => true,
        Stmt::Expr(expression) => is_device(expression),
        Stmt::Var(variable, ..) => is_device(&variable.1) || is_plain(statement),
        _ => false,
    }
}

/// Whether a statement declares a variable and exports it at once.
pub(super) fn is_exported(statement: &Stmt) -> bool {
    matches!(statement, Stmt::Var(_, options, _) if options.contains(ASTFlags::EXPORTED))
}

fn is_device(expression: &Expr) -> bool {
    matches!(expression, Expr::Custom(custom, _) if custom.tokens.first().is_some_and(|key| key == text::DEVICE))
}

/// Whether a statement computes without calling anything but operators.
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
