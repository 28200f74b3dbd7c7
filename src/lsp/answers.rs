//! Which file answers which request.
//!
//! Invariant: an unknown request is refused, and so is one that is not as the protocol has it.

use super::actions;
use super::server::Server;
use lsp_server::{ErrorCode, Request, Response};
use lsp_types::request::{CodeActionRequest, Request as _};
use serde::de::DeserializeOwned;

/// The answer to a request.
pub fn answer(server: &Server, request: Request) -> Response {
    match request.method.as_str() {
        CodeActionRequest::METHOD => with::<CodeActionRequest>(request, |asked| {
            let problems = server.problems_of(&asked.text_document.uri);
            Ok(Some(actions::fixes(&asked, problems)))
        }),
        method => {
            let refusal = format!("unknown request `{method}`");
            Response::new_err(request.id, ErrorCode::MethodNotFound as i32, refusal)
        }
    }
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
