//! `lsp`: the language server, asked by a client of its own.

mod client;
mod diagnostics;
mod session;
