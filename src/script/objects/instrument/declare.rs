//! Builds an instrument class from a parsed `instrument` block.
//!
//! Invariant: every declaration error is raised at its position, before an instrument is opened.

use crate::instrument::class::{Class, Dialect, Item, ItemKind, ItemOptions, Param, Returns, Template};
use crate::script::errors::Fallible;
use crate::script::handles::{InstrumentClassHandle, ScriptInstrumentClass};
use crate::script::language::instrument::{self as syntax, op};
use crate::script::names;
use crate::script::objects::block::Block;
use crate::script::objects::declare::{Reading, inherited};
use crate::script::objects::instrument::members;
use crate::script::run::Run;
use crate::value::Value;
use rhai::{Dynamic, Engine, EvalContext, Expression, Position};
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
    block: Block<'r>,
    draft: Draft,
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
            op::MIXIN => bases.push(reader.base(context, alias.take(), input)?),
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
    fn base(
        &self,
        context: &mut Context<'_, '_, '_, '_, '_, '_>,
        alias: Option<String>,
        input: &Expression<'_>,
    ) -> Fallible<InstrumentClassHandle> {
        let block = &self.block;
        let name = input.get_string_value().unwrap_or_default();
        let declared = || block.run.declarations.instrument(&block.source, name).map(Dynamic::from);
        let found = inherited(context, alias.as_deref(), name, declared);
        match found.and_then(Dynamic::try_cast::<InstrumentClassHandle>) {
            Some(class) => Ok(class),
            None => {
                let shown = alias.map_or(name.to_owned(), |alias| format!("{alias}::{name}"));
                let help = "inherit from an instrument class that is declared above or imported";
                block.refuse(format!("`{shown}` is not an instrument class"), help, input.position())
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
        if self.block.parameter(context, &mut self.draft.params, op, input)? {
            return Ok(());
        }
        match op {
            op::DOC => self.block.add_doc(&string()),
            op::KIND => {
                self.finish_item()?;
                let doc = self.block.take_doc();
                self.draft = Draft { kind: ItemKind::from_word(&string()), doc, ..Draft::default() };
            }
            op::NAME => {
                self.draft.name = string();
                self.draft.at = Some(at);
                let name = self.draft.name.as_str();
                self.block.check_name(name, members::is_reserved(name), "every instrument", at)?;
            }
            op::RETURNS => match (Returns::named(&string()), self.draft.kind) {
                (Some(returns), Some(ItemKind::Query)) => self.draft.returns = Some(returns),
                (Some(_), _) => {
                    let help = "remove `->`, or declare a `query`";
                    return self.block.refuse("only a query returns something", help, at);
                }
                (None, _) => {
                    let help =
                        "a query returns float, int, bool, str, list or block; without `->`, a number or a string";
                    return self.block.refuse(format!("unknown type `{}`", string()), help, at);
                }
            },
            op::OPTION => self.draft.options.push((string(), at, Some(Value::Bool(true)))),
            op::VALUE => {
                let value = self.block.value(context, input)?;
                if let Some(option) = self.draft.options.last_mut() {
                    option.2 = value;
                }
            }
            op::MODEL => self.draft.options.push(("model".to_owned(), at, Some(Value::Str(string())))),
            op::BODY => self.draft.body = Some((string(), at)),
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
        let draft = std::mem::take(&mut self.draft);
        let block = &self.block;
        let (Some(kind), Some((body, quote))) = (draft.kind, draft.body) else { return Ok(()) };
        let mut options = ItemOptions::default();
        for (index, (name, at, value)) in draft.options.iter().enumerate() {
            if draft.options[..index].iter().any(|(other, ..)| other == name) {
                return block.refuse(format!("{kind} `{}` has the option `{name}` twice", draft.name), "", *at);
            }
            if let Some(value) = value {
                options.set(kind, name, value).map_err(|error| block.fail(error, *at))?;
            }
        }
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
