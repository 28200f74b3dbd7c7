//! What is wrong with a script, found without running it.
//!
//! [`findings`] is a pure function of a script, the modules that it imports and the functions of the language. It reads
//! Rhai's tree: scopes, functions, modules, device classes, and the names in the Python of bodies; where nothing is known of a value,
//! nothing is said. Invariant: a script that runs to its end without reaching a reported place has no [`Severity::Error`].

mod asking;
mod blocks;
mod bodies;
mod calls;
mod classes;
mod consoles;
mod counts;
mod expressions;
mod finding;
mod fix;
mod instruments;
mod items;
pub(crate) mod known;
mod members;
pub(crate) mod natives;
mod on_board;
mod options;
pub(crate) mod program;
mod python;
pub(crate) mod source;
mod statements;
mod station;
mod tree;
pub(crate) mod types;
mod walker;

pub use finding::{Finding, Fix, Severity};
pub use fix::fixed;

use crate::bench::station::Station;
use bodies::Bodies;
use known::Known;
use natives::Natives;
use program::Program;
use source::Source;
use walker::Walker;

/// What is wrong with the first of `sources`, and with the modules among the others that are the person's own, in the order of the
/// text.
pub(crate) fn findings(sources: &[Source], natives: &Natives, station: Option<&Station>) -> Vec<Finding> {
    let program = Program::new(sources, natives, station);
    let bodies = Bodies::of(&program);
    let mut found = Vec::new();
    for (number, source) in sources.iter().enumerate() {
        if number > 0 && source.name.starts_with("std/") {
            continue;
        }
        let mut own = statements::walk(&program, number);
        own.extend(python::findings(&program, &bodies, number));
        own.sort_by_key(|finding| (finding.origin.line, finding.origin.column));
        found.extend(own);
    }
    found
}

/// What is surely wrong in an input of a session.
pub(crate) fn findings_of_input(input: &Source, known: &Known, natives: &Natives) -> Vec<Finding> {
    let program = Program::after(known, input, natives);
    let mut walker = Walker::new(&program, 0);
    for (name, of) in &known.variables {
        walker.declare(name, of.clone(), false, None);
    }
    let modules = known.modules.iter().zip(1..);
    walker.aliases.extend(modules.map(|(module, number)| (module.alias.clone(), Some(number))));
    walker.script_of_input();
    let errors = walker.findings.into_iter().filter(|finding| finding.severity == Severity::Error);
    let of_bodies = python::findings(&program, &Bodies::of(&program), 0);
    errors.chain(of_bodies).filter(|finding| !finding.is_caught).collect()
}
