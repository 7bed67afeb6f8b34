//! Configurations that make credentials and those that do not.

use super::*;

fn key(id: &str, secret: &str) -> KeySpec {
    KeySpec {
        id: id.to_owned(),
        secret: Secret::new(secret),
        disabled: false,
    }
}

fn account(uid: &str, keys: Vec<KeySpec>) -> AccountSpec {
    AccountSpec {
        uid: uid.to_owned(),
        display_name: uid.to_owned(),
        keys,
        users: Vec::new(),
        roles: Vec::new(),
    }
}

fn user(name: &str, policy: Option<&str>) -> UserSpec {
    UserSpec {
        name: name.to_owned(),
        keys: vec![key(name, "s")],
        policy: policy.map(str::to_owned),
    }
}

fn role(name: &str, policy: Option<&str>) -> RoleSpec {
    RoleSpec {
        name: name.to_owned(),
        policy: policy.map(str::to_owned),
    }
}

#[test]
fn bad_configurations_are_refused() {
    let one = || account("1", vec![key("a", "s")]);
    let with = |users: Vec<UserSpec>, roles: Vec<RoleSpec>| AccountSpec {
        users,
        roles,
        ..one()
    };
    let rows = [
        (
            "empty uid",
            vec![account("", vec![])],
            "account id \"\" is not",
        ),
        (
            "uid of letters",
            vec![account("1x", vec![])],
            "account id \"1x\" is not",
        ),
        (
            "uid twice",
            vec![one(), account("1", vec![])],
            "account 1 is configured twice",
        ),
        (
            "key twice",
            vec![one(), account("2", vec![key("a", "t")])],
            "access key id a is",
        ),
        (
            "key of a user twice",
            vec![with(vec![user("a", None)], vec![])],
            "access key id a is",
        ),
        (
            "empty key id",
            vec![account("1", vec![key("", "s")])],
            "access key \"\"",
        ),
        (
            "illegal key id",
            vec![account("1", vec![key("a b", "s")])],
            "access key \"a b\"",
        ),
        (
            "temporary key id",
            vec![account("1", vec![key("STS.a", "s")])],
            "access key \"STS.a\"",
        ),
        (
            "empty secret",
            vec![account("1", vec![key("a", "")])],
            "access key \"a\"",
        ),
        (
            "user twice",
            vec![with(vec![user("u", None), user("u", None)], vec![])],
            "named u",
        ),
        (
            "role twice",
            vec![with(vec![], vec![role("r", None), role("r", None)])],
            "named r",
        ),
        (
            "bad policy of a user",
            vec![with(vec![user("u", Some("{}"))], vec![])],
            "policy of acs:ram::1:user/u",
        ),
        (
            "bad policy of a role",
            vec![with(vec![], vec![role("r", Some("{}"))])],
            "policy of acs:ram::1:role/r",
        ),
        (
            "role without a key",
            vec![AccountSpec {
                roles: vec![role("r", None)],
                ..account("1", vec![])
            }],
            "account 1 has roles",
        ),
    ];
    for (name, accounts, expected) in rows {
        let error = match Credentials::new(accounts) {
            Ok(_) => panic!("{name}: accepted"),
            Err(error) => error.to_string(),
        };
        assert!(error.contains(expected), "{name}: {error}");
    }
}

#[test]
fn secrets_never_print() {
    let spec = AccountSpec {
        users: vec![UserSpec {
            name: "u".to_owned(),
            keys: vec![key("b", "hush-hush")],
            policy: None,
        }],
        roles: vec![role("r", None)],
        ..account("1", vec![key("a", "hush-hush")])
    };
    let text = format!("{spec:?}");
    assert!(!text.contains("hush") && text.contains("***"));
    let credentials = Credentials::new(vec![spec]).unwrap();
    let sealing = hex::encode(&credentials.account("1").unwrap().sealing_key);
    for text in [
        format!("{credentials:?}"),
        format!("{:#?}", credentials.lookup("a")),
    ] {
        assert!(!text.contains("hush") && !text.contains(&sealing), "{text}");
    }
}

#[test]
fn numeric_ids_are_stable_and_shaped() {
    let id = numeric_id("1", "user", "ann");
    assert_eq!(id, numeric_id("1", "user", "ann"));
    assert!(id.len() == 16 && id.starts_with('2') && id.bytes().all(|b| b.is_ascii_digit()));
    assert_ne!(id, numeric_id("1", "role", "ann"));
    assert_ne!(id, numeric_id("2", "user", "ann"));
}

#[test]
fn equality_is_of_the_whole() {
    assert!(same(b"abc", b"abc"));
    for other in [&b"abd"[..], b"ab", b"abcd", b""] {
        assert!(!same(b"abc", other));
    }
}

#[test]
fn a_kept_signer_serves_only_its_own_scope_and_secret() {
    let scope = |date: &str, region: &str| Scope {
        date: date.to_owned(),
        region: region.to_owned(),
        product: "oss".to_owned(),
    };
    let scopes = [
        scope("20221228", "a"),
        scope("20221228", "a"),
        scope("20221229", "a"),
        scope("20221229", "b"),
        scope("20221228", "a"),
    ];
    for text in ["one", "two"] {
        let secret = Secret::new(text);
        for scope in &scopes {
            let expected = canonical::v4_signature(text.as_bytes(), scope, b"text");
            let shared = secret.clone();
            assert_eq!(shared.v4_signer(scope).sign(b"text"), expected, "{scope}");
        }
        assert_eq!(format!("{secret:?}"), "***");
    }
}
