//! Versions: their ids, their history, their listing.

use super::bucket::Bucket;
use super::list::ListedObject;
use super::{Result, Store};
use crate::domain::ids::IdSource;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use std::fmt;

/// Names one version of a key.
///
/// The text of a real id is opaque to clients. It carries the version's place in the order, so that a version is
/// found by its id without searching, and 128 random bits, so that an id can not be guessed from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VersionId {
    /// The version that a bucket without versioning, or with versioning suspended, writes.
    Null,
    /// A version written while versioning was enabled.
    Real {
        /// The place in the order: greater is newer.
        sequence: u64,
        /// What makes the id unguessable.
        random: [u8; 16],
    },
}

/// The fields in front of the sequence, the tag in front of the random part: the shape of the service's ids.
const ID_HEAD: [u8; 5] = [0x08, 0x01, 0x10, 0x36, 0x18];
const ID_TAIL: [u8; 2] = [0x22, 0x20];
const SEQUENCE_BYTES: usize = 9;
const ID_BYTES: usize = ID_HEAD.len() + SEQUENCE_BYTES + ID_TAIL.len() + 32;

impl VersionId {
    pub(super) fn new(sequence: u64, ids: &dyn IdSource) -> Self {
        let mut random = [0; 16];
        ids.fill(&mut random);
        Self::Real { sequence, random }
    }

    /// Reads the text of `versionId`; none for text that no version can have.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "null" {
            return Some(Self::Null);
        }
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        let bytes: [u8; ID_BYTES] = bytes.try_into().ok()?;
        let rest = bytes.strip_prefix(&ID_HEAD)?;
        let (digits, rest) = rest.split_at_checked(SEQUENCE_BYTES)?;
        let mut sequence = 0u64;
        for (at, digit) in digits.iter().enumerate() {
            let more = at + 1 < SEQUENCE_BYTES;
            if (digit & 0x80 != 0) != more {
                return None;
            }
            sequence |= u64::from(digit & 0x7F) << (7 * at);
        }
        let mut random = [0; 16];
        hex::decode_to_slice(rest.strip_prefix(&ID_TAIL)?, &mut random).ok()?;
        let id = Self::Real { sequence, random };
        // One version has one text: upper-case hex would be a second one.
        (id.to_string() == text).then_some(id)
    }

    /// Whether this is the null version.
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }
}

impl fmt::Display for VersionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Real { sequence, random } = self else {
            return f.write_str("null");
        };
        let mut bytes = Vec::with_capacity(ID_BYTES);
        bytes.extend_from_slice(&ID_HEAD);
        for at in 0..SEQUENCE_BYTES {
            let more = if at + 1 < SEQUENCE_BYTES { 0x80 } else { 0 };
            bytes.push((sequence >> (7 * at)) as u8 & 0x7F | more);
        }
        bytes.extend_from_slice(&ID_TAIL);
        bytes.extend_from_slice(hex::encode(random).as_bytes());
        f.write_str(&BASE64_URL_SAFE_NO_PAD.encode(bytes))
    }
}

/// What to list of a bucket's versions.
#[derive(Debug, Clone, Default)]
pub struct VersionQuery {
    /// Only keys that start with this.
    pub prefix: String,
    /// Keys after this one; with `version_marker` also the rest of this key.
    pub key_marker: Option<String>,
    /// The last version of `key_marker` that was listed.
    pub version_marker: Option<VersionId>,
    /// Folds keys into common prefixes.
    pub delimiter: Option<String>,
    /// Most entries, 1 to 1000.
    pub max: usize,
}

/// One entry of a listing of versions, in list order.
#[derive(Debug, Clone)]
pub enum ListedVersion {
    /// A version with bytes, or a symlink.
    Object(ListedObject),
    /// A delete marker: only key, version, time and `is_latest` mean anything.
    DeleteMarker(ListedObject),
}

/// A page of versions.
#[derive(Debug, Clone, Default)]
pub struct VersionListing {
    /// Versions and markers: keys ascending, newest first within a key.
    pub entries: Vec<ListedVersion>,
    /// Common prefixes, ascending.
    pub prefixes: Vec<String>,
    /// Where the next page starts, if there is one: the last entry's key and version (none after a prefix).
    pub next: Option<(String, Option<VersionId>)>,
}

impl Store {
    /// Lists versions and delete markers.
    pub fn list_versions(&self, bucket: &Bucket, query: &VersionQuery) -> Result<VersionListing> {
        todo!()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_one_text() {
        for sequence in [0, 1, 127, 128, u64::from(u32::MAX), (1 << 63) - 1] {
            let id = VersionId::Real {
                sequence,
                random: [0xA7; 16],
            };
            let text = id.to_string();
            assert_eq!(text.len(), 64);
            assert!(text.starts_with("CAEQNhi"), "{text}");
            assert_eq!(VersionId::parse(&text), Some(id));
        }
        assert_eq!(VersionId::parse("null"), Some(VersionId::Null));
        let text = VersionId::Real {
            sequence: 5,
            random: [0xA7; 16],
        }
        .to_string();
        let mut changed = BASE64_URL_SAFE_NO_PAD.decode(&text).unwrap_or_default();
        changed.make_ascii_uppercase();
        for bad in [
            "",
            "NULL",
            "x",
            &text[1..],
            &format!("{text}A"),
            &BASE64_URL_SAFE_NO_PAD.encode(changed),
        ] {
            assert_eq!(VersionId::parse(bad), None, "{bad}");
        }
    }
}
