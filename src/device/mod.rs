//! Declared items bound to a board: chooses overloads, sends code, returns results.
//!
//! [`Host`] holds the shared state of the devices of one run; [`Device`] is a handle to one of them, cheap to clone and
//! usable from any thread (calls on one device wait for each other).
//!
//! Uses [`crate::board`] and the layers below. Invariant: after every call the device is usable, or reports that it is
//! lost or closed.

mod about;
pub mod arguments;
mod back;
mod calls;
pub mod check;
pub mod class;
mod clock;
mod code;
mod emitters;
mod files;
mod generator;
mod handle;
mod host;
mod journal;
mod kept;
mod life;
mod limits;
mod lines;
mod link;
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
mod proxy;
mod reconnect;
mod release;
mod reset;
mod resolve;
mod source;
mod state;
mod terminal;
mod text;
mod timing;

pub use crate::repl::{Keyboard, Keys};
pub use calls::Called;
pub use code::ExecOptions;
pub use files::{Files, Space};
pub use generator::Generator;
pub use handle::Device;
pub use host::Host;
pub use journal::MAX_HISTORY;
pub use link::Connector;
pub use named::NamedBoard;
pub use operation::{Function, Index, Operation};
pub use options::{Hook, Implementation, OpenOptions};
pub use output::{Output, Silent, Stage, Transfer};
pub use person::{Conversation, Terminal, unattended};
pub use proxy::{Items, OperationResult, Proxied, Proxy};
pub use reset::Reset;
