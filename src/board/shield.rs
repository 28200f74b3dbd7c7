//! Keeps helpers apart from what a script defines.
//!
//! A task may be named `len` or `next`, and helpers are loaded when they are first needed, after the tasks: so they take
//! built-in functions from the module `builtins`, not from the names of the script. Uses [`crate::python`]; pure.

use crate::python::builtins::is_built_in;
use crate::python::token::{Token, TokenKind, tokenize};

/// Whether a name is that of a built-in function or type. Exceptions are left out: who would name a task like one?
fn is_function(name: &str) -> bool {
    name.starts_with(|letter: char| letter.is_ascii_lowercase()) && is_built_in(name, None)
}

/// The source of a helper, on the same lines but for a first one, with built-in names that no definition can replace.
pub(super) fn shielded(source: &str) -> String {
    let tokens: Vec<Token> = tokenize(source);
    let mut text = String::from("import builtins as __belay_i\n");
    let mut before = "";
    for (index, token) in tokens.iter().enumerate() {
        let word = token.text(source);
        let is_name = token.kind == TokenKind::Name && is_function(word) && !matches!(before, "." | "def");
        let is_keyword =
            || tokens[index + 1..].iter().find(|next| next.is_significant()).is_some_and(|next| next.is(source, "="));
        if is_name && !is_keyword() {
            text.push_str("__belay_i.");
        }
        text.push_str(word);
        if token.is_significant() {
            before = word;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::helper;
    use super::*;

    const ALL: &[&str] = &[
        helper::ARGUMENTS,
        helper::BYTES,
        helper::FILES,
        helper::FORGET,
        helper::GENERATOR,
        helper::HASH,
        helper::MOUNT,
        helper::PREFETCH,
        helper::PROXY,
        helper::PUSH,
        helper::RECEIVE,
        helper::RESIDENT,
        helper::SMALL_LOOP,
        helper::RESULTS,
        helper::TIMED_GENERATOR,
        helper::TYPED,
    ];

    #[test]
    fn built_in_names_come_from_their_module() {
        let source = "class A:\n def open(s,n=len,**k):\n  return n(s.len)+str(k)+f(type=1)+'len'\n";
        let expected = "import builtins as __belay_i\nclass A:\n def open(s,n=__belay_i.len,**k):\n  \
            return n(s.len)+__belay_i.str(k)+f(type=1)+'len'\n";
        assert_eq!(shielded(source), expected);
    }

    /// A task may be named `select`: outside of functions, an import has a name of the helper.
    #[test]
    fn helpers_leave_the_names_of_a_script_alone() {
        for source in ALL {
            // The indent of the function or class.
            let mut within = None;
            for line in source.lines() {
                let (indent, line) = (line.len() - line.trim_start().len(), line.trim_start());
                if within.is_some_and(|outer| indent <= outer) {
                    within = None;
                }
                if within.is_none() && (line.starts_with("def ") || line.starts_with("class ")) {
                    within = Some(indent);
                }
                let imported = line
                    .strip_prefix("import ")
                    .or_else(|| Some(line.strip_prefix("from ")?.split_once(" import ")?.1));
                let names = imported.filter(|_| within.is_none()).into_iter().flat_map(|names| names.split(','));
                for name in names {
                    let bound = name.split(" as ").last().unwrap_or_default();
                    assert!(bound.starts_with("__belay"), "{line}");
                }
            }
        }
    }

    #[test]
    fn helpers_call_every_built_in_of_its_module() {
        for source in ALL {
            let text = shielded(source);
            let tokens = tokenize(&text);
            for (index, token) in tokens.iter().enumerate().filter(|(_, token)| token.kind == TokenKind::Name) {
                let word = token.text(&text);
                let is_called = tokens.get(index + 1).is_some_and(|next| next.is(&text, "("));
                let before = index.checked_sub(1).map_or("", |before| tokens[before].text(&text));
                assert!(!is_called || !is_function(word) || before == ".", "`{word}` in {text}");
            }
        }
    }
}
