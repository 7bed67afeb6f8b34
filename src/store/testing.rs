//! What the tests of the store share: a clock that is moved by hand, ids that count, short forms of the calls.

use super::engine::EngineOptions;
use super::*;
use crate::domain::bucket::{BucketOptions, Versioning};
use crate::domain::name::{BucketName, ObjectKey};
use crate::domain::object::ObjectAttributes;
use crate::domain::time::Timestamp;
use bytes::Bytes;
use futures_util::StreamExt;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// A clock that stands still until it is moved.
#[derive(Debug, Default)]
pub(crate) struct HandClock(AtomicI64);

impl HandClock {
    pub(crate) fn advance_seconds(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1000, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// Ids that count up.
#[derive(Debug, Default)]
struct CountingIds(AtomicU64);

impl IdSource for CountingIds {
    fn fill(&self, bytes: &mut [u8]) {
        let next = self.0.fetch_add(1, Ordering::SeqCst).to_be_bytes();
        bytes.fill(0);
        let at = bytes.len().saturating_sub(next.len());
        bytes[at..].copy_from_slice(&next);
    }
}

/// A store with a bucket.
pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) clock: Arc<HandClock>,
    pub(crate) name: BucketName,
}

pub(crate) fn key(text: &str) -> ObjectKey {
    ObjectKey::parse(text).unwrap()
}

impl World {
    /// In memory, with the limits as `adjust` makes them.
    pub(crate) async fn with(adjust: impl FnOnce(&mut StoreOptions)) -> Self {
        let mut options = StoreOptions::new(EngineOptions::default());
        adjust(&mut options);
        let clock = Arc::new(HandClock::default());
        clock.advance_seconds(1_600_000_000);
        let store = Store::open(options, clock.clone(), Arc::new(CountingIds::default())).unwrap();
        let name = BucketName::parse("bucket").unwrap();
        store
            .create_bucket(&name, "1", BucketOptions::default(), false)
            .await
            .unwrap();
        Self { store, clock, name }
    }

    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// The negative control of everything that locks are for: there are none.
    pub(crate) async fn without_locks() -> Self {
        let mut world = Self::new().await;
        Arc::get_mut(&mut world.store.inner).unwrap().locks = Locks::none();
        world
    }

    pub(crate) async fn versioned(versioning: Versioning) -> Self {
        let world = Self::new().await;
        world.set_versioning(versioning).await;
        world
    }

    pub(crate) async fn set_versioning(&self, versioning: Versioning) {
        self.set(|settings| settings.versioning = versioning).await;
    }

    pub(crate) async fn set(&self, change: impl FnOnce(&mut BucketSettings) + Send) {
        let set = |settings: &mut BucketSettings| {
            change(settings);
            Ok::<_, Error>(())
        };
        self.store.update_bucket(&self.name, set).await.unwrap();
    }

    pub(crate) fn bucket(&self) -> Arc<Bucket> {
        self.store.bucket(&self.name).unwrap().unwrap()
    }

    pub(crate) async fn body(&self, bytes: &[u8]) -> Body {
        let mut writer = self.store.receive(Some(bytes.len() as u64), true);
        for piece in bytes.chunks(70_000) {
            writer.write(Bytes::copy_from_slice(piece)).await.unwrap();
        }
        writer.finish().await.unwrap()
    }

    pub(crate) async fn put(&self, name: &str, bytes: &[u8]) -> Result<Written> {
        let body = self.body(bytes).await;
        let attributes = ObjectAttributes::default();
        self.store
            .put_object(
                &self.bucket(),
                &key(name),
                body,
                attributes,
                PutOptions::default(),
            )
            .await
    }

    pub(crate) async fn append(&self, name: &str, bytes: &[u8], position: u64) -> Result<Appended> {
        self.append_with(name, bytes, position, Ok(ObjectAttributes::default()))
            .await
    }

    pub(crate) async fn append_with(
        &self,
        name: &str,
        bytes: &[u8],
        position: u64,
        creation: Result<ObjectAttributes>,
    ) -> Result<Appended> {
        let body = self.body(bytes).await;
        let acl = creation.as_ref().ok().and_then(|attributes| attributes.acl);
        self.store
            .append_object(&self.bucket(), &key(name), position, body, acl, creation)
            .await
    }

    pub(crate) async fn delete(&self, name: &str, version: Option<VersionId>) -> Result<Deleted> {
        self.store
            .delete_object(&self.bucket(), &key(name), version.as_ref(), false)
            .await
    }

    pub(crate) async fn seal(&self, name: &str, position: u64) -> Result<Sealed> {
        self.store
            .seal_object(&self.bucket(), &key(name), position)
            .await
    }

    pub(crate) fn object(&self, name: &str) -> Result<Object> {
        self.store.object(&self.bucket(), &key(name), None)
    }

    pub(crate) fn version(&self, name: &str, version: VersionId) -> Result<Object> {
        self.store
            .object(&self.bucket(), &key(name), Some(&version))
    }

    pub(crate) async fn bytes_of(&self, object: &Object) -> Vec<u8> {
        let mut reader = self.store.read(object, 0..u64::MAX);
        let mut all = Vec::new();
        while let Some(bytes) = reader.next().await {
            all.extend_from_slice(&bytes.unwrap());
        }
        all
    }

    pub(crate) async fn bytes(&self, name: &str) -> Vec<u8> {
        self.bytes_of(&self.object(name).unwrap()).await
    }

    /// `key`, `key!` for a marker, `*` behind what is latest; newest first within a key, in pages of `max`.
    pub(crate) fn versions(&self, prefix: &str, delimiter: &str, max: usize) -> Vec<String> {
        let mut all = Vec::new();
        let mut query = VersionQuery {
            prefix: prefix.to_owned(),
            delimiter: Some(delimiter.to_owned()),
            max,
            ..VersionQuery::default()
        };
        loop {
            let page = self.store.list_versions(&self.bucket(), &query).unwrap();
            assert!(page.entries.len() + page.prefixes.len() <= max);
            let latest = |is_latest| if is_latest { "*" } else { "" };
            let mut entries: Vec<(String, String)> = Vec::new();
            for entry in page.entries {
                entries.push(match entry {
                    ListedVersion::Object(o) => {
                        let text = format!("{}{}", o.key, latest(o.is_latest));
                        (o.key, text)
                    }
                    ListedVersion::DeleteMarker(m) => {
                        let text = format!("{}!{}", m.key, latest(m.is_latest));
                        (m.key, text)
                    }
                });
            }
            let prefixes = page.prefixes.into_iter();
            entries.extend(prefixes.map(|prefix| (prefix.clone(), format!("[{prefix}]"))));
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            all.extend(entries.into_iter().map(|(_, text)| text));
            let Some((key, version)) = page.next else {
                return all;
            };
            query.key_marker = Some(key);
            query.version_marker = version;
        }
    }

    /// Keys, and prefixes in brackets, in pages of `max`.
    pub(crate) fn list(&self, prefix: &str, delimiter: &str, max: usize) -> Vec<String> {
        let mut all = Vec::new();
        let mut query = ListQuery {
            prefix: prefix.to_owned(),
            after: None,
            delimiter: Some(delimiter.to_owned()),
            max,
        };
        loop {
            let page = self.store.list_objects(&self.bucket(), &query).unwrap();
            assert!(page.objects.len() + page.prefixes.len() <= max);
            let objects = page.objects.into_iter().map(|o| (o.key.clone(), o.key));
            let prefixes = page
                .prefixes
                .into_iter()
                .map(|prefix| (prefix.clone(), format!("[{prefix}]")));
            let mut entries: Vec<(String, String)> = objects.chain(prefixes).collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            all.extend(entries.into_iter().map(|(_, text)| text));
            match page.next {
                Some(next) => query.after = Some(next),
                None => return all,
            }
        }
    }
}
