//! The low seam: an ordered key-value base under the overlay. It holds everything up to a checkpoint; semantics exist once, above.
//! Another engine, or a shared database, takes sled's place by implementing this trait.

pub(crate) mod none;
pub(crate) mod sled;

use super::{fault::EngineError, overlay::Row};
use bytes::Bytes;
use std::ops::Bound;

/// An ordered map of bytes to bytes with one writer. Reads may run beside a write.
pub(crate) trait Base: Send + Sync {
    /// The value of a key.
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, EngineError>;

    /// Ascending rows of a range that is not empty, at most `rows`.
    fn scan(
        &self,
        start: Bound<&[u8]>,
        end: Bound<&[u8]>,
        rows: usize,
    ) -> Result<Vec<(Bytes, Bytes)>, EngineError>;

    /// Applies rows and makes them durable before it returns. Called by one thread at a time; idempotent.
    fn apply(&self, rows: &[Row]) -> Result<(), EngineError>;

    /// Bytes on disk.
    fn disk_bytes(&self) -> u64;

    /// Whether there is no base at all, so that deleted rows leave no trace.
    fn is_none(&self) -> bool {
        false
    }
}
