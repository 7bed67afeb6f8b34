//! The load of `workload` on a bucket that keeps versions: put, append, delete markers and deletion by id.
//!
//! A state is a key's whole list of versions. An id is known once its write was acknowledged; a version whose write was under
//! way when the server died may be there under any id. The listing tells the order, a read by id the bytes.

use crate::facts::{self, Facts, Snapshot};
use crate::support::client::{Client, Connection, Request};
use crate::workload::{Caller, Held, Verdict, look};
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

const CLIENTS: usize = 3;
const KEYS_PER_CLIENT: usize = 4;
/// Versions of a key at most; beyond, deletions by id come first.
const VERSIONS_MAX: usize = 6;
const ID: &str = "x-oss-version-id";

/// A version, or a delete marker where nothing is held.
#[derive(Clone, Debug)]
pub struct Version {
    id: Option<String>,
    held: Option<Held>,
}

/// Newest first.
pub type Versions = Vec<Version>;

/// A load against one bucket with versions.
pub struct VersionLoad {
    bucket: String,
    facts: Facts<Versions>,
    seed: u64,
}

fn matches(allowed: &Versions, found: &Versions) -> bool {
    allowed.len() == found.len()
        && allowed.iter().zip(found).all(|(allowed, found)| {
            allowed.held == found.held && (allowed.id.is_none() || allowed.id == found.id)
        })
}

fn describe(versions: &Versions) -> String {
    let one = |version: &Version| {
        let what = version.held.as_ref().map_or_else(
            || "marker".to_owned(),
            |held| format!("{} of {}", held.kind, held.bytes.len()),
        );
        format!("{what} as {}", version.id.as_deref().unwrap_or("?"))
    };
    let all: Vec<String> = versions.iter().map(one).collect();
    format!("[{}]", all.join(", "))
}

impl VersionLoad {
    pub fn new(bucket: &str, seed: u64) -> Self {
        let keys =
            |client| (0..KEYS_PER_CLIENT).map(move |n| format!("client-{client}/version-{n}"));
        Self {
            bucket: bucket.to_owned(),
            facts: Facts::new(
                (0..CLIENTS).map(|client| keys(client).collect()),
                &Vec::new(),
            ),
            seed,
        }
    }

    /// Creates the bucket and lets it keep versions.
    pub fn prepare(&self, client: &Client) {
        client.bucket("PUT", &self.bucket).send().expect(200);
        let document =
            "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
        let request = client.bucket("PUT", &self.bucket).flag("versioning");
        request.body(document).send().expect(200);
    }

    /// Acknowledged writes so far.
    pub fn acknowledged(&self) -> u64 {
        self.facts.acknowledged()
    }

    /// Runs all clients until `stop` or until the server is gone.
    pub fn run(&self, client: &Client, round: u64, stop: &AtomicBool) {
        self.facts.run(stop, |number| {
            let mut caller = Caller::new(client, self.seed ^ (round << 24) ^ number as u64);
            move || self.step(&mut caller, number)
        });
    }

    /// One operation; an error means that the server is gone.
    fn step(&self, caller: &mut Caller, number: usize) -> io::Result<()> {
        let keys = self.facts.keys(number);
        let key = caller.random.pick(&keys).clone();
        let mut versions = self.facts.current(number, &key);
        let client = caller.client.clone();
        let object = |method| client.object(method, &self.bucket, &key);
        let choice = caller.random.below(10);
        if versions.len() >= VERSIONS_MAX || (choice >= 8 && !versions.is_empty()) {
            let gone = versions.remove(caller.random.below(versions.len()));
            let id = gone.id.unwrap_or_default();
            let request = object("DELETE").param("versionId", id);
            return self.write(caller, number, &key, &request, versions, false);
        }
        if choice == 7 {
            versions.insert(
                0,
                Version {
                    id: None,
                    held: None,
                },
            );
            return self.write(caller, number, &key, &object("DELETE"), versions, true);
        }
        let body = caller.body();
        if choice < 3 {
            let request = object("PUT").body(&body);
            let held = Some(Held {
                kind: "Normal",
                bytes: Arc::new(body),
                tag: None,
            });
            versions.insert(0, Version { id: None, held });
            return self.write(caller, number, &key, &request, versions, true);
        }
        let append = |position: usize| {
            let request = object("POST").flag("append");
            request.param("position", position).body(&body)
        };
        let newest = versions.first_mut().and_then(|newest| newest.held.as_mut());
        match newest {
            // An append changes the newest version and makes none.
            Some(held) if held.kind == "Appendable" && held.bytes.len() < 400_000 => {
                let request = append(held.bytes.len());
                held.bytes = Arc::new([&held.bytes[..], &body].concat());
                self.write(caller, number, &key, &request, versions, false)
            }
            Some(_) => {
                versions.insert(
                    0,
                    Version {
                        id: None,
                        held: None,
                    },
                );
                self.write(caller, number, &key, &object("DELETE"), versions, true)
            }
            None => {
                let request = append(0);
                let held = Some(Held {
                    kind: "Appendable",
                    bytes: Arc::new(body),
                    tag: None,
                });
                versions.insert(0, Version { id: None, held });
                self.write(caller, number, &key, &request, versions, true)
            }
        }
    }

    /// Notes what is asked for, asks, and notes the answer; `creates`: with the id of a new version.
    fn write(
        &self,
        caller: &mut Caller,
        number: usize,
        key: &str,
        request: &Request,
        versions: Versions,
        creates: bool,
    ) -> io::Result<()> {
        self.facts.intend(number, key, versions);
        let answer = caller.ask(request)?;
        assert!(
            matches!(answer.status, 200 | 204),
            "{key}: {} {}",
            answer.status,
            String::from_utf8_lossy(&answer.body)
        );
        self.facts.confirm(number, key, |versions| {
            if creates {
                let id = answer.header(ID).expect("the id of a new version");
                versions[0].id = Some(id.to_owned());
            }
        });
        Ok(())
    }

    /// See [`Facts::snapshot`].
    pub fn snapshot(&self, cut: Instant) -> Snapshot<Versions> {
        self.facts.snapshot(cut)
    }

    /// As [`crate::workload::Workload::verify`].
    pub fn verify(
        &self,
        client: &Client,
        facts: &Snapshot<Versions>,
        cut: Instant,
        adopt: bool,
    ) -> Verdict {
        let mut verdict = Verdict::default();
        let mut connection = client.connect();
        let mut listed = match list(client, &mut connection, &self.bucket) {
            Ok(listed) => listed,
            Err(why) => {
                verdict.broken.push(why);
                return verdict;
            }
        };
        for (key, facts) in facts {
            verdict.keys += 1;
            let mut found = listed.remove(key).unwrap_or_default();
            for version in &mut found {
                if let Err(why) = self.fill(client, &mut connection, key, version) {
                    verdict.broken.push(format!("{key}: {why}"));
                }
            }
            let mut allowed = facts::allowed(facts, cut);
            if !allowed.clone().any(|versions| matches(versions, &found)) {
                let may: Vec<String> = allowed.by_ref().map(describe).collect();
                verdict.broken.push(format!(
                    "{key}: holds {}, but may hold {}",
                    describe(&found),
                    may.join(" or ")
                ));
            }
            if adopt {
                self.facts.adopt(key, &found);
            }
        }
        verdict
            .broken
            .extend(listed.keys().map(|key| format!("{key} was invented")));
        verdict
    }

    /// Reads what a listed version holds; a marker holds nothing.
    fn fill(
        &self,
        client: &Client,
        connection: &mut Connection,
        key: &str,
        version: &mut Version,
    ) -> Result<(), String> {
        let Some(listed) = version.held.take() else {
            return Ok(());
        };
        let id = version.id.as_deref().unwrap_or_default();
        let request = client.object("GET", &self.bucket, key);
        version.held = look(client, connection, &request.param("versionId", id))?;
        match &version.held {
            Some(held) if held.bytes.len() == listed.bytes.len() => Ok(()),
            _ => Err(format!("version {id} is not as it was listed")),
        }
    }
}

/// All versions of a bucket. What is held has the listed length and no meaning else.
fn list(
    client: &Client,
    connection: &mut Connection,
    bucket: &str,
) -> Result<BTreeMap<String, Versions>, String> {
    // All keys at their fullest fit in a page.
    let request = client.bucket("GET", bucket).flag("versions");
    let answer = request.param("max-keys", 1000).send_on(connection);
    if answer.status != 200 {
        return Err(format!(
            "the listing answered {} {}",
            answer.status,
            answer.code()
        ));
    }
    let xml = answer.xml();
    let mut all: BTreeMap<String, Versions> = BTreeMap::new();
    for entry in &xml.children {
        let held = match entry.name.as_str() {
            "Version" => Some(Held {
                kind: "listed",
                bytes: Arc::new(vec![
                    0;
                    entry.text_at("Size").parse().map_err(|_| "no size")?
                ]),
                tag: None,
            }),
            "DeleteMarker" => None,
            _ => continue,
        };
        let versions = all.entry(entry.text_at("Key").to_owned()).or_default();
        if (entry.text_at("IsLatest") == "true") != versions.is_empty() {
            return Err(format!(
                "{}: another version is the latest",
                entry.text_at("Key")
            ));
        }
        versions.push(Version {
            id: Some(entry.text_at("VersionId").to_owned()),
            held,
        });
    }
    Ok(all)
}
