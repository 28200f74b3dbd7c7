//! Builds a [`Class`] from a parsed `device` block: names, parameters, options, bodies, with positions.
//!
//! Invariant: every declaration error is raised at its position, before a board is opened.

use crate::device::class::{Body, Class, Default, Item, ItemKind, ItemOptions, Param};
use crate::error::{Error, Kind};
use crate::name::Name;
use crate::origin::Origin;
use crate::phrase::did_you_mean;
use crate::script::diagnostics::explain;
use crate::script::errors::{Fallible, kind_of, place, raise_at};
use crate::script::handles::{ClassHandle, Method, ScriptClass};
use crate::script::language::{syntax, text};
use crate::script::names::{self, check_word};
use crate::script::objects::{convert, methods};
use crate::script::reading::attempt;
use crate::script::run::Run;
use crate::value::Value;
use rhai::{Dynamic, Engine, EvalContext, Expression, FnPtr, Position};
use std::sync::Arc;

/// Why a block is evaluated.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// The script runs.
    Run,
    /// The declarations are inspected: values that depend on a run stay open.
    Check,
}

/// An item read so far.
struct Draft {
    kind: Option<ItemKind>,
    name: String,
    at: Position,
    doc: String,
    params: Vec<(String, Position, String, Option<Default>)>,
    returns: String,
    options: Vec<(String, Position, Option<Value>)>,
}

/// Reads a block segment by segment.
struct Reader<'r> {
    run: &'r Arc<Run>,
    reading: Reading,
    source: String,
    text: Arc<str>,
    doc: String,
    draft: Draft,
    items: Vec<Item>,
    methods: Vec<Arc<Method>>,
}

impl Draft {
    fn new() -> Draft {
        Draft {
            kind: None,
            name: String::new(),
            at: Position::NONE,
            doc: String::new(),
            params: Vec::new(),
            returns: String::new(),
            options: Vec::new(),
        }
    }

    fn words(&self) -> String {
        let kind = self.kind.map_or("method", ItemKind::word);
        format!("{kind} `{}`", self.name)
    }
}

/// Registers the `device` block.
pub(crate) fn register(engine: &mut Engine, run: &Arc<Run>, reading: Reading) {
    let shared = run.clone();
    engine.register_custom_syntax_with_state_raw(names::DEVICE, syntax::parse, true, move |context, inputs, state| {
        declare(&shared, reading, context, inputs, state)
    });
}

/// Evaluates a `device` block: defines the class as a constant, exports it, and makes it visible to functions.
fn declare(
    run: &Arc<Run>,
    reading: Reading,
    context: &mut EvalContext<'_, '_, '_, '_, '_, '_>,
    inputs: &[Expression<'_>],
    state: &Dynamic,
) -> Result<Dynamic, Box<rhai::EvalAltResult>> {
    let source = context.source().unwrap_or_default().to_owned();
    let text = run.sources.get(&source).unwrap_or_default();
    let keyword = inputs.last().map_or(Position::NONE, Expression::position);
    let ops = syntax::ops(state);
    let name = inputs.first().and_then(Expression::get_string_value).unwrap_or_default().to_owned();
    if context.global_runtime_state().level > 0 {
        let error = Error::new(Kind::DeclarationError, format!("`device {name}` is inside a function"))
            .with_help("declare it outside of functions and closures");
        return Err(fail(error, &source, keyword));
    }
    let doc = text::comment_above(&text, keyword.line().unwrap_or(1));
    let draft = Draft::new();
    let mut reader =
        Reader { run, reading, source, text, doc: String::new(), draft, items: Vec::new(), methods: Vec::new() };
    let mut mixins = Vec::new();
    let mut alias: Option<String> = None;
    for (op, input) in ops.chars().zip(inputs) {
        match op {
            syntax::op::CLASS => {}
            syntax::op::MIXIN_ALIAS => alias = input.get_string_value().map(str::to_owned),
            syntax::op::MIXIN => mixins.push(reader.mixin(context, alias.take(), input)?),
            _ => reader.segment(context, op, input)?,
        }
    }
    let origin = place(Some(&reader.source), keyword);
    let bases: Vec<Arc<Class>> = mixins.iter().map(|mixin| mixin.0.class.clone()).collect();
    let Reader { source, items, methods, .. } = reader;
    let class =
        Class::build(&name, &doc, origin, items, &bases).map_err(|error| fail_anywhere(error, &source, keyword))?;
    let methods = methods::inherit(&class, methods, &mixins).map_err(|error| fail_anywhere(error, &source, keyword))?;
    run.declarations
        .loader
        .check_functions(&run.sources, &class)
        .map_err(|error| fail_anywhere(error, &source, keyword))?;
    let handle = ClassHandle(Arc::new(ScriptClass { class: Arc::new(class), methods, mixins }));
    run.declarations.declare(&source, &handle);
    context.scope_mut().push_constant_dynamic(name.as_str(), Dynamic::from(handle.clone()));
    context.scope_mut().set_alias(name.as_str(), name.as_str());
    Ok(Dynamic::from(handle))
}

/// The value of the name after the colon of a block, in the module `alias` or here, where `declared` is asked last.
pub(super) fn inherited(
    context: &EvalContext<'_, '_, '_, '_, '_, '_>,
    alias: Option<&str>,
    name: &str,
    declared: impl FnOnce() -> Option<Dynamic>,
) -> Option<Dynamic> {
    match alias {
        Some(alias) => {
            let module = context.iter_imports().find(|(known, _)| *known == alias).map(|(_, module)| module);
            module.and_then(|module| module.get_var(name))
        }
        None => context.scope().get(name).map(Dynamic::flatten_clone).or_else(declared),
    }
}

/// Raises a declaration error at `position`.
pub(super) fn fail(error: Error, source: &str, position: Position) -> Box<rhai::EvalAltResult> {
    let error = match place(Some(source), position) {
        Some(origin) => error.with_origin(origin),
        None => error,
    };
    raise_at(error, position)
}

/// Raises an error that may already have a position.
pub(super) fn fail_anywhere(error: Error, source: &str, position: Position) -> Box<rhai::EvalAltResult> {
    match error.origins().iter().find(|origin| &*origin.file == source) {
        Some(origin) => {
            let line = u16::try_from(origin.line).unwrap_or(u16::MAX).max(1);
            let column = u16::try_from(origin.column).unwrap_or(0);
            raise_at(error, Position::new(line, column))
        }
        None => fail(error, source, position),
    }
}

impl Reader<'_> {
    fn origin(&self, position: Position) -> Origin {
        place(Some(&self.source), position).unwrap_or_else(|| Origin::new(&*self.source, 1, 0))
    }

    fn fail(&self, error: Error, position: Position) -> Box<rhai::EvalAltResult> {
        fail(error, &self.source, position)
    }

    fn mixin(
        &self,
        context: &mut EvalContext<'_, '_, '_, '_, '_, '_>,
        alias: Option<String>,
        input: &Expression<'_>,
    ) -> Fallible<ClassHandle> {
        let name = input.get_string_value().unwrap_or_default();
        let declared = || self.run.declarations.class(&self.source, name).map(Dynamic::from);
        let found = inherited(context, alias.as_deref(), name, declared);
        let shown = alias.map_or(name.to_owned(), |alias| format!("{alias}::{name}"));
        match found.and_then(Dynamic::try_cast::<ClassHandle>) {
            Some(class) => Ok(class),
            None => {
                let known = self.run.declarations.classes();
                let near = crate::name::nearest(name, known.iter().map(|(_, class)| class.0.class.name.as_str()));
                let help = match near {
                    Some(near) => did_you_mean(near),
                    None => "inherit from a class that is declared above or imported".to_owned(),
                };
                let error =
                    Error::new(Kind::DeclarationError, format!("`{shown}` is not a device class")).with_help(help);
                Err(self.fail(error, input.position()))
            }
        }
    }

    fn segment(
        &mut self,
        context: &mut EvalContext<'_, '_, '_, '_, '_, '_>,
        op: char,
        input: &Expression<'_>,
    ) -> Fallible<()> {
        let string = || input.get_string_value().unwrap_or_default().to_owned();
        match op {
            syntax::op::DOC => {
                let doc = text::strip_comment(&string());
                if !self.doc.is_empty() {
                    self.doc.push('\n');
                }
                self.doc.push_str(&doc);
            }
            syntax::op::KIND => {
                self.draft = Draft::new();
                self.draft.kind = ItemKind::from_word(&string());
                self.draft.doc = std::mem::take(&mut self.doc);
            }
            syntax::op::NAME => {
                self.draft.name = string();
                self.draft.at = input.position();
                self.check_name()?;
            }
            syntax::op::PARAM => self.draft.params.push((string(), input.position(), String::new(), None)),
            syntax::op::ANNOTATION => {
                if let Some(param) = self.draft.params.last_mut() {
                    param.2.push_str(&string());
                }
            }
            syntax::op::DEFAULT => {
                let value = self.value(context, input, "default")?;
                if let Some(param) = self.draft.params.last_mut() {
                    let (line, column) = (param.1.line().unwrap_or(1), param.1.position().unwrap_or(1));
                    let later = || Default::Later(attempt::default_source(&self.text, line, column));
                    param.3 = Some(value.map_or_else(later, Default::Value));
                }
            }
            syntax::op::RETURNS => self.draft.returns.push_str(&string()),
            syntax::op::OPTION => self.draft.options.push((string(), input.position(), None)),
            syntax::op::VALUE => {
                let value = self.value(context, input, "option")?;
                match (self.draft.options.last_mut(), value) {
                    (Some(option), Some(value)) => option.2 = Some(value),
                    // Known only at run time: checked as if it were absent.
                    _ => drop(self.draft.options.pop()),
                }
            }
            syntax::op::IMPLEMENTATION => {
                self.draft.options.push(("implementation".to_owned(), input.position(), Some(Value::Str(string()))));
            }
            syntax::op::BODY => self.item(string(), input.position())?,
            syntax::op::FUNCTION => self.method(context, input)?,
            _ => {}
        }
        Ok(())
    }

    fn value(
        &self,
        context: &mut EvalContext<'_, '_, '_, '_, '_, '_>,
        input: &Expression<'_>,
        what: &str,
    ) -> Fallible<Option<Value>> {
        let of = match what {
            "default" => self.draft.params.last().map(|param| format!("the default of `{}`", param.0)),
            _ => self.draft.options.last().map(|option| format!("the option `{}`", option.0)),
        };
        let of = of.unwrap_or_default();
        let value = match self.reading {
            Reading::Check => attempt::attempt(self.run, context, input),
            Reading::Run => context.eval_expression_tree(input).map(Some),
        };
        let value = value.map_err(|error| self.not_evaluated(context, error, &of))?;
        let Some(value) = value else { return Ok(None) };
        let value = convert::to_value(&value).and_then(|value| match value.remotes().as_slice() {
            [] => Ok(value),
            _ => Err("is an object of a board, which a declaration cannot hold".to_owned()),
        });
        value
            .map(Some)
            .map_err(|reason| self.fail(Error::new(Kind::DeclarationError, format!("{of} {reason}")), input.position()))
    }

    /// Turns a failure inside a declaration into a DeclarationError, unless a connection or the board failed.
    fn not_evaluated(
        &self,
        context: &EvalContext<'_, '_, '_, '_, '_, '_>,
        error: Box<rhai::EvalAltResult>,
        of: &str,
    ) -> Box<rhai::EvalAltResult> {
        let ends = matches!(*error, rhai::EvalAltResult::ErrorTerminated(..) | rhai::EvalAltResult::Exit(..));
        if ends || kind_of(&error).exit_status() != 1 {
            return error;
        }
        let known = explain::to_error(self.run, context.engine(), &error, &self.source);
        let mut wrong = Error::new(Kind::DeclarationError, format!("{of}: {}", known.headline()));
        if let Some(help) = known.help() {
            wrong = wrong.with_help(help.to_owned());
        }
        for origin in known.origins() {
            wrong = wrong.with_origin(origin.clone());
        }
        raise_at(wrong, error.position())
    }

    /// Rejects names that Python, Rhai or every device uses.
    fn check_name(&self) -> Fallible<()> {
        let (name, at) = (self.draft.name.as_str(), self.draft.at);
        check_word(name).map_err(|error| self.fail(error, at))?;
        if self.draft.kind.is_some() && ["pre_autoinit", "post_init"].contains(&name) {
            let error = Error::new(Kind::SpecialFunctionNameError, format!("`{name}` is the name of a method"))
                .with_help(format!("write `method {name} || {{ … }}`, it runs when the device is opened"));
            return Err(self.fail(error, at));
        }
        Name::function(name).map(|_| ()).map_err(|error| self.fail(error, at))
    }

    fn item(&mut self, body: String, quote: Position) -> Fallible<()> {
        let draft = std::mem::replace(&mut self.draft, Draft::new());
        let Some(kind) = draft.kind else { return Ok(()) };
        let words = draft.words();
        let mut options = ItemOptions::defaults(kind);
        let mut seen: Vec<&str> = Vec::new();
        for (name, at, value) in &draft.options {
            if seen.contains(&name.as_str()) {
                let error = Error::new(Kind::DeclarationError, format!("{words} has the option `{name}` twice"));
                return Err(self.fail(error, *at));
            }
            seen.push(name);
            options
                .set(kind, name, value.as_ref().unwrap_or(&Value::Bool(true)))
                .map_err(|error| self.fail(error, *at))?;
        }
        let mut params = Vec::new();
        for (name, at, annotation, default) in draft.params {
            let name = Name::parameter(&name).map_err(|error| self.fail(error, at))?;
            let annotation = Some(annotation).filter(|text| !text.is_empty());
            params.push(Param { name, annotation, default });
        }
        let name = Name::function(&draft.name).map_err(|error| self.fail(error, draft.at))?;
        let origin =
            text::literal_origin(&self.text, &self.source, quote.line().unwrap_or(1), quote.position().unwrap_or(1));
        let body = Body { text: body, origin };
        let origin = self.origin(draft.at);
        let returns = Some(draft.returns).filter(|text| !text.is_empty());
        self.items.push(Item { kind, name, params, returns, options, body, doc: draft.doc, origin });
        Ok(())
    }

    fn method(&mut self, context: &mut EvalContext<'_, '_, '_, '_, '_, '_>, input: &Expression<'_>) -> Fallible<()> {
        let draft = std::mem::replace(&mut self.draft, Draft::new());
        let value = context.eval_expression_tree(input)?;
        let Some(function) = value.try_cast::<FnPtr>() else { return Ok(()) };
        let method = Method::new(&draft.name, function, draft.doc, self.origin(draft.at), context);
        if let Some(other) = self.methods.iter().find(|other| other.name == method.name && other.arity == method.arity)
        {
            let error = Error::new(
                Kind::DeclarationError,
                format!("method `{}` with {} is declared twice", method.name, crate::phrase::arguments(method.arity)),
            )
            .with_help(format!("the first one is at {}", other.origin));
            return Err(self.fail(error, draft.at));
        }
        self.methods.push(Arc::new(method));
        Ok(())
    }
}
