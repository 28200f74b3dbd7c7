//! What the readers of `instrument` and `console` blocks share: positions, values, parameters, methods.
//!
//! Invariant: every declaration error is raised at its position, before anything is opened.

use crate::bench::units;
use crate::error::{Error, Kind};
use crate::message::{ItemKind, Limits, Param, ParamKind};
use crate::name::Name;
use crate::origin::Origin;
use crate::phrase::did_you_mean;
use crate::script::errors::{Fallible, place};
use crate::script::handles::Method;
use crate::script::language::instrument::op;
use crate::script::language::text;
use crate::script::names::{self, RHAI_NAMES};
use crate::script::objects::convert;
use crate::script::objects::declare::{Reading, fail, fail_anywhere, inherited};
use crate::script::reading::attempt;
use crate::script::run::Run;
use crate::value::Value;
use rhai::{Dynamic, EvalContext, Expr, Expression, FnPtr, Position};
use std::sync::Arc;

type Context<'a, 's, 'ps, 'g, 'c, 't> = EvalContext<'a, 's, 'ps, 'g, 'c, 't>;

/// What differs between the items of instruments and of consoles. `R`: what a query returns.
pub(crate) struct Grammar<R> {
    /// Who has the reserved names: `every instrument`.
    pub whose: &'static str,
    /// Whether a name is reserved.
    pub is_reserved: fn(&str) -> bool,
    /// The type with a name.
    pub returns: fn(&str) -> Option<R>,
    /// The names of the types.
    pub types: &'static str,
}

/// An item read so far. `R`: what a query returns; `V`: the value of an option.
pub(crate) struct Draft<R, V> {
    pub kind: Option<ItemKind>,
    pub name: String,
    pub at: Option<Position>,
    pub doc: String,
    pub params: Vec<Param>,
    pub returns: Option<R>,
    /// Names, places and values; `None`: only a run knows the value.
    pub options: Vec<(String, Position, Option<V>)>,
    pub body: Option<(String, Position)>,
}

impl<R, V> Default for Draft<R, V> {
    fn default() -> Draft<R, V> {
        Draft {
            kind: None,
            name: String::new(),
            at: None,
            doc: String::new(),
            params: Vec::new(),
            returns: None,
            options: Vec::new(),
            body: None,
        }
    }
}

impl<R, V> Draft<R, V> {
    /// Begins an item with the keyword of its kind; of a method, another word.
    pub fn begin(block: &mut Block<'_>, word: &str) -> Draft<R, V> {
        Draft { kind: ItemKind::from_word(word), doc: block.take_doc(), ..Draft::default() }
    }

    /// Hands each option to `set`.
    pub fn each_option(
        &self,
        block: &Block<'_>,
        kind: ItemKind,
        mut set: impl FnMut(&str, &V) -> Result<(), Error>,
    ) -> Fallible<()> {
        for (index, (name, at, value)) in self.options.iter().enumerate() {
            if self.options[..index].iter().any(|(other, ..)| other == name) {
                return block.refuse(format!("{kind} `{}` has the option `{name}` twice", self.name), "", *at);
            }
            if let Some(value) = value {
                set(name, value).map_err(|error| block.fail(error, *at))?;
            }
        }
        Ok(())
    }
}

/// A block that is being read.
pub(crate) struct Block<'r> {
    pub run: &'r Arc<Run>,
    pub reading: Reading,
    /// The script.
    pub source: String,
    /// The class.
    pub name: String,
    /// The documentation of the class.
    pub about: String,
    /// Where its keyword is.
    pub keyword: Position,
    /// The documentation of the next item, so far.
    doc: String,
    pub methods: Vec<Arc<Method>>,
}

impl<'r> Block<'r> {
    /// Begins to read a block; `word`: its keyword.
    pub fn begin(
        run: &'r Arc<Run>,
        reading: Reading,
        context: &Context<'_, '_, '_, '_, '_, '_>,
        inputs: &[Expression<'_>],
        word: &str,
    ) -> Fallible<Block<'r>> {
        let source = context.source().unwrap_or_default().to_owned();
        let keyword = inputs.last().map_or(Position::NONE, Expression::position);
        let name = inputs.first().and_then(Expression::get_string_value).unwrap_or_default().to_owned();
        let about = text::comment_above(&run.sources.get(&source).unwrap_or_default(), keyword.line().unwrap_or(1));
        let block = Block { run, reading, source, name, about, keyword, doc: String::new(), methods: Vec::new() };
        if context.global_runtime_state().level > 0 {
            let message = format!("`{word} {}` is inside a function", block.name);
            return block.refuse(message, "declare it outside of functions and closures", keyword);
        }
        Ok(block)
    }

    pub fn origin(&self, position: Position) -> Origin {
        place(Some(&self.source), position).unwrap_or_else(|| Origin::new(&*self.source, 1, 0))
    }

    pub fn fail(&self, error: Error, position: Position) -> Box<rhai::EvalAltResult> {
        fail(error, &self.source, position)
    }

    /// An error of the whole class.
    pub fn fail_anywhere(&self, error: Error) -> Box<rhai::EvalAltResult> {
        fail_anywhere(error, &self.source, self.keyword)
    }

    pub fn refuse<T>(&self, message: impl Into<String>, help: impl Into<String>, position: Position) -> Fallible<T> {
        let help = help.into();
        let error = Error::new(Kind::DeclarationError, message);
        Err(self.fail(if help.is_empty() { error } else { error.with_help(help) }, position))
    }

    /// Adds a comment to the documentation of the next item.
    fn add_doc(&mut self, comment: &str) {
        if !self.doc.is_empty() {
            self.doc.push('\n');
        }
        self.doc.push_str(&text::strip_comment(comment));
    }

    /// The documentation of the item that begins.
    pub fn take_doc(&mut self) -> String {
        std::mem::take(&mut self.doc)
    }

    /// Rejects names that Rhai or every instrument or console uses. `whose`: `every instrument`.
    fn check_name(&self, name: &str, is_reserved: bool, whose: &str, at: Position) -> Fallible<()> {
        let whose = if is_reserved {
            format!("a name that {whose} has already")
        } else if RHAI_NAMES.contains(&name) || name == names::CALL {
            "a word of the script language".to_owned()
        } else {
            return Name::function(name).map(drop).map_err(|error| self.fail(error, at));
        };
        let error = Error::new(Kind::SpecialFunctionNameError, format!("`{name}` is {whose}"));
        Err(self.fail(error.with_help("choose another name"), at))
    }

    /// Reads a segment of the parameters; returns whether it is one.
    fn parameter(
        &self,
        context: &mut Context<'_, '_, '_, '_, '_, '_>,
        params: &mut Vec<Param>,
        op: char,
        input: &Expression<'_>,
    ) -> Fallible<bool> {
        let string = || input.get_string_value().unwrap_or_default().to_owned();
        let at = input.position();
        match (op, params.last_mut()) {
            (op::PARAM, _) => {
                let name = Name::parameter(&string()).map_err(|error| self.fail(error, at))?;
                params.push(Param { name: name.to_string(), ..Param::default() });
            }
            (op::TYPE, Some(param)) => {
                let word = string();
                let known = ParamKind::NAMES;
                let Some((_, kind)) = known.iter().find(|(name, _)| *name == word) else {
                    let near = crate::name::nearest(&word, known.iter().map(|(name, _)| *name));
                    let help = near.map_or_else(|| "types are float, int, bool and str".to_owned(), did_you_mean);
                    return self.refuse(format!("unknown type `{word}`"), help, at);
                };
                param.kind = *kind;
            }
            (op::UNIT, Some(param)) => {
                let unit = string();
                if units::check(&unit).is_err() {
                    return self.refuse(format!("unknown unit `{unit}`"), "use a unit such as \"V\" or \"mA\"", at);
                }
                param.unit = unit;
                if param.kind == ParamKind::Any {
                    param.kind = ParamKind::Float;
                }
            }
            (op::LIMITS, Some(param)) => param.limits = self.limits(context, input)?,
            (op::DEFAULT, Some(param)) => {
                let value = self.value(context, input)?;
                param.default = Some(value.unwrap_or_else(|| param.stand_in()));
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The class that a block inherits from. `what`: `an instrument class`; `declared`: finds one of this script.
    pub fn base<H: Clone + 'static>(
        &self,
        context: &mut Context<'_, '_, '_, '_, '_, '_>,
        alias: Option<String>,
        input: &Expression<'_>,
        what: &str,
        declared: impl FnOnce(&str) -> Option<Dynamic>,
    ) -> Fallible<H> {
        let name = input.get_string_value().unwrap_or_default();
        let found = inherited(context, alias.as_deref(), name, || declared(name));
        match found.and_then(Dynamic::try_cast::<H>) {
            Some(class) => Ok(class),
            None => {
                let shown = alias.map_or(name.to_owned(), |alias| format!("{alias}::{name}"));
                let help = format!("inherit from {what} that is declared above or imported");
                self.refuse(format!("`{shown}` is not {what}"), help, input.position())
            }
        }
    }

    /// Reads a segment that items of instruments and of consoles have alike; returns whether it is one. `on`: the value of an option
    /// without one.
    pub fn segment<R: Copy, V>(
        &mut self,
        context: &mut Context<'_, '_, '_, '_, '_, '_>,
        draft: &mut Draft<R, V>,
        grammar: &Grammar<R>,
        on: V,
        (op, input): (char, &Expression<'_>),
    ) -> Fallible<bool> {
        let string = || input.get_string_value().unwrap_or_default().to_owned();
        let at = input.position();
        if self.parameter(context, &mut draft.params, op, input)? {
            return Ok(true);
        }
        match op {
            op::DOC => self.add_doc(&string()),
            op::NAME => {
                draft.name = string();
                draft.at = Some(at);
                self.check_name(&draft.name, (grammar.is_reserved)(&draft.name), grammar.whose, at)?;
            }
            op::RETURNS => match ((grammar.returns)(&string()), draft.kind) {
                (Some(returns), Some(ItemKind::Query)) => draft.returns = Some(returns),
                (Some(_), _) => {
                    let help = "remove `->`, or declare a `query`";
                    return self.refuse("only a query returns something", help, at);
                }
                (None, _) => {
                    let help = format!("a query returns {}; without `->`, a number or a string", grammar.types);
                    return self.refuse(format!("unknown type `{}`", string()), help, at);
                }
            },
            op::OPTION => draft.options.push((string(), at, Some(on))),
            op::BODY => draft.body = Some((string(), at)),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// What an expression of a declaration gives; `None` if only a run knows it.
    pub fn evaluated(
        &self,
        context: &mut Context<'_, '_, '_, '_, '_, '_>,
        input: &Expression<'_>,
    ) -> Fallible<Option<Dynamic>> {
        match self.reading {
            Reading::Check => attempt::attempt(self.run, context, input),
            Reading::Run => context.eval_expression_tree(input).map(Some),
        }
    }

    /// A value of a declaration; `None` if only a run knows it.
    pub fn value(
        &self,
        context: &mut Context<'_, '_, '_, '_, '_, '_>,
        input: &Expression<'_>,
    ) -> Fallible<Option<Value>> {
        let Some(value) = self.evaluated(context, input)? else { return Ok(None) };
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

    /// The closure of an item.
    pub fn closure(
        &self,
        context: &mut Context<'_, '_, '_, '_, '_, '_>,
        input: &Expression<'_>,
        (name, doc, at): (&str, String, Position),
    ) -> Fallible<Option<Arc<Method>>> {
        let value = context.eval_expression_tree(input)?;
        let function = value.try_cast::<FnPtr>();
        Ok(function.map(|function| Arc::new(Method::new(name, function, doc, self.origin(at), context))))
    }

    /// Adds a method.
    pub fn add_method(&mut self, method: Option<Arc<Method>>, at: Position) -> Fallible<()> {
        let Some(method) = method else { return Ok(()) };
        if self.methods.iter().any(|other| other.name == method.name && other.arity == method.arity) {
            return self.refuse(format!("method `{}` is declared twice", method.name), "", at);
        }
        self.methods.push(method);
        Ok(())
    }

    /// The methods with those that it inherits. `items`: the names of its items.
    pub fn inherit_methods<'m>(
        &mut self,
        inherited: impl Iterator<Item = &'m Arc<Method>>,
        items: &[&str],
    ) -> Fallible<Vec<Arc<Method>>> {
        let mut methods = std::mem::take(&mut self.methods);
        for method in inherited {
            if !methods.iter().any(|other| other.name == method.name && other.arity == method.arity) {
                methods.push(method.clone());
            }
        }
        if let Some(method) = methods.iter().find(|method| items.contains(&method.name.as_str())) {
            let message = format!("`{}` is both a method and an item", method.name);
            let error = Error::new(Kind::DeclarationError, message).with_help("rename one of them");
            return Err(self.fail_anywhere(error.with_origin(method.origin.clone())));
        }
        Ok(methods)
    }
}
