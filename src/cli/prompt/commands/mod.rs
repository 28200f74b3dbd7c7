//! The commands of the prompt that work on boards and files, one file each, and shared code.
//!
//! Invariant: a command that fails says why, and what to do next.

mod ls;
mod mount;
mod py;
mod reload;
mod save;
mod sync;
mod time;

pub(super) use save::Kept;

use super::Prompt;
use super::pretty::{self, Page};
use crate::cli::misuse;
use crate::cli::render::Colour;
use crate::device::Device;
use crate::diagnostic::Diagnostic;
use crate::value::Value;

/// Columns where the terminal does not say how many it has, and the fewest.
const USUAL_WIDTH: usize = 80;
const NARROWEST: usize = 30;

/// The kind of argument of a command, for completion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Argument {
    /// A path of this computer.
    Path,
    /// An open device.
    Device,
    /// Where a board is plugged in.
    Port,
    /// A name for `:help`.
    Name,
    /// An expression.
    Expression,
}

/// The argument being typed at the end of `before`, and its start, if the line is a command.
pub(super) fn argument(before: &str) -> Option<(Argument, usize)> {
    let (name, rest) = before.strip_prefix(':')?.split_once(char::is_whitespace)?;
    let kind = match name.trim_end_matches('!') {
        "run" | "save" | "sync" | "mount" => Argument::Path,
        "close" | "py" | "ls" => Argument::Device,
        "open" => Argument::Port,
        "help" | "h" | "?" => Argument::Name,
        "time" => Argument::Expression,
        _ => return None,
    };
    Some((kind, before.len() - rest.len()))
}

/// Divides a line into words; quotes hold together.
///
/// # Errors
/// Of an unclosed quote.
pub fn words(line: &str) -> Result<Vec<String>, Diagnostic> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for letter in line.chars() {
        match (quote, letter) {
            (Some(open), letter) if open == letter => quote = None,
            (None, '"' | '\'') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None, letter) if letter.is_whitespace() => words.extend(word.take()),
            (_, letter) => word.get_or_insert_default().push(letter),
        }
    }
    if let Some(quote) = quote {
        return Err(misuse("unclosed quote", format!("add {quote} at the end of the word")));
    }
    words.extend(word);
    Ok(words)
}

impl Prompt {
    /// Shows a value.
    pub(super) fn show(&self, value: &Value) {
        let colour = if self.console.is_coloured() { Colour::Always } else { Colour::Never };
        self.console.text(&pretty::show(value, Page { width: width(), colour }));
    }

    /// The open device of this name, or the only one that is open.
    fn device(&self, name: Option<&str>) -> Result<Device, Diagnostic> {
        let devices = self.host.devices();
        let names = || devices.iter().map(|device| format!("`{}`", device.name())).collect::<Vec<_>>().join(", ");
        match (name, devices.as_slice()) {
            (Some(name), _) if self.session.open_device(name).is_some() => {
                self.session.open_device(name).ok_or_else(|| misuse("the device was closed", "open it again"))
            }
            (_, []) => Err(misuse("no device is open", "use `:open PORT` to open one, for example `:open sim`")),
            (Some(name), _) => Err(misuse(format!("no device `{name}` is open"), format!("open devices: {}", names()))),
            (None, [only]) => Ok(only.clone()),
            (None, _) => {
                Err(misuse("several devices are open", format!("name one of them after the command: {}", names())))
            }
        }
    }

    /// The device that the first of `words` names, if it names one, and the remaining words.
    fn device_of<'w>(&self, words: &'w [String]) -> Result<(Device, &'w [String]), Diagnostic> {
        match words.split_first() {
            Some((first, rest)) if self.session.open_device(first).is_some() => Ok((self.device(Some(first))?, rest)),
            _ => Ok((self.device(None)?, words)),
        }
    }

    /// Prints the failure, if there is one.
    fn report(&self, outcome: Result<(), Diagnostic>) {
        if let Err(failure) = outcome {
            self.complain(&failure);
        }
    }
}

/// The columns of the terminal.
fn width() -> usize {
    #[cfg(unix)]
    let columns = rustix::termios::tcgetwinsize(rustix::stdio::stdout()).map_or(0, |size| usize::from(size.ws_col));
    #[cfg(not(unix))]
    let columns = 0;
    if columns == 0 { USUAL_WIDTH } else { columns.max(NARROWEST) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_split_into_words() {
        let case = |line: &str, wanted: &[&str]| assert_eq!(words(line).unwrap(), wanted, "{line}");
        case("", &[]);
        case("  a  b ", &["a", "b"]);
        case("\"a b\" 'c \"d' e\"f g\"h ''", &["a b", "c \"d", "ef gh", ""]);
        assert_eq!(words("a 'b").unwrap_err().title, "unclosed quote");
    }

    #[test]
    fn commands_determine_their_arguments() {
        let case = |before: &str, wanted: Option<(Argument, usize)>| assert_eq!(argument(before), wanted, "{before}");
        case(":run a b", Some((Argument::Path, 5)));
        case(":save! x", Some((Argument::Path, 7)));
        case(":py ", Some((Argument::Device, 4)));
        case(":time f(", Some((Argument::Expression, 6)));
        case(":qu", None);
        case("run a", None);
    }
}
