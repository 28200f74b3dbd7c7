//! What a board gets first: the helpers that every command needs, and what its device declares, in one exchange.
//!
//! On a board whose memory outlives the connection the load ends with a mark: a digest of all that was loaded, and the functions themselves.
//! The next connection compares both ([`First::check`]) and loads nothing if they are the same. A function that was replaced, other helpers
//! or another version of them, another script, or a restart make a difference; a load that was cut short leaves no mark, because it
//! removes the old one first. Pure. Invariant: what the check accepts is what the load would define.

use super::{REPLY, SMALL, helper};
use base64::Engine as _;
use sha2::{Digest, Sha256};

/// Statements and functions that a device needs on its board before its first command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct First {
    /// Whole lines of Python, or nothing.
    pub source: String,
    /// The names that it binds.
    pub names: Vec<String>,
}

/// Removes the mark, as the first line of the load does: a list of the letters of the helpers, the identity, the digest, and the functions.
/// It has no name of its own, because a new name may cost a board its next table of names, 2 KB on 64 bits.
pub(super) const UNMARK: &str = "__belay_l[4]=['']";

impl First {
    /// How many lines of the load precede [`First::source`].
    pub fn leading_lines() -> u32 {
        u32::try_from(REPLY.lines().count()).unwrap_or_default()
    }

    /// The helpers, the source, and the request for the board's identity. `marks`: leaves a mark, unless the board is small.
    pub(super) fn load(&self, token: &str, marks: bool) -> String {
        let reply = REPLY.replace("TOKEN", token);
        let source = &self.source;
        if !marks {
            return format!("{reply}{source}__belay(__belay_l[2])");
        }
        // The fifth fact of the identity is the free memory. A small board needs it for other things than marks, and does not even compile
        // what makes them.
        format!(
            "{reply}{source}if not 0<__belay_l[2][4]<{SMALL}:exec(\"__belay_l[4]=['',__belay_l[2],'{}',{}]\")\n__belay(__belay_l[2])",
            self.digest(),
            self.listed()
        )
    }

    /// Takes over what an earlier connection has loaded: replies with the identity, the letters of the helpers, and the number of replies
    /// so far; raises if the board does not have exactly what [`First::load`] would load.
    pub(super) fn check(&self, token: &str) -> String {
        format!(
            "__belay_m=__belay_l[4]\nif __belay_m[2]!='{}':1/0\n__belay_z=3\nfor __belay_x in {},:\n \
             if __belay_m[__belay_z]is not __belay_x:1/0\n __belay_z+=1\n\
             if __belay_m[__belay_z:]:1/0\n__belay_l[3]='\\x1e{token}'\n\
             __belay((__belay_m[1],__belay_m[0],__belay_l[0]))",
            self.digest(),
            self.listed()
        )
    }

    fn listed(&self) -> String {
        std::iter::once("__belay_a").chain(self.names.iter().map(String::as_str)).collect::<Vec<_>>().join(",")
    }

    /// Twelve letters that identify everything a board may have of this version and this source. A board would keep up to ten as a name,
    /// whose memory it never frees.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        for text in [env!("CARGO_PKG_VERSION"), REPLY].into_iter().chain(helper::sources()) {
            hash.update(text);
            hash.update([0]);
        }
        hash.update(&self.source);
        base64::engine::general_purpose::STANDARD.encode(&hash.finalize()[..9])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_that_of_the_source() {
        let first = |source: &str| First { source: source.to_owned(), names: vec!["f".to_owned()] };
        assert_eq!(first("def f():pass\n").digest(), first("def f():pass\n").digest());
        assert_ne!(first("def f():pass\n").digest(), first("def f():0\n").digest());
        assert_eq!(first("").digest().len(), 12);
    }

    #[test]
    fn lines_of_the_source_are_counted_from_the_load() {
        let first = First { source: "def f():\n return 1\n".to_owned(), names: vec!["f".to_owned()] };
        for marks in [false, true] {
            let load = first.load("T0ken4test", marks);
            let line = load.lines().position(|line| line == "def f():").unwrap();
            assert_eq!(line as u32, First::leading_lines());
        }
        assert!(!First::default().load("T0ken4test", false).contains("__belay_l[4]"));
    }
}
