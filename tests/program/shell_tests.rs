//! What mpremote's own shell tests show, with the commands of this program on one served board.
//!
//! Each test has the name of the one in MicroPython's `tools/mpremote/tests`; the commands and texts are this project's. Each uses as few
//! chains of commands as it can.

use crate::support::command::{Outcome, Program, said};
use crate::support::running::Running;
use std::fs;

/// A served board, and the folder in which it and the files of this computer are.
struct Bench(Running);

impl Bench {
    fn new() -> Bench {
        let running = Program::new().args(["sim", "serve", "--link", "board"]).start();
        running.said("press Ctrl-C to stop\n");
        Bench(running)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.folder().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.0.folder().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// The package that several tests copy.
    fn package(&self) {
        self.write("package/__init__.py", "from .x import x\nfrom .inner import y\n");
        self.write("package/x.py", "def x():\n    return 'x'\n");
        self.write("package/inner/__init__.py", "from .y import y\n");
        self.write("package/inner/y.py", "def y():\n    return 'y'\n");
    }

    fn run(&self, line: &[&str]) -> Outcome {
        let program = Program::new().args(["-p", "./board"]).args(line.iter().copied());
        program.env("EDITOR", "sed -i s/Hello/Goodbye/").outcome_in(self.0.folder())
    }

    /// A chain, which succeeds; line ends of the board are those of a shell here.
    #[track_caller]
    fn says(&self, line: &[&str], stdout: &str) {
        let outcome = self.run(line);
        let plain = Outcome { stdout: outcome.stdout.replace('\r', ""), ..outcome };
        said(&plain, stdout, 0);
    }

    #[track_caller]
    fn fails(&self, line: &[&str], status: i32, message: &str) {
        let outcome = self.run(line);
        assert_eq!(outcome.status, Some(status), "{line:?}: {outcome:?}");
        assert!(outcome.stderr.contains(message), "{line:?}: {}", outcome.stderr);
    }
}

#[test]
fn eval_exec_run() {
    let bench = Bench::new();
    bench.write("run.py", "import time\nfor i in range(3):\n    time.sleep_ms(5)\n    print('run', i)\n");
    let line =
        ["soft-reset", "exec", "print('one')", "eval", "1+2", "eval", "[{'a':'b'},(1,2,3),True]", "run", "run.py"];
    bench.says(&line, "one\n3\n[{'a': 'b'}, (1, 2, 3), True]\nrun 0\nrun 1\nrun 2\n");
}

#[test]
fn resume() {
    let bench = Bench::new();
    bench.says(&["exec", "a = 'hello'", "eval", "a"], "hello\n");
    bench.fails(&["eval", "a"], 1, "NameError: name 'a' isn't defined");
    bench.says(&["exec", "a = 'kept'"], "");
    bench.says(&["resume", "eval", "a"], "kept\n");
    let chain = ["exec", "a = 1", "eval", "a", "soft-reset", "eval", "1+1", "eval", "a"];
    let outcome = bench.run(&chain);
    assert_eq!((outcome.stdout.as_str(), outcome.status), ("1\n2\n", Some(1)), "{}", outcome.stderr);
    bench.says(&["eval", "1+2", "disconnect", "eval", "2+3"], "3\n5\n");
}

#[test]
fn filesystem() {
    let bench = Bench::new();
    bench.says(&["touch", ":a.py", "+", "touch", ":/b.py", "+", "ls", "+", "cat", ":a.py", ":b.py"], "a.py\nb.py\n");
    bench.write("a.py", "print('Hello')\nprint('World')\n");
    let copies = "cp a.py : + cp a.py :b.py + cp a.py :c.py + cp :a.py :d.py + ls";
    bench.says(&copies.split(' ').collect::<Vec<_>>(), "a.py\nb.py\nc.py\nd.py\n");
    bench.says(&["exec", "import a, b, c, d"], &"Hello\nWorld\n".repeat(4));
    let hashed = bench.run(&["hash", ":a.py", "a.py"]).stdout;
    let hashes: Vec<&str> = hashed.lines().map(|line| line.split(' ').next().unwrap_or_default()).collect();
    assert!(hashes.len() == 2 && hashes[0] == hashes[1] && hashes[0].len() == 64, "{hashed}");
    let folders =
        "mkdir :aaa + mkdir :bbb + cp a.py :aaa + cp a.py :bbb/b.py + cat :aaa/a.py :bbb/b.py + cp a.py :aaa/";
    bench.says(&folders.split(' ').collect::<Vec<_>>(), &"print('Hello')\nprint('World')\n".repeat(2));
    bench.fails(&["cp", "a.py", ":aaa/a.py/"], 2, "error: ");
    let removed = "rm :b.py :c.py + ls + rm :aaa/a.py :bbb/b.py + rmdir :aaa :bbb + ls";
    bench.says(&removed.split(' ').collect::<Vec<_>>(), "a.py\naaa/\nbbb/\nd.py\na.py\nd.py\n");
    bench.says(&["edit", ":d.py", "+", "exec", "import d"], "Goodbye\nWorld\n");
    // Folders, to the board, on it, and back.
    bench.package();
    let use_it = "import package; print(package.x(), package.y())";
    bench.says(&["cp", "-r", "package", ":", "+", "exec", use_it], "x y\n");
    bench.says(
        &["cp", "-r", "package", ":package2", "+", "ls", ":package2", ":package2/inner"],
        ":/package2:\n__init__.py\ninner/\nx.py\n\n:/package2/inner:\n__init__.py\ny.py\n",
    );
    bench.says(
        &["mkdir", ":test", "+", "cp", "-r", "package", ":test", "+", "ls", ":test/package/inner"],
        "__init__.py\ny.py\n",
    );
    bench.says(&["cp", "-r", ":package", ":package3", "+", "ls", ":package3/inner"], "__init__.py\ny.py\n");
    fs::create_dir(bench.0.folder().join("copy")).expect("a folder");
    bench.says(&["cp", "-r", ":test/package", "copy", "+", "cp", "-r", ":test/package", "copy/other"], "");
    assert_eq!(bench.read("copy/package/inner/y.py"), bench.read("copy/other/inner/y.py"));
    bench.write("package/inner/y.py", "def y():\n    return 'y2'\n");
    bench.says(&["cp", "-r", "package", ":", "+", "exec", use_it], "x y2\n");
}

#[test]
fn filesystem_rm() {
    let bench = Bench::new();
    bench.package();
    let line = "touch :a.py + mkdir :dir + cp -r package :dir + ls :dir + rm -r :dir/package + ls :dir + ls";
    bench.says(&line.split(' ').collect::<Vec<_>>(), "package/\na.py\ndir/\n");
    bench.fails(&["rm", "-r", ":nothing"], 1, "`/nothing`");
    bench.says(&["cp", "-r", "package", ":", "+", "rm", "-r", ":/", "+", "ls"], "");
    bench.fails(&["mount", ".", "+", "rm", "-r", ":/remote/package"], 1, "error: ");
    assert!(bench.read("package/x.py").contains("def x"));
    bench.fails(&["fs"], 2, "");
}

#[test]
fn fs_tree() {
    let bench = Bench::new();
    let make = "touch :a.py + mkdir :foo + touch :foo/aa.py + mkdir --parents :bar/baz + touch :bar/baz/b.py + tree + tree :foo + tree :foo :bar/baz";
    let tree = ":/
├── a.py  0 B
├── bar/
│   └── baz/
│       └── b.py  0 B
└── foo/
    └── aa.py  0 B
3 directories, 3 files, 0 B
";
    let foo = ":/foo/\n└── aa.py  0 B\n";
    let both = format!("{foo}:/bar/baz/\n└── b.py  0 B\n0 directories, 2 files, 0 B\n");
    let outcome = bench.run(&make.split(' ').collect::<Vec<_>>());
    said(&outcome, &format!("{tree}{foo}0 directories, 1 file, 0 B\n{both}"), 0);
    bench.fails(&["tree", ":nothing"], 1, "`/nothing`");
    // Where mpremote fails.
    bench.says(&["tree", ":a.py"], ":/a.py  0 B\n0 directories, 0 files, 0 B\n");
}

#[test]
fn recursive_cp() {
    let bench = Bench::new();
    bench.write("a/x.py", "");
    bench.write("a/b/y.py", "");
    // To a directory that is not there it is named so; a slash on the source copies what is in it, wherever.
    let new = "cp -r a :b1 + cp -r a/ :b2 + cp -r a :b3/ + cp -r a/ :b4/";
    let there = "mkdir :c1 :c2 :c3 :c4 + cp -r a :c1 + cp -r a/ :c2 + cp -r a :c3/ + cp -r a/ :c4/";
    let line = format!("{new} + {there} + ls -r :c1 + ls -r :c2");
    bench.says(&line.split(' ').collect::<Vec<_>>(), "a/\na/b/\na/b/y.py\na/x.py\nb/\nb/y.py\nx.py\n");
    let all = bench
        .run(&["eval", "[len(__import__('os').listdir('/' + n)) for n in ('b1','b2','b3','b4','c1','c2','c3','c4')]"]);
    said(&all, "[2, 2, 1, 2, 1, 2, 1, 2]\n", 0);
}

#[test]
fn errno() {
    let bench = Bench::new();
    bench.write(
        "fs.py",
        "import errno, vfs\nclass Broken:\n    def mount(self, *a): pass\n    def umount(self): pass\n    def chdir(self, *a): pass\n    \
         def ilistdir(self, *a): raise self.error\n    def stat(self, *a): raise self.error\n    def open(self, *a): raise self.error\n\
         fs = Broken()\nvfs.mount(fs, '/fs')\n",
    );
    for (error, message) in [
        ("OSError(errno.ENOENT)", "`/fs/a.py` not found on the board"),
        ("OSError(errno.EIO)", "/fs"),
        ("OSError(errno.EPERM)", "/fs"),
        ("OSError(errno.EINVAL)", "/fs"),
        ("Exception('odd')", "odd"),
    ] {
        let set = format!("fs.error = {error}");
        bench.fails(&["run", "fs.py", "+", "exec", &set, "+", "cat", ":/fs/a.py"], 1, message);
    }
}

#[test]
fn mount() {
    let bench = Bench::new();
    bench.package();
    bench.says(&["mount", ".", "exec", "import package; print(package.x(), package.y())"], "x y\n");
    bench.says(&["mount", ".", "--write", "exec", "n = open('test.txt', 'w').write('hello\\nworld\\n')"], "");
    assert_eq!(bench.read("test.txt"), "hello\nworld\n");
    let read = "print(open('test.txt').readlines(), open('test.txt').readline())";
    bench.says(&["mount", ".", "exec", read], "['hello\\n', 'world\\n'] hello\n\n");
}

#[test]
fn mip_local_install() {
    let bench = Bench::new();
    bench.write("example/hi/hello.py", "def hello():\n    return 'Hello, package'\n");
    bench.write("example/hi/__init__.py", "from .hello import hello\n");
    let urls = "[[\"hi/__init__.py\", \"hi/__init__.py\"], [\"hi/hello.py\", \"hi/hello.py\"]]";
    bench.write("example/package.json", &format!("{{\"urls\": {urls}, \"version\": \"0.2\"}}"));
    let line = [
        "mip",
        "install",
        "--target=/here/lib",
        "./example",
        "+",
        "exec",
        "import sys; sys.path.append('/here/lib'); import hi; print(hi.hello())",
    ];
    let outcome = bench.run(&line);
    assert!(outcome.stdout.ends_with("Hello, package\r\n"), "{outcome:?}");
}

#[test]
fn unicode() {
    let bench = Bench::new();
    let text = "Hello 世界 🎉 café";
    bench.write("text.txt", &format!("{text}\n"));
    bench.write(
        "write.py",
        &format!("with open('foo.txt', 'w') as f:\n    f.write('{text}')\nprint(open('foo.txt').read())\n"),
    );
    let print = format!("print('{text}')");
    let line = [
        "exec",
        &print,
        "+",
        "touch",
        ":quote'test.txt",
        "+",
        "ls",
        "+",
        "rm",
        ":quote'test.txt",
        "+",
        "cp",
        "text.txt",
        ":",
        "+",
        "cat",
        ":text.txt",
        "+",
        "eval",
        "'世界'",
    ];
    bench.says(&line, &format!("{text}\nquote'test.txt\n{text}\n世界\n"));
    bench.says(&["mount", ".", "--write", "run", "write.py", "exec", "x = 'a=b'; print(x)"], &format!("{text}\na=b\n"));
    assert_eq!(bench.read("foo.txt"), text);
}
