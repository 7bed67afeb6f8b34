//! Bounds: memory does not grow with a body, disk does not grow with churn, and a full disk is an error and no more.

use crate::Outcome;
use crate::support::client::{Client, Connection};
use crate::support::server::{Server, Settings};
use std::path::Path;
use std::process::Command;

const MIB: usize = 1024 * 1024;
const BUCKET: &str = "bounds";

fn start(args: &[&str], data: Option<std::path::PathBuf>) -> Server {
    let mut all = vec!["--log".to_owned(), "ossicle=warn".to_owned()];
    all.extend(args.iter().map(|arg| (*arg).to_owned()));
    let server = Server::start(Settings {
        on_disk: true,
        args: all,
        data,
        ..Settings::default()
    });
    server.client().bucket("PUT", BUCKET).send().expect(200);
    server
}

/// Peak memory above idle while `megabytes` go in and out in one object, and while 200 objects of 10 MiB go in at once.
pub fn memory(megabytes: usize) -> Outcome {
    let server = start(&[], None);
    let client = server.client();
    let idle = resident(server.pid(), "VmRSS");
    stream_in(&client, "large", megabytes);
    let crc = stream_out(&client, "large", megabytes);
    let after_large = resident(server.pid(), "VmHWM");
    std::thread::scope(|scope| {
        for number in 0..200 {
            let client = &client;
            scope.spawn(move || stream_in(client, &format!("small-{number}"), 10));
        }
    });
    let peak = resident(server.pid(), "VmHWM");
    let figure = format!(
        "idle {} MiB (limit 15), {} MiB above it for {megabytes} MiB in and out (crc {crc}), {} MiB for 200 x 10 MiB at once (limit 96)",
        idle / 1024,
        (after_large - idle) / 1024,
        (peak - idle) / 1024
    );
    if (peak - idle) / 1024 <= 96 && idle / 1024 <= 15 {
        Outcome::Holds(figure)
    } else {
        Outcome::Fails(figure)
    }
}

/// Kilobytes of resident memory, now (`VmRSS`) or at most (`VmHWM`).
fn resident(pid: u32, field: &str) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("a process status");
    let line = status
        .lines()
        .find(|line| line.starts_with(field))
        .expect("a memory figure");
    line.split_whitespace()
        .nth(1)
        .and_then(|number| number.parse().ok())
        .expect("kilobytes")
}

/// A megabyte that depends on its number, so that no piece can stand for another.
fn piece(number: usize) -> Vec<u8> {
    let mut bytes = vec![0x5A; MIB];
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    bytes[MIB - 8..].copy_from_slice(&number.to_le_bytes());
    bytes
}

fn stream_in(client: &Client, key: &str, megabytes: usize) {
    let request = client
        .object("PUT", BUCKET, key)
        .claim_length((megabytes * MIB) as u64);
    let (head, _) = request.encode();
    let mut connection = Connection::open(client.addr);
    connection.send(&head).expect("sending a head");
    let mut digest = crc_fast::Digest::new(crc_fast::CrcAlgorithm::Crc64Xz);
    for number in 0..megabytes {
        let bytes = piece(number);
        digest.update(&bytes);
        connection.send(&bytes).expect("sending a body");
    }
    let answer = connection
        .read_answer("PUT")
        .expect("an answer")
        .expect(200);
    assert_eq!(answer.crc(), digest.finalize(), "the crc of what was sent");
}

/// Reads an object in ranges, so that the test's own memory stays small too.
fn stream_out(client: &Client, key: &str, megabytes: usize) -> u64 {
    let mut connection = Connection::open(client.addr);
    let step = 64;
    let mut crc = 0;
    for from in (0..megabytes).step_by(step) {
        let to = (from + step).min(megabytes);
        let range = format!("bytes={}-{}", from * MIB, to * MIB - 1);
        let answer = client
            .object("GET", BUCKET, key)
            .header("range", range)
            .send_on(&mut connection)
            .expect(206);
        for (at, number) in (from..to).enumerate() {
            assert!(
                answer.body[at * MIB..(at + 1) * MIB] == piece(number),
                "megabyte {number} came back changed"
            );
        }
        crc = answer.crc();
    }
    crc
}

/// Overwrites and deletes ten times the live bytes; the directory stays within 1.5 times those plus a reserve.
pub fn space(rounds: usize) -> Outcome {
    const LIVE: usize = 64;
    // What may wait for a checkpoint, what is freed while one runs, and the stretch that volumes grow by.
    const RESERVE: usize = 192 * MIB;
    let server = start(&[], None);
    let client = server.client();
    let empty = disk_usage(&server.data());
    let mut connection = Connection::open(client.addr);
    for round in 0..rounds {
        for number in 0..LIVE {
            // Half are overwritten, half deleted and written anew, in sizes that differ from round to round.
            let key = format!("key-{number}");
            if (number + round) % 2 == 0 {
                client
                    .object("DELETE", BUCKET, &key)
                    .send_on(&mut connection)
                    .expect(204);
            }
            let length = MIB - (number * 7919 + round * 104_729) % (MIB / 2);
            client
                .object("PUT", BUCKET, &key)
                .body(&piece(number)[..length])
                .send_on(&mut connection)
                .expect(200);
        }
    }
    let live: usize = (0..LIVE)
        .map(|number| MIB - (number * 7919 + (rounds - 1) * 104_729) % (MIB / 2))
        .sum();
    let used = disk_usage(&server.data());
    let figure = format!(
        "{} MiB on disk for {} MiB live after {rounds} rounds (limit 1.5 x live + {} MiB); an empty store {} KiB (limit 8192)",
        used / MIB,
        live / MIB,
        RESERVE / MIB,
        empty / 1024
    );
    if used <= live * 3 / 2 + RESERVE && empty <= 8 * MIB {
        Outcome::Holds(figure)
    } else {
        Outcome::Fails(figure)
    }
}

/// Bytes that a directory takes on its device.
fn disk_usage(path: &Path) -> usize {
    let output = Command::new("du")
        .args(["-s", "-B1"])
        .arg(path)
        .output()
        .expect("du");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.split_whitespace()
        .next()
        .and_then(|number| number.parse().ok())
        .expect("a number of bytes")
}

/// A small file system runs full: writes fail with 5xx, nothing acknowledged is lost, and room that comes back is used.
pub fn full_disk(_: usize) -> Outcome {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=96m", "tmpfs"])
        .arg(folder.path())
        .status();
    if !mounted.is_ok_and(|status| status.success()) {
        return Outcome::Skipped("no tmpfs can be mounted here".to_owned());
    }
    let outcome = std::panic::catch_unwind(|| fill(folder.path()));
    let _ = Command::new("umount").arg("-l").arg(folder.path()).status();
    outcome.unwrap_or_else(|_| Outcome::Fails("the server or the check broke off".to_owned()))
}

fn fill(folder: &Path) -> Outcome {
    let server = start(&[], Some(folder.join("data")));
    server.expect_error_log("");
    let client = server.client();
    let mut connection = Connection::open(client.addr);
    client
        .object("POST", BUCKET, "appended")
        .flag("append")
        .param("position", 0)
        .body(b"before")
        .send()
        .expect(200);
    let mut stored = Vec::new();
    let mut refused = 0;
    for number in 0..200 {
        let key = format!("key-{number}");
        let answer = client
            .object("PUT", BUCKET, &key)
            .body(piece(number))
            .send_on(&mut connection);
        match answer.status {
            200 => stored.push(number),
            status if status >= 500 => refused += 1,
            status => {
                return Outcome::Fails(format!("a full disk answered {status} {}", answer.code()));
            }
        }
        if refused > 3 {
            break;
        }
    }
    if refused == 0 {
        return Outcome::Fails("the disk never ran full".to_owned());
    }
    for number in &stored {
        let answer = client
            .object("GET", BUCKET, &format!("key-{number}"))
            .send_on(&mut connection)
            .expect(200);
        if answer.body != piece(*number) {
            return Outcome::Fails(format!("key-{number} came back changed"));
        }
    }
    let length = client
        .object("HEAD", BUCKET, "appended")
        .send()
        .expect(200)
        .next_position();
    if length != 6 {
        return Outcome::Fails(format!("the append object has {length} bytes"));
    }
    for number in &stored[..stored.len() / 2] {
        client
            .object("DELETE", BUCKET, &format!("key-{number}"))
            .send_on(&mut connection)
            .expect(204);
    }
    // Freed room is given back after the next checkpoint, not at once.
    let again = crate::support::wait_for(
        "room to write again",
        std::time::Duration::from_secs(30),
        || {
            let answer = client.object("PUT", BUCKET, "again").body(piece(7)).send();
            (answer.status == 200).then_some(answer.status)
        },
    );
    Outcome::Holds(format!(
        "{} stored and unharmed, {refused} refused, {again} once there was room (limit: 0 lost)",
        stored.len()
    ))
}
