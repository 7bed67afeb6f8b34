//! Policies: no panic, and a policy that denies everything allows nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ossicle::auth::policy::{Kind, Policy};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for kind in [Kind::Identity, Kind::Bucket] {
        if let Ok(policy) = Policy::parse(text, kind) {
            let _ = policy.is_public();
        }
    }
});
