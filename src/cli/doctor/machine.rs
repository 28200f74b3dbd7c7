//! The checks of this computer besides its ports: the program, the MicroPython of simulated boards, the terminal, the shell.
//!
//! Invariant: nothing is changed or installed.

use super::finding::{Finding, Mend, State};
use crate::cli::arguments::PROGRAM;
use crate::cli::completions;
use crate::error::Result;
use clap_complete::Shell;
use std::env;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

/// Version, system and path of this program, and the one that the shell finds.
pub fn program() -> Finding {
    let version = format!("{} {}", env!("CARGO_PKG_VERSION"), system());
    let Ok(own) = env::current_exe() else { return Finding::ok("program", version) };
    let text = format!("{version}: {}", own.display());
    let name = if cfg!(windows) { format!("{PROGRAM}.exe") } else { PROGRAM.to_owned() };
    let first = env::var_os("PATH").and_then(|path| {
        env::split_paths(&path).map(|folder| folder.join(&name)).find(|candidate| candidate.is_file())
    });
    match first {
        Some(first) if first.canonicalize().ok() == own.canonicalize().ok() => Finding::ok("program", text),
        Some(first) => {
            Finding::note("program", text, format!("`{PROGRAM}` in the shell is another one: {}", first.display()))
        }
        None => {
            Finding::note("program", text, format!("its folder is not in PATH: the shell does not find `{PROGRAM}`"))
        }
    }
}

fn system() -> String {
    format!("on {} {}", env::consts::OS, env::consts::ARCH)
}

/// The MicroPython that simulated boards and `check` use.
#[cfg(unix)]
pub fn interpreter() -> Finding {
    use crate::port::sim::interpreter::at_hand;
    match at_hand() {
        Ok(Some(found)) => {
            let (major, minor) = found.version;
            Finding::ok("simulator", format!("MicroPython {major}.{minor}: {}", found.path))
        }
        Ok(None) => Finding::problem(
            "simulator",
            State::Warning,
            "no MicroPython for simulated boards",
            "the first simulated board installs one with pip; belay-script doctor --fix does it now",
            Mend::InstallInterpreter,
        ),
        Err(error) => {
            let help = error.help().unwrap_or_default().to_owned();
            Finding::problem("simulator", State::Error, error.message(), help, Mend::Person)
        }
    }
}

/// The MicroPython that simulated boards and `check` use.
#[cfg(not(unix))]
pub fn interpreter() -> Finding {
    Finding::note("simulator", "simulated boards need Linux or macOS", "use WSL on Windows")
}

/// How simulated boards are kept from the files of this computer.
pub fn confinement() -> Option<Finding> {
    #[cfg(target_os = "linux")]
    return Some(match crate::port::sim::confine::measures() {
        measures if measures.files && measures.tcp && measures.signals => {
            Finding::ok("confinement", "simulated boards cannot reach your files, the network or other processes")
        }
        measures if measures.files => {
            Finding::ok("confinement", "simulated boards cannot reach your files or the network")
        }
        _ => Finding::note(
            "confinement",
            "this kernel has no Landlock: a program on a simulated board may reach your files",
            "use Linux 5.13 or newer for boards whose code you do not trust",
        ),
    });
    #[cfg(not(target_os = "linux"))]
    None
}

/// What the terminal can show.
pub fn terminal() -> Finding {
    let name = env::var("TERM").unwrap_or_default();
    if !std::io::stdout().is_terminal() {
        return Finding::note("terminal", "the output is not an interactive terminal", "");
    }
    let locale =
        ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| env::var(name).ok().filter(|text| !text.is_empty()));
    let is_utf8 = |locale: &String| locale.to_lowercase().replace('-', "").contains("utf8");
    match locale {
        Some(locale) if cfg!(unix) && !is_utf8(&locale) => Finding::note(
            "terminal",
            format!("{name}, locale {locale}: signs such as `…` and `µ` may look wrong"),
            "export LANG=C.UTF-8",
        ),
        _ => Finding::ok("terminal", if name.is_empty() { "interactive".to_owned() } else { name }),
    }
}

/// The completions of the user's shell.
pub fn completion() -> Option<Finding> {
    let shell = env::var_os("SHELL")?;
    let home = env::var_os("HOME").map(PathBuf::from)?;
    let shell = Path::new(&shell).file_name()?.to_str()?.parse::<Shell>().ok()?;
    let places = places(shell, &home, env::var_os("XDG_DATA_HOME").map(PathBuf::from))?;
    Some(match places.iter().find(|path| path.is_file()) {
        Some(path) => Finding::ok("completion", path.display().to_string()),
        None => {
            let own = places.into_iter().next()?;
            let help = format!("belay-script completions {shell} > {}", own.display());
            let content = completions::script(shell);
            let mend = Mend::Write { path: own, content };
            Finding::problem("completion", State::Warning, format!("no completions for {shell}"), help, mend)
        }
    })
}

/// Where a shell looks for completions: the user's file first, then those of packages.
fn places(shell: Shell, home: &Path, data: Option<PathBuf>) -> Option<Vec<PathBuf>> {
    let data = data.filter(|path| path.is_absolute()).unwrap_or_else(|| home.join(".local/share"));
    Some(match shell {
        Shell::Bash => vec![
            data.join("bash-completion/completions/belay-script"),
            "/usr/share/bash-completion/completions/belay-script".into(),
        ],
        Shell::Fish => vec![
            home.join(".config/fish/completions/belay-script.fish"),
            "/usr/share/fish/vendor_completions.d/belay-script.fish".into(),
        ],
        // Its folders are those of `fpath`, which only the shell knows.
        Shell::Zsh => vec![
            data.join("zsh/site-functions/_belay-script"),
            "/usr/local/share/zsh/site-functions/_belay-script".into(),
            "/usr/share/zsh/vendor-completions/_belay-script".into(),
        ],
        _ => return None,
    })
}

/// Variables of the environment that change what the program does.
pub fn environment() -> Option<Finding> {
    let set: Vec<String> = env::vars_os()
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(|name| name.starts_with("BELAY_"))
        .collect();
    (!set.is_empty()).then(|| Finding::note("environment", format!("set: {}", set.join(", ")), ""))
}

/// The station file of this folder.
pub fn station() -> Option<Finding> {
    let path = Path::new(crate::bench::station::FILE);
    let text = match crate::disk::read_text(path, crate::bound::SETTINGS) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
        Err(error) => {
            let text = format!("{} cannot be read: {error}", path.display());
            return Some(Finding::problem("station", State::Error, text, "make it readable", Mend::Person));
        }
    };
    Some(match crate::bench::station::Station::parse(path, &text) {
        Ok(_) => Finding::ok("station", format!("{} of this folder is valid", path.display())),
        Err(problem) => {
            let line = problem.places.first().map_or(0, |place| place.origin.line);
            let text = format!("{}:{line}: {}", path.display(), problem.title);
            let help = problem.help.unwrap_or_else(|| "correct the file".to_owned());
            Finding::problem("station", State::Error, text, help, Mend::Person)
        }
    })
}

/// A board that was asked, or why it did not answer.
pub fn board(port: &str, asked: Result<String>) -> Finding {
    match asked {
        Ok(about) => Finding::ok("board", format!("{port}: {about}")),
        Err(error) => {
            let help = error.help().unwrap_or("run `belay-script selftest` for a report").to_owned();
            Finding::problem("board", State::Error, error.message(), help, Mend::Person)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn completions_belong_to_the_user_first() {
        let home = Path::new("/home/ada");
        let first = |shell, data| places(shell, home, data).map(|places| places[0].display().to_string());
        assert_eq!(
            first(Shell::Bash, None).as_deref(),
            Some("/home/ada/.local/share/bash-completion/completions/belay-script")
        );
        assert_eq!(
            first(Shell::Bash, Some("/data".into())).as_deref(),
            Some("/data/bash-completion/completions/belay-script")
        );
        assert_eq!(first(Shell::PowerShell, None), None);
    }
}
