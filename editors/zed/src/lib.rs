//! Tells Zed how to start `belay-script lsp`.

use zed_extension_api as zed;

struct BelayScript;

impl zed::Extension for BelayScript {
    fn new() -> Self {
        BelayScript
    }

    fn language_server_command(
        &mut self,
        _server: &zed::LanguageServerId,
        worktree: &zed::Worktree,
    ) -> zed::Result<zed::Command> {
        let command = worktree
            .which("belay-script")
            .ok_or("belay-script was not found in PATH: install it, and restart Zed")?;
        Ok(zed::Command { command, args: vec!["lsp".to_owned()], env: worktree.shell_env() })
    }
}

zed::register_extension!(BelayScript);
