//! Names of files, as the file systems of this computer accept them.
//!
//! Invariant: pure; what Windows rejects is known on every system.

/// Whether `name` names a file in its folder: neither a way out of it, nor, on Windows, a device or a stream.
pub fn is_name(name: &str, windows: bool) -> bool {
    if matches!(name, "" | "." | "..") || name.contains(['/', '\0']) {
        return false;
    }
    if !windows {
        return true;
    }
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let numbered = |prefix: &str| {
        stem.strip_prefix(prefix).is_some_and(|rest| {
            rest.chars().count() == 1 && rest.contains(|c| matches!(c, '0'..='9' | '¹' | '²' | '³'))
        })
    };
    let reserved = matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$");
    let odd = |c: char| c.is_ascii_control() || matches!(c, '<' | '>' | ':' | '"' | '\\' | '|' | '?' | '*');
    !(reserved || numbered("COM") || numbered("LPT") || name.contains(odd) || name.ends_with(['.', ' ']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_outside_the_folder_are_refused() {
        for name in ["", ".", "..", "a/b", "a\0b"] {
            assert!(!is_name(name, false) && !is_name(name, true), "{name:?}");
        }
        for name in ["con", "Nul.txt", "COM1", "lpt9.x", "com\u{b9}", "a:b", "a\\b", "a.", "a ", "a?", "a\nb", "aux .c"]
        {
            assert!(is_name(name, false) && !is_name(name, true), "{name:?}");
        }
        for name in ["console", "com", "com10", "a b.py", "\u{e9}", ".x", "..."] {
            assert!(is_name(name, false), "{name:?}");
        }
        assert!(is_name("com10", true) && is_name("console.py", true) && is_name("\u{e9} x", true));
    }
}
