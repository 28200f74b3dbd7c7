//! Reproducible random numbers: the generators of `std/random`, and `to_fixed`, which formats numbers.
//!
//! The generator is xoshiro256** with its state filled by SplitMix64 (Blackman and Vigna, both in the public domain), and
//! how each function uses its numbers is part of the language: a seed gives one sequence, on every computer and in every
//! version. Invariant: only `random_seed` uses the operating system's randomness.

use crate::script::errors::{Fallible, argument, placed};
use crate::script::lock::lock;
use crate::script::objects::convert::describe;
use rhai::{Array, Blob, Dynamic, Engine, NativeCallContext as Context};
use std::sync::{Arc, Mutex};

/// Maximum number of bytes per call.
const MOST_BYTES: i64 = 16 << 20;

/// A generator. Copies share one sequence.
#[derive(Clone)]
struct Random {
    seed: i64,
    state: Arc<Mutex<[u64; 4]>>,
}

impl Random {
    #[expect(clippy::cast_sign_loss, reason = "the seed is a pattern of bits")]
    fn new(seed: i64) -> Random {
        let mut place = seed as u64;
        let state = std::array::from_fn(|_| split_mix(&mut place));
        Random { seed, state: Arc::new(Mutex::new(state)) }
    }

    fn next(&self) -> u64 {
        next(&mut lock(&self.state))
    }

    /// In [0, 1): the upper 53 bits of a number.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    fn unit(&self) -> f64 {
        (self.next() >> 11) as f64 * 2.0_f64.powi(-53)
    }

    /// In [0, most]: the low bits of a number, as many as `most` has; numbers above `most` are skipped.
    fn below_or_equal(&self, most: u64) -> u64 {
        let mask = u64::MAX.checked_shr(most.leading_zeros()).unwrap_or(0);
        loop {
            let drawn = self.next() & mask;
            if drawn <= most {
                return drawn;
            }
        }
    }

    fn index(&self, length: usize) -> usize {
        let most = u64::try_from(length).unwrap_or(1).saturating_sub(1);
        usize::try_from(self.below_or_equal(most)).unwrap_or(0)
    }

    #[expect(clippy::cast_sign_loss, clippy::cast_possible_wrap, reason = "the distance of two integers fits 64 bits")]
    fn integer(&self, low: i64, high: i64) -> Fallible<i64> {
        if low > high {
            return argument(format!("empty range from {low} to {high}"), "swap them");
        }
        Ok(low.wrapping_add(self.below_or_equal(high.wrapping_sub(low) as u64) as i64))
    }

    /// The cosine form of Box and Muller; uses two numbers of the sequence.
    fn normal(&self, mean: f64, deviation: f64) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        mean + deviation * radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    fn shuffle(&self, mut items: Array) -> Array {
        for last in (1..items.len()).rev() {
            items.swap(last, self.index(last + 1));
        }
        items
    }

    fn bytes(&self, count: i64) -> Fallible<Blob> {
        if !(0..=MOST_BYTES).contains(&count) {
            return argument(format!("{count} random bytes"), format!("use a number from 0 to {MOST_BYTES}"));
        }
        Ok((0..count).map(|_| self.next().to_be_bytes()[0]).collect())
    }
}

fn split_mix(place: &mut u64) -> u64 {
    *place = place.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*place ^ (*place >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn next(state: &mut [u64; 4]) -> u64 {
    let result = state[1].wrapping_mul(5).rotate_left(7).wrapping_mul(9);
    let shifted = state[1] << 17;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = state[3].rotate_left(45);
    result
}

#[expect(clippy::cast_precision_loss, reason = "a limit is a float")]
fn float(value: &Dynamic) -> Fallible<f64> {
    let number = value.as_float().ok().or_else(|| value.as_int().ok().map(|whole| whole as f64));
    match number.filter(|number| number.is_finite()) {
        Some(number) => Ok(number),
        None => argument(format!("expected a number, found {}", describe(value)), ""),
    }
}

/// Registers the functions.
pub(crate) fn register(engine: &mut Engine) {
    engine
        .register_type_with_name::<Random>("random")
        .register_fn("random_generator", Random::new)
        .register_fn("random_seed", || {
            let mut seed = [0; 8];
            // If the system has no randomness, the time is random enough for tests.
            if getrandom::fill(&mut seed).is_err() {
                let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
                seed = (since.as_nanos() as u64).to_be_bytes();
            }
            i64::from_be_bytes(seed) & 0xffff_ffff
        })
        .register_get("seed", |random: &mut Random| random.seed)
        .register_fn("to_string", |random: &mut Random| format!("random numbers of seed {}", random.seed))
        .register_fn("to_debug", |random: &mut Random| format!("random numbers of seed {}", random.seed))
        .register_fn("uniform", |random: &mut Random| random.unit())
        .register_fn("uniform", |context: Context<'_>, random: &mut Random, low: Dynamic, high: Dynamic| {
            let limits = float(&low).and_then(|low| Ok((low, float(&high)?)));
            placed(&context, limits.map(|(low, high)| low + (high - low) * random.unit()))
        })
        .register_fn("integer", |context: Context<'_>, random: &mut Random, low: i64, high: i64| {
            placed(&context, random.integer(low, high))
        })
        .register_fn("normal", |context: Context<'_>, random: &mut Random, mean: Dynamic, deviation: Dynamic| {
            let shape = float(&mean).and_then(|mean| Ok((mean, float(&deviation)?)));
            placed(&context, shape.map(|(mean, deviation)| random.normal(mean, deviation)))
        })
        .register_fn("choice", |context: Context<'_>, random: &mut Random, items: Array| -> Fallible<Dynamic> {
            let none = || argument("cannot choose from an empty array", "");
            let chosen = items.get(random.index(items.len())).cloned();
            placed(&context, chosen.map_or_else(none, Ok))
        })
        .register_fn("shuffle", |random: &mut Random, items: Array| random.shuffle(items))
        .register_fn("bytes", |context: Context<'_>, random: &mut Random, count: i64| {
            placed(&context, random.bytes(count))
        })
        .register_fn("to_fixed", |context: Context<'_>, number: f64, decimals: i64| {
            placed(&context, fixed(number, decimals))
        })
        .register_fn("to_fixed", |context: Context<'_>, number: i64, decimals: i64| {
            placed(&context, float(&Dynamic::from_int(number)).and_then(|number| fixed(number, decimals)))
        });
}

/// The number with `decimals` decimal places; never `-0`.
fn fixed(number: f64, decimals: i64) -> Fallible<String> {
    let Some(decimals) = usize::try_from(decimals).ok().filter(|decimals| *decimals <= 100) else {
        return argument(format!("{decimals} decimal places"), "use a number from 0 to 100");
    };
    let text = format!("{number:.decimals$}");
    let is_zero = text.bytes().all(|byte| matches!(byte, b'-' | b'0' | b'.'));
    Ok(if is_zero { text.trim_start_matches('-').to_owned() } else { text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_the_published_generators() {
        let mut place = 1_234_567;
        let mixed: Vec<u64> = (0..3).map(|_| split_mix(&mut place)).collect();
        assert_eq!(mixed, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
        let mut state = [1, 2, 3, 4];
        let drawn: Vec<u64> = (0..4).map(|_| next(&mut state)).collect();
        assert_eq!(drawn, [11_520, 0, 1_509_978_240, 1_215_971_899_390_074_240]);
    }

    #[test]
    fn numbers_stay_within_their_limits() {
        let random = Random::new(-1);
        for _ in 0..1000 {
            assert!((0.0..1.0).contains(&random.unit()));
            assert!((-3..=3).contains(&random.integer(-3, 3).unwrap()));
        }
        assert_eq!(random.integer(7, 7).unwrap(), 7);
        assert!(random.integer(i64::MIN, i64::MAX).is_ok());
        assert!(random.integer(1, 0).is_err() && random.bytes(-1).is_err());
        let mut shuffled: Vec<i64> =
            random.shuffle((0..50).map(Dynamic::from_int).collect()).iter().map(|n| n.as_int().unwrap()).collect();
        assert_ne!(shuffled, (0..50).collect::<Vec<_>>());
        shuffled.sort_unstable();
        assert_eq!(shuffled, (0..50).collect::<Vec<_>>());
    }

    #[test]
    fn normal_has_its_mean_and_deviation() {
        let random = Random::new(7);
        let drawn: Vec<f64> = (0..10_000).map(|_| random.normal(5.0, 2.0)).collect();
        let mean = drawn.iter().sum::<f64>() / 10_000.0;
        let variance = drawn.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 10_000.0;
        assert!((mean - 5.0).abs() < 0.1 && (variance.sqrt() - 2.0).abs() < 0.1, "{mean} {variance}");
    }

    #[test]
    fn to_fixed_writes_fixed_decimals() {
        for (number, decimals, wanted) in [(1.005, 1, "1.0"), (-0.04, 1, "0.0"), (-0.05001, 1, "-0.1"), (2.5, 0, "2")] {
            assert_eq!(fixed(number, decimals).unwrap(), wanted);
        }
        assert!(fixed(1.0, -1).is_err());
    }
}
