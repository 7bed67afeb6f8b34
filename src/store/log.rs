//! Log records and segments.

use super::{content::Span, overlay::Row};

/// One committed batch.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) rows: Vec<Row>,
    /// Spans that became owned, and those that ceased to be.
    pub(crate) took: Vec<Span>,
    pub(crate) freed: Vec<Span>,
    /// Change of the live bytes.
    pub(crate) live: i64,
    /// Encoded small bodies: volume, offset, bytes.
    pub(crate) bodies: Vec<u8>,
    pub(crate) body_count: u64,
}
