//! `:time`: measures how long an input takes.
//!
//! Invariant: what takes longer than 0.2 s, or declares something, is evaluated once.

use super::super::command::Next;
use super::{Kept, Prompt};
use crate::cli::misuse;
use crate::script::{Timed, duration};

impl Prompt {
    /// `:time EXPR`.
    pub(in crate::cli::prompt) fn time(&mut self, input: &str) -> Next {
        if input.is_empty() {
            self.complain(&misuse("missing expression", "for example `:time d.exec(\"1 + 1\")`"));
            return Next::Stay;
        }
        self.inputs += 1;
        let name = format!("<{}>", self.inputs);
        let result = self.calling(|session| session.time(&name, input));
        self.console.end_lines();
        match result {
            Ok(timed) => {
                self.kept.push(Kept { name, text: input.to_owned() });
                if let Some(value) = &timed.value {
                    self.show(value);
                }
                self.console.text(&shown(&timed));
            }
            Err(failure) => self.complain(&failure),
        }
        if self.session.exit().is_some() { Next::Leave } else { Next::Stay }
    }
}

fn shown(timed: &Timed) -> String {
    let (best, median) = timed.best_and_median();
    match timed.times.len() {
        1 => format!("{}\n", duration(best)),
        count => format!("best {}, median {} of {count} runs\n", duration(best), duration(median)),
    }
}
