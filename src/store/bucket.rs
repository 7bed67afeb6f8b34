//! Buckets: creation, settings, configuration documents, retention policies, statistics.

use super::object::RetentionMode;
use super::{Result, Store};
use crate::domain::bucket::{BucketAcl, BucketOptions, Redundancy, Versioning};
use crate::domain::name::BucketName;
use crate::domain::object::{Sse, StorageClass};
use crate::domain::tags::TagSet;
use crate::domain::time::Timestamp;
use bytes::Bytes;
use std::sync::Arc;

/// A bucket as it was when it was looked up. Writes check it again under their locks.
#[derive(Debug, Clone)]
pub struct Bucket {
    pub(super) id: u64,
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

impl Bucket {
    /// The retention policy in force at `now`: one in progress lapses after 24 hours.
    pub fn worm(&self, now: Timestamp) -> Option<&Worm> {
        let worm = self.settings.worm.as_ref()?;
        (worm.locked || now <= worm.created.plus_millis(24 * 3600 * 1000)).then_some(worm)
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
}

impl Store {
    /// Creates a bucket. [`super::Error::BucketExists`] when another account has the name. A bucket of the same owner stays as it
    /// is, but for the ACL when `acl_given`.
    pub async fn create_bucket(
        &self,
        name: &BucketName,
        owner: &str,
        options: BucketOptions,
        acl_given: bool,
    ) -> Result<Creation> {
        todo!()
    }

    /// Looks a bucket up, in the committed state.
    pub fn bucket(&self, name: &BucketName) -> Result<Option<Arc<Bucket>>> {
        todo!()
    }

    /// Lists an owner's buckets.
    pub fn list_buckets(&self, query: &BucketListQuery) -> Result<BucketPage> {
        todo!()
    }

    /// Deletes an empty bucket and its configuration.
    pub async fn delete_bucket(&self, name: &BucketName) -> Result<()> {
        todo!()
    }

    /// Changes a bucket's settings. An error of `change` leaves everything as it was.
    pub async fn update_bucket<E: From<super::Error>>(
        &self,
        name: &BucketName,
        change: impl FnOnce(&mut BucketSettings) -> Result<(), E> + Send,
    ) -> Result<Arc<Bucket>, E> {
        todo!()
    }

    /// Stores a configuration document, opaque to the store, at most 256 KiB.
    pub async fn put_config(&self, name: &BucketName, kind: &str, document: Bytes) -> Result<()> {
        todo!()
    }

    /// Reads a configuration document.
    pub fn config(&self, bucket: &Bucket, kind: &str) -> Result<Option<Bytes>> {
        todo!()
    }

    /// Deletes a configuration document; whether there was one.
    pub async fn delete_config(&self, name: &BucketName, kind: &str) -> Result<bool> {
        todo!()
    }

    /// Lists configuration documents whose kind starts with `prefix` (`inventory/`), at most `max`, after `after`.
    pub fn configs(
        &self,
        bucket: &Bucket,
        prefix: &str,
        after: &str,
        max: usize,
    ) -> Result<Vec<(String, Bytes)>> {
        todo!()
    }

    /// Counts a bucket's objects and bytes by walking it in slices.
    pub fn bucket_stat(&self, bucket: &Bucket) -> Result<BucketStat> {
        todo!()
    }

    /// Begins a retention policy of `days` (1 to 25 550); answers its id. Refused beside versioning (R105).
    pub async fn initiate_worm(&self, name: &BucketName, days: u32) -> Result<String> {
        todo!()
    }

    /// Locks the retention policy.
    pub async fn complete_worm(&self, name: &BucketName, id: &str) -> Result<()> {
        todo!()
    }

    /// Lengthens a locked retention policy.
    pub async fn extend_worm(&self, name: &BucketName, id: &str, days: u32) -> Result<()> {
        todo!()
    }

    /// Takes back a retention policy that is not locked.
    pub async fn abort_worm(&self, name: &BucketName) -> Result<()> {
        todo!()
    }
}
