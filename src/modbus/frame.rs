//! Frames around requests and answers, for clients and servers: RTU on serial lines, MBAP on TCP.
//!
//! Pure. RTU is that of "MODBUS over Serial Line" V1.02, section 2.5.1; MBAP that of "MODBUS Messaging on TCP/IP" V1.0b, section 3.1.3.
//! Invariant: an RTU answer is found among noise by its unit, function and CRC; a TCP answer by its transaction.

use super::pdu::Request;
use crate::console::crc::Check;
use crate::error::Result;

/// The CRC of RTU.
const CRC: &str = "CRC-16/MODBUS";

/// The bytes of the MBAP header.
const HEADER: usize = 7;

/// Longest PDU.
const LONGEST: usize = 253;

/// Where an answer is in bytes that came.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing yet.
    Nothing,
    /// This many bytes belong to an earlier request.
    Stale(usize),
    /// The PDU of the answer, and how many bytes it ends.
    Answer(usize, Vec<u8>),
    /// These bytes are not Modbus.
    Foreign,
}

/// The frame of a request on a serial line.
///
/// # Errors
/// Never: the CRC is known.
pub fn rtu(unit: u8, request: &Request) -> Result<Vec<u8>> {
    rtu_of(unit, &request.encode())
}

/// The frame of a PDU on a serial line.
///
/// # Errors
/// Never: the CRC is known.
pub fn rtu_of(unit: u8, pdu: &[u8]) -> Result<Vec<u8>> {
    let mut bytes = vec![unit];
    bytes.extend(pdu);
    let crc = Check::named(CRC)?.of(&bytes);
    bytes.extend(&crc.to_le_bytes()[..2]);
    Ok(bytes)
}

/// What a server finds at the start of bytes that came.
#[derive(Debug, PartialEq, Eq)]
pub enum Framed {
    /// Nothing yet.
    Incomplete,
    /// This many bytes do not belong to a frame.
    Skip(usize),
    /// A request.
    Request {
        /// How many bytes it takes.
        end: usize,
        /// Its transaction, on TCP.
        transaction: u16,
        /// The unit that it is for.
        unit: u8,
        /// What is asked.
        pdu: Vec<u8>,
    },
}

/// Longest frame on a serial line.
const LONGEST_RTU: usize = LONGEST + 3;

/// The next request on a serial line. One of an unknown function has no known length: it is all that came.
///
/// # Errors
/// Never: the CRC is known.
pub fn next_rtu(bytes: &[u8]) -> Result<Framed> {
    let check = Check::named(CRC)?;
    let fits = |frame: &[u8]| {
        let (content, crc) = frame.split_at(frame.len() - 2);
        check.of(content).to_le_bytes()[..2] == *crc
    };
    for start in 0..bytes.len() {
        let frame = &bytes[start..];
        let length = match (frame.get(1), frame.get(6)) {
            (Some(1..=6), _) => Some(8),
            (Some(15 | 16), Some(count)) => Some(9 + usize::from(*count)),
            (Some(15 | 16), None) => None,
            // A client sends nothing after a request before it has its answer.
            _ => (4..=LONGEST_RTU).contains(&frame.len()).then_some(frame.len()),
        };
        if let Some(whole) = length.and_then(|length| frame.get(..length)).filter(|whole| fits(whole)) {
            let pdu = whole[1..whole.len() - 2].to_vec();
            return Ok(Framed::Request { end: start + whole.len(), transaction: 0, unit: whole[0], pdu });
        }
    }
    Ok(if bytes.len() > LONGEST_RTU { Framed::Skip(bytes.len() - LONGEST_RTU) } else { Framed::Incomplete })
}

/// The next request on TCP.
pub fn next_tcp(bytes: &[u8]) -> Framed {
    let &[t0, t1, p0, p1, l0, l1, unit, ..] = bytes else { return Framed::Incomplete };
    let length = usize::from(u16::from_be_bytes([l0, l1]));
    if [p0, p1] != [0, 0] || !(2..=LONGEST + 1).contains(&length) {
        return Framed::Skip(bytes.len());
    }
    let end = HEADER - 1 + length;
    match bytes.get(HEADER..end) {
        None => Framed::Incomplete,
        Some(pdu) => Framed::Request { end, transaction: u16::from_be_bytes([t0, t1]), unit, pdu: pdu.to_vec() },
    }
}

/// The answer of `unit` to `request` among bytes from a serial line.
///
/// # Errors
/// Never: the CRC is known.
pub fn find_rtu(unit: u8, request: &Request, bytes: &[u8]) -> Result<Found> {
    let check = Check::named(CRC)?;
    for start in 0..bytes.len() {
        let frame = &bytes[start..];
        let Some(length) = rtu_length(unit, request.function(), frame) else { continue };
        let Some(whole) = frame.get(..length) else { continue };
        let (content, crc) = whole.split_at(length - 2);
        if check.of(content).to_le_bytes()[..2] == *crc {
            return Ok(Found::Answer(start + length, content[1..].to_vec()));
        }
    }
    Ok(Found::Nothing)
}

/// The length of the answer that may begin here.
fn rtu_length(unit: u8, function: u8, frame: &[u8]) -> Option<usize> {
    let (&from, rest) = frame.split_first()?;
    let (&code, rest) = rest.split_first()?;
    match (from == unit, code) {
        (true, code) if code == function | 0x80 => Some(5),
        (true, code) if code == function && function <= 4 => Some(5 + usize::from(*rest.first()?)),
        (true, code) if code == function => Some(8),
        _ => None,
    }
}

/// The frame of a request on TCP.
pub fn tcp(transaction: u16, unit: u8, request: &Request) -> Vec<u8> {
    tcp_of(transaction, unit, &request.encode())
}

/// The frame of a PDU on TCP.
pub fn tcp_of(transaction: u16, unit: u8, pdu: &[u8]) -> Vec<u8> {
    let length = u16::try_from(pdu.len() + 1).unwrap_or(u16::MAX);
    let mut bytes = transaction.to_be_bytes().to_vec();
    bytes.extend([0, 0]);
    bytes.extend(length.to_be_bytes());
    bytes.push(unit);
    bytes.extend(pdu);
    bytes
}

/// The answer with this transaction among bytes from TCP.
pub fn find_tcp(transaction: u16, bytes: &[u8]) -> Found {
    let &[t0, t1, p0, p1, l0, l1, _, ..] = bytes else { return Found::Nothing };
    let length = usize::from(u16::from_be_bytes([l0, l1]));
    if [p0, p1] != [0, 0] || !(2..=LONGEST + 1).contains(&length) {
        return Found::Foreign;
    }
    let end = HEADER - 1 + length;
    match bytes.get(HEADER..end) {
        None => Found::Nothing,
        Some(_) if u16::from_be_bytes([t0, t1]) != transaction => Found::Stale(end),
        Some(pdu) => Found::Answer(end, pdu.to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modbus::pdu::Table;
    use proptest::prelude::*;

    const READ: Request = Request::Read { table: Table::HoldingRegisters, address: 0, count: 1 };

    #[test]
    fn an_answer_is_found_among_noise() {
        // The frame of many manuals: unit 1, holding register 0.
        assert_eq!(rtu(1, &READ).unwrap(), [1, 3, 0, 0, 0, 1, 0x84, 0x0a]);
        let answer = [1, 3, 2, 0, 7, 0xf9, 0x86];
        assert_eq!(find_rtu(1, &READ, &answer).unwrap(), Found::Answer(7, vec![3, 2, 0, 7]));
        for noise in [&[0xff][..], &[1], &[1, 3, 200], &[2, 3, 2, 0, 7, 0xfd, 0x86]] {
            let bytes = [noise, &answer[..]].concat();
            let Ok(Found::Answer(end, pdu)) = find_rtu(1, &READ, &bytes) else { panic!("{noise:?}") };
            assert_eq!((end, pdu), (bytes.len(), vec![3, 2, 0, 7]));
        }
        assert_eq!(find_rtu(1, &READ, &[1, 0x83, 2, 0xc0, 0xf1]).unwrap(), Found::Answer(5, vec![0x83, 2]));
        let mut broken = answer;
        broken[4] = 8;
        assert_eq!(find_rtu(1, &READ, &broken).unwrap(), Found::Nothing);
    }

    #[test]
    fn an_earlier_transaction_is_stale() {
        assert_eq!(tcp(7, 255, &READ), [0, 7, 0, 0, 0, 6, 255, 3, 0, 0, 0, 1]);
        let answer = [0, 7, 0, 0, 0, 5, 255, 3, 2, 0, 7];
        assert_eq!(find_tcp(7, &answer), Found::Answer(11, vec![3, 2, 0, 7]));
        assert_eq!(find_tcp(8, &answer), Found::Stale(11));
        assert_eq!(find_tcp(7, &answer[..10]), Found::Nothing);
        assert_eq!(find_tcp(7, b"HTTP/1.1 400"), Found::Foreign);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), unit: u8) {
            find_rtu(unit, &READ, &bytes).unwrap();
            find_tcp(7, &bytes);
            next_rtu(&bytes).unwrap();
            next_tcp(&bytes);
        }
    }
}
