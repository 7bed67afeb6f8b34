//! ListObjects and ListObjectsV2 against a plain model: random keys, prefixes, delimiters, page sizes and markers (operations.md, listing
//! algorithm), encoding, and the limits of the parameters.

use std::collections::BTreeSet;

use crate::support::Random;
use crate::support::digest::md5_etag;
use crate::support::fixture::Bucket;
use crate::support::server::shared;
use crate::support::signer::Scheme;

/// One entry of a listing in merged order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Entry {
    Key(String),
    Prefix(String),
}

impl Entry {
    fn name(&self) -> &str {
        match self {
            Entry::Key(name) | Entry::Prefix(name) => name,
        }
    }
}

/// The listing as the reference describes it, the slow and obvious way.
fn model(keys: &BTreeSet<String>, prefix: &str, delimiter: &str, after: &str) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for key in keys.iter().filter(|key| key.starts_with(prefix)) {
        let folded = (!delimiter.is_empty())
            .then(|| key[prefix.len()..].find(delimiter))
            .flatten();
        let entry = match folded {
            Some(at) => Entry::Prefix(key[..prefix.len() + at + delimiter.len()].to_owned()),
            None => Entry::Key(key.clone()),
        };
        let passed = match &entry {
            Entry::Key(key) => key.as_str() > after,
            // A marker equal to a common prefix, or inside it at or behind its keys, skips what it covers.
            Entry::Prefix(folded) => {
                key.as_str() > after
                    && folded != after
                    && !(after.starts_with(folded.as_str()) && skips_whole(after, folded))
            }
        };
        if passed && entries.last() != Some(&entry) {
            entries.push(entry);
        }
    }
    entries
}

/// V1: a marker inside a common prefix skips it whole.
fn skips_whole(after: &str, folded: &str) -> bool {
    after.len() > folded.len()
}

struct Page {
    entries: Vec<Entry>,
    next: Option<String>,
    key_count: Option<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Version {
    One,
    Two,
}

struct Ask<'a> {
    prefix: &'a str,
    delimiter: &'a str,
    after: &'a str,
    /// Of the page before (V2: a token, V1: a marker).
    next: Option<&'a str>,
    max: usize,
}

fn page(bucket: &Bucket, version: Version, ask: &Ask) -> Page {
    let mut request = bucket
        .ask("GET")
        .param("prefix", ask.prefix)
        .param("delimiter", ask.delimiter)
        .param("max-keys", ask.max);
    request = match (version, ask.next) {
        (Version::One, next) => request.param("marker", next.unwrap_or(ask.after)),
        (Version::Two, None) => request
            .param("list-type", 2)
            .param("start-after", ask.after),
        (Version::Two, Some(token)) => request
            .param("list-type", 2)
            .param("start-after", ask.after)
            .param("continuation-token", token),
    };
    let xml = request.send().expect(200).xml();
    assert_eq!(xml.name, "ListBucketResult");
    assert_eq!(xml.text_at("Name"), bucket.name);
    assert_eq!(xml.text_at("Prefix"), ask.prefix);
    assert_eq!(xml.get("Delimiter").unwrap_or(""), ask.delimiter);
    assert_eq!(xml.text_at("MaxKeys"), ask.max.to_string());
    let mut entries: Vec<Entry> = xml
        .all("Contents")
        .map(|entry| Entry::Key(entry.text_at("Key").to_owned()))
        .collect();
    assert!(entries.is_sorted(), "keys out of order");
    let prefixes: Vec<Entry> = xml
        .all("CommonPrefixes")
        .map(|entry| Entry::Prefix(entry.text_at("Prefix").to_owned()))
        .collect();
    assert!(prefixes.is_sorted(), "prefixes out of order");
    entries.extend(prefixes);
    entries.sort_by(|one, other| one.name().cmp(other.name()));
    let next = match version {
        Version::One => xml.get("NextMarker"),
        Version::Two => xml.get("NextContinuationToken"),
    };
    let next = next.filter(|text| !text.is_empty()).map(str::to_owned);
    assert_eq!(
        xml.text_at("IsTruncated"),
        if next.is_some() { "true" } else { "false" }
    );
    Page {
        entries,
        next,
        key_count: xml
            .get("KeyCount")
            .map(|text| text.parse().expect("a number")),
    }
}

/// Walks all pages; every page is as large as it may be.
fn walk(bucket: &Bucket, version: Version, ask: &Ask, name: &str) -> Vec<Entry> {
    let mut walked: Vec<Entry> = Vec::new();
    let mut next: Option<String> = None;
    loop {
        let page = page(
            bucket,
            version,
            &Ask {
                next: next.as_deref(),
                ..*ask
            },
        );
        assert!(
            page.entries.len() <= ask.max,
            "{name}: a page of {}",
            page.entries.len()
        );
        if version == Version::Two {
            assert_eq!(page.key_count, Some(page.entries.len()), "{name}: KeyCount");
        }
        if page.next.is_some() {
            assert_eq!(
                page.entries.len(),
                ask.max,
                "{name}: a short page that is not the last"
            );
        }
        if version == Version::One && page.next.is_some() {
            assert_eq!(
                page.next.as_deref(),
                page.entries.last().map(Entry::name),
                "{name}: NextMarker is the last entry"
            );
        }
        walked.extend(page.entries);
        next = page.next;
        assert!(walked.len() < 2000, "{name}: it does not end");
        if next.is_none() {
            return walked;
        }
    }
}

fn random_key(random: &mut Random) -> String {
    const ALPHABET: &[&str] = &[
        "a",
        "b",
        "/",
        "//",
        "-",
        "a/",
        "b/",
        "é",
        "\u{10ffff}",
        "z",
        "0",
        "~",
        "ab/",
    ];
    let length = 1 + random.below(6);
    let key: String = (0..length).map(|_| *random.pick(ALPHABET)).collect();
    key.trim_start_matches('/').to_owned()
}

/// The whole listing, in pages of every size, equals the model; with random keys the seed is named in the failure.
#[test]
fn pages_equal_the_model() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let seed = 20_240_501;
    let mut random = Random::new(seed);
    let mut keys = BTreeSet::new();
    let mut connection = bucket.client.connect();
    while keys.len() < 90 {
        let key = random_key(&mut random);
        if !key.is_empty() && keys.insert(key.clone()) {
            bucket.put(&key, &key).send_on(&mut connection).expect(200);
        }
    }
    // Some deleted again, so that gaps are real.
    for _ in 0..20 {
        let key = random
            .pick(&keys.iter().cloned().collect::<Vec<_>>())
            .clone();
        bucket.delete(&key).send_on(&mut connection).expect(204);
        keys.remove(&key);
    }
    let all: Vec<String> = keys.iter().cloned().collect();
    let mut folded = 0;
    for round in 0..60 {
        let version = if round % 2 == 0 {
            Version::One
        } else {
            Version::Two
        };
        let delimiter = *random.pick(&["", "/", "/", "a", "b/", "é"]);
        let prefix = match random.below(3) {
            0 => String::new(),
            1 => random_key(&mut random),
            _ => {
                let key = random.pick(&all);
                let ends: Vec<usize> = key.char_indices().map(|(index, _)| index).collect();
                key[..*random.pick(&ends)].to_owned()
            }
        };
        // Markers inside a common prefix are told apart below.
        let after = if random.below(2) == 0 || !delimiter.is_empty() {
            String::new()
        } else {
            random.pick(&all).clone()
        };
        let ask = Ask {
            prefix: &prefix,
            delimiter,
            after: &after,
            next: None,
            max: 1 + random.below(9),
        };
        let name = format!(
            "seed {seed} round {round} {version:?} prefix {prefix:?} delimiter {delimiter:?} after {after:?} max {}",
            ask.max
        );
        let expected = model(&keys, &prefix, delimiter, &after);
        folded += expected
            .iter()
            .filter(|entry| matches!(entry, Entry::Prefix(_)))
            .count();
        assert_eq!(walk(&bucket, version, &ask, &name), expected, "{name}");
    }
    assert!(
        folded > 30,
        "only {folded} common prefixes were ever expected"
    );
}

/// The model is not so lax that it agrees with anything.
#[test]
fn model_folds_and_skips() {
    let keys: BTreeSet<String> = ["a", "a/1", "a/2", "b", "b/1/x", "c//d"]
        .map(str::to_owned)
        .into();
    let key = |name: &str| Entry::Key(name.into());
    let prefix = |name: &str| Entry::Prefix(name.into());
    assert_eq!(
        model(&keys, "", "/", ""),
        [key("a"), prefix("a/"), key("b"), prefix("b/"), prefix("c/")]
    );
    assert_eq!(
        model(&keys, "", "/", "a/"),
        [key("b"), prefix("b/"), prefix("c/")]
    );
    assert_eq!(model(&keys, "a/", "/", ""), [key("a/1"), key("a/2")]);
    assert_eq!(
        model(&keys, "", "", "a/1"),
        [key("a/2"), key("b"), key("b/1/x"), key("c//d")]
    );
    assert_eq!(model(&keys, "c", "//", ""), [prefix("c//")]);
    assert!(model(&keys, "", "", "c//d").is_empty());
}

/// Markers at and inside common prefixes. ListObjects skips the prefix whole; in V2 a `start-after` inside it still lists it (an SDK test).
#[test]
fn markers_inside_a_common_prefix() {
    let server = shared();
    let bucket = Bucket::new(&server);
    for key in [
        "fun/",
        "fun/movie/001.avi",
        "fun/test.jpg",
        "oss.jpg",
        "other/x",
    ] {
        bucket.put(key, "").send().expect(200);
    }
    let names = |version, after: &str| -> Vec<String> {
        let ask = Ask {
            prefix: "",
            delimiter: "/",
            after,
            next: None,
            max: 100,
        };
        page(&bucket, version, &ask)
            .entries
            .iter()
            .map(|entry| entry.name().to_owned())
            .collect()
    };
    assert_eq!(names(Version::One, ""), ["fun/", "oss.jpg", "other/"]);
    assert_eq!(names(Version::One, "fun/"), ["oss.jpg", "other/"]);
    assert_eq!(names(Version::One, "fun/movie/"), ["oss.jpg", "other/"]);
    assert_eq!(names(Version::One, "other/"), Vec::<String>::new());
    assert_eq!(names(Version::Two, "fua"), ["fun/", "oss.jpg", "other/"]);
    assert_eq!(names(Version::Two, "fun"), ["fun/", "oss.jpg", "other/"]);
    assert_eq!(names(Version::Two, "oss.jpg"), ["other/"]);
}

/// What an entry tells of its object, in both versions; the owner in V2 only when asked for.
#[test]
fn entries() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket
        .put("k", "hello")
        .header("x-oss-storage-class", "IA")
        .send()
        .expect(200);
    let one = bucket.ask("GET").send().expect(200).xml();
    let two = bucket
        .ask("GET")
        .param("list-type", 2)
        .send()
        .expect(200)
        .xml();
    let owned = bucket
        .ask("GET")
        .param("list-type", 2)
        .param("fetch-owner", "true")
        .send()
        .expect(200)
        .xml();
    for xml in [&one, &two, &owned] {
        let entry = xml.child("Contents").unwrap();
        assert_eq!(entry.text_at("Key"), "k");
        assert_eq!(entry.text_at("Type"), "Normal");
        assert_eq!(entry.text_at("Size"), "5");
        assert_eq!(entry.text_at("ETag"), md5_etag(b"hello"));
        assert_eq!(entry.text_at("StorageClass"), "IA");
        assert_eq!(xml.text_at("MaxKeys"), "100");
        assert_eq!(xml.text_at("IsTruncated"), "false");
        assert_eq!(
            xml.children
                .iter()
                .filter(|child| child.name == "CommonPrefixes")
                .count(),
            0
        );
    }
    for xml in [&one, &owned] {
        assert_eq!(xml.text_at("Contents/Owner/ID"), "1000000000000001");
        assert!(!xml.text_at("Contents/Owner/DisplayName").is_empty());
    }
    assert_eq!(two.get("Contents/Owner"), None);
    assert_eq!(
        (one.get("Marker"), one.get("Delimiter")),
        (Some(""), Some(""))
    );
    assert_eq!(one.get("NextMarker"), None);
    assert_eq!(
        (two.get("StartAfter"), two.get("ContinuationToken")),
        (None, None)
    );
    let echoed = bucket
        .ask("GET")
        .param("list-type", 2)
        .param("start-after", "a")
        .param("continuation-token", "")
        .send()
        .expect(200)
        .xml();
    assert_eq!(echoed.text_at("StartAfter"), "a");
}

/// `encoding-type=url`: every name is encoded so that form decoding restores it, and without it every name survives as XML.
#[test]
fn encoding_type() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let prefix = "p +%/日\u{1}";
    let keys = [
        format!("{prefix}a b+c%&<>"),
        format!("{prefix}dir/x"),
        format!("{prefix}z\r\n\t"),
    ];
    for key in &keys {
        bucket.put(key, "").send().expect(200);
    }
    let decode = |text: &str| {
        percent_encoding::percent_decode_str(&text.replace('+', " "))
            .decode_utf8()
            .expect("UTF-8")
            .into_owned()
    };
    for version in ["1", "2"] {
        let request = bucket
            .ask("GET")
            .param("prefix", prefix)
            .param("delimiter", "r/")
            .param("encoding-type", "url")
            .param("max-keys", 2);
        let request = if version == "2" {
            request.param("list-type", 2).param("start-after", "p")
        } else {
            request.param("marker", "p")
        };
        let xml = request.send().expect(200).xml();
        assert_eq!(xml.text_at("EncodingType"), "url");
        assert_eq!(decode(xml.text_at("Prefix")), prefix);
        assert_eq!(decode(xml.text_at("Delimiter")), "r/");
        assert_eq!(decode(xml.text_at("Contents/Key")), keys[0]);
        assert_eq!(
            decode(xml.text_at("CommonPrefixes/Prefix")),
            format!("{prefix}dir/")
        );
        assert!(xml.text_at("Contents/Key").is_ascii());
        if version == "1" {
            assert_eq!(decode(xml.text_at("NextMarker")), format!("{prefix}dir/"));
        }
    }
    let plain = bucket.ask("GET").send().expect(200).xml();
    let names: Vec<&str> = plain
        .all("Contents")
        .map(|entry| entry.text_at("Key"))
        .collect();
    assert_eq!(names, keys);
    assert_eq!(plain.get("EncodingType"), None);
    bucket
        .ask("GET")
        .param("encoding-type", "rot13")
        .send()
        .refused(400, "InvalidArgument");
}

/// Numbers, markers and tokens that are none.
#[test]
fn invalid_parameters() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket.put("k", "").send().expect(200);
    for version in ["1", "2"] {
        let ask = |name: &str, value: &str| {
            let request = bucket.ask("GET").param(name, value);
            if version == "2" {
                request.param("list-type", 2)
            } else {
                request
            }
        };
        for max in ["0", "1001", "-1", "x", "1.0", "4294967297"] {
            ask("max-keys", max).send().refused(400, "InvalidArgument");
        }
        for max in ["1", "1000"] {
            ask("max-keys", max).send().expect(200);
        }
        for name in [
            "prefix",
            "delimiter",
            if version == "1" {
                "marker"
            } else {
                "start-after"
            },
        ] {
            ask(name, &"x".repeat(1023)).send().expect(200);
            ask(name, &"x".repeat(1025))
                .send()
                .refused(400, "InvalidArgument");
        }
        ask("delimiter", "").send().expect(200);
    }
    let token = bucket
        .ask("GET")
        .param("list-type", 2)
        .param("continuation-token", "err-token")
        .send();
    token.refused(400, "InvalidArgument");
}

/// Paging while keys come and go: what is there throughout appears exactly once.
#[test]
fn paging_under_change() {
    let server = shared();
    let bucket = Bucket::new(&server).by(&server.client().with_scheme(Scheme::V1Header));
    let mut connection = bucket.client.connect();
    for index in 0..30 {
        bucket
            .put(&format!("stable-{index:02}"), "")
            .send_on(&mut connection)
            .expect(200);
    }
    for version in [Version::One, Version::Two] {
        let mut seen = Vec::new();
        let mut next: Option<String> = None;
        let mut step = 0;
        loop {
            let page = page(
                &bucket,
                version,
                &Ask {
                    prefix: "",
                    delimiter: "",
                    after: "",
                    next: next.as_deref(),
                    max: 4,
                },
            );
            seen.extend(
                page.entries
                    .iter()
                    .map(|entry| entry.name().to_owned())
                    .filter(|name| name.starts_with("stable")),
            );
            next = page.next;
            step += 1;
            // New keys before and after the current place, and the last entry's neighbour gone and back.
            bucket
                .put(&format!("a-{step}"), "")
                .send_on(&mut connection)
                .expect(200);
            bucket
                .put(&format!("stable-{:02}-x", 29), "")
                .send_on(&mut connection)
                .expect(200);
            bucket
                .delete(&format!("a-{}", step - 1))
                .send_on(&mut connection)
                .expect(204);
            if next.is_none() {
                break;
            }
            assert!(step < 50, "it does not end");
        }
        seen.retain(|name| !name.ends_with("-x"));
        let expected: Vec<String> = (0..30).map(|index| format!("stable-{index:02}")).collect();
        assert_eq!(seen, expected, "{version:?}");
    }
}
