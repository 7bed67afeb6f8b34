//! PutObject, GetObject, HeadObject, GetObjectMeta: contents, metadata, digests, ranges, conditions, overrides, compression
//! (operations.md E.1, E.4, E.5, E.12).

use std::io::Read as _;

use crate::support::digest::{crc64, md5_base64, md5_etag};
use crate::support::fixture::Bucket;
use crate::support::next_second;
use crate::support::server::shared;
use crate::support::signer::{http_date, parse_http_date};
use crate::support::unix_now;

/// PutObject's answer, and that GET and HEAD tell the same.
#[test]
fn put_get_head() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let large = vec![7; 1_500_000];
    let contents: [&[u8]; 4] = [b"", b"hello", &[0, 255, 13, 10, 0], &large];
    for (index, content) in contents.iter().enumerate() {
        let key = format!("k{index}");
        for chunked in [false, true] {
            let request = bucket.put(&key, content);
            let request = if chunked {
                let chunks: Vec<&[u8]> = content.chunks(40_000).collect();
                request.chunked(&chunks)
            } else {
                request
            };
            let put = request.send().expect(200);
            assert!(put.body.is_empty());
            assert_eq!(put.etag(), md5_etag(content));
            assert_eq!(
                put.header("content-md5"),
                Some(md5_base64(content).as_str())
            );
            assert_eq!(put.crc(), crc64(content));
            assert_eq!(put.header("x-oss-version-id"), None);
            bucket.assert_holds(&key, "Normal", content);
            let head = bucket.head(&key).send().expect(200);
            assert_eq!(head.etag(), put.etag());
            assert_eq!(head.header("content-md5"), put.header("content-md5"));
            assert_eq!(
                head.header("content-type"),
                Some("application/octet-stream")
            );
            assert_eq!(head.header("accept-ranges"), Some("bytes"));
            assert_eq!(head.header("x-oss-storage-class"), Some("Standard"));
            bucket.state(&key);
        }
    }
    bucket.get("missing").send().refused(404, "NoSuchKey");
    let missing = bucket.head("missing").send().refused(404, "NoSuchKey");
    assert_eq!(missing.error_text("EC"), "0026-00000001");
    assert_eq!(
        missing.error_text("Message"),
        "The specified key does not exist."
    );
    assert_eq!(missing.error_text("Key"), "missing");
}

/// Metadata comes back as it went in, and a later put replaces all of it.
#[test]
fn metadata() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let pairs = [
        ("Content-Type", "text/plain; charset=gbk"),
        ("Cache-Control", "no-cache, max-age=0"),
        (
            "Content-Disposition",
            "attachment; filename*=UTF-8''%E2%82%AC.txt",
        ),
        ("Content-Encoding", "gzip"),
        ("Content-Language", "de, en"),
        ("Expires", "1000000"),
        ("x-oss-meta-Mixed-Case", "value"),
        ("x-oss-meta-utf8", "测试 größe"),
        ("x-oss-meta-empty", ""),
    ];
    bucket
        .put("k", "not really gzip")
        .headers(&pairs)
        .header("x-unknown", "1")
        .send()
        .expect(200);
    for answer in [
        bucket.get("k").send().expect(200),
        bucket.head("k").send().expect(200),
    ] {
        for (name, value) in pairs {
            assert_eq!(answer.header(name), Some(value), "{name}");
        }
        assert_eq!(answer.header("x-unknown"), None);
        assert!(
            answer
                .headers
                .iter()
                .any(|(name, _)| name == "x-oss-meta-mixed-case"),
            "names come back in lower case"
        );
    }
    assert_eq!(bucket.get("k").send().expect(200).body, b"not really gzip");
    bucket
        .put("k", "new")
        .header("x-oss-meta-b", "1")
        .send()
        .expect(200);
    let head = bucket.head("k").send().expect(200);
    for gone in [
        "cache-control",
        "content-encoding",
        "expires",
        "x-oss-meta-mixed-case",
        "x-oss-meta-utf8",
    ] {
        assert_eq!(head.header(gone), None, "{gone}");
    }
    assert_eq!(head.header("x-oss-meta-b"), Some("1"));
}

/// What a put refuses leaves the old object, or no object.
#[test]
fn refused_puts_change_nothing() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket
        .put("k", "old")
        .header("x-oss-meta-a", "1")
        .send()
        .expect(200);
    next_second();
    let before = bucket.state("k");
    let cases: [(&str, &[(&str, &str)], u16, &str); 11] = [
        (
            "wrong digest",
            &[("Content-MD5", "XrY7u+Ae7tCTyyK7j1rNww==")],
            400,
            "InvalidDigest",
        ),
        (
            "no digest",
            &[("Content-MD5", "hello")],
            400,
            "InvalidDigest",
        ),
        (
            "wrong crc",
            &[("x-oss-hash-crc64ecma", "1")],
            400,
            "InvalidCRC64",
        ),
        (
            "forbidden",
            &[("x-oss-forbid-overwrite", "true")],
            409,
            "FileAlreadyExists",
        ),
        (
            "forbidden how",
            &[("x-oss-forbid-overwrite", "maybe")],
            400,
            "InvalidArgument",
        ),
        (
            "ACL",
            &[("x-oss-object-acl", "everybody")],
            400,
            "InvalidArgument",
        ),
        (
            "class",
            &[("x-oss-storage-class", "Gold")],
            400,
            "InvalidArgument",
        ),
        (
            "encryption",
            &[("x-oss-server-side-encryption", "ROT13")],
            400,
            "InvalidEncryptionAlgorithmError",
        ),
        (
            "tags",
            &[("x-oss-tagging", "a=1&a=2")],
            400,
            "InvalidArgument",
        ),
        (
            "tag characters",
            &[("x-oss-tagging", "a%26=1")],
            400,
            "InvalidTag",
        ),
        (
            "meta name",
            &[("x-oss-meta-a_b!", "1")],
            400,
            "InvalidArgument",
        ),
    ];
    for (name, headers, status, code) in cases {
        // The last row is a matter of taste of the service; see the reference on names of metadata.
        let answer = bucket.put("k", "new").headers(headers).send();
        if name == "meta name" && answer.status == 200 {
            bucket
                .put("k", "old")
                .header("x-oss-meta-a", "1")
                .send()
                .expect(200);
            continue;
        }
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (status, code),
            "{name}: {answer:?}"
        );
        bucket.state("k").assert_same(&before);
        if code != "FileAlreadyExists" {
            assert_eq!(
                bucket.put("new", "new").headers(headers).send().status,
                status,
                "{name}"
            );
        }
        bucket.assert_absent("new");
    }
    bucket
        .put("k", "x")
        .no_length()
        .send()
        .refused(411, "MissingContentLength");
    assert_eq!(bucket.state("k").body, b"old");
    let exists = bucket
        .put("k", "new")
        .header("x-oss-forbid-overwrite", "true")
        .send();
    assert_eq!(
        exists.error_text("Message"),
        "The object you specified already exists and can not be overwritten."
    );
    assert_eq!(exists.error_text("Key"), "k");
    bucket
        .put("fresh", "new")
        .header("x-oss-forbid-overwrite", "true")
        .send()
        .expect(200);
    bucket
        .put("fresh", "newer")
        .header("x-oss-forbid-overwrite", "false")
        .send()
        .expect(200);
    // Conditions are no business of a put.
    bucket
        .put("k", "newest")
        .header("If-Match", "\"x\"")
        .header("If-None-Match", "*")
        .send()
        .expect(200);
    bucket.assert_holds("k", "Normal", b"newest");
}

/// Right digests pass, for whole and chunked bodies.
#[test]
fn right_digests() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let content = vec![b'q'; 300_000];
    let digest = md5_base64(&content);
    bucket
        .put("a", &content)
        .header("Content-MD5", &digest)
        .header("x-oss-hash-crc64ecma", crc64(&content))
        .send()
        .expect(200);
    bucket
        .put("b", "")
        .chunked(&[&content[..7], &content[7..]])
        .header("content-md5", &digest)
        .send()
        .expect(200);
    bucket.assert_holds("b", "Normal", &content);
    let damaged = bucket
        .put("b", "")
        .chunked(&[&content[..7], &content[8..]])
        .header("content-md5", &digest)
        .send();
    damaged.refused(400, "InvalidDigest");
    bucket.assert_holds("b", "Normal", &content);
}

/// Encryption headers are echoed and kept, on put as on append.
#[test]
fn encryption_headers() {
    let server = shared();
    let bucket = Bucket::new(&server);
    for algorithm in ["AES256", "KMS", "SM4"] {
        let put = bucket
            .put(algorithm, "x")
            .header("x-oss-server-side-encryption", algorithm)
            .send()
            .expect(200);
        for answer in [
            put,
            bucket.get(algorithm).send().expect(200),
            bucket.head(algorithm).send().expect(200),
        ] {
            assert_eq!(
                answer.header("x-oss-server-side-encryption"),
                Some(algorithm)
            );
            assert_eq!(
                answer
                    .header("x-oss-server-side-encryption-key-id")
                    .is_some(),
                algorithm == "KMS"
            );
        }
    }
}

/// Every row of the table of ranges, without and with the standard behaviour asked for. `None`: the whole object with 200.
#[test]
fn ranges() {
    type Slice = Option<(usize, usize)>;
    // Range, without x-oss-range-behavior, with it; Err is 416.
    const CASES: &[(&str, Result<Slice, ()>, Result<Slice, ()>)] = &[
        ("bytes=0-9", Ok(Some((0, 9))), Ok(Some((0, 9)))),
        ("bytes=0-0", Ok(Some((0, 0))), Ok(Some((0, 0)))),
        ("bytes=95-99", Ok(Some((95, 99))), Ok(Some((95, 99)))),
        ("bytes=0-99", Ok(Some((0, 99))), Ok(Some((0, 99)))),
        ("bytes=50-", Ok(Some((50, 99))), Ok(Some((50, 99)))),
        ("bytes=99-", Ok(Some((99, 99))), Ok(Some((99, 99)))),
        ("bytes=-10", Ok(Some((90, 99))), Ok(Some((90, 99)))),
        ("bytes=-100", Ok(Some((0, 99))), Ok(Some((0, 99)))),
        ("bytes=0-100", Ok(None), Ok(Some((0, 99)))),
        ("bytes=90-1000", Ok(None), Ok(Some((90, 99)))),
        ("bytes=100-", Ok(None), Err(())),
        ("bytes=100-200", Ok(None), Err(())),
        ("bytes=0-99999999999999999999999", Ok(None), Ok(None)),
        ("bytes=9-5", Ok(None), Ok(None)),
        ("bytes=a-b", Ok(None), Ok(None)),
        ("bytes=-", Ok(None), Ok(None)),
        ("bytes=", Ok(None), Ok(None)),
        ("bytes", Ok(None), Ok(None)),
        ("lines=0-9", Ok(None), Ok(None)),
        ("bytes=0-1,5-6", Ok(None), Ok(None)),
        ("bytes=-0", Err(()), Err(())),
    ];
    let server = shared();
    let bucket = Bucket::new(&server);
    let content: Vec<u8> = (0..100).collect();
    bucket.put("k", &content).send().expect(200);
    for (range, plain, standard) in CASES {
        for (expected, behavior) in [(plain, None), (standard, Some("standard"))] {
            let mut request = bucket.get("k").header("Range", *range);
            if let Some(behavior) = behavior {
                request = request.header("x-oss-range-behavior", behavior);
            }
            let answer = request.send();
            let name = format!(
                "{range} {behavior:?}: {} {:?}",
                answer.status,
                answer.header("content-range")
            );
            // Three rows of the reference are inferred for the standard behaviour: unsatisfiable may be told as such.
            let inferred = behavior.is_some()
                && matches!(*range, "bytes=9-5" | "bytes=0-99999999999999999999999")
                && answer.status != 200;
            if inferred {
                assert!(matches!(answer.status, 206 | 416), "{name}");
                continue;
            }
            match expected {
                Ok(Some((first, last))) => {
                    assert_eq!(answer.status, 206, "{name}");
                    assert_eq!(answer.body, content[*first..=*last], "{name}");
                    assert_eq!(
                        answer.header("content-range"),
                        Some(format!("bytes {first}-{last}/100").as_str()),
                        "{name}"
                    );
                    assert_eq!(answer.crc(), crc64(&content), "{name}");
                    assert_eq!(answer.etag(), md5_etag(&content), "{name}");
                }
                Ok(None) => {
                    assert_eq!(answer.status, 200, "{name}");
                    assert_eq!(answer.body, content, "{name}");
                    assert_eq!(answer.header("content-range"), None, "{name}");
                }
                Err(()) => assert_eq!(
                    (answer.status, answer.code().as_str()),
                    (416, "InvalidRange"),
                    "{name}"
                ),
            }
        }
    }
}

/// A suffix longer than the object and a range of an empty object may be answered whole either way, never with an error or other bytes.
#[test]
fn ranges_without_a_rule() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket.put("k", "0123456789").send().expect(200);
    bucket.put("empty", "").send().expect(200);
    let answer = bucket.get("k").header("Range", "bytes=-11").send();
    assert!(
        matches!(answer.status, 200 | 206) && answer.body == b"0123456789",
        "{answer:?}"
    );
    let answer = bucket
        .get("empty")
        .header("Range", "bytes=0-")
        .send()
        .expect(200);
    assert!(answer.body.is_empty());
}

/// Conditions, alone and together, on GET and HEAD.
#[test]
fn conditions() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket.put("k", "hello").send().expect(200);
    let head = bucket.head("k").send().expect(200);
    let modified = parse_http_date(head.header("last-modified").unwrap());
    let etag = head.etag().to_owned();
    let bare = etag.trim_matches('"').to_owned();
    let (before, same, after) = (
        http_date(modified - 60),
        http_date(modified),
        http_date(modified + 60),
    );
    let other = "\"00000000000000000000000000000000\"";
    let cases: Vec<(Vec<(&str, &str)>, u16, &str)> = vec![
        (vec![("If-Match", &etag)], 200, ""),
        (vec![("If-Match", &bare)], 200, ""),
        (vec![("If-Match", other)], 412, "If-Match"),
        (vec![("If-Match", "foo")], 412, "If-Match"),
        (vec![("If-None-Match", &etag)], 304, ""),
        (vec![("If-None-Match", &bare)], 304, ""),
        (vec![("If-None-Match", other)], 200, ""),
        (vec![("If-Modified-Since", &before)], 200, ""),
        (vec![("If-Modified-Since", &same)], 304, ""),
        (vec![("If-Modified-Since", &after)], 304, ""),
        (
            vec![("If-Unmodified-Since", &before)],
            412,
            "If-Unmodified-Since",
        ),
        (vec![("If-Unmodified-Since", &same)], 200, ""),
        (vec![("If-Unmodified-Since", &after)], 200, ""),
        (vec![("If-Modified-Since", "not a date")], 200, ""),
        (vec![("If-Unmodified-Since", "not a date")], 200, ""),
        (
            vec![("If-Match", &etag), ("If-Unmodified-Since", &after)],
            200,
            "",
        ),
        (
            vec![("If-Match", other), ("If-None-Match", &etag)],
            412,
            "If-Match",
        ),
        (
            vec![("If-Match", other), ("If-Modified-Since", &same)],
            412,
            "If-Match",
        ),
        (
            vec![("If-Unmodified-Since", &before), ("If-None-Match", &etag)],
            412,
            "If-Unmodified-Since",
        ),
        (
            vec![("If-None-Match", &etag), ("If-Modified-Since", &same)],
            304,
            "",
        ),
    ];
    for (headers, status, condition) in cases {
        for request in [bucket.get("k"), bucket.head("k")] {
            let answer = request.headers(&headers).send();
            assert_eq!(answer.status, status, "{headers:?}: {answer:?}");
            match status {
                412 => {
                    assert_eq!(answer.code(), "PreconditionFailed");
                    // ali-oss builds "message (condition: name)" from the two and compares the whole.
                    assert_eq!(
                        answer.error_text("Message"),
                        "At least one of the pre-conditions you specified did not hold."
                    );
                    assert_eq!(answer.error_text("Condition"), condition);
                }
                304 => {
                    assert!(answer.body.is_empty());
                    assert_eq!(answer.etag(), etag);
                    assert_eq!(answer.header("last-modified"), head.header("last-modified"));
                }
                _ => {}
            }
        }
    }
}

/// A client that takes the date from the put's answer agrees with the object's own date.
#[test]
fn date_of_the_answer_is_not_before_last_modified() {
    let server = shared();
    let bucket = Bucket::new(&server);
    for round in 0..10 {
        let put = bucket.put("k", format!("{round}")).send().expect(200);
        let date = put.header("date").unwrap().to_owned();
        bucket
            .get("k")
            .header("If-Unmodified-Since", &date)
            .send()
            .expect(200);
        bucket
            .get("k")
            .header("If-Modified-Since", &date)
            .send()
            .expect(304);
        std::thread::sleep(std::time::Duration::from_millis(70));
    }
}

/// `response-*` overrides, on whole answers and ranges, and only there.
#[test]
fn response_overrides() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket
        .put("k", "hello")
        .header("Content-Type", "a/b")
        .header("Cache-Control", "no-store")
        .send()
        .expect(200);
    let overrides = [
        (
            "response-content-type",
            "content-type",
            "text/x-y; charset=utf-8",
        ),
        ("response-content-language", "content-language", "zh-CN"),
        (
            "response-expires",
            "expires",
            "Fri, 28 Feb 2042 05:38:42 GMT",
        ),
        ("response-cache-control", "cache-control", "max-age=1"),
        (
            "response-content-disposition",
            "content-disposition",
            "attachment; filename=\"a b.txt\"",
        ),
        ("response-content-encoding", "content-encoding", "deflate"),
    ];
    let mut request = bucket.get("k");
    for (parameter, _, value) in overrides {
        request = request.param(parameter, value);
    }
    let ranged = request.clone().header("Range", "bytes=1-2");
    for (answer, status) in [(request.send(), 200), (ranged.send(), 206)] {
        let answer = answer.expect(status);
        for (_, header, value) in overrides {
            assert_eq!(answer.header(header), Some(value), "{header}");
        }
    }
    let plain = bucket.get("k").send().expect(200);
    assert_eq!(
        (plain.header("content-type"), plain.header("cache-control")),
        (Some("a/b"), Some("no-store"))
    );
    bucket
        .get("missing")
        .param("response-content-type", "x/y")
        .send()
        .refused(404, "NoSuchKey");
}

/// Text of 1 KiB and more is compressed for those who ask, without the headers that would no longer be true.
#[test]
fn gzip_on_get() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let text = "a line of text that compresses well\n".repeat(100);
    bucket
        .put("text", &text)
        .header("Content-Type", "text/plain")
        .send()
        .expect(200);
    bucket
        .put("small", "x".repeat(1023))
        .header("Content-Type", "text/plain")
        .send()
        .expect(200);
    bucket
        .put("binary", &text)
        .header("Content-Type", "application/octet-stream")
        .send()
        .expect(200);
    bucket
        .put("encoded", &text)
        .headers(&[("Content-Type", "text/plain"), ("Content-Encoding", "br")])
        .send()
        .expect(200);
    let packed = bucket
        .get("text")
        .header("Accept-Encoding", "gzip, deflate")
        .send()
        .expect(200);
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert_eq!(packed.header("transfer-encoding"), Some("chunked"));
    assert_eq!(packed.header("content-length"), None);
    assert!(packed.body.len() < text.len() / 2);
    let mut unpacked = String::new();
    flate2::read::GzDecoder::new(packed.body.as_slice())
        .read_to_string(&mut unpacked)
        .expect("gzip");
    assert_eq!(unpacked, text);
    for (key, encoding, accept) in [
        ("text", None, "identity"),
        ("small", None, "gzip"),
        ("binary", None, "gzip"),
        ("encoded", Some("br"), "gzip"),
        ("text", None, "gzip;q=0"),
    ] {
        let answer = bucket
            .get(key)
            .header("Accept-Encoding", accept)
            .send()
            .expect(200);
        assert_eq!(
            answer.header("content-encoding"),
            encoding,
            "{key} {accept}"
        );
        assert_eq!(
            answer.number("content-length"),
            answer.body.len() as u64,
            "{key} {accept}"
        );
        assert_eq!(answer.crc(), crc64(&answer.body), "{key} {accept}");
    }
    let ranged = bucket
        .get("text")
        .header("Accept-Encoding", "gzip")
        .header("Range", "bytes=0-1499")
        .send()
        .expect(206);
    assert_eq!(ranged.body, &text.as_bytes()[..1500]);
}

/// GetObjectMeta tells length, ETag, date and crc, and nothing of the object's metadata.
#[test]
fn object_meta() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket
        .put("k", "hello")
        .header("x-oss-meta-a", "1")
        .header("Cache-Control", "no-store")
        .send()
        .expect(200);
    let meta = bucket.head("k").flag("objectMeta").send().expect(200);
    let head = bucket.head("k").send().expect(200);
    assert_eq!(
        (meta.number("content-length"), meta.etag()),
        (5, head.etag())
    );
    assert_eq!(meta.header("last-modified"), head.header("last-modified"));
    assert_eq!(meta.crc(), crc64(b"hello"));
    for absent in [
        "x-oss-meta-a",
        "cache-control",
        "x-oss-object-type",
        "x-oss-storage-class",
    ] {
        assert_eq!(meta.header(absent), None, "{absent}");
    }
    let missing = bucket
        .head("missing")
        .flag("objectMeta")
        .send()
        .refused(404, "NoSuchKey");
    assert_eq!(missing.error_text("EC"), "0026-00000001");
}

/// Key limits and what keys may hold; each survives put, get, list and delete.
#[test]
fn awkward_keys() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let controls: String = (1..32_u8).map(char::from).collect();
    let longest = "k".repeat(1023);
    let keys = [
        "?{测}\r\n[试];,/?:@&=+$<中>-_.!~*'(文)\"￥#%！（字）^ `符|…",
        "inner\\back\\slash",
        "trailing space ",
        " leading space",
        "trailing/",
        "%3",
        "100%",
        "a+b",
        "tab\there",
        "emoji 🦴",
        "\u{7f}",
        "<Key>&amp;</Key>",
        "]]>",
        controls.as_str(),
        longest.as_str(),
    ];
    for key in keys {
        bucket.put(key, key).send().expect(200);
        assert_eq!(
            bucket.get(key).send().expect(200).body,
            key.as_bytes(),
            "{key:?}"
        );
    }
    let listed = bucket
        .ask("GET")
        .param("encoding-type", "url")
        .send()
        .expect(200)
        .xml();
    let mut names: Vec<String> = listed
        .all("Contents")
        .map(|entry| decode(entry.text_at("Key")))
        .collect();
    let mut expected: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
    names.sort();
    expected.sort();
    assert_eq!(names, expected);
    for key in keys {
        bucket.delete(key).send().expect(204);
        bucket.head(key).send().refused(404, "NoSuchKey");
    }
    for key in ["\\x", "/x", &"k".repeat(1024)] {
        bucket
            .put(key, "x")
            .send()
            .refused(400, "InvalidObjectName");
        bucket
            .append(key, 0, "x")
            .send()
            .refused(400, "InvalidObjectName");
    }
}

fn decode(text: &str) -> String {
    percent_encoding::percent_decode_str(&text.replace('+', " "))
        .decode_utf8()
        .expect("UTF-8")
        .into_owned()
}

/// Last-Modified is the time of the put and the same to the second in listings.
#[test]
fn last_modified() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket.put("k", "x").send().expect(200);
    let head = bucket.head("k").send().expect(200);
    let modified = parse_http_date(head.header("last-modified").unwrap());
    assert!((modified - unix_now()).abs() <= 5);
    let listed = bucket.ask("GET").send().expect(200).xml();
    let text = listed.text_at("Contents/LastModified").to_owned();
    assert!(text.len() == 24 && text.ends_with('Z'), "{text}");
    let compact: String = text[..19]
        .chars()
        .filter(|character| !matches!(character, '-' | ':'))
        .collect();
    assert_eq!(compact + "Z", crate::support::signer::iso_basic(modified));
}
