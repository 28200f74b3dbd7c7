//! What every console has: reserved names, and the calls that native functions answer.
//!
//! Invariant: each of these names is written once, here.

/// The functions, with the numbers of arguments that native functions answer.
pub(crate) const FUNCTIONS: &[(&str, &[usize])] = &[
    ("send", &[1]),
    ("send_line", &[0, 1]),
    ("write", &[1]),
    ("expect", &[1, 2]),
    ("expect_any", &[1, 2]),
    ("read_until", &[1, 2]),
    ("read_line", &[0, 1]),
    ("read", &[1, 2]),
    ("read_available", &[0]),
    ("read_frame", &[0, 1]),
    ("write_frame", &[1]),
    ("login", &[2, 3]),
    ("command", &[1, 2]),
    ("send_break", &[0, 1]),
    ("set_dtr", &[1]),
    ("set_rts", &[1]),
    ("log", &[1]),
    ("close", &[0]),
];

/// The properties.
pub(crate) const PROPERTIES: &[&str] = &["name", "port", "is_open", "last_lines", "class"];

/// Whether every console has a member of this name, so that no item can.
pub(crate) fn is_reserved(name: &str) -> bool {
    name == "call" || PROPERTIES.contains(&name) || FUNCTIONS.iter().any(|(known, _)| *known == name)
}

/// Whether a native function answers a call of this name with so many arguments.
pub(crate) fn answers(name: &str, arity: usize) -> bool {
    FUNCTIONS.iter().any(|(known, arities)| *known == name && arities.contains(&arity))
}
