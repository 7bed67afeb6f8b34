//! Pages of a bucket's website in place of objects that there are not.

use crate::support::fixture::Bucket;
use crate::support::server::shared;

fn put_website(bucket: &Bucket, index: &str, error: &str) {
    let text = format!("<WebsiteConfiguration>{index}{error}</WebsiteConfiguration>");
    let put = bucket.ask("PUT").flag("website").body(text);
    put.send().expect(200);
}

const INDEX: &str = "<IndexDocument><Suffix>index.html</Suffix></IndexDocument>";
const SUB_DIR: &str =
    "<IndexDocument><Suffix>index.html</Suffix><SupportSubDir>true</SupportSubDir></IndexDocument>";
const ERROR: &str = "<ErrorDocument><Key>error.html</Key></ErrorDocument>";

/// The index page stands for keys that end in a slash, signed or not; for the bucket itself only where nobody signed.
#[test]
fn index_pages() {
    let server = shared();
    let bucket = Bucket::with_acl(&server, "public-read");
    let visitor = bucket.by(&bucket.client.anonymous());
    bucket.put("index.html", "front").send().expect(200);
    bucket.put("a/index.html", "inner").send().expect(200);
    bucket.put("b/", "an object").send().expect(200);
    let read = |bucket: &Bucket, key: &str| bucket.get(key).send().expect(200).body;
    visitor.get("a/").send().refused(404, "NoSuchKey");

    put_website(&bucket, INDEX, "");
    for reader in [&bucket, &visitor] {
        assert_eq!(read(reader, "a/"), b"front");
        assert_eq!(read(reader, "c/"), b"front");
        assert_eq!(read(reader, "b/"), b"an object");
        reader.get("c").send().refused(404, "NoSuchKey");
    }
    assert_eq!(visitor.ask("GET").send().expect(200).body, b"front");
    let list = bucket.ask("GET").send().expect(200).xml();
    assert_eq!(list.name, "ListBucketResult");
    let list = visitor.ask("GET").param("prefix", "a").send();
    assert_eq!(list.expect(200).xml().name, "ListBucketResult");
    bucket
        .get("c/")
        .param("versionId", "null")
        .send()
        .expect(404);

    put_website(&bucket, SUB_DIR, "");
    assert_eq!(read(&visitor, "a/"), b"inner");
    visitor.get("c/").send().refused(404, "NoSuchKey");

    bucket.ask("DELETE").flag("website").send().expect(204);
    visitor.get("a/").send().refused(404, "NoSuchKey");
    let list = visitor.ask("GET").send().expect(200).xml();
    assert_eq!(list.name, "ListBucketResult");
}

/// The error page is for visitors; whoever signs is told what is missing. Neither page opens what is private.
#[test]
fn error_pages() {
    let server = shared();
    let bucket = Bucket::with_acl(&server, "public-read");
    let visitor = bucket.by(&bucket.client.anonymous());
    put_website(&bucket, INDEX, ERROR);
    visitor.get("c").send().refused(404, "NoSuchKey");
    bucket.put("error.html", "lost").send().expect(200);
    for key in ["c", "c/"] {
        // A page of an error has the status of one and not its document.
        let lost = visitor.get(key).send_unchecked();
        assert_eq!((lost.status, lost.body.as_slice()), (404, &b"lost"[..]));
    }
    bucket.get("c").send().refused(404, "NoSuchKey");
    let other = "<ErrorDocument><Key>error.html</Key><HttpStatus>200</HttpStatus></ErrorDocument>";
    put_website(&bucket, INDEX, other);
    assert_eq!(visitor.get("c").send().expect(200).body, b"lost");

    for key in ["index.html", "error.html"] {
        let put = bucket.put(key, "secret");
        let put = put.header("x-oss-object-acl", "private");
        put.send().expect(200);
    }
    visitor.get("c/").send().refused(403, "AccessDenied");
    visitor.get("c").send().refused(404, "NoSuchKey");
    visitor.ask("GET").send().refused(403, "AccessDenied");
}

/// PutBucketArchiveDirectRead opens objects of class Archive to GetObject, and no colder ones.
#[test]
fn archived_objects_are_read_directly() {
    let server = shared();
    let bucket = Bucket::new(&server);
    for class in ["Archive", "ColdArchive"] {
        let put = bucket
            .put(class, "cold")
            .header("x-oss-storage-class", class);
        put.send().expect(200);
        let get = bucket.get(class).send();
        get.refused(403, "InvalidObjectState");
    }
    for (enabled, status) in [("true", 200), ("false", 403)] {
        let text = format!(
            "<ArchiveDirectReadConfiguration><Enabled>{enabled}</Enabled></ArchiveDirectReadConfiguration>"
        );
        let put = bucket.ask("PUT").flag("bucketArchiveDirectRead");
        put.body(text).send().expect(200);
        bucket.get("Archive").send().expect(status);
        let colder = bucket.get("ColdArchive").send();
        colder.refused(403, "InvalidObjectState");
    }
}
