//! Configurations of which a bucket has several, each under an id, and those with a form of their own (operations.md A, C and I).

use crate::support::client::{Request, Response};
use crate::support::fixture::Bucket;
use crate::support::server::{Server, Settings, shared};

/// A family of documents under ids.
struct Family {
    /// The operations that the row exercises.
    operations: &'static str,
    /// Sub-resource.
    name: &'static str,
    /// The parameter that holds the id.
    id: &'static str,
    document: fn(&str) -> String,
    /// An element of the answer to GET, and its text for an id.
    reads: (&'static str, fn(&str) -> String),
    /// The repeated element of the list, and its child that is the id.
    list: (&'static str, &'static str),
    missing: &'static str,
    /// What a second PUT of the same id answers where it does not replace.
    again: Option<&'static str>,
    /// Documents and ids that are refused, with the code.
    bad: &'static [(&'static str, &'static str, &'static str)],
}

fn inventory(id: &str) -> String {
    format!(
        "<InventoryConfiguration><Id>{id}</Id><IsEnabled>true</IsEnabled><Destination><OSSBucketDestination>\
         <Format>CSV</Format><AccountId>1000000000000000</AccountId><RoleArn>acs:ram::1000000000000000:role/AliyunOSSRole</RoleArn>\
         <Bucket>acs:oss:::destination</Bucket><Prefix>p-{id}</Prefix><Encryption><SSE-OSS/></Encryption></OSSBucketDestination></Destination>\
         <Schedule><Frequency>Weekly</Frequency></Schedule><Filter><Prefix>a</Prefix></Filter>\
         <IncludedObjectVersions>All</IncludedObjectVersions></InventoryConfiguration>"
    )
}

const FAMILIES: &[Family] = &[
    Family {
        operations: "PutBucketInventory GetBucketInventory ListBucketInventory DeleteBucketInventory",
        name: "inventory",
        id: "inventoryId",
        document: inventory,
        reads: ("Destination/OSSBucketDestination/Prefix", |id| {
            format!("p-{id}")
        }),
        list: ("InventoryConfiguration", "Id"),
        missing: "NoSuchInventory",
        again: Some("InventoryConfigurationAlreadyExists"),
        bad: &[
            ("x", "<InventoryConfiguration/>", "MalformedXML"),
            ("", "<InventoryConfiguration/>", "MalformedXML"),
        ],
    },
    Family {
        operations: "PutStyle GetStyle ListStyle DeleteStyle",
        name: "style",
        id: "styleName",
        document: |id| format!("<Style><Content>image/resize,{id}</Content></Style>"),
        reads: ("Content", |id| format!("image/resize,{id}")),
        list: ("Style", "Name"),
        missing: "NoSuchStyle",
        again: None,
        bad: &[
            ("x", "<Style><Content></Content></Style>", "InvalidArgument"),
            (
                "@%$",
                "<Style><Content>a</Content></Style>",
                "InvalidArgument",
            ),
            ("x", "<Style>", "MalformedXML"),
        ],
    },
    Family {
        operations: "PutBucketRequesterQoSInfo GetBucketRequesterQoSInfo ListBucketRequesterQoSInfos DeleteBucketRequesterQoSInfo",
        name: "requesterQosInfo",
        id: "qosRequester",
        document: |_| {
            "<QoSConfiguration><TotalQps>300</TotalQps><IntranetQps>7</IntranetQps></QoSConfiguration>".to_owned()
        },
        reads: ("QoSConfiguration/IntranetQps", |_| "7".to_owned()),
        list: ("RequesterQoSInfo", "Requester"),
        missing: "NoSuchBucketQosInfo",
        again: None,
        bad: &[
            (
                "x",
                "<QoSConfiguration><TotalQps>3</TotalQps><IntranetQps>7</IntranetQps></QoSConfiguration>",
                "InvalidArgument",
            ),
            ("", "<QoSConfiguration/>", "InvalidArgument"),
            (
                "x",
                "<QoSConfiguration><TotalQps>many</TotalQps></QoSConfiguration>",
                "MalformedXML",
            ),
        ],
    },
];

impl Family {
    fn ask(&self, bucket: &Bucket, method: &str, id: &str) -> Request {
        bucket.ask(method).flag(self.name).param(self.id, id)
    }

    fn put(&self, bucket: &Bucket, id: &str) -> Response {
        self.ask(bucket, "PUT", id).body((self.document)(id)).send()
    }

    /// The ids that the bucket lists.
    fn listed(&self, bucket: &Bucket) -> Vec<String> {
        let list = bucket.ask("GET").flag(self.name).send().expect(200).xml();
        let (element, id) = self.list;
        list.all(element)
            .map(|item| item.text_at(id).to_owned())
            .collect()
    }

    fn assert_reads(&self, bucket: &Bucket, id: &str) {
        let read = self.ask(bucket, "GET", id).send().expect(200).xml();
        let (path, text) = self.reads;
        assert_eq!(read.text_at(path), text(id), "{} {id}", self.name);
    }
}

/// Every family: missing, put, read, listed, put again, refused without a change, foreign, removed twice, and not left to the next bucket.
#[test]
fn every_family() {
    let server = shared();
    let mut failed = Vec::new();
    for family in FAMILIES {
        let whole = std::panic::AssertUnwindSafe(|| check_family(&Bucket::new(&server), family));
        if std::panic::catch_unwind(whole).is_err() {
            failed.push(family.operations);
        }
    }
    assert!(failed.is_empty(), "failed: {failed:#?}");
}

fn check_family(bucket: &Bucket, family: &Family) {
    let missing = |id: &str| {
        let get = family.ask(bucket, "GET", id).send();
        get.refused(404, family.missing);
    };
    missing("a1");
    for id in ["b2", "a1", "b2a"] {
        family.put(bucket, id).expect(200);
        family.assert_reads(bucket, id);
    }
    assert_eq!(family.listed(bucket), ["a1", "b2", "b2a"]);
    match family.again {
        Some(code) => drop(family.put(bucket, "a1").refused(409, code)),
        None => drop(family.put(bucket, "a1").expect(200)),
    }
    for (id, document, code) in family.bad {
        let put = family.ask(bucket, "PUT", id).body(document).send();
        put.refused(400, code);
    }
    family
        .ask(bucket, "PUT", "a1")
        .body("<Wrong/>")
        .send()
        .refused(400, "MalformedXML");
    family.assert_reads(bucket, "a1");
    let stranger = bucket.by(&bucket.client.with_key("otherkey", "other-secret"));
    for method in ["GET", "PUT", "DELETE"] {
        let body = (family.document)("a1");
        let refused = family.ask(&stranger, method, "a1").body(body).send();
        refused.refused(403, "AccessDenied");
    }
    for _ in 0..2 {
        family.ask(bucket, "DELETE", "b2").send().expect(204);
        missing("b2");
    }
    assert_eq!(family.listed(bucket), ["a1", "b2a"]);
    // Configuration does not keep a bucket, and does not wait for the next of the name.
    bucket.ask("DELETE").send().expect(204);
    bucket.ask("PUT").send().expect(200);
    missing("a1");
}

/// ListBucketInventory pages by 100 with the last id as the token; there can be 1000.
#[test]
fn inventories_are_paged_and_bounded() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let list = |token: &str| {
        let list = bucket.ask("GET").flag("inventory");
        list.param("continuation-token", token).send()
    };
    list("").refused(404, "NoSuchInventory");
    let put = |id: &str| {
        let put = bucket.ask("PUT").flag("inventory").param("inventoryId", id);
        put.body(inventory(id)).send()
    };
    for number in 0..120 {
        put(&format!("i-{number:03}")).expect(200);
    }
    let first = list("").expect(200).xml();
    assert_eq!(first.all("InventoryConfiguration").count(), 100);
    assert_eq!(first.text_at("IsTruncated"), "true");
    assert_eq!(first.get("ContinuationToken"), None);
    assert_eq!(first.text_at("NextContinuationToken"), "i-099");
    let second = list("i-099").expect(200).xml();
    assert_eq!(second.all("InventoryConfiguration").count(), 20);
    assert_eq!(second.text_at("IsTruncated"), "false");
    assert_eq!(second.text_at("ContinuationToken"), "i-099");
    assert_eq!(second.get("NextContinuationToken"), None);
    for number in 120..1000 {
        put(&format!("i-{number:03}")).expect(200);
    }
    put("one-more").refused(400, "InventoryExceedLimit");
    put("i-000").refused(409, "InventoryConfigurationAlreadyExists");
    let deleted = bucket.ask("DELETE").flag("inventory");
    deleted.param("inventoryId", "i-500").send().expect(204);
    put("one-more").expect(200);
    let mismatch = bucket
        .ask("PUT")
        .flag("inventory")
        .param("inventoryId", "a");
    mismatch
        .body(inventory("b"))
        .send()
        .refused(400, "InvalidArgument");
}

/// PutStyle keeps the time of creation, and a bucket has 50 styles.
#[test]
fn styles_are_bounded() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let put = |name: &str, category: &str| {
        let put = bucket.ask("PUT").flag("style").param("styleName", name);
        let put = put.param("category", category);
        put.body("<Style><Content>c</Content></Style>").send()
    };
    put("s", "document").expect(200);
    put("s", "poem").refused(400, "InvalidArgument");
    let read = bucket.ask("GET").flag("style").param("styleName", "s");
    let read = read.send().expect(200).xml();
    assert_eq!(read.text_at("Category"), "document");
    assert_eq!(read.text_at("CreateTime"), read.text_at("LastModifyTime"));
    for number in 1..50 {
        put(&format!("s{number}"), "").expect(200);
    }
    put("one-more", "").refused(400, "InvalidArgument");
    put("s", "").expect(200);
}

/// PutBucketCallbackPolicy GetBucketCallbackPolicy DeleteBucketCallbackPolicy: beside the bucket's policy, not instead of it.
#[test]
fn callback_policy() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let ask = |method: &str| bucket.ask(method).flag("policy").param("comp", "callback");
    ask("GET")
        .send()
        .refused(404, "BucketCallbackPolicyNotExist");
    // {"callbackUrl":"http://a","callbackBody":"b"} and {"x:v":"1"}
    let document = "<BucketCallbackPolicy><PolicyItem><PolicyName>first</PolicyName>\
        <Callback>eyJjYWxsYmFja1VybCI6Imh0dHA6Ly9hIiwiY2FsbGJhY2tCb2R5IjoiYiJ9</Callback>\
        <CallbackVar>eyJ4OnYiOiIxIn0=</CallbackVar></PolicyItem></BucketCallbackPolicy>";
    ask("PUT").body(document).send().expect(200);
    let read = ask("GET").send().expect(200).xml();
    assert_eq!(read.text_at("PolicyItem/PolicyName"), "first");
    assert_eq!(read.text_at("PolicyItem/CallbackVar"), "eyJ4OnYiOiIxIn0=");
    let bad = document.replace("eyJjYWxs", "********");
    ask("PUT").body(bad).send().refused(400, "InvalidArgument");
    ask("PUT")
        .body("<Policy/>")
        .send()
        .refused(400, "MalformedXML");
    bucket
        .ask("GET")
        .flag("policy")
        .send()
        .refused(404, "NoSuchBucketPolicy");
    for _ in 0..2 {
        ask("DELETE").send().expect(204);
        ask("GET")
            .send()
            .refused(404, "BucketCallbackPolicyNotExist");
    }
    ask("PUT")
        .body("<BucketCallbackPolicy/>")
        .send()
        .expect(200);
}

/// CreateCnameToken GetCnameToken PutCname ListCname DeleteCname: a token is the same until it ends, and no domain is bound.
#[test]
fn cnames() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let document = |domain: &str| {
        format!(
            "<BucketCnameConfiguration><Cname><Domain>{domain}</Domain></Cname></BucketCnameConfiguration>"
        )
    };
    let ask = |comp: &str, domain: &str| {
        let post = bucket.ask("POST").flag("cname").param("comp", comp);
        post.body(document(domain)).send()
    };
    let token = |domain: &str| {
        let get = bucket.ask("GET").param("comp", "token");
        get.param("cname", domain).send()
    };
    token("example.com").refused(404, "CnameTokenNotFound");
    let made = ask("token", "Example.com").expect(200).xml();
    assert_eq!(made.text_at("Bucket"), bucket.name);
    assert_eq!(made.text_at("Cname"), "example.com");
    assert_eq!(made.text_at("Token").len(), 32);
    assert!(made.text_at("ExpireTime").ends_with(" GMT"));
    for again in [ask("token", "example.com"), token("example.com")] {
        let again = again.expect(200).xml();
        assert_eq!(again.text_at("Token"), made.text_at("Token"));
    }
    let other = ask("token", "other.example.com").expect(200).xml();
    assert_ne!(other.text_at("Token"), made.text_at("Token"));
    for bad in ["", "example", "a b.com"] {
        ask("token", bad).refused(400, "InvalidArgument");
        ask("add", bad).refused(400, "InvalidArgument");
    }
    ask("add", "example.com").refused(403, "NeedVerifyDomainOwnership");
    let list = bucket.ask("GET").flag("cname").send().expect(200).xml();
    assert_eq!(list.text_at("Bucket"), bucket.name);
    assert_eq!(list.all("Cname").count(), 0);
    ask("delete", "example.com").expect(200);
    for number in 2..100 {
        ask("token", &format!("d{number}.example.com")).expect(200);
    }
    ask("token", "one-more.example.com").refused(400, "TooManyCnameToken");
    ask("token", "example.com").expect(200);
}

/// CreateBucketDataRedundancyTransition GetBucketDataRedundancyTransition ListBucketDataRedundancyTransition
/// ListUserDataRedundancyTransition DeleteBucketDataRedundancyTransition: from LRS to ZRS, once, at once.
#[test]
fn redundancy_transitions() {
    let server = Server::start(Settings::default());
    let bucket = Bucket::new(&server);
    let create = |bucket: &Bucket, target: &str| {
        let post = bucket.ask("POST").flag("redundancyTransition");
        post.param("x-oss-target-redundancy-type", target).send()
    };
    let named = |method: &str, id: &str| {
        let ask = bucket.ask(method).flag("redundancyTransition");
        ask.param("x-oss-redundancy-transition-taskid", id).send()
    };
    let redundancy = || {
        let info = bucket.ask("GET").flag("bucketInfo").send().expect(200);
        info.xml().text_at("Bucket/DataRedundancyType").to_owned()
    };
    create(&bucket, "LRS").refused(400, "InvalidArgument");
    named("GET", "x").refused(404, "NoSuchBucketDataRedundancyTransition");
    assert_eq!(redundancy(), "LRS");
    let task = create(&bucket, "ZRS").expect(200).xml();
    let id = task.text_at("TaskId");
    assert_eq!(redundancy(), "ZRS");
    create(&bucket, "ZRS").refused(400, "InvalidArgument");
    let read = named("GET", id).expect(200).xml();
    assert_eq!(read.text_at("Status"), "Finished");
    assert_eq!(read.text_at("ProcessPercentage"), "100");
    assert_eq!(read.text_at("Bucket"), bucket.name);

    let other = Bucket::new(&server);
    create(&other, "ZRS").expect(200);
    let element = "BucketDataRedundancyTransition";
    let list = bucket.ask("GET").flag("redundancyTransition").send();
    let list = list.expect(200).xml();
    assert_eq!(list.text_at(&format!("{element}/TaskId")), id);
    let page = |token: &str| {
        let list = bucket.client.service("GET").flag("redundancyTransition");
        let list = list.param("max-keys", 1).param("continuation-token", token);
        list.send().expect(200).xml()
    };
    let mut sorted = [bucket.name.clone(), other.name.clone()];
    sorted.sort();
    let first = page("");
    assert_eq!(first.text_at(&format!("{element}/Bucket")), sorted[0]);
    assert_eq!(first.text_at("IsTruncated"), "true");
    let second = page(first.text_at("NextContinuationToken"));
    assert_eq!(second.text_at(&format!("{element}/Bucket")), sorted[1]);
    assert_eq!(second.text_at("IsTruncated"), "false");

    named("DELETE", "another").expect(204);
    named("GET", id).expect(200);
    for _ in 0..2 {
        named("DELETE", id).expect(204);
        named("GET", id).refused(404, "NoSuchBucketDataRedundancyTransition");
    }
    assert_eq!(redundancy(), "ZRS");
}

/// PutBucketReplication GetBucketReplication PutBucketRtc GetBucketReplicationProgress GetBucketReplicationLocation
/// DeleteBucketReplication: rules are added one by one and found by their id.
#[test]
fn replication() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let post = |comp: &str, body: String| {
        let post = bucket.ask("POST").flag("replication").param("comp", comp);
        post.body(body).send()
    };
    let rule = |id: &str, target: &str| {
        format!(
            "<ReplicationConfiguration><Rule>{id}<PrefixSet><Prefix>a/</Prefix></PrefixSet><Destination><Bucket>{target}</Bucket>\
             <Location>oss-cn-beijing</Location><TransferType>oss_acc</TransferType></Destination>\
             <HistoricalObjectReplication>disabled</HistoricalObjectReplication></Rule></ReplicationConfiguration>"
        )
    };
    let named = |id: &str| format!("<ReplicationRules><ID>{id}</ID></ReplicationRules>");
    let read = || bucket.ask("GET").flag("replication").send();
    read().refused(404, "NoSuchReplicationConfiguration");
    let made = post("add", rule("", "target-one")).expect(200);
    let id = made.header("x-oss-replication-rule-id").expect("an id");
    post("add", rule("<ID>second</ID>", "target-two")).expect(200);
    let rules = read().expect(200).xml();
    let found: Vec<_> = rules.all("Rule").map(|rule| rule.text_at("ID")).collect();
    assert_eq!(found, [id, "second"]);
    assert_eq!(rules.text_at("Rule/Action"), "ALL");
    assert_eq!(rules.text_at("Rule/Status"), "doing");
    assert_eq!(rules.text_at("Rule/PrefixSet/Prefix"), "a/");
    for (body, code) in [
        (
            rule("<ID>second</ID>", "target-three"),
            "BucketReplicationAlreadyExist",
        ),
        (rule("", "target-two"), "BucketReplicationAlreadyExist"),
        (rule("", &bucket.name), "InvalidTargetBucket"),
        (
            rule("", "target-three").replace("oss-cn-beijing", ""),
            "InvalidTargetLocation",
        ),
        (
            rule("", "target-three").replace("oss_acc", "pigeon"),
            "MalformedXML",
        ),
        ("<ReplicationConfiguration/>".to_owned(), "MalformedXML"),
    ] {
        post("add", body).refused(400, code);
    }

    let rtc = |id: &str, status: &str| {
        bucket
            .ask("PUT")
            .flag("rtc")
            .body(format!(
                "<ReplicationRule><RTC><Status>{status}</Status></RTC><ID>{id}</ID></ReplicationRule>"
            ))
            .send()
    };
    rtc(id, "enabled").expect(200);
    rtc(id, "perhaps").refused(400, "MalformedXML");
    rtc("third", "enabled").refused(404, "NoSuchReplicationRule");
    let progress = |id: &str| {
        let get = bucket.ask("GET").flag("replicationProgress");
        get.param("rule-id", id).send()
    };
    let seen = progress(id).expect(200).xml();
    assert_eq!(seen.text_at("Rule/ID"), id);
    assert_eq!(seen.text_at("Rule/RTC/Status"), "enabled");
    progress("third").refused(404, "NoSuchReplicationRule");
    let places = bucket.ask("GET").flag("replicationLocation").send();
    let places = places.expect(200).xml();
    assert!(
        places
            .all("Location")
            .any(|place| place.text == "oss-cn-beijing")
    );

    post("delete", named("third")).refused(404, "NoSuchReplicationRule");
    post("delete", named(id)).expect(200);
    post("delete", named("second")).expect(200);
    read().refused(404, "NoSuchReplicationConfiguration");
}

/// ListCloudBoxes ListResourcePools GetUserQoSInfo, and what is not found because there is none: GetResourcePoolInfo
/// ListResourcePoolBuckets PutResourcePoolRequesterQoSInfo GetResourcePoolRequesterQoSInfo ListResourcePoolRequesterQoSInfos
/// DeleteResourcePoolRequesterQoSInfo, PutAccessPointPublicAccessBlock GetAccessPointPublicAccessBlock DeleteAccessPointPublicAccessBlock.
#[test]
fn what_an_account_has_none_of() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let service = |method: &str| bucket.client.service(method);
    let boxes = service("GET").flag("cloudboxes").param("max-keys", 10);
    let boxes = boxes.send().expect(200).xml();
    assert_eq!(boxes.text_at("MaxKeys"), "10");
    assert_eq!(boxes.text_at("CloudBoxes"), "");
    let pools = service("GET").flag("resourcePool").send().expect(200).xml();
    assert_eq!(pools.text_at("IsTruncated"), "false");
    assert_eq!(pools.all("ResourcePool").count(), 0);
    let limits = service("GET").flag("qosInfo").send().expect(200).xml();
    assert_eq!(limits.text_at("TotalUploadBandwidth"), "10");
    for (method, flag) in [
        ("GET", "resourcePoolInfo"),
        ("GET", "resourcePoolBuckets"),
        ("GET", "requesterQosInfo"),
    ] {
        let ask = service(method).flag(flag).param("resourcePool", "p");
        ask.send().refused(404, "NoSuchResourcePool");
    }
    for method in ["PUT", "GET", "DELETE"] {
        let ask = service(method).flag("requesterQosInfo");
        let ask = ask.param("resourcePool", "p").param("qosRequester", "1");
        ask.send().refused(404, "NoSuchResourcePool");
        let ask = bucket.ask(method).flag("publicAccessBlock");
        let ask = ask.param("x-oss-access-point-name", "ap");
        ask.send().refused(404, "NoSuchAccessPoint");
    }
}

/// Documents under ids, tokens, tasks and rules are the same after a kill.
#[test]
fn sets_survive_a_kill() {
    let mut server = Server::start(Settings {
        on_disk: true,
        ..Settings::default()
    });
    let bucket = Bucket::new(&server);
    for family in FAMILIES {
        family.put(&bucket, "a1").expect(200);
        family.put(&bucket, "b2").expect(200);
        family.ask(&bucket, "DELETE", "a1").send().expect(204);
    }
    let token = bucket.ask("POST").flag("cname").param("comp", "token");
    let token = token.body(
        "<BucketCnameConfiguration><Cname><Domain>example.com</Domain></Cname></BucketCnameConfiguration>",
    );
    token.send().expect(200);
    let task = bucket.ask("POST").flag("redundancyTransition");
    let task = task.param("x-oss-target-redundancy-type", "ZRS");
    task.send().expect(200);
    let rule = bucket.ask("POST").flag("replication").param("comp", "add");
    let rule = rule.body(
        "<ReplicationConfiguration><Rule><Destination><Bucket>elsewhere</Bucket><Location>oss-cn-beijing</Location>\
         </Destination></Rule></ReplicationConfiguration>",
    );
    rule.send().expect(200);
    let seen = |bucket: &Bucket| {
        let token = bucket.ask("GET").param("comp", "token");
        [
            token.param("cname", "example.com"),
            bucket.ask("GET").flag("redundancyTransition"),
            bucket.ask("GET").flag("replication"),
        ]
        .map(|get| get.send().expect(200).body)
    };
    let before = seen(&bucket);
    server.kill();
    server.start_again();
    let bucket = bucket.by(&server.client());
    assert_eq!(seen(&bucket), before);
    for family in FAMILIES {
        assert_eq!(family.listed(&bucket), ["b2"], "{}", family.name);
        family.assert_reads(&bucket, "b2");
    }
}
