//! Host code that is trivially the same in a script: opening devices, calls with literal arguments, waits.
//!
//! Uses the outline and the scope. Invariant: a statement is converted as a whole, or not at all.

use super::Conversion;
use super::literal::{expression, literal, string};
use super::outline::{Source, Statement, Word, arguments, call, keyword, path};
use super::quote::quote;
use super::scope::is_free;
use crate::python::token::TokenKind;

/// Options of `open` that Belay's `Device` has too.
const OPEN_OPTIONS: &[&str] = &["startup", "attempts", "baudrate", "exclusive", "user", "password", "auto_sync_time"];

/// The statements at the outermost level; the block of `if __name__ == "__main__":` counts as such.
pub(super) fn flattened(source: &Source<'_>) -> Vec<Statement> {
    let mut found = Vec::new();
    for statement in source.all() {
        let is_main = matches!(source.texts(statement.head).as_slice(), ["if", "__name__", "==", _, ":"])
            && source.inner(&statement).iter().all(|inner| inner.head < statement.end)
            && !has_else(source, &statement);
        if is_main {
            let head = &source.code.lines[statement.head];
            let lines = head.first_line as usize..head.last_line as usize + 1;
            found.push(Statement { end: statement.head + 1, lines, ..statement.clone() });
            found.extend(source.inner(&statement));
        } else {
            found.push(statement);
        }
    }
    found
}

fn has_else(source: &Source<'_>, statement: &Statement) -> bool {
    let lines = &source.code.lines;
    (statement.head + 1..statement.end).any(|line| lines[line].column <= lines[statement.head].column)
}

impl Conversion<'_, '_> {
    /// The script for a statement of the host, and whether the original stays as a comment. `None` if it is not trivially the
    /// same.
    pub(super) fn host(&mut self, statement: &Statement) -> Option<(Vec<String>, bool)> {
        if statement.end > statement.head + 1 || statement.lines.len() > 40 {
            return None;
        }
        let words = self.source.words(statement.head);
        if let [name, equals, value @ ..] = words.as_slice()
            && name.kind == TokenKind::Name
            && equals.text == "="
        {
            return self.opening(name.text, value);
        }
        let converted = self.call(&words)?;
        Some((vec![format!("{converted};")], false))
    }

    /// `name = Class(port, option=value)`.
    fn opening(&mut self, name: &str, value: &[Word<'_>]) -> Option<(Vec<String>, bool)> {
        let (class, rest) = path(value)?;
        let mut class = self.scope.class(&class).filter(|_| is_free(name))?;
        if let Some(group) = self.groups.named(name) {
            class.clone_from(&group.class);
        }
        let mut incomplete = false;
        let (mut port, mut options, mut note) = (None, Vec::new(), "");
        for (index, argument) in arguments(call(rest)?).into_iter().enumerate() {
            let (key, value) = keyword(argument).unwrap_or((if index == 0 { "device" } else { "" }, argument));
            match (key, expression(value, &mut self.constants)) {
                ("device", Some(value)) => port = Some(value),
                // The command line names the port, or the station file does.
                ("device", None) => {
                    incomplete = true;
                    if self.has_several_ports() {
                        port = Some(format!("\"{name}\""));
                        note = "  // a board of station.toml";
                    }
                }
                (key, Some(value)) if OPEN_OPTIONS.contains(&key) => options.push(format!("{key}: {value}")),
                _ => incomplete = true,
            }
        }
        let options = (!options.is_empty()).then(|| format!("#{{ {} }}", options.join(", ")));
        let written: Vec<String> = port.into_iter().chain(options).collect();
        self.open.push(name.to_owned());
        Some((vec![format!("let {name} = {class}.open({});{note}", written.join(", "))], incomplete))
    }

    /// Whether several devices are opened with ports that are only known when the program runs.
    fn has_several_ports(&self) -> bool {
        let unknown = |statement: &Statement| {
            let words = self.source.words(statement.head);
            let class = words.get(2..).and_then(path).filter(|_| words[1].text == "=");
            class.is_some_and(|(class, rest)| {
                let given = arguments(call(rest).unwrap_or_default());
                let port = given.iter().enumerate().find_map(|(index, argument)| match keyword(argument) {
                    Some(("device", value)) => Some(value),
                    None if index == 0 => Some(*argument),
                    _ => None,
                });
                self.scope.class(&class).is_some() && port.is_some_and(|port| literal(port, 0).is_none())
            })
        };
        flattened(self.source).iter().filter(|statement| unknown(statement)).count() > 1
    }

    /// A call of an item, of a method that every device has, or of `sleep`.
    fn call(&mut self, words: &[Word<'_>]) -> Option<String> {
        let (mut name, rest) = path(words)?;
        let inner = call(rest)?;
        if self.scope.is_sleep(&name) {
            let [seconds] = arguments(inner).try_into().ok()?;
            return Some(format!("sleep({})", expression(seconds, &mut self.constants)?));
        }
        // `device.task.name(…)` is `device.name(…)`.
        if let [_, "task" | "setup" | "thread" | "teardown", _] = name.as_slice() {
            name.remove(1);
        }
        let is_open = {
            let open = self.open.clone();
            move |device: &str| open.iter().any(|open| open == device)
        };
        match name.as_slice() {
            [function] if !is_open(function) => {
                let device = self.groups.device_of(self.source, function)?.variable.clone();
                if !is_open(&device) {
                    return None;
                }
                Some(format!("{device}.{function}({})", self.arguments(function, inner)?))
            }
            [device] if is_open(device) => {
                let [code] = arguments(inner).try_into().ok()?;
                let code: &[Word<'_>] = code;
                let text = string(code)?;
                let quoted = if text.contains('\n') { raw(&text) } else { super::literal::quoted(&text) };
                Some(format!("{device}.exec({quoted})"))
            }
            [device, member] if is_open(device) => {
                let is_item = self.scope.members.contains(*member)
                    || self.groups.named(device).is_some_and(|group| group.has(self.source, member));
                let count = arguments(inner).len();
                let is_built_in = match *member {
                    "close" | "soft_reset" | "reconnect" | "sync_time" => count == 0,
                    "sync" => count == 1,
                    _ => false,
                };
                if !is_item && !is_built_in {
                    return None;
                }
                Some(format!("{device}.{member}({})", self.arguments(member, inner)?))
            }
            _ => None,
        }
    }

    /// Literal arguments of an item, named ones last.
    fn arguments(&mut self, item: &str, inner: &[Word<'_>]) -> Option<String> {
        let (mut written, mut named) = (Vec::new(), Vec::new());
        for argument in arguments(inner) {
            match keyword(argument) {
                Some((key, value)) => named.push(format!("{key}: {}", expression(value, &mut self.constants)?)),
                None => written.push(expression(argument, &mut self.constants)?),
            }
        }
        if !named.is_empty() {
            // A thread takes none.
            if self.scope.threads.contains(item) {
                return None;
            }
            written.push(format!("kw(#{{ {} }})", named.join(", ")));
        }
        Some(written.join(", "))
    }
}

/// A text of several lines between quotes; a script drops a line end directly after a back-tick.
fn raw(text: &str) -> String {
    let quoted = quote(text);
    if quoted.starts_with("`\n") { format!("`\n{}", &quoted[1..]) } else { quoted }
}
