//! Translates one of git's patterns for `globset`.
//!
//! Uses the crate `globset`. Invariant: a pattern matches the same paths on every platform, and crosses a `/` only if it
//! contains `/` or `**`.

use globset::{GlobBuilder, GlobMatcher};

/// A pattern: a line of a `.gitignore`.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    matcher: GlobMatcher,
    /// `!`: includes its matches again.
    pub(super) included: bool,
    /// A trailing slash: matches only folders.
    folders_only: bool,
}

impl Pattern {
    /// Parses the pattern of a line; `None` for a blank line and a comment.
    ///
    /// # Errors
    /// Why it could never match anything, as the end of a sentence.
    pub(super) fn parse(line: &str) -> Result<Option<Pattern>, String> {
        let line = without_trailing_blanks(line);
        if line.is_empty() || line.starts_with('#') {
            return Ok(None);
        }
        let (included, rest) = line.strip_prefix('!').map_or((false, line), |rest| (true, rest));
        let (folders_only, rest) = rest.strip_suffix('/').map_or((false, rest), |rest| (true, rest));
        let anchored = rest.contains('/');
        let rest = rest.strip_prefix('/').unwrap_or(rest);
        if rest.is_empty() {
            return Err("it names nothing".to_owned());
        }
        let glob = match (anchored, translate(rest)?) {
            (true, glob) => glob,
            // Two stars are the same as one if there is nothing else.
            (false, glob) if glob == "**" => "**/*".to_owned(),
            (false, glob) => format!("**/{glob}"),
        };
        let glob = GlobBuilder::new(&glob)
            .literal_separator(true)
            .backslash_escape(true)
            .build()
            .map_err(|error| error.kind().to_string())?;
        Ok(Some(Pattern { matcher: glob.compile_matcher(), included, folders_only }))
    }

    /// Whether `path`, relative to the folder and without a trailing slash, matches.
    pub(super) fn matches(&self, path: &str, is_folder: bool) -> bool {
        (is_folder || !self.folders_only) && self.matcher.is_match(path)
    }
}

/// The line without trailing spaces, except escaped ones.
fn without_trailing_blanks(line: &str) -> &str {
    let mut end = 0;
    let mut chars = line.char_indices();
    while let Some((index, c)) = chars.next() {
        match c {
            ' ' => {}
            '\\' => end = chars.next().map_or(index + 1, |(next, escaped)| next + escaped.len_utf8()),
            _ => end = index + c.len_utf8(),
        }
    }
    &line[..end]
}

/// The part between two slashes, in globset's form.
#[derive(Default)]
struct Part {
    glob: String,
    /// Two or more stars, so far.
    stars: usize,
    /// Anything except stars.
    other: bool,
}

impl Part {
    fn finish(self) -> String {
        if self.stars >= 2 && !self.other { "**".to_owned() } else { self.glob }
    }
}

fn translate(pattern: &str) -> Result<String, String> {
    let mut parts: Vec<String> = Vec::new();
    let mut part = Part::default();
    let mut finish = |part: Part| {
        let text = part.finish();
        if text != "**" || parts.last().is_none_or(|last| last != "**") {
            parts.push(text);
        }
    };
    let mut rest = pattern.chars();
    while let Some(c) = rest.next() {
        match c {
            '/' => finish(std::mem::take(&mut part)),
            '*' => {
                if !part.glob.ends_with('*') || part.glob.ends_with("\\*") {
                    part.glob.push('*');
                }
                part.stars += 1;
            }
            _ => {
                part.other = true;
                match c {
                    '?' => part.glob.push('?'),
                    '[' => part.glob.push_str(&class(&mut rest)?),
                    '\\' => match rest.next() {
                        Some('/') => finish(std::mem::take(&mut part)),
                        Some(escaped) => push_literal(&mut part.glob, escaped),
                        None => return Err("nothing follows its last backslash".to_owned()),
                    },
                    _ => push_literal(&mut part.glob, c),
                }
            }
        }
    }
    finish(part);
    Ok(parts.join("/"))
}

fn push_literal(glob: &mut String, c: char) {
    if matches!(c, '*' | '?' | '[' | ']' | '{' | '}' | '\\' | '!' | '^' | ',') {
        glob.push('\\');
    }
    glob.push(c);
}

/// A class of characters, after its `[`.
fn class(rest: &mut std::str::Chars<'_>) -> Result<String, String> {
    const OPEN: &str = "a `[` in it has no `]`";
    let negated = rest.as_str().starts_with(['!', '^']);
    if negated {
        rest.next();
    }
    let mut set = [false; 128];
    let mut previous: Option<usize> = None;
    let mut first = true;
    loop {
        let c = match rest.next().ok_or(OPEN)? {
            ']' if !first => break,
            '[' if in_colons(rest.as_str()).is_some() => {
                let (name, after) = in_colons(rest.as_str()).unwrap_or_default();
                let is_member = named(name).ok_or_else(|| format!("unknown class `[:{name}:]`"))?;
                (0..128u8).filter(is_member).for_each(|byte| set[usize::from(byte)] = true);
                *rest = after.chars();
                (previous, first) = (None, false);
                continue;
            }
            '-' if previous.is_some() && !rest.as_str().starts_with(']') => {
                let end = match rest.next().ok_or(OPEN)? {
                    '\\' => rest.next().ok_or(OPEN)?,
                    end => end,
                };
                let (start, end) = (previous.take().unwrap_or_default(), ascii(end)?);
                (start..=end).for_each(|index| set[index] = true);
                continue;
            }
            '\\' => rest.next().ok_or(OPEN)?,
            c => c,
        };
        let index = ascii(c)?;
        set[index] = true;
        (previous, first) = (Some(index), false);
    }
    // A class never matches a slash.
    set[usize::from(b'/')] = negated;
    write_class(&set, negated)
}

/// The name in `:name:]`, and the rest.
fn in_colons(text: &str) -> Option<(&str, &str)> {
    let (inside, after) = text.strip_prefix(':')?.split_once(']')?;
    Some((inside.strip_suffix(':')?, after))
}

fn ascii(c: char) -> Result<usize, String> {
    match u8::try_from(c) {
        Ok(byte) if byte.is_ascii() => Ok(usize::from(byte)),
        _ => Err(format!("a class cannot contain `{c}`, only ASCII characters")),
    }
}

fn named(name: &str) -> Option<fn(&u8) -> bool> {
    Some(match name {
        "alnum" => u8::is_ascii_alphanumeric,
        "alpha" => u8::is_ascii_alphabetic,
        "blank" => |byte| matches!(byte, b' ' | b'\t'),
        "cntrl" => u8::is_ascii_control,
        "digit" => u8::is_ascii_digit,
        "graph" => u8::is_ascii_graphic,
        "lower" => u8::is_ascii_lowercase,
        "print" => |byte| matches!(byte, 0x20..=0x7e),
        "punct" => u8::is_ascii_punctuation,
        "space" => |byte| byte.is_ascii_whitespace() || *byte == 0x0b,
        "upper" => u8::is_ascii_uppercase,
        "xdigit" => u8::is_ascii_hexdigit,
        _ => return None,
    })
}

/// In globset's form, which has no escapes in a class: the place of `]`, `-`, `!` and `^` determines their meaning.
fn write_class(set: &[bool; 128], negated: bool) -> Result<String, String> {
    let members: Vec<char> = (0..128u8).filter(|byte| set[usize::from(*byte)]).map(char::from).collect();
    let has = |c: char| members.contains(&c);
    match members.as_slice() {
        [] => return Err("a class in it contains only `/`, which no class matches".to_owned()),
        ['!'] if !negated => return Ok("\\!".to_owned()),
        ['^'] if !negated => return Ok("\\^".to_owned()),
        ['!', '^'] if !negated => return Ok("{\\!,\\^}".to_owned()),
        _ => {}
    }
    let mut glob = String::from(if negated { "[!" } else { "[" });
    glob.extend([']', '-'].into_iter().find(|c| has(*c)));
    glob.extend(members.iter().filter(|c| !matches!(c, ']' | '-' | '!' | '^')));
    glob.extend(members.iter().filter(|c| matches!(c, '!' | '^')));
    if has(']') && has('-') {
        glob.push('-');
    }
    glob.push(']');
    Ok(glob)
}
