//! The commands of `repl`, and how values are shown.

use crate::prompt::{comes_to, person};
use crate::support::terminal::Person;

/// Types a line that fails, and waits for the error.
#[track_caller]
fn fails(person: &mut Person, line: &str, message: &str, help: &str) {
    person.types(format!("{line}\r").as_bytes());
    person.sees(&format!("error: {message}\r\n"));
    person.sees(&format!("  help: {help}\r\n"));
    person.sees("> ");
}

#[test]
fn values_are_laid_out() {
    let folder = tempfile::tempdir().unwrap();
    let mut person = person(folder.path(), &["repl", "-p", "sim"]);
    comes_to(&mut person, "#{ a: [1, ()], b: 1.5 }", "#{ a: [1, ()], b: 1.5 }");
    let curve = "[1, 2, 3, 4, 5, 6, 7, 8]\r\n▁▂▃▄▅▆▇█  8 numbers, min 1, max 8, mean 4.5";
    comes_to(&mut person, "[1, 2, 3, 4, 5, 6, 7, 8]", curve);
    let long = "[\r\n  #{ name: \"yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\" },\r\n  #{ name: \"yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\" },\r\n]";
    person.types(b"let y = \"\"; for i in 0..40 { y += \"y\" }\r");
    person.sees("4> ");
    comes_to(&mut person, "[#{ name: y }, #{ name: y }]", long);
    comes_to(&mut person, "\"a\\nb\"", "│ a\r\n│ b\r\n2 lines, 3 characters");
    person.types(b":open\r");
    person.sees("7> ");
    let dump = "0000  48 69                                            Hi\r\n2 bytes";
    comes_to(&mut person, "d.exec(\"b'Hi'\")", dump);
    comes_to(&mut person, "[d, Device, |x| x]", "[Device on sim, device Device, closure]");
    person.types(b"\x04");
    assert_eq!(person.ends(), Some(0));
}

#[test]
fn words_that_people_try_are_commands() {
    let folder = tempfile::tempdir().unwrap();
    for leaving in ["exit", "quit()", "q;"] {
        let mut person = person(folder.path(), &["repl", "-p", "sim"]);
        for helping in ["help", "?", "help()"] {
            person.types(format!("{helping}\r").as_bytes());
            person.sees(":quit          Close all devices and leave");
            person.sees("1> ");
        }
        // A name of the session is meant where there is one.
        comes_to(&mut person, "let help = 7; help", "7");
        comes_to(&mut person, "help", "7");
        person.types(format!("{leaving}\r").as_bytes());
        assert_eq!(person.ends(), Some(0), "{leaving}");
    }
}

#[test]
fn a_folder_is_mounted_from_the_prompt() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("n.txt"), "7").unwrap();
    let mut person = person(folder.path(), &["repl", "-p", "sim"]);
    person.types(b":open\r");
    person.sees("2> ");
    person.types(b":mount .\r");
    comes_to(&mut person, "d.exec(\"open('n.txt').read()\")", "\"7\"");
    person.types(b":mount a b\r");
    person.sees("error: `:mount` takes one folder");
    person.types(b"\x04");
    assert_eq!(person.ends(), Some(0));
}

#[test]
fn boards_and_files() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("firmware")).unwrap();
    std::fs::write(folder.path().join("firmware/main.py"), "print('main')\n").unwrap();
    let mut person = person(folder.path(), &["repl", "-p", "sim"]);
    fails(&mut person, ":ls", "no device is open", "use `:open PORT` to open one, for example `:open sim`");
    person.types(b":open\r");
    person.sees("Device 2> ");
    comes_to(&mut person, ":ls", "the directory is empty");
    person.types(b":sync firm\t\r");
    person.sees("+ /main.py (");
    person.sees("sent 1 file (");
    person.sees("> ");
    comes_to(&mut person, ":ls d /", "14  main.py");
    fails(&mut person, ":ls /nothing", "`/nothing` not found on the board", "list the files with `:ls`");
    fails(
        &mut person,
        ":sync firmware --nope",
        "unexpected argument `--nope` found",
        "`:sync --help` lists the options",
    );
    person.types(b":open\r");
    person.sees("Device, Device#2 3> ");
    fails(&mut person, ":ls /", "several devices are open", "name one of them after the command: `Device`, `Device#2`");
    comes_to(&mut person, ":ls Device#2", "the directory is empty");
    // The board's own prompt has the variables of the session.
    person.types(b"d.exec(\"x = 20\")\r");
    person.sees("4> ");
    person.types(b":py Device#2\r");
    person.sees("press Ctrl-] to leave");
    person.sees(">>> ");
    person.types(b"x += 1\r");
    person.sees(">>> ");
    person.types(b"\x1d");
    person.sees("-- left");
    person.sees("4> ");
    comes_to(&mut person, "d.exec(\"x\")", "21");
    person.types(b"\x04");
    assert_eq!(person.ends(), Some(0));
}

#[test]
fn time_help_and_save_work() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("lib.rhai"), "//! Sums.\n\n/// Twice.\nfn twice(x) { x * 2 }\n").unwrap();
    let mut person = person(folder.path(), &["repl"]);
    person.types(b"import \"lib\" as lib\r");
    person.sees("2> ");
    comes_to(&mut person, ":help lib", "lib.rhai\r\n    Sums.\r\nfn twice(x)\r\n    Twice.");
    comes_to(&mut person, ":help lib::twice", "of lib:\r\nfn twice(x)\r\n    Twice.");
    comes_to(
        &mut person,
        ":help sleep",
        "sleep(seconds: int | float)\r\n    Waits for `seconds`; Ctrl-C and time limits end it.",
    );
    comes_to(
        &mut person,
        ":help env",
        "env(name: String) -> String | ()\r\n    Returns an environment variable, or `()` if it is not set. Only with `--allow env=NAME`.",
    );
    person.types(b":help sync\r");
    person.sees("d.sync(folder: String) -> Map\r\n");
    person.types(b":time lib::twice(4)\r");
    person.sees("\n8\r\nbest ");
    person.sees(" runs\r\n");
    // What takes long runs once, and so does what declares.
    person.types(b"let runs = 0\r:time { runs += 1; sleep(0.25) }\r");
    person.sees(" ms\r\n");
    person.types(b":time let once = runs\r");
    person.sees("s\r\n");
    comes_to(&mut person, "once", "1");
    person.types(b"fn f() { 1 }\rfn f() { 2 }\rnonsense\r");
    person.sees("9> ");
    comes_to(&mut person, ":save typed.rhai", "saved 7 inputs in `typed.rhai`");
    fails(
        &mut person,
        ":save typed.rhai",
        "file `typed.rhai` already exists",
        "use `:save! typed.rhai` to overwrite it",
    );
    comes_to(&mut person, ":save! typed.rhai", "saved 7 inputs in `typed.rhai`");
    let wanted = "import \"lib\" as lib;\nlib::twice(4);\nlet runs = 0;\n{ runs += 1; sleep(0.25) };\nlet once = runs;\nonce;\nfn f() { 2 };\n";
    assert_eq!(std::fs::read_to_string(folder.path().join("typed.rhai")).unwrap(), wanted);
    person.types(b":run typed.rhai\r");
    person.sees("10> ");
    comes_to(&mut person, "[once, f()]", "[1, 2]");
    person.types(b"\x04");
    assert_eq!(person.ends(), Some(0));
}

#[test]
fn reload_evaluates_changes_over_the_same_connection() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let script = |task: &str| {
        format!(
            "import \"lib\" as lib;\ndevice Rig {{\n    task one() `return 1`\n    task two() `{task}`\n    teardown off() `print('off')`\n}}\n\
             let rig = Rig.open();\nprint(\"two is \" + lib::shown(rig.two()));\n"
        )
    };
    write("lib.rhai", "fn shown(x) { `<${x}>` }");
    write("rig.rhai", &script("return 2"));
    let mut person = person(folder.path(), &["repl", "-p", "sim"]);
    fails(
        &mut person,
        ":reload",
        "no script was loaded, and no module has changed",
        "use `:run FILE` to evaluate a script here, or start with `--load FILE`",
    );
    comes_to(&mut person, ":run rig.rhai", "two is <2>");
    comes_to(&mut person, ":reload", "nothing has changed; use `:run FILE` to evaluate a script again");
    person.types(b"rig.exec(\"stays = 5\"); let mine = 6;\r");
    person.sees("2> ");
    write("lib.rhai", "fn shown(x) { `(${x})` }");
    person.types(b":reload\r");
    person.sees("changed: lib.rhai\r\n");
    person.sees("off\r\n-- `Rig` is still connected; nothing to send\r\ntwo is (2)\r\n");
    person.sees("Rig 2> ");
    // What is wrong leaves everything as it was, until it is right.
    write("rig.rhai", "let rig = ;");
    person.types(b":reload\r");
    person.sees("--> rig.rhai:1:11\r\n");
    comes_to(&mut person, "rig.two() + mine", "8");
    write("rig.rhai", &script("return 20"));
    person.types(b":reload\r");
    person.sees(
        "changed: rig.rhai\r\noff\r\n-- `Rig` is still connected; sent: task `two`; 1 unchanged\r\ntwo is (20)\r\n",
    );
    comes_to(&mut person, "rig.exec(\"stays\") + rig.one() + mine", "12");
    // Folders that boards get, and the station.
    std::fs::create_dir(folder.path().join("firmware")).unwrap();
    write("firmware/values.py", "VALUE = 1\n");
    let synced = "rig.sync(\"firmware\", #{ progress: false });\nprint(`value ${rig.two()}, shunt ${station.constants.shunt}`);\n";
    write("station.toml", "[constants]\nshunt = 0.5\n");
    let before =
        script("import values\n return values.VALUE").replace("print(\"two is \" + lib::shown(rig.two()));\n", "");
    write("rig.rhai", &(before + synced));
    person.types(b":reload\r");
    person.sees("changed: rig.rhai, station.toml\r\n");
    person.sees("value 1, shunt 0.5\r\n");
    write("firmware/values.py", "VALUE = 22\n");
    person.types(b":reload\r");
    person.sees("changed: firmware/values.py\r\noff\r\n");
    person.sees("value 22, shunt 0.5\r\n");
    write("station.toml", "[constants]\nshunt = 0.25\n");
    person.types(b":reload\r");
    person.sees("changed: station.toml\r\noff\r\n");
    person.sees("value 22, shunt 0.25\r\n");
    comes_to(&mut person, "station.constants.shunt", "0.25");
    write("station.toml", "[constants\n");
    person.types(b":reload\r");
    person.sees("--> station.toml:1:");
    write("station.toml", "[constants]\nshunt = 0.25\n");
    comes_to(&mut person, ":reload", "nothing has changed; use `:run FILE` to evaluate a script again");
    comes_to(&mut person, "rig.sync(\"firmware\", #{ progress: false }).sent", "0");
    write("firmware/values.py", "VALUE = 333\n");
    person.types(b":reload\r");
    person.sees("changed since an input sent it: firmware/values.py; repeat the input\r\n");
    person.sees("value 333, shunt 0.25\r\n");
    // A folder that an input has mounted on a board that stays open.
    std::fs::create_dir(folder.path().join("mounted")).unwrap();
    write("mounted/distant.py", "VALUE = 1\n");
    comes_to(
        &mut person,
        "let far = Device.open(\"sim:far\"); far.mount(\"mounted\"); far.exec(\"__import__('distant').VALUE\")",
        "1",
    );
    write("mounted/distant.py", "VALUE = 4444\n");
    person.types(b":reload\r");
    person.sees("changed: mounted/distant.py\r\n");
    comes_to(&mut person, "far.exec(\"__import__('distant').VALUE\")", "4444");
    person.types(b"\x04");
    person.sees("off\r\n");
    assert_eq!(person.ends(), Some(0));
}
