//! What the server can do, and what the editor can.
//!
//! Invariant: nothing is announced that no file of this folder answers.

use super::lines::Encoding;
use lsp_types::{
    CodeActionKind, CodeActionOptions, CodeActionProviderCapability, Diagnostic, InitializeParams, SaveOptions,
    ServerCapabilities, TextDocumentSyncCapability, TextDocumentSyncKind, TextDocumentSyncOptions,
    TextDocumentSyncSaveOptions,
};
use serde_json::{Value as Json, json};

/// What the editor can do.
#[derive(Clone, Debug)]
pub struct Client {
    /// What columns count.
    pub encoding: Encoding,
    /// It shows other places of a diagnostic.
    relates: bool,
}

impl Client {
    /// What a client says of itself.
    pub fn of(params: &InitializeParams) -> Client {
        let capabilities = &params.capabilities;
        let offered = capabilities.general.as_ref().and_then(|general| general.position_encodings.as_deref());
        let document = capabilities.text_document.as_ref();
        let diagnostics = document.and_then(|document| document.publish_diagnostics.as_ref());
        Client {
            encoding: Encoding::agreed(offered),
            relates: diagnostics.and_then(|known| known.related_information).unwrap_or(false),
        }
    }

    /// A diagnostic without what the editor does not know.
    pub fn shown(&self, diagnostic: &Diagnostic) -> Diagnostic {
        let mut shown = diagnostic.clone();
        shown.related_information = shown.related_information.filter(|_| self.relates);
        shown
    }
}

/// The answer to `initialize`.
pub fn result(encoding: Encoding) -> Json {
    let sync = TextDocumentSyncOptions {
        open_close: Some(true),
        change: Some(TextDocumentSyncKind::INCREMENTAL),
        save: Some(TextDocumentSyncSaveOptions::SaveOptions(SaveOptions { include_text: Some(false) })),
        ..TextDocumentSyncOptions::default()
    };
    let capabilities = ServerCapabilities {
        position_encoding: Some(encoding.kind()),
        text_document_sync: Some(TextDocumentSyncCapability::Options(sync)),
        code_action_provider: Some(CodeActionProviderCapability::Options(CodeActionOptions {
            code_action_kinds: Some(vec![CodeActionKind::QUICKFIX]),
            ..CodeActionOptions::default()
        })),
        ..ServerCapabilities::default()
    };
    json!({
        "capabilities": capabilities,
        "serverInfo": { "name": "belay-script", "version": env!("CARGO_PKG_VERSION") },
    })
}
