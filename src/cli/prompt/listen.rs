//! Prints output of boards above the line that the user is typing.
//!
//! Uses [`crate::device`] and rustix. Invariant: nothing listens any more when the line is finished, so that no call waits
//! for it longer than the passing on of what a board has just printed.

use super::above::Above;
use crate::cli::console::Console;
use crate::device::Device;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io::PipeReader;
use std::os::fd::OwnedFd;
use std::sync::Arc;

/// How long a line must go on before boards are listened to: lines that are pasted or were typed ahead are finished at once,
/// and nothing may be on its way to the editor then.
const SETTLED: Timespec = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };
/// Interval of checking for free space.
const FULL: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
/// How often a descriptor may report a false end.
const MOST_ENDS: u32 = 3;

/// Lets the user type a line, and passes on the output of `devices` meanwhile. Without an `above`, which plain terminals do not
/// have, that is done later, by the next call.
pub fn listening<T>(
    devices: Vec<Device>,
    console: &Arc<Console>,
    above: Option<&Above>,
    type_line: impl FnOnce() -> T,
) -> T {
    let Some(above) = above.filter(|_| !devices.is_empty()) else { return type_line() };
    let Ok((finished, typing)) = std::io::pipe() else { return type_line() };
    let printer = above.clone();
    console.divert(Some(Box::new(move |bytes| printer.print(bytes))));
    let line = std::thread::scope(|scope| {
        scope.spawn(|| listen(devices, &finished, console, above));
        // Dropped on every exit path.
        let typing = typing;
        let line = type_line();
        drop(typing);
        line
    });
    console.divert(None);
    console.bytes(&above.rest());
    line
}

/// A device and the descriptor that signals output of its board.
struct Watched {
    device: Device,
    descriptors: Vec<OwnedFd>,
    /// How often an end has shown.
    ends: u32,
}

/// Listens until the other end of `finished` is gone.
fn listen(devices: Vec<Device>, finished: &PipeReader, console: &Console, above: &Above) {
    if is_finished(finished, &SETTLED) {
        return;
    }
    let mut watched: Vec<Watched> = devices.into_iter().filter_map(|device| watch(device, console)).collect();
    while !watched.is_empty() {
        if above.is_full() {
            if is_finished(finished, &FULL) {
                return;
            }
            continue;
        }
        let mut polled = vec![PollFd::new(finished, PollFlags::IN)];
        let descriptors = watched.iter().flat_map(|watched| &watched.descriptors);
        polled.extend(descriptors.map(|descriptor| PollFd::new(descriptor, PollFlags::IN)));
        match poll(&mut polled, None) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(_) => return,
        }
        let events: Vec<PollFlags> = polled.iter().map(PollFd::revents).collect();
        if !events[0].is_empty() {
            return;
        }
        let mut events = events.into_iter().skip(1);
        let mut still = Vec::with_capacity(watched.len());
        for one in watched {
            let event = events.by_ref().take(one.descriptors.len()).fold(PollFlags::empty(), PollFlags::union);
            still.extend(if event.is_empty() { Some(one) } else { hear(one, event, console) });
        }
        watched = still;
    }
}

fn is_finished(finished: &PipeReader, wait: &Timespec) -> bool {
    let mut polled = [PollFd::new(finished, PollFlags::IN)];
    poll(&mut polled, Some(wait)).is_ok_and(|count| count > 0)
}

/// Starts watching a device, and passes on its earlier output.
fn watch(device: Device, console: &Console) -> Option<Watched> {
    look_again(Watched { device, descriptors: Vec::new(), ends: 0 }, console)
}

/// Something has happened. `None`: the device need not be watched any more.
fn hear(mut watched: Watched, event: PollFlags, console: &Console) -> Option<Watched> {
    if !event.contains(PollFlags::IN) {
        watched.ends += 1;
    }
    look_again(watched, console).filter(|watched| watched.ends < MOST_ENDS)
}

/// Passes on what the board has printed. It may show the next in another way: a simulated one that restarts is another process.
fn look_again(mut watched: Watched, console: &Console) -> Option<Watched> {
    if !passes_on(&watched.device, console) {
        return None;
    }
    watched.descriptors = watched.device.descriptors();
    (!watched.descriptors.is_empty()).then_some(watched)
}

/// Passes on output of the board. Returns whether it is still connected.
fn passes_on(device: &Device, console: &Console) -> bool {
    match device.listen() {
        Ok(()) => true,
        Err(error) => {
            console.remark(&format!("-- `{}`: {}\n", device.name(), error.message()));
            false
        }
    }
}
