//! Append objects and copies (S27, S111–S120), versions (S121–S129), retention (S130, S131), SealAppendObject (S132–S141) and archive
//! (S142, S143).

use crate::support::cases::{Case, Given, Then, multipart, run};
use crate::support::client::Response;
use crate::support::digest::{md5_base64, md5_etag};
use crate::support::fixture::Bucket;
use crate::support::next_second;
use crate::support::server::{Server, Settings, shared};
use crate::support::signer::{Scheme, parse_http_date};

const NEXT: &str = "x-oss-next-append-position";
const SEALED: &str = "x-oss-sealed-time";
const VERSION: &str = "x-oss-version-id";
const REFUSAL: &str = "It is forbidden to copy appendable object";
const VERSIONED_REFUSAL: &str = "It is forbidden to copy appendable object in versioning state";

fn version_of(answer: &Response) -> &str {
    answer
        .header(VERSION)
        .unwrap_or_else(|| panic!("no version id in {answer:?}"))
}

/// S27 (R70): a self-copy changes metadata and nothing else; the object stays appendable.
#[test]
fn s27_self_copy_changes_metadata() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let first = [("x-oss-meta-old", "1"), ("Content-Type", "text/plain")];
    bucket
        .append("k", 0, "hello")
        .headers(&first)
        .send()
        .expect(200);
    let before = bucket.head("k").send().expect(200);
    let new = [
        ("x-oss-metadata-directive", "REPLACE"),
        ("x-oss-meta-a", "b"),
        ("Content-Type", "text/css"),
    ];
    bucket.copy("k", "k").headers(&new).send().expect(200);
    let after = bucket.head("k").send().expect(200);
    assert_eq!(after.header("x-oss-meta-a"), Some("b"));
    assert_eq!(after.header("x-oss-meta-old"), None);
    assert_eq!(after.header("content-type"), Some("text/css"));
    assert_eq!(after.crc(), before.crc());
    bucket.assert_holds("k", "Appendable", b"hello");
    bucket.append("k", 5, "y").send().expect(200);
    bucket.assert_holds("k", "Appendable", b"helloy");
    assert_eq!(
        bucket.head("k").send().expect(200).header("x-oss-meta-a"),
        Some("b")
    );
}

/// S114 (R68, R75): by default an append object is not copied; existence is looked at first.
#[test]
fn s114_copy_is_refused_by_default() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket.append("k", 0, "hello").send().expect(200);
    let before = bucket.state("k");
    next_second();
    let elsewhere = Bucket::new(&server);
    let source = format!("/{}/k", bucket.name);
    let refusals = [
        bucket.copy("k", "other"),
        bucket
            .copy("k", "other")
            .header("x-oss-metadata-directive", "REPLACE")
            .header("x-oss-meta-a", "1"),
        bucket
            .copy("k", "other")
            .header("x-oss-copy-source-if-match", "\"nope\""),
        elsewhere
            .object("PUT", "other")
            .header("x-oss-copy-source", &source),
    ];
    for request in refusals {
        let answer = request.send().refused(400, "InvalidRequest");
        assert_eq!(answer.error_text("Message"), REFUSAL);
    }
    bucket
        .copy("missing", "other")
        .send()
        .refused(404, "NoSuchKey");
    bucket.assert_absent("other");
    elsewhere.assert_absent("other");
    bucket.state("k").assert_same(&before);
}

/// S115 (R68): `append_copy = "versioned-only"` makes Normal copies, and the source stays appendable.
#[test]
fn s115_copy_when_allowed() {
    let server = Server::start(Settings {
        config: "append_copy = \"versioned-only\"\n".into(),
        ..Settings::default()
    });
    let bucket = Bucket::new(&server);
    bucket
        .append("k", 0, "hello")
        .header("x-oss-meta-a", "1")
        .send()
        .expect(200);
    let before = bucket.state("k");
    let copied = bucket.copy("k", "plain").send().expect(200);
    bucket.assert_holds("plain", "Normal", b"hello");
    let head = bucket.head("plain").send().expect(200);
    assert_eq!(copied.xml().text_at("ETag"), head.etag());
    assert_eq!(head.etag(), md5_etag(b"hello"));
    assert_eq!(head.header("x-oss-meta-a"), Some("1"));
    bucket
        .copy("k", "sse")
        .header("x-oss-server-side-encryption", "AES256")
        .send()
        .expect(200);
    bucket.assert_holds("sse", "Normal", b"hello");
    assert_eq!(
        bucket
            .head("sse")
            .send()
            .expect(200)
            .header("x-oss-server-side-encryption"),
        Some("AES256")
    );
    bucket.state("k").assert_same(&before);
    bucket.append("k", 5, "y").send().expect(200);
    bucket
        .append("plain", 5, "y")
        .send()
        .refused(409, "ObjectNotAppendable");
    bucket
        .copy("k", "k")
        .header("x-oss-metadata-directive", "REPLACE")
        .header("x-oss-meta-b", "2")
        .send()
        .expect(200);
    bucket.assert_holds("k", "Appendable", b"helloy");
}

/// S116 (R73): no part of a multipart upload comes from an append object.
#[test]
fn s116_upload_part_copy() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket.append("k", 0, "hello").send().expect(200);
    let started = bucket
        .object("POST", "m")
        .flag("uploads")
        .send()
        .expect(200)
        .xml();
    let upload = started.text_at("UploadId");
    let part = bucket
        .copy("k", "m")
        .param("partNumber", 1)
        .param("uploadId", upload)
        .send();
    assert_eq!(
        part.refused(400, "InvalidRequest").error_text("Message"),
        REFUSAL
    );
    let parts = bucket
        .get("m")
        .param("uploadId", upload)
        .send()
        .expect(200)
        .xml();
    assert_eq!(parts.all("Part").count(), 0);
}

/// S117, S118 (R64, R74): a copy onto an append object replaces it, unless it is told not to overwrite.
#[test]
fn s117_s118_copy_onto_an_append_object() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket.put("n", "abc").send().expect(200);
    bucket.append("k", 0, "hello").send().expect(200);
    let before = bucket.state("k");
    let careful = bucket
        .copy("n", "k")
        .header("x-oss-forbid-overwrite", "true");
    careful.send().refused(409, "FileAlreadyExists");
    bucket
        .put("k", "abc")
        .header("x-oss-forbid-overwrite", "true")
        .send()
        .refused(409, "FileAlreadyExists");
    bucket.state("k").assert_same(&before);
    bucket.copy("n", "k").send().expect(200);
    bucket.assert_holds("k", "Normal", b"abc");
    bucket
        .append("k", 3, "y")
        .send()
        .refused(409, "ObjectNotAppendable");
}

/// S119 (R71): a self-copy may not change how an append object is stored.
#[test]
fn s119_self_copy_of_storage_properties() {
    const SELF: &[(&str, &str)] = &[
        ("x-oss-server-side-encryption", "AES256"),
        ("x-oss-storage-class", "IA"),
    ];
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket.append("k", 0, "hello").send().expect(200);
    let before = bucket.state("k");
    next_second();
    for (name, value) in SELF {
        bucket
            .copy("k", "k")
            .header(name, *value)
            .send()
            .refused(400, "InvalidRequest");
    }
    bucket.state("k").assert_same(&before);
}

const SEALS: &[Case] = &[
    Case::new("S132", "R108 R111")
        .a("hello world")
        .seal("11")
        .ok(&[
            ("x-oss-object-type", Some("Appendable")),
            ("x-oss-storage-class", Some("Standard")),
            ("content-length", Some("0")),
        ])
        .holds("hello world"),
    Case::new("S134", "R109")
        .given(Given::Sealed("hello world"))
        .seal("0")
        .refused(409, "PositionNotEqualToLength")
        .ec("0026-00000016")
        .answer(&[(NEXT, Some("11"))])
        .unchanged(),
    Case::new("S135", "R109")
        .a("hello world")
        .seal("5")
        .refused(409, "PositionNotEqualToLength")
        .answer(&[(NEXT, Some("11"))])
        .unchanged(),
    Case::new("S136", "R112")
        .given(Given::Sealed("hello world"))
        .append("11", "y")
        .refused(409, "AppendSealedObjectNotAllowed")
        .unchanged(),
    Case::new("S136 at 0", "R112")
        .given(Given::Sealed("hello world"))
        .append("0", "y")
        .refused(409, "AppendSealedObjectNotAllowed")
        .unchanged(),
    Case::new("S136 nothing", "R112")
        .given(Given::Sealed("hello world"))
        .append("11", "")
        .refused(409, "AppendSealedObjectNotAllowed")
        .unchanged(),
    Case::new("S137", "R113")
        .n("hello")
        .seal("5")
        .refused(409, "AppendSealedObjectNotAllowed")
        .unchanged(),
    Case::new("S138", "R113")
        .seal("0")
        .refused(404, "NoSuchKey")
        .ec("0026-00000001")
        .then(Then::Absent),
    Case::new("S138 bucket", "R113 R14")
        .given(Given::NoBucket)
        .seal("0")
        .refused(404, "NoSuchBucket"),
    Case::new("S139", "R109 R3")
        .a("hello")
        .operation("seal")
        .refused(400, "MissingArgument")
        .ec("0016-00000501")
        .unchanged(),
    Case::new("S139 invalid", "R109 R4")
        .a("hello")
        .seal("x")
        .refused(400, "InvalidArgument")
        .ec("0016-00000502")
        .unchanged(),
    Case::new("seal of an empty object", "R108")
        .a("")
        .seal("0")
        .ok(&[])
        .holds(""),
];

#[test]
fn s132_to_s139_seals() {
    let server = shared();
    run(&Bucket::new(&server), SEALS);
}

/// S132, S133 (R108, R110, R111): the time of the first seal stays, and content's own dates do not move.
#[test]
fn s132_s133_sealed_time_stays() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket
        .append("k", 0, "hello")
        .header("x-oss-meta-a", "1")
        .send()
        .expect(200);
    let unsealed = bucket.head("k").send().expect(200);
    assert_eq!(
        unsealed.header(SEALED),
        None,
        "R111: unsealed objects never carry it"
    );
    next_second();
    let first = bucket.seal("k", 5).send().expect(200);
    assert!(first.body.is_empty());
    let time = first.header(SEALED).expect("a sealed time").to_owned();
    parse_http_date(&time);
    assert_eq!(first.etag(), unsealed.etag());
    assert_eq!(
        first.header("last-modified"),
        unsealed.header("last-modified")
    );
    next_second();
    assert_eq!(
        bucket.seal("k", 5).send().expect(200).header(SEALED),
        Some(time.as_str()),
        "R110"
    );
    for answer in [
        bucket.head("k").send().expect(200),
        bucket.get("k").send().expect(200),
    ] {
        assert_eq!(answer.header(SEALED), Some(time.as_str()));
        assert_eq!(answer.header("x-oss-object-type"), Some("Appendable"));
        assert_eq!(answer.header(NEXT), Some("5"));
        assert_eq!(answer.etag(), unsealed.etag());
    }
    // R114: metadata may still change, and it stays sealed.
    let copy = bucket
        .copy("k", "k")
        .header("x-oss-metadata-directive", "REPLACE")
        .header("x-oss-meta-b", "2");
    copy.send().expect(200);
    let head = bucket.head("k").send().expect(200);
    assert_eq!(
        (head.header(SEALED), head.header("x-oss-meta-b")),
        (Some(time.as_str()), Some("2"))
    );
    bucket
        .append("k", 5, "y")
        .send()
        .refused(409, "AppendSealedObjectNotAllowed");
}

/// R106: a seal as the v2 SDKs send it, in every scheme; and it is a permission of its own.
#[test]
fn r106_forms_of_a_seal() {
    let server = shared();
    let bucket = Bucket::new(&server);
    for scheme in Scheme::ALL {
        let key = format!("logs/{scheme:?}");
        bucket.append(&key, 0, "hello").send().expect(200);
        let seal = bucket
            .seal(&key, 5)
            .header("Content-Type", "application/xml")
            .header("Content-MD5", md5_base64(b""));
        assert!(
            seal.by(&bucket.client.with_scheme(scheme))
                .send()
                .expect(200)
                .header(SEALED)
                .is_some()
        );
    }
    bucket.append("logs/k", 0, "hello").send().expect(200);
    for client in [
        bucket.client.with_key("appenderkey", "appender-secret"),
        bucket.client.with_key("otherkey", "other-secret"),
        bucket.client.anonymous(),
    ] {
        bucket
            .seal("logs/k", 5)
            .by(&client)
            .send()
            .refused(403, "AccessDenied");
    }
    assert_eq!(
        bucket.head("logs/k").send().expect(200).header(SEALED),
        None
    );
}

/// S136 by the switch: 400 instead of 409.
#[test]
fn s136_sealed_status_by_switch() {
    let server = Server::start(Settings {
        config: "sealed_append_status = 400\n".into(),
        ..Settings::default()
    });
    let bucket = Bucket::new(&server);
    bucket.append("k", 0, "hello").send().expect(200);
    bucket.seal("k", 5).send().expect(200);
    bucket
        .append("k", 5, "y")
        .send()
        .refused(400, "AppendSealedObjectNotAllowed");
}

/// S140 (R107): without the feature nothing can be sealed.
#[test]
fn s140_seal_switched_off() {
    let server = Server::start(Settings {
        config: "seal = false\n".into(),
        ..Settings::default()
    });
    let bucket = Bucket::new(&server);
    bucket.append("k", 0, "hello").send().expect(200);
    let before = bucket.state("k");
    let answer = bucket
        .seal("k", 5)
        .send()
        .refused(400, "OperationNotSupported");
    assert_eq!(
        answer.error_text("Message"),
        "SealAppendable is not supported."
    );
    assert_eq!(answer.error_text("EC"), "0016-00000513");
    bucket.state("k").assert_same(&before);
    bucket.append("k", 5, "y").send().expect(200);
}

/// S141 (R114): what replaces a sealed object is not sealed.
#[test]
fn s141_after_a_sealed_object() {
    let server = shared();
    let bucket = Bucket::new(&server);
    for replace in ["delete", "put"] {
        bucket.append(replace, 0, "hello").send().expect(200);
        bucket.seal(replace, 5).send().expect(200);
        if replace == "put" {
            bucket.put(replace, "x").send().expect(200);
            assert_eq!(bucket.head(replace).send().expect(200).header(SEALED), None);
        }
        bucket.delete(replace).send().expect(204);
        bucket.append(replace, 0, "x").send().expect(200);
        assert_eq!(bucket.head(replace).send().expect(200).header(SEALED), None);
        bucket.append(replace, 1, "y").send().expect(200);
        bucket.assert_holds(replace, "Appendable", b"xy");
    }
}

/// S142 (R84): there is nothing to restore of a Standard object.
#[test]
fn s142_restore_of_a_standard_object() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket.append("k", 0, "hello").send().expect(200);
    let before = bucket.state("k");
    bucket
        .object("POST", "k")
        .flag("restore")
        .send()
        .refused(400, "OperationNotSupported");
    bucket.state("k").assert_same(&before);
}

/// S143 (R47): an archived object is neither read nor appended to before it is restored.
#[test]
fn s143_archived_object() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket
        .append("k", 0, "hello")
        .header("x-oss-storage-class", "Archive")
        .send()
        .expect(200);
    bucket
        .append("k", 5, "y")
        .send()
        .refused(403, "InvalidObjectState");
    bucket.get("k").send().refused(403, "InvalidObjectState");
    assert_eq!(
        bucket.head("k").send().expect(200).number("content-length"),
        5
    );
}

/// R66, R64: an upload on the same key disturbs no append until it completes.
#[test]
fn r66_multipart_upload_beside_appends() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket.append("k", 0, "hello").send().expect(200);
    bucket
        .object("POST", "k")
        .flag("uploads")
        .send()
        .expect(200);
    bucket.append("k", 5, "y").send().expect(200);
    bucket.assert_holds("k", "Appendable", b"helloy");
    multipart(&bucket, "k", b"parts");
    bucket.assert_holds("k", "Multipart", b"parts");
    bucket
        .append("k", 5, "y")
        .send()
        .refused(409, "ObjectNotAppendable");
}

/// S111–S113, S120 (R67, R72): with versioning on either side append objects are never copied, not even onto themselves.
#[test]
fn s111_to_s113_s120_copy_with_versioning() {
    let server = shared();
    for status in ["Enabled", "Suspended"] {
        let bucket = Bucket::new(&server);
        bucket.set_versioning(status);
        bucket.append("k", 0, "hello").send().expect(200);
        for target in ["other", "k"] {
            let answer = bucket
                .copy("k", target)
                .header("x-oss-meta-a", "1")
                .send()
                .refused(400, "InvalidRequest");
            assert_eq!(
                answer.error_text("Message"),
                VERSIONED_REFUSAL,
                "{status} {target}"
            );
        }
        bucket.assert_absent("other");

        let plain = Bucket::new(&server);
        plain.append("k", 0, "hello").send().expect(200);
        let answer = bucket
            .object("PUT", "other")
            .header("x-oss-copy-source", format!("/{}/k", plain.name))
            .send();
        assert_eq!(
            answer.refused(400, "InvalidRequest").error_text("Message"),
            VERSIONED_REFUSAL,
            "{status}"
        );
        bucket.assert_absent("other");
    }
}

/// S121–S125 (R96, R98, R100, R103): one version grows; a delete marker ends it; the next append makes another.
#[test]
fn s121_to_s125_versions_and_markers() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket.set_versioning("Enabled");
    let first = bucket.append("k", 0, "123").send().expect(200);
    let second = bucket.append("k", 3, "456").send().expect(200);
    let old = version_of(&first).to_owned();
    assert_eq!(version_of(&second), old, "S121");
    assert_ne!(old, "null", "S121");

    let marker = version_of(&bucket.delete("k").send().expect(204)).to_owned();
    let gone = bucket.get("k").send().refused(404, "NoSuchKey");
    assert_eq!(gone.header("x-oss-delete-marker"), Some("true"), "S122");
    let by_id = bucket.get("k").param("versionId", &old).send().expect(200);
    assert_eq!(by_id.body, b"123456", "S122");
    assert_eq!(
        by_id.header("x-oss-object-type"),
        Some("Appendable"),
        "R103"
    );

    let wrong = bucket
        .append("k", 6, "789")
        .send()
        .refused(409, "PositionNotEqualToLength");
    assert_eq!(wrong.next_position(), 0, "S124");
    bucket.get("k").send().refused(404, "NoSuchKey");

    let third = bucket.append("k", 0, "789").send().expect(200);
    let new = version_of(&third).to_owned();
    assert_eq!(third.next_position(), 3, "S123");
    assert!(new != old && new != "null", "S123");
    assert_eq!(
        bucket
            .get("k")
            .param("versionId", &old)
            .send()
            .expect(200)
            .body,
        b"123456",
        "S123"
    );

    bucket
        .delete("k")
        .param("versionId", &marker)
        .send()
        .expect(204);
    let fourth = bucket.append("k", 3, "789").send().expect(200);
    assert_eq!(
        (fourth.next_position(), version_of(&fourth)),
        (6, new.as_str()),
        "S125"
    );
    bucket.assert_holds("k", "Appendable", b"789789");
}

/// S126, S127 (R98, R99): a put makes the append version history; when the put goes, it grows again.
#[test]
fn s126_s127_superseded_version() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket.set_versioning("Enabled");
    let old = version_of(&bucket.append("k", 0, "hello").send().expect(200)).to_owned();
    let put = version_of(&bucket.put("k", "normal").send().expect(200)).to_owned();
    bucket
        .append("k", 6, "y")
        .send()
        .refused(409, "ObjectNotAppendable");
    bucket
        .append("k", 5, "y")
        .send()
        .refused(409, "ObjectNotAppendable");
    bucket
        .delete("k")
        .param("versionId", &put)
        .send()
        .expect(204);
    let answer = bucket.append("k", 5, "y").send().expect(200);
    assert_eq!(version_of(&answer), old);
    bucket.assert_holds("k", "Appendable", b"helloy");
}

/// S128, S129 (R97, R101, R102): `null` versions grow in place.
#[test]
fn s128_s129_null_versions() {
    let server = shared();
    let suspended = Bucket::new(&server);
    suspended.set_versioning("Enabled");
    let real = version_of(&suspended.append("real", 0, "x").send().expect(200)).to_owned();
    suspended.set_versioning("Suspended");
    assert_eq!(
        version_of(&suspended.append("k", 0, "x").send().expect(200)),
        "null"
    );
    assert_eq!(
        version_of(&suspended.append("k", 1, "y").send().expect(200)),
        "null"
    );
    assert_eq!(
        version_of(&suspended.append("real", 1, "y").send().expect(200)),
        real,
        "R102"
    );
    suspended.assert_holds("real", "Appendable", b"xy");

    let enabled = Bucket::new(&server);
    assert_eq!(
        enabled
            .append("k", 0, "x")
            .send()
            .expect(200)
            .header(VERSION),
        None,
        "R97"
    );
    enabled.set_versioning("Enabled");
    assert_eq!(
        version_of(&enabled.append("k", 1, "y").send().expect(200)),
        "null",
        "S129"
    );
    let versions = enabled.ask("GET").flag("versions").send().expect(200).xml();
    assert_eq!(versions.all("Version").count(), 1, "S129");
}

/// S130, S131 (R104): what retention protects is not appended to; what an append creates is protected at once.
#[test]
fn s130_s131_retention() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket.append("k", 0, "hello").send().expect(200);
    let document = "<InitiateWormConfiguration><RetentionPeriodInDays>1</RetentionPeriodInDays></InitiateWormConfiguration>";
    let started = bucket
        .ask("POST")
        .flag("worm")
        .body(document)
        .send()
        .expect(200);
    let id = started.header("x-oss-worm-id").expect("an id").to_owned();
    bucket.ask("POST").param("wormId", &id).send().expect(200);
    let before = bucket.state("k");
    bucket
        .append("k", 5, "y")
        .send()
        .refused(409, "FileImmutable");
    bucket
        .append("k", 4, "y")
        .send()
        .refused(409, "FileImmutable");
    bucket.put("k", "y").send().refused(409, "FileImmutable");
    bucket.delete("k").send().refused(409, "FileImmutable");
    bucket.state("k").assert_same(&before);
    bucket.append("new", 0, "x").send().expect(200);
    bucket
        .append("new", 1, "y")
        .send()
        .refused(409, "FileImmutable");
    bucket.assert_holds("new", "Appendable", b"x");
}
