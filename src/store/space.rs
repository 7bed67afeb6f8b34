//! The free map: which bytes of the volumes nobody owns. Freed spans wait here until no checkpoint and no reader needs them.
//! In memory only; [`super::checkpoint`] persists the used units as page rows, [`super::recover`] reads them back.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss
)] // lengths are bounded by extents, volumes and groups; 64-bit targets only

use super::{
    content::{Extent, Span, UNIT},
    fault::EngineError,
    volume::Volumes,
};
use parking_lot::Mutex;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    sync::Arc,
};

/// Smallest hole given back to the file system.
const HOLE_MIN: u64 = 1 << 20;
/// Free space that may stay on disk besides a quarter of what is live.
const SLACK: u64 = 8 << 20;
const MIB: u64 = 1 << 20;

/// Keeps every extent that existed when it was taken readable for as long as it lives.
#[derive(Clone)]
pub struct Pin {
    _token: Arc<()>,
}

/// Figures of the map, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct SpaceFigures {
    /// Length of all volumes.
    pub(crate) total: u64,
    /// Owned by nobody.
    pub(crate) free: u64,
    /// Freed, but still needed by a reader or a checkpoint.
    pub(crate) waiting: u64,
    /// Of the free bytes, those without blocks on the device.
    pub(crate) holes: u64,
}

#[derive(Default)]
struct VolumeSpace {
    /// Offset to length; neighbours are merged.
    free: BTreeMap<u64, u64>,
    /// Offset to length of what is free and was punched.
    holes: BTreeMap<u64, u64>,
    end: u64,
}

#[derive(Default)]
struct Map {
    volumes: Vec<VolumeSpace>,
    /// Every free span as (length, volume, offset): best fit is the first one long enough.
    by_len: BTreeSet<(u64, u32, u64)>,
    free: u64,
    holes: u64,
    waiting_bytes: u64,
    /// Oldest first: spans that become free when no reader holds this or an older token.
    waiting: VecDeque<(Arc<()>, Vec<Span>)>,
    /// Extents being read, by volume and offset.
    held: HashMap<(u32, u64), Held>,
}

#[derive(Default)]
struct Held {
    readers: u32,
    /// Freed meanwhile, in wait of the last reader.
    freed: Option<Span>,
}

/// The free map of a store, with the volumes it grows.
pub(crate) struct Space {
    map: Mutex<Map>,
    readers: Mutex<Arc<()>>,
    pub(crate) volumes: Volumes,
    volume_max: u64,
}

impl Map {
    fn take(&mut self, volume: u32, offset: u64, len: u64) {
        if let Some(space) = self.volumes.get_mut(volume as usize) {
            space.free.remove(&offset);
        }
        self.by_len.remove(&(len, volume, offset));
        self.free -= len;
    }

    fn give(&mut self, volume: u32, offset: u64, len: u64) {
        if len == 0 {
            return;
        }
        if let Some(space) = self.volumes.get_mut(volume as usize) {
            space.free.insert(offset, len);
            self.by_len.insert((len, volume, offset));
            self.free += len;
        }
    }

    /// Whether `span` touches a free one.
    fn overlaps(&self, span: Span) -> bool {
        let Some(space) = self.volumes.get(span.volume as usize) else {
            return true;
        };
        space
            .free
            .range(..span.offset + span.len)
            .next_back()
            .is_some_and(|(&offset, &len)| offset + len > span.offset)
    }

    /// Adds a free span, merging it with its neighbours. A span that is already free in part would be owned twice later:
    /// it is leaked (until the next start) and reported instead.
    fn release(&mut self, span: Span) {
        if span.len == 0 {
            return;
        }
        let in_bounds = self
            .volumes
            .get(span.volume as usize)
            .is_some_and(|v| span.offset + span.len <= v.end);
        if !in_bounds || self.overlaps(span) {
            tracing::error!(?span, "space released twice, ignoring");
            return;
        }
        let (mut offset, mut len) = (span.offset, span.len);
        let free = &self.volumes[span.volume as usize].free;
        let before = free
            .range(..offset)
            .next_back()
            .map(|(&o, &l)| (o, l))
            .filter(|(o, l)| o + l == offset);
        let after = free
            .range(offset + len..)
            .next()
            .map(|(&o, &l)| (o, l))
            .filter(|(o, _)| *o == offset + len);
        for (o, l) in before.into_iter().chain(after) {
            self.take(span.volume, o, l);
            offset = offset.min(o);
            len += l;
        }
        self.give(span.volume, offset, len);
    }

    /// Removes what is free of `span` from the map.
    fn reserve(&mut self, span: Span) {
        let end = span.offset + span.len;
        loop {
            let Some(space) = self.volumes.get(span.volume as usize) else {
                return;
            };
            let hit = space
                .free
                .range(..end)
                .next_back()
                .map(|(&o, &l)| (o, l))
                .filter(|(o, l)| o + l > span.offset);
            let Some((offset, len)) = hit else { return };
            self.take(span.volume, offset, len);
            if offset < span.offset {
                self.give(span.volume, offset, span.offset - offset);
            }
            if offset + len > end {
                self.give(span.volume, end, offset + len - end);
            }
        }
    }

    /// Takes the front of the best-fitting free span.
    fn best_fit(&mut self, len: u64) -> Option<Span> {
        let &(found, volume, offset) = self.by_len.range((len, 0, 0)..).next()?;
        self.take(volume, offset, found);
        self.give(volume, offset + len, found - len);
        Some(Span {
            volume,
            offset,
            len,
        })
    }

    fn largest(&mut self, min: u64) -> Option<Span> {
        let &(len, volume, offset) = self.by_len.last()?;
        if len < min {
            return None;
        }
        self.take(volume, offset, len);
        Some(Span {
            volume,
            offset,
            len,
        })
    }

    /// Holes inside `span`, which stops being free: they need blocks again.
    fn fill_holes(&mut self, span: Span) -> Vec<Span> {
        let end = span.offset + span.len;
        let Some(space) = self.volumes.get_mut(span.volume as usize) else {
            return Vec::new();
        };
        let mut filled = Vec::new();
        while let Some((offset, len)) = space
            .holes
            .range(..end)
            .next_back()
            .map(|(&o, &l)| (o, l))
            .filter(|(o, l)| o + l > span.offset)
        {
            space.holes.remove(&offset);
            let (from, to) = (offset.max(span.offset), (offset + len).min(end));
            if offset < from {
                space.holes.insert(offset, from - offset);
            }
            if offset + len > to {
                space.holes.insert(to, offset + len - to);
            }
            self.holes -= to - from;
            filled.push(Span {
                volume: span.volume,
                offset: from,
                len: to - from,
            });
        }
        filled
    }

    fn total(&self) -> u64 {
        self.volumes.iter().map(|space| space.end).sum()
    }

    /// Frees what no reader needs any more.
    fn reap(&mut self) {
        while let Some((token, _)) = self.waiting.front_mut() {
            if Arc::get_mut(token).is_none() {
                return;
            }
            let Some((_, spans)) = self.waiting.pop_front() else {
                return;
            };
            for span in spans {
                match self.held.get_mut(&(span.volume, span.offset)) {
                    Some(held) => held.freed = Some(span),
                    None => self.end_wait(span),
                }
            }
        }
    }

    fn end_wait(&mut self, span: Span) {
        self.waiting_bytes -= span.len;
        self.release(span);
    }
}

impl Space {
    /// A map in which every byte of the volumes is free; recovery then calls [`Self::reserve`].
    pub(crate) fn new(volumes: Volumes, volume_max: u64) -> Result<Self, EngineError> {
        let mut map = Map::default();
        for volume in volumes.all() {
            let end = volume.len()? / UNIT * UNIT;
            map.volumes.push(VolumeSpace {
                end,
                ..VolumeSpace::default()
            });
            map.give(volume.id, 0, end);
        }
        Ok(Self {
            map: Mutex::new(map),
            readers: Mutex::new(Arc::new(())),
            volumes,
            volume_max,
        })
    }

    /// Marks `span` as owned, whether or not it was free.
    pub(crate) fn reserve(&self, span: Span) {
        self.map.lock().reserve(span);
    }

    /// Makes sure that a volume is long enough for `span`: the length of a file may be lost in a power cut where the record
    /// that needs it is not. The volume itself cannot be missing.
    pub(crate) fn cover(&self, span: Span) -> Result<(), EngineError> {
        let mut map = self.map.lock();
        let end = map.volumes.get(span.volume as usize).map(|space| space.end);
        let Some(end) = end else {
            return Err(EngineError::corrupt(format!(
                "volume {} does not exist",
                span.volume
            )));
        };
        let need = (span.offset + span.len)
            .next_multiple_of(MIB)
            .min(self.volume_max.max(span.offset + span.len));
        if need <= end || span.offset + span.len <= end {
            return Ok(());
        }
        self.volumes.get(span.volume)?.allocate(end, need - end)?;
        if let Some(space) = map.volumes.get_mut(span.volume as usize) {
            space.end = need;
        }
        map.release(Span {
            volume: span.volume,
            offset: end,
            len: need - end,
        });
        Ok(())
    }

    /// A span of exactly `len` bytes, a multiple of [`UNIT`].
    pub(crate) fn allocate(&self, len: u64) -> Result<Span, EngineError> {
        self.take(len, len)
    }

    /// A span of at most `len` bytes, and not much less than `min` unless the map is in fragments.
    pub(crate) fn allocate_up_to(&self, len: u64, min: u64) -> Result<Span, EngineError> {
        self.take(len, min.min(len))
    }

    fn take(&self, len: u64, min: u64) -> Result<Span, EngineError> {
        let mut map = self.map.lock();
        let mut found = map.best_fit(len);
        if found.is_none() {
            map.reap();
            found = map.best_fit(len);
        }
        if found.is_none() && min < len {
            found = map.largest(min);
        }
        let span = if let Some(span) = found {
            span
        } else {
            self.grow(&mut map, len)?;
            map.best_fit(len).ok_or(EngineError::Full)?
        };
        let holes = map.fill_holes(span);
        if let Err(error) = self.back(&holes) {
            map.release(span);
            for hole in holes {
                self.punch(&mut map, hole);
            }
            return Err(error);
        }
        Ok(span)
    }

    /// Gives holes blocks again.
    fn back(&self, holes: &[Span]) -> Result<(), EngineError> {
        for hole in holes {
            self.volumes.check_headroom(hole.len)?;
            self.volumes
                .get(hole.volume)?
                .allocate(hole.offset, hole.len)?;
        }
        Ok(())
    }

    /// Takes the blocks of a free span that has no holes.
    fn punch(&self, map: &mut Map, span: Span) {
        if self
            .volumes
            .get(span.volume)
            .is_ok_and(|file| file.punch(span))
        {
            map.holes += span.len;
            if let Some(space) = map.volumes.get_mut(span.volume as usize) {
                space.holes.insert(span.offset, span.len);
            }
        }
    }

    /// Adds at least `len` free bytes at the end of the last volume, or in a new one.
    fn grow(&self, map: &mut Map, len: u64) -> Result<(), EngineError> {
        let step = (map.total() / 8)
            .clamp(MIB, 32 * MIB)
            .max(len)
            .next_multiple_of(MIB);
        let last = map.volumes.last().map(|space| space.end);
        let (id, start) = match last {
            Some(end) if end + step <= self.volume_max => ((map.volumes.len() - 1) as u32, end),
            _ => {
                let volume = self.volumes.create()?;
                map.volumes.push(VolumeSpace::default());
                (volume.id, 0)
            }
        };
        let volume = self.volumes.get(id)?;
        self.volumes
            .check_headroom(step.min(len.next_multiple_of(MIB)))?;
        let step = match volume.allocate(start, step) {
            // Nearly full: what is needed now may still fit.
            Err(EngineError::Full) if step > len => volume.allocate(start, len).map(|()| len)?,
            other => other.map(|()| step)?,
        };
        if let Some(space) = map.volumes.get_mut(id as usize) {
            space.end = start + step;
        }
        map.release(Span {
            volume: id,
            offset: start,
            len: step,
        });
        Ok(())
    }

    /// Grows ahead of need when little is free; called in the background.
    pub(crate) fn grow_ahead(&self) {
        let mut map = self.map.lock();
        let total = map.total();
        if total > 4 * MIB
            && map.free < (total / 32).min(8 * MIB)
            && let Err(error) = self.grow(&mut map, MIB)
        {
            tracing::warn!(%error, "growing volumes ahead of need failed");
        }
    }

    /// Frees spans that no record ever mentioned: nobody can be reading them.
    pub(crate) fn give_back(&self, spans: &[Span]) {
        if spans.is_empty() {
            return;
        }
        let mut map = self.map.lock();
        for span in spans {
            map.release(*span);
        }
    }

    /// Frees spans once every reader that exists now is gone. Their release must be beyond any recovery.
    pub(crate) fn retire(&self, spans: Vec<Span>) {
        if spans.is_empty() {
            return;
        }
        let token = std::mem::replace(&mut *self.readers.lock(), Arc::new(()));
        let mut map = self.map.lock();
        map.waiting_bytes += spans.iter().map(|span| span.len).sum::<u64>();
        map.waiting.push_back((token, spans));
        map.reap();
    }

    /// Keeps every extent that is readable now readable while the pin lives.
    pub(crate) fn pin(&self) -> Pin {
        Pin {
            _token: self.readers.lock().clone(),
        }
    }

    /// Takes extents out of the pins' care: they alone stay unfree until [`Self::let_go`]. A pin holds back everything freed
    /// after it, so a download that lasts for hours must not be one.
    pub(crate) fn hold<'x>(&self, extents: impl Iterator<Item = &'x Extent>) {
        let mut map = self.map.lock();
        for extent in extents {
            map.held
                .entry((extent.volume, extent.offset))
                .or_default()
                .readers += 1;
        }
    }

    /// Ends a hold on these extents.
    pub(crate) fn let_go(&self, extents: &[(u32, u64)]) {
        let mut map = self.map.lock();
        for place in extents {
            let Some(held) = map.held.get_mut(place) else {
                continue;
            };
            held.readers -= 1;
            if held.readers == 0
                && let Some(Held {
                    freed: Some(span), ..
                }) = map.held.remove(place)
            {
                map.end_wait(span);
            }
        }
    }

    /// Gives large free spans back to the file system when much more is on disk than is live.
    pub(crate) fn trim(&self) {
        let mut map = self.map.lock();
        map.reap();
        let live = map.total() - map.free;
        let tight = self.volumes.check_headroom(MIB).is_err();
        let (keep, hole_min) = if tight {
            (0, HOLE_MIN / 16)
        } else {
            (live / 4 + SLACK, HOLE_MIN)
        };
        self.cut_tails(&mut map, keep);
        let candidates: Vec<_> = map
            .by_len
            .range((hole_min, 0, 0)..)
            .rev()
            .copied()
            .collect();
        for (len, volume, offset) in candidates {
            if map.free - map.holes <= keep {
                break;
            }
            let span = Span {
                volume,
                offset,
                len,
            };
            // What was punched before inside this span is punched again: cheap, and keeps one hole per span.
            map.fill_holes(span);
            self.punch(&mut map, span);
        }
    }

    /// Truncates free ends of volumes while more than `keep` bytes are free.
    fn cut_tails(&self, map: &mut Map, keep: u64) {
        for id in (0..map.volumes.len() as u32).rev() {
            let space = &map.volumes[id as usize];
            let Some((&offset, &len)) = space.free.last_key_value() else {
                continue;
            };
            if offset + len != space.end || len < HOLE_MIN || map.free - map.holes <= keep {
                continue;
            }
            let cut = offset
                .next_multiple_of(MIB)
                .max(space.end.saturating_sub(map.free - map.holes - keep) / MIB * MIB);
            if cut >= space.end
                || !self
                    .volumes
                    .get(id)
                    .is_ok_and(|volume| volume.truncate(cut))
            {
                continue;
            }
            map.fill_holes(Span {
                volume: id,
                offset: cut,
                len: offset + len - cut,
            });
            map.take(id, offset, len);
            map.give(id, offset, cut - offset);
            map.volumes[id as usize].end = cut;
        }
    }

    pub(crate) fn figures(&self) -> SpaceFigures {
        let map = self.map.lock();
        SpaceFigures {
            total: map.total(),
            free: map.free,
            waiting: map.waiting_bytes,
            holes: map.holes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::fault::Health, *};

    fn space() -> Space {
        let volumes = Volumes::open(None, Arc::new(Health::default())).unwrap();
        Space::new(volumes, 64 * MIB).unwrap()
    }

    #[test]
    fn spans_are_disjoint_and_merge_again_when_given_back() {
        let space = space();
        let mut spans: Vec<Span> = (1..200)
            .map(|n| space.allocate(UNIT * n).unwrap())
            .collect();
        spans.sort();
        for pair in spans.windows(2) {
            assert!(
                pair[0].volume < pair[1].volume || pair[0].offset + pair[0].len <= pair[1].offset,
                "{pair:?}"
            );
        }
        let (even, odd): (Vec<_>, Vec<_>) = spans.iter().enumerate().partition(|(n, _)| n % 2 == 0);
        for half in [even, odd] {
            space.give_back(&half.into_iter().map(|(_, span)| *span).collect::<Vec<_>>());
        }
        let map = space.map.lock();
        assert_eq!(
            map.by_len.len(),
            map.volumes.len(),
            "one free span per volume"
        );
        assert_eq!(map.free, map.total());
    }

    #[test]
    fn a_double_release_is_ignored() {
        let space = space();
        let span = space.allocate(4096).unwrap();
        space.give_back(&[span]);
        let free = space.figures().free;
        space.give_back(&[
            span,
            Span {
                len: 512,
                offset: span.offset + 512,
                ..span
            },
        ]);
        assert_eq!(space.figures().free, free);
    }

    #[test]
    fn retired_spans_wait_for_the_readers_before_them_only() {
        let space = space();
        let span = space.allocate(MIB).unwrap();
        let before = space.pin();
        space.retire(vec![span]);
        let after = space.pin();
        assert_eq!(space.figures().waiting, MIB);
        drop(before);
        space.trim();
        assert_eq!(
            space.figures().waiting,
            0,
            "a reader from after the release does not hold it"
        );
        drop(after);
    }

    #[test]
    fn reserve_cuts_any_part_out() {
        let space = space();
        let span = space.allocate(8192).unwrap();
        space.give_back(&[span]);
        let free = space.figures().free;
        space.reserve(Span {
            offset: span.offset + 1024,
            len: 1024,
            ..span
        });
        assert_eq!(space.figures().free, free - 1024);
        space.reserve(span);
        assert_eq!(space.figures().free, free - 8192);
    }

    #[test]
    fn much_free_space_is_given_back_and_can_be_used_again() {
        let space = space();
        let spans: Vec<Span> = (0..100).map(|_| space.allocate(MIB).unwrap()).collect();
        let volumes = spans.last().unwrap().volume + 1;
        assert!(volumes >= 2, "several volumes");
        for span in &spans {
            space
                .volumes
                .get(span.volume)
                .unwrap()
                .write(&[7; 4096], span.offset)
                .unwrap();
        }
        let (keep, drop): (Vec<_>, Vec<_>) =
            spans.iter().enumerate().partition(|(n, _)| n % 10 == 0);
        space.give_back(&drop.iter().map(|(_, span)| **span).collect::<Vec<_>>());
        space.trim();
        let figures = space.figures();
        let on_disk = figures.total - figures.holes;
        assert!(
            on_disk <= 10 * MIB + 10 * MIB / 4 + SLACK + MIB,
            "{figures:?}"
        );
        for (_, span) in &keep {
            let mut byte = [0];
            space
                .volumes
                .get(span.volume)
                .unwrap()
                .read(&mut byte, span.offset)
                .unwrap();
            assert_eq!(byte[0], 7, "live bytes are untouched");
        }
        for _ in 0..80 {
            let span = space.allocate(MIB).unwrap();
            assert!(keep.iter().all(|(_, kept)| **kept != span));
        }
    }
}
