//! Whether a script asks what the station has, so that it may use what is not there.
//!
//! Invariant: pure.

use crate::script::analysis::tree::root_of;
use rhai::Expr;

/// The variable that holds the station.
pub(crate) const STATION: &str = "station";

/// Functions by which a script asks what there is.
const ASKING: &[&str] = &["contains", "keys", "index_of", "find", "some", "filter"];

/// Whether an expression asks what the station has; `names`: variables that hold parts of it.
pub(crate) fn asks(expression: &Expr, names: impl Fn(&str) -> bool) -> bool {
    let is_of_station = |part: &Expr| root_of(part).is_some_and(|root| root == STATION || names(root));
    match expression {
        Expr::FnCall(call, _) => ASKING.contains(&call.name.as_str()) && call.args.first().is_some_and(is_of_station),
        Expr::Dot(parts, ..) => is_of_station(expression) && calls_asking(&parts.rhs),
        _ => false,
    }
}

fn calls_asking(chain: &Expr) -> bool {
    match chain {
        Expr::MethodCall(call, _) => ASKING.contains(&call.name.as_str()),
        Expr::Dot(parts, ..) | Expr::Index(parts, ..) => calls_asking(&parts.lhs) || calls_asking(&parts.rhs),
        _ => false,
    }
}
