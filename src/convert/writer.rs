//! The lines of a script as they are written.
//!
//! Invariant: never two blank lines in a row, and a blank line after host code, so that its comments document nothing.

/// Lines so far.
#[derive(Default)]
pub(super) struct Writer {
    lines: Vec<String>,
    after_host: bool,
}

impl Writer {
    /// A line, or a text of several.
    pub fn line(&mut self, line: &str) {
        if std::mem::take(&mut self.after_host) {
            self.blank();
        }
        self.lines.push(line.to_owned());
    }

    /// A line of host code, as a comment.
    pub fn host(&mut self, line: &str) {
        if !self.after_host && self.lines.last().is_some_and(|last| !last.ends_with('{')) {
            self.blank();
        }
        self.lines.push(line.to_owned());
        self.after_host = true;
    }

    /// Lets the next line follow host code directly, because it is the same statement.
    pub fn join(&mut self) {
        self.after_host = false;
    }

    /// A blank line, unless there is one, or a block begins here.
    pub fn blank(&mut self) {
        if self.lines.last().is_some_and(|last| !last.is_empty() && !last.ends_with(" {")) {
            self.lines.push(String::new());
        }
    }

    /// The end of a block.
    pub fn close(&mut self) {
        self.after_host = false;
        while self.lines.last().is_some_and(String::is_empty) {
            self.lines.pop();
        }
        self.lines.push("}".to_owned());
    }

    /// All lines.
    pub fn lines(self) -> Vec<String> {
        self.lines
    }
}
