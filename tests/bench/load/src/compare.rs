//! Everybody at everything: the table of operations, sizes and connections.

use crate::{
    measure::{Bench, Cell, Round},
    server::{Kind, Operation},
    stats::{Spread, short},
};
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

/// One line of the table: each server's rounds.
#[derive(Debug, Serialize, Deserialize)]
pub struct Line {
    pub cell: Cell,
    pub servers: Vec<(Kind, Vec<Round>)>,
}

impl Line {
    pub fn rounds(&self, kind: Kind) -> Option<&[Round]> {
        let found = self.servers.iter().find(|(name, _)| *name == kind)?;
        Some(&found.1)
    }

    /// How many times faster than another Ossicle is.
    pub fn ratio(&self, other: Kind) -> Option<Spread> {
        let rates = |kind| -> Option<Vec<f64>> {
            Some(self.rounds(kind)?.iter().map(|round| round.rate).collect())
        };
        Some(Spread::ratio(&rates(Kind::Ossicle)?, &rates(other)?))
    }
}

/// Which cells there are. 100 MiB go over at most 4 connections: 64 of them would be 6.4 GB at once.
pub fn cells(quick: bool) -> Vec<Cell> {
    let sizes: &[u64] = if quick {
        &[4096, 1 << 20]
    } else {
        &[64, 4096, 64 << 10, 1 << 20, 100 << 20]
    };
    let mut cells = Vec::new();
    for operation in [Operation::Append, Operation::Put, Operation::Get] {
        for size in sizes {
            let many = if *size > 16 << 20 { 4 } else { 64 };
            for connections in [1, many] {
                cells.push(Cell {
                    operation,
                    size: *size,
                    connections,
                });
            }
        }
    }
    for operation in [Operation::Head, Operation::List, Operation::Delete] {
        for connections in [1, 64] {
            cells.push(Cell {
                operation,
                size: 4096,
                connections,
            });
        }
    }
    cells
}

pub fn run(bench: &mut Bench, rounds: usize, quick: bool) -> Vec<Line> {
    let mut lines = Vec::new();
    for cell in cells(quick) {
        let kinds = bench.kinds(cell.operation);
        let mut outcome = bench.rounds(cell, &kinds, rounds);
        let servers: Vec<_> = Kind::ALL
            .into_iter()
            .filter_map(|kind| Some((kind, outcome.remove(&kind)?)))
            .collect();
        let line = Line { cell, servers };
        eprintln!("{}", row(&line));
        lines.push(line);
    }
    lines
}

/// The whole table in Markdown.
pub fn table(lines: &[Line]) -> String {
    let mut text = String::from("| load | connections | Ossicle, requests/s | p50 / p99, ms |");
    for kind in &Kind::ALL[1..] {
        let _ = write!(text, " ÷ {} |", kind.name());
    }
    text.push_str("\n| --- | --- | --- | --- |");
    text.push_str(&" --- |".repeat(Kind::ALL.len() - 1));
    text.push('\n');
    for line in lines {
        text.push_str(&row(line));
        text.push('\n');
    }
    text
}

fn row(line: &Line) -> String {
    let Cell {
        operation,
        size,
        connections,
    } = line.cell;
    let size = if operation == Operation::List {
        "page of 1000".to_owned()
    } else {
        bytes(size)
    };
    let mut text = format!("| {} {size} | {connections} |", operation.name());
    match line.rounds(Kind::Ossicle) {
        Some(rounds) => {
            let of = |value: fn(&Round) -> f64| Spread::of(rounds.iter().map(value));
            let (rate, p50, p99) = (of(|r| r.rate), of(|r| r.p50), of(|r| r.p99));
            let _ = write!(
                text,
                " {} ({}–{}) | {} / {} |",
                short(rate.median),
                short(rate.least),
                short(rate.greatest),
                short(p50.median / 1000.0),
                short(p99.median / 1000.0)
            );
        }
        None => text.push_str(" – | – |"),
    }
    for kind in &Kind::ALL[1..] {
        match line.ratio(*kind) {
            Some(ratio) => {
                let _ = write!(
                    text,
                    " {} ({}–{}) |",
                    short(ratio.median),
                    short(ratio.least),
                    short(ratio.greatest)
                );
            }
            None => text.push_str(" – |"),
        }
    }
    text
}

/// A size for people.
pub fn bytes(size: u64) -> String {
    match size {
        ..1024 => format!("{size} B"),
        1024..0x10_0000 => format!("{} KiB", size >> 10),
        _ => format!("{} MiB", size >> 20),
    }
}
