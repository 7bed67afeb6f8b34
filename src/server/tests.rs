//! The accept loop over real sockets: deadlines, limits, half-closed and refused clients, the end.

use std::time::Instant;

use axum::Router;
use axum::extract::Request as AxumRequest;
use axum::response::IntoResponse;
use http::StatusCode;
use http_body_util::BodyExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::http::idle::is_idle_timeout;

/// Answers by path: what a body held, a long body, the connection, or nothing for a while.
async fn behave(request: AxumRequest) -> axum::response::Response {
    match request.uri().path() {
        "/count" => match request.into_body().collect().await {
            Ok(body) => body.to_bytes().len().to_string().into_response(),
            Err(error) if is_idle_timeout(&error) => {
                (StatusCode::BAD_REQUEST, "idle").into_response()
            }
            Err(_) => (StatusCode::BAD_REQUEST, "broken").into_response(),
        },
        "/refuse" => StatusCode::FORBIDDEN.into_response(),
        "/long" => Body::from(vec![b'x'; 64 * 1024 * 1024]).into_response(),
        "/info" => format!("{:?}", request.extensions().get::<ConnectionInfo>()).into_response(),
        "/slow" => {
            sleep(Duration::from_millis(300)).await;
            "late".into_response()
        }
        "/stuck" => std::future::pending().await,
        _ => "ok".into_response(),
    }
}

fn quick() -> Config {
    let mut config = Config {
        memory: true,
        ..Config::default()
    };
    config.listen.set_port(0);
    config.limits.header_seconds = 1;
    config.limits.keep_alive_seconds = 2;
    config.limits.idle_body_seconds = 1;
    config.limits.shutdown_seconds = 1;
    config
}

async fn started(config: &Config) -> Server {
    let listeners = Listeners::bind(config).await.unwrap();
    Server::start(listeners, config, Router::new().fallback(behave)).unwrap()
}

async fn connected(server: &Server) -> TcpStream {
    TcpStream::connect(server.address()).await.unwrap()
}

/// Everything until the server closes; a reset counts as nothing more.
async fn rest(client: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let mut chunk = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = client.read(&mut chunk).await {
        answer.extend_from_slice(&chunk[..read]);
    }
    String::from_utf8(answer).unwrap()
}

/// One answer with a `Content-Length`, leaving the connection open.
async fn one(client: &mut TcpStream) -> String {
    let mut answer = String::new();
    let mut byte = [0];
    while !answer.ends_with("\r\n\r\n") {
        assert_eq!(
            client.read(&mut byte).await.unwrap(),
            1,
            "closed after {answer:?}"
        );
        answer.push(char::from(byte[0]));
    }
    let length = answer
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    client.read_exact(&mut body).await.unwrap();
    answer + &String::from_utf8(body).unwrap()
}

fn seconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64()
}

#[tokio::test]
async fn requests_know_their_connection() {
    let server = started(&quick()).await;
    let mut client = connected(&server).await;
    client
        .write_all(b"GET /info HTTP/1.1\r\nHost: h\r\n\r\n")
        .await
        .unwrap();
    let answer = one(&mut client).await;
    let peer = client.local_addr().unwrap();
    let expected = ConnectionInfo {
        peer,
        local: server.address(),
        secure: false,
    };
    assert!(
        answer.ends_with(&format!("{:?}", Some(expected))),
        "{answer}"
    );
    server.stop().await;
}

#[tokio::test]
async fn slow_headers_are_cut() {
    let server = started(&quick()).await;
    let since = Instant::now();
    let silent = async {
        let mut client = connected(&server).await;
        (rest(&mut client).await, seconds(since))
    };
    let dripping = async {
        let mut client = connected(&server).await;
        let (mut read, mut write) = client.split();
        let drip = async {
            for byte in b"GET / HTTP/1.1\r\nHost: a-very-long-name-that-comes-byte-by-byte\r\n\r\n"
            {
                if write.write_all(&[*byte]).await.is_err() {
                    break;
                }
                sleep(Duration::from_millis(50)).await;
            }
        };
        let mut chunk = [0; 100];
        let ended = async { matches!(read.read(&mut chunk).await, Ok(0) | Err(_)) };
        tokio::select! {
            () = drip => panic!("a header took {} seconds", seconds(since)),
            ended = ended => (ended, seconds(since)),
        }
    };
    let ((answer, silent), (closed, dripped)) = tokio::join!(silent, dripping);
    assert_eq!(answer, "");
    assert!(closed);
    assert!((0.9..1.6).contains(&silent), "silent client: {silent}");
    assert!((0.9..1.6).contains(&dripped), "dripping client: {dripped}");
    server.stop().await;
}

#[tokio::test]
async fn a_pause_between_requests_may_be_longer_than_a_header() {
    let server = started(&quick()).await;
    let mut client = connected(&server).await;
    for _ in 0..2 {
        client
            .write_all(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            .await
            .unwrap();
        assert!(one(&mut client).await.ends_with("ok"));
        sleep(Duration::from_millis(1400)).await;
    }
    let since = Instant::now();
    assert_eq!(rest(&mut client).await, "");
    let waited = seconds(since);
    assert!(
        (0.3..1.2).contains(&waited),
        "closed {waited} s after the pause of 1.4 s"
    );

    // Once it has begun, the next header has the header's time again.
    let mut client = connected(&server).await;
    client
        .write_all(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        .await
        .unwrap();
    assert!(one(&mut client).await.ends_with("ok"));
    client.write_all(b"GET").await.unwrap();
    let since = Instant::now();
    assert_eq!(rest(&mut client).await, "");
    let waited = seconds(since);
    assert!(
        (0.9..1.6).contains(&waited),
        "second header cut after {waited}"
    );
    server.stop().await;
}

#[tokio::test]
async fn silent_bodies_get_an_answer() {
    let server = started(&quick()).await;
    let mut client = connected(&server).await;
    let since = Instant::now();
    client
        .write_all(b"PUT /count HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n12345")
        .await
        .unwrap();
    let answer = rest(&mut client).await;
    let waited = seconds(since);
    assert!(
        answer.starts_with("HTTP/1.1 400 ") && answer.ends_with("idle"),
        "{answer}"
    );
    assert!(answer.contains("connection: close\r\n"), "{answer}");
    assert!(waited < 1.8 + LINGER, "{waited}");
    server.stop().await;
}

/// A client that keeps its side open costs this much after a refused body.
const LINGER: f64 = 1.2;

#[tokio::test]
async fn a_client_that_closes_its_half_early_is_told_why() {
    let server = started(&quick()).await;
    let mut client = connected(&server).await;
    client
        .write_all(b"PUT /count HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n12345")
        .await
        .unwrap();
    client.shutdown().await.unwrap();
    let answer = rest(&mut client).await;
    assert!(
        answer.starts_with("HTTP/1.1 400 ") && answer.ends_with("broken"),
        "{answer}"
    );
    server.stop().await;
}

#[tokio::test]
async fn a_client_that_closes_its_half_after_its_request_gets_the_answer() {
    let server = started(&quick()).await;
    let mut client = connected(&server).await;
    client
        .write_all(b"PUT /count HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n12345")
        .await
        .unwrap();
    client.shutdown().await.unwrap();
    let since = Instant::now();
    let answer = rest(&mut client).await;
    assert!(
        answer.starts_with("HTTP/1.1 200 ") && answer.ends_with('5'),
        "{answer}"
    );
    assert!(seconds(since) < 0.5, "the connection must not linger");
    server.stop().await;
}

#[tokio::test]
async fn a_refused_small_body_keeps_the_connection() {
    let server = started(&quick()).await;
    let mut client = connected(&server).await;
    for _ in 0..3 {
        client
            .write_all(b"PUT /refuse HTTP/1.1\r\nHost: h\r\nContent-Length: 40000\r\n\r\n")
            .await
            .unwrap();
        client.write_all(&vec![b'x'; 40_000]).await.unwrap();
        let answer = one(&mut client).await;
        assert!(
            answer.starts_with("HTTP/1.1 403 ") && !answer.contains("connection: close"),
            "{answer}"
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn a_refused_large_body_is_answered_although_it_is_not_read() {
    let server = started(&quick()).await;
    let mut client = connected(&server).await;
    let length = 32 * 1024 * 1024;
    let head = format!("PUT /refuse HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\n\r\n");
    client.write_all(head.as_bytes()).await.unwrap();
    // As clients do that look for the answer only after sending everything.
    client
        .write_all(&vec![b'x'; length])
        .await
        .expect("the server reads on until the client is done");
    let answer = rest(&mut client).await;
    assert!(
        answer.starts_with("HTTP/1.1 403 ") && answer.contains("connection: close\r\n"),
        "{answer}"
    );
    server.stop().await;
}

#[tokio::test]
async fn a_body_that_waits_for_leave_is_not_called_for_when_it_is_refused() {
    let server = started(&quick()).await;
    let mut client = connected(&server).await;
    client
        .write_all(b"PUT /refuse HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n")
        .await
        .unwrap();
    let answer = rest(&mut client).await;
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");

    let mut client = connected(&server).await;
    client
        .write_all(
            b"PUT /count HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n",
        )
        .await
        .unwrap();
    let mut leave = [0; 25];
    client.read_exact(&mut leave).await.unwrap();
    assert_eq!(&leave, b"HTTP/1.1 100 Continue\r\n\r\n");
    client.write_all(b"12").await.unwrap();
    assert!(one(&mut client).await.ends_with('2'));
    server.stop().await;
}

#[tokio::test]
async fn a_client_that_stops_reading_is_cut() {
    let server = started(&quick()).await;
    let mut client = connected(&server).await;
    client
        .write_all(b"GET /long HTTP/1.1\r\nHost: h\r\n\r\n")
        .await
        .unwrap();
    sleep(Duration::from_millis(2500)).await;
    let answer = rest(&mut client).await;
    assert!(answer.starts_with("HTTP/1.1 200 "));
    assert!(
        answer.len() < 64 * 1024 * 1024,
        "the rest was not sent after the stall"
    );
    server.stop().await;
}

#[tokio::test]
async fn oversized_headers_are_refused_by_the_parser_as_a_last_resort() {
    let server = started(&quick()).await;
    let mut client = connected(&server).await;
    let head = format!(
        "GET / HTTP/1.1\r\nHost: h\r\nX: {}\r\n\r\n",
        "x".repeat(1024 * 1024)
    );
    client
        .write_all(head.as_bytes())
        .await
        .expect("the server reads on until the client is done");
    let answer = rest(&mut client).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");

    let mut client = connected(&server).await;
    let head = format!(
        "GET / HTTP/1.1\r\nHost: h\r\n{}\r\n",
        "X: x\r\n".repeat(500)
    );
    client.write_all(head.as_bytes()).await.unwrap();
    let answer = rest(&mut client).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");

    // What dispatch refuses must reach dispatch: 32 KiB and 100 lines, and a little beyond.
    let mut client = connected(&server).await;
    let lines = "X: x\r\n".repeat(110);
    let head = format!(
        "GET / HTTP/1.1\r\nHost: h\r\n{lines}Y: {}\r\n\r\n",
        "x".repeat(40_000)
    );
    client.write_all(head.as_bytes()).await.unwrap();
    assert!(one(&mut client).await.starts_with("HTTP/1.1 200 "));
    server.stop().await;
}

#[tokio::test]
async fn clients_beyond_the_limit_wait() {
    let mut config = quick();
    config.limits.connections = 2;
    config.limits.header_seconds = 30;
    let server = started(&config).await;
    let first = connected(&server).await;
    let _second = connected(&server).await;
    let mut third = connected(&server).await;
    third
        .write_all(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        .await
        .unwrap();
    let mut byte = [0];
    let early = timeout(Duration::from_millis(300), third.read(&mut byte)).await;
    assert!(
        early.is_err(),
        "no answer while two connections are open: {early:?}"
    );
    drop(first);
    assert!(one(&mut third).await.ends_with("ok"));
    server.stop().await;
}

#[tokio::test]
async fn stopping_lets_requests_finish_and_closes_idle_connections() {
    let server = started(&quick()).await;
    let address = server.address();
    let mut idle = connected(&server).await;
    idle.write_all(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        .await
        .unwrap();
    one(&mut idle).await;
    let mut busy = connected(&server).await;
    busy.write_all(b"GET /slow HTTP/1.1\r\nHost: h\r\n\r\n")
        .await
        .unwrap();
    sleep(Duration::from_millis(100)).await;
    let since = Instant::now();
    let (answer, rest, ()) = tokio::join!(one(&mut busy), rest(&mut idle), server.stop());
    assert!(answer.ends_with("late"), "{answer}");
    assert!(answer.contains("connection: close\r\n"), "{answer}");
    assert_eq!(rest, "");
    assert!(seconds(since) < 0.9, "nothing was left to wait for");
    assert!(
        TcpStream::connect(address).await.is_err(),
        "nobody listens any more"
    );
}

#[tokio::test]
async fn stopping_does_not_wait_for_ever() {
    let server = started(&quick()).await;
    let mut stuck = connected(&server).await;
    stuck
        .write_all(b"GET /stuck HTTP/1.1\r\nHost: h\r\n\r\n")
        .await
        .unwrap();
    sleep(Duration::from_millis(100)).await;
    let since = Instant::now();
    server.stop().await;
    assert!((0.9..1.8).contains(&seconds(since)));
    assert_eq!(rest(&mut stuck).await, "");
}

#[tokio::test]
async fn a_taken_address_is_named() {
    let mut config = quick();
    let server = started(&config).await;
    config.listen = server.address();
    let error = Listeners::bind(&config)
        .await
        .expect_err("taken")
        .to_string();
    assert!(
        error.starts_with(&format!(
            "cannot listen on {}: Address already in use",
            config.listen
        )),
        "{error}"
    );
    server.stop().await;
}

#[tokio::test]
async fn the_port_file_holds_the_real_port() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = quick();
    config.port_file = Some(dir.path().join("port"));
    let server = started(&config).await;
    let text = std::fs::read_to_string(dir.path().join("port")).unwrap();
    assert_eq!(text, format!("{}\n", server.address().port()));
    assert_eq!(
        std::fs::read_dir(dir.path()).unwrap().count(),
        1,
        "nothing is left beside it"
    );
    server.stop().await;
}
