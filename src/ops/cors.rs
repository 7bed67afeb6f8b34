//! Cross-origin rules: their configuration, preflight requests, and the headers of ordinary answers.

use super::document::{Kind, stored};
use crate::error::{Code, Error, Result};
use crate::http::reply::{self, Reply};
use crate::operation::Call;
use crate::store::{Bucket, Store};
use crate::xml::config::{CorsConfiguration, CorsRule};
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderName, HeaderValue, Method};

const CORS: Kind = Kind::new("cors", Code::NoSuchCORSConfiguration);
/// Most rules of a bucket.
const RULES_MAX: usize = 10;
/// Longest time in seconds that a client may keep a preflight answer.
const MAX_AGE_SECONDS_MAX: i64 = 999_999_999;
/// Methods that a rule can name.
const METHODS: [&str; 5] = ["GET", "PUT", "DELETE", "POST", "HEAD"];

/// PutBucketCors.
pub async fn put_cors(mut call: Call) -> Result<Reply> {
    let document = checked(call.xml().await?)?;

    CORS.put(&call, &document).await
}

/// GetBucketCors.
pub async fn get_cors(call: Call) -> Result<Reply> {
    CORS.get::<CorsConfiguration>(&call)
}

/// DeleteBucketCors.
pub async fn delete_cors(call: Call) -> Result<Reply> {
    CORS.delete(&call).await
}

/// The rules as they are stored: header names in lower case and `ResponseVary` present, as Python v2 reads them back.
fn checked(mut document: CorsConfiguration) -> Result<CorsConfiguration> {
    if document.rules.is_empty() {
        return Err(Code::MalformedXML.into());
    }
    if document.rules.len() > RULES_MAX {
        return Err(Code::CORSRuleBeyondLimit.into());
    }
    for rule in &mut document.rules {
        check_rule(rule)?;
        for header in &mut rule.allowed_header {
            header.make_ascii_lowercase();
        }
    }
    document.response_vary.get_or_insert(false);
    Ok(document)
}

fn check_rule(rule: &CorsRule) -> Result<()> {
    let bad = |name, value: &str, message| Err(Error::invalid_argument(name, value, message));
    if rule.allowed_origin.is_empty() || rule.allowed_method.is_empty() {
        return Err(Code::MalformedXML.into());
    }
    let many = |text: &&String| text.matches('*').count() > 1;
    if let Some(origin) = rule.allowed_origin.iter().find(many) {
        return bad("AllowedOrigin", origin, "At most one wildcard is allowed.");
    }
    if let Some(header) = rule.allowed_header.iter().find(many) {
        return bad("AllowedHeader", header, "At most one wildcard is allowed.");
    }
    let unknown = |method: &&String| !METHODS.contains(&method.as_str());
    if let Some(method) = rule.allowed_method.iter().find(unknown) {
        return bad("AllowedMethod", method, "The method is not supported.");
    }
    let wild = |header: &&String| header.contains('*');
    if let Some(header) = rule.expose_header.iter().find(wild) {
        return bad("ExposeHeader", header, "No wildcard is allowed.");
    }
    match rule.max_age_seconds {
        Some(age) if !(0..=MAX_AGE_SECONDS_MAX).contains(&age) => bad(
            "MaxAgeSeconds",
            &age.to_string(),
            "The MaxAgeSeconds is out of range.",
        ),
        _ => Ok(()),
    }
}

/// Whether `pattern`, with at most one `*`, covers `text`.
fn covers(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, tail)) => {
            text.len() >= head.len() + tail.len() && text.starts_with(head) && text.ends_with(tail)
        }
    }
}

/// The first rule for origin, method and the header names of a preflight (lower case).
fn matching<'c>(
    document: &'c CorsConfiguration,
    origin: &str,
    method: &str,
    headers: &[String],
) -> Option<&'c CorsRule> {
    let any = |patterns: &[String], text: &str| patterns.iter().any(|p| covers(p, text));
    document.rules.iter().find(|rule| {
        any(&rule.allowed_origin, origin)
            && rule.allowed_method.iter().any(|m| m == method)
            && headers
                .iter()
                .all(|header| any(&rule.allowed_header, header))
    })
}

/// The headers that tell a browser what `rule` allows.
fn headers_of(
    rule: &CorsRule,
    vary: bool,
    origin: &str,
    requested: Option<&str>,
) -> Vec<(HeaderName, String)> {
    let any = rule.allowed_origin.iter().any(|origin| origin == "*");
    let mut headers = vec![
        (
            ACCESS_CONTROL_ALLOW_ORIGIN,
            if any { "*" } else { origin }.to_owned(),
        ),
        (ACCESS_CONTROL_ALLOW_METHODS, rule.allowed_method.join(", ")),
    ];
    if let Some(requested) = requested.filter(|text| !text.is_empty()) {
        headers.push((ACCESS_CONTROL_ALLOW_HEADERS, requested.to_owned()));
    }
    if !rule.expose_header.is_empty() {
        headers.push((ACCESS_CONTROL_EXPOSE_HEADERS, rule.expose_header.join(", ")));
    }
    if let Some(age) = rule.max_age_seconds {
        headers.push((ACCESS_CONTROL_MAX_AGE, age.to_string()));
    }
    if vary {
        headers.push((VARY, "Origin".to_owned()));
    }
    headers
}

/// OptionObject: whether a cross-origin request would be let through. Not signed, and not tied to the object.
pub async fn preflight(call: Call) -> Result<Reply> {
    let needed = |text| Error::new(Code::BadRequest).message(text);
    let origin = call.header(ORIGIN.as_str())?;
    let origin =
        origin.ok_or_else(|| needed("Insufficient information. Origin request header needed."))?;
    let method = call.header(ACCESS_CONTROL_REQUEST_METHOD.as_str())?;
    let method = method.ok_or_else(|| {
        needed("Insufficient information. Access-Control-Request-Method request header needed.")
    })?;
    let requested = call.header(ACCESS_CONTROL_REQUEST_HEADERS.as_str())?;

    let document = stored::<CorsConfiguration>(call.store(), call.bucket()?, &CORS)?;
    let document = document.ok_or_else(|| {
        Error::new(Code::AccessForbidden)
            .message("CORSResponse: CORS is not enabled for this bucket.")
    })?;
    let rule = matching(&document, origin, method, &header_names(requested))
        .ok_or(Code::AccessForbidden)?;

    let vary = document.response_vary == Some(true);
    let mut reply = reply::empty();
    for (name, value) in headers_of(rule, vary, origin, requested) {
        reply.set(name, value);
    }
    Ok(reply)
}

fn header_names(requested: Option<&str>) -> Vec<String> {
    let names = requested.unwrap_or_default().split(',').map(str::trim);
    let names = names.filter(|name| !name.is_empty());
    names.map(str::to_ascii_lowercase).collect()
}

/// Adds to the answer of an ordinary request with an `Origin` what a matching rule allows; nothing where none does.
pub fn decorate(
    answer: Result<Reply>,
    store: &Store,
    bucket: &Bucket,
    method: &Method,
    origin: &HeaderValue,
) -> Result<Reply> {
    let Ok(origin) = origin.to_str() else {
        return answer;
    };
    let Some(document) = stored::<CorsConfiguration>(store, bucket, &CORS)? else {
        return answer;
    };
    let Some(rule) = matching(&document, origin, method.as_str(), &[]) else {
        return answer;
    };
    let vary = document.response_vary == Some(true);
    let headers = headers_of(rule, vary, origin, None);
    match answer {
        Ok(mut reply) => {
            for (name, value) in headers {
                reply.set(name, value);
            }
            Ok(reply)
        }
        Err(mut error) => {
            for (name, value) in headers {
                if let Ok(value) = value.parse() {
                    error = error.header(name, value);
                }
            }
            Err(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(origins: &[&str], methods: &[&str], headers: &[&str]) -> CorsRule {
        let texts = |list: &[&str]| list.iter().map(ToString::to_string).collect();
        CorsRule {
            allowed_origin: texts(origins),
            allowed_method: texts(methods),
            allowed_header: texts(headers),
            ..CorsRule::default()
        }
    }

    fn document(rules: Vec<CorsRule>) -> CorsConfiguration {
        CorsConfiguration {
            rules,
            response_vary: None,
        }
    }

    #[test]
    fn the_first_matching_rule_decides() {
        let rules = document(vec![
            rule(&["*"], &["GET", "HEAD"], &["get"]),
            rule(&["http://www.example.com"], &["PUT", "POST"], &["*"]),
            rule(&["http://*.example.org"], &["GET"], &["x-oss-*"]),
        ]);
        let at = |origin: &str, method: &str, headers: &[&str]| {
            let headers: Vec<_> = headers.iter().map(ToString::to_string).collect();
            let found = matching(&rules, origin, method, &headers)?;
            rules
                .rules
                .iter()
                .position(|rule| std::ptr::eq(rule, found))
        };
        assert_eq!(
            at("http://www.example.com", "PUT", &["x-oss-test2"]),
            Some(1)
        );
        assert_eq!(at("http://other", "GET", &[]), Some(0));
        assert_eq!(at("http://other", "PUT", &[]), None);
        assert_eq!(at("http://a.example.org", "GET", &["x-oss-acl"]), Some(2));
        assert_eq!(
            at("http://a.example.org", "GET", &["x-oss-acl", "range"]),
            None
        );
        assert_eq!(at("http://example.org", "GET", &["x-oss-acl"]), None);
    }

    #[test]
    fn headers_name_what_is_allowed() {
        let mut rule = rule(&["http://www.example.com"], &["PUT", "POST"], &["*"]);
        rule.expose_header = vec!["x-oss-a".into(), "x-oss-b".into()];
        rule.max_age_seconds = Some(100);
        let headers = headers_of(&rule, true, "http://www.example.com", Some("x-oss-test2"));
        let expected = [
            (ACCESS_CONTROL_ALLOW_ORIGIN, "http://www.example.com"),
            (ACCESS_CONTROL_ALLOW_METHODS, "PUT, POST"),
            (ACCESS_CONTROL_ALLOW_HEADERS, "x-oss-test2"),
            (ACCESS_CONTROL_EXPOSE_HEADERS, "x-oss-a, x-oss-b"),
            (ACCESS_CONTROL_MAX_AGE, "100"),
            (VARY, "Origin"),
        ];
        assert_eq!(
            headers,
            expected.map(|(name, value)| (name, value.to_owned()))
        );
    }

    #[test]
    fn bad_rules_are_refused() {
        let good = rule(&["*"], &["GET"], &[]);
        let cases = [
            (document(vec![]), Code::MalformedXML),
            (document(vec![good.clone(); 11]), Code::CORSRuleBeyondLimit),
            (document(vec![rule(&[], &["GET"], &[])]), Code::MalformedXML),
            (document(vec![rule(&["*"], &[], &[])]), Code::MalformedXML),
            (
                document(vec![rule(&["*"], &["PATCH"], &[])]),
                Code::InvalidArgument,
            ),
            (
                document(vec![rule(&["*.*"], &["GET"], &[])]),
                Code::InvalidArgument,
            ),
            (
                document(vec![rule(&["*"], &["GET"], &["**"])]),
                Code::InvalidArgument,
            ),
        ];
        for (document, code) in cases {
            assert_eq!(
                checked(document.clone()).unwrap_err().code(),
                code,
                "{document:?}"
            );
        }
        let mut negative = good.clone();
        negative.max_age_seconds = Some(-1);
        let error = checked(document(vec![negative])).unwrap_err();
        assert_eq!(
            error.fields()[0],
            ("ArgumentName", "MaxAgeSeconds".to_owned())
        );
        let kept = checked(document(vec![rule(&["*"], &["GET"], &["X-A"])])).unwrap();
        assert_eq!(kept.rules[0].allowed_header, ["x-a"]);
        assert_eq!(kept.response_vary, Some(false));
    }
}
