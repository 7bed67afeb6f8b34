//! Request bodies on their way into the store: small ones stay in memory, larger ones stream to staged extents, and
//! checksums run beside the write.

use super::{Result, Store};
use bytes::Bytes;

/// Bodies below this many bytes stay in memory and travel in the log record.
pub const SMALL_BODY_MAX: usize = 128 * 1024;

/// Takes in one body. Dropping it unfinished gives its space back.
pub struct BodyWriter {}

/// A complete body that no record mentions yet. Dropping it gives its space back.
#[derive(Debug)]
pub struct Body {
    len: u64,
    crc64: u64,
    md5: Option<[u8; 16]>,
}

impl Store {
    /// Starts to take in a body of about `size_hint` bytes; with its MD5 when `md5`. Limits are the caller's: the
    /// writer takes what it is given.
    pub fn receive(&self, size_hint: Option<u64>, md5: bool) -> BodyWriter {
        todo!()
    }
}

impl BodyWriter {
    /// Takes in the next bytes.
    pub async fn write(&mut self, bytes: Bytes) -> Result<()> {
        todo!()
    }

    /// Bytes so far.
    pub fn len(&self) -> u64 {
        todo!()
    }

    /// Whether nothing has come yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Ends the body.
    pub async fn finish(self) -> Result<Body> {
        todo!()
    }
}

impl Body {
    /// Length in bytes.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// CRC-64 of the bytes.
    pub fn crc64(&self) -> u64 {
        self.crc64
    }

    /// MD5 of the bytes, if it was asked for.
    pub fn md5(&self) -> Option<[u8; 16]> {
        self.md5
    }
}
