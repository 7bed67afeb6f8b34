//! AppendObject: ordinary appends (S1–S30), wrong positions and types (S42–S69) and zero bytes (S70–S74).

use std::time::{Duration, Instant};

use crate::support::cases::{Case, Given, Then, check_append_answer, run};
use crate::support::digest::{append_etag, crc64, md5_etag};
use crate::support::fixture::Bucket;
use crate::support::server::shared;
use crate::support::signer::{Scheme, parse_http_date};
use crate::support::{next_second, unix_now};

const NEXT: &str = "x-oss-next-append-position";
const CRC: &str = "x-oss-hash-crc64ecma";
const TYPE: &str = "x-oss-object-type";

const ORDINARY: &[Case] = &[
    Case::new("S1", "R20 R48")
        .append("0", "hello")
        .ok(&[
            (NEXT, Some("5")),
            (CRC, Some("11177612005948864433")),
            ("x-oss-version-id", None),
        ])
        .holds("hello"),
    Case::new("S2", "R32 R48")
        .a("hello")
        .append("5", " world")
        .ok(&[(NEXT, Some("11")), (CRC, Some("5981764153023615706"))])
        .holds("hello world"),
    Case::new("S3", "R77")
        .a("hello world")
        .method("HEAD")
        .operation("")
        .ok(&[
            ("content-length", Some("11")),
            (TYPE, Some("Appendable")),
            (NEXT, Some("11")),
            (CRC, Some("5981764153023615706")),
            ("accept-ranges", Some("bytes")),
            ("x-oss-storage-class", Some("Standard")),
            ("content-md5", None),
        ])
        .unchanged(),
    Case::new("S4", "R77")
        .a("hello world")
        .method("GET")
        .operation("")
        .ok(&[
            ("content-length", Some("11")),
            (TYPE, Some("Appendable")),
            (NEXT, Some("11")),
            (CRC, Some("5981764153023615706")),
            ("accept-ranges", Some("bytes")),
            ("content-md5", None),
        ])
        .unchanged(),
    Case::new("S9", "R1")
        .operation("")
        .query(&[("position", Some("0")), ("append", Some(""))])
        .append_body("x")
        .ok(&[(NEXT, Some("1"))])
        .holds("x"),
    Case::new("S9 flag last", "R1")
        .operation("")
        .query(&[("position", Some("0")), ("append", None)])
        .append_body("x")
        .ok(&[(NEXT, Some("1"))])
        .holds("x"),
    Case::new("S10", "R9")
        .append("0", "chunked body")
        .chunked()
        .ok(&[(NEXT, Some("12"))])
        .holds("chunked body"),
    Case::new("S12", "R23")
        .key("S12.jpg")
        .append("0", "x")
        .ok(&[])
        .holds("x")
        .head(&[("content-type", Some("application/octet-stream"))]),
    Case::new("R2 position as a header does nothing", "R2 R3")
        .with(&[("x-oss-append-position", "0"), ("position", "0")])
        .append_body("x")
        .refused(400, "MissingArgument")
        .then(Then::Absent),
    Case::new("S18", "R58")
        .append("0", "x")
        .with(&[("Content-MD5", "ndTkYSaMgDT1yFZOFVxnpg==")])
        .ok(&[(NEXT, Some("1"))])
        .holds("x"),
    Case::new("R46", "R46")
        .a("hello")
        .append("5", "y")
        .with(&[
            ("If-Match", "\"nope\""),
            ("If-None-Match", "*"),
            ("If-Modified-Since", "Sat, 01 Jan 2050 00:00:00 GMT"),
        ])
        .ok(&[(NEXT, Some("6"))])
        .holds("helloy"),
    Case::new("R44 on a later append", "R44")
        .a("hello")
        .append("5", "y")
        .with(&[("x-oss-forbid-overwrite", "true")])
        .ok(&[(NEXT, Some("6"))])
        .holds("helloy"),
    Case::new("S144", "R45")
        .a("hello")
        .append("5", "y")
        .with(&[(
            "x-oss-callback",
            "eyJjYWxsYmFja1VybCI6Imh0dHA6Ly8xMjcuMC4wLjE6OS8ifQ==",
        )])
        .ok(&[(NEXT, Some("6"))])
        .holds("helloy"),
    Case::new("S51", "R6")
        .a("1234567")
        .append("007", "y")
        .ok(&[(NEXT, Some("8"))])
        .holds("1234567y"),
    Case::new("R6 repeated but equal", "R6")
        .a("hello")
        .append("5", "y")
        .query(&[("position", Some("5"))])
        .ok(&[(NEXT, Some("6"))])
        .holds("helloy"),
];

#[test]
fn s1_to_s18_ordinary_appends() {
    let server = shared();
    run(&Bucket::new(&server), ORDINARY);
}

/// S2, S30: the ETag is new with every content, is the same from append, HEAD and GET, and is made of crc and time.
#[test]
fn s2_s30_etag_carries_crc_and_time() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let first = bucket.append("k", 0, "hello").send().expect(200);
    check_append_answer(&first);
    next_second();
    let second = bucket.append("k", 5, " world").send().expect(200);
    check_append_answer(&second);
    assert_ne!(first.etag(), second.etag());
    assert_eq!(second.crc(), crc64(b"hello world"));
    for answer in [
        bucket.head("k").send().expect(200),
        bucket.get("k").send().expect(200),
    ] {
        assert_eq!(answer.etag(), second.etag());
        let modified = parse_http_date(answer.header("last-modified").unwrap());
        let (crc, seconds, tail) = append_etag(answer.etag()).unwrap();
        assert_eq!(
            (crc, i64::from(seconds), tail),
            (answer.crc(), modified, 0),
            "R49"
        );
        assert!(
            (modified - unix_now()).abs() <= 5,
            "Last-Modified {modified} is off"
        );
    }
}

/// S29 (R43): an append makes Last-Modified newer; S72 (R51): one of nothing does not.
#[test]
fn s29_last_modified_moves_with_content_only() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket.append("k", 0, "hello").send().expect(200);
    let modified = || {
        parse_http_date(
            bucket
                .head("k")
                .send()
                .expect(200)
                .header("last-modified")
                .unwrap(),
        )
    };
    let created = modified();
    next_second();
    bucket.append("k", 5, "").send().expect(200);
    assert_eq!(
        modified(),
        created,
        "R51: a zero-byte append keeps Last-Modified"
    );
    bucket.append("k", 5, "y").send().expect(200);
    assert!(modified() > created, "R43: an append updates Last-Modified");
}

/// S5 (R79): ranges read across the old end, with the new total.
#[test]
fn s5_range_over_the_old_end() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket.append("k", 0, "hello").send().expect(200);
    bucket.append("k", 5, " world").send().expect(200);
    for (range, content_range, expected) in [
        ("bytes=5-", "bytes 5-10/11", " world"),
        ("bytes=3-7", "bytes 3-7/11", "lo wo"),
        ("bytes=-6", "bytes 5-10/11", " world"),
    ] {
        let answer = bucket.get("k").header("Range", range).send().expect(206);
        assert_eq!(answer.body, expected.as_bytes(), "{range}");
        assert_eq!(
            answer.header("content-range"),
            Some(content_range),
            "{range}"
        );
        assert_eq!(
            answer.header("content-length"),
            Some(expected.len().to_string().as_str()),
            "{range}"
        );
        assert_eq!(
            answer.crc(),
            crc64(b"hello world"),
            "the crc of a range is the object's"
        );
        assert_eq!(answer.header(TYPE), Some("Appendable"));
    }
}

/// S6 (R81): both listings show type, size and the HEAD's ETag.
#[test]
fn s6_listed_as_appendable() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket.append("k", 0, "hello world").send().expect(200);
    let etag = bucket.head("k").send().expect(200).etag().to_owned();
    for version in ["1", "2"] {
        let request = bucket.ask("GET");
        let request = if version == "2" {
            request.param("list-type", 2)
        } else {
            request
        };
        let listed = request.send().expect(200).xml();
        let entry = listed.child("Contents").unwrap();
        assert_eq!(entry.text_at("Type"), "Appendable", "list {version}");
        assert_eq!(entry.text_at("Size"), "11", "list {version}");
        assert_eq!(entry.text_at("ETag"), etag, "list {version}");
        assert_eq!(entry.text_at("StorageClass"), "Standard", "list {version}");
    }
}

/// S6 (R81) for ListObjectVersions.
#[test]
fn s6_listed_as_appendable_among_versions() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket.append("k", 0, "hello world").send().expect(200);
    let etag = bucket.head("k").send().expect(200).etag().to_owned();
    let listed = bucket.ask("GET").flag("versions").send().expect(200).xml();
    let entry = listed.child("Version").unwrap();
    assert_eq!(entry.text_at("Type"), "Appendable");
    assert_eq!(entry.text_at("Size"), "11");
    assert_eq!(entry.text_at("ETag"), etag);
}

/// S7 (R80): GetObjectMeta tells length, ETag, Last-Modified, and not what HEAD tells besides.
#[test]
fn s7_object_meta() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket
        .append("k", 0, "hello world")
        .header("x-oss-meta-a", "b")
        .send()
        .expect(200);
    let head = bucket.head("k").send().expect(200);
    let meta = bucket.head("k").flag("objectMeta").send().expect(200);
    for name in ["content-length", "etag", "last-modified"] {
        assert_eq!(meta.header(name), head.header(name), "{name}");
    }
    for name in ["x-oss-meta-a", TYPE, NEXT, "x-oss-storage-class"] {
        assert_eq!(meta.header(name), None, "{name}");
    }
}

/// S8 (R32): many blocks one after the other.
#[test]
fn s8_ten_blocks_of_128_kib() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let mut content = Vec::new();
    for block in 0..10_u8 {
        let bytes: Vec<u8> = (0..131_072_u32)
            .map(|index| block.wrapping_mul(31) ^ index.to_le_bytes()[0] ^ index.to_le_bytes()[1])
            .collect();
        let answer = bucket
            .append("k", content.len() as u64, &bytes)
            .send()
            .expect(200);
        content.extend_from_slice(&bytes);
        assert_eq!(answer.next_position(), content.len() as u64);
    }
    bucket.assert_holds("k", "Appendable", &content);
}

/// S19 (R19): a presigned append succeeds once.
#[test]
fn s19_presigned_append_works_once() {
    let server = shared();
    let bucket = Bucket::new(&server);
    for scheme in [Scheme::V1Url, Scheme::V2Url, Scheme::V4Url] {
        let key = format!("{scheme:?}");
        bucket.append(&key, 0, "hello").send().expect(200);
        let url = bucket
            .append(&key, 5, "abc")
            .by(&bucket.client.with_scheme(scheme));
        assert_eq!(url.send().expect(200).next_position(), 8);
        let second = url.send().refused(409, "PositionNotEqualToLength");
        assert_eq!(second.next_position(), 8);
        bucket.assert_holds(&key, "Appendable", b"helloabc");
    }
}

/// S20 (R39): a limited append takes the time the limit asks for, says so, and does not hold the object meanwhile.
#[test]
fn s20_traffic_limit() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket.append("k", 0, "hello").send().expect(200);
    // 400 KiB at 819200 bit/s are 4 s.
    let body = vec![b'z'; 400 * 1024];
    let start = Instant::now();
    let limited = bucket
        .append("k", 5, &body)
        .header("x-oss-traffic-limit", 819_200);
    let other = bucket.clone();
    let fast = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(700));
        let begun = Instant::now();
        other.append("k", 5, "fast").send().expect(200);
        begun.elapsed()
    });
    let answer = limited.send().refused(409, "PositionNotEqualToLength");
    assert_eq!(answer.next_position(), 9);
    let waited = fast.join().expect("the fast writer");
    assert!(
        waited < Duration::from_millis(1500),
        "the limited append held the object: {waited:?}"
    );
    assert!(
        start.elapsed() >= Duration::from_millis(2500),
        "not limited: {:?}",
        start.elapsed()
    );

    let start = Instant::now();
    let again = bucket
        .append("k", 9, &body[..200 * 1024])
        .param("x-oss-traffic-limit", 819_200)
        .send()
        .expect(200);
    assert!(
        start.elapsed() >= Duration::from_millis(1200),
        "not limited by the query: {:?}",
        start.elapsed()
    );
    assert!(again.header("x-oss-qos-delay-time").is_some(), "{again:?}");
}

/// S21 (R16, R17): the signatures that SDKs use for append, with the key's slashes both ways.
#[test]
fn s21_every_signature_appends() {
    let server = shared();
    let bucket = Bucket::new(&server);
    for scheme in Scheme::ALL {
        let client = bucket.client.with_scheme(scheme);
        let key = format!("dir/a b+c%/日本-{scheme:?}");
        bucket.append(&key, 0, "one").by(&client).send().expect(200);
        bucket
            .append(&key, 3, "two")
            .by(&client)
            .encode_slash()
            .send()
            .expect(200);
        bucket
            .append(&key, 6, "three")
            .by(&client.virtual_hosted("localhost"))
            .send()
            .expect(200);
        bucket.assert_holds(&key, "Appendable", b"onetwothree");
    }
}

/// S22, S23 (R64, R54): a put makes the object Normal, and appends to it are refused.
#[test]
fn s22_s23_put_over_append_object() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket
        .append("k", 0, "hello")
        .header("x-oss-meta-a", "old")
        .send()
        .expect(200);
    bucket.put("k", "new").send().expect(200);
    bucket.assert_holds("k", "Normal", b"new");
    let head = bucket.head("k").send().expect(200);
    assert_eq!(head.etag(), md5_etag(b"new"));
    assert!(head.header("content-md5").is_some());
    assert_eq!(head.header("x-oss-meta-a"), None);
    let before = bucket.state("k");
    bucket
        .append("k", 3, "z")
        .send()
        .refused(409, "ObjectNotAppendable");
    bucket.state("k").assert_same(&before);
}

/// S24 (R65): after a delete the key starts at 0 with the headers of the new first append.
#[test]
fn s24_delete_and_start_again() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let old = [
        ("x-oss-meta-old", "1"),
        ("Content-Type", "text/old"),
        ("x-oss-object-acl", "public-read"),
    ];
    bucket
        .append("k", 0, "hello")
        .headers(&old)
        .send()
        .expect(200);
    bucket.delete("k").send().expect(204);
    assert_eq!(
        bucket
            .append("k", 5, "x")
            .send()
            .refused(409, "PositionNotEqualToLength")
            .next_position(),
        0
    );
    bucket.assert_absent("k");
    let again = bucket
        .append("k", 0, "foo")
        .header("x-oss-meta-new", "2")
        .send()
        .expect(200);
    assert_eq!(again.next_position(), 3);
    bucket.assert_holds("k", "Appendable", b"foo");
    let head = bucket.head("k").send().expect(200);
    assert_eq!(head.header("x-oss-meta-new"), Some("2"));
    assert_eq!(head.header("x-oss-meta-old"), None);
    assert_eq!(
        head.header("content-type"),
        Some("application/octet-stream")
    );
    assert_eq!(bucket.acl_of("k"), "default");
}

/// S25, S26 (R82): a link shows the target's content, follows appends, and is not the append object itself.
#[test]
fn s25_s26_symlink_to_append_object() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket.append("k", 0, "hello").send().expect(200);
    bucket
        .object("PUT", "link")
        .flag("symlink")
        .header("x-oss-symlink-target", "k")
        .send()
        .expect(200);
    let check = |content: &str| {
        let etag = bucket.head("k").send().expect(200).etag().to_owned();
        let got = bucket.get("link").send().expect(200);
        assert_eq!(got.body, content.as_bytes());
        for answer in [got, bucket.head("link").send().expect(200)] {
            assert_eq!(answer.number("content-length"), content.len() as u64);
            assert_eq!(answer.header(TYPE), Some("Symlink"));
            assert_eq!(answer.header(NEXT), None);
            assert_eq!(answer.etag(), etag);
        }
    };
    check("hello");
    bucket.append("k", 5, " world").send().expect(200);
    check("hello world");
}

/// S28 (R83): the ACL can be changed on an append object, which stays appendable.
#[test]
fn s28_acl_of_an_append_object() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket.append("k", 0, "hello").send().expect(200);
    let before = bucket.head("k").send().expect(200);
    bucket
        .object("PUT", "k")
        .flag("acl")
        .header("x-oss-object-acl", "public-read")
        .send()
        .expect(200);
    assert_eq!(bucket.acl_of("k"), "public-read");
    let after = bucket.head("k").send().expect(200);
    assert_eq!(before.etag(), after.etag(), "an ACL is not content");
    bucket.append("k", 5, "y").send().expect(200);
    bucket.assert_holds("k", "Appendable", b"helloy");
    assert_eq!(bucket.acl_of("k"), "public-read");
}

/// S28 (R83) for tags.
#[test]
fn s28_tags_of_an_append_object() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket.append("k", 0, "hello").send().expect(200);
    let tags = "<Tagging><TagSet><Tag><Key>a</Key><Value>1</Value></Tag></TagSet></Tagging>";
    bucket
        .object("PUT", "k")
        .flag("tagging")
        .body(tags)
        .send()
        .expect(200);
    bucket.append("k", 5, "y").send().expect(200);
    bucket.assert_holds("k", "Appendable", b"helloy");
    assert_eq!(
        bucket.tags_of("k"),
        [(String::from("a"), String::from("1"))]
    );
}

const REFUSED: &[Case] = &[
    position_error("S42").append("10", "y"),
    position_error("S43").append("12", "y"),
    position_error("S44").append("0", "y"),
    position_error("R5 beyond any length").append("9223372036854775807", "y"),
    Case::new("S45", "R21")
        .append("100", "y")
        .refused(409, "PositionNotEqualToLength")
        .ec("0026-00000016")
        .answer(&[(NEXT, Some("0"))])
        .then(Then::Absent),
    Case::new("S46", "R3")
        .append_body("x")
        .refused(400, "MissingArgument")
        .message("Missing Some Required Arguments.")
        .ec("0016-00000501")
        .then(Then::Absent),
    bad_position("S47").append("test", "x"),
    bad_position("S48").append("-1", "x"),
    bad_position("S49 empty").append("", "x"),
    bad_position("S49 fraction").append("1.5", "x"),
    bad_position("S49 hexadecimal").append("0x0", "x"),
    bad_position("S49 blank").append(" 0", "x"),
    bad_position("S49 blank after").append("0 ", "x"),
    bad_position("S49 sign").append("+0", "x"),
    bad_position("S49 other digits").append("\u{0660}", "x"),
    bad_position("S50 two to the 63").append("9223372036854775808", "x"),
    bad_position("S50 larger").append("99999999999999999999", "x"),
    bad_position("S50 huge").append(
        "000000000000000000000000000000000000000000000000000000000000099999999999999999999",
        "x",
    ),
    Case::new("S52", "R6")
        .a("hello")
        .append("5", "y")
        .query(&[("position", Some("6"))])
        .refused(400, "InvalidArgument")
        .unchanged(),
    Case::new("S53", "R7")
        .a("hello")
        .append("5", "y")
        .query(&[("versionId", Some("x"))])
        .refused(400, "InvalidArgument")
        .ec("0016-00000504")
        .unchanged(),
    Case::new("S53 on nothing", "R7 R60")
        .append("0", "y")
        .query(&[("versionId", Some("null"))])
        .refused(400, "InvalidArgument")
        .ec("0016-00000504")
        .then(Then::Absent),
    not_appendable("S54").n("hello").append("5", "y"),
    not_appendable("S55").n("hello").append("0", "y"),
    not_appendable("S55 wrong position")
        .n("hello")
        .append("77", "y"),
    not_appendable("S56").n("").append("0", "y"),
    not_appendable("S57").n("").key("dir/").append("0", "y"),
    Case::new("S60", "R14")
        .given(Given::NoBucket)
        .append("0", "x")
        .refused(404, "NoSuchBucket")
        .message("The specified bucket does not exist.")
        .ec("0015-00000101"),
    Case::new("S60 before the position", "R60")
        .given(Given::NoBucket)
        .append("test", "x")
        .refused(404, "NoSuchBucket"),
    Case::new("R60 position before length", "R60")
        .a("hello")
        .append("x", "")
        .no_length()
        .refused(400, "InvalidArgument")
        .ec("0016-00000502")
        .unchanged(),
    Case::new("S67", "R9")
        .a("hello")
        .append("5", "")
        .no_length()
        .refused(411, "MissingContentLength")
        .message("You must provide the Content-Length HTTP header.")
        .unchanged(),
    Case::new("S68", "R39")
        .a("hello")
        .append("5", "y")
        .with(&[("x-oss-traffic-limit", "1")])
        .refused(400, "InvalidArgument")
        .unchanged(),
    Case::new("S68 not a number", "R39")
        .a("hello")
        .append("5", "y")
        .with(&[("x-oss-traffic-limit", "fast")])
        .refused(400, "InvalidArgument")
        .unchanged(),
    Case::new("S68 too much", "R39")
        .a("hello")
        .append("5", "y")
        .with(&[("x-oss-traffic-limit", "838860801")])
        .refused(400, "InvalidArgument")
        .unchanged(),
    Case::new("S68 twice", "R39")
        .a("hello")
        .append("5", "y")
        .query(&[("x-oss-traffic-limit", Some("819200"))])
        .with(&[("x-oss-traffic-limit", "819200")])
        .refused(400, "InvalidArgument")
        .unchanged(),
    Case::new("S69", "R8")
        .a("hello")
        .method("PUT")
        .append("5", "y")
        .refused(405, "MethodNotAllowed")
        .unchanged(),
    Case::new("R8 HEAD ignores append", "R8")
        .a("hello")
        .method("HEAD")
        .ok(&[(NEXT, Some("5"))])
        .unchanged(),
    Case::new("R8 GET ignores append", "R8")
        .a("hello")
        .method("GET")
        .ok(&[(NEXT, Some("5"))])
        .unchanged(),
];

const fn position_error(id: &'static str) -> Case {
    Case::new(id, "R40")
        .a("hello world")
        .refused(409, "PositionNotEqualToLength")
        .message("Position is not equal to file length")
        .ec("0026-00000016")
        .answer(&[(NEXT, Some("11"))])
        .unchanged()
}

const fn bad_position(id: &'static str) -> Case {
    Case::new(id, "R4 R5")
        .refused(400, "InvalidArgument")
        .ec("0016-00000502")
        .then(Then::Absent)
}

const fn not_appendable(id: &'static str) -> Case {
    Case::new(id, "R54 R55 R56")
        .refused(409, "ObjectNotAppendable")
        .message("The object is not appendable")
        .ec("0026-00000017")
        .unchanged()
}

#[test]
fn s42_to_s69_wrong_positions_types_and_requests() {
    let server = shared();
    run(&Bucket::new(&server), REFUSED);
}

/// R40, clients.md §3: the message is compared literally by an SDK, without a full stop.
#[test]
fn r40_message_to_the_letter() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let answer = bucket
        .append("k", 3, "x")
        .send()
        .refused(409, "PositionNotEqualToLength");
    assert_eq!(
        answer.error_text("Message"),
        "Position is not equal to file length"
    );
    let error = answer.xml();
    for child in &error.children {
        let known = [
            "Code",
            "Message",
            "RequestId",
            "HostId",
            "EC",
            "RecommendDoc",
        ];
        assert!(
            known.contains(&child.name.as_str()),
            "R42: {} in the body",
            child.name
        );
    }
}

/// operations.md 0.1: a POST on a key that names no operation is refused. The reference gives two codes for it.
#[test]
fn post_without_an_operation() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket.append("k", 0, "hello").send().expect(200);
    let before = bucket.state("k");
    let answer = bucket.object("POST", "k").body("x").send().expect(400);
    assert!(
        matches!(
            answer.code().as_str(),
            "MissingArgument" | "InvalidArgument"
        ),
        "{answer:?}"
    );
    bucket.state("k").assert_same(&before);
}

/// S58, S59 (R54, R82): neither a Multipart object nor a link is appendable, and a link's target stays as it is.
#[test]
fn s58_s59_multipart_object_and_link() {
    const CASES: &[Case] = &[
        not_appendable("S58")
            .given(Given::Multipart(204_800))
            .append("204800", "y"),
        not_appendable("S59")
            .given(Given::Link("hello"))
            .append("5", "y"),
    ];
    let server = shared();
    run(&Bucket::new(&server), CASES);
}

/// S61 (R11): a key of 1023 bytes is the longest; 1024 are refused, and so are leading slashes of both kinds.
#[test]
fn s61_key_limits() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let longest = "é".repeat(511) + "x";
    bucket.append(&longest, 0, "x").send().expect(200);
    bucket.assert_holds(&longest, "Appendable", b"x");
    for key in [
        longest.clone() + "y",
        String::from("\\x"),
        String::from("/x"),
    ] {
        bucket
            .append(&key, 0, "x")
            .send()
            .refused(400, "InvalidObjectName");
    }
    let listed = bucket.ask("GET").send().expect(200).xml();
    assert_eq!(listed.all("Contents").count(), 1);
}

/// R11: without a key it is a bucket request, and creates nothing.
#[test]
fn r11_append_without_a_key() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let answer = bucket
        .ask("POST")
        .flag("append")
        .param("position", 0)
        .body("x")
        .send();
    assert!(matches!(answer.status, 400 | 405), "{answer:?}");
    let listed = bucket.ask("GET").send().expect(200).xml();
    assert_eq!(listed.all("Contents").count(), 0);
}

const ZERO: &[Case] = &[
    Case::new("S70", "R50")
        .append("0", "")
        .ok(&[(NEXT, Some("0")), (CRC, Some("0"))])
        .holds(""),
    Case::new("S71", "R51 R52")
        .a("")
        .append("0", "")
        .ok(&[(NEXT, Some("0")), (CRC, Some("0"))])
        .unchanged(),
    Case::new("S72", "R51")
        .a("hello")
        .append("5", "")
        .ok(&[(NEXT, Some("5")), (CRC, Some("11177612005948864433"))])
        .unchanged(),
    Case::new("S72 in chunks", "R51")
        .a("hello")
        .append("5", "")
        .chunked()
        .ok(&[(NEXT, Some("5"))])
        .unchanged(),
    Case::new("S73", "R53")
        .a("hello")
        .append("4", "")
        .refused(409, "PositionNotEqualToLength")
        .answer(&[(NEXT, Some("5"))])
        .unchanged(),
    Case::new("S74", "R53")
        .n("hello")
        .append("5", "")
        .refused(409, "ObjectNotAppendable")
        .unchanged(),
    Case::new("R52", "R52")
        .a("")
        .append("0", "now something")
        .ok(&[(NEXT, Some("13"))])
        .holds("now something"),
];

#[test]
fn s70_to_s74_zero_bytes() {
    let server = shared();
    let bucket = Bucket::new(&server);
    run(&bucket, ZERO);
    // The ETag of S70 begins with the crc of nothing.
    let etag = bucket.head("S70").send().expect(200).etag().to_owned();
    assert!(
        etag.starts_with("\"0000000000000000") && etag.ends_with("00000000\""),
        "{etag}"
    );
    // S72 asks twice.
    assert_eq!(
        bucket
            .append("S72", 5, "")
            .send()
            .expect(200)
            .next_position(),
        5
    );
}
