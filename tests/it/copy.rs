//! CopyObject: sources, directives, conditions, what is and is not taken along, and copies onto oneself (operations.md E.6).

use crate::support::digest::{crc64, md5_etag};
use crate::support::fixture::Bucket;
use crate::support::next_second;
use crate::support::server::shared;
use crate::support::signer::{Scheme, http_date, parse_http_date, uri_encode};

/// The answer and the copy: same bytes, digest and metadata; not the ACL, not the encryption.
#[test]
fn plain_copy() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let headers = [
        ("Content-Type", "text/plain"),
        ("Cache-Control", "no-store"),
        ("x-oss-meta-a", "1"),
        ("x-oss-object-acl", "public-read"),
        ("x-oss-server-side-encryption", "AES256"),
        ("x-oss-tagging", "t=1"),
    ];
    bucket
        .put("k", "hello")
        .headers(&headers)
        .send()
        .expect(200);
    let before = bucket.state("k");
    let other = Bucket::new(&server);
    for target in [&bucket, &other] {
        let copied = target
            .object("PUT", "copy")
            .header("x-oss-copy-source", format!("/{}/k", bucket.name))
            .send()
            .expect(200);
        let xml = copied.xml();
        assert_eq!(xml.name, "CopyObjectResult");
        assert_eq!(xml.text_at("ETag"), md5_etag(b"hello"));
        assert!(xml.text_at("LastModified").ends_with('Z'));
        assert_eq!(copied.crc(), crc64(b"hello"));
        target.assert_holds("copy", "Normal", b"hello");
        let head = target.head("copy").send().expect(200);
        assert_eq!(head.header("content-type"), Some("text/plain"));
        assert_eq!(head.header("cache-control"), Some("no-store"));
        assert_eq!(head.header("x-oss-meta-a"), Some("1"));
        assert_eq!(head.header("x-oss-server-side-encryption"), None);
        assert_eq!(head.header("x-oss-tagging-count"), Some("1"));
        assert_eq!(target.acl_of("copy"), "default");
    }
    bucket.state("k").assert_same(&before);
    // The copy is its own object.
    bucket.delete("k").send().expect(204);
    bucket.assert_holds("copy", "Normal", b"hello");
    other.assert_holds("copy", "Normal", b"hello");
}

/// Large contents are copied whole.
#[test]
fn large_copy() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let content: Vec<u8> = (0..1_100_000_u32)
        .map(|index| index.wrapping_mul(2_654_435_761).to_be_bytes()[1])
        .collect();
    bucket.put("k", &content).send().expect(200);
    bucket.copy("k", "copy").send().expect(200);
    bucket.put("k", "gone").send().expect(200);
    bucket.assert_holds("copy", "Normal", &content);
}

/// REPLACE and COPY for metadata and, separately, for tags; class, encryption and ACL come from the request.
#[test]
fn directives() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket
        .put("k", "x")
        .headers(&[
            ("x-oss-meta-old", "1"),
            ("Content-Type", "a/b"),
            ("x-oss-tagging", "a=1&b=2"),
        ])
        .send()
        .expect(200);
    let replace = [
        ("x-oss-metadata-directive", "REPLACE"),
        ("x-oss-meta-new", "2"),
        ("Content-Type", "c/d"),
    ];
    bucket
        .copy("k", "replaced")
        .headers(&replace)
        .send()
        .expect(200);
    let head = bucket.head("replaced").send().expect(200);
    assert_eq!(
        (head.header("x-oss-meta-old"), head.header("x-oss-meta-new")),
        (None, Some("2"))
    );
    assert_eq!(head.header("content-type"), Some("c/d"));
    assert_eq!(
        head.header("x-oss-tagging-count"),
        Some("2"),
        "tags have a directive of their own"
    );

    let copy = [
        ("x-oss-metadata-directive", "COPY"),
        ("x-oss-meta-new", "2"),
        ("Content-Type", "c/d"),
    ];
    bucket.copy("k", "copied").headers(&copy).send().expect(200);
    let head = bucket.head("copied").send().expect(200);
    assert_eq!(
        (head.header("x-oss-meta-old"), head.header("x-oss-meta-new")),
        (Some("1"), None)
    );
    assert_eq!(head.header("content-type"), Some("a/b"));

    let tags = [
        ("x-oss-tagging-directive", "Replace"),
        ("x-oss-tagging", "only=1"),
    ];
    bucket.copy("k", "tagged").headers(&tags).send().expect(200);
    assert_eq!(
        bucket
            .head("tagged")
            .send()
            .expect(200)
            .header("x-oss-tagging-count"),
        Some("1")
    );
    bucket
        .copy("k", "untagged")
        .header("x-oss-tagging-directive", "REPLACE")
        .send()
        .expect(200);
    assert_eq!(
        bucket
            .head("untagged")
            .send()
            .expect(200)
            .header("x-oss-tagging-count"),
        None
    );

    let properties = [
        ("x-oss-storage-class", "IA"),
        ("x-oss-server-side-encryption", "AES256"),
        ("x-oss-object-acl", "public-read"),
    ];
    let copied = bucket
        .copy("k", "properties")
        .headers(&properties)
        .send()
        .expect(200);
    assert_eq!(
        copied.header("x-oss-server-side-encryption"),
        Some("AES256")
    );
    let head = bucket.head("properties").send().expect(200);
    assert_eq!(head.header("x-oss-storage-class"), Some("IA"));
    assert_eq!(bucket.acl_of("properties"), "public-read");

    for (name, value) in [
        ("x-oss-metadata-directive", "MOVE"),
        ("x-oss-tagging-directive", "MOVE"),
        ("x-oss-object-acl", "everybody"),
        ("x-oss-storage-class", "Gold"),
    ] {
        bucket
            .copy("k", "bad")
            .header(name, value)
            .send()
            .refused(400, "InvalidArgument");
        bucket.assert_absent("bad");
    }
}

/// A copy onto itself is an update of metadata; content and digests stay.
#[test]
fn self_copy() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket
        .put("k", "hello")
        .header("x-oss-meta-old", "1")
        .send()
        .expect(200);
    let replace = [
        ("x-oss-metadata-directive", "REPLACE"),
        ("x-oss-meta-new", "2"),
        ("Content-Type", "c/d"),
    ];
    bucket.copy("k", "k").headers(&replace).send().expect(200);
    bucket.assert_holds("k", "Normal", b"hello");
    let head = bucket.head("k").send().expect(200);
    assert_eq!(head.etag(), md5_etag(b"hello"));
    assert_eq!(
        (head.header("x-oss-meta-old"), head.header("x-oss-meta-new")),
        (None, Some("2"))
    );
    // For a copy onto itself the request's metadata counts whatever the directive.
    bucket
        .copy("k", "k")
        .header("x-oss-meta-newer", "3")
        .send()
        .expect(200);
    assert_eq!(
        bucket
            .head("k")
            .send()
            .expect(200)
            .header("x-oss-meta-newer"),
        Some("3")
    );
    bucket.assert_holds("k", "Normal", b"hello");
}

/// How sources may be written.
#[test]
fn source_forms() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let name = &bucket.name;
    let key = "dir/a b+c%&?#=日本~.txt";
    bucket.put(key, "x").send().expect(200);
    for source in [
        format!("/{name}/{}", uri_encode(key, true)),
        format!("/{name}/{}", uri_encode(key, false)),
        format!("{name}/{}", uri_encode(key, true)),
    ] {
        bucket
            .object("PUT", "copy")
            .header("x-oss-copy-source", &source)
            .send()
            .expect(200);
        bucket.assert_holds("copy", "Normal", b"x");
        bucket.delete("copy").send().expect(204);
    }
    for (source, status) in [
        (String::new(), 400),
        ("/".to_owned(), 400),
        (format!("/{name}"), 400),
        (format!("/{name}/"), 400),
        (format!("/{name}/%ff"), 400),
        (format!("/{name}/{}", "k".repeat(1024)), 400),
        ("/UPPER/k".to_owned(), 400),
        (format!("/{name}/missing"), 404),
        ("/it-no-such-bucket/k".to_owned(), 404),
        (format!("/{name}/../{name}/k"), 404),
    ] {
        let answer = bucket
            .object("PUT", "copy")
            .header("x-oss-copy-source", &source)
            .send();
        assert_eq!(answer.status, status, "{source}: {answer:?}");
        bucket.assert_absent("copy");
    }
    let missing = bucket
        .copy("missing", "copy")
        .send()
        .refused(404, "NoSuchKey");
    assert_eq!(
        missing.error_text("Message"),
        "The specified key does not exist."
    );
    bucket
        .object("PUT", "copy")
        .header("x-oss-copy-source", "/it-no-such-bucket/k")
        .send()
        .refused(404, "NoSuchBucket");
}

/// Conditions on the source; plain `If-*` headers have no say.
#[test]
fn conditions() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket.put("k", "hello").send().expect(200);
    let head = bucket.head("k").send().expect(200);
    let etag = head.etag().to_owned();
    let modified = parse_http_date(head.header("last-modified").unwrap());
    let (before, after) = (http_date(modified - 60), http_date(modified + 60));
    let same = http_date(modified);
    let cases: Vec<(Vec<(&str, &str)>, u16)> = vec![
        (vec![("x-oss-copy-source-if-match", &etag)], 200),
        (vec![("x-oss-copy-source-if-match", "\"0\"")], 412),
        (vec![("x-oss-copy-source-if-none-match", "\"0\"")], 200),
        (vec![("x-oss-copy-source-if-none-match", &etag)], 304),
        (vec![("x-oss-copy-source-if-modified-since", &before)], 200),
        (vec![("x-oss-copy-source-if-modified-since", &same)], 304),
        (vec![("x-oss-copy-source-if-unmodified-since", &after)], 200),
        (
            vec![("x-oss-copy-source-if-unmodified-since", &before)],
            412,
        ),
        (
            vec![
                ("If-Match", "\"0\""),
                ("If-None-Match", "*"),
                ("If-Modified-Since", &after),
            ],
            200,
        ),
        (
            vec![
                ("x-oss-copy-source-if-match", &etag),
                ("x-oss-copy-source-if-unmodified-since", &after),
            ],
            200,
        ),
    ];
    for (headers, status) in cases {
        let answer = bucket.copy("k", "copy").headers(&headers).send();
        assert_eq!(answer.status, status, "{headers:?}: {answer:?}");
        match status {
            200 => bucket.assert_holds("copy", "Normal", b"hello"),
            304 => assert!(answer.body.is_empty()),
            _ => assert_eq!(answer.code(), "PreconditionFailed"),
        }
        if status != 200 {
            bucket.assert_absent("copy");
        }
        bucket.delete("copy").send().expect(204);
    }
}

/// Not over an existing object when told so, and then nothing changes.
#[test]
fn forbid_overwrite() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket.put("k", "hello").send().expect(200);
    bucket.put("there", "old").send().expect(200);
    next_second();
    let before = bucket.state("there");
    bucket
        .copy("k", "there")
        .header("x-oss-forbid-overwrite", "true")
        .send()
        .refused(409, "FileAlreadyExists");
    bucket.state("there").assert_same(&before);
    bucket
        .copy("k", "new")
        .header("x-oss-forbid-overwrite", "true")
        .send()
        .expect(200);
    bucket.copy("k", "there").send().expect(200);
    bucket.assert_holds("there", "Normal", b"hello");
}

/// The source header is signed in every scheme.
#[test]
fn source_is_signed() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket.put("k", "hello").send().expect(200);
    bucket.put("secret", "secret").send().expect(200);
    for scheme in [
        Scheme::V1Header,
        Scheme::V2Header,
        Scheme::V4Header,
        Scheme::V1Url,
        Scheme::V4Url,
    ] {
        let request = bucket
            .copy("k", "copy")
            .by(&bucket.client.with_scheme(scheme));
        let changed = request
            .clone()
            .unsigned_header("x-oss-copy-source", format!("/{}/secret", bucket.name));
        changed.send().refused(403, "SignatureDoesNotMatch");
        bucket.assert_absent("copy");
        request.send().expect(200);
        bucket.delete("copy").send().expect(204);
    }
}
