//! The whole life of a request: edge checks, address, operation, admission, handler, answer, log line.
//!
//! The only module that sees all others. Errors become answers here and nowhere else.

use crate::app::App;
use crate::auth::{self, Access, Identity};
use crate::error::{Code, Error, Result};
use crate::http::address::Address;
use crate::http::body::RequestBody;
use crate::http::connection::{ConnectionInfo, FramedTwice};
use crate::http::query::Query;
use crate::http::reply::{self, Exchange, REQUEST_CHARGED, Reply};
use crate::operation::permission::{self, Wish};
use crate::operation::{self, BodyRule, Call, Operation, Place, Request};
use crate::ops::{self, OPERATIONS};
use crate::store::{Bucket, VersionId};
use axum::body::Body;
use futures_util::FutureExt as _;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, HOST, ORIGIN, TRANSFER_ENCODING};
use http::request::Parts;
use http::{HeaderValue, Method, Response};
use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;
use tower::Service;

/// Where the server's own answers live: no bucket name can hold an underscore.
const CONTROL_PREFIX: &str = "/_ossicle/";

/// The service behind the sockets.
pub fn service(
    app: Arc<App>,
) -> impl Service<HttpRequest, Response = Response<Body>, Error = Infallible, Future: Send>
+ Clone
+ Send
+ Sync
+ Unpin
+ 'static {
    tower::service_fn(move |request| handle(Arc::clone(&app), request).map(Ok))
}

type HttpRequest = http::Request<Body>;

/// What the log line tells of a request.
#[derive(Debug, Default)]
struct Trail {
    operation: Option<&'static str>,
    bucket: Option<String>,
    key: Option<String>,
}

async fn handle(app: Arc<App>, request: HttpRequest) -> Response<Body> {
    let started = Instant::now();
    let id = app.ids().request_id();
    let (parts, body) = request.into_parts();
    let method = parts.method.clone();
    let framed_twice = framed_twice(&parts);
    let host = parts
        .headers
        .get(HOST)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_owned();

    let mut trail = Trail::default();
    let answer = async {
        if parts.uri.path().starts_with(CONTROL_PREFIX) {
            trail.operation = Some("control");
            return control(&app, &parts);
        }
        answer(&app, parts, body, &id, &mut trail).await
    };
    let result = AssertUnwindSafe(answer)
        .catch_unwind()
        .await
        .unwrap_or_else(|_| {
            // The panic's own message is already on stderr; this ties it to the request.
            Err(Error::internal("the handler panicked"))
        });

    let code = log_failure(&result, &id);
    let exchange = Exchange {
        method: &method,
        request_id: &id,
        host: crate::http::address::without_port(&host),
        now: app.now(),
        millis: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        close: framed_twice,
    };
    let response = reply::respond(result, &exchange);
    tracing::info!(
        target: "ossicle::request",
        op = trail.operation.unwrap_or("-"),
        bucket = trail.bucket.as_deref().unwrap_or("-"),
        key = trail.key.as_deref().unwrap_or("-"),
        status = response.status().as_u16(),
        code,
        ms = format_args!("{:.3}", started.elapsed().as_secs_f64() * 1000.0),
        id,
    );
    response
}

/// Logs the cause of an error once, where it is handled. Returns the code for the request's line.
fn log_failure(result: &Result<Reply>, id: &str) -> &'static str {
    let Err(error) = result else { return "-" };
    match error.cause() {
        Some(cause) if error.status().is_server_error() => {
            tracing::error!(id, code = error.code().as_str(), cause = %cause, "request failed");
        }
        Some(cause) => {
            tracing::debug!(id, code = error.code().as_str(), cause = %cause, "request refused");
        }
        None => {}
    }
    error.code().as_str()
}

async fn answer(
    app: &Arc<App>,
    mut parts: Parts,
    body: Body,
    id: &str,
    trail: &mut Trail,
) -> Result<Reply> {
    let host = check_edge(app, &parts)?;
    let address = Address::parse(host, parts.uri.path(), app.domains())?;
    let query = Query::parse(parts.uri.query().unwrap_or_default())?;
    trail.bucket.clone_from(&address.bucket);
    trail.key.clone_from(&address.key);

    let resolved = operation::resolve(
        OPERATIONS,
        &parts.method,
        address.scope(),
        &query,
        &parts.headers,
    );
    trail.operation = resolved.as_ref().ok().map(|operation| operation.name);
    settle_framing(&mut parts, resolved.as_ref().ok().copied())?;
    let connection = parts.extensions.get::<ConnectionInfo>().copied();
    let request = Request {
        method: parts.method,
        query,
        id: id.to_owned(),
        received: app.now(),
        peer: connection.map_or(([127, 0, 0, 1], 0).into(), |c| c.peer),
        secure: connection.is_some_and(|c| c.secure),
        raw_query: parts.uri.query().unwrap_or_default().to_owned(),
        address,
        headers: parts.headers,
    };
    let body = RequestBody::new(body, &request.headers)?;
    let described = (request.address.bucket.clone(), request.address.key.clone());
    let outcome = admit_and_run(app, resolved, request, body).await;
    outcome.map_err(|error| describe(error, described))
}

/// Bucket, authentication, names, permission; then the handler.
async fn admit_and_run(
    app: &Arc<App>,
    resolved: Result<&'static Operation>,
    request: Request,
    body: RequestBody,
) -> Result<Reply> {
    // A missing bucket is told before a bad signature, unless the operation makes the bucket: Python v2 asserts both
    // orders. Bad names wait until the caller is known.
    let names = request.address.names();
    let bucket = match &names {
        Ok((Some(name), _)) => app.store().bucket(name)?,
        _ => None,
    };
    let creates = matches!(&resolved, Ok(row) if row.creates_bucket());
    if matches!(&names, Ok((Some(_), _))) && bucket.is_none() && !creates {
        return Err(Error::new(Code::NoSuchBucket));
    }
    let unsigned =
        matches!(&resolved, Ok(row) if matches!(row.access, Access::Public | Access::Form));
    let incoming = request.incoming();
    let identity = if unsigned {
        Identity::anonymous()
    } else {
        auth::authenticate(app.credentials(), app.auth_settings(), &incoming)?
    };
    let operation = resolved?;
    let (bucket_name, key) = names?;
    let place = Place {
        bucket_name,
        bucket,
        key,
    };
    let version = request.query.get("versionId").and_then(VersionId::parse);
    let wish = Wish {
        access: match place.bucket {
            None if operation.creates_bucket() => Access::CreateBucket,
            _ => operation.access,
        },
        action: operation.action,
        bucket_name: place.bucket_name.as_ref(),
        bucket: place.bucket.as_deref(),
        key: place.key.as_ref(),
        version: version.as_ref(),
    };
    let admitted = permission::authorize(app, app.store(), identity, &wish, &incoming)?;

    let crossing = crossing(&request, &place);
    let charged = place
        .bucket
        .as_ref()
        .is_some_and(|bucket| charges(bucket, admitted.identity()));
    let store = app.store().clone();

    // A fault rule acts here, before the handler has seen anything.
    let call = Call::new(
        Arc::clone(app),
        store.clone(),
        operation,
        admitted,
        request,
        place,
        body,
    );
    let result = (operation.handler)(call).await;
    let result = match result {
        Ok(reply) if charged => Ok(reply.header(REQUEST_CHARGED, "requester")),
        other => other,
    };
    // And here, when everything has happened and nothing has been said.
    match crossing {
        Some((bucket, method, origin)) => {
            ops::cors::decorate(result, &store, &bucket, &method, &origin)
        }
        None => result,
    }
}

/// Whether the caller pays for the request in place of the bucket's owner.
fn charges(bucket: &Bucket, caller: &Identity) -> bool {
    bucket.settings.requester_pays && !caller.is_anonymous() && !caller.is_account(&bucket.owner)
}

/// What the cross-origin rules need to know of a request that names its origin. A preflight answers for itself.
fn crossing(request: &Request, place: &Place) -> Option<(Arc<Bucket>, Method, HeaderValue)> {
    let origin = request.headers.get(ORIGIN)?.clone();
    let bucket = place.bucket.clone()?;
    (request.method != Method::OPTIONS).then(|| (bucket, request.method.clone(), origin))
}

/// The checks that the HTTP library does not make: one `Host`, one kind of framing, bounded header (style §3.9).
fn check_edge<'p>(app: &App, parts: &'p Parts) -> Result<&'p str> {
    let limits = &app.config().limits;
    let bytes: usize = parts
        .headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum();
    let line = parts.uri.path_and_query().map_or(0, |pq| pq.as_str().len());
    if bytes + line > limits.header_bytes as usize
        || parts.headers.len() > limits.header_count as usize
    {
        return Err(Error::new(Code::BadRequest)
            .message("The request header is too large.")
            .close());
    }
    let mut hosts = parts.headers.get_all(HOST).iter();
    match (
        hosts.next().and_then(|host| host.to_str().ok()),
        hosts.next(),
    ) {
        (Some(host), None) if !host.is_empty() => Ok(host),
        _ => Err(Error::new(Code::BadRequest)
            .message("The request needs exactly one Host header.")
            .close()),
    }
}

/// Whether the head framed its body twice.
fn framed_twice(parts: &Parts) -> bool {
    let both =
        parts.headers.contains_key(CONTENT_LENGTH) && parts.headers.contains_key(TRANSFER_ENCODING);
    both || parts.extensions.get::<FramedTwice>().is_some()
}

/// Refuses a body that is framed twice, unless it is that of a signed upload and both framings can say the same.
///
/// ali-oss sends both when a caller names the length of a stream, and its suite asserts that this works (`should add
/// object with readstream`). Such a request is read by its chunks, must have the claimed length, and is the last of its
/// connection (RFC 9112 §6.1), so nothing can hide behind it.
fn settle_framing(parts: &mut Parts, operation: Option<&Operation>) -> Result<()> {
    if !framed_twice(parts) {
        return Ok(());
    }
    let claimed = parts
        .extensions
        .get::<FramedTwice>()
        .and_then(|twice| twice.length);
    let signed = parts.headers.contains_key(AUTHORIZATION);
    let upload = operation.is_some_and(|operation| operation.body == BodyRule::Stream);
    match claimed {
        Some(length) if signed && upload => {
            parts
                .headers
                .insert(CONTENT_LENGTH, HeaderValue::from(length));
            Ok(())
        }
        _ => {
            let message = "Content-Length and Transfer-Encoding must not be used together.";
            Err(Error::new(Code::BadRequest).message(message).close())
        }
    }
}

/// Adds the elements that tell what an error is about (errors.md §1).
fn describe(error: Error, (bucket, key): (Option<String>, Option<String>)) -> Error {
    let about_bucket = matches!(
        error.code(),
        Code::NoSuchBucket
            | Code::BucketAlreadyExists
            | Code::BucketNotEmpty
            | Code::InvalidBucketName
            | Code::BucketCallbackPolicyNotExist
            | Code::NoSuchArchiveDirectReadConfiguration
            | Code::NoSuchBucketPolicy
            | Code::NoSuchBucketQosInfo
            | Code::NoSuchCORSConfiguration
            | Code::NoSuchHttpsConfig
            | Code::NoSuchInventory
            | Code::NoSuchLifecycle
            | Code::NoSuchObjectWormConfiguration
            | Code::NoSuchOverwriteConfig
            | Code::NoSuchReplicationConfiguration
            | Code::NoSuchResponseHeaderConfig
            | Code::NoSuchServerSideEncryptionRule
            | Code::NoSuchTransferAccelerationConfiguration
            | Code::NoSuchUserDefinedLogFieldsConfig
            | Code::NoSuchWebsiteConfiguration
            | Code::NoSuchWORMConfiguration
    );
    let about_key = matches!(
        error.code(),
        Code::NoSuchKey | Code::FileAlreadyExists | Code::NoSuchVersion
    );
    match (bucket, key) {
        (Some(bucket), _) if about_bucket && !error.has_field("BucketName") => {
            error.field("BucketName", bucket)
        }
        (_, Some(key)) if about_key && !error.has_field("Key") => error.field("Key", key),
        _ => error,
    }
}

/// The server's own answers: readiness and figures.
fn control(app: &App, parts: &Parts) -> Result<Reply> {
    let name = parts
        .uri
        .path()
        .strip_prefix(CONTROL_PREFIX)
        .unwrap_or_default();
    if name != "health" {
        return Err(Error::new(Code::NoSuchKey));
    }
    if parts.method != Method::GET && parts.method != Method::HEAD {
        return Err(Error::new(Code::MethodNotAllowed).field("Method", parts.method.as_str()));
    }
    health(app)
}

fn health(app: &App) -> Result<Reply> {
    let figures = app.store().figures();
    let ready = !figures.poisoned;
    let document = serde_json::json!({
        "status": if ready { "ready" } else { "failed" },
        "version": env!("CARGO_PKG_VERSION"),
        "store": figures,
    });
    let status = if ready {
        http::StatusCode::OK
    } else {
        http::StatusCode::SERVICE_UNAVAILABLE
    };
    Ok(reply::bytes(
        "application/json",
        serde_json::to_vec(&document).map_err(Error::internal)?,
    )
    .with_status(status))
}
