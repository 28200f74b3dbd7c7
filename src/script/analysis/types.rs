//! What is known of a value before the script runs.
//!
//! Invariant: in doubt a value is [`Type::Any`].

use crate::script::handles::{
    ClassHandle, ConsolesHandle, DeviceHandle, InstrumentClassHandle, InstrumentHandle, Kwargs, RegexHandle, SimHandle,
};
use crate::script::run::console::ConsoleHandle;
use rhai::{Array, Dynamic, FnPtr, ImmutableString, Map};
use std::any::TypeId;

/// The type of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    /// Not known.
    Any,
    /// Not known, because of a mistake that was reported.
    Wrong,
    Unit,
    Int,
    Float,
    Bool,
    Char,
    Text,
    Map,
    /// Integers that follow each other.
    Range,
    /// Named arguments.
    Named,
    /// With the type of every element.
    Array(Box<Type>),
    /// A function pointer, with the type of what it gives.
    Function(Box<Type>),
    /// A device class, by its number.
    Class(usize),
    /// A device of a class.
    Device(usize),
    /// An instrument class, by its number; `None`: the built-in one.
    Instruments(Option<usize>),
    /// An instrument of a class.
    Instrument(Option<usize>),
    /// The bench side of a simulated board.
    Sim,
    /// A class of consoles, by its number; `None`: the built-in one.
    Consoles(Option<usize>),
    /// A console of a class.
    Console(Option<usize>),
    /// A regular expression.
    Regex,
    /// The station, if its file is known.
    Station,
    /// The constants or the limits of the station.
    StationTable {
        are_limits: bool,
    },
}

impl Type {
    pub fn array_of(of: Type) -> Type {
        Type::Array(Box::new(of))
    }

    /// The type of something that is either this or that.
    pub fn or(self, other: Type) -> Type {
        match (self, other) {
            (one, two) if one == two => one,
            (Type::Array(one), Type::Array(two)) => Type::array_of(one.or(*two)),
            _ => Type::Any,
        }
    }

    /// Whether a native function whose parameter is of the Rust type `id` takes such a value, as far as is known.
    pub fn fits(&self, id: TypeId) -> bool {
        if id == TypeId::of::<Dynamic>() {
            return true;
        }
        match self {
            Type::Any | Type::Wrong | Type::Range | Type::Station | Type::StationTable { .. } => true,
            Type::Named => id == TypeId::of::<Kwargs>(),
            Type::Unit => id == TypeId::of::<()>(),
            Type::Int => id == TypeId::of::<i64>(),
            Type::Float => id == TypeId::of::<f64>(),
            Type::Bool => id == TypeId::of::<bool>(),
            Type::Char => id == TypeId::of::<char>(),
            Type::Text => {
                [TypeId::of::<ImmutableString>(), TypeId::of::<String>(), TypeId::of::<&'static str>()].contains(&id)
            }
            Type::Map => id == TypeId::of::<Map>(),
            Type::Array(_) => id == TypeId::of::<Array>(),
            Type::Function(_) => id == TypeId::of::<FnPtr>(),
            Type::Class(_) => id == TypeId::of::<ClassHandle>(),
            Type::Device(_) => id == TypeId::of::<DeviceHandle>(),
            Type::Instruments(_) => id == TypeId::of::<InstrumentClassHandle>(),
            Type::Instrument(_) => id == TypeId::of::<InstrumentHandle>(),
            Type::Sim => id == TypeId::of::<SimHandle>(),
            Type::Consoles(_) => id == TypeId::of::<ConsolesHandle>(),
            Type::Console(_) => id == TypeId::of::<ConsoleHandle>(),
            Type::Regex => id == TypeId::of::<RegexHandle>(),
        }
    }

    /// As the reference calls it.
    pub fn word(&self) -> &'static str {
        match self {
            Type::Any | Type::Wrong => "value",
            Type::Unit => "`()`",
            Type::Int => "int",
            Type::Float => "float",
            Type::Bool => "bool",
            Type::Char => "char",
            Type::Text => "string",
            Type::Map => "map",
            Type::Range => "range",
            Type::Named => "kw",
            Type::Array(_) => "array",
            Type::Function(_) => "function",
            Type::Class(_) => "DeviceClass",
            Type::Device(_) => "Device",
            Type::Instruments(_) => "InstrumentClass",
            Type::Instrument(_) => "Instrument",
            Type::Sim => "Sim",
            Type::Consoles(_) => "ConsoleClass",
            Type::Console(_) => "Console",
            Type::Regex => "Regex",
            Type::Station => "Station",
            Type::StationTable { .. } => "StationTable",
        }
    }
}
