//! Digests, broken transfers, sizes and permissions of appends: S75–S95. Whatever goes wrong, the object is byte for byte as before.

use std::time::{Duration, Instant};

use crate::support::cases::{Case, Given, Then, run};
use crate::support::digest::{crc64, crc64_from, md5_base64};
use crate::support::fixture::Bucket;
use crate::support::next_second;
use crate::support::server::{Server, Settings, shared};
use crate::support::signer::Scheme;

const NEXT: &str = "x-oss-next-append-position";
const DIGEST: &str = "The Content-MD5 you specified was invalid.";

const DIGESTS: &[Case] = &[
    Case::new("S75", "R58")
        .a("hello")
        .append("5", "y")
        .with(&[("Content-MD5", "XrY7u+Ae7tCTyyK7j1rNww==")])
        .refused(400, "InvalidDigest")
        .message(DIGEST)
        .unchanged(),
    Case::new("S76", "R58")
        .append("0", "x")
        .with(&[("Content-MD5", "XrY7u+Ae7tCTyyK7j1rNww==")])
        .refused(400, "InvalidDigest")
        .then(Then::Absent),
    Case::new("S77", "R58")
        .a("hello")
        .append("5", "y")
        .with(&[("Content-MD5", "not base64!")])
        .refused(400, "InvalidDigest")
        .message(DIGEST)
        .unchanged(),
    Case::new("S77 fifteen bytes", "R58")
        .a("hello")
        .append("5", "y")
        .with(&[("Content-MD5", "AAECAwQFBgcICQoLDA0O")])
        .refused(400, "InvalidDigest")
        .unchanged(),
    Case::new("S77 the whole object's digest", "R58")
        .a("hello")
        .append("5", " world")
        // MD5 of "hello world": Content-MD5 covers the chunk.
        .with(&[("Content-MD5", "XrY7u+Ae7tCTyyK7j1rNww==")])
        .refused(400, "InvalidDigest")
        .unchanged(),
    Case::new("S90", "R62")
        .a("hello")
        .append("5", "y")
        .with(&[("x-oss-hash-crc64ecma", "1")])
        .refused(400, "InvalidCRC64")
        .message("does not match what we calculated")
        .unchanged(),
    Case::new("S90 not a number", "R62")
        .append("0", "y")
        .with(&[("x-oss-hash-crc64ecma", "y")])
        .refused(400, "InvalidCRC64")
        .then(Then::Absent),
    Case::new("S90 right", "R62")
        .a("hello")
        .append("5", "test")
        .with(&[("x-oss-hash-crc64ecma", "18020588380933092773")])
        .ok(&[(NEXT, Some("9"))])
        .holds("hellotest"),
    Case::new("S75 in chunks", "R58")
        .a("hello")
        .append("5", "y")
        .chunked()
        .with(&[("Content-MD5", "XrY7u+Ae7tCTyyK7j1rNww==")])
        .refused(400, "InvalidDigest")
        .unchanged(),
];

#[test]
fn s75_to_s77_s90_digests() {
    let server = shared();
    run(&Bucket::new(&server), DIGESTS);
}

/// S78 (R59): the body ends early while the connection is still open for an answer.
#[test]
fn s78_incomplete_body() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket.append("k", 0, "hello").send().expect(200);
    let before = bucket.state("k");
    next_second();
    for (key, position) in [("k", 5), ("new", 0)] {
        let (head, body) = bucket
            .append(key, position, vec![b'y'; 40])
            .claim_length(100)
            .encode();
        let mut connection = bucket.client.connect();
        connection.send(&head).unwrap();
        connection.send(&body).unwrap();
        connection.half_close();
        let answer = connection.read_answer("POST").expect("an answer");
        answer.refused(400, "IncompleteBody");
    }
    bucket.state("k").assert_same(&before);
    bucket.assert_absent("new");
    bucket.append("k", 5, "y").send().expect(200);
}

/// S79, S80 (R59): the connection breaks; no trace is left, and the key goes on working.
#[test]
fn s79_s80_reset_in_the_body() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket.append("k", 0, "hello").send().expect(200);
    let before = bucket.state("k");
    next_second();
    for (key, position) in [("k", 5), ("new", 0)] {
        for chunked in [false, true] {
            let (head, body) = if chunked {
                let (head, body) = bucket
                    .append(key, position, "")
                    .chunked(&[&[b'y'; 40], &[b'z'; 60]])
                    .encode();
                (head, body[..70].to_vec())
            } else {
                bucket
                    .append(key, position, vec![b'y'; 40])
                    .claim_length(100)
                    .encode()
            };
            let mut connection = bucket.client.connect();
            connection.send(&head).unwrap();
            connection.send(&body).unwrap();
            // An answer here would be a premature one.
            assert!(connection.is_silent_for(Duration::from_millis(60)));
            connection.reset();
        }
    }
    bucket.state("k").assert_same(&before);
    bucket.assert_absent("new");
    bucket.append("k", 5, "y").send().expect(200);
    bucket.append("new", 0, "x").send().expect(200);
    bucket.assert_holds("k", "Appendable", b"helloy");
}

/// S81 (R59): a chunked body whose connection is closed before the last chunk counts as not sent.
#[test]
fn s81_chunked_body_without_an_end() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket.append("k", 0, "hello").send().expect(200);
    let before = bucket.state("k");
    next_second();
    for cut in ["5\r\nworld\r\n", "5\r\nworld\r\n0\r\n", "5\r\nwor", "5"] {
        let (head, _) = bucket.append("k", 5, "").chunked(&[b"world"]).encode();
        let mut connection = bucket.client.connect();
        connection.send(&head).unwrap();
        connection.send(cut.as_bytes()).unwrap();
        connection.half_close();
        // An error or a close are both fine, a success is not.
        if let Ok(answer) = connection.read_answer("POST") {
            assert!(answer.status >= 400, "{cut:?}: {answer:?}");
        }
    }
    bucket.state("k").assert_same(&before);
}

/// S82 (R59): a malformed chunk size ends the connection with a 400.
#[test]
fn s82_malformed_chunk_size() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket.append("k", 0, "hello").send().expect(200);
    let before = bucket.state("k");
    next_second();
    for bad in [
        "xyz\r\nabc\r\n0\r\n\r\n",
        "-1\r\nabc\r\n0\r\n\r\n",
        "fffffffffffffffff\r\nabc\r\n",
        "3\r\nabcdef\r\n0\r\n\r\n",
    ] {
        let (head, _) = bucket.append("k", 5, "").chunked(&[b"x"]).encode();
        let mut connection = bucket.client.connect();
        connection.send(&head).unwrap();
        connection.send(bad.as_bytes()).unwrap();
        let answer = connection
            .read_answer("POST")
            .unwrap_or_else(|error| panic!("{bad:?}: {error}"));
        assert_eq!(answer.status, 400, "{bad:?}");
        connection.read_to_close().expect("a closed connection");
    }
    bucket.state("k").assert_same(&before);
}

/// S83 (R59, R92): a stalled body ends in RequestTimeout, and blocks nobody meanwhile.
#[test]
fn s83_stalled_body() {
    let server = Server::start(Settings {
        config: "[limits]\nidle_body_seconds = 1\n".into(),
        ..Settings::default()
    });
    let bucket = Bucket::new(&server);
    bucket.append("k", 0, "hello").send().expect(200);
    let mut stalled = bucket.append("k", 5, [b'h'; 100]).hold(96).connection;
    let begun = Instant::now();
    bucket.append("k", 5, "other").send().expect(200);
    assert!(
        begun.elapsed() < Duration::from_millis(900),
        "another writer waited for the stalled one"
    );
    let before = bucket.state("k");
    match stalled.read_answer("POST") {
        Ok(answer) => drop(answer.refused(400, "RequestTimeout")),
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof, "{error}"),
    }
    let waited = begun.elapsed();
    assert!(
        waited >= Duration::from_millis(800) && waited < Duration::from_secs(6),
        "timed out after {waited:?}"
    );
    bucket.state("k").assert_same(&before);
    bucket.assert_holds("k", "Appendable", b"helloother");
}

/// S84, S85 (R12): `100 Continue` only for an append that can still succeed.
#[test]
fn s84_s85_expect_continue() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket.append("k", 0, "hello world").send().expect(200);
    bucket.put("normal", "abc").send().expect(200);
    let before = bucket.state("k");
    let refusals = [
        (
            bucket.append("k", 5, "body"),
            409,
            "PositionNotEqualToLength",
        ),
        (
            bucket.append("normal", 3, "body"),
            409,
            "ObjectNotAppendable",
        ),
        (
            bucket
                .object("POST", "k")
                .flag("append")
                .param("position", "x")
                .body("body"),
            400,
            "InvalidArgument",
        ),
        (
            bucket
                .append("k", 11, "body")
                .by(&bucket.client.with_key("ossicle", "wrong")),
            403,
            "SignatureDoesNotMatch",
        ),
    ];
    for (request, status, code) in refusals {
        let (head, _) = request.header("Expect", "100-continue").encode();
        let mut connection = bucket.client.connect();
        connection.send(&head).unwrap();
        // The body is never sent: the answer must come without it.
        let answer = connection
            .read_answer("POST")
            .expect("an answer without the body")
            .refused(status, code);
        assert!(answer.interim.is_empty(), "100 Continue before {code}");
        if code == "PositionNotEqualToLength" {
            assert_eq!(answer.next_position(), 11);
        }
    }
    bucket.state("k").assert_same(&before);

    let (head, body) = bucket
        .append("k", 11, "!")
        .header("Expect", "100-continue")
        .encode();
    let mut connection = bucket.client.connect();
    connection.send(&head).unwrap();
    assert_eq!(connection.read_interim().expect("100 Continue"), 100);
    connection.send(&body).unwrap();
    assert_eq!(
        connection
            .read_answer("POST")
            .unwrap()
            .expect(200)
            .next_position(),
        12
    );

    // A client that does not wait gets its error all the same.
    let early = bucket
        .append("k", 5, vec![b'x'; 100_000])
        .header("Expect", "100-continue")
        .send();
    early.refused(409, "PositionNotEqualToLength");
    bucket.assert_holds("k", "Appendable", b"hello world!");
}

/// S86–S88 (R61): the size limit is exact, and a known length beyond it is refused before the body is read.
#[test]
fn s86_to_s88_size_limit() {
    const LIMIT: usize = 100_000;
    let server = Server::start(Settings {
        config: format!("[limits]\nobject_size_max = {LIMIT}\n"),
        ..Settings::default()
    });
    let bucket = Bucket::new(&server);
    let big = vec![b'a'; LIMIT - 10];
    bucket.append("k", 0, &big).send().expect(200);
    next_second();
    let before = bucket.state("k");

    // S87: refused although not a byte of the body arrives.
    let (head, _) = bucket.append("k", big.len() as u64, "12345678901").encode();
    let mut connection = bucket.client.connect();
    connection.send(&head).unwrap();
    let answer = connection
        .read_answer("POST")
        .expect("an answer before the body");
    assert_eq!(answer.refused(400, "EntityTooLarge").header(NEXT), None);
    // Without a known length it is noticed on the way.
    let chunked = bucket
        .append("k", big.len() as u64, "")
        .chunked(&[b"123456", b"78901"]);
    chunked.send().refused(400, "EntityTooLarge");
    // R60: a wrong position comes first.
    bucket
        .append("k", 3, vec![b'b'; 50])
        .send()
        .refused(409, "PositionNotEqualToLength");
    bucket.state("k").assert_same(&before);

    // S86: up to the limit.
    bucket
        .append("k", big.len() as u64, "1234567890")
        .send()
        .expect(200);
    // S88: at the limit.
    assert_eq!(
        bucket
            .append("k", LIMIT as u64, "")
            .send()
            .expect(200)
            .next_position(),
        LIMIT as u64
    );
    let full = bucket.state("k");
    bucket
        .append("k", LIMIT as u64, "1")
        .send()
        .refused(400, "EntityTooLarge");
    bucket.state("k").assert_same(&full);

    // A first append, and one with an absurd length.
    bucket
        .append("new", 0, vec![b'c'; LIMIT + 1])
        .send()
        .refused(400, "EntityTooLarge");
    let (head, _) = bucket
        .append("new", 0, "")
        .claim_length(5_368_709_121)
        .encode();
    let mut connection = bucket.client.connect();
    connection.send(&head).unwrap();
    connection
        .read_answer("POST")
        .expect("an answer before the body")
        .refused(400, "EntityTooLarge");
    bucket.assert_absent("new");
}

/// S89 (R63): a client that starts from a wrong crc sees a mismatch after the server has committed.
#[test]
fn s89_client_side_mismatch() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let first = bucket.append("k", 0, "hello").send().expect(200);
    let second = bucket.append("k", 5, "y").send().expect(200);
    assert_eq!(
        crc64_from(first.crc(), b"y"),
        second.crc(),
        "what a careful client computes"
    );
    assert_ne!(
        crc64_from(12345, b"y"),
        second.crc(),
        "what a confused client computes"
    );
    bucket.assert_holds("k", "Appendable", b"helloy");
}

/// S91, S92 (R16, R17): `append` and `position` are signed; so is `seal` or at least its position (R18).
#[test]
fn s91_s92_signed_parameters() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket.append("k", 0, "hello").send().expect(200);
    let before = bucket.state("k");
    let path = format!("/{}/k", bucket.name);
    for scheme in [Scheme::V1Header, Scheme::V2Header, Scheme::V4Header] {
        let client = bucket.client.with_scheme(scheme);
        let bare = bucket.object("POST", "k").body("y").by(&client);
        for (request, sent) in [
            (bare.clone(), "?append&position=5"),
            (bare.clone().flag("append"), "?append&position=5"),
            (bare.clone().param("position", 5), "?append&position=5"),
            (
                bare.clone().flag("append").param("position", 5),
                "?append&position=6",
            ),
            (
                bare.clone().flag("append").param("position", 6),
                "?append&position=5",
            ),
        ] {
            request
                .target(&format!("{path}{sent}"))
                .send()
                .refused(403, "SignatureDoesNotMatch");
        }
    }
    bucket.state("k").assert_same(&before);
    // R18: one SDK signs only the position of a seal.
    let client = bucket.client.with_scheme(Scheme::V1Header);
    let unsigned_seal = bucket.object("POST", "k").param("position", 5).by(&client);
    unsigned_seal
        .target(&format!("{path}?seal&position=5"))
        .send()
        .expect(200);
}

/// S93, S94 (R13): anonymous appends need a public-read-write object or bucket.
#[test]
fn s93_s94_anonymous_by_acl() {
    const CASES: &[Case] = &[
        Case::new("S93", "R13")
            .given(Given::Append(
                "hello",
                &[("x-oss-object-acl", "public-read")],
            ))
            .append("5", "y")
            .anonymous()
            .refused(403, "AccessDenied")
            .ec("0003-00000001")
            .unchanged(),
        Case::new("S93 private", "R13")
            .a("hello")
            .append("5", "y")
            .anonymous()
            .refused(403, "AccessDenied")
            .unchanged(),
        Case::new("S94", "R13")
            .given(Given::Append(
                "hello",
                &[("x-oss-object-acl", "public-read-write")],
            ))
            .append("5", "y")
            .anonymous()
            .ok(&[(NEXT, Some("6"))])
            .holds("helloy"),
        Case::new("creation in a private bucket", "R13")
            .append("0", "x")
            .anonymous()
            .refused(403, "AccessDenied")
            .then(Then::Absent),
    ];
    let server = shared();
    run(&Bucket::new(&server), CASES);
    let open = Bucket::with_acl(&server, "public-read-write");
    open.append("k", 0, "x")
        .by(&open.client.anonymous())
        .send()
        .expect(200);
    open.append("k", 1, "y")
        .by(&open.client.anonymous())
        .send()
        .expect(200);
    open.assert_holds("k", "Appendable", b"xy");
}

/// S95 (R13): a bucket whose requesters pay wants to hear that they know.
#[test]
fn s95_requester_pays() {
    let server = shared();
    let bucket = Bucket::with_acl(&server, "public-read-write");
    bucket.append("k", 0, "hello").send().expect(200);
    let payer =
        "<RequestPaymentConfiguration><Payer>Requester</Payer></RequestPaymentConfiguration>";
    bucket
        .ask("PUT")
        .flag("requestPayment")
        .body(payer)
        .send()
        .expect(200);
    let other = bucket.client.with_key("otherkey", "other-secret");
    let before = bucket.state("k");
    bucket
        .append("k", 5, "y")
        .by(&other)
        .send()
        .refused(403, "AccessDenied");
    bucket.state("k").assert_same(&before);
    bucket
        .append("k", 5, "y")
        .by(&other)
        .header("x-oss-request-payer", "requester")
        .send()
        .expect(200);
    bucket.assert_holds("k", "Appendable", b"helloy");
}

/// R58 and R62 agree with the body that was really sent, in a body larger than any buffer.
#[test]
fn right_digests_of_a_large_append() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let body: Vec<u8> = (0..700_000_u32)
        .map(|index| index.wrapping_mul(2_654_435_761).to_be_bytes()[0])
        .collect();
    bucket.append("k", 0, "hello").send().expect(200);
    let request = bucket
        .append("k", 5, &body)
        .header("Content-MD5", md5_base64(&body));
    let answer = request
        .header("x-oss-hash-crc64ecma", crc64(&body))
        .send()
        .expect(200);
    let whole = [b"hello".as_slice(), &body].concat();
    assert_eq!(answer.crc(), crc64(&whole));
    bucket.assert_holds("k", "Appendable", &whole);
}
