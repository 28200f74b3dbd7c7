//! Errors of tests and groups, at their positions.
//!
//! Invariant: none of them is a verdict on the unit under test.

use crate::error::Error;
use crate::script::errors::{place, raise_at};
use rhai::{EvalAltResult, EvalContext, Position};

pub type Context<'a, 'b, 'c, 'd, 'e, 'f> = EvalContext<'a, 'b, 'c, 'd, 'e, 'f>;

/// The error, with its position in the script `source`.
pub fn fail(error: Error, source: &str, position: Position) -> Box<EvalAltResult> {
    let error = match place(Some(source), position) {
        Some(origin) => error.with_origin(origin),
        None => error,
    };
    raise_at(error, position)
}

/// The number of a position's line; 0 if it is not known.
pub fn line_of(position: Position) -> u32 {
    position.line().and_then(|line| u32::try_from(line).ok()).unwrap_or(0)
}
