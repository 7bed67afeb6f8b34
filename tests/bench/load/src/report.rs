//! The tables and pictures of both READMEs, from the results on disk.

use crate::{
    client::Result,
    compare::{Line, bytes},
    device,
    plots::{self, Picture},
    server::{Kind, Operation},
    stats::{Spread, short},
    targets::Row,
};
use std::{fmt::Write as _, path::Path};
use time::{OffsetDateTime, macros::format_description};

const BEGIN: &str = "<!-- bench:begin -->";
const END: &str = "<!-- bench:end -->";
/// Pictures that the READMEs show.
const PICTURES: [&str; 4] = ["append", "put", "get", "bucket"];

/// A README's language.
#[derive(Clone, Copy)]
enum Language {
    English,
    Chinese,
}

impl Language {
    fn choose<'a>(self, english: &'a str, chinese: &'a str) -> &'a str {
        match self {
            Self::English => english,
            Self::Chinese => chinese,
        }
    }
}

/// Writes the block between the marks of both READMEs, and the pictures to `docs/bench`. What was not measured is left out.
pub fn write(out: &Path) -> Result<()> {
    let lines: Vec<Line> = read(&out.join("compare.json"))?;
    let rows: Vec<Row> = read(&out.join("targets.json"))?;
    let pictures: Vec<Picture> = read(&out.join("plots.json"))?;
    let folder = Path::new("docs/bench");
    std::fs::create_dir_all(folder)?;
    let mut shown = Vec::new();
    for picture in &pictures {
        if PICTURES.contains(&picture.name.as_str()) {
            plots::draw(picture, folder)?;
            shown.push(picture.name.as_str());
        }
    }
    for (path, language) in [
        ("README.md", Language::English),
        ("README.zh-CN.md", Language::Chinese),
    ] {
        let text = std::fs::read_to_string(path)?;
        let (before, rest) = text.split_once(BEGIN).ok_or("no mark in a README")?;
        let (_, after) = rest.split_once(END).ok_or("no end mark in a README")?;
        let date = measured_on(out)?;
        let block = block(&date, &lines, &rows, &shown, language);
        std::fs::write(path, format!("{before}{BEGIN}\n{block}{END}{after}"))?;
    }
    Ok(())
}

/// The day of the results: when their file was written.
fn measured_on(out: &Path) -> Result<String> {
    let written = |name: &str| std::fs::metadata(out.join(name)).and_then(|file| file.modified());
    let time = written("targets.json").or_else(|_| written("compare.json"))?;
    Ok(OffsetDateTime::from(time).format(format_description!("[year]-[month]-[day]"))?)
}

/// Results, or none of them where that part did not run.
fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
    match std::fs::read(path) {
        Ok(text) => Ok(serde_json::from_slice(&text)?),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}

fn block(
    date: &str,
    lines: &[Line],
    rows: &[Row],
    pictures: &[&str],
    language: Language,
) -> String {
    let shape = device::shape();
    let mut text = match language {
        Language::English => format!(
            "Measured on {date} with `tests/bench/run --peers` on {shape}; clients and servers share the cores.\n\
             Ossicle is durable and checks a V4 signature of every request. nginx, s3s-fs and moto check no signature and sync\n\
             nothing; Azurite checks signatures and syncs bytes, but not its index. The floor is an axum server that discards what it\n\
             gets. Figures are medians of interleaved rounds, with the least and the greatest in brackets; a ratio above 1 means that\n\
             Ossicle is faster. How each is measured, and why s3s-fs is so slow at `get`: [tests/bench](tests/bench/README.md).\n\n"
        ),
        Language::Chinese => format!(
            "{date} 用 `tests/bench/run --peers` 测得，机器为 {shape}；客户端与服务端共用这些核。\n\
             Ossicle 处于 durable 模式，每个请求都校验 V4 签名。nginx、s3s-fs、moto 不校验签名，也不做磁盘同步；\n\
             Azurite 校验签名，同步数据但不同步索引。\n\
             “下限”是只丢弃请求体的 axum 服务。数字是交错多轮的中位数，括号内为最小值和最大值；比值大于 1 表示 Ossicle 更快。\n\
             各项测法，以及 s3s-fs 的 `get` 为何这么慢，见 [tests/bench](tests/bench/README.md)。\n\n"
        ),
    };
    text.push_str(&peers(lines, language));
    text.push_str(&targets(rows, language));
    if !pictures.is_empty() {
        for name in pictures {
            let _ = writeln!(text, "![{name}](docs/bench/{name}.svg)");
        }
        text.push('\n');
    }
    text
}

/// The lines of the great table that a reader compares first.
fn is_shown(line: &Line) -> bool {
    match line.cell.operation {
        Operation::Append | Operation::Put | Operation::Get => {
            matches!(line.cell.size, 4096 | 0x10_0000)
        }
        Operation::Head | Operation::List | Operation::Delete => line.cell.connections > 1,
    }
}

fn peers(lines: &[Line], language: Language) -> String {
    let shown: Vec<_> = lines.iter().filter(|line| is_shown(line)).collect();
    if shown.is_empty() {
        return String::new();
    }
    let mut text = language
        .choose(
            "| load | connections | requests/s | p50 / p99, ms |",
            "| 负载 | 连接数 | 请求/秒 | p50 / p99（毫秒） |",
        )
        .to_owned();
    for kind in &Kind::ALL[1..] {
        let name = if *kind == Kind::Floor {
            language.choose("floor", "下限")
        } else {
            kind.name()
        };
        let _ = write!(text, " ÷ {name} |");
    }
    text.push_str("\n| --- | --- | --- | --- |");
    text.push_str(&" --- |".repeat(Kind::ALL.len() - 1));
    text.push('\n');
    for line in shown {
        let cell = line.cell;
        let what = if cell.operation == Operation::List {
            language.choose("page of 1000", "一页 1000 项").to_owned()
        } else {
            bytes(cell.size)
        };
        let _ = write!(
            text,
            "| {} {what} | {} |",
            cell.operation.name(),
            cell.connections
        );
        if let Some(rounds) = line.rounds(Kind::Ossicle) {
            let middle = |value: fn(&crate::measure::Round) -> f64| {
                Spread::of(rounds.iter().map(value)).median
            };
            let (p50, p99) = (middle(|r| r.p50) / 1000.0, middle(|r| r.p99) / 1000.0);
            let _ = write!(
                text,
                " {} | {} / {} |",
                short(middle(|r| r.rate)),
                short(p50),
                short(p99)
            );
        } else {
            text.push_str(" – | – |");
        }
        for kind in &Kind::ALL[1..] {
            let ratio = line.ratio(*kind).map_or(
                "–".to_owned(),
                |Spread {
                     median,
                     least,
                     greatest,
                 }| {
                    format!("{} ({}–{})", short(median), short(least), short(greatest))
                },
            );
            let _ = write!(text, " {ratio} |");
        }
        text.push('\n');
    }
    text.push('\n');
    text
}

fn targets(rows: &[Row], language: Language) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut text = language
        .choose(
            "The store's own targets:\n\n| measure | target | measured | spread |\n",
            "存储自身的目标：\n\n| 指标 | 目标 | 实测 | 范围 |\n",
        )
        .to_owned();
    text.push_str("| --- | --- | --- | --- |\n");
    for row in rows {
        let [target, median, spread] = row.figures();
        let measure = language.choose(&row.measure, &row.measure_chinese);
        let missed = if row.is_met() {
            ""
        } else {
            language.choose(" (missed)", "（未达到）")
        };
        let _ = writeln!(
            text,
            "| {measure} | {target} | {median}{missed} | {spread} |",
        );
    }
    text.push('\n');
    text
}
