//! Buckets: made, described, listed, emptied, removed (operations.md A and B), addressed by path and by host.

use crate::support::fixture::{Bucket, unique_name};
use crate::support::server::{Server, Settings, shared};
use crate::support::signer::Scheme;

/// PutBucket: what it answers, what it refuses, and that a repeat by the owner is fine.
#[test]
fn create() {
    let server = shared();
    let client = server.client();
    let name = unique_name("it");
    let answer = client.bucket("PUT", &name).send().expect(200);
    assert_eq!(answer.header("location"), Some(format!("/{name}").as_str()));
    assert!(answer.body.is_empty());
    client.bucket("PUT", &name).send().expect(200);
    // A repeat may change the ACL and nothing else.
    client
        .bucket("PUT", &name)
        .header("x-oss-acl", "public-read")
        .send()
        .expect(200);
    let bucket = Bucket {
        client: client.clone(),
        name: name.clone(),
    };
    let acl = bucket.ask("GET").flag("acl").send().expect(200).xml();
    assert_eq!(acl.text_at("AccessControlList/Grant"), "public-read");
    assert_eq!(acl.text_at("Owner/ID"), "1000000000000001");

    let other = client.with_key("otherkey", "other-secret");
    let taken = other
        .bucket("PUT", &name)
        .send()
        .refused(409, "BucketAlreadyExists");
    assert_eq!(taken.error_text("BucketName"), name);
    client
        .bucket("PUT", &unique_name("it"))
        .header("x-oss-acl", "everybody")
        .send()
        .refused(400, "InvalidArgument");
}

/// The naming rules, at each of their borders (errors.md §6).
#[test]
fn names() {
    let server = shared();
    let client = server.client();
    let longest = format!("a{}z", "-".repeat(61));
    for name in ["0ab", "a-b", "123", longest.as_str()] {
        client.bucket("PUT", name).send().expect(200);
        client.bucket("DELETE", name).send().expect(204);
    }
    let too_long = format!("{longest}z");
    for name in [
        "ab",
        "-ab",
        "ab-",
        "Abc",
        "a_b",
        "a.b",
        "aBc",
        "a b",
        "é-é-é",
        too_long.as_str(),
        "..",
        "a%2Fb",
    ] {
        let answer = client.bucket("PUT", name).send();
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "InvalidBucketName"),
            "{name}: {answer:?}"
        );
        assert_eq!(answer.error_text("EC"), "0015-00000001", "{name}");
    }
}

/// PutBucket's document: storage class and redundancy are kept, a later one cannot change them, nonsense is refused.
#[test]
fn create_with_a_document() {
    let server = shared();
    let client = server.client();
    let name = unique_name("it");
    let document = |class: &str, redundancy: &str| {
        format!(
            "<CreateBucketConfiguration><StorageClass>{class}</StorageClass>\
             <DataRedundancyType>{redundancy}</DataRedundancyType></CreateBucketConfiguration>"
        )
    };
    client
        .bucket("PUT", &name)
        .body(document("IA", "ZRS"))
        .send()
        .expect(200);
    let info = client
        .bucket("GET", &name)
        .flag("bucketInfo")
        .send()
        .expect(200)
        .xml();
    assert_eq!(info.text_at("Bucket/StorageClass"), "IA");
    assert_eq!(info.text_at("Bucket/DataRedundancyType"), "ZRS");
    client
        .bucket("PUT", &name)
        .body(document("Standard", "ZRS"))
        .send()
        .refused(409, "BucketAlreadyExists");
    // An object without a class of its own takes the bucket's.
    let bucket = Bucket {
        client: client.clone(),
        name,
    };
    bucket.put("k", "x").send().expect(200);
    assert_eq!(
        bucket
            .head("k")
            .send()
            .expect(200)
            .header("x-oss-storage-class"),
        Some("IA")
    );
    bucket.append("a", 0, "x").send().expect(200);
    assert_eq!(
        bucket
            .head("a")
            .send()
            .expect(200)
            .header("x-oss-storage-class"),
        Some("IA")
    );

    let namespaced = "<CreateBucketConfiguration xmlns=\"http://doc.oss-cn-hangzhou.aliyuncs.com\">\
                      <StorageClass>Standard</StorageClass></CreateBucketConfiguration>";
    client
        .bucket("PUT", &unique_name("it"))
        .body(namespaced)
        .send()
        .expect(200);
    for bad in [
        document("Gold", "LRS"),
        document("Standard", "XRS"),
        "<Wrong/>".into(),
        "no xml".into(),
    ] {
        let name = unique_name("it");
        let answer = client.bucket("PUT", &name).body(&bad).send();
        assert_eq!(answer.status, 400, "{bad}: {answer:?}");
        client
            .bucket("GET", &name)
            .flag("acl")
            .send()
            .refused(404, "NoSuchBucket");
    }
}

/// R24's last sentence: in a ColdArchive bucket an append cannot create.
#[test]
fn r24_append_in_a_cold_archive_bucket() {
    let server = shared();
    let client = server.client();
    let name = unique_name("it");
    let document = "<CreateBucketConfiguration><StorageClass>ColdArchive</StorageClass></CreateBucketConfiguration>";
    client
        .bucket("PUT", &name)
        .body(document)
        .send()
        .expect(200);
    let bucket = Bucket { client, name };
    let answer = bucket
        .append("k", 0, "x")
        .send()
        .refused(400, "InvalidArgument");
    assert_eq!(answer.error_text("EC"), "0016-00000503");
    bucket.assert_absent("k");
    bucket
        .append("k", 0, "x")
        .header("x-oss-storage-class", "Standard")
        .send()
        .expect(200);
}

/// What a new bucket says about itself: GetBucketInfo, GetBucketLocation, HeadBucket.
#[test]
fn info_of_a_new_bucket() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let info = bucket
        .ask("GET")
        .flag("bucketInfo")
        .send()
        .expect(200)
        .xml();
    assert_eq!(info.name, "BucketInfo");
    let expected = [
        ("Name", bucket.name.as_str()),
        ("Location", "oss-cn-hangzhou"),
        ("StorageClass", "Standard"),
        ("DataRedundancyType", "LRS"),
        ("AccessMonitor", "Disabled"),
        ("TransferAcceleration", "Disabled"),
        ("CrossRegionReplication", "Disabled"),
        ("BlockPublicAccess", "true"),
        ("Owner/ID", "1000000000000001"),
        ("AccessControlList/Grant", "private"),
        ("ServerSideEncryptionRule/SSEAlgorithm", "None"),
        ("Comment", ""),
    ];
    let inner = info.child("Bucket").unwrap();
    for (element, value) in expected {
        assert_eq!(inner.text_at(element), value, "{element}");
    }
    assert_eq!(inner.get("Versioning"), None);
    assert!(!inner.text_at("ResourceGroupId").is_empty());
    assert!(inner.text_at("CreationDate").ends_with('Z'));
    for endpoint in ["ExtranetEndpoint", "IntranetEndpoint"] {
        assert!(!inner.text_at(endpoint).is_empty(), "{endpoint}");
    }
    let location = bucket.ask("GET").flag("location").send().expect(200).xml();
    assert_eq!(
        (location.name.as_str(), location.text.as_str()),
        ("LocationConstraint", "oss-cn-hangzhou")
    );
    let head = bucket.ask("HEAD").send().expect(200);
    let region = head.header("x-oss-bucket-region").expect("a region");
    assert!(
        matches!(region, "cn-hangzhou" | "oss-cn-hangzhou"),
        "{region}"
    );
}

/// GetBucketStat counts what is there, at once.
#[test]
fn stat() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let stat = |name: &str| -> u64 {
        let answer = bucket.ask("GET").flag("stat").send().expect(200).xml();
        answer.text_at(name).parse().expect("a number")
    };
    let zero = bucket.ask("GET").flag("stat").send().expect(200).xml();
    assert!(zero.children.len() >= 20, "{zero:?}");
    for counter in &zero.children {
        assert_eq!(counter.text, "0", "{} of a new bucket", counter.name);
    }
    bucket.put("a", "1234567").send().expect(200);
    assert_eq!(
        (
            stat("ObjectCount"),
            stat("Storage"),
            stat("StandardStorage"),
            stat("StandardObjectCount")
        ),
        (1, 7, 7, 1)
    );
    bucket.append("b", 0, "123").send().expect(200);
    bucket.append("b", 3, "45").send().expect(200);
    bucket
        .put("c", "1")
        .header("x-oss-storage-class", "IA")
        .send()
        .expect(200);
    assert_eq!(
        (
            stat("ObjectCount"),
            stat("Storage"),
            stat("StandardStorage")
        ),
        (3, 13, 12)
    );
    assert_eq!(stat("InfrequentAccessObjectCount"), 1);
    bucket.put("a", "12").send().expect(200);
    bucket.delete("b").send().expect(204);
    bucket.delete("b").send().expect(204);
    assert_eq!((stat("ObjectCount"), stat("Storage")), (2, 3));
}

/// DeleteBucket: only an empty bucket can be removed, and its name is free again.
#[test]
fn delete() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket.put("k", "x").send().expect(200);
    let answer = bucket.ask("DELETE").send().refused(409, "BucketNotEmpty");
    assert_eq!(answer.error_text("BucketName"), bucket.name);
    assert_eq!(answer.error_text("EC"), "0015-00000301");
    bucket.delete("k").send().expect(204);
    bucket.append("k", 0, "").send().expect(200);
    bucket.ask("DELETE").send().refused(409, "BucketNotEmpty");
    bucket.delete("k").send().expect(204);
    assert!(bucket.ask("DELETE").send().expect(204).body.is_empty());
    for request in [
        bucket.ask("DELETE"),
        bucket.ask("GET"),
        bucket.ask("GET").flag("acl"),
        bucket.put("k", "x"),
        bucket.get("k"),
    ] {
        let answer = request.send().refused(404, "NoSuchBucket");
        assert_eq!(answer.error_text("EC"), "0015-00000101");
        assert_eq!(
            answer.error_text("Message"),
            "The specified bucket does not exist."
        );
        assert_eq!(answer.error_text("BucketName"), bucket.name);
    }
    bucket.ask("HEAD").send().refused(404, "NoSuchBucket");
    let other = bucket.client.with_key("otherkey", "other-secret");
    other.bucket("PUT", &bucket.name).send().expect(200);
    bucket.ask("GET").send().refused(403, "AccessDenied");
    // A new bucket of an old name is empty.
    let listed = bucket.by(&other).ask("GET").send().expect(200).xml();
    assert_eq!(listed.all("Contents").count(), 0);
}

/// PutBucketAcl, GetBucketAcl: all three values, and no fourth.
#[test]
fn acl() {
    let server = shared();
    let bucket = Bucket::new(&server);
    for acl in ["public-read", "public-read-write", "private"] {
        bucket
            .ask("PUT")
            .flag("acl")
            .header("x-oss-acl", acl)
            .send()
            .expect(200);
        let answer = bucket.ask("GET").flag("acl").send().expect(200).xml();
        assert_eq!(answer.text_at("AccessControlList/Grant"), acl);
        assert_eq!(
            (
                answer.name.as_str(),
                answer.text_at("Owner/DisplayName").is_empty()
            ),
            ("AccessControlPolicy", false)
        );
    }
    let answer = bucket
        .ask("PUT")
        .flag("acl")
        .header("x-oss-acl", "default")
        .send()
        .refused(400, "InvalidArgument");
    assert!(
        answer
            .error_text("Message")
            .contains("no such bucket access control exists"),
        "{answer:?}"
    );
    // An SDK test: setting the ACL of a bucket that is not there makes it.
    let name = unique_name("it");
    server
        .client()
        .bucket("PUT", &name)
        .flag("acl")
        .header("x-oss-acl", "public-read")
        .send()
        .expect(200);
    let made = server
        .client()
        .bucket("GET", &name)
        .flag("acl")
        .send()
        .expect(200)
        .xml();
    assert_eq!(made.text_at("AccessControlList/Grant"), "public-read");
}

/// ListBuckets: sorted, prefix, marker, pages, owner; and what the numbers may be.
#[test]
fn list() {
    let server = shared();
    let client = server.client().with_scheme(Scheme::V1Header);
    let prefix = unique_name("it-list");
    let mut names: Vec<String> = ["c", "a", "e", "b", "d"]
        .iter()
        .map(|end| format!("{prefix}-{end}"))
        .collect();
    for name in &names {
        client.bucket("PUT", name).send().expect(200);
    }
    names.sort();
    let page = |max: usize, marker: &str| {
        let answer = client
            .service("GET")
            .param("prefix", &prefix)
            .param("max-keys", max)
            .param("marker", marker);
        let xml = answer.send().expect(200).xml();
        assert_eq!(xml.name, "ListAllMyBucketsResult");
        let found: Vec<String> = xml
            .at("Buckets")
            .expect("Buckets")
            .all("Bucket")
            .map(|entry| entry.text_at("Name").to_owned())
            .collect();
        (found, xml)
    };
    let (all, xml) = page(1000, "");
    assert_eq!(all, names);
    assert_eq!(xml.get("IsTruncated").unwrap_or("false"), "false");
    assert_eq!(xml.get("NextMarker").unwrap_or(""), "");
    assert_eq!(xml.text_at("Owner/ID"), "1000000000000001");
    let entry = xml.at("Buckets/Bucket").unwrap();
    assert_eq!(entry.text_at("Location"), "oss-cn-hangzhou");
    assert_eq!(entry.text_at("Region"), "cn-hangzhou");
    assert_eq!(entry.text_at("StorageClass"), "Standard");

    let (mut marker, mut walked) = (String::new(), Vec::new());
    loop {
        let (found, xml) = page(2, &marker);
        assert!(found.len() <= 2);
        walked.extend(found);
        if xml.text_at("IsTruncated") == "false" {
            break;
        }
        assert_eq!(
            (xml.text_at("MaxKeys"), xml.text_at("Prefix")),
            ("2", prefix.as_str())
        );
        xml.text_at("NextMarker").clone_into(&mut marker);
        assert!(
            walked.len() < names.len(),
            "a last page that says there is more"
        );
    }
    assert_eq!(walked, names);
    assert_eq!(page(1000, &names[2]).0, names[3..]);
    for max in ["0", "1001", "-1", "x", "99999999999999999999"] {
        client
            .service("GET")
            .param("max-keys", max)
            .send()
            .refused(400, "InvalidArgument");
    }
    client
        .service("GET")
        .param("marker", "m".repeat(1024))
        .send()
        .refused(400, "InvalidArgument");
}

/// DescribeRegions: the list, one of it, and one that is none.
#[test]
fn regions() {
    let server = shared();
    let client = server.client();
    let all = client
        .service("GET")
        .flag("regions")
        .send()
        .expect(200)
        .xml();
    assert_eq!(all.name, "RegionInfoList");
    assert!(all.all("RegionInfo").count() > 1);
    let one = client
        .service("GET")
        .param("regions", "oss-cn-hangzhou")
        .send()
        .expect(200)
        .xml();
    assert_eq!(one.all("RegionInfo").count(), 1);
    assert_eq!(one.text_at("RegionInfo/Region"), "oss-cn-hangzhou");
    assert_eq!(
        one.text_at("RegionInfo/InternetEndpoint"),
        "oss-cn-hangzhou.aliyuncs.com"
    );
    assert_eq!(
        one.text_at("RegionInfo/InternalEndpoint"),
        "oss-cn-hangzhou-internal.aliyuncs.com"
    );
    assert_eq!(
        one.text_at("RegionInfo/AccelerateEndpoint"),
        "oss-accelerate.aliyuncs.com"
    );
    client
        .service("GET")
        .param("regions", "oss-atlantis")
        .send()
        .refused(404, "NoSuchRegion");
}

/// The bucket in the host: configured suffixes count, others do not, and neither port nor case matter.
#[test]
fn virtual_hosts() {
    let config = "domains = [\"localhost\", \"oss-*.aliyuncs.com\", \"store.example\"]\n";
    let server = Server::start(Settings {
        config: config.into(),
        ..Settings::default()
    });
    let bucket = Bucket::new(&server);
    bucket.put("dir/k", "x").send().expect(200);
    let name = &bucket.name;
    let port = server.addr().port();
    for host in [
        format!("{name}.localhost:{port}"),
        format!("{name}.localhost"),
        format!("{name}.LocalHost:{port}"),
        format!("{name}.oss-cn-hangzhou.aliyuncs.com"),
        format!("{name}.oss-cn-hangzhou-internal.aliyuncs.com:80"),
        format!("{name}.oss-accelerate.aliyuncs.com"),
        format!("{name}.store.example"),
    ] {
        assert_eq!(
            bucket
                .get("dir/k")
                .host(&host)
                .target_with_signature("/dir/k")
                .send()
                .expect(200)
                .body,
            b"x",
            "{host}"
        );
        let listed = bucket
            .ask("GET")
            .host(&host)
            .target_with_signature("/")
            .send()
            .expect(200)
            .xml();
        assert_eq!(listed.text_at("Name"), name, "{host}");
    }
    // A suffix alone is the service, and path style works there.
    for host in [
        "localhost",
        "oss-cn-hangzhou.aliyuncs.com",
        "127.0.0.1",
        "[::1]:80",
    ] {
        server
            .client()
            .service("GET")
            .host(host)
            .param("prefix", name)
            .send()
            .expect(200);
        bucket.get("dir/k").host(host).send().expect(200);
    }
    // Both styles at once address a key of that name.
    let odd = bucket
        .get("dir/k")
        .host(&format!("{name}.localhost"))
        .send();
    odd.refused(403, "SignatureDoesNotMatch");
}

/// Unknown parameters are ignored; sub-resources that are known but not offered never fall through to a listing or a creation.
#[test]
fn unknown_and_unsupported() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket.put("k", "x").send().expect(200);
    bucket
        .ask("GET")
        .param("prefixz", "x")
        .flag("nonsense")
        .send()
        .expect(200);
    let answer = bucket.ask("GET").flag("metaQuery").send();
    assert!(answer.status >= 400, "{answer:?}");
    assert!(
        matches!(
            answer.code().as_str(),
            "NotImplemented" | "MetaQueryNotExist"
        ),
        "{answer:?}"
    );
    let answer = bucket.ask("DELETE").flag("location").send();
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (405, "MethodNotAllowed"),
        "{answer:?}"
    );
    bucket.get("k").send().expect(200);
    bucket.ask("POST").body("x").send().expect(400);
}

/// The server's own answers live where no bucket can.
#[test]
fn health() {
    let server = shared();
    let answer = server
        .client()
        .anonymous()
        .service("GET")
        .target("/_ossicle/health")
        .send()
        .expect(200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let text = String::from_utf8(answer.body).expect("a text");
    let _: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let missing = server
        .client()
        .anonymous()
        .service("GET")
        .target("/_ossicle/nothing")
        .send();
    assert_eq!(missing.status, 404, "{missing:?}");
}
