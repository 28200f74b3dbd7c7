//! Messages of HiSLIP: their header, their kinds and their message IDs.
//!
//! Source: IVI-6.1, High-Speed LAN Instrument Protocol, revision 1.1, sections 2 to 4. Invariant: pure functions over plain data.

/// The TCP port of HiSLIP servers (section 2.2).
pub const PORT: u16 = 4880;

/// The sub-address of the first instrument of a server (section 2.3).
pub const SUB_ADDRESS: &str = "hislip0";

/// Bytes of a header.
pub const HEADER: usize = 16;

/// The version that is offered, and spoken: 1.0.
pub const VERSION: u32 = 0x0100;

/// The ID of a client's first message, and of the first one after a device clear (section 3.1.1).
pub const FIRST_ID: u32 = 0xffff_ff00;

/// The ID of a reply that belongs to no message in particular.
pub const ANY_ID: u32 = 0xffff_ffff;

/// Bytes of payload that a message other than data may have: the text of an error.
pub const SMALL: u64 = 4096;

/// The kinds of messages (table 4).
pub mod kind {
    #![expect(missing_docs, reason = "the names of the specification")]
    pub const INITIALIZE: u8 = 0;
    pub const INITIALIZE_RESPONSE: u8 = 1;
    pub const FATAL_ERROR: u8 = 2;
    pub const ERROR: u8 = 3;
    pub const ASYNC_LOCK: u8 = 4;
    pub const ASYNC_LOCK_RESPONSE: u8 = 5;
    pub const DATA: u8 = 6;
    pub const DATA_END: u8 = 7;
    pub const DEVICE_CLEAR_COMPLETE: u8 = 8;
    pub const DEVICE_CLEAR_ACKNOWLEDGE: u8 = 9;
    pub const ASYNC_REMOTE_LOCAL_CONTROL: u8 = 10;
    pub const ASYNC_REMOTE_LOCAL_RESPONSE: u8 = 11;
    pub const TRIGGER: u8 = 12;
    pub const ASYNC_MAXIMUM_MESSAGE_SIZE: u8 = 15;
    pub const ASYNC_MAXIMUM_MESSAGE_SIZE_RESPONSE: u8 = 16;
    pub const ASYNC_INITIALIZE: u8 = 17;
    pub const ASYNC_INITIALIZE_RESPONSE: u8 = 18;
    pub const ASYNC_DEVICE_CLEAR: u8 = 19;
    pub const ASYNC_STATUS_QUERY: u8 = 21;
    pub const ASYNC_STATUS_RESPONSE: u8 = 22;
    pub const ASYNC_DEVICE_CLEAR_ACKNOWLEDGE: u8 = 23;
    pub const ASYNC_LOCK_INFO: u8 = 24;
    pub const ASYNC_LOCK_INFO_RESPONSE: u8 = 25;
}

/// A header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// One of [`kind`].
    pub kind: u8,
    /// What it is depends on the kind.
    pub control: u8,
    /// The message ID of data; otherwise depends on the kind.
    pub parameter: u32,
    /// Bytes that follow.
    pub length: u64,
}

impl Header {
    /// A header without a payload.
    pub fn new(kind: u8, control: u8, parameter: u32) -> Header {
        Header { kind, control, parameter, length: 0 }
    }

    /// Reads a header. `None`: the bytes do not begin one.
    pub fn read(bytes: &[u8; HEADER]) -> Option<Header> {
        let [b'H', b'S', kind, control, p0, p1, p2, p3, length @ ..] = *bytes else { return None };
        let length = u64::from_be_bytes(length);
        Some(Header { kind, control, parameter: u32::from_be_bytes([p0, p1, p2, p3]), length })
    }

    /// The message with this payload.
    pub fn with(self, payload: &[u8]) -> Vec<u8> {
        let mut message = Vec::with_capacity(HEADER + payload.len());
        message.extend([b'H', b'S', self.kind, self.control]);
        message.extend(self.parameter.to_be_bytes());
        message.extend((payload.len() as u64).to_be_bytes());
        message.extend(payload);
        message
    }
}

/// The message ID after `id`.
pub fn next_id(id: u32) -> u32 {
    id.wrapping_add(2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn headers_round_trip_and_nothing_panics(bytes: [u8; HEADER], payload: Vec<u8>, kind: u8, control: u8, parameter: u32) {
            let _ = Header::read(&bytes);
            let message = Header::new(kind, control, parameter).with(&payload);
            let read = Header::read(message.first_chunk().unwrap()).unwrap();
            prop_assert_eq!(read, Header { kind, control, parameter, length: payload.len() as u64 });
            prop_assert_eq!(&message[HEADER..], &payload[..]);
        }
    }

    #[test]
    fn message_ids_wrap() {
        assert_eq!(next_id(FIRST_ID), 0xffff_ff02);
        assert_eq!(next_id(0xffff_fffe), 0);
    }
}
