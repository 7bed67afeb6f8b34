//! The commit path under many schedules: key locks, queue, committer, overlay and checkpoint as they are, on the locks of
//! `shuttle`, which decides at each of them who goes on. The log is a real one on files; the base is a map.
//!
//! `cargo test --features schedules --lib schedule` runs 20 000 schedules; `OSSICLE_SCHEDULES` another number. A lost
//! wake-up or a deadlock ends a schedule as a panic. Atomics are not scheduled: none of them decides anything here.

use super::base::Base;
use super::batch::Batch;
use super::checkpoint::checkpoint;
use super::commit::{self, Queue};
use super::engine::{EngineOptions, Shared};
use super::fault::{EngineError, Health};
use super::lock::Locks;
use super::log::{Log, Writer, read_segments};
use super::overlay::{Overlay, Row, View};
use super::space::Space;
use super::volume::Volumes;
use bytes::Bytes;
use shuttle::rand::Rng as _;
use shuttle::thread;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;

const WRITERS: u64 = 3;
const APPENDS: u64 = 2;
const KEY: &[u8] = b"counter";

/// A base that keeps rows in memory.
#[derive(Default)]
struct Map(parking_lot::Mutex<BTreeMap<Bytes, Bytes>>);

impl Base for Map {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, EngineError> {
        Ok(self.0.lock().get(key).cloned())
    }

    fn scan(
        &self,
        start: Bound<&[u8]>,
        end: Bound<&[u8]>,
        rows: usize,
    ) -> Result<Vec<(Bytes, Bytes)>, EngineError> {
        let map = self.0.lock();
        let range = map.range::<[u8], _>((start, end)).take(rows);
        Ok(range
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect())
    }

    fn apply(&self, rows: &[Row]) -> Result<(), EngineError> {
        let mut map = self.0.lock();
        for (key, value) in rows {
            match value {
                Some(value) => drop(map.insert(key.clone(), value.clone())),
                None => drop(map.remove(key)),
            }
        }
        Ok(())
    }

    fn disk_bytes(&self) -> u64 {
        0
    }
}

/// A mistake that some schedule must show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wrong {
    Nothing,
    /// Two writers may be between look and write.
    NoLocks,
    /// A write is taken for done once it is enqueued.
    NoWait,
}

/// An engine without its recovery and its own threads.
struct Rig {
    _folder: TempDir,
    dir: PathBuf,
    shared: Arc<Shared>,
    locks: Locks,
    wrong: Wrong,
    committer: parking_lot::Mutex<Option<thread::JoinHandle<()>>>,
}

impl Rig {
    fn new(failpoints: &str, wrong: Wrong) -> Arc<Self> {
        // Memory where there is some: thousands of logs are written.
        let folder = TempDir::new_in("/dev/shm")
            .or_else(|_| TempDir::new())
            .unwrap();
        let dir = folder.path().to_path_buf();
        std::fs::create_dir(dir.join("wal")).unwrap();
        let health = Arc::new(Health::default());
        health.arm(failpoints);
        let base: Arc<dyn Base> = Arc::new(Map::default());
        let space = Space::new(Volumes::open(None, health.clone()).unwrap(), 1 << 30).unwrap();
        let options = EngineOptions::default();
        let overlay = Overlay::new(base.clone());
        let mut shared = Shared::new(&options, health.clone(), base, overlay, space);
        let sizes = (64 << 10, 64 << 10);
        let log = Log::new(dir.join("wal"), health, sizes, 1, Vec::new(), Vec::new());
        let log = Arc::new(log);
        shared.queue = Some(Queue::new(log.clone(), 0));
        let shared = Arc::new(shared);
        let for_committer = shared.clone();
        let committer =
            thread::spawn(move || commit::run(&for_committer, Writer::new(log, 0, true), None));
        Arc::new(Self {
            _folder: folder,
            dir,
            shared,
            locks: match wrong {
                Wrong::NoLocks => Locks::none(),
                _ => Locks::new(),
            },
            wrong,
            committer: parking_lot::Mutex::new(Some(committer)),
        })
    }

    /// Adds one to the counter, as an append does: under the key's lock on the pending state, awaited without it.
    fn append(&self) -> Result<u64, EngineError> {
        let guards = self.locks.objects(&[1], vec![self.locks.of(1, KEY)]);
        let mut batch = Batch::new(&self.shared);
        let next = number(batch.get(KEY)?) + 1;
        // Another thread may come between the look and the write, where no lock forbids it.
        thread::yield_now();
        batch.put(KEY.to_vec(), next.to_be_bytes().to_vec());
        let commit = batch.submit();
        drop(guards);
        if self.wrong != Wrong::NoWait {
            commit.wait()?;
        }
        Ok(next)
    }

    fn committed(&self) -> u64 {
        number(self.shared.overlay.get(View::Committed, KEY).unwrap())
    }

    /// The counter as a restart would find it in the log.
    fn logged(&self) -> u64 {
        let mut last = 0;
        read_segments(
            &self.dir.join("wal"),
            0,
            0,
            &Health::default(),
            |sequence, record, _| {
                let value = record.rows.iter().find(|(key, _)| &key[..] == KEY);
                last = number(value.and_then(|(_, value)| value.clone()));
                assert_eq!(last, sequence, "the log is in the queue's order");
                Ok(())
            },
        )
        .unwrap();
        last
    }

    fn close(&self) {
        self.shared.queue.as_ref().unwrap().close();
        if let Some(committer) = self.committer.lock().take() {
            committer.join().unwrap();
        }
    }
}

fn number(value: Option<Bytes>) -> u64 {
    value.map_or(0, |value| u64::from_be_bytes(value[..].try_into().unwrap()))
}

/// Writers, a checkpoint and a close beside each other; whatever was acknowledged is seen, logged and counted once.
fn life(failpoints: &'static str, wrong: Wrong, close_early: bool) {
    let rig = Rig::new(failpoints, wrong);
    let writers: Vec<_> = (0..WRITERS)
        .map(|_| {
            let rig = rig.clone();
            thread::spawn(move || {
                let mut acknowledged = Vec::new();
                for _ in 0..APPENDS {
                    match rig.append() {
                        Ok(value) => {
                            assert!(rig.committed() >= value, "acknowledged and not seen");
                            assert!(rig.logged() >= value, "acknowledged and not in the log");
                            acknowledged.push(value);
                        }
                        Err(
                            EngineError::Closed
                            | EngineError::Poisoned
                            | EngineError::Stale
                            | EngineError::Io { .. },
                        ) if close_early || !failpoints.is_empty() => {}
                        Err(error) => panic!("{error}"),
                    }
                }
                acknowledged
            })
        })
        .collect();
    let checkpoints = {
        let rig = rig.clone();
        thread::spawn(move || {
            let before = rig.committed();
            let _ = checkpoint(&rig.shared, &rig.dir, false);
            assert!(
                rig.committed() >= before,
                "a checkpoint took something away"
            );
        })
    };
    if close_early {
        rig.close();
    }
    let mut acknowledged: Vec<u64> = Vec::new();
    for writer in writers {
        acknowledged.extend(writer.join().unwrap());
    }
    checkpoints.join().unwrap();
    rig.close();
    acknowledged.sort_unstable();
    let expected: Vec<u64> = (1..=acknowledged.len() as u64).collect();
    assert_eq!(acknowledged, expected, "each append saw the one before it");
    assert_eq!(rig.committed(), acknowledged.len() as u64);
    if failpoints.is_empty() && !close_early {
        assert_eq!(acknowledged.len() as u64, WRITERS * APPENDS);
    }
    let pending = rig.shared.overlay.get(View::Pending, KEY).unwrap();
    assert_eq!(number(pending), rig.committed(), "nothing is left pending");
}

fn schedules() -> usize {
    let given = std::env::var("OSSICLE_SCHEDULES").ok();
    given.and_then(|text| text.parse().ok()).unwrap_or(20_000)
}

#[test]
fn schedules_of_the_commit_path_keep_what_they_acknowledge() {
    let runs = schedules();
    shuttle::check_random(
        || {
            // What fails in a life, and whether it is closed while writers are at work.
            let (fails, close) = match shuttle::rand::thread_rng().gen_range(0..5) {
                0 => ("", true),
                1 => ("log.sync=eio*1", false),
                2 => ("log.sync=eio*2", true),
                _ => ("", false),
            };
            life(fails, Wrong::Nothing, close);
        },
        runs,
    );
    println!("schedules: {runs} schedules, 0 broken (limit 0)");
}

/// The control: without key locks two appends see the same state, without waiting an answer precedes its write.
#[test]
fn schedules_find_what_is_wrong() {
    for wrong in [Wrong::NoLocks, Wrong::NoWait] {
        let found = std::panic::catch_unwind(|| {
            shuttle::check_random(move || life("", wrong, false), 500);
        });
        assert!(found.is_err(), "{wrong:?}: 500 schedules broke nothing");
    }
    println!("schedules-control: 2 of 2 mistakes found (limit: all)");
}
