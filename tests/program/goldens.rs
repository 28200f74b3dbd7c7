//! Every folder of `tests/golden`.

use crate::support::golden;
use std::path::Path;

#[test]
fn goldens() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let bless = std::env::var_os("BELAY_SCRIPT_BLESS").is_some_and(|value| value == "1");
    let failures = golden::run_all(&folder, bless);
    assert!(
        failures.is_empty(),
        "{}\n{} goldens failed; BELAY_SCRIPT_BLESS=1 accepts what the program says",
        failures.join("\n"),
        failures.len()
    );
}
