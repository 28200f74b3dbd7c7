//! Serves a simulated instrument by HiSLIP (IVI-6.1), in synchronized mode.
//!
//! Each session has two connections. The one for messages answers them in turn; the other one clears the instrument and reads its
//! status meanwhile. Locks are refused; service requests are not sent.
//!
//! Uses [`crate::port::stream::hislip::message`]. Invariants: a length that a client names reserves no memory beyond [`LARGEST`]; a
//! session ends with its connection for messages.

use super::{SimInstrument, SimPort};
use crate::port::stream::hislip::message::{HEADER, Header, SMALL, VERSION, kind};
use crate::port::{Port as _, PortError, Wait};
use std::collections::HashMap;
use std::io::{Read as _, Result, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Bytes of payload that one message may have.
const LARGEST: u64 = 1 << 20;

/// Bytes of all the data before the end of a message.
const MESSAGE: usize = 64 << 20;

/// The codes of errors (tables 14 and 16).
const BAD_HEADER: u8 = 1;
const BAD_START: u8 = 3;
const TOO_MANY: u8 = 4;
const UNKNOWN_KIND: u8 = 1;
const TOO_LARGE: u8 = 4;

/// Bits of the status byte (IEEE 488.2, 11.2).
const MESSAGE_AVAILABLE: u8 = 1 << 4;

/// Most sessions at a time.
const SESSIONS: usize = 32;

/// What both connections of a session know.
#[derive(Default)]
struct Session {
    /// The client asked for a device clear, which its other connection is to complete.
    clearing: AtomicBool,
    /// A reply was sent whose end the client has not taken, as far as it said.
    unread: AtomicBool,
    /// Most bytes of payload that the client takes.
    most: AtomicU64,
}

/// The sessions of a server.
#[derive(Clone, Default)]
pub(super) struct Sessions(Arc<Mutex<HashMap<u16, Arc<Session>>>>);

impl Sessions {
    fn all(&self) -> MutexGuard<'_, HashMap<u16, Arc<Session>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self) -> Option<(u16, Arc<Session>)> {
        let mut all = self.all();
        let free = (1..=u16::MAX).find(|id| !all.contains_key(id)).filter(|_| all.len() < SESSIONS)?;
        let session = Arc::new(Session { most: AtomicU64::new(LARGEST), ..Session::default() });
        all.insert(free, session.clone());
        Some((free, session))
    }
}

/// Talks over one connection until it is gone.
pub(super) fn talk(mut stream: TcpStream, instrument: &SimInstrument, sessions: &Sessions) -> Result<()> {
    let Some((header, payload)) = receive(&mut stream)? else { return Ok(()) };
    match header.kind {
        kind::INITIALIZE if !matches!(&*payload, b"" | b"hislip0") => {
            fatal(&mut stream, BAD_START, "unknown sub-address; the instrument is hislip0")
        }
        kind::INITIALIZE => {
            let Some((id, session)) = sessions.begin() else {
                return fatal(&mut stream, TOO_MANY, "too many sessions");
            };
            let welcome = Header::new(kind::INITIALIZE_RESPONSE, 0, VERSION << 16 | u32::from(id));
            let done = stream.write_all(&welcome.with(&[])).and_then(|()| messages(&mut stream, instrument, &session));
            sessions.all().remove(&id);
            done
        }
        kind::ASYNC_INITIALIZE => {
            let session = u16::try_from(header.parameter).ok().and_then(|id| sessions.all().get(&id).cloned());
            let Some(session) = session else { return fatal(&mut stream, BAD_START, "unknown session") };
            stream.write_all(&Header::new(kind::ASYNC_INITIALIZE_RESPONSE, 0, 0).with(&[]))?;
            control(&mut stream, instrument, &session)
        }
        _ => fatal(&mut stream, BAD_START, "a session begins with Initialize"),
    }
}

/// Reads the next message with its payload. `None`: the message is not supported, and the client has received an error.
fn receive(stream: &mut TcpStream) -> Result<Option<(Header, Vec<u8>)>> {
    let mut bytes = [0; HEADER];
    stream.read_exact(&mut bytes)?;
    let Some(header) = Header::read(&bytes) else {
        fatal(stream, BAD_HEADER, "not a HiSLIP message")?;
        return Ok(None);
    };
    let limit = if matches!(header.kind, kind::DATA | kind::DATA_END) { LARGEST } else { SMALL };
    if header.length > limit {
        stream.write_all(&Header::new(kind::ERROR, TOO_LARGE, 0).with(b"message too large"))?;
        return Ok(None);
    }
    let mut payload = vec![0; usize::try_from(header.length).unwrap_or_default()];
    stream.read_exact(&mut payload)?;
    Ok(Some((header, payload)))
}

fn fatal(stream: &mut TcpStream, code: u8, text: &str) -> Result<()> {
    stream.write_all(&Header::new(kind::FATAL_ERROR, code, 0).with(text.as_bytes()))
}

/// The connection for messages.
fn messages(stream: &mut TcpStream, instrument: &SimInstrument, session: &Session) -> Result<()> {
    let mut port = instrument.port("served");
    let mut message = Vec::new();
    while let Some((header, payload)) = receive(stream)? {
        match header.kind {
            // What was sent before the device clear is forgotten.
            kind::DATA | kind::DATA_END if session.clearing.load(Ordering::SeqCst) => {}
            kind::DATA | kind::DATA_END => {
                session.unread.store(false, Ordering::SeqCst);
                message.extend(payload);
                if message.len() > MESSAGE {
                    return stream.write_all(&Header::new(kind::ERROR, TOO_LARGE, 0).with(b"message too large"));
                }
                if header.kind == kind::DATA_END {
                    let terminator = instrument.definition().terminator.as_bytes();
                    if !message.ends_with(terminator) {
                        message.extend(terminator);
                    }
                    port.feed(&std::mem::take(&mut message));
                    answer(stream, &mut port, session, header.parameter)?;
                }
            }
            kind::TRIGGER => port.feed(b"*TRG\n"),
            kind::DEVICE_CLEAR_COMPLETE => {
                message.clear();
                port = instrument.port("served");
                session.clearing.store(false, Ordering::SeqCst);
                session.unread.store(false, Ordering::SeqCst);
                // Overlap mode is never agreed on, whatever the client wants.
                stream.write_all(&Header::new(kind::DEVICE_CLEAR_ACKNOWLEDGE, 0, 0).with(&[]))?;
            }
            _ => stream.write_all(&Header::new(kind::ERROR, UNKNOWN_KIND, 0).with(b"unrecognized message type"))?,
        }
    }
    Ok(())
}

/// Sends the replies of a message, unless the client clears the instrument before they are due.
fn answer(stream: &mut TcpStream, port: &mut SimPort, session: &Session, id: u32) -> Result<()> {
    let mut reply = Vec::new();
    while port.next().is_some() {
        if session.clearing.load(Ordering::SeqCst) {
            return Ok(());
        }
        match port.read(&mut reply, Wait::for_at_most(Duration::from_millis(20)).undisturbed()) {
            Ok(_) | Err(PortError::Timeout) => {}
            Err(_) => return Ok(()),
        }
    }
    if reply.is_empty() {
        return Ok(());
    }
    session.unread.store(true, Ordering::SeqCst);
    let most = usize::try_from(session.most.load(Ordering::SeqCst)).unwrap_or(usize::MAX);
    let mut parts = reply.chunks(most.saturating_sub(HEADER).max(1)).peekable();
    while let Some(part) = parts.next() {
        let kind = if parts.peek().is_some() { kind::DATA } else { kind::DATA_END };
        stream.write_all(&Header::new(kind, 0, id).with(part))?;
    }
    Ok(())
}

/// The connection for everything else.
fn control(stream: &mut TcpStream, instrument: &SimInstrument, session: &Session) -> Result<()> {
    while let Some((header, payload)) = receive(stream)? {
        let (kind, control, payload) = match header.kind {
            kind::ASYNC_MAXIMUM_MESSAGE_SIZE => {
                let most = payload.first_chunk().map_or(LARGEST, |bytes| u64::from_be_bytes(*bytes));
                session.most.store(most.clamp(256, LARGEST), Ordering::SeqCst);
                (kind::ASYNC_MAXIMUM_MESSAGE_SIZE_RESPONSE, 0, LARGEST.to_be_bytes().to_vec())
            }
            kind::ASYNC_DEVICE_CLEAR => {
                session.clearing.store(true, Ordering::SeqCst);
                (kind::ASYNC_DEVICE_CLEAR_ACKNOWLEDGE, 0, Vec::new())
            }
            kind::ASYNC_STATUS_QUERY => {
                if header.control & 1 == 1 {
                    session.unread.store(false, Ordering::SeqCst);
                }
                let available = if session.unread.load(Ordering::SeqCst) { MESSAGE_AVAILABLE } else { 0 };
                (kind::ASYNC_STATUS_RESPONSE, instrument.status() | available, Vec::new())
            }
            // Not granted, not released.
            kind::ASYNC_LOCK => (kind::ASYNC_LOCK_RESPONSE, 0, Vec::new()),
            kind::ASYNC_LOCK_INFO => (kind::ASYNC_LOCK_INFO_RESPONSE, 0, Vec::new()),
            kind::ASYNC_REMOTE_LOCAL_CONTROL => (kind::ASYNC_REMOTE_LOCAL_RESPONSE, 0, Vec::new()),
            _ => (kind::ERROR, UNKNOWN_KIND, b"unrecognized message type".to_vec()),
        };
        stream.write_all(&Header::new(kind, control, 0).with(&payload))?;
    }
    Ok(())
}
