//! SIGKILL at random moments under load. The page cache survives, so this proves order and recovery, not syncing.

use crate::Outcome;
use crate::support::Random;
use crate::support::client::Client;
use crate::support::server::{Server, Settings};
use crate::versions::VersionLoad;
use crate::workload::{Verdict, Workload};
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

const CLIENTS: usize = 8;

/// Something that works against a server until it is killed, and knows what must be found then.
trait Load: Sync {
    fn prepare(&self, client: &Client);
    fn run(&self, client: &Client, round: u64, stop: &AtomicBool);
    fn verify(&self, client: &Client, cut: Instant) -> Verdict;
}

impl Load for Workload {
    fn prepare(&self, client: &Client) {
        Workload::prepare(self, client);
    }

    fn run(&self, client: &Client, round: u64, stop: &AtomicBool) {
        Workload::run(self, client, round, stop);
    }

    fn verify(&self, client: &Client, cut: Instant) -> Verdict {
        Workload::verify(self, client, &self.snapshot(cut), cut, true)
    }
}

impl Load for VersionLoad {
    fn prepare(&self, client: &Client) {
        VersionLoad::prepare(self, client);
    }

    fn run(&self, client: &Client, round: u64, stop: &AtomicBool) {
        VersionLoad::run(self, client, round, stop);
    }

    fn verify(&self, client: &Client, cut: Instant) -> Verdict {
        VersionLoad::verify(self, client, &self.snapshot(cut), cut, true)
    }
}

/// Kills the server `times` times; whatever was acknowledged must be there, byte for byte.
pub fn run(times: usize) -> Outcome {
    let seed = support_seed();
    let mut server = Server::start(Settings {
        on_disk: true,
        ..Settings::default()
    });
    // Keys near the longest that there are put the base's tree under strain.
    let short = Workload::new("kill-short", CLIENTS, 0, seed);
    let long = Workload::new("kill-long", CLIENTS, 1000, seed);
    let versions = VersionLoad::new("kill-versions", seed);
    short.prepare(&server.client());
    long.prepare(&server.client());
    versions.prepare(&server.client());
    let mut random = Random::new(seed);
    let (mut slowest, mut at_open) = (Duration::ZERO, 0);
    for round in 0..times {
        let load: &dyn Load = match round % 4 {
            1 => &versions,
            3 => &long,
            _ => &short,
        };
        let cut = kill_under_load(&mut server, load, round, &mut random);
        // Every third time the start is killed too, somewhere in its first moments, and then there is another.
        if round % 3 == 2 {
            let moment = Duration::from_micros(500 + random.below(30_000) as u64);
            at_open += usize::from(server.kill_at_start(moment));
        }
        let begun = Instant::now();
        server.start_again();
        slowest = slowest.max(begun.elapsed());
        let verdict = load.verify(&server.client(), cut);
        if !verdict.broken.is_empty() {
            return Outcome::Fails(format!(
                "seed {seed}, kill {round}: {}",
                verdict.broken.join("\n  ")
            ));
        }
    }
    let acknowledged = short.acknowledged() + long.acknowledged() + versions.acknowledged();
    if acknowledged < 20 * times as u64 || (times > 2 && versions.acknowledged() == 0) {
        return Outcome::Fails(format!(
            "only {acknowledged} writes in {times} kills: the load did not run"
        ));
    }
    Outcome::Holds(format!(
        "0 of {acknowledged} acknowledged writes lost (limit 0) in {times} kills under load and {at_open} during the start after one, slowest start {} ms",
        slowest.as_millis()
    ))
}

/// The same with the log emptied behind the server's back: the check must see it.
pub fn control(_: usize) -> Outcome {
    let seed = support_seed();
    let plain = Workload::new("kill-control", CLIENTS, 0, seed);
    let versions = VersionLoad::new("kill-control-versions", seed);
    let mut counts = Vec::new();
    for load in [&plain as &dyn Load, &versions] {
        match losses_of_emptied_logs(load, seed) {
            Some(losses) => counts.push(losses.to_string()),
            None => {
                return Outcome::Fails(
                    "logs were emptied eight times and no loss was seen".to_owned(),
                );
            }
        }
    }
    Outcome::Holds(format!(
        "{} losses seen after the log was emptied, without and with versions (limit: at least 1 each)",
        counts.join(" and ")
    ))
}

fn losses_of_emptied_logs(load: &dyn Load, seed: u64) -> Option<usize> {
    let mut server = Server::start(quiet());
    server.expect_error_log("");
    load.prepare(&server.client());
    // With a checkpoint, so that the bucket itself is not lost.
    server.terminate(Duration::from_secs(10));
    server.start_again();
    let mut random = Random::new(seed);
    // A kill that follows a checkpoint closely leaves little in the log to lose, so there is more than one try.
    (0..8).find_map(|round| {
        let cut = kill_under_load(&mut server, load, round, &mut random);
        empty_log(&server.data().join("wal"));
        server.start_again();
        let broken = load.verify(&server.client(), cut).broken.len();
        (broken > 0).then_some(broken)
    })
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
    load: &dyn Load,
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
