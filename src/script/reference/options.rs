//! The options that functions take in a map, for completion.
//!
//! Invariant: the lists are those that the functions themselves read.

use crate::script::natives::{diagnoses, measure, monitors, operator, series, verdicts};
use crate::script::objects::{exec, opening, packages, sync};

/// The options of a function; empty if it takes none.
pub(crate) fn of(function: &str) -> &'static [&'static str] {
    match function {
        "measure" => measure::OPTIONS,
        "unit" => series::UNIT,
        "ask" => operator::ASK,
        "confirm" => operator::CONFIRM,
        "instruct" => operator::INSTRUCT,
        "checkpoint" => verdicts::CHECKPOINT,
        "diagnosis" => diagnoses::OPTIONS,
        "monitor" => monitors::OPTIONS,
        "for_each_board" => &["jobs"],
        "sync" => sync::OPTIONS,
        "sync_dependencies" => sync::DEPENDENCIES,
        "install" => packages::OPTIONS,
        "exec" => exec::OPTIONS,
        "mount" => &["write"],
        "open" | "session" => opening::OPTIONS,
        _ => &[],
    }
}
