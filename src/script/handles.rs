//! Handles that scripts hold: classes, devices and board objects, as Rhai types.
//!
//! Their functions are registered in [`crate::script::objects`]. Invariant: clones of a handle refer to the same board object.

use crate::console;
use crate::console::dialogue::Choice;
use crate::console::pattern::Expression;
use crate::device::class::Class;
use crate::device::{BatchCall, Device, Generator, Proxy};
use crate::instrument::simulated::SimInstrument;
use crate::instrument::{self, Instrument};
use crate::origin::Origin;
use crate::port::options::LineOptions;
use crate::value::Value;
use rhai::{FnPtr, GlobalRuntimeState, ImmutableString, Map, Module, Shared};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

/// A device class with its host-side methods.
pub(crate) struct ScriptClass {
    pub class: Arc<Class>,
    pub methods: Vec<Arc<Method>>,
    /// The classes it inherits from, as written.
    pub mixins: Vec<ClassHandle>,
}

/// A device class as a script sees it.
#[derive(Clone)]
pub(crate) struct ClassHandle(pub Arc<ScriptClass>);

impl ClassHandle {
    /// The built-in `Device`.
    pub fn device() -> ClassHandle {
        static DEVICE: LazyLock<Arc<ScriptClass>> = LazyLock::new(|| {
            Arc::new(ScriptClass { class: Arc::new(Class::device()), methods: Vec::new(), mixins: Vec::new() })
        });
        ClassHandle(DEVICE.clone())
    }
}

/// A device as a script sees it.
#[derive(Clone)]
pub(crate) struct DeviceHandle {
    pub device: Device,
    pub class: ClassHandle,
}

/// The controls of a simulated board: `d.sim`.
#[derive(Clone)]
pub(crate) struct SimHandle(pub DeviceHandle);

/// A class of consoles with its host-side methods, own and inherited.
pub(crate) struct ScriptConsoleClass {
    pub class: Arc<console::class::Class>,
    pub methods: Vec<Arc<Method>>,
    /// The setups that are closures.
    pub closures: Vec<Arc<Method>>,
    /// What it sets for its consoles.
    pub choice: Choice,
    pub line: LineOptions,
}

/// A class of consoles as a script sees it, which opens consoles.
#[derive(Clone)]
pub(crate) struct ConsolesHandle(pub Arc<ScriptConsoleClass>);

impl ConsolesHandle {
    /// The built-in `Console`.
    pub fn console() -> ConsolesHandle {
        static CONSOLE: LazyLock<Arc<ScriptConsoleClass>> = LazyLock::new(|| {
            Arc::new(ScriptConsoleClass {
                class: Arc::new(console::class::Class::console()),
                methods: Vec::new(),
                closures: Vec::new(),
                choice: Choice::default(),
                line: LineOptions::default(),
            })
        });
        ConsolesHandle(CONSOLE.clone())
    }
}

/// A regular expression.
#[derive(Clone)]
pub(crate) struct RegexHandle(pub Expression);

/// An instrument class with its host-side methods, own and inherited.
pub(crate) struct ScriptInstrumentClass {
    pub class: Arc<instrument::class::Class>,
    pub methods: Vec<Arc<Method>>,
}

/// An instrument class as a script sees it.
#[derive(Clone)]
pub(crate) struct InstrumentClassHandle(pub Arc<ScriptInstrumentClass>);

impl InstrumentClassHandle {
    /// The built-in `Instrument`.
    pub fn instrument() -> InstrumentClassHandle {
        static INSTRUMENT: LazyLock<Arc<ScriptInstrumentClass>> = LazyLock::new(|| {
            let class = Arc::new(instrument::class::Class::instrument());
            Arc::new(ScriptInstrumentClass { class, methods: Vec::new() })
        });
        InstrumentClassHandle(INSTRUMENT.clone())
    }
}

/// An open instrument as a script sees it.
#[derive(Clone)]
pub(crate) struct InstrumentHandle {
    pub instrument: Instrument,
    pub class: InstrumentClassHandle,
    pub wires: Arc<SharedWires>,
}

/// What a simulated instrument is wired to.
#[derive(Default)]
pub(crate) struct SharedWires(pub Mutex<Wires>);

/// What a simulated instrument is wired to: closures of the script.
#[derive(Default)]
pub(crate) struct Wires {
    /// Properties, with the value that was passed on last, and who gets it.
    pub feeds: Vec<(String, Option<Value>, FnPtr)>,
    /// Properties, and who gives their values.
    pub reads: Vec<(String, FnPtr)>,
}

/// The bench side of a simulated instrument: `psu.sim`.
#[derive(Clone)]
pub(crate) struct InstrumentSimHandle {
    pub sim: SimInstrument,
    pub handle: InstrumentHandle,
}

/// Named arguments: `kw(#{ samples: 4 })`.
#[derive(Clone)]
pub(crate) struct Kwargs(pub Map);

/// The calls of a batch: what the closure of `d.batch(|b| …)` gets.
#[derive(Clone)]
pub(crate) struct BatchHandle {
    pub device: DeviceHandle,
    /// `None` once the closure has ended.
    pub calls: Arc<Mutex<Option<BatchCalls>>>,
}

/// The calls of a batch, in order, and what the script got for them.
pub(crate) type BatchCalls = Vec<(BatchCall, DeferredHandle)>;

/// The result of a call in a batch.
#[derive(Clone)]
pub(crate) struct DeferredHandle {
    /// The task.
    pub name: Arc<str>,
    /// `None` before the batch has ended, and for good if the call has not returned.
    pub value: Arc<Mutex<Option<Value>>>,
}

/// One host-side method.
pub(crate) struct Method {
    pub name: String,
    pub arity: usize,
    pub parameters: Vec<String>,
    pub doc: String,
    pub origin: Origin,
    pub function: FnPtr,
    pub home: Home,
}

/// What a method can access besides its arguments.
pub(crate) struct Home {
    pub lib: Vec<Shared<Module>>,
    pub imports: Vec<(ImmutableString, Shared<Module>)>,
    pub source: Option<ImmutableString>,
    pub state: GlobalRuntimeState,
}

/// A started generator task.
#[derive(Clone)]
pub(crate) struct GeneratorHandle {
    pub name: Arc<str>,
    /// Where it was started.
    pub at: Option<Origin>,
    /// `None` after it has ended.
    pub state: Arc<Mutex<Option<Generator>>>,
}

/// An object of a board as a script sees it.
pub(crate) struct ProxyHandle {
    pub proxy: Proxy,
    /// Unique per handle.
    pub identity: u64,
    /// Number of operations through this handle.
    pub operations: AtomicU64,
    /// The step that read it. Rhai writes `p.a` back to `p` after `p.a.b = 1` and `p.a.f()`: a value that returns the
    /// same way, without another operation in between, must not be assigned.
    pub read_by: Option<Step>,
}

/// Handle, operation number, and the name that was read.
#[derive(PartialEq)]
pub(crate) struct Step(pub u64, pub u64, pub String);

impl ProxyHandle {
    pub fn new(proxy: Proxy) -> ProxyHandle {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let identity = NEXT.fetch_add(1, Ordering::Relaxed);
        ProxyHandle { proxy, identity, operations: AtomicU64::new(0), read_by: None }
    }

    /// Counts an operation.
    pub fn touch(&self) {
        self.operations.fetch_add(1, Ordering::Relaxed);
    }

    /// The latest operation, on `part`.
    pub fn step(&self, part: String) -> Step {
        Step(self.identity, self.operations.load(Ordering::Relaxed), part)
    }
}

impl Clone for ProxyHandle {
    /// Rhai moves what it writes back. A copy, in contrast, was made by the script and may be assigned anywhere.
    fn clone(&self) -> ProxyHandle {
        ProxyHandle::new(self.proxy.clone())
    }
}
