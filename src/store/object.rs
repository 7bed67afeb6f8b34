//! Objects: put, look up, read, change what is around the bytes.

use super::body::Body;
use super::bucket::{Bucket, RetentionPeriod};
use super::change::{Change, DAY, Found, named};
use super::engine::{Commit, Content, EngineError, Pin, View};
use super::read::ContentReader;
use super::record::{Details, Record, Stored, Tag};
use super::version::VersionId;
use super::{Error, Result, Store};
use crate::domain::etag::ETag;
use crate::domain::name::{BucketName, ObjectKey};
use crate::domain::object::{
    ObjectAcl, ObjectAttributes, ObjectType, Restore, Sse, StorageClass, StoredHeaders,
};
use crate::domain::tags::TagSet;
use crate::domain::time::Timestamp;
use bytes::Bytes;
use futures_util::Stream;
use md5::{Digest, Md5};
use std::fmt;
use std::ops::Range;
use std::pin::Pin as StdPin;
use std::task::{Context, Poll};

/// How strict a retention is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetentionMode {
    /// May be bypassed and shortened by those who may.
    Governance,
    /// Holds until its end.
    Compliance,
}

/// Retention of one version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// How strict.
    pub mode: RetentionMode,
    /// Protected before this moment.
    pub until: Timestamp,
}

/// One version of an object, as committed. Owns what its bytes need to stay readable: an append, overwrite or
/// delete that comes later changes nothing for its holder (R78).
#[derive(Debug, Clone)]
pub struct Object {
    /// The key.
    pub key: ObjectKey,
    /// The version's id; none where the bucket never had versioning.
    pub version: Option<VersionId>,
    /// Whether it is the key's current version.
    pub is_latest: bool,
    /// How it came to be.
    pub kind: ObjectType,
    /// Length in bytes; for append objects the next append position.
    pub len: u64,
    /// CRC-64 of the bytes.
    pub crc64: u64,
    /// The entity tag.
    pub etag: ETag,
    /// MD5 of the bytes where the tag is one: Normal objects, for `Content-MD5`.
    pub md5: Option<[u8; 16]>,
    /// `Last-Modified`, whole seconds.
    pub modified: Timestamp,
    /// The storage class.
    pub storage_class: StorageClass,
    /// The object's ACL.
    pub acl: ObjectAcl,
    /// Stored headers.
    pub headers: StoredHeaders,
    /// Tags.
    pub tags: TagSet,
    /// Encryption marks.
    pub sse: Option<Sse>,
    /// When the append object was sealed (R111).
    pub sealed: Option<Timestamp>,
    /// The simulated restore, if its copy has not gone away.
    pub restore: Option<Restore>,
    /// Retention, once it was set.
    pub retention: Option<Retention>,
    /// Legal hold, once it was set.
    pub legal_hold: Option<bool>,
    /// When a lifecycle rule last changed the storage class.
    pub transitioned: Option<Timestamp>,
    /// Where a symlink points.
    pub symlink_target: Option<ObjectKey>,
    pub(super) held: Held,
}

/// What a version's bytes need to stay readable.
#[derive(Clone)]
pub(super) struct Held {
    content: Content,
    pin: Pin,
    bucket: BucketName,
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Held").field(&self.content.id()).finish()
    }
}

/// What can be changed about an object without touching its bytes or `Last-Modified`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectSettings {
    /// The object's ACL.
    pub acl: ObjectAcl,
    /// Tags.
    pub tags: TagSet,
}

/// A link followed to its end.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// The link itself, where the key is one.
    pub link: Option<Object>,
    /// The object with the bytes.
    pub target: Object,
}

/// How a write treats what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PutOptions {
    /// `x-oss-forbid-overwrite: true`; without effect where versioning is enabled or suspended.
    pub forbid_overwrite: bool,
}

/// What a write made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The new version's id; none where the bucket never had versioning.
    pub version: Option<VersionId>,
    /// The entity tag.
    pub etag: ETag,
    /// CRC-64 of the bytes.
    pub crc64: u64,
    /// MD5 of the bytes where the tag is one.
    pub md5: Option<[u8; 16]>,
    /// Length in bytes.
    pub len: u64,
    /// `Last-Modified`, whole seconds.
    pub modified: Timestamp,
    /// Encryption marks.
    pub sse: Option<Sse>,
}

impl Written {
    pub(super) fn new(bucket: &Bucket, record: &Record, stored: &Stored, sse: Option<Sse>) -> Self {
        Self {
            version: shown(bucket, record.id),
            etag: stored.etag(),
            crc64: stored.crc64,
            md5: stored.md5(),
            len: stored.content.len(),
            modified: record.modified,
            sse,
        }
    }
}

/// What a restore did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restored {
    /// The version's id; none where the bucket never had versioning.
    pub version: Option<VersionId>,
    /// The object was restored already and its copy now stays longer (200); else the restore began (202).
    pub prolonged: bool,
    /// The class.
    pub storage_class: StorageClass,
}

/// The version id that answers show: none where the bucket never had versioning.
pub(super) fn shown(bucket: &Bucket, id: VersionId) -> Option<VersionId> {
    bucket.settings.versioning.is_on().then_some(id)
}

/// A record as callers see it.
pub(super) fn object_of(
    store: &Store,
    bucket: &Bucket,
    key: &ObjectKey,
    record: &Record,
    latest: bool,
    pin: Pin,
) -> Result<Object> {
    let Some(stored) = &record.stored else {
        return Err(Error::DeleteMarker(record.id));
    };
    let details =
        Details::decode(&stored.details).map_err(|error| named(error, bucket, key.as_str()))?;
    let now = store.inner.clock.now();
    Ok(Object {
        key: key.clone(),
        version: shown(bucket, record.id),
        is_latest: latest,
        kind: stored.kind,
        len: stored.content.len(),
        crc64: stored.crc64,
        etag: stored.etag(),
        md5: stored.md5(),
        modified: record.modified,
        storage_class: stored.storage_class,
        acl: stored.acl,
        headers: details.headers,
        tags: details.tags,
        sse: details.sse,
        sealed: stored.sealed,
        restore: stored.restore.filter(|restore| now < restore.expires),
        retention: stored.retention,
        legal_hold: stored.legal_hold,
        transitioned: stored.transitioned,
        symlink_target: details.symlink_target,
        held: Held {
            content: stored.content.clone(),
            pin,
            bucket: bucket.name.clone(),
        },
    })
}

/// What was found, or why it is no object.
pub(super) fn existing(found: Option<Found>, version: Option<&VersionId>) -> Result<Found> {
    match (found, version) {
        (Some(found), _) if found.record.stored.is_some() => Ok(found),
        (Some(found), Some(_)) => Err(Error::DeleteMarker(found.record.id)),
        (Some(found), None) => Err(Error::NoSuchKey {
            delete_marker: Some(found.record.id),
        }),
        (None, Some(_)) => Err(Error::NoSuchVersion),
        (None, None) => Err(Error::NoSuchKey {
            delete_marker: None,
        }),
    }
}

/// A new object's parts that come from its attributes and its bucket.
pub(super) struct Origin {
    pub(super) acl: ObjectAcl,
    pub(super) storage_class: StorageClass,
    pub(super) retention: Option<Retention>,
    pub(super) details: Details,
}

impl Origin {
    pub(super) fn new(bucket: &Bucket, attributes: ObjectAttributes, now: Timestamp) -> Self {
        Self {
            acl: attributes.acl.unwrap_or_default(),
            storage_class: attributes
                .storage_class
                .unwrap_or(bucket.settings.storage_class),
            retention: default_retention(bucket, now),
            details: Details {
                headers: attributes.headers,
                tags: attributes.tags,
                sse: attributes
                    .sse
                    .or_else(|| bucket.settings.encryption.clone()),
                symlink_target: None,
            },
        }
    }

    pub(super) fn stored(
        &self,
        kind: ObjectType,
        content: Content,
        crc64: u64,
        tag: Tag,
    ) -> Stored {
        Stored {
            kind,
            content,
            crc64,
            tag,
            storage_class: self.storage_class,
            acl: self.acl,
            sealed: None,
            restore: None,
            retention: self.retention,
            legal_hold: None,
            transitioned: None,
            details: self.details.encode(),
        }
    }
}

/// The retention that the bucket gives to new objects.
fn default_retention(bucket: &Bucket, now: Timestamp) -> Option<Retention> {
    let default = bucket.settings.object_worm?.default?;
    let days = match default.period {
        RetentionPeriod::Days(days) => i64::from(days),
        RetentionPeriod::Years(years) => i64::from(years) * 365,
    };
    Some(Retention {
        mode: default.mode,
        until: now.plus_millis(days.saturating_mul(DAY)),
    })
}

/// The bytes of an object, verified. Knows the object's name, so that rot is logged with it.
pub struct ObjectReader {
    inner: ContentReader,
    bucket: BucketName,
    key: ObjectKey,
}

impl ObjectReader {
    /// Whether the object was replaced between looking it up and reading it, so that its bytes are gone: look again.
    pub fn is_stale(&self) -> bool {
        self.inner.is_stale()
    }
}

impl Stream for ObjectReader {
    type Item = Result<Bytes, EngineError>;

    fn poll_next(
        mut self: StdPin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Self::Item>> {
        let polled = StdPin::new(&mut self.inner).poll_next(context);
        if let Poll::Ready(Some(Err(error))) = &polled {
            tracing::error!(bucket = %self.bucket, key = %self.key, %error, "an object can not be read");
        }
        polled
    }
}

impl fmt::Debug for ObjectReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObjectReader")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

impl Store {
    /// Writes a whole object, replacing what the key has. The tag is the body's MD5 where the body has one, else a
    /// unique value.
    pub async fn put_object(
        &self,
        bucket: &Bucket,
        key: &ObjectKey,
        body: Body,
        attributes: ObjectAttributes,
        options: PutOptions,
    ) -> Result<Written> {
        let (commit, written) = self.plan_put(bucket, key, options, |change, bucket| {
            if body.len() > change.store.inner.options.object_size_max {
                return Err(Error::TooLarge);
            }
            let origin = Origin::new(bucket, attributes, change.now);
            let (crc64, tag) = (
                body.crc64(),
                body.md5().map_or(Tag::Changed(change.now), Tag::Md5),
            );
            let content = change.content(body)?;
            Ok((
                origin.stored(ObjectType::Normal, content, crc64, tag),
                origin.details.sse,
            ))
        })?;
        commit.await?;
        Ok(written)
    }

    /// Writes a symlink. The target need not exist.
    pub async fn put_symlink(
        &self,
        bucket: &Bucket,
        key: &ObjectKey,
        target: ObjectKey,
        attributes: ObjectAttributes,
        options: PutOptions,
    ) -> Result<Written> {
        let (commit, written) = self.plan_put(bucket, key, options, |change, bucket| {
            let mut origin = Origin::new(bucket, attributes, change.now);
            let md5 = Md5::digest(target.as_bytes()).into();
            origin.details.symlink_target = Some(target);
            let content = Content::empty(change.store.inner.engine.next_content_id());
            Ok((
                origin.stored(ObjectType::Symlink, content, 0, Tag::Md5(md5)),
                origin.details.sse,
            ))
        })?;
        commit.await?;
        Ok(written)
    }

    /// Puts what `make` makes in the place of the key's current version.
    fn plan_put(
        &self,
        bucket: &Bucket,
        key: &ObjectKey,
        options: PutOptions,
        make: impl FnOnce(&mut Change<'_>, &Bucket) -> Result<(Stored, Option<Sse>)>,
    ) -> Result<(Commit, Written)> {
        let mut change = self.change(&[bucket], vec![self.key_lock(bucket, key)]);
        let bucket = change.fresh(bucket)?;
        let current = change.current(&bucket, key)?;
        refuse_overwrite(&bucket, current.as_ref(), options.forbid_overwrite)?;
        let place = change.supersede(&bucket, key, current, false)?;
        let (stored, sse) = make(&mut change, &bucket)?;
        let record = Record {
            sequence: place.sequence,
            id: place.id,
            modified: change.now,
            stored: Some(stored),
        };
        change.put_current(&bucket, key, &record);
        let stored = record.stored.as_ref().ok_or(Error::NoSuchVersion)?;
        let written = Written::new(&bucket, &record, stored, sse);
        Ok((change.submit(), written))
    }

    /// Looks up the current version, or the named one, in the committed state. A symlink is answered as itself.
    pub fn object(
        &self,
        bucket: &Bucket,
        key: &ObjectKey,
        version: Option<&VersionId>,
    ) -> Result<Object> {
        // Before the record is read: what the record mentions then stays where it is.
        let pin = self.inner.engine.pin();
        let get = |row: &[u8]| Ok(self.inner.engine.get(View::Committed, row)?);
        let found = existing(self.find_version(get, bucket, key, version)?, version)?;
        object_of(self, bucket, key, &found.record, found.latest, pin)
    }

    /// As [`Store::object`], following a symlink by one step (operations.md §E.8).
    pub fn resolve(
        &self,
        bucket: &Bucket,
        key: &ObjectKey,
        version: Option<&VersionId>,
    ) -> Result<Resolved> {
        let object = self.object(bucket, key, version)?;
        let Some(target) = &object.symlink_target else {
            return Ok(Resolved {
                link: None,
                target: object,
            });
        };
        let target = self
            .object(bucket, target, None)
            .map_err(|error| match error {
                Error::NoSuchKey { .. } => Error::SymlinkTargetMissing,
                other => other,
            })?;
        if target.kind == ObjectType::Symlink {
            return Err(Error::SymlinkTargetType);
        }
        Ok(Resolved {
            link: Some(object),
            target,
        })
    }

    /// Whether the object's bytes can be read now: false for archived ones that are not restored.
    pub fn is_readable(&self, object: &Object) -> bool {
        let now = self.inner.clock.now();
        !object.storage_class.is_archive()
            || object.restore.is_some_and(|restore| restore.ready <= now)
    }

    /// The bytes of `range`, verified. The range is cut to the object's length.
    pub fn read(&self, object: &Object, range: Range<u64>) -> ObjectReader {
        let held = &object.held;
        ObjectReader {
            inner: self
                .inner
                .engine
                .read_pinned(&held.content, range, held.pin.clone()),
            bucket: held.bucket.clone(),
            key: object.key.clone(),
        }
    }

    /// Changes one version in place.
    fn plan_amend<E: From<Error>>(
        &self,
        bucket: &Bucket,
        key: &ObjectKey,
        version: Option<&VersionId>,
        amend: impl FnOnce(&Bucket, &mut Stored, Timestamp) -> Result<(), E>,
    ) -> Result<(Commit, Object), E> {
        let pin = self.inner.engine.pin();
        let mut change = self.change(&[bucket], vec![self.key_lock(bucket, key)]);
        let bucket = change.fresh(bucket)?;
        let mut found = existing(change.find(&bucket, key, version)?, version)?;
        if let Some(stored) = &mut found.record.stored {
            amend(&bucket, stored, self.inner.clock.now())?;
        }
        change.rewrite(&bucket, key, &found);
        let object = object_of(self, &bucket, key, &found.record, found.latest, pin)?;
        Ok((change.submit(), object))
    }

    /// Changes ACL or tags of a version; `Last-Modified` stays.
    pub async fn update_object<E: From<Error>>(
        &self,
        bucket: &Bucket,
        key: &ObjectKey,
        version: Option<&VersionId>,
        change: impl FnOnce(&mut ObjectSettings) -> Result<(), E> + Send,
    ) -> Result<Object, E> {
        let (commit, object) = self.plan_amend(bucket, key, version, |_, stored, _| {
            let mut details = Details::decode(&stored.details)?;
            let mut settings = ObjectSettings {
                acl: stored.acl,
                tags: details.tags,
            };
            change(&mut settings)?;
            stored.acl = settings.acl;
            details.tags = settings.tags;
            stored.details = details.encode();
            Ok::<_, E>(())
        })?;
        commit.await.map_err(Error::from)?;
        Ok(object)
    }

    /// Sets a version's retention. It can be made longer and stricter; `bypass` allows more on a GOVERNANCE one.
    pub async fn set_retention(
        &self,
        bucket: &Bucket,
        key: &ObjectKey,
        version: Option<&VersionId>,
        retention: Retention,
        bypass: bool,
    ) -> Result<Object> {
        let (commit, object) = self.plan_amend(bucket, key, version, |bucket, stored, now| {
            if bucket.settings.object_worm.is_none() {
                return Err(Error::RetentionUnsupported);
            }
            if let Some(old) = stored.retention.filter(|old| now < old.until) {
                let stricter = retention.until >= old.until
                    && (old.mode == RetentionMode::Governance
                        || retention.mode == RetentionMode::Compliance);
                let bypassed = bypass && old.mode == RetentionMode::Governance;
                if !(stricter || bypassed) {
                    return Err(Error::RetentionLocked);
                }
            }
            stored.retention = Some(retention);
            Ok(())
        })?;
        commit.await?;
        Ok(object)
    }

    /// Sets or lifts a version's legal hold.
    pub async fn set_legal_hold(
        &self,
        bucket: &Bucket,
        key: &ObjectKey,
        version: Option<&VersionId>,
        hold: bool,
    ) -> Result<Object> {
        let (commit, object) = self.plan_amend(bucket, key, version, |bucket, stored, _| {
            if bucket.settings.object_worm.is_none() {
                return Err(Error::RetentionUnsupported);
            }
            stored.legal_hold = Some(hold);
            Ok(())
        })?;
        commit.await?;
        Ok(object)
    }

    /// Begins a simulated restore, or makes the restored copy stay `days` from now.
    pub async fn restore_object(
        &self,
        bucket: &Bucket,
        key: &ObjectKey,
        version: Option<&VersionId>,
        days: u32,
    ) -> Result<Restored> {
        let mut prolonged = false;
        let stay = i64::from(days).saturating_mul(DAY);
        let wait = i64::try_from(self.inner.options.restore_seconds)
            .unwrap_or(i64::MAX)
            .saturating_mul(1000);
        let (commit, object) = self.plan_amend(bucket, key, version, |_, stored, now| {
            if !stored.storage_class.is_archive() || stored.kind == ObjectType::Symlink {
                return Err(Error::RestoreUnsupported);
            }
            stored.restore = Some(match stored.restore {
                Some(running) if now < running.ready => return Err(Error::RestoreInProgress),
                Some(done) if now < done.expires => {
                    prolonged = true;
                    Restore {
                        expires: done.expires.max(now.plus_millis(stay)),
                        ..done
                    }
                }
                _ => {
                    let ready = now.plus_millis(wait);
                    Restore {
                        ready,
                        expires: ready.plus_millis(stay),
                    }
                }
            });
            Ok(())
        })?;
        commit.await?;
        Ok(Restored {
            version: object.version,
            prolonged,
            storage_class: object.storage_class,
        })
    }

    /// Takes the restored copy away.
    pub async fn clean_restored_object(
        &self,
        bucket: &Bucket,
        key: &ObjectKey,
        version: Option<&VersionId>,
    ) -> Result<Object> {
        let (commit, object) = self.plan_amend(bucket, key, version, |_, stored, now| {
            if !stored.storage_class.is_archive() {
                return Err(Error::RestoreUnsupported);
            }
            match stored.restore.take() {
                Some(running) if now < running.ready => Err(Error::RestoreInProgress),
                Some(done) if now < done.expires => Ok(()),
                _ => Err(Error::NotRestored),
            }
        })?;
        commit.await?;
        Ok(object)
    }
}

/// `x-oss-forbid-overwrite`: without effect where the bucket keeps versions.
pub(super) fn refuse_overwrite(
    bucket: &Bucket,
    current: Option<&Record>,
    forbid: bool,
) -> Result<()> {
    let exists = current.is_some_and(|current| current.stored.is_some());
    if forbid && exists && !bucket.settings.versioning.is_on() {
        return Err(Error::FileExists);
    }
    Ok(())
}
