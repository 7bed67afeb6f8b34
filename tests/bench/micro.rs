//! Micro benches of what every request pays: signature check, CRC, records, listing. `cargo bench --bench micro`.

#![allow(clippy::unwrap_used)] // a bench that cannot go on may end
#![allow(missing_docs)] // the macros of criterion make public functions

use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use ossicle::auth::canonical::{self, EmptyValue, HostForm, Scope, SubResources, Subject, V4Form};
use ossicle::auth::credentials::{AccountSpec, KeySpec, Secret};
use ossicle::auth::{AuthSettings, Credentials, Incoming, authenticate};
use ossicle::domain::bucket::BucketOptions;
use ossicle::domain::crc64;
use ossicle::domain::ids::SystemIds;
use ossicle::domain::name::{BucketName, ObjectKey};
use ossicle::domain::object::ObjectAttributes;
use ossicle::domain::time::{SystemClock, Timestamp};
use ossicle::store::{Bucket, EngineOptions, ListQuery, PutOptions, Store, StoreOptions};
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

const ID: &str = "ossicle";
const SECRET: &str = "ossicle-secret";

/// An append as SDKs send it, before it is signed.
struct Request {
    method: Method,
    headers: HeaderMap,
    query: Vec<(String, Option<String>)>,
    now: Timestamp,
}

impl Request {
    fn new() -> Self {
        let mut request = Self {
            method: Method::POST,
            headers: HeaderMap::new(),
            query: vec![
                ("append".to_owned(), None),
                ("position".to_owned(), Some("4096".to_owned())),
            ],
            now: Timestamp::from_seconds(1_760_000_000),
        };
        request.header("host", "127.0.0.1:6770");
        request.header("content-length", "4096");
        request.header("content-type", "application/octet-stream");
        request.header("x-oss-meta-author", "somebody");
        request
    }

    fn header(&mut self, name: &'static str, value: &str) {
        let value = HeaderValue::from_str(value).unwrap();
        self.headers.insert(HeaderName::from_static(name), value);
    }

    fn subject(&self) -> Subject<'_> {
        Subject {
            method: self.method.as_str(),
            bucket: Some("examplebucket"),
            key: Some("logs/today.txt"),
            query: &self.query,
            headers: &self.headers,
        }
    }

    fn incoming(&self) -> Incoming<'_> {
        Incoming {
            method: &self.method,
            headers: &self.headers,
            query: &self.query,
            raw_query: "append&position=4096",
            bucket: Some("examplebucket"),
            key: Some("logs/today.txt"),
            host: "127.0.0.1:6770",
            secure: false,
            source_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
            now: self.now,
        }
    }

    fn signed_v1() -> Self {
        let mut request = Self::new();
        let date = request.now.rfc1123();
        request.header("date", &date);
        let (set, empty) = (SubResources::Full, EmptyValue::Bare);
        let text = canonical::v1_string_to_sign(&request.subject(), date.as_bytes(), set, empty);
        let signature = canonical::v1_signature(SECRET.as_bytes(), &text);
        request.header("authorization", &format!("OSS {ID}:{signature}"));
        request
    }

    fn signed_v4() -> Self {
        let mut request = Self::new();
        let date = request.now.basic();
        request.header("x-oss-date", &date);
        request.header("x-oss-content-sha256", "UNSIGNED-PAYLOAD");
        let scope = Scope {
            date: date[..8].to_owned(),
            region: "cn-hangzhou".to_owned(),
            product: "oss".to_owned(),
        };
        let form = V4Form {
            additional: "",
            host: HostForm::Verbatim,
        };
        let canonical_request = canonical::v4_canonical_request(&request.subject(), form);
        let text = canonical::v4_string_to_sign(date.as_bytes(), &scope, &canonical_request);
        let signature = canonical::v4_signature(SECRET.as_bytes(), &scope, &text);
        let credential = format!("{} Credential={ID}/{scope}", canonical::V4_ALGORITHM);
        request.header(
            "authorization",
            &format!("{credential},Signature={signature}"),
        );
        request
    }
}

fn signatures(criterion: &mut Criterion) {
    let credentials = Credentials::new(vec![AccountSpec {
        uid: "1000000000000001".to_owned(),
        display_name: "bench".to_owned(),
        keys: vec![KeySpec {
            id: ID.to_owned(),
            secret: Secret::new(SECRET),
            disabled: false,
        }],
        users: Vec::new(),
        roles: Vec::new(),
    }]);
    let credentials = credentials.unwrap();
    let settings = AuthSettings::default();
    let mut group = criterion.benchmark_group("signature check");
    for (name, request) in [
        ("V1 header", Request::signed_v1()),
        ("V4 header", Request::signed_v4()),
    ] {
        group.bench_function(name, |bench| {
            bench.iter(|| {
                authenticate(&credentials, &settings, &black_box(&request).incoming()).unwrap()
            });
        });
    }
    group.finish();
}

fn checksums(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("CRC-64");
    for length in [4096_u64, 1 << 30, 5 << 30] {
        let id = BenchmarkId::new("combine", length);
        group.bench_function(id, |bench| {
            bench.iter(|| {
                crc64::combine(
                    black_box(0x1234_5678_9abc_def0),
                    black_box(42),
                    black_box(length),
                )
            });
        });
    }
    let body = vec![7; 64 * 1024];
    group.throughput(Throughput::Bytes(body.len() as u64));
    group.bench_function("64 KiB", |bench| bench.iter(|| crc64::of(black_box(&body))));
    group.finish();
}

/// A bucket of some keys in memory: the records without a disk.
struct Filled {
    runtime: tokio::runtime::Runtime,
    store: Store,
    bucket: Arc<Bucket>,
    keys: Vec<ObjectKey>,
}

impl Filled {
    fn new(count: usize) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let options = StoreOptions::new(EngineOptions::default());
        let store = Store::open(
            options,
            Arc::new(SystemClock),
            Arc::new(SystemIds::default()),
        )
        .unwrap();
        let name = BucketName::parse("examplebucket").unwrap();
        let owner = "1000000000000001";
        runtime
            .block_on(store.create_bucket(&name, owner, BucketOptions::default(), false))
            .unwrap();
        let bucket = store.bucket(&name).unwrap().unwrap();
        let keys: Vec<_> = (0..count)
            .map(|n| ObjectKey::parse(&format!("logs/{:02}/file-{n:07}.txt", n % 100)).unwrap())
            .collect();
        let filled = Self {
            runtime,
            store,
            bucket,
            keys,
        };
        for key in &filled.keys {
            filled.put(key);
        }
        filled
    }

    /// Encodes a record and publishes it.
    fn put(&self, key: &ObjectKey) {
        let attributes = ObjectAttributes::default();
        self.runtime.block_on(async {
            let mut body = self.store.receive(Some(100), true);
            body.write(Bytes::from_static(&[7; 100])).await.unwrap();
            let body = body.finish().await.unwrap();
            let put =
                self.store
                    .put_object(&self.bucket, key, body, attributes, PutOptions::default());
            put.await.unwrap();
        });
    }
}

fn records(criterion: &mut Criterion) {
    let filled = Filled::new(10_000);
    let mut group = criterion.benchmark_group("record");
    let mut keys = filled.keys.iter().cycle();
    group.bench_function("look up and decode", |bench| {
        bench.iter(|| {
            filled
                .store
                .object(&filled.bucket, keys.next().unwrap(), None)
                .unwrap()
        });
    });
    group.bench_function("put 100 B, encode and publish", |bench| {
        bench.iter(|| filled.put(keys.next().unwrap()));
    });
    group.bench_function("bucket", |bench| {
        bench.iter(|| filled.store.bucket(&filled.bucket.name).unwrap());
    });
    group.finish();
}

fn listing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("list 1000");
    for count in [10_000, 100_000] {
        let filled = Filled::new(count);
        for (name, delimiter) in [("flat", None), ("by delimiter", Some("/"))] {
            let query = ListQuery {
                prefix: "logs/".to_owned(),
                after: None,
                delimiter: delimiter.map(str::to_owned),
                max: 1000,
            };
            group.bench_function(BenchmarkId::new(name, count), |bench| {
                bench.iter(|| {
                    filled
                        .store
                        .list_objects(&filled.bucket, black_box(&query))
                        .unwrap()
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, signatures, checksums, records, listing);
criterion_main!(benches);
