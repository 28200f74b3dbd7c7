//! Summarises arrays of numbers: a curve, the smallest, the largest and the mean.
//!
//! Pure. Invariant: numbers that are not finite are counted and otherwise ignored.

use super::{Style, StyledLine};
use crate::value::Value;

/// Numbers of which a curve is drawn.
const FEWEST_NUMBERS: usize = 8;
/// Columns of a curve.
const WIDEST_CURVE: usize = 60;

/// The curve of an array of enough numbers, and what is said about them.
pub(super) fn curve(items: &[Value], width: usize, indent: usize) -> Option<StyledLine> {
    if items.len() < FEWEST_NUMBERS {
        return None;
    }
    let number = |value: &Value| match value {
        Value::Int(number) => Some(*number as f64),
        Value::Float(number) => Some(*number),
        _ => None,
    };
    let numbers: Vec<f64> = items.iter().map(number).collect::<Option<_>>()?;
    let finite: Vec<f64> = numbers.iter().copied().filter(|number| number.is_finite()).collect();
    let (low, high) = finite.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(*x), b.max(*x)));
    let about = match finite.len() {
        0 => format!("{} numbers, none of them finite", numbers.len()),
        count => {
            let mean = finite.iter().map(|number| number / count as f64).sum();
            let odd = numbers.len() - count;
            let odd = if odd > 0 { format!(", {odd} not finite") } else { String::new() };
            let count = numbers.len();
            format!("{count} numbers, min {}, max {}, mean {}{odd}", short(low), short(high), short(mean))
        }
    };
    let columns = width.saturating_sub(indent + about.chars().count() + 3).clamp(FEWEST_NUMBERS, WIDEST_CURVE);
    let mut line = StyledLine::indented(indent);
    line.push(Style::Number, bars(&numbers, (low, high), columns));
    line.push(Style::Remark, format!("  {about}"));
    Some(line)
}

/// One sign a column, each for the mean of the numbers that fall into it.
fn bars(numbers: &[f64], (low, high): (f64, f64), columns: usize) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let columns = columns.min(numbers.len());
    let bar = |column: usize| {
        let group = &numbers[column * numbers.len() / columns..(column + 1) * numbers.len() / columns];
        let finite: Vec<f64> = group.iter().copied().filter(|number| number.is_finite()).collect();
        if finite.is_empty() {
            return ' ';
        }
        let mean: f64 = finite.iter().map(|number| number / finite.len() as f64).sum();
        // Halves, as the distance of two floats may be no float.
        let share = (mean / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0);
        let step = if share.is_nan() { 3 } else { (share * 7.0).round().clamp(0.0, 7.0) as usize };
        BARS[step]
    };
    (0..columns).map(bar).collect()
}

/// A number with at most six digits that count.
pub(super) fn short(number: f64) -> String {
    if number == 0.0 {
        return "0".to_owned();
    }
    let exponent = number.abs().log10().floor() as i32;
    if !(-4..15).contains(&exponent) {
        return format!("{number:.5e}");
    }
    let decimals = usize::try_from(5 - exponent).unwrap_or(0);
    let text = format!("{number:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}
