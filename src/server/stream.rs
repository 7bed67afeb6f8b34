//! A socket with deadlines: for the header of a request, for the pause between requests, and for a stalled reader.
//!
//! hyper has one timer for header and pause together; clients keep idle connections far longer than a header may
//! take, hence this wrapper. Silence within a request body is the business of `http::idle`.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use super::head::HeadScan;
use crate::config::Limits;
use crate::http::connection::FramedTwice;

/// One framing of the body, or none.
const ONCE: u64 = 0;
/// Two framings, of which the length is no number.
const TWICE: u64 = u64::MAX;

/// Which request of a connection is waited for (even) or served (odd). Shared by socket and service.
#[derive(Debug, Default)]
pub(super) struct Phase {
    count: AtomicU64,
    /// Whether the head that came last frames its body twice: [`ONCE`], [`TWICE`], or the claimed length plus one.
    framing: AtomicU64,
}

impl Phase {
    /// A request has arrived; waiting begins again when the guard drops.
    pub(super) fn serve(self: &Arc<Self>) -> Serving {
        self.count.fetch_or(1, Ordering::Relaxed);
        Serving(Arc::clone(self))
    }

    fn now(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// The second framing of the request that is being served, if it came with two.
    pub(super) fn framed_twice(&self) -> Option<FramedTwice> {
        match self.framing.load(Ordering::Relaxed) {
            ONCE => None,
            TWICE => Some(FramedTwice { length: None }),
            more => Some(FramedTwice {
                length: Some(more - 1),
            }),
        }
    }
}

/// A request is being served.
#[derive(Debug)]
pub(super) struct Serving(Arc<Phase>);

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.count.fetch_add(1, Ordering::Relaxed);
    }
}

/// The deadlines of one connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadlines {
    header: Duration,
    pause: Duration,
    stall: Duration,
}

impl From<&Limits> for Deadlines {
    fn from(limits: &Limits) -> Self {
        Self {
            header: Duration::from_secs(limits.header_seconds),
            pause: Duration::from_secs(limits.keep_alive_seconds),
            stall: Duration::from_secs(limits.idle_body_seconds),
        }
    }
}

/// A stream whose reads and writes fail with `TimedOut` when a deadline has passed.
#[derive(Debug)]
pub(super) struct Guarded<T> {
    inner: T,
    phase: Arc<Phase>,
    deadlines: Deadlines,
    /// The wait that `read_timer` belongs to.
    waiting_for: Option<u64>,
    /// Whether a byte of the request has come.
    begun: bool,
    scan: HeadScan,
    read_timer: Pin<Box<Sleep>>,
    write_timer: Option<Pin<Box<Sleep>>>,
    stalled: bool,
}

impl<T> Guarded<T> {
    pub(super) fn new(inner: T, phase: Arc<Phase>, deadlines: Deadlines) -> Self {
        let read_timer = Box::pin(tokio::time::sleep(deadlines.header));
        Self {
            inner,
            phase,
            deadlines,
            waiting_for: None,
            begun: false,
            scan: HeadScan::default(),
            read_timer,
            write_timer: None,
            stalled: false,
        }
    }

    fn expect_by(&mut self, limit: Duration) {
        self.read_timer.as_mut().reset(Instant::now() + limit);
    }

    /// Starts the deadline of a wait that has just begun.
    fn begin_wait(&mut self, phase: u64) {
        if self.waiting_for == Some(phase) {
            return;
        }
        self.waiting_for = Some(phase);
        self.scan = HeadScan::default();
        self.phase.framing.store(ONCE, Ordering::Relaxed);
        // A new connection was opened to send a request at once; a used one may rest.
        self.begun = phase == 0;
        self.expect_by(if self.begun {
            self.deadlines.header
        } else {
            self.deadlines.pause
        });
    }

    /// Turns a write that has been pending for too long into an error.
    fn watch_write<R>(
        &mut self,
        cx: &mut Context<'_>,
        outcome: Poll<io::Result<R>>,
    ) -> Poll<io::Result<R>> {
        if outcome.is_ready() {
            self.stalled = false;
            return outcome;
        }
        let limit = self.deadlines.stall;
        let timer = self
            .write_timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        if !self.stalled {
            self.stalled = true;
            timer.as_mut().reset(Instant::now() + limit);
        }
        ready!(timer.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "the client stopped reading",
        )))
    }
}

fn too_slow() -> io::Error {
    io::Error::new(
        io::ErrorKind::TimedOut,
        "no complete request header in time",
    )
}

impl<T: AsyncRead + Unpin> AsyncRead for Guarded<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let phase = this.phase.now();
        if phase % 2 == 1 {
            return Pin::new(&mut this.inner).poll_read(cx, buf);
        }
        this.begin_wait(phase);
        let before = buf.filled().len();
        match Pin::new(&mut this.inner).poll_read(cx, buf) {
            Poll::Ready(Ok(())) => {
                let came = buf.filled().len() > before;
                let bytes = buf.filled().get(before..).unwrap_or_default();
                if let Some(twice) = this.scan.feed(bytes) {
                    let framing = twice.length.and_then(|length| length.checked_add(1));
                    let framing = framing.filter(|framing| *framing < TWICE).unwrap_or(TWICE);
                    this.phase.framing.store(framing, Ordering::Relaxed);
                }
                if came && !this.begun {
                    this.begun = true;
                    this.expect_by(this.deadlines.header);
                } else if came && Instant::now() >= this.read_timer.deadline() {
                    // A byte now and then is no progress.
                    return Poll::Ready(Err(too_slow()));
                }
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => {
                ready!(this.read_timer.as_mut().poll(cx));
                Poll::Ready(Err(too_slow()))
            }
        }
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Guarded<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.inner).poll_write(cx, buf);
        self.watch_write(cx, outcome)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.inner).poll_flush(cx);
        self.watch_write(cx, outcome)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.inner).poll_shutdown(cx);
        self.watch_write(cx, outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.inner).poll_write_vectored(cx, bufs);
        self.watch_write(cx, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}
