//! What image processing is asked to do: no panic, and an outcome of the announced kind. The decoders have fuzzers of their own.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ossicle::picture::Plan;

/// 2 x 2 pixels, uncompressed.
const BMP: &[u8] = b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x02\0\0\0\x02\0\0\0\x01\0\x18\0\0\0\0\0\x10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\
    \x01\x02\x03\x04\x05\x06\0\0\x07\x08\x09\x0A\x0B\x0C\0\0";

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(plan) = Plan::parse(text) else { return };
    // What may grow to 16 million pixels is right, and too slow for a fuzzer.
    if text.contains("limit_0") || text.contains("p_") {
        return;
    }
    if let Ok(outcome) = plan.run(BMP) {
        assert!(!outcome.bytes.is_empty());
        assert_eq!(plan.is_question(), outcome.content_type == "application/json");
    }
});
