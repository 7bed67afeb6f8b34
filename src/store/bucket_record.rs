//! The record of a bucket.

#![allow(clippy::option_option)] // outer: whether it decodes; inner: the value

use super::bucket::{Bucket, BucketSettings, DefaultRetention, ObjectWorm, RetentionPeriod, Worm};
use super::codec::{put_varint, take_small, take_u8, take_varint};
use super::error::Result;
use super::object::RetentionMode;
use super::record::{
    corrupt, put_optional_text, put_pairs, put_sse, put_text, put_time, take_optional_text,
    take_pairs, take_sse, take_text, take_time,
};
use crate::domain::bucket::{BucketAcl, Redundancy, Versioning};
use crate::domain::name::BucketName;
use crate::domain::object::StorageClass;
use crate::domain::tags::TagSet;
use bytes::Bytes;

const FORMAT: u8 = 1;

const ACLS: [BucketAcl; 3] = [
    BucketAcl::Private,
    BucketAcl::PublicRead,
    BucketAcl::PublicReadWrite,
];
const REDUNDANCIES: [Redundancy; 2] = [Redundancy::Lrs, Redundancy::Zrs];
const VERSIONINGS: [Versioning; 3] = [Versioning::Off, Versioning::Enabled, Versioning::Suspended];

/// The place of a value among all values: its stored code.
fn put_code<T: PartialEq>(out: &mut Vec<u8>, all: &[T], value: &T) {
    let code = all
        .iter()
        .position(|other| other == value)
        .unwrap_or_default();
    out.push(u8::try_from(code).unwrap_or_default());
}

fn take_code<T: Copy>(input: &mut &[u8], all: &[T]) -> Option<T> {
    all.get(usize::from(take_u8(input)?)).copied()
}

fn put_flag(out: &mut Vec<u8>, flag: bool) {
    out.push(u8::from(flag));
}

fn take_flag(input: &mut &[u8]) -> Option<bool> {
    match take_u8(input)? {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    }
}

fn put_optional_flag(out: &mut Vec<u8>, flag: Option<bool>) {
    out.push(flag.map_or(0, |flag| 1 + u8::from(flag)));
}

fn take_optional_flag(input: &mut &[u8]) -> Option<Option<bool>> {
    match take_u8(input)? {
        0 => Some(None),
        1 => Some(Some(false)),
        2 => Some(Some(true)),
        _ => None,
    }
}

impl Bucket {
    /// The row; the name is its key.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = vec![FORMAT];
        put_varint(&mut out, self.id);
        put_text(&mut out, &self.owner);
        put_time(&mut out, self.created);
        let s = &self.settings;
        put_code(&mut out, &ACLS, &s.acl);
        out.push(s.storage_class.code());
        put_code(&mut out, &REDUNDANCIES, &s.redundancy);
        put_optional_text(&mut out, s.resource_group_id.as_deref());
        put_code(&mut out, &VERSIONINGS, &s.versioning);
        put_flag(&mut out, s.requester_pays);
        put_optional_flag(&mut out, s.public_access_block);
        put_flag(&mut out, s.access_monitor);
        put_optional_flag(&mut out, s.transfer_acceleration);
        put_flag(&mut out, s.hierarchical);
        put_sse(&mut out, s.encryption.as_ref());
        put_pairs(&mut out, s.tags.pairs());
        put_worm(&mut out, s.worm.as_ref());
        put_object_worm(&mut out, s.object_worm.as_ref());
        out
    }

    pub(super) fn decode(name: BucketName, row: &Bytes) -> Result<Self> {
        let mut bytes = row.as_ref();
        let input = &mut bytes;
        Self::take(name, row, input).ok_or_else(|| corrupt("bucket record"))
    }

    fn take(name: BucketName, row: &Bytes, input: &mut &[u8]) -> Option<Self> {
        if take_u8(input)? != FORMAT {
            return None;
        }
        let (id, owner, created) = (take_varint(input)?, take_text(input)?, take_time(input)?);
        let settings = BucketSettings {
            acl: take_code(input, &ACLS)?,
            storage_class: StorageClass::from_code(take_u8(input)?)?,
            redundancy: take_code(input, &REDUNDANCIES)?,
            resource_group_id: take_optional_text(input)?,
            versioning: take_code(input, &VERSIONINGS)?,
            requester_pays: take_flag(input)?,
            public_access_block: take_optional_flag(input)?,
            access_monitor: take_flag(input)?,
            transfer_acceleration: take_optional_flag(input)?,
            hierarchical: take_flag(input)?,
            encryption: take_sse(input)?,
            tags: TagSet::from_stored(take_pairs(input)?),
            worm: take_worm(input)?,
            object_worm: take_object_worm(input)?,
        };
        input.is_empty().then(|| Self {
            id,
            row: row.clone(),
            name,
            owner,
            created,
            settings,
        })
    }
}

fn put_worm(out: &mut Vec<u8>, worm: Option<&Worm>) {
    put_flag(out, worm.is_some());
    if let Some(worm) = worm {
        put_text(out, &worm.id);
        put_varint(out, u64::from(worm.days));
        put_time(out, worm.created);
        put_flag(out, worm.locked);
    }
}

fn take_worm(input: &mut &[u8]) -> Option<Option<Worm>> {
    if !take_flag(input)? {
        return Some(None);
    }
    Some(Some(Worm {
        id: take_text(input)?,
        days: take_small(input)?,
        created: take_time(input)?,
        locked: take_flag(input)?,
    }))
}

fn put_object_worm(out: &mut Vec<u8>, worm: Option<&ObjectWorm>) {
    let Some(worm) = worm else {
        out.push(0);
        return;
    };
    let Some(default) = worm.default else {
        out.push(1);
        return;
    };
    out.push(2);
    put_flag(out, default.mode == RetentionMode::Compliance);
    let (years, count) = match default.period {
        RetentionPeriod::Days(days) => (false, days),
        RetentionPeriod::Years(years) => (true, years),
    };
    put_flag(out, years);
    put_varint(out, u64::from(count));
}

fn take_object_worm(input: &mut &[u8]) -> Option<Option<ObjectWorm>> {
    Some(match take_u8(input)? {
        0 => None,
        1 => Some(ObjectWorm { default: None }),
        2 => {
            let mode = if take_flag(input)? {
                RetentionMode::Compliance
            } else {
                RetentionMode::Governance
            };
            let years = take_flag(input)?;
            let count = take_small(input)?;
            let period = if years {
                RetentionPeriod::Years(count)
            } else {
                RetentionPeriod::Days(count)
            };
            Some(ObjectWorm {
                default: Some(DefaultRetention { mode, period }),
            })
        }
        _ => return None,
    })
}
