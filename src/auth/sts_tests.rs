//! Tokens: what seals them, what voids them.

use super::super::credentials::{AccountSpec, KeySpec, RoleSpec};
use super::*;
use crate::domain::ids::SystemIds;

fn credentials(secret: &str, roles: &[&str]) -> Credentials {
    Credentials::new(vec![AccountSpec {
        uid: "1".to_owned(),
        display_name: "one".to_owned(),
        keys: vec![KeySpec {
            id: "ak".to_owned(),
            secret: Secret::new(secret),
            disabled: false,
        }],
        users: Vec::new(),
        roles: roles
            .iter()
            .map(|name| RoleSpec {
                name: (*name).to_owned(),
                policy: None,
            })
            .collect(),
    }])
    .unwrap()
}

fn grant(policy: Option<&str>) -> Grant<'_> {
    Grant {
        account: "1",
        role: "r",
        session: "s",
        policy,
        seconds: 900,
    }
}

const NOW: Timestamp = Timestamp(1_700_000_000_500);
const POLICY: &str =
    r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"oss:*","Resource":"*"}]}"#;

#[test]
fn a_token_outlives_a_restart_but_not_a_change_of_secret_or_role() {
    let issued = credentials("s", &["r"])
        .issue_token(&grant(Some(POLICY)), NOW, &SystemIds::default())
        .unwrap();
    assert!(issued.access_key_id.starts_with("STS.") && issued.token.starts_with("CAIS"));
    assert_eq!(issued.expires, Timestamp(1_700_000_900_000));
    let open = |credentials: &Credentials, now| {
        credentials.open_token(&issued.access_key_id, &issued.token, now)
    };
    let (principal, secret) = open(&credentials("s", &["r"]), NOW).unwrap();
    assert_eq!(secret.reveal(), issued.secret.reveal());
    let Principal::Session(session) = principal else {
        panic!("not a session");
    };
    assert_eq!((&*session.role, &*session.name), ("r", "s"));
    assert!(session.policy.is_some());
    assert_eq!(session.expires(), issued.expires);

    for (name, credentials) in [
        ("other secret", credentials("t", &["r"])),
        ("role gone", credentials("s", &["q"])),
        ("account gone", Credentials::default()),
    ] {
        assert_eq!(
            open(&credentials, NOW).unwrap_err(),
            TokenError::Unknown,
            "{name}"
        );
    }
    let late = open(&credentials("s", &["r"]), issued.expires).unwrap_err();
    assert_eq!(late, TokenError::Expired);
}

/// Every byte of a token counts, the seal's and the claims'.
#[test]
fn no_altered_token_opens() {
    let credentials = credentials("s", &["r"]);
    let issued = credentials
        .issue_token(&grant(None), NOW, &SystemIds::default())
        .unwrap();
    let sealed = BASE64
        .decode(issued.token.strip_prefix(TOKEN_PREFIX).unwrap())
        .unwrap();
    for i in 0..sealed.len() {
        let mut other = sealed.clone();
        other[i] ^= 1;
        let token = format!("{TOKEN_PREFIX}{}", BASE64.encode(other));
        let opened = credentials.open_token(&issued.access_key_id, &token, NOW);
        assert_eq!(opened.unwrap_err(), TokenError::Unknown, "byte {i}");
    }
    for token in ["", "CAIS", "CAISAAAA", "CAIS!", &"CAIS".repeat(4000)] {
        let opened = credentials.open_token(&issued.access_key_id, token, NOW);
        assert_eq!(opened.unwrap_err(), TokenError::Unknown, "{}", token.len());
    }
}

#[test]
fn two_keys_differ_in_everything() {
    let credentials = credentials("s", &["r"]);
    let issue = || {
        credentials
            .issue_token(&grant(None), NOW, &SystemIds::default())
            .unwrap()
    };
    let (a, b) = (issue(), issue());
    assert_ne!(a.access_key_id, b.access_key_id);
    assert_ne!(a.secret.reveal(), b.secret.reveal());
    let crossed = credentials.open_token(&a.access_key_id, &b.token, NOW);
    assert_eq!(crossed.unwrap_err(), TokenError::OtherKey);
}

#[test]
fn bad_grants_are_refused() {
    let credentials = credentials("s", &["r"]);
    let issue = |grant: Grant| {
        credentials
            .issue_token(&grant, NOW, &SystemIds::default())
            .unwrap_err()
    };
    assert_eq!(
        issue(Grant {
            role: "x",
            ..grant(None)
        }),
        IssueError::NoSuchRole
    );
    assert_eq!(
        issue(Grant {
            account: "2",
            ..grant(None)
        }),
        IssueError::NoSuchRole
    );
    let long = format!("{POLICY}{}", " ".repeat(SESSION_POLICY_BYTES_MAX));
    assert_eq!(issue(grant(Some(&long))), IssueError::PolicyTooLong);
    assert!(matches!(issue(grant(Some("{}"))), IssueError::Policy(_)));
}

/// The longest session policy still gives a token that is looked at.
#[test]
fn the_longest_session_policy_fits() {
    let credentials = credentials("s", &["r"]);
    // Quotes and backslashes double in the claims, so this is the worst case as well.
    let blank = SESSION_POLICY_BYTES_MAX - POLICY.len();
    let long = format!("{POLICY}{}", "\n".repeat(blank));
    let issued = credentials
        .issue_token(&grant(Some(&long)), NOW, &SystemIds::default())
        .unwrap();
    assert!(
        credentials
            .open_token(&issued.access_key_id, &issued.token, NOW)
            .is_ok()
    );
}
