//! What a bench records: tests, measurements, their verdicts, a summary. Plain data and text.

pub mod record;
