//! Tests with folders as found in practice.

use super::*;
use crate::board::content::{Reading, Upload};
use std::fs;
use tempfile::TempDir;

/// Paths with their contents; a trailing slash makes a folder.
fn folder(entries: &[(&str, &str)]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in entries {
        let place = root.path().join(path);
        fs::create_dir_all(if path.ends_with('/') { &place } else { place.parent().unwrap() }).unwrap();
        if !path.ends_with('/') {
            fs::write(place, text).unwrap();
        }
    }
    root
}

fn read(root: &Path) -> Result<Local> {
    Local::read(root, &SyncOptions::default())
}

fn paths(local: &Local) -> Vec<&str> {
    local.files.iter().map(|file| file.path.as_str()).collect()
}

/// The bytes of a file for a board, which should hash to `digest`.
fn sent(file: &LocalFile, digest: &[u8]) -> Result<Vec<u8>> {
    let upload = Upload { path: "/a", content: file, digest: Some(digest) };
    let mut reading = Reading::begin(&upload, DigestKind::Sha256)?;
    let mut bytes = Vec::new();
    reading.read(&mut bytes, usize::MAX)?;
    reading.finish().map(|_| bytes)
}

fn bytes(local: &Local, path: &str) -> Vec<u8> {
    let file = local.files.iter().find(|file| file.path == path).expect("a file of that path");
    let hash = file.digest(DigestKind::Sha256).unwrap();
    sent(file, &hash).unwrap()
}

#[track_caller]
fn refused(result: Result<Local>, part: &str) {
    let error = result.map(|local| local.files).unwrap_err();
    assert_eq!(error.kind(), Kind::ArgumentError);
    assert!(error.message().contains(part), "{}", error.message());
    assert!(error.help().is_some(), "{}", error.message());
}

#[test]
fn reads_a_folder_in_order_with_its_empty_folders() {
    let root = folder(&[
        ("main.py", "x = 1  # one\n"),
        ("lib/b.txt", "b"),
        ("lib/a/deep.bin", "d"),
        ("lib.txt", "l"),
        ("empty/inner/", ""),
        ("only_ignored/x.pyc", ""),
        ("__pycache__/main.pyc", ""),
        (".hidden", "h"),
    ]);
    let local = read(root.path()).unwrap();
    assert_eq!(paths(&local), [".hidden", "lib.txt", "lib/a/deep.bin", "lib/b.txt", "main.py"]);
    assert_eq!(local.folders, ["empty", "empty/inner", "lib", "lib/a", "only_ignored"]);
    assert_eq!(bytes(&local, "main.py"), b"x=1\n");
    assert_eq!(bytes(&local, "lib/b.txt"), b"b");
    assert_eq!(local.size(), 4 + 4);
    assert!(!local.single_file);
    assert_eq!(local.remarks, []);
    let with_slash = format!("{}/", root.path().display());
    let again = read(Path::new(&with_slash)).unwrap();
    assert_eq!((paths(&again), &again.folders), (paths(&local), &local.folders));
    assert!(local.ignore.is_ignored("__pycache__/other", false));
}

#[test]
fn digests_match_the_sent_content() {
    let root = folder(&[("a.py", "a  =  1\n"), ("b.bin", "foobar"), ("c", "")]);
    let local = read(root.path()).unwrap();
    assert_eq!(
        local.digests(DigestKind::Fnv1a).unwrap(),
        [digest(DigestKind::Fnv1a, b"a=1\n"), b"bf9cf968".to_vec(), b"811c9dc5".to_vec()]
    );
    let plain = Local::read(root.path(), &SyncOptions { minify: false, ..SyncOptions::default() }).unwrap();
    assert_eq!(plain.digests(DigestKind::Crc32).unwrap()[0], digest(DigestKind::Crc32, b"a  =  1\n"));
}

#[test]
fn applies_the_folders_own_patterns_without_sending_them() {
    let root =
        folder(&[(".belayignore", "*.txt\n/data/\n"), ("a.txt", ""), ("data/x", ""), ("k/data/x", ""), ("a.pyc", "")]);
    let local = read(root.path()).unwrap();
    assert_eq!(paths(&local), ["k/data/x"]);
    let options = SyncOptions { ignore: Some(Vec::new()), ..SyncOptions::default() };
    let local = Local::read(root.path(), &options).unwrap();
    assert_eq!(paths(&local), ["a.pyc", "k/data/x"]);
}

#[test]
fn nothing_to_send_is_an_error() {
    let root = folder(&[]);
    refused(read(&root.path().join("absent")), "does not exist");
    refused(read(root.path()), "has nothing to send");
    let only_ignored = folder(&[("a.pyc", ""), (".belayignore", "")]);
    refused(read(only_ignored.path()), "has nothing to send");
}

#[test]
fn one_file_is_a_tree() {
    let root = folder(&[("main.py", "a  = 1\n"), ("x.pyc", "p"), (".belayignore", "*")]);
    let local = read(&root.path().join("main.py")).unwrap();
    assert_eq!((paths(&local), local.folders.len(), local.single_file), (vec!["main.py"], 0, true));
    assert_eq!(bytes(&local, "main.py"), b"a=1\n");
    // An explicitly named file is never ignored.
    assert_eq!(paths(&read(&root.path().join("x.pyc")).unwrap()), ["x.pyc"]);
}

#[test]
fn sends_invalid_python_unchanged() {
    let root = folder(&[
        ("bad.py", "a = '\nb = 1\n"),
        ("indent.py", "if a:\n    b\n  c\n"),
        ("short.py", "a=1\n"),
        ("data.txt", "a  =  1"),
    ]);
    fs::write(root.path().join("latin.py"), b"# \xe9\na  = 1\n").unwrap();
    let local = read(root.path()).unwrap();
    assert_eq!(bytes(&local, "bad.py"), b"a = '\nb = 1\n");
    assert_eq!(bytes(&local, "latin.py"), b"# \xe9\na  = 1\n");
    assert_eq!(bytes(&local, "data.txt"), b"a  =  1");
    let remarks: Vec<String> = local.remarks.iter().map(Remark::to_string).collect();
    assert_eq!(
        remarks,
        [
            "`bad.py` is sent without minifying: line 1 is not valid Python",
            "`indent.py` is sent without minifying: the indentation of line 3 matches no block",
            "`latin.py` is sent without minifying: it is not UTF-8",
        ]
    );
}

#[test]
fn remarks_on_names_that_are_equal_on_a_fat_board() {
    let root = folder(&[("A/x", ""), ("a/x", ""), ("a/X", ""), ("É", ""), ("é", "")]);
    if fs::read_dir(root.path()).unwrap().count() < 4 {
        // This computer's filesystem treats them as one name.
        return;
    }
    let local = read(root.path()).unwrap();
    let pairs: Vec<(&str, &str)> = local
        .remarks
        .iter()
        .map(|remark| match remark {
            Remark::OnlyCaseDiffers { path, other } => (path.as_str(), other.as_str()),
            other => panic!("{other}"),
        })
        .collect();
    assert_eq!(pairs, [("A", "a"), ("a/X", "a/x"), ("É", "é")]);
}

#[test]
fn detects_a_file_that_changes() {
    let root = folder(&[("a.bin", "one"), ("b.py", "a  = 1\n")]);
    let local = read(root.path()).unwrap();
    let (file, place) = (&local.files[0], root.path().join("a.bin"));
    let hash = file.digest(DigestKind::Sha256).unwrap();
    let changed = |part: &str| {
        let error = sent(file, &hash).unwrap_err();
        assert!(error.message().contains(part), "{}", error.message());
    };
    fs::write(&place, "two").unwrap();
    changed("changed while it was synced");
    fs::write(&place, "three").unwrap();
    changed("changed while it was synced");
    assert!(file.digest(DigestKind::Crc32).unwrap_err().message().contains("changed while"));
    fs::remove_file(&place).unwrap();
    changed("cannot read");
    // Content made from a source does not change.
    fs::write(root.path().join("b.py"), "other").unwrap();
    assert_eq!(bytes(&local, "b.py"), b"a=1\n");
}

#[test]
fn merges_subfolders_and_the_later_wins() {
    let root = folder(&[
        ("main/a.txt", "main"),
        ("main/both.txt", "main"),
        ("main/turns/deep/x", "main"),
        ("main/turned", "main"),
        ("main/gone.log", ""),
        ("dev/both.txt", "dev"),
        ("dev/turns", "dev"),
        ("dev/turned/y", "dev"),
        ("dev/.belayignore", "*.log\n"),
        ("unnamed/z", ""),
    ]);
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
    let local = merge(root.path(), &names(&["main", "dev"]), &SyncOptions::default()).unwrap();
    assert_eq!(paths(&local), ["a.txt", "both.txt", "turned/y", "turns"]);
    assert_eq!(local.folders, ["turned"]);
    assert_eq!(bytes(&local, "both.txt"), b"dev");
    let local = merge(root.path(), &names(&["dev", "./main/"]), &SyncOptions::default()).unwrap();
    assert_eq!(paths(&local), ["a.txt", "both.txt", "turned", "turns/deep/x"]);
    assert_eq!(bytes(&local, "both.txt"), b"main");
}

#[test]
fn errors_name_subfolders_that_cannot_be_merged() {
    let root = folder(&[("main/a", ""), ("empty/", ""), ("file", "")]);
    let merged = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        merge(root.path(), &names, &SyncOptions::default())
    };
    refused(merged(&[]), "no subfolder of");
    refused(merged(&["main", "absent"]), "absent` does not exist");
    refused(merged(&["main", "empty"]), "empty` has nothing to send");
    refused(merged(&["main", "file"]), "file` is not a folder");
    refused(merged(&["main", "../x"]), "`../x` is not below");
    refused(merged(&["/tmp"]), "`/tmp` is not below");
    refused(merged(&[""]), "`` is not below");
    refused(merge(&root.path().join("file"), &[], &SyncOptions::default()), "is not a folder");
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;

    #[test]
    fn strange_names_work() {
        let names = ["a b", "q\"u'o`te", "n\new\nline", "ünï/名前", "-rf", "$HOME;*", "back\\slash", "t\ta\u{1}b"];
        let entries: Vec<(&str, &str)> = names.iter().map(|&name| (name, name)).collect();
        let root = folder(&entries);
        let local = read(root.path()).unwrap();
        let mut sorted = names;
        sorted.sort_unstable();
        assert_eq!(paths(&local), sorted);
        names.iter().for_each(|name| assert_eq!(bytes(&local, name), name.as_bytes()));
    }

    #[test]
    fn rejects_names_that_are_not_utf_8_unless_ignored() {
        let root = folder(&[("ok", "")]);
        let place = root.path().join(OsStr::from_bytes(b"b\xffd.tmp"));
        if fs::write(&place, "x").is_err() {
            // This computer's filesystem rejects them.
            return;
        }
        refused(read(root.path()), "is not UTF-8");
        refused(read(&place), "is not UTF-8");
        let options = SyncOptions { ignore: Some(vec!["*.tmp".to_owned()]), ..SyncOptions::default() };
        assert_eq!(paths(&Local::read(root.path(), &options).unwrap()), ["ok"]);
    }

    #[test]
    fn follows_symlinks_but_not_in_a_loop() {
        let elsewhere = folder(&[("far/x.txt", "far"), ("file", "linked")]);
        let root = folder(&[("a/b.txt", "b")]);
        let link = |target: &Path, name: &str| symlink(target, root.path().join(name)).unwrap();
        link(&elsewhere.path().join("far"), "far");
        link(&elsewhere.path().join("file"), "file");
        link(Path::new("a"), "again");
        link(Path::new(".."), "a/up");
        link(Path::new("."), "here");
        let local = read(root.path()).unwrap();
        assert_eq!(paths(&local), ["a/b.txt", "again/b.txt", "far/x.txt", "file"]);
        assert_eq!(local.folders, ["a", "again", "far"]);
        assert_eq!(bytes(&local, "file"), b"linked");
        let remarks: Vec<&str> = local.remarks.iter().map(Remark::path).collect();
        assert_eq!(remarks, ["a/up", "again/up", "here"]);
        assert!(local.remarks.iter().all(|remark| matches!(remark, Remark::Loop { .. })));
        // The folder itself may be a symlink.
        let to_root = elsewhere.path().join("root");
        symlink(root.path(), &to_root).unwrap();
        assert_eq!(paths(&read(&to_root).unwrap()), paths(&local));
    }

    #[test]
    fn rejects_broken_symlinks_unless_ignored() {
        for target in ["absent", "wrong", "ok/x"] {
            let root = folder(&[("ok", "")]);
            symlink(target, root.path().join("wrong")).unwrap();
            refused(read(root.path()), "/wrong` is a broken symlink");
            for pattern in ["wrong", "wrong/"] {
                fs::write(root.path().join(".belayignore"), pattern).unwrap();
                assert_eq!(paths(&read(root.path()).unwrap()), ["ok"]);
            }
        }
    }

    #[test]
    fn skips_sockets_and_pipes() {
        let root = folder(&[("ok", "")]);
        let _socket = std::os::unix::net::UnixListener::bind(root.path().join("socket")).unwrap();
        symlink("/dev/null", root.path().join("device")).unwrap();
        let local = read(root.path()).unwrap();
        assert_eq!(paths(&local), ["ok"]);
        let remarks: Vec<&str> = local.remarks.iter().map(Remark::path).collect();
        assert_eq!(remarks, ["device", "socket"]);
        refused(read(&root.path().join("socket")), "is neither a file nor a folder");
    }

    /// A file that even root cannot read.
    #[cfg(target_os = "linux")]
    #[test]
    fn errors_name_an_unreadable_file() {
        let root = folder(&[("ok", "")]);
        symlink("/proc/self/mem", root.path().join("memory.py")).unwrap();
        refused(read(root.path()), "/memory.py`: ");
    }

    #[test]
    fn rejects_a_forbidden_file_unless_ignored() {
        use std::os::unix::fs::PermissionsExt;
        for name in ["secret.bin", "secret/"] {
            let root = folder(&[("ok", ""), (name, "x")]);
            let place = root.path().join(name);
            fs::set_permissions(&place, fs::Permissions::from_mode(0o000)).unwrap();
            if fs::File::open(&place).is_err() {
                refused(read(root.path()), "/secret");
            }
            fs::write(root.path().join(".belayignore"), "secret*").unwrap();
            assert_eq!(paths(&read(root.path()).unwrap()), ["ok"]);
            fs::set_permissions(&place, fs::Permissions::from_mode(0o700)).unwrap();
        }
    }
}

/// Files are loaded by several threads; each gets its own content.
#[test]
fn many_files_keep_their_contents() {
    let root = folder(&[]);
    for index in 0..300 {
        fs::write(root.path().join(format!("{index:03}.py")), format!("x  =  {index}\n")).unwrap();
    }
    let local = read(root.path()).unwrap();
    let digests = local.digests(DigestKind::Crc32).unwrap();
    for (index, (file, hash)) in local.files.iter().zip(&digests).enumerate() {
        assert_eq!(file.path, format!("{index:03}.py"));
        assert_eq!(*hash, digest(DigestKind::Crc32, format!("x={index}\n").as_bytes()));
    }
    assert_eq!(digests.len(), 300);
}
