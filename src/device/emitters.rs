//! MicroPython's decorators that choose how a function is compiled, and the errors of boards without such a compiler.
//!
//! The names are those of MicroPython's `py/compile.c`: `bytecode`, `native`, `viper`, and one assembler for each family of
//! processors. Pure: text in, an error with its place out.

use crate::device::class::Item;
use crate::error::{Error, Kind};
use crate::name::nearest;
use crate::origin::Origin;
use crate::phrase::did_you_mean;

/// The message of MicroPython's compiler for an unknown decorator, or one that this firmware does not support.
const REFUSED: &str = "invalid micropython decorator";

/// The assemblers: the decorator, the prefix of its architectures, and their display name.
const ASSEMBLERS: &[(&str, &str, &str)] =
    &[("asm_thumb", "arm", "ARM Thumb"), ("asm_xtensa", "xtensa", "Xtensa"), ("asm_rv32", "rv32", "32-bit RISC-V")];

/// The decorators that compile a function without an assembler's instructions.
const COMPILERS: &[&str] = &["bytecode", "native", "viper"];

/// Whether an error is the compiler's rejection of a decorator.
pub fn is_refused(error: &Error) -> bool {
    error.exception().is_some_and(|exception| exception.text.contains(REFUSED))
}

/// Whether some MicroPython has the decorator of this error: then only the board can tell, not `check`.
pub fn is_known(error: &Error, item: &Item) -> bool {
    match find(&item.body.text, &item.body.origin, error.origins().first(), "") {
        Some((name, _)) => COMPILERS.contains(&name.as_str()) || ASSEMBLERS.iter().any(|(known, ..)| *known == name),
        None => item.options.emitter.is_some(),
    }
}

/// The error of an item with a decorator that the board rejects; `arch`: the board's architecture, empty if unknown.
pub fn refused(error: &Error, item: &Item, arch: &str) -> Error {
    let found = find(&item.body.text, &item.body.origin, error.origins().first(), arch);
    let refused = match (found, item.options.emitter) {
        (Some((name, origin)), _) => of_decorator(&name, arch).with_origin(origin),
        (None, None) => Error::new(Kind::DeclarationError, error.message()).with_origin(item.body.origin.clone()),
        (None, Some(emitter)) => {
            let message = format!("the board cannot compile `{}` code", emitter.name());
            Error::new(Kind::FeatureUnavailableError, message)
                .with_help("remove the option `emitter`, or use a board whose `implementation.emitters` has it")
                .with_origin(item.origin.clone())
        }
    };
    refused.with_item(item.label())
}

/// The error of code outside an item with a decorator that the board rejects. `origin`: the start of `text`, if it is in a
/// file. For a decorator that no MicroPython has, keeps the board's message.
pub fn refused_in_code(error: Error, text: &str, origin: Option<&Origin>, arch: &str) -> Error {
    // An exception of running code has more frames than the compiler's.
    if !is_refused(&error) || error.origins().len() > 1 {
        return error;
    }
    let start = origin.cloned().unwrap_or_else(|| Origin::new("", 1, 1));
    let Some((name, at)) = find(text, &start, error.origins().first(), arch) else { return error };
    let refused = of_decorator(&name, arch);
    let help = refused.help().unwrap_or_default().to_owned();
    if refused.kind() != Kind::FeatureUnavailableError {
        return error.with_help(help);
    }
    match origin {
        Some(_) => refused.with_origin(at),
        None if text.trim().lines().count() < 2 => refused,
        None => refused.with_help(format!("line {} of the code: `@micropython.{name}`\n{help}", at.line)),
    }
}

fn of_decorator(name: &str, arch: &str) -> Error {
    let unavailable = |message: String| Error::new(Kind::FeatureUnavailableError, message);
    if let Some((_, family, called)) = ASSEMBLERS.iter().find(|(known, ..)| *known == name) {
        return match arch {
            "" => unavailable(format!("the board cannot assemble `@micropython.{name}`, which is for {called}")),
            arch if arch.starts_with(family) => unavailable(format!("the firmware has no `@micropython.{name}`")),
            arch => unavailable(format!("`@micropython.{name}` is for {called}, and the board is `{arch}`")),
        }
        .with_help("write the function in Python, or use a board of that architecture");
    }
    if COMPILERS.contains(&name) {
        return unavailable(format!("the board cannot compile `@micropython.{name}`"))
            .with_help("remove the decorator, or use a board whose `implementation.emitters` has it");
    }
    let known = COMPILERS.iter().copied().chain(ASSEMBLERS.iter().map(|(known, ..)| *known));
    let error = Error::new(Kind::DeclarationError, format!("unknown decorator `@micropython.{name}`"));
    match nearest(name, known) {
        Some(near) => error.with_help(did_you_mean(&format!("@micropython.{near}"))),
        None => error.with_help("MicroPython has `native`, `viper`, `asm_thumb`, `asm_xtensa` and `asm_rv32`"),
    }
}

/// The rejected decorator and its place: the one in the line of `at`, else the one least suited to a board of this
/// architecture. MicroPython often reports a different line than the decorator's.
fn find(text: &str, origin: &Origin, at: Option<&Origin>, arch: &str) -> Option<(String, Origin)> {
    let lines = text.split('\n').zip(0u32..);
    let all: Vec<(String, Origin)> = lines.filter_map(|(line, down)| decorator(line, down, origin)).collect();
    let here = all.iter().find(|(_, origin)| at.is_some_and(|at| at.line == origin.line));
    let strangeness = |(name, _): &&(String, Origin)| match ASSEMBLERS.iter().find(|(known, ..)| known == name) {
        Some((_, family, _)) => 1 + u8::from(!arch.starts_with(family)),
        None => {
            if COMPILERS.contains(&name.as_str()) {
                0
            } else {
                3
            }
        }
    };
    // The first of several equal ones.
    here.or_else(|| all.iter().rev().max_by_key(strangeness)).cloned()
}

/// The decorator in a line, `down` lines below the first line of a body at `origin`.
fn decorator(line: &str, down: u32, origin: &Origin) -> Option<(String, Origin)> {
    let before = line.len() - line.trim_start().len();
    let name = line[before..].strip_prefix('@')?.trim_start().strip_prefix("micropython")?.trim_start();
    let name = name.strip_prefix('.')?.trim_start();
    let end = name.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(name.len());
    let first = if down == 0 { origin.column } else { 1 };
    let column = u32::try_from(line[..before].chars().count()).ok()?.checked_add(first)?;
    Some((name[..end].to_owned(), Origin { line: origin.line + down, column, file: origin.file.clone() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_decorators_in_their_line() {
        let origin = Origin::new("a.rhai", 3, 10);
        let text = "@micropython.viper\n\tdef f(): pass\n    @micropython . asm_thumb  # c\n";
        let found = |line, arch: &str| {
            find(text, &origin, Some(&Origin::new("a.rhai", line, 1)), arch)
                .map(|(name, at)| (name, at.line, at.column))
        };
        let (viper, thumb) = (Some(("viper".to_owned(), 3, 10)), Some(("asm_thumb".to_owned(), 5, 5)));
        assert_eq!(found(3, ""), viper);
        assert_eq!(found(5, "armv6m"), thumb);
        assert_eq!(found(4, "x64"), thumb);
        assert_eq!(found(1, "armv6m"), thumb);
        assert_eq!(find("x = 1", &origin, None, "x64"), None);
    }

    #[test]
    fn each_rejection_has_a_reason() {
        let shown = |name: &str, arch: &str| {
            let error = of_decorator(name, arch);
            format!("{}: {}", error.kind(), error.message())
        };
        assert_eq!(
            shown("asm_thumb", "x64"),
            "FeatureUnavailableError: `@micropython.asm_thumb` is for ARM Thumb, and the board is `x64`"
        );
        assert_eq!(
            shown("asm_thumb", "armv6m"),
            "FeatureUnavailableError: the firmware has no `@micropython.asm_thumb`"
        );
        assert_eq!(
            shown("asm_rv32", ""),
            "FeatureUnavailableError: the board cannot assemble `@micropython.asm_rv32`, which is for 32-bit RISC-V"
        );
        assert_eq!(shown("viper", "x64"), "FeatureUnavailableError: the board cannot compile `@micropython.viper`");
        assert_eq!(shown("asm_thum", "x64"), "DeclarationError: unknown decorator `@micropython.asm_thum`");
        assert_eq!(of_decorator("asm_thum", "").help(), Some("did you mean `@micropython.asm_thumb`?"));
    }
}
