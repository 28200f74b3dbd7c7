//! Tests and groups that are called as functions: `test(name, || …)`, `group(name, options, || …)`.
//!
//! Invariant: the arguments are evaluated in order, once.

use super::body::{Body, name_of};
use super::failing::Context;
use super::options::{Options, Whose, of_map};
use crate::script::errors::Fallible;
use rhai::{Expression, Position};

/// The arguments of a call.
pub struct Call<'a> {
    pub name: String,
    pub at: Position,
    pub options: Options,
    pub body: Body<'a>,
    pub source: String,
}

impl<'a> Call<'a> {
    /// Reads the arguments of `what`, which has the options `known`. `None`: there are none, which the syntax excludes.
    pub fn read(
        context: &mut Context<'_, '_, '_, '_, '_, '_>,
        inputs: &[Expression<'_>],
        what: &str,
        known: &[&str],
    ) -> Fallible<Option<Call<'a>>> {
        let source = context.source().unwrap_or_default().to_owned();
        let (name, at) = name_of(context, inputs.first(), what, &source)?;
        let (options, closure) = match inputs {
            [_, options, closure] => (Some(options), closure),
            [.., closure] => (None, closure),
            [] => return Ok(None),
        };
        let options = match options {
            None => Options::default(),
            Some(given) => {
                let value = context.eval_expression_tree(given)?;
                of_map(&value, &Whose { source: &source, what, known }, given.position())?
            }
        };
        let value = context.eval_expression_tree(closure)?;
        let body = Body::of_value(&value, what, &source, closure.position())?;
        Ok(Some(Call { name, at, options, body, source }))
    }
}
