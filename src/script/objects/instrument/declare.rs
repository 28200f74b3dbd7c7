//! Builds an instrument class from a parsed `instrument` block.
//!
//! Invariant: every declaration error is raised at its position, before an instrument is opened.

use crate::instrument::class::{Class, Dialect, Item, ItemOptions, Returns, Template};
use crate::script::errors::Fallible;
use crate::script::handles::{InstrumentClassHandle, ScriptInstrumentClass};
use crate::script::language::instrument::{self as syntax, op};
use crate::script::names;
use crate::script::objects::block::{Block, Draft, Grammar};
use crate::script::objects::declare::Reading;
use crate::script::objects::instrument::members;
use crate::script::run::Run;
use crate::value::Value;
use rhai::{Dynamic, Engine, EvalContext, Expression, Position};
use std::sync::Arc;

type Context<'a, 's, 'ps, 'g, 'c, 't> = EvalContext<'a, 's, 'ps, 'g, 'c, 't>;

const GRAMMAR: Grammar<Returns> = Grammar {
    whose: "every instrument",
    is_reserved: members::is_reserved,
    returns: Returns::named,
    types: "float, int, bool, str, list or block",
};

struct Reader<'r> {
    block: Block<'r>,
    draft: Draft<Returns, Value>,
    items: Vec<Item>,
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
    let block = Block::begin(run, reading, context, inputs, "instrument")?;
    let mut reader = Reader { block, draft: Draft::default(), items: Vec::new() };
    let mut bases = Vec::new();
    let mut alias: Option<String> = None;
    for (op, input) in syntax::ops(state).chars().zip(inputs) {
        match op {
            op::CLASS => {}
            op::MIXIN_ALIAS => alias = input.get_string_value().map(str::to_owned),
            op::MIXIN => {
                let declared = |name: &str| run.declarations.instrument(&reader.block.source, name).map(Dynamic::from);
                let what = "an instrument class";
                bases.push(reader.block.base::<InstrumentClassHandle>(context, alias.take(), input, what, declared)?);
            }
            _ => reader.segment(context, op, input)?,
        }
    }
    reader.finish_item()?;
    let Reader { mut block, items, .. } = reader;
    let origin = Some(block.origin(block.keyword));
    let classes: Vec<Arc<Class>> = bases.iter().map(|base| base.0.class.clone()).collect();
    let class =
        Class::build(&block.name, &block.about, origin, items, &classes).map_err(|error| block.fail_anywhere(error))?;
    let names: Vec<&str> = class.items().map(|item| item.name.as_str()).collect();
    let methods = block.inherit_methods(bases.iter().flat_map(|base| &base.0.methods), &names)?;
    let handle = InstrumentClassHandle(Arc::new(ScriptInstrumentClass { class: Arc::new(class), methods }));
    run.declarations.declare_instrument(&block.source, &handle);
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
        if self.block.segment(context, &mut self.draft, &GRAMMAR, Value::Bool(true), (op, input))? {
            return Ok(());
        }
        let string = || input.get_string_value().unwrap_or_default().to_owned();
        let at = input.position();
        match op {
            op::KIND => {
                self.finish_item()?;
                self.draft = Draft::begin(&mut self.block, &string());
            }
            op::VALUE => {
                let value = self.block.value(context, input)?;
                if let Some(option) = self.draft.options.last_mut() {
                    option.2 = value;
                }
            }
            op::MODEL => self.draft.options.push(("model".to_owned(), at, Some(Value::Str(string())))),
            op::FUNCTION => {
                let draft = std::mem::take(&mut self.draft);
                let at = draft.at.unwrap_or(Position::NONE);
                let method = self.block.closure(context, input, (&draft.name, draft.doc, at))?;
                self.block.add_method(method, at)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn finish_item(&mut self) -> Fallible<()> {
        let mut draft = std::mem::take(&mut self.draft);
        let block = &self.block;
        let (Some(kind), Some((body, quote))) = (draft.kind, draft.body.take()) else { return Ok(()) };
        let mut options = ItemOptions::default();
        draft.each_option(block, kind, |name, value| options.set(kind, name, value))?;
        let messages = match Template::parse_all(Dialect::Scpi, &body, &draft.params) {
            Ok(messages) => messages,
            Err((message, help)) => return block.refuse(message, help, quote),
        };
        self.items.push(Item {
            kind,
            name: draft.name,
            params: draft.params,
            returns: draft.returns.unwrap_or_default(),
            options,
            messages,
            doc: draft.doc,
            origin: block.origin(draft.at.unwrap_or(quote)),
        });
        Ok(())
    }
}
