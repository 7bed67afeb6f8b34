//! Append and seal, rule by rule (append.md).

use super::testing::{World, key};
use super::*;
use crate::domain::bucket::Versioning;
use crate::domain::crc64;
use crate::domain::etag::ETag;
use crate::domain::object::{
    ObjectAcl, ObjectAttributes, ObjectType, Sse, SseAlgorithm, StorageClass, StoredHeaders,
};
use crate::domain::tags::{TagError, TagSet};
use std::sync::atomic::{AtomicUsize, Ordering};

fn attributes(meta: &str) -> ObjectAttributes {
    ObjectAttributes {
        headers: StoredHeaders {
            content_type: Some(format!("text/{meta}")),
            meta: vec![("author".to_owned(), meta.to_owned())],
            ..StoredHeaders::default()
        },
        ..ObjectAttributes::default()
    }
}

/// Everything that a refused call must leave alone.
fn state(object: &Object) -> String {
    format!(
        "{:?} {} {} {} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
        object.kind,
        object.len,
        object.crc64,
        object.etag,
        object.modified,
        object.headers,
        object.tags,
        object.acl,
        object.sse,
        object.sealed,
        object.storage_class
    )
}

#[tokio::test]
async fn appends_at_the_length_and_nowhere_else() {
    let world = World::new().await;
    let first = world.append("k", b"hello", 0).await.unwrap();
    assert_eq!((first.next_position, first.created), (5, true));
    assert_eq!(first.crc64, crc64::of(b"hello"));
    world.clock.advance_seconds(3);
    let second = world.append("k", b" world", 5).await.unwrap();
    assert_eq!((second.next_position, second.created), (11, false));
    assert_eq!(second.crc64, crc64::of(b"hello world"));
    let object = world.object("k").unwrap();
    let expected = ETag::of_append(second.crc64, world.clock.now());
    assert_eq!((&object.etag, &second.etag), (&expected, &expected));
    assert_eq!(object.modified, world.clock.now());
    assert_eq!((object.kind, object.md5), (ObjectType::Appendable, None));
    assert_eq!(world.bytes("k").await, b"hello world");
    let before = state(&object);
    world.clock.advance_seconds(3);
    for position in [0, 10, 12, u64::MAX] {
        for bytes in [b"x".as_slice(), b""] {
            let refused = world.append("k", bytes, position).await;
            assert!(
                matches!(refused, Err(Error::PositionMismatch { length: 11 })),
                "{position}"
            );
            let early = world
                .store
                .check_append(&world.bucket(), &key("k"), position, None);
            assert!(
                matches!(early, Err(Error::PositionMismatch { length: 11 })),
                "{position}"
            );
        }
    }
    assert_eq!(state(&world.object("k").unwrap()), before);
    // R21
    let refused = world.append("absent", b"x", 3).await;
    assert!(matches!(
        refused,
        Err(Error::PositionMismatch { length: 0 })
    ));
    assert!(matches!(
        world.object("absent"),
        Err(Error::NoSuchKey {
            delete_marker: None
        })
    ));
}

#[tokio::test]
async fn many_appends_of_all_sizes_read_back_whole() {
    let world = World::new().await;
    let mut expected = Vec::new();
    for (n, len) in [1, 100_000, 200_000, 0, 131_072, 131_073, 7, 1_000_000, 3]
        .into_iter()
        .enumerate()
    {
        let bytes = vec![u8::try_from(n).unwrap(); len];
        let appended = world
            .append("k", &bytes, expected.len() as u64)
            .await
            .unwrap();
        expected.extend_from_slice(&bytes);
        assert_eq!(appended.next_position, expected.len() as u64);
        assert_eq!(appended.crc64, crc64::of(&expected), "after {n}");
        assert_eq!(world.bytes("k").await, expected, "after {n}");
    }
}

#[tokio::test]
async fn what_a_later_append_says_is_ignored_but_for_the_acl() {
    let world = World::new().await;
    let sse = Sse {
        algorithm: SseAlgorithm::Kms,
        data_sm4: false,
        key_id: Some("id".to_owned()),
    };
    let mut creation = attributes("first");
    creation.tags = TagSet::from_header("a=1&b=2").unwrap();
    creation.acl = Some(ObjectAcl::PublicReadWrite);
    creation.storage_class = Some(StorageClass::Ia);
    creation.sse = Some(sse.clone());
    let first = world
        .append_with("k", b"a", 0, Ok(creation.clone()))
        .await
        .unwrap();
    assert_eq!(first.sse, Some(sse.clone()));
    // R33, R35 to R38, and R34
    let mut later = attributes("second");
    later.storage_class = Some(StorageClass::ColdArchive);
    later.sse = Some(Sse {
        algorithm: SseAlgorithm::Aes256,
        data_sm4: false,
        key_id: None,
    });
    later.acl = Some(ObjectAcl::PublicRead);
    let second = world.append_with("k", b"b", 1, Ok(later)).await.unwrap();
    assert_eq!(second.sse, Some(sse));
    let object = world.object("k").unwrap();
    assert_eq!(object.headers, creation.headers);
    assert_eq!(object.tags, creation.tags);
    assert_eq!(object.storage_class, StorageClass::Ia);
    assert_eq!(object.acl, ObjectAcl::PublicRead);
    // Attributes that do not even parse (S34), and no ACL.
    let bad: Result<ObjectAttributes> = Err(Error::InvalidPartOrder);
    world.append_with("k", b"c", 2, bad).await.unwrap();
    assert_eq!(world.object("k").unwrap().acl, ObjectAcl::PublicRead);
    assert_eq!(TagSet::from_header("a=1&a=2"), Err(TagError::Duplicate));
    // R26: on creation the error counts, and nothing comes to be.
    let bad: Result<ObjectAttributes> = Err(Error::InvalidPartOrder);
    let refused = world.append_with("new", b"c", 0, bad).await;
    assert!(matches!(refused, Err(Error::InvalidPartOrder)));
    assert!(world.object("new").is_err());
}

#[tokio::test]
async fn zero_bytes_create_and_change_nothing() {
    let world = World::new().await;
    // R50
    let first = world
        .append_with("k", b"", 0, Ok(attributes("first")))
        .await
        .unwrap();
    assert_eq!(
        (first.next_position, first.crc64, first.created),
        (0, 0, true)
    );
    assert!(first.etag.as_str().starts_with("0000000000000000"));
    let before = state(&world.object("k").unwrap());
    world.clock.advance_seconds(9);
    // R51, R52
    let mut later = attributes("second");
    later.acl = Some(ObjectAcl::PublicRead);
    let second = world.append_with("k", b"", 0, Ok(later)).await.unwrap();
    assert_eq!((second.etag, second.created), (first.etag, false));
    assert_eq!(state(&world.object("k").unwrap()), before);
    let third = world
        .append_with("k", b"x", 0, Ok(attributes("third")))
        .await
        .unwrap();
    assert_eq!((third.next_position, third.created), (1, false));
    assert_eq!(
        world.object("k").unwrap().headers,
        attributes("first").headers
    );
}

#[tokio::test]
async fn only_append_objects_grow() {
    let world = World::new().await;
    world.put("normal", b"12345").await.unwrap();
    world.put("empty/", b"").await.unwrap();
    let (bucket, target) = (world.bucket(), key("normal"));
    let link = key("link");
    let none = ObjectAttributes::default();
    world
        .store
        .put_symlink(&bucket, &link, target, none, PutOptions::default())
        .await
        .unwrap();
    // R54 to R56: type before position, whatever the position
    for name in ["normal", "empty/", "link"] {
        let before = state(&world.object(name).unwrap());
        for position in [0, 5, 77] {
            let refused = world.append(name, b"x", position).await;
            assert!(
                matches!(refused, Err(Error::NotAppendable)),
                "{name} at {position}"
            );
            let early = world
                .store
                .check_append(&bucket, &key(name), position, Some(1));
            assert!(
                matches!(early, Err(Error::NotAppendable)),
                "{name} at {position}"
            );
        }
        assert_eq!(state(&world.object(name).unwrap()), before);
    }
    // R64, R65
    world.append("k", b"old", 0).await.unwrap();
    world.put("k", b"new").await.unwrap();
    assert!(matches!(
        world.append("k", b"x", 3).await,
        Err(Error::NotAppendable)
    ));
    world.delete("k", None).await.unwrap();
    assert!(matches!(
        world.append("k", b"x", 3).await,
        Err(Error::PositionMismatch { length: 0 })
    ));
    let fresh = world
        .append_with("k", b"foo", 0, Ok(attributes("fresh")))
        .await
        .unwrap();
    assert_eq!((fresh.next_position, fresh.created), (3, true));
    assert_eq!(
        world.object("k").unwrap().headers,
        attributes("fresh").headers
    );
}

#[tokio::test]
async fn the_size_limit_is_exact() {
    let world = World::with(|options| options.object_size_max = 20).await;
    let bucket = world.bucket();
    world.append("k", b"0123456789", 0).await.unwrap();
    assert!(matches!(
        world.append("k", b"0123456789x", 10).await,
        Err(Error::TooLarge)
    ));
    let check = |len| world.store.check_append(&bucket, &key("k"), 10, len);
    assert!(check(Some(10)).is_ok() && check(None).is_ok());
    assert!(matches!(check(Some(11)), Err(Error::TooLarge)));
    assert!(matches!(check(Some(u64::MAX)), Err(Error::TooLarge)));
    world.append("k", b"0123456789", 10).await.unwrap();
    // S88
    assert_eq!(world.append("k", b"", 20).await.unwrap().next_position, 20);
    assert!(matches!(
        world.append("k", b"x", 20).await,
        Err(Error::TooLarge)
    ));
    assert_eq!(world.bytes("k").await.len(), 20);
    let (body, p) = (world.body(&[0; 21]).await, key("p"));
    let put = world.store.put_object(
        &bucket,
        &p,
        body,
        ObjectAttributes::default(),
        PutOptions::default(),
    );
    assert!(matches!(put.await, Err(Error::TooLarge)));
}

#[tokio::test]
async fn classes_that_cannot_be_appended_to() {
    let world = World::new().await;
    for class in [StorageClass::ColdArchive, StorageClass::DeepColdArchive] {
        let creation = ObjectAttributes {
            storage_class: Some(class),
            ..ObjectAttributes::default()
        };
        let refused = world.append_with("k", b"x", 0, Ok(creation)).await;
        assert!(
            matches!(refused, Err(Error::AppendStorageClass)),
            "{class:?}"
        );
    }
    assert!(world.object("k").is_err());
    // R47: an archived object wants to be restored first.
    let archive = ObjectAttributes {
        storage_class: Some(StorageClass::Archive),
        ..ObjectAttributes::default()
    };
    world.append_with("a", b"x", 0, Ok(archive)).await.unwrap();
    assert!(matches!(
        world.append("a", b"y", 1).await,
        Err(Error::Archived)
    ));
    world
        .store
        .restore_object(&world.bucket(), &key("a"), None, 1)
        .await
        .unwrap();
    assert_eq!(world.append("a", b"y", 1).await.unwrap().next_position, 2);
    // R15
    world.set(|settings| settings.hierarchical = true).await;
    assert!(matches!(
        world.append("h", b"y", 0).await,
        Err(Error::Hierarchical)
    ));
    // A class of the bucket counts like one of the request (R24).
    world
        .set(|settings| {
            (settings.hierarchical, settings.storage_class) = (false, StorageClass::ColdArchive);
        })
        .await;
    assert!(matches!(
        world.append("c", b"y", 0).await,
        Err(Error::AppendStorageClass)
    ));
}

#[tokio::test]
async fn sealing() {
    let world = World::new().await;
    world.append("k", b"hello world", 0).await.unwrap();
    let before = world.object("k").unwrap();
    assert!(matches!(
        world.seal("k", 5).await,
        Err(Error::PositionMismatch { length: 11 })
    ));
    assert_eq!(world.object("k").unwrap().sealed, None);
    world.clock.advance_seconds(5);
    let sealed = world.seal("k", 11).await.unwrap();
    assert_eq!(sealed.time, world.clock.now());
    let object = world.object("k").unwrap();
    assert_eq!(object.sealed, Some(sealed.time));
    assert_eq!(
        (object.kind, object.modified, &object.etag),
        (ObjectType::Appendable, before.modified, &before.etag)
    );
    // R110, R109
    world.clock.advance_seconds(5);
    assert_eq!(world.seal("k", 11).await.unwrap().time, sealed.time);
    assert!(matches!(
        world.seal("k", 0).await,
        Err(Error::PositionMismatch { length: 11 })
    ));
    // R112
    for position in [0, 11] {
        assert!(matches!(
            world.append("k", b"x", position).await,
            Err(Error::Sealed)
        ));
    }
    // R113
    world.put("n", b"12345").await.unwrap();
    assert!(matches!(world.seal("n", 5).await, Err(Error::Sealed)));
    assert!(matches!(
        world.seal("absent", 0).await,
        Err(Error::NoSuchKey { .. })
    ));
    // R114
    world.delete("k", None).await.unwrap();
    assert!(world.append("k", b"x", 0).await.unwrap().created);
    assert_eq!(world.object("k").unwrap().sealed, None);
}

#[tokio::test]
async fn versions_of_append_objects() {
    // R96, S121
    let world = World::versioned(Versioning::Enabled).await;
    let first = world.append("k", b"123", 0).await.unwrap();
    let second = world.append("k", b"456", 3).await.unwrap();
    let id = first.version.unwrap();
    assert!(!id.is_null());
    assert_eq!(second.version, Some(id));
    assert_eq!(world.versions("", "", 10), ["k*"]);
    // S122, R103
    let marker = world.delete("k", None).await.unwrap();
    assert!(marker.delete_marker);
    let gone = world.object("k");
    assert!(
        matches!(gone, Err(Error::NoSuchKey { delete_marker }) if delete_marker == marker.version)
    );
    let old = world.version("k", id).unwrap();
    assert_eq!((old.kind, old.is_latest), (ObjectType::Appendable, false));
    assert_eq!(world.bytes_of(&old).await, b"123456");
    // R100, S123 to S125
    assert!(matches!(
        world.append("k", b"789", 6).await,
        Err(Error::PositionMismatch { length: 0 })
    ));
    let new = world.append("k", b"789", 0).await.unwrap();
    assert_eq!((new.next_position, new.created), (3, true));
    assert_ne!(new.version, Some(id));
    assert_eq!(world.versions("", "", 1), ["k*", "k!", "k"]);
    world.delete("k", marker.version).await.unwrap();
    assert_eq!(
        world.append("k", b"789", 3).await.unwrap().version,
        new.version
    );
    assert_eq!(
        world.bytes_of(&world.version("k", id).unwrap()).await,
        b"123456"
    );
    // R98, R99, S126, S127
    let put = world.put("k", b"normal").await.unwrap();
    assert!(matches!(
        world.append("k", b"x", 6).await,
        Err(Error::NotAppendable)
    ));
    world.delete("k", put.version).await.unwrap();
    let again = world.append("k", b"!", 6).await.unwrap();
    assert_eq!(again.version, new.version);
    assert_eq!(world.bytes("k").await, b"789789!");
}

#[tokio::test]
async fn null_versions_of_append_objects() {
    // R97
    let world = World::new().await;
    assert_eq!(world.append("k", b"1", 0).await.unwrap().version, None);
    // R101
    world.set_versioning(Versioning::Enabled).await;
    assert_eq!(
        world.append("k", b"2", 1).await.unwrap().version,
        Some(VersionId::Null)
    );
    assert_eq!(world.versions("", "", 9), ["k*"]);
    let real = world.append("r", b"1", 0).await.unwrap().version;
    // R102
    world.set_versioning(Versioning::Suspended).await;
    assert_eq!(world.append("r", b"2", 1).await.unwrap().version, real);
    assert_eq!(
        world.append("s", b"1", 0).await.unwrap().version,
        Some(VersionId::Null)
    );
    assert_eq!(
        world.append("s", b"2", 1).await.unwrap().version,
        Some(VersionId::Null)
    );
    assert_eq!(world.bytes("s").await, b"12");
}

#[tokio::test]
async fn retention_of_the_bucket_protects_append_objects() {
    let world = World::new().await;
    world.append("old", b"x", 0).await.unwrap();
    let id = world.store.initiate_worm(&world.name, 1).await.unwrap();
    world.store.complete_worm(&world.name, &id).await.unwrap();
    // S130, S131
    assert!(matches!(
        world.append("old", b"y", 1).await,
        Err(Error::Immutable)
    ));
    assert!(matches!(
        world.append("old", b"y", 7).await,
        Err(Error::Immutable)
    ));
    world.append("new", b"x", 0).await.unwrap();
    assert!(matches!(
        world.append("new", b"y", 1).await,
        Err(Error::Immutable)
    ));
    world.clock.advance_seconds(24 * 3600);
    world.append("new", b"y", 1).await.unwrap();
}

#[tokio::test]
async fn a_reader_keeps_what_it_began_with() {
    let world = World::new().await;
    world.append("k", &vec![1; 300_000], 0).await.unwrap();
    let before = world.object("k").unwrap();
    world.append("k", &vec![2; 300_000], 300_000).await.unwrap();
    assert_eq!(world.bytes_of(&before).await, vec![1; 300_000]);
    world.put("k", b"other").await.unwrap();
    for n in 0..20 {
        world
            .put(&format!("filler{n}"), &vec![9; 200_000])
            .await
            .unwrap();
    }
    assert_eq!(world.bytes_of(&before).await, vec![1; 300_000]);
}

/// R92: the position that counts is the one at commit.
#[tokio::test]
async fn a_slow_body_neither_blocks_nor_wins() {
    let world = World::new().await;
    world.append("k", b"12345", 0).await.unwrap();
    let mut slow = world.store.receive(None, false);
    slow.write(bytes::Bytes::from_static(b"slow"))
        .await
        .unwrap();
    assert!(
        world
            .store
            .check_append(&world.bucket(), &key("k"), 5, Some(8))
            .is_ok()
    );
    assert_eq!(
        world.append("k", b"fast", 5).await.unwrap().next_position,
        9
    );
    slow.write(bytes::Bytes::from_static(b"slow"))
        .await
        .unwrap();
    let body = slow.finish().await.unwrap();
    let none: Result<ObjectAttributes> = Ok(ObjectAttributes::default());
    let refused = world
        .store
        .append_object(&world.bucket(), &key("k"), 5, body, None, none)
        .await;
    assert!(matches!(
        refused,
        Err(Error::PositionMismatch { length: 9 })
    ));
    assert_eq!(world.bytes("k").await, b"12345fast");
}

const BLOCK: usize = 32;

/// Threads append their own blocks, retrying where they are told; answers how many blocks arrived whole and once.
fn race(world: &Arc<World>, threads: u8, blocks: u8) -> usize {
    let running: Vec<_> = (0..threads)
        .map(|thread| {
            let world = Arc::clone(world);
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .build()
                    .unwrap();
                runtime.block_on(async {
                    let mut position = 0;
                    for block in 0..blocks {
                        let mut bytes = [thread; BLOCK];
                        bytes[0] = block;
                        loop {
                            match world.append("k", &bytes, position).await {
                                Ok(appended) => {
                                    position = appended.next_position;
                                    break;
                                }
                                Err(Error::PositionMismatch { length }) => position = length,
                                Err(other) => panic!("{other}"),
                            }
                        }
                    }
                });
            })
        })
        .collect();
    for thread in running {
        thread.join().unwrap();
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let all = runtime.block_on(world.bytes("k"));
    assert_eq!(crc64::of(&all), world.object("k").unwrap().crc64);
    let mut seen = std::collections::HashSet::new();
    for block in all.chunks(BLOCK) {
        let whole = block.len() == BLOCK && block[1..].iter().all(|byte| *byte == block[1]);
        if whole {
            seen.insert((block[0], block[1]));
        }
    }
    seen.len()
}

/// R90, S98.
#[test]
fn concurrent_appends_tile_the_object() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let world = Arc::new(runtime.block_on(World::new()));
    assert_eq!(race(&world, 8, 100), 800);
    assert_eq!(world.object("k").unwrap().len, 800 * BLOCK as u64);
}

/// The negative control of the test above: without the key's lock, acknowledged blocks get lost.
#[test]
fn without_locks_concurrent_appends_lose_blocks() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let lost = (0..50).any(|_| {
        let world = Arc::new(runtime.block_on(World::without_locks()));
        // Overlapping writes may also break the checksum: told by a panic.
        let racing = std::thread::spawn(move || race(&world, 8, 100));
        racing.join().unwrap_or(0) < 800
    });
    assert!(lost);
}

/// R90, R91: at one position exactly one wins, and what it said about the object is what the object has.
#[test]
fn one_of_many_wins_a_position() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let world = Arc::new(runtime.block_on(World::new()));
    for round in 0..20 {
        let name = format!("k{round}");
        let wins = Arc::new(AtomicUsize::new(0));
        let barrier = Arc::new(std::sync::Barrier::new(16));
        let threads: Vec<_> = (0..16)
            .map(|n: u8| {
                let (world, wins, barrier) =
                    (Arc::clone(&world), Arc::clone(&wins), Arc::clone(&barrier));
                let name = name.clone();
                std::thread::spawn(move || {
                    let runtime = tokio::runtime::Builder::new_current_thread()
                        .build()
                        .unwrap();
                    barrier.wait();
                    let creation = Ok(attributes(&n.to_string()));
                    let appended =
                        runtime.block_on(world.append_with(&name, &[n; 100], 0, creation));
                    match appended {
                        Ok(_) => wins.fetch_add(1, Ordering::SeqCst),
                        Err(Error::PositionMismatch { length: 100 }) => 0,
                        Err(other) => panic!("{other}"),
                    };
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(wins.load(Ordering::SeqCst), 1);
        let bytes = runtime.block_on(world.bytes(&name));
        let object = world.object(&name).unwrap();
        assert_eq!(object.headers, attributes(&bytes[0].to_string()).headers);
        assert!(bytes.iter().all(|byte| *byte == bytes[0]));
    }
}

/// Two kinds of calls on one key at once, many times; `judge` gets both answers and the object that is left.
fn collide<A: Send + 'static, B: Send + 'static>(
    rounds: usize,
    one: fn(&World) -> A,
    two: fn(&World) -> B,
    judge: fn(A, B, Result<Object>, &World),
) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    for _ in 0..rounds {
        let world = Arc::new(runtime.block_on(World::new()));
        runtime.block_on(world.append("k", b"12345", 0)).unwrap();
        let barrier = Arc::new(std::sync::Barrier::new(2));
        let other = {
            let (world, barrier) = (Arc::clone(&world), Arc::clone(&barrier));
            std::thread::spawn(move || {
                barrier.wait();
                two(&world)
            })
        };
        barrier.wait();
        let one = one(&world);
        let two = other.join().unwrap();
        judge(one, two, world.object("k"), &world);
    }
}

fn wait<F: std::future::Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

/// S100, S101, S103: whichever comes first, the answers and what is left fit together.
#[test]
fn appends_are_serialised_with_put_delete_and_seal() {
    let append = |world: &World| wait(world.append("k", b"67", 5));
    collide(
        100,
        append,
        |world| wait(world.put("k", b"put")),
        |appended, put, left, world| {
            put.unwrap();
            let left = left.unwrap();
            assert!(matches!(appended, Ok(_) | Err(Error::NotAppendable)));
            assert_eq!(left.kind, ObjectType::Normal);
            assert_eq!(wait(world.bytes_of(&left)), b"put");
        },
    );
    collide(
        100,
        append,
        |world| wait(world.delete("k", None)),
        |appended, deleted, left, _| {
            deleted.unwrap();
            assert!(matches!(
                appended,
                Ok(_) | Err(Error::PositionMismatch { length: 0 })
            ));
            assert!(matches!(left, Err(Error::NoSuchKey { .. })));
        },
    );
    collide(
        100,
        append,
        |world| wait(world.seal("k", 5)),
        |appended, sealed, left, _| {
            let left = left.unwrap();
            match (appended, sealed) {
                (Ok(_), Err(Error::PositionMismatch { length: 7 })) => {
                    assert_eq!((left.len, left.sealed), (7, None));
                }
                (Err(Error::Sealed), Ok(sealed)) => {
                    assert_eq!((left.len, left.sealed), (5, Some(sealed.time)));
                }
                other => panic!("{other:?}"),
            }
        },
    );
}

/// S104, R93: what a reader sees of an object is one state, also of its bytes.
#[test]
fn readers_see_whole_appends() {
    let world = Arc::new(wait(World::new()));
    wait(world.append("k", b"", 0)).unwrap();
    let writer = {
        let world = Arc::clone(&world);
        std::thread::spawn(move || {
            let mut position = 0;
            for n in 0..300u64 {
                let len = usize::try_from(n % 7 * 900 + 1).unwrap();
                let bytes = vec![n.to_le_bytes()[0]; len];
                position = wait(world.append("k", &bytes, position))
                    .unwrap()
                    .next_position;
            }
        })
    };
    let mut seen = 0;
    while !writer.is_finished() || seen == 0 {
        let object = world.object("k").unwrap();
        let bytes = wait(world.bytes_of(&object));
        assert_eq!(bytes.len() as u64, object.len);
        assert_eq!(crc64::of(&bytes), object.crc64);
        assert_eq!(object.etag, ETag::of_append(object.crc64, object.modified));
        seen += 1;
    }
    writer.join().unwrap();
}
