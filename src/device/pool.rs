//! A pool of connections that outlive their device, so that the next run of a script can reuse them.
//!
//! While a [`Host`] keeps connections, a closed device leaves its board here, with a record of what was sent to it; the next
//! device on the same port with the same options takes it over, and only differences are sent. Invariant: a board is in the
//! pool or with one device, never both, and functions count as present only after checking the board.

use crate::board::command::{Command, Outcome};
use crate::board::{Board, Helper};
use crate::device::class::Item;
use crate::device::handle::Device;
use crate::device::host::Host;
use crate::device::kept::{IdleBoard, Key, Sent};
use crate::device::limits::{Limit, MAIN_LIMIT};
use crate::device::lock::lock;
use crate::device::options::OpenOptions;
use crate::device::state::{self, State};
use crate::device::{link_errors, source};
use crate::error::Result;
use crate::name::Name;
use crate::port::Abilities;
use crate::repl::Failure;
use crate::value::Value;
use std::sync::Arc;

impl Host {
    /// Sets whether a closed device leaves its connection for the next one.
    pub fn keep_links(&self, keep: bool) {
        lock(&self.0.pool).keeps = keep;
    }

    /// Starts a run: from now on, the kept connections can be reused. A run never reuses its own.
    pub fn begin_run(&self) {
        lock(&self.0.pool).runs += 1;
    }

    /// Closes the kept connections.
    pub fn release_links(&self) {
        for mut idle in std::mem::take(&mut lock(&self.0.pool).idle) {
            idle.board.leave();
        }
    }

    /// Keeps the connection of a device on closing, or closes it.
    pub(super) fn keep(&self, key: Option<&Key>, name: &str, state: &mut State) {
        let Some(mut board) = state.board.take() else { return };
        let keeps = lock(&self.0.pool).keeps;
        match key.filter(|_| keeps && !board.is_lost()) {
            None => board.leave(),
            Some(key) => {
                let (sent, is_busy) = (std::mem::take(&mut state.sent), state.has_threads);
                let mut pool = lock(&self.0.pool);
                let (key, name, run) = (key.clone(), name.to_owned(), pool.runs);
                pool.idle.push(IdleBoard { key, name, run, board, sent, is_busy });
            }
        }
    }

    /// A connected board from the pool, and the functions on it. `None`: there is none, or it is unusable.
    ///
    /// # Errors
    /// Interrupted.
    pub(super) fn take_over(
        &self,
        key: Option<&Key>,
        name: &str,
        options: &OpenOptions,
    ) -> Result<Option<(Board, Vec<Sent>)>> {
        let Some(mut idle) = key.and_then(|key| self.take_idle(key, name)) else { return Ok(None) };
        let revived = self.revive(&mut idle, name, options);
        match revived {
            Ok(true) => Ok(Some((idle.board, idle.sent))),
            Ok(false) => {
                idle.board.leave();
                Ok(None)
            }
            Err(failure @ Failure::Interrupted) => {
                idle.board.leave();
                Err(link_errors::error(failure, Abilities::default(), None, None))
            }
            // Connecting again will report the problem.
            Err(_) => {
                idle.board.leave();
                Ok(None)
            }
        }
    }

    fn take_idle(&self, key: &Key, name: &str) -> Option<IdleBoard> {
        let mut pool = lock(&self.0.pool);
        let current = pool.runs;
        let all = &mut pool.idle;
        let fits = |idle: &IdleBoard| idle.key == *key && idle.run < current;
        let index = all.iter().position(|idle| fits(idle) && idle.name == name);
        if let Some(index) = index.or_else(|| all.iter().position(fits)) {
            return Some(all.remove(index));
        }
        // A device closed in this run is opened again as usual.
        let own = all.iter().position(|idle| idle.key == *key)?;
        all.remove(own).board.leave();
        None
    }

    /// Makes a board ready for its next device. `false`: it must be connected again.
    fn revive(&self, idle: &mut IdleBoard, name: &str, options: &OpenOptions) -> std::result::Result<bool, Failure> {
        let (wait, _) =
            state::wait(self, Limit { timeout: Some(crate::device::limits::CONNECT_LIMIT), interruptible: true });
        let output = self.output();
        let lines = crate::device::lines::LineMap::default();
        let mut filter = crate::device::output::Filter::default();
        let mut sink = |bytes: &[u8]| output.boot(name, &filter.feed(bytes, &lines).text);
        let board = &mut idle.board;
        if options.soft_reset == Some(true) || idle.is_busy {
            if !board.abilities().soft_reset || board.soft_reset(MAIN_LIMIT, wait, &mut sink).is_err() {
                return Ok(false);
            }
            idle.sent.clear();
            return Ok(true);
        }
        match board.run(&look_for(board, &idle.sent), wait, &mut sink)? {
            Outcome::Value(payload) => match payload.value() {
                Ok(Value::List(gone)) => {
                    let is_gone =
                        |sent: &Sent| gone.iter().any(|name| matches!(name, Value::Str(text) if *text == *sent.name));
                    idle.sent.retain(|sent| !is_gone(sent));
                    Ok(true)
                }
                _ => Ok(false),
            },
            Outcome::Raised(_) => Ok(false),
        }
    }
}

/// Frees the last run's objects on the board, and asks which functions are missing.
fn look_for(board: &Board, sent: &[Sent]) -> Command {
    let names: String = sent.iter().map(|sent| format!("'{}',", sent.name)).collect();
    let mut code = String::new();
    if board.has(Helper::Proxies) {
        code.push_str("__belay_o.clear()\n");
    }
    if board.has(Helper::Generators) {
        code.push_str("__belay_d.clear()\n");
    }
    code.push_str(&format!("__belay([n for n in ({names})if not callable(globals().get(n))])"));
    Command::new(code)
}

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
            let run = state::Run { device: self.name(), item: "", piece: None, limit: self.default_limit() };
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
