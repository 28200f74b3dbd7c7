//! A generator task whose items the board pushes: `stream = true`.
//!
//! The exchange with the board stays open between items ([`crate::board::push`]). It is the only one: whatever else uses the
//! device stops it first, and the items that have come by then are kept for the script. Invariant: items come in order, each
//! once, and an error after the items before it.

use crate::board::Helper;
use crate::board::command::{Command, Payload};
use crate::board::push::Pushed;
use crate::device::arrivals::OpenStream;
use crate::device::host::Host;
use crate::device::limits::{Limit, TEARDOWN_LIMIT};
use crate::device::lock::lock;
use crate::device::state::{Run, State};
use crate::error::{Error, Kind, Result};
use crate::value::Value;

/// Most items of a message: the board also sends one after 10 ms, or 900 bytes.
const MOST_ITEMS: u32 = 64;

impl State {
    /// Starts the stream of a generator, or takes it up again, and waits for an item. `start`: a statement before that.
    pub(super) fn start_stream(
        &mut self,
        host: &Host,
        device: &str,
        stream: OpenStream,
        (start, large): (&str, &[crate::board::large::Large]),
    ) -> Result<()> {
        let label = stream.item.label();
        let run = Run { device, item: Some(&label), piece: None, limit: stream.limit };
        if !self.can_be_stopped(host, &run)? {
            return Err(Error::new(
                Kind::FeatureUnavailableError,
                format!(
                    "`{}` cannot stream: this firmware reads nothing while a program runs, so it could not be stopped",
                    stream.item.name
                ),
            )
            .with_help("leave out `stream`, or use `prefetch = N`"));
        }
        self.need(host, &run, Helper::Generators)?;
        self.need(host, &run, Helper::Push)?;
        self.free(host, &run);
        self.bring(host, &run, large)?;
        let command = crate::board::push::command(stream.number, start, lock(&stream.arrivals).next, MOST_ITEMS);
        self.listen_to(host, device, stream, Some(command), false)
    }

    /// Whether the board reads `sys.stdin` while a program runs. Firmware for small boards may have none, such as that of the micro:bit.
    fn can_be_stopped(&mut self, host: &Host, run: &Run<'_>) -> Result<bool> {
        match &self.board {
            Some(board) if board.identity().platform == "webassembly" => return Ok(false),
            Some(board) if board.is_small() => {}
            _ => return Ok(true),
        }
        let known = self.run(host, run, &Command::expression("hasattr(__import__('sys'),'stdin')"))?;
        Ok(known.value().is_ok_and(|value| value == Value::Bool(true)))
    }

    /// Waits for an item of the open stream.
    pub(super) fn go_on_streaming(&mut self, host: &Host, device: &str) -> Result<()> {
        match self.stream.take() {
            Some(stream) => self.listen_to(host, device, stream, None, false),
            None => Ok(()),
        }
    }

    /// Stops the open stream, if there is one. Its items and errors are kept for its generator.
    pub(super) fn pause_stream(&mut self, host: &Host, device: &str, is_closed: bool) {
        let Some(mut stream) = self.stream.take() else { return };
        if is_closed {
            stream.limit = Limit { timeout: Some(TEARDOWN_LIMIT), interruptible: true };
        }
        let (number, arrivals) = (stream.number, stream.arrivals.clone());
        if let Err(error) = self.listen_to(host, device, stream, None, true) {
            // An interrupt may have hit the helper instead of the generator: then it still exists.
            lock(&self.garbage).push(number);
            lock(&arrivals).fail(error);
        }
    }

    /// Reads messages of the board, until an item has come, or with `stop` until the board has stopped.
    fn listen_to(
        &mut self,
        host: &Host,
        device: &str,
        stream: OpenStream,
        command: Option<Command>,
        stop: bool,
    ) -> Result<()> {
        let label = stream.item.label();
        let run = Run { device, item: Some(&label), piece: None, limit: stream.limit };
        let pauses = std::cell::Cell::new(false);
        let mut answer = |question: &str| {
            let mut arrivals = lock(&stream.arrivals);
            let arrivals = &mut *arrivals;
            arrivals.surplus |= stop;
            match crate::board::push::read(question, arrivals.next) {
                Pushed::Items(items) => {
                    if !arrivals.closed {
                        arrivals.items.extend(items);
                    }
                    arrivals.next += 1;
                    pauses.set(!stop);
                    crate::board::push::accept(arrivals.next - 1, stop)
                }
                Pushed::Again(number) => {
                    arrivals.surplus = true;
                    crate::board::push::accept(number, stop)
                }
                Pushed::Gap => {
                    arrivals.surplus = true;
                    crate::board::push::repeat()
                }
                Pushed::End => crate::board::push::end(),
            }
        };
        let input = if stop { crate::board::push::STOP } else { b"" };
        let outcome = self.run_pausing(host, &run, command.as_ref(), (&pauses, input), &mut answer);
        match outcome {
            Ok(_) if pauses.get() => {
                self.stream = Some(stream);
                Ok(())
            }
            Ok(payload) => {
                let surplus = {
                    let mut arrivals = lock(&stream.arrivals);
                    arrivals.ended = matches!(payload, Payload::Stop(_));
                    std::mem::take(&mut arrivals.surplus)
                };
                // An answer to a message that came twice may be at the prompt.
                if surplus { self.clear_line(host, &run) } else { Ok(()) }
            }
            Err(error) => {
                if !self.is_unsettled() {
                    let _ = self.clear_line(host, &run);
                }
                Err(error)
            }
        }
    }
}
