//! Pictures in terminals that can show them.
//!
//! A terminal is recognised by variables that only it sets, or by its answer to a question that every terminal answers; others get
//! nothing. Uses [`crate::bench::picture`]. Invariant: the bytes of a picture are escaped or encoded, never sent as they are.

mod iterm2;
mod kitty;
mod sixel;

use crate::bench::picture::Picture;

/// The variable that chooses a protocol, or `off`.
pub const VARIABLE: &str = "BELAY_SCRIPT_PICTURES";

/// Height and width of a character in pixels, for terminals that do not say.
const CELL: (u32, u32) = (10, 20);

/// Most pixels of a picture that is decoded: four bytes each.
const MOST_PIXELS: u64 = 16 << 20;

/// How a terminal shows pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// <https://sw.kovidgoyal.net/kitty/graphics-protocol/>
    Kitty,
    /// <https://iterm2.com/documentation-images.html>
    Iterm2,
    /// <https://vt100.net/docs/vt3xx-gp/chapter14.html>
    Sixel,
}

/// What is known of a terminal's protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// It has this one, or none.
    Settled(Option<Protocol>),
    /// Its primary device attributes will tell.
    Ask,
}

/// The request for the primary device attributes, and the last byte of the answer (ECMA-48, 8.3.24).
pub const REQUEST: (&str, u8) = ("\x1b[c", b'c');

/// Size of the terminal, in characters and, if it says, in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Room {
    /// Columns and rows.
    pub characters: (u32, u32),
    /// Width and height; 0 if not known.
    pub pixels: (u32, u32),
}

/// What the variables of the environment say of the terminal.
pub fn known(variable: impl Fn(&str) -> Option<String>) -> Known {
    let of = |name: &str| variable(name).unwrap_or_default();
    match of(VARIABLE).as_str() {
        "off" => return Known::Settled(None),
        "kitty" => return Known::Settled(Some(Protocol::Kitty)),
        "iterm2" => return Known::Settled(Some(Protocol::Iterm2)),
        "sixel" => return Known::Settled(Some(Protocol::Sixel)),
        _ => {}
    }
    let (term, program) = (of("TERM"), of("TERM_PROGRAM"));
    if matches!(term.as_str(), "" | "dumb" | "linux") {
        return Known::Settled(None);
    }
    // The variables may be those of the terminal around it, whose pictures it does not pass on.
    let is_multiplexer = !of("TMUX").is_empty() || term.starts_with("screen") || term.starts_with("tmux");
    if is_multiplexer {
        return Known::Ask;
    }
    if !of("KITTY_WINDOW_ID").is_empty() || matches!(term.as_str(), "xterm-kitty" | "xterm-ghostty") {
        return Known::Settled(Some(Protocol::Kitty));
    }
    if matches!(program.as_str(), "iTerm.app" | "WezTerm") || of("LC_TERMINAL") == "iTerm2" {
        return Known::Settled(Some(Protocol::Iterm2));
    }
    Known::Ask
}

/// Whether primary device attributes, `ESC [ ? … c`, contain 4: sixel graphics.
pub fn has_sixel(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    let Some((_, rest)) = text.split_once("\x1b[?") else { return false };
    let attributes = rest.split_once('c').map_or("", |(attributes, _)| attributes);
    attributes.split(';').any(|attribute| attribute == "4")
}

/// The bytes that show a picture and leave the cursor at the start of the next line; `None`: the protocol cannot show it.
///
/// # Errors
/// Why the picture is invalid, as a phrase.
pub fn shown(picture: &Picture, protocol: Protocol, room: Room) -> Result<Option<String>, String> {
    let Some(size) = picture.size else {
        return Ok((protocol == Protocol::Iterm2).then(|| iterm2::shown(&picture.bytes, None)));
    };
    if protocol == Protocol::Sixel && u64::from(size.0) * u64::from(size.1) > MOST_PIXELS {
        return Ok(None);
    }
    let fit = Fit::new(size, room);
    Ok(Some(match protocol {
        Protocol::Kitty => kitty::shown(&picture.bytes, fit.columns),
        Protocol::Iterm2 => iterm2::shown(&picture.bytes, fit.columns),
        Protocol::Sixel => sixel::shown(&picture.bytes, fit.pixels)?,
    }))
}

/// The size in which a picture is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fit {
    /// Its columns, if it is larger than its room.
    columns: Option<u32>,
    /// Its width and height in pixels.
    pixels: (u32, u32),
}

impl Fit {
    /// At most the width of the terminal, and two thirds of its height: the question stays visible.
    fn new((width, height): (u32, u32), room: Room) -> Fit {
        // A serial console, for example, does not know its size.
        let known = |count: u32, otherwise: u32| if count == 0 { otherwise } else { count };
        let (columns, rows) = (known(room.characters.0, 80), known(room.characters.1, 24));
        let cell = |pixels: u32, count: u32, otherwise: u32| match pixels / count {
            0 => otherwise,
            cell => cell,
        };
        let cell = (cell(room.pixels.0, columns, CELL.0), cell(room.pixels.1, rows, CELL.1));
        let most = ((columns - 1).max(1) * cell.0, (rows * 2 / 3).max(1) * cell.1);
        if width <= most.0 && height <= most.1 {
            return Fit { columns: None, pixels: (width, height) };
        }
        let scaled = |side: u32, by: (u32, u32)| u64::from(side) * u64::from(by.0) / u64::from(by.1.max(1));
        let narrow = (most.0, scaled(height, (most.0, width)));
        let low = (scaled(width, (most.1, height)), most.1);
        let pixels = if narrow.1 <= u64::from(most.1) {
            (narrow.0, u32::try_from(narrow.1).unwrap_or(most.1))
        } else {
            (u32::try_from(low.0).unwrap_or(most.0), low.1)
        };
        let pixels = (pixels.0.max(1), pixels.1.max(1));
        Fit { columns: Some((pixels.0 / cell.0).max(1)), pixels }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals_are_recognised() {
        let case = |variables: &[(&str, &str)], wanted: Known| {
            let variable = |name: &str| {
                let found = variables.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            assert_eq!(known(variable), wanted, "{variables:?}");
        };
        let settled = |protocol| Known::Settled(Some(protocol));
        case(&[], Known::Settled(None));
        case(&[("TERM", "dumb")], Known::Settled(None));
        case(&[("TERM", "xterm-256color")], Known::Ask);
        case(&[("TERM", "xterm-kitty")], settled(Protocol::Kitty));
        case(&[("TERM", "xterm-256color"), ("KITTY_WINDOW_ID", "1")], settled(Protocol::Kitty));
        case(&[("TERM", "xterm-256color"), ("TERM_PROGRAM", "iTerm.app")], settled(Protocol::Iterm2));
        case(&[("TERM", "tmux-256color"), ("TERM_PROGRAM", "iTerm.app")], Known::Ask);
        case(&[("TERM", "xterm"), ("TMUX", "/tmp/tmux"), ("KITTY_WINDOW_ID", "1")], Known::Ask);
        case(&[("TERM", "xterm-kitty"), (VARIABLE, "off")], Known::Settled(None));
        case(&[("TERM", "dumb"), (VARIABLE, "sixel")], settled(Protocol::Sixel));
    }

    #[test]
    fn device_attributes_tell_of_sixel() {
        for (answer, wanted) in [
            ("\x1b[?62;4;22c", true),
            ("xy\x1b[?4c", true),
            ("\x1b[?1;2c", false),
            ("\x1b[?64;14;40c", false),
            ("\x1b[?62;4", false),
            ("4c", false),
            ("", false),
        ] {
            assert_eq!(has_sixel(answer.as_bytes()), wanted, "{answer:?}");
        }
    }

    #[test]
    fn pictures_fit_into_the_terminal() {
        let room = Room { characters: (80, 24), pixels: (800, 480) };
        let case = |size, columns, pixels| assert_eq!(Fit::new(size, room), Fit { columns, pixels }, "{size:?}");
        case((790, 320), None, (790, 320));
        case((1580, 100), Some(79), (790, 50));
        case((100, 3200), Some(1), (10, 320));
        case((1600, 1600), Some(32), (320, 320));
        let unknown = Room { characters: (80, 24), ..Room::default() };
        assert_eq!(Fit::new((1580, 100), Room::default()), Fit::new((1580, 100), unknown));
        assert_eq!(Fit::new((1580, 100), unknown), Fit { columns: Some(79), pixels: (790, 50) });
        assert_eq!(Fit::new((5, 5), Room::default()), Fit { columns: None, pixels: (5, 5) });
    }
}
