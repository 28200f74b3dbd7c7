//! `--allow`: what scripts may reach on this computer and its network.

use crate::gate::{Grant, Permissions};
use clap::Args;

/// Memory of a script without `--max-memory`, in bytes.
pub const MEMORY: usize = 1 << 30;

/// What scripts may do besides using boards and the files of their folders.
#[derive(Clone, Debug, Default, Args)]
pub struct Allowed {
    /// Allow more: `files=DIR`, `process=PROGRAM`, `env=NAME`, `net=HOST:PORT`; without `=` all (repeatable)
    #[arg(long, value_name = "WHAT", value_delimiter = ',', value_parser = word)]
    pub allow: Vec<String>,
    /// End a script that uses more memory than this, such as 512m or 2g
    #[arg(long, hide_short_help = true, value_name = "SIZE", default_value = "1g", value_parser = crate::cli::memory::size)]
    pub max_memory: usize,
}

fn word(text: &str) -> Result<String, String> {
    Permissions::default().allow(text).map(|()| text.to_owned())
}

impl Allowed {
    /// What scripts may do.
    pub fn permissions(&self) -> Permissions {
        let mut permissions = Permissions::default();
        for word in &self.allow {
            // Each was read before, by the parser of the command line.
            let _ = permissions.allow(word);
        }
        if let Grant::Only(folders) = &mut permissions.files {
            // Shells expand `~` at the beginning of a word only.
            folders.iter_mut().for_each(|folder| *folder = crate::cli::configuration::expanded(folder));
        }
        permissions
    }
}
