//! The head of a run: the verdict, what ran where and by whom, the boards; and its foot, for a signature.

use super::markup::Markup;
use super::{failure, file_name, outcome};
use crate::bench::archive::Run;
use crate::bench::date;
use crate::bench::event::{Board, Instrument, Outcome};
use crate::bench::report::Report;
use crate::bench::simulated;
use crate::bench::tally::Counts;
use crate::phrase::{count, plural};
use crate::port::kind::Source;

/// A duration for people.
pub fn duration(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return "–".to_owned();
    }
    if seconds > 0.0 && seconds < 0.0005 {
        return "<\u{a0}1\u{a0}ms".to_owned();
    }
    if seconds < 0.9995 {
        return format!("{:.0}\u{a0}ms", seconds * 1e3);
    }
    if seconds < 59.995 {
        return format!("{seconds:.2}\u{a0}s");
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative, and saturates")]
    let whole = seconds.round() as u64;
    let (hours, minutes, seconds) = (whole / 3600, whole / 60 % 60, whole % 60);
    if hours == 0 {
        format!("{minutes}\u{a0}min {seconds}\u{a0}s")
    } else {
        format!("{hours}\u{a0}h {minutes}\u{a0}min {seconds}\u{a0}s")
    }
}

/// The verdict across the full width: shape, word, numbers, and the unit under test.
pub fn verdict(markup: &mut Markup<'_>, run: Run<'_>) {
    let report = run.head();
    markup.element("header", &[("class", &"top")], |markup| {
        markup.element("h1", &[], |markup| {
            markup.leaf("span", &[("class", &"label")], "Test report");
            markup.leaf("bdi", &[("title", &report.script)], file_name(&report.script));
        });
        markup.element("p", &[("class", &"when")], |markup| {
            let moment = date::shown(&report.started, report.started_local.as_deref());
            markup.leaf("time", &[("datetime", &report.started)], moment);
        });
    });
    if let Some(boards) = simulated::shown(&report.not_hardware()) {
        caution(markup, &boards);
    }
    let mut lines = summary(run);
    if report.boards.is_empty() {
        lines.push("no board was opened".to_owned());
    }
    banner(markup, (report.outcome, report.simulated), &lines, report.serial.as_deref());
    for failure in report.error.iter().chain(&report.closing) {
        failure::show(markup, failure);
    }
}

/// Warns that a verdict is not one on hardware.
fn caution(markup: &mut Markup<'_>, boards: &str) {
    markup.element("div", &[("class", &"caution"), ("role", &"note")], |markup| {
        markup.leaf("p", &[("class", &"mark")], "SIMULATED");
        markup.element("p", &[], |markup| {
            markup.text(format_args!("This is {}. Simulated: ", simulated::REMARK));
            markup.leaf("bdi", &[("class", &"name")], boards);
        });
    });
}

/// A text across every page, above everything: whoever sees a part of the page sees it.
pub fn watermark(markup: &mut Markup<'_>, runs: &[Run<'_>]) {
    let simulated = runs.iter().filter(|run| run.head().simulated).count();
    if simulated > 0 {
        let text = if simulated == runs.len() { "SIMULATED" } else { "PARTLY SIMULATED" };
        markup.element("div", &[("class", &"watermark"), ("aria-hidden", &"true")], |markup| {
            for _ in 0..3 {
                markup.leaf("span", &[], text);
            }
        });
    }
}

fn banner(markup: &mut Markup<'_>, (verdict, simulated): (Outcome, bool), summary: &[String], serial: Option<&str>) {
    markup.element("div", &[("class", &format_args!("banner {}", verdict.word()))], |markup| {
        outcome::sign(markup, verdict);
        markup.element("div", &[("class", &"said")], |markup| {
            markup.leaf("p", &[("class", &"verdict")], outcome::headline(verdict, simulated));
            for line in summary {
                markup.leaf("p", &[("class", &"summary")], line);
            }
        });
        if let Some(serial) = serial {
            markup.element("div", &[("class", &"unit")], |markup| {
                markup.leaf("p", &[("class", &"label")], "Serial number");
                markup.leaf("p", &[("class", &"serial")], serial);
            });
        }
    });
}

/// The totals of a run.
fn summary(run: Run<'_>) -> Vec<String> {
    let (sums, subtests) = (run.sums(), run.head().subtests());
    let mut lines = Vec::new();
    for (counts, noun) in [(&sums.tests, "test"), (&subtests, "subtest")] {
        if counts.total() > 0 {
            lines.push(format!("{}: {}", count(counts.total(), noun), outcome::counts(counts)));
        }
    }
    if sums.measured > 0 {
        let counts = outcome::counts(&sums.judged);
        let counts = match sums.measured - sums.judged.total() {
            0 => counts,
            loose if counts.is_empty() => format!("{loose} without limits"),
            loose => format!("{counts}, {loose} without limits"),
        };
        lines.push(format!("{}: {counts}", count(sums.measured, "measurement")));
    }
    if lines.is_empty() {
        lines.push("no tests, no measurements".to_owned());
    }
    lines
}

/// What ran, by whom, when, where.
pub fn facts(markup: &mut Markup<'_>, report: &Report) {
    let missing = "–".to_owned();
    let or_missing = |text: Option<&String>| text.filter(|text| !text.is_empty()).unwrap_or(&missing).clone();
    let revision = report.revision.as_ref().map(|revision| match revision.strip_suffix('+') {
        Some(clean) => format!("{clean}, with changes"),
        None => revision.clone(),
    });
    let facts = [
        ("Serial number", or_missing(report.serial.as_ref()), "half"),
        ("Variant", report.variant.clone().unwrap_or_default(), "half"),
        ("Operator", or_missing(report.operator.as_ref()), "half"),
        ("Duration", duration(report.duration_s), "half"),
        ("Program", format!("belay-script {}", report.version), "half"),
        ("Started", date::shown(&report.started, report.started_local.as_deref()), "wide"),
        ("Computer", report.host.clone(), "wide"),
        ("Script", report.script.clone(), "wide"),
        ("Arguments", report.args.join(" "), "wide"),
        ("Revision", or_missing(revision.as_ref()), "wide"),
        ("SHA-256 of the script", or_missing(Some(&report.sha256)), "code"),
    ];
    markup.element("dl", &[("class", &"facts")], |markup| {
        for (label, value, class) in facts.iter().filter(|(_, value, _)| !value.is_empty()) {
            markup.element("div", &[("class", class)], |markup| {
                markup.leaf("dt", &[], label);
                markup.leaf("dd", &[("dir", &"auto")], value);
            });
        }
    });
}

/// The boards, with what they report about themselves.
pub fn boards(markup: &mut Markup<'_>, boards: &[Board]) {
    if boards.is_empty() {
        return;
    }
    markup.leaf("h2", &[], plural(boards.len(), "Board"));
    markup.element("table", &[("class", &"boards")], |markup| {
        markup.element("thead", &[], |markup| {
            markup.element("tr", &[], |markup| {
                for label in ["Name", "Class", "Port", "Firmware", "Platform", "Identity"] {
                    markup.leaf("th", &[("scope", &"col")], label);
                }
            });
        });
        markup.element("tbody", &[], |markup| {
            for board in boards {
                markup.element("tr", &[], |markup| {
                    let firmware = format!("{} {}", board.implementation, board.firmware);
                    let identity = board.id.clone().or_else(|| board.unique_id.clone());
                    let identity = identity.unwrap_or_else(|| "–".to_owned());
                    let platform = board.machine.as_ref().unwrap_or(&board.platform);
                    markup.element("th", &[("scope", &"row")], |markup| {
                        markup.leaf("bdi", &[], &board.name);
                        if board.simulated {
                            markup.leaf("p", &[("class", &"not-real")], source(board));
                        }
                    });
                    for text in [&board.class, &board.port, &firmware, platform, &identity] {
                        markup.leaf("td", &[("dir", &"auto")], text);
                    }
                });
            }
        });
    });
}

/// The instruments, with what they report about themselves.
pub fn instruments(markup: &mut Markup<'_>, instruments: &[Instrument]) {
    if instruments.is_empty() {
        return;
    }
    let consoles = instruments.iter().filter(|one| one.console).count();
    let title = match instruments.len() - consoles {
        0 => plural(consoles, "Console"),
        others if consoles == 0 => plural(others, "Instrument"),
        others => format!("{} and {}", plural(others, "Instrument"), plural(consoles, "console")),
    };
    markup.leaf("h2", &[], title);
    markup.element("table", &[("class", &"boards")], |markup| {
        markup.element("thead", &[], |markup| {
            markup.element("tr", &[], |markup| {
                for label in ["Name", "Class", "Address", "Model", "Serial number", "Firmware", "Calibrated"] {
                    markup.leaf("th", &[("scope", &"col")], label);
                }
            });
        });
        markup.element("tbody", &[], |markup| {
            for one in instruments {
                markup.element("tr", &[], |markup| {
                    markup.element("th", &[("scope", &"row")], |markup| {
                        markup.leaf("bdi", &[], &one.name);
                        if one.simulated {
                            markup.leaf("p", &[("class", &"not-real")], "simulated");
                        }
                    });
                    let model = format!("{} {}", one.manufacturer, one.model);
                    let calibrated = one.calibrated.clone().unwrap_or_default();
                    for text in [&one.class, &one.port, &model, &one.serial, &one.firmware, &calibrated] {
                        let text = if text.trim().is_empty() { "–" } else { text.as_str() };
                        markup.leaf("td", &[("dir", &"auto")], text);
                    }
                });
            }
        });
    });
}

/// What answered in place of a board.
fn source(board: &Board) -> &'static str {
    match board.source {
        Some(Source::Recording) => "recording",
        Some(Source::Program) => "program",
        _ => "simulated",
    }
}

/// Signature lines, printed on paper only.
pub fn signatures(markup: &mut Markup<'_>, report: &Report) {
    let tested = report.operator.as_ref().map_or_else(|| "Tested by".to_owned(), |name| format!("Tested by: {name}"));
    markup.element("div", &[("class", &"signatures"), ("aria-hidden", &"true")], |markup| {
        if report.simulated {
            markup.leaf("p", &[("class", &"not-real")], format_args!("simulated: {}", simulated::REMARK));
        }
        for who in [tested.as_str(), "Released by"] {
            markup.element("div", &[("class", &"signature")], |markup| {
                for label in [who, "Date", "Signature"] {
                    markup.leaf("p", &[], label);
                }
            });
        }
    });
}

/// How the page was made.
pub fn foot(markup: &mut Markup<'_>, report: &Report) {
    let text = format!("Made by belay-script {} of the record of this run, schema {}.", report.version, report.schema);
    markup.leaf("footer", &[], text);
}

/// The verdicts of several runs, each with a link.
pub fn of_runs(markup: &mut Markup<'_>, runs: &[Run<'_>], worst: Outcome) {
    markup.element("section", &[("class", &"run")], |markup| {
        markup.element("header", &[("class", &"top")], |markup| {
            markup.leaf("h1", &[], "Test report");
            let first = runs.iter().map(|run| run.head()).min_by_key(|head| &head.started);
            let moment = first.map(|head| date::shown(&head.started, head.started_local.as_deref()));
            markup.leaf("p", &[("class", &"when")], moment.unwrap_or_default());
        });
        let of_runs: Counts = runs.iter().map(|run| run.head().outcome).collect();
        let mut tests = Counts::default();
        runs.iter().for_each(|run| tests.add_all(&run.sums().tests));
        let mut summary = vec![format!("{}: {}", count(runs.len(), "run"), outcome::counts(&of_runs))];
        if tests.total() > 0 {
            summary.push(format!("{}: {}", count(tests.total(), "test"), outcome::counts(&tests)));
        }
        let boards: Vec<Board> = runs.iter().flat_map(|run| run.head().not_hardware()).collect();
        if let Some(boards) = simulated::shown(&boards) {
            caution(markup, &boards);
        }
        banner(markup, (worst, runs.iter().any(|run| run.head().simulated)), &summary, None);
        markup.element("table", &[("class", &"runs")], |markup| {
            markup.element("thead", &[], |markup| {
                markup.element("tr", &[], |markup| {
                    for label in ["Verdict", "Run", "Serial number", "Tests"] {
                        markup.leaf("th", &[("scope", &"col")], label);
                    }
                    markup.leaf("th", &[("scope", &"col"), ("class", &"number")], "Time");
                });
            });
            markup.element("tbody", &[], |markup| {
                for (number, run) in (1..).zip(runs) {
                    markup.element("tr", &[], |markup| row_of_run(markup, *run, number));
                }
            });
        });
    });
}

fn row_of_run(markup: &mut Markup<'_>, run: Run<'_>, number: usize) {
    let (run, tests) = (run.head(), run.sums().tests);
    markup.element("td", &[], |markup| {
        outcome::badge(markup, run.outcome);
        if run.simulated {
            markup.leaf("p", &[("class", &"not-real")], "simulated");
        }
    });
    markup.element("td", &[], |markup| {
        markup.leaf("a", &[("href", &format_args!("#run{number}"))], &run.script);
        if let Some(failure) = &run.error {
            markup.leaf("p", &[("class", &"why"), ("dir", &"auto")], &failure.message);
        }
    });
    markup.leaf("td", &[("dir", &"auto")], run.serial.as_deref().unwrap_or("–"));
    markup.leaf("td", &[], outcome::counts(&tests));
    markup.leaf("td", &[("class", &"number")], duration(run.duration_s));
}
