//! Callbacks of PutObject, CompleteMultipartUpload and PostObject (operations.md E.11): what the application hears, what the uploader
//! hears of it, and what goes wrong.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::post_object;
use crate::support::client::{Request, Response};
use crate::support::digest::{base64_encode, crc64, md5_base64, md5_etag};
use crate::support::fixture::Bucket;
use crate::support::server::{Server, Settings, shared};
use crate::support::signer::Scheme;

/// An application that answers every callback with the same bytes and hands on what it heard.
struct Application {
    address: SocketAddr,
    heard: Receiver<String>,
}

impl Application {
    /// Answers with `answer`, or never for none.
    fn start(answer: Option<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (sender, heard) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.expect("a connection");
                if sender.send(read_request(&mut stream)).is_err() {
                    return;
                }
                match &answer {
                    Some(answer) => drop(stream.write_all(answer.as_bytes())),
                    // Held open until the other side gives up.
                    None => drop(stream.read(&mut [0])),
                }
            }
        });
        Self { address, heard }
    }

    fn answering(status: &str, body: &str) -> Self {
        Self::start(Some(format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )))
    }

    fn url(&self) -> String {
        format!("http://{}/notify?a=b", self.address)
    }

    /// Head and body of the next callback.
    fn hear(&self) -> (String, String) {
        let text = self
            .heard
            .recv_timeout(Duration::from_secs(5))
            .expect("a callback");
        let (head, body) = text.split_once("\r\n\r\n").expect("an empty line");
        (head.to_lowercase(), body.to_owned())
    }

    fn heard_nothing(&self) -> bool {
        self.heard.try_recv().is_err()
    }
}

fn read_request(stream: &mut TcpStream) -> String {
    stream
        .set_read_timeout(Some(Duration::from_secs(5)))
        .expect("a timeout");
    let (mut text, mut piece) = (String::new(), [0; 4096]);
    loop {
        let length = stream.read(&mut piece).expect("a request");
        text.push_str(&String::from_utf8_lossy(&piece[..length]));
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let head = head.to_lowercase();
        let wanted = head
            .split("content-length: ")
            .nth(1)
            .and_then(|rest| rest.lines().next()?.parse::<usize>().ok());
        if body.len() >= wanted.expect("a length") {
            return text;
        }
    }
}

fn callback(url: &str, body: &str, kind: &str) -> String {
    let document = json!({"callbackUrl": url, "callbackBody": body, "callbackBodyType": kind});
    base64_encode(document.to_string().as_bytes())
}

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";
const ALL: &str = "b=${bucket}&o=${object}&e=${etag}&s=${size}&m=${mimeType}&c=${crc64}&d=${contentMd5}&op=${operation}\
    &r=${reqId}&ip=${clientIp}&i=${imageInfo.height}&x=${x:own}";

fn put(bucket: &Bucket, callback: &str) -> Request {
    bucket
        .put("dir/a b", "hello")
        .header("Content-Type", "text/x")
        .header("x-oss-callback", callback)
}

/// The application hears all variables, and its answer is what the uploader gets, with the headers of the upload.
#[test]
fn the_application_is_told_and_answers() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let application = Application::answering("200 OK", "{\"ok\":true}");
    let variables = base64_encode(br#"{"x:own":"1 & 2"}"#);
    let answer = put(&bucket, &callback(&application.url(), ALL, FORM))
        .header("x-oss-callback-var", variables)
        .send()
        .expect(200);
    assert_eq!(answer.body, b"{\"ok\":true}");
    assert_eq!(answer.header("content-type"), Some(JSON));
    assert_eq!(answer.etag(), md5_etag(b"hello"));
    assert_eq!(answer.crc(), crc64(b"hello"));
    let (head, body) = application.hear();
    assert!(head.starts_with("post /notify?a=b http/1.1"), "{head}");
    assert!(head.contains(&format!("content-type: {FORM}")), "{head}");
    assert!(
        head.contains(&format!("host: {}", application.address)),
        "{head}"
    );
    let expected = format!(
        "b={}&o=dir%2Fa%20b&e={}&s=5&m=text%2Fx&c={}&d={}&op=PutObject&r={}&ip=127.0.0.1&i=&x=1%20%26%202",
        bucket.name,
        md5_etag(b"hello").trim_matches('"'),
        crc64(b"hello"),
        md5_base64(b"hello").replace('=', "%3D"),
        answer.header("x-oss-request-id").expect("an id"),
    );
    assert_eq!(body, expected);
    bucket.assert_holds("dir/a b", "Normal", b"hello");
}

/// An upload may name a callback that the bucket keeps; its own variables come before the kept ones.
#[test]
fn a_kept_callback_is_named() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let application = Application::answering("200 OK", "{}");
    let kept = callback(&application.url(), "${size} ${x:own} ${x:kept}", FORM);
    let variables = base64_encode(br#"{"x:own":"no","x:kept":"yes"}"#);
    bucket
        .ask("PUT")
        .flag("policy")
        .param("comp", "callback")
        .body(format!(
            "<BucketCallbackPolicy><PolicyItem><PolicyName>tell</PolicyName><Callback>{kept}</Callback>\
            <CallbackVar>{variables}</CallbackVar></PolicyItem></BucketCallbackPolicy>"
        ))
        .send()
        .expect(200);
    put(&bucket, &base64_encode(br#"{"callbackPolicy":"tell"}"#))
        .header("x-oss-callback-var", base64_encode(br#"{"x:own":"mine"}"#))
        .send()
        .expect(200);
    assert_eq!(application.hear().1, "5 mine yes");
    let refused = put(&bucket, &base64_encode(br#"{"callbackPolicy":"other"}"#));
    assert_eq!(refused.send().expect(400).code(), "InvalidArgument");
    assert!(application.heard_nothing());
}

/// In a signed URL the callback stands in the query; it is signed like the rest.
#[test]
fn signed_urls_may_ask_for_one() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let application = Application::answering("200 OK", "{}");
    for scheme in [Scheme::V1Url, Scheme::V2Url, Scheme::V4Url] {
        let request = bucket
            .put("k", "hello")
            .param(
                "callback",
                callback(&application.url(), "s=${size}&x=${x:a}", FORM),
            )
            .param("callback-var", base64_encode(br#"{"x:a":"1"}"#))
            .by(&bucket.client.with_scheme(scheme));
        assert_eq!(request.send().expect(200).body, b"{}", "{scheme:?}");
        assert_eq!(application.hear().1, "s=5&x=1", "{scheme:?}");
    }
}

/// CompleteMultipartUpload in JSON, and PostObject with fields of its own.
#[test]
fn other_uploads() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let application = Application::answering("200 OK", "[1]");
    let template = r#"{"o":${object},"s":${size},"op":${operation},"m":${mimeType},"a":${x:a}}"#;
    let start = bucket
        .object("POST", "\"m\"")
        .flag("uploads")
        .header("Content-Type", "text/y");
    let id = start
        .send()
        .expect(200)
        .xml()
        .text_at("UploadId")
        .to_owned();
    let part = bucket
        .put("\"m\"", "hello")
        .param("partNumber", 1)
        .param("uploadId", &id);
    part.send().expect(200);
    let done = bucket
        .object("POST", "\"m\"")
        .param("uploadId", &id)
        .header("x-oss-complete-all", "yes")
        .header(
            "x-oss-callback",
            callback(&application.url(), template, JSON),
        )
        .send()
        .expect(200);
    assert_eq!(done.body, b"[1]");
    let (head, body) = application.hear();
    assert!(head.contains(&format!("content-type: {JSON}")), "{head}");
    assert_eq!(
        body,
        r#"{"o":"\"m\"","s":5,"op":"CompleteMultipartUpload","m":"text/y","a":""}"#
    );

    let open = post_object::policy(
        &json!([{"bucket": bucket.name}, ["starts-with", "$key", ""]]),
        600,
    );
    let asked = callback(
        &application.url(),
        "o=${object}&op=${operation}&m=${mimeType}&a=${x:a}",
        FORM,
    );
    let fields = [
        ("callback", asked.as_str()),
        ("x:a", "1"),
        ("success_action_status", "201"),
    ];
    let form = post_object::v1_form("f", &open, &fields, b"hello");
    let answer = post_object::post(&bucket.client, &bucket.name, form).expect(200);
    assert_eq!(answer.body, b"[1]");
    assert_eq!(application.hear().1, "o=f&op=PostObject&m=text%2Fx&a=1");
    bucket.assert_holds("f", "Normal", b"hello");
}

fn assert_failed(answer: &Response, message: &str) {
    assert_eq!(answer.status, 203, "{answer:?}");
    let error = answer.xml();
    assert_eq!(error.text_at("Code"), "CallbackFailed");
    assert_eq!(error.text_at("EC"), "0007-00000203");
    assert!(error.text_at("Message").starts_with(message), "{error:?}");
}

/// A callback that fails is told with 203, and the object stays.
#[test]
fn failures() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let nobody = {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        format!("http://{}/", listener.local_addr().expect("an address"))
    };
    let ask = |url: &str| put(&bucket, &callback(url, "s=${size}", FORM)).send();
    let moved = Application::answering("301 Moved", "{}");
    assert_failed(&ask(&moved.url()), "Error status : 301.");
    let text = Application::answering("200 OK", "<a/>");
    assert_failed(&ask(&text.url()), "Response body is not valid json format.");
    let long = Application::answering("200 OK", &format!("\"{}\"", "a".repeat(1_050_000)));
    assert_failed(&ask(&long.url()), "");
    let garbled = Application::start(Some("nonsense\r\n\r\n".to_owned()));
    assert_failed(&ask(&garbled.url()), "Error status : -1.");
    assert_failed(&ask(&nobody), "Error status : -1.");
    let begun = Instant::now();
    let silent = Application::start(None);
    assert_failed(&ask(&silent.url()), "Error status : -1.");
    let waited = begun.elapsed();
    assert!((4..8).contains(&waited.as_secs()), "{waited:?}");
    bucket.assert_holds("dir/a b", "Normal", b"hello");

    // The next address is tried when one does not answer.
    let application = Application::answering("200 OK", "{}");
    ask(&format!("{nobody};{}", application.url())).expect(200);
    assert_eq!(application.hear().1, "s=5");

    // No other machine is reached: the client does not choose where this server sends requests.
    let begun = Instant::now();
    for address in [
        "192.0.2.1",
        "169.254.169.254",
        "[2001:db8::1]",
        "[::ffff:192.0.2.1]",
    ] {
        assert_failed(&ask(&format!("http://{address}/")), "Error status : -1.");
    }
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );
}

/// A callback that cannot be is refused before anything is stored.
#[test]
fn refusals() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let application = Application::answering("200 OK", "{}");
    let good = callback(&application.url(), "a", FORM);
    let long = base64_encode(&[b' '; 5 * 1024]);
    let cases = [
        ("not base64", "!", 400, "InvalidArgument"),
        ("not JSON", &base64_encode(b"{"), 400, "InvalidArgument"),
        (
            "no body",
            &callback(&application.url(), "", FORM),
            400,
            "InvalidArgument",
        ),
        ("no url", &callback("", "a", FORM), 400, "InvalidArgument"),
        (
            "another type",
            &callback(&application.url(), "a", "text/xml"),
            400,
            "InvalidArgument",
        ),
        (
            "six urls",
            &callback(&[application.url().as_str(); 6].join(";"), "a", FORM),
            400,
            "InvalidArgument",
        ),
        ("too long", &long, 400, "InvalidArgument"),
        (
            "https",
            &callback("https://localhost/", "a", FORM),
            501,
            "NotImplemented",
        ),
    ];
    for (name, text, status, code) in cases {
        let answer = put(&bucket, text).send();
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (status, code),
            "{name}"
        );
    }
    let both = put(&bucket, &good).param("callback", &good);
    both.send().refused(400, "InvalidArgument");
    let names = put(&bucket, &good).header("x-oss-callback-var", base64_encode(br#"{"own":"1"}"#));
    names.send().refused(400, "InvalidArgument");
    bucket.assert_absent("dir/a b");

    let off = Server::start(Settings {
        config: "callbacks = \"off\"".to_owned(),
        ..Settings::default()
    });
    let quiet = Bucket::new(&off);
    put(&quiet, &good).send().refused(501, "NotImplemented");
    quiet.assert_absent("dir/a b");
    assert!(application.heard_nothing());
}
