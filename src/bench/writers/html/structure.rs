//! Subtests, diagnoses and checkpoints of a run; the parameters and diagnoses of a test.

use super::decided::table;
use super::failure;
use super::markup::Markup;
use super::outcome;
use super::overview::duration;
use crate::bench::archive::Run;
use crate::bench::event::{Diagnosis, GroupKind, Outcome};
use crate::bench::report::{Report, Test};

/// The subtests with their verdicts.
pub fn subtests(markup: &mut Markup<'_>, report: &Report) {
    let subtests = || report.groups.iter().filter(|group| group.kind == GroupKind::Subtest);
    if subtests().next().is_none() {
        return;
    }
    table(markup, "Subtests", &["Verdict", "Subtest", "Place", "Time"], |markup| {
        for group in subtests() {
            markup.element("tr", &[], |markup| {
                markup.element("td", &[], |markup| outcome::badge(markup, group.outcome));
                markup.element("td", &[], |markup| {
                    markup.leaf("bdi", &[], group.path());
                    let failed = group.error.as_ref().map(|failure| &failure.message);
                    if let Some(why) = failed.or(group.reason.as_ref()) {
                        markup.leaf("p", &[("class", &"why"), ("dir", &"auto")], why);
                    }
                });
                let place = group.error.as_ref().and_then(failure::place);
                markup.leaf("td", &[], place.unwrap_or_else(|| format!("{}:{}", group.file, group.line)));
                markup.leaf("td", &[], duration(group.duration_s));
            });
        }
    });
}

/// All diagnoses, with the tests that made them.
pub fn diagnoses(markup: &mut Markup<'_>, run: Run<'_>) {
    let mut made: Vec<(Option<String>, Diagnosis)> = Vec::new();
    for saved in run.tests() {
        let Some(saved) = markup.read(saved) else { return };
        let path = saved.test.path();
        made.extend(saved.test.diagnoses.into_iter().map(|diagnosis| (Some(path.clone()), diagnosis)));
    }
    made.extend(run.head().diagnoses.iter().map(|diagnosis| (None, diagnosis.clone())));
    if made.is_empty() {
        return;
    }
    table(markup, "Diagnoses", &["Verdict", "Diagnosis", "Component", "Test", "Place"], |markup| {
        for (test, diagnosis) in &made {
            markup.element("tr", &[], |markup| {
                markup.element("td", &[], |markup| {
                    if diagnosis.failure {
                        outcome::badge(markup, Outcome::Fail);
                    } else {
                        markup.text("–");
                    }
                });
                markup.element("td", &[], |markup| {
                    markup.leaf("bdi", &[], &diagnosis.name);
                    markup.leaf("p", &[("class", &"why"), ("dir", &"auto")], &diagnosis.text);
                });
                markup.leaf("td", &[("dir", &"auto")], diagnosis.component.as_deref().unwrap_or("–"));
                markup.leaf("td", &[("dir", &"auto")], test.as_deref().unwrap_or("–"));
                markup.leaf("td", &[], format_args!("{}:{}", diagnosis.file, diagnosis.line));
            });
        }
    });
}

/// The checkpoints.
pub fn checkpoints(markup: &mut Markup<'_>, report: &Report) {
    if report.checkpoints.is_empty() {
        return;
    }
    table(markup, "Checkpoints", &["Checkpoint", "Of", "Result", "Place"], |markup| {
        for checkpoint in &report.checkpoints {
            markup.element("tr", &[], |markup| {
                markup.leaf("th", &[("scope", &"row"), ("dir", &"auto")], &checkpoint.name);
                let of_run = checkpoint.ends_run || checkpoint.group.is_empty();
                let of = if of_run { "the run".to_owned() } else { checkpoint.group.join(" / ") };
                markup.leaf("td", &[("dir", &"auto")], of);
                let result = match &checkpoint.reason {
                    Some(reason) => format!("the rest was skipped: {reason}"),
                    None => "passed".to_owned(),
                };
                markup.leaf("td", &[("dir", &"auto")], result);
                markup.leaf("td", &[], format_args!("{}:{}", checkpoint.file, checkpoint.line));
            });
        }
    });
}

/// The parameters of a test, `volts = 1.5`.
pub fn parameters(markup: &mut Markup<'_>, test: &Test) {
    if test.parameters.is_empty() {
        return;
    }
    let shown = test.parameters.iter().map(|(name, value)| match value.as_str() {
        Some(text) => format!("{name} = {text}"),
        None => format!("{name} = {value}"),
    });
    markup.leaf("p", &[("class", &"origin"), ("dir", &"auto")], shown.collect::<Vec<_>>().join(", "));
}
