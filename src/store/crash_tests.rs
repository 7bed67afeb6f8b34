//! Changes that touch several rows, broken off at each step of their commit: after a new start all of the change is there, or none.

use super::engine::EngineOptions;
use super::testing::{HandClock, World, key};
use super::*;
use crate::domain::bucket::{BucketOptions, Versioning};
use crate::domain::ids::SystemIds;
use crate::domain::name::BucketName;
use crate::domain::tags::TagSet;
use std::path::Path;
use tempfile::TempDir;

/// The steps between a change and its acknowledgement that can fail.
const STEPS: &[&str] = &["log.write", "log.written", "log.sync", "log.synced"];

/// Bytes of a part.
const PART: usize = 70_000;

/// A store in `dir` whose step `failpoints` names fails.
fn open(dir: &Path, failpoints: &str) -> World {
    let mut options = StoreOptions::new(EngineOptions {
        dir: Some(dir.to_path_buf()),
        failpoints: failpoints.to_owned(),
        ..EngineOptions::default()
    });
    options.part_size_min = 1;
    let clock = Arc::new(HandClock::default());
    clock.advance_seconds(1_600_000_000);
    let store =
        Store::open(options, clock.clone(), Arc::new(SystemIds::default())).expect("a store");
    let name = BucketName::parse("bucket").expect("a name");
    World { store, clock, name }
}

/// An object `k` with a tag, and an upload of `m` with two parts.
async fn prepare(dir: &Path) -> UploadId {
    let world = open(dir, "");
    let store = &world.store;
    let made = store.create_bucket(&world.name, "1", BucketOptions::default(), false);
    made.await.expect("a bucket");
    world.put("k", b"bytes").await.expect("an object");
    retag(&world, "old").await.expect("a tag");
    let bucket = world.bucket();
    let m = key("m");
    let begun = store.initiate_upload(&bucket, &m, UploadOptions::default());
    let id = begun.await.expect("an upload");
    for number in 1..=2 {
        let body = world.body(&vec![b'p'; PART]).await;
        let number = PartNumber::new(number).expect("a number");
        let part = store.upload_part(&bucket, &m, &id, number, body);
        part.await.expect("a part");
    }
    store.close().await.expect("a close");
    id
}

async fn retag(world: &World, value: &str) -> Result<()> {
    let tags = TagSet::object(vec![("n".to_owned(), value.to_owned())]).expect("a tag");
    let set = |settings: &mut ObjectSettings| {
        settings.tags = tags;
        Ok::<_, Error>(())
    };
    let (bucket, k) = (world.bucket(), key("k"));
    let set = world.store.update_object(&bucket, &k, None, set);
    set.await.map(drop)
}

async fn complete(world: &World, id: &UploadId) -> Result<()> {
    let (bucket, m) = (world.bucket(), key("m"));
    let all = Completion::default();
    let done = world.store.complete_upload(&bucket, &m, id, all);
    done.await.map(drop)
}

async fn enable(world: &World) -> Result<()> {
    let set = |settings: &mut BucketSettings| {
        settings.versioning = Versioning::Enabled;
        Ok::<_, Error>(())
    };
    world.store.update_bucket(&world.name, set).await.map(drop)
}

/// Which of the three changes are there; panics for one that is there in part.
async fn look(world: &World, id: &UploadId) -> [bool; 3] {
    let object = world.object("k").expect("the object");
    let tag = object.tags.pairs().first().map(|(_, value)| value.clone());
    assert_eq!(world.bytes("k").await, b"bytes");
    let retagged = match tag.as_deref() {
        Some("old") => false,
        Some("new") => true,
        other => panic!("tag {other:?}"),
    };
    let parts = world
        .store
        .list_parts(&world.bucket(), &key("m"), id, 0, 10);
    let completed = match (world.object("m"), parts) {
        (Ok(_), Err(Error::NoSuchUpload)) => {
            assert_eq!(world.bytes("m").await, vec![b'p'; 2 * PART]);
            true
        }
        (Err(_), Ok(listing)) => {
            assert_eq!(listing.parts.len(), 2);
            false
        }
        (object, parts) => panic!("{object:?} beside {parts:?}"),
    };
    let enabled = world.bucket().settings.versioning == Versioning::Enabled;
    [retagged, completed, enabled]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_there_wholly_or_not_at_all() {
    for step in STEPS {
        for change in 0..3 {
            let dir = TempDir::new().expect("a folder");
            let id = prepare(dir.path()).await;
            let world = open(dir.path(), &format!("{step}=eio"));
            let outcome = match change {
                0 => retag(&world, "new").await,
                1 => complete(&world, &id).await,
                _ => enable(&world).await,
            };
            drop(world);
            let world = open(dir.path(), "");
            let there = look(&world, &id).await;
            for (other, there) in there.into_iter().enumerate() {
                assert!(!there || other == change, "{step}: {change} did {other}");
            }
            // One that failed before its record was written is not there; behind that it may be.
            assert!(outcome.is_err(), "{step}: {change} did not reach the step");
            if *step == "log.write" {
                assert!(!there[change], "{step}: {change} was refused");
            }
            // And the store goes on.
            world.put("after", b"x").await.expect("a write");
        }
    }
}

/// The check sees a change: without a failing step each is there, and the two others are not.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_shows() {
    let dir = TempDir::new().expect("a folder");
    let id = prepare(dir.path()).await;
    let world = open(dir.path(), "");
    assert_eq!(look(&world, &id).await, [false; 3]);
    retag(&world, "new").await.expect("a tag");
    complete(&world, &id).await.expect("an object");
    assert_eq!(look(&world, &id).await, [true, true, false]);
    enable(&world).await.expect("a switch");
    assert_eq!(look(&world, &id).await, [true; 3]);
}
