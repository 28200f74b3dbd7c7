//! What a device needs on its board before its first command: functions, and the imports that they mention. They travel with the
//! helpers, so that the first call is the third exchange.
//!
//! Invariant: what is sent so is what would be sent one by one; if the board rejects it, that happens, and errors have their places.

use crate::board::First;
use crate::device::class::Item;
use crate::device::source::{self, Prepared};
use crate::device::startup::Imports;
use std::sync::Arc;

/// Most source, in bytes, that is sent together: a board has memory for it, though nobody knows yet what board it is.
const MOST: usize = 1000;

/// Functions and imports, ready to send.
#[derive(Default)]
pub(super) struct FirstItems {
    /// What the board gets.
    pub first: First,
    /// The functions in it.
    pub functions: Vec<(Arc<Item>, Prepared)>,
    /// The imports in it.
    pub imports: Imports,
}

impl FirstItems {
    /// Of `items`, which are the same on every board, those that fit. `imports`: the convenience imports.
    pub fn of(items: &[Arc<Item>], mut imports: Imports) -> FirstItems {
        let wanted = items.iter().filter(|item| item.kind.is_function() && item.options.emitter.is_none());
        let mut chosen: Vec<&Arc<Item>> = Vec::new();
        let (mut size, mut needed) = (0, Imports::default());
        for item in wanted {
            let Ok(prepared) = source::function_at(item, 0) else { break };
            let mentioned = imports.mentioned(prepared.text());
            size += prepared.text().len() + mentioned.code().len();
            if size > MOST {
                break;
            }
            needed.put_back(mentioned);
            chosen.push(item);
        }
        let mut first = First { source: needed.code(), names: needed.names().map(str::to_owned).collect() };
        let mut functions = Vec::new();
        for item in chosen {
            let lines = u32::try_from(first.source.matches('\n').count()).unwrap_or_default();
            let Ok(prepared) = source::function_at(item, First::leading_lines() + lines) else { break };
            first.source.push_str(prepared.text());
            if !first.source.ends_with('\n') {
                first.source.push('\n');
            }
            first.names.push(item.name.to_string());
            functions.push((item.clone(), prepared));
        }
        FirstItems { first, functions, imports: needed }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::class::{Body, ItemKind, ItemOptions};
    use crate::name::Name;
    use crate::origin::Origin;

    fn task(name: &str, body: &str) -> Arc<Item> {
        let origin = Origin::new("a.rhai", 3, 5);
        Arc::new(Item {
            kind: ItemKind::Task,
            name: Name::function(name).unwrap(),
            params: Vec::new(),
            options: ItemOptions::defaults(ItemKind::Task),
            returns: None,
            body: Body { text: body.to_owned(), origin: origin.clone() },
            doc: String::new(),
            origin,
        })
    }

    #[test]
    fn functions_travel_with_the_imports_that_they_mention() {
        let items = [task("f", "return Pin(2)"), task("g", "return 1")];
        let all = FirstItems::of(&items, Imports::of("micropython"));
        assert_eq!(all.first.source, "from machine import Pin\ndef f():\n return Pin(2)\ndef g():\n return 1\n");
        assert_eq!(all.first.names, ["Pin", "f", "g"]);
        let lines: Vec<u32> = all.functions.iter().map(|(_, prepared)| prepared.blank).collect();
        assert_eq!(lines, [First::leading_lines() + 1, First::leading_lines() + 3]);
    }

    #[test]
    fn what_is_long_or_wrong_comes_later() {
        let items =
            [task("f", "return 1"), task("g", &format!("return '{}'", "x".repeat(MOST))), task("h", "return 2")];
        let all = FirstItems::of(&items, Imports::default());
        assert_eq!(all.first.names, ["f"]);
    }
}
