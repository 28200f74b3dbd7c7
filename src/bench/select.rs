//! Selects which tests run.
//!
//! Pure.

/// Which tests run, and in which order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selection {
    /// Runs tests whose path of names contains one of these, ignoring case; empty runs every test. A `!` before a
    /// pattern excludes the tests that contain it.
    pub patterns: Vec<String>,
    /// Runs tests with one of these tags; empty runs every test. A `!` before a tag excludes the tests that have it.
    pub tags: Vec<String>,
    /// Names of tests that run because others need them.
    pub needed: Vec<String>,
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

/// Names of the tests that the chosen ones of `all` need, directly or indirectly.
pub fn needed(selection: &Selection, all: &[Declared]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut open: Vec<&Declared> = all.iter().filter(|test| test.may_be_chosen(selection)).collect();
    while let Some(test) = open.pop() {
        for name in &test.needs {
            if !names.contains(name) {
                names.push(name.clone());
                open.extend(all.iter().filter(|other| other.is_called(name)));
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
            let mut names = needed(&Selection { patterns: strings(&[pattern]), ..Selection::default() }, &all);
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
