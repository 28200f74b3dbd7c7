//! `test "name" OPTION… { … }`: runs in place and is recorded; its failure does not end the script.
//!
//! One file per thing: [`form`] is the grammar, [`single`] a test, [`groups`] groups and subtests, [`hooks`] what runs around
//! them. Invariant: a name is used once within its group.

mod body;
mod call;
pub(crate) mod collect;
mod failing;
pub(crate) mod form;
mod groups;
mod hooks;
mod judging;
mod options;
mod rows;
mod single;

pub(crate) use hooks::perform;
pub(crate) use options::{GROUP_OPTIONS, HOOK_OPTIONS, OPTIONS};

use crate::bench::event::GroupKind;
use crate::origin::Origin;
use crate::script::errors::place;
use crate::script::names::{self, GROUP, GROUP_CALL, ROWS, SUBTEST, SUBTEST_CALL, TEST, TEST_CALL};
use crate::script::run::Run;
use rhai::{Engine, EvalAltResult};
use std::sync::Arc;

/// Registers the blocks and calls of tests, groups and hooks.
pub(crate) fn register(engine: &mut Engine, run: &Arc<Run>) {
    // With rows, declared as changing the scope, so that names in the block are looked up when it is evaluated: the variable of
    // the row is not in the scope that the parser knows.
    for (key, has_rows) in [(TEST, false), (ROWS, true)] {
        let shared = run.clone();
        engine.register_custom_syntax_with_state_raw(
            key,
            move |_, next, state| form::block(next, state, "test", has_rows),
            has_rows,
            move |context, inputs, state| single::block(&shared, context, inputs, state),
        );
    }
    let shared = run.clone();
    engine.register_custom_syntax_with_state_raw(
        TEST_CALL,
        |_, next, state| form::call(next, state, "test"),
        false,
        move |context, inputs, _| single::call(&shared, context, inputs),
    );
    for (key, call, kind) in [(GROUP, GROUP_CALL, GroupKind::Group), (SUBTEST, SUBTEST_CALL, GroupKind::Subtest)] {
        let shared = run.clone();
        engine.register_custom_syntax_with_state_raw(
            key,
            move |_, next, state| form::block(next, state, kind.word(), false),
            false,
            move |context, inputs, state| groups::block(&shared, context, inputs, state, kind),
        );
        let shared = run.clone();
        engine.register_custom_syntax_with_state_raw(
            call,
            move |_, next, state| form::call(next, state, kind.word()),
            false,
            move |context, inputs, _| groups::call(&shared, context, inputs, kind),
        );
    }
    for ((key, word), moment) in names::HOOKS.into_iter().zip(hooks::MOMENTS) {
        let shared = run.clone();
        // Declared as changing the scope, so that names in the block are looked up when it is evaluated, which happens elsewhere.
        engine.register_custom_syntax_with_state_raw(
            key,
            move |_, next, state| form::block(next, state, word, false),
            true,
            move |context, inputs, state| hooks::hook(&shared, context, inputs, state, moment),
        );
    }
}

/// The error of a name that is used twice in one group.
pub(crate) fn named_twice(twice: &collect::Twice, source: &str) -> Box<EvalAltResult> {
    let first = place(Some(source), twice.first).unwrap_or_else(|| Origin::new(source, 0, 0));
    groups::again(twice.what, &twice.name, &first, source, twice.second)
}
