//! Multipart uploads as operations.md section F has them.

use super::testing::{World, key};
use super::*;
use crate::domain::crc64;
use crate::domain::etag::ETag;
use crate::domain::object::{ObjectAcl, ObjectAttributes, ObjectType, StoredHeaders};
use md5::{Digest, Md5};

const PART: usize = 102_400;

async fn start(world: &World, name: &str) -> UploadId {
    world
        .store
        .initiate_upload(&world.bucket(), &key(name), UploadOptions::default())
        .await
        .unwrap()
}

async fn part(world: &World, name: &str, id: &UploadId, number: u32, bytes: &[u8]) -> Result<Part> {
    let body = world.body(bytes).await;
    let number = PartNumber::new(number).unwrap();
    world
        .store
        .upload_part(&world.bucket(), &key(name), id, number, body)
        .await
}

async fn complete(
    world: &World,
    name: &str,
    id: &UploadId,
    parts: Option<&[(u32, &ETag)]>,
) -> Result<Written> {
    let parts = parts.map(|parts| {
        parts
            .iter()
            .map(|(number, tag)| {
                (
                    PartNumber::new(*number).unwrap(),
                    tag.quoted().to_lowercase(),
                )
            })
            .collect()
    });
    let completion = Completion {
        parts,
        ..Completion::default()
    };
    world
        .store
        .complete_upload(&world.bucket(), &key(name), id, completion)
        .await
}

#[tokio::test]
async fn parts_become_an_object_without_moving_a_byte() {
    let world = World::new().await;
    let options = UploadOptions {
        attributes: ObjectAttributes {
            headers: StoredHeaders {
                content_type: Some("a/b".to_owned()),
                ..StoredHeaders::default()
            },
            ..ObjectAttributes::default()
        },
        ..UploadOptions::default()
    };
    let bucket = world.bucket();
    let id = world
        .store
        .initiate_upload(&bucket, &key("k"), options)
        .await
        .unwrap();
    let pieces = [vec![1; PART], vec![2; 300_000], vec![3; 5]];
    let mut parts = Vec::new();
    for (number, bytes) in [2, 5, 9].into_iter().zip(&pieces) {
        parts.push(part(&world, "k", &id, number, bytes).await.unwrap());
    }
    // Replaced and dropped ones.
    part(&world, "k", &id, 7, &vec![9; PART]).await.unwrap();
    let first = part(&world, "k", &id, 2, &pieces[0]).await.unwrap();
    assert_eq!(first.etag, parts[0].etag);
    assert!(world.object("k").is_err());
    let completion = Completion {
        parts: Some(
            parts
                .iter()
                .map(|part| (part.number, part.etag.quoted()))
                .collect(),
        ),
        acl: Some(ObjectAcl::PublicRead),
        forbid_overwrite: true,
    };
    let written = world
        .store
        .complete_upload(&bucket, &key("k"), &id, completion.clone())
        .await
        .unwrap();
    let whole = pieces.concat();
    let tags: Vec<u8> = parts.iter().flat_map(|part| part.md5).collect();
    assert_eq!(written.etag, ETag::of_parts(Md5::digest(tags).into(), 3));
    assert_eq!((written.crc64, written.md5), (crc64::of(&whole), None));
    let object = world.object("k").unwrap();
    assert_eq!(
        (object.kind, object.len, object.acl),
        (
            ObjectType::Multipart,
            whole.len() as u64,
            ObjectAcl::PublicRead
        )
    );
    assert_eq!(object.headers.content_type.as_deref(), Some("a/b"));
    assert_eq!(world.bytes("k").await, whole);
    assert_eq!(
        world.store.figures().live_bytes,
        whole.len() as u64,
        "unlisted and replaced parts went"
    );
    let again = world
        .store
        .complete_upload(&bucket, &key("k"), &id, completion)
        .await;
    assert!(matches!(again, Err(Error::NoSuchUpload)));
    assert!(matches!(
        world.append("k", b"x", object.len).await,
        Err(Error::NotAppendable)
    ));
    // What was linked together goes as one.
    world.delete("k", None).await.unwrap();
    assert_eq!(world.store.figures().live_bytes, 0);
}

#[tokio::test]
async fn completions_that_do_not_fit_change_nothing() {
    let world = World::new().await;
    let id = start(&world, "k").await;
    assert!(matches!(
        complete(&world, "k", &id, None).await,
        Err(Error::InvalidPartOrder)
    ));
    let small = part(&world, "k", &id, 1, b"small").await.unwrap().etag;
    let large = part(&world, "k", &id, 2, &vec![0; PART])
        .await
        .unwrap()
        .etag;
    let cases: [(&str, &[(u32, &ETag)]); 6] = [
        ("none", &[]),
        ("descending", &[(2, &large), (1, &small)]),
        ("twice", &[(2, &large), (2, &large)]),
        ("unknown", &[(2, &large), (3, &small)]),
        ("wrong tag", &[(2, &small)]),
        ("too small", &[(1, &small), (2, &large)]),
    ];
    for (name, parts) in cases {
        let refused = complete(&world, "k", &id, Some(parts)).await;
        let expected = match name {
            "unknown" => matches!(refused, Err(Error::InvalidPart { number: 3 })),
            "wrong tag" => matches!(refused, Err(Error::InvalidPart { number: 2 })),
            "too small" => {
                matches!(
                    refused,
                    Err(Error::PartTooSmall {
                        number: 1,
                        size: 5,
                        size_min: PART_SIZE_MIN
                    })
                )
            }
            _ => matches!(refused, Err(Error::InvalidPartOrder)),
        };
        assert!(expected, "{name}: {refused:?}");
    }
    assert!(world.object("k").is_err());
    // A last part may be small, and a single one too.
    complete(&world, "k", &id, Some(&[(1, &small)]))
        .await
        .unwrap();
    assert_eq!(world.bytes("k").await, b"small");
    let id = start(&world, "empty").await;
    part(&world, "empty", &id, 1, b"").await.unwrap();
    complete(&world, "empty", &id, None).await.unwrap();
    assert_eq!(world.bytes("empty").await, b"");
}

#[tokio::test]
async fn sequential_uploads() {
    let world = World::new().await;
    let options = UploadOptions {
        sequential: true,
        ..UploadOptions::default()
    };
    let id = world
        .store
        .initiate_upload(&world.bucket(), &key("k"), options)
        .await
        .unwrap();
    let gap = part(&world, "k", &id, 2, b"x").await;
    assert!(matches!(gap, Err(Error::PartNotSequential)));
    let whole: Vec<u8> = (0..2 * PART).map(|n| n.to_le_bytes()[0]).collect();
    part(&world, "k", &id, 1, &whole[..PART]).await.unwrap();
    part(&world, "k", &id, 2, &whole[PART..]).await.unwrap();
    let written = complete(&world, "k", &id, None).await.unwrap();
    assert_eq!(written.md5, Some(Md5::digest(&whole).into()));
}

#[tokio::test]
async fn uploads_and_parts_are_listed_in_order() {
    let world = World::new().await;
    let bucket = world.bucket();
    let mut ids = Vec::new();
    for name in ["b/1", "a", "b/2", "a", "c"] {
        ids.push((name.to_owned(), start(&world, name).await));
    }
    ids.sort();
    for max in 1..6 {
        let mut all = Vec::new();
        let mut query = UploadQuery {
            max,
            ..UploadQuery::default()
        };
        loop {
            let page = world.store.list_uploads(&bucket, &query).unwrap();
            all.extend(page.uploads.into_iter().map(|(key, id, _)| (key, id)));
            let Some((key, id)) = page.next else { break };
            query.key_marker = Some(key);
            query.upload_id_marker = id.map(|id| id.to_string());
        }
        assert_eq!(all, ids, "pages of {max}");
    }
    let query = UploadQuery {
        delimiter: Some("/".to_owned()),
        max: 9,
        ..UploadQuery::default()
    };
    let page = world.store.list_uploads(&bucket, &query).unwrap();
    assert_eq!(
        (page.uploads.len(), page.prefixes),
        (3, vec!["b/".to_owned()])
    );
    // Without a key marker the id marker means nothing; text that is no id compares as text.
    let marked = |key: Option<&str>, id: &str| {
        let query = UploadQuery {
            key_marker: key.map(str::to_owned),
            upload_id_marker: Some(id.to_owned()),
            max: 9,
            ..UploadQuery::default()
        };
        world
            .store
            .list_uploads(&bucket, &query)
            .unwrap()
            .uploads
            .len()
    };
    assert_eq!(
        (
            marked(None, "zzz"),
            marked(Some("a"), "zzz"),
            marked(Some("a"), "!")
        ),
        (5, 3, 5)
    );
    let (name, id) = &ids[0];
    for number in [3, 1, 10_000, 2] {
        part(&world, name, id, number, b"x").await.unwrap();
    }
    let numbers = |after, max| {
        let page = world
            .store
            .list_parts(&bucket, &key(name), id, after, max)
            .unwrap();
        (
            page.parts
                .iter()
                .map(|part| part.number.get())
                .collect::<Vec<_>>(),
            page.truncated,
        )
    };
    assert_eq!(numbers(0, 2), (vec![1, 2], true));
    assert_eq!(numbers(2, 2), (vec![3, 10_000], false));
    assert_eq!(numbers(99_999, 2), (vec![], false));
    // The id belongs to its key.
    assert!(matches!(
        world.store.upload(&bucket, &key("c"), id),
        Err(Error::NoSuchUpload)
    ));
    assert!(matches!(
        part(&world, "c", id, 1, b"x").await,
        Err(Error::NoSuchUpload)
    ));
}

#[tokio::test]
async fn aborting_gives_everything_back() {
    let world = World::new().await;
    let id = start(&world, "k").await;
    part(&world, "k", &id, 1, &vec![0; 300_000]).await.unwrap();
    assert!(matches!(
        world.store.delete_bucket(&world.name).await,
        Err(Error::BucketNotEmpty)
    ));
    let stat = world.store.bucket_stat(&world.bucket()).await.unwrap();
    assert_eq!((stat.uploads, stat.parts, stat.part_bytes), (1, 1, 300_000));
    world
        .store
        .abort_upload(&world.bucket(), &key("k"), &id)
        .await
        .unwrap();
    assert!(matches!(
        world
            .store
            .abort_upload(&world.bucket(), &key("k"), &id)
            .await,
        Err(Error::NoSuchUpload)
    ));
    assert_eq!(world.store.figures().live_bytes, 0);
    world.store.delete_bucket(&world.name).await.unwrap();
}

#[tokio::test]
async fn parts_are_copied_from_objects() {
    let world = World::new().await;
    let bucket = world.bucket();
    let bytes: Vec<u8> = (0..PART * 2).map(|n| n.to_le_bytes()[0]).collect();
    world.put("source", &bytes).await.unwrap();
    world.append("append", &bytes, 0).await.unwrap();
    let id = start(&world, "k").await;
    let from = |name: &str, number: u32| {
        let (name, bucket, id, store) = (key(name), bucket.clone(), id, world.store.clone());
        async move {
            let source = CopySource {
                bucket: &bucket,
                key: &name,
                version: None,
            };
            let number = PartNumber::new(number).unwrap();
            let range = |object: &Object| Ok::<_, Error>(1..object.len);
            store
                .upload_part_copy(source, &bucket, &key("k"), &id, number, range)
                .await
        }
    };
    let copied = from("source", 1).await.unwrap();
    assert_eq!(copied.part.len, bytes.len() as u64 - 1);
    // R73, S116
    assert!(matches!(
        from("append", 2).await,
        Err(Error::CopyOfAppend { versioned: false })
    ));
    complete(&world, "k", &id, None).await.unwrap();
    assert_eq!(world.bytes("k").await, &bytes[1..]);
    assert!(matches!(from("source", 1).await, Err(Error::NoSuchUpload)));
}
