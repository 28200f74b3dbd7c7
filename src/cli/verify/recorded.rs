//! Compares what a run recorded with what is there now.
//!
//! Invariant: paths start at the base; the order is that of the record.

use super::finding::{Finding, State};
use super::limits;
use crate::bench::archive::Run;
use crate::bench::digests;
use crate::bench::event::{InputKind, Manifest, ManifestFile, Program};
use crate::bound;
use crate::cli::signing::signature_of;
use crate::cli::station;
use crate::disk;
use crate::script::{library_text, manifest_again};
use std::io;
use std::path::{Path, PathBuf};

/// Most changed files of a folder that are named.
const MOST_NAMED: usize = 20;

/// The items of a run. `report`: the verified file, which may itself be in a mounted folder.
///
/// # Errors
/// If the report cannot be read.
pub fn of(run: Run<'_>, base: &Path, report: &Path) -> io::Result<Vec<Finding>> {
    let head = run.head();
    let mut findings = vec![Finding::digest("script", &head.script, &head.sha256, text(&base.join(&head.script)))];
    for input in &head.inputs {
        let path = base.join(&input.path);
        let now = match input.kind {
            InputKind::Module => text(&path),
            InputKind::Data => bytes(&path),
            InputKind::Library => library_text(&input.path)
                .map(|text| digests::of_bytes(text.as_bytes()))
                .ok_or_else(|| "not a standard module".to_owned()),
        };
        findings.push(Finding::digest(input.kind.word(), &input.path, &input.sha256, now));
    }
    if let Some(file) = &head.station {
        let path = base.join(&file.path);
        let now = station::read(&path).map_err(|problem| problem.title);
        let digest = now.as_ref().map(|text| digests::of_bytes(text.as_bytes())).map_err(Clone::clone);
        findings.push(Finding::digest("station", &file.path, &file.sha256, digest));
        // The limits that were used say more than the digest of the file.
        if let Ok(text) = &now
            && digests::of_bytes(text.as_bytes()) != file.sha256
        {
            findings.extend(limits::of(run, &path, text)?);
        }
    }
    let own = [report.to_owned(), signature_of(report)].map(|file| file.canonicalize().unwrap_or(file));
    findings.extend(head.folders.iter().map(|folder| of_folder(folder, base, &own)));
    findings.extend(head.program.as_ref().map(|then| of_program(then, &head.version)));
    Ok(findings)
}

/// The digest of a script's text, or why there is none.
fn text(path: &Path) -> Result<String, String> {
    match disk::read(path, bound::SCRIPT) {
        Ok(bytes) => Ok(digests::of_bytes(bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&bytes))),
        Err(error) => Err(why(&error)),
    }
}

/// The digest of a file, or why there is none.
fn bytes(path: &Path) -> Result<String, String> {
    digests::of_file(path).map(|(digest, _)| digest).map_err(|error| why(&error))
}

fn why(error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::NotFound { "not found".to_owned() } else { disk::reason(error) }
}

/// The executable at its recorded path; without one there, the running one.
fn of_program(then: &Program, version: &str) -> Finding {
    let file = PathBuf::from(&then.path);
    if file.is_file() {
        return Finding::digest("program", &then.path, &then.sha256, bytes(&file)).note(&format!("version {version}"));
    }
    let now = digests::program().ok_or_else(|| "not found".to_owned());
    let finding = Finding::digest("program", &then.path, &then.sha256, now.map(|now| now.sha256.clone()));
    finding.note("not there any more, compared with this program")
}

/// A manifest without these files, which are the report itself: it was written while the board had the folder.
fn without(manifest: &Manifest, base: &Path, own: &[PathBuf]) -> Manifest {
    let folder = base.join(&manifest.folder);
    let is_own = |file: &ManifestFile| {
        let path = folder.join(&file.path);
        own.contains(&path.canonicalize().unwrap_or(path))
    };
    if !manifest.files.iter().any(is_own) {
        return manifest.clone();
    }
    let files = manifest.files.iter().filter(|file| !is_own(file)).cloned().collect();
    Manifest { files: Vec::new(), ..manifest.clone() }.of(files)
}

fn of_folder(then: &Manifest, base: &Path, own: &[PathBuf]) -> Finding {
    let name = format!("{} of {}", then.folder, then.board);
    let then = &without(then, base, own);
    let Some(before) = &then.sha256 else {
        return Finding::new("folder", &name, State::Unchecked).note("too large to be recorded");
    };
    let now = manifest_again(then, base).map(|now| without(&now, base, own));
    let now = now.map_err(|error| error.message().to_owned());
    let digest = now.as_ref().map_err(Clone::clone).map(|now| now.sha256.clone().unwrap_or_default());
    let mut finding = Finding::digest("folder", &name, before, digest);
    if then.writable && !finding.agrees() {
        finding = finding.note("the board could change it");
    }
    let Ok(now) = now else { return finding };
    let notes = differences(&then.files, &now.files);
    let more = notes.len().saturating_sub(MOST_NAMED);
    for note in notes.iter().take(MOST_NAMED) {
        finding = finding.note(note);
    }
    if more > 0 { finding.note(&format!("and {more} more")) } else { finding }
}

/// The files that differ, if both manifests list theirs.
fn differences(then: &[ManifestFile], now: &[ManifestFile]) -> Vec<String> {
    if then.is_empty() || now.is_empty() {
        return Vec::new();
    }
    let find = |files: &[ManifestFile], path: &str| files.iter().find(|file| file.path == path).cloned();
    let of_then = then.iter().filter_map(|file| match find(now, &file.path) {
        None => Some(format!("`{}` removed", file.path)),
        Some(other) if other.sha256 != file.sha256 => Some(format!("`{}` changed", file.path)),
        Some(_) => None,
    });
    let added = now.iter().filter(|file| find(then, &file.path).is_none());
    of_then.chain(added.map(|file| format!("`{}` added", file.path))).collect()
}
