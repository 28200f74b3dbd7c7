//! Builds a class of consoles from a parsed `console` block.
//!
//! Invariant: every declaration error is raised at its position, before a console is opened.

use super::members;
use super::options::{self, Wanted};
use crate::console::class::{Class, Dialect, Given, Item, ItemOptions, Returns, Template};
use crate::error::{Error, Kind};
use crate::script::errors::{Fallible, ScriptError, as_value};
use crate::script::handles::{ConsolesHandle, Method, RegexHandle, ScriptConsoleClass};
use crate::script::language::instrument::{self as syntax, op};
use crate::script::names;
use crate::script::objects::block::{Block, Draft, Grammar};
use crate::script::objects::convert;
use crate::script::objects::declare::Reading;
use crate::script::run::Run;
use crate::value::Value;
use rhai::{Dynamic, Engine, EvalContext, Expression};
use std::sync::Arc;

type Context<'a, 's, 'ps, 'g, 'c, 't> = EvalContext<'a, 's, 'ps, 'g, 'c, 't>;

const GRAMMAR: Grammar<Returns> = Grammar {
    whose: "every console",
    is_reserved: members::is_reserved,
    returns: Returns::named,
    types: "float, int, bool, str, line or lines",
};

struct Reader<'r> {
    block: Block<'r>,
    draft: Draft<Returns, Given>,
    /// That of the setup that is read.
    closure: Option<Arc<Method>>,
    items: Vec<Item>,
    closures: Vec<Arc<Method>>,
    setting: String,
    set: Vec<String>,
    wanted: Wanted,
}

/// Registers the `console` block.
pub(crate) fn register(engine: &mut Engine, run: &Arc<Run>, reading: Reading) {
    let shared = run.clone();
    engine.register_custom_syntax_with_state_raw(names::CONSOLE, syntax::parse, true, move |context, inputs, state| {
        declare(&shared, reading, context, inputs, state)
    });
}

fn declare(
    run: &Arc<Run>,
    reading: Reading,
    context: &mut Context<'_, '_, '_, '_, '_, '_>,
    inputs: &[Expression<'_>],
    state: &Dynamic,
) -> Fallible<Dynamic> {
    let mut reader = Reader {
        block: Block::begin(run, reading, context, inputs, "console")?,
        draft: Draft::default(),
        closure: None,
        items: Vec::new(),
        closures: Vec::new(),
        setting: String::new(),
        set: Vec::new(),
        wanted: Wanted::default(),
    };
    let mut bases = Vec::new();
    let mut alias: Option<String> = None;
    for (op, input) in syntax::ops(state).chars().zip(inputs) {
        match op {
            op::CLASS => {}
            op::MIXIN_ALIAS => alias = input.get_string_value().map(str::to_owned),
            op::MIXIN => {
                let declared = |name: &str| run.declarations.console(&reader.block.source, name).map(Dynamic::from);
                let what = "a class of consoles";
                bases.push(reader.block.base::<ConsolesHandle>(context, alias.take(), input, what, declared)?);
            }
            _ => reader.segment(context, op, input)?,
        }
    }
    reader.finish_item()?;
    let Reader { mut block, items, mut closures, mut wanted, .. } = reader;
    let origin = Some(block.origin(block.keyword));
    let classes: Vec<Arc<Class>> = bases.iter().map(|base| base.0.class.clone()).collect();
    let class =
        Class::build(&block.name, &block.about, origin, items, &classes).map_err(|error| block.fail_anywhere(error))?;
    let names: Vec<&str> = class.items().iter().map(|item| item.name.as_str()).collect();
    let methods = block.inherit_methods(bases.iter().flat_map(|base| &base.0.methods), &names)?;
    for base in &bases {
        closures.extend(base.0.closures.iter().cloned());
        wanted = wanted.of_class(&base.0);
    }
    let class = Arc::new(class);
    let (choice, line) = (wanted.settings, wanted.port.line);
    let handle = ConsolesHandle(Arc::new(ScriptConsoleClass { class, methods, closures, choice, line }));
    run.declarations.declare_console(&block.source, &handle);
    context.scope_mut().push_constant_dynamic(block.name.as_str(), Dynamic::from(handle.clone()));
    context.scope_mut().set_alias(block.name.as_str(), block.name.as_str());
    Ok(Dynamic::from(handle))
}

impl Reader<'_> {
    fn segment(
        &mut self,
        context: &mut Context<'_, '_, '_, '_, '_, '_>,
        op: char,
        input: &Expression<'_>,
    ) -> Fallible<()> {
        let on = Given::Value(Value::Bool(true));
        if self.block.segment(context, &mut self.draft, &GRAMMAR, on, (op, input))? {
            return Ok(());
        }
        let string = || input.get_string_value().unwrap_or_default().to_owned();
        let at = input.position();
        match op {
            op::SETTING => {
                self.finish_item()?;
                self.setting = string();
                // A comment above a setting is about it alone.
                self.block.take_doc();
                if self.set.contains(&self.setting) {
                    return self.block.refuse(format!("`{}` is set twice", self.setting), "remove one", at);
                }
                self.set.push(self.setting.clone());
            }
            op::SET => self.set(context, input)?,
            op::KIND => {
                self.finish_item()?;
                self.draft = Draft::begin(&mut self.block, &string());
            }
            op::VALUE => {
                let value = self.given(context, input)?;
                if let Some(option) = self.draft.options.last_mut() {
                    option.2 = value;
                }
            }
            op::FUNCTION => {
                let (name, doc) = (self.draft.name.clone(), self.draft.doc.clone());
                let name_at = self.draft.at.unwrap_or(at);
                let closure = self.block.closure(context, input, (&name, doc, name_at))?;
                if self.draft.kind.is_some() {
                    self.closure = closure;
                    self.draft.body = Some((String::new(), at));
                } else {
                    self.draft = Draft::default();
                    self.block.add_method(closure, name_at)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// A setting of the class.
    fn set(&mut self, context: &mut Context<'_, '_, '_, '_, '_, '_>, input: &Expression<'_>) -> Fallible<()> {
        let Some(value) = self.block.evaluated(context, input)? else { return Ok(()) };
        options::set(&mut self.wanted, &self.setting, &value).map_err(|error| {
            match as_value(&error).read_lock::<ScriptError>() {
                Some(known) => {
                    let wrong = Error::new(Kind::DeclarationError, known.error.message());
                    let help = known.error.help().unwrap_or_default();
                    self.block.fail(if help.is_empty() { wrong } else { wrong.with_help(help) }, input.position())
                }
                None => error,
            }
        })
    }

    /// The value of an option; `None` if only a run knows it.
    fn given(&self, context: &mut Context<'_, '_, '_, '_, '_, '_>, input: &Expression<'_>) -> Fallible<Option<Given>> {
        let Some(value) = self.block.evaluated(context, input)? else { return Ok(None) };
        if let Some(regex) = value.read_lock::<RegexHandle>() {
            return Ok(Some(Given::Regex(regex.0.clone())));
        }
        match convert::to_value(&value) {
            Ok(value) => Ok(Some(Given::Value(value))),
            Err(reason) => self.block.refuse(format!("the value {reason}"), "", input.position()),
        }
    }

    fn finish_item(&mut self) -> Fallible<()> {
        let (mut draft, closure) = (std::mem::take(&mut self.draft), self.closure.take());
        let block = &self.block;
        let (Some(kind), Some((body, quote))) = (draft.kind, draft.body.take()) else { return Ok(()) };
        let mut options = ItemOptions::default();
        draft.each_option(block, kind, |name, value| options.set(kind, name, value))?;
        let lines = match Template::parse_all(Dialect::Shell, &body, &draft.params) {
            Ok(lines) => lines,
            Err((message, help)) => return block.refuse(message, help, quote),
        };
        if let Some(closure) = &closure
            && closure.arity != draft.params.len()
        {
            let takes = crate::phrase::arguments(closure.arity);
            let message =
                format!("setup `{}` has {} parameters, but its closure takes {takes}", draft.name, draft.params.len());
            return block.refuse(message, "write the same names in both", quote);
        }
        self.items.push(Item {
            kind,
            name: draft.name,
            params: draft.params,
            returns: draft.returns.unwrap_or_default(),
            options,
            lines,
            is_closure: closure.is_some(),
            doc: draft.doc,
            origin: block.origin(draft.at.unwrap_or(quote)),
        });
        self.closures.extend(closure);
        Ok(())
    }
}
