//! Messages with places for arguments, which instruments and consoles share.
//!
//! [`argument`] says what a parameter takes, [`template`] writes arguments into a text, [`bind()`] gives each parameter its value.
//! Uses [`crate::value`] and [`crate::error`]. Invariant: pure; what a parameter does not take is refused before there is a message.

pub mod argument;
mod bind;
mod kind;
pub mod template;

pub use argument::{Limits, Param, ParamKind, seconds};
pub use bind::{Convert, bind, check_params, signature};
pub use kind::ItemKind;
pub use template::{Dialect, Template};
