//! ListObjects and its relatives: pages of keys in byte order, folded at a delimiter by seeking past each prefix.

use super::bucket::Bucket;
use super::change::named;
use super::engine::View;
use super::record::{self, Family, Record};
use super::version::VersionId;
use super::{Result, Store};
use crate::domain::etag::ETag;
use crate::domain::object::{ObjectType, Restore, StorageClass};
use crate::domain::time::Timestamp;
use bytes::Bytes;
use std::collections::VecDeque;
use std::ops::Bound;

/// What to list.
#[derive(Debug, Clone, Default)]
pub struct ListQuery {
    /// Only keys that start with this.
    pub prefix: String,
    /// Only keys after this; inside a common prefix it skips that prefix.
    pub after: Option<String>,
    /// Folds keys into common prefixes; empty is none.
    pub delimiter: Option<String>,
    /// Most keys and prefixes together, 1 to 1000.
    pub max: usize,
}

/// An object or version in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedObject {
    /// The key.
    pub key: String,
    /// The version's id, `Null` where the bucket never had versioning.
    pub version: VersionId,
    /// Whether it is the key's current version.
    pub is_latest: bool,
    /// How it came to be.
    pub kind: ObjectType,
    /// Length in bytes.
    pub len: u64,
    /// The entity tag.
    pub etag: ETag,
    /// `LastModified`.
    pub modified: Timestamp,
    /// The class.
    pub storage_class: StorageClass,
    /// The simulated restore, if its copy has not gone away.
    pub restore: Option<Restore>,
    /// When a lifecycle rule last changed the storage class.
    pub transitioned: Option<Timestamp>,
}

/// A page of objects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// Current objects, ascending.
    pub objects: Vec<ListedObject>,
    /// Common prefixes, ascending.
    pub prefixes: Vec<String>,
    /// The last key or prefix of the page, if more follow: the next page's `after`.
    pub next: Option<String>,
}

/// How keys fold into common prefixes.
pub(super) struct Folds<'q> {
    prefix: &'q str,
    delimiter: Option<&'q str>,
}

impl<'q> Folds<'q> {
    pub(super) fn new(prefix: &'q str, delimiter: Option<&'q String>) -> Self {
        let delimiter = delimiter
            .map(String::as_str)
            .filter(|delimiter| !delimiter.is_empty());
        Self { prefix, delimiter }
    }

    /// The common prefix of a key, if it has one: up to and with the first delimiter after the prefix.
    pub(super) fn common<'k>(&self, key: &'k str) -> Option<&'k str> {
        let rest = key.strip_prefix(self.prefix)?;
        let delimiter = self.delimiter?;
        let end = self.prefix.len() + rest.find(delimiter)? + delimiter.len();
        key.get(..end)
    }

    pub(super) fn folds(&self) -> bool {
        self.delimiter.is_some()
    }
}

/// Rows of one family in ascending order, fetched in slices, able to jump.
pub(super) struct Walk<'s> {
    store: &'s Store,
    start: Bound<Vec<u8>>,
    end: Option<Vec<u8>>,
    slice: VecDeque<(Bytes, Bytes)>,
    /// Rows of the next slice: doubles while nothing is skipped.
    rows: usize,
    rows_max: usize,
    done: bool,
}

impl<'s> Walk<'s> {
    /// The rows that start with `prefix` and lie after `after`.
    pub(super) fn new(
        store: &'s Store,
        prefix: Vec<u8>,
        after: Option<Vec<u8>>,
        first: usize,
    ) -> Self {
        let end = record::after_prefix(prefix.clone());
        let start = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix),
        };
        Self {
            store,
            start,
            end,
            slice: VecDeque::new(),
            rows: first,
            rows_max: 1024,
            done: false,
        }
    }

    /// Jumps over all rows that start with `prefix`, from where the walk is.
    pub(super) fn skip(&mut self, prefix: Vec<u8>) {
        let Some(next) = record::after_prefix(prefix) else {
            self.done = true;
            return;
        };
        while self
            .slice
            .front()
            .is_some_and(|(row, _)| row.as_ref() < next.as_slice())
        {
            self.slice.pop_front();
        }
        if self.slice.is_empty() {
            self.rows = 16;
        }
        let behind = match &self.start {
            Bound::Included(start) | Bound::Excluded(start) => *start < next,
            Bound::Unbounded => true,
        };
        if behind {
            self.start = Bound::Included(next);
        }
    }

    fn fill(&mut self) -> Result<()> {
        if self.done || !self.slice.is_empty() {
            return Ok(());
        }
        let start = self.start.as_ref().map(Vec::as_slice);
        let (Bound::Included(from) | Bound::Excluded(from)) = start else {
            return Ok(());
        };
        let Some(end) = self.end.as_deref().filter(|end| from < *end) else {
            self.done = true;
            return Ok(());
        };
        let rows = self.store.inner.engine.scan(
            View::Committed,
            start,
            Bound::Excluded(end),
            self.rows,
        )?;
        match rows.last() {
            Some((last, _)) => self.start = Bound::Excluded(last.to_vec()),
            None => self.done = true,
        }
        self.rows = (self.rows * 2).min(self.rows_max);
        self.slice = rows.into();
        Ok(())
    }

    pub(super) fn peek(&mut self) -> Result<Option<&(Bytes, Bytes)>> {
        self.fill()?;
        Ok(self.slice.front())
    }

    pub(super) fn next(&mut self) -> Result<Option<(Bytes, Bytes)>> {
        self.fill()?;
        Ok(self.slice.pop_front())
    }
}

impl Store {
    /// Lists current objects; delete markers do not show. Costs O(page), but for runs of delete markers.
    pub fn list_objects(&self, bucket: &Bucket, query: &ListQuery) -> Result<Listing> {
        let keys = self.keys();
        let folds = Folds::new(&query.prefix, query.delimiter.as_ref());
        let after = query.after.as_deref();
        let first = if folds.folds() {
            16
        } else {
            query.max.saturating_add(1).min(1024)
        };
        let mut walk = Walk::new(
            self,
            keys.prefixed(Family::Objects, bucket.id, &query.prefix),
            after.map(|after| keys.object_text(bucket.id, after)),
            first,
        );
        if let Some(common) = after.and_then(|after| folds.common(after)) {
            walk.skip(keys.prefixed(Family::Objects, bucket.id, common));
        }
        let mut page = Listing::default();
        let mut last = None;
        while let Some((row, value)) = walk.next()? {
            if Record::is_marker(&value) {
                continue;
            }
            if page.objects.len() + page.prefixes.len() >= query.max {
                page.next = last;
                break;
            }
            let (key, _) = record::key_of_row(&row)?;
            if let Some(common) = folds.common(&key) {
                walk.skip(keys.prefixed(Family::Objects, bucket.id, common));
                last = Some(common.to_owned());
                page.prefixes.push(common.to_owned());
                continue;
            }
            let record = Record::decode(&value).map_err(|error| named(error, bucket, &key))?;
            if let Some(listed) = self.listed(&key, &record, true) {
                page.objects.push(listed);
            }
            last = Some(key);
        }
        Ok(page)
    }

    /// A record as lists show it; none for a delete marker.
    pub(super) fn listed(
        &self,
        key: &str,
        record: &Record,
        is_latest: bool,
    ) -> Option<ListedObject> {
        let stored = record.stored.as_ref()?;
        let now = self.inner.clock.now();
        Some(ListedObject {
            key: key.to_owned(),
            version: record.id,
            is_latest,
            kind: stored.kind,
            len: stored.content.len(),
            etag: stored.etag(),
            modified: record.modified,
            storage_class: stored.storage_class,
            restore: stored.restore.filter(|restore| now < restore.expires),
            transitioned: stored.transitioned,
        })
    }
}
