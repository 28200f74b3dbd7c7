//! Phrases that messages share: suggestions, lists of alternatives, counts.
//!
//! Pure. Invariant: each form of words is made here alone (`tests/library/errors.rs`).

use std::fmt::Display;

/// The help for a word that is almost another one: `` did you mean `near`? ``
pub fn did_you_mean(near: &str) -> String {
    suggestion(format_args!("`{near}`"))
}

/// Like [`did_you_mean`], for what needs more than back-ticks.
pub fn suggestion(shown: impl Display) -> String {
    format!("did you mean {shown}?")
}

/// `a`, `a or b`, `a, b or c`.
pub fn any_of(words: &[impl AsRef<str>]) -> String {
    joined(words, "or")
}

/// `a`, `a and b`, `a, b and c`.
pub fn all_of(words: &[impl AsRef<str>]) -> String {
    joined(words, "and")
}

fn joined(words: &[impl AsRef<str>], last_word: &str) -> String {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    match words.split_last() {
        None => String::new(),
        Some((last, [])) => (*last).to_owned(),
        Some((last, before)) => format!("{} {last_word} {last}", before.join(", ")),
    }
}

/// A number with its noun: `1 file`, `2 files`.
pub fn count<N: Display + PartialEq + From<u8>>(number: N, noun: &str) -> String {
    let noun = plural_unless(number == N::from(1), noun);
    format!("{number} {noun}")
}

/// A number with its verb: `1 was`, `2 were`.
pub fn count_with<N: Display + PartialEq + From<u8>>(number: N, one: &str, many: &str) -> String {
    let verb = if number == N::from(1) { one } else { many };
    format!("{number} {verb}")
}

/// The noun for this number: `file`, `files`.
pub fn plural<N: PartialEq + From<u8>>(number: N, noun: &str) -> String {
    plural_unless(number == N::from(1), noun)
}

fn plural_unless(is_one: bool, noun: &str) -> String {
    match noun.strip_suffix('y') {
        _ if is_one => noun.to_owned(),
        Some(stem) if !stem.ends_with(['a', 'e', 'o']) => format!("{stem}ies"),
        _ if noun.ends_with('s') => format!("{noun}es"),
        _ => format!("{noun}s"),
    }
}

/// `no arguments`, `1 argument`, `2 arguments`.
pub fn arguments(number: usize) -> String {
    if number == 0 { "no arguments".to_owned() } else { count(number, "argument") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_end_with_their_word() {
        assert_eq!(any_of(&[] as &[&str]), "");
        assert_eq!(any_of(&["a"]), "a");
        assert_eq!(any_of(&["a", "b"]), "a or b");
        assert_eq!(any_of(&["a", "b", "c"]), "a, b or c");
        assert_eq!(all_of(&["a".to_owned(), "b".to_owned(), "c".to_owned()]), "a, b and c");
    }

    #[test]
    fn numbers_have_their_nouns() {
        assert_eq!(
            [count(0_usize, "file"), count(1_u64, "file"), count(2_i64, "file")],
            ["0 files", "1 file", "2 files"]
        );
        assert_eq!([count(2_u32, "directory"), count(1_u32, "directory")], ["2 directories", "1 directory"]);
        assert_eq!([count(2_u32, "class"), count(2_u32, "key")], ["2 classes", "2 keys"]);
        assert_eq!([plural(1_u32, "error"), plural(3_u32, "error")], ["error", "errors"]);
        assert_eq!([count_with(1_u32, "was", "were"), count_with(2_u32, "was", "were")], ["1 was", "2 were"]);
        assert_eq!([arguments(0), arguments(1), arguments(2)], ["no arguments", "1 argument", "2 arguments"]);
    }

    #[test]
    fn suggestions_are_questions() {
        assert_eq!(did_you_mean("sim"), "did you mean `sim`?");
        assert_eq!(suggestion("\"power\""), "did you mean \"power\"?");
    }
}
