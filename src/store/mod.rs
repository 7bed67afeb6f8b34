//! What an object store is, without HTTP, XML or error codes: buckets, objects, appends, copies, versions, uploads.
//!
//! Semantics exist once, here, on top of the engine, which knows only rows, contents and batches. Every write takes
//! the locks of the keys it touches, reads the pending state, decides, and puts all it promises into one batch, which
//! is submitted under the locks and awaited without them. Time and random ids come only from [`Store::open`].

mod account;
pub mod append;
#[cfg(test)]
mod append_tests;
mod base;
mod batch;
pub mod body;
pub mod bucket;
mod bucket_record;
#[cfg(test)]
mod bucket_tests;
mod change;
mod checkpoint;
mod codec;
mod commit;
mod content;
pub mod copy;
#[cfg(test)]
mod copy_tests;
#[cfg(test)]
mod crash_tests;
pub mod delete;
pub mod engine;
#[cfg(test)]
mod engine_disk_tests;
#[cfg(test)]
mod engine_tests;
pub mod error;
mod fault;
mod hash;
mod lifecycle;
#[cfg(test)]
mod lifecycle_tests;
pub mod list;
#[cfg(test)]
mod list_tests;
mod lock;
mod log;
pub mod multipart;
#[cfg(test)]
mod multipart_tests;
pub mod object;
#[cfg(test)]
mod object_tests;
mod overlay;
mod read;
mod record;
#[cfg(test)]
mod record_tests;
mod recover;
#[cfg(test)]
#[cfg(feature = "schedules")]
mod schedule_tests;
mod space;
mod stage;
mod sync;
#[cfg(test)]
pub(crate) mod testing;
mod turn;
pub mod version;
#[cfg(test)]
mod version_tests;
mod volume;

pub use append::{AppendState, Appended, Sealed};
pub use body::{Body, BodyWriter};
pub use bucket::{
    Bucket, BucketListQuery, BucketPage, BucketSettings, BucketStat, ClassStat, Creation,
    DefaultRetention, LIVE_CHANNELS, ObjectWorm, RetentionPeriod, Worm,
};
pub use copy::{Copied, CopyOptions, CopySource};
pub use delete::{Deleted, Deletion};
pub use error::{Error, Result};
pub use lifecycle::{Fate, Judged};
pub use list::{ListQuery, ListedObject, Listing};
pub use multipart::{
    Completion, CopiedPart, Part, PartListing, PartNumber, Upload, UploadId, UploadListing,
    UploadOptions, UploadQuery,
};
pub use object::{
    Object, ObjectReader, ObjectSettings, PutOptions, Resolved, Restored, Retention, RetentionMode,
    Written,
};
pub use version::{ListedMarker, ListedVersion, VersionId, VersionListing, VersionQuery};

pub use engine::{Durability, EngineOptions, Figures};

use crate::domain::ids::IdSource;
use crate::domain::time::Clock;
use engine::Engine;
use hash::Hasher;
use lock::Locks;
use std::sync::Arc;
use turn::Turns;

/// Longest object in bytes unless configured otherwise: 5 GB (R61).
pub const OBJECT_SIZE_MAX: u64 = 5 * 1024 * 1024 * 1024;
/// Least size in bytes of a part that is not the last, unless configured otherwise.
pub const PART_SIZE_MIN: u64 = 102_400;
/// Most buckets of an account, unless configured otherwise.
pub const BUCKETS_MAX: usize = 100;

/// Whether an append object may be copied where no versioning is involved (R68).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AppendCopy {
    /// Never: the documented contract.
    #[default]
    Reject,
    /// Refused only where source or destination keeps versions: what the service has been seen to do.
    VersionedOnly,
}

/// How a store is opened.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// Where rows and bytes live.
    pub engine: EngineOptions,
    /// Longest object in bytes; [`OBJECT_SIZE_MAX`] by default.
    pub object_size_max: u64,
    /// Least size in bytes of a part that is not the last; [`PART_SIZE_MIN`] by default. Checked at complete only.
    pub part_size_min: u64,
    /// Most buckets of one account; [`BUCKETS_MAX`] by default.
    pub buckets_max: usize,
    /// R68.
    pub append_copy: AppendCopy,
    /// How long a simulated restore runs, in seconds; 0 finishes at once.
    pub restore_seconds: u64,
}

impl StoreOptions {
    /// The documented limits over `engine`.
    pub fn new(engine: EngineOptions) -> Self {
        Self {
            engine,
            object_size_max: OBJECT_SIZE_MAX,
            part_size_min: PART_SIZE_MIN,
            buckets_max: BUCKETS_MAX,
            append_copy: AppendCopy::Reject,
            restore_seconds: 0,
        }
    }
}

/// An object store, or one world of it. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
    world: u32,
}

struct Inner {
    engine: Engine,
    hasher: Hasher,
    locks: Locks,
    turns: Turns,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    options: StoreOptions,
}

impl Store {
    /// Opens the store, recovering what a crash left. Reads the clock and makes ids only through the arguments.
    pub fn open(
        options: StoreOptions,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
    ) -> Result<Self> {
        let engine = Engine::open(options.engine.clone())?;
        let inner = Inner {
            engine,
            hasher: Hasher::new(),
            locks: Locks::new(),
            turns: Turns::new(),
            clock,
            ids,
            options,
        };
        Ok(Self {
            inner: Arc::new(inner),
            world: 0,
        })
    }

    /// Finishes what was submitted, checkpoints and closes. Writes after this answer `EngineError::Closed`.
    pub async fn close(&self) -> Result<()> {
        Ok(self.inner.engine.clone().close().await?)
    }

    /// The engine's figures, for health.
    pub fn figures(&self) -> Figures {
        self.inner.engine.figures()
    }

    /// The same store seen from another world: worlds share nothing but the machine. None for numbers from
    /// 0xE000_0000 on, whose rows would be the engine's.
    pub fn in_world(&self, world: u32) -> Option<Self> {
        (world < 0xE000_0000).then(|| Self {
            inner: Arc::clone(&self.inner),
            world,
        })
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store")
            .field("world", &self.world)
            .finish_non_exhaustive()
    }
}
