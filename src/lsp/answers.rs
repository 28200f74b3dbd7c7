//! Which file answers which request.
//!
//! Invariant: an unknown request is refused, and so is one that is not as the protocol has it.

use super::server::Server;
use super::world::File;
use super::{actions, completion, folding, hover, lenses, navigate, rename, signature, symbols, tokens};
use lsp_server::{ErrorCode, Request, Response};
use lsp_types::request::{
    CodeActionRequest, CodeLensRequest, Completion, DocumentHighlightRequest, DocumentSymbolRequest,
    FoldingRangeRequest, GotoDefinition, HoverRequest, PrepareRenameRequest, References, Rename, Request as _,
    SemanticTokensFullRequest, SemanticTokensRangeRequest, SignatureHelpRequest,
};
use lsp_types::{CompletionResponse, SemanticTokensRangeResult, SemanticTokensResult, TextDocumentPositionParams, Uri};
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// The answer to a request.
pub fn answer(server: &Server, request: Request) -> Response {
    let world = &server.world;
    match request.method.as_str() {
        CodeActionRequest::METHOD => with::<CodeActionRequest>(request, |asked| {
            let problems = server.problems_of(&asked.text_document.uri);
            Ok(Some(actions::fixes(&asked, problems)))
        }),
        CodeLensRequest::METHOD => with::<CodeLensRequest>(request, |asked| {
            let uri = asked.text_document.uri;
            Ok(file(server, &uri).map(|file| lenses::lenses(&file, &uri)))
        }),
        Completion::METHOD => with::<Completion>(request, |asked| {
            let found = at(server, &asked.text_document_position)
                .map(|(file, byte)| completion::complete(world, &file, byte, &|| server.station_of(&file.name)));
            Ok(found.map(CompletionResponse::Array))
        }),
        DocumentHighlightRequest::METHOD => with::<DocumentHighlightRequest>(request, |asked| {
            let place = at(server, &asked.text_document_position_params);
            Ok(place.map(|(file, byte)| navigate::highlights(world, &file, byte)))
        }),
        DocumentSymbolRequest::METHOD => with::<DocumentSymbolRequest>(request, |asked| {
            let uri = asked.text_document.uri;
            Ok(file(server, &uri).map(|file| match server.client.nests {
                true => symbols::outline(&file),
                false => symbols::list(&file, &uri),
            }))
        }),
        FoldingRangeRequest::METHOD => with::<FoldingRangeRequest>(request, |asked| {
            Ok(file(server, &asked.text_document.uri).map(|file| folding::ranges(&file)))
        }),
        GotoDefinition::METHOD => with::<GotoDefinition>(request, |asked| {
            let place = at(server, &asked.text_document_position_params);
            Ok(place.and_then(|(file, byte)| navigate::definition(world, &file, byte)))
        }),
        HoverRequest::METHOD => with::<HoverRequest>(request, |asked| {
            let place = at(server, &asked.text_document_position_params);
            Ok(place.and_then(|(file, byte)| hover::hover(world, &file, byte)))
        }),
        PrepareRenameRequest::METHOD => with::<PrepareRenameRequest>(request, |asked| match at(server, &asked) {
            Some((file, byte)) => rename::prepare(world, &file, byte).map(Some),
            None => Ok(None),
        }),
        References::METHOD => with::<References>(request, |asked| {
            let declared = asked.context.include_declaration;
            let place = at(server, &asked.text_document_position);
            Ok(place.map(|(file, byte)| navigate::references(world, &file, byte, declared)))
        }),
        Rename::METHOD => with::<Rename>(request, |asked| match at(server, &asked.text_document_position) {
            Some((file, byte)) => rename::rename(world, &file, byte, &asked.new_name).map(Some),
            None => Ok(None),
        }),
        SemanticTokensFullRequest::METHOD => with::<SemanticTokensFullRequest>(request, |asked| {
            let file = file(server, &asked.text_document.uri);
            Ok(file.map(|file| SemanticTokensResult::Tokens(tokens::tokens(&file, None))))
        }),
        SemanticTokensRangeRequest::METHOD => with::<SemanticTokensRangeRequest>(request, |asked| {
            let file = file(server, &asked.text_document.uri);
            Ok(file.map(|file| {
                let byte = |position| file.lines.byte(&file.text, position);
                let within = byte(asked.range.start)..byte(asked.range.end);
                SemanticTokensRangeResult::Tokens(tokens::tokens(&file, Some(within)))
            }))
        }),
        SignatureHelpRequest::METHOD => with::<SignatureHelpRequest>(request, |asked| {
            let place = at(server, &asked.text_document_position_params);
            Ok(place.and_then(|(file, byte)| signature::help(world, &file, byte)))
        }),
        method => {
            let refusal = format!("unknown request `{method}`");
            Response::new_err(request.id, ErrorCode::MethodNotFound as i32, refusal)
        }
    }
}

/// The open script with a URI.
fn file(server: &Server, uri: &Uri) -> Option<Arc<File>> {
    server.documents.get(uri).map(|document| document.file.clone())
}

/// The script and the byte of a position.
fn at(server: &Server, position: &TextDocumentPositionParams) -> Option<(Arc<File>, usize)> {
    let file = file(server, &position.text_document.uri)?;
    let byte = file.lines.byte(&file.text, position.position);
    Some((file, byte))
}

/// Reads a request, and writes its answer.
fn with<R>(request: Request, work: impl FnOnce(R::Params) -> Result<R::Result, String>) -> Response
where
    R: lsp_types::request::Request,
    R::Params: DeserializeOwned,
{
    match serde_json::from_value(request.params) {
        Ok(params) => match work(params) {
            Ok(result) => Response::new_ok(request.id, result),
            Err(refusal) => Response::new_err(request.id, ErrorCode::RequestFailed as i32, refusal),
        },
        Err(error) => Response::new_err(request.id, ErrorCode::InvalidParams as i32, error.to_string()),
    }
}
