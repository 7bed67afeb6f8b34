//! Appends that meet each other and everything else at the same moment: S96–S107, S110. Overlap is made, not hoped for: each request sends
//! all but its last byte, then all last bytes go out together. Every judgement is a pure function with a doctored history as its control.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use crate::support::client::{Held, Request, Response};
use crate::support::digest::{append_etag, crc64, crc64_from};
use crate::support::fixture::Bucket;
use crate::support::server::shared;
use crate::support::signer::parse_http_date;
use crate::support::wait_for;

/// Sends every request up to its last byte, then all the last bytes at once; the answers in the order of the requests.
fn race(requests: Vec<Request>) -> Vec<Response> {
    let held: Vec<Held> = requests.iter().map(|request| request.hold(1)).collect();
    let barrier = Arc::new(Barrier::new(held.len()));
    let threads: Vec<_> = held
        .into_iter()
        .map(|held| {
            let barrier = Arc::clone(&barrier);
            std::thread::spawn(move || {
                barrier.wait();
                held.finish()
            })
        })
        .collect();
    threads
        .into_iter()
        .map(|thread| thread.join().expect("a client"))
        .collect()
}

/// What one client of a race saw.
#[derive(Clone, Debug)]
struct Outcome {
    status: u16,
    code: String,
    next: Option<u64>,
}

impl From<&Response> for Outcome {
    fn from(answer: &Response) -> Self {
        let next = answer
            .header("x-oss-next-append-position")
            .and_then(|text| text.parse().ok());
        Self {
            status: answer.status,
            code: answer.code(),
            next,
        }
    }
}

/// R90: exactly one success, everybody else told the winner's length. The index of the winner.
fn one_winner(outcomes: &[Outcome], length: u64) -> Result<usize, String> {
    let winners: Vec<usize> = outcomes
        .iter()
        .enumerate()
        .filter(|(_, outcome)| outcome.status == 200)
        .map(|(index, _)| index)
        .collect();
    let [winner] = winners.as_slice() else {
        return Err(format!("{} winners", winners.len()));
    };
    for outcome in outcomes {
        if outcome.next != Some(length) {
            return Err(format!("{outcome:?} instead of position {length}"));
        }
        if outcome.status != 200
            && (outcome.status, outcome.code.as_str()) != (409, "PositionNotEqualToLength")
        {
            return Err(format!("{outcome:?}"));
        }
    }
    Ok(*winner)
}

#[test]
fn one_winner_rejects_bad_races() {
    let won = Outcome {
        status: 200,
        code: String::new(),
        next: Some(9),
    };
    let lost = Outcome {
        status: 409,
        code: "PositionNotEqualToLength".into(),
        next: Some(9),
    };
    assert_eq!(
        one_winner(&[lost.clone(), won.clone(), lost.clone()], 9),
        Ok(1)
    );
    assert!(
        one_winner(&[won.clone(), won.clone()], 9).is_err(),
        "two winners"
    );
    assert!(
        one_winner(&[lost.clone(), lost.clone()], 9).is_err(),
        "no winner"
    );
    assert!(
        one_winner(
            &[
                won.clone(),
                Outcome {
                    next: None,
                    ..lost.clone()
                }
            ],
            9
        )
        .is_err(),
        "no hint"
    );
    assert!(
        one_winner(
            &[
                won.clone(),
                Outcome {
                    next: Some(5),
                    ..lost.clone()
                }
            ],
            9
        )
        .is_err(),
        "the old length as a hint"
    );
    assert!(
        one_winner(
            &[
                won,
                Outcome {
                    code: "InternalError".into(),
                    status: 500,
                    ..lost
                }
            ],
            9
        )
        .is_err(),
        "another error"
    );
}

/// S96 (R90): 32 appends at one position.
#[test]
fn s96_one_of_32_appends_wins() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket.append("k", 0, "hello").send().expect(200);
    let blocks: Vec<Vec<u8>> = (0..32_u8).map(|client| vec![b'A' + client; 1024]).collect();
    let answers = race(
        blocks
            .iter()
            .map(|block| bucket.append("k", 5, block))
            .collect(),
    );
    let outcomes: Vec<Outcome> = answers.iter().map(Outcome::from).collect();
    let winner = one_winner(&outcomes, 1029).unwrap_or_else(|error| panic!("{error}"));
    bucket.assert_holds(
        "k",
        "Appendable",
        &[b"hello".as_slice(), &blocks[winner]].concat(),
    );
}

/// S97 (R91): 32 first appends; content, metadata and ACL are of the same winner.
#[test]
fn s97_one_of_32_creations_wins() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let bodies: Vec<String> = (0..32)
        .map(|client| format!("body of {client:02}"))
        .collect();
    let requests = bodies.iter().enumerate().map(|(client, body)| {
        let acl = if client.is_multiple_of(2) {
            "public-read"
        } else {
            "private"
        };
        let request = bucket
            .append("k", 0, body)
            .header("x-oss-meta-client", client);
        request
            .header(&format!("x-oss-meta-only-{client}"), "1")
            .header("x-oss-object-acl", acl)
    });
    let answers = race(requests.collect());
    let outcomes: Vec<Outcome> = answers.iter().map(Outcome::from).collect();
    let winner = one_winner(&outcomes, 10).unwrap_or_else(|error| panic!("{error}"));
    bucket.assert_holds("k", "Appendable", bodies[winner].as_bytes());
    let head = bucket.head("k").send().expect(200);
    assert_eq!(
        head.header("x-oss-meta-client"),
        Some(winner.to_string().as_str())
    );
    let marks: Vec<&str> = head
        .headers
        .iter()
        .map(|(name, _)| name.as_str())
        .filter(|name| name.starts_with("x-oss-meta-only-"))
        .collect();
    assert_eq!(
        marks,
        [format!("x-oss-meta-only-{winner}")],
        "a loser left a trace"
    );
    assert_eq!(
        bucket.acl_of("k"),
        if winner.is_multiple_of(2) {
            "public-read"
        } else {
            "private"
        }
    );
}

/// A block that says whose it is and where it ends.
fn block(client: usize, number: usize) -> Vec<u8> {
    let filler = "x".repeat((client * 7 + number * 13) % 60);
    format!("<{client:02}:{number:03}:{filler}>").into_bytes()
}

/// S98: the content is whole blocks, every one exactly once, each client's in its order.
fn tiles(content: &[u8], clients: usize, blocks: usize) -> Result<(), String> {
    let mut next = vec![0; clients];
    let mut rest = content;
    while !rest.is_empty() {
        let number_at = |range: std::ops::Range<usize>| -> Option<usize> {
            std::str::from_utf8(rest.get(range)?).ok()?.parse().ok()
        };
        let client = number_at(1..3).ok_or("no client number")?;
        let number = number_at(4..7).ok_or("no block number")?;
        let due = next.get_mut(client).ok_or("an unknown client")?;
        if number != *due {
            return Err(format!(
                "block {number} of client {client} where {due} was due"
            ));
        }
        *due += 1;
        rest = rest
            .strip_prefix(block(client, number).as_slice())
            .ok_or_else(|| format!("block {number} of client {client} is torn"))?;
    }
    match next.iter().position(|count| *count != blocks) {
        Some(client) => Err(format!(
            "client {client} has {} of {blocks} blocks",
            next[client]
        )),
        None => Ok(()),
    }
}

#[test]
fn tiles_rejects_bad_contents() {
    let join = |parts: &[(usize, usize)]| {
        parts
            .iter()
            .flat_map(|(client, number)| block(*client, *number))
            .collect::<Vec<u8>>()
    };
    let good = join(&[(0, 0), (1, 0), (1, 1), (0, 1)]);
    assert_eq!(tiles(&good, 2, 2), Ok(()));
    assert!(
        tiles(&join(&[(0, 0), (1, 0), (1, 1)]), 2, 2).is_err(),
        "a lost block"
    );
    assert!(
        tiles(&join(&[(0, 0), (0, 0), (1, 0), (1, 1), (0, 1)]), 2, 2).is_err(),
        "a block twice"
    );
    assert!(
        tiles(&join(&[(0, 1), (1, 0), (1, 1), (0, 0)]), 2, 2).is_err(),
        "out of order"
    );
    assert!(tiles(&good[..good.len() - 1], 2, 2).is_err(), "a torn tail");
    let mut mixed = good;
    mixed.swap(0, 1);
    assert!(tiles(&mixed, 2, 2).is_err(), "mixed bytes");
}

/// S98 (R90): 16 clients append 100 blocks each and use the hint of every 409.
#[test]
fn s98_sixteen_writers_with_the_hint() {
    const CLIENTS: usize = 16;
    const BLOCKS: usize = 100;
    let server = shared();
    let bucket = Bucket::new(&server);
    let threads: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let bucket = bucket.clone();
            std::thread::spawn(move || {
                let mut connection = bucket.client.connect();
                let (mut position, mut conflicts) = (0, 0_usize);
                for number in 0..BLOCKS {
                    loop {
                        let block = block(client, number);
                        let answer = bucket
                            .append("k", position, &block)
                            .send_on(&mut connection);
                        let asked = std::mem::replace(&mut position, answer.next_position());
                        if answer.status == 200 {
                            assert_eq!(
                                position,
                                asked + block.len() as u64,
                                "put elsewhere than asked"
                            );
                            break;
                        }
                        assert_ne!(position, asked, "refused at the very position it was told");
                        answer.refused(409, "PositionNotEqualToLength");
                        conflicts += 1;
                        assert!(conflicts < 60_000, "no progress");
                    }
                }
                conflicts
            })
        })
        .collect();
    let conflicts: usize = threads
        .into_iter()
        .map(|thread| thread.join().expect("a writer"))
        .sum();
    assert!(
        conflicts > CLIENTS,
        "the writers never met: {conflicts} conflicts"
    );
    let content = bucket.get("k").send().expect(200).body;
    tiles(&content, CLIENTS, BLOCKS).unwrap_or_else(|error| panic!("{error}"));
    bucket.assert_holds("k", "Appendable", &content);
}

/// S99 (R92): a sender of a byte every few milliseconds does not hold the object; the first to commit wins.
#[test]
fn s99_slow_sender_blocks_nobody() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket.append("k", 0, "hello").send().expect(200);
    let mut slow = bucket.append("k", 5, [b's'; 60]).hold(60).connection;
    let body = [b's'; 60];
    let trickle = std::thread::spawn(move || {
        let begun = Instant::now();
        for byte in body.chunks(1) {
            slow.send(byte).unwrap();
            std::thread::sleep(Duration::from_millis(20));
        }
        (slow.read_answer("POST").unwrap(), begun.elapsed())
    });
    let begun = Instant::now();
    let fast = bucket.append("k", 5, "fast").send().expect(200);
    assert!(
        begun.elapsed() < Duration::from_millis(900),
        "the fast one waited {:?}",
        begun.elapsed()
    );
    assert_eq!(fast.next_position(), 9);
    bucket.assert_holds("k", "Appendable", b"hellofast");
    let (answer, took) = trickle.join().expect("the slow sender");
    assert!(
        took >= Duration::from_secs(1),
        "the slow one was not slow: {took:?}"
    );
    assert_eq!(
        answer
            .refused(409, "PositionNotEqualToLength")
            .next_position(),
        9
    );
    bucket.assert_holds("k", "Appendable", b"hellofast");
}

/// How often each race of two is run; the winner is left to the machine.
const ROUNDS: usize = 25;

/// S100 (R89): a put and an append at once end in the put, never in a mixture.
#[test]
fn s100_append_against_put() {
    let server = shared();
    let bucket = Bucket::new(&server);
    for round in 0..ROUNDS {
        let key = format!("k{round}");
        bucket.append(&key, 0, "hello").send().expect(200);
        let answers = race(vec![bucket.append(&key, 5, "yyy"), bucket.put(&key, "put")]);
        assert_eq!(answers[1].status, 200);
        let append = Outcome::from(&answers[0]);
        match (append.status, append.code.as_str(), append.next) {
            (200, "", Some(8)) | (409, "ObjectNotAppendable", None) => {}
            other => panic!("round {round}: {other:?}"),
        }
        bucket.assert_holds(&key, "Normal", b"put");
    }
}

/// S101 (R89, R21): a delete and an append at once end in nothing.
#[test]
fn s101_append_against_delete() {
    let server = shared();
    let bucket = Bucket::new(&server);
    for round in 0..ROUNDS {
        let key = format!("k{round}");
        bucket.append(&key, 0, "hello").send().expect(200);
        let held = bucket.append(&key, 5, "yyy").hold(1);
        let other = bucket.clone();
        let name = key.clone();
        let delete = std::thread::spawn(move || other.delete(&name).send().expect(204));
        let append = Outcome::from(&held.finish());
        delete.join().expect("the delete");
        match (append.status, append.code.as_str(), append.next) {
            (200, "", Some(8)) | (409, "PositionNotEqualToLength", Some(0)) => {}
            other => panic!("round {round}: {other:?}"),
        }
        bucket.assert_absent(&key);
    }
}

/// S102 (R89): a metadata self-copy and an append at once both take effect.
#[test]
fn s102_append_against_self_copy() {
    let server = shared();
    let bucket = Bucket::new(&server);
    for round in 0..ROUNDS {
        let key = format!("k{round}");
        bucket
            .append(&key, 0, "hello")
            .header("x-oss-meta-a", "old")
            .send()
            .expect(200);
        let held = bucket.append(&key, 5, "yyy").hold(1);
        let copy = bucket
            .copy(&key, &key)
            .header("x-oss-metadata-directive", "REPLACE")
            .header("x-oss-meta-a", "new");
        let copy = std::thread::spawn(move || copy.send().expect(200));
        held.finish().expect(200);
        copy.join().expect("the copy");
        bucket.assert_holds(&key, "Appendable", b"helloyyy");
        assert_eq!(
            bucket.head(&key).send().expect(200).header("x-oss-meta-a"),
            Some("new"),
            "round {round}"
        );
    }
}

/// S103 (R115): of a seal and an append at the same length exactly one succeeds, and the object agrees with the answers.
#[test]
fn s103_append_against_seal() {
    let server = shared();
    let bucket = Bucket::new(&server);
    for round in 0..ROUNDS {
        let key = format!("k{round}");
        bucket.append(&key, 0, "hello").send().expect(200);
        let held = bucket.append(&key, 5, "yyy").hold(1);
        let seal = bucket.seal(&key, 5);
        let seal = std::thread::spawn(move || seal.send());
        let append = Outcome::from(&held.finish());
        let seal = Outcome::from(&seal.join().expect("the seal"));
        let sealed = bucket
            .head(&key)
            .send()
            .expect(200)
            .header("x-oss-sealed-time")
            .is_some();
        let seen = (
            append.status,
            append.code.as_str(),
            seal.status,
            seal.code.as_str(),
            sealed,
        );
        let content: &[u8] = match seen {
            (200, "", 409, "PositionNotEqualToLength", false) => b"helloyyy",
            (409, "AppendSealedObjectNotAllowed", 200, "", true) => b"hello",
            other => panic!("round {round}: {other:?}"),
        };
        bucket.assert_holds(&key, "Appendable", content);
    }
}

/// What a reader saw of an object in one answer.
#[derive(Clone, Debug)]
struct Seen {
    length: u64,
    next: u64,
    crc: u64,
    etag: String,
    modified: i64,
    body: Option<Vec<u8>>,
}

impl Seen {
    fn of(answer: &Response, with_body: bool) -> Self {
        Self {
            length: answer.number("content-length"),
            next: answer.next_position(),
            crc: answer.crc(),
            etag: answer.etag().to_owned(),
            modified: parse_http_date(answer.header("last-modified").expect("a Last-Modified")),
            body: with_body.then(|| answer.body.clone()),
        }
    }
}

/// R93: all parts of one answer belong to one committed state. `crcs` holds the crc of every length that was ever committed.
fn agrees(seen: &Seen, content: &[u8], crcs: &[(u64, u64)]) -> Result<(), String> {
    let Some((_, crc)) = crcs.iter().find(|(length, _)| *length == seen.length) else {
        return Err(format!("length {} was never committed", seen.length));
    };
    if seen.next != seen.length || seen.crc != *crc {
        return Err(format!(
            "next position or crc do not belong to length {}: {seen:?}",
            seen.length
        ));
    }
    let (etag_crc, seconds, _) = append_etag(&seen.etag)?;
    if etag_crc != *crc || i64::from(seconds) != seen.modified {
        return Err(format!(
            "the ETag does not belong to crc and Last-Modified: {seen:?}"
        ));
    }
    let length = usize::try_from(seen.length).map_err(|error| error.to_string())?;
    match &seen.body {
        Some(body) if body.as_slice() != content.get(..length).unwrap_or_default() => {
            Err(format!("the body of length {length} is another"))
        }
        _ => Ok(()),
    }
}

#[test]
fn agrees_rejects_mixed_states() {
    let content = b"abctest";
    let crcs = [(3, crc64(b"abc")), (7, crc64(content))];
    let mut etag = crc64(b"abc").to_le_bytes().to_vec();
    etag.extend_from_slice(&1_000_000_u32.to_le_bytes());
    etag.extend_from_slice(&[0; 4]);
    let good = Seen {
        length: 3,
        next: 3,
        crc: crc64(b"abc"),
        etag: format!("\"{}\"", hex::encode_upper(etag)),
        modified: 1_000_000,
        body: Some(b"abc".to_vec()),
    };
    assert_eq!(agrees(&good, content, &crcs), Ok(()));
    for (name, bad) in [
        (
            "a length never committed",
            Seen {
                length: 4,
                next: 4,
                ..good.clone()
            },
        ),
        (
            "a newer position",
            Seen {
                next: 7,
                ..good.clone()
            },
        ),
        (
            "a newer crc",
            Seen {
                crc: crc64(content),
                ..good.clone()
            },
        ),
        (
            "an older length with a newer crc",
            Seen {
                length: 7,
                next: 7,
                ..good.clone()
            },
        ),
        (
            "a newer time",
            Seen {
                modified: 1_000_001,
                ..good.clone()
            },
        ),
        (
            "other bytes",
            Seen {
                body: Some(b"abt".to_vec()),
                ..good.clone()
            },
        ),
        (
            "too few bytes",
            Seen {
                body: Some(b"ab".to_vec()),
                ..good.clone()
            },
        ),
    ] {
        assert!(agrees(&bad, content, &crcs).is_err(), "{name}");
    }
}

/// S104 (R93, R78): readers during 1000 appends only ever see committed states, and never an older one than before.
#[test]
fn s104_readers_see_whole_states() {
    const APPENDS: usize = 1000;
    let server = shared();
    let bucket = Bucket::new(&server);
    let content: Vec<u8> = (0..APPENDS)
        .flat_map(|number| block(number % 100, number))
        .collect();
    let mut crcs = Vec::new();
    let (mut length, mut crc) = (0_u64, 0);
    for number in 0..APPENDS {
        let bytes = block(number % 100, number);
        crc = crc64_from(crc, &bytes);
        length += bytes.len() as u64;
        crcs.push((length, crc));
    }
    bucket.append("k", 0, block(0, 0)).send().expect(200);
    let done = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..2)
        .map(|_| {
            let (bucket, done, content, crcs) = (
                bucket.clone(),
                Arc::clone(&done),
                content.clone(),
                crcs.clone(),
            );
            std::thread::spawn(move || {
                let mut connection = bucket.client.connect();
                let (mut last, mut lengths) = (0, 0_usize);
                while !done.load(Ordering::Relaxed) {
                    for (request, with_body) in [(bucket.head("k"), false), (bucket.get("k"), true)]
                    {
                        let seen =
                            Seen::of(&request.send_on(&mut connection).expect(200), with_body);
                        agrees(&seen, &content, &crcs).unwrap_or_else(|error| panic!("{error}"));
                        assert!(seen.length >= last, "back from {last} to {}", seen.length);
                        lengths += usize::from(seen.length > last);
                        last = seen.length;
                    }
                }
                lengths
            })
        })
        .collect();
    let mut connection = bucket.client.connect();
    let mut position = block(0, 0).len() as u64;
    for number in 1..APPENDS {
        let answer = bucket
            .append("k", position, block(number % 100, number))
            .send_on(&mut connection)
            .expect(200);
        position = answer.next_position();
        // R78: what was acknowledged is readable at once.
        if number % 50 == 0 {
            assert_eq!(
                bucket
                    .head("k")
                    .send_on(&mut connection)
                    .expect(200)
                    .number("content-length"),
                position
            );
        }
    }
    done.store(true, Ordering::Relaxed);
    for reader in readers {
        let lengths = reader.join().expect("a reader");
        assert!(
            lengths > 10,
            "the reader saw only {lengths} lengths: it did not read during the appends"
        );
    }
    bucket.assert_holds("k", "Appendable", &content);
}

/// Sends an append, waits until it has taken effect, and breaks the connection instead of reading the answer.
fn append_without_reading(bucket: &Bucket, key: &str, position: u64, body: &str) {
    let (head, bytes) = bucket.append(key, position, body).encode();
    let mut connection = bucket.client.connect();
    connection.send(&head).expect("sending the head");
    connection.send(&bytes).expect("sending the body");
    let expected = position + body.len() as u64;
    wait_for("the append to take effect", Duration::from_secs(10), || {
        let head = bucket.head(key).send();
        (head.status == 200 && head.number("content-length") == expected).then_some(())
    });
    connection.reset();
}

/// S105 (R95, R118): a repeated append meets the new length, and length and crc tell the client that it was its own.
#[test]
fn s105_lost_answer() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let first = bucket.append("k", 0, "12345").send().expect(200);
    append_without_reading(&bucket, "k", 5, "hello");
    let again = bucket
        .append("k", 5, "hello")
        .send()
        .refused(409, "PositionNotEqualToLength");
    assert_eq!(again.next_position(), 10);
    let head = bucket.head("k").send().expect(200);
    assert_eq!(head.number("content-length"), 10);
    assert_eq!(head.crc(), crc64_from(first.crc(), b"hello"));
    bucket.assert_holds("k", "Appendable", b"12345hello");
}

/// S107 (R95): the same for the append that creates.
#[test]
fn s107_lost_answer_of_the_first_append() {
    let server = shared();
    let bucket = Bucket::new(&server);
    append_without_reading(&bucket, "k", 0, "hello");
    let again = bucket
        .append("k", 0, "hello")
        .header("x-oss-meta-a", "1")
        .send()
        .refused(409, "PositionNotEqualToLength");
    assert_eq!(again.next_position(), 5);
    bucket.assert_holds("k", "Appendable", b"hello");
    assert_eq!(
        bucket.head("k").send().expect(200).header("x-oss-meta-a"),
        None
    );
}

/// What the SDKs' `AppendFile` does around the operation (R117, R118).
struct AppendFile {
    bucket: Bucket,
    key: &'static str,
    offset: u64,
    crc: u64,
}

impl AppendFile {
    fn open(bucket: &Bucket, key: &'static str) -> Result<Self, String> {
        let head = bucket.head(key).send();
        let (offset, crc) = match (head.status, head.header("x-oss-object-type")) {
            (404, _) => (0, 0),
            (200, Some("Appendable")) => (head.number("content-length"), head.crc()),
            _ => return Err(String::from("not an appendable file")),
        };
        Ok(Self {
            bucket: bucket.clone(),
            key,
            offset,
            crc,
        })
    }

    /// Writes as the SDK does when the answer to a first attempt was lost: repeat, and reconcile a 409 by length alone. `Ok` tells
    /// whether the crc of its own bytes would have agreed, which the SDK does not look at.
    fn write_again(&mut self, bytes: &str) -> Result<bool, String> {
        let answer = self.bucket.append(self.key, self.offset, bytes).send();
        let expected = crc64_from(self.crc, bytes.as_bytes());
        if answer.status == 200 {
            self.offset = answer.next_position();
            self.crc = answer.crc();
            return Ok(self.crc == expected);
        }
        let head = self.bucket.head(self.key).send().expect(200);
        if answer.code() == "PositionNotEqualToLength"
            && self.offset + bytes.len() as u64 == head.number("content-length")
        {
            self.offset = head.number("content-length");
            self.crc = head.crc();
            return Ok(self.crc == expected);
        }
        Err(answer.code())
    }
}

/// S105, S106 (R118): the SDK's way out of a lost answer works, and is fooled by a foreign writer of the same length: the crc would tell.
#[test]
fn s106_foreign_bytes_of_the_same_length() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket.append("k", 0, "12345").send().expect(200);
    let mut file = AppendFile::open(&bucket, "k").unwrap();
    append_without_reading(&bucket, "k", 5, "hello");
    assert_eq!(
        file.write_again("hello"),
        Ok(true),
        "its own bytes are recognised"
    );
    assert_eq!(file.offset, 10);

    bucket.append("k", 10, "thief").send().expect(200);
    assert_eq!(
        file.write_again("hello"),
        Ok(false),
        "taken for its own by length; the crc says no"
    );
    bucket.assert_holds("k", "Appendable", b"12345hellothief");

    bucket.append("k", 15, "more than five").send().expect(200);
    assert_eq!(
        file.write_again("hello"),
        Err(String::from("PositionNotEqualToLength"))
    );
}

/// S110 (R117): on a Normal object such a client gives up after one HEAD; on nothing it starts at 0.
#[test]
fn s110_append_file_on_other_objects() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket.put("n", "hello").send().expect(200);
    let before = bucket.state("n");
    assert!(AppendFile::open(&bucket, "n").is_err());
    bucket.state("n").assert_same(&before);
    let mut file = AppendFile::open(&bucket, "new").unwrap();
    assert_eq!(file.write_again("abc"), Ok(true));
    assert_eq!(file.write_again("def"), Ok(true));
    bucket.assert_holds("new", "Appendable", b"abcdef");
    assert_eq!(AppendFile::open(&bucket, "new").unwrap().offset, 6);
}
