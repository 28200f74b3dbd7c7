//! A client of the language server's protocol, which knows nothing of the server's own types.
//!
//! Invariant: nothing waits longer than [`LIMIT`].

use serde_json::{Value as Json, json};
use std::io::{BufRead, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// The longest wait for a message.
const LIMIT: Duration = Duration::from_secs(60);

/// A server, and the folder of its documents.
pub struct Client {
    child: Child,
    input: Option<ChildStdin>,
    received: Receiver<Result<Json, String>>,
    /// Messages that nobody has asked for yet.
    kept: Vec<Json>,
    next: i64,
    folder: tempfile::TempDir,
    /// The answer to `initialize`.
    pub greeting: Json,
}

impl Client {
    /// A server that has been greeted, by a client that counts as the protocol has it unless told otherwise.
    pub fn new() -> Client {
        Client::with(json!({}))
    }

    /// The same, for a client that can do more.
    pub fn with(capabilities: Json) -> Client {
        let mut client = Client::silent();
        let root = client.uri("");
        client.greeting = client.request("initialize", json!({ "capabilities": capabilities, "rootUri": root }));
        client.notify("initialized", json!({}));
        client
    }

    /// A server to which nothing has been said.
    pub fn silent() -> Client {
        let folder = tempfile::tempdir().expect("a folder");
        let mut child = Command::new(env!("CARGO_BIN_EXE_belay-script"))
            .args(["lsp", "--stdio"])
            .current_dir(folder.path())
            .env("XDG_CACHE_HOME", folder.path().join("cache"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program");
        let (input, output) = (child.stdin.take(), child.stdout.take().expect("its output"));
        let (sender, received) = channel();
        std::thread::spawn(move || {
            let mut output = BufReader::new(output);
            loop {
                let message = message(&mut output);
                let is_last = message.is_err();
                if sender.send(message).is_err() || is_last {
                    return;
                }
            }
        });
        Client { child, input, received, kept: Vec::new(), next: 0, folder, greeting: Json::Null }
    }

    /// The path of a document.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().expect("the folder").join(name)
    }

    /// The URI of a document.
    pub fn uri(&self, name: &str) -> String {
        format!("file://{}", self.path(name).display())
    }

    /// Writes a file beside the documents.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }

    /// Sends one message.
    pub fn send(&mut self, mut message: Json) {
        message["jsonrpc"] = json!("2.0");
        let text = message.to_string();
        self.send_raw(&format!("Content-Length: {}\r\n\r\n{text}", text.len()));
    }

    /// Sends any text.
    pub fn send_raw(&mut self, text: &str) {
        let input = self.input.as_mut().expect("an open input");
        input.write_all(text.as_bytes()).and_then(|()| input.flush()).expect("a server that reads");
    }

    /// Sends a notification.
    pub fn notify(&mut self, method: &str, params: Json) {
        self.send(json!({ "method": method, "params": params }));
    }

    /// Sends a request; returns its number.
    pub fn ask(&mut self, method: &str, params: Json) -> i64 {
        self.next += 1;
        self.send(json!({ "id": self.next, "method": method, "params": params }));
        self.next
    }

    /// The answer to a request: its result, or the error as a map with `error`.
    #[track_caller]
    pub fn answer(&mut self, id: i64) -> Json {
        let message = self.wait(&format!("the answer {id}"), |message| message["id"] == json!(id));
        match message.get("error") {
            Some(error) => json!({ "error": error }),
            None => message["result"].clone(),
        }
    }

    /// Sends a request, and waits for its answer.
    #[track_caller]
    pub fn request(&mut self, method: &str, params: Json) -> Json {
        let id = self.ask(method, params);
        self.answer(id)
    }

    /// The next message that fits.
    #[track_caller]
    pub fn wait(&mut self, what: &str, fits: impl Fn(&Json) -> bool) -> Json {
        if let Some(index) = self.kept.iter().position(&fits) {
            return self.kept.remove(index);
        }
        let end = Instant::now() + LIMIT;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.received.recv_timeout(left) {
                Ok(Ok(message)) if fits(&message) => return message,
                Ok(Ok(message)) => self.kept.push(message),
                Ok(Err(problem)) => panic!("waiting for {what}: {problem}"),
                Err(_) => panic!("{what} did not come"),
            }
        }
    }

    /// Opens a document.
    pub fn open(&mut self, name: &str, text: &str) {
        let uri = self.uri(name);
        let document = json!({ "uri": uri, "languageId": "rhai", "version": 1, "text": text });
        self.notify("textDocument/didOpen", json!({ "textDocument": document }));
    }

    /// Replaces a range of a document; `None`: all of it.
    pub fn change(&mut self, name: &str, version: i64, range: Option<Json>, text: &str) {
        let document = json!({ "uri": self.uri(name), "version": version });
        let change = match range {
            Some(range) => json!({ "range": range, "text": text }),
            None => json!({ "text": text }),
        };
        self.notify("textDocument/didChange", json!({ "textDocument": document, "contentChanges": [change] }));
    }

    /// The diagnostics of a version of a document.
    #[track_caller]
    pub fn diagnostics(&mut self, name: &str, version: i64) -> Vec<Json> {
        let uri = self.uri(name);
        let fits = |message: &Json| {
            message["method"] == "textDocument/publishDiagnostics"
                && message["params"]["uri"] == json!(uri)
                && message["params"]["version"] == json!(version)
        };
        let found = self.wait("diagnostics", fits);
        found["params"]["diagnostics"].as_array().expect("an array").clone()
    }

    /// Asks something about a place in a document.
    #[track_caller]
    pub fn at(&mut self, method: &str, name: &str, (line, character): (usize, usize)) -> Json {
        let document = json!({ "uri": self.uri(name) });
        self.request(method, json!({ "textDocument": document, "position": position(line, character) }))
    }

    /// Asks something about a document.
    #[track_caller]
    pub fn about(&mut self, method: &str, name: &str) -> Json {
        let document = json!({ "uri": self.uri(name) });
        self.request(method, json!({ "textDocument": document }))
    }

    /// Leaves in order; returns the exit status.
    #[track_caller]
    pub fn leave(mut self) -> Option<i32> {
        assert_eq!(self.request("shutdown", Json::Null), Json::Null);
        self.notify("exit", Json::Null);
        self.end()
    }

    /// Closes the server's input; returns the exit status.
    #[track_caller]
    pub fn end(mut self) -> Option<i32> {
        self.input = None;
        let end = Instant::now() + LIMIT;
        // The output ends with the process.
        loop {
            match self.received.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(Ok(_)) => {}
                Ok(Err(problem)) => {
                    assert_eq!(problem, "the output ended");
                    return self.child.wait().expect("a status").code();
                }
                Err(_) => panic!("the server goes on"),
            }
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A position of the protocol.
pub fn position(line: usize, character: usize) -> Json {
    json!({ "line": line, "character": character })
}

/// A range of the protocol.
pub fn range(start: (usize, usize), end: (usize, usize)) -> Json {
    json!({ "start": position(start.0, start.1), "end": position(end.0, end.1) })
}

/// Reads one message; everything else on standard output is a mistake.
fn message(output: &mut impl BufRead) -> Result<Json, String> {
    let mut length = None;
    loop {
        let mut line = String::new();
        match output.read_line(&mut line) {
            Ok(0) => return Err("the output ended".to_owned()),
            Ok(_) if line == "\r\n" => break,
            Ok(_) => {}
            Err(error) => return Err(error.to_string()),
        }
        let (name, value) = line.split_once(": ").ok_or_else(|| format!("not a header: {line:?}"))?;
        match name {
            "Content-Length" => length = value.trim().parse::<usize>().ok(),
            "Content-Type" => {}
            _ => return Err(format!("an unknown header: {line:?}")),
        }
    }
    let mut content = vec![0; length.ok_or("a message without a length")?];
    output.read_exact(&mut content).map_err(|error| error.to_string())?;
    serde_json::from_slice(&content).map_err(|error| format!("not JSON: {error}"))
}
