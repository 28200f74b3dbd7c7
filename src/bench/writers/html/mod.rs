//! Runs as one self-contained HTML page: no network, no script; for screens (light and dark) and for paper.
//!
//! Uses [`crate::bench::archive`]. Invariant: a page depends on its reports alone; script and board output is always escaped.

mod attachments;
mod decided;
mod failure;
mod markup;
mod measurements;
mod outcome;
mod overview;
mod plot;
mod results;
mod structure;

use crate::bench::archive::{Archive, Run};
use crate::bench::event::Outcome;
use crate::bench::report::Report;
use markup::Markup;
use std::io;

/// The style sheet of the page.
const STYLE: &str = include_str!("style.css");

/// The content security policy: the page may load nothing.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/// The page of these reports, as written by [`write()`].
pub fn page(reports: &[Report]) -> String {
    let mut page = Vec::new();
    // Writing to a vector cannot fail.
    let written = write(&Archive::of(reports), &mut page);
    debug_assert!(written.is_ok(), "{written:?}");
    String::from_utf8_lossy(&page).into_owned()
}

/// Writes the page of one run; for several, a summary, then each run.
///
/// # Errors
/// If writing fails, or the archive cannot be read.
pub fn write(archive: &Archive, to: &mut dyn io::Write) -> io::Result<()> {
    let runs: Vec<Run<'_>> = archive.runs().collect();
    if let [only] = runs.as_slice() {
        let head = only.head();
        return whole(to, &title(head), |markup| {
            overview::watermark(markup, &runs);
            run(markup, *only, 1);
        });
    }
    let worst = runs.iter().map(|run| run.head().outcome).max().unwrap_or(Outcome::Pass);
    let simulated = runs.iter().any(|run| run.head().simulated);
    let title = format!("{} · {}", outcome::headline(worst, simulated), crate::phrase::count(runs.len(), "run"));
    whole(to, &title, |markup| {
        overview::watermark(markup, &runs);
        overview::of_runs(markup, &runs, worst);
        for (number, report) in (1..).zip(&runs) {
            run(markup, *report, number);
        }
    })
}

fn title(report: &Report) -> String {
    let mut title = outcome::headline(report.outcome, report.simulated);
    for part in [report.serial.as_deref().unwrap_or_default(), file_name(&report.script)] {
        if !part.is_empty() {
            title.push_str(" · ");
            title.push_str(part);
        }
    }
    title
}

/// A number, a space at which no line ends, a unit.
fn join(number: &str, unit: &str) -> String {
    if unit.is_empty() { number.to_owned() } else { format!("{number}\u{a0}{unit}") }
}

/// The last part of a path.
fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

fn whole(to: &mut dyn io::Write, title: &str, content: impl FnOnce(&mut Markup<'_>)) -> io::Result<()> {
    let mut markup = Markup::document(to);
    markup.element("html", &[("lang", &"en")], |markup| {
        markup.element("head", &[], |markup| {
            markup.empty("meta", &[("charset", &"utf-8")]);
            markup.empty("meta", &[("http-equiv", &"Content-Security-Policy"), ("content", &POLICY)]);
            markup.empty("meta", &[("name", &"viewport"), ("content", &"width=device-width, initial-scale=1")]);
            markup.empty("meta", &[("name", &"color-scheme"), ("content", &"light dark")]);
            markup.empty("meta", &[("name", &"generator"), ("content", &"belay-script")]);
            markup.empty("link", &[("rel", &"icon"), ("href", &"data:,")]);
            markup.leaf("title", &[], title);
            markup.style(STYLE);
        });
        markup.element("body", &[], |markup| {
            outcome::symbols(markup);
            markup.element("main", &[], content);
        });
    });
    markup.finish()
}

/// One run; `number` makes its anchors unique in the page.
fn run(markup: &mut Markup<'_>, report: Run<'_>, number: usize) {
    markup.element("section", &[("class", &"run"), ("id", &format_args!("run{number}"))], |markup| {
        overview::verdict(markup, report);
        overview::facts(markup, report.head());
        overview::boards(markup, &report.head().boards);
        overview::instruments(markup, &report.head().instruments);
        results::table(markup, report, number);
        structure::subtests(markup, report.head());
        structure::diagnoses(markup, report);
        structure::checkpoints(markup, report.head());
        decided::not_reached(markup, &report.head().not_reached);
        results::details(markup, report, number);
        decided::questions(markup, &report.head().questions);
        decided::inputs(markup, report.head());
        overview::signatures(markup, report.head());
        overview::foot(markup, report.head());
    });
}
