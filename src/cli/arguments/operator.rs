//! Answers to the questions of scripts.

use crate::bench::operator::Given;
use clap::Args;

/// What questions are answered.
#[derive(Debug, Default, Args)]
pub struct Answers {
    /// Answer a question of the script by its name or its text (may be repeated)
    #[arg(long = "answer", value_name = "KEY=VALUE", value_parser = Given::read)]
    pub given: Vec<(String, String)>,
}
