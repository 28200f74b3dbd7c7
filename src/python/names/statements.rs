//! Names in statements.
//!
//! Invariant: a line belongs to the block whose header is above it; a line without such a header ends the walk.

use super::cursor::{Cursor, Piece};
use super::expressions::skip;
use super::{Caught, How, Mention, Names, Scope, ScopeKind};
use crate::python::lines::{Code, levels};
use crate::python::token::TokenKind;
use std::collections::HashSet;

/// Where a block is.
#[derive(Clone, Copy)]
struct Block {
    scope: usize,
    caught: Caught,
    is_certain: bool,
    /// It is assembler, in which names are instructions and registers.
    is_assembler: bool,
}

/// A walk through a text.
pub(super) struct Walk<'t, 'n> {
    pub names: &'n mut Names<'t>,
    /// Nesting of expressions.
    pub depth: usize,
    caught: Caught,
    is_certain: bool,
    /// The block that the header just passed opens.
    opened: Option<Block>,
    /// A decorator for assembler was passed.
    is_assembler: bool,
}

/// Words that are not names.
pub(super) fn is_keyword(word: &str) -> bool {
    crate::name::PYTHON_KEYWORDS.contains(&word)
}

/// Notes every name in `text`.
pub(super) fn walk<'t>(text: &'t str, names: &mut Names<'t>) -> Option<()> {
    let code = Code::new(text);
    let levels = levels(code.relative_columns().ok()?).ok()?;
    names.lines = code.lines.len();
    let mut walk = Walk { names, depth: 0, caught: Caught::Not, is_certain: true, opened: None, is_assembler: false };
    let mut blocks = vec![Block { scope: 0, caught: Caught::Not, is_certain: true, is_assembler: false }];
    for (index, line) in code.lines.iter().enumerate() {
        let level = levels[index];
        match blocks.get(level).copied() {
            Some(_) if walk.opened.is_some() => return None,
            Some(_) => blocks.truncate(level + 1),
            None => blocks.push(walk.opened.take()?),
        }
        let block = *blocks.last()?;
        if block.is_assembler {
            // Deeper lines are assembler, too.
            walk.opened = code.opens_block(line).then_some(block);
            continue;
        }
        let mut cursor = Cursor::new(text, code.significant(line), 0)?;
        if cursor.is("try") {
            let handled = handlers(&code, &levels, index);
            walk.statements(&mut cursor, Block { caught: block.caught.max(handled), ..block }, block)?;
        } else {
            walk.statements(&mut cursor, block, block)?;
        }
    }
    walk.opened.is_none().then_some(())
}

/// What the handlers of the `try` in line `index` catch.
fn handlers(code: &Code<'_>, levels: &[usize], index: usize) -> Caught {
    let mut found = Caught::Not;
    for (line, &level) in code.lines.iter().zip(levels).skip(index + 1) {
        if level < levels[index] {
            break;
        }
        if level > levels[index] {
            continue;
        }
        let words: Vec<&str> = code.significant(line).map(|token| token.text(code.source)).collect();
        if words.first() != Some(&"except") {
            break;
        }
        let has = |name: &str| words.contains(&name);
        if has("NameError") {
            found = Caught::AsNameError;
        } else if words.get(1) == Some(&":") || has("Exception") || has("BaseException") {
            found = found.max(Caught::Broadly);
        }
    }
    found
}

impl<'t> Walk<'t, '_> {
    /// Notes a name.
    pub fn mention(&mut self, piece: Piece<'t>, scope: usize, how: How) {
        if matches!(how, How::Assigned | How::Imported | How::Bound | How::Parameter) {
            self.names.scopes[scope].bound.insert(piece.text);
        }
        let (caught, is_certain) = (self.caught, self.is_certain && scope == 0);
        self.names.mentions.push(Mention { name: piece.text, start: piece.start, scope, how, caught, is_certain });
    }

    /// A new scope within another one.
    pub fn scope(&mut self, kind: ScopeKind, outer: usize) -> usize {
        self.names.scopes.push(Scope {
            kind,
            outer: Some(outer),
            bound: HashSet::new(),
            globals: HashSet::new(),
            nonlocals: HashSet::new(),
        });
        self.names.scopes.len() - 1
    }

    /// The statements of a line. `block`: what a header opens; `around`: where the line is.
    fn statements(&mut self, cursor: &mut Cursor<'t>, block: Block, around: Block) -> Option<()> {
        let is_choice = |piece: &Piece<'_>| matches!(piece.text, "if" | "and" | "or" | "while");
        self.caught = around.caught;
        self.is_certain = around.is_certain && !cursor.pieces().iter().any(is_choice);
        loop {
            self.depth = 0;
            match self.header(cursor, block)? {
                Some(inner) if cursor.is_at_end() => {
                    self.opened = Some(inner);
                    return Some(());
                }
                // The block is on the line of its header.
                Some(inner) => {
                    if !inner.is_assembler {
                        self.caught = inner.caught;
                        self.is_certain = false;
                        self.simple(cursor, inner.scope)?;
                        while cursor.pass(";") {
                            self.simple(cursor, inner.scope)?;
                        }
                        cursor.is_at_end().then_some(())?;
                    }
                    return Some(());
                }
                None => self.simple(cursor, block.scope)?,
            }
            if cursor.is_at_end() {
                return Some(());
            }
            cursor.pass(";").then_some(())?;
            if cursor.is_at_end() {
                return Some(());
            }
        }
    }

    /// The header of a compound statement, up to and with its colon; gives the block that it opens.
    fn header(&mut self, cursor: &mut Cursor<'t>, block: Block) -> Option<Option<Block>> {
        let scope = block.scope;
        let word = cursor.peek()?.text;
        if word == "async" {
            cursor.at += 1;
        }
        let inner = Block { is_certain: false, ..block };
        let word = cursor.peek()?.text;
        let inner = match word {
            "def" => {
                cursor.at += 1;
                return self.function(cursor, block).map(Some);
            }
            "class" => {
                cursor.at += 1;
                let name = cursor.next()?;
                self.mention(name, scope, How::Bound);
                self.expression(cursor, scope, &[":"])?;
                Block { scope: self.scope(ScopeKind::Class, scope), ..inner }
            }
            "if" | "elif" | "while" | "except" | "else" | "try" | "finally" => {
                cursor.at += 1;
                self.expression(cursor, scope, &[":"])?;
                inner
            }
            "with" => {
                cursor.at += 1;
                self.expression(cursor, scope, &[":"])?;
                block
            }
            "for" => {
                cursor.at += 1;
                self.targets(cursor, scope, How::Bound, &["in"])?;
                cursor.pass("in").then_some(())?;
                self.expression(cursor, scope, &[":"])?;
                inner
            }
            _ => return Some(None),
        };
        cursor.pass(":").then_some(Some(inner))
    }

    fn function(&mut self, cursor: &mut Cursor<'t>, block: Block) -> Option<Block> {
        let name = cursor.next()?;
        self.mention(name, block.scope, How::Bound);
        let scope = self.scope(ScopeKind::Function, block.scope);
        cursor.pass("(").then_some(())?;
        self.parameters(cursor, scope, block.scope, ")")?;
        cursor.pass(")").then_some(())?;
        skip(cursor, &[":"])?;
        cursor.pass(":").then_some(())?;
        let is_assembler = std::mem::take(&mut self.is_assembler);
        // It runs when it is called.
        Some(Block { scope, caught: Caught::Not, is_certain: false, is_assembler })
    }

    /// A statement without a block, up to its `;` or the end of the line.
    fn simple(&mut self, cursor: &mut Cursor<'t>, scope: usize) -> Option<()> {
        let Some(first) = cursor.peek() else { return Some(()) };
        if first.kind == TokenKind::Name {
            match first.text {
                "import" => return self.import(cursor, scope),
                "from" => return self.import_from(cursor, scope),
                "global" | "nonlocal" => return self.declaration(cursor, scope),
                "del" => {
                    cursor.at += 1;
                    return self.targets(cursor, scope, How::Deleted, &[";"]);
                }
                _ => {}
            }
        }
        if first.text == "@" {
            cursor.at += 1;
            self.is_assembler |= cursor.pieces().iter().any(|piece| piece.text.starts_with("asm_"));
            self.names.has_viper |= cursor.pieces().iter().any(|piece| piece.text == "viper");
            if cursor.is("micropython") {
                // The compiler takes it as a word.
                return skip(cursor, &[]);
            }
        }
        self.assignment(cursor, scope)
    }

    /// An expression, or an assignment of any kind.
    fn assignment(&mut self, cursor: &mut Cursor<'t>, scope: usize) -> Option<()> {
        let (mut equals, mut colon, mut changed) = (0_usize, None, None);
        let (mut at, mut lambdas) = (cursor.at, 0_usize);
        let mut lone = None;
        while let Some(piece) = cursor.piece(at) {
            match (piece.kind, piece.text) {
                (TokenKind::String(_), _) => {}
                (_, ";") => break,
                (_, "lambda") => lambdas += 1,
                (_, ":") if lambdas > 0 => lambdas -= 1,
                (_, ":") if colon.is_none() => colon = Some(at),
                (_, "=") if lambdas == 0 => {
                    lone = lone.or(Some(at - cursor.at == 1));
                    equals += 1;
                }
                (TokenKind::Operator, sign) if is_changing(sign) => changed = changed.or(Some(at)),
                _ => {}
            }
            at = piece.close.max(at) + 1;
        }
        if let Some(sign) = changed {
            let target = cursor.peek()?;
            if sign == cursor.at + 1 && target.kind == TokenKind::Name {
                self.mention(target, scope, How::Changed);
                cursor.at += 2;
            }
            return self.expression(cursor, scope, &[";"]);
        }
        if colon.is_some() {
            // An annotation is never evaluated.
            self.targets(cursor, scope, How::Bound, &[":"])?;
            skip(cursor, &["=", ";"])?;
            cursor.pass("=");
            return self.expression(cursor, scope, &[";"]);
        }
        let how = if equals == 1 && lone == Some(true) { How::Assigned } else { How::Bound };
        for _ in 0..equals {
            self.targets(cursor, scope, how, &["="])?;
            cursor.pass("=").then_some(())?;
        }
        self.expression(cursor, scope, &[";"])
    }

    fn declaration(&mut self, cursor: &mut Cursor<'t>, scope: usize) -> Option<()> {
        let word = cursor.next()?.text;
        while !cursor.is_at_end() && !cursor.is(";") {
            let piece = cursor.next()?;
            if piece.kind == TokenKind::Name {
                let here = &mut self.names.scopes[scope];
                if word == "global" {
                    here.globals.insert(piece.text)
                } else {
                    here.nonlocals.insert(piece.text)
                };
                self.mention(piece, scope, How::Declared);
            }
        }
        Some(())
    }

    /// `import a.b, c as d`.
    fn import(&mut self, cursor: &mut Cursor<'t>, scope: usize) -> Option<()> {
        cursor.at += 1;
        loop {
            let mut bound = cursor.next()?;
            self.names.is_open |= matches!(bound.text, "builtins" | "__main__");
            while cursor.pass(".") {
                cursor.next()?;
            }
            if cursor.pass("as") {
                bound = cursor.next()?;
            }
            self.mention(bound, scope, How::Imported);
            if !cursor.pass(",") {
                return Some(());
            }
        }
    }

    /// `from a.b import c as d, e`.
    fn import_from(&mut self, cursor: &mut Cursor<'t>, scope: usize) -> Option<()> {
        skip(cursor, &["import", ";"])?;
        cursor.pass("import").then_some(())?;
        if cursor.pass("*") {
            self.names.is_open = true;
            return Some(());
        }
        let is_bracketed = cursor.pass("(");
        while let Some(mut bound) = cursor.peek().filter(|piece| piece.kind == TokenKind::Name) {
            cursor.at += 1;
            if cursor.pass("as") {
                bound = cursor.next()?;
            }
            self.mention(bound, scope, How::Imported);
            cursor.pass(",");
        }
        (!is_bracketed || cursor.pass(")")).then_some(())
    }
}

/// Whether an operator changes its target.
fn is_changing(sign: &str) -> bool {
    sign.len() > 1 && sign.ends_with('=') && !matches!(sign, "==" | "!=" | "<=" | ">=" | ":=")
}
