//! Opening a data directory: lock, format, base, volumes, and the replay of the log. One path for a clean stop, a killed process
//! and a power cut; it may itself be cut anywhere and run again.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss
)] // lengths are bounded by extents, volumes and groups; 64-bit targets only

use super::{
    base::{Base, sled::SledBase},
    checkpoint::{Meta, space_spans},
    commit::publish_one,
    content::SPACE_PREFIX,
    engine::EngineOptions,
    fault::{EngineError, Health},
    log::{Counters, Found, Log, Record, read_segments},
    overlay::Overlay,
    space::Space,
    volume::{Volumes, sync_dir},
};
use std::{
    fs::{File, TryLockError},
    io::Write,
    ops::Bound,
    path::Path,
    sync::Arc,
};

/// Version of everything below the data directory; older ones would be opened or migrated here.
const FORMAT: u32 = 1;
const FORMAT_FILE: &str = "FORMAT";
const FORMAT_TEXT: &str = "ossicle store format ";
/// What a data directory may hold before its format file exists.
const KNOWN: [&str; 7] = [
    "LOCK",
    "FORMAT",
    "FORMAT.new",
    "wal",
    "vol",
    "base",
    "lost+found",
];

/// An opened directory, ready for the engine to run on.
pub(crate) struct Opened {
    /// Locked while it is open.
    pub(crate) lock: File,
    pub(crate) base: Arc<dyn Base>,
    pub(crate) overlay: Overlay,
    pub(crate) space: Space,
    pub(crate) log: Arc<Log>,
    pub(crate) last: u64,
    pub(crate) counters: Counters,
    pub(crate) live: i64,
    pub(crate) replayed: u64,
}

fn io<'p>(op: &'static str, path: &'p Path) -> impl FnOnce(std::io::Error) -> EngineError + 'p {
    move |error| EngineError::io(op, path, error)
}

/// Opens or creates the store in `dir`.
pub(crate) fn open(
    dir: &Path,
    options: &EngineOptions,
    health: &Arc<Health>,
) -> Result<Opened, EngineError> {
    std::fs::create_dir_all(dir).map_err(io("create data directory", dir))?;
    let lock = lock(dir)?;
    let created = check_format(dir)?;
    for name in ["wal", "vol"] {
        let path = dir.join(name);
        std::fs::create_dir_all(&path).map_err(io("create directory", &path))?;
    }
    health.step("recover.begin").map_err(io("recover", dir))?;
    let base: Arc<dyn Base> = Arc::new(open_base(dir, options, health, created)?);
    let meta = match base.get(Meta::KEY)? {
        Some(row) => Meta::decode(&row)
            .ok_or_else(|| EngineError::corrupt("checkpoint row does not decode"))?,
        None => Meta::default(),
    };
    let volumes = Volumes::open(Some(dir.join("vol")), health.clone())?;
    let space = Space::new(volumes, options.volume_max)?;
    reserve_used(&*base, &space)?;
    health.step("recover.base").map_err(io("recover", dir))?;

    let overlay = Overlay::new(base.clone());
    let mut counters = meta.counters;
    let mut live = meta.live;
    overlay
        .write()
        .begin_window(meta.sequence, meta.counters, meta.live);
    let wal = dir.join("wal");
    let found = read_segments(
        &wal,
        meta.sequence,
        meta.segment,
        health,
        |sequence, record, at| {
            counters = counters.max(at);
            live += record.live;
            replay(&overlay, &space, sequence, record, counters)
        },
    )?;
    let Found {
        closed,
        spare,
        next_number,
        last,
        replayed,
    } = found;
    if replayed > 0 {
        tracing::info!(replayed, base = meta.sequence, last, "log replayed");
    }
    let sizes = (options.segment_first, options.segment_max);
    let log = Arc::new(Log::new(
        wal,
        health.clone(),
        sizes,
        next_number,
        closed,
        spare,
    ));
    if created {
        write_format(dir)?;
    }
    health.step("recover.end").map_err(io("recover", dir))?;
    Ok(Opened {
        lock,
        base,
        overlay,
        space,
        log,
        last,
        counters,
        live,
        replayed,
    })
}

fn lock(dir: &Path) -> Result<File, EngineError> {
    let path = dir.join("LOCK");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path);
    let file = file.map_err(io("open lock file", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(EngineError::Locked { path }),
        Err(TryLockError::Error(error)) => Err(io("lock", &path)(error)),
    }
}

/// Whether the store is new. A directory with foreign files in it is refused: it is somebody else's.
fn check_format(dir: &Path) -> Result<bool, EngineError> {
    let path = dir.join(FORMAT_FILE);
    match std::fs::read_to_string(&path) {
        Ok(text) => {
            let found = text
                .trim()
                .strip_prefix(FORMAT_TEXT)
                .and_then(|number| number.parse::<u32>().ok());
            match found {
                Some(FORMAT) => Ok(false),
                Some(found) if found > FORMAT => Err(EngineError::NewerFormat {
                    found,
                    supported: FORMAT,
                }),
                _ => Err(EngineError::corrupt(format!(
                    "{} names no format",
                    path.display()
                ))),
            }
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            for entry in std::fs::read_dir(dir).map_err(io("list", dir))? {
                let name = entry.map_err(io("list", dir))?.file_name();
                if !KNOWN.iter().any(|known| name == *known) {
                    return Err(EngineError::corrupt(format!(
                        "{} is not empty and not a data directory: it has {}",
                        dir.display(),
                        name.display()
                    )));
                }
            }
            Ok(true)
        }
        Err(error) => Err(io("read format", &path)(error)),
    }
}

/// The last step of creating a store: from here on it exists.
fn write_format(dir: &Path) -> Result<(), EngineError> {
    let (new, path) = (dir.join("FORMAT.new"), dir.join(FORMAT_FILE));
    let write = || {
        let mut file = File::create(&new)?;
        writeln!(file, "{FORMAT_TEXT}{FORMAT}")?;
        file.sync_all()?;
        std::fs::rename(&new, &path)
    };
    write().map_err(io("write format", &path))?;
    sync_dir(dir)?;
    sync_dir(
        dir.parent()
            .filter(|parent| !parent.as_os_str().is_empty())
            .unwrap_or(Path::new(".")),
    )
}

fn open_base(
    dir: &Path,
    options: &EngineOptions,
    health: &Arc<Health>,
    created: bool,
) -> Result<SledBase, EngineError> {
    let path = dir.join("base");
    let open = || SledBase::open(&path, options.base_cache, health.clone());
    match open() {
        // Cut while it was being created: nothing was acknowledged yet, so there is nothing to keep.
        Err(error @ EngineError::BaseRefused { .. }) if created && !has_volumes(dir) => {
            tracing::warn!(%error, "removing a base that was never finished");
            std::fs::remove_dir_all(&path).map_err(io("remove unfinished base", &path))?;
            open()
        }
        other => other,
    }
}

fn has_volumes(dir: &Path) -> bool {
    std::fs::read_dir(dir.join("vol")).is_ok_and(|mut entries| entries.next().is_some())
}

/// Marks what the base knows as used.
fn reserve_used(base: &dyn Base, space: &Space) -> Result<(), EngineError> {
    let end = [SPACE_PREFIX + 1];
    let mut from = vec![SPACE_PREFIX];
    loop {
        let rows = base.scan(Bound::Excluded(&from), Bound::Excluded(&end), 1024)?;
        for (key, value) in &rows {
            let spans = space_spans(key, value)
                .ok_or_else(|| EngineError::corrupt("space row does not decode"))?;
            for span in spans {
                space.cover(span)?;
                space.reserve(span);
            }
        }
        match rows.last() {
            Some((key, _)) => from = key.to_vec(),
            None => return Ok(()),
        }
    }
}

/// Repeats one committed record: its bytes, its ownerships, its rows. Doing it twice changes nothing.
fn replay(
    overlay: &Overlay,
    space: &Space,
    sequence: u64,
    record: Record,
    counters: Counters,
) -> Result<(), EngineError> {
    for span in record.took.iter().chain(&record.freed) {
        space.cover(*span)?;
        // Freed ones too: they become free when this window's checkpoint is done, not before.
        space.reserve(*span);
    }
    let mut result = Ok(());
    let decoded = record.bodies(|volume, offset, bytes| {
        result = space
            .volumes
            .get(volume)
            .and_then(|volume| volume.write(bytes, offset));
        result.is_ok().then_some(())
    });
    result?;
    decoded.ok_or_else(|| EngineError::corrupt("bodies of a log record do not decode"))?;
    publish_one(&mut overlay.write(), sequence, record, counters);
    Ok(())
}
