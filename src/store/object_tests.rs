//! Put, settings, restore, retention.

use super::testing::{World, key};
use super::*;
use crate::domain::bucket::Versioning;
use crate::domain::object::{ObjectAcl, ObjectAttributes, StorageClass, StoredHeaders};
use crate::domain::tags::TagSet;
use md5::{Digest, Md5};

#[tokio::test]
async fn what_was_put_comes_back() {
    let world = World::new().await;
    for len in [0, 1, 65_535, 65_536, 131_072, 131_073, 1_000_000] {
        let bytes: Vec<u8> = (0..len)
            .map(|n: u32| n.to_le_bytes()[0] ^ n.to_le_bytes()[1])
            .collect();
        let written = world.put("k", &bytes).await.unwrap();
        assert_eq!(written.md5, Some(Md5::digest(&bytes).into()), "{len}");
        let object = world.object("k").unwrap();
        assert_eq!(
            (object.len, object.crc64, object.etag),
            (u64::from(len), written.crc64, written.etag)
        );
        assert_eq!(world.bytes("k").await, bytes, "{len}");
    }
    assert_eq!(
        world.store.figures().live_bytes,
        1_000_000,
        "overwritten bytes went"
    );
}

#[tokio::test]
async fn long_metadata_comes_back() {
    let world = World::new().await;
    let meta = (0..8)
        .map(|n| (format!("n{n}"), "v".repeat(1000)))
        .collect();
    let headers = StoredHeaders {
        meta,
        expires: Some("never".to_owned()),
        ..StoredHeaders::default()
    };
    let attributes = ObjectAttributes {
        headers: headers.clone(),
        ..ObjectAttributes::default()
    };
    let body = world.body(b"x").await;
    world
        .store
        .put_object(
            &world.bucket(),
            &key("k"),
            body,
            attributes,
            PutOptions::default(),
        )
        .await
        .unwrap();
    assert_eq!(world.object("k").unwrap().headers, headers);
}

#[tokio::test]
async fn settings_change_without_touching_the_time() {
    let world = World::versioned(Versioning::Enabled).await;
    let old = world.put("k", b"1").await.unwrap();
    world.put("k", b"2").await.unwrap();
    world.clock.advance_seconds(5);
    let tags = TagSet::from_header("a=1").unwrap();
    let change = |settings: &mut ObjectSettings| {
        settings.tags = tags.clone();
        settings.acl = ObjectAcl::PublicRead;
        Ok::<_, Error>(())
    };
    let bucket = world.bucket();
    let object = world
        .store
        .update_object(&bucket, &key("k"), old.version.as_ref(), change)
        .await
        .unwrap();
    assert_eq!((object.modified, object.is_latest), (old.modified, false));
    assert_eq!(world.version("k", old.version.unwrap()).unwrap().tags, tags);
    assert!(world.object("k").unwrap().tags.is_empty());
    let refuse = |settings: &mut ObjectSettings| {
        settings.acl = ObjectAcl::Private;
        Err(Error::NotSymlink)
    };
    let refused = world
        .store
        .update_object(&bucket, &key("k"), None, refuse)
        .await;
    assert!(matches!(refused, Err(Error::NotSymlink)));
    assert_eq!(world.object("k").unwrap().acl, ObjectAcl::Default);
    let marker = world.delete("k", None).await.unwrap().version.unwrap();
    let none = |_: &mut ObjectSettings| Ok::<_, Error>(());
    let refused = world
        .store
        .update_object(&bucket, &key("k"), None, none)
        .await;
    assert!(matches!(refused, Err(Error::NoSuchKey { delete_marker: Some(id) }) if id == marker));
    let refused = world
        .store
        .update_object(&bucket, &key("k"), Some(&marker), none)
        .await;
    assert!(matches!(refused, Err(Error::DeleteMarker(id)) if id == marker));
}

#[tokio::test]
async fn restores_run_finish_and_lapse() {
    let world = World::with(|options| options.restore_seconds = 60).await;
    let bucket = world.bucket();
    let attributes = ObjectAttributes {
        storage_class: Some(StorageClass::Archive),
        ..ObjectAttributes::default()
    };
    let body = world.body(b"x").await;
    world
        .store
        .put_object(&bucket, &key("k"), body, attributes, PutOptions::default())
        .await
        .unwrap();
    world.put("standard", b"x").await.unwrap();
    let restore = |name| {
        let (store, bucket) = (world.store.clone(), bucket.clone());
        async move { store.restore_object(&bucket, &key(name), None, 1).await }
    };
    let name = key("k");
    let clean = || world.store.clean_restored_object(&bucket, &name, None);
    let readable = || world.store.is_readable(&world.object("k").unwrap());
    assert!(matches!(
        restore("standard").await,
        Err(Error::RestoreUnsupported)
    ));
    assert!(!readable());
    assert!(matches!(clean().await, Err(Error::NotRestored)));
    assert!(!restore("k").await.unwrap().prolonged);
    assert!(!readable());
    assert!(matches!(restore("k").await, Err(Error::RestoreInProgress)));
    assert!(matches!(clean().await, Err(Error::RestoreInProgress)));
    world.clock.advance_seconds(60);
    assert!(readable());
    let before = world.object("k").unwrap().restore.unwrap().expires;
    world.clock.advance_seconds(3600);
    assert!(restore("k").await.unwrap().prolonged);
    assert_eq!(
        world.object("k").unwrap().restore.unwrap().expires,
        before.plus_millis(3_600_000)
    );
    clean().await.unwrap();
    assert!(!readable());
    restore("k").await.unwrap();
    world.clock.advance_seconds(60 + 24 * 3600);
    assert!(!readable());
    assert_eq!(world.object("k").unwrap().restore, None);
}

#[tokio::test]
async fn retention_of_the_bucket() {
    let world = World::new().await;
    world.put("k", b"x").await.unwrap();
    let name = &world.name;
    for days in [0, 25_551] {
        assert!(matches!(
            world.store.initiate_worm(name, days).await,
            Err(Error::InvalidWorm)
        ));
    }
    let id = world.store.initiate_worm(name, 2).await.unwrap();
    assert!(matches!(
        world.store.initiate_worm(name, 2).await,
        Err(Error::WormExists)
    ));
    assert!(matches!(
        world.store.extend_worm(name, &id, 3).await,
        Err(Error::InvalidWorm)
    ));
    // In progress it already protects; after a day it lapses.
    assert!(matches!(
        world.delete("k", None).await,
        Err(Error::Immutable)
    ));
    world.clock.advance_seconds(24 * 3600);
    assert_eq!(world.bucket().worm(world.clock.now()), None);
    world.put("k", b"y").await.unwrap();
    let id = world.store.initiate_worm(name, 2).await.unwrap();
    assert!(matches!(
        world.store.complete_worm(name, "other").await,
        Err(Error::NoSuchWorm)
    ));
    world.store.complete_worm(name, &id).await.unwrap();
    assert!(matches!(
        world.store.abort_worm(name).await,
        Err(Error::WormLocked)
    ));
    world.clock.advance_seconds(24 * 3600);
    for refused in [
        world.put("k", b"z").await.map(|_| ()),
        world.delete("k", None).await.map(|_| ()),
    ] {
        assert!(matches!(refused, Err(Error::Immutable)));
    }
    assert_eq!(world.bytes("k").await, b"y");
    assert!(matches!(
        world.store.extend_worm(name, &id, 2).await,
        Err(Error::InvalidWorm)
    ));
    world.store.extend_worm(name, &id, 3).await.unwrap();
    world.clock.advance_seconds(24 * 3600);
    assert!(matches!(
        world.delete("k", None).await,
        Err(Error::Immutable)
    ));
    world.clock.advance_seconds(24 * 3600);
    world.delete("k", None).await.unwrap();
}

#[tokio::test]
async fn retention_of_objects() {
    let world = World::versioned(Versioning::Enabled).await;
    let bucket = world.bucket();
    let now = world.clock.now();
    let hour = |hours: i64| now.plus_millis(hours * 3_600_000);
    let governance = |hours| Retention {
        mode: RetentionMode::Governance,
        until: hour(hours),
    };
    let compliance = |hours| Retention {
        mode: RetentionMode::Compliance,
        until: hour(hours),
    };
    let id = world.put("k", b"x").await.unwrap().version.unwrap();
    let name = key("k");
    let set = |retention, bypass| {
        world
            .store
            .set_retention(&bucket, &name, Some(&id), retention, bypass)
    };
    assert!(matches!(
        set(governance(1), false).await,
        Err(Error::RetentionUnsupported)
    ));
    world
        .set(|settings| settings.object_worm = Some(ObjectWorm { default: None }))
        .await;
    set(governance(2), false).await.unwrap();
    assert!(matches!(
        set(governance(1), false).await,
        Err(Error::RetentionLocked)
    ));
    set(governance(1), true).await.unwrap();
    // A plain delete only hides; the version itself is protected, but for a bypass.
    let marker = world.delete("k", None).await.unwrap().version.unwrap();
    assert!(matches!(
        world.delete("k", Some(id)).await,
        Err(Error::Immutable)
    ));
    world.delete("k", Some(marker)).await.unwrap();
    set(compliance(3), false).await.unwrap();
    for weaker in [governance(9), compliance(2)] {
        assert!(matches!(
            set(weaker, true).await,
            Err(Error::RetentionLocked)
        ));
    }
    let bypassed = world
        .store
        .delete_object(&bucket, &name, Some(&id), true)
        .await;
    assert!(matches!(bypassed, Err(Error::Immutable)));
    world.clock.advance_seconds(3 * 3600);
    world
        .store
        .set_legal_hold(&bucket, &name, Some(&id), true)
        .await
        .unwrap();
    let held = world
        .store
        .delete_object(&bucket, &name, Some(&id), true)
        .await;
    assert!(matches!(held, Err(Error::Immutable)));
    // One protected key does not stop the others of a multiple delete.
    let other = world.put("other", b"x").await.unwrap().version;
    let list = vec![
        Deletion {
            key: name.clone(),
            version: Some(id),
        },
        Deletion {
            key: key("other"),
            version: other,
        },
    ];
    let answers = world
        .store
        .delete_objects(&bucket, list, false)
        .await
        .unwrap();
    assert!(matches!(answers[0], Err(Error::Immutable)) && answers[1].is_ok());
    world
        .store
        .set_legal_hold(&bucket, &name, Some(&id), false)
        .await
        .unwrap();
    world.delete("k", Some(id)).await.unwrap();
    assert!(world.versions("", "", 9).is_empty());
}

#[tokio::test]
async fn default_retention_protects_new_objects() {
    let world = World::versioned(Versioning::Enabled).await;
    let default = DefaultRetention {
        mode: RetentionMode::Governance,
        period: RetentionPeriod::Days(1),
    };
    world
        .set(|settings| {
            settings.object_worm = Some(ObjectWorm {
                default: Some(default),
            });
        })
        .await;
    let id = world.append("k", b"x", 0).await.unwrap().version.unwrap();
    assert!(matches!(
        world.append("k", b"y", 1).await,
        Err(Error::Immutable)
    ));
    assert!(matches!(
        world.delete("k", Some(id)).await,
        Err(Error::Immutable)
    ));
    // A new version destroys nothing.
    world.put("k", b"z").await.unwrap();
    world.clock.advance_seconds(24 * 3600);
    world.delete("k", Some(id)).await.unwrap();
}
