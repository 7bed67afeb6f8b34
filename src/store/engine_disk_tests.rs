//! Tests of the engine on disk: what a reopened directory holds after stops, kills, damage and failing system calls.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss
)] // tests use small numbers

use super::engine::*;
use std::{
    collections::BTreeMap,
    fs::{self, File},
    ops::Bound,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

/// No checkpoint unless asked for, so that each test decides.
fn options(dir: &Path) -> EngineOptions {
    EngineOptions {
        dir: Some(dir.to_path_buf()),
        idle_checkpoint: std::time::Duration::from_secs(3600),
        failpoints: String::new(),
        ..EngineOptions::default()
    }
}

fn open(dir: &Path) -> Engine {
    Engine::open(options(dir)).unwrap()
}

fn open_with(dir: &Path, failpoints: &str) -> Result<Engine, EngineError> {
    Engine::open(EngineOptions {
        failpoints: failpoints.to_owned(),
        ..options(dir)
    })
}

fn put(engine: &Engine, key: &str, value: &[u8]) -> Result<(), EngineError> {
    let mut batch = engine.batch();
    batch.put(key.as_bytes().to_vec(), value.to_vec());
    batch.submit().wait()
}

fn get(engine: &Engine, key: &str) -> Option<Vec<u8>> {
    engine
        .get(View::Committed, key.as_bytes())
        .unwrap()
        .map(|value| value.to_vec())
}

fn pattern(seed: u64, len: usize) -> Vec<u8> {
    let byte = |n: u64| {
        let mixed = (seed << 32 ^ n).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        ((mixed ^ mixed >> 31).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 56) as u8
    };
    (0..len as u64).map(byte).collect()
}

fn content(engine: &Engine, key: &str) -> Option<Content> {
    get(engine, key).map(|row| Content::decode(&mut row.as_slice()).unwrap())
}

fn body(engine: &Engine, key: &str) -> Option<Vec<u8>> {
    content(engine, key).map(|content| {
        engine
            .read(&content, 0..content.len())
            .read_to_end()
            .unwrap()
    })
}

/// Appends to the object `key`, creating it.
fn append(engine: &Engine, key: &str, bytes: &[u8]) -> Result<(), EngineError> {
    let mut batch = engine.batch();
    let before = batch
        .get(key.as_bytes())?
        .map(|row| Content::decode(&mut &row[..]))
        .transpose()?;
    let before = before.unwrap_or_else(|| Content::empty(engine.next_content_id()));
    let after = if bytes.len() < SMALL_MAX {
        batch.append_small(&before, bytes)?
    } else {
        let mut writer = engine.stage(Some(bytes.len() as u64));
        writer.write_now(bytes)?;
        batch.attach(&before, writer.finish())?
    };
    let mut row = Vec::new();
    after.encode(&mut row);
    batch.put(key.as_bytes().to_vec(), row);
    batch.submit().wait()
}

fn delete(engine: &Engine, key: &str) -> Result<(), EngineError> {
    let mut batch = engine.batch();
    if let Some(row) = batch.get(key.as_bytes())? {
        batch.release(&Content::decode(&mut &row[..])?)?;
        batch.delete(key.as_bytes().to_vec());
    }
    batch.submit().wait()
}

fn segments(dir: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(dir.join("wal"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths
}

/// Offset and length of every group in a segment, as its headers say.
fn groups(path: &Path) -> Vec<(u64, u64)> {
    let bytes = fs::read(path).unwrap();
    let mut at = 4096;
    let mut found = Vec::new();
    while bytes[at..at + 4] == 0x4752_534fu32.to_le_bytes() {
        let len = u32::from_le_bytes(bytes[at + 4..at + 8].try_into().unwrap()) as usize;
        found.push((at as u64, len as u64));
        at += len;
    }
    found
}

fn used_space(engine: &Engine) -> u64 {
    engine.checkpoint_blocking().unwrap();
    let figures = engine.figures();
    figures.allocated_bytes + figures.waiting_bytes
}

#[test]
fn everything_is_there_after_a_clean_stop_and_after_a_kill() {
    let dir = TempDir::new().unwrap();
    let mut last_id = 0;
    for round in 0..6 {
        let engine = open(dir.path());
        for earlier in 0..round {
            assert_eq!(
                get(&engine, &format!("row {earlier}")).unwrap(),
                [earlier; 10]
            );
            assert_eq!(
                body(&engine, &format!("large {earlier}")).unwrap(),
                pattern(u64::from(earlier), 300_000)
            );
        }
        let mut grown: Vec<u8> = Vec::new();
        (0..round).for_each(|n| grown.extend(pattern(u64::from(n), 5000)));
        assert_eq!(body(&engine, "grown").unwrap_or_default(), grown);
        let id = engine.next_content_id();
        assert!(id > last_id, "{id} after {last_id}");
        last_id = id;
        put(&engine, &format!("row {round}"), &[round; 10]).unwrap();
        append(&engine, "grown", &pattern(u64::from(round), 5000)).unwrap();
        append(
            &engine,
            &format!("large {round}"),
            &pattern(u64::from(round), 300_000),
        )
        .unwrap();
        if round % 2 == 0 {
            engine.close_blocking().unwrap();
        }
    }
    let engine = open(dir.path());
    assert_eq!(engine.figures().live_bytes, 6 * 305_000);
    for round in 0..6 {
        delete(&engine, &format!("large {round}")).unwrap();
    }
    delete(&engine, "grown").unwrap();
    assert_eq!(
        used_space(&engine),
        0,
        "every span is accounted for across restarts"
    );
    assert_eq!(engine.figures().live_bytes, 0);
}

#[test]
fn replaying_twice_changes_nothing() {
    let dir = TempDir::new().unwrap();
    let engine = open(dir.path());
    for n in 0..50 {
        append(
            &engine,
            &format!("object {}", n % 7),
            &pattern(n, 1000 + n as usize * 321),
        )
        .unwrap();
        if n % 11 == 10 {
            delete(&engine, &format!("object {}", n % 5)).unwrap();
        }
    }
    let want: Vec<_> = (0..7)
        .map(|n| body(&engine, &format!("object {n}")))
        .collect();
    let allocated = engine.figures().allocated_bytes;
    drop(engine);
    for _ in 0..3 {
        let engine = open(dir.path());
        assert!(engine.figures().replayed > 0);
        // The start asks for a checkpoint of its own; whether it ran before the drop does not matter.
        let got: Vec<_> = (0..7)
            .map(|n| body(&engine, &format!("object {n}")))
            .collect();
        assert!(got == want);
        assert!(engine.figures().allocated_bytes <= allocated);
        drop(engine);
        if open_with(dir.path(), "checkpoint.begin=eio")
            .unwrap()
            .figures()
            .replayed
            == 0
        {
            break;
        }
    }
}

#[test]
fn a_torn_tail_loses_only_what_was_not_acknowledged() {
    let dir = TempDir::new().unwrap();
    let engine = open(dir.path());
    for n in 0..20u8 {
        append(
            &engine,
            &format!("object {n}"),
            &pattern(u64::from(n), 6000),
        )
        .unwrap();
    }
    drop(engine);
    let segment = segments(dir.path()).remove(0);
    let groups = groups(&segment);
    assert_eq!(groups.len(), 20);
    let whole = fs::read(&segment).unwrap();
    let (at, len) = *groups.last().unwrap();
    for cut in [0, 1, 27, 28, 36, 512, 4095, 4096, len as usize - 2200] {
        let copy = TempDir::new().unwrap();
        copy_dir(dir.path(), copy.path());
        let mut torn = whole.clone();
        torn[at as usize + cut..(at + len) as usize].fill(0xA5);
        fs::write(
            copy.path().join("wal").join(segment.file_name().unwrap()),
            &torn,
        )
        .unwrap();
        let engine = open(copy.path());
        for n in 0..19u8 {
            assert!(
                body(&engine, &format!("object {n}")).unwrap() == pattern(u64::from(n), 6000),
                "cut {cut}, object {n}"
            );
        }
        assert!(body(&engine, "object 19").is_none(), "cut {cut}");
        append(&engine, "after", b"the tear").unwrap();
        drop(engine);
        assert_eq!(
            body(&open(copy.path()), "after").unwrap(),
            b"the tear",
            "cut {cut}"
        );
    }
    // The control: an untouched tail is replayed.
    assert!(body(&open(dir.path()), "object 19").is_some());
}

#[test]
fn damage_in_the_middle_of_the_log_is_refused_not_skipped() {
    let dir = TempDir::new().unwrap();
    let engine = open(dir.path());
    for n in 0..5u8 {
        put(&engine, &format!("row {n}"), &[n; 100]).unwrap();
    }
    drop(engine);
    let segment = segments(dir.path()).remove(0);
    let (at, _) = groups(&segment)[2];
    let file = File::options().write(true).open(&segment).unwrap();
    file.write_all_at(&[0xFF; 3], at + 50).unwrap();
    assert!(matches!(
        Engine::open(options(dir.path())),
        Err(EngineError::Corrupt { .. })
    ));
}

fn copy_dir(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_dir(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn a_flipped_byte_in_a_volume_is_noticed() {
    let dir = TempDir::new().unwrap();
    let engine = open(dir.path());
    append(&engine, "small", &pattern(1, 10_000)).unwrap();
    append(&engine, "large", &pattern(2, 700_000)).unwrap();
    engine.close_blocking().unwrap();
    let volume = dir.path().join("vol/0000.vol");
    let bytes = fs::read(&volume).unwrap();
    let file = File::options().write(true).open(&volume).unwrap();
    for (key, seed, len) in [("small", 1, 10_000), ("large", 2, 700_000)] {
        let want = pattern(seed, len);
        let at = bytes
            .windows(64)
            .position(|window| window == &want[len - 64..])
            .unwrap() as u64;
        file.write_all_at(&[bytes[at as usize] ^ 1], at).unwrap();
        let engine = open(dir.path());
        let content = content(&engine, key).unwrap();
        let read = engine.read(&content, 0..content.len()).read_to_end();
        assert!(matches!(read, Err(EngineError::Corrupt { .. })), "{key}");
        drop(engine);
        file.write_all_at(&[bytes[at as usize]], at).unwrap();
        assert!(
            body(&open(dir.path()), key).unwrap() == want,
            "control: {key} put right again"
        );
    }
}

#[test]
fn long_values_survive_the_base_and_leave_nothing_behind() {
    let dir = TempDir::new().unwrap();
    let engine = open(dir.path());
    let lens = [0, 1, 1999, 2000, 2001, 4000, 100_000, VALUE_MAX];
    for (n, len) in lens.iter().enumerate() {
        put(&engine, &format!("row {n}"), &pattern(n as u64, *len)).unwrap();
    }
    engine.close_blocking().unwrap();
    let engine = open(dir.path());
    let rows = engine
        .scan(
            View::Committed,
            Bound::Unbounded,
            Bound::Excluded(&[0xE0]),
            100,
        )
        .unwrap();
    assert_eq!(rows.len(), lens.len());
    for (n, len) in lens.iter().enumerate() {
        assert!(rows[n].1[..] == pattern(n as u64, *len)[..], "{len} bytes");
    }
    for (n, len) in lens.iter().rev().enumerate() {
        put(&engine, &format!("row {n}"), &pattern(n as u64 + 99, *len)).unwrap();
    }
    engine.close_blocking().unwrap();
    let engine = open(dir.path());
    for (n, len) in lens.iter().rev().enumerate() {
        assert!(
            get(&engine, &format!("row {n}")).unwrap() == pattern(n as u64 + 99, *len),
            "{len} bytes, rewritten"
        );
        let mut batch = engine.batch();
        batch.delete(format!("row {n}").into_bytes());
        batch.submit().wait().unwrap();
    }
    engine.close_blocking().unwrap();
    let config = sled::Config::new()
        .path(dir.path().join("base"))
        .segment_size(4 << 20);
    let db = loop {
        // The threads of the instance that was dropped let go of its lock a little later.
        match config.open() {
            Ok(db) => break db,
            Err(sled::Error::Io(_)) => std::thread::sleep(std::time::Duration::from_millis(5)),
            Err(other) => panic!("{other}"),
        }
    };
    let left: Vec<_> = db.iter().keys().map(Result::unwrap).collect();
    assert_eq!(left, [&[0xE3u8][..]], "only the checkpoint row is left");
}

#[test]
fn after_a_failed_sync_writes_are_refused_and_reads_go_on() {
    for point in ["log.sync=eio*2", "volume.sync=eio*1"] {
        let dir = TempDir::new().unwrap();
        let engine = open_with(dir.path(), point).unwrap();
        let mut acknowledged = Vec::new();
        let mut failed = 0;
        for n in 0..6u8 {
            match append(
                &engine,
                &format!("object {n}"),
                &pattern(u64::from(n), 200_000),
            ) {
                Ok(()) => acknowledged.push(n),
                Err(EngineError::Io { .. } | EngineError::Poisoned) => failed += 1,
                Err(other) => panic!("{point}: {other}"),
            }
        }
        assert!(
            !acknowledged.is_empty() && failed >= 3,
            "{point}: {acknowledged:?}"
        );
        assert!(engine.figures().poisoned);
        assert!(
            matches!(put(&engine, "row", b"x"), Err(EngineError::Poisoned)),
            "{point}"
        );
        for n in &acknowledged {
            assert!(
                body(&engine, &format!("object {n}")).unwrap() == pattern(u64::from(*n), 200_000)
            );
        }
        assert!(matches!(
            engine.checkpoint_blocking(),
            Err(EngineError::Poisoned)
        ));
        drop(engine);
        let engine = open(dir.path());
        for n in &acknowledged {
            assert!(
                body(&engine, &format!("object {n}")).unwrap() == pattern(u64::from(*n), 200_000),
                "{point}"
            );
        }
        put(&engine, "row", b"x").unwrap();
    }
}

/// The record whose sync failed may be found by the next start, so what it names must not be written over until then.
#[test]
fn a_write_whose_sync_failed_is_whole_or_not_there() {
    let dir = TempDir::new().unwrap();
    let engine = open_with(dir.path(), "log.sync=eio*1").unwrap();
    append(&engine, "object", &pattern(1, 200_000)).unwrap();
    assert!(append(&engine, "object", &pattern(2, 200_000)).is_err());
    for n in 0..8 {
        // Refused, but not before its bytes are in a volume.
        assert!(append(&engine, "other", &pattern(3 + n, 200_000)).is_err());
    }
    drop(engine);
    let before = pattern(1, 200_000);
    let after = [pattern(1, 200_000), pattern(2, 200_000)].concat();
    let found = body(&open(dir.path()), "object").unwrap();
    assert!(found == before || found == after);
}

#[test]
fn no_space_is_an_error_that_passes() {
    for point in [
        "log.write=enospc*3+8",
        "log.written=enospc*3+8",
        "volume.write=enospc*3+4",
        "stage.write=enospc+3",
    ] {
        let dir = TempDir::new().unwrap();
        let engine = open_with(dir.path(), point).unwrap();
        let mut want: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        let mut refused = 0;
        for n in 0..30u64 {
            let key = format!("object {}", n % 4);
            let len = if n % 3 == 0 { 200_000 } else { 3000 };
            match append(&engine, &key, &pattern(n, len)) {
                Ok(()) => want.entry(key).or_default().extend(pattern(n, len)),
                Err(EngineError::Full | EngineError::Io { .. }) => refused += 1,
                Err(other) => panic!("{point}: {other}"),
            }
        }
        assert!((3..10).contains(&refused), "{point}: {refused}");
        assert!(!engine.figures().poisoned, "{point}");
        for reopen in 0..2 {
            let engine = if reopen == 0 {
                engine.clone()
            } else {
                open_with(dir.path(), "").unwrap_or_else(|_| engine.clone())
            };
            for (key, bytes) in &want {
                assert!(body(&engine, key).as_ref() == Some(bytes), "{point}: {key}");
            }
        }
        drop(engine);
        let engine = open(dir.path());
        for (key, bytes) in &want {
            assert!(
                body(&engine, key).as_ref() == Some(bytes),
                "{point}: {key}, reopened"
            );
            delete(&engine, key).unwrap();
        }
        assert_eq!(
            used_space(&engine),
            0,
            "{point}: refused writes leave no space behind"
        );
    }
}

#[test]
fn a_void_that_fails_poisons() {
    let dir = TempDir::new().unwrap();
    let engine = open_with(dir.path(), "log.written=enospc*1,log.void=eio").unwrap();
    put(&engine, "a", b"1").unwrap();
    assert!(put(&engine, "b", b"2").is_err());
    assert!(engine.figures().poisoned);
    assert_eq!(get(&engine, "a").unwrap(), b"1");
    assert!(get(&engine, "b").is_none());
}

#[test]
fn batches_that_saw_a_rolled_back_commit_are_refused() {
    let dir = TempDir::new().unwrap();
    let engine = open_with(dir.path(), "log.write=enospc*1+2").unwrap();
    put(&engine, "first", b"1").unwrap();
    let mut stale = engine.batch();
    assert!(matches!(
        put(&engine, "second", b"2"),
        Err(EngineError::Full)
    ));
    stale.put(b"third".to_vec(), b"3".as_slice());
    assert!(matches!(stale.submit().wait(), Err(EngineError::Stale)));
    put(&engine, "third", b"3").unwrap();
    assert!(get(&engine, "second").is_none());
    assert_eq!(engine.get(View::Pending, b"second").unwrap(), None);
}

#[test]
fn every_step_of_a_checkpoint_may_be_the_last() {
    const STEPS: &[&str] = &[
        "checkpoint.begin",
        "checkpoint.frozen",
        "volume.sync",
        "checkpoint.volumes",
        "checkpoint.slice",
        "checkpoint.slice*1",
        "base.apply",
        "base.apply*1",
        "base.flush",
        "base.flush*1",
        "base.sync",
        "base.sync*1",
        "checkpoint.last",
        "checkpoint.applied",
        "checkpoint.recycle",
        "checkpoint.end",
    ];
    for step in STEPS {
        let dir = TempDir::new().unwrap();
        let (name, skip) = step
            .split_once('*')
            .map_or((*step, String::new()), |(name, skip)| {
                (name, format!("*{skip}"))
            });
        let engine = open_with(dir.path(), &format!("{name}=eio{skip}")).unwrap();
        let mut want = BTreeMap::new();
        for n in 0..60u64 {
            let key = format!("object {n:04}");
            append(&engine, &key, &pattern(n, 2000)).unwrap();
            put(&engine, &format!("row {n:04}"), &pattern(n, 15_000)).unwrap();
            want.insert(key, pattern(n, 2000));
        }
        for n in (0..60u64).step_by(3) {
            let key = format!("object {n:04}");
            delete(&engine, &key).unwrap();
            want.remove(&key);
        }
        assert!(
            engine.checkpoint_blocking().is_err(),
            "{step} was not reached"
        );
        for (key, bytes) in &want {
            assert!(
                body(&engine, key).as_ref() == Some(bytes),
                "{step}: reads go on"
            );
        }
        drop(engine);
        for _ in 0..2 {
            let engine = open(dir.path());
            for n in 0..60u64 {
                let key = format!("object {n:04}");
                assert!(
                    body(&engine, &key).as_ref() == want.get(&key),
                    "{step}: {key}"
                );
            }
        }
        let engine = open(dir.path());
        for key in want.keys() {
            delete(&engine, key).unwrap();
        }
        assert_eq!(used_space(&engine), 0, "{step}");
    }
}

#[test]
fn directories_in_use_newer_or_foreign_are_refused() {
    let dir = TempDir::new().unwrap();
    let engine = open(dir.path());
    assert!(matches!(
        Engine::open(options(dir.path())),
        Err(EngineError::Locked { .. })
    ));
    drop(engine);
    fs::write(dir.path().join("FORMAT"), "ossicle store format 2\n").unwrap();
    assert!(matches!(
        Engine::open(options(dir.path())),
        Err(EngineError::NewerFormat {
            found: 2,
            supported: 1
        })
    ));
    fs::write(dir.path().join("FORMAT"), "what").unwrap();
    assert!(matches!(
        Engine::open(options(dir.path())),
        Err(EngineError::Corrupt { .. })
    ));
    let foreign = TempDir::new().unwrap();
    fs::write(foreign.path().join("thesis.tex"), "mine").unwrap();
    assert!(matches!(
        Engine::open(options(foreign.path())),
        Err(EngineError::Corrupt { .. })
    ));
    assert_eq!(
        fs::read_dir(foreign.path()).unwrap().count(),
        2,
        "nothing but the lock was added"
    );
}

#[test]
fn an_empty_store_is_small() {
    let dir = TempDir::new().unwrap();
    let engine = open(dir.path());
    put(&engine, "a", b"b").unwrap();
    engine.close_blocking().unwrap();
    let engine = open(dir.path());
    let figures = engine.figures();
    assert!(figures.disk_bytes < 8 << 20, "{figures:?}");
}

#[test]
fn churn_does_not_grow_the_directory() {
    let dir = TempDir::new().unwrap();
    let engine = Engine::open(EngineOptions {
        checkpoint_max: 8 << 20,
        ..options(dir.path())
    })
    .unwrap();
    let sizes = [5_000, 40_000, 120_000, 300_000, 1_000_000];
    let live: usize = 60 * sizes.iter().sum::<usize>();
    for round in 0..10u64 {
        for n in 0..300usize {
            let key = format!("object {n}");
            delete(&engine, &key).unwrap();
            append(
                &engine,
                &key,
                &vec![round as u8; sizes[(n + round as usize) % 5]],
            )
            .unwrap();
        }
    }
    engine.checkpoint_blocking().unwrap();
    let figures = engine.figures();
    assert_eq!(figures.live_bytes, live as u64);
    let reserve = 64 << 20;
    assert!(
        figures.disk_bytes <= live as u64 * 3 / 2 + reserve,
        "{figures:?}"
    );
    let volumes = figures.disk_bytes - figures.log_bytes - figures.base_bytes;
    assert!(
        volumes <= live as u64 * 3 / 2 + (10 << 20),
        "volumes {volumes} of {live}"
    );
}

#[test]
fn many_threads_commit_together_in_order() {
    let dir = TempDir::new().unwrap();
    let engine = Engine::open(EngineOptions {
        checkpoint_first: 1 << 20,
        checkpoint_max: 1 << 20,
        ..options(dir.path())
    })
    .unwrap();
    let key_locks: Vec<_> = (0..3).map(|_| parking_lot::Mutex::new(())).collect();
    std::thread::scope(|scope| {
        for thread in 0..8usize {
            let (engine, key_locks) = (&engine, &key_locks);
            scope.spawn(move || {
                for n in 0..200usize {
                    let key = (thread + n) % 3;
                    let guard = key_locks[key].lock();
                    let name = format!("log {key}");
                    let mut batch = engine.batch();
                    let row = batch.get(name.as_bytes()).unwrap();
                    let before = row.map_or_else(
                        || Content::empty(engine.next_content_id()),
                        |row| Content::decode(&mut &row[..]).unwrap(),
                    );
                    let line = format!("{:08} {thread} {n}\n", before.len());
                    let after = batch.append_small(&before, line.as_bytes()).unwrap();
                    let mut row = Vec::new();
                    after.encode(&mut row);
                    batch.put(name.into_bytes(), row);
                    let commit = batch.submit();
                    drop(guard);
                    commit.wait().unwrap();
                }
            });
        }
    });
    drop(engine);
    let engine = open(dir.path());
    let mut lines = 0;
    for key in 0..3 {
        let text = String::from_utf8(body(&engine, &format!("log {key}")).unwrap()).unwrap();
        let mut at = 0;
        for line in text.lines() {
            assert_eq!(
                line[..8].parse::<usize>().unwrap(),
                at,
                "each append saw the one before"
            );
            at += line.len() + 1;
            lines += 1;
        }
    }
    assert_eq!(lines, 1600);
}

/// A plain model beside the engine through random operations, checkpoints, stops and kills.
#[test]
fn a_model_agrees_through_reopens() {
    for seed in 1..6u64 {
        let dir = TempDir::new().unwrap();
        let mut random = seed;
        let mut next = move |bound: u64| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            random % bound
        };
        let mut model: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        let mut engine = open(dir.path());
        for step in 0..400 {
            let key = format!("object {}", next(12));
            match next(100) {
                0..50 => {
                    let len = [next(300), next(5000), next(90_000), 131_072 + next(600_000)]
                        [next(4) as usize];
                    let bytes = pattern(next(1 << 40), len as usize);
                    append(&engine, &key, &bytes).unwrap();
                    model.entry(key).or_default().extend(bytes);
                }
                50..70 => {
                    delete(&engine, &key).unwrap();
                    model.remove(&key);
                }
                70..80 => {
                    let to = format!("object {}", next(12));
                    if to == key || !model.contains_key(&key) {
                        continue;
                    }
                    let mut batch = engine.batch();
                    let source = content(&engine, &key).unwrap();
                    let copy = batch.share(&source, engine.next_content_id()).unwrap();
                    if let Some(old) = content(&engine, &to) {
                        batch.release(&old).unwrap();
                    }
                    let mut row = Vec::new();
                    copy.encode(&mut row);
                    batch.put(to.clone().into_bytes(), row);
                    batch.submit().wait().unwrap();
                    model.insert(to, model[&key].clone());
                }
                80..85 => engine.checkpoint_blocking().unwrap(),
                85..90 => {
                    drop(engine);
                    engine = open(dir.path());
                }
                90..92 => {
                    engine.close_blocking().unwrap();
                    engine = open(dir.path());
                }
                _ => assert!(
                    body(&engine, &key).as_ref() == model.get(&key),
                    "seed {seed} step {step} {key}"
                ),
            }
        }
        for n in 0..12 {
            let key = format!("object {n}");
            assert!(
                body(&engine, &key).as_ref() == model.get(&key),
                "seed {seed} {key}"
            );
            delete(&engine, &key).unwrap();
        }
        assert_eq!(used_space(&engine), 0, "seed {seed}");
        let rows = engine
            .scan(View::Committed, Bound::Unbounded, Bound::Unbounded, 100)
            .unwrap();
        assert!(
            rows.iter().all(|(key, _)| key[0] == 0xE3),
            "seed {seed}: only the checkpoint row is left"
        );
    }
}

/// Fills a small file system, e.g. `mount -t tmpfs -o size=64m tmpfs /mnt`, named by `OSSICLE_SMALL_FS`.
#[test]
#[ignore = "needs a small file system of its own"]
fn a_full_disk_refuses_and_recovers() {
    let Some(mount) = std::env::var_os("OSSICLE_SMALL_FS") else {
        panic!("OSSICLE_SMALL_FS is not set")
    };
    let dir = Path::new(&mount).join("data");
    let mut engine = Engine::open(options(&dir)).unwrap();
    let mut want: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let (mut refused, mut stored) = (0, 0);
    for round in 0..6u64 {
        for n in 0..4000u64 {
            let key = format!("object {round} {n}");
            let bytes = pattern(
                round * 10_000 + n,
                if n % 50 == 0 { 500_000 } else { 20_000 },
            );
            match append(&engine, &key, &bytes) {
                Ok(()) => {
                    stored += bytes.len();
                    want.insert(key, bytes);
                }
                Err(EngineError::Full) => {
                    refused += 1;
                    if refused % 20 == 0 {
                        break;
                    }
                }
                Err(other) => panic!("{other}"),
            }
        }
        let figures = engine.figures();
        println!(
            "round {round}: {} objects, {refused} refused, {figures:?}",
            want.len()
        );
        assert!(refused > 0 && !figures.poisoned, "{figures:?}");
        if round % 2 == 1 {
            drop(engine);
            engine = Engine::open(options(&dir)).unwrap();
        }
        for (key, bytes) in &want {
            assert!(body(&engine, key).as_ref() == Some(bytes), "{key}");
        }
        let gone: Vec<_> = want
            .keys()
            .filter(|key| key.len() % 3 != round as usize % 3)
            .cloned()
            .collect();
        for key in gone {
            delete(&engine, &key).unwrap();
            want.remove(&key);
        }
        engine.checkpoint_blocking().unwrap();
    }
    assert!(stored > 100 << 20, "space was used again: {stored}");
}

#[test]
fn a_start_that_fails_half_way_can_be_repeated() {
    let dir = TempDir::new().unwrap();
    let engine = open(dir.path());
    let mut want = BTreeMap::new();
    for n in 0..40u64 {
        append(&engine, &format!("object {n}"), &pattern(n, 3000)).unwrap();
        want.insert(format!("object {n}"), pattern(n, 3000));
        if n == 20 {
            engine.checkpoint_blocking().unwrap();
        }
    }
    drop(engine);
    let steps = [
        "recover.begin",
        "base.open",
        "base.opened",
        "recover.base",
        "recover.record*5",
        "volume.write*3",
        "recover.end",
    ];
    for step in steps {
        let (name, skip) = step
            .split_once('*')
            .map_or((step, String::new()), |(name, skip)| {
                (name, format!("*{skip}"))
            });
        assert!(
            open_with(dir.path(), &format!("{name}=eio{skip}")).is_err(),
            "{step} was not reached"
        );
        let copy = TempDir::new().unwrap();
        copy_dir(dir.path(), copy.path());
        let engine = open(copy.path());
        for (key, bytes) in &want {
            assert!(body(&engine, key).as_ref() == Some(bytes), "{step}: {key}");
        }
    }
}
