//! The tests of a run: a table of all, then the details of each.

use super::markup::Markup;
use super::overview::duration;
use super::{attachments, failure, measurements, outcome, plot, structure};
use crate::bench::archive::{Run, SavedTest};
use crate::bench::event::Outcome;
use crate::bench::measurement::Measurement;
use crate::bench::report::{Notice, Printed, Test};
use crate::phrase::count;

/// The anchor of a test's details.
fn anchor(run: usize, index: usize) -> String {
    format!("run{run}-test{}", index + 1)
}

/// All tests, by group.
pub fn table(markup: &mut Markup<'_>, run: Run<'_>, number: usize) {
    if run.sums().tests.total() == 0 {
        return;
    }
    markup.leaf("h2", &[], "Tests");
    markup.element("table", &[("class", &"tests")], |markup| {
        markup.element("thead", &[], |markup| {
            markup.element("tr", &[], |markup| {
                for label in ["Verdict", "Test", "Measured"] {
                    markup.leaf("th", &[("scope", &"col")], label);
                }
                markup.leaf("th", &[("scope", &"col"), ("class", &"number")], "Time");
            });
        });
        markup.element("tbody", &[], |markup| {
            let mut group: Vec<String> = Vec::new();
            for (index, saved) in run.tests().enumerate() {
                let Some(saved) = markup.read(saved) else { return };
                let test = &saved.test;
                if test.group != group {
                    group.clone_from(&test.group);
                    let name = if group.is_empty() { "Without a group".to_owned() } else { group.join(" / ") };
                    markup.element("tr", &[("class", &"group")], |markup| {
                        markup.leaf("th", &[("colspan", &4), ("scope", &"colgroup"), ("dir", &"auto")], name);
                    });
                }
                markup.element("tr", &[], |markup| row(markup, &saved, &anchor(number, index)));
            }
        });
    });
}

fn row(markup: &mut Markup<'_>, saved: &SavedTest, anchor: &str) {
    let test = &saved.test;
    markup.element("td", &[], |markup| outcome::badge(markup, test.outcome));
    markup.element("td", &[], |markup| {
        if saved.has_details() {
            markup.leaf("a", &[("href", &format_args!("#{anchor}")), ("dir", &"auto")], &test.name);
        } else {
            markup.leaf("bdi", &[], &test.name);
        }
        tags(markup, test);
        if !test.attempts.is_empty() {
            markup.text(" ");
            let attempts = test.attempts.len() + 1;
            markup.leaf("span", &[("class", &"tag some marginal")], count(attempts, "attempt"));
        }
        if let Some(reason) = &test.reason {
            markup.leaf("p", &[("class", &"why"), ("dir", &"auto")], reason);
        }
        if let Some(failure) = &test.error {
            markup.element("p", &[("class", &"why")], |markup| {
                markup.leaf("bdi", &[], first_line(&failure.message));
                if let Some(place) = failure::place(failure) {
                    markup.leaf("span", &[("class", &"place")], format_args!(" at {place}"));
                }
            });
        }
    });
    markup.element("td", &[], |markup| measured(markup, &test.measurements));
    markup.leaf(
        "td",
        &[("class", &"number")],
        if test.outcome == Outcome::Skip { "–".to_owned() } else { duration(test.duration_s) },
    );
}

/// Number of measurements, and those that did not pass.
fn measured(markup: &mut Markup<'_>, measurements: &[Measurement]) {
    if measurements.is_empty() {
        return;
    }
    markup.text(count(measurements.len(), "value"));
    let odd = measurements.iter().filter(|item| item.outcome > Outcome::Pass);
    for outcome in [Outcome::Marginal, Outcome::Fail] {
        let number = odd.clone().filter(|item| item.outcome == outcome).count();
        if number > 0 {
            let word = if outcome == Outcome::Fail { "failed" } else { "marginal" };
            markup.text(", ");
            markup.leaf(
                "span",
                &[("class", &format_args!("some {}", outcome.word()))],
                format_args!("{number} {word}"),
            );
        }
    }
}

fn tags(markup: &mut Markup<'_>, test: &Test) {
    for tag in &test.tags {
        markup.text(" ");
        markup.leaf("span", &[("class", &"tag")], tag);
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// The details of each test, then what belongs to none.
pub fn details(markup: &mut Markup<'_>, run: Run<'_>, number: usize) {
    let any = run.sums().detailed > 0;
    if any {
        markup.leaf("h2", &[], "Details");
    }
    for (index, saved) in run.tests().enumerate() {
        let Some(saved) = markup.read(saved) else { return };
        if saved.has_details() {
            markup.element("article", &[("id", &anchor(number, index))], |markup| one(markup, run, &saved));
        }
    }
    let head = run.head();
    let has_record = run.measurement_count() > 0 || !head.series.is_empty() || run.has_attachments(None);
    if has_record || !head.output.is_empty() || !head.notices.is_empty() {
        // Collapsed content is not printed, and neither is a section with nothing else.
        let class = if has_record { "record" } else { "output-only" };
        markup.element("div", &[("class", &class)], |markup| {
            markup.leaf("h2", &[], if any { "Outside of tests" } else { "Record" });
            markup.element("article", &[], |markup| {
                measurements::table(markup, run.measurement_count(), &mut run.measurements());
                left(markup, run, None);
                output(markup, &head.output);
                notices(markup, &head.notices);
            });
        });
    }
}

fn one(markup: &mut Markup<'_>, run: Run<'_>, saved: &SavedTest) {
    let test = &saved.test;
    markup.element("div", &[("class", &format_args!("bar {}", test.outcome.word()))], |markup| {
        outcome::badge(markup, test.outcome);
        markup.element("h3", &[], |markup| {
            if !test.group.is_empty() {
                markup.leaf(
                    "span",
                    &[("class", &"path"), ("dir", &"auto")],
                    format_args!("{} / ", test.group.join(" / ")),
                );
            }
            markup.leaf("bdi", &[], &test.name);
        });
        tags(markup, test);
        markup.leaf("span", &[("class", &"time")], duration(test.duration_s));
    });
    if !test.file.is_empty() {
        markup.leaf("p", &[("class", &"origin")], format_args!("{}:{}", test.file, test.line));
    }
    structure::parameters(markup, test);
    if let Some(failure) = &test.error {
        failure::show(markup, failure);
    }
    for (number, attempt) in (1..).zip(&test.attempts) {
        markup.element("details", &[("class", &"attempt")], |markup| {
            markup.element("summary", &[], |markup| {
                markup.text(format_args!("attempt {number}: "));
                outcome::badge(markup, attempt.outcome);
                if let Some(failure) = &attempt.error {
                    markup.text(" ");
                    markup.leaf("bdi", &[], first_line(&failure.message));
                }
            });
            attempt.error.iter().for_each(|failure| failure::show(markup, failure));
            of_test(markup, &attempt.measurements);
        });
    }
    of_test(markup, &test.measurements);
    left(markup, run, Some(saved));
    output(markup, &test.output);
}

fn of_test(markup: &mut Markup<'_>, measurements: &[Measurement]) {
    measurements::table(markup, measurements.len(), &mut measurements.iter().cloned().map(Ok));
}

/// The series and attachments of a test, or those outside of tests.
fn left(markup: &mut Markup<'_>, run: Run<'_>, of: Option<&SavedTest>) {
    for rows in run.series(of) {
        plot::figure(markup, rows);
    }
    for attachment in run.attachments(of) {
        let Some(attachment) = markup.read(attachment) else { return };
        attachments::show(markup, &attachment);
    }
}

/// The output, collapsed.
fn output(markup: &mut Markup<'_>, pieces: &[Printed]) {
    if pieces.is_empty() {
        return;
    }
    let lines: usize = pieces.iter().map(|piece| piece.text.lines().count()).sum();
    markup.element("details", &[("class", &"output")], |markup| {
        markup.leaf("summary", &[], format_args!("output, {}", count(lines, "line")));
        for piece in pieces {
            if let Some(board) = &piece.board {
                markup.leaf("p", &[("class", &"speaker")], format_args!("[{board}]"));
            }
            markup.leaf("pre", &[("class", &"printed"), ("dir", &"auto")], attachments::plain(&piece.text));
        }
    });
}

/// The notices, collapsed.
fn notices(markup: &mut Markup<'_>, notices: &[Notice]) {
    if notices.is_empty() {
        return;
    }
    markup.element("details", &[("class", &"output")], |markup| {
        markup.leaf("summary", &[], count(notices.len(), "notice"));
        for notice in notices {
            markup.leaf("pre", &[("class", &"printed"), ("dir", &"auto")], attachments::plain(&notice.text));
        }
    });
}
