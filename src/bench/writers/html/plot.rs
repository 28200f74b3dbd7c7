//! Series over time.
//!
//! Invariant: a page stays small and readable whatever the samples are: extremes are kept when points are thinned.

use super::join;
use super::markup::Markup;
use crate::bench::archive::Rows;
use crate::bench::report::Series;
use crate::bench::units::Scale;
use crate::phrase::{count, count_with};
use std::fmt::Write as _;
use std::io;
use std::ops::RangeInclusive;

/// The drawing, and the area of the curves within it.
const SIZE: (f64, f64) = (760.0, 250.0);
const FIELD: (RangeInclusive<f64>, RangeInclusive<f64>) = (66.0..=744.0, 26.0..=208.0);

/// A column with more samples is thinned: split into half as many pieces, of which the minimum and maximum are drawn.
const MOST_POINTS: usize = 2000;

/// Up to this number of samples, each has a marker.
const MOST_MARKS: usize = 60;

/// Longest unit that fits above the axis, in characters.
const LONGEST_UNIT: usize = 60;

/// Number of distinct styles (colours and dashes); then they repeat.
const LOOKS: usize = 6;

/// A column: the points to draw as time and value, without non-numbers, and its statistics.
#[derive(Default)]
struct Column {
    /// In order; `None` where the curve breaks.
    points: Vec<Option<(f64, f64)>>,
    /// The piece being thinned: its number of points, and its minimum and maximum with their positions.
    piece: Piece,
    /// Minimum and maximum of time and value.
    time: Option<(f64, f64)>,
    value: Option<(f64, f64)>,
    mean: f64,
    number: f64,
}

/// Consecutive points: how many, and their minimum and maximum with their positions.
#[derive(Default)]
struct Piece {
    length: usize,
    least: Option<(usize, (f64, f64))>,
    greatest: Option<(usize, (f64, f64))>,
}

fn wider(edges: Option<(f64, f64)>, number: f64) -> Option<(f64, f64)> {
    Some(edges.map_or((number, number), |(least, greatest)| (least.min(number), greatest.max(number))))
}

impl Column {
    /// Adds the next point. Of each `thin` points the extremes are drawn; 1 draws all.
    fn add(&mut self, point: Option<(f64, f64)>, thin: usize) {
        if let Some((time, value)) = point {
            (self.time, self.value) = (wider(self.time, time), wider(self.value, value));
            self.number += 1.0;
            self.mean += (value - self.mean) / self.number;
        }
        if thin <= 1 {
            self.points.push(point);
            return;
        }
        if let Some(point) = point {
            let (here, piece) = ((self.piece.length, point), &mut self.piece);
            // Among equal points, the first is the minimum and the last the maximum.
            if piece.least.is_none_or(|least| point.1.total_cmp(&least.1.1).is_lt()) {
                piece.least = Some(here);
            }
            if piece.greatest.is_none_or(|greatest| point.1.total_cmp(&greatest.1.1).is_ge()) {
                piece.greatest = Some(here);
            }
        }
        self.piece.length += 1;
        if self.piece.length == thin {
            self.end_piece();
        }
    }

    /// Draws the rest.
    fn end_piece(&mut self) {
        let Piece { length, least, greatest } = std::mem::take(&mut self.piece);
        match least.zip(greatest) {
            None if length == 0 => {}
            None => self.points.push(None),
            Some((least, greatest)) => {
                let (first, second) = if least.0 <= greatest.0 { (least, greatest) } else { (greatest, least) };
                self.points.push(Some(first.1));
                if second.0 != first.0 {
                    self.points.push(Some(second.1));
                }
            }
        }
    }

    /// Minimum, mean, maximum.
    fn statistics(&self) -> Option<(f64, f64, f64)> {
        self.value.map(|(least, greatest)| (least, self.mean, greatest))
    }
}

/// What must be known of a series before it is drawn.
#[derive(Default)]
struct Overview {
    /// By this computer's clock, because some sample has no other.
    by_host: bool,
    /// Time of the first sample by either clock.
    begun: Option<(f64, Option<f64>)>,
    /// Number of values that are not numbers.
    odd: usize,
}

impl Overview {
    fn of(rows: Rows<'_>) -> io::Result<Overview> {
        let mut overview = Overview::default();
        for sample in rows.samples() {
            let sample = sample?;
            overview.by_host |= sample.board.is_none();
            overview.begun.get_or_insert((sample.host, sample.board));
            overview.odd += sample.values.iter().filter(|value| !value.is_finite()).count();
        }
        Ok(overview)
    }
}

/// Reads the columns of a series.
fn columns(rows: Rows<'_>, overview: &Overview) -> io::Result<Vec<Column>> {
    let time = |host: f64, board: Option<f64>| if overview.by_host { host } else { board.unwrap_or(f64::NAN) };
    let begun = overview.begun.map_or(0.0, |(host, board)| time(host, board));
    let thin = if rows.count() <= MOST_POINTS { 1 } else { rows.count().div_ceil(MOST_POINTS / 2) };
    let mut columns: Vec<Column> = rows.series.columns.iter().map(|_| Column::default()).collect();
    for sample in rows.samples() {
        let sample = sample?;
        let time = time(sample.host, sample.board) - begun;
        for (index, column) in columns.iter_mut().enumerate() {
            let value = sample.values.get(index).copied().filter(|value| value.is_finite());
            column.add(value.map(|value| (time, value)).filter(|(time, _)| time.is_finite()), thin);
        }
    }
    columns.iter_mut().for_each(Column::end_piece);
    Ok(columns)
}

/// A series with its legend.
pub fn figure(markup: &mut Markup<'_>, rows: Rows<'_>) {
    let Some(overview) = markup.read(Overview::of(rows)) else { return };
    let Some(columns) = markup.read(columns(rows, &overview)) else { return };
    let series = rows.series;
    markup.element("figure", &[("class", &"series")], |markup| {
        markup.element("figcaption", &[], |markup| {
            markup.leaf("bdi", &[("class", &"name")], &series.name);
            let samples = count(rows.count(), "sample");
            let clock = if overview.by_host { "this computer" } else { "the board" };
            let mut text = format!(" {samples}, time by the clock of {clock}");
            if rows.count() > MOST_POINTS {
                text.push_str("; the extremes are drawn");
            }
            let odd = overview.odd;
            if odd > 0 {
                let _ = write!(text, "; {} not a number", count_with(odd, "is", "are"));
            }
            markup.leaf("span", &[("class", &"remark")], text);
        });
        legend(markup, &columns, series);
        match Axes::of(&columns, &series.unit) {
            Some(axes) => axes.draw(markup, series, &columns),
            None => markup.leaf("p", &[("class", &"remark")], "there is nothing to draw"),
        }
    });
}

fn legend(markup: &mut Markup<'_>, columns: &[Column], series: &Series) {
    let unit = &series.unit;
    markup.element("ul", &[("class", &"legend")], |markup| {
        for (index, (column, name)) in columns.iter().zip(&series.columns).enumerate() {
            markup.element("li", &[], |markup| {
                let view = [("class", &"swatch" as _), ("viewBox", &"0 0 30 10" as _), ("aria-hidden", &"true" as _)];
                markup.element("svg", &view, |markup| {
                    let look = format!("curve look{}", index % LOOKS);
                    markup.empty("path", &[("class", &look), ("d", &"M0 5H30")]);
                    mark(markup, index, 15.0, 5.0);
                });
                markup.leaf("bdi", &[("class", &"name")], name);
                if let Some((least, mean, greatest)) = column.statistics() {
                    let scale = Scale::of(least.abs().max(greatest.abs()), unit);
                    let shown = |number| scale.number_to(number, 4);
                    let text = format!(
                        " min {}, mean {}, max {}",
                        shown(least),
                        shown(mean),
                        join(&shown(greatest), scale.unit())
                    );
                    markup.leaf("span", &[("class", &"remark")], text);
                }
            });
        }
    });
}

/// The marker of a column's points.
fn mark(markup: &mut Markup<'_>, column: usize, x: f64, y: f64) {
    let path = match column % LOOKS {
        0 => "m-3 0a3 3 0 1 0 6 0a3 3 0 1 0-6 0z",
        1 => "m-2.7-2.7h5.4v5.4h-5.4z",
        2 => "m0-3.6l3.6 6h-7.2z",
        3 => "m0-3.8l3.8 3.8l-3.8 3.8l-3.8-3.8z",
        4 => "m0 3.6l3.6-6h-7.2z",
        _ => "m-3.4-1h6.8v2h-6.8z",
    };
    let look = format!("point look{}", column % LOOKS);
    markup.empty("path", &[("class", &look), ("d", &format_args!("M{x:.1} {y:.1}{path}"))]);
}

/// The ranges of the drawing area.
struct Axes {
    time: (f64, f64),
    value: (f64, f64),
    time_scale: Scale,
    value_scale: Scale,
}

impl Axes {
    /// `None` if there are no points, or the range is too large.
    fn of(columns: &[Column], unit: &str) -> Option<Axes> {
        let edges = |of: fn(&Column) -> Option<(f64, f64)>| {
            let all = columns.iter().filter_map(of);
            let (least, greatest) = all.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))?;
            let room = if greatest > least { 0.0 } else { (least.abs() * 0.05).max(1e-9) };
            Some((least - room, greatest + room)).filter(|(from, to)| (to - from).is_finite() && to > from)
        };
        let time = edges(|column| column.time)?;
        let (from, to) = edges(|column| column.value)?;
        let room = (to - from) * 0.06;
        let value = (from - room, to + room);
        let largest = |edges: (f64, f64)| edges.0.abs().max(edges.1.abs());
        let (time_scale, value_scale) = (Scale::of(largest(time), "s"), Scale::of(largest(value), unit));
        (value.1 - value.0).is_finite().then_some(Axes { time, value, time_scale, value_scale })
    }

    fn x(&self, time: f64) -> f64 {
        let (start, end) = (*FIELD.0.start(), *FIELD.0.end());
        start + (time - self.time.0) / (self.time.1 - self.time.0) * (end - start)
    }

    fn y(&self, value: f64) -> f64 {
        let (top, bottom) = (*FIELD.1.start(), *FIELD.1.end());
        bottom - (value - self.value.0) / (self.value.1 - self.value.0) * (bottom - top)
    }

    fn draw(&self, markup: &mut Markup<'_>, series: &Series, columns: &[Column]) {
        let view = format!("0 0 {} {}", SIZE.0, SIZE.1);
        let label = format!("{} over time", series.name);
        let attributes =
            [("class", &"plot" as _), ("viewBox", &view as _), ("role", &"img" as _), ("aria-label", &label as _)];
        markup.element("svg", &attributes, |markup| {
            self.draw_axes(markup);
            for (index, column) in columns.iter().enumerate() {
                let points = &column.points;
                let look = format!("curve look{}", index % LOOKS);
                markup.empty("path", &[("class", &look), ("d", &self.curve(points))]);
                if points.len() <= MOST_MARKS {
                    points
                        .iter()
                        .flatten()
                        .for_each(|(time, value)| mark(markup, index, self.x(*time), self.y(*value)));
                }
            }
        });
    }

    /// A line through the points, broken where there is none.
    fn curve(&self, points: &[Option<(f64, f64)>]) -> String {
        let mut path = String::new();
        let mut drawing = false;
        for point in points {
            let Some((time, value)) = point else {
                drawing = false;
                continue;
            };
            let _ = write!(path, "{}{:.1} {:.1}", if drawing { 'L' } else { 'M' }, self.x(*time), self.y(*value));
            drawing = true;
        }
        path
    }

    fn draw_axes(&self, markup: &mut Markup<'_>) {
        let (left, right) = (*FIELD.0.start(), *FIELD.0.end());
        let (top, bottom) = (*FIELD.1.start(), *FIELD.1.end());
        for (number, label) in ticks(self.value, 5, &self.value_scale) {
            let y = format!("{:.1}", self.y(number));
            markup.empty("line", &[("class", &"grid"), ("x1", &left), ("x2", &right), ("y1", &y), ("y2", &y)]);
            let place = format!("{:.1}", self.y(number) + 4.0);
            markup.leaf("text", &[("x", &(left - 8.0)), ("y", &place), ("text-anchor", &"end")], label);
        }
        for (number, label) in ticks(self.time, 8, &self.time_scale) {
            let x = format!("{:.1}", self.x(number));
            markup.empty("line", &[("class", &"grid"), ("x1", &x), ("x2", &x), ("y1", &top), ("y2", &bottom)]);
            markup.leaf("text", &[("x", &x), ("y", &(bottom + 18.0)), ("text-anchor", &"middle")], label);
        }
        let frame = format!("M{left} {top}V{bottom}H{right}");
        markup.empty("path", &[("class", &"axis"), ("d", &frame)]);
        let unit = if self.value_scale.unit().is_empty() { "value" } else { self.value_scale.unit() };
        let unit: String = unit.chars().take(LONGEST_UNIT).collect();
        let (start, above, below) = (left - 26.0, top - 10.0, bottom + 36.0);
        markup.leaf("text", &[("class", &"unit"), ("x", &start), ("y", &above)], unit);
        let time = format!("time in {}", self.time_scale.unit());
        markup.leaf("text", &[("class", &"unit"), ("x", &right), ("y", &below), ("text-anchor", &"end")], time);
    }
}

/// About `wanted` round numbers in a range, with their labels.
fn ticks((from, to): (f64, f64), wanted: u8, scale: &Scale) -> Vec<(f64, String)> {
    let rough = (to - from) / f64::from(wanted);
    let power = 10f64.powf(rough.log10().floor());
    if !(power.is_normal() && rough.is_normal()) {
        return Vec::new();
    }
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|factor| factor * power).find(|step| *step >= rough);
    let step = step.unwrap_or(10.0 * power);
    // As many digits as distinguish two neighbours.
    let largest = from.abs().max(to.abs());
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 to 17")]
    let digits = ((largest / step).log10().floor() + 2.0).clamp(1.0, 17.0) as usize;
    let first = (from / step).ceil();
    (0..=20u8)
        .map(|index| (first + f64::from(index)) * step)
        .take_while(|number| *number <= to)
        .map(|number| (number, scale.number_to(number, digits)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(from: f64, to: f64, unit: &str) -> String {
        let scale = Scale::of(from.abs().max(to.abs()), unit);
        ticks((from, to), 5, &scale).into_iter().map(|(_, label)| label).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn ticks_are_round_numbers() {
        assert_eq!(labels(0.0, 1.0, ""), "0 0.2 0.4 0.6 0.8 1");
        assert_eq!(labels(-0.003, 0.012, "A"), "0 5 10");
        assert_eq!(labels(1.6, 1.7, "V"), "1.6 1.62 1.64 1.66 1.68 1.7");
        assert_eq!(labels(1_000_000.0, 1_000_004.0, ""), "1000000 1000001 1000002 1000003 1000004");
        assert_eq!(labels(0.0, f64::INFINITY, ""), "");
        assert_eq!(labels(5e-324, 1e-323, ""), "");
    }

    #[test]
    fn thinning_keeps_extremes() {
        let value = |index: u32| if index == 77_777 { 9.0 } else { f64::from(index % 7) };
        let mut column = Column::default();
        (0..100_000).for_each(|index| column.add(Some((f64::from(index), value(index))), 100));
        column.end_piece();
        let kept = &column.points;
        assert!(kept.len() <= MOST_POINTS, "{}", kept.len());
        assert!(kept.contains(&Some((77_777.0, 9.0))));
        assert!(kept.windows(2).all(|pair| pair[0] < pair[1]), "in order of time");
    }
}
