//! `df`: shows free space on a board.
//!
//! Uses [`crate::device`].

use super::{Work, human, missing, on_board, places_or_root, run, shown};
use crate::cli::arguments::files::Paths;
use crate::cli::console::Console;
use crate::device::Space;
use crate::diagnostic::Diagnostic;
use crate::error::{Error, Kind, Result};
use serde_json::{Value as Json, json};
use std::fmt::Write as _;
use std::sync::Arc;

/// Prints the free space of the file systems that contain the paths; returns the exit status.
///
/// # Errors
/// Of wrong arguments, or if Ctrl-C cannot be watched.
pub fn df(options: &Paths, console: &Arc<Console>) -> std::result::Result<u8, Diagnostic> {
    let places = places_or_root("df", &options.paths)?;
    let paths = on_board("df", &options.paths)?;
    run(console, &options.session, &places, |work| {
        let mut rows = if paths.is_empty() { mounted(work)? } else { Vec::new() };
        for path in &paths {
            let files = work.files()?;
            files.stat(&path.path)?.ok_or_else(|| missing(&path.path))?;
            let space = files.space(&path.path)?.ok_or_else(|| silent(&path.path))?;
            if space.total == 0 {
                return Err(unmounted(&path.path));
            }
            rows.push((path.path.clone(), space));
        }
        console.text(&if options.json { as_json(&rows) } else { as_text(&rows) });
        Ok(())
    })
}

fn silent(path: &str) -> Error {
    let message = format!("the board cannot report the free space at `{path}`");
    Error::new(Kind::FeatureUnavailableError, message).with_help("its firmware lacks `os.statvfs`")
}

fn unmounted(path: &str) -> Error {
    let message = format!("no file system is mounted at `{path}`");
    Error::new(Kind::FeatureUnavailableError, message)
        .with_help("its firmware has none, or its boot.py does not mount it")
}

/// All file systems that are mounted: that of the root, and those of directories in it that differ from it.
fn mounted(work: &mut Work<'_>) -> Result<Vec<(String, Space)>> {
    let is_shared = work.is_shared()?;
    let files = work.files()?;
    let root = files.space("/")?.ok_or_else(|| silent("/"))?;
    let mut rows = Vec::new();
    if root.total > 0 {
        rows.push(("/".to_owned(), root));
    }
    let folders = if is_shared { Vec::new() } else { files.directory("/")? };
    for folder in folders.into_iter().filter(|entry| entry.size.is_none()) {
        let space = files.space(&folder.path)?;
        rows.extend(space.filter(|space| *space != root && space.total > 0).map(|space| (folder.path, space)));
    }
    if rows.is_empty() { Err(unmounted("/")) } else { Ok(rows) }
}

fn used(space: &Space) -> u64 {
    space.total.saturating_sub(space.free)
}

/// Rounded up, so that only an empty flash is at 0 and only a full one at 100 or more.
fn percent(space: &Space) -> u64 {
    let used = u128::from(used(space)) * 100;
    let percent = used.checked_div(u128::from(space.total)).unwrap_or(0);
    let more = space.total > 0 && used % u128::from(space.total) > 0;
    u64::try_from(percent).unwrap_or(100) + u64::from(more && percent < 99)
}

fn as_text(rows: &[(String, Space)]) -> String {
    let head = ["PATH", "BLOCK", "TOTAL", "USED", "FREE", "USE"].map(str::to_owned);
    let row = |(path, space): &(String, Space)| {
        let percent = format!("{} %", percent(space));
        let (total, used, free) = (human(space.total), human(used(space)), human(space.free));
        [format!(":{}", shown(path)), human(space.block), total, used, free, percent]
    };
    let table: Vec<[String; 6]> = std::iter::once(head).chain(rows.iter().map(row)).collect();
    let wide = |column: usize| table.iter().map(|row| row[column].chars().count()).max().unwrap_or(0).min(100);
    let mut text = String::new();
    for row in &table {
        let _ = write!(text, "{:first$}", row[0], first = wide(0));
        for (column, cell) in row.iter().enumerate().skip(1) {
            let _ = write!(text, "  {cell:>width$}", width = wide(column));
        }
        text.push('\n');
    }
    text
}

fn as_json(rows: &[(String, Space)]) -> String {
    let row = |(path, space): &(String, Space)| {
        json!({
            "path": path,
            "block": space.block,
            "total": space.total,
            "used": used(space),
            "free": space.free,
            "percent": percent(space),
        })
    };
    format!("{:#}\n", Json::Array(rows.iter().map(row).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percents() {
        let case = |total, free, expected| assert_eq!(percent(&Space { block: 1, total, free }), expected);
        case(0, 0, 0);
        case(1000, 1000, 0);
        case(1000, 999, 1);
        case(1000, 500, 50);
        case(1000, 1, 99);
        case(1000, 0, 100);
    }

    #[test]
    fn columns_line_up() {
        let rows = [
            ("/".to_owned(), Space { block: 4096, total: 1_433_600, free: 1_425_408 }),
            ("/sd".to_owned(), Space { block: 512, total: 1 << 33, free: 0 }),
        ];
        assert_eq!(
            as_text(&rows),
            "\
PATH    BLOCK    TOTAL     USED     FREE    USE
:/    4.0 KiB  1.4 MiB  8.0 KiB  1.4 MiB    1 %
:/sd    512 B  8.0 GiB  8.0 GiB      0 B  100 %
"
        );
    }
}
