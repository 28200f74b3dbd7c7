//! The built-in members of every device and class.
//!
//! Reserved names, dispatch, help and completion read this table; `builtin.d.rhai` and the language
//! reference are checked against it. Invariant: each of these names is written once, here.

/// Belay's name for the number of commands recorded for a reconnect.
pub(crate) const HISTORY_LENGTH: &str = "MAX_CMD_HISTORY_LEN";

/// Which objects have a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    Devices,
    Classes,
    Both,
}

/// How a member is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// Without parentheses.
    Property,
    Function,
    /// A function that declares an item at run time. If a class has an item with this name, its devices call that instead.
    Declaring,
}

/// A built-in member.
pub(crate) struct Member {
    pub name: &'static str,
    pub owner: Owner,
    pub how: Use,
    /// Numbers of arguments, whatever their types, for which nothing else may be registered: the function
    /// itself or Rhai reports the error.
    pub arities: &'static [usize],
    /// Usage for help: it completes "it is used as …".
    pub usage: &'static str,
}

impl Member {
    pub fn is_of_devices(&self) -> bool {
        self.owner != Owner::Classes
    }

    pub fn is_of_classes(&self) -> bool {
        self.owner != Owner::Devices
    }

    /// The completion: functions include the opening parenthesis.
    pub fn word(&self) -> String {
        match self.how {
            Use::Property => self.name.to_owned(),
            Use::Function | Use::Declaring => format!("{}(", self.name),
        }
    }
}

const fn property(name: &'static str, owner: Owner) -> Member {
    Member { name, owner, how: Use::Property, arities: &[], usage: "a property, without parentheses" }
}

const fn function(name: &'static str, owner: Owner, arities: &'static [usize], usage: &'static str) -> Member {
    Member { name, owner, how: Use::Function, arities, usage }
}

const fn declaring(name: &'static str) -> Member {
    let usage = "`d.task(\"def name(x):\\n    …\")`, with an optional map of options";
    Member { name, owner: Owner::Devices, how: Use::Declaring, arities: &[], usage }
}

/// All members.
pub(crate) const MEMBERS: &[Member] = {
    use Owner::{Both, Classes, Devices};
    &[
        function(
            "open",
            Classes,
            &[0, 1, 2],
            "`Bench.open()`, `Bench.open(port)` or `Bench.open(port, #{ option: value })`",
        ),
        function(
            "session",
            Classes,
            &[1, 2, 3],
            "`Bench.session(port, #{ option: value }, |b| …)`, port and options may be left out",
        ),
        function("classes", Classes, &[0], "`Device.classes()`"),
        function("exec", Devices, &[], "`d.exec(\"code\")`, with an optional map of options"),
        function("close", Devices, &[0], "`d.close()`"),
        function("call", Devices, &[], "`d.call(\"name\", [args])`"),
        function("batch", Devices, &[1], "`d.batch(|b| { b.read(1); b.read(2); })`"),
        function(
            "proxy",
            Devices,
            &[],
            "`d.proxy(\"expression\")`, or `d.proxy(\"import module\")`, with an optional `#{ delete: false }`",
        ),
        function("sync", Devices, &[], "`d.sync(\"folder\")`, with an optional map of options"),
        function("reconnect", Devices, &[0, 1], "`d.reconnect()` or `d.reconnect(attempts)`"),
        function("soft_reset", Devices, &[0], "`d.soft_reset()`"),
        function("terminal", Devices, &[0, 1], "`d.terminal()` or `d.terminal(\"exit character\")`"),
        function("sync_time", Devices, &[0, 1], "`d.sync_time()` or `d.sync_time(samples)`"),
        function(
            "sync_dependencies",
            Devices,
            &[0],
            "`d.sync_dependencies()` for the packages of a project, or `d.sync_dependencies(\"folder\", [\"subfolder\"])`, with an \
             optional map of options",
        ),
        function("install", Devices, &[1, 2], "`d.install(\"package\")`, with an optional map of options"),
        function("mount", Devices, &[1, 2], "`d.mount(\"folder\")` or `d.mount(\"folder\", #{ write: true })`"),
        function("unmount", Devices, &[0], "`d.unmount()`"),
        property("name", Both),
        property("doc", Classes),
        property("items", Classes),
        property("port", Devices),
        property("is_open", Devices),
        property("is_simulated", Devices),
        property("class", Devices),
        property("implementation", Devices),
        property("history", Devices),
        property("tasks", Devices),
        property("sim", Devices),
        property(HISTORY_LENGTH, Both),
        property("time_offset", Devices),
        declaring("setup"),
        declaring("task"),
        declaring("thread"),
        declaring("teardown"),
    ]
};

/// The members of every device.
pub(crate) fn of_devices() -> impl Iterator<Item = &'static Member> + Clone {
    MEMBERS.iter().filter(|member| member.is_of_devices())
}

/// The members of every class.
pub(crate) fn of_classes() -> impl Iterator<Item = &'static Member> + Clone {
    MEMBERS.iter().filter(|member| member.is_of_classes())
}

/// The device member with this name.
pub(crate) fn of_device(name: &str) -> Option<&'static Member> {
    of_devices().find(|member| member.name == name)
}

/// The class member with this name.
pub(crate) fn of_class(name: &str) -> Option<&'static Member> {
    of_classes().find(|member| member.name == name)
}

/// Whether every device has a member with this name, so that no item can.
pub(crate) fn is_reserved(name: &str) -> bool {
    of_device(name).is_some_and(|member| member.how != Use::Declaring)
}

/// Whether nothing else may be registered for a device function with `arity` arguments.
pub(crate) fn answers_on_device(name: &str, arity: usize) -> bool {
    of_device(name).is_some_and(|member| member.arities.contains(&arity))
}

/// Whether nothing else may be registered for a class function with `arity` arguments.
pub(crate) fn answers_on_class(name: &str, arity: usize) -> bool {
    of_class(name).is_some_and(|member| member.arities.contains(&arity))
}
