//! Multipart uploads: parts are contents of their own; Complete links them together and moves no bytes.

use super::body::Body;
use super::bucket::Bucket;
use super::change::{Change, named};
use super::copy::CopySource;
use super::engine::{Commit, View};
use super::list::{Folds, Walk};
use super::lock::KeyLock;
use super::object::{Object, Origin, Written, refuse_overwrite};
use super::record::{self, Details, Family, PartRecord, Record, Tag, UploadRecord};
use super::version::VersionId;
use super::{Error, Result, Store};
use crate::domain::crc64;
use crate::domain::etag::ETag;
use crate::domain::name::ObjectKey;
use crate::domain::object::{ObjectAcl, ObjectAttributes, ObjectType};
use crate::domain::time::Timestamp;
use futures_util::StreamExt;
use md5::{Digest, Md5};
use std::fmt;
use std::ops::Range;

/// Most parts of an upload.
pub const PARTS_MAX: u16 = 10_000;

/// The id of an upload: 32 upper-case hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UploadId(pub(super) [u8; 16]);

impl UploadId {
    /// Reads the text of `uploadId`; none for text that no upload can have.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 16];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        let id = Self(bytes);
        (id.to_string() == text).then_some(id)
    }
}

impl fmt::Display for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode_upper(self.0))
    }
}

/// The number of a part: 1 to 10 000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PartNumber(u16);

impl PartNumber {
    /// Checks the range.
    pub fn new(number: u32) -> Option<Self> {
        let number = u16::try_from(number).ok()?;
        (1..=PARTS_MAX).contains(&number).then_some(Self(number))
    }

    /// The number.
    pub const fn get(self) -> u16 {
        self.0
    }
}

/// What an upload begins with.
#[derive(Debug, Clone, Default)]
pub struct UploadOptions {
    /// The object's attributes; the ACL comes with Complete.
    pub attributes: ObjectAttributes,
    /// `x-oss-forbid-overwrite: true`: checked at once. Complete has its own.
    pub forbid_overwrite: bool,
    /// Parts must come in order and the object gets an MD5 tag.
    pub sequential: bool,
}

/// An unfinished upload.
#[derive(Debug, Clone)]
pub struct Upload {
    /// The key.
    pub key: ObjectKey,
    /// The id.
    pub id: UploadId,
    /// When it began.
    pub initiated: Timestamp,
    /// What the object will have.
    pub attributes: ObjectAttributes,
    /// Whether parts must come in order.
    pub sequential: bool,
}

/// A part of an unfinished upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The number.
    pub number: PartNumber,
    /// The tag: the MD5 of its bytes.
    pub etag: ETag,
    /// MD5 of its bytes.
    pub md5: [u8; 16],
    /// CRC-64 of its bytes.
    pub crc64: u64,
    /// Length in bytes.
    pub len: u64,
    /// When it came.
    pub modified: Timestamp,
}

/// A part that was copied from an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopiedPart {
    /// The part.
    pub part: Part,
    /// The version that was read; none where the source never had versioning.
    pub source_version: Option<VersionId>,
}

/// How to complete an upload.
#[derive(Debug, Clone, Default)]
pub struct Completion {
    /// Numbers and tags in the client's order; none for `x-oss-complete-all: yes`.
    pub parts: Option<Vec<(PartNumber, String)>>,
    /// `x-oss-object-acl`.
    pub acl: Option<ObjectAcl>,
    /// `x-oss-forbid-overwrite: true`; without effect where the bucket keeps versions.
    pub forbid_overwrite: bool,
}

/// Which uploads to list.
#[derive(Debug, Clone, Default)]
pub struct UploadQuery {
    /// Only keys that start with this.
    pub prefix: String,
    /// Only keys after this; with `upload_id_marker` also the rest of this key.
    pub key_marker: Option<String>,
    /// The last upload of `key_marker` that was listed; text that is no id compares as bytes do.
    pub upload_id_marker: Option<String>,
    /// Folds keys into common prefixes.
    pub delimiter: Option<String>,
    /// Most uploads and prefixes together, 1 to 1000.
    pub max: usize,
}

/// A page of uploads.
#[derive(Debug, Clone, Default)]
pub struct UploadListing {
    /// Key, id and time, by key, then id.
    pub uploads: Vec<(String, UploadId, Timestamp)>,
    /// Common prefixes, ascending.
    pub prefixes: Vec<String>,
    /// The last entry's key and id (none after a prefix), if more follow.
    pub next: Option<(String, Option<UploadId>)>,
}

/// A page of parts.
#[derive(Debug, Clone)]
pub struct PartListing {
    /// The upload.
    pub upload: Upload,
    /// Parts by number.
    pub parts: Vec<Part>,
    /// Whether more follow.
    pub truncated: bool,
}

impl Store {
    /// Begins an upload.
    pub async fn initiate_upload(
        &self,
        bucket: &Bucket,
        key: &ObjectKey,
        options: UploadOptions,
    ) -> Result<UploadId> {
        let (commit, id) = self.plan_initiate(bucket, key, options)?;
        commit.await?;
        Ok(id)
    }

    fn plan_initiate(
        &self,
        bucket: &Bucket,
        key: &ObjectKey,
        options: UploadOptions,
    ) -> Result<(Commit, UploadId)> {
        let mut id = UploadId([0; 16]);
        self.inner.ids.fill(&mut id.0);
        let mut change = self.change(&[bucket], vec![self.upload_lock(bucket, id)]);
        let bucket = change.fresh(bucket)?;
        let current = change.current(&bucket, key)?;
        refuse_overwrite(&bucket, current.as_ref(), options.forbid_overwrite)?;
        let origin = Origin::new(&bucket, options.attributes, change.now);
        let record = UploadRecord {
            initiated: change.now,
            sequential: options.sequential,
            storage_class: origin.storage_class,
            details: origin.details.encode(),
        };
        change.put(self.keys().upload(bucket.id, key, id), record.encode());
        Ok((change.submit(), id))
    }

    fn upload_lock(&self, bucket: &Bucket, id: UploadId) -> KeyLock {
        self.inner.locks.of(bucket.id, &id.0)
    }

    /// Looks an upload up.
    pub fn upload(&self, bucket: &Bucket, key: &ObjectKey, id: &UploadId) -> Result<Upload> {
        let row = self
            .inner
            .engine
            .get(View::Committed, &self.keys().upload(bucket.id, key, *id))?;
        let record = UploadRecord::decode(&row.ok_or(Error::NoSuchUpload)?)
            .map_err(|error| named(error, bucket, key.as_str()))?;
        let details = Details::decode(&record.details)?;
        Ok(Upload {
            key: key.clone(),
            id: *id,
            initiated: record.initiated,
            attributes: ObjectAttributes {
                headers: details.headers,
                acl: None,
                storage_class: Some(record.storage_class),
                sse: details.sse,
                tags: details.tags,
            },
            sequential: record.sequential,
        })
    }

    /// Stores a part, replacing the one of that number. The body must have its MD5.
    pub async fn upload_part(
        &self,
        bucket: &Bucket,
        key: &ObjectKey,
        id: &UploadId,
        number: PartNumber,
        body: Body,
    ) -> Result<Part> {
        let (commit, part) = self.plan_part(bucket, key, *id, number, body)?;
        commit.await?;
        Ok(part)
    }

    fn plan_part(
        &self,
        bucket: &Bucket,
        key: &ObjectKey,
        id: UploadId,
        number: PartNumber,
        body: Body,
    ) -> Result<(Commit, Part)> {
        let mut change = self.change(&[bucket], vec![self.upload_lock(bucket, id)]);
        let bucket = change.fresh(bucket)?;
        let keys = self.keys();
        let upload = change.upload(&bucket, key, id)?;
        if body.len() > self.inner.options.object_size_max {
            return Err(Error::TooLarge);
        }
        if upload.sequential && number.0 > 1 {
            let before = change.get(&keys.part(bucket.id, id, number.0 - 1))?;
            before.ok_or(Error::PartNotSequential)?;
        }
        let row = keys.part(bucket.id, id, number.0);
        if let Some(old) = change.get(&row)? {
            let old =
                PartRecord::decode(&old).map_err(|error| named(error, &bucket, key.as_str()))?;
            change.batch.release(&old.content)?;
        }
        let md5 = body.md5().ok_or(Error::InvalidPart { number: number.0 })?;
        let crc64 = body.crc64();
        let record = PartRecord {
            content: change.content(body)?,
            md5,
            crc64,
            modified: change.now,
        };
        change.put(row, record.encode());
        Ok((change.submit(), record.part(number)))
    }

    /// Copies a part from an object, a link followed; `range` is given the source and answers which bytes. Order of
    /// checks as in `copy_object`.
    pub async fn upload_part_copy<E: From<Error>>(
        &self,
        source: CopySource<'_>,
        bucket: &Bucket,
        key: &ObjectKey,
        id: &UploadId,
        number: PartNumber,
        range: impl FnOnce(&Object) -> Result<Range<u64>, E> + Send,
    ) -> Result<CopiedPart, E> {
        self.upload(bucket, key, id)?;
        let link = self.copy_source(&source)?;
        let target = match link.kind {
            ObjectType::Symlink => {
                self.resolve(source.bucket, source.key, source.version)?
                    .target
            }
            ObjectType::Normal | ObjectType::Appendable | ObjectType::Multipart => link.clone(),
        };
        if target.kind == ObjectType::Appendable {
            self.refuse_append_copy(source.bucket, bucket)?;
        }
        self.refuse_archived(&target)?;
        let range = range(&target)?;
        let body = self.read_body(&target, range).await?;
        let part = self.upload_part(bucket, key, id, number, body).await?;
        Ok(CopiedPart {
            part,
            source_version: link.version,
        })
    }

    /// Makes the object out of its parts. Parts that are not listed are dropped.
    pub async fn complete_upload(
        &self,
        bucket: &Bucket,
        key: &ObjectKey,
        id: &UploadId,
        completion: Completion,
    ) -> Result<Written> {
        loop {
            // The tag of a sequential upload is the MD5 of all its bytes: read before any lock is taken.
            let hashed = if self.upload(bucket, key, id)?.sequential {
                Some(self.hash_parts(bucket, *id, &completion).await?)
            } else {
                None
            };
            if let Some((commit, written)) =
                self.plan_complete(bucket, key, *id, &completion, hashed)?
            {
                commit.await?;
                return Ok(written);
            }
        }
    }

    async fn hash_parts(
        &self,
        bucket: &Bucket,
        id: UploadId,
        completion: &Completion,
    ) -> Result<([u8; 16], Vec<u64>)> {
        let pin = self.inner.engine.pin();
        let parts = choose(&self.parts_of(View::Committed, bucket, id)?, completion)?;
        let mut digest = Md5::new();
        for (_, part) in &parts {
            let mut reader =
                self.inner
                    .engine
                    .read_pinned(&part.content, 0..part.content.len(), pin.clone());
            while let Some(bytes) = reader.next().await {
                digest.update(&bytes?);
            }
        }
        Ok((
            digest.finalize().into(),
            parts.iter().map(|(_, part)| part.content.id()).collect(),
        ))
    }

    /// None when the parts are not those that were hashed.
    fn plan_complete(
        &self,
        bucket: &Bucket,
        key: &ObjectKey,
        id: UploadId,
        completion: &Completion,
        hashed: Option<([u8; 16], Vec<u64>)>,
    ) -> Result<Option<(Commit, Written)>> {
        let locks = vec![self.upload_lock(bucket, id), self.key_lock(bucket, key)];
        let mut change = self.change(&[bucket], locks);
        let bucket = change.fresh(bucket)?;
        let upload = change.upload(&bucket, key, id)?;
        let all = self.parts_of(View::Pending, &bucket, id)?;
        let chosen = choose(&all, completion)?;
        self.check_sizes(&chosen)?;
        let tag = match hashed {
            Some((md5, ids))
                if chosen
                    .iter()
                    .map(|(_, part)| part.content.id())
                    .eq(ids.iter().copied()) =>
            {
                Tag::Md5(md5)
            }
            Some(_) => return Ok(None),
            None => tag_of(&chosen),
        };
        let current = change.current(&bucket, key)?;
        refuse_overwrite(&bucket, current.as_ref(), completion.forbid_overwrite)?;
        let place = change.supersede(&bucket, key, current, false)?;
        change.drop_upload(&bucket, key, id, &all, &chosen)?;
        let mut crc = 0;
        for (_, part) in &chosen {
            crc = crc64::combine(crc, part.crc64, part.content.len());
        }
        let parts = chosen.into_iter().map(|(_, part)| part.content).collect();
        let content = change
            .batch
            .concat(parts, self.inner.engine.next_content_id())?;
        let details = Details::decode(&upload.details)?;
        let attributes = ObjectAttributes {
            headers: details.headers,
            acl: completion.acl,
            storage_class: Some(upload.storage_class),
            sse: details.sse,
            tags: details.tags,
        };
        let mut origin = Origin::new(&bucket, attributes, change.now);
        // The bucket's rule was asked when the upload began.
        origin.details.sse = Details::decode(&upload.details)?.sse;
        let stored = origin.stored(ObjectType::Multipart, content, crc, tag);
        let record = Record {
            sequence: place.sequence,
            id: place.id,
            modified: change.now,
            stored: Some(stored),
        };
        change.put_current(&bucket, key, &record);
        let stored = record.stored.as_ref().ok_or(Error::NoSuchUpload)?;
        let written = Written::new(&bucket, &record, stored, origin.details.sse);
        Ok(Some((change.submit(), written)))
    }

    fn check_sizes(&self, chosen: &[(PartNumber, PartRecord)]) -> Result<()> {
        let size_min = self.inner.options.part_size_min;
        let mut total = 0u64;
        for (at, (number, part)) in chosen.iter().enumerate() {
            let size = part.content.len();
            if at + 1 < chosen.len() && size < size_min {
                return Err(Error::PartTooSmall {
                    number: number.0,
                    size,
                    size_min,
                });
            }
            total = total.checked_add(size).ok_or(Error::TooLarge)?;
        }
        Ok(())
    }

    /// All parts of an upload by number: at most [`PARTS_MAX`].
    fn parts_of(
        &self,
        view: View,
        bucket: &Bucket,
        id: UploadId,
    ) -> Result<Vec<(PartNumber, PartRecord)>> {
        let mut parts = Vec::new();
        self.walk(view, self.keys().parts(bucket.id, id), |row, value| {
            let number = PartNumber(record::number_of_row(row)?);
            parts.push((number, PartRecord::decode(value)?));
            Ok(())
        })?;
        Ok(parts)
    }

    /// Drops an upload and its parts.
    pub async fn abort_upload(
        &self,
        bucket: &Bucket,
        key: &ObjectKey,
        id: &UploadId,
    ) -> Result<()> {
        Ok(self.plan_abort(bucket, key, *id)?.await?)
    }

    fn plan_abort(&self, bucket: &Bucket, key: &ObjectKey, id: UploadId) -> Result<Commit> {
        let mut change = self.change(&[bucket], vec![self.upload_lock(bucket, id)]);
        let bucket = change.fresh(bucket)?;
        change.upload(&bucket, key, id)?;
        let all = self.parts_of(View::Pending, &bucket, id)?;
        change.drop_upload(&bucket, key, id, &all, &[])?;
        Ok(change.submit())
    }

    /// Lists unfinished uploads.
    pub fn list_uploads(&self, bucket: &Bucket, query: &UploadQuery) -> Result<UploadListing> {
        let keys = self.keys();
        let folds = Folds::new(&query.prefix, query.delimiter.as_ref());
        let marker = query.key_marker.as_deref();
        let id_marker = query
            .upload_id_marker
            .as_deref()
            .filter(|text| !text.is_empty() && marker.is_some());
        let after = marker.map(|key| {
            // Without an id: after all uploads of the key. Text that is no id: from the key's first, compared below.
            let id = id_marker.map_or([0xFF; 16], |text| {
                UploadId::parse(text).map_or([0; 16], |id| id.0)
            });
            keys.upload_text(bucket.id, key, id)
        });
        let prefix = keys.prefixed(Family::Uploads, bucket.id, &query.prefix);
        let mut walk = Walk::new(self, prefix, after, query.max.saturating_add(1).min(128));
        if let Some(common) = marker.and_then(|marker| folds.common(marker)) {
            walk.skip(keys.prefixed(Family::Uploads, bucket.id, common));
        }
        let mut page = UploadListing::default();
        let mut last = None;
        while let Some((row, value)) = walk.next()? {
            let (key, rest) = record::key_of_row(&row)?;
            let id = record::upload_of_row(rest)?;
            if Some(key.as_str()) == marker
                && id_marker.is_some_and(|text| id.to_string().as_str() <= text)
            {
                continue;
            }
            if page.uploads.len() + page.prefixes.len() >= query.max {
                page.next = last;
                break;
            }
            if let Some(common) = folds.common(&key) {
                walk.skip(keys.prefixed(Family::Uploads, bucket.id, common));
                last = Some((common.to_owned(), None));
                page.prefixes.push(common.to_owned());
                continue;
            }
            let upload =
                UploadRecord::decode(&value).map_err(|error| named(error, bucket, &key))?;
            last = Some((key.clone(), Some(id)));
            page.uploads.push((key, id, upload.initiated));
        }
        Ok(page)
    }

    /// Lists the parts of an upload after number `after`, at most `max`.
    pub fn list_parts(
        &self,
        bucket: &Bucket,
        key: &ObjectKey,
        id: &UploadId,
        after: u32,
        max: usize,
    ) -> Result<PartListing> {
        let upload = self.upload(bucket, key, id)?;
        let keys = self.keys();
        let after = u16::try_from(after).unwrap_or(u16::MAX);
        let after = Some(keys.part(bucket.id, *id, after));
        let mut walk = Walk::new(
            self,
            keys.parts(bucket.id, *id),
            after,
            max.saturating_add(1).min(1024),
        );
        let mut listing = PartListing {
            upload,
            parts: Vec::new(),
            truncated: false,
        };
        while let Some((row, value)) = walk.next()? {
            if listing.parts.len() >= max {
                listing.truncated = true;
                break;
            }
            let number = PartNumber(record::number_of_row(&row)?);
            let part =
                PartRecord::decode(&value).map_err(|error| named(error, bucket, key.as_str()))?;
            listing.parts.push(part.part(number));
        }
        Ok(listing)
    }
}

/// The parts that a completion names, each of which must be there with its tag; or all.
fn choose(
    all: &[(PartNumber, PartRecord)],
    completion: &Completion,
) -> Result<Vec<(PartNumber, PartRecord)>> {
    let Some(listed) = &completion.parts else {
        return if all.is_empty() {
            Err(Error::InvalidPartOrder)
        } else {
            Ok(all.to_vec())
        };
    };
    let numbers = listed.iter().map(|(number, _)| number);
    let ascends = numbers.clone().zip(numbers.skip(1)).all(|(a, b)| a < b);
    if listed.is_empty() || !ascends {
        return Err(Error::InvalidPartOrder);
    }
    let found = listed.iter().map(|(number, tag)| {
        let at = all.binary_search_by_key(number, |(number, _)| *number).ok();
        let part = at
            .and_then(|at| all.get(at))
            .filter(|(_, part)| ETag::of_md5(part.md5).matches(tag));
        part.cloned().ok_or(Error::InvalidPart { number: number.0 })
    });
    found.collect()
}

/// The tag of a multipart object: MD5 of the parts' MD5s, and how many there are.
fn tag_of(parts: &[(PartNumber, PartRecord)]) -> Tag {
    let mut digest = Md5::new();
    for (_, part) in parts {
        digest.update(part.md5);
    }
    Tag::Parts(
        digest.finalize().into(),
        u32::try_from(parts.len()).unwrap_or(u32::MAX),
    )
}

impl PartRecord {
    fn part(&self, number: PartNumber) -> Part {
        Part {
            number,
            etag: ETag::of_md5(self.md5),
            md5: self.md5,
            crc64: self.crc64,
            len: self.content.len(),
            modified: self.modified,
        }
    }
}

impl Change<'_> {
    fn upload(&self, bucket: &Bucket, key: &ObjectKey, id: UploadId) -> Result<UploadRecord> {
        let row = self
            .get(&self.store.keys().upload(bucket.id, key, id))?
            .ok_or(Error::NoSuchUpload)?;
        UploadRecord::decode(&row).map_err(|error| named(error, bucket, key.as_str()))
    }

    /// Removes an upload and all its parts; gives back the bytes of all but the `kept` ones.
    fn drop_upload(
        &mut self,
        bucket: &Bucket,
        key: &ObjectKey,
        id: UploadId,
        all: &[(PartNumber, PartRecord)],
        kept: &[(PartNumber, PartRecord)],
    ) -> Result<()> {
        let keys = self.store.keys();
        for (number, part) in all {
            if kept
                .binary_search_by_key(number, |(number, _)| *number)
                .is_err()
            {
                self.batch.release(&part.content)?;
            }
            self.delete(keys.part(bucket.id, id, number.0));
        }
        self.delete(keys.upload(bucket.id, key, id));
        Ok(())
    }
}
