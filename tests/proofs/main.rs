//! Proofs that the store keeps its word: the real binary is killed and cut off from power under load, and every acknowledged
//! fact is checked afterwards. Each proof has a control that must fail; each prints its figure and its limit.
//!
//! `cargo test --test proofs` runs the short forms, `name=times` chooses a proof and its length. `steps` and its kin need
//! `--features failpoints`. By hand, with an optimised server: `cargo test --release --features failpoints --test proofs --
//! kill=5000 power=1000 steps=12 steps-fail=6 linear=2000000 memory=5120`.

#[path = "../it/support/mod.rs"]
#[allow(
    dead_code,
    clippy::format_collect,
    clippy::needless_pass_by_value,
    reason = "shared with the integration tests, which use more of it and read better so"
)]
mod support;

mod bounds;
mod facts;
mod kill;
mod life;
mod linear;
mod power;
mod steps;
mod versions;
mod workload;

use std::process::ExitCode;

/// A proof: its name, how often it runs unless told otherwise (0: only when named with a number), and its code.
struct Proof {
    name: &'static str,
    times: usize,
    run: fn(usize) -> Outcome,
}

/// What a proof says at its end.
pub enum Outcome {
    /// It holds: a figure and its limit.
    Holds(String),
    /// It does not, and why.
    Fails(String),
    /// It cannot run on this machine, and why.
    Skipped(String),
}

const PROOFS: &[Proof] = &[
    Proof {
        name: "kill",
        times: 12,
        run: kill::run,
    },
    Proof {
        name: "kill-control",
        times: 1,
        run: kill::control,
    },
    Proof {
        name: "linear",
        times: 6000,
        run: linear::run,
    },
    Proof {
        name: "linear-control",
        times: 1000,
        run: linear::control,
    },
    Proof {
        name: "steps",
        times: 3,
        run: steps::run,
    },
    Proof {
        name: "steps-fail",
        times: 2,
        run: steps::failing,
    },
    Proof {
        name: "steps-control",
        times: 1,
        run: steps::control,
    },
    Proof {
        name: "memory",
        times: 0,
        run: bounds::memory,
    },
    Proof {
        name: "space",
        times: 12,
        run: bounds::space,
    },
    Proof {
        name: "full-disk",
        times: 1,
        run: bounds::full_disk,
    },
    Proof {
        name: "power",
        times: 4,
        run: power::run,
    },
    Proof {
        name: "power-control",
        times: 4,
        run: power::control,
    },
];

fn main() -> ExitCode {
    if let Some(code) = steps::child() {
        return code;
    }
    // The test runner's own flags (`--nocapture`, filters) mean nothing here; `name` and `name=times` choose.
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'))
        .collect();
    let chosen = |proof: &Proof| -> Option<usize> {
        if words.is_empty() {
            return Some(proof.times);
        }
        words.iter().find_map(|word| match word.split_once('=') {
            Some((name, times)) if name == proof.name => times.parse().ok(),
            None if word == proof.name => Some(proof.times),
            _ => None,
        })
    };
    let (mut held, mut failed, mut skipped) = (0, 0, 0);
    for proof in PROOFS {
        let Some(times) = chosen(proof).filter(|times| *times > 0) else {
            continue;
        };
        match (proof.run)(times) {
            Outcome::Holds(figure) => {
                held += 1;
                println!("{}: {figure}", proof.name);
            }
            Outcome::Fails(why) => {
                failed += 1;
                println!("{}: FAILED: {why}", proof.name);
            }
            Outcome::Skipped(why) => {
                skipped += 1;
                println!("{}: skipped: {why}", proof.name);
            }
        }
    }
    println!("proofs: {held} passed, {failed} failed, {skipped} skipped");
    if failed > 0 || held + skipped == 0 {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}
