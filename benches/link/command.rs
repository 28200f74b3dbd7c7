//! The command line of the bench.

use super::measure::Extent;
use super::places::Link;
use super::results::{self, Results, Row};
use super::{compare, measured, page, peers};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

/// How often a link is measured again at most.
const AGAIN: usize = 1;

/// What to do.
struct Arguments {
    links: Vec<Link>,
    extent: Extent,
    blesses: bool,
    writes_docs: bool,
    peers: bool,
    save: Option<PathBuf>,
}

fn arguments(given: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let mut wanted = Arguments {
        links: Vec::new(),
        extent: Extent::Full,
        blesses: false,
        writes_docs: false,
        peers: false,
        save: None,
    };
    let mut given = given;
    while let Some(argument) = given.next() {
        match argument.as_str() {
            // Cargo's.
            "--bench" => {}
            "--bless" => wanted.blesses = true,
            "--write-docs" => wanted.writes_docs = true,
            "--peers" => wanted.peers = true,
            "--quick" => wanted.extent = Extent::Quick,
            "--save" => wanted.save = Some(given.next().ok_or("`--save` needs a file")?.into()),
            name => match Link::ALL.into_iter().find(|link| link.name() == name) {
                Some(link) => wanted.links.push(link),
                None => return Err(format!("unknown argument `{name}`; see benches/link/main.rs")),
            },
        }
    }
    if wanted.links.is_empty() {
        wanted.links = Link::ALL.to_vec();
    }
    Ok(wanted)
}

/// Measures, prints, compares. Status 1: something became worse; 2: wrong arguments, or a file cannot be written.
pub fn main(given: impl Iterator<Item = String>) -> ExitCode {
    match arguments(given).and_then(|wanted| run(&wanted)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::from(2)
        }
    }
}

/// Compares with the peers.
fn run_peers(wanted: &Arguments) -> Result<bool, String> {
    let mut tables = String::new();
    for link in peers::LINKS {
        match peers::compare(link) {
            Ok(compared) => {
                let table = peers::table(&compared);
                println!("{table}");
                peers::errors(&compared).iter().for_each(|error| println!("{error}"));
                tables.push_str(&table);
            }
            Err(why) => println!("{}: not measured: {why}", link.title()),
        }
    }
    if wanted.writes_docs {
        page::write_peers(&tables).map_err(|error| error.to_string())?;
    }
    Ok(true)
}

/// The figures of a link. One link that fails leaves the others.
fn once(link: Link, extent: Extent) -> Result<Vec<Row>, String> {
    let of_link = std::panic::catch_unwind(|| measured(link, extent));
    of_link.unwrap_or_else(|_| Err("it failed, see above".to_owned()))
}

/// The same, measured again where something seems to be worse than the baseline, or for a new baseline: the best of each counts.
fn measured_well(link: Link, wanted: &Arguments) -> Result<Vec<Row>, String> {
    let mut rows = once(link, wanted.extent)?;
    let is_judged = wanted.extent == Extent::Full;
    let is_worse = |rows: &[Row]| !compare::worse(&vec![(link, rows.to_vec())], &compare::file()).is_empty();
    for _ in 0..AGAIN {
        if !is_judged || !(wanted.blesses || is_worse(&rows)) {
            break;
        }
        let other = once(link, wanted.extent)?;
        let again =
            |row: &Row| other.iter().find(|other| other.what == row.what).map_or(row.clone(), |other| row.best(other));
        rows = rows.iter().map(again).collect();
    }
    Ok(rows)
}

fn run(wanted: &Arguments) -> Result<bool, String> {
    if wanted.peers {
        return run_peers(wanted);
    }
    let begun = Instant::now();
    let mut results: Results = Vec::new();
    for link in &wanted.links {
        match measured_well(*link, wanted) {
            Ok(rows) => {
                print!("{}", page::plain(*link, &rows));
                results.push((*link, rows));
            }
            Err(why) => println!("{}: not measured: {why}\n", link.title()),
        }
    }
    println!("{:.0} s", begun.elapsed().as_secs_f64());
    let failed = |error: std::io::Error| error.to_string();
    if let Some(path) = &wanted.save {
        results::save(&results, path).map_err(failed)?;
    }
    if wanted.writes_docs {
        page::write(&results).map_err(failed)?;
    }
    if wanted.blesses {
        compare::bless(&results, &compare::file()).map_err(failed)?;
        return Ok(true);
    }
    if wanted.extent == Extent::Quick {
        return Ok(true);
    }
    let worse = compare::worse(&results, &compare::file());
    for line in &worse {
        println!("worse: {line}");
    }
    Ok(worse.is_empty())
}
