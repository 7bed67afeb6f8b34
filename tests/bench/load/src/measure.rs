//! One measurement: an operation at a size over some connections against one server.

use crate::{
    client::{self, Result, Run, Script},
    server::{Asker, Kind, Operation, Places, Server},
    stats,
};
use serde::{Deserialize, Serialize};
use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

/// Distinct keys that reads and overwrites go round.
const KEYS: usize = 16;
/// Objects in the listing.
pub const LISTED: usize = 1000;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Cell {
    pub operation: Operation,
    /// Bytes of a body.
    pub size: u64,
    pub connections: usize,
}

/// What one round gave.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Round {
    /// Requests in a second.
    pub rate: f64,
    /// Microseconds.
    pub p50: f64,
    /// Microseconds.
    pub p99: f64,
}

impl Round {
    pub fn of(mut run: Run) -> Self {
        Self {
            rate: run.rate(),
            p50: stats::percentile(&mut run.latencies, 0.50),
            p99: stats::percentile(&mut run.latencies, 0.99),
        }
    }
}

/// The servers, and what is known about them.
pub struct Bench {
    pub places: Places,
    pub servers: Vec<Server>,
    /// Length of a round.
    pub time: Duration,
    /// Requests in a second that the last round reached, to sign enough for the next.
    rates: HashMap<(Kind, Cell), f64>,
    prepared: HashSet<(Kind, Operation, u64)>,
    unique: u64,
}

impl Bench {
    /// Starts those of `kinds` that are installed and says which are not.
    pub fn start(places: Places, kinds: &[Kind], time: Duration) -> Result<Self> {
        let mut servers = Vec::new();
        for kind in kinds {
            match Server::start(*kind, &places)? {
                Some(server) => servers.push(server),
                None => eprintln!("{} is not installed: left out", kind.name()),
            }
        }
        Ok(Self {
            places,
            servers,
            time,
            rates: HashMap::new(),
            prepared: HashSet::new(),
            unique: 0,
        })
    }

    pub fn server(&self, kind: Kind) -> Option<&Server> {
        self.servers.iter().find(|server| server.kind == kind)
    }

    /// The servers that offer an operation.
    pub fn kinds(&self, operation: Operation) -> Vec<Kind> {
        let kinds = self.servers.iter().map(|server| server.kind);
        kinds.filter(|kind| kind.offers(operation)).collect()
    }

    /// A name that no other measurement has.
    pub fn unique(&mut self) -> u64 {
        self.unique += 1;
        self.unique
    }

    /// `rounds` rounds of a cell on each of `kinds` in turn, after one that is not counted. A server that cannot do it
    /// is told of and left out.
    pub fn rounds(
        &mut self,
        cell: Cell,
        kinds: &[Kind],
        rounds: usize,
    ) -> HashMap<Kind, Vec<Round>> {
        let mut outcome: HashMap<Kind, Vec<Round>> = HashMap::new();
        let mut kinds = kinds.to_vec();
        for round in 0..=rounds {
            kinds.retain(|kind| match self.once(*kind, cell) {
                Ok(_) if round == 0 => true,
                Ok(run) => {
                    outcome.entry(*kind).or_default().push(Round::of(run));
                    true
                }
                Err(error) => {
                    eprintln!(
                        "{}: {} of {} bytes: {error}",
                        kind.name(),
                        cell.operation.name(),
                        cell.size
                    );
                    outcome.remove(kind);
                    false
                }
            });
            // Nobody is always the one after the same neighbour.
            if !kinds.is_empty() {
                kinds.rotate_left(1);
            }
        }
        outcome
    }

    /// One round.
    pub fn once(&mut self, kind: Kind, cell: Cell) -> Result<Run> {
        let known = self.rates.get(&(kind, cell)).copied();
        // Before anything is known: a short round with a guess.
        let time = if known.is_some() {
            self.time
        } else {
            self.time / 2
        };
        let rate = known.unwrap_or(match cell.size {
            ..4097 => 20_000.0,
            4097..65_537 => 8_000.0,
            65_537..1_048_577 => 600.0,
            _ => 6.0,
        });
        let each = (rate * 1.7 * time.as_secs_f64() / cell.connections as f64) as usize + 2;
        let unique = self.unique();
        let fresh = self.prepared.insert((kind, cell.operation, cell.size));
        let server = self.server(kind).ok_or("not running")?;
        let asker = server.asker();
        let (before, body) = preparation(&asker, cell, each, unique, fresh);
        client::prepare(server.address, before, body, cell.connections.max(8))?;
        let scripts = (0..cell.connections)
            .map(|connection| Script {
                heads: (0..each)
                    .map(|n| head(&asker, cell, unique, connection, n))
                    .collect(),
                body: if cell.operation.sends() { cell.size } else { 0 },
            })
            .collect();
        settle(&self.places)?;
        let run = client::run(server.address, scripts, time)?;
        if cell.operation == Operation::Get && run.received != run.requests as u64 * cell.size {
            return Err("bodies of another length than what was put".into());
        }
        self.rates.insert((kind, cell), run.rate());
        Ok(run)
    }
}

/// Waits until the file system has written what earlier measurements left: nobody pays for another's dirty pages.
pub fn settle(places: &Places) -> Result<()> {
    let work = std::fs::File::open(&places.work)?;
    rustix::fs::syncfs(work)?;
    Ok(())
}

fn keys(size: u64) -> usize {
    if size > 16 << 20 { 2 } else { KEYS }
}

/// The requests before a round, and the bytes that each carries.
fn preparation(
    asker: &Asker,
    cell: Cell,
    each: usize,
    unique: u64,
    fresh: bool,
) -> (Vec<Vec<u8>>, u64) {
    let size = cell.size;
    let connections = 0..cell.connections;
    match cell.operation {
        Operation::Append => {
            let heads =
                connections.filter_map(|n| asker.before_append(&format!("append-{unique}-{n}")));
            (heads.collect(), 0)
        }
        Operation::Get | Operation::Head if fresh => {
            let heads = (0..keys(size)).map(|n| asker.put(&format!("get-{size}-{n}"), size));
            (heads.collect(), size)
        }
        Operation::List if fresh => {
            let heads = (0..LISTED).map(|n| asker.put(&format!("list-{n:04}"), size));
            (heads.collect(), size)
        }
        Operation::Delete => {
            let keys = connections.flat_map(|connection| (0..each).map(move |n| (connection, n)));
            let heads = keys.map(|(connection, n)| {
                asker.put(&format!("delete-{unique}-{connection}-{n}"), size)
            });
            (heads.collect(), size)
        }
        _ => (Vec::new(), 0),
    }
}

fn head(asker: &Asker, cell: Cell, unique: u64, connection: usize, n: usize) -> Vec<u8> {
    let size = cell.size;
    let read = || format!("get-{size}-{}", (connection + n) % keys(size));
    match cell.operation {
        Operation::Append => asker.append(
            &format!("append-{unique}-{connection}"),
            n as u64 * size,
            size,
        ),
        Operation::Put => asker.put(&format!("put-{size}-{connection}-{}", n % keys(size)), size),
        Operation::Get => asker.get(&read()),
        Operation::Head => asker.head(&read()),
        Operation::List => asker.list("list-", ""),
        Operation::Delete => asker.delete(&format!("delete-{unique}-{connection}-{n}")),
    }
}
