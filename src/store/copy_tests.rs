//! CopyObject, rule by rule (append.md R67 to R75, operations.md §E.6).

use super::testing::{World, key};
use super::*;
use crate::domain::bucket::Versioning;
use crate::domain::object::{
    ObjectAcl, ObjectType, Sse, SseAlgorithm, StorageClass, StoredHeaders,
};
use crate::domain::tags::TagSet;

async fn copy(world: &World, from: &str, to: &str, options: CopyOptions) -> Result<Copied> {
    let bucket = world.bucket();
    let (from, to) = (key(from), key(to));
    let source = CopySource {
        bucket: &bucket,
        key: &from,
        version: None,
    };
    world
        .store
        .copy_object(source, &bucket, &to, options, |_| Ok::<_, Error>(()))
        .await
}

fn headers(text: &str) -> StoredHeaders {
    StoredHeaders {
        meta: vec![("a".to_owned(), text.to_owned())],
        ..StoredHeaders::default()
    }
}

#[tokio::test]
async fn a_copy_shares_bytes_and_outlives_its_source() {
    let world = World::new().await;
    let bytes = vec![7; 500_000];
    let written = world.put("a", &bytes).await.unwrap();
    let live = world.store.figures().live_bytes;
    world.clock.advance_seconds(9);
    let copied = copy(&world, "a", "b", CopyOptions::default())
        .await
        .unwrap();
    assert_eq!((&copied.etag, copied.crc64), (&written.etag, written.crc64));
    assert_eq!(copied.modified, world.clock.now());
    assert_eq!(
        world.store.figures().live_bytes,
        live,
        "no byte was written"
    );
    world.delete("a", None).await.unwrap();
    assert_eq!(world.store.figures().live_bytes, live);
    assert_eq!(world.bytes("b").await, bytes);
    world.delete("b", None).await.unwrap();
    assert_eq!(world.store.figures().live_bytes, live - 500_000);
}

#[tokio::test]
async fn directives_decide_what_is_taken_over() {
    let world = World::new().await;
    let body = world.body(b"x").await;
    let attributes = crate::domain::object::ObjectAttributes {
        headers: headers("source"),
        acl: Some(ObjectAcl::PublicRead),
        storage_class: Some(StorageClass::Ia),
        sse: Some(Sse {
            algorithm: SseAlgorithm::Aes256,
            data_sm4: false,
            key_id: None,
        }),
        tags: TagSet::from_header("s=1").unwrap(),
    };
    world
        .store
        .put_object(
            &world.bucket(),
            &key("a"),
            body,
            attributes,
            PutOptions::default(),
        )
        .await
        .unwrap();
    let options = CopyOptions {
        headers: headers("request"),
        tags: TagSet::from_header("r=1").unwrap(),
        ..CopyOptions::default()
    };
    copy(&world, "a", "kept", options.clone()).await.unwrap();
    let object = world.object("kept").unwrap();
    assert_eq!(
        (object.headers, object.tags.pairs()[0].0.as_str()),
        (headers("source"), "s")
    );
    // ACL, class and encryption are not taken over.
    assert_eq!(
        (object.acl, object.storage_class, object.sse),
        (ObjectAcl::Default, StorageClass::Standard, None)
    );
    let options = CopyOptions {
        replace_headers: true,
        replace_tags: true,
        acl: Some(ObjectAcl::Private),
        ..options
    };
    copy(&world, "a", "new", options).await.unwrap();
    let object = world.object("new").unwrap();
    assert_eq!(
        (object.headers, object.tags.pairs()[0].0.as_str()),
        (headers("request"), "r")
    );
    assert_eq!(object.acl, ObjectAcl::Private);
}

#[tokio::test]
async fn append_objects_are_not_copied() {
    let world = World::new().await;
    world.append("a", b"12345", 0).await.unwrap();
    // S114
    let refused = copy(&world, "a", "b", CopyOptions::default()).await;
    assert!(matches!(
        refused,
        Err(Error::CopyOfAppend { versioned: false })
    ));
    assert!(world.object("b").is_err());
    // S111, S112, S120; R69: also an older version
    for versioning in [Versioning::Enabled, Versioning::Suspended] {
        world.set_versioning(versioning).await;
        for to in ["a", "b"] {
            let refused = copy(&world, "a", to, CopyOptions::default()).await;
            assert!(
                matches!(refused, Err(Error::CopyOfAppend { versioned: true })),
                "{versioning:?} {to}"
            );
        }
    }
    world.put("a", b"newer").await.unwrap();
    // R75: existence, then refusal, then conditions
    let bucket = world.bucket();
    let (from, to) = (key("a"), key("b"));
    let world2 = World::new().await;
    world2.append("a", b"x", 0).await.unwrap();
    let source = CopySource {
        bucket: &world2.bucket(),
        key: &from,
        version: None,
    };
    let asked = std::sync::atomic::AtomicBool::new(false);
    let check = |_: &Object| {
        asked.store(true, std::sync::atomic::Ordering::SeqCst);
        Ok::<_, Error>(())
    };
    let refused = world2
        .store
        .copy_object(source, &world2.bucket(), &to, CopyOptions::default(), check)
        .await;
    assert!(matches!(refused, Err(Error::CopyOfAppend { .. })));
    assert!(!asked.load(std::sync::atomic::Ordering::SeqCst));
    let absent = key("absent");
    let source = CopySource {
        bucket: &bucket,
        key: &absent,
        version: None,
    };
    let refused = world
        .store
        .copy_object(source, &bucket, &to, CopyOptions::default(), |_| {
            Ok::<_, Error>(())
        })
        .await;
    assert!(matches!(
        refused,
        Err(Error::NoSuchKey {
            delete_marker: None
        })
    ));
}

#[tokio::test]
async fn append_objects_are_copied_where_the_switch_allows() {
    let world = World::with(|options| options.append_copy = AppendCopy::VersionedOnly).await;
    let bytes: Vec<u8> = (0..400_000u32).map(|n| n.to_le_bytes()[1]).collect();
    world.append("a", &bytes, 0).await.unwrap();
    // S115
    let sse = Some(Sse {
        algorithm: SseAlgorithm::Aes256,
        data_sm4: false,
        key_id: None,
    });
    let copied = copy(
        &world,
        "a",
        "b",
        CopyOptions {
            sse: sse.clone(),
            ..CopyOptions::default()
        },
    )
    .await
    .unwrap();
    assert_eq!(copied.sse, sse);
    let object = world.object("b").unwrap();
    assert_eq!(
        (object.kind, object.len, object.crc64),
        (ObjectType::Normal, 400_000, copied.crc64)
    );
    assert!(object.md5.is_some());
    assert_eq!(world.bytes("b").await, bytes);
    assert_eq!(
        world
            .append("a", b"more", 400_000)
            .await
            .unwrap()
            .next_position,
        400_004
    );
    world.set_versioning(Versioning::Enabled).await;
    let refused = copy(&world, "a", "c", CopyOptions::default()).await;
    assert!(matches!(
        refused,
        Err(Error::CopyOfAppend { versioned: true })
    ));
}

#[tokio::test]
async fn a_copy_onto_itself_changes_metadata_only() {
    let world = World::new().await;
    world.append("a", b"12345", 0).await.unwrap();
    world.seal("a", 5).await.unwrap();
    let before = world.object("a").unwrap();
    // S27, R114: whatever the directive says
    world.clock.advance_seconds(2);
    let options = CopyOptions {
        headers: headers("new"),
        ..CopyOptions::default()
    };
    copy(&world, "a", "a", options).await.unwrap();
    let after = world.object("a").unwrap();
    assert_eq!(
        (after.kind, after.len, &after.etag, after.sealed),
        (ObjectType::Appendable, 5, &before.etag, before.sealed)
    );
    assert_eq!(after.headers, headers("new"));
    assert_eq!(world.bytes("a").await, b"12345");
    // S119, R71
    let sse = Some(Sse {
        algorithm: SseAlgorithm::Aes256,
        data_sm4: false,
        key_id: None,
    });
    let class = Some(StorageClass::Ia);
    for options in [
        CopyOptions {
            sse,
            ..CopyOptions::default()
        },
        CopyOptions {
            storage_class: class,
            ..CopyOptions::default()
        },
    ] {
        let refused = copy(&world, "a", "a", options).await;
        assert!(matches!(
            refused,
            Err(Error::CopyOfAppend { versioned: false })
        ));
    }
    assert_eq!(world.object("a").unwrap().headers, headers("new"));
    // S117, S118, R74
    world.put("n", b"123").await.unwrap();
    let forbid = CopyOptions {
        forbid_overwrite: true,
        ..CopyOptions::default()
    };
    assert!(matches!(
        copy(&world, "n", "a", forbid).await,
        Err(Error::FileExists)
    ));
    copy(&world, "n", "a", CopyOptions::default())
        .await
        .unwrap();
    assert_eq!(world.bytes("a").await, b"123");
    assert!(matches!(
        world.append("a", b"x", 3).await,
        Err(Error::NotAppendable)
    ));
}

#[tokio::test]
async fn an_older_version_is_brought_back_by_copying_it() {
    let world = World::versioned(Versioning::Enabled).await;
    let old = world.put("k", b"old").await.unwrap().version.unwrap();
    let new = world.put("k", b"new").await.unwrap().version.unwrap();
    let marker = world.delete("k", None).await.unwrap().version.unwrap();
    let bucket = world.bucket();
    let name = key("k");
    let source = |version| CopySource {
        bucket: &bucket,
        key: &name,
        version,
    };
    let none = |_: &Object| Ok::<_, Error>(());
    let refused = world
        .store
        .copy_object(source(None), &bucket, &name, CopyOptions::default(), none)
        .await;
    assert!(matches!(refused, Err(Error::NoSuchKey { delete_marker: Some(id) }) if id == marker));
    let refused = world
        .store
        .copy_object(
            source(Some(&marker)),
            &bucket,
            &name,
            CopyOptions::default(),
            none,
        )
        .await;
    assert!(matches!(refused, Err(Error::NoSuchKey { delete_marker: Some(id) }) if id == marker));
    let copied = world
        .store
        .copy_object(
            source(Some(&old)),
            &bucket,
            &name,
            CopyOptions::default(),
            none,
        )
        .await
        .unwrap();
    assert_eq!(copied.source_version, Some(old));
    assert_eq!(world.bytes("k").await, b"old");
    assert_eq!(world.versions("", "", 9), ["k*", "k!", "k", "k"]);
    for (id, bytes) in [(old, b"old"), (new, b"new")] {
        assert_eq!(
            world.bytes_of(&world.version("k", id).unwrap()).await,
            bytes
        );
    }
}

#[tokio::test]
async fn a_link_is_copied_as_a_link() {
    let world = World::new().await;
    let bucket = world.bucket();
    world.append("target", b"hello", 0).await.unwrap();
    let none = Default::default;
    world
        .store
        .put_symlink(
            &bucket,
            &key("l"),
            key("target"),
            none(),
            PutOptions::default(),
        )
        .await
        .unwrap();
    copy(&world, "l", "m", CopyOptions::default())
        .await
        .unwrap();
    let resolved = world.store.resolve(&bucket, &key("m"), None).unwrap();
    assert_eq!(resolved.link.unwrap().symlink_target, Some(key("target")));
    assert_eq!(world.bytes_of(&resolved.target).await, b"hello");
    // R82: an append shows through the link
    world.append("target", b" world", 5).await.unwrap();
    assert_eq!(
        world
            .store
            .resolve(&bucket, &key("m"), None)
            .unwrap()
            .target
            .len,
        11
    );
    world
        .store
        .put_symlink(&bucket, &key("ll"), key("l"), none(), PutOptions::default())
        .await
        .unwrap();
    assert!(matches!(
        world.store.resolve(&bucket, &key("ll"), None),
        Err(Error::SymlinkTargetType)
    ));
    world.delete("target", None).await.unwrap();
    assert!(matches!(
        world.store.resolve(&bucket, &key("l"), None),
        Err(Error::SymlinkTargetMissing)
    ));
}

/// S102, R89: a copy onto itself and an append that race leave both.
#[test]
fn metadata_and_appends_do_not_lose_each_other() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let world = Arc::new(runtime.block_on(World::new()));
    runtime.block_on(world.append("k", b"", 0)).unwrap();
    let copier = {
        let world = Arc::clone(&world);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .build()
                .unwrap();
            for n in 0..200 {
                let options = CopyOptions {
                    headers: headers(&n.to_string()),
                    ..CopyOptions::default()
                };
                runtime.block_on(copy(&world, "k", "k", options)).unwrap();
                assert_eq!(world.object("k").unwrap().headers, headers(&n.to_string()));
            }
        })
    };
    for n in 0..200u64 {
        runtime.block_on(world.append("k", b"x", n)).unwrap();
    }
    copier.join().unwrap();
    assert_eq!(world.object("k").unwrap().len, 200);
}
