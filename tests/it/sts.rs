//! AssumeRole (AssumeRoleByPost, AssumeRoleByForm) as credential providers call it, and what the temporary key may do afterwards
//! (auth.md §10). The RPC signature is computed here from the platform's description of it.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;

use crate::support::client::{Client, Response};
use crate::support::digest::base64_encode;
use crate::support::fixture::Bucket;
use crate::support::server::{Server, Settings, shared};
use crate::support::signer::{Scheme, iso_basic, uri_encode};
use crate::support::xml::Node;
use crate::support::{unix_now, wait_for};

const ROLE: &str = "acs:ram::1000000000000001:role/reader";

/// `2024-05-01T10:00:00Z`.
fn timestamp(unix: i64) -> String {
    let basic = iso_basic(unix);
    format!(
        "{}-{}-{}:{}:{}",
        &basic[..4],
        &basic[4..6],
        &basic[6..11],
        &basic[11..13],
        &basic[13..]
    )
}

fn parameters(more: &[(&str, &str)]) -> Vec<(String, String)> {
    let defaults = [
        ("Action", "AssumeRole"),
        ("Version", "2015-04-01"),
        ("Format", "XML"),
        ("AccessKeyId", "ossicle"),
        ("SignatureMethod", "HMAC-SHA1"),
        ("SignatureVersion", "1.0"),
        ("SignatureNonce", "nonce-1"),
        ("RoleArn", ROLE),
        ("RoleSessionName", "session"),
        ("DurationSeconds", "900"),
    ];
    let mut pairs: Vec<(String, String)> = defaults
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    pairs.push(("Timestamp".to_owned(), timestamp(unix_now())));
    for (name, value) in more {
        pairs.retain(|(given, _)| given != name);
        pairs.push(((*name).to_owned(), (*value).to_owned()));
    }
    pairs
}

fn sign(method: &str, pairs: &mut Vec<(String, String)>, secret: &str) {
    let mut encoded: Vec<(String, String)> = pairs
        .iter()
        .map(|(name, value)| (uri_encode(name, false), uri_encode(value, false)))
        .collect();
    encoded.sort();
    let canonical: Vec<String> = encoded
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let string = format!("{method}&%2F&{}", uri_encode(&canonical.join("&"), false));
    let mut mac =
        Hmac::<Sha1>::new_from_slice(format!("{secret}&").as_bytes()).expect("any length is a key");
    mac.update(string.as_bytes());
    pairs.push((
        "Signature".to_owned(),
        base64_encode(&mac.finalize().into_bytes()),
    ));
}

#[derive(Clone, Copy)]
enum Way {
    Get,
    PostQuery,
    PostForm,
}

fn ask(client: &Client, way: Way, more: &[(&str, &str)], secret: &str) -> Response {
    let mut pairs = parameters(more);
    let method = if matches!(way, Way::Get) {
        "GET"
    } else {
        "POST"
    };
    sign(method, &mut pairs, secret);
    let mut request = client.anonymous().service(method);
    if let Way::PostForm = way {
        let form: Vec<String> = pairs
            .iter()
            .map(|(name, value)| {
                format!("{}={}", uri_encode(name, false), uri_encode(value, false))
            })
            .collect();
        request = request
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(form.join("&"));
    } else {
        for (name, value) in &pairs {
            request = request.param(name, value);
        }
    }
    // Errors of this interface have another document than OSS's.
    request.send_unchecked()
}

/// A temporary key as the answer gives it.
struct Temporary {
    client: Client,
    token: String,
}

fn temporary(client: &Client, answer: &Node) -> Temporary {
    let get = |name: &str| answer.text_at(&format!("Credentials/{name}")).to_owned();
    assert!(get("AccessKeyId").starts_with("STS."), "{answer:?}");
    assert!(get("Expiration").ends_with('Z'));
    Temporary {
        client: client.with_key(&get("AccessKeyId"), &get("AccessKeySecret")),
        token: get("SecurityToken"),
    }
}

/// The three ways to ask, in XML and JSON, and the key works in every scheme, with its token and only as the role allows.
#[test]
fn temporary_keys_work() {
    let server = shared();
    let client = server.client();
    let bucket = Bucket::new(&server);
    bucket.put("k", "secret").send().expect(200);
    let json = ask(&client, Way::Get, &[("Format", "JSON")], "ossicle-secret").expect(200);
    let json: serde_json::Value = serde_json::from_slice(&json.body).expect("JSON");
    assert!(
        json["Credentials"]["SecurityToken"]
            .as_str()
            .is_some_and(|token| !token.is_empty()),
        "{json}"
    );
    for way in [Way::Get, Way::PostQuery, Way::PostForm] {
        let answer = ask(&client, way, &[], "ossicle-secret").expect(200).xml();
        assert_eq!(answer.name, "AssumeRoleResponse");
        assert!(
            answer.text_at("AssumedRoleUser/Arn").contains("reader"),
            "{answer:?}"
        );
        let temporary = temporary(&client, &answer);
        for scheme in Scheme::ALL {
            let by = temporary.client.with_scheme(scheme);
            let token = |request: crate::support::client::Request| match scheme {
                Scheme::V1Url | Scheme::V2Url => request.param("security-token", &temporary.token),
                Scheme::V4Url => request.param("x-oss-security-token", &temporary.token),
                _ => request.header("x-oss-security-token", &temporary.token),
            };
            assert_eq!(
                token(bucket.get("k").by(&by)).send().expect(200).body,
                b"secret",
                "{scheme:?}"
            );
            token(bucket.put("k", "x").by(&by))
                .send()
                .refused(403, "AccessDenied");
            token(bucket.append("new", 0, "x").by(&by))
                .send()
                .refused(403, "AccessDenied");
            bucket
                .get("k")
                .by(&by)
                .send()
                .refused(403, "InvalidAccessKeyId");
        }
        // Python v2 and Java v2 in V1 mode name the header differently.
        let v1 = bucket
            .get("k")
            .by(&temporary.client.with_scheme(Scheme::V1Header));
        v1.unsigned_header("security-token", &temporary.token)
            .send()
            .expect(200);
        let other = bucket
            .get("k")
            .by(&temporary.client)
            .header("x-oss-security-token", format!("{}x", temporary.token));
        assert!(matches!(
            other.send().refused_with(403).as_str(),
            "InvalidSecurityToken" | "AccessKeyIdAndSecurityTokenNotMatch"
        ));
    }
    bucket.assert_holds("k", "Normal", b"secret");
}

/// A session policy narrows what the role may.
#[test]
fn session_policy_narrows() {
    let server = shared();
    let client = server.client();
    let bucket = Bucket::new(&server);
    bucket.put("open/k", "x").send().expect(200);
    bucket.put("closed/k", "x").send().expect(200);
    let policy = format!(
        "{{\"Version\":\"1\",\"Statement\":[{{\"Effect\":\"Allow\",\"Action\":\"oss:*\",\"Resource\":\"acs:oss:*:*:{}/open/*\"}}]}}",
        bucket.name
    );
    let answer = ask(&client, Way::Get, &[("Policy", &policy)], "ossicle-secret")
        .expect(200)
        .xml();
    let temporary = temporary(&client, &answer);
    let get = |key: &str| {
        bucket
            .get(key)
            .by(&temporary.client)
            .header("x-oss-security-token", &temporary.token)
            .send()
    };
    get("open/k").expect(200);
    get("closed/k").refused(403, "AccessDenied");
    // What the role itself may not stays forbidden although the session policy would allow it.
    let put = bucket
        .put("open/k", "y")
        .by(&temporary.client)
        .header("x-oss-security-token", &temporary.token);
    put.send().refused(403, "AccessDenied");
}

/// Requests that are no requests, or not signed, or for a role that is not there; nothing of it helps to read anything.
#[test]
fn refusals() {
    let server = shared();
    let client = server.client();
    let stale = timestamp(unix_now() - 3600);
    let long = "s".repeat(65);
    let cases: [(&str, &[(&str, &str)], &str, &str); 9] = [
        ("wrong secret", &[], "wrong", "SignatureDoesNotMatch"),
        (
            "unknown key",
            &[("AccessKeyId", "nobodyknowsme")],
            "ossicle-secret",
            "InvalidAccessKeyId.NotFound",
        ),
        (
            "unknown role",
            &[("RoleArn", "acs:ram::1000000000000001:role/nobody")],
            "ossicle-secret",
            "EntityNotExist.Role",
        ),
        (
            "role of another account",
            &[("AccessKeyId", "otherkey")],
            "other-secret",
            "NoPermission",
        ),
        (
            "no action",
            &[("Action", "DropRole")],
            "ossicle-secret",
            "InvalidAction.NotFound",
        ),
        (
            "stale",
            &[("Timestamp", &stale)],
            "ossicle-secret",
            "InvalidTimeStamp.Expired",
        ),
        (
            "too short",
            &[("DurationSeconds", "5")],
            "ossicle-secret",
            "InvalidParameter.DurationSeconds",
        ),
        (
            "a long session name",
            &[("RoleSessionName", &long)],
            "ossicle-secret",
            "InvalidParameter.RoleSessionName",
        ),
        (
            "a policy that is none",
            &[("Policy", "{")],
            "ossicle-secret",
            "InvalidParameter.PolicyGrammar",
        ),
    ];
    for (name, more, secret, code) in cases {
        for way in [Way::Get, Way::PostForm] {
            let answer = ask(&client, way, more, secret);
            assert!((400..405).contains(&answer.status), "{name}: {answer:?}");
            assert_eq!(answer.xml().text_at("Code"), code, "{name}: {answer:?}");
            assert!(
                !String::from_utf8_lossy(&answer.body).contains("-secret"),
                "{name}: a secret in the answer"
            );
        }
    }
}

/// A user may take a role only where its policy says so.
#[test]
fn users_need_permission_to_assume() {
    let server = shared();
    let client = server.client();
    let denied = ask(
        &client,
        Way::Get,
        &[("AccessKeyId", "readerkey")],
        "reader-secret",
    );
    assert_eq!(
        (denied.status, denied.xml().text_at("Code")),
        (403, "NoPermission"),
        "{denied:?}"
    );
    ask(
        &client,
        Way::Get,
        &[("AccessKeyId", "assumerkey")],
        "assumer-secret",
    )
    .expect(200);
}

/// A token outlives a restart or not, but never turns into another identity: after a restart its key is known with the same rights or
/// not at all.
#[test]
fn tokens_after_a_restart() {
    let mut server = Server::start(Settings {
        on_disk: true,
        ..Settings::default()
    });
    let client = server.client();
    let name = Bucket::new(&server).name;
    let answer = ask(&client, Way::Get, &[], "ossicle-secret")
        .expect(200)
        .xml();
    let before = temporary(&client, &answer);
    server.kill();
    server.start_again();
    let moved = Client {
        addr: server.addr(),
        ..before.client
    };
    let put = wait_for("an answer", std::time::Duration::from_secs(5), || {
        Some(
            moved
                .object("PUT", &name, "k")
                .header("x-oss-security-token", &before.token)
                .body("x")
                .send(),
        )
    });
    assert!(matches!(
        put.refused_with(403).as_str(),
        "AccessDenied" | "InvalidAccessKeyId" | "InvalidSecurityToken"
    ));
}
