//! Listing against the plain algorithm of operations.md section B.

use super::testing::{World, key};
use super::*;
use crate::domain::bucket::{BucketOptions, Versioning};
use crate::domain::object::ObjectAttributes;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Keys and `[prefixes]`, the plain way.
fn plain(
    keys: &BTreeSet<String>,
    prefix: &str,
    delimiter: &str,
    after: Option<&str>,
) -> Vec<String> {
    let fold = |key: &str| {
        let rest = key.strip_prefix(prefix)?;
        let at = rest.find(delimiter).filter(|_| !delimiter.is_empty())?;
        Some(format!("{prefix}{}", &rest[..at + delimiter.len()]))
    };
    let skipped = after.and_then(fold);
    let mut entries = Vec::new();
    for key in keys {
        if !key.starts_with(prefix) || after.is_some_and(|after| key.as_str() <= after) {
            continue;
        }
        match fold(key) {
            None => entries.push(key.clone()),
            Some(common) if Some(&common) == skipped.as_ref() => {}
            Some(common) => {
                let text = format!("[{common}]");
                if entries.last() != Some(&text) {
                    entries.push(text);
                }
            }
        }
    }
    entries
}

fn name() -> impl Strategy<Value = String> {
    proptest::collection::vec(
        prop::sample::select(vec!["a", "b", "/", "\u{0}", "\u{1}", "é", "\u{ffff}", "-"]),
        1..6,
    )
    .prop_map(|parts| parts.concat())
    .prop_filter("keys do not start with a slash", |key| {
        !key.starts_with('/')
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn pages_are_the_plain_algorithm_cut_in_pieces(
        keys in proptest::collection::btree_set(name(), 0..40),
        deleted in proptest::collection::vec(name(), 0..10),
        prefix in prop_oneof![Just(String::new()), name()],
        delimiter in prop::sample::select(vec!["", "/", "a", "é", "\u{0}", "/a"]),
        after in proptest::option::of(name()),
        max in 1usize..8,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let world = World::versioned(Versioning::Enabled).await;
            for key in &keys {
                world.put(key, b"").await.unwrap();
            }
            // Delete markers do not show, wherever they stand.
            let mut live = keys.clone();
            for key in deleted {
                world.delete(&key, None).await.unwrap();
                live.remove(&key);
            }
            let whole = plain(&live, &prefix, delimiter, None);
            prop_assert_eq!(world.list(&prefix, delimiter, max), whole);
            let query = ListQuery {
                prefix: prefix.clone(),
                after: after.clone(),
                delimiter: Some(delimiter.to_owned()),
                max,
            };
            let page = world.store.list_objects(&world.bucket(), &query).unwrap();
            let expected = plain(&live, &prefix, delimiter, after.as_deref());
            let count = page.objects.len() + page.prefixes.len();
            prop_assert_eq!(count, expected.len().min(max));
            prop_assert_eq!(page.next.is_some(), expected.len() > max);
            for object in &page.objects {
                prop_assert!(expected.contains(&object.key));
            }
            for prefix in &page.prefixes {
                let entry = format!("[{prefix}]");
                prop_assert!(expected.contains(&entry));
            }
            Ok(())
        })?;
    }

    #[test]
    fn versions_list_newest_first_within_ascending_keys(
        writes in proptest::collection::vec((name(), any::<bool>()), 0..40),
        prefix in prop_oneof![Just(String::new()), name()],
        delimiter in prop::sample::select(vec!["", "/", "a"]),
        max in 1usize..6,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let world = World::versioned(Versioning::Enabled).await;
            let mut history: BTreeMap<String, Vec<bool>> = BTreeMap::new();
            for (key, put) in writes {
                if put {
                    world.put(&key, b"").await.unwrap();
                } else {
                    world.delete(&key, None).await.unwrap();
                }
                history.entry(key).or_default().insert(0, put);
            }
            let keys: BTreeSet<String> = history.keys().cloned().collect();
            let mut expected = Vec::new();
            for entry in plain(&keys, &prefix, delimiter, None) {
                if let Some(versions) = history.get(&entry) {
                    for (at, put) in versions.iter().enumerate() {
                        let (marker, latest) = (if *put { "" } else { "!" }, if at == 0 { "*" } else { "" });
                        expected.push(format!("{entry}{marker}{latest}"));
                    }
                } else {
                    expected.push(entry);
                }
            }
            prop_assert_eq!(world.versions(&prefix, delimiter, max), expected);
            Ok(())
        })?;
    }
}

#[tokio::test]
async fn a_marker_within_a_folded_prefix_skips_all_of_it() {
    let world = World::new().await;
    for name in ["a/1", "a/2", "a/3", "b", "c/1"] {
        world.put(name, b"").await.unwrap();
    }
    let query = |after: &str| ListQuery {
        after: Some(after.to_owned()),
        delimiter: Some("/".to_owned()),
        max: 10,
        ..ListQuery::default()
    };
    for after in ["a/", "a/1", "a/9"] {
        let page = world
            .store
            .list_objects(&world.bucket(), &query(after))
            .unwrap();
        assert_eq!(page.prefixes, ["c/"], "{after}");
        assert_eq!(page.objects[0].key, "b", "{after}");
    }
}

#[tokio::test]
async fn a_page_costs_the_page_even_where_prefixes_hold_many_keys() {
    let world = World::new().await;
    for folder in 0..20 {
        for n in 0..200 {
            world
                .put(&format!("{folder:02}/{n:03}"), b"")
                .await
                .unwrap();
        }
    }
    let expected: Vec<String> = (0..20).map(|folder| format!("[{folder:02}/]")).collect();
    assert_eq!(world.list("", "/", 7), expected);
    assert_eq!(world.list("07/", "/", 50).len(), 200);
}

#[tokio::test]
async fn worlds_and_buckets_do_not_see_each_other() {
    let world = World::new().await;
    world.put("k", b"here").await.unwrap();
    let elsewhere = world.store.in_world(7).unwrap();
    assert!(elsewhere.bucket(&world.name).unwrap().is_none());
    assert!(world.store.in_world(0xE000_0000).is_none());
    elsewhere
        .create_bucket(&world.name, "9", BucketOptions::default(), false)
        .await
        .unwrap();
    let bucket = elsewhere.bucket(&world.name).unwrap().unwrap();
    assert!(matches!(
        elsewhere.object(&bucket, &key("k"), None),
        Err(Error::NoSuchKey { .. })
    ));
    // A bucket of one world asked for in another is not there either.
    let (there, name) = (world.bucket(), key("k"));
    let written = elsewhere.put_object(
        &there,
        &name,
        world.body(b"x").await,
        ObjectAttributes::default(),
        PutOptions::default(),
    );
    assert!(matches!(written.await, Err(Error::NoSuchBucket)));
    assert_eq!(world.bytes("k").await, b"here");
}
