//! Volumes: large files that hold object bytes in extents and nothing else. Anonymous memory files in memory mode, so that
//! both modes take the same path. Knows files and syncs; which bytes are free is [`super::space`]'s business.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss
)] // lengths are bounded by extents, volumes and groups; 64-bit targets only

use super::{
    content::Span,
    fault::{EngineError, Health},
};
use bytes::Bytes;
use parking_lot::{Mutex, RwLock};
use rustix::{
    fs::FallocateFlags,
    io::{Errno, ReadWriteFlags},
};
use std::{
    fs::File,
    io::IoSliceMut,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

/// Free bytes of the file system that object bytes never take: an eighth of it, within these bounds.
const HEADROOM_MIN: u64 = 20 << 20;
const HEADROOM_MAX: u64 = 128 << 20;

/// Space of a file system in bytes.
pub(crate) struct Room {
    pub(crate) available: u64,
    pub(crate) total: u64,
}

impl Room {
    /// `None` where the file system does not say.
    pub(crate) fn of(dir: &Path) -> Option<Self> {
        let stat = rustix::fs::statvfs(dir).ok()?;
        let bytes = |blocks: u64| blocks.saturating_mul(stat.f_frsize);
        Some(Self {
            available: bytes(stat.f_bavail),
            total: bytes(stat.f_blocks),
        })
    }
}

/// One volume file.
pub(crate) struct Volume {
    pub(crate) id: u32,
    path: PathBuf,
    file: File,
    /// Written since the last sync began.
    dirty: AtomicBool,
    /// Held during a sync: a failed fdatasync is reported once per file, so nobody may pass one that is going to fail.
    syncing: Mutex<()>,
    in_memory: bool,
    health: Arc<Health>,
    syncs: Arc<AtomicU64>,
}

/// All volumes of a store.
pub(crate) struct Volumes {
    dir: Option<PathBuf>,
    list: RwLock<Vec<Arc<Volume>>>,
    health: Arc<Health>,
    /// Syncs of volumes since start.
    pub(crate) syncs: Arc<AtomicU64>,
}

/// Makes the entries of a directory durable.
pub(crate) fn sync_dir(path: &Path) -> Result<(), EngineError> {
    File::open(path)
        .and_then(|dir| dir.sync_all())
        .map_err(|error| EngineError::io("sync directory", path, error))
}

impl Volumes {
    /// Opens the volumes of `dir`, or none in memory mode. Their numbers must be 0, 1, 2, …
    pub(crate) fn open(dir: Option<PathBuf>, health: Arc<Health>) -> Result<Self, EngineError> {
        let volumes = Self {
            dir,
            list: RwLock::new(Vec::new()),
            health,
            syncs: Arc::new(AtomicU64::new(0)),
        };
        if let Some(dir) = &volumes.dir {
            let entries = std::fs::read_dir(dir)
                .and_then(Iterator::collect::<Result<Vec<_>, _>>)
                .map_err(|error| EngineError::io("list", dir, error))?;
            let count = entries
                .iter()
                .filter(|entry| entry.path().extension().is_some_and(|e| e == "vol"))
                .count();
            for id in 0..count as u32 {
                volumes
                    .list
                    .write()
                    .push(Arc::new(volumes.open_one(id, false)?));
            }
        }
        Ok(volumes)
    }

    fn open_one(&self, id: u32, create: bool) -> Result<Volume, EngineError> {
        let (path, file) = if let Some(dir) = &self.dir {
            let path = dir.join(format!("{id:04}.vol"));
            let file = File::options()
                .read(true)
                .write(true)
                .create_new(create)
                .open(&path);
            (path, file)
        } else {
            let flags = rustix::fs::MemfdFlags::CLOEXEC;
            let file = rustix::fs::memfd_create("ossicle-volume", flags).map(File::from);
            (
                PathBuf::from(format!("memory volume {id}")),
                file.map_err(Into::into),
            )
        };
        let file = file.map_err(|error| EngineError::io("open volume", &path, error))?;
        Ok(Volume {
            id,
            path,
            file,
            dirty: AtomicBool::new(false),
            syncing: Mutex::new(()),
            in_memory: self.dir.is_none(),
            health: self.health.clone(),
            syncs: self.syncs.clone(),
        })
    }

    /// Adds the next volume; its directory entry is durable when this returns.
    pub(crate) fn create(&self) -> Result<Arc<Volume>, EngineError> {
        let mut list = self.list.write();
        let volume = Arc::new(self.open_one(list.len() as u32, true)?);
        if let Some(dir) = &self.dir {
            sync_dir(dir).inspect_err(|error| self.health.poison(error))?;
        }
        list.push(volume.clone());
        Ok(volume)
    }

    /// Refuses to grow into the last part of the file system: deletions need room in the log and checkpoints in the base
    /// to make a full disk usable again.
    pub(crate) fn check_headroom(&self, growth: u64) -> Result<(), EngineError> {
        let Some(dir) = &self.dir else { return Ok(()) };
        match Room::of(dir) {
            Some(Room { available, total })
                if available < (total / 8).clamp(HEADROOM_MIN, HEADROOM_MAX) + growth =>
            {
                Err(EngineError::Full)
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn get(&self, id: u32) -> Result<Arc<Volume>, EngineError> {
        self.list
            .read()
            .get(id as usize)
            .cloned()
            .ok_or_else(|| EngineError::corrupt(format!("volume {id} does not exist")))
    }

    pub(crate) fn all(&self) -> Vec<Arc<Volume>> {
        self.list.read().clone()
    }
}

impl Volume {
    fn io(&self, op: &'static str, error: impl Into<std::io::Error>) -> EngineError {
        EngineError::io(op, &self.path, error.into())
    }

    /// Length of the file in bytes.
    pub(crate) fn len(&self) -> Result<u64, EngineError> {
        Ok(self
            .file
            .metadata()
            .map_err(|error| self.io("stat volume", error))?
            .len())
    }

    /// Bytes the file takes on the device.
    pub(crate) fn disk_bytes(&self) -> u64 {
        use std::os::unix::fs::MetadataExt;
        self.file.metadata().map_or(0, |data| data.blocks() * 512)
    }

    /// Writes without syncing; a later [`Self::sync`] covers it.
    pub(crate) fn write(&self, bytes: &[u8], offset: u64) -> Result<(), EngineError> {
        self.health
            .step("volume.write")
            .map_err(|error| self.io("write", error))?;
        self.file
            .write_all_at(bytes, offset)
            .map_err(|error| self.io("write", error))?;
        self.dirty.store(true, Ordering::SeqCst);
        Ok(())
    }

    /// Makes all writes so far durable. A failure poisons the store and is not tried again.
    pub(crate) fn sync(&self) -> Result<(), EngineError> {
        if self.in_memory {
            return Ok(());
        }
        let _one_at_a_time = self.syncing.lock();
        self.health.check()?;
        if !self.dirty.swap(false, Ordering::SeqCst) {
            return Ok(());
        }
        self.syncs.fetch_add(1, Ordering::Relaxed);
        self.health
            .step("volume.sync")
            .and_then(|()| self.file.sync_data())
            .map_err(|error| EngineError::Io {
                op: "sync",
                path: self.path.clone(),
                source: Arc::new(error),
            })
            .inspect_err(|error| self.health.poison(error))
    }

    /// Whether a sync is under way.
    pub(crate) fn is_syncing(&self) -> bool {
        self.syncing.is_locked()
    }

    /// Reads exactly `buffer` if all of it is in the page cache; `false` when the caller should use a blocking read.
    pub(crate) fn read_cached(
        &self,
        buffer: &mut [u8],
        mut offset: u64,
    ) -> Result<bool, EngineError> {
        if self.in_memory {
            return self.read(buffer, offset).map(|()| true);
        }
        let mut rest = buffer;
        while !rest.is_empty() {
            let slices = &mut [IoSliceMut::new(rest)];
            match rustix::io::preadv2(&self.file, slices, offset, ReadWriteFlags::NOWAIT) {
                Ok(0) | Err(Errno::AGAIN | Errno::OPNOTSUPP) => return Ok(false),
                Ok(count) => {
                    offset += count as u64;
                    rest = &mut rest[count..];
                }
                Err(Errno::INTR) => {}
                Err(error) => return Err(self.io("read", error)),
            }
        }
        Ok(true)
    }

    /// Reads exactly `buffer`, waiting for the device if need be.
    pub(crate) fn read(&self, buffer: &mut [u8], offset: u64) -> Result<(), EngineError> {
        self.health
            .step("volume.read")
            .map_err(|error| self.io("read", error))?;
        match self.file.read_exact_at(buffer, offset) {
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Err(
                EngineError::corrupt(format!("volume {} ends before offset {offset}", self.id)),
            ),
            other => other.map_err(|error| self.io("read", error)),
        }
    }

    /// Gives the file space in `[offset, offset + len)`, growing it; bytes there read as they were or as zeros.
    pub(crate) fn allocate(&self, offset: u64, len: u64) -> Result<(), EngineError> {
        self.health
            .step("volume.grow")
            .map_err(|error| self.io("grow", error))?;
        match rustix::fs::fallocate(&self.file, FallocateFlags::empty(), offset, len) {
            // A file system without fallocate: the length alone must do.
            Err(Errno::OPNOTSUPP) => {
                let end = (offset + len).max(self.len()?);
                self.file
                    .set_len(end)
                    .map_err(|error| self.io("grow", error))
            }
            other => other.map_err(|error| self.io("grow", error)),
        }?;
        self.dirty.store(true, Ordering::SeqCst);
        Ok(())
    }

    /// Gives the space of a free span back to the file system. `false` when it cannot do that.
    pub(crate) fn punch(&self, span: Span) -> bool {
        let mode = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
        self.dirty.store(true, Ordering::SeqCst);
        rustix::fs::fallocate(&self.file, mode, span.offset, span.len).is_ok()
    }

    /// Cuts the file at `len`; everything behind it must be free.
    pub(crate) fn truncate(&self, len: u64) -> bool {
        self.dirty.store(true, Ordering::SeqCst);
        self.file.set_len(len).is_ok()
    }
}

/// Reads `[offset, offset + len)` of a volume into fresh memory; `None` when it is not cached and `wait` is false.
pub(crate) fn read_span(
    volume: &Volume,
    offset: u64,
    len: usize,
    wait: bool,
) -> Result<Option<Bytes>, EngineError> {
    let mut buffer = vec![0; len];
    if volume.read_cached(&mut buffer, offset)? {
        return Ok(Some(buffer.into()));
    }
    if !wait {
        return Ok(None);
    }
    volume.read(&mut buffer, offset)?;
    Ok(Some(buffer.into()))
}
