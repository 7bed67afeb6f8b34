//! A fresh bucket for a test, short ways to say the common requests, and the full state of a key for "nothing changed".

use std::sync::atomic::{AtomicU32, Ordering};

use super::client::{Client, Request, Response};
use super::digest::crc64;
use super::server::Server;

static COUNTER: AtomicU32 = AtomicU32::new(0);

/// A bucket name no other test of this run uses.
pub fn unique_name(prefix: &str) -> String {
    format!(
        "{prefix}-{}-{}",
        std::process::id(),
        COUNTER.fetch_add(1, Ordering::Relaxed)
    )
}

/// A bucket and the client that owns it.
#[derive(Clone)]
pub struct Bucket {
    pub client: Client,
    pub name: String,
}

impl Bucket {
    /// Creates a private bucket.
    pub fn new(server: &Server) -> Self {
        Self::of(&server.client(), "it", None)
    }

    /// Creates a bucket with a canned ACL.
    pub fn with_acl(server: &Server, acl: &str) -> Self {
        Self::of(&server.client(), "it", Some(acl))
    }

    /// Creates a bucket through `client`.
    pub fn of(client: &Client, prefix: &str, acl: Option<&str>) -> Self {
        let bucket = Self {
            client: client.clone(),
            name: unique_name(prefix),
        };
        let mut request = client.bucket("PUT", &bucket.name);
        if let Some(acl) = acl {
            request = request.header("x-oss-acl", acl);
        }
        request.send().expect(200);
        bucket
    }

    /// The same bucket seen by another client.
    pub fn by(&self, client: &Client) -> Self {
        Self {
            client: client.clone(),
            name: self.name.clone(),
        }
    }

    /// A request on the bucket itself.
    pub fn ask(&self, method: &str) -> Request {
        self.client.bucket(method, &self.name)
    }

    /// A request on a key.
    pub fn object(&self, method: &str, key: &str) -> Request {
        self.client.object(method, &self.name, key)
    }

    /// PutBucketVersioning: `Enabled` or `Suspended`.
    pub fn set_versioning(&self, status: &str) {
        let document =
            format!("<VersioningConfiguration><Status>{status}</Status></VersioningConfiguration>");
        let put = self.ask("PUT").flag("versioning").body(document);
        put.send().expect(200);
    }

    /// AppendObject.
    pub fn append(&self, key: &str, position: u64, body: impl AsRef<[u8]>) -> Request {
        self.object("POST", key)
            .flag("append")
            .param("position", position)
            .body(body)
    }

    /// SealAppendObject.
    pub fn seal(&self, key: &str, position: u64) -> Request {
        self.object("POST", key)
            .flag("seal")
            .param("position", position)
    }

    /// PutObject.
    pub fn put(&self, key: &str, body: impl AsRef<[u8]>) -> Request {
        self.object("PUT", key).body(body)
    }

    /// GetObject.
    pub fn get(&self, key: &str) -> Request {
        self.object("GET", key)
    }

    /// HeadObject.
    pub fn head(&self, key: &str) -> Request {
        self.object("HEAD", key)
    }

    /// DeleteObject.
    pub fn delete(&self, key: &str) -> Request {
        self.object("DELETE", key)
    }

    /// CopyObject from `source` (in this bucket) to `key`.
    pub fn copy(&self, source: &str, key: &str) -> Request {
        let source = format!("/{}/{}", self.name, super::signer::uri_encode(source, true));
        self.object("PUT", key).header("x-oss-copy-source", source)
    }

    /// The object's ACL as GetObjectAcl tells it.
    pub fn acl_of(&self, key: &str) -> String {
        let answer = self.get(key).flag("acl").send().expect(200);
        answer.xml().text_at("AccessControlList/Grant").to_owned()
    }

    /// The object's tags as GetObjectTagging tells them, sorted.
    pub fn tags_of(&self, key: &str) -> Vec<(String, String)> {
        let answer = self.get(key).flag("tagging").send().expect(200).xml();
        let mut tags: Vec<(String, String)> = answer
            .at("TagSet")
            .expect("a TagSet")
            .all("Tag")
            .map(|tag| {
                (
                    tag.text_at("Key").to_owned(),
                    tag.text_at("Value").to_owned(),
                )
            })
            .collect();
        tags.sort();
        tags
    }

    /// Everything a client can see of a key. Checks on the way that what is seen agrees with itself.
    pub fn state(&self, key: &str) -> State {
        let head = self.head(key).send();
        let got = self.get(key).send();
        let side = |name: &str| {
            let answer = self.get(key).flag(name).send();
            (answer.status, stable_text(&answer))
        };
        if got.status == 200 {
            assert_eq!(
                head.number("content-length"),
                got.body.len() as u64,
                "length of {key}"
            );
            assert_eq!(head.crc(), crc64(&got.body), "crc of {key}");
            assert_eq!(
                stable_headers(&head),
                stable_headers(&got),
                "HEAD and GET of {key} differ"
            );
        }
        let versions = self.versions_of(key);
        State {
            status: (head.status, got.status),
            headers: stable_headers(&head),
            body: if got.status == 200 {
                got.body
            } else {
                Vec::new()
            },
            acl: side("acl"),
            tags: side("tagging"),
            versions,
        }
    }

    /// The key's entries in ListObjectVersions, as text, or the status when there is no such listing.
    fn versions_of(&self, key: &str) -> Vec<String> {
        let answer = self
            .ask("GET")
            .flag("versions")
            .param("prefix", key)
            .param("max-keys", 1000)
            .send();
        if answer.status != 200 {
            return vec![answer.status.to_string()];
        }
        let xml = answer.xml();
        xml.children
            .iter()
            .filter(|entry| entry.get("Key") == Some(key))
            .map(|entry| format!("{entry:?}"))
            .collect()
    }

    /// Asserts that nothing exists under `key`.
    #[track_caller]
    pub fn assert_absent(&self, key: &str) {
        self.head(key).send().refused(404, "NoSuchKey");
        let listed = self
            .ask("GET")
            .param("prefix", key)
            .send()
            .expect(200)
            .xml();
        assert!(
            !listed
                .all("Contents")
                .any(|entry| entry.text_at("Key") == key),
            "{key} is listed"
        );
    }

    /// Asserts the content and type of a key, by GET and HEAD, with length, crc and next position in agreement.
    #[track_caller]
    pub fn assert_holds(&self, key: &str, kind: &str, content: &[u8]) {
        let got = self.get(key).send().expect(200);
        let shown =
            |bytes: &[u8]| String::from_utf8_lossy(&bytes[..bytes.len().min(120)]).into_owned();
        assert!(
            got.body == content,
            "{key} holds {:?} instead of {:?}",
            shown(&got.body),
            shown(content)
        );
        let head = self.head(key).send().expect(200);
        for answer in [&got, &head] {
            assert_eq!(answer.number("content-length"), content.len() as u64);
            assert_eq!(answer.crc(), crc64(content), "crc of {key}");
            assert_eq!(
                answer.header("x-oss-object-type"),
                Some(kind),
                "type of {key}"
            );
            let position = (kind == "Appendable").then(|| content.len().to_string());
            assert_eq!(
                answer.header("x-oss-next-append-position"),
                position.as_deref(),
                "next position of {key}"
            );
        }
    }
}

/// All that is visible of a key: equal states mean that nothing changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// Of HEAD and GET.
    pub status: (u16, u16),
    /// Without those that differ from answer to answer: length, crc, ETag, Last-Modified, type, metadata and so on.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub acl: (u16, String),
    pub tags: (u16, String),
    pub versions: Vec<String>,
}

impl State {
    /// Asserts that nothing differs from `before`, and says what does.
    #[track_caller]
    pub fn assert_same(&self, before: &State) {
        let shown = |state: &State| {
            let mut lines: Vec<String> = state
                .headers
                .iter()
                .map(|(name, value)| format!("{name}: {value}"))
                .collect();
            lines.push(format!("status: {:?}", state.status));
            lines.push(format!(
                "body of {}: {:?}",
                state.body.len(),
                String::from_utf8_lossy(&state.body[..state.body.len().min(60)])
            ));
            lines.push(format!("acl: {:?}", state.acl));
            lines.push(format!("tags: {:?}", state.tags));
            lines.extend(
                state
                    .versions
                    .iter()
                    .map(|entry| format!("version: {entry}")),
            );
            lines
        };
        let (now, then) = (shown(self), shown(before));
        let lost: Vec<&String> = then.iter().filter(|line| !now.contains(line)).collect();
        let new: Vec<&String> = now.iter().filter(|line| !then.contains(line)).collect();
        assert!(self == before, "changed: was {lost:#?}, is {new:#?}");
    }
}

fn stable_headers(answer: &Response) -> Vec<(String, String)> {
    const VOLATILE: &[&str] = &[
        "x-oss-request-id",
        "date",
        "x-oss-server-time",
        "x-oss-err",
        "connection",
        "keep-alive",
    ];
    let mut headers: Vec<(String, String)> = answer
        .headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.clone()))
        .filter(|(name, _)| !VOLATILE.contains(&name.as_str()))
        .collect();
    headers.sort();
    headers
}

/// The body without the request id that every error document names.
fn stable_text(answer: &Response) -> String {
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    match answer.header("x-oss-request-id") {
        Some(id) => text.replace(id, "(request id)"),
        None => text,
    }
}
