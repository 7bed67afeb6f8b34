//! A batch: one atomic set of row changes and byte changes, built under the caller's key lock and enqueued by `submit`.
//! Bytes go to their extents (unsynced) while the batch is built; nothing refers to them before the batch is published.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss
)] // lengths are bounded by extents, volumes and groups; 64-bit targets only

use super::{
    codec::{put_bytes, put_varint, take_varint},
    content::{Content, Extent, Page, REFERENCE_PREFIX, Span, UNIT},
    engine::{SMALL_MAX, Shared},
    fault::EngineError,
    log::Record,
    overlay::{Row, View},
    space::Pin as SpacePin,
    stage::Staged,
    sync::{MutexGuard, oneshot},
    volume::Volume,
};
use bytes::Bytes;
use std::{
    collections::BTreeMap,
    future::Future,
    ops::Bound,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

/// Longest key in bytes: an object name of 1023 bytes with every byte escaped, and the prefixes.
pub const KEY_MAX: usize = 2304;
/// Longest log record in bytes.
const RECORD_MAX: usize = 64 << 20;
/// Longest row value in bytes.
pub const VALUE_MAX: usize = 4 << 20;

/// Builds one atomic mutation. Begin it right after taking the key's lock and *before* reading what it is decided on (or read
/// through [`Batch::get`]): if a failed commit is rolled back in between, `submit` then answers [`EngineError::Stale`] instead
/// of building on rows that never were. Dropping it undoes everything. Hold only one at a time per thread.
pub struct Batch<'e> {
    shared: &'e Shared,
    generation: u64,
    /// Keeps spans of a rolled-back commit, to which this batch may append, from being reused under it.
    pin: Option<SpacePin>,
    rows: Vec<Row>,
    /// Owner counts this batch has looked at or changed, by the start of the span.
    counts: BTreeMap<Span, Count>,
    /// Held from the first look at an owner count until the batch is enqueued.
    counting: Option<MutexGuard<'e, ()>>,
    /// Encoded small bodies: volume, offset, bytes.
    bodies: Vec<u8>,
    body_count: u64,
    took: Vec<Span>,
    freed: Vec<Span>,
    /// Volumes that hold large bodies of this batch.
    large: Vec<Arc<Volume>>,
    live: i64,
}

#[derive(Clone, Copy)]
struct Count {
    stored: u64,
    now: u64,
}

/// A submitted batch: resolves when it is durable and published.
#[must_use = "a commit is durable only once it has resolved"]
pub struct Commit(State);

enum State {
    Ready(Option<Result<(), EngineError>>),
    Waiting(oneshot::Receiver<Result<(), EngineError>>),
}

impl Commit {
    pub(crate) fn ready(result: Result<(), EngineError>) -> Self {
        Self(State::Ready(Some(result)))
    }

    pub(crate) fn waiting(receiver: oneshot::Receiver<Result<(), EngineError>>) -> Self {
        Self(State::Waiting(receiver))
    }

    /// Waits on this thread; not for use inside a runtime.
    pub fn wait(self) -> Result<(), EngineError> {
        match self.0 {
            State::Ready(result) => result.unwrap_or(Err(EngineError::Closed)),
            State::Waiting(receiver) => {
                receiver.blocking_recv().unwrap_or(Err(EngineError::Closed))
            }
        }
    }
}

impl Future for Commit {
    type Output = Result<(), EngineError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            State::Ready(result) => Poll::Ready(result.take().unwrap_or(Err(EngineError::Closed))),
            State::Waiting(receiver) => Pin::new(receiver)
                .poll(context)
                .map(|sent| sent.unwrap_or(Err(EngineError::Closed))),
        }
    }
}

fn reference_key(span: Span) -> Vec<u8> {
    let mut key = vec![REFERENCE_PREFIX];
    key.extend_from_slice(&span.volume.to_be_bytes());
    key.extend_from_slice(&span.offset.to_be_bytes());
    key
}

impl<'e> Batch<'e> {
    pub(crate) fn new(shared: &'e Shared) -> Self {
        Self {
            shared,
            pin: Some(shared.space.pin()),
            generation: shared.overlay.read().generation,
            rows: Vec::new(),
            counts: BTreeMap::new(),
            counting: None,
            bodies: Vec::new(),
            body_count: 0,
            took: Vec::new(),
            freed: Vec::new(),
            large: Vec::new(),
            live: 0,
        }
    }

    /// The pending value of a key, not counting this batch's own changes.
    pub fn get(&self, key: &[u8]) -> Result<Option<Bytes>, EngineError> {
        self.shared.overlay.get(View::Pending, key)
    }

    /// Pending rows as in [`super::engine::Engine::scan`], not counting this batch's own changes.
    pub fn scan(
        &self,
        start: Bound<&[u8]>,
        end: Bound<&[u8]>,
        rows: usize,
    ) -> Result<Vec<(Bytes, Bytes)>, EngineError> {
        self.shared.overlay.scan(View::Pending, start, end, rows)
    }

    /// Sets a row. Keys start below 0xE0 and have at most [`KEY_MAX`] bytes, values at most [`VALUE_MAX`]: `submit` refuses others.
    pub fn put(&mut self, key: Vec<u8>, value: impl Into<Bytes>) {
        self.rows.push((key.into(), Some(value.into())));
    }

    /// Removes a row, whether or not it exists.
    pub fn delete(&mut self, key: Vec<u8>) {
        self.rows.push((key.into(), None));
    }

    /// Appends fewer than [`SMALL_MAX`] bytes to a content that this caller owns; the result replaces it in its record.
    /// The bytes also travel in the log record, so no volume is synced for them.
    pub fn append_small(
        &mut self,
        content: &Content,
        bytes: &[u8],
    ) -> Result<Content, EngineError> {
        if bytes.len() > SMALL_MAX {
            return Err(EngineError::TooLarge { what: "small body" });
        }
        let mut content = content.clone();
        let mut rest = bytes;
        while !rest.is_empty() {
            let room = content.last_mut().map_or(0, |last| last.room());
            if room == 0 {
                let span = self
                    .shared
                    .space
                    .allocate(content.next_extent(rest.len()))?;
                self.took.push(span);
                content.push(Extent::fresh(span));
                continue;
            }
            let (now, later) = rest.split_at(rest.len().min(room));
            self.write_at_end(&mut content, now)?;
            rest = later;
        }
        self.live += bytes.len() as i64;
        self.spill(&mut content);
        Ok(content)
    }

    fn write_at_end(&mut self, content: &mut Content, bytes: &[u8]) -> Result<(), EngineError> {
        let Some(last) = content.last_mut() else {
            return Ok(());
        };
        let (id, offset) = (last.volume, last.offset + u64::from(last.used));
        self.shared.space.volumes.get(id)?.write(bytes, offset)?;
        content.extend_last(bytes);
        if self.shared.queue.is_some() {
            put_varint(&mut self.bodies, u64::from(id));
            put_varint(&mut self.bodies, offset);
            put_bytes(&mut self.bodies, bytes);
            self.body_count += 1;
        }
        Ok(())
    }

    /// Links a finished large body at the end of a content that this caller owns.
    pub fn attach(&mut self, content: &Content, staged: Staged) -> Result<Content, EngineError> {
        let mut content = content.clone();
        let (extents, volumes) = staged.into_parts();
        if extents.is_empty() {
            return Ok(content);
        }
        self.took.extend(extents.iter().map(Extent::span));
        self.free_room(&mut content)?;
        for extent in extents {
            self.live += i64::from(extent.used);
            content.push(extent);
        }
        for volume in volumes {
            if self.large.iter().all(|known| known.id != volume.id) {
                self.large.push(volume);
            }
        }
        self.spill(&mut content);
        Ok(content)
    }

    /// Frees the room behind the last extent, which stops being the last.
    fn free_room(&mut self, content: &mut Content) -> Result<(), EngineError> {
        let Some(last) = content.last_mut() else {
            return Ok(());
        };
        if last.sealed {
            return Ok(());
        }
        let keep = u64::from(last.used).next_multiple_of(UNIT);
        let room = u64::from(last.capacity) - keep;
        // Another owner knows the whole span and will free it.
        let span = last.span();
        if room == 0 || self.owners(span)? > 1 {
            return Ok(());
        }
        if let Some(last) = content.last_mut() {
            last.capacity = keep as u32;
        }
        self.freed.push(Span {
            volume: span.volume,
            offset: span.offset + keep,
            len: room,
        });
        Ok(())
    }

    /// Makes one content of several, in order, without moving a byte. The parts stop existing: their records must be
    /// deleted or rewritten in this batch. `id` is fresh.
    pub fn concat(&mut self, parts: Vec<Content>, id: u64) -> Result<Content, EngineError> {
        let mut whole = Content::empty(id);
        for part in parts {
            for page in self.take_pages(&part)? {
                page.extents
                    .into_iter()
                    .for_each(|extent| whole.push(extent));
            }
            part.tail()
                .iter()
                .for_each(|extent| whole.push(extent.clone()));
        }
        // Parts are appended to by nobody; the whole might be, behind the last of them.
        self.spill(&mut whole);
        Ok(whole)
    }

    /// A second owner of the same bytes (a copy, a version), as a content of its own with the fresh `id`. The caller must make
    /// sure that the source is not released meanwhile (hold its key's lock). Appending to either does not touch the other.
    pub fn share(&mut self, content: &Content, id: u64) -> Result<Content, EngineError> {
        let mut copy = Content::empty(id);
        for extent in self.extents_of(content)? {
            self.change_owners(extent.span(), 1)?;
            copy.push(Extent {
                sealed: true,
                ..extent
            });
        }
        self.spill(&mut copy);
        Ok(copy)
    }

    /// Ends this ownership of a content; bytes that no other content owns are freed once the batch is committed. If the same
    /// batch shares the content, share first.
    pub fn release(&mut self, content: &Content) -> Result<(), EngineError> {
        let mut extents: Vec<Extent> = self
            .take_pages(content)?
            .into_iter()
            .flat_map(|page| page.extents)
            .collect();
        extents.extend_from_slice(content.tail());
        for extent in extents {
            if self.change_owners(extent.span(), -1)? == 0 {
                self.live -= i64::from(extent.used);
                self.freed.push(extent.span());
            }
        }
        Ok(())
    }

    fn extents_of(&self, content: &Content) -> Result<Vec<Extent>, EngineError> {
        let pages = self
            .shared
            .pages(View::Pending, content, 0..content.paged())?;
        let full = pages.into_iter().flat_map(|page| page.extents);
        Ok(full.chain(content.tail().iter().cloned()).collect())
    }

    /// Reads the pages of a content and deletes all their rows.
    fn take_pages(&mut self, content: &Content) -> Result<Vec<Page>, EngineError> {
        let pages = self
            .shared
            .pages(View::Pending, content, 0..content.paged())?;
        for page in &pages {
            self.rows.push((content.page_key(page.end).into(), None));
        }
        Ok(pages)
    }

    fn spill(&mut self, content: &mut Content) {
        for page in content.spill() {
            self.rows.push((
                content.page_key(page.end).into(),
                Some(page.encode().into()),
            ));
        }
    }

    /// How many contents own a span.
    fn owners(&mut self, span: Span) -> Result<u64, EngineError> {
        let start = Span { len: 0, ..span };
        if let Some(count) = self.counts.get(&start) {
            return Ok(count.now);
        }
        if self.counting.is_none() {
            self.counting = Some(self.shared.references.lock());
        }
        let stored = match self
            .shared
            .overlay
            .get(View::Pending, &reference_key(span))?
        {
            Some(row) => take_varint(&mut &row[..])
                .ok_or_else(|| EngineError::corrupt("owner count does not decode"))?,
            None => 1,
        };
        self.counts.insert(
            start,
            Count {
                stored,
                now: stored,
            },
        );
        Ok(stored)
    }

    fn change_owners(&mut self, span: Span, change: i64) -> Result<u64, EngineError> {
        let now = self.owners(span)?.saturating_add_signed(change);
        if let Some(count) = self.counts.get_mut(&Span { len: 0, ..span }) {
            count.now = now;
        }
        Ok(now)
    }

    /// Rows for the owner counts that changed: a single owner needs none.
    fn write_counts(&mut self) {
        for (span, count) in std::mem::take(&mut self.counts) {
            if count.now == count.stored {
                continue;
            }
            let value = (count.now > 1).then(|| {
                let mut value = Vec::with_capacity(2);
                put_varint(&mut value, count.now);
                Bytes::from(value)
            });
            if value.is_some() || count.stored > 1 {
                self.rows.push((reference_key(span).into(), value));
            }
        }
    }

    fn check_bounds(&self) -> Result<(), EngineError> {
        let mut bytes = self.bodies.len();
        for (key, value) in &self.rows {
            bytes += key.len() + value.as_ref().map_or(0, Bytes::len);
            if key.is_empty() || key.len() > KEY_MAX {
                return Err(EngineError::TooLarge { what: "row key" });
            }
            if value.as_ref().is_some_and(|value| value.len() > VALUE_MAX) {
                return Err(EngineError::TooLarge { what: "row value" });
            }
        }
        if bytes > RECORD_MAX {
            return Err(EngineError::TooLarge { what: "batch" });
        }
        Ok(())
    }

    /// Enqueues the batch; the order of these calls is the order in the log. Everything in it is visible to
    /// [`View::Pending`] when this returns, and to [`View::Committed`] when the [`Commit`] resolves. Dropping the commit does
    /// not undo it.
    pub fn submit(mut self) -> Commit {
        if let Err(error) = self
            .check_bounds()
            .and_then(|()| self.shared.health.check())
        {
            return Commit::ready(Err(error));
        }
        self.write_counts();
        let record = Record {
            rows: std::mem::take(&mut self.rows),
            took: std::mem::take(&mut self.took),
            freed: std::mem::take(&mut self.freed),
            live: self.live,
            bodies: std::mem::take(&mut self.bodies),
            body_count: self.body_count,
        };
        // All bytes are written; holding it longer would only delay the spans this batch frees.
        self.pin = None;
        let commit = self
            .shared
            .submit(record, std::mem::take(&mut self.large), self.generation);
        // Released only now: the next batch must see these owner counts as pending.
        self.counting = None;
        commit
    }
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        // Not submitted: no record mentions what was taken.
        self.shared.space.give_back(&self.took);
    }
}
