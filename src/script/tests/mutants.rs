//! Mistakes that are put into the scripts of `scripts/`: most of them are found without running anything.

use super::analysis::{found_in, rhai_files};
use crate::bench::select::Dice;
use crate::extent;
use crate::python::names::{Mention, Names, ScopeKind};
use crate::script::language::tokens::{Kind as TokenKind, Token, Tokens};

/// Mutants of each kind, for all scripts together.
const LETTERS: usize = 24;
const PYTHON: usize = 40;
const ARGUMENTS: usize = 10;
const IMPORTS: usize = 6;

/// Each chooses other mutants.
const SEEDS: u64 = 3;

/// Functions that can be called with fewer arguments, too.
const FEWER: &[&str] = &[
    "open", "measure", "record", "print", "sync", "ask", "confirm", "instruct", "volts", "extract", "blob", "read_adc",
    "kw", "add", "median",
];

/// A script with a mistake, and what the mistake is.
struct Mutant {
    script: usize,
    text: String,
    what: String,
    /// It is in the Python of a body.
    is_python: bool,
}

/// The code of a script: tokens without comments.
fn code(tokens: &Tokens) -> Vec<&Token> {
    tokens.list().iter().filter(|token| token.kind != TokenKind::Comment).collect()
}

/// The names of a script in which a letter can be changed: not those of properties, whose values are not known, and not the
/// parameters of items, which belong to Python.
fn names(text: &str) -> Vec<std::ops::Range<usize>> {
    let tokens = Tokens::new(text);
    let code = code(&tokens);
    let at = |index: usize| code.get(index).map_or("", |token| tokens.text(token));
    let mut found = Vec::new();
    let mut in_head = false;
    for (index, token) in code.iter().enumerate() {
        let word = tokens.text(token);
        if matches!(word, "task" | "setup" | "thread" | "teardown") {
            in_head = true;
        } else if word.starts_with('`') || word.starts_with('"') {
            in_head = false;
        }
        let is_name =
            token.kind == TokenKind::Word && word.starts_with(|first: char| first.is_alphabetic()) && word.len() > 1;
        let before = index.checked_sub(1).map_or("", at);
        let is_property = before == "." && at(index + 1) != "(";
        let is_key = at(index + 1) == ":";
        if is_name && !in_head && !is_property && !is_key {
            found.push(token.range.clone());
        }
    }
    found
}

/// The names in the Python of bodies in which a letter can be changed: globals, variables and parameters, not attributes and the
/// names of arguments, and not what only the bodies' outside sees.
fn names_of_python(text: &str) -> Vec<std::ops::Range<usize>> {
    let tokens = Tokens::new(text);
    let (mut found, mut in_head) = (Vec::new(), false);
    for token in code(&tokens) {
        let word = tokens.text(token);
        in_head |= matches!(word, "task" | "setup" | "thread" | "teardown");
        if !in_head || !word.starts_with('`') {
            continue;
        }
        in_head = false;
        let body = word.trim_matches('`');
        let names = Names::of(body, ScopeKind::Function, &[]).expect("Python");
        let start = token.range.start + 1;
        let is_long = |mention: &&Mention<'_>| mention.name.len() > 2;
        let places = names.mentions.iter().filter(is_long).map(|mention| mention.range());
        found.extend(places.map(|range| start + range.start..start + range.end));
    }
    found
}

/// The arguments of calls, with the comma before or after them.
fn arguments(text: &str) -> Vec<(String, std::ops::Range<usize>)> {
    let tokens = Tokens::new(text);
    let code = code(&tokens);
    let at = |index: usize| code.get(index).map_or("", |token| tokens.text(token));
    let mut found = Vec::new();
    for open in 1..code.len() {
        let name = at(open - 1);
        let is_call = at(open) == "("
            && code[open - 1].kind == TokenKind::Word
            && name.starts_with(|first: char| first.is_alphabetic());
        let is_head = matches!(at(open.saturating_sub(2)), "task" | "setup" | "thread" | "teardown" | "fn");
        let is_word = matches!(name, "if" | "while" | "for" | "in" | "catch" | "return" | "switch");
        if !is_call || is_head || is_word || FEWER.contains(&name) {
            continue;
        }
        let (mut depth, mut commas, mut close) = (0, Vec::new(), None);
        for index in open..code.len() {
            match at(index) {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth -= 1,
                "," if depth == 1 => commas.push(index),
                _ => {}
            }
            if depth == 0 {
                close = Some(index);
                break;
            }
        }
        let Some(close) = close.filter(|close| *close > open + 1) else { continue };
        // The last argument, with the comma before it.
        let from = commas.last().map_or(code[open].range.end, |comma| code[*comma].range.start);
        found.push((name.to_owned(), from..code[close].range.start));
    }
    found
}

/// A script with one letter of a name changed.
fn misspelt(script: usize, text: &str, name: std::ops::Range<usize>, dice: &mut Dice, is_python: bool) -> Mutant {
    let mut places: Vec<usize> = name.clone().collect();
    dice.shuffle(&mut places);
    let at = places[0];
    let old = text.as_bytes()[at];
    let new = if old == b'q' { 'x' } else { 'q' };
    let what = format!("{} at {at}: `{new}` for `{}`", &text[name], char::from(old));
    Mutant { script, text: format!("{}{new}{}", &text[..at], &text[at + 1..]), what, is_python }
}

fn mutants(scripts: &[String], seed: u64) -> Vec<Mutant> {
    let mut dice = Dice::new(seed);
    let (mut letters, mut python) = (Vec::new(), Vec::new());
    let mut dropped = Vec::new();
    let mut imports = Vec::new();
    for (script, text) in scripts.iter().enumerate() {
        letters.extend(names(text).into_iter().map(|name| misspelt(script, text, name, &mut dice, false)));
        python.extend(names_of_python(text).into_iter().map(|name| misspelt(script, text, name, &mut dice, true)));
        for (name, range) in arguments(text) {
            let mutant = format!("{}{}", &text[..range.start], &text[range.end..]);
            dropped.push(Mutant {
                script,
                text: mutant,
                what: format!("{name} without `{}`", &text[range]),
                is_python: false,
            });
        }
        for line in text.lines().filter(|line| line.starts_with("import ")) {
            let mutant = text.replacen(line, "", 1);
            imports.push(Mutant { script, text: mutant, what: format!("without {line}"), is_python: false });
        }
    }
    let mut chosen = Vec::new();
    for (mut all, count) in [(letters, LETTERS), (python, PYTHON), (dropped, ARGUMENTS), (imports, IMPORTS)] {
        dice.shuffle(&mut all);
        assert!(all.len() >= count, "only {} mutants", all.len());
        all.truncate(count);
        chosen.extend(all);
    }
    chosen
}

#[test]
fn mistakes_are_found_without_running() {
    let files = rhai_files("scripts");
    let scripts: Vec<String> = files.iter().map(|path| std::fs::read_to_string(path).expect("a script")).collect();
    for is_python in [false, true] {
        let all = (0..SEEDS).step_by(extent::one_of("mutants")).flat_map(|seed| mutants(&scripts, seed));
        let (mut missed, mut count) = (Vec::new(), 0);
        for mutant in all.filter(|mutant| mutant.is_python == is_python) {
            count += 1;
            if found_in(&files[mutant.script], &mutant.text).is_empty() {
                missed.push(format!("{}: {}", files[mutant.script].display(), mutant.what));
            }
        }
        assert!(missed.len() * 20 <= count, "{} of {count} were missed:\n{}", missed.len(), missed.join("\n"));
    }
}
