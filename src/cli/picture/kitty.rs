//! Pictures by kitty's graphics protocol.
//!
//! <https://sw.kovidgoyal.net/kitty/graphics-protocol/>: a command is `ESC _G key=value,… ; base64 ESC \`. `a=T` transmits and
//! shows, `f=100` is PNG, `q=2` suppresses every answer, which would arrive as keys, `c` is the width in columns with the height
//! following from it; data is sent in pieces of at most 4096 bytes, all but the last with `m=1`. Pure.

use base64::Engine as _;
use std::fmt::Write as _;

/// Most bytes of base64 in a command.
const PIECE: usize = 4096;

/// Shows a PNG, in this number of columns if there is one.
pub fn shown(png: &[u8], columns: Option<u32>) -> String {
    let data = base64::engine::general_purpose::STANDARD.encode(png);
    let mut text = String::with_capacity(data.len() + data.len() / 64);
    let width = columns.map(|columns| format!(",c={columns}")).unwrap_or_default();
    let mut keys = format!("a=T,f=100,q=2{width},");
    let mut rest = data.as_str();
    loop {
        let (piece, more) = rest.split_at(PIECE.min(rest.len()));
        rest = more;
        let _ = write!(text, "\x1b_G{keys}m={};{piece}\x1b\\", u8::from(!rest.is_empty()));
        if rest.is_empty() {
            text.push('\n');
            return text;
        }
        keys = "q=2,".to_owned();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_pictures_are_sent_in_pieces() {
        assert_eq!(shown(b"abc", None), "\x1b_Ga=T,f=100,q=2,m=0;YWJj\x1b\\\n");
        let long = shown(&[0; 7000], Some(12));
        let pieces: Vec<&str> = long.trim_end().split_inclusive("\x1b\\").collect();
        let heads: Vec<&str> = pieces.iter().map(|piece| piece.split(';').next().unwrap()).collect();
        assert_eq!(heads, ["\x1b_Ga=T,f=100,q=2,c=12,m=1", "\x1b_Gq=2,m=1", "\x1b_Gq=2,m=0"]);
        let data = |piece: &&str| piece.split(';').nth(1).unwrap().trim_end_matches("\x1b\\").to_owned();
        let all: Vec<String> = pieces.iter().map(data).collect();
        assert!(all.iter().all(|piece| piece.len() <= PIECE && piece.len().is_multiple_of(4)));
        let decoded = base64::engine::general_purpose::STANDARD.decode(all.concat()).unwrap();
        assert_eq!(decoded, [0; 7000]);
    }
}
