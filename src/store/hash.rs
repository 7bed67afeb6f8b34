//! MD5 of bodies that arrive at the same time, computed together.
//!
//! One MD5 is a chain of steps that wait for each other: some 0.8 GB/s, whatever the processor. Several independent ones
//! fill the lanes of a vector register instead: sixteen take little longer than one. So the batches of all uploads go
//! through one [`Hasher`]. While many are under way it waits a moment until enough batches have gathered: taken as they
//! come, they would be few at a time, and hashing 1 GB/s took 43 % of two processors. A lone upload is hashed at once,
//! beside the writing of its bytes.

use md5_many::{Md5Many, Md5State};
use parking_lot::{Condvar, Mutex};
use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Batches taken at once: two vectors of sixteen lanes, which the kernels interleave.
const LANES: usize = 32;

/// Batches worth waiting for where at least twice as many uploads are under way: one full vector, and half of one.
const GATHER: [usize; 2] = [16, 8];

/// Longest wait for them. An upload fills its next batch meanwhile, so only one that sends more than 128 MB/s notices
/// that others are slow.
const GATHER_TIME: Duration = Duration::from_micros(500);

/// Bytes that are worth a hop to another thread: some 30 µs of MD5.
const HOP_BYTES: usize = 32 * 1024;

/// Bytes of a batch. Equal lengths keep all lanes busy to the end.
const BATCH_BYTES: usize = 64 * 1024;

/// Hashes for all uploads of a store. Cheap to clone.
#[derive(Clone)]
pub(super) struct Hasher(Arc<Shared>);

struct Shared {
    kernels: Md5Many,
    threads_max: usize,
    /// Bodies that are being hashed, busy or not.
    uploads: AtomicUsize,
    queue: Mutex<Queue>,
    gathered: Condvar,
}

#[derive(Default)]
struct Queue {
    batches: VecDeque<Batch>,
    threads: usize,
}

/// Bytes to be hashed after what `state` has seen.
struct Batch {
    state: Md5State,
    bytes: Vec<u8>,
    done: oneshot::Sender<(Md5State, Vec<u8>)>,
}

/// The hasher stopped: the runtime is shutting down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stopped;

/// MD5 of one body, at most one batch behind its bytes.
pub(super) struct Md5 {
    hasher: Hasher,
    state: Md5State,
    waiting: Vec<u8>,
    /// An empty buffer, to be filled next.
    spare: Vec<u8>,
    running: Option<oneshot::Receiver<(Md5State, Vec<u8>)>>,
}

impl Hasher {
    /// A hasher that uses up to as many threads as there are processors.
    pub(super) fn new() -> Self {
        Self(Arc::new(Shared {
            kernels: Md5Many::new(),
            threads_max: std::thread::available_parallelism().map_or(1, usize::from),
            uploads: AtomicUsize::new(0),
            queue: Mutex::new(Queue::default()),
            gathered: Condvar::new(),
        }))
    }

    /// MD5 of a new body.
    pub(super) fn begin(&self) -> Md5 {
        self.0.uploads.fetch_add(1, Ordering::Relaxed);
        Md5 {
            hasher: self.clone(),
            state: Md5State::new(),
            waiting: Vec::new(),
            spare: Vec::new(),
            running: None,
        }
    }

    /// Queues a batch, and sees to it that a thread will take it. Of few uploads each thread takes what is there; of many,
    /// one thread gathers, and another begins only where it has all that it can take.
    fn submit(&self, batch: Batch) {
        let shared = &self.0;
        let mut queue = shared.queue.lock();
        queue.batches.push_back(batch);
        let waiting = queue.batches.len();
        let enough = shared.worth_waiting_for();
        let alone = queue.threads == 0;
        if alone || (queue.threads < shared.threads_max && (enough == 1 || waiting > LANES)) {
            queue.threads += 1;
            drop(queue);
            let shared = Arc::clone(shared);
            tokio::task::spawn_blocking(move || shared.work());
        } else if waiting >= enough {
            drop(queue);
            shared.gathered.notify_one();
        }
    }
}

impl Shared {
    /// Batches that will gather soon, as so many uploads are under way.
    fn worth_waiting_for(&self) -> usize {
        let uploads = self.uploads.load(Ordering::Relaxed);
        let fits = GATHER.into_iter().find(|count| uploads >= 2 * count);
        fits.unwrap_or(1)
    }

    /// Hashes until nothing waits.
    fn work(&self) {
        loop {
            let batches: Vec<Batch> = {
                let mut queue = self.queue.lock();
                if queue.batches.is_empty() {
                    queue.threads -= 1;
                    return;
                }
                let end = Instant::now() + GATHER_TIME;
                while queue.batches.len() < self.worth_waiting_for()
                    && !self.gathered.wait_until(&mut queue, end).timed_out()
                {}
                // Full vectors only, where there are any: the rest would take nearly as long as a full one.
                let waiting = queue.batches.len();
                let full = [LANES, GATHER[0]].into_iter().find(|full| waiting >= *full);
                let count = full.unwrap_or(waiting);
                queue.batches.drain(..count).collect()
            };
            // A panic is one group's: its uploads fail, the thread goes on counting.
            let hashed = std::panic::catch_unwind(AssertUnwindSafe(|| hash(self.kernels, batches)));
            if hashed.is_err() {
                tracing::error!("hashing panicked, its uploads fail");
            }
        }
    }
}

/// Advances all states by their bytes and hands both back. An upload that was given up does not wait for its own.
fn hash(kernels: Md5Many, batches: Vec<Batch>) {
    let mut states: Vec<Md5State> = batches.iter().map(|batch| batch.state).collect();
    let inputs: Vec<&[u8]> = batches.iter().map(|batch| &batch.bytes[..]).collect();
    kernels.update_many(&mut states, &inputs);
    for (batch, state) in batches.into_iter().zip(states) {
        let mut bytes = batch.bytes;
        bytes.clear();
        let _ = batch.done.send((state, bytes));
    }
}

impl Drop for Md5 {
    fn drop(&mut self) {
        self.hasher.0.uploads.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Md5 {
    /// Takes the next bytes; waits while a whole batch is still being hashed.
    pub(super) async fn update(&mut self, mut bytes: &[u8]) -> Result<(), Stopped> {
        while !bytes.is_empty() {
            let room = BATCH_BYTES - self.waiting.len();
            let (now, later) = bytes.split_at(bytes.len().min(room));
            self.waiting.extend_from_slice(now);
            bytes = later;
            if self.waiting.len() == BATCH_BYTES {
                self.settle().await?;
                self.run();
            }
        }
        Ok(())
    }

    /// The digest of all bytes.
    pub(super) async fn finish(mut self) -> Result<[u8; 16], Stopped> {
        self.settle().await?;
        if self.waiting.len() >= HOP_BYTES {
            self.run();
            self.settle().await?;
        }
        self.state.update(&self.waiting);
        Ok(self.state.finalize())
    }

    /// Hands what waits to the hasher.
    fn run(&mut self) {
        let (done, running) = oneshot::channel();
        self.hasher.submit(Batch {
            state: self.state,
            bytes: std::mem::replace(&mut self.waiting, std::mem::take(&mut self.spare)),
            done,
        });
        self.running = Some(running);
    }

    /// Waits for the batch that is being hashed.
    async fn settle(&mut self) -> Result<(), Stopped> {
        if let Some(running) = self.running.take() {
            (self.state, self.spare) = running.await.map_err(|_| Stopped)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use md5::Digest;

    #[allow(clippy::cast_possible_truncation)] // the remainder fits
    fn body(seed: usize, len: usize) -> Vec<u8> {
        (0..len)
            .map(|at| ((at * 31 + seed * 7 + at / 251) % 256) as u8)
            .collect()
    }

    async fn digest(hasher: Hasher, body: Vec<u8>, piece: usize) -> [u8; 16] {
        let mut md5 = hasher.begin();
        for bytes in body.chunks(piece) {
            md5.update(bytes).await.unwrap();
        }
        md5.finish().await.unwrap()
    }

    /// Against another implementation: lengths around every boundary, in pieces of many sizes, few and many at once.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn digests_are_those_of_lone_bodies_however_many_come_at_once() {
        const LENGTHS: [usize; 14] = [
            0, 1, 55, 56, 63, 64, 65, 32_767, 32_768, 65_535, 65_536, 65_537, 131_072, 400_009,
        ];
        const PIECES: [usize; 4] = [977, 16_384, 65_536, 1 << 20];
        let hasher = Hasher::new();
        for at_once in [1, 3, 8, 16, 40] {
            let tasks: Vec<_> = (0..at_once)
                .flat_map(|seed| LENGTHS.map(|len| (seed, len)))
                .map(|(seed, len)| {
                    let bytes = body(seed, len);
                    let expected: [u8; 16] = md5::Md5::digest(&bytes).into();
                    let piece = PIECES[(seed + len) % PIECES.len()];
                    (
                        expected,
                        tokio::spawn(digest(hasher.clone(), bytes, piece)),
                        len,
                    )
                })
                .collect();
            for (expected, task, len) in tasks {
                assert_eq!(
                    task.await.unwrap(),
                    expected,
                    "{len} bytes, {at_once} at once"
                );
            }
        }
        assert_eq!(hasher.0.queue.lock().batches.len(), 0);
        assert_eq!(hasher.0.uploads.load(Ordering::Relaxed), 0);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn an_upload_that_is_given_up_holds_nobody_back() {
        let hasher = Hasher::new();
        for _ in 0..20 {
            let mut md5 = hasher.begin();
            md5.update(&body(1, 3 * BATCH_BYTES)).await.unwrap();
            drop(md5);
        }
        let expected: [u8; 16] = md5::Md5::digest(body(2, 200_000)).into();
        assert_eq!(digest(hasher, body(2, 200_000), 5000).await, expected);
    }
}
