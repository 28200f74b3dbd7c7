//! Boards whose connection outlives their device, so that the next run of a script goes on with them.
//!
//! While a [`Host`] keeps links, a device that is closed leaves its board here, with what was sent to it; the next device
//! that is opened on the same port with the same options takes it over, and only what differs is sent. Invariant: a board is
//! here or with one device, never both, and what is held to live on it was looked for on it.

use crate::board::command::{Command, Outcome};
use crate::board::{Board, Helper};
use crate::device::class::Item;
use crate::device::handle::Device;
use crate::device::host::Host;
use crate::device::kept::{Key, Parked, Sent};
use crate::device::limits::{Limit, MAIN_LIMIT};
use crate::device::lock::lock;
use crate::device::options::OpenOptions;
use crate::device::state::{self, State};
use crate::device::{faults, source};
use crate::error::Result;
use crate::name::Name;
use crate::port::Abilities;
use crate::repl::Failure;
use crate::value::Value;
use std::sync::Arc;

impl Host {
    /// Whether a device that is closed leaves its connection for the next one.
    pub fn keep_links(&self, keep: bool) {
        lock(&self.0.pool).keeps = keep;
    }

    /// From now on, connections that are kept can be taken over: a run never takes over its own.
    pub fn begin_run(&self) {
        lock(&self.0.pool).runs += 1;
    }

    /// Closes the connections that are kept.
    pub fn release_links(&self) {
        for mut parked in std::mem::take(&mut lock(&self.0.pool).parked) {
            parked.board.leave();
        }
    }

    /// Keeps the connection of a device that is being closed, or leaves the board.
    pub(super) fn park(&self, key: Option<&Key>, name: &str, state: &mut State) {
        let Some(mut board) = state.board.take() else { return };
        let keeps = lock(&self.0.pool).keeps;
        match key.filter(|_| keeps && !board.is_lost()) {
            None => board.leave(),
            Some(key) => {
                let (sent, is_busy) = (std::mem::take(&mut state.sent), state.has_threads);
                let mut pool = lock(&self.0.pool);
                let (key, name, run) = (key.clone(), name.to_owned(), pool.runs);
                pool.parked.push(Parked { key, name, run, board, sent, is_busy });
            }
        }
    }

    /// A board that is connected already, and the functions that live on it. `None`: there is none, or it is of no use.
    ///
    /// # Errors
    /// Interrupted.
    pub(super) fn take_over(
        &self,
        key: Option<&Key>,
        name: &str,
        options: &OpenOptions,
    ) -> Result<Option<(Board, Vec<Sent>)>> {
        let Some(mut parked) = key.and_then(|key| self.take_parked(key, name)) else { return Ok(None) };
        let revived = self.revive(&mut parked, name, options);
        match revived {
            Ok(true) => Ok(Some((parked.board, parked.sent))),
            Ok(false) => {
                parked.board.leave();
                Ok(None)
            }
            Err(failure @ Failure::Interrupted) => {
                parked.board.leave();
                Err(faults::error(failure, Abilities::default(), None, None))
            }
            // What is wrong with it shows when it is connected anew.
            Err(_) => {
                parked.board.leave();
                Ok(None)
            }
        }
    }

    fn take_parked(&self, key: &Key, name: &str) -> Option<Parked> {
        let mut pool = lock(&self.0.pool);
        let current = pool.runs;
        let all = &mut pool.parked;
        let fits = |parked: &Parked| parked.key == *key && parked.run < current;
        let index = all.iter().position(|parked| fits(parked) && parked.name == name);
        if let Some(index) = index.or_else(|| all.iter().position(fits)) {
            return Some(all.remove(index));
        }
        // One that was closed in this run is to be opened anew, as without this.
        let own = all.iter().position(|parked| parked.key == *key)?;
        all.remove(own).board.leave();
        None
    }

    /// Makes a board ready for its next device. `false`: it must be connected anew.
    fn revive(&self, parked: &mut Parked, name: &str, options: &OpenOptions) -> std::result::Result<bool, Failure> {
        let (wait, _) =
            state::wait(self, Limit { timeout: Some(crate::device::limits::CONNECT_LIMIT), interruptible: true });
        let output = self.output();
        let lines = crate::device::lines::LineMap::default();
        let mut filter = crate::device::output::Filter::default();
        let mut sink = |bytes: &[u8]| output.boot(name, &filter.feed(bytes, &lines).text);
        let board = &mut parked.board;
        if options.soft_reset == Some(true) || parked.is_busy {
            if !board.abilities().soft_reset || board.soft_reset(MAIN_LIMIT, wait, &mut sink).is_err() {
                return Ok(false);
            }
            parked.sent.clear();
            return Ok(true);
        }
        match board.run(&look_for(board, &parked.sent), wait, &mut sink)? {
            Outcome::Value(payload) => match payload.value() {
                Ok(Value::List(gone)) => {
                    let is_gone =
                        |sent: &Sent| gone.iter().any(|name| matches!(name, Value::Str(text) if *text == *sent.name));
                    parked.sent.retain(|sent| !is_gone(sent));
                    Ok(true)
                }
                _ => Ok(false),
            },
            Outcome::Raised(_) => Ok(false),
        }
    }
}

/// Frees what the last run kept on the board, and asks which functions are no longer there.
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
    /// Finds out which of `items` live on a board that was taken over, and removes what is declared no more.
    ///
    /// # Errors
    /// Of a declaration that is wrong, or of the board.
    pub(super) fn take_up(&self, state: &mut State, items: &[Arc<Item>]) -> Result<()> {
        let Some(kept) = state.kept.take() else { return Ok(()) };
        let functions: Vec<&Arc<Item>> = items.iter().filter(|item| item.kind.is_function()).collect();
        let (mut same, mut sent) = (0, Vec::new());
        for item in &functions {
            let known = kept.iter().find(|known| known.name == item.name);
            let prepared = known.map(|known| source::function_at(item, known.blank).map(|prepared| (known, prepared)));
            match prepared.transpose()? {
                // The lines of the script may be others now.
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
        self.host().output().notice(&told(self.name(), kept.is_empty(), &sent, same, &removed));
        Ok(())
    }
}

/// What a person is told of a board that goes on.
fn told(device: &str, is_empty: bool, sent: &[String], same: usize, removed: &[String]) -> String {
    let mut parts = vec![format!("-- `{device}` is still connected")];
    match (sent, same) {
        ([], 0) => {}
        ([], _) => parts.push("nothing is to be sent".to_owned()),
        (sent, 0) if is_empty => parts.push(format!("everything is sent: {}", sent.join(", "))),
        (sent, _) => parts.push(format!("sent: {}", sent.join(", "))),
    }
    if same > 0 && !sent.is_empty() {
        parts.push(format!("{same} as before"));
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
    fn what_was_sent_is_told() {
        let words = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let case = |is_empty, sent: &[&str], same, removed: &[&str], wanted: &str| {
            assert_eq!(
                told("B", is_empty, &words(sent), same, &words(removed)),
                format!("-- `B` is still connected{wanted}")
            );
        };
        case(false, &[], 0, &[], "");
        case(false, &[], 3, &[], "; nothing is to be sent");
        case(false, &["task `a`", "task `b`"], 1, &["`c`"], "; sent: task `a`, task `b`; 1 as before; removed: `c`");
        case(true, &["task `a`"], 0, &[], "; everything is sent: task `a`");
    }
}
