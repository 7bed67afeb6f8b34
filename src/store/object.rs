//! Objects: put, look up, read, change what is around the bytes.

use super::body::Body;
use super::bucket::Bucket;
use super::engine::ContentReader;
use super::version::VersionId;
use super::{Error, Result, Store};
use crate::domain::etag::ETag;
use crate::domain::name::ObjectKey;
use crate::domain::object::{
    ObjectAcl, ObjectAttributes, ObjectType, Restore, Sse, StorageClass, StoredHeaders,
};
use crate::domain::tags::TagSet;
use crate::domain::time::Timestamp;
use std::ops::Range;

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
    /// Where a symlink points.
    pub symlink_target: Option<ObjectKey>,
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

impl Store {
    /// Writes a whole object, replacing what the key has. The tag is the body's MD5 where the body has one, else a unique value.
    pub async fn put_object(
        &self,
        bucket: &Bucket,
        key: &ObjectKey,
        body: Body,
        attributes: ObjectAttributes,
        options: PutOptions,
    ) -> Result<Written> {
        todo!()
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
        todo!()
    }

    /// Looks up the current version, or the named one, in the committed state. A symlink is answered as itself.
    pub fn object(
        &self,
        bucket: &Bucket,
        key: &ObjectKey,
        version: Option<&VersionId>,
    ) -> Result<Object> {
        todo!()
    }

    /// As [`Store::object`], following a symlink by one step (operations.md §E.8).
    pub fn resolve(
        &self,
        bucket: &Bucket,
        key: &ObjectKey,
        version: Option<&VersionId>,
    ) -> Result<Resolved> {
        todo!()
    }

    /// Whether the object's bytes can be read now: false for archived ones that are not restored.
    pub fn is_readable(&self, object: &Object) -> bool {
        todo!()
    }

    /// The bytes of `range`, verified. The range is cut to the object's length.
    pub fn read(&self, object: &Object, range: Range<u64>) -> ContentReader {
        todo!()
    }

    /// Changes ACL or tags of a version; `Last-Modified` stays.
    pub async fn update_object<E: From<Error>>(
        &self,
        bucket: &Bucket,
        key: &ObjectKey,
        version: Option<&VersionId>,
        change: impl FnOnce(&mut ObjectSettings) -> Result<(), E> + Send,
    ) -> Result<Object, E> {
        todo!()
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
        todo!()
    }

    /// Sets or lifts a version's legal hold.
    pub async fn set_legal_hold(
        &self,
        bucket: &Bucket,
        key: &ObjectKey,
        version: Option<&VersionId>,
        hold: bool,
    ) -> Result<Object> {
        todo!()
    }

    /// Begins a simulated restore, or makes the restored copy stay `days` from now.
    pub async fn restore_object(
        &self,
        bucket: &Bucket,
        key: &ObjectKey,
        version: Option<&VersionId>,
        days: u32,
    ) -> Result<Restored> {
        todo!()
    }

    /// Takes the restored copy away.
    pub async fn clean_restored_object(
        &self,
        bucket: &Bucket,
        key: &ObjectKey,
        version: Option<&VersionId>,
    ) -> Result<Object> {
        todo!()
    }
}
