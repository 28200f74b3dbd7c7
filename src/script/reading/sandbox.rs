//! The engine in which `check` and `doc` read declarations: nothing of a script runs there that reaches anything, and nothing
//! runs for long.
//!
//! It knows Rhai's own arithmetic, texts and containers, and the functions that scripts define. It has none of the natives of
//! belay-script, no `print`, no `sleep`, and limits of operations and sizes. Values whose size Rhai does not measure do not
//! exist there: neither those of boards, as tuples, nor function pointers that hold values. What it cannot find out is
//! [`Unknown`], or is shown as its source.
//!
//! Invariants: each default, option and constant takes at most [`EACH`] operations, all of a check [`ALL`]; what a value
//! holds is bounded.

use crate::script::diagnostics::errors;
use crate::script::language::{comparing, syntax};
use crate::script::natives::{division, station};
use crate::script::run::Run;
use crate::script::{engine, modules};
use rhai::packages::{
    ArithmeticPackage, BasicArrayPackage, BasicBlobPackage, BasicFnPackage, BasicIteratorPackage, BasicMapPackage,
    BasicMathPackage, BasicStringPackage, BitFieldPackage, LogicPackage, MoreStringPackage, Package as _,
};
use rhai::{
    AST, ASTNode, Array, Dynamic, Engine, EvalAltResult, EvalContext, Expr, Expression, Map, Module, Shared, Stmt,
};
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// Most operations of one default, option or constant.
const EACH: u64 = 100_000;

/// Most operations of all of them.
const ALL: u64 = 1_000_000;

/// Most elements of a container, and bytes of a text: a limited engine measures them again and again.
const MOST_ELEMENTS: usize = 1024;
const MOST_TEXT: usize = 4096;

/// Calls that are not evaluated: they make function pointers that hold values, which may double in size with each operation.
const REFUSED: &[&str] = &["curry"];

/// The syntax that [`crate::script::reading::check::declarations`] puts around the value of a variable.
pub(crate) const MAYBE: &str = "belay_maybe";

/// A value that is known only when the script runs.
#[derive(Clone)]
pub(crate) struct Unknown;

/// What a check has used up and seen.
#[derive(Default)]
pub(crate) struct Ledger {
    used: AtomicU64,
    /// Whether something unknown was looked at since the last value began, or is in a module.
    touched: AtomicBool,
    foreign: AtomicBool,
    /// The functions of the engine in which scripts run.
    natives: RwLock<HashSet<String>>,
}

impl Ledger {
    /// Begins a check of scripts that run in `engine`.
    pub fn begin(&self, engine: &Engine) {
        self.used.store(0, Ordering::Relaxed);
        self.foreign.store(false, Ordering::Relaxed);
        let names = engine.collect_fn_metadata(None, |about| Some(about.metadata.name.to_string()), true);
        *self.natives.write().unwrap_or_else(PoisonError::into_inner) = names.into_iter().collect();
    }

    /// Notes that a module holds what is unknown.
    pub fn note(&self, module: &Module) {
        if module.iter_var().any(|(_, value)| holds_unknown(value)) {
            self.foreign.store(true, Ordering::Relaxed);
        }
    }

    /// A value that is known only when the script runs is looked at.
    pub fn unknown(&self) -> Dynamic {
        self.touched.store(true, Ordering::Relaxed);
        Dynamic::from(Unknown)
    }

    /// Notes functions that nothing calls before the script runs.
    fn later(&self, names: impl Iterator<Item = String>) {
        self.natives.write().unwrap_or_else(PoisonError::into_inner).extend(names);
    }

    fn is_native(&self, name: &str) -> bool {
        self.natives.read().unwrap_or_else(PoisonError::into_inner).contains(name)
    }

    /// Whether a failure says nothing about the script: it would go on where it runs.
    fn is_unknowable(&self, error: &EvalAltResult) -> bool {
        if self.touched.load(Ordering::Relaxed) || self.foreign.load(Ordering::Relaxed) {
            return true;
        }
        match error.unwrap_inner() {
            EvalAltResult::ErrorTooManyOperations(..)
            | EvalAltResult::ErrorDataTooLarge(..)
            | EvalAltResult::ErrorStackOverflow(..)
            | EvalAltResult::ErrorTooManyModules(..)
            | EvalAltResult::ErrorTerminated(..) => true,
            EvalAltResult::ErrorFunctionNotFound(signature, _) => {
                self.is_native(signature.split([' ', '(']).next().unwrap_or_default())
            }
            _ => false,
        }
    }
}

/// The engine for the declarations of `run`.
pub(crate) fn engine_of(run: &Arc<Run>) -> Engine {
    let mut engine = Engine::new_raw();
    ArithmeticPackage::new().register_into_engine(&mut engine);
    LogicPackage::new().register_into_engine(&mut engine);
    BasicStringPackage::new().register_into_engine(&mut engine);
    MoreStringPackage::new().register_into_engine(&mut engine);
    BasicIteratorPackage::new().register_into_engine(&mut engine);
    BasicFnPackage::new().register_into_engine(&mut engine);
    BasicMathPackage::new().register_into_engine(&mut engine);
    BitFieldPackage::new().register_into_engine(&mut engine);
    BasicArrayPackage::new().register_into_engine(&mut engine);
    BasicBlobPackage::new().register_into_engine(&mut engine);
    BasicMapPackage::new().register_into_engine(&mut engine);
    engine::set_up(&mut engine);
    engine.set_max_operations(EACH);
    engine.set_max_string_size(MOST_TEXT);
    engine.set_max_array_size(MOST_ELEMENTS);
    engine.set_max_map_size(MOST_ELEMENTS);
    engine.register_type_with_name::<Unknown>("value of a run");
    comparing::register(&mut engine);
    division::register(&mut engine, None);
    errors::register(&mut engine);
    syntax::register(&mut engine, run);
    station::register(&mut engine);
    variables(&mut engine, run);
    let shared = run.clone();
    engine.on_progress(move |_| shared.takes_too_much().then_some(Dynamic::UNIT));
    maybe(&mut engine, run);
    engine.set_module_resolver(modules::Resolver(run.clone()));
    engine
}

#[expect(deprecated, reason = "Rhai marks its volatile hooks that way; the version is pinned")]
fn variables(engine: &mut Engine, run: &Arc<Run>) {
    let shared = run.clone();
    engine.on_var(move |name, _, context| {
        let known = context.scope().get(name);
        let is_unknown = known.is_some_and(|value| value.is::<Unknown>());
        if is_unknown || name == "args" && known.is_none() {
            return Ok(Some(shared.ledger.unknown()));
        }
        engine::variable(&shared, name, &context)
    });
}

/// Registers the syntax around values of variables. Its state: whether a failure is one of the script, as in a value that
/// computes and calls nothing.
fn maybe(engine: &mut Engine, run: &Arc<Run>) {
    let shared = run.clone();
    engine.register_custom_syntax_with_state_raw(
        MAYBE,
        |_, _, _| Ok(None),
        false,
        move |context, inputs, state| {
            let Some(input) = inputs.first() else { return Ok(Dynamic::UNIT) };
            match attempt(&shared, context, input) {
                Ok(Some(value)) => Ok(value),
                Err(error) if state.as_bool() == Ok(true) => Err(error),
                Ok(None) | Err(_) => Ok(Dynamic::from(Unknown)),
            }
        },
    );
}

/// The value of an expression; `None` if it is known only when the script runs.
///
/// # Errors
/// What is wrong with it in any case.
pub(crate) fn attempt(
    run: &Run,
    context: &mut EvalContext<'_, '_, '_, '_, '_, '_>,
    input: &Expression<'_>,
) -> Result<Option<Dynamic>, Box<EvalAltResult>> {
    let ledger = &run.ledger;
    if is_refused(input) {
        return Ok(None);
    }
    let left = ALL.saturating_sub(ledger.used.load(Ordering::Relaxed)).min(EACH);
    if left == 0 {
        return Ok(None);
    }
    ledger.touched.store(false, Ordering::Relaxed);
    // The engine's limit holds for the sum; what was done before is not of this value.
    context.global_runtime_state_mut().num_operations = EACH - left;
    let result = context.eval_expression_tree(input);
    let state = context.global_runtime_state_mut();
    ledger.used.fetch_add(state.num_operations.saturating_sub(EACH - left).max(1), Ordering::Relaxed);
    state.num_operations = 0;
    match result {
        Ok(value) if holds_unknown(&value) => Ok(None),
        Ok(value) => Ok(Some(value)),
        Err(error) if ledger.is_unknowable(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether an expression makes a call that is not evaluated.
fn is_refused(expression: &Expr) -> bool {
    let mut refused = false;
    expression.walk(&mut Vec::new(), &mut |nodes| {
        refused |= nodes.last().is_some_and(refuses);
        !refused
    });
    refused
}

fn refuses(node: &ASTNode<'_>) -> bool {
    match node {
        ASTNode::Expr(Expr::FnCall(call, _) | Expr::MethodCall(call, _)) | ASTNode::Stmt(Stmt::FnCall(call, _)) => {
            REFUSED.contains(&call.name.as_str())
        }
        _ => false,
    }
}

/// The functions of a script that make no call that is not evaluated; those that do are noted as known at run time only.
pub(crate) fn functions(run: &Run, tree: &AST) -> Shared<Module> {
    let makes_refused = |tree: &AST| {
        let mut found = false;
        tree.walk(&mut |nodes| {
            found |= nodes.last().is_some_and(refuses);
            !found
        });
        found
    };
    if !makes_refused(tree) {
        return tree.shared_lib().clone();
    }
    let (mut kept, mut refused) = (Module::new(), Vec::new());
    for (_, _, name, _, function) in tree.shared_lib().iter_script_fn_info() {
        let mut alone = Module::new();
        alone.set_script_fn(function.clone());
        if makes_refused(&AST::new(Vec::<Stmt>::new(), alone)) {
            refused.push(name.to_owned());
        } else {
            kept.set_script_fn(function.clone());
        }
    }
    run.ledger.later(refused.into_iter());
    kept.into()
}

fn holds_unknown(value: &Dynamic) -> bool {
    if let Some(array) = value.read_lock::<Array>() {
        return array.iter().any(holds_unknown);
    }
    if let Some(map) = value.read_lock::<Map>() {
        return map.values().any(holds_unknown);
    }
    value.is::<Unknown>()
}

/// The source of a parameter's default: what follows the `=` after the place of its name, on as many lines as it takes.
pub(crate) fn default_source(text: &str, line: usize, column: usize) -> String {
    let start = text.split('\n').take(line.saturating_sub(1)).map(|line| line.len() + 1).sum::<usize>();
    let rest = text.get(start..).unwrap_or_default();
    let mut found = String::new();
    let (mut depth, mut quote, mut begun) = (0_u32, None, false);
    let mut letters = rest.chars().skip(column.saturating_sub(1)).peekable();
    while let Some(letter) = letters.next() {
        match (letter, quote) {
            _ if !begun => {
                begun = letter == '=';
                continue;
            }
            ('\\', Some(_)) => {
                found.push(letter);
                found.extend(letters.next());
                continue;
            }
            (other, Some(open)) if other == open => quote = None,
            (_, Some(_)) => {}
            ('"' | '\'' | '`', None) => quote = Some(letter),
            ('(' | '[' | '{', None) => depth += 1,
            (',' | ')', None) if depth == 0 => break,
            (')' | ']' | '}', None) => depth = depth.saturating_sub(1),
            _ => {}
        }
        found.push(letter);
    }
    let words: Vec<&str> = found.split_whitespace().collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_source_of_a_default_ends_where_the_parameter_does() {
        let source = |text: &str| default_source(text, 1, 1);
        assert_eq!(source("a = f(1, [2]), b = 3) `x`"), "f(1, [2])");
        assert_eq!(source("a: int = \"),\" + x) `x`"), "\"),\" + x");
        assert_eq!(source("a = { loop\n  {} }, b)"), "{ loop {} }");
        assert_eq!(default_source("device A {\n  task f(ab = x(1)) `y`", 2, 10), "x(1)");
        assert_eq!(source("a"), "");
    }
}
