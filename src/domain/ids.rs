//! Ids that the server makes up: request, version, upload. They come from one source, so tests can fix them.

use super::hex;
use parking_lot::Mutex;
use std::fmt;

/// Where random ids come from.
pub trait IdSource: Send + Sync + fmt::Debug {
    /// Fills `bytes` with unpredictable bytes.
    fn fill(&self, bytes: &mut [u8]);

    /// A request id: 24 upper-case hex digits (clients.md §3 asserts the length).
    fn request_id(&self) -> String {
        let mut bytes = [0u8; 12];
        self.fill(&mut bytes);
        hex::upper(&bytes)
    }

    /// An upload id: 32 upper-case hex digits (operations.md section F).
    fn upload_id(&self) -> String {
        let mut bytes = [0u8; 16];
        self.fill(&mut bytes);
        hex::upper(&bytes)
    }
}

/// The operating system's generator, asked for some ids at once.
#[derive(Default)]
pub struct SystemIds {
    /// Bytes that nobody has had yet.
    fresh: Mutex<Vec<u8>>,
}

/// Bytes that the system is asked for at once.
const FRESH_BYTES: usize = 1024;

impl fmt::Debug for SystemIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SystemIds")
    }
}

impl IdSource for SystemIds {
    fn fill(&self, bytes: &mut [u8]) {
        let mut fresh = self.fresh.lock();
        if fresh.len() < bytes.len() {
            fresh.resize(bytes.len().max(FRESH_BYTES), 0);
            // Without entropy there are no ids, and without ids no answer can be told from another.
            getrandom::fill(&mut fresh).expect("the operating system gives random bytes");
        }
        let left = fresh.len() - bytes.len();
        bytes.copy_from_slice(&fresh[left..]);
        fresh.truncate(left);
    }
}
