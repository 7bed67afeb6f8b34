//! SIGKILL at random moments under load. The page cache survives, so this proves order and recovery, not syncing.

use crate::Outcome;
use crate::support::Random;
use crate::support::server::{Server, Settings};
use crate::workload::Workload;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

const CLIENTS: usize = 8;

/// Kills the server `times` times; whatever was acknowledged must be there, byte for byte.
pub fn run(times: usize) -> Outcome {
    let seed = support_seed();
    let mut server = Server::start(Settings {
        on_disk: true,
        ..Settings::default()
    });
    // Keys near the longest that there are put the base's tree under strain.
    let loads = [
        Workload::new("kill-short", CLIENTS, 0, seed),
        Workload::new("kill-long", CLIENTS, 1000, seed),
    ];
    for load in &loads {
        load.prepare(&server.client());
    }
    let mut random = Random::new(seed);
    let mut slowest = Duration::ZERO;
    for round in 0..times {
        let load = &loads[usize::from(round % 4 == 3)];
        let cut = kill_under_load(&mut server, load, round, &mut random);
        let begun = Instant::now();
        server.start_again();
        slowest = slowest.max(begun.elapsed());
        let verdict = load.verify(&server.client(), &load.snapshot(), cut, true);
        if !verdict.broken.is_empty() {
            return Outcome::Fails(format!(
                "seed {seed}, kill {round}: {}",
                verdict.broken.join("\n  ")
            ));
        }
    }
    let acknowledged: u64 = loads.iter().map(Workload::acknowledged).sum();
    if acknowledged < 20 * times as u64 {
        return Outcome::Fails(format!(
            "only {acknowledged} writes in {times} kills: the load did not run"
        ));
    }
    Outcome::Holds(format!(
        "0 of {acknowledged} acknowledged writes lost in {times} kills (limit 0), slowest start {} ms",
        slowest.as_millis()
    ))
}

/// The same with the log emptied behind the server's back: the check must see it.
pub fn control(_: usize) -> Outcome {
    let seed = support_seed();
    let mut server = Server::start(quiet());
    server.expect_error_log("");
    let load = Workload::new("kill-control", CLIENTS, 0, seed);
    load.prepare(&server.client());
    let mut random = Random::new(seed);
    // A kill that follows a checkpoint closely leaves little in the log to lose, so there is more than one try.
    for round in 0..8 {
        let cut = kill_under_load(&mut server, &load, round, &mut random);
        empty_log(&server.data().join("wal"));
        server.start_again();
        let verdict = load.verify(&server.client(), &load.snapshot(), cut, true);
        if !verdict.broken.is_empty() {
            return Outcome::Holds(format!(
                "{} losses seen after the log was emptied (limit: at least 1)",
                verdict.broken.len()
            ));
        }
    }
    Outcome::Fails("logs were emptied eight times and no loss was seen".to_owned())
}

fn quiet() -> Settings {
    Settings {
        on_disk: true,
        args: ["--log", "ossicle=warn"].map(str::to_owned).to_vec(),
        ..Settings::default()
    }
}

fn kill_under_load(
    server: &mut Server,
    load: &Workload,
    round: usize,
    random: &mut Random,
) -> Instant {
    let stop = AtomicBool::new(false);
    let client = server.client();
    let pause = Duration::from_millis(40 + random.below(260) as u64);
    std::thread::scope(|scope| {
        scope.spawn(|| load.run(&client, round as u64, &stop));
        std::thread::sleep(pause);
        let cut = Instant::now();
        server.kill();
        cut
    })
}

/// Empties each log segment but for its header, as if nothing had been written since the checkpoint. Damage to a part of
/// a segment would not do: the server sees the records behind it and refuses to start.
pub fn empty_log(folder: &Path) {
    const HEADER: usize = 4096;
    for entry in std::fs::read_dir(folder).expect("the log's folder") {
        let path = entry.expect("an entry").path();
        let mut bytes = std::fs::read(&path).expect("a segment");
        let header = HEADER.min(bytes.len());
        bytes[header..].fill(0);
        std::fs::write(&path, bytes).expect("writing a segment");
    }
}

/// The seed of this run, told in failures: `OSSICLE_PROOF_SEED` repeats one.
pub fn support_seed() -> u64 {
    let given = std::env::var("OSSICLE_PROOF_SEED")
        .ok()
        .and_then(|text| text.parse().ok());
    given.unwrap_or_else(|| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        now.map_or(1, |now| u64::from(now.subsec_nanos()) ^ now.as_secs())
    })
}
