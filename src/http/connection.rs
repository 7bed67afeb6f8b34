//! What is known of the connection under a request, handed on as a request extension.

use std::net::SocketAddr;

/// The two ends of a connection. Every request carries one in its extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionInfo {
    /// The client's end.
    pub peer: SocketAddr,
    /// The server's end: the address that the client reached.
    pub local: SocketAddr,
    /// Whether TLS protects it.
    pub secure: bool,
}

/// In the extensions of a request whose head had both `Content-Length` and `Transfer-Encoding`. Of the two, hyper
/// passes on only the latter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FramedTwice {
    /// What `Content-Length` claims; none where it is no single number.
    pub length: Option<u64>,
}
