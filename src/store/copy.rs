//! CopyObject: the destination shares the source's bytes; only append objects are really copied, where they may be.

use super::body::Body;
use super::bucket::Bucket;
use super::change::Change;
use super::engine::Commit;
use super::object::{Object, Origin, existing, object_of, refuse_overwrite, shown};
use super::record::{Record, Stored, Tag};
use super::version::VersionId;
use super::{AppendCopy, Error, Result, Store};
use crate::domain::etag::ETag;
use crate::domain::name::ObjectKey;
use crate::domain::object::{
    ObjectAcl, ObjectAttributes, ObjectType, Sse, StorageClass, StoredHeaders,
};
use crate::domain::tags::TagSet;
use crate::domain::time::Timestamp;
use futures_util::StreamExt;
use std::ops::Range;

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

/// A copy's parameters, as the steps below pass them on.
struct Job<'a> {
    source: CopySource<'a>,
    bucket: &'a Bucket,
    key: &'a ObjectKey,
    options: &'a CopyOptions,
}

impl Store {
    /// Copies an object. Order of checks (R75): source exists, append refusal, `check` (the conditions), then the
    /// destination. A source that is its own destination, where nothing is versioned, has its metadata replaced.
    pub async fn copy_object<E: From<Error>>(
        &self,
        source: CopySource<'_>,
        bucket: &Bucket,
        key: &ObjectKey,
        options: CopyOptions,
        check: impl FnOnce(&Object) -> Result<(), E> + Send,
    ) -> Result<Copied, E> {
        let job = Job {
            source,
            bucket,
            key,
            options: &options,
        };
        let mut check = Some(check);
        loop {
            // Only the bytes of append objects are copied, and before any lock is taken.
            let seen = self.copy_source(&source)?;
            let copies =
                seen.kind == ObjectType::Appendable && !job.onto_itself(source.bucket, bucket);
            let planned = if copies {
                self.refuse_append_copy(source.bucket, bucket)?;
                self.refuse_archived(&seen)?;
                if let Some(check) = check.take() {
                    check(&seen)?;
                }
                let body = self.read_body(&seen, 0..seen.len).await?;
                Some(self.plan_copy_of_bytes(&job, &seen, body)?)
            } else {
                self.plan_copy(&job, &mut check)?
            };
            // None: the source became an append object meanwhile.
            if let Some((commit, copied)) = planned {
                commit.await.map_err(Error::from)?;
                return Ok(copied);
            }
        }
    }

    /// The source, where a delete marker is as good as nothing (operations.md §E.6).
    pub(super) fn copy_source(&self, source: &CopySource<'_>) -> Result<Object> {
        self.object(source.bucket, source.key, source.version)
            .map_err(no_marker)
    }

    /// R67, R68.
    pub(super) fn refuse_append_copy(&self, source: &Bucket, destination: &Bucket) -> Result<()> {
        let versioned =
            source.settings.versioning.is_on() || destination.settings.versioning.is_on();
        if versioned || self.inner.options.append_copy == AppendCopy::Reject {
            return Err(Error::CopyOfAppend { versioned });
        }
        Ok(())
    }

    pub(super) fn refuse_archived(&self, object: &Object) -> Result<()> {
        if self.is_readable(object) {
            Ok(())
        } else {
            Err(Error::Archived)
        }
    }

    /// Reads a range of an object into a body with its MD5.
    pub(super) async fn read_body(&self, object: &Object, range: Range<u64>) -> Result<Body> {
        let len = range.end.min(object.len).saturating_sub(range.start);
        let mut writer = self.receive(Some(len), true);
        let mut reader = self.read(object, range);
        while let Some(bytes) = reader.next().await {
            writer.write(bytes?).await?;
        }
        writer.finish().await
    }

    /// Writes an append object's bytes, read before, as a new Normal object.
    fn plan_copy_of_bytes(
        &self,
        job: &Job<'_>,
        seen: &Object,
        body: Body,
    ) -> Result<(Commit, Copied)> {
        let mut change = self.change(&[job.bucket], vec![self.key_lock(job.bucket, job.key)]);
        let bucket = change.fresh(job.bucket)?;
        // Versioning may have been switched on since.
        self.refuse_append_copy(job.source.bucket, &bucket)?;
        let current = change.current(&bucket, job.key)?;
        refuse_overwrite(&bucket, current.as_ref(), job.options.forbid_overwrite)?;
        let place = change.supersede(&bucket, job.key, current, false)?;
        let attributes = job
            .options
            .attributes(seen.headers.clone(), seen.tags.clone());
        let origin = Origin::new(&bucket, attributes, change.now);
        let (crc64, tag) = (
            body.crc64(),
            body.md5().map_or(Tag::Changed(change.now), Tag::Md5),
        );
        let content = change.content(body)?;
        let stored = origin.stored(ObjectType::Normal, content, crc64, tag);
        let copied = Copied::new(
            &bucket,
            place.id,
            seen.version,
            &stored,
            change.now,
            &origin,
        );
        let record = Record {
            sequence: place.sequence,
            id: place.id,
            modified: change.now,
            stored: Some(stored),
        };
        change.put_current(&bucket, job.key, &record);
        Ok((change.submit(), copied))
    }

    /// Shares the source's bytes under both locks, or changes metadata in place. None when the source turns out to
    /// be an append object whose bytes must be copied.
    fn plan_copy<E: From<Error>>(
        &self,
        job: &Job<'_>,
        check: &mut Option<impl FnOnce(&Object) -> Result<(), E>>,
    ) -> Result<Option<(Commit, Copied)>, E> {
        let source = &job.source;
        let pin = self.inner.engine.pin();
        let locks = vec![
            self.key_lock(source.bucket, source.key),
            self.key_lock(job.bucket, job.key),
        ];
        let mut change = self.change(&[source.bucket, job.bucket], locks);
        let (from, to) = (change.fresh(source.bucket)?, change.fresh(job.bucket)?);
        let found = change.find(&from, source.key, source.version)?;
        let found = existing(found, source.version).map_err(no_marker)?;
        let seen = object_of(self, &from, source.key, &found.record, found.latest, pin)?;
        let onto_itself = job.onto_itself(&from, &to);
        if seen.kind == ObjectType::Appendable && !onto_itself {
            self.refuse_append_copy(&from, &to)?;
            return Ok(None);
        }
        if onto_itself {
            self.refuse_append_change(&seen, job.options)?;
        }
        self.refuse_archived(&seen)?;
        if let Some(check) = check.take() {
            check(&seen)?;
        }
        let copied = if onto_itself {
            change.copy_onto_itself(&to, job, found.record, &seen)?
        } else {
            change.copy_shared(&to, job, &found.record, &seen)?
        };
        Ok(Some((change.submit(), copied)))
    }

    /// R71: what a copy of an append object onto itself may not change.
    fn refuse_append_change(&self, seen: &Object, options: &CopyOptions) -> Result<()> {
        let marks = options.sse.is_some() && options.sse != seen.sse;
        let class = options
            .storage_class
            .is_some_and(|class| class != seen.storage_class);
        if seen.kind != ObjectType::Appendable || !(marks || class) {
            return Ok(());
        }
        if self.inner.options.append_copy == AppendCopy::Reject {
            return Err(Error::CopyOfAppend { versioned: false });
        }
        match options.storage_class {
            // R85: only a sealed one may go there.
            Some(StorageClass::ColdArchive | StorageClass::DeepColdArchive)
                if seen.sealed.is_none() =>
            {
                Err(Error::AppendStorageClass)
            }
            _ => Ok(()),
        }
    }
}

/// A delete marker is no source: whatever names it finds nothing.
fn no_marker(error: Error) -> Error {
    match error {
        Error::DeleteMarker(id) => Error::NoSuchKey {
            delete_marker: Some(id),
        },
        other => other,
    }
}

impl Job<'_> {
    /// Whether the copy changes metadata only: same key, no versions (R70, R72).
    fn onto_itself(&self, from: &Bucket, to: &Bucket) -> bool {
        from.id == to.id
            && self.source.key == self.key
            && self.source.version.is_none_or(VersionId::is_null)
            && !to.settings.versioning.is_on()
    }
}

impl CopyOptions {
    /// The destination's attributes where the source has these headers and tags.
    fn attributes(&self, headers: StoredHeaders, tags: TagSet) -> ObjectAttributes {
        ObjectAttributes {
            headers: if self.replace_headers {
                self.headers.clone().over(headers)
            } else {
                headers
            },
            acl: self.acl,
            storage_class: self.storage_class,
            sse: self.sse.clone(),
            tags: if self.replace_tags {
                self.tags.clone()
            } else {
                tags
            },
        }
    }
}

impl Copied {
    fn new(
        bucket: &Bucket,
        id: VersionId,
        source_version: Option<VersionId>,
        stored: &Stored,
        modified: Timestamp,
        origin: &Origin,
    ) -> Self {
        Self {
            version: shown(bucket, id),
            source_version,
            etag: stored.etag(),
            crc64: stored.crc64,
            modified,
            sse: origin.details.sse.clone(),
        }
    }
}

impl Change<'_> {
    fn copy_onto_itself(
        &mut self,
        bucket: &Bucket,
        job: &Job<'_>,
        mut record: Record,
        seen: &Object,
    ) -> Result<Copied> {
        refuse_overwrite(bucket, Some(&record), job.options.forbid_overwrite)?;
        self.store.may_change(bucket, &record, false)?;
        let mut attributes = job
            .options
            .attributes(StoredHeaders::default(), seen.tags.clone());
        attributes.headers = job.options.headers.clone().over(seen.headers.clone());
        if seen.kind == ObjectType::Appendable {
            // What was not asked for stays: an append object is what it was created as.
            attributes.sse = attributes.sse.or_else(|| seen.sse.clone());
            attributes.storage_class = attributes.storage_class.or(Some(seen.storage_class));
        }
        let mut origin = Origin::new(bucket, attributes, self.now);
        if seen.kind == ObjectType::Appendable {
            origin.details.sse = job.options.sse.clone().or_else(|| seen.sse.clone());
        }
        origin
            .details
            .symlink_target
            .clone_from(&seen.symlink_target);
        let stored = record.stored.as_mut().ok_or(Error::NoSuchVersion)?;
        if stored.storage_class != origin.storage_class {
            stored.restore = None;
        }
        stored.acl = origin.acl;
        stored.storage_class = origin.storage_class;
        stored.details = origin.details.encode();
        record.modified = self.now;
        let copied = Copied::new(bucket, record.id, seen.version, stored, self.now, &origin);
        self.put_current(bucket, job.key, &record);
        Ok(copied)
    }

    fn copy_shared(
        &mut self,
        bucket: &Bucket,
        job: &Job<'_>,
        source: &Record,
        seen: &Object,
    ) -> Result<Copied> {
        let from = source.stored.as_ref().ok_or(Error::NoSuchVersion)?;
        let current = self.current(bucket, job.key)?;
        refuse_overwrite(bucket, current.as_ref(), job.options.forbid_overwrite)?;
        // Shared first: the source may be what is superseded.
        let content = self
            .batch
            .share(&from.content, self.store.inner.engine.next_content_id())?;
        let place = self.supersede(bucket, job.key, current, false)?;
        let attributes = job
            .options
            .attributes(seen.headers.clone(), seen.tags.clone());
        let mut origin = Origin::new(bucket, attributes, self.now);
        origin
            .details
            .symlink_target
            .clone_from(&seen.symlink_target);
        let kind = match from.kind {
            ObjectType::Symlink => ObjectType::Symlink,
            ObjectType::Normal | ObjectType::Multipart | ObjectType::Appendable => {
                ObjectType::Normal
            }
        };
        let stored = origin.stored(kind, content, from.crc64, from.tag);
        let copied = Copied::new(bucket, place.id, seen.version, &stored, self.now, &origin);
        let record = Record {
            sequence: place.sequence,
            id: place.id,
            modified: self.now,
            stored: Some(stored),
        };
        self.put_current(bucket, job.key, &record);
        Ok(copied)
    }
}
