//! Power cuts: the data directory lies on an ext4 image, and an instant of the image, taken under load, is what a disk would
//! hold after the cut. It is mounted, the journal replayed, the server started on it, and every fact checked.
//!
//! Needs root and loop devices. What the kernel has not been told to sync is in its page cache and not in the image, so a
//! store that does not sync loses here; the control shows it.

use crate::Outcome;
use crate::kill::support_seed;
use crate::support::Random;
use crate::support::client::Client;
use crate::support::server::{Server, Settings};
use crate::versions::VersionLoad;
use crate::workload::{Verdict, Workload};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long to wait for a checkpoint to aim at.
const AIM: Duration = Duration::from_secs(6);
const IMAGE_BYTES: u64 = 768 * 1024 * 1024;

/// What the loads do to one store.
struct Loads {
    short: Workload,
    /// With keys near the longest that there are.
    long: Workload,
    versions: VersionLoad,
}

impl Loads {
    fn prepare(&self, client: &Client) {
        self.short.prepare(client);
        self.long.prepare(client);
        self.versions.prepare(client);
    }

    fn acknowledged(&self) -> u64 {
        self.short.acknowledged() + self.long.acknowledged() + self.versions.acknowledged()
    }
}

/// What came of the cuts.
struct Cuts {
    broken: Vec<String>,
    acknowledged: u64,
    /// Cuts while a checkpoint wrote to the base.
    aimed: usize,
}

/// Cuts the power `times` times.
pub fn run(times: usize) -> Outcome {
    let cuts = match cuts(times, "durable") {
        Err(why) => return Outcome::Skipped(why),
        Ok(cuts) => cuts,
    };
    let Cuts {
        broken,
        acknowledged,
        aimed,
    } = cuts;
    if !broken.is_empty() {
        return Outcome::Fails(broken.join("\n  "));
    }
    if acknowledged < 20 * times as u64 || aimed * 10 < times {
        return Outcome::Fails(format!(
            "only {acknowledged} writes and {aimed} cuts of a checkpoint: the load did not run"
        ));
    }
    Outcome::Holds(format!(
        "0 of {acknowledged} acknowledged writes lost (limit 0) in {times} cuts, {aimed} of them in a checkpoint"
    ))
}

/// The same without syncs before the answer: it must lose.
pub fn control(times: usize) -> Outcome {
    match cuts(times, "relaxed") {
        Err(why) => Outcome::Skipped(why),
        Ok(cuts) if cuts.broken.is_empty() => Outcome::Fails(format!(
            "{times} cuts of a store that does not sync lost nothing"
        )),
        Ok(cuts) => Outcome::Holds(format!(
            "{} losses without syncs (limit: at least 1)",
            cuts.broken.len()
        )),
    }
}

/// Runs the load on an image and cuts it. Err: this machine cannot do that.
fn cuts(times: usize, durability: &str) -> Result<Cuts, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let live = Image::create(folder.path(), "live")?;
    let seed = support_seed();
    let settings = |data: PathBuf| Settings {
        on_disk: true,
        data: Some(data),
        args: ["--durability", durability, "--log", "ossicle=warn"]
            .map(str::to_owned)
            .to_vec(),
        ..Settings::default()
    };
    let server = Server::start(settings(live.mount.join("data")));
    let loads = Loads {
        short: Workload::new("power-short", 4, 0, seed),
        long: Workload::new("power-long", 4, 1000, seed),
        versions: VersionLoad::new("power-versions", seed),
    };
    loads.prepare(&server.client());
    // What precedes the first cut must be on the image, or the control would lose its bucket and prove nothing.
    command("sync", &["-f", &text(&live.mount)])?;

    let stop = AtomicBool::new(false);
    let client = server.client();
    let mut random = Random::new(seed);
    let mut aimed = 0;
    let broken = std::thread::scope(|scope| {
        scope.spawn(|| loads.short.run(&client, 0, &stop));
        scope.spawn(|| loads.long.run(&client, 0, &stop));
        scope.spawn(|| loads.versions.run(&client, 0, &stop));
        let mut broken = Vec::new();
        for cut in 0..times {
            std::thread::sleep(Duration::from_millis(100 + random.below(500) as u64));
            if cut % 4 == 1 {
                aimed += usize::from(await_checkpoint(&live.mount.join("data/base/db")));
                std::thread::sleep(Duration::from_micros(random.below(20_000) as u64));
            }
            match cut_and_check(&live, server.pid(), folder.path(), cut, &loads, &settings) {
                Ok(verdict) => broken.extend(
                    verdict
                        .broken
                        .into_iter()
                        .map(|fact| format!("seed {seed}, cut {cut}: {fact}")),
                ),
                Err(why) => broken.push(format!("seed {seed}, cut {cut}: {why}")),
            }
        }
        stop.store(true, Ordering::Relaxed);
        broken
    });
    drop(server);
    Ok(Cuts {
        broken,
        acknowledged: loads.acknowledged(),
        aimed,
    })
}

/// Waits until something is written to the base, which only a checkpoint does.
fn await_checkpoint(base: &Path) -> bool {
    let written = || {
        std::fs::metadata(base)
            .and_then(|data| data.modified())
            .ok()
    };
    let (before, begun) = (written(), Instant::now());
    while begun.elapsed() < AIM {
        if written() != before {
            return true;
        }
        std::thread::sleep(Duration::from_micros(300));
    }
    false
}

/// Takes the image as it is, mounts the copy, and looks at it with a second server.
fn cut_and_check(
    live: &Image,
    pid: u32,
    folder: &Path,
    cut: usize,
    loads: &Loads,
    settings: &dyn Fn(PathBuf) -> Settings,
) -> Result<Verdict, String> {
    let moment = Instant::now();
    // The copy takes a moment; the server stands still meanwhile, so that it is one moment.
    command("kill", &["-STOP", &pid.to_string()])?;
    let copied = live.copy(folder, &format!("cut-{cut}"));
    command("kill", &["-CONT", &pid.to_string()])?;
    let copy = copied?;
    // Facts that were asked for after the copy may or may not be in it; the snapshot holds them as allowed.
    let facts = (loads.short.snapshot(moment), loads.long.snapshot(moment));
    let versions = loads.versions.snapshot(moment);
    let mounted = copy.mount(folder)?;
    let server = Server::start(settings(mounted.mount.join("data")));
    // Damage is counted below; what the log says of it is not what is judged here.
    server.expect_error_log("");
    let client = server.client();
    let mut all = Verdict::default();
    for verdict in [
        loads.short.verify(&client, &facts.0, moment, false),
        loads.long.verify(&client, &facts.1, moment, false),
        loads.versions.verify(&client, &versions, moment, false),
    ] {
        all.broken.extend(verdict.broken);
        all.keys += verdict.keys;
    }
    drop(server);
    Ok(all)
}

/// A mounted ext4 image, unmounted and detached when dropped.
struct Image {
    file: PathBuf,
    mount: PathBuf,
}

/// An image file that is not mounted yet.
struct Copy(PathBuf);

impl Image {
    fn create(folder: &Path, name: &str) -> Result<Self, String> {
        let file = folder.join(format!("{name}.img"));
        let handle = std::fs::File::create(&file).map_err(|error| error.to_string())?;
        handle
            .set_len(IMAGE_BYTES)
            .map_err(|error| error.to_string())?;
        command(
            "mkfs.ext4",
            &[
                "-q",
                "-F",
                "-E",
                "lazy_itable_init=0,lazy_journal_init=0",
                &text(&file),
            ],
        )?;
        Copy(file).mount(folder)
    }

    fn copy(&self, folder: &Path, name: &str) -> Result<Copy, String> {
        let file = folder.join(format!("{name}.img"));
        command(
            "cp",
            &[
                "--sparse=always",
                "--reflink=auto",
                &text(&self.file),
                &text(&file),
            ],
        )?;
        Ok(Copy(file))
    }
}

impl Copy {
    fn mount(self, folder: &Path) -> Result<Image, String> {
        let mount = folder.join(format!(
            "{}.mnt",
            self.0.file_stem().unwrap_or_default().to_string_lossy()
        ));
        std::fs::create_dir(&mount).map_err(|error| error.to_string())?;
        command("mount", &["-o", "loop", &text(&self.0), &text(&mount)])?;
        Ok(Image {
            file: self.0,
            mount,
        })
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        // Best effort: a failing test must not hide behind a failing clean-up.
        let _ = command("umount", &[&text(&self.mount)]);
        let _ = std::fs::remove_file(&self.file);
    }
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn command(program: &str, arguments: &[&str]) -> Result<(), String> {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!(
        "{program}: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    ))
}
