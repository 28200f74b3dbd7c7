//! Attachments: images are shown, texts can be expanded, everything else can be saved.

use super::markup::Markup;
use crate::bench::event::Attachment;
use crate::phrase::count;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Image types that browsers show. None of them runs code as the source of an `img`.
const PICTURES: &[&str] =
    &["image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp", "image/avif", "image/svg+xml"];

/// Text types besides `text/…`.
const TEXTS: &[&str] = &["application/json", "application/xml", "application/toml", "application/yaml"];

/// Longest text that is shown, in bytes; a longer one can be saved as a whole.
const LONGEST_TEXT: usize = 64 << 10;

/// An attachment of a run or a test.
pub fn show(markup: &mut Markup<'_>, attachment: &Attachment) {
    markup.element("div", &[("class", &"attachment")], |markup| inner(markup, attachment));
}

fn inner(markup: &mut Markup<'_>, attachment: &Attachment) {
    let Ok(content) = STANDARD.decode(attachment.content.as_bytes()) else {
        markup.leaf("p", &[("class", &"caption")], &attachment.name);
        markup.leaf("p", &[("class", &"remark")], "the record of this attachment is damaged");
        return;
    };
    let media = attachment.media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if PICTURES.contains(&media.as_str()) {
        markup.element("figure", &[("class", &"picture")], |markup| {
            let source = format_args!("data:{media};base64,{}", attachment.content);
            markup.empty("img", &[("alt", &attachment.name), ("src", &source)]);
            markup.element("figcaption", &[], |markup| caption(markup, attachment, &content, None));
        });
        return;
    }
    let is_text = media.starts_with("text/") || TEXTS.contains(&media.as_str());
    let text = std::str::from_utf8(&content).ok().filter(|_| is_text);
    let is_shown = text.is_some_and(|text| text.len() <= LONGEST_TEXT);
    let link = (!is_shown).then_some(attachment.content.as_str());
    markup.element("p", &[("class", &"caption")], |markup| caption(markup, attachment, &content, link));
    if let Some(text) = text {
        let end = (0..=LONGEST_TEXT.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        markup.element("details", &[], |markup| {
            markup.leaf("summary", &[], if is_shown { "text" } else { "the beginning of the text" });
            markup.leaf("pre", &[("class", &"printed")], plain(&text[..end]));
        });
    }
}

/// Name, media type, size and checksum; with a link, the bytes can be saved.
fn caption(markup: &mut Markup<'_>, attachment: &Attachment, content: &[u8], link: Option<&str>) {
    match link {
        Some(base64) => {
            let target = format_args!("data:application/octet-stream;base64,{base64}");
            let name = super::file_name(&attachment.name);
            markup.leaf("a", &[("download", &name), ("href", &target)], &attachment.name);
        }
        None => markup.leaf("bdi", &[("class", &"name")], &attachment.name),
    }
    let media = if attachment.media.is_empty() { "bytes" } else { &attachment.media };
    markup.leaf("span", &[("class", &"remark")], format_args!(" {media}, {}", size(content.len())));
    let digest = crate::bench::digests::of_bytes(content);
    markup.leaf("span", &[("class", &"digest")], format_args!("SHA-256 {digest}"));
}

/// A text without the carriage returns of line ends.
pub fn plain(text: &str) -> String {
    text.replace("\r\n", "\n")
}

/// A number of bytes.
fn size(bytes: usize) -> String {
    #[expect(clippy::cast_precision_loss, reason = "shown to three digits")]
    let number = bytes as f64;
    match bytes {
        0..1000 => count(bytes, "byte"),
        1000..1_000_000 => format!("{:.1} kB", number / 1e3),
        _ => format!("{:.1} MB", number / 1e6),
    }
}
