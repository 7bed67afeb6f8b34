//! The six signatures of the protocol, written from the specification (auth.md §3–§7) and from nothing else, so that a mistake shared by
//! client and server cannot hide. The published vectors T1–T14 stand at the end.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use time::macros::format_description;

/// How a request says who sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    V1Header,
    V1Url,
    V2Header,
    V2Url,
    V4Header,
    V4Url,
    Anonymous,
}

impl Scheme {
    /// The six that sign.
    pub const ALL: [Scheme; 6] = [
        Scheme::V1Header,
        Scheme::V1Url,
        Scheme::V2Header,
        Scheme::V2Url,
        Scheme::V4Header,
        Scheme::V4Url,
    ];
}

/// A key pair.
#[derive(Clone, Debug)]
pub struct Key {
    pub id: String,
    pub secret: String,
}

impl Key {
    pub fn new(id: &str, secret: &str) -> Self {
        Self {
            id: id.to_owned(),
            secret: secret.to_owned(),
        }
    }
}

/// What a signature covers: the request without its body, decoded.
#[derive(Clone, Debug, Default)]
pub struct Parts {
    pub method: String,
    /// Empty at the service level.
    pub bucket: String,
    /// Empty at the bucket level.
    pub key: String,
    /// Decoded, in the order sent; `None` for a name without `=`.
    pub query: Vec<(String, Option<String>)>,
    pub headers: Vec<(String, String)>,
}

impl Parts {
    /// The header's value, whatever the case of its name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(given, _)| given.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    fn add_query(&mut self, name: &str, value: impl Into<String>) {
        self.query.push((name.to_owned(), Some(value.into())));
    }

    fn add_header(&mut self, name: &str, value: impl Into<String>) {
        self.headers.push((name.to_owned(), value.into()));
    }

    fn resource(&self) -> String {
        match (self.bucket.as_str(), self.key.as_str()) {
            ("", _) => String::from("/"),
            (bucket, key) => format!("/{bucket}/{key}"),
        }
    }
}

/// What a signer may be told besides the request.
#[derive(Clone, Debug)]
pub struct Options {
    /// Unix seconds the request claims to be made at.
    pub at: i64,
    /// Lifetime of a signed URL in seconds.
    pub lifetime: i64,
    pub region: String,
    pub product: String,
    /// Lower-case names of further signed headers (V2, V4).
    pub additional: Vec<String>,
}

/// Signs `parts` in place: adds the headers or query parameters the scheme asks for.
pub fn sign(scheme: Scheme, key: &Key, parts: &mut Parts, options: &Options) {
    match scheme {
        Scheme::Anonymous => {}
        Scheme::V1Header => sign_v1_header(key, parts, options),
        Scheme::V1Url => sign_v1_url(key, parts, options),
        Scheme::V2Header => sign_v2_header(key, parts, options),
        Scheme::V2Url => sign_v2_url(key, parts, options),
        Scheme::V4Header => sign_v4_header(key, parts, options),
        Scheme::V4Url => sign_v4_url(key, parts, options),
    }
}

/// Names that take part in a V1 signature besides everything beginning with `x-oss-` (auth.md §3.1).
const SUBRESOURCES: &str = " acl append bucketInfo callback callback-var continuation-token delete location objectMeta partNumber \
    position regionList restore security-token sequential stat symlink tagging uploadId uploads versionId versioning versions \
    response-cache-control response-content-disposition response-content-encoding response-content-language response-content-type \
    response-expires resourceGroup cloudboxes cname comp cors encryption inventory inventoryId lifecycle logging metaQuery policy \
    referer replication replicationLocation replicationProgress requestPayment style styleName transferAcceleration website worm \
    wormExtend wormId bucketArchiveDirectRead httpsConfig publicAccessBlock redundancyTransition accessPoint accessPointPolicy \
    asyncFetch endTime live qos qosInfo startTime status vod policyStatus seal rtc cleanRestoredObject \
    accessPointForObjectProcess accessPointConfigForObjectProcess accessPointPolicyForObjectProcess legalHold retention objectWorm \
    overwriteConfig userDefinedLogFieldsConfig dataPipeline requesterQosInfo qosRequester resourcePool resourcePoolInfo resourcePoolBuckets \
    group link objectInfo img udf udfName udfImage udfImageDesc udfApplication udfApplicationLog udfId withHashContext \
    responseHeader processConfiguration vip vpcip ";

/// V1 string to sign with the given third-last line (a date or an expiry).
pub fn v1_string_to_sign(parts: &Parts, date_line: &str) -> String {
    let mut signed: Vec<(&str, &str)> = parts
        .query
        .iter()
        .filter(|(name, _)| {
            name.starts_with("x-oss-") || SUBRESOURCES.contains(&format!(" {name} "))
        })
        .map(|(name, value)| (name.as_str(), value.as_deref().unwrap_or_default()))
        .collect();
    signed.sort_unstable();
    let shown: Vec<String> = signed
        .iter()
        .map(|(name, value)| {
            if value.is_empty() {
                (*name).to_owned()
            } else {
                format!("{name}={value}")
            }
        })
        .collect();
    let mark = if shown.is_empty() { "" } else { "?" };
    format!(
        "{}\n{}\n{}\n{date_line}\n{}{}{mark}{}",
        parts.method,
        parts.header("content-md5").unwrap_or_default(),
        parts.header("content-type").unwrap_or_default(),
        canonical_headers(parts, &[], false),
        parts.resource(),
        shown.join("&"),
    )
}

/// V1: HMAC-SHA1 in base64.
pub fn v1_signature(secret: &str, string_to_sign: &str) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret.as_bytes()).expect("any length is a key");
    mac.update(string_to_sign.as_bytes());
    BASE64.encode(mac.finalize().into_bytes())
}

fn sign_v1_header(key: &Key, parts: &mut Parts, options: &Options) {
    let date_line = date_line(parts, options);
    let signature = v1_signature(&key.secret, &v1_string_to_sign(parts, &date_line));
    parts.add_header("Authorization", format!("OSS {}:{signature}", key.id));
}

fn sign_v1_url(key: &Key, parts: &mut Parts, options: &Options) {
    let expires = (options.at + options.lifetime).to_string();
    let signature = v1_signature(&key.secret, &v1_string_to_sign(parts, &expires));
    parts.add_query("OSSAccessKeyId", key.id.as_str());
    parts.add_query("Expires", expires);
    parts.add_query("Signature", signature);
}

/// The date line of header signatures; adds a `Date` header when the request has no date at all.
fn date_line(parts: &mut Parts, options: &Options) -> String {
    if let Some(given) = parts.header("x-oss-date").or_else(|| parts.header("date")) {
        return given.to_owned();
    }
    let now = http_date(options.at);
    parts.add_header("Date", now.as_str());
    now
}

/// V2 string to sign.
pub fn v2_string_to_sign(parts: &Parts, date_line: &str, additional: &[String]) -> String {
    let mut resource = uri_encode(&parts.resource(), false);
    let query = canonical_query(parts);
    if !query.is_empty() {
        resource.push('?');
        resource.push_str(&query);
    }
    format!(
        "{}\n{}\n{}\n{date_line}\n{}{}\n{resource}",
        parts.method,
        parts.header("content-md5").unwrap_or_default(),
        parts.header("content-type").unwrap_or_default(),
        canonical_headers(parts, additional, false),
        additional.join(";"),
    )
}

/// V2: HMAC-SHA256 in base64.
pub fn v2_signature(secret: &str, string_to_sign: &str) -> String {
    BASE64.encode(hmac_sha256(secret.as_bytes(), string_to_sign.as_bytes()))
}

fn sign_v2_header(key: &Key, parts: &mut Parts, options: &Options) {
    let date_line = date_line(parts, options);
    let signature = v2_signature(
        &key.secret,
        &v2_string_to_sign(parts, &date_line, &options.additional),
    );
    let additional = if options.additional.is_empty() {
        String::new()
    } else {
        format!("AdditionalHeaders:{},", options.additional.join(";"))
    };
    parts.add_header(
        "Authorization",
        format!(
            "OSS2 AccessKeyId:{},{additional}Signature:{signature}",
            key.id
        ),
    );
}

fn sign_v2_url(key: &Key, parts: &mut Parts, options: &Options) {
    let expires = (options.at + options.lifetime).to_string();
    parts.add_query("x-oss-signature-version", "OSS2");
    parts.add_query("x-oss-access-key-id", key.id.as_str());
    parts.add_query("x-oss-expires", expires.as_str());
    if !options.additional.is_empty() {
        parts.add_query("x-oss-additional-headers", options.additional.join(";"));
    }
    let signature = v2_signature(
        &key.secret,
        &v2_string_to_sign(parts, &expires, &options.additional),
    );
    parts.add_query("x-oss-signature", signature);
}

/// V4 canonical request.
pub fn v4_canonical_request(parts: &Parts, additional: &[String]) -> String {
    format!(
        "{}\n{}\n{}\n{}\n{}\n{}",
        parts.method,
        uri_encode(&parts.resource(), true),
        canonical_query(parts),
        canonical_headers(parts, additional, true),
        additional.join(";"),
        parts
            .header("x-oss-content-sha256")
            .unwrap_or("UNSIGNED-PAYLOAD"),
    )
}

/// V4: the derived key's HMAC-SHA256 over the string to sign, in lower-case hex. `stamp` is the timestamp line, `day` the scope's date.
pub fn v4_signature(
    secret: &str,
    stamp: &str,
    day: &str,
    options: &Options,
    canonical: &str,
) -> String {
    let scope = format!(
        "{day}/{}/{}/aliyun_v4_request",
        options.region, options.product
    );
    let digest = hex::encode(Sha256::digest(canonical.as_bytes()));
    let string_to_sign = format!("OSS4-HMAC-SHA256\n{stamp}\n{scope}\n{digest}");
    hex::encode(hmac_sha256(
        &signing_key(secret, day, options),
        string_to_sign.as_bytes(),
    ))
}

fn signing_key(secret: &str, day: &str, options: &Options) -> Vec<u8> {
    let mut key = hmac_sha256(format!("aliyun_v4{secret}").as_bytes(), day.as_bytes());
    for step in [
        options.region.as_str(),
        options.product.as_str(),
        "aliyun_v4_request",
    ] {
        key = hmac_sha256(&key, step.as_bytes());
    }
    key
}

/// V4 signature of a form: the base64 policy itself is the string to sign.
pub fn post_signature(key: &Key, policy: &str, options: &Options) -> String {
    let iso = iso_basic(options.at);
    hex::encode(hmac_sha256(
        &signing_key(&key.secret, day_of(&iso), options),
        policy.as_bytes(),
    ))
}

fn sign_v4_header(key: &Key, parts: &mut Parts, options: &Options) {
    let iso = iso_basic(options.at);
    if parts
        .header("x-oss-date")
        .or_else(|| parts.header("date"))
        .is_none()
    {
        parts.add_header("x-oss-date", iso.as_str());
    }
    // The form of Go v1: no x-oss-date, the Date header is the timestamp.
    let stamp = parts
        .header("x-oss-date")
        .or_else(|| parts.header("date"))
        .unwrap_or_default()
        .to_owned();
    if parts.header("x-oss-content-sha256").is_none() {
        parts.add_header("x-oss-content-sha256", "UNSIGNED-PAYLOAD");
    }
    let day = day_of(&iso);
    let canonical = v4_canonical_request(parts, &options.additional);
    let signature = v4_signature(&key.secret, &stamp, day, options, &canonical);
    let additional = if options.additional.is_empty() {
        String::new()
    } else {
        format!("AdditionalHeaders={},", options.additional.join(";"))
    };
    parts.add_header(
        "Authorization",
        format!(
            "OSS4-HMAC-SHA256 Credential={},{additional}Signature={signature}",
            credential(key, day, options)
        ),
    );
}

fn sign_v4_url(key: &Key, parts: &mut Parts, options: &Options) {
    let iso = iso_basic(options.at);
    let day = day_of(&iso);
    parts.add_query("x-oss-signature-version", "OSS4-HMAC-SHA256");
    parts.add_query("x-oss-credential", credential(key, day, options));
    parts.add_query("x-oss-date", iso.as_str());
    parts.add_query("x-oss-expires", options.lifetime.to_string());
    if !options.additional.is_empty() {
        parts.add_query("x-oss-additional-headers", options.additional.join(";"));
    }
    let canonical = v4_canonical_request(parts, &options.additional);
    let signature = v4_signature(&key.secret, &iso, day, options, &canonical);
    parts.add_query("x-oss-signature", signature);
}

fn credential(key: &Key, day: &str, options: &Options) -> String {
    format!(
        "{}/{day}/{}/{}/aliyun_v4_request",
        key.id, options.region, options.product
    )
}

fn day_of(iso: &str) -> &str {
    iso.split('T').next().unwrap_or_default()
}

/// Every query parameter, encoded, sorted by what is sent, bare when the value is empty.
fn canonical_query(parts: &Parts) -> String {
    let mut pairs: Vec<(String, String)> = parts
        .query
        .iter()
        .map(|(name, value)| {
            (
                uri_encode(name, false),
                uri_encode(value.as_deref().unwrap_or_default(), false),
            )
        })
        .collect();
    pairs.sort();
    let shown: Vec<String> = pairs
        .into_iter()
        .map(|(name, value)| {
            if value.is_empty() {
                name
            } else {
                format!("{name}={value}")
            }
        })
        .collect();
    shown.join("&")
}

/// `x-oss-*` headers and the additional ones (V4 adds Content-Type and Content-MD5), one `name:value` line each.
fn canonical_headers(parts: &Parts, additional: &[String], content_too: bool) -> String {
    let mut lines: Vec<(String, String)> = Vec::new();
    for (name, value) in &parts.headers {
        let name = name.to_ascii_lowercase();
        let content = content_too && (name == "content-type" || name == "content-md5");
        if !(name.starts_with("x-oss-") || content || additional.contains(&name)) {
            continue;
        }
        match lines.iter_mut().find(|(given, _)| *given == name) {
            Some((_, joined)) => {
                joined.push(',');
                joined.push_str(value.trim());
            }
            None => lines.push((name, value.trim().to_owned())),
        }
    }
    lines.sort();
    lines
        .iter()
        .map(|(name, value)| format!("{name}:{value}\n"))
        .collect()
}

fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length is a key");
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

/// RFC 3986 percent-encoding with upper-case hex; `/` stays when asked to.
pub fn uri_encode(text: &str, keep_slash: bool) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                encoded.push(char::from(byte));
            }
            b'/' if keep_slash => encoded.push('/'),
            other => {
                encoded.push('%');
                encoded.push_str(&hex::encode_upper([other]));
            }
        }
    }
    encoded
}

/// RFC 1123 form of a Unix time.
pub fn http_date(unix: i64) -> String {
    at(unix)
        .format(format_description!(
            "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
        ))
        .expect("a date in range")
}

/// Unix time of an RFC 1123 date; panics on any other text.
pub fn parse_http_date(text: &str) -> i64 {
    time::PrimitiveDateTime::parse(
        text,
        format_description!(
            "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
        ),
    )
    .unwrap_or_else(|error| panic!("not an RFC 1123 date: {text:?}: {error}"))
    .assume_utc()
    .unix_timestamp()
}

/// ISO 8601 basic form of a Unix time.
pub fn iso_basic(unix: i64) -> String {
    at(unix)
        .format(format_description!(
            "[year][month][day]T[hour][minute][second]Z"
        ))
        .expect("a date in range")
}

fn at(unix: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(unix).expect("a time in range")
}

#[cfg(test)]
mod vectors {
    use super::*;

    fn options(at: i64) -> Options {
        Options {
            at,
            lifetime: 599,
            region: "cn-hangzhou".into(),
            product: "oss".into(),
            additional: Vec::new(),
        }
    }

    fn key() -> Key {
        Key::new("ak", "sk")
    }

    fn headers(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    fn query(pairs: &[(&str, Option<&str>)]) -> Vec<(String, Option<String>)> {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.map(str::to_owned)))
            .collect()
    }

    fn authorization(parts: &Parts) -> &str {
        parts.header("authorization").unwrap()
    }

    fn param<'p>(parts: &'p Parts, name: &str) -> &'p str {
        let found = parts.query.iter().find(|(given, _)| given == name);
        found.and_then(|(_, value)| value.as_deref()).unwrap()
    }

    const DATE: &str = "Wed, 28 Dec 2022 10:27:41 GMT";

    fn nelson() -> Parts {
        Parts {
            method: "PUT".into(),
            bucket: "examplebucket".into(),
            key: "nelson".into(),
            query: Vec::new(),
            headers: headers(&[
                ("Content-MD5", "eB5eJF1ptWaXm4bijSPyxw=="),
                ("Content-Type", "text/html"),
                ("x-oss-meta-author", "alice"),
                ("x-oss-meta-magic", "abracadabra"),
                ("x-oss-date", DATE),
                ("Date", DATE),
            ]),
        }
    }

    #[test]
    fn t1_to_t4_v1_header() {
        let bucket_level = Parts {
            method: "GET".into(),
            bucket: "examplebucket".into(),
            headers: headers(&[("x-oss-date", DATE)]),
            ..Parts::default()
        };
        let cases = [
            (
                "T1",
                nelson(),
                query(&[]),
                "OSS ak:kSHKmLxlyEAKtZPkJhG9bZb5k7M=",
            ),
            (
                "T2",
                nelson(),
                query(&[("acl", None)]),
                "OSS ak:/afkugFbmWDQ967j1vr6zygBLQk=",
            ),
            (
                "T3",
                bucket_level.clone(),
                query(&[("resourceGroup", None), ("non-resousce", Some("null"))]),
                "OSS ak:vkQmfuUDyi1uDi3bKt67oemssIs=",
            ),
            (
                "T4",
                bucket_level,
                query(&[("resourceGroup", None), ("acl", None)]),
                "OSS ak:x3E5TgOvl/i7PN618s5mEvpJDYk=",
            ),
        ];
        for (name, mut parts, query, expected) in cases {
            parts.query = query;
            sign(Scheme::V1Header, &key(), &mut parts, &options(0));
            assert_eq!(authorization(&parts), expected, "{name}");
        }
    }

    #[test]
    fn t5_documentation_example() {
        let parts = Parts {
            method: "PUT".into(),
            bucket: "oss-example".into(),
            key: "nelson".into(),
            query: Vec::new(),
            headers: headers(&[
                (
                    "Content-Md5",
                    "ODBGOERFMDMzQTczRUY3NUE3NzA5QzdFNUYzMDQxNEM=",
                ),
                ("Content-Type", "text/html"),
                ("X-OSS-Meta-Author", "foo@bar.com"),
                ("X-OSS-Magic", "abracadabra"),
            ]),
        };
        let string = v1_string_to_sign(&parts, "Thu, 17 Nov 2005 18:49:58 GMT");
        assert_eq!(
            v1_signature("OtxrzxIsfpFjA7SwPzILwy8Bw21TLhquhboDYROV", &string),
            "26NBxoKdsyly4EDv6inkoDft/yA="
        );
    }

    #[test]
    fn t6_t7_v1_url() {
        let mut plain = Parts {
            method: "GET".into(),
            bucket: "bucket".into(),
            key: "key".into(),
            query: query(&[("versionId", Some("versionId"))]),
            ..Parts::default()
        };
        let mut with_token = Parts {
            key: "key+123".into(),
            query: query(&[
                ("security-token", Some("token")),
                ("versionId", Some("versionId")),
            ]),
            ..plain.clone()
        };
        sign(
            Scheme::V1Url,
            &key(),
            &mut plain,
            &options(1_699_807_420 - 599),
        );
        assert_eq!(param(&plain, "Signature"), "dcLTea+Yh9ApirQ8o8dOPqtvJXQ=");
        sign(
            Scheme::V1Url,
            &key(),
            &mut with_token,
            &options(1_699_808_204 - 599),
        );
        assert_eq!(
            param(&with_token, "Signature"),
            "jzKYRrM5y6Br0dRFPaTGOsbrDhY="
        );
    }

    fn v4_input(content_type: &str) -> Parts {
        Parts {
            method: "PUT".into(),
            bucket: "bucket".into(),
            key: "1234+-/123/1.txt".into(),
            query: query(&[
                ("param1", Some("value1")),
                ("+param1", Some("value3")),
                ("|param1", Some("value4")),
                ("+param2", None),
                ("|param2", Some("")),
                ("param2", None),
            ]),
            headers: headers(&[
                ("x-oss-head1", "value"),
                ("abc", "value"),
                ("ZAbc", "value"),
                ("XYZ", "value"),
                ("content-type", content_type),
            ]),
        }
    }

    #[test]
    fn t8_canonical_request() {
        let mut parts = v4_input("text/plain");
        sign(
            Scheme::V4Header,
            &key(),
            &mut parts,
            &options(1_702_743_657),
        );
        assert_eq!(
            v4_canonical_request(&parts, &[]),
            "PUT\n/bucket/1234%2B-/123/1.txt\n\
             %2Bparam1=value3&%2Bparam2&%7Cparam1=value4&%7Cparam2&param1=value1&param2\n\
             content-type:text/plain\nx-oss-content-sha256:UNSIGNED-PAYLOAD\nx-oss-date:20231216T162057Z\nx-oss-head1:value\n\n\n\
             UNSIGNED-PAYLOAD"
        );
    }

    #[test]
    fn t8_to_t11_v4_header() {
        let mut cloudbox = options(1_702_743_657);
        cloudbox.region = "cb-123".into();
        cloudbox.product = "oss-cloudbox".into();
        let mut additional = options(1_702_747_512);
        additional.additional = vec!["abc".into(), "zabc".into()];
        let token = headers(&[("x-oss-security-token", "token")]);
        let cases = [
            (
                "T8",
                options(1_702_743_657),
                Vec::new(),
                "OSS4-HMAC-SHA256 Credential=ak/20231216/cn-hangzhou/oss/aliyun_v4_request,\
                 Signature=e21d18daa82167720f9b1047ae7e7f1ce7cb77a31e8203a7d5f4624fa0284afe",
            ),
            (
                "T9",
                options(1_702_784_856),
                token,
                "Signature=b94a3f999cf85bcdc00d332fbd3734ba03e48382c36fa4d5af5df817395bd9ea",
            ),
            (
                "T10",
                additional,
                Vec::new(),
                "AdditionalHeaders=abc;zabc,Signature=4a4183c187c07c8947db7620deb0a6b38d9fbdd34187b6dbaccb316fa251212f",
            ),
            (
                "T11",
                cloudbox,
                Vec::new(),
                "Signature=94ce1f12c17d148ea681030275a94449d3357f5b5b21133996eec80af3e08a43",
            ),
        ];
        for (name, options, more, expected) in cases {
            let mut parts = v4_input("text/plain");
            parts.headers.extend(more);
            sign(Scheme::V4Header, &key(), &mut parts, &options);
            assert!(
                authorization(&parts).ends_with(expected),
                "{name}: {}",
                authorization(&parts)
            );
        }
    }

    #[test]
    fn t12_to_t14_v4_url() {
        let mut additional = options(1_702_783_809);
        additional.additional = vec!["abc".into(), "zabc".into()];
        let cases = [
            (
                "T12",
                options(1_702_781_677),
                query(&[]),
                "a39966c61718be0d5b14e668088b3fa07601033f6518ac7b523100014269c0fe",
            ),
            (
                "T13",
                options(1_702_785_388),
                query(&[("x-oss-security-token", Some("token"))]),
                "3817ac9d206cd6dfc90f1c09c00be45005602e55898f26f5ddb06d7892e1f8b5",
            ),
            (
                "T14",
                additional,
                query(&[]),
                "6bd984bfe531afb6db1f7550983a741b103a8c58e5e14f83ea474c2322dfa2b7",
            ),
        ];
        for (name, options, more, expected) in cases {
            let mut parts = v4_input("application/octet-stream");
            parts.query.extend(more);
            sign(Scheme::V4Url, &key(), &mut parts, &options);
            assert_eq!(
                param(&parts, "x-oss-signature"),
                expected,
                "{name} {}",
                param(&parts, "x-oss-date")
            );
        }
    }

    /// The reference's self-computed values for the forms without a published signature.
    #[test]
    fn v2_and_the_dated_v4() {
        let mut parts = Parts {
            method: "GET".into(),
            bucket: "bucket".into(),
            key: "dir/key+1".into(),
            query: query(&[("acl", None), ("versionId", Some("v 1"))]),
            headers: headers(&[
                ("Date", DATE),
                ("x-oss-head1", "value"),
                ("Range", "bytes=0-1"),
            ]),
        };
        let string = v2_string_to_sign(&parts, DATE, &[]);
        assert_eq!(
            v2_signature("sk", &string),
            "ecWMRwfDBzt6nO6cevQxE+Pr7M0DvHLtpesGtCSFCos="
        );
        let mut with_range = options(0);
        with_range.additional = vec!["range".into()];
        sign(Scheme::V2Header, &key(), &mut parts, &with_range);
        assert_eq!(
            authorization(&parts),
            "OSS2 AccessKeyId:ak,AdditionalHeaders:range,Signature:Q63m1IjZpCTf8XyLKh+z1+s+Jqn3rSZ8JOH3m25rRFY="
        );

        let mut dated = v4_input("text/plain");
        dated
            .headers
            .push(("Date".into(), "Sat, 16 Dec 2023 16:20:57 GMT".into()));
        sign(
            Scheme::V4Header,
            &key(),
            &mut dated,
            &options(1_702_743_657),
        );
        assert!(
            authorization(&dated).ends_with(
                "Signature=72541107d5b424e627193f64ceee6edb383eda3d1d47765739f3baf2d6dde728"
            ),
            "{}",
            authorization(&dated)
        );
    }
}
