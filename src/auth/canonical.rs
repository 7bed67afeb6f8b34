//! The strings that signatures cover (auth.md §3–§8), and the signatures themselves. Pure functions of a request.
//!
//! Everything is bytes, not text: header values need not be UTF-8, and what was signed is what was sent. Nothing
//! here decides anything; `header`, `presign` and `post_policy` say which string a claim has to match.

use crate::domain::hex;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderName};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use std::borrow::Cow;

/// What of a request takes part in signatures, decoded.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// `GET`, `PUT`, …
    pub method: &'a str,
    /// The bucket, however it was addressed (auth.md §2).
    pub bucket: Option<&'a str>,
    /// The object's key, percent-decoded once.
    pub key: Option<&'a str>,
    /// The query, percent-decoded once, in order; `None` where there was no `=`.
    pub query: &'a [(String, Option<String>)],
    /// All headers of the request.
    pub headers: &'a HeaderMap,
}

/// Which query parameters a V1 signature covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubResources {
    /// The union of what all clients sign.
    Full,
    /// Only what every client signs; some clients know no more (auth.md §3.1).
    Base,
}

/// How a V1 signature writes a sub-resource whose value is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmptyValue {
    /// `name`
    Bare,
    /// `name=` where the query had the `=` (Java v1, auth.md §14).
    Equals,
}

/// Sub-resources that all clients sign (auth.md §3.1, "all"); sorted.
const BASE_SUB_RESOURCES: &[&str] = &[
    "acl",
    "append",
    "bucketInfo",
    "callback",
    "callback-var",
    "continuation-token",
    "delete",
    "location",
    "objectMeta",
    "partNumber",
    "position",
    "regionList",
    "resourceGroup",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "restore",
    "security-token",
    "sequential",
    "stat",
    "symlink",
    "tagging",
    "uploadId",
    "uploads",
    "versionId",
    "versioning",
    "versions",
];

/// Sub-resources that only some clients sign (auth.md §3.1); sorted. Names with `x-oss-` are signed by prefix.
const MORE_SUB_RESOURCES: &[&str] = &[
    "MetaQuery",
    "accessPoint",
    "accessPointConfigForObjectProcess",
    "accessPointForObjectProcess",
    "accessPointPolicy",
    "accessPointPolicyForObjectProcess",
    "asyncFetch",
    "bucketArchiveDirectRead",
    "cleanRestoredObject",
    "cloudboxes",
    "cname",
    "comp",
    "cors",
    "dataPipeline",
    "encryption",
    "endTime",
    "group",
    "httpsConfig",
    "img",
    "inventory",
    "inventoryId",
    "legalHold",
    "lifecycle",
    "link",
    "live",
    "logging",
    "metaQuery",
    "objectInfo",
    "objectWorm",
    "overwriteConfig",
    "policy",
    "policyStatus",
    "processConfiguration",
    "publicAccessBlock",
    "qos",
    "qosInfo",
    "qosRequester",
    "redundancyTransition",
    "referer",
    "replication",
    "replicationLocation",
    "replicationProgress",
    "requestPayment",
    "requesterQosInfo",
    "resourcePool",
    "resourcePoolBuckets",
    "resourcePoolInfo",
    "responseHeader",
    "retention",
    "rtc",
    "seal",
    "startTime",
    "status",
    "style",
    "styleName",
    "transferAcceleration",
    "udf",
    "udfApplication",
    "udfApplicationLog",
    "udfId",
    "udfImage",
    "udfImageDesc",
    "udfName",
    "userDefinedLogFieldsConfig",
    "vip",
    "vod",
    "vpcip",
    "website",
    "withHashContext",
    "worm",
    "wormExtend",
    "wormId",
];

/// Whether a V1 signature covers this query parameter.
pub fn is_sub_resource(name: &str, set: SubResources) -> bool {
    name.starts_with("x-oss-")
        || BASE_SUB_RESOURCES.binary_search(&name).is_ok()
        || (set == SubResources::Full && MORE_SUB_RESOURCES.binary_search(&name).is_ok())
}

/// All but RFC 3986's unreserved characters.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');
const RESERVED_IN_PATH: &AsciiSet = &RESERVED.remove(b'/');

/// Percent-encodes all but RFC 3986's unreserved characters, and `/` too unless it is kept.
pub fn uri_encode(text: &str, keep_slash: bool) -> Cow<'_, str> {
    let set = if keep_slash {
        RESERVED_IN_PATH
    } else {
        RESERVED
    };
    utf8_percent_encode(text, set).into()
}

/// `/`, `/bucket/` or `/bucket/key`, not encoded.
fn resource(subject: &Subject) -> String {
    match subject.bucket {
        Some(bucket) => ["/", bucket, "/", subject.key.unwrap_or_default()].concat(),
        None => "/".to_owned(),
    }
}

fn trim(value: &[u8]) -> &[u8] {
    value.trim_ascii()
}

/// The headers that `take` chooses, one `name:value\n` each, sorted by name. Several values are trimmed and joined by
/// commas.
fn canonical_headers(headers: &HeaderMap, take: impl Fn(&str) -> bool, out: &mut Vec<u8>) {
    let mut chosen: Vec<&HeaderName> = headers.keys().filter(|name| take(name.as_str())).collect();
    chosen.sort_unstable_by_key(|name| name.as_str());
    for name in chosen {
        out.extend_from_slice(name.as_str().as_bytes());
        for (i, value) in headers.get_all(name).iter().enumerate() {
            out.push(if i == 0 { b':' } else { b',' });
            out.extend_from_slice(trim(value.as_bytes()));
        }
        out.push(b'\n');
    }
}

fn line(out: &mut Vec<u8>, parts: &[&[u8]]) {
    for part in parts {
        out.extend_from_slice(part);
    }
    out.push(b'\n');
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a [u8] {
    headers
        .get(name)
        .map(http::HeaderValue::as_bytes)
        .unwrap_or_default()
}

/// Verb, Content-MD5, Content-Type and date: the first four lines of V1 and V2.
fn old_head(subject: &Subject, date_line: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    line(&mut out, &[subject.method.as_bytes()]);
    line(&mut out, &[header(subject.headers, "content-md5")]);
    line(&mut out, &[header(subject.headers, "content-type")]);
    line(&mut out, &[date_line]);
    out
}

/// The V1 string to sign (auth.md §3). `date_line` is the request's date, or `Expires` of a signed URL.
pub fn v1_string_to_sign(
    subject: &Subject,
    date_line: &[u8],
    set: SubResources,
    empty: EmptyValue,
) -> Vec<u8> {
    v1_string_for(subject, &resource(subject), date_line, set, empty)
}

/// The V1 string of a request to a bucket as OpenDAL signs it in path style: `/bucket` without the slash behind it.
/// None where the request is not to a bucket.
pub fn v1_bare_bucket(subject: &Subject, date_line: &[u8]) -> Option<Vec<u8>> {
    let bucket = subject.bucket.filter(|_| subject.key.is_none())?;
    let resource = format!("/{bucket}");
    let (set, empty) = (SubResources::Full, EmptyValue::Bare);
    Some(v1_string_for(subject, &resource, date_line, set, empty))
}

fn v1_string_for(
    subject: &Subject,
    resource: &str,
    date_line: &[u8],
    set: SubResources,
    empty: EmptyValue,
) -> Vec<u8> {
    let mut out = old_head(subject, date_line);
    canonical_headers(subject.headers, |name| name.starts_with("x-oss-"), &mut out);
    out.extend_from_slice(resource.as_bytes());

    let mut signed: Vec<(&str, Option<&str>)> = subject
        .query
        .iter()
        .filter(|(name, _)| is_sub_resource(name, set))
        .map(|(name, value)| (name.as_str(), value.as_deref()))
        .collect();
    signed.sort_by_key(|(name, _)| *name);
    for (i, (name, value)) in signed.into_iter().enumerate() {
        out.push(if i == 0 { b'?' } else { b'&' });
        out.extend_from_slice(name.as_bytes());
        match value {
            Some("") if empty == EmptyValue::Equals => out.push(b'='),
            None | Some("") => {}
            Some(value) => {
                out.push(b'=');
                out.extend_from_slice(value.as_bytes());
            }
        }
    }
    out
}

/// All of the query but `except`, encoded and sorted by encoded name.
fn canonical_query(query: &[(String, Option<String>)], except: &str) -> String {
    let mut pairs: Vec<(Cow<str>, Cow<str>)> = query
        .iter()
        .filter(|(name, _)| name != except)
        .map(|(name, value)| {
            let value = value.as_deref().unwrap_or_default();
            (uri_encode(name, false), uri_encode(value, false))
        })
        .collect();
    pairs.sort();
    let mut out = String::new();
    for (name, value) in pairs {
        if !out.is_empty() {
            out.push('&');
        }
        out.push_str(&name);
        if !value.is_empty() {
            out.push('=');
            out.push_str(&value);
        }
    }
    out
}

/// The names of an `AdditionalHeaders` list, lower-case.
fn additional_names(list: &str) -> Vec<String> {
    list.split(';')
        .map(|name| name.trim().to_ascii_lowercase())
        .filter(|name| !name.is_empty())
        .collect()
}

/// The V2 string to sign (auth.md §5). `additional` is the list as the client sent it: Python v1 sends it in any
/// order, and signs it sorted.
pub fn v2_string_to_sign(subject: &Subject, date_line: &[u8], additional: &str) -> Vec<u8> {
    let mut names = additional_names(additional);
    names.sort();
    let mut out = old_head(subject, date_line);
    canonical_headers(
        subject.headers,
        |name| name.starts_with("x-oss-") || names.iter().any(|n| n == name),
        &mut out,
    );
    line(&mut out, &[names.join(";").as_bytes()]);
    out.extend_from_slice(uri_encode(&resource(subject), false).as_bytes());
    let query = canonical_query(subject.query, "x-oss-signature");
    if !query.is_empty() {
        out.push(b'?');
        out.extend_from_slice(query.as_bytes());
    }
    out
}

/// How the `host` header stands in a V4 canonical request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostForm {
    /// As received.
    Verbatim,
    /// Without its port (Java v1, auth.md §7).
    WithoutPort,
}

/// What a V4 request is signed with besides the request itself.
#[derive(Debug, Clone, Copy)]
pub struct V4Form<'a> {
    /// The `AdditionalHeaders` list as the client sent it.
    pub additional: &'a str,
    /// How `host` is written when it is an additional header.
    pub host: HostForm,
}

/// The V4 canonical request (auth.md §6, §7).
pub fn v4_canonical_request(subject: &Subject, form: V4Form) -> Vec<u8> {
    let names = additional_names(form.additional);
    let mut out = Vec::with_capacity(512);
    line(&mut out, &[subject.method.as_bytes()]);
    line(&mut out, &[uri_encode(&resource(subject), true).as_bytes()]);
    let query = canonical_query(subject.query, "x-oss-signature");
    line(&mut out, &[query.as_bytes()]);

    let take = |name: &str| {
        name.starts_with("x-oss-")
            || name == "content-type"
            || name == "content-md5"
            || names.iter().any(|n| n == name)
    };
    if form.host == HostForm::WithoutPort {
        let mut headers = subject.headers.clone();
        if let Some(bare) = host_without_port(subject.headers) {
            headers.insert(http::header::HOST, bare);
        }
        canonical_headers(&headers, take, &mut out);
    } else {
        canonical_headers(subject.headers, take, &mut out);
    }
    out.push(b'\n');
    line(&mut out, &[form.additional.as_bytes()]);
    match subject.headers.get(&CONTENT_SHA256) {
        Some(hash) => out.extend_from_slice(trim(hash.as_bytes())),
        None => out.extend_from_slice(UNSIGNED_PAYLOAD),
    }
    out
}

/// `x-oss-content-sha256`.
pub(super) const CONTENT_SHA256: HeaderName = HeaderName::from_static("x-oss-content-sha256");

/// The only payload hash that OSS knows.
pub const UNSIGNED_PAYLOAD: &[u8] = b"UNSIGNED-PAYLOAD";

fn host_without_port(headers: &HeaderMap) -> Option<http::HeaderValue> {
    let host = headers.get(http::header::HOST)?.as_bytes();
    let colon = host.iter().rposition(|b| *b == b':')?;
    let (name, port) = host.split_at(colon);
    let port = port.get(1..)?;
    if port.iter().all(u8::is_ascii_digit) {
        http::HeaderValue::from_bytes(name).ok()
    } else {
        None
    }
}

/// Where and when a V4 key is good: `yyyymmdd/region/product/aliyun_v4_request`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// `yyyymmdd`
    pub date: String,
    /// Region id without `oss-`.
    pub region: String,
    /// `oss`, or another product of the family.
    pub product: String,
}

/// The last word of every V4 scope.
pub const V4_TERMINATOR: &str = "aliyun_v4_request";
/// The name of the V4 algorithm in headers, queries and strings to sign.
pub const V4_ALGORITHM: &str = "OSS4-HMAC-SHA256";

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}/{}/{}/{V4_TERMINATOR}",
            self.date, self.region, self.product
        )
    }
}

/// The V4 string to sign over a canonical request.
pub fn v4_string_to_sign(timestamp: &[u8], scope: &Scope, canonical_request: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(192);
    line(&mut out, &[V4_ALGORITHM.as_bytes()]);
    line(&mut out, &[timestamp]);
    line(&mut out, &[scope.to_string().as_bytes()]);
    out.extend_from_slice(hex::lower(&Sha256::digest(canonical_request)).as_bytes());
    out
}

fn hmac_sha256(key: &[u8], data: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("hmac takes keys of any length");
    mac.update(data);
    mac.finalize().into_bytes().to_vec()
}

/// base64(HMAC-SHA1): the V1 signature, also of forms and of the STS interface.
pub fn v1_signature(secret: &[u8], string_to_sign: &[u8]) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret).expect("hmac takes keys of any length");
    mac.update(string_to_sign);
    STANDARD.encode(mac.finalize().into_bytes())
}

/// base64(HMAC-SHA256): the V2 signature.
pub fn v2_signature(secret: &[u8], string_to_sign: &[u8]) -> String {
    STANDARD.encode(hmac_sha256(secret, string_to_sign))
}

/// The key that V4 derives for a day, region and product.
pub fn v4_signing_key(secret: &[u8], scope: &Scope) -> Vec<u8> {
    let key = [b"aliyun_v4", secret].concat();
    [&scope.date, &scope.region, &scope.product]
        .into_iter()
        .map(String::as_str)
        .chain([V4_TERMINATOR])
        .fold(key, |key, word| hmac_sha256(&key, word.as_bytes()))
}

/// Signs with the key of one scope. As secret as the key, so it has no debug form.
#[derive(Clone)]
pub(super) struct V4Signer(Hmac<Sha256>);

impl V4Signer {
    pub(super) fn new(secret: &[u8], scope: &Scope) -> Self {
        let key = v4_signing_key(secret, scope);
        Self(Hmac::new_from_slice(&key).expect("hmac takes keys of any length"))
    }

    /// Lower-case hex: the V4 signature.
    pub(super) fn sign(&self, string_to_sign: &[u8]) -> String {
        let mac = self.0.clone().chain_update(string_to_sign);
        hex::lower(&mac.finalize().into_bytes())
    }
}

/// Lower-case hex: the V4 signature.
pub fn v4_signature(secret: &[u8], scope: &Scope, string_to_sign: &[u8]) -> String {
    V4Signer::new(secret, scope).sign(string_to_sign)
}

/// HMAC-SHA256 under a label: keys that the server derives for itself.
pub(super) fn derive(key: &[u8], label: &str, data: &[u8]) -> Vec<u8> {
    let data = [label.as_bytes(), b"\0", data].concat();
    hmac_sha256(key, &data)
}

#[cfg(test)]
#[path = "canonical_tests.rs"]
mod tests;
