//! Reads a document as XML 1.0, strictly, as far as reports in HTML go: elements, attributes, text, no comments, no CDATA.

/// An element without its children.
#[derive(Debug)]
pub struct Element {
    pub name: String,
    pub attributes: Vec<(String, String)>,
    /// The text directly in it.
    pub text: String,
    /// Number of enclosing elements.
    pub depth: usize,
}

impl Element {
    /// The value of an attribute.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// Whether it is of this class.
    pub fn is(&self, class: &str) -> bool {
        self.attribute("class").is_some_and(|classes| classes.split(' ').any(|other| other == class))
    }
}

/// All elements in the order of their beginnings, or what is wrong and where.
pub fn parse(document: &str) -> Result<Vec<Element>, String> {
    let body = document.strip_prefix("<!DOCTYPE html>\n").ok_or("no document type")?;
    let mut elements: Vec<Element> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let mut rest = body.trim_end();
    while !rest.is_empty() {
        let wrong = |what: &str| format!("{what} at {:?}", rest.chars().take(60).collect::<String>());
        if let Some(tag) = rest.strip_prefix("</") {
            let (name, after) = tag.split_once('>').ok_or_else(|| wrong("an end tag without end"))?;
            let index = open.pop().ok_or_else(|| wrong("an end tag too many"))?;
            if elements[index].name != name {
                return Err(wrong(&format!("`{}` is not closed", elements[index].name)));
            }
            rest = after;
        } else if let Some(tag) = rest.strip_prefix('<') {
            if open.is_empty() && !elements.is_empty() {
                return Err(wrong("a second root"));
            }
            let (element, closed, after) = start_tag(tag, open.len()).map_err(|what| wrong(&what))?;
            elements.push(element);
            if !closed {
                open.push(elements.len() - 1);
            }
            rest = after;
        } else {
            let end = rest.find('<').unwrap_or(rest.len());
            let text = unescape(&rest[..end]).map_err(|what| wrong(&what))?;
            match open.last() {
                Some(index) => elements[*index].text.push_str(&text),
                None if text.trim().is_empty() => {}
                None => return Err(wrong("text outside of the root")),
            }
            rest = &rest[end..];
        }
    }
    match open.last() {
        Some(index) => Err(format!("`{}` is not closed at the end", elements[*index].name)),
        None => Ok(elements),
    }
}

/// Parses an element after its `<`: the element, whether it is closed, and the rest.
fn start_tag(tag: &str, depth: usize) -> Result<(Element, bool, &str), String> {
    let end = tag.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).ok_or("a tag without end")?;
    let mut element = Element { name: tag[..end].to_owned(), attributes: Vec::new(), text: String::new(), depth };
    if !element.name.starts_with(|c: char| c.is_ascii_lowercase()) {
        return Err("an odd name".to_owned());
    }
    let mut rest = &tag[end..];
    loop {
        if let Some(after) = rest.strip_prefix("/>") {
            return Ok((element, true, after));
        }
        if let Some(after) = rest.strip_prefix('>') {
            return Ok((element, false, after));
        }
        let attribute = rest.strip_prefix(' ').ok_or("no space before an attribute")?;
        let (name, value) = attribute.split_once("=\"").ok_or("an attribute without value")?;
        let (value, after) = value.split_once('"').ok_or("a value without end")?;
        if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') || element.attribute(name).is_some() {
            return Err(format!("an odd attribute `{name}`"));
        }
        if value.contains('<') {
            return Err("a `<` in a value".to_owned());
        }
        element.attributes.push((name.to_owned(), unescape(value)?));
        rest = after;
    }
}

/// Unescapes a text.
fn unescape(text: &str) -> Result<String, String> {
    if let Some(c) =
        text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\t') || matches!(c, '\u{fffe}' | '\u{ffff}'))
    {
        return Err(format!("the character {c:?}"));
    }
    let mut parts = text.split('&');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, after) = part.split_once(';').ok_or("a bare `&`")?;
        plain.push(match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "#39" => '\'',
            _ => return Err(format!("the entity `{name}`")),
        });
        plain.push_str(after);
    }
    Ok(plain)
}

#[test]
fn malformed_documents_are_refused() {
    let refused = |body: &str| parse(&format!("<!DOCTYPE html>\n{body}")).unwrap_err();
    for body in [
        "<a>",
        "</a>",
        "<a></b>",
        "<a></a><b></b>",
        "<a>&nbsp;</a>",
        "<a>&</a>",
        "<a b=c></a>",
        "<a b></a>",
        "<a>\0</a>",
        "x",
    ] {
        refused(body);
    }
    let elements = parse("<!DOCTYPE html>\n<a b=\"&lt;&#39;\"><c/>x &amp; y</a>\n").unwrap();
    assert_eq!((elements[0].attribute("b"), elements[0].text.as_str()), (Some("<'"), "x & y"));
    assert_eq!((elements[1].name.as_str(), elements[1].depth), ("c", 1));
}
