//! The screen of a [`Person`], as a terminal draws it.

use super::terminal::{Person, SIZE};
use std::num::NonZero;
use std::time::{Duration, Instant};
use vt100::Parser;

/// Longest time until something is on the screen that is waited for, if other things come.
const LIMIT: Duration = Duration::from_secs(60);

/// A person with a screen.
pub struct Screen {
    person: Person,
    parser: Parser,
    /// What was written and is not on the screen yet.
    unseen: Vec<u8>,
}

impl Screen {
    /// The screen of `person`, who has read nothing yet.
    pub fn of(person: Person) -> Screen {
        Screen { person, parser: Parser::new(lines(SIZE.0), lines(SIZE.1), 0), unseen: Vec::new() }
    }

    /// The person.
    pub fn person(&mut self) -> &mut Person {
        &mut self.person
    }

    /// Types.
    pub fn types(&self, keys: impl AsRef<[u8]>) {
        self.person.types(keys.as_ref());
    }

    /// Makes the screen this large.
    pub fn resizes(&mut self, rows: u16, columns: u16) {
        self.parser.screen_mut().set_size(lines(rows), lines(columns));
        self.person.resizes(rows, columns);
    }

    /// The lines of the screen, without what is blank at their ends.
    pub fn lines(&self) -> Vec<String> {
        self.parser.screen().contents().lines().map(|line| line.trim_end().to_owned()).collect()
    }

    /// The colour of the first occurrence of `text`, and whether it is bold.
    #[track_caller]
    pub fn colour(&self, text: &str) -> (vt100::Color, bool) {
        let cell = self.cell(text);
        (cell.fgcolor(), cell.bold())
    }

    /// Whether the first occurrence of `text` is underlined.
    #[track_caller]
    pub fn is_underlined(&self, text: &str) -> bool {
        self.cell(text).underline()
    }

    /// Where `text` begins first.
    #[track_caller]
    fn cell(&self, text: &str) -> &vt100::Cell {
        let screen = self.parser.screen();
        let (rows, columns) = screen.size();
        let (rows, columns) = (rows.get(), columns.get());
        let places = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
        let width = u16::try_from(text.len()).expect("a short text");
        for (row, column) in places {
            if column + width <= columns && screen.contents_between(row, column, row, column + width) == text {
                return screen.cell(row, column).expect("a place of the screen");
            }
        }
        panic!("{text:?} is not on the screen: {:#?}", self.lines());
    }

    /// Waits until the screen is as wanted.
    #[track_caller]
    pub fn waits(&mut self, what: &str, wanted: impl Fn(&Screen) -> bool) {
        let begun = Instant::now();
        while !wanted(self) {
            let missing = || format!("waited for {what}; the screen shows {:#?}", self.lines());
            assert!(begun.elapsed() < LIMIT, "{}", missing());
            let came = if self.unseen.is_empty() { self.person.hears(missing) } else { Vec::new() };
            self.unseen.extend(came);
            // Line by line: nothing that is waited for passes by unseen.
            let end = self.unseen.iter().position(|byte| *byte == b'\n').map_or(self.unseen.len(), |end| end + 1);
            let line: Vec<u8> = self.unseen.drain(..end).collect();
            self.parser.process(&line);
        }
    }

    /// Waits until there is this line on the screen.
    #[track_caller]
    pub fn shows(&mut self, line: &str) {
        self.waits(&format!("the line {line:?}"), |screen| screen.lines().iter().any(|shown| shown == line));
    }

    /// Waits until this is the last line that is not empty.
    #[track_caller]
    pub fn ends_with(&mut self, line: &str) {
        self.waits(&format!("the last line {line:?}"), |screen| screen.last_line() == line);
    }

    /// Waits until this is the last line that is not empty, and the cursor is at this column, from 0.
    #[track_caller]
    pub fn cursor_at(&mut self, line: &str, column: u16) {
        self.waits(&format!("the last line {line:?} and column {column}"), |screen| {
            screen.last_line() == line && screen.parser.screen().cursor_position().1 == column
        });
    }

    /// The last line that is not empty.
    fn last_line(&self) -> String {
        self.lines().into_iter().rev().find(|line| !line.is_empty()).unwrap_or_default()
    }
}

/// A number of rows or columns.
fn lines(count: u16) -> NonZero<u16> {
    NonZero::new(count).expect("a screen")
}
