//! Neovim as a client: its own code of the protocol, without a window.

use crate::support::programs;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::process::Command;

const SCRIPT: &str = "device Bench {\n    /// Reads a channel.\n    task read(ch) `return ch`\n}\nlet bench = Bench.open();\nlet _s = \"é🐍\"; bench.raed(1);";

#[test]
fn neovim_gets_diagnostics_completion_hover_definition_and_rename() {
    let Some([neovim]) = programs::find(["nvim"]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("a.rhai");
    std::fs::write(&script, SCRIPT).unwrap();
    let plugin = folder.path().join("plugin").display().to_string();
    let written =
        Command::new(env!("CARGO_BIN_EXE_belay-script")).args(["editor", "neovim", &plugin]).output().unwrap();
    assert!(written.status.success(), "{written:?}");
    let lua = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/program/lsp/neovim.lua");
    let output = Command::new("timeout")
        .args(["--kill-after=5", "120"])
        .arg(neovim)
        .args(["--headless", "--clean", "-n", "-c", &format!("luafile {lua}")])
        .current_dir(folder.path())
        .env("PROGRAM", env!("CARGO_BIN_EXE_belay-script"))
        .env("SCRIPT", &script)
        .env("PLUGIN", &plugin)
        .env("XDG_STATE_HOME", folder.path().join("state"))
        .env("XDG_CACHE_HOME", folder.path().join("cache"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let about = format!("{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{about}");
    let found: BTreeMap<String, Json> = said
        .lines()
        .filter_map(|line| serde_json::from_str::<Json>(line).ok())
        .map(|line| (line["what"].as_str().unwrap().to_owned(), line["value"].clone()))
        .collect();
    // Neovim counts columns in bytes.
    let message = "`Bench` has no task or method `raed`\nhelp: did you mean `read`?";
    assert_eq!(found["diagnostics"], json!([[5, 25, 29, message]]), "{about}");
    let labels = found["completion"].as_array().unwrap();
    assert!(labels.contains(&json!("read")) && labels.contains(&json!("close")), "{about}");
    let hover = found["hover"].as_array().unwrap();
    assert!(hover.contains(&json!("task read(ch)")) && hover.contains(&json!("Reads a channel.")), "{about}");
    assert_eq!(found["definition"], json!([3, 9]), "{about}");
    assert_eq!(found["rename"][2], "    task measure_it(ch) `return ch`", "{about}");
    assert_eq!(found["stopped"], true, "{about}");
}
