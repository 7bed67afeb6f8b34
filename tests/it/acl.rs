//! PutObjectAcl and GetObjectAcl (operations.md E.12). What ACLs allow is in `auth_matrix`.

use crate::support::fixture::Bucket;
use crate::support::next_second;
use crate::support::server::shared;

/// All four values, the default of new objects, and that nothing else of the object moves.
#[test]
fn values() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket
        .put("k", "x")
        .header("x-oss-meta-a", "1")
        .send()
        .expect(200);
    bucket.append("a", 0, "x").send().expect(200);
    next_second();
    for key in ["k", "a"] {
        let before = bucket.state(key);
        assert_eq!(bucket.acl_of(key), "default");
        for acl in ["public-read", "public-read-write", "private", "default"] {
            let answer = bucket
                .object("PUT", key)
                .flag("acl")
                .header("x-oss-object-acl", acl)
                .send()
                .expect(200);
            assert!(answer.body.is_empty());
            assert_eq!(bucket.acl_of(key), acl);
        }
        bucket.state(key).assert_same(&before);
    }
    let answer = bucket.get("k").flag("acl").send().expect(200).xml();
    assert_eq!(answer.name, "AccessControlPolicy");
    assert_eq!(answer.text_at("Owner/ID"), "1000000000000001");
    assert!(!answer.text_at("Owner/DisplayName").is_empty());
}

/// No value, a wrong one, and an object that is not there.
#[test]
fn refusals() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket.put("k", "x").send().expect(200);
    let before = bucket.state("k");
    bucket
        .object("PUT", "k")
        .flag("acl")
        .header("x-oss-object-acl", "everybody")
        .send()
        .refused(400, "InvalidArgument");
    let none = bucket.object("PUT", "k").flag("acl").send().expect(400);
    assert!(
        matches!(none.code().as_str(), "InvalidArgument" | "MissingArgument"),
        "{none:?}"
    );
    bucket.state("k").assert_same(&before);
    bucket
        .object("PUT", "missing")
        .flag("acl")
        .header("x-oss-object-acl", "private")
        .send()
        .refused(404, "NoSuchKey");
    bucket
        .get("missing")
        .flag("acl")
        .send()
        .refused(404, "NoSuchKey");
    bucket.assert_absent("missing");
}

/// An overwritten or copied object starts with its own ACL, not with the old one's.
#[test]
fn acl_belongs_to_the_object() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket
        .put("k", "x")
        .header("x-oss-object-acl", "public-read")
        .send()
        .expect(200);
    bucket.put("k", "y").send().expect(200);
    assert_eq!(bucket.acl_of("k"), "default");
    bucket
        .put("k", "y")
        .header("x-oss-object-acl", "public-read")
        .send()
        .expect(200);
    bucket.delete("k").send().expect(204);
    bucket.put("k", "z").send().expect(200);
    assert_eq!(bucket.acl_of("k"), "default");
}
