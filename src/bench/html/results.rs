//! The tests of a run: first all of them in a table, then each with what it left behind.

use super::markup::Markup;
use super::overview::{count, duration};
use super::{attachments, failure, measurements, outcome, plot};
use crate::bench::event::{Attachment, Outcome};
use crate::bench::measurement::Measurement;
use crate::bench::report::{Printed, Report, Series, Test};

/// The anchor of a test's details.
fn anchor(run: usize, index: usize) -> String {
    format!("run{run}-test{}", index + 1)
}

/// Whether there is more to say of a test than its row in the table does.
fn has_details(test: &Test) -> bool {
    test.error.is_some()
        || !(test.measurements.is_empty()
            && test.attempts.is_empty()
            && test.series.is_empty()
            && test.attachments.is_empty()
            && test.output.is_empty())
}

/// All tests, by group.
pub fn table(markup: &mut Markup, report: &Report, run: usize) {
    if report.tests.is_empty() {
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
            let mut group: &[String] = &[];
            for (index, test) in report.tests.iter().enumerate() {
                if test.group != group {
                    group = &test.group;
                    let name = if group.is_empty() { "Without a group".to_owned() } else { group.join(" / ") };
                    markup.element("tr", &[("class", &"group")], |markup| {
                        markup.leaf("th", &[("colspan", &4), ("scope", &"colgroup"), ("dir", &"auto")], name);
                    });
                }
                markup.element("tr", &[], |markup| row(markup, test, &anchor(run, index)));
            }
        });
    });
}

fn row(markup: &mut Markup, test: &Test, anchor: &str) {
    markup.element("td", &[], |markup| outcome::badge(markup, test.outcome));
    markup.element("td", &[], |markup| {
        if has_details(test) {
            markup.leaf("a", &[("href", &format_args!("#{anchor}")), ("dir", &"auto")], &test.name);
        } else {
            markup.leaf("bdi", &[], &test.name);
        }
        tags(markup, test);
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

/// How many measurements, and which of them did not pass.
fn measured(markup: &mut Markup, measurements: &[Measurement]) {
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

fn tags(markup: &mut Markup, test: &Test) {
    for tag in &test.tags {
        markup.text(" ");
        markup.leaf("span", &[("class", &"tag")], tag);
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// What each test left behind, then what belongs to none.
pub fn details(markup: &mut Markup, report: &Report, run: usize) {
    let any = report.tests.iter().any(has_details);
    if any {
        markup.leaf("h2", &[], "Details");
    }
    for (index, test) in report.tests.iter().enumerate().filter(|(_, test)| has_details(test)) {
        markup.element("article", &[("id", &anchor(run, index))], |markup| one(markup, test));
    }
    let left = Left {
        measurements: &report.measurements,
        series: &report.series,
        attachments: &report.attachments,
        output: &report.output,
    };
    if !left.is_empty() {
        // What is folded is not printed, and then neither is what is around it.
        let class = if left.is_only_output() { "output-only" } else { "record" };
        markup.element("div", &[("class", &class)], |markup| {
            markup.leaf("h2", &[], if any { "Outside of tests" } else { "Record" });
            markup.element("article", &[], |markup| left.show(markup));
        });
    }
}

fn one(markup: &mut Markup, test: &Test) {
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
            measurements::table(markup, &attempt.measurements);
        });
    }
    Left {
        measurements: &test.measurements,
        series: &test.series,
        attachments: &test.attachments,
        output: &test.output,
    }
    .show(markup);
}

/// What a test, or the rest of a run, left behind.
struct Left<'a> {
    measurements: &'a [Measurement],
    series: &'a [Series],
    attachments: &'a [Attachment],
    output: &'a [Printed],
}

impl Left<'_> {
    fn is_empty(&self) -> bool {
        self.is_only_output() && self.output.is_empty()
    }

    /// Whether there is nothing but output, if that.
    fn is_only_output(&self) -> bool {
        self.measurements.is_empty() && self.series.is_empty() && self.attachments.is_empty()
    }

    fn show(&self, markup: &mut Markup) {
        measurements::table(markup, self.measurements);
        for series in self.series {
            plot::figure(markup, series);
        }
        attachments::list(markup, self.attachments);
        output(markup, self.output);
    }
}

/// What was printed, folded.
fn output(markup: &mut Markup, pieces: &[Printed]) {
    if pieces.is_empty() {
        return;
    }
    let lines = pieces.iter().map(|piece| piece.text.lines().count()).sum();
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
