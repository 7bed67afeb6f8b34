//! The POST that tells an application of an upload, and its answer (operations.md §E.11). Bounded: one connection, one
//! deadline for all of it, a short answer. Knows nothing of uploads.

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE, HOST, USER_AGENT};
use http::uri::{PathAndQuery, Scheme, Uri};
use http::{HeaderValue, Request, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpStream, lookup_host};

/// How long a callback may take, from the look-up of the name to the last byte of the answer (errors.md §7).
const DEADLINE: Duration = Duration::from_secs(5);
/// Most bytes of an answer (errors.md §7).
const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// Which addresses callbacks may go to. A client chooses the address, so by default it reaches no other machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// This machine's loopback addresses only.
    Loopback,
    /// Any address.
    Any,
}

impl Reach {
    fn allows(self, address: &SocketAddr) -> bool {
        self == Self::Any || address.ip().to_canonical().is_loopback()
    }
}

/// Where a callback goes: an `http` URL, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    host: String,
    port: u16,
    path: PathAndQuery,
}

/// Why a URL is no target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadTarget {
    /// Not a URL with a host.
    Malformed,
    /// A scheme other than `http`.
    Scheme,
}

impl Target {
    /// Reads a URL; without a scheme it is `http`.
    pub fn parse(url: &str) -> Result<Self, BadTarget> {
        let whole = if url.contains("://") {
            url.to_owned()
        } else {
            format!("http://{url}")
        };
        let uri: Uri = whole.parse().map_err(|_| BadTarget::Malformed)?;
        if uri.scheme() != Some(&Scheme::HTTP) {
            return Err(BadTarget::Scheme);
        }
        let authority = uri.authority().ok_or(BadTarget::Malformed)?;
        // `user:password@` means nothing here, and no host has it.
        if authority.host().is_empty() || authority.as_str().contains('@') {
            return Err(BadTarget::Malformed);
        }
        let path = uri.path_and_query().cloned();
        Ok(Self {
            host: authority.host().to_owned(),
            port: authority.port_u16().unwrap_or(80),
            path: path.unwrap_or_else(|| PathAndQuery::from_static("/")),
        })
    }

    fn host_header(&self) -> String {
        match self.port {
            80 => self.host.clone(),
            port => format!("{}:{port}", self.host),
        }
    }

    /// Connects to the first address of the name that may be reached and answers. What was checked is what is
    /// connected to: the name is looked up once.
    async fn connect(&self, reach: Reach) -> Option<TcpStream> {
        let bare = self.host.trim_start_matches('[').trim_end_matches(']');
        for address in lookup_host((bare, self.port)).await.ok()? {
            if !reach.allows(&address) {
                tracing::warn!(%address, "a callback to this address is not allowed, see callbacks in the configuration");
                continue;
            }
            if let Ok(stream) = TcpStream::connect(address).await {
                return Some(stream);
            }
        }
        None
    }
}

/// What is posted.
#[derive(Debug, Clone)]
pub struct Notice {
    /// `Content-Type`.
    pub content_type: &'static str,
    /// `Host`, where it is not that of the URL.
    pub host: Option<HeaderValue>,
    /// The body.
    pub body: Bytes,
}

/// Why a callback failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// Nobody answered in time, or nobody may be asked.
    Unreachable,
    /// The answer was not 200.
    Status(StatusCode),
    /// The answer was too long, or broke off.
    Answer,
}

/// Posts the notice; the body of an answer of 200.
pub async fn post(target: &Target, reach: Reach, notice: &Notice) -> Result<Bytes, Failure> {
    let exchange = exchange(target, reach, notice);
    tokio::time::timeout(DEADLINE, exchange)
        .await
        .unwrap_or(Err(Failure::Unreachable))
}

async fn exchange(target: &Target, reach: Reach, notice: &Notice) -> Result<Bytes, Failure> {
    let unreachable = Failure::Unreachable;
    let stream = target.connect(reach).await.ok_or(unreachable)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|_| unreachable)?;
    let host = notice.host.clone();
    let host = host.or_else(|| HeaderValue::try_from(target.host_header()).ok());
    let request = Request::post(target.path.clone())
        .header(HOST, host.ok_or(unreachable)?)
        .header(CONTENT_TYPE, notice.content_type)
        .header(USER_AGENT, "aliyun-oss-callback")
        .header(CONNECTION, "close")
        .body(Full::new(notice.body.clone()))
        .map_err(|_| unreachable)?;
    let answer = async move {
        let response = sender.send_request(request).await;
        read(response.map_err(|_| unreachable)?).await
    };
    // The connection is driven here and not in a task of its own, so that it ends with this future.
    tokio::pin!(connection, answer);
    tokio::select! {
        biased;
        done = &mut answer => done,
        _ = &mut connection => answer.await,
    }
}

async fn read(response: http::Response<Incoming>) -> Result<Bytes, Failure> {
    let status = response.status();
    if status != StatusCode::OK {
        return Err(Failure::Status(status));
    }
    let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect();
    Ok(body.await.map_err(|_| Failure::Answer)?.to_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        let cases = [
            (
                "http://localhost:8080/a?b=c",
                Ok(("localhost:8080", "/a?b=c")),
            ),
            ("localhost/a", Ok(("localhost", "/a"))),
            ("http://127.0.0.1", Ok(("127.0.0.1", "/"))),
            ("http://[::1]:81/", Ok(("[::1]:81", "/"))),
            ("https://localhost/a", Err(BadTarget::Scheme)),
            ("ftp://localhost/", Err(BadTarget::Scheme)),
            ("", Err(BadTarget::Malformed)),
            ("http://", Err(BadTarget::Malformed)),
            ("http://user@localhost/", Err(BadTarget::Malformed)),
            ("http://a b/", Err(BadTarget::Malformed)),
        ];
        for (url, expected) in cases {
            let read = Target::parse(url);
            let shown = read
                .as_ref()
                .map(|target| (target.host_header(), target.path.as_str()));
            let shown = shown.map_err(|error| *error);
            let expected = expected.map(|(host, path)| (host.to_owned(), path));
            assert_eq!(shown, expected, "{url}");
        }
    }

    #[test]
    fn reach() {
        let address = |text: &str| -> SocketAddr { text.parse().expect(text) };
        for (text, loopback) in [
            ("127.0.0.1:1", true),
            ("127.8.9.1:1", true),
            ("[::1]:1", true),
            ("[::ffff:127.0.0.1]:1", true),
            ("0.0.0.0:1", false),
            ("10.0.0.1:1", false),
            ("169.254.169.254:1", false),
            ("[::ffff:10.0.0.1]:1", false),
        ] {
            assert_eq!(Reach::Loopback.allows(&address(text)), loopback, "{text}");
            assert!(Reach::Any.allows(&address(text)), "{text}");
        }
    }
}
