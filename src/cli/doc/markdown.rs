//! Renders comments of scripts as HTML: paragraphs, lists, code blocks, inline code and emphasis.
//!
//! Supports a small subset of Markdown without HTML. Invariant: all text of a comment is escaped, so that no comment
//! can add a tag, an attribute or a link to a page.

/// Escapes text for HTML, including attribute values.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // Characters that HTML forbids.
            c if c.is_control() && c != '\n' && c != '\t' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// A comment as HTML.
pub fn html(doc: &str) -> String {
    let mut out = String::new();
    let mut lines = doc.lines().peekable();
    while let Some(line) = lines.next() {
        let text = line.trim();
        if text.is_empty() {
            continue;
        }
        if text.starts_with("```") {
            let code: Vec<&str> = lines.by_ref().take_while(|line| !line.trim().starts_with("```")).collect();
            out.push_str(&format!("<pre><code>{}</code></pre>\n", escape(&code.join("\n"))));
            continue;
        }
        if let Some(title) = text.strip_prefix('#').map(|rest| rest.trim_start_matches('#')) {
            out.push_str(&format!("<p><strong>{}</strong></p>\n", inline(title.trim())));
            continue;
        }
        let Some(first) = item(text) else {
            let mut paragraph = text.to_owned();
            while let Some(next) = lines.next_if(|next| !begins_block(next)) {
                paragraph.push('\n');
                paragraph.push_str(next.trim());
            }
            out.push_str(&format!("<p>{}</p>\n", inline(&paragraph)));
            continue;
        };
        let mut items = vec![first.to_owned()];
        while let Some(next) = lines.next_if(|next| item(next.trim()).is_some() || !begins_block(next)) {
            match (item(next.trim()), items.last_mut()) {
                (Some(text), _) => items.push(text.to_owned()),
                (None, Some(last)) => {
                    last.push('\n');
                    last.push_str(next.trim());
                }
                (None, None) => {}
            }
        }
        let items: Vec<String> = items.iter().map(|item| format!("<li>{}</li>\n", inline(item))).collect();
        out.push_str(&format!("<ul>\n{}</ul>\n", items.concat()));
    }
    out
}

fn item(text: &str) -> Option<&str> {
    text.strip_prefix("- ").or_else(|| text.strip_prefix("* "))
}

fn begins_block(line: &str) -> bool {
    let text = line.trim();
    text.is_empty() || text.starts_with("```") || text.starts_with('#') || item(text).is_some()
}

/// Code and emphasis within a line.
fn inline(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(open) = rest.find(['`', '*']) {
        out.push_str(&escape(&rest[..open]));
        let marked = &rest[open..];
        let (mark, tag) = if marked.starts_with("**") {
            ("**", "strong")
        } else if marked.starts_with('`') {
            let count = marked.bytes().take_while(|byte| *byte == b'`').count();
            (&marked[..count], "code")
        } else {
            ("*", "em")
        };
        let inside = &marked[mark.len()..];
        let close = inside.find(mark).filter(|close| *close > 0);
        // A single star is multiplication.
        match close
            .filter(|close| tag == "code" || !inside[..*close].starts_with(' ') && !inside[..*close].ends_with(' '))
        {
            Some(close) => {
                let text = if tag == "code" { escape(inside[..close].trim()) } else { inline(&inside[..close]) };
                out.push_str(&format!("<{tag}>{text}</{tag}>"));
                rest = &inside[close + mark.len()..];
            }
            None => {
                out.push_str(&escape(mark));
                rest = inside;
            }
        }
    }
    out.push_str(&escape(rest));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_become_html() {
        for (text, wanted) in [
            ("", ""),
            ("One.\ntwo\n\nThree", "<p>One.\ntwo</p>\n<p>Three</p>\n"),
            ("a `b < c` d", "<p>a <code>b &lt; c</code> d</p>\n"),
            ("``a ` b``", "<p><code>a ` b</code></p>\n"),
            ("**a** and *b* is 2 * 3 * 4", "<p><strong>a</strong> and <em>b</em> is 2 * 3 * 4</p>\n"),
            ("open ` and *", "<p>open ` and *</p>\n"),
            ("- a\n  b\n- `c`\nd\n\ne", "<ul>\n<li>a\nb</li>\n<li><code>c</code>\nd</li>\n</ul>\n<p>e</p>\n"),
            ("x\n```rhai\n<a>\n\n `b`\n```\ny", "<p>x</p>\n<pre><code>&lt;a&gt;\n\n `b`</code></pre>\n<p>y</p>\n"),
            ("## Title", "<p><strong>Title</strong></p>\n"),
            ("```\nnever closed", "<pre><code>never closed</code></pre>\n"),
        ] {
            assert_eq!(html(text), wanted, "{text:?}");
        }
    }

    #[test]
    fn comments_cannot_inject_markup() {
        for text in [
            "<script>alert(1)</script>",
            "`<img src=x onerror=\"y\">`",
            "**<b>**",
            "- <i>",
            "# <u>",
            "```\n</code></pre><script>\n```",
            "[x](javascript:y) <a href='z'>",
            "\u{0}\u{1b}<",
        ] {
            let html = html(text);
            let allowed = ["p", "ul", "li", "pre", "code", "strong", "em"];
            for tag in html.split('<').skip(1).filter_map(|rest| rest.split('>').next()) {
                assert!(allowed.contains(&tag.trim_start_matches('/')), "{tag} of {text:?}: {html}");
            }
            assert!(!html.contains(['\u{0}', '\u{1b}']), "{html:?}");
        }
    }
}
