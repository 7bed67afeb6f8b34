//! Engine errors, the poison flag, and the failpoints that let a test stop or break the engine at a named step.
//! Knows nothing of what failed beyond a name and a path.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// What the byte-and-row layer can answer instead of success. Cheap to clone: one failure may answer many waiters.
#[derive(Debug, Clone, thiserror::Error)]
pub enum EngineError {
    /// A system call failed.
    #[error("{op} {}: {source}", path.display())]
    Io {
        /// What was tried.
        op: &'static str,
        /// The file it was tried on.
        path: PathBuf,
        /// The system's answer.
        source: Arc<io::Error>,
    },
    /// Stored data does not match its checksum or its format.
    #[error("corrupt data: {what}")]
    Corrupt {
        /// Which data, in words for the log.
        what: String,
    },
    /// No space; nothing was enqueued or acknowledged, and writing works again when space returns.
    #[error("no space left for data")]
    Full,
    /// A sync failed earlier: what the disk holds is unknown, so writes are refused; reads go on.
    #[error("writes are refused since a sync failed")]
    Poisoned,
    /// Another process has the directory.
    #[error("data directory is in use by another process: {}", path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// The directory was written by a newer program.
    #[error("data directory has format {found}, this program knows up to {supported}")]
    NewerFormat {
        /// The version in the directory.
        found: u32,
        /// The newest version this program reads.
        supported: u32,
    },
    /// The base under the overlay would not open or answer.
    #[error("the metadata base refused: {reason}")]
    BaseRefused {
        /// Its own words.
        reason: String,
    },
    /// What was read under is no longer current (a failed commit was rolled back, or a content was released
    /// between reading its record and its pages): read again and retry.
    #[error("state changed underneath, read again")]
    Stale,
    /// A row, batch or content beyond its documented bound.
    #[error("too large: {what}")]
    TooLarge {
        /// Which bound.
        what: &'static str,
    },
    /// The engine was closed.
    #[error("the store is closed")]
    Closed,
}

impl EngineError {
    /// Wraps an I/O error; "no space" becomes [`EngineError::Full`].
    pub(crate) fn io(op: &'static str, path: &Path, source: io::Error) -> Self {
        if matches!(
            source.kind(),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
        ) {
            tracing::warn!(op, path = %path.display(), "no space left on device");
            return Self::Full;
        }
        Self::Io {
            op,
            path: path.to_path_buf(),
            source: Arc::new(source),
        }
    }

    /// A [`EngineError::Corrupt`] with this text.
    pub(crate) fn corrupt(what: impl Into<String>) -> Self {
        Self::Corrupt { what: what.into() }
    }
}

/// The engine's state of health, shared by all its parts: whether writes are still allowed, and the failpoints.
#[derive(Default)]
pub(crate) struct Health {
    /// Set once, by the first failed sync, never cleared: a repeated fsync may report success for lost pages.
    poisoned: AtomicBool,
    #[cfg(any(test, feature = "failpoints"))]
    points: armed::Points,
}

impl Health {
    /// Refuses all writes from now on. `error` is logged once.
    pub(crate) fn poison(&self, error: &EngineError) {
        if !self.poisoned.swap(true, Ordering::SeqCst) {
            tracing::error!(%error, "sync failed, refusing writes from now on");
        }
    }

    pub(crate) fn poisoned(&self) -> bool {
        self.poisoned.load(Ordering::SeqCst)
    }

    pub(crate) fn check(&self) -> Result<(), EngineError> {
        if self.poisoned() {
            Err(EngineError::Poisoned)
        } else {
            Ok(())
        }
    }

    /// A named step. Does nothing unless the program was built with failpoints and this one is armed.
    #[cfg(not(any(test, feature = "failpoints")))]
    #[inline]
    #[allow(clippy::unnecessary_wraps, clippy::unused_self)] // the armed form needs both
    pub(crate) fn step(&self, _name: &'static str) -> io::Result<()> {
        Ok(())
    }

    /// A named step: acts as armed.
    #[cfg(any(test, feature = "failpoints"))]
    pub(crate) fn step(&self, name: &'static str) -> io::Result<()> {
        self.points.hit(name)
    }

    /// Arms failpoints from a text as in `OSSICLE_FAILPOINTS`, replacing those armed before.
    #[cfg(any(test, feature = "failpoints"))]
    pub(crate) fn arm(&self, text: &str) {
        self.points.arm(text);
    }
}

#[cfg(any(test, feature = "failpoints"))]
mod armed {
    //! `name=action[*skip][+times],...`: action is `abort`, `eio` or `enospc`; the first `skip` hits pass,
    //! then `times` hits act (default: all). Per engine, so that tests do not meet.

    use parking_lot::Mutex;
    use std::{collections::HashMap, io};

    #[derive(Clone, Copy)]
    enum Action {
        Abort,
        Error(i32),
    }

    struct Point {
        action: Action,
        skip: u64,
        times: u64,
    }

    #[derive(Default)]
    pub(super) struct Points(Mutex<HashMap<String, Point>>);

    fn parse(entry: &str) -> Option<(String, Point)> {
        let (name, action) = entry.split_once('=')?;
        let (action, times) = match action.split_once('+') {
            Some((action, times)) => (action, times.parse().ok()?),
            None => (action, u64::MAX),
        };
        let (action, skip) = match action.split_once('*') {
            Some((action, skip)) => (action, skip.parse().ok()?),
            None => (action, 0),
        };
        let action = match action {
            "abort" => Action::Abort,
            "eio" => Action::Error(5),
            "enospc" => Action::Error(28),
            _ => return None,
        };
        Some((
            name.to_owned(),
            Point {
                action,
                skip,
                times,
            },
        ))
    }

    impl Points {
        pub(super) fn arm(&self, text: &str) {
            let entries = text
                .split(',')
                .map(str::trim)
                .filter(|entry| !entry.is_empty());
            *self.0.lock() = entries.filter_map(parse).collect();
        }

        pub(super) fn hit(&self, name: &'static str) -> io::Result<()> {
            let mut points = self.0.lock();
            let Some(point) = points.get_mut(name) else {
                return Ok(());
            };
            if point.skip > 0 {
                point.skip -= 1;
                return Ok(());
            }
            if point.times == 0 {
                return Ok(());
            }
            point.times -= 1;
            match point.action {
                Action::Abort => std::process::abort(),
                Action::Error(code) => Err(io::Error::from_raw_os_error(code)),
            }
        }
    }
}
