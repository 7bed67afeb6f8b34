//! The one rule of the house that is a test: who may import whom. It reads the sources, not the compiler's view, so that a path written
//! anywhere outside a comment counts.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// From left to right; a module may name only what stands to its left. Modules in one group do not know each other.
const ORDER: &[&[&str]] = &[
    &["domain"],
    &["store", "xml", "picture"],
    &["error"],
    &["http"],
    &["auth"],
    &["config"],
    &["lifecycle"],
    &["app"],
    &["operation"],
    &["ops"],
    &["dispatch"],
    &["tls"],
    &["server"],
    &["cli"],
    &["main"],
];

fn rank(module: &str) -> Option<usize> {
    ORDER.iter().position(|group| group.contains(&module))
}

/// The modules a source text names: what follows `crate::`, also inside a brace list and after `ossicle::`.
fn named_modules(text: &str) -> BTreeSet<String> {
    let code: String = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .map(|line| line.split(" // ").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n");
    let mut names = BTreeSet::new();
    for start in ["crate::", "ossicle::"] {
        for (index, _) in code.match_indices(start) {
            let before = code[..index].chars().next_back();
            if before.is_some_and(|character| {
                character.is_alphanumeric() || matches!(character, '_' | ':' | '"')
            }) {
                continue;
            }
            collect(&code[index + start.len()..], &mut names);
        }
    }
    names
}

/// Takes the first name of a path, or of every path of a brace list.
fn collect(rest: &str, names: &mut BTreeSet<String>) {
    let Some(list) = rest.strip_prefix('{') else {
        names.extend(first_name(rest));
        return;
    };
    let (mut depth, mut at_start) = (0, true);
    for (index, character) in list.char_indices() {
        match character {
            '}' if depth == 0 => return,
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => at_start = true,
            other if at_start && !other.is_whitespace() => {
                names.extend(first_name(&list[index..]));
                at_start = false;
            }
            _ => {}
        }
    }
}

fn first_name(path: &str) -> Option<String> {
    let name: String = path
        .chars()
        .take_while(|character| character.is_alphanumeric() || *character == '_')
        .collect();
    (!name.is_empty()).then_some(name)
}

/// Every wrong edge of a module's source: what it names that does not stand to its left.
fn wrong_edges(module: &str, text: &str) -> Vec<String> {
    let Some(own) = rank(module) else {
        return vec![format!("module {module} has no place in the order")];
    };
    let names = named_modules(text);
    let wrong = names
        .into_iter()
        .filter(|name| name != module)
        .filter_map(|name| match rank(&name) {
            Some(other) if other < own => None,
            Some(_) => Some(format!(
                "{module} imports {name}, which does not stand to its left"
            )),
            // Items of the crate root (there are none) would be unknown names as well.
            None => Some(format!(
                "{module} names crate::{name}, which has no place in the order"
            )),
        });
    wrong.collect()
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn modules_import_only_from_their_left() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    assert!(files.len() > 20, "only {} sources found", files.len());
    let mut wrong = Vec::new();
    let mut edges = 0;
    for file in &files {
        let inside = file.strip_prefix(&root).expect("a file below src");
        let first = inside
            .components()
            .next()
            .expect("a path")
            .as_os_str()
            .to_string_lossy();
        let module = first.trim_end_matches(".rs");
        if module == "lib" {
            // The map names every module; it imports none.
            continue;
        }
        let text = std::fs::read_to_string(file).expect("a readable source");
        edges += named_modules(&text).len();
        wrong.extend(
            wrong_edges(module, &text)
                .into_iter()
                .map(|edge| format!("{}: {edge}", inside.display())),
        );
    }
    assert!(edges > 30, "only {edges} edges found: the reader is blind");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The negative control: synthetic sources with every kind of wrong edge.
#[test]
fn wrong_edges_are_found() {
    let bad = [
        ("store", "use crate::http::reply::Reply;"),
        ("store", "use crate::xml::to_xml;"),
        (
            "store",
            "use crate::{domain::name::ObjectKey, error::{Code, Error}};",
        ),
        ("domain", "fn f() -> crate::store::Store { todo!() }"),
        ("auth", "use crate::operation;"),
        ("http", "pub(crate) use crate::auth::Identity;"),
        ("ops", "use  crate::dispatch;"),
        ("nowhere", "fn f() {}"),
        ("ops", "use crate::helpers::thing;"),
    ];
    for (module, text) in bad {
        assert_eq!(wrong_edges(module, text).len(), 1, "{module}: {text}");
    }
    let good = [
        (
            "store",
            "use crate::domain::name::ObjectKey;\nuse crate::store::record::Row;",
        ),
        ("error", "use crate::store;\nuse crate::xml;"),
        (
            "domain",
            "//! see crate::store\n/// and [`crate::http`]\nlet x = 1; // not crate::ops",
        ),
        (
            "ops",
            "use crate::{app::App, http::{reply, query}, operation::Call};",
        ),
        ("main", "use ossicle::cli;"),
        (
            "domain",
            "use hypercrate::store;\nlet target = \"ossicle::store\";",
        ),
    ];
    for (module, text) in good {
        assert_eq!(
            wrong_edges(module, text),
            Vec::<String>::new(),
            "{module}: {text}"
        );
    }
}
