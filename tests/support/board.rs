//! A simulated board for tests of the library, with its collected output.

use belay_script::device::class::Class;
use belay_script::device::{Called, Device, Host, HostOptions, OpenOptions, Output};
use belay_script::value::Value;
use std::sync::{Arc, Mutex, PoisonError};

/// A board and its output.
pub struct Board {
    /// The device.
    pub device: Device,
    host: Host,
    printed: Arc<Printed>,
}

/// What boards have printed.
#[derive(Default)]
pub struct Printed(Mutex<String>);

impl Printed {
    /// What was printed since the last call.
    pub fn take(&self) -> String {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Output for Printed {
    fn board(&self, _device: &str, text: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_str(text);
    }

    fn notice(&self, _text: &str) {}
}

impl Board {
    /// The one on `port`.
    pub fn open_on(port: &str) -> Board {
        Board::opened(|host, class| host.open(class, Some(port), OpenOptions::default(), &mut |_, _| Ok(())))
    }

    /// One that the test opens.
    pub fn opened(open: impl FnOnce(&Host, &Arc<Class>) -> belay_script::Result<Device>) -> Board {
        let printed = Arc::new(Printed::default());
        let host = Host::new(HostOptions { port: Some("sim".to_owned()), ..HostOptions::new(printed.clone()) });
        let device = open(&host, &Arc::new(Class::device()));
        Board { device: device.expect("a simulated board"), host, printed }
    }

    /// Calls the task `name`.
    pub fn call(&self, name: &str, args: &[Value]) -> belay_script::Result<Value> {
        match self.device.call(name, args, &[], None)? {
            Called::Value(value) => Ok(value),
            Called::Generator(_) => panic!("`{name}` is a generator"),
        }
    }

    /// The output since the last call.
    pub fn printed(&self) -> String {
        self.printed.take()
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        self.host.close_all();
    }
}
