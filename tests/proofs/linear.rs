//! Appends are linearizable: 32 clients on few objects, with right and wrong positions, every answer checked against
//! the one history that there can be.
//!
//! Acknowledged intervals tile the object without gap or overlap; each holds its client's bytes; each answered CRC is that
//! of the prefix; each refused position was told a length that the object had at some moment of the call.

use crate::Outcome;
use crate::kill::support_seed;
use crate::support::Random;
use crate::support::client::{Client, Connection};
use crate::support::server::{Server, Settings};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

const CLIENTS: usize = 32;
const OBJECTS: usize = 4;
const BUCKET: &str = "linear";

/// One call and what came of it.
#[derive(Clone, Debug)]
struct Call {
    object: usize,
    position: u64,
    bytes: Vec<u8>,
    began: Instant,
    ended: Instant,
    answer: Answer,
}

#[derive(Clone, Debug)]
enum Answer {
    Appended { next: u64, crc: u64 },
    Refused { length: u64 },
}

/// Makes `calls` calls and checks the history.
pub fn run(calls: usize) -> Outcome {
    let args = ["--log", "ossicle=warn"].map(str::to_owned).to_vec();
    let server = Server::start(Settings {
        on_disk: true,
        args,
        ..Settings::default()
    });
    let client = server.client();
    client.bucket("PUT", BUCKET).send().expect(200);
    let history = drive(&client, calls);
    let mut broken = Vec::new();
    for object in 0..OBJECTS {
        let content = client
            .object("GET", BUCKET, &name(object))
            .send()
            .expect(200)
            .body;
        broken.extend(check(&history, object, &content));
    }
    let appended = history
        .iter()
        .filter(|call| matches!(call.answer, Answer::Appended { .. }))
        .count();
    if !broken.is_empty() {
        return Outcome::Fails(broken.join("\n  "));
    }
    if appended == 0 || appended == history.len() {
        return Outcome::Fails(format!(
            "{appended} of {} calls appended: nothing was contended",
            history.len()
        ));
    }
    Outcome::Holds(format!(
        "{} calls, {appended} appended, 0 contradictions (limit 0)",
        history.len()
    ))
}

/// The checker sees a history with two appends at one position, a swapped byte and an impossible refusal.
pub fn control(_: usize) -> Outcome {
    let at = Instant::now();
    let call = |position, bytes: &[u8], answer| Call {
        object: 0,
        position,
        bytes: bytes.to_vec(),
        began: at,
        ended: at,
        answer,
    };
    let crc = |bytes: &[u8]| crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Xz, bytes);
    let good = vec![
        call(
            0,
            b"ab",
            Answer::Appended {
                next: 2,
                crc: crc(b"ab"),
            },
        ),
        call(
            2,
            b"cd",
            Answer::Appended {
                next: 4,
                crc: crc(b"abcd"),
            },
        ),
        call(0, b"x", Answer::Refused { length: 2 }),
    ];
    let twice = [
        good.clone(),
        vec![call(
            0,
            b"zz",
            Answer::Appended {
                next: 2,
                crc: crc(b"zz"),
            },
        )],
    ]
    .concat();
    let impossible = [
        good.clone(),
        vec![call(0, b"x", Answer::Refused { length: 3 })],
    ]
    .concat();
    let verdicts = [
        check(&good, 0, b"abcd").is_empty(),
        !check(&twice, 0, b"abcd").is_empty(),
        !check(&good, 0, b"abxd").is_empty(),
        !check(&impossible, 0, b"abcd").is_empty(),
    ];
    if verdicts == [true; 4] {
        return Outcome::Holds("3 of 3 broken histories seen (limit: all)".to_owned());
    }
    Outcome::Fails(format!("the checker is wrong: {verdicts:?}"))
}

fn name(object: usize) -> String {
    format!("object-{object}")
}

fn drive(client: &Client, calls: usize) -> Vec<Call> {
    let lengths: Vec<AtomicU64> = (0..OBJECTS).map(|_| AtomicU64::new(0)).collect();
    let left = AtomicUsize::new(calls);
    let seed = support_seed();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..CLIENTS)
            .map(|number| {
                let (lengths, left) = (&lengths, &left);
                scope.spawn(move || {
                    let mut random = Random::new(seed ^ number as u64);
                    let mut connection = client.connect();
                    let mut mine = Vec::new();
                    let take = || {
                        left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| {
                            n.checked_sub(1)
                        })
                        .is_ok()
                    };
                    while take() {
                        mine.push(one(client, &mut connection, lengths, &mut random));
                    }
                    mine
                })
            })
            .collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().expect("a client"))
            .collect()
    })
}

fn one(
    client: &Client,
    connection: &mut Connection,
    lengths: &[AtomicU64],
    random: &mut Random,
) -> Call {
    let object = random.below(OBJECTS);
    let known = lengths[object].load(Ordering::Relaxed);
    // Mostly the newest length that anyone was told; sometimes one that is surely behind or ahead.
    let position = match random.below(10) {
        0 => known.saturating_sub(1 + random.below(50) as u64),
        1 => known + 1 + random.below(50) as u64,
        _ => known,
    };
    let bytes: Vec<u8> = (0..=random.below(120))
        .map(|_| random.next().to_le_bytes()[0])
        .collect();
    let request = client
        .object("POST", BUCKET, &name(object))
        .flag("append")
        .param("position", position)
        .body(&bytes);
    let began = Instant::now();
    let answer = request.send_on(connection);
    let ended = Instant::now();
    let next = answer.next_position();
    lengths[object].fetch_max(next, Ordering::Relaxed);
    let answer = match answer.status {
        200 => Answer::Appended {
            next,
            crc: answer.crc(),
        },
        409 if answer.code() == "PositionNotEqualToLength" => Answer::Refused { length: next },
        status => panic!("{status} {}", answer.code()),
    };
    Call {
        object,
        position,
        bytes,
        began,
        ended,
        answer,
    }
}

/// What contradicts the history of one object whose content is known.
fn check(history: &[Call], object: usize, content: &[u8]) -> Vec<String> {
    let mut broken = Vec::new();
    let mut appended: Vec<&Call> = history
        .iter()
        .filter(|call| call.object == object && matches!(call.answer, Answer::Appended { .. }))
        .collect();
    appended.sort_by_key(|call| call.position);
    let mut length = 0;
    let mut digest = crc_fast::Digest::new(crc_fast::CrcAlgorithm::Crc64Xz);
    for call in &appended {
        let Answer::Appended { next, crc } = call.answer else {
            continue;
        };
        if call.position != length || next != length + call.bytes.len() as u64 {
            broken.push(format!(
                "object {object}: an append at {} to {next} where {length} was next",
                call.position
            ));
            return broken;
        }
        let (from, to) = (
            usize::try_from(length).unwrap_or(usize::MAX),
            usize::try_from(next).unwrap_or(usize::MAX),
        );
        if content.get(from..to) != Some(&call.bytes[..]) {
            broken.push(format!("object {object}: other bytes at {from}..{to}"));
        }
        digest.update(&call.bytes);
        if crc != digest.finalize() {
            broken.push(format!("object {object}: a wrong crc at {next}"));
        }
        length = next;
    }
    if length != content.len() as u64 {
        broken.push(format!(
            "object {object}: {} bytes, but {length} were acknowledged",
            content.len()
        ));
    }
    broken.extend(
        history
            .iter()
            .filter(|call| call.object == object)
            .filter_map(|call| impossible(call, &appended)),
    );
    broken
}

/// Why a refusal cannot have been told the truth: the object never had that length during the call.
fn impossible(call: &Call, appended: &[&Call]) -> Option<String> {
    let Answer::Refused { length } = call.answer else {
        return None;
    };
    let complain = |why: &str| {
        Some(format!(
            "object {}: {} refused at {length}: {why}",
            call.object, call.position
        ))
    };
    if call.position == length {
        return complain("the position was the length");
    }
    // It had that length from somewhere in the call that made it until somewhere in the call that ended it.
    let from = match appended.binary_search_by_key(&length, |a| a.position + a.bytes.len() as u64) {
        Ok(at) => Some(appended[at].began),
        Err(_) if length == 0 => None,
        Err(_) => return complain("it never had that length"),
    };
    let until = appended
        .binary_search_by_key(&length, |a| a.position)
        .ok()
        .map(|at| appended[at].ended);
    let in_time =
        from.is_none_or(|from| from <= call.ended) && until.is_none_or(|until| until >= call.began);
    if in_time {
        None
    } else {
        complain("it had that length at another time")
    }
}
