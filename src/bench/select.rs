//! Selects which tests run.
//!
//! Pure.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Which tests run, and in which order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selection {
    /// Runs tests whose path of names contains one of these, ignoring case; empty runs every test. A `!` before a
    /// pattern excludes the tests that contain it.
    pub patterns: Vec<String>,
    /// Runs tests with one of these tags; empty runs every test. A `!` before a tag excludes the tests that have it.
    pub tags: Vec<String>,
    /// Names of tests that run because others need them. Each test gets a copy of the selection.
    pub needed: Arc<HashSet<String>>,
    /// Stop after the first test that does not pass.
    pub fail_fast: bool,
    /// Shuffle adjacent tests using this seed.
    pub shuffle: Option<u64>,
}

impl Selection {
    /// Whether to run the test at the end of this path of names.
    pub fn wants(&self, path: &[String], tags: &[String]) -> bool {
        self.needs(path) || self.chooses(path, tags)
    }

    /// Whether a selected test needs the one at the end of this path of names.
    pub fn needs(&self, path: &[String]) -> bool {
        let Some(name) = path.last() else { return false };
        self.needed.contains(name) || !self.needed.is_empty() && self.needed.contains(&path.join("/"))
    }

    /// Whether patterns and tags choose it, regardless of what needs it.
    pub fn chooses(&self, path: &[String], tags: &[String]) -> bool {
        let whole = path.join(" / ").to_lowercase();
        allows(&self.patterns, |pattern| whole.contains(&pattern.to_lowercase()))
            && allows(&self.tags, |wanted| tags.iter().any(|tag| tag == wanted))
    }

    /// Whether anything is excluded.
    pub fn is_partial(&self) -> bool {
        !self.patterns.is_empty() || !self.tags.is_empty()
    }
}

/// Whether a rule without `!` matches, if there is one, and no rule with `!` does.
fn allows(rules: &[String], fits: impl Fn(&str) -> bool) -> bool {
    let mut wanted = rules.iter().filter(|rule| !rule.starts_with('!')).peekable();
    let refused = rules.iter().filter_map(|rule| rule.strip_prefix('!')).any(&fits);
    !refused && (wanted.peek().is_none() || wanted.any(|rule| fits(rule)))
}

/// A test as written in the source, known without running anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    /// Its name.
    pub name: String,
    /// The enclosing groups, outermost first.
    pub group: Vec<String>,
    /// Its tags, as far as they are string literals.
    pub tags: Vec<String>,
    /// The tests it needs, as far as they are string literals.
    pub needs: Vec<String>,
    /// Its line.
    pub line: u32,
    /// Whether it may run any number of times: it is in a loop, a branch, a function or a closure.
    pub depends: bool,
    /// Whether it is a table: one test for each row, each with the row after its name.
    pub has_rows: bool,
}

/// Stands in a name for a part that is computed at run time.
pub const COMPUTED: &str = "…";

impl Declared {
    /// Whether `name` in `needs` means this test: its own name, or its whole path.
    pub fn is_called(&self, name: &str) -> bool {
        let fits = |own: &str| match name.strip_prefix(own) {
            Some(rest) if self.has_rows && rest.starts_with(" [") => true,
            rest => rest == Some("") || own.contains(COMPUTED) && may_be(own, name),
        };
        fits(&self.name) || fits(&self.path().join("/"))
    }

    /// Whether its name, or that of a group around it, or its rows are computed at run time.
    pub fn is_computed(&self) -> bool {
        self.has_rows || self.path().iter().any(|name| name.contains(COMPUTED))
    }

    /// Whether patterns and tags choose it; if its name is computed, whether they may.
    pub fn may_be_chosen(&self, selection: &Selection) -> bool {
        if !self.is_computed() {
            return selection.chooses(&self.path(), &self.tags);
        }
        let tags = Selection { tags: selection.tags.clone(), ..Selection::default() };
        tags.chooses(&self.path(), &self.tags)
    }

    /// Its name after those of its groups.
    pub fn path(&self) -> Vec<String> {
        self.group.iter().chain([&self.name]).cloned().collect()
    }
}

/// Whether a name may be that of a `pattern`, in which [`COMPUTED`] stands for any text.
fn may_be(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split(COMPUTED);
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Finds tests by the names that mean them.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// The places of tests by their names and paths.
    exact: HashMap<String, Vec<usize>>,
    /// Those of tests that other names may mean as well.
    computed: Vec<usize>,
}

impl Names {
    /// The names of these tests.
    pub fn new(tests: &[Declared]) -> Names {
        let mut names = Names::default();
        for (place, test) in tests.iter().enumerate() {
            if test.is_computed() {
                names.computed.push(place);
            } else {
                let path = test.path().join("/");
                if path != test.name {
                    names.exact.entry(path).or_default().push(place);
                }
                names.exact.entry(test.name.clone()).or_default().push(place);
            }
        }
        names
    }

    /// The tests among `tests`, of which these are the names, that `name` means ([`Declared::is_called`]).
    pub fn called<'a>(&'a self, name: &'a str, tests: &'a [Declared]) -> impl Iterator<Item = &'a Declared> {
        let exact = self.exact.get(name).into_iter().flatten().map(|place| &tests[*place]);
        exact.chain(self.computed.iter().map(|place| &tests[*place]).filter(move |test| test.is_called(name)))
    }
}

/// Names of the tests that the chosen ones of `all` need, directly or indirectly.
pub fn needed(selection: &Selection, all: &[Declared]) -> HashSet<String> {
    let known = Names::new(all);
    let mut names = HashSet::new();
    let mut open: Vec<&Declared> = all.iter().filter(|test| test.may_be_chosen(selection)).collect();
    while let Some(test) = open.pop() {
        for name in &test.needs {
            if names.insert(name.clone()) {
                open.extend(known.called(name, all));
            }
        }
    }
    names
}

/// Random numbers from a seed (splitmix64).
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Starts with this seed.
    pub fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    /// A number below `bound`; 0 if that is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let mixed = u128::from(mixed ^ (mixed >> 31));
        usize::try_from((mixed * bound as u128) >> 64).unwrap_or(0)
    }

    /// Shuffles items.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn patterns_and_tags_choose() {
        let case = |patterns: &[&str], tags: &[&str], expected: bool| {
            let selection = Selection { patterns: strings(patterns), tags: strings(tags), ..Selection::default() };
            let wants = selection.wants(&strings(&["Power", "supply"]), &strings(&["slow"]));
            assert_eq!(wants, expected, "{patterns:?} {tags:?}");
        };
        case(&[], &[], true);
        case(&["SUPP"], &[], true);
        case(&["power / supply"], &["slow"], true);
        case(&["adc"], &[], false);
        case(&["adc", "supply"], &[], true);
        case(&["!supply"], &[], false);
        case(&["!adc"], &["!slow"], false);
        case(&["!adc"], &["fast", "slow"], true);
        case(&[], &["fast"], false);
    }

    #[test]
    fn includes_what_chosen_tests_need() {
        let test = |name: &str, needs: &[&str]| Declared {
            name: name.to_owned(),
            needs: strings(needs),
            ..Declared::default()
        };
        let all = [test("a", &[]), test("b", &["a"]), test("c", &["b"]), test("d", &["d", "x"])];
        let of = |pattern: &str| {
            let names = needed(&Selection { patterns: strings(&[pattern]), ..Selection::default() }, &all);
            let mut names: Vec<String> = names.into_iter().collect();
            names.sort();
            names
        };
        assert_eq!(of("c"), ["a", "b"]);
        assert_eq!(of("a"), [] as [&str; 0]);
        assert_eq!(of("d"), ["d", "x"]);
    }

    #[test]
    fn computed_names_may_be_meant() {
        let test = |name: &str, has_rows| Declared { name: name.to_owned(), has_rows, ..Declared::default() };
        assert!(test("channel … of …", false).is_called("channel 3 of 4"));
        assert!(!test("channel … of 4", false).is_called("channel 3 of 5"));
        assert!(test("adc", true).is_called("adc") && test("adc", true).is_called("adc [volts=1]"));
        assert!(!test("adc", false).is_called("adc [volts=1]"));
        let in_group = |name: &str| Declared { group: strings(&["g"]), ..test(name, false) };
        let all =
            [test("channel … of …", false), test("adc", true), test("on", false), in_group("on"), test("g/on", false)];
        let names = Names::new(&all);
        for name in ["channel 3 of 4", "adc", "adc [volts=1]", "on", "g/on", "off", "g", ""] {
            let mut found: Vec<&Declared> = names.called(name, &all).collect();
            found.sort_by_key(|test| all.iter().position(|other| std::ptr::eq(other, *test)));
            assert_eq!(found, all.iter().filter(|test| test.is_called(name)).collect::<Vec<_>>(), "{name}");
        }
        let selection = Selection { patterns: strings(&["3"]), ..Selection::default() };
        assert!(test("channel …", false).may_be_chosen(&selection) && !test("adc", false).may_be_chosen(&selection));
    }

    #[test]
    fn a_seed_determines_the_order() {
        let order = |seed| {
            let mut items: Vec<u32> = (0..20).collect();
            Dice::new(seed).shuffle(&mut items);
            items
        };
        assert_eq!(order(1), order(1));
        assert_ne!(order(1), order(2));
        let mut sorted = order(3);
        sorted.sort_unstable();
        assert_eq!(sorted, (0..20).collect::<Vec<u32>>());
        assert_eq!(Dice::new(0).below(0), 0);
    }
}
