//! The key space and the records of everything but bytes. Keys order as the protocol orders; records carry a format
//! number and are never trusted when read back.
//!
//! ```text
//! world u32 ‖ tag u8 ‖ …                                              numbers big-endian
//!   01 name                             bucket
//!   02 bucket u64 ‖ kind                configuration document
//!   03 uid                              what an account has set for all its buckets
//!   10 bucket ‖ key                     the current version, or the delete marker that hides the key
//!   11 bucket ‖ key ‖ !sequence         older versions, newest first
//!   12 bucket ‖ key                     the sequence of the null version, while it is an older one
//!   20 bucket ‖ key ‖ upload            unfinished upload
//!   21 bucket ‖ upload ‖ number u16     its parts
//! ```
//!
//! A key is written with each 00 as 00 FF and ends in 00 00, so that no key is a prefix of another and order is kept.

#![allow(clippy::option_option)] // outer: whether it decodes; inner: the value

use super::codec::{
    put_bytes, put_signed, put_varint, take_bytes, take_exact, take_signed, take_small, take_u8,
    take_varint,
};
use super::content::Content;
use super::error::Result;
use super::fault::EngineError;
use super::multipart::UploadId;
use super::object::{Retention, RetentionMode};
use super::version::VersionId;
use crate::domain::etag::ETag;
use crate::domain::name::ObjectKey;
use crate::domain::object::{
    ObjectAcl, ObjectType, Restore, Sse, SseAlgorithm, StorageClass, StoredHeaders,
};
use crate::domain::tags::TagSet;
use crate::domain::time::Timestamp;

const BUCKET: u8 = 0x01;
const CONFIG: u8 = 0x02;
const ACCOUNT: u8 = 0x03;
const OBJECT: u8 = 0x10;
const VERSION: u8 = 0x11;
const NULL: u8 = 0x12;
const UPLOAD: u8 = 0x20;
const PART: u8 = 0x21;

/// World and tag.
const HEAD_BYTES: usize = 5;
/// World, tag and bucket id.
const BUCKET_HEAD_BYTES: usize = HEAD_BYTES + 8;

/// The keys of one world.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keys(pub(super) u32);

impl Keys {
    fn head(self, tag: u8, room: usize) -> Vec<u8> {
        let mut key = Vec::with_capacity(BUCKET_HEAD_BYTES + room);
        key.extend_from_slice(&self.0.to_be_bytes());
        key.push(tag);
        key
    }

    fn in_bucket(self, tag: u8, bucket: u64, room: usize) -> Vec<u8> {
        let mut key = self.head(tag, room);
        key.extend_from_slice(&bucket.to_be_bytes());
        key
    }

    fn of_key(self, tag: u8, bucket: u64, name: &str, room: usize) -> Vec<u8> {
        let mut key = self.in_bucket(tag, bucket, name.len() + 2 + room);
        escape(name.as_bytes(), &mut key);
        key.extend_from_slice(&[0, 0]);
        key
    }

    pub(super) fn bucket(self, name: &str) -> Vec<u8> {
        let mut key = self.head(BUCKET, name.len());
        key.extend_from_slice(name.as_bytes());
        key
    }

    pub(super) fn account(self, uid: &str) -> Vec<u8> {
        let mut key = self.head(ACCOUNT, uid.len());
        key.extend_from_slice(uid.as_bytes());
        key
    }

    pub(super) fn config(self, bucket: u64, kind: &str) -> Vec<u8> {
        let mut key = self.in_bucket(CONFIG, bucket, kind.len());
        key.extend_from_slice(kind.as_bytes());
        key
    }

    pub(super) fn object(self, bucket: u64, key: &ObjectKey) -> Vec<u8> {
        self.of_key(OBJECT, bucket, key.as_str(), 0)
    }

    /// As [`Self::object`] for any text, such as a list marker.
    pub(super) fn object_text(self, bucket: u64, key: &str) -> Vec<u8> {
        self.of_key(OBJECT, bucket, key, 0)
    }

    /// The row of an older version.
    pub(super) fn version(self, bucket: u64, key: &ObjectKey, sequence: u64) -> Vec<u8> {
        self.version_text(bucket, key.as_str(), sequence)
    }

    /// As [`Self::version`] for any text. Sequence 0, which no version has, comes after all.
    pub(super) fn version_text(self, bucket: u64, key: &str, sequence: u64) -> Vec<u8> {
        let mut row = self.of_key(VERSION, bucket, key, 8);
        row.extend_from_slice(&(!sequence).to_be_bytes());
        row
    }

    /// What all rows of a key's older versions start with.
    pub(super) fn versions(self, bucket: u64, key: &str) -> Vec<u8> {
        self.of_key(VERSION, bucket, key, 0)
    }

    pub(super) fn null(self, bucket: u64, key: &ObjectKey) -> Vec<u8> {
        self.of_key(NULL, bucket, key.as_str(), 0)
    }

    pub(super) fn upload(self, bucket: u64, key: &ObjectKey, id: UploadId) -> Vec<u8> {
        self.upload_text(bucket, key.as_str(), id.0)
    }

    /// As [`Self::upload`] for any text.
    pub(super) fn upload_text(self, bucket: u64, key: &str, id: [u8; 16]) -> Vec<u8> {
        let mut row = self.of_key(UPLOAD, bucket, key, 16);
        row.extend_from_slice(&id);
        row
    }

    /// What all rows of an upload's parts start with.
    pub(super) fn parts(self, bucket: u64, id: UploadId) -> Vec<u8> {
        let mut row = self.in_bucket(PART, bucket, 16);
        row.extend_from_slice(&id.0);
        row
    }

    pub(super) fn part(self, bucket: u64, id: UploadId, number: u16) -> Vec<u8> {
        let mut row = self.parts(bucket, id);
        row.extend_from_slice(&number.to_be_bytes());
        row
    }

    /// What the rows of buckets whose name starts with `prefix` start with.
    pub(super) fn buckets(self, prefix: &str) -> Vec<u8> {
        self.bucket(prefix)
    }

    /// What the rows of one family of a bucket whose key starts with `prefix` start with.
    pub(super) fn prefixed(self, family: Family, bucket: u64, prefix: &str) -> Vec<u8> {
        let mut key = self.in_bucket(family.tag(), bucket, prefix.len());
        match family {
            Family::Configs => key.extend_from_slice(prefix.as_bytes()),
            Family::Objects | Family::Versions | Family::Uploads | Family::Parts => {
                escape(prefix.as_bytes(), &mut key);
            }
        }
        key
    }
}

/// The row families that are walked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Configs,
    Objects,
    Versions,
    Uploads,
    Parts,
}

impl Family {
    const fn tag(self) -> u8 {
        match self {
            Self::Configs => CONFIG,
            Self::Objects => OBJECT,
            Self::Versions => VERSION,
            Self::Uploads => UPLOAD,
            Self::Parts => PART,
        }
    }
}

/// Writes a key's bytes so that no terminator can occur in them.
fn escape(bytes: &[u8], out: &mut Vec<u8>) {
    for &byte in bytes {
        out.push(byte);
        if byte == 0 {
            out.push(0xFF);
        }
    }
}

/// The first row key after all that start with `prefix`; none where there can be none.
pub(super) fn after_prefix(mut prefix: Vec<u8>) -> Option<Vec<u8>> {
    while let Some(last) = prefix.pop() {
        if last < 0xFF {
            prefix.push(last + 1);
            return Some(prefix);
        }
    }
    None
}

/// The key in a row of objects, versions or uploads, and what follows it.
pub(super) fn key_of_row(row: &[u8]) -> Result<(String, &[u8])> {
    let read = || {
        let mut rest = row.get(BUCKET_HEAD_BYTES..)?;
        let mut key = Vec::with_capacity(rest.len());
        loop {
            match take_u8(&mut rest)? {
                0 => match take_u8(&mut rest)? {
                    0 => break,
                    0xFF => key.push(0),
                    _ => return None,
                },
                byte => key.push(byte),
            }
        }
        Some((String::from_utf8(key).ok()?, rest))
    };
    read().ok_or_else(|| corrupt("object row key"))
}

/// The kind in a configuration row.
pub(super) fn kind_of_row(row: &[u8]) -> Result<String> {
    let kind = row.get(BUCKET_HEAD_BYTES..).unwrap_or_default();
    String::from_utf8(kind.to_vec()).map_err(|_| corrupt("configuration row key"))
}

/// The number in a part row.
pub(super) fn number_of_row(row: &[u8]) -> Result<u16> {
    let number = row
        .last_chunk::<2>()
        .ok_or_else(|| corrupt("part row key"))?;
    Ok(u16::from_be_bytes(*number))
}

/// The upload id in what follows the key of an upload row.
pub(super) fn upload_of_row(rest: &[u8]) -> Result<UploadId> {
    rest.try_into()
        .map(UploadId)
        .map_err(|_| corrupt("upload row key"))
}

/// A stored value that does not decode. The caller adds which object it belongs to.
pub(super) fn corrupt(what: &str) -> super::Error {
    super::Error::Engine(EngineError::corrupt(what))
}

const FORMAT: u8 = 1;

fn take_format(input: &mut &[u8]) -> Option<()> {
    (take_u8(input)? == FORMAT).then_some(())
}

pub(super) fn put_text(out: &mut Vec<u8>, text: &str) {
    put_bytes(out, text.as_bytes());
}

pub(super) fn take_text(input: &mut &[u8]) -> Option<String> {
    String::from_utf8(take_bytes(input)?.to_vec()).ok()
}

pub(super) fn put_optional_text(out: &mut Vec<u8>, text: Option<&str>) {
    out.push(u8::from(text.is_some()));
    if let Some(text) = text {
        put_text(out, text);
    }
}

pub(super) fn take_optional_text(input: &mut &[u8]) -> Option<Option<String>> {
    match take_u8(input)? {
        0 => Some(None),
        1 => Some(Some(take_text(input)?)),
        _ => None,
    }
}

pub(super) fn put_pairs(out: &mut Vec<u8>, pairs: &[(String, String)]) {
    put_varint(out, pairs.len() as u64);
    for (name, value) in pairs {
        put_text(out, name);
        put_text(out, value);
    }
}

pub(super) fn take_pairs(input: &mut &[u8]) -> Option<Vec<(String, String)>> {
    let count = take_small(input)?;
    // No reserve: a damaged count must not ask for memory.
    let mut pairs = Vec::new();
    for _ in 0..count {
        pairs.push((take_text(input)?, take_text(input)?));
    }
    Some(pairs)
}

pub(super) fn put_time(out: &mut Vec<u8>, time: Timestamp) {
    put_signed(out, time.0);
}

pub(super) fn take_time(input: &mut &[u8]) -> Option<Timestamp> {
    take_signed(input).map(Timestamp)
}

fn take_array<const N: usize>(input: &mut &[u8]) -> Option<[u8; N]> {
    take_exact(input, N)?.try_into().ok()
}

pub(super) fn put_sse(out: &mut Vec<u8>, sse: Option<&Sse>) {
    let Some(sse) = sse else {
        out.push(0);
        return;
    };
    out.push(1 + sse.algorithm.code());
    out.push(u8::from(sse.data_sm4));
    put_optional_text(out, sse.key_id.as_deref());
}

pub(super) fn take_sse(input: &mut &[u8]) -> Option<Option<Sse>> {
    let Some(code) = take_u8(input)?.checked_sub(1) else {
        return Some(None);
    };
    Some(Some(Sse {
        algorithm: SseAlgorithm::from_code(code)?,
        data_sm4: take_u8(input)? == 1,
        key_id: take_optional_text(input)?,
    }))
}

/// What an object carries that lists do not show.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Details {
    pub(super) headers: StoredHeaders,
    pub(super) tags: TagSet,
    pub(super) sse: Option<Sse>,
    pub(super) symlink_target: Option<ObjectKey>,
}

impl Details {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = vec![FORMAT];
        let h = &self.headers;
        let texts = [
            &h.content_type,
            &h.cache_control,
            &h.content_disposition,
            &h.content_encoding,
            &h.content_language,
            &h.expires,
        ];
        for text in texts {
            put_optional_text(&mut out, text.as_deref());
        }
        put_pairs(&mut out, &h.meta);
        put_pairs(&mut out, self.tags.pairs());
        put_sse(&mut out, self.sse.as_ref());
        put_optional_text(
            &mut out,
            self.symlink_target.as_ref().map(ObjectKey::as_str),
        );
        out
    }

    pub(super) fn decode(mut bytes: &[u8]) -> Result<Self> {
        Self::take(&mut bytes).ok_or_else(|| corrupt("object details"))
    }

    fn take(input: &mut &[u8]) -> Option<Self> {
        take_format(input)?;
        let headers = StoredHeaders {
            content_type: take_optional_text(input)?,
            cache_control: take_optional_text(input)?,
            content_disposition: take_optional_text(input)?,
            content_encoding: take_optional_text(input)?,
            content_language: take_optional_text(input)?,
            expires: take_optional_text(input)?,
            meta: take_pairs(input)?,
        };
        let tags = TagSet::from_stored(take_pairs(input)?);
        let sse = take_sse(input)?;
        let symlink_target = match take_optional_text(input)? {
            None => None,
            Some(text) => Some(ObjectKey::parse(&text).ok()?),
        };
        input.is_empty().then_some(Self {
            headers,
            tags,
            sse,
            symlink_target,
        })
    }
}

/// How the entity tag comes about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    /// MD5 of the bytes.
    Md5([u8; 16]),
    /// MD5 of the parts' MD5s, and how many.
    Parts([u8; 16], u32),
    /// R49: the CRC-64 and this moment, the last that changed the bytes.
    Changed(Timestamp),
}

/// A version that is an object or a symlink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) kind: ObjectType,
    pub(super) content: Content,
    pub(super) crc64: u64,
    pub(super) tag: Tag,
    pub(super) storage_class: StorageClass,
    pub(super) acl: ObjectAcl,
    pub(super) sealed: Option<Timestamp>,
    pub(super) restore: Option<Restore>,
    pub(super) retention: Option<Retention>,
    pub(super) legal_hold: Option<bool>,
    /// When a lifecycle rule last changed the class.
    pub(super) transitioned: Option<Timestamp>,
    /// Encoded [`Details`], last in the record and decoded only where they are needed.
    pub(super) details: Vec<u8>,
}

impl Stored {
    pub(super) fn etag(&self) -> ETag {
        match self.tag {
            Tag::Md5(md5) => ETag::of_md5(md5),
            Tag::Parts(md5, parts) => ETag::of_parts(md5, parts as usize),
            Tag::Changed(moment) => ETag::of_append(self.crc64, moment),
        }
    }

    pub(super) fn md5(&self) -> Option<[u8; 16]> {
        match self.tag {
            Tag::Md5(md5) if self.kind != ObjectType::Symlink => Some(md5),
            _ => None,
        }
    }
}

/// One version of a key: an object, a symlink, or a delete marker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    /// The place in the key's history: greater is newer.
    pub(super) sequence: u64,
    pub(super) id: VersionId,
    pub(super) modified: Timestamp,
    /// None for a delete marker.
    pub(super) stored: Option<Stored>,
}

const SEALED: u8 = 1;
const RESTORE: u8 = 2;
const RETENTION: u8 = 4;
const COMPLIANCE: u8 = 8;
const HOLD_KNOWN: u8 = 16;
const HOLD: u8 = 32;
const TRANSITIONED: u8 = 64;
const FLAGS: u8 = 127;

impl Record {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(160);
        out.push(FORMAT);
        out.push(
            self.stored
                .as_ref()
                .map_or(0, |stored| 1 + stored.kind.code()),
        );
        put_varint(&mut out, self.sequence);
        match &self.id {
            VersionId::Null => out.push(0),
            // The sequence of the id is the record's.
            VersionId::Real { random, .. } => {
                out.push(1);
                out.extend_from_slice(random);
            }
        }
        put_time(&mut out, self.modified);
        if let Some(stored) = &self.stored {
            put_stored(&mut out, stored);
        }
        out
    }

    pub(super) fn decode(mut row: &[u8]) -> Result<Self> {
        Self::take(&mut row).ok_or_else(|| corrupt("object record"))
    }

    /// Whether a row holds a delete marker, without reading the rest of it.
    pub(super) fn is_marker(row: &[u8]) -> bool {
        row.get(1) == Some(&0)
    }

    fn take(input: &mut &[u8]) -> Option<Self> {
        take_format(input)?;
        let kind = match take_u8(input)?.checked_sub(1) {
            None => None,
            Some(code) => Some(ObjectType::from_code(code)?),
        };
        let sequence = take_varint(input)?;
        let id = match take_u8(input)? {
            0 => VersionId::Null,
            1 => VersionId::Real {
                sequence,
                random: take_array(input)?,
            },
            _ => return None,
        };
        let modified = take_time(input)?;
        let stored = match kind {
            None => None,
            Some(kind) => Some(take_stored(input, kind)?),
        };
        input.is_empty().then_some(Self {
            sequence,
            id,
            modified,
            stored,
        })
    }
}

fn put_stored(out: &mut Vec<u8>, stored: &Stored) {
    let compliance = stored
        .retention
        .is_some_and(|r| r.mode == RetentionMode::Compliance);
    let flag = |set: bool, bit: u8| if set { bit } else { 0 };
    out.push(
        flag(stored.sealed.is_some(), SEALED)
            | flag(stored.restore.is_some(), RESTORE)
            | flag(stored.retention.is_some(), RETENTION)
            | flag(compliance, COMPLIANCE)
            | flag(stored.legal_hold.is_some(), HOLD_KNOWN)
            | flag(stored.legal_hold == Some(true), HOLD)
            | flag(stored.transitioned.is_some(), TRANSITIONED),
    );
    stored.content.encode(out);
    out.extend_from_slice(&stored.crc64.to_le_bytes());
    match stored.tag {
        Tag::Md5(md5) => {
            out.push(0);
            out.extend_from_slice(&md5);
        }
        Tag::Parts(md5, parts) => {
            out.push(1);
            out.extend_from_slice(&md5);
            put_varint(out, u64::from(parts));
        }
        Tag::Changed(moment) => {
            out.push(2);
            put_time(out, moment);
        }
    }
    out.push(stored.storage_class.code());
    out.push(stored.acl.code());
    if let Some(sealed) = stored.sealed {
        put_time(out, sealed);
    }
    if let Some(restore) = stored.restore {
        put_time(out, restore.ready);
        put_time(out, restore.expires);
    }
    if let Some(retention) = stored.retention {
        put_time(out, retention.until);
    }
    if let Some(transitioned) = stored.transitioned {
        put_time(out, transitioned);
    }
    put_bytes(out, &stored.details);
}

fn take_stored(input: &mut &[u8], kind: ObjectType) -> Option<Stored> {
    let flags = take_u8(input)?;
    if flags & !FLAGS != 0 {
        return None;
    }
    let content = Content::decode(input).ok()?;
    let crc64 = u64::from_le_bytes(take_array(input)?);
    let tag = match take_u8(input)? {
        0 => Tag::Md5(take_array(input)?),
        1 => Tag::Parts(take_array(input)?, take_small(input)?),
        2 => Tag::Changed(take_time(input)?),
        _ => return None,
    };
    let storage_class = StorageClass::from_code(take_u8(input)?)?;
    let acl = ObjectAcl::from_code(take_u8(input)?)?;
    let sealed = match flags & SEALED {
        0 => None,
        _ => Some(take_time(input)?),
    };
    let restore = match flags & RESTORE {
        0 => None,
        _ => Some(Restore {
            ready: take_time(input)?,
            expires: take_time(input)?,
        }),
    };
    let retention = match flags & RETENTION {
        0 => None,
        _ => Some(Retention {
            mode: if flags & COMPLIANCE == 0 {
                RetentionMode::Governance
            } else {
                RetentionMode::Compliance
            },
            until: take_time(input)?,
        }),
    };
    let transitioned = match flags & TRANSITIONED {
        0 => None,
        _ => Some(take_time(input)?),
    };
    Some(Stored {
        kind,
        content,
        crc64,
        tag,
        storage_class,
        acl,
        sealed,
        restore,
        retention,
        legal_hold: (flags & HOLD_KNOWN != 0).then_some(flags & HOLD != 0),
        transitioned,
        details: take_bytes(input)?.to_vec(),
    })
}

/// The row that says where among the older versions the null version is.
pub(super) fn encode_sequence(sequence: u64) -> Vec<u8> {
    let mut out = vec![FORMAT];
    put_varint(&mut out, sequence);
    out
}

pub(super) fn decode_sequence(mut row: &[u8]) -> Result<u64> {
    let input = &mut row;
    take_format(input)
        .and_then(|()| take_varint(input))
        .ok_or_else(|| corrupt("null version row"))
}

/// An unfinished upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UploadRecord {
    pub(super) initiated: Timestamp,
    pub(super) sequential: bool,
    pub(super) storage_class: StorageClass,
    /// Encoded [`Details`], last in the record and decoded only where they are needed.
    pub(super) details: Vec<u8>,
}

impl UploadRecord {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = vec![FORMAT, u8::from(self.sequential), self.storage_class.code()];
        put_time(&mut out, self.initiated);
        put_bytes(&mut out, &self.details);
        out
    }

    pub(super) fn decode(mut row: &[u8]) -> Result<Self> {
        Self::take(&mut row).ok_or_else(|| corrupt("upload record"))
    }

    fn take(input: &mut &[u8]) -> Option<Self> {
        take_format(input)?;
        let sequential = take_u8(input)? == 1;
        let storage_class = StorageClass::from_code(take_u8(input)?)?;
        let (initiated, details) = (take_time(input)?, take_bytes(input)?.to_vec());
        input.is_empty().then_some(Self {
            initiated,
            sequential,
            storage_class,
            details,
        })
    }
}

/// A part of an unfinished upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PartRecord {
    pub(super) content: Content,
    pub(super) md5: [u8; 16],
    pub(super) crc64: u64,
    pub(super) modified: Timestamp,
}

impl PartRecord {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = vec![FORMAT];
        self.content.encode(&mut out);
        out.extend_from_slice(&self.md5);
        out.extend_from_slice(&self.crc64.to_le_bytes());
        put_time(&mut out, self.modified);
        out
    }

    pub(super) fn decode(mut row: &[u8]) -> Result<Self> {
        Self::take(&mut row).ok_or_else(|| corrupt("part record"))
    }

    fn take(input: &mut &[u8]) -> Option<Self> {
        take_format(input)?;
        let content = Content::decode(input).ok()?;
        let (md5, crc64) = (take_array(input)?, u64::from_le_bytes(take_array(input)?));
        let modified = take_time(input)?;
        input.is_empty().then_some(Self {
            content,
            md5,
            crc64,
            modified,
        })
    }
}
