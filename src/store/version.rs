//! Versions: their ids, their history, their listing.

use super::bucket::Bucket;
use super::change::named;
use super::engine::View;
use super::list::{Folds, ListedObject, Walk};
use super::record::{self, Family, Record};
use super::{Result, Store};
use crate::domain::ids::IdSource;
use crate::domain::name::ObjectKey;
use crate::domain::time::Timestamp;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
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
            bytes.push((sequence >> (7 * at)).to_le_bytes()[0] & 0x7F | more);
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

/// A delete marker in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedMarker {
    /// The key.
    pub key: String,
    /// The marker's id.
    pub version: VersionId,
    /// Whether it hides the key now.
    pub is_latest: bool,
    /// When it was made.
    pub modified: Timestamp,
}

/// One entry of a listing of versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListedVersion {
    /// A version with bytes, or a symlink.
    Object(ListedObject),
    /// A delete marker.
    DeleteMarker(ListedMarker),
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
        let keys = self.keys();
        let folds = Folds::new(&query.prefix, query.delimiter.as_ref());
        let (mut current, mut older) = self.version_walks(bucket, query)?;
        if let Some(common) = query
            .key_marker
            .as_deref()
            .and_then(|marker| folds.common(marker))
        {
            current.skip(keys.prefixed(Family::Objects, bucket.id, common));
            older.skip(keys.prefixed(Family::Versions, bucket.id, common));
        }
        let mut page = VersionListing::default();
        let mut last = None;
        loop {
            // The current version is read before the older ones: one that is superseded meanwhile shows twice
            // rather than never.
            let next = match (key_of(current.peek()?)?, key_of(older.peek()?)?) {
                (None, None) => return Ok(page),
                (Some(key), None) => (key, true),
                (None, Some(key)) => (key, false),
                (Some(a), Some(b)) if a <= b => (a, true),
                (Some(_), Some(b)) => (b, false),
            };
            let (key, is_latest) = next;
            if page.entries.len() + page.prefixes.len() >= query.max {
                page.next = last;
                return Ok(page);
            }
            if let Some(common) = folds.common(&key) {
                current.skip(keys.prefixed(Family::Objects, bucket.id, common));
                older.skip(keys.prefixed(Family::Versions, bucket.id, common));
                last = Some((common.to_owned(), None));
                page.prefixes.push(common.to_owned());
                continue;
            }
            let row = if is_latest {
                current.next()?
            } else {
                older.next()?
            };
            let Some((_, value)) = row else {
                return Ok(page);
            };
            let record = Record::decode(&value).map_err(|error| named(error, bucket, &key))?;
            if last
                .as_ref()
                .is_some_and(|(k, id)| *k == key && *id == Some(record.id))
            {
                continue;
            }
            last = Some((key.clone(), Some(record.id)));
            page.entries
                .push(match self.listed(&key, &record, is_latest) {
                    Some(object) => ListedVersion::Object(object),
                    None => ListedVersion::DeleteMarker(ListedMarker {
                        key,
                        version: record.id,
                        is_latest,
                        modified: record.modified,
                    }),
                });
        }
    }

    /// Walks over current and older versions from where the query's markers point.
    fn version_walks(&self, bucket: &Bucket, query: &VersionQuery) -> Result<(Walk<'_>, Walk<'_>)> {
        let keys = self.keys();
        let first = query.max.saturating_add(1).min(128);
        let marker = query.key_marker.as_deref();
        let after_current = marker.map(|key| keys.object_text(bucket.id, key));
        let after_older = match (marker, &query.version_marker) {
            (None, _) => None,
            // Without a version, or with one that has no place any more: after all versions of the key.
            (Some(key), None) => Some(keys.version_text(bucket.id, key, 0)),
            (Some(key), Some(version)) => {
                let sequence = self.sequence_of(bucket, key, version)?.unwrap_or(0);
                Some(keys.version_text(bucket.id, key, sequence))
            }
        };
        let prefix = |family| keys.prefixed(family, bucket.id, &query.prefix);
        Ok((
            Walk::new(self, prefix(Family::Objects), after_current, first),
            Walk::new(self, prefix(Family::Versions), after_older, first),
        ))
    }

    /// The place of a version in its key's history.
    fn sequence_of(&self, bucket: &Bucket, key: &str, version: &VersionId) -> Result<Option<u64>> {
        match version {
            VersionId::Real { sequence, .. } => Ok(Some(*sequence)),
            VersionId::Null => {
                let Ok(key) = ObjectKey::parse(key) else {
                    return Ok(None);
                };
                let get = |row: &[u8]| Ok(self.inner.engine.get(View::Committed, row)?);
                let found = self.find_version(get, bucket, &key, Some(version))?;
                Ok(found.map(|found| found.record.sequence))
            }
        }
    }
}

fn key_of(row: Option<&(Bytes, Bytes)>) -> Result<Option<String>> {
    row.map(|(row, _)| Ok(record::key_of_row(row)?.0))
        .transpose()
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
            assert!(text.starts_with("CAEQNh"), "{text}");
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
