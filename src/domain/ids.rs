//! Ids that the server makes up: request, version, upload. They come from one source, so tests can fix them.

use super::hex;
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

/// The operating system's generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemIds;

impl IdSource for SystemIds {
    fn fill(&self, bytes: &mut [u8]) {
        // Without entropy there are no ids, and without ids no answer can be told from another.
        getrandom::fill(bytes).expect("the operating system gives random bytes");
    }
}
