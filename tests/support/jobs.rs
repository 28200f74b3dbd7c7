//! The table of jobs of `docs/src/jobs.md`: what each tool takes to do them, and what must come of it.
//!
//! Plain data, used by a test and by `benches/files`. Invariant: a command is without its port, which [`Tool::line`] adds.

/// A job, in the order in which a board gets them: later ones find what earlier ones have left.
pub struct Job {
    /// What it does.
    pub name: &'static str,
    /// The commands, in the order of [`TOOLS`]; empty: the tool cannot do it in one command.
    pub commands: [&'static str; 5],
    /// What standard output must contain.
    pub says: &'static str,
    /// A Python expression that must be true on the board afterwards.
    pub leaves: &'static str,
}

/// A tool: its name, and its version on PyPI, if it comes from there.
pub struct Tool {
    /// Its name.
    pub name: &'static str,
    /// Name and version of its package.
    pub package: Option<(&'static str, &'static str)>,
    /// The Python code that starts it.
    pub start: &'static str,
    /// The words before the command that name the port; `None`: the port is the second word of the command.
    port: Option<&'static str>,
}

/// The tools; belay-script first.
pub const TOOLS: [Tool; 5] = [
    Tool { name: "belay-script", package: None, start: "", port: Some("-p") },
    Tool {
        name: "mpremote",
        package: Some(("mpremote", "1.29.0")),
        start: "import sys; from mpremote.main import main; sys.exit(main())",
        port: Some("connect"),
    },
    Tool {
        name: "Belay",
        package: Some(("belay", "0.30.1")),
        start: "from belay.cli.main import run_app; run_app()",
        port: None,
    },
    Tool {
        name: "rshell",
        package: Some(("rshell", "0.0.36")),
        start: "import sys; from rshell.main import main; sys.exit(main())",
        port: Some("--quiet -p"),
    },
    Tool {
        name: "ampy",
        package: Some(("adafruit-ampy", "1.1.0")),
        start: "from ampy.cli import cli; cli()",
        port: Some("-p"),
    },
];

impl Tool {
    /// The words of a command for the board at `port`.
    pub fn line(&self, command: &str, port: &str) -> Vec<String> {
        let mut words = words(command);
        match self.port {
            None => words.insert(1, port.to_owned()),
            Some(option) => {
                let before = option.split(' ').map(str::to_owned).chain([port.to_owned()]);
                words.splice(0..0, before);
            }
        }
        words
    }
}

/// The words of a command; single quotes hold one together.
pub fn words(command: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for (index, piece) in command.split('\'').enumerate() {
        if index % 2 == 1 {
            words.push(piece.to_owned());
        } else {
            words.extend(piece.split_whitespace().map(str::to_owned));
        }
    }
    words
}

const fn job(name: &'static str, commands: [&'static str; 5], says: &'static str, leaves: &'static str) -> Job {
    Job { name, commands, says, leaves }
}

/// The files of this computer that the jobs use.
pub const FILES: &[(&str, &str)] = &[
    ("hello.py", "print('hello from', __name__)\n"),
    ("try.py", "import utils.deep.b\nprint('deep', utils.deep.b.y)\n"),
    ("utils/__init__.py", ""),
    ("utils/a.py", "x = 1\n"),
    ("utils/deep/b.py", "y = 2\n"),
    ("src/app.py", "def run():\n    return 5\n"),
    ("src/data/table.txt", "1 2 3\n"),
    ("driver/package.json", "{\"version\": \"1\", \"urls\": [[\"driver.py\", \"driver.py\"]]}"),
    ("driver/driver.py", "ready = True\n"),
];

/// The jobs.
pub const JOBS: &[Job] = &[
    job("run a file", ["run hello.py", "run hello.py", "run hello.py", "", "run hello.py"], "hello from __main__", ""),
    job(
        "run a line of code",
        ["exec 'print(6*7)'", "exec 'print(6*7)'", "exec 'print(6*7)'", "repl '~ print(6*7) ~'", ""],
        "42",
        "",
    ),
    job("evaluate an expression", ["eval 6*7", "eval 6*7", "", "", ""], "42", ""),
    job(
        "copy a file to the board",
        ["cp hello.py :", "cp hello.py :", "", "cp hello.py /pyboard", "put hello.py"],
        "",
        "'hello.py' in os.listdir('/')",
    ),
    job(
        "copy it under another name",
        [
            "cp hello.py :other.py",
            "cp hello.py :other.py",
            "",
            "cp hello.py /pyboard/other.py",
            "put hello.py other.py",
        ],
        "",
        "open('/other.py').read() == open('/hello.py').read()",
    ),
    job("list files", ["ls", "ls", "", "ls /pyboard", "ls"], "hello.py", ""),
    job(
        "show a file",
        ["cat :hello.py", "cat :hello.py", "", "cat /pyboard/hello.py", "get hello.py"],
        "print('hello from', __name__)",
        "",
    ),
    job(
        "copy a file from the board",
        ["cp :hello.py back.py", "cp :hello.py back.py", "", "cp /pyboard/hello.py back.py", "get hello.py back.py"],
        "",
        "",
    ),
    job(
        "make a directory",
        ["mkdir :data", "mkdir :data", "", "mkdir /pyboard/data", "mkdir data"],
        "",
        "os.stat('/data')[0] == 0x4000",
    ),
    job(
        "copy a folder",
        ["cp -r utils :", "cp -r utils :", "", "cp -r utils /pyboard", "put utils"],
        "",
        "os.listdir('/utils/deep') == ['b.py']",
    ),
    job("show the tree", ["tree", "tree", "", "", "ls -r"], "b.py", ""),
    job(
        "hash a file",
        ["hash :hello.py", "sha256sum :hello.py", "", "", ""],
        "ddf08d0a42fc24056328d7d71e2a58ba61090a6355e35340e4d61a2a7c130bbe",
        "",
    ),
    job(
        "remove a file",
        ["rm :other.py", "rm :other.py", "", "rm /pyboard/other.py", "rm other.py"],
        "",
        "'other.py' not in os.listdir('/')",
    ),
    job(
        "remove a directory",
        ["rm -r :utils", "rm -r :utils", "", "rm -r /pyboard/utils", "rmdir utils"],
        "",
        "'utils' not in os.listdir('/')",
    ),
    job("show free space", ["df", "df", "", "", ""], "", ""),
    job("run with a mounted folder", ["mount . run try.py", "mount . run try.py", "", "", ""], "deep 2", ""),
    job("set the clock", ["rtc --set", "rtc --set", "", "", ""], "", "__import__('time').localtime()[0] > 2024"),
    job(
        "install a local package",
        ["mip ./driver", "mip install ./driver/package.json", "", "", ""],
        "",
        "'driver.py' in os.listdir('/lib') or 'driver.mpy' in os.listdir('/lib')",
    ),
    job(
        "copy, try, restart",
        [
            "cp hello.py : + exec 'import hello' + soft-reset",
            "cp hello.py : + exec 'import hello' + soft-reset",
            "",
            "",
            "",
        ],
        "hello from hello",
        "",
    ),
    job(
        "make the board equal to a folder",
        ["sync src", "rm -r : + cp -r src/. :", "sync src", "rsync -m src /pyboard", ""],
        "",
        "sorted(n for n in os.listdir('/') if n != 'lib') == ['app.py', 'data']",
    ),
    job("identify the board", ["info", "", "info", "boards", ""], "", ""),
    job("restart the interpreter", ["soft-reset", "soft-reset", "", "", "reset"], "", ""),
];
