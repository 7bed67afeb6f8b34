//! Every named step of the engine may be its last: a child process is aborted there, the directory is opened again, itself
//! aborted on the way, and every acknowledged fact is compared. Then the same steps fail instead, with EIO and ENOSPC.
//!
//! The steps are read from the source, so that a new one is covered or fails the proof. Needs the feature `failpoints`, and is
//! left out of a plain `cargo test`. The number of times is that of the hits of each step that are made the last.

use crate::Outcome;
use crate::life::{self, CLIENTS, Held};
use ossicle::store::engine::{Commit, Engine, EngineError};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use tempfile::TempDir;

/// Operations of each client in the life of one process.
const OPERATIONS: usize = 60;
const SIGABRT: i32 = 6;
/// Tells a child what to do: directory, file of acknowledgements, mode, first operations, failpoints; separated by `|`.
const CHILD: &str = "OSSICLE_STEPS_CHILD";

/// Failures for want of room, after which there is some.
const ROOM_AFTER: usize = 3;

/// What runs when a store is opened, and only then.
const AT_OPEN: [&str; 6] = [
    "recover.begin",
    "base.open",
    "base.opened",
    "recover.base",
    "recover.record",
    "recover.end",
];
/// Where a start may be cut off: while opening, and in the checkpoint that follows a replay.
const AT_START: [&str; 9] = [
    "recover.begin",
    "base.open",
    "base.opened",
    "recover.base",
    "recover.record",
    "recover.end",
    "base.apply",
    "base.flush",
    "base.sync",
];
/// Where a failure leaves it open what the disk holds: writes are refused from then on.
const POISONING: [&str; 12] = [
    "log.sync",
    "log.synced",
    "log.void",
    "volume.sync",
    "base.apply",
    "base.flush",
    "base.sync",
    "checkpoint.frozen",
    "checkpoint.volumes",
    "checkpoint.slice",
    "checkpoint.last",
    "checkpoint.applied",
];

/// The names in all `step("…")` calls of the store's source.
fn names() -> Vec<String> {
    fn collect(dir: &Path, names: &mut BTreeSet<String>) {
        for entry in fs::read_dir(dir).expect("the store's source") {
            let path = entry.expect("an entry").path();
            let name = path.to_string_lossy().into_owned();
            if path.is_dir() {
                collect(&path, names);
            } else if !name.ends_with("_tests.rs") {
                let text = fs::read_to_string(&path).expect("a source file");
                for call in text.split("step(").skip(1) {
                    let arguments = call.split(')').next().unwrap_or_default();
                    names.extend(arguments.split('"').nth(1).map(str::to_owned));
                }
            }
        }
    }
    let mut names = BTreeSet::new();
    let store = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store");
    collect(&store, &mut names);
    names.into_iter().collect()
}

/// Arms `step` with `action` from the hit after the first `skip` on.
fn arming(step: &str, action: &str, skip: usize) -> String {
    match step {
        // A group is voided when its write failed.
        "log.void" => format!("log.write=enospc*7+{},log.void={action}*{skip}", skip + 1),
        _ => format!("{step}={action}*{skip}"),
    }
}

fn copy_dir(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder to copy") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_dir(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("copying a file");
        }
    }
}

/// What a child does.
#[derive(Clone, Copy)]
enum Mode {
    /// Opens, works, closes.
    Work,
    /// Opens and makes a checkpoint.
    Start,
    /// As `Work`, but says that a write is done when it has only been asked for: the proof must notice.
    Early,
}

impl Mode {
    fn name(self) -> &'static str {
        match self {
            Self::Work => "work",
            Self::Start => "start",
            Self::Early => "early",
        }
    }
}

/// How a child ended: operations acknowledged of each client, and whether it was aborted.
struct Ended {
    acknowledged: Vec<usize>,
    aborted: bool,
}

fn run_child(dir: &Path, mode: Mode, from: &[usize], failpoints: &str) -> Result<Ended, String> {
    let told = dir.with_extension("acknowledged");
    fs::write(&told, "").map_err(|error| error.to_string())?;
    let from_words: Vec<String> = from.iter().map(usize::to_string).collect();
    let task = [
        &dir.to_string_lossy(),
        &told.to_string_lossy(),
        mode.name(),
        &from_words.join(" "),
        failpoints,
    ]
    .join("|");
    let output = Command::new(std::env::current_exe().map_err(|error| error.to_string())?)
        .env(CHILD, task)
        .output()
        .map_err(|error| error.to_string())?;
    let aborted = output.status.signal() == Some(SIGABRT);
    if !aborted && !output.status.success() {
        return Err(format!(
            "the child ended with {}: {}",
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        ));
    }
    let mut acknowledged = from.to_vec();
    let text = fs::read_to_string(&told).map_err(|error| error.to_string())?;
    for line in text.lines() {
        let (client, count) = line.split_once(' ').ok_or("a torn line")?;
        let client: usize = client.parse().map_err(|_| "no client")?;
        acknowledged[client] = count.parse().map_err(|_| "no count")?;
    }
    Ok(Ended {
        acknowledged,
        aborted,
    })
}

/// The other side of [`run_child`]; `None` in any other process.
pub fn child() -> Option<ExitCode> {
    let task = std::env::var(CHILD).ok()?;
    let task: Vec<&str> = task.split('|').collect();
    let [dir, told, mode, from, failpoints] = task[..] else {
        return Some(ExitCode::FAILURE);
    };
    let dir = Path::new(dir);
    let from: Vec<usize> = from
        .split(' ')
        .map(|n| n.parse().expect("a number"))
        .collect();
    let engine = life::open(dir, failpoints).expect("opening the store");
    if mode == Mode::Start.name() {
        engine.checkpoint_blocking().expect("a checkpoint");
        return Some(ExitCode::SUCCESS);
    }
    let told = File::options().append(true).open(told).expect("a file");
    std::thread::scope(|scope| {
        for (client, from) in from.into_iter().enumerate() {
            let (engine, told) = (&engine, &told);
            let early = mode == Mode::Early.name();
            scope.spawn(move || one_client(engine, dir, told, client, from, early));
        }
    });
    // Armed failures may have poisoned the store, and then there is no last checkpoint.
    let _ = engine.close_blocking();
    Some(ExitCode::SUCCESS)
}

fn one_client(
    engine: &Engine,
    dir: &Path,
    mut told: &File,
    client: usize,
    from: usize,
    early: bool,
) {
    for number in from..from + OPERATIONS {
        let line = format!("{client} {}\n", number + 1);
        let mut say = || told.write_all(line.as_bytes()).expect("telling");
        let Ok(commit) = life::submit(engine, client, number) else {
            return;
        };
        if early {
            say();
        }
        // What failed may be there or not; nothing more is asked for.
        if commit.wait().is_err() {
            return;
        }
        if !early {
            say();
        }
        if number % 24 == 23 {
            if client == 0 {
                let _ = engine.checkpoint_blocking();
            }
            life::forget_pages(dir);
            let _ = life::read(engine, client);
        }
    }
}

/// A directory that a process was aborted on, with rows in the base and records in the log, and where each client stands.
struct Crashed {
    folder: TempDir,
    done: Vec<usize>,
}

impl Crashed {
    fn make() -> Result<Self, String> {
        let folder = TempDir::new().map_err(|error| error.to_string())?;
        let dir = folder.path().join("data");
        let ended = run_child(&dir, Mode::Work, &[0; CLIENTS], "commit.publish=abort*40")?;
        if !ended.aborted {
            return Err("the first process was not aborted".to_owned());
        }
        // Whether the operations under way are there is found on a copy, as opening changes the directory.
        let copy = folder.path().join("copy");
        copy_dir(&dir, &copy);
        let lost = life::losses(&copy, &ended.acknowledged);
        if !lost.is_empty() {
            return Err(lost.join("; "));
        }
        let engine = life::open(&copy, "").map_err(|error| error.to_string())?;
        let stands = |(client, done): (usize, &usize)| {
            let found = life::read(&engine, client).map_err(|error| error.to_string())?;
            Ok(done + usize::from(found == life::after(client, done + 1)))
        };
        let done = ended.acknowledged.iter().enumerate().map(stands);
        let done = done.collect::<Result<_, String>>()?;
        Ok(Self { folder, done })
    }

    /// A copy of the directory in a folder of its own, for a life that meets `step`.
    fn copy(&self, step: &str) -> (TempDir, Vec<usize>) {
        let folder = TempDir::new().expect("a temporary folder");
        // Volumes double, so only a new store grows them often.
        if step == "volume.grow" {
            return (folder, vec![0; CLIENTS]);
        }
        let data = Path::new("data");
        copy_dir(&self.folder.path().join(data), &folder.path().join(data));
        (folder, self.done.clone())
    }
}

/// Runs all cases, two at a time; what they complain of, with the case's name.
fn complaints<C: Sync>(
    cases: &[(String, C)],
    run: impl Fn(usize, &C) -> Result<(), String> + Sync,
) -> Vec<String> {
    let next = AtomicUsize::new(0);
    let found = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::SeqCst);
                    let Some((name, case)) = cases.get(at) else {
                        break;
                    };
                    if let Err(why) = run(at, case) {
                        let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
                        found.push(format!("{name}: {why}"));
                    }
                }
            });
        }
    });
    found.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn none_or(lost: &[String]) -> Result<(), String> {
    if lost.is_empty() {
        Ok(())
    } else {
        Err(lost.join("; "))
    }
}

/// Aborts a process at `times` hits of each step, the first two and every fourth from then on, and the next start as well.
pub fn run(times: usize) -> Outcome {
    if !cfg!(feature = "failpoints") {
        return Outcome::Skipped("built without the feature failpoints".to_owned());
    }
    let crashed = match Crashed::make() {
        Ok(crashed) => crashed,
        Err(why) => return Outcome::Fails(why),
    };
    let steps = names();
    let hits = (0..times).map(|n| if n < 2 { n } else { 1 + 4 * (n - 1) });
    let hits: Vec<usize> = hits.collect();
    let cases: Vec<(String, (&str, usize))> = steps
        .iter()
        .flat_map(|step| hits.iter().map(move |hit| (step.as_str(), *hit)))
        .map(|case| (format!("{} after {} hits", case.0, case.1), case))
        .collect();
    let reached = Mutex::new(BTreeMap::<&str, usize>::new());
    let again = AtomicUsize::new(0);
    let mut broken = complaints(&cases, |at, (step, hit)| {
        let (folder, done) = crashed.copy(step);
        let dir = folder.path().join("data");
        let armed = arming(step, "abort", *hit);
        let ended = run_child(&dir, Mode::Work, &done, &armed)?;
        if ended.aborted {
            let mut reached = reached.lock().unwrap_or_else(PoisonError::into_inner);
            *reached.entry(step).or_default() += 1;
        }
        // The start after the crash is itself cut off, at two more steps.
        for turn in 0..2 {
            let second = AT_START[(at * 2 + turn) % AT_START.len()];
            let armed = arming(second, "abort", turn);
            let next = run_child(&dir, Mode::Start, &ended.acknowledged, &armed)?;
            again.fetch_add(usize::from(next.aborted), Ordering::SeqCst);
        }
        none_or(&life::losses(&dir, &ended.acknowledged))
    });
    let reached = reached.into_inner().unwrap_or_else(PoisonError::into_inner);
    for step in &steps {
        let count = reached.get(step.as_str()).copied().unwrap_or(0);
        let once = AT_OPEN.contains(&step.as_str());
        let wanted = if once { 1 } else { times.min(2) };
        if count < wanted {
            broken.push(format!(
                "{step} was the last step {count} times, not {wanted}"
            ));
        }
    }
    let (aborts, again) = (reached.values().sum::<usize>(), again.into_inner());
    if again * 3 < cases.len() {
        broken.push(format!("only {again} starts were cut off"));
    }
    if !broken.is_empty() {
        return Outcome::Fails(broken.join("\n  "));
    }
    Outcome::Holds(format!(
        "0 losses (limit 0) in {aborts} aborts at {} steps and {again} more during the next start",
        steps.len()
    ))
}

/// Acknowledgements that come too early, and a log that was emptied, are losses, and are seen.
pub fn control(_: usize) -> Outcome {
    if !cfg!(feature = "failpoints") {
        return Outcome::Skipped("built without the feature failpoints".to_owned());
    }
    match control_losses() {
        Err(why) => Outcome::Fails(why),
        Ok((early, emptied)) if early == 0 || emptied == 0 => Outcome::Fails(format!(
            "{early} losses seen after early answers, {emptied} after the log was emptied"
        )),
        Ok((early, emptied)) => Outcome::Holds(format!(
            "{early} losses seen after early answers, {emptied} after the log was emptied (limit: at least 1 each)"
        )),
    }
}

fn control_losses() -> Result<(usize, usize), String> {
    let crashed = Crashed::make()?;
    let mut early = 0;
    for hit in 0..4 {
        let (folder, done) = crashed.copy("log.write");
        let dir = folder.path().join("data");
        let armed = arming("log.write", "abort", 5 + hit);
        let ended = run_child(&dir, Mode::Early, &done, &armed)?;
        early += life::losses(&dir, &ended.acknowledged).len();
    }
    let dir = crashed.folder.path().join("data");
    crate::kill::empty_log(&dir.join("wal"));
    Ok((early, life::losses(&dir, &crashed.done).len()))
}

/// What a client holds by what it was told.
struct Told {
    held: Held,
    /// With the operations that failed since the last acknowledgement, each alone: one may be in the log all the same.
    perhaps: Vec<Held>,
}

/// Runs operations with checkpoints and reads between them; reads must go on whatever fails.
fn work_through(
    engine: &Engine,
    dir: &Path,
    told: &mut [Told],
    from: &[usize],
    step: &str,
) -> Result<usize, String> {
    let mut failures = 0;
    for round in 0..OPERATIONS {
        for (client, told) in told.iter_mut().enumerate() {
            let number = from[client] + round;
            let poisoned = engine.figures().poisoned;
            let mut would = told.held.clone();
            life::apply(&mut would, client, number);
            match life::submit(engine, client, number).and_then(Commit::wait) {
                Ok(()) if poisoned => return Err("written after a failed sync".to_owned()),
                Ok(()) => (told.held, told.perhaps) = (would, Vec::new()),
                Err(error) if poisoned && !matches!(error, EngineError::Poisoned) => {
                    return Err(format!("{error}, after a failed sync"));
                }
                Err(_) => {
                    told.perhaps.push(would);
                    failures += 1;
                }
            }
        }
        if round % 12 == 11 {
            let _ = engine.checkpoint_blocking();
            life::forget_pages(dir);
            for (client, told) in told.iter().enumerate() {
                match life::read(engine, client) {
                    Ok(found) if found == told.held => {}
                    Ok(_) => return Err(format!("client {client} reads other bytes")),
                    Err(_) if step == "volume.read" => failures += 1,
                    Err(error) => return Err(format!("client {client} cannot read: {error}")),
                }
            }
        }
    }
    Ok(failures)
}

/// Fails each step with EIO for good, and a few times with ENOSPC; `times` hits of each pass or fail first.
pub fn failing(times: usize) -> Outcome {
    if !cfg!(feature = "failpoints") {
        return Outcome::Skipped("built without the feature failpoints".to_owned());
    }
    let crashed = match Crashed::make() {
        Ok(crashed) => crashed,
        Err(why) => return Outcome::Fails(why),
    };
    let steps = names();
    let mut cases = Vec::new();
    for step in &steps {
        for skip in (0..times).map(|n| 3 * n) {
            for action in ["eio", "enospc"] {
                let name = format!("{step} with {action} after {skip} hits");
                cases.push((name, (step.as_str(), action, skip)));
            }
        }
    }
    let (failures, refusing) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let silent = Mutex::new(steps.iter().map(String::as_str).collect::<BTreeSet<_>>());
    let heard = |step: &str| {
        silent
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(step)
    };
    let mut broken = complaints(&cases, |_, (step, action, skip)| {
        let (folder, done) = crashed.copy(step);
        let dir = folder.path().join("data");
        // Room comes back; a device that fails stays broken.
        let mut armed = arming(step, action, *skip);
        if *action == "enospc" {
            armed = format!("{armed}+{ROOM_AFTER}");
        }
        let Ok(engine) = life::open(&dir, &armed) else {
            heard(step);
            failures.fetch_add(1, Ordering::SeqCst);
            return none_or(&life::losses(&dir, &done));
        };
        let begin = |client| Told {
            held: life::after(client, done[client]),
            perhaps: Vec::new(),
        };
        let mut told: Vec<Told> = (0..CLIENTS).map(begin).collect();
        let failed = work_through(&engine, &dir, &mut told, &done, step)?;
        let poisoned = engine.figures().poisoned;
        if !poisoned && *action == "enospc" {
            write_again(&engine, &mut told[0], done[0] + OPERATIONS)?;
        }
        drop(engine);
        failures.fetch_add(failed, Ordering::SeqCst);
        refusing.fetch_add(usize::from(poisoned), Ordering::SeqCst);
        if failed > 0 {
            heard(step);
        }
        if poisoned && !POISONING.contains(step) {
            return Err("writes are refused for good".to_owned());
        }
        if !poisoned && *skip == 0 && POISONING.contains(step) {
            return Err("a failed sync was taken for granted".to_owned());
        }
        after_restart(&dir, &told)
    });
    // What is done ahead of need, behind an answer or around a checkpoint has no write to fail.
    let quiet = BTreeSet::from([
        "commit.publish",
        "volume.grow",
        "segment.create",
        "segment.recycle",
        "segment.sync",
        "checkpoint.begin",
        "checkpoint.recycle",
        "checkpoint.end",
    ]);
    let silent = silent.into_inner().unwrap_or_else(PoisonError::into_inner);
    broken.extend(
        silent
            .difference(&quiet)
            .map(|step| format!("{step} failed and nobody was told")),
    );
    if !broken.is_empty() {
        return Outcome::Fails(broken.join("\n  "));
    }
    Outcome::Holds(format!(
        "0 losses (limit 0) in {} lives with a failing step of {}: {failures} errors, {refusing} times writes refused and reads served",
        cases.len(),
        steps.len(),
        failures = failures.into_inner(),
        refusing = refusing.into_inner(),
    ))
}

/// Where room has come back, a write passes after as many failures as there were to be.
fn write_again(engine: &Engine, told: &mut Told, number: usize) -> Result<(), String> {
    let mut result = Ok(());
    for _ in 0..=ROOM_AFTER {
        result = life::submit(engine, 0, number).and_then(Commit::wait);
        if result.is_ok() {
            life::apply(&mut told.held, 0, number);
            told.perhaps.clear();
            return Ok(());
        }
    }
    result.map_err(|error| format!("{error} where there is room again"))
}

/// A new process finds what was acknowledged, perhaps one of the operations that failed, and writes again.
fn after_restart(dir: &Path, told: &[Told]) -> Result<(), String> {
    let engine = life::open(dir, "").map_err(|error| format!("does not open again: {error}"))?;
    for (client, told) in told.iter().enumerate() {
        let found = life::read(&engine, client)
            .map_err(|error| format!("client {client} cannot read after a restart: {error}"))?;
        if found != told.held && !told.perhaps.contains(&found) {
            return Err(format!("client {client} holds other bytes after a restart"));
        }
        life::submit(&engine, client, 0)
            .and_then(Commit::wait)
            .map_err(|error| format!("{error} for a write after a restart"))?;
    }
    Ok(())
}
