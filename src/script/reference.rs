//! What the language reference and Rhai itself say about a name, for `:help`.
//!
//! Uses the text of `language.md`, which is in the binary. Invariant: nothing is said twice here and there: the reference is
//! the only place.

use super::text;
use rhai::Engine;

const REFERENCE: &str = include_str!("language.md");

/// Tables of functions that are in no scope until they are imported.
const ELSEWHERE: &[&str] = &["## Standard modules", "## Differences from Belay"];

/// What the reference says about a function, or about what every device or class has: `name` is `read_file`, or
/// `d.sync`. `None` if nothing.
pub(super) fn built_in(name: &str) -> Option<String> {
    let mut heading = "";
    let mut found = String::new();
    for line in REFERENCE.lines() {
        if line.starts_with('#') {
            heading = line;
        }
        let Some((cell, about)) = line.strip_prefix("| ").and_then(|row| row.split_once(" | ")) else { continue };
        if ELSEWHERE.contains(&heading) {
            continue;
        }
        let spans = cell.split('`').skip(1).step_by(2);
        let fitting: Vec<&str> = spans.filter(|span| bears(span, name)).collect();
        if !fitting.is_empty() {
            let about = plain(about.trim_end_matches([' ', '|']));
            found.push_str(&format!("{}\n    {about}\n", fitting.join(", ")));
        }
    }
    (!found.is_empty()).then_some(found)
}

/// Whether `span`, as it stands in a table, is `name` or a call of it.
fn bears(span: &str, name: &str) -> bool {
    span.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('('))
}

/// The text without links.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, link)) = rest.split_once('[') {
        out.push_str(before);
        match link.split_once("](").and_then(|(words, target)| Some((words, target.split_once(')')?))) {
            Some((words, (_, after))) => {
                out.push_str(words);
                rest = after;
            }
            None => {
                out.push('[');
                rest = link;
            }
        }
    }
    out + rest
}

/// What Rhai says about its own functions of this name: their heads, and the comments above them.
pub(super) fn of_rhai(engine: &Engine, name: &str) -> Option<String> {
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
    fn the_reference_knows_functions_and_methods() {
        let case = |name: &str, head: &str| {
            let text = built_in(name).unwrap_or_else(|| panic!("nothing about {name}"));
            assert!(text.starts_with(head), "{text}");
            assert!(!text.contains("]("), "{text}");
        };
        case("read_file", "read_file(path)\n    text files");
        case("sleep", "sleep(seconds)\n    waits");
        case("d.sync", "d.sync(folder), d.sync(folder, options)\n    makes the board's files equal");
        case("d.exec", "d.exec(code)\n    runs Python");
        case("d.port", "d.port\n");
        assert_eq!(built_in("d.nothing"), None);
        // Known by the module only.
        assert_eq!(built_in("percentile"), None);
    }
}
