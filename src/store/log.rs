//! The log: pre-written, recycled segments of groups of records. A group is written at a 4 KiB boundary with one write and
//! made durable with one sync; what of it counts after a crash is decided by its checksums alone.
//!
//! Segment: a 4 KiB header (magic, version, number, random salt, CRC), then groups. Group: header (magic, length, count,
//! first sequence number, flags, CRC), then records (length, CRC, payload), zeros up to the next 4 KiB boundary. All CRCs
//! are salted, so nothing left over from an earlier use of the file, and no bytes a client stored, can pass for a record.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss
)] // lengths are bounded by extents, volumes and groups; 64-bit targets only

use super::{
    codec::{
        put_bytes, put_signed, put_varint, take_bytes, take_exact, take_signed, take_small,
        take_u8, take_u32, take_varint,
    },
    content::{Span, UNIT, crc32c},
    fault::{EngineError, Health},
    overlay::Row,
    volume::{Room, sync_dir},
};
use bytes::Bytes;
use parking_lot::Mutex;
use std::{
    fs::File,
    hash::{BuildHasher, Hasher},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

const SEGMENT_MAGIC: &[u8; 8] = b"OSSICLEW";
const GROUP_MAGIC: u32 = 0x4752_534f;
const VERSION: u32 = 1;
/// Groups start at multiples of this: a write never shares a page with records that were acknowledged before.
const ALIGN: u64 = 4096;
const GROUP_HEADER: usize = 28;
const RECORD_HEADER: usize = 8;
/// Longest group a reader believes in.
const GROUP_MAX: u64 = 256 << 20;
/// Space that new segments leave on the file system: a checkpoint must always fit, it is what makes room again.
const CHECKPOINT_RESERVE: u64 = 9 << 20;
/// Set on groups that were acknowledged without a sync: a hole among them is no damage.
const FLAG_RELAXED: u32 = 1;

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

/// Highest numbers given out when a record was enqueued.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counters {
    pub(crate) ids: u64,
    pub(crate) sequences: u64,
}

impl Counters {
    pub(crate) fn max(self, other: Self) -> Self {
        Self {
            ids: self.ids.max(other.ids),
            sequences: self.sequences.max(other.sequences),
        }
    }
}

fn put_spans(out: &mut Vec<u8>, spans: &[Span]) {
    put_varint(out, spans.len() as u64);
    for span in spans {
        put_varint(out, u64::from(span.volume));
        put_varint(out, span.offset / UNIT);
        put_varint(out, span.len / UNIT);
    }
}

fn take_spans(input: &mut &[u8]) -> Option<Vec<Span>> {
    let count = take_varint(input)?;
    let mut spans = Vec::new();
    for _ in 0..count {
        let volume = take_small(input)?;
        let offset = take_varint(input)?.checked_mul(UNIT)?;
        let len = take_varint(input)?.checked_mul(UNIT)?;
        offset.checked_add(len)?;
        spans.push(Span {
            volume,
            offset,
            len,
        });
    }
    Some(spans)
}

impl Record {
    /// The payload of its log record.
    pub(crate) fn encode(&self, counters: Counters) -> Vec<u8> {
        let rows: usize = self
            .rows
            .iter()
            .map(|(key, value)| key.len() + value.as_ref().map_or(0, Bytes::len) + 8)
            .sum();
        let spans = (self.took.len() + self.freed.len()) * 16;
        let mut out = Vec::with_capacity(rows + spans + self.bodies.len() + 48);
        put_varint(&mut out, counters.ids);
        put_varint(&mut out, counters.sequences);
        put_signed(&mut out, self.live);
        put_spans(&mut out, &self.took);
        put_spans(&mut out, &self.freed);
        put_varint(&mut out, self.rows.len() as u64);
        for (key, value) in &self.rows {
            put_bytes(&mut out, key);
            match value {
                Some(value) => {
                    out.push(1);
                    put_bytes(&mut out, value);
                }
                None => out.push(0),
            }
        }
        put_varint(&mut out, self.body_count);
        out.extend_from_slice(&self.bodies);
        out
    }

    /// Reads a payload back.
    pub(crate) fn decode(mut payload: &[u8]) -> Option<(Self, Counters)> {
        let input = &mut payload;
        let counters = Counters {
            ids: take_varint(input)?,
            sequences: take_varint(input)?,
        };
        let live = take_signed(input)?;
        let (took, freed) = (take_spans(input)?, take_spans(input)?);
        let mut rows = Vec::new();
        for _ in 0..take_varint(input)? {
            let key = Bytes::copy_from_slice(take_bytes(input)?);
            let value = match take_u8(input)? {
                0 => None,
                1 => Some(Bytes::copy_from_slice(take_bytes(input)?)),
                _ => return None,
            };
            rows.push((key, value));
        }
        let body_count = take_varint(input)?;
        let bodies = input.to_vec();
        let record = Self {
            rows,
            took,
            freed,
            live,
            bodies,
            body_count,
        };
        record.bodies(|_, _, _| Some(()))?;
        Some((record, counters))
    }

    /// Calls `each` with volume, offset and bytes of every small body; `None` when one does not decode or `each` says so.
    pub(crate) fn bodies(&self, mut each: impl FnMut(u32, u64, &[u8]) -> Option<()>) -> Option<()> {
        let mut input = self.bodies.as_slice();
        for _ in 0..self.body_count {
            let (volume, offset) = (take_small(&mut input)?, take_varint(&mut input)?);
            each(volume, offset, take_bytes(&mut input)?)?;
        }
        input.is_empty().then_some(())
    }
}

/// CRC of a payload bound to its segment and its sequence number; `payload_crc` is the plain CRC-32C of the payload.
fn bind(payload_crc: u32, salt: u64, sequence: u64) -> u32 {
    let mut tail = [0; 16];
    tail[..8].copy_from_slice(&salt.to_le_bytes());
    tail[8..].copy_from_slice(&sequence.to_le_bytes());
    crc32c(payload_crc, &tail)
}

/// A segment being written.
pub(crate) struct Segment {
    number: u64,
    salt: u64,
    path: PathBuf,
    file: Arc<File>,
    size: u64,
    position: u64,
    /// Sequence number of the last record in it, or of the last before it.
    last: u64,
}

struct Closed {
    path: PathBuf,
    size: u64,
    last: u64,
}

#[derive(Default)]
struct Segments {
    /// Full ones that the base does not cover yet, oldest first.
    closed: Vec<Closed>,
    /// Covered ones, for reuse.
    spare: Vec<(PathBuf, u64)>,
    /// Ready to be written.
    prepared: Option<Segment>,
    next_number: u64,
    next_size: u64,
    active_size: u64,
}

/// The segments of a store. The committer writes through a [`Writer`]; others prepare and recycle.
pub(crate) struct Log {
    dir: PathBuf,
    segments: Mutex<Segments>,
    /// Held while a segment is made, so that numbers are used in the order in which they were given.
    making: Mutex<()>,
    health: Arc<Health>,
    size_max: u64,
    size_first: u64,
    /// Log syncs since start.
    pub(crate) syncs: AtomicU64,
    /// Bytes written since the last checkpoint began.
    pub(crate) grown: AtomicU64,
}

/// The writing end; one thread has it.
pub(crate) struct Writer {
    log: Arc<Log>,
    active: Option<Segment>,
    buffer: Vec<u8>,
    last: u64,
    durable: bool,
}

/// A payload with its plain CRC-32C.
pub(crate) struct Payload {
    pub(crate) bytes: Vec<u8>,
    pub(crate) crc: u32,
}

fn segment_header(number: u64, salt: u64) -> Vec<u8> {
    let mut out = Vec::with_capacity(ALIGN as usize);
    out.extend_from_slice(SEGMENT_MAGIC);
    out.extend_from_slice(&VERSION.to_le_bytes());
    out.extend_from_slice(&number.to_le_bytes());
    out.extend_from_slice(&salt.to_le_bytes());
    let crc = crc32c(0, &out);
    out.extend_from_slice(&crc.to_le_bytes());
    out.resize(ALIGN as usize, 0);
    out
}

fn segment_salt(header: &[u8], number: u64) -> Option<u64> {
    let salt = u64::from_le_bytes(header.get(20..28)?.try_into().ok()?);
    (header == segment_header(number, salt).as_slice()).then_some(salt)
}

fn group_header(salt: u64, len: u32, count: u32, first: u64, flags: u32) -> [u8; GROUP_HEADER] {
    let mut out = [0; GROUP_HEADER];
    out[..4].copy_from_slice(&GROUP_MAGIC.to_le_bytes());
    out[4..8].copy_from_slice(&len.to_le_bytes());
    out[8..12].copy_from_slice(&count.to_le_bytes());
    out[12..20].copy_from_slice(&first.to_le_bytes());
    out[20..24].copy_from_slice(&flags.to_le_bytes());
    let crc = bind(crc32c(0, &out[..24]), salt, first);
    out[24..].copy_from_slice(&crc.to_le_bytes());
    out
}

impl Log {
    /// A log in `dir` that continues after the files found by [`read_segments`]: `closed` ones still hold records that the
    /// base lacks (with the last sequence number of each), `spare` ones hold none.
    pub(crate) fn new(
        dir: PathBuf,
        health: Arc<Health>,
        (size_first, size_max): (u64, u64),
        next_number: u64,
        closed: Vec<(PathBuf, u64, u64)>,
        spare: Vec<(PathBuf, u64)>,
    ) -> Self {
        let grown = closed.iter().map(|(_, size, _)| size).sum();
        let closed = closed
            .into_iter()
            .map(|(path, size, last)| Closed { path, size, last })
            .collect();
        let segments = Segments {
            closed,
            spare,
            next_number,
            next_size: size_first,
            ..Segments::default()
        };
        Self {
            dir,
            segments: Mutex::new(segments),
            making: Mutex::new(()),
            health,
            size_max,
            size_first,
            syncs: AtomicU64::new(0),
            grown: AtomicU64::new(grown),
        }
    }

    fn io(path: &Path, op: &'static str) -> impl FnOnce(std::io::Error) -> EngineError {
        move |error| EngineError::io(op, path, error)
    }

    /// Makes a segment of at least `size` bytes that may be written at once: named, written in full, and durable.
    fn make(&self, number: u64, size: u64) -> Result<Segment, EngineError> {
        let path = self.dir.join(format!("{number:08}.wal"));
        let reuse = {
            let mut segments = self.segments.lock();
            let found = segments.spare.iter().position(|(_, has)| *has >= size);
            found.map(|index| segments.spare.swap_remove(index))
        };
        let salt = std::collections::hash_map::RandomState::new()
            .build_hasher()
            .finish();
        let made = match &reuse {
            Some((old, has)) => self
                .recycle(old, &path, number, salt)
                .map(|file| (file, *has)),
            None => self
                .create(&path, number, salt, size)
                .map(|file| (file, size)),
        };
        match made {
            Ok((file, size)) => Ok(Segment {
                number,
                salt,
                path,
                file: Arc::new(file),
                size,
                position: ALIGN,
                last: 0,
            }),
            Err(error) => {
                // Whatever is there now holds no record; a leftover under the new name is found at the next start.
                if let Some((old, has)) = reuse {
                    let kept = if old.exists() { old } else { path };
                    self.segments.lock().spare.push((kept, has));
                } else {
                    let _ = std::fs::remove_file(&path);
                }
                Err(error)
            }
        }
    }

    fn create(&self, path: &Path, number: u64, salt: u64, size: u64) -> Result<File, EngineError> {
        self.health
            .step("segment.create")
            .map_err(Self::io(path, "create log segment"))?;
        if Room::of(&self.dir).is_some_and(|room| room.available < size + CHECKPOINT_RESERVE) {
            return Err(EngineError::Full);
        }
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(path);
        let file = file.map_err(Self::io(path, "create log segment"))?;
        let zeros = vec![0; (1 << 20).min(size as usize)];
        let mut at = 0;
        while at < size {
            let now = (zeros.len() as u64).min(size - at);
            file.write_all_at(&zeros[..now as usize], at)
                .map_err(Self::io(path, "pre-write log segment"))?;
            at += now;
        }
        self.start(path, &file, number, salt)?;
        Ok(file)
    }

    fn recycle(
        &self,
        old: &Path,
        path: &Path,
        number: u64,
        salt: u64,
    ) -> Result<File, EngineError> {
        self.health
            .step("segment.recycle")
            .map_err(Self::io(path, "recycle log segment"))?;
        let file = File::options()
            .read(true)
            .write(true)
            .open(old)
            .map_err(Self::io(old, "open log segment"))?;
        std::fs::rename(old, path).map_err(Self::io(old, "rename log segment"))?;
        self.start(path, &file, number, salt)?;
        Ok(file)
    }

    /// Writes the header and makes file and name durable. No record is in it: a failure here harms none.
    fn start(&self, path: &Path, file: &File, number: u64, salt: u64) -> Result<(), EngineError> {
        file.write_all_at(&segment_header(number, salt), 0)
            .map_err(Self::io(path, "write log segment"))?;
        self.health
            .step("segment.sync")
            .and_then(|()| file.sync_all())
            .map_err(Self::io(path, "sync log segment"))?;
        sync_dir(&self.dir)
    }

    /// Makes the next segment ahead of need; called in the background.
    pub(crate) fn prepare(&self) -> Result<(), EngineError> {
        let _making = self.making.lock();
        let (number, size) = {
            let mut segments = self.segments.lock();
            if segments.prepared.is_some() {
                return Ok(());
            }
            segments.next_number += 1;
            (segments.next_number - 1, segments.next_size)
        };
        let segment = self.make(number, size)?;
        self.segments.lock().prepared = Some(segment);
        Ok(())
    }

    /// The next segment to write, with room for a group of `need` bytes, and the retirement of the one before.
    fn next(&self, before: Option<&Segment>, need: u64) -> Result<Segment, EngineError> {
        let _making = self.making.lock();
        let prepared = self.segments.lock().prepared.take();
        let segment = match prepared {
            Some(segment) if segment.size >= need + ALIGN => segment,
            other => {
                let (number, size) = {
                    let mut segments = self.segments.lock();
                    if let Some(small) = other {
                        segments.spare.push((small.path.clone(), small.size));
                    }
                    segments.next_number += 1;
                    // Made while commits wait: no larger than need be.
                    let size = segments.next_size.min(4 << 20).max(need + ALIGN);
                    (segments.next_number - 1, size)
                };
                self.make(number, size)?
            }
        };
        let mut segments = self.segments.lock();
        if let Some(before) = before {
            segments.closed.push(Closed {
                path: before.path.clone(),
                size: before.size,
                last: before.last,
            });
            segments.next_size = (segments.next_size * 2).min(self.size_max);
        }
        segments.active_size = segment.size;
        Ok(segment)
    }

    /// Whether [`Self::prepare`] has something to do.
    pub(crate) fn wants_segment(&self) -> bool {
        self.segments.lock().prepared.is_none()
    }

    /// Reuses the segments whose records the base covers; `idle` shrinks the log to what a quiet store needs.
    pub(crate) fn recycle_through(&self, sequence: u64, idle: bool) {
        let mut segments = self.segments.lock();
        let keep = segments
            .closed
            .iter()
            .take_while(|closed| closed.last <= sequence)
            .count();
        let covered: Vec<_> = segments.closed.drain(..keep).collect();
        segments
            .spare
            .extend(covered.into_iter().map(|closed| (closed.path, closed.size)));
        if idle {
            segments.next_size = self.size_first;
        }
        let tight = Room::of(&self.dir).is_some_and(|room| room.available < 2 * CHECKPOINT_RESERVE);
        let spares = if idle || tight { 0 } else { 2 };
        let wanted = segments.next_size;
        // Sorted by size so that small ones go first; a deleted name needs no sync, its content is void anyway.
        segments
            .spare
            .sort_by_key(|(_, size)| std::cmp::Reverse(*size));
        let mut kept = Vec::new();
        for (path, size) in std::mem::take(&mut segments.spare) {
            if kept.len() < spares && size >= wanted && size <= self.size_max {
                kept.push((path, size));
            } else if let Err(error) = std::fs::remove_file(&path) {
                tracing::warn!(%error, path = %path.display(), "removing a log segment failed");
            }
        }
        segments.spare = kept;
        if idle
            && segments
                .prepared
                .as_ref()
                .is_some_and(|segment| segment.size > self.size_first)
            && let Some(large) = segments.prepared.take()
        {
            let _ = std::fs::remove_file(&large.path);
        }
    }

    /// The number the next segment will have.
    pub(crate) fn next_number(&self) -> u64 {
        self.segments.lock().next_number
    }

    /// Bytes of all segment files.
    pub(crate) fn bytes(&self) -> u64 {
        let segments = self.segments.lock();
        let closed: u64 = segments.closed.iter().map(|closed| closed.size).sum();
        let spare: u64 = segments.spare.iter().map(|(_, size)| size).sum();
        closed
            + spare
            + segments.active_size
            + segments.prepared.as_ref().map_or(0, |segment| segment.size)
    }
}

impl Writer {
    /// A writer whose first record will have the number after `last`. It never continues an old segment.
    pub(crate) fn new(log: Arc<Log>, last: u64, durable: bool) -> Self {
        Self {
            log,
            active: None,
            buffer: Vec::new(),
            last,
            durable,
        }
    }

    /// Sequence number of the last record written.
    pub(crate) fn last(&self) -> u64 {
        self.last
    }

    /// Writes payloads as one group and syncs it (unless relaxed). On error nothing of the group will ever be replayed,
    /// or the store is poisoned.
    pub(crate) fn write<'p>(
        &mut self,
        payloads: impl ExactSizeIterator<Item = &'p Payload> + Clone,
    ) -> Result<(), EngineError> {
        let count = payloads.len();
        let bytes: usize = payloads
            .clone()
            .map(|payload| payload.bytes.len() + RECORD_HEADER)
            .sum();
        let len = ((GROUP_HEADER + bytes) as u64).next_multiple_of(ALIGN);
        if len > GROUP_MAX {
            return Err(EngineError::TooLarge {
                what: "group of records",
            });
        }
        if self
            .active
            .as_ref()
            .is_none_or(|active| active.position + len > active.size)
        {
            self.switch(len)?;
        }
        let Some(active) = &mut self.active else {
            return Err(EngineError::Closed);
        };

        let flags = if self.durable { 0 } else { FLAG_RELAXED };
        self.buffer.clear();
        self.buffer.extend_from_slice(&group_header(
            active.salt,
            len as u32,
            count as u32,
            self.last + 1,
            flags,
        ));
        for (sequence, payload) in (self.last + 1..).zip(payloads) {
            self.buffer
                .extend_from_slice(&(payload.bytes.len() as u32).to_le_bytes());
            self.buffer
                .extend_from_slice(&bind(payload.crc, active.salt, sequence).to_le_bytes());
            self.buffer.extend_from_slice(&payload.bytes);
        }
        self.buffer.resize(len as usize, 0);

        let health = &self.log.health;
        let written = health
            .step("log.write")
            .and_then(|()| active.file.write_all_at(&self.buffer, active.position))
            .and_then(|()| health.step("log.written"));
        if let Err(error) = written {
            let error = Log::io(&active.path, "write log")(error);
            return Err(self.abandon(error));
        }
        if self.durable {
            Self::sync(&self.log, active)?;
        }
        active.position += len;
        self.last += count as u64;
        active.last = self.last;
        self.log.grown.fetch_add(len, Ordering::Relaxed);
        if self.buffer.capacity() > (1 << 20) {
            self.buffer = Vec::new();
        }
        Ok(())
    }

    fn sync(log: &Log, active: &Segment) -> Result<(), EngineError> {
        log.syncs.fetch_add(1, Ordering::Relaxed);
        log.health
            .step("log.sync")
            .and_then(|()| active.file.sync_data())
            .and_then(|()| log.health.step("log.synced"))
            .map_err(|error| EngineError::Io {
                op: "sync log",
                path: active.path.clone(),
                source: Arc::new(error),
            })
            .inspect_err(|error| log.health.poison(error))
    }

    /// Syncs what a relaxed writer has written.
    pub(crate) fn sync_relaxed(&mut self) -> Result<(), EngineError> {
        match &self.active {
            Some(active) => Self::sync(&self.log, active),
            None => Ok(()),
        }
    }

    fn switch(&mut self, need: u64) -> Result<(), EngineError> {
        if !self.durable {
            self.sync_relaxed()?;
        }
        let mut next = self.log.next(self.active.as_ref(), need)?;
        next.last = self.last;
        tracing::debug!(number = next.number, size = next.size, "log segment begun");
        self.active = Some(next);
        Ok(())
    }

    /// After a failed write part of the group may be in the file: void its header, durably, and leave the segment.
    fn abandon(&mut self, error: EngineError) -> EngineError {
        let Some(active) = self.active.take() else {
            return error;
        };
        let voided = self
            .log
            .health
            .step("log.void")
            .and_then(|()| {
                active
                    .file
                    .write_all_at(&[0; GROUP_HEADER], active.position)
            })
            .and_then(|()| active.file.sync_data());
        if voided.is_err() {
            self.log.health.poison(&error);
        }
        let closed = Closed {
            path: active.path,
            size: active.size,
            last: self.last,
        };
        self.log.segments.lock().closed.push(closed);
        error
    }
}

/// What a start finds in the log directory.
pub(crate) struct Found {
    pub(crate) closed: Vec<(PathBuf, u64, u64)>,
    pub(crate) spare: Vec<(PathBuf, u64)>,
    pub(crate) next_number: u64,
    /// Sequence number of the last record, or of the base.
    pub(crate) last: u64,
    pub(crate) replayed: u64,
}

/// Reads the segments of `dir` in order and hands every record after `base` to `replay`. Ends at the first group that is not
/// the successor of the one before or whose checksum fails; a later group that could only have been written after that
/// one was durable means damage, not a torn end, and is an error.
#[allow(clippy::similar_names)] // base and last, path and paths: told apart by type
pub(crate) fn read_segments(
    dir: &Path,
    base: u64,
    number_after: u64,
    health: &Health,
    mut replay: impl FnMut(u64, Record, Counters) -> Result<(), EngineError>,
) -> Result<Found, EngineError> {
    let mut files = Vec::new();
    let list = std::fs::read_dir(dir).map_err(Log::io(dir, "list"))?;
    for entry in list {
        let path = entry.map_err(Log::io(dir, "list"))?.path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        if let Some(number) = name
            .strip_suffix(".wal")
            .and_then(|number| number.parse::<u64>().ok())
        {
            files.push((number, path));
        }
    }
    files.sort();
    let highest = files.last().map_or(0, |(number, _)| number + 1);
    let mut found = Found {
        closed: Vec::new(),
        spare: Vec::new(),
        next_number: highest.max(number_after),
        last: base,
        replayed: 0,
    };
    // The number the next record must have; unknown until the first one is seen.
    let mut expected: Option<u64> = None;
    for (number, path) in files {
        let file = File::open(&path).map_err(Log::io(&path, "open log segment"))?;
        let size = file
            .metadata()
            .map_err(Log::io(&path, "stat log segment"))?
            .len();
        let mut last = None;
        if let Some(mut reader) = Reader::open(&file, &path, number, size)? {
            // Segments that the base covers may linger or be gone: the chain need only be whole from the base on.
            expected = expected.filter(|expected| *expected > base + 1);
            while let Some(group) = reader.group(expected, base)? {
                for (sequence, payload) in (group.first..).zip(group.payloads) {
                    if sequence > base {
                        health
                            .step("recover.record")
                            .map_err(Log::io(&path, "replay"))?;
                        let (record, at) = Record::decode(&payload).ok_or_else(|| {
                            EngineError::corrupt(format!("log record {sequence} does not decode"))
                        })?;
                        replay(sequence, record, at)?;
                        found.replayed += 1;
                        found.last = sequence;
                    }
                    expected = Some(sequence + 1);
                    last = Some(sequence);
                }
            }
            let next = expected.unwrap_or(base + 1);
            if let Some(later) = reader.later_group(next)? {
                let at = reader.position;
                tracing::error!(path = %path.display(), at, later, "log is damaged in its middle");
                return Err(EngineError::corrupt(format!(
                    "log segment {number} is damaged at {at}: record {next} is unreadable, but record {later} exists"
                )));
            }
        }
        match last {
            Some(last) if last > base => found.closed.push((path, size, last)),
            _ => found.spare.push((path, size)),
        }
    }
    Ok(found)
}

/// The whole records of a group.
struct Group {
    first: u64,
    payloads: Vec<Vec<u8>>,
}

struct Reader<'f> {
    file: &'f File,
    path: &'f Path,
    salt: u64,
    size: u64,
    position: u64,
}

impl<'f> Reader<'f> {
    /// `None` for a file that was never made ready for records.
    fn open(
        file: &'f File,
        path: &'f Path,
        number: u64,
        size: u64,
    ) -> Result<Option<Self>, EngineError> {
        let mut header = vec![0; ALIGN as usize];
        if size < ALIGN {
            return Ok(None);
        }
        file.read_exact_at(&mut header, 0)
            .map_err(Log::io(path, "read log segment"))?;
        Ok(segment_salt(&header, number).map(|salt| Self {
            file,
            path,
            salt,
            size,
            position: ALIGN,
        }))
    }

    fn read(&self, at: u64, len: usize) -> Result<Vec<u8>, EngineError> {
        let mut bytes = vec![0; len];
        self.file
            .read_exact_at(&mut bytes, at)
            .map_err(Log::io(self.path, "read log segment"))?;
        Ok(bytes)
    }

    /// Length, count, first sequence number and flags of the group at `at`, if there is one.
    fn header(&self, at: u64) -> Result<Option<(u64, u32, u64, u32)>, EngineError> {
        if at + ALIGN > self.size {
            return Ok(None);
        }
        let bytes = self.read(at, GROUP_HEADER)?;
        let parse = |mut input: &[u8]| {
            let input = &mut input;
            let (_, len, count) = (take_u32(input)?, take_u32(input)?, take_u32(input)?);
            let first = u64::from_le_bytes(take_exact(input, 8)?.try_into().ok()?);
            let flags = take_u32(input)?;
            let valid = bytes == group_header(self.salt, len, count, first, flags);
            let fits = u64::from(len) <= GROUP_MAX && at + u64::from(len) <= self.size && len > 0;
            (valid && fits && u64::from(len).is_multiple_of(ALIGN)).then_some((
                u64::from(len),
                count,
                first,
                flags,
            ))
        };
        Ok(parse(&bytes))
    }

    /// The next group, if it is whole and starts with the expected number: its first number and its payloads. Of a torn group
    /// the records before the tear count: they are whole, and no later group can exist.
    ///
    /// Without an expectation any number will do that leaves no gap behind the base.
    fn group(&mut self, expected: Option<u64>, base: u64) -> Result<Option<Group>, EngineError> {
        let Some((len, count, first, _)) = self.header(self.position)? else {
            return Ok(None);
        };
        if expected.map_or(first > base + 1, |expected| expected != first) {
            return Ok(None);
        }
        let bytes = self.read(self.position, len as usize)?;
        let mut input = &bytes[GROUP_HEADER..];
        let mut payloads = Vec::new();
        for sequence in (first..).take(count as usize) {
            let Some(payload) = take_record(&mut input, self.salt, sequence) else {
                break;
            };
            payloads.push(payload.to_vec());
        }
        if payloads.is_empty() {
            return Ok(None);
        }
        // After a torn group the scan for later ones starts right behind its first page.
        self.position += if payloads.len() == count as usize {
            len
        } else {
            ALIGN
        };
        if payloads.len() < count as usize {
            tracing::warn!(path = %self.path.display(), first, whole = payloads.len(), count, "log ends in a torn group");
        }
        Ok(Some(Group { first, payloads }))
    }

    /// The first number of a synced group behind this position that comes after `expected`'s group.
    fn later_group(&self, expected: u64) -> Result<Option<u64>, EngineError> {
        let mut at = match self.header(self.position)? {
            // The expected group itself, torn: what lies inside it says nothing.
            Some((len, _, first, _)) if first <= expected => self.position + len,
            _ => self.position,
        };
        while at + ALIGN <= self.size {
            if let Some((_, _, first, flags)) = self.header(at)?
                && first > expected
                && flags & FLAG_RELAXED == 0
            {
                return Ok(Some(first));
            }
            at += ALIGN;
        }
        Ok(None)
    }
}

fn take_record<'a>(input: &mut &'a [u8], salt: u64, sequence: u64) -> Option<&'a [u8]> {
    let (len, crc) = (take_u32(input)?, take_u32(input)?);
    let payload = take_exact(input, len as usize)?;
    (bind(crc32c(0, payload), salt, sequence) == crc).then_some(payload)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    fn record(n: u64) -> Record {
        let mut bodies = Vec::new();
        put_varint(&mut bodies, 1);
        put_varint(&mut bodies, n * 512);
        put_bytes(&mut bodies, &[n as u8; 700]);
        Record {
            rows: vec![
                (
                    Bytes::from(format!("row {n}")),
                    Some(Bytes::from(vec![n as u8; 300])),
                ),
                (Bytes::from(format!("gone {n}")), None),
            ],
            took: vec![Span {
                volume: 1,
                offset: n * 512,
                len: 1024,
            }],
            freed: vec![Span {
                volume: 0,
                offset: 0,
                len: 512,
            }],
            live: -(n as i64),
            bodies,
            body_count: 1,
        }
    }

    fn payload(n: u64) -> Payload {
        let bytes = record(n).encode(Counters {
            ids: n,
            sequences: 2 * n,
        });
        Payload {
            crc: crc32c(0, &bytes),
            bytes,
        }
    }

    /// A log whose groups hold the records of these counts, beginning with record 1.
    fn write(dir: &Path, groups: &[u64], durable: bool, segment: u64) -> Arc<Log> {
        let health = Arc::new(Health::default());
        let log = Arc::new(Log::new(
            dir.to_path_buf(),
            health,
            (segment, segment),
            0,
            vec![],
            vec![],
        ));
        let mut writer = Writer::new(log.clone(), 0, durable);
        let mut next = 1;
        for count in groups {
            let payloads: Vec<_> = (next..next + count).map(payload).collect();
            writer.write(payloads.iter()).unwrap();
            next += count;
        }
        log
    }

    fn read(dir: &Path, base: u64) -> Result<Vec<u64>, EngineError> {
        let mut seen = Vec::new();
        read_segments(
            dir,
            base,
            0,
            &Health::default(),
            |sequence, found, counters| {
                assert_eq!(found, record(sequence));
                assert_eq!(
                    counters,
                    Counters {
                        ids: sequence,
                        sequences: 2 * sequence
                    }
                );
                seen.push(sequence);
                Ok(())
            },
        )?;
        Ok(seen)
    }

    fn segments(dir: &Path) -> Vec<PathBuf> {
        let mut paths: Vec<_> = std::fs::read_dir(dir)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        paths.sort();
        paths
    }

    #[test]
    fn records_round_trip_and_cut_ones_are_refused() {
        let payload = payload(9).bytes;
        assert_eq!(
            Record::decode(&payload),
            Some((
                record(9),
                Counters {
                    ids: 9,
                    sequences: 18
                }
            ))
        );
        for cut in 0..payload.len() {
            assert_eq!(Record::decode(&payload[..cut]), None, "cut at {cut}");
        }
    }

    #[test]
    fn groups_are_read_across_segments_and_from_the_base_on() {
        let dir = TempDir::new().unwrap();
        write(dir.path(), &[1, 3, 2, 5, 1, 1, 4], true, 16 << 10);
        assert!(segments(dir.path()).len() > 2);
        assert_eq!(read(dir.path(), 0).unwrap(), (1..=17).collect::<Vec<_>>());
        assert_eq!(read(dir.path(), 10).unwrap(), (11..=17).collect::<Vec<_>>());
        assert_eq!(read(dir.path(), 17).unwrap(), Vec::<u64>::new());
        // Segments that the base covers may be gone, others may not.
        std::fs::remove_file(&segments(dir.path())[0]).unwrap();
        assert!(!read(dir.path(), 10).unwrap().is_empty());
        assert!(matches!(
            read(dir.path(), 0),
            Err(EngineError::Corrupt { .. })
        ));
    }

    #[test]
    fn a_torn_group_keeps_a_prefix_wherever_it_tears() {
        let dir = TempDir::new().unwrap();
        write(dir.path(), &[2, 6], true, 1 << 20);
        let path = segments(dir.path()).remove(0);
        let whole = std::fs::read(&path).unwrap();
        let mut lengths = std::collections::BTreeSet::new();
        for cut in (8192..8192 + 8192).step_by(97) {
            let mut torn = whole.clone();
            torn[cut..].fill(0);
            std::fs::write(&path, &torn).unwrap();
            let seen = read(dir.path(), 0).unwrap();
            assert_eq!(
                seen,
                (1..=seen.len() as u64).collect::<Vec<_>>(),
                "cut at {cut}"
            );
            assert!(seen.len() >= 2, "the group before is whole");
            lengths.insert(seen.len());
        }
        assert_eq!(
            lengths.into_iter().collect::<Vec<_>>(),
            [2, 3, 4, 5, 6, 7, 8]
        );
    }

    #[test]
    fn a_hole_is_damage_in_a_synced_log_and_an_end_in_a_relaxed_one() {
        for (durable, segment) in [
            (true, 1 << 20),
            (false, 1 << 20),
            (true, 8 << 10),
            (false, 8 << 10),
        ] {
            let dir = TempDir::new().unwrap();
            write(dir.path(), &[1; 6], durable, segment);
            let paths = segments(dir.path());
            let (path, at) = if paths.len() == 1 {
                (&paths[0], 2 * 4096)
            } else {
                (&paths[1], 0)
            };
            let file = File::options().write(true).open(path).unwrap();
            file.write_all_at(&[0; 4], 4096 + at + 40).unwrap();
            let found = read(dir.path(), 0);
            if durable {
                assert!(
                    matches!(found, Err(EngineError::Corrupt { .. })),
                    "{segment}: {found:?}"
                );
            } else {
                let want: Vec<u64> = (1..if at > 0 { 3 } else { 2 }).collect();
                assert_eq!(found.unwrap(), want, "{segment}");
            }
        }
    }

    #[test]
    fn what_is_left_in_a_recycled_segment_does_not_count() {
        let dir = TempDir::new().unwrap();
        let log = write(dir.path(), &[1; 9], true, 1 << 20);
        drop(log);
        let old = segments(dir.path()).remove(0);
        let health = Arc::new(Health::default());
        let spare = vec![(old, 1 << 20)];
        let log = Arc::new(Log::new(
            dir.path().to_path_buf(),
            health,
            (1 << 20, 1 << 20),
            5,
            vec![],
            spare,
        ));
        // Record 3 again, after a base of 2: the old records 4 to 9 lie right behind it.
        let mut writer = Writer::new(log, 2, true);
        writer.write([payload(3)].iter()).unwrap();
        assert_eq!(segments(dir.path()).len(), 1, "recycled");
        assert_eq!(read(dir.path(), 2).unwrap(), [3]);
    }
}
