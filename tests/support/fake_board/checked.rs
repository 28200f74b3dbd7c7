//! Code that the board checks before it runs: the statements that the session sends for it where there is no flow control.
//!
//! The fake knows these and no other Python. Invariant: a statement that is not exactly one of them is a syntax error.

use super::State;
use belay_script::value::Value;
use belay_script::value::parse::parse;

/// What a statement comes to.
pub(super) enum Checked {
    /// It is none of these: a program.
    Other,
    /// It has ended without a word.
    Done,
    /// It runs this program.
    Runs(String),
    /// It raises this, or is not compiled.
    Raises(String),
    Uncompiled,
}

impl State {
    /// Runs a statement of the session.
    pub(super) fn check(&mut self, code: &[u8]) -> Checked {
        let Ok(text) = std::str::from_utf8(code) else { return Checked::Uncompiled };
        if !text.contains("__belay_j") && !text.contains(";exec(") {
            return Checked::Other;
        }
        self.statement(text).unwrap_or(Checked::Uncompiled)
    }

    fn statement(&mut self, text: &str) -> Option<Checked> {
        if text == "__belay_j=0" {
            self.pieces.clear();
            return Some(Checked::Done);
        }
        if let Some(literal) = text.strip_prefix("__belay_j.append(").and_then(|rest| rest.strip_suffix(')')) {
            self.pieces.push(bytes(literal)?);
            return Some(Checked::Done);
        }
        let (begin, end) = match text.rsplit_once(";exec(__belay_j.pop()if sum(__belay_j[0])==") {
            Some((begin, end)) => (begin, Some(end.strip_suffix("')")?.split_once(" else'")?)),
            None => (text, None),
        };
        let inner = begin.strip_prefix("__belay_j=[")?.strip_suffix(']')?;
        let piece = if inner == "b''.join(__belay_j)" { self.pieces.concat() } else { bytes(inner)? };
        self.pieces = vec![piece];
        let Some((expected, token)) = end else { return Some(Checked::Done) };
        let expected: u64 = expected.parse().ok()?;
        let piece = self.pieces.pop()?;
        if piece.iter().map(|&byte| u64::from(byte)).sum::<u64>() != expected {
            return Some(Checked::Raises(format!("NameError: name '{token}' isn't defined")));
        }
        Some(Checked::Runs(String::from_utf8_lossy(&piece).into_owned()))
    }
}

fn bytes(literal: &str) -> Option<Vec<u8>> {
    match parse(literal) {
        Ok(Value::Bytes(bytes)) => Some(bytes),
        _ => None,
    }
}

/// The traceback of a program that `exec` runs.
pub(super) fn within_exec(error: &[u8]) -> Vec<u8> {
    const HEADER: &str = "Traceback (most recent call last):\r\n";
    let text = String::from_utf8_lossy(error).replace("<stdin>", "<string>");
    text.replacen(HEADER, &format!("{HEADER}  File \"<stdin>\", line 1, in <module>\r\n"), 1).into_bytes()
}
