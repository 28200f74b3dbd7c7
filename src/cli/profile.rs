//! `run --profile`: where the time of a run went, and what would save some of it.

use super::{console::Console, misuse, reason};
use crate::device::profile::{Profile, Row};
use crate::diagnostic::Diagnostic;
use crate::disk;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

/// Exchanges of one item from which on fewer are advised, if they take this share of the run's time.
const MANY: u64 = 100;
const SHARE: f64 = 0.1;

/// Prints the profile of a run that took `whole`, and writes the folded stacks.
///
/// # Errors
/// If the file cannot be written.
pub fn report(profile: &Profile, whole: Duration, file: Option<&Path>, console: &Console) -> Result<(), Diagnostic> {
    let rows = profile.rows();
    console.remark(&format!("{}\n", table(&rows, whole)));
    for advice in rows.iter().filter_map(|row| advice(row, whole)) {
        console.remark(&format!("advice: {advice}\n"));
    }
    let Some(file) = file else { return Ok(()) };
    disk::replace(file, folded(&rows, whole).as_bytes()).map_err(|error| {
        misuse(format!("the profile `{}` cannot be written: {}", file.display(), reason(&error)), "name another file")
    })
}

/// The rest of the time: the script, its waits, and devices that work at the same time count once.
fn script(rows: &[Row], whole: Duration) -> Duration {
    whole.saturating_sub(rows.iter().map(|row| row.total).sum())
}

fn table(rows: &[Row], whole: Duration) -> String {
    let sum = |part: fn(&Row) -> Duration| rows.iter().map(part).sum::<Duration>();
    let mut text = format!(
        "-- profile: {}; link {}, board {}, host {}, script {}\n",
        time(whole),
        time(sum(|row| row.link)),
        time(sum(Row::board)),
        time(sum(Row::host)),
        time(script(rows, whole)),
    );
    let heads = ["time", "link", "board", "host", "exchanges", "sent", "received"];
    line(&mut text, &heads.map(str::to_owned));
    for row in rows {
        let columns = [
            time(row.total),
            time(row.link),
            time(row.board()),
            time(row.host()),
            row.traffic.exchanges.to_string(),
            bytes(row.traffic.written),
            bytes(row.traffic.read),
        ];
        text.push('\n');
        line(&mut text, &columns);
        let _ = write!(text, "  {}: {}", row.device, row.item);
    }
    text
}

fn line(text: &mut String, columns: &[String; 7]) {
    text.push_str("  ");
    for column in columns {
        let _ = write!(text, " {column:>9}");
    }
}

/// What would make an item faster.
fn advice(row: &Row, whole: Duration) -> Option<String> {
    let is_worth_it = row.traffic.exchanges >= MANY && row.link.as_secs_f64() > SHARE * whole.as_secs_f64();
    let is_item = row.item.starts_with("task ");
    (is_worth_it && is_item).then(|| {
        format!(
            "{} of `{}` took {} exchanges, which cost the link {}: make independent calls in a `batch`, or use a generator with `prefetch`",
            row.item,
            row.device,
            row.traffic.exchanges,
            time(row.link)
        )
    })
}

/// One line for each stack, with its time in microseconds: the form of Brendan Gregg's flamegraph.pl, which inferno and speedscope
/// read too.
fn folded(rows: &[Row], whole: Duration) -> String {
    let mut text = String::new();
    let mut line = |frames: &[&str], time: Duration| {
        if time.as_micros() > 0 {
            let frames: Vec<String> = frames.iter().map(|frame| frame.replace(';', ",")).collect();
            let _ = writeln!(text, "{} {}", frames.join(";"), time.as_micros());
        }
    };
    for row in rows {
        for (part, time) in [("link", row.link), ("board", row.board()), ("host", row.host())] {
            line(&["run", &row.device, &row.item, part], time);
        }
    }
    line(&["run", "script"], script(rows, whole));
    text
}

fn time(time: Duration) -> String {
    match time.as_secs_f64() {
        seconds if seconds >= 9.9995 => format!("{seconds:.1} s"),
        seconds if seconds >= 0.99995 => format!("{seconds:.2} s"),
        seconds => format!("{:.1} ms", seconds * 1000.0),
    }
}

#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
fn bytes(count: u64) -> String {
    match count {
        0..10_000 => format!("{count} B"),
        10_000..10_000_000 => format!("{:.1} KB", count as f64 / 1e3),
        _ => format!("{:.1} MB", count as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::meter::Traffic;

    fn row(item: &str, exchanges: u64, ms: [u64; 3]) -> Row {
        let [link, waited, total] = ms.map(Duration::from_millis);
        let traffic = Traffic { written: 14 * exchanges, read: 34 * exchanges, exchanges, waited };
        Row { device: "Bench".into(), item: item.into(), traffic, total, link }
    }

    #[test]
    fn the_parts_add_up() {
        let rows = [row("task `read`", 4000, [8000, 9000, 9400]), row("connecting", 5, [10, 50, 60])];
        let text = table(&rows, Duration::from_secs(10));
        assert_eq!(
            text,
            "-- profile: 10.0 s; link 8.01 s, board 1.04 s, host 410.0 ms, script 540.0 ms\n\
             \x20       time      link     board      host exchanges      sent  received\n\
             \x20     9.40 s    8.00 s    1.00 s  400.0 ms      4000   56.0 KB  136.0 KB  Bench: task `read`\n\
             \x20    60.0 ms   10.0 ms   40.0 ms   10.0 ms         5      70 B     170 B  Bench: connecting"
        );
        let folded = folded(&rows, Duration::from_secs(10));
        let sum: u64 = folded.lines().filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum();
        assert_eq!(sum, 10_000_000, "{folded}");
    }

    #[test]
    fn advises_fewer_exchanges_where_the_link_costs_much() {
        let second = Duration::from_secs(1);
        assert!(advice(&row("task `read`", 4000, [800, 900, 940]), second).unwrap().contains("4000 exchanges"));
        assert_eq!(advice(&row("task `read`", 4000, [50, 900, 940]), second), None);
        assert_eq!(advice(&row("task `read`", 3, [800, 900, 940]), second), None);
        assert_eq!(advice(&row("connecting", 4000, [800, 900, 940]), second), None);
    }
}
