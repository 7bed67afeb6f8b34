//! Pictures: how cost grows with connections, with the length of objects, with the size of a bucket and of the store.

use crate::{
    client::{self, Result, Script},
    measure::{self, Bench, Cell, Round},
    server::{Kind, Operation, Server},
    stats::Spread,
    targets,
};
use plotters::prelude::*;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// A picture: panels side by side.
#[derive(Debug, Serialize, Deserialize)]
pub struct Picture {
    /// Name of its file.
    pub name: String,
    pub panels: Vec<Panel>,
}

/// A diagram with logarithmic axes.
#[derive(Debug, Serialize, Deserialize)]
pub struct Panel {
    pub title: String,
    pub x: String,
    pub y: String,
    pub series: Vec<Series>,
}

/// A named line.
#[derive(Debug, Serialize, Deserialize)]
pub struct Series {
    pub name: String,
    pub points: Vec<(f64, f64)>,
}

/// How far the pictures go.
#[derive(Debug, Clone, Copy)]
pub struct Reach {
    pub rounds: usize,
    /// Keys of the greatest bucket.
    pub keys: usize,
    /// Bytes of the greatest object and, eight times that, of the greatest store.
    pub great: u64,
}

pub fn run(bench: &mut Bench, reach: Reach, out: &Path) -> Result<Vec<Picture>> {
    let mut pictures = Vec::new();
    for operation in [Operation::Append, Operation::Put, Operation::Get] {
        pictures.push(connections(bench, operation, reach));
        draw(&pictures[pictures.len() - 1], out)?;
    }
    for part in [length, bucket, store] {
        pictures.push(part(bench, reach)?);
        draw(&pictures[pictures.len() - 1], out)?;
    }
    Ok(pictures)
}

fn panel(title: &str, x: &str, y: &str, series: Vec<Series>) -> Panel {
    Panel {
        title: title.to_owned(),
        x: x.to_owned(),
        y: y.to_owned(),
        series,
    }
}

/// Throughput and median latency of 4 KiB requests against the number of connections.
fn connections(bench: &mut Bench, operation: Operation, reach: Reach) -> Picture {
    let (mut rates, mut latencies): (Vec<Series>, Vec<Series>) = (Vec::new(), Vec::new());
    let kinds: Vec<_> = bench
        .kinds(operation)
        .into_iter()
        .filter(|kind| *kind != Kind::Moto)
        .collect();
    for kind in &kinds {
        for all in [&mut rates, &mut latencies] {
            all.push(Series {
                name: kind.name().to_owned(),
                points: Vec::new(),
            });
        }
    }
    for connections in [1, 4, 16, 64, 256] {
        let cell = Cell {
            operation,
            size: 4096,
            connections,
        };
        let outcome = bench.rounds(cell, &kinds, reach.rounds);
        for (at, kind) in kinds.iter().enumerate() {
            let Some(rounds) = outcome.get(kind) else {
                continue;
            };
            let middle = |value: fn(&Round) -> f64| Spread::of(rounds.iter().map(value)).median;
            rates[at]
                .points
                .push((connections as f64, middle(|round| round.rate)));
            latencies[at]
                .points
                .push((connections as f64, middle(|round| round.p50) / 1000.0));
        }
    }
    let name = operation.name();
    Picture {
        name: name.to_owned(),
        panels: vec![
            panel(
                &format!("{name} 4 KiB: throughput"),
                "connections",
                "requests/s",
                rates,
            ),
            panel(
                &format!("{name} 4 KiB: median latency"),
                "connections",
                "ms",
                latencies,
            ),
        ],
    }
}

/// Cost of a whole body against its length, and of one more 4 KiB against the length an object already has.
fn length(bench: &mut Bench, reach: Reach) -> Result<Picture> {
    let mut bodies = Vec::new();
    for operation in [Operation::Append, Operation::Put, Operation::Get] {
        let mut points = Vec::new();
        for size in [64, 1 << 10, 4 << 10, 64 << 10, 1 << 20, 16 << 20] {
            let cell = Cell {
                operation,
                size,
                connections: 1,
            };
            let outcome = bench.rounds(cell, &[Kind::Ossicle], reach.rounds);
            if let Some(rounds) = outcome.get(&Kind::Ossicle) {
                let p50 = Spread::of(rounds.iter().map(|round| round.p50)).median;
                points.push((size as f64, p50 / 1000.0));
            }
        }
        bodies.push(Series {
            name: operation.name().to_owned(),
            points,
        });
    }
    let unique = bench.unique();
    let key = format!("long-{unique}");
    let server = bench.server(Kind::Ossicle).ok_or("not running")?;
    let [mut appends, mut heads] = [const { Vec::new() }; 2];
    let mut length = 0;
    let lengths = [4 << 10, 64 << 10, 1 << 20, 16 << 20, 256 << 20, 1 << 30];
    for target in lengths.into_iter().filter(|length| *length <= reach.great) {
        while length < target {
            let step = (target - length).min(64 << 20);
            let asker = server.asker();
            client::prepare(
                server.address,
                vec![asker.append(&key, length, step)],
                step,
                1,
            )?;
            length += step;
        }
        measure::settle(&bench.places)?;
        let at = length as f64;
        let asker = server.asker();
        let scripts = |make: &dyn Fn(u64) -> Vec<u8>, body| {
            vec![Script {
                heads: (0..20_000).map(make).collect(),
                body,
            }]
        };
        let script = scripts(&|n| asker.append(&key, length + n * 4096, 4096), 4096);
        let run = client::run(server.address, script, bench.time)?;
        length += run.requests as u64 * 4096;
        appends.push((at, Round::of(run).p50 / 1000.0));
        let run = client::run(
            server.address,
            scripts(&|_| asker.head(&key), 0),
            bench.time,
        )?;
        heads.push((at, Round::of(run).p50 / 1000.0));
    }
    let named = |name: &str, points| Series {
        name: name.to_owned(),
        points,
    };
    Ok(Picture {
        name: "length".to_owned(),
        panels: vec![
            panel("one body, 1 connection", "bytes of the body", "ms", bodies),
            panel(
                "one object as it grows, 1 connection",
                "bytes of the object",
                "ms",
                vec![named("append 4 KiB", appends), named("head", heads)],
            ),
        ],
    })
}

/// Median milliseconds of each operation on a store as it is.
fn probe(
    server: &Server,
    bench: &Bench,
    unique: u64,
    keys: usize,
    all: &mut [Series],
    x: f64,
) -> Result<()> {
    measure::settle(&bench.places)?;
    let asker = server.asker();
    for series in all {
        let name = series.name.as_str();
        if name == "page of 1000" {
            let p50 = targets::page_p50(server, keys, bench.time)?;
            series.points.push((x, p50 / 1000.0));
            continue;
        }
        let head = |n: usize| match name {
            "append" => asker.append(&format!("grow-{unique}"), n as u64 * 4096, 4096),
            "put" => asker.put(&format!("probe-{}", n % 16), 4096),
            _ => asker.get(&targets::key(n * 7_368_787 % keys)),
        };
        let script = Script {
            heads: (0..20_000).map(head).collect(),
            body: if name == "get" { 0 } else { 4096 },
        };
        let run = client::run(server.address, vec![script], bench.time)?;
        series.points.push((x, Round::of(run).p50 / 1000.0));
    }
    Ok(())
}

fn probes(names: &[&str]) -> Vec<Series> {
    names
        .iter()
        .map(|name| Series {
            name: (*name).to_owned(),
            points: Vec::new(),
        })
        .collect()
}

/// Cost of each operation against the number of keys in the bucket.
fn bucket(bench: &mut Bench, reach: Reach) -> Result<Picture> {
    let server =
        Server::start_as("plot-bucket", Kind::Ossicle, &bench.places)?.ok_or("no binary")?;
    let mut all = probes(&["append", "put", "get", "page of 1000"]);
    let mut keys = 0;
    for count in [1000, 10_000, 100_000, 1_000_000] {
        if count > reach.keys {
            break;
        }
        targets::fill(&server, keys, count - keys, 100)?;
        keys = count;
        let unique = bench.unique();
        probe(&server, bench, unique, keys, &mut all, keys as f64)?;
    }
    let title = "4 KiB, 1 connection: median latency";
    Ok(Picture {
        name: "bucket".to_owned(),
        panels: vec![panel(title, "keys in the bucket", "ms", all)],
    })
}

/// Cost of each operation, and of a start, against the bytes in the store.
fn store(bench: &mut Bench, reach: Reach) -> Result<Picture> {
    const OBJECT: u64 = 1 << 20;
    let data = bench.places.work.join("plot-store");
    let _ = std::fs::remove_dir_all(&data);
    let (mut server, _) = targets::start(&bench.places, &data)?;
    server.create_bucket()?;
    let mut all = probes(&["append", "put", "get"]);
    let mut starts = probes(&["after a clean stop"]);
    let mut objects = 0;
    for bytes in [
        reach.great / 64,
        reach.great / 8,
        reach.great,
        reach.great * 8,
    ] {
        let count = (bytes / OBJECT) as usize;
        targets::fill(&server, objects, count - objects, OBJECT)?;
        objects = count;
        let unique = bench.unique();
        let gib = bytes as f64 / f64::from(1 << 30);
        probe(&server, bench, unique, objects, &mut all, gib)?;
        let mut times = Vec::new();
        for _ in 0..reach.rounds {
            server.process_mut().stop();
            let (next, time) = targets::start(&bench.places, &data)?;
            server = next;
            times.push(time);
        }
        starts[0].points.push((gib, Spread::of(times).median));
    }
    drop(server);
    std::fs::remove_dir_all(&data)?;
    Ok(Picture {
        name: "store".to_owned(),
        panels: vec![
            panel(
                "get 1 MiB, put and append 4 KiB, 1 connection: median latency",
                "GiB in the store",
                "ms",
                all,
            ),
            panel("start to first answer", "GiB in the store", "ms", starts),
        ],
    })
}

const COLOURS: [RGBColor; 5] = [
    RGBColor(0xd5, 0x5e, 0x00),
    RGBColor(0x55, 0x55, 0x55),
    RGBColor(0x00, 0x72, 0xb2),
    RGBColor(0x00, 0x9e, 0x73),
    RGBColor(0xcc, 0x79, 0xa7),
];

/// The picture as `<name>.svg`.
pub fn draw(picture: &Picture, out: &Path) -> Result<()> {
    let path = out.join(format!("{}.svg", picture.name));
    let width = 480 * picture.panels.len() as u32;
    let area = SVGBackend::new(&path, (width, 340)).into_drawing_area();
    area.fill(&WHITE).map_err(told)?;
    let areas = area.split_evenly((1, picture.panels.len()));
    for (panel, area) in picture.panels.iter().zip(&areas) {
        draw_panel(panel, area).map_err(told)?;
    }
    area.present().map_err(told)?;
    Ok(())
}

fn told(error: impl std::fmt::Display) -> String {
    format!("cannot draw: {error}")
}

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

fn draw_panel(panel: &Panel, area: &Area) -> std::result::Result<(), String> {
    let points = || panel.series.iter().flat_map(|series| &series.points);
    // A decade is the least that a logarithmic axis shows well.
    let range = |value: fn(&(f64, f64)) -> f64, room: f64| {
        let least = points().map(value).fold(f64::INFINITY, f64::min);
        let greatest = points().map(value).fold(0.0, f64::max);
        (least / room)..(greatest * room).max(least * 10.0)
    };
    if points().next().is_none() {
        return Ok(());
    }
    let mut chart = ChartBuilder::on(area)
        .caption(&panel.title, ("sans-serif", 15))
        .margin(10)
        .x_label_area_size(36)
        .y_label_area_size(56)
        .build_cartesian_2d(
            range(|point| point.0, 1.1).log_scale(),
            range(|point| point.1, 1.6).log_scale(),
        )
        .map_err(told)?;
    let number = |value: &f64| match *value {
        value if value >= 1e9 => format!("{:.0} G", value / 1e9),
        value if value >= 1e6 => format!("{:.0} M", value / 1e6),
        value if value >= 1e4 => format!("{:.0} k", value / 1e3),
        value if value >= 1.0 => format!("{value:.0}"),
        value => format!("{value}"),
    };
    chart
        .configure_mesh()
        .x_desc(&panel.x)
        .y_desc(&panel.y)
        .x_label_formatter(&number)
        .y_label_formatter(&number)
        .light_line_style(RGBColor(0xf0, 0xf0, 0xf0))
        .draw()
        .map_err(told)?;
    for (series, colour) in panel.series.iter().zip(COLOURS) {
        let style = colour.stroke_width(2);
        chart
            .draw_series(LineSeries::new(series.points.iter().copied(), style).point_size(3))
            .map_err(told)?
            .label(&series.name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], style));
    }
    chart
        .configure_series_labels()
        .background_style(WHITE.mix(0.8))
        .border_style(RGBColor(0xcc, 0xcc, 0xcc))
        .position(SeriesLabelPosition::LowerRight)
        .draw()
        .map_err(told)
}
