//! Verdicts: each has a word, a shape and a colour, so that none depends on colour vision.

use super::markup::Markup;
use crate::bench::event::Outcome;
use crate::bench::tally::Counts;
use crate::phrase;

/// The verdict as the headline shows it: `PASS`, or `PASS (simulated)`.
pub fn headline(outcome: Outcome, simulated: bool) -> String {
    let word = match outcome {
        Outcome::Skip => "SKIPPED",
        Outcome::Pass => "PASS",
        Outcome::Marginal => "MARGINAL",
        Outcome::Fail => "FAIL",
        Outcome::Timeout => "TIMEOUT",
        Outcome::Error => "ERROR",
    };
    if simulated { format!("{word} (simulated)") } else { word.to_owned() }
}

/// The name of its shape.
fn symbol(outcome: Outcome) -> String {
    format!("sign-{}", outcome.word())
}

/// The shapes of all verdicts and the hatching of marginal zones, defined once for the page.
pub fn symbols(markup: &mut Markup<'_>) {
    markup.element(
        "svg",
        &[("class", &"symbols"), ("width", &0), ("height", &0), ("aria-hidden", &"true")],
        |markup| {
            for outcome in Outcome::ALL {
                let (body, sign) = drawing(outcome);
                markup.element("symbol", &[("id", &symbol(outcome)), ("viewBox", &"0 0 24 24")], |markup| {
                    let dashes = if outcome == Outcome::Skip { "3 2.6" } else { "none" };
                    let fill = if outcome == Outcome::Skip { "none" } else { "currentColor" };
                    markup.empty(
                        "path",
                        &[
                            ("d", &body),
                            ("fill", &fill),
                            ("stroke", &"currentColor"),
                            ("stroke-width", &2),
                            ("stroke-linejoin", &"round"),
                            ("stroke-dasharray", &dashes),
                        ],
                    );
                    let class = if outcome == Outcome::Skip { "sign-line open" } else { "sign-line" };
                    markup.empty("path", &[("d", &sign), ("class", &class)]);
                });
            }
            markup.element("defs", &[], |markup| {
                markup.element(
                    "pattern",
                    &[
                        ("id", &"hatch"),
                        ("width", &5),
                        ("height", &5),
                        ("patternUnits", &"userSpaceOnUse"),
                        ("patternTransform", &"rotate(45)"),
                    ],
                    |markup| {
                        markup.empty("rect", &[("class", &"hatch-ground"), ("width", &5), ("height", &5)]);
                        markup.empty("rect", &[("class", &"hatch-line"), ("width", &2), ("height", &5)]);
                    },
                );
            });
        },
    );
}

/// The outline of a shape and the sign in it, in a square of 24.
fn drawing(outcome: Outcome) -> (&'static str, &'static str) {
    const CIRCLE: &str = "M12 2a10 10 0 1 0 0 20a10 10 0 1 0 0-20z";
    match outcome {
        Outcome::Skip => (CIRCLE, "M7.5 12h9"),
        Outcome::Pass => (CIRCLE, "M7 12.5l3.5 3.5l6.5-7.5"),
        Outcome::Marginal => ("M12 2.5L23 21.5H1z", "M12 9v6M12 18v.6"),
        Outcome::Fail => ("M8 2h8l6 6v8l-6 6h-8l-6-6v-8z", "M8 8l8 8M16 8l-8 8"),
        Outcome::Timeout => (CIRCLE, "M12 6v6.4l4 2.6"),
        Outcome::Error => ("M12 1L23 12L12 23L1 12z", "M12 6.5v7M12 17v.6"),
    }
}

/// The shape alone.
pub fn sign(markup: &mut Markup<'_>, outcome: Outcome) {
    markup.element("svg", &[("class", &"sign"), ("aria-hidden", &"true")], |markup| {
        markup.empty("use", &[("href", &format_args!("#{}", symbol(outcome)))]);
    });
}

/// Shape and word.
pub fn badge(markup: &mut Markup<'_>, outcome: Outcome) {
    markup.element("span", &[("class", &format_args!("badge {}", outcome.word()))], |markup| {
        sign(markup, outcome);
        markup.text(outcome.word());
    });
}

/// Summarises several verdicts, best first: `4 passed, 1 failed`.
pub fn counts(counts: &Counts) -> String {
    let parts = [Outcome::Pass, Outcome::Marginal, Outcome::Skip, Outcome::Fail, Outcome::Timeout, Outcome::Error].map(
        |outcome| {
            let count = counts.of(outcome);
            (count > 0).then(|| match outcome {
                Outcome::Pass => format!("{count} passed"),
                Outcome::Marginal => format!("{count} marginal"),
                Outcome::Skip => format!("{count} skipped"),
                Outcome::Fail => format!("{count} failed"),
                Outcome::Timeout => phrase::count(count, "timeout"),
                Outcome::Error => phrase::count(count, "error"),
            })
        },
    );
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}
