//! Builds an instrument class from a parsed `instrument` block.
//!
//! Invariant: every declaration error is raised at its position, before an instrument is opened.

use crate::bench::units;
use crate::error::{Error, Kind};
use crate::instrument::class::{Class, Item, ItemKind, ItemOptions, Limits, Param, ParamKind, Returns, Template};
use crate::name::Name;
use crate::origin::Origin;
use crate::phrase::did_you_mean;
use crate::script::errors::{Fallible, place};
use crate::script::handles::{InstrumentClassHandle, Method, ScriptInstrumentClass};
use crate::script::language::instrument::{self as syntax, op};
use crate::script::language::text;
use crate::script::names::{self, RHAI_NAMES};
use crate::script::objects::convert;
use crate::script::objects::declare::{Reading, fail, fail_anywhere, inherited};
use crate::script::objects::instrument::members;
use crate::script::reading::attempt;
use crate::script::run::Run;
use crate::value::Value;
use rhai::{Dynamic, Engine, EvalContext, Expr, Expression, FnPtr, Position};
use std::sync::Arc;

type Context<'a, 's, 'ps, 'g, 'c, 't> = EvalContext<'a, 's, 'ps, 'g, 'c, 't>;

/// An item read so far.
#[derive(Default)]
struct Draft {
    kind: Option<ItemKind>,
    name: String,
    at: Option<Position>,
    doc: String,
    params: Vec<Param>,
    returns: Option<Returns>,
    options: Vec<(String, Position, Option<Value>)>,
    body: Option<(String, Position)>,
}

struct Reader<'r> {
    run: &'r Arc<Run>,
    reading: Reading,
    source: String,
    doc: String,
    draft: Draft,
    items: Vec<Item>,
    methods: Vec<Arc<Method>>,
}

/// Registers the `instrument` block.
pub(crate) fn register(engine: &mut Engine, run: &Arc<Run>, reading: Reading) {
    let shared = run.clone();
    engine.register_custom_syntax_with_state_raw(
        names::INSTRUMENT,
        syntax::parse,
        true,
        move |context, inputs, state| declare(&shared, reading, context, inputs, state),
    );
}

fn declare(
    run: &Arc<Run>,
    reading: Reading,
    context: &mut Context<'_, '_, '_, '_, '_, '_>,
    inputs: &[Expression<'_>],
    state: &Dynamic,
) -> Fallible<Dynamic> {
    let source = context.source().unwrap_or_default().to_owned();
    let whole = run.sources.get(&source).unwrap_or_default();
    let keyword = inputs.last().map_or(Position::NONE, Expression::position);
    let name = inputs.first().and_then(Expression::get_string_value).unwrap_or_default().to_owned();
    let mut reader = Reader {
        run,
        reading,
        source,
        doc: String::new(),
        draft: Draft::default(),
        items: Vec::new(),
        methods: Vec::new(),
    };
    if context.global_runtime_state().level > 0 {
        let error = Error::new(Kind::DeclarationError, format!("`instrument {name}` is inside a function"))
            .with_help("declare it outside of functions and closures");
        return Err(reader.fail(error, keyword));
    }
    let mut bases = Vec::new();
    let mut alias: Option<String> = None;
    for (op, input) in syntax::ops(state).chars().zip(inputs) {
        match op {
            op::CLASS => {}
            op::MIXIN_ALIAS => alias = input.get_string_value().map(str::to_owned),
            op::MIXIN => bases.push(reader.base(context, alias.take(), input)?),
            _ => reader.segment(context, op, input)?,
        }
    }
    reader.finish_item()?;
    let doc = text::comment_above(&whole, keyword.line().unwrap_or(1));
    let origin = Some(reader.origin(keyword));
    let classes: Vec<Arc<Class>> = bases.iter().map(|base| base.0.class.clone()).collect();
    let items = std::mem::take(&mut reader.items);
    let class = Class::build(&name, &doc, origin, items, &classes)
        .map_err(|error| fail_anywhere(error, &reader.source, keyword))?;
    let mut methods = std::mem::take(&mut reader.methods);
    for method in bases.iter().flat_map(|base| &base.0.methods) {
        if !methods.iter().any(|other| other.name == method.name && other.arity == method.arity) {
            methods.push(method.clone());
        }
    }
    if let Some(method) = methods.iter().find(|method| class.items().any(|item| item.name == method.name)) {
        let message = format!("`{}` is both a method and an item", method.name);
        let error = Error::new(Kind::DeclarationError, message).with_help("rename one of them");
        return Err(fail_anywhere(error.with_origin(method.origin.clone()), &reader.source, keyword));
    }
    let handle = InstrumentClassHandle(Arc::new(ScriptInstrumentClass { class: Arc::new(class), methods }));
    run.declarations.declare_instrument(&reader.source, &handle);
    context.scope_mut().push_constant_dynamic(name.as_str(), Dynamic::from(handle.clone()));
    context.scope_mut().set_alias(name.as_str(), name.as_str());
    Ok(Dynamic::from(handle))
}

impl Reader<'_> {
    fn origin(&self, position: Position) -> Origin {
        place(Some(&self.source), position).unwrap_or_else(|| Origin::new(&*self.source, 1, 0))
    }

    fn fail(&self, error: Error, position: Position) -> Box<rhai::EvalAltResult> {
        fail(error, &self.source, position)
    }

    fn refuse<T>(&self, message: impl Into<String>, help: impl Into<String>, position: Position) -> Fallible<T> {
        let help = help.into();
        let error = Error::new(Kind::DeclarationError, message);
        Err(self.fail(if help.is_empty() { error } else { error.with_help(help) }, position))
    }

    fn base(
        &self,
        context: &mut Context<'_, '_, '_, '_, '_, '_>,
        alias: Option<String>,
        input: &Expression<'_>,
    ) -> Fallible<InstrumentClassHandle> {
        let name = input.get_string_value().unwrap_or_default();
        let declared = || self.run.declarations.instrument(&self.source, name).map(Dynamic::from);
        let found = inherited(context, alias.as_deref(), name, declared);
        match found.and_then(Dynamic::try_cast::<InstrumentClassHandle>) {
            Some(class) => Ok(class),
            None => {
                let shown = alias.map_or(name.to_owned(), |alias| format!("{alias}::{name}"));
                let help = "inherit from an instrument class that is declared above or imported";
                self.refuse(format!("`{shown}` is not an instrument class"), help, input.position())
            }
        }
    }

    fn segment(
        &mut self,
        context: &mut Context<'_, '_, '_, '_, '_, '_>,
        op: char,
        input: &Expression<'_>,
    ) -> Fallible<()> {
        let string = || input.get_string_value().unwrap_or_default().to_owned();
        let at = input.position();
        match op {
            op::DOC => {
                let doc = text::strip_comment(&string());
                if !self.doc.is_empty() {
                    self.doc.push('\n');
                }
                self.doc.push_str(&doc);
            }
            op::KIND => {
                self.finish_item()?;
                let doc = std::mem::take(&mut self.doc);
                self.draft = Draft { kind: ItemKind::from_word(&string()), doc, ..Draft::default() };
            }
            op::NAME => {
                self.draft.name = string();
                self.draft.at = Some(at);
                self.check_name(at)?;
            }
            op::PARAM => {
                let name = Name::parameter(&string()).map_err(|error| self.fail(error, at))?;
                self.draft.params.push(Param { name: name.to_string(), ..Param::default() });
            }
            op::TYPE => {
                let word = string();
                let known = ParamKind::NAMES;
                match (known.iter().find(|(name, _)| *name == word), self.draft.params.last_mut()) {
                    (Some((_, kind)), Some(param)) => param.kind = *kind,
                    _ => {
                        let near = crate::name::nearest(&word, known.iter().map(|(name, _)| *name));
                        let help = near.map_or_else(|| "types are float, int, bool and str".to_owned(), did_you_mean);
                        return self.refuse(format!("unknown type `{word}`"), help, at);
                    }
                }
            }
            op::UNIT => {
                let unit = string();
                if units::check(&unit).is_err() {
                    return self.refuse(format!("unknown unit `{unit}`"), "use a unit such as \"V\" or \"mA\"", at);
                }
                if let Some(param) = self.draft.params.last_mut() {
                    param.unit = unit;
                    if param.kind == ParamKind::Any {
                        param.kind = ParamKind::Float;
                    }
                }
            }
            op::LIMITS => {
                let limits = self.limits(context, input)?;
                if let Some(param) = self.draft.params.last_mut() {
                    param.limits = limits;
                }
            }
            op::DEFAULT => {
                let value = self.value(context, input)?;
                if let Some(param) = self.draft.params.last_mut() {
                    param.default = Some(value.unwrap_or_else(|| param.stand_in()));
                }
            }
            op::RETURNS => match (Returns::named(&string()), self.draft.kind) {
                (Some(returns), Some(ItemKind::Query)) => self.draft.returns = Some(returns),
                (Some(_), _) => {
                    return self.refuse("only a query returns something", "remove `->`, or declare a `query`", at);
                }
                (None, _) => {
                    let help =
                        "a query returns float, int, bool, str, list or block; without `->`, a number or a string";
                    return self.refuse(format!("unknown type `{}`", string()), help, at);
                }
            },
            op::OPTION => self.draft.options.push((string(), at, Some(Value::Bool(true)))),
            op::VALUE => {
                let value = self.value(context, input)?;
                if let Some(option) = self.draft.options.last_mut() {
                    option.2 = value;
                }
            }
            op::MODEL => self.draft.options.push(("model".to_owned(), at, Some(Value::Str(string())))),
            op::BODY => self.draft.body = Some((string(), at)),
            op::FUNCTION => self.method(context, input)?,
            _ => {}
        }
        Ok(())
    }

    /// A value of a declaration; `None` if only a run knows it.
    fn value(&self, context: &mut Context<'_, '_, '_, '_, '_, '_>, input: &Expression<'_>) -> Fallible<Option<Value>> {
        let value = match self.reading {
            Reading::Check => attempt::attempt(self.run, context, input)?,
            Reading::Run => Some(context.eval_expression_tree(input)?),
        };
        let Some(value) = value else { return Ok(None) };
        match convert::to_value(&value) {
            Ok(value) => Ok(Some(value)),
            Err(reason) => self.refuse(format!("the value {reason}"), "", input.position()),
        }
    }

    /// A range of numbers, floats too, or an array of choices.
    fn limits(
        &self,
        context: &mut Context<'_, '_, '_, '_, '_, '_>,
        input: &Expression<'_>,
    ) -> Fallible<Option<Limits>> {
        let usage = "write a range such as `0..=30` or `0.5..=1.5`, or choices such as `[1, 2, 5]`";
        let range = match &**input {
            Expr::FnCall(call, _) if matches!(call.name.as_str(), ".." | "..=") && call.args.len() == 2 => Some(call),
            _ => None,
        };
        let Some(call) = range else {
            return match self.value(context, input)? {
                None => Ok(None),
                Some(Value::List(all)) if !all.is_empty() => Ok(Some(Limits::Choice(all))),
                Some(_) => self.refuse("invalid limits", usage, input.position()),
            };
        };
        let mut ends = [0.0; 2];
        for (end, part) in ends.iter_mut().zip(&call.args) {
            #[expect(clippy::cast_precision_loss, reason = "limits are floats")]
            match self.value(context, &Expression::from(part))? {
                None => return Ok(None),
                Some(Value::Int(whole)) => *end = whole as f64,
                Some(Value::Float(number)) => *end = number,
                Some(_) => return self.refuse("invalid limits", usage, part.position()),
            }
        }
        let [low, high] = ends;
        if low > high {
            return self.refuse("the lower limit is above the upper one", "swap them", input.position());
        }
        Ok(Some(Limits::Range { low, high, inclusive: call.name == "..=" }))
    }

    /// Rejects names that Rhai or every instrument uses.
    fn check_name(&self, at: Position) -> Fallible<()> {
        let name = self.draft.name.as_str();
        let whose = if members::is_reserved(name) {
            "a name that every instrument has already"
        } else if RHAI_NAMES.contains(&name) || name == names::CALL {
            "a word of the script language"
        } else {
            return Name::function(name).map(drop).map_err(|error| self.fail(error, at));
        };
        let error = Error::new(Kind::SpecialFunctionNameError, format!("`{name}` is {whose}"));
        Err(self.fail(error.with_help("choose another name"), at))
    }

    fn finish_item(&mut self) -> Fallible<()> {
        let draft = std::mem::take(&mut self.draft);
        let (Some(kind), Some((body, quote))) = (draft.kind, draft.body) else { return Ok(()) };
        let mut options = ItemOptions::default();
        for (index, (name, at, value)) in draft.options.iter().enumerate() {
            if draft.options[..index].iter().any(|(other, ..)| other == name) {
                return self.refuse(format!("{kind} `{}` has the option `{name}` twice", draft.name), "", *at);
            }
            if let Some(value) = value {
                options.set(kind, name, value).map_err(|error| self.fail(error, *at))?;
            }
        }
        let messages = match Template::parse_all(&body, &draft.params) {
            Ok(messages) => messages,
            Err((message, help)) => return self.refuse(message, help, quote),
        };
        self.items.push(Item {
            kind,
            name: draft.name,
            params: draft.params,
            returns: draft.returns.unwrap_or_default(),
            options,
            messages,
            doc: draft.doc,
            origin: self.origin(draft.at.unwrap_or(quote)),
        });
        Ok(())
    }

    fn method(&mut self, context: &mut Context<'_, '_, '_, '_, '_, '_>, input: &Expression<'_>) -> Fallible<()> {
        let draft = std::mem::take(&mut self.draft);
        let at = draft.at.unwrap_or(Position::NONE);
        let value = context.eval_expression_tree(input)?;
        let Some(function) = value.try_cast::<FnPtr>() else { return Ok(()) };
        let method = Method::new(&draft.name, function, draft.doc, self.origin(at), context);
        if self.methods.iter().any(|other| other.name == method.name && other.arity == method.arity) {
            return self.refuse(format!("method `{}` is declared twice", method.name), "", at);
        }
        self.methods.push(Arc::new(method));
        Ok(())
    }
}
