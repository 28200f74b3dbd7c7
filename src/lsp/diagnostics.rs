//! What is wrong with an open document: the analysis, failures of reading it, mistakes in its bodies.
//!
//! Invariant: a problem has bytes of the text that was checked.

use super::bodies;
use super::documents::Document;
use super::lines::byte_of_origin;
use super::{Settle, uri};
use crate::diagnostic::Diagnostic as Failure;
use crate::origin::Origin;
use crate::script::{Finding, Fix, OpenTexts, Severity};
use lsp_types::{Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, Location, Position, Range, TextEdit};
use std::path::Path;

/// The name of the source of diagnostics.
pub const SOURCE: &str = "belay-script";

/// A mistake in a document.
#[derive(Clone, Debug)]
pub struct Problem {
    /// As the editor shows it.
    pub shown: Diagnostic,
    /// The change that removes it, and what it does.
    pub fix: Option<(String, TextEdit)>,
}

/// Everything that is found in a document, in the order of the text.
pub fn problems(document: &Document, open: OpenTexts, settle: &Settle) -> Vec<Problem> {
    let text = document.file.text.trim_start_matches('\u{feff}');
    let path = Path::new(&document.file.name);
    let mut problems = Vec::new();
    match settle(path, open) {
        Ok(mut settled) => {
            let failures = settled.runner.check_open(path, text).err().unwrap_or_default();
            let findings = settled.runner.findings();
            let own = findings.iter().filter(|finding| *finding.origin.file == *document.file.name);
            problems.extend(own.map(|finding| of_finding(document, finding)));
            for failure in &failures {
                let problem = of_failure(document, failure);
                // A finding on the line of a failure says the same in other words.
                let line = problem.shown.range.start.line;
                let is_known = |known: &Problem| {
                    known.shown.severity == Some(DiagnosticSeverity::ERROR) && known.shown.range.start.line == line
                };
                if !problems.iter().any(is_known) {
                    problems.push(problem);
                }
            }
        }
        Err(failure) => problems.push(of_failure(document, &failure)),
    }
    for body in &document.file.syntax.bodies {
        if let Some(found) = bodies::mistake(&document.file.text, body) {
            let range = document.file.range(&found.at);
            let is_known = |known: &Problem| known.shown.range.start.line == range.start.line;
            if !problems.iter().any(is_known) {
                let help = Some(found.help.as_str()).filter(|help| !help.is_empty());
                let shown = Diagnostic {
                    range,
                    severity: Some(DiagnosticSeverity::ERROR),
                    source: Some(SOURCE.to_owned()),
                    message: message(&found.message, help),
                    ..Diagnostic::default()
                };
                problems.push(Problem { shown, fix: None });
            }
        }
    }
    problems.sort_by_key(|problem| (problem.shown.range.start.line, problem.shown.range.start.character));
    problems
}

fn of_finding(document: &Document, finding: &Finding) -> Problem {
    let severity = match finding.severity {
        Severity::Error => DiagnosticSeverity::ERROR,
        Severity::Warning => DiagnosticSeverity::WARNING,
    };
    let shown = Diagnostic {
        range: range(document, &finding.origin),
        severity: Some(severity),
        source: Some(SOURCE.to_owned()),
        message: message(&finding.message, finding.help.as_deref()),
        ..Diagnostic::default()
    };
    let fix = finding.fix.as_ref().map(|fix| (remedy(document, fix), edit(document, fix)));
    Problem { shown, fix }
}

fn of_failure(document: &Document, failure: &Failure) -> Problem {
    let place = failure.places.iter().find(|place| *place.origin.file == *document.file.name);
    let elsewhere = failure.places.first().filter(|first| *first.origin.file != *document.file.name);
    let range = match place {
        Some(place) => range(document, &place.origin),
        None => Range::new(Position::new(0, 0), Position::new(0, 0)),
    };
    let title = match elsewhere {
        Some(first) => format!("{}: {}", first.origin, failure.title),
        None => failure.title.clone(),
    };
    let notes: String = failure.notes.iter().map(|note| format!("\n{note}")).collect();
    let related = failure.places.iter().filter(|other| Some(*other) != place).filter_map(|other| {
        let line = other.origin.line.saturating_sub(1);
        let location = Location {
            uri: uri::of_path(Path::new(&*other.origin.file))?,
            range: Range::new(Position::new(line, 0), Position::new(line, 0)),
        };
        let message = if other.label.is_empty() { failure.title.clone() } else { other.label.clone() };
        Some(DiagnosticRelatedInformation { location, message })
    });
    let related: Vec<_> = related.collect();
    let severity = if failure.is_warning { DiagnosticSeverity::WARNING } else { DiagnosticSeverity::ERROR };
    let shown = Diagnostic {
        range,
        severity: Some(severity),
        source: Some(SOURCE.to_owned()),
        message: message(&title, failure.help.as_deref()) + notes.as_str(),
        related_information: (!related.is_empty()).then_some(related),
        ..Diagnostic::default()
    };
    Problem { shown, fix: None }
}

fn message(message: &str, help: Option<&str>) -> String {
    help.map_or_else(|| message.to_owned(), |help| format!("{message}\nhelp: {help}"))
}

/// The word, the string or the sign at a place; the line, if only that is known.
fn range(document: &Document, origin: &Origin) -> Range {
    let text = &document.file.text;
    let start = byte_of_origin(text, origin.line, origin.column);
    let line = text[start..].split(['\n', '\r']).next().unwrap_or_default();
    let end = if origin.column == 0 { line.trim_end().len() } else { token(line) };
    document.file.lines.range(text, &(start..start + end))
}

/// The length of the token that a line begins with.
fn token(line: &str) -> usize {
    let is_other = |c: char| !(c.is_alphanumeric() || c == '_');
    let word = line.find(is_other).unwrap_or(line.len());
    match line.chars().next() {
        None => 0,
        Some(quote @ ('"' | '`' | '\'')) => line[1..].find(quote).map_or(line.trim_end().len(), |end| end + 2),
        Some(_) if word > 0 => word,
        Some(first) => first.len_utf8(),
    }
}

/// What a change does, in words.
fn remedy(document: &Document, fix: &Fix) -> String {
    let start = byte_of_origin(&document.file.text, fix.at.line, fix.at.column);
    let length = usize::try_from(fix.length).unwrap_or(0);
    let old: String = document.file.text[start..].chars().take(length).collect();
    let new = fix.text.trim();
    match (old.as_str(), new) {
        ("", new) => format!("Insert `{new}`"),
        (old, "") => format!("Remove `{old}`"),
        (old, new) => format!("Replace `{old}` by `{new}`"),
    }
}

fn edit(document: &Document, fix: &Fix) -> TextEdit {
    let start = byte_of_origin(&document.file.text, fix.at.line, fix.at.column);
    let line = document.file.text[start..].split('\n').next().unwrap_or_default();
    let length = usize::try_from(fix.length).unwrap_or(0);
    let end = line.char_indices().nth(length).map_or(line.len(), |(index, _)| index);
    TextEdit {
        range: document.file.lines.range(&document.file.text, &(start..start + end)),
        new_text: fix.text.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diagnostic_spans_the_token_at_its_place() {
        for (line, wanted) in [("foo.bar", 3), ("\"a b\" + 1", 5), ("`open", 5), ("+ 1", 1), ("é🐍", 2), ("", 0)] {
            assert_eq!(token(line), wanted, "{line}");
        }
    }
}
