//! No base: memory mode. Everything stays in an overlay that never freezes.

use super::Base;
use crate::store::{fault::EngineError, overlay::Row};
use bytes::Bytes;
use std::ops::Bound;

/// Holds nothing.
pub(crate) struct NoBase;

impl Base for NoBase {
    fn get(&self, _key: &[u8]) -> Result<Option<Bytes>, EngineError> {
        Ok(None)
    }

    fn scan(
        &self,
        _: Bound<&[u8]>,
        _: Bound<&[u8]>,
        _rows: usize,
    ) -> Result<Vec<(Bytes, Bytes)>, EngineError> {
        Ok(Vec::new())
    }

    fn apply(&self, _rows: &[Row]) -> Result<(), EngineError> {
        Ok(())
    }

    fn disk_bytes(&self) -> u64 {
        0
    }

    fn is_none(&self) -> bool {
        true
    }
}
