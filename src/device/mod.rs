//! Declared items bound to a board: chooses overloads, sends code, returns results.
//!
//! [`Host`] owns the devices of one run and holds its [`HostOptions`]; [`Device`] is a handle to one of them, cheap to clone and
//! usable from any thread (calls on one device wait for each other).
//!
//! Uses [`crate::board`] and the layers below. Invariant: after every call the device is usable, or reports that it is
//! lost or closed.

mod about;
mod ahead;
pub mod arguments;
mod arrivals;
mod back;
mod batch;
mod calls;
mod changes;
pub mod check;
pub mod class;
mod clock;
mod code;
mod connector;
mod deadline;
mod emitters;
mod files;
mod first;
mod forget;
mod generator;
mod handle;
mod host;
mod host_options;
mod instrument_registry;
mod instruments;
mod journal;
mod known;
mod large;
mod life;
mod limits;
mod lines;
mod link_errors;
mod listen;
mod lock;
mod mount;
mod mounting;
mod named;
mod open;
mod operation;
mod options;
mod output;
mod person;
mod pool;
pub mod profile;
mod proxy;
mod reconnect;
mod registry;
mod release;
mod reset;
mod resolve;
mod source;
pub mod startup;
mod state;
mod streaming;
mod take_up;
mod terminal;
mod text;
mod timing;
mod turns;
mod visited;
pub(crate) mod wiring;

pub use crate::repl::{Keyboard, Keys};
pub use about::About;
pub use batch::{BatchCall, BatchResult};
pub use calls::Called;
pub(crate) use changes::FileChanges;
pub use code::ExecOptions;
pub use connector::PortOpener;
pub use files::{Files, Space};
pub use generator::Generator;
pub use handle::Device;
pub use host::Host;
pub use host_options::{HostMount, HostOptions};
pub use instrument_registry::NamedInstrument;
pub use journal::MAX_HISTORY;
pub use named::NamedBoard;
pub use operation::{Function, Index, Operation};
pub use options::{Hook, Implementation, OpenOptions};
pub use output::{Output, Silent, Stage, Transfer};
pub use person::{Conversation, Terminal, unattended};
pub use proxy::{Items, OperationResult, Proxied, Proxy};
pub use reset::Reset;
