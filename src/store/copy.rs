//! CopyObject: the destination shares the source's bytes; only append objects are really copied, where they may be.

use super::bucket::Bucket;
use super::object::Object;
use super::version::VersionId;
use super::{Error, Result, Store};
use crate::domain::etag::ETag;
use crate::domain::name::ObjectKey;
use crate::domain::object::{ObjectAcl, Sse, StorageClass, StoredHeaders};
use crate::domain::tags::TagSet;
use crate::domain::time::Timestamp;

/// What to copy.
#[derive(Debug, Clone, Copy)]
pub struct CopySource<'a> {
    /// The source bucket.
    pub bucket: &'a Bucket,
    /// The source key.
    pub key: &'a ObjectKey,
    /// The version; none for the current one.
    pub version: Option<&'a VersionId>,
}

/// How to copy (operations.md §E.6).
#[derive(Debug, Clone, Default)]
pub struct CopyOptions {
    /// `x-oss-metadata-directive: REPLACE`. A copy onto itself in an unversioned bucket replaces whatever it says.
    pub replace_headers: bool,
    /// The request's headers, used where headers are replaced.
    pub headers: StoredHeaders,
    /// `x-oss-tagging-directive: Replace`.
    pub replace_tags: bool,
    /// The request's tags, used where tags are replaced.
    pub tags: TagSet,
    /// The destination's ACL; none for the default: ACLs are not copied.
    pub acl: Option<ObjectAcl>,
    /// The destination's class; none for its bucket's.
    pub storage_class: Option<StorageClass>,
    /// The destination's encryption marks; none for its bucket's rule.
    pub sse: Option<Sse>,
    /// `x-oss-forbid-overwrite: true`; without effect where the destination keeps versions.
    pub forbid_overwrite: bool,
}

/// What a copy made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// The new version's id; none where the destination never had versioning.
    pub version: Option<VersionId>,
    /// The version that was read; none where the source never had versioning.
    pub source_version: Option<VersionId>,
    /// The entity tag.
    pub etag: ETag,
    /// CRC-64 of the bytes.
    pub crc64: u64,
    /// `Last-Modified` of the destination, whole seconds.
    pub modified: Timestamp,
    /// The destination's encryption marks.
    pub sse: Option<Sse>,
}

impl Store {
    /// Copies an object. Order of checks (R75): source exists, append refusal, `check` (the conditions, called under
    /// the locks), then the destination.
    pub async fn copy_object<E: From<Error>>(
        &self,
        source: CopySource<'_>,
        bucket: &Bucket,
        key: &ObjectKey,
        options: CopyOptions,
        check: impl FnOnce(&Object) -> Result<(), E> + Send,
    ) -> Result<Copied, E> {
        todo!()
    }
}
