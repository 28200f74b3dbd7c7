//! Limits of lists: each computes something of the values, which is recorded as a part of the measurement.
//!
//! Invariant: a list that is too short for a figure, or holds a value that is not a finite number, fails that part.

use super::limits::Limits;
use super::list::{List, Values};
use super::read::{Read, Wrong, finite, inside, items, named, text, to_json, wrong};
use super::{Direction, EnvelopePoint, Measurement, Violation, statistics};
use crate::bench::event::Outcome;
use crate::bench::numbers;
use crate::phrase::any_of;
use crate::value::Value;
use serde_json::json;

/// The options that limit a list.
pub const LIST: &[&str] =
    &["all", "stays", "count", "mean", "median", "rms", "stdev", "peak_to_peak", "slope", "monotonic", "envelope"];

/// Those whose value is a map of limits.
pub const FIGURES: &[&str] = &["all", "stays", "count", "mean", "median", "rms", "stdev", "peak_to_peak", "slope"];

/// Usage of `envelope`.
const POINTS: &str = "use an array of points: `[[0.0, -1, 1], [2.5, -0.5, 0.5]]`; each is `[x, low, high]`";

/// One limit of a list.
#[derive(Clone, Debug)]
enum Part {
    /// Of each value.
    All(Limits),
    /// Of each value, from the first one that is inside.
    Stays(Limits),
    /// Of the number of values.
    Count(Limits),
    /// Of a figure.
    Figure(Figure, Limits),
    /// Of the order.
    Monotonic(Direction),
    /// Of each value, by its place.
    Envelope(Vec<EnvelopePoint>),
}

/// A figure of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Figure {
    Mean,
    Median,
    Rms,
    Stdev,
    PeakToPeak,
    Slope,
}

impl Figure {
    fn of(option: &str) -> Option<Figure> {
        Some(match option {
            "mean" => Figure::Mean,
            "median" => Figure::Median,
            "rms" => Figure::Rms,
            "stdev" => Figure::Stdev,
            "peak_to_peak" => Figure::PeakToPeak,
            "slope" => Figure::Slope,
            _ => return None,
        })
    }

    fn word(self) -> &'static str {
        match self {
            Figure::Mean => "mean",
            Figure::Median => "median",
            Figure::Rms => "rms",
            Figure::Stdev => "stdev",
            Figure::PeakToPeak => "peak_to_peak",
            Figure::Slope => "slope",
        }
    }

    fn compute(self, list: &List, numbers: &[f64]) -> Option<f64> {
        match self {
            Figure::Mean => statistics::mean(numbers),
            Figure::Median => statistics::median(numbers),
            Figure::Rms => statistics::rms(numbers),
            Figure::Stdev => statistics::stdev(numbers),
            Figure::PeakToPeak => statistics::peak_to_peak(numbers),
            Figure::Slope => statistics::slope(&list.places(), numbers),
        }
    }

    /// What it lacks if it cannot be computed.
    fn lacks(self) -> &'static str {
        match self {
            Figure::Slope => "needs values at two different places",
            Figure::Stdev => "needs at least 2 values",
            _ => "needs at least 1 value",
        }
    }

    fn unit(self, unit: &str, list: &List) -> String {
        let per = match &list.x {
            Some(_) => list.x_unit.as_str(),
            None => "sample",
        };
        match (self, unit, per) {
            (Figure::Slope, unit, "") => unit.to_owned(),
            (Figure::Slope, "", "sample") => String::new(),
            (Figure::Slope, "", per) => format!("1/{per}"),
            (Figure::Slope, unit, per) => format!("{unit}/{per}"),
            (_, unit, _) => unit.to_owned(),
        }
    }
}

/// The limits of a list.
#[derive(Clone, Debug, Default)]
pub struct ListLimits {
    parts: Vec<Part>,
}

impl ListLimits {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// The first option, for reasons.
    pub fn first(&self) -> &'static str {
        self.parts.first().map_or("", Part::word)
    }

    /// Whether the number of values is limited, so that an empty list may pass.
    pub fn counts(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Count(_)))
    }

    /// Reads the option `key` of the map `path`; returns whether it limits lists.
    ///
    /// # Errors
    /// If its value is wrong.
    pub fn read(&mut self, path: &str, key: &str, value: &Value) -> Read<bool> {
        let at = inside(path, key);
        let part = match key {
            "all" => Part::All(Limits::read_map(&at, value)?),
            "stays" => Part::Stays(Limits::read_map(&at, value)?),
            "count" => Part::Count(Limits::read_map(&at, value)?),
            "monotonic" => Part::Monotonic(direction(&at, value)?),
            "envelope" => Part::Envelope(envelope(&at, value)?),
            other => match Figure::of(other) {
                Some(figure) => Part::Figure(figure, Limits::read_map(&at, value)?),
                None => return Ok(false),
            },
        };
        self.parts.push(part);
        // In the order of the documentation, whatever the order of the map.
        self.parts.sort_by_key(|part| LIST.iter().position(|word| *word == part.word()));
        Ok(true)
    }

    /// Judges a list; the measurements are its parts.
    pub fn judge(&self, list: &List, unit: &str) -> Vec<Measurement> {
        self.parts.iter().map(|part| part.judge(list, unit)).collect()
    }
}

impl Part {
    fn word(&self) -> &'static str {
        match self {
            Part::All(_) => "all",
            Part::Stays(_) => "stays",
            Part::Count(_) => "count",
            Part::Figure(figure, _) => figure.word(),
            Part::Monotonic(_) => "monotonic",
            Part::Envelope(_) => "envelope",
        }
    }

    fn judge(&self, list: &List, unit: &str) -> Measurement {
        let name = self.word().to_owned();
        let mut item = Measurement { name, unit: unit.to_owned(), ..Measurement::default() };
        if list.values.is_empty() && !matches!(self, Part::Count(_)) {
            self.record(&mut item);
            item.fail(format!("the {} is empty", list.noun));
            return item;
        }
        match self {
            Part::All(limits) => all(limits, list, &mut item),
            Part::Stays(limits) => stays(limits, list, &mut item),
            Part::Count(limits) => {
                let values = Value::Int(i64::try_from(list.values.len()).unwrap_or(i64::MAX));
                item.value = to_json(&values);
                item.unit = String::new();
                limits.apply(&values, &mut item);
            }
            Part::Figure(figure, limits) => {
                item.unit = figure.unit(unit, list);
                match list.numbers().map(|numbers| figure.compute(list, &numbers)) {
                    Ok(Some(value)) => {
                        item.value = numbers::to_json(value);
                        limits.apply(&Value::Float(value), &mut item);
                    }
                    Ok(None) => {
                        limits.record(&mut item);
                        item.fail(figure.lacks());
                    }
                    Err(reason) => {
                        limits.record(&mut item);
                        item.fail(reason);
                    }
                }
            }
            Part::Monotonic(direction) => monotonic(*direction, list, &mut item),
            Part::Envelope(points) => within(points, list, &mut item),
        }
        item
    }

    /// Writes the limits of a list that cannot be judged.
    fn record(&self, item: &mut Measurement) {
        match self {
            Part::All(limits) | Part::Stays(limits) | Part::Count(limits) | Part::Figure(_, limits) => {
                limits.record(item);
            }
            Part::Monotonic(direction) => item.monotonic = Some(*direction),
            Part::Envelope(points) => item.envelope.clone_from(points),
        }
    }
}

fn direction(path: &str, value: &Value) -> Read<Direction> {
    let words: Vec<String> = Direction::ALL.iter().map(|direction| format!("\"{}\"", direction.word())).collect();
    let help = format!("use {}", any_of(&words));
    let word = text(path, value, &help)?;
    let found = Direction::ALL.into_iter().find(|direction| direction.word() == word);
    found.ok_or_else(|| Wrong::new(path, format!("`{path}` is \"{word}\""), help))
}

fn envelope(path: &str, value: &Value) -> Read<Vec<EnvelopePoint>> {
    let mut points: Vec<EnvelopePoint> = Vec::new();
    for (index, point) in items(path, value, POINTS)?.iter().enumerate() {
        let at = format!("{path}[{index}]");
        let of = |message: String| Err(Wrong::new(path, message, POINTS));
        let [x, low, high] = items(path, point, POINTS)? else {
            return of(format!("`{at}` is not `[x, low, high]`"));
        };
        let bound = |value: &Value| match value {
            Value::None => Ok(None),
            other => finite(path, other).map(Some),
        };
        let point = EnvelopePoint { x: finite(path, x)?, min: bound(low)?, max: bound(high)? };
        if let (Some(min), Some(max)) = (point.min, point.max)
            && min > max
        {
            return of(format!("`{at}` has its lower limit above the upper one: {min} > {max}"));
        }
        if let Some(last) = points.last() {
            if point.x <= last.x {
                return of(format!("`{at}` is not after the point before it: x is {} after {}", point.x, last.x));
            }
            if (point.min.is_some(), point.max.is_some()) != (last.min.is_some(), last.max.is_some()) {
                return of(format!("`{at}` has other limits than the point before it"));
            }
        }
        points.push(point);
    }
    if points.len() < 2 || points.iter().all(|point| (point.min, point.max) == (None, None)) {
        return wrong(path, format!("`{path}` needs at least two points with limits"), POINTS);
    }
    Ok(points)
}

/// Records the first value outside of the limits.
fn violated(list: &List, index: usize, count: usize, item: &mut Measurement) {
    let value = to_json(&list.values.get(index));
    item.violation = Some(Violation { index, x: list.x(index), value, count });
}

/// ` (and 3 more)`.
fn more(count: usize) -> String {
    if count > 1 { format!(" (and {} more)", count - 1) } else { String::new() }
}

/// The causes for which a value fails, after its place.
fn reasons(limits: &Limits, list: &List, index: usize, unit: &str) -> Vec<String> {
    let value = list.values.get(index);
    let mut one = Measurement { value: to_json(&value), unit: unit.to_owned(), ..Measurement::default() };
    limits.apply(&value, &mut one);
    one.reasons.iter().map(|reason| format!("{}: {reason}", list.place(index))).collect()
}

fn spread(values: &Values) -> serde_json::Value {
    match values.extremes() {
        Some((low, high)) => json!({ "lowest": numbers::to_json(low), "highest": numbers::to_json(high) }),
        None => json!({ "values": values.len() }),
    }
}

fn all(limits: &Limits, list: &List, item: &mut Measurement) {
    limits.record(item);
    item.value = spread(&list.values);
    let (mut first, mut outside) = (None, 0);
    for index in 0..list.values.len() {
        match limits.judge(&list.values.get(index)) {
            Ok(outcome) => item.outcome = item.outcome.max(outcome),
            Err(_) => {
                first.get_or_insert(index);
                outside += 1;
            }
        }
    }
    if let Some(index) = first {
        violated(list, index, outside, item);
        for reason in reasons(limits, list, index, &item.unit) {
            item.fail(format!("{reason}{}", more(outside)));
        }
    }
}

fn stays(limits: &Limits, list: &List, item: &mut Measurement) {
    limits.record(item);
    item.value = spread(&list.values);
    let verdicts = |index: usize| limits.judge(&list.values.get(index));
    let Some(begin) = (0..list.values.len()).find(|index| verdicts(*index).is_ok()) else {
        return item.fail("no value is inside of the limits");
    };
    item.value = match list.x(begin) {
        Some(x) => json!({ "from": begin, "x": numbers::to_json(x) }),
        None => json!({ "from": begin }),
    };
    let left: Vec<usize> = (begin..list.values.len()).filter(|index| verdicts(*index).is_err()).collect();
    match left.first() {
        None => {
            let worst = (begin..list.values.len()).filter_map(|index| verdicts(index).ok()).max();
            item.outcome = worst.unwrap_or(Outcome::Pass);
        }
        Some(index) => {
            violated(list, *index, left.len(), item);
            let inside = list.place(begin);
            for reason in reasons(limits, list, *index, &item.unit) {
                item.fail(format!("{reason}, after {inside} was inside{}", more(left.len())));
            }
        }
    }
}

fn monotonic(direction: Direction, list: &List, item: &mut Measurement) {
    item.monotonic = Some(direction);
    item.value = spread(&list.values);
    let numbers = match list.numbers() {
        Ok(numbers) if numbers.len() < 2 => return item.fail("needs at least 2 values"),
        Ok(numbers) => numbers,
        Err(reason) => return item.fail(reason),
    };
    let holds = |pair: &[f64]| match direction {
        Direction::Rising => pair[1] >= pair[0],
        Direction::Falling => pair[1] <= pair[0],
        Direction::StrictlyRising => pair[1] > pair[0],
        Direction::StrictlyFalling => pair[1] < pair[0],
    };
    let wrong: Vec<usize> = (1..numbers.len()).filter(|index| !holds(&numbers[index - 1..=*index])).collect();
    if let Some(&index) = wrong.first() {
        violated(list, index, wrong.len(), item);
        let shown = |number: f64| crate::bench::units::exact(number, &item.unit);
        let (now, before) = (shown(numbers[index]), shown(numbers[index - 1]));
        item.fail(format!("{}: {now} after {before}{}", list.place(index), more(wrong.len())));
    }
}

/// The limits of an envelope at `x`: linear between points.
fn limits_at(points: &[EnvelopePoint], x: f64) -> Option<(Option<f64>, Option<f64>)> {
    let after = points.partition_point(|point| point.x < x);
    let right = points.get(after)?;
    if right.x == x {
        return Some((right.min, right.max));
    }
    let left = points.get(after.checked_sub(1)?)?;
    let share = (x - left.x) / (right.x - left.x);
    let between = |a: Option<f64>, b: Option<f64>| a.zip(b).map(|(a, b)| a + (b - a) * share);
    Some((between(left.min, right.min), between(left.max, right.max)))
}

fn within(points: &[EnvelopePoint], list: &List, item: &mut Measurement) {
    item.envelope = points.to_vec();
    let numbers = match list.numbers() {
        Ok(numbers) => numbers,
        Err(reason) => return item.fail(reason),
    };
    let (mut smallest, mut first, mut outside) = (f64::INFINITY, None, 0);
    for (index, (number, x)) in numbers.iter().zip(list.places().iter()).enumerate() {
        let distance = match limits_at(points, *x) {
            Some((min, max)) => {
                let above = min.map_or(f64::INFINITY, |min| number - min);
                above.min(max.map_or(f64::INFINITY, |max| max - number))
            }
            None => f64::NAN,
        };
        smallest = smallest.min(distance);
        if distance.is_nan() || distance < 0.0 {
            first.get_or_insert(index);
            outside += 1;
        }
    }
    item.value = numbers::to_json(smallest);
    if let Some(index) = first {
        violated(list, index, outside, item);
        let shown = |number: f64| crate::bench::units::exact(number, &item.unit);
        let number = numbers[index];
        let reason = match limits_at(points, list.places()[index]) {
            None => "the envelope has no limits there".to_owned(),
            Some((Some(min), _)) if number < min => format!("{} is below {}", shown(number), shown(min)),
            Some((_, max)) => format!("{} is above {}", shown(number), shown(max.unwrap_or(f64::NAN))),
        };
        item.fail(format!("{}: {reason}{}", list.place(index), more(outside)));
    }
}

/// Why a value that is not a list fails.
pub fn needs_list(limits: &ListLimits, value: &Value) -> String {
    format!("`{}` needs an array or a series, the value is {}", limits.first(), named(value))
}
