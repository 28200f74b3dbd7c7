//! The convenience imports of devices that are opened without startup code of their own: each runs before the first code that
//! mentions its name.
//!
//! Invariant: pure; code never runs before an import whose name it mentions.

use std::collections::HashSet;

const MICROPYTHON: &str = include_str!("../board/snippets/startup_micropython.py");
const CIRCUITPYTHON: &str = include_str!("../board/snippets/startup_circuitpython.py");

/// Names in code whose results are often bytes.
const OF_BYTES: &[&str] = &[
    "bytes",
    "bytearray",
    "memoryview",
    "b",
    "read",
    "readfrom",
    "readfrom_mem",
    "recv",
    "recvfrom",
    "pack",
    "urandom",
    "digest",
    "unhexlify",
    "a2b_base64",
];

/// The convenience imports for boards of this implementation.
pub fn convenience(implementation: &str) -> &'static str {
    if implementation == "circuitpython" { CIRCUITPYTHON } else { MICROPYTHON }
}

/// Whether the results of code are perhaps bytes: it mentions them, or what often gives them.
pub(super) fn mentions_bytes(code: &str) -> bool {
    words(code).any(|word| OF_BYTES.contains(&word))
}

/// Imports that have not run on a board yet: the name that each binds, and its statement.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Imports(Vec<(&'static str, String)>);

impl Imports {
    /// The convenience imports for boards of this implementation.
    pub fn of(implementation: &str) -> Imports {
        let mut imports = Vec::new();
        for line in convenience(implementation).lines().map(str::trim) {
            if let Some(modules) = line.strip_prefix("import ") {
                imports.extend(modules.split(',').map(|module| (module, format!("import {module}"))));
            } else if let Some((_, name)) = line.split_once(" import ") {
                imports.push((name, line.to_owned()));
            }
        }
        Imports(imports)
    }

    /// Takes the imports whose names `code` mentions.
    pub fn mentioned(&mut self, code: &str) -> Imports {
        if self.0.is_empty() {
            return Imports::default();
        }
        let words: HashSet<&str> = words(code).collect();
        Imports(self.0.extract_if(.., |(name, _)| words.contains(name)).collect())
    }

    /// Adds imports again that have not run.
    pub fn put_back(&mut self, imports: Imports) {
        self.0.extend(imports.0);
    }

    /// Removes imports that have run: those of the same statements.
    pub fn remove(&mut self, ran: &Imports) {
        self.0.retain(|import| !ran.0.contains(import));
    }

    /// The names that they bind.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| *name)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The statements, of which the first that fails is the last.
    pub fn code(&self) -> String {
        self.0.iter().map(|(_, statement)| format!("{statement}\n")).collect()
    }

    /// The statements, of which each may fail.
    pub fn careful_code(&self) -> String {
        self.0.iter().map(|(_, statement)| format!("try:\n {statement}\nexcept Exception:\n 0\n")).collect()
    }
}

/// The words of code, including those in its texts.
fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|letter: char| !letter.is_alphanumeric() && letter != '_').filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_import_runs_when_its_name_is_mentioned() {
        let mut imports = Imports::of("micropython");
        let mut code = |text: &str| imports.mentioned(text).code();
        assert_eq!(code("__belay(pins+Pinball.x_time)"), "");
        assert_eq!(code("p=Pin(2)\ntime.sleep(1)"), "import time\nfrom time import sleep\nfrom machine import Pin\n");
        assert_eq!(code("Pin(2)"), "");
        assert_eq!(code("eval('ADC(1)')"), "from machine import ADC\n");
        let rest = std::mem::take(&mut imports);
        assert!(rest.careful_code().starts_with("try:\n import os\nexcept Exception:\n 0\ntry:\n import sys\n"));
        imports.put_back(rest);
        assert_eq!(imports.mentioned("machine const os").code().lines().count(), 3);
        let circuit = Imports::of("circuitpython").mentioned("I2C board");
        assert_eq!(circuit.code(), "import board\nfrom busio import I2C\n");
    }

    #[test]
    fn code_about_bytes_is_known() {
        for code in ["return bytes(n)", "x=b'a'", "i2c.readfrom(8,2)", "bytearray(3)"] {
            assert!(mentions_bytes(code), "{code}");
        }
        for code in ["return read_adc(3)", "blob=3", "x='a'"] {
            assert!(!mentions_bytes(code), "{code}");
        }
    }
}
