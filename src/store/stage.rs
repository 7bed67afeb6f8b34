//! Streams a large body into fresh extents before any lock is taken. What is written here belongs to nobody until a batch
//! attaches it; dropping the writer or the result frees the space.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss
)] // lengths are bounded by extents, volumes and groups; 64-bit targets only

use super::{
    content::{EXTENT_MAX, Extent, Span, UNIT},
    engine::Shared,
    fault::EngineError,
    volume::Volume,
};
use std::sync::Arc;

/// First extent of a body of unknown length; later ones double.
const FIRST: u64 = 256 * 1024;
/// Written bytes after which a sync is started beside the writing, so that a commit finds little left to sync.
const SYNC_EVERY: u64 = 8 << 20;

/// Takes a body in pieces.
pub struct StagedWriter {
    shared: Arc<Shared>,
    extents: Vec<Extent>,
    /// The volume of the last extent.
    volume: Option<Arc<Volume>>,
    hint: Option<u64>,
    len: u64,
    unsynced: u64,
    syncing: Option<tokio::task::JoinHandle<Result<(), EngineError>>>,
}

/// A body that lies in its extents, not durable and not owned yet.
pub struct Staged {
    shared: Arc<Shared>,
    extents: Vec<Extent>,
    len: u64,
}

impl StagedWriter {
    pub(crate) fn new(shared: Arc<Shared>, hint: Option<u64>) -> Self {
        Self {
            shared,
            extents: Vec::new(),
            volume: None,
            hint,
            len: 0,
            unsynced: 0,
            syncing: None,
        }
    }

    /// Writes the next bytes. Memory does not grow with the body; [`EngineError::Full`] leaves the store as it was.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), EngineError> {
        self.write_now(bytes)?;
        if self.unsynced >= SYNC_EVERY {
            self.unsynced = 0;
            self.sync_beside().await?;
        }
        Ok(())
    }

    /// As [`Self::write`], without the syncs on the way; for callers without a runtime.
    pub fn write_now(&mut self, mut bytes: &[u8]) -> Result<(), EngineError> {
        while !bytes.is_empty() {
            let room = self.extents.last().map_or(0, Extent::room);
            if room == 0 {
                self.add_extent()?;
                continue;
            }
            let (now, later) = bytes.split_at(bytes.len().min(room));
            let (Some(last), Some(volume)) = (self.extents.last_mut(), &self.volume) else {
                break;
            };
            self.shared.step("stage.write", volume)?;
            volume.write(now, last.offset + u64::from(last.used))?;
            last.extend(now);
            self.len += now.len() as u64;
            self.unsynced += now.len() as u64;
            bytes = later;
        }
        Ok(())
    }

    fn add_extent(&mut self) -> Result<(), EngineError> {
        let expected = self
            .hint
            .and_then(|hint| hint.checked_sub(self.len))
            .filter(|left| *left > 0);
        let want = match (expected, self.extents.last()) {
            (Some(left), _) => left.next_multiple_of(UNIT).min(EXTENT_MAX),
            (None, Some(last)) => (u64::from(last.capacity) * 2).min(EXTENT_MAX),
            (None, None) => FIRST,
        };
        let span = self.shared.space.allocate_up_to(want, FIRST)?;
        let span = self.cut(span);
        self.volume = Some(self.shared.space.volumes.get(span.volume)?);
        self.extents.push(Extent::fresh(span));
        Ok(())
    }

    /// An extent is at most [`EXTENT_MAX`] long.
    fn cut(&self, span: Span) -> Span {
        let len = span.len.min(EXTENT_MAX);
        self.shared.space.give_back(&[Span {
            offset: span.offset + len,
            len: span.len - len,
            ..span
        }]);
        Span { len, ..span }
    }

    /// Waits for the sync started before and starts the next one on a blocking thread.
    async fn sync_beside(&mut self) -> Result<(), EngineError> {
        if let Some(running) = self.syncing.take() {
            running.await.unwrap_or(Err(EngineError::Closed))?;
        }
        // One sync at a time is enough to keep the backlog short, and many uploads need no thread each to wait for it.
        if self.shared.syncs_bodies()
            && let Some(volume) = self.volume.clone()
            && !volume.is_syncing()
        {
            self.syncing = Some(tokio::task::spawn_blocking(move || volume.sync()));
        }
        Ok(())
    }

    /// Bytes so far.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Ends the body and gives back what was reserved beyond it.
    pub fn finish(mut self) -> Staged {
        let mut extents = std::mem::take(&mut self.extents);
        if let Some(last) = extents.last_mut() {
            let keep = u64::from(last.used).next_multiple_of(UNIT);
            let (offset, len) = (last.offset + keep, u64::from(last.capacity) - keep);
            self.shared.space.give_back(&[Span {
                volume: last.volume,
                offset,
                len,
            }]);
            last.capacity = keep as u32;
        }
        extents.retain(|extent| extent.used > 0);
        Staged {
            shared: self.shared.clone(),
            extents,
            len: self.len,
        }
    }
}

impl Drop for StagedWriter {
    fn drop(&mut self) {
        self.shared
            .space
            .give_back(&self.extents.iter().map(Extent::span).collect::<Vec<_>>());
    }
}

impl Staged {
    /// Length in bytes.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The extents, which the caller now owns, and the volumes to sync before a record mentions them.
    pub(crate) fn into_parts(mut self) -> (Vec<Extent>, Vec<Arc<Volume>>) {
        let extents = std::mem::take(&mut self.extents);
        let mut ids: Vec<u32> = extents.iter().map(|extent| extent.volume).collect();
        ids.sort_unstable();
        ids.dedup();
        let volumes = ids
            .into_iter()
            .filter_map(|id| self.shared.space.volumes.get(id).ok())
            .collect();
        (extents, volumes)
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        self.shared
            .space
            .give_back(&self.extents.iter().map(Extent::span).collect::<Vec<_>>());
    }
}
