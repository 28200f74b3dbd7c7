//! Judging, as tables: a value, its options, and the verdict with its reasons.

use super::*;
use crate::value::Value as V;
use crate::value::parse::parse;
use serde_json::json;

/// A value written as a Python literal; `nan` and `inf` are written as these words.
fn value(text: &str) -> V {
    match text {
        "nan" => V::Float(f64::NAN),
        "inf" => V::Float(f64::INFINITY),
        "-inf" => V::Float(f64::NEG_INFINITY),
        _ => parse(text).unwrap_or_else(|_| panic!("{text}")),
    }
}

fn plan(options: &str) -> Result<Plan, Wrong> {
    let V::Dict(pairs) = value(options) else { panic!("{options}") };
    let pairs = pairs.iter().map(|(key, value)| match key {
        V::Str(key) => (key.as_str(), value),
        _ => panic!("{options}"),
    });
    Plan::read(pairs, None)
}

#[track_caller]
fn judged(subject: V, options: &str) -> Measurement {
    plan(options).unwrap_or_else(|wrong| panic!("{wrong:?}")).judge("m", Subject::Value(subject)).unwrap().measurement
}

/// A verdict, and its reasons joined by `; `.
#[track_caller]
fn case(subject: &str, options: &str, outcome: Outcome, reasons: &str) {
    let item = judged(value(subject), options);
    assert_eq!((item.outcome, item.all_reasons().join("; ").as_str()), (outcome, reasons), "{subject} {options}");
}

#[track_caller]
fn refused(options: &str, message: &str) {
    assert_eq!(plan(options).map(|_| ()).map_err(|wrong| wrong.message), Err(message.to_owned()), "{options}");
}

use Outcome::{Fail, Marginal, Pass};

#[test]
fn numbers_and_their_limits() {
    case("3.3", "{}", Pass, "");
    case("'text'", "{}", Pass, "");
    case("nan", "{}", Pass, "");
    case("3.3", "{'min': 3.3, 'max': 3.3}", Pass, "");
    case("3", "{'min': 3.1, 'unit': 'V'}", Fail, "3 V is below 3.1 V");
    case("4", "{'max': 3.9}", Fail, "4 is above 3.9");
    case("3.25", "{'min': 3.2, 'max': 3.4, 'marginal_min': 3.26}", Marginal, "");
    case("3.39", "{'min': 3.2, 'max': 3.4, 'marginal_max': 3.38}", Marginal, "");
    case("3.3", "{'min': 3.2, 'max': 3.4, 'marginal_min': 3.26, 'marginal_max': 3.38}", Pass, "");
    case("3.38", "{'min': 3.2, 'max': 3.4, 'marginal_max': 3.38}", Pass, "");
    case("3.1", "{'min': 3.2, 'marginal_min': 3.26}", Fail, "3.1 is below 3.2");
    case("1", "{'equals': 1.0}", Pass, "");
    case("2", "{'equals': 1.0}", Fail, "2 is not 1");
    case("3.4", "{'equals': 3.3, 'within_percent': 5}", Pass, "");
    case("3.5", "{'equals': 3.3, 'within_percent': 5}", Fail, "3.5 is above 3.465");
    case("-3.4", "{'equals': -3.3, 'within_percent': 5}", Pass, "");
    case("123456789012345678901", "{'max': 2e20}", Pass, "");
}

#[test]
fn nothing_passes_by_mistake() {
    case("nan", "{'min': 0}", Fail, "the value is nan");
    case("nan", "{'min': 0, 'marginal_min': 3.26}", Fail, "the value is nan");
    case("nan", "{'equals': 1}", Fail, "the value is nan");
    case("inf", "{'min': 0}", Fail, "the value is infinite, but `max` is missing");
    case("-inf", "{'max': 0}", Fail, "the value is infinite, but `min` is missing");
    case("inf", "{'max': 5}", Fail, "inf is above 5");
    case("None", "{'min': 0}", Fail, "the value is missing: it is `()`");
    case("None", "{'matches': '.*'}", Fail, "the value is missing: it is `()`");
    case("None", "{'mean': {'min': 0}}", Fail, "the value is missing: it is `()`");
    case("None", "{'equals': None}", Pass, "");
    case("'3.3'", "{'min': 0}", Fail, "`min` needs a number, the value is a string");
    case("'inf'", "{'min': 0}", Fail, "`min` needs a number, the value is a string");
    case("True", "{'min': 0}", Fail, "`min` needs a number, the value is a bool");
    case("True", "{'equals': 1}", Fail, "`equals` is an integer, the value is a bool");
    case("1", "{'equals': True}", Fail, "`equals` is a bool, the value is an integer");
    case("'1'", "{'equals': 1}", Fail, "`equals` is an integer, the value is a string");
    case("'x'", "{'equals': 1, 'within_percent': 5}", Fail, "`within_percent` needs a number, the value is a string");
    case("12", "{'matches': '12'}", Fail, "`matches` needs a string, the value is an integer");
    case("[12]", "{'matches': '12'}", Fail, "`matches` needs a string, the value is an array");
    case("[]", "{'min': 0}", Fail, "`min` needs a number, the value is an array; `all` limits each of its values");
    case("[]", "{'all': {'min': 0}}", Fail, "all: the array is empty");
    case(
        "[]",
        "{'mean': {'min': 0}, 'monotonic': 'rising'}",
        Fail,
        "mean: the array is empty; monotonic: the array is empty",
    );
    case("[]", "{'count': {'max': 3}}", Pass, "");
    case("[]", "{'equals': []}", Pass, "");
    case("5", "{'all': {'min': 0}}", Fail, "`all` needs an array or a series, the value is an integer");
    case("[1, None]", "{'all': {'min': 0}}", Fail, "all: [1]: the value is missing: it is `()`");
    case("[True]", "{'all': {'min': 0}}", Fail, "all: [0]: `min` needs a number, the value is a bool");
    case("[1, 123456789012345678901]", "{'mean': {'min': 0}}", Pass, "");
    case("[1, '2']", "{'mean': {'min': 0}}", Fail, "mean: [1] is a string, not a number");
    case("'1.5'", "{'precision': 1}", Fail, "`precision` needs numbers, the value is a string");
}

#[test]
fn an_infinite_value_needs_an_infinite_limit() {
    let limits = |min: f64, max: f64| {
        let pairs = [("min", V::Float(min)), ("max", V::Float(max))];
        let plan = Plan::read(pairs.iter().map(|(key, value)| (*key, value)), None).unwrap();
        plan.judge("m", Subject::Value(V::Float(f64::INFINITY))).unwrap().measurement.outcome
    };
    assert_eq!((limits(1.0, f64::INFINITY), limits(1.0, f64::MAX)), (Pass, Fail));
}

#[test]
fn nan_in_a_list_fails_every_figure() {
    let list = V::List(vec![V::Float(1.0), V::Float(f64::NAN)]);
    let limits = "{'all': {'min': 0}, 'mean': {'min': 0}, 'slope': {'max': 9}, 'envelope': [[0, 0, 2], [1, 0, 2]]}";
    let item = judged(list, limits);
    let reasons = "all: [1]: the value is nan; mean: [1] is nan; slope: [1] is nan; envelope: [1] is nan";
    assert_eq!((item.outcome, item.all_reasons().join("; ").as_str()), (Fail, reasons));
}

#[test]
fn texts_and_other_values() {
    case("'a'", "{'equals': 'b'}", Fail, "a is not b");
    case("[1, 2.0]", "{'equals': [1.0, 2]}", Pass, "");
    case("[1, True]", "{'equals': [1, 1]}", Fail, "[1,true] is not [1,1]");
    case("True", "{'equals': True}", Pass, "");
    case("'SN-12'", "{'matches': 'SN-'}", Pass, "");
    case("'12'", "{'matches': 'SN-'}", Fail, "12 does not match SN-");
    case("{'a': 1}", "{'equals': {'a': 1.0}}", Pass, "");
}

#[test]
fn margins_are_computed_from_a_percentage() {
    let margins = |options: &str| {
        let item = judged(V::Float(0.0), options);
        (item.marginal_min, item.marginal_max)
    };
    assert_eq!(margins("{'min': 0, 'max': 10, 'marginal_percent': 10}"), (Some(1.0), Some(9.0)));
    assert_eq!(margins("{'min': -10, 'marginal_percent': 10}"), (Some(-9.0), None));
    assert_eq!(margins("{'max': 20, 'marginal_percent': 10}"), (None, Some(18.0)));
    assert_eq!(margins("{'equals': 10, 'within_percent': 5, 'marginal_percent': 4}"), (Some(9.6), Some(10.4)));
    case("9.7", "{'equals': 10, 'within_percent': 5, 'marginal_percent': 4}", Pass, "");
    case("9.55", "{'equals': 10, 'within_percent': 5, 'marginal_percent': 4}", Marginal, "");
}

#[test]
fn contradicting_options_are_refused() {
    refused("{'min': 2, 'max': 1}", "`min` is above `max`: 2 > 1");
    refused("{'min': '2'}", "`min` is a string");
    refused("{'min': 1, 'max': 2, 'marginal_min': 0.5}", "`marginal_min` is outside of the limits: 0.5");
    refused("{'min': 1, 'max': 2, 'marginal_max': 3}", "`marginal_max` is outside of the limits: 3");
    refused(
        "{'min': 1, 'max': 2, 'marginal_min': 1.8, 'marginal_max': 1.2}",
        "`marginal_min` is above `marginal_max`: 1.8 > 1.2",
    );
    refused("{'marginal_max': 3}", "`marginal_max` without `max`");
    refused("{'max': 3, 'marginal_min': 1}", "`marginal_min` without `min`");
    refused("{'within_percent': 5}", "`within_percent` requires a number in `equals`");
    refused("{'equals': 0, 'within_percent': 5}", "`within_percent` of 0 is not a tolerance");
    refused("{'equals': 1, 'within_percent': -5}", "`within_percent` is negative");
    refused(
        "{'equals': 1, 'within_percent': 5, 'marginal_percent': 5}",
        "`marginal_percent` is not below `within_percent`: 5 and 5",
    );
    refused("{'min': 0, 'max': 1, 'marginal_percent': 50}", "`marginal_percent` is 50, at both ends");
    refused("{'min': 0, 'marginal_percent': 5}", "`marginal_percent` needs a limit other than 0");
    refused(
        "{'max': 3, 'marginal_max': 2, 'marginal_percent': 5}",
        "`marginal_percent` and a marginal limit are both given",
    );
    refused("{'mean': {}}", "`mean` has no limits");
    refused("{'mean': 5}", "`mean` is an integer");
    refused("{'mean': {'lo': 5}}", "`mean` has no option `lo`");
    refused("{'all': {'min': 2, 'max': 1}}", "`all.min` is above `all.max`: 2 > 1");
    refused("{'monotonic': 'up'}", "`monotonic` is \"up\"");
    refused("{'matches': '('}", "`matches` is not a valid regular expression: unclosed group");
    refused("{'envelope': [[0, 1, 2]]}", "`envelope` needs at least two points with limits");
    refused("{'envelope': [[0, 1, 2], [0, 1, 2]]}", "`envelope[1]` is not after the point before it: x is 0 after 0");
    refused("{'envelope': [[0, 1, 2], [1, 2, 1]]}", "`envelope[1]` has its lower limit above the upper one: 2 > 1");
    refused("{'envelope': [[0, 1, 2], [1, None, 1]]}", "`envelope[1]` has other limits than the point before it");
    refused("{'precision': 16}", "`precision` is 16");
    refused("{'precision': 0.5}", "`precision` is a float");
    refused("{'x_unit': 's'}", "`x_unit` without `x`");
    refused("{'columns': ['a'], 'min': 1}", "`columns` and `min` are both given");
    refused("{'columns': ['a', 'a']}", "two columns have the name `a`");
    refused("{'unit': 'volts'}", "unknown unit `volts`");
    refused("{'mni': 5}", "`measure` has no option `mni`");
}

#[test]
fn lists() {
    let ripple = "[1.0, 2.0, 5.0, 1.0, 9.0]";
    case(ripple, "{'all': {'min': 0, 'max': 10}}", Pass, "");
    case(ripple, "{'all': {'min': 0, 'max': 4}, 'unit': 'mV'}", Fail, "all: [2]: 5 mV is above 4 mV (and 1 more)");
    case(ripple, "{'all': {'min': 0, 'max': 10, 'marginal_max': 8}}", Marginal, "");
    case(ripple, "{'count': {'min': 6}}", Fail, "count: 5 is below 6");
    case(ripple, "{'mean': {'max': 3.5}}", Fail, "mean: 3.6 is above 3.5");
    case(ripple, "{'median': {'equals': 2}}", Pass, "");
    case(ripple, "{'peak_to_peak': {'max': 7}}", Fail, "peak_to_peak: 8 is above 7");
    case("[1]", "{'stdev': {'max': 1}}", Fail, "stdev: needs at least 2 values");
    case("[1]", "{'slope': {'max': 1}}", Fail, "slope: needs values at two different places");
    case("[1, 3, 5]", "{'slope': {'min': 2, 'max': 2}, 'unit': 'V'}", Pass, "");
    case("[1, 3, 5]", "{'slope': {'max': 1}, 'x': [0, 2, 4], 'x_unit': 's', 'unit': 'V'}", Pass, "");
    case(
        "[1, 3, 5]",
        "{'slope': {'max': 1}, 'x': [0, 2]}",
        Fail,
        "`x` has 2 numbers for 3 values; slope: 2 is above 1",
    );
    case("[1, 1, 2]", "{'monotonic': 'rising'}", Pass, "");
    case("[1, 1, 2]", "{'monotonic': 'strictly rising'}", Fail, "monotonic: [1]: 1 after 1");
    case("[3, 1, 2]", "{'monotonic': 'falling'}", Fail, "monotonic: [2]: 2 after 1");
    case("['ok', 'ok']", "{'all': {'equals': 'ok'}}", Pass, "");
    case("['ok', 'bad']", "{'all': {'equals': 'ok'}}", Fail, "all: [1]: bad is not ok");
    case("['a1', 'b']", "{'all': {'matches': '^[a-z][0-9]$'}}", Fail, "all: [1]: b does not match ^[a-z][0-9]$");
    case("[9, 1, 2, 1]", "{'stays': {'max': 3}}", Pass, "");
    case("[9, 1, 8, 1]", "{'stays': {'max': 3}}", Fail, "stays: [2]: 8 is above 3, after [1] was inside");
    case("[9, 8]", "{'stays': {'max': 3}}", Fail, "stays: no value is inside of the limits");
}

#[test]
fn envelopes_are_linear_between_points() {
    let limits = "{'envelope': [[0, 0, 10], [2, -1, 4], [4, -1, 4]], 'unit': 'V'}";
    case("[0, 0, 4, 4, -1]", limits, Pass, "");
    case("[0, 7, 0]", limits, Pass, "");
    case("[0, 7.1, 0]", limits, Fail, "envelope: [1]: 7.1 V is above 7 V");
    case("[0, -0.6, 0]", limits, Fail, "envelope: [1]: -600 mV is below -500 mV");
    case("[0, 0, 0, 0, 0, 0]", limits, Fail, "envelope: [5]: the envelope has no limits there");
    let one_sided = "{'envelope': [[0, None, 1], [5, None, 2]]}";
    case("[-1e9, 1]", one_sided, Pass, "");
    let item = judged(value("[1, 9.5]"), "{'envelope': [[0, 0, 10], [1, 0, 10]]}");
    assert_eq!((item.parts[0].value.clone(), item.parts[0].name.as_str()), (json!(0.5), "envelope"));
}

#[test]
fn a_violation_has_its_place() {
    let item = judged(value("[1, 5, 6]"), "{'all': {'max': 4}, 'x': [0.5, 1.5, 2.5], 'x_unit': 's'}");
    let part = &item.parts[0];
    assert_eq!(part.violation, Some(Violation { index: 1, x: Some(1.5), value: json!(5.0), count: 2 }));
    assert_eq!(part.value, json!({ "lowest": 1.0, "highest": 6.0 }));
    assert_eq!(part.reasons, ["[1] at 1.5 s: 5 is above 4 (and 1 more)"]);
}

#[test]
fn tables_are_judged_by_column() {
    let columns = "{'columns': [{'name': 'frequency', 'unit': 'Hz', 'monotonic': 'strictly rising'},
        {'name': 'gain', 'unit': 'dB', 'all': {'min': -3}}, 'note']}";
    case("[[10, -0.1, 'a'], [1000, -2.9, 'b']]", columns, Pass, "");
    case(
        "[[10, -0.1, 'a'], [1000, -3.4, 'b'], [1000, -9, '']]",
        columns,
        Fail,
        "frequency: monotonic: [2]: 1 kHz after 1 kHz; gain: all: [1] at frequency 1 kHz: -3.4 dB is below -3 dB (and 1 more)",
    );
    case("[{'frequency': 10, 'gain': 0, 'note': ''}]", columns, Fail, "frequency: monotonic: needs at least 2 values");
    case("[[10, 0]]", columns, Fail, "row [0] has 2 values for 3 columns");
    case("[{'frequency': 10, 'gain': 0}]", columns, Fail, "row [0] has no `note`");
    case("[{'frequency': 1, 'gain': 0, 'note': 1, 'x': 1}]", columns, Fail, "row [0] has `x`, which is not a column");
    case("[5]", columns, Fail, "row [0] is an integer, not an array or a map");
    case("5", columns, Fail, "`columns` needs an array of rows, the value is an integer");
    case("[]", columns, Fail, "frequency: monotonic: the column is empty; gain: all: the column is empty");
    let item = judged(value("[{'b': 2, 'a': 1}]"), "{'columns': ['a', 'b']}");
    assert_eq!((item.value, item.columns.len(), item.outcome), (json!([[1, 2]]), 2, Pass));
}

#[test]
fn values_are_rounded_before_they_are_judged() {
    let round = |number: f64, digits: i64| {
        let item = judged(V::Float(number), &format!("{{'precision': {digits}}}"));
        (item.value.as_f64().unwrap(), item.raw.unwrap().as_f64().unwrap())
    };
    assert_eq!(round(2.675, 2), (2.67, 2.675));
    assert_eq!(round(0.5, 0), (0.0, 0.5));
    assert_eq!(round(1.5, 0), (2.0, 1.5));
    assert_eq!(round(-1.25, 1), (-1.2, -1.25));
    case("3.404", "{'max': 3.4}", Fail, "3.404 is above 3.4");
    case("3.404", "{'max': 3.4, 'precision': 2}", Pass, "");
    case("[3.404, 1]", "{'all': {'max': 3.4}, 'precision': 2}", Pass, "");
}

#[test]
fn units_are_converted_by_their_prefixes() {
    let judge = |value_unit: &str, number: V| {
        let options = [("unit", V::Str("V".to_owned())), ("max", V::Float(3.4))];
        let plan = Plan::read(options.iter().map(|(key, value)| (*key, value)), Some(value_unit.to_owned()))?;
        Ok::<_, Wrong>(plan.judge("m", Subject::Value(number)).unwrap())
    };
    let Judged { measurement, changed } = judge("mV", V::Int(3400)).unwrap();
    assert_eq!((measurement.outcome, measurement.value, measurement.unit.as_str()), (Pass, json!(3.4), "V"));
    assert_eq!(
        (measurement.raw, measurement.raw_unit.as_deref(), changed),
        (Some(json!(3400)), Some("mV"), Some(V::Float(3.4)))
    );
    assert_eq!(judge("mV", V::Int(3401)).unwrap().measurement.all_reasons(), ["3.401 V is above 3.4 V"]);
    let wrong = judge("mA", V::Int(1)).map(|_| ()).unwrap_err();
    assert_eq!(wrong.message, "`mA` cannot be converted to `V`, the unit of the limits");
}

#[test]
fn series_are_judged_over_their_time() {
    let samples = |values: Vec<Vec<f64>>, columns: &[&str]| SeriesSamples {
        name: "supply".to_owned(),
        unit: "mV".to_owned(),
        columns: columns.iter().map(|column| (*column).to_owned()).collect(),
        times: values.first().map_or_else(Vec::new, |first| (0..first.len()).map(|index| index as f64 * 0.5).collect()),
        values,
    };
    let judge = |options: &str, samples: SeriesSamples| plan(options)?.judge("m", Subject::Series(samples));
    let one = || samples(vec![vec![3300.0, 3310.0, 3330.0]], &["supply"]);
    let reasons =
        |options: &str, samples: SeriesSamples| judge(options, samples).unwrap().measurement.all_reasons().join("; ");
    assert_eq!(reasons("{'all': {'max': 3.32}, 'unit': 'V'}", one()), "all: [2] at 1 s: 3.33 V is above 3.32 V");
    assert_eq!(reasons("{'slope': {'max': 29}}", one()), "slope: 30 mV/s is above 29 mV/s");
    assert_eq!(
        reasons("{'max': 9}", one()),
        "`max` needs a single value, not a series; `all` limits each of its values"
    );
    assert_eq!(reasons("{'all': {'max': 9}}", samples(vec![vec![]], &["supply"])), "all: the series is empty");
    let item = judge("{'mean': {'min': 0}}", one()).unwrap().measurement;
    assert_eq!(
        (item.value, item.unit.as_str(), item.outcome),
        (json!({ "series": "supply", "samples": 3 }), "mV", Pass)
    );
    let two = || samples(vec![vec![1.0], vec![5.0]], &["a", "b"]);
    assert_eq!(
        reasons("{'columns': [{'name': 'b', 'all': {'max': 4}}]}", two()),
        "b: all: [0] at 0 s: 5 mV is above 4 mV"
    );
    let message = |options: &str, samples| judge(options, samples).map(|_| ()).unwrap_err().message;
    assert_eq!(
        message("{'x': [1], 'mean': {'min': 0}}", one()),
        "`x` for the series `supply`, whose samples have their times"
    );
    assert_eq!(message("{'columns': ['c']}", two()), "the series `supply` has no column `c`");
    assert_eq!(message("{'mean': {'min': 0}}", two()), "the series `supply` has 2 columns");
    assert_eq!(
        message("{'mean': {'min': 0}, 'unit': 'A'}", one()),
        "`mV`, the unit of the series, cannot be converted to `A`"
    );
}

#[test]
fn old_records_are_still_read() {
    let old = r#"{"name":"m","value":3.3,"unit":"V","min":3.2,"max":null,"equals":"x","outcome":"fail"}"#;
    let item: Measurement = serde_json::from_str(old).unwrap();
    assert_eq!((item.outcome, item.parts.len(), item.is_judged()), (Fail, 0, true));
    let text = serde_json::to_string(&Measurement { name: "m".to_owned(), ..Measurement::default() }).unwrap();
    assert_eq!(text, r#"{"name":"m","value":null,"unit":"","min":null,"max":null,"outcome":"pass"}"#);
}
