//! What hostile and broken clients send: slow, oversized, contradictory, traversing, injecting, exploding. Each gets its answer or its
//! connection closed, and the server goes on serving everybody else within bounded memory.

use std::time::{Duration, Instant};

use crate::support::client::{Client, Connection, Response};
use crate::support::digest::md5_base64;
use crate::support::fixture::Bucket;
use crate::support::server::{Server, Settings, shared};
use crate::support::wait_for;

/// The server answers an ordinary request soon.
fn assert_alive(client: &Client) {
    assert_alive_within(client, Duration::from_secs(5));
}

fn assert_alive_within(client: &Client, limit: Duration) {
    let begun = Instant::now();
    client
        .service("GET")
        .param("max-keys", 1)
        .send()
        .expect(200);
    assert!(
        begun.elapsed() < limit,
        "alive but slow: {:?}",
        begun.elapsed()
    );
}

/// Sends raw bytes and returns the answer, or `None` when the connection was just closed.
fn exchange(client: &Client, bytes: &[u8]) -> Option<Response> {
    let mut connection = client.connect();
    // The server may refuse and close before everything is written.
    let _ = connection.send(bytes);
    connection.read_answer("GET").ok()
}

/// The whole request head that a signed GET of `key` would have, with more header lines.
fn signed_get(bucket: &Bucket, key: &str, more: &str) -> Vec<u8> {
    let (head, _) = bucket.get(key).encode();
    let head = String::from_utf8(head).expect("a text");
    let head = head.strip_suffix("\r\n").expect("an empty line");
    format!("{head}{more}\r\n").into_bytes()
}

/// A head that does not end is cut off at the configured time, and others are served meanwhile.
#[test]
fn slow_header() {
    let server = Server::start(Settings {
        config: "[limits]\nheader_seconds = 1\n".into(),
        ..Settings::default()
    });
    let client = server.client();
    let begun = Instant::now();
    let mut silent = client.connect();
    let mut half = client.connect();
    half.send(b"GET / HTTP/1.1\r\nHost: loc").unwrap();
    let mut dripping = client.connect();
    dripping.send(b"GET / HTTP/1.1\r\n").unwrap();
    let drip = std::thread::spawn(move || {
        // A byte now and then must not buy more time.
        while begun.elapsed() < Duration::from_secs(12) && dripping.send(b"X").is_ok() {
            std::thread::sleep(Duration::from_millis(100));
        }
        begun.elapsed()
    });
    assert_alive(&client);
    let rest = half.read_to_close().expect("a close");
    let waited = begun.elapsed();
    assert!(
        waited > Duration::from_millis(700) && waited < Duration::from_secs(5),
        "half a head lived {waited:?}"
    );
    assert!(
        rest.is_empty() || rest.starts_with(b"HTTP/1.1 4"),
        "{:?}",
        String::from_utf8_lossy(&rest)
    );
    let dripped = drip.join().expect("the dripping client");
    assert!(
        dripped < Duration::from_secs(6),
        "a dripping head lived {dripped:?}"
    );
    // A connection that never says anything is not the concern of the header deadline alone; it must not live for ever either.
    drop(silent.send(b"\r\n"));
    assert_alive(&client);
}

/// A body that stalls is given up; one that trickles is not.
#[test]
fn slow_body() {
    let server = Server::start(Settings {
        config: "[limits]\nidle_body_seconds = 1\n".into(),
        ..Settings::default()
    });
    let bucket = Bucket::new(&server);
    let (head, body) = bucket.put("stalled", "0123456789").encode();
    let mut stalled = bucket.client.connect();
    stalled.send(&head).unwrap();
    stalled.send(&body[..4]).unwrap();
    let begun = Instant::now();

    let (head, body) = bucket.put("trickling", "0123456789").encode();
    let mut trickling = bucket.client.connect();
    trickling.send(&head).unwrap();
    for byte in body.chunks(1) {
        std::thread::sleep(Duration::from_millis(200));
        trickling.send(byte).unwrap();
    }
    assert!(begun.elapsed() > Duration::from_millis(1500));
    trickling.read_answer("PUT").expect("an answer").expect(200);
    assert_eq!(
        bucket.get("trickling").send().expect(200).body,
        b"0123456789"
    );

    match stalled.read_answer("PUT") {
        Ok(answer) => drop(answer.refused(400, "RequestTimeout")),
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof, "{error}"),
    }
    assert!(begun.elapsed() < Duration::from_secs(7));
    bucket.assert_absent("stalled");
}

/// 32 KiB of head and a hundred header lines are the limits.
#[test]
fn oversized_heads() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket.put("k", "x").send().expect(200);
    let padding = |bytes: usize| format!("X-Padding: {}\r\n", "p".repeat(bytes));
    let lines = |count: usize| {
        (0..count)
            .map(|index| format!("X-Line-{index}: 1\r\n"))
            .collect::<String>()
    };
    for fine in [padding(24 * 1024), lines(80)] {
        let answer = exchange(&bucket.client, &signed_get(&bucket, "k", &fine)).expect("an answer");
        answer.expect(200);
    }
    for (name, bad) in [
        ("33 KiB in one header", padding(33 * 1024)),
        ("33 KiB in many", padding(1024).repeat(33)),
        ("120 headers", lines(120)),
        ("4 MiB", padding(4 * 1024 * 1024)),
        ("20000 headers", lines(20_000)),
    ] {
        if let Some(answer) = exchange(&bucket.client, &signed_get(&bucket, "k", &bad)) {
            assert!(matches!(answer.status, 400 | 431), "{name}: {answer:?}");
        }
        assert_alive(&bucket.client);
    }
    let long_target = format!(
        "GET /{}/{} HTTP/1.1\r\nHost: x\r\n\r\n",
        bucket.name,
        "k".repeat(70_000)
    );
    if let Some(answer) = exchange(&bucket.client, long_target.as_bytes()) {
        assert!(matches!(answer.status, 400 | 414 | 431), "{answer:?}");
    }
    assert_alive(&bucket.client);
}

/// Lengths that are none, hosts that are two or none, and bodies framed twice: refused, and the connection is not used on.
#[test]
fn contradictory_heads() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let (head, _) = bucket.put("k", "x").no_length().encode();
    let head = String::from_utf8(head).expect("a text");
    let put = |lines: &str, body: &str| {
        let head = head.strip_suffix("\r\n").expect("an empty line");
        format!("{head}{lines}\r\n{body}")
    };
    let hosts = |host: &str| format!("GET /{}/k HTTP/1.1\r\n{host}\r\n", bucket.name);
    // What would follow if the server saw another end of the body than we do.
    let smuggled = format!(
        "x\r\nGET /{}/smuggled HTTP/1.1\r\nHost: x\r\n\r\n",
        bucket.name
    );
    let cases = [
        ("length abc", put("Content-Length: abc\r\n", "x")),
        ("length -1", put("Content-Length: -1\r\n", "x")),
        ("length +1", put("Content-Length: +1\r\n", "x")),
        ("length 1.0", put("Content-Length: 1.0\r\n", "x")),
        ("length empty", put("Content-Length: \r\n", "x")),
        (
            "length too large",
            put("Content-Length: 99999999999999999999999\r\n", "x"),
        ),
        (
            "two lengths",
            put("Content-Length: 1\r\nContent-Length: 2\r\n", "xy"),
        ),
        ("a list of lengths", put("Content-Length: 1, 2\r\n", "xy")),
        (
            "length beside chunks",
            put(
                "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
                &format!("1\r\nx\r\n0\r\n\r\n{smuggled}"),
            ),
        ),
        (
            "chunks beside length",
            put(
                "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
                &format!("0\r\n\r\n{smuggled}"),
            ),
        ),
        (
            "chunked not last",
            put("Transfer-Encoding: chunked, gzip\r\n", "0\r\n\r\n"),
        ),
        (
            "unknown coding",
            put("Transfer-Encoding: rot13\r\n", "0\r\n\r\n"),
        ),
        (
            "chunked twice",
            put(
                "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
                "0\r\n\r\n",
            ),
        ),
        ("blank before the colon", put("Content-Length : 1\r\n", "x")),
        (
            "folded header",
            put("X-A: b\r\n c\r\nContent-Length: 1\r\n", "x"),
        ),
        (
            "NUL in a value",
            put("x-oss-meta-a: b\0c\r\nContent-Length: 1\r\n", "x"),
        ),
        (
            "bare CR in a value",
            put(
                "x-oss-meta-a: b\rX-Injected: 1\r\nContent-Length: 1\r\n",
                "x",
            ),
        ),
        ("two hosts", hosts("Host: a\r\nHost: b\r\n")),
        ("the same host twice", hosts("Host: a\r\nHost: a\r\n")),
        ("no host", hosts("")),
        ("an empty host", hosts("Host: \r\n")),
        ("no version", format!("GET /{}/k\r\n\r\n", bucket.name)),
        (
            "another version",
            format!("GET /{}/k HTTP/3.0\r\nHost: x\r\n\r\n", bucket.name),
        ),
        (
            "not HTTP",
            String::from("\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}\u{fc}\r\n\r\n"),
        ),
    ];
    for (name, bytes) in cases {
        let mut connection = bucket.client.connect();
        let _ = connection.send(bytes.as_bytes());
        if let Ok(answer) = connection.read_answer("GET") {
            assert!(
                matches!(answer.status, 400 | 411 | 501 | 505),
                "{name}: {answer:?}"
            );
            let rest = connection
                .read_to_close()
                .unwrap_or_else(|error| panic!("{name}: still open: {error}"));
            assert!(
                !rest.starts_with(b"HTTP/1.1 2"),
                "{name}: went on with {:?}",
                String::from_utf8_lossy(&rest)
            );
        }
    }
    bucket.assert_absent("k");
    assert_alive(&bucket.client);
}

/// ali-oss sends `Content-Length` beside chunks when a caller names a stream's length (its suite: `should add object with
/// readstream`). Served when signed and when both say the same, and the connection ends there.
#[test]
fn two_framings_that_agree() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let (head, _) = bucket.put("k", "x").no_length().encode();
    let head = String::from_utf8(head).expect("a text");
    let head = head.strip_suffix("\r\n").expect("an empty line");
    let hidden = format!("GET /{}/k HTTP/1.1\r\nHost: x\r\n\r\n", bucket.name);
    for lines in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
    ] {
        let mut connection = bucket.client.connect();
        let bytes = format!("{head}{lines}\r\n5\r\nhello\r\n0\r\n\r\n{hidden}");
        connection.send(bytes.as_bytes()).expect("sending");
        connection
            .read_answer("PUT")
            .expect("an answer")
            .expect(200);
        let rest = connection.read_to_close().expect("a close");
        assert!(rest.is_empty(), "{:?}", String::from_utf8_lossy(&rest));
        bucket.assert_holds("k", "Normal", b"hello");
    }
    // Unsigned, it is refused before anything else is looked at.
    let mut connection = bucket.client.connect();
    let bytes = format!(
        "PUT /{}/other HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
        bucket.name
    );
    connection.send(bytes.as_bytes()).expect("sending");
    let answer = connection.read_answer("PUT").expect("an answer");
    assert_eq!((answer.status, answer.code().as_str()), (400, "BadRequest"));
    bucket.assert_absent("other");
}

/// Two requests in one packet are answered in order; an error leaves the connection usable; a HEAD leaves no body behind.
#[test]
fn connections_are_reused() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket.put("a", "first").send().expect(200);
    bucket.put("b", "second").send().expect(200);
    let mut connection = bucket.client.connect();
    let mut both = signed_get(&bucket, "a", "");
    both.extend(signed_get(&bucket, "b", ""));
    connection.send(&both).unwrap();
    assert_eq!(
        connection.read_answer("GET").unwrap().expect(200).body,
        b"first"
    );
    assert_eq!(
        connection.read_answer("GET").unwrap().expect(200).body,
        b"second"
    );
    for _ in 0..3 {
        bucket
            .get("missing")
            .send_on(&mut connection)
            .refused(404, "NoSuchKey");
        bucket
            .head("missing")
            .send_on(&mut connection)
            .refused(404, "NoSuchKey");
        bucket.head("a").send_on(&mut connection).expect(200);
        bucket
            .get("a")
            .header("If-None-Match", "*")
            .send_on(&mut connection);
        bucket
            .append("a", 0, "x")
            .send_on(&mut connection)
            .refused(409, "ObjectNotAppendable");
        bucket
            .delete("missing")
            .send_on(&mut connection)
            .expect(204);
    }
    let wrong = bucket.client.with_key("ossicle", "wrong");
    bucket
        .put("c", vec![b'x'; 10_000])
        .by(&wrong)
        .send_on(&mut connection)
        .refused(403, "SignatureDoesNotMatch");
    assert_eq!(bucket.get("b").send().expect(200).body, b"second");
}

/// Bodies where none is expected, bytes after a body, and the older protocol: nothing of it shifts the next request.
#[test]
fn odd_bodies_keep_requests_apart() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket.put("k", "hello").send().expect(200);
    let mut connection = bucket.client.connect();
    for method in ["GET", "HEAD", "DELETE"] {
        for _ in 0..2 {
            let key = if method == "DELETE" { "other" } else { "k" };
            let answer = bucket
                .object(method, key)
                .body("GET /smuggled HTTP/1.1\r\n\r\n")
                .send_on(&mut connection);
            assert!(matches!(answer.status, 200 | 204), "{method}: {answer:?}");
        }
    }
    assert_eq!(
        bucket.get("k").send_on(&mut connection).expect(200).body,
        b"hello"
    );

    // One byte more than announced is the beginning of a request that is none.
    let (mut bytes, body) = bucket.put("more", "12345").claim_length(4).encode();
    bytes.extend(body);
    let mut connection = bucket.client.connect();
    connection.send(&bytes).unwrap();
    connection.read_answer("PUT").unwrap().expect(200);
    connection.half_close();
    let rest = connection.read_to_close().expect("a close");
    assert!(
        rest.is_empty() || rest.starts_with(b"HTTP/1.1 400"),
        "{:?}",
        String::from_utf8_lossy(&rest)
    );
    assert_eq!(bucket.get("more").send().expect(200).body, b"1234");

    let old = String::from_utf8(bucket.get("k").encode().0)
        .expect("a text")
        .replace(" HTTP/1.1", " HTTP/1.0");
    let mut connection = bucket.client.connect();
    connection.send(old.as_bytes()).unwrap();
    let answer = connection.read_to_close().expect("a close");
    let text = String::from_utf8_lossy(&answer);
    assert!(
        text.starts_with("HTTP/1.") && text.contains(" 200 OK") && text.ends_with("hello"),
        "{text}"
    );
}

/// Clients that ask for much and read nothing cost the server neither memory nor, after a while, a connection.
#[test]
fn slow_readers() {
    let config = "[limits]\nidle_body_seconds = 1\nconnections = 40\n";
    let server = Server::start(Settings {
        config: config.into(),
        ..Settings::default()
    });
    let bucket = Bucket::new(&server);
    let body = vec![b'x'; 16_000_000];
    bucket.put("big", &body).send().expect(200);
    let before = peak_kib(server.pid());
    let (head, _) = bucket.get("big").encode();
    let asleep: Vec<Connection> = (0..40)
        .map(|_| {
            let mut connection = bucket.client.connect();
            connection.send(&head).unwrap();
            connection
        })
        .collect();
    // All connections are taken; only the deadline frees them.
    let begun = Instant::now();
    assert_alive_within(&bucket.client, Duration::from_secs(15));
    let grown = peak_kib(server.pid()).saturating_sub(before);
    assert!(
        grown < 200 * 1024,
        "40 readers of 16 MB that do not read cost {grown} KiB"
    );
    assert!(begun.elapsed() < Duration::from_secs(15));
    drop(asleep);
}

/// A refused upload of any size gets its error, not a reset that hides it.
#[test]
fn refused_uploads_hear_why() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let wrong = bucket.client.with_key("ossicle", "wrong");
    for size in [0, 1, 100_000, 4_000_000] {
        bucket
            .put("k", vec![b'x'; size])
            .by(&wrong)
            .send()
            .refused(403, "SignatureDoesNotMatch");
        bucket
            .append("k", 7, vec![b'x'; size])
            .send()
            .refused(409, "PositionNotEqualToLength");
    }
    bucket.assert_absent("k");
}

/// Keys that look like paths are keys: each holds its own bytes, is listed as it is, and reaches no file.
#[test]
fn traversal_keys() {
    let server = Server::start(Settings {
        on_disk: true,
        ..Settings::default()
    });
    let bucket = Bucket::new(&server);
    let marker = format!("ossicle-it-escape-{}", std::process::id());
    let escape = format!("../../../../../../../../../../../../tmp/{marker}");
    let keys = [
        "a/../b",
        "a/./b",
        "..",
        ".",
        "../x",
        "a//b",
        "a/b/",
        "..\\..\\x",
        "C:\\x",
        "LOCK",
        "wal/00000001.wal",
        "./",
        "a/..",
        "con",
        "~root",
        "*",
        "%2e%2e/x",
        escape.as_str(),
    ];
    for key in keys {
        bucket.put(key, format!("put {key}")).send().expect(200);
    }
    for key in keys {
        assert_eq!(
            bucket.get(key).send().expect(200).body,
            format!("put {key}").as_bytes()
        );
        bucket
            .append(&format!("{key}+"), 0, "appended")
            .send()
            .expect(200);
    }
    // The same key, escaped as an attacker would: dots and slashes percent-encoded are the same dots and slashes.
    let raw = |target: String| bucket.get("a/../b").target(&target).send();
    assert_eq!(
        raw(format!("/{}/a%2F%2e%2E%2fb", bucket.name))
            .expect(200)
            .body,
        b"put a/../b"
    );
    assert_eq!(
        raw(format!("/{}/a/../b", bucket.name)).expect(200).body,
        b"put a/../b"
    );
    let listed = bucket
        .ask("GET")
        .param("max-keys", 1000)
        .send()
        .expect(200)
        .xml();
    let mut names: Vec<&str> = listed
        .all("Contents")
        .map(|entry| entry.text_at("Key"))
        .filter(|key| !key.ends_with('+'))
        .collect();
    let mut expected = keys.to_vec();
    names.sort_unstable();
    expected.sort_unstable();
    assert_eq!(names, expected);
    assert!(
        !std::path::Path::new("/tmp")
            .join(&marker)
            .try_exists()
            .expect("a readable /tmp"),
        "a key became a file"
    );
    for entry in walk(&server.data()) {
        assert!(
            !entry.contains("escape") && !entry.contains(&bucket.name),
            "{entry} is named after a key or bucket"
        );
    }
    // Escaping the bucket does not work either.
    bucket
        .get("x")
        .target(&format!("/{}/../{}/a%2F..%2Fb", bucket.name, bucket.name))
        .send()
        .refused(403, "SignatureDoesNotMatch");
}

fn walk(folder: &std::path::Path) -> Vec<String> {
    let mut names = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).expect("a readable folder") {
            let path = entry.expect("an entry").path();
            names.push(path.to_string_lossy().into_owned());
            if path.is_dir() {
                open.push(path);
            }
        }
    }
    names
}

/// Keys with bytes that are no text: escapes that are none, NUL, invalid UTF-8.
#[test]
fn unreadable_keys() {
    let server = shared();
    let bucket = Bucket::new(&server);
    // Not UTF-8, whatever was signed.
    for (path, signed_key) in [
        ("%ff", "\u{fffd}"),
        ("a%c3", "a"),
        ("%ed%a0%80", "\u{fffd}"),
    ] {
        for method in ["GET", "PUT", "HEAD", "DELETE"] {
            let answer = bucket
                .object(method, signed_key)
                .target(&format!("/{}/{path}", bucket.name))
                .send();
            assert!(
                matches!(answer.status, 400 | 403),
                "{method} {path}: {answer:?}"
            );
        }
    }
    // An escape that is none is refused or means itself; it never turns into another key.
    for path in ["%zz", "%", "a%2", "%%30"] {
        let put = bucket
            .put(path, path)
            .target(&format!("/{}/{path}", bucket.name))
            .send();
        assert!(matches!(put.status, 200 | 400 | 403), "{path}: {put:?}");
        if put.status == 200 {
            assert_eq!(bucket.get(path).send().expect(200).body, path.as_bytes());
            bucket.delete(path).send().expect(204);
        }
    }
    let listed = bucket.ask("GET").send().expect(200).xml();
    assert_eq!(listed.all("Contents").count(), 0);
    // NUL is a character like others or no key at all, but never the end of a key.
    let answer = bucket.put("a\0b", "nul").send();
    if answer.status == 200 {
        assert_eq!(bucket.get("a\0b").send().expect(200).body, b"nul");
    } else {
        answer.refused(400, "InvalidObjectName");
    }
    bucket.assert_absent("a");
    for query in ["?prefix=%ff", "?prefix=%zz", "?%zz", "?a=%"] {
        let answer = bucket
            .ask("GET")
            .target(&format!("/{}/{query}", bucket.name))
            .send();
        assert!(matches!(answer.status, 400 | 403), "{query}: {answer:?}");
    }
    assert_alive(&bucket.client);
}

/// Line breaks in values that come back as headers do not make headers.
#[test]
fn header_injection() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket.put("k", "x").send().expect(200);
    let evil = "text/html\r\nX-Injected: 1\r\n\r\n<script>";
    for name in [
        "response-content-type",
        "response-cache-control",
        "response-content-disposition",
        "response-expires",
    ] {
        let answer = bucket.get("k").param(name, evil).send();
        assert_eq!(answer.header("x-injected"), None, "{name}: {answer:?}");
        assert_eq!(answer.status, 400, "{name}: {answer:?}");
    }
    let answer = bucket
        .get("k\r\nX-Injected: 1")
        .send()
        .refused(404, "NoSuchKey");
    assert_eq!(answer.header("x-injected"), None);
    let tagged = bucket
        .put("t", "x")
        .header("x-oss-tagging", "a=b%0d%0aX-Injected:1")
        .send();
    assert_eq!(tagged.header("x-injected"), None);
    // Markup in keys and parameters is text in the answer.
    let answer = bucket.get("<Code>&\"'").send().refused(404, "NoSuchKey");
    assert_eq!(answer.error_text("Key"), "<Code>&\"'");
    let listed = bucket
        .ask("GET")
        .param("prefix", "<a>&")
        .send()
        .expect(200)
        .xml();
    assert_eq!(listed.text_at("Prefix"), "<a>&");
    assert_alive(&bucket.client);
}

/// Documents that expand, nest, or never end, for each operation that reads one.
#[test]
fn xml_bombs() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket.put("k", "x").send().expect(200);
    let laughs: String = (1..12)
        .map(|level| {
            format!(
                "<!ENTITY l{level} \"{}\">",
                format!("&l{};", level - 1).repeat(10)
            )
        })
        .collect();
    let bomb = |root: &str, inner: &str| {
        format!(
            "<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY l0 \"lol\">{laughs}]><{root}>{inner}</{root}>"
        )
    };
    let deep = |root: &str, levels: usize| {
        format!(
            "<{root}>{}{}</{root}>",
            "<a>".repeat(levels),
            "</a>".repeat(levels)
        )
    };
    let delete = |document: String| {
        let digest = md5_base64(document.as_bytes());
        bucket
            .ask("POST")
            .flag("delete")
            .header("Content-MD5", digest)
            .body(document)
            .send()
    };
    let object = "<Object><Key>k</Key></Object>";
    let documents = [
        (
            "laughs",
            bomb("Delete", "<Object><Key>&l11;</Key></Object>"),
        ),
        ("entity", bomb("Delete", "<Object><Key>&l0;</Key></Object>")),
        (
            "an external entity",
            format!(
                "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><Delete>{object}<Object><Key>&e;</Key></Object></Delete>"
            ),
        ),
        (
            "a doctype alone",
            format!("<!DOCTYPE Delete><Delete>{object}</Delete>"),
        ),
        (
            "an undefined entity",
            format!("<Delete>{object}<Object><Key>&nope;</Key></Object></Delete>"),
        ),
        ("depth", deep("Delete", 100_000)),
        (
            "attributes",
            format!(
                "<Delete {}>{object}</Delete>",
                (0..50_000)
                    .map(|index| format!("a{index}=\"1\" "))
                    .collect::<String>()
            ),
        ),
        ("unclosed", format!("<Delete>{object}")),
        ("two roots", format!("<Delete>{object}</Delete><Delete/>")),
        ("not XML", String::from("{\"Delete\": []}")),
        ("empty", String::new()),
        ("another root", format!("<Remove>{object}</Remove>")),
        ("no objects", String::from("<Delete></Delete>")),
        (
            "1001 keys",
            format!("<Delete>{}</Delete>", object.repeat(1001)),
        ),
        (
            "over 2 MiB",
            format!(
                "<Delete>{object}<!--{}--></Delete>",
                "x".repeat(2 * 1024 * 1024)
            ),
        ),
    ];
    let begun = Instant::now();
    for (name, document) in documents {
        let answer = delete(document);
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "MalformedXML"),
            "{name}: {answer:?}"
        );
    }
    assert!(
        begun.elapsed() < Duration::from_secs(20),
        "bombs burn for {:?}",
        begun.elapsed()
    );
    assert_eq!(
        bucket.get("k").send().expect(200).body,
        b"x",
        "a refused document deleted something"
    );

    for (name, document) in [
        (
            "laughs",
            bomb(
                "CreateBucketConfiguration",
                "<StorageClass>&l11;</StorageClass>",
            ),
        ),
        ("depth", deep("CreateBucketConfiguration", 100_000)),
        (
            "size",
            format!(
                "<CreateBucketConfiguration><!--{}--></CreateBucketConfiguration>",
                "x".repeat(5 * 1024 * 1024)
            ),
        ),
    ] {
        let answer = bucket
            .client
            .bucket("PUT", "it-xml-bomb")
            .body(document)
            .send();
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "MalformedXML"),
            "{name}: {answer:?}"
        );
        bucket
            .client
            .bucket("GET", "it-xml-bomb")
            .flag("acl")
            .send()
            .refused(404, "NoSuchBucket");
    }
    assert_alive(&bucket.client);
    let peak = peak_kib(server.pid());
    assert!(peak < 600 * 1024, "the server grew to {peak} KiB");
}

/// Peak resident memory of a process in KiB.
fn peak_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("a status");
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .expect("a peak");
    line.split_whitespace()
        .nth(1)
        .and_then(|text| text.parse().ok())
        .expect("a number")
}

/// More connections than the limit wait their turn instead of being refused or starving those that are there.
#[test]
fn connection_limit() {
    let server = Server::start(Settings {
        config: "[limits]\nconnections = 3\n".into(),
        ..Settings::default()
    });
    let client = server.client();
    let mut open: Vec<Connection> = (0..3)
        .map(|_| {
            let mut connection = client.connect();
            client.service("GET").send_on(&mut connection).expect(200);
            connection
        })
        .collect();
    let mut late = client.connect();
    let (head, _) = client.service("GET").encode();
    late.send(&head).unwrap();
    assert!(
        late.is_silent_for(Duration::from_millis(300)),
        "a fourth connection was served"
    );
    client.service("GET").send_on(&mut open[2]).expect(200);
    open.remove(0);
    late.read_answer("GET").expect("its turn").expect(200);
}

/// Methods and targets of other protocols' dreams.
#[test]
fn odd_methods_and_targets() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket.put("k", "x").send().expect(200);
    for method in ["PATCH", "TRACE", "BREW", "get", "PROPFIND"] {
        let answer = bucket.object(method, "k").send();
        assert!(
            matches!(answer.status, 400 | 403 | 405 | 501),
            "{method}: {answer:?}"
        );
    }
    let name = &bucket.name;
    for line in [
        "GET * HTTP/1.1".to_owned(),
        "CONNECT x:1 HTTP/1.1".to_owned(),
        format!("GET {name} HTTP/1.1"),
        "OPTIONS * HTTP/1.1".to_owned(),
    ] {
        if let Some(answer) = exchange(
            &bucket.client,
            format!("{line}\r\nHost: x\r\n\r\n").as_bytes(),
        ) {
            assert!((400..502).contains(&answer.status), "{line}: {answer:?}");
        }
    }
    // The absolute form is the same request.
    let request = bucket.get("k");
    let target = format!(
        "http://{}{}",
        bucket.client.addr,
        request.target_of(&request.signed())
    );
    assert_eq!(request.target(&target).send().expect(200).body, b"x");
    assert_alive(&bucket.client);
}

/// Clients that go away at every moment leave nothing behind.
#[test]
fn clients_that_vanish() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket.put("big", vec![b'x'; 3_000_000]).send().expect(200);
    let (mut bytes, body) = bucket.put("k", vec![b'y'; 300_000]).encode();
    bytes.extend(body);
    for cut in [0, 1, 10, 100, 1000, 200_000, bytes.len() - 1] {
        let mut connection = bucket.client.connect();
        connection.send(&bytes[..cut]).unwrap();
        connection.reset();
    }
    for _ in 0..20 {
        let mut connection = bucket.client.connect();
        connection.send(&bucket.get("big").encode().0).unwrap();
        connection.reset();
    }
    wait_for("the server to answer", Duration::from_secs(10), || {
        (bucket.head("k").send().status == 404).then_some(())
    });
    bucket.assert_absent("k");
    assert_alive(&bucket.client);
}
