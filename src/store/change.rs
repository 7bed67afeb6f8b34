//! One write to objects: its locks, its batch, and the steps of versioning that all writes share (operations.md §0.3).
//! Everything here runs under the keys' locks and decides on pending rows.

use super::bucket::Bucket;
use super::engine::{Batch, Commit, EngineError};
use super::lock::{KeyLock, ObjectGuards};
use super::object::RetentionMode;
use super::record::{self, Family, Keys, Record, Stored};
use super::version::VersionId;
use super::{Error, Result, Store};
use crate::domain::bucket::Versioning;
use crate::domain::name::ObjectKey;
use crate::domain::time::Timestamp;
use bytes::Bytes;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Bound;

/// Milliseconds of a day.
pub(super) const DAY: i64 = 24 * 3600 * 1000;

/// A write in progress. Dropped, it changes nothing. Not for an await: the locks are held.
pub(super) struct Change<'s> {
    pub(super) store: &'s Store,
    // Dropped before the guards: what the batch gives back, it gives back under the locks.
    pub(super) batch: Batch<'s>,
    /// This change's own rows, kept where one change may touch a key twice.
    own: Option<BTreeMap<Vec<u8>, Option<Bytes>>>,
    /// The moment of the change, whole seconds: what becomes `Last-Modified`.
    pub(super) now: Timestamp,
    guards: ObjectGuards<'s>,
}

/// A version that was found.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) record: Record,
    /// It is the key's current version.
    pub(super) latest: bool,
}

/// What a new version gets.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) sequence: u64,
    pub(super) id: VersionId,
}

impl Store {
    pub(super) fn keys(&self) -> Keys {
        Keys(self.world)
    }

    pub(super) fn key_lock(&self, bucket: &Bucket, key: &ObjectKey) -> KeyLock {
        self.inner.locks.of(bucket.id, key.as_bytes())
    }

    /// Begins a write to the keys behind `keys`.
    pub(super) fn change(&self, buckets: &[&Bucket], keys: Vec<KeyLock>) -> Change<'_> {
        let ids: Vec<u64> = buckets.iter().map(|bucket| bucket.id).collect();
        let guards = self.inner.locks.objects(&ids, keys);
        Change {
            store: self,
            batch: self.inner.engine.batch(),
            own: None,
            now: self.inner.clock.now().floor_to_second(),
            guards,
        }
    }

    /// A key's current version or one by its id. Rows are read one by one: when nothing is found although the
    /// current version changed in between, the version may have moved between them, and the search starts again.
    pub(super) fn find_version(
        &self,
        get: impl Fn(&[u8]) -> Result<Option<Bytes>>,
        bucket: &Bucket,
        key: &ObjectKey,
        version: Option<&VersionId>,
    ) -> Result<Option<Found>> {
        let keys = self.keys();
        let decode =
            |row: &Bytes| Record::decode(row).map_err(|error| named(error, bucket, key.as_str()));
        let current_key = keys.object(bucket.id, key);
        let mut row = get(&current_key)?;
        loop {
            let Some(bytes) = &row else { return Ok(None) };
            let current = decode(bytes)?;
            let Some(version) = version else {
                return Ok(Some(Found {
                    record: current,
                    latest: true,
                }));
            };
            if current.id == *version {
                return Ok(Some(Found {
                    record: current,
                    latest: true,
                }));
            }
            let sequence = match version {
                VersionId::Real { sequence, .. } => Some(*sequence),
                VersionId::Null => match get(&keys.null(bucket.id, key))? {
                    Some(row) => Some(record::decode_sequence(&row)?),
                    None => None,
                },
            };
            if let Some(sequence) = sequence
                && let Some(older) = get(&keys.version(bucket.id, key, sequence))?
            {
                let record = decode(&older)?;
                if record.id == *version {
                    return Ok(Some(Found {
                        record,
                        latest: false,
                    }));
                }
            }
            let again = get(&current_key)?;
            if again == row {
                return Ok(None);
            }
            row = again;
        }
    }
}

/// Says in a corruption error whose record it was.
pub(super) fn named(error: Error, bucket: &Bucket, key: &str) -> Error {
    match error {
        Error::Engine(EngineError::Corrupt { what }) => {
            let what = format!("{what} of {}/{key}", bucket.name);
            tracing::error!(bucket = %bucket.name, key, what, "a record does not decode");
            Error::Engine(EngineError::Corrupt { what })
        }
        other => other,
    }
}

impl Change<'_> {
    /// Lets this change read its own rows: for changes that may touch a key more than once.
    pub(super) fn remember(&mut self) {
        self.own.get_or_insert_default();
    }

    /// Enqueues everything and gives the locks back.
    pub(super) fn submit(self) -> Commit {
        let Self { batch, guards, .. } = self;
        let commit = batch.submit();
        drop(guards);
        commit
    }

    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Bytes>> {
        if let Some(row) = self.own.as_ref().and_then(|own| own.get(key)) {
            return Ok(row.clone());
        }
        Ok(self.batch.get(key)?)
    }

    pub(super) fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        let value = Bytes::from(value);
        if let Some(own) = &mut self.own {
            own.insert(key.clone(), Some(value.clone()));
        }
        self.batch.put(key, value);
    }

    pub(super) fn delete(&mut self, key: Vec<u8>) {
        if let Some(own) = &mut self.own {
            own.insert(key.clone(), None);
        }
        self.batch.delete(key);
    }

    /// The first row that starts with `prefix`.
    pub(super) fn first(&self, prefix: &[u8]) -> Result<Option<(Vec<u8>, Bytes)>> {
        let end = record::after_prefix(prefix.to_vec());
        let end = end.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let Some(own) = &self.own else {
            let rows = self.batch.scan(Bound::Included(prefix), end, 1)?;
            return Ok(rows
                .into_iter()
                .next()
                .map(|(key, value)| (key.to_vec(), value)));
        };
        let mine = own
            .range(prefix.to_vec()..)
            .take_while(|(key, _)| key.starts_with(prefix))
            .find_map(|(key, value)| Some((key.clone(), value.clone()?)));
        let mut start = Bound::Included(prefix.to_vec());
        loop {
            let rows = self
                .batch
                .scan(start.as_ref().map(Vec::as_slice), end, 16)?;
            let Some((last, _)) = rows.last() else {
                return Ok(mine);
            };
            let last = last.to_vec();
            for (key, value) in rows {
                if own.contains_key(key.as_ref()) {
                    continue;
                }
                return Ok(match mine {
                    Some(mine) if mine.0.as_slice() < key.as_ref() => Some(mine),
                    _ => Some((key.to_vec(), value)),
                });
            }
            start = Bound::Excluded(last);
        }
    }

    /// The bucket as it is now; a write decides on this, never on what its caller looked up before.
    pub(super) fn fresh<'b>(&self, bucket: &'b Bucket) -> Result<Cow<'b, Bucket>> {
        let row = self.get(&self.store.keys().bucket(bucket.name.as_str()))?;
        let row = row.ok_or(Error::NoSuchBucket)?;
        if row == bucket.row {
            return Ok(Cow::Borrowed(bucket));
        }
        let fresh = Bucket::decode(bucket.name.clone(), &row)?;
        // Another bucket of that name: nobody has been asked whether the caller may write to it.
        (fresh.id == bucket.id)
            .then_some(Cow::Owned(fresh))
            .ok_or(Error::NoSuchBucket)
    }

    pub(super) fn current(&self, bucket: &Bucket, key: &ObjectKey) -> Result<Option<Record>> {
        let row = self.get(&self.store.keys().object(bucket.id, key))?;
        row.map(|row| Record::decode(&row).map_err(|error| named(error, bucket, key.as_str())))
            .transpose()
    }

    pub(super) fn put_current(&mut self, bucket: &Bucket, key: &ObjectKey, record: &Record) {
        self.put(self.store.keys().object(bucket.id, key), record.encode());
    }

    pub(super) fn find(
        &self,
        bucket: &Bucket,
        key: &ObjectKey,
        version: Option<&VersionId>,
    ) -> Result<Option<Found>> {
        self.store
            .find_version(|row| self.get(row), bucket, key, version)
    }

    /// Writes a version back where it was found.
    pub(super) fn rewrite(&mut self, bucket: &Bucket, key: &ObjectKey, found: &Found) {
        if found.latest {
            self.put_current(bucket, key, &found.record);
        } else {
            let row = self
                .store
                .keys()
                .version(bucket.id, key, found.record.sequence);
            self.put(row, found.record.encode());
        }
    }

    /// A number for a new version, and an id where the bucket gives ids.
    fn place(&self, versioning: Versioning) -> Place {
        let sequence = self.store.inner.engine.next_sequence();
        let id = match versioning {
            Versioning::Enabled => VersionId::new(sequence, self.store.inner.ids.as_ref()),
            Versioning::Off | Versioning::Suspended => VersionId::Null,
        };
        Place { sequence, id }
    }

    /// Makes room for a new current version: the old one is destroyed or becomes history, as versioning says.
    pub(super) fn supersede(
        &mut self,
        bucket: &Bucket,
        key: &ObjectKey,
        current: Option<Record>,
        bypass: bool,
    ) -> Result<Place> {
        let versioning = bucket.settings.versioning;
        let keys = self.store.keys();
        if versioning == Versioning::Suspended
            && let Some(row) = self.get(&keys.null(bucket.id, key))?
        {
            // The null version is history and goes for the new one.
            let row = keys.version(bucket.id, key, record::decode_sequence(&row)?);
            if let Some(older) = self.get(&row)? {
                let older =
                    Record::decode(&older).map_err(|error| named(error, bucket, key.as_str()))?;
                self.destroy(bucket, &older, bypass)?;
            }
            self.delete(row);
            self.delete(keys.null(bucket.id, key));
        }
        if let Some(current) = current {
            let replaced = match versioning {
                Versioning::Off => true,
                Versioning::Suspended => current.id.is_null(),
                Versioning::Enabled => false,
            };
            if replaced {
                self.destroy(bucket, &current, bypass)?;
            } else {
                self.put(
                    keys.version(bucket.id, key, current.sequence),
                    current.encode(),
                );
                if current.id.is_null() {
                    self.put(
                        keys.null(bucket.id, key),
                        record::encode_sequence(current.sequence),
                    );
                }
            }
        }
        Ok(self.place(versioning))
    }

    /// Removes exactly one version; the next newest becomes current where it was the current one.
    pub(super) fn remove(
        &mut self,
        bucket: &Bucket,
        key: &ObjectKey,
        found: &Found,
        bypass: bool,
    ) -> Result<()> {
        let keys = self.store.keys();
        self.destroy(bucket, &found.record, bypass)?;
        if !found.latest {
            self.delete(keys.version(bucket.id, key, found.record.sequence));
            if found.record.id.is_null() {
                self.delete(keys.null(bucket.id, key));
            }
            return Ok(());
        }
        match self.first(&keys.versions(bucket.id, key.as_str()))? {
            None => self.delete(keys.object(bucket.id, key)),
            Some((row, value)) => {
                let next =
                    Record::decode(&value).map_err(|error| named(error, bucket, key.as_str()))?;
                self.delete(row);
                if next.id.is_null() {
                    self.delete(keys.null(bucket.id, key));
                }
                self.put_current(bucket, key, &next);
            }
        }
        Ok(())
    }

    /// Gives a version's bytes back, unless something protects it. The caller removes the row.
    pub(super) fn destroy(&mut self, bucket: &Bucket, record: &Record, bypass: bool) -> Result<()> {
        self.store.may_change(bucket, record, bypass)?;
        if let Some(stored) = &record.stored {
            self.batch.release(&stored.content)?;
        }
        Ok(())
    }

    /// Whether any row of a family of the bucket exists.
    pub(super) fn any(batch: &Batch<'_>, keys: Keys, family: Family, bucket: u64) -> Result<bool> {
        let prefix = keys.prefixed(family, bucket, "");
        let end = record::after_prefix(prefix.clone());
        let end = end.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        Ok(!batch.scan(Bound::Included(&prefix), end, 1)?.is_empty())
    }
}

impl Store {
    /// Whether retention or a legal hold allows a version's bytes to change or go (R104). `bypass` sets aside
    /// GOVERNANCE retention, nothing else.
    pub(super) fn may_change(&self, bucket: &Bucket, record: &Record, bypass: bool) -> Result<()> {
        let Some(stored) = &record.stored else {
            return Ok(());
        };
        let now = self.inner.clock.now();
        let policy = bucket.worm(now).is_some_and(|worm| {
            now < record
                .modified
                .plus_millis(i64::from(worm.days).saturating_mul(DAY))
        });
        let retained = stored.retention.is_some_and(|retention| {
            now < retention.until && !(bypass && retention.mode == RetentionMode::Governance)
        });
        if policy || retained || stored.legal_hold == Some(true) {
            return Err(Error::Immutable);
        }
        Ok(())
    }

    /// Whether the bytes can be read now: not while archived without a finished restore.
    pub(super) fn is_restored(&self, stored: &Stored) -> bool {
        let now = self.inner.clock.now();
        !stored.storage_class.is_archive()
            || stored
                .restore
                .is_some_and(|restore| restore.ready <= now && now < restore.expires)
    }
}
