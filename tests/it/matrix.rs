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
fn readme_shows_the_table() {
    let readme = read("README.md");
    let shown = between(&readme).expect("README.md has the two marks of the matrix");
    if shown != matrix().trim() && std::env::var_os("IT_BLESS").is_some() {
        let renewed = readme.replace(shown, matrix().trim());
        std::fs::write(
            Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md"),
            renewed,
        )
        .expect("writing README.md");
        return;
    }
    assert!(
        shown == matrix().trim(),
        "README.md does not show the operations table: run this test with IT_BLESS=1 to renew it"
    );
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
