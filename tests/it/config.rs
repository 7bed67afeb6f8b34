//! Bucket configurations: each is put, read back, replaced, removed, missed and refused (operations.md C and D). The rows name the operations,
//! so that the matrix test sees them covered.

use std::time::Duration;

use crate::support::fixture::Bucket;
use crate::support::server::{Server, Settings, shared};
use crate::support::wait_for;

/// What the bucket answers when there is no such configuration.
#[derive(Clone, Copy)]
enum Unset {
    /// 404 with this code.
    Missing(&'static str),
    /// 200, with this text at this path.
    Says(&'static str, &'static str),
    /// 200, whatever it says.
    Anything,
}

struct Row {
    /// The operations that this row exercises.
    operations: &'static str,
    /// Sub-resource.
    name: &'static str,
    unset: Unset,
    document: &'static str,
    /// Elements of the answer to GET with their texts.
    reads: &'static [(&'static str, &'static str)],
    /// Whether DELETE is offered.
    deletes: bool,
    /// A document that is refused, and with which code.
    bad: (&'static str, &'static str),
}

const ROWS: &[Row] = &[
    Row {
        operations: "PutBucketVersioning GetBucketVersioning",
        name: "versioning",
        unset: Unset::Anything,
        document: "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>",
        reads: &[("Status", "Enabled")],
        deletes: false,
        bad: (
            "<VersioningConfiguration><Status>Maybe</Status></VersioningConfiguration>",
            "MalformedXML",
        ),
    },
    Row {
        operations: "PutBucketRequestPayment GetBucketRequestPayment",
        name: "requestPayment",
        unset: Unset::Says("Payer", "BucketOwner"),
        document: "<RequestPaymentConfiguration><Payer>Requester</Payer></RequestPaymentConfiguration>",
        reads: &[("Payer", "Requester")],
        deletes: false,
        bad: (
            "<RequestPaymentConfiguration><Payer>Nobody</Payer></RequestPaymentConfiguration>",
            "MalformedXML",
        ),
    },
    Row {
        operations: "PutBucketLifecycle GetBucketLifecycle DeleteBucketLifecycle",
        name: "lifecycle",
        unset: Unset::Missing("NoSuchLifecycle"),
        document: "<LifecycleConfiguration><Rule><ID>r</ID><Prefix>p/</Prefix><Status>Enabled</Status>\
                   <Expiration><Days>7</Days></Expiration></Rule></LifecycleConfiguration>",
        reads: &[
            ("Rule/ID", "r"),
            ("Rule/Prefix", "p/"),
            ("Rule/Status", "Enabled"),
            ("Rule/Expiration/Days", "7"),
        ],
        deletes: true,
        bad: ("<This is a bad xml></bad as I am>", "MalformedXML"),
    },
    Row {
        operations: "PutBucketCors GetBucketCors DeleteBucketCors",
        name: "cors",
        unset: Unset::Missing("NoSuchCORSConfiguration"),
        document: "<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>PUT</AllowedMethod>\
                   <AllowedMethod>GET</AllowedMethod><AllowedHeader>x-a</AllowedHeader><MaxAgeSeconds>9</MaxAgeSeconds></CORSRule></CORSConfiguration>",
        reads: &[
            ("CORSRule/AllowedOrigin", "*"),
            ("CORSRule/AllowedMethod", "PUT"),
            ("CORSRule/MaxAgeSeconds", "9"),
            ("ResponseVary", "false"),
        ],
        deletes: true,
        bad: (
            "<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin></CORSRule>",
            "MalformedXML",
        ),
    },
    Row {
        operations: "PutBucketWebsite GetBucketWebsite DeleteBucketWebsite",
        name: "website",
        unset: Unset::Missing("NoSuchWebsiteConfiguration"),
        document: "<WebsiteConfiguration><IndexDocument><Suffix>index.html</Suffix></IndexDocument>\
                   <ErrorDocument><Key>404.html</Key></ErrorDocument></WebsiteConfiguration>",
        reads: &[
            ("IndexDocument/Suffix", "index.html"),
            ("ErrorDocument/Key", "404.html"),
        ],
        deletes: true,
        bad: ("<WebsiteConfiguration>", "MalformedXML"),
    },
    Row {
        operations: "PutBucketReferer GetBucketReferer",
        name: "referer",
        unset: Unset::Says("AllowEmptyReferer", "true"),
        document: "<RefererConfiguration><AllowEmptyReferer>false</AllowEmptyReferer>\
                   <RefererList><Referer>http://a.example</Referer></RefererList></RefererConfiguration>",
        reads: &[
            ("AllowEmptyReferer", "false"),
            ("RefererList/Referer", "http://a.example"),
        ],
        deletes: false,
        bad: (
            "<RefererConfiguration><AllowEmptyReferer>maybe</AllowEmptyReferer></RefererConfiguration>",
            "MalformedXML",
        ),
    },
    Row {
        operations: "PutBucketEncryption GetBucketEncryption DeleteBucketEncryption",
        name: "encryption",
        unset: Unset::Missing("NoSuchServerSideEncryptionRule"),
        document: "<ServerSideEncryptionRule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm>\
                   </ApplyServerSideEncryptionByDefault></ServerSideEncryptionRule>",
        reads: &[("ApplyServerSideEncryptionByDefault/SSEAlgorithm", "AES256")],
        deletes: true,
        bad: (
            "<ServerSideEncryptionRule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>ROT13</SSEAlgorithm>\
             </ApplyServerSideEncryptionByDefault></ServerSideEncryptionRule>",
            "InvalidEncryptionAlgorithmError",
        ),
    },
    Row {
        operations: "PutBucketTags GetBucketTags DeleteBucketTags",
        name: "tagging",
        unset: Unset::Says("TagSet", ""),
        document: "<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>",
        reads: &[("TagSet/Tag/Key", "k"), ("TagSet/Tag/Value", "v")],
        deletes: true,
        bad: ("<Tagging><TagSet><Tag><Key>k</Key>", "MalformedXML"),
    },
    Row {
        operations: "PutBucketTransferAcceleration GetBucketTransferAcceleration DeleteBucketTransferAcceleration",
        name: "transferAcceleration",
        unset: Unset::Missing("NoSuchTransferAccelerationConfiguration"),
        document: "<TransferAccelerationConfiguration><Enabled>true</Enabled></TransferAccelerationConfiguration>",
        reads: &[("Enabled", "true")],
        deletes: true,
        bad: (
            "<TransferAccelerationConfiguration><Enabled>perhaps</Enabled></TransferAccelerationConfiguration>",
            "MalformedXML",
        ),
    },
    Row {
        operations: "PutBucketAccessMonitor GetBucketAccessMonitor",
        name: "accessmonitor",
        unset: Unset::Says("Status", "Disabled"),
        document: "<AccessMonitorConfiguration><Status>Enabled</Status></AccessMonitorConfiguration>",
        reads: &[("Status", "Enabled")],
        deletes: false,
        bad: ("<AccessMonitorConfiguration>", "MalformedXML"),
    },
    Row {
        operations: "PutBucketResourceGroup GetBucketResourceGroup",
        name: "resourceGroup",
        unset: Unset::Anything,
        document: "<BucketResourceGroupConfiguration><ResourceGroupId>rg-x</ResourceGroupId></BucketResourceGroupConfiguration>",
        reads: &[("ResourceGroupId", "rg-x")],
        deletes: false,
        bad: ("<BucketResourceGroupConfiguration>", "MalformedXML"),
    },
    Row {
        operations: "PutBucketPublicAccessBlock GetBucketPublicAccessBlock DeleteBucketPublicAccessBlock",
        name: "publicAccessBlock",
        unset: Unset::Anything,
        document: "<PublicAccessBlockConfiguration><BlockPublicAccess>true</BlockPublicAccess></PublicAccessBlockConfiguration>",
        reads: &[("BlockPublicAccess", "true")],
        deletes: true,
        bad: (
            "<PublicAccessBlockConfiguration><BlockPublicAccess>so so</BlockPublicAccess></PublicAccessBlockConfiguration>",
            "MalformedXML",
        ),
    },
    Row {
        operations: "PutBucketHttpsConfig GetBucketHttpsConfig",
        name: "httpsConfig",
        unset: Unset::Missing("NoSuchHttpsConfig"),
        document: "<HttpsConfiguration><TLS><Enable>true</Enable><TLSVersion>TLSv1.2</TLSVersion><TLSVersion>TLSv1.2</TLSVersion></TLS>\
                   </HttpsConfiguration>",
        reads: &[("TLS/Enable", "true"), ("TLS/TLSVersion", "TLSv1.2")],
        deletes: false,
        bad: (
            "<HttpsConfiguration><TLS><Enable>true</Enable></TLS></HttpsConfiguration>",
            "MalformedXML",
        ),
    },
    Row {
        operations: "PutBucketArchiveDirectRead GetBucketArchiveDirectRead",
        name: "bucketArchiveDirectRead",
        unset: Unset::Missing("NoSuchArchiveDirectReadConfiguration"),
        document: "<ArchiveDirectReadConfiguration><Enabled>true</Enabled></ArchiveDirectReadConfiguration>",
        reads: &[("Enabled", "true")],
        deletes: false,
        bad: (
            "<ArchiveDirectReadConfiguration><Enabled>aa</Enabled></ArchiveDirectReadConfiguration>",
            "MalformedXML",
        ),
    },
    Row {
        operations: "PutBucketUserDefinedLogFieldsConfig GetBucketUserDefinedLogFieldsConfig DeleteBucketUserDefinedLogFieldsConfig",
        name: "userDefinedLogFieldsConfig",
        unset: Unset::Missing("NoSuchUserDefinedLogFieldsConfig"),
        document: "<UserDefinedLogFieldsConfiguration><HeaderSet><header>h1</header></HeaderSet>\
                   <ParamSet><parameter>p1</parameter></ParamSet></UserDefinedLogFieldsConfiguration>",
        reads: &[("HeaderSet/header", "h1"), ("ParamSet/parameter", "p1")],
        deletes: true,
        bad: (
            "<UserDefinedLogFieldsConfiguration><HeaderSet><header></header></HeaderSet></UserDefinedLogFieldsConfiguration>",
            "MalformedXML",
        ),
    },
    Row {
        operations: "PutBucketResponseHeader GetBucketResponseHeader DeleteBucketResponseHeader",
        name: "responseHeader",
        unset: Unset::Missing("NoSuchResponseHeaderConfig"),
        document: "<ResponseHeaderConfiguration><Rule><Name>r</Name><Filters><Operation>GetObject</Operation></Filters>\
                   <HideHeaders><Header>Last-Modified</Header></HideHeaders></Rule></ResponseHeaderConfiguration>",
        reads: &[
            ("Rule/Name", "r"),
            ("Rule/Filters/Operation", "GetObject"),
            ("Rule/HideHeaders/Header", "Last-Modified"),
        ],
        deletes: true,
        bad: (
            "<ResponseHeaderConfiguration></ResponseHeaderConfiguration>",
            "MalformedXML",
        ),
    },
    Row {
        operations: "PutBucketOverwriteConfig GetBucketOverwriteConfig DeleteBucketOverwriteConfig",
        name: "overwriteConfig",
        unset: Unset::Missing("NoSuchOverwriteConfig"),
        document: "<OverwriteConfiguration><Rule><ID>r</ID><Action>forbid</Action><Prefix>a/</Prefix><Suffix>.txt</Suffix>\
                   <Principals><Principal>111</Principal></Principals></Rule></OverwriteConfiguration>",
        reads: &[
            ("Rule/ID", "r"),
            ("Rule/Action", "forbid"),
            ("Rule/Prefix", "a/"),
            ("Rule/Suffix", ".txt"),
            ("Rule/Principals/Principal", "111"),
        ],
        deletes: true,
        bad: (
            "<OverwriteConfiguration><Rule><Action>allow</Action></Rule></OverwriteConfiguration>",
            "MalformedXML",
        ),
    },
    Row {
        operations: "SetBucketQoSInfo GetBucketQosInfo DeleteBucketQosInfo",
        name: "qosInfo",
        unset: Unset::Missing("NoSuchBucketQosInfo"),
        document: "<QoSConfiguration><TotalUploadBandwidth>10</TotalUploadBandwidth><ExtranetUploadBandwidth>2</ExtranetUploadBandwidth>\
                   </QoSConfiguration>",
        reads: &[
            ("TotalUploadBandwidth", "10"),
            ("ExtranetUploadBandwidth", "2"),
            ("TotalQps", "-1"),
        ],
        deletes: true,
        bad: (
            "<QoSConfiguration><TotalUploadBandwidth>11</TotalUploadBandwidth></QoSConfiguration>",
            "InvalidArgument",
        ),
    },
    Row {
        operations: "SetBucketStorageCapacity GetBucketStorageCapacity",
        name: "qos",
        unset: Unset::Says("StorageCapacity", "-1"),
        document: "<BucketUserQos><StorageCapacity>100</StorageCapacity></BucketUserQos>",
        reads: &[("StorageCapacity", "100")],
        deletes: false,
        bad: (
            "<BucketUserQos><StorageCapacity>-2</StorageCapacity></BucketUserQos>",
            "InvalidArgument",
        ),
    },
];

fn assert_unset(bucket: &Bucket, row: &Row) {
    let answer = bucket.ask("GET").flag(row.name).send();
    match row.unset {
        Unset::Missing(code) => {
            let answer = answer.refused(404, code);
            assert_eq!(answer.error_text("BucketName"), bucket.name, "{}", row.name);
        }
        Unset::Says(path, text) => {
            assert_eq!(answer.expect(200).xml().text_at(path), text, "{}", row.name);
        }
        Unset::Anything => drop(answer.expect(200)),
    }
}

fn assert_reads(bucket: &Bucket, row: &Row) {
    let answer = bucket.ask("GET").flag(row.name).send().expect(200).xml();
    for (path, text) in row.reads {
        assert_eq!(
            answer.text_at(path),
            *text,
            "{} {path} in {answer:?}",
            row.name
        );
    }
}

/// Every row of the table: unset, set, set again, refused without a change, foreign, removed twice, and on a missing bucket.
#[test]
fn every_configuration() {
    let server = shared();
    let mut failed = Vec::new();
    for row in ROWS {
        let bucket = Bucket::new(&server);
        let whole = std::panic::AssertUnwindSafe(|| check_row(&bucket, row));
        if std::panic::catch_unwind(whole).is_err() {
            failed.push(row.operations);
        }
    }
    assert!(failed.is_empty(), "failed: {failed:#?}");
}

fn check_row(bucket: &Bucket, row: &Row) {
    assert_unset(bucket, row);
    for _ in 0..2 {
        let put = bucket
            .ask("PUT")
            .flag(row.name)
            .body(row.document)
            .send()
            .expect(200);
        assert!(put.body.is_empty());
        assert_reads(bucket, row);
    }
    let (document, code) = row.bad;
    bucket
        .ask("PUT")
        .flag(row.name)
        .body(document)
        .send()
        .refused(400, code);
    bucket
        .ask("PUT")
        .flag(row.name)
        .body("<Wrong/>")
        .send()
        .expect(400);
    assert_reads(bucket, row);
    let stranger = bucket.by(&bucket.client.with_key("otherkey", "other-secret"));
    for method in ["GET", "PUT"] {
        stranger
            .ask(method)
            .flag(row.name)
            .body(row.document)
            .send()
            .refused(403, "AccessDenied");
    }
    if row.deletes {
        for _ in 0..2 {
            bucket.ask("DELETE").flag(row.name).send().expect(204);
            assert_unset(bucket, row);
        }
    }
    bucket
        .client
        .bucket("GET", "it-no-such-bucket")
        .flag(row.name)
        .send()
        .refused(404, "NoSuchBucket");
    bucket
        .client
        .bucket("PUT", "it-no-such-bucket")
        .flag(row.name)
        .body(row.document)
        .send()
        .refused(404, "NoSuchBucket");
}

/// PutBucketLogging GetBucketLogging DeleteBucketLogging: the target must be a bucket of the same owner.
#[test]
fn logging() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let document = |target: &str| {
        format!(
            "<BucketLoggingStatus><LoggingEnabled><TargetBucket>{target}</TargetBucket><TargetPrefix>l/</TargetPrefix></LoggingEnabled></BucketLoggingStatus>"
        )
    };
    let read = || bucket.ask("GET").flag("logging").send().expect(200).xml();
    assert_eq!(read().get("LoggingEnabled/TargetBucket").unwrap_or(""), "");
    bucket
        .ask("PUT")
        .flag("logging")
        .body(document(&bucket.name))
        .send()
        .expect(200);
    assert_eq!(read().text_at("LoggingEnabled/TargetBucket"), bucket.name);
    assert_eq!(read().text_at("LoggingEnabled/TargetPrefix"), "l/");
    bucket
        .ask("PUT")
        .flag("logging")
        .body(document("it-no-such-bucket"))
        .send()
        .refused(400, "InvalidTargetBucketForLogging");
    assert_eq!(read().text_at("LoggingEnabled/TargetBucket"), bucket.name);
    for _ in 0..2 {
        bucket.ask("DELETE").flag("logging").send().expect(204);
    }
    assert_eq!(read().get("LoggingEnabled/TargetBucket").unwrap_or(""), "");
}

/// PutBucketPolicy GetBucketPolicy DeleteBucketPolicy GetBucketPolicyStatus: verbatim, enforced, and gone again.
#[test]
fn policy() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket.put("public/k", "x").send().expect(200);
    bucket.put("private/k", "x").send().expect(200);
    let anonymous = bucket.by(&bucket.client.anonymous());
    bucket
        .ask("GET")
        .flag("policy")
        .send()
        .refused(404, "NoSuchBucketPolicy");
    let text = format!(
        "{{ \"Version\":\"1\", \"Statement\":[{{\"Effect\":\"Allow\",\"Principal\":[\"*\"],\"Action\":[\"oss:GetObject\"],\
         \"Resource\":[\"acs:oss:*:*:{}/public/*\"]}}]}}",
        bucket.name
    );
    anonymous
        .get("public/k")
        .send()
        .refused(403, "AccessDenied");
    bucket
        .ask("PUT")
        .flag("policy")
        .header("Content-Type", "application/json")
        .body(&text)
        .send()
        .expect(200);
    assert_eq!(
        bucket.ask("GET").flag("policy").send().expect(200).body,
        text.as_bytes()
    );
    let status = bucket
        .ask("GET")
        .flag("policyStatus")
        .send()
        .expect(200)
        .xml();
    assert_eq!(
        (status.name.as_str(), status.text_at("IsPublic")),
        ("PolicyStatus", "true")
    );
    anonymous.get("public/k").send().expect(200);
    anonymous
        .get("private/k")
        .send()
        .refused(403, "AccessDenied");
    anonymous
        .put("public/k", "y")
        .send()
        .refused(403, "AccessDenied");
    for bad in [
        "",
        "{",
        "[]",
        "{\"Version\":\"1\"}",
        "{\"Version\":\"1\",\"Statement\":[{\"Effect\":\"Perhaps\"}]}",
    ] {
        bucket
            .ask("PUT")
            .flag("policy")
            .body(bad)
            .send()
            .refused(400, "InvalidPolicyDocument");
    }
    assert_eq!(
        bucket.ask("GET").flag("policy").send().expect(200).body,
        text.as_bytes()
    );
    for _ in 0..2 {
        bucket.ask("DELETE").flag("policy").send().expect(204);
    }
    anonymous
        .get("public/k")
        .send()
        .refused(403, "AccessDenied");
    assert_eq!(
        bucket
            .ask("GET")
            .flag("policyStatus")
            .send()
            .expect(200)
            .xml()
            .text_at("IsPublic"),
        "false"
    );
}

/// OptionObject OptionBucket: a preflight answers by the first matching rule, unsigned, and refuses the rest.
#[test]
fn preflight() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let anonymous = bucket.by(&bucket.client.anonymous());
    let ask = |key: &str, origin: &str, method: &str| {
        anonymous
            .object("OPTIONS", key)
            .header("Origin", origin)
            .header("Access-Control-Request-Method", method)
            .send()
    };
    ask("k", "http://a.example", "PUT").refused(403, "AccessForbidden");
    let rules = "<CORSConfiguration><CORSRule><AllowedOrigin>http://*.example</AllowedOrigin><AllowedMethod>PUT</AllowedMethod>\
                 <AllowedHeader>*</AllowedHeader><ExposeHeader>x-oss-next-append-position</ExposeHeader><MaxAgeSeconds>7</MaxAgeSeconds></CORSRule></CORSConfiguration>";
    bucket
        .ask("PUT")
        .flag("cors")
        .body(rules)
        .send()
        .expect(200);
    for key in ["k", ""] {
        let answer = ask(key, "http://a.example", "PUT").expect(200);
        assert_eq!(
            answer.header("access-control-allow-origin"),
            Some("http://a.example")
        );
        assert!(
            answer
                .header("access-control-allow-methods")
                .is_some_and(|methods| methods.contains("PUT"))
        );
        assert_eq!(answer.header("access-control-max-age"), Some("7"));
    }
    ask("k", "http://a.example", "DELETE").refused(403, "AccessForbidden");
    ask("k", "http://elsewhere", "PUT").refused(403, "AccessForbidden");
    anonymous.object("OPTIONS", "k").send().expect(400);
    // R87: a browser that appends may read the next position.
    let answer = bucket
        .put("k", "x")
        .header("Origin", "http://a.example")
        .send()
        .expect(200);
    assert_eq!(
        answer.header("access-control-expose-headers"),
        Some("x-oss-next-append-position")
    );
    assert_eq!(
        bucket
            .put("k", "x")
            .header("Origin", "http://elsewhere")
            .send()
            .expect(200)
            .header("access-control-allow-origin"),
        None
    );
}

/// InitiateBucketWorm CompleteBucketWorm ExtendBucketWorm AbortBucketWorm GetBucketWorm: the states of retention and what each allows.
#[test]
fn bucket_worm() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let document = |days: u32| {
        format!(
            "<InitiateWormConfiguration><RetentionPeriodInDays>{days}</RetentionPeriodInDays></InitiateWormConfiguration>"
        )
    };
    let extend = |days: u32| {
        format!(
            "<ExtendWormConfiguration><RetentionPeriodInDays>{days}</RetentionPeriodInDays></ExtendWormConfiguration>"
        )
    };
    let read = || bucket.ask("GET").flag("worm").send();
    read().refused(404, "NoSuchWORMConfiguration");
    let first = bucket
        .ask("POST")
        .flag("worm")
        .body(document(1))
        .send()
        .expect(200);
    let id = first.header("x-oss-worm-id").expect("an id").to_owned();
    assert_eq!(read().expect(200).xml().text_at("State"), "InProgress");
    bucket
        .ask("POST")
        .flag("worm")
        .body(document(1))
        .send()
        .refused(409, "WORMConfigurationAlreadyExists");
    bucket.ask("DELETE").flag("worm").send().expect(204);
    read().refused(404, "NoSuchWORMConfiguration");
    bucket
        .ask("POST")
        .flag("worm")
        .body(document(0))
        .send()
        .refused(400, "InvalidWORMConfiguration");
    let second = bucket
        .ask("POST")
        .flag("worm")
        .body(document(2))
        .send()
        .expect(200);
    let other = second.header("x-oss-worm-id").expect("an id").to_owned();
    assert_ne!(id, other);
    bucket
        .ask("POST")
        .param("wormId", &id)
        .send()
        .refused(404, "NoSuchWORMConfiguration");
    bucket
        .ask("POST")
        .param("wormId", &other)
        .send()
        .expect(200);
    let state = read().expect(200).xml();
    assert_eq!(
        (
            state.text_at("State"),
            state.text_at("RetentionPeriodInDays")
        ),
        ("Locked", "2")
    );
    bucket
        .ask("DELETE")
        .flag("worm")
        .send()
        .refused(403, "WORMConfigurationLocked");
    bucket
        .ask("POST")
        .param("wormId", &other)
        .flag("wormExtend")
        .body(extend(1))
        .send()
        .refused(400, "InvalidWORMConfiguration");
    bucket
        .ask("POST")
        .param("wormId", &other)
        .flag("wormExtend")
        .body(extend(3))
        .send()
        .expect(200);
    assert_eq!(
        read().expect(200).xml().text_at("RetentionPeriodInDays"),
        "3"
    );
}

/// PutBucketAccessMonitor: while it is on, HeadObject and GetObjectMeta tell a time of access, which is no earlier than that of writing.
#[test]
fn access_times_are_told_while_monitored() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket.put("k", "x").send().expect(200);
    let told = || {
        let meta = bucket.head("k").flag("objectMeta");
        [bucket.head("k"), meta].map(|ask| {
            let answer = ask.send().expect(200);
            answer.header("x-oss-last-access-time").map(str::to_owned)
        })
    };
    let monitor = |status: &str| {
        let text = format!(
            "<AccessMonitorConfiguration><Status>{status}</Status></AccessMonitorConfiguration>"
        );
        let put = bucket.ask("PUT").flag("accessmonitor").body(text);
        put.send().expect(200);
    };
    assert_eq!(told(), [None, None]);
    monitor("Enabled");
    let [head, meta] = told();
    let time = head.clone().expect("a time");
    assert!(time.ends_with(" GMT"), "{time}");
    assert_eq!(head, meta);
    monitor("Enabled");
    assert_eq!(told(), [head, meta], "switched on already");
    let modified = wait_for("a write in a later second", Duration::from_secs(10), || {
        bucket.put("k", "y").send().expect(200);
        let written = bucket.head("k").send().expect(200);
        let modified = written.header("last-modified").map(str::to_owned);
        modified.filter(|modified| *modified != time)
    });
    assert_eq!(told(), [Some(modified.clone()), Some(modified)]);
    monitor("Disabled");
    assert_eq!(told(), [None, None]);
}

/// Every configuration is the same after a kill.
#[test]
fn configurations_survive_a_kill() {
    let mut server = Server::start(Settings {
        on_disk: true,
        ..Settings::default()
    });
    let bucket = Bucket::new(&server);
    for row in ROWS {
        let put = bucket.ask("PUT").flag(row.name).body(row.document);
        put.send().expect(200);
    }
    server.kill();
    server.start_again();
    let bucket = bucket.by(&server.client());
    for row in ROWS {
        assert_reads(&bucket, row);
    }
}
