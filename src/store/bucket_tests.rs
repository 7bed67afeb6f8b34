//! Buckets: creation, listing, configuration, statistics, and their record.

use super::testing::{World, key};
use super::*;
use crate::domain::bucket::{BucketAcl, BucketOptions, Redundancy, Versioning};
use crate::domain::name::BucketName;
use crate::domain::object::{ObjectAttributes, Sse, SseAlgorithm, StorageClass};
use crate::domain::tags::TagSet;
use bytes::Bytes;

fn name(text: &str) -> BucketName {
    BucketName::parse(text).unwrap()
}

#[tokio::test]
async fn creation_is_repeatable_for_the_owner_only() {
    let world = World::with(|options| options.buckets_max = 3).await;
    let create = |bucket: &str, owner: &'static str, acl, given| {
        let (store, bucket) = (world.store.clone(), name(bucket));
        let options = BucketOptions {
            acl,
            ..BucketOptions::default()
        };
        async move { store.create_bucket(&bucket, owner, options, given).await }
    };
    let refused = create("bucket", "2", BucketAcl::Private, false).await;
    assert!(matches!(refused, Err(Error::BucketExists)));
    let same = create("bucket", "1", BucketAcl::PublicRead, false)
        .await
        .unwrap();
    assert!(
        matches!(same, Creation::AlreadyOwned(bucket) if bucket.settings.acl == BucketAcl::Private)
    );
    create("bucket", "1", BucketAcl::PublicRead, true)
        .await
        .unwrap();
    assert_eq!(world.bucket().settings.acl, BucketAcl::PublicRead);
    create("two", "1", BucketAcl::Private, false).await.unwrap();
    create("three", "1", BucketAcl::Private, false)
        .await
        .unwrap();
    let refused = create("four", "1", BucketAcl::Private, false).await;
    assert!(matches!(refused, Err(Error::TooManyBuckets)));
    create("four", "2", BucketAcl::Private, false)
        .await
        .unwrap();
}

#[tokio::test]
async fn buckets_are_listed_by_name_and_filter() {
    let world = World::new().await;
    for (bucket, owner) in [("b-2", "1"), ("b-1", "1"), ("c-1", "1"), ("b-3", "2")] {
        world
            .store
            .create_bucket(&name(bucket), owner, BucketOptions::default(), false)
            .await
            .unwrap();
    }
    let tag = |settings: &mut BucketSettings| {
        settings.tags = TagSet::bucket(vec![("k".to_owned(), "v".to_owned())]).unwrap();
        Ok::<_, Error>(())
    };
    world.store.update_bucket(&name("b-2"), tag).await.unwrap();
    let list = |query: BucketListQuery| {
        let page = world
            .store
            .list_buckets(&BucketListQuery {
                owner: "1".to_owned(),
                ..query
            })
            .unwrap();
        let names: Vec<String> = page
            .buckets
            .iter()
            .map(|bucket| bucket.name.to_string())
            .collect();
        (names, page.next)
    };
    let query = |prefix: &str, marker: &str, max| BucketListQuery {
        prefix: prefix.to_owned(),
        marker: marker.to_owned(),
        max,
        ..BucketListQuery::default()
    };
    let strings = |names: &[&str]| {
        names
            .iter()
            .map(|name| (*name).to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        list(query("", "", 9)),
        (strings(&["b-1", "b-2", "bucket", "c-1"]), None)
    );
    assert_eq!(
        list(query("b", "", 2)),
        (strings(&["b-1", "b-2"]), Some("b-2".to_owned()))
    );
    assert_eq!(list(query("b", "b-2", 2)), (strings(&["bucket"]), None));
    for (value, found) in [(None, 1), (Some("v"), 1), (Some("w"), 0)] {
        let tags = vec![("k".to_owned(), value.map(str::to_owned))];
        assert_eq!(
            list(BucketListQuery {
                tags,
                ..query("", "", 9)
            })
            .0
            .len(),
            found
        );
    }
}

#[tokio::test]
async fn a_document_changes_by_what_it_was() {
    let world = World::new().await;
    let change = |kind: &'static str, update: fn(Option<Bytes>, usize) -> Result<Option<Bytes>>| {
        let store = &world.store;
        store.update_config::<Error>(&world.name, kind, "live/", update)
    };
    let read = |kind| world.store.config(&world.bucket(), kind).unwrap();
    change("live/a", |before, others| {
        assert_eq!((before, others), (None, 0));
        Ok(Some(Bytes::from_static(b"1")))
    })
    .await
    .unwrap();
    change("live/b", |_, others| {
        assert_eq!(others, 1);
        Ok(Some(Bytes::from_static(b"b")))
    })
    .await
    .unwrap();
    change("live/a", |before, others| {
        assert_eq!((before.as_deref(), others), (Some(&b"1"[..]), 1));
        Ok(Some(Bytes::from_static(b"2")))
    })
    .await
    .unwrap();
    let refused = change("live/a", |_, _| Err(Error::TooLarge)).await;
    assert!(matches!(refused, Err(Error::TooLarge)));
    let long = |_, _| Ok(Some(Bytes::from(vec![b'x'; bucket::CONFIG_MAX + 1])));
    assert!(matches!(change("live/a", long).await, Err(Error::TooLarge)));
    assert_eq!(read("live/a").as_deref(), Some(&b"2"[..]));
    let stat = world.store.bucket_stat(&world.bucket()).await.unwrap();
    assert_eq!(stat.live_channels, 2);

    // Channels keep a bucket, unlike other documents.
    let kept = world.store.delete_bucket(&world.name).await;
    assert!(matches!(kept, Err(Error::BucketNotEmpty)));
    for kind in ["live/a", "live/b", "live/b"] {
        change(kind, |_, _| Ok(None)).await.unwrap();
        assert_eq!(read(kind), None);
    }
    world.store.delete_bucket(&world.name).await.unwrap();
    let gone = change("live/a", |_, _| Ok(None)).await;
    assert!(matches!(gone, Err(Error::NoSuchBucket)));
}

/// However many come at once, a bound that `update` keeps is kept. Control: without it all of them get in.
#[tokio::test(flavor = "multi_thread")]
async fn changes_of_a_family_never_overlap() {
    for (max, expected) in [(5, 5), (usize::MAX, 40)] {
        let world = World::new().await;
        let adds = (0..40).map(|number| {
            let (store, name) = (world.store.clone(), world.name.clone());
            tokio::spawn(async move {
                let kind = format!("style/{number}");
                let update = |_, others| match others {
                    others if others >= max => Err(Error::TooLarge),
                    _ => Ok(Some(Bytes::from_static(b"x"))),
                };
                store.update_config(&name, &kind, "style/", update).await
            })
        });
        let mut added = 0;
        for add in adds.collect::<Vec<_>>() {
            added += usize::from(add.await.unwrap().is_ok());
        }
        let listed = world.store.configs(&world.bucket(), "style/", "", 99);
        assert_eq!((added, listed.unwrap().len()), (expected, expected));
    }
}

#[tokio::test]
async fn a_bucket_goes_only_when_empty_and_takes_its_configuration_along() {
    let world = World::new().await;
    let old = world.bucket();
    world
        .store
        .put_config(&world.name, "cors", Bytes::from_static(b"<x/>"))
        .await
        .unwrap();
    world
        .store
        .put_config(&world.name, "inventory/a", Bytes::from_static(b"a"))
        .await
        .unwrap();
    world
        .store
        .put_config(&world.name, "inventory/b", Bytes::from_static(b"b"))
        .await
        .unwrap();
    let listed = |after, max| world.store.configs(&old, "inventory/", after, max).unwrap();
    assert_eq!(listed("", 9).len(), 2);
    assert_eq!(listed("inventory/a", 9)[0].0, "inventory/b");
    assert_eq!(listed("", 1)[0].0, "inventory/a");
    assert!(
        world
            .store
            .delete_config(&world.name, "inventory/a")
            .await
            .unwrap()
    );
    assert!(
        !world
            .store
            .delete_config(&world.name, "inventory/a")
            .await
            .unwrap()
    );
    let long = Bytes::from(vec![b'x'; bucket::CONFIG_MAX + 1]);
    let refused = world.store.put_config(&world.name, "policy", long).await;
    assert!(matches!(refused, Err(Error::TooLarge)));
    world.put("k", b"x").await.unwrap();
    assert!(matches!(
        world.store.delete_bucket(&world.name).await,
        Err(Error::BucketNotEmpty)
    ));
    world.delete("k", None).await.unwrap();
    world.store.delete_bucket(&world.name).await.unwrap();
    assert!(world.store.bucket(&world.name).unwrap().is_none());
    assert!(matches!(
        world.store.delete_bucket(&world.name).await,
        Err(Error::NoSuchBucket)
    ));
    assert_eq!(world.store.config(&old, "cors").unwrap(), None);
    // A delete marker is something.
    world
        .store
        .create_bucket(&world.name, "1", BucketOptions::default(), false)
        .await
        .unwrap();
    world.set_versioning(Versioning::Enabled).await;
    let marker = world.delete("k", None).await.unwrap().version;
    assert!(matches!(
        world.store.delete_bucket(&world.name).await,
        Err(Error::BucketNotEmpty)
    ));
    world.delete("k", marker).await.unwrap();
    world.store.delete_bucket(&world.name).await.unwrap();
}

#[tokio::test]
async fn statistics_count_all_versions() {
    let world = World::versioned(Versioning::Enabled).await;
    world.put("a", b"12345").await.unwrap();
    world.put("a", b"123").await.unwrap();
    let ia = ObjectAttributes {
        storage_class: Some(StorageClass::Ia),
        ..ObjectAttributes::default()
    };
    let body = world.body(b"1").await;
    world
        .store
        .put_object(&world.bucket(), &key("b"), body, ia, PutOptions::default())
        .await
        .unwrap();
    world.delete("a", None).await.unwrap();
    world.delete("c", None).await.unwrap();
    let stat = world.store.bucket_stat(&world.bucket()).await.unwrap();
    assert_eq!(
        stat.classes[0],
        ClassStat {
            objects: 2,
            bytes: 8
        }
    );
    assert_eq!(
        stat.classes[1],
        ClassStat {
            objects: 1,
            bytes: 1
        }
    );
    assert_eq!(stat.delete_markers, 2);
}

#[test]
fn records_round_trip_and_cut_ones_are_refused() {
    let full = BucketSettings {
        acl: BucketAcl::PublicReadWrite,
        storage_class: StorageClass::DeepColdArchive,
        redundancy: Redundancy::Zrs,
        resource_group_id: Some("group".to_owned()),
        versioning: Versioning::Suspended,
        requester_pays: true,
        public_access_block: Some(true),
        access_monitor: true,
        transfer_acceleration: Some(false),
        hierarchical: true,
        encryption: Some(Sse {
            algorithm: SseAlgorithm::Kms,
            data_sm4: true,
            key_id: Some("key".to_owned()),
        }),
        tags: TagSet::bucket(vec![("a".to_owned(), "b".to_owned())]).unwrap(),
        worm: Some(Worm {
            id: "W".to_owned(),
            days: 9,
            created: crate::domain::time::Timestamp(5),
            locked: true,
        }),
        object_worm: Some(ObjectWorm {
            default: Some(DefaultRetention {
                mode: RetentionMode::Compliance,
                period: RetentionPeriod::Years(3),
            }),
        }),
    };
    for settings in [full, BucketSettings::default()] {
        let bucket = Bucket {
            id: 7,
            row: Bytes::new(),
            name: name("abc"),
            owner: "1".to_owned(),
            created: crate::domain::time::Timestamp(1_600_000_000_000),
            settings,
        };
        let row = Bytes::from(bucket.encode());
        let back = Bucket::decode(bucket.name.clone(), &row).unwrap();
        assert_eq!(
            (back.id, &back.owner, back.created),
            (7, &bucket.owner, bucket.created)
        );
        assert_eq!(back.settings, bucket.settings);
        for cut in 0..row.len() {
            assert!(
                Bucket::decode(name("abc"), &row.slice(..cut)).is_err(),
                "cut at {cut}"
            );
        }
    }
}
