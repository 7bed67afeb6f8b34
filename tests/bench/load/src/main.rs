//! Measures Ossicle against the floor and its peers, in one run; see `tests/bench/run`.

mod client;
mod compare;
mod device;
mod floor;
mod measure;
mod plots;
mod report;
mod server;
mod sign;
mod stats;
mod targets;

use clap::{Parser, Subcommand};
use client::Result;
use measure::Bench;
use server::{Kind, Places};
use std::{path::PathBuf, time::Duration};

/// Measures Ossicle against the floor and its peers.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Short rounds and few of them: for a look, not for figures
    #[arg(long, global = true)]
    quick: bool,
    /// Rounds of each measurement
    #[arg(long, global = true)]
    rounds: Option<usize>,
    /// The server's binary
    #[arg(long, global = true, default_value = "target/release/ossicle")]
    ossicle: PathBuf,
    /// Directory of results, of the peers' programs and of all data, on the disk that is measured
    #[arg(long, global = true, default_value = "target/bench")]
    out: PathBuf,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Every operation at every size against everybody
    Compare,
    /// The store's own targets
    Targets {
        /// Keys of the great bucket that is listed [default: 1000000, or 100000 when quick]
        #[arg(long)]
        keys: Option<usize>,
    },
    /// Pictures: cost against connections, length, bucket and store
    Plots {
        /// Keys of the greatest bucket [default: 1000000, or 100000 when quick]
        #[arg(long)]
        keys: Option<usize>,
    },
    /// Both READMEs' tables and pictures, from the results of the other commands
    Report,
    /// One operation against one server for a while, for a profiler; the server's process id is printed
    Load {
        operation: server::Operation,
        /// Bytes of a body
        #[arg(long, default_value_t = 4096)]
        size: u64,
        #[arg(long, default_value_t = 64)]
        connections: usize,
        #[arg(long, default_value_t = 10)]
        seconds: u64,
        #[arg(long, value_enum, default_value = "ossicle")]
        server: Kind,
    },
    /// Another program, which ends when the bench does
    #[command(hide = true)]
    Tied {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        program: Vec<std::ffi::OsString>,
    },
    /// The floor itself: a server that discards what it gets
    #[command(hide = true)]
    Floor { port: u16 },
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    match &arguments.command {
        Command::Floor { port } => return floor::serve(*port),
        Command::Tied { program } => return server::run_tied(program),
        _ => {}
    }
    let places = Places {
        ossicle: arguments.ossicle.canonicalize()?,
        peers: arguments.out.join("peers"),
        work: arguments.out.join("data"),
    };
    std::fs::create_dir_all(&places.work)?;
    if !matches!(arguments.command, Command::Report | Command::Load { .. }) && !arguments.quick {
        let began = std::time::Instant::now();
        device::warm_memory();
        eprintln!("memory touched in {:.0} s", began.elapsed().as_secs_f64());
    }
    let (rounds, time) = if arguments.quick { (3, 120) } else { (5, 400) };
    let rounds = arguments.rounds.unwrap_or(rounds);
    let time = Duration::from_millis(time);
    match arguments.command {
        Command::Compare => {
            let mut bench = Bench::start(places, &Kind::ALL, time)?;
            let lines = compare::run(&mut bench, rounds, arguments.quick)?;
            std::fs::write(
                arguments.out.join("compare.json"),
                serde_json::to_string(&lines)?,
            )?;
            std::fs::write(arguments.out.join("compare.md"), compare::table(&lines))?;
            print!("{}", compare::table(&lines));
        }
        Command::Targets { keys } => {
            let quick = arguments.quick;
            let kinds = [
                Kind::Ossicle,
                Kind::Floor,
                Kind::Nginx,
                Kind::S3sFs,
                Kind::Azurite,
            ];
            let mut bench = Bench::start(places, &kinds, time)?;
            let size = targets::Size {
                rounds,
                keys: keys.unwrap_or(if quick { 100_000 } else { 1_000_000 }),
                great: if quick { 1 << 30 } else { 5 << 30 },
            };
            let rows = targets::run(&mut bench, size)?;
            std::fs::write(
                arguments.out.join("targets.json"),
                serde_json::to_string(&rows)?,
            )?;
            std::fs::write(arguments.out.join("targets.md"), targets::table(&rows))?;
            print!("{}", targets::table(&rows));
        }
        Command::Plots { keys } => {
            let mut bench = Bench::start(places, &Kind::ALL, time)?;
            let reach = plots::Reach {
                rounds: rounds.min(3),
                keys: keys.unwrap_or(if arguments.quick { 100_000 } else { 1_000_000 }),
                great: if arguments.quick { 128 << 20 } else { 1 << 30 },
            };
            let pictures = plots::run(&mut bench, reach, &arguments.out)?;
            std::fs::write(
                arguments.out.join("plots.json"),
                serde_json::to_string(&pictures)?,
            )?;
        }
        Command::Report => report::write(&arguments.out)?,
        Command::Load {
            operation,
            size,
            connections,
            seconds,
            server,
        } => {
            let cell = measure::Cell {
                operation,
                size,
                connections,
            };
            let mut bench = Bench::start(places, &[server], time)?;
            let id = bench.server(server).ok_or("not installed")?.process().id();
            println!("process {id}");
            bench.once(server, cell)?;
            let began = std::time::Instant::now();
            while began.elapsed() < Duration::from_secs(seconds) {
                let measure::Round { rate, p50, p99 } =
                    measure::Round::of(bench.once(server, cell)?);
                println!("{rate:.0}/s, p50 {p50:.0} µs, p99 {p99:.0} µs");
            }
        }
        Command::Floor { .. } | Command::Tied { .. } => {}
    }
    Ok(())
}
