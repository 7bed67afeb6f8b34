//! Rules run over a store whose clock stands still, each row with the moment and what it changes (operations.md section C).

use super::*;
use crate::domain::bucket::Versioning;
use crate::domain::object::{ObjectAttributes, StorageClass};
use crate::domain::tags::TagSet;
use crate::store::testing::{World, key};
use crate::store::{
    DefaultRetention, ObjectWorm, PutOptions, RetentionMode, RetentionPeriod, UploadOptions,
};
use std::collections::BTreeMap;

const DAY_SECONDS: u64 = 86_400;

/// The bytes that the size filters of the rows tell apart from short ones.
const LONG: usize = 100_000;

async fn set_rules(world: &World, rules: &str) {
    let document = format!("<LifecycleConfiguration>{rules}</LifecycleConfiguration>");
    crate::xml::from_xml::<LifecycleConfiguration>(document.as_bytes()).expect("a document");
    world
        .store
        .put_config(&world.name, DOCUMENT, document.into())
        .await
        .unwrap();
}

fn rule(inside: &str) -> String {
    format!("<Rule><ID>r</ID><Prefix>a/</Prefix><Status>Enabled</Status>{inside}</Rule>")
}

async fn run(world: &World) -> Done {
    let now = crate::domain::time::Clock::now(world.clock.as_ref());
    Lifecycle::new(DAY_SECONDS).run(&world.store, now).await
}

async fn put(world: &World, name: &str, bytes: &[u8], attributes: ObjectAttributes) {
    let body = world.body(bytes).await;
    let (bucket, name, options) = (world.bucket(), key(name), PutOptions::default());
    world
        .store
        .put_object(&bucket, &name, body, attributes, options)
        .await
        .unwrap();
}

/// Objects of all sorts, written on 2020-09-13 at 12:26:40.
async fn populate(world: &World) {
    let plain = ObjectAttributes::default;
    let tagged = ObjectAttributes {
        tags: TagSet::object(vec![("t".into(), "1".into()), ("u".into(), "2".into())]).unwrap(),
        ..plain()
    };
    let archived = ObjectAttributes {
        storage_class: Some(StorageClass::Archive),
        ..plain()
    };
    let long = vec![0; LONG];
    put(world, "a/cold", &long, archived).await;
    put(world, "a/keep/long", &long, plain()).await;
    put(world, "a/long", &long, plain()).await;
    put(world, "a/tagged", b"short", tagged).await;
    put(world, "b/other", &long, plain()).await;
    world.append("a/growing", &long, 0).await.unwrap();
    world.append("a/sealed", &long, 0).await.unwrap();
    world.seal("a/sealed", LONG as u64).await.unwrap();
    let (bucket, link, target) = (world.bucket(), key("a/link"), key("a/long"));
    world
        .store
        .put_symlink(&bucket, &link, target, plain(), PutOptions::default())
        .await
        .unwrap();
}

fn state(world: &World) -> BTreeMap<String, StorageClass> {
    let keys = world.list("", "", 1000).into_iter();
    keys.map(|name| {
        let class = world.object(&name).unwrap().storage_class;
        (name, class)
    })
    .collect()
}

/// What the rules did: `key` is gone, `key Class` was moved. All sorts under `a/` that may be: C G K L S T and the link.
async fn changes(rules: &str, hours: i64) -> String {
    let world = World::new().await;
    populate(&world).await;
    set_rules(&world, rules).await;
    let before = state(&world);
    world.clock.advance_seconds(hours * 3600);
    let done = run(&world).await;
    let after = state(&world);
    let changes: Vec<String> = before
        .into_iter()
        .filter_map(|(name, class)| match after.get(&name) {
            None => Some(name),
            Some(now) if *now != class => Some(format!("{name} {}", now.as_str())),
            Some(_) => None,
        })
        .collect();
    assert_eq!(
        done.expired + done.moved,
        changes.len() as u64,
        "what it says it did"
    );
    changes.join(", ")
}

const ALL: &str = "a/cold, a/growing, a/keep/long, a/link, a/long, a/sealed, a/tagged";

type Row = (&'static str, String, i64, &'static str);

/// What a row is about, its rules, hours since everything was written, and what the rules did until then.
#[rustfmt::skip] // one row, one line
fn rows() -> Vec<Row> {
    let days = |days: i64| format!("<Expiration><Days>{days}</Days></Expiration>");
    let to = |days: i64, class: &str, more: &str| {
        format!(
            "<Transition><Days>{days}</Days><StorageClass>{class}</StorageClass>{more}</Transition>"
        )
    };
    let not = |inside: &str| format!("{}<Filter>{inside}</Filter>", days(1));
    let before = |date: &str| {
        format!(
            "<Expiration><CreatedBeforeDate>{date}T00:00:00.000Z</CreatedBeforeDate></Expiration>"
        )
    };
    let from = |date: &str| format!("<Expiration><Date>{date}T00:00:00.000Z</Date></Expiration>");
    let small = "<AllowSmallFile>false</AllowSmallFile>";
    let tag = |key: &str, value: &str| format!("<Tag><Key>{key}</Key><Value>{value}</Value></Tag>");
    // Two days after Sunday 12:26 it is Tuesday 12:26, and the next day begins after 59.56 hours.
    vec![
        ("days: not before", rule(&days(2)), 59, ""),
        ("days: at the beginning of the next day", rule(&days(2)), 60, ALL),
        ("disabled", rule(&days(2)).replace("Enabled", "Disabled"), 60, ""),
        ("created before: an older date", rule(&before("2020-09-13")), 1000, ""),
        ("created before: not before that day", rule(&before("2020-09-14")), 11, ""),
        ("created before: on that day", rule(&before("2020-09-14")), 12, ALL),
        ("date: not before that day", rule(&from("2020-09-15")), 35, ""),
        ("date: from that day on", rule(&from("2020-09-12")), 1, ALL),
        ("one tag of two", rule(&(days(1) + &tag("t", "1"))), 48, "a/tagged"),
        ("all tags", rule(&(days(1) + &tag("t", "1") + &tag("u", "2"))), 48, "a/tagged"),
        ("a tag that is not there", rule(&(days(1) + &tag("t", "1") + &tag("v", ""))), 48, ""),
        ("a tag of another value", rule(&(days(1) + &tag("t", "2"))), 48, ""),
        ("greater than", rule(&not("<ObjectSizeGreaterThan>99999</ObjectSizeGreaterThan><ObjectSizeLessThan>100001</ObjectSizeLessThan>")), 48, "a/cold, a/growing, a/keep/long, a/long, a/sealed"),
        ("greater than: not equal", rule(&not("<ObjectSizeGreaterThan>100000</ObjectSizeGreaterThan>")), 48, ""),
        ("less than", rule(&not("<ObjectSizeLessThan>6</ObjectSizeLessThan>")), 48, "a/link, a/tagged"),
        ("less than: not equal", rule(&not("<ObjectSizeLessThan>5</ObjectSizeLessThan>")), 48, "a/link"),
        ("not a prefix", rule(&not("<Not><Prefix>a/keep/</Prefix></Not>")), 48, "a/cold, a/growing, a/link, a/long, a/sealed, a/tagged"),
        ("not a prefix with a tag", rule(&not(&format!("<Not><Prefix>a/</Prefix>{}</Not>", tag("t", "1") ))), 48, "a/cold, a/growing, a/keep/long, a/link, a/long, a/sealed"),
        ("to IA, but nothing colder, and no link", rule(&to(1, "IA", "")), 48, "a/growing IA, a/keep/long IA, a/long IA, a/sealed IA, a/tagged IA"),
        ("the coldest that is due", rule(&(to(1, "IA", "") + &to(2, "Archive", ""))), 72, "a/growing Archive, a/keep/long Archive, a/long Archive, a/sealed Archive, a/tagged Archive"),
        ("not yet the coldest", rule(&(to(1, "IA", "") + &to(2, "Archive", ""))), 48, "a/growing IA, a/keep/long IA, a/long IA, a/sealed IA, a/tagged IA"),
        ("R85: append objects go to ColdArchive only sealed", rule(&to(1, "ColdArchive", "")), 48, "a/cold ColdArchive, a/keep/long ColdArchive, a/long ColdArchive, a/sealed ColdArchive, a/tagged ColdArchive"),
        ("small ones stay", rule(&to(1, "IA", small)), 48, "a/growing IA, a/keep/long IA, a/long IA, a/sealed IA"),
        ("by access time: kept only", rule(&to(1, "IA", "<IsAccessTime>true</IsAccessTime>")), 480, ""),
        ("expiration wins over a move", rule(&(to(1, "IA", "") + &days(2))), 72, ALL),
        ("the same by two rules", rule(&to(1, "IA", "")) + &rule(&days(2)).replace("<Prefix>a/", "<Prefix>a/l"), 72, "a/growing IA, a/keep/long IA, a/link, a/long, a/sealed IA, a/tagged IA"),
        ("rules of other prefixes", rule(&days(1)).replace("<Prefix>a/", "<Prefix>b/o") + &rule(&days(1)).replace("<Prefix>a/", "<Prefix>c"), 48, "b/other"),
        ("the whole bucket", rule(&days(1)).replace("<Prefix>a/", "<Prefix>"), 48, "a/cold, a/growing, a/keep/long, a/link, a/long, a/sealed, a/tagged, b/other"),
    ]
}

#[tokio::test]
async fn rules_act_on_what_they_name_when_it_is_due() {
    for (name, rules, hours, expected) in rows() {
        assert_eq!(changes(&rules, hours).await, expected, "{name}");
    }
}

const OLDER: &str =
    "<NoncurrentVersionExpiration><NoncurrentDays>2</NoncurrentDays></NoncurrentVersionExpiration>";
const LONE_MARKERS: &str =
    "<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>";
const ONE_DAY: &str = "<Expiration><Days>1</Days></Expiration>";

fn pass_days(world: &World, days: i64) {
    world.clock.advance_seconds(days * 86_400);
}

#[tokio::test]
async fn older_versions_go_by_the_day_they_were_replaced() {
    let world = World::versioned(Versioning::Enabled).await;
    world.put("a/k", b"1").await.unwrap();
    pass_days(&world, 10);
    world.put("a/k", b"2").await.unwrap();
    world.put("b/k", b"1").await.unwrap();
    pass_days(&world, 2);
    world.delete("a/k", None).await.unwrap();
    world.delete("b/k", None).await.unwrap();
    set_rules(&world, &rule(OLDER)).await;
    assert_eq!(
        run(&world).await,
        Done::default(),
        "1: replaced 2 days ago, at noon"
    );
    pass_days(&world, 1);
    assert_eq!(run(&world).await.removed, 1);
    assert_eq!(world.versions("", "", 10), ["a/k!*", "a/k", "b/k!*", "b/k"]);
    pass_days(&world, 2);
    assert_eq!(run(&world).await.removed, 1);
    assert_eq!(world.versions("", "", 10), ["a/k!*", "b/k!*", "b/k"]);
    // The marker is the current version: only its own rule takes it, and only when it hides nothing.
    let whole_bucket = rule(LONE_MARKERS).replace("a/", "");
    set_rules(&world, &whole_bucket).await;
    assert_eq!(run(&world).await.removed, 1);
    assert_eq!(world.versions("", "", 10), ["b/k!*", "b/k"]);
}

#[tokio::test]
async fn older_versions_move_and_markers_among_them_go() {
    let world = World::versioned(Versioning::Enabled).await;
    world.put("a/k", b"1").await.unwrap();
    world.delete("a/k", None).await.unwrap();
    world.put("a/k", b"2").await.unwrap();
    let to_ia = "<NoncurrentVersionTransition><NoncurrentDays>1</NoncurrentDays><StorageClass>IA</StorageClass>\
        </NoncurrentVersionTransition>";
    set_rules(&world, &rule(to_ia)).await;
    pass_days(&world, 3);
    let done = run(&world).await;
    assert_eq!((done.moved, done.removed), (1, 0));
    assert_eq!(
        world.object("a/k").unwrap().storage_class,
        StorageClass::Standard
    );
    set_rules(&world, &rule(OLDER)).await;
    assert_eq!(run(&world).await.removed, 2);
    assert_eq!(world.versions("", "", 10), ["a/k*"]);
}

#[tokio::test]
async fn expiration_keeps_what_versioning_keeps() {
    for (versioning, left) in [
        (Versioning::Enabled, vec!["a/k!*", "a/k"]),
        (Versioning::Suspended, vec!["a/k!*"]),
    ] {
        let world = World::versioned(versioning).await;
        world.put("a/k", b"1").await.unwrap();
        set_rules(&world, &rule(ONE_DAY)).await;
        pass_days(&world, 2);
        assert_eq!(run(&world).await.expired, 1);
        assert_eq!(world.versions("", "", 10), left);
        pass_days(&world, 5);
        assert_eq!(
            run(&world).await,
            Done::default(),
            "a marker does not expire by age"
        );
    }
}

#[tokio::test]
async fn retention_protects_from_rules_too() {
    let world = World::new().await;
    world.put("a/k", b"1").await.unwrap();
    let worm = world.store.initiate_worm(&world.name, 5).await.unwrap();
    world.store.complete_worm(&world.name, &worm).await.unwrap();
    let to_ia = "<Transition><Days>1</Days><StorageClass>IA</StorageClass></Transition>";
    set_rules(&world, &rule(to_ia)).await;
    pass_days(&world, 3);
    // The class may change: the bytes stay.
    assert_eq!(run(&world).await.moved, 1);
    set_rules(&world, &rule(ONE_DAY)).await;
    let done = run(&world).await;
    assert_eq!((done.expired, done.retained), (0, 1));
    assert_eq!(world.bytes("a/k").await, b"1");
    pass_days(&world, 3);
    assert_eq!(run(&world).await.expired, 1, "after the period");
}

#[tokio::test]
async fn object_retention_and_legal_hold_protect_from_rules_too() {
    for mode in [RetentionMode::Governance, RetentionMode::Compliance] {
        let world = World::versioned(Versioning::Enabled).await;
        world
            .set(|settings| {
                settings.object_worm = Some(ObjectWorm {
                    default: Some(DefaultRetention {
                        mode,
                        period: RetentionPeriod::Days(10),
                    }),
                });
            })
            .await;
        let version = world.put("a/k", b"1").await.unwrap().version.unwrap();
        world.put("a/k", b"2").await.unwrap();
        let (bucket, name) = (world.bucket(), key("a/k"));
        let hold = async |on| {
            let store = &world.store;
            store
                .set_legal_hold(&bucket, &name, Some(&version), on)
                .await
                .unwrap();
        };
        hold(true).await;
        set_rules(&world, &rule(OLDER)).await;
        pass_days(&world, 5);
        assert_eq!(run(&world).await.retained, 1, "both");
        pass_days(&world, 10);
        assert_eq!(run(&world).await.retained, 1, "the hold alone");
        hold(false).await;
        assert_eq!(run(&world).await.removed, 1);
    }
}

#[tokio::test]
async fn unfinished_uploads_go() {
    let world = World::new().await;
    let bucket = world.bucket();
    let begin = async |name: &str| {
        let (store, name) = (&world.store, key(name));
        let begun = store.initiate_upload(&bucket, &name, UploadOptions::default());
        begun.await.unwrap()
    };
    let upload = begin("a/old").await;
    let (name, body) = (key("a/old"), world.body(&[1; 1000]).await);
    let number = crate::store::PartNumber::new(1).unwrap();
    world
        .store
        .upload_part(&bucket, &name, &upload, number, body)
        .await
        .unwrap();
    begin("b/other").await;
    let abort = "<AbortMultipartUpload><Days>1</Days></AbortMultipartUpload>";
    set_rules(&world, &rule(abort)).await;
    assert_eq!(run(&world).await, Done::default());
    pass_days(&world, 2);
    begin("a/new").await;
    assert_eq!(run(&world).await.aborted, 1);
    let stat = world.store.bucket_stat(&bucket).await.unwrap();
    assert_eq!((stat.uploads, stat.parts, stat.part_bytes), (2, 0, 0));
}

#[tokio::test]
async fn more_than_a_page_is_walked() {
    let world = World::versioned(Versioning::Enabled).await;
    for number in 0..700 {
        for _ in 0..2 {
            world.put(&format!("a/{number:04}"), b"").await.unwrap();
        }
    }
    set_rules(&world, &rule(&(ONE_DAY.to_owned() + OLDER))).await;
    pass_days(&world, 4);
    let done = run(&world).await;
    assert_eq!((done.expired, done.removed), (700, 700));
}

#[tokio::test]
async fn tells_the_earliest_expiry_and_its_rule() {
    let world = World::versioned(Versioning::Enabled).await;
    let older = world.put("a/k", b"1").await.unwrap().version.unwrap();
    world.put("a/k", b"2").await.unwrap();
    world.put("b/k", b"1").await.unwrap();
    let lifecycle = Lifecycle::new(DAY_SECONDS);
    let bucket = world.bucket();
    let tell = |object: &Object| lifecycle.expiration(&world.store, &bucket, object).unwrap();
    let a = world.object("a/k").unwrap();
    assert_eq!(tell(&a), None);
    let second = rule("<Expiration><Days>9</Days></Expiration>").replace("<ID>r", "<ID>late");
    set_rules(&world, &(second + &rule(ONE_DAY))).await;
    let told = "expiry-date=\"Tue, 15 Sep 2020 00:00:00 GMT\", rule-id=\"r\"";
    assert_eq!(tell(&a).as_deref(), Some(told));
    assert_eq!(tell(&world.object("b/k").unwrap()), None);
    assert_eq!(tell(&world.version("a/k", older).unwrap()), None);
    // New rules count at once.
    set_rules(&world, &rule("<Expiration><Days>9</Days></Expiration>")).await;
    let told = "expiry-date=\"Wed, 23 Sep 2020 00:00:00 GMT\", rule-id=\"r\"";
    assert_eq!(tell(&a).as_deref(), Some(told));
}
