//! A request's head: address, query, routing, headers, ranges, conditions, signatures.
//!
//! Whatever the bytes say, nothing panics, and nobody is taken for an account whose secret they do not know.
#![no_main]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use libfuzzer_sys::fuzz_target;
use ossicle::auth::credentials::{AccountSpec, KeySpec, Secret};
use ossicle::auth::{AuthSettings, Credentials, Incoming, authenticate};
use ossicle::domain::etag::ETag;
use ossicle::domain::tags::TagSet;
use ossicle::domain::time::Timestamp;
use ossicle::http::address::{Address, Domains};
use ossicle::http::conditions::Conditions;
use ossicle::http::query::Query;
use ossicle::http::throttle::TrafficLimit;
use ossicle::http::{body, headers, range};
use ossicle::ops::OPERATIONS;
use ossicle::ops::callback::Callback;
use ossicle::ops::copy::Named;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::LazyLock;

static CREDENTIALS: LazyLock<Credentials> = LazyLock::new(|| {
    // The secret is not in the corpus, so no mutation can sign with it.
    let key = KeySpec { id: "ossicle".to_owned(), secret: Secret::new("9f1c-never-in-a-corpus-77d0"), disabled: false };
    let account = AccountSpec {
        uid: "1000000000000001".to_owned(),
        display_name: "ossicle".to_owned(),
        keys: vec![key],
        users: Vec::new(),
        roles: Vec::new(),
    };
    Credentials::new(vec![account]).unwrap_or_default()
});

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut lines = text.split('\n');
    let mut start = lines.next().unwrap_or_default().split(' ');
    let (method, target) = (start.next().unwrap_or_default(), start.next().unwrap_or_default());
    let Ok(method) = method.parse::<http::Method>() else { return };
    let mut map = HeaderMap::new();
    for line in lines.take(100) {
        let Some((name, value)) = line.split_once(':') else { continue };
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_bytes(value.trim().as_bytes())) {
            map.append(name, value);
        }
    }
    let (path, raw_query) = target.split_once('?').unwrap_or((target, ""));
    let host = map.get("host").and_then(|value| value.to_str().ok()).unwrap_or("127.0.0.1").to_owned();
    let (Ok(address), Ok(query)) =
        (Address::parse(&host, path, &Domains::new(["localhost", "oss-*.aliyuncs.com"])), Query::parse(raw_query))
    else {
        return;
    };
    let _ = address.names();
    let _ = ossicle::operation::resolve(OPERATIONS, &method, address.scope(), &query, &map);

    let incoming = Incoming {
        method: &method,
        headers: &map,
        query: query.pairs(),
        raw_query,
        bucket: address.bucket.as_deref(),
        key: address.key.as_deref(),
        host: &host,
        secure: false,
        source_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
        now: Timestamp::from_seconds(1_702_743_657),
    };
    if let Ok(identity) = authenticate(&CREDENTIALS, &AuthSettings::default(), &incoming) {
        assert!(identity.is_anonymous(), "a signature without the secret was accepted");
    }

    if let Ok(attributes) = headers::attributes(&map) {
        let meta: usize = attributes.headers.meta.iter().map(|(name, value)| name.len() + value.len()).sum();
        assert!(meta <= 8 * 1024 + 16 * attributes.headers.meta.len(), "metadata is bounded");
    }
    let _ = headers::append_attributes(&map);
    let _ = body::content_md5(&map);
    let _ = headers::version_id(&query);
    let tag = ETag::of_md5([7; 16]);
    let _ = Conditions::of_read(&map).check(&tag, incoming.now);
    for standard in [false, true] {
        let _ = range::select(map.get("range").and_then(|value| value.to_str().ok()), standard, 44);
    }
    let _ = TagSet::from_header(raw_query);
    let header = |name: &str| map.get(name).and_then(|value| value.to_str().ok());
    if let Some(Ok(source)) = header("x-oss-copy-source").map(Named::parse) {
        assert!(!source.key.as_str().is_empty() && !source.key.as_str().starts_with('/'));
    }
    if let Some(Ok(tags)) = header("x-oss-tagging").map(TagSet::from_header) {
        assert!(tags.pairs().len() <= 10);
    }
    if let Some(Ok(target)) = header("x-oss-symlink-target").map(|text| headers::encoded_key(&headers::SYMLINK_TARGET, text)) {
        assert!(!target.as_str().is_empty());
    }
    if let Some(text) = header("x-oss-callback") {
        // Half of the bytes of a corpus never get past base64, so the document is tried as it stands, too.
        let _ = Callback::parse(text, Vec::new());
        let _ = Callback::parse(&STANDARD.encode(text), vec![("x:a".to_owned(), "1".to_owned())]);
    }
    let _ = Conditions::of_copy_source(&map).check(&tag, incoming.now);
    let _ = headers::forbid_overwrite(&map).is_ok() && headers::acl(&map).is_ok();
    let _ = TrafficLimit::of(&map, &query);
});
