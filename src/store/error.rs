//! What can go wrong in the store, told as facts: no status, no code, no text for a client. The edge turns each
//! variant into its code once, in an exhaustive `match`.

use super::engine::EngineError;
use super::version::VersionId;

/// What every store call returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why the store refused or failed. Nothing has changed when one of these comes back.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The bucket does not exist, or was deleted meanwhile.
    #[error("no such bucket")]
    NoSuchBucket,
    /// The bucket belongs to another account.
    #[error("the bucket name is taken")]
    BucketExists,
    /// The bucket still holds objects, versions, delete markers or uploads.
    #[error("the bucket is not empty")]
    BucketNotEmpty,
    /// The account has as many buckets as it may have.
    #[error("too many buckets")]
    TooManyBuckets,
    /// The key has no current object; with the marker's id where a delete marker hides it.
    #[error("no such key")]
    NoSuchKey {
        /// The current delete marker, if that is why.
        delete_marker: Option<VersionId>,
    },
    /// The key has no version of that id.
    #[error("no such version")]
    NoSuchVersion,
    /// The addressed version is a delete marker: it can only be deleted.
    #[error("the version {0} is a delete marker")]
    DeleteMarker(VersionId),
    /// The key has an object and overwriting was forbidden.
    #[error("the object exists")]
    FileExists,
    /// Retention or a legal hold protects the object (R104).
    #[error("the object is immutable")]
    Immutable,
    /// The result would be longer than `object_size_max` (R61).
    #[error("the object would be too large")]
    TooLarge,
    /// The position differs from the object's length (R40); 0 for an absent object (R21).
    #[error("the position is not the length {length}")]
    PositionMismatch {
        /// The length at that moment, in bytes.
        length: u64,
    },
    /// The current object is not of type Appendable (R54).
    #[error("the object is not appendable")]
    NotAppendable,
    /// The append object is sealed (R112), or something else was to be sealed (R113).
    #[error("the object is sealed or can not be sealed")]
    Sealed,
    /// An append object can not be created in this storage class (R24).
    #[error("append objects can not have this storage class")]
    AppendStorageClass,
    /// Append objects do not exist in buckets with a hierarchical namespace (R15).
    #[error("the bucket has a hierarchical namespace")]
    Hierarchical,
    /// An append object can not be copied (R67 to R73).
    #[error("append objects can not be copied")]
    CopyOfAppend {
        /// Whether source or destination keeps versions: the message says so (R67).
        versioned: bool,
    },
    /// The object is archived and not restored.
    #[error("the object is archived")]
    Archived,
    /// Restore or its clean-up was asked of an object whose class needs none.
    #[error("the storage class needs no restore")]
    RestoreUnsupported,
    /// A restore is running.
    #[error("a restore is running")]
    RestoreInProgress,
    /// There is no restored copy.
    #[error("nothing is restored")]
    NotRestored,
    /// The object is not a symlink.
    #[error("the object is not a symlink")]
    NotSymlink,
    /// The target of the symlink does not exist.
    #[error("the symlink's target does not exist")]
    SymlinkTargetMissing,
    /// The target of the symlink is a symlink.
    #[error("the symlink's target is a symlink")]
    SymlinkTargetType,
    /// No upload of that id for that key.
    #[error("no such upload")]
    NoSuchUpload,
    /// A listed part is missing or its tag differs.
    #[error("part {number} is missing or its tag differs")]
    InvalidPart {
        /// The part's number.
        number: u16,
    },
    /// The listed parts do not ascend, or there are none.
    #[error("the parts do not ascend")]
    InvalidPartOrder,
    /// A part that is not the last is smaller than `part_size_min`.
    #[error("part {number} is too small: {size}")]
    PartTooSmall {
        /// The part's number.
        number: u16,
        /// Its size in bytes.
        size: u64,
        /// The least size in bytes.
        size_min: u64,
    },
    /// A part of a sequential upload came out of order.
    #[error("the parts of a sequential upload must come in order")]
    PartNotSequential,
    /// A retention policy exists already.
    #[error("the bucket has a retention policy")]
    WormExists,
    /// No retention policy, or none of that id.
    #[error("no such retention policy")]
    NoSuchWorm,
    /// The retention policy is locked.
    #[error("the retention policy is locked")]
    WormLocked,
    /// The retention policy is not valid: days out of range, shortening, or not locked yet.
    #[error("the retention policy is not valid")]
    InvalidWorm,
    /// Versioning and bucket retention exclude each other (R105), and versioning can not be switched off again.
    #[error("the versioning state can not be set")]
    IllegalVersioning,
    /// Object retention needs the bucket's object retention to be on.
    #[error("object retention is not enabled")]
    RetentionUnsupported,
    /// A retention may not be shortened or weakened.
    #[error("the retention can not be weakened")]
    RetentionLocked,
    /// The machinery below failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
}
