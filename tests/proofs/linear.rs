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
use std::time::{Duration, Instant};

const CLIENTS: usize = 32;
const OBJECTS: usize = 6;
/// After a refusal: while the append that was in front is on its way to the disk, asking again only fills the history.
const PAUSE: Duration = Duration::from_micros(500);
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

/// What a server did: every call, and what the objects held at the end.
struct Past {
    history: Vec<Call>,
    contents: Vec<Vec<u8>>,
}

impl Past {
    fn make(calls: usize) -> Self {
        let server = Server::start(Settings {
            on_disk: true,
            args: ["--log", "ossicle=warn"].map(str::to_owned).to_vec(),
            ..Settings::default()
        });
        let client = server.client();
        client.bucket("PUT", BUCKET).send().expect(200);
        let history = drive(&client, calls);
        let get = |object| client.object("GET", BUCKET, &name(object)).send();
        let contents = (0..OBJECTS).map(|object| get(object).expect(200).body);
        Self {
            history,
            contents: contents.collect(),
        }
    }

    fn contradictions(&self) -> Vec<String> {
        let objects = self.contents.iter().enumerate();
        objects
            .flat_map(|(object, content)| check(&self.history, object, content))
            .collect()
    }

    fn appended(&self) -> usize {
        let appended = |call: &&Call| matches!(call.answer, Answer::Appended { .. });
        self.history.iter().filter(appended).count()
    }
}

/// Makes `calls` calls and checks the history.
pub fn run(calls: usize) -> Outcome {
    let began = Instant::now();
    let past = Past::make(calls);
    let took = began.elapsed();
    let broken = past.contradictions();
    if !broken.is_empty() {
        return Outcome::Fails(broken.join("\n  "));
    }
    let (all, appended) = (past.history.len(), past.appended());
    // Neither a server that refuses nearly everything nor one that is never asked for a wrong position proves much.
    if appended * 50 < all || (all - appended) * 20 < all {
        return Outcome::Fails(format!("{appended} of {all} calls appended"));
    }
    Outcome::Holds(format!(
        "0 contradictions (limit 0) in {all} calls of {CLIENTS} clients, {appended} appended, in {} s",
        took.as_secs()
    ))
}

/// A change to a history, at an append.
type Change = fn(&mut Past, usize);

/// A history of a real server, changed in the ways that a wrong server would: each must be seen.
pub fn control(calls: usize) -> Outcome {
    let past = Past::make(calls);
    if !past.contradictions().is_empty() {
        return Outcome::Fails("the history was wrong before it was changed".to_owned());
    }
    let changes: [(&str, Change); 6] = [
        ("an append that was acknowledged is gone", |past, at| {
            past.history.remove(at);
        }),
        ("two appends at one position", |past, at| {
            let twice = past.history[at].clone();
            past.history.push(twice);
        }),
        ("another crc", |past, at| {
            if let Answer::Appended { crc, .. } = &mut past.history[at].answer {
                *crc ^= 1;
            }
        }),
        ("another byte at the end", |past, at| {
            if let Some(last) = past.contents[past.history[at].object].last_mut() {
                *last ^= 1;
            }
        }),
        ("a refusal at the length itself", |past, at| {
            let mut call = past.history[at].clone();
            call.answer = Answer::Refused {
                length: call.position,
            };
            past.history.push(call);
        }),
        (
            "a refusal with a length from before the call",
            |past, at| {
                let object = past.history[at].object;
                let last = past.history.iter().filter(|call| call.object == object);
                let mut call = past.history[at].clone();
                call.began = last.map(|call| call.ended).max().unwrap_or(call.ended);
                call.ended = call.began;
                call.answer = Answer::Refused {
                    length: call.position,
                };
                call.position += 1_000_000;
                past.history.push(call);
            },
        ),
    ];
    let mut unseen = Vec::new();
    for (what, change) in &changes {
        let mut wrong = Past {
            history: past.history.clone(),
            contents: past.contents.clone(),
        };
        // An append in the middle, so that there is one before and one behind it.
        let appends = (0..wrong.history.len())
            .filter(|at| matches!(wrong.history[*at].answer, Answer::Appended { .. }));
        let appends: Vec<usize> = appends.collect();
        change(&mut wrong, appends[appends.len() / 2]);
        if wrong.contradictions().is_empty() {
            unseen.push(*what);
        }
    }
    if unseen.is_empty() {
        return Outcome::Holds(format!(
            "{} of {} changed histories seen (limit: all)",
            changes.len(),
            changes.len()
        ));
    }
    Outcome::Fails(format!("not seen: {}", unseen.join("; ")))
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
        409 if answer.code() == "PositionNotEqualToLength" => {
            std::thread::sleep(PAUSE);
            Answer::Refused { length: next }
        }
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
