//! `measure` against OpenHTF's own validators: `tests/data/openhtf/judge.py` says how its verdicts were made.

use belay_script::bench::event::Outcome;
use belay_script::bench::measurement::{Plan, Subject};
use belay_script::value::Value;
use serde_json::Value as Json;

const VERDICTS: &str = include_str!("../data/openhtf/verdicts.jsonl");

fn value(json: &Json) -> Value {
    match json {
        Json::Null => Value::None,
        Json::Bool(on) => Value::Bool(*on),
        Json::Number(number) => number.as_i64().map_or_else(|| Value::Float(number.as_f64().unwrap()), Value::Int),
        Json::String(text) => Value::Str(text.clone()),
        Json::Array(items) => Value::List(items.iter().map(value).collect()),
        Json::Object(map) => match map.get("float").and_then(Json::as_str) {
            Some(float) => Value::Float(float.parse().unwrap()),
            None => Value::Dict(map.iter().map(|(key, item)| (Value::Str(key.clone()), value(item))).collect()),
        },
    }
}

/// The verdict of `measure`; `error` if it refuses the options.
fn verdict(options: &Json, subject: &Json) -> &'static str {
    let options: Vec<(String, Value)> =
        options.as_object().unwrap().iter().map(|(key, option)| (key.clone(), value(option))).collect();
    let Ok(plan) = Plan::read(options.iter().map(|(key, option)| (key.as_str(), option)), None) else { return "error" };
    match plan.judge("m", Subject::Value(value(subject))).unwrap().measurement.outcome {
        Outcome::Pass => "pass",
        Outcome::Marginal => "marginal",
        Outcome::Fail => "fail",
        other => panic!("{other:?}"),
    }
}

#[test]
fn verdicts_match_openhtf_or_differ_for_a_known_reason() {
    let (mut wrong, mut differing) = (Vec::new(), 0);
    for line in VERDICTS.lines() {
        let row: Json = serde_json::from_str(line).unwrap();
        let ours = verdict(&row["options"], &row["value"]);
        let theirs = row["verdict"].as_str().unwrap();
        let agrees = match row.get("measure") {
            Some(measure) => {
                differing += 1;
                measure == ours
            }
            // An exception of OpenHTF and a failure both keep the value from passing.
            None => ours == theirs || matches!((theirs, ours), ("error", "fail") | ("fail", "error")),
        };
        if !agrees {
            wrong.push(format!("{ours} {line}"));
        }
    }
    assert!(wrong.is_empty(), "{} rows:\n{}", wrong.len(), wrong.join("\n"));
    assert!(VERDICTS.lines().count() > 900 && differing > 50);
}
