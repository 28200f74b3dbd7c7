//! `process_run`, the native function of `std/process`: runs programs on this computer.
//!
//! Invariant: when the call returns, the program has ended. Ctrl-C, the script's time limits and its own `timeout` kill it
//! with all its children; children that outlive a normal exit keep running.

use crate::device::class::seconds;
use crate::error::{Error, Kind};
use crate::script::errors::{Fallible, argument, located, placed, raise, refuse, stop};
use crate::script::lock::lock;
use crate::script::objects::convert::describe;
use crate::script::run::Run;
use rhai::{Array, Blob, Dynamic, Engine, ImmutableString, Map, NativeCallContext as Context};
use std::io::{Read, Write as _};
use std::process::{Child, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Longest interval between checks for Ctrl-C and for the program's exit.
const SLICE: Duration = Duration::from_millis(25);

/// How long to wait for the end of the output after the program has ended.
const GRACE: Duration = Duration::from_secs(2);

/// How long a program may take to end after SIGTERM: short enough for the script to end within two seconds of its own.
const END_GRACE: Duration = Duration::from_secs(1);

/// Maximum output in bytes, for stdout and stderr each.
const MOST_OUTPUT: usize = 64 << 20;

/// The arguments of a call.
struct Job {
    words: Vec<String>,
    limit: Option<Duration>,
    input: Vec<u8>,
}

/// Registers the function.
pub(crate) fn register(engine: &mut Engine, run: &Arc<Run>) {
    let shared = run.clone();
    engine.register_fn("process_run", move |context: Context<'_>, command: Array, options: Map| {
        let job = job(&command, &options);
        placed(&context, job.and_then(|job| carry_out(&shared, &context, job)))
    });
}

fn job(command: &Array, options: &Map) -> Fallible<Job> {
    let mut job = Job { words: Vec::new(), limit: None, input: Vec::new() };
    for word in command {
        match word.clone().into_string() {
            Ok(text) => job.words.push(text),
            Err(_) => {
                return argument(
                    format!("a word of the command is {}", describe(word)),
                    "use an array of strings: `[\"git\", \"rev-parse\", \"HEAD\"]`",
                );
            }
        }
    }
    if job.words.is_empty() {
        return argument("the command is empty", "the first string is the program");
    }
    for (name, value) in options {
        match name.as_str() {
            "timeout" => {
                let limit = crate::script::objects::convert::to_value(value).ok().and_then(|value| seconds(&value));
                let Some(limit) = limit else {
                    return argument(format!("`timeout` is {}", describe(value)), "use a positive number of seconds");
                };
                job.limit = Some(limit);
            }
            "input" => {
                job.input = match (value.read_lock::<ImmutableString>(), value.read_lock::<Blob>()) {
                    (Some(text), _) => text.as_bytes().to_owned(),
                    (_, Some(bytes)) => bytes.clone(),
                    _ => return argument(format!("`input` is {}", describe(value)), "it is a string or a blob"),
                };
            }
            other => return argument(format!("`run` has no option `{other}`"), "it has `timeout` and `input`"),
        }
    }
    Ok(job)
}

fn carry_out(run: &Run, context: &Context<'_>, job: Job) -> Fallible<Map> {
    let program = job.words[0].clone();
    let mut command = run.program(&program)?.command();
    command.args(&job.words[1..]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // A process group of its own: Ctrl-C goes to the script, which kills the group.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            return refuse(
                Kind::ScriptError,
                format!("cannot start `{program}`: {error}"),
                "give a program that is installed, and each of its arguments as a string of its own",
            );
        }
    };
    let (ended, ends) = channel();
    let outputs = Outputs { stdout: gather(child.stdout.take(), &ended), stderr: gather(child.stderr.take(), &ended) };
    drop(ended);
    if let Some(mut stdin) = child.stdin.take() {
        let input = job.input;
        // The program may exit without reading its input.
        std::thread::spawn(move || drop(stdin.write_all(&input)));
    }
    let end = job.limit.and_then(|limit| Instant::now().checked_add(limit));
    match wait(run, &mut child, &outputs, &ends, end) {
        Ok(status) => Ok(described(status, &outputs)),
        Err(why) => {
            kill(&mut child);
            Err(match why {
                Why::Stop(stopping) => stop(stopping),
                Why::Late => {
                    let limit = job.limit.unwrap_or_default().as_secs_f64();
                    let error = Error::new(Kind::TimeoutError, format!("`{program}` took longer than {limit} s"));
                    raise(located(error, context))
                }
                Why::Flood => {
                    let message = format!("`{program}` printed more than {} MiB", MOST_OUTPUT >> 20);
                    raise(located(Error::new(Kind::ScriptError, message), context))
                }
                Why::Failed(error) => {
                    raise(located(Error::new(Kind::ScriptError, format!("`{program}`: {error}")), context))
                }
            })
        }
    }
}

/// Why a program is killed.
enum Why {
    Stop(crate::script::errors::Stop),
    Late,
    Flood,
    Failed(std::io::Error),
}

/// Output so far.
struct Outputs {
    stdout: Arc<Mutex<Vec<u8>>>,
    stderr: Arc<Mutex<Vec<u8>>>,
}

/// Reads a pipe to its end on a thread, and signals the end.
fn gather(pipe: Option<impl Read + Send + 'static>, ended: &Sender<()>) -> Arc<Mutex<Vec<u8>>> {
    let held = Arc::new(Mutex::new(Vec::new()));
    let (shared, ended) = (held.clone(), ended.clone());
    std::thread::spawn(move || {
        let mut buffer = vec![0; 65536];
        let mut pipe = pipe;
        while let Some(Ok(count)) = pipe.as_mut().map(|pipe| pipe.read(&mut buffer)) {
            let mut held = lock(&shared);
            if count == 0 || held.len() > MOST_OUTPUT {
                break;
            }
            held.extend_from_slice(&buffer[..count]);
        }
        let _ = ended.send(());
    });
    held
}

/// Waits for the end of the program and of its output.
fn wait(
    run: &Run,
    child: &mut Child,
    outputs: &Outputs,
    ends: &Receiver<()>,
    end: Option<Instant>,
) -> Result<ExitStatus, Why> {
    let mut ended: Option<(ExitStatus, Instant)> = None;
    let mut quiet = false;
    loop {
        if let Some(stopping) = run.clock.progress() {
            return Err(Why::Stop(stopping));
        }
        let now = Instant::now();
        if ended.is_none() {
            ended = child.try_wait().map_err(Why::Failed)?.map(|status| (status, now));
        }
        if [&outputs.stdout, &outputs.stderr].iter().any(|held| lock(held).len() > MOST_OUTPUT) {
            return Err(Why::Flood);
        }
        // A child that outlives the program may keep its output open.
        if let Some((status, since)) = ended
            && (quiet || now.duration_since(since) > GRACE)
        {
            return Ok(status);
        }
        if ended.is_none() && end.is_some_and(|end| now >= end) {
            return Err(Why::Late);
        }
        if quiet {
            // The output ended before the program, whose exit sends no signal.
            std::thread::park_timeout(SLICE.min(Duration::from_millis(2)));
        } else if ends.recv_timeout(SLICE) == Err(RecvTimeoutError::Disconnected) {
            quiet = true;
        }
    }
}

/// Terminates the program and its children; kills them after a grace period.
fn kill(child: &mut Child) {
    #[cfg(unix)]
    {
        use rustix::process::{Pid, Signal, kill_process_group};
        let group = Pid::from_child(child);
        let _ = kill_process_group(group, Signal::TERM);
        let end = Instant::now() + END_GRACE;
        while matches!(child.try_wait(), Ok(None)) && Instant::now() < end {
            std::thread::park_timeout(SLICE);
        }
        let _ = kill_process_group(group, Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// The map returned to the script.
fn described(status: ExitStatus, outputs: &Outputs) -> Map {
    let text = |held: &Mutex<Vec<u8>>| Dynamic::from(String::from_utf8_lossy(&lock(held)).into_owned());
    #[cfg(unix)]
    let signal = std::os::unix::process::ExitStatusExt::signal(&status).map(|signal| -signal);
    #[cfg(not(unix))]
    let signal: Option<i32> = None;
    let status = status.code().or(signal).unwrap_or(-1);
    let mut map = Map::new();
    map.insert("status".into(), Dynamic::from_int(status.into()));
    map.insert("stdout".into(), text(&outputs.stdout));
    map.insert("stderr".into(), text(&outputs.stderr));
    map
}
