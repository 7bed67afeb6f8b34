//! What survives: an orderly restart, a kill -9 under load (S108, short form; the long one is tests/crash.rs), a full disk (S109), and a
//! second process on the same data.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::support::Random;
use crate::support::client::{Client, Connection, Request};
use crate::support::digest::crc64;
use crate::support::fixture::{Bucket, State};
use crate::support::server::{Server, Settings};
use crate::support::wait_for;

fn on_disk() -> Settings {
    Settings {
        on_disk: true,
        ..Settings::default()
    }
}

/// Objects of every kind, small and large.
fn furnish(bucket: &Bucket) -> Vec<&'static str> {
    let meta = [
        ("x-oss-meta-a", "größe"),
        ("Content-Type", "text/x"),
        ("x-oss-object-acl", "public-read"),
        ("x-oss-tagging", "t=1"),
    ];
    bucket
        .put("small", "hello")
        .headers(&meta)
        .send()
        .expect(200);
    bucket.put("large", vec![b'L'; 700_000]).send().expect(200);
    bucket.put("empty", "").send().expect(200);
    bucket
        .append("appended", 0, "one")
        .headers(&meta)
        .send()
        .expect(200);
    bucket
        .append("appended", 3, vec![b'A'; 300_000])
        .send()
        .expect(200);
    bucket
        .append("appended", 300_003, "three")
        .send()
        .expect(200);
    bucket.append("nothing", 0, "").send().expect(200);
    bucket.append("sealed", 0, "sealed").send().expect(200);
    bucket.seal("sealed", 6).send().expect(200);
    bucket.copy("large", "copied").send().expect(200);
    bucket.put("deleted", "x").send().expect(200);
    bucket.delete("deleted").send().expect(204);
    bucket
        .put("replaced", vec![b'1'; 200_000])
        .send()
        .expect(200);
    bucket.put("replaced", "2").send().expect(200);
    vec![
        "small", "large", "empty", "appended", "nothing", "sealed", "copied", "deleted", "replaced",
    ]
}

fn states(bucket: &Bucket, keys: &[&'static str]) -> BTreeMap<&'static str, State> {
    keys.iter().map(|key| (*key, bucket.state(key))).collect()
}

/// A byte that changed at rest is reported with the object's name and never served; what lies beside it is.
#[test]
fn rot_is_told_and_not_served() {
    let mut server = Server::start(on_disk());
    let bucket = Bucket::new(&server);
    let short = b"a short object that is read in one piece".to_vec();
    let long: Vec<u8> = (0..700_000_u32).flat_map(u32::to_le_bytes).collect();
    bucket.put("short", &short).send().expect(200);
    bucket.put("long", &long).send().expect(200);
    bucket.put("sound", "untouched").send().expect(200);
    let volume = server.data().join("vol/0000.vol");
    let flip = |needle: &[u8]| {
        let mut bytes = std::fs::read(&volume).expect("the volume");
        let at = bytes.windows(needle.len()).position(|part| part == needle);
        bytes[at.expect("the bytes in the volume")] ^= 1;
        std::fs::write(&volume, bytes).expect("writing the volume");
    };
    let get = |server: &Server, key: &str| {
        let client = server.client();
        let (head, _) = client.object("GET", &bucket.name, key).encode();
        let mut connection = Connection::open(client.addr);
        connection.send(&head).expect("sending a request");
        connection.read_answer("GET")
    };
    server.terminate(Duration::from_secs(10));
    let end = &long[long.len() - 64..];
    flip(&short);
    flip(end);
    server.expect_error_log("do not match their checksum");
    server.expect_error_log("can not be read");
    server.expect_error_log("request failed");
    server.start_again();
    let answer = get(&server, "short").expect("an answer");
    assert_eq!(
        (answer.status, answer.code()),
        (500, "InternalError".into())
    );
    assert!(
        get(&server, "long").is_err(),
        "the body ends before the damage"
    );
    assert_eq!(get(&server, "sound").expect("an answer").body, b"untouched");
    for key in ["short", "long"] {
        let named = |line: &String| {
            line.contains("can not be read")
                && line.contains(&bucket.name)
                && line.contains(&format!("key={key}"))
        };
        assert!(
            server.log().iter().any(named),
            "{key} in {:?}",
            server.log()
        );
    }
    // The control: put right again, both are served.
    server.terminate(Duration::from_secs(10));
    let undo = |text: &[u8]| {
        let mut changed = text.to_vec();
        changed[0] ^= 1;
        changed
    };
    flip(&undo(&short));
    flip(&undo(end));
    server.start_again();
    assert_eq!(get(&server, "short").expect("an answer").body, short);
    assert_eq!(get(&server, "long").expect("an answer").body, long);
}

/// Buckets, objects, metadata, ACLs and seals are the same after an orderly end and after a kill.
#[test]
fn everything_survives_a_restart() {
    let mut server = Server::start(on_disk());
    let name = Bucket::with_acl(&server, "public-read").name;
    let bucket = Bucket {
        client: server.client(),
        name,
    };
    let keys = furnish(&bucket);
    let before = states(&bucket, &keys);
    let listed = |bucket: &Bucket| {
        bucket
            .ask("GET")
            .flag("bucketInfo")
            .send()
            .expect(200)
            .xml()
            .at("Bucket")
            .cloned()
            .map(|mut node| {
                // The endpoints name the port, which is another after the restart.
                node.children
                    .retain(|child| !child.name.ends_with("Endpoint"));
                node
            })
    };
    let info = listed(&bucket);
    for kill in [false, true, true] {
        if kill {
            server.kill();
        } else {
            let status = server
                .terminate(Duration::from_secs(10))
                .expect("an end within ten seconds of SIGTERM");
            assert!(status.success(), "{status}");
        }
        server.start_again();
        let bucket = Bucket {
            client: server.client(),
            ..bucket.clone()
        };
        assert_eq!(states(&bucket, &keys), before, "after a kill: {kill}");
        assert_eq!(listed(&bucket), info);
        bucket
            .append("sealed", 6, "x")
            .send()
            .refused(409, "AppendSealedObjectNotAllowed");
        bucket
            .append("appended", 3, "x")
            .send()
            .refused(409, "PositionNotEqualToLength");
    }
    let bucket = Bucket {
        client: server.client(),
        ..bucket
    };
    bucket
        .append("appended", 300_008, "more")
        .send()
        .expect(200);
    bucket.append("nothing", 0, "something").send().expect(200);
    bucket.append("deleted", 0, "again").send().expect(200);
}

/// In memory nothing survives: the control of the test above.
#[test]
fn memory_forgets() {
    let mut server = Server::start(Settings::default());
    let bucket = Bucket::new(&server);
    server.terminate(Duration::from_secs(10)).expect("an end");
    server.start_again();
    server
        .client()
        .bucket("GET", &bucket.name)
        .send()
        .refused(404, "NoSuchBucket");
}

/// SIGTERM ends idle connections at once and lets a running request finish.
#[test]
fn orderly_end_finishes_requests() {
    let mut server = Server::start(on_disk());
    let bucket = Bucket::new(&server);
    let mut idle = bucket.client.connect();
    bucket.ask("GET").send_on(&mut idle).expect(200);
    let held = bucket.put("k", vec![b'x'; 200_000]).hold(1000);
    let pid = server.pid();
    let finish = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(300));
        held.finish().expect(200);
    });
    let begun = Instant::now();
    let status = server
        .terminate(Duration::from_secs(8))
        .unwrap_or_else(|| panic!("process {pid} went on after SIGTERM"));
    assert!(status.success(), "{status}");
    assert!(
        begun.elapsed() >= Duration::from_millis(250),
        "it did not wait for the running request"
    );
    finish.join().expect("the running request");
    server.start_again();
    Bucket {
        client: server.client(),
        name: bucket.name,
    }
    .assert_holds("k", "Normal", &vec![b'x'; 200_000]);
}

/// A second process on the same data directory says so in a line and ends; the first one is not disturbed.
#[test]
fn data_directory_is_locked() {
    let server = Server::start(on_disk());
    let bucket = Bucket::new(&server);
    bucket.put("k", "x").send().expect(200);
    let output = Command::new(env!("CARGO_BIN_EXE_ossicle"))
        .args(["--listen", "127.0.0.1:0", "--data"])
        .arg(server.data())
        .env("NO_COLOR", "1")
        .output()
        .expect("running a second server");
    assert!(!output.status.success());
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(
        stderr.trim().lines().count(),
        1,
        "one plain line: {stderr:?}"
    );
    assert!(!stderr.contains("panicked"), "{stderr}");
    bucket.put("k", "y").send().expect(200);
    bucket.assert_holds("k", "Normal", b"y");
}

/// The byte that belongs at `offset` of `key`'s content.
fn byte_at(key: usize, offset: u64) -> u8 {
    let mixed = (offset ^ (key as u64) << 40).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed >> 56) as u8
}

fn bytes_at(key: usize, offset: u64, length: u64) -> Vec<u8> {
    (offset..offset + length)
        .map(|offset| byte_at(key, offset))
        .collect()
}

/// What a writer knows of its object: the length it was told, and the length an unanswered append would have made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Known {
    acknowledged: u64,
    attempted: u64,
}

/// R94: the content is the acknowledged one or that of the one append under way, whole, with the right bytes.
fn survived(key: usize, known: Known, content: Option<&[u8]>) -> Result<(), String> {
    let Some(content) = content else {
        return if known.acknowledged == 0 {
            Ok(())
        } else {
            Err(format!("{known:?} but nothing is there"))
        };
    };
    let length = content.len() as u64;
    if length != known.acknowledged && length != known.attempted {
        return Err(format!("{known:?} but {length} bytes are there"));
    }
    match content
        .iter()
        .enumerate()
        .find(|(offset, byte)| **byte != byte_at(key, *offset as u64))
    {
        Some((offset, _)) => Err(format!("wrong byte at {offset} of {length}")),
        None => Ok(()),
    }
}

#[test]
fn survived_rejects_damage() {
    let known = Known {
        acknowledged: 10,
        attempted: 16,
    };
    let good = bytes_at(3, 0, 16);
    assert_eq!(survived(3, known, Some(&good)), Ok(()));
    assert_eq!(survived(3, known, Some(&good[..10])), Ok(()));
    assert!(
        survived(3, known, Some(&good[..12])).is_err(),
        "a torn tail"
    );
    assert!(
        survived(3, known, Some(&good[..6])).is_err(),
        "a lost append"
    );
    assert!(survived(3, known, None).is_err(), "a lost object");
    assert!(
        survived(4, known, Some(&good)).is_err(),
        "another object's bytes"
    );
    let mut flipped = good;
    flipped[7] ^= 1;
    assert!(survived(3, known, Some(&flipped)).is_err(), "a flipped bit");
    assert_eq!(
        survived(
            3,
            Known {
                acknowledged: 0,
                attempted: 5
            },
            None
        ),
        Ok(())
    );
}

/// Sends and reads without panicking when the server dies; the next position on success.
fn try_append(connection: &mut Connection, request: &Request) -> Option<u64> {
    let (mut bytes, body) = request.encode();
    bytes.extend(body);
    connection.send(&bytes).ok()?;
    let answer = connection.read_answer("POST").ok()?;
    assert_eq!(answer.status, 200, "{answer:?}");
    Some(answer.next_position())
}

/// Appends to one key until the server dies.
fn write_until_death(
    client: &Client,
    bucket: &str,
    key: usize,
    mut known: Known,
    seed: u64,
    stop: &AtomicBool,
) -> Known {
    let mut random = Random::new(seed);
    let Ok(stream) = std::net::TcpStream::connect(client.addr) else {
        return known;
    };
    drop(stream);
    let mut connection = client.connect();
    let fixture = Bucket {
        client: client.clone(),
        name: bucket.to_owned(),
    };
    while !stop.load(Ordering::Relaxed) {
        // Mostly small, sometimes beyond what travels in the log.
        let length = if random.below(12) == 0 {
            150_000 + random.below(100_000)
        } else {
            1 + random.below(3000)
        };
        let body = bytes_at(key, known.acknowledged, length as u64);
        known.attempted = known.acknowledged + length as u64;
        match try_append(
            &mut connection,
            &fixture.append(&format!("k{key}"), known.acknowledged, &body),
        ) {
            Some(next) => {
                known = Known {
                    acknowledged: next,
                    attempted: next,
                }
            }
            None => return known,
        }
    }
    known
}

/// S108 (R94) in short: kill -9 at random moments under append load, five times on the same data.
#[test]
fn s108_kill_under_append_load() {
    const WRITERS: usize = 4;
    let mut random = Random::new(0x0551_C1E5);
    let mut server = Server::start(on_disk());
    let name = Bucket::new(&server).name;
    let mut known = [Known {
        acknowledged: 0,
        attempted: 0,
    }; WRITERS];
    let mut interrupted = 0;
    for cycle in 0..5 {
        let client = server.client();
        let stop = Arc::new(AtomicBool::new(false));
        let threads: Vec<_> = (0..WRITERS)
            .map(|key| {
                let (client, name, stop, known) =
                    (client.clone(), name.clone(), Arc::clone(&stop), known[key]);
                let seed = random.next();
                std::thread::spawn(move || {
                    write_until_death(&client, &name, key, known, seed, &stop)
                })
            })
            .collect();
        std::thread::sleep(Duration::from_millis(120 + random.below(300) as u64));
        server.kill();
        stop.store(true, Ordering::Relaxed);
        for (key, thread) in threads.into_iter().enumerate() {
            known[key] = thread.join().expect("a writer");
        }
        interrupted += known
            .iter()
            .filter(|known| known.attempted > known.acknowledged)
            .count();
        server.start_again();
        let bucket = Bucket {
            client: server.client(),
            name: name.clone(),
        };
        for (key, known) in known.iter_mut().enumerate() {
            let answer = bucket.get(&format!("k{key}")).send();
            let content = (answer.status == 200).then_some(answer.body.as_slice());
            survived(key, *known, content)
                .unwrap_or_else(|error| panic!("cycle {cycle}, key {key}: {error}"));
            if let Some(content) = content {
                assert_eq!(
                    (answer.crc(), answer.next_position()),
                    (crc64(content), content.len() as u64)
                );
                *known = Known {
                    acknowledged: content.len() as u64,
                    attempted: content.len() as u64,
                };
            }
        }
    }
    assert!(
        known.iter().all(|known| known.acknowledged > 10_000),
        "the writers hardly wrote: {known:?}"
    );
    assert!(
        interrupted >= 5,
        "only {interrupted} appends were ever interrupted"
    );
}

/// S109 (R94): with the disk full writes fail and change nothing; with space again they succeed. Needs the right to mount a small file
/// system in a private name space, and says so where that is missing.
#[test]
fn s109_full_disk() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("small");
    std::fs::create_dir(&data).expect("a folder");
    let probe = Command::new("unshare")
        .args(["-m", "sh", "-c", "mount -t tmpfs tmpfs \"$0\""])
        .arg(&data)
        .output();
    if !probe.is_ok_and(|output| output.status.success()) {
        eprintln!("s109 skipped: no right to mount a file system here");
        return;
    }
    let script = format!(
        "mount -t tmpfs -o size=192m tmpfs '{}' && exec \"$@\"",
        data.display()
    );
    let server = Server::start(Settings {
        on_disk: true,
        data: Some(data.join("data")),
        wrapper: ["unshare", "-m", "sh", "-c", &script, "sh"]
            .map(str::to_owned)
            .to_vec(),
        ..Settings::default()
    });
    for text in [
        "No space left",
        "no space left",
        "StorageFull",
        "os error 28",
        "InternalError",
    ] {
        server.expect_error_log(text);
    }
    let bucket = Bucket::new(&server);
    bucket.append("k", 0, "hello").send().expect(200);
    let before = bucket.state("k");
    // The mount is the server's own: reach it through the process.
    let inside = format!("/proc/{}/root{}/filler", server.pid(), data.display());
    let fill = || {
        Command::new("dd")
            .args(["if=/dev/zero", "bs=1M", &format!("of={inside}")])
            .output()
            .expect("running dd")
    };
    fill();
    let big = vec![b'x'; 3_000_000];
    let mut refusals = 0;
    for round in 0..60_u64 {
        // Space that was allocated ahead may take a while to fill.
        let answer = bucket.put(&format!("fill{round}"), &big).send();
        fill();
        if answer.status != 200 {
            assert!((500..600).contains(&answer.status), "{answer:?}");
            refusals += 1;
            if refusals == 3 {
                break;
            }
        }
    }
    assert!(refusals > 0, "the disk was never full");
    let refused = bucket.append("k", 5, &big).send();
    assert!((500..600).contains(&refused.status), "{refused:?}");
    bucket.state("k").assert_same(&before);
    std::fs::remove_file(&inside).expect("removing the filler");
    wait_for(
        "the server to accept appends again",
        Duration::from_secs(10),
        || (bucket.append("k", 5, &big).send().status == 200).then_some(()),
    );
    bucket.assert_holds("k", "Appendable", &[b"hello".as_slice(), &big].concat());
}
