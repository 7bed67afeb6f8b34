//! AppendObject and SealAppendObject: compare position, extend, seal, each one atomic step per key (append.md).

use super::body::Body;
use super::bucket::Bucket;
use super::change::{Change, named};
use super::engine::{Commit, View};
use super::object::{Object, Origin, existing, object_of, shown};
use super::record::{Details, Record, Tag};
use super::version::VersionId;
use super::{Error, Result, Store};
use crate::domain::crc64;
use crate::domain::etag::ETag;
use crate::domain::name::ObjectKey;
use crate::domain::object::{ObjectAcl, ObjectAttributes, ObjectType, Sse, StorageClass};
use crate::domain::time::Timestamp;

/// What an early look at the key found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AppendState {
    /// The append would create the object, so its creation headers count (R22).
    pub creates: bool,
}

/// What an append made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// Length after the append, in bytes.
    pub next_position: u64,
    /// CRC-64 of the whole object.
    pub crc64: u64,
    /// The tag of R49.
    pub etag: ETag,
    /// R96, R97, R101, R102; none where the bucket never had versioning.
    pub version: Option<VersionId>,
    /// The object's encryption marks (R27, R36).
    pub sse: Option<Sse>,
    /// Whether this append created the object.
    pub created: bool,
}

/// What a seal found or made.
#[derive(Debug, Clone)]
pub struct Sealed {
    /// When the object was first sealed (R110).
    pub time: Timestamp,
    /// The sealed object.
    pub object: Object,
}

impl Store {
    /// Steps 7 to 10 and 12 of R60 before the body has come: may refuse early, never accepts early (R92). It sees appends
    /// that are applied and not yet durable, as the decision itself will.
    /// `body_len` is the announced length in bytes, if one was announced.
    pub fn check_append(
        &self,
        bucket: &Bucket,
        key: &ObjectKey,
        position: u64,
        body_len: Option<u64>,
    ) -> Result<AppendState> {
        let row = self
            .inner
            .engine
            .get(View::Pending, &self.keys().object(bucket.id, key))?;
        let current = row.map(|row| Record::decode(&row)).transpose();
        let current = current.map_err(|error| named(error, bucket, key.as_str()))?;
        self.admit(bucket, current.as_ref(), position, body_len.unwrap_or(0))?;
        Ok(AppendState {
            creates: current.is_none_or(|current| current.stored.is_none()),
        })
    }

    /// Waits until a client that was refused with [`Error::PositionMismatch`] should be told the length; ask
    /// [`Self::check_append`] again then. Returns at once where nobody else appends, and after 20 ms at the latest.
    pub async fn take_turn(&self, bucket: &Bucket, key: &ObjectKey) {
        self.inner.turns.take(self.key_lock(bucket, key)).await;
    }

    /// The checks of R60 in their order: retention, type, sealed, position, restored, size.
    fn admit(
        &self,
        bucket: &Bucket,
        current: Option<&Record>,
        position: u64,
        body_len: u64,
    ) -> Result<()> {
        if bucket.settings.hierarchical {
            return Err(Error::Hierarchical);
        }
        if let Some(current) = current
            && let Some(stored) = &current.stored
        {
            self.may_change(bucket, current, false)?;
            if stored.kind != ObjectType::Appendable {
                return Err(Error::NotAppendable);
            }
            if stored.sealed.is_some() {
                return Err(Error::Sealed);
            }
            let length = stored.content.len();
            if position != length {
                return Err(Error::PositionMismatch { length });
            }
            if !self.is_restored(stored) {
                return Err(Error::Archived);
            }
        } else if position != 0 {
            return Err(Error::PositionMismatch { length: 0 });
        }
        match position.checked_add(body_len) {
            Some(length) if length <= self.inner.options.object_size_max => Ok(()),
            _ => Err(Error::TooLarge),
        }
    }

    /// Appends the body at `position`, deciding again under the key's lock (R60 step 14, R89).
    ///
    /// `creation` counts only where the object is created: its error then refuses the append (R26) and is else
    /// ignored (R33, R35 to R38). `acl` counts always (R34), but for a zero-byte append, which changes nothing (R51).
    pub async fn append_object<E: From<Error>>(
        &self,
        bucket: &Bucket,
        key: &ObjectKey,
        position: u64,
        body: Body,
        acl: Option<ObjectAcl>,
        creation: Result<ObjectAttributes, E>,
    ) -> Result<Appended, E> {
        let (commit, appended) = self.plan_append(bucket, key, position, body, acl, creation)?;
        self.inner.turns.pass(self.key_lock(bucket, key));
        commit.await.map_err(Error::from)?;
        Ok(appended)
    }

    fn plan_append<E: From<Error>>(
        &self,
        bucket: &Bucket,
        key: &ObjectKey,
        position: u64,
        body: Body,
        acl: Option<ObjectAcl>,
        creation: Result<ObjectAttributes, E>,
    ) -> Result<(Commit, Appended), E> {
        let mut change = self.change(&[bucket], vec![self.key_lock(bucket, key)]);
        let bucket = change.fresh(bucket)?;
        let current = change.current(&bucket, key)?;
        self.admit(&bucket, current.as_ref(), position, body.len())?;
        let (record, created) = match current {
            Some(mut record) if record.stored.is_some() => {
                change.grow(&mut record, body, acl)?;
                (record, false)
            }
            marker_or_none => {
                let mut attributes = creation?;
                attributes.acl = acl.or(attributes.acl);
                (
                    change.create(&bucket, key, marker_or_none, body, attributes)?,
                    true,
                )
            }
        };
        // A zero-byte append writes the same record again: its answer waits for the appends before it.
        change.put_current(&bucket, key, &record);
        let stored = record.stored.as_ref().ok_or(Error::NoSuchVersion)?;
        let appended = Appended {
            next_position: stored.content.len(),
            crc64: stored.crc64,
            etag: stored.etag(),
            version: shown(&bucket, record.id),
            sse: Details::decode(&stored.details)
                .map_err(|error| named(error, &bucket, key.as_str()))?
                .sse,
            created,
        };
        Ok((change.submit(), appended))
    }

    /// Seals the append object, whose length must be `position` (R106 to R115).
    pub async fn seal_object(
        &self,
        bucket: &Bucket,
        key: &ObjectKey,
        position: u64,
    ) -> Result<Sealed> {
        let (commit, sealed) = self.plan_seal(bucket, key, position)?;
        commit.await?;
        Ok(sealed)
    }

    fn plan_seal(
        &self,
        bucket: &Bucket,
        key: &ObjectKey,
        position: u64,
    ) -> Result<(Commit, Sealed)> {
        let pin = self.inner.engine.pin();
        let mut change = self.change(&[bucket], vec![self.key_lock(bucket, key)]);
        let bucket = change.fresh(bucket)?;
        let mut found = existing(change.find(&bucket, key, None)?, None)?;
        let now = change.now;
        let stored = found.record.stored.as_mut().ok_or(Error::NoSuchVersion)?;
        if stored.kind != ObjectType::Appendable {
            return Err(Error::Sealed);
        }
        let length = stored.content.len();
        if position != length {
            return Err(Error::PositionMismatch { length });
        }
        let time = *stored.sealed.get_or_insert(now);
        change.put_current(&bucket, key, &found.record);
        let object = object_of(self, &bucket, key, &found.record, true, pin)?;
        Ok((change.submit(), Sealed { time, object }))
    }

    /// The class that a new append object gets, or [`Error::AppendStorageClass`] (R24).
    pub fn append_class(bucket: &Bucket, class: Option<StorageClass>) -> Result<StorageClass> {
        match class.unwrap_or(bucket.settings.storage_class) {
            StorageClass::ColdArchive | StorageClass::DeepColdArchive => {
                Err(Error::AppendStorageClass)
            }
            class => Ok(class),
        }
    }
}

impl Change<'_> {
    /// Puts the body behind the bytes of an append object.
    fn grow(&mut self, record: &mut Record, body: Body, acl: Option<ObjectAcl>) -> Result<()> {
        let Some(stored) = record.stored.as_mut().filter(|_| !body.is_empty()) else {
            return Ok(());
        };
        stored.crc64 = crc64::combine(stored.crc64, body.crc64(), body.len());
        stored.content = self.extend(&stored.content, body)?;
        stored.tag = Tag::Changed(self.now);
        stored.acl = acl.unwrap_or(stored.acl);
        record.modified = self.now;
        Ok(())
    }

    /// The record of a new append object (R20, R100).
    fn create(
        &mut self,
        bucket: &Bucket,
        key: &ObjectKey,
        marker: Option<Record>,
        body: Body,
        attributes: ObjectAttributes,
    ) -> Result<Record> {
        Store::append_class(bucket, attributes.storage_class)?;
        let place = self.supersede(bucket, key, marker, false)?;
        let origin = Origin::new(bucket, attributes, self.now);
        let crc64 = body.crc64();
        let content = self.content(body)?;
        let stored = origin.stored(
            ObjectType::Appendable,
            content,
            crc64,
            Tag::Changed(self.now),
        );
        Ok(Record {
            sequence: place.sequence,
            id: place.id,
            modified: self.now,
            stored: Some(stored),
        })
    }
}
