//! The store's own targets: each a ratio within this run, or a time or size of one process.

use crate::{
    client::{self, Result, Run, Script},
    compare::bytes,
    device,
    measure::{self, Bench, Cell, Round},
    server::{Kind, Operation, Places, Server},
    stats::{Spread, short},
};
use serde::{Deserialize, Serialize};
use std::{
    fmt::Write as _,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

/// What a measure must hold.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

/// A line of the table.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Row {
    pub measure: String,
    /// The same for the Chinese README.
    pub measure_chinese: String,
    pub bound: Bound,
    /// Behind the figures, such as ` ms`.
    pub unit: String,
    pub measured: Spread,
    /// The figures behind a ratio.
    pub detail: String,
}

impl Row {
    /// The target, the median and the spread, as tables show them.
    pub fn figures(&self) -> [String; 3] {
        let (sign, bound) = match self.bound {
            Bound::AtLeast(bound) => ("≥", bound),
            Bound::AtMost(bound) => ("≤", bound),
        };
        let Spread {
            median,
            least,
            greatest,
        } = self.measured;
        let unit = &self.unit;
        [
            format!("{sign} {bound}{unit}"),
            format!("{}{unit}", short(median)),
            format!("{}–{}", short(least), short(greatest)),
        ]
    }

    pub fn is_met(&self) -> bool {
        match self.bound {
            Bound::AtLeast(bound) => self.measured.median >= bound,
            Bound::AtMost(bound) => self.measured.median <= bound,
        }
    }
}

/// How much of it.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    pub rounds: usize,
    /// Keys of the greater bucket whose pages are listed.
    pub keys: usize,
    /// Bytes of the great object.
    pub great: u64,
}

/// Some rows of the table.
type Part = fn(&mut Bench, Size) -> Result<Vec<Row>>;

/// All rows, in the order of the table, or those of some parts.
pub fn run(bench: &mut Bench, size: Size, only: &[String]) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    let parts: [(&str, Part); 8] = [
        ("appends", appends),
        ("puts", puts),
        ("gets", gets),
        ("azurite", azurite),
        ("pieces", many_appends),
        ("listing", listing),
        ("starts", starts),
        ("memory", memory),
    ];
    if let Some(unknown) = only
        .iter()
        .find(|wanted| !parts.iter().any(|(name, _)| name == wanted))
    {
        return Err(format!("no such part: {unknown}").into());
    }
    for (name, part) in parts {
        if !only.is_empty() && !only.iter().any(|wanted| wanted == name) {
            continue;
        }
        let began = Instant::now();
        let new = part(bench, size)?;
        eprint!("{}", lines(&new));
        eprintln!("({name}: {:.0} s)", began.elapsed().as_secs_f64());
        rows.extend(new);
    }
    Ok(rows)
}

/// The table in Markdown.
pub fn table(rows: &[Row]) -> String {
    let head = "| measure | target | measured | spread | |\n| --- | --- | --- | --- | --- |\n";
    format!("{head}{}", lines(rows))
}

fn lines(rows: &[Row]) -> String {
    let mut text = String::new();
    for row in rows {
        let [target, median, spread] = row.figures();
        let mark = if row.is_met() { "met" } else { "**missed**" };
        let detail = if row.detail.is_empty() {
            String::new()
        } else {
            format!(" ({})", row.detail)
        };
        let _ = writeln!(
            text,
            "| {}{detail} | {target} | {median} | {spread} | {mark} |",
            row.measure,
        );
    }
    text
}

/// A name in English and in Chinese.
type Name<'a> = [&'a str; 2];

fn ratio(name: Name, bound: Bound, above: &[f64], below: &[f64], unit: &str) -> Row {
    let middle = |values: &[f64]| short(Spread::of(values.iter().copied()).median);
    Row {
        measure: name[0].to_owned(),
        measure_chinese: name[1].to_owned(),
        bound,
        unit: String::new(),
        measured: Spread::ratio(above, below),
        detail: format!("{} ÷ {} {unit}", middle(above), middle(below)),
    }
}

fn both(names: &[String; 2]) -> Name<'_> {
    [&names[0], &names[1]]
}

fn rates(rounds: &[Round]) -> Vec<f64> {
    rounds.iter().map(|round| round.rate).collect()
}

fn cell(operation: Operation, size: u64, connections: usize) -> Cell {
    Cell {
        operation,
        size,
        connections,
    }
}

/// Appends against the floor, against each other, and against the disk's own sync.
fn appends(bench: &mut Bench, size: Size) -> Result<Vec<Row>> {
    let (many, lone) = (
        cell(Operation::Append, 4096, 64),
        cell(Operation::Append, 4096, 1),
    );
    let [mut floor, mut distinct, mut same, mut own, mut below] = [const { Vec::new() }; 5];
    for round in 0..=size.rounds {
        let floor_many = Round::of(bench.once(Kind::Floor, many)?);
        let own_many = Round::of(bench.once(Kind::Ossicle, many)?);
        let one_key = same_key(bench, many)?;
        let sync = device::sync_p50(&bench.places.work, bench.time)?;
        let floor_lone = Round::of(bench.once(Kind::Floor, lone)?);
        let own_lone = Round::of(bench.once(Kind::Ossicle, lone)?);
        if round > 0 {
            floor.push(floor_many.rate);
            distinct.push(own_many.rate);
            same.push(one_key.rate());
            own.push(own_lone.p50);
            below.push(sync + floor_lone.p50);
        }
    }
    Ok(vec![
        ratio(
            [
                "append 4 KiB, 64 connections, distinct keys ÷ floor",
                "追加 4 KiB，64 连接，各写各的键 ÷ 下限",
            ],
            Bound::AtLeast(0.40),
            &distinct,
            &floor,
            "appends/s",
        ),
        ratio(
            [
                "append 4 KiB, 64 clients on one key, each retrying at the position returned ÷ distinct keys",
                "追加 4 KiB，64 个客户端写同一个键、按返回的位置重试 ÷ 各写各的键",
            ],
            Bound::AtLeast(0.5),
            &same,
            &distinct,
            "useful appends/s",
        ),
        ratio(
            [
                "append 4 KiB, 1 connection, p50 ÷ (p50 of the disk's sync + floor p50)",
                "追加 4 KiB，1 连接，p50 ÷（磁盘同步 p50 + 下限 p50）",
            ],
            Bound::AtMost(2.0),
            &own,
            &below,
            "µs",
        ),
    ])
}

/// 64 clients that all want to extend one object.
fn same_key(bench: &mut Bench, many: Cell) -> Result<Run> {
    let key = format!("same-{}", bench.unique());
    measure::settle(&bench.places)?;
    let server = bench.server(Kind::Ossicle).ok_or("not running")?;
    let asker = server.asker();
    client::run_same_key(
        server.address,
        many.connections,
        many.size,
        bench.time,
        |position| asker.append(&key, position, many.size),
    )
}

/// Rates of Ossicle and of a peer, or none where the peer is not installed.
fn against(bench: &mut Bench, peer: Kind, cell: Cell, size: Size) -> Result<Option<[Vec<f64>; 2]>> {
    if bench.server(peer).is_none() {
        return Ok(None);
    }
    let mut outcome = bench.rounds(cell, &[peer, Kind::Ossicle], size.rounds);
    let mut take = |kind| outcome.remove(&kind).ok_or("a round failed");
    Ok(Some([rates(&take(Kind::Ossicle)?), rates(&take(peer)?)]))
}

fn puts(bench: &mut Bench, size: Size) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    if let Some([own, peer]) = against(bench, Kind::S3sFs, cell(Operation::Put, 4096, 64), size)? {
        let name = [
            "put 4 KiB, 64 connections ÷ s3s-fs (not durable)",
            "上传 4 KiB，64 连接 ÷ s3s-fs（不落盘同步）",
        ];
        rows.push(ratio(name, Bound::AtLeast(4.0), &own, &peer, "puts/s"));
    }
    let great = cell(Operation::Put, 1 << 20, 64);
    let [mut own, mut digest] = [const { Vec::new() }; 2];
    for round in 0..=size.rounds {
        let speed = device::md5_speed(bench.time / 2) * device::cores() as f64 / f64::from(1 << 20);
        let run = bench.once(Kind::Ossicle, great)?;
        if round > 0 {
            own.push(run.rate());
            digest.push(speed);
        }
    }
    let name = [
        "put 1 MiB, 64 connections ÷ (cores × MD5 speed)",
        "上传 1 MiB，64 连接 ÷（核数 × MD5 速度）",
    ];
    rows.push(ratio(name, Bound::AtLeast(0.8), &own, &digest, "MiB/s"));
    Ok(rows)
}

fn gets(bench: &mut Bench, size: Size) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (length, connections, bound) in [(4096, 64, 1.0), (1 << 20, 64, 0.9), (100 << 20, 4, 0.9)] {
        let cell = cell(Operation::Get, length, connections);
        if let Some([own, peer]) = against(bench, Kind::Nginx, cell, size)? {
            let size_of = bytes(length);
            let names = [
                format!("get {size_of}, {connections} connections ÷ nginx sendfile"),
                format!("下载 {size_of}，{connections} 连接 ÷ nginx sendfile"),
            ];
            rows.push(ratio(
                both(&names),
                Bound::AtLeast(bound),
                &own,
                &peer,
                "gets/s",
            ));
        }
    }
    Ok(rows)
}

fn azurite(bench: &mut Bench, size: Size) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (connections, bound) in [(1, 5.0), (64, 25.0)] {
        let cell = cell(Operation::Append, 4096, connections);
        if let Some([own, peer]) = against(bench, Kind::Azurite, cell, size)? {
            let names = [
                format!(
                    "append 4 KiB, {connections} connection{} ÷ Azurite append block",
                    if connections == 1 { "" } else { "s" }
                ),
                format!("追加 4 KiB，{connections} 连接 ÷ Azurite 追加块"),
            ];
            rows.push(ratio(
                both(&names),
                Bound::AtLeast(bound),
                &own,
                &peer,
                "appends/s",
            ));
        }
    }
    Ok(rows)
}

/// Reading an object that 10 000 appends made, while seven others were made in turn, so that its pieces lie apart.
fn many_appends(bench: &mut Bench, size: Size) -> Result<Vec<Row>> {
    const APPENDS: u64 = 10_000;
    const OBJECTS: usize = 8;
    let mut rows = Vec::new();
    for piece in [100, 4096] {
        let unique = bench.unique();
        let server = bench.server(Kind::Ossicle).ok_or("not running")?;
        let asker = server.asker();
        let scripts = (0..OBJECTS)
            .map(|n| Script {
                heads: (0..APPENDS)
                    .map(|turn| asker.append(&format!("pieces-{unique}-{n}"), turn * piece, piece))
                    .collect(),
                body: piece,
            })
            .collect();
        let made = client::run(server.address, scripts, Duration::from_mins(10))?;
        // All end when the first has sent everything: it is the one to read.
        if made.requests < APPENDS as usize {
            return Err("the object of many appends was not made".into());
        }
        let whole = format!("whole-{unique}");
        client::prepare(
            server.address,
            vec![asker.put(&whole, APPENDS * piece)],
            APPENDS * piece,
            1,
        )?;
        let pieces = longest(server, &asker, unique, OBJECTS, APPENDS * piece)?;
        measure::settle(&bench.places)?;
        let [mut apart, mut once] = [const { Vec::new() }; 2];
        for round in 0..=size.rounds {
            let speed = |key: &str| -> Result<f64> {
                let heads =
                    vec![asker.get(key); 100_000.min((1 << 32) / (APPENDS * piece)) as usize];
                let run = client::run(server.address, vec![Script { heads, body: 0 }], bench.time)?;
                Ok(run.received as f64 / run.seconds / f64::from(1 << 20))
            };
            let (of_pieces, of_whole) = (speed(&pieces)?, speed(&whole)?);
            if round > 0 {
                apart.push(of_pieces);
                once.push(of_whole);
            }
        }
        let size_of = bytes(piece);
        let names = [
            format!("read of an object of 10 000 appends of {size_of} ÷ same bytes put once"),
            format!("读取由 10 000 次 {size_of} 追加组成的对象 ÷ 一次上传的同样内容"),
        ];
        rows.push(ratio(
            both(&names),
            Bound::AtLeast(0.5),
            &apart,
            &once,
            "MiB/s",
        ));
    }
    Ok(rows)
}

/// The object that got all its appends.
fn longest(
    server: &Server,
    asker: &crate::server::Asker,
    unique: u64,
    objects: usize,
    length: u64,
) -> Result<String> {
    for n in 0..objects {
        let key = format!("pieces-{unique}-{n}");
        let script = Script {
            heads: vec![asker.get(&key)],
            body: 0,
        };
        if client::run(server.address, vec![script], Duration::from_mins(1))?.received == length {
            return Ok(key);
        }
    }
    Err("no object has all its appends".into())
}

/// Puts `count` objects named `key-<number>`.
pub fn fill(server: &Server, from: usize, count: usize, length: u64) -> Result<()> {
    for batch in (from..from + count).step_by(50_000) {
        let asker = server.asker();
        let heads = (batch..(batch + 50_000).min(from + count)).map(|n| asker.put(&key(n), length));
        client::prepare(server.address, heads.collect(), length, 64)?;
    }
    Ok(())
}

pub fn key(n: usize) -> String {
    format!("key-{n:08}")
}

/// Microseconds for a page of 1000 keys somewhere among `keys`.
pub fn page_p50(server: &Server, keys: usize, time: Duration) -> Result<f64> {
    let asker = server.asker();
    // Steps that are coprime to the range visit it without order.
    let last = keys.saturating_sub(1000).max(1);
    let heads = (0..2000).map(|n| asker.list("", &key(n * 7_368_787 % last)));
    let script = Script {
        heads: heads.collect(),
        body: 0,
    };
    Ok(Round::of(client::run(server.address, vec![script], time)?).p50)
}

fn listing(bench: &mut Bench, size: Size) -> Result<Vec<Row>> {
    const FEW: usize = 10_000;
    let small = Server::start_as("list-small", Kind::Ossicle, &bench.places)?.ok_or("no binary")?;
    let great = Server::start_as("list-great", Kind::Ossicle, &bench.places)?.ok_or("no binary")?;
    fill(&small, 0, FEW, 1)?;
    fill(&great, 0, size.keys, 1)?;
    measure::settle(&bench.places)?;
    let [mut of_great, mut of_small] = [const { Vec::new() }; 2];
    for round in 0..=size.rounds {
        let below = page_p50(&small, FEW, bench.time)?;
        let above = page_p50(&great, size.keys, bench.time)?;
        if round > 0 {
            of_great.push(above);
            of_small.push(below);
        }
    }
    let names = [
        format!(
            "page of 1000 keys, p50 at {} keys ÷ at {FEW} keys",
            size.keys
        ),
        format!("列出 1000 个键，p50：桶内 {} 键 ÷ {FEW} 键", size.keys),
    ];
    Ok(vec![ratio(
        both(&names),
        Bound::AtMost(2.0),
        &of_great,
        &of_small,
        "µs",
    )])
}

fn milliseconds(name: Name, bound: f64, times: Vec<f64>, detail: String) -> Row {
    Row {
        measure: name[0].to_owned(),
        measure_chinese: name[1].to_owned(),
        bound: Bound::AtMost(bound),
        unit: " ms".to_owned(),
        measured: Spread::of(times),
        detail,
    }
}

/// Starts over a directory; the server and milliseconds to its first answer.
pub fn start(places: &Places, data: &Path) -> Result<(Server, f64)> {
    let began = Instant::now();
    let server = Server::ossicle_at(places, data)?;
    Ok((server, began.elapsed().as_secs_f64() * 1000.0))
}

fn starts(bench: &mut Bench, size: Size) -> Result<Vec<Row>> {
    const OBJECTS: usize = 100_000;
    let places = &bench.places;
    let data = places.work.join("start");
    let mut empty = Vec::new();
    for _ in 0..4 * size.rounds {
        let _ = std::fs::remove_dir_all(&data);
        empty.push(start(places, &data)?.1);
    }
    let _ = std::fs::remove_dir_all(&data);
    let (mut server, _) = start(places, &data)?;
    server.create_bucket()?;
    fill(&server, 0, OBJECTS, 1000)?;
    let [mut clean, mut killed] = [const { Vec::new() }; 2];
    for _ in 0..size.rounds {
        server.process_mut().stop();
        let (next, time) = start(places, &data)?;
        server = next;
        clean.push(time);
    }
    for _ in 0..size.rounds {
        let asker = server.asker();
        let address = server.address;
        let scripts: Vec<_> = (0..64)
            .map(|connection| Script {
                heads: (0..2000)
                    .map(|n| asker.put(&format!("load-{connection}-{n}"), 4096))
                    .collect(),
                body: 4096,
            })
            .collect();
        let killing = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(1500));
            server.process_mut().kill();
        });
        // It ends with the server, and with an error.
        let _ = client::run(address, scripts, Duration::from_secs(10));
        killing.join().map_err(|_| "the killer failed")?;
        let (next, time) = start(places, &data)?;
        server = next;
        killed.push(time);
    }
    drop(server);
    std::fs::remove_dir_all(&data)?;
    Ok(vec![
        milliseconds(
            ["start to first answer, empty", "启动到首个应答，空库"],
            25.0,
            empty,
            String::new(),
        ),
        milliseconds(
            [
                "start to first answer, 100 000 objects after a clean stop",
                "启动到首个应答，10 万对象，正常停止之后",
            ],
            150.0,
            clean,
            String::new(),
        ),
        milliseconds(
            [
                "start to first answer, 100 000 objects after a kill under load",
                "启动到首个应答，10 万对象，负载中被杀之后",
            ],
            500.0,
            killed,
            "64 connections put 4 KiB for 1.5 s".to_owned(),
        ),
    ])
}

const MIB: f64 = 1024.0 * 1024.0;

fn mebibytes(names: &[String; 2], bound: f64, values: Vec<f64>, unit: &str) -> Row {
    Row {
        measure: names[0].clone(),
        measure_chinese: names[1].clone(),
        bound: Bound::AtMost(bound),
        unit: unit.to_owned(),
        measured: Spread::of(values),
        detail: String::new(),
    }
}

fn memory(bench: &mut Bench, size: Size) -> Result<Vec<Row>> {
    let places = &bench.places;
    let data = places.work.join("memory");
    let [mut idle, mut great, mut many] = [const { Vec::new() }; 3];
    // Sizes of memory vary little: three times is enough.
    for _ in 0..size.rounds.min(3) {
        let _ = std::fs::remove_dir_all(&data);
        let (server, _) = start(places, &data)?;
        std::thread::sleep(Duration::from_millis(500));
        let before = server.process().memory("VmRSS")? as f64;
        idle.push(before / MIB);
        server.create_bucket()?;
        let peak = |scripts: &dyn Fn() -> [Vec<Script>; 2]| -> Result<f64> {
            server.process().reset_peak()?;
            for part in scripts() {
                client::run(server.address, part, Duration::from_mins(10))?;
            }
            Ok((server.process().memory("VmHWM")? as f64 - before) / MIB)
        };
        let asker = server.asker();
        let script = |head: Vec<u8>, body| Script {
            heads: vec![head],
            body,
        };
        many.push(peak(&|| {
            let put = |n| script(asker.put(&format!("many-{n}"), 10 << 20), 10 << 20);
            let get = |n| script(asker.get(&format!("many-{n}")), 0);
            [(0..200).map(put).collect(), (0..200).map(get).collect()]
        })?);
        great.push(peak(&|| {
            [
                vec![script(asker.put("great", size.great), size.great)],
                vec![script(asker.get("great"), 0)],
            ]
        })?);
    }
    let _ = std::fs::remove_dir_all(&data);
    let stripped = places.work.join("ossicle.stripped");
    let status = Command::new("strip")
        .arg("-o")
        .arg(&stripped)
        .arg(&places.ossicle)
        .status();
    // Without binutils the binary as it is must do; it is the greater.
    let binary = if status.is_ok_and(|status| status.success()) {
        &stripped
    } else {
        &places.ossicle
    };
    let binary = std::fs::metadata(binary)?.len() as f64 / 1e6;
    let texts = |name: Name| name.map(str::to_owned);
    let great_names = [
        format!(
            "peak resident memory above idle, {} MiB put and got",
            size.great >> 20
        ),
        format!("常驻内存峰值减空闲值，上传并下载 {} MiB", size.great >> 20),
    ];
    let many_names = texts([
        "peak resident memory above idle, 200 × 10 MiB put and got at once",
        "常驻内存峰值减空闲值，同时上传再下载 200 × 10 MiB",
    ]);
    Ok(vec![
        mebibytes(
            &texts(["idle resident memory", "空闲时常驻内存"]),
            15.0,
            idle,
            " MiB",
        ),
        mebibytes(
            &texts(["stripped binary", "去符号后的程序"]),
            20.0,
            vec![binary],
            " MB",
        ),
        mebibytes(&great_names, 96.0, great, " MiB"),
        mebibytes(&many_names, 96.0, many, " MiB"),
    ])
}
