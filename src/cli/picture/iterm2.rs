//! Pictures by iTerm2's inline images protocol.
//!
//! <https://iterm2.com/documentation-images.html>: `ESC ] 1337 ; File = key=value;… : base64 BEL`. `inline=1` shows the file
//! instead of downloading it, `size` is its length in bytes, `width` a number of columns or `auto`; `preserveAspectRatio=1` keeps
//! the proportions. Pure.

use base64::Engine as _;

/// Shows a picture in any format, in this number of columns if there is one.
pub fn shown(picture: &[u8], columns: Option<u32>) -> String {
    let width = columns.map_or_else(|| "auto".to_owned(), |columns| columns.to_string());
    let data = base64::engine::general_purpose::STANDARD.encode(picture);
    let size = picture.len();
    format!("\x1b]1337;File=inline=1;size={size};width={width};height=auto;preserveAspectRatio=1:{data}\x07\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_one_sequence() {
        let keys = "inline=1;size=3;width=auto;height=auto;preserveAspectRatio=1";
        assert_eq!(shown(b"abc", None), format!("\x1b]1337;File={keys}:YWJj\x07\n"));
        assert!(shown(b"abc", Some(7)).contains(";width=7;"));
    }
}
