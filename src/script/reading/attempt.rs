//! Evaluates values in declarations as far as possible without running the script.
//!
//! Invariants: each default, option and constant takes at most [`EACH`] operations, a whole check [`ALL`]; the size of
//! values is bounded.

use crate::script::lock::lock;
use crate::script::run::Run;
use crate::script::run::ledger::holds_unknown;
use rhai::{AST, ASTNode, Dynamic, EvalAltResult, EvalContext, Expr, Expression, Module, Shared, Stmt};

/// Maximum operations per default, option or constant.
pub(crate) const EACH: u64 = 100_000;

/// Maximum operations in total.
pub(crate) const ALL: u64 = 1_000_000;

/// Calls that are not evaluated: they create function pointers that hold values, whose size could double with each operation.
pub(crate) const REFUSED: &[&str] = &["curry"];

/// The syntax in which [`crate::script::reading::check::declarations`] wraps the value of a variable.
pub(crate) const MAYBE: &str = "belay_maybe";

/// The value of an expression; `None` if it is known only at run time.
///
/// # Errors
/// An error that would occur in every run.
pub(crate) fn attempt(
    run: &Run,
    context: &mut EvalContext<'_, '_, '_, '_, '_, '_>,
    input: &Expression<'_>,
) -> Result<Option<Dynamic>, Box<EvalAltResult>> {
    if is_refused(input) {
        return Ok(None);
    }
    let left = ALL.saturating_sub(lock(&run.ledger).used).min(EACH);
    if left == 0 {
        return Ok(None);
    }
    lock(&run.ledger).touched = false;
    // The engine's limit counts all operations; subtract those before this value.
    context.global_runtime_state_mut().num_operations = EACH - left;
    let result = context.eval_expression_tree(input);
    let state = context.global_runtime_state_mut();
    lock(&run.ledger).used += state.num_operations.saturating_sub(EACH - left).max(1);
    state.num_operations = 0;
    match result {
        Ok(value) if holds_unknown(&value) => Ok(None),
        Ok(value) => Ok(Some(value)),
        Err(error) if lock(&run.ledger).is_unknowable(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether an expression contains a call that is not evaluated.
pub(crate) fn is_refused(expression: &Expr) -> bool {
    let mut refused = false;
    expression.walk(&mut Vec::new(), &mut |nodes| {
        refused |= nodes.last().is_some_and(refuses);
        !refused
    });
    refused
}

pub(crate) fn refuses(node: &ASTNode<'_>) -> bool {
    match node {
        ASTNode::Expr(Expr::FnCall(call, _) | Expr::MethodCall(call, _)) | ASTNode::Stmt(Stmt::FnCall(call, _)) => {
            REFUSED.contains(&call.name.as_str())
        }
        _ => false,
    }
}

/// The functions of a script without calls that are not evaluated; the others are recorded as known at run time only.
pub(crate) fn functions(run: &Run, tree: &AST) -> Shared<Module> {
    let makes_refused = |tree: &AST| {
        let mut found = false;
        tree.walk(&mut |nodes| {
            found |= nodes.last().is_some_and(refuses);
            !found
        });
        found
    };
    if !makes_refused(tree) {
        return tree.shared_lib().clone();
    }
    let (mut kept, mut refused) = (Module::new(), Vec::new());
    for (_, _, name, _, function) in tree.shared_lib().iter_script_fn_info() {
        let mut alone = Module::new();
        alone.set_script_fn(function.clone());
        if makes_refused(&AST::new(Vec::<Stmt>::new(), alone)) {
            refused.push(name.to_owned());
        } else {
            kept.set_script_fn(function.clone());
        }
    }
    lock(&run.ledger).later(refused.into_iter());
    kept.into()
}

/// The source of a parameter's default: the text after `=`, on as many lines as it takes.
pub(crate) fn default_source(text: &str, line: usize, column: usize) -> String {
    let start = text.split('\n').take(line.saturating_sub(1)).map(|line| line.len() + 1).sum::<usize>();
    let rest = text.get(start..).unwrap_or_default();
    let mut found = String::new();
    let (mut depth, mut quote, mut begun) = (0_u32, None, false);
    let mut letters = rest.chars().skip(column.saturating_sub(1)).peekable();
    while let Some(letter) = letters.next() {
        match (letter, quote) {
            _ if !begun => {
                begun = letter == '=';
                continue;
            }
            ('\\', Some(_)) => {
                found.push(letter);
                found.extend(letters.next());
                continue;
            }
            (other, Some(open)) if other == open => quote = None,
            (_, Some(_)) => {}
            ('"' | '\'' | '`', None) => quote = Some(letter),
            ('(' | '[' | '{', None) => depth += 1,
            (',' | ')', None) if depth == 0 => break,
            (')' | ']' | '}', None) => depth = depth.saturating_sub(1),
            _ => {}
        }
        found.push(letter);
    }
    let words: Vec<&str> = found.split_whitespace().collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_source_of_a_default_ends_where_the_parameter_does() {
        let source = |text: &str| default_source(text, 1, 1);
        assert_eq!(source("a = f(1, [2]), b = 3) `x`"), "f(1, [2])");
        assert_eq!(source("a: int = \"),\" + x) `x`"), "\"),\" + x");
        assert_eq!(source("a = { loop\n  {} }, b)"), "{ loop {} }");
        assert_eq!(default_source("device A {\n  task f(ab = x(1)) `y`", 2, 10), "x(1)");
        assert_eq!(source("a"), "");
    }
}
