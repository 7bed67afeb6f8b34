//! Object tags, symlinks, restores, and per-object retention: PutObjectTagging, GetObjectTagging, DeleteObjectTagging, PutSymlink,
//! GetSymlink, RestoreObject, CleanRestoredObject, PutObjectRetention, GetObjectRetention, PutObjectLegalHold, GetObjectLegalHold.

use std::time::Duration;

use crate::support::fixture::Bucket;
use crate::support::next_second;
use crate::support::server::shared;
use crate::support::wait_for;

fn document(tags: &[(&str, &str)]) -> String {
    let entries: String = tags
        .iter()
        .map(|(key, value)| format!("<Tag><Key>{key}</Key><Value>{value}</Value></Tag>"))
        .collect();
    format!("<Tagging><TagSet>{entries}</TagSet></Tagging>")
}

/// Tags are set, read, counted, kept from Last-Modified, and removed; invalid sets change nothing.
#[test]
fn object_tags() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket.put("k", "x").send().expect(200);
    let modified = || {
        bucket
            .head("k")
            .send()
            .expect(200)
            .header("last-modified")
            .map(str::to_owned)
    };
    let before = modified();
    assert_eq!(bucket.tags_of("k"), []);
    next_second();
    let put = |tags: &[(&str, &str)]| {
        bucket
            .object("PUT", "k")
            .flag("tagging")
            .body(document(tags))
            .send()
    };
    put(&[("b", "2"), ("a", "1 +-=._:/")]).expect(200);
    let set = [
        ("a".to_owned(), "1 +-=._:/".to_owned()),
        ("b".to_owned(), "2".to_owned()),
    ];
    assert_eq!(bucket.tags_of("k"), set);
    assert_eq!(
        bucket
            .head("k")
            .send()
            .expect(200)
            .header("x-oss-tagging-count"),
        Some("2")
    );
    assert_eq!(modified(), before);
    let many: Vec<(String, &str)> = (0..11).map(|index| (format!("t{index}"), "v")).collect();
    let many: Vec<(&str, &str)> = many
        .iter()
        .map(|(key, value)| (key.as_str(), *value))
        .collect();
    let long = "k".repeat(129);
    for bad in [
        many.as_slice(),
        &[("a", "1"), ("a", "2")],
        &[("", "1")],
        &[(long.as_str(), "1")],
        &[("a%", "1")],
    ] {
        put(bad).expect(400);
        assert_eq!(bucket.tags_of("k"), set);
    }
    put(&many[..10]).expect(200);
    for _ in 0..2 {
        bucket.delete("k").flag("tagging").send().expect(204);
        assert_eq!(bucket.tags_of("k"), []);
    }
    bucket.assert_holds("k", "Normal", b"x");
    bucket
        .object("PUT", "missing")
        .flag("tagging")
        .body(document(&[("a", "1")]))
        .send()
        .refused(404, "NoSuchKey");
    bucket
        .get("missing")
        .flag("tagging")
        .send()
        .refused(404, "NoSuchKey");
}

/// Links: what reading one shows, what its target may be, and that the link is its own object.
#[test]
fn symlinks() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let link = |key: &str, target: &str| {
        bucket
            .object("PUT", key)
            .flag("symlink")
            .header("x-oss-symlink-target", target)
    };
    bucket
        .put("dir/目标 +", "hello")
        .header("x-oss-meta-of", "target")
        .send()
        .expect(200);
    link("l", "dir%2F%E7%9B%AE%E6%A0%87%20%2B")
        .header("x-oss-meta-of", "link")
        .send()
        .expect(200);
    let target = bucket.head("dir/目标 +").send().expect(200);
    for answer in [
        bucket.get("l").send().expect(200),
        bucket.head("l").send().expect(200),
    ] {
        assert_eq!(answer.number("content-length"), 5);
        assert_eq!(answer.etag(), target.etag());
        assert_eq!(answer.header("x-oss-object-type"), Some("Symlink"));
        assert_eq!(answer.header("x-oss-meta-of"), Some("link"));
    }
    assert_eq!(bucket.get("l").send().expect(200).body, b"hello");
    let shown = bucket.get("l").flag("symlink").send().expect(200);
    let shown = shown.header("x-oss-symlink-target").expect("a target");
    assert!(
        matches!(
            shown,
            "dir%2F%E7%9B%AE%E6%A0%87%20%2B" | "dir/%E7%9B%AE%E6%A0%87%20%2B"
        ),
        "{shown}"
    );
    link("dangling", "nowhere").send().expect(200);
    bucket
        .get("dangling")
        .send()
        .refused(404, "SymlinkTargetNotExist");
    link("twice", "l").send().expect(200);
    bucket.get("twice").send().refused(400, "InvalidTargetType");
    bucket
        .head("twice")
        .send()
        .refused(400, "InvalidTargetType");
    bucket
        .get("dir/目标 +")
        .flag("symlink")
        .send()
        .refused(400, "NotSymlink");
    bucket
        .get("missing")
        .flag("symlink")
        .send()
        .refused(404, "NoSuchKey");
    link("l", "x")
        .header("x-oss-forbid-overwrite", "true")
        .send()
        .refused(409, "FileAlreadyExists");
    let none = bucket
        .object("PUT", "none")
        .flag("symlink")
        .send()
        .expect(400);
    assert!(
        matches!(none.code().as_str(), "InvalidArgument" | "MissingArgument"),
        "{none:?}"
    );
    bucket.assert_absent("none");
    bucket.delete("l").send().expect(204);
    bucket.assert_holds("dir/目标 +", "Normal", b"hello");
}

/// Archive: not read before it is restored, in progress for a while, then read.
#[test]
fn restores() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket
        .put("k", "x")
        .header("x-oss-storage-class", "Archive")
        .send()
        .expect(200);
    bucket.get("k").send().refused(403, "InvalidObjectState");
    bucket
        .copy("k", "copy")
        .send()
        .refused(403, "InvalidObjectState");
    let restore = |key: &str| bucket.object("POST", key).flag("restore").send();
    restore("k").expect(202);
    let again = restore("k");
    assert!(
        again.status == 409 && again.code() == "RestoreAlreadyInProgress" || again.status == 200,
        "{again:?}"
    );
    wait_for("the restore", Duration::from_secs(20), || {
        let head = bucket.head("k").send().expect(200);
        let state = head
            .header("x-oss-restore")
            .expect("a restore state")
            .to_owned();
        state
            .starts_with("ongoing-request=\"false\", expiry-date=\"")
            .then_some(())
    });
    assert_eq!(bucket.get("k").send().expect(200).body, b"x");
    restore("k").expect(200);
    bucket
        .object("POST", "k")
        .flag("cleanRestoredObject")
        .send()
        .expect(200);
    bucket.get("k").send().refused(403, "InvalidObjectState");
    bucket.put("standard", "x").send().expect(200);
    restore("standard").refused(400, "OperationNotSupported");
    restore("missing").refused(404, "NoSuchKey");
}

/// PutBucketObjectWormConfiguration GetBucketObjectWormConfiguration, then retention and legal hold of single versions.
#[test]
fn object_retention() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket.set_versioning("Enabled");
    let rule = "<ObjectWormConfiguration><ObjectWormEnabled>Enabled</ObjectWormEnabled></ObjectWormConfiguration>";
    bucket
        .ask("PUT")
        .flag("objectWorm")
        .body(rule)
        .send()
        .expect(200);
    let read = bucket
        .ask("GET")
        .flag("objectWorm")
        .send()
        .expect(200)
        .xml();
    assert_eq!(read.text_at("ObjectWormEnabled"), "Enabled");
    let put = bucket.put("k", "x").send().expect(200);
    let version = put
        .header("x-oss-version-id")
        .expect("a version")
        .to_owned();
    let hold = |status: &str| {
        let document = format!("<LegalHold><Status>{status}</Status></LegalHold>");
        bucket
            .object("PUT", "k")
            .flag("legalHold")
            .param("versionId", &version)
            .body(document)
            .send()
            .expect(200);
    };
    hold("ON");
    let shown = bucket
        .get("k")
        .flag("legalHold")
        .param("versionId", &version)
        .send()
        .expect(200)
        .xml();
    assert_eq!(shown.text_at("Status"), "ON");
    let erase = || bucket.delete("k").param("versionId", &version).send();
    assert_eq!(erase().status / 100, 4);
    hold("OFF");
    let until = "2999-01-01T00:00:00.000Z";
    let retention = format!(
        "<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>{until}</RetainUntilDate></Retention>"
    );
    bucket
        .object("PUT", "k")
        .flag("retention")
        .param("versionId", &version)
        .body(retention)
        .send()
        .expect(200);
    let shown = bucket
        .get("k")
        .flag("retention")
        .param("versionId", &version)
        .send()
        .expect(200)
        .xml();
    assert_eq!(shown.text_at("Mode"), "GOVERNANCE");
    assert_eq!(erase().status / 100, 4);
    bucket
        .delete("k")
        .param("versionId", &version)
        .header("x-oss-bypass-governance-retention", "true")
        .send()
        .expect(204);
}
