//! `lsp`: the language server, asked by a client of its own and by Neovim.

mod client;
mod completion;
mod diagnostics;
mod edits;
mod micropython;
mod navigation;
mod neovim;
mod outline;
mod session;
