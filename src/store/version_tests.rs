//! Versioning as operations.md §0.3 has it.

use super::testing::{World, key};
use super::*;
use crate::domain::bucket::{BucketOptions, Versioning};
use crate::domain::object::ObjectAttributes;

#[tokio::test]
async fn never_enabled() {
    let world = World::new().await;
    assert_eq!(world.put("k", b"1").await.unwrap().version, None);
    assert_eq!(world.put("k", b"2").await.unwrap().version, None);
    assert_eq!(world.versions("", "", 9), ["k*"]);
    let other = VersionId::Real {
        sequence: 1,
        random: [0; 16],
    };
    assert_eq!(
        world.delete("k", Some(other)).await.unwrap(),
        Deleted {
            version: None,
            delete_marker: false
        }
    );
    assert_eq!(world.bytes("k").await, b"2");
    let deleted = world.delete("k", Some(VersionId::Null)).await.unwrap();
    assert_eq!(
        deleted,
        Deleted {
            version: None,
            delete_marker: false
        }
    );
    assert!(matches!(
        world.object("k"),
        Err(Error::NoSuchKey {
            delete_marker: None
        })
    ));
    assert_eq!(world.delete("k", None).await.unwrap(), deleted);
    assert!(world.versions("", "", 9).is_empty());
}

#[tokio::test]
async fn enabled() {
    let world = World::new().await;
    world.put("k", b"null").await.unwrap();
    world.set_versioning(Versioning::Enabled).await;
    let first = world.put("k", b"1").await.unwrap().version.unwrap();
    let second = world.put("k", b"2").await.unwrap().version.unwrap();
    assert_ne!(first, second);
    let marker = world.delete("k", None).await.unwrap();
    assert!(marker.delete_marker);
    let marker = marker.version.unwrap();
    assert_eq!(world.versions("", "", 2), ["k!*", "k", "k", "k"]);
    assert!(world.list("", "", 9).is_empty());
    for (id, bytes) in [
        (first, b"1".as_slice()),
        (second, b"2"),
        (VersionId::Null, b"null"),
    ] {
        assert_eq!(
            world.bytes_of(&world.version("k", id).unwrap()).await,
            bytes
        );
    }
    assert!(matches!(world.version("k", marker), Err(Error::DeleteMarker(id)) if id == marker));
    // An id that differs only in its random part is another id.
    let VersionId::Real {
        sequence,
        mut random,
    } = first
    else {
        panic!("null")
    };
    random[15] ^= 1;
    let forged = VersionId::Real { sequence, random };
    assert!(matches!(
        world.version("k", forged),
        Err(Error::NoSuchVersion)
    ));
    assert!(!world.delete("k", Some(forged)).await.unwrap().delete_marker);
    // Deleting the current version promotes the next newest.
    let gone = world.delete("k", Some(marker)).await.unwrap();
    assert_eq!(
        gone,
        Deleted {
            version: Some(marker),
            delete_marker: true
        }
    );
    assert_eq!(world.bytes("k").await, b"2");
    world.delete("k", Some(first)).await.unwrap();
    world.delete("k", Some(second)).await.unwrap();
    assert_eq!(world.bytes("k").await, b"null");
    assert!(world.object("k").unwrap().is_latest);
    world.delete("k", Some(VersionId::Null)).await.unwrap();
    assert!(world.versions("", "", 9).is_empty());
    assert!(world.store.delete_bucket(&world.name).await.is_ok());
}

#[tokio::test]
async fn suspended() {
    let world = World::versioned(Versioning::Enabled).await;
    let real = world.put("k", b"real").await.unwrap().version.unwrap();
    world.set_versioning(Versioning::Suspended).await;
    for bytes in [b"a", b"b"] {
        assert_eq!(
            world.put("k", bytes).await.unwrap().version,
            Some(VersionId::Null)
        );
        assert_eq!(world.versions("", "", 9), ["k*", "k"]);
        assert_eq!(world.bytes("k").await, bytes);
    }
    let marker = world.delete("k", None).await.unwrap();
    assert_eq!(
        marker,
        Deleted {
            version: Some(VersionId::Null),
            delete_marker: true
        }
    );
    assert_eq!(world.versions("", "", 9), ["k!*", "k"]);
    assert!(matches!(
        world.version("k", VersionId::Null),
        Err(Error::DeleteMarker(VersionId::Null))
    ));
    // The null version becomes history while versioning is on, and is replaced there when it is off again.
    world.set_versioning(Versioning::Enabled).await;
    world.put("k", b"newer").await.unwrap();
    assert_eq!(world.versions("", "", 9), ["k*", "k!", "k"]);
    world.set_versioning(Versioning::Suspended).await;
    world.put("k", b"null").await.unwrap();
    assert_eq!(world.versions("", "", 9), ["k*", "k", "k"]);
    assert_eq!(
        world
            .bytes_of(&world.version("k", VersionId::Null).unwrap())
            .await,
        b"null"
    );
    assert_eq!(
        world.bytes_of(&world.version("k", real).unwrap()).await,
        b"real"
    );
    world.delete("k", Some(VersionId::Null)).await.unwrap();
    assert_eq!(world.bytes("k").await, b"newer");
}

#[tokio::test]
async fn forbidding_overwrites_means_nothing_where_versions_are_kept() {
    let world = World::new().await;
    let put = || async {
        let body = world.body(b"x").await;
        let forbid = PutOptions {
            forbid_overwrite: true,
        };
        world
            .store
            .put_object(
                &world.bucket(),
                &key("k"),
                body,
                ObjectAttributes::default(),
                forbid,
            )
            .await
    };
    put().await.unwrap();
    assert!(matches!(put().await, Err(Error::FileExists)));
    for versioning in [Versioning::Enabled, Versioning::Suspended] {
        world.set_versioning(versioning).await;
        put().await.unwrap();
    }
}

#[tokio::test]
async fn many_deletions_of_one_key_are_one_commit() {
    let world = World::versioned(Versioning::Enabled).await;
    let mut ids = Vec::new();
    for n in 0..5u8 {
        ids.push(world.put("k", &[n]).await.unwrap().version.unwrap());
    }
    let deletion = |version| Deletion {
        key: key("k"),
        version,
    };
    let commits = world.store.figures().commits;
    // The current ones from the newest, so that each deletion promotes what the next one deletes; then a plain one.
    let list = vec![
        deletion(Some(ids[4])),
        deletion(Some(ids[3])),
        deletion(Some(ids[0])),
        deletion(None),
        Deletion {
            key: key("other"),
            version: None,
        },
    ];
    let done = world
        .store
        .delete_objects(&world.bucket(), list, false)
        .await
        .unwrap();
    assert_eq!(world.store.figures().commits, commits + 1);
    let done: Vec<Deleted> = done.into_iter().map(Result::unwrap).collect();
    assert_eq!(
        done.iter().map(|d| d.delete_marker).collect::<Vec<_>>(),
        [false, false, false, true, true]
    );
    assert_eq!(world.versions("", "", 9), ["k!*", "k", "k", "other!*"]);
    // Marker, and both versions, in one go: nothing is left of the key.
    let list = vec![
        deletion(done[3].version),
        deletion(Some(ids[2])),
        deletion(Some(ids[1])),
    ];
    world
        .store
        .delete_objects(&world.bucket(), list, false)
        .await
        .unwrap();
    assert_eq!(world.versions("", "", 9), ["other!*"]);
}

#[tokio::test]
async fn versioning_does_not_go_back() {
    let world = World::versioned(Versioning::Enabled).await;
    let off = |settings: &mut BucketSettings| {
        settings.versioning = Versioning::Off;
        Ok::<_, Error>(())
    };
    let refused = world.store.update_bucket(&world.name, off).await;
    assert!(matches!(refused, Err(Error::IllegalVersioning)));
    // R105
    let refused = world.store.initiate_worm(&world.name, 1).await;
    assert!(matches!(refused, Err(Error::IllegalVersioning)));
    let world = World::new().await;
    world.store.initiate_worm(&world.name, 1).await.unwrap();
    let on = |settings: &mut BucketSettings| {
        settings.versioning = Versioning::Enabled;
        Ok::<_, Error>(())
    };
    assert!(matches!(
        world.store.update_bucket(&world.name, on).await,
        Err(Error::IllegalVersioning)
    ));
    // One in progress lapses after a day, and then no longer stands in the way.
    world.clock.advance_seconds(24 * 3600);
    world.store.update_bucket(&world.name, on).await.unwrap();
}

#[tokio::test]
async fn a_caller_that_looked_the_bucket_up_before_decides_nothing() {
    let world = World::new().await;
    let stale = world.bucket();
    world.put("k", b"1").await.unwrap();
    world.set_versioning(Versioning::Enabled).await;
    let body = world.body(b"2").await;
    let written = world
        .store
        .put_object(
            &stale,
            &key("k"),
            body,
            ObjectAttributes::default(),
            PutOptions::default(),
        )
        .await;
    assert!(written.unwrap().version.is_some_and(|id| !id.is_null()));
    assert_eq!(world.versions("", "", 9), ["k*", "k"]);
    // Nor does one that knew another bucket of that name.
    let world = World::new().await;
    let stale = world.bucket();
    world.store.delete_bucket(&world.name).await.unwrap();
    world
        .store
        .create_bucket(&world.name, "2", BucketOptions::default(), false)
        .await
        .unwrap();
    let body = world.body(b"2").await;
    let refused = world
        .store
        .put_object(
            &stale,
            &key("k"),
            body,
            ObjectAttributes::default(),
            PutOptions::default(),
        )
        .await;
    assert!(matches!(refused, Err(Error::NoSuchBucket)));
}
