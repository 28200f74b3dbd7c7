//! Consoles and Modbus lines of programs that nobody here wrote: ser2net, a telnet server, shells behind socat, pymodbus.

use crate::network::{free_port, ser2net};
use crate::support::command::Program;
use crate::support::mpremote::pypi;
use crate::support::programs;
use crate::support::python;
use crate::support::running::Running;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);

/// Runs a script with this port as its argument.
#[track_caller]
fn prints(script: &str, port: &str, wanted: &str) {
    let outcome = Program::new().script("a.rhai", script).args(["run", "a.rhai", "--", port]).outcome();
    assert_eq!((outcome.stderr.as_str(), outcome.stdout.as_str(), outcome.status), ("", wanted, Some(0)), "{port}");
}

#[test]
fn a_serial_server_passes_a_console() {
    let Some([program]) = programs::find(["ser2net"]) else { return };
    let board = Program::new().args(["sim", "serve", "--link", "board"]).limit(LIMIT).start();
    board.said("press Ctrl-C to stop\n");
    for (accepter, scheme) in [("telnet(rfc2217)", "rfc2217"), ("telnet", "telnet")] {
        let (_server, port) = ser2net(&program, accepter, &board);
        let lines =
            if scheme == "rfc2217" { "dut.set_dtr(false); dut.set_dtr(true); dut.send_break(0.05);" } else { "" };
        let script = format!(
            "let dut = Console.open(args[0], #{{ prompt: \">>> \", baudrate: 9600, timeout: 60 }});
            {lines}
            dut.send(\"\\x03\");
            dut.expect(\">>> \");
            print(dut.command(\"6 * 7\"));
            print(dut.command(\"print(chr(233) * 3, bytes([255, 0, 1])[0])\"));"
        );
        prints(&script, &format!("{scheme}://127.0.0.1:{port}"), "42\nééé 255\n");
    }
}

/// socat with one client at a new port; `what`: its second address.
fn socat(program: &Path, folder: &Path, what: &str) -> (Running, u16) {
    let port = free_port();
    let mut command = Command::new("sh");
    // It says on standard error when it listens.
    command.args(["-c", "exec \"$@\" 2>&1", "sh"]).arg(program).args(["-d", "-d"]);
    command.args([&format!("TCP-LISTEN:{port},bind=127.0.0.1,reuseaddr"), what]);
    let server = Running::start(command, folder, None, LIMIT);
    server.said("listening on");
    (server, port)
}

/// A login and a shell, as a unit has them.
const UNIT: &str = "#!/bin/sh
printf 'unit login: '
read user
printf 'Password: '
stty -echo
read password
stty echo
printf '\\nwelcome %s %s\\n' \"$user\" \"$password\"
PS1='unit# ' ENV= exec /bin/sh -i
";

const TALK: &str = r#"
    let dut = Console.open(args[0], #{ name: "dut", prompt: "unit# ", newline: "\r", timeout: 60 });
    dut.expect("login: ");
    dut.send_line("root");
    dut.expect("Password: ");
    dut.send_line("secret");
    print(dut.expect(regex("welcome (\\w+) (\\w+)")).groups);
    dut.expect("unit# ");
    print(dut.command("echo $((6 * 7)); printf 'a\\nb\\n'"));
    dut.send_line("exit");
    try { dut.expect("unit# ") } catch (e) { print(e.kind) }
"#;
const SAID: &str = "[\"root\", \"secret\"]\n42\na\nb\nConnectionLost\n";

#[test]
fn a_telnet_server_and_a_shell_behind_socat() {
    let Some([socat_program, telnetd]) = programs::find(["socat", "telnetd"]) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let unit = folder.path().join("unit");
    std::fs::write(&unit, UNIT).expect("a file");
    std::fs::set_permissions(&unit, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("a program");
    let telnet = format!("EXEC:{} --no-hostinfo --exec-login={},nofork", telnetd.display(), unit.display());
    let shell = format!("EXEC:{},pty,stderr,setsid,ctty", unit.display());
    for (scheme, what) in [("telnet", telnet), ("tcp", shell)] {
        let (_server, port) = socat(&socat_program, folder.path(), &what);
        prints(TALK, &format!("{scheme}://127.0.0.1:{port}"), SAID);
    }
}

/// What is at the device of `tests/support/modbus_server.py`.
const REGISTERS: &str = r#"
    import "std/modbus" as modbus;
    let options = #{ unit: 7, name: "chamber", timeout: 30, baudrate: 115200, parity: "none" };
    let line = if args[0].starts_with("rtu ") { modbus::rtu(args[0].sub_string(4), options) } else { modbus::tcp(args[0], options) };
    print([line.read_coils(0, 3), line.read_discrete_inputs(0, 2)]);
    print(line.read_holding_registers(0, 4) + line.read_input_registers(5, 1));
    print([line.read_holding(10, "f32"), line.read_holding(12, "i32"), line.read_holding(14, "f64"), line.read_holding(18, "u32")]);
    line.write_coil(1, true);
    line.write_coils(7, [true, false, true]);
    print(line.read_coils(0, 10));
    line.write_register(30, 7);
    line.write_registers(31, [8, 65535]);
    line.write_holding(34, "f32", 0.5);
    line.write_holding(36, "i64", -2);
    print(line.read_holding_registers(30, 10));
    try { line.read_holding_registers(90, 1) } catch (e) { print(`${e.kind} ${e.code} ${e.text}`); }
    line.close();
"#;
const VALUES: &str = "[[true, false, true], [false, true]]
[1, 2, 3, 65535, 500]
[-12.5, -70000, 1.25e-9, 4000000000]
[true, true, true, false, false, false, false, true, false, true]
[7, 8, 65535, 0, 16128, 0, 65535, 65535, 65535, 65534]
InstrumentError 2 illegal data address
";

#[test]
fn registers_of_pymodbus() {
    let installed = pypi::installed("pymodbus", "3.16.1").unwrap_or_else(|error| panic!("{error}"));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/modbus_server.py");
    let (tcp, rtu) = (free_port(), free_port());
    let mut command = python::command();
    command.arg(script).arg(installed).args([tcp.to_string(), rtu.to_string()]);
    let folder = tempfile::tempdir().expect("a folder");
    let server = Running::start(command, folder.path(), None, LIMIT);
    server.said("ready\n");
    for (port, address) in [(format!("127.0.0.1:{tcp}"), tcp), (format!("rtu tcp://127.0.0.1:{rtu}"), rtu)] {
        let allowed = format!("net=127.0.0.1:{address}");
        let run = Program::new().script("a.rhai", REGISTERS).args(["run", "--allow", &allowed, "a.rhai", "--", &port]);
        let outcome = run.outcome();
        assert_eq!((outcome.stderr.as_str(), outcome.stdout.as_str(), outcome.status), ("", VALUES, Some(0)), "{port}");
    }
}

/// The unit that pymodbus asks.
const CHAMBER: &str = r#"
unit = 3
[[coils]]
address = 0
value = [true, false, true, false]
[[discrete_inputs]]
address = 5
value = true
[[holding_registers]]
name = "set point"
address = 0
type = "f32"
value = 20.0
min = -40
max = 180
[[holding_registers]]
address = 10
value = [7, 8]
[[holding_registers]]
address = 20
fails = 6
[[input_registers]]
address = 0
type = "f32"
follows = "set point"
"#;
const READ: &str = "[True, False, True, False] [True]
[7, 8]
[True, True, False, True]
85.0 [9]
[2, 3, 6, 1]
";

#[test]
fn pymodbus_reads_a_simulated_unit() {
    let pymodbus = pypi::installed("pymodbus", "3.16.1").unwrap_or_else(|error| panic!("{error}"));
    let pyserial = pypi::installed("pyserial", "3.5").unwrap_or_else(|error| panic!("{error}"));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/modbus_client.py");
    for kind in ["tcp", "rtu"] {
        let port = free_port().to_string();
        let place = if kind == "tcp" { ["--listen", &format!("127.0.0.1:{port}")] } else { ["--link", "chamber"] };
        let serve = Program::new().file("chamber.toml", CHAMBER.as_bytes());
        let server = serve.args(["sim", "serve", "--modbus", "chamber.toml"]).args(place).limit(LIMIT).start();
        server.said("; press Ctrl-C to stop\n");
        let at = if kind == "tcp" { &port } else { "chamber" };
        let mut command = python::command();
        command.arg(&script).arg(&pymodbus).args([kind, at]).env("PYTHONPATH", &pyserial);
        command.current_dir(server.folder());
        let output = command.output().expect("Python runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert_eq!((text(&output.stdout).as_str(), text(&output.stderr).as_str()), (READ, ""), "{kind}");
    }
}
