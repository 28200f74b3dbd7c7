//! Analyses a prepared script together with the modules it imports.
//!
//! Invariant: each process reads the language's functions from an engine only once.

use crate::diagnostic::Diagnostic;
use crate::script::analysis::natives::Natives;
use crate::script::analysis::source::Source;
use crate::script::analysis::{self, Finding, Severity};
use crate::script::run::Run;
use crate::script::run::warnings::ShownWarnings;
use rhai::{AST, Engine};
use std::sync::OnceLock;

/// Analyses a prepared script.
pub(crate) fn of(run: &Run, engine: &Engine, name: &str, tree: &AST) -> Vec<Finding> {
    let natives = natives(run, engine);
    let source = |name: String, tree: AST| Source { text: run.sources.get(&name).unwrap_or_default(), name, tree };
    let mut sources = vec![source(name.to_owned(), tree.clone())];
    for module in run.declarations.loader.reach(name).into_iter().skip(1) {
        if let Some(tree) = run.declarations.loader.tree(&module) {
            sources.push(source(module, tree));
        }
    }
    analysis::findings(&sources, natives, run.station().as_deref())
}

/// The functions of the language.
pub(crate) fn natives(run: &Run, engine: &Engine) -> &'static Natives {
    static NATIVES: OnceLock<Natives> = OnceLock::new();
    NATIVES.get_or_init(|| Natives::of(engine, &|name, count| run.declarations.is_registered(name, count)))
}

/// The errors that keep a script from running. Shows the warnings that are not yet in `shown`.
pub(crate) fn refused(run: &Run, findings: &[Finding], shown: &ShownWarnings) -> Option<Diagnostic> {
    // Caught errors are not findings: a script may test for them.
    let is_told =
        |finding: &&Finding| finding.severity == Severity::Warning && !finding.is_caught && !finding.is_seen_by_run;
    for finding in findings.iter().filter(is_told) {
        let help = finding.help.as_ref().map(|help| format!("\n  help: {help}")).unwrap_or_default();
        let warning = format!("{}: warning: {}{help}", finding.origin, finding.message);
        if shown.is_new(&warning) {
            run.notice(&warning);
        }
    }
    let mut errors = findings.iter().filter(|finding| finding.severity == Severity::Error).map(Finding::diagnostic);
    let first = errors.next()?;
    Some(Diagnostic { others: errors.collect(), ..first })
}
