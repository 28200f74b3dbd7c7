//! What a person sees: the screen of a [`Person`], as a terminal draws it.

use super::terminal::{Person, SIZE};
use std::num::NonZero;
use vt100::Parser;

/// A person with a screen.
pub struct Screen {
    person: Person,
    parser: Parser,
}

impl Screen {
    /// The screen of `person`, who has read nothing yet.
    pub fn of(person: Person) -> Screen {
        Screen { person, parser: Parser::new(lines(SIZE.0), lines(SIZE.1), 0) }
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

    /// The column of the cursor, from 0.
    pub fn column(&self) -> u16 {
        self.parser.screen().cursor_position().1
    }

    /// The colour of the first place where `text` stands, and whether it is bold.
    #[track_caller]
    pub fn colour(&self, text: &str) -> (vt100::Color, bool) {
        let screen = self.parser.screen();
        let (rows, columns) = screen.size();
        let (rows, columns) = (rows.get(), columns.get());
        let places = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
        let width = u16::try_from(text.len()).expect("a short text");
        for (row, column) in places {
            if column + width <= columns && screen.contents_between(row, column, row, column + width) == text {
                let cell = screen.cell(row, column).expect("a place of the screen");
                return (cell.fgcolor(), cell.bold());
            }
        }
        panic!("{text:?} is not on the screen: {:#?}", self.lines());
    }

    /// Waits until the screen is as wanted.
    #[track_caller]
    pub fn waits(&mut self, what: &str, wanted: impl Fn(&Screen) -> bool) {
        while !wanted(self) {
            let piece = self.person.hears(|| format!("waited for {what}; the screen shows {:#?}", self.lines()));
            self.parser.process(&piece);
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
        self.waits(&format!("the last line {line:?}"), |screen| {
            screen.lines().iter().rev().find(|line| !line.is_empty()).is_some_and(|shown| shown == line)
        });
    }
}

/// A number of rows or columns.
fn lines(count: u16) -> NonZero<u16> {
    NonZero::new(count).expect("a screen")
}
