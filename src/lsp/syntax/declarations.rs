//! The words that begin declarations and statements: blocks, items, functions, variables, loops, imports.

use super::build::{Builder, Pending};
use super::device;
use super::hints::hint;
use super::{Hint, Import, Parameter, Role, What};
use crate::bench::select::COMPUTED;
use crate::script::CONSOLE_SETTINGS;

impl Builder<'_> {
    /// Whether a word that no member has begins a statement, although the line above ends with a dot.
    pub fn begins_line(&self, at: usize, word: &str) -> bool {
        let is_statement = matches!(
            word,
            "let"
                | "const"
                | "fn"
                | "private"
                | "for"
                | "while"
                | "loop"
                | "if"
                | "switch"
                | "try"
                | "import"
                | "export"
                | "return"
                | "throw"
        );
        let gap = self.range(at.saturating_sub(1)).end..self.range(at).start;
        is_statement && self.text.get(gap).is_some_and(|gap| gap.contains('\n'))
    }

    /// A word that begins a block or an item here; gives the index after what it reads.
    pub fn block_word(&mut self, at: usize, word: &str) -> Option<usize> {
        let next_is_name = self.word(at + 1).is_some_and(|next| !matches!(next, "in" | "as"));
        if let Some(class) = self.class() {
            let what = match word {
                "setup" => What::Setup,
                "command" | "query" if self.syntax.symbols[class].is_instrument => What::Task,
                "task" => What::Task,
                "thread" => What::Thread,
                "teardown" => What::Teardown,
                "method" => What::Method,
                // What a class of consoles sets, such as its prompt.
                setting if self.syntax.symbols[class].is_instrument && CONSOLE_SETTINGS.contains(&setting) => {
                    self.set_role(at, Role::Option);
                    return Some(at + 1);
                }
                _ => return None,
            };
            if next_is_name {
                self.set_role(at, Role::Keyword);
                let item = self.syntax.symbols.len();
                let next = device::item(self, what, at, class);
                self.syntax.symbols[item].written = match word {
                    "command" => "command",
                    "query" => "query",
                    _ => "",
                };
                return Some(next);
            }
            return None;
        }
        let begins_statement = matches!(self.before(at).1, "" | ";" | "{" | "}");
        match word {
            "device" if next_is_name => Some(self.device(at)),
            "instrument" | "console" if next_is_name => {
                let class = self.syntax.symbols.len();
                let next = self.device(at);
                self.syntax.symbols[class].is_instrument = true;
                self.syntax.symbols[class].written = if word == "console" { "console" } else { "instrument" };
                Some(next)
            }
            "test" | "group" | "subtest" if self.is_string(at + 1) => {
                let what = if word == "test" { What::Test } else { What::Group };
                Some(self.test(what, at, at + 1))
            }
            "setup_all" | "setup_each" | "teardown_each" | "teardown_all"
                if begins_statement && (self.is(at + 1, "{") || next_is_name) =>
            {
                Some(self.test(What::Hook, at, at))
            }
            _ => None,
        }
    }

    /// The head of a `device` block.
    pub fn device(&mut self, at: usize) -> usize {
        self.set_role(at, Role::Keyword);
        let class = self.declare(What::Class, at + 1, at, 0);
        let mut next = at + 2;
        if self.is(next, ":") {
            next = device::bases(self, class, next + 1);
        }
        let depth = self.stack.len();
        if self.is(next, "{") {
            self.pending.push(Pending { depth, symbol: Some(class), ..Pending::default() });
        }
        next
    }

    /// The head of a test, a group or a hook. `name`: the token with its name.
    pub fn test(&mut self, what: What, at: usize, name: usize) -> usize {
        self.set_role(at, Role::Keyword);
        let scope = self.scope();
        let symbol = self.declare(what, name, at, scope);
        let mut name = name;
        if what != What::Hook {
            let (_, written) = self.token(name);
            let mut plain = written.trim_matches('#').trim_matches(['"', '`']).to_owned();
            // A computed part ends the text that is known.
            if let Some(known) = plain.strip_suffix("${") {
                plain = format!("{known}{COMPUTED}");
                name = self.end_of_text(name);
            }
            self.syntax.symbols[symbol].name = plain;
        }
        let depth = self.stack.len();
        self.pending.push(Pending { depth, symbol: Some(symbol), ..Pending::default() });
        let mut next = name + 1;
        // The names of options; their values are expressions.
        if self.word(next).is_some() {
            self.set_role(next, Role::Option);
            next += 1;
        }
        let mut ahead = next;
        while ahead < self.code.len() && ahead < next + 64 && !self.is(ahead, "{") {
            if self.word(ahead).is_some() && self.is(ahead + 1, "=") && !self.is(ahead + 2, "=") {
                self.set_role(ahead, Role::Option);
            }
            ahead += 1;
        }
        next
    }

    /// The last token of the back-tick text that begins at a token.
    fn end_of_text(&self, at: usize) -> usize {
        let mut depth = 0_usize;
        for next in at..self.code.len() {
            let (_, text) = self.token(next);
            depth += usize::from(self.is_string(next) && text.ends_with("${"));
            depth -= usize::from(depth > 0 && text == "}");
            if depth == 0 && text.ends_with('`') {
                return next;
            }
        }
        at
    }

    pub fn keyword(&mut self, at: usize, word: &str) -> usize {
        match word {
            "let" | "const" if self.word(at + 1).is_some() => {
                let what = if word == "let" { What::Variable } else { What::Constant };
                let start = if self.before(at).1 == "export" { at - 1 } else { at };
                let is_exported = start < at;
                let symbol = self.declare(what, at + 1, start, self.scope());
                self.syntax.symbols[symbol].is_hidden = !is_exported;
                if self.is(at + 2, "=") {
                    self.syntax.symbols[symbol].hint = hint(self, at + 3);
                }
                self.statement = Some((symbol, self.stack.len()));
                at + 2
            }
            "fn" if self.word(at + 1).is_some() => self.function(at),
            "for" => self.loop_head(at),
            "catch" if self.is(at + 1, "(") && self.word(at + 2).is_some() => {
                let symbol = self.declare(What::Variable, at + 2, at, self.scope());
                let depth = self.stack.len();
                self.pending.push(Pending { depth, inner: vec![symbol], ..Pending::default() });
                at + if self.is(at + 3, ")") { 4 } else { 3 }
            }
            "import" if self.is_string(at + 1) => self.import(at),
            "as" if self.word(at + 1).is_some() => at + 2,
            _ => at + 1,
        }
    }

    pub fn function(&mut self, at: usize) -> usize {
        let is_private = self.before(at).1 == "private";
        let start = if is_private { at - 1 } else { at };
        // `fn Type.name()`.
        let name = if self.is(at + 2, ".") && self.word(at + 3).is_some() { at + 3 } else { at + 1 };
        let symbol = self.declare(What::Function, name, start, 0);
        self.syntax.symbols[symbol].is_hidden = is_private;
        let mut next = name + 1;
        let mut inner = Vec::new();
        if self.is(next, "(") {
            next += 1;
            while let Some(_name) = self.word(next) {
                inner.push(self.declare(What::Parameter, next, next, self.scope()));
                next += 1;
                if self.is(next, ",") {
                    next += 1;
                }
            }
            if self.is(next, ")") {
                next += 1;
            }
        }
        let names = inner.iter().map(|param| self.syntax.symbols[*param].name.clone());
        let params = names.map(|name| Parameter { shown: name.clone(), name }).collect();
        self.syntax.symbols[symbol].params = params;
        let depth = self.stack.len();
        if self.is(next, "{") {
            self.pending.push(Pending { depth, inner, symbol: Some(symbol), is_function: true });
        }
        next
    }

    pub fn loop_head(&mut self, at: usize) -> usize {
        let mut next = at + 1;
        let is_pair = self.is(next, "(");
        next += usize::from(is_pair);
        let mut inner = Vec::new();
        while self.word(next).is_some_and(|word| word != "in") {
            inner.push(self.declare(What::Variable, next, next, self.scope()));
            next += 1;
            if self.is(next, ",") {
                next += 1;
            }
        }
        if is_pair && self.is(next, ")") {
            next += 1;
        }
        if self.is(next, "in")
            && let Some(first) = inner.first()
        {
            self.syntax.symbols[*first].hint = match hint(self, next + 1) {
                Hint::Devices(class) => Hint::Device(class),
                Hint::Same(name) => Hint::Element(name),
                _ => Hint::Unknown,
            };
        }
        let depth = self.stack.len();
        // The rows of a test.
        match self.pending.last_mut() {
            Some(test) if test.depth == depth && test.symbol.is_some() => test.inner.extend(inner),
            _ => self.pending.push(Pending { depth, inner, ..Pending::default() }),
        }
        next
    }

    pub fn import(&mut self, at: usize) -> usize {
        let (range, (_, written)) = (self.range(at + 1), self.token(at + 1));
        let path = written.trim_matches('#').trim_matches(['"', '`']).to_owned();
        let mut alias = None;
        let mut next = at + 2;
        if self.is(at + 2, "as") && self.word(at + 3).is_some() {
            self.set_role(at + 2, Role::Keyword);
            let symbol = self.declare(What::Alias, at + 3, at, self.scope());
            self.syntax.symbols[symbol].rest.clone_from(&path);
            alias = Some(self.syntax.symbols[symbol].name.clone());
            next = at + 4;
        }
        self.syntax.imports.push(Import { path, at: range, alias });
        next
    }
}
