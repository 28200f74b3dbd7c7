//! Documentation of built-in functions, for `:help`.
//!
//! Uses [`crate::script::reference`] and the metadata of Rhai's functions. Invariant: no text is written here.

use crate::script::language::text;
use crate::script::reference;
use rhai::Engine;

/// The groups of the reference with members of devices and classes.
const MEMBERS: &[&str] = &["Devices", "Device classes"];

/// The reference of a function of the language or of its types; with `member`, of a device or class member.
/// `None` if there is none.
pub(crate) fn of_language(name: &str, member: bool) -> Option<String> {
    let page = reference::language();
    let sections = page.sections.iter().filter(|section| !member || MEMBERS.contains(&section.title.as_str()));
    let entries = sections.flat_map(|section| &section.entries).filter(|entry| entry.name == name);
    let about = |entry: &reference::Entry| {
        let lines = entry.doc.lines().map(|line| format!("    {line}"));
        entry.heads.iter().cloned().chain(lines).map(|line| line.trim_end().to_owned() + "\n").collect::<String>()
    };
    let found: String = entries.map(about).collect();
    (!found.is_empty()).then_some(found)
}

/// Rhai's documentation of its functions with this name: signatures and comments.
pub(crate) fn of_rhai(engine: &Engine, name: &str) -> Option<String> {
    let about = |function: rhai::FuncInfo<'_>| {
        let known = function.metadata;
        let wanted = function.script.is_none() && known.name == name && !known.comments.is_empty();
        wanted.then(|| {
            let head = known.gen_signature(|name| engine.map_type_name(name).into());
            let head = head.replace("Result<", "").replace(", Box<EvalAltResult>>", "");
            let doc = text::strip_comment(&known.comments.join("\n"));
            // Examples are written for Rust's documentation.
            let doc = doc.split("# Example").next().unwrap_or_default().trim();
            let lines: Vec<String> = doc.lines().map(|line| format!("    {line}").trim_end().to_owned()).collect();
            format!("{head}\n{}\n", lines.join("\n"))
        })
    };
    let mut found: Vec<String> = engine.collect_fn_metadata(None, about, true);
    found.sort();
    found.dedup();
    (!found.is_empty()).then(|| found.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_and_members_are_known() {
        let case = |name: &str, member, head: &str| {
            let text = of_language(name, member).unwrap_or_else(|| panic!("nothing about {name}"));
            assert!(text.starts_with(head), "{text}");
        };
        case("read_file", false, "read_file(path: String) -> String\n    ");
        case("sync", true, "d.sync(folder: String) -> Map\nd.sync(folder: String, options: Map) -> Map\n    Makes");
        case("port", true, "d.port -> String\n    ");
        assert_eq!(of_language("read_file", true), None);
        assert_eq!(of_language("percentile", false), None);
    }
}
