//! Formats tests and measurements as lines of text.
//!
//! Uses [`crate::bench`]. Invariant: pure; durations are shown only on request, so that output can be compared.

use super::render::{self, Colour, Look};
use crate::bench::archive::Run;
use crate::bench::date;
use crate::bench::event::{Diagnosis, Failure, GroupKind, Outcome};
use crate::bench::measurement::Measurement;
use crate::bench::report::Test;
use crate::bench::schedule::Schedule;
use crate::bench::simulated;
use crate::bench::tally::{Counts, Tally};
use crate::bench::units::{self, FormattedMeasurement};
use crate::phrase::{self, plural};
use crate::script::duration;
use crate::visible;
use std::fmt::Write as _;
use std::io;
use std::time::Duration;

/// The verdict's word in its style.
fn verdict(outcome: Outcome, colour: Colour) -> String {
    let look = if outcome.is_good() { Look::Good } else { Look::Bad };
    colour.paint(look, outcome.word())
}

/// A test that has ended: its line, then one for each measurement. `watched`: on an interactive terminal.
pub fn test(test: &Test, colour: Colour, watched: bool) -> String {
    let time =
        if watched && test.outcome != Outcome::Skip { format!(" ({:.2} s)", test.duration_s) } else { String::new() };
    let reason = test.reason.as_ref().map(|reason| format!(" ({})", visible::name(reason))).unwrap_or_default();
    let path = test.path().to_string();
    let path = visible::name(&path);
    let mut text = format!("test {path} ... {}{reason}{time}\n", verdict(test.outcome, colour));
    text.push_str(&measurements(&test.measurements, "    ", colour, watched));
    text.extend(test.diagnoses.iter().map(|made| diagnosis(made, "    ", colour)));
    text
}

/// A subtest that has ended.
pub fn subtest(path: &[String], outcome: Outcome, reason: Option<&str>, colour: Colour) -> String {
    let path = path.join(" / ");
    let reason = reason.map(|reason| format!(" ({})", visible::name(reason))).unwrap_or_default();
    format!("subtest {} ... {}{reason}\n", visible::name(&path), verdict(outcome, colour))
}

/// A diagnosis, with its verdict if it is a failure.
pub fn diagnosis(made: &Diagnosis, indent: &str, colour: Colour) -> String {
    let component = made.component.as_ref().map(|name| format!(" ({})", visible::name(name))).unwrap_or_default();
    let fails = if made.failure { format!("  {}", verdict(Outcome::Fail, colour)) } else { String::new() };
    format!("{indent}diagnosis {}: {}{component}{fails}\n", visible::name(&made.name), visible::name(&made.text))
}

/// Widest column, in characters: longer texts exceed it.
const WIDEST: usize = 100;

/// Most reasons per measurement that are shown.
const MOST_REASONS: usize = 4;

/// One line a measurement, in columns: name, value with unit, limits, verdict. Without limits there is nothing to judge. Its
/// parts follow it, indented, and the reasons of a failure that value and limits do not show.
/// `bars`: shows the limits at the ends of a bar, with a mark at the value.
pub fn measurements(measurements: &[Measurement], indent: &str, colour: Colour, bars: bool) -> String {
    let items: Vec<(usize, &Measurement)> = measurements.iter().flat_map(Measurement::flat).collect();
    let shown: Vec<FormattedMeasurement> = items.iter().map(|(_, item)| units::format(item)).collect();
    let limits: Vec<String> = items
        .iter()
        .zip(&shown)
        .map(|((_, item), shown)| bar(item, shown).filter(|_| bars).unwrap_or_else(|| shown.limits.clone()))
        .collect();
    let width =
        |texts: &mut dyn Iterator<Item = &str>| texts.map(|text| text.chars().count()).max().unwrap_or(0).min(WIDEST);
    let safe = |text: &str| visible::name(text).into_owned();
    let names: Vec<String> =
        items.iter().map(|(depth, item)| format!("{}{}", "  ".repeat(*depth), safe(&title(item)))).collect();
    let values: Vec<String> = shown.iter().map(|shown| safe(&shown.value)).collect();
    let limits: Vec<String> = limits.iter().map(|text| safe(text)).collect();
    let names_wide = width(&mut names.iter().map(String::as_str));
    let values_wide = width(&mut values.iter().map(String::as_str));
    let limits_wide = width(&mut limits.iter().map(String::as_str));
    let mut text = String::new();
    for ((((depth, item), name), value), limits) in items.iter().zip(&names).zip(&values).zip(&limits) {
        let mut line = format!("{indent}{name:names_wide$}  {value:values_wide$}  {limits:limits_wide$}");
        if item.is_judged() || item.outcome != Outcome::Pass {
            let _ = write!(line, "  {}", verdict(item.outcome, colour));
        }
        let _ = writeln!(text, "{}", line.trim_end());
        if !item.is_obvious() {
            let inner = format!("{indent}{}", "  ".repeat(depth + 1));
            for reason in item.reasons.iter().take(MOST_REASONS) {
                let _ = writeln!(text, "{inner}{}", safe(reason));
            }
        }
    }
    text
}

/// The name, after that of the board for which it was measured.
fn title(item: &Measurement) -> String {
    item.board.as_ref().map_or_else(|| item.name.clone(), |board| format!("{board}: {}", item.name))
}

/// Places of a bar for a value.
const BAR: usize = 11;

/// `[1.6 ────●────── 1.7]`, if there are two limits. Marginal ranges are dotted.
fn bar(item: &Measurement, shown: &FormattedMeasurement) -> Option<String> {
    let (Some(min), Some(max), Some(value)) = (item.limits().0, item.limits().1, item.number()) else { return None };
    let width = max - min;
    if !(width.is_finite() && width > 0.0) || value.is_nan() {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "a bar has a few places")]
    let last = (BAR - 1) as f64;
    let mut bar: Vec<char> = (0..BAR)
        .map(|place| {
            #[expect(clippy::cast_precision_loss, reason = "a bar has a few places")]
            let at = min + width * place as f64 / last;
            let central =
                item.marginal_min.is_none_or(|limit| at >= limit) && item.marginal_max.is_none_or(|limit| at <= limit);
            if central { '─' } else { '┄' }
        })
        .collect();
    let share = (value - min) / width;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 1")]
    let place = (share.clamp(0.0, 1.0) * last).round() as usize;
    bar[place.min(BAR - 1)] = if share < 0.0 {
        '◀'
    } else if share > 1.0 {
        '▶'
    } else {
        '●'
    };
    let (min, max, unit) = (shown.min.as_deref()?, shown.max.as_deref()?, &shown.limit_unit);
    Some(format!("[{min} {} {max}{unit}]", String::from_iter(bar)))
}

/// Passes the report of a run to `print` in pieces: every test, failures, and the summary. `named`: starts with the script's name.
///
/// # Errors
/// Of reading the archive.
pub fn whole(run: Run<'_>, colour: Colour, named: bool, print: &mut dyn FnMut(&str)) -> io::Result<()> {
    let head = run.head();
    let started = date::shown(&head.started, head.started_local.as_deref()).replace('\u{a0}', " ");
    if named {
        print(&format!("{}\n", head.script));
    }
    if !started.is_empty() {
        print(&format!("started {started}\n"));
    }
    for saved in run.tests() {
        let ended = saved?.test;
        print(&test(&ended, colour, true));
        ended.error.iter().for_each(|failure| print(&excerpt(failure, colour)));
    }
    for group in run.head().groups.iter().filter(|group| group.kind == GroupKind::Subtest) {
        print(&subtest(&group.group, group.outcome, group.reason.as_deref(), colour));
        group.error.iter().for_each(|failure| print(&excerpt(failure, colour)));
    }
    run.head().diagnoses.iter().for_each(|made| print(&diagnosis(made, "", colour)));
    // Their columns are as wide as those of all of them.
    let mut loose = Vec::new();
    for item in run.measurements() {
        loose.push(item?);
        if loose.len() == TOGETHER {
            print(&measurements(&loose, "", colour, true));
            loose.clear();
        }
    }
    print(&measurements(&loose, "", colour, true));
    run.failures().iter().for_each(|failure| print(&excerpt(failure, colour)));
    let sums = run.sums();
    let not_reached = head.not_reached.iter().filter(|test| !test.conditional).count();
    let tally = Tally {
        tests: sums.tests,
        subtests: head.subtests(),
        diagnosed: head.diagnoses.iter().any(|diagnosis| diagnosis.failure),
        measurements: sums.loose,
        schedules: head.schedules.clone(),
        not_reached,
        ..Tally::default()
    };
    let tally = Tally { simulated: head.not_hardware(), ..tally };
    print(&summary(&tally, colour, true));
    Ok(())
}

/// Measurements outside of tests whose columns are aligned.
const TOGETHER: usize = 10_000;

/// A failure with the excerpts that it contains.
fn excerpt(failure: &Failure, colour: Colour) -> String {
    let source = |name: &str| {
        let mut lines: Vec<&str> = Vec::new();
        for place in failure.all_places().filter(|place| place.file == name && !place.text.is_empty()) {
            let index = usize::try_from(place.line.saturating_sub(1)).unwrap_or(0);
            if lines.len() <= index {
                lines.resize(index + 1, "");
            }
            lines[index] = &place.text;
        }
        (!lines.is_empty()).then(|| std::sync::Arc::from(lines.join("\n")))
    };
    render::render(&failure.diagnostic(), &source, colour)
}

/// The summary of a run: empty if it had no tests and no measurement failed. `watched`: on an interactive terminal, which shows
/// how well schedules were kept.
pub fn summary(tally: &Tally, colour: Colour, watched: bool) -> String {
    let mut text = String::new();
    for schedule in tally.schedules.iter().filter(|_| watched) {
        let Schedule { file, line, period_s, calls, skipped, jitter_mean_s, jitter_max_s } = schedule;
        let time = |seconds: f64| duration(Duration::try_from_secs_f64(seconds).unwrap_or_default());
        let _ = writeln!(
            text,
            "every {period_s} s ({file}:{line}): {}, {skipped} skipped, late by {} on average, {} at most",
            phrase::count(*calls, "call"),
            time(*jitter_mean_s),
            time(*jitter_max_s)
        );
    }
    if tally.tests.total() > 0 {
        line(&mut text, "test", &tally.tests, colour);
    }
    if tally.subtests.total() > 0 {
        line(&mut text, "subtest", &tally.subtests, colour);
    }
    if tally.measurements.worst().is_some_and(|worst| !worst.is_good()) {
        line(&mut text, "measurement", &tally.measurements, colour);
    }
    if tally.not_reached > 0 {
        let not_reached = format!("{} not reached", phrase::count(tally.not_reached, "test"));
        let _ = writeln!(text, "{}", colour.paint(Look::Bad, &not_reached));
    }
    let judged = tally.tests.total() > 0 || tally.measurements.total() > 0;
    if let Some(boards) = simulated::shown(&tally.simulated).filter(|_| judged) {
        let label = colour.paint(Look::Caution, "simulated");
        let _ = writeln!(text, "{label}: {} – {}", visible::name(&boards), simulated::REMARK);
    }
    text
}

fn line(text: &mut String, noun: &str, outcomes: &Counts, colour: Colour) {
    let count = |outcome: Outcome| outcomes.of(outcome);
    let (errors, timeouts) = (count(Outcome::Error), count(Outcome::Timeout));
    let parts = [
        (count(Outcome::Pass), "passed".to_owned(), Look::Good),
        (count(Outcome::Marginal), "marginal".to_owned(), Look::Good),
        (count(Outcome::Skip), "skipped".to_owned(), Look::Good),
        (count(Outcome::Fail), "failed".to_owned(), Look::Bad),
        (errors, plural(errors, "error"), Look::Bad),
        (timeouts, plural(timeouts, "timeout"), Look::Bad),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(count, _, _)| *count > 0)
        .map(|(count, word, look)| colour.paint(look, &format!("{count} {word}")))
        .collect();
    let _ = writeln!(text, "{}: {}", phrase::count(outcomes.total(), noun), parts.join(", "));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::event::{Board, Event};

    #[test]
    fn summaries() {
        let case = |outcomes: &[Outcome], loose: Option<f64>, expected: &str| {
            let loose = loose.map(|value| {
                let mut measurement = Measurement { value: value.into(), min: Some(1.0), ..Measurement::default() };
                measurement.judge();
                measurement
            });
            let measurements = loose.into_iter().map(|item: Measurement| item.outcome).collect();
            let tally = Tally { tests: outcomes.iter().copied().collect(), measurements, ..Tally::default() };
            assert_eq!(summary(&tally, Colour::Never, true), expected);
        };
        use Outcome::{Error, Fail, Marginal, Pass, Skip, Timeout};
        case(&[Skip, Marginal, Pass], None, "3 tests: 1 passed, 1 marginal, 1 skipped\n");
        case(&[], None, "");
        case(&[], Some(2.0), "");
        case(&[], Some(0.0), "1 measurement: 1 failed\n");
        case(&[Pass], None, "1 test: 1 passed\n");
        case(&[Pass, Pass, Fail], None, "3 tests: 2 passed, 1 failed\n");
        case(&[Error, Error, Timeout, Pass], None, "4 tests: 1 passed, 2 errors, 1 timeout\n");
    }

    #[test]
    fn a_verdict_with_a_simulated_board_says_so() {
        let board = |name: &str, port: &str| Board { name: name.to_owned(), port: port.to_owned(), ..Board::default() };
        let mut tally = Tally::default();
        for board in [board("dut", "sim"), board("dut", "sim"), board("psu", "COM3"), board("load", "exec:a")] {
            tally.add(&Event::BoardOpened(board));
        }
        assert_eq!(summary(&tally, Colour::Never, true), "", "nothing was judged");
        tally.tests = [Outcome::Pass].into_iter().collect();
        let mut other = Tally::default();
        other.add_all(tally);
        let text = "1 test: 1 passed\nsimulated: dut, load (program) – not a verdict on hardware\n";
        assert_eq!(summary(&other, Colour::Never, false), text);
    }

    #[test]
    fn terminals_show_how_well_schedules_were_kept() {
        let schedule = Schedule {
            file: "a.rhai".to_owned(),
            line: 3,
            period_s: 0.1,
            calls: 5,
            skipped: 1,
            jitter_mean_s: 0.000_12,
            jitter_max_s: 0.001_3,
        };
        let tally = Tally { schedules: vec![schedule], ..Tally::default() };
        let line = "every 0.1 s (a.rhai:3): 5 calls, 1 skipped, late by 120 µs on average, 1.30 ms at most\n";
        assert_eq!(summary(&tally, Colour::Never, true), line);
        assert_eq!(summary(&tally, Colour::Never, false), "");
    }

    #[test]
    fn a_bar_shows_where_the_value_is() {
        let case = |value: f64, expected: &str| {
            let (min, max, marginal_min) = (Some(1.0), Some(2.0), Some(1.25));
            let item = Measurement { value: value.into(), min, max, marginal_min, ..Measurement::default() };
            assert_eq!(bar(&item, &units::format(&item)).as_deref(), Some(expected));
        };
        case(1.5, "[1 ┄┄┄──●───── 2]");
        case(1.0, "[1 ●┄┄──────── 2]");
        case(0.5, "[1 ◀┄┄──────── 2]");
        case(9.0, "[1 ┄┄┄───────▶ 2]");
        let one_sided = Measurement { value: 1.into(), max: Some(2.0), ..Measurement::default() };
        assert_eq!(bar(&one_sided, &units::format(&one_sided)), None);
    }

    #[test]
    fn durations_are_shown_only_on_request() {
        let ended = Test { name: "t".to_owned(), duration_s: 1.234, ..Test::default() };
        assert_eq!(test(&ended, Colour::Never, true), "test t ... pass (1.23 s)\n");
        assert_eq!(test(&ended, Colour::Never, false), "test t ... pass\n");
    }
}
