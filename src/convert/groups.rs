//! Items that are decorated with an instance: which device each belongs to, and the class that holds them.
//!
//! Uses the outline and the scope. Invariant: an item belongs to one class for each device that decorates it.

use super::outline::{Source, Statement, path};
use super::scope::{Scope, decorations};
use std::collections::BTreeSet;
use std::ops::Range;

/// The items of one device.
pub(super) struct Group {
    /// The variable of the device.
    pub variable: String,
    /// The name of the class that is made for them.
    pub class: String,
    /// The class that the device was opened with, unless it is Belay's own.
    pub parent: Option<String>,
    /// The items, each with the physical lines of comments directly above.
    pub items: Vec<(Statement, Range<usize>)>,
    /// The index of the statement before which the class is written.
    at: usize,
}

/// All groups, and the lines that belong to them.
#[derive(Default)]
pub(super) struct Groups {
    pub all: Vec<Group>,
    taken: BTreeSet<usize>,
}

impl Groups {
    /// Collects the items of instances in `statements` and in the blocks inside them.
    pub fn of(source: &Source<'_>, scope: &Scope, statements: &[Statement]) -> Groups {
        let mut groups = Groups::default();
        for (index, statement) in statements.iter().enumerate() {
            if scope.device_class(source, statement).is_none() {
                groups.collect(source, scope, statement, index);
            }
        }
        // A class is written before the device is opened, which may be before its first item.
        for group in &mut groups.all {
            let opens = |statement: &Statement| matches!(source.texts(statement.head).as_slice(), [name, "=", ..] if *name == group.variable);
            group.at = group.at.min(statements.iter().position(opens).unwrap_or(group.at));
        }
        groups
    }

    fn collect(&mut self, source: &Source<'_>, scope: &Scope, statement: &Statement, at: usize) {
        for decoration in decorations(source, statement) {
            let [variable] = decoration.owner.as_slice() else { continue };
            if scope.class(&decoration.owner).is_some() {
                continue;
            }
            let above = above(source, statement);
            self.taken.extend(above.start..statement.lines.end);
            let item = (statement.clone(), above);
            match self.all.iter_mut().find(|group| group.variable == *variable) {
                Some(group) => group.items.push(item),
                None => {
                    let parent = opened_with(source, scope, variable).filter(|class| class != "Device");
                    let class = self.class_name(scope, variable);
                    self.all.push(Group { variable: (*variable).to_owned(), class, parent, items: vec![item], at });
                }
            }
        }
        if decorations(source, statement).is_empty() {
            for inner in source.inner(statement) {
                self.collect(source, scope, &inner, at);
            }
        }
    }

    /// A name for the class of a device that is not that of another class.
    fn class_name(&self, scope: &Scope, variable: &str) -> String {
        let mut name: String = match variable {
            "device" | "dev" | "d" | "board" => "Board".to_owned(),
            _ => variable.split('_').map(capital).collect(),
        };
        let is_used = |name: &str| {
            name == "Device" || scope.classes.contains_key(name) || self.all.iter().any(|group| group.class == name)
        };
        while is_used(&name) || !name.starts_with(|c: char| c.is_ascii_uppercase()) {
            name = format!("Board{name}");
        }
        name
    }

    /// The groups whose class is written before the statement with this index.
    pub fn at(&self, index: usize) -> impl Iterator<Item = &Group> {
        self.all.iter().filter(move |group| group.at == index)
    }

    /// The group of a device.
    pub fn named(&self, variable: &str) -> Option<&Group> {
        self.all.iter().find(|group| group.variable == variable)
    }

    /// The device of an item that is called as a function.
    pub fn device_of(&self, source: &Source<'_>, function: &str) -> Option<&Group> {
        self.all.iter().find(|group| group.has(source, function))
    }

    /// Whether a statement is an item of a group.
    pub fn has(&self, statement: &Statement) -> bool {
        self.all.iter().any(|group| group.items.iter().any(|(item, _)| item.head == statement.head))
    }

    /// Whether a physical line belongs to an item of a group.
    pub fn is_taken(&self, line: usize) -> bool {
        self.taken.contains(&line)
    }
}

impl Group {
    /// Whether it has an item of this name.
    pub fn has(&self, source: &Source<'_>, name: &str) -> bool {
        self.items.iter().any(|(item, _)| source.texts(item.head).get(1) == Some(&name))
    }
}

/// The comment lines directly above a statement.
fn above(source: &Source<'_>, statement: &Statement) -> Range<usize> {
    let end = statement.lines.start;
    let comments = source.lines[..end].iter().rev().take_while(|line| line.trim_start().starts_with('#'));
    end - comments.count()..end
}

/// The class in `variable = Class(…)` or `with Class(…) as variable:`.
fn opened_with(source: &Source<'_>, scope: &Scope, variable: &str) -> Option<String> {
    (0..source.code.lines.len()).find_map(|line| {
        let words = source.words(line);
        let texts: Vec<&str> = words.iter().map(|word| word.text).collect();
        let class = match texts.as_slice() {
            [name, "=", ..] if *name == variable => words.get(2..),
            ["with", .., "as", name, ":"] if *name == variable => words.get(1..),
            _ => None,
        };
        scope.class(&path(class?)?.0)
    })
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + chars.as_str())
}
