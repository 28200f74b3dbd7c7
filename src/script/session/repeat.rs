//! How long an input takes: evaluated once, or a few times if it is short.
//!
//! Uses [`crate::script::session`]. Invariant: what declares something, or takes longer than [`SHORT`], runs once.

use crate::diagnostic::Diagnostic;
use crate::script::session::Session;
use crate::script::stack::on_big_stack;
use crate::value::Value;
use rhai::{AST, EvalAltResult, Expr, Stmt};
use std::time::{Duration, Instant};

/// What takes longer is not repeated.
const SHORT: Duration = Duration::from_millis(200);
/// How long all runs together may take, and how many they may be.
const ENOUGH: Duration = Duration::from_secs(1);
const MOST_RUNS: usize = 1000;

/// What an input came to, and how long each of its runs took.
pub struct Timed {
    /// As [`Session::eval`] gives it, of the last run.
    pub value: Option<Value>,
    /// At least one.
    pub times: Vec<Duration>,
}

impl Timed {
    /// The shortest time and the one in the middle.
    pub fn best_and_median(&self) -> (Duration, Duration) {
        let mut times = self.times.clone();
        times.sort();
        let middle = times.get(times.len() / 2).copied().unwrap_or_default();
        (times.first().copied().unwrap_or_default(), middle)
    }
}

impl Session {
    /// Evaluates an input as [`Session::eval`] does, and tells the time. An expression that takes less than 0.2 s is
    /// evaluated again and again, for about a second.
    ///
    /// # Errors
    /// As [`Session::eval`].
    pub fn time(&mut self, name: &str, text: &str) -> Result<Timed, Box<Diagnostic>> {
        self.run.resume();
        let result = on_big_stack(|| {
            self.timed(name, text).map_err(|error| {
                Box::new(crate::script::diagnostics::explain::of_failure(&self.run, &self.engine, &error, name))
            })
        });
        self.run.clock.end();
        result?
    }

    fn timed(&mut self, name: &str, text: &str) -> Result<Timed, Box<EvalAltResult>> {
        let tree = self.prepare(name, text)?;
        // Not to be ended by the limit of an input for having been repeated.
        let budget = self.run.clock.limit().map_or(ENOUGH, |limit| ENOUGH.min(limit / 4));
        let began = Instant::now();
        let mut times = Vec::new();
        loop {
            let start = Instant::now();
            let value = self.statements(name, &tree)?;
            let time = start.elapsed();
            times.push(time);
            let goes_on = is_expression(&tree)
                && time < SHORT
                && began.elapsed() + time < budget
                && times.len() < MOST_RUNS
                && self.exit().is_none();
            if !goes_on {
                let value = if self.is_of_interest(&tree, text, &value) { Some(self.plain(&value)?) } else { None };
                return Ok(Timed { value, times });
            }
        }
    }
}

/// Whether an input is nothing but an expression.
fn is_expression(tree: &AST) -> bool {
    match tree.statements() {
        [Stmt::FnCall(..)] => true,
        [Stmt::Expr(expression)] => !matches!(**expression, Expr::Custom(..)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn best_and_median() {
        let times = [3, 1, 2, 9].map(Duration::from_millis).to_vec();
        let timed = Timed { value: None, times };
        assert_eq!(timed.best_and_median(), (Duration::from_millis(1), Duration::from_millis(3)));
    }
}
