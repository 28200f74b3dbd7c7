//! The code to send for an item: the source of its function, or its body for the board's globals.
//!
//! Uses [`crate::python`]. Invariant: every sent line maps to its line of the script.

use crate::board::command::Command;
use crate::device::arguments::parameters;
use crate::device::class::{Emitter, Item};
use crate::device::emitters;
use crate::device::lines::{Defined, LineMap, Piece};
use crate::error::{Error, Kind, Result};
use crate::origin::Origin;
use crate::python::body::{Body, Guarded, Wrapped};
use crate::python::minify::minify;
use crate::python::traceback::TracebackFrame;
use crate::python::{frames, scan};

/// Code ready to send, with its line mapping.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The source.
    pub source: String,
    /// The mapping to script lines.
    pub piece: Piece,
    /// The functions that it defines.
    pub defined: Vec<Defined>,
    /// Blank lines before it.
    pub blank: u32,
}

impl Prepared {
    /// The source without the leading blank lines.
    pub fn text(&self) -> &str {
        self.source.get(self.blank as usize..).unwrap_or_default()
    }
}

/// The function of a task or thread.
///
/// # Errors
/// [`Kind::DeclarationError`] with the invalid line of the body.
pub fn function(item: &Item, lines: &LineMap) -> Result<Prepared> {
    function_after(item, &|defined| lines.blank_lines(defined))
}

/// Like [`function`], with this number of leading blank lines, as it was sent before.
///
/// # Errors
/// As [`function`].
pub fn function_at(item: &Item, blank: u32) -> Result<Prepared> {
    function_after(item, &|_| blank)
}

fn function_after(item: &Item, blank: &dyn Fn(&[Defined]) -> u32) -> Result<Prepared> {
    let body = parse(item)?;
    if scan::is_async(&item.body.text) {
        return Err(declaration(item, "an item cannot be `async def`")
            .with_help("run the coroutine in the body: `asyncio.run(…)`"));
    }
    let mut header = String::new();
    if let Some(emitter) = item.options.emitter {
        header = format!("@micropython.{}\n", emitter.name());
    }
    let returns = item.returns.as_ref().map(|text| format!("->{text}")).unwrap_or_default();
    header.push_str(&format!("def {}({}){returns}:", item.name, parameters(item)?));
    let wrapped = body.as_function(&header, item.options.minify);
    Ok(prepare(item, &body, wrapped, blank))
}

/// The body of a setup or teardown, after the assignment of its arguments.
///
/// # Errors
/// As [`function`].
pub fn globals(item: &Item, assignments: &[(String, String)], lines: &LineMap) -> Result<Prepared> {
    let body = parse(item)?;
    let assignments: Vec<(&str, &str)> =
        assignments.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let wrapped = body.as_globals(&assignments, item.options.minify);
    Ok(prepare(item, &body, wrapped, &|defined| lines.blank_lines(defined)))
}

fn parse(item: &Item) -> Result<Body> {
    let origin = &item.body.origin;
    let (text, start) = match line_above(item) {
        1 => (format!("\n{}", item.body.text), Origin { line: origin.line - 1, ..origin.clone() }),
        _ => (item.body.text.clone(), origin.clone()),
    };
    let body = Body::parse(&text).map_err(|refused| refused.into_error(&start).with_item(item.label()))?;
    if !item.kind.is_function() && scan::has_yield(&item.body.text) {
        return Err(declaration(item, "`yield` outside a function")
            .with_help("only a task can be a generator; a setup or teardown runs in the board's globals"));
    }
    Ok(body)
}

/// Lines to put before the body: a body that starts on its own line gets back the newline that the script's string dropped,
/// so that its first line's indentation counts.
fn line_above(item: &Item) -> u32 {
    u32::from(item.body.origin.column == 1 && item.body.origin.line > 1)
}

fn declaration(item: &Item, message: &str) -> Error {
    Error::new(Kind::DeclarationError, message).with_item(item.label()).with_origin(item.origin.clone())
}

fn prepare(item: &Item, body: &Body, wrapped: Wrapped, blank: &dyn Fn(&[Defined]) -> u32) -> Prepared {
    let body_lines = line_count(body.text());
    let extra = line_above(item);
    let mut defined = defined(body, wrapped.leading_lines);
    if item.kind.is_function() {
        let last_line = wrapped.leading_lines + body_lines;
        defined.push(Defined { name: item.name.to_string(), first_line: wrapped.leading_lines, last_line });
    }
    let mut source = wrapped.source;
    let blank = blank(&defined);
    if blank > 0 {
        source.insert_str(0, &"\n".repeat(blank as usize));
        for frame in &mut defined {
            frame.first_line += blank;
            frame.last_line += blank;
        }
    }
    let piece = Piece {
        origin: Some(item.body.origin.clone()),
        item: item.words(),
        leading: wrapped.leading_lines + blank + extra,
        lines: body_lines - extra,
        moved: None,
    };
    Prepared { source, piece, defined, blank }
}

/// Code that is not an item, ready to send.
pub struct Exec {
    /// The source.
    pub source: String,
    /// Whether it has a value.
    pub is_expression: bool,
    /// The functions that it defines, in lines of [`Exec::guarded_command`].
    pub defined: Vec<Defined>,
    /// Its number of lines.
    lines: u32,
    /// The source after a `try:`, with its number of lines.
    guarded: Guarded,
    /// Whether it seems to read input.
    pub reads_input: bool,
    /// Whether it reports its start, and reads the rest of its input before it ends.
    is_typed_to: bool,
}

/// The prefix of code that may end itself.
const TRY: &str = "try:";
/// The suffix: SystemExit would restart the board, which must not happen. The reply is then that of a stopped generator,
/// which nothing else here sends.
const HANDLER: &str = "except SystemExit as __belay_x:\n __belay(__belay_x.args,'S')";

impl Exec {
    fn new(body: &Body, source: String, is_expression: bool, guarded: Guarded) -> Exec {
        let mut defined = defined(body, 0);
        for frame in &mut defined {
            (frame.first_line, frame.last_line) =
                (guarded.board_line(frame.first_line), guarded.board_line(frame.last_line));
        }
        let (lines, reads_input) = (line_count(body.text()), scan::reads_input(body.text()));
        Exec { source, is_expression, defined, lines, guarded, reads_input, is_typed_to: false }
    }

    /// The source with its reply.
    pub fn command(&self) -> Command {
        if self.is_expression { Command::expression_or_tuple(&self.source) } else { Command::statements(&self.source) }
    }

    /// Whether the code after the program always runs, so that input may be typed to it.
    pub fn is_guarded(&self) -> bool {
        self.guarded.is_guarded
    }

    /// Like [`Exec::command`], with a reply even if the code ends itself.
    pub fn guarded_command(&self) -> Command {
        if self.is_expression {
            return self.command().in_try(HANDLER);
        }
        let Guarded { source, is_guarded, .. } = &self.guarded;
        Command::new(match (is_guarded, self.is_typed_to) {
            (false, _) => format!("{source}__belay(None)"),
            (true, false) => format!("{source}{HANDLER}\nelse:\n __belay(None)"),
            (true, true) => format!("{source}__belay_y.r()"),
        })
    }

    /// The mapping of lines of [`Exec::guarded_command`] to the code at `origin`.
    pub fn piece(&self, origin: Option<&Origin>, item: &str) -> Piece {
        let (moved, lines) = (self.guarded.moved, self.lines);
        Piece { origin: origin.cloned(), item: item.to_owned(), leading: 0, lines, moved }
    }
}

/// Code that a script runs by `exec`.
///
/// # Errors
/// [`Kind::ArgumentError`] for invalid Python.
pub fn exec(code: &str) -> Result<Exec> {
    exec_as(code, true)
}

/// Like [`exec`], optionally minified.
///
/// # Errors
/// As [`exec`].
pub fn exec_as(code: &str, minified: bool) -> Result<Exec> {
    let body = Body::parse(code)
        .map_err(|refused| Error::new(Kind::ArgumentError, refused.to_string()).with_help(refused.help))?;
    let is_expression = scan::is_expression(code);
    // Do not minify an expression: that gains nothing.
    let wrapped = body.as_globals(&[], minified && !is_expression);
    let source = if is_expression { wrapped.source.trim().to_owned() } else { wrapped.source };
    let guarded = body.guarded(TRY);
    let guarded = if minified { Guarded { source: minify(&guarded.source), ..guarded } } else { guarded };
    Ok(Exec::new(&body, source, is_expression, guarded))
}

/// The text of an expression's value, made by the board, so that every object has one.
///
/// # Errors
/// [`Kind::DeclarationError`] for invalid Python, DeviceException unless it is an expression.
pub fn text_of(expression: &str, origin: &Origin) -> Result<Exec> {
    let body = Body::parse(expression).map_err(|refused| refused.into_error(origin))?;
    if !scan::is_closed(body.text()) {
        let error = Error::raised("SyntaxError: invalid syntax");
        return Err(error.with_origin(origin.clone()));
    }
    // The line end ends a comment. Errors are reported after it, or on the code's own lines.
    let source = format!("str(({}\n))", body.text().trim_end());
    let guarded = Guarded { source: String::new(), is_guarded: true, moved: None };
    Ok(Exec::new(&body, source, true, guarded))
}

/// Adds the lines of `code` that raised, innermost first: they are in no script, so no excerpt can show them.
pub fn point_into(error: Error, code: &str, prepared: &Exec) -> Error {
    if error.kind() != Kind::DeviceException || code.trim().lines().count() < 2 {
        return error;
    }
    let is_own = |frame: &TracebackFrame| match frame.name.as_deref() {
        None | Some("<module>") => true,
        Some(name) => prepared.defined.iter().any(|defined| defined.name == name),
    };
    let frames = error.traceback().into_iter().flat_map(str::lines).filter_map(TracebackFrame::parse);
    let own: Vec<TracebackFrame> = frames.filter(|frame| frame.file == "<stdin>" && is_own(frame)).collect();
    let mut lines = String::new();
    for frame in own.iter().rev() {
        let Some(text) = code.lines().nth(frame.line.saturating_sub(1) as usize).map(str::trim) else { continue };
        if !text.is_empty() {
            let (before, of) = if lines.is_empty() { ("", " of the code") } else { ("\ncalled from ", "") };
            lines.push_str(&format!("{before}line {}{of}: `{text}`", frame.line));
        }
    }
    if lines.is_empty() { error } else { error.with_help(lines) }
}

/// Adds the help that code of a script may have waited for input.
pub fn waits_for_input(error: Error, reads_input: bool) -> Error {
    if error.kind() != Kind::TimeoutError || !reads_input {
        return error;
    }
    let text =
        "the code may be waiting for input, which a script does not provide; pass values in the code or as arguments";
    match error.help() {
        Some(help) => {
            let help = format!("{text}\n{help}");
            error.with_help(help)
        }
        None => error.with_help(text),
    }
}

/// Adds the reason why `input()` raised.
pub fn asks_for_more(error: Error) -> Error {
    match error.is_raised("EOFError") && error.help().is_none() {
        true => error.with_help("provide more input: standard input has ended"),
        false => error,
    }
}

/// A Python file that runs unchanged.
///
/// # Errors
/// [`Kind::DeclarationError`] with the invalid line.
pub fn program(text: &str, origin: &Origin) -> Result<Exec> {
    program_behind(text, origin, TRY)
}

/// Like [`program`], with typed input, if it [`Exec::is_guarded`]. It needs
/// [`Helper::Typed`](crate::board::Helper::Typed). `token`: the connection's secret.
///
/// # Errors
/// As [`program`].
pub fn program_typed_to(text: &str, origin: &Origin, token: &str) -> Result<Exec> {
    let prepared = program_behind(text, origin, &format!("with __belay_Y('{token}')as __belay_y:"))?;
    Ok(Exec { is_typed_to: true, ..prepared })
}

fn program_behind(text: &str, origin: &Origin, opening: &str) -> Result<Exec> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let body = Body::parse(text).map_err(|refused| refused.into_error(origin))?;
    Ok(Exec::new(&body, String::new(), false, body.guarded(opening)))
}

fn defined(body: &Body, leading: u32) -> Vec<Defined> {
    let nested = frames::nested_names(body.text()).into_iter().map(|frame| Defined {
        name: frame.name,
        first_line: frame.first_line + leading + 1,
        last_line: frame.last_line + leading + 1,
    });
    nested.collect()
}

/// The lines up to the last non-empty one.
fn line_count(text: &str) -> u32 {
    u32::try_from(text.trim_end().matches('\n').count()).unwrap_or(u32::MAX - 1) + 1
}

/// A body that the board's compiler rejects is a declaration error, not a failed call.
/// `arch`: the board's architecture, empty if unknown.
pub fn not_compiled(error: Error, item: &Item, arch: &str) -> Error {
    if error.kind() != Kind::DeviceException {
        return error;
    }
    if emitters::is_refused(&error) {
        return emitters::refused(&error, item, arch);
    }
    let message = error.message().to_owned();
    let refusals = ["SyntaxError", "IndentationError", "ViperTypeError"];
    if !refusals.iter().any(|class| message.starts_with(class)) {
        return error;
    }
    let help = returned(&message, item);
    let mut declared = Error::new(Kind::DeclarationError, message).with_item(item.label());
    if let Some(help) = help {
        declared = declared.with_help(help);
    }
    // The innermost frame is the compiler's; the others lead to it.
    if let Some(origin) = error.origins().first() {
        declared = declared.with_origin(origin.clone());
    }
    declared.with_origin_if_none(&item.body.origin)
}

/// The help if viper code returns another type than declared: `return expected 'object' but got 'int'`.
fn returned(message: &str, item: &Item) -> Option<String> {
    let (_, got) = message.split_once("return expected ")?.1.split_once(" but got ")?;
    let got = got.trim_matches(|c| c == '\'' || c == '"');
    let types = ["bool", "int", "uint", "ptr", "ptr8", "ptr16", "ptr32", "object"];
    if item.options.emitter != Some(Emitter::Viper) || !types.contains(&got) {
        return None;
    }
    Some(format!("declare its return type: `{} {}(…) -> {got} emitter = \"viper\"`", item.kind, item.name))
}
