//! Firmware of every age and kind, as a real MicroPython in reduced forms: devices are opened, and everything that a
//! device can do is done on each.
//!
//! | firmware | what is imitated | which fact it represents |
//! |---|---|---|
//! | MicroPython 1.29, raw paste refused | answers `R\x00>` to the request | raw paste can be missing from a build |
//! | MicroPython 1.9 and 1.13 | answers the request with the prompt; `sys.implementation` of two or three fields; no `sys.stdin.buffer`; no f-strings in what the host sends; a syntax error at the end of a line is one of the next | the last versions without raw paste; 1.13 has `mpy` without underscore, 1.9 none |
//! | minimal build | no `hashlib`, `binascii`, `_thread`, `select`, `deflate`, `json`, `re`, `random`, `machine`, ticks; no `memoryview` | the lowest usual feature level |
//! | small board | 14 KB of memory are free when the host connects, which is 7 KB on a board of 32 bits | the smallest boards have 9 KB |
//! | CircuitPython 8, 9, 10 | see [`circuitpython`]: words in several languages, auto-reload, code.py at every soft reset, a read-only drive, no threads, no `machine`, no ticks, 32-bit floats, line ends of tracebacks | sections 1 to 7 of the facts |
//! | boards with a UART or a fast bridge | input rings of 32 to 256 bytes that overflow in real time | no flow control without raw paste |
//! | unknown | another name, no version, another platform | section 8.1: unknown names and fields are not fatal |
//!
//! The byte-level imitation, whose programs are not run, is in `tests/library/firmware.rs`: it has what a real interpreter
//! cannot be made to do (windows of every size, restarts at any byte).

mod circuitpython;
mod forms;
mod mounts;
mod rings;
mod round;
