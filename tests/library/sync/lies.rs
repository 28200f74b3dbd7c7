//! Boards that lie about hashes: a sync ends, with an error or with the right files.

use super::support::{open_over, read, sync_tree, tree};
use crate::reduced_board::{Bench, Form};
use belay_script::sync::SyncOptions;
use std::time::{Duration, Instant};

/// Syncs two trees to a board whose digests are `digest`, an expression in which `self.true` is the true one and `n[0]` counts.
/// Whether the files were right, or what the error was.
fn case(digest: &str) -> Result<(), String> {
    let python = format!(
        "n = [0]\n\
         import hashlib as _real\n\
         class _Liar:\n\
         \x20   def __init__(self, given=b'', real=_real.sha256):\n\
         \x20       self.real = real(given)\n\
         \x20   def update(self, given):\n\
         \x20       self.real.update(given)\n\
         \x20   def digest(self):\n\
         \x20       n[0] += 1\n\
         \x20       self.true = self.real.digest()\n\
         \x20       return {digest}\n\
         GIVEN = {{'hashlib': {{'sha256': _Liar, 'new': lambda name, given=b'': _Liar(given)}}}}\n"
    );
    let bench = Bench::new(Form { python, ..Form::default() });
    let device = open_over(bench.connector(), 0).map_err(|error| error.to_string())?;
    let options = SyncOptions {
        minify: false,
        keep: belay_script::sync::Keep::Only(vec!["boot.py".into()]),
        ..SyncOptions::default()
    };
    for content in ["x = 1\n", "x = 2\n"] {
        let wanted = tree(&[("a/b.py", content), ("same.txt", "the same\n"), ("c.bin", &content.repeat(300))]);
        sync_tree(&device, &wanted, &options).map_err(|error| error.to_string())?;
        let mut found = read(&device).map_err(|error| error.to_string())?;
        found.retain(|path, _| !path.ends_with('/') && path != "boot.py");
        assert!(found == wanted, "{digest}: {:?}", found.keys());
    }
    Ok(())
}

#[test]
fn lies_about_hashes_end_with_an_error_or_the_right_files() {
    assert_eq!(case("self.true"), Ok(()));
    for lie in [
        // The same for everything; another one each time; one that was true of another file.
        "b'\\0' * 32",
        "bytes([n[0] & 255] * 32)",
        "self.true if n[0] < 4 else _real.sha256(b'x = 1\\n').digest()",
        // Other lengths and types.
        "b''",
        "self.true[:31]",
        "self.true * 1000",
        "2 ** 4000",
        "None",
        "'\\u20ac' * 32",
    ] {
        let begun = Instant::now();
        let outcome = case(lie);
        println!("{lie}: {outcome:?} after {:?}", begun.elapsed());
        assert!(begun.elapsed() < Duration::from_secs(30), "{lie}: {outcome:?}");
    }
}
