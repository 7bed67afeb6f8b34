//! A client that can say anything: a request builder that signs and sends, and below it the bare connection for half-sent, oversized and
//! malformed requests. Every whole answer is checked for the standard headers of errors.md §3 as it is read.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use super::digest::base64_decode;
use super::signer::{self, Key, Options, Parts, Scheme, parse_http_date, uri_encode};
use super::unix_now;
use super::xml::Node;

/// How long a read may take before the test fails: far above any deadline of the server under test.
const PATIENCE: Duration = Duration::from_secs(45);

/// Where requests go and how they are signed.
#[derive(Clone, Debug)]
pub struct Client {
    pub addr: SocketAddr,
    pub key: Key,
    pub scheme: Scheme,
    /// `Some(suffix)`: the bucket stands in `Host` as `bucket.suffix`; `None`: in the path.
    pub suffix: Option<String>,
}

impl Client {
    /// A path-style client that signs with V4 headers.
    pub fn new(addr: SocketAddr, id: &str, secret: &str) -> Self {
        Self {
            addr,
            key: Key::new(id, secret),
            scheme: Scheme::V4Header,
            suffix: None,
        }
    }

    /// The same client with another signature.
    pub fn with_scheme(&self, scheme: Scheme) -> Self {
        Self {
            scheme,
            ..self.clone()
        }
    }

    /// The same client with another key pair.
    pub fn with_key(&self, id: &str, secret: &str) -> Self {
        Self {
            key: Key::new(id, secret),
            ..self.clone()
        }
    }

    /// The same client without a signature.
    pub fn anonymous(&self) -> Self {
        self.with_scheme(Scheme::Anonymous)
    }

    /// The same client with the bucket in the host name.
    pub fn virtual_hosted(&self, suffix: &str) -> Self {
        Self {
            suffix: Some(suffix.to_owned()),
            ..self.clone()
        }
    }

    /// A request at the service level.
    pub fn service(&self, method: &str) -> Request {
        self.object(method, "", "")
    }

    /// A request at the bucket level.
    pub fn bucket(&self, method: &str, bucket: &str) -> Request {
        self.object(method, bucket, "")
    }

    /// A request at the object level.
    pub fn object(&self, method: &str, bucket: &str, key: &str) -> Request {
        Request {
            client: self.clone(),
            parts: Parts {
                method: method.to_owned(),
                bucket: bucket.to_owned(),
                key: key.to_owned(),
                ..Parts::default()
            },
            body: Body::Whole(Vec::new()),
            length: Length::Right,
            host: None,
            at: unix_now(),
            lifetime: 600,
            additional: Vec::new(),
            region: String::from("cn-hangzhou"),
            product: String::from("oss"),
            encode_slash: false,
            unsigned: Vec::new(),
            target: None,
        }
    }

    /// A bare connection.
    pub fn connect(&self) -> Connection {
        Connection::open(self.addr)
    }
}

#[derive(Clone, Debug)]
enum Body {
    Whole(Vec<u8>),
    Chunked(Vec<Vec<u8>>),
}

#[derive(Clone, Debug)]
enum Length {
    /// As long as the body, where the method has one.
    Right,
    /// No `Content-Length` at all.
    Absent,
    /// What the test says.
    Claimed(u64),
}

/// A request being built. Headers and parameters added with [`Request::unsigned_header`] come after signing.
#[derive(Clone, Debug)]
pub struct Request {
    client: Client,
    pub parts: Parts,
    body: Body,
    length: Length,
    host: Option<String>,
    at: i64,
    lifetime: i64,
    additional: Vec<String>,
    region: String,
    product: String,
    encode_slash: bool,
    unsigned: Vec<(String, String)>,
    target: Option<String>,
}

impl Request {
    /// A query name without a value.
    #[must_use]
    pub fn flag(mut self, name: &str) -> Self {
        self.parts.query.push((name.to_owned(), None));
        self
    }

    /// A query parameter, decoded.
    #[must_use]
    pub fn param(mut self, name: &str, value: impl ToString) -> Self {
        self.parts
            .query
            .push((name.to_owned(), Some(value.to_string())));
        self
    }

    /// A header that takes part in the signature.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl ToString) -> Self {
        self.parts
            .headers
            .push((name.to_owned(), value.to_string()));
        self
    }

    /// Several headers.
    #[must_use]
    pub fn headers(mut self, pairs: &[(&str, &str)]) -> Self {
        for (name, value) in pairs {
            self = self.header(name, *value);
        }
        self
    }

    /// A header added after signing, or replacing what signing made when the name is the same.
    #[must_use]
    pub fn unsigned_header(mut self, name: &str, value: impl ToString) -> Self {
        self.unsigned.push((name.to_owned(), value.to_string()));
        self
    }

    /// The body.
    #[must_use]
    pub fn body(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.body = Body::Whole(bytes.as_ref().to_vec());
        self
    }

    /// A body in chunks of the given contents, without `Content-Length`.
    #[must_use]
    pub fn chunked(mut self, chunks: &[&[u8]]) -> Self {
        self.body = Body::Chunked(chunks.iter().map(|chunk| chunk.to_vec()).collect());
        self
    }

    /// Leaves `Content-Length` out.
    #[must_use]
    pub fn no_length(mut self) -> Self {
        self.length = Length::Absent;
        self
    }

    /// Claims another length than the body has.
    #[must_use]
    pub fn claim_length(mut self, length: u64) -> Self {
        self.length = Length::Claimed(length);
        self
    }

    /// Another `Host` header than the address implies.
    #[must_use]
    pub fn host(mut self, host: &str) -> Self {
        self.host = Some(host.to_owned());
        self
    }

    /// Signs as if made `seconds` from now (negative: in the past).
    #[must_use]
    pub fn shifted(mut self, seconds: i64) -> Self {
        self.at += seconds;
        self
    }

    /// Lifetime of a signed URL.
    #[must_use]
    pub fn lifetime(mut self, seconds: i64) -> Self {
        self.lifetime = seconds;
        self
    }

    /// Further signed headers of V2 and V4.
    #[must_use]
    pub fn additional(mut self, names: &[&str]) -> Self {
        self.additional = names.iter().map(|name| (*name).to_owned()).collect();
        self
    }

    /// The region and product of a V4 scope.
    #[must_use]
    pub fn scope(mut self, region: &str, product: &str) -> Self {
        region.clone_into(&mut self.region);
        product.clone_into(&mut self.product);
        self
    }

    /// Sends `%2F` for slashes inside the key, as Go v1 and Java v1 do.
    #[must_use]
    pub fn encode_slash(mut self) -> Self {
        self.encode_slash = true;
        self
    }

    /// Sends this request target instead of the one the parts imply; the signature still covers the parts.
    #[must_use]
    pub fn target(mut self, raw: &str) -> Self {
        self.target = Some(raw.to_owned());
        self
    }

    /// Sends this path, followed by the query the signature made.
    #[must_use]
    pub fn target_with_signature(self, path: &str) -> Self {
        let whole = self.target_of(&self.signed());
        let query = whole
            .split_once('?')
            .map(|(_, query)| format!("?{query}"))
            .unwrap_or_default();
        self.target(&format!("{path}{query}"))
    }

    /// The same request through another client (scheme, key pair or address).
    #[must_use]
    pub fn by(mut self, client: &Client) -> Self {
        self.client = client.clone();
        self
    }

    fn host_header(&self) -> String {
        match (&self.host, &self.client.suffix) {
            (Some(host), _) => host.clone(),
            (None, Some(suffix)) if !self.parts.bucket.is_empty() => {
                format!("{}.{suffix}:{}", self.parts.bucket, self.client.addr.port())
            }
            _ => self.client.addr.to_string(),
        }
    }

    /// The signed parts: what a presigning client would hand out.
    pub fn signed(&self) -> Parts {
        let mut parts = self.parts.clone();
        if !self.additional.is_empty() && self.additional.iter().any(|name| name == "host") {
            // Signed like any header, but sent once, from host_header().
            parts.headers.push(("host".into(), self.host_header()));
        }
        let options = Options {
            at: self.at,
            lifetime: self.lifetime,
            region: self.region.clone(),
            product: self.product.clone(),
            additional: self.additional.clone(),
        };
        signer::sign(self.client.scheme, &self.client.key, &mut parts, &options);
        parts.headers.retain(|(name, _)| name != "host");
        parts
    }

    /// Path and query as sent.
    pub fn target_of(&self, parts: &Parts) -> String {
        if let Some(raw) = &self.target {
            return raw.clone();
        }
        let key = uri_encode(&parts.key, !self.encode_slash);
        let path = match (parts.bucket.is_empty(), self.client.suffix.is_some()) {
            (true, _) => String::from("/"),
            (false, true) => format!("/{key}"),
            (false, false) => format!("/{}/{key}", uri_encode(&parts.bucket, false)),
        };
        let query: Vec<String> = parts
            .query
            .iter()
            .map(|(name, value)| match value {
                None => uri_encode(name, false),
                Some(value) => format!("{}={}", uri_encode(name, false), uri_encode(value, false)),
            })
            .collect();
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{path}{mark}{}", query.join("&"))
    }

    /// The bytes of request line and headers, up to and with the empty line, and the bytes of the body.
    pub fn encode(&self) -> (Vec<u8>, Vec<u8>) {
        let parts = self.signed();
        let mut head = format!(
            "{} {} HTTP/1.1\r\nHost: {}\r\n",
            parts.method,
            self.target_of(&parts),
            self.host_header()
        );
        let mut line = |name: &str, value: &str| {
            head.push_str(name);
            head.push_str(": ");
            head.push_str(value);
            head.push_str("\r\n");
        };
        for (name, value) in &parts.headers {
            if !self
                .unsigned
                .iter()
                .any(|(other, _)| other.eq_ignore_ascii_case(name))
            {
                line(name, value);
            }
        }
        for (name, value) in &self.unsigned {
            line(name, value);
        }
        let body = match &self.body {
            Body::Whole(bytes) => {
                let takes_body =
                    matches!(parts.method.as_str(), "PUT" | "POST") || !bytes.is_empty();
                match self.length {
                    Length::Right if takes_body => line("Content-Length", &bytes.len().to_string()),
                    Length::Claimed(length) => line("Content-Length", &length.to_string()),
                    _ => {}
                }
                bytes.clone()
            }
            Body::Chunked(chunks) => {
                line("Transfer-Encoding", "chunked");
                chunked_body(chunks)
            }
        };
        head.push_str("\r\n");
        (head.into_bytes(), body)
    }

    /// Sends on a fresh connection and reads the answer.
    pub fn send(&self) -> Response {
        let mut connection = self.client.connect();
        self.send_on(&mut connection)
    }

    /// Sends on a fresh connection and reads the answer without checking what OSS's answers have in common.
    pub fn send_unchecked(&self) -> Response {
        let (mut bytes, body) = self.encode();
        bytes.extend_from_slice(&body);
        let mut connection = self.client.connect();
        connection.send(&bytes).expect("sending a request");
        connection
            .read_answer(&self.parts.method)
            .expect("an answer")
    }

    /// Sends on the given connection and reads the answer.
    pub fn send_on(&self, connection: &mut Connection) -> Response {
        let (mut bytes, body) = self.encode();
        bytes.extend_from_slice(&body);
        // A server that refuses early may close while a large body is still being written: the answer is what counts.
        let written = connection.send(&bytes);
        match connection.read_answer(&self.parts.method) {
            Ok(response) => {
                response.check_standard(&self.host_header());
                response
            }
            Err(error) => panic!(
                "{} {:?}: no answer: {error} (sending: {written:?})",
                self.parts.method, self.parts.key
            ),
        }
    }

    /// Sends the request without the last `held_back` bytes of the body; [`Held::finish`] sends them. Waits for `100 Continue`, so that
    /// every check that needs no body is known to have passed when this returns.
    pub fn hold(&self, held_back: usize) -> Held {
        let (head, body) = self
            .clone()
            .unsigned_header("Expect", "100-continue")
            .encode();
        let split = body
            .len()
            .checked_sub(held_back)
            .expect("less held back than there is");
        let (now, later) = body.split_at(split);
        let mut connection = self.client.connect();
        connection.send(&head).expect("sending a head");
        assert_eq!(
            connection.read_interim().expect("leave to send the body"),
            100
        );
        connection
            .send(now)
            .expect("sending the first part of a body");
        Held {
            connection,
            rest: later.to_vec(),
            method: self.parts.method.clone(),
            host: self.host_header(),
        }
    }
}

/// A request of which the end of the body has not been sent.
pub struct Held {
    pub connection: Connection,
    rest: Vec<u8>,
    method: String,
    host: String,
}

impl Held {
    /// Sends the rest and reads the answer.
    pub fn finish(mut self) -> Response {
        let rest = std::mem::take(&mut self.rest);
        // The server may have answered and closed already.
        let written = self.connection.send(&rest);
        let response = self
            .connection
            .read_answer(&self.method)
            .unwrap_or_else(|error| {
                panic!("no answer after the rest of the body: {error} (sending: {written:?})")
            });
        response.check_standard(&self.host);
        response
    }
}

fn chunked_body(chunks: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for chunk in chunks {
        bytes.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        bytes.extend_from_slice(chunk);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"0\r\n\r\n");
    bytes
}

/// A TCP connection and what has been read from it beyond the last answer.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    /// Connects; reads give up after [`PATIENCE`].
    pub fn open(addr: SocketAddr) -> Self {
        let stream = TcpStream::connect(addr)
            .unwrap_or_else(|error| panic!("cannot connect to {addr}: {error}"));
        stream.set_nodelay(true).expect("setting TCP_NODELAY");
        stream
            .set_read_timeout(Some(PATIENCE))
            .expect("setting a read timeout");
        stream
            .set_write_timeout(Some(PATIENCE))
            .expect("setting a write timeout");
        Self {
            stream,
            buffer: Vec::new(),
        }
    }

    /// Writes all of `bytes`.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Tells the server that nothing more will come, and goes on reading.
    pub fn half_close(&self) {
        self.stream.shutdown(Shutdown::Write).expect("half-closing");
    }

    /// Breaks the connection with a reset instead of a close.
    pub fn reset(self) {
        socket2::SockRef::from(&self.stream)
            .set_linger(Some(Duration::ZERO))
            .expect("setting linger");
    }

    /// Reads one answer to a request with this method, skipping and counting interim ones.
    pub fn read_answer(&mut self, method: &str) -> io::Result<Response> {
        let mut interim = Vec::new();
        loop {
            let head = self.read_head()?;
            let mut response = parse_head(&head).map_err(io::Error::other)?;
            if (100..200).contains(&response.status) {
                interim.push(response.status);
                continue;
            }
            response.interim = interim;
            response.head_only = method == "HEAD";
            if !(response.head_only || matches!(response.status, 204 | 304)) {
                response.body = self.read_body(&response)?;
            }
            return Ok(response);
        }
    }

    /// Reads until the server closes; what came. A reset counts as closing.
    pub fn read_to_close(&mut self) -> io::Result<Vec<u8>> {
        let mut all = std::mem::take(&mut self.buffer);
        match self.stream.read_to_end(&mut all) {
            Ok(_) => Ok(all),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe
                ) =>
            {
                Ok(all)
            }
            Err(error) => Err(error),
        }
    }

    /// Whether nothing arrives within `wait`.
    pub fn is_silent_for(&mut self, wait: Duration) -> bool {
        if !self.buffer.is_empty() {
            return false;
        }
        self.stream
            .set_read_timeout(Some(wait))
            .expect("setting a read timeout");
        let silent = matches!(
            self.fill(),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
        );
        self.stream
            .set_read_timeout(Some(PATIENCE))
            .expect("setting a read timeout");
        silent
    }

    /// Reads one interim answer (status 1xx) and returns its status.
    pub fn read_interim(&mut self) -> io::Result<u16> {
        let head = self.read_head()?;
        let status = parse_head(&head).map_err(io::Error::other)?.status;
        if (100..200).contains(&status) {
            Ok(status)
        } else {
            Err(io::Error::other(head))
        }
    }

    fn fill(&mut self) -> io::Result<usize> {
        let mut chunk = [0_u8; 16 * 1024];
        let count = self.stream.read(&mut chunk)?;
        self.buffer.extend_from_slice(&chunk[..count]);
        Ok(count)
    }

    fn fill_some(&mut self) -> io::Result<()> {
        if self.fill()? == 0 {
            let text = String::from_utf8_lossy(&self.buffer).into_owned();
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                format!("closed after {text:?}"),
            ));
        }
        Ok(())
    }

    fn read_head(&mut self) -> io::Result<String> {
        loop {
            if let Some(end) = self
                .buffer
                .windows(4)
                .position(|window| window == b"\r\n\r\n")
            {
                let head: Vec<u8> = self.buffer.drain(..end + 4).collect();
                return String::from_utf8(head).map_err(io::Error::other);
            }
            self.fill_some()?;
        }
    }

    fn take(&mut self, count: usize) -> io::Result<Vec<u8>> {
        while self.buffer.len() < count {
            self.fill_some()?;
        }
        Ok(self.buffer.drain(..count).collect())
    }

    fn take_line(&mut self) -> io::Result<String> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|window| window == b"\r\n") {
                let line: Vec<u8> = self.buffer.drain(..end + 2).collect();
                return String::from_utf8(line)
                    .map(|line| line.trim_end().to_owned())
                    .map_err(io::Error::other);
            }
            self.fill_some()?;
        }
    }

    fn read_body(&mut self, response: &Response) -> io::Result<Vec<u8>> {
        if response
            .header("transfer-encoding")
            .is_some_and(|value| value.eq_ignore_ascii_case("chunked"))
        {
            let mut body = Vec::new();
            loop {
                let line = self.take_line()?;
                let size = usize::from_str_radix(line.split(';').next().unwrap_or_default(), 16)
                    .map_err(io::Error::other)?;
                if size == 0 {
                    while !self.take_line()?.is_empty() {}
                    return Ok(body);
                }
                body.extend(self.take(size)?);
                self.take(2)?;
            }
        }
        match response.header("content-length") {
            Some(length) => {
                let length = length.parse().map_err(io::Error::other)?;
                self.take(length)
            }
            None => self.read_to_close(),
        }
    }
}

/// A whole answer.
#[derive(Clone, Default)]
pub struct Response {
    pub status: u16,
    pub reason: String,
    /// In the order received, duplicates kept.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Status codes of interim answers before this one.
    pub interim: Vec<u16>,
    /// Answer to HEAD: no body whatever the headers say.
    pub head_only: bool,
}

fn parse_head(head: &str) -> Result<Response, String> {
    let mut lines = head.trim_end().split("\r\n");
    let status_line = lines.next().unwrap_or_default();
    let mut words = status_line.splitn(3, ' ');
    let (Some("HTTP/1.1"), Some(status)) = (words.next(), words.next()) else {
        return Err(format!("not a status line: {status_line:?}"));
    };
    let mut response = Response {
        status: status
            .parse()
            .map_err(|error| format!("{status_line:?}: {error}"))?,
        reason: words.next().unwrap_or_default().to_owned(),
        ..Response::default()
    };
    for line in lines {
        let (name, value) = line
            .split_once(':')
            .ok_or_else(|| format!("not a header: {line:?}"))?;
        response
            .headers
            .push((name.to_owned(), value.trim().to_owned()));
    }
    Ok(response)
}

impl std::fmt::Debug for Response {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.status, self.reason)?;
        for (name, value) in &self.headers {
            write!(f, " | {name}: {value}")?;
        }
        let start = &self.body[..self.body.len().min(900)];
        write!(
            f,
            " | {} bytes {}",
            self.body.len(),
            String::from_utf8_lossy(start).replace('\n', " ")
        )
    }
}

impl Response {
    /// The header's value; panics when it stands there twice, for no header of this protocol may.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self
            .headers
            .iter()
            .filter(|(given, _)| given.eq_ignore_ascii_case(name));
        let first = found.next().map(|(_, value)| value.as_str());
        assert!(
            found.next().is_none(),
            "header {name} stands twice in {self:?}"
        );
        first
    }

    /// A header that must be there and be a decimal number.
    pub fn number(&self, name: &str) -> u64 {
        let text = self
            .header(name)
            .unwrap_or_else(|| panic!("no header {name} in {self:?}"));
        text.parse()
            .unwrap_or_else(|error| panic!("header {name} is {text:?}: {error}"))
    }

    /// `x-oss-next-append-position`, which must be there.
    pub fn next_position(&self) -> u64 {
        self.number("x-oss-next-append-position")
    }

    /// `x-oss-hash-crc64ecma`, which must be there.
    pub fn crc(&self) -> u64 {
        self.number("x-oss-hash-crc64ecma")
    }

    /// `ETag`, which must be there.
    pub fn etag(&self) -> &str {
        self.header("etag")
            .unwrap_or_else(|| panic!("no ETag in {self:?}"))
    }

    /// The body as XML.
    pub fn xml(&self) -> Node {
        let text = String::from_utf8(self.body.clone()).expect("a UTF-8 body");
        Node::parse(&text).unwrap_or_else(|error| panic!("{error} in answer {self:?}"))
    }

    /// Whether the body is an error document: 203 is how a failed callback is told (operations.md E.11).
    fn is_error(&self) -> bool {
        self.status >= 400 || self.status == 203
    }

    /// The error document: the body, or for HEAD what `x-oss-err` holds. `None` when the answer is not an error or has none.
    pub fn error(&self) -> Option<Node> {
        if !self.is_error() {
            return None;
        }
        if self.head_only {
            let document = base64_decode(self.header("x-oss-err")?);
            return Some(
                Node::parse(&String::from_utf8(document).expect("a UTF-8 document"))
                    .expect("XML in x-oss-err"),
            );
        }
        Some(self.xml())
    }

    /// Text of an element of the error document, empty when there is none.
    pub fn error_text(&self, element: &str) -> String {
        self.error()
            .and_then(|error| error.get(element).map(str::to_owned))
            .unwrap_or_default()
    }

    /// The error code, empty on success.
    pub fn code(&self) -> String {
        self.error_text("Code")
    }

    /// Asserts a success with this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(
            self.status,
            status,
            "unexpected answer {self:?}, body {:?}",
            String::from_utf8_lossy(&self.body)
        );
        self
    }

    /// Asserts an error with this status and code.
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Self {
        assert_eq!(
            (self.status, self.code().as_str()),
            (status, code),
            "unexpected answer {self:?}"
        );
        self
    }

    /// Asserts an error with this status and returns its code.
    #[track_caller]
    pub fn refused_with(&self, status: u16) -> String {
        assert_eq!(self.status, status, "unexpected answer {self:?}");
        self.code()
    }

    /// Checks what every answer must carry, errors included (errors.md §1–§3, clients.md §4).
    pub fn check_standard(&self, host: &str) {
        let id = self
            .header("x-oss-request-id")
            .unwrap_or_else(|| panic!("no request id in {self:?}"));
        assert!(
            id.len() == 24
                && id
                    .bytes()
                    .all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F')),
            "request id {id:?} is not 24 upper-case hex digits"
        );
        assert_eq!(self.header("server"), Some("AliyunOSS"), "{self:?}");
        self.number("x-oss-server-time");
        let date = parse_http_date(
            self.header("date")
                .unwrap_or_else(|| panic!("no Date in {self:?}")),
        );
        assert!((date - unix_now()).abs() <= 5, "Date {date} is off");
        let connection = self.header("connection").unwrap_or("");
        assert!(
            matches!(connection, "keep-alive" | "close"),
            "Connection is {connection:?} in {self:?}"
        );
        if self.status == 200 {
            assert_eq!(self.reason, "OK");
        }
        let framed =
            self.header("content-length").is_some() || self.header("transfer-encoding").is_some();
        assert!(
            framed || matches!(self.status, 204 | 304),
            "neither length nor chunks in {self:?}"
        );
        if self.is_error() {
            self.check_error(id, host);
        } else {
            assert_eq!(
                self.header("x-oss-ec"),
                None,
                "an EC on a success: {self:?}"
            );
            assert_eq!(
                self.header("x-oss-err"),
                None,
                "x-oss-err on a success: {self:?}"
            );
        }
        if self.status == 304 {
            assert_eq!(
                self.header("content-length").unwrap_or("0"),
                "0",
                "a length on a 304"
            );
        }
    }

    fn check_error(&self, id: &str, host: &str) {
        let error = self
            .error()
            .unwrap_or_else(|| panic!("an error without a document: {self:?}"));
        assert_eq!(error.name, "Error");
        assert!(!error.text_at("Code").is_empty());
        assert!(error.get("Message").is_some(), "no Message in {error:?}");
        assert_eq!(error.text_at("RequestId"), id);
        let bare_host = host.rsplit_once(':').map_or(host, |(name, _)| name);
        assert_eq!(
            error.text_at("HostId"),
            bare_host,
            "HostId is the host without its port"
        );
        let ec = error.text_at("EC");
        assert_eq!(self.header("x-oss-ec"), Some(ec), "x-oss-ec and EC differ");
        let well_formed = ec.len() == 13
            && ec.char_indices().all(|(index, character)| {
                if index == 4 {
                    character == '-'
                } else {
                    character.is_ascii_digit()
                }
            });
        assert!(well_formed, "EC {ec:?} is not of the form 0000-00000000");
        if !self.head_only {
            assert_eq!(self.header("content-type"), Some("application/xml"));
            assert_eq!(
                self.header("x-oss-err"),
                None,
                "x-oss-err is for answers without a body"
            );
            assert!(
                self.body
                    .starts_with(b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>"),
                "no XML declaration"
            );
        }
    }
}
