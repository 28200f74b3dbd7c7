//! Puts a whole program into a `try:`, so that ending itself by SystemExit does not restart the board.
//!
//! Uses [`super::Body`]. Invariant: a line of the board is a line of the program, except the lines of [`Guarded::moved`],
//! whose frames only the host sees, or that nothing on the board can print.
//!
//! `try:` needs its own line. It replaces the first blank or comment line; lines before it move down by one. If those
//! define a function or a block that catches exceptions, code on the board could print their numbers: then `try:` goes on
//! the first such line between two statements instead, if those before it only define and import.

use super::Body;
use crate::python::lines::{Code, LogicalLine};
use crate::python::token::{Token, TokenKind};

/// Names with which a program ends itself, or reads its input: then the guard is more important than numbers that the board
/// prints.
const ENDS: [&str; 5] = ["exit", "SystemExit", "input", "stdin", "kbd_intr"];

/// A program with its guard. The caller adds the handlers of the `try:`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guarded {
    /// The source; it ends with a line end.
    pub source: String,
    /// Whether there is a `try:`.
    pub is_guarded: bool,
    /// The board's lines, from 1, that are one line further down than in the program: after the first, up to the last.
    pub moved: Option<(u32, u32)>,
}

impl Guarded {
    /// The line of the board, from 1, of a line of the program.
    pub fn board_line(&self, line: u32) -> u32 {
        match self.moved {
            Some((at, last)) if line >= at && line < last => line + 1,
            _ => line,
        }
    }
}

/// The place of `try:`, and the line that it replaces; from 0.
#[derive(Clone, Copy)]
enum Place {
    /// Before the only statement.
    Inline,
    /// On its own line, replacing the second one, which is blank or a comment; `None`: replaces no line.
    Line(usize, Option<usize>),
}

impl Body {
    /// The body as a program after `opening`, `try:` or the like, which is left out if it would do more harm than good.
    pub fn guarded(&self, opening: &str) -> Guarded {
        let code = Code::new(&self.text);
        match place(&code) {
            None => Guarded { source: ended(self.text.clone()), is_guarded: false, moved: None },
            Some(Place::Inline) => {
                let at = self.starts.iter().copied().find(|&at| code.lines[0].first_line == line_of(&self.text, at));
                let (before, line) = self.text.split_at(at.unwrap_or(0));
                Guarded { source: ended(format!("{before}{opening}{line}")), is_guarded: true, moved: None }
            }
            Some(Place::Line(at, gone)) => self.after(opening, at, gone),
        }
    }

    fn after(&self, opening: &str, at: usize, gone: Option<usize>) -> Guarded {
        let mut source = String::with_capacity(self.text.len() + self.starts.len() + 8);
        let mut offset = 0;
        for (number, line) in self.text.split_inclusive('\n').enumerate() {
            if number == at {
                source.push_str(opening);
                source.push('\n');
            }
            if gone != Some(number) {
                let starts = self.starts.binary_search(&offset).is_ok();
                source.push_str(if starts && number >= at { " " } else { "" });
                source.push_str(line);
            }
            offset += line.len();
        }
        let from_1 = |line: usize| u32::try_from(line + 1).unwrap_or(u32::MAX);
        let moved = match gone {
            Some(gone) if gone == at => None,
            Some(gone) => Some((from_1(at), from_1(gone))),
            None => Some((from_1(at), u32::MAX)),
        };
        Guarded { source: ended(source), is_guarded: true, moved }
    }
}

fn ended(mut source: String) -> String {
    if !source.is_empty() && !source.ends_with('\n') {
        source.push('\n');
    }
    source
}

fn line_of(text: &str, offset: usize) -> u32 {
    u32::try_from(text[..offset].matches('\n').count()).unwrap_or(u32::MAX)
}

fn place(code: &Code<'_>) -> Option<Place> {
    let first = code.lines.first()?;
    if code.lines.len() == 1 && !is_compound(code, first) {
        return Some(Place::Inline);
    }
    let free = free_lines(code);
    let shows =
        |line: usize| code.lines.iter().any(|logical| begins_before(logical, line) && is_printable(code, logical));
    let gone = free.first().copied();
    if let Some(gone) = gone.filter(|&gone| !shows(gone)) {
        return Some(Place::Line(0, Some(gone)));
    }
    let between = free.iter().copied().find(|&free| is_between(code, free));
    if let Some(between) = between.filter(|&line| only_defines(code, line)) {
        return Some(Place::Line(between, Some(between)));
    }
    let ends_itself = code.tokens.iter().any(|token| ENDS.contains(&token.text(code.source)));
    ends_itself.then_some(Place::Line(0, gone))
}

fn begins_before(logical: &LogicalLine, line: usize) -> bool {
    (logical.first_line as usize) < line
}

/// The lines, from 0, with only blanks or a comment.
fn free_lines(code: &Code<'_>) -> Vec<usize> {
    let count = code.source.split_inclusive('\n').count();
    let mut free = vec![true; count];
    for token in &code.tokens {
        let stays = token.is_significant() || matches!(token.kind, TokenKind::Continuation);
        if stays {
            let last = token.line + if token.is_significant() { token.line_ends(code.source) } else { 0 };
            free.iter_mut().take(last as usize + 1).skip(token.line as usize).for_each(|free| *free = false);
        }
    }
    (0..count).filter(|&line| free[line]).collect()
}

/// Whether a statement has a block, or is in a block.
fn is_compound(code: &Code<'_>, line: &LogicalLine) -> bool {
    const BLOCKS: [&str; 9] = ["if", "for", "while", "try", "with", "def", "class", "async", "@"];
    let first = code.significant(line).next();
    line.column > 0 || first.is_some_and(|token| BLOCKS.contains(&token.text(code.source)))
}

/// Whether code on the board may print the number of this line: its exceptions are caught, or it is in a function.
fn is_printable(code: &Code<'_>, line: &LogicalLine) -> bool {
    let mut first = true;
    code.significant(line).any(|token| {
        let text = token.text(code.source);
        let begins = std::mem::take(&mut first);
        matches!(text, "def" | "class" | "try" | "with" | "lambda" | "async") || (text == "for" && !begins)
    })
}

/// Whether the line precedes a statement of the outermost block that does not continue the previous one.
fn is_between(code: &Code<'_>, line: usize) -> bool {
    let Some(next) = code.lines.iter().position(|logical| (logical.last_line as usize) >= line) else { return false };
    let begins_with = |index: usize, words: &[&str]| {
        let first = code.lines.get(index).and_then(|logical| code.significant(logical).next());
        first.is_some_and(|token| words.contains(&token.text(code.source)))
    };
    let goes_on = begins_with(next, &["else", "elif", "except", "finally"]);
    let is_decorated = next > 0 && begins_with(next - 1, &["@"]);
    let logical = &code.lines[next];
    logical.column == 0 && (logical.first_line as usize) > line && !goes_on && !is_decorated
}

/// Whether nothing before the line is likely to end the program.
fn only_defines(code: &Code<'_>, line: usize) -> bool {
    let mut inside = false;
    code.lines.iter().take_while(|logical| begins_before(logical, line)).all(|logical| {
        let tokens = || code.significant(logical);
        let first = tokens().next().map(|token| token.text(code.source)).unwrap_or_default();
        let defines = matches!(first, "def" | "class" | "async" | "@");
        if logical.column == 0 {
            inside = defines;
        }
        let calls = |token: &Token| code.is(token, "(");
        defines || inside || matches!(first, "import" | "from") || (!is_compound(code, logical) && !tokens().any(calls))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::samples::soup;
    use proptest::prelude::*;

    #[track_caller]
    fn case(text: &str, source: &str, moved: Option<(u32, u32)>) {
        let guarded = Body::parse(text).unwrap().guarded("try:");
        assert_eq!((guarded.source.as_str(), guarded.moved), (source, moved), "{text:?}");
    }

    #[test]
    fn replaces_a_blank_or_comment_line() {
        case("# a\nf()\nif g():\n  h()\n", "try:\n f()\n if g():\n   h()\n", None);
        case("\nf()\ng()", "try:\n f()\n g()\n", None);
        case("import a\nf()\n\ng()\n", "try:\n import a\n f()\n g()\n", Some((1, 3)));
        case("x = '''\n\n'''\nf()\n# a\ng()\n", "try:\n x = '''\n\n'''\n f()\n g()\n", Some((1, 5)));
        case("while a:\n  b()\n\n  c()\n", "try:\n while a:\n  b()\n  c()\n", Some((1, 3)));
    }

    #[test]
    fn keeps_numbers_that_the_board_can_print() {
        case("import a\ndef f():\n  g()\n\nf()\nh()\n", "import a\ndef f():\n  g()\ntry:\n f()\n h()\n", None);
        case("try:\n f()\n\nexcept E:\n pass\n", "try:\n f()\n\nexcept E:\n pass\n", None);
        case("def f():\n  g()\nf()\n", "def f():\n  g()\nf()\n", None);
        case("a()\ndef f():\n  g()\n\nf()\n", "a()\ndef f():\n  g()\n\nf()\n", None);
        case("for a in b:\n  f(lambda: 1)\n\nc()\n", "for a in b:\n  f(lambda: 1)\n\nc()\n", None);
    }

    #[test]
    fn always_guards_a_program_that_ends_itself() {
        let text = "a()\ndef f():\n  exit()\n\nf()\n";
        case(text, "try:\n a()\n def f():\n   exit()\n f()\n", Some((1, 4)));
        case(
            "try:\n  input()\nexcept E:\n  f()\n",
            "try:\n try:\n   input()\n except E:\n   f()\n",
            Some((1, u32::MAX)),
        );
    }

    #[test]
    fn one_statement_stays_on_its_line() {
        case("print(1); raise SystemExit", "try:print(1); raise SystemExit\n", None);
        case("\n# a\nf(\n  1)\n# b", "\n# a\ntry:f(\n  1)\n# b\n", None);
        case("if a: b()", "if a: b()\n", None);
        case("", "", None);
        case("# a\n", "# a\n", None);
    }

    proptest! {
        #[test]
        fn lines_keep_their_numbers(text in prop_oneof![any::<String>(), soup()]) {
            if let Ok(body) = Body::parse(&text) {
                let guarded = body.guarded("try:");
                let of_board: Vec<&str> = guarded.source.lines().collect();
                let free = free_lines(&Code::new(body.text()));
                for (number, line) in body.text().lines().enumerate() {
                    let at = guarded.board_line(number as u32 + 1) as usize - 1;
                    let found = of_board.get(at).copied().unwrap_or_default();
                    let is_same = found == line || found.strip_prefix(' ') == Some(line) || found.strip_prefix("try:") == Some(line);
                    prop_assert!(is_same || free.contains(&number), "line {number} of {:?} in {:?}", body.text(), guarded.source);
                }
            }
        }
    }
}
