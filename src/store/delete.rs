//! DeleteObject and DeleteMultipleObjects, with versions and delete markers (operations.md §0.3).

use super::bucket::Bucket;
use super::version::VersionId;
use super::{Result, Store};
use crate::domain::name::ObjectKey;

/// One deletion to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deletion {
    /// The key.
    pub key: ObjectKey,
    /// The version; none for a plain delete.
    pub version: Option<VersionId>,
}

/// What a deletion did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deleted {
    /// The version removed, or the id of the delete marker made; none where the bucket never had versioning.
    pub version: Option<VersionId>,
    /// A delete marker was made or removed.
    pub delete_marker: bool,
}

impl Store {
    /// Deletes a key or one version. What does not exist counts as deleted. `bypass` sets aside GOVERNANCE retention.
    pub async fn delete_object(
        &self,
        bucket: &Bucket,
        key: &ObjectKey,
        version: Option<&VersionId>,
        bypass: bool,
    ) -> Result<Deleted> {
        todo!()
    }

    /// Deletes many in one commit, at most 1000; answers in order. A protected one is refused alone; when the commit
    /// fails, nothing was deleted.
    pub async fn delete_objects(
        &self,
        bucket: &Bucket,
        deletions: Vec<Deletion>,
        bypass: bool,
    ) -> Result<Vec<Result<Deleted>>> {
        todo!()
    }
}
