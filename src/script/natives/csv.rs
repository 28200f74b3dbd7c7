//! `csv_format` and `csv_parse`, the native functions of `std/csv` (RFC 4180, lines ending in `\n`).
//!
//! Uses csv to write. Reads with its own parser: csv's reader skips blank lines and accepts a quote that is never closed.
//! Invariant: `csv_parse` returns the texts that `csv_format` wrote.

use crate::script::errors::{Fallible, argument, placed};
use crate::script::natives::measure::shown;
use rhai::{Array, Dynamic, Engine, ImmutableString, NativeCallContext as Context};

/// Registers the functions.
pub(crate) fn register(engine: &mut Engine) {
    engine
        .register_fn("csv_format", |context: Context<'_>, rows: Array| placed(&context, csv_format(&context, &rows)))
        .register_fn("csv_parse", |context: Context<'_>, text: ImmutableString| placed(&context, csv_parse(&text)));
}

/// Formats rows as CSV (RFC 4180, lines ending in `\n`).
fn csv_format(context: &Context<'_>, rows: &[Dynamic]) -> Fallible<String> {
    let mut table = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    // Writing to memory cannot fail.
    let mut write = |cells: &[String]| {
        let written = table.write_record(cells);
        debug_assert!(written.is_ok(), "{written:?}");
    };
    for (index, row) in rows.iter().enumerate() {
        let row = row.flatten_clone();
        let Some(cells) = row.read_lock::<Array>() else {
            return argument(
                format!("row {} is {}", index + 1, crate::script::objects::convert::describe(&row)),
                "rows are arrays: `[[\"time\", \"value\"], [0, 1.5]]`",
            );
        };
        let text = |cell: &Dynamic| if cell.is_unit() { String::new() } else { shown(context, cell) };
        write(&cells.iter().map(text).collect::<Vec<String>>());
    }
    Ok(String::from_utf8(table.into_inner().unwrap_or_default()).unwrap_or_default())
}

/// Parses a CSV text; all cells are strings.
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
    fn parses_csv_text() {
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
