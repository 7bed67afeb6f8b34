//! Every row of auth.md §12 that a request can meet, and the vectors of §9 from end to end.

use super::canonical::{self, EmptyValue, HostForm, Scope, SubResources, V4Form};
use super::credentials::{AccountSpec, KeySpec, RoleSpec, Secret, UserSpec};
use super::sts::{Grant, Issued};
use super::*;
use crate::domain::ids::SystemIds;
use http::{HeaderName, HeaderValue};
use std::net::Ipv4Addr;

pub(super) const UID: &str = "1000000000000001";
pub(super) const OTHER: &str = "1000000000000002";
pub(super) const HOME: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn key(id: &str, secret: &str) -> KeySpec {
    KeySpec {
        id: id.to_owned(),
        secret: Secret::new(secret),
        disabled: id == "off",
    }
}

/// Two accounts; the first has users `ann` and `bob` and a role `reader`, with the given policies.
pub(super) fn credentials_with(ann: Option<&str>, reader: Option<&str>) -> Credentials {
    let user = |name: &str, policy: Option<&str>| UserSpec {
        name: name.to_owned(),
        keys: vec![key(&format!("{name}-key"), "user-secret")],
        policy: policy.map(str::to_owned),
    };
    Credentials::new(vec![
        AccountSpec {
            uid: UID.to_owned(),
            display_name: "one".to_owned(),
            keys: vec![key("ak", "sk"), key("off", "sk")],
            users: vec![user("ann", ann), user("bob", None)],
            roles: vec![RoleSpec {
                name: "reader".to_owned(),
                policy: reader.map(str::to_owned),
            }],
        },
        AccountSpec {
            uid: OTHER.to_owned(),
            display_name: "two".to_owned(),
            keys: vec![key("other", "other-secret")],
            users: vec![user("eve", ann)],
            roles: Vec::new(),
        },
    ])
    .unwrap()
}

pub(super) fn credentials() -> Credentials {
    credentials_with(None, None)
}

/// A request that owns its parts.
#[derive(Clone)]
pub(super) struct Sent {
    pub method: Method,
    pub headers: HeaderMap,
    pub query: Vec<(String, Option<String>)>,
    pub bucket: Option<String>,
    pub key: Option<String>,
    pub now: Timestamp,
}

impl Sent {
    pub fn new(method: &str, bucket: &str, key: &str, now: i64) -> Self {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Self {
            method: method.parse().unwrap(),
            headers: HeaderMap::new(),
            query: Vec::new(),
            bucket: some(bucket),
            key: some(key),
            now: Timestamp::from_seconds(now),
        }
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        self.headers
            .insert(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.headers.remove(name);
        self.query.retain(|(n, _)| n != name);
        self
    }

    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.query.retain(|(n, _)| n != name);
        self.query.push((name.to_owned(), Some(value.to_owned())));
        self
    }

    pub fn at(mut self, now: i64) -> Self {
        self.now = Timestamp::from_seconds(now);
        self
    }

    pub fn incoming(&self) -> Incoming<'_> {
        Incoming {
            method: &self.method,
            headers: &self.headers,
            query: &self.query,
            raw_query: "",
            bucket: self.bucket.as_deref(),
            key: self.key.as_deref(),
            host: "localhost",
            secure: false,
            source_ip: HOME,
            now: self.now,
        }
    }

    pub fn authenticate(&self, credentials: &Credentials) -> Result<Identity> {
        authenticate(credentials, &AuthSettings::default(), &self.incoming())
    }

    /// Signed with a V1 header by a client that signs these sub-resources.
    fn signed_v1(self, id: &str, secret: &str, names: SubResources, empty: EmptyValue) -> Self {
        let date = self.now.rfc1123();
        let sent = self.header("date", &date);
        let string =
            canonical::v1_string_to_sign(&sent.incoming().subject(), date.as_bytes(), names, empty);
        let signature = canonical::v1_signature(secret.as_bytes(), &string);
        sent.header("authorization", &format!("OSS {id}:{signature}"))
    }

    pub fn v1(self, id: &str, secret: &str) -> Self {
        self.signed_v1(id, secret, SubResources::Full, EmptyValue::Bare)
    }

    fn v1_url(self, id: &str, secret: &str, expires: i64, names: SubResources) -> Self {
        let expires = expires.to_string();
        let sent = self.query("Expires", &expires).query("OSSAccessKeyId", id);
        let subject = sent.incoming();
        let string = canonical::v1_string_to_sign(
            &subject.subject(),
            expires.as_bytes(),
            names,
            EmptyValue::Bare,
        );
        let signature = canonical::v1_signature(secret.as_bytes(), &string);
        sent.query("Signature", &signature)
    }

    fn v2(self, id: &str, secret: &str, additional: &str) -> Self {
        let date = self.now.rfc1123();
        let sent = self.header("date", &date);
        let subject = sent.incoming();
        let string = canonical::v2_string_to_sign(&subject.subject(), date.as_bytes(), additional);
        let signature = canonical::v2_signature(secret.as_bytes(), &string);
        let list = if additional.is_empty() {
            String::new()
        } else {
            format!(",AdditionalHeaders:{additional}")
        };
        let value = format!("OSS2 AccessKeyId:{id}{list},Signature:{signature}");
        sent.header("authorization", &value)
    }

    fn v2_url(self, id: &str, secret: &str, expires: i64) -> Self {
        let expires = expires.to_string();
        let sent = self
            .query("x-oss-signature-version", "OSS2")
            .query("x-oss-access-key-id", id)
            .query("x-oss-expires", &expires);
        let subject = sent.incoming();
        let string = canonical::v2_string_to_sign(&subject.subject(), expires.as_bytes(), "");
        let signature = canonical::v2_signature(secret.as_bytes(), &string);
        sent.query("x-oss-signature", &signature)
    }

    fn v4(self, id: &str, secret: &str, additional: &str, host: HostForm) -> Self {
        let date = self.now.basic();
        let sent = self
            .header("x-oss-date", &date)
            .header("x-oss-content-sha256", "UNSIGNED-PAYLOAD");
        let (scope, signature) =
            v4_signature(&sent.incoming(), secret, &date, V4Form { additional, host });
        let list = if additional.is_empty() {
            String::new()
        } else {
            format!("AdditionalHeaders={additional},")
        };
        let value = format!("OSS4-HMAC-SHA256 Credential={id}/{scope},{list}Signature={signature}");
        sent.header("authorization", &value)
    }

    fn v4_url(self, id: &str, secret: &str, life: &str) -> Self {
        let date = self.now.basic();
        let day = &date[..8];
        let sent = self
            .query("x-oss-signature-version", "OSS4-HMAC-SHA256")
            .query("x-oss-date", &date)
            .query("x-oss-expires", life)
            .query(
                "x-oss-credential",
                &format!("{id}/{day}/cn-hangzhou/oss/aliyun_v4_request"),
            );
        let form = V4Form {
            additional: "",
            host: HostForm::Verbatim,
        };
        let (_, signature) = v4_signature(&sent.incoming(), secret, &date, form);
        sent.query("x-oss-signature", &signature)
    }
}

fn v4_signature(
    incoming: &Incoming,
    secret: &str,
    timestamp: &str,
    form: V4Form,
) -> (Scope, String) {
    let scope = Scope {
        date: timestamp[..8].to_owned(),
        region: "cn-hangzhou".to_owned(),
        product: "oss".to_owned(),
    };
    let request = canonical::v4_canonical_request(&incoming.subject(), form);
    let string = canonical::v4_string_to_sign(timestamp.as_bytes(), &scope, &request);
    let signature = canonical::v4_signature(secret.as_bytes(), &scope, &string);
    (scope, signature)
}

/// 2022-12-28T10:27:41Z
const NOW: i64 = 1_672_223_261;
/// 2023-12-16T16:20:57Z
const NOW_V4: i64 = 1_702_743_657;
const DATE: &str = "Wed, 28 Dec 2022 10:27:41 GMT";

fn get() -> Sent {
    Sent::new("GET", "bucket", "key", NOW)
}

fn with_authorization(value: &str) -> Sent {
    get().header("date", DATE).header("authorization", value)
}

fn v4_header(credential: &str, rest: &str) -> Sent {
    Sent::new("GET", "bucket", "key", NOW_V4)
        .header("x-oss-date", "20231216T162057Z")
        .header(
            "authorization",
            &format!("OSS4-HMAC-SHA256 Credential={credential}{rest}"),
        )
}

const SCOPE: &str = "20231216/cn-hangzhou/oss/aliyun_v4_request";
const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. Check your key and signing method.";
const MISSING: &str = "AccessKeyId or Signature is missing in Authorization header value.";
const URL_MISSING: &str =
    "Query string authentication requires the Signature, Expires and OSSAccessKeyId parameters";

type Row = (&'static str, Sent, Code, &'static str, &'static str);

/// Name, request, code, EC, message (not compared where empty).
#[rustfmt::skip]
fn header_rows() -> Vec<Row> {
    use Code::{AccessDenied, InvalidAccessKeyId, InvalidArgument, SignatureDoesNotMatch};
    let row = |name, sent, code, ec, message| (name, sent, code, ec, message);
    let a = with_authorization;
    vec![
        row("unknown prefix", a("Basic abc"), InvalidArgument, "0002-00000061", "Authorization header is invalid."),
        row("S3 prefix", a("AWS ak:x"), InvalidArgument, "0002-00000061", ""),
        row("S3 V4 prefix", a("AWS4-HMAC-SHA256 Credential=x"), InvalidArgument, "0002-00000061", ""),
        row("empty header", a(""), InvalidArgument, "0002-00000061", ""),
        row("not ASCII", a("OSS ak:\u{e9}"), InvalidArgument, "0002-00000061", ""),
        row("no colon", a("OSS x"), InvalidArgument, "0002-00000062", ""),
        row("no colon, nothing", a("OSS"), InvalidArgument, "0002-00000062", ""),
        row("empty key id", a("OSS :x"), InvalidArgument, "0002-00000063", MISSING),
        row("illegal key id", a("OSS a/k:x"), InvalidAccessKeyId, "0002-00000064", ""),
        row("empty signature", a("OSS ak:"), InvalidArgument, "0002-00000065", MISSING),
        row("unknown key", a("OSS nobody:x"), InvalidAccessKeyId, "0002-00000902", "The OSS Access Key Id you provided does not exist in our records."),
        row("disabled key", get().v1("off", "sk"), InvalidAccessKeyId, "0002-00000902", "The OSS Access Key Id you provided is disabled."),
        row("wrong signature", a("OSS ak:kSHKmLxlyEAKtZPkJhG9bZb5k7M="), SignatureDoesNotMatch, "0002-00000040", MISMATCH),
        row("wrong secret", get().v1("ak", "sk2"), SignatureDoesNotMatch, "0002-00000040", MISMATCH),
        row("no date", get().header("authorization", "OSS ak:x"), AccessDenied, "0002-00000503", "OSS authentication requires a valid Date."),
        row("bad date", a("OSS ak:x").header("date", "yesterday"), AccessDenied, "0002-00000505", "OSS authentication requires a valid Date."),
        row("bad x-oss-date beside a good Date", a("OSS ak:x").header("x-oss-date", "now"), AccessDenied, "0002-00000505", ""),
        row("15 min and a second behind", get().v1("ak", "sk").at(NOW + 901), Code::RequestTimeTooSkewed, "0002-00000504", "The difference between the request time and the current time is too large."),
        row("15 min and a second ahead", get().v1("ak", "sk").at(NOW - 901), Code::RequestTimeTooSkewed, "0002-00000504", ""),
        row("time before key (§1)", a("OSS nobody:x").at(NOW + 901), Code::RequestTimeTooSkewed, "0002-00000504", ""),
        row("header and URL", a("OSS ak:x").query("Signature", "x"), InvalidArgument, "0017-00000002", ""),
        row("header and V4 URL", a("OSS ak:x").query("x-oss-signature-version", "OSS4-HMAC-SHA256"), InvalidArgument, "0017-00000002", ""),
        row("V2 malformed", a("OSS2 nonsense"), InvalidArgument, "0002-00000102", ""),
        row("V2 doubled", a("OSS2 AccessKeyId:ak,AccessKeyId:b,Signature:x"), InvalidArgument, "0002-00000102", ""),
        row("V2 unknown parameter", a("OSS2 AccessKeyId:ak,Foo:1,Signature:x"), InvalidArgument, "0002-00000104", "Unknown parameter in Authorization header."),
        row("V2 without signature", a("OSS2 AccessKeyId:ak"), InvalidArgument, "0002-00000108", ""),
        row("V2 empty AdditionalHeaders", a("OSS2 AccessKeyId:ak,AdditionalHeaders:,Signature:x"), InvalidArgument, "0002-00000110", ""),
        row("V2 without key id", a("OSS2 Signature:x"), InvalidArgument, "0002-00000063", MISSING),
        row("V2 wrong signature", a("OSS2 AccessKeyId:ak,Signature:x"), SignatureDoesNotMatch, "0002-00000040", MISMATCH),
        row("V4 wrong terminator", v4_header("ak/20231216/cn-hangzhou/oss/aws4_request", ",Signature=x"), InvalidArgument, "0002-00000213", ""),
        row("V4 short credential", v4_header("ak/20231216", ",Signature=x"), InvalidArgument, "0002-00000213", ""),
        row("V4 long credential", v4_header(&format!("ak/{SCOPE}/x"), ",Signature=x"), InvalidArgument, "0002-00000213", ""),
        row("V4 credential of another day", v4_header("ak/20231215/cn-hangzhou/oss/aliyun_v4_request", ",Signature=x"), InvalidArgument, "0002-00000213", ""),
        row("V4 without credential", with_authorization("OSS4-HMAC-SHA256 Signature=x"), InvalidArgument, "0002-00000213", ""),
        row("V4 without signature", v4_header(&format!("ak/{SCOPE}"), ""), InvalidArgument, "0002-00000065", MISSING),
        row("V4 unknown item", v4_header(&format!("ak/{SCOPE}"), ",Foo=1,Signature=x"), InvalidArgument, "0002-00000061", ""),
        row("V4 payload hash", v4_header(&format!("ak/{SCOPE}"), ",Signature=x").header("x-oss-content-sha256", "abc"), InvalidArgument, "0002-00000214", ""),
        row("V4 wrong region", v4_header("ak/20231216/cn-beijing/oss/aliyun_v4_request", ",Signature=x"), InvalidArgument, "0002-00000226", "Invalid signing region in Authorization header."),
        row("V4 wrong product", v4_header("ak/20231216/cn-hangzhou/ecs/aliyun_v4_request", ",Signature=x"), InvalidArgument, "0002-00000227", "Invalid signing product in Authorization header."),
        row("V4 empty key id", v4_header(&format!("/{SCOPE}"), ",Signature=x"), InvalidArgument, "0002-00000063", ""),
        row("V4 unknown key", v4_header(&format!("nobody/{SCOPE}"), ",Signature=x"), InvalidAccessKeyId, "0002-00000902", ""),
        row("V4 wrong signature", v4_header(&format!("ak/{SCOPE}"), ",Signature=x"), SignatureDoesNotMatch, "0002-00000201", MISMATCH),
        row("V4 skew", v4_header(&format!("ak/{SCOPE}"), ",Signature=x").at(NOW_V4 + 901), Code::RequestTimeTooSkewed, "0002-00000504", ""),
        row("V4 no date", v4_header(&format!("ak/{SCOPE}"), ",Signature=x").without("x-oss-date"), AccessDenied, "0002-00000503", ""),
    ]
}

#[rustfmt::skip]
fn url_rows() -> Vec<Row> {
    use Code::{AccessDenied, InvalidAccessKeyId, InvalidArgument, SignatureDoesNotMatch};
    let row = |name, sent, code, ec, message| (name, sent, code, ec, message);
    let v1 = || get().v1_url("ak", "sk", NOW + 60, SubResources::Full);
    let v2 = || get().v2_url("ak", "sk", NOW + 60);
    let v4 = || get().at(NOW_V4).v4_url("ak", "sk", "600");
    vec![
        row("V1 no Expires", v1().without("Expires"), AccessDenied, "0002-00000067", URL_MISSING),
        row("V1 no Signature", v1().without("Signature"), AccessDenied, "0002-00000067", URL_MISSING),
        row("V1 no OSSAccessKeyId", v1().without("OSSAccessKeyId"), AccessDenied, "0002-00000067", URL_MISSING),
        row("V1 empty Signature", v1().query("Signature", ""), AccessDenied, "0002-00000067", URL_MISSING),
        row("V1 blank Expires", v1().query("Expires", ""), AccessDenied, "0002-00000068", URL_MISSING),
        row("V1 Expires is no number", v1().query("Expires", "soon"), AccessDenied, "0002-00000070", "Invalid date (should be seconds since epoch)."),
        row("V1 Expires overflows", v1().query("Expires", "99999999999999999999"), AccessDenied, "0002-00000070", ""),
        row("V1 expired", v1().at(NOW + 61), AccessDenied, "0002-00000069", "Request has expired."),
        row("V1 time before signature (§1)", v1().query("Signature", "x").at(NOW + 61), AccessDenied, "0002-00000069", ""),
        row("V1 unknown key", v1().query("OSSAccessKeyId", "nobody"), InvalidAccessKeyId, "0002-00000902", ""),
        row("V1 wrong signature", v1().query("Signature", "x"), SignatureDoesNotMatch, "0002-00000040", MISMATCH),
        row("V1 Expires changed", v1().query("Expires", &(NOW + 99).to_string()), SignatureDoesNotMatch, "0002-00000040", ""),
        row("V1 signed parameter added", v1().query("acl", ""), SignatureDoesNotMatch, "0002-00000040", ""),
        row("V1 token in header only", v1().header("x-oss-security-token", "t"), Code::InvalidRequest, "0017-00000003", "Security-token must be provided by query string parameter"),
        row("V1 token in both", v1().header("x-oss-security-token", "t").query("security-token", "t"), InvalidArgument, "0017-00000002", ""),
        row("unknown version", v1().query("x-oss-signature-version", "OSS9"), InvalidArgument, "0017-00000002", ""),
        row("V2 no x-oss-expires", v2().without("x-oss-expires"), AccessDenied, "0002-00000113", ""),
        row("V2 expired", v2().at(NOW + 61), AccessDenied, "0002-00000069", "Request has expired."),
        row("V2 wrong signature", v2().query("x-oss-signature", "x"), SignatureDoesNotMatch, "0002-00000040", ""),
        row("V2 any parameter added", v2().query("prefix", "x"), SignatureDoesNotMatch, "0002-00000040", ""),
        row("V4 no x-oss-expires", v4().without("x-oss-expires"), AccessDenied, "0002-00000215", ""),
        row("V4 x-oss-expires 0", v4().query("x-oss-expires", "0"), InvalidArgument, "0002-00000232", ""),
        row("V4 x-oss-expires over 7 days", v4().query("x-oss-expires", "604801"), InvalidArgument, "0002-00000232", ""),
        row("V4 x-oss-expires no number", v4().query("x-oss-expires", "x"), InvalidArgument, "0002-00000232", ""),
        row("V4 before validity", v4().at(NOW_V4 - 901), AccessDenied, "0002-00000235", ""),
        row("V4 expired", v4().at(NOW_V4 + 601), AccessDenied, "0002-00000069", "Request has expired."),
        row("V4 no credential", v4().without("x-oss-credential"), InvalidArgument, "0002-00000213", ""),
        row("V4 no date", v4().without("x-oss-date"), AccessDenied, "0002-00000503", ""),
        row("V4 bad date", v4().query("x-oss-date", "today"), AccessDenied, "0002-00000505", ""),
        row("V4 no signature", v4().without("x-oss-signature"), InvalidArgument, "0002-00000065", ""),
        row("V4 payload hash", v4().header("x-oss-content-sha256", "e3b0"), InvalidArgument, "0002-00000214", ""),
        row("V4 wrong region (Python v1)", v4().query("x-oss-credential", "ak/20231216/x/oss/aliyun_v4_request"), InvalidArgument, "0002-00000228", "The signing region in credential is invalid."),
        row("V4 no region", v4().query("x-oss-credential", "ak/20231216//oss/aliyun_v4_request"), InvalidArgument, "0002-00000228", ""),
        row("V4 wrong product", v4().query("x-oss-credential", "ak/20231216/cn-hangzhou/ecs/aliyun_v4_request"), InvalidArgument, "0002-00000227", "The signing product in credential is invalid."),
        row("V4 other life than signed", v4().query("x-oss-expires", "601"), SignatureDoesNotMatch, "0002-00000201", ""),
        row("V4 any parameter added", v4().query("prefix", "x"), SignatureDoesNotMatch, "0002-00000201", ""),
        row("V4 header added", v4().header("x-oss-acl", "public-read"), SignatureDoesNotMatch, "0002-00000201", ""),
        row("V4 token in header", v4().header("x-oss-security-token", "t"), Code::InvalidRequest, "0017-00000003", ""),
    ]
}

#[test]
fn every_failure_row() {
    let credentials = credentials();
    for (name, sent, code, ec, message) in header_rows().into_iter().chain(url_rows()) {
        let error = match sent.authenticate(&credentials) {
            Ok(identity) => panic!("{name}: accepted {identity:?}"),
            Err(error) => error,
        };
        assert_eq!(
            (error.code(), error.extended_code()),
            (code, ec),
            "{name}: {error}"
        );
        assert_eq!(error.status().as_u16(), code.status(), "{name}");
        if !message.is_empty() {
            assert_eq!(error.text(), message, "{name}");
        }
    }
}

fn field<'a>(error: &'a Error, name: &str) -> &'a str {
    let found = error.fields().iter().find(|(n, _)| *n == name);
    found.map_or("(absent)", |(_, value)| value)
}

#[test]
fn errors_carry_their_elements() {
    let credentials = credentials();
    let error = with_authorization("OSS ak:x")
        .authenticate(&credentials)
        .unwrap_err();
    assert_eq!(field(&error, "OSSAccessKeyId"), "ak");
    assert_eq!(field(&error, "SignatureProvided"), "x");
    assert_eq!(
        field(&error, "StringToSign"),
        format!("GET\n\n\n{DATE}\n/bucket/key")
    );
    assert!(field(&error, "StringToSignBytes").starts_with("47 45 54 0A 0A 0A 57"));
    assert!(!error.has_field("CanonicalRequest"));

    let v4 = v4_header(&format!("ak/{SCOPE}"), ",Signature=x");
    let error = v4.authenticate(&credentials).unwrap_err();
    assert_eq!(
        field(&error, "CanonicalRequest"),
        "GET\n/bucket/key\n\nx-oss-date:20231216T162057Z\n\n\nUNSIGNED-PAYLOAD"
    );
    assert!(
        field(&error, "StringToSign").starts_with("OSS4-HMAC-SHA256\n20231216T162057Z\n20231216/")
    );

    let error = with_authorization("OSS nobody:x")
        .authenticate(&credentials)
        .unwrap_err();
    assert_eq!(field(&error, "OSSAccessKeyId"), "nobody");

    let error = get()
        .v1("ak", "sk")
        .at(NOW + 3600)
        .authenticate(&credentials)
        .unwrap_err();
    assert_eq!(field(&error, "MaxAllowedSkewMilliseconds"), "900000");
    assert_eq!(field(&error, "RequestTime"), "2022-12-28T10:27:41.000Z");
    assert_eq!(field(&error, "ServerTime"), "2022-12-28T11:27:41.000Z");

    let url = get()
        .v1_url("ak", "sk", NOW, SubResources::Full)
        .at(NOW + 1);
    let error = url.authenticate(&credentials).unwrap_err();
    assert_eq!(field(&error, "Expires"), "2022-12-28T10:27:41.000Z");
    assert_eq!(field(&error, "ServerTime"), "2022-12-28T10:27:42.000Z");
}

/// What is shown of a hostile request is bounded, and is text that XML can hold.
#[test]
fn errors_show_a_bounded_clean_text() {
    let credentials = credentials();
    let long = "\u{1}".repeat(3000);
    for (method, max) in [("HEAD", 1024), ("GET", 8 * 1024)] {
        let mut sent = Sent::new(method, "bucket", &long.repeat(4), NOW);
        sent = sent
            .header("date", DATE)
            .header("authorization", "OSS ak:x");
        let error = sent.authenticate(&credentials).unwrap_err();
        let string = field(&error, "StringToSign");
        assert!(!string.contains('\u{1}') && string.contains('\u{fffd}'));
        assert!(string.chars().count() <= max);
        assert!(field(&error, "StringToSignBytes").len() < 3 * max);
    }
}

#[test]
fn every_scheme_is_accepted_and_named() {
    let credentials = credentials();
    let rows = [
        ("V1 header", get().v1("ak", "sk"), Scheme::V1Header),
        (
            "V1 header, sub-resource",
            get().query("acl", "").v1("ak", "sk"),
            Scheme::V1Header,
        ),
        (
            "V1 URL",
            get().v1_url("ak", "sk", NOW, SubResources::Full),
            Scheme::V1Url,
        ),
        (
            "V1 URL past 2078 (clients.md)",
            get().v1_url("ak", "sk", NOW + 1_650_801_600 * 2, SubResources::Full),
            Scheme::V1Url,
        ),
        ("V2 header", get().v2("ak", "sk", ""), Scheme::V2Header),
        (
            "V2 header, additional",
            get().header("range", "bytes=0-1").v2("ak", "sk", "range"),
            Scheme::V2Header,
        ),
        ("V2 URL", get().v2_url("ak", "sk", NOW), Scheme::V2Url),
        (
            "V4 header",
            get().v4("ak", "sk", "", HostForm::Verbatim),
            Scheme::V4Header,
        ),
        (
            "V4 header, host",
            get()
                .header("host", "localhost:6770")
                .v4("ak", "sk", "host", HostForm::Verbatim),
            Scheme::V4Header,
        ),
        (
            "V4 header, host without port (§7)",
            get()
                .header("host", "localhost:6770")
                .v4("ak", "sk", "host", HostForm::WithoutPort),
            Scheme::V4Header,
        ),
        ("V4 URL", get().v4_url("ak", "sk", "604800"), Scheme::V4Url),
        (
            "V4 URL, last second",
            get().v4_url("ak", "sk", "600").at(NOW + 600),
            Scheme::V4Url,
        ),
        (
            "V4 URL, 15 minutes early",
            get().v4_url("ak", "sk", "600").at(NOW - 900),
            Scheme::V4Url,
        ),
        (
            "15 minutes behind",
            get().v1("ak", "sk").at(NOW + 900),
            Scheme::V1Header,
        ),
        ("anonymous", get(), Scheme::Anonymous),
    ];
    for (name, sent, scheme) in rows {
        let identity = sent
            .authenticate(&credentials)
            .unwrap_or_else(|error| panic!("{name}: {error} {:?}", error.fields()));
        assert_eq!(identity.scheme(), scheme, "{name}");
        let uid = (scheme != Scheme::Anonymous).then_some(UID);
        assert_eq!(identity.uid(), uid, "{name}");
    }
}

/// The vectors of auth.md §9 as whole requests at their own time.
#[test]
fn vectors_from_end_to_end() {
    let t1 = Sent::new("PUT", "examplebucket", "nelson", NOW)
        .header("content-md5", "eB5eJF1ptWaXm4bijSPyxw==")
        .header("content-type", "text/html")
        .header("x-oss-meta-author", "alice")
        .header("x-oss-meta-magic", "abracadabra")
        .header("x-oss-date", DATE)
        .header("authorization", "OSS ak:kSHKmLxlyEAKtZPkJhG9bZb5k7M=");
    let t6 = Sent::new("GET", "bucket", "key", 1_699_807_420)
        .query("OSSAccessKeyId", "ak")
        .query("Signature", "dcLTea+Yh9ApirQ8o8dOPqtvJXQ=")
        .query("versionId", "versionId")
        .query("Expires", "1699807420");
    let v4 = Sent::new("PUT", "bucket", "1234+-/123/1.txt", NOW_V4)
        .header("x-oss-head1", "value")
        .header("abc", "value")
        .header("zabc", "value")
        .header("xyz", "value")
        .query("param1", "value1")
        .query("+param1", "value3")
        .query("|param1", "value4")
        .query("+param2", "")
        .query("|param2", "")
        .query("param2", "");
    let t8 = v4
        .clone()
        .header("content-type", "text/plain")
        .header("x-oss-content-sha256", "UNSIGNED-PAYLOAD")
        .header("x-oss-date", "20231216T162057Z")
        .header("authorization", "OSS4-HMAC-SHA256 Credential=ak/20231216/cn-hangzhou/oss/aliyun_v4_request,Signature=e21d18daa82167720f9b1047ae7e7f1ce7cb77a31e8203a7d5f4624fa0284afe");
    // Py v1's order and spaces (§6).
    let t10 = t8
        .clone()
        .at(1_702_747_512)
        .header("x-oss-date", "20231216T172512Z")
        .header("authorization", "OSS4-HMAC-SHA256 Credential=ak/20231216/cn-hangzhou/oss/aliyun_v4_request, Signature=4a4183c187c07c8947db7620deb0a6b38d9fbdd34187b6dbaccb316fa251212f, AdditionalHeaders=abc;zabc");
    let t11 = t8
        .clone()
        .header("authorization", "OSS4-HMAC-SHA256 Credential=ak/20231216/cb-123/oss-cloudbox/aliyun_v4_request,Signature=94ce1f12c17d148ea681030275a94449d3357f5b5b21133996eec80af3e08a43");
    let t12 = v4
        .header("content-type", "application/octet-stream")
        .at(1_702_781_677)
        .query("x-oss-signature-version", "OSS4-HMAC-SHA256")
        .query("x-oss-date", "20231217T025437Z")
        .query("x-oss-expires", "599")
        .query(
            "x-oss-credential",
            "ak/20231217/cn-hangzhou/oss/aliyun_v4_request",
        )
        .query(
            "x-oss-signature",
            "a39966c61718be0d5b14e668088b3fa07601033f6518ac7b523100014269c0fe",
        );
    let s2 = t8
        .clone()
        .without("x-oss-date")
        .header("date", "Sat, 16 Dec 2023 16:20:57 GMT")
        .header("authorization", "OSS4-HMAC-SHA256 Credential=ak/20231216/cn-hangzhou/oss/aliyun_v4_request,Signature=72541107d5b424e627193f64ceee6edb383eda3d1d47765739f3baf2d6dde728");
    let credentials = credentials();
    for (name, sent) in [
        ("T1", t1),
        ("T6", t6),
        ("T8", t8),
        ("T10", t10),
        ("T11", t11),
        ("T12", t12),
        ("S2", s2),
    ] {
        if let Err(error) = sent.authenticate(&credentials) {
            panic!("{name}: {error} {:?}", error.fields());
        }
        // The same request at another key is not what was signed.
        let mut other = sent;
        other.key = Some("other".to_owned());
        let error = other.authenticate(&credentials).unwrap_err();
        assert_eq!(error.code(), Code::SignatureDoesNotMatch, "{name}");
    }
}

/// auth.md §3.1: a header may be signed over the base list; a URL, which others hold, may not.
#[test]
fn the_base_list_is_for_headers_only() {
    let credentials = credentials();
    let post = Sent::new("POST", "bucket", "key", NOW)
        .query("seal", "")
        .query("position", "3");
    for empty in [EmptyValue::Bare, EmptyValue::Equals] {
        for set in [SubResources::Full, SubResources::Base] {
            let sent = post.clone().signed_v1("ak", "sk", set, empty);
            assert!(sent.authenticate(&credentials).is_ok(), "{set:?} {empty:?}");
        }
    }
    let url = get().v1_url("ak", "sk", NOW, SubResources::Base);
    assert!(url.authenticate(&credentials).is_ok());
    let url = url.query("legalHold", "");
    let error = url.authenticate(&credentials).unwrap_err();
    assert_eq!(error.code(), Code::SignatureDoesNotMatch);
}

#[test]
fn any_region_may_be_configured() {
    let settings = AuthSettings {
        any_region: true,
        ..AuthSettings::default()
    };
    let sent = v4_header(
        "ak/20231216/cn-beijing/oss/aliyun_v4_request",
        ",Signature=x",
    );
    let error = authenticate(&credentials(), &settings, &sent.incoming()).unwrap_err();
    assert_eq!(error.code(), Code::SignatureDoesNotMatch);
}

fn issue(credentials: &Credentials, seconds: u32) -> Issued {
    let grant = Grant {
        account: UID,
        role: "reader",
        session: "test",
        policy: None,
        seconds,
    };
    credentials
        .issue_token(&grant, Timestamp::from_seconds(NOW), &SystemIds::default())
        .unwrap()
}

/// auth.md §10: where a token travels in each scheme.
#[test]
fn tokens_are_accepted_where_they_belong() {
    let credentials = credentials();
    let issued = issue(&credentials, 900);
    let (id, secret, token) = (
        &*issued.access_key_id,
        issued.secret.reveal(),
        &*issued.token,
    );
    let header = |name: &str| get().header(name, token);
    let rows = [
        ("V1 header", header("x-oss-security-token").v1(id, secret)),
        (
            "V1 header, unsigned name",
            header("security-token").v1(id, secret),
        ),
        (
            "V1 URL",
            get()
                .query("security-token", token)
                .v1_url(id, secret, NOW, SubResources::Full),
        ),
        (
            "V2 header",
            header("x-oss-security-token").v2(id, secret, ""),
        ),
        (
            "V2 URL",
            get().query("security-token", token).v2_url(id, secret, NOW),
        ),
        (
            "V4 header",
            header("x-oss-security-token").v4(id, secret, "", HostForm::Verbatim),
        ),
        (
            "V4 URL",
            get()
                .query("x-oss-security-token", token)
                .v4_url(id, secret, "60"),
        ),
    ];
    for (name, sent) in rows {
        let identity = sent
            .authenticate(&credentials)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(identity.uid(), Some(UID), "{name}");
        assert!(!identity.is_account_root(UID), "{name}");
    }
}

/// auth.md §10 and §12: tokens that are refused.
#[test]
fn tokens_are_refused() {
    let credentials = credentials();
    let issued = issue(&credentials, 900);
    let other = issue(&credentials, 900);
    let (id, secret, token) = (
        &*issued.access_key_id,
        issued.secret.reveal(),
        &*issued.token,
    );
    let signed = |id: &str, secret: &str, token: &str| {
        get().header("x-oss-security-token", token).v1(id, secret)
    };
    let mut altered = token.to_owned();
    altered.replace_range(60..61, if &altered[60..61] == "A" { "B" } else { "A" });
    let rows = [
        (
            "no token",
            get().v1(id, secret),
            Code::InvalidAccessKeyId,
            "0002-00000902",
        ),
        (
            "unknown token",
            signed(id, secret, "nonsense"),
            Code::InvalidSecurityToken,
            "0002-00000006",
        ),
        (
            "altered token",
            signed(id, secret, &altered),
            Code::InvalidSecurityToken,
            "0002-00000006",
        ),
        (
            "cut token",
            signed(id, secret, &token[..20]),
            Code::InvalidSecurityToken,
            "0002-00000006",
        ),
        (
            "token of another key",
            signed(id, secret, &other.token),
            Code::AccessKeyIdAndSecurityTokenNotMatch,
            "0002-00000004",
        ),
        (
            "expired",
            signed(id, secret, token).at(NOW + 900),
            Code::SecurityTokenExpired,
            "0002-00000007",
        ),
        (
            "long-lived key with a token",
            signed("ak", "sk", token),
            Code::InvalidSecurityToken,
            "0002-00000006",
        ),
        (
            "unknown key with a bad token",
            signed("nobody", "x", "y"),
            Code::InvalidAccessKeyId,
            "0002-00000902",
        ),
        (
            "wrong secret",
            signed(id, "sk", token),
            Code::SignatureDoesNotMatch,
            "0002-00000040",
        ),
    ];
    for (name, sent, code, ec) in rows {
        let error = sent.authenticate(&credentials).unwrap_err();
        assert_eq!((error.code(), error.extended_code()), (code, ec), "{name}");
    }
    assert!(
        signed(id, secret, token)
            .at(NOW + 899)
            .authenticate(&credentials)
            .is_ok()
    );
}

proptest::proptest! {
    /// No text in the place of a signature makes the server panic, and none is accepted.
    #[test]
    fn no_text_is_a_signature(
        prefix in "OSS|OSS2|OSS4-HMAC-SHA256|",
        rest in "[ -~]{0,80}",
        name in "OSSAccessKeyId|Signature|Expires|x-oss-signature-version|x-oss-credential|x-oss-date|x-oss-expires",
        value in "\\PC{0,60}",
    ) {
        let credentials = credentials();
        let header = with_authorization(&format!("{prefix} {rest}"));
        proptest::prop_assert!(header.authenticate(&credentials).is_err());
        let base = get().at(NOW_V4).v4_url("ak", "sk", "600").query(&name, &value);
        let changed = base.query != get().at(NOW_V4).v4_url("ak", "sk", "600").query;
        if changed {
            proptest::prop_assert!(base.authenticate(&credentials).is_err());
        }
    }
}
