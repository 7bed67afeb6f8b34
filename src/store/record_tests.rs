//! Keys order as the protocol orders; records come back as they were, and damaged ones are refused.

use super::content::Content;
use super::multipart::UploadId;
use super::object::{Retention, RetentionMode};
use super::record::*;
use super::version::VersionId;
use crate::domain::name::ObjectKey;
use crate::domain::object::{
    ObjectAcl, ObjectType, Restore, Sse, SseAlgorithm, StorageClass, StoredHeaders,
};
use crate::domain::tags::TagSet;
use crate::domain::time::Timestamp;
use proptest::prelude::*;

/// Texts in which 00 and FF-like bytes, and one text being the prefix of another, are frequent.
fn text() -> impl Strategy<Value = String> {
    let pieces = vec![
        "a",
        "b",
        "/",
        "\u{0}",
        "\u{1}",
        "\u{0}\u{0}",
        "é",
        "\u{10ffff}",
    ];
    proptest::collection::vec(prop::sample::select(pieces), 1..8)
        .prop_map(|parts| parts.concat())
        .prop_filter("keys do not start with a slash", |text| {
            !text.starts_with('/')
        })
}

fn object_key() -> impl Strategy<Value = ObjectKey> {
    text().prop_map(|text| ObjectKey::parse(&text).unwrap())
}

fn time() -> impl Strategy<Value = Timestamp> {
    any::<i64>().prop_map(Timestamp)
}

fn stored() -> impl Strategy<Value = Stored> {
    let of = |all: &'static [ObjectType]| prop::sample::select(all);
    let tag = prop_oneof![
        any::<[u8; 16]>().prop_map(Tag::Md5),
        (any::<[u8; 16]>(), any::<u32>()).prop_map(|(md5, parts)| Tag::Parts(md5, parts)),
        time().prop_map(Tag::Changed),
    ];
    let retention = (any::<bool>(), time()).prop_map(|(strict, until)| Retention {
        mode: if strict {
            RetentionMode::Compliance
        } else {
            RetentionMode::Governance
        },
        until,
    });
    let restore = (time(), time()).prop_map(|(ready, expires)| Restore { ready, expires });
    (
        (of(ObjectType::ALL), any::<u64>(), any::<u64>(), tag),
        (
            prop::sample::select(StorageClass::ALL),
            prop::sample::select(ObjectAcl::ALL),
        ),
        (
            proptest::option::of(time()),
            proptest::option::of(restore),
            proptest::option::of(retention),
            any::<Option<bool>>(),
            proptest::option::of(time()),
        ),
        proptest::collection::vec(any::<u8>(), 0..40),
    )
        .prop_map(
            |((kind, id, crc64, tag), (storage_class, acl), marks, details)| Stored {
                kind,
                content: Content::empty(id),
                crc64,
                tag,
                storage_class,
                acl,
                sealed: marks.0,
                restore: marks.1,
                retention: marks.2,
                legal_hold: marks.3,
                transitioned: marks.4,
                details,
            },
        )
}

fn record() -> impl Strategy<Value = Record> {
    (
        any::<u64>(),
        any::<Option<[u8; 16]>>(),
        time(),
        proptest::option::of(stored()),
    )
        .prop_map(|(sequence, random, modified, stored)| Record {
            sequence,
            id: random.map_or(VersionId::Null, |random| VersionId::Real {
                sequence,
                random,
            }),
            modified,
            stored,
        })
}

fn details() -> impl Strategy<Value = Details> {
    let sse = (any::<bool>(), proptest::option::of(text())).prop_map(|(data_sm4, key_id)| Sse {
        algorithm: SseAlgorithm::Kms,
        data_sm4,
        key_id,
    });
    let pairs = || proptest::collection::vec((text(), text()), 0..4);
    (
        proptest::collection::vec(proptest::option::of(text()), 6),
        pairs(),
        pairs(),
        proptest::option::of(sse),
        proptest::option::of(object_key()),
    )
        .prop_map(|(mut texts, meta, tags, sse, symlink_target)| {
            let mut next = || texts.pop().flatten();
            Details {
                headers: StoredHeaders {
                    content_type: next(),
                    cache_control: next(),
                    content_disposition: next(),
                    content_encoding: next(),
                    content_language: next(),
                    expires: next(),
                    meta,
                },
                tags: TagSet::from_stored(tags),
                sse,
                symlink_target,
            }
        })
}

proptest! {
    #[test]
    fn rows_order_as_keys_do(a in object_key(), b in object_key(), bucket in any::<u64>(), other in any::<u64>()) {
        let keys = Keys(3);
        prop_assert_eq!(a.as_bytes().cmp(b.as_bytes()), keys.object(bucket, &a).cmp(&keys.object(bucket, &b)));
        prop_assert_eq!(bucket.cmp(&other).then(a.cmp(&b)), keys.object(bucket, &a).cmp(&keys.object(other, &b)));
        let (x, y) = (UploadId([1; 16]), UploadId([2; 16]));
        prop_assert_eq!(
            a.cmp(&b),
            keys.upload(bucket, &a, y).cmp(&keys.upload(bucket, &b, y)),
        );
        prop_assert!(keys.upload(bucket, &a, x) < keys.upload(bucket, &a, y));
    }

    #[test]
    fn newer_versions_come_first(a in object_key(), b in object_key(), older in any::<u64>(), newer in any::<u64>()) {
        let keys = Keys(0);
        prop_assert_eq!(
            a.cmp(&b).then(newer.cmp(&older)),
            keys.version(1, &a, older).cmp(&keys.version(1, &b, newer)),
        );
    }

    #[test]
    fn a_prefix_of_a_key_is_a_prefix_of_its_row(key in object_key(), prefix in text()) {
        let keys = Keys(9);
        let row = keys.object(5, &key);
        let range = keys.prefixed(Family::Objects, 5, &prefix);
        let starts = key.as_str().starts_with(&prefix);
        prop_assert_eq!(row.starts_with(&range), starts);
        let end = after_prefix(range.clone()).unwrap();
        prop_assert_eq!(range <= row && row < end, starts);
    }

    #[test]
    fn keys_come_back_from_their_rows(key in object_key(), sequence in any::<u64>(), id in any::<[u8; 16]>()) {
        let keys = Keys(u32::MAX >> 4);
        let row = keys.version(8, &key, sequence);
        let (back, rest) = key_of_row(&row).unwrap();
        prop_assert_eq!(back.as_str(), key.as_str());
        let sequence_bytes = (!sequence).to_be_bytes();
        prop_assert_eq!(rest, sequence_bytes.as_slice());
        let row = keys.upload(8, &key, UploadId(id));
        prop_assert_eq!(upload_of_row(key_of_row(&row).unwrap().1).unwrap(), UploadId(id));
        for cut in 0..keys.object(8, &key).len() {
            prop_assert!(key_of_row(&row[..cut]).is_err());
        }
    }

    #[test]
    fn records_round_trip(record in record()) {
        let row = record.encode();
        prop_assert_eq!(Record::is_marker(&row), record.stored.is_none());
        prop_assert_eq!(Record::decode(&row).unwrap(), record);
        for cut in 0..row.len() {
            prop_assert!(Record::decode(&row[..cut]).is_err());
        }
        let longer = [row.as_slice(), &[0]].concat();
        prop_assert!(Record::decode(&longer).is_err());
    }

    #[test]
    fn details_round_trip(details in details()) {
        let bytes = details.encode();
        prop_assert_eq!(Details::decode(&bytes).unwrap(), details);
        for cut in 0..bytes.len() {
            prop_assert!(Details::decode(&bytes[..cut]).is_err());
        }
    }

    #[test]
    fn no_bytes_make_a_decoder_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let with_format = [&[1u8], bytes.as_slice()].concat();
        for bytes in [&bytes, &with_format] {
            let _ = Record::decode(bytes);
            let _ = Details::decode(bytes);
            let _ = UploadRecord::decode(bytes);
            let _ = PartRecord::decode(bytes);
            let _ = decode_sequence(bytes);
            let _ = key_of_row(bytes);
        }
    }
}

#[test]
fn uploads_and_parts_round_trip() {
    let upload = UploadRecord {
        initiated: Timestamp(-5),
        sequential: true,
        storage_class: StorageClass::Ia,
        details: vec![1, 2, 3],
    };
    assert_eq!(UploadRecord::decode(&upload.encode()).unwrap(), upload);
    let part = PartRecord {
        content: Content::empty(4),
        md5: [7; 16],
        crc64: u64::MAX,
        modified: Timestamp(1_600_000_000_000),
    };
    assert_eq!(PartRecord::decode(&part.encode()).unwrap(), part);
    assert_eq!(decode_sequence(&encode_sequence(77)).unwrap(), 77);
    for cut in 0..part.encode().len() {
        assert!(PartRecord::decode(&part.encode()[..cut]).is_err());
    }
}

/// The bytes of format 1, fixed: a change here is a change of the format on disk.
#[test]
fn the_format_is_what_it_was() {
    let record = Record {
        sequence: 300,
        id: VersionId::Real {
            sequence: 300,
            random: [0xAB; 16],
        },
        modified: Timestamp(1000),
        stored: None,
    };
    let expected = format!("0100ac0201{}d00f", "ab".repeat(16));
    assert_eq!(hex::encode(record.encode()), expected);
    let key = ObjectKey::parse("a\u{0}b").unwrap();
    assert_eq!(
        hex::encode(Keys(1).object(2, &key)),
        "0000000110000000000000000261 00ff62 0000".replace(' ', "")
    );
}
