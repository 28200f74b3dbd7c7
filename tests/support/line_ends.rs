//! The line ends of boards, as a parameter of tests.

/// Simulated boards that end lines with CR LF, as every board does, and with LF alone.
const BOARDS: [&str; 2] = ["sim", "sim:?crlf=off"];

/// Runs `test` on a board of each kind, both at once.
pub fn on_both(test: impl Fn(&'static str) + Sync) {
    std::thread::scope(|scope| {
        for port in BOARDS {
            let test = &test;
            let run = move || test(port);
            std::thread::Builder::new().name(port.to_owned()).spawn_scoped(scope, run).expect("a thread");
        }
    });
}
