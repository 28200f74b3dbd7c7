//! What a test or a group runs: a block in the scope around it, or a closure.
//!
//! Invariant: a closure runs with the functions and imports of the script that wrote it.

use super::failing::{Context, fail};
use super::form::op;
use crate::error::{Error, Kind};
use crate::script::errors::Fallible;
use crate::script::objects::convert::describe;
use rhai::{Dynamic, Expr, Expression, FnPtr, NativeCallContext, Position};

/// The body of a test or a group.
pub enum Body<'a> {
    Block(&'a Expression<'a>),
    Function(FnPtr, Position),
}

impl<'a> Body<'a> {
    /// The body of a block.
    pub fn of_block(segments: &[(char, &'a Expression<'a>)]) -> Option<Body<'a>> {
        segments.iter().find(|(op, _)| *op == op::BLOCK).map(|(_, block)| Body::Block(block))
    }

    /// The body of a call: its last argument.
    pub fn of_value(value: &Dynamic, what: &str, source: &str, position: Position) -> Fallible<Body<'a>> {
        match value.read_lock::<FnPtr>() {
            Some(function) => Ok(Body::Function(function.clone(), position)),
            None => {
                let message = format!("the last argument of `{what}` is {}, not a closure", describe(value));
                let help = format!("write `{what}(name, || …)`");
                Err(fail(Error::new(Kind::DeclarationError, message).with_help(help), source, position))
            }
        }
    }

    /// Whether hooks among its statements belong to it.
    pub fn is_block(&self) -> bool {
        matches!(self, Body::Block(_))
    }

    /// Runs it. `rewind`: forget the names that a block has declared.
    pub fn run(&self, context: &mut Context<'_, '_, '_, '_, '_, '_>, rewind: bool) -> Fallible<Dynamic> {
        match self {
            Body::Block(block) if rewind => context.eval_expression_tree(block),
            #[expect(deprecated, reason = "Rhai marks its volatile functions that way; the version is pinned")]
            Body::Block(block) => context.eval_expression_tree_raw(block, false),
            Body::Function(function, position) => {
                let state = context.global_runtime_state().clone();
                let source = context.source().map(str::to_owned);
                let inner = NativeCallContext::new_with_all_fields(
                    context.engine(),
                    function.fn_name(),
                    source.as_deref(),
                    &state,
                    *position,
                );
                function.call_raw(&inner, None, Vec::new())
            }
        }
    }
}

/// The name of a test or a group, and its position.
pub fn name_of(
    context: &mut Context<'_, '_, '_, '_, '_, '_>,
    input: Option<&Expression<'_>>,
    what: &str,
    source: &str,
) -> Fallible<(String, Position)> {
    let Some(input) = input else { return Ok((String::new(), Position::NONE)) };
    let at = input.position();
    if let Expr::StringConstant(name, _) = &**input {
        return Ok((name.to_string(), at));
    }
    let value = context.eval_expression_tree(input)?;
    match value.clone().into_string() {
        Ok(name) if !name.is_empty() => Ok((name, at)),
        Ok(_) => Err(fail(Error::new(Kind::DeclarationError, format!("the name of a {what} is empty")), source, at)),
        Err(_) => {
            let message = format!("the name of a {what} is {}, not a string", describe(&value));
            Err(fail(Error::new(Kind::DeclarationError, message), source, at))
        }
    }
}
