//! A request's body: streamed, bounded, with the checks that the headers ask for.

use crate::error::{Code, Error, Result};
use crate::http::idle::is_idle_timeout;
use axum::body::Body;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName};
use http_body_util::BodyExt as _;
use md5::{Digest, Md5};
use parking_lot::Mutex;
use std::io;

const CONTENT_MD5: HeaderName = HeaderName::from_static("content-md5");

/// The body of a request that is being read. What stays unread is dealt with by the connection, which owns the
/// bytes between this request and the next.
#[derive(Debug)]
pub struct RequestBody {
    // Never locked: the body of a request has one reader. The mutex makes it Sync, so that a handler may hold its
    // call by reference while it waits for the store.
    body: Mutex<Option<Body>>,
    length: Option<u64>,
    chunked: bool,
}

impl RequestBody {
    /// Takes the body and what the headers say about its framing.
    pub fn new(body: Body, headers: &HeaderMap) -> Result<Self> {
        let length = match headers.get(CONTENT_LENGTH) {
            None => None,
            Some(value) => {
                let text = value.to_str().unwrap_or_default();
                let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
                let length = if digits { text.parse().ok() } else { None };
                Some(length.ok_or_else(|| {
                    Error::invalid_argument("Content-Length", text, "Content-Length is invalid.")
                        .ec("0017-00000103")
                })?)
            }
        };
        let chunked = headers.contains_key(TRANSFER_ENCODING);
        Ok(Self {
            body: Mutex::new(Some(body)),
            length,
            chunked,
        })
    }

    /// The announced length; none for a chunked body, and none where the request has no body headers.
    pub fn length(&self) -> Option<u64> {
        self.length
    }

    /// R9: an upload needs a length or chunks.
    pub fn require_framing(&self) -> Result<()> {
        if self.length.is_some() || self.chunked {
            Ok(())
        } else {
            Err(Error::new(Code::MissingContentLength))
        }
    }

    /// The next bytes, or none at the end. A body that ends early is `IncompleteBody`, one that stalls
    /// `RequestTimeout` (R59).
    pub async fn next(&mut self) -> Result<Option<Bytes>> {
        while let Some(body) = self.body.get_mut() {
            match body.frame().await {
                None => *self.body.get_mut() = None,
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
                Some(Err(error)) => {
                    *self.body.get_mut() = None;
                    return Err(broken(error));
                }
            }
        }
        Ok(None)
    }

    /// The whole body, at most `max` bytes; more is refused before it is read where the length is known.
    pub async fn collect(&mut self, max: usize) -> Result<Bytes> {
        let too_long = || Error::new(Code::EntityTooLarge);
        if self.length.is_some_and(|length| length > max as u64) {
            return Err(too_long());
        }
        let mut whole = BytesMut::new();
        while let Some(bytes) = self.next().await? {
            if whole.len() + bytes.len() > max {
                return Err(too_long());
            }
            whole.extend_from_slice(&bytes);
        }
        Ok(whole.freeze())
    }
}

fn broken(error: axum::Error) -> Error {
    if is_idle_timeout(&error) {
        return Error::new(Code::RequestTimeout).close();
    }
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(current) = cause {
        let cut = current
            .downcast_ref::<hyper::Error>()
            .is_some_and(hyper::Error::is_incomplete_message)
            || current
                .downcast_ref::<io::Error>()
                .is_some_and(|e| e.kind() == io::ErrorKind::UnexpectedEof);
        if cut {
            return Error::new(Code::IncompleteBody).close();
        }
        cause = current.source();
    }
    Error::new(Code::BadRequest)
        .message("The request body is not well-formed.")
        .source(error)
        .close()
}

/// The digest that `Content-MD5` asks for; malformed base64 or not 16 bytes is `InvalidDigest` (R58).
pub fn content_md5(headers: &HeaderMap) -> Result<Option<[u8; 16]>> {
    let Some(value) = headers.get(CONTENT_MD5) else {
        return Ok(None);
    };
    let malformed = || Error::new(Code::InvalidDigest).ec("0017-00000502");
    let bytes = BASE64_STANDARD
        .decode(value.as_bytes())
        .map_err(|_| malformed())?;
    bytes.try_into().map(Some).map_err(|_| malformed())
}

/// Compares a collected body with `Content-MD5`.
pub fn verify_md5(headers: &HeaderMap, body: &[u8]) -> Result<()> {
    match content_md5(headers)? {
        Some(expected) if Md5::digest(body).as_slice() != expected => {
            Err(Error::new(Code::InvalidDigest))
        }
        _ => Ok(()),
    }
}
