//! What an append does with headers: honoured when it creates (S11–S17, R22–R30), ignored later except the ACL (S31–S41), refused when
//! wrong on creation (S62–S66).

use crate::support::cases::{Case, Given, Then, run};
use crate::support::digest::crc64;
use crate::support::fixture::Bucket;
use crate::support::server::shared;

const NEXT: &str = "x-oss-next-append-position";
const SSE: &str = "x-oss-server-side-encryption";
const SSE_DATA: &str = "x-oss-server-side-data-encryption";
const SSE_KEY: &str = "x-oss-server-side-encryption-key-id";
const CLASS: &str = "x-oss-storage-class";
const KEY_ID: &str = "9468da86-3509-4f8d-a61e-6eab1eac0000";

const CREATION: &[Case] = &[
    Case::new("S11", "R22")
        .append("0", "x")
        .with(&[
            ("Content-Type", "text/plain"),
            ("Cache-Control", "max-age=3"),
            ("Content-Disposition", "attachment; filename=a.txt"),
            ("Content-Encoding", "deflate"),
            ("Content-Language", "de"),
            ("Expires", "Fri, 28 Feb 2042 05:38:42 GMT"),
            ("x-oss-meta-author", "alice"),
            ("X-OSS-Meta-UPPER", "Value"),
        ])
        .ok(&[])
        .holds("x")
        .head(&[
            ("content-type", Some("text/plain")),
            ("cache-control", Some("max-age=3")),
            ("content-disposition", Some("attachment; filename=a.txt")),
            ("content-encoding", Some("deflate")),
            ("content-language", Some("de")),
            ("expires", Some("Fri, 28 Feb 2042 05:38:42 GMT")),
            ("x-oss-meta-author", Some("alice")),
            ("x-oss-meta-upper", Some("Value")),
        ]),
    Case::new("S13", "R22")
        .append("0", "x")
        .with(&[("x-oss-object-acl", "public-read-write")])
        .holds("x")
        .acl("public-read-write"),
    Case::new("S13 private", "R25")
        .append("0", "x")
        .with(&[("x-oss-object-acl", "private")])
        .holds("x")
        .acl("private"),
    Case::new("S13 default", "R25")
        .append("0", "x")
        .with(&[("x-oss-object-acl", "default")])
        .holds("x")
        .acl("default"),
    Case::new("S13 none", "R25")
        .append("0", "x")
        .holds("x")
        .acl("default"),
    Case::new("S15", "R27")
        .append("0", "x")
        .with(&[(SSE, "KMS"), (SSE_DATA, "SM4")])
        .ok(&[(SSE, Some("KMS")), (SSE_DATA, Some("SM4"))])
        .holds("x")
        .head(&[(SSE, Some("KMS")), (SSE_DATA, Some("SM4"))]),
    Case::new("S15 AES256", "R27")
        .append("0", "x")
        .with(&[(SSE, "AES256")])
        .ok(&[(SSE, Some("AES256")), (SSE_KEY, None), (SSE_DATA, None)])
        .holds("x")
        .head(&[(SSE, Some("AES256")), (SSE_KEY, None)]),
    Case::new("S15 SM4", "R27")
        .append("0", "x")
        .with(&[(SSE, "SM4")])
        .ok(&[(SSE, Some("SM4"))])
        .holds("x")
        .head(&[(SSE, Some("SM4"))]),
    Case::new("R29", "R29")
        .append("0", "x")
        .with(&[(SSE, "KMS"), (SSE_KEY, KEY_ID)])
        .ok(&[(SSE, Some("KMS")), (SSE_KEY, Some(KEY_ID))])
        .holds("x")
        .head(&[(SSE, Some("KMS")), (SSE_KEY, Some(KEY_ID))]),
    Case::new("S17", "R24")
        .append("0", "x")
        .with(&[(CLASS, "IA")])
        .ok(&[(CLASS, None)])
        .holds("x")
        .head(&[(CLASS, Some("IA"))]),
    Case::new("S17 Standard", "R24")
        .append("0", "x")
        .with(&[(CLASS, "Standard")])
        .holds("x")
        .head(&[(CLASS, Some("Standard"))]),
];

#[test]
fn s11_to_s17_creation_headers_are_kept() {
    let server = shared();
    run(&Bucket::new(&server), CREATION);
}

/// R24: Archive is accepted; whether it can be read back is another matter (S143).
#[test]
fn s17_archive_is_accepted() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket
        .append("k", 0, "x")
        .header(CLASS, "Archive")
        .send()
        .expect(200);
    let head = bucket.head("k").send().expect(200);
    assert_eq!(head.header(CLASS), Some("Archive"));
    assert_eq!(head.header(NEXT), Some("1"));
}

/// S15, S16 (R27): a KMS key id comes with the first answer and stays the same.
#[test]
fn s15_s16_kms_key_id_stays() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let first = bucket
        .append("k", 0, "x")
        .header(SSE, "KMS")
        .send()
        .expect(200);
    let id = first.header(SSE_KEY).expect("a key id").to_owned();
    assert!(!id.is_empty());
    let second = bucket.append("k", 1, "y").send().expect(200);
    for answer in [
        &first,
        &second,
        &bucket.head("k").send().expect(200),
        &bucket.get("k").send().expect(200),
    ] {
        assert_eq!(answer.header(SSE), Some("KMS"));
        assert_eq!(answer.header(SSE_KEY), Some(id.as_str()));
    }
    bucket.assert_holds("k", "Appendable", b"xy");
}

/// S14, S34, S35 (R22, R35): tags of the creation count; those of later appends do not, not even too many.
#[test]
fn s14_s34_s35_tag_counts() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let count = |key: &str| {
        bucket
            .head(key)
            .send()
            .expect(200)
            .header("x-oss-tagging-count")
            .map(str::to_owned)
    };
    let many = |n: usize| {
        (0..n)
            .map(|i| format!("n{i}=v{i}"))
            .collect::<Vec<_>>()
            .join("&")
    };
    bucket
        .append("two", 0, "x")
        .header("x-oss-tagging", "k1=v1&k2=v2")
        .send()
        .expect(200);
    assert_eq!(count("two").as_deref(), Some("2"));
    bucket.append("none", 0, "x").send().expect(200);
    bucket
        .append("none", 1, "y")
        .header("x-oss-tagging", many(15))
        .send()
        .expect(200);
    assert_eq!(count("none"), None);
    bucket
        .append("three", 0, "x")
        .header("x-oss-tagging", "a=1&b=2&c=3")
        .send()
        .expect(200);
    bucket
        .append("three", 1, "y")
        .header("x-oss-tagging", many(9))
        .send()
        .expect(200);
    assert_eq!(count("three").as_deref(), Some("3"));
    // Ten are allowed, and values may be empty or missing.
    bucket
        .append("ten", 0, "x")
        .header("x-oss-tagging", many(10))
        .send()
        .expect(200);
    assert_eq!(count("ten").as_deref(), Some("10"));
    bucket
        .append("bare", 0, "x")
        .header("x-oss-tagging", "a&b=")
        .send()
        .expect(200);
    assert_eq!(count("bare").as_deref(), Some("2"));
}

/// S14, S34, S35 as GetObjectTagging tells it.
#[test]
fn s14_s34_s35_tags() {
    const CASES: &[Case] = &[
        Case::new("S14", "R22")
            .append("0", "x")
            .with(&[("x-oss-tagging", "k2=v%202&k1=v1")])
            .holds("x")
            .tags(&[("k1", "v1"), ("k2", "v 2")]),
        Case::new("S34", "R35")
            .a("hello")
            .append("5", "y")
            .with(&[(
                "x-oss-tagging",
                "1=a&2=a&3=a&4=a&5=a&6=a&7=a&8=a&9=a&10=a&11=a&12=a&13=a&14=a&15=a",
            )])
            .holds("helloy")
            .tags(&[]),
        Case::new("S35", "R35")
            .given(Given::Append("hello", &[("x-oss-tagging", "a=1&b=2&c=3")]))
            .append("5", "y")
            .with(&[("x-oss-tagging", "1=a&2=a&3=a&4=a&5=a&6=a&7=a&8=a&9=a")])
            .holds("helloy")
            .tags(&[("a", "1"), ("b", "2"), ("c", "3")]),
    ];
    let server = shared();
    run(&Bucket::new(&server), CASES);
}

const LATER: &[Case] = &[
    Case::new("S31", "R33")
        .given(Given::Append("hello", &[("x-oss-meta-author1", "x")]))
        .append("5", "y")
        .with(&[("x-oss-meta-author1", "z"), ("x-oss-meta-author2", "w")])
        .holds("helloy")
        .head(&[
            ("x-oss-meta-author1", Some("x")),
            ("x-oss-meta-author2", None),
        ]),
    Case::new("S32", "R34")
        .given(Given::Append(
            "hello",
            &[("x-oss-object-acl", "public-read-write")],
        ))
        .append("5", "y")
        .with(&[("x-oss-object-acl", "public-read")])
        .holds("helloy")
        .acl("public-read"),
    Case::new("S33", "R34")
        .given(Given::Append(
            "hello",
            &[("x-oss-object-acl", "public-read-write")],
        ))
        .append("5", "y")
        .holds("helloy")
        .acl("public-read-write"),
    Case::new("S36", "R36")
        .a("hello")
        .append("5", "y")
        .with(&[(SSE, "KMS"), (SSE_DATA, "SM4")])
        .ok(&[(SSE, None), (SSE_DATA, None), (SSE_KEY, None)])
        .holds("helloy")
        .head(&[(SSE, None), (SSE_DATA, None), (SSE_KEY, None)]),
    Case::new("S36 invalid", "R36")
        .a("hello")
        .append("5", "y")
        .with(&[(SSE, "ROT13")])
        .ok(&[(SSE, None)])
        .holds("helloy"),
    Case::new("S37", "R36")
        .given(Given::Append("hello", &[(SSE, "KMS"), (SSE_KEY, KEY_ID)]))
        .append("5", "y")
        .with(&[(SSE, "AES256"), (SSE_KEY, "another")])
        .ok(&[(SSE, Some("KMS")), (SSE_KEY, Some(KEY_ID))])
        .holds("helloy")
        .head(&[(SSE, Some("KMS")), (SSE_KEY, Some(KEY_ID))]),
    Case::new("S38", "R37")
        .a("hello")
        .append("5", "y")
        .with(&[(CLASS, "IA")])
        .holds("helloy")
        .head(&[(CLASS, Some("Standard"))]),
    Case::new("S39 ColdArchive", "R37")
        .a("hello")
        .append("5", "y")
        .with(&[(CLASS, "ColdArchive")])
        .holds("helloy")
        .head(&[(CLASS, Some("Standard"))]),
    Case::new("S39 nonsense", "R37")
        .a("hello")
        .append("5", "y")
        .with(&[(CLASS, "Nonsense")])
        .holds("helloy")
        .head(&[(CLASS, Some("Standard"))]),
    Case::new("S40", "R38")
        .given(Given::Append("hello", &[("Content-Type", "text/plain")]))
        .append("5", "y")
        .with(&[
            ("Content-Type", "image/png"),
            ("Cache-Control", "no-cache"),
            ("Content-Disposition", "inline"),
            ("Content-Encoding", "br"),
            ("Expires", "Fri, 28 Feb 2042 05:38:42 GMT"),
        ])
        .holds("helloy")
        .head(&[
            ("content-type", Some("text/plain")),
            ("cache-control", None),
            ("content-disposition", None),
            ("content-encoding", None),
            ("expires", None),
        ]),
    Case::new("S41", "R52")
        .given(Given::Append(
            "",
            &[("x-oss-meta-a", "first"), ("Content-Type", "text/plain")],
        ))
        .append("0", "x")
        .with(&[
            ("x-oss-meta-a", "second"),
            ("x-oss-meta-b", "2"),
            ("Content-Type", "image/png"),
        ])
        .holds("x")
        .head(&[
            ("x-oss-meta-a", Some("first")),
            ("x-oss-meta-b", None),
            ("content-type", Some("text/plain")),
        ]),
];

#[test]
fn s31_to_s41_later_headers_are_ignored_except_the_acl() {
    let server = shared();
    run(&Bucket::new(&server), LATER);
}

/// R34 on a refused append: the ACL of an append that did not happen does not take effect either.
#[test]
fn r34_no_acl_change_without_the_append() {
    const CASES: &[Case] = &[
        Case::new("wrong position", "R34 R40")
            .given(Given::Append("hello", &[("x-oss-object-acl", "private")]))
            .append("4", "y")
            .with(&[("x-oss-object-acl", "public-read-write")])
            .refused(409, "PositionNotEqualToLength")
            .unchanged(),
        Case::new("wrong digest", "R34 R58")
            .given(Given::Append("hello", &[("x-oss-object-acl", "private")]))
            .append("5", "y")
            .with(&[
                ("x-oss-object-acl", "public-read-write"),
                ("Content-MD5", "XrY7u+Ae7tCTyyK7j1rNww=="),
            ])
            .refused(400, "InvalidDigest")
            .unchanged(),
        Case::new("invalid ACL later", "R25 R34")
            .given(Given::Append("hello", &[("x-oss-object-acl", "private")]))
            .append("5", "y")
            .with(&[("x-oss-object-acl", "everybody")])
            .refused(400, "InvalidArgument")
            .unchanged(),
    ];
    let server = shared();
    run(&Bucket::new(&server), CASES);
}

const REFUSED: &[Case] = &[
    Case::new("S62", "R24")
        .append("0", "x")
        .with(&[(CLASS, "ColdArchive")])
        .refused(400, "InvalidArgument")
        .ec("0016-00000503")
        .then(Then::Absent),
    Case::new("S62 deep", "R24")
        .append("0", "x")
        .with(&[(CLASS, "DeepColdArchive")])
        .refused(400, "InvalidArgument")
        .ec("0016-00000503")
        .then(Then::Absent),
    Case::new("S63 class", "R24")
        .append("0", "x")
        .with(&[(CLASS, "Foo")])
        .refused(400, "InvalidArgument")
        .then(Then::Absent),
    Case::new("S63 ACL", "R25")
        .append("0", "x")
        .with(&[("x-oss-object-acl", "foo")])
        .refused(400, "InvalidArgument")
        .then(Then::Absent),
    Case::new("S64", "R26")
        .append("0", "x")
        .with(&[(
            "x-oss-tagging",
            "1=a&2=a&3=a&4=a&5=a&6=a&7=a&8=a&9=a&10=a&11=a",
        )])
        .refused(400, "BadRequest")
        .message("Object tags cannot be greater than 10")
        .then(Then::Absent),
    Case::new("S65", "R26")
        .append("0", "x")
        .with(&[("x-oss-tagging", "k=1&k=2")])
        .refused(400, "InvalidArgument")
        .message("query parameters without tag name duplicates")
        .then(Then::Absent),
    Case::new("S66", "R26")
        .append("0", "x")
        .with(&[("x-oss-tagging", "k%26=1")])
        .refused(400, "InvalidTag")
        .message("The TagKey you have provided is invalid.")
        .then(Then::Absent),
    Case::new("R27 unknown algorithm", "R27")
        .append("0", "x")
        .with(&[(SSE, "ROT13")])
        .refused(400, "InvalidEncryptionAlgorithmError")
        .then(Then::Absent),
    Case::new("R60 position before headers", "R60")
        .append("3", "x")
        .with(&[(CLASS, "Foo"), ("x-oss-object-acl", "foo")])
        .refused(409, "PositionNotEqualToLength")
        .answer(&[(NEXT, Some("0"))])
        .then(Then::Absent),
];

#[test]
fn s62_to_s66_invalid_creation_headers() {
    let server = shared();
    run(&Bucket::new(&server), REFUSED);
}

/// S145 (R30): metadata up to 8 KiB is kept, a byte more is refused and creates nothing.
#[test]
fn s145_metadata_limit() {
    let server = shared();
    let bucket = Bucket::new(&server);
    // Names and values count; the name here is what follows `x-oss-meta-`, or the whole header's name: both are within.
    let fits = "v".repeat(8 * 1024 - "x-oss-meta-a".len() - 1);
    bucket
        .append("fits", 0, "x")
        .header("x-oss-meta-a", &fits)
        .send()
        .expect(200);
    assert_eq!(
        bucket
            .head("fits")
            .send()
            .expect(200)
            .header("x-oss-meta-a"),
        Some(fits.as_str())
    );
    let too_much = "v".repeat(8 * 1024 + 1);
    for request in [bucket.append("over", 0, "x"), bucket.put("over", "x")] {
        request
            .header("x-oss-meta-a", &too_much)
            .send()
            .refused(400, "InvalidArgument");
        bucket.assert_absent("over");
    }
    // Spread over several headers it is too much as well.
    let half = "v".repeat(4 * 1024 + 1);
    let spread = bucket
        .append("over", 0, "x")
        .header("x-oss-meta-a", &half)
        .header("x-oss-meta-b", &half);
    spread.send().refused(400, "InvalidArgument");
    bucket.assert_absent("over");
}

/// R22: what a client reads back of UTF-8 metadata is what was sent, byte for byte.
#[test]
fn r22_metadata_in_utf8() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket
        .append("k", 0, "x")
        .header("x-oss-meta-name", "größe 大小")
        .send()
        .expect(200);
    assert_eq!(
        bucket
            .head("k")
            .send()
            .expect(200)
            .header("x-oss-meta-name"),
        Some("größe 大小")
    );
    assert_eq!(bucket.head("k").send().expect(200).crc(), crc64(b"x"));
}

/// R31: the bucket's encryption marks what an append creates without saying otherwise, and is told again by every later append.
#[test]
fn r31_bucket_encryption() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket.append("before", 0, "x").send().expect(200);
    let rule = "<ServerSideEncryptionRule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm>\
                </ApplyServerSideEncryptionByDefault></ServerSideEncryptionRule>";
    bucket
        .ask("PUT")
        .flag("encryption")
        .body(rule)
        .send()
        .expect(200);
    for position in [0, 1] {
        let answer = bucket.append("k", position, "x").send().expect(200);
        assert_eq!(answer.header(SSE), Some("AES256"), "append at {position}");
    }
    assert_eq!(
        bucket
            .append("own", 0, "x")
            .header(SSE, "KMS")
            .send()
            .expect(200)
            .header(SSE),
        Some("KMS")
    );
    assert_eq!(
        bucket
            .append("before", 1, "y")
            .send()
            .expect(200)
            .header(SSE),
        None
    );
    assert_eq!(
        bucket.head("k").send().expect(200).header(SSE),
        Some("AES256")
    );
}
