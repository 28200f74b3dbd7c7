//! Runs the examples of the README, of the book in `docs/` and of CONTRIBUTING.md: scripts succeed, commands print what is
//! shown. Links are checked by `tests/library/documents.rs`.
//!
//! | block | is |
//! |---|---|
//! | `rhai` | a script; it runs on a simulated board and succeeds |
//! | `rhai,fragment` | goes on from the document's first `rhai` block; all of them are one run |
//! | `rhai,fails` | a script that runs and ends with status 1, because of a failed test |
//! | `rhai,check` | a script that is checked only |
//! | `console` | commands after `$`, and what they print; `$ echo $?` shows the status, otherwise it is 0; `$ cd DIR` holds for the rest of the document |
//! | `python`, `rust`, `toml`, `text` | not run here |
//!
//! What a script prints is compared with its comments `//> text`, if it has any. A block that begins with a comment naming
//! a file, `// blink.rhai` or `# main.py`, is that file for the document's commands. In expected output, `…` matches any text
//! on a line, and alone on a line any lines. Lines keep the document's numbers, so a failure names the line to look at.

use crate::support::command::Program;
use std::fs;
use std::path::{Path, PathBuf};

/// Commands that documents may show but that are not run here, because they would run this test.
const NOT_RUN: &[&str] = &["cargo test", "cargo bench", "cargo install --path .", ".ci/run", "mdbook build docs"];

/// A fenced block.
struct Block {
    /// The line of its opening fence, from 1.
    line: usize,
    kind: String,
    text: String,
}

impl Block {
    /// The block as a script whose lines have the document's numbers.
    fn script(&self) -> String {
        format!("{}{}", "\n".repeat(self.line), self.text)
    }

    /// The file that it is, by the comment that it begins with.
    fn file(&self) -> Option<&str> {
        let first = self.text.lines().next()?;
        let words = first.strip_prefix("// ").or_else(|| first.strip_prefix("# "))?;
        let name = words.split([':', ' ']).next()?;
        (name.ends_with(".rhai") || name.ends_with(".py")).then_some(name)
    }
}

fn blocks(document: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (line, text) in (1..).zip(document.lines()) {
        match (&mut open, text.strip_prefix("```")) {
            (None, Some(kind)) => open = Some(Block { line, kind: kind.to_owned(), text: String::new() }),
            (None, None) => {}
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(block), None) => {
                block.text.push_str(text);
                block.text.push('\n');
            }
        }
    }
    assert!(open.is_none(), "a block is not closed");
    blocks
}

/// The output of a script according to its comments `//> text`.
fn shown(script: &str) -> String {
    script
        .lines()
        .filter_map(|line| line.split_once("//>"))
        .map(|(_, text)| format!("{}\n", text.strip_prefix(' ').unwrap_or(text)))
        .collect()
}

/// Whether `actual` matches `expected`, in which `…` matches any text of a line, or any lines.
fn fits(expected: &[&str], actual: &[&str]) -> bool {
    match (expected.split_first(), actual.split_first()) {
        (None, None) => true,
        (Some((&"…", rest)), _) if fits(rest, actual) => true,
        (Some((&"…", _)), Some((_, left))) => fits(expected, left),
        (Some((wanted, rest)), Some((line, left))) => line_fits(wanted, line) && fits(rest, left),
        _ => false,
    }
}

fn line_fits(wanted: &str, line: &str) -> bool {
    let Some((first, rest)) = wanted.split_once('…') else { return wanted == line };
    let Some(left) = line.strip_prefix(first) else { return false };
    left.char_indices().map(|(at, _)| at).chain([left.len()]).any(|at| line_fits(rest, &left[at..]))
}

fn same(expected: &str, actual: &str) -> bool {
    fits(&expected.lines().collect::<Vec<_>>(), &actual.lines().collect::<Vec<_>>())
}

/// A document in a folder of its own.
struct Held<'d> {
    name: &'d str,
    folder: &'d Path,
    /// Where its commands run.
    here: PathBuf,
    failures: Vec<String>,
}

impl Held<'_> {
    fn fail(&mut self, line: usize, what: &str) {
        self.failures.push(format!("{}:{line}: {what}", self.name));
    }

    /// Runs a script and compares what it prints.
    fn run_script(&mut self, line: usize, script: &str, command: &[&str]) {
        self.run_to(line, script, command, 0);
    }

    /// As [`Held::run_script`], with the status at the end.
    fn run_to(&mut self, line: usize, script: &str, command: &[&str], status: i32) {
        let path = self.folder.join(self.name);
        fs::write(&path, script).expect("a script in the folder");
        let args = command.iter().copied().chain([self.name]).chain((command[0] == "run").then_some("--port=sim"));
        let outcome = Program::new().args(args).outcome_in(self.folder);
        let expected = shown(script);
        if outcome.status != Some(status) {
            self.fail(line, &format!("the script ends with {:?}:\n{}", outcome.status, outcome.stderr));
        } else if command[0] == "run" && !expected.is_empty() && !same(&expected, &outcome.stdout) {
            self.fail(line, &format!("shown is\n{expected}printed is\n{}", outcome.stdout));
        }
    }

    /// Runs the commands of a console block.
    fn run_console(&mut self, block: &Block) {
        let mut lines = (block.line + 1..).zip(block.text.lines()).peekable();
        let mut status = Some(0);
        while let Some((line, text)) = lines.next() {
            let Some(command) = text.strip_prefix("$ ") else { return self.fail(line, "expected a command") };
            let mut expected = String::new();
            while let Some((_, text)) = lines.next_if(|(_, text)| !text.starts_with("$ ")) {
                expected.push_str(text);
                expected.push('\n');
            }
            let printed = if command == "echo $?" {
                format!("{}\n", status.take().map_or("?".to_owned(), |status| status.to_string()))
            } else if let Some(folder) = command.strip_prefix("cd ") {
                self.here.push(folder);
                status = Some(i32::from(!self.here.is_dir()));
                String::new()
            } else if let Some(args) = arguments(command) {
                let outcome = Program::new().args(args.iter().map(String::as_str)).outcome_in(&self.here);
                status = outcome.status;
                format!("{}{}", outcome.stdout, outcome.stderr)
            } else if NOT_RUN.contains(&command) {
                continue;
            } else {
                return self.fail(line, &format!("nothing here knows how to run `{command}`"));
            };
            if !same(&expected, &printed) {
                self.fail(line, &format!("`{command}` is shown with\n{expected}and prints\n{printed}"));
            }
            let asked = lines.peek().is_some_and(|(_, next)| *next == "$ echo $?");
            if command != "echo $?" && !asked && status != Some(0) {
                self.fail(line, &format!("`{command}` ends with {status:?}"));
            }
        }
    }
}

/// The arguments of a command that is this program, by either of its names.
fn arguments(command: &str) -> Option<Vec<String>> {
    let rest = command.strip_prefix("belay-script ").or_else(|| command.strip_prefix("cargo run -- "))?;
    let mut words = Vec::new();
    for (index, part) in rest.split('\'').enumerate() {
        if index % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    Some(words)
}

/// Returns the wrong examples of a document. The `scripts` of `root` are available to its commands.
fn untrue(name: &str, document: &str, root: &Path) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut held = Held { name, folder: folder.path(), here: folder.path().to_owned(), failures: Vec::new() };
    let blocks = blocks(document);
    fs::create_dir(folder.path().join("scripts")).expect("a folder");
    for entry in fs::read_dir(root.join("scripts")).into_iter().flatten().map(|entry| entry.expect("an entry")) {
        if entry.path().is_dir() {
            continue;
        }
        fs::copy(entry.path(), folder.path().join("scripts").join(entry.file_name())).expect("a copy");
    }
    for (block, file) in blocks.iter().filter_map(|block| Some((block, block.file()?))) {
        fs::write(folder.path().join(file), &block.text).expect("a file in the folder");
    }
    let mut together = String::new();
    let mut fragments = 0;
    for block in &blocks {
        match block.kind.as_str() {
            "rhai" => {
                held.run_script(block.line, &block.script(), &["run"]);
                if together.is_empty() {
                    together = block.script();
                }
            }
            "rhai,fails" => held.run_to(block.line, &block.script(), &["run"], 1),
            "rhai,check" => held.run_script(block.line, &block.script(), &["check"]),
            "rhai,fragment" => {
                fragments += 1;
                let missing = (block.line - 1).saturating_sub(together.lines().count());
                together.push_str(&format!("{}{{\n{}}}\n", "\n".repeat(missing), block.text));
            }
            "console" => held.run_console(block),
            "lua" | "python" | "rust" | "toml" | "text" | "vim" => {}
            other => held.fail(block.line, &format!("a block of the unknown kind `{other}`")),
        }
    }
    if fragments > 0 {
        held.run_script(1, &together, &["run"]);
    }
    held.failures
}

#[track_caller]
fn holds(path: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let document = fs::read_to_string(root.join(path)).expect(path);
    let name = path.rsplit('/').next().expect("a name");
    let failures = untrue(name, &document, root);
    assert!(failures.is_empty(), "{path}\n{}", failures.join("\n"));
}

/// A test for each document, and the list of them.
macro_rules! documents {
    ($($test:ident $path:literal)*) => {
        const DOCUMENTS: &[&str] = &[$($path),*];
        $(
            #[test]
            fn $test() {
                holds($path);
            }
        )*
    };
}

documents! {
    readme "README.md"
    contributing "CONTRIBUTING.md"
    introduction "docs/src/introduction.md"
    getting_started "docs/src/getting-started.md"
    from_belay "docs/src/from-belay.md"
    from_mpremote "docs/src/from-mpremote.md"
    openhtf "docs/src/openhtf.md"
    commands "docs/src/commands.md"
    the_prompt "docs/src/prompt.md"
    editors "docs/src/editors.md"
    boards "docs/src/boards.md"
    consoles "docs/src/consoles.md"
    packages "docs/src/packages.md"
    instruments "docs/src/instruments.md"
    stations "docs/src/stations.md"
    reports "docs/src/reports.md"
    files "docs/src/files.md"
    simulator "docs/src/simulator.md"
    selftest "docs/src/selftest.md"
    language "docs/src/language.md"
    troubleshooting "docs/src/troubleshooting.md"
    tested "docs/src/tested.md"
    speed "docs/src/speed.md"
    embedding "docs/src/embedding.md"
    design "docs/src/design.md"
}

#[test]
fn every_page_with_examples_is_run() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for entry in fs::read_dir(root.join("docs/src")).expect("the pages") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "md") {
            let page = fs::read_to_string(&path).expect("a page");
            let name = format!("docs/src/{}", path.file_name().expect("a name").to_string_lossy());
            assert!(!page.contains("```") || DOCUMENTS.contains(&name.as_str()), "{name} is missing in the list");
        }
    }
}

/// `docs/recording.py` made the picture; `--check` runs its commands again and compares.
#[cfg(target_os = "linux")]
#[test]
fn the_terminal_recording_matches_the_program() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/recording.py");
    let mut python = crate::support::python::command();
    let output = python.arg(script).arg("--check").arg(env!("CARGO_BIN_EXE_belay-script")).output().expect("python3");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// It compiles and runs as `tests/library/embedding.rs`.
#[test]
fn the_example_of_the_library_is_the_one_that_runs() {
    let example = include_str!("../library/embedding.rs");
    let (_, example) = example.split_once("\n\n").expect("a head");
    let (example, _) = example.split_once("\n// The book shows what is above.").expect("the line");
    let shown = blocks(include_str!("../../docs/src/embedding.md")).into_iter().find(|block| block.kind == "rust");
    assert_eq!(shown.expect("an example").text, example);
}

/// The words of a command as a shell splits it, up to a redirection, a pipe or a remark.
fn shell_words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for letter in command.chars() {
        match (quote, letter) {
            (Some(open), _) if open == letter => quote = None,
            (None, '\'' | '"') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None, ' ') => words.extend(word.take()),
            (None, '<' | '>' | '|' | '#' | '(') if word.is_none() => return words,
            _ => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

/// The error of a command of this program that is not run here; `None`: it is valid.
fn misspelt(command: &str) -> Option<String> {
    let words = shell_words(command);
    if command.contains('…') || words.iter().any(|word| word == "COMMAND") {
        return None;
    }
    // A command may be named without what it needs.
    let named_only = !command.contains(" -");
    let words: Vec<_> = words.into_iter().skip(1).map(Into::into).collect();
    let belay_script::cli::chain::Refused::Answer(error) = belay_script::cli::chain::parse(&words).err()? else {
        return Some("a recipe".to_owned());
    };
    (!named_only || error.kind() != clap::error::ErrorKind::MissingRequiredArgument).then(|| error.to_string())
}

#[test]
fn commands_that_are_only_shown_are_commands_of_the_program() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seen = 0;
    let mut wrong = Vec::new();
    for path in DOCUMENTS {
        let document = fs::read_to_string(root.join(path)).expect(path);
        let shown = blocks(&document).into_iter().filter(|block| block.kind == "text");
        let lines: Vec<String> =
            shown.flat_map(|block| block.text.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
        let typed =
            lines.iter().filter_map(|line| line.strip_prefix("$ ")).filter_map(|line| line.split_once("belay-script "));
        let typed = typed.map(|(_, rest)| format!("belay-script {rest}"));
        let quoted = document.split('`').filter(|code| code.starts_with("belay-script ") && !code.contains('\n'));
        for command in typed.chain(quoted.map(str::to_owned)) {
            seen += 1;
            wrong.extend(misspelt(&command).map(|why| format!("{path}: {command}: {why}")));
        }
    }
    assert!(seen > 60, "only {seen} commands are shown");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_job_takes_more_words_than_with_mpremote() {
    let page = include_str!("../../docs/src/from-mpremote.md");
    let table = page.split("## Words").nth(1).and_then(|rest| rest.split("## ").next()).expect("the table");
    let mut jobs = 0;
    for row in table.lines().filter(|line| line.contains("`mpremote ")) {
        let commands: Vec<&str> = row.split('`').skip(1).step_by(2).collect();
        let [theirs, ours] = commands.as_slice() else { panic!("{row}") };
        assert!(ours.split(' ').count() <= theirs.split(' ').count(), "{row}");
        assert_eq!(misspelt(ours), None, "{row}");
        jobs += 1;
    }
    assert!(jobs >= 15, "only {jobs} jobs");
}

#[test]
fn misspelt_commands_are_found() {
    for (command, taken) in [
        ("belay-script eval -p sim '1 + 1'", true),
        ("belay-script repl -p sim < bench.rhai", true),
        ("belay-script sim serve --link /tmp/board", true),
        ("belay-script COMMAND --help", true),
        ("belay-script sim serve", true),
        ("belay-script sim serve --board pico", false),
        ("belay-script evel -p sim '1 + 1'", false),
        ("belay-script reset --soft", false),
        ("belay-script exec -p PORT \"a b\" c", false),
    ] {
        assert_eq!(misspelt(command).is_none(), taken, "{command}");
    }
}

/// The long help of a command and of those below it.
fn help(command: &mut clap::Command, into: &mut Vec<String>) {
    into.push(command.render_long_help().to_string());
    command.get_subcommands_mut().for_each(|below| help(below, into));
}

/// Words that the documents avoid, too (`tests/library/documents.rs`).
#[test]
fn help_is_plain() {
    use clap::CommandFactory as _;
    let mut helps = Vec::new();
    help(&mut belay_script::cli::arguments::Arguments::command(), &mut helps);
    assert!(helps.len() > 30, "only {} helps", helps.len());
    for text in helps {
        let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
        let stiff = |pair: &[&str]| {
            ["told", "behind", "anew", "stand", "stands"].contains(&pair[0])
                || [["is", "no"], ["for", "ever"], ["so", "many"]].iter().any(|stiff| pair == stiff)
        };
        let found: Vec<_> = words.windows(2).filter(|pair| stiff(pair)).collect();
        assert!(found.is_empty(), "{found:?} in\n{text}");
    }
}

#[test]
fn wrong_examples_are_detected() {
    let document = "
        # A page

        ```rhai
        print(1 + 1); //> 3
        ```
        ```rhai,fragment
        throw \"no\";
        ```
        ```rhai,check
        device A {
        ```
        ```console
        $ belay-script eval --port sim '1 + 1'
        3
        $ belay-script eval
        …
        $ rm file
        ```
        ```console
        $ cd nowhere
        ```
        ```perl
        ```
        ";
    let folder = tempfile::tempdir().expect("a temporary folder");
    let failures = untrue("page.md", &crate::support::command::unindent(document), folder.path());
    let begins = |start: &str| failures.iter().filter(|failure| failure.starts_with(start)).count();
    for (start, count) in [
        ("page.md:3: shown is", 1),
        ("page.md:1: the script ends with Some(1)", 1),
        ("page.md:9: the script ends with Some(2)", 1),
        ("page.md:13: `belay-script eval --port sim '1 + 1'` is shown with", 1),
        ("page.md:15: `belay-script eval` ends with", 1),
        ("page.md:17: nothing here knows how to run", 1),
        ("page.md:20: `cd nowhere` ends with Some(1)", 1),
        ("page.md:22: a block of the unknown kind", 1),
    ] {
        assert_eq!(begins(start), count, "{start}\n{}", failures.join("\n"));
    }
    assert_eq!(failures.len(), 8, "{}", failures.join("\n"));
}

#[test]
fn dots_match_any_text() {
    for (expected, actual, wanted) in [
        ("a … c", "a b c", true),
        ("a … c", "a b d", false),
        ("[1.6 … 1.7]", "[1.6 … 1.7]", true),
        ("a\n…\nd", "a\nb\nc\nd", true),
        ("a\n…\nd", "a\nd", true),
        ("a\n…", "b", false),
        ("", "", true),
        ("a", "a\nb", false),
    ] {
        assert_eq!(same(expected, actual), wanted, "{expected:?} {actual:?}");
    }
}
