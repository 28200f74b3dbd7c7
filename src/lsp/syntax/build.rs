//! Reads the tokens of a script into [`Syntax`].
//!
//! One pass with a stack of open brackets, and no recursion. Invariant: an unclosed bracket ends at a `;` or with the bracket
//! around it, so that a statement that is being typed does not swallow the rest.

use super::device;
use super::hints::hint;
use super::{Form, Hint, Name, Parameter, Receiver, Role, Scope, Symbol, Syntax, What};
use crate::script::{BLOCK_KEYWORDS, KEYWORDS, ScriptToken, TokenKind, Tokens};
use std::ops::Range;

/// How many tokens the search for a closing bracket looks at.
const FURTHEST: usize = 2000;

/// An open bracket.
pub(super) struct Open {
    sign: char,
    /// Its index among the tokens of code.
    token: usize,
    /// The scope that ends with it.
    scope: Option<usize>,
    /// The declaration that ends with it.
    symbol: Option<usize>,
    is_map: bool,
}

/// What the next `{` begins.
#[derive(Default)]
pub(super) struct Pending {
    /// How many brackets are open around it.
    pub depth: usize,
    /// Symbols that are seen in it.
    pub inner: Vec<usize>,
    /// The declaration that ends with it.
    pub symbol: Option<usize>,
    pub is_function: bool,
}

/// The state of the pass.
pub(super) struct Builder<'t> {
    pub text: &'t str,
    /// The tokens without comments, as indices of all tokens.
    pub code: Vec<usize>,
    pub syntax: Syntax,
    pub stack: Vec<Open>,
    pub pending: Vec<Pending>,
    /// The `let` or `const` whose `;` has not come, with the number of open brackets.
    pub statement: Option<(usize, usize)>,
}

/// The syntax of a text.
pub(super) fn build(text: &str) -> Syntax {
    let tokens: Vec<ScriptToken> = Tokens::new(text).list().to_vec();
    let code = (0..tokens.len()).filter(|index| tokens[*index].kind != TokenKind::Comment).collect();
    let roles = vec![Role::Other; tokens.len()];
    let scopes = vec![Scope { range: 0..text.len(), parent: None, is_function: false }];
    let syntax = Syntax { tokens, roles, scopes, ..Syntax::default() };
    let mut builder = Builder { text, code, syntax, stack: Vec::new(), pending: Vec::new(), statement: None };
    let mut at = 0;
    while at < builder.code.len() {
        let next = builder.step(at);
        at = next.max(at + 1);
    }
    while !builder.stack.is_empty() {
        builder.pop(text.len());
    }
    let mut syntax = builder.syntax;
    for body in &mut syntax.bodies {
        body.names = super::python::names(text, &body.range);
    }
    syntax.names.sort_by_key(|name| name.at.start);
    let starts: Vec<usize> = syntax.tokens.iter().map(|token| token.range.start).collect();
    for (index, name) in syntax.names.iter().enumerate() {
        if let Ok(token) = starts.binary_search(&name.at.start) {
            syntax.roles[token] = Role::Name(index);
        }
    }
    for (index, symbol) in syntax.symbols.iter().enumerate() {
        syntax.by_name.entry(symbol.name.clone()).or_default().push(index);
    }
    syntax.brackets.sort_by_key(|range| range.start);
    syntax
}

impl<'t> Builder<'t> {
    /// The kind and text of a token of code; a sign without text beyond the end.
    pub fn token(&self, at: usize) -> (TokenKind, &'t str) {
        match self.code.get(at) {
            Some(index) => {
                let token = &self.syntax.tokens[*index];
                (token.kind, self.text.get(token.range.clone()).unwrap_or_default())
            }
            None => (TokenKind::Sign, ""),
        }
    }

    pub fn is(&self, at: usize, text: &str) -> bool {
        self.token(at).1 == text
    }

    /// The name at an index, if it is one.
    pub fn word(&self, at: usize) -> Option<&'t str> {
        let (kind, text) = self.token(at);
        (kind == TokenKind::Word && text.starts_with(|c: char| c.is_alphabetic() || c == '_')).then_some(text)
    }

    pub fn range(&self, at: usize) -> Range<usize> {
        let end = self.text.len()..self.text.len();
        self.code.get(at).map_or(end, |index| self.syntax.tokens[*index].range.clone())
    }

    pub fn is_string(&self, at: usize) -> bool {
        let (kind, text) = self.token(at);
        kind == TokenKind::Raw || kind == TokenKind::Text && !text.starts_with('\'')
    }

    pub fn set_role(&mut self, at: usize, role: Role) {
        if let Some(index) = self.code.get(at) {
            self.syntax.roles[*index] = role;
        }
    }

    pub fn before(&self, at: usize) -> (TokenKind, &'t str) {
        at.checked_sub(1).map_or((TokenKind::Sign, ""), |before| self.token(before))
    }

    /// Whether the tokens at `at` and after it touch.
    pub fn touches(&self, at: usize) -> bool {
        self.range(at).end == self.range(at + 1).start
    }

    /// The current scope.
    pub fn scope(&self) -> usize {
        self.stack.iter().rev().find_map(|open| open.scope).unwrap_or(0)
    }

    /// The class or group that is open.
    pub fn parent(&self) -> Option<usize> {
        let holds = |symbol: &usize| matches!(self.syntax.symbols[*symbol].what, What::Class | What::Group);
        self.stack.iter().rev().find_map(|open| open.symbol.filter(holds))
    }

    /// The class whose block is the innermost bracket.
    pub fn class(&self) -> Option<usize> {
        let symbol = self.stack.last()?.symbol?;
        (self.syntax.symbols[symbol].what == What::Class).then_some(symbol)
    }

    /// Adds a symbol whose name is the token at `at`.
    pub fn declare(&mut self, what: What, at: usize, start: usize, scope: usize) -> usize {
        let name = self.token(at).1.to_owned();
        let range = self.range(at);
        let symbol = Symbol {
            name,
            what,
            at: range.clone(),
            whole: self.range(start).start..range.end,
            scope,
            parent: self.parent(),
            params: Vec::new(),
            hint: Hint::Unknown,
            is_hidden: false,
            rest: String::new(),
            bases: Vec::new(),
            is_instrument: false,
            written: "",
        };
        self.syntax.symbols.push(symbol);
        let number = self.syntax.symbols.len() - 1;
        if !matches!(what, What::Test | What::Group | What::Hook) {
            self.syntax.names.push(Name { at: range, form: Form::Declared(number), scope, is_called: false });
        }
        number
    }

    /// The index after the token that closes the bracket at `at`; where the search ends if none does. It looks a bounded way
    /// ahead, so that many open brackets take linear time.
    pub fn after_bracket(&self, at: usize) -> usize {
        let mut depth = 0_usize;
        let end = self.code.len().min(at + FURTHEST);
        for next in at..end {
            match self.token(next) {
                (TokenKind::Sign, "(" | "[" | "{") => depth += 1,
                (TokenKind::Sign, ")" | "]" | "}") => depth = depth.saturating_sub(1),
                (TokenKind::Sign, ";") if depth == 1 && self.is(at, "(") => return next,
                _ => {}
            }
            if depth == 0 {
                return next + 1;
            }
        }
        end
    }

    /// Handles the token at `at`; gives the index of the next one.
    fn step(&mut self, at: usize) -> usize {
        match self.token(at) {
            (TokenKind::Word, _) => self.step_word(at),
            (TokenKind::Sign, sign) => self.step_sign(at, sign),
            (TokenKind::Text, text) if text.ends_with("${") => {
                self.open('$', at, None, None, false);
                at + 1
            }
            (TokenKind::Text | TokenKind::Raw, _) => {
                // Code that is run on a device.
                let is_code = at >= 3 && self.is(at - 1, "(") && self.is(at - 2, "exec") && self.is(at - 3, ".");
                if is_code && self.is_string(at) {
                    device::body(self, at, None, None);
                }
                at + 1
            }
            _ => at + 1,
        }
    }

    pub fn open(&mut self, sign: char, token: usize, scope: Option<usize>, symbol: Option<usize>, is_map: bool) {
        self.stack.push(Open { sign, token, scope, symbol, is_map });
    }

    /// Ends the innermost bracket at a byte.
    pub fn pop(&mut self, end: usize) {
        let Some(open) = self.stack.pop() else { return };
        if let Some(scope) = open.scope {
            self.syntax.scopes[scope].range.end = end;
        }
        if let Some(symbol) = open.symbol {
            self.syntax.symbols[symbol].whole.end = end;
        }
        if matches!(open.sign, '(' | '[' | '{') {
            self.syntax.brackets.push(self.range(open.token).start..end);
        }
        self.pending.retain(|pending| pending.depth <= self.stack.len());
    }

    pub fn new_scope(&mut self, start: usize, is_function: bool) -> usize {
        let parent = Some(self.scope());
        self.syntax.scopes.push(Scope { range: start..self.text.len(), parent, is_function });
        self.syntax.scopes.len() - 1
    }

    fn step_sign(&mut self, at: usize, sign: &str) -> usize {
        let range = self.range(at);
        match sign {
            "(" | "[" => self.open(sign.chars().next().unwrap_or('('), at, None, None, false),
            "{" if self.before(at).1 == "#" => self.open('{', at, None, None, true),
            "{" => self.open_block(at),
            ")" | "]" | "}" => self.close(sign, range),
            ";" | "," => {
                let ends = |open: &Open| open.sign == '|' || sign == ";" && matches!(open.sign, '(' | '[');
                while self.stack.last().is_some_and(ends) {
                    self.pop(range.start);
                }
                if sign == ";"
                    && let Some((symbol, depth)) = self.statement
                    && depth >= self.stack.len()
                {
                    self.syntax.symbols[symbol].whole.end = range.end;
                    self.statement = None;
                }
            }
            "|" => return self.closure(at, None),
            _ => {}
        }
        at + 1
    }

    fn open_block(&mut self, at: usize) {
        let start = self.range(at).start;
        let depth = self.stack.len();
        let pending = match self.pending.last() {
            Some(pending) if pending.depth == depth => self.pending.pop().unwrap_or_default(),
            _ => Pending::default(),
        };
        let scope = self.new_scope(start, pending.is_function);
        for symbol in pending.inner {
            self.syntax.symbols[symbol].scope = scope;
        }
        self.open('{', at, Some(scope), pending.symbol, false);
    }

    fn close(&mut self, sign: &str, range: Range<usize>) {
        let fits = |open: &Open| matches!((open.sign, sign), ('(', ")") | ('[', "]") | ('{', "}") | ('$', "}"));
        let Some(index) = self.stack.iter().rposition(fits) else { return };
        while self.stack.len() > index + 1 {
            self.pop(range.start);
        }
        self.pop(range.end);
        // The block of a method ends it.
        if sign == "}" && self.stack.last().is_some_and(|open| open.sign == '|' && open.symbol.is_some()) {
            self.pop(range.end);
        }
    }

    /// A closure at a `|`, or an operator.
    pub fn closure(&mut self, at: usize, method: Option<usize>) -> usize {
        let is_double = self.is(at + 1, "|") && self.touches(at);
        let begins = match self.before(at) {
            (TokenKind::Word, word) => matches!(word, "return" | "in" | "else"),
            (TokenKind::Sign, sign) => !matches!(sign, ")" | "]" | "}"),
            _ => false,
        };
        if !begins && method.is_none() {
            return at + 1 + usize::from(is_double);
        }
        let of = self.receiver_of_closure();
        let scope = self.new_scope(self.range(at).start, false);
        let mut next = at + 1;
        let mut params: Vec<usize> = Vec::new();
        while let Some(_name) = self.word(next) {
            let symbol = self.declare(What::Parameter, next, next, scope);
            params.push(symbol);
            next += 1;
            if self.is(next, ",") {
                next += 1;
            }
        }
        let is_closed = self.is(next, "|");
        if let (Some(first), Some(hint)) = (params.first(), of) {
            self.syntax.symbols[*first].hint = hint;
        }
        if let Some(method) = method {
            let shown = params.iter().map(|param| self.syntax.symbols[*param].name.clone());
            let params = shown.map(|name| Parameter { shown: name.clone(), name }).collect();
            self.syntax.symbols[method].params = params;
            self.syntax.symbols[method].whole.end = self.range(next).end;
        }
        self.open('|', at, Some(scope), method, false);
        if is_closed { next + 1 } else { next }
    }

    /// What the function around a closure calls it with.
    fn receiver_of_closure(&self) -> Option<Hint> {
        let open = self.stack.iter().rev().find(|open| open.sign != '|')?;
        if open.sign != '(' {
            return None;
        }
        let callee = open.token.checked_sub(1)?;
        match self.word(callee)? {
            "session" => super::hints::class_before(self, callee).map(Hint::Device),
            "for_each_board" => match hint(self, open.token + 1) {
                Hint::Devices(class) => Some(Hint::Device(class)),
                Hint::Same(name) => Some(Hint::Element(name)),
                _ => None,
            },
            "map" | "filter" | "all" | "some" | "for_each" | "find" if self.before(callee).1 == "." => {
                let name = self.word(callee.checked_sub(2)?)?;
                Some(Hint::Element(name.to_owned()))
            }
            _ => None,
        }
    }

    fn step_word(&mut self, at: usize) -> usize {
        let Some(word) = self.word(at) else { return at + 1 };
        // An option of a test after the first one: the head has found it.
        if self.code.get(at).is_some_and(|index| self.syntax.roles[*index] == Role::Option) {
            return at + 1;
        }
        let is_after_dot = self.before(at).1 == "." && !(at >= 2 && self.is(at - 2, ".") && self.touches(at - 2));
        let is_key = self.stack.last().is_some_and(|open| open.is_map)
            && self.is(at + 1, ":")
            && matches!(self.before(at).1, "{" | ",");
        if is_key {
            self.name(at, Form::Key);
            return at + 1;
        }
        if is_after_dot && !self.begins_line(at, word) {
            let receiver = self.receiver(at - 1);
            self.name(at, Form::Member(receiver));
            return at + 1;
        }
        if at >= 3 && self.is(at - 1, ":") && self.is(at - 2, ":") && self.touches(at - 2) {
            if let Some(alias) = self.word(at - 3) {
                self.name(at, Form::Of(alias.to_owned()));
            }
            return at + 1;
        }
        if let Some(next) = self.block_word(at, word) {
            return next;
        }
        if word == "_" {
            return at + 1;
        }
        if !KEYWORDS.contains(&word) || BLOCK_KEYWORDS.contains(&word) {
            self.name(at, Form::Plain);
            return at + 1;
        }
        self.set_role(at, Role::Keyword);
        self.keyword(at, word)
    }

    /// Notes the name at `at`.
    pub fn name(&mut self, at: usize, form: Form) {
        let (range, scope) = (self.range(at), self.scope());
        self.syntax.names.push(Name { at: range, form, scope, is_called: self.is(at + 1, "(") });
    }

    /// What is before the dot at `at`.
    pub fn receiver(&self, at: usize) -> Receiver {
        let Some(last) = at.checked_sub(1) else { return Receiver::Unknown };
        if let Some(name) = self.word(last) {
            let is_alone =
                self.before(last).1 != "." && !(last >= 2 && self.before(last).1 == ":" && self.is(last - 2, ":"));
            if is_alone {
                return Receiver::Name(name.to_owned());
            }
            if last >= 3 && self.is(last - 1, ":") && self.is(last - 2, ":") {
                let alias = self.word(last - 3).map(str::to_owned);
                return Receiver::Class(super::ClassPath { alias, name: name.to_owned() });
            }
            return Receiver::Property(name.to_owned());
        }
        let Some(open) = self.bracket_before(last) else { return Receiver::Unknown };
        match (self.token(last).1, open.checked_sub(1).and_then(|before| self.word(before).map(|word| (before, word))))
        {
            (")", Some((callee, "open"))) => {
                super::hints::class_before(self, callee).map_or(Receiver::Unknown, Receiver::Opened)
            }
            ("]", Some((before, name))) if self.before(before).1 != "." => Receiver::Element(name.to_owned()),
            _ => Receiver::Unknown,
        }
    }

    /// The index of the bracket that the one at `close` closes; looks back a bounded way.
    pub fn bracket_before(&self, close: usize) -> Option<usize> {
        if !matches!(self.token(close), (TokenKind::Sign, ")" | "]")) {
            return None;
        }
        let mut depth = 0_usize;
        for index in (close.saturating_sub(200)..=close).rev() {
            match self.token(index) {
                (TokenKind::Sign, ")" | "]" | "}") => depth += 1,
                (TokenKind::Sign, "(" | "[" | "{") => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return Some(index);
                    }
                }
                _ => {}
            }
        }
        None
    }
}
