//! Turns: appends that were refused for their position are told the length one after the other.
//!
//! Of many clients that append to one key, one succeeds and all others are refused, ask again at the length they were
//! told, and all but one are refused again: with 64 clients each success costs 63 refusals, and the server is busy
//! saying no. So while somebody who was told the length has not yet come back with his append, the next one's refusal
//! waits: until that append is applied, or [`TURN`] is over, and never longer than [`WAIT_MAX`]. Then he is told the
//! length as it is by then, and his next attempt is likely to fit. What each is told stays true (R40), who asked alone
//! is answered at once, and no lock is held while anybody waits.
//!
//! A turn belongs to a key lock, not to a key, so that nothing needs to be cleaned up: keys that share a lock may wait
//! for each other, within the same bounds.

use super::lock::{KEY_LOCKS, KeyLock};
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

/// How long a client that was told the length may take to come back: several round trips on one machine.
const TURN: Duration = Duration::from_millis(1);
/// Longest wait for a turn, whatever the others do.
const WAIT_MAX: Duration = Duration::from_millis(20);

/// The turns of all keys.
#[derive(Debug)]
pub(super) struct Turns(Vec<Mutex<Line>>);

#[derive(Debug, Default)]
struct Line {
    /// Since when somebody has his turn.
    taken: Option<Instant>,
    /// Longest waiting first; those who gave up are skipped when their turn comes.
    waiting: VecDeque<oneshot::Sender<()>>,
}

impl Turns {
    pub(super) fn new() -> Self {
        Self((0..KEY_LOCKS).map(|_| Mutex::default()).collect())
    }

    /// Waits for a turn.
    pub(super) async fn take(&self, lock: KeyLock) {
        let Some(line) = self.0.get(lock.index()) else {
            return;
        };
        let end = Instant::now() + WAIT_MAX;
        let mut called: Option<oneshot::Receiver<()>> = None;
        loop {
            let over = {
                let mut line = line.lock();
                let now = Instant::now();
                let over = line.taken.map(|since| since + TURN);
                let Some(over) = over.filter(|over| *over > now && now < end) else {
                    line.taken = Some(now);
                    return;
                };
                if called.is_none() {
                    let (call, receiver) = oneshot::channel();
                    line.waiting.push_back(call);
                    called = Some(receiver);
                }
                over
            };
            let Some(receiver) = &mut called else { return };
            if timeout_at(over.min(end), receiver).await.is_ok() {
                return;
            }
        }
    }

    /// An append was applied: whoever had the turn has used it, and the next one's begins.
    pub(super) fn pass(&self, lock: KeyLock) {
        let Some(line) = self.0.get(lock.index()) else {
            return;
        };
        let mut line = line.lock();
        line.taken = None;
        while let Some(next) = line.waiting.pop_front() {
            if next.send(()).is_ok() {
                line.taken = Some(Instant::now());
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    const KEY: KeyLock = KeyLock::at(7);

    #[tokio::test(start_paused = true)]
    async fn who_is_alone_does_not_wait() {
        let turns = Turns::new();
        let begun = Instant::now();
        turns.take(KEY).await;
        turns.pass(KEY);
        turns.take(KEY).await;
        turns.take(KeyLock::at(8)).await;
        assert_eq!(begun.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn each_append_calls_the_next_and_only_him() {
        let turns = Arc::new(Turns::new());
        let called = Arc::new(AtomicUsize::new(0));
        turns.take(KEY).await;
        for _ in 0..5 {
            let (turns, called) = (Arc::clone(&turns), Arc::clone(&called));
            tokio::spawn(async move {
                turns.take(KEY).await;
                called.fetch_add(1, Ordering::SeqCst);
            });
        }
        for count in 0..=5 {
            tokio::time::sleep(TURN / 8).await;
            assert_eq!(called.load(Ordering::SeqCst), count);
            turns.pass(KEY);
        }
    }

    /// Nobody comes back: each has his own turn's length, and nobody waits longer than the bound.
    #[tokio::test(start_paused = true)]
    async fn turns_that_nobody_uses_end_by_themselves() {
        let turns = Arc::new(Turns::new());
        let begun = Instant::now();
        let tasks: Vec<_> = (0..100)
            .map(|_| {
                let turns = Arc::clone(&turns);
                tokio::spawn(async move {
                    turns.take(KEY).await;
                    begun.elapsed()
                })
            })
            .collect();
        let mut waits = Vec::new();
        for task in tasks {
            waits.push(task.await.unwrap());
        }
        waits.sort();
        assert!(waits[5] >= 4 * TURN, "{waits:?}");
        assert!(waits[99] <= WAIT_MAX + TURN, "{waits:?}");
        // Calls to those who gave up are skipped.
        turns.pass(KEY);
        turns.take(KEY).await;
        assert_eq!(turns.0[KEY.index()].lock().waiting.len(), 0);
    }
}
