//! DeleteObject and DeleteMultipleObjects, with versions and delete markers (operations.md §0.3).

use super::bucket::Bucket;
use super::change::Change;
use super::engine::Commit;
use super::record::Record;
use super::version::VersionId;
use super::{Error, Result, Store};
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
        let (commit, deleted) = self.plan_delete(bucket, key, version, bypass)?;
        if let Some(commit) = commit {
            commit.await?;
        }
        Ok(deleted)
    }

    fn plan_delete(
        &self,
        bucket: &Bucket,
        key: &ObjectKey,
        version: Option<&VersionId>,
        bypass: bool,
    ) -> Result<(Option<Commit>, Deleted)> {
        let mut change = self.change(&[bucket], vec![self.key_lock(bucket, key)]);
        let bucket = change.fresh(bucket)?;
        let (deleted, changed) = change.delete_version(&bucket, key, version, bypass)?;
        Ok((changed.then(|| change.submit()), deleted))
    }

    /// Deletes many in one commit, at most 1000; answers in order. A protected one is refused alone; when the commit
    /// fails, nothing was deleted.
    pub async fn delete_objects(
        &self,
        bucket: &Bucket,
        deletions: Vec<Deletion>,
        bypass: bool,
    ) -> Result<Vec<Result<Deleted>>> {
        let (commit, deleted) = self.plan_delete_many(bucket, &deletions, bypass)?;
        commit.await?;
        Ok(deleted)
    }

    fn plan_delete_many(
        &self,
        bucket: &Bucket,
        deletions: &[Deletion],
        bypass: bool,
    ) -> Result<(Commit, Vec<Result<Deleted>>)> {
        let locks = deletions
            .iter()
            .map(|deletion| self.key_lock(bucket, &deletion.key))
            .collect();
        let mut change = self.change(&[bucket], locks);
        let bucket = change.fresh(bucket)?;
        // The same key may come twice, with two of its versions.
        change.remember();
        let mut answers = Vec::with_capacity(deletions.len());
        for Deletion { key, version } in deletions {
            match change.delete_version(&bucket, key, version.as_ref(), bypass) {
                Ok((deleted, _)) => answers.push(Ok(deleted)),
                // Refused before the batch was touched.
                Err(Error::Immutable) => answers.push(Err(Error::Immutable)),
                Err(other) => return Err(other),
            }
        }
        Ok((change.submit(), answers))
    }
}

impl Change<'_> {
    /// Deletes, and says whether anything changed.
    pub(super) fn delete_version(
        &mut self,
        bucket: &Bucket,
        key: &ObjectKey,
        version: Option<&VersionId>,
        bypass: bool,
    ) -> Result<(Deleted, bool)> {
        let plain = version.is_none() && bucket.settings.versioning.is_on();
        if plain {
            let current = self.current(bucket, key)?;
            let place = self.supersede(bucket, key, current, bypass)?;
            let marker = Record {
                sequence: place.sequence,
                id: place.id,
                modified: self.now,
                stored: None,
            };
            self.put_current(bucket, key, &marker);
            return Ok((
                Deleted {
                    version: Some(place.id),
                    delete_marker: true,
                },
                true,
            ));
        }
        let found = self.find(bucket, key, version)?;
        let deleted = Deleted {
            version: version
                .copied()
                .filter(|_| bucket.settings.versioning.is_on()),
            delete_marker: found
                .as_ref()
                .is_some_and(|found| found.record.stored.is_none()),
        };
        let Some(found) = found else {
            return Ok((deleted, false));
        };
        self.remove(bucket, key, &found, bypass)?;
        Ok((deleted, true))
    }
}
