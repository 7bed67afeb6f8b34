//! What a lifecycle run does to one version: decided and done under the key's lock, so that a version that a client
//! replaces meanwhile is judged as it is then. The rules themselves are not the store's.

use super::bucket::Bucket;
use super::change::Change;
use super::engine::{Commit, View};
use super::object::{Object, object_of};
use super::version::VersionId;
use super::{Error, Result, Store};
use crate::domain::name::ObjectKey;
use crate::domain::object::{ObjectType, StorageClass};

/// A version before its judge.
#[derive(Debug, Clone)]
pub struct Judged {
    /// The object; none for a delete marker.
    pub object: Option<Object>,
    /// It is the key's current version.
    pub is_latest: bool,
    /// The key has no other version.
    pub is_alone: bool,
}

/// What becomes of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Nothing.
    Stay,
    /// A current object is deleted as by DeleteObject, so that versioning keeps it; a delete marker or an older version
    /// is removed for good. Retention and legal hold are obeyed.
    Go,
    /// It gets another storage class. Retention does not forbid this: the bytes stay.
    Move(StorageClass),
}

impl Store {
    /// Asks `judge` about the key's current version, or the named one, and does what it says; whether anything
    /// changed. What does not exist stays so. [`Error::Immutable`] when retention forbids it.
    pub async fn apply_lifecycle(
        &self,
        bucket: &Bucket,
        key: &ObjectKey,
        version: Option<&VersionId>,
        judge: impl FnOnce(&Judged) -> Fate + Send,
    ) -> Result<bool> {
        let Some(commit) = self.plan_lifecycle(bucket, key, version, judge)? else {
            return Ok(false);
        };
        commit.await?;
        Ok(true)
    }

    fn plan_lifecycle(
        &self,
        bucket: &Bucket,
        key: &ObjectKey,
        version: Option<&VersionId>,
        judge: impl FnOnce(&Judged) -> Fate,
    ) -> Result<Option<Commit>> {
        let pin = self.inner.engine.pin();
        let mut change = self.change(&[bucket], vec![self.key_lock(bucket, key)]);
        let bucket = change.fresh(bucket)?;
        let Some(mut found) = change.find(&bucket, key, version)? else {
            return Ok(None);
        };
        let object = match object_of(self, &bucket, key, &found.record, found.latest, pin) {
            Ok(object) => Some(object),
            Err(Error::DeleteMarker(_)) => None,
            Err(other) => return Err(other),
        };
        let judged = Judged {
            is_alone: found.latest && !change.has_older(&bucket, key)?,
            is_latest: found.latest,
            object,
        };
        match judge(&judged) {
            Fate::Stay => return Ok(None),
            Fate::Go if found.latest && judged.object.is_some() => {
                change.delete_version(&bucket, key, None, false)?;
            }
            Fate::Go => change.remove(&bucket, key, &found, false)?,
            Fate::Move(class) => {
                let now = change.now;
                let Some(stored) = &mut found.record.stored else {
                    return Ok(None);
                };
                if stored.storage_class == class || stored.kind == ObjectType::Symlink {
                    return Ok(None);
                }
                stored.storage_class = class;
                stored.transitioned = Some(now);
                // A copy restored from another class says nothing about this one.
                stored.restore = None;
                change.rewrite(&bucket, key, &found);
            }
        }
        Ok(Some(change.submit()))
    }

    /// Every bucket, by name.
    pub fn buckets(&self) -> Result<Vec<Bucket>> {
        self.buckets_where(View::Committed, |_| true)
    }
}

impl Change<'_> {
    fn has_older(&self, bucket: &Bucket, key: &ObjectKey) -> Result<bool> {
        let rows = self.store.keys().versions(bucket.id, key.as_str());
        Ok(self.first(&rows)?.is_some())
    }
}
