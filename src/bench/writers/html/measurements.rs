//! The table of measurements: value, limits, and a bar that compares them.

use super::join;
use super::markup::Markup;
use super::outcome;
use crate::bench::event::Outcome;
use crate::bench::measurement::Measurement;
use crate::bench::numbers;
use crate::bench::units::{self, Scale, Scales};
use crate::phrase::count;
use serde_json::Value;
use std::io;

/// Longest value that is shown in full, in characters.
const LONGEST_VALUE: usize = 200;

/// A table of `count` measurements, or nothing if there are none.
pub fn table(markup: &mut Markup<'_>, count: usize, measurements: &mut dyn Iterator<Item = io::Result<Measurement>>) {
    if count == 0 {
        return;
    }
    markup.element("table", &[("class", &"measurements")], |markup| {
        markup.element("thead", &[], |markup| {
            markup.element("tr", &[], |markup| {
                markup.leaf("th", &[("scope", &"col")], "Measurement");
                markup.leaf("th", &[("scope", &"col"), ("class", &"number")], "Value");
                markup.leaf("th", &[("scope", &"col")], "Limits");
                markup.leaf("th", &[("scope", &"col"), ("class", &"range")], "");
                markup.leaf("th", &[("scope", &"col")], "Verdict");
            });
        });
        markup.element("tbody", &[], |markup| {
            for item in measurements {
                let Some(item) = markup.read(item) else { return };
                for (depth, part) in item.flat() {
                    let class = if depth == 0 { "" } else { "part" };
                    markup.element("tr", &[("class", &class)], |markup| row(markup, part, depth));
                }
            }
        });
    });
}

/// Most reasons per measurement that are shown.
const MOST_REASONS: usize = 8;

fn row(markup: &mut Markup<'_>, item: &Measurement, depth: usize) {
    let scale = Scales::of(item).limits;
    markup.element("th", &[("scope", &"row"), ("class", &format_args!("depth{}", depth.min(2)))], |markup| {
        if let Some(board) = &item.board {
            markup.leaf("bdi", &[("class", &"remark")], format_args!("{board}: "));
        }
        markup.leaf("bdi", &[], &item.name);
        if !item.doc.is_empty() {
            markup.leaf("p", &[("class", &"doc"), ("dir", &"auto")], &item.doc);
        }
        if let Some(text) = origin(item) {
            markup.leaf("p", &[("class", &"doc"), ("dir", &"auto")], text);
        }
        for reason in item.reasons.iter().filter(|_| !item.is_obvious()).take(MOST_REASONS) {
            markup.leaf("p", &[("class", &"why"), ("dir", &"auto")], reason);
        }
        rows(markup, item);
    });
    let value = value(item);
    let cut: String = value.chars().take(LONGEST_VALUE).collect();
    let shown = if cut.len() < value.len() { format!("{cut}…") } else { value.clone() };
    let exact = match item.number() {
        None if item.value.is_object() || item.value.is_array() => units::format(item).value,
        _ => format!("{} {}", text_of(&item.value), item.unit),
    };
    let is_text = item.number().is_none() && (item.value.is_string() || shown.starts_with('['));
    let class = if is_text { "value text" } else { "value number" };
    markup.leaf("td", &[("class", &class), ("title", &exact.trim_end()), ("dir", &"auto")], shown);
    markup.element("td", &[("class", &"limits")], |markup| {
        for text in conditions(item, &scale) {
            markup.leaf("p", &[("dir", &"auto")], text);
        }
        if let Some(text) = margins(item, &scale) {
            markup.leaf("p", &[("class", &"doc")], text);
        }
        if let Some(limit) = item.limit.as_ref().filter(|limit| !limit.name.is_empty()) {
            markup.leaf("p", &[("class", &"doc"), ("dir", &"auto")], limit.said());
        }
    });
    markup.element("td", &[("class", &"range")], |markup| {
        if let Some(range) = Range::of(item) {
            range.draw(markup, item, &value);
        }
    });
    markup.element("td", &[], |markup| {
        if item.is_judged() || item.outcome != Outcome::Pass {
            outcome::badge(markup, item.outcome);
        } else {
            markup.leaf("span", &[("class", &"remark")], "recorded");
        }
    });
}

/// What the value was before it was transformed, converted and rounded.
fn origin(item: &Measurement) -> Option<String> {
    let raw = item.raw.as_ref().filter(|raw| !raw.is_array())?;
    let unit = item.raw_unit.as_ref().unwrap_or(&item.unit);
    let text: String = join(&text_of(raw), unit).chars().take(LONGEST_VALUE).collect();
    let rounded = item.precision.map(|digits| format!(", rounded to {}", count(digits, "digit")));
    Some(format!("measured as {text}{}", rounded.unwrap_or_default()))
}

/// Most rows of a table that are shown.
const MOST_ROWS: usize = 200;

/// The rows of a table, to unfold.
fn rows(markup: &mut Markup<'_>, item: &Measurement) {
    let (Some(rows), false) = (item.value.as_array(), item.columns.is_empty()) else { return };
    markup.element("details", &[("class", &"rows")], |markup| {
        markup.leaf("summary", &[], count(rows.len(), "row"));
        markup.element("table", &[], |markup| {
            markup.element("tr", &[], |markup| {
                for column in &item.columns {
                    let unit = if column.unit.is_empty() { String::new() } else { format!(" ({})", column.unit) };
                    markup.leaf("th", &[("scope", &"col"), ("dir", &"auto")], format_args!("{}{unit}", column.name));
                }
            });
            for cells in rows.iter().take(MOST_ROWS).filter_map(Value::as_array) {
                markup.element("tr", &[], |markup| {
                    for cell in cells {
                        let text: String = text_of(cell).chars().take(LONGEST_VALUE).collect();
                        markup.leaf("td", &[("class", &"number"), ("dir", &"auto")], text);
                    }
                });
            }
        });
        if rows.len() > MOST_ROWS {
            markup.leaf(
                "p",
                &[("class", &"remark")],
                format_args!("and {}", count(rows.len() - MOST_ROWS, "more row")),
            );
        }
    });
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The value as displayed: on one line, unless it is a text.
fn value(item: &Measurement) -> String {
    match &item.value {
        text if item.number().is_none() && (text.is_string() || text.is_boolean()) => join(&text_of(text), &item.unit),
        _ => units::format(item).value.replace(' ', "\u{a0}"),
    }
}

/// The conditions on the value, one per line.
fn conditions(item: &Measurement, scale: &Scale) -> Vec<String> {
    let shown = |number: f64| join(&scale.limit(number), scale.unit());
    let mut lines = Vec::new();
    match (item.min, item.max) {
        (Some(min), Some(max)) => lines.push(format!("{} … {}", scale.limit(min), shown(max))),
        (Some(min), None) => lines.push(format!("≥ {}", shown(min))),
        (None, Some(max)) => lines.push(format!("≤ {}", shown(max))),
        (None, None) => {}
    }
    if let Some(wanted) = &item.equals {
        let wanted = numbers::from_json(wanted).map_or_else(|| text_of(wanted), shown);
        lines.push(match item.within_percent {
            Some(percent) => format!("{wanted} ± {percent}\u{a0}%"),
            None => format!("= {wanted}"),
        });
    }
    if let Some(pattern) = &item.matches {
        lines.push(format!("matches {pattern}"));
    }
    if let Some(direction) = item.monotonic {
        lines.push(direction.word().to_owned());
    }
    if !item.envelope.is_empty() {
        lines.push(format!("margin ≥ 0, {}", count(item.envelope.len(), "point")));
    }
    if let Some(variant) = &item.variant {
        lines.push(format!("variant {variant}"));
    }
    if let Some(by) = &item.by {
        lines.push(format!("measured by {by}"));
    }
    lines
}

/// The bounds outside of which the value is marginal.
fn margins(item: &Measurement, scale: &Scale) -> Option<String> {
    let shown = |number: f64| join(&scale.limit(number), scale.unit());
    match (item.marginal_min, item.marginal_max) {
        (Some(min), Some(max)) => Some(format!("marginal outside {} … {}", scale.limit(min), shown(max))),
        (Some(min), None) => Some(format!("marginal below {}", shown(min))),
        (None, Some(max)) => Some(format!("marginal above {}", shown(max))),
        (None, None) => None,
    }
}

/// Width and height of a bar.
const SIZE: (f64, f64) = (200.0, 26.0);

/// Space at both ends for markers.
const ENDS: f64 = 8.0;

/// Limits and a value on a line.
struct Range {
    value: f64,
    low: Option<f64>,
    high: Option<f64>,
    marginal_low: Option<f64>,
    marginal_high: Option<f64>,
    /// The numbers at both ends.
    from: f64,
    to: f64,
}

impl Range {
    /// `None` if there is nothing to draw: no limits, no number, or numbers too large to draw.
    fn of(item: &Measurement) -> Option<Range> {
        let value = item.number().filter(|value| !value.is_nan())?;
        let finite = |number: Option<f64>| number.filter(|number| number.is_finite());
        let (low, high) = item.limits();
        let (low, high) = (finite(low), finite(high));
        let (marginal_low, marginal_high) = (finite(item.marginal_min), finite(item.marginal_max));
        let marks: Vec<f64> = [low, high, marginal_low, marginal_high].into_iter().flatten().collect();
        let first = marks.iter().copied().reduce(f64::min)?;
        let last = marks.iter().copied().reduce(f64::max)?;
        let least = if last == first { (first.abs() * 0.1).max(f64::MIN_POSITIVE.sqrt()) } else { last - first };
        let bounded = (low.or(marginal_low).is_some(), high.or(marginal_high).is_some());
        // On a side without a limit, the value is always visible.
        let beyond = match bounded {
            (true, false) if value.is_finite() => value - last,
            (false, true) if value.is_finite() => first - value,
            _ => 0.0,
        };
        let span = least.max(beyond);
        let (before, after) = match bounded {
            (true, false) => (0.3, 1.3),
            (false, true) => (1.3, 0.3),
            _ => (0.3, 0.3),
        };
        let (from, to) = (first - before * span, last + after * span);
        let drawable = (to - from).is_finite() && to > from;
        drawable.then_some(Range { value, low, high, marginal_low, marginal_high, from, to })
    }

    /// The position of a number; clamped to the ends.
    fn x(&self, number: f64) -> f64 {
        let share = ((number - self.from) / (self.to - self.from)).clamp(0.0, 1.0);
        ENDS + share * (SIZE.0 - 2.0 * ENDS)
    }

    fn draw(&self, markup: &mut Markup<'_>, item: &Measurement, shown: &str) {
        let (width, height) = SIZE;
        let view = format!("0 0 {width} {height}");
        let label = format!("{shown}: {}", item.outcome.word());
        let class = format!("limit-bar {}", item.outcome.word());
        markup.element(
            "svg",
            &[("class", &class), ("viewBox", &view), ("role", &"img"), ("aria-label", &label)],
            |markup| {
                zone(markup, "track", ENDS, width - ENDS);
                let (start, end) =
                    (self.low.map_or(ENDS, |low| self.x(low)), self.high.map_or(width - ENDS, |high| self.x(high)));
                zone(markup, "zone", start, end);
                if let Some(marginal) = self.marginal_low {
                    zone(markup, "margin", start, self.x(marginal).min(end));
                }
                if let Some(marginal) = self.marginal_high {
                    zone(markup, "margin", self.x(marginal).max(start), end);
                }
                for limit in [self.low, self.high].into_iter().flatten() {
                    let x = one_decimal(self.x(limit));
                    markup.empty("line", &[("class", &"limit"), ("x1", &x), ("x2", &x), ("y1", &4), ("y2", &22)]);
                }
                self.marker(markup, item.outcome);
            },
        );
    }

    /// The value: a shape by its verdict, or an arrow if it is out of range.
    fn marker(&self, markup: &mut Markup<'_>, outcome: Outcome) {
        let x = one_decimal(self.x(self.value));
        let place = format!("translate({x} 13)");
        let (class, path) = if self.value < self.from {
            ("marker", "M-8 0L1-7V7z")
        } else if self.value > self.to {
            ("marker", "M8 0L-1-7V7z")
        } else {
            match outcome {
                Outcome::Pass | Outcome::Skip => ("marker", "M0-5.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11z"),
                Outcome::Marginal => ("marker", "M0-7L7 5.5H-7z"),
                _ => ("marker cross", "M-5.5-5.5L5.5 5.5M5.5-5.5L-5.5 5.5"),
            }
        };
        markup.element("g", &[("transform", &place)], |markup| {
            if class == "marker cross" {
                markup.empty("path", &[("class", &"halo"), ("d", &path)]);
            }
            markup.empty("path", &[("class", &class), ("d", &path)]);
        });
    }
}

fn zone(markup: &mut Markup<'_>, class: &str, start: f64, end: f64) {
    if end > start {
        let (x, width) = (one_decimal(start), one_decimal(end - start));
        markup.empty("rect", &[("class", &class), ("x", &x), ("width", &width), ("y", &8), ("height", &10)]);
    }
}

/// A coordinate.
fn one_decimal(number: f64) -> String {
    format!("{number:.1}")
}
