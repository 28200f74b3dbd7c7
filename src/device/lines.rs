//! Maps frames of a board's traceback to lines of scripts.
//!
//! Everything that is sent is `<stdin>` to the board, numbered from 1 each time. So a frame is identified by the name of its
//! function together with its line: a body that defines functions is moved down, by blank lines before it, until no other
//! body has a function of that name on those lines. Invariant: at most one place for each name and line.

use crate::origin::Origin;

/// A function, class, lambda or comprehension in a piece of code, with its name in tracebacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defined {
    /// Its name, or `<lambda>` and the like.
    pub name: String,
    /// Its first line within what is sent, from 1.
    pub first_line: u32,
    /// Its last line.
    pub last_line: u32,
}

/// The place of a mapped frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapped {
    /// Its position; `None` for code outside scripts, such as that of `exec`.
    pub origin: Option<Origin>,
    /// Its line within the body, from 1.
    pub line: u32,
    /// Its item, in words: `` task `read_adc` ``.
    pub item: String,
}

/// How the lines of one piece of sent code correspond to a script.
#[derive(Clone, Debug)]
pub struct Piece {
    /// The position of the body's first line.
    pub origin: Option<Origin>,
    /// The item, in words.
    pub item: String,
    /// Lines that precede the body in what is sent.
    pub leading: u32,
    /// Number of lines of the body.
    pub lines: u32,
    /// Lines of the sent code, after the first and up to the last, that are one line further down than in the body.
    pub moved: Option<(u32, u32)>,
}

impl Piece {
    /// The script's place of line `line` (from 1) of what was sent.
    pub fn map(&self, line: u32) -> Option<Mapped> {
        let line = match self.moved {
            Some((at, last)) if line > at && line <= last => line - 1,
            _ => line,
        };
        let down = line.checked_sub(self.leading + 1)?;
        // A SyntaxError at the end of the code may be reported one line too low.
        if down > self.lines {
            return None;
        }
        let down = down.min(self.lines.saturating_sub(1));
        let origin = self.origin.as_ref().map(|first| if down == 0 { first.clone() } else { first.down(down) });
        // Point at a body that starts after its quote; for other lines, mark the whole line.
        let origin = origin.map(|origin| if origin.column == 1 { Origin { column: 0, ..origin } } else { origin });
        Some(Mapped { origin, line: down + 1, item: self.item.clone() })
    }
}

struct Region {
    name: String,
    first: u32,
    last: u32,
    piece: Piece,
}

/// The functions on a board.
#[derive(Default)]
pub struct LineMap {
    regions: Vec<Region>,
}

impl LineMap {
    /// How many blank lines must precede a piece that defines these functions (lines counted from 1 within the sent code), so
    /// that no frame is ambiguous.
    pub fn blank_lines(&self, defined: &[Defined]) -> u32 {
        let mut blank = 0;
        // Each round moves past at least one region.
        for _ in 0..=self.regions.len() {
            let clash = self.regions.iter().find(|region| {
                defined.iter().any(|frame| {
                    frame.name == region.name
                        && frame.first_line + blank <= region.last
                        && frame.last_line + blank >= region.first
                })
            });
            match clash {
                Some(region) => {
                    let nearest =
                        defined.iter().filter(|frame| frame.name == region.name).map(|frame| frame.first_line).min();
                    blank = blank.max(region.last + 1 - nearest.unwrap_or(1).min(region.last + 1)).max(blank + 1);
                }
                None => break,
            }
        }
        blank
    }

    /// Records the functions of a sent piece; `piece.leading` and the lines of `defined` include blank lines.
    pub fn insert(&mut self, defined: &[Defined], piece: &Piece) {
        for frame in defined {
            self.regions.push(Region {
                name: frame.name.clone(),
                first: frame.first_line,
                last: frame.last_line,
                piece: piece.clone(),
            });
        }
    }

    /// Removes all functions of an item, which is declared again.
    pub fn forget(&mut self, item: &str) {
        self.regions.retain(|region| region.piece.item != item);
    }

    /// The position of a frame in a function.
    pub fn find(&self, name: &str, line: u32) -> Option<Mapped> {
        let region = self
            .regions
            .iter()
            .rev()
            .find(|region| region.name == name && (region.first..=region.last).contains(&line))?;
        region.piece.map(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn defined(name: &str, first_line: u32, last_line: u32) -> Defined {
        Defined { name: name.to_owned(), first_line, last_line }
    }

    fn piece(item: &str, line: u32, leading: u32, lines: u32) -> Piece {
        Piece { origin: Some(Origin::new("a.rhai", line, 1)), item: item.to_owned(), leading, lines, moved: None }
    }

    #[test]
    fn separates_functions_with_the_same_name() {
        let mut map = LineMap::default();
        assert_eq!(map.blank_lines(&[defined("helper", 2, 4)]), 0);
        map.insert(&[defined("helper", 2, 4)], &piece("setup `a`", 10, 0, 8));
        assert_eq!(map.blank_lines(&[defined("other", 2, 4)]), 0);
        let blank = map.blank_lines(&[defined("helper", 3, 5)]);
        assert_eq!(blank, 2);
        map.insert(&[defined("helper", 5, 7)], &piece("setup `b`", 30, blank, 6));
        assert_eq!(map.find("helper", 4).unwrap().origin.unwrap().line, 13);
        assert_eq!(map.find("helper", 5).unwrap().origin.unwrap().line, 32);
        assert_eq!(map.find("helper", 9), None);
        assert_eq!(map.find("f", 4), None);
        map.forget("setup `a`");
        assert_eq!(map.find("helper", 4), None);
    }

    #[test]
    fn lines_of_a_body_follow_its_origin() {
        let body = piece("task `f`", 15, 1, 3);
        assert_eq!(body.map(1), None);
        assert_eq!(body.map(2).unwrap().origin.unwrap().line, 15);
        assert_eq!(body.map(4).unwrap().origin.unwrap().line, 17);
        assert_eq!(body.map(5).unwrap().origin.unwrap().line, 17);
        assert_eq!(body.map(6), None);
        let guarded = Piece { moved: Some((1, 3)), ..piece("", 1, 0, 5) };
        let lines = [2, 3, 4, 5].map(|line| guarded.map(line).unwrap().origin.unwrap().line);
        assert_eq!(lines, [1, 2, 4, 5]);
    }
}
