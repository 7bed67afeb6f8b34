//! Configuration files: no panic, and a refusal is one line that names the file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::path::Path;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Err(error) = ossicle::config::parse(text, Path::new("ossicle.toml")) {
        let line = error.to_string();
        assert!(!line.contains('\n') && line.contains("ossicle.toml"), "{line:?}");
    }
});
