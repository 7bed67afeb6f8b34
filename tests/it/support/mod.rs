//! What every behaviour test stands on: the real server as a child process, a client that can say anything over TCP, a signer written
//! from the specification alone, and small readers for what comes back. Nothing here may use the server's own code.

pub mod cases;
pub mod client;
pub mod digest;
pub mod fixture;
pub mod server;
pub mod signer;
pub mod xml;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Unix time in whole seconds.
pub fn unix_now() -> i64 {
    let elapsed = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("a clock after 1970");
    i64::try_from(elapsed.as_secs()).expect("a clock before the year 292277026596")
}

/// Waits until the clock shows another whole second than now, so that a changed `Last-Modified` would be visible.
pub fn next_second() {
    let elapsed = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("a clock after 1970");
    let rest = 1_000 - u64::from(elapsed.subsec_millis());
    std::thread::sleep(Duration::from_millis(rest + 15));
}

/// Repeats `probe` every few milliseconds until it answers `Some`; panics with `what` after `limit`.
pub fn wait_for<T>(what: &str, limit: Duration, mut probe: impl FnMut() -> Option<T>) -> T {
    let start = std::time::Instant::now();
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(
            start.elapsed() < limit,
            "waited {limit:?} in vain for {what}"
        );
        std::thread::sleep(Duration::from_millis(4));
    }
}

/// A small deterministic generator (splitmix64), so that a failing random case can be repeated from its printed seed.
pub struct Random(u64);

impl Random {
    /// A generator whose sequence depends on `seed` only.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which must not be zero.
    pub fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).expect("a bound that fits");
        usize::try_from(self.next() % bound).expect("a remainder that fits")
    }

    /// One of the given choices.
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }
}
