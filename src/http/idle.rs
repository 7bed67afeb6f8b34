//! Request bodies that fail when the client falls silent, and that can be taken back when a handler leaves them.
//!
//! The failure reaches the reader of the body as an error for which [`is_idle_timeout`] holds; the edge answers it
//! with `RequestTimeout`. Slow readers of responses are the business of `server`.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http_body::{Body, Frame, SizeHint};
use parking_lot::Mutex;
use tokio::time::{Instant, Sleep};

/// No byte of the body came for too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no byte of the request body came in time")]
pub struct IdleTimeout;

/// Whether `error`, or what caused it, is an [`IdleTimeout`].
pub fn is_idle_timeout(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<IdleTimeout>() {
            return true;
        }
        // An io::Error hides the error that it was made from behind its own accessor.
        let inner = error
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref);
        cause = match inner {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    false
}

/// What became of a request body.
#[derive(Debug)]
pub enum Fate<B> {
    /// Not read to its end, and out of reach: somebody holds it, or it fell silent.
    Held,
    /// It was read to its end, or failed: nothing is left.
    Finished,
    /// It was dropped before its end.
    Left(B),
}

/// A view of a body's fate from outside.
pub struct Watch<B>(Arc<Mutex<Fate<B>>>);

impl<B> Watch<B> {
    /// Takes the fate, so a body that was left can be read further.
    pub fn take(&self) -> Fate<B> {
        std::mem::replace(&mut *self.0.lock(), Fate::Held)
    }
}

impl<B> fmt::Debug for Watch<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watch")
    }
}

/// A body that yields [`IdleTimeout`] after `limit` without a frame.
pub struct TimeoutBody<B> {
    /// None once it ended, failed, or timed out.
    inner: Option<B>,
    limit: Duration,
    /// Made when the first wait begins: most bodies arrive with their header.
    timer: Option<Pin<Box<Sleep>>>,
    waiting: bool,
    fate: Arc<Mutex<Fate<B>>>,
}

impl<B: Body> TimeoutBody<B> {
    /// Wraps `inner`. The time only runs while somebody waits for the body.
    pub fn new(inner: B, limit: Duration) -> (Self, Watch<B>) {
        let fate = Arc::new(Mutex::new(Fate::Held));
        let watch = Watch(Arc::clone(&fate));
        (
            Self {
                inner: Some(inner),
                limit,
                timer: None,
                waiting: false,
                fate,
            },
            watch,
        )
    }

    fn finish(&mut self) {
        self.inner = None;
        *self.fate.lock() = Fate::Finished;
    }

    /// Ready when the wait that is under way has lasted too long.
    fn poll_limit(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(self.limit)));
        if !self.waiting {
            self.waiting = true;
            timer.as_mut().reset(Instant::now() + self.limit);
        }
        timer.as_mut().poll(cx)
    }
}

impl<B> Drop for TimeoutBody<B> {
    fn drop(&mut self) {
        if let Some(inner) = self.inner.take() {
            *self.fate.lock() = Fate::Left(inner);
        }
    }
}

impl<B> Body for TimeoutBody<B>
where
    B: Body + Unpin,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Data = B::Data;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let this = &mut *self;
        let Some(inner) = &mut this.inner else {
            return Poll::Ready(None);
        };
        match Pin::new(inner).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                this.waiting = false;
                // Readers that know the length stop here and never ask for the end.
                if this.inner.as_ref().is_some_and(Body::is_end_stream) {
                    this.finish();
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                this.finish();
                Poll::Ready(Some(Err(error.into())))
            }
            Poll::Ready(None) => {
                this.finish();
                Poll::Ready(None)
            }
            Poll::Pending => match this.poll_limit(cx) {
                Poll::Ready(()) => {
                    this.inner = None;
                    Poll::Ready(Some(Err(Box::new(IdleTimeout))))
                }
                Poll::Pending => Poll::Pending,
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use http_body_util::{BodyExt, Full, StreamBody};
    use std::convert::Infallible;

    type Frames = futures_util::stream::Pending<Result<Frame<Bytes>, Infallible>>;

    fn silent() -> StreamBody<Frames> {
        StreamBody::new(futures_util::stream::pending())
    }

    #[tokio::test]
    async fn a_silent_body_fails_after_its_limit() {
        let (body, watch) = TimeoutBody::new(silent(), Duration::from_millis(30));
        let started = Instant::now();
        let error = axum::body::Body::new(body)
            .collect()
            .await
            .expect_err("nothing ever comes");
        assert!(is_idle_timeout(&error), "{error:?}");
        assert!(started.elapsed() >= Duration::from_millis(30));
        assert!(matches!(watch.take(), Fate::Held));
    }

    #[tokio::test]
    async fn the_fate_of_a_body_is_known() {
        let limit = Duration::from_secs(1);
        let (body, watch) = TimeoutBody::new(Full::new(Bytes::from_static(b"all")), limit);
        assert!(matches!(watch.take(), Fate::Held));
        assert_eq!(body.collect().await.unwrap().to_bytes(), "all");
        assert!(matches!(watch.take(), Fate::Finished));

        let (body, watch) = TimeoutBody::new(Full::new(Bytes::from_static(b"rest")), limit);
        drop(body);
        let Fate::Left(rest) = watch.take() else {
            panic!("the body was dropped unread")
        };
        assert_eq!(rest.collect().await.unwrap().to_bytes(), "rest");
    }

    #[test]
    fn other_errors_are_no_timeouts() {
        assert!(!is_idle_timeout(&std::io::Error::other("broken")));
        assert!(is_idle_timeout(&std::io::Error::other(IdleTimeout)));
    }
}
