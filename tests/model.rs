//! The whole store against a plain model: random histories of puts, appends, copies, deletes, uploads, version switches and
//! restarts, in memory and on disk. After each step the touched key is compared, at the end everything: versions,
//! lists, bytes, and how many bytes the store believes to hold.

use bytes::Bytes;
use futures_util::StreamExt;
use ossicle::domain::bucket::{BucketOptions, Versioning};
use ossicle::domain::crc64;
use ossicle::domain::ids::IdSource;
use ossicle::domain::name::{BucketName, ObjectKey};
use ossicle::domain::object::{ObjectAttributes, ObjectType, StoredHeaders};
use ossicle::domain::tags::TagSet;
use ossicle::domain::time::{Clock, Timestamp};
use ossicle::store::engine::EngineOptions;
use ossicle::store::{
    Bucket, BucketListQuery, Completion, CopyOptions, CopySource, Deletion, Error, ListQuery,
    ListedVersion, Object, ObjectSettings, PART_SIZE_MIN, PartNumber, PutOptions, Store,
    StoreOptions, UploadId, UploadOptions, VersionId, VersionQuery,
};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

const KEYS: [&str; 5] = ["a", "a/b", "a/b\u{0}", "b/", "ü"];
const PREFIXES: [&str; 6] = ["", "a", "a/", "a/b", "b/", "z"];
/// Keys, common prefixes, and what lies within one; the first is none.
const MARKERS: [&str; 6] = ["", "a", "a/", "a/b", "b", "ü"];
/// Beside the one that all else happens in.
const BUCKETS: [&str; 2] = ["another", "other"];
/// Around what makes a difference: nothing, one log record, the largest small body, a staged body.
const LENGTHS: [usize; 6] = [0, 1, 700, 4096, 131_072, 150_000];

#[derive(Debug, Clone)]
enum Step {
    Put {
        key: usize,
        length: usize,
        forbid: bool,
    },
    Append {
        key: usize,
        length: usize,
        off: u64,
    },
    Seal {
        key: usize,
        off: u64,
    },
    Copy {
        from: usize,
        version: usize,
        to: usize,
    },
    Retag {
        key: usize,
        version: usize,
    },
    Delete {
        key: usize,
    },
    DeleteVersion {
        key: usize,
        version: usize,
    },
    DeleteMany {
        list: Vec<(usize, Option<usize>)>,
    },
    Switch {
        enabled: bool,
    },
    Upload {
        key: usize,
        parts: Vec<(u16, usize)>,
        drop_first: bool,
        abort: bool,
    },
    List {
        prefix: usize,
        fold: bool,
        after: usize,
        max: usize,
    },
    /// Creates another bucket, puts an object there, takes it away, or deletes the bucket.
    Bucket {
        name: usize,
        action: usize,
    },
    Reopen,
}

/// A mistake in the model, to show that the comparison sees one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Flaw {
    #[default]
    None,
    /// An append loses its last byte.
    ShortAppend,
    /// A deletion by id takes the newest version.
    WrongVersion,
    /// A write to a suspended bucket leaves the old null version.
    TwoNulls,
    /// A listing begins with its marker.
    MarkerListed,
    /// A folded listing names each key.
    NotFolded,
    /// A bucket with an object in it is deleted.
    FullBucketDeleted,
    /// An upload's parts are joined in the order of their arrival.
    PartsAsTheyCame,
}

fn step() -> impl Strategy<Value = Step> {
    let key = || 0..KEYS.len();
    let length = || 0..LENGTHS.len();
    let version = || 0..4usize;
    prop_oneof![
        6 => (key(), length(), any::<bool>()).prop_map(|(key, length, forbid)| Step::Put { key, length, forbid }),
        8 => (key(), length(), prop_oneof![6 => Just(0u64), 1 => 1u64..9])
            .prop_map(|(key, length, off)| Step::Append { key, length, off }),
        1 => (key(), 0..2u64).prop_map(|(key, off)| Step::Seal { key, off }),
        4 => (key(), version(), key()).prop_map(|(from, version, to)| Step::Copy { from, version, to }),
        2 => (key(), version()).prop_map(|(key, version)| Step::Retag { key, version }),
        3 => key().prop_map(|key| Step::Delete { key }),
        4 => (key(), version()).prop_map(|(key, version)| Step::DeleteVersion { key, version }),
        2 => proptest::collection::vec((key(), proptest::option::of(version())), 1..6)
            .prop_map(|list| Step::DeleteMany { list }),
        2 => any::<bool>().prop_map(|enabled| Step::Switch { enabled }),
        2 => (key(), proptest::collection::vec((1..9u16, length()), 0..5), any::<bool>(), any::<bool>())
            .prop_map(|(key, parts, drop_first, abort)| Step::Upload { key, parts, drop_first, abort }),
        3 => (0..PREFIXES.len(), any::<bool>(), 0..MARKERS.len(), 1..4usize)
            .prop_map(|(prefix, fold, after, max)| Step::List { prefix, fold, after, max }),
        2 => (0..BUCKETS.len(), 0..4usize).prop_map(|(name, action)| Step::Bucket { name, action }),
        2 => Just(Step::Reopen),
    ]
}

#[derive(Debug, Default)]
struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

#[derive(Debug, Default)]
struct TestIds(AtomicU64);

impl IdSource for TestIds {
    fn fill(&self, bytes: &mut [u8]) {
        let next = self.0.fetch_add(1, Ordering::SeqCst).to_be_bytes();
        bytes.fill(0);
        let at = bytes.len() - next.len();
        bytes[at..].copy_from_slice(&next);
    }
}

/// A version as the model has it.
#[derive(Debug, Clone, PartialEq)]
struct Version {
    id: VersionId,
    kind: Option<ObjectType>,
    bytes: Vec<u8>,
    /// Versions that share bytes have the same number.
    content: u64,
    meta: String,
    tags: TagSet,
    sealed: bool,
    modified: Timestamp,
}

#[derive(Default)]
struct Model {
    versioning: Versioning,
    /// Newest first.
    keys: BTreeMap<String, Vec<Version>>,
    contents: u64,
    /// The other buckets, and whether there is an object in them.
    buckets: BTreeMap<String, bool>,
    flaw: Flaw,
}

impl Model {
    /// Keys and common prefixes of a listing, ascending.
    fn listed(&self, prefix: &str, fold: bool, after: &str) -> BTreeSet<String> {
        let entry = |key: &String| {
            let rest = key.strip_prefix(prefix)?;
            match rest
                .find('/')
                .filter(|_| fold && self.flaw != Flaw::NotFolded)
            {
                Some(end) => Some(format!("{prefix}{}", &rest[..=end])),
                None => Some(key.clone()),
            }
        };
        let live = self.keys.keys().filter(|key| self.current(key).is_some());
        let inclusive = self.flaw == Flaw::MarkerListed;
        live.filter_map(entry)
            .filter(|entry| entry.as_str() > after || (inclusive && entry == after))
            .collect()
    }

    fn current(&self, key: &str) -> Option<&Version> {
        self.keys
            .get(key)?
            .first()
            .filter(|version| version.kind.is_some())
    }

    fn fresh_content(&mut self) -> u64 {
        self.contents += 1;
        self.contents
    }

    /// Puts a version in front, where the store said which id it has.
    fn add(&mut self, key: &str, version: Version) {
        let versions = self.keys.entry(key.to_owned()).or_default();
        match self.versioning {
            Versioning::Off => versions.clear(),
            Versioning::Enabled => assert!(!version.id.is_null()),
            Versioning::Suspended => {
                assert!(version.id.is_null());
                if self.flaw != Flaw::TwoNulls {
                    versions.retain(|old| !old.id.is_null());
                }
            }
        }
        versions.insert(0, version);
    }

    /// Removes what a deletion removes; `made` is the id of the marker that the store made.
    fn delete(
        &mut self,
        key: &str,
        version: Option<VersionId>,
        made: Option<VersionId>,
        now: Timestamp,
    ) {
        if version.is_none() && self.versioning.is_on() {
            let marker = Version {
                id: made.expect("a marker has an id"),
                kind: None,
                bytes: Vec::new(),
                content: 0,
                meta: String::new(),
                tags: TagSet::default(),
                sealed: false,
                modified: now,
            };
            self.add(key, marker);
            return;
        }
        if let Some(versions) = self.keys.get_mut(key) {
            match version {
                Some(_) if self.flaw == Flaw::WrongVersion => {
                    versions.remove(0);
                }
                Some(id) => versions.retain(|old| old.id != id),
                None => versions.clear(),
            }
            if versions.is_empty() {
                self.keys.remove(key);
            }
        }
    }

    fn live_bytes(&self) -> u64 {
        let contents = self.keys.values().flatten();
        let lengths: HashMap<u64, usize> = contents.map(|v| (v.content, v.bytes.len())).collect();
        lengths.values().map(|length| *length as u64).sum()
    }
}

struct Run<'d> {
    dir: Option<&'d Path>,
    store: Store,
    clock: Arc<TestClock>,
    ids: Arc<TestIds>,
    name: BucketName,
    model: Model,
    steps: u64,
}

fn options(dir: Option<&Path>) -> StoreOptions {
    StoreOptions::new(EngineOptions {
        dir: dir.map(Path::to_path_buf),
        // Checkpoints come often enough to be met.
        checkpoint_first: 256 * 1024,
        checkpoint_max: 256 * 1024,
        ..EngineOptions::default()
    })
}

fn key(at: usize) -> ObjectKey {
    ObjectKey::parse(KEYS[at]).expect("the keys are keys")
}

impl<'d> Run<'d> {
    async fn new(dir: Option<&'d Path>) -> Self {
        let (clock, ids) = (Arc::new(TestClock::default()), Arc::new(TestIds::default()));
        clock.0.store(1_600_000_000_000, Ordering::SeqCst);
        let store = Store::open(options(dir), clock.clone(), ids.clone()).expect("open");
        let name = BucketName::parse("bucket").expect("a name");
        store
            .create_bucket(&name, "1", BucketOptions::default(), false)
            .await
            .expect("create");
        Self {
            dir,
            store,
            clock,
            ids,
            name,
            model: Model::default(),
            steps: 0,
        }
    }

    fn bucket(&self) -> Arc<Bucket> {
        self.store
            .bucket(&self.name)
            .expect("read")
            .expect("the bucket is there")
    }

    /// Bytes that differ from step to step.
    fn bytes(&self, length: usize) -> Vec<u8> {
        (0..length as u64)
            .map(|n| (n.wrapping_mul(self.steps * 2 + 1) >> 3).to_le_bytes()[0])
            .collect()
    }

    async fn body(&self, bytes: &[u8]) -> ossicle::store::Body {
        let mut writer = self.store.receive(None, true);
        for piece in bytes.chunks(50_000) {
            writer
                .write(Bytes::copy_from_slice(piece))
                .await
                .expect("write");
        }
        writer.finish().await.expect("finish")
    }

    fn attributes(&self) -> ObjectAttributes {
        let meta = vec![("step".to_owned(), self.steps.to_string())];
        ObjectAttributes {
            headers: StoredHeaders {
                meta,
                ..StoredHeaders::default()
            },
            ..ObjectAttributes::default()
        }
    }

    fn version(&mut self, id: Option<VersionId>, kind: ObjectType, bytes: Vec<u8>) -> Version {
        Version {
            id: id.unwrap_or(VersionId::Null),
            kind: Some(kind),
            bytes,
            content: self.model.fresh_content(),
            meta: self.steps.to_string(),
            tags: TagSet::default(),
            sealed: false,
            modified: self.clock.now(),
        }
    }

    /// The id of some version of the key, one that does not exist where there are fewer.
    fn pick(&self, at: usize, version: usize) -> VersionId {
        let versions = self.model.keys.get(KEYS[at]);
        let absent = VersionId::Real {
            sequence: 1 << 40,
            random: [7; 16],
        };
        versions
            .and_then(|versions| versions.get(version))
            .map_or(absent, |version| version.id)
    }

    async fn take(&mut self, step: &Step) {
        self.steps += 1;
        self.clock.0.fetch_add(1_500, Ordering::SeqCst);
        match step {
            Step::Put {
                key,
                length,
                forbid,
            } => self.put(*key, LENGTHS[*length], *forbid).await,
            Step::Append { key, length, off } => self.append(*key, LENGTHS[*length], *off).await,
            Step::Seal { key, off } => self.seal(*key, *off).await,
            Step::Copy { from, version, to } => self.copy(*from, *version, *to).await,
            Step::Retag { key, version } => self.retag(*key, *version).await,
            Step::Delete { key } => self.delete(*key, None).await,
            Step::DeleteVersion { key, version } => {
                self.delete(*key, Some(self.pick(*key, *version))).await;
            }
            Step::DeleteMany { list } => self.delete_many(list).await,
            Step::Switch { enabled } => self.switch(*enabled).await,
            Step::Upload {
                key,
                parts,
                drop_first,
                abort,
            } => {
                self.upload(*key, parts, *drop_first, *abort).await;
            }
            Step::List {
                prefix,
                fold,
                after,
                max,
            } => self.list(PREFIXES[*prefix], *fold, MARKERS[*after], *max),
            Step::Bucket { name, action } => self.other_bucket(BUCKETS[*name], *action).await,
            Step::Reopen => self.reopen().await,
        }
        assert_eq!(self.store.figures().live_bytes, self.model.live_bytes());
    }

    async fn put(&mut self, at: usize, length: usize, forbid: bool) {
        let bytes = self.bytes(length);
        let body = self.body(&bytes).await;
        let options = PutOptions {
            forbid_overwrite: forbid,
        };
        let put = self
            .store
            .put_object(&self.bucket(), &key(at), body, self.attributes(), options)
            .await;
        if forbid && !self.model.versioning.is_on() && self.model.current(KEYS[at]).is_some() {
            assert!(matches!(put, Err(Error::FileExists)));
            return;
        }
        let written = put.expect("put");
        assert_eq!(written.crc64, crc64::of(&bytes));
        let version = self.version(written.version, ObjectType::Normal, bytes);
        self.model.add(KEYS[at], version);
    }

    async fn append(&mut self, at: usize, length: usize, off: u64) {
        let bytes = self.bytes(length);
        let body = self.body(&bytes).await;
        let current = self.model.current(KEYS[at]).cloned();
        let position = current
            .as_ref()
            .map_or(0, |current| current.bytes.len() as u64)
            + off;
        let creation: Result<ObjectAttributes, Error> = Ok(self.attributes());
        let appended = self
            .store
            .append_object(&self.bucket(), &key(at), position, body, None, creation)
            .await;
        let Some(mut current) = current else {
            if off > 0 {
                assert!(matches!(
                    appended,
                    Err(Error::PositionMismatch { length: 0 })
                ));
                return;
            }
            let appended = appended.expect("first append");
            assert!(appended.created);
            let version = self.version(appended.version, ObjectType::Appendable, bytes);
            self.model.add(KEYS[at], version);
            return;
        };
        let old = current.bytes.len() as u64;
        match appended {
            Err(Error::NotAppendable) => assert_ne!(current.kind, Some(ObjectType::Appendable)),
            Err(Error::Sealed) => assert!(current.sealed),
            Err(Error::PositionMismatch { length }) => assert!(off > 0 && length == old),
            Err(other) => panic!("append: {other}"),
            Ok(appended) => {
                assert!(
                    off == 0 && !current.sealed && current.kind == Some(ObjectType::Appendable)
                );
                if !bytes.is_empty() {
                    current.modified = self.clock.now();
                }
                current.bytes.extend_from_slice(&bytes);
                if self.model.flaw == Flaw::ShortAppend {
                    current.bytes.pop();
                }
                assert_eq!(appended.next_position, current.bytes.len() as u64);
                assert_eq!(appended.crc64, crc64::of(&current.bytes));
                if let Some(versions) = self.model.keys.get_mut(KEYS[at]) {
                    versions[0] = current;
                }
            }
        }
    }

    async fn seal(&mut self, at: usize, off: u64) {
        let length = self
            .model
            .current(KEYS[at])
            .map_or(0, |current| current.bytes.len() as u64);
        let sealed = self
            .store
            .seal_object(&self.bucket(), &key(at), length + off)
            .await;
        let versions = self.model.keys.get_mut(KEYS[at]);
        let current = versions
            .and_then(|v| v.first_mut())
            .filter(|version| version.kind.is_some());
        match (sealed, current) {
            (Err(Error::NoSuchKey { .. }), None) => {}
            (Err(Error::Sealed), Some(current)) => {
                assert_ne!(current.kind, Some(ObjectType::Appendable));
            }
            (Err(Error::PositionMismatch { length: told }), Some(_)) => {
                assert!(off > 0 && told == length);
            }
            (Ok(_), Some(current)) => {
                assert!(off == 0 && current.kind == Some(ObjectType::Appendable));
                current.sealed = true;
            }
            (other, current) => panic!("seal: {other:?} of {current:?}"),
        }
    }

    async fn copy(&mut self, from: usize, version: usize, to: usize) {
        let bucket = self.bucket();
        let (source_key, target_key) = (key(from), key(to));
        // The first "version" is a copy of the current one without naming it.
        let id = (version > 0).then(|| self.pick(from, version));
        let source = CopySource {
            bucket: &bucket,
            key: &source_key,
            version: id.as_ref(),
        };
        let options = CopyOptions {
            replace_headers: true,
            headers: self.attributes().headers,
            ..CopyOptions::default()
        };
        let copied = self
            .store
            .copy_object(
                source,
                &bucket,
                &target_key,
                options,
                |_| Ok::<_, Error>(()),
            )
            .await;
        let versions = self.model.keys.get(KEYS[from]);
        let found = match id {
            None => self.model.current(KEYS[from]),
            Some(id) => {
                versions.and_then(|versions| versions.iter().find(|version| version.id == id))
            }
        };
        let Some(source) = found.filter(|version| version.kind.is_some()).cloned() else {
            assert!(matches!(
                copied,
                Err(Error::NoSuchKey { .. } | Error::NoSuchVersion)
            ));
            return;
        };
        let onto_itself = from == to && !self.model.versioning.is_on();
        if source.kind == Some(ObjectType::Appendable) && !onto_itself {
            let versioned = self.model.versioning.is_on();
            assert!(
                matches!(copied, Err(Error::CopyOfAppend { versioned: told }) if told == versioned)
            );
            return;
        }
        let copied = copied.expect("copy");
        assert_eq!(copied.crc64, crc64::of(&source.bytes));
        let modified = self.clock.now();
        if onto_itself {
            if let Some(versions) = self.model.keys.get_mut(KEYS[to]) {
                (versions[0].meta, versions[0].modified) = (self.steps.to_string(), modified);
            }
            return;
        }
        let new = Version {
            id: copied.version.unwrap_or(VersionId::Null),
            kind: Some(ObjectType::Normal),
            meta: self.steps.to_string(),
            sealed: false,
            modified,
            ..source
        };
        self.model.add(KEYS[to], new);
    }

    async fn retag(&mut self, at: usize, version: usize) {
        let id = self.pick(at, version);
        let tags = TagSet::from_header(&format!("step={}", self.steps)).expect("tags");
        let change = |settings: &mut ObjectSettings| {
            settings.tags = tags.clone();
            Ok::<_, Error>(())
        };
        let changed = self
            .store
            .update_object(&self.bucket(), &key(at), Some(&id), change)
            .await;
        let versions = self.model.keys.get_mut(KEYS[at]);
        let found =
            versions.and_then(|versions| versions.iter_mut().find(|version| version.id == id));
        match (changed, found) {
            (Ok(_), Some(version)) => version.tags = tags,
            (Err(Error::DeleteMarker(told)), Some(version)) => {
                assert!(version.kind.is_none() && told == id);
            }
            (Err(Error::NoSuchVersion), None) => {}
            (other, found) => panic!("retag: {other:?} of {found:?}"),
        }
    }

    async fn delete(&mut self, at: usize, version: Option<VersionId>) {
        let deleted = self
            .store
            .delete_object(&self.bucket(), &key(at), version.as_ref(), false)
            .await;
        let deleted = deleted.expect("delete");
        let now = self.clock.now();
        self.model.delete(KEYS[at], version, deleted.version, now);
    }

    async fn delete_many(&mut self, list: &[(usize, Option<usize>)]) {
        let ids: Vec<(usize, Option<VersionId>)> = list
            .iter()
            .map(|(at, version)| (*at, version.map(|version| self.pick(*at, version))))
            .collect();
        let list = ids
            .iter()
            .map(|(at, version)| Deletion {
                key: key(*at),
                version: *version,
            })
            .collect();
        let deleted = self
            .store
            .delete_objects(&self.bucket(), list, false)
            .await
            .expect("delete many");
        let now = self.clock.now();
        for ((at, version), deleted) in ids.into_iter().zip(deleted) {
            self.model
                .delete(KEYS[at], version, deleted.expect("delete one").version, now);
        }
    }

    async fn switch(&mut self, enabled: bool) {
        let versioning = if enabled {
            Versioning::Enabled
        } else {
            Versioning::Suspended
        };
        self.model.versioning = versioning;
        let change = |settings: &mut ossicle::store::BucketSettings| {
            settings.versioning = versioning;
            Ok::<_, Error>(())
        };
        self.store
            .update_bucket(&self.name, change)
            .await
            .expect("switch");
    }

    async fn upload(&mut self, at: usize, parts: &[(u16, usize)], drop_first: bool, abort: bool) {
        let (bucket, name) = (self.bucket(), key(at));
        let options = UploadOptions {
            attributes: self.attributes(),
            ..UploadOptions::default()
        };
        let id: UploadId = self
            .store
            .initiate_upload(&bucket, &name, options)
            .await
            .expect("initiate");
        let mut stored = BTreeMap::new();
        for (number, length) in parts {
            let bytes = self.bytes(LENGTHS[*length]);
            let body = self.body(&bytes).await;
            let part_number = PartNumber::new(u32::from(*number)).expect("a number");
            let part = self
                .store
                .upload_part(&bucket, &name, &id, part_number, body)
                .await
                .expect("part");
            stored.insert(part_number, (bytes, part.etag));
        }
        if abort {
            self.store
                .abort_upload(&bucket, &name, &id)
                .await
                .expect("abort");
            return;
        }
        // A restart within an upload changes nothing about it.
        self.reopen().await;
        let bucket = self.bucket();
        let chosen: Vec<_> = stored.iter().skip(usize::from(drop_first)).collect();
        let listed = chosen
            .iter()
            .map(|(number, (_, tag))| (**number, tag.quoted()))
            .collect();
        let completion = Completion {
            parts: Some(listed),
            ..Completion::default()
        };
        let completed = self
            .store
            .complete_upload(&bucket, &name, &id, completion)
            .await;
        let too_small = chosen
            .iter()
            .rev()
            .skip(1)
            .any(|(_, (bytes, _))| (bytes.len() as u64) < PART_SIZE_MIN);
        if chosen.is_empty() || too_small {
            assert!(matches!(
                completed,
                Err(Error::InvalidPartOrder | Error::PartTooSmall { .. })
            ));
            self.store
                .abort_upload(&bucket, &name, &id)
                .await
                .expect("abort");
            return;
        }
        let completed = completed.expect("complete");
        let mut joined: Vec<&[u8]> = chosen.iter().map(|(_, (bytes, _))| &bytes[..]).collect();
        if self.model.flaw == Flaw::PartsAsTheyCame {
            joined.reverse();
        }
        let bytes = joined.concat();
        assert_eq!(completed.crc64, crc64::of(&bytes));
        let version = self.version(completed.version, ObjectType::Multipart, bytes);
        self.model.add(KEYS[at], version);
    }

    /// Every page of a listing, against the model's.
    fn list(&self, prefix: &str, fold: bool, after: &str, max: usize) {
        let mut query = ListQuery {
            prefix: prefix.to_owned(),
            after: (!after.is_empty()).then(|| after.to_owned()),
            delimiter: fold.then(|| "/".to_owned()),
            max,
        };
        let mut all = Vec::new();
        loop {
            let page = self
                .store
                .list_objects(&self.bucket(), &query)
                .expect("list");
            let keys = page.objects.into_iter().map(|object| object.key);
            let mut entries: Vec<String> = keys.chain(page.prefixes).collect();
            entries.sort();
            assert!(
                entries.len() <= max,
                "a page of {} with at most {max}",
                entries.len()
            );
            all.extend(entries);
            match page.next {
                Some(next) => query.after = Some(next),
                None => break,
            }
        }
        let expected: Vec<String> = self.model.listed(prefix, fold, after).into_iter().collect();
        assert_eq!(
            all, expected,
            "prefix {prefix:?}, after {after:?}, folded {fold}"
        );
    }

    async fn other_bucket(&mut self, name: &str, action: usize) {
        let bucket_name = BucketName::parse(name).expect("a name");
        let found = self.store.bucket(&bucket_name).expect("read");
        assert_eq!(found.is_some(), self.model.buckets.contains_key(name));
        match (action, found) {
            (0, _) => {
                let options = BucketOptions::default();
                let created = self.store.create_bucket(&bucket_name, "1", options, false);
                created.await.expect("create");
                self.model.buckets.entry(name.to_owned()).or_default();
            }
            (1, Some(bucket)) => {
                let body = self.body(b"").await;
                let options = PutOptions::default();
                self.store
                    .put_object(&bucket, &key(0), body, self.attributes(), options)
                    .await
                    .expect("put");
                self.model.buckets.insert(name.to_owned(), true);
            }
            (2, Some(bucket)) => {
                self.store
                    .delete_object(&bucket, &key(0), None, false)
                    .await
                    .expect("delete");
                self.model.buckets.insert(name.to_owned(), false);
            }
            (3, found) => match self.store.delete_bucket(&bucket_name).await {
                Err(Error::NoSuchBucket) => assert!(found.is_none()),
                Err(Error::BucketNotEmpty) => {
                    assert!(self.model.flaw != Flaw::FullBucketDeleted && self.model.buckets[name]);
                }
                deleted => {
                    deleted.expect("delete");
                    assert_eq!(self.model.buckets.remove(name), Some(false));
                }
            },
            _ => {}
        }
        let query = BucketListQuery {
            owner: "1".to_owned(),
            max: 100,
            ..BucketListQuery::default()
        };
        let page = self.store.list_buckets(&query).expect("list buckets");
        let listed = page.buckets.iter().map(|bucket| bucket.name.to_string());
        let own = std::iter::once(self.name.to_string());
        let expected: BTreeSet<String> = self.model.buckets.keys().cloned().chain(own).collect();
        assert_eq!(listed.collect::<BTreeSet<_>>(), expected);
    }

    async fn reopen(&mut self) {
        if self.dir.is_none() {
            return;
        }
        // Half of the time without a clean stop: whatever is in the log must do.
        if self.steps.is_multiple_of(2) {
            self.store.close().await.expect("close");
        }
        let empty = Store::open(options(None), self.clock.clone(), self.ids.clone()).expect("open");
        drop(std::mem::replace(&mut self.store, empty));
        self.store =
            Store::open(options(self.dir), self.clock.clone(), self.ids.clone()).expect("reopen");
    }

    async fn read(&self, object: &Object) -> Vec<u8> {
        let mut reader = self.store.read(object, 0..object.len);
        let mut all = Vec::new();
        while let Some(bytes) = reader.next().await {
            all.extend_from_slice(&bytes.expect("read"));
        }
        all
    }

    async fn compare_version(&self, at: &str, version: &Version, latest: bool) {
        let name = ObjectKey::parse(at).expect("a key");
        let object = self.store.object(&self.bucket(), &name, Some(&version.id));
        let Some(kind) = version.kind else {
            assert!(matches!(object, Err(Error::DeleteMarker(id)) if id == version.id));
            return;
        };
        let object = object.expect("the version is there");
        assert_eq!(
            (object.kind, object.is_latest, object.len),
            (kind, latest, version.bytes.len() as u64)
        );
        assert_eq!(object.crc64, crc64::of(&version.bytes));
        assert_eq!(
            (object.sealed.is_some(), object.tags.clone()),
            (version.sealed, version.tags.clone())
        );
        assert_eq!(object.headers.meta[0].1, version.meta);
        assert_eq!(object.modified, version.modified.floor_to_second());
        assert!(
            self.read(&object).await == version.bytes,
            "bytes of {at} {}",
            version.id
        );
    }

    /// Compares everything.
    async fn compare(&self) {
        let bucket = self.bucket();
        for (at, versions) in &self.model.keys {
            for (n, version) in versions.iter().enumerate() {
                self.compare_version(at, version, n == 0).await;
            }
        }
        for at in KEYS {
            let object = self
                .store
                .object(&bucket, &ObjectKey::parse(at).expect("a key"), None);
            assert_eq!(object.is_ok(), self.model.current(at).is_some(), "{at}");
        }
        let expected: Vec<(String, VersionId, bool)> = self
            .model
            .keys
            .iter()
            .flat_map(|(key, versions)| {
                versions
                    .iter()
                    .enumerate()
                    .map(|(n, version)| (key.clone(), version.id, n == 0))
            })
            .collect();
        for max in [2, 100] {
            assert_eq!(self.list_versions(max), expected);
        }
        let live: BTreeSet<String> = KEYS
            .iter()
            .filter(|key| self.model.current(key).is_some())
            .map(|key| (*key).to_owned())
            .collect();
        let query = ListQuery {
            max: 100,
            ..ListQuery::default()
        };
        let listed = self
            .store
            .list_objects(&bucket, &query)
            .expect("list")
            .objects;
        assert_eq!(
            listed
                .into_iter()
                .map(|object| object.key)
                .collect::<BTreeSet<_>>(),
            live
        );
        let stat = self.store.bucket_stat(&bucket).await.expect("stat");
        let markers = self
            .model
            .keys
            .values()
            .flatten()
            .filter(|version| version.kind.is_none())
            .count();
        assert_eq!((stat.delete_markers, stat.uploads), (markers as u64, 0));
    }

    fn list_versions(&self, max: usize) -> Vec<(String, VersionId, bool)> {
        let mut query = VersionQuery {
            max,
            ..VersionQuery::default()
        };
        let mut all = Vec::new();
        loop {
            let page = self
                .store
                .list_versions(&self.bucket(), &query)
                .expect("list versions");
            all.extend(page.entries.into_iter().map(|entry| match entry {
                ListedVersion::Object(object) => (object.key, object.version, object.is_latest),
                ListedVersion::DeleteMarker(marker) => {
                    (marker.key, marker.version, marker.is_latest)
                }
            }));
            let Some((key, version)) = page.next else {
                return all;
            };
            (query.key_marker, query.version_marker) = (Some(key), version);
        }
    }
}

fn run(steps: &[Step], dir: Option<&Path>) {
    run_with(steps, dir, Flaw::None);
}

fn run_with(steps: &[Step], dir: Option<&Path>, flaw: Flaw) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(async {
        let mut run = Run::new(dir).await;
        run.model.flaw = flaw;
        for step in steps {
            run.take(step).await;
            let at = match step {
                Step::Put { key, .. } | Step::Append { key, .. } | Step::Upload { key, .. } => {
                    Some(*key)
                }
                Step::Copy { to, .. } => Some(*to),
                _ => None,
            };
            let versions = at.and_then(|at| run.model.keys.get_key_value(KEYS[at]));
            if let Some((key, versions)) = versions {
                run.compare_version(key, &versions[0], true).await;
            }
        }
        run.compare().await;
        // Everything can be taken away again, and then nothing is left.
        let all: Vec<(String, VersionId)> = run
            .list_versions(100)
            .into_iter()
            .map(|(key, version, _)| (key, version))
            .collect();
        for (name, version) in all {
            let name = ObjectKey::parse(&name).expect("a key");
            run.store
                .delete_object(&run.bucket(), &name, Some(&version), false)
                .await
                .expect("delete");
        }
        assert_eq!(run.store.figures().live_bytes, 0);
        run.store
            .delete_bucket(&run.name)
            .await
            .expect("the bucket is empty");
    });
}

/// Runs `base` histories of less than `length` steps, or that many times `OSSICLE_MODEL_CASES`, and tells how many agreed.
fn agree(place: &str, base: u32, length: usize, run: impl Fn(&[Step])) {
    let factor = std::env::var("OSSICLE_MODEL_CASES")
        .ok()
        .and_then(|text| text.parse::<u32>().ok());
    let mut runner = TestRunner::new(ProptestConfig {
        cases: base * factor.unwrap_or(1),
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let histories = Cell::new(0);
    let outcome = runner.run(&proptest::collection::vec(step(), 1..length), |steps| {
        run(&steps);
        histories.set(histories.get() + 1);
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}\n{runner}");
    }
    assert!(histories.get() > 0, "no history ran");
    println!(
        "model: {} histories {place} agree (limit: all)",
        histories.get()
    );
}

#[test]
fn memory() {
    agree("in memory", 48, 60, |steps| run(steps, None));
}

#[test]
fn durable() {
    agree("on disk", 12, 40, |steps| {
        let dir = tempfile::tempdir().expect("a directory");
        run(steps, Some(dir.path()));
    });
}

/// Each mistake in the model is seen in a short history, which passes without the mistake.
#[test]
fn a_wrong_model_is_found_out() {
    let put = |key| Step::Put {
        key,
        length: 2,
        forbid: false,
    };
    let append = || Step::Append {
        key: 0,
        length: 2,
        off: 0,
    };
    let list = |fold, after| Step::List {
        prefix: 0,
        fold,
        after,
        max: 2,
    };
    let other = |action| Step::Bucket { name: 0, action };
    let flawed = [
        (Flaw::ShortAppend, vec![append(), append()]),
        (
            Flaw::WrongVersion,
            vec![
                Step::Switch { enabled: true },
                put(0),
                put(0),
                Step::DeleteVersion { key: 0, version: 1 },
            ],
        ),
        (
            Flaw::TwoNulls,
            vec![Step::Switch { enabled: false }, put(0), put(0)],
        ),
        (Flaw::MarkerListed, vec![put(0), put(1), list(false, 1)]),
        (Flaw::NotFolded, vec![put(1), put(2), list(true, 0)]),
        (Flaw::FullBucketDeleted, vec![other(0), other(1), other(3)]),
        (
            Flaw::PartsAsTheyCame,
            vec![Step::Upload {
                key: 0,
                parts: vec![(1, 5), (2, 1)],
                drop_first: false,
                abort: false,
            }],
        ),
    ];
    let all = flawed.len();
    for (flaw, steps) in flawed {
        run(&steps, None);
        let seen = std::panic::catch_unwind(|| run_with(&steps, None, flaw));
        assert!(seen.is_err(), "{flaw:?} was not noticed");
    }
    println!("model-control: {all} of {all} mistakes seen (limit: all)");
}
