//! `ossicle healthcheck`: is the server ready? For container images that hold nothing but this program.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use super::{Failure, configured_address};
use crate::config::Config;

/// For the whole question; container engines wait 30 seconds by default.
const TIME_MAX: Duration = Duration::from_secs(5);
const HEAD_BYTES_MAX: u64 = 4096;

pub(super) fn check(config: &Config, endpoint: Option<&str>) -> Result<(), Failure> {
    let (address, host) = if let Some(endpoint) = endpoint {
        resolve(endpoint)?
    } else {
        let address = configured_address(config)?;
        (address, address.to_string())
    };
    match ask(address, &host) {
        Ok(200) => Ok(()),
        Ok(status) => Err(Failure::run(format_args!("http://{host}: status {status}"))),
        Err(error) => Err(Failure::run(format_args!("http://{host}: {error}"))),
    }
}

fn resolve(endpoint: &str) -> Result<(SocketAddr, String), Failure> {
    let rest = endpoint.strip_prefix("http://").unwrap_or(endpoint);
    let host = rest.trim_end_matches('/');
    if host.contains("://")
        || host.contains(['/', '@', '?', '#'])
        || host.chars().any(char::is_whitespace)
    {
        return Err(Failure::usage(format_args!(
            "`{endpoint}` is not an endpoint such as http://127.0.0.1:6770"
        )));
    }
    let found = if host
        .rsplit_once(':')
        .is_some_and(|(_, port)| port.parse::<u16>().is_ok())
    {
        host.to_socket_addrs()
    } else {
        format!("{host}:80").to_socket_addrs()
    };
    let found = found
        .map_err(|error| Failure::run(format_args!("{endpoint}: {error}")))?
        .next();
    let address = found.ok_or_else(|| Failure::run(format_args!("{endpoint}: no address")))?;
    Ok((address, host.to_owned()))
}

/// One request by hand: an HTTP client would be a large dependency for one line of an answer.
fn ask(address: SocketAddr, host: &str) -> std::io::Result<u16> {
    let deadline = Instant::now() + TIME_MAX;
    let mut stream = TcpStream::connect_timeout(&address, TIME_MAX)?;
    let left = deadline
        .saturating_duration_since(Instant::now())
        .max(Duration::from_millis(1));
    stream.set_read_timeout(Some(left))?;
    stream.set_write_timeout(Some(left))?;
    let request =
        format!("GET /_ossicle/health HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut head = Vec::new();
    let mut reader = stream.take(HEAD_BYTES_MAX);
    let mut chunk = [0; 512];
    while !head.windows(2).any(|pair| pair == b"\r\n") {
        match reader.read(&mut chunk)? {
            0 => break,
            read => head.extend(chunk.iter().take(read)),
        }
    }
    let text = String::from_utf8_lossy(&head);
    let status = text
        .strip_prefix("HTTP/1.1 ")
        .and_then(|rest| rest.get(..3))
        .and_then(|code| code.parse().ok());
    status.ok_or_else(|| {
        std::io::Error::new(std::io::ErrorKind::InvalidData, "this is no HTTP server")
    })
}
