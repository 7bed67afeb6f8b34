//! Who may do what: the table of ownership, ACLs and policies. Rules of errors.md §4.1 and auth.md §12.

use super::super::sts::Grant;
use super::super::tests::{OTHER, Sent, UID, credentials_with};
use super::*;
use crate::domain::ids::SystemIds;
use crate::domain::time::Timestamp;

const NOW: i64 = 1_672_223_261;

fn target<'a>() -> Target<'a> {
    Target {
        region: "cn-hangzhou",
        bucket: Some("b"),
        key: Some("k"),
        bucket_owner: Some(UID),
        bucket_acl: Some(BucketAcl::Private),
        object_acl: None,
        policy: None,
        block_public_access: false,
        requester_pays: false,
    }
}

fn request() -> Sent {
    Sent::new("GET", "b", "k", NOW)
}

/// The identity behind a key of the test credentials; anonymous for none. `ann` and `eve` have `policy`.
fn who(name: &str, policy: Option<&str>) -> Identity {
    let credentials = credentials_with(policy, policy);
    let sent = match name {
        "" => request(),
        "root" => request().v1("ak", "sk"),
        "other" => request().v1("other", "other-secret"),
        user => request().v1(&format!("{user}-key"), "user-secret"),
    };
    sent.authenticate(&credentials).unwrap()
}

fn ask(identity: Identity, access: Access, action: &str, target: &Target, sent: &Sent) -> String {
    match authorize(identity, access, action, target, &sent.incoming()) {
        Ok(_) => "yes".to_owned(),
        Err(error) => {
            assert_eq!(error.code(), Code::AccessDenied);
            assert_eq!(error.status().as_u16(), 403);
            format!("{} {}", error.extended_code(), error.text())
        }
    }
}

const ANONYMOUS: &str = "0003-00000001 Anonymous access is forbidden for this operation.";
const ACL: &str = "0003-00000001 You have no right to access this object because of bucket acl.";
const NOT_OWNER: &str = "0003-00000001 The bucket you access does not belong to you.";
const RAM_OBJECT: &str = "0003-00000201 You have no right to access this object.";
const SESSION: &str = "0003-00000201 Access denied by authorizer's policy.";
const RAM_BUCKET: &str = "0003-00000201 You have no right to access this bucket.";
const BY_POLICY: &str = "0003-00000001 Access denied by bucket policy.";
const PAYER: &str = "0003-00000703 Access denied for requester pay bucket";

/// Every access by everyone without any policy, on a private bucket.
#[test]
fn a_private_bucket_is_its_accounts_own() {
    use Access::{
        BucketOwner, CreateBucket, EachKey, Form, List, ListBuckets, Public, Read, ReadAcl, Write,
        WriteAcl,
    };
    let rows = [
        // access, anonymous, another account, a user of the owner without a policy
        (Public, "yes", "yes", "yes"),
        (Form, "yes", "yes", "yes"),
        (EachKey, "yes", "yes", "yes"),
        (ListBuckets, ANONYMOUS, "yes", RAM_BUCKET),
        (CreateBucket, ANONYMOUS, "yes", RAM_BUCKET),
        (BucketOwner, ANONYMOUS, NOT_OWNER, RAM_BUCKET),
        (List, ANONYMOUS, NOT_OWNER, RAM_BUCKET),
        (Read, ACL, ACL, RAM_OBJECT),
        (Write, ACL, ACL, RAM_OBJECT),
        (ReadAcl, ANONYMOUS, ACL, RAM_OBJECT),
        (WriteAcl, ANONYMOUS, ACL, RAM_OBJECT),
    ];
    for (access, anonymous, other, user) in rows {
        for (name, expected) in [
            ("", anonymous),
            ("other", other),
            ("bob", user),
            ("root", "yes"),
        ] {
            let answer = ask(who(name, None), access, "oss:X", &target(), &request());
            assert_eq!(answer, expected, "{access:?} {name:?}");
        }
    }
}

/// What everybody may with each ACL of the bucket and the object (operations.md §B, §E).
#[test]
fn acls_open_to_everybody() {
    use BucketAcl as B;
    use ObjectAcl as O;
    let rows = [
        // bucket, object, read, write, list
        (B::Private, None, false, false, false),
        (B::PublicRead, None, true, false, true),
        (B::PublicReadWrite, None, true, true, true),
        (B::Private, Some(O::Default), false, false, false),
        (B::PublicRead, Some(O::Default), true, false, true),
        (B::PublicReadWrite, Some(O::Default), true, true, true),
        (B::Private, Some(O::PublicRead), true, false, false),
        (B::Private, Some(O::PublicReadWrite), true, true, false),
        (B::PublicReadWrite, Some(O::PublicRead), true, false, true),
        (B::PublicReadWrite, Some(O::Private), false, false, true),
        (B::PublicRead, Some(O::Private), false, false, true),
    ];
    for (bucket_acl, object_acl, read, write, list) in rows {
        for (blocked, name) in [
            (false, ""),
            (false, "other"),
            (false, "bob"),
            (true, ""),
            (true, "other"),
        ] {
            let target = Target {
                bucket_acl: Some(bucket_acl),
                object_acl,
                block_public_access: blocked,
                ..target()
            };
            for (access, allowed) in [
                (Access::Read, read),
                (Access::Write, write),
                (Access::List, list),
                (Access::ReadAcl, false),
                (Access::WriteAcl, false),
                (Access::BucketOwner, false),
            ] {
                let answer = ask(who(name, None), access, "oss:X", &target, &request());
                let expected = allowed && !blocked;
                assert_eq!(
                    answer == "yes",
                    expected,
                    "{bucket_acl:?} {object_acl:?} {access:?} {name:?} blocked {blocked}: {answer}"
                );
            }
        }
    }
}

fn doc(statements: &[&str]) -> String {
    format!(
        r#"{{"Version":"1","Statement":[{}]}}"#,
        statements.join(",")
    )
}

const ALLOW_GET: &str =
    r#"{"Effect":"Allow","Action":"oss:GetObject","Resource":"acs:oss:*:*:b/*"}"#;
const ALLOW_ALL: &str = r#"{"Effect":"Allow","Action":"oss:*","Resource":"*"}"#;
const DENY_GET: &str = r#"{"Effect":"Deny","Action":"oss:GetObject","Resource":"*"}"#;

#[test]
fn users_may_what_their_policy_says() {
    let rows = [
        (doc(&[ALLOW_GET]), Access::Read, "oss:GetObject", "yes"),
        (
            doc(&[ALLOW_GET]),
            Access::Write,
            "oss:PutObject",
            RAM_OBJECT,
        ),
        (doc(&[ALLOW_ALL]), Access::Write, "oss:PutObject", "yes"),
        (
            doc(&[ALLOW_ALL]),
            Access::BucketOwner,
            "oss:DeleteBucket",
            "yes",
        ),
        (
            doc(&[ALLOW_ALL]),
            Access::CreateBucket,
            "oss:PutBucket",
            "yes",
        ),
        (
            doc(&[ALLOW_ALL, DENY_GET]),
            Access::Read,
            "oss:GetObject",
            RAM_OBJECT,
        ),
        (
            doc(&[ALLOW_ALL, DENY_GET]),
            Access::Write,
            "oss:PutObject",
            "yes",
        ),
    ];
    for (policy, access, action, expected) in &rows {
        let ann = who("ann", Some(policy));
        assert_eq!(
            ask(ann, *access, action, &target(), &request()),
            *expected,
            "{policy} {action}"
        );
        // The same policy on a user of another account opens nothing here.
        let eve = who("eve", Some(policy));
        let answer = ask(eve, *access, action, &target(), &request());
        let own_business = *access == Access::CreateBucket;
        assert_eq!(answer == "yes", own_business, "{policy} {action}: {answer}");
    }
    // A denial holds even where the ACL is open.
    let open = Target {
        bucket_acl: Some(BucketAcl::PublicRead),
        ..target()
    };
    let policy = doc(&[DENY_GET]);
    let answer = ask(
        who("ann", Some(&policy)),
        Access::Read,
        "oss:GetObject",
        &open,
        &request(),
    );
    assert_eq!(answer, RAM_OBJECT);
}

#[test]
fn list_buckets_is_a_question_about_all_of_them() {
    let service = Target {
        bucket: None,
        key: None,
        bucket_owner: None,
        bucket_acl: None,
        ..target()
    };
    let list = |resource: &str| {
        let policy = doc(&[&format!(
            r#"{{"Effect":"Allow","Action":"oss:ListBuckets","Resource":"{resource}"}}"#
        )]);
        let ann = who("ann", Some(&policy));
        ask(
            ann,
            Access::ListBuckets,
            "oss:ListBuckets",
            &service,
            &request(),
        )
    };
    assert_eq!(list(&format!("acs:oss:*:{UID}:*")), "yes");
    assert_eq!(list(&format!("acs:oss:*:{OTHER}:*")), RAM_BUCKET);
    assert_eq!(list("acs:oss:*:*:b"), RAM_BUCKET);
}

#[test]
fn a_ram_refusal_names_its_cause() {
    for (policy, kind) in [(DENY_GET, "ExplicitDeny"), (ALLOW_GET, "ImplicitDeny")] {
        let policy = doc(&[policy]);
        let (access, action) = if kind == "ExplicitDeny" {
            (Access::Read, "oss:GetObject")
        } else {
            (Access::Write, "oss:PutObject")
        };
        let sent = request();
        let error = authorize(
            who("ann", Some(&policy)),
            access,
            action,
            &target(),
            &sent.incoming(),
        )
        .unwrap_err();
        let expected = [
            (
                "AccessDeniedDetail/PolicyType",
                "AccountLevelIdentityBasedPolicy",
            ),
            ("AccessDeniedDetail/AuthPrincipalOwnerId", UID),
            ("AccessDeniedDetail/AuthPrincipalType", "SubUser"),
            ("AccessDeniedDetail/AuthPrincipalDisplayName", "ann"),
            ("AccessDeniedDetail/NoPermissionType", kind),
            ("AccessDeniedDetail/AuthAction", action),
            ("Bucket", "b"),
            ("User", "ann"),
        ];
        let fields: Vec<_> = error
            .fields()
            .iter()
            .map(|(n, v)| (*n, v.as_str()))
            .collect();
        assert_eq!(fields, expected);
    }
}

fn bucket_statement(effect: &str, principal: &str, action: &str) -> String {
    format!(
        r#"{{"Effect":"{effect}","Principal":{principal},"Action":"{action}","Resource":["acs:oss:*:*:b","acs:oss:*:*:b/*"]}}"#
    )
}

#[test]
fn bucket_policies_let_others_in_and_keep_everyone_out() {
    let allow = |principal: &str| doc(&[&bucket_statement("Allow", principal, "oss:GetObject")]);
    let deny = doc(&[&bucket_statement("Deny", r#""*""#, "oss:*")]);
    let everyone = allow(r#""*""#);
    let other = allow(&format!(r#"["{OTHER}"]"#));
    let eve = allow(&format!(r#"["acs:ram::{OTHER}:user/eve"]"#));
    let (none, get) = (None, Some(doc(&[ALLOW_GET])));
    let rows: [(&str, &str, &str, &Option<String>, &str); 14] = [
        ("everyone, anonymous", &everyone, "", &none, "yes"),
        ("everyone, other account", &everyone, "other", &none, "yes"),
        (
            "everyone, own user without policy",
            &everyone,
            "bob",
            &none,
            "yes",
        ),
        ("other, anonymous", &other, "", &none, ACL),
        ("other, other", &other, "other", &none, "yes"),
        ("other, its user without policy", &other, "eve", &none, ACL),
        ("other, its user with policy", &other, "eve", &get, "yes"),
        ("other, own user", &other, "bob", &none, RAM_OBJECT),
        ("user, the user", &eve, "eve", &none, "yes"),
        ("user, its account", &eve, "other", &none, ACL),
        ("denied, anonymous", &deny, "", &none, BY_POLICY),
        ("denied, owner", &deny, "root", &none, BY_POLICY),
        (
            "denied, own user with policy",
            &deny,
            "ann",
            &get,
            BY_POLICY,
        ),
        (
            "unreadable, owner",
            "{}",
            "root",
            &none,
            "0003-00000001 The policy of the bucket can not be read.",
        ),
    ];
    for (name, policy, caller, own, expected) in rows {
        let target = Target {
            policy: Some(policy.as_bytes()),
            ..target()
        };
        let identity = who(caller, own.as_deref());
        let answer = ask(identity, Access::Read, "oss:GetObject", &target, &request());
        assert_eq!(answer, expected, "{name}");
    }
    // What no statement speaks of stays closed.
    let target = Target {
        policy: Some(everyone.as_bytes()),
        ..target()
    };
    let answer = ask(
        who("", None),
        Access::Write,
        "oss:PutObject",
        &target,
        &request(),
    );
    assert_eq!(answer, ACL);
}

/// A policy that denies everything must not lock its owner out of the policy itself.
#[test]
fn the_owner_keeps_the_policy() {
    let deny = doc(&[&bucket_statement("Deny", r#""*""#, "oss:*")]);
    for text in [deny.as_str(), "{}"] {
        let target = Target {
            policy: Some(text.as_bytes()),
            key: None,
            ..target()
        };
        let ask = |name, action| {
            ask(
                who(name, None),
                Access::BucketOwner,
                action,
                &target,
                &request(),
            )
        };
        for action in [
            "oss:GetBucketPolicy",
            "oss:PutBucketPolicy",
            "oss:DeleteBucketPolicy",
        ] {
            assert_eq!(ask("root", action), "yes", "{action}");
            assert_ne!(ask("other", action), "yes", "{action}");
        }
        assert_ne!(ask("root", "oss:PutBucketAcl"), "yes");
    }
}

#[test]
fn block_public_access_closes_public_statements_only() {
    let everyone = doc(&[&bucket_statement("Allow", r#""*""#, "oss:GetObject")]);
    let other = doc(&[&bucket_statement(
        "Allow",
        &format!(r#"["{OTHER}"]"#),
        "oss:GetObject",
    )]);
    for (policy, name, expected) in [
        (&everyone, "", ACL),
        (&everyone, "other", ACL),
        (&everyone, "bob", "yes"),
        (&other, "other", "yes"),
    ] {
        let target = Target {
            policy: Some(policy.as_bytes()),
            block_public_access: true,
            ..target()
        };
        let answer = ask(
            who(name, None),
            Access::Read,
            "oss:GetObject",
            &target,
            &request(),
        );
        assert_eq!(answer, expected, "{name}");
    }
}

/// errors.md §4.1: EC 0003-00000703.
#[test]
fn requesters_pay() {
    let target = Target {
        bucket_acl: Some(BucketAcl::PublicRead),
        requester_pays: true,
        ..target()
    };
    let by_header = request().header("x-oss-request-payer", "requester");
    let by_query = request().query("x-oss-request-payer", "requester");
    let wrong = request().header("x-oss-request-payer", "owner");
    let rows = [
        ("other", request(), PAYER),
        ("other", by_header.clone(), "yes"),
        ("other", by_query, "yes"),
        ("other", wrong, PAYER),
        ("", request(), PAYER),
        ("root", request(), "yes"),
        ("bob", request(), "yes"),
    ];
    for (name, sent, expected) in rows {
        let answer = ask(
            who(name, None),
            Access::Read,
            "oss:GetObject",
            &target,
            &sent,
        );
        assert_eq!(answer, expected, "{name}");
    }
    // To pay buys nothing that is not allowed.
    let answer = ask(
        who("other", None),
        Access::Write,
        "oss:PutObject",
        &target,
        &by_header,
    );
    assert_eq!(answer, ACL);
}

#[test]
fn sessions_are_bound_by_role_and_session_policy() {
    let role = doc(&[ALLOW_ALL]);
    let get = doc(&[ALLOW_GET]);
    let rows = [
        // role policy, session policy, action, expected
        (Some(&role), None, "oss:PutObject", "yes"),
        (None, None, "oss:PutObject", RAM_OBJECT),
        (Some(&role), Some(&get), "oss:GetObject", "yes"),
        (Some(&role), Some(&get), "oss:PutObject", SESSION),
        (Some(&get), Some(&role), "oss:PutObject", RAM_OBJECT),
        (None, Some(&role), "oss:GetObject", RAM_OBJECT),
    ];
    for (role, session, action, expected) in rows {
        let credentials = credentials_with(None, role.map(String::as_str));
        let grant = Grant {
            account: UID,
            role: "reader",
            session: "test",
            policy: session.map(String::as_str),
            seconds: 900,
        };
        let issued = credentials
            .issue_token(&grant, Timestamp::from_seconds(NOW), &SystemIds::default())
            .unwrap();
        let identity = request()
            .header("x-oss-security-token", &issued.token)
            .v1(&issued.access_key_id, issued.secret.reveal())
            .authenticate(&credentials)
            .unwrap();
        let access = if action == "oss:GetObject" {
            Access::Read
        } else {
            Access::Write
        };
        let answer = ask(identity.clone(), access, action, &target(), &request());
        assert_eq!(answer, expected, "{role:?} {session:?} {action}");
        // What the session's policy leaves out stays out even where everybody may.
        let open = Target {
            bucket_acl: Some(BucketAcl::PublicReadWrite),
            ..target()
        };
        let bounded = session.is_some_and(|s| s == &get) && action == "oss:PutObject";
        let answer = ask(identity, access, action, &open, &request());
        assert_eq!(answer == "yes", !bounded, "{role:?} {session:?} {action}");
    }
}

/// A list without a prefix counts as a list of the empty one; other requests have no prefix at all.
#[test]
fn prefix_conditions_see_lists() {
    let policy = |prefix: &str| {
        doc(&[&format!(
            r#"{{"Effect":"Allow","Action":"oss:*","Resource":"*","Condition":{{"StringEquals":{{"oss:Prefix":"{prefix}"}}}}}}"#
        )])
    };
    let rows = [
        ("", Access::List, request(), "yes"),
        ("", Access::List, request().query("prefix", "x"), RAM_BUCKET),
        ("x", Access::List, request().query("prefix", "x"), "yes"),
        ("", Access::Read, request(), RAM_OBJECT),
    ];
    for (prefix, access, sent, expected) in rows {
        let answer = ask(
            who("ann", Some(&policy(prefix))),
            access,
            "oss:X",
            &target(),
            &sent,
        );
        assert_eq!(answer, expected, "{prefix:?} {access:?}");
    }
}
