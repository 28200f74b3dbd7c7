//! Measures the duration of an input: evaluated once, or repeatedly if it is short.
//!
//! Uses [`crate::script::session`]. Invariant: an input that declares something or takes longer than [`SHORT`] runs once.

use crate::diagnostic::Diagnostic;
use crate::script::session::Session;
use crate::script::stack::on_big_stack;
use crate::value::Value;
use rhai::{AST, EvalAltResult, Expr, Stmt};
use std::time::{Duration, Instant};

/// Inputs that take longer are not repeated.
const SHORT: Duration = Duration::from_millis(200);
/// Upper bounds for the total time and number of runs.
const ENOUGH: Duration = Duration::from_secs(1);
const MOST_RUNS: usize = 1000;

/// The result of an input with the duration of each run.
pub struct Timed {
    /// The result of the last run, as from [`Session::eval`].
    pub value: Option<Value>,
    /// At least one.
    pub times: Vec<Duration>,
}

impl Timed {
    /// The minimum and the median.
    pub fn best_and_median(&self) -> (Duration, Duration) {
        let mut times = self.times.clone();
        times.sort();
        let middle = times.get(times.len() / 2).copied().unwrap_or_default();
        (times.first().copied().unwrap_or_default(), middle)
    }
}

impl Session {
    /// Evaluates an input as [`Session::eval`] does, and measures the time. Repeats an expression that takes less than
    /// 0.2 s for about a second.
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
        // The input's time limit must not end the repetition.
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

/// Whether an input is a single expression.
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
