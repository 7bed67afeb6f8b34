//! The committer: one thread that takes everything enqueued while the last sync ran, writes it as one group with one sync, and
//! publishes it. No timer: a lone batch goes at once, many share a sync.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss
)] // lengths are bounded by extents, volumes and groups; 64-bit targets only

use super::{
    batch::Commit,
    content::crc32c,
    engine::Shared,
    fault::EngineError,
    log::{Counters, Log, Payload, Record, Writer},
    overlay::{Layers, Published},
    sync::{Condvar, Mutex, oneshot},
    volume::Volume,
};
use std::{
    collections::VecDeque,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

/// Most bytes and records of a group.
const GROUP_BYTES: usize = 8 << 20;
const GROUP_RECORDS: usize = 1024;
/// Freed bytes that may wait for a checkpoint, whatever the store's size.
const FREED_MIN: u64 = 64 << 20;
/// Records published under one overlay lock.
const PUBLISH: usize = 64;

/// A batch between `submit` and the log.
struct Entry {
    payload: Payload,
    record: Record,
    counters: Counters,
    large: Vec<Arc<Volume>>,
    waiter: oneshot::Sender<Result<(), EngineError>>,
}

struct State {
    entries: VecDeque<Entry>,
    /// Sequence number of the next batch.
    next: u64,
    waiting: bool,
    closed: bool,
}

/// The way into the log.
pub(crate) struct Queue {
    state: Mutex<State>,
    wake: Condvar,
    pub(crate) log: Arc<Log>,
}

impl Queue {
    /// A queue whose first batch gets the number after `last`.
    pub(crate) fn new(log: Arc<Log>, last: u64) -> Self {
        let state = State {
            entries: VecDeque::new(),
            next: last + 1,
            waiting: false,
            closed: false,
        };
        Self {
            state: Mutex::new(state),
            wake: Condvar::new(),
            log,
        }
    }

    /// Makes a batch visible to the pending view and hands it to the committer, both in the same order.
    pub(crate) fn submit(
        &self,
        shared: &Shared,
        record: Record,
        large: Vec<Arc<Volume>>,
        generation: u64,
    ) -> Commit {
        let counters = Counters {
            ids: shared.ids.load(Ordering::SeqCst),
            sequences: shared.sequences.load(Ordering::SeqCst),
        };
        let bytes = record.encode(counters);
        let payload = Payload {
            crc: crc32c(0, &bytes),
            bytes,
        };
        let (waiter, receiver) = oneshot::channel();
        let mut layers = shared.overlay.write();
        let mut state = self.state.lock();
        let refusal = if state.closed {
            Some(EngineError::Closed)
        } else if layers.generation != generation {
            Some(EngineError::Stale)
        } else {
            None
        };
        if let Some(error) = refusal {
            drop((state, layers));
            shared.space.give_back(&record.took);
            return Commit::ready(Err(error));
        }
        layers.enqueue(state.next, &record.rows);
        state.next += 1;
        let mut record = record;
        // They are in the payload now.
        record.bodies = Vec::new();
        state.entries.push_back(Entry {
            payload,
            record,
            counters,
            large,
            waiter,
        });
        let wake = state.waiting;
        drop((state, layers));
        if wake {
            self.wake.notify_one();
        }
        Commit::waiting(receiver)
    }

    /// Refuses new batches; the committer ends when the queue is empty.
    pub(crate) fn close(&self) {
        self.state.lock().closed = true;
        self.wake.notify_one();
    }

    /// The next group, `None` when closed and empty, or an empty one after `timeout`.
    fn next_group(&self, timeout: Option<Duration>) -> Option<Vec<Entry>> {
        let mut state = self.state.lock();
        while state.entries.is_empty() {
            if state.closed {
                return None;
            }
            state.waiting = true;
            match timeout {
                Some(timeout) => {
                    if self.wake.wait_for(&mut state, timeout).timed_out() {
                        state.waiting = false;
                        return Some(Vec::new());
                    }
                }
                None => self.wake.wait(&mut state),
            }
            state.waiting = false;
        }
        let mut bytes = 0;
        let mut group = Vec::new();
        while let Some(entry) = state.entries.front() {
            bytes += entry.payload.bytes.len();
            if !group.is_empty() && (bytes > GROUP_BYTES || group.len() == GROUP_RECORDS) {
                break;
            }
            group.extend(state.entries.pop_front());
        }
        Some(group)
    }
}

/// Runs until the queue is closed and empty.
pub(crate) fn run(shared: &Shared, mut writer: Writer, relaxed: Option<Duration>) {
    let Some(queue) = &shared.queue else { return };
    let mut last = writer.last();
    // In relaxed mode: when the oldest unsynced group was written.
    let mut unsynced: Option<Instant> = None;
    loop {
        let left = relaxed
            .zip(unsynced)
            .map(|(interval, since)| interval.saturating_sub(since.elapsed()));
        let Some(group) = queue.next_group(left) else {
            break;
        };
        if !group.is_empty() {
            shared.maintenance.throttle(&queue.log, &shared.health);
            let mut written = write(&mut writer, shared, &group);
            if matches!(written, Err(EngineError::Full)) {
                // A checkpoint recycles log segments: without it a full disk could not even be told to delete.
                shared.maintenance.await_checkpoint(&shared.health);
                written = write(&mut writer, shared, &group);
            }
            match written {
                Ok(()) => {
                    publish(shared, &mut last, group);
                    unsynced = unsynced.or_else(|| relaxed.map(|_| Instant::now()));
                    shared.maintenance.committed(&queue.log);
                }
                Err(error) => fail(shared, queue, last, group, &error),
            }
        }
        if relaxed
            .zip(unsynced)
            .is_some_and(|(interval, since)| since.elapsed() >= interval)
        {
            unsynced = None;
            sync_relaxed(shared, &mut writer);
        }
    }
    if unsynced.is_some() {
        sync_relaxed(shared, &mut writer);
    }
}

/// Volumes first, so that a record in the log seldom lacks its bytes. A failure poisons.
fn sync_relaxed(shared: &Shared, writer: &mut Writer) {
    let volumes = shared.space.volumes.all();
    let synced = volumes
        .iter()
        .try_for_each(|volume| volume.sync())
        .and_then(|()| writer.sync_relaxed());
    if let Err(error) = synced {
        tracing::error!(%error, "timed sync failed");
    }
}

fn write(writer: &mut Writer, shared: &Shared, group: &[Entry]) -> Result<(), EngineError> {
    shared.health.check()?;
    if shared.syncs_bodies() {
        let mut volumes: Vec<&Arc<Volume>> = group.iter().flat_map(|entry| &entry.large).collect();
        volumes.sort_by_key(|volume| volume.id);
        volumes.dedup_by_key(|volume| volume.id);
        volumes.into_iter().try_for_each(|volume| volume.sync())?;
    }
    writer.write(group.iter().map(|entry| &entry.payload))
}

/// Makes a durable group visible and answers its waiters.
fn publish(shared: &Shared, last: &mut u64, group: Vec<Entry>) {
    // Durable and not acknowledged: only a crash is of interest here.
    let _ = shared.health.step("commit.publish");
    let mut group = group.into_iter().peekable();
    let mut waiters = Vec::with_capacity(PUBLISH);
    let mut freed = 0;
    while group.peek().is_some() {
        let mut layers = shared.overlay.write();
        for entry in group.by_ref().take(PUBLISH) {
            *last += 1;
            freed += entry.record.freed.iter().map(|span| span.len).sum::<u64>();
            shared.live.fetch_add(entry.record.live, Ordering::Relaxed);
            publish_one(&mut layers, *last, entry.record, entry.counters);
            waiters.push(entry.waiter);
        }
        drop(layers);
        shared
            .commits
            .fetch_add(waiters.len() as u64, Ordering::Relaxed);
        for waiter in waiters.drain(..) {
            // A client that went away does not wait; its write is done all the same.
            let _ = waiter.send(Ok(()));
        }
    }
    ask_for_room(shared, freed);
}

/// Large bodies hardly grow the log, so churn of them needs a reason of its own for a checkpoint: until there is one,
/// what they freed cannot be used again.
fn ask_for_room(shared: &Shared, freed: u64) {
    if freed == 0 || shared.queue.is_none() {
        return;
    }
    let waiting = shared.freed.fetch_add(freed, Ordering::Relaxed) + freed;
    let live = u64::try_from(shared.live.load(Ordering::Relaxed)).unwrap_or(0);
    if waiting > FREED_MIN.max(live / 8) {
        shared.freed.store(0, Ordering::Relaxed);
        shared.maintenance.request();
    }
}

/// Publishes a record of the log, from the committer or from recovery.
pub(crate) fn publish_one(layers: &mut Layers, sequence: u64, record: Record, counters: Counters) {
    let Record {
        rows,
        took,
        freed,
        live,
        ..
    } = record;
    layers.publish(
        rows,
        Published {
            sequence,
            counters,
            took,
            freed,
            live,
        },
    );
}

/// Answers `error` to a group and to everything behind it, which may have been decided on its rows.
fn fail(shared: &Shared, queue: &Queue, last: u64, mut group: Vec<Entry>, error: &EngineError) {
    tracing::warn!(%error, batches = group.len(), "commit failed");
    {
        let mut layers = shared.overlay.write();
        let mut state = queue.state.lock();
        group.extend(state.entries.drain(..));
        layers.roll_back();
        state.next = last + 1;
    }
    // A record whose sync failed may be found by the next start: until then nobody else may write to what it took.
    let found_again = shared.health.poisoned();
    for entry in group {
        if !found_again {
            // A batch begun before the roll-back may still write there; it holds a pin.
            shared.space.retire(entry.record.took);
        }
        let _ = entry.waiter.send(Err(error.clone()));
    }
}
