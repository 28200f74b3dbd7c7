//! Finds comparisons without floats in the text of a script before it is parsed.
//!
//! Counting loops do most comparisons: Rhai's own operators are faster, and correct for them.
//! Invariant: if in doubt, a comparison is assumed to involve a float.

use crate::script::language::tokens::{Kind, Token, Tokens};
use std::collections::HashSet;

/// What is known about the numbers of a script.
#[derive(Default)]
pub(crate) struct Counting {
    /// Variables that only ever hold integers.
    counters: HashSet<String>,
}

/// The tokens of a script without comments; indices out of range are allowed.
struct Code<'t> {
    tokens: &'t Tokens,
    list: Vec<&'t Token>,
}

impl<'t> Code<'t> {
    fn new(tokens: &'t Tokens) -> Code<'t> {
        Code { tokens, list: tokens.list().iter().filter(|token| token.kind != Kind::Comment).collect() }
    }

    /// The text of the token at `index`; empty if out of range.
    fn at(&self, index: Option<usize>) -> &str {
        index.and_then(|index| self.list.get(index)).map_or("", |token| self.tokens.text(token))
    }

    fn after(&self, index: usize, count: usize) -> &str {
        self.at(Some(index + count))
    }

    fn before(&self, index: usize, count: usize) -> &str {
        self.at(index.checked_sub(count))
    }

    fn is_name(&self, index: usize) -> bool {
        let name = self.at(Some(index));
        self.list[index].kind == Kind::Word && name.starts_with(|first: char| first.is_alphabetic() || first == '_')
    }
}

fn is_integer(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_digit()) && text.replace('_', "").parse::<i64>().is_ok()
}

impl Counting {
    /// Analyses a script as a whole: only its own text can change its variables.
    pub fn of(tokens: &Tokens) -> Counting {
        let code = Code::new(tokens);
        let (mut declared, mut others) = (HashSet::new(), HashSet::new());
        for index in (0..code.list.len()).filter(|index| code.is_name(*index)) {
            let name = code.at(Some(index));
            match role(&code, index) {
                Role::Declared => declared.insert(name),
                Role::Unknown => others.insert(name),
                Role::Used => false,
            };
            if name == "fn" {
                let params = (index..code.list.len()).take_while(|at| code.at(Some(*at)) != ")");
                others.extend(params.map(|at| code.at(Some(at))));
            }
        }
        let counters = declared.difference(&others).map(|name| (*name).to_owned()).collect();
        Counting { counters }
    }

    /// Whether the comparison whose sign is the token at `at` of all tokens, `length` tokens long, has no float operand.
    pub fn is_free_of_floats(&self, tokens: &Tokens, at: usize, length: usize) -> bool {
        let code = |range: &[Token], backwards: bool| -> Vec<String> {
            let shown =
                range.iter().filter(|token| token.kind != Kind::Comment).map(|token| tokens.text(token).to_owned());
            if backwards { shown.rev().take(2).collect() } else { shown.take(4).collect() }
        };
        let list = tokens.list();
        let left = code(&list[at.saturating_sub(8)..at], true);
        let right = code(&list[at + length..list.len().min(at + length + 12)], false);
        let text = |side: &[String], index: usize| side.get(index).cloned().unwrap_or_default();
        let right = if text(&right, 0) == "-" { &right[1..] } else { &right[..] };
        let counts = |word: &str| is_integer(word) || self.counters.contains(word);
        let begins = |word: &str| {
            matches!(
                word,
                "" | "(" | "{" | "}" | ";" | "," | "=" | "|" | "&" | "[" | "if" | "while" | "until" | "return"
            )
        };
        let ends = |word: &str| matches!(word, "" | ")" | "}" | "]" | ";" | "," | "{" | "&" | "|" | "=");
        // A literal that is not a number: it never equals a float and has no order with one.
        let literal = text(right, 0);
        let is_text = literal.len() > 1 && literal.starts_with(['"', '\'', '`']) && !literal.ends_with("${");
        if (is_text || matches!(literal.as_str(), "true" | "false")) && ends(&text(right, 1)) {
            return true;
        }
        if literal == "(" && text(right, 1) == ")" && ends(&text(right, 2)) {
            return true;
        }
        counts(&text(&left, 0)) && begins(&text(&left, 1)) && counts(&literal) && ends(&text(right, 1))
    }
}

/// What an occurrence of a name does.
enum Role {
    /// Declares it as an integer, or sets it to one.
    Declared,
    /// Reads it, or is another name.
    Used,
    /// May change it to anything.
    Unknown,
}

fn role(code: &Code<'_>, index: usize) -> Role {
    let name = code.at(Some(index));
    let (before, after) = (code.before(index, 1), |count| code.after(index, count));
    let statement_ends = |count| matches!(after(count), ";" | "}");
    let unless = |unknown| if unknown { Role::Unknown } else { Role::Used };
    if before == "." && code.before(index, 2) != "." {
        return Role::Used;
    }
    match (before, after(1)) {
        ("let" | "const", "=") if is_integer(after(2)) && after(3) == ";" => Role::Declared,
        ("for", "in") if after(3) == "." && after(4) == "." => Role::Declared,
        ("let" | "const" | "for" | "as" | "catch", _) => Role::Unknown,
        // Comparisons, and arms of a switch.
        (_, "=") if matches!(after(2), "=" | ">") => Role::Used,
        (_, "=") => {
            let counted = after(2) == name && matches!(after(3), "+" | "-" | "*") && is_integer(after(4));
            unless(!(is_integer(after(2)) && statement_ends(3) || counted && statement_ends(5)))
        }
        (_, "+" | "-" | "*" | "/" | "%" | "&" | "|" | "^") if after(2) == "=" => {
            unless(!(is_integer(after(3)) && statement_ends(4)))
        }
        (_, "*" | "<" | ">") if after(1) == after(2) && after(3) == "=" => Role::Unknown,
        // A method may change it.
        (_, ".") => unless(after(2) != "."),
        (_, "[" | "?") => Role::Unknown,
        // Parameters of closures, loop variables and catch variables.
        ("|", "," | "|") | (",", "|" | ",") => Role::Unknown,
        (_, ")") if after(2) == "in" => Role::Unknown,
        ("(", _) => unless(matches!(code.before(index, 2), "for" | "catch")),
        _ => Role::Used,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the first comparison in a script is considered free of floats.
    fn free(text: &str) -> bool {
        let tokens = Tokens::new(text);
        let signs = ["==", "!=", "<=", ">=", "<", ">"];
        let found = (0..tokens.list().len()).find_map(|index| {
            let rest = &text[tokens.list()[index].range.start..];
            let sign = signs.iter().find(|sign| rest.starts_with(**sign) && tokens.list()[index].kind == Kind::Sign)?;
            Some((index, sign.len()))
        });
        let (index, length) = found.unwrap_or_else(|| panic!("no comparison in {text}"));
        Counting::of(&tokens).is_free_of_floats(&tokens, index, length)
    }

    #[test]
    fn counters_are_found() {
        for text in [
            "let i = 0; while i < 1_000 { i += 1; }",
            "let i = 0; let n = 5; while i /* c */ <= n { i = i + 2; } print(i);",
            "for i in 0..n { if i == 3 { } f(i); }",
            "const N = 5; if N > -1 && x { }",
            "let i = 0; if x || i >= 3 { i -= 1 }",
            "x == \"a\"",
            "f(x) != ();",
            "if x == true { }",
            "switch x { 1 if x == 'c' => 1 }",
        ] {
            assert!(free(text), "{text}");
        }
    }

    #[test]
    fn assumes_a_float_in_doubt() {
        for text in [
            "x < 1",
            "let i = 0; i = 1.5; i < 1",
            "let i = 0; i = f(); if i < 1 { }",
            "let i = 0; i /= 2.0; if i < 1 { }",
            "let i = 0; i += 1.5; if i < 1 { }",
            "let i = 0; i **= -1; if i < 1 { }",
            "let i = 0; if i < 1.5 { }",
            "let i = 0; if 1.5 < i { }",
            "let i = 0; if x + i < 1 { }",
            "let i = 0; if i < 1 * x { }",
            "let i = 0; if x.i < 1 { }",
            "let i = 0; if m::i < 1 { }",
            "let i = 0; i.set(); if i < 1 { }",
            "let i = 0; fn f(i) { if i < 1 { } }",
            "let i = 0; let f = |i| { if i < 1 { } };",
            "let i = 0; let f = |a, i| { if i < 1 { } };",
            "let i = 0; let f = |a, i, b| { if i < 1 { } };",
            "let i = 0; let f = |i| |x| i < 1;",
            "let i = 0; for i in [1.5] { if i < 1 { } }",
            "for (i, k) in x { if i < 1 { } } let i = 0;",
            "for (k, i) in x { if i < 1 { } } let i = 0;",
            "try { } catch (i) { if i < 1 { } } let i = 0;",
            "import \"a\" as i; let i = 0; if i < 1 { }",
            "let i = 9223372036854775808; if i < 1 { }",
            "let i = 0; if i < 9223372036854775808 { }",
            "let i = 0; if i < 1e3 { }",
            "x == \"a\".len() / 1.0",
            "x == `${1}`",
            "x == true.f()",
            "x == ().f()",
        ] {
            assert!(!free(text), "{text}");
        }
    }
}
