//! Answers to the questions of scripts.

use crate::bench::operator::Given;
use clap::Args;

/// What questions are answered.
#[derive(Debug, Default, Args)]
pub struct Answers {
    /// Answer a question by its name or text (repeatable)
    #[arg(long = "answer", hide_short_help = true, value_name = "KEY=VALUE", value_parser = Given::read)]
    pub given: Vec<(String, String)>,
}
