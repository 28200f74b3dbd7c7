//! `verify`: says what differs today from what a report says about its run.
//!
//! Hashes again the files that decided, and the log itself. Invariant: nothing is changed, and no board is opened.

mod finding;
mod limits;
mod recorded;

use super::arguments::{Keygen, Verify};
use super::console::Console;
use super::signing::{self, Signature};
use super::{misuse, readable, signals, unread};
use crate::bench::archive::{Archive, Archiver};
use crate::bench::report::{Report, Runs};
use crate::bench::seal::{self, Intact};
use crate::diagnostic::Diagnostic;
use crate::disk;
use crate::phrase::{count, count_with};
use finding::{Finding, State};
use minisign::PublicKey;
use serde_json::json;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Prints what differs; returns the exit status: 1 if anything does.
///
/// # Errors
/// If the file cannot be read, or is neither a log nor a report.
pub fn verify(options: &Verify, console: &Arc<Console>) -> Result<u8, Diagnostic> {
    readable(&options.file)?;
    let key = options.key.as_deref().map(signing::public_key).transpose()?;
    let mut findings: Vec<Finding> = signature(&options.file, key.as_ref())?.into_iter().collect();
    if key.is_some() && !is_record(&options.file) {
        return Ok(print(options, &findings, console));
    }
    let (itself, archive) = read(&options.file)?;
    findings.insert(0, itself);
    for run in archive.runs() {
        let head = run.head();
        let base = base(options.folder.as_deref(), &head.folder);
        let unreadable = |error: io::Error| unread(&format!("`{}`", options.file.display()), &error, "check the path");
        let found = recorded::of(run, &base, &options.file).map_err(unreadable)?;
        // Several runs of one script have the same inputs.
        findings.extend(found.into_iter().filter(|found| !findings.contains(found)).collect::<Vec<_>>());
    }
    Ok(print(options, &findings, console))
}

/// Prints the findings; returns the exit status.
fn print(options: &Verify, findings: &[Finding], console: &Console) -> u8 {
    let agrees = findings.iter().all(Finding::agrees);
    console.text(&if options.json { as_json(options, findings, agrees) } else { as_text(findings) });
    u8::from(!agrees)
}

/// Whether a file may hold the record of a run; a page or a table does not.
fn is_record(file: &Path) -> bool {
    let is = |end: &str| file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(end));
    !["html", "htm", "xml", "csv"].into_iter().any(is)
}

/// The signature of the report, if there is one or there should be.
fn signature(file: &Path, key: Option<&PublicKey>) -> Result<Option<Finding>, Diagnostic> {
    let beside = signing::signature_of(file);
    let name = beside.display().to_string();
    let finding = |state| Finding::new("signed", &name, state);
    let Some(key) = key else {
        let unchecked = || finding(State::Unchecked).note("use `--key PUBLIC` to check the signature");
        return Ok(beside.exists().then(unchecked));
    };
    Ok(Some(match signing::check(file, key)? {
        Signature::Good(comment) => finding(State::Same).note(&comment.replace('\t', " ")),
        Signature::Bad(why) => finding(State::Changed).note(why),
        Signature::Missing => finding(State::Missing).note("the report has no signature"),
    }))
}

/// Makes a pair of keys; returns the exit status.
///
/// # Errors
/// If a file exists or cannot be written, or there is no password.
pub fn keygen(options: &Keygen, console: &Arc<Console>) -> Result<u8, Diagnostic> {
    signals::watch()?;
    let (secret, public) = signing::make_keys(&options.name, !options.no_password, console)?;
    console.text(&format!("{}  secret: signs reports with `--sign`\n", secret.display()));
    console.text(&format!("{}  public: checks them with `verify --key`\n", public.display()));
    Ok(0)
}

/// The folder from which the paths of a run start.
fn base(named: Option<&Path>, recorded: &str) -> PathBuf {
    let of_run = Some(Path::new(recorded)).filter(|folder| !recorded.is_empty() && folder.is_dir());
    named.or(of_run).unwrap_or(Path::new("")).to_owned()
}

/// What a report says about itself, and its runs.
fn read(file: &Path) -> Result<(Finding, Archive), Diagnostic> {
    let shown = file.display().to_string();
    let unreadable = |error: io::Error| unread(&format!("`{shown}`"), &error, "check the path");
    let open = || disk::open_named(file).map(BufReader::new);
    let itself = |state, then: String, now: String| Finding::new("report", &shown, state).values(then, now);
    let archiver = open().and_then(Archiver::read).map_err(unreadable)?;
    if !archiver.is_empty() {
        let itself = match open().and_then(seal::check).map_err(unreadable)? {
            Intact::Yes(seal) => itself(State::Same, seal.sha256.clone(), seal.sha256),
            Intact::Changed { seal, now } => itself(State::Changed, seal.sha256, now),
            Intact::Continued => itself(State::Changed, String::new(), String::new()).note("lines follow its seal"),
            Intact::Unsealed => itself(State::Unsealed, String::new(), String::new())
                .note("the run was killed or still runs, or the log was truncated"),
        };
        return Ok((itself, archiver.finish().map_err(unreadable)?));
    }
    let text = disk::read_text_named(file, crate::bound::FILE).map_err(unreadable)?;
    let runs = serde_json::from_str::<Runs>(&text).map(|runs| runs.runs);
    let reports = runs.or_else(|_| serde_json::from_str::<Report>(&text).map(|report| vec![report]));
    let reports = reports.map_err(|_| {
        misuse(format!("`{shown}` is neither a log nor a report"), "name a file that `--jsonl` or `--json` wrote")
    })?;
    let itself = itself(State::Unchecked, String::new(), String::new()).note("reports in JSON have no seal");
    Ok((itself, Archive::of(&reports)))
}

fn as_text(findings: &[Finding]) -> String {
    let mut text: String = findings.iter().map(|finding| format!("{finding}\n")).collect();
    let differing = findings.iter().filter(|finding| !finding.agrees()).count();
    text.push_str(&match differing {
        0 => format!("{} checked: nothing differs\n", count(findings.len(), "item")),
        _ => format!("{} checked: {}\n", count(findings.len(), "item"), count_with(differing, "differs", "differ")),
    });
    text
}

fn as_json(options: &Verify, findings: &[Finding], agrees: bool) -> String {
    let items: Vec<_> = findings.iter().map(Finding::json).collect();
    format!("{:#}\n", json!({ "file": options.file.display().to_string(), "agrees": agrees, "items": items }))
}
