//! Text files of a script, and the natives behind `std/csv`.
//!
//! Invariant: no path leads out of the folder in which belay-script was started.

use super::errors::{Fallible, argument, placed};
use super::measure::shown;
use crate::error::Kind;
use rhai::{Array, Dynamic, Engine, ImmutableString, NativeCallContext as Context};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Component, Path, PathBuf};

/// Longest file that is read, in bytes.
const LONGEST: u64 = 64 << 20;

/// Registers the functions.
pub(super) fn register(engine: &mut Engine) {
    engine
        .register_fn("read_file", |context: Context<'_>, path: ImmutableString| placed(&context, read(&path)))
        .register_fn("write_file", |context: Context<'_>, path: ImmutableString, text: ImmutableString| {
            placed(&context, write(&path, &text, false))
        })
        .register_fn("append_file", |context: Context<'_>, path: ImmutableString, text: ImmutableString| {
            placed(&context, write(&path, &text, true))
        })
        .register_fn("csv_format", |context: Context<'_>, rows: Array| placed(&context, csv_format(&context, &rows)))
        .register_fn("csv_parse", |context: Context<'_>, text: ImmutableString| placed(&context, csv_parse(&text)));
}

/// The path, if it stays below the current folder.
pub(super) fn inside(path: &str) -> Fallible<PathBuf> {
    let help = "files lie below the folder in which belay-script was started: use a relative path without `..`";
    let wanted = Path::new(path);
    let plain = wanted.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if path.is_empty() || !plain {
        return argument(format!("the path \"{path}\" leads out of the folder"), help);
    }
    // A link may lead out, too. What does not exist yet is judged by its folder.
    let existing = wanted.ancestors().find(|ancestor| ancestor.as_os_str().is_empty() || ancestor.exists());
    let existing = existing.filter(|ancestor| !ancestor.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match (Path::new(".").canonicalize(), existing.canonicalize()) {
        (Ok(folder), Ok(real)) if real.starts_with(&folder) => Ok(wanted.to_owned()),
        _ => argument(format!("the path \"{path}\" leads out of the folder"), help),
    }
}

pub(super) fn failed<T>(what: &str, path: &str, error: &std::io::Error) -> Fallible<T> {
    super::errors::refuse(Kind::ScriptError, format!("\"{path}\" cannot be {what}: {error}"), "")
}

fn read(path: &str) -> Fallible<String> {
    let file = inside(path)?;
    match std::fs::metadata(&file) {
        Ok(about) if about.len() > LONGEST => {
            return argument(format!("\"{path}\" is longer than {} MiB", LONGEST >> 20), "");
        }
        Ok(_) => {}
        Err(error) => return failed("read", path, &error),
    }
    std::fs::read_to_string(&file).or_else(|error| failed("read", path, &error))
}

fn write(path: &str, text: &str, append: bool) -> Fallible<()> {
    let file = inside(path)?;
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).or_else(|error| failed("written", path, &error))?;
    }
    let opened = OpenOptions::new().create(true).write(true).append(append).truncate(!append).open(&file);
    let written = opened.and_then(|mut file| file.write_all(text.as_bytes()));
    written.or_else(|error| failed("written", path, &error))
}

/// Rows as the text of a CSV file (RFC 4180, lines ending in `\n`).
fn csv_format(context: &Context<'_>, rows: &[Dynamic]) -> Fallible<String> {
    let mut text = String::new();
    for (index, row) in rows.iter().enumerate() {
        let row = row.flatten_clone();
        let Some(cells) = row.read_lock::<Array>() else {
            return argument(
                format!("row {} is {}", index + 1, super::convert::describe(&row)),
                "rows are arrays: `[[\"time\", \"value\"], [0, 1.5]]`",
            );
        };
        let cells: Vec<String> = cells.iter().map(|cell| quote(&shown(context, cell), cell.is_unit())).collect();
        text.push_str(&cells.join(","));
        text.push('\n');
    }
    Ok(text)
}

fn quote(cell: &str, empty: bool) -> String {
    if empty {
        return String::new();
    }
    if cell.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.to_owned() }
}

/// The rows of a CSV text; all cells are strings.
fn csv_parse(text: &str) -> Fallible<Array> {
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut row: Vec<String> = Vec::new();
    let mut cell = String::new();
    let (mut quoted, mut begun) = (false, false);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                cell.push('"');
            }
            '"' if quoted => quoted = false,
            '"' if cell.is_empty() => (quoted, begun) = (true, true),
            other if quoted => cell.push(other),
            ',' => {
                row.push(std::mem::take(&mut cell));
                begun = true;
            }
            '\r' if letters.peek() == Some(&'\n') => {}
            '\n' => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
                begun = false;
            }
            other => {
                cell.push(other);
                begun = true;
            }
        }
    }
    if quoted {
        return argument(format!("a quote in row {} of the CSV text is not closed", rows.len() + 1), "");
    }
    if begun {
        row.push(cell);
        rows.push(row);
    }
    let rows = rows.into_iter().map(|row| Dynamic::from_array(row.into_iter().map(Dynamic::from).collect()));
    Ok(rows.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_inside() {
        for path in ["/etc/passwd", "../x", "a/../../x", "", "/"] {
            assert!(inside(path).is_err(), "{path}");
        }
        for path in ["x.csv", "./x", "new/folder/x.csv"] {
            assert!(inside(path).is_ok(), "{path}");
        }
    }

    #[test]
    fn csv_text_is_read_as_rows() {
        fn case(text: &str, wanted: &[&[&str]]) {
            let rows = csv_parse(text).unwrap();
            let rows: Vec<Vec<String>> =
                rows.into_iter().map(|row| row.into_typed_array::<String>().unwrap()).collect();
            assert_eq!(rows, wanted, "{text:?}");
        }
        case("a,b\n1,2\n", &[&["a", "b"], &["1", "2"]]);
        case("a,\"b,\"\"c\nd\"\r\n", &[&["a", "b,\"c\nd"]]);
        case("a,", &[&["a", ""]]);
        case("", &[]);
        case("\"\"", &[&[""]]);
        assert!(csv_parse("\"a").is_err());
    }
}
