//! Multipart uploads: InitiateMultipartUpload, UploadPart, UploadPartCopy, CompleteMultipartUpload, AbortMultipartUpload, ListParts,
//! ListMultipartUploads, and the empty ListLiveChannel that clean-ups ask for (operations.md F).

use crate::support::client::{Request, Response};
use crate::support::digest::{crc64, md5_base64, md5_etag};
use crate::support::fixture::Bucket;
use crate::support::next_second;
use crate::support::server::shared;

const MIN: usize = 102_400;

fn initiate(bucket: &Bucket, key: &str, headers: &[(&str, &str)]) -> String {
    let answer = bucket
        .object("POST", key)
        .flag("uploads")
        .headers(headers)
        .send()
        .expect(200)
        .xml();
    assert_eq!(answer.name, "InitiateMultipartUploadResult");
    assert_eq!(
        (answer.text_at("Bucket"), answer.text_at("Key")),
        (bucket.name.as_str(), key)
    );
    let id = answer.text_at("UploadId").to_owned();
    assert!(
        id.len() == 32
            && id
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F')),
        "upload id {id:?}"
    );
    id
}

fn part(bucket: &Bucket, key: &str, upload: &str, number: u32, body: &[u8]) -> Request {
    bucket
        .put(key, body)
        .param("partNumber", number)
        .param("uploadId", upload)
}

fn list_document(parts: &[(u32, String)]) -> String {
    let entries: String = parts
        .iter()
        .map(|(number, etag)| {
            format!("<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>")
        })
        .collect();
    format!("<CompleteMultipartUpload>{entries}</CompleteMultipartUpload>")
}

fn complete(bucket: &Bucket, key: &str, upload: &str, parts: &[(u32, String)]) -> Response {
    bucket
        .object("POST", key)
        .param("uploadId", upload)
        .body(list_document(parts))
        .send()
}

fn body(number: u32, size: usize) -> Vec<u8> {
    (0_u32..)
        .take(size)
        .map(|index| {
            index
                .wrapping_mul(2_654_435_761)
                .wrapping_add(number)
                .to_be_bytes()[0]
        })
        .collect()
}

/// The whole way: metadata of the beginning, parts out of order and one sent twice, gaps in the numbers, one part not used.
#[test]
fn upload() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let headers = [
        ("Content-Type", "text/x"),
        ("x-oss-meta-a", "1"),
        ("x-oss-tagging", "t=1"),
        ("x-oss-storage-class", "IA"),
    ];
    let upload = initiate(&bucket, "k", &headers);
    bucket.assert_absent("k");
    let contents = [
        (1, body(1, MIN)),
        (3, body(3, MIN + 50_000)),
        (10_000, body(4, 11)),
        (7, body(7, 5)),
    ];
    part(&bucket, "k", &upload, 3, &body(99, 7))
        .send()
        .expect(200);
    let mut etags = Vec::new();
    for (number, content) in contents.iter().rev() {
        let answer = part(&bucket, "k", &upload, *number, content)
            .header("Content-MD5", md5_base64(content))
            .send()
            .expect(200);
        assert_eq!(answer.etag(), md5_etag(content));
        assert_eq!(answer.crc(), crc64(content));
        assert_eq!(
            answer.header("content-md5"),
            Some(md5_base64(content).as_str())
        );
        etags.push((*number, answer.etag().to_owned()));
    }
    etags.sort();
    let listed = bucket
        .get("k")
        .param("uploadId", &upload)
        .send()
        .expect(200)
        .xml();
    assert_eq!(listed.name, "ListPartsResult");
    let numbers: Vec<&str> = listed
        .all("Part")
        .map(|entry| entry.text_at("PartNumber"))
        .collect();
    assert_eq!(numbers, ["1", "3", "7", "10000"]);
    let third = listed.all("Part").nth(1).unwrap();
    assert_eq!(
        (third.text_at("Size"), third.text_at("ETag")),
        ((MIN + 50_000).to_string().as_str(), etags[1].1.as_str())
    );
    assert_eq!(
        third.text_at("HashCrc64ecma"),
        crc64(&contents[1].1).to_string()
    );

    etags.retain(|(number, _)| *number != 7);
    let done = complete(&bucket, "k", &upload, &etags).expect(200);
    let xml = done.xml();
    assert_eq!(xml.name, "CompleteMultipartUploadResult");
    assert_eq!(
        (xml.text_at("Bucket"), xml.text_at("Key")),
        (bucket.name.as_str(), "k")
    );
    assert!(xml.text_at("Location").contains("/k"), "{xml:?}");
    let whole = [contents[0].1.as_slice(), &contents[1].1, &contents[2].1].concat();
    assert_eq!(done.crc(), crc64(&whole));
    bucket.assert_holds("k", "Multipart", &whole);
    let head = bucket.head("k").send().expect(200);
    assert_eq!(xml.text_at("ETag"), head.etag());
    assert!(head.etag().ends_with("-3\""), "{}", head.etag());
    assert_eq!(head.header("content-md5"), None);
    assert_eq!(
        (head.header("content-type"), head.header("x-oss-meta-a")),
        (Some("text/x"), Some("1"))
    );
    assert_eq!(
        (
            head.header("x-oss-storage-class"),
            head.header("x-oss-tagging-count")
        ),
        (Some("IA"), Some("1"))
    );
    // A range across a seam.
    let ranged = bucket
        .get("k")
        .header("Range", format!("bytes={}-{}", MIN - 2, MIN + 1))
        .send()
        .expect(206);
    assert_eq!(ranged.body, whole[MIN - 2..MIN + 2]);
    complete(&bucket, "k", &upload, &etags).refused(404, "NoSuchUpload");
    bucket
        .get("k")
        .param("uploadId", &upload)
        .send()
        .refused(404, "NoSuchUpload");
}

/// What Complete refuses, and that the upload goes on afterwards.
#[test]
fn complete_refusals() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let upload = initiate(&bucket, "k", &[]);
    let mut etags = Vec::new();
    for (number, size) in [(1, MIN), (2, MIN - 1), (3, 10)] {
        let answer = part(&bucket, "k", &upload, number, &body(number, size))
            .send()
            .expect(200);
        etags.push((number, answer.etag().to_owned()));
    }
    let [one, two, three] = [etags[0].clone(), etags[1].clone(), etags[2].clone()];
    let cases = [
        (
            "a small part in the middle",
            vec![one.clone(), two.clone(), three.clone()],
            "EntityTooSmall",
        ),
        (
            "descending",
            vec![three.clone(), one.clone()],
            "InvalidPartOrder",
        ),
        ("twice", vec![one.clone(), one.clone()], "InvalidPartOrder"),
        (
            "a part that is not there",
            vec![one.clone(), (9, one.1.clone())],
            "InvalidPart",
        ),
        (
            "another ETag",
            vec![one.clone(), (3, one.1.clone())],
            "InvalidPart",
        ),
        ("nothing", vec![], "MalformedXML"),
    ];
    for (name, parts, code) in cases {
        let answer = complete(&bucket, "k", &upload, &parts);
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, code),
            "{name}: {answer:?}"
        );
        bucket.assert_absent("k");
    }
    let both = bucket
        .object("POST", "k")
        .param("uploadId", &upload)
        .header("x-oss-complete-all", "yes");
    both.body(list_document(std::slice::from_ref(&one)))
        .send()
        .refused(400, "InvalidArgument");
    bucket.put("there", "x").send().expect(200);
    // ETags without quotes and in lower case are the same ETags.
    let relaxed = [(one.0, one.1.trim_matches('"').to_lowercase()), three];
    complete(&bucket, "k", &upload, &relaxed).expect(200);
    bucket.assert_holds("k", "Multipart", &[body(1, MIN), body(3, 10)].concat());

    let upload = initiate(&bucket, "there", &[]);
    let only = part(&bucket, "there", &upload, 1, b"new")
        .send()
        .expect(200);
    let careful = bucket
        .object("POST", "there")
        .param("uploadId", &upload)
        .header("x-oss-forbid-overwrite", "true");
    careful
        .body(list_document(&[(1, only.etag().to_owned())]))
        .send()
        .refused(409, "FileAlreadyExists");
    bucket.assert_holds("there", "Normal", b"x");
    bucket
        .object("POST", "there")
        .param("uploadId", &upload)
        .header("x-oss-complete-all", "yes")
        .send()
        .expect(200);
    bucket.assert_holds("there", "Multipart", b"new");
}

/// Part numbers and upload ids that are none, and damaged parts.
#[test]
fn part_refusals() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let upload = initiate(&bucket, "k", &[]);
    for number in ["0", "10001", "-1", "x", "1.5", "", "99999999999999999999"] {
        let answer = bucket
            .put("k", "x")
            .param("partNumber", number)
            .param("uploadId", &upload)
            .send();
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "InvalidArgument"),
            "{number}: {answer:?}"
        );
    }
    let unknown = "0".repeat(32);
    for id in [unknown.as_str(), "x", "", "../../etc"] {
        part(&bucket, "k", id, 1, b"x")
            .send()
            .refused(404, "NoSuchUpload");
        bucket
            .delete("k")
            .param("uploadId", id)
            .send()
            .refused(404, "NoSuchUpload");
        bucket
            .get("k")
            .param("uploadId", id)
            .send()
            .refused(404, "NoSuchUpload");
    }
    // The upload belongs to its key.
    part(&bucket, "other", &upload, 1, b"x")
        .send()
        .refused(404, "NoSuchUpload");
    part(&bucket, "k", &upload, 1, b"x")
        .header("Content-MD5", md5_base64(b"y"))
        .send()
        .refused(400, "InvalidDigest");
    part(&bucket, "k", &upload, 1, b"x")
        .header("x-oss-hash-crc64ecma", 1)
        .send()
        .refused(400, "InvalidCRC64");
    let listed = bucket
        .get("k")
        .param("uploadId", &upload)
        .send()
        .expect(200)
        .xml();
    assert_eq!(listed.all("Part").count(), 0);
    bucket
        .delete("k")
        .param("uploadId", &upload)
        .send()
        .expect(204);
    part(&bucket, "k", &upload, 1, b"x")
        .send()
        .refused(404, "NoSuchUpload");
}

/// UploadPartCopy: whole objects and ranges.
#[test]
fn part_copies() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let source = body(5, 250_000);
    bucket.put("source", &source).send().expect(200);
    let upload = initiate(&bucket, "k", &[]);
    let copy = |number: u32, range: Option<&str>| {
        let request = bucket
            .copy("source", "k")
            .param("partNumber", number)
            .param("uploadId", &upload);
        match range {
            Some(range) => request.header("x-oss-copy-source-range", range).send(),
            None => request.send(),
        }
    };
    let whole = copy(1, None).expect(200).xml();
    assert_eq!(
        (whole.name.as_str(), whole.text_at("ETag")),
        ("CopyPartResult", md5_etag(&source).as_str())
    );
    let start = copy(2, Some("bytes=0-102399")).expect(200).xml();
    let end = copy(3, Some("bytes=102400-")).expect(200).xml();
    bucket
        .copy("missing", "k")
        .param("partNumber", 4)
        .param("uploadId", &upload)
        .send()
        .refused(404, "NoSuchKey");
    let etags = [&whole, &start, &end].map(|xml| xml.text_at("ETag").to_owned());
    let parts: Vec<(u32, String)> = (1..).zip(etags).collect();
    complete(&bucket, "k", &upload, &parts).expect(200);
    bucket.assert_holds("k", "Multipart", &[source.as_slice(), &source].concat());
}

/// ListMultipartUploads: order, markers, folding, pages; uploads hold the bucket.
#[test]
fn uploads_listed() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let empty = bucket.ask("GET").flag("uploads").send().expect(200).xml();
    assert_eq!(
        (empty.name.as_str(), empty.all("Upload").count()),
        ("ListMultipartUploadsResult", 0)
    );
    let mut expected = Vec::new();
    for key in ["b", "a/1", "a/2", "a/2", "c"] {
        expected.push((key.to_owned(), initiate(&bucket, key, &[])));
    }
    expected.sort();
    bucket.ask("DELETE").send().refused(409, "BucketNotEmpty");
    let entries = |request: Request| -> Vec<(String, String)> {
        let xml = request.send().expect(200).xml();
        xml.all("Upload")
            .map(|entry| {
                (
                    entry.text_at("Key").to_owned(),
                    entry.text_at("UploadId").to_owned(),
                )
            })
            .collect()
    };
    let ask = || bucket.ask("GET").flag("uploads");
    assert_eq!(entries(ask()), expected);
    assert_eq!(entries(ask().param("prefix", "a/")), expected[..3]);
    assert_eq!(entries(ask().param("key-marker", "a/2")), expected[3..]);
    assert_eq!(
        entries(
            ask()
                .param("key-marker", "a/2")
                .param("upload-id-marker", &expected[1].1)
        ),
        expected[2..]
    );
    assert_eq!(
        entries(ask().param("upload-id-marker", &expected[1].1)),
        expected
    );
    let folded = ask().param("delimiter", "/").send().expect(200).xml();
    assert_eq!(folded.text_at("CommonPrefixes/Prefix"), "a/");
    assert_eq!(folded.all("Upload").count(), 2);
    let (mut key, mut id, mut walked) = (String::new(), String::new(), Vec::new());
    loop {
        let xml = ask()
            .param("max-uploads", 2)
            .param("key-marker", &key)
            .param("upload-id-marker", &id)
            .send()
            .expect(200)
            .xml();
        walked.extend(xml.all("Upload").map(|entry| {
            (
                entry.text_at("Key").to_owned(),
                entry.text_at("UploadId").to_owned(),
            )
        }));
        if xml.text_at("IsTruncated") == "false" {
            break;
        }
        xml.text_at("NextKeyMarker").clone_into(&mut key);
        xml.text_at("NextUploadIdMarker").clone_into(&mut id);
        assert!(walked.len() < 6, "it does not end");
    }
    assert_eq!(walked, expected);
    for (key, id) in &expected {
        bucket.delete(key).param("uploadId", id).send().expect(204);
        bucket
            .delete(key)
            .param("uploadId", id)
            .send()
            .refused(404, "NoSuchUpload");
    }
    bucket.ask("DELETE").send().expect(204);
}

/// ListParts in pages.
#[test]
fn parts_in_pages() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let upload = initiate(&bucket, "k", &[]);
    for number in [1, 2, 5, 9, 10] {
        part(&bucket, "k", &upload, number, b"x").send().expect(200);
    }
    let (mut marker, mut walked) = (String::from("0"), Vec::new());
    loop {
        let page = bucket
            .get("k")
            .param("uploadId", &upload)
            .param("max-parts", 2)
            .param("part-number-marker", &marker)
            .send()
            .expect(200)
            .xml();
        walked.extend(
            page.all("Part")
                .map(|entry| entry.text_at("PartNumber").to_owned()),
        );
        if page.text_at("IsTruncated") == "false" {
            break;
        }
        page.text_at("NextPartNumberMarker").clone_into(&mut marker);
        assert!(walked.len() < 6, "it does not end");
    }
    assert_eq!(walked, ["1", "2", "5", "9", "10"]);
    for max in ["0", "1001", "x"] {
        bucket
            .get("k")
            .param("uploadId", &upload)
            .param("max-parts", max)
            .send()
            .refused(400, "InvalidArgument");
    }
}

/// An upload that completes over an object replaces it as one; before that nothing shows.
#[test]
fn nothing_shows_before_completion() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket.put("k", "old").send().expect(200);
    next_second();
    let before = bucket.state("k");
    let upload = initiate(&bucket, "k", &[("x-oss-meta-new", "1")]);
    let answer = part(&bucket, "k", &upload, 1, b"new content")
        .send()
        .expect(200);
    bucket.state("k").assert_same(&before);
    complete(&bucket, "k", &upload, &[(1, answer.etag().to_owned())]).expect(200);
    bucket.assert_holds("k", "Multipart", b"new content");
}

/// Clean-up code of SDK suites asks for live channels; there are none.
#[test]
fn live_channels() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let listed = bucket.ask("GET").flag("live").send().expect(200).xml();
    assert_eq!(
        (listed.name.as_str(), listed.all("LiveChannel").count()),
        ("ListLiveChannelResult", 0)
    );
}
