//! The names that an import statement binds.
//!
//! Uses [`super::lines`] and [`super::token`]. Invariant: anything except a single import statement is ignored.

use super::SourceError;
use super::lines::Code;

/// The names that `code` binds if it is a single import statement; otherwise `None`.
///
/// # Errors
/// `from m import *`, whose names only the board knows; an incomplete import.
pub fn imported(code: &str) -> Option<Result<Vec<String>, SourceError>> {
    let code = Code::new(code);
    let [line] = code.lines.as_slice() else { return None };
    let words: Vec<&str> = code.significant(line).map(|token| token.text(code.source)).collect();
    if words.contains(&";") || code.first_error().is_some() {
        return None;
    }
    let bound = match words.as_slice() {
        ["import", rest @ ..] => names(rest, true),
        ["from", rest @ ..] => {
            let at = rest.iter().position(|word| *word == "import")?;
            match &rest[at + 1..] {
                ["*"] => {
                    let help = "list the names: `from module import a, b`";
                    return Some(Err(SourceError::new(0, "`import *` does not name what it imports", help)));
                }
                ["(", inner @ .., ")"] => names(inner.strip_suffix(&[","]).unwrap_or(inner), false),
                names_only => names(names_only, false),
            }
        }
        _ => return None,
    };
    let help = "write `import a`, `import a as b`, or `from module import a, b`";
    Some(bound.ok_or_else(|| SourceError::new(0, "incomplete import", help)))
}

/// The names that a list of imported names binds; `dotted` names bind their first part, unless they are renamed.
fn names(words: &[&str], dotted: bool) -> Option<Vec<String>> {
    let bound = words.split(|word| *word == ",").map(|part| {
        let (name, renamed) = match part {
            [name @ .., "as", renamed] => (name, Some(*renamed)),
            name => (name, None),
        };
        let (first, rest) = name.split_first()?;
        let pairs = rest.chunks(2).all(|pair| matches!(pair, [".", name] if is_name(name)));
        let fits = is_name(first) && pairs && (dotted || rest.is_empty());
        Some(renamed.unwrap_or(first)).filter(|name| fits && is_name(name)).map(|name| (*name).to_owned())
    });
    bound.collect()
}

fn is_name(word: &str) -> bool {
    word.starts_with(|first: char| first == '_' || first.is_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_names_that_imports_bind() {
        fn case(code: &str, bound: &[&str]) {
            let names: Vec<String> = bound.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(imported(code), Some(Ok(names)), "{code}");
        }
        case("import a", &["a"]);
        case("  import a  # why\n", &["a"]);
        case("import a, b", &["a", "b"]);
        case("import a.b.c", &["a"]);
        case("import a.b as c, d", &["c", "d"]);
        case("from m import a", &["a"]);
        case("from m.n import a as x, b", &["x", "b"]);
        case("from . import a", &["a"]);
        case("from m import (a,\n    b,\n)", &["a", "b"]);
    }

    #[test]
    fn other_code_is_rejected_or_not_an_import() {
        for code in ["", "a", "imported", "import a; b", "import a\nb", "(import)", "from a"] {
            assert_eq!(imported(code), None, "{code}");
        }
        for code in ["import", "import a,", "import a b", "import a as", "from m import", "from m import a.b"] {
            assert_eq!(imported(code).unwrap().unwrap_err().message, "incomplete import", "{code}");
        }
        assert!(imported("from m import *").unwrap().unwrap_err().message.starts_with("`import *`"));
    }
}
