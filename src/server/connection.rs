//! One connection: hyper over a guarded socket, one service call per request, and an end that loses no answer.

use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::header::{CONNECTION, EXPECT};
use http::{HeaderValue, Request, Response};
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::watch;
use tokio::time::timeout;
use tower::{Service, ServiceExt};

use super::stream::{Deadlines, Guarded, Phase, Serving};
use crate::config::Limits;
use crate::http::connection::ConnectionInfo;
use crate::http::idle::{Fate, TimeoutBody, Watch};

/// What a refused request may still have to send before the answer, in bytes, so that its connection lives on.
const REST_BYTES_MAX: u64 = 64 * 1024;
/// How long that may take.
const REST_TIME_MAX: Duration = Duration::from_secs(2);
/// How long a connection with an unread body stays open after its answer. Without it the kernel would reset the
/// connection, and a client that is still sending would never see why it was refused.
const LINGER_TIME_MAX: Duration = Duration::from_secs(10);
/// How long a lingering client may be silent.
const LINGER_IDLE_MAX: Duration = Duration::from_secs(1);
/// Largest read buffer of a connection, in bytes.
const READ_BUFFER_BYTES_MAX: usize = 64 * 1024;

/// What every connection shares.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    http: http1::Builder,
    deadlines: Deadlines,
    idle_body: Duration,
}

impl Settings {
    pub(super) fn new(limits: &Limits) -> Self {
        let header_bytes = usize::try_from(limits.header_bytes).unwrap_or(usize::MAX / 4);
        let header_count = usize::try_from(limits.header_count).unwrap_or(usize::MAX / 4);
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            // `Guarded` holds the header deadline.
            .header_read_timeout(None)
            // A client may close its half once it has sent its request, and still wants the answer.
            .half_close(true)
            // The limits themselves are held by dispatch, whose answer is an OSS error. Beyond these, hyper
            // answers 431 without a document.
            .max_headers(header_count + 28)
            .max_header_size(header_bytes * 2)
            .max_buf_size(READ_BUFFER_BYTES_MAX.max(header_bytes * 2 + 8192));
        Self {
            http,
            deadlines: Deadlines::from(limits),
            idle_body: Duration::from_secs(limits.idle_body_seconds),
        }
    }
}

/// Serves `stream` until either side has enough, or `stop` turns true and the request under way is answered.
pub(super) async fn run<T, S>(
    stream: T,
    info: ConnectionInfo,
    service: S,
    settings: &Settings,
    mut stop: watch::Receiver<bool>,
) where
    T: AsyncRead + AsyncWrite + Unpin + Send,
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
        + Clone
        + Send
        + Unpin
        + 'static,
    S::Future: Send,
{
    let phase = Arc::new(Phase::default());
    let unread = Arc::new(AtomicBool::new(false));
    let stream = Guarded::new(stream, Arc::clone(&phase), settings.deadlines);
    let idle_body = settings.idle_body;
    let answer = {
        let (phase, unread, stop) = (Arc::clone(&phase), Arc::clone(&unread), stop.clone());
        service_fn(move |mut request: Request<Incoming>| {
            if let Some(twice) = phase.framed_twice() {
                request.extensions_mut().insert(twice);
            }
            answer(
                request,
                info,
                service.clone(),
                idle_body,
                phase.serve(),
                Arc::clone(&unread),
                stop.clone(),
            )
        })
    };
    let mut connection = settings.http.serve_connection(TokioIo::new(stream), answer);
    let ended = {
        let mut stopping = pin!(stop.wait_for(|stop| *stop));
        let mut told = false;
        poll_fn(|cx| {
            if !told && stopping.as_mut().poll(cx).is_ready() {
                told = true;
                Pin::new(&mut connection).graceful_shutdown();
            }
            connection.poll_without_shutdown(cx)
        })
        .await
    };
    let mut stream = connection.into_parts().io.into_inner();
    let linger = match &ended {
        Ok(()) => unread.load(Ordering::Relaxed),
        Err(error) => {
            tracing::debug!(peer = %info.peer, error = %cause(error), "connection ended early");
            error.is_parse() || error.is_parse_too_large()
        }
    };
    // Errors from here on mean that the client is gone already.
    if linger {
        let _ = stream.flush().await;
        let _ = stream.shutdown().await;
        let _phase = phase.serve();
        let _ = timeout(LINGER_TIME_MAX, discard(&mut stream)).await;
    } else if ended.is_ok() {
        let _ = stream.shutdown().await;
    }
}

/// The innermost cause, since hyper's own text is general.
fn cause(error: &hyper::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

async fn discard<T: AsyncRead + Unpin>(stream: &mut T) -> io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(read) = timeout(LINGER_IDLE_MAX, stream.read(&mut buffer)).await {
        if read? == 0 {
            break;
        }
    }
    Ok(())
}

/// One request: hands it to `service` and sees to it that what is left of its body does no harm.
fn answer<S>(
    request: Request<Incoming>,
    info: ConnectionInfo,
    service: S,
    idle_body: Duration,
    serving: Serving,
    unread: Arc<AtomicBool>,
    stop: watch::Receiver<bool>,
) -> BoxFuture<'static, Result<Response<ReplyBody>, Infallible>>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Send + 'static,
    S::Future: Send,
{
    Box::pin(async move {
        // Reading on would invite the client to send what nobody wants.
        let may_read_rest = !request.headers().contains_key(EXPECT);
        let (mut parts, body) = request.into_parts();
        parts.extensions.insert(info);
        let (body, watch) = if body.is_end_stream() {
            (Body::empty(), None)
        } else {
            let (body, watch) = TimeoutBody::new(body, idle_body);
            (Body::new(body), Some(watch))
        };
        let mut response = service.oneshot(Request::from_parts(parts, body)).await?;
        let finished = match watch {
            Some(watch) => is_finished(&watch, may_read_rest).await,
            None => true,
        };
        unread.store(!finished, Ordering::Relaxed);
        // A client that is told does not send its next request into a connection that closes.
        if !finished || *stop.borrow() {
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(CONNECTION, close);
        }
        Ok(response.map(|inner| ReplyBody {
            inner,
            _serving: serving,
        }))
    })
}

/// Whether nothing of the body stands before the next request. Reads on if little is left.
async fn is_finished(watch: &Watch<Incoming>, may_read_rest: bool) -> bool {
    match watch.take() {
        Fate::Finished => true,
        Fate::Held => false,
        Fate::Left(mut body) => {
            if body.is_end_stream() {
                return true;
            }
            let little = body
                .size_hint()
                .upper()
                .is_some_and(|left| left <= REST_BYTES_MAX);
            if !little || !may_read_rest {
                return false;
            }
            let rest = async {
                while let Some(frame) = body.frame().await {
                    frame?;
                }
                Ok::<_, hyper::Error>(())
            };
            matches!(timeout(REST_TIME_MAX, rest).await, Ok(Ok(())))
        }
    }
}

/// The body of a response; its end is the end of the request.
pub(super) struct ReplyBody {
    inner: Body,
    _serving: Serving,
}

impl http_body::Body for ReplyBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.inner).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
