//! sled 0.34.7 as the base, used only in the way that survived the power-cut tests: one tree, one writer, no flush timer,
//! 4 MiB segments, small values, every slice one atomic batch that is flushed and synced before the next.
//!
//! sled's own flush is `sync_file_range`, which is not power-safe: hence the second descriptor of its `db` file. Nodes above
//! a quarter of a segment would go to files under `blobs/` that nobody syncs: hence the segment size, the value chunks,
//! and the check after each checkpoint. A kill during its open leaves a `snap.*.generating` that stops every later open:
//! hence their removal. It panics on damage: hence the guards.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss
)] // lengths are bounded by extents, volumes and groups; 64-bit targets only

use super::Base;
use crate::store::{
    codec::take_u32,
    content::crc32c,
    fault::{EngineError, Health},
    overlay::Row,
    volume::sync_dir,
};
use bytes::Bytes;
use std::{
    fs::File,
    ops::Bound,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::Arc,
};

/// Fixed in the `conf` file when the base is created; never change it.
const SEGMENT: usize = 4 << 20;
/// Longest value that is one row of sled; longer ones are cut into pieces.
const PIECE: usize = 2000;
/// First byte of a stored value: it follows, or the number of its pieces does.
const WHOLE: u8 = 0;
const PIECES: u8 = 1;
/// Attempts to read a value in pieces while a checkpoint replaces it.
const RETRIES: usize = 8;
/// How long to wait for the lock of an instance that is being dropped.
const LOCK_TRIES: u32 = 400;
const LOCK_PAUSE: std::time::Duration = std::time::Duration::from_millis(5);
/// First key byte of pieces; the engine's own rows end below.
const PIECE_PREFIX: u8 = 0xFF;

/// The base of a data directory.
pub(crate) struct SledBase {
    db: sled::Db,
    dir: PathBuf,
    /// sled's file, opened a second time to sync it.
    file: File,
    health: Arc<Health>,
}

/// Runs a call into sled, turning errors and panics into [`EngineError::BaseRefused`].
fn guarded<T>(call: impl FnOnce() -> sled::Result<T>) -> Result<T, EngineError> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(result) => result.map_err(|error| EngineError::BaseRefused {
            reason: error.to_string(),
        }),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
            Err(EngineError::BaseRefused {
                reason: text.unwrap_or_else(|| "it panicked".to_owned()),
            })
        }
    }
}

fn piece_key(key: &[u8], index: u32) -> Vec<u8> {
    let mut piece = Vec::with_capacity(key.len() + 5);
    piece.push(PIECE_PREFIX);
    piece.extend_from_slice(key);
    piece.extend_from_slice(&index.to_be_bytes());
    piece
}

/// Number of pieces and checksum of the value, `None` when the value is stored whole.
fn head(stored: &[u8]) -> Result<Option<(u32, u32)>, EngineError> {
    let damaged = || EngineError::corrupt("head of a base row");
    let (kind, mut rest) = stored.split_first().ok_or_else(damaged)?;
    match *kind {
        WHOLE => Ok(None),
        PIECES => take_u32(&mut rest)
            .zip(take_u32(&mut rest))
            .map(Some)
            .ok_or_else(damaged),
        _ => Err(damaged()),
    }
}

impl SledBase {
    /// Opens or creates the base in `dir` and makes what opening wrote durable. `cache` is in bytes.
    pub(crate) fn open(dir: &Path, cache: u64, health: Arc<Health>) -> Result<Self, EngineError> {
        let io = |op| move |error| EngineError::io(op, dir, error);
        std::fs::create_dir_all(dir).map_err(io("create base"))?;
        health.step("base.open").map_err(io("open base"))?;
        for entry in std::fs::read_dir(dir).map_err(io("list base"))? {
            let path = entry.map_err(io("list base"))?.path();
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            if name.starts_with("snap.") && name.ends_with(".generating") {
                tracing::info!(path = %path.display(), "removing a snapshot that was never finished");
                std::fs::remove_file(&path).map_err(io("remove unfinished snapshot"))?;
            }
        }
        let config = sled::Config::new()
            .path(dir)
            .cache_capacity(cache)
            .flush_every_ms(None)
            .segment_size(SEGMENT);
        let db = Self::open_unlocked(&config)?;
        health.step("base.opened").map_err(io("open base"))?;
        let file = File::options()
            .read(true)
            .write(true)
            .open(dir.join("db"))
            .map_err(io("open base file"))?;
        let base = Self {
            db,
            dir: dir.to_path_buf(),
            file,
            health,
        };
        base.sync_all()
            .map_err(io("sync base"))
            .inspect_err(|error| base.health.poison(error))?;
        sync_dir(dir.parent().unwrap_or(dir))?;
        Ok(base)
    }

    /// The data directory is locked by us, so a locked base is our own, dropped a moment ago: sled's threads let go of its
    /// file a little later than `drop` returns.
    fn open_unlocked(config: &sled::Config) -> Result<sled::Db, EngineError> {
        let mut tries = 0;
        loop {
            let opened = guarded(|| match config.open() {
                Err(sled::Error::Io(error)) if error.to_string().contains("acquire lock") => {
                    Ok(None)
                }
                other => other.map(Some),
            })?;
            match opened {
                Some(db) => return Ok(db),
                None if tries < LOCK_TRIES => tries += 1,
                None => {
                    return Err(EngineError::BaseRefused {
                        reason: "its file stays locked".to_owned(),
                    });
                }
            }
            std::thread::sleep(LOCK_PAUSE);
        }
    }

    /// Opening zeroes free segments and may write `conf`, all without a sync.
    fn sync_all(&self) -> std::io::Result<()> {
        self.file.sync_all()?;
        for name in ["conf", "blobs", "."] {
            let path = self.dir.join(name);
            if path.exists() {
                File::open(path)?.sync_all()?;
            }
        }
        Ok(())
    }

    fn value(&self, key: &[u8], stored: &sled::IVec) -> Result<Bytes, EngineError> {
        let mut stored = stored.clone();
        // The pieces are not read at one moment with their head: beside a checkpoint that replaces them, read again.
        for _ in 0..RETRIES {
            let Some((count, sum)) = head(&stored)? else {
                return Ok(Bytes::copy_from_slice(&stored[1..]));
            };
            let mut value = Vec::new();
            for index in 0..count {
                if let Some(piece) = guarded(|| self.db.get(piece_key(key, index)))? {
                    value.extend_from_slice(&piece);
                }
            }
            if crc32c(0, &value) == sum {
                return Ok(value.into());
            }
            match guarded(|| self.db.get(key))? {
                Some(again) => stored = again,
                // Deleted meanwhile: the overlay has its tombstone, whatever is returned here is not seen.
                None => return Ok(Bytes::new()),
            }
        }
        Err(EngineError::corrupt(
            "pieces of a base row do not match their checksum",
        ))
    }

    fn add(
        &self,
        batch: &mut sled::Batch,
        key: &[u8],
        value: Option<&Bytes>,
    ) -> Result<(), EngineError> {
        let pieces = value
            .filter(|value| value.len() >= PIECE)
            .map_or(0, |value| value.len().div_ceil(PIECE));
        let before = match guarded(|| self.db.get(key))? {
            Some(stored) => head(&stored)?.map_or(0, |(count, _)| count),
            None => 0,
        };
        for index in pieces as u32..before {
            batch.remove(piece_key(key, index));
        }
        match value {
            None => batch.remove(key),
            Some(value) if pieces == 0 => {
                let mut stored = Vec::with_capacity(value.len() + 1);
                stored.push(WHOLE);
                stored.extend_from_slice(value);
                batch.insert(key, stored);
            }
            Some(value) => {
                for (index, piece) in (0..).zip(value.chunks(PIECE)) {
                    batch.insert(piece_key(key, index), piece);
                }
                let mut stored = vec![PIECES];
                stored.extend_from_slice(&(pieces as u32).to_le_bytes());
                stored.extend_from_slice(&crc32c(0, value).to_le_bytes());
                batch.insert(key, stored);
            }
        }
        Ok(())
    }

    fn blobs(&self) -> usize {
        std::fs::read_dir(self.dir.join("blobs")).map_or(0, Iterator::count)
    }
}

impl Base for SledBase {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, EngineError> {
        match guarded(|| self.db.get(key))? {
            Some(stored) => self.value(key, &stored).map(Some),
            None => Ok(None),
        }
    }

    fn scan(
        &self,
        start: Bound<&[u8]>,
        end: Bound<&[u8]>,
        rows: usize,
    ) -> Result<Vec<(Bytes, Bytes)>, EngineError> {
        let own_end: &[u8] = &[PIECE_PREFIX];
        let end = match end {
            Bound::Included(end) if end < own_end => Bound::Included(end),
            Bound::Excluded(end) if end < own_end => Bound::Excluded(end),
            _ => Bound::Excluded(own_end),
        };
        if matches!(start, Bound::Included(start) | Bound::Excluded(start) if start >= own_end) {
            return Ok(Vec::new());
        }
        let found = guarded(|| {
            self.db
                .range::<&[u8], _>((start, end))
                .take(rows)
                .collect::<Result<Vec<_>, _>>()
        })?;
        let row = |(key, stored): (sled::IVec, sled::IVec)| {
            self.value(&key, &stored)
                .map(|value| (Bytes::copy_from_slice(&key), value))
        };
        found.into_iter().map(row).collect()
    }

    fn apply(&self, rows: &[Row]) -> Result<(), EngineError> {
        let mut batch = sled::Batch::default();
        for (key, value) in rows {
            self.add(&mut batch, key, value.as_ref())?;
        }
        let io = |error| EngineError::io("sync base", &self.dir, error);
        self.health.step("base.apply").map_err(io)?;
        guarded(|| self.db.apply_batch(batch))?;
        self.health.step("base.flush").map_err(io)?;
        guarded(|| self.db.flush())?;
        self.health.step("base.sync").map_err(io)?;
        let blobs = self.blobs();
        if blobs > 0 {
            tracing::error!(
                blobs,
                "the base keeps nodes outside its file, syncing the whole file system"
            );
            return rustix::fs::syncfs(&self.file).map_err(|error| io(error.into()));
        }
        self.file.sync_data().map_err(io)
    }

    fn disk_bytes(&self) -> u64 {
        use std::os::unix::fs::MetadataExt;
        let entries = std::fs::read_dir(&self.dir).into_iter().flatten().flatten();
        entries
            .filter_map(|entry| entry.metadata().ok())
            .map(|data| data.blocks() * 512)
            .sum()
    }
}
