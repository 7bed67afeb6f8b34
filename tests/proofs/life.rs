//! The life of a store that `steps` cuts short: known operations of a few clients on an engine, and what may be found of them.
//!
//! Each client runs one sequence of operations on keys of its own, one at a time. So after a crash its keys hold what they
//! held after the last acknowledged operation, or after the one behind it; a mixture of the two is as wrong as a loss.

use ossicle::store::engine::{
    Batch, Commit, Content, Engine, EngineError, EngineOptions, SMALL_MAX, View,
};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

/// Clients of a store.
pub const CLIENTS: usize = 3;
const KEYS: u64 = 4;
/// Every operation also writes one of so many plain rows: enough for a checkpoint to need several slices.
const NOTES: usize = 24;
const NOTE_BYTES: usize = 7_000;

/// What a client's keys hold.
pub type Held = BTreeMap<String, Vec<u8>>;

/// What a client asks for, beside the note.
enum Operation {
    Append(String, Vec<u8>),
    Put(String, Vec<u8>),
    Copy(String, String),
    /// All of them in one batch.
    Delete(Vec<String>),
}

fn mix(seed: u64) -> u64 {
    let mixed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

fn pattern(seed: u64, length: u64) -> Vec<u8> {
    let words = (0..length.div_ceil(8)).flat_map(|n| mix((seed << 24) ^ n).to_le_bytes());
    let mut bytes: Vec<u8> = words.collect();
    bytes.truncate(usize::try_from(length).unwrap_or(usize::MAX));
    bytes
}

fn object(client: usize, number: u64) -> String {
    format!("object {client} {}", number % KEYS)
}

/// Operation `number` of a client; always the same one.
fn operation(client: usize, number: usize) -> Operation {
    let seed = mix(((client as u64) << 32) | number as u64);
    let key = |n| object(client, n);
    let length = match (seed >> 8) & 7 {
        0 => SMALL_MAX as u64 + (seed >> 16) % 200_000,
        1..=3 => (seed >> 16) % 30_000,
        _ => (seed >> 16) % 3_000,
    };
    match (seed >> 40) & 15 {
        0..=6 => Operation::Append(key(seed), pattern(seed, length)),
        7..=10 => Operation::Put(key(seed), pattern(seed, length)),
        11..=12 => Operation::Copy(key(seed), key(seed / KEYS)),
        13 => Operation::Delete(vec![key(seed), key(seed + 1)]),
        _ => Operation::Delete(vec![key(seed)]),
    }
}

fn note(client: usize, number: usize) -> (String, Vec<u8>) {
    let bytes = pattern(mix(number as u64 ^ 0xAB), NOTE_BYTES as u64);
    (format!("note {client} {:02}", number % NOTES), bytes)
}

/// What operation `number` makes of what a client holds, in the plainest terms.
pub fn apply(held: &mut Held, client: usize, number: usize) {
    match operation(client, number) {
        Operation::Append(key, bytes) => held.entry(key).or_default().extend(bytes),
        Operation::Put(key, bytes) => {
            held.insert(key, bytes);
        }
        Operation::Copy(from, to) => {
            if let Some(bytes) = held.get(&from).cloned() {
                held.insert(to, bytes);
            }
        }
        Operation::Delete(keys) => held.retain(|key, _| !keys.contains(key)),
    }
    let (key, bytes) = note(client, number);
    held.insert(key, bytes);
}

/// What a client holds after its first `operations`.
pub fn after(client: usize, operations: usize) -> Held {
    let mut held = Held::new();
    (0..operations).for_each(|number| apply(&mut held, client, number));
    held
}

/// Opens an engine with small segments and frequent checkpoints, so that all steps come soon.
pub fn open(dir: &Path, failpoints: &str) -> Result<Engine, EngineError> {
    Engine::open(EngineOptions {
        dir: Some(dir.to_path_buf()),
        segment_first: 256 << 10,
        segment_max: 512 << 10,
        checkpoint_first: 768 << 10,
        checkpoint_max: 768 << 10,
        idle_checkpoint: Duration::from_secs(3600),
        failpoints: failpoints.to_owned(),
        ..EngineOptions::default()
    })
}

fn content(batch: &Batch<'_>, key: &str) -> Result<Option<Content>, EngineError> {
    let row = batch.get(key.as_bytes())?;
    row.map(|row| Content::decode(&mut &row[..])).transpose()
}

fn fill(
    engine: &Engine,
    batch: &mut Batch<'_>,
    before: &Content,
    bytes: &[u8],
) -> Result<Content, EngineError> {
    if bytes.len() < SMALL_MAX {
        return batch.append_small(before, bytes);
    }
    let mut writer = engine.stage(Some(bytes.len() as u64));
    writer.write_now(bytes)?;
    batch.attach(before, writer.finish())
}

/// Submits operation `number` of a client as one batch.
pub fn submit(engine: &Engine, client: usize, number: usize) -> Result<Commit, EngineError> {
    let mut batch = engine.batch();
    let made = match operation(client, number) {
        Operation::Append(key, bytes) => {
            let before = content(&batch, &key)?;
            let before = before.unwrap_or_else(|| Content::empty(engine.next_content_id()));
            Some((key, fill(engine, &mut batch, &before, &bytes)?))
        }
        Operation::Put(key, bytes) => {
            if let Some(old) = content(&batch, &key)? {
                batch.release(&old)?;
            }
            let fresh = Content::empty(engine.next_content_id());
            Some((key, fill(engine, &mut batch, &fresh, &bytes)?))
        }
        Operation::Copy(from, to) => match content(&batch, &from)?.filter(|_| from != to) {
            Some(source) => {
                if let Some(old) = content(&batch, &to)? {
                    batch.release(&old)?;
                }
                Some((to, batch.share(&source, engine.next_content_id())?))
            }
            None => None,
        },
        Operation::Delete(keys) => {
            for key in keys {
                if let Some(old) = content(&batch, &key)? {
                    batch.release(&old)?;
                    batch.delete(key.into_bytes());
                }
            }
            None
        }
    };
    if let Some((key, content)) = made {
        let mut row = Vec::new();
        content.encode(&mut row);
        batch.put(key.into_bytes(), row);
    }
    let (key, bytes) = note(client, number);
    batch.put(key.into_bytes(), bytes);
    Ok(batch.submit())
}

/// What a client's keys hold, every byte read and verified.
pub fn read(engine: &Engine, client: usize) -> Result<Held, EngineError> {
    let mut held = Held::new();
    for number in 0..KEYS {
        let key = object(client, number);
        if let Some(row) = engine.get(View::Committed, key.as_bytes())? {
            let content = Content::decode(&mut &row[..])?;
            let bytes = engine.read(&content, 0..content.len()).read_to_end()?;
            held.insert(key, bytes);
        }
    }
    for number in 0..NOTES {
        let (key, _) = note(client, number);
        if let Some(row) = engine.get(View::Committed, key.as_bytes())? {
            held.insert(key, row.to_vec());
        }
    }
    Ok(held)
}

/// Drops the clean pages of the volumes from the page cache, so that the next read must wait for the device.
pub fn forget_pages(dir: &Path) {
    // Only a hint, and a volume may be new: what matters is whether the step of a waiting read is met, which is counted.
    for entry in std::fs::read_dir(dir.join("vol"))
        .into_iter()
        .flatten()
        .flatten()
    {
        if let Ok(file) = std::fs::File::open(entry.path()) {
            let _ = rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed);
        }
    }
}

/// What a look at a directory found that cannot be, given how many operations of each client were acknowledged.
pub fn losses(dir: &Path, acknowledged: &[usize]) -> Vec<String> {
    let engine = match open(dir, "") {
        Ok(engine) => engine,
        Err(error) => return vec![format!("it does not open: {error}")],
    };
    let judge = |(client, done): (usize, &usize)| match read(&engine, client) {
        Err(error) => Some(format!("client {client} cannot read: {error}")),
        Ok(found) if found == after(client, *done) || found == after(client, done + 1) => None,
        Ok(found) => Some(format!(
            "client {client} with {done} operations acknowledged: {}",
            difference(&found, &after(client, *done))
        )),
    };
    acknowledged.iter().enumerate().filter_map(judge).collect()
}

fn difference(found: &Held, wanted: &Held) -> String {
    let length = |held: &Held, key: &String| held.get(key).map(Vec::len);
    let keys: BTreeSet<&String> = found.keys().chain(wanted.keys()).collect();
    let tell = |key: &String| {
        let (found, wanted) = (length(found, key), length(wanted, key));
        format!("{key} {found:?} for {wanted:?} bytes")
    };
    let other = keys
        .into_iter()
        .filter(|key| found.get(*key) != wanted.get(*key));
    other.map(tell).collect::<Vec<_>>().join("; ")
}
