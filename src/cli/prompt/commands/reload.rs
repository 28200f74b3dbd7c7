//! `:reload`: evaluates changed scripts and modules again, with the station file as it is now.
//!
//! Invariant: boards stay connected; if a script does not compile, nothing changes.

use super::super::command::Next;
use super::Prompt;
use crate::cli::misuse;

impl Prompt {
    /// `:reload`.
    pub(in crate::cli::prompt) fn reload(&mut self) -> Next {
        let mut others = Vec::new();
        if let Some(file) = self.station.changed() {
            match self.station.again(self.host.options().clone()) {
                Ok((options, station)) => self.session.change_station(station, options),
                Err(failure) => {
                    self.complain(&failure);
                    return Next::Stay;
                }
            }
            others.push(file.display().to_string());
        }
        let stale = self.session.stale(others);
        for file in &stale.unsent {
            self.console.text(&format!("changed since an input sent it: {file}; repeat the input\n"));
        }
        if stale.is_empty() {
            if !stale.unsent.is_empty() {
                return Next::Stay;
            }
            if self.session.scripts().is_empty() {
                let help = "use `:run FILE` to evaluate a script here, or start with `--load FILE`";
                self.complain(&misuse("no script was loaded, and no module has changed", help));
            } else {
                self.console.text("nothing has changed; use `:run FILE` to evaluate a script again\n");
            }
            return Next::Stay;
        }
        self.console.text(&format!("changed: {}\n", stale.files.join(", ")));
        let failures = self.calling(|session| session.reload(&stale));
        self.console.start_line();
        for failure in &failures {
            self.complain(failure);
        }
        if self.session.exit().is_some() { Next::Leave } else { Next::Stay }
    }
}
