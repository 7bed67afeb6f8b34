//! Versions of ordinary objects: ids, markers, `null`, promotion, listings and deletes by version (operations.md 0.3). Append objects among
//! versions are in `append_copy_seal`.

use crate::support::client::Response;
use crate::support::digest::md5_base64;
use crate::support::fixture::Bucket;
use crate::support::server::shared;

const VERSION: &str = "x-oss-version-id";
const MARKER: &str = "x-oss-delete-marker";

fn versioned(status: &str) -> Bucket {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket.set_versioning(status);
    bucket
}

fn id(answer: &Response) -> String {
    answer
        .header(VERSION)
        .unwrap_or_else(|| panic!("no version id in {answer:?}"))
        .to_owned()
}

/// (key, version id, latest, marker) of every entry, in the order listed.
fn entries(bucket: &Bucket) -> Vec<(String, String, bool, bool)> {
    let xml = bucket
        .ask("GET")
        .flag("versions")
        .param("max-keys", 1000)
        .send()
        .expect(200)
        .xml();
    xml.children
        .iter()
        .filter(|entry| entry.name == "Version" || entry.name == "DeleteMarker")
        .map(|entry| {
            let latest = entry.text_at("IsLatest") == "true";
            (
                entry.text_at("Key").to_owned(),
                entry.text_at("VersionId").to_owned(),
                latest,
                entry.name == "DeleteMarker",
            )
        })
        .collect()
}

/// Enabled: every put is a version, reads by id find each, and deleting the newest promotes the one before.
#[test]
fn enabled() {
    let _server = shared();
    let bucket = versioned("Enabled");
    let ids: Vec<String> = ["one", "two", "three"]
        .iter()
        .map(|body| id(&bucket.put("k", body).send().expect(200)))
        .collect();
    assert!(
        ids.iter().all(|id| id != "null")
            && ids[0] != ids[1]
            && ids[1] != ids[2]
            && ids[0] != ids[2]
    );
    assert_eq!(bucket.get("k").send().expect(200).body, b"three");
    for (version, body) in ids.iter().zip(["one", "two", "three"]) {
        let got = bucket
            .get("k")
            .param("versionId", version)
            .send()
            .expect(200);
        assert_eq!(
            (got.body.as_slice(), id(&got)),
            (body.as_bytes(), version.clone())
        );
        assert_eq!(
            id(&bucket
                .head("k")
                .param("versionId", version)
                .send()
                .expect(200)),
            *version
        );
    }
    let marker = bucket.delete("k").send().expect(204);
    assert_eq!(marker.header(MARKER), Some("true"));
    let gone = bucket.get("k").send().refused(404, "NoSuchKey");
    assert_eq!(
        (gone.header(MARKER), id(&gone)),
        (Some("true"), id(&marker))
    );
    let gone = bucket.head("k").send().refused(404, "NoSuchKey");
    assert_eq!(gone.header(MARKER), Some("true"));
    let by_id = bucket
        .get("k")
        .param("versionId", id(&marker))
        .send()
        .refused(405, "MethodNotAllowed");
    assert_eq!(
        (by_id.header(MARKER), by_id.header("allow")),
        (Some("true"), Some("DELETE"))
    );
    let key = String::from("k");
    let expected = [
        (key.clone(), id(&marker), true, true),
        (key.clone(), ids[2].clone(), false, false),
        (key.clone(), ids[1].clone(), false, false),
        (key, ids[0].clone(), false, false),
    ];
    assert_eq!(entries(&bucket), expected);
    let listed = bucket.ask("GET").send().expect(200).xml();
    assert_eq!(listed.all("Contents").count(), 0);
    bucket.ask("DELETE").send().refused(409, "BucketNotEmpty");

    let erased = bucket
        .delete("k")
        .param("versionId", id(&marker))
        .send()
        .expect(204);
    assert_eq!(
        (erased.header(MARKER), id(&erased)),
        (Some("true"), id(&marker))
    );
    assert_eq!(bucket.get("k").send().expect(200).body, b"three");
    let erased = bucket
        .delete("k")
        .param("versionId", &ids[2])
        .send()
        .expect(204);
    assert_eq!((erased.header(MARKER), id(&erased)), (None, ids[2].clone()));
    assert_eq!(bucket.get("k").send().expect(200).body, b"two");
    bucket
        .delete("k")
        .param("versionId", &ids[0])
        .send()
        .expect(204);
    assert_eq!(bucket.get("k").send().expect(200).body, b"two");
    bucket
        .get("k")
        .param("versionId", &ids[0])
        .send()
        .refused(404, "NoSuchVersion");
    bucket
        .delete("k")
        .param("versionId", &ids[1])
        .send()
        .expect(204);
    assert_eq!(entries(&bucket), []);
    bucket.ask("DELETE").send().expect(204);
}

/// Suspended, and objects from before: writes and deletes replace the `null` version and leave the others.
#[test]
fn suspended_and_null() {
    let server = shared();
    let bucket = Bucket::new(&server);
    assert_eq!(
        bucket.put("k", "before").send().expect(200).header(VERSION),
        None
    );
    bucket.set_versioning("Enabled");
    assert_eq!(id(&bucket.get("k").send().expect(200)), "null");
    let real = id(&bucket.put("k", "real").send().expect(200));
    assert_eq!(
        bucket
            .get("k")
            .param("versionId", "null")
            .send()
            .expect(200)
            .body,
        b"before"
    );
    bucket.set_versioning("Suspended");
    assert_eq!(id(&bucket.put("k", "null now").send().expect(200)), "null");
    assert_eq!(
        bucket
            .get("k")
            .param("versionId", "null")
            .send()
            .expect(200)
            .body,
        b"null now"
    );
    assert_eq!(
        bucket
            .get("k")
            .param("versionId", &real)
            .send()
            .expect(200)
            .body,
        b"real"
    );
    assert_eq!(entries(&bucket).len(), 2);
    let marker = bucket.delete("k").send().expect(204);
    assert_eq!(
        (id(&marker).as_str(), marker.header(MARKER)),
        ("null", Some("true"))
    );
    let key = String::from("k");
    assert_eq!(
        entries(&bucket),
        [
            (key.clone(), "null".to_owned(), true, true),
            (key, real.clone(), false, false)
        ]
    );
    bucket
        .delete("k")
        .param("versionId", "null")
        .send()
        .expect(204);
    assert_eq!(bucket.get("k").send().expect(200).body, b"real");
    assert_eq!(id(&bucket.get("k").send().expect(200)), real);
    let status = bucket
        .ask("GET")
        .flag("versioning")
        .send()
        .expect(200)
        .xml();
    assert_eq!(status.text_at("Status"), "Suspended");
}

/// `x-oss-forbid-overwrite` has no say where nothing is overwritten.
#[test]
fn forbid_overwrite_is_void() {
    let _server = shared();
    for status in ["Enabled", "Suspended"] {
        let bucket = versioned(status);
        bucket.put("k", "one").send().expect(200);
        bucket
            .put("k", "two")
            .header("x-oss-forbid-overwrite", "true")
            .send()
            .expect(200);
        assert_eq!(bucket.get("k").send().expect(200).body, b"two");
    }
}

/// Copies, ACLs and tags by version; the copy names its source's version.
#[test]
fn other_operations_take_a_version() {
    let _server = shared();
    let bucket = versioned("Enabled");
    let one = id(&bucket.put("k", "one").send().expect(200));
    let two = id(&bucket.put("k", "two").send().expect(200));
    let source = format!("/{}/k?versionId={one}", bucket.name);
    let copied = bucket
        .object("PUT", "copy")
        .header("x-oss-copy-source", source)
        .send()
        .expect(200);
    assert_eq!(
        copied.header("x-oss-copy-source-version-id"),
        Some(one.as_str())
    );
    assert_eq!(bucket.get("copy").send().expect(200).body, b"one");
    let acl = bucket
        .object("PUT", "k")
        .flag("acl")
        .param("versionId", &one)
        .header("x-oss-object-acl", "public-read");
    assert_eq!(id(&acl.send().expect(200)), one);
    let read = |version: &str| {
        let answer = bucket
            .get("k")
            .flag("acl")
            .param("versionId", version)
            .send()
            .expect(200);
        answer.xml().text_at("AccessControlList/Grant").to_owned()
    };
    assert_eq!(
        (read(&one).as_str(), read(&two).as_str()),
        ("public-read", "default")
    );
    let tags = "<Tagging><TagSet><Tag><Key>a</Key><Value>1</Value></Tag></TagSet></Tagging>";
    bucket
        .object("PUT", "k")
        .flag("tagging")
        .param("versionId", &two)
        .body(tags)
        .send()
        .expect(200);
    let count = |version: &str| {
        bucket
            .head("k")
            .param("versionId", version)
            .send()
            .expect(200)
            .header("x-oss-tagging-count")
            .map(str::to_owned)
    };
    assert_eq!((count(&one), count(&two).as_deref()), (None, Some("1")));
    bucket
        .get("k")
        .param("versionId", "nonsense")
        .send()
        .refused(400, "InvalidArgument");
    bucket
        .get("k")
        .param("versionId", "")
        .send()
        .refused(400, "InvalidArgument");
}

/// ListObjectVersions in pages: markers point at the last entry, and the pages together are the whole.
#[test]
fn version_pages() {
    let _server = shared();
    let bucket = versioned("Enabled");
    for key in ["a", "b/1", "b/2", "c"] {
        for body in ["1", "2", "3"] {
            bucket.put(key, body).send().expect(200);
        }
    }
    bucket.delete("c").send().expect(204);
    let all = entries(&bucket);
    assert_eq!(all.len(), 13);
    for max in [1, 2, 5] {
        let (mut key, mut version, mut walked) = (String::new(), String::new(), Vec::new());
        loop {
            let mut request = bucket
                .ask("GET")
                .flag("versions")
                .param("max-keys", max)
                .param("key-marker", &key);
            if !version.is_empty() {
                request = request.param("version-id-marker", &version);
            }
            let xml = request.send().expect(200).xml();
            let page = xml
                .children
                .iter()
                .filter(|entry| entry.get("VersionId").is_some());
            walked.extend(page.map(|entry| {
                (
                    entry.text_at("Key").to_owned(),
                    entry.text_at("VersionId").to_owned(),
                )
            }));
            if xml.text_at("IsTruncated") == "false" {
                break;
            }
            xml.text_at("NextKeyMarker").clone_into(&mut key);
            xml.get("NextVersionIdMarker")
                .unwrap_or_default()
                .clone_into(&mut version);
            assert!(walked.len() <= all.len(), "it does not end");
        }
        let expected: Vec<(String, String)> = all
            .iter()
            .map(|(key, version, ..)| (key.clone(), version.clone()))
            .collect();
        assert_eq!(walked, expected, "pages of {max}");
    }
    let folded = bucket
        .ask("GET")
        .flag("versions")
        .param("delimiter", "/")
        .send()
        .expect(200)
        .xml();
    assert_eq!(folded.text_at("CommonPrefixes/Prefix"), "b/");
    assert_eq!(folded.all("Version").count(), 6);
    bucket
        .ask("GET")
        .flag("versions")
        .param("version-id-marker", "x")
        .send()
        .refused(400, "InvalidArgument");
    let many = bucket
        .ask("GET")
        .flag("versions")
        .param("max-keys", 1001)
        .send()
        .refused(400, "InvalidArgument");
    assert_eq!(many.error_text("EC"), "0012-00000102");
}

/// DeleteMultipleObjects tells of markers made and removed.
#[test]
fn delete_multiple() {
    let _server = shared();
    let bucket = versioned("Enabled");
    let version = id(&bucket.put("k", "1").send().expect(200));
    let send = |objects: &str| {
        let body = format!("<Delete>{objects}</Delete>");
        bucket
            .ask("POST")
            .flag("delete")
            .header("Content-MD5", md5_base64(body.as_bytes()))
            .body(body)
            .send()
            .expect(200)
            .xml()
    };
    let made = send("<Object><Key>k</Key></Object>");
    assert_eq!(made.text_at("Deleted/DeleteMarker"), "true");
    let marker = made.text_at("Deleted/DeleteMarkerVersionId").to_owned();
    assert_eq!(entries(&bucket).len(), 2);
    let removed = send(&format!(
        "<Object><Key>k</Key><VersionId>{marker}</VersionId></Object><Object><Key>k</Key><VersionId>{version}</VersionId></Object>"
    ));
    let deleted: Vec<_> = removed.all("Deleted").collect();
    assert_eq!(
        (
            deleted[0].text_at("DeleteMarker"),
            deleted[0].text_at("DeleteMarkerVersionId")
        ),
        ("true", marker.as_str())
    );
    assert_eq!(
        (
            deleted[1].text_at("VersionId"),
            deleted[1].get("DeleteMarker").unwrap_or("false")
        ),
        (version.as_str(), "false")
    );
    assert_eq!(entries(&bucket), []);
}

/// R105: versions and retention exclude each other.
#[test]
fn r105_versions_exclude_retention() {
    let server = shared();
    let worm = "<InitiateWormConfiguration><RetentionPeriodInDays>1</RetentionPeriodInDays></InitiateWormConfiguration>";
    let bucket = versioned("Enabled");
    bucket
        .ask("POST")
        .flag("worm")
        .body(worm)
        .send()
        .expect(400);
    let bucket = Bucket::new(&server);
    bucket
        .ask("POST")
        .flag("worm")
        .body(worm)
        .send()
        .expect(200);
    let document = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    bucket
        .ask("PUT")
        .flag("versioning")
        .body(document)
        .send()
        .expect(400);
}
