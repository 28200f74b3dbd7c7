//! `--allow`: what scripts may do on this computer.

use crate::script::Permissions;
use clap::{Args, ValueEnum};

/// What scripts may do besides using boards and the files of their folders.
#[derive(Debug, Args)]
pub struct Allowed {
    /// Let scripts use files outside of their folders, or start programs
    #[arg(long, value_name = "WHAT", value_enum, value_delimiter = ',')]
    pub allow: Vec<Allow>,
}

/// Something that a script may not do by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Allow {
    /// Read and write files anywhere
    Files,
    /// Start programs, with `std/process`
    Process,
}

impl Allowed {
    /// What scripts may do.
    pub fn permissions(&self) -> Permissions {
        Permissions {
            files: self.allow.contains(&Allow::Files),
            process: self.allow.contains(&Allow::Process),
            folders: Vec::new(),
        }
    }
}
