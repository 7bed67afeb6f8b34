//! PostObject: forms of a browser, signed in the three ways, and what their policies refuse (auth.md §8, operations.md E.10).

use serde_json::{Value, json};

use crate::support::client::{Client, Response};
use crate::support::digest::{base64_encode, crc64};
use crate::support::fixture::Bucket;
use crate::support::server::shared;
use crate::support::signer::{Key, Options, iso_basic, post_signature, v1_signature};
use crate::support::unix_now;

const BOUNDARY: &str = "----ossicle-it-boundary";

pub fn form(fields: &[(&str, &str)], file: Option<(&str, &str, &[u8])>) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in fields {
        body.extend_from_slice(
            format!(
                "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            )
            .as_bytes(),
        );
    }
    if let Some((name, kind, content)) = file {
        body.extend_from_slice(
            format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: {kind}\r\n\r\n").as_bytes(),
        );
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    body
}

pub fn post(client: &Client, bucket: &str, body: Vec<u8>) -> Response {
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    client
        .anonymous()
        .bucket("POST", bucket)
        .header("Content-Type", kind)
        .body(body)
        .send()
}

pub fn policy(conditions: &Value, seconds: i64) -> String {
    let stamp = iso_basic(unix_now() + seconds);
    let [year, month, day] = [&stamp[..4], &stamp[4..6], &stamp[6..8]];
    let [hour, minute, second] = [&stamp[9..11], &stamp[11..13], &stamp[13..15]];
    let document = json!({
        "expiration": format!("{year}-{month}-{day}T{hour}:{minute}:{second}.000Z"),
        "conditions": conditions,
    });
    base64_encode(document.to_string().as_bytes())
}

/// A V1 form that uploads `content` as `key` with further fields.
pub fn v1_form(key: &str, policy: &str, more: &[(&str, &str)], content: &[u8]) -> Vec<u8> {
    let signature = v1_signature("ossicle-secret", policy);
    let mut fields = vec![
        ("key", key),
        ("OSSAccessKeyId", "ossicle"),
        ("policy", policy),
        ("Signature", signature.as_str()),
    ];
    fields.extend_from_slice(more);
    form(&fields, Some(("name.txt", "text/x", content)))
}

/// The three signatures, the default answer and the others, and that the object is an ordinary one.
#[test]
fn uploads() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let open = policy(
        &json!([{"bucket": bucket.name}, ["starts-with", "$key", ""]]),
        600,
    );
    let more = [("x-oss-meta-a", "1"), ("Cache-Control", "no-store")];
    let answer = post(
        &bucket.client,
        &bucket.name,
        v1_form("dir/${filename}", &open, &more, b"hello"),
    )
    .expect(204);
    assert_eq!(answer.crc(), crc64(b"hello"));
    bucket.assert_holds("dir/name.txt", "Normal", b"hello");
    let head = bucket.head("dir/name.txt").send().expect(200);
    assert_eq!(head.header("content-type"), Some("text/x"));
    assert_eq!(
        (head.header("x-oss-meta-a"), head.header("cache-control")),
        (Some("1"), Some("no-store"))
    );
    assert_eq!(head.etag(), answer.etag());
    for (status, expected) in [("200", 200), ("201", 201), ("204", 204)] {
        let body = v1_form("k", &open, &[("success_action_status", status)], b"x");
        let answer = post(&bucket.client, &bucket.name, body).expect(expected);
        if expected == 201 {
            let xml = answer.xml();
            assert_eq!(
                (xml.name.as_str(), xml.text_at("Key"), xml.text_at("Bucket")),
                ("PostResponse", "k", bucket.name.as_str())
            );
        }
    }

    let now = unix_now();
    let options = Options {
        at: now,
        lifetime: 600,
        region: "cn-hangzhou".into(),
        product: "oss".into(),
        additional: Vec::new(),
    };
    let date = iso_basic(now);
    let credential = format!("ossicle/{}/cn-hangzhou/oss/aliyun_v4_request", &date[..8]);
    let conditions = json!([
        {"bucket": bucket.name}, {"x-oss-signature-version": "OSS4-HMAC-SHA256"}, {"x-oss-credential": credential}, {"x-oss-date": date},
        ["content-length-range", 1, 10], ["in", "$content-type", ["text/x"]], ["not-in", "$cache-control", ["no-cache"]],
    ]);
    let signed = policy(&conditions, 600);
    let signature = post_signature(&Key::new("ossicle", "ossicle-secret"), &signed, &options);
    let fields = [
        ("key", "v4"),
        ("policy", signed.as_str()),
        ("x-oss-signature-version", "OSS4-HMAC-SHA256"),
        ("x-oss-credential", credential.as_str()),
        ("x-oss-date", date.as_str()),
        ("x-oss-signature", signature.as_str()),
    ];
    post(
        &bucket.client,
        &bucket.name,
        form(&fields, Some(("f", "text/x", b"by v4"))),
    )
    .expect(204);
    bucket.assert_holds("v4", "Normal", b"by v4");
    post(
        &bucket.client,
        &bucket.name,
        form(&fields, Some(("f", "text/x", b"far more than ten"))),
    )
    .refused(400, "EntityTooLarge");
    post(
        &bucket.client,
        &bucket.name,
        form(&fields, Some(("f", "text/x", b""))),
    )
    .refused(400, "EntityTooSmall");
    post(
        &bucket.client,
        &bucket.name,
        form(&fields, Some(("f", "text/y", b"by v4"))),
    )
    .refused(403, "AccessDenied");
}

/// What forms get wrong; nothing is stored.
#[test]
fn refusals() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let open = policy(&json!([{"bucket": bucket.name}]), 600);
    let file = Some(("f", "text/x", b"x".as_slice()));
    let fields = |policy: &str, signature: &str| -> Vec<(String, String)> {
        [
            ("key", "k"),
            ("OSSAccessKeyId", "ossicle"),
            ("policy", policy),
            ("Signature", signature),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    };
    let good = v1_signature("ossicle-secret", &open);
    let expired = policy(&json!([{"bucket": bucket.name}]), -60);
    let elsewhere = policy(&json!([{"bucket": "another"}]), 600);
    let sign = |text: &str| v1_signature("ossicle-secret", text);
    let nonsense = base64_encode(b"nonsense");
    let no_conditions = base64_encode(b"{\"expiration\":\"2999-01-01T00:00:00.000Z\"}");
    let without = |name: &str| {
        fields(&open, &good)
            .into_iter()
            .filter(|(given, _)| given != name)
            .collect::<Vec<_>>()
    };
    let cases = [
        (
            "signature",
            fields(&open, &sign("other")),
            403,
            "SignatureDoesNotMatch",
        ),
        (
            "expired",
            fields(&expired, &sign(&expired)),
            403,
            "AccessDenied",
        ),
        (
            "condition",
            fields(&elsewhere, &sign(&elsewhere)),
            403,
            "AccessDenied",
        ),
        (
            "no policy document",
            fields(&nonsense, &sign(&nonsense)),
            400,
            "InvalidPolicyDocument",
        ),
        (
            "not base64",
            fields("%%%", &sign("%%%")),
            400,
            "InvalidPolicyDocument",
        ),
        (
            "no conditions",
            fields(&no_conditions, &sign(&no_conditions)),
            400,
            "InvalidPolicyDocument",
        ),
        ("no signature", without("Signature"), 400, "InvalidArgument"),
        (
            "no key id",
            without("OSSAccessKeyId"),
            400,
            "InvalidArgument",
        ),
        (
            "anonymous",
            vec![("key".to_owned(), "k".to_owned())],
            403,
            "AccessDenied",
        ),
    ];
    for (name, fields, status, code) in cases {
        let fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let answer = post(&bucket.client, &bucket.name, form(&fields, file));
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (status, code),
            "{name}: {answer:?}"
        );
        bucket.assert_absent("k");
    }
    let pairs = fields(&open, &good);
    let pairs: Vec<(&str, &str)> = pairs
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    post(&bucket.client, &bucket.name, form(&pairs, None))
        .refused(400, "IncorrectNumberOfFilesInPOSTRequest");
    let mut broken = form(&pairs, file);
    broken.truncate(broken.len() - 30);
    let answer = post(&bucket.client, &bucket.name, broken);
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (400, "MalformedPOSTRequest"),
        "{answer:?}"
    );
    let long = "x".repeat(3 * 1024 * 1024);
    let answer = post(
        &bucket.client,
        &bucket.name,
        v1_form("k", &open, &[("x-oss-meta-a", &long)], b"x"),
    );
    assert_eq!(answer.status, 400, "{answer:?}");
    bucket.assert_absent("k");
    post(
        &bucket.client,
        "it-no-such-bucket",
        v1_form("k", &open, &[], b"x"),
    )
    .refused(404, "NoSuchBucket");
}
