//! Request bodies on their way into the store: small ones stay in memory, larger ones stream to staged extents. CRC-64
//! runs inline, it is faster than memory; MD5 runs beside the write, together with that of other bodies ([`super::hash`]).

use super::change::Change;
use super::engine::{Content, EngineError, SMALL_MAX, Staged, StagedWriter};
use super::hash::{Md5, Stopped};
use super::{Result, Store};
use crate::domain::crc64::Crc64;
use bytes::Bytes;
use std::fmt;

/// Bodies of more bytes go to staged extents; others stay in memory and travel in the log record.
pub const SMALL_BODY_MAX: usize = SMALL_MAX;

/// Takes in one body. Dropping it unfinished gives its space back.
pub struct BodyWriter {
    store: Store,
    hint: Option<u64>,
    len: u64,
    crc64: Crc64,
    md5: Option<Md5>,
    place: Writing,
}

enum Writing {
    /// The first piece as it came: most small bodies have no second.
    One(Bytes),
    /// Copied together: a body in tiny pieces must not cost more memory than its bytes.
    Many(Vec<u8>),
    Extents(Box<StagedWriter>),
}

/// A complete body that no record mentions yet. Dropping it gives its space back.
pub struct Body {
    len: u64,
    crc64: u64,
    md5: Option<[u8; 16]>,
    place: Finished,
}

enum Finished {
    Memory(Bytes),
    Extents(Staged),
}

impl Store {
    /// Starts to take in a body of about `size_hint` bytes; with its MD5 when `md5`. Limits are the caller's: the
    /// writer takes what it is given.
    pub fn receive(&self, size_hint: Option<u64>, md5: bool) -> BodyWriter {
        let place = match size_hint {
            // Nothing is reserved before the first byte.
            Some(len) if len > SMALL_BODY_MAX as u64 => {
                Writing::Extents(Box::new(self.inner.engine.stage(size_hint)))
            }
            _ => Writing::One(Bytes::new()),
        };
        BodyWriter {
            store: self.clone(),
            hint: size_hint,
            len: 0,
            crc64: Crc64::default(),
            md5: md5.then(|| self.inner.hasher.begin()),
            place,
        }
    }
}

impl From<Stopped> for super::Error {
    fn from(_: Stopped) -> Self {
        EngineError::Closed.into()
    }
}

impl BodyWriter {
    /// Takes the next bytes.
    pub async fn write(&mut self, bytes: Bytes) -> Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.len += bytes.len() as u64;
        self.crc64.update(&bytes);
        if let Some(md5) = &mut self.md5 {
            md5.update(&bytes).await?;
        }
        match &mut self.place {
            Writing::Extents(staged) => return Ok(staged.write(&bytes).await?),
            Writing::One(first) if first.is_empty() => *first = bytes,
            Writing::One(first) => {
                let mut all = std::mem::take(first).to_vec();
                all.extend_from_slice(&bytes);
                self.place = Writing::Many(all);
            }
            Writing::Many(all) => all.extend_from_slice(&bytes),
        }
        self.spill().await
    }

    /// Moves a body that has become too long for memory to extents.
    async fn spill(&mut self) -> Result<()> {
        if self.len <= SMALL_BODY_MAX as u64 {
            return Ok(());
        }
        let mut staged = Box::new(self.store.inner.engine.stage(self.hint));
        match &self.place {
            Writing::One(bytes) => staged.write(bytes).await?,
            Writing::Many(bytes) => staged.write(bytes).await?,
            Writing::Extents(_) => return Ok(()),
        }
        self.place = Writing::Extents(staged);
        Ok(())
    }

    /// Bytes so far.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether nothing has come yet.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Ends the body.
    pub async fn finish(self) -> Result<Body> {
        let md5 = match self.md5 {
            Some(md5) => Some(md5.finish().await?),
            None => None,
        };
        let place = match self.place {
            Writing::Extents(staged) => Finished::Extents(staged.finish()),
            Writing::One(bytes) => Finished::Memory(bytes),
            Writing::Many(bytes) => Finished::Memory(bytes.into()),
        };
        Ok(Body {
            len: self.len,
            crc64: self.crc64.value(),
            md5,
            place,
        })
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

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body")
            .field("len", &self.len)
            .field("crc64", &self.crc64)
            .finish_non_exhaustive()
    }
}

impl Change<'_> {
    /// Links a body at the end of a content that this change owns.
    pub(super) fn extend(&mut self, content: &Content, body: Body) -> Result<Content> {
        Ok(match body.place {
            Finished::Memory(bytes) => self.batch.append_small(content, &bytes)?,
            Finished::Extents(staged) => self.batch.attach(content, staged)?,
        })
    }

    /// The bytes of a new object or part.
    pub(super) fn content(&mut self, body: Body) -> Result<Content> {
        let content = Content::empty(self.store.inner.engine.next_content_id());
        self.extend(&content, body)
    }
}
