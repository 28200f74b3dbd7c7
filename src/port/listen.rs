//! Serves clients of a TCP port, each on a thread of its own.
//!
//! Invariant: at most 64 are served at a time; a client that is gone ends its thread.

use super::Wait;
use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream};

/// Most clients at a time.
const CLIENTS: usize = 64;

/// Listens at `address`: `127.0.0.1:5025`; port 0 takes a free one.
///
/// # Errors
/// Of the system.
pub fn listen(address: &str) -> std::io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Calls what `client` gives with each client, on a thread of its own, until `ends` says so.
///
/// # Errors
/// Of the system.
pub fn serve<T>(listener: &TcpListener, ends: &dyn Fn() -> bool, client: impl Fn() -> T) -> std::io::Result<()>
where
    T: FnOnce(TcpStream) -> std::io::Result<()> + Send + 'static,
{
    let mut clients: Vec<std::thread::JoinHandle<()>> = Vec::new();
    while !ends() {
        match listener.accept() {
            Ok((stream, _)) => {
                clients.retain(|client| !client.is_finished());
                if clients.len() < CLIENTS {
                    let talk = client();
                    clients.push(std::thread::spawn(move || {
                        let _ = prepare(&stream).and_then(|()| talk(stream));
                    }));
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => wait_for(listener),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Waits for a client, for at most one slice.
fn wait_for(listener: &TcpListener) {
    #[cfg(unix)]
    {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        let limit = Timespec::try_from(Wait::SLICE).ok();
        let _ = poll(&mut [PollFd::new(listener, PollFlags::IN)], limit.as_ref());
    }
    #[cfg(not(unix))]
    {
        let _ = listener;
        std::thread::park_timeout(Wait::SLICE);
    }
}

fn prepare(stream: &TcpStream) -> std::io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_nodelay(true)
}
