//! Classes of consoles in scripts, with units in this process.

use super::consoles::{run_at, unit};
use super::*;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread::JoinHandle;

/// Reads a line; `None` if the console was closed. `echo`: sends it back.
fn line(stream: &mut TcpStream, echo: bool) -> Option<String> {
    let (mut line, mut byte) = (Vec::new(), [0; 1]);
    loop {
        match stream.read(&mut byte) {
            Ok(1) if byte[0] == b'\n' => break,
            Ok(1) => line.push(byte[0]),
            _ => return None,
        }
        if echo {
            let _ = stream.write_all(&byte);
        }
    }
    Some(String::from_utf8(line).unwrap())
}

/// A unit with a login and a shell, which keeps what it was sent.
fn router(echo: bool) -> (String, JoinHandle<Vec<String>>) {
    let sent: Arc<Mutex<Vec<String>>> = Arc::default();
    let kept = sent.clone();
    let (port, thread) = unit(move |mut stream| {
        let say = |stream: &mut TcpStream, text: &str| stream.write_all(text.as_bytes()).unwrap_or(());
        say(&mut stream, "boot\r\nrouter login: ");
        let mut state = "user";
        while let Some(line) = line(&mut stream, echo && state != "password") {
            let answer = match (state, line.as_str()) {
                ("user", "") => "\r\nrouter login: ",
                ("user", _) => {
                    state = "password";
                    "\r\nPassword: "
                }
                ("password", "secret") => {
                    state = "shell";
                    "\r\nLast login: Tue\r\nrouter# "
                }
                ("password", _) => {
                    state = "user";
                    "\r\nLogin incorrect\r\nrouter login: "
                }
                (_, "show version") => "\r\nRouter OS\r\n  Version 4.2 (build 7)\r\nrouter# ",
                (_, "show temp") => "\r\ntemperature: 41.5 C\r\nrouter# ",
                (_, "uptime") => "\r\n86400\r\nrouter# ",
                (_, "gpio") => "\r\non\r\nrouter# ",
                (_, "reload -y") => "\r\nRestarting now",
                (_, "exit") => {
                    lock(&kept).push(line);
                    return;
                }
                (_, wrong) if wrong.starts_with("bad") => "\r\nfirst\r\n% Invalid input: bad\r\nrouter# ",
                _ => "\r\nrouter# ",
            };
            if state == "shell" && line != "secret" {
                lock(&kept).push(line);
            }
            say(&mut stream, answer);
        }
    });
    let whole = std::thread::spawn(move || {
        thread.join().unwrap();
        lock(&sent).clone()
    });
    (port, whole)
}

const ROUTER: &str = r##"
/// A router.
console Router {
    prompt "router# "
    error regex("% .*")
    timeout 5

    /// Logs in.
    setup log_in(password = "secret") autoinit |password| { this.login("admin", password, 2); }
    setup quiet() autoinit `
        terminal length 0
        no logging
    `
    /// Sets a port's speed.
    command set_speed(port: int in 1..=4, speed: float "Mbit/s" in 1..=1000, duplex: bool = true) "port {port} speed {speed:.1} duplex {duplex} {{}}"
    command label(text: str) "label {text:q}"
    command bad(n: int) "bad {n}"
    command reboot() expect = "Restarting" "reload -y"
    query version() -> float pattern = "Version (\\S+)" "show version"
    query build() pattern = "Version (?<version>\\S+) \\(build (?<build>\\d+)\\)" "show version"
    query both() "show version" -> lines
    query first() "show version" -> line
    query temperature() -> float pattern = regex("temperature: (\\S+)") "show temp"
    query uptime() "uptime"
    query output() -> bool "gpio"
    query wrong() -> int "show version"
    query none() pattern = "never" "show version"
    teardown leave() "exit"

    method twice || { [this.uptime(), this.uptime()] }
}
fn Console.hello() { `hello ${this.uptime()}` }
"##;

#[track_caller]
fn on_router(echo: bool, text: &str) -> (Finished, Vec<String>, Vec<String>) {
    let (port, thread) = router(echo);
    let (finished, lines) = run_at(&port, &format!("{ROUTER}{text}"));
    // A script that failed early has not connected.
    drop(TcpStream::connect(port.trim_start_matches("tcp://")));
    (finished, lines, thread.join().unwrap())
}

#[test]
fn commands_and_queries_of_a_class() {
    for echo in [true, false] {
        let text = format!(
            r##"
            let dut = Router.open(args[0], #{{ echo: {echo} }});
            print([dut.version(), dut.build(), dut.both(), dut.first(), dut.temperature(), dut.uptime(), dut.output()]);
            dut.set_speed(2, "1 Gbit/s");
            dut.set_speed(kw(#{{ port: 1, speed: 10, duplex: false }}));
            dut.label("a \"b\" c\\d");
            print([dut.twice(), dut.hello(), dut.command("uptime"), dut.name, dut.class.name]);
            print(Router.items.map(|item| item.signature)[0] + " " + Router.doc + " " + Router);
            dut.close();
            dut.close();
            print(dut.is_open);
            "##
        );
        let (finished, lines, sent) = on_router(echo, &text);
        assert!(finished.failure.is_none(), "{:?}", finished.failure);
        let wanted = [
            "[4.2, #{\"build\": 7, \"version\": 4.2}, [\"Router OS\", \"  Version 4.2 (build 7)\"], \"Router OS\", 41.5, 86400, true]",
            "[[86400, 86400], \"hello 86400\", \"86400\", \"Router\", \"Router\"]",
            "log_in(password = \"secret\") A router. console class Router",
            "false",
        ];
        assert_eq!(lines, wanted);
        assert_eq!(sent[..2], ["terminal length 0", "no logging"]);
        assert_eq!(sent.last().map(String::as_str), Some("exit"), "teardowns run before the console closes");
        let set: Vec<&str> = sent.iter().map(String::as_str).filter(|line| line.starts_with(['p', 'l'])).collect();
        let speeds = ["port 2 speed 1000.0 duplex on {}", "port 1 speed 10.0 duplex off {}", r#"label "a \"b\" c\\d""#];
        assert_eq!(set, speeds);
        assert_eq!(sent.iter().filter(|line| *line == "exit").count(), 1, "once");
    }
}

#[test]
fn errors_of_items_name_the_line_and_show_what_came() {
    let error = |call: &str| {
        let (finished, ..) = on_router(true, &format!("let dut = Router.open(args[0]);\n{call}"));
        shown(&finished.failure.unwrap_or_else(|| panic!("no failure: {call}")))
    };
    let line = ROUTER.lines().count() + 2;
    let case = |call: &str, wanted: &str| {
        let error = error(call);
        assert!(error.starts_with(&wanted.replace("LINE", &format!("t.rhai:{line}"))), "{call}\n{error}");
        error
    };
    case(
        "dut.set_speed(5, 10);",
        "ArgumentError: `Router`: command `set_speed`: `port` is 5, and must be in 1..=4 @ LINE:5 | it is `set_speed(",
    );
    case(
        "dut.label(\"a\\nexit\");",
        "ArgumentError: `Router`: command `label`: `text` is a string with a control character",
    );
    let refused = case(
        "dut.bad(1);",
        "InstrumentError: `Router`: command `bad`: `bad 1` was refused: % Invalid input: bad @ LINE:5",
    );
    assert!(refused.ends_with("% Invalid input: bad\n  router#"), "{refused}");
    case("dut.command(\"bad\");", "InstrumentError: `Router`: `bad` was refused: % Invalid input: bad @ LINE:5");
    case(
        "dut.wrong();",
        "ProtocolError: `Router`: query `wrong`: the answer to `show version` is \"Router OS\", not a value of type `int` @ LINE:5",
    );
    case(
        "dut.none();",
        "ProtocolError: `Router`: query `none`: the answer to `show version` does not match `never` @ LINE:5 | the answer begins:\n  Router OS",
    );
    case(
        "dut.versoin();",
        "UnknownTaskError: `Router` has no command or query `versoin` @ LINE:5 | did you mean `version`?",
    );
    case(
        "dut.read_line(1, 2);",
        "ArgumentError: `read_line` of a console was not called with these arguments @ LINE:5 | it takes no arguments or 1 argument",
    );
    case("dut.twice(1);", "ArgumentError: method `twice` takes no arguments, not 1 @ LINE:5");
    case(
        "dut.reboot(); dut.expect(\"never\", 0.02);",
        "TimeoutError: `Router`: \"never\" did not come within 0.02 s @ LINE:19",
    );
}

#[test]
fn teardowns_run_however_a_script_ends() {
    let last = |text: &str| {
        let (finished, _, sent) = on_router(true, text);
        (finished, sent.last().cloned().unwrap_or_default())
    };
    assert_eq!(last("let dut = Router.open(args[0]); throw 1;").1, "exit");
    assert_eq!(last("Router.session(args[0], |dut| dut.version());").1, "exit");
    assert_eq!(last("Router.session(args[0], |dut| throw 1);").1, "exit");
    assert_eq!(last("let dut = Router.open(args[0]); exit(0);").1, "exit");
    assert_eq!(last("let dut = Router.open(args[0]); timeout(0.05, || dut.expect(\"never\", 60));").1, "exit");
    assert_eq!(last("let dut = Router.open(args[0]); test \"a\" { dut.version(); throw 1; }").1, "exit");
    // A lost console is reported: what its teardowns would have switched off may be on.
    let (finished, _) =
        last("let dut = Router.open(args[0]); dut.send_line(\"exit\"); try { dut.expect(\"never\", 5) } catch {}");
    assert!(finished.closing[0].title.starts_with("`Router`: teardown `leave`: "), "{:?}", finished.closing);
    assert_eq!(finished.closing[0].kind, Kind::ConnectionLost);
}

#[test]
fn a_login_that_fails_fails_the_opening() {
    let (finished, _, sent) = on_router(
        true,
        "console R : Router { setup log_in() autoinit || { this.login(\"a\", \"b\", 5); } } R.open(args[0]);",
    );
    let failure = shown(&finished.failure.unwrap());
    assert!(failure.starts_with("AuthenticationError: `R`: the unit rejected this user and password"), "{failure}");
    assert!(sent.is_empty() && finished.closing.is_empty(), "nothing was set up, so nothing is torn down: {sent:?}");
}

#[test]
fn settings_and_items_are_inherited() {
    let (port, thread) = router(true);
    let text = r##"
        console Base { prompt "router# " newline "\n" setup log_in() autoinit || { this.login("a", "secret"); } query uptime() -> str "show temp" command ping() "ping" }
        console Timed { query uptime() -> int "uptime" method hours || this.uptime() / 3600.0 timeout 3 }
        console Both : Timed, Base { prompt regex("router. ") setup one() autoinit "one" }
        let dut = Both.open(args[0], #{ name: "dut" });
        dut.ping();
        print([dut.uptime(), dut.hours(), dut.name]);
    "##;
    let (finished, lines) = run_at(&port, text);
    drop(TcpStream::connect(port.trim_start_matches("tcp://")));
    assert!(finished.failure.is_none(), "{:?}", finished.failure);
    assert_eq!(lines, ["[86400, 24.0, \"dut\"]"]);
    assert_eq!(thread.join().unwrap(), ["one", "ping", "uptime", "uptime"]);
}

#[test]
fn wrong_classes_are_refused_at_their_place() {
    let case = |text: &str, wanted: &str| {
        let error = failure(text);
        assert!(error.starts_with(wanted), "{text}\n{error}");
    };
    case(
        "console A { command c(v) \"X\" }",
        "DeclarationError: parameter `v` of command `c` is not in its text @ t.rhai:1:21",
    );
    case("console A { command c() \"X {v}\" }", "DeclarationError: unknown parameter `v` in the message @ t.rhai:1:25");
    case(
        "console A { command c() \" \" }",
        "DeclarationError: command `c` sends nothing @ t.rhai:1:21 | write its line",
    );
    case("console A { command c() \"a\" query c() \"b\" }", "DeclarationError: `c` is declared twice @ t.rhai:1:35");
    case(
        "console A { command send() \"X\" }",
        "SpecialFunctionNameError: `send` is a name that every console has already",
    );
    case(
        "console A { comand c() \"X\" }",
        "ParseError: expected `prompt`, `command`, `query`, `setup`, `teardown` or `method`, found `comand` @ t.rhai:1:13 | did you mean `command`?",
    );
    case(
        "console A { prompt = \"# \" }",
        "ParseError: expected the value of `prompt`, found `=` @ t.rhai:1:20 | write `prompt …`, without `=`",
    );
    case("console A { prompt 5 }", "DeclarationError: a console cannot wait for an integer @ t.rhai:1:20");
    case("console A { prompt \"\" }", "DeclarationError: the option `prompt` is empty @ t.rhai:1:20");
    case(
        "console A { timeout 0 }",
        "DeclarationError: the option `timeout` takes a positive number of seconds @ t.rhai:1:21",
    );
    case("console A { echo true echo true }", "DeclarationError: `echo` is set twice");
    case(
        "console A { query q() -> block \"X\" }",
        "DeclarationError: unknown type `block` @ t.rhai:1:26 | a query returns float, int",
    );
    case("console A { command c() -> int \"X\" }", "DeclarationError: only a query returns something");
    case("console A { query q() pattern = \"(\" \"X\" }", "DeclarationError: invalid regular expression `(`");
    case("console A { query q() for \"x\" \"X\" }", "ParseError: a console has no model, so its items have no `for`");
    case("console A { command c() || {} }", "ParseError: a command cannot be a closure");
    case(
        "console A { setup s(a) |a, b| {} }",
        "DeclarationError: setup `s` has 1 parameters, but its closure takes 2 arguments",
    );
    case(
        "console A { setup s() ignore_errors || {} }",
        "DeclarationError: setup `s` is a closure, which has no option `ignore_errors`",
    );
    case(
        "console A { setup s(a) autoinit \"{a}\" }",
        "DeclarationError: setup `s` runs automatically, but `a` has no default",
    );
    case(
        "console A { teardown s() autoinit \"x\" }",
        "DeclarationError: a teardown of a console has no option `autoinit`",
    );
    case(
        "console A { command c() wait = false expect = \"x\" \"y\" }",
        "DeclarationError: command `c` waits for `expect`, and has `wait = false`",
    );
    case("console A : B { }", "DeclarationError: `B` is not a class of consoles");
    case("console A { command c() \"X\"", "ParseError: the block opened at line 1 is not closed");
    case("fn f() { console A { } } f();", "DeclarationError: `console A` is inside a function");
    assert_eq!(
        printed("let console = 1; print(console); let query = console; print(query)"),
        ["1", "1"],
        "an ordinary name"
    );
}

#[test]
fn calls_of_classes_are_checked_before_a_run() {
    let found = |text: &str| {
        let (mut runner, _) = runner();
        let _ = runner.check_text("t.rhai", &format!("{ROUTER}let dut = Router.open(\"sim\");\n{text}"));
        runner.findings().iter().map(|finding| finding.message.clone()).collect::<Vec<_>>()
    };
    let case = |text: &str, wanted: &[&str]| assert_eq!(found(text), wanted, "{text}");
    case(
        "dut.set_speed(2, \"1 Gbit/s\"); dut.twice(); dut.hello(); dut.expect(\"x\", 1); print(dut.port); dut.close();",
        &[],
    );
    case("dut.set_speed(5, 1);", &["command `set_speed`: `port` is 5, and must be in 1..=4"]);
    case("dut.set_speed();", &["command `set_speed` is called without the arguments `port`, `speed`"]);
    case("dut.versoin();", &["`Router` has no command or query `versoin`"]);
    case("dut.expect();", &["`expect` of a Console takes 1 or 2 arguments, not none"]);
    case("print(dut.version);", &["`version` of a console is called with parentheses"]);
    case("Router.open(\"sim\", #{ promt: \"\" }); dut.twice();", &["`Router` has no option `promt`"]);
    case("dut.twice(); Router.session(\"sim\", |dut| dut.versoin());", &["`Router` has no command or query `versoin`"]);
}
