//! `run --watch`: files change while boards stay connected.

use crate::support::terminal::Person;
use std::path::Path;

const INTERRUPT: &[u8] = b"\x03";

fn write(folder: &Path, name: &str, text: &str) {
    // As editors do.
    let beside = folder.join("beside");
    std::fs::write(&beside, text).unwrap();
    std::fs::rename(beside, folder.join(name)).unwrap();
}

/// A script with a board, whose task `two` has this body, and that ends with these lines.
fn script(two: &str, end: &str) -> String {
    format!(
        "import \"lib/shown\" as lib;\ndevice Rig {{\n    setup init() autoinit `print('set up')`\n    task one() `return 1`\n    task two() `{two}`\n    \
         teardown off() `print('off')`\n}}\nlet rig = Rig.open();\nprint(lib::shown(rig.two()));\n{end}\n"
    )
}

#[test]
fn a_save_runs_the_script_again_over_the_same_connection() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::create_dir(folder.join("lib")).unwrap();
    write(folder, "lib/shown.rhai", "fn shown(x) { `<${x}>` }");
    write(folder, "rig.rhai", &script("return 2", "print(rig.exec(\"'x' in globals()\")); rig.exec(\"x = 1\");"));
    let waiting = "-- waiting for changes to rig.rhai and its module; press Ctrl-C to quit\r\n";
    let mut person = Person::start_session(folder, &["run", "rig.rhai", "-p", "sim", "--watch"], &[]);
    person.sees(&format!("set up\r\n<2>\r\nfalse\r\noff\r\n{waiting}"));
    // A task, and lines that move: what is not sent again has its new place in errors.
    write(folder, "rig.rhai", &format!("\n\n{}", script("return 1 // 0", "")));
    person.sees("-- changed: rig.rhai\r\n-- `Rig` is still connected; sent: task `two`; 1 unchanged\r\nset up\r\n");
    person.sees("error: `Rig` raised ZeroDivisionError");
    person.sees("--> rig.rhai:7:");
    person.sees(waiting);
    // The variables of the board are there; a task that is gone is gone from the board, too.
    let last = "print([rig.exec(\"x\"), rig.exec(\"'one' in globals()\")]);";
    let less = script("return 3", last).replace("task one() `return 1`", "");
    write(folder, "rig.rhai", &less);
    person.sees(
        "-- `Rig` is still connected; sent: task `two`; removed: `one`\r\nset up\r\n<3>\r\n[1, false]\r\noff\r\n",
    );
    person.sees(waiting);
    write(folder, "lib/shown.rhai", "fn shown(x) { `(${x})` }");
    person.sees("-- changed: lib/shown.rhai\r\n-- `Rig` is still connected; nothing to send\r\nset up\r\n(3)\r\n");
    person.sees(waiting);
    person.types(INTERRUPT);
    assert_eq!(person.ends(), Some(130));
    assert!(person.is_cooked());
}

#[test]
fn a_save_stops_a_run_that_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::create_dir(folder.join("lib")).unwrap();
    std::fs::create_dir(folder.join("firmware")).unwrap();
    write(folder, "lib/shown.rhai", "fn shown(x) { `<${x}>` }");
    write(folder, "firmware/a.py", "A = 1\n");
    let endless = "rig.sync(\"firmware\", #{ progress: false }); rig.exec(\"print('endless')\\nwhile True: pass\");";
    write(folder, "rig.rhai", &script("return 2", endless));
    let mut person = Person::start_session(folder, &["run", "rig.rhai", "-p", "sim", "--watch"], &[]);
    person.sees("set up\r\n<2>\r\nendless\r\n");
    write(folder, "rig.rhai", &script("return 4", endless));
    person.sees("off\r\n-- changed: rig.rhai\r\n-- `Rig` is still connected; sent: task `two`; 1 unchanged\r\n");
    person.sees("set up\r\n<4>\r\nendless\r\n");
    // The folder that was sent counts, too.
    write(folder, "firmware/a.py", "A = 22\n");
    person.sees("off\r\n-- changed: firmware/a.py\r\n-- `Rig` is still connected; nothing to send\r\n");
    person.sees("set up\r\n<4>\r\nendless\r\n");
    // A thread would go on: the board is restarted over its connection.
    let thread = "thread t() `pass`\n    task one()";
    let threaded = script("return 5", "rig.t(); rig.exec(\"print('endless')\\nwhile True: pass\");");
    write(folder, "rig.rhai", &threaded.replace("task one()", thread));
    person.sees("-- `Rig` is still connected; sent: thread `t`, task `two`; 1 unchanged\r\n");
    person.sees("set up\r\n<5>\r\nendless\r\n");
    write(folder, "rig.rhai", &script("return 6", endless));
    person.sees(
        "-- `Rig` is still connected; sending everything: task `one`, task `two`\r\nset up\r\n<6>\r\nendless\r\n",
    );
    person.types(INTERRUPT);
    person.sees("off\r\nerror: `Rig`: interrupted\r\n");
    assert_eq!(person.ends(), Some(130));
}

/// The firmware of [`imports_are_never_older_than_their_files`]: a package whose module takes a value of another module.
fn firmware(folder: &Path, at: &str, value: u32) {
    write(folder, &format!("{at}/values.py"), &format!("VALUE = {value}\n"));
}

#[test]
fn imports_are_never_older_than_their_files() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for at in ["synced/kit", "mounted"] {
        std::fs::create_dir_all(folder.join(at)).unwrap();
    }
    firmware(folder, "synced", 1);
    firmware(folder, "mounted", 10);
    write(folder, "synced/kit/__init__.py", "");
    write(folder, "synced/kit/scale.py", "from values import VALUE\nTWICE = 2 * VALUE\n");
    write(folder, "synced/kit/own.py", "OWN = 3\n");
    write(folder, "mounted/remote_values.py", "from values import VALUE\n");
    write(
        folder,
        "rig.rhai",
        r#"
        device Rig {
            task sent() `
                import values, kit.scale
                from kit import own
                return values.VALUE, kit.scale.TWICE, own.OWN`
            task mounted() `
                import remote_values
                return remote_values.VALUE`
        }
        let rig = Rig.open();
        rig.sync("synced", #{ progress: false });
        print(`sent ${rig.sent()}`);
        rig.exec("x = 1");
        let other = Rig.open("sim:other");
        other.mount("mounted");
        print(`mounted ${other.mounted()}`);
        "#,
    );
    let mut person = Person::start_session(folder, &["run", "rig.rhai", "-p", "sim", "--watch"], &[]);
    person.sees("sent [1, 2, 3]\r\nmounted 10\r\n");
    person.sees("-- waiting");
    firmware(folder, "synced", 21);
    person.sees("-- changed: synced/values.py\r\n-- `Rig` is still connected; nothing to send\r\nsent [21, 42, 3]\r\n");
    person.sees("-- waiting");
    write(folder, "synced/kit/own.py", "OWN = 4444\n");
    person.sees("nothing to send\r\nsent [21, 42, 4444]\r\n");
    person.sees("-- waiting");
    firmware(folder, "mounted", 100);
    person.sees("-- changed: mounted/values.py\r\n");
    person.sees("sent [21, 42, 4444]\r\n");
    person.sees("mounted 100\r\n");
    person.types(INTERRUPT);
    assert_eq!(person.ends(), Some(130));
}

#[test]
fn a_board_that_cannot_forget_modules_is_restarted() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::create_dir(folder.join("synced")).unwrap();
    firmware(folder, "synced", 1);
    // What the board needs for it fails.
    let script = |end: &str| {
        format!(
            r#"
            device Rig {{
                setup cannot() autoinit `
                    import builtins
                    found = builtins.__import__
                    def no(name, *rest):
                        if name == '__main__':
                            raise ImportError(name)
                        return found(name, *rest)
                    builtins.__import__ = no`
                task value() `
                    import values
                    return values.VALUE`
            }}
            let rig = Rig.open();
            {end}
            print(`value ${{rig.value()}}`);
            "#
        )
    };
    write(folder, "rig.rhai", &script("rig.sync(\"synced\", #{ progress: false });"));
    let mut person = Person::start_session(folder, &["run", "rig.rhai", "-p", "sim", "--watch"], &[]);
    person.sees("value 1\r\n");
    person.sees("-- waiting");
    firmware(folder, "synced", 22);
    person.sees("-- `Rig` is still connected; sending everything: task `value`\r\nvalue 22\r\n");
    person.sees("-- waiting");
    // Nothing was sent in the run before the last.
    write(folder, "rig.rhai", &script(""));
    person.sees("sending everything: task `value`\r\nvalue 22\r\n");
    person.sees("-- waiting");
    write(folder, "rig.rhai", &script("print(\"again\");"));
    person.sees("-- `Rig` is still connected; nothing to send\r\nagain\r\nvalue 22\r\n");
    person.types(INTERRUPT);
    assert_eq!(person.ends(), Some(130));
}

#[test]
fn a_mounted_folder_of_the_command_line_is_watched() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::create_dir(folder.join("mounted")).unwrap();
    firmware(folder, "mounted", 1);
    let script = "let d = Device.open(); print(d.exec(\"__import__('values').VALUE\")); \
                  d.exec(\"f = open('log.txt', 'w'); f.write('x'); f.close()\");";
    write(folder, "a.rhai", script);
    let args = ["run", "a.rhai", "-p", "sim", "--mount", "mounted", "--write", "--watch"];
    let mut person = Person::start_session(folder, &args, &[]);
    person.sees("1\r\n");
    person.sees("-- waiting");
    firmware(folder, "mounted", 22);
    person.sees("-- changed: mounted/values.py\r\n-- `Device` is still connected\r\n22\r\n");
    person.sees("-- waiting");
    person.types(INTERRUPT);
    assert_eq!(person.ends(), Some(130));
}

#[test]
fn a_changed_station_counts_in_the_next_run() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let station = |max: &str| format!("[limits]\nsupply = {{ max = {max} }}\n[constants]\nshunt = 0.5\n");
    write(folder, "station.toml", &station("5"));
    write(folder, "a.rhai", "measure(\"supply\", 4, station.limits.supply); print(station.constants.shunt);");
    let mut person = Person::start_session(folder, &["run", "a.rhai", "--watch"], &[]);
    person.sees("supply  4  [≤ 5]  pass\r\n0.5\r\n");
    person.sees("-- waiting");
    write(folder, "station.toml", &station("3"));
    person.sees("-- changed: station.toml\r\n");
    person.sees("supply  4  [≤ 3]  fail\r\n0.5\r\n");
    person.sees("-- waiting");
    write(folder, "station.toml", &station("three"));
    person.sees("-- changed: station.toml\r\nerror: ");
    person.sees("-- waiting");
    write(folder, "station.toml", &station("4").replace("0.5", "0.25"));
    person.sees("supply  4  [≤ 4]  pass\r\n0.25\r\n");
    person.types(INTERRUPT);
    assert_eq!(person.ends(), Some(130));
}

#[test]
fn watch_errors_are_reported() {
    crate::support::command::Program::new()
        .script("a.py", "print(1)")
        .args(["run", "a.py", "--watch"])
        .stderr(
            "
            error: `--watch` works only with scripts
              help: run a .py file without it: `belay-script run FILE.py`
            ",
        )
        .status(2);
}
