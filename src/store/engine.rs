//! The engine's public face: rows and bytes, durable, without any object semantics.
//!
//! **Write path.** A caller holds its key's lock, begins a [`Batch`], reads through it, decides, adds rows and bytes, and
//! submits. Small bodies are written to their extents at once (unsynced) and travel in the log record; large ones were
//! staged before the lock was taken. `submit` makes the rows visible to [`View::Pending`] and enqueues the record, both in
//! one order; the caller then drops its lock and awaits the [`Commit`]. The committer ([`super::commit`]) drains the queue: it
//! syncs the volumes that hold large bodies of the group, writes and syncs the log once, publishes the rows, and answers.
//! If a sync fails, the store is poisoned: writes are refused for good, reads go on. If a write fails (a full disk), the
//! group and everything enqueued behind it is answered with the error and rolled back; batches begun before that answer
//! [`EngineError::Stale`].
//!
//! **Read path.** Rows are merged from pending, active, frozen and base in [`super::overlay`] and nowhere else. Bytes are read
//! chunk by chunk (256 KiB), each verified against its CRC-32C before any of it is handed out. A [`Pin`] keeps every extent
//! that existed when it was taken from being reused.
//!
//! **Checkpoint** ([`super::checkpoint`]). The active rows are frozen and move into the base in durable slices, the last with
//! the sequence number; then the log is recycled and the space freed before it may be reused.
//!
//! **Recovery** ([`super::recover`]). Open the base, read its sequence number, replay the log after it. One path for a clean
//! stop, a killed process and a power cut.
//!
//! **Where this deviates from the first design, and why.**
//! * The free map is not rebuilt from object records after a start. Each record names the spans it took and freed, and
//!   checkpoints fold them into bitmap rows of 4 MiB of volume each. A start then reads 1 KiB per 4 MiB instead of every
//!   record, allocates anywhere at once, and does not depend on the layer above to find every content.
//! * Copies and versions count owners per extent, not per content: each has a content of its own, so parts that are copies
//!   can be concatenated, and a copy can be appended to, without touching the source.
//! * Pages of extents are keyed by the offset at which they end: one ascending scan finds the page of any offset.
//! * A group of records starts at a 4 KiB boundary: no page with acknowledged records is written twice, and a recycled
//!   segment is never read to be overwritten. Checksums are salted per segment use, so leftovers cannot pass for records.
//! * A broken group in front of a later durable one is damage, not a torn end: the start refuses instead of dropping what
//!   was acknowledged.
//! * Object bytes stop short of the last part of the file system, and new log segments of the very last, so that a full
//!   disk can still be told to delete and a checkpoint never meets it half-way.
//!
//! Fixed reserve on disk beside live bytes: at most about 100 MiB of log under load (2 to 4 MiB when idle), 4 to 8 MiB of base,
//! up to 8 MiB plus a quarter of the live bytes of free volume space.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss
)] // lengths are bounded by extents, volumes and groups; 64-bit targets only

pub use super::{
    batch::{Batch, Commit, KEY_MAX, VALUE_MAX},
    content::Content,
    fault::EngineError,
    overlay::View,
    read::ContentReader,
    space::Pin,
    stage::{Staged, StagedWriter},
};

use super::{
    base::{Base, none::NoBase},
    checkpoint::{self, Maintenance, checkpoint},
    commit::{self, Queue},
    content::Page,
    fault::Health,
    log::{Record, Writer},
    overlay::Overlay,
    recover,
    space::Space,
    sync::Mutex,
    volume::{Room, Volume, Volumes},
};
use bytes::Bytes;
use serde::Serialize;
use std::{
    fs::File,
    ops::{Bound, Range},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

/// Bodies up to this many bytes may travel in the log ([`Batch::append_small`]); larger ones are staged.
pub const SMALL_MAX: usize = 128 * 1024;

/// When a commit resolves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// When it survives a power cut.
    Durable,
    /// When it survives the death of the process; the log is synced on a timer.
    Relaxed,
}

/// How to open an engine.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// The data directory, created if missing; `None` keeps everything in memory.
    pub dir: Option<PathBuf>,
    /// When a commit resolves; of no meaning in memory mode.
    pub durability: Durability,
    /// Between two syncs in relaxed mode.
    pub relaxed_interval: Duration,
    /// Bytes of the first log segment; later ones double.
    pub segment_first: u64,
    /// Bytes of the largest log segment (a single larger record still gets its own).
    pub segment_max: u64,
    /// Log growth that starts a checkpoint, at first.
    pub checkpoint_first: u64,
    /// Log growth that starts a checkpoint, at most.
    pub checkpoint_max: u64,
    /// A store without writes for this long makes a checkpoint.
    pub idle_checkpoint: Duration,
    /// Bytes of the base's cache.
    pub base_cache: u64,
    /// Largest volume file in bytes.
    pub volume_max: u64,
    /// Failpoints to arm from the start, as in `OSSICLE_FAILPOINTS`; ignored unless built with them.
    pub failpoints: String,
}

impl EngineOptions {
    /// On a small file system the log takes less, so that a full disk keeps room for the next checkpoint.
    fn fit(&mut self) {
        let Some(dir) = &self.dir else { return };
        let existing = dir.ancestors().find(|dir| dir.exists());
        let Some(room) = existing.and_then(Room::of) else {
            return;
        };
        let share = |part: u64| (room.total / part).max(1 << 20);
        self.segment_max = self.segment_max.min(share(64)).max(self.segment_first);
        self.checkpoint_first = self.checkpoint_first.min(share(64));
        self.checkpoint_max = self
            .checkpoint_max
            .min(share(16))
            .max(self.checkpoint_first);
    }
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            dir: None,
            durability: Durability::Durable,
            relaxed_interval: Duration::from_millis(200),
            segment_first: 1 << 20,
            segment_max: 16 << 20,
            checkpoint_first: 8 << 20,
            checkpoint_max: 64 << 20,
            idle_checkpoint: Duration::from_secs(2),
            base_cache: 32 << 20,
            volume_max: 1 << 30,
            failpoints: std::env::var("OSSICLE_FAILPOINTS").unwrap_or_default(),
        }
    }
}

/// Figures for health reports; bytes unless said otherwise.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Figures {
    /// Of bodies that some content owns.
    pub live_bytes: u64,
    /// Of volume space that is owned, including reserves.
    pub allocated_bytes: u64,
    /// Freed, but still needed by a reader or the next checkpoint.
    pub waiting_bytes: u64,
    /// Taken on the device by volumes, log and base.
    pub disk_bytes: u64,
    /// Of that, the log.
    pub log_bytes: u64,
    /// Of that, the base.
    pub base_bytes: u64,
    /// Rows newer than the base.
    pub overlay_rows: u64,
    /// Committed records since start.
    pub commits: u64,
    /// Log syncs since start.
    pub log_syncs: u64,
    /// Volume syncs since start.
    pub volume_syncs: u64,
    /// Checkpoints since start.
    pub checkpoints: u64,
    /// Records replayed by this start.
    pub replayed: u64,
    /// A sync failed: writes are refused.
    pub poisoned: bool,
}

/// What all parts of an engine share.
pub(crate) struct Shared {
    pub(crate) overlay: Overlay,
    pub(crate) space: Space,
    pub(crate) health: Arc<Health>,
    /// Serialises reading and changing owner counts.
    pub(crate) references: Mutex<()>,
    /// The way to the log; `None` in memory mode.
    pub(crate) queue: Option<Queue>,
    pub(crate) durability: Durability,
    pub(crate) ids: AtomicU64,
    pub(crate) sequences: AtomicU64,
    pub(crate) live: AtomicI64,
    /// Bytes freed since the last checkpoint, which alone can give them back.
    pub(crate) freed: AtomicU64,
    pub(crate) commits: AtomicU64,
    pub(crate) base: Arc<dyn Base>,
    pub(crate) maintenance: Maintenance,
    /// Held by a checkpoint.
    pub(crate) checkpointing: Mutex<()>,
    pub(crate) checkpoints: AtomicU64,
    replayed: u64,
}

impl Shared {
    pub(crate) fn new(
        options: &EngineOptions,
        health: Arc<Health>,
        base: Arc<dyn Base>,
        overlay: Overlay,
        space: Space,
    ) -> Self {
        Self {
            overlay,
            space,
            health,
            references: Mutex::new(()),
            queue: None,
            durability: options.durability,
            ids: AtomicU64::new(0),
            sequences: AtomicU64::new(0),
            live: AtomicI64::new(0),
            freed: AtomicU64::new(0),
            commits: AtomicU64::new(0),
            base,
            maintenance: Maintenance::new(
                options.checkpoint_first,
                options.checkpoint_max,
                options.idle_checkpoint,
            ),
            checkpointing: Mutex::new(()),
            checkpoints: AtomicU64::new(0),
            replayed: 0,
        }
    }

    /// A failpoint on a step that concerns a volume.
    pub(crate) fn step(&self, name: &'static str, _volume: &Volume) -> Result<(), EngineError> {
        self.health
            .step(name)
            .map_err(|error| EngineError::io(name, std::path::Path::new("failpoint"), error))
    }

    /// Whether large bodies must be durable before a record mentions them.
    pub(crate) fn syncs_bodies(&self) -> bool {
        self.queue.is_some() && self.durability == Durability::Durable
    }

    /// Pages of a content that overlap `range`, which ends within its paged bytes.
    pub(crate) fn pages(
        &self,
        view: View,
        content: &Content,
        range: Range<u64>,
    ) -> Result<Vec<Page>, EngineError> {
        if range.is_empty() || content.pages() == 0 {
            return Ok(Vec::new());
        }
        let (first, last) = (
            content.page_key(range.start),
            content.page_key(content.paged()),
        );
        let rows = content.pages() as usize;
        let found =
            self.overlay
                .scan(view, Bound::Excluded(&first), Bound::Included(&last), rows)?;
        let mut pages = Vec::new();
        let mut at = None;
        for (key, value) in found {
            let page = Page::decode(&key, &value)
                .ok_or_else(|| EngineError::corrupt("extent page does not decode"))?;
            let start = page.start();
            if at.map_or(start > range.start, |at| start != at) {
                return Err(EngineError::Stale);
            }
            at = Some(page.end);
            pages.push(page);
            if at >= Some(range.end) {
                return Ok(pages);
            }
        }
        // The record was read before its content was released, the pages after.
        Err(EngineError::Stale)
    }

    /// Enqueues a record, or publishes it at once where there is no log.
    pub(crate) fn submit(
        &self,
        record: Record,
        large: Vec<Arc<Volume>>,
        generation: u64,
    ) -> Commit {
        if let Some(queue) = &self.queue {
            return queue.submit(self, record, large, generation);
        }
        let mut layers = self.overlay.write();
        self.overlay.publish_now(&mut layers, record.rows);
        drop(layers);
        self.space.retire(record.freed);
        self.live.fetch_add(record.live, Ordering::Relaxed);
        self.commits.fetch_add(1, Ordering::Relaxed);
        Commit::ready(Ok(()))
    }
}

/// An open engine; clones share it.
#[derive(Clone)]
pub struct Engine(Arc<Handle>);

/// Owns the threads: when the last clone goes, they stop.
struct Handle {
    shared: Arc<Shared>,
    disk: Mutex<Option<Disk>>,
}

/// What only a store on disk has.
struct Disk {
    dir: PathBuf,
    /// Held, and with it the directory, until the threads are gone.
    _lock: File,
    committer: JoinHandle<()>,
    background: Vec<JoinHandle<()>>,
}

impl Handle {
    /// Finishes what is enqueued and stops the threads; makes a checkpoint if `clean`. Does nothing the second time.
    fn stop(&self, clean: bool) -> Result<(), EngineError> {
        let Some(disk) = self.disk.lock().take() else {
            return Ok(());
        };
        let shared = &self.shared;
        if let Some(queue) = &shared.queue {
            queue.close();
        }
        let ended = disk.committer.join();
        shared.maintenance.close();
        for thread in disk.background {
            let _ = thread.join();
        }
        ended.map_err(|_| EngineError::Closed)?;
        if clean {
            checkpoint(shared, &disk.dir, true)
        } else {
            Ok(())
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // Without a checkpoint: the log has everything, and recovery is the one path anyway.
        let _ = self.stop(false);
    }
}

impl Engine {
    /// Opens or creates the store of a directory, or an empty one in memory.
    pub fn open(mut options: EngineOptions) -> Result<Self, EngineError> {
        options.fit();
        let health = Arc::new(Health::default());
        #[cfg(any(test, feature = "failpoints"))]
        health.arm(&options.failpoints);
        match options.dir.clone() {
            Some(dir) => Self::open_disk(&dir, &options, health),
            None => Self::open_memory(&options, health),
        }
    }

    fn open_memory(options: &EngineOptions, health: Arc<Health>) -> Result<Self, EngineError> {
        let volumes = Volumes::open(None, health.clone())?;
        let base: Arc<dyn Base> = Arc::new(NoBase);
        let (overlay, space) = (
            Overlay::new(base.clone()),
            Space::new(volumes, options.volume_max)?,
        );
        let shared = Arc::new(Shared::new(options, health, base, overlay, space));
        Ok(Self(Arc::new(Handle {
            shared,
            disk: Mutex::new(None),
        })))
    }

    fn open_disk(
        dir: &Path,
        options: &EngineOptions,
        health: Arc<Health>,
    ) -> Result<Self, EngineError> {
        let opened = recover::open(dir, options, &health)?;
        let mut shared = Shared::new(options, health, opened.base, opened.overlay, opened.space);
        shared.ids = AtomicU64::new(opened.counters.ids);
        shared.sequences = AtomicU64::new(opened.counters.sequences);
        shared.live = AtomicI64::new(opened.live);
        shared.replayed = opened.replayed;
        shared.queue = Some(Queue::new(opened.log.clone(), opened.last));
        let shared = Arc::new(shared);

        let durable = options.durability == Durability::Durable;
        let relaxed = (!durable).then_some(options.relaxed_interval);
        let writer = Writer::new(opened.log.clone(), opened.last, durable);
        let spawn = |name: &str, run: Box<dyn FnOnce() + Send>| {
            let thread = std::thread::Builder::new().name(name.to_owned());
            thread
                .spawn(run)
                .map_err(|error| EngineError::io("start thread", dir, error))
        };
        let for_committer = shared.clone();
        let committer = spawn(
            "commit",
            Box::new(move || commit::run(&for_committer, writer, relaxed)),
        )?;
        let (for_checkpoints, at) = (shared.clone(), dir.to_path_buf());
        let checkpoints = spawn(
            "checkpoint",
            Box::new(move || checkpoint::run(&for_checkpoints, &at)),
        )?;
        let for_keeper = shared.clone();
        let keeper = spawn("keeper", Box::new(move || checkpoint::keep(&for_keeper)))?;
        shared.maintenance.keep_house();
        if opened.replayed > 0 {
            // What was replayed is dropped from the log soon, so that the next start is quick.
            shared.maintenance.request();
        }
        let disk = Disk {
            dir: dir.to_path_buf(),
            _lock: opened.lock,
            committer,
            background: vec![checkpoints, keeper],
        };
        Ok(Self(Arc::new(Handle {
            shared,
            disk: Mutex::new(Some(disk)),
        })))
    }

    /// The value of a key.
    pub fn get(&self, view: View, key: &[u8]) -> Result<Option<Bytes>, EngineError> {
        self.0.shared.overlay.get(view, key)
    }

    /// Ascending rows of a range, at most `rows`. Not a snapshot across rows: each slice of 256 is read at one moment.
    pub fn scan(
        &self,
        view: View,
        start: Bound<&[u8]>,
        end: Bound<&[u8]>,
        rows: usize,
    ) -> Result<Vec<(Bytes, Bytes)>, EngineError> {
        self.0.shared.overlay.scan(view, start, end, rows)
    }

    /// Begins an atomic mutation.
    pub fn batch(&self) -> Batch<'_> {
        Batch::new(&self.0.shared)
    }

    /// A number never given before, larger than all before, across restarts (as long as it went into a committed batch).
    pub fn next_content_id(&self) -> u64 {
        self.0.shared.ids.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// Like [`Self::next_content_id`], from a second counter.
    pub fn next_sequence(&self) -> u64 {
        self.0.shared.sequences.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// Begins a large body; `size_hint` is its length where known.
    pub fn stage(&self, size_hint: Option<u64>) -> StagedWriter {
        StagedWriter::new(self.0.shared.clone(), size_hint)
    }

    /// Keeps every extent that exists now readable, and everything freed from now on from reuse: hold it briefly. Take it before reading the record whose content will be read: a content
    /// read without one may be freed, reused and then be reported as corrupt.
    pub fn pin(&self) -> Pin {
        self.0.shared.space.pin()
    }

    /// Streams a range of a content; a range beyond its end is cut. [`EngineError::Stale`] as the first item means that the
    /// content was released meanwhile.
    pub fn read(&self, content: &Content, range: Range<u64>) -> ContentReader {
        self.read_pinned(content, range, self.pin())
    }

    /// [`Self::read`] with a pin taken before the record was read.
    #[allow(clippy::needless_pass_by_value)] // the reader no longer needs it, nor does the caller
    pub fn read_pinned(&self, content: &Content, range: Range<u64>, pin: Pin) -> ContentReader {
        ContentReader::new(self.0.shared.clone(), content, range, &pin)
    }

    /// Figures for health reports.
    pub fn figures(&self) -> Figures {
        let shared = &self.0.shared;
        let space = shared.space.figures();
        let log = shared.queue.as_ref().map(|queue| &queue.log);
        let log_bytes = log.map_or(0, |log| log.bytes());
        let base_bytes = shared.base.disk_bytes();
        let volume_bytes: u64 = shared
            .space
            .volumes
            .all()
            .iter()
            .map(|volume| volume.disk_bytes())
            .sum();
        Figures {
            live_bytes: shared.live.load(Ordering::Relaxed).max(0) as u64,
            allocated_bytes: space.total - space.free - space.waiting,
            waiting_bytes: space.waiting,
            disk_bytes: volume_bytes + log_bytes + base_bytes,
            log_bytes,
            base_bytes,
            log_syncs: log.map_or(0, |log| log.syncs.load(Ordering::Relaxed)),
            checkpoints: shared.checkpoints.load(Ordering::Relaxed),
            replayed: shared.replayed,
            overlay_rows: shared.overlay.read().rows() as u64,
            commits: shared.commits.load(Ordering::Relaxed),
            volume_syncs: shared.space.volumes.syncs.load(Ordering::Relaxed),
            poisoned: shared.health.poisoned(),
        }
    }

    /// Finishes what is enqueued, makes a checkpoint and stops. Other clones answer [`EngineError::Closed`] to writes afterwards.
    pub async fn close(self) -> Result<(), EngineError> {
        let stopped = tokio::task::spawn_blocking(move || self.close_blocking()).await;
        stopped.unwrap_or(Err(EngineError::Closed))
    }

    /// [`Self::close`] on this thread.
    pub fn close_blocking(self) -> Result<(), EngineError> {
        self.0.stop(true)
    }

    /// Makes a checkpoint now; it otherwise happens when the log has grown, when the store is idle, and at [`Self::close`].
    pub fn checkpoint_blocking(&self) -> Result<(), EngineError> {
        let dir = self.0.disk.lock().as_ref().map(|disk| disk.dir.clone());
        dir.map_or(Ok(()), |dir| checkpoint(&self.0.shared, &dir, false))
    }
}
