//! How a store encodes samples, measurements and reports.

use super::store::{Log, Piece, Store};
use super::{Kept, SavedTest};
use crate::bench::measurement::Measurement;
use crate::bench::report::{Report, Sample, Series};
use std::io;

/// Encodes a test. The duration is stored separately because JSON cannot represent every float.
pub fn test(mut saved: SavedTest) -> io::Result<Vec<u8>> {
    let mut bytes = std::mem::take(&mut saved.test.duration_s).to_le_bytes().to_vec();
    serde_json::to_writer(&mut bytes, &saved)?;
    Ok(bytes)
}

/// Decodes what [`test()`] wrote.
pub fn read_test(bytes: &[u8]) -> io::Result<SavedTest> {
    let (duration, text) = bytes.split_first_chunk::<8>().ok_or(io::ErrorKind::UnexpectedEof)?;
    let mut saved: SavedTest = serde_json::from_slice(text)?;
    saved.test.duration_s = f64::from_le_bytes(*duration);
    Ok(saved)
}

/// Appends a sample.
pub fn sample(to: &mut Vec<u8>, host: f64, board: Option<f64>, values: &[f64]) {
    to.extend_from_slice(&host.to_le_bytes());
    to.push(u8::from(board.is_some()));
    to.extend(board.iter().flat_map(|board| board.to_le_bytes()));
    to.extend_from_slice(&(values.len() as u64).to_le_bytes());
    to.extend(values.iter().flat_map(|value| value.to_le_bytes()));
}

/// The samples of a block.
pub fn samples(mut block: &[u8]) -> Vec<io::Result<Sample>> {
    let mut samples = Vec::new();
    while !block.is_empty() {
        match next_sample(&mut block) {
            Some(sample) => samples.push(Ok(sample)),
            None => {
                samples.push(Err(io::ErrorKind::UnexpectedEof.into()));
                break;
            }
        }
    }
    samples
}

fn next_sample(block: &mut &[u8]) -> Option<Sample> {
    fn number(block: &mut &[u8]) -> Option<f64> {
        let (bytes, rest) = block.split_first_chunk::<8>()?;
        *block = rest;
        Some(f64::from_le_bytes(*bytes))
    }
    let host = number(block)?;
    let (flag, rest) = block.split_first()?;
    *block = rest;
    let board = if *flag == 0 { None } else { Some(number(block)?) };
    let (count, rest) = block.split_first_chunk::<8>()?;
    *block = rest;
    let values = (0..u64::from_le_bytes(*count)).map(|_| number(block)).collect::<Option<Vec<f64>>>()?;
    Some(Sample { host, board, values })
}

/// The measurements of a block.
pub fn measurements(block: &[u8]) -> Vec<io::Result<Measurement>> {
    let items = serde_json::Deserializer::from_slice(block).into_iter::<Measurement>();
    items.map(|item| item.map_err(io::Error::from)).collect()
}

/// Stores a report.
pub fn kept(report: &Report, store: &mut Store) -> io::Result<Kept> {
    let mut kept = Kept { failures: report.failures().cloned().collect(), ..Kept::default() };
    for one in &report.tests {
        let mut one = one.clone();
        let attachments = one.attachments.drain(..).map(|attachment| json(store, &attachment));
        let attachments = attachments.collect::<io::Result<Vec<Piece>>>()?;
        let series = keep_series(&mut one.series, &mut kept.series, store)?;
        let saved = SavedTest { number: one.number, test: one, series, attachments };
        kept.sums.add(&saved);
        kept.tests.push(store.put(&test(saved)?)?);
    }
    for item in &report.measurements {
        kept.sums.loose.add(item.outcome);
        kept.sums.measure(item);
        let text = serde_json::to_vec(item)?;
        kept.loose.push(store, |to| to.extend_from_slice(&text))?;
    }
    kept.loose.flush(store)?;
    let pieces = report.attachments.iter().map(|attachment| json(store, attachment));
    kept.attachments = pieces.collect::<io::Result<_>>()?;
    let mut series = report.series.clone();
    keep_series(&mut series, &mut kept.series, store)?;
    let (tests, measurements, attachments) = (Vec::new(), Vec::new(), Vec::new());
    kept.head = Report { tests, measurements, attachments, series, ..report.clone() };
    Ok(kept)
}

fn json(store: &mut Store, value: &impl serde::Serialize) -> io::Result<Piece> {
    store.put(&serde_json::to_vec(value)?)
}

/// Moves the samples of series to logs; returns the logs' numbers.
fn keep_series(series: &mut [Series], logs: &mut Vec<Log>, store: &mut Store) -> io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for series in series {
        series.number = logs.len() as u64;
        numbers.push(series.number);
        let mut log = Log::default();
        for Sample { host, board, values } in std::mem::take(&mut series.samples) {
            log.push(store, |to| sample(to, host, board, &values))?;
        }
        log.flush(store)?;
        logs.push(log);
    }
    Ok(numbers)
}
