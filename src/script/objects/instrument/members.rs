//! What every instrument has: reserved names, and the calls that native functions answer.
//!
//! Invariant: each of these names is written once, here.

/// The functions, with the numbers of arguments that native functions answer.
pub(crate) const FUNCTIONS: &[(&str, &[usize])] = &[
    ("write", &[1, 2]),
    ("query", &[1, 2]),
    ("query_text", &[1, 2]),
    ("query_numbers", &[1, 2]),
    ("query_block", &[1, 2]),
    ("read_reply", &[0, 1]),
    ("read_block", &[0, 1]),
    ("write_block", &[2, 3]),
    ("identify", &[0]),
    ("errors", &[0]),
    ("wait_done", &[0, 1]),
    ("status_byte", &[0]),
    ("clear", &[0]),
    ("lock", &[1]),
    ("close", &[0]),
];

/// The properties.
pub(crate) const PROPERTIES: &[&str] =
    &["name", "port", "is_open", "is_simulated", "identity", "calibrated", "timeout", "class", "sim"];

/// Whether every instrument has a member of this name, so that no item can.
pub(crate) fn is_reserved(name: &str) -> bool {
    name == "call" || PROPERTIES.contains(&name) || FUNCTIONS.iter().any(|(known, _)| *known == name)
}

/// Whether a native function answers a call of this name with so many arguments.
pub(crate) fn answers(name: &str, arity: usize) -> bool {
    FUNCTIONS.iter().any(|(known, arities)| *known == name && arities.contains(&arity))
}

/// The members for completion: functions include the opening parenthesis.
pub(crate) fn words() -> impl Iterator<Item = String> {
    let functions = FUNCTIONS.iter().map(|(name, _)| format!("{name}("));
    functions.chain(PROPERTIES.iter().map(|name| (*name).to_owned()))
}
