//! Certificates for the https listener: the user's own, or a local CA that signs for any name a client asks for.
//!
//! Only the CA is kept, in `DATA/tls`; leaves are signed in memory when a name is first asked for. So bucket names,
//! other regions and new domains need no renewal, and no wildcard is needed, which OpenSSL refuses for `*.localhost`.

mod authority;

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::config::Config;
use authority::Authority;

/// How many signed names are kept; when more come, all are forgotten and signed again.
const NAMES_MAX: usize = 256;
/// How many local addresses are kept apart.
const ADDRESSES_MAX: usize = 64;
/// A leaf is signed anew after this time, long before it expires.
const LEAF_REUSE_MAX: Duration = Duration::from_secs(30 * 24 * 3600);

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file does not hold what it should.
    #[error("{}: {message}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// The local CA or its certificate cannot be made.
    #[error("cannot make a certificate: {0}")]
    Make(String),
}

impl TlsError {
    fn file(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::File {
            path: path.to_owned(),
            source,
        }
    }

    fn content(path: &Path, message: impl fmt::Display) -> Self {
        Self::Content {
            path: path.to_owned(),
            message: message.to_string(),
        }
    }

    fn make(error: impl fmt::Display) -> Self {
        Self::Make(error.to_string())
    }
}

/// Turns sockets into TLS streams.
#[derive(Clone)]
pub struct Tls {
    source: Source,
    ca_file: Option<PathBuf>,
}

#[derive(Clone)]
enum Source {
    /// The certificate of the configuration.
    Given(TlsAcceptor),
    /// Leaves of the local CA.
    Local(Arc<Local>),
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("ca_file", &self.ca_file)
            .finish_non_exhaustive()
    }
}

impl Tls {
    /// Reads the certificate that `config` names, or opens the local CA, making one if there is none or it runs out.
    pub fn open(config: &Config) -> Result<Self, TlsError> {
        if let (Some(chain), Some(key)) = (&config.tls_cert, &config.tls_key) {
            return Ok(Self {
                source: Source::Given(given(chain, key)?),
                ca_file: None,
            });
        }
        let (authority, mut ca_file) = if config.memory {
            (Authority::make()?, None)
        } else {
            let (authority, ca_file) = Authority::open(&config.data.join("tls"))?;
            (authority, Some(ca_file))
        };
        if let Some(copy) = &config.tls_ca_file {
            authority.write_certificate(copy)?;
            ca_file = Some(copy.clone());
        }
        let local = Local {
            authority: Arc::new(authority),
            acceptors: Mutex::default(),
        };
        Ok(Self {
            source: Source::Local(Arc::new(local)),
            ca_file,
        })
    }

    /// The file with the CA's certificate, unless the certificate is the user's own or the CA lives in memory only.
    pub fn ca_file(&self) -> Option<&Path> {
        self.ca_file.as_deref()
    }

    /// Shakes hands. `local` is the address that the client reached: clients that name no host check that.
    pub async fn accept<T>(&self, socket: T, local: IpAddr) -> io::Result<TlsStream<T>>
    where
        T: AsyncRead + AsyncWrite + Unpin,
    {
        match &self.source {
            Source::Given(acceptor) => acceptor.accept(socket).await,
            Source::Local(source) => source.acceptor(local.to_canonical())?.accept(socket).await,
        }
    }
}

fn given(chain: &Path, key: &Path) -> Result<TlsAcceptor, TlsError> {
    let pem_error = |path: &Path, error: rustls::pki_types::pem::Error| match error {
        rustls::pki_types::pem::Error::Io(source) => TlsError::File {
            path: path.to_owned(),
            source,
        },
        other => TlsError::content(path, other),
    };
    let certificates: Vec<_> = CertificateDer::pem_file_iter(chain)
        .and_then(Iterator::collect)
        .map_err(|error| pem_error(chain, error))?;
    if certificates.is_empty() {
        return Err(TlsError::content(chain, "no certificate in this file"));
    }
    let key_der = PrivateKeyDer::from_pem_file(key).map_err(|error| pem_error(key, error))?;
    let config = builder()
        .map_err(TlsError::make)?
        .with_single_cert(certificates, key_der)
        .map_err(|error| TlsError::content(key, error))?;
    Ok(acceptor(config))
}

type Builder = rustls::ConfigBuilder<ServerConfig, rustls::server::WantsServerCert>;

fn builder() -> Result<Builder, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(builder.with_no_client_auth())
}

fn acceptor(mut config: ServerConfig) -> TlsAcceptor {
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    TlsAcceptor::from(Arc::new(config))
}

/// The local CA with an acceptor for each address of this machine that clients have reached.
struct Local {
    authority: Arc<Authority>,
    acceptors: Mutex<HashMap<IpAddr, TlsAcceptor>>,
}

impl Local {
    fn acceptor(&self, address: IpAddr) -> io::Result<TlsAcceptor> {
        let mut acceptors = self.acceptors.lock();
        if let Some(known) = acceptors.get(&address) {
            return Ok(known.clone());
        }
        if acceptors.len() >= ADDRESSES_MAX {
            acceptors.clear();
        }
        let leaves = Leaves {
            authority: Arc::clone(&self.authority),
            address,
            signed: Mutex::default(),
        };
        let config = builder()
            .map_err(io::Error::other)?
            .with_cert_resolver(Arc::new(leaves));
        let made = acceptor(config);
        acceptors.insert(address, made.clone());
        Ok(made)
    }
}

/// Leaves for the names that clients ask for at one address; the empty name is for those that name none.
struct Leaves {
    authority: Arc<Authority>,
    address: IpAddr,
    signed: Mutex<HashMap<String, (Instant, Arc<CertifiedKey>)>>,
}

impl fmt::Debug for Leaves {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leaves")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl ResolvesServerCert for Leaves {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name().unwrap_or_default().to_ascii_lowercase();
        let mut signed = self.signed.lock();
        match signed.get(&name) {
            Some((since, leaf)) if since.elapsed() < LEAF_REUSE_MAX => {
                return Some(Arc::clone(leaf));
            }
            _ => {}
        }
        let leaf = match self.authority.sign(&name, self.address) {
            Ok(leaf) => Arc::new(leaf),
            Err(error) => {
                tracing::warn!(name, %error, "cannot sign a certificate");
                return None;
            }
        };
        if signed.len() >= NAMES_MAX {
            signed.clear();
        }
        signed.insert(name, (Instant::now(), Arc::clone(&leaf)));
        Some(leaf)
    }
}

#[cfg(test)]
mod tests;
