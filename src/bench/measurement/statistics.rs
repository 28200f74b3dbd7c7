//! Figures of a list of numbers.
//!
//! Pure. Every sum is corrected by a second pass, so that a large common offset does not cost digits. A list with nan gives
//! nan. Invariant: a figure that needs more numbers than there are is `None`.

/// The arithmetic mean; needs one number.
#[expect(clippy::cast_precision_loss, reason = "a list has fewer than 2^53 numbers")]
pub fn mean(numbers: &[f64]) -> Option<f64> {
    let count = numbers.len() as f64;
    let first = numbers.iter().sum::<f64>() / count;
    if numbers.is_empty() || !first.is_finite() {
        return (!numbers.is_empty()).then_some(first);
    }
    Some(first + numbers.iter().map(|number| number - first).sum::<f64>() / count)
}

/// The middle number, or the mean of the two middle ones; needs one number.
pub fn median(numbers: &[f64]) -> Option<f64> {
    if numbers.iter().any(|number| number.is_nan()) {
        return Some(f64::NAN);
    }
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let upper = *sorted.get(middle)?;
    if sorted.len() % 2 == 1 { Some(upper) } else { Some(f64::midpoint(sorted[middle - 1], upper)) }
}

/// The root of the mean square; needs one number.
pub fn rms(numbers: &[f64]) -> Option<f64> {
    let squares: Vec<f64> = numbers.iter().map(|number| number * number).collect();
    mean(&squares).map(f64::sqrt)
}

/// The standard deviation of a sample, whose sum of squares is divided by n − 1; needs two numbers.
#[expect(clippy::cast_precision_loss, reason = "a list has fewer than 2^53 numbers")]
pub fn stdev(numbers: &[f64]) -> Option<f64> {
    if numbers.len() < 2 {
        return None;
    }
    let centre = mean(numbers)?;
    let (mut squares, mut rest) = (0.0, 0.0);
    for number in numbers {
        let away = number - centre;
        squares += away * away;
        rest += away;
    }
    let count = numbers.len() as f64;
    Some(((squares - rest * rest / count) / (count - 1.0)).sqrt())
}

/// The largest number minus the smallest; needs one number.
pub fn peak_to_peak(numbers: &[f64]) -> Option<f64> {
    extremes(numbers).map(|(low, high)| high - low)
}

/// The smallest and the largest number.
pub fn extremes(numbers: &[f64]) -> Option<(f64, f64)> {
    if numbers.iter().any(|number| number.is_nan()) {
        return Some((f64::NAN, f64::NAN));
    }
    let low = numbers.iter().copied().reduce(f64::min)?;
    Some((low, numbers.iter().copied().fold(low, f64::max)))
}

/// The slope of the straight line with the least squares; needs two different places.
pub fn slope(x: &[f64], y: &[f64]) -> Option<f64> {
    let (centre_x, centre_y) = (mean(x)?, mean(y)?);
    let (mut products, mut squares) = (0.0, 0.0);
    for (x, y) in x.iter().zip(y) {
        products += (x - centre_x) * (y - centre_y);
        squares += (x - centre_x) * (x - centre_x);
    }
    (squares != 0.0).then(|| products / squares)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The expected figures are those of Python's `statistics` module, which computes with fractions.
    #[test]
    fn figures_match_exact_arithmetic() {
        let close = |is: Option<f64>, wanted: f64| {
            let is = is.unwrap();
            assert!((is - wanted).abs() <= wanted.abs() * 1e-12, "{is} is not {wanted}");
        };
        let numbers = [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0];
        close(mean(&numbers), 5.0);
        close(median(&numbers), 4.5);
        close(stdev(&numbers), 2.138_089_935_299_395);
        close(rms(&numbers), 5.385_164_807_134_505);
        close(peak_to_peak(&numbers), 7.0);
        close(slope(&[0.0, 1.0, 2.0, 3.0], &[1.0, 3.0, 5.0, 7.0]), 2.0);
        close(slope(&[0.0, 1.0, 3.0], &[1.0, 2.0, 2.0]), 2.0 / 7.0);
    }

    /// The usual formula with the sum of squares gives 0 or the root of a negative number here.
    #[test]
    fn a_large_offset_costs_no_digits() {
        let numbers: Vec<f64> = [4.0, 7.0, 13.0, 16.0].iter().map(|number| number + 1e9).collect();
        assert_eq!(stdev(&numbers), Some(30_f64.sqrt()));
        assert_eq!(mean(&numbers), Some(1e9 + 10.0));
        let x: Vec<f64> = [0.0, 1.0, 2.0, 3.0].iter().map(|x| x + 1.7e9).collect();
        assert_eq!(slope(&x, &[0.0, 0.5, 1.0, 1.5]), Some(0.5));
        assert_eq!(stdev(&[0.1; 1000]), Some(0.0));
    }

    #[test]
    fn too_few_numbers_give_nothing_and_nan_gives_nan() {
        assert_eq!((mean(&[]), median(&[]), rms(&[]), peak_to_peak(&[])), (None, None, None, None));
        assert_eq!((stdev(&[1.0]), slope(&[1.0], &[1.0]), slope(&[2.0, 2.0], &[1.0, 5.0])), (None, None, None));
        let numbers = [1.0, f64::NAN, 3.0];
        for figure in [mean, median, rms, stdev, peak_to_peak] {
            assert!(figure(&numbers).unwrap().is_nan());
        }
    }
}
