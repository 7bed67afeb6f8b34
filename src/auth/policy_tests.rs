//! Documents that are understood and refused, and questions to them.

use super::*;
use crate::domain::time::Timestamp;
use proptest::prelude::*;

fn facts(ip: &str, secure: bool, now: &str, more: &[(&str, &str)]) -> Facts {
    Facts {
        source_ip: ip.parse().unwrap(),
        secure,
        now: Timestamp::parse_iso8601(now).unwrap(),
        requester_pays: false,
        more: more
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect(),
    }
}

fn plain() -> Facts {
    facts("10.1.2.3", false, "2024-06-01T00:00:00Z", &[])
}

fn resource(path: &str) -> ResourceName {
    ResourceName {
        service: "oss",
        region: "cn-hangzhou".to_owned(),
        owner: "1".to_owned(),
        path: path.to_owned(),
    }
}

fn ask(policy: &Policy, action: &str, path: &str, caller: &Caller, facts: &Facts) -> Verdict {
    policy.ask(&Question {
        action,
        resource: &resource(path),
        caller,
        facts,
        ignore_public: false,
    })
}

/// One statement with the given members besides `Effect`.
fn statement(effect: &str, members: &str) -> String {
    format!(r#"{{"Version":"1","Statement":[{{"Effect":"{effect}",{members}}}]}}"#)
}

fn identity(text: &str) -> Policy {
    Policy::parse(text, Kind::Identity).unwrap_or_else(|error| panic!("{error}: {text}"))
}

const ALL: &str = r#""Action":"oss:*","Resource":"*""#;

/// Whether `{Action, Resource}` allows an action on a path.
#[rustfmt::skip]
const MATCHES: &[(&str, &str, &str, bool)] = &[
    (r#""Action":"oss:*","Resource":"*""#, "oss:PutObject", "b/k", true),
    (r#""Action":"*","Resource":["acs:oss:*:*:*"]"#, "oss:PutObject", "b/k", true),
    (r#""Action":["oss:GetObject"],"Resource":"*""#, "oss:PutObject", "b/k", false),
    (r#""Action":["OSS:getobject"],"Resource":"*""#, "oss:GetObject", "b/k", true),
    (r#""Action":"oss:Get*","Resource":"acs:oss:*:*:b/*""#, "oss:GetObject", "b/dir/k", true),
    (r#""Action":"oss:Get*","Resource":"acs:oss:*:*:b/*""#, "oss:GetObject", "b", false),
    (r#""Action":"oss:Get*","Resource":"acs:oss:*:*:b""#, "oss:GetObject", "b/k", false),
    (r#""Action":"oss:Get*","Resource":"acs:oss:*:*:b/?""#, "oss:GetObject", "b/kk", false),
    (r#""Action":"oss:*","Resource":"acs:oss:cn-hangzhou:1:b""#, "oss:ListObjects", "b", true),
    (r#""Action":"oss:*","Resource":"acs:oss:oss-cn-hangzhou:*:b""#, "oss:ListObjects", "b", true),
    (r#""Action":"oss:*","Resource":"acs:oss:cn-beijing:*:b""#, "oss:ListObjects", "b", false),
    (r#""Action":"oss:*","Resource":"acs:oss:*:2:b""#, "oss:ListObjects", "b", false),
    (r#""Action":"oss:*","Resource":"acs:oss:*:*:*""#, "oss:ListBuckets", "*", true),
    (r#""Action":"oss:*","Resource":"acs:oss:*:*:b""#, "oss:ListBuckets", "*", false),
    // A key holds colons; the owner field's `*` must not reach into it.
    (r#""Action":"oss:*","Resource":"acs:oss:*:2:secret""#, "oss:GetObject", "b/x:2:secret", false),
    (r#""Action":"ecs:*","Resource":"*""#, "oss:GetObject", "b/k", false),
    (r#""NotAction":"oss:Put*","Resource":"*""#, "oss:GetObject", "b/k", true),
    (r#""NotAction":["oss:Put*"],"Resource":"*""#, "oss:PutObject", "b/k", false),
    (r#""Action":"oss:*","NotResource":"acs:oss:*:*:b/private/*""#, "oss:GetObject", "b/k", true),
    (r#""Action":"oss:*","NotResource":"acs:oss:*:*:b/private/*""#, "oss:GetObject", "b/private/k", false),
];

#[test]
fn actions_and_resources_match() {
    for (members, action, path, allowed) in MATCHES {
        for (effect, expected) in [
            ("Allow", Verdict::Allow(0, Via::Direct)),
            ("Deny", Verdict::Deny(0)),
        ] {
            let policy = identity(&statement(effect, members));
            let verdict = ask(&policy, action, path, &Caller::default(), &plain());
            let expected = if *allowed { expected } else { Verdict::Silent };
            assert_eq!(verdict, expected, "{effect} {members} {action} {path}");
        }
    }
}

/// Whether a condition holds: condition, facts.
#[rustfmt::skip]
fn condition_cases() -> Vec<(&'static str, Facts, bool)> {
    let with = |key: &str, value: &str| {
        facts("10.1.2.3", false, "2024-06-01T00:00:00Z", &[(key, value)])
    };
    let ip = |ip: &str| facts(ip, false, "2024-06-01T00:00:00Z", &[]);
    let tls = |secure| facts("10.1.2.3", secure, "2024-06-01T00:00:00Z", &[]);
    let at = |now: &str| facts("10.1.2.3", false, now, &[]);
    vec![
        (r#"{"IpAddress":{"acs:SourceIp":"10.0.0.0/8"}}"#, ip("10.1.2.3"), true),
        (r#"{"IpAddress":{"acs:SourceIp":"10.0.0.0/8"}}"#, ip("11.1.2.3"), false),
        (r#"{"IpAddress":{"acs:SourceIp":["11.0.0.0/8","10.1.2.3"]}}"#, ip("10.1.2.3"), true),
        (r#"{"IpAddress":{"acs:SourceIp":"10.1.2.2/31"}}"#, ip("10.1.2.4"), false),
        (r#"{"IpAddress":{"acs:SourceIp":"0.0.0.0/0"}}"#, ip("203.0.113.1"), true),
        (r#"{"IpAddress":{"acs:SourceIp":"10.0.0.0/8"}}"#, ip("::ffff:10.1.2.3"), true),
        (r#"{"IpAddress":{"acs:SourceIp":"10.0.0.0/8"}}"#, ip("2001:db8::1"), false),
        (r#"{"IpAddress":{"acs:SourceIp":"2001:db8::/32"}}"#, ip("2001:db8::1"), true),
        (r#"{"IpAddress":{"acs:SourceIp":"::/0"}}"#, ip("2001:db8::1"), true),
        (r#"{"NotIpAddress":{"acs:SourceIp":["10.0.0.0/8"]}}"#, ip("10.1.2.3"), false),
        (r#"{"NotIpAddress":{"acs:SourceIp":["10.0.0.0/8"]}}"#, ip("11.1.2.3"), true),
        (r#"{"Bool":{"acs:SecureTransport":"true"}}"#, tls(true), true),
        (r#"{"Bool":{"acs:SecureTransport":true}}"#, tls(false), false),
        (r#"{"Bool":{"acs:SecureTransport":"false"}}"#, tls(false), true),
        (r#"{"DateLessThan":{"acs:CurrentTime":"2024-06-01T00:00:01Z"}}"#, at("2024-06-01T00:00:00Z"), true),
        (r#"{"DateLessThan":{"acs:CurrentTime":"2024-06-01T00:00:00Z"}}"#, at("2024-06-01T00:00:00Z"), false),
        (r#"{"DateLessThanEquals":{"acs:CurrentTime":"2024-06-01T00:00:00Z"}}"#, at("2024-06-01T00:00:00Z"), true),
        (r#"{"DateGreaterThan":{"acs:CurrentTime":"2024-06-01T08:00:00+08:00"}}"#, at("2024-06-01T00:00:01Z"), true),
        (r#"{"DateGreaterThanEquals":{"acs:CurrentTime":"2024-06-01T08:00:00+08:00"}}"#, at("2024-05-31T23:59:59Z"), false),
        (r#"{"DateNotEquals":{"acs:CurrentTime":"2024-06-01T00:00:00Z"}}"#, at("2024-06-01T00:00:00Z"), false),
        (r#"{"StringEquals":{"oss:Prefix":["","foo/"]}}"#, with("oss:prefix", "foo/"), true),
        (r#"{"StringEquals":{"oss:Prefix":["","foo/"]}}"#, with("oss:prefix", "foo/x"), false),
        (r#"{"StringEquals":{"oss:Prefix":"foo/"}}"#, plain(), false),
        (r#"{"StringNotEquals":{"oss:Prefix":"foo/"}}"#, plain(), true),
        (r#"{"StringNotEquals":{"oss:Prefix":"foo/"}}"#, with("oss:prefix", "foo/"), false),
        (r#"{"StringLike":{"oss:Prefix":"foo/*"}}"#, with("oss:prefix", "foo/bar/"), true),
        (r#"{"StringLike":{"oss:Prefix":"foo/*"}}"#, with("oss:prefix", "fo"), false),
        (r#"{"StringNotLike":{"oss:Prefix":"foo/*"}}"#, with("oss:prefix", "foo/"), false),
        (r#"{"StringEqualsIgnoreCase":{"acs:UserAgent":"CURL"}}"#, with("acs:useragent", "curl"), true),
        (r#"{"StringNotEqualsIgnoreCase":{"acs:UserAgent":"CURL"}}"#, with("acs:useragent", "curl"), false),
        (r#"{"StringEquals":{"oss:Delimiter":"/"}}"#, with("oss:delimiter", "/"), true),
        (r#"{"NumericLessThanEquals":{"oss:MaxKeys":"10"}}"#, with("oss:maxkeys", "10"), true),
        (r#"{"NumericLessThan":{"oss:MaxKeys":10}}"#, with("oss:maxkeys", "10"), false),
        (r#"{"NumericGreaterThan":{"oss:MaxKeys":10}}"#, with("oss:maxkeys", "many"), false),
        // All operators and all keys must hold.
        (r#"{"Bool":{"acs:SecureTransport":"false"},"IpAddress":{"acs:SourceIp":"10.0.0.0/8"}}"#, tls(false), true),
        (r#"{"Bool":{"acs:SecureTransport":"true"},"IpAddress":{"acs:SourceIp":"10.0.0.0/8"}}"#, tls(false), false),
    ]
}

#[test]
fn conditions_hold() {
    for (condition, facts, expected) in condition_cases() {
        let policy = identity(&statement(
            "Allow",
            &format!(r#"{ALL},"Condition":{condition}"#),
        ));
        let verdict = ask(&policy, "oss:GetObject", "b/k", &Caller::default(), &facts);
        let allowed = matches!(verdict, Verdict::Allow(..));
        assert_eq!(allowed, expected, "{condition} {facts:?}");
    }
}

fn caller(account: &str, root: bool, names: &[&str]) -> Caller {
    Caller {
        account: (!account.is_empty()).then(|| account.to_owned()),
        root,
        names: names.iter().map(|n| (*n).to_owned()).collect(),
    }
}

#[test]
fn principals_cover_callers() {
    let nobody = caller("", false, &[]);
    let root = caller("27", true, &[]);
    let user = caller("27", false, &["2000000000000009", "acs:ram::27:user/ann"]);
    let session = caller(
        "27",
        false,
        &["acs:ram::27:role/r", "acs:sts::27:assumed-role/r/s"],
    );
    let (direct, account) = (Some(Via::Direct), Some(Via::Account));
    for (principal, expected) in [
        (r#""*""#, [direct; 4]),
        (r#"["*"]"#, [direct; 4]),
        (r#"["27"]"#, [None, direct, account, account]),
        (
            r#"{"RAM":["acs:ram::27:root"]}"#,
            [None, direct, account, account],
        ),
        (r#"["28"]"#, [None; 4]),
        (r#"["2000000000000009"]"#, [None, None, direct, None]),
        (
            r#"{"RAM":"acs:ram::27:user/ann"}"#,
            [None, None, direct, None],
        ),
        (r#"["acs:ram::27:user/*"]"#, [None, None, direct, None]),
        (
            r#"["acs:sts::27:assumed-role/r/*"]"#,
            [None, None, None, direct],
        ),
        (r#"["acs:ram::27:role/r"]"#, [None, None, None, direct]),
    ] {
        let text = statement("Allow", &format!(r#"{ALL},"Principal":{principal}"#));
        let policy = Policy::parse(&text, Kind::Bucket).unwrap();
        for (caller, via) in [&nobody, &root, &user, &session].into_iter().zip(expected) {
            let verdict = ask(&policy, "oss:GetObject", "b/k", caller, &plain());
            let expected = via.map_or(Verdict::Silent, |via| Verdict::Allow(0, via));
            assert_eq!(verdict, expected, "{principal} {caller:?}");
        }
    }
}

#[test]
fn a_denial_anywhere_wins() {
    let allow = format!(r#"{{"Effect":"Allow",{ALL}}}"#);
    let deny = r#"{"Effect":"Deny","Action":"oss:Put*","Resource":"*"}"#;
    for (order, at) in [([&*allow, deny], 1), ([deny, &*allow], 0)] {
        let policy = identity(&format!(
            r#"{{"Version":"1","Statement":[{}]}}"#,
            order.join(",")
        ));
        let ask = |action| ask(&policy, action, "b/k", &Caller::default(), &plain());
        assert_eq!(ask("oss:PutObject"), Verdict::Deny(at));
        assert_eq!(ask("oss:GetObject"), Verdict::Allow(1 - at, Via::Direct));
    }
}

#[test]
fn public_statements_are_recognised_and_passed_over() {
    let cases = [
        (
            r#""Sid":"no principal is everybody (Python v1 and v2)""#,
            true,
        ),
        (r#""Principal":"*""#, true),
        (r#""Principal":["1","*"]"#, true),
        (r#""Principal":["1"]"#, false),
        (
            r#""Principal":"*","Condition":{"IpAddress":{"acs:SourceIp":"10.0.0.0/8"}}"#,
            false,
        ),
        (
            r#""Principal":"*","Condition":{"IpAddress":{"acs:SourceIp":["10.0.0.0/8","0.0.0.0/0"]}}"#,
            true,
        ),
        (
            r#""Principal":"*","Condition":{"NotIpAddress":{"acs:SourceIp":["10.0.0.0/8"]}}"#,
            true,
        ),
        (
            r#""Principal":"*","Condition":{"Bool":{"acs:SecureTransport":"false"}}"#,
            true,
        ),
    ];
    for (members, public) in cases {
        let text = statement("Allow", &format!("{ALL},{members}"));
        let policy = Policy::parse(&text, Kind::Bucket).unwrap();
        assert_eq!(policy.is_public(), public, "{members}");
        let verdict = policy.ask(&Question {
            action: "oss:GetObject",
            resource: &resource("b/k"),
            caller: &caller("1", true, &[]),
            facts: &plain(),
            ignore_public: true,
        });
        assert_eq!(verdict == Verdict::Silent, public, "{members}");
        let text = statement("Deny", &format!("{ALL},{members}"));
        assert!(!Policy::parse(&text, Kind::Bucket).unwrap().is_public());
    }
}

#[rustfmt::skip]
fn refused() -> Vec<(&'static str, String, Kind)> {
    let one = |members: &str| statement("Allow", members);
    let conditioned = |condition: &str| one(&format!(r#"{ALL},"Condition":{condition}"#));
    let bucket = |principal: &str| one(&format!(r#"{ALL},"Principal":{principal}"#));
    let many = vec![r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#; STATEMENTS_MAX + 1];
    let identity = |name, text| (name, text, Kind::Identity);
    vec![
        identity("not JSON", "Allow everything".to_owned()),
        identity("a list", "[]".to_owned()),
        identity("empty", "{}".to_owned()),
        identity("no version", format!(r#"{{"Statement":[{{"Effect":"Allow",{ALL}}}]}}"#)),
        identity("other version", one(ALL).replace(r#""1""#, r#""2012-10-17""#)),
        identity("no statement", r#"{"Version":"1"}"#.to_owned()),
        identity("no statements", r#"{"Version":"1","Statement":[]}"#.to_owned()),
        identity("too many statements", format!(r#"{{"Version":"1","Statement":[{}]}}"#, many.join(","))),
        identity("too long", format!("{}{}", one(ALL), " ".repeat(DOCUMENT_BYTES_MAX))),
        identity("unknown member", one(&format!(r#"{ALL},"Extra":1"#))),
        identity("doubled member", one(&format!(r#"{ALL},"Effect":"Deny""#))),
        identity("unknown effect", statement("Maybe", ALL)),
        identity("lower-case effect", statement("allow", ALL)),
        identity("no action", one(r#""Resource":"*""#)),
        identity("both actions", one(&format!(r#"{ALL},"NotAction":"oss:*""#))),
        identity("no resource", one(r#""Action":"*""#)),
        identity("both resources", one(&format!(r#"{ALL},"NotResource":"*""#))),
        identity("empty actions", one(r#""Action":[],"Resource":"*""#)),
        identity("empty resources", one(r#""Action":"*","Resource":[]"#)),
        identity("action without service", one(r#""Action":"GetObject","Resource":"*""#)),
        identity("action of a number", one(r#""Action":5,"Resource":"*""#)),
        identity("resource without fields", one(r#""Action":"*","Resource":"bucket/*""#)),
        identity("principal in a RAM policy", bucket(r#""*""#)),
        ("no principals", bucket("[]"), Kind::Bucket),
        ("an empty principal", bucket(r#"[""]"#), Kind::Bucket),
        ("an unknown kind of principal", bucket(r#"{"AWS":["*"]}"#), Kind::Bucket),
        ("another service in a bucket policy", one(r#""Principal":"*","Action":"ecs:Run","Resource":"*""#), Kind::Bucket),
        identity("unknown operator", conditioned(r#"{"StringMaybe":{"oss:Prefix":"x"}}"#)),
        identity("unknown family", conditioned(r#"{"Magic":{"oss:Prefix":"x"}}"#)),
        identity("unknown order", conditioned(r#"{"NumericAbout":{"oss:Prefix":"1"}}"#)),
        identity("key without service", conditioned(r#"{"StringEquals":{"Prefix":"x"}}"#)),
        identity("no values", conditioned(r#"{"StringEquals":{"oss:Prefix":[]}}"#)),
        identity("bad address", conditioned(r#"{"IpAddress":{"acs:SourceIp":"10.0.0"}}"#)),
        identity("bad network", conditioned(r#"{"IpAddress":{"acs:SourceIp":"10.0.0.0/33"}}"#)),
        identity("bad date", conditioned(r#"{"DateLessThan":{"acs:CurrentTime":"tomorrow"}}"#)),
        identity("bad truth", conditioned(r#"{"Bool":{"acs:SecureTransport":"yes"}}"#)),
        identity("bad number", conditioned(r#"{"NumericEquals":{"oss:MaxKeys":"ten"}}"#)),
        identity("doubled operator", conditioned(r#"{"StringEquals":{"oss:Prefix":"x"},"StringEquals":{"oss:Delimiter":"/"}}"#)),
        identity("doubled key", conditioned(r#"{"StringEquals":{"oss:Prefix":"x","oss:Prefix":"y"}}"#)),
        identity("condition list", conditioned("[]")),
        identity("nested values", conditioned(r#"{"StringEquals":{"oss:Prefix":[["x"]]}}"#)),
        identity("deep nesting", conditioned(&format!("{}{}", "[".repeat(8000), "]".repeat(8000)))),
    ]
}

#[test]
fn bad_documents_are_refused() {
    for (name, text, kind) in refused() {
        let error = match Policy::parse(&text, kind) {
            Ok(policy) => panic!("{name}: understood as {policy:?}"),
            Err(error) => Error::from(error),
        };
        assert_eq!(error.code(), Code::InvalidPolicyDocument, "{name}");
        assert!(error.text().len() < 400, "{name}: {}", error.text());
    }
}

#[test]
fn one_statement_may_stand_without_a_list() {
    let policy = identity(&format!(
        r#"{{"Version":"1","Statement":{{"Sid":"x","Effect":"Allow",{ALL}}}}}"#
    ));
    let verdict = ask(
        &policy,
        "oss:GetObject",
        "b/k",
        &Caller::default(),
        &plain(),
    );
    assert_eq!(verdict, Verdict::Allow(0, Via::Direct));
}

proptest! {
    #[test]
    fn no_document_makes_it_panic(
        text in "\\PC{0,60}|[\\[\\]{}\":,A-Za-z1*]{0,80}",
        path in "\\PC{0,30}",
    ) {
        drop(Policy::parse(&text, Kind::Bucket));
        drop(Policy::parse(&text, Kind::Identity));
        let members = format!(r#""Action":"*","Resource":{}"#, serde_json::Value::from(text));
        if let Ok(policy) = Policy::parse(&statement("Allow", &members), Kind::Identity) {
            ask(&policy, "oss:GetObject", &path, &Caller::default(), &plain());
        }
    }
}

/// Who writes a policy is told which member is wrong, not only that one is.
#[test]
fn a_refusal_names_the_member() {
    let with = |member: &str| {
        format!(
            r#"{{"Version":"1","Statement":[{{"Effect":"Allow","Action":"oss:*","Resource":"*",{member}}}]}}"#
        )
    };
    for (member, named) in [
        (r#""Effects":"Allow""#, "`Effects`"),
        (r#""Condition":{"Bool":[]}"#, "an object"),
        (r#""NotAction":1"#, "expected a string"),
        (&format!(r#""{}":1"#, "long".repeat(3000)), "`longlong"),
    ] {
        let refused = Policy::parse(&with(member), Kind::Identity).unwrap_err();
        let text = refused.to_string();
        assert!(text.contains(named) && text.len() < 400, "{member}: {text}");
    }
}
