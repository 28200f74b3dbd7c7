//! The functions that Rhai has by itself, with their documentation.
//!
//! Invariant: no text is written here, and each process reads the engine only once.

use crate::script::language::text;
use crate::script::reference::Entry;
use rhai::Engine;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// Rhai's own functions that scripts can call by their names, in the order of their names.
pub(crate) fn functions() -> &'static [Entry] {
    static FOUND: OnceLock<Vec<Entry>> = OnceLock::new();
    FOUND.get_or_init(|| {
        let engine = Engine::new();
        let read = |function: rhai::FuncInfo<'_>| {
            let known = function.metadata;
            rhai::is_valid_identifier(&known.name).then(|| {
                let head = known.gen_signature(|name| engine.map_type_name(name).into());
                let head = head.replace("Result<", "").replace(", Box<EvalAltResult>>", "");
                let doc = text::strip_comment(&known.comments.join("\n"));
                // Examples are written for Rust's documentation.
                let doc = doc.split("# Example").next().unwrap_or_default().trim().to_owned();
                (known.name.to_string(), head, doc)
            })
        };
        let mut entries: BTreeMap<String, Entry> = BTreeMap::new();
        let mut found: Vec<(String, String, String)> = engine.collect_fn_metadata(None, read, true);
        found.sort();
        for (name, head, doc) in found {
            let entry = entries.entry(name.clone()).or_insert_with(|| Entry { name, ..Entry::default() });
            if !entry.heads.contains(&head) {
                entry.heads.push(head);
            }
            if entry.doc.is_empty() {
                entry.doc = doc;
            }
        }
        entries.into_values().collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_of_rhai_have_their_documentation() {
        let found = functions().iter().find(|entry| entry.name == "push").expect("push");
        assert!(found.heads.iter().all(|head| head.starts_with("push(")), "{:?}", found.heads);
        assert!(!found.doc.is_empty());
        assert!(functions().iter().all(|entry| !entry.name.contains('$')));
    }
}
