//! Runs as one page of HTML that stands alone: no network, no script, for a screen, in light and dark, and for paper.
//!
//! Uses [`super::report`]. Invariant: a page is made of its reports alone, the same for the same reports, and whatever a
//! script or a board said is text in it.

mod attachments;
mod failure;
mod markup;
mod measurements;
mod outcome;
mod overview;
mod plot;
mod quantity;
mod results;

use super::event::Outcome;
use super::report::Report;
use markup::Markup;

/// The looks of the page.
const STYLE: &str = include_str!("style.css");

/// What the page may load, told to the browser: nothing.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/// The page of one run; of several, what they came to, then each of them.
pub fn page(runs: &[Report]) -> String {
    if let [report] = runs {
        return whole(&title(report.outcome, report), |markup| run(markup, report, 1));
    }
    let worst = runs.iter().map(|run| run.outcome).max().unwrap_or(Outcome::Pass);
    let title = format!("{} · {}", outcome::headline(worst), overview::count(runs.len(), "run"));
    whole(&title, |markup| {
        overview::of_runs(markup, runs, worst);
        for (number, report) in (1..).zip(runs) {
            run(markup, report, number);
        }
    })
}

fn title(outcome: Outcome, report: &Report) -> String {
    let mut title = outcome::headline(outcome).to_owned();
    for part in [report.unit.as_deref().unwrap_or_default(), file_name(&report.script)] {
        if !part.is_empty() {
            title.push_str(" · ");
            title.push_str(part);
        }
    }
    title
}

/// The last part of a path.
fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

fn whole(title: &str, content: impl FnOnce(&mut Markup)) -> String {
    let mut markup = Markup::document();
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
    let mut page = markup.finish();
    page.push('\n');
    page
}

/// One run; `number` makes its anchors unique in the page.
fn run(markup: &mut Markup, report: &Report, number: usize) {
    markup.element("section", &[("class", &"run"), ("id", &format_args!("run{number}"))], |markup| {
        overview::verdict(markup, report);
        overview::facts(markup, report);
        overview::boards(markup, &report.boards);
        results::table(markup, report, number);
        results::details(markup, report, number);
        overview::signatures(markup, report);
        overview::foot(markup, report);
    });
}
