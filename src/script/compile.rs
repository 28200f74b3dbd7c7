//! Compiles script text to Rhai's syntax tree.
//!
//! Invariant: this is the only place that compiles scripts.

use crate::script::diagnostics::habits::{self, Habit};
use crate::script::diagnostics::unclosed;
use crate::script::language::text::View;
use crate::script::language::{marks, text};
use crate::script::library;
use crate::script::names::HELP_MARK;
use crate::script::run::Run;
use rhai::{AST, ASTNode, Engine, EvalAltResult, LexError, ParseError, ParseErrorType, Position, Stmt};

/// Compiles the script `name`.
pub(crate) fn compile(run: &Run, engine: &Engine, name: &str, source: &str) -> Result<AST, Box<EvalAltResult>> {
    run.sources.insert(name, source);
    let mut readable = text::readable(source);
    // An input of a session, such as `<3>`, can use the variables of earlier inputs.
    let is_whole = !name.starts_with('<');
    let parse = |readable: &str| {
        // Standard modules may divide integers without a notice.
        let marked = if library::library_text(name).is_some() { None } else { Some(marks::marked(readable)) };
        let view = View { text: readable, is_whole, is_standard: marked.is_none() };
        text::with_text(&view, || engine.compile(marked.as_deref().unwrap_or(readable)))
    };
    let (mut ast, mut noted) = parse(&readable);
    let empty = ast.as_ref().map(empty_loops).unwrap_or_default();
    if !empty.is_empty() {
        readable = text::fill_blocks(&readable, empty);
        (ast, noted) = parse(&readable);
    }
    run.declarations.loader.note(noted.names);
    run.declarations.note_caught(text::caught_names(source));
    let mut ast = ast.map_err(|error| refused(*error.0, error.1, source))?;
    ast.set_source(name);
    Ok(ast)
}

/// Compiles an input that is being typed.
///
/// # Errors
/// Where Rhai stops.
pub(crate) fn typed(engine: &Engine, source: &str) -> Result<AST, ParseError> {
    let readable = text::readable(source);
    let view = View { text: &readable, is_whole: false, is_standard: false };
    text::with_text(&view, || engine.compile(marks::marked(&readable))).0
}

/// The error of a script that does not parse, with a suggestion if one is known.
fn refused(kind: ParseErrorType, position: Position, source: &str) -> EvalAltResult {
    let found = habits::parse(&kind, position, source).or_else(|| unclosed::unclosed(&kind, position, source));
    match found {
        None => EvalAltResult::ErrorParsing(kind, position),
        Some(Habit { title, help, at }) => {
            let kind = ParseErrorType::BadInput(LexError::Runtime(format!("{title}{HELP_MARK}{help}")));
            EvalAltResult::ErrorParsing(kind, at)
        }
    }
}

/// Positions of `for` loop bodies without a statement. Rhai drops iterator errors in such a loop, so
/// each of them gets a statement.
pub(crate) fn empty_loops(tree: &AST) -> Vec<rhai::Position> {
    let mut found = Vec::new();
    tree.walk(&mut |nodes: &[ASTNode<'_>]| {
        if let Some(ASTNode::Stmt(Stmt::For(parts, _))) = nodes.last()
            && parts.2.body.is_empty()
        {
            found.push(parts.2.body.position());
        }
        true
    });
    found
}
