//! The names in a body: which it binds, and which it uses.
//!
//! Uses [`crate::python`]. Invariant: every range is one of the script's text.

use crate::name::PYTHON_KEYWORDS;
use crate::python::lines::Code;
use crate::python::token::{Token, TokenKind};
use std::ops::Range;

/// How a name is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Use {
    /// Something is assigned to it, or it is declared.
    Bound,
    /// It is bound by `from module import name`, or as `import module`: what it is.
    Imported {
        /// The module.
        module: String,
        /// The name in the module.
        name: Option<String>,
    },
    /// Its value is used.
    Read,
    /// It is declared to be global.
    Global,
    /// It is an attribute of a name, if that is what is before the dot.
    Attribute(Option<String>),
    /// It names an argument in a call.
    Argument,
}

/// A name in a body.
#[derive(Clone, Debug)]
pub struct PythonName {
    /// Where it is in the script.
    pub at: Range<usize>,
    /// How it is used.
    pub how: Use,
    /// It is outside of functions and classes in the body.
    pub is_top: bool,
    /// It is declared by `def` or `class`.
    pub is_definition: bool,
    /// The function whose result is assigned to it, as in `adc = machine.ADC(26)`.
    pub made_by: Option<String>,
}

impl PythonName {
    /// Whether the name has a value from here on.
    pub fn is_bound(&self) -> bool {
        matches!(self.how, Use::Bound | Use::Imported { .. })
    }
}

/// The names in the Python at `range`.
pub fn names(text: &str, range: &Range<usize>) -> Vec<PythonName> {
    let Some(source) = text.get(range.clone()) else { return Vec::new() };
    let code = Code::new(source);
    let mut found = Vec::new();
    // The columns of the functions and classes around a line.
    let mut around: Vec<u32> = Vec::new();
    for (number, line) in code.lines.iter().enumerate() {
        // The first line of a body may begin after its quote.
        let column = if number == 0 && line.first_line == 0 { 0 } else { line.column };
        while around.last().is_some_and(|top| *top >= column) {
            around.pop();
        }
        let tokens: Vec<&Token> = code.significant(line).collect();
        for statement in tokens.split(|token| code.is(token, ";")) {
            let reader = Statement { code: &code, tokens: statement, start: range.start, is_top: around.is_empty() };
            reader.read(&mut found);
        }
        if tokens.first().is_some_and(|first| code.is(first, "def") || code.is(first, "class")) {
            around.push(column);
        }
    }
    found
}

struct Statement<'c> {
    code: &'c Code<'c>,
    tokens: &'c [&'c Token],
    /// Where the body begins in the script.
    start: usize,
    is_top: bool,
}

impl<'c> Statement<'c> {
    fn text(&self, at: usize) -> &'c str {
        self.tokens.get(at).map_or("", |token| token.text(self.code.source))
    }

    fn is_name(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(|token| token.kind == TokenKind::Name)
            && !PYTHON_KEYWORDS.contains(&self.text(at))
    }

    fn before(&self, at: usize) -> &'c str {
        at.checked_sub(1).map_or("", |before| self.text(before))
    }

    fn read(&self, found: &mut Vec<PythonName>) {
        match self.text(0) {
            "import" => return self.imports(found),
            "from" => return self.imports_from(found),
            _ => {}
        }
        let (head, assigned) = (self.head(), self.assignment());
        // What the names up to here are: targets of a `for`, or parameters.
        let (mut targets, mut params) = (false, false);
        let mut depth = 0_usize;
        // How deep the outermost index or call is.
        let mut within: Option<usize> = None;
        for at in 0..self.tokens.len() {
            match self.text(at) {
                "(" | "[" | "{" => {
                    depth += 1;
                    let follows = self.is_name(at.saturating_sub(1)) || matches!(self.before(at), ")" | "]");
                    if at > 0 && follows && within.is_none() {
                        within = Some(depth);
                    }
                }
                ")" | "]" | "}" => {
                    within = within.filter(|within| *within != depth);
                    depth = depth.saturating_sub(1);
                    params &= depth > 0;
                }
                "for" => targets = true,
                "in" => targets = false,
                "lambda" => params = true,
                ":" if depth == 0 || self.text(at.saturating_sub(1)) == "lambda" => params = false,
                "def" => params = true,
                _ => {}
            }
            if !self.is_name(at) {
                continue;
            }
            let before = self.before(at);
            let is_definition = matches!(before, "def" | "class");
            let is_param = params && matches!(before, "(" | "," | "*" | "**" | "lambda");
            let is_target = within.is_none()
                && at >= head
                && at < assigned
                && matches!(self.text(at + 1), "," | ")" | "]" | ":" | "" | "=")
                || within.is_none() && at >= head && at + 1 == assigned;
            let how = if matches!(self.text(0), "global" | "nonlocal") {
                Use::Global
            } else if before == "." {
                let receiver = at.checked_sub(2).filter(|receiver| self.is_name(*receiver));
                Use::Attribute(receiver.map(|receiver| self.text(receiver).to_owned()))
            } else if is_definition || is_param || targets || before == "as" || is_target || self.text(at + 1) == ":=" {
                Use::Bound
            } else if depth > 0 && self.text(at + 1) == "=" && matches!(before, "(" | ",") {
                Use::Argument
            } else {
                Use::Read
            };
            self.note(found, at, how, is_definition);
        }
    }

    fn note(&self, found: &mut Vec<PythonName>, at: usize, how: Use, is_definition: bool) {
        let Some(token) = self.tokens.get(at) else { return };
        let at = self.start + token.start..self.start + token.end;
        let made_by = if how == Use::Bound { self.made_by() } else { None };
        found.push(PythonName { at, how, is_top: self.is_top, is_definition, made_by });
    }

    /// The index after the `:` of a statement that a block follows; 0 of others.
    fn head(&self) -> usize {
        if !matches!(
            self.text(0),
            "if" | "elif" | "else" | "for" | "while" | "with" | "try" | "except" | "finally" | "def" | "class"
        ) {
            return 0;
        }
        let mut depth = 0_usize;
        for at in 0..self.tokens.len() {
            match self.text(at) {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth = depth.saturating_sub(1),
                ":" if depth == 0 => return at + 1,
                _ => {}
            }
        }
        self.tokens.len()
    }

    /// The function in `name = function(…)`.
    fn made_by(&self) -> Option<String> {
        if self.text(1) != "=" || !self.is_name(0) {
            return None;
        }
        let mut end = 2;
        while self.is_name(end) && self.text(end + 1) == "." {
            end += 2;
        }
        (self.is_name(end) && self.text(end + 1) == "(").then(|| (2..=end).map(|at| self.text(at)).collect())
    }

    /// The index of the last operator that assigns; 0 if there is none.
    fn assignment(&self) -> usize {
        let mut depth = 0_usize;
        let mut last = 0;
        for at in 0..self.tokens.len() {
            match self.text(at) {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth = depth.saturating_sub(1),
                "lambda" => break,
                "=" | "+=" | "-=" | "*=" | "/=" | "//=" | "%=" | "**=" | "&=" | "|=" | "^=" | "<<=" | ">>=" | "@="
                    if depth == 0 =>
                {
                    last = at;
                }
                _ => {}
            }
        }
        last
    }

    /// `import a, b.c as d`.
    fn imports(&self, found: &mut Vec<PythonName>) {
        let mut module = String::new();
        for at in 1..self.tokens.len() {
            match self.before(at) {
                "import" | "," => module = self.text(at).to_owned(),
                "." => {
                    module = format!("{module}.{}", self.text(at));
                }
                _ => {}
            }
            if !self.is_name(at) {
                continue;
            }
            let imported = Use::Imported { module: module.clone(), name: None };
            match self.before(at) {
                "import" | "," => {
                    let mut end = at;
                    while self.text(end + 1) == "." {
                        end += 2;
                    }
                    let is_renamed = self.text(end + 1) == "as";
                    let how = if is_renamed { Use::Attribute(None) } else { imported };
                    self.note(found, at, how, false);
                }
                "as" => self.note(found, at, imported, false),
                _ => self.note(found, at, Use::Attribute(None), false),
            }
        }
    }

    /// `from a.b import c as d, e`.
    fn imports_from(&self, found: &mut Vec<PythonName>) {
        let Some(import) = (0..self.tokens.len()).find(|at| self.text(*at) == "import") else { return };
        let module: String = (1..import).map(|at| self.text(at)).collect();
        for at in 1..self.tokens.len() {
            if !self.is_name(at) {
                continue;
            }
            let of = |name: &str| Use::Imported { module: module.clone(), name: Some(name.to_owned()) };
            let how = match self.before(at) {
                _ if at < import => Use::Attribute(None),
                "as" => of(self.text(at.saturating_sub(2))),
                _ if self.text(at + 1) == "as" => Use::Attribute(Some(module.clone())),
                _ => of(self.text(at)),
            };
            self.note(found, at, how, false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each name with a letter: bound, imported, read, attribute, argument; in capitals outside of functions.
    fn shown(source: &str) -> String {
        let names = names(source, &(0..source.len()));
        let letter = |name: &PythonName| {
            let letter = match &name.how {
                Use::Bound => 'b',
                Use::Imported { .. } => 'i',
                Use::Read => 'r',
                Use::Global => 'g',
                Use::Attribute(_) => 'a',
                Use::Argument => 'n',
            };
            if name.is_top { letter.to_ascii_uppercase() } else { letter }
        };
        names.iter().map(|name| format!("{}:{}", letter(name), &source[name.at.clone()])).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn names_are_bound_or_used() {
        assert_eq!(shown("a = b"), "B:a R:b");
        assert_eq!(shown("a, (b, c) = d = e.f"), "B:a B:b B:c B:d R:e A:f");
        assert_eq!(shown("a.b = c[d] = 1"), "R:a A:b R:c R:d");
        assert_eq!(shown("f(a=b, c=1)"), "R:f N:a R:b N:c");
        assert_eq!(shown("for i, j in x: y += i"), "B:i B:j R:x B:y R:i");
        assert_eq!(shown("def f(a, b=c):\n  d = a\nd"), "B:f B:a B:b R:c b:d r:a R:d");
        assert_eq!(shown("with open(x) as y: pass"), "R:open R:x B:y");
        assert_eq!(shown("import a.b as c, d"), "A:a A:b I:c I:d");
        assert_eq!(shown("from m import a as b, c"), "A:m A:a I:b I:c");
        assert_eq!(shown("if (n := len(x)) > 1: pass"), "B:n R:len R:x");
        assert_eq!(shown("if a == b: c = d"), "R:a R:b B:c R:d");
        assert_eq!(shown("return sum(v for v in w)"), "R:sum R:v B:v R:w");
    }
}
