//! Measures Ossicle against the floor and its peers, in one run; see `tests/bench/README.md`.

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
use measure::{Bench, Cell, Round};
use serde::Serialize;
use server::{Kind, Operation, Places};
use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

/// Measures Ossicle against the floor and its peers.
#[derive(Debug, Parser)]
struct Arguments {
    /// All of compare, targets, plots and report unless one is named
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Debug, clap::Args)]
struct Settings {
    /// Short rounds and few of them: for a look, not for figures
    #[arg(long, global = true)]
    quick: bool,
    /// Rounds of each measurement [default: 5, or 3 when quick]
    #[arg(long, global = true)]
    rounds: Option<usize>,
    /// Keys of the greatest bucket [default: 1000000, or 100000 when quick]
    #[arg(long, global = true)]
    keys: Option<usize>,
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
        /// Only some of them, which are printed and not kept: appends, puts, gets, azurite, pieces, listing, starts, memory
        only: Vec<String>,
    },
    /// Pictures: cost against connections, length, bucket and store
    Plots,
    /// Both READMEs' tables and pictures, from the results of the other commands
    Report,
    /// One operation against one server for a while, for a profiler; the server's process id is printed
    Load {
        operation: Operation,
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
    let Arguments { command, settings } = Arguments::parse();
    match command {
        Some(Command::Floor { port }) => floor::serve(port),
        Some(Command::Tied { program }) => server::run_tied(&program),
        Some(Command::Report) => report::write(&settings.out),
        Some(Command::Load {
            operation,
            size,
            connections,
            seconds,
            server,
        }) => {
            let cell = Cell {
                operation,
                size,
                connections,
            };
            settings.load(server, cell, Duration::from_secs(seconds))
        }
        Some(Command::Compare) => settings.measured(Settings::compare),
        Some(Command::Targets { only }) => settings.measured(|all| all.targets(&only)),
        Some(Command::Plots) => settings.measured(Settings::plots),
        None => {
            settings.measured(|all| {
                all.compare()?;
                all.targets(&[])?;
                all.plots()
            })?;
            // Short rounds are no figures to publish.
            if settings.quick {
                Ok(())
            } else {
                report::write(&settings.out)
            }
        }
    }
}

impl Settings {
    fn rounds(&self) -> usize {
        self.rounds.unwrap_or(if self.quick { 3 } else { 5 }).max(1)
    }

    fn keys(&self) -> usize {
        let keys = if self.quick { 100_000 } else { 1_000_000 };
        self.keys.unwrap_or(keys).max(1000)
    }

    /// Length of a round.
    fn time(&self) -> Duration {
        Duration::from_millis(if self.quick { 120 } else { 400 })
    }

    fn places(&self) -> Result<Places> {
        let places = Places {
            ossicle: self.ossicle.canonicalize()?,
            peers: self.out.join("peers"),
            work: self.out.join("data"),
        };
        std::fs::create_dir_all(&places.work)?;
        Ok(places)
    }

    fn start(&self, kinds: &[Kind]) -> Result<Bench> {
        Bench::start(self.places()?, kinds, self.time())
    }

    /// Runs a part with what stands around it: memory that was touched before, and data that are gone after.
    fn measured(&self, part: impl FnOnce(&Self) -> Result<()>) -> Result<()> {
        let began = Instant::now();
        if !self.quick {
            device::warm_memory();
            eprintln!("(memory: {:.0} s)", began.elapsed().as_secs_f64());
        }
        part(self)?;
        std::fs::remove_dir_all(self.places()?.work)?;
        eprintln!("(all: {:.0} s)", began.elapsed().as_secs_f64());
        Ok(())
    }

    /// Where results go. Those of short rounds stand apart, so that no report takes them for figures.
    fn results(&self) -> Result<PathBuf> {
        let results = if self.quick {
            self.out.join("quick")
        } else {
            self.out.clone()
        };
        std::fs::create_dir_all(&results)?;
        Ok(results)
    }

    fn save(&self, name: &str, results: &impl Serialize, table: &str) -> Result<()> {
        let folder = self.results()?;
        std::fs::write(
            folder.join(format!("{name}.json")),
            serde_json::to_vec(results)?,
        )?;
        if !table.is_empty() {
            std::fs::write(folder.join(format!("{name}.md")), table)?;
            println!("{table}");
        }
        Ok(())
    }

    fn compare(&self) -> Result<()> {
        let mut bench = self.start(&Kind::ALL)?;
        let lines = compare::run(&mut bench, self.rounds(), self.quick);
        self.save("compare", &lines, &compare::table(&lines))
    }

    fn targets(&self, only: &[String]) -> Result<()> {
        let kinds = [
            Kind::Ossicle,
            Kind::Floor,
            Kind::Nginx,
            Kind::S3sFs,
            Kind::Azurite,
        ];
        let mut bench = self.start(&kinds)?;
        let size = targets::Size {
            rounds: self.rounds(),
            keys: self.keys(),
            great: if self.quick { 1 << 30 } else { 5 << 30 },
        };
        let rows = targets::run(&mut bench, size, only)?;
        if !only.is_empty() {
            return Ok(());
        }
        self.save("targets", &rows, &targets::table(&rows))
    }

    fn plots(&self) -> Result<()> {
        let mut bench = self.start(&Kind::ALL)?;
        let reach = plots::Reach {
            rounds: self.rounds().min(3),
            keys: self.keys(),
            great: if self.quick { 128 << 20 } else { 1 << 30 },
        };
        let pictures = plots::run(&mut bench, reach, &self.results()?)?;
        self.save("plots", &pictures, "")
    }

    fn load(&self, kind: Kind, cell: Cell, time: Duration) -> Result<()> {
        let mut bench = self.start(&[kind])?;
        let server = bench.server(kind).ok_or("not installed")?;
        println!("process {}", server.process().id());
        bench.once(kind, cell)?;
        let began = Instant::now();
        while began.elapsed() < time {
            let Round { rate, p50, p99 } = Round::of(bench.once(kind, cell)?);
            println!("{rate:.0}/s, p50 {p50:.0} µs, p99 {p99:.0} µs");
        }
        Ok(())
    }
}
