//! Why a value fails its limits, as a sentence for reports.
//!
//! Invariant: a sentence names the value, and the limit that it misses.

use super::Measurement;
use crate::bench::units;

/// Why a value fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The value is `()`.
    Nothing,
    /// The value is nan.
    Nan,
    /// The value is infinite, and no limit is on that side.
    Infinite {
        /// The limit that is missing.
        missing: &'static str,
    },
    /// An option needs a value of another type.
    Type {
        /// The option.
        option: &'static str,
        /// The type that it needs.
        needs: &'static str,
        /// The type of the value.
        is: &'static str,
    },
    /// `equals` has another type than the value.
    OtherType {
        /// Its type.
        wanted: &'static str,
        /// The type of the value.
        is: &'static str,
    },
    /// Below the lower limit.
    Below,
    /// Above the upper limit.
    Above,
    /// Not the expected value.
    Unequal,
    /// The regular expression does not match.
    NoMatch,
}

impl Cause {
    /// The sentence for a record that holds the value and the limits.
    pub fn reason(self, item: &Measurement) -> String {
        let shown = units::format(item);
        let limit =
            |limit: Option<String>| format!("{} {}", limit.unwrap_or_default(), shown.unit).trim_end().to_owned();
        match self {
            Cause::Nothing => "the value is missing: it is `()`".to_owned(),
            Cause::Nan => "the value is nan".to_owned(),
            Cause::Infinite { missing } => format!("the value is infinite, but `{missing}` is missing"),
            Cause::Type { option, needs, is: "an array" } if needs == "a number" => {
                format!("`{option}` needs {needs}, the value is an array; `all` limits each of its values")
            }
            Cause::Type { option, needs, is } => format!("`{option}` needs {needs}, the value is {is}"),
            Cause::OtherType { wanted, is } => format!("`equals` is {wanted}, the value is {is}"),
            Cause::Below => format!("{} is below {}", shown.value, limit(shown.min.clone())),
            Cause::Above => format!("{} is above {}", shown.value, limit(shown.max.clone())),
            Cause::Unequal => format!("{} is not {}", shown.value, shown.wanted.clone().unwrap_or_default()),
            Cause::NoMatch => {
                format!("{} does not match {}", shown.value, item.matches.as_deref().unwrap_or_default())
            }
        }
    }
}
