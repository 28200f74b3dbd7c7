//! Declares the items of a device on a board that an earlier device has left.
//!
//! Invariant: functions count as present only if the board was asked for them, and only differences are sent.

use crate::board::command::Command;
use crate::device::class::Item;
use crate::device::handle::Device;
use crate::device::source;
use crate::device::state::{self, State};
use crate::error::Result;
use crate::name::Name;
use std::sync::Arc;

impl Device {
    /// Finds which of `items` are on a reused board, and removes those that are no longer declared.
    ///
    /// # Errors
    /// Errors of a wrong declaration, or of the board.
    pub(super) fn take_up(&self, state: &mut State, items: &[Arc<Item>]) -> Result<()> {
        let Some(kept) = state.kept.take() else { return Ok(()) };
        let functions: Vec<&Arc<Item>> = items.iter().filter(|item| item.kind.is_function()).collect();
        let (mut same, mut sent) = (0, Vec::new());
        for item in &functions {
            let known = kept.iter().find(|known| known.name == item.name);
            let prepared = known.map(|known| source::function_at(item, known.blank).map(|prepared| (known, prepared)));
            match prepared.transpose()? {
                // The lines of the script may have changed.
                Some((known, prepared)) if prepared.text() == known.text => {
                    state.lines.insert(&prepared.defined, &prepared.piece);
                    state.sent.push(known.clone());
                    state.unchanged.push(item.name.clone());
                    same += 1;
                }
                _ => sent.push(item.words()),
            }
        }
        let removed =
            kept.iter().map(|known| &known.name).filter(|name| functions.iter().all(|item| item.name != **name));
        let removed: Vec<&Name> = removed.collect();
        if !removed.is_empty() {
            let names: String = removed.iter().map(|name| format!("'{name}',")).collect();
            let code = format!("for __belay_k in ({names}):globals().pop(__belay_k,None)\ndel __belay_k");
            let run = state::Run { device: self.name(), item: None, piece: None, limit: self.default_limit() };
            state.run(self.host(), &run, &Command::statements(&code))?;
        }
        let removed: Vec<String> = removed.iter().map(|name| format!("`{name}`")).collect();
        self.host().output().notice(&reused(self.name(), kept.is_empty(), &sent, same, &removed));
        Ok(())
    }
}

/// The notice about a reused board.
fn reused(device: &str, is_empty: bool, sent: &[String], same: usize, removed: &[String]) -> String {
    let mut parts = vec![format!("-- `{device}` is still connected")];
    match (sent, same) {
        ([], 0) => {}
        ([], _) => parts.push("nothing to send".to_owned()),
        (sent, 0) if is_empty => parts.push(format!("sending everything: {}", sent.join(", "))),
        (sent, _) => parts.push(format!("sent: {}", sent.join(", "))),
    }
    if same > 0 && !sent.is_empty() {
        parts.push(format!("{same} unchanged"));
    }
    if !removed.is_empty() {
        parts.push(format!("removed: {}", removed.join(", ")));
    }
    parts.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_notice_lists_what_was_sent() {
        let words = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let case = |is_empty, sent: &[&str], same, removed: &[&str], wanted: &str| {
            assert_eq!(
                reused("B", is_empty, &words(sent), same, &words(removed)),
                format!("-- `B` is still connected{wanted}")
            );
        };
        case(false, &[], 0, &[], "");
        case(false, &[], 3, &[], "; nothing to send");
        case(false, &["task `a`", "task `b`"], 1, &["`c`"], "; sent: task `a`, task `b`; 1 unchanged; removed: `c`");
        case(true, &["task `a`"], 0, &[], "; sending everything: task `a`");
    }
}
