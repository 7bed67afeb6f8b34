//! What the machine itself can do, measured beside the servers: a sync of its disk and a digest on its cores.

use crate::{client::Result, stats};
use md5::{Digest as _, Md5};
use std::{
    fs::File,
    os::unix::fs::FileExt as _,
    path::Path,
    time::{Duration, Instant},
};

/// Median microseconds of overwriting 4 KiB of a written file and syncing it: what no log can go below.
pub fn sync_p50(dir: &Path, time: Duration) -> Result<f64> {
    const LENGTH: u64 = 8 << 20;
    let file = File::create(dir.join("sync-floor"))?;
    file.write_all_at(&vec![1; LENGTH as usize], 0)?;
    file.sync_all()?;
    let began = Instant::now();
    let mut times = Vec::new();
    let mut at = 0;
    while began.elapsed() < time {
        let start = Instant::now();
        file.write_all_at(&[2; 4096], at)?;
        file.sync_data()?;
        times.push(start.elapsed().as_secs_f64() * 1e6);
        at = (at + 4096) % LENGTH;
    }
    Ok(stats::percentile(&mut times, 0.5))
}

/// Bytes in a second that one core digests with MD5.
pub fn md5_speed(time: Duration) -> f64 {
    let block = vec![7; 1 << 20];
    let mut digest = Md5::new();
    let began = Instant::now();
    let mut bytes = 0;
    while began.elapsed() < time {
        digest.update(&block);
        bytes += block.len();
    }
    std::hint::black_box(digest.finalize());
    bytes as f64 / began.elapsed().as_secs_f64()
}

/// Touches most of the free memory once. A virtual machine gets its memory from the host page by page at the first touch, at
/// a fraction of a disk's speed; whoever first fills the page cache would pay for that.
pub fn warm_memory() {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let free = text
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"));
    let kib: usize = free
        .and_then(|value| value.trim().trim_end_matches(" kB").parse().ok())
        .unwrap_or_default();
    let pages = (kib * 7 / 10).min(16 << 20) / 4;
    let mut memory = vec![0_u8; pages * 4096];
    for page in memory.chunks_mut(4096) {
        page[0] = 1;
    }
    std::hint::black_box(&memory);
}

/// Cores that this process may use.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Processor, cores, memory and system, for the report.
pub fn shape() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_once(':'))
            .map(|(_, value)| value.trim().to_owned())
            .unwrap_or_default()
    };
    let processor = field(&read("/proc/cpuinfo"), "model name");
    let kib: u64 = field(&read("/proc/meminfo"), "MemTotal")
        .trim_end_matches(" kB")
        .parse()
        .unwrap_or_default();
    let release = read("/proc/sys/kernel/osrelease");
    let kernel: Vec<_> = release.split('.').take(2).collect();
    let gib = (kib as f64 / f64::from(1 << 20)).round();
    format!(
        "{} × {processor}, {gib} GiB, Linux {}",
        cores(),
        kernel.join(".")
    )
}
