//! Files and bytes kept with a report.
//!
//! Invariant: plain data; self-contained: the bytes are in it.

use serde::{Deserialize, Serialize};

/// A file or bytes to keep with the report.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Attachment {
    /// Its name.
    pub name: String,
    /// Its media type, for example `image/png`.
    pub media: String,
    /// Length in bytes.
    pub size: u64,
    /// The bytes in base64 (RFC 4648, section 4).
    pub content: String,
}
