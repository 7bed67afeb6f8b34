//! The compatibility matrix in README is what the operations table says, and every operation that is offered is named by a test.

use std::path::Path;

use ossicle::operation::Support;
use ossicle::ops::{OPERATIONS, matrix};

const BEGIN: &str = "<!-- matrix:begin -->";
const END: &str = "<!-- matrix:end -->";

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path))
        .unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The text between the marks.
fn between(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once(BEGIN)?;
    let (inside, _) = rest.split_once(END)?;
    Some(inside.trim())
}

#[test]
fn both_readmes_show_the_table() {
    for name in ["README.md", "README.zh-CN.md"] {
        let readme = read(name);
        let shown =
            between(&readme).unwrap_or_else(|| panic!("{name} has the marks of the matrix"));
        if shown == matrix().trim() {
            continue;
        }
        assert!(
            std::env::var_os("IT_BLESS").is_some(),
            "{name} does not show the operations table: run this test with IT_BLESS=1 to renew it"
        );
        let (before, rest) = readme.split_once(BEGIN).expect("a first mark");
        let (_, after) = rest.split_once(END).expect("a last mark");
        let renewed = format!("{before}{BEGIN}\n{}\n{END}{after}", matrix().trim());
        std::fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join(name), renewed)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn the_marks_are_found() {
    assert_eq!(
        between("a <!-- matrix:begin -->\n x \n<!-- matrix:end --> b"),
        Some("x")
    );
    assert_eq!(between("no marks"), None);
}

/// Whether `text` holds `name` as a word of its own.
fn names(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let boundary = |character: Option<char>| !character.is_some_and(char::is_alphanumeric);
        boundary(text[..at].chars().next_back()) && boundary(text[at + name.len()..].chars().next())
    })
}

#[test]
fn every_offered_operation_is_tested() {
    let mut tests = String::new();
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it"))
        .expect("a readable folder")
    {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            tests.push_str(&std::fs::read_to_string(&path).expect("a readable test"));
        }
    }
    let untested: Vec<&str> = OPERATIONS
        .iter()
        .filter(|row| !matches!(row.support, Support::No))
        .map(|row| row.name)
        .filter(|name| !names(&tests, name))
        .collect();
    assert!(untested.is_empty(), "no test names {untested:?}");
    assert!(
        !names("PutObjectAcl", "PutObject") && names("the PutObject of", "PutObject"),
        "words are told apart"
    );
}

/// The scenarios of the append specification are numbered S1 to S145; a test names each by its number.
const SCENARIOS: std::ops::RangeInclusive<u32> = 1..=145;

/// The numbers that a text of tests names: `S12`, `s12_` in a function's name, `S121–S125`, `s111_to_s113`.
fn scenarios(text: &str) -> std::collections::BTreeSet<u32> {
    let mut found = std::collections::BTreeSet::new();
    let mut before: Option<u32> = None;
    let mut rest = text;
    while let Some(at) = rest.find(['S', 's']) {
        let joint = &rest[..at];
        let starts_word = !rest[..at].ends_with(|c: char| c.is_alphanumeric());
        rest = &rest[at + 1..];
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        let ends_word = !rest[digits.len()..].starts_with(|c: char| c.is_alphanumeric());
        let number = digits.parse().ok().filter(|_| starts_word && ends_word);
        match (before, number) {
            (Some(first), Some(last)) if ["–", "_to_", " to "].contains(&joint) => {
                found.extend(first..=last);
            }
            _ => found.extend(number),
        }
        rest = &rest[if number.is_some() { digits.len() } else { 0 }..];
        before = number;
    }
    found
}

#[test]
fn every_scenario_has_a_test() {
    let mut named = std::collections::BTreeSet::new();
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it"))
        .expect("a readable folder")
    {
        let path = entry.expect("an entry").path();
        let stem = path.file_stem().and_then(std::ffi::OsStr::to_str);
        // Crash and full disk (S108, S109) are told in `restart`.
        if stem.is_some_and(|stem| stem.starts_with("append") || stem == "restart") {
            let text = std::fs::read_to_string(&path).expect("a readable test");
            assert!(
                !text.contains("#[ignore"),
                "{} leaves a test out",
                path.display()
            );
            named.extend(scenarios(&text));
        }
    }
    let missing: Vec<u32> = SCENARIOS.filter(|number| !named.contains(number)).collect();
    assert!(missing.is_empty(), "no test names {missing:?}");
    let read = scenarios("S1, fn s3_to_s5_x, S7–S8 but 2s9 s10x and \"S12\"");
    assert_eq!(Vec::from_iter(read), [1, 3, 4, 5, 7, 8, 12]);
}
