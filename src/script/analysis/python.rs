//! What is wrong with the names in the Python of bodies.
//!
//! Invariant: a warning, never an error, because boards may define names that no script shows.

use crate::name::{is_only, nearest};
use crate::origin::Origin;
use crate::python::builtins::{built_ins, is_module, is_of_cpython};
use crate::python::names::{Caught, How, Mention, Names};
use crate::script::analysis::bodies::{Bodies, Body, ItemId};
use crate::script::analysis::finding::{Finding, Fix, Severity};
use crate::script::analysis::program::{Program, Script};
use crate::script::errors::place;
use crate::script::language::text::literal_origin;
use std::collections::BTreeSet;

/// Errors of CPython that are OSError on boards.
const OF_SYSTEM: &[&str] = &["IOError", "EnvironmentError", "FileNotFoundError", "FileExistsError", "PermissionError"];

/// What is found in the bodies of one script.
pub(crate) fn findings(program: &Program<'_>, bodies: &Bodies<'_>, number: usize) -> Vec<Finding> {
    let script = &program.scripts[number];
    let mut found = Vec::new();
    for (class, _) in
        program.classes.iter().enumerate().filter(|(_, class)| class.script == number && !class.is_instrument)
    {
        for index in 0..program.classes[class].items.len() {
            let id = (class, index);
            let Some(body) = bodies.all.get(&id) else { continue };
            let Some(names) = &body.names else { continue };
            let look = Look { program, bodies, script, id, body, names };
            look.unbound(&mut found);
            look.unknown(&mut found);
            look.unused(&mut found);
            look.unused_parameters(&mut found);
        }
    }
    found
}

/// One body.
struct Look<'w, 'p, 's> {
    program: &'p Program<'s>,
    bodies: &'w Bodies<'p>,
    script: &'w Script<'s>,
    id: ItemId,
    body: &'w Body<'p>,
    names: &'w Names<'p>,
}

impl<'p> Look<'_, 'p, '_> {
    /// `` task `read` ``.
    fn words(&self) -> String {
        words(self.body)
    }

    /// Names that no board has.
    fn unknown(&self, found: &mut Vec<Finding>) {
        let unbound: Vec<usize> = self.names.unbound().map(|mention| mention.start).collect();
        let mut unknown = self.body.unknown().peekable();
        if unknown.peek().is_none() {
            return;
        }
        let known = self.bodies.known(self.program, self.id.0);
        for free in unknown {
            if unbound.contains(&free.start) || free.caught == Caught::AsNameError {
                continue;
            }
            let name = free.name;
            let mut candidates: BTreeSet<&str> = self.names.visible(free.scope);
            candidates.extend(&known);
            candidates.extend(built_ins(None).map(|name| -> &str { name }));
            let exact = self.advice(name, free.later);
            let near = nearest(name, candidates.iter().copied()).filter(|_| exact.is_none());
            let (message, help) = match (exact, near) {
                (Some(exact), _) => exact,
                (None, Some(near)) => (None, crate::phrase::did_you_mean(near)),
                (None, None) => (None, self.rest_advice(name)),
            };
            let message = message.unwrap_or_else(|| format!("unknown name `{name}` in {}", self.words()));
            let mut finding = self.warning(free.start, name, message, help);
            finding.is_caught |= free.caught == Caught::Broadly;
            if let Some(near) =
                near.filter(|near| free.how == How::Use && is_only(name, near, candidates.iter().copied()))
            {
                finding.fix = self.fix(&finding.origin, name, near);
            }
            found.push(finding);
        }
    }

    /// What to do about an unknown name that something else has; with a message, if the usual one does not fit.
    fn advice(&self, name: &str, later: Option<ItemId>) -> Option<(Option<String>, String)> {
        if let Some(by) = later.and_then(|by| self.bodies.all.get(&by)) {
            let (here, by) = (self.words(), words(by));
            let message = format!("{here} uses `{name}`, which {by} defines later");
            return Some((Some(message), format!("declare {by} with `autoinit`, above {here}")));
        }
        if is_module(name) {
            return Some((None, format!("add `import {name}` here or to a setup")));
        }
        if is_of_cpython(name) {
            let is_of_system = OF_SYSTEM.contains(&name);
            let help = if is_of_system { "use `OSError`, and its `errno`" } else { "it is a built-in of CPython only" };
            return Some((Some(format!("MicroPython has no `{name}`")), help.to_owned()));
        }
        let lineage = self.program.lineage(self.id.0);
        let defines = |(id, body): &(&ItemId, &Body<'_>)| lineage.contains(&id.0) && body.globals.contains(name);
        if let Some((_, by)) = self.bodies.all.iter().filter(defines).min_by_key(|(id, _)| **id) {
            return Some((None, format!("{} defines it, but not for the boards that run {}", words(by), self.words())));
        }
        let classes = || lineage.iter().map(|class| &self.program.classes[*class]);
        let of_items = classes().flat_map(|class| class.items.iter().map(|item| (&item.name, item.kind.as_str())));
        let of_methods = classes().flat_map(|class| class.methods.iter().map(|method| (&method.name, "method")));
        let (_, kind) = of_items.chain(of_methods).find(|(known, _)| *known == name)?;
        Some((None, format!("`{name}` is a {kind}, which only the script can call")))
    }

    /// What to do about an unknown name that resembles no other one.
    fn rest_advice(&self, name: &str) -> String {
        if self.script.variables.contains(name) {
            "a body does not see the variables of the script: pass it as an argument".to_owned()
        } else if self.script.has_function(name) {
            "a body does not see the functions of the script: pass the value as an argument".to_owned()
        } else {
            "import it, define it in a setup, or pass it as an argument".to_owned()
        }
    }

    /// Variables of functions that are changed before they have a value.
    fn unbound(&self, found: &mut Vec<Finding>) {
        for mention in self.names.unbound() {
            let name = mention.name;
            let known = self.bodies.known(self.program, self.id.0);
            let outer = self.names.scopes[mention.scope].outer;
            let help = if outer.is_some_and(|outer| {
                self.names.owner(name, outer).is_some_and(|owner| owner > 0 || self.body.item.is_function())
            }) {
                format!("add `nonlocal {name}` above")
            } else if known.contains(name) || self.program.on_board.names.contains(name) {
                format!("add `global {name}` above")
            } else {
                match nearest(name, self.names.visible(mention.scope).into_iter().chain(known)) {
                    Some(near) => crate::phrase::did_you_mean(near),
                    None => format!("assign it before, or add `global {name}` above"),
                }
            };
            let message = format!("`{name}` has no value here: {} changes a variable of its own", self.words());
            found.push(self.warning(mention.start, name, message, help));
        }
    }

    /// What is assigned or imported and never used, if its name resembles one that is used.
    fn unused(&self, found: &mut Vec<Finding>) {
        let unused = self.names.unused();
        if self.names.is_open || unused.is_empty() {
            return;
        }
        for mention in &unused {
            let name = mention.name;
            let is_used =
                || self.names.is_global(mention) && (self.bodies.may_use(name) || self.is_written_twice(name));
            if name.starts_with('_') || name.len() < 3 || is_used() {
                continue;
            }
            // `Pin` beside `pin` is a class and a parameter.
            let is_other = |near: &&str| !differ_in_digits(name, near) && !near.eq_ignore_ascii_case(name);
            let candidates = self.used().filter(is_other);
            if let Some(near) = nearest(name, candidates) {
                let message = match mention.how {
                    _ if self.names.is_global(mention) => {
                        format!("`{name}` is defined in {}, but never used", self.words())
                    }
                    How::Imported => format!("`{name}` is imported in {}, but never used", self.words()),
                    _ => format!("`{name}` is assigned in {}, but never used", self.words()),
                };
                found.push(self.warning(mention.start, name, message, crate::phrase::did_you_mean(near)));
            }
        }
    }

    /// The names that bodies use, but for those that are unknown: they are found where they are used.
    fn used(&self) -> impl Iterator<Item = &'p str> {
        self.bodies.all.values().flat_map(|body| {
            let unknown: Vec<usize> = body.unknown().map(|free| free.start).collect();
            let mentions = body.names.iter().flat_map(|names| &names.mentions);
            let is_used = move |other: &&Mention<'_>| other.how == How::Use && !unknown.contains(&other.start);
            mentions.filter(is_used).map(|other| other.name)
        })
    }

    /// Whether scripts write a name in more than one place: in code for boards, perhaps.
    fn is_written_twice(&self, name: &str) -> bool {
        let on_board = &self.program.on_board;
        on_board.is_open
            || self.program.scripts.iter().map(|script| count(&script.source.text, name)).sum::<usize>() > 1
    }

    /// Parameters that the body does not use.
    fn unused_parameters(&self, found: &mut Vec<Finding>) {
        let item = self.body.item;
        if self.names.is_open || is_stub(self.names) {
            return;
        }
        for ((param, _), at) in item.params.iter().zip(&item.places) {
            if param.starts_with('_') || self.names.uses(param) || self.is_used_elsewhere(param) {
                continue;
            }
            let Some(origin) = place(Some(&self.script.source.name), *at) else { continue };
            let message = format!("unused parameter `{param}` of {}", self.words());
            found.push(warning(origin, message, format!("use it, or name it `_{param}`")));
        }
    }

    /// Whether a parameter is needed although the body does not use it.
    fn is_used_elsewhere(&self, param: &str) -> bool {
        let item = self.body.item;
        // Overloads have the same parameters, and so do those that an inheriting class replaces.
        let is_same = |other: &&Body<'_>| other.item.name == item.name && !std::ptr::eq(other.item, item);
        let uses = |other: &Body<'_>| other.names.as_ref().is_none_or(|names| is_stub(names) || names.uses(param));
        let has = |other: &Body<'_>| other.item.params.iter().any(|(name, _)| name == param);
        if self.bodies.all.values().filter(is_same).any(|other| has(other) && uses(other)) {
            return true;
        }
        // The parameters of a setup are globals, which anything may use.
        !item.is_function() && (self.bodies.may_use(param) || self.is_written_twice(param))
    }

    fn warning(&self, start: usize, name: &str, message: String, help: String) -> Finding {
        Finding { is_caught: self.body.item.ignores_errors, ..warning(self.origin(start, name), message, help) }
    }

    /// The place of a name in a body: only its line if what the script says there is something else, because of escapes.
    fn origin(&self, start: usize, name: &str) -> Origin {
        let source = self.script.source;
        let quote = self.body.item.quote;
        let number = |of: Option<usize>| of.unwrap_or(1);
        let first = literal_origin(&source.text, &source.name, number(quote.line()), number(quote.position()));
        let before = &self.body.item.body[..start];
        let (above, line) = before.rsplit_once('\n').map_or((None, before), |(above, line)| (Some(above), line));
        let column = u32::try_from(line.chars().count()).unwrap_or(0);
        let origin = match above {
            None => Origin { column: first.column + column, ..first },
            Some(above) => {
                Origin { column: 1 + column, ..first.down(u32::try_from(above.matches('\n').count() + 1).unwrap_or(0)) }
            }
        };
        if source.text_of(&origin).starts_with(name) { origin } else { Origin { column: 0, ..origin } }
    }

    fn fix(&self, origin: &Origin, old: &str, new: &str) -> Option<Fix> {
        let length = u32::try_from(old.chars().count()).ok()?;
        (origin.column > 0).then(|| Fix { at: origin.clone(), length, text: new.to_owned() })
    }
}

fn warning(origin: Origin, message: String, help: String) -> Finding {
    Finding {
        origin,
        severity: Severity::Warning,
        is_caught: false,
        is_seen_by_run: false,
        message,
        help: Some(help),
        fix: None,
    }
}

/// `` task `read` ``.
fn words(body: &Body<'_>) -> String {
    format!("{} `{}`", body.item.kind, body.item.name)
}

/// Whether a body does nothing with names: it stands for one that others have.
fn is_stub(names: &Names<'_>) -> bool {
    let does = |mention: &Mention<'_>| mention.how != How::Parameter && !mention.name.ends_with("Error");
    !names.mentions.iter().any(does)
}

/// Whether two names differ only in their digits.
fn differ_in_digits(one: &str, two: &str) -> bool {
    let letters = |name: &str| name.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
    letters(one) == letters(two)
}

/// How often a word is in a text.
fn count(text: &str, word: &str) -> usize {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let is_word = |at: usize| !text[..at].ends_with(is_part) && !text[at + word.len()..].starts_with(is_part);
    text.match_indices(word).filter(|(at, _)| is_word(*at)).count()
}
