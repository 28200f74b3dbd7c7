//! A pseudo-terminal, for tests that act as the device of a serial port.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use std::os::fd::{AsFd, OwnedFd};
use std::thread::JoinHandle;

/// The side of the board. Dropping it unplugs the board.
pub struct Terminal {
    master: OwnedFd,
    port: String,
}

impl Terminal {
    /// A new one.
    pub fn open() -> Terminal {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).expect("a terminal");
        grantpt(&master).expect("a terminal of ours");
        unlockpt(&master).expect("a terminal of ours");
        let port = ptsname(&master, Vec::new()).expect("a name").into_string().expect("UTF-8");
        Terminal { master, port }
    }

    /// The path of the serial port.
    pub fn port(&self) -> &str {
        &self.port
    }

    /// Waits until the other side has sent something.
    #[track_caller]
    pub fn wait(&self) {
        readable(&self.master);
    }

    /// Answers everything that is sent by `answer`, until the other side is closed.
    pub fn answer(&self, answer: &[u8]) -> JoinHandle<()> {
        let (master, answer) = (self.master.try_clone().expect("a descriptor"), answer.to_owned());
        std::thread::spawn(move || {
            let mut sent = [0; 4096];
            // The first hang-up is before the port is opened: reading waits for it.
            readable(&master);
            while rustix::io::read(&master, &mut sent).is_ok_and(|count| count > 0) {
                if rustix::io::write(&master, &answer).is_err() {
                    break;
                }
            }
        })
    }
}

/// Waits until there is something to read, or something has ended.
#[track_caller]
pub fn readable(descriptor: impl AsFd) {
    let mut watched = [PollFd::new(&descriptor, PollFlags::IN)];
    let count = poll(&mut watched, Some(&Timespec { tv_sec: 30, tv_nsec: 0 })).expect("poll");
    assert_eq!(count, 1, "nothing happened");
}

/// Rows and columns of a person's screen at first.
pub const SIZE: (u16, u16) = (24, 80);

/// The program with this terminal as its keyboard and screen: the test is the person.
pub struct Person {
    master: OwnedFd,
    slave: OwnedFd,
    child: std::process::Child,
    /// What was on the screen, standard error included.
    screen: Vec<u8>,
}

impl Person {
    /// Starts the program in `folder`.
    #[track_caller]
    pub fn start(folder: &std::path::Path, args: &[&str]) -> Person {
        Person::begin(folder, std::process::Command::new(env!("CARGO_BIN_EXE_belay-script")), args, &[])
    }

    /// Starts the program in `folder` with these variables of the environment, in a session of its own, so that Ctrl-C is a
    /// signal to it as long as the terminal makes signals of keys.
    #[track_caller]
    pub fn start_session(folder: &std::path::Path, args: &[&str], env: &[(&str, &str)]) -> Person {
        // It becomes the program: the id stays.
        let mut command = std::process::Command::new("setsid");
        command.arg("-c").arg(env!("CARGO_BIN_EXE_belay-script"));
        Person::begin(folder, command, args, env)
    }

    /// Starts another program in `folder` with these variables of the environment.
    #[track_caller]
    pub fn start_other(folder: &std::path::Path, program: &str, args: &[&str], env: &[(&str, &str)]) -> Person {
        Person::begin(folder, std::process::Command::new(program), args, env)
    }

    #[track_caller]
    fn begin(
        folder: &std::path::Path,
        mut command: std::process::Command,
        args: &[&str],
        env: &[(&str, &str)],
    ) -> Person {
        let Terminal { master, port } = Terminal::open();
        let flags = rustix::fs::OFlags::RDWR | rustix::fs::OFlags::NOCTTY | rustix::fs::OFlags::CLOEXEC;
        let slave = rustix::fs::open(&port, flags, rustix::fs::Mode::empty()).expect("the other side");
        // No smaller than what every terminal has.
        let size = rustix::termios::Winsize { ws_row: SIZE.0, ws_col: SIZE.1, ws_xpixel: 0, ws_ypixel: 0 };
        rustix::termios::tcsetwinsize(&slave, size).expect("a size");
        let stream = || std::process::Stdio::from(slave.try_clone().expect("a descriptor"));
        command.args(args).current_dir(folder).env_remove("BELAY_DEVICE").env("NO_COLOR", "1");
        command.envs(env.iter().copied());
        let child = command.stdin(stream()).stdout(stream()).stderr(stream()).spawn().expect("the program starts");
        Person { master, slave, child, screen: Vec::new() }
    }

    /// Whether the terminal edits lines and makes signals of keys, as a shell leaves it.
    pub fn is_cooked(&self) -> bool {
        use rustix::termios::LocalModes;
        let modes = rustix::termios::tcgetattr(&self.slave).expect("modes").local_modes;
        modes.contains(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG)
    }

    /// Types.
    pub fn types(&self, keys: &[u8]) {
        assert_eq!(rustix::io::write(&self.master, keys).expect("a keyboard"), keys.len());
    }

    /// Waits until `text` is on the screen, after what was waited for before.
    #[track_caller]
    pub fn sees(&mut self, text: &str) {
        let text = text.as_bytes();
        loop {
            if let Some(at) = self.screen.windows(text.len()).position(|window| window == text) {
                self.screen.drain(..at + text.len());
                return;
            }
            let shown = || {
                let shown = String::from_utf8_lossy(&self.screen);
                format!("{:?} is not on the screen: {shown:?}", String::from_utf8_lossy(text))
            };
            let piece = self.hears(shown);
            self.screen.extend_from_slice(&piece);
        }
    }

    /// Waits until `text` is on the screen, and gives what is before it.
    #[track_caller]
    pub fn until(&mut self, text: &str) -> Vec<u8> {
        let is_there = |screen: &[u8]| screen.windows(text.len()).position(|window| window == text.as_bytes());
        loop {
            if let Some(at) = is_there(&self.screen) {
                let before = self.screen.drain(..at).collect();
                self.screen.drain(..text.len());
                return before;
            }
            let piece = self.hears(|| format!("{text:?} is not on the screen"));
            self.screen.extend_from_slice(&piece);
        }
    }

    /// Waits for something to be written on the screen, and gives it. `missing` says what is waited for.
    #[track_caller]
    pub fn hears(&self, missing: impl FnOnce() -> String) -> Vec<u8> {
        let mut watched = [PollFd::new(&self.master, PollFlags::IN)];
        let count = poll(&mut watched, Some(&Timespec { tv_sec: 30, tv_nsec: 0 })).expect("poll");
        let mut piece = vec![0; 4096];
        let count = if count == 1 { rustix::io::read(&self.master, &mut piece).unwrap_or(0) } else { 0 };
        if count == 0 {
            panic!("{}", missing());
        }
        piece.truncate(count);
        piece
    }

    /// Resizes the screen, which notifies the program.
    pub fn resizes(&self, rows: u16, columns: u16) {
        let size = rustix::termios::Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        rustix::termios::tcsetwinsize(&self.master, size).expect("a size");
    }

    /// The id of the program.
    pub fn id(&self) -> rustix::process::Pid {
        rustix::process::Pid::from_child(&self.child)
    }

    /// Waits for the end of the program. Gives its status.
    pub fn ends(&mut self) -> Option<i32> {
        let end = rustix::process::pidfd_open(self.id(), rustix::process::PidfdFlags::empty()).expect("a child");
        // What it still writes is read: a screen that is full would keep it from ending.
        let begun = std::time::Instant::now();
        while begun.elapsed().as_secs() < 60 {
            let mut watched = [PollFd::new(&end, PollFlags::IN), PollFd::new(&self.master, PollFlags::IN)];
            let count = poll(&mut watched, Some(&Timespec { tv_sec: 30, tv_nsec: 0 })).expect("poll");
            let shown = String::from_utf8_lossy(&self.screen);
            assert_ne!(count, 0, "the program does not end; the screen shows {shown:?}");
            let [has_ended, has_written] = watched.map(|watched| watched.revents().contains(PollFlags::IN));
            if has_written {
                let mut piece = [0; 4096];
                let count = rustix::io::read(&self.master, &mut piece).expect("a screen");
                self.screen.extend_from_slice(&piece[..count]);
            } else if has_ended {
                return self.child.wait().expect("a child").code();
            }
        }
        panic!("the program does not end, and goes on printing");
    }
}

impl Drop for Person {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
