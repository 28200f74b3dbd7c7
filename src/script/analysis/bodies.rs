//! The Python of all classes: which names each body finds on which boards.
//!
//! Follows the rules by which a class chooses its overloads (`device::class`). Invariant: a name is unknown only if no board on
//! which the body runs has it.

use crate::device::startup::convenience;
use crate::python::builtins::{is_built_in, is_of_viper};
use crate::python::names::{Caught, How, Names, ScopeKind};
use crate::script::analysis::classes::Item;
use crate::script::analysis::program::Program;
use std::collections::{BTreeSet, HashMap, HashSet};

/// The number of a class, and that of an item within it.
pub(crate) type ItemId = (usize, usize);

/// The Python of one item.
pub(crate) struct Body<'p> {
    pub item: &'p Item,
    /// `None`: it is not understood.
    pub names: Option<Names<'p>>,
    /// The globals that it binds.
    pub globals: BTreeSet<&'p str>,
    /// For each free name, what is known of it on the boards looked at so far.
    pub unknown: Vec<Unknown<'p>>,
    /// Whether a board that has it was looked at.
    pub is_seen: bool,
}

/// A free name of a body that no board has so far.
pub(crate) struct Unknown<'p> {
    pub name: &'p str,
    /// The first byte in the body.
    pub start: usize,
    pub scope: usize,
    pub how: How,
    pub caught: Caught,
    is_certain: bool,
    is_known: bool,
    /// The setup that defines it, but only after the body has run.
    pub later: Option<ItemId>,
}

/// The Python of all items.
pub(crate) struct Bodies<'p> {
    pub all: HashMap<ItemId, Body<'p>>,
    /// The globals that any of them uses.
    used: HashSet<&'p str>,
    /// Some of them are not understood.
    is_partial: bool,
}

/// What a board has.
struct Board<'p> {
    implementation: Option<String>,
    /// What the startup code and strings of scripts define.
    before: HashSet<&'p str>,
    /// The items that are chosen for it, in the order in which they run.
    chosen: Vec<ItemId>,
}

impl<'p> Bodies<'p> {
    pub fn of(program: &'p Program<'_>) -> Bodies<'p> {
        let mut bodies = Bodies { all: HashMap::new(), used: HashSet::new(), is_partial: false };
        for (number, class) in program.classes.iter().enumerate().filter(|(_, class)| !class.is_instrument) {
            for (index, item) in class.items.iter().enumerate() {
                let body = Body::of(item);
                bodies.used.extend(body.unknown.iter().filter(|free| free.how == How::Use).map(|free| free.name));
                bodies.is_partial |= body.names.is_none();
                bodies.all.insert((number, index), body);
            }
        }
        if bodies.all.is_empty() || program.on_board.is_open || program.declares_anything {
            return bodies;
        }
        let startups = ["micropython", "circuitpython"].map(|name| (name, startup(name)));
        for class in 0..program.classes.len() {
            let lineage = program.lineage(class);
            let is_unknown = |class: &usize| program.classes[*class].is_open || program.classes[*class].is_unsure;
            if program.classes[class].is_instrument {
                continue;
            }
            if program.classes[class].items.is_empty() && lineage.len() < 2 || lineage.iter().any(is_unknown) {
                continue;
            }
            let groups = groups(program, class, 0);
            for implementation in implementations(program, &lineage) {
                if let Some(chosen) = select(program, &groups, implementation.as_deref()) {
                    let is_circuitpython = implementation.as_deref() == Some("circuitpython");
                    let startup = &startups[usize::from(is_circuitpython)].1;
                    let strings = program.on_board.names.iter().map(String::as_str);
                    let before = startup.iter().copied().chain(strings).collect();
                    bodies.look(program, class, &Board { implementation, before, chosen });
                }
            }
        }
        bodies
    }

    /// Notes what the bodies chosen for a board find there.
    fn look(&mut self, program: &Program<'_>, class: usize, board: &Board<'p>) {
        let mut is_open = false;
        // From which place in the order on a name is defined at the latest when the device is opened, and by what.
        let mut defined: HashMap<&str, (usize, ItemId)> = HashMap::new();
        let mut define = |name, from, by| {
            let known = defined.entry(name).or_insert((from, by));
            *known = (*known).min((from, by));
        };
        // A method that runs before the autoinit setups may call the other ones.
        let has_early =
            |class: &usize| program.classes[*class].methods.iter().any(|method| method.name == "pre_autoinit");
        let is_early = program.lineage(class).iter().any(has_early);
        for (place, id) in board.chosen.iter().enumerate() {
            let body = &self.all[id];
            is_open |= body.is_open();
            let from = match &*body.item.kind {
                "setup" if body.item.is_autoinit && !is_early => place + 1,
                "setup" | "teardown" if !is_early => usize::MAX,
                _ => 0,
            };
            if body.item.is_function() {
                define(&body.item.name, 0, *id);
            }
            body.globals.iter().for_each(|name| define(name, from, *id));
        }
        for (place, id) in board.chosen.iter().enumerate() {
            let Some(body) = self.all.get_mut(id) else { continue };
            body.is_seen = true;
            let is_first = body.item.is_autoinit && !is_early;
            for free in &mut body.unknown {
                let is_of_board = is_open
                    || board.before.contains(free.name)
                    || is_built_in(free.name, board.implementation.as_deref());
                let by = defined.get(free.name);
                let is_in_time = by.is_some_and(|(from, _)| *from <= place || !(is_first && free.is_certain));
                free.is_known |= is_of_board || is_in_time;
                free.later = free.later.or(by.map(|(_, by)| *by));
            }
        }
    }

    /// Whether any body may use a global.
    pub fn may_use(&self, name: &str) -> bool {
        self.is_partial || self.used.contains(name)
    }

    /// The names that the bodies of a class may find on any board.
    pub fn known(&self, program: &Program<'p>, class: usize) -> BTreeSet<&'p str> {
        let of_class = |id: &&ItemId| program.lineage(class).contains(&id.0);
        let ids: Vec<&ItemId> = self.all.keys().filter(of_class).collect();
        let bodies = ids.iter().map(|id| &self.all[*id]);
        let functions = bodies.clone().filter(|body| body.item.is_function()).map(|body| body.item.name.as_str());
        let globals = bodies.flat_map(|body| body.globals.iter().copied());
        functions.chain(globals).chain(startup("micropython")).chain(startup("circuitpython")).collect()
    }
}

impl<'p> Body<'p> {
    fn of(item: &'p Item) -> Body<'p> {
        let params: Vec<&str> = item.params.iter().map(|(param, _)| param.as_str()).collect();
        let kind = if item.is_function() { ScopeKind::Function } else { ScopeKind::Module };
        let names = Names::of(&item.body, kind, &params);
        let globals = names.as_ref().map(Names::globals).unwrap_or_default();
        let is_viper = item.is_viper || names.as_ref().is_some_and(|names| names.has_viper);
        let unknown = names.iter().flat_map(Names::free).filter(|free| !(is_viper && is_of_viper(free.name)));
        let unknown = unknown.map(|free| Unknown {
            name: free.name,
            start: free.start,
            scope: free.scope,
            how: free.how,
            caught: free.caught,
            is_certain: free.is_certain,
            is_known: false,
            later: None,
        });
        Body { item, unknown: unknown.collect(), globals, is_seen: false, names }
    }

    /// Whether it may bind globals that are not seen.
    fn is_open(&self) -> bool {
        match &self.names {
            Some(names) => names.is_open,
            None => !self.item.is_function() || self.item.body.contains("global"),
        }
    }

    /// The names that no board has on which the body runs.
    pub fn unknown(&self) -> impl Iterator<Item = &Unknown<'p>> {
        self.unknown.iter().filter(|free| self.is_seen && !free.is_known)
    }
}

/// The names of the convenience imports.
fn startup(implementation: &str) -> Vec<&'static str> {
    let names = Names::of(convenience(implementation), ScopeKind::Module, &[]);
    names.map(|names| names.globals().into_iter().collect()).unwrap_or_default()
}

/// The items of a class: its own, then those of each class that it inherits from, each once.
fn groups(program: &Program<'_>, class: usize, depth: usize) -> Vec<Vec<ItemId>> {
    let own = (0..program.classes[class].items.len()).map(|index| (class, index)).collect();
    let mut found: Vec<Vec<ItemId>> = vec![own];
    // Classes that inherit from each other are refused when they are declared.
    for base in program.classes[class].bases.iter().filter(|_| depth < 20) {
        for group in groups(program, *base, depth + 1) {
            let fresh = group.into_iter().filter(|id| !found.iter().flatten().any(|known| known == id)).collect();
            found.push(fresh);
        }
    }
    found
}

/// The implementations that differ in what they run of some classes; `None`: any other one.
fn implementations(program: &Program<'_>, classes: &[usize]) -> BTreeSet<Option<String>> {
    let items = classes.iter().flat_map(|class| &program.classes[*class].items);
    let named = items.filter_map(|item| item.implementation.clone());
    let usual = ["micropython", "circuitpython"].map(str::to_owned);
    named.chain(usual).map(Some).chain([None]).collect()
}

/// The overloads for an implementation, in the order in which they run; `None` if some name has none.
fn select(program: &Program<'_>, groups: &[Vec<ItemId>], implementation: Option<&str>) -> Option<Vec<ItemId>> {
    let item = |id: &ItemId| &program.classes[id.0].items[id.1];
    let (own, inherited) = groups.split_first()?;
    let mut seen: HashSet<&str> = HashSet::new();
    let mut chosen = Vec::new();
    for id in inherited.iter().flatten().chain(own) {
        let name = item(id).name.as_str();
        if !seen.insert(name) {
            continue;
        }
        chosen.push(groups.iter().find_map(|group| {
            let overloads = || group.iter().filter(|id| item(id).name == name);
            let is_for =
                |id: &&ItemId| implementation.is_some() && item(id).implementation.as_deref() == implementation;
            let is_for_all = |id: &&ItemId| item(id).implementation.is_none();
            overloads().find(is_for).or_else(|| overloads().find(is_for_all)).copied()
        })?);
    }
    Some(chosen)
}
