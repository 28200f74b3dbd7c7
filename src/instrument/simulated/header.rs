//! Headers of SCPI commands: `OUTPut[:STATe]` is `OUTP`, `output:stat`, `:OUTP1` (SCPI-99, volume 1, 6.2).
//!
//! Invariant: pure; what is matched does not depend on case.

/// One word of a header.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Node {
    /// The letters that are needed, in upper case.
    short: String,
    /// All letters, in upper case.
    long: String,
    /// It may be left out.
    optional: bool,
    /// The number after the word; 1 may be left out.
    number: u32,
}

/// A header as it is documented.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    nodes: Vec<Node>,
    /// It ends with a question mark.
    pub is_query: bool,
}

/// The letters of a word, and the number after it.
fn numbered(word: &str) -> (&str, u32) {
    let letters = word.trim_end_matches(|c: char| c.is_ascii_digit());
    (letters, word[letters.len()..].parse().unwrap_or(1))
}

impl Header {
    /// Parses a header as it is documented: capitals are the short form, brackets hold what may be left out.
    pub fn parse(text: &str) -> Header {
        let text = text.trim();
        let (text, is_query) = text.strip_suffix('?').map_or((text, false), |text| (text, true));
        let mut nodes = Vec::new();
        let mut optional = false;
        for part in text.split_inclusive(['[', ']', ':']) {
            let word = part.trim_matches(['[', ']', ':']);
            if !word.is_empty() {
                let (letters, number) = numbered(word);
                let short: String = letters.chars().filter(|c| !c.is_lowercase()).collect();
                // A word in small letters has no short form.
                let short = if short.is_empty() { letters.to_owned() } else { short };
                let (short, long) = (short.to_uppercase(), letters.to_uppercase());
                // The bracket that closes it is part of this piece; the one that opened it, of an earlier one.
                nodes.push(Node { short, long, optional, number });
            }
            match part.chars().last() {
                Some('[') => optional = true,
                Some(']') => optional = false,
                _ => {}
            }
        }
        Header { nodes, is_query }
    }

    /// Whether a header that was sent, without its question mark, is this one.
    pub fn fits(&self, sent: &str) -> bool {
        let words: Vec<&str> = sent.trim_start_matches(':').split(':').collect();
        fits(&self.nodes, &words)
    }
}

fn fits(nodes: &[Node], words: &[&str]) -> bool {
    let Some((node, rest)) = nodes.split_first() else { return words.is_empty() };
    let is_here = words.split_first().is_some_and(|(word, later)| {
        let (letters, number) = numbered(word);
        let letters = letters.to_uppercase();
        (letters == node.short || letters == node.long) && number == node.number && fits(rest, later)
    });
    is_here || node.optional && fits(rest, words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_long_and_optional_words_fit() {
        let case = |header: &str, sent: &str, expected| {
            assert_eq!(Header::parse(header).fits(sent), expected, "{header} {sent}")
        };
        for sent in ["VOLT", "volt", "VOLTAGE", ":SOUR:VOLT", "source:voltage", "SOUR1:VOLT:LEV", "VOLT1"] {
            case("[SOURce]:VOLTage[:LEVel]", sent, true);
        }
        for sent in ["VOL", "VOLTA", "SOUR", "VOLT:LEVE", "CURR", "SOUR2:VOLT", "VOLT2", ""] {
            case("[SOURce]:VOLTage[:LEVel]", sent, false);
        }
        case("MEASure:VOLTage:DC?", "meas:volt:dc", true);
        assert!(Header::parse("MEAS?").is_query && !Header::parse("MEAS").is_query);
        case("VOLT2", "VOLT2", true);
        case("VOLT2", "VOLT", false);
        case("*RST", "*rst", true);
    }
}
