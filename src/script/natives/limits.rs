//! Memory limits of scripts: the program's memory, and the size of a value that one call creates.
//!
//! Rhai's own size limits are off, because with one it measures a whole array on every operation. Instead,
//! the program's memory is checked after every operation, which costs one counter read; calls that
//! create large values from nothing, such as `blob(n)` and `pad`, are limited to [`LARGEST`].
//! Invariant: a script that exceeds a limit ends with an error and runs its teardowns; the program is not aborted.

use crate::script::errors::{Fallible, argument, placed, stop};
use crate::script::run::Run;
use crate::script::run::memory::shown;
use rhai::{Array, Blob, Dynamic, Engine, INT, ImmutableString, NativeCallContext as Context};
use std::sync::Arc;

/// Largest string, blob or array that one call may create, in bytes.
pub const LARGEST: u64 = 256 << 20;

/// Functions of Rhai that are replaced by bounded ones: Rhai documents them.
#[cfg(test)]
pub(crate) const OF_RHAI: [&str; 3] = ["blob", "pad", "replace"];

/// Registers bounded versions of functions that can create large values.
pub(crate) fn register(engine: &mut Engine, run: &Arc<Run>) {
    let (one, two) = (Bound(run.clone()), Bound(run.clone()));
    engine
        .register_fn("blob", move |context: Context<'_>, length: INT| {
            placed(&context, one.length("blob", length, 1).map(|length| vec![0_u8; length]))
        })
        .register_fn("blob", move |context: Context<'_>, length: INT, value: INT| {
            placed(&context, two.length("blob", length, 1).map(|length| vec![byte(value); length]))
        });
    let (array, bytes) = (Bound(run.clone()), Bound(run.clone()));
    engine
        .register_fn("pad", move |context: Context<'_>, items: &mut Array, length: INT, item: Dynamic| {
            let longer = array.length("pad", length, size_of::<Dynamic>() as u64);
            placed(&context, longer.and_then(|length| array.fill(items, length, &item)))
        })
        .register_fn("pad", move |context: Context<'_>, blob: &mut Blob, length: INT, value: INT| {
            let longer = bytes.length("pad", length, 1);
            placed(&context, longer.map(|length| blob.resize(length.max(blob.len()), byte(value))))
        });
    strings(engine, run);
}

/// String functions. Lengths are in characters, as everywhere in Rhai.
fn strings(engine: &mut Engine, run: &Arc<Run>) {
    let (one, several) = (Bound(run.clone()), Bound(run.clone()));
    engine
        .register_fn("pad", move |context: Context<'_>, text: &mut ImmutableString, length: INT, letter: char| {
            placed(&context, one.pad(text, length, letter.encode_utf8(&mut [0; 4])))
        })
        .register_fn("pad", move |context: Context<'_>, text: &mut ImmutableString, length: INT, more: &str| {
            placed(&context, several.pad(text, length, more))
        });
    let bounds = [0; 4].map(|_| Bound(run.clone()));
    let [texts, letter_by_text, text_by_letter, letters] = bounds;
    engine
        .register_fn("replace", move |context: Context<'_>, text: &mut ImmutableString, old: &str, new: &str| {
            placed(&context, texts.replace(text, old, new))
        })
        .register_fn("replace", move |context: Context<'_>, text: &mut ImmutableString, old: char, new: &str| {
            placed(&context, letter_by_text.replace(text, old.encode_utf8(&mut [0; 4]), new))
        })
        .register_fn("replace", move |context: Context<'_>, text: &mut ImmutableString, old: &str, new: char| {
            placed(&context, text_by_letter.replace(text, old, new.encode_utf8(&mut [0; 4])))
        })
        .register_fn("replace", move |context: Context<'_>, text: &mut ImmutableString, old: char, new: char| {
            let (mut first, mut second) = ([0; 4], [0; 4]);
            placed(&context, letters.replace(text, old.encode_utf8(&mut first), new.encode_utf8(&mut second)))
        });
}

/// Rhai uses the low byte of a number.
fn byte(value: INT) -> u8 {
    value.to_le_bytes()[0]
}

/// The limit of one call.
struct Bound(Arc<Run>);

impl Bound {
    fn most(&self) -> u64 {
        self.0.options.memory.map_or(LARGEST, |memory| LARGEST.min(memory.most as u64))
    }

    /// Rejects larger values.
    fn check(&self, name: &str, bytes: u128) -> Fallible<()> {
        let most = self.most();
        if bytes <= u128::from(most) {
            return Ok(());
        }
        argument(format!("`{name}` would make a value of more than {}", shown(most)), "make it in pieces")
    }

    /// The number of items of `each` bytes; negative lengths count as 0.
    fn length(&self, name: &str, length: INT, each: u64) -> Fallible<usize> {
        let length = u64::try_from(length).unwrap_or(0);
        self.check(name, u128::from(length) * u128::from(each))?;
        Ok(usize::try_from(length).unwrap_or(usize::MAX))
    }

    /// Appends copies of an item. Checks for a stop, because the items may be large.
    fn fill(&self, items: &mut Array, length: usize, item: &Dynamic) -> Fallible<()> {
        while items.len() < length {
            if let Some(why) = self.0.clock.progress() {
                return Err(stop(why));
            }
            let many = if item.is_array() || item.is_map() || item.is_blob() || item.is_string() { 1 } else { 4096 };
            items.resize(length.min(items.len() + many), item.clone());
        }
        Ok(())
    }

    /// Appends `more` until `text` has at least `length` characters, then truncates it to `length`.
    fn pad(&self, text: &mut ImmutableString, length: INT, more: &str) -> Fallible<()> {
        let have = text.chars().count();
        let wanted = self.length("pad", length, more.len().max(1) as u64)?;
        let Some(missing) = wanted.checked_sub(have).filter(|&missing| missing > 0 && !more.is_empty()) else {
            return Ok(());
        };
        text.make_mut().extend(more.chars().cycle().take(missing));
        Ok(())
    }

    fn replace(&self, text: &mut ImmutableString, old: &str, new: &str) -> Fallible<()> {
        if text.is_empty() {
            return Ok(());
        }
        let count = text.matches(old).count() as u128;
        let bytes = text.len() as u128 + count * new.len() as u128;
        self.check("replace", bytes)?;
        *text = text.replace(old, new).into();
        Ok(())
    }
}
