//! What lifecycle rules do: at the beginning of each day they walk over the buckets that have some, as the service does at
//! 00:00 UTC, and expire objects, versions, delete markers and uploads or change the class of objects. They write through
//! the store like any client, one version at a time, so that retention and legal hold protect from them too.

mod rules;
#[cfg(test)]
mod tests;

use crate::domain::name::{BucketName, ObjectKey};
use crate::domain::time::Timestamp;
use crate::store::{
    self, Bucket, Error, Fate, Judged, ListedVersion, Object, Store, UploadQuery, VersionId,
    VersionQuery,
};
use crate::xml::lifecycle::LifecycleConfiguration;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

pub use rules::Rules;

/// The name of the document in the store.
pub const DOCUMENT: &str = "lifecycle";

/// Entries of a page; each page is one walk through the store.
const PAGE: usize = 1000;
/// Versions that are changed at once: their syncs are one.
const AT_ONCE: usize = 32;
/// Longest sleep between two looks at the clock, which may be set.
const SLEEP_MAX: Duration = Duration::from_secs(60);
/// Buckets whose rules are kept ready.
const CACHE_MAX: usize = 256;

/// The lifecycle of all buckets of a server.
#[derive(Debug)]
pub struct Lifecycle {
    /// Milliseconds.
    day: i64,
    /// Rules ready for use, with the document that they were read from.
    ready: Mutex<HashMap<BucketName, (Bytes, Arc<Rules>)>>,
}

/// What a run has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Done {
    /// Current objects deleted.
    pub expired: u64,
    /// Older versions and delete markers removed.
    pub removed: u64,
    /// Versions whose class changed.
    pub moved: u64,
    /// Uploads aborted.
    pub aborted: u64,
    /// Versions that retention or a legal hold kept.
    pub retained: u64,
}

/// A version that a rule may touch.
struct Suspect {
    key: ObjectKey,
    /// None for the current version, whichever it is by then.
    older: Option<(VersionId, Timestamp)>,
}

impl Lifecycle {
    /// A lifecycle whose days have `day_seconds` seconds (86 400 on the service).
    pub fn new(day_seconds: u64) -> Self {
        let millis = i64::try_from(day_seconds)
            .unwrap_or(i64::MAX)
            .saturating_mul(1000);
        Self {
            day: millis.max(1000),
            ready: Mutex::new(HashMap::new()),
        }
    }

    /// The rules of a bucket, none where it has no document.
    pub fn rules(&self, store: &Store, bucket: &Bucket) -> store::Result<Option<Arc<Rules>>> {
        let Some(bytes) = store.config(bucket, DOCUMENT)? else {
            return Ok(None);
        };
        let mut ready = self.ready.lock();
        if let Some((of, rules)) = ready.get(&bucket.name)
            && *of == bytes
        {
            return Ok(Some(Arc::clone(rules)));
        }
        let Ok(document) = crate::xml::from_xml::<LifecycleConfiguration>(&bytes) else {
            // It was checked before it was stored.
            tracing::error!(bucket = %bucket.name, "the lifecycle rules can not be read");
            return Ok(None);
        };
        let rules = Arc::new(Rules::of(document, self.day));
        if ready.len() >= CACHE_MAX {
            ready.clear();
        }
        ready.insert(bucket.name.clone(), (bytes, Arc::clone(&rules)));
        Ok(Some(rules))
    }

    /// `x-oss-expiration` of a current object.
    pub fn expiration(
        &self,
        store: &Store,
        bucket: &Bucket,
        object: &Object,
    ) -> store::Result<Option<String>> {
        if !object.is_latest {
            return Ok(None);
        }
        let rules = self.rules(store, bucket)?;
        let expiry = rules.as_ref().and_then(|rules| rules.expiry(object));
        Ok(expiry.map(|(date, rule)| {
            let date = date.rfc1123();
            format!("expiry-date=\"{date}\", rule-id=\"{rule}\"")
        }))
    }

    /// Runs the rules now and whenever a day begins; never ends.
    pub async fn keep(&self, store: &Store, clock: impl Fn() -> Timestamp) {
        let mut last = None;
        loop {
            let now = clock();
            let today = now.0.div_euclid(self.day);
            if last != Some(today) {
                last = Some(today);
                self.run(store, now).await;
            }
            let rest = self.day - clock().0.rem_euclid(self.day);
            let rest = Duration::from_millis(u64::try_from(rest).unwrap_or(1));
            tokio::time::sleep(rest.min(SLEEP_MAX)).await;
        }
    }

    /// Runs the rules of all buckets once, as of `now`. What fails is logged and tried again by the next run.
    pub async fn run(&self, store: &Store, now: Timestamp) -> Done {
        let mut total = Done::default();
        let buckets = store.buckets().unwrap_or_else(|error| {
            tracing::error!(%error, "lifecycle can not list the buckets");
            Vec::new()
        });
        for bucket in buckets {
            let rules = match self.rules(store, &bucket) {
                Ok(Some(rules)) => rules,
                Ok(None) => continue,
                Err(error) => {
                    tracing::error!(bucket = %bucket.name, %error, "lifecycle can not read the rules");
                    continue;
                }
            };
            let mut run = Run {
                store,
                bucket: &bucket,
                rules: &rules,
                now,
                done: Done::default(),
            };
            let outcome = run.all().await;
            let Done {
                expired,
                removed,
                moved,
                aborted,
                retained,
            } = run.done;
            if run.done != Done::default() {
                tracing::info!(bucket = %bucket.name, expired, removed, moved, aborted, retained, "lifecycle rules ran");
            }
            if let Err(error) = outcome {
                tracing::warn!(bucket = %bucket.name, %error, "lifecycle rules stopped before the end");
            }
            total.add(run.done);
        }
        total
    }
}

impl Done {
    fn add(&mut self, other: Self) {
        self.expired += other.expired;
        self.removed += other.removed;
        self.moved += other.moved;
        self.aborted += other.aborted;
        self.retained += other.retained;
    }
}

/// One run over one bucket.
struct Run<'r> {
    store: &'r Store,
    bucket: &'r Bucket,
    rules: &'r Rules,
    now: Timestamp,
    done: Done,
}

impl Run<'_> {
    async fn all(&mut self) -> store::Result<()> {
        if self.rules.touch_objects() {
            self.versions().await?;
        }
        if self.rules.touch_uploads() {
            self.uploads().await?;
        }
        Ok(())
    }

    async fn versions(&mut self) -> store::Result<()> {
        let mut query = VersionQuery {
            prefix: self.rules.prefix().to_owned(),
            max: PAGE,
            ..VersionQuery::default()
        };
        // The version before in the list is the one that replaced an older one.
        let mut newer = None;
        loop {
            let page = self.store.list_versions(self.bucket, &query)?;
            let suspects = page.entries.iter();
            let suspects: Vec<_> = suspects
                .filter_map(|entry| self.suspect(entry, &mut newer))
                .collect();
            self.judge(suspects).await?;
            let Some((key, version)) = page.next else {
                return Ok(());
            };
            query.key_marker = Some(key);
            query.version_marker = version;
            tokio::task::yield_now().await;
        }
    }

    /// The entry, if a rule may touch it.
    fn suspect(
        &self,
        entry: &ListedVersion,
        newer: &mut Option<(String, Timestamp)>,
    ) -> Option<Suspect> {
        let (key, version, is_latest, modified) = match entry {
            ListedVersion::Object(o) => (&o.key, o.version, o.is_latest, o.modified),
            ListedVersion::DeleteMarker(m) => (&m.key, m.version, m.is_latest, m.modified),
        };
        let since = newer.replace((key.clone(), modified));
        let since = since.filter(|(of, _)| of == key).map(|(_, since)| since);
        let (touched, older) = match (entry, is_latest) {
            (ListedVersion::Object(_), true) => {
                (self.rules.may_touch(key, modified, self.now), None)
            }
            (ListedVersion::DeleteMarker(_), true) => (self.rules.may_touch_marker(key), None),
            (_, false) => {
                // Without the version that replaced it nobody knows since when it is an older one.
                let since = since?;
                let touched = self.rules.may_touch_older(key, since, self.now);
                (touched, Some((version, since)))
            }
        };
        let key = touched.then(|| ObjectKey::parse(key).ok()).flatten()?;
        Some(Suspect { key, older })
    }

    async fn judge(&mut self, suspects: Vec<Suspect>) -> store::Result<()> {
        let (store, bucket, rules, now) = (self.store, self.bucket, self.rules, self.now);
        let judging = stream::iter(suspects).map(|Suspect { key, older }| async move {
            let version = older.map(|(version, _)| version);
            let (mut fate, mut is_current_object) = (Fate::Stay, false);
            let judge = |judged: &Judged| {
                is_current_object = older.is_none() && judged.object.is_some();
                fate = match older {
                    None => rules.judge(key.as_str(), judged, now),
                    Some((_, since)) => rules.judge_older(key.as_str(), judged, since, now),
                };
                fate
            };
            let changed = store
                .apply_lifecycle(bucket, &key, version.as_ref(), judge)
                .await;
            (changed, fate, is_current_object)
        });
        let mut judging = judging.buffer_unordered(AT_ONCE);
        while let Some(outcome) = judging.next().await {
            match outcome {
                (Ok(false), ..) | (Ok(true), Fate::Stay, _) => {}
                (Ok(true), Fate::Move(_), _) => self.done.moved += 1,
                (Ok(true), Fate::Go, true) => self.done.expired += 1,
                (Ok(true), Fate::Go, false) => self.done.removed += 1,
                (Err(Error::Immutable), ..) => self.done.retained += 1,
                (Err(error), ..) => return Err(error),
            }
        }
        Ok(())
    }

    async fn uploads(&mut self) -> store::Result<()> {
        let mut query = UploadQuery {
            prefix: self.rules.prefix().to_owned(),
            max: PAGE,
            ..UploadQuery::default()
        };
        loop {
            let page = self.store.list_uploads(self.bucket, &query)?;
            for (key, id, initiated) in &page.uploads {
                let due = self.rules.is_upload_due(key, *initiated, self.now);
                let Some(key) = due.then(|| ObjectKey::parse(key).ok()).flatten() else {
                    continue;
                };
                match self.store.abort_upload(self.bucket, &key, id).await {
                    Ok(()) => self.done.aborted += 1,
                    // Completed or aborted meanwhile.
                    Err(Error::NoSuchUpload) => {}
                    Err(error) => return Err(error),
                }
            }
            let Some((key, id)) = page.next else {
                return Ok(());
            };
            query.key_marker = Some(key);
            query.upload_id_marker = id.map(|id| id.to_string());
            tokio::task::yield_now().await;
        }
    }
}
