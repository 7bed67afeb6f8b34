//! Drives the server with Apache OpenDAL's `oss` service, which signs with V1 only. It cannot make buckets: the
//! bucket is one that the server's configuration creates.

use std::env;
use std::future::Future;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use opendal::{ErrorKind, HttpTransporter, OperationContext, Operator, services::Oss};
use opendal_http_transport_reqwest::ReqwestTransport;

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// Counts checks; a check is a future that ends in an error when the server is wrong.
#[derive(Default)]
struct Checks {
    passed: usize,
    failed: usize,
}

impl Checks {
    async fn run(&mut self, title: &str, body: impl Future<Output = Outcome>) {
        let began = Instant::now();
        match body.await {
            Ok(()) => {
                self.passed += 1;
                println!("ok   {title} ({} ms)", began.elapsed().as_millis());
            }
            Err(error) => {
                self.failed += 1;
                let text = error
                    .to_string()
                    .split_whitespace()
                    .collect::<Vec<_>>()
                    .join(" ");
                println!(
                    "FAIL {title}: {}",
                    text.chars().take(600).collect::<String>()
                );
            }
        }
    }
}

fn same<T: PartialEq + std::fmt::Debug>(got: T, wanted: T) -> Outcome {
    if got == wanted {
        Ok(())
    } else {
        Err(format!("{got:?} is not {wanted:?}").into())
    }
}

/// The refusal of a call that must fail, after its kind and its OSS code have been compared.
fn refused<T>(result: opendal::Result<T>, kind: ErrorKind, code: &str) -> Outcome {
    match result {
        Ok(_) => Err(format!("{code} was expected, the call succeeded").into()),
        Err(error) if error.kind() == kind && error.to_string().contains(code) => Ok(()),
        Err(error) => Err(format!("{kind:?} {code} was expected: {error}").into()),
    }
}

fn setting(name: &str) -> Result<String, String> {
    env::var(name).map_err(|_| format!("{name} is not set"))
}

/// A client that trusts the test's CA, for a host that has no address on this machine.
fn http_client() -> Result<reqwest::Client, Box<dyn std::error::Error>> {
    let endpoint = reqwest::Url::parse(&setting("SDK_ENDPOINT")?)?;
    let host = endpoint.host_str().ok_or("the endpoint has no host")?;
    let port = endpoint.port().ok_or("the endpoint has no port")?;
    let bucket_host = format!("{}.{host}", setting("SDK_BUCKET")?);
    let mut builder = reqwest::Client::builder()
        .resolve(&bucket_host, ([127, 0, 0, 1], port).into())
        .resolve(host, ([127, 0, 0, 1], port).into())
        .timeout(Duration::from_secs(20))
        .no_proxy();
    if endpoint.scheme() == "https" {
        let ca = reqwest::Certificate::from_pem(&std::fs::read(setting("SDK_CA")?)?)?;
        builder = builder.tls_certs_only([ca]);
    }
    Ok(builder.build()?)
}

fn operator(http: &reqwest::Client, secret: &str) -> Result<Operator, Box<dyn std::error::Error>> {
    let service = Oss::default()
        .endpoint(&setting("SDK_ENDPOINT")?)
        .bucket(&setting("SDK_BUCKET")?)
        .access_key_id(&setting("SDK_KEY_ID")?)
        .access_key_secret(secret)
        .addressing_style(if setting("SDK_STYLE")? == "path" {
            "path"
        } else {
            "virtual"
        });
    let transport = HttpTransporter::new(ReqwestTransport::new(http.clone()));
    Ok(
        Operator::new(service)?
            .with_context(OperationContext::new().with_http_transport(transport)),
    )
}

async fn text(op: &Operator, path: &str) -> opendal::Result<String> {
    Ok(String::from_utf8_lossy(&op.read(path).await?.to_vec()).into_owned())
}

async fn object_checks(op: &Operator, checks: &mut Checks) {
    checks
        .run("object: write, read, stat, delete", async {
            op.write_with("plain.txt", "hello")
                .content_type("text/x")
                .cache_control("no-cache")
                .await?;
            same(text(op, "plain.txt").await?, "hello".to_owned())?;
            let stat = op.stat("plain.txt").await?;
            same(stat.content_length(), 5)?;
            same(stat.content_type(), Some("text/x"))?;
            same(stat.etag(), Some("\"5D41402ABC4B2A76B9719D911017C592\""))?;
            op.delete("plain.txt").await?;
            same(op.exists("plain.txt").await?, false)?;
            refused(op.read("plain.txt").await, ErrorKind::NotFound, "NoSuchKey")
        })
        .await;

    checks
        .run("range", async {
            op.write("range", "0123456789").await?;
            same(
                op.read_with("range").range(2..5).await?.to_vec(),
                b"234".to_vec(),
            )?;
            same(
                op.read_with("range").range(7..).await?.to_vec(),
                b"789".to_vec(),
            )
        })
        .await;

    checks
        .run("conditions", async {
            op.write("cond", "x").await?;
            let etag = op.stat("cond").await?.etag().ok_or("no etag")?.to_owned();
            same(
                op.read_with("cond").if_match(&etag).await?.to_vec(),
                b"x".to_vec(),
            )?;
            refused(
                op.read_with("cond").if_match("\"other\"").await,
                ErrorKind::ConditionNotMatch,
                "",
            )?;
            refused(
                op.read_with("cond").if_none_match(&etag).await,
                ErrorKind::ConditionNotMatch,
                "",
            )?;
            refused(
                op.write_with("cond", "y").if_not_exists(true).await,
                ErrorKind::ConditionNotMatch,
                "",
            )?;
            same(text(op, "cond").await?, "x".to_owned())
        })
        .await;

    checks
        .run("copy", async {
            op.write("copy source+", "text").await?;
            op.copy("copy source+", "copy/kept").await?;
            same(text(op, "copy/kept").await?, "text".to_owned())?;
            refused(
                op.copy("absent", "copy/none").await,
                ErrorKind::NotFound,
                "", // found out with a HEAD, whose code OpenDAL does not read
            )
        })
        .await;

    checks
        .run(
            "list: pages, folders, names with odd characters; delete many",
            async {
                let keys = [
                    "list/a b+c%3&=?#;",
                    "list/a/0",
                    "list/a/1",
                    "list/b/0",
                    "list/目录",
                ];
                for key in keys {
                    op.write(key, key).await?;
                }
                let listed = op.list_with("list/").recursive(true).limit(2).await?;
                same(
                    listed.iter().map(|entry| entry.path()).collect::<Vec<_>>(),
                    keys.to_vec(),
                )?;
                let folded = op.list_with("list/").limit(1).await?;
                let mut paths = folded.iter().map(|entry| entry.path()).collect::<Vec<_>>();
                paths.sort_unstable();
                same(
                    paths,
                    vec!["list/a b+c%3&=?#;", "list/a/", "list/b/", "list/目录"],
                )?;
                for key in keys {
                    same(text(op, key).await?, key.to_owned())?;
                }
                op.delete_iter(keys).await?;
                same(op.list_with("list/").recursive(true).await?.len(), 0)
            },
        )
        .await;
}

async fn multipart_checks(op: &Operator, checks: &mut Checks) {
    checks
        .run(
            "multipart: a large write goes in parts; an aborted one leaves nothing",
            async {
                let block = vec![b'p'; 200 * 1024];
                let mut writer = op.writer_with("big").chunk(block.len()).await?;
                for _ in 0..3 {
                    writer.write(block.clone()).await?;
                }
                writer.close().await?;
                same(op.read("big").await?.to_vec() == block.repeat(3), true)?;
                let mut writer = op.writer_with("dropped").chunk(block.len()).await?;
                for _ in 0..3 {
                    writer.write(block.clone()).await?;
                }
                writer.abort().await?;
                same(op.exists("dropped").await?, false)
            },
        )
        .await;
}

async fn append_checks(op: &Operator, checks: &mut Checks) {
    checks
        .run("append: writers continue where the object ends", async {
            op.write_with("log", "first;").append(true).await?;
            op.write_with("log", "second;").append(true).await?;
            let mut writer = op.writer_with("log").append(true).await?;
            writer.write("third").await?;
            writer.close().await?;
            same(text(op, "log").await?, "first;second;third".to_owned())
        })
        .await;

    checks
        .run(
            "append: a writer that is behind is refused and loses nothing",
            async {
                // Larger than what OpenDAL gathers before it sends.
                let block = vec![b'a'; 256 * 1024];
                let mut behind = op.writer_with("race").append(true).await?;
                behind.write(block.clone()).await?;
                same(op.stat("race").await?.content_length(), 256 * 1024)?;
                op.write_with("race", "two;").append(true).await?;
                let late = behind.write(block).await;
                refused(late, ErrorKind::Unexpected, "PositionNotEqualToLength")?;
                let whole = text(op, "race").await?;
                same(whole.len(), 256 * 1024 + 4)?;
                same(whole.ends_with("two;"), true)
            },
        )
        .await;

    checks
        .run("append: ObjectNotAppendable", async {
            op.write("normal", "fixed").await?;
            let result = op.write_with("normal", "more").append(true).await;
            refused(result, ErrorKind::Unexpected, "ObjectNotAppendable")?;
            same(text(op, "normal").await?, "fixed".to_owned())
        })
        .await;

    checks
        .run("append: a copy of an append object is refused", async {
            refused(
                op.copy("log", "log-copy").await,
                ErrorKind::Unexpected,
                "InvalidRequest",
            )?;
            same(op.exists("log-copy").await?, false)
        })
        .await;
}

/// OpenDAL signs uploads as if their body were empty and says so in the headers to send; the signature covers no
/// length, so the real one may go instead.
fn without_length(headers: &reqwest::header::HeaderMap) -> reqwest::header::HeaderMap {
    let mut headers = headers.clone();
    headers.remove(reqwest::header::CONTENT_LENGTH);
    headers
}

async fn key_checks(op: &Operator, http: &reqwest::Client, checks: &mut Checks) {
    checks
        .run("presigned URLs", async {
            let minute = Duration::from_secs(60);
            let put = op.presign_write("signed/文件 1", minute).await?;
            let answer = http
                .put(put.uri().to_string())
                .headers(without_length(put.header()))
                .body("by url")
                .send()
                .await?;
            same(answer.status().as_u16(), 200)?;
            let get = op.presign_read("signed/文件 1", minute).await?;
            same(
                http.get(get.uri().to_string()).send().await?.text().await?,
                "by url".to_owned(),
            )?;
            let other = get.uri().to_string().replace("signed", "normal");
            same(http.get(other).send().await?.status().as_u16(), 403)
        })
        .await;

    checks
        .run("keys: wrong secret", async {
            let wrong = operator(http, &format!("{}x", setting("SDK_KEY_SECRET")?))?;
            refused(
                wrong.read("normal").await,
                ErrorKind::PermissionDenied,
                "SignatureDoesNotMatch",
            )
        })
        .await;

    checks
        .run("remove everything", async {
            let mut entries = op.list_with("/").recursive(true).await?;
            entries.retain(|entry| entry.metadata().is_file());
            op.delete_iter(entries).await?;
            same(
                op.list_with("/")
                    .recursive(true)
                    .await?
                    .iter()
                    .filter(|e| e.metadata().is_file())
                    .count(),
                0,
            )
        })
        .await;
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    // An error here only says that one is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut checks = Checks::default();
    let made =
        http_client().and_then(|http| Ok((operator(&http, &setting("SDK_KEY_SECRET")?)?, http)));
    match made {
        Ok((op, http)) => {
            object_checks(&op, &mut checks).await;
            multipart_checks(&op, &mut checks).await;
            append_checks(&op, &mut checks).await;
            key_checks(&op, &http, &mut checks).await;
        }
        Err(error) => {
            checks.failed += 1;
            println!("FAIL set-up: {error}");
        }
    }
    println!(
        "opendal: {} passed, {} failed",
        checks.passed, checks.failed
    );
    ExitCode::from(u8::from(checks.failed > 0 || checks.passed == 0))
}
