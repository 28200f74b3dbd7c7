//! Bodies between quotes of the script language.
//!
//! Uses [`crate::python`]. Invariant: only the indentation of the whole body changes, never a line that begins within a
//! string literal, and never anything else.

use crate::python::lines::Code;

/// For each physical line, whether it begins within a string literal.
fn within_strings(text: &str) -> Vec<bool> {
    let code = Code::new(text);
    let mut within = vec![false; text.split('\n').count()];
    for token in code.tokens.iter().filter(|token| token.is_string()) {
        let first = token.line as usize + 1;
        for line in first..first + token.line_ends(text) as usize {
            if let Some(flag) = within.get_mut(line) {
                *flag = true;
            }
        }
    }
    within
}

/// The white space at the beginning of a line.
fn margin(line: &str) -> &str {
    &line[..line.len() - line.trim_start_matches([' ', '\t', '\x0c']).len()]
}

/// The text without the indentation of its first statement. `None` if tabs indent it, whose width would change.
pub(super) fn dedent(text: &str) -> Option<String> {
    let code = Code::new(text);
    let first = code.lines.first().map_or(0, |line| line.first_line as usize);
    let within = within_strings(text);
    let lines: Vec<&str> = text.split('\n').collect();
    let base = lines.get(first).map_or("", |line| margin(line));
    let mut out = Vec::new();
    for (line, within) in lines.iter().zip(within) {
        let margin = margin(line);
        if within {
            out.push(*line);
        } else if line.trim().is_empty() {
            out.push("");
        } else if margin.contains(['\t', '\x0c']) {
            return None;
        } else {
            out.push(&line[margin.len().min(base.len())..]);
        }
    }
    Some(out.join("\n"))
}

/// The text with every line that is not blank, and does not begin within a string, indented by `columns` more.
pub(super) fn indent(text: &str, columns: usize) -> String {
    let margin = " ".repeat(columns);
    let lines = text.split('\n').zip(within_strings(text));
    let shifted = lines.map(|(line, within)| match within || line.is_empty() {
        true => line.to_owned(),
        false => format!("{margin}{line}"),
    });
    shifted.collect::<Vec<_>>().join("\n")
}

/// `text` between quotes that change nothing in it.
pub(super) fn quote(text: &str) -> String {
    if !text.contains('`') && !text.contains("${") {
        return format!("`{text}`");
    }
    // As many marks as no `"` of the text is followed by.
    let after_quotes = text.split('"').skip(1);
    let longest = after_quotes.map(|rest| rest.bytes().take_while(|byte| *byte == b'#').count()).max().unwrap_or(0);
    let marks = "#".repeat(longest + 1);
    format!("{marks}\"{text}\"{marks}")
}
