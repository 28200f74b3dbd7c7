//! The convenience imports that run when a device is opened without startup code of its own.
//!
//! Invariant: pure.

const MICROPYTHON: &str = include_str!("../board/snippets/startup_micropython.py");
const CIRCUITPYTHON: &str = include_str!("../board/snippets/startup_circuitpython.py");

/// The convenience imports for boards of this implementation.
pub fn convenience(implementation: &str) -> &'static str {
    if implementation == "circuitpython" { CIRCUITPYTHON } else { MICROPYTHON }
}
