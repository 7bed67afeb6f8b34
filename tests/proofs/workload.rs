//! A load whose every fact is known: who wrote what, what was acknowledged when, and what a store may hold after it died.

use crate::facts::{self, Fact, Facts, Snapshot};
use crate::support::Random;
use crate::support::client::{Client, Connection, Request, Response};
use md5::{Digest as _, Md5};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

/// What a key holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// `x-oss-object-type`.
    pub kind: &'static str,
    /// The bytes.
    pub bytes: Arc<Vec<u8>>,
    /// The value of its tag, where it has one.
    pub tag: Option<String>,
}

/// A load against one bucket.
pub struct Workload {
    bucket: String,
    /// Of keys: what they hold, if anything.
    facts: Facts<Option<Held>>,
    seed: u64,
}

/// What a look at a store found.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Facts that do not hold, each in words.
    pub broken: Vec<String>,
    /// Keys that were looked at.
    pub keys: usize,
}

const KEYS_PER_CLIENT: usize = 12;
/// What the names of buckets whose versioning is switched stand behind, among the keys.
const SWITCH: &str = "versioning of ";

impl Workload {
    /// A load of `clients` clients. Every key name is `key_bytes` long, or as short as it can be.
    pub fn new(bucket: &str, clients: usize, key_bytes: usize, seed: u64) -> Self {
        let names = |client: usize| {
            (0..KEYS_PER_CLIENT).map(move |n| {
                let mut name = format!("client-{client}/key-{n}-");
                while name.len() < key_bytes {
                    name.push(char::from(
                        b'a' + u8::try_from((name.len() + n) % 26).expect("a letter"),
                    ));
                }
                name
            })
        };
        let switch = |client: usize| std::iter::once(format!("{SWITCH}{bucket}-{client}"));
        let keys = (0..clients).map(|client| names(client).chain(switch(client)).collect());
        Self {
            bucket: bucket.to_owned(),
            facts: Facts::new(keys, &None),
            seed,
        }
    }

    /// Creates the bucket, and for each client one whose versioning it switches.
    pub fn prepare(&self, client: &Client) {
        client.bucket("PUT", &self.bucket).send().expect(200);
        for number in 0..self.facts.clients() {
            let name = format!("{}-{number}", self.bucket);
            client.bucket("PUT", &name).send().expect(200);
        }
    }

    /// Acknowledged writes so far.
    pub fn acknowledged(&self) -> u64 {
        self.facts.acknowledged()
    }

    /// Runs all clients until `stop` or until the server is gone.
    pub fn run(&self, client: &Client, round: u64, stop: &AtomicBool) {
        self.facts.run(stop, |number| {
            let seed = self.seed ^ (round << 20) ^ (number as u64);
            let mut session = Session {
                load: self,
                caller: Caller::new(client, seed),
                number,
            };
            move || session.step()
        });
    }

    /// See [`Facts::snapshot`].
    pub fn snapshot(&self, cut: Instant) -> Snapshot<Option<Held>> {
        self.facts.snapshot(cut)
    }

    /// Looks at every key and compares with what may be. `cut` is the moment before which acknowledgements count.
    /// What was found becomes the new base when `adopt`.
    pub fn verify(
        &self,
        client: &Client,
        facts: &Snapshot<Option<Held>>,
        cut: Instant,
        adopt: bool,
    ) -> Verdict {
        let mut verdict = Verdict::default();
        let mut connection = client.connect();
        let mut found = BTreeMap::new();
        for (key, facts) in facts {
            verdict.keys += 1;
            let looked = if let Some(bucket) = key.strip_prefix(SWITCH) {
                look_at_switch(client, &mut connection, bucket)
            } else {
                look(
                    client,
                    &mut connection,
                    &client.object("GET", &self.bucket, key),
                )
            };
            match looked {
                Ok(state) => {
                    if let Some(complaint) = judge(key, facts, cut, state.as_ref()) {
                        verdict.broken.push(complaint);
                    }
                    if let Some(held) = state.as_ref().filter(|_| !key.starts_with(SWITCH)) {
                        found.insert(key.clone(), held.bytes.len());
                    }
                    if adopt {
                        self.facts.adopt(key, &state);
                    }
                }
                Err(complaint) => verdict.broken.push(format!("{key}: {complaint}")),
            }
        }
        match list(client, &mut connection, &self.bucket) {
            Ok(listed) if listed == found => {}
            Ok(listed) => verdict.broken.push(format!(
                "the listing differs from the objects: {listed:?} and {found:?}"
            )),
            Err(complaint) => verdict.broken.push(complaint),
        }
        verdict
    }
}

/// Why `state` cannot be what the key holds, if so.
fn judge(
    key: &str,
    facts: &[Fact<Option<Held>>],
    cut: Instant,
    state: Option<&Held>,
) -> Option<String> {
    let mut allowed = facts::allowed(facts, cut);
    if allowed.clone().any(|allowed| allowed.as_ref() == state) {
        return None;
    }
    let mut text = format!("{key}: holds {}, but may hold", describe(state));
    for state in allowed.by_ref() {
        let _ = write!(text, " {};", describe(state.as_ref()));
    }
    Some(text)
}

fn describe(state: Option<&Held>) -> String {
    state.map_or_else(
        || "nothing".to_owned(),
        |held| {
            let tag = held.tag.as_deref().unwrap_or("none");
            format!("{} of {} bytes, tag {tag}", held.kind, held.bytes.len())
        },
    )
}

/// One object, or version of one, that `request` gets, with its digests checked against its bytes.
pub fn look(
    client: &Client,
    connection: &mut Connection,
    request: &Request,
) -> Result<Option<Held>, String> {
    let (bytes, _) = request.encode();
    // A body that ends before its announced length is how damage shows: the connection goes, and a new one is needed.
    let answer = match connection
        .send(&bytes)
        .and_then(|()| connection.read_answer("GET"))
    {
        Ok(answer) => answer,
        Err(error) => {
            *connection = client.connect();
            return Err(format!("GET broke off: {error}"));
        }
    };
    if answer.status == 404 && answer.code() == "NoSuchKey" {
        return Ok(None);
    }
    if answer.status != 200 {
        return Err(format!("GET answered {} {}", answer.status, answer.code()));
    }
    let crc = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Xz, &answer.body);
    if answer.crc() != crc {
        return Err(format!("crc {} for bytes of crc {crc}", answer.crc()));
    }
    let kind = match answer.header("x-oss-object-type") {
        Some("Normal") => "Normal",
        Some("Appendable") => "Appendable",
        Some("Multipart") => "Multipart",
        other => return Err(format!("object type {other:?}")),
    };
    match kind {
        "Normal" => {
            let etag = format!("\"{}\"", hex::encode_upper(Md5::digest(&answer.body)));
            if answer.etag() != etag {
                return Err(format!("etag {} for bytes of {etag}", answer.etag()));
            }
        }
        "Appendable" => {
            let low = format!("\"{}", hex::encode_upper(crc.to_le_bytes()));
            if !answer.etag().starts_with(&low)
                || answer.next_position() != answer.body.len() as u64
            {
                return Err(format!(
                    "etag {} and next position {} for {} bytes",
                    answer.etag(),
                    answer.next_position(),
                    answer.body.len()
                ));
            }
        }
        _ => {}
    }
    let tag = answer.header("x-oss-tagging-count").map(|_| {
        let tags = request.clone().flag("tagging").send_on(connection);
        tags.xml().text_at("TagSet/Tag/Value").to_owned()
    });
    Ok(Some(Held {
        kind,
        bytes: Arc::new(answer.body),
        tag,
    }))
}

/// The state of a bucket's versioning.
fn look_at_switch(
    client: &Client,
    connection: &mut Connection,
    bucket: &str,
) -> Result<Option<Held>, String> {
    let request = client.bucket("GET", bucket).flag("versioning");
    let answer = request.send_on(connection);
    if answer.status != 200 {
        return Err(format!(
            "the versioning answered {} {}",
            answer.status,
            answer.code()
        ));
    }
    match answer.xml().get("Status") {
        None => Ok(None),
        Some("Enabled") => Ok(Some(switched("Enabled"))),
        Some("Suspended") => Ok(Some(switched("Suspended"))),
        other => Err(format!("versioning {other:?}")),
    }
}

fn switched(status: &'static str) -> Held {
    Held {
        kind: status,
        bytes: Arc::default(),
        tag: None,
    }
}

/// Names and sizes as the listing tells them.
fn list(
    client: &Client,
    connection: &mut Connection,
    bucket: &str,
) -> Result<BTreeMap<String, usize>, String> {
    let mut all = BTreeMap::new();
    let mut token = String::new();
    loop {
        let mut request = client
            .bucket("GET", bucket)
            .param("list-type", 2)
            .param("max-keys", 1000);
        if !token.is_empty() {
            request = request.param("continuation-token", &token);
        }
        let answer = request.send_on(connection);
        if answer.status != 200 {
            return Err(format!(
                "the listing answered {} {}",
                answer.status,
                answer.code()
            ));
        }
        let xml = answer.xml();
        for entry in xml.all("Contents") {
            let size = entry.text_at("Size").parse().expect("a size");
            all.insert(entry.text_at("Key").to_owned(), size);
        }
        if xml.text_at("IsTruncated") != "true" {
            return Ok(all);
        }
        xml.text_at("NextContinuationToken").clone_into(&mut token);
    }
}

/// A client with its connection, until the server is gone.
pub struct Caller {
    pub client: Client,
    connection: Option<Connection>,
    pub random: Random,
}

impl Caller {
    pub fn new(client: &Client, seed: u64) -> Self {
        Self {
            client: client.clone(),
            connection: None,
            random: Random::new(seed),
        }
    }

    /// A body of a length at random: mostly small, sometimes large enough not to travel in the log.
    pub fn body(&mut self) -> Vec<u8> {
        let length = match self.random.below(16) {
            0 => 130_000 + self.random.below(200_000),
            1..=3 => self.random.below(40_000),
            _ => self.random.below(2_000),
        };
        let mut bytes = Vec::with_capacity(length + 8);
        while bytes.len() < length {
            bytes.extend_from_slice(&self.random.next().to_le_bytes());
        }
        bytes.truncate(length);
        bytes
    }

    /// Sends a request; an error means that the server is gone.
    pub fn ask(&mut self, request: &Request) -> io::Result<Response> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            None => self.connection.insert(try_connect(&self.client)?),
        };
        let (mut bytes, body) = request.encode();
        bytes.extend_from_slice(&body);
        connection.send(&bytes)?;
        connection.read_answer(&request.parts.method)
    }
}

struct Session<'w> {
    load: &'w Workload,
    caller: Caller,
    number: usize,
}

impl Session<'_> {
    /// One operation; an error means that the server is gone.
    fn step(&mut self) -> io::Result<()> {
        let mut keys = self.load.facts.keys(self.number);
        keys.retain(|key| !key.starts_with(SWITCH));
        let key = self.caller.random.pick(&keys).clone();
        let held = self.load.facts.current(self.number, &key);
        match self.caller.random.below(23) {
            20..=21 => self.retag(&key, held),
            22 => self.switch(),
            0..=9 => match held {
                Some(held) if held.kind != "Appendable" => self.delete(&key),
                held => self.append(&key, held),
            },
            10..=13 => self.put(&key),
            14..=15 => self.copy(&keys, &key),
            16 => self.delete(&key),
            17 => self.delete_several(&keys),
            _ => self.multipart(&key),
        }
    }

    fn write(
        &mut self,
        request: &Request,
        key: &str,
        state: Option<Held>,
        status: u16,
    ) -> io::Result<()> {
        self.load.facts.intend(self.number, key, state);
        let answer = self.caller.ask(request)?;
        assert_eq!(
            answer.status,
            status,
            "{key}: {} {}",
            answer.status,
            String::from_utf8_lossy(&answer.body)
        );
        self.load.facts.confirm(self.number, key, |_| {});
        Ok(())
    }

    fn put(&mut self, key: &str) -> io::Result<()> {
        let body = self.caller.body();
        let request = self
            .caller
            .client
            .object("PUT", &self.load.bucket, key)
            .body(&body);
        self.write(
            &request,
            key,
            Some(Held {
                kind: "Normal",
                bytes: Arc::new(body),
                tag: None,
            }),
            200,
        )
    }

    fn append(&mut self, key: &str, held: Option<Held>) -> io::Result<()> {
        let body = self.caller.body();
        let tag = held.as_ref().and_then(|held| held.tag.clone());
        let mut bytes = held.map(|held| held.bytes.to_vec()).unwrap_or_default();
        if bytes.len() > 600_000 {
            return self.delete(key);
        }
        let request = self
            .caller
            .client
            .object("POST", &self.load.bucket, key)
            .flag("append")
            .param("position", bytes.len())
            .body(&body);
        bytes.extend_from_slice(&body);
        self.write(
            &request,
            key,
            Some(Held {
                kind: "Appendable",
                bytes: Arc::new(bytes),
                tag,
            }),
            200,
        )
    }

    fn copy(&mut self, keys: &[String], key: &str) -> io::Result<()> {
        let source = self.caller.random.pick(keys).clone();
        let Some(held) = self.load.facts.current(self.number, &source) else {
            return Ok(());
        };
        // A copy of a multipart object is a Normal one that keeps its tag, which the check below takes for an MD5.
        if held.kind != "Normal" || source == key {
            return Ok(());
        }
        let request = self
            .caller
            .client
            .object("PUT", &self.load.bucket, key)
            .header(
                "x-oss-copy-source",
                format!("/{}/{source}", self.load.bucket),
            );
        self.write(
            &request,
            key,
            Some(Held {
                kind: "Normal",
                bytes: held.bytes,
                tag: held.tag,
            }),
            200,
        )
    }

    /// Gives the object another tag; nothing else of it may change.
    fn retag(&mut self, key: &str, held: Option<Held>) -> io::Result<()> {
        let Some(held) = held else { return Ok(()) };
        let tag = self.caller.random.next().to_string();
        let document = format!(
            "<Tagging><TagSet><Tag><Key>n</Key><Value>{tag}</Value></Tag></TagSet></Tagging>"
        );
        let request = self
            .caller
            .client
            .object("PUT", &self.load.bucket, key)
            .flag("tagging")
            .body(document);
        let tag = Some(tag);
        self.write(&request, key, Some(Held { tag, ..held }), 200)
    }

    /// Switches the versioning of the client's own bucket.
    fn switch(&mut self) -> io::Result<()> {
        let bucket = format!("{}-{}", self.load.bucket, self.number);
        let key = format!("{SWITCH}{bucket}");
        let status = match self.load.facts.current(self.number, &key) {
            Some(held) if held.kind == "Enabled" => "Suspended",
            _ => "Enabled",
        };
        let document =
            format!("<VersioningConfiguration><Status>{status}</Status></VersioningConfiguration>");
        let request = self
            .caller
            .client
            .bucket("PUT", &bucket)
            .flag("versioning")
            .body(document);
        self.write(&request, &key, Some(switched(status)), 200)
    }

    fn delete(&mut self, key: &str) -> io::Result<()> {
        let request = self.caller.client.object("DELETE", &self.load.bucket, key);
        self.write(&request, key, None, 204)
    }

    fn delete_several(&mut self, keys: &[String]) -> io::Result<()> {
        let mut chosen: Vec<&String> = (0..3).map(|_| self.caller.random.pick(keys)).collect();
        chosen.sort();
        chosen.dedup();
        let mut document = String::from("<Delete><Quiet>true</Quiet>");
        for key in &chosen {
            let _ = write!(document, "<Object><Key>{key}</Key></Object>");
        }
        document.push_str("</Delete>");
        let request = self
            .caller
            .client
            .bucket("POST", &self.load.bucket)
            .flag("delete")
            .body(&document);
        for key in &chosen {
            self.load.facts.intend(self.number, key, None);
        }
        let answer = self.caller.ask(&request)?;
        assert_eq!(
            answer.status,
            200,
            "{}",
            String::from_utf8_lossy(&answer.body)
        );
        for key in &chosen {
            self.load.facts.confirm(self.number, key, |_| {});
        }
        Ok(())
    }

    fn multipart(&mut self, key: &str) -> io::Result<()> {
        let bucket = self.load.bucket.clone();
        let request = self
            .caller
            .client
            .object("POST", &bucket, key)
            .flag("uploads");
        let answer = self.caller.ask(&request)?;
        assert_eq!(
            answer.status,
            200,
            "{}",
            String::from_utf8_lossy(&answer.body)
        );
        let id = answer.xml().text_at("UploadId").to_owned();
        let mut whole = Vec::new();
        let mut document = String::from("<CompleteMultipartUpload>");
        for number in 1..=2 {
            let mut part = self.caller.body();
            if number == 1 {
                part.resize(102_400 + part.len() % 9_000, 7);
            }
            let request = self
                .caller
                .client
                .object("PUT", &bucket, key)
                .param("partNumber", number)
                .param("uploadId", &id)
                .body(&part);
            let answer = self.caller.ask(&request)?;
            assert_eq!(
                answer.status,
                200,
                "{}",
                String::from_utf8_lossy(&answer.body)
            );
            let _ = write!(
                document,
                "<Part><PartNumber>{number}</PartNumber><ETag>{}</ETag></Part>",
                answer.etag()
            );
            whole.extend_from_slice(&part);
        }
        document.push_str("</CompleteMultipartUpload>");
        let request = self
            .caller
            .client
            .object("POST", &bucket, key)
            .param("uploadId", &id)
            .body(&document);
        self.write(
            &request,
            key,
            Some(Held {
                kind: "Multipart",
                bytes: Arc::new(whole),
                tag: None,
            }),
            200,
        )
    }
}

fn try_connect(client: &Client) -> io::Result<Connection> {
    // The probe keeps a server that is gone from failing the thread.
    std::net::TcpStream::connect(client.addr)?;
    Ok(client.connect())
}
