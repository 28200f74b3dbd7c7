//! How many queries a second an instrument gets, and how long a block of 1 MB takes: this program beside PyVISA-py and a plain socket, all
//! on the same served simulated instrument, in the same run.
//!
//! `cargo bench --bench instruments` prints the table. Each figure is the best of five rounds.

#[cfg(unix)]
#[path = "../tests/support/pypi.rs"]
mod pypi;

#[cfg(unix)]
fn main() {
    bench::main();
}

#[cfg(not(unix))]
fn main() {
    println!("instruments are measured on Unix");
}

#[cfg(unix)]
mod bench {
    use super::pypi;
    use belay_script::instrument::class::Class;
    use belay_script::instrument::{CallOptions, Instrument, InstrumentAddress, InstrumentOptions};
    use belay_script::port::options::PortOptions;
    use belay_script::port::stream::Stream;
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    use std::net::TcpStream;
    use std::process::{Child, Command, Stdio};
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    const PROGRAM: &str = env!("CARGO_BIN_EXE_belay-script");
    const QUERIES: u32 = 20_000;
    const BLOCKS: u32 = 20;
    const SIZE: usize = 1 << 20;
    const ROUNDS: usize = 5;

    /// A served instrument. Ends with its process.
    struct Served {
        process: Child,
        address: String,
    }

    impl Served {
        fn start(file: &str, options: &[&str]) -> Served {
            let mut process = Command::new(PROGRAM)
                .args(["sim", "serve", "--instrument", file, "--listen", "127.0.0.1:0"])
                .args(options)
                .stdout(Stdio::piped())
                .spawn()
                .expect("the program");
            let mut line = String::new();
            BufReader::new(process.stdout.take().expect("its output")).read_line(&mut line).expect("its address");
            let address = line.split(" at ").nth(1).and_then(|rest| rest.split(';').next()).expect("its address");
            Served { address: address.to_owned(), process }
        }

        fn socket(&self) -> TcpStream {
            let address = self.address.split("//").nth(1).expect("an address");
            let stream = TcpStream::connect(address).expect("the instrument");
            stream.set_nodelay(true).expect("a socket");
            stream
        }

        fn open(&self) -> Instrument {
            let address: InstrumentAddress = self.address.parse().expect("an address");
            let InstrumentAddress::Stream(stream) = address.clone() else { unreachable!("it is served") };
            let opener = move || Stream::open(&stream, &PortOptions::default());
            let class = Arc::new(Class::instrument());
            let options = InstrumentOptions::default();
            Instrument::open(&class, &address, options, Box::new(opener), Box::new(|| None)).expect("the instrument")
        }
    }

    impl Drop for Served {
        fn drop(&mut self) {
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
    }

    fn exchange(stream: &mut TcpStream, query: &[u8], reply: &mut [u8]) -> usize {
        stream.write_all(query).expect("a write");
        let mut count = 0;
        while !reply[..count].ends_with(b"\n") {
            count += stream.read(&mut reply[count..]).expect("a read");
        }
        count
    }

    /// A plain blocking socket: the floor.
    fn floor(served: &Served) -> (Duration, Duration) {
        let mut stream = served.socket();
        let mut reply = vec![0; 64];
        let begun = Instant::now();
        for _ in 0..QUERIES {
            exchange(&mut stream, b"VOLT?\n", &mut reply);
        }
        let queries = begun.elapsed();
        let mut reply = vec![0; SIZE + 10];
        let begun = Instant::now();
        for _ in 0..BLOCKS {
            stream.write_all(b"BLOCK?\n").expect("a write");
            stream.read_exact(&mut reply).expect("a block");
        }
        (queries, begun.elapsed())
    }

    fn library(served: &Served) -> (Duration, Duration) {
        let psu = served.open();
        let begun = Instant::now();
        for _ in 0..QUERIES {
            assert_eq!(psu.query("VOLT?", CallOptions::default()).expect("a reply"), "5");
        }
        let queries = begun.elapsed();
        let begun = Instant::now();
        for _ in 0..BLOCKS {
            assert_eq!(psu.query_block("BLOCK?", CallOptions::default()).expect("a block").len(), SIZE);
        }
        (queries, begun.elapsed())
    }

    /// The two figures that a command prints, in seconds.
    fn printed(command: &mut Command) -> (Duration, Duration) {
        let output = command.output().expect("the command");
        let text = String::from_utf8_lossy(&output.stdout);
        let mut seconds = text.split_whitespace().map(|word| Duration::from_secs_f64(word.parse().expect("a figure")));
        match (seconds.next(), seconds.next()) {
            (Some(queries), Some(blocks)) => (queries, blocks),
            _ => panic!("{text}{}", String::from_utf8_lossy(&output.stderr)),
        }
    }

    fn script(served: &Served, file: &std::path::Path) -> (Duration, Duration) {
        let text = format!(
            "let psu = Instrument.open(args[0]);
             let begun = time();
             for i in 0..{QUERIES} {{ psu.query(\"VOLT?\"); }}
             print(time() - begun);
             let begun = time();
             for i in 0..{BLOCKS} {{ psu.query_block(\"BLOCK?\"); }}
             print(time() - begun);"
        );
        std::fs::write(file, text).expect("a script");
        printed(Command::new(PROGRAM).arg("run").arg(file).arg("--").arg(&served.address))
    }

    fn pyvisa(served: &Served) -> (Duration, Duration) {
        let code = format!(
            "import sys, time, pyvisa
psu = pyvisa.ResourceManager('@py').open_resource(sys.argv[1], read_termination='\\n', write_termination='\\n')
begun = time.perf_counter()
for _ in range({QUERIES}): psu.query('VOLT?')
print(time.perf_counter() - begun)
begun = time.perf_counter()
psu.chunk_size = 1 << 20
for _ in range({BLOCKS}): psu.query_binary_values('BLOCK?', datatype='B', container=bytes)
print(time.perf_counter() - begun)"
        );
        let installed = pypi::installed("PyVISA-py[serial]", "0.8.1").expect("PyVISA-py");
        let (scheme, at) = served.address.split_once("://").expect("an address");
        let (host, port) = at.split_once(':').expect("a port");
        let resource = match scheme {
            "hislip" => format!("TCPIP0::{host}::hislip0,{port}::INSTR"),
            _ => format!("TCPIP0::{host}::{port}::SOCKET"),
        };
        printed(Command::new("python3").args(["-c", &code, &resource]).env("PYTHONPATH", installed))
    }

    pub fn main() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("psu.toml");
        let text = "[properties.voltage]\ncommand = \"VOLT\"\nvalue = 5\n[properties.block]\ncommand = \"BLOCK\"\nvalue = \"\"\n";
        std::fs::write(&file, text).expect("an instrument");
        let file = file.to_string_lossy().into_owned();
        let own = folder.path().join("a.rhai");
        let (socket, hislip) = (Served::start(&file, &[]), Served::start(&file, &["--hislip"]));
        for served in [&socket, &hislip] {
            served.open().write_block("BLOCK", &vec![b'x'; SIZE], CallOptions::default()).expect("a block");
        }
        type Measure<'a> = Box<dyn Fn() -> (Duration, Duration) + 'a>;
        let rows: [(&str, Measure<'_>); 6] = [
            ("a plain blocking socket", Box::new(|| floor(&socket))),
            ("belay-script as a library", Box::new(|| library(&socket))),
            ("a script", Box::new(|| script(&socket, &own))),
            ("PyVISA-py 0.8.1", Box::new(|| pyvisa(&socket))),
            ("a script, by HiSLIP", Box::new(|| script(&hislip, &own))),
            ("PyVISA-py 0.8.1, by HiSLIP", Box::new(|| pyvisa(&hislip))),
        ];
        let mut best = vec![(Duration::MAX, Duration::MAX); rows.len()];
        for _ in 0..ROUNDS {
            for ((_, measure), best) in rows.iter().zip(&mut best) {
                let (queries, blocks) = measure();
                *best = (best.0.min(queries), best.1.min(blocks));
            }
        }
        println!("| | queries a second | of the socket's | 1 MB block | of the socket's time |");
        println!("|---|---|---|---|---|");
        let (first, second) = (best[0].0.as_secs_f64(), best[0].1.as_secs_f64());
        for ((name, _), (queries, blocks)) in rows.iter().zip(&best) {
            let (queries, blocks) = (queries.as_secs_f64(), blocks.as_secs_f64());
            println!(
                "| {name} | {:.0} | {:.0} % | {:.2} ms | {:.2} |",
                f64::from(QUERIES) / queries,
                first / queries * 100.0,
                blocks / f64::from(BLOCKS) * 1000.0,
                blocks / second
            );
        }
    }
}
