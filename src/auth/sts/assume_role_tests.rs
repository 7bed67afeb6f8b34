//! AssumeRole: the platform's published signature, every refusal, and the documents.

use super::super::super::tests::{HOME, OTHER, UID, credentials, credentials_with};
use super::*;
use crate::domain::ids::SystemIds;

const NOW: Timestamp = Timestamp::from_seconds(1_672_223_261);

type Parameters = Vec<(String, String)>;

fn request<'a>(method: &'a str, parameters: &'a Parameters) -> StsRequest<'a> {
    StsRequest {
        method,
        parameters,
        now: NOW,
        source_ip: HOME,
        secure: true,
        request_id: "ID",
    }
}

fn pairs(list: &[(&str, &str)]) -> Parameters {
    list.iter()
        .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
        .collect()
}

/// The example that the platform publishes for its RPC signature.
#[test]
fn the_published_example() {
    let parameters = pairs(&[
        ("Timestamp", "2016-02-23T12:46:24Z"),
        ("Format", "XML"),
        ("AccessKeyId", "testid"),
        ("Action", "DescribeRegions"),
        ("SignatureMethod", "HMAC-SHA1"),
        ("SignatureNonce", "3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf"),
        ("Version", "2014-05-26"),
        ("SignatureVersion", "1.0"),
        ("Signature", "not signed"),
    ]);
    let string = request("GET", &parameters).string_to_sign();
    assert_eq!(
        string,
        "GET&%2F&AccessKeyId%3Dtestid%26Action%3DDescribeRegions%26Format%3DXML%26SignatureMethod%3DHMAC-SHA1%26SignatureNonce%3D3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf%26SignatureVersion%3D1.0%26Timestamp%3D2016-02-23T12%253A46%253A24Z%26Version%3D2014-05-26"
    );
    assert_eq!(
        v1_signature(b"testsecret&", string.as_bytes()),
        "OLeaidS1JvxuMvnyHOwuJ+uX5qY="
    );
}

fn arn() -> String {
    role_arn(UID, "reader")
}

/// A good request with some parameters replaced (or removed, where empty), signed.
fn signed(key: (&str, &str), changes: &[(&str, &str)]) -> Parameters {
    let mut parameters = pairs(&[
        ("Action", "AssumeRole"),
        ("Version", VERSION),
        ("Format", "JSON"),
        ("AccessKeyId", key.0),
        ("SignatureMethod", "HMAC-SHA1"),
        ("SignatureVersion", "1.0"),
        ("SignatureNonce", "n"),
        ("Timestamp", "2022-12-28T10:27:41Z"),
        ("RoleArn", &arn()),
        ("RoleSessionName", "session-1"),
    ]);
    for (name, value) in changes {
        parameters.retain(|(n, _)| n != name);
        if !value.is_empty() {
            parameters.push(((*name).to_owned(), (*value).to_owned()));
        }
    }
    if !parameters.iter().any(|(n, _)| n == "Signature") {
        let string = request("POST", &parameters).string_to_sign();
        let secret = format!("{}&", key.1);
        let signature = if changes.contains(&("SignatureMethod", "HMAC-SHA256")) {
            v2_signature(secret.as_bytes(), string.as_bytes())
        } else {
            v1_signature(secret.as_bytes(), string.as_bytes())
        };
        parameters.push(("Signature".to_owned(), signature));
    }
    parameters
}

const ROOT: (&str, &str) = ("ak", "sk");

fn answer(
    credentials: &Credentials,
    parameters: &Parameters,
) -> Result<AssumeRoleResponse, StsError> {
    assume_role(
        credentials,
        &request("POST", parameters),
        &SystemIds::default(),
    )
}

#[test]
fn a_role_is_assumed() {
    let credentials = credentials();
    for changes in [
        &[][..],
        &[("DurationSeconds", "900")],
        &[("SignatureMethod", "HMAC-SHA256")],
        &[("SignatureMethod", "")],
    ] {
        let response = answer(&credentials, &signed(ROOT, changes)).unwrap();
        let seconds = if changes.contains(&("DurationSeconds", "900")) {
            900
        } else {
            3600
        };
        let expires = NOW.plus_millis(seconds * 1000);
        let key = &response.credentials;
        assert_eq!(key.expiration, expires.iso8601().replace(".000Z", "Z"));
        assert_eq!(
            response.assumed_role_user.arn,
            format!("acs:sts::{UID}:assumed-role/reader/session-1")
        );
        assert!(
            response
                .assumed_role_user
                .assumed_role_id
                .ends_with(":session-1")
        );
        let (principal, secret) = credentials
            .open_token(&key.access_key_id, &key.security_token, NOW)
            .unwrap();
        assert_eq!(secret.reveal(), key.access_key_secret);
        assert!(matches!(principal, Principal::Session(_)));
    }
}

#[test]
fn documents_have_the_interfaces_shape() {
    let response = answer(&credentials(), &signed(ROOT, &[])).unwrap();
    let json = serde_json::to_value(&response).unwrap();
    assert_eq!(json["RequestId"], "ID");
    for name in [
        "AccessKeyId",
        "AccessKeySecret",
        "SecurityToken",
        "Expiration",
    ] {
        assert!(json["Credentials"][name].is_string(), "{name}");
    }
    for name in ["Arn", "AssumedRoleId"] {
        assert!(json["AssumedRoleUser"][name].is_string(), "{name}");
    }
    let xml = quick_xml::se::to_string(&response).unwrap();
    assert!(
        xml.starts_with("<AssumeRoleResponse><RequestId>ID</RequestId><AssumedRoleUser><Arn>"),
        "{xml}"
    );
    assert!(!format!("{response:?}").contains(&response.credentials.access_key_secret));

    let error = StsError::new(404, "X", "y").document("ID", "sts");
    assert_eq!(
        quick_xml::se::to_string(&error).unwrap(),
        "<Error><RequestId>ID</RequestId><HostId>sts</HostId><Code>X</Code><Message>y</Message></Error>"
    );
}

/// Name, changed parameters, status, code.
type Refusal<'a> = (&'a str, &'a [(&'a str, &'a str)], u16, &'a str);

#[test]
fn every_refusal() {
    let long = format!("{:2049}", "{}");
    let other_role = role_arn(OTHER, "reader");
    let no_role = role_arn(UID, "nobody");
    #[rustfmt::skip]
    let rows: &[Refusal] = &[
        ("no action", &[("Action", "")], 404, "InvalidAction.NotFound"),
        ("other action", &[("Action", "GetToken")], 404, "InvalidAction.NotFound"),
        ("no version", &[("Version", "")], 400, "MissingVersion"),
        ("other version", &[("Version", "2011-01-01")], 400, "InvalidVersion"),
        ("no key", &[("AccessKeyId", "")], 400, "MissingAccessKeyId"),
        ("unknown key", &[("AccessKeyId", "nobody")], 404, "InvalidAccessKeyId.NotFound"),
        ("disabled key", &[("AccessKeyId", "off")], 400, "InvalidAccessKeyId.Inactive"),
        ("no timestamp", &[("Timestamp", "")], 400, "MissingTimestamp"),
        ("bad timestamp", &[("Timestamp", "now")], 400, "InvalidTimeStamp.Format"),
        ("old timestamp", &[("Timestamp", "2022-12-28T10:12:40Z")], 400, "InvalidTimeStamp.Expired"),
        ("early timestamp", &[("Timestamp", "2022-12-28T10:42:42Z")], 400, "InvalidTimeStamp.Expired"),
        ("bad method", &[("SignatureMethod", "MD5")], 400, "InvalidParameter.SignatureMethod"),
        ("wrong signature", &[("Signature", "x")], 400, "SignatureDoesNotMatch"),
        ("no role", &[("RoleArn", "")], 400, "MissingRoleArn"),
        ("bad role", &[("RoleArn", "reader")], 400, "InvalidParameter.RoleArn"),
        ("unknown role", &[("RoleArn", &no_role)], 404, "EntityNotExist.Role"),
        ("role of another account", &[("RoleArn", &other_role)], 403, "NoPermission"),
        ("no session name", &[("RoleSessionName", "")], 400, "MissingRoleSessionName"),
        ("short session name", &[("RoleSessionName", "s")], 400, "InvalidParameter.RoleSessionName"),
        ("bad session name", &[("RoleSessionName", "a b")], 400, "InvalidParameter.RoleSessionName"),
        ("short duration", &[("DurationSeconds", "899")], 400, "InvalidParameter.DurationSeconds"),
        ("long duration", &[("DurationSeconds", "43201")], 400, "InvalidParameter.DurationSeconds"),
        ("bad duration", &[("DurationSeconds", "x")], 400, "InvalidParameter.DurationSeconds"),
        ("bad policy", &[("Policy", "{}")], 400, "InvalidParameter.PolicyGrammar"),
        ("long policy", &[("Policy", &long)], 400, "InvalidParameter.PolicySize"),
        ("bad token", &[("AccessKeyId", "STS.x"), ("SecurityToken", "t")], 400, "InvalidSecurityToken.Malformed"),
        ("token with a long-lived key", &[("SecurityToken", "t")], 400, "InvalidSecurityToken.MismatchWithAccessKey"),
    ];
    let credentials = credentials();
    for (name, changes, status, code) in rows {
        let error = answer(&credentials, &signed(ROOT, changes)).unwrap_err();
        assert_eq!(
            (error.status, error.code),
            (*status, *code),
            "{name}: {error}"
        );
    }
    // A signature over a GET is none over a POST.
    let parameters = signed(ROOT, &[]);
    let error = assume_role(
        &credentials,
        &request("GET", &parameters),
        &SystemIds::default(),
    )
    .unwrap_err();
    assert_eq!(error.code, "SignatureDoesNotMatch");
}

#[test]
fn users_need_a_statement_to_assume_a_role() {
    let policy = |action: &str, resource: &str| {
        format!(
            r#"{{"Version":"1","Statement":[{{"Effect":"Allow","Action":"{action}","Resource":"{resource}"}}]}}"#
        )
    };
    let ann = ("ann-key", "user-secret");
    let rows = [
        (Some(policy("sts:AssumeRole", "*")), true),
        (Some(policy("sts:AssumeRole", &arn())), true),
        (
            Some(policy("sts:AssumeRole", &role_arn(UID, "writer"))),
            false,
        ),
        (Some(policy("oss:*", "*")), false),
        (None, false),
    ];
    for (policy, allowed) in rows {
        let credentials = credentials_with(policy.as_deref(), None);
        let result = answer(&credentials, &signed(ann, &[]));
        assert_eq!(result.is_ok(), allowed, "{policy:?} {result:?}");
        if let Err(error) = result {
            assert_eq!((error.status, error.code), (403, "NoPermission"));
        }
    }
}

/// A session may take a role again if its role's policy says so, with its token.
#[test]
fn a_session_can_assume_again() {
    let policy = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}]}"#;
    let credentials = credentials_with(None, Some(policy));
    let first = answer(&credentials, &signed(ROOT, &[]))
        .unwrap()
        .credentials;
    let key = (&*first.access_key_id, &*first.access_key_secret);
    let parameters = signed(key, &[("SecurityToken", &first.security_token)]);
    assert!(answer(&credentials, &parameters).is_ok());
    let error = answer(&credentials, &signed(key, &[])).unwrap_err();
    assert_eq!(error.code, "InvalidAccessKeyId.NotFound");
}
