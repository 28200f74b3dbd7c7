//! The fault suite: everything that is done with a board, while everything goes wrong with its link. Prints a table.

use crate::alone::alone;
use crate::extent;
use crate::fault_cases::{Bench, DEEDS, Deed, Plan, judge, places, run};
use crate::faulty_port::Fault;

/// What others may print.
const GARBAGE: &[&[u8]] = &[
    b"tick\r\n",
    b"half a line",
    b"\x04",
    b"\x04\x04>",
    b"\x04x\r\n\x04>",
    b">",
    b"OK",
    b"R\x01",
    b"\x01",
    b"\x1e",
    b"\xff\xfe\xc3",
    "\x1b]0;🐍Done | 10.3.0\x1b\\".as_bytes(),
    b"raw REPL; CTRL-B to exit\r\n>",
    b"\r\n>>> ",
    b"\x04Traceback (most recent call last):\r\nValueError: x\r\n\x04>",
];

fn plans(deed: Deed, crlf: bool) -> Vec<Plan> {
    let (read, written) = Bench::new(crlf, deed, true).traffic(deed);
    let at = |fault: fn(usize) -> Fault, most| places(read, most).into_iter().map(fault).collect::<Vec<Fault>>();
    let ends = |fault: fn(usize) -> Fault| [0, read / 2, read.saturating_sub(1)].map(fault).to_vec();
    // A flip in what a program prints is output like any other.
    let prints =
        matches!(deed, Deed::Connect | Deed::Call | Deed::Resident | Deed::SmallLoop | Deed::Batch | Deed::Close);
    let inside = [1, read / 2, read.saturating_sub(1)].into_iter();
    let garbage = |place: usize| GARBAGE.iter().map(move |bytes| Fault::Garbage(place, bytes.to_vec()));
    let dropped = [0, read / 2, read.saturating_sub(1)]
        .into_iter()
        .flat_map(|place| [Fault::Drop(place, 1), Fault::Drop(place, 5)]);
    vec![
        (deed, "unplug", at(Fault::Unplug, 4)),
        (deed, "unplug in a write", places(written, 4).into_iter().map(Fault::UnplugInWrite).collect()),
        (deed, "reboot", at(Fault::Reboot, 2)),
        (deed, "reboot in a write", places(written, 2).into_iter().map(Fault::RebootInWrite).collect()),
        (deed, "stall", ends(Fault::Stall)),
        (deed, "flood", ends(Fault::Flood)),
        (deed, "garbage before", garbage(0).collect()),
        (deed, "garbage inside", inside.flat_map(garbage).collect()),
        (deed, "garbage after", garbage(read).collect()),
        (deed, "one byte at a time", vec![Fault::Trickle]),
        (deed, "truncated", dropped.collect()),
        (deed, "flipped bit", if prints { Vec::new() } else { at(Fault::Flip, 8) }),
    ]
}

#[test]
fn every_fault_at_every_moment() {
    let mut plans: Vec<Plan> = DEEDS.iter().flat_map(|&deed| plans(deed, true)).collect();
    if let Ok(only) = std::env::var("FAULTS") {
        plans.retain(|(deed, name, _)| format!("{deed:?} {name}").contains(&only));
    }
    let (step, kinds) = (extent::one_of("faults"), (plans.len() / DEEDS.len()).max(1));
    // Each plan begins at another of its cases, so that together they cover all moments.
    for (number, (_, _, faults)) in plans.iter_mut().enumerate() {
        let first = (number % step).min(faults.len().saturating_sub(1));
        *faults = faults.iter().skip(first).step_by(step).cloned().collect();
        // Without `CI`, each fault meets every second deed, and each deed every second fault.
        if step > 1 && (number / kinds + number) % 2 == 0 {
            faults.clear();
        }
    }
    judge(&run(plans, 32, true));
}

/// A press of Ctrl-C is for all that waits in a process: one case at a time.
#[test]
fn ctrl_c_at_every_moment() {
    alone("faults::ctrl_c_at_every_moment", || {
        let places = |deed| places(Bench::new(true, deed, true).traffic(deed).0, 2);
        let step = extent::one_of("interrupts");
        let faults = |deed| places(deed).into_iter().step_by(step).map(Fault::Interrupt).collect();
        judge(&run(DEEDS.iter().map(|&deed| (deed, "interrupt", faults(deed))).collect(), 1, true));
    });
}

/// Where the line ends of a board can make a difference: in a reply that is torn, mixed with other output, or had again.
#[test]
fn torn_replies_of_boards_that_end_lines_with_lf() {
    let deeds = [Deed::Connect, Deed::Call, Deed::Generator, Deed::Files];
    let mut plans: Vec<Plan> = deeds.iter().flat_map(|&deed| plans(deed, false)).collect();
    plans.retain(|(_, name, _)| ["garbage inside", "truncated", "one byte at a time"].contains(name));
    for (_, _, faults) in &mut plans {
        let step = faults.len().div_ceil(8 / extent::one_of("torn"));
        *faults = faults.iter().step_by(step).cloned().collect();
    }
    judge(&run(plans, 32, false));
}

#[test]
fn teardowns_of_other_boards_still_run() {
    std::thread::scope(|scope| {
        for fault in [Fault::Unplug(0), Fault::UnplugInWrite(3), Fault::Reboot(0), Fault::Stall(0), Fault::Flood(0)] {
            scope.spawn(move || {
                let printed = Bench::new(true, Deed::Close, false).close_beside_a_healthy_one(&fault);
                assert!(printed.contains("torn down"), "{fault:?}: {printed:.200}");
            });
        }
    });
}
