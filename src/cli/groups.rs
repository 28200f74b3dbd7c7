//! The commands of the program in groups, for its help.
//!
//! Uses clap. Invariant: every command that `--help` lists is in one group.

use super::arguments::Arguments;
use clap::builder::styling::Style;
use clap::{Command, CommandFactory as _};
use std::fmt::Write as _;

/// The groups, with their commands in the order of the help.
const GROUPS: &[(&str, &[&str])] = &[
    ("Scripts and tests", &["run", "test", "repl", "check", "convert", "doc", "report", "verify", "keygen"]),
    (
        "A board",
        &[
            "exec",
            "eval",
            "terminal",
            "info",
            "reset",
            "soft-reset",
            "flash",
            "rtc",
            "latency",
            "mount",
            "umount",
            "sleep",
        ],
    ),
    (
        "Files and packages of a board",
        &[
            "ls", "tree", "cat", "cp", "rm", "mkdir", "rmdir", "touch", "mv", "df", "hash", "edit", "sync", "mip",
            "romfs",
        ],
    ),
    ("Boards and stations", &["devices", "select", "trust", "doctor", "selftest", "sim"]),
    ("Packages of a project", &["install", "add", "update", "remove", "clean", "cache"]),
    ("Projects and editors", &["new", "editor", "definitions", "lsp", "completions"]),
];

/// The definition of the command line, whose help lists commands in groups.
pub fn program() -> Command {
    let command = Arguments::command();
    let commands = listed(&command);
    let header = command.get_styles().get_header();
    let options = format!("{header}Options:{header:#}");
    let template = format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n{commands}\n{options}\n{{options}}{{after-help}}"
    );
    command.help_template(template)
}

/// The commands in their groups.
fn listed(command: &Command) -> String {
    let styles = command.get_styles();
    let (header, literal) = (styles.get_header(), styles.get_literal());
    let styled = |style: &Style, text: &str| format!("{style}{text}{style:#}");
    let mut text = String::new();
    for (title, names) in GROUPS {
        let _ = write!(text, "\n{}\n", styled(header, &format!("{title}:")));
        for name in *names {
            let Some(command) = command.find_subcommand(name) else { continue };
            let about = command.get_about().map(ToString::to_string).unwrap_or_default();
            let _ = writeln!(text, "  {}  {about}", styled(literal, &format!("{name:12}")));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_in_one_group() {
        let command = Arguments::command();
        let mut grouped: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        let mut listed: Vec<&str> =
            command.get_subcommands().filter(|command| !command.is_hide_set()).map(Command::get_name).collect();
        if cfg!(not(feature = "lsp")) {
            grouped.retain(|name| *name != "lsp");
        }
        grouped.sort_unstable();
        listed.sort_unstable();
        assert_eq!(grouped, listed);
    }

    #[test]
    fn every_command_has_an_example() {
        fn check(command: &Command, line: &str) {
            for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
                let line = format!("{line} {}", below.get_name());
                if below.has_subcommands() {
                    check(below, &line);
                    continue;
                }
                let help = below.clone().render_long_help().to_string();
                assert!(help.contains(&line) || help.contains(&format!(" {} ", below.get_name())), "{line}:\n{help}");
                assert!(help.contains("Example"), "{line}:\n{help}");
            }
        }
        check(&Arguments::command(), "belay-script");
    }

    #[test]
    fn a_name_fits_its_column() {
        let names = GROUPS.iter().flat_map(|(_, names)| names.iter());
        assert_eq!(names.map(|name| name.len()).max(), Some("definitions".len()));
    }
}
