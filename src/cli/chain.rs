//! Chains: several commands over one connection, as in `exec 'import main' + cp :/log.csv . + reset`.
//!
//! Commands are joined by `+`; after a command that takes a fixed number of words the next one may follow at once, as with
//! mpremote. Invariant: the first command that fails ends the chain with its status, and the board is closed.

use super::arguments::{Arguments, Command, Connection, Devices, PROGRAM, Terminal};
use super::console::Console;
use super::shared::SharedBoard;
use super::{dispatch, groups, misuse, recipes, report_failures, signals};
use crate::diagnostic::Diagnostic;
use crate::error::Kind;
use crate::port::{PortError, Wait};
use crate::script::Sources;
use clap::FromArgMatches as _;
use std::ffi::OsString;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Joins two commands.
pub const JOINT: &str = "+";

/// A command of a command line.
struct Step {
    command: Command,
    /// The board that it shares with the others; `None`: it is alone.
    shared: Option<Arc<SharedBoard>>,
}

/// Why a command line is not run.
#[derive(Debug)]
pub enum Refused {
    /// What clap answers: help and version too.
    Answer(clap::Error),
    /// A recipe is used wrongly.
    Misuse(Box<Diagnostic>),
}

/// Parses a command line, without the program's name. Recipes become the commands that they mean.
///
/// # Errors
/// See [`Refused`].
pub fn parse(words: &[OsString]) -> Result<Vec<Arguments>, Refused> {
    let program = groups::program();
    let name = OsString::from(PROGRAM);
    let parse = |step: Vec<OsString>| {
        let matches = program.clone().try_get_matches_from(std::iter::once(&name).chain(&step))?;
        Arguments::from_arg_matches(&matches)
    };
    let steps =
        with_recipes(split(words, &program), &program, 0).map_err(|failure| Refused::Misuse(Box::new(failure)))?;
    steps.into_iter().map(parse).collect::<Result<_, _>>().map_err(Refused::Answer)
}

/// Replaces recipes by their commands; `depth`: how many recipes have led here.
fn with_recipes(
    steps: Vec<Vec<OsString>>,
    program: &clap::Command,
    depth: usize,
) -> Result<Vec<Vec<OsString>>, Diagnostic> {
    let mut replaced = Vec::new();
    for step in steps {
        let at = command_of(&step, program);
        let unknown = step.get(at).and_then(|word| word.to_str()).filter(|word| {
            crate::bench::station::is_recipe_name(word) && program.find_subcommand(renamed(word)).is_none()
        });
        let recipes = unknown.map(|_| recipes::all()).transpose()?.unwrap_or_default();
        let Some(recipe) = recipes.into_iter().find(|recipe| Some(recipe.name.as_str()) == unknown) else {
            replaced.push(step);
            continue;
        };
        if depth == recipes::DEEPEST {
            return Err(misuse(format!("the recipe `{}` leads to itself", recipe.name), "end it with another command"));
        }
        let mut line = step[..at].to_vec();
        line.extend(recipe.words(&step[at + 1..])?);
        replaced.extend(with_recipes(split(&line, program), program, depth + 1)?);
    }
    Ok(replaced)
}

/// Runs the commands of a command line; returns the exit status.
///
/// # Errors
/// Those of a command line of one command, which are still to be printed; or a chain that contradicts itself.
pub fn run(parsed: Vec<Arguments>, console: &Arc<Console>) -> Outcome {
    carry_out(plan(parsed)?, console)
}

/// The exit status, or a failure that is still to be printed.
type Outcome = Result<u8, Diagnostic>;

/// Gives every command the connection of the chain.
fn plan(parsed: Vec<Arguments>) -> Result<Vec<Step>, Diagnostic> {
    let alone = parsed.len() == 1;
    let mut connection = Connection::default();
    let mut used = false;
    let mut steps = Vec::new();
    for Arguments { connection: before, list, command } in parsed {
        let mut command = match command {
            Some(Command::Connect(connect)) if connect.device == "list" => Command::Devices(Devices::default()),
            Some(command) => command,
            None if list => Command::Recipes,
            None if before.port.is_some() => Command::Terminal(Terminal::default()),
            None => return Err(misuse("missing command", "`belay-script --help` lists the commands")),
        };
        let own = match &mut command {
            Command::Connect(connect) => Connection { port: connect.port(), ..Connection::default() },
            other => other.connection_mut().map(std::mem::take).unwrap_or_default(),
        };
        let given = own.or(&before);
        if alone && !given.is_empty() && !command.takes_connection() {
            let help = "leave out `--port` and the other options before the command";
            return Err(misuse("this command uses no board", help));
        }
        if !alone && given.port.is_some() && given.port != connection.port {
            if used && connection.port.is_none() {
                let help = "give `--port` once, before the first command: `belay-script -p PORT exec 'f()' + reset`";
                return Err(misuse("the commands of a chain share one board", help));
            }
            // Another board from here on.
            connection.shared = None;
        }
        connection = given.or(&connection);
        if !alone {
            connection.shared.get_or_insert_default();
        }
        if let Some(place) = command.connection_mut() {
            *place = connection.clone();
            used = true;
        }
        steps.push(Step { command, shared: connection.shared.clone() });
    }
    // As with mpremote, without an action it is the prompt.
    if steps.iter().all(|step| matches!(step.command, Command::Connect(_) | Command::Resume)) {
        let shared = connection.shared.clone();
        steps.push(Step { command: Command::Terminal(Terminal { connection, ..Terminal::default() }), shared });
    }
    Ok(steps)
}

fn carry_out(steps: Vec<Step>, console: &Arc<Console>) -> Outcome {
    if steps.iter().any(|step| step.shared.is_some()) {
        signals::watch()?;
    }
    let mut held: Option<Arc<SharedBoard>> = None;
    for Step { command, shared } in steps {
        let is_other = |held: &Arc<SharedBoard>| shared.as_ref().is_none_or(|shared| !Arc::ptr_eq(held, shared));
        if let Some(before) = held.take_if(|held| is_other(held)) {
            let status = before.close(console);
            if status != 0 {
                return Ok(status);
            }
        }
        held = shared;
        let status = match (&command, &held) {
            (Command::Connect(_), _) => 0,
            (Command::Resume, Some(shared)) => {
                shared.keep_memory();
                0
            }
            (command, Some(shared)) if !command.shares_board() => shared.close(console),
            _ => 0,
        };
        let outcome = if status == 0 { dispatch(command, console) } else { Ok(status) };
        if !matches!(outcome, Ok(0)) {
            let status = match outcome {
                Ok(status) => status,
                Err(failure) => {
                    let sources = Sources::default();
                    sources.insert_files(&failure);
                    report_failures(console, &[failure], &sources)
                }
            };
            if let Some(held) = held {
                held.close(console);
            }
            return Ok(status);
        }
    }
    Ok(held.map_or(0, |held| held.close(console)))
}

/// Waits; Ctrl-C ends it.
///
/// # Errors
/// Interrupted.
pub fn sleep(time: Duration) -> Outcome {
    signals::watch()?;
    let end = Instant::now().checked_add(time);
    let wait = Wait { deadline: end, interruptible: true };
    loop {
        match wait.slice() {
            Ok(slice) => std::thread::park_timeout(slice),
            Err(PortError::Interrupted) => {
                crate::interrupt::take();
                return Err(Diagnostic::new(Kind::Interrupted, "interrupted"));
            }
            Err(_) => return Ok(0),
        }
    }
}

/// The commands of a command line: parted at `+`, and where a command has all of its words and the next one is a command.
fn split(words: &[OsString], program: &clap::Command) -> Vec<Vec<OsString>> {
    let mut steps = Vec::new();
    let mut rest = words;
    loop {
        let end = end_of_step(rest, program);
        steps.push(translated(&rest[..end], program));
        rest = &rest[end..];
        match rest.first() {
            Some(word) if word == JOINT => rest = &rest[1..],
            Some(_) => {}
            None => return steps,
        }
    }
}

/// Words of mpremote that are named otherwise here, and that mean the same.
const RENAMED: &[(&str, &str)] = &[("devs", "devices"), ("sha256sum", "hash"), ("unmount", "umount")];

/// The name of a command here.
fn renamed(word: &str) -> &str {
    RENAMED.iter().find(|(other, _)| *other == word).map_or(word, |(_, name)| name)
}

/// Where the command is among the words of a step; their number, if there is none.
pub fn command_of(words: &[OsString], program: &clap::Command) -> usize {
    let mut index = 0;
    while let Some(text) = words.get(index).and_then(|word| word.to_str()) {
        match option(text, program) {
            Some(option) => index += 1 + usize::from(takes_next_word(text, option)),
            None => break,
        }
    }
    index.min(words.len())
}

/// A command with mpremote's words replaced.
fn translated(words: &[OsString], program: &clap::Command) -> Vec<OsString> {
    let mut words = words.to_vec();
    let at = command_of(&words, program);
    let text = words.get(at).and_then(|word| word.to_str()).unwrap_or_default().to_owned();
    if is_shortcut(&text) {
        words.insert(at, "connect".into());
    } else if RENAMED.iter().any(|(word, _)| *word == text) {
        words[at] = renamed(&text).into();
    } else if text == "mip" && words.get(at + 1).is_some_and(|word| word == "install") {
        words.remove(at + 1);
    } else if text == "fs"
        && let Some(word) = words.get_mut(at + 1)
    {
        let name = word.to_str().map(|text| OsString::from(renamed(text)));
        *word = name.unwrap_or_else(|| word.clone());
    }
    words
}

/// How many words the first command has.
fn end_of_step(words: &[OsString], program: &clap::Command) -> usize {
    let mut command = program;
    // Words that are not options, as long as they are commands.
    let mut left = None;
    let mut index = 0;
    while let Some(word) = words.get(index) {
        let text = word.to_str().unwrap_or_default();
        if text == "--" {
            // Everything after it belongs to a script.
            return words.len();
        }
        if text == JOINT {
            return index;
        }
        if let Some(option) = option(text, command) {
            index += 1 + usize::from(takes_next_word(text, option));
            continue;
        }
        match left {
            Some(0) if program.find_subcommand(renamed(text)).is_some() || is_shortcut(text) => return index,
            Some(0) => {}
            Some(more) => left = Some(more - 1),
            None => match command.find_subcommand(renamed(text)) {
                Some(below) => {
                    command = below;
                    left = if below.has_subcommands() { None } else { words_of(below) };
                }
                None if is_shortcut(text) => left = Some(0),
                None => {}
            },
        }
        index += 1;
    }
    words.len().min(index)
}

/// How many words a command takes; `None`: any number.
fn words_of(command: &clap::Command) -> Option<usize> {
    let mut count = 0;
    for positional in command.get_positionals().filter(|positional| !positional.is_last_set()) {
        let most = positional.get_num_args().map_or(1, |range| range.max_values());
        if most == usize::MAX || !matches!(positional.get_action(), clap::ArgAction::Set) {
            return None;
        }
        count += most;
    }
    Some(count)
}

/// The option that a word is.
fn option<'a>(text: &str, command: &'a clap::Command) -> Option<&'a clap::Arg> {
    let long = text.strip_prefix("--").map(|name| name.split('=').next().unwrap_or_default());
    let short = text.strip_prefix('-').filter(|_| long.is_none()).and_then(|letters| letters.chars().next());
    command.get_arguments().find(|argument| match (long, short) {
        (Some(name), _) => argument.get_long() == Some(name),
        (_, Some(letter)) => argument.get_short() == Some(letter),
        _ => false,
    })
}

/// Whether the value of an option is the word after it.
fn takes_next_word(text: &str, option: &clap::Arg) -> bool {
    let is_joined = if text.starts_with("--") { text.contains('=') } else { text.len() > 2 };
    option.get_action().takes_values() && !option.is_require_equals_set() && !is_joined
}

/// Whether a word is a short name of a port: `a0`, `u1`, `c3`.
fn is_shortcut(text: &str) -> bool {
    crate::port::address::shortcut(text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(line: &str) -> Vec<String> {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        let joined = |step: Vec<OsString>| {
            step.iter().map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
        };
        split(&words, &groups::program()).into_iter().map(joined).collect()
    }

    #[test]
    fn a_plus_joins_commands() {
        assert_eq!(parts("cp a b : + exec x + reset"), ["cp a b :", "exec x", "reset"]);
        assert_eq!(parts("-p sim cp a : + ls"), ["-p sim cp a :", "ls"]);
        // What a script gets is its own.
        assert_eq!(parts("run a.rhai -- 1 + 2"), ["run a.rhai -- 1 + 2"]);
        assert_eq!(parts("eval 1+1"), ["eval 1+1"]);
    }

    #[test]
    fn a_command_that_has_all_of_its_words_needs_no_plus() {
        assert_eq!(parts("mount . run main.py"), ["mount .", "run main.py"]);
        assert_eq!(
            parts("connect a0 resume exec x eval y soft-reset sleep 2 ls"),
            ["connect a0", "resume", "exec x", "eval y", "soft-reset", "sleep 2", "ls"]
        );
        assert_eq!(parts("a0 u1 ls -l :"), ["connect a0", "connect u1", "ls -l :"]);
        assert_eq!(parts("a0 fs cat a + fs ls"), ["connect a0", "fs cat a", "fs ls"]);
        assert_eq!(parts("a0 mip install x + ls"), ["connect a0", "mip x", "ls"]);
        assert_eq!(parts("devs + -p a0 fs sha256sum x + unmount ls"), ["devices", "-p a0 fs hash x", "umount", "ls"]);
        // Values of options, and words of commands that take any number of them, are not commands.
        assert_eq!(parts("exec -p ls x ls"), ["exec -p ls x", "ls"]);
        assert_eq!(parts("exec --port=a0 x --no-reset ls"), ["exec --port=a0 x --no-reset", "ls"]);
        assert_eq!(parts("exec -5 --timeout 3 reset"), ["exec -5 --timeout 3", "reset"]);
        assert_eq!(parts("ls reset exec"), ["ls reset exec"]);
        assert_eq!(parts("sim serve --link /tmp/x a0 ls"), ["sim serve --link /tmp/x a0", "ls"]);
    }

    fn planned(line: &str) -> Result<Vec<Step>, Diagnostic> {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        plan(parse(&words).unwrap_or_else(|refused| panic!("{refused:?}")))
    }

    fn ports(line: &str) -> Vec<Option<String>> {
        let port = |mut step: Step| step.command.connection_mut().and_then(|connection| connection.port.clone());
        planned(line).unwrap().into_iter().map(port).collect()
    }

    #[test]
    fn the_commands_of_a_chain_have_one_port() {
        let sim = || Some("sim".to_owned());
        assert_eq!(ports("-p sim ls + reset"), [sim(), sim()]);
        assert_eq!(ports("ls -p sim + sleep 1 + reset"), [sim(), None, sim()]);
        assert_eq!(ports("connect port:sim ls + reset"), [None, sim(), sim()]);
        assert_eq!(ports("connect id:E6 ls")[1], Some("{\"serial_number\":\"E6\"}".to_owned()));
        assert_eq!(ports("connect auto ls"), [None, None]);
        // Without an action it is the prompt.
        assert_eq!(ports("-p sim"), [sim()]);
        assert_eq!(ports("a0 resume"), [None, None, Some("a0".to_owned())]);
        let boards = planned("-p sim ls + ls -p a0 + reset").unwrap();
        let shared: Vec<_> = boards.iter().map(|step| step.shared.clone().unwrap()).collect();
        assert!(!Arc::ptr_eq(&shared[0], &shared[1]) && Arc::ptr_eq(&shared[1], &shared[2]));
        assert!(planned("ls").unwrap()[0].shared.is_none());
    }

    #[test]
    fn contradictions_are_misuse() {
        let case = |line: &str, message: &str| {
            let refused = planned(line).err().map(|failure| (failure.title.clone(), failure.kind.exit_status()));
            assert_eq!(refused, Some((message.to_owned(), 2)), "{line}");
        };
        case("ls + reset -p sim", "the commands of a chain share one board");
        case("-p sim check a.rhai", "this command uses no board");
        case("--simulate", "missing command");
    }
}
