//! Scenario tables: each row says what is given, what is asked, what must come back and what must stand afterwards. The runner prepares
//! every row first, lets a second pass so that a changed `Last-Modified` would show, then asks, and reports every failing row by name.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::client::{Client, Request, Response};
use super::digest::append_etag;
use super::fixture::{Bucket, State, unique_name};
use super::next_second;
use super::signer::Scheme;

/// Names and values.
pub type Pairs = &'static [(&'static str, &'static str)];
/// Names and values where a name may have none.
pub type OptionalPairs = &'static [(&'static str, Option<&'static str>)];

/// What stands under the key before the request.
#[derive(Clone, Copy)]
pub enum Given {
    /// Nothing (∅).
    Absent,
    /// Not even the bucket.
    NoBucket,
    /// An append object, created with these headers.
    Append(&'static str, Pairs),
    /// A sealed append object.
    Sealed(&'static str),
    /// A Normal object.
    Normal(&'static str),
    /// A Multipart object of one part of so many bytes.
    Multipart(usize),
    /// A symlink to an append object with this content.
    Link(&'static str),
}

/// What must stand under the key after the request.
#[derive(Clone, Copy)]
pub enum Then {
    /// Exactly what stood there before, in every respect.
    Unchanged,
    Absent,
    Appendable(&'static str),
    /// Only the answer matters (or the row's own checks of headers).
    Whatever,
}

/// How the body is framed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Framing {
    Length,
    Chunked,
    None,
}

/// A row of a table.
#[derive(Clone, Copy)]
pub struct Case {
    pub id: &'static str,
    pub rule: &'static str,
    given: Given,
    key: &'static str,
    method: &'static str,
    operation: &'static str,
    position: Option<&'static str>,
    more: OptionalPairs,
    headers: Pairs,
    body: &'static str,
    framing: Framing,
    anonymous: bool,
    status: u16,
    code: &'static str,
    message: Option<&'static str>,
    ec: Option<&'static str>,
    answer: OptionalPairs,
    then: Then,
    head: OptionalPairs,
    acl: Option<&'static str>,
    tags: Option<Pairs>,
}

impl Case {
    /// A row for scenario `id`, which tests `rule`. As yet an AppendObject of nothing to nothing.
    pub const fn new(id: &'static str, rule: &'static str) -> Self {
        Self {
            id,
            rule,
            given: Given::Absent,
            key: "",
            method: "POST",
            operation: "append",
            position: None,
            more: &[],
            headers: &[],
            body: "",
            framing: Framing::Length,
            anonymous: false,
            status: 200,
            code: "",
            message: None,
            ec: None,
            answer: &[],
            then: Then::Whatever,
            head: &[],
            acl: None,
            tags: None,
        }
    }

    pub const fn given(mut self, given: Given) -> Self {
        self.given = given;
        self
    }

    /// Given an append object without special headers.
    pub const fn a(self, content: &'static str) -> Self {
        self.given(Given::Append(content, &[]))
    }

    /// Given a Normal object.
    pub const fn n(self, content: &'static str) -> Self {
        self.given(Given::Normal(content))
    }

    /// Uses this key instead of one made from the row's name.
    pub const fn key(mut self, key: &'static str) -> Self {
        self.key = key;
        self
    }

    /// Asks for P(body, position).
    pub const fn append(mut self, position: &'static str, body: &'static str) -> Self {
        self.position = Some(position);
        self.body = body;
        self
    }

    /// Gives the request a body without asking for a position.
    pub const fn append_body(mut self, body: &'static str) -> Self {
        self.body = body;
        self
    }

    /// Asks for a seal.
    pub const fn seal(mut self, position: &'static str) -> Self {
        self.operation = "seal";
        self.position = Some(position);
        self
    }

    /// Asks with another method.
    pub const fn method(mut self, method: &'static str) -> Self {
        self.method = method;
        self
    }

    /// Asks with this operation name in the query (none when empty).
    pub const fn operation(mut self, operation: &'static str) -> Self {
        self.operation = operation;
        self
    }

    /// Further query parameters.
    pub const fn query(mut self, more: OptionalPairs) -> Self {
        self.more = more;
        self
    }

    /// Request headers.
    pub const fn with(mut self, headers: Pairs) -> Self {
        self.headers = headers;
        self
    }

    /// Sends the body in chunks.
    pub const fn chunked(mut self) -> Self {
        self.framing = Framing::Chunked;
        self
    }

    /// Sends neither a length nor chunks.
    pub const fn no_length(mut self) -> Self {
        self.framing = Framing::None;
        self
    }

    /// Sends no signature.
    pub const fn anonymous(mut self) -> Self {
        self.anonymous = true;
        self
    }

    /// Expects a success with these headers in the answer (`None`: must not be there).
    pub const fn ok(mut self, answer: OptionalPairs) -> Self {
        self.answer = answer;
        self
    }

    /// Expects an error.
    pub const fn refused(mut self, status: u16, code: &'static str) -> Self {
        self.status = status;
        self.code = code;
        self
    }

    /// ... with headers in the answer.
    pub const fn answer(mut self, answer: OptionalPairs) -> Self {
        self.answer = answer;
        self
    }

    /// ... with a message that contains this text.
    pub const fn message(mut self, text: &'static str) -> Self {
        self.message = Some(text);
        self
    }

    /// ... with this EC.
    pub const fn ec(mut self, ec: &'static str) -> Self {
        self.ec = Some(ec);
        self
    }

    pub const fn then(mut self, then: Then) -> Self {
        self.then = then;
        self
    }

    /// Afterwards everything is as it was.
    pub const fn unchanged(self) -> Self {
        self.then(Then::Unchanged)
    }

    /// Afterwards there is an append object with this content.
    pub const fn holds(self, content: &'static str) -> Self {
        self.then(Then::Appendable(content))
    }

    /// Afterwards HEAD and GET show these headers (`None`: must not be there).
    pub const fn head(mut self, head: OptionalPairs) -> Self {
        self.head = head;
        self
    }

    /// Afterwards GetObjectAcl says this.
    pub const fn acl(mut self, acl: &'static str) -> Self {
        self.acl = Some(acl);
        self
    }

    /// Afterwards GetObjectTagging says this (sorted by key).
    pub const fn tags(mut self, tags: Pairs) -> Self {
        self.tags = Some(tags);
        self
    }

    fn request(&self, bucket: &Bucket, key: &str, client: &Client) -> Request {
        let mut request = bucket.object(self.method, key);
        if !self.operation.is_empty() {
            request = request.flag(self.operation);
        }
        if let Some(position) = self.position {
            request = request.param("position", position);
        }
        for (name, value) in self.more {
            request = match value {
                Some(value) => request.param(name, value),
                None => request.flag(name),
            };
        }
        request = request.headers(self.headers);
        request = match self.framing {
            Framing::Length => request.body(self.body),
            Framing::Chunked => {
                let (first, second) = self.body.as_bytes().split_at(self.body.len() / 2);
                let chunks: Vec<&[u8]> = [first, second]
                    .into_iter()
                    .filter(|chunk| !chunk.is_empty())
                    .collect();
                request.chunked(&chunks)
            }
            Framing::None => request.no_length(),
        };
        request.by(client)
    }

    fn check_answer(&self, answer: &Response) {
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (self.status, self.code),
            "{answer:?}"
        );
        if let Some(text) = self.message {
            let message = answer.error_text("Message");
            assert!(
                message.contains(text),
                "message {message:?} does not contain {text:?}"
            );
        }
        if let Some(ec) = self.ec {
            assert_eq!(answer.error_text("EC"), ec);
        }
        check_headers("the answer", answer, self.answer);
        let is_append = self.operation == "append" && self.method == "POST";
        if is_append && answer.status == 200 {
            check_append_answer(answer);
        }
        if answer.code() == "PositionNotEqualToLength" {
            // R116: a client that finds no position here crashes.
            answer.next_position();
            assert_eq!(answer.header("x-oss-hash-crc64ecma"), None, "R41");
        } else if answer.status >= 400 {
            assert_eq!(
                answer.header("x-oss-next-append-position"),
                None,
                "no position on other errors"
            );
        }
    }

    fn check_afterwards(&self, bucket: &Bucket, key: &str, before: &Prepared) {
        match self.then {
            Then::Whatever => {}
            Then::Unchanged => {
                bucket.state(key).assert_same(&before.state);
                if let Some((target, state)) = &before.target {
                    bucket.state(target).assert_same(state);
                }
            }
            Then::Absent => bucket.assert_absent(key),
            Then::Appendable(content) => bucket.assert_holds(key, "Appendable", content.as_bytes()),
        }
        if !self.head.is_empty() {
            check_headers("HEAD", &bucket.head(key).send().expect(200), self.head);
            check_headers("GET", &bucket.get(key).send().expect(200), self.head);
        }
        if let Some(acl) = self.acl {
            assert_eq!(bucket.acl_of(key), acl, "ACL");
        }
        if let Some(tags) = self.tags {
            let tags: Vec<(String, String)> = tags
                .iter()
                .map(|(name, value)| ((*name).into(), (*value).into()))
                .collect();
            assert_eq!(bucket.tags_of(key), tags, "tags");
            let count = (!tags.is_empty()).then(|| tags.len().to_string());
            assert_eq!(
                bucket
                    .head(key)
                    .send()
                    .expect(200)
                    .header("x-oss-tagging-count"),
                count.as_deref()
            );
        }
    }
}

/// What every successful append answers (R48).
pub fn check_append_answer(answer: &Response) {
    assert!(
        answer.body.is_empty(),
        "an append answers nothing in the body"
    );
    assert_eq!(answer.header("content-length"), Some("0"));
    answer.next_position();
    let (crc, _, tail) = append_etag(answer.etag()).unwrap_or_else(|error| panic!("R49: {error}"));
    assert_eq!(
        (crc, tail),
        (answer.crc(), 0),
        "R49: the ETag carries the crc and ends in zeros"
    );
    for absent in [
        "last-modified",
        "x-oss-object-type",
        "x-oss-storage-class",
        "content-md5",
    ] {
        assert_eq!(
            answer.header(absent),
            None,
            "R48: {absent} is not part of an append's answer"
        );
    }
}

#[track_caller]
fn check_headers(what: &str, answer: &Response, expected: OptionalPairs) {
    for (name, value) in expected {
        assert_eq!(answer.header(name), *value, "header {name} of {what}");
    }
}

struct Prepared {
    key: String,
    state: State,
    target: Option<(String, State)>,
}

fn prepare(bucket: &Bucket, case: &Case) -> Prepared {
    let key = if case.key.is_empty() {
        case.id.replace(' ', "-")
    } else {
        case.key.to_owned()
    };
    let mut target = None;
    match case.given {
        Given::Absent | Given::NoBucket => {}
        Given::Append(content, headers) => {
            bucket
                .append(&key, 0, content)
                .headers(headers)
                .send()
                .expect(200);
        }
        Given::Sealed(content) => {
            bucket.append(&key, 0, content).send().expect(200);
            bucket.seal(&key, content.len() as u64).send().expect(200);
        }
        Given::Normal(content) => {
            bucket.put(&key, content).send().expect(200);
        }
        Given::Multipart(size) => multipart(bucket, &key, &vec![b'm'; size]),
        Given::Link(content) => {
            let name = format!("{key}-target");
            bucket.append(&name, 0, content).send().expect(200);
            bucket
                .object("PUT", &key)
                .flag("symlink")
                .header("x-oss-symlink-target", &name)
                .send()
                .expect(200);
            let state = bucket.state(&name);
            target = Some((name, state));
        }
    }
    let state = bucket.state(&key);
    Prepared { key, state, target }
}

/// Uploads `content` as a multipart object of one part.
pub fn multipart(bucket: &Bucket, key: &str, content: &[u8]) {
    let started = bucket
        .object("POST", key)
        .flag("uploads")
        .send()
        .expect(200)
        .xml();
    let upload = started.text_at("UploadId").to_owned();
    let part = bucket
        .put(key, content)
        .param("partNumber", 1)
        .param("uploadId", &upload)
        .send()
        .expect(200);
    let list = format!(
        "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{}</ETag></Part></CompleteMultipartUpload>",
        part.etag()
    );
    bucket
        .object("POST", key)
        .param("uploadId", &upload)
        .body(list)
        .send()
        .expect(200);
}

/// Runs a table in `bucket`; the signature scheme changes from row to row. Panics with the list of rows that failed.
pub fn run(bucket: &Bucket, cases: &[Case]) {
    let mut failed = Vec::new();
    let mut attempt = |case: &Case, step: &mut dyn FnMut()| {
        let outcome = catch_unwind(AssertUnwindSafe(step));
        if let Err(panic) = outcome {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text
                .or_else(|| panic.downcast_ref::<&str>().copied())
                .unwrap_or("?");
            failed.push(format!("{} ({}): {text}", case.id, case.rule));
        }
    };
    let mut prepared = Vec::new();
    for case in cases {
        attempt(case, &mut || prepared.push((case, prepare(bucket, case))));
    }
    next_second();
    let schemes = [
        Scheme::V4Header,
        Scheme::V1Header,
        Scheme::V2Header,
        Scheme::V1Url,
        Scheme::V4Url,
        Scheme::V2Url,
    ];
    for ((case, before), scheme) in prepared.iter().zip(schemes.iter().cycle()) {
        attempt(case, &mut || {
            let scheme = if case.anonymous {
                Scheme::Anonymous
            } else {
                *scheme
            };
            let client = bucket.client.with_scheme(scheme);
            let target = match case.given {
                Given::NoBucket => Bucket {
                    name: unique_name("missing"),
                    ..bucket.clone()
                },
                _ => bucket.clone(),
            };
            let answer = case.request(&target, &before.key, &client).send();
            case.check_answer(&answer);
            case.check_afterwards(bucket, &before.key, before);
        });
    }
    assert!(
        failed.is_empty(),
        "{} of {} rows failed:\n{}",
        failed.len(),
        cases.len(),
        failed.join("\n")
    );
}
