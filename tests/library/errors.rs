//! Errors are data: no code decides by the words of a message, and the phrases that messages share are made in one place.
//!
//! Read as text, as in [`crate::layers`]. Unit tests, which quote messages, do not count.

use crate::layers::{blank, is_word, rust_files};
use std::fs;
use std::path::Path;

/// What holds the words of an error.
const TEXTS: &[&str] = &["message()", "headline()", ".message", "failure", "how", "reason"];

/// What looks into a text.
const LOOKS: &[&str] =
    &[".contains(", ".ends_with(", ".find(", ".split_once(", ".starts_with(", ".strip_prefix(", ".strip_suffix("];

/// Places that look into a text which is not ours, or only to show it.
const ALLOWED: &[(&str, &str)] = &[
    ("src/error.rs", "a headline does not name the device twice"),
    ("src/sync/compile/answer.rs", "the message is that of mpy-cross"),
];

#[test]
fn no_code_decides_by_the_words_of_an_error() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for file in rust_files(&root.join("src")) {
        let name = file.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
        if name.ends_with("tests.rs") || name.contains("/tests/") || ALLOWED.iter().any(|(allowed, _)| *allowed == name)
        {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        let code = blank(&text);
        let code = code.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        for (number, line) in code.lines().enumerate() {
            if !LOOKS.iter().any(|look| line.contains(look)) {
                continue;
            }
            let looks = |text: &str| {
                // A longer name is another one.
                let is_whole =
                    |at: usize| text.starts_with('.') || !line[..at].chars().next_back().is_some_and(is_word);
                LOOKS.iter().any(|look| line.match_indices(&[text, look].concat()).any(|(at, _)| is_whole(at)))
            };
            if TEXTS.iter().any(|text| looks(text)) {
                found.push(format!("{name}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    assert_eq!(found, [] as [String; 0], "carry what is to be known as data in the error");
}

/// Forms of words that `src/phrase.rs` alone makes: lists of alternatives, plurals, "did you mean".
const PHRASES: &[&str] = &[
    "\"did you mean",
    " did you mean `{",
    "join(\" or \")",
    "join(\" and \")",
    "{ \"\" } else { \"s\" }",
    "{ \"s\" } else { \"\" }",
    "1 => \"1 ",
    "{ \"1 ",
];

#[test]
fn shared_phrases_are_made_in_one_place() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for file in rust_files(&root.join("src")) {
        let name = file.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
        if name.ends_with("tests.rs") || name.contains("/tests/") || name == "src/phrase.rs" {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        for (number, line) in code.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
            if PHRASES.iter().any(|phrase| line.contains(phrase)) {
                found.push(format!("{name}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    assert_eq!(found, [] as [String; 0], "use the functions of `crate::phrase`");
}
