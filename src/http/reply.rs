//! Replies and the one place where an error becomes an answer.

use crate::domain::etag::ETag;
use crate::domain::time::Timestamp;
use crate::error::{Error, Result};
use crate::xml;
use axum::body::Body;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use bytes::Bytes;
use futures_util::Stream;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, ETAG};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use http_body::Body as _;
use quick_xml::escape::escape;
use serde::Serialize;
use std::fmt::{self, Write as _};

/// `x-oss-request-id`.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-oss-request-id");
/// `x-oss-server-time`: milliseconds that the request took.
pub const SERVER_TIME: HeaderName = HeaderName::from_static("x-oss-server-time");
/// `x-oss-ec`: the extended code of an error.
pub const EXTENDED_CODE: HeaderName = HeaderName::from_static("x-oss-ec");
/// `x-oss-err`: the error document in base64, where there is no body to hold it.
pub const ERROR_DOCUMENT: HeaderName = HeaderName::from_static("x-oss-err");
/// `x-oss-next-append-position`.
pub const NEXT_APPEND_POSITION: HeaderName = HeaderName::from_static("x-oss-next-append-position");
/// `x-oss-hash-crc64ecma`: decimal CRC-64 of the whole object.
pub const HASH_CRC64: HeaderName = HeaderName::from_static("x-oss-hash-crc64ecma");
/// `x-oss-version-id`.
pub const VERSION_ID: HeaderName = HeaderName::from_static("x-oss-version-id");
/// `x-oss-request-charged`: who pays, where it is not the bucket's owner.
pub const REQUEST_CHARGED: HeaderName = HeaderName::from_static("x-oss-request-charged");
/// `x-oss-delete-marker`.
pub const DELETE_MARKER: HeaderName = HeaderName::from_static("x-oss-delete-marker");

/// Room for the headers of most answers, so that they need not move while they come together.
const USUAL_HEADERS: usize = 20;

/// What follows the header.
pub enum ReplyBody {
    /// Bytes at hand; often none.
    Full(Bytes),
    /// Bytes to come. The length is the promise of `Content-Length`; without one the answer is chunked.
    Stream(Option<u64>, Body),
}

impl fmt::Debug for ReplyBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full(bytes) => write!(f, "Full({} bytes)", bytes.len()),
            Self::Stream(length, _) => write!(f, "Stream({length:?})"),
        }
    }
}

/// What a handler answers. The common headers are added later, in one place.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers of this answer.
    pub headers: HeaderMap,
    /// The body.
    pub body: ReplyBody,
}

/// 200 without a body.
pub fn empty() -> Reply {
    status(StatusCode::OK)
}

/// 204 without a body.
pub fn no_content() -> Reply {
    status(StatusCode::NO_CONTENT)
}

/// `status` without a body.
pub fn status(status: StatusCode) -> Reply {
    Reply {
        status,
        headers: HeaderMap::with_capacity(USUAL_HEADERS),
        body: ReplyBody::Full(Bytes::new()),
    }
}

/// 200 with a finished XML document.
pub fn document(xml: Vec<u8>) -> Reply {
    bytes("application/xml", xml)
}

/// 200 with a document of the protocol.
pub fn xml<T: Serialize>(document: &T) -> Result<Reply> {
    xml::to_xml(document)
        .map(self::document)
        .map_err(Error::internal)
}

/// 200 with bytes of a type.
pub fn bytes(content_type: &'static str, bytes: impl Into<Bytes>) -> Reply {
    let mut reply = empty();
    reply
        .headers
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    reply.body = ReplyBody::Full(bytes.into());
    reply
}

/// `status` with a streamed body; without a length it goes out chunked.
pub fn stream<S, E>(status: StatusCode, length: Option<u64>, stream: S) -> Reply
where
    S: Stream<Item = std::result::Result<Bytes, E>> + Send + 'static,
    E: Into<Box<dyn std::error::Error + Send + Sync>> + 'static,
{
    Reply {
        status,
        headers: HeaderMap::new(),
        body: ReplyBody::Stream(length, Body::from_stream(stream)),
    }
}

impl Reply {
    /// Sets a header to anything that shows as text. A value that no header can hold (a control character that
    /// came in before it was refused) is left out rather than sent.
    #[must_use]
    pub fn header(mut self, name: impl Into<HeaderName>, value: impl fmt::Display) -> Self {
        self.set(name, value);
        self
    }

    /// As [`Reply::header`], in place.
    pub fn set(&mut self, name: impl Into<HeaderName>, value: impl fmt::Display) {
        if let Ok(value) = HeaderValue::try_from(value.to_string()) {
            self.headers.insert(name.into(), value);
        }
    }

    /// Sets a header to a text of the program's own.
    #[must_use]
    pub fn fixed(mut self, name: HeaderName, value: &'static str) -> Self {
        self.headers.insert(name, HeaderValue::from_static(value));
        self
    }

    /// Sets a header where there is a value.
    #[must_use]
    pub fn maybe(self, name: impl Into<HeaderName>, value: Option<impl fmt::Display>) -> Self {
        match value {
            Some(value) => self.header(name, value),
            None => self,
        }
    }

    /// Sets `ETag`, quoted.
    #[must_use]
    pub fn etag(self, etag: &ETag) -> Self {
        self.header(ETAG, etag.quoted())
    }

    /// Replaces the status.
    #[must_use]
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// Replaces the body.
    #[must_use]
    pub fn with_body(mut self, bytes: Bytes) -> Self {
        self.body = ReplyBody::Full(bytes);
        self
    }

    /// The answer without its body, for HEAD: the length stays.
    fn into_parts(self, method: &Method) -> (StatusCode, HeaderMap, Body) {
        let Self {
            status,
            mut headers,
            body,
        } = self;
        let (length, body) = match body {
            ReplyBody::Full(bytes) => (Some(bytes.len() as u64), Body::from(bytes)),
            ReplyBody::Stream(length, body) => (length, body),
        };
        let bodyless = status == StatusCode::NO_CONTENT || status == StatusCode::NOT_MODIFIED;
        if let (Some(length), false) = (length, bodyless) {
            headers
                .entry(CONTENT_LENGTH)
                .or_insert_with(|| HeaderValue::from(length));
        }
        let body = if *method == Method::HEAD || bodyless {
            Body::empty()
        } else {
            body
        };
        if let Some(length) = body.size_hint().exact() {
            headers
                .entry(CONTENT_LENGTH)
                .or_insert_with(|| HeaderValue::from(length));
        }
        (status, headers, body)
    }
}

/// Who asked what, for the common headers and the error document.
#[derive(Debug)]
pub struct Exchange<'a> {
    /// The method: HEAD has no body.
    pub method: &'a Method,
    /// `x-oss-request-id`.
    pub request_id: &'a str,
    /// `HostId`: the host without its port.
    pub host: &'a str,
    /// The present moment, for `Date`.
    pub now: Timestamp,
    /// Milliseconds since the request came in.
    pub millis: u64,
    /// Whether the connection ends with this answer whatever it is.
    pub close: bool,
}

/// The reply with the common headers (errors.md §3), or the error as the document of errors.md §1.
pub fn respond(result: Result<Reply>, exchange: &Exchange<'_>) -> Response<Body> {
    let (reply, close) = match result {
        Ok(reply) => (reply, exchange.close),
        Err(error) => (
            error_reply(&error, exchange),
            error.closes() || exchange.close,
        ),
    };
    let (status, headers, body) = reply.into_parts(exchange.method);
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let all = response.headers_mut();
    *all = headers;
    all.insert(http::header::SERVER, HeaderValue::from_static("AliyunOSS"));
    all.insert(
        http::header::CONNECTION,
        HeaderValue::from_static(if close { "close" } else { "keep-alive" }),
    );
    let texts = [
        (http::header::DATE, exchange.now.rfc1123()),
        (REQUEST_ID, exchange.request_id.to_owned()),
    ];
    for (name, text) in texts {
        if let Ok(value) = HeaderValue::try_from(text) {
            all.insert(name, value);
        }
    }
    all.insert(SERVER_TIME, HeaderValue::from(exchange.millis));
    response
}

fn error_reply(error: &Error, exchange: &Exchange<'_>) -> Reply {
    let mut reply = status(error.status());
    for (name, value) in error.headers() {
        reply.headers.append(name, value.clone());
    }
    if error.status() == StatusCode::NOT_MODIFIED {
        return reply;
    }
    reply.set(EXTENDED_CODE, error.extended_code());
    let xml = error_document(error, exchange);
    if *exchange.method == Method::HEAD {
        reply.set(ERROR_DOCUMENT, BASE64_STANDARD.encode(&xml));
        // Announcing the document's length would make some HTTP/1.1 clients wait for it (errors.md §2).
        reply
            .headers
            .insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        return reply;
    }
    reply
        .headers
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    reply.body = ReplyBody::Full(xml.into());
    reply
}

fn error_document(error: &Error, exchange: &Exchange<'_>) -> String {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>\n");
    let ec = error.extended_code();
    let fixed = [
        ("Code", error.code().as_str()),
        ("Message", error.text()),
        ("RequestId", exchange.request_id),
        ("HostId", exchange.host),
    ];
    for (name, value) in fixed {
        element(&mut xml, name, value);
    }
    let mut open: Option<&str> = None;
    for (name, value) in error.fields() {
        // `Parent/Child` nests one level: AccessDeniedDetail is the only such document.
        let (parent, name) = match name.split_once('/') {
            Some((parent, child)) => (Some(parent), child),
            None => (None, *name),
        };
        if open != parent {
            close(&mut xml, open);
            if let Some(parent) = parent {
                let _ = writeln!(xml, "  <{parent}>");
            }
            open = parent;
        }
        element(&mut xml, name, value);
    }
    close(&mut xml, open);
    element(&mut xml, "EC", ec);
    element(
        &mut xml,
        "RecommendDoc",
        &format!("https://api.aliyun.com/troubleshoot?q={ec}"),
    );
    xml.push_str("</Error>\n");
    xml
}

fn close(xml: &mut String, parent: Option<&str>) {
    if let Some(parent) = parent {
        let _ = writeln!(xml, "  </{parent}>");
    }
}

fn element(xml: &mut String, name: &str, value: &str) {
    // Characters that XML 1.0 cannot hold would make the whole answer unreadable.
    let legal: String = value
        .chars()
        .map(|c| {
            if c < ' ' && !matches!(c, '\n' | '\t') {
                '\u{FFFD}'
            } else {
                c
            }
        })
        .collect();
    let _ = writeln!(xml, "  <{name}>{}</{name}>", escape(&legal));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    fn exchange(method: &Method) -> Exchange<'_> {
        Exchange {
            method,
            request_id: "0123456789ABCDEF01234567",
            host: "b.localhost",
            now: Timestamp(0),
            millis: 3,
            close: false,
        }
    }

    #[test]
    fn an_error_becomes_the_document() {
        let error = Error::new(Code::NoSuchKey).field("Key", "a<b");
        let expected = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>\n  <Code>NoSuchKey</Code>\n  \
            <Message>The specified key does not exist.</Message>\n  <RequestId>0123456789ABCDEF01234567</RequestId>\n  \
            <HostId>b.localhost</HostId>\n  <Key>a&lt;b</Key>\n  <EC>0026-00000001</EC>\n  \
            <RecommendDoc>https://api.aliyun.com/troubleshoot?q=0026-00000001</RecommendDoc>\n</Error>\n";
        assert_eq!(error_document(&error, &exchange(&Method::GET)), expected);
    }

    #[test]
    fn head_carries_the_document_in_a_header() {
        let response = respond(Err(Error::new(Code::NoSuchKey)), &exchange(&Method::HEAD));
        assert_eq!(response.status(), 404);
        let document = response.headers().get(ERROR_DOCUMENT).expect("x-oss-err");
        let xml = BASE64_STANDARD.decode(document.as_bytes()).expect("base64");
        assert!(
            String::from_utf8(xml)
                .expect("text")
                .contains("<Code>NoSuchKey</Code>")
        );
        assert_eq!(response.headers()[EXTENDED_CODE], "0026-00000001");
    }

    #[test]
    fn nested_fields_share_their_parent() {
        let error = Error::new(Code::AccessDenied)
            .field("AccessDeniedDetail/AuthAction", "oss:GetObject")
            .field("AccessDeniedDetail/PolicyType", "Ram")
            .field("User", "u");
        let xml = error_document(&error, &exchange(&Method::GET));
        assert_eq!(xml.matches("<AccessDeniedDetail>").count(), 1);
        assert!(xml.find("</AccessDeniedDetail>") < xml.find("<User>"));
    }
}
