//! The listeners: connection limit, deadlines, graceful end. Knows HTTP connections, nothing of OSS.
//!
//! An accept loop of our own, since `axum::serve` has neither a header deadline nor a connection limit. A permit is
//! taken before `accept`, so whoever comes beyond the limit waits in the backlog of the system and costs no memory.

mod connection;
mod head;
mod stream;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::{Request, Response};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tower::Service;

use crate::config::Config;
use crate::http::connection::ConnectionInfo;
use crate::tls::{Tls, TlsError};
use connection::Settings;

/// Pause after a failed `accept`, doubled up to the second value: without free descriptors it fails at once again.
const ACCEPT_PAUSE: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is taken, or not ours.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// The address of the configuration.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The certificate cannot be read or made.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The port file cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    PortFile {
        /// The file of the configuration.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// Listeners that are bound, so that clients may connect, but are not served yet.
#[derive(Debug)]
pub struct Listeners {
    http: TcpListener,
    address: SocketAddr,
    https: Option<(TcpListener, SocketAddr)>,
}

impl Listeners {
    /// Binds what `config` names.
    pub async fn bind(config: &Config) -> Result<Self, StartError> {
        let (http, address) = listen(config.listen).await?;
        let https = match config.tls_address() {
            Some(wanted) => Some(listen(wanted).await?),
            None => None,
        };
        Ok(Self {
            http,
            address,
            https,
        })
    }
}

async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |source| StartError::Bind { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

/// A running server. Dropping it ends it at once; [`Server::stop`] lets requests finish.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    tls_address: Option<SocketAddr>,
    ca_file: Option<PathBuf>,
    stop: watch::Sender<bool>,
    loops: JoinSet<()>,
}

impl Server {
    /// Serves `listeners` with `service` on the current runtime and writes the port file. The data directory, where
    /// the local CA lives, must be open already, so that no other server writes there.
    pub fn start<S>(listeners: Listeners, config: &Config, service: S) -> Result<Self, StartError>
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
        S: Clone + Send + Sync + Unpin + 'static,
        S::Future: Send,
    {
        let (stop, stopping) = watch::channel(false);
        let permits = usize::try_from(config.limits.connections).unwrap_or(Semaphore::MAX_PERMITS);
        let shared = Shared {
            service,
            settings: Arc::new(Settings::new(&config.limits)),
            permits: Arc::new(Semaphore::new(permits)),
            handshake: Duration::from_secs(config.limits.header_seconds),
            grace: Duration::from_secs(config.limits.shutdown_seconds),
            stopping,
        };
        let mut loops = JoinSet::new();
        let mut tls_address = None;
        let mut ca_file = None;
        if let Some((listener, address)) = listeners.https {
            let tls = Tls::open(config)?;
            tls_address = Some(address);
            ca_file = tls.ca_file().map(PathBuf::from);
            loops.spawn(accept(listener, Some(tls), shared.clone()));
        }
        loops.spawn(accept(listeners.http, None, shared));
        let server = Self {
            address: listeners.address,
            tls_address,
            ca_file,
            stop,
            loops,
        };
        if let Some(path) = &config.port_file {
            write_port_file(path, server.address.port()).map_err(|source| {
                StartError::PortFile {
                    path: path.clone(),
                    source,
                }
            })?;
        }
        Ok(server)
    }

    /// Where http is served, with the real port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where https is served, if it is.
    pub fn tls_address(&self) -> Option<SocketAddr> {
        self.tls_address
    }

    /// The certificate that https clients must trust, if the server made one and wrote it to a file.
    pub fn ca_file(&self) -> Option<&std::path::Path> {
        self.ca_file.as_deref()
    }

    /// Stops listening, lets requests finish for `limits.shutdown_seconds`, then cuts what is left.
    pub async fn stop(mut self) {
        // No receiver is left only when every loop has ended.
        let _ = self.stop.send(true);
        while self.loops.join_next().await.is_some() {}
    }
}

/// Written beside and renamed, so that a script never reads half a port.
fn write_port_file(path: &std::path::Path, port: u16) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.new", std::process::id()));
    std::fs::write(&beside, format!("{port}\n"))?;
    std::fs::rename(&beside, path)
}

/// What the accept loops share.
#[derive(Clone)]
struct Shared<S> {
    service: S,
    settings: Arc<Settings>,
    permits: Arc<Semaphore>,
    handshake: Duration,
    grace: Duration,
    stopping: watch::Receiver<bool>,
}

async fn accept<S>(listener: TcpListener, tls: Option<Tls>, shared: Shared<S>)
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    S: Clone + Send + Sync + Unpin + 'static,
    S::Future: Send,
{
    let mut connections = JoinSet::new();
    let mut stopping = shared.stopping.clone();
    let mut pause = ACCEPT_PAUSE.0;
    loop {
        let next = async {
            let permit = Arc::clone(&shared.permits).acquire_owned().await;
            (permit, listener.accept().await)
        };
        let (permit, accepted) = tokio::select! {
            next = next => next,
            _ = stopping.wait_for(|stop| *stop) => break,
        };
        // Finished connections would otherwise pile up in the set.
        while connections.try_join_next().is_some() {}
        let (socket, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) if is_of_one_client(&error) => continue,
            Err(error) => {
                tracing::warn!(%error, "cannot accept connections for a moment");
                sleep(pause).await;
                pause = (pause * 2).min(ACCEPT_PAUSE.1);
                continue;
            }
        };
        pause = ACCEPT_PAUSE.0;
        let (tls, shared) = (tls.clone(), shared.clone());
        connections.spawn(async move {
            serve(socket, peer, tls, shared).await;
            drop(permit);
        });
    }
    drop(listener);
    let finished = timeout(shared.grace, async {
        while connections.join_next().await.is_some() {}
    })
    .await;
    if finished.is_err() {
        tracing::warn!(
            connections = connections.len(),
            "cutting connections that did not finish in time"
        );
        connections.shutdown().await;
    }
}

/// Whether a failed `accept` says something about one client only.
fn is_of_one_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted
    )
}

async fn serve<S>(socket: TcpStream, peer: SocketAddr, tls: Option<Tls>, shared: Shared<S>)
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    S: Clone + Send + Sync + Unpin + 'static,
    S::Future: Send,
{
    // Answers are small and come in one write; waiting for more to send would only delay them.
    if let Err(error) = socket.set_nodelay(true) {
        tracing::debug!(%peer, %error, "client left before it was served");
        return;
    }
    let Ok(local) = socket.local_addr() else {
        return;
    };
    let info = ConnectionInfo {
        peer,
        local,
        secure: tls.is_some(),
    };
    let Shared {
        service,
        settings,
        handshake,
        stopping,
        ..
    } = shared;
    let Some(tls) = tls else {
        return connection::run(socket, info, service, &settings, stopping).await;
    };
    match timeout(handshake, tls.accept(socket, local.ip())).await {
        Ok(Ok(stream)) => connection::run(stream, info, service, &settings, stopping).await,
        Ok(Err(error)) => tracing::debug!(%peer, %error, "handshake failed"),
        Err(_) => tracing::debug!(%peer, "handshake took too long"),
    }
}

#[cfg(test)]
mod tests;
