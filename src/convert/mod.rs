//! Translates Python for Belay into a script: decorated functions become items of `device` blocks, and what is trivially the
//! same for the host is written in the script language. Everything else stays as comments with its line.
//!
//! May use [`crate::python`], [`crate::value`], and the plain data of [`crate::device`]. Invariant: pure. Nothing of the
//! source is lost: each of its lines is converted, a comment, or reported.

mod groups;
mod host;
mod item;
mod literal;
mod outline;
mod quote;
mod scope;
mod writer;

#[cfg(test)]
mod tests;

pub use scope::Beside;

use crate::python::SourceError;
use crate::python::token::{Token, TokenKind};
use groups::Groups;
use item::docstring;
use literal::Constants;
use outline::{Source, Statement};
use scope::{Scope, bases, decorations};
use std::collections::BTreeSet;
use writer::Writer;

/// A converted source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Converted {
    /// The script.
    pub script: String,
    /// Number of `device` blocks.
    pub classes: usize,
    /// Number of items.
    pub items: usize,
    /// Number of lines of host code that are comments in the script.
    pub host_lines: usize,
    /// What was left out, and why, in the order of the source.
    pub reports: Vec<SourceError>,
    /// Files of modules whose classes the script imports, without `.py`.
    pub modules: Vec<String>,
}

/// Converts `text`, a source called `name`; `beside` returns the text of a module beside it.
///
/// # Errors
/// Invalid Python, with its line.
pub fn convert(name: &str, text: &str, beside: Beside<'_>) -> Result<Converted, SourceError> {
    let text = normal(text);
    let source = Source::new(&text)?;
    let scope = Scope::of(&source, beside);
    let statements = host::flattened(&source);
    let groups = Groups::of(&source, &scope, &statements);
    let mut done = Converted::default();
    let mut used = BTreeSet::new();
    // Which constants the script uses is known only after a first pass.
    for _ in 0..2 {
        let known = scope.constants.iter().map(|(name, _)| name.clone()).collect();
        let mut conversion = Conversion {
            source: &source,
            scope: &scope,
            groups: &groups,
            constants: Constants { known, used },
            writer: Writer::default(),
            done: Converted::default(),
            open: Vec::new(),
        };
        let head = conversion.head(&statements);
        conversion.body(&statements, head.as_ref().map_or(0, |(_, end)| *end))?;
        used = conversion.constants.used.clone();
        done = conversion.finish(name, head.map(|(lines, _)| lines));
    }
    Ok(done)
}

/// The text with LF for every line end, and without a byte order mark.
fn normal(text: &str) -> String {
    text.trim_start_matches('\u{feff}').replace("\r\n", "\n").replace('\r', "\n")
}

/// A comment of the script, from the text after the mark of one in Python.
fn comment(text: &str) -> String {
    mark("//", text.strip_prefix(' ').unwrap_or(text))
}

/// `mark` and a text, without a space at the end.
fn mark(mark: &str, text: &str) -> String {
    format!("{mark} {text}").trim_end().to_owned()
}

/// A conversion in progress.
struct Conversion<'c, 's> {
    source: &'c Source<'s>,
    scope: &'c Scope,
    groups: &'c Groups,
    constants: Constants,
    writer: Writer,
    done: Converted,
    /// Devices that the script has opened.
    open: Vec<String>,
}

impl<'s> Conversion<'_, 's> {
    /// The documentation of the module as the head of the script, and the physical line after it.
    fn head(&self, statements: &[Statement]) -> Option<(Vec<String>, usize)> {
        let first = statements.first()?;
        let doc = docstring(&self.source.code)?;
        Some((doc.iter().map(|line| line.replacen("///", "//!", 1)).collect(), first.lines.end))
    }

    /// The statements at the outermost level, and the comments between them.
    fn body(&mut self, statements: &[Statement], start: usize) -> Result<(), SourceError> {
        let mut at = start;
        for (index, statement) in statements.iter().enumerate().filter(|(_, one)| one.lines.start >= start) {
            self.between(at..statement.lines.start, "");
            at = statement.lines.end.max(at);
            for device in self.groups.at(index) {
                self.group(device)?;
            }
            if self.groups.has(statement) {
                continue;
            }
            if let Some(name) = self.scope.device_class(self.source, statement) {
                self.class(&name, statement)?;
            } else if let Some((lines, keep)) = self.host(statement) {
                if keep {
                    self.host_lines(statement.lines.clone(), "");
                    self.writer.join();
                }
                let note = if keep { String::new() } else { self.note(statement) };
                lines.iter().for_each(|line| self.writer.line(&format!("{line}{note}")));
            } else if !self.is_constant(statement) {
                self.host_lines(statement.lines.clone(), "");
            }
        }
        self.between(at..self.source.lines.len(), "");
        Ok(())
    }

    /// Comments and blank lines between statements.
    fn between(&mut self, lines: std::ops::Range<usize>, margin: &str) {
        for line in lines {
            let text = self.source.lines[line].trim();
            if self.groups.is_taken(line) || (line < 2 && (text.starts_with("#!") || text.contains("-*- coding"))) {
                continue;
            }
            match text.strip_prefix('#') {
                Some(text) => self.writer.line(&format!("{margin}{}", comment(text))),
                None => self.writer.blank(),
            }
        }
    }

    /// Lines of host code, as comments with their numbers.
    fn host_lines(&mut self, lines: std::ops::Range<usize>, margin: &str) {
        for line in lines.filter(|line| !self.groups.is_taken(*line)) {
            let text = self.source.lines[line];
            if !text.trim().is_empty() {
                self.writer.host(&format!("{margin}{}", mark(&format!("// {}:", line + 1), text)));
                self.done.host_lines += 1;
            }
        }
    }

    /// A device class.
    fn class(&mut self, name: &str, statement: &Statement) -> Result<(), SourceError> {
        let words = self.source.words(statement.head);
        let mut parents = Vec::new();
        for base in bases(words.get(2..).unwrap_or_default()) {
            let path = outline::path(base).map(|(path, _)| path).unwrap_or_default();
            match self.scope.class(&path) {
                Some(class) if class == "Device" => {}
                Some(class) => parents.push(class),
                None => {
                    let line = self.source.code.lines[statement.head].first_line;
                    let message = format!("the base class `{}` of `{name}` is unknown", path.join("."));
                    let help = "convert its module, import that, and name the class after the colon";
                    self.done.reports.push(SourceError::new(line, message, help));
                }
            }
        }
        self.host_lines(statement.lines.start..self.source.code.lines[statement.head].first_line as usize, "");
        let inner = self.source.inner(statement);
        let mut at = self.source.code.lines[statement.head].last_line as usize + 1;
        let block = self.source.lines.get(at..statement.lines.end).unwrap_or_default().join("\n");
        let code = crate::python::lines::Code::new(&block);
        let doc = if inner.is_empty() { None } else { docstring(&code) };
        doc.iter().flatten().for_each(|line| self.writer.line(line));
        let rest = if doc.is_some() { &inner[1..] } else { &inner[..] };
        at = if doc.is_some() { inner[0].lines.end } else { at };
        let notes: Vec<String> = self.comments(statement.head).into_iter().map(comment).collect();
        notes.iter().for_each(|note| self.writer.line(note));
        self.open_block(name, &parents);
        for member in rest {
            self.between(at..member.lines.start, "    ");
            at = member.lines.end;
            let found = decorations(self.source, member);
            let texts = self.source.texts(member.head);
            if found.is_empty() && !matches!(texts.as_slice(), ["pass" | "..."]) {
                self.host_lines(member.lines.clone(), "    ");
            }
            // Belay uses the decorator that is applied last.
            if let Some(decoration) = found.first() {
                self.item(member, decoration)?;
            }
        }
        self.between(at..statement.lines.end, "    ");
        self.writer.close();
        Ok(())
    }

    fn open_block(&mut self, name: &str, parents: &[String]) {
        let inherits = if parents.is_empty() { String::new() } else { format!(" : {}", parents.join(", ")) };
        self.writer.line(&format!("device {name}{inherits} {{"));
        self.done.classes += 1;
    }

    /// The comments of a statement, to be written after it.
    fn note(&self, statement: &Statement) -> String {
        let found = self.comments(statement.head);
        if found.is_empty() { String::new() } else { format!("  {}", comment(&found.join(" "))) }
    }

    /// The comments in a logical line, without their marks.
    fn comments(&self, line: usize) -> Vec<&'s str> {
        let line = &self.source.code.lines[line];
        let inside = |token: &&Token| {
            token.kind == TokenKind::Comment && (line.first_line..=line.last_line).contains(&token.line)
        };
        let text = |token: &Token| token.text(self.source.code.source).trim_start_matches('#').trim();
        self.source.code.tokens.iter().filter(inside).map(text).collect()
    }

    /// The class of the items that belong to one device, and its opening if that is not a statement of its own.
    fn group(&mut self, device: &groups::Group) -> Result<(), SourceError> {
        let parents: Vec<String> = device.parent.iter().cloned().collect();
        self.writer.blank();
        self.open_block(&device.class, &parents);
        for (statement, above) in &device.items {
            self.writer.blank();
            self.between_taken(above.clone());
            let found = decorations(self.source, statement);
            if let Some(decoration) = found.iter().find(|one| one.owner.as_slice() == [device.variable.as_str()]) {
                self.item(statement, decoration)?;
            }
        }
        self.writer.close();
        self.writer.blank();
        Ok(())
    }

    /// The comments directly above an item that has moved.
    fn between_taken(&mut self, lines: std::ops::Range<usize>) {
        for line in lines {
            if let Some(text) = self.source.lines[line].trim().strip_prefix('#') {
                self.writer.line(&format!("    {}", comment(text)));
            }
        }
    }

    /// One item, in a block.
    fn item(&mut self, statement: &Statement, decoration: &scope::Decoration<'_>) -> Result<(), SourceError> {
        self.decorators(statement);
        let reports = &mut self.done.reports;
        match item::item(self.source, statement, decoration, &mut self.constants, reports)? {
            Some(item) => {
                item.above.iter().for_each(|line| self.writer.line(&format!("    {line}")));
                self.writer.line(&format!("    {}", item.text));
                self.done.items += 1;
            }
            None => {
                for line in statement.lines.clone() {
                    let text = self.source.lines[line];
                    self.writer.host(&format!("    {}", mark(&format!("// {}:", line + 1), text)));
                    self.done.host_lines += 1;
                }
            }
        }
        Ok(())
    }

    /// Comments at the decorators, and decorators of others.
    fn decorators(&mut self, statement: &Statement) {
        let lines = &self.source.code.lines;
        for line in statement.decorators.clone() {
            let texts = self.source.texts(line);
            let is_known = matches!(texts.last(), Some(&"staticmethod"))
                || matches!(texts.as_slice(), ["@", "micropython", ".", "native" | "viper"])
                || decorations(self.source, statement).iter().any(|decoration| decoration.line == line);
            if !is_known {
                let first = lines[line].first_line as usize;
                self.writer
                    .line(&format!("    {}", mark(&format!("// {}:", first + 1), self.source.lines[first].trim())));
                self.done.host_lines += 1;
            }
            for text in self.comments(line) {
                self.writer.line(&format!("    {}", comment(text)));
            }
        }
    }

    /// Whether a statement assigns a constant that the script uses, and has at its beginning.
    fn is_constant(&self, statement: &Statement) -> bool {
        match self.source.texts(statement.head).as_slice() {
            [name, "=" | ":", ..] => self.constants.used.contains(*name),
            _ => false,
        }
    }

    fn finish(mut self, name: &str, head: Option<Vec<String>>) -> Converted {
        let mut script: Vec<String> = head.unwrap_or_default();
        if !script.is_empty() {
            script.push(String::new());
        }
        script.push(format!("// Converted from {} by `belay-script convert`.", name.replace(['\n', '\r'], " ")));
        if self.done.host_lines > 0 {
            script.push(
                "// Comments with a line number are its host code: write them in Rhai, or remove them.".to_owned(),
            );
        }
        script.push(String::new());
        for (file, alias) in &self.scope.modules {
            script.push(format!("import {} as {alias};", literal::quoted(file)));
        }
        for (name, value) in self.scope.constants.iter().filter(|(name, _)| self.constants.used.contains(name)) {
            script.push(format!("const {name} = {value};"));
        }
        if !self.scope.modules.is_empty() || !self.constants.used.is_empty() {
            script.push(String::new());
        }
        script.extend(self.writer.lines());
        while script.last().is_some_and(String::is_empty) {
            script.pop();
        }
        self.done.script = script.join("\n") + "\n";
        self.done.reports.sort_by_key(|report| report.line);
        self.done.modules = self.scope.modules.keys().cloned().collect();
        self.done
    }
}
