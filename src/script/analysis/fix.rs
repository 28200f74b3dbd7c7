//! The changes that remove findings, made to a text.
//!
//! Pure. Invariant: a change that does not fit the text is left out.

use crate::script::analysis::finding::Fix;

/// The text with these changes, which are of one file.
pub fn fixed(text: &str, fixes: &[Fix]) -> String {
    let mut fixes: Vec<&Fix> = fixes.iter().collect();
    // From the end, so that no change moves another one.
    fixes.sort_by_key(|fix| std::cmp::Reverse((fix.at.line, fix.at.column)));
    fixes.dedup_by(|one, two| one.at == two.at);
    let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
    for fix in fixes {
        let index = |number: u32| usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
        let (Some(line), Some(column)) = (index(fix.at.line), index(fix.at.column)) else { continue };
        let Some(line) = lines.get_mut(line) else { continue };
        let letters: Vec<char> = line.chars().collect();
        let end = column + usize::try_from(fix.length).unwrap_or(0);
        if end <= letters.len() {
            let (before, after) = (letters[..column].iter(), letters[end..].iter());
            *line = before.copied().chain(fix.text.chars()).chain(after.copied()).collect();
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::Origin;

    fn fix(line: u32, column: u32, length: u32, text: &str) -> Fix {
        Fix { at: Origin::new("a.rhai", line, column), length, text: text.to_owned() }
    }

    #[test]
    fn changes_do_not_move_each_other() {
        let fixes = [
            fix(1, 1, 3, "long"),
            fix(1, 9, 1, "β"),
            fix(2, 1, 0, "import \"a\" as a;\n"),
            fix(2, 1, 0, "import \"a\" as a;\n"),
        ];
        assert_eq!(fixed("abc(äö, x)\r\ny", &fixes), "long(äö, β)\r\nimport \"a\" as a;\ny");
        assert_eq!(fixed("a", &[fix(1, 5, 1, "b"), fix(9, 1, 0, "c"), fix(0, 0, 0, "d")]), "a");
    }
}
