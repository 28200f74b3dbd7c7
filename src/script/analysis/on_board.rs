//! What the code in strings of a script defines on boards: `exec`, `proxy`, items declared from a `def`, startup code.
//!
//! Invariant: code that is computed may define anything.

use crate::python::names::{Names, ScopeKind};
use crate::python::signature::parse_def;
use crate::script::analysis::tree::literal;
use rhai::Expr;
use std::collections::HashSet;

/// Functions of devices that take code as a string.
const TAKING_CODE: &[&str] = &["exec", "proxy", "task", "thread", "setup", "teardown"];

/// Stands for a computed part of a string.
const HOLE: &str = "_belay_hole";

/// Globals of boards.
#[derive(Default)]
pub(crate) struct OnBoard {
    /// Names that code in strings defines.
    pub names: HashSet<String>,
    /// Any name may be defined.
    pub is_open: bool,
}

impl OnBoard {
    /// Notes what an expression of a script defines.
    pub fn note(&mut self, expression: &Expr) {
        match expression {
            Expr::MethodCall(call, _) if TAKING_CODE.contains(&call.name.as_str()) => {
                if let Some(code) = call.args.first() {
                    self.note_code(code, &call.name);
                }
            }
            // The first argument is the device.
            Expr::FnCall(call, _) if !call.is_qualified() && TAKING_CODE.contains(&call.name.as_str()) => {
                if let Some(code) = call.args.get(1) {
                    self.note_code(code, &call.name);
                }
            }
            Expr::Map(map, _) => map.0.iter().for_each(|(key, value)| self.note_key(&key.name, Some(value))),
            _ => {}
        }
    }

    /// Notes an option of `open`; `None`: its value is computed.
    pub fn note_key(&mut self, key: &str, value: Option<&Expr>) {
        match (key, value) {
            ("startup", Some(code)) => self.note_code(code, "exec"),
            // What was there before stays.
            ("soft_reset", Some(Expr::BoolConstant(true, _))) => {}
            ("startup" | "soft_reset", _) => self.is_open = true,
            _ => {}
        }
    }

    fn note_code(&mut self, code: &Expr, by: &str) {
        let text = match code {
            Expr::InterpolatedString(parts, _) => {
                parts.iter().map(|part| literal(part).unwrap_or(HOLE)).collect::<String>()
            }
            code => match literal(code) {
                Some(text) => text.to_owned(),
                None => {
                    self.is_open = true;
                    return;
                }
            },
        };
        match globals(&text, by) {
            Some(names) => self.names.extend(names),
            None => self.is_open = true,
        }
    }
}

/// The globals that code defines; `None`: not known.
fn globals(text: &str, by: &str) -> Option<Vec<String>> {
    let definition;
    let (code, params) = match by {
        "setup" | "teardown" => {
            definition = parse_def(text).ok()?;
            (definition.body.as_str(), definition.params.iter().map(|param| param.name.as_str()).collect())
        }
        _ => (text, Vec::new()),
    };
    let names = Names::of(code, ScopeKind::Module, &params)?;
    let bound: Vec<String> = names.globals().into_iter().map(str::to_owned).collect();
    // A computed statement, or a computed name.
    let is_computed =
        code.lines().any(|line| line.trim().starts_with(HOLE)) || bound.iter().any(|name| name.contains(HOLE));
    (!names.is_open && !is_computed).then_some(bound)
}
