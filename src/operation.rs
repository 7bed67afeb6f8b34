//! Operations: the row type of the table, how a request finds its row, and what a handler receives.
//!
//! Routing, permission, body limit and the README matrix all come from the rows in `ops/mod.rs`.

pub mod permission;

use crate::app::App;
use crate::auth::{Access, Admitted, Identity, Incoming};
use crate::domain::name::{BucketName, ObjectKey};
use crate::domain::time::Timestamp;
use crate::error::{Code, Error, Result};
use crate::http::address::{Address, Scope};
use crate::http::body::{self, RequestBody};
use crate::http::query::Query;
use crate::http::reply::Reply;
use crate::http::throttle::TrafficLimit;
use crate::store::{Body, Bucket, Store, VersionId};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, Method};
use permission::Wish;
use serde::de::DeserializeOwned;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

/// What a handler looks like once its type is erased.
pub type Handler = fn(Call) -> BoxFuture<'static, Result<Reply>>;

/// What tells an operation from others of its method and scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selector {
    /// A query parameter of this name, whatever its value.
    Query(&'static str),
    /// A query parameter with this value.
    QueryValue(&'static str, &'static str),
    /// A header of this name.
    Header(&'static str),
    /// A `Content-Type` that starts so.
    ContentType(&'static str),
}

impl Selector {
    fn is_in(self, query: &Query, headers: &HeaderMap) -> bool {
        match self {
            Self::Query(name) => query.has(name),
            Self::QueryValue(name, value) => query.get(name) == Some(value),
            Self::Header(name) => headers.contains_key(name),
            Self::ContentType(prefix) => headers
                .get(http::header::CONTENT_TYPE)
                .and_then(|value| value.as_bytes().get(..prefix.len()))
                .is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes())),
        }
    }
}

/// What body an operation takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyRule {
    /// None; one that comes is dropped.
    None,
    /// A document of at most so many bytes.
    Document(usize),
    /// An object's bytes, bounded by the configured object size.
    Stream,
}

/// How far an operation is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Support {
    /// As documented.
    Full,
    /// With a gap, which the text names.
    Partial(&'static str),
    /// Answers `NotImplemented`.
    No,
}

/// A row of the table.
pub struct Operation {
    /// OSS's name.
    pub name: &'static str,
    /// The method.
    pub method: Method,
    /// Service, bucket or object.
    pub scope: Scope,
    /// All must be present.
    pub selectors: &'static [Selector],
    /// What the caller must be allowed to do.
    pub access: Access,
    /// The RAM action, such as `oss:PutObject`.
    pub action: &'static str,
    /// What body it takes.
    pub body: BodyRule,
    /// How far it is offered.
    pub support: Support,
    /// Section of the matrix.
    pub family: &'static str,
    /// The code.
    pub handler: Handler,
}

impl Operation {
    /// How narrowly the row selects: by how many things, and how many of them by their value.
    fn precision(&self) -> (usize, usize) {
        let by_value = |selector: &&Selector| matches!(selector, Selector::QueryValue(..));
        let values = self.selectors.iter().filter(by_value).count();
        (self.selectors.len(), values)
    }

    /// Whether the operation makes the bucket where it does not exist: PutBucket, and PutBucketAcl, as Node's suite
    /// asserts.
    pub fn creates_bucket(&self) -> bool {
        self.access == Access::CreateBucket || self.action == "oss:PutBucketAcl"
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name)
    }
}

/// The row for a request: among the rows whose selectors are all present, the one with the most,
/// and of those the one that names most values.
///
/// A sub-resource that the table knows at this scope, but not for this method, is `MethodNotAllowed`; unknown
/// parameters are ignored (operations.md §0.1).
pub fn resolve(
    table: &'static [Operation],
    method: &Method,
    scope: Scope,
    query: &Query,
    headers: &HeaderMap,
) -> Result<&'static Operation> {
    let mut best: Option<&'static Operation> = None;
    for row in table
        .iter()
        .filter(|row| row.scope == scope && row.method == *method)
    {
        let present = row
            .selectors
            .iter()
            .all(|selector| selector.is_in(query, headers));
        if present && best.is_none_or(|best| row.precision() > best.precision()) {
            best = Some(row);
        }
    }
    let foreign = || foreign_sub_resource(table, method, scope, query);
    match best {
        Some(row) if !row.selectors.is_empty() => Ok(row),
        Some(row) if *method == Method::OPTIONS || !foreign() => Ok(row),
        None if *method == Method::POST && !foreign() => Err(unknown_post(scope, query)),
        _ => Err(Error::new(Code::MethodNotAllowed)
            .field("Method", method.as_str())
            .field("ResourceType", scope.as_str())),
    }
}

/// Whether the query names a sub-resource that only other methods of this scope have.
fn foreign_sub_resource(table: &[Operation], method: &Method, scope: Scope, query: &Query) -> bool {
    let named = |row: &Operation| {
        row.selectors.iter().any(|selector| match *selector {
            Selector::Query(name) => query.has(name),
            Selector::QueryValue(name, value) => query.get(name) == Some(value),
            Selector::Header(_) | Selector::ContentType(_) => false,
        })
    };
    let deletes = *method == Method::DELETE;
    let reads = *method == Method::GET || *method == Method::HEAD;
    // R8: `append` beside a reading or deleting method is ignored, though it is still signed. And Python v1 deletes
    // links with the parameters that it read them with.
    let ignored = (query.has("append") && (reads || deletes)) || (query.has("symlink") && deletes);
    !ignored && table.iter().any(|row| row.scope == scope && named(row))
}

fn unknown_post(scope: Scope, query: &Query) -> Error {
    match scope {
        Scope::Object => {
            let named = query.pairs().first().map_or("", |(name, _)| name);
            Error::invalid_argument(
                "ResourceType",
                named,
                format!("operation not support post: {named}"),
            )
        }
        Scope::Service | Scope::Bucket => Error::new(Code::MissingArgument),
    }
}

/// A request after its parts are typed.
#[derive(Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Where it goes.
    pub address: Address,
    /// The query.
    pub query: Query,
    /// The query as sent.
    pub raw_query: String,
    /// The headers.
    pub headers: HeaderMap,
    /// 24 hex digits.
    pub id: String,
    /// When it came in.
    pub received: Timestamp,
    /// The other end.
    pub peer: SocketAddr,
    /// Whether it came over TLS.
    pub secure: bool,
}

impl Request {
    /// The request as authentication looks at it.
    pub fn incoming(&self) -> Incoming<'_> {
        Incoming {
            method: &self.method,
            headers: &self.headers,
            query: self.query.pairs(),
            raw_query: &self.raw_query,
            bucket: self.address.bucket.as_deref(),
            key: self.address.key.as_deref(),
            host: &self.address.host,
            secure: self.secure,
            source_ip: self.peer.ip(),
            now: self.received,
        }
    }
}

/// What a handler receives. It cannot be made without [`Admitted`], which only `auth` makes.
pub struct Call {
    app: Arc<App>,
    store: Store,
    operation: &'static Operation,
    admitted: Admitted,
    request: Request,
    bucket: Option<Arc<Bucket>>,
    bucket_name: Option<BucketName>,
    key: Option<ObjectKey>,
    body: RequestBody,
    delayed_millis: Option<u64>,
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Call({}, {})", self.operation.name, self.request.id)
    }
}

/// The names of a request and the bucket behind them.
#[derive(Debug, Default)]
pub struct Place {
    /// The bucket's name, checked.
    pub bucket_name: Option<BucketName>,
    /// The bucket, where it exists.
    pub bucket: Option<Arc<Bucket>>,
    /// The key, checked.
    pub key: Option<ObjectKey>,
}

/// What an upload's headers promise about its body.
#[derive(Debug, Clone, Copy)]
pub struct UploadChecks {
    md5: Option<[u8; 16]>,
    crc64: Option<u64>,
    limit: Option<TrafficLimit>,
}

impl Call {
    /// Puts together what a handler needs.
    pub fn new(
        app: Arc<App>,
        store: Store,
        operation: &'static Operation,
        admitted: Admitted,
        request: Request,
        place: Place,
        body: RequestBody,
    ) -> Self {
        let Place {
            bucket_name,
            bucket,
            key,
        } = place;
        Self {
            app,
            store,
            operation,
            admitted,
            request,
            bucket,
            bucket_name,
            key,
            body,
            delayed_millis: None,
        }
    }

    /// The shared state.
    pub fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// The store, in the caller's world.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The row.
    pub fn operation(&self) -> &'static Operation {
        self.operation
    }

    /// Who asks.
    pub fn identity(&self) -> &Identity {
        self.admitted.identity()
    }

    /// Whether the caller may also do this; the refusal is the client's answer.
    pub fn may(
        &self,
        access: Access,
        action: &str,
        bucket: &Bucket,
        key: &ObjectKey,
        version: Option<&VersionId>,
    ) -> Result<()> {
        let wish = Wish {
            access,
            action,
            bucket_name: Some(&bucket.name),
            bucket: Some(bucket),
            key: Some(key),
            version,
        };
        self.may_as(self.identity().clone(), &wish)
    }

    /// As [`Call::may`] for somebody whom only the handler could find out (PostObject).
    pub fn may_as(&self, identity: Identity, wish: &Wish<'_>) -> Result<()> {
        let incoming = self.request.incoming();
        permission::authorize(&self.app, &self.store, identity, wish, &incoming).map(drop)
    }

    /// The request's typed parts.
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// The query.
    pub fn query(&self) -> &Query {
        &self.request.query
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.request.headers
    }

    /// A header as text; `InvalidArgument` if it is not UTF-8.
    pub fn header(&self, name: &'static str) -> Result<Option<&str>> {
        match self.request.headers.get(name) {
            None => Ok(None),
            Some(value) => std::str::from_utf8(value.as_bytes())
                .map(|text| Some(text.trim()))
                .map_err(|_| {
                    Error::invalid_argument(
                        name,
                        "",
                        format!("The header {name} is not valid UTF-8."),
                    )
                }),
        }
    }

    /// When the request came in.
    pub fn now(&self) -> Timestamp {
        self.request.received
    }

    /// The bucket; dispatch has looked it up for every operation that needs one.
    pub fn bucket(&self) -> Result<&Arc<Bucket>> {
        self.bucket
            .as_ref()
            .ok_or_else(|| Error::new(Code::NoSuchBucket))
    }

    /// Another bucket, which the request names besides its own.
    pub fn other_bucket(&self, name: &BucketName) -> Result<Arc<Bucket>> {
        self.store()
            .bucket(name)?
            .ok_or_else(|| Error::new(Code::NoSuchBucket).field("BucketName", name.as_str()))
    }

    /// The bucket's name, of an operation at bucket or object level.
    pub fn bucket_name(&self) -> Result<&BucketName> {
        self.bucket_name
            .as_ref()
            .ok_or_else(|| Error::new(Code::InvalidBucketName))
    }

    /// The key, of an operation at object level.
    pub fn key(&self) -> Result<&ObjectKey> {
        self.key
            .as_ref()
            .ok_or_else(|| Error::new(Code::InvalidObjectName))
    }

    /// The body's announced length.
    pub fn body_length(&self) -> Option<u64> {
        self.body.length()
    }

    /// The body itself, for the few handlers that parse as they read (PostObject).
    pub fn body_mut(&mut self) -> &mut RequestBody {
        &mut self.body
    }

    /// The whole body within the row's limit, checked against `Content-MD5`.
    pub async fn document(&mut self) -> Result<Bytes> {
        let max = match self.operation.body {
            BodyRule::Document(max) => max,
            BodyRule::None | BodyRule::Stream => 0,
        };
        // A document beyond its limit is what the service calls malformed (errors.md §4.2, DeleteMultiple).
        let bytes = self
            .body
            .collect(max)
            .await
            .map_err(|error| match error.code() {
                Code::EntityTooLarge => Error::new(Code::MalformedXML),
                _ => error,
            })?;
        body::verify_md5(&self.request.headers, &bytes)?;
        Ok(bytes)
    }

    /// The body as an XML document.
    pub async fn xml<T: DeserializeOwned>(&mut self) -> Result<T> {
        let bytes = self.document().await?;
        crate::xml::from_xml(&bytes).map_err(|error| Error::new(Code::MalformedXML).source(error))
    }

    /// What can be said about an upload before its body: framing, announced length, digests and traffic limit
    /// are well-formed (R60 step 6).
    pub fn check_upload(&self) -> Result<UploadChecks> {
        self.body.require_framing()?;
        let max = self.app.config().limits.object_size_max;
        if self.body.length().is_some_and(|length| length > max) {
            return Err(Error::new(Code::EntityTooLarge));
        }
        Ok(UploadChecks {
            md5: body::content_md5(&self.request.headers)?,
            crc64: self.expected_crc64()?,
            limit: TrafficLimit::of(&self.request.headers, &self.request.query)?,
        })
    }

    /// Streams the body into the store and checks length, size limit, `Content-MD5` and CRC-64 (R58–R62), no faster
    /// than a traffic limit allows (R39). Nothing of it exists for anyone until a store call takes it.
    pub async fn receive(&mut self, md5: bool) -> Result<Body> {
        let UploadChecks {
            md5: expected_md5,
            crc64: expected_crc,
            limit,
        } = self.check_upload()?;
        let length = self.body.length();
        let max = self.app.config().limits.object_size_max;
        let mut throttle = limit.map(TrafficLimit::start);
        let mut writer = self.store.receive(length, md5 || expected_md5.is_some());
        while let Some(bytes) = self.body.next().await? {
            if writer.len() + bytes.len() as u64 > max {
                return Err(Error::new(Code::EntityTooLarge));
            }
            if let Some(throttle) = &mut throttle {
                throttle.pass(bytes.len()).await;
            }
            writer.write(bytes).await?;
        }
        self.delayed_millis = throttle.map(|throttle| throttle.delayed_millis());
        if length.is_some_and(|length| length != writer.len()) {
            return Err(Error::new(Code::IncompleteBody).close());
        }
        let body = writer.finish().await?;
        if expected_md5.is_some() && body.md5() != expected_md5 {
            return Err(Error::new(Code::InvalidDigest));
        }
        if expected_crc.is_some_and(|crc| crc != body.crc64()) {
            return Err(Error::new(Code::InvalidCRC64));
        }
        Ok(body)
    }

    /// By how much a traffic limit delayed the upload; none where there was no limit.
    pub fn delayed_millis(&self) -> Option<u64> {
        self.delayed_millis
    }

    fn expected_crc64(&self) -> Result<Option<u64>> {
        let Some(text) = self.header("x-oss-hash-crc64ecma")? else {
            return Ok(None);
        };
        // A value that is no number cannot match either.
        text.parse()
            .map(Some)
            .map_err(|_| Error::new(Code::InvalidCRC64))
    }
}
