//! Multipart uploads: parts are contents of their own; Complete links them together and moves no bytes.

use super::body::Body;
use super::bucket::Bucket;
use super::copy::CopySource;
use super::object::{Object, Written};
use super::version::VersionId;
use super::{Error, Result, Store};
use crate::domain::etag::ETag;
use crate::domain::name::ObjectKey;
use crate::domain::object::{ObjectAcl, ObjectAttributes};
use crate::domain::time::Timestamp;
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
    /// `x-oss-forbid-overwrite: true`: checked at once and again at Complete.
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
        todo!()
    }

    /// Looks an upload up.
    pub fn upload(&self, bucket: &Bucket, key: &ObjectKey, id: &UploadId) -> Result<Upload> {
        todo!()
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
        todo!()
    }

    /// Copies a part from an object; `range` is given the source and answers which bytes. Order of checks as in `copy_object`.
    pub async fn upload_part_copy<E: From<Error>>(
        &self,
        source: CopySource<'_>,
        bucket: &Bucket,
        key: &ObjectKey,
        id: &UploadId,
        number: PartNumber,
        range: impl FnOnce(&Object) -> Result<Range<u64>, E> + Send,
    ) -> Result<CopiedPart, E> {
        todo!()
    }

    /// Makes the object out of its parts. Parts that are not listed are dropped.
    pub async fn complete_upload(
        &self,
        bucket: &Bucket,
        key: &ObjectKey,
        id: &UploadId,
        completion: Completion,
    ) -> Result<Written> {
        todo!()
    }

    /// Drops an upload and its parts.
    pub async fn abort_upload(
        &self,
        bucket: &Bucket,
        key: &ObjectKey,
        id: &UploadId,
    ) -> Result<()> {
        todo!()
    }

    /// Lists unfinished uploads.
    pub fn list_uploads(&self, bucket: &Bucket, query: &UploadQuery) -> Result<UploadListing> {
        todo!()
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
        todo!()
    }
}
