//! Every signature scheme with good and bad credentials, and how a refusal reads (auth.md §12). What a known caller may do is in
//! `permission`.

use crate::support::client::{Request, Response};
use crate::support::fixture::Bucket;
use crate::support::server::{Server, shared};
use crate::support::signer::{Scheme, http_date, iso_basic};
use crate::support::unix_now;

const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. Check your key and signing method.";
const UNKNOWN_KEY: &str = "The OSS Access Key Id you provided does not exist in our records.";
const SKEWED: &str = "The difference between the request time and the current time is too large.";
const MISSING: &str =
    "Query string authentication requires the Signature, Expires and OSSAccessKeyId parameters";

/// A bucket with one private object, and nothing else to be confused by.
pub fn place(server: &Server) -> Bucket {
    let bucket = Bucket::new(server);
    bucket.put("k", "secret").send().expect(200);
    bucket
}

/// Asserts status, code, EC and message (a part of it), and that extra elements are there.
#[track_caller]
pub fn assert_error(
    name: &str,
    answer: &Response,
    status: u16,
    code: &str,
    ec: &str,
    message: &str,
    elements: &[(&str, Option<&str>)],
) {
    let error = answer
        .error()
        .unwrap_or_else(|| panic!("{name}: not an error: {answer:?}"));
    assert_eq!(
        (answer.status, error.text_at("Code")),
        (status, code),
        "{name}: {error:?}"
    );
    if !ec.is_empty() {
        assert_eq!(error.text_at("EC"), ec, "{name}");
    }
    assert!(
        error.text_at("Message").contains(message),
        "{name}: message {:?}",
        error.text_at("Message")
    );
    for (element, value) in elements {
        let found = error.get(element);
        assert!(found.is_some(), "{name}: no element {element} in {error:?}");
        if value.is_some() {
            assert_eq!(found, *value, "{name}: element {element}");
        }
    }
}

/// Every scheme is accepted for every kind of request: each method, level, addressing style and awkward key.
#[test]
fn every_scheme_is_accepted() {
    let server = shared();
    for scheme in Scheme::ALL {
        let client = server.client().with_scheme(scheme);
        client
            .service("GET")
            .param("prefix", "it")
            .param("max-keys", 3)
            .send()
            .expect(200);
        let bucket = Bucket::of(&client, "it", Some("private"));
        for key in [
            "plain",
            "dir/with/slashes",
            "a+b c%2B&=?#",
            "日本語/ключ",
            "~._-",
            "'()*!",
            "a//b",
            "trailing/",
        ] {
            let name = format!("{scheme:?}/{key}");
            for client in [
                client.clone(),
                client.virtual_hosted("localhost"),
                client.virtual_hosted("oss-cn-hangzhou.aliyuncs.com"),
            ] {
                let bucket = bucket.by(&client);
                let meta = [
                    ("Content-Type", "text/plain; charset=utf-8"),
                    ("x-oss-meta-b", " two  blanks "),
                    ("x-oss-meta-a", "é"),
                ];
                bucket
                    .put(&name, "content")
                    .headers(&meta)
                    .send()
                    .expect(200);
                assert_eq!(bucket.get(&name).send().expect(200).body, b"content");
                bucket.head(&name).encode_slash().send().expect(200);
                bucket
                    .get(&name)
                    .flag("acl")
                    .param("unknown parameter", "some/value +")
                    .send()
                    .expect(200);
                let override_type = bucket
                    .get(&name)
                    .param("response-content-type", "x/y+z; a=\"b c\"")
                    .send()
                    .expect(200);
                assert_eq!(
                    override_type.header("content-type"),
                    Some("x/y+z; a=\"b c\"")
                );
                bucket.delete(&name).send().expect(204);
            }
        }
        bucket
            .ask("GET")
            .param("prefix", "a b/+")
            .param("delimiter", "/")
            .param("encoding-type", "url")
            .send()
            .expect(200);
        bucket.ask("GET").param("acl", "").send().expect(200);
        bucket.ask("DELETE").send().expect(204);
    }
}

/// A wrong secret is a signature that does not match; the answer shows what the server signed.
#[test]
fn wrong_secret() {
    let server = shared();
    let bucket = place(&server);
    for scheme in Scheme::ALL {
        let wrong = bucket
            .client
            .with_key("ossicle", "wrong")
            .with_scheme(scheme);
        let name = format!("{scheme:?}");
        let ec = match scheme {
            Scheme::V1Header | Scheme::V1Url => "0002-00000040",
            Scheme::V4Header | Scheme::V4Url => "0002-00000201",
            _ => "",
        };
        let elements = [
            ("OSSAccessKeyId", Some("ossicle")),
            ("SignatureProvided", None),
            ("StringToSign", None),
            ("StringToSignBytes", None),
        ];
        for request in [
            bucket.get("k"),
            bucket.put("k", "x"),
            bucket.head("k"),
            bucket.ask("GET"),
            bucket.delete("k"),
        ] {
            let answer = request.by(&wrong).send();
            assert_error(
                &name,
                &answer,
                403,
                "SignatureDoesNotMatch",
                ec,
                MISMATCH,
                &elements,
            );
            if matches!(scheme, Scheme::V4Header | Scheme::V4Url) {
                assert_error(
                    &name,
                    &answer,
                    403,
                    "SignatureDoesNotMatch",
                    ec,
                    MISMATCH,
                    &[("CanonicalRequest", None)],
                );
            }
            let shown = answer.error_text("StringToSign");
            let bytes: Vec<String> = shown.bytes().map(|byte| format!("{byte:02X}")).collect();
            assert_eq!(
                answer.error_text("StringToSignBytes"),
                bytes.join(" "),
                "{name}: bytes and text differ"
            );
            assert!(
                !format!("{answer:?}").contains("ossicle-secret"),
                "{name}: the secret is in the answer"
            );
        }
    }
    assert_eq!(bucket.get("k").send().expect(200).body, b"secret");
}

/// What the server says it signed is what the client signed, so that a user can compare the two.
#[test]
fn string_to_sign_is_the_clients() {
    let server = shared();
    let bucket = place(&server);
    let wrong = bucket
        .client
        .with_key("ossicle", "wrong")
        .with_scheme(Scheme::V1Header);
    let request = bucket
        .put("a b", "x")
        .flag("acl")
        .header("Content-Type", "t/p")
        .header("x-oss-object-acl", "private")
        .by(&wrong);
    let signed = request.signed();
    let date = signed.header("date").expect("a date").to_owned();
    let answer = request
        .target(&format!("/{}/a%20b?acl", bucket.name))
        .send();
    assert_eq!(
        answer.error_text("StringToSign"),
        format!(
            "PUT\n\nt/p\n{date}\nx-oss-object-acl:private\n/{}/a b?acl",
            bucket.name
        )
    );
}

/// An unknown key id. The order against the bucket's existence is the one the SDK suites assert: a missing bucket is told first, except
/// where the operation could create it.
#[test]
fn unknown_key_id() {
    let server = shared();
    let bucket = place(&server);
    for scheme in Scheme::ALL {
        let unknown = bucket
            .client
            .with_key("nobodyknowsme", "x")
            .with_scheme(scheme);
        let name = format!("{scheme:?}");
        let elements = [("OSSAccessKeyId", Some("nobodyknowsme"))];
        let requests = [
            bucket.get("k"),
            bucket.head("k"),
            bucket.put("k", "x"),
            bucket.ask("GET"),
            unknown.service("GET"),
            bucket.get("missing"),
        ];
        for request in requests {
            let answer = request.by(&unknown).send();
            assert_error(
                &name,
                &answer,
                403,
                "InvalidAccessKeyId",
                "0002-00000902",
                UNKNOWN_KEY,
                &elements,
            );
        }
        let create = unknown.bucket("PUT", "it-no-such-bucket-yet").send();
        assert_error(
            &name,
            &create,
            403,
            "InvalidAccessKeyId",
            "0002-00000902",
            UNKNOWN_KEY,
            &elements,
        );
        unknown
            .bucket("GET", "it-no-such-bucket")
            .flag("acl")
            .send()
            .refused(404, "NoSuchBucket");
        unknown
            .object("HEAD", "it-no-such-bucket", "k")
            .send()
            .refused(404, "NoSuchBucket");
    }
    // With a right key too, of course.
    let client = server.client();
    client
        .bucket("GET", "it-no-such-bucket")
        .send()
        .refused(404, "NoSuchBucket");
    client
        .anonymous()
        .object("GET", "it-no-such-bucket", "k")
        .send()
        .refused(404, "NoSuchBucket");
}

/// Clock rules: fifteen minutes either way for header signatures, with the elements that SDKs correct their clock from.
#[test]
fn skewed_clocks() {
    let server = shared();
    let bucket = place(&server);
    for scheme in [Scheme::V1Header, Scheme::V2Header, Scheme::V4Header] {
        let client = bucket.client.with_scheme(scheme);
        for seconds in [-840, -60, 60, 840] {
            bucket
                .get("k")
                .by(&client)
                .shifted(seconds)
                .send()
                .expect(200);
        }
        for seconds in [-960, 960, 3600, -86_400] {
            let name = format!("{scheme:?} {seconds}");
            let answer = bucket.get("k").by(&client).shifted(seconds).send();
            let elements = [
                ("MaxAllowedSkewMilliseconds", Some("900000")),
                ("RequestTime", None),
                ("ServerTime", None),
            ];
            assert_error(
                &name,
                &answer,
                403,
                "RequestTimeTooSkewed",
                "0002-00000504",
                SKEWED,
                &elements,
            );
            for element in ["RequestTime", "ServerTime"] {
                let text = answer.error_text(element);
                assert!(
                    text.len() == 24 && text.ends_with('Z') && text.contains('.'),
                    "{name}: {element} is {text:?}"
                );
            }
        }
    }
}

/// `x-oss-date` wins over `Date` in every header scheme that knows it; V4 also lives on `Date` alone.
#[test]
fn which_date_counts() {
    let server = shared();
    let bucket = place(&server);
    let now = unix_now();
    let v1 = bucket.client.with_scheme(Scheme::V1Header);
    let v4 = bucket.client.with_scheme(Scheme::V4Header);
    let stale = http_date(now - 86_400);
    bucket
        .get("k")
        .by(&v1)
        .header("x-oss-date", http_date(now + 60))
        .header("Date", &stale)
        .send()
        .expect(200);
    bucket
        .get("k")
        .by(&v1)
        .header("x-oss-date", iso_basic(now))
        .send()
        .expect(200);
    bucket
        .get("k")
        .by(&v1)
        .header("x-oss-date", &stale)
        .header("Date", http_date(now))
        .send()
        .refused(403, "RequestTimeTooSkewed");
    bucket
        .get("k")
        .by(&v4)
        .header("x-oss-date", iso_basic(now))
        .header("Date", &stale)
        .send()
        .expect(200);
    bucket
        .get("k")
        .by(&v4)
        .header("Date", http_date(now))
        .send()
        .expect(200);
}

/// Dates that are missing or no dates.
#[test]
fn missing_and_unreadable_dates() {
    let server = shared();
    let bucket = place(&server);
    let url = format!("/{}/k", bucket.name);
    let mut cases: Vec<(&str, Request, &str)> = Vec::new();
    let unsigned = |authorization: &str| {
        bucket
            .get("k")
            .by(&bucket.client.anonymous())
            .header("Authorization", authorization)
            .target(&url)
    };
    let v4 = "OSS4-HMAC-SHA256 Credential=ossicle/20240101/cn-hangzhou/oss/aliyun_v4_request,Signature=00";
    cases.push((
        "V1 without a date",
        unsigned("OSS ossicle:AAAA"),
        "0002-00000503",
    ));
    cases.push((
        "V2 without a date",
        unsigned("OSS2 AccessKeyId:ossicle,Signature:AAAA"),
        "0002-00000503",
    ));
    cases.push(("V4 without a date", unsigned(v4), "0002-00000503"));
    cases.push((
        "V1 with no date",
        unsigned("OSS ossicle:AAAA").header("Date", "yesterday"),
        "0002-00000505",
    ));
    cases.push((
        "V2 with no date",
        unsigned("OSS2 AccessKeyId:ossicle,Signature:AAAA").header("Date", "yesterday"),
        "0002-00000505",
    ));
    cases.push((
        "V4 with no date",
        unsigned(v4).header("x-oss-date", "yesterday"),
        "0002-00000505",
    ));
    for (name, request, ec) in cases {
        assert_error(
            name,
            &request.send(),
            403,
            "AccessDenied",
            ec,
            "OSS authentication requires a valid Date",
            &[],
        );
    }
}

/// Authorization headers that are no authorization.
#[test]
fn malformed_authorization_headers() {
    let server = shared();
    let bucket = place(&server);
    let date = http_date(unix_now());
    let day = &iso_basic(unix_now())[..8];
    let scope = format!("{day}/cn-hangzhou/oss/aliyun_v4_request");
    let hex = "0".repeat(64);
    let cases: Vec<(String, &str, &str)> = vec![
        ("Bearer abc".into(), "InvalidArgument", "0002-00000061"),
        ("AWS ossicle:abc".into(), "InvalidArgument", "0002-00000061"),
        (
            "AWS4-HMAC-SHA256 Credential=x".into(),
            "InvalidArgument",
            "0002-00000061",
        ),
        (
            "OSS3 ossicle:abc".into(),
            "InvalidArgument",
            "0002-00000061",
        ),
        ("OSS".into(), "InvalidArgument", ""),
        ("OSS ossicle".into(), "InvalidArgument", "0002-00000062"),
        ("OSS :c2ln".into(), "InvalidArgument", "0002-00000063"),
        ("OSS ossicle:".into(), "InvalidArgument", "0002-00000065"),
        (
            "OSS2 AccessKeyId:ossicle".into(),
            "InvalidArgument",
            "0002-00000108",
        ),
        (
            "OSS2 AccessKeyId:ossicle,Nonsense:1,Signature:c2ln".into(),
            "InvalidArgument",
            "",
        ),
        (
            "OSS2 AccessKeyId:ossicle,AdditionalHeaders:,Signature:c2ln".into(),
            "InvalidArgument",
            "0002-00000110",
        ),
        (
            format!("OSS4-HMAC-SHA256 Credential=ossicle/{scope}"),
            "InvalidArgument",
            "",
        ),
        (
            format!("OSS4-HMAC-SHA256 Signature={hex}"),
            "InvalidArgument",
            "",
        ),
        (
            format!(
                "OSS4-HMAC-SHA256 Credential=ossicle/{day}/cn-hangzhou/oss/aws4_request,Signature={hex}"
            ),
            "InvalidArgument",
            "0002-00000213",
        ),
        (
            format!("OSS4-HMAC-SHA256 Credential=ossicle/{day},Signature={hex}"),
            "InvalidArgument",
            "0002-00000213",
        ),
        (
            format!(
                "OSS4-HMAC-SHA256 Credential=ossicle/19990101/cn-hangzhou/oss/aliyun_v4_request,Signature={hex}"
            ),
            "InvalidArgument",
            "",
        ),
    ];
    let anonymous = bucket.client.anonymous();
    for (authorization, code, ec) in cases {
        let request = bucket
            .get("k")
            .by(&anonymous)
            .header("Authorization", &authorization)
            .header("Date", &date);
        let request = if authorization.starts_with("OSS4") {
            request
                .header("x-oss-date", iso_basic(unix_now()))
                .header("x-oss-content-sha256", "UNSIGNED-PAYLOAD")
        } else {
            request
        };
        assert_error(&authorization, &request.send(), 400, code, ec, "", &[]);
    }
    let illegal = bucket
        .get("k")
        .by(&anonymous)
        .header("Authorization", "OSS a$b:c2ln")
        .header("Date", &date)
        .send();
    assert!(matches!(illegal.status, 400 | 403), "{illegal:?}");
    assert_eq!(
        (illegal.code().as_str(), illegal.error_text("EC").as_str()),
        ("InvalidAccessKeyId", "0002-00000064")
    );
}

/// V4's own rules: payload hash, region, product, and the tolerant header form of Python v1.
#[test]
fn v4_scope_and_form() {
    let server = shared();
    let bucket = place(&server);
    let v4 = bucket.client.with_scheme(Scheme::V4Header);
    let payload = bucket
        .get("k")
        .by(&v4)
        .header("x-oss-content-sha256", "e3b0c442")
        .send();
    assert_error(
        "payload",
        &payload,
        400,
        "InvalidArgument",
        "0002-00000214",
        "",
        &[],
    );
    let region = bucket.get("k").by(&v4).scope("cn-shanghai", "oss").send();
    assert_error(
        "region",
        &region,
        400,
        "InvalidArgument",
        "0002-00000226",
        "Invalid signing region in Authorization header.",
        &[],
    );
    let product = bucket.get("k").by(&v4).scope("cn-hangzhou", "ecs").send();
    assert_error(
        "product",
        &product,
        400,
        "InvalidArgument",
        "0002-00000227",
        "Invalid signing product in Authorization header.",
        &[],
    );
    let url = bucket
        .get("k")
        .by(&bucket.client.with_scheme(Scheme::V4Url))
        .scope("cn-shanghai", "oss")
        .send();
    assert_error(
        "region in a URL",
        &url,
        400,
        "InvalidArgument",
        "",
        "The signing region in credential is invalid.",
        &[],
    );

    // Spaces after commas, and the signature before the additional headers.
    let request = bucket
        .get("k")
        .by(&v4)
        .header("abc", "v")
        .additional(&["abc"]);
    let signed = request.signed();
    let plain = signed.header("authorization").expect("an Authorization");
    let (credential, rest) = plain.split_once(',').expect("items");
    let (additional, signature) = rest.split_once(',').expect("items");
    let request = request.unsigned_header(
        "Authorization",
        format!("{credential}, {signature}, {additional}"),
    );
    request.send().expect(200);
    // A changed additional header breaks it, an unnamed one does not.
    let request = bucket
        .get("k")
        .by(&v4)
        .header("abc", "v")
        .additional(&["abc"]);
    request
        .clone()
        .unsigned_header("abc", "w")
        .send()
        .refused(403, "SignatureDoesNotMatch");
    request
        .clone()
        .unsigned_header("other", "w")
        .send()
        .expect(200);
    request
        .unsigned_header("x-oss-meta-new", "w")
        .send()
        .refused(403, "SignatureDoesNotMatch");
    bucket
        .get("k")
        .by(&v4)
        .additional(&["host"])
        .send()
        .expect(200);
}

/// Signed URLs: lifetime, missing parts, numbers that are none (auth.md §4, §5, §7).
#[test]
fn signed_urls() {
    let server = shared();
    let bucket = place(&server);
    let [v1, v2, v4] = [Scheme::V1Url, Scheme::V2Url, Scheme::V4Url]
        .map(|scheme| bucket.client.with_scheme(scheme));
    // 1_650_801_600 seconds from now is past 2078, beyond 32 signed bits (an SDK test does that).
    for (client, lifetime) in [
        (&v1, 1_650_801_600),
        (&v1, 5),
        (&v2, 5),
        (&v2, 1_000_000),
        (&v4, 1),
        (&v4, 604_800),
    ] {
        bucket
            .get("k")
            .by(client)
            .lifetime(lifetime)
            .send()
            .expect(200);
    }
    for client in [&v1, &v2] {
        let answer = bucket.get("k").by(client).lifetime(-5).send();
        assert_error(
            "expired",
            &answer,
            403,
            "AccessDenied",
            "",
            "Request has expired.",
            &[("Expires", None), ("ServerTime", None)],
        );
    }
    assert_eq!(
        bucket.get("k").by(&v1).lifetime(-5).send().error_text("EC"),
        "0002-00000069"
    );
    let old = bucket.get("k").by(&v4).shifted(-700).lifetime(600).send();
    assert_error(
        "V4 expired",
        &old,
        403,
        "AccessDenied",
        "",
        "Request has expired.",
        &[],
    );
    let early = bucket.get("k").by(&v4).shifted(1000).send();
    assert_error(
        "V4 before its time",
        &early,
        403,
        "AccessDenied",
        "0002-00000235",
        "",
        &[],
    );
    bucket.get("k").by(&v4).shifted(800).send().expect(200);
    for lifetime in [0, -1, 604_801] {
        let answer = bucket.get("k").by(&v4).lifetime(lifetime).send();
        assert_error(
            "V4 lifetime",
            &answer,
            400,
            "InvalidArgument",
            "0002-00000232",
            "",
            &[],
        );
    }

    let url = format!("/{}/k", bucket.name);
    let raw = |query: &str| {
        bucket
            .get("k")
            .by(&bucket.client.anonymous())
            .target(&format!("{url}?{query}"))
            .send()
    };
    let later = unix_now() + 600;
    let missing = [
        (format!("OSSAccessKeyId=ossicle&Expires={later}"), ""),
        (format!("Signature=abc&Expires={later}"), ""),
        (
            "OSSAccessKeyId=ossicle&Signature=abc".into(),
            "0002-00000067",
        ),
        (
            "OSSAccessKeyId=ossicle&Signature=abc&Expires=".into(),
            "0002-00000068",
        ),
        (format!("Expires={later}"), ""),
    ];
    for (query, ec) in missing {
        assert_error(&query, &raw(&query), 403, "AccessDenied", ec, MISSING, &[]);
    }
    for expires in ["soon", "1e9", "-5", "0x7fffffff", "99999999999999999999999"] {
        let answer = raw(&format!(
            "OSSAccessKeyId=ossicle&Signature=abc&Expires={expires}"
        ));
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (403, "AccessDenied"),
            "{expires}: {answer:?}"
        );
    }
    let answer = raw("OSSAccessKeyId=ossicle&Signature=abc&Expires=soon");
    assert_error(
        "soon",
        &answer,
        403,
        "AccessDenied",
        "0002-00000070",
        "Invalid date (should be seconds since epoch)",
        &[],
    );
    let no_expiry =
        raw("x-oss-signature-version=OSS2&x-oss-access-key-id=ossicle&x-oss-signature=abc");
    assert_error(
        "V2 without expiry",
        &no_expiry,
        403,
        "AccessDenied",
        "0002-00000113",
        "",
        &[],
    );
    let day = &iso_basic(unix_now())[..8];
    let credential = format!("ossicle%2F{day}%2Fcn-hangzhou%2Foss%2Faliyun_v4_request");
    let start = format!(
        "x-oss-signature-version=OSS4-HMAC-SHA256&x-oss-credential={credential}&x-oss-date={}",
        iso_basic(unix_now())
    );
    let no_expiry = raw(&format!("{start}&x-oss-signature=00"));
    assert_error(
        "V4 without expiry",
        &no_expiry,
        403,
        "AccessDenied",
        "0002-00000215",
        "",
        &[],
    );
    let unknown = raw("x-oss-signature-version=OSS9&x-oss-signature=00");
    assert!(
        unknown.status == 400 || unknown.status == 403,
        "{unknown:?}"
    );
}

/// A signature in the header and one in the URL are one too many; so are parts of one.
#[test]
fn header_and_url_together() {
    let server = shared();
    let bucket = place(&server);
    for url in [Scheme::V1Url, Scheme::V2Url, Scheme::V4Url] {
        for header in [Scheme::V1Header, Scheme::V2Header, Scheme::V4Header] {
            let by_url = bucket.get("k").by(&bucket.client.with_scheme(url));
            let target = by_url.target_of(&by_url.signed());
            let answer = bucket
                .get("k")
                .by(&bucket.client.with_scheme(header))
                .target(&target)
                .send();
            assert_error(
                &format!("{url:?} {header:?}"),
                &answer,
                400,
                "InvalidArgument",
                "",
                "",
                &[],
            );
        }
    }
}

/// What a signed URL bound cannot be changed by its user.
#[test]
fn signed_urls_bind_what_they_sign() {
    let server = shared();
    let bucket = place(&server);
    for scheme in [Scheme::V1Url, Scheme::V2Url, Scheme::V4Url] {
        let client = bucket.client.with_scheme(scheme);
        let read = bucket.get("k").by(&client);
        let target = read.target_of(&read.signed());
        let raw = bucket.client.anonymous();
        bucket
            .object("DELETE", "k")
            .by(&raw)
            .target(&target)
            .send()
            .refused(403, "SignatureDoesNotMatch");
        bucket
            .object("PUT", "k")
            .by(&raw)
            .target(&target)
            .body("x")
            .send()
            .refused(403, "SignatureDoesNotMatch");
        bucket
            .get("k")
            .by(&raw)
            .target(&target.replace("/k?", "/other?"))
            .send()
            .refused(403, "SignatureDoesNotMatch");
        bucket
            .get("k")
            .by(&raw)
            .target(&format!("{target}&acl"))
            .send()
            .refused(403, "SignatureDoesNotMatch");
        let typed = bucket
            .put("t", "x")
            .header("Content-Type", "a/b")
            .header("x-oss-meta-a", "1")
            .by(&client);
        typed
            .clone()
            .unsigned_header("Content-Type", "c/d")
            .send()
            .refused(403, "SignatureDoesNotMatch");
        typed
            .clone()
            .unsigned_header("x-oss-meta-a", "2")
            .send()
            .refused(403, "SignatureDoesNotMatch");
        typed
            .clone()
            .unsigned_header("x-oss-object-acl", "public-read")
            .send()
            .refused(403, "SignatureDoesNotMatch");
        typed.send().expect(200);
        // A range is not signed.
        let part = bucket
            .get("k")
            .by(&client)
            .unsigned_header("Range", "bytes=0-2")
            .send()
            .expect(206);
        assert_eq!(part.body, b"sec");
    }
    assert_eq!(bucket.get("k").send().expect(200).body, b"secret");
}

/// A token with a key that has none (auth.md §10).
#[test]
fn security_tokens_of_ordinary_keys() {
    let server = shared();
    let bucket = place(&server);
    for scheme in [Scheme::V1Header, Scheme::V4Header] {
        let request = bucket
            .get("k")
            .by(&bucket.client.with_scheme(scheme))
            .header("x-oss-security-token", "made-up");
        let message = "The security token you provided is invalid.";
        assert_error(
            "header",
            &request.send(),
            403,
            "InvalidSecurityToken",
            "0002-00000006",
            message,
            &[],
        );
    }
    let url = bucket
        .get("k")
        .by(&bucket.client.with_scheme(Scheme::V1Url))
        .param("security-token", "made-up");
    url.send().refused(403, "InvalidSecurityToken");
}
