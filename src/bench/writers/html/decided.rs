//! What decided the result besides the script and the boards: tests that were not reached, questions, and files with their digests.

use super::markup::Markup;
use super::overview::duration;
use crate::bench::date;
use crate::bench::event::{Manifest, Unreached};
use crate::bench::report::{Question, Report};
use crate::phrase::count;

/// A table with a head; `rows` writes its rows.
pub fn table(markup: &mut Markup<'_>, title: &str, labels: &[&str], rows: impl FnOnce(&mut Markup<'_>)) {
    markup.leaf("h2", &[], title);
    markup.element("table", &[("class", &"decided")], |markup| {
        markup.element("thead", &[], |markup| {
            markup.element("tr", &[], |markup| {
                for label in labels {
                    markup.leaf("th", &[("scope", &"col")], label);
                }
            });
        });
        markup.element("tbody", &[], rows);
    });
}

/// The tests that were not reached.
pub fn not_reached(markup: &mut Markup<'_>, tests: &[Unreached]) {
    if tests.is_empty() {
        return;
    }
    table(markup, "Not reached", &["Test", "Place", "Reason"], |markup| {
        for test in tests {
            markup.element("tr", &[], |markup| {
                markup.leaf("th", &[("scope", &"row"), ("dir", &"auto")], test.path());
                markup.leaf("td", &[], format_args!("{}:{}", test.file, test.line));
                let may = if test.conditional { "may not have to run; " } else { "" };
                markup.leaf("td", &[("dir", &"auto")], format_args!("{may}{}", test.reason));
            });
        }
    });
}

/// The questions to the operator.
pub fn questions(markup: &mut Markup<'_>, questions: &[Question]) {
    if questions.is_empty() {
        return;
    }
    table(markup, "Questions", &["Question", "Answer", "Answered by", "Test", "Answered", "After"], |markup| {
        for Question { time, test, asked } in questions {
            markup.element("tr", &[], |markup| {
                markup.element("th", &[("scope", &"row")], |markup| {
                    if let Some(board) = &asked.board {
                        markup.leaf("span", &[("class", &"remark")], format_args!("[{board}] "));
                    }
                    markup.leaf("bdi", &[], &asked.text);
                });
                markup.leaf("td", &[("dir", &"auto")], asked.answer.as_deref().unwrap_or("–"));
                markup.leaf("td", &[], asked.by.map_or("nobody", |by| by.words()));
                markup.leaf("td", &[("dir", &"auto")], test.as_deref().unwrap_or("–"));
                markup.leaf("td", &[], date::shown(time, None));
                markup.leaf("td", &[], duration(asked.duration_s));
            });
        }
    });
}

/// The files that decided, with their digests.
pub fn inputs(markup: &mut Markup<'_>, report: &Report) {
    let mut rows: Vec<(&str, String, Option<&str>)> = Vec::new();
    rows.extend(report.program.iter().map(|file| ("program", file.path.clone(), Some(file.sha256.as_str()))));
    rows.extend(report.station.iter().map(|file| {
        let name = file.name.as_ref().map(|name| format!(", {name}")).unwrap_or_default();
        ("station", format!("{}{name}", file.path), Some(file.sha256.as_str()))
    }));
    rows.extend(report.inputs.iter().map(|file| (file.kind.word(), file.path.clone(), Some(file.sha256.as_str()))));
    rows.extend(report.folders.iter().map(|folder| (folder.by.word(), described(folder), folder.sha256.as_deref())));
    if rows.is_empty() {
        return;
    }
    table(markup, "Files that decided", &["Kind", "File or folder", "SHA-256"], |markup| {
        for (kind, path, sha256) in rows {
            markup.element("tr", &[], |markup| {
                markup.leaf("td", &[], kind);
                markup.leaf("th", &[("scope", &"row"), ("dir", &"auto")], path);
                markup.leaf("td", &[("class", &"code")], sha256.unwrap_or("too large"));
            });
        }
    });
}

/// `firmware → / of Bench, 3 files`.
fn described(folder: &Manifest) -> String {
    format!("{} → {} of {}, {}", folder.folder, folder.target, folder.board, count(folder.count, "file"))
}
