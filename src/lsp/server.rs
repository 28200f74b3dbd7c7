//! The loop: one message after the other, in the order in which the editor sent them.
//!
//! Invariants: every request gets one answer; a request that was cancelled before its turn is refused; only the protocol is
//! written to standard output.

use super::check::{Checked, Checker, Job};
use super::diagnostics::Problem;
use super::documents::{Document, Documents};
use super::lines::Encoding;
use super::world::World;
use super::{Settle, answers, capabilities};
use crate::bench::station::Station;
use crate::script::OpenTexts;
use lsp_server::{Connection, ErrorCode, Message, Notification, Request, RequestId, Response};
use lsp_types::notification::{self, Notification as _};
use lsp_types::request::{self, Request as _};
use lsp_types::{InitializeParams, PublishDiagnosticsParams};
use serde::de::DeserializeOwned;
use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

/// What the loop waits for.
enum Event {
    Message(Message),
    Checked(Checked),
    /// The editor is gone.
    Closed,
}

/// The state of the server.
pub struct Server {
    pub(super) documents: Documents,
    /// What was found last, by the names of documents.
    pub(super) problems: HashMap<String, (i32, Vec<Problem>)>,
    /// All scripts.
    pub(super) world: World,
    settle: Arc<Settle>,
    encoding: Encoding,
    pub(super) client: capabilities::Client,
    connection: Connection,
    checker: Option<Checker>,
    is_shut_down: bool,
}

/// Serves one editor on standard input and output until it leaves; returns the exit status: 0 after `shutdown` and `exit`.
pub fn serve(settle: Arc<Settle>) -> u8 {
    let (connection, threads) = Connection::stdio();
    let status = talk(connection, settle);
    // Standard input may still be open after an error, and its thread then waits for ever.
    if status == 0 {
        let _ = threads.join();
    }
    status
}

fn talk(connection: Connection, settle: Arc<Settle>) -> u8 {
    let Ok((id, params)) = connection.initialize_start() else { return 1 };
    let params: InitializeParams = match serde_json::from_value(params) {
        Ok(params) => params,
        Err(error) => {
            let refusal = Response::new_err(id, ErrorCode::InvalidParams as i32, error.to_string());
            let _ = connection.sender.send(refusal.into());
            return 1;
        }
    };
    let client = capabilities::Client::of(&params);
    let encoding = client.encoding;
    let _ = connection.sender.send(Response::new_ok(id, capabilities::result(encoding)).into());
    let (events, waiting) = channel();
    let reports = events.clone();
    let checker = Checker::start(settle.clone(), move |checked| drop(reports.send(Event::Checked(checked))));
    let received = connection.receiver.clone();
    // Between the two there is no bound, so that a cancellation is seen before its request has its turn.
    std::thread::spawn(move || {
        for message in received {
            if events.send(Event::Message(message)).is_err() {
                return;
            }
        }
        let _ = events.send(Event::Closed);
    });
    let mut server = Server {
        documents: Documents::default(),
        problems: HashMap::new(),
        world: World::new(encoding, capabilities::folders(&params)),
        settle,
        encoding,
        client,
        connection,
        checker: Some(checker),
        is_shut_down: false,
    };
    server.run(&waiting)
}

impl Server {
    fn run(&mut self, waiting: &Receiver<Event>) -> u8 {
        let mut queue: VecDeque<Event> = VecDeque::new();
        loop {
            if queue.is_empty() {
                match waiting.recv() {
                    Ok(event) => queue.push_back(event),
                    Err(_) => return 1,
                }
            }
            queue.extend(waiting.try_iter());
            self.cancel(&mut queue);
            let Some(event) = queue.pop_front() else { continue };
            match event {
                Event::Closed => return 1,
                Event::Checked(checked) => self.publish(checked),
                Event::Message(Message::Request(request)) => self.request(request),
                Event::Message(Message::Notification(notification)) => {
                    if notification.method == notification::Exit::METHOD {
                        self.checker = None;
                        return u8::from(!self.is_shut_down);
                    }
                    self.notification(notification);
                }
                // The server asks nothing.
                Event::Message(Message::Response(_)) => {}
            }
        }
    }

    /// Refuses the requests in the queue that are cancelled later in it.
    fn cancel(&mut self, queue: &mut VecDeque<Event>) {
        let cancelled: Vec<RequestId> = queue.iter().filter_map(cancelled).collect();
        for id in cancelled {
            let is_meant =
                |event: &Event| matches!(event, Event::Message(Message::Request(request)) if request.id == id);
            if let Some(index) = queue.iter().position(is_meant) {
                queue.remove(index);
                self.send(Response::new_err(id, ErrorCode::RequestCanceled as i32, "cancelled".to_owned()));
            }
        }
        queue.retain(|event| cancelled_by(event).is_none());
    }

    fn send(&self, message: impl Into<Message>) {
        // An editor that is gone gets no answer; the loop then ends.
        let _ = self.connection.sender.send(message.into());
    }

    fn request(&mut self, request: Request) {
        if request.method == request::Shutdown::METHOD {
            self.is_shut_down = true;
            self.checker = None;
            return self.send(Response::new_ok(request.id, ()));
        }
        if self.is_shut_down {
            let refusal = "the server is shut down".to_owned();
            return self.send(Response::new_err(request.id, ErrorCode::InvalidRequest as i32, refusal));
        }
        let id = request.id.clone();
        let answer = catch_unwind(AssertUnwindSafe(|| answers::answer(self, request)));
        let answer = answer.unwrap_or_else(|_| {
            Response::new_err(id, ErrorCode::InternalError as i32, "internal error in belay-script".to_owned())
        });
        self.send(answer);
    }

    fn notification(&mut self, sent: Notification) {
        match sent.method.as_str() {
            notification::DidOpenTextDocument::METHOD => {
                let Some(opened) = read::<notification::DidOpenTextDocument>(sent) else { return };
                let item = opened.text_document;
                let document = Document::new(item.uri, item.version, &item.text, self.encoding);
                self.changed(document);
            }
            notification::DidChangeTextDocument::METHOD => {
                let Some(change) = read::<notification::DidChangeTextDocument>(sent) else { return };
                let Some(document) = self.documents.get(&change.text_document.uri) else { return };
                let document = document.changed(change.text_document.version, &change.content_changes);
                self.changed(document);
            }
            notification::DidCloseTextDocument::METHOD => {
                let Some(closed) = read::<notification::DidCloseTextDocument>(sent) else { return };
                self.close(closed.text_document.uri);
            }
            // A file that others import may have been written by another program.
            notification::DidSaveTextDocument::METHOD | notification::DidChangeWatchedFiles::METHOD => {
                let all = self.documents.iter().map(|document| document.file.name.clone()).collect();
                self.check(all);
            }
            _ => {}
        }
    }

    /// Keeps a document that was opened or changed, and checks it and those that may import it.
    fn changed(&mut self, document: Document) {
        let name = document.file.name.clone();
        self.world.open(document.file.clone());
        self.documents.insert(document);
        let others =
            self.documents.iter().filter(|other| other.file.name != name && !other.file.syntax.imports.is_empty());
        let wanted = std::iter::once(name.clone()).chain(others.map(|other| other.file.name.clone())).collect();
        self.check(wanted);
    }

    fn close(&mut self, uri: lsp_types::Uri) {
        if let Some(document) = self.documents.get(&uri) {
            self.problems.remove(&document.file.name);
            self.world.close(&document.file.name);
        }
        self.documents.remove(&uri);
        self.tell(PublishDiagnosticsParams { uri, diagnostics: Vec::new(), version: None });
    }

    fn check(&self, wanted: Vec<String>) {
        if let Some(checker) = &self.checker {
            checker.ask(Job { documents: self.documents.clone(), wanted });
        }
    }

    /// Shows what was found, if the text is still the same.
    fn publish(&mut self, checked: Checked) {
        let Some(document) = self.documents.named(&checked.name) else { return };
        if document.version != checked.version {
            return;
        }
        let diagnostics = checked.problems.iter().map(|problem| self.client.shown(&problem.shown)).collect();
        let (uri, version) = (document.uri.clone(), Some(checked.version));
        self.problems.insert(checked.name, (checked.version, checked.problems));
        self.tell(PublishDiagnosticsParams { uri, diagnostics, version });
    }

    /// What was found last in the text of a document as it is.
    pub fn problems_of(&self, uri: &lsp_types::Uri) -> &[Problem] {
        let Some(document) = self.documents.get(uri) else { return &[] };
        match self.problems.get(&document.file.name) {
            Some((version, problems)) if *version == document.version => problems,
            _ => &[],
        }
    }

    /// The station of a script.
    pub fn station_of(&self, name: &str) -> Option<Arc<Station>> {
        (self.settle)(Path::new(name), OpenTexts::default()).ok()?.station
    }

    fn tell(&self, params: PublishDiagnosticsParams) {
        self.send(Notification::new(notification::PublishDiagnostics::METHOD.to_owned(), params));
    }
}

/// The request that a message cancels.
fn cancelled(event: &Event) -> Option<RequestId> {
    let params = cancelled_by(event)?;
    match params.get("id")? {
        serde_json::Value::String(id) => Some(id.clone().into()),
        id => i32::try_from(id.as_i64()?).ok().map(RequestId::from),
    }
}

fn cancelled_by(event: &Event) -> Option<&serde_json::Value> {
    match event {
        Event::Message(Message::Notification(sent)) if sent.method == notification::Cancel::METHOD => {
            Some(&sent.params)
        }
        _ => None,
    }
}

/// The content of a notification; `None` if it is not as the protocol has it, which needs no answer.
fn read<N>(sent: Notification) -> Option<N::Params>
where
    N: notification::Notification,
    N::Params: DeserializeOwned,
{
    serde_json::from_value(sent.params).ok()
}
