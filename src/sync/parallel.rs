//! Processes many files on all cores.
//!
//! Uses the standard library, [`crate::error`] and [`crate::interrupt`]. Invariant: results are in the order of the
//! input; of several errors, the one of the first tried file in that order is returned.

use crate::error::{Error, Kind, Result};
use std::num::NonZero;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// A pending Ctrl-C as an error; `doing` says what it interrupted.
pub(super) fn check_interrupt(doing: &str) -> Result<()> {
    match crate::interrupt::pending() && crate::interrupt::take() {
        true => Err(Error::new(Kind::Interrupted, format!("interrupted while {doing}"))),
        false => Ok(()),
    }
}

/// Applies `work` to each item. After an error or Ctrl-C, starts no further item.
pub(super) fn map<T: Sync, R: Send>(items: &[T], doing: &str, work: impl Fn(&T) -> Result<R> + Sync) -> Result<Vec<R>> {
    let results: Vec<Mutex<Option<Result<R>>>> = items.iter().map(|_| Mutex::new(None)).collect();
    let next = AtomicUsize::new(0);
    let failed = AtomicBool::new(false);
    let run = || {
        while !failed.load(Ordering::Relaxed) && !crate::interrupt::pending() {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let (Some(item), Some(slot)) = (items.get(index), results.get(index)) else { return };
            let result = work(item);
            failed.fetch_or(result.is_err(), Ordering::Relaxed);
            if let Ok(mut slot) = slot.lock() {
                *slot = Some(result);
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get).min(items.len());
    std::thread::scope(|scope| {
        for _ in 1..threads {
            // Without other threads, this one does the work.
            let _ = std::thread::Builder::new().name("sync".to_owned()).spawn_scoped(scope, run);
        }
        run();
    });
    let mut done = Vec::with_capacity(items.len());
    let mut missing = false;
    for slot in results {
        match slot.into_inner().ok().flatten() {
            Some(result) => done.push(result?),
            None => missing = true,
        }
    }
    if missing {
        check_interrupt(doing)?;
        // Another place has taken the Ctrl-C that stopped the threads.
        return Err(Error::new(Kind::Interrupted, format!("interrupted while {doing}")));
    }
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_order() {
        let items: Vec<usize> = (0..1000).collect();
        let doubled = map(&items, "doubling", |item| Ok(item * 2)).unwrap();
        assert!(doubled.iter().enumerate().all(|(index, value)| *value == index * 2));
        assert_eq!(map(&[] as &[usize], "doubling", |item| Ok(*item)).unwrap(), [] as [usize; 0]);
    }

    #[test]
    fn an_error_ends_the_work() {
        let items: Vec<usize> = (0..100_000).collect();
        let begun = AtomicUsize::new(0);
        let result = map(&items, "counting", |item| {
            begun.fetch_add(1, Ordering::Relaxed);
            if *item == 5 { Err(Error::new(Kind::ArgumentError, "five")) } else { Ok(()) }
        });
        assert_eq!(result.unwrap_err().message(), "five");
        assert!(begun.load(Ordering::Relaxed) < items.len());
    }
}
