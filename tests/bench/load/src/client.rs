//! A client that costs little: prepared request heads over kept-alive connections, all on one thread.
//!
//! The machine is shared with the server under measurement, so what the client spends is missing there. It signs before
//! the clock starts, writes head and body in one call, and looks at no more of an answer than it must.

use bytes::Buf;
use std::{
    cell::Cell,
    net::SocketAddr,
    rc::Rc,
    sync::LazyLock,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

pub type Result<T, E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

/// Bytes of bodies: without a pattern that a file system or a protocol could shorten.
static FILLER: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut filler = Vec::with_capacity(1 << 20);
    while filler.len() < 1 << 20 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        filler.extend_from_slice(&state.to_le_bytes());
    }
    filler
});

/// What came back.
#[derive(Debug, Default)]
pub struct Answer {
    pub status: u16,
    /// Bytes of the body.
    pub length: u64,
    /// `x-oss-next-append-position`.
    pub next_position: Option<u64>,
    /// The beginning of a refusal's document.
    pub refusal: String,
    close: bool,
}

/// One kept-alive connection.
pub struct Connection {
    address: SocketAddr,
    stream: Option<TcpStream>,
    buffer: Vec<u8>,
}

impl Connection {
    pub async fn open(address: SocketAddr) -> Result<Self> {
        let mut connection = Self {
            address,
            stream: None,
            buffer: vec![0; 256 * 1024],
        };
        connection.reopen().await?;
        Ok(connection)
    }

    async fn reopen(&mut self) -> Result<()> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        self.stream = Some(stream);
        Ok(())
    }

    /// Sends a head and `body` bytes, and reads the whole answer.
    pub async fn exchange(&mut self, head: &[u8], body: u64) -> Result<Answer> {
        if self.stream.is_none() {
            self.reopen().await?;
        }
        let stream = self.stream.as_mut().ok_or("no connection")?;
        let first = &FILLER[..(body as usize).min(FILLER.len())];
        stream.write_all_buf(&mut Buf::chain(head, first)).await?;
        let mut left = body - first.len() as u64;
        while left > 0 {
            let chunk = &FILLER[..(left as usize).min(FILLER.len())];
            stream.write_all(chunk).await?;
            left -= chunk.len() as u64;
        }
        let answer = read_answer(stream, &mut self.buffer, head.starts_with(b"HEAD ")).await?;
        if answer.close {
            self.stream = None;
        }
        Ok(answer)
    }
}

async fn read_answer(stream: &mut TcpStream, buffer: &mut [u8], head_only: bool) -> Result<Answer> {
    let mut filled = 0;
    let (head_length, mut answer, framing) = loop {
        let count = stream.read(&mut buffer[filled..]).await?;
        if count == 0 {
            return Err("the server closed the connection in place of an answer".into());
        }
        filled += count;
        if let Some(parsed) = parse_head(&buffer[..filled], head_only)? {
            break parsed;
        }
    };
    answer.length = match framing {
        Framing::Length(length) => {
            // A refusal's document is short and stays in the buffer; other bodies are passed over.
            let mut seen = (filled - head_length) as u64;
            let keep = answer.status >= 300 && length < 16 * 1024;
            while seen < length {
                let from = if keep { filled } else { 0 };
                let count = stream.read(&mut buffer[from..]).await?;
                if count == 0 {
                    return Err("the server closed the connection within a body".into());
                }
                seen += count as u64;
                filled = from + count;
            }
            if keep {
                let text = String::from_utf8_lossy(&buffer[head_length..filled]);
                answer.refusal = text.chars().take(400).collect();
            }
            length
        }
        Framing::Chunked => skip_chunks(stream, buffer, head_length, filled).await?,
        Framing::ToTheEnd => {
            answer.close = true;
            let mut length = (filled - head_length) as u64;
            loop {
                let count = stream.read(buffer).await?;
                if count == 0 {
                    break length;
                }
                length += count as u64;
            }
        }
    };
    Ok(answer)
}

enum Framing {
    Length(u64),
    Chunked,
    ToTheEnd,
}

fn parse_head(bytes: &[u8], head_only: bool) -> Result<Option<(usize, Answer, Framing)>> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(head_length) = response.parse(bytes)? else {
        return Ok(None);
    };
    let mut answer = Answer {
        status: response.code.unwrap_or_default(),
        close: response.version == Some(0),
        ..Answer::default()
    };
    let mut framing = Framing::ToTheEnd;
    for header in response.headers.iter() {
        let value = || std::str::from_utf8(header.value).unwrap_or_default().trim();
        if header.name.eq_ignore_ascii_case("content-length") {
            framing = Framing::Length(value().parse()?);
        } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
            framing = Framing::Chunked;
        } else if header.name.eq_ignore_ascii_case("connection") {
            answer.close |= value().eq_ignore_ascii_case("close");
        } else if header
            .name
            .eq_ignore_ascii_case("x-oss-next-append-position")
        {
            answer.next_position = value().parse().ok();
        }
    }
    if head_only || matches!(answer.status, 204 | 304) {
        framing = Framing::Length(0);
    }
    Ok(Some((head_length, answer, framing)))
}

/// Passes over a chunked body; its length.
async fn skip_chunks(
    stream: &mut TcpStream,
    buffer: &mut [u8],
    from: usize,
    filled: usize,
) -> Result<u64> {
    let mut pending = buffer[from..filled].to_vec();
    let mut length = 0;
    loop {
        // One chunk's size line, then its bytes and the line end after them.
        let line = loop {
            match httparse::parse_chunk_size(&pending).map_err(|_| "bad chunk size")? {
                httparse::Status::Complete(found) => break found,
                httparse::Status::Partial => fill(stream, buffer, &mut pending).await?,
            }
        };
        let end = line.0 + line.1 as usize + 2;
        while pending.len() < end {
            fill(stream, buffer, &mut pending).await?;
        }
        pending.drain(..end);
        if line.1 == 0 {
            return Ok(length);
        }
        length += line.1;
    }
}

async fn fill(stream: &mut TcpStream, buffer: &mut [u8], pending: &mut Vec<u8>) -> Result<()> {
    let count = stream.read(buffer).await?;
    if count == 0 {
        return Err("the server closed the connection within a chunk".into());
    }
    pending.extend_from_slice(&buffer[..count]);
    Ok(())
}

/// What one connection sends, in order.
pub struct Script {
    pub heads: Vec<Vec<u8>>,
    /// Bytes after each head.
    pub body: u64,
}

/// What a run of some connections gave.
#[derive(Debug, Default, Clone)]
pub struct Run {
    /// Answered in time.
    pub requests: usize,
    /// From the first request to the last answer.
    pub seconds: f64,
    /// One for each request, in microseconds.
    pub latencies: Vec<f64>,
    /// Refusals with 409, where those are part of the game.
    pub refused: usize,
    /// Body bytes received.
    pub received: u64,
}

impl Run {
    pub fn rate(&self) -> f64 {
        self.requests as f64 / self.seconds
    }
}

/// One thread for all connections.
pub fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?)
}

/// Runs each script on a connection of its own until the time is up or one has nothing left to send. All connections
/// stand before the clock starts; what is under way at the end is awaited and counted.
pub fn run(address: SocketAddr, scripts: Vec<Script>, time: Duration) -> Result<Run> {
    run_each(
        address,
        scripts,
        time,
        &async |connection, script, stop, run| {
            for head in &script.heads {
                if stop.get() {
                    return Ok(());
                }
                let began = Instant::now();
                let answer = connection.exchange(head, script.body).await?;
                if !(200..300).contains(&answer.status) {
                    return Err(format!(
                        "{} to {}: {}",
                        answer.status,
                        first_line(head),
                        answer.refusal
                    )
                    .into());
                }
                run.latencies.push(began.elapsed().as_secs_f64() * 1e6);
                run.received += answer.length;
            }
            Ok(())
        },
    )
}

/// Clients that share one growing object: each sends at the position that its last answer named. Refusals count apart.
pub fn run_same_key(
    address: SocketAddr,
    connections: usize,
    body: u64,
    time: Duration,
    head: impl Fn(u64) -> Vec<u8>,
) -> Result<Run> {
    let scripts = (0..connections)
        .map(|_| Script {
            heads: vec![],
            body,
        })
        .collect();
    run_each(
        address,
        scripts,
        time,
        &async |connection, script, stop, run| {
            let mut position = 0;
            while !stop.get() {
                let began = Instant::now();
                let answer = connection.exchange(&head(position), script.body).await?;
                match answer.status {
                    200 => run.latencies.push(began.elapsed().as_secs_f64() * 1e6),
                    409 => run.refused += 1,
                    status => return Err(format!("{status}: {}", answer.refusal).into()),
                }
                position = answer
                    .next_position
                    .ok_or("no next position in the answer")?;
            }
            Ok(())
        },
    )
}

fn run_each(
    address: SocketAddr,
    scripts: Vec<Script>,
    time: Duration,
    client: &impl AsyncFn(&mut Connection, &Script, &Cell<bool>, &mut Run) -> Result<()>,
) -> Result<Run> {
    let limit = time + Duration::from_mins(2);
    runtime()?.block_on(async {
        let mut connections = Vec::new();
        for script in scripts {
            connections.push((Connection::open(address).await?, script));
        }
        let stop = Rc::new(Cell::new(false));
        let began = Instant::now();
        let clients = connections.into_iter().map(|(mut connection, script)| {
            let stop = Rc::clone(&stop);
            async move {
                let mut run = Run::default();
                let outcome = client(&mut connection, &script, &stop, &mut run).await;
                // Fewer clients than asked for would be another measurement.
                stop.set(true);
                outcome.map(|()| (run, began.elapsed()))
            }
        });
        let all = futures(clients);
        tokio::pin!(all);
        let outcomes = tokio::select! {
            outcomes = &mut all => outcomes,
            () = tokio::time::sleep(time) => {
                stop.set(true);
                tokio::time::timeout(limit, all).await.map_err(|_| "a request is not answered")?
            }
        };
        let mut total = Run::default();
        for outcome in outcomes {
            let (run, end) = outcome?;
            total.latencies.extend(run.latencies);
            total.refused += run.refused;
            total.received += run.received;
            total.seconds = total.seconds.max(end.as_secs_f64());
        }
        total.requests = total.latencies.len();
        Ok(total)
    })
}

/// All of them at once, on this thread.
async fn futures<T>(all: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut all: futures_util::stream::FuturesUnordered<_> = all.collect();
    let mut outcomes = Vec::new();
    while let Some(outcome) = futures_util::StreamExt::next(&mut all).await {
        outcomes.push(outcome);
    }
    outcomes
}

/// Sends the heads over some connections as fast as they go, for preparation; every answer must be a success.
pub fn prepare(
    address: SocketAddr,
    heads: Vec<Vec<u8>>,
    body: u64,
    connections: usize,
) -> Result<()> {
    if heads.is_empty() {
        return Ok(());
    }
    let queue = std::cell::RefCell::new(heads.into_iter());
    runtime()?.block_on(async {
        let clients = (0..connections).map(|_| async {
            let mut connection = Connection::open(address).await?;
            loop {
                let Some(head) = queue.borrow_mut().next() else {
                    return Result::Ok(());
                };
                let answer = connection.exchange(&head, body).await?;
                if !(200..300).contains(&answer.status) {
                    let what = first_line(&head);
                    return Err(format!("{} to {what}: {}", answer.status, answer.refusal).into());
                }
            }
        });
        futures(clients).await.into_iter().collect()
    })
}

fn first_line(head: &[u8]) -> String {
    let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
    String::from_utf8_lossy(line).into_owned()
}
