//! ListObjects and its relatives: pages of keys in byte order, folded at a delimiter by seeking past each prefix.

use super::bucket::Bucket;
use super::version::VersionId;
use super::{Result, Store};
use crate::domain::etag::ETag;
use crate::domain::object::{ObjectType, Restore, StorageClass};
use crate::domain::time::Timestamp;

/// What to list.
#[derive(Debug, Clone, Default)]
pub struct ListQuery {
    /// Only keys that start with this.
    pub prefix: String,
    /// Only keys after this; inside a common prefix it skips that prefix.
    pub after: Option<String>,
    /// Folds keys into common prefixes; empty is none.
    pub delimiter: Option<String>,
    /// Most keys and prefixes together, 1 to 1000.
    pub max: usize,
}

/// An object or version in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedObject {
    /// The key.
    pub key: String,
    /// The version's id, `Null` where the bucket never had versioning.
    pub version: VersionId,
    /// Whether it is the key's current version.
    pub is_latest: bool,
    /// How it came to be.
    pub kind: ObjectType,
    /// Length in bytes.
    pub len: u64,
    /// The entity tag.
    pub etag: ETag,
    /// `LastModified`.
    pub modified: Timestamp,
    /// The class.
    pub storage_class: StorageClass,
    /// The simulated restore, if its copy has not gone away.
    pub restore: Option<Restore>,
}

/// A page of objects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// Current objects, ascending.
    pub objects: Vec<ListedObject>,
    /// Common prefixes, ascending.
    pub prefixes: Vec<String>,
    /// The last key or prefix of the page, if more follow: the next page's `after`.
    pub next: Option<String>,
}

impl Store {
    /// Lists current objects; delete markers do not show. Costs O(page).
    pub fn list_objects(&self, bucket: &Bucket, query: &ListQuery) -> Result<Listing> {
        todo!()
    }
}
