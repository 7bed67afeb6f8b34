//! The overlay: rows newer than the base, in memory. Pending rows are enqueued and not yet durable; active ones are committed;
//! frozen ones are on their way into the base. The merge of all with the base exists here and nowhere else.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss
)] // lengths are bounded by extents, volumes and groups; 64-bit targets only

use super::{
    base::Base,
    checkpoint::SpaceChange,
    content::Span,
    fault::EngineError,
    log::Counters,
    sync::{RwLock, RwLockReadGuard, RwLockWriteGuard},
};
use bytes::Bytes;
use std::{collections::BTreeMap, ops::Bound, sync::Arc};

/// A row: a key with its value, or with `None` where it was deleted.
pub(crate) type Row = (Bytes, Option<Bytes>);
type Rows = BTreeMap<Bytes, Option<Bytes>>;

/// Rows looked at under one read lock.
const SLICE: usize = 256;

/// Which rows a reader sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// What is durable (in the mode's sense) and published.
    Committed,
    /// Also what is enqueued: what a writer that holds the key's lock must decide on.
    Pending,
}

/// What a committed record changes besides rows.
pub(crate) struct Published {
    pub(crate) sequence: u64,
    pub(crate) counters: Counters,
    pub(crate) took: Vec<Span>,
    pub(crate) freed: Vec<Span>,
    pub(crate) live: i64,
}

/// What the active rows cover, for the checkpoint that will move them.
#[derive(Default)]
pub(crate) struct Window {
    /// Sequence number of the last published record.
    pub(crate) sequence: u64,
    pub(crate) counters: Counters,
    /// Live bytes in all.
    pub(crate) live: i64,
    /// Ownership changes since the last freeze, in log order.
    pub(crate) changes: Vec<SpaceChange>,
    /// Bytes of keys and values published since the last freeze.
    pub(crate) row_bytes: u64,
}

/// What is in memory.
#[derive(Default)]
pub(crate) struct Layers {
    /// Rows with the sequence number of the record that wrote them last.
    pending: BTreeMap<Bytes, (u64, Option<Bytes>)>,
    active: Rows,
    frozen: Option<Arc<Rows>>,
    window: Window,
    /// Counts the rolled-back commits: a batch built on an older state is refused.
    pub(crate) generation: u64,
}

/// The layers with the base under them.
pub(crate) struct Overlay {
    layers: RwLock<Layers>,
    base: Arc<dyn Base>,
    /// Nothing is below the active rows: deletions need no tombstone.
    bottomless: bool,
}

/// Rows of a slice, and where the next one starts unless this was the last.
type Slice = (Vec<(Bytes, Bytes)>, Option<Bytes>);

impl Layers {
    #[allow(clippy::option_option)] // unknown here, deleted, or the value
    fn get(&self, view: View, key: &[u8]) -> Option<Option<Bytes>> {
        if view == View::Pending
            && let Some((_, value)) = self.pending.get(key)
        {
            return Some(value.clone());
        }
        let frozen = || self.frozen.as_ref().and_then(|rows| rows.get(key));
        self.active.get(key).or_else(frozen).cloned()
    }

    /// Makes enqueued rows visible to [`View::Pending`].
    pub(crate) fn enqueue(&mut self, sequence: u64, rows: &[Row]) {
        for (key, value) in rows {
            self.pending.insert(key.clone(), (sequence, value.clone()));
        }
    }

    /// Moves the rows of a durable record from pending to active.
    pub(crate) fn publish(&mut self, rows: Vec<Row>, with: Published) {
        let sequence = with.sequence;
        let window = &mut self.window;
        window.sequence = sequence;
        window.counters = window.counters.max(with.counters);
        window.live += with.live;
        window
            .changes
            .extend(with.took.into_iter().map(SpaceChange::Took));
        window
            .changes
            .extend(with.freed.into_iter().map(SpaceChange::Freed));
        for (key, value) in rows {
            window.row_bytes += (key.len() + value.as_ref().map_or(0, Bytes::len)) as u64;
            if self
                .pending
                .get(&key)
                .is_some_and(|(last, _)| *last == sequence)
            {
                self.pending.remove(&key);
            }
            self.active.insert(key, value);
        }
    }

    /// Forgets everything enqueued: its commits failed.
    pub(crate) fn roll_back(&mut self) {
        self.pending.clear();
        self.generation += 1;
    }

    /// Starts the window after a checkpoint that covers everything up to `sequence`.
    pub(crate) fn begin_window(&mut self, sequence: u64, counters: Counters, live: i64) {
        self.window = Window {
            sequence,
            counters,
            live,
            ..Window::default()
        };
    }

    pub(crate) fn window(&self) -> &Window {
        &self.window
    }

    /// Whether a checkpoint would have nothing to do.
    pub(crate) fn nothing_to_freeze(&self) -> bool {
        self.active.is_empty() && self.window.changes.is_empty()
    }

    /// Turns the active rows into frozen ones; there are none from before.
    pub(crate) fn freeze(&mut self) -> (Arc<Rows>, Window) {
        let rows = Arc::new(std::mem::take(&mut self.active));
        self.frozen = Some(rows.clone());
        let Window {
            sequence,
            counters,
            live,
            ..
        } = self.window;
        let next = Window {
            sequence,
            counters,
            live,
            ..Window::default()
        };
        (rows, std::mem::replace(&mut self.window, next))
    }

    /// Forgets the frozen rows: the base has them.
    pub(crate) fn thaw(&mut self) -> Option<Arc<Rows>> {
        self.frozen.take()
    }

    pub(crate) fn rows(&self) -> usize {
        self.pending.len() + self.active.len() + self.frozen.as_ref().map_or(0, |rows| rows.len())
    }
}

impl Overlay {
    pub(crate) fn new(base: Arc<dyn Base>) -> Self {
        let bottomless = base.is_none();
        Self {
            layers: RwLock::new(Layers::default()),
            base,
            bottomless,
        }
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, Layers> {
        self.layers.read()
    }

    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, Layers> {
        self.layers.write()
    }

    /// Publishes rows that need no log.
    pub(crate) fn publish_now(&self, layers: &mut Layers, rows: Vec<Row>) {
        for (key, value) in rows {
            if value.is_none() && self.bottomless {
                layers.active.remove(&key);
            } else {
                layers.active.insert(key, value);
            }
        }
    }

    /// The value of a key.
    pub(crate) fn get(&self, view: View, key: &[u8]) -> Result<Option<Bytes>, EngineError> {
        let found = self.layers.read().get(view, key);
        match found {
            Some(value) => Ok(value),
            // The base can only have become newer since: by then the row was committed.
            None => self.base.get(key),
        }
    }

    /// Ascending rows of a range, at most `limit`.
    pub(crate) fn scan(
        &self,
        view: View,
        start: Bound<&[u8]>,
        end: Bound<&[u8]>,
        limit: usize,
    ) -> Result<Vec<(Bytes, Bytes)>, EngineError> {
        let mut found = Vec::new();
        let mut from: Bound<Bytes> = start.map(Bytes::copy_from_slice);
        while found.len() < limit {
            let want = (limit - found.len()).min(SLICE);
            let (rows, next) = self.slice(view, from.as_ref().map(|key| &key[..]), end, want)?;
            found.extend(rows);
            match next {
                Some(key) => from = Bound::Excluded(key),
                None => break,
            }
        }
        Ok(found)
    }

    fn slice(
        &self,
        view: View,
        start: Bound<&[u8]>,
        end: Bound<&[u8]>,
        want: usize,
    ) -> Result<Slice, EngineError> {
        if is_empty(start, end) {
            return Ok((Vec::new(), None));
        }
        let layers = self.layers.read();
        let from_base = self.base.scan(start, end, want)?;
        // Beyond the last row of a full base slice there may be rows not fetched yet.
        let horizon = (from_base.len() == want)
            .then(|| from_base.last().map(|(key, _)| key.clone()))
            .flatten();

        let range = (start, end);
        let mut base = from_base.into_iter().peekable();
        let mut active = layers.active.range::<[u8], _>(range).peekable();
        let mut frozen = layers
            .frozen
            .as_ref()
            .map(|rows| rows.range::<[u8], _>(range).peekable());
        let mut pending =
            (view == View::Pending).then(|| layers.pending.range::<[u8], _>(range).peekable());

        let mut rows = Vec::new();
        for visited in 1.. {
            let heads = [
                pending
                    .as_mut()
                    .and_then(|iter| iter.peek().map(|(key, _)| *key)),
                active.peek().map(|(key, _)| *key),
                frozen
                    .as_mut()
                    .and_then(|iter| iter.peek().map(|(key, _)| *key)),
                base.peek().map(|(key, _)| key),
            ];
            let Some(key) = heads.into_iter().flatten().min().cloned() else {
                break;
            };
            if horizon.as_ref().is_some_and(|horizon| key > *horizon) {
                break;
            }
            let mut value = None;
            if let Some((_, row)) = base.next_if(|(other, _)| *other == key) {
                value = Some(row);
            }
            if let Some((_, row)) = frozen
                .as_mut()
                .and_then(|iter| iter.next_if(|(other, _)| **other == key))
            {
                value.clone_from(row);
            }
            if let Some((_, row)) = active.next_if(|(other, _)| **other == key) {
                value.clone_from(row);
            }
            if let Some((_, (_, row))) = pending
                .as_mut()
                .and_then(|iter| iter.next_if(|(other, _)| **other == key))
            {
                value.clone_from(row);
            }
            if let Some(value) = value {
                rows.push((key.clone(), value));
            }
            if rows.len() == want || visited >= 4 * SLICE {
                return Ok((rows, Some(key)));
            }
        }
        Ok((rows, horizon))
    }
}

/// `BTreeMap::range` and sled panic on ranges that end before they start.
fn is_empty(start: Bound<&[u8]>, end: Bound<&[u8]>) -> bool {
    match (start, end) {
        (Bound::Included(a), Bound::Included(b)) => a > b,
        (Bound::Included(a) | Bound::Excluded(a), Bound::Excluded(b))
        | (Bound::Excluded(a), Bound::Included(b)) => a >= b,
        _ => false,
    }
}
