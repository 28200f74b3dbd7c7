//! Declared items bound to a board: which overload, what is sent, what comes back, in which order.
//!
//! [`Host`] holds what the devices of one run share; [`Device`] is a handle to one of them, cheap to clone and to be used
//! from any thread (calls on one device wait for each other).
//!
//! Uses [`crate::board`] and the layers below. Invariant: after every call the device can be used, or is lost or closed
//! and says so.

mod about;
pub mod arguments;
mod back;
mod calls;
pub mod check;
pub mod class;
mod clock;
mod code;
mod emitters;
mod faults;
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
mod listen;
mod lock;
mod mount;
mod mounting;
mod named;
mod open;
mod operation;
mod options;
mod output;
mod park;
mod person;
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
pub use output::{Output, Stage, Transfer};
pub use person::{Conversation, Terminal, unattended};
pub use proxy::{Answer, Items, Proxied, Proxy};
pub use reset::Reset;
