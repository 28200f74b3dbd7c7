//! Measures a figure: what is compared takes turns, round after round, and the best round of each counts; so a machine that is busy for a
//! while slows none of it.

use super::results::Row;
use belay_script::port::meter::Traffic;
use std::time::{Duration, Instant};

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Enough for figures that can be compared.
    Full,
    /// Everything once: whether the bench itself works.
    Quick,
}

/// The time that one side of a figure has in a round.
const SHARE: Duration = Duration::from_millis(25);
/// The time that all rounds of a figure have.
const ROUNDS: Duration = Duration::from_millis(600);
/// Rounds at most.
const MOST_ROUNDS: usize = 7;

/// Does something a number of times.
pub type Work<'a> = Box<dyn FnMut(usize) + 'a>;

/// A counter of instructions; `None` where they are not counted.
pub type Counter<'a> = &'a dyn Fn() -> Option<u64>;

/// What is done, and with what traffic.
pub struct Side<'a> {
    /// Does it.
    pub work: Work<'a>,
    /// What has passed so far.
    pub traffic: &'a dyn Fn() -> Traffic,
    /// The instructions of its board.
    pub instructions: Counter<'a>,
}

/// A figure: the same thing by this library, by the raw REPL, and by the least that is possible.
pub struct Figure<'a> {
    /// What is done once.
    pub what: String,
    /// This library.
    pub ours: Side<'a>,
    /// A raw REPL without anything around it.
    pub raw: Option<Side<'a>>,
    /// A loop on the board that does nothing else.
    pub resident: Option<Side<'a>>,
    /// How often it is done in a round at most.
    pub most: usize,
    /// How often it is done at once: what begins and ends counts as well.
    pub each: usize,
}

impl Figure<'_> {
    /// The row of this figure.
    pub fn measure(mut self, extent: Extent) -> Row {
        let each = if extent == Extent::Full { self.each } else { self.each.min(5) };
        let mut sides: Vec<&mut Side<'_>> = vec![&mut self.ours];
        let has_raw = self.raw.is_some();
        sides.extend(self.raw.as_mut());
        sides.extend(self.resident.as_mut());
        let mut measured: Vec<Measured> = sides.iter_mut().map(|side| Measured::once(side, each)).collect();
        let is_slow = measured.iter().map(|side| side.once).sum::<Duration>() > ROUNDS;
        // Again, since the first time loads helpers and fills caches.
        if extent == Extent::Full && is_slow {
            measured[0] = Measured::once(sides[0], each);
        } else if extent == Extent::Full {
            measured = sides.iter_mut().map(|side| Measured::once(side, each)).collect();
            let most = self.most.div_ceil(each);
            let counts: Vec<usize> = measured.iter().map(|side| side.fitting(most)).collect();
            let round: Duration = measured.iter().zip(&counts).map(|(side, count)| side.once * *count as u32).sum();
            let rounds = (ROUNDS.as_secs_f64() / round.as_secs_f64().max(1e-9)) as usize;
            for _ in 0..rounds.clamp(1, MOST_ROUNDS) {
                for ((side, measured), count) in sides.iter_mut().zip(&mut measured).zip(&counts) {
                    measured.add(side, count * each);
                }
            }
        }
        let resident = measured.get(usize::from(has_raw) + 1);
        let (ours, raw) = (&measured[0], measured.get(1).filter(|_| has_raw));
        Row {
            what: self.what.clone(),
            ours: ours.time,
            raw: raw.map(|side| side.time),
            resident: resident.map(|side| side.time),
            sent: ours.sent.round() as u64,
            received: ours.received.round() as u64,
            turns: (ours.turns * 100.0).round() / 100.0,
            instructions: ours.instructions,
            least_instructions: raw.into_iter().chain(resident).filter_map(|side| side.instructions).min(),
            ..Row::default()
        }
    }
}

/// What was measured of a side.
struct Measured {
    /// The time of the first work.
    once: Duration,
    /// The best round, in seconds: whatever else the computer does only adds to it.
    time: f64,
    /// What passed each time in the latest round.
    sent: f64,
    received: f64,
    turns: f64,
    instructions: Option<u64>,
}

impl Measured {
    fn once(side: &mut Side<'_>, each: usize) -> Measured {
        let (once, time) = (Duration::ZERO, f64::INFINITY);
        let mut measured = Measured { once, time, sent: 0.0, received: 0.0, turns: 0.0, instructions: None };
        measured.add(side, each);
        measured.once = Duration::from_secs_f64(measured.time * each as f64);
        measured
    }

    /// How often it fits into a round.
    fn fitting(&self, most: usize) -> usize {
        let fits = SHARE.as_secs_f64() / self.once.as_secs_f64().max(1e-9);
        (fits as usize).clamp(1, most)
    }

    fn add(&mut self, side: &mut Side<'_>, times: usize) {
        let (counted, passed) = ((side.instructions)(), (side.traffic)());
        let begun = Instant::now();
        (side.work)(times);
        let share = 1.0 / times as f64;
        self.time = self.time.min(begun.elapsed().as_secs_f64() * share);
        let passed = (side.traffic)().since(passed);
        self.sent = passed.written as f64 * share;
        self.received = passed.read as f64 * share;
        self.turns = passed.exchanges as f64 * share;
        let count = (side.instructions)().zip(counted).map(|(after, before)| (after - before) / times as u64);
        self.instructions = count.map(|count| self.instructions.map_or(count, |least| least.min(count)));
    }
}
