//! Keeps helpers apart from what a script defines.
//!
//! A task may be named `len` or `next`, and helpers are loaded when they are first needed, after the tasks: so they take
//! built-in functions from the module `builtins`, not from the names of the script. Uses [`crate::python`]; pure.

use crate::python::token::{Token, TokenKind, tokenize};

/// The built-in functions and types that helpers use.
const NAMES: &[&str] = &[
    "bool",
    "bytearray",
    "bytes",
    "chr",
    "eval",
    "float",
    "getattr",
    "globals",
    "hasattr",
    "hash",
    "int",
    "isinstance",
    "iter",
    "len",
    "list",
    "locals",
    "map",
    "max",
    "memoryview",
    "min",
    "next",
    "open",
    "ord",
    "print",
    "range",
    "repr",
    "set",
    "str",
    "sum",
    "tuple",
    "type",
];

/// The source of a helper, on the same lines but for a first one, with built-in names that no definition can replace.
pub(super) fn shielded(source: &str) -> String {
    let tokens: Vec<Token> = tokenize(source);
    let mut text = String::from("import builtins as __belay_i\n");
    let mut before = "";
    for (index, token) in tokens.iter().enumerate() {
        let word = token.text(source);
        let is_name = token.kind == TokenKind::Name && NAMES.contains(&word) && !matches!(before, "." | "def");
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

    #[test]
    fn built_in_names_come_from_their_module() {
        let source = "class A:\n def open(s,n=len,**k):\n  return n(s.len)+str(k)+f(type=1)+'len'\n";
        let expected = "import builtins as __belay_i\nclass A:\n def open(s,n=__belay_i.len,**k):\n  \
            return n(s.len)+__belay_i.str(k)+f(type=1)+'len'\n";
        assert_eq!(shielded(source), expected);
    }

    /// What is not in the table must not be used either.
    #[test]
    fn the_table_has_the_names_that_helpers_use() {
        let all = [
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
            helper::RESULTS,
            helper::TIMED_GENERATOR,
            helper::TYPED,
        ];
        for source in all {
            let text = shielded(source);
            let tokens = tokenize(&text);
            for (index, token) in tokens.iter().enumerate().filter(|(_, token)| token.kind == TokenKind::Name) {
                let word = token.text(&text);
                let is_called = tokens.get(index + 1).is_some_and(|next| next.is(&text, "("));
                let before = index.checked_sub(1).map_or("", |before| tokens[before].text(&text));
                let is_function = crate::python::builtins::is_built_in(word, None)
                    && word.starts_with(|letter: char| letter.is_ascii_lowercase());
                assert!(!is_called || !is_function || before == ".", "`{word}` in {text}");
            }
        }
    }
}
