//! Recipes: names for command lines, from `[recipes]` of the station's file and of the user's configuration.
//!
//! `deploy = "cp {file=main.py} :/ + reset"` makes `belay-script deploy` and `belay-script deploy other.py` commands. Invariant: a
//! recipe never replaces a command of the program, and one of a station file that nobody trusts does not run.

use super::console::Console;
use super::{configuration, misuse, station};
use crate::bench::station::Trust;
use crate::diagnostic::Diagnostic;
use crate::error::Kind;
use std::ffi::OsString;

/// Most recipes that one recipe may lead to, one after the other.
pub const DEEPEST: usize = 8;

/// A recipe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipe {
    /// Its name, a command.
    pub name: String,
    /// The command line, with `{name}` and `{name=default}` for its arguments.
    pub text: String,
    /// The file in which it is.
    pub file: String,
    /// Whether the user trusts that file.
    pub trust: Trust,
}

/// All recipes: those of the station in the current folder, then the user's own.
///
/// # Errors
/// If one of the files is wrong.
pub fn all() -> Result<Vec<Recipe>, Diagnostic> {
    let mut recipes: Vec<Recipe> = Vec::new();
    if let Some(station) = station::here()? {
        let (file, trust) = (station.file, station.trust);
        recipes.extend(station.recipes.into_iter().map(|(name, text)| Recipe {
            name,
            text,
            file: file.clone(),
            trust,
        }));
    }
    let (file, own) = configuration::recipes()?;
    for (name, text) in own {
        if recipes.iter().all(|recipe| recipe.name != name) {
            recipes.push(Recipe { name, text, file: file.clone(), trust: Trust::Trusted });
        }
    }
    Ok(recipes)
}

/// Prints the recipes; returns the exit status.
///
/// # Errors
/// As [`all`].
pub fn list(console: &Console) -> Result<u8, Diagnostic> {
    let recipes = all()?;
    if recipes.is_empty() {
        console.text("no recipes\n  help: write some into `station.toml`: `[recipes]`, then `deploy = \"cp main.py :/ + reset\"`\n");
    }
    let usage = |recipe: &Recipe| [&recipe.name, &usage(&recipe.text)[..]].join(" ").trim_end().to_owned();
    let wide = recipes.iter().map(|recipe| usage(recipe).chars().count()).max().unwrap_or(0).min(60);
    for recipe in &recipes {
        let text: String = recipe.text.chars().filter(|c| !c.is_control()).collect();
        console.text(&format!("{:wide$}  {text}\n", usage(recipe)));
    }
    Ok(0)
}

impl Recipe {
    /// Its command line with these arguments.
    ///
    /// # Errors
    /// Of missing and surplus arguments, of an unclosed quote; PermissionError if nobody trusts its file.
    pub fn words(&self, arguments: &[OsString]) -> Result<Vec<OsString>, Diagnostic> {
        if self.trust != Trust::Trusted {
            let message = format!("the recipe `{}` is in `{}`, which you have not trusted", self.name, self.file);
            let help = "read the file, then run `belay-script trust`".to_owned();
            return Err(Diagnostic { help: Some(help), ..Diagnostic::new(Kind::PermissionError, message) });
        }
        let parameters = parameters(&self.text);
        let wrong = |message: String| {
            let usage = format!("belay-script {} {}", self.name, usage(&self.text));
            misuse(message, format!("use `{}`", usage.trim_end()))
        };
        if arguments.len() > parameters.len() {
            return Err(wrong(format!("the recipe `{}` takes {} arguments", self.name, parameters.len())));
        }
        let mut words = Vec::new();
        for word in split(&self.text)? {
            let mut whole = OsString::new();
            for part in parts(&word) {
                match part {
                    Part::Text(text) => whole.push(text),
                    Part::Parameter(name, default) => {
                        let index = parameters.iter().position(|(known, _)| known == name).unwrap_or(0);
                        match (arguments.get(index), default.or(parameters[index].1.as_deref())) {
                            (Some(argument), _) => whole.push(argument),
                            (None, Some(default)) => whole.push(default),
                            (None, None) => {
                                return Err(wrong(format!("the recipe `{}` needs an argument: {name}", self.name)));
                            }
                        }
                    }
                }
            }
            words.push(whole);
        }
        Ok(words)
    }
}

/// The arguments of a recipe as its usage shows them.
fn usage(text: &str) -> String {
    let shown = |(name, default): &(String, Option<String>)| match default {
        None => format!("<{}>", name.to_uppercase()),
        Some(_) => format!("[{}]", name.to_uppercase()),
    };
    parameters(text).iter().map(shown).collect::<Vec<_>>().join(" ")
}

/// The arguments of a recipe in their order, with their defaults.
fn parameters(text: &str) -> Vec<(String, Option<String>)> {
    let mut found: Vec<(String, Option<String>)> = Vec::new();
    for word in split(text).unwrap_or_default() {
        for part in parts(&word) {
            let Part::Parameter(name, default) = part else { continue };
            match found.iter_mut().find(|(known, _)| known == name) {
                Some((_, known)) => *known = known.take().or_else(|| default.map(str::to_owned)),
                None => found.push((name.to_owned(), default.map(str::to_owned))),
            }
        }
    }
    found
}

/// A piece of a word.
enum Part<'a> {
    Text(&'a str),
    Parameter(&'a str, Option<&'a str>),
}

/// Finds `{name}` and `{name=default}`; any other brace is text, and `{{` is one brace.
fn parts(word: &str) -> Vec<Part<'_>> {
    let mut found = Vec::new();
    let mut rest = word;
    while let Some(at) = rest.find('{') {
        found.push(Part::Text(&rest[..at]));
        let inner = &rest[at + 1..];
        if let Some(after) = inner.strip_prefix('{') {
            found.push(Part::Text("{"));
            rest = after;
            continue;
        }
        let parameter = inner.split_once('}').and_then(|(inside, after)| {
            let (name, default) = inside.split_once('=').map_or((inside, None), |(name, value)| (name, Some(value)));
            let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            is_name.then_some((name, default, after))
        });
        match parameter {
            Some((name, default, after)) => {
                found.push(Part::Parameter(name, default));
                rest = after;
            }
            None => {
                found.push(Part::Text("{"));
                rest = inner;
            }
        }
    }
    found.push(Part::Text(rest));
    found
}

/// Divides a line into words; quotes hold together.
fn split(text: &str) -> Result<Vec<String>, Diagnostic> {
    super::prompt::words(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str, arguments: &[&str]) -> Result<Vec<String>, String> {
        let recipe = Recipe {
            name: "r".to_owned(),
            text: text.to_owned(),
            file: "station.toml".to_owned(),
            trust: Trust::Trusted,
        };
        let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
        let words = recipe.words(&arguments);
        words
            .map(|words| words.iter().map(|word| word.to_string_lossy().into_owned()).collect())
            .map_err(|failure| format!("{} | {}", failure.title, failure.help.unwrap_or_default()))
    }

    #[test]
    fn arguments_take_their_places() {
        assert_eq!(words("cp {file=main.py} :/ + reset", &[]).unwrap(), ["cp", "main.py", ":/", "+", "reset"]);
        assert_eq!(words("cp {file=main.py} :/", &["a b.py"]).unwrap(), ["cp", "a b.py", ":/"]);
        assert_eq!(words("exec 'f({n}, {n}, \"{x}\")'", &["1", "2"]).unwrap(), ["exec", "f(1, 1, \"2\")"]);
        // Python's own braces.
        assert_eq!(words("exec 'd={}; print({{n}, {1: 2})'", &[]).unwrap(), ["exec", "d={}; print({n}, {1: 2})"]);
    }

    #[test]
    fn wrong_arguments_show_the_usage() {
        assert_eq!(
            words("cp {file} {to=:/}", &[]).unwrap_err(),
            "the recipe `r` needs an argument: file | use `belay-script r <FILE> [TO]`"
        );
        assert_eq!(words("reset", &["x"]).unwrap_err(), "the recipe `r` takes 0 arguments | use `belay-script r`");
        assert!(words("exec 'x", &[]).unwrap_err().starts_with("unclosed quote"));
    }
}
