//! What a script declares and where it uses it, read from its tokens.
//!
//! Unlike Rhai's tree it exists for any text, also for one that is being typed. Invariants: it takes linear time; every range
//! is one of the text, between characters.

mod build;
mod declarations;
mod device;
mod hints;
pub mod python;

use crate::script::{ScriptToken, TokenKind};
use std::collections::HashMap;
use std::ops::Range;

/// A script, read.
#[derive(Clone, Debug, Default)]
pub struct Syntax {
    /// All tokens, comments too.
    pub tokens: Vec<ScriptToken>,
    /// What each token is.
    pub roles: Vec<Role>,
    /// Scopes of names; the first one is the script.
    pub scopes: Vec<Scope>,
    /// What is declared, in the order of the text.
    pub symbols: Vec<Symbol>,
    /// Every name that is used or declared, in the order of the text.
    pub names: Vec<Name>,
    /// Its imports.
    pub imports: Vec<Import>,
    /// Python in it, in the order of the text.
    pub bodies: Vec<Body>,
    /// The symbols of each name.
    pub by_name: HashMap<String, Vec<usize>>,
    /// Brackets, from the opening one to behind the closing one.
    pub brackets: Vec<Range<usize>>,
}

/// What a token is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// An operator, a literal, a comment.
    #[default]
    Other,
    /// A word of the language.
    Keyword,
    /// An option of a block or an item.
    Option,
    /// A type in a signature.
    Annotation,
    /// A name, by its number.
    Name(usize),
    /// Code for a board, by its number.
    Body(usize),
}

/// A region in which names are seen.
#[derive(Clone, Debug)]
pub struct Scope {
    /// From its opening to behind its closing.
    pub range: Range<usize>,
    /// The scope around it.
    pub parent: Option<usize>,
    /// The variables around it are not seen.
    pub is_function: bool,
}

/// What a declaration declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// `let`, `for`, `catch`.
    Variable,
    /// `const`.
    Constant,
    /// Of a function, a closure, or an item.
    Parameter,
    /// `fn`.
    Function,
    /// `device`.
    Class,
    /// `setup`.
    Setup,
    /// `task`.
    Task,
    /// `thread`.
    Thread,
    /// `teardown`.
    Teardown,
    /// `method`.
    Method,
    /// The name after `as` of an import.
    Alias,
    /// `test`.
    Test,
    /// `group`.
    Group,
    /// `setup_all` and the like.
    Hook,
}

impl What {
    /// Whether it is called on a device.
    pub fn is_member(self) -> bool {
        self.is_item() || self == What::Method
    }

    /// Whether it has a body for a board.
    pub fn is_item(self) -> bool {
        matches!(self, What::Setup | What::Task | What::Thread | What::Teardown)
    }

    /// As scripts write it.
    pub fn word(self) -> &'static str {
        match self {
            What::Variable => "let",
            What::Constant => "const",
            What::Parameter => "parameter",
            What::Function => "fn",
            What::Class => "device",
            What::Setup => "setup",
            What::Task => "task",
            What::Thread => "thread",
            What::Teardown => "teardown",
            What::Method => "method",
            What::Alias => "import",
            What::Test => "test",
            What::Group => "group",
            What::Hook => "hook",
        }
    }
}

/// A class as it is written: `Bench`, or `pico::Bench`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassPath {
    /// The alias of its module.
    pub alias: Option<String>,
    /// Its name.
    pub name: String,
}

/// What is known of a value from the way in which it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Hint {
    /// Nothing.
    #[default]
    Unknown,
    /// A device of a class.
    Device(ClassPath),
    /// An array of devices of a class.
    Devices(ClassPath),
    /// What a variable holds.
    Same(String),
    /// An element of what a variable holds.
    Element(String),
}

/// A parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// As it is written, with annotation and default.
    pub shown: String,
}

/// A declaration.
#[derive(Clone, Debug)]
pub struct Symbol {
    /// Its name; the text of a test's or a group's string.
    pub name: String,
    /// What it is.
    pub what: What,
    /// Where its name is.
    pub at: Range<usize>,
    /// The whole of it, without its comment.
    pub whole: Range<usize>,
    /// The scope in which it is seen.
    pub scope: usize,
    /// The class or group that contains it.
    pub parent: Option<usize>,
    /// Its parameters, if it is called.
    pub params: Vec<Parameter>,
    /// What is known of its value.
    pub hint: Hint,
    /// Other scripts do not see it, or scripts cannot call it.
    pub is_hidden: bool,
    /// The rest of its head: the base classes of a class, the options of an item.
    pub rest: String,
    /// The classes from which a class inherits.
    pub bases: Vec<ClassPath>,
    /// It is an instrument class, whose bodies are not Python.
    pub is_instrument: bool,
    /// The word that declares it, where [`What`] does not tell: `instrument`, `command`, `query`; otherwise empty.
    pub written: &'static str,
}

impl Symbol {
    /// Its declaration on one line: `task read_adc(ch, samples = 8)`.
    pub fn head(&self) -> String {
        let params = || self.params.iter().map(|param| param.shown.as_str()).collect::<Vec<_>>().join(", ");
        let word = if self.written.is_empty() { self.what.word() } else { self.written };
        let name = &self.name;
        match self.what {
            What::Function | What::Setup | What::Task | What::Thread | What::Teardown => {
                let rest = if self.rest.is_empty() { String::new() } else { format!(" {}", self.rest) };
                format!("{word} {name}({}){rest}", params())
            }
            What::Method => format!("{word} {name} |{}|", params()),
            What::Test | What::Group => format!("{word} \"{name}\""),
            What::Hook => name.clone(),
            What::Class if !self.rest.is_empty() => format!("{word} {name} : {}", self.rest),
            _ => format!("{word} {name}"),
        }
    }
}

/// How a name is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// Alone.
    Plain,
    /// After the dot of something.
    Member(Receiver),
    /// After `alias::`.
    Of(String),
    /// The key of a map.
    Key,
    /// The name in its own declaration, by the number of the symbol.
    Declared(usize),
}

/// What is before a dot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Receiver {
    /// A variable, a class, or `this`.
    Name(String),
    /// A class of a module.
    Class(ClassPath),
    /// `Bench.open(…)`.
    Opened(ClassPath),
    /// An element of a variable.
    Element(String),
    /// A property of something.
    Property(String),
    /// Something else.
    Unknown,
}

/// A name in the text.
#[derive(Clone, Debug)]
pub struct Name {
    /// Where it is.
    pub at: Range<usize>,
    /// How it is written.
    pub form: Form,
    /// The scope that it is in.
    pub scope: usize,
    /// A bracket follows that begins its arguments.
    pub is_called: bool,
}

/// An `import`.
#[derive(Clone, Debug)]
pub struct Import {
    /// The path, without quotes.
    pub path: String,
    /// Where the string is.
    pub at: Range<usize>,
    /// The name after `as`.
    pub alias: Option<String>,
}

/// Python in a script.
#[derive(Clone, Debug)]
pub struct Body {
    /// The text between the quotes.
    pub range: Range<usize>,
    /// The item whose body it is; `None` for `d.exec(…)`.
    pub item: Option<usize>,
    /// The class of that item.
    pub class: Option<usize>,
    /// The names in it.
    pub names: Vec<python::PythonName>,
}

impl Syntax {
    /// The syntax of a text.
    pub fn new(text: &str) -> Syntax {
        build::build(text)
    }

    /// The innermost scope at a byte.
    pub fn scope_at(&self, byte: usize) -> usize {
        // Inner scopes follow those around them.
        self.scopes.iter().rposition(|scope| scope.range.start < byte && byte <= scope.range.end).unwrap_or(0)
    }

    /// The name at a byte, or that ends there.
    pub fn name_at(&self, byte: usize) -> Option<&Name> {
        let index = self.names.partition_point(|name| name.at.end < byte);
        let touches = |name: &&Name| name.at.start <= byte && byte <= name.at.end;
        // Of two that touch, the one that begins here.
        self.names.get(index + 1).filter(|name| name.at.start == byte).or(self.names.get(index)).filter(touches)
    }

    /// The Python at a byte.
    pub fn body_at(&self, byte: usize) -> Option<&Body> {
        self.bodies.iter().find(|body| body.range.start <= byte && byte <= body.range.end)
    }

    /// The index of the token at a byte, or that ends there.
    pub fn token_at(&self, byte: usize) -> Option<usize> {
        let index = self.tokens.partition_point(|token| token.range.end < byte);
        let touches = |index: &usize| {
            self.tokens.get(*index).is_some_and(|token| token.range.start <= byte && byte <= token.range.end)
        };
        Some(index + 1)
            .filter(|next| self.tokens.get(*next).is_some_and(|next| next.range.start == byte))
            .filter(touches)
            .or(Some(index).filter(touches))
    }

    /// The symbols that a scope and those around it show at a byte, innermost first: variables that are declared before it,
    /// and everything else.
    pub fn seen(&self, scope: usize, byte: usize) -> Vec<usize> {
        let mut found: Vec<(usize, usize)> = Vec::new();
        for index in 0..self.symbols.len() {
            found.extend(self.distance(index, scope, byte).map(|distance| (distance, index)));
        }
        // Of two in one scope, the later one.
        found.sort_by_key(|(distance, index)| (*distance, std::cmp::Reverse(*index)));
        found.into_iter().map(|(_, index)| index).collect()
    }

    /// The symbol that a name means in a scope and at a byte.
    pub fn lookup(&self, name: &str, scope: usize, byte: usize) -> Option<usize> {
        let named = self.by_name.get(name)?.iter();
        let seen = named.filter_map(|index| Some((self.distance(*index, scope, byte)?, std::cmp::Reverse(*index))));
        seen.min().map(|(_, index)| index.0)
    }

    /// How many scopes out from `scope` a symbol is, if it is seen there at a byte.
    fn distance(&self, symbol: usize, scope: usize, byte: usize) -> Option<usize> {
        let symbol = &self.symbols[symbol];
        let mut distance = 0;
        let mut is_outside = false;
        let mut scope = Some(scope);
        while let Some(number) = scope {
            let around = self.scopes.get(number)?;
            if symbol.scope == number {
                let is_seen = match symbol.what {
                    What::Variable | What::Parameter => !is_outside && symbol.at.end <= byte,
                    What::Constant => is_outside || symbol.at.end <= byte,
                    What::Function | What::Class | What::Alias => true,
                    _ => false,
                };
                return is_seen.then_some(distance);
            }
            is_outside |= around.is_function;
            scope = around.parent;
            distance += 1;
        }
        None
    }

    /// The members that a class declares itself.
    pub fn members(&self, class: usize) -> impl Iterator<Item = (usize, &Symbol)> {
        let is_member = move |symbol: &Symbol| symbol.parent == Some(class) && symbol.what.is_member();
        self.symbols.iter().enumerate().filter(move |(_, symbol)| is_member(symbol))
    }

    /// The classes of this name.
    pub fn classes<'s>(&'s self, name: &'s str) -> impl Iterator<Item = usize> + 's {
        let is_meant = move |symbol: &Symbol| symbol.what == What::Class && symbol.name == name;
        self.symbols.iter().enumerate().filter(move |(_, symbol)| is_meant(symbol)).map(|(index, _)| index)
    }

    /// The path of the import with this alias.
    pub fn import(&self, alias: &str) -> Option<&Import> {
        self.imports.iter().find(|import| import.alias.as_deref() == Some(alias))
    }

    /// Whether a byte is inside a comment.
    pub fn is_comment(&self, byte: usize) -> bool {
        let is_around = |token: &ScriptToken| token.range.start < byte && byte <= token.range.end;
        self.token_at(byte).is_some_and(|index| {
            let token = &self.tokens[index];
            token.kind == TokenKind::Comment && is_around(token)
        })
    }
}

#[cfg(test)]
mod tests;
