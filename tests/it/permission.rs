//! Who may do what with a right signature, and with none: anonymous callers by ACL, a second account, users with policies, and every row of
//! the operations table against every bad caller.

use ossicle::auth::Access;
use ossicle::http::address::Scope;
use ossicle::operation::{Operation, Selector};
use ossicle::ops::OPERATIONS;

use crate::auth_matrix::{assert_error, place};
use crate::support::client::{Client, Request};
use crate::support::fixture::Bucket;
use crate::support::server::{Server, Settings, shared};
use crate::support::signer::Scheme;

const BUCKET_ACL: &str = "You have no right to access this object because of bucket acl.";
const NO_ANONYMOUS: &str = "Anonymous access is forbidden for this operation.";

/// Anonymous callers by bucket ACL and object ACL: (bucket, object) → (read, write over it).
#[test]
fn anonymous_by_acl() {
    let server = shared();
    const CASES: &[(&str, &str, bool, bool)] = &[
        ("private", "default", false, false),
        ("private", "private", false, false),
        ("private", "public-read", true, false),
        ("private", "public-read-write", true, true),
        ("public-read", "default", true, false),
        ("public-read", "private", false, false),
        ("public-read", "public-read-write", true, true),
        ("public-read-write", "default", true, true),
        ("public-read-write", "public-read", true, false),
        ("public-read-write", "private", false, false),
    ];
    for (bucket_acl, object_acl, reads, writes) in CASES {
        let name = format!("{bucket_acl}/{object_acl}");
        let bucket = Bucket::with_acl(&server, bucket_acl);
        let anonymous = bucket.by(&bucket.client.anonymous());
        bucket
            .put("k", "x")
            .header("x-oss-object-acl", *object_acl)
            .send()
            .expect(200);
        for answer in [anonymous.get("k").send(), anonymous.head("k").send()] {
            if *reads {
                assert_eq!(answer.status, 200, "{name}");
            } else {
                assert_error(
                    &name,
                    &answer,
                    403,
                    "AccessDenied",
                    "0003-00000001",
                    "You have no right to access this object",
                    &[],
                );
            }
        }
        let put = anonymous.put("k", "y").send();
        assert_eq!(
            put.status,
            if *writes { 200 } else { 403 },
            "{name}: {put:?}"
        );
        // Only an owner may change or read ACLs of a private thing, and nobody anonymous may change any.
        anonymous
            .object("PUT", "k")
            .flag("acl")
            .header("x-oss-object-acl", "public-read-write")
            .send()
            .refused(403, "AccessDenied");
        anonymous
            .ask("PUT")
            .flag("acl")
            .header("x-oss-acl", "public-read-write")
            .send()
            .refused(403, "AccessDenied");
        anonymous.ask("DELETE").send().refused(403, "AccessDenied");
    }
}

/// What nobody may do without a name, whatever the ACL; and a listing where the ACL allows it.
#[test]
fn anonymous_at_bucket_and_service_level() {
    let server = shared();
    let anonymous = server.client().anonymous();
    let listing = anonymous.service("GET").send();
    assert_error(
        "ListBuckets",
        &listing,
        403,
        "AccessDenied",
        "0003-00000001",
        NO_ANONYMOUS,
        &[],
    );
    anonymous
        .bucket("PUT", "it-anonymous")
        .send()
        .refused(403, "AccessDenied");
    server
        .client()
        .bucket("GET", "it-anonymous")
        .flag("acl")
        .send()
        .refused(404, "NoSuchBucket");

    let private = place(&server);
    private
        .by(&anonymous)
        .ask("GET")
        .send()
        .refused(403, "AccessDenied");
    let answer = private.by(&anonymous).get("k").send();
    assert_error(
        "GET",
        &answer,
        403,
        "AccessDenied",
        "0003-00000001",
        BUCKET_ACL,
        &[],
    );
    // Whether a key exists is not told either.
    private
        .by(&anonymous)
        .get("missing")
        .send()
        .refused(403, "AccessDenied");
    private
        .by(&anonymous)
        .delete("k")
        .send()
        .refused(403, "AccessDenied");

    let open = Bucket::with_acl(&server, "public-read");
    open.put("k", "x").send().expect(200);
    open.by(&anonymous)
        .get("missing")
        .send()
        .refused(404, "NoSuchKey");
    let listed = open.by(&anonymous).ask("GET").send().expect(200).xml();
    assert_eq!(listed.all("Contents").count(), 1);
    // Overriding response headers is for those with a name.
    open.by(&anonymous)
        .get("k")
        .param("response-content-type", "a/b")
        .send()
        .refused(400, "InvalidRequest");
    open.by(&anonymous)
        .put("k", "y")
        .send()
        .refused(403, "AccessDenied");
    open.by(&anonymous)
        .delete("k")
        .send()
        .refused(403, "AccessDenied");
    let writable = Bucket::with_acl(&server, "public-read-write");
    writable.by(&anonymous).put("k", "y").send().expect(200);
    writable.by(&anonymous).delete("k").send().expect(204);
}

/// Another account has no more rights than the ACL gives, and cannot take a bucket's name.
#[test]
fn another_account() {
    let server = shared();
    let bucket = place(&server);
    for scheme in Scheme::ALL {
        let other = bucket
            .client
            .with_key("otherkey", "other-secret")
            .with_scheme(scheme);
        let name = format!("{scheme:?}");
        let foreign = bucket.by(&other);
        for request in [
            foreign.get("k"),
            foreign.head("k"),
            foreign.put("k", "x"),
            foreign.delete("k"),
            foreign.append("new", 0, "x"),
        ] {
            assert_error(
                &name,
                &request.send(),
                403,
                "AccessDenied",
                "0003-00000001",
                "",
                &[],
            );
        }
        for request in [
            foreign.ask("GET"),
            foreign.ask("GET").flag("acl"),
            foreign.ask("DELETE"),
            foreign.ask("GET").flag("bucketInfo"),
        ] {
            assert_error(
                &name,
                &request.send(),
                403,
                "AccessDenied",
                "0003-00000001",
                "",
                &[],
            );
        }
        let take = other.bucket("PUT", &bucket.name).send();
        assert_error(
            &name,
            &take,
            409,
            "BucketAlreadyExists",
            "0015-00000104",
            "The requested bucket name is not available",
            &[],
        );
        let listed = other.service("GET").send().expect(200).xml();
        let names: Vec<&str> = listed
            .at("Buckets")
            .expect("Buckets")
            .all("Bucket")
            .map(|entry| entry.text_at("Name"))
            .collect();
        assert!(
            !names.contains(&bucket.name.as_str()),
            "{name}: a foreign bucket is listed"
        );
        assert_eq!(listed.text_at("Owner/ID"), "1000000000000002");
    }
    assert_eq!(bucket.get("k").send().expect(200).body, b"secret");

    let public = Bucket::with_acl(&server, "public-read-write");
    let foreign = public.by(&bucket.client.with_key("otherkey", "other-secret"));
    foreign.put("theirs", "x").send().expect(200);
    foreign.get("theirs").send().expect(200);
    foreign.ask("GET").send().expect(200);
    foreign
        .ask("PUT")
        .flag("acl")
        .header("x-oss-acl", "private")
        .send()
        .refused(403, "AccessDenied");
    foreign.ask("DELETE").send().refused(403, "AccessDenied");

    // A copy needs the right to read the source as well.
    let own = Bucket::of(
        &bucket.client.with_key("otherkey", "other-secret"),
        "it",
        None,
    );
    let theft = own
        .object("PUT", "loot")
        .header("x-oss-copy-source", format!("/{}/k", bucket.name));
    theft.send().refused(403, "AccessDenied");
    own.assert_absent("loot");
}

/// A user of the account may do what its policy allows, and a denial wins.
#[test]
fn users_with_policies() {
    let server = shared();
    let bucket = place(&server);
    let as_user =
        |id: &str, secret: &str| -> Bucket { bucket.by(&bucket.client.with_key(id, secret)) };
    let reader = as_user("readerkey", "reader-secret");
    let appender = as_user("appenderkey", "appender-secret");
    let nobody = as_user("nobodykey", "nobody-secret");

    reader.get("k").send().expect(200);
    reader.head("k").send().expect(200);
    reader.ask("GET").send().expect(200);
    for request in [
        reader.put("k", "x"),
        reader.append("new", 0, "x"),
        reader.delete("k"),
        reader.ask("DELETE"),
        reader.get("k").flag("acl"),
    ] {
        let answer = request.send();
        assert_error(
            "reader",
            &answer,
            403,
            "AccessDenied",
            "0003-00000201",
            "",
            &[("AccessDeniedDetail", None)],
        );
        let detail = answer
            .error()
            .and_then(|error| error.child("AccessDeniedDetail").cloned())
            .expect("a detail");
        assert!(
            detail.text_at("AuthAction").starts_with("oss:"),
            "{detail:?}"
        );
        assert_eq!(detail.text_at("AuthPrincipalOwnerId"), "1000000000000001");
        assert_eq!(detail.text_at("NoPermissionType"), "ImplicitDeny");
    }
    reader.put("k", "x").send().refused(403, "AccessDenied");

    appender.append("logs/a", 0, "one").send().expect(200);
    appender.append("logs/a", 3, "two").send().expect(200);
    appender.put("logs/b", "x").send().expect(200);
    appender
        .append("logs/secret/a", 0, "x")
        .send()
        .refused(403, "AccessDenied");
    appender
        .append("elsewhere", 0, "x")
        .send()
        .refused(403, "AccessDenied");
    appender.get("logs/a").send().refused(403, "AccessDenied");
    appender
        .delete("logs/a")
        .send()
        .refused(403, "AccessDenied");
    appender.ask("GET").send().refused(403, "AccessDenied");
    bucket.assert_holds("logs/a", "Appendable", b"onetwo");
    bucket.assert_absent("logs/secret/a");

    for request in [
        nobody.get("k"),
        nobody.put("k", "x"),
        nobody.ask("GET"),
        nobody.client.service("GET"),
    ] {
        request.send().refused(403, "AccessDenied");
    }
    // The user's name and wrong secret: still a signature question, not one of permission.
    let wrong: Client = bucket.client.with_key("readerkey", "wrong");
    bucket
        .get("k")
        .by(&wrong)
        .send()
        .refused(403, "SignatureDoesNotMatch");
    // A tag in the header of an append is another permission (R13).
    appender
        .append("logs/tagged", 0, "x")
        .header("x-oss-tagging", "a=1")
        .send()
        .refused(403, "AccessDenied");
    bucket.assert_absent("logs/tagged");
}

/// A version named in a write does not change whose ACL counts: the write goes to the object all the same.
#[test]
fn a_named_version_opens_no_write() {
    let server = shared();
    let bucket = Bucket::with_acl(&server, "public-read-write");
    bucket.set_versioning("Enabled");
    let put = |key: &str, acl: &str| {
        let put = bucket.put(key, "secret").header("x-oss-object-acl", acl);
        let answer = put.send().expect(200);
        answer
            .header("x-oss-version-id")
            .expect("a version")
            .to_owned()
    };
    let open = put("k", "public-read-write");
    put("k", "private");
    let foreign = put("other", "public-read-write");
    let anonymous = bucket.by(&bucket.client.anonymous());
    let source = format!("/{}/other", bucket.name);
    for version in ["null", "no-version", "", &open, &foreign] {
        for request in [
            anonymous.put("k", "taken"),
            anonymous
                .object("PUT", "k")
                .header("x-oss-copy-source", &source),
            anonymous.object("POST", "k").flag("uploads"),
            anonymous.object("PUT", "k").flag("tagging").body(
                "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>",
            ),
        ] {
            request
                .param("versionId", version)
                .send()
                .refused(403, "AccessDenied");
        }
    }
    assert_eq!(bucket.get("k").send().expect(200).body, b"secret");
}

/// A request that the table would give to this row, on `bucket` and its key `k`.
fn request_for(row: &Operation, bucket: &Bucket) -> Request {
    let method = row.method.as_str();
    let mut request = match row.scope {
        Scope::Service => bucket.client.service(method),
        Scope::Bucket => bucket.ask(method),
        Scope::Object => bucket.object(method, "k"),
    };
    for selector in row.selectors {
        request = match *selector {
            Selector::Query(name) => request.flag(name),
            Selector::QueryValue(name, value) => request.param(name, value),
            Selector::Header("x-oss-copy-source") => {
                request.header("x-oss-copy-source", format!("/{}/k", bucket.name))
            }
            Selector::Header(name) => request.header(name, "x"),
            Selector::ContentType(kind) => request.header("Content-Type", kind),
        };
    }
    if row.access == Access::EachKey {
        // Permission is asked for each key that the document names.
        request = request.body("<Delete><Object><Key>k</Key></Object></Delete>");
    }
    request.param("position", 0)
}

/// Every row of the operations table with every kind of bad caller: none gets through, and nothing has changed afterwards. Whether an
/// operation is offered makes no difference.
#[test]
fn every_operation_refuses_every_bad_caller() {
    let server = shared();
    let bucket = place(&server);
    let before = bucket.state("k");
    let client = bucket.client.with_scheme(Scheme::V1Header);
    let callers: [(&str, Client, i64, &str); 5] = [
        (
            "a wrong secret",
            client.with_key("ossicle", "wrong"),
            0,
            "SignatureDoesNotMatch",
        ),
        (
            "an unknown key",
            client.with_key("nobodyknowsme", "x"),
            0,
            "InvalidAccessKeyId",
        ),
        (
            "a stale date",
            client.clone(),
            -3600,
            "RequestTimeTooSkewed",
        ),
        ("nobody", client.anonymous(), 0, "AccessDenied"),
        (
            "a user without a policy",
            client.with_key("nobodykey", "nobody-secret"),
            0,
            "AccessDenied",
        ),
    ];
    let mut connection = client.connect();
    let mut asked = 0;
    for row in OPERATIONS {
        // A preflight and a form are not signed like this; forms are tested in post_object and sts.
        if matches!(row.access, Access::Public | Access::Form) {
            continue;
        }
        for (caller, client, shift, code) in &callers {
            let answer = request_for(row, &bucket)
                .by(client)
                .shifted(*shift)
                .send_on(&mut connection);
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (403, *code),
                "{} by {caller}: {answer:?}",
                row.name
            );
            asked += 1;
        }
        if row.scope != Scope::Service {
            let stranger = client.with_key("otherkey", "other-secret");
            let answer = request_for(row, &bucket)
                .by(&stranger)
                .send_on(&mut connection);
            let taken =
                row.access == Access::CreateBucket && answer.code() == "BucketAlreadyExists";
            assert!(
                taken || (answer.status, answer.code().as_str()) == (403, "AccessDenied"),
                "{} by a stranger: {answer:?}",
                row.name
            );
        }
    }
    assert!(asked > 500, "only {asked} requests");
    bucket.state("k").assert_same(&before);
    let listed = bucket.ask("GET").send().expect(200).xml();
    assert_eq!(listed.all("Contents").count(), 1);
    assert_eq!(
        bucket
            .ask("GET")
            .flag("acl")
            .send()
            .expect(200)
            .xml()
            .text_at("AccessControlList/Grant"),
        "private"
    );
}

/// Every row by every scheme, header and URL: the same answer, so each operation can be presigned, and none is refused for the way it is
/// signed. A bucket for each request, as some of them end it; no more buckets than an account may have.
#[test]
fn every_operation_takes_every_signature() {
    let server = Server::start(Settings::default());
    let (mut asked, mut wrong) = (0, Vec::new());
    for row in OPERATIONS {
        if matches!(row.access, Access::Public | Access::Form) {
            continue;
        }
        let mut expected = None;
        for scheme in Scheme::ALL {
            let bucket = place(&server);
            let client = bucket.client.with_scheme(scheme);
            let answer = request_for(row, &bucket).by(&client).send();
            let got = (answer.status, answer.code());
            let refused = [
                "SignatureDoesNotMatch",
                "AccessDenied",
                "InvalidAccessKeyId",
            ];
            if refused.contains(&got.1.as_str()) {
                wrong.push(format!("{} by {scheme:?}: {got:?}", row.name));
            }
            let first = expected.get_or_insert_with(|| got.clone());
            if *first != got {
                wrong.push(format!("{} by {scheme:?}: {got:?} for {first:?}", row.name));
            }
            asked += 1;
            bucket.delete("k").send();
            bucket.ask("DELETE").send();
        }
    }
    assert!(asked > 900, "only {asked} requests");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
