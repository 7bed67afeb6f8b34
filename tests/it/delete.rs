//! DeleteObject and DeleteMultipleObjects (operations.md E.7).

use crate::support::digest::md5_base64;
use crate::support::fixture::Bucket;
use crate::support::next_second;
use crate::support::server::shared;

/// Deleting is idempotent, says nothing, and takes only what was named.
#[test]
fn single() {
    let server = shared();
    let bucket = Bucket::new(&server);
    for key in ["k", "k/", "k2"] {
        bucket.put(key, key).send().expect(200);
    }
    for _ in 0..2 {
        let answer = bucket.delete("k").send().expect(204);
        assert!(answer.body.is_empty());
        assert_eq!(
            (
                answer.header("x-oss-delete-marker"),
                answer.header("x-oss-version-id")
            ),
            (None, None)
        );
    }
    bucket.assert_absent("k");
    bucket.assert_holds("k/", "Normal", b"k/");
    bucket.assert_holds("k2", "Normal", b"k2");
    // In a bucket without versioning the only version is `null`.
    bucket
        .delete("k2")
        .param("versionId", "null")
        .send()
        .expect(204);
    bucket.assert_absent("k2");
}

fn document(quiet: bool, keys: &[&str]) -> String {
    let objects: String = keys
        .iter()
        .map(|key| format!("<Object><Key>{}</Key></Object>", escape(key)))
        .collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Delete><Quiet>{quiet}</Quiet>{objects}</Delete>"
    )
}

fn escape(key: &str) -> String {
    key.chars()
        .map(|character| match character {
            '&' => String::from("&amp;"),
            '<' => String::from("&lt;"),
            '>' => String::from("&gt;"),
            control if control < ' ' => format!("&#{:02};", u32::from(control)),
            other => other.to_string(),
        })
        .collect()
}

/// Verbose: every requested key in the order of the request, existing or not. Quiet: nothing.
#[test]
fn multiple() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let keys = [
        "z",
        "a",
        "missing",
        "a b+c%&<>\"'",
        "日本",
        "dir/",
        " blanks ",
        "control\u{1}\u{c}\r\n\tend",
    ];
    for quiet in [false, true] {
        for key in keys.iter().filter(|key| **key != "missing") {
            bucket.put(key, "x").send().expect(200);
        }
        bucket.append("appended", 0, "x").send().expect(200);
        bucket.put("stays", "x").send().expect(200);
        let mut asked = keys.to_vec();
        asked.push("appended");
        let body = document(quiet, &asked);
        let request = bucket
            .ask("POST")
            .flag("delete")
            .param("encoding-type", "url")
            .body(&body);
        let answer = request
            .header("Content-MD5", md5_base64(body.as_bytes()))
            .send()
            .expect(200);
        if quiet {
            assert!(
                answer.body.is_empty() || answer.xml().all("Deleted").count() == 0,
                "{answer:?}"
            );
        } else {
            let xml = answer.xml();
            assert_eq!(xml.name, "DeleteResult");
            assert_eq!(xml.text_at("EncodingType"), "url");
            let deleted: Vec<String> = xml
                .all("Deleted")
                .map(|entry| {
                    percent_encoding::percent_decode_str(&entry.text_at("Key").replace('+', " "))
                        .decode_utf8()
                        .expect("UTF-8")
                        .into_owned()
                })
                .collect();
            assert_eq!(deleted, asked);
            let entry = xml.child("Deleted").unwrap();
            assert_eq!(
                (entry.get("DeleteMarker"), entry.get("VersionId")),
                (None, None)
            );
        }
        let left = bucket.ask("GET").send().expect(200).xml();
        let left: Vec<&str> = left
            .all("Contents")
            .map(|entry| entry.text_at("Key"))
            .collect();
        assert_eq!(left, ["stays"]);
    }
}

/// Raw control characters, `versionId` of `null`, no Content-MD5, a namespace: all seen from clients, all fine.
#[test]
fn tolerated_forms() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let forms = [
        (
            "k\u{1}\u{7}",
            String::from("<Delete><Object><Key>k\u{1}\u{7}</Key></Object></Delete>"),
        ),
        (
            "k1",
            String::from(
                "<Delete><Quiet>false</Quiet><Object><Key>k1</Key><VersionId>null</VersionId></Object></Delete>",
            ),
        ),
        (
            "k2",
            String::from(
                "<Delete xmlns=\"http://doc.oss-cn-hangzhou.aliyuncs.com\">\n  <Object>\n    <Key>k2</Key>\n  </Object>\n</Delete>",
            ),
        ),
        (
            "k3",
            String::from("<Delete><Object><Key><![CDATA[k3]]></Key></Object></Delete>"),
        ),
    ];
    for (key, body) in forms {
        bucket.put(key, "x").send().expect(200);
        bucket
            .ask("POST")
            .flag("delete")
            .body(&body)
            .send()
            .expect(200);
        bucket.assert_absent(key);
    }
}

/// A thousand at once, and no more.
#[test]
fn limits() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let mut connection = bucket.client.connect();
    for index in 0..50 {
        bucket
            .put(&format!("k{index:04}"), "")
            .send_on(&mut connection)
            .expect(200);
    }
    let keys: Vec<String> = (0..1001).map(|index| format!("k{index:04}")).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    next_second();
    let send = |body: String| {
        bucket
            .ask("POST")
            .flag("delete")
            .header("Content-MD5", md5_base64(body.as_bytes()))
            .body(body)
            .send()
    };
    send(document(false, &keys)).refused(400, "MalformedXML");
    let refusals = [
        (
            "digest",
            bucket
                .ask("POST")
                .flag("delete")
                .header("Content-MD5", md5_base64(b"other"))
                .body(document(false, &keys[..3])),
            "InvalidDigest",
        ),
        (
            "no digest",
            bucket
                .ask("POST")
                .flag("delete")
                .header("Content-MD5", "x")
                .body(document(false, &keys[..3])),
            "InvalidDigest",
        ),
        (
            "a key too long",
            bucket
                .ask("POST")
                .flag("delete")
                .body(document(false, &[&"k".repeat(1024), "k0000"])),
            "",
        ),
        (
            "an empty key",
            bucket
                .ask("POST")
                .flag("delete")
                .body(document(false, &["", "k0000"])),
            "UserKeyMustBeSpecified",
        ),
        (
            "quiet maybe",
            bucket
                .ask("POST")
                .flag("delete")
                .body("<Delete><Quiet>maybe</Quiet><Object><Key>k0000</Key></Object></Delete>"),
            "MalformedXML",
        ),
    ];
    for (name, request, code) in refusals {
        let answer = request.send();
        assert_eq!(answer.status, 400, "{name}: {answer:?}");
        assert!(
            code.is_empty() || answer.code() == code,
            "{name}: {answer:?}"
        );
    }
    let all = bucket
        .ask("GET")
        .param("max-keys", 1000)
        .send()
        .expect(200)
        .xml();
    assert_eq!(
        all.all("Contents").count(),
        50,
        "a refused request deleted something"
    );
    let answer = send(document(false, &keys[..1000])).expect(200).xml();
    assert_eq!(answer.all("Deleted").count(), 1000);
    let all = bucket.ask("GET").send().expect(200).xml();
    assert_eq!(all.all("Contents").count(), 0);
}

/// One key that may not be deleted keeps all of them.
#[test]
fn permission_for_each_key() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let allow = format!(
        "{{\"Version\":\"1\",\"Statement\":[{{\"Effect\":\"Allow\",\"Principal\":[\"*\"],\"Action\":[\"oss:DeleteObject\"],\
         \"Resource\":[\"acs:oss:*:*:{}/open/*\"]}}]}}",
        bucket.name
    );
    bucket
        .ask("PUT")
        .flag("policy")
        .body(allow)
        .send()
        .expect(200);
    for key in ["open/1", "open/2", "closed"] {
        bucket.put(key, "x").send().expect(200);
    }
    let anonymous = bucket.client.anonymous();
    let send = |keys: &[&str]| {
        bucket
            .ask("POST")
            .flag("delete")
            .by(&anonymous)
            .body(document(false, keys))
            .send()
    };
    send(&["open/1", "closed", "open/2"]).refused(403, "AccessDenied");
    send(&["open/1", "open/../closed"]).expect(200);
    for key in ["open/2", "closed"] {
        bucket.assert_holds(key, "Normal", b"x");
    }
    send(&["open/2"]).expect(200);
    bucket.assert_absent("open/2");
}
