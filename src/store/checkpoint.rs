//! Checkpoints: committed rows move from the overlay into the base in durable slices; then log segments are recycled and
//! freed space can be reused. Also the housekeeping thread's reasons to wake up.
//!
//! Order, each step durable before the next: freeze the overlay; sync the volumes; slices of rows, the last with the checkpoint's
//! sequence number; forget the frozen rows; recycle the log; free what was freed. A cut anywhere leaves the old sequence
//! number in the base, and the replay from it repeats what is half there.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss
)] // lengths are bounded by extents, volumes and groups; 64-bit targets only

use super::{
    base::Base,
    codec::{put_signed, put_varint, take_signed, take_u8, take_varint},
    content::{META_PREFIX, SPACE_PREFIX, Span, UNIT},
    engine::Shared,
    fault::{EngineError, Health},
    log::{Counters, Log},
    overlay::{Row, Window},
    sync::{Condvar, Mutex},
    volume::Room,
};
use bytes::Bytes;
use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

/// Row bytes per slice: one atomic batch, one sync.
const SLICE_BYTES: usize = 128 * 1024;
/// Volume bytes described by one space row: its bitmap has 1 KiB.
const REGION: u64 = 4 << 20;
const BITMAP: usize = (REGION / UNIT / 8) as usize;
const META_VERSION: u8 = 1;
/// Space rows: a bitmap follows, or every unit is used. No row: none is.
const SPACE_BITS: u8 = 0;
const SPACE_FULL: u8 = 1;
/// Least space on the file system for a checkpoint, beside twice its rows: the base cannot be interrupted by a full disk.
const CHECKPOINT_ROOM: u64 = 6 << 20;
/// Log growth, in multiples of the largest checkpoint trigger, at which commits wait for the checkpoint.
const BACKLOG: u64 = 3;

/// The engine's own row: what a checkpoint covers.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Meta {
    pub(crate) sequence: u64,
    pub(crate) counters: Counters,
    pub(crate) live: i64,
    /// Log segments have had numbers up to this.
    pub(crate) segment: u64,
}

impl Meta {
    pub(crate) const KEY: &'static [u8] = &[META_PREFIX];

    fn encode(self) -> Vec<u8> {
        let mut out = vec![META_VERSION];
        put_varint(&mut out, self.sequence);
        put_varint(&mut out, self.counters.ids);
        put_varint(&mut out, self.counters.sequences);
        put_signed(&mut out, self.live);
        put_varint(&mut out, self.segment);
        out
    }

    pub(crate) fn decode(mut row: &[u8]) -> Option<Self> {
        let input = &mut row;
        if take_u8(input)? != META_VERSION {
            return None;
        }
        let sequence = take_varint(input)?;
        let counters = Counters {
            ids: take_varint(input)?,
            sequences: take_varint(input)?,
        };
        Some(Self {
            sequence,
            counters,
            live: take_signed(input)?,
            segment: take_varint(input)?,
        })
    }
}

/// A change of ownership, in log order.
#[derive(Debug, Clone, Copy)]
pub(crate) enum SpaceChange {
    Took(Span),
    Freed(Span),
}

fn space_key(volume: u32, region: u32) -> Vec<u8> {
    let mut key = vec![SPACE_PREFIX];
    key.extend_from_slice(&volume.to_be_bytes());
    key.extend_from_slice(&region.to_be_bytes());
    key
}

/// Used spans described by a space row.
pub(crate) fn space_spans(key: &[u8], value: &[u8]) -> Option<Vec<Span>> {
    let volume = u32::from_be_bytes(key.get(1..5)?.try_into().ok()?);
    let region = u32::from_be_bytes(key.get(5..9)?.try_into().ok()?);
    let start = u64::from(region) * REGION;
    let bits = bitmap(Some(value))?;
    let mut spans: Vec<Span> = Vec::new();
    for unit in 0..REGION / UNIT {
        if bits[(unit / 8) as usize] & (1 << (unit % 8)) == 0 {
            continue;
        }
        let offset = start + unit * UNIT;
        match spans.last_mut() {
            Some(last) if last.offset + last.len == offset => last.len += UNIT,
            _ => spans.push(Span {
                volume,
                offset,
                len: UNIT,
            }),
        }
    }
    Some(spans)
}

fn bitmap(row: Option<&[u8]>) -> Option<Vec<u8>> {
    match row {
        None => Some(vec![0; BITMAP]),
        Some([SPACE_FULL]) => Some(vec![0xff; BITMAP]),
        Some([SPACE_BITS, bits @ ..]) if bits.len() == BITMAP => Some(bits.to_vec()),
        Some(_) => None,
    }
}

/// Rows that bring the persisted map of used units up to date. Only the last change of a unit matters, so that repeating
/// them after a crash gives the same rows.
fn space_rows(base: &dyn Base, changes: &[SpaceChange]) -> Result<Vec<Row>, EngineError> {
    let mut regions: BTreeMap<(u32, u32), Vec<u8>> = BTreeMap::new();
    for change in changes {
        let (span, used) = match change {
            SpaceChange::Took(span) => (span, true),
            SpaceChange::Freed(span) => (span, false),
        };
        for unit in span.offset / UNIT..(span.offset + span.len) / UNIT {
            let region = u32::try_from(unit / (REGION / UNIT))
                .map_err(|_| EngineError::corrupt("span beyond any volume"))?;
            let bits = match regions.entry((span.volume, region)) {
                std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
                std::collections::btree_map::Entry::Vacant(entry) => {
                    let row = base.get(&space_key(span.volume, region))?;
                    let bits = bitmap(row.as_deref())
                        .ok_or_else(|| EngineError::corrupt("space row does not decode"))?;
                    entry.insert(bits)
                }
            };
            let within = (unit % (REGION / UNIT)) as usize;
            let mask = 1 << (within % 8);
            if used {
                bits[within / 8] |= mask;
            } else {
                bits[within / 8] &= !mask;
            }
        }
    }
    let row = |((volume, region), bits): ((u32, u32), Vec<u8>)| {
        let value = if bits.iter().all(|byte| *byte == 0) {
            None
        } else if bits.iter().all(|byte| *byte == 0xff) {
            Some(Bytes::from_static(&[SPACE_FULL]))
        } else {
            Some([&[SPACE_BITS], &bits[..]].concat().into())
        };
        (Bytes::from(space_key(volume, region)), value)
    };
    Ok(regions.into_iter().map(row).collect())
}

#[derive(Default)]
struct Wishes {
    /// A checkpoint was asked for, or the log has grown enough.
    checkpoint: bool,
    /// Housekeeping is due: the next segment, the next stretch of volume.
    housekeeping: bool,
    last_commit: Option<Instant>,
    /// Counts finished checkpoint attempts.
    finished: u64,
    closing: bool,
}

/// What the background threads wait for.
pub(crate) struct Maintenance {
    wishes: Mutex<Wishes>,
    wake_checkpoint: Condvar,
    wake_keeper: Condvar,
    done: Condvar,
    threshold: Mutex<u64>,
    threshold_max: u64,
    idle: Duration,
}

impl Maintenance {
    pub(crate) fn new(threshold: u64, threshold_max: u64, idle: Duration) -> Self {
        Self {
            wishes: Mutex::new(Wishes::default()),
            wake_checkpoint: Condvar::new(),
            wake_keeper: Condvar::new(),
            done: Condvar::new(),
            threshold: Mutex::new(threshold),
            threshold_max: threshold_max.max(threshold),
            idle,
        }
    }

    /// Asks for a checkpoint.
    pub(crate) fn request(&self) {
        self.wishes.lock().checkpoint = true;
        self.wake_checkpoint.notify_one();
    }

    /// Called after each group.
    pub(crate) fn committed(&self, log: &Log) {
        let due = log.grown.load(Ordering::Relaxed) >= *self.threshold.lock();
        let mut wishes = self.wishes.lock();
        let first = wishes.last_commit.replace(Instant::now()).is_none();
        if due && !wishes.checkpoint {
            wishes.checkpoint = true;
        }
        let wake = first || due;
        if log.wants_segment() && !wishes.housekeeping {
            wishes.housekeeping = true;
            self.wake_keeper.notify_one();
        }
        drop(wishes);
        if wake {
            self.wake_checkpoint.notify_one();
        }
    }

    /// Asks for housekeeping.
    pub(crate) fn keep_house(&self) {
        self.wishes.lock().housekeeping = true;
        self.wake_keeper.notify_one();
    }

    /// Holds the committer back while the log outgrows the checkpoints.
    pub(crate) fn throttle(&self, log: &Log, health: &Health) {
        if log.grown.load(Ordering::Relaxed) < BACKLOG * self.threshold_max {
            return;
        }
        self.await_checkpoint(health);
    }

    /// Asks for a checkpoint and waits until one attempt, or the one that is running, has ended.
    pub(crate) fn await_checkpoint(&self, health: &Health) {
        let mut wishes = self.wishes.lock();
        let finished = wishes.finished;
        wishes.checkpoint = true;
        self.wake_checkpoint.notify_one();
        // One attempt is enough: if it did not help (a full disk), the log may say so itself.
        while wishes.finished == finished && !wishes.closing && !health.poisoned() {
            self.done.wait_for(&mut wishes, Duration::from_secs(1));
        }
    }

    /// Ends both background threads.
    pub(crate) fn close(&self) {
        self.wishes.lock().closing = true;
        self.wake_checkpoint.notify_all();
        self.wake_keeper.notify_all();
        self.done.notify_all();
    }

    /// Waits for a reason to make a checkpoint: `Some(idle)`, or `None` when closing.
    fn next_checkpoint(&self) -> Option<bool> {
        let mut wishes = self.wishes.lock();
        loop {
            if wishes.closing {
                return None;
            }
            if std::mem::take(&mut wishes.checkpoint) {
                return Some(false);
            }
            match wishes
                .last_commit
                .map(|at| self.idle.saturating_sub(at.elapsed()))
            {
                Some(Duration::ZERO) => {
                    wishes.last_commit = None;
                    return Some(true);
                }
                Some(left) => {
                    self.wake_checkpoint.wait_for(&mut wishes, left);
                }
                None => self.wake_checkpoint.wait(&mut wishes),
            }
        }
    }

    fn finished(&self) {
        self.wishes.lock().finished += 1;
        self.done.notify_all();
    }

    /// Larger intervals while checkpoints follow each other closely, smaller ones when they do not.
    fn adapt(&self, took: Duration, since_last: Duration, smallest: u64) {
        let mut threshold = self.threshold.lock();
        if since_last < took * 8 {
            *threshold = (*threshold * 2).min(self.threshold_max);
        } else if since_last > took * 64 {
            *threshold = (*threshold / 2).max(smallest);
        }
    }
}

/// Runs until closing.
pub(crate) fn run(shared: &Shared, dir: &Path) {
    let smallest = *shared.maintenance.threshold.lock();
    let mut last_end = Instant::now();
    while let Some(idle) = shared.maintenance.next_checkpoint() {
        let begun = Instant::now();
        match checkpoint(shared, dir, idle) {
            Ok(()) => shared
                .maintenance
                .adapt(begun.elapsed(), begun - last_end, smallest),
            Err(error) => tracing::warn!(%error, "checkpoint failed"),
        }
        last_end = Instant::now();
        shared.maintenance.finished();
    }
}

/// The second background thread: keeps segments and volume space ready. Runs until closing.
pub(crate) fn keep(shared: &Shared) {
    let Some(queue) = &shared.queue else { return };
    loop {
        {
            let mut wishes = shared.maintenance.wishes.lock();
            while !wishes.housekeeping && !wishes.closing {
                shared.maintenance.wake_keeper.wait(&mut wishes);
            }
            if wishes.closing {
                return;
            }
            wishes.housekeeping = false;
        }
        if shared.health.poisoned() {
            continue;
        }
        if let Err(error) = queue.log.prepare() {
            tracing::warn!(%error, "preparing a log segment failed");
            // The committer makes one when it needs it and reports what stops it; no hurry here.
            std::thread::sleep(Duration::from_millis(100));
        }
        shared.space.grow_ahead();
    }
}

/// Moves what is committed into the base.
pub(crate) fn checkpoint(shared: &Shared, dir: &Path, idle: bool) -> Result<(), EngineError> {
    let Some(queue) = &shared.queue else {
        return Ok(());
    };
    let _one_at_a_time = shared.checkpointing.lock();
    shared.health.check()?;
    step(shared, dir, "checkpoint.begin")?;
    let (frozen, window) = {
        let mut layers = shared.overlay.write();
        if layers.nothing_to_freeze() {
            return Ok(());
        }
        check_room(layers.window(), dir)?;
        queue.log.grown.store(0, Ordering::Relaxed);
        shared.freed.store(0, Ordering::Relaxed);
        layers.freeze()
    };
    let result = step(shared, dir, "checkpoint.frozen")
        .and_then(|()| move_rows(shared, dir, &frozen, &window));
    if let Err(error) = &result {
        // Half of the rows may be in the base: harmless, as the frozen ones shadow them, but no later checkpoint may begin
        // before these are durable, and a base that failed once is not trusted again.
        shared.health.poison(error);
    }
    result?;
    let thawed = shared.overlay.write().thaw();
    drop((frozen, thawed));
    step(shared, dir, "checkpoint.recycle")?;
    queue.log.recycle_through(window.sequence, idle);
    let freed = window.changes.iter().filter_map(|change| match change {
        SpaceChange::Freed(span) => Some(*span),
        SpaceChange::Took(_) => None,
    });
    shared.space.retire(freed.collect());
    shared.space.trim();
    shared.checkpoints.fetch_add(1, Ordering::Relaxed);
    shared.maintenance.keep_house();
    step(shared, dir, "checkpoint.end")
}

fn step(shared: &Shared, dir: &Path, name: &'static str) -> Result<(), EngineError> {
    shared
        .health
        .step(name)
        .map_err(|error| EngineError::io(name, dir, error))
}

/// A full disk in the middle of sled's writing would cost the base: do not begin what might not fit.
fn check_room(window: &Window, dir: &Path) -> Result<(), EngineError> {
    let need = CHECKPOINT_ROOM + 2 * window.row_bytes;
    match Room::of(dir) {
        Some(room) if room.available < need => Err(EngineError::Full),
        _ => Ok(()),
    }
}

fn move_rows(
    shared: &Shared,
    dir: &Path,
    frozen: &Arc<BTreeMap<Bytes, Option<Bytes>>>,
    window: &Window,
) -> Result<(), EngineError> {
    for volume in shared.space.volumes.all() {
        volume.sync()?;
    }
    step(shared, dir, "checkpoint.volumes")?;
    let segment = shared
        .queue
        .as_ref()
        .map_or(0, |queue| queue.log.next_number());
    let meta = Meta {
        sequence: window.sequence,
        counters: window.counters,
        live: window.live,
        segment,
    };
    let own = space_rows(&*shared.base, &window.changes)?;
    let rows = frozen
        .iter()
        .map(|(key, value)| (key.clone(), value.clone()))
        .chain(own);
    let mut slice: Vec<Row> = Vec::new();
    let mut bytes = 0;
    for row in rows {
        if bytes >= SLICE_BYTES {
            step(shared, dir, "checkpoint.slice")?;
            shared.base.apply(&slice)?;
            slice.clear();
            bytes = 0;
        }
        bytes += row.0.len() + row.1.as_ref().map_or(0, Bytes::len);
        slice.push(row);
    }
    slice.push((Bytes::from_static(Meta::KEY), Some(meta.encode().into())));
    step(shared, dir, "checkpoint.last")?;
    shared.base.apply(&slice)?;
    step(shared, dir, "checkpoint.applied")
}
