//! Errors with the script lines involved.

use super::markup::Markup;
use crate::bench::event::{Failure, Spot};

/// The place of a failure, `file:line`.
pub fn place(failure: &Failure) -> Option<String> {
    let file = failure.file.as_ref()?;
    Some(failure.line.map_or_else(|| file.clone(), |line| format!("{file}:{line}")))
}

/// A failure: what happened, where, and what to do.
pub fn show(markup: &mut Markup<'_>, failure: &Failure) {
    markup.element("div", &[("class", &"failure")], |markup| {
        markup.element("p", &[("class", &"message")], |markup| {
            markup.leaf("span", &[("class", &"kind")], &failure.kind);
            markup.text(" ");
            markup.leaf("bdi", &[], &failure.message);
        });
        if failure.places.is_empty()
            && let Some(place) = place(failure)
        {
            markup.leaf("p", &[("class", &"place")], format_args!("at {place}"));
        }
        for spot in &failure.places {
            excerpt(markup, spot);
        }
        for note in &failure.notes {
            markup.leaf("pre", &[("class", &"note")], note);
        }
        if let Some(help) = &failure.help {
            markup.leaf("p", &[("class", &"help")], format_args!("help: {help}"));
        }
    });
    failure.others.iter().for_each(|other| show(markup, other));
}

/// A line of a script, with a mark under the column.
fn excerpt(markup: &mut Markup<'_>, spot: &Spot) {
    let label = if spot.label.is_empty() { "at" } else { &spot.label };
    markup.leaf("p", &[("class", &"place")], format_args!("{label} {}:{}", spot.file, spot.line));
    if spot.text.trim().is_empty() {
        return;
    }
    let before = spot.column.saturating_sub(1) as usize;
    markup.element("pre", &[("class", &"excerpt")], |markup| {
        markup.leaf("span", &[("class", &"gutter")], format_args!("{:>4} │ ", spot.line));
        markup.text(&spot.text);
        if spot.column > 0 && before <= spot.text.chars().count() {
            // The padding has the same width as the text before the column, tabs included.
            let room: String = spot.text.chars().take(before).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
            markup.text("\n");
            markup.leaf("span", &[("class", &"gutter")], "     │ ");
            markup.text(room);
            markup.leaf("span", &[("class", &"caret")], "▲");
        }
    });
}
