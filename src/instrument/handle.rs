//! One open instrument, which threads may share.
//!
//! Uses the other files of this folder. Invariant: each call has the instrument for itself.

use super::address::InstrumentAddress;
use super::block::Format;
use super::class::{Class, Item};
use super::link::{Data, Limits, Link, Opener};
use super::options::InstrumentOptions;
use super::reply::{self, Identity};
use super::simulated::SimInstrument;
use super::turn::{Held, Turn};
use crate::error::{Error, Kind, Result};
use crate::port::stream::{Stream, explain};
use crate::port::{PortError, Wait};
use crate::value::Value;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// When the part of the run ends that the calling thread is in.
pub type Deadline = dyn Fn() -> Option<Instant> + Send + Sync;

/// When a [`Carrier`] is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Before a call of the instrument.
    Before,
    /// After one, and when it is open.
    After,
}

/// Carries values between a simulated instrument and what it is wired to, around each of its calls.
pub type Carrier = dyn Fn(Moment) -> Result<()> + Send + Sync;

/// An open instrument. Clones are the same instrument.
#[derive(Clone)]
pub struct Instrument(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) class: Arc<Class>,
    /// The items of its class for its model, in the order in which setups and teardowns run.
    pub(super) items: Vec<Arc<Item>>,
    name: String,
    written: String,
    public_name: String,
    identity: Option<Identity>,
    calibrated: Option<String>,
    simulated: Option<SimInstrument>,
    carrier: Option<Box<Carrier>>,
    deadline: Box<Deadline>,
    turn: Turn,
    link: Mutex<Link>,
}

/// What a call may differ in from the options of its instrument.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CallOptions {
    /// How long a reply may take.
    pub timeout: Option<Duration>,
    /// Whether the error queue is read after it.
    pub check_errors: Option<bool>,
    /// Whether Ctrl-C does not end it: for teardowns.
    pub undisturbed: bool,
}

/// How the numbers of a reply are read.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct NumberOptions {
    /// The format of a binary block.
    pub format: Option<Format>,
    /// The least byte of each number comes first.
    pub little: bool,
}

/// Holds an instrument for a group of calls of this thread.
pub struct Locked<'a>(#[expect(dead_code, reason = "it is held until it is dropped")] Held<'a>);

impl Instrument {
    /// Opens an instrument over the streams that `opener` opens, asks who it is, and runs the setups of its class.
    ///
    /// # Errors
    /// Of the stream; [`Kind::TimeoutError`] if it does not say who it is; [`Kind::NoMatchingExecuterError`] if an item of its class
    /// has no overload for its model; of a setup, after which the teardowns have run.
    pub fn open(
        class: &Arc<Class>,
        address: &InstrumentAddress,
        options: InstrumentOptions,
        opener: Box<Opener>,
        deadline: Box<Deadline>,
    ) -> Result<Instrument> {
        Instrument::open_over(class, address, (None, None), options, opener, deadline)
    }

    /// Opens a simulated instrument, as [`Instrument::open`] does. `carrier`: what it is wired to.
    ///
    /// # Errors
    /// As [`Instrument::open`]; of the carrier.
    pub fn open_simulated(
        class: &Arc<Class>,
        address: &InstrumentAddress,
        simulated: &SimInstrument,
        options: InstrumentOptions,
        deadline: Box<Deadline>,
        carrier: Option<Box<Carrier>>,
    ) -> Result<Instrument> {
        let (instrument, written) = (simulated.clone(), address.to_string());
        let opener = move || Ok(Stream::over(Box::new(instrument.port(&written))));
        let terminator = simulated.definition().terminator.clone();
        let own = InstrumentOptions { terminator: Some(terminator), ..InstrumentOptions::default() };
        let options = InstrumentOptions { terminator: None, read_terminator: None, ..options }.or(&own);
        let simulated = (Some(simulated.clone()), carrier);
        Instrument::open_over(class, address, simulated, options, Box::new(opener), deadline)
    }

    fn open_over(
        class: &Arc<Class>,
        address: &InstrumentAddress,
        (simulated, carrier): (Option<SimInstrument>, Option<Box<Carrier>>),
        options: InstrumentOptions,
        opener: Box<Opener>,
        deadline: Box<Deadline>,
    ) -> Result<Instrument> {
        let (name, calibrated) = (options.name.clone(), options.calibrated.clone());
        let identify = options.identify != Some(false);
        let mut link = Link::new(opener, options);
        let limits = Limits { timeout: link.options().timeout(), until: deadline(), interruptible: true };
        let identity = match identify {
            true => Some(link.identify(limits).map_err(|error| unidentified(error, address))?),
            false => {
                link.stream()?;
                None
            }
        };
        let model = identity.as_ref().map(|identity| identity.model.clone()).unwrap_or_default();
        let items = class.select(&model)?;
        let class_name = Some(class.name.clone()).filter(|_| class.origin.is_some());
        let model = Some(model).filter(|model| !model.is_empty());
        let instrument = Instrument(Arc::new(Inner {
            class: class.clone(),
            items,
            name: name.or(class_name).or(model).unwrap_or_else(|| class.name.clone()),
            written: address.to_string(),
            public_name: address.public_name(),
            identity,
            calibrated,
            simulated,
            carrier,
            deadline,
            turn: Turn::default(),
            link: Mutex::new(link),
        }));
        match instrument.set_up().and_then(|()| instrument.carry(Moment::After)) {
            Ok(()) => Ok(instrument),
            // Undo what the setups switched on.
            Err(error) => Err(match instrument.close() {
                Ok(()) => error,
                Err(closing) => error.with_other(closing),
            }),
        }
    }

    /// Its class.
    pub fn class(&self) -> &Arc<Class> {
        &self.0.class
    }

    /// The simulated instrument that it is connected to.
    pub fn simulated(&self) -> Option<&SimInstrument> {
        self.0.simulated.as_ref()
    }

    /// Its name in errors and reports.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Its address as the user wrote it.
    pub fn address(&self) -> &str {
        &self.0.written
    }

    /// The kind of its address, for reports.
    pub fn public_name(&self) -> &str {
        &self.0.public_name
    }

    /// Who it said it is when it was opened.
    pub fn identity(&self) -> Option<&Identity> {
        self.0.identity.as_ref()
    }

    /// When it was calibrated, as the bench knows it.
    pub fn calibrated(&self) -> Option<&str> {
        self.0.calibrated.as_deref()
    }

    /// Whether it is simulated.
    pub fn is_simulated(&self) -> bool {
        self.0.simulated.is_some()
    }

    /// Whether it is open.
    pub fn is_open(&self) -> bool {
        self.link().is_open()
    }

    /// Whether both are the same.
    pub fn is(&self, other: &Instrument) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    pub(super) fn link(&self) -> MutexGuard<'_, Link> {
        self.0.link.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Holds the instrument for a group of calls of this thread. Other threads wait.
    ///
    /// # Errors
    /// [`Kind::Interrupted`], or [`Kind::TimeoutError`] at the run's deadline.
    pub fn lock(&self) -> Result<Locked<'_>> {
        self.turn(true).map(Locked)
    }

    pub(super) fn turn(&self, interruptible: bool) -> Result<Held<'_>> {
        let wait = Wait { deadline: (self.0.deadline)(), interruptible };
        self.0.turn.take(wait).map_err(|error: PortError| {
            explain(error, "waiting for another closure that uses the instrument", None).with_device(self.name())
        })
    }

    /// Runs `work` with the instrument for itself.
    pub(super) fn with<T>(&self, options: CallOptions, work: impl FnOnce(&mut Link, Limits) -> Result<T>) -> Result<T> {
        let _held = self.turn(!options.undisturbed)?;
        match self.carry(Moment::Before) {
            // A teardown switches off, whatever it is wired to.
            Err(error) if !options.undisturbed => return Err(error),
            _ => {}
        }
        let done = {
            let mut link = self.link();
            let timeout = options.timeout.unwrap_or_else(|| link.options().timeout());
            let until = if options.undisturbed { None } else { (self.0.deadline)() };
            let limits = Limits { timeout, until, interruptible: !options.undisturbed };
            work(&mut link, limits).map_err(|error| error.with_device(self.name()))?
        };
        self.carry(Moment::After).map(|()| done)
    }

    fn carry(&self, moment: Moment) -> Result<()> {
        self.0.carrier.as_ref().map_or(Ok(()), |carrier| carrier(moment))
    }

    /// Sends a command.
    ///
    /// # Errors
    /// Of the connection; [`Kind::InstrumentError`] with `check_errors`.
    pub fn write(&self, command: &str, options: CallOptions) -> Result<()> {
        self.with(options, |link, limits| {
            link.write(command, limits)?;
            checked(link, command, options, limits)
        })
    }

    /// Waits for a line: the reply of a command that was written.
    ///
    /// # Errors
    /// Of the connection.
    pub fn read(&self, options: CallOptions) -> Result<String> {
        self.with(options, |link, limits| link.read(None, limits))
    }

    /// Sends a query, and waits for its line.
    ///
    /// # Errors
    /// As [`Instrument::write`].
    pub fn query(&self, command: &str, options: CallOptions) -> Result<String> {
        self.with(options, |link, limits| {
            let text = link.query(command, limits)?;
            checked(link, command, options, limits)?;
            Ok(text)
        })
    }

    /// Sends a query, and waits for its numbers: a list with commas, or a binary block.
    ///
    /// # Errors
    /// As [`Instrument::write`]; [`Kind::ArgumentError`] if a block comes and no format is given, [`Kind::ProtocolError`] for a reply
    /// that holds something else.
    pub fn query_numbers(&self, command: &str, numbers: NumberOptions, options: CallOptions) -> Result<Vec<Value>> {
        self.with(options, |link, limits| {
            let data = link.query_data(command, limits)?;
            checked(link, command, options, limits)?;
            numbers_of(command, data, numbers)
        })
    }

    /// Sends a query, and waits for its block.
    ///
    /// # Errors
    /// As [`Instrument::write`]; [`Kind::ProtocolError`] if the reply is not a block.
    pub fn query_block(&self, command: &str, options: CallOptions) -> Result<Vec<u8>> {
        self.with(options, |link, limits| {
            let data = link.query_data(command, limits)?;
            checked(link, command, options, limits)?;
            block_of(data)
        })
    }

    /// Waits for a block: the reply of a command that was written.
    ///
    /// # Errors
    /// As [`Instrument::query_block`].
    pub fn read_block(&self, options: CallOptions) -> Result<Vec<u8>> {
        self.with(options, |link, limits| block_of(link.read_data(None, limits)?))
    }

    /// Sends a command with a block of data.
    ///
    /// # Errors
    /// As [`Instrument::write`].
    pub fn write_block(&self, command: &str, bytes: &[u8], options: CallOptions) -> Result<()> {
        self.with(options, |link, limits| {
            link.write_block(command, bytes, limits)?;
            checked(link, command, options, limits)
        })
    }

    /// Asks who it is.
    ///
    /// # Errors
    /// Of the connection.
    pub fn identify(&self) -> Result<Identity> {
        self.with(CallOptions::default(), Link::identify)
    }

    /// Reads its error queue until it is empty: codes and texts.
    ///
    /// # Errors
    /// Of the connection; [`Kind::ProtocolError`] for a reply that is not an entry.
    pub fn errors(&self) -> Result<Vec<(i64, String)>> {
        self.with(CallOptions::default(), Link::faults)
    }

    /// Waits until its operations are complete (`*OPC?`).
    ///
    /// # Errors
    /// Of the connection.
    pub fn wait_done(&self, timeout: Option<Duration>) -> Result<()> {
        let options = CallOptions { timeout, ..CallOptions::default() };
        self.with(options, |link, limits| link.query("*OPC?", limits).map(drop))
    }

    /// Reads its status byte (IEEE 488.2, 11.2).
    ///
    /// # Errors
    /// Of the connection.
    pub fn status_byte(&self) -> Result<u8> {
        self.with(CallOptions::default(), Link::status)
    }

    /// Drops late replies, and clears its status and error queue (`*CLS`).
    ///
    /// # Errors
    /// Of the connection.
    pub fn clear(&self) -> Result<()> {
        self.with(CallOptions::default(), Link::clear)
    }

    /// How long a reply may take.
    pub fn timeout(&self) -> Duration {
        self.link().options().timeout()
    }

    /// Sets how long a reply may take.
    pub fn set_timeout(&self, timeout: Duration) {
        self.link().set_timeout(timeout);
    }

    /// Runs the teardowns of its class, each even if another one fails, and closes the connection. Later calls fail, and closing
    /// again does nothing.
    ///
    /// # Errors
    /// Of the first teardown that failed, with the others.
    pub fn close(&self) -> Result<()> {
        if !self.is_open() {
            return Ok(());
        }
        let done = self.tear_down();
        self.link().close();
        done
    }
}

/// With `check_errors`, what the instrument refused.
pub(super) fn checked(link: &mut Link, command: &str, options: CallOptions, limits: Limits) -> Result<()> {
    match options.check_errors.or(link.options().check_errors) {
        Some(true) => link.check(command, limits),
        _ => Ok(()),
    }
}

fn unidentified(error: Error, address: &InstrumentAddress) -> Error {
    match error.kind() {
        Kind::TimeoutError => Error::new(Kind::TimeoutError, format!("`{address}` did not respond to `*IDN?`"))
            .with_help(
                "check `terminator` and `baudrate`; `identify: false` opens an instrument that does not know `*IDN?`",
            ),
        _ => error,
    }
}

pub(super) fn block_of(data: Data) -> Result<Vec<u8>> {
    match data {
        Data::Block(bytes) => Ok(bytes),
        Data::Line(line) => {
            let line: String = line.chars().take(40).collect();
            Err(Error::new(Kind::ProtocolError, format!("the reply is not a binary block: `{}`", line.escape_debug()))
                .with_help("a block begins with `#`; `query` and `query_numbers` read texts"))
        }
    }
}

pub(super) fn numbers_of(command: &str, data: Data, options: NumberOptions) -> Result<Vec<Value>> {
    let bytes = match data {
        Data::Line(line) => {
            return reply::numbers(&line).map_err(|element| {
                let element: String = element.chars().take(40).collect();
                let message =
                    format!("the reply to `{command}` holds `{}`, which is not a number", element.escape_debug());
                Error::new(Kind::ProtocolError, message).with_help("`query_text` returns the reply as text")
            });
        }
        Data::Block(bytes) => bytes,
    };
    let Some(format) = options.format else {
        let names: Vec<&str> = Format::NAMES.iter().map(|(name, _)| *name).collect();
        let message = format!("the reply to `{command}` is a binary block of {} bytes", bytes.len());
        return Err(Error::new(Kind::ArgumentError, message).with_help(format!(
            "name the format of its numbers: `#{{ format: \"f32\" }}`; formats: {}",
            names.join(", ")
        )));
    };
    format.numbers(&bytes, options.little).ok_or_else(|| {
        let message = format!("the block has {} bytes, which is not a multiple of {}", bytes.len(), format.size());
        Error::new(Kind::ProtocolError, message).with_help("check the `format`")
    })
}
