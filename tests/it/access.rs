//! Bucket policies with their conditions, requester pays and the public access blocks (GetPublicAccessBlock, PutPublicAccessBlock,
//! DeletePublicAccessBlock), asked over HTTP; and that the log tells which rule decided.

use crate::support::client::{Client, Request, Response};
use crate::support::fixture::Bucket;
use crate::support::server::{Server, Settings, shared};

/// Who asks.
#[derive(Clone, Copy, Debug)]
enum Who {
    Owner,
    Other,
    Nobody,
}

impl Who {
    fn client(self, owner: &Client) -> Client {
        match self {
            Self::Owner => owner.clone(),
            Self::Other => owner.with_key("otherkey", "other-secret"),
            Self::Nobody => owner.anonymous(),
        }
    }
}

/// What they ask for.
#[derive(Clone, Copy, Debug)]
enum What {
    /// GetObject of `k`.
    Get,
    /// GetObject of `dir/k`.
    GetBelow,
    /// GetObject with a User-Agent.
    GetAs(&'static str),
    Put,
    /// ListObjects with a prefix, or without.
    List(Option<&'static str>),
    Policy,
    /// ListMultipartUploads.
    Uploads,
}

impl What {
    fn request(self, bucket: &Bucket) -> Request {
        match self {
            Self::Get => bucket.get("k"),
            Self::GetBelow => bucket.get("dir/k"),
            Self::GetAs(agent) => bucket.get("k").header("User-Agent", agent),
            Self::Put => bucket.put("new", "x"),
            Self::List(None) => bucket.ask("GET"),
            Self::List(Some(prefix)) => bucket.ask("GET").param("prefix", prefix),
            Self::Policy => bucket.ask("GET").flag("policy"),
            Self::Uploads => bucket.ask("GET").flag("uploads"),
        }
    }
}

use What::{Get, GetAs, GetBelow, List, Policy, Put, Uploads};
use Who::{Nobody, Other, Owner};

/// (what the row shows, the statements, what comes of it). `{b}` is the bucket.
const POLICIES: &[(&str, &str, &[(Who, What, u16)])] = &[
    (
        "uploads are listed for whom a policy names",
        r#"{"Effect":"Allow","Action":"oss:ListMultipartUploads","Principal":["1000000000000002"],"Resource":["acs:oss:*:*:{b}"]}"#,
        &[
            (Other, Uploads, 200),
            (Nobody, Uploads, 403),
            (Owner, Uploads, 200),
        ],
    ),
    (
        "Principal *: everybody, and only the action named",
        r#"{"Effect":"Allow","Action":"oss:GetObject","Principal":["*"],"Resource":["acs:oss:*:*:{b}/*"]}"#,
        &[
            (Nobody, Get, 200),
            (Other, Get, 200),
            (Nobody, Put, 403),
            (Nobody, List(None), 403),
        ],
    ),
    (
        "Principal: one account",
        r#"{"Effect":"Allow","Action":["oss:GetObject"],"Principal":["1000000000000002"],"Resource":["acs:oss:*:*:{b}/*"]}"#,
        &[(Nobody, Get, 403), (Other, Get, 200), (Other, Put, 403)],
    ),
    (
        "Resource: one key",
        r#"{"Effect":"Allow","Action":"oss:GetObject","Principal":["*"],"Resource":["acs:oss:*:1000000000000001:{b}/k"]}"#,
        &[(Other, Get, 200), (Other, GetBelow, 403)],
    ),
    (
        "IpAddress holds",
        r#"{"Effect":"Allow","Action":"oss:GetObject","Principal":["*"],"Resource":["acs:oss:*:*:{b}/*"],"Condition":{"IpAddress":{"acs:SourceIp":["127.0.0.0/8"]}}}"#,
        &[(Nobody, Get, 200), (Other, Get, 200)],
    ),
    (
        "IpAddress does not hold",
        r#"{"Effect":"Allow","Action":"oss:GetObject","Principal":["*"],"Resource":["acs:oss:*:*:{b}/*"],"Condition":{"IpAddress":{"acs:SourceIp":["10.0.0.0/8"]}}}"#,
        &[(Nobody, Get, 403), (Other, Get, 403)],
    ),
    (
        "NotIpAddress denies even the owner",
        r#"{"Effect":"Deny","Action":"oss:GetObject","Principal":["*"],"Resource":["acs:oss:*:*:{b}/*"],"Condition":{"NotIpAddress":{"acs:SourceIp":["10.0.0.0/8"]}}}"#,
        &[(Owner, Get, 403), (Owner, Policy, 200)],
    ),
    (
        "acs:SecureTransport true over plain HTTP",
        r#"{"Effect":"Allow","Action":"oss:GetObject","Principal":["*"],"Resource":["acs:oss:*:*:{b}/*"],"Condition":{"Bool":{"acs:SecureTransport":["true"]}}}"#,
        &[(Nobody, Get, 403), (Other, Get, 403), (Owner, Get, 200)],
    ),
    (
        "a denial of plain HTTP",
        r#"{"Effect":"Deny","Action":"oss:*","Principal":["*"],"Resource":["acs:oss:*:*:{b}","acs:oss:*:*:{b}/*"],"Condition":{"Bool":{"acs:SecureTransport":["false"]}}}"#,
        &[
            (Owner, Get, 403),
            (Owner, List(None), 403),
            (Owner, Policy, 200),
        ],
    ),
    (
        "oss:Prefix equal",
        r#"{"Effect":"Allow","Action":"oss:ListObjects","Principal":["*"],"Resource":["acs:oss:*:*:{b}"],"Condition":{"StringEquals":{"oss:Prefix":["dir/"]}}}"#,
        &[
            (Other, List(Some("dir/")), 200),
            (Other, List(Some("d")), 403),
            (Other, List(None), 403),
            (Other, GetBelow, 403),
        ],
    ),
    (
        "oss:Prefix like",
        r#"{"Effect":"Allow","Action":"oss:ListObjects","Principal":["*"],"Resource":["acs:oss:*:*:{b}"],"Condition":{"StringLike":{"oss:Prefix":["dir/*"]}}}"#,
        &[
            (Other, List(Some("dir/sub/")), 200),
            (Other, List(Some("other/")), 403),
        ],
    ),
    (
        "acs:UserAgent, and a denial wins over a permission",
        r#"{"Effect":"Allow","Action":"oss:GetObject","Principal":["*"],"Resource":["acs:oss:*:*:{b}/*"]},
           {"Effect":"Deny","Action":"oss:GetObject","Principal":["*"],"Resource":["acs:oss:*:*:{b}/*"],"Condition":{"StringLike":{"acs:UserAgent":["bad*"]}}}"#,
        &[
            (Other, Get, 200),
            (Other, GetAs("bad/1"), 403),
            (Owner, GetAs("bad/1"), 403),
        ],
    ),
    (
        "acs:CurrentTime: a permission that has ended",
        r#"{"Effect":"Allow","Action":"oss:GetObject","Principal":["*"],"Resource":["acs:oss:*:*:{b}/*"],"Condition":{"DateLessThan":{"acs:CurrentTime":["2020-01-01T00:00:00Z"]}}}"#,
        &[(Other, Get, 403)],
    ),
    (
        "two conditions must both hold",
        r#"{"Effect":"Allow","Action":"oss:GetObject","Principal":["*"],"Resource":["acs:oss:*:*:{b}/*"],"Condition":{"IpAddress":{"acs:SourceIp":["127.0.0.1"]},"Bool":{"acs:SecureTransport":["true"]}}}"#,
        &[(Other, Get, 403)],
    ),
];

fn set_policy(bucket: &Bucket, statements: &str) -> Response {
    let document = format!(r#"{{"Version":"1","Statement":[{statements}]}}"#);
    let document = document.replace("{b}", &bucket.name);
    bucket.ask("PUT").flag("policy").body(document).send()
}

/// PutBucketPolicy: principals, actions, resources and conditions, each row with those who get in and those who do not.
#[test]
fn bucket_policies() {
    let server = shared();
    let mut wrong = Vec::new();
    for (name, statements, asked) in POLICIES {
        let bucket = Bucket::new(&server);
        bucket.put("k", "x").send().expect(200);
        bucket.put("dir/k", "x").send().expect(200);
        for who in [Other, Nobody] {
            let by = bucket.by(&who.client(&bucket.client));
            by.get("k").send().refused(403, "AccessDenied");
        }
        set_policy(&bucket, statements).expect(200);
        for (who, what, status) in *asked {
            let answer = what.request(&bucket.by(&who.client(&bucket.client))).send();
            if answer.status != *status {
                wrong.push(format!(
                    "{name}: {who:?} {what:?}: {} for {status}",
                    answer.status
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Documents that are no policies are refused whole, whatever their size or depth; the policy that stood stays.
#[test]
fn policies_that_are_none() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let good = r#"{"Effect":"Allow","Action":"oss:GetObject","Principal":["*"],"Resource":["acs:oss:*:*:{b}/*"]}"#;
    set_policy(&bucket, good).expect(200);
    let before = bucket.ask("GET").flag("policy").send().expect(200).body;
    let deep = format!(
        r#"{{"Version":"1","Statement":[{}1{}]}}"#,
        "[".repeat(4000),
        "]".repeat(4000)
    );
    let long = format!(
        r#"{{"Version":"1","Statement":[{{"Effect":"Allow","Action":"oss:GetObject","Principal":["*"],"Resource":["acs:oss:*:*:b/{}"]}}]}}"#,
        "k".repeat(17_000)
    );
    let bad = [
        "",
        "{}",
        "[]",
        "null",
        "\"",
        "{\"Version\":\"2\",\"Statement\":[]}",
        r#"{"Version":"1","Statement":[{"Effect":"Maybe","Action":"oss:*","Principal":["*"],"Resource":["*"]}]}"#,
        r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"oss:*","Principal":["*"],"Resource":["*"],"Unknown":1}]}"#,
        r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"oss:*","Principal":["*"],"Resource":["*"],"Condition":{"Guess":{"acs:SourceIp":["::1"]}}}]}"#,
        deep.as_str(),
        long.as_str(),
    ];
    for document in bad {
        let answer = bucket.ask("PUT").flag("policy").body(document).send();
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "InvalidPolicyDocument"),
            "{document:.120}"
        );
    }
    assert_eq!(
        bucket.ask("GET").flag("policy").send().expect(200).body,
        before
    );
}

/// Requester pays (errors.md §3, §4.1): another account reads when it agrees to be charged, and is told that it was.
#[test]
fn requester_pays() {
    let server = shared();
    let bucket = Bucket::with_acl(&server, "public-read");
    bucket.put("k", "x").send().expect(200);
    let document =
        "<RequestPaymentConfiguration><Payer>Requester</Payer></RequestPaymentConfiguration>";
    bucket
        .ask("PUT")
        .flag("requestPayment")
        .body(document)
        .send()
        .expect(200);
    let payer = |request: Request| request.header("x-oss-request-payer", "requester");
    let other = bucket.by(&Other.client(&bucket.client));
    let nobody = bucket.by(&Nobody.client(&bucket.client));
    let refused = other.get("k").send().refused(403, "AccessDenied");
    assert_eq!(refused.error_text("EC"), "0003-00000703");
    assert_eq!(
        refused.error_text("Message"),
        "Access denied for requester pay bucket"
    );
    other.head("k").send().refused(403, "AccessDenied");
    other.ask("GET").send().refused(403, "AccessDenied");
    let agreed = [
        payer(other.get("k")),
        payer(other.head("k")),
        payer(other.ask("GET")),
        other.get("k").param("x-oss-request-payer", "requester"),
    ];
    for request in agreed {
        let answer = request.send().expect(200);
        assert_eq!(
            answer.header("x-oss-request-charged"),
            Some("requester"),
            "{answer:?}"
        );
    }
    other
        .get("k")
        .header("x-oss-request-payer", "somebody")
        .send()
        .refused(403, "AccessDenied");
    // Nobody can be charged who has no name.
    payer(nobody.get("k")).send().refused(403, "AccessDenied");
    let own = payer(bucket.get("k")).send().expect(200);
    assert_eq!(own.header("x-oss-request-charged"), None);
}

fn block(request: Request, on: bool) -> Response {
    request
        .flag("publicAccessBlock")
        .body(format!(
            "<PublicAccessBlockConfiguration><BlockPublicAccess>{on}</BlockPublicAccess></PublicAccessBlockConfiguration>"
        ))
        .send()
}

/// What a block refuses: public ACLs of buckets and objects by every way to set one, and a policy for everybody.
fn assert_refuses_public(bucket: &Bucket) {
    let acl = "x-oss-object-acl";
    let public = "public-read";
    let upload = bucket
        .object("POST", "m")
        .flag("uploads")
        .send()
        .expect(200);
    let upload = upload.xml().text_at("UploadId").to_owned();
    bucket
        .put("m", "x")
        .param("partNumber", 1)
        .param("uploadId", &upload)
        .send()
        .expect(200);
    let requests = [
        bucket.ask("PUT").flag("acl").header("x-oss-acl", public),
        bucket.ask("PUT").header("x-oss-acl", public),
        bucket.object("PUT", "k").flag("acl").header(acl, public),
        bucket.put("new", "x").header(acl, public),
        bucket.append("new", 0, "x").header(acl, public),
        bucket.copy("k", "new").header(acl, public),
        bucket
            .object("PUT", "new")
            .flag("symlink")
            .header("x-oss-symlink-target", "k")
            .header(acl, public),
        bucket
            .object("POST", "m")
            .param("uploadId", &upload)
            .header("x-oss-complete-all", "yes")
            .header(acl, public),
    ];
    for request in requests {
        request.send().refused(403, "AccessDenied");
    }
    bucket.assert_absent("new");
    let all = r#"{"Effect":"Allow","Action":"oss:GetObject","Principal":["*"],"Resource":["acs:oss:*:*:{b}/*"]}"#;
    set_policy(bucket, all).refused(403, "AccessDenied");
    let one = r#"{"Effect":"Allow","Action":"oss:GetObject","Principal":["1000000000000001","1000000000000002"],"Resource":["acs:oss:*:*:{b}/*"]}"#;
    set_policy(bucket, one).expect(200);
    bucket.ask("DELETE").flag("policy").send().expect(204);
}

/// A block of one bucket, and one of an account: what was public is not, what would be is refused, and lifting it restores what was.
#[test]
fn public_access_blocks() {
    // The account's block reaches all its buckets: no server to share.
    let server = Server::start(Settings::default());
    let owner = server.client();
    let bucket = Bucket::with_acl(&server, "public-read");
    bucket.put("k", "x").send().expect(200);
    let nobody = bucket.by(&owner.anonymous());
    let other = Bucket::of(&Other.client(&owner), "it", Some("public-read"));
    other.put("k", "x").send().expect(200);
    let service = |method: &str| owner.service(method);
    let shown = || {
        let answer = service("GET").flag("publicAccessBlock").send().expect(200);
        let xml = answer.xml();
        assert_eq!(xml.name, "PublicAccessBlockConfiguration");
        xml.text_at("BlockPublicAccess").to_owned()
    };
    nobody.get("k").send().expect(200);
    assert_eq!(shown(), "false");

    block(bucket.ask("PUT"), true).expect(200);
    nobody.get("k").send().refused(403, "AccessDenied");
    assert_refuses_public(&bucket);
    bucket
        .ask("DELETE")
        .flag("publicAccessBlock")
        .send()
        .expect(204);
    nobody.get("k").send().expect(200);

    block(service("PUT"), true).expect(200);
    assert_eq!(shown(), "true");
    nobody.get("k").send().refused(403, "AccessDenied");
    nobody.ask("GET").send().refused(403, "AccessDenied");
    assert_refuses_public(&bucket);
    let born = owner
        .bucket("PUT", "it-born-public")
        .header("x-oss-acl", "public-read");
    born.send().refused(403, "AccessDenied");
    owner
        .bucket("GET", "it-born-public")
        .flag("acl")
        .send()
        .refused(404, "NoSuchBucket");
    // Another account's buckets are its own affair.
    other.by(&owner.anonymous()).get("k").send().expect(200);
    let theirs = Other
        .client(&owner)
        .service("GET")
        .flag("publicAccessBlock")
        .send();
    assert_eq!(
        theirs.expect(200).xml().text_at("BlockPublicAccess"),
        "false"
    );

    for _ in 0..2 {
        service("DELETE")
            .flag("publicAccessBlock")
            .send()
            .expect(204);
    }
    assert_eq!(shown(), "false");
    nobody.get("k").send().expect(200);
    for document in ["", "<a/>", "<PublicAccessBlockConfiguration/>"] {
        service("PUT")
            .flag("publicAccessBlock")
            .body(document)
            .send()
            .refused(400, "MalformedXML");
    }
    for by in [
        owner.anonymous(),
        owner.with_key("nobodykey", "nobody-secret"),
    ] {
        block(by.service("PUT"), true).refused(403, "AccessDenied");
    }
    assert_eq!(shown(), "false");
}

/// At debug level the log names the rule that decided: the owner, the ACL, the number of a statement, or that none spoke.
#[test]
fn the_log_tells_which_rule_decided() {
    let server = Server::start(Settings {
        args: vec!["--log".to_owned(), "ossicle=debug".to_owned()],
        ..Settings::default()
    });
    let bucket = Bucket::new(&server);
    bucket.put("k", "x").send().expect(200);
    let statements = r#"{"Effect":"Allow","Action":"oss:PutObject","Principal":["*"],"Resource":["acs:oss:*:*:{b}/up/*"]},
        {"Effect":"Allow","Action":"oss:GetObject","Principal":["1000000000000002"],"Resource":["acs:oss:*:*:{b}/*"]},
        {"Effect":"Deny","Action":"oss:GetObject","Principal":["*"],"Resource":["acs:oss:*:*:{b}/deny/*"]}"#;
    set_policy(&bucket, statements).expect(200);
    let client = |id: &str, secret: &str| bucket.by(&bucket.client.with_key(id, secret));
    let cases = [
        (bucket.clone(), "k", 200, "Ok(Owner)"),
        (
            client("otherkey", "other-secret"),
            "k",
            200,
            "Ok(Bucket { statement: 1 })",
        ),
        (
            bucket.clone(),
            "deny/k",
            403,
            "Err(Bucket { statement: 2 })",
        ),
        (
            client("readerkey", "reader-secret"),
            "k",
            200,
            "Ok(Identity { statement: 0 })",
        ),
        (
            client("nobodykey", "nobody-secret"),
            "k",
            403,
            "Err(NoIdentityStatement)",
        ),
        (bucket.by(&bucket.client.anonymous()), "k", 403, "Err(Acl)"),
    ];
    for (by, key, status, decision) in cases {
        let before = server.log().len();
        by.get(key).send().expect(status);
        let found =
            crate::support::wait_for("the decision", std::time::Duration::from_secs(5), || {
                let log = server.log();
                let line = log[before..].iter().find(|line| {
                    line.contains("permission")
                        && line.contains(&format!("bucket=\"{}\"", bucket.name))
                });
                line.cloned()
            });
        assert!(
            found.contains(&format!("decision={decision}")),
            "{decision}: {found}"
        );
    }
}
