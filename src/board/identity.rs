//! The identity that a board reports.
//!
//! Uses [`crate::value`]. Invariant: any reply gives an identity or none; nothing in it is trusted.

use crate::value::Value;

/// `sys.implementation` and what it implies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// `sys.implementation.name`.
    pub name: String,
    /// Major, minor, patch; 0 if the board does not report it.
    pub version: (u32, u32, u32),
    /// `sys.platform`.
    pub platform: String,
    /// Architecture of native code; empty if unknown or none.
    pub arch: String,
    /// The `.mpy` files that it loads: the version of bytecode, and the sub-version, which is that of native code; before
    /// version 6 the second holds bytecode features, bit 0 caching of look-ups and bit 1 Unicode. `None`: it loads none.
    pub mpy: Option<(u8, u8)>,
    /// Free memory when it was asked, in bytes; `None` if not reported.
    pub free: Option<u64>,
}

/// Architectures by their number in `sys.implementation._mpy >> 10` (MicroPython's `py/persistentcode.h`).
pub const ARCHITECTURES: [&str; 13] = [
    "",
    "x86",
    "x64",
    "armv6",
    "armv6m",
    "armv7m",
    "armv7em",
    "armv7emsp",
    "armv7emdp",
    "xtensa",
    "xtensawin",
    "rv32imc",
    "rv64imc",
];

impl Identity {
    /// Parses the reply of `snippets/reply.py`. Accepts unknown names and numbers unchanged.
    pub fn from_value(value: &Value) -> Option<Identity> {
        let Value::Tuple(fields) = value else { return None };
        let [Value::Str(name), Value::Tuple(version), Value::Str(platform), mpy, free @ ..] = fields.as_slice() else {
            return None;
        };
        let number = |index: usize| match version.get(index) {
            Some(Value::Int(number)) => u32::try_from(*number).unwrap_or(0),
            _ => 0,
        };
        let mpy = if let Value::Int(mpy) = mpy { *mpy } else { 0 };
        // Bits 0 to 7: version of bytecode; 8 and 9: its minor version; from 10 on: architecture.
        let arch = usize::try_from(mpy >> 10).ok().and_then(|index| ARCHITECTURES.get(index & 0xf));
        Some(Identity {
            name: name.clone(),
            version: (number(0), number(1), number(2)),
            platform: platform.clone(),
            arch: arch.copied().unwrap_or_default().to_owned(),
            mpy: (mpy > 0).then_some(((mpy & 0xff) as u8, (mpy >> 8 & 3) as u8)),
            // 0: the board cannot tell.
            free: if let [Value::Int(free)] = free { u64::try_from(*free).ok().filter(|&free| free > 0) } else { None },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identity_of_known_and_unknown_boards() {
        let answer = |text: &str| Identity::from_value(&crate::value::parse::parse(text).unwrap()).unwrap();
        let pico = answer("('micropython', (1, 24, 1), 'rp2', 4870)");
        assert_eq!((pico.name.as_str(), pico.version, pico.arch.as_str()), ("micropython", (1, 24, 1), "armv6m"));
        assert_eq!(pico.mpy, Some((6, 3)));
        let old = answer("('micropython', (1, 18, 0), 'esp32', 10757)");
        assert_eq!((old.arch.as_str(), old.mpy), ("xtensawin", Some((5, 2))));
        for none in ["0", "-1", "None"] {
            assert_eq!(answer(&format!("('micropython', (1, 9, 2), 'microbit', {none})")).mpy, None);
        }
        assert_eq!(pico.free, None);
        let small = answer("('micropython', (1, 9, 2), 'microbit', 0, 8240)");
        assert_eq!((small.arch.as_str(), small.free), ("", Some(8240)));
        let odd = answer("('newpython', (), 'x', 99999999, 'much')");
        assert_eq!((odd.version, odd.platform.as_str(), odd.free), ((0, 0, 0), "x", None));
        assert_eq!(Identity::from_value(&Value::None), None);
    }
}
