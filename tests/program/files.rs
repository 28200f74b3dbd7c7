//! The commands for files, on a simulated board with a lasting flash.

use crate::support::command::Program;
use crate::support::interpreter;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

const PORT: &str = "sim:?flash=board.img";
/// A name that needs quoting.
const ODD: &str = "it's \"a\"\n\u{e9}.py";

/// A folder with a board, whose flash is kept in it, and some files.
struct Bench(TempDir);

impl Bench {
    fn new() -> Bench {
        let bench = Bench(tempfile::tempdir().expect("a folder"));
        bench.file("src/main.py", b"n = 1111\n");
        bench.file("src/lib/a b/deep.bin", &every_byte(5000));
        bench.file(&format!("src/lib/{ODD}"), b"x = 1\n");
        bench.file("src/empty", b"");
        bench
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn file(&self, name: &str, content: &[u8]) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, content).expect("a file");
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Runs the command, on this board unless it names another.
    #[track_caller]
    fn run(&self, args: &[&str]) -> Ran {
        self.run_with(args, &[])
    }

    #[track_caller]
    fn run_with(&self, args: &[&str], variables: &[(&str, &str)]) -> Ran {
        let port: &[&str] = if args.contains(&"-p") { &[] } else { &["-p", PORT] };
        let mut program = Program::new().args(port.iter().chain(args).copied());
        for (name, value) in variables {
            program = program.env(name, value);
        }
        let (raw, outcome) = program.start_in(self.path()).finish();
        Ran { raw, stdout: outcome.stdout, stderr: outcome.stderr, status: outcome.status }
    }

    /// As [`Bench::run`], which must succeed without a remark; returns its output.
    #[track_caller]
    fn says(&self, args: &[&str]) -> String {
        let ran = self.run(args);
        assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""), "{args:?}");
        ran.stdout
    }

    /// As [`Bench::run`], which must fail without printing anything but this.
    #[track_caller]
    fn fails(&self, args: &[&str], status: i32, message: &str) {
        let ran = self.run(args);
        assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", message), "{args:?}");
        assert_eq!(ran.status, Some(status), "{args:?}");
    }

    fn json(&self, args: &[&str]) -> serde_json::Value {
        serde_json::from_str(&self.says(args)).expect("JSON")
    }
}

struct Ran {
    raw: Vec<u8>,
    stdout: String,
    stderr: String,
    status: Option<i32>,
}

fn every_byte(count: usize) -> Vec<u8> {
    (0..=255).cycle().take(count).collect()
}

#[test]
fn ls_tree_and_df_list_files_and_space() {
    let bench = Bench::new();
    bench.says(&["cp", "-r", "src/.", ":/"]);
    assert_eq!(bench.says(&["ls"]), "empty\nlib/\nmain.py\n");
    assert_eq!(
        bench.says(&["ls", "-l", ":/", ":/lib/a b/"]),
        ":/:\n0  empty\n-  lib/\n9  main.py\n\n:/lib/a b:\n5000  deep.bin\n"
    );
    let all = "   0  empty\n   -  lib/\n   -  lib/a b/\n5000  lib/a b/deep.bin\n   6  lib/it's \"a\"\\n\u{e9}.py\n   9  main.py\n";
    assert_eq!(bench.says(&["ls", "-lr"]), all);
    assert_eq!(bench.says(&["ls", ":/main.py", "board:/*p*"]), ":/main.py\n:/empty\n:/main.py\n");
    assert_eq!(
        bench.says(&["tree"]),
        "\
:/
├── empty  0 B
├── lib/
│   ├── a b/
│   │   └── deep.bin  4.9 KiB
│   └── it's \"a\"\\n\u{e9}.py  6 B
└── main.py  9 B
2 directories, 4 files, 4.9 KiB
"
    );
    let df = "PATH    BLOCK    TOTAL      USED     FREE  USE\n:/    4.0 KiB  1.4 MiB  48.0 KiB  1.3 MiB  4 %\n";
    assert_eq!(bench.says(&["df"]), df);
    let list = bench.json(&["ls", "-r", "--json", ":/lib"]);
    let paths: Vec<&str> = list.as_array().unwrap().iter().map(|entry| entry["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["/lib/a b", "/lib/a b/deep.bin", &format!("/lib/{ODD}")]);
    assert_eq!((&list[0]["type"], &list[0]["size"]), (&"directory".into(), &serde_json::Value::Null));
    assert_eq!((&list[1]["type"], &list[1]["size"]), (&"file".into(), &5000.into()));
    let tree = bench.json(&["tree", "--json"]);
    assert_eq!((&tree[0]["name"], &tree[0]["children"][2]["size"]), (&"/".into(), &9.into()));
    assert_eq!(tree[0]["children"][1]["children"][1]["name"], ODD);
    let df = bench.json(&["df", "--json"]);
    assert_eq!((&df[0]["block"], &df[0]["total"], &df[0]["percent"]), (&4096.into(), &1_433_600.into(), &4.into()));
    assert_eq!(df[0]["used"].as_u64().unwrap() + df[0]["free"].as_u64().unwrap(), 1_433_600);
    let none = "error: `/none` not found on the board\n  help: list the files with `belay-script ls :/`\n";
    for command in ["ls", "tree", "df", "cat", "hash", "rm"] {
        bench.fails(&[command, ":/none"], 1, none);
    }
    // A local path most likely lacks its colon.
    for command in ["ls", "tree", "df", "cat", "hash", "rm", "mkdir"] {
        for path in ["src", "src/main.py", "/lib"] {
            let message = format!(
                "error: `{command}` works on the board, but `{path}` is a path on this computer\n  help: a path on the board \
                 begins with a colon: `:{path}`\n"
            );
            bench.fails(&[command, path], 2, &message);
        }
    }
}

#[test]
fn cat_and_hash_read_files_as_they_are() {
    let bench = Bench::new();
    bench.says(&["cp", "-r", "src/.", ":/"]);
    let ran = bench.run(&["cat", ":/lib/a b/deep.bin", ":main.py", ":/main.py"]);
    assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""));
    assert!(ran.raw == [every_byte(5000), b"n = 1111\nn = 1111\n".to_vec()].concat());
    bench.fails(
        &["cat", ":/main.py", ":/lib"],
        1,
        "error: `/lib` is a directory\n  help: name a file in it, or list it with `belay-script ls :/lib`\n",
    );
    let main = "0ca9ccf25a7b341c4a696b593852465e29142ac0dd5cfdc9b2418ee70168afd6";
    assert_eq!(
        bench.says(&["hash", ":/main.py", "src/main.py", ":/lib/*.py"]),
        format!(
            "{main}  :/main.py\n{main}  src/main.py\n\\9e26bf369911c45c243c684147b23fc9e1dcfcf257d299a1c632016a6fcd33f4  :/lib/it's \"a\"\\n\u{e9}.py\n"
        )
    );
    let hashes = bench.json(&["hash", "--json", ":/main.py", "src/main.py"]);
    assert_eq!((&hashes[0]["hash"], &hashes[0]["algorithm"]), (&main.into(), &"sha256".into()));
    assert_eq!((&hashes[0]["path"], &hashes[1]["place"]), (&"/main.py".into(), &"local".into()));
}

/// The reader closes the output in the middle of a file, as `head` does.
#[test]
fn cat_ends_silently_if_its_output_is_closed() {
    let bench = Bench::new();
    bench.file("big", &vec![b'x'; 400_000]);
    bench.says(&["cp", "big", ":"]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_belay-script"))
        .args(["cat", "-p", PORT, ":/big"])
        .current_dir(bench.path())
        .stdin(std::process::Stdio::null())
        .stdout(writer)
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn trees_are_copied_there_and_back() {
    let bench = Bench::new();
    bench.says(&["cp", "-r", "src", ":/"]);
    assert_eq!(bench.says(&["ls"]), "src/\n");
    // A missing target becomes the source; an existing directory receives it.
    bench.says(&["cp", "-r", ":/src", "back"]);
    bench.says(&["cp", "-r", ":/src", "back"]);
    for name in ["main.py", "empty", "lib/a b/deep.bin", &format!("lib/{ODD}")] {
        for folder in ["back", "back/src"] {
            assert!(bench.read(&format!("{folder}/{name}")) == bench.read(&format!("src/{name}")), "{folder} {name:?}");
        }
    }
    bench.says(&["cp", "-r", ":/src/.", ":/copy"]);
    assert_eq!(bench.says(&["ls", "-lr", ":/copy"]), bench.says(&["ls", "-lr", ":/src"]));
    bench.says(&["cp", ":/src/*y", ":/new/"]);
    assert_eq!(bench.says(&["ls", "-r", ":/new"]), "empty\nmain.py\n");
    bench.says(&["cp", ":/src/main.py", "there.py"]);
    assert_eq!(bench.read("there.py"), b"n = 1111\n");
    let left: Vec<_> = fs::read_dir(bench.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().contains("belay")), "{left:?}");
}

#[test]
fn impossible_copies_are_refused_before_anything_changes() {
    let bench = Bench::new();
    bench.says(&["cp", "-r", "src", ":/"]);
    let before = bench.says(&["ls", "-lr"]);
    let refused = |args: &[&str], status, message: &str| {
        let ran = bench.run(args);
        let first = ran.stderr.lines().next().unwrap_or_default();
        assert_eq!(
            (ran.status, ran.stdout.as_str(), first),
            (Some(status), "", format!("error: {message}").as_str()),
            "{args:?}"
        );
        assert!(ran.stderr.contains("\n  help: "), "{}", ran.stderr);
    };
    refused(&["cp", "src", ":/x"], 2, "`src` is a directory");
    refused(&["cp", ":/src", "x"], 2, "`/src` is a directory");
    refused(&["cp", "none", ":/"], 2, "file or folder not found: `none`");
    refused(&["cp", ":/none", "."], 1, "`/none` not found on the board");
    refused(&["cp", ":/none*", "."], 1, "nothing on the board matches `/none*`");
    refused(&["cp", ":/[x", "."], 2, "invalid pattern `/[x`: unclosed character class; missing ']'");
    refused(&["cp", "src/main.py", "src/empty", ":/x"], 2, "the destination `/x` does not exist");
    refused(&["cp", "src/main.py", "src/empty", ":/src/main.py"], 2, "the destination `/src/main.py` is a file");
    refused(&["cp", "src/main.py", ":/src/main.py/"], 2, "the destination `/src/main.py` is a file");
    refused(&["cp", "src/main.py", ":/none/x"], 1, "directory `/none` not found on the board");
    refused(&["cp", ":/src/main.py", "none/x"], 2, "folder not found: `none`");
    refused(&["cp", "-r", ":/src", ":/src/inside"], 2, "`/src` cannot be copied into itself");
    refused(&["cp", ":/src/main.py", ":/src/"], 2, "`/src/main.py` cannot be copied to itself");
    refused(&["cp", "-r", "src/lib", ":/src/main.py"], 2, "the destination `/src/main.py` is a file");
    refused(
        &["cp", "src/main.py", ":/src/main.py", ":/x/"],
        2,
        "`src/main.py` and `/src/main.py` would both become `/x/main.py`",
    );
    refused(&["cp", "src/main.py", "x"], 2, "none of the paths is on the board");
    refused(&["cp", "src/main.py", ":/src/main.py", "x/"], 2, "both source and destination are on this computer");
    bench.file("other/src/lib", b"a file");
    refused(&["cp", "-r", "other/src", ":/"], 1, "`/src/lib` is a directory, and `other/src/lib` a file");
    let long = format!(":/{}", "x".repeat(300));
    refused(
        &["cp", "src/main.py", &long],
        1,
        &format!("the board raised OSError: `{}` cannot be written: the path is too long for the board", &long[1..]),
    );
    assert_eq!(bench.says(&["ls", "-lr"]), before);
    let ran = bench.run(&["cp", "src/main.py"]);
    assert_eq!(ran.status, Some(2));
}

/// Symlinks are followed; one that leads back into its own folder is skipped.
#[test]
fn linked_folders_are_copied_once() {
    let bench = Bench::new();
    std::os::unix::fs::symlink("..", bench.path().join("src/lib/up")).unwrap();
    std::os::unix::fs::symlink("main.py", bench.path().join("src/link.py")).unwrap();
    bench.says(&["cp", "-r", "src/.", ":/"]);
    assert_eq!(bench.says(&["ls", "-r", ":/"]).lines().count(), 7);
    assert_eq!(bench.says(&["cat", ":/link.py"]), "n = 1111\n");
    std::os::unix::fs::symlink("nowhere", bench.path().join("src/broken")).unwrap();
    bench.fails(
        &["cp", "-r", "src/.", ":/"],
        2,
        "error: `src/broken` cannot be read: no such file or directory\n  \
         help: check the path and the current folder, and broken symlinks\n",
    );
}

/// Files with the same content are not sent again: the board is not even asked to receive.
#[test]
fn identical_files_are_not_sent_again() {
    let bench = Bench::new();
    bench.says(&["cp", "-r", "src/.", ":/"]);
    let sent = |args: &[&str]| {
        let log = bench.path().join("log");
        bench.says(&[args, &["--record", "log"]].concat());
        let log = fs::read_to_string(log).unwrap();
        log.contains("__belay_fr(")
    };
    assert!(!sent(&["cp", "-r", "src/.", ":/"]));
    assert!(sent(&["cp", ":/main.py", ":/lib/main.py"]));
    assert!(!sent(&["cp", ":/main.py", ":/lib/"]));
    assert!(sent(&["cp", "-rf", "src/.", ":/"]));
    bench.file("src/main.py", b"n = 2222\n");
    assert!(sent(&["cp", "-r", "src/.", ":/"]));
    assert_eq!(bench.says(&["cat", ":/main.py"]), "n = 2222\n");
}

#[test]
fn a_full_flash_keeps_existing_files() {
    let bench = Bench::new();
    let small = "sim:?flash=small.img&flash_size=64k";
    bench.file("old/main.py", &every_byte(20_000));
    bench.file("new/main.py", &every_byte(40_000));
    bench.says(&["cp", "-r", "old", ":/", "-p", small]);
    bench.fails(
        &["cp", "new/main.py", ":/old/main.py", "-p", small],
        1,
        "error: the board raised OSError: the board's flash is too small: `/old/main.py` needs 40000 bytes, 20480 are free\n  \
         help: remove files from the board, or copy less; `df` shows the free space\n",
    );
    assert_eq!(bench.says(&["ls", "-lr", "-p", small]), "    -  old/\n20000  old/main.py\n");
    bench.says(&["cp", ":/old/main.py", "back.py", "-p", small]);
    assert!(bench.read("back.py") == every_byte(20_000));
}

#[test]
fn rm_mkdir_and_mv_change_the_board() {
    let bench = Bench::new();
    bench.says(&["cp", "-r", "src/.", ":/"]);
    bench.fails(&["rm", ":/"], 1, "error: `/` is a directory\n  help: use `-r` to remove it with its contents\n");
    bench.fails(
        &["rm", ":/main.py", ":/lib"],
        1,
        "error: `/lib` is a directory\n  help: use `-r` to remove it with its contents\n",
    );
    bench.fails(
        &["rm", "main.py"],
        2,
        "error: `rm` works on the board, but `main.py` is a path on this computer\n  help: a path on the board begins with a colon: `:main.py`\n",
    );
    bench.says(&["rm", "-f", ":/none", ":/none*"]);
    let missing =
        "error: directory `/a` not found on the board\n  help: create it with `belay-script mkdir --parents :/a`\n";
    bench.fails(&["mkdir", ":/a/b"], 1, missing);
    bench.says(&["mkdir", "--parents", ":/a/b/c", ":/a"]);
    bench.says(&["mkdir", ":/d", ":/d/e"]);
    bench.fails(&["mkdir", ":/main.py"], 1, "error: `/main.py` already exists\n  help: choose another name\n");
    bench.fails(
        &["mkdir", "--parents", ":/main.py/x"],
        1,
        "error: `/main.py` is a file\n  help: choose another path\n",
    );
    bench.says(&["mv", ":/main.py", ":/empty", ":/a"]);
    bench.says(&["mv", &format!(":/lib/{ODD}"), ":/a/b/plain.py"]);
    bench.says(&["mv", ":/lib/a b", ":/a/b/c/"]);
    bench.says(&["mv", ":/a/empty", ":/a/main.py"]);
    assert_eq!(
        bench.says(&["ls", "-lr"]),
        "   -  a/\n   -  a/b/\n   -  a/b/c/\n   -  a/b/c/a b/\n5000  a/b/c/a b/deep.bin\n   6  a/b/plain.py\n   0  a/main.py\n   -  d/\n   -  d/e/\n   -  lib/\n"
    );
    bench.fails(
        &["mv", ":/a", ":/a/b/x"],
        2,
        "error: `/a` cannot be moved into itself\n  help: name another destination\n",
    );
    bench.fails(
        &["mv", ":/lib", ":/"],
        2,
        "error: `/lib` cannot be moved to itself\n  help: name another destination\n",
    );
    bench.fails(
        &["mv", ":/lib", ":/a/main.py"],
        1,
        "error: `/a/main.py` already exists\n  help: name another destination\n",
    );
    bench.fails(&["mv", ":/*", ":/none"], 1, "error: directory `/none` not found on the board\n  help: create it with `belay-script mkdir --parents :/none`\n");
    bench.says(&["rm", "-r", ":/a/b/c", ":/a/b/*", ":/d"]);
    assert_eq!(bench.says(&["ls", "-r"]), "a/\na/b/\na/main.py\nlib/\n");
    bench.says(&["rm", "-r", ":/"]);
    assert_eq!(bench.says(&["ls", "-r"]), "");
}

/// A drive that is mounted in the flash, as an SD card is; this one is read-only.
const SECOND_DRIVE: &[u8] = b"\
import vfs
class Drive:
    def __init__(self):
        self.data = bytearray(512 * 32)
    def readblocks(self, block, buffer, offset=0):
        offset += block * 512
        buffer[:] = self.data[offset : offset + len(buffer)]
    def writeblocks(self, block, buffer, offset=0):
        offset += block * 512
        self.data[offset : offset + len(buffer)] = buffer
    def ioctl(self, operation, value):
        return {4: 32, 5: 512, 6: 0}.get(operation)
drive = Drive()
vfs.VfsLfs2.mkfs(drive)
vfs.mount(vfs.VfsLfs2(drive), '/sd')
open('/sd/log', 'w').close()
vfs.umount('/sd')
vfs.mount(vfs.VfsLfs2(drive), '/sd', readonly=True)
";

#[test]
fn a_second_drive_is_handled_separately() {
    let bench = Bench::new();
    bench.file("boot.py", SECOND_DRIVE);
    bench.says(&["cp", "boot.py", "src/main.py", ":/"]);
    assert_eq!(bench.says(&["ls", "-r"]), "boot.py\nmain.py\nsd/\nsd/log\n");
    let df = bench.json(&["df", ":/", ":/sd", "--json"]);
    assert_eq!((&df[0]["total"], &df[1]["total"]), (&1_433_600.into(), &16_384.into()));
    let read_only = |what: &str, args: &[&str]| {
        let ran = bench.run(args);
        let message = format!(
            "error: the board raised OSError: {what}: the board's file system is read-only\n  help: CircuitPython keeps it so"
        );
        assert!(ran.stderr.starts_with(&message), "{}", ran.stderr);
        assert_eq!((ran.status, ran.stdout.as_str()), (Some(1), ""));
    };
    read_only("`/sd/main.py` cannot be written", &["cp", "src/main.py", ":/sd"]);
    read_only("`/sd/log` cannot be removed", &["rm", ":/sd/log"]);
    read_only("the directory `/sd/x` cannot be created", &["mkdir", ":/sd/x"]);
    bench.fails(
        &["mv", ":/main.py", ":/sd/"],
        1,
        "error: the board raised OSError: `/main.py` cannot be renamed to `/sd/main.py`: permission denied\n  \
         help: from one drive of a board to another, use `cp -r` and then `rm -r`\n",
    );
    let ran = bench.run(&["rm", "-r", ":/"]);
    let remark = "`/sd` is another drive and stays: clear it with `rm -r ':/sd/*'`\n";
    assert_eq!((ran.status, ran.stdout.as_str(), ran.stderr.as_str()), (Some(0), "", remark));
    assert_eq!(bench.says(&["ls"]), "");
}

/// `/` of a MicroPython that runs on this computer is this computer's own.
#[test]
fn the_root_of_this_computer_is_not_changed() {
    let bench = Bench::new();
    let port = format!("exec:{}", interpreter::command());
    let own = bench.path().join("src");
    let own = format!(":{}", own.canonicalize().unwrap().display());
    let refused = |args: &[&str], path: &str, verb: &str, help: &str| {
        bench.fails(
            &[args, &["-p", &port]].concat(),
            4,
            &format!(
                "error: `{path}` is not {verb}: the files of this board are this computer's own\n  help: {help}\n"
            ),
        );
    };
    let inside = "name a path inside a directory of yours, for example `:/tmp/board/main.py`";
    refused(&["rm", "-r", ":/"], "/", "changed", inside);
    refused(&["cp", "src/main.py", ":/"], "/main.py", "changed", inside);
    refused(&["cp", "-r", "src", ":/"], "/src", "changed", inside);
    refused(&["mkdir", ":/belay-script-test"], "/belay-script-test", "changed", inside);
    refused(&["edit", ":/belay-script-test"], "/belay-script-test", "changed", inside);
    refused(&["mv", &own, ":/belay-script-test"], "/belay-script-test", "changed", inside);
    refused(&["rm", "-r", &own], "[DIR]/src", "removed", "remove it with the system's own `rm`, which knows links");
    bench.says(&["cp", "src/main.py", &format!("{own}/copy.py"), "-p", &port]);
    assert_eq!(bench.read("src/copy.py"), b"n = 1111\n");
    bench.says(&["rm", &format!("{own}/copy.py"), "-p", &port]);
    assert!(!bench.path().join("src/copy.py").exists());
}

#[test]
fn edit_sends_changed_text() {
    let bench = Bench::new();
    bench.says(&["cp", "src/main.py", ":/"]);
    fs::create_dir(bench.path().join("tmp")).unwrap();
    // A script of the shell; its argument is the file, whose name it tells.
    bench
        .file("edit.sh", b"case \"$1\" in */main.py) printf 'n = 2222\\n' >> \"$1\";; *) printf new > \"$1\";; esac\n");
    bench.file("fail.sh", b"printf lost > \"$1\"; exit 3\n");
    bench.file("kill.sh", b"kill -9 $$\n");
    bench.file("big.sh", b"head -c 2000000 /dev/zero > \"$1\"\n");
    let edit = |path: &str, variable: &str, editor: &str| {
        let ran = bench.run_with(&["edit", path], &[(variable, editor), ("TMPDIR", "tmp")]);
        assert_eq!(ran.stdout, "");
        (ran.status, ran.stderr)
    };
    let done = (Some(0), String::new());
    assert_eq!(edit(":/main.py", "EDITOR", "sh edit.sh"), done);
    assert_eq!(bench.says(&["cat", ":/main.py"]), "n = 1111\nn = 2222\n");
    assert_eq!(edit(":/new file", "VISUAL", "sh edit.sh"), done);
    assert_eq!(bench.says(&["cat", ":/new file"]), "new");
    assert_eq!(edit(":/main.py", "EDITOR", "true"), (Some(0), "`/main.py` is unchanged\n".to_owned()));
    let killed = "error: the editor `exec sh kill.sh` was killed\n  help: nothing was changed on the board\n";
    assert_eq!(edit(":/main.py", "EDITOR", "exec sh kill.sh"), (Some(1), killed.to_owned()));
    let left = || fs::read_dir(bench.path().join("tmp")).unwrap().count();
    assert_eq!(left(), 0);
    let (status, text) = edit(":/main.py", "EDITOR", "sh fail.sh");
    assert_eq!(status, Some(1));
    assert!(
        text.starts_with(
            "error: the editor `sh fail.sh` ended with status 3\n  help: nothing was changed on the board\n"
        ),
        "{text}"
    );
    assert_eq!(fs::read(bench.path().join(kept(&text))).unwrap(), b"lost");
    let (status, text) = edit(":/main.py", "EDITOR", "sh big.sh");
    assert_eq!(status, Some(1));
    assert!(
        text.starts_with("error: the board raised OSError: `/main.py` cannot be written: the board's flash is full\n"),
        "{text}"
    );
    assert_eq!(fs::metadata(bench.path().join(kept(&text))).unwrap().len(), 2_000_000);
    assert_eq!(left(), 2);
    assert_eq!(bench.says(&["ls"]), "main.py\nnew file\n");
    assert_eq!(bench.says(&["cat", ":/main.py"]), "n = 1111\nn = 2222\n");
    bench.fails(&["edit", ":/"], 1, "error: `/` is a directory\n  help: name a file in it\n");
}

/// The path in `your text is kept in …`.
fn kept(text: &str) -> &str {
    let (_, rest) = text.split_once("your text is kept in `").unwrap_or_else(|| panic!("{text}"));
    let path = rest.split('`').next().unwrap_or_default();
    path.strip_prefix("[DIR]/").unwrap_or(path)
}

/// A bar is shown on a terminal and removed at the end; not without a terminal or with `--quiet`.
#[test]
fn a_person_sees_a_progress_bar() {
    use crate::support::terminal::Person;
    let bench = Bench::new();
    bench.file("big.bin", &every_byte(300_000));
    let mut person = Person::start(bench.path(), &["cp", "-p", PORT, "big.bin", ":/"]);
    person.sees("copying [");
    assert_eq!(person.ends(), Some(0));
    assert_eq!(bench.says(&["ls", "-l"]), "300000  big.bin\n");
}

/// Ctrl-C in the middle of a copy leaves only the old file.
#[test]
fn an_interrupted_copy_leaves_the_old_file() {
    let bench = Bench::new();
    bench.file("old", b"old");
    bench.says(&["cp", "old", ":/big.bin"]);
    bench.file("big.bin", &every_byte(1_200_000));
    let mut person = crate::support::terminal::Person::start(bench.path(), &["cp", "-p", PORT, "big.bin", ":/"]);
    person.sees("copying [");
    rustix::process::kill_process(person.id(), rustix::process::Signal::INT).expect("it runs");
    let status = person.ends();
    // The copy may have ended already.
    let listed = bench.says(&["ls", "-l"]);
    match status {
        Some(130) => assert_eq!(listed, "3  big.bin\n"),
        other => assert_eq!((other, listed.as_str()), (Some(0), "1200000  big.bin\n")),
    }
}

#[test]
fn a_slash_at_the_end_of_a_source_copies_what_is_in_it() {
    let bench = Bench::new();
    bench.file("utils/a.py", b"a = 1\n");
    bench.file("utils/in/b.py", b"b = 1\n");
    bench.file("utils/notes.md", b"#\n");
    let tree = |bench: &Bench| bench.says(&["ls", "-r", ":utils"]);
    let chain =
        ["cp", "-r", "--exclude", "*.md", "utils/", ":utils/", "+", "touch", ":utils/old", "+", "mkdir", ":utils/x"];
    bench.says(&chain);
    assert_eq!(tree(&bench), "a.py\nin/\nin/b.py\nold\nx/\n");
    // Again: it is updated, not copied into itself.
    bench.file("utils/in/b.py", b"b = 22\n");
    bench.says(&["cp", "-r", "--delete", "--exclude", "*.md", "utils/", ":utils/", "+", "touch", ":utils/c.md"]);
    assert_eq!(tree(&bench), "a.py\nc.md\nin/\nin/b.py\n");
    assert_eq!(bench.says(&["cat", ":utils/in/b.py", "-o", "got"]), "");
    assert_eq!(bench.read("got"), b"b = 22\n");
    bench.says(&["cp", "-r", "--delete", ":utils/", "utils"]);
    assert!(!bench.path().join("utils/notes.md").exists() && bench.path().join("utils/c.md").exists());
    // Patterns that the shell leaves alone.
    bench.says(&[
        "cp",
        "utils/*.py",
        "utils/in/?.py",
        ":/",
        "+",
        "rm",
        ":/a.py",
        ":/b.py",
        "+",
        "rm",
        "-r",
        ":utils/in/",
    ]);
    bench.says(&["mkdir", ":d", "+", "mkdir", ":d/e", "+", "rmdir", ":d/e", ":d"]);
    assert_eq!(bench.says(&["ls", "+", "ls", ":utils"]), "utils/\na.py\nc.md\n");
}

#[test]
fn copies_that_are_not_clear_say_what_to_type() {
    let bench = Bench::new();
    bench.fails(
        &["cp", "src/main.py", "lib/main.py"],
        2,
        "error: none of the paths is on the board\n  help: a path on the board begins with a colon: `:lib/main.py`\n",
    );
    bench.fails(
        &["cp", "gone.py", ":/"],
        2,
        "error: file or folder not found: `gone.py`\n  help: check the path and the current folder; a path on the board begins with a colon: `:gone.py`\n",
    );
    bench.fails(
        &["cp", "-", "a", ":/"],
        2,
        "error: `-` is standard input, which is copied alone and to the board\n  help: for example `cp - :/notes.txt`\n",
    );
    bench.fails(
        &["cp", "-r", "--delete", "src/", ":"],
        2,
        "error: `--delete` does not clear the board's `/`\n  help: use `belay-script sync FOLDER`, which keeps boot.py and lib, or name a directory of the board\n",
    );
    bench.fails(
        &["touch", ":none/a"],
        1,
        "error: directory `/none` not found on the board\n  help: create it with `belay-script mkdir --parents :/none`\n",
    );
    let said = Program::new()
        .args(["-p", PORT, "cp", "-", ":in.bin", "+", "cat", ":in.bin"])
        .stdin("a\0b\n")
        .start_in(bench.path())
        .finish()
        .1;
    assert_eq!((said.stdout.as_str(), said.status), ("a\0b\n", Some(0)), "{}", said.stderr);
}
