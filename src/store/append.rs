//! AppendObject and SealAppendObject: compare position, extend, seal, each one atomic step per key (append.md).

use super::body::Body;
use super::bucket::Bucket;
use super::object::Object;
use super::version::VersionId;
use super::{Error, Result, Store};
use crate::domain::etag::ETag;
use crate::domain::name::ObjectKey;
use crate::domain::object::{ObjectAcl, ObjectAttributes, Sse};
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
    /// Steps 7 to 10 and 12 of R60 before the body has come: may refuse early, never accepts early (R92).
    /// `body_len` is the announced length in bytes, if one was announced.
    pub fn check_append(
        &self,
        bucket: &Bucket,
        key: &ObjectKey,
        position: u64,
        body_len: Option<u64>,
    ) -> Result<AppendState> {
        todo!()
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
        todo!()
    }

    /// Seals the append object, whose length must be `position` (R106 to R115).
    pub async fn seal_object(
        &self,
        bucket: &Bucket,
        key: &ObjectKey,
        position: u64,
    ) -> Result<Sealed> {
        todo!()
    }
}
