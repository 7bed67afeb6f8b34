//! Throughput and latency of the engine alone, against the device's own sync: `cargo run --release --example engine_bench [DIR]`.
//! Rounds of the floor and the engine alternate; figures are medians over rounds. Ratios count, absolutes do not.

#![allow(clippy::cast_precision_loss)] // figures for people

use ossicle::store::engine::{Content, Durability, Engine, EngineOptions};
use std::{
    fs::File,
    os::unix::fs::FileExt,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(2);
const BODY: usize = 4096;

/// Median and 99th percentile in microseconds.
fn percentiles(mut times: Vec<Duration>) -> (f64, f64) {
    times.sort();
    let at = |share: usize| {
        times
            .get(times.len() * share / 100)
            .map_or(0.0, |time| time.as_secs_f64() * 1e6)
    };
    (at(50), at(99))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Overwrites 4 KiB of a pre-written file and syncs, again and again.
fn floor(dir: &Path) -> Vec<Duration> {
    let path = dir.join("floor");
    let file = File::create(&path).expect("floor file");
    file.write_all_at(&vec![1; 8 << 20], 0).expect("pre-write");
    file.sync_all().expect("sync");
    let begun = Instant::now();
    let mut times = Vec::new();
    let mut at = 0;
    while begun.elapsed() < ROUND / 2 {
        let start = Instant::now();
        file.write_all_at(&[2; BODY], at).expect("write");
        file.sync_data().expect("sync");
        times.push(start.elapsed());
        at = (at + BODY as u64) % (8 << 20);
    }
    times
}

/// `clients` tasks append to their own object each; the times of all appends.
fn append(
    runtime: &tokio::runtime::Runtime,
    engine: &Engine,
    round: usize,
    clients: usize,
) -> Vec<Duration> {
    let stop = Arc::new(AtomicBool::new(false));
    let tasks: Vec<_> = (0..clients)
        .map(|client| {
            let (engine, stop) = (engine.clone(), stop.clone());
            runtime.spawn(async move {
                let key = format!("bench {round} {clients} {client}").into_bytes();
                let mut content = Content::empty(engine.next_content_id());
                let mut times = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    let start = Instant::now();
                    let commit = {
                        let mut batch = engine.batch();
                        content = batch.append_small(&content, &[3; BODY]).expect("append");
                        let mut row = vec![0; 120];
                        content.encode(&mut row);
                        batch.put(key.clone(), row);
                        batch.submit()
                    };
                    commit.await.expect("commit");
                    times.push(start.elapsed());
                }
                times
            })
        })
        .collect();
    std::thread::sleep(ROUND);
    stop.store(true, Ordering::Relaxed);
    tasks
        .into_iter()
        .flat_map(|task| runtime.block_on(task).expect("task"))
        .collect()
}

fn main() {
    let parent = std::env::args().nth(1).unwrap_or_else(|| ".".to_owned());
    let dir = Path::new(&parent).join(format!("engine-bench-{}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("bench directory");
    let runtime = tokio::runtime::Runtime::new().expect("runtime");
    for durability in [Durability::Durable, Durability::Relaxed] {
        let options = EngineOptions {
            dir: Some(dir.join("data")),
            durability,
            ..EngineOptions::default()
        };
        let engine = Engine::open(options).expect("open");
        let (mut sync, mut lone, mut many, mut syncs) = (vec![], vec![], vec![], vec![]);
        for round in 0..ROUNDS {
            let (p50, p99) = percentiles(floor(&dir));
            sync.push(p50);
            let (one, one99) = percentiles(append(&runtime, &engine, round, 1));
            lone.push(one);
            let before = engine.figures();
            let times = append(&runtime, &engine, round, 64);
            let after = engine.figures();
            let rate = times.len() as f64 / ROUND.as_secs_f64();
            let per_commit = (after.log_syncs - before.log_syncs) as f64 / times.len() as f64;
            many.push(rate);
            syncs.push(per_commit);
            let (p50_64, p99_64) = percentiles(times);
            println!(
                "{durability:?} round {round}: fdatasync {p50:.0}/{p99:.0} us, 1 client {one:.0}/{one99:.0} us, 64 clients {rate:.0}/s \
                 {p50_64:.0}/{p99_64:.0} us, {per_commit:.3} syncs per commit, {} checkpoints",
                after.checkpoints - before.checkpoints
            );
        }
        let (sync, lone, many) = (median(sync), median(lone), median(many));
        println!(
            "{durability:?}: lone append p50 {lone:.0} us = {:.2} x fdatasync p50 {sync:.0} us; 64 clients {many:.0} appends/s, {:.3} syncs each",
            lone / sync,
            median(syncs)
        );
        println!(
            "{}",
            serde_json::to_string(&engine.figures()).expect("figures")
        );
        let begun = Instant::now();
        engine.close_blocking().expect("close");
        println!("close {:?}", begun.elapsed());
    }
    start(&runtime, &dir);
    std::fs::remove_dir_all(&dir).expect("clean up");
}

/// How long a start takes: empty, with 100 000 objects after a clean stop, and with 20 000 more in the log only.
fn start(runtime: &tokio::runtime::Runtime, dir: &Path) {
    let options = EngineOptions {
        dir: Some(dir.join("start")),
        ..EngineOptions::default()
    };
    let open = |what: &str| {
        let begun = Instant::now();
        let engine = Engine::open(options.clone()).expect("open");
        let figures = engine.figures();
        println!(
            "start {what}: {:?}, {} records replayed, {} bytes on disk, {} of them log, {} base",
            begun.elapsed(),
            figures.replayed,
            figures.disk_bytes,
            figures.log_bytes,
            figures.base_bytes
        );
        engine
    };
    let fill = |engine: &Engine, from: usize, count: usize| {
        let tasks: Vec<_> = (0..64)
            .map(|task| {
                let engine = engine.clone();
                runtime.spawn(async move {
                    for n in (from + task..from + count).step_by(64) {
                        let commit = {
                            let mut batch = engine.batch();
                            let empty = Content::empty(engine.next_content_id());
                            let content = batch.append_small(&empty, &[7; 1000]).expect("append");
                            let mut row = vec![0; 200];
                            content.encode(&mut row);
                            batch.put(
                                format!("start/some/longer/object name {n:09}").into_bytes(),
                                row,
                            );
                            batch.submit()
                        };
                        commit.await.expect("commit");
                    }
                })
            })
            .collect();
        for task in tasks {
            runtime.block_on(task).expect("task");
        }
    };
    let engine = open("empty");
    let begun = Instant::now();
    fill(&engine, 0, 100_000);
    println!("100000 puts of 1000 bytes: {:?}", begun.elapsed());
    engine.close_blocking().expect("close");
    open("after a clean stop, 100k objects")
        .close_blocking()
        .expect("close");
    let engine = open("the same again");
    fill(&engine, 100_000, 20_000);
    drop(engine);
    open("after 20k more without a checkpoint")
        .close_blocking()
        .expect("close");
}
