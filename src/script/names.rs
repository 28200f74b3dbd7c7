//! Reserved names: those of Rhai and of the language. For the members of every device see
//! [`members`].
//!
//! Invariant: each list of names is written once, here.

use crate::error::{Error, Kind};
use crate::script::members;

/// Names that Rhai reserves even after a dot.
pub(crate) const RHAI_NAMES: &[&str] = &[
    "print",
    "debug",
    "eval",
    "Fn",
    "curry",
    "type_of",
    "is_shared",
    "is_def_var",
    "is_def_fn",
    "to_string",
    "to_debug",
    "this",
    "if",
    "else",
    "switch",
    "do",
    "while",
    "loop",
    "until",
    "for",
    "in",
    "continue",
    "break",
    "return",
    "throw",
    "try",
    "catch",
    "let",
    "const",
    "fn",
    "private",
    "import",
    "export",
    "as",
    "true",
    "false",
    "global",
    "goto",
    "exit",
    "package",
    "public",
    "super",
    "protected",
    "var",
    "void",
];

/// Rejects an item name that a script could not call, because Rhai or every device uses it.
///
/// # Errors
/// SpecialFunctionNameError.
pub(crate) fn check_word(name: &str) -> crate::Result<()> {
    let whose = if members::is_reserved(name) || name == CALL {
        "a name that every device has already"
    } else if RHAI_NAMES.contains(&name) {
        "a word of the script language"
    } else {
        return Ok(());
    };
    Err(Error::new(Kind::SpecialFunctionNameError, format!("`{name}` is {whose}")).with_help("choose another name"))
}

/// The built-in class without items.
pub(crate) const DEVICE_CLASS: &str = "Device";

/// What opens consoles.
pub(crate) const CONSOLE_CLASS: &str = "Console";

/// The built-in class of instruments.
pub(crate) const INSTRUMENT_CLASS: &str = "Instrument";

/// The keyword of a `device` block inside Rhai; it cannot be typed.
pub(crate) const DEVICE: &str = "device block";

/// The keyword of an `instrument` block inside Rhai.
pub(crate) const INSTRUMENT: &str = "instrument block";

/// The keyword of a `console` block inside Rhai.
pub(crate) const CONSOLE: &str = "console block";

/// The keyword of a `test` block inside Rhai.
pub(crate) const TEST: &str = "test block";

/// The keyword of a `test` block with rows inside Rhai.
pub(crate) const ROWS: &str = "test rows block";

/// The keyword of a call `test(…)` inside Rhai.
pub(crate) const TEST_CALL: &str = "test call";

/// The keyword of a `group` block inside Rhai.
pub(crate) const GROUP: &str = "group block";

/// The keyword of a call `group(…)` inside Rhai.
pub(crate) const GROUP_CALL: &str = "group call";

/// The keyword of a `subtest` block inside Rhai.
pub(crate) const SUBTEST: &str = "subtest block";

/// The keyword of a call `subtest(…)` inside Rhai.
pub(crate) const SUBTEST_CALL: &str = "subtest call";

pub(crate) use crate::bench::select::COMPUTED;

/// The keywords of test hooks inside Rhai, and as written.
pub(crate) const HOOKS: [(&str, &str); 4] = [
    ("setup_all block", "setup_all"),
    ("setup_each block", "setup_each"),
    ("teardown_each block", "teardown_each"),
    ("teardown_all block", "teardown_all"),
];

/// The method that replaces `x.call(…)`, which Rhai would keep for function pointers.
pub(crate) const CALL: &str = "call item";

/// Words that Rhai reserves but does not use.
pub(crate) const FREED: &[&str] = &[
    "async", "await", "case", "default", "go", "is", "match", "module", "new", "nil", "null", "shared", "spawn",
    "static", "sync", "thread", "use", "with", "yield",
];

/// Keywords of the language: those of Rhai, and those of blocks.
pub const KEYWORDS: &[&str] = &joined::<{ RHAI_KEYWORDS.len() + BLOCK_KEYWORDS.len() }>();

const fn joined<const COUNT: usize>() -> [&'static str; COUNT] {
    let mut all = [""; COUNT];
    let (rhai, blocks) = all.split_at_mut(RHAI_KEYWORDS.len());
    rhai.copy_from_slice(RHAI_KEYWORDS);
    blocks.copy_from_slice(BLOCK_KEYWORDS);
    all
}

/// Keywords of Rhai.
const RHAI_KEYWORDS: &[&str] = &[
    "let", "const", "fn", "if", "else", "switch", "while", "loop", "do", "until", "for", "in", "continue", "break",
    "return", "throw", "try", "catch", "import", "export", "as", "true", "false", "private", "global", "this",
];

/// Keywords only where a block, an item or an option begins.
pub const BLOCK_KEYWORDS: &[&str] = &[
    "device",
    "instrument",
    "console",
    "command",
    "query",
    "setup",
    "task",
    "thread",
    "teardown",
    "method",
    "test",
    "group",
    "subtest",
    "autoinit",
    "setup_all",
    "setup_each",
    "teardown_each",
    "teardown_all",
];

/// Separates message and help in a grammar error.
pub(crate) const HELP_MARK: char = '\u{1f}';
