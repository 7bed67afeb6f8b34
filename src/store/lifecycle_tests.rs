//! What a lifecycle run may do to a version is decided on the version as it is, not as it was listed.

use super::testing::{World, key};
use super::{Fate, Judged};
use crate::domain::bucket::Versioning;
use crate::domain::object::StorageClass;

#[tokio::test]
async fn judges_what_is_there_now() {
    let world = World::new().await;
    let old = world.put("k", b"old").await.unwrap();
    world.clock.advance_seconds(100);
    world.put("k", b"new").await.unwrap();
    let bucket = world.bucket();
    let name = key("k");
    let listed_as_old = |judged: &Judged| match &judged.object {
        Some(object) if object.modified == old.modified => Fate::Go,
        _ => Fate::Stay,
    };
    let changed = world
        .store
        .apply_lifecycle(&bucket, &name, None, listed_as_old)
        .await;
    assert!(!changed.unwrap());
    assert_eq!(world.bytes("k").await, b"new");
    // The control: a judge that does not look deletes what a client has just written.
    let changed = world
        .store
        .apply_lifecycle(&bucket, &name, None, |_| Fate::Go)
        .await;
    assert!(changed.unwrap());
    assert!(world.object("k").is_err());
    let nothing = world
        .store
        .apply_lifecycle(&bucket, &name, None, |_| Fate::Go)
        .await;
    assert!(!nothing.unwrap());
}

#[tokio::test]
async fn tells_who_is_alone_and_latest() {
    let world = World::versioned(Versioning::Enabled).await;
    let first = world.put("k", b"1").await.unwrap().version.unwrap();
    world.delete("k", None).await.unwrap();
    let bucket = world.bucket();
    let name = key("k");
    let ask = async |version| {
        let mut seen = None;
        let judge = |judged: &Judged| {
            seen = Some((judged.object.is_some(), judged.is_latest, judged.is_alone));
            Fate::Stay
        };
        let store = &world.store;
        let changed = store.apply_lifecycle(&bucket, &name, version, judge).await;
        assert!(!changed.unwrap());
        seen.unwrap()
    };
    assert_eq!(ask(None).await, (false, true, false));
    assert_eq!(ask(Some(&first)).await, (true, false, false));
    world.delete("k", Some(first)).await.unwrap();
    assert_eq!(ask(None).await, (false, true, true));
}

#[tokio::test]
async fn a_move_changes_the_class_and_says_when() {
    let world = World::new().await;
    world.put("k", b"bytes").await.unwrap();
    let before = world.object("k").unwrap();
    world.clock.advance_seconds(1000);
    let bucket = world.bucket();
    let to = |class| {
        let (world, bucket) = (&world, &bucket);
        async move {
            let judge = move |_: &Judged| Fate::Move(class);
            let store = &world.store;
            let moved = store.apply_lifecycle(bucket, &key("k"), None, judge).await;
            moved.unwrap()
        }
    };
    assert!(to(StorageClass::Ia).await);
    let after = world.object("k").unwrap();
    assert_eq!(after.storage_class, StorageClass::Ia);
    assert_eq!(
        after.transitioned,
        Some(before.modified.plus_millis(1_000_000))
    );
    assert_eq!(
        (after.modified, &after.etag),
        (before.modified, &before.etag)
    );
    assert_eq!(world.bytes("k").await, b"bytes");
    assert!(!to(StorageClass::Ia).await, "nothing to do");
}
