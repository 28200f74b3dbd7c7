//! Requests and answers of Modbus, without a transport (MODBUS Application Protocol Specification V1.1b3).
//!
//! Pure. Invariants: a request is within the specification's limits, and an answer that does not fit its request is refused.

use crate::error::{Error, Kind, Result};
use crate::phrase::count;

/// What is read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// Single bits that can be written.
    Coils,
    /// Single bits that cannot.
    DiscreteInputs,
    /// Registers that can be written.
    HoldingRegisters,
    /// Registers that cannot.
    InputRegisters,
}

impl Table {
    fn function(self) -> u8 {
        match self {
            Table::Coils => 1,
            Table::DiscreteInputs => 2,
            Table::HoldingRegisters => 3,
            Table::InputRegisters => 4,
        }
    }

    fn is_bits(self) -> bool {
        matches!(self, Table::Coils | Table::DiscreteInputs)
    }

    /// One of its entries.
    fn noun(self) -> &'static str {
        match self {
            Table::Coils => "coil",
            Table::DiscreteInputs => "discrete input",
            Table::HoldingRegisters => "holding register",
            Table::InputRegisters => "input register",
        }
    }
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Reads entries of a table.
    Read {
        /// Which table.
        table: Table,
        /// The first entry, from 0.
        address: u16,
        /// How many.
        count: u16,
    },
    /// Writes one coil, by the function for one.
    WriteCoil(u16, bool),
    /// Writes one holding register, by the function for one.
    WriteRegister(u16, u16),
    /// Writes coils.
    WriteCoils(u16, Vec<bool>),
    /// Writes holding registers.
    WriteRegisters(u16, Vec<u16>),
}

/// What a device answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Bits that were read.
    Bits(Vec<bool>),
    /// Registers that were read.
    Registers(Vec<u16>),
    /// It was written.
    Written,
    /// It refuses: an exception code.
    Refused(u8),
}

/// Most entries of one request, by its function.
const READ_BITS: usize = 2000;
const READ_REGISTERS: usize = 125;
const WRITE_BITS: usize = 1968;
const WRITE_REGISTERS: usize = 123;

impl Request {
    /// Checks numbers that a script gave.
    ///
    /// # Errors
    /// [`Kind::ArgumentError`] for an address that does not exist, or a wrong count.
    pub fn check(&self) -> Result<()> {
        let most = match self {
            Request::Read { table, .. } if table.is_bits() => READ_BITS,
            Request::Read { .. } => READ_REGISTERS,
            Request::WriteCoil(..) | Request::WriteRegister(..) => 1,
            Request::WriteCoils(..) => WRITE_BITS,
            Request::WriteRegisters(..) => WRITE_REGISTERS,
        };
        let entries = self.count();
        let noun = self.table().noun();
        if entries == 0 || entries > most {
            let help = if entries == 0 { "use at least 1" } else { "use several calls" };
            return Err(Error::new(Kind::ArgumentError, format!("a request has 1 to {most} {noun}s, not {entries}"))
                .with_help(help));
        }
        let last = usize::from(self.address()) + entries - 1;
        if last > usize::from(u16::MAX) {
            return Err(Error::new(
                Kind::ArgumentError,
                format!("{noun} {last} does not exist: the last one is 65535"),
            ));
        }
        Ok(())
    }

    /// The first entry.
    pub fn address(&self) -> u16 {
        match self {
            Request::Read { address, .. }
            | Request::WriteCoil(address, _)
            | Request::WriteRegister(address, _)
            | Request::WriteCoils(address, _)
            | Request::WriteRegisters(address, _) => *address,
        }
    }

    /// The table that it reads or writes.
    pub fn table(&self) -> Table {
        match self {
            Request::Read { table, .. } => *table,
            Request::WriteCoil(..) | Request::WriteCoils(..) => Table::Coils,
            Request::WriteRegister(..) | Request::WriteRegisters(..) => Table::HoldingRegisters,
        }
    }

    /// The function code.
    pub fn function(&self) -> u8 {
        match self {
            Request::Read { table, .. } => table.function(),
            Request::WriteCoil(..) => 5,
            Request::WriteRegister(..) => 6,
            Request::WriteCoils(..) => 15,
            Request::WriteRegisters(..) => 16,
        }
    }

    /// In words: `reading 2 holding registers from 100`.
    pub fn words(&self) -> String {
        let (verb, entries) = (if matches!(self, Request::Read { .. }) { "reading" } else { "writing" }, self.count());
        let (noun, address) = (self.table().noun(), self.address());
        if entries == 1 {
            format!("{verb} {noun} {address}")
        } else {
            format!("{verb} {} from {address}", count(entries as u64, noun))
        }
    }

    /// How many entries it reads or writes.
    pub fn count(&self) -> usize {
        match self {
            Request::Read { count, .. } => usize::from(*count),
            Request::WriteCoil(..) | Request::WriteRegister(..) => 1,
            Request::WriteCoils(_, values) => values.len(),
            Request::WriteRegisters(_, values) => values.len(),
        }
    }

    /// Reads the bytes of a request, as a server. `None`: a function that is not one of these.
    ///
    /// # Errors
    /// If its length, count or value is not as the function has it.
    pub fn read(bytes: &[u8]) -> std::result::Result<Option<Request>, &'static str> {
        let (&function, rest) = bytes.split_first().ok_or("the request is empty")?;
        let table = match function {
            1 => Table::Coils,
            2 => Table::DiscreteInputs,
            3 | 6 | 16 => Table::HoldingRegisters,
            4 => Table::InputRegisters,
            5 | 15 => Table::Coils,
            _ => return Ok(None),
        };
        let &[a0, a1, b0, b1, ref data @ ..] = rest else { return Err("the request is too short") };
        let (address, second) = (u16::from_be_bytes([a0, a1]), u16::from_be_bytes([b0, b1]));
        let count = usize::from(second);
        // Several values follow the number of their bytes.
        let values = |size: usize| match data.split_first() {
            Some((&length, data)) if usize::from(length) == size && data.len() == size => Ok(data),
            _ => Err("the request has another number of values"),
        };
        let request = match function {
            1..=6 if !data.is_empty() => return Err("the request is too long"),
            1..=4 => Request::Read { table, address, count: second },
            5 if matches!(second, 0 | 0xff00) => Request::WriteCoil(address, second != 0),
            5 => return Err("a coil takes FF00 or 0"),
            6 => Request::WriteRegister(address, second),
            15 => {
                let data = values(count.div_ceil(8))?;
                Request::WriteCoils(address, (0..count).map(|index| data[index / 8] >> (index % 8) & 1 == 1).collect())
            }
            _ => {
                let pairs = values(2 * count)?.chunks_exact(2);
                Request::WriteRegisters(address, pairs.map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect())
            }
        };
        Ok(Some(request))
    }

    /// The bytes of an answer to it.
    pub fn reply(&self, answer: &Answer) -> Vec<u8> {
        let mut bytes = vec![self.function()];
        match answer {
            Answer::Refused(code) => return vec![self.function() | 0x80, *code],
            Answer::Written => bytes.extend(&self.encode()[1..5]),
            Answer::Bits(bits) => {
                let packed = packed(bits);
                bytes.push(u8::try_from(packed.len()).unwrap_or(u8::MAX));
                bytes.extend(packed);
            }
            Answer::Registers(words) => {
                bytes.push(u8::try_from(2 * words.len()).unwrap_or(u8::MAX));
                bytes.extend(words.iter().flat_map(|word| word.to_be_bytes()));
            }
        }
        bytes
    }

    /// Its bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![self.function()];
        bytes.extend(self.address().to_be_bytes());
        match self {
            Request::Read { count, .. } => bytes.extend(count.to_be_bytes()),
            Request::WriteCoil(_, on) => bytes.extend(if *on { [0xff, 0] } else { [0, 0] }),
            Request::WriteRegister(_, value) => bytes.extend(value.to_be_bytes()),
            Request::WriteCoils(_, values) => {
                bytes.extend(short(values.len()).to_be_bytes());
                let packed = packed(values);
                bytes.push(u8::try_from(packed.len()).unwrap_or(u8::MAX));
                bytes.extend(packed);
            }
            Request::WriteRegisters(_, values) => {
                bytes.extend(short(values.len()).to_be_bytes());
                bytes.push(u8::try_from(2 * values.len()).unwrap_or(u8::MAX));
                bytes.extend(values.iter().flat_map(|value| value.to_be_bytes()));
            }
        }
        bytes
    }

    /// Reads the bytes of an answer.
    ///
    /// # Errors
    /// What does not fit the request, as a phrase.
    pub fn decode(&self, bytes: &[u8]) -> std::result::Result<Answer, &'static str> {
        let (&function, rest) = bytes.split_first().ok_or("the answer is empty")?;
        if function == self.function() | 0x80 {
            return match rest {
                [code] => Ok(Answer::Refused(*code)),
                _ => Err("an exception has one code"),
            };
        }
        if function != self.function() {
            return Err("the answer has another function code");
        }
        let Request::Read { table, count, .. } = self else {
            // The address, and the value or the count.
            return if rest == &self.encode()[1..5] {
                Ok(Answer::Written)
            } else {
                Err("the answer confirms something else")
            };
        };
        let (&length, data) = rest.split_first().ok_or("the answer is too short")?;
        let count = usize::from(*count);
        let wanted = if table.is_bits() { count.div_ceil(8) } else { 2 * count };
        if usize::from(length) != data.len() || data.len() != wanted {
            return Err("the answer has another number of values");
        }
        if table.is_bits() {
            let bit = |index: usize| data[index / 8] >> (index % 8) & 1 == 1;
            return Ok(Answer::Bits((0..count).map(bit).collect()));
        }
        Ok(Answer::Registers(data.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect()))
    }
}

/// Bits in bytes, the first one lowest.
fn packed(bits: &[bool]) -> Vec<u8> {
    let byte = |eight: &[bool]| eight.iter().enumerate().fold(0_u8, |byte, (index, on)| byte | u8::from(*on) << index);
    bits.chunks(8).map(byte).collect()
}

/// A count that [`Request::check`] has let pass.
fn short(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}

/// The name of an exception code, as in the specification, and what to do.
pub fn exception(code: u8) -> (&'static str, &'static str) {
    match code {
        1 => ("illegal function", "the device does not have this function; see its manual"),
        2 => ("illegal data address", "addresses start at 0: register 40101 of a manual is holding register 100"),
        3 => ("illegal data value", "see the device's manual for the values and counts that it takes"),
        4 => ("server device failure", "the device failed to carry it out"),
        5 => ("acknowledge", "the device takes longer: ask again later"),
        6 => ("server device busy", "try again later"),
        8 => ("memory parity error", "the device's memory failed"),
        10 => ("gateway path unavailable", "check the unit id, and the configuration of the gateway"),
        11 => (
            "gateway target device failed to respond",
            "check the unit id, and that the device behind the gateway has power",
        ),
        _ => ("unknown exception", "see the device's manual"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(table: Table, address: u16, count: u16) -> Request {
        Request::Read { table, address, count }
    }

    #[test]
    fn requests_and_answers_are_those_of_the_specification() {
        // The examples of sections 6.1 to 6.12.
        let case = |request: Request, sent: &[u8], answer: &[u8], wanted: Answer| {
            assert!(request.check().is_ok());
            assert_eq!(request.encode(), sent, "{}", request.words());
            assert_eq!(request.decode(answer), Ok(wanted.clone()), "{}", request.words());
            // As a server.
            assert_eq!(Request::read(sent), Ok(Some(request.clone())));
            assert_eq!(request.reply(&wanted), answer, "{}", request.words());
        };
        let bits = |bytes: &[u8], count: usize| {
            (0..count).map(|index| bytes[index / 8] >> (index % 8) & 1 == 1).collect::<Vec<_>>()
        };
        case(
            read(Table::Coils, 0x13, 0x13),
            &[1, 0, 0x13, 0, 0x13],
            &[1, 3, 0xcd, 0x6b, 5],
            Answer::Bits(bits(&[0xcd, 0x6b, 5], 19)),
        );
        case(
            read(Table::DiscreteInputs, 0xc4, 0x16),
            &[2, 0, 0xc4, 0, 0x16],
            &[2, 3, 0xac, 0xdb, 0x35],
            Answer::Bits(bits(&[0xac, 0xdb, 0x35], 22)),
        );
        case(
            read(Table::HoldingRegisters, 0x6b, 3),
            &[3, 0, 0x6b, 0, 3],
            &[3, 6, 2, 0x2b, 0, 0, 0, 0x64],
            Answer::Registers(vec![555, 0, 100]),
        );
        case(read(Table::InputRegisters, 8, 1), &[4, 0, 8, 0, 1], &[4, 2, 0, 10], Answer::Registers(vec![10]));
        case(Request::WriteCoil(0xac, true), &[5, 0, 0xac, 0xff, 0], &[5, 0, 0xac, 0xff, 0], Answer::Written);
        case(Request::WriteRegister(1, 3), &[6, 0, 1, 0, 3], &[6, 0, 1, 0, 3], Answer::Written);
        let coils = bits(&[0xcd, 1], 10);
        case(
            Request::WriteCoils(0x13, coils),
            &[15, 0, 0x13, 0, 10, 2, 0xcd, 1],
            &[15, 0, 0x13, 0, 10],
            Answer::Written,
        );
        case(
            Request::WriteRegisters(1, vec![10, 0x102]),
            &[16, 0, 1, 0, 2, 4, 0, 10, 1, 2],
            &[16, 0, 1, 0, 2],
            Answer::Written,
        );
        case(read(Table::Coils, 0x4a1, 1), &[1, 4, 0xa1, 0, 1], &[0x81, 2], Answer::Refused(2));
    }

    #[test]
    fn an_answer_to_something_else_is_refused() {
        let request = read(Table::HoldingRegisters, 0, 2);
        for answer in [&[][..], &[3], &[4, 4, 0, 0, 0, 0], &[3, 2, 0, 0], &[3, 4, 0, 0], &[0x83], &[0x83, 1, 2]] {
            assert!(request.decode(answer).is_err(), "{answer:?}");
        }
        assert!(Request::WriteRegister(1, 3).decode(&[6, 0, 1, 0, 4]).is_err());
    }

    #[test]
    fn limits_are_checked_before_anything_is_sent() {
        let message = |request: Request| request.check().unwrap_err().message().to_owned();
        assert_eq!(message(read(Table::Coils, 0, 2001)), "a request has 1 to 2000 coils, not 2001");
        assert_eq!(message(read(Table::InputRegisters, 0, 0)), "a request has 1 to 125 input registers, not 0");
        assert_eq!(
            message(read(Table::HoldingRegisters, 65_535, 2)),
            "holding register 65536 does not exist: the last one is 65535"
        );
        assert_eq!(
            message(Request::WriteRegisters(0, vec![0; 124])),
            "a request has 1 to 123 holding registers, not 124"
        );
        assert!(Request::WriteCoils(0, vec![true; 1968]).check().is_ok());
        assert_eq!(read(Table::Coils, 7, 1).words(), "reading coil 7");
        assert_eq!(Request::WriteRegisters(9, vec![1, 2]).words(), "writing 2 holding registers from 9");
    }
}
