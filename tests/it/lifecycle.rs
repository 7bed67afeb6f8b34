//! Lifecycle rules at work (operations.md section C): on a server whose days last a second, and what the real day's server says.

use std::time::{Duration, Instant};

use crate::support::fixture::Bucket;
use crate::support::server::{Server, Settings, shared};
use crate::support::wait_for;

/// Rules of a day act two seconds after the write at the latest; the rest is for a busy machine.
const LIMIT: Duration = Duration::from_secs(20);

const LOCKED_WORM: &str = "<InitiateWormConfiguration><RetentionPeriodInDays>1</RetentionPeriodInDays></InitiateWormConfiguration>";

fn quick_server(on_disk: bool) -> Server {
    Server::start(Settings {
        on_disk,
        config: "lifecycle_day_seconds = 1".to_owned(),
        ..Settings::default()
    })
}

fn set_rules(bucket: &Bucket, rules: &str) {
    bucket
        .ask("PUT")
        .flag("lifecycle")
        .body(format!(
            "<LifecycleConfiguration>{rules}</LifecycleConfiguration>"
        ))
        .send()
        .expect(200);
}

fn rule(id: &str, prefix: &str, actions: &str) -> String {
    format!("<Rule><ID>{id}</ID><Prefix>{prefix}</Prefix><Status>Enabled</Status>{actions}</Rule>")
}

fn expire(id: &str, prefix: &str) -> String {
    rule(id, prefix, "<Expiration><Days>1</Days></Expiration>")
}

fn wait_until_gone(bucket: &Bucket, key: &str) {
    wait_for(&format!("{key} to expire"), LIMIT, || {
        (bucket.head(key).send().status == 404).then_some(())
    });
}

/// Puts an object of its own under a rule of its own and waits until it has gone: every rule of before has run since.
fn wait_for_a_run(server: &Server) {
    let probe = Bucket::new(server);
    set_rules(&probe, &expire("probe", ""));
    probe.put("probe", "").send().expect(200);
    wait_until_gone(&probe, "probe");
}

#[test]
fn objects_expire_and_others_stay() {
    let server = quick_server(false);
    let bucket = Bucket::new(&server);
    bucket.put("tmp/a", "x").send().expect(200);
    bucket.append("tmp/log", 0, "x").send().expect(200);
    bucket.put("kept", "x").send().expect(200);
    set_rules(&bucket, &expire("clean", "tmp/"));
    wait_until_gone(&bucket, "tmp/a");
    wait_until_gone(&bucket, "tmp/log");
    wait_for_a_run(&server);
    assert_eq!(bucket.get("kept").send().expect(200).body, b"x");
    // A key that has expired can be appended to from the start again.
    bucket.ask("DELETE").flag("lifecycle").send().expect(204);
    bucket.append("tmp/log", 0, "y").send().expect(200);
}

/// A key that is written again and again is listed as old at times, and yet what was just written is there.
#[test]
fn what_is_written_again_does_not_expire() {
    let server = quick_server(false);
    let bucket = Bucket::new(&server);
    // Last-Modified is rounded down to its second: an object lives one to two seconds here.
    let two_days = "<Expiration><Days>2</Days></Expiration>";
    set_rules(&bucket, &rule("e", "", two_days));
    let end = Instant::now() + Duration::from_secs(5);
    let fresh: u32 = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..4)
            .map(|writer| {
                let bucket = bucket.clone();
                scope.spawn(move || {
                    let mut fresh = 0;
                    for round in 0.. {
                        if Instant::now() > end {
                            break;
                        }
                        let key = format!("{writer}/{}", round % 300);
                        let began = Instant::now();
                        bucket.put(&key, "x").send().expect(200);
                        let got = bucket.get(&key).send();
                        if began.elapsed() < Duration::from_millis(900) {
                            assert_eq!(got.status, 200, "{key} just written");
                            fresh += 1;
                        }
                        std::thread::sleep(Duration::from_millis(5));
                    }
                    fresh
                })
            })
            .collect();
        let joined = writers.into_iter().map(std::thread::ScopedJoinHandle::join);
        joined.map(|fresh| fresh.expect("a writer")).sum()
    });
    assert!(fresh > 100, "{fresh} looks while fresh");
    // The control: what was not written again in time did expire.
    bucket.put("idle", "x").send().expect(200);
    wait_until_gone(&bucket, "idle");
}

#[test]
fn classes_change_once_and_show_it() {
    let mut server = quick_server(true);
    let bucket = Bucket::new(&server);
    let put = bucket.put("k", "bytes").send().expect(200);
    let before = bucket.head("k").send().expect(200);
    assert_eq!(before.header("x-oss-transition-time"), None);
    let to_ia = "<Transition><Days>1</Days><StorageClass>IA</StorageClass></Transition>";
    set_rules(&bucket, &rule("cool", "", to_ia));
    let moved = wait_for("the move", LIMIT, || {
        let head = bucket.head("k").send().expect(200);
        (head.header("x-oss-storage-class") == Some("IA")).then_some(head)
    });
    let since = moved
        .header("x-oss-transition-time")
        .expect("a time")
        .to_owned();
    for name in ["last-modified", "etag", "x-oss-hash-crc64ecma"] {
        assert_eq!(moved.header(name), before.header(name), "{name}");
    }
    assert_eq!(moved.etag(), put.etag());
    for listing in [bucket.ask("GET"), bucket.ask("GET").param("list-type", 2)] {
        let listing = listing.send().expect(200).xml();
        assert_eq!(listing.text_at("Contents/StorageClass"), "IA");
        assert!(listing.text_at("Contents/TransitionTime").ends_with('Z'));
    }
    let versions = bucket.ask("GET").flag("versions").send().expect(200).xml();
    assert!(versions.text_at("Version/TransitionTime").ends_with('Z'));
    wait_for_a_run(&server);
    server.terminate(LIMIT).expect("it stops");
    server.start_again();
    let bucket = bucket.by(&server.client());
    let after = bucket.get("k").send().expect(200);
    assert_eq!(after.body, b"bytes");
    assert_eq!(
        after.header("x-oss-transition-time"),
        Some(since.as_str()),
        "one move, also after a restart"
    );
}

#[test]
fn unfinished_uploads_are_aborted() {
    let server = quick_server(false);
    let bucket = Bucket::new(&server);
    let upload = |key: &str| {
        let begun = bucket.object("POST", key).flag("uploads").send();
        let upload = begun.expect(200).xml().text_at("UploadId").to_owned();
        let part = bucket.put(key, "part").param("partNumber", 1);
        part.param("uploadId", &upload).send().expect(200);
        upload
    };
    let old = upload("tmp/a");
    let other = upload("kept");
    let abort = "<AbortMultipartUpload><Days>1</Days></AbortMultipartUpload>";
    set_rules(&bucket, &rule("abort", "tmp/", abort));
    wait_for("the abort", LIMIT, || {
        let parts = bucket.get("tmp/a").param("uploadId", &old).send();
        (parts.status == 404).then(|| parts.refused(404, "NoSuchUpload"))
    });
    let part = bucket.put("tmp/a", "part").param("partNumber", 2);
    part.param("uploadId", &old)
        .send()
        .refused(404, "NoSuchUpload");
    let parts = bucket
        .get("kept")
        .param("uploadId", &other)
        .send()
        .expect(200);
    assert_eq!(parts.xml().text_at("Part/PartNumber"), "1");
}

#[test]
fn versions_and_markers_go() {
    let server = quick_server(false);
    let bucket = Bucket::new(&server);
    bucket.set_versioning("Enabled");
    for body in ["1", "2"] {
        bucket.put("k", body).send().expect(200);
    }
    let entries = || {
        let listing = bucket.ask("GET").flag("versions").send().expect(200).xml();
        (
            listing.all("Version").count(),
            listing.all("DeleteMarker").count(),
        )
    };
    set_rules(&bucket, &expire("e", ""));
    wait_for("a marker", LIMIT, || (entries() == (2, 1)).then_some(()));
    bucket.head("k").send().expect(404);
    let older = "<NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays></NoncurrentVersionExpiration>\
        <Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>";
    set_rules(&bucket, &rule("o", "", older));
    wait_for("an empty bucket", LIMIT, || {
        (entries() == (0, 0)).then_some(())
    });
    bucket.ask("DELETE").send().expect(204);
}

#[test]
fn retention_and_holds_outlast_rules() {
    let server = quick_server(false);
    let protected = Bucket::new(&server);
    protected.put("k", "kept").send().expect(200);
    let worm = protected.ask("POST").flag("worm").body(LOCKED_WORM).send();
    let id = worm
        .expect(200)
        .header("x-oss-worm-id")
        .expect("an id")
        .to_owned();
    protected.ask("POST").param("wormId", id).send().expect(200);
    set_rules(&protected, &expire("e", ""));

    let held = Bucket::new(&server);
    held.set_versioning("Enabled");
    let object_worm = "<ObjectWormConfiguration><ObjectWormEnabled>Enabled</ObjectWormEnabled></ObjectWormConfiguration>";
    held.ask("PUT")
        .flag("objectWorm")
        .body(object_worm)
        .send()
        .expect(200);
    let first = held.put("k", "kept").send().expect(200);
    let version = first
        .header("x-oss-version-id")
        .expect("a version")
        .to_owned();
    held.put("free", "gone").send().expect(200);
    let on = "<LegalHold><Status>ON</Status></LegalHold>";
    held.object("PUT", "k")
        .flag("legalHold")
        .param("versionId", &version)
        .body(on)
        .send()
        .expect(200);
    for key in ["k", "free"] {
        held.put(key, "new").send().expect(200);
    }
    let older = "<NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays></NoncurrentVersionExpiration>";
    set_rules(&held, &rule("o", "", older));

    let versions = |key: &str| {
        let listing = held.ask("GET").flag("versions").param("prefix", key).send();
        listing.expect(200).xml().all("Version").count()
    };
    wait_for("what nothing protects to go", LIMIT, || {
        (versions("free") == 1).then_some(())
    });
    wait_for_a_run(&server);
    assert_eq!(versions("k"), 2);
    let old = held
        .get("k")
        .param("versionId", &version)
        .send()
        .expect(200);
    assert_eq!(old.body, b"kept");
    assert_eq!(protected.get("k").send().expect(200).body, b"kept");
}

/// A real day: nothing happens while a test runs, and the header says when it will (errors.md §3).
#[test]
fn the_header_tells_when_and_why() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket.put("tmp/k", "x").send().expect(200);
    bucket.put("k", "x").send().expect(200);
    assert_eq!(bucket.head("tmp/k").send().header("x-oss-expiration"), None);
    set_rules(&bucket, &expire("clean", "tmp/"));
    for answer in [bucket.head("tmp/k").send(), bucket.get("tmp/k").send()] {
        let told = answer.header("x-oss-expiration").expect("the header");
        assert!(
            told.starts_with("expiry-date=\"")
                && told.ends_with(" 00:00:00 GMT\", rule-id=\"clean\""),
            "{told}"
        );
    }
    assert_eq!(bucket.head("k").send().header("x-oss-expiration"), None);
}
