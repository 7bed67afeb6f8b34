//! Buckets: creation, settings, configuration documents, retention policies, statistics.

use super::change::{Change, DAY};
use super::engine::{Batch, Commit, EngineError, View};
use super::lock::BucketGuards;
use super::object::RetentionMode;
use super::record::{self, Family, Keys, PartRecord, Record};
use super::{Error, Result, Store};
use crate::domain::bucket::{
    BucketAcl, BucketOptions, DEFAULT_RESOURCE_GROUP, Redundancy, Versioning,
};
use crate::domain::name::BucketName;
use crate::domain::object::{Sse, StorageClass};
use crate::domain::tags::TagSet;
use crate::domain::time::Timestamp;
use bytes::Bytes;
use std::ops::Bound;
use std::sync::Arc;

/// A bucket as it was when it was looked up. Writes check it again under their locks.
#[derive(Debug, Clone)]
pub struct Bucket {
    pub(super) id: u64,
    /// The row it was read from: a write that finds the same row need not decode it again.
    pub(super) row: Bytes,
    /// The name.
    pub name: BucketName,
    /// The owner's uid.
    pub owner: String,
    /// When it was created.
    pub created: Timestamp,
    /// What can be changed about it.
    pub settings: BucketSettings,
}

/// What can be changed about a bucket, besides its configuration documents.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BucketSettings {
    /// Access of others.
    pub acl: BucketAcl,
    /// Class of objects that name none.
    pub storage_class: StorageClass,
    /// Recorded and answered.
    pub redundancy: Redundancy,
    /// Recorded and answered.
    pub resource_group_id: Option<String>,
    /// The state of versioning. Can not go back to Off, nor leave Off beside a retention policy.
    pub versioning: Versioning,
    /// `Payer` is `Requester`.
    pub requester_pays: bool,
    /// Public ACLs are refused and ignored, once it was set to true. A bucket where it never was reports true and
    /// enforces nothing: SDK suites need both (clients.md §3).
    pub public_access_block: Option<bool>,
    /// `AccessMonitor` is `Enabled`.
    pub access_monitor: bool,
    /// `TransferAcceleration`, once it was set.
    pub transfer_acceleration: Option<bool>,
    /// Created with `x-oss-hns-status: enabled`.
    pub hierarchical: bool,
    /// Encryption marks of objects that name none (R31).
    pub encryption: Option<Sse>,
    /// The bucket's tags.
    pub tags: TagSet,
    /// The retention policy; see [`Bucket::worm`] for the one in force.
    pub worm: Option<Worm>,
    /// Object retention.
    pub object_worm: Option<ObjectWorm>,
}

/// A retention policy of a bucket (operations.md section D).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worm {
    /// `WormId`.
    pub id: String,
    /// `RetentionPeriodInDays`.
    pub days: u32,
    /// `CreationDate`.
    pub created: Timestamp,
    /// `State` is `Locked`; else `InProgress`, which lapses after 24 hours.
    pub locked: bool,
}

/// Object retention of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObjectWorm {
    /// What new objects get, if anything.
    pub default: Option<DefaultRetention>,
}

/// The retention that new objects get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DefaultRetention {
    /// How strict.
    pub mode: RetentionMode,
    /// How long.
    pub period: RetentionPeriod,
}

/// `Days` or `Years` of a default retention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetentionPeriod {
    /// Days.
    Days(u32),
    /// Years, of 365 days.
    Years(u32),
}

impl BucketSettings {
    /// The resource group; the account's default one where none was named.
    pub fn resource_group(&self) -> &str {
        let id = self.resource_group_id.as_deref();
        id.unwrap_or(DEFAULT_RESOURCE_GROUP)
    }
}

impl Bucket {
    /// The retention policy in force at `now`: one in progress lapses after 24 hours.
    pub fn worm(&self, now: Timestamp) -> Option<&Worm> {
        self.settings.worm.as_ref().filter(|worm| worm.holds(now))
    }
}

impl Worm {
    fn holds(&self, now: Timestamp) -> bool {
        self.locked || now < self.created.plus_millis(DAY)
    }
}

/// What `create_bucket` found.
#[derive(Debug, Clone)]
pub enum Creation {
    /// It was created.
    New(Arc<Bucket>),
    /// The owner had it already; only a given ACL was applied.
    AlreadyOwned(Arc<Bucket>),
}

/// Which buckets to list.
#[derive(Debug, Clone, Default)]
pub struct BucketListQuery {
    /// The owner's uid.
    pub owner: String,
    /// Only names that start with this.
    pub prefix: String,
    /// Only names after this.
    pub marker: String,
    /// Most buckets, 1 to 1000.
    pub max: usize,
    /// Only buckets with all of these tags; an absent value matches any.
    pub tags: Vec<(String, Option<String>)>,
    /// Only buckets of this resource group.
    pub resource_group_id: Option<String>,
}

/// A page of buckets, sorted by name.
#[derive(Debug, Clone, Default)]
pub struct BucketPage {
    /// The buckets.
    pub buckets: Vec<Arc<Bucket>>,
    /// The last name of the page, if more follow.
    pub next: Option<String>,
}

/// Objects and bytes of one storage class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ClassStat {
    /// Objects, all versions.
    pub objects: u64,
    /// Bytes.
    pub bytes: u64,
}

/// What a bucket holds, by class in the order of `StorageClass::ALL`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BucketStat {
    /// By class.
    pub classes: [ClassStat; 5],
    /// Delete markers, current and older.
    pub delete_markers: u64,
    /// Unfinished uploads.
    pub uploads: u64,
    /// Parts of unfinished uploads.
    pub parts: u64,
    /// Bytes of those parts.
    pub part_bytes: u64,
    /// Live channels.
    pub live_channels: u64,
}

/// What the kinds of live channels start with. Unlike other configuration they keep a bucket from being deleted
/// (operations.md section G).
pub const LIVE_CHANNELS: &str = "live/";

/// Longest configuration document in bytes: lifecycle rules come in up to 2 MiB and get ids.
pub const CONFIG_MAX: usize = 3 * 1024 * 1024;

/// Rows read at a time where a whole bucket is walked.
const SLICE: usize = 1024;

/// Longest retention period in days.
const WORM_DAYS_MAX: u32 = 25_550;

/// A write to a bucket itself: nobody else writes to it or creates buckets meanwhile.
struct BucketChange<'s> {
    batch: Batch<'s>,
    guards: BucketGuards<'s>,
    bucket: Option<Bucket>,
}

impl BucketChange<'_> {
    fn existing(&self) -> Result<Bucket> {
        self.bucket.clone().ok_or(Error::NoSuchBucket)
    }

    fn put(&mut self, keys: Keys, mut bucket: Bucket) -> Arc<Bucket> {
        bucket.row = bucket.encode().into();
        self.batch
            .put(keys.bucket(bucket.name.as_str()), bucket.row.clone());
        Arc::new(bucket)
    }

    fn submit(self) -> Commit {
        let Self { batch, guards, .. } = self;
        let commit = batch.submit();
        drop(guards);
        commit
    }
}

impl Store {
    fn bucket_row(&self, view: View, name: &BucketName) -> Result<Option<Bucket>> {
        let row = self
            .inner
            .engine
            .get(view, &self.keys().bucket(name.as_str()))?;
        row.map(|row| Bucket::decode(name.clone(), &row))
            .transpose()
    }

    fn change_bucket(&self, name: &BucketName) -> Result<BucketChange<'_>> {
        let find = || {
            Ok::<_, Error>(
                self.bucket_row(View::Pending, name)?
                    .map(|bucket| bucket.id),
            )
        };
        let guards = self.inner.locks.bucket(find)?;
        let batch = self.inner.engine.batch();
        let row = batch.get(&self.keys().bucket(name.as_str()))?;
        let bucket = row
            .map(|row| Bucket::decode(name.clone(), &row))
            .transpose()?;
        Ok(BucketChange {
            batch,
            guards,
            bucket,
        })
    }

    /// Creates a bucket. [`Error::BucketExists`] when another account has the name. A bucket of the same owner stays
    /// as it is, but for the ACL when `acl_given`.
    pub async fn create_bucket(
        &self,
        name: &BucketName,
        owner: &str,
        options: BucketOptions,
        acl_given: bool,
    ) -> Result<Creation> {
        let (commit, creation) = self.plan_create_bucket(name, owner, options, acl_given)?;
        if let Some(commit) = commit {
            commit.await?;
        }
        Ok(creation)
    }

    fn plan_create_bucket(
        &self,
        name: &BucketName,
        owner: &str,
        options: BucketOptions,
        acl_given: bool,
    ) -> Result<(Option<Commit>, Creation)> {
        let mut change = self.change_bucket(name)?;
        if let Some(mut bucket) = change.bucket.clone() {
            if bucket.owner != owner {
                return Err(Error::BucketExists);
            }
            if !acl_given || bucket.settings.acl == options.acl {
                return Ok((None, Creation::AlreadyOwned(Arc::new(bucket))));
            }
            bucket.settings.acl = options.acl;
            let bucket = change.put(self.keys(), bucket);
            return Ok((Some(change.submit()), Creation::AlreadyOwned(bucket)));
        }
        let existing = self.buckets_of(View::Pending, owner)?;
        if existing.len() >= self.inner.options.buckets_max {
            return Err(Error::TooManyBuckets);
        }
        let settings = BucketSettings {
            acl: options.acl,
            storage_class: options.storage_class,
            redundancy: options.redundancy,
            resource_group_id: options.resource_group_id,
            ..BucketSettings::default()
        };
        let bucket = Bucket {
            id: self.inner.engine.next_sequence(),
            row: Bytes::new(),
            name: name.clone(),
            owner: owner.to_owned(),
            created: self.inner.clock.now().floor_to_second(),
            settings,
        };
        let bucket = change.put(self.keys(), bucket);
        Ok((Some(change.submit()), Creation::New(bucket)))
    }

    /// Looks a bucket up, in the committed state.
    pub fn bucket(&self, name: &BucketName) -> Result<Option<Arc<Bucket>>> {
        Ok(self.bucket_row(View::Committed, name)?.map(Arc::new))
    }

    /// All buckets of an owner, by name. Accounts have few: [`super::StoreOptions::buckets_max`].
    fn buckets_of(&self, view: View, owner: &str) -> Result<Vec<Bucket>> {
        self.buckets_where(view, |bucket| bucket.owner == owner)
    }

    /// All buckets that `wanted` takes, by name.
    pub(super) fn buckets_where(
        &self,
        view: View,
        wanted: impl Fn(&Bucket) -> bool,
    ) -> Result<Vec<Bucket>> {
        let keys = self.keys();
        let head = keys.buckets("").len();
        let mut buckets = Vec::new();
        self.walk(view, keys.buckets(""), |row, value| {
            let name = row
                .get(head..)
                .and_then(|name| std::str::from_utf8(name).ok());
            let name = name.and_then(|name| BucketName::parse(name).ok());
            let name = name.ok_or_else(|| record::corrupt("bucket row key"))?;
            let bucket = Bucket::decode(name, value)?;
            if wanted(&bucket) {
                buckets.push(bucket);
            }
            Ok(())
        })?;
        Ok(buckets)
    }

    /// Every row that starts with `prefix`, in slices.
    pub(super) fn walk(
        &self,
        view: View,
        prefix: Vec<u8>,
        mut visit: impl FnMut(&[u8], &Bytes) -> Result<()>,
    ) -> Result<()> {
        let end = record::after_prefix(prefix.clone());
        let end = end.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let mut start = Bound::Included(prefix);
        loop {
            let rows =
                self.inner
                    .engine
                    .scan(view, start.as_ref().map(Vec::as_slice), end, SLICE)?;
            for (row, value) in &rows {
                visit(row, value)?;
            }
            let Some((last, _)) = rows.last() else {
                return Ok(());
            };
            start = Bound::Excluded(last.to_vec());
        }
    }

    /// Lists an owner's buckets.
    pub fn list_buckets(&self, query: &BucketListQuery) -> Result<BucketPage> {
        let matches = |bucket: &Bucket| {
            let tags = bucket.settings.tags.pairs();
            let tagged = query.tags.iter().all(|(key, value)| {
                tags.iter()
                    .any(|(k, v)| k == key && value.as_ref().is_none_or(|value| value == v))
            });
            let group = query.resource_group_id.as_deref();
            bucket.name.as_str().starts_with(&query.prefix)
                && bucket.name.as_str() > query.marker.as_str()
                && tagged
                && group.is_none_or(|group| bucket.settings.resource_group() == group)
        };
        let mut found = self.buckets_of(View::Committed, &query.owner)?;
        found.retain(matches);
        let more = found.len() > query.max;
        found.truncate(query.max);
        let next = found
            .last()
            .filter(|_| more)
            .map(|bucket| bucket.name.as_str().to_owned());
        Ok(BucketPage {
            buckets: found.into_iter().map(Arc::new).collect(),
            next,
        })
    }

    /// Deletes an empty bucket and its configuration. Live channels count as contents.
    pub async fn delete_bucket(&self, name: &BucketName) -> Result<()> {
        Ok(self.plan_delete_bucket(name)?.await?)
    }

    fn plan_delete_bucket(&self, name: &BucketName) -> Result<Commit> {
        let mut change = self.change_bucket(name)?;
        let bucket = change.existing()?;
        let keys = self.keys();
        // Older versions never stand without a current one.
        for family in [Family::Objects, Family::Uploads] {
            if Change::any(&change.batch, keys, family, bucket.id)? {
                return Err(Error::BucketNotEmpty);
            }
        }
        if self.count_configs(View::Pending, bucket.id, LIVE_CHANNELS)? > 0 {
            return Err(Error::BucketNotEmpty);
        }
        let mut rows = Vec::new();
        self.walk(
            View::Pending,
            keys.prefixed(Family::Configs, bucket.id, ""),
            |row, _| {
                rows.push(row.to_vec());
                Ok(())
            },
        )?;
        rows.push(keys.bucket(name.as_str()));
        for row in rows {
            change.batch.delete(row);
        }
        Ok(change.submit())
    }

    /// Changes a bucket's settings. An error of `change` leaves everything as it was.
    pub async fn update_bucket<E: From<Error>>(
        &self,
        name: &BucketName,
        change: impl FnOnce(&mut BucketSettings) -> Result<(), E> + Send,
    ) -> Result<Arc<Bucket>, E> {
        let (commit, bucket) = self.plan_update_bucket(name, change)?;
        commit.await.map_err(Error::from)?;
        Ok(bucket)
    }

    fn plan_update_bucket<E: From<Error>>(
        &self,
        name: &BucketName,
        update: impl FnOnce(&mut BucketSettings) -> Result<(), E>,
    ) -> Result<(Commit, Arc<Bucket>), E> {
        let mut change = self.change_bucket(name)?;
        let mut bucket = change.existing()?;
        let before = bucket.settings.versioning;
        update(&mut bucket.settings)?;
        let after = bucket.settings.versioning;
        let switched_off = before.is_on() && !after.is_on();
        if switched_off || (after.is_on() && bucket.worm(self.inner.clock.now()).is_some()) {
            return Err(Error::IllegalVersioning.into());
        }
        let bucket = change.put(self.keys(), bucket);
        Ok((change.submit(), bucket))
    }

    /// Stores a configuration document, opaque to the store, at most [`CONFIG_MAX`] bytes.
    pub async fn put_config(&self, name: &BucketName, kind: &str, document: Bytes) -> Result<()> {
        if document.len() > CONFIG_MAX {
            return Err(Error::TooLarge);
        }
        Ok(self.plan_config(name, kind, Some(document))?.1.await?)
    }

    /// Deletes a configuration document; whether there was one.
    pub async fn delete_config(&self, name: &BucketName, kind: &str) -> Result<bool> {
        let (existed, commit) = self.plan_config(name, kind, None)?;
        commit.await?;
        Ok(existed)
    }

    fn plan_config(
        &self,
        name: &BucketName,
        kind: &str,
        document: Option<Bytes>,
    ) -> Result<(bool, Commit)> {
        let mut change = self.change_bucket(name)?;
        let bucket = change.existing()?;
        let row = self.keys().config(bucket.id, kind);
        let existed = change.batch.get(&row)?.is_some();
        match document {
            Some(document) => change.batch.put(row, document),
            None => change.batch.delete(row),
        }
        Ok((existed, change.submit()))
    }

    /// Changes one configuration document by what it was: `update` gets the document, none where there is none, and how
    /// many others of the bucket have a kind that starts with `family`; it answers the new document, none to delete it.
    /// Its error leaves everything as it was. Two changes of a bucket never overlap. Costs as much as the family has
    /// documents.
    pub async fn update_config<E: From<Error>>(
        &self,
        name: &BucketName,
        kind: &str,
        family: &str,
        update: impl FnOnce(Option<Bytes>, usize) -> Result<Option<Bytes>, E> + Send,
    ) -> Result<(), E> {
        let commit = self.plan_update_config(name, kind, family, update)?;
        if let Some(commit) = commit {
            commit.await.map_err(Error::from)?;
        }
        Ok(())
    }

    fn plan_update_config<E: From<Error>>(
        &self,
        name: &BucketName,
        kind: &str,
        family: &str,
        update: impl FnOnce(Option<Bytes>, usize) -> Result<Option<Bytes>, E>,
    ) -> Result<Option<Commit>, E> {
        let mut change = self.change_bucket(name)?;
        let bucket = change.existing()?;
        let row = self.keys().config(bucket.id, kind);
        let before = change.batch.get(&row).map_err(Error::from)?;
        let mut others = self.count_configs(View::Pending, bucket.id, family)?;
        if before.is_some() {
            others = others.saturating_sub(1);
        }
        match update(before.clone(), others)? {
            Some(document) if document.len() > CONFIG_MAX => return Err(Error::TooLarge.into()),
            Some(document) => change.batch.put(row, document),
            None if before.is_none() => return Ok(None),
            None => change.batch.delete(row),
        }
        Ok(Some(change.submit()))
    }

    /// How many configuration documents have a kind that starts with `family`.
    fn count_configs(&self, view: View, bucket: u64, family: &str) -> Result<usize> {
        let mut count = 0;
        let rows = self.keys().prefixed(Family::Configs, bucket, family);
        self.walk(view, rows, |_, _| {
            count += 1;
            Ok(())
        })?;
        Ok(count)
    }

    /// Reads a configuration document.
    pub fn config(&self, bucket: &Bucket, kind: &str) -> Result<Option<Bytes>> {
        let row = self.keys().config(bucket.id, kind);
        Ok(self.inner.engine.get(View::Committed, &row)?)
    }

    /// Lists configuration documents whose kind starts with `prefix` (such as `inventory/`), after kind `after`, at
    /// most `max`.
    pub fn configs(
        &self,
        bucket: &Bucket,
        prefix: &str,
        after: &str,
        max: usize,
    ) -> Result<Vec<(String, Bytes)>> {
        let keys = self.keys();
        let first = keys.prefixed(Family::Configs, bucket.id, prefix);
        let after = keys.config(bucket.id, after);
        let end = record::after_prefix(first.clone());
        let start = if after < first {
            Bound::Included(first)
        } else {
            Bound::Excluded(after)
        };
        let end = end.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let rows =
            self.inner
                .engine
                .scan(View::Committed, start.as_ref().map(Vec::as_slice), end, max)?;
        rows.into_iter()
            .map(|(row, document)| Ok((record::kind_of_row(&row)?, document)))
            .collect()
    }

    /// Counts a bucket's objects and bytes by walking it: costs as much as the bucket has rows, on the blocking pool.
    pub async fn bucket_stat(&self, bucket: &Bucket) -> Result<BucketStat> {
        let (store, bucket) = (self.clone(), bucket.clone());
        let counting = tokio::task::spawn_blocking(move || store.count(&bucket));
        // It fails to join only where the runtime ends.
        counting
            .await
            .unwrap_or(Err(Error::Engine(EngineError::Closed)))
    }

    fn count(&self, bucket: &Bucket) -> Result<BucketStat> {
        let mut stat = BucketStat::default();
        let keys = self.keys();
        for family in [Family::Objects, Family::Versions] {
            self.walk(
                View::Committed,
                keys.prefixed(family, bucket.id, ""),
                |_, value| {
                    match Record::decode(value)?.stored {
                        None => stat.delete_markers += 1,
                        Some(stored) => {
                            if let Some(class) = stat
                                .classes
                                .get_mut(usize::from(stored.storage_class.code()))
                            {
                                class.objects += 1;
                                class.bytes += stored.content.len();
                            }
                        }
                    }
                    Ok(())
                },
            )?;
        }
        self.walk(
            View::Committed,
            keys.prefixed(Family::Uploads, bucket.id, ""),
            |_, _| {
                stat.uploads += 1;
                Ok(())
            },
        )?;
        self.walk(
            View::Committed,
            keys.prefixed(Family::Parts, bucket.id, ""),
            |_, value| {
                stat.parts += 1;
                stat.part_bytes += PartRecord::decode(value)?.content.len();
                Ok(())
            },
        )?;
        stat.live_channels = self.count_configs(View::Committed, bucket.id, LIVE_CHANNELS)? as u64;
        Ok(stat)
    }

    /// Begins a retention policy of `days` (1 to 25 550); answers its id. Refused beside versioning (R105).
    pub async fn initiate_worm(&self, name: &BucketName, days: u32) -> Result<String> {
        let now = self.inner.clock.now();
        let mut random = [0; 16];
        self.inner.ids.fill(&mut random);
        let id = hex::encode_upper(random);
        let worm = Worm {
            id: id.clone(),
            days,
            created: now.floor_to_second(),
            locked: false,
        };
        self.update_worm(name, |current, versioning| {
            if current.is_some() {
                return Err(Error::WormExists);
            }
            if versioning.is_on() {
                return Err(Error::IllegalVersioning);
            }
            check_days(days)?;
            Ok(Some(worm))
        })
        .await?;
        Ok(id)
    }

    /// Locks the retention policy.
    pub async fn complete_worm(&self, name: &BucketName, id: &str) -> Result<()> {
        self.update_worm(name, |current, _| match current {
            Some(worm) if worm.id == id && worm.locked => Err(Error::WormLocked),
            Some(worm) if worm.id == id => Ok(Some(Worm {
                locked: true,
                ..worm
            })),
            _ => Err(Error::NoSuchWorm),
        })
        .await
    }

    /// Lengthens a locked retention policy.
    pub async fn extend_worm(&self, name: &BucketName, id: &str, days: u32) -> Result<()> {
        self.update_worm(name, |current, _| {
            let worm = current
                .filter(|worm| worm.id == id)
                .ok_or(Error::NoSuchWorm)?;
            check_days(days)?;
            if !worm.locked || days <= worm.days {
                return Err(Error::InvalidWorm);
            }
            Ok(Some(Worm { days, ..worm }))
        })
        .await
    }

    /// Takes back a retention policy that is not locked.
    pub async fn abort_worm(&self, name: &BucketName) -> Result<()> {
        self.update_worm(name, |current, _| match current {
            Some(worm) if worm.locked => Err(Error::WormLocked),
            Some(_) => Ok(None),
            None => Err(Error::NoSuchWorm),
        })
        .await
    }

    /// Changes the retention policy, one that has lapsed counting as none.
    async fn update_worm(
        &self,
        name: &BucketName,
        update: impl FnOnce(Option<Worm>, Versioning) -> Result<Option<Worm>> + Send,
    ) -> Result<()> {
        let now = self.inner.clock.now();
        self.update_bucket(name, |settings| {
            let current = settings.worm.take().filter(|worm| worm.holds(now));
            settings.worm = update(current, settings.versioning)?;
            Ok::<_, Error>(())
        })
        .await?;
        Ok(())
    }
}

fn check_days(days: u32) -> Result<()> {
    (1..=WORM_DAYS_MAX)
        .contains(&days)
        .then_some(())
        .ok_or(Error::InvalidWorm)
}
